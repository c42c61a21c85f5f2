"""How much room texts take, and where things go."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from looks import texts
from matplotlib.backends.backend_agg import FigureCanvasAgg

from minimix import viz
from minimix.viz.drawing import theme, values


@pytest.mark.parametrize("text", ["Ag", "a longer text, with 1234567890", "ÄÖ→µ", "two\nlines of which one is long"])
@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_texts_take_the_room_that_is_said(text, weight):
    figure = theme.Picture(figsize=(6, 2))
    drawn = figure.text(0.1, 0.5, text, fontsize=theme.FONT, weight=weight, family=theme.FAMILY)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    box = drawn.get_window_extent(canvas.get_renderer())
    said, taken = theme.text_width(text, weight=weight), box.width / 100
    assert taken - 0.06 < said < taken + max(0.06, 0.04 * taken)  # Matplotlib fits letters to pixels only from 3.11 on
    assert box.height / 100 <= theme.LINE * theme.lines_in(text) + 0.01


@given(st.text("abc .\n", max_size=60), st.floats(0.3, 3))
def test_wrapped_lines_fit(text, width):
    done = theme.wrapped(text, width)
    assert all(theme.text_width(line) <= width or len(line) == 1 for line in done.split("\n"))
    assert "".join(done.split()) == "".join(text.split())


@given(st.text("abc.", max_size=60), st.floats(0.4, 3))
def test_shortened_texts_fit(text, width):
    done = theme.shortened(text, width)
    assert theme.text_width(done) <= width or len(done) <= 3
    assert done == text or "…" in done


@given(st.lists(st.tuples(st.floats(-2, 12), st.floats(0.1, 2)), min_size=1, max_size=8))
def test_spread_things_keep_apart_and_in_order(things):
    wishes, sizes = sorted(w for w, _ in things), [s for _, s in things]
    room = sum(sizes) + 0.2 * len(sizes) + 3
    places = theme.spread(wishes, sizes, 0.0, room, 0.1)
    edges = [(p - s / 2, p + s / 2) for p, s in zip(places, sizes, strict=True)]
    assert edges[0][0] >= -1e-9 and edges[-1][1] <= room + 1e-9
    assert all(b[0] - a[1] >= 0.1 - 1e-9 for a, b in itertools.pairwise(edges))


@given(st.lists(st.floats(allow_nan=True, width=32), min_size=1, max_size=6))
def test_numbers_in_cells_are_near_to_the_numbers(numbers):
    array = np.array(numbers)
    for text, value in zip(values.cell_texts(array), array, strict=True):
        assert len(text) <= 7
        finite = np.abs(array[np.isfinite(array)])
        largest = finite.max(initial=0.0)
        assert np.isclose(float(text), value, rtol=0.6, atol=max(0.006 * max(largest, 0.1), 0), equal_nan=True)


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (lambda figure, ax: None, None),
        (lambda figure, ax: setattr(figure, "alt", ""), "not described"),
        (lambda figure, ax: ax.plot([0, 1], [1, 0], color="#F0E442"), "contrast"),
        (lambda figure, ax: ax.text(0.2, 0.9, "pale", color=theme.SKY), "contrast"),
        (lambda figure, ax: ax.text(0.5, 0.5, "crossed", ha="center", va="center"), "crossed"),
    ],
)
def test_the_rules_find_faults(fault, found):
    figure = viz.lines({"": ([0, 1], [0, 1])}, "x", "y")
    fault(figure, figure.axes[0])
    if found is None:
        assert texts(figure)
    else:
        with pytest.raises(AssertionError, match=found):
            texts(figure)


def test_what_a_notebook_gets_of_a_figure():
    data, metadata = viz.lines({"loss": ([0, 1], [0.5, 0.25])}, "epoch", "loss")._repr_mimebundle_()
    assert data["text/plain"] == metadata["image/png"]["alt"]
    assert data["text/plain"] == "Line chart of loss over epoch. loss: from 0.5 at 0 to 0.25 at 1."
