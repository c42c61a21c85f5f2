"""Drawings of cells: they show what the code computes, and every number and label in them can be read."""

import numpy as np
import pytest
from looks import count, grids, hatched, texts
from matplotlib.colors import to_hex

import minimix as mm
from minimix import nn, viz
from minimix.padding import output_size, resolve
from minimix.viz.drawing import theme

LONG = "a rather long title that somebody gave to a figure"
CASES = [(5, 3, 1, 0, 1), (5, 3, 2, 1, 1), (9, 3, 1, "same", 4), ((4, 7), (2, 5), (1, 3), "tf_same", 1), (32, 13, 1, "same", 1)]


# -- arithmetic -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size, kernel, stride, padding, dilation", CASES)
def test_a_convolution_marks_its_taps_and_its_output(size, kernel, stride, padding, dilation):
    pairs = [v if isinstance(v, tuple) else (v, v) for v in (size, kernel, stride, dilation)]
    pads = resolve(padding, *pairs)
    places = output_size(pairs[0], pads, *pairs[1:])
    at = tuple(n - 1 for n in places)
    figure = viz.convolution(size, kernel, stride, padding, dilation, at=at)
    source, taps, output = grids(figure)
    assert source.shape == tuple(n + sum(p) for n, p in zip(pairs[0], pads, strict=True)) and output.shape == places
    assert count(source, theme.WINDOW) == count(taps, theme.WINDOW) == np.prod(pairs[1])
    assert count(output, theme.BLUE) == 1 and output[at] == theme.BLUE.lower()
    assert hatched(figure) == source.size - np.prod(pairs[0])
    start = np.array(at) * pairs[2]
    seen = source[start[0] :: pairs[3][0], start[1] :: pairs[3][1]][: pairs[1][0], : pairs[1][1]]
    assert count(seen, theme.WINDOW) == np.prod(pairs[1])
    words = " ".join(texts(figure))
    assert f"output {theme.times(places)}" in words and f"kernel {theme.times(pairs[1])}" in words


def test_a_convolution_of_numbers_shows_the_output_of_the_code():
    draws = np.random.default_rng(0)
    x, weight = draws.integers(0, 9, (4, 5)), draws.integers(-3, 4, (3, 3))
    found = texts(viz.convolution(x, weight, stride=2, padding="same", at=(0, 1)))
    expected = mm.reference.depthwise_conv2d(x[None, None] * 1.0, weight[None, None] * 1.0, 2, "same")[0, 0]
    assert {f"{v:.0f}" for v in expected.ravel()} <= set(found)
    total = found[-1].split("\n")[-1]
    terms = total.replace("·", "*").replace(" = ", "==")
    assert eval(terms) is True and f"= {expected[0, 1]:.0f}" in total
    assert texts(viz.convolution(x / 7, weight, at=None))


@pytest.mark.parametrize("at", [(0, 3), (3, 0), (9, 9)])
def test_a_position_that_the_output_lacks_is_refused(at):
    with pytest.raises(ValueError, match=r"at=.* 3x3"):
        viz.convolution(5, 3, at=at)


def test_a_convolution_refuses_what_the_code_refuses():
    with pytest.raises(RuntimeError, match="does not fit"):
        viz.convolution(2, 3)
    with pytest.raises(TypeError, match="stride"):
        viz.convolution(5, 3, stride=1.5)
    with pytest.raises(ValueError, match=r"x must be 2-D, got shape \(1, 3, 3\)"):
        viz.convolution(np.ones((1, 3, 3)), 3)
    with pytest.raises(TypeError, match="kernel must hold real numbers"):
        viz.convolution(5, np.array([["a"]]))


def test_kinds_of_padding_stand_side_by_side():
    figure = viz.paddings(6, 3, stride=2)
    assert [grid.shape for grid in grids(figure)] == [(8, 8), (7, 7), (6, 6)]
    assert hatched(figure) == (64 - 36) + (49 - 36)
    words = texts(figure)
    assert {"padding='same'", "padding='tf_same'", "padding='valid'"} <= set(words)
    assert any("output 3x3" in w for w in words) and any("output 2x2" in w for w in words)
    too_large = texts(viz.paddings(6, 4, 1, 2))
    assert any("kernel too large" in w for w in too_large)
    texts(viz.paddings((5, 8), (3, 5), (2, 1), 1, ("same", (1, 0), 2, "valid", "tf_same")))
    with pytest.raises(ValueError, match="kinds"):
        viz.paddings(6, 3, kinds=())
    with pytest.raises(RuntimeError, match="'full'"):
        viz.paddings(6, 3, kinds="full")


# -- windows --------------------------------------------------------------------------------------------------------------


def test_windows_are_a_matrix_product():
    draws = np.random.default_rng(1)
    x, weight = draws.integers(0, 9, (2, 4, 4)), draws.integers(-2, 3, (3, 2, 3, 3))
    figure = viz.windows(x, weight, at=(1, 0))
    source, matrix, columns, output = grids(figure)
    assert matrix.shape == (4, 18) and columns.shape == (18, 3) and output.shape == (4, 3) and source.shape == (8, 4)
    assert count(source, theme.WINDOW) == count(matrix[2], theme.WINDOW) == 18 and count(matrix, theme.WINDOW) == 18
    assert count(output[2], theme.BLUE) == 3
    texts(figure)


def test_windows_show_the_numbers_of_the_code():
    x, weight = np.arange(16).reshape(4, 4), np.array([[1, 0], [2, -1]])
    found = texts(viz.windows(x, weight, padding="same"))
    expected = mm.reference.depthwise_conv2d(x[None, None] * 1.0, weight[None, None] * 1.0)[0, 0]
    assert {f"{v:.0f}" for v in expected.ravel()} <= set(found)
    padded = viz.windows(np.ones((3, 3)), np.ones((3, 3)), padding=1, at=None)
    assert hatched(padded) == (25 - 9) + (4 * 5 + 4 * 3)  # of nine windows, corners miss five taps and edges three


def test_windows_refuse_what_nobody_could_read():
    with pytest.raises(ValueError, match="49x9"):
        viz.windows(np.ones((9, 9)), np.ones((3, 3)))
    with pytest.raises(ValueError, match="2 channels, x"):
        viz.windows(np.ones((4, 4)), np.ones((2, 3, 3)))
    with pytest.raises(ValueError, match=r"at=\(2, 0\)"):
        viz.windows(np.ones((4, 4)), np.ones((3, 3)), at=(2, 0))
    with pytest.raises(ValueError, match="weight must be 2-D"):
        viz.windows(np.ones((4, 4)), np.ones(3))


# -- arrays ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arrays",
    [
        ([[7]],),
        (np.eye(3), -np.eye(3)),
        (np.random.default_rng(0).normal(size=(8, 12, 12)),),
        (np.random.default_rng(0).normal(size=(64, 64)), np.ones((2, 3))),
        (np.array([[np.nan, np.inf, 1.5], [2, -np.inf, 1e-9]]),),
        (np.full((2, 2), 1e12), np.full((2, 2), -1e-9)),
        (np.zeros((3, 8, 8), np.uint8), mm.Tensor([[0.5]])),
        (np.array([[True, False]]),),
    ],
)
def test_arrays_are_shown_whatever_is_in_them(arrays):
    assert texts(viz.show(*arrays))
    assert texts(viz.show(*arrays, shared=False, values=False, titles=[f"{LONG[:20]} {i}" for i in range(len(arrays))]))


def test_an_array_shows_its_numbers_and_one_scale():
    figure = viz.show(np.array([[1, -20], [3, 4]]), titles="numbers")
    assert {"1", "-20", "3", "4", "numbers"} == set(texts(figure))
    one, two = grids(viz.show([[1.0, 2.0]], [[2.0, 4.0]]))
    assert one[0, 1] == two[0, 0] and one[0, 0] != two[0, 1]
    apart = grids(viz.show([[1.0, 2.0]], [[2.0, 4.0]], shared=False))
    assert apart[0][0, 1] == apart[1][0, 1]
    negative = grids(viz.show([[-2.0, 0.0, 2.0]]))[0][0]
    assert len(set(negative)) == 3


def test_the_scale_ends_at_the_largest_number_there_is():
    mask = np.zeros((11, 11))
    mask[3:8, 3:8] = 1
    figure = viz.show(mask, 0 * mask, titles=("mask", "nothing"), values=False)
    assert {"0", "1", "mask", "nothing"} == set(texts(figure))
    colours = figure.axes[0].images[-1].get_array()  # of the scale
    assert to_hex(colours[0, 0]) == grids(figure)[0][0, 0] and to_hex(colours[0, -1]) == grids(figure)[0][5, 5]


def test_what_is_no_array_is_refused():
    with pytest.raises(TypeError, match="array must hold real numbers"):
        viz.show(np.array([["a"]]))
    with pytest.raises(ValueError, match="array 1 must be 2-D or 3-D, got shape"):
        viz.show(np.eye(2), np.ones(3))
    with pytest.raises(ValueError, match="empty"):
        viz.show(np.ones((0, 2)))
    with pytest.raises(ValueError, match="1 of them for 2"):
        viz.show(np.eye(2), np.eye(2), titles="one")
    with pytest.raises(ValueError, match="arrays"):
        viz.show()
    with pytest.raises(ValueError, match="columns"):
        viz.show(np.eye(2), columns=0)


def test_a_comparison_finds_what_differs():
    expected = np.arange(150.0).reshape(2, 3, 5, 5)
    actual = expected.copy()
    actual[1, 2] = actual[1, 2].T
    found = texts(viz.compare(expected, actual, np.ones((2, 3, 5, 5))))
    words = " ".join(found)
    assert "image 1, channel 2" in words and "20 of 150 differ" in words and "at most 16" in words
    assert {"expected", "actual", "difference", "input"} <= set(found)
    assert {f"{v:g}" for v in (actual - expected)[1, 2].ravel()} <= set(found)


def test_a_comparison_says_when_nothing_differs_or_shapes_do():
    assert any("none differs" in t for t in texts(viz.compare(np.eye(3), np.eye(3))))
    nan = np.array([[np.nan, np.inf]])
    assert any("none differs" in t for t in texts(viz.compare(nan, nan)))
    words = " ".join(texts(viz.compare(np.eye(3), np.ones((3, 2)), names=("what should be", "mine"))))
    assert "the shapes differ: what should be has (3, 3), mine (3, 2)" in words and "difference" not in words
    assert texts(viz.compare(np.arange(5.0), np.arange(5.0)[::-1]))
    assert any("1 of 2 differ" in t for t in texts(viz.compare([[1.0, 2.0]], [[1.0, np.nan]])))
    big = np.random.default_rng(0).normal(size=(1, 1, 40, 40))
    assert texts(viz.compare(big, -big, big))
    with pytest.raises(TypeError, match="actual must hold real numbers"):
        viz.compare(np.eye(2), None)


# -- kernels and maps -----------------------------------------------------------------------------------------------------


def test_kernels_are_drawn_group_by_group_on_one_scale():
    layer = nn.MixConv2d(12, (3, 5, 7))
    figure = viz.kernels(layer, most=3)
    tiles = [image.get_array() for axes in figure.axes for image in axes.images]
    assert [t.shape[:2] for t in tiles[:-1]] == [(3, 3)] * 3 + [(5, 5)] * 3 + [(7, 7)] * 3  # the last is the scale
    found = texts(figure)
    assert "3x3, the first 3 of 4 kernels" in found
    largest = max(np.abs(w.data).max() for w in layer.weights)
    assert any(t.startswith("-") and np.isclose(float(t), -largest, rtol=0.01) for t in found)


@pytest.mark.parametrize(
    "layer",
    [
        nn.DepthwiseConv2d(1, 3), nn.Conv2d(3, 8, 3), nn.MixConv2d(240, (3, 5, 7, 9, 11, 13)), nn.PointwiseConv2d(4, 4),
        [np.zeros((2, 1, 3, 3))], np.ones((2, 1, 1, 9)),
    ],
)  # fmt: skip
def test_kernels_of_any_layer(layer):
    texts(viz.kernels(layer))
    texts(viz.embedded(layer))


def test_embedded_kernels_do_what_the_mixed_convolution_does():
    layer = nn.MixConv2d(12, (3, 5, (1, 7), 2), dilation=(2, 1, 1, 1)).double()
    x = np.random.default_rng(0).normal(size=(2, 12, 9, 8))
    whole = np.concatenate(viz.embed(layer))
    assert whole.shape == (12, 1, 5, 7)
    expected = layer(mm.Tensor(x)).data
    np.testing.assert_allclose(mm.reference.depthwise_conv2d(x, whole), expected, atol=1e-12)
    figure = viz.embedded(nn.MixConv2d(4, (3, 5)), most=1)
    assert hatched(figure) == 25 - 9
    assert any("68 weights as they are, 100 at the largest size" in t for t in texts(figure))


def test_kernels_refuse_what_has_none():
    with pytest.raises(TypeError, match=r"layer must be .* got a ReLU"):
        viz.kernels(nn.ReLU())
    with pytest.raises(ValueError, match="most"):
        viz.kernels(nn.DepthwiseConv2d(2), most=0)
    with pytest.raises(ValueError, match=r"weights\[0\] must be 4-D"):
        viz.kernels(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="3 entries for 1 groups"):
        viz.embed([np.ones((1, 1, 3, 3))], [(1, 1), (1, 1), (1, 1)])


def test_groups_stand_beside_each_other_where_they_have_room():
    few, many = viz.kernels(nn.MixConv2d(8, (3, 5, 7, 9))), viz.kernels(nn.MixConv2d(48, (3, 5, 7, 9)))
    assert few.get_size_inches()[1] < 3 < many.get_size_inches()[1]
    for figure in (few, many):
        headings = [t for t in figure.axes[0].texts if "kernels" in t.get_text()]
        assert len({t.get_position()[figure is few] for t in headings}) == 1, "in one row, or in one column"
        texts(figure)


def test_headings_of_dilated_kernels_say_so():
    found = texts(viz.embedded(nn.MixConv2d(4, (3, 3), dilation=(1, (2, 3))), most=1))
    assert {"3x3, one of 2 kernels", "3x3, dilation 2x3, one of 2 kernels"} <= set(found)


def test_feature_maps_in_groups():
    layer = nn.MixConv2d(12, (3, 5, 7))
    figure = viz.feature_maps(layer(np.ones((1, 12, 8, 8), np.float32)), layer, most=2)
    assert sum(len(axes.images) for axes in figure.axes) == 7
    assert "5x5: channels 4 to 5, the first of 4" in texts(figure)
    texts(viz.feature_maps(np.ones((240, 7, 7)), (100, 140)))
    texts(viz.feature_maps(np.ones((1, 1, 1))))
    with pytest.raises(ValueError, match="2 images"):
        viz.feature_maps(np.ones((2, 3, 4, 4)))
    with pytest.raises(ValueError, match="5 channels together, x has 4"):
        viz.feature_maps(np.ones((4, 2, 2)), (2, 3))


# -- channels -------------------------------------------------------------------------------------------------------------


def test_connections_are_those_of_the_layer():
    np.testing.assert_array_equal(viz.connections(nn.Conv2d(3, 2, 3), 3), np.ones((2, 3), bool))
    np.testing.assert_array_equal(viz.connections(nn.DepthwiseConv2d(3, multiplier=2), 3), np.repeat(np.eye(3), 2, axis=0) > 0)
    np.testing.assert_array_equal(viz.connections(nn.MixConv2d(4, (3, 5)), 4), np.eye(4) > 0)
    groups = nn.PointwiseConv2d(6, 4, groups=2)
    np.testing.assert_array_equal(viz.connections(groups, 6), np.kron(np.eye(2), np.ones((2, 3))) > 0)
    block = nn.MixBlock(4, 4, expansion=1)
    assert block.training and viz.connections(block, 4).all() and block.training


@pytest.mark.parametrize("channels", [1, 6, 64])
def test_channel_graphs_have_a_line_for_each_connection(channels):
    layers = [nn.PointwiseConv2d(channels, channels, bias=False), nn.DepthwiseConv2d(channels)]
    figure = viz.channel_graph(layers, channels, ["pointwise", LONG])
    lines = [len(c.get_segments()) for axes in figure.axes for c in axes.collections]
    assert lines == [min(channels, 24) ** 2 if channels > 38 else channels**2, channels]
    found = " ".join(texts(figure))
    assert f"{channels**2:,} weight" in found and f"{channels} in" in found


def test_kinds_of_convolutions():
    found = texts(viz.convolution_kinds(6))
    assert {"standard 3x3", "depthwise 3x3", "pointwise 1x1", "mixed depthwise", "3x3", "5x5", "7x7"} <= set(found)
    assert {"324 weights", "54 weights", "36 weights", "166 weights"} <= set(found)
    texts(viz.convolution_kinds(240, (3, 5, 7, 9, 11, 13)))
    with pytest.raises(ValueError, match="titles"):
        viz.channel_graph(nn.ReLU(), 3, ["a", "b"])


@pytest.mark.parametrize(
    "channels, kernels", [(1, (3,)), (32, (3, 5, 7, 9)), (240, (3, 5, 7, 9, 11, 13)), (528, tuple(range(3, 19, 2)))]
)
def test_partitions_show_what_the_code_divides(channels, kernels):
    figure = viz.partitions(channels, kernels)
    found = texts(figure)
    bars = [grid for grid in grids(figure) if channels > 1 and grid.shape[0] == 1]
    for kind in ("equal", "exponential"):
        sizes = mm.partition(channels, len(kernels), kind)
        assert {f"{k}x{k}\n{n} ch." for k, n in zip(kernels, sizes, strict=True)} <= set(found)
        if channels > 1:
            assert [bars.pop(0).shape[1] for _ in sizes] == list(sizes)
    colours = {grid[0, 0] for grid in grids(figure)}
    assert len(colours) == len(kernels)


def test_a_partition_of_a_layer():
    found = texts(viz.partition(nn.MixConv2d(10, (3, (1, 7), 5), partition=(7, 2, 1))))
    assert {"divided by hand", "1x7\n2 ch."} <= set(found)
    with pytest.raises(TypeError, match="MixConv2d, got a DepthwiseConv2d"):
        viz.partition(nn.DepthwiseConv2d(3))
    with pytest.raises(ValueError, match="titles"):
        viz.partition()
    with pytest.raises(ValueError, match="8 channels|empty"):
        viz.partitions(2, (3, 5, 7))
