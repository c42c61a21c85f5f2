"""Figures with axes, and receptive fields: the numbers in them are the code's, and every label can be read."""

import numpy as np
import pytest
from looks import grids, hatched, texts
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import minimix as mm
from minimix import models, nn, viz
from minimix.costs import COUNTERS
from minimix.viz.costs import networks
from minimix.viz.drawing import theme
from minimix.viz.drawing.values import short
from minimix.viz.fields import receptive

LONG = "a rather long name that somebody gave to a layer of a network"


def profile(name, size, **options):
    return mm.profile(models.create(name, **options), (1, 3, size, size))


# -- gridding and receptive fields ----------------------------------------------------------------------------------------


def brute(layers):
    """Ways from the middle output through 1-D layers, by following each tap: {pixel: ways}."""
    ways = {0: 1}
    for kernel, stride, dilation in reversed(layers):
        found = {}
        for place, n in ways.items():
            for tap in range(kernel):
                pixel = place * stride + tap * dilation
                found[pixel] = found.get(pixel, 0) + n
        ways = found
    return ways


@pytest.mark.parametrize(
    "layers", [[(3, 1, 1)], [(3, 1, 2)] * 3, [(3, 1, 1), (3, 1, 2), (3, 1, 3)], [(3, 2, 1), (5, 1, 4), (2, 3, 2)], [(1, 1, 1)]]
)
def test_ways_are_counted_exactly(layers):
    row = brute(layers)
    line = np.array([row.get(i, 0) for i in range(max(row) + 1)])
    np.testing.assert_array_equal(viz.paths(layers), np.outer(line, line))
    modules = [nn.Conv2d(1, 1, k, s, dilation=d) for k, s, d in layers]
    np.testing.assert_array_equal(viz.paths(modules), np.outer(line, line))


def test_ways_do_not_overflow():
    ways = viz.paths([(3, 1, 1)] * 30)
    assert ways.sum() == 9**30 and ways.shape == (61, 61)


def test_gridding_hatches_what_is_not_seen():
    figure = viz.gridding([(3, 1, 2)] * 3, [(3, 1, 1), (3, 1, 2), (3, 1, 3)])
    assert [grid.shape for grid in grids(figure)] == [(13, 13), (13, 13)]
    assert hatched(figure) == 169 - 49
    words = " ".join(texts(figure))
    assert "49 of 169 seen (29%)" in words and "169 of 169 seen (100%)" in words and "dilation 1, 2, 3" in words
    texts(viz.gridding([(13, 1, 4)] * 2, [nn.DepthwiseConv2d(2, 5, dilation=2)], titles=("one", LONG)))
    with pytest.raises(TypeError, match=r"layers\[0\] must be"):
        viz.gridding([nn.ReLU()])
    with pytest.raises(ValueError, match="layers is empty"):
        viz.paths([])
    with pytest.raises(ValueError, match="titles"):
        viz.gridding([(3, 1, 1)], titles=())


def test_the_measured_field_is_the_theoretical_one():
    stack = nn.Sequential(
        nn.DepthwiseConv2d(2, 3, dilation=2), nn.ReLU(), nn.DepthwiseConv2d(2, 5), nn.DepthwiseConv2d(2, 3, stride=2)
    )
    gradient = viz.input_gradient(stack, np.random.default_rng(0).normal(size=(20, 2, 24, 24)), at=(6, 5))
    rows, columns = (np.flatnonzero(gradient.any(axis=axis)) for axis in (1, 0))
    box = viz.field_box(stack, (2, 24, 24), at=(6, 5))
    assert box == ((rows[0], rows[-1]), (columns[0], columns[-1]))
    size = mm.profile(stack, (1, 2, 24, 24)).rows[-1].receptive_field
    assert tuple(last - first + 1 for first, last in box) == size == (11, 11)
    assert sum(box[0]) == 2 * 12  # "same" centres the window on the pixel


def test_a_field_in_a_network_leaves_out_gates_and_the_model_alone():
    model = models.create("mixnet_nano", width=0.5)
    before = {name: array.copy() for name, array in model.state_dict().items()}
    box = viz.field_box(model, (3, 96, 96), layer="blocks.3")
    row = next(row for row in reversed(mm.profile(model, (1, 3, 96, 96)).rows) if row.name.startswith("blocks.3."))
    assert tuple(last - first + 1 for first, last in box) == row.receptive_field
    viz.input_gradient(model, (3, 32, 32), layer="blocks.3")
    assert model.training and all(p.requires_grad and p.grad is None for p in model.parameters())
    assert all(np.array_equal(before[name], array) for name, array in model.state_dict().items())
    assert all("forward" not in vars(module) for module in model.modules())


def test_the_receptive_field_is_drawn():
    stack = nn.Sequential(*(nn.DepthwiseConv2d(4, 3) for _ in range(3)))
    figure = viz.receptive_field(stack, (4, 15, 15))
    plain, logarithm = grids(figure)
    white = to_hex("white")
    assert (plain != white).sum() == (logarithm != white).sum() == 49
    assert any("the theoretical field, 7x7" in t for t in texts(figure))
    corner = texts(viz.receptive_field(stack, np.ones((1, 4, 8, 8)), at=(0, 0)))
    assert any("7x7, of which 4x4 inside" in t for t in corner)
    assert receptive.square_with(np.ones((5, 5)), (2, 2), 1.0) == 5


def test_receptive_fields_refuse_what_has_none():
    layer = nn.DepthwiseConv2d(2)
    with pytest.raises(ValueError, match="layer="):
        viz.receptive_field(models.create("mixnet_nano"), (3, 32, 32))
    with pytest.raises(ValueError, match=r"at=\(5, 0\)"):
        viz.input_gradient(layer, (2, 5, 5), at=(5, 0))
    with pytest.raises(ValueError, match="share"):
        viz.receptive_field(layer, (2, 5, 5), share=0)
    with pytest.raises(ValueError, match=r"x \(2, 5\) must be a shape"):
        viz.input_gradient(layer, (2, 5))
    with pytest.raises(TypeError, match="model must be a Module"):
        viz.input_gradient(lambda x: x, (2, 5, 5))
    with pytest.raises(AttributeError, match="nowhere"):
        viz.input_gradient(layer, (2, 5, 5), layer="nowhere")


# -- costs ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["macs", "params"])
def test_bars_add_up_to_the_profile(what):
    cost = profile("mixnet_nano", 32)
    for depth in (None, 1, 2, 9):
        found = viz.by_layer(cost, what, depth)
        assert sum(n for kinds in found.values() for n in kinds.values()) == getattr(cost, what)
    sums = {kind: sum(kinds.get(kind, 0) for kinds in viz.by_layer(cost).values()) for kind in cost.macs_by_kind}
    assert sums == cost.macs_by_kind
    assert "batch norm" in {kind for kinds in viz.by_layer(cost, "params").values() for kind in kinds}
    assert len(viz.by_layer(profile("mixnet_l", 224))) <= networks.BARS


def test_layer_costs_draw_every_layer():
    cost = profile("mixnet_nano", 32)
    figure = viz.layer_costs(cost)
    (panel,) = figure.axes
    layers = viz.by_layer(cost)
    assert sum(bar.get_width() for bar in panel.patches) == cost.macs
    assert set(layers) <= set(texts(figure))
    kinds = {kind for found in layers.values() for kind in found}
    assert {to_hex(bar.get_facecolor()) for bar in panel.patches} == {networks.COLOURS[kind].lower() for kind in kinds}


def test_models_beside_each_other_share_a_scale():
    pair = {"mixnet_s": profile("mixnet_s", 224), LONG: profile("mobilenetv1_100", 224)}
    figure = viz.layer_costs(pair)
    one, two = figure.axes
    assert one.get_xlim() == two.get_xlim()
    assert f"mixnet_s: {short(pair['mixnet_s'].macs)} multiply-adds" in texts(figure)
    texts(viz.layer_costs(pair, "params", depth=2))
    shares = viz.kind_shares(pair)
    widths = [bar.get_width() for bar in shares.axes[0].patches]
    np.testing.assert_allclose(sum(widths), 200)
    assert any("pointwise" == t for t in texts(shares))


def test_shares_of_anything_by_kind():
    figure = viz.kind_shares(
        {"multiply-adds": {"pointwise": 3, "depthwise": 1}, LONG: {"depthwise": 2e-3, "a skip": 2e-3}}, "each"
    )
    found = texts(figure)
    assert found.count("50 %") == 2 and "25 %" in found and "75 %" in found
    assert "share of each, %" in found and "other" in found and "a skip" not in found
    with pytest.raises(ValueError, match="no seconds"):
        viz.kind_shares({"a": {"pointwise": 0.0}}, "seconds")
    with pytest.raises(TypeError, match="mm.profile"):
        viz.kind_shares({"a": {"pointwise": 1}, "b": profile("mixnet_nano", 32)})


def test_counters_beyond_the_multiply_adds():
    pair = {"mixnet_s": profile("mixnet_s", 224), "mobilenetv1_100": profile("mobilenetv1_100", 224)}
    for cost in pair.values():
        for name, counter in COUNTERS.items():
            parts = viz.beyond(cost, name)
            assert cost.macs + sum(parts.values()) == cost.counted_as(name) / counter.prices["mac"]
    figure = viz.counters(pair, {"mixnet_s": 256e6})
    found = texts(figure)
    assert set(COUNTERS) <= set(found) and "published: +16.8 M" in found and "+12.6 M" in found
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()
    one = viz.counters({LONG: profile("mixnet_nano", 32)}, {LONG: 8e6})
    assert "published: -0.7 M" in texts(one) and one.axes[0].get_xlim()[0] < 0
    with pytest.raises(ValueError, match="other, which is not among costs: a"):
        viz.counters({"a": pair["mixnet_s"]}, {"other": 1})
    with pytest.raises(TypeError, match="Profile"):
        viz.counters({"a": 3})


def test_costs_of_tiny_and_long_named_models():
    class Long(nn.Module):
        def __init__(self):
            super().__init__()
            setattr(self, LONG.replace(" ", "_"), nn.Sequential(nn.DepthwiseConv2d(4), nn.PointwiseConv2d(4, 8)))

        def forward(self, x):
            return next(self.children())(x)

    texts(viz.layer_costs(mm.profile(Long(), (1, 4, 8, 8))))
    texts(viz.layer_costs(mm.profile(nn.MixConv2d(1, (3,)), (1, 1, 4, 4)), "params"))
    with pytest.raises(ValueError, match="no multiply-adds"):
        viz.layer_costs(mm.profile(nn.ReLU(), (1, 4, 8, 8)))
    with pytest.raises(TypeError, match="mm.profile"):
        viz.layer_costs(nn.ReLU())
    with pytest.raises(ValueError, match="'macs' or 'params', got 'flops'"):
        viz.layer_costs(profile("mixnet_nano", 32), "flops")


# -- speed and steps ------------------------------------------------------------------------------------------------------


def test_a_roofline_knows_each_roof():
    figure = viz.roofline({"low": (2.0, 11.0), "high": (100.0, 45.0)}, {"1 thread": 45, "2 threads": 90}, {"RAM": 11})
    words = " ".join(texts(figure))
    assert "low: 11, 50% of its roof" in words and "high: 45, 50% of its roof" in words
    assert "1 thread: 45 GFLOP/s" in words and "RAM: 11 GB/s" in words
    draws = np.random.default_rng(0)
    many = {f"{LONG} {i}": tuple(draws.uniform(0.1, 80, 2)) for i in range(14)}
    texts(viz.roofline(many, 90, {"L2": 60, "RAM": 11}))
    with pytest.raises(ValueError, match=r"points\['a'\]"):
        viz.roofline({"a": (0, 1)}, 90, 11)
    with pytest.raises(ValueError, match="memory"):
        viz.roofline({"a": (1, 1)}, 90, 0)
    with pytest.raises(ValueError, match="points"):
        viz.roofline({}, 90, 11)


def test_a_ladder_says_how_much_faster():
    figure = viz.ladder({"loops": 2.0, "NumPy": (0.01, 0.02, 0.03), LONG: 1e-4})
    found = texts(figure)
    assert {"2 s", "20 ms", "100 µs", "100x", "20,000x", "200x"} <= set(found)
    assert "200x" not in texts(viz.ladder({"loops": 2.0, "NumPy": 0.02, "Numba": 1e-4}, repeats=False))
    texts(viz.ladder({"one": 1e-3}))
    texts(viz.ladder({"one": 1e-3, "two": 1.1e-3, "three": 0.9e-3}))
    for wrong in (0, -1, (3, 2, 1), float("nan"), "fast"):
        with pytest.raises(ValueError, match=r"times\['a'\]"):
            viz.ladder({"a": wrong})
    with pytest.raises(ValueError, match="times"):
        viz.ladder({})


def test_predicted_beside_measured():
    figure = viz.agreement({"depthwise": [(1e-3, 2e-3), (2e-2, 3e-2)], LONG: [(5e-4, 4e-4)]}, ylabel="measured here")
    panel = figure.axes[0]
    points = [line for line in panel.lines if line.get_linestyle() == "None"]
    np.testing.assert_allclose(points[0].get_xydata(), [(1e-3, 2e-3), (2e-2, 3e-2)])
    assert panel.get_xlim() == panel.get_ylim() and panel.get_xlim()[0] < 4e-4
    assert {"depthwise", "predicted", "measured here", "factor of 2"} <= set(texts(figure))
    texts(viz.agreement({"a": [(1.0, 1.0)]}))
    for wrong in ([(0, 1)], [(1, np.nan)], [(1, 2, 3)]):
        with pytest.raises(ValueError, match=r"series\['a'\] must be pairs"):
            viz.agreement({"a": wrong})
    with pytest.raises(ValueError, match="one point or more"):
        viz.agreement({"a": []})


def test_errors_of_derivatives_have_their_shape():
    found = viz.derivative_errors(np.exp, 0.5, np.exp(0.5))
    steps = found.pop("steps")
    best = {name: steps[int(errors.argmin())] for name, errors in found.items()}
    assert best["forward"] < best["central"] < 1e-3 and found["complex step"][steps < 1e-9].max() < 1e-15
    big = (steps < 1e-1) & (steps > 1e-3)
    slopes = {name: np.polyfit(np.log(steps[big]), np.log(found[name][big]), 1)[0] for name in found}
    assert np.allclose([slopes["forward"], slopes["central"], slopes["complex step"]], [1, 2, 2], atol=0.1)
    figure = viz.step_errors(steps, found)
    words = texts(figure)
    assert all(any(t.startswith(name) for t in words) for name in found)
    assert len({line.get_color() for line in figure.axes[0].lines}) == 4
    real = viz.derivative_errors(lambda x: float(x) ** 2, 3.0, 6.0)
    assert set(real) == {"steps", "forward", "central"}
    texts(viz.step_errors(real.pop("steps"), real | {LONG[:20]: np.zeros_like(steps)}))
    with pytest.raises(ValueError, match=r"errors\['a'\] has shape \(2,\), steps has \(3,\)"):
        viz.step_errors([1, 2, 3], {"a": [1, 2]})
    with pytest.raises(ValueError, match="steps"):
        viz.step_errors([0.0], {"a": [1]})
    with pytest.raises(ValueError, match="exact"):
        viz.derivative_errors(np.cos, 0.0, 0.0)


def test_a_tangent_touches():
    figure = viz.tangent(lambda t: t**2, 3.0, 6.0, reach=2.0, names=("weight", "loss"))
    curve, line, point = figure.axes[0].lines
    gap = curve.get_ydata() - line.get_ydata()
    assert gap.min() >= -1e-12 and gap.argmin() == 40 and curve.get_xdata()[[0, -1]].tolist() == [1.0, 5.0]
    assert (point.get_xdata(), point.get_ydata()) == ([3.0], [9.0])
    assert {"weight", "loss", "slope 6", "weight = 3"} <= set(texts(figure))
    for reach in (0.0, float("nan")):
        with pytest.raises(ValueError, match="reach"):
            viz.tangent(np.exp, 0.0, 1.0, reach=reach)


# -- what all have in common ----------------------------------------------------------------------------------------------


def test_a_figure_can_be_drawn_into_axes_of_ones_own():
    figure = Figure(figsize=(9, 4))
    for ax, draw in zip(
        figure.subplots(1, 4),
        (
            lambda ax: viz.convolution(4, 3, ax=ax), lambda ax: viz.show(np.eye(2), ax=ax),
            lambda ax: viz.ladder({"a": 1.0}, ax=ax), lambda ax: viz.partitions(4, (3, 5), ax=ax),
        ),
        strict=True,
    ):  # fmt: skip
        assert draw(ax) is figure and ax.get_children()


def test_a_notebook_shows_a_figure_by_itself_and_pyplot_is_left_alone():
    import subprocess
    import sys

    code = (
        "import sys\nimport numpy as np\nfrom minimix import viz\nimport matplotlib\nbefore = dict(matplotlib.rcParams)\n"
        "png = viz.show(np.eye(2))._repr_png_()\nassert png[1:4] == b'PNG'\n"
        "assert 'matplotlib.pyplot' not in sys.modules and dict(matplotlib.rcParams) == before\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_users_style_changes_nothing():
    import matplotlib

    plain = viz.ladder({"a": 1.0, "b": 2.0})._repr_png_()
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "text.color": "red", "xtick.labelsize": 3}):
        assert viz.ladder({"a": 1.0, "b": 2.0})._repr_png_() == plain


def test_colours_differ_and_can_be_written_on():
    for n in (1, 7, 8, 20):
        assert len(set(theme.colours(n))) == n
    assert {theme.ink("black"), theme.ink("white")} == {"white", "black"}


def test_every_public_function_is_documented_by_an_example():
    for name in viz.__all__:
        assert ">>>" in getattr(viz, name).__doc__, name
