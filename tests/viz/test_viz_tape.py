"""The drawn tape of single numbers: every number, slope and turn is written, and can be read."""

import matplotlib.colors
import numpy as np
import pytest
from looks import texts
from matplotlib.patches import FancyBboxPatch

from minimix import viz
from minimix.course import BACKWARD, Scalar
from minimix.viz.drawing import theme
from minimix.viz.gradients.tape import DONE, GIVEN, MADE, _sorted


def boxes(figure):
    return [patch for patch in figure.findobj(FancyBboxPatch) if patch.get_boxstyle().pad == 0]


def colours(figure):
    return [matplotlib.colors.to_hex(box.get_facecolor()) for box in boxes(figure)]


READABLE = [case for case in BACKWARD.configurations() if len(case["root"]) <= 8 and "." not in case["root"].text]


@pytest.mark.parametrize("case", READABLE, ids=str)
def test_every_number_and_every_slope_is_written_where_it_can_be_read(case):
    names = case["root"].run()
    *_, root = names.values()
    BACKWARD.solution(root)
    used = _sorted(root)
    found = texts(viz.tape(root, names, visits=used[:2]))
    for name, node in names.items():
        assert (f"{name} = {node.value:.4g}" in found) == (node in used)
    slopes = [text for text in found if text.startswith("· ")]
    wanted = sorted(slope for node in used for slope in node.slopes)
    assert sorted(float(text[2:].strip("()")) for text in slopes) == pytest.approx(wanted)
    assert sum("grad" in text for text in found) == sum(node.grad != 0 for node in used)


def test_turns_are_counted_and_the_last_is_marked():
    a = Scalar(3.0)
    b = a + a
    c = b + b
    figure = viz.tape(c, {"a": a, "b": b, "c": c}, visits=[c, b, b])
    found = texts(figure)
    assert "turn 1" in found and "turn 2 and 3" in found and len(boxes(figure)) == 3
    assert colours(figure).count(theme.ORANGE.lower()) == 1 and colours(figure).count(DONE) == 1
    assert colours(viz.tape(c)) == [GIVEN, MADE, MADE]


def test_long_tapes_and_far_uses_are_drawn_and_endless_ones_refused():
    x = first = Scalar(0.123456789)
    for _ in range(12):
        x = x * first
    assert "· 0.1235" in texts(viz.tape(x, {"first": first}))
    for _ in range(60):
        x = x + first
    with pytest.raises(ValueError, match="at most 60"):
        viz.tape(x)
    with pytest.raises(TypeError, match="has no slopes"):
        viz.tape(type("Node", (), {"value": 1.0, "inputs": (), "grad": 0.0})())


def test_what_is_not_finite_is_written_too():
    assert "· inf" in texts(viz.tape(Scalar(np.nan, (Scalar(1.0),), (np.inf,))))


def test_it_is_drawn_into_axes_that_are_given():
    figure, ax = theme.axes(None, 4, 3)
    assert viz.tape(Scalar(1.0) + Scalar(2.0), ax=ax) is figure
