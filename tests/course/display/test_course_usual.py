"""What holds on most machines: said where it does not hold on the reader's, an error where notebooks are stored."""

import pytest

from minimix import course


@pytest.mark.parametrize("holds", [True, None])
def test_nothing_is_said_where_it_holds_or_cannot_be_known(holds, capsys, monkeypatch):
    for static in "01":
        monkeypatch.setenv("MINIMIX_COURSE_STATIC", static)
        assert course.usually(holds, "it is fast") is None
    assert capsys.readouterr().out == ""


def test_a_machine_that_is_otherwise_is_no_error_but_for_notebooks_that_are_stored(capsys, monkeypatch):
    monkeypatch.delenv("MINIMIX_COURSE_STATIC", raising=False)
    course.usually(False, "it is fast")
    assert capsys.readouterr().out == "On this machine it is otherwise than on most. Elsewhere, it is fast.\n"
    monkeypatch.setenv("MINIMIX_COURSE_STATIC", "1")
    monkeypatch.setenv("MINIMIX_COURSE_STRICT", "1")  # tests, on a machine that may be busy
    course.usually(False, "it is fast")
    assert "it is fast" in capsys.readouterr().out
    monkeypatch.delenv("MINIMIX_COURSE_STRICT")
    with pytest.raises(AssertionError, match="not so on this machine: it is fast"):
        course.usually(False, "it is fast")
