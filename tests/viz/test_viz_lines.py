"""Lines, matrices of kernels, cones: what is drawn is what was given, and can be read."""

import io

import numpy as np
import pytest
from looks import grids, hatched, texts
from matplotlib.collections import EllipseCollection, LineCollection

from minimix import nn, viz
from minimix.viz.drawing import theme

LONG = "a rather long name that somebody gave to a line"


# -- lines ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("log", ["", "x", "y", "xy"])
@pytest.mark.parametrize("places", [(1, 2, 4), (3e-9, 1.0, 4e7), tuple(range(1, 60))])
def test_lines_are_the_numbers(log, places):
    values = {"first": np.square(places), LONG: np.sqrt(places), "third": np.ones(len(places))}
    figure = viz.lines({name: (places, v) for name, v in values.items()}, "places", "values", log)
    (ax,) = figure.axes
    for line, expected in zip(ax.get_lines(), values.values(), strict=True):
        assert np.array_equal(line.get_xdata(), places) and np.array_equal(line.get_ydata(), expected)
    assert {"first", "third", "places", "values"} <= set(texts(figure))
    assert (ax.get_xscale(), ax.get_yscale()) == tuple("log" if axis in log else "linear" for axis in "xy")
    assert len({line.get_linestyle() for line in ax.get_lines()}) == 3  # told apart without colours


def test_few_places_have_a_tick_each():
    (ax,) = viz.lines({"a": ([8, 64, 256], [1, 2, 3])}, "x", "y", log="x").axes
    assert ax.get_xticks().tolist() == [8, 64, 256]
    assert ax.get_legend() is None  # a single line needs no name


def test_steps_hold_until_the_next_place_and_a_level_goes_across():
    (ax,) = viz.lines({"best": ([1, 2, 3], [4, 4, 6])}, "looked at", "best so far", steps=True, level=5).axes
    best, level = ax.get_lines()
    assert best.get_drawstyle() == "steps-post" and set(level.get_ydata()) == {5}
    (ax,) = viz.lines({"best": ([1, 2, 3], [4, 4, 6])}, "looked at", "best so far").axes
    assert [line.get_drawstyle() for line in ax.get_lines()] == ["default"]


@pytest.mark.parametrize("log", ["", "y"])
@pytest.mark.parametrize("count", [5, 50])
def test_a_line_that_is_not_finite_any_more_ends(count, log):
    """The losses of a training that diverged."""
    losses = np.geomspace(1, 1e9, count)
    losses[-2:] = np.inf, np.nan
    figure = viz.lines({"diverged": (range(count), losses), "never": (range(count), [np.nan] * count)}, "step", "loss", log)
    figure.canvas.draw()
    (ax,) = figure.axes
    assert np.array_equal(ax.get_lines()[0].get_ydata(), losses, equal_nan=True)
    assert np.isfinite(ax.get_ylim()).all() and ax.get_ylim()[1] < 1e10
    assert f"2 of {count} not finite" in figure.alt and "never: nothing finite" in figure.alt
    viz.lines({"never": (range(1, 4), [np.inf] * 3)}, "step", "loss", log and "xy").savefig(io.BytesIO())


def test_a_point_between_two_gaps_is_seen():
    (ax,) = viz.lines({"a": (range(50), [1, np.nan] * 25), "b": (range(50), [2] * 50)}, "step", "loss").axes
    assert [line.get_marker() for line in ax.get_lines()] == ["o", "None"]


def test_lines_into_axes_of_ones_own():
    own = theme.Picture(figsize=(4, 3)).add_subplot()
    assert viz.lines({"a": ([1, 2], [3, 4])}, "x", "y", ax=own) is own.figure and own.get_lines()


@pytest.mark.parametrize(
    "series, log, message",
    [
        ({}, "", "empty"),
        ({"a": ([1, 2], [1, 2, 3])}, "", "2 places and 3 values"),
        ({"a": ([0, 1], [1, 2])}, "x", "above 0 along x"),
        ({"a": ([1, 2], [1, -2])}, "xy", "above 0 along y"),
        ({"a": ([1, 2], [1, -np.inf])}, "y", "above 0 along y"),
        ({"a": ([1, np.nan], [1, 2])}, "", "places that are not finite"),
        ({"a": ([1, 2], [1, 2])}, "z", "log"),
    ],
)
def test_lines_that_cannot_be_drawn(series, log, message):
    with pytest.raises(ValueError, match=message):
        viz.lines(series, "x", "y", log)


# -- matrices of kernels --------------------------------------------------------------------------------------------------


def test_a_dense_layer_has_a_kernel_for_each_pair():
    figure = viz.filters(nn.Conv2d(3, 5, (3, 1)))
    assert [grid.shape for grid in grids(figure)] == [(3, 1)] * 15 and hatched(figure) == 0
    assert {"output 0", "output 4", "input", "2"} <= set(texts(figure))


def test_what_groups_keep_apart_is_hatched():
    weight = np.zeros((4, 2, 3, 3))
    weight[3, 1, 0, 2] = 1.0  # of output 3, the second channel of its group: input 3
    figure = viz.filters(weight, groups=2)
    assert hatched(figure) == 8 * 9
    kernels = np.array(grids(figure)).reshape(4, 4, 3, 3)
    (where,) = np.argwhere(kernels == max(set(kernels.ravel()), key=lambda c: -sum(bytes.fromhex(c[1:]))))
    assert where.tolist() == [3, 3, 0, 2]
    texts(figure)


def test_a_depthwise_layer_is_a_diagonal():
    figure = viz.filters(nn.DepthwiseConv2d(4, 3, multiplier=2))
    assert hatched(figure) == (8 * 4 - 8) * 9
    texts(viz.filters(nn.Conv2d(16, 16, 7, groups=4)))


def test_matrices_that_nobody_could_read():
    with pytest.raises(ValueError, match="17x2"):
        viz.filters(np.ones((17, 2, 3, 3)))
    with pytest.raises(ValueError, match="no multiple"):
        viz.filters(np.ones((3, 1, 3, 3)), groups=2)
    with pytest.raises(ValueError, match="2 weights"):
        viz.filters(nn.MixConv2d(4, (3, 5)))


# -- cones ----------------------------------------------------------------------------------------------------------------

STACKS = [
    [(3, 1, 1)], [(3, 1, 1)] * 4, [(3, 1, 2)] * 3, [(2, 2, 1), (5, 2, 3)], [(3, 1, 1), (3, 1, 3), (3, 1, 9)], [(1, 2, 1)] * 2,
    [(13, 1, 5)], [(4, 3, 2), (1, 1, 1), (3, 2, 2)],
]  # fmt: skip


@pytest.mark.parametrize("layers", STACKS)
def test_a_cone_has_the_ways_that_are_counted(layers):
    figure = viz.cone(layers)
    ways = viz.paths([((1, k), s, d) for k, s, d in layers])[0]
    found = texts(figure)
    jump = np.prod([s for _, s, _ in layers])
    assert found[0] == f"one output sees {(ways > 0).sum()} of {len(ways)} pixels; neighbours lie {jump} apart"
    rows = figure.findobj(EllipseCollection)
    assert len(rows) == len(layers) + 1
    assert len(rows[0].get_offsets()) == len(ways) and len(rows[-1].get_offsets()) == 1
    filled = [tuple(colour[:3]) != (1, 1, 1) for colour in rows[0].get_facecolors()]
    assert filled == (ways > 0).tolist()
    middles = [np.mean(row.get_offsets()[:, 0]) for row in rows]
    assert np.allclose(middles, middles[0])  # each stands above the middle of what it sees
    if "ways" in found:
        assert [text for text in found if text.isdigit()] == [str(n) for n in ways if n]


def test_a_cone_joins_an_output_with_each_of_its_taps():
    figure = viz.cone([(3, 2, 1), (3, 1, 1)])
    upper, lower = sorted(len(lines.get_segments()) for lines in figure.findobj(LineCollection))
    assert (upper, lower) == (3, 9)


def test_a_cone_takes_layers_and_refuses_what_has_no_room():
    assert texts(viz.cone([nn.DepthwiseConv2d(4, (1, 5), stride=2)]))[0].startswith("one output sees 5 of 5")
    with pytest.raises(ValueError, match="65 pixels"):
        viz.cone([(3, 1, 32)])
    with pytest.raises(ValueError, match="empty"):
        viz.cone([])
    with pytest.raises(TypeError, match=r"layers\[1\]"):
        viz.cone([(3, 1, 1), nn.ReLU()])
