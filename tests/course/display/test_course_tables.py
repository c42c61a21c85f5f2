"""Tables and timings of the notebooks."""

import time

import numpy as np
import pytest

import minimix as mm
from minimix import course
from minimix.course.display.table import written


def test_numbers_stand_on_the_right_words_on_the_left():
    table = course.table(["name", "count", "share"], [("a", 1234567, 0.5), ("long", np.int64(3), None)], "what it is")
    assert repr(table).split("\n") == ["what it is", "name      count  share", "a     1,234,567    0.5", "long          3"]
    html = table._repr_html_()
    assert html.count('<td align="right"') == 4 and html.count('<td align="left"') == 2
    assert "<caption>what it is</caption>" in html and "1,234,567" in html


def test_tables_escape_what_html_would_read():
    assert "&lt;b&gt;" in course.table(["<b>"], [("<b>",)])._repr_html_()
    assert "<b>" not in course.table(["<b>"], [("<b>",)])._repr_html_()


def test_rows_of_another_length_are_refused():
    with pytest.raises(ValueError, match="2 entries for 1 headings"):
        course.table(["one"], [(1, 2)])


@pytest.mark.parametrize(
    "value, text",
    [(np.float32(0.5), "0.5"), (1e-9, "1e-09"), (False, "no"), ((3, 3), "(3, 3)"), ("2.50", "2.50"), (-1000, "-1,000")],
)
def test_how_values_are_written(value, text):
    assert written(value) == text


def test_times_are_those_of_the_functions():
    calls = []
    found = course.timed({"short": lambda: calls.append(1), "long": lambda: time.sleep(0.01)}, seconds=0.2, rounds=3)
    assert list(found) == ["short", "long"]
    for fastest, median, high in found.values():
        assert 0 < fastest <= median <= high
    assert found["long"][0] >= 0.01 > found["short"][0]
    assert len(calls) > 100  # what is fast is called many times, so that the clock is fine enough


def test_rounds_end_with_the_time():
    calls = []
    course.timed({"a": lambda: calls.append(time.sleep(0.02))}, seconds=0.01, rounds=50)
    assert len(calls) <= 4


def test_threads_are_as_before_afterwards():
    before, inside = mm.get_num_threads(), []
    course.timed({"a": lambda: inside.append(mm.get_num_threads())}, seconds=0.01, threads=before + 1)
    assert set(inside) == {before + 1} and mm.get_num_threads() == before

    def fails():
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        course.timed({"a": fails}, threads=before + 1)
    assert mm.get_num_threads() == before


def test_timings_that_make_no_sense():
    with pytest.raises(ValueError, match="empty"):
        course.timed({})
    with pytest.raises(ValueError, match="1 or more"):
        course.timed({"a": int}, threads=0)
