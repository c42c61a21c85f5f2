"""Depthwise convolutions of few images, whose channels go together (``kernels/lanes.py``), against the reference.

All scratch is full of NaN at first, and stands between guards: what was never written must not count, and vectors may write
over nothing but their own slack.
"""

import copy

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import convargs, nn, reference
from minimix.kernels import memory
from minimix.ops import convolution, depthwise

GUARD, AROUND = -77.0, 1024  # numbers on either side


@pytest.fixture
def guarded(monkeypatch):
    """Arrays of ``memory.empty`` between guards, which are looked at in the end."""
    made = []

    def empty(shape, dtype=np.float32, scratch=False):
        whole = np.full(int(np.prod(shape)) + 2 * AROUND, GUARD, dtype)
        whole[AROUND:-AROUND] = np.nan
        made.append(whole)
        return whole[AROUND:-AROUND].reshape(shape)

    monkeypatch.setattr(memory, "empty", empty)
    yield
    assert made
    assert all(np.all(whole[:AROUND] == GUARD) and np.all(whole[-AROUND:] == GUARD) for whole in made)


# images, channels of each group, multiplier, picture, kernels, stride, dilation, padding
CASES = {
    "one image": (1, (17, 33), 1, (7, 7), ((3, 3), (5, 5)), 1, 1, "same"),
    "eight images": (8, (5, 17), 1, (6, 5), ((3, 3), (1, 7)), 1, 1, "same"),
    "stride 2": (2, (33, 5), 1, (7, 8), ((3, 3), (5, 5)), 2, 1, "tf_same"),
    "stride (3, 4)": (3, (17,), 1, (9, 7), ((5, 4),), (3, 4), 1, 1),
    "multiplier": (1, (5, 17), 3, (5, 6), ((3, 3), (5, 5)), 1, 1, "same"),
    "multiplier, stride 2": (2, (17, 5), 2, (5, 6), ((3, 3), (5, 5)), 2, 1, "same"),
    "dilation": (1, (5, 9), 1, (8, 9), ((3, 3), (3, 3)), 1, [2, 5], "same"),
    "many rows": (1, (18,), 1, (130, 9), ((3, 3),), 1, 1, "same"),  # transposed in more than one part
    "larger than the picture": (1, (9,), 1, (2, 3), ((9, 11),), 1, 1, "same"),
    "one pixel": (1, (33,), 1, (1, 1), ((5, 5),), 1, 1, "same"),
    "no tap meets the picture": (1, (4,), 1, (1, 1), ((2, 2),), 1, 4, 2),
    "fewer columns than the stride": (1, (9,), 2, (6, 1), ((3, 3),), (1, 4), 1, "same"),
    "much padding": (1, (17,), 1, (2, 1), ((1, 1),), 1, 1, 5),
}


def arrays(name, dtype=np.float32):
    """(x, weights, options)."""
    images, groups, multiplier, picture, kernels, stride, dilation, padding = CASES[name]
    random = np.random.default_rng(len(name))
    x = random.standard_normal((images, sum(groups), *picture)).astype(dtype)
    weights = [random.standard_normal((c * multiplier, 1, *k)).astype(dtype) for c, k in zip(groups, kernels, strict=True)]
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    p = depthwise.plan(convargs.mixconv2d(x, weights, **options), np.dtype(dtype).char)
    assert p.together is not None
    assert sorted(c for first, count in p.together.channels for c in range(first, first + count)) == list(range(sum(groups)))
    return x, weights, options


def assert_like_the_reference(x, weights, options, gradient=None):
    with np.errstate(all="ignore"):
        out, saved = depthwise.mixconv2d(x, *weights, **options)
        gradient = np.cos(np.arange(out.size)).reshape(out.shape).astype(x.dtype) if gradient is None else gradient
        found = out, *depthwise.mixconv2d_backward(gradient, saved, (True,) * (1 + len(weights)))
        expected = (
            reference.mixconv2d(x, weights, **options),
            reference.mixconv2d_input_grad(gradient, x, weights, **options),
            *reference.mixconv2d_weight_grad(gradient, x, weights, **options),
        )
    tolerance = 1e-4 if x.dtype == np.float32 else 1e-11
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == x.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_as_in_the_reference(name, dtype, guarded):
    assert_like_the_reference(*arrays(name, dtype))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["eight images", "stride 2", "multiplier, stride 2", "dilation"])
def test_what_is_not_finite_stays_where_it_is_met(name, value, guarded):
    """No zero of the border makes NaN of it, in this channel or in those beside it."""
    x, weights, options = arrays(name)
    for weight in weights:
        weight[1, 0, 0, 0] = value
        weight[-1, 0, -1, -1] = -value
    assert_like_the_reference(x, weights, options)
    x, weights, options = arrays(name)
    x[0, 0, 0, 0] = x[-1, -1, -1, -1] = value
    assert_like_the_reference(x, weights, options)
    x, weights, options = arrays(name)
    gradient = np.ones_like(depthwise.mixconv2d(x, *weights, **options)[0])
    gradient[0, 0, 0, 0] = gradient[-1, -1, -1, -1] = value
    assert_like_the_reference(x, weights, options, gradient)


@np.errstate(all="ignore")  # as the tape has it: without the compiler, a lane that has no channel may overflow
def test_only_what_is_wanted():
    x, weights, options = arrays("multiplier")
    out, saved = depthwise.mixconv2d(x, *weights, **options)
    gx, *gw = depthwise.mixconv2d_backward(np.ones_like(out), saved, (True, True, True))
    only = depthwise.mixconv2d_backward(np.ones_like(out), saved, (True, False, False))
    np.testing.assert_array_equal(only[0], gx)
    assert only[1] is None and only[2] is None
    others = depthwise.mixconv2d_backward(np.ones_like(out), saved, (False, True, True))
    assert others[0] is None
    for a, b in zip(others[1:], gw, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("columns", [9, 99, 196])
@pytest.mark.parametrize("images", [1, 2, 4, 8])
def test_columns_in_two_phases(images, columns, guarded):
    """Channels alone, whose columns are sorted by phase: a register at a time, or, where they are odd in number, not all."""
    random = np.random.default_rng(images)
    x = random.standard_normal((images, 3, 4, columns)).astype(np.float32)
    for kernels, options in (
        ([(3, 3), (5, 4)], {"stride": 2, "padding": "same", "dilation": 1}),
        ([(2, 7), (1, 1)], {"stride": (1, 2), "padding": "tf_same", "dilation": [2, 1]}),
    ):
        weights = [random.standard_normal((c * 2, 1, *k)).astype(np.float32) for c, k in zip((2, 1), kernels, strict=True)]
        assert depthwise.plan(convargs.mixconv2d(x, weights, **options), "f").together is None
        assert_like_the_reference(x, weights, options)


def test_which_go_together():
    """Short rows, with a stride also few images, and enough channels; slabs are of one group each."""

    def together(images, *groups, width=8, stride=1):
        weights = [np.ones((c, 1, 3, 3), np.float32) for c in groups]
        x = np.ones((images, sum(groups), 8, width), np.float32)
        found = depthwise.plan(convargs.mixconv2d(x, weights, stride), "f").together
        return None if found is None else found.channels.tolist()

    assert together(1, 5, 3) == ([[0, 5], [5, 3]] if depthwise.width("f") >= 8 else [[0, 4], [4, 1], [5, 3]])
    assert together(12, 4) == [[0, 4]] and together(13, 4) is None  # 12 * 8 numbers in a row, 96
    assert together(1, 4, width=100) == [[0, 4]] and together(1, 4, width=101) is None
    assert together(7, 4, width=400, stride=2) == [[0, 4]] and together(9, 4, width=400, stride=2) is None
    assert together(7, 4, width=400, stride=(2, 1)) is None and together(7, 4, width=400, stride=(1, 2)) == [[0, 4]]
    registers = 6 * depthwise.width("f")  # of a row, where a register can be sorted by phase: with 1, 2, 4 or 8 images
    assert (
        together(1, 4, width=2 * registers - 2, stride=2) == [[0, 4]] and together(1, 4, width=2 * registers, stride=2) is None
    )
    assert together(4, 4, width=400, stride=2) is None and together(4, 4, width=400, stride=3) == [[0, 4]]
    assert together(1, 3) is None and together(1, 6, 1) is None


@pytest.mark.parametrize("channels", [3, 20])
@pytest.mark.parametrize("padding", [5, "same"])
def test_a_block_with_and_without_a_backward_pass_to_come(channels, padding, guarded):
    """Bit for bit the same, also where a row of the output is longer than three of the input."""
    mm.manual_seed(0)
    block = nn.MixBlock(channels, channels, (1,), expansion=1, padding=padding, se=0.5, skip=False)
    x = np.random.default_rng(0).standard_normal((2, channels, 2, 1)).astype(np.float32)
    gradient = np.random.default_rng(1).standard_normal(block(x).shape).astype(np.float32)
    for training in (True, False):
        block.train(training)
        ahead, plain = copy.deepcopy(block), copy.deepcopy(block)
        plain.fused = False
        t, u = (mm.Tensor(x, requires_grad=True) for _ in range(2))
        y, expected = block(t), plain(u)
        with mm.no_grad():
            np.testing.assert_array_equal(ahead(x).data, y.data)
        np.testing.assert_allclose(y.data, expected.data, rtol=1e-4, atol=1e-5)
        y.backward(gradient)
        expected.backward(gradient)
        np.testing.assert_allclose(t.grad, u.grad, rtol=1e-3, atol=1e-4)
        for p, q in zip(block.parameters(), plain.parameters(), strict=True):
            np.testing.assert_allclose(p.grad, q.grad, rtol=1e-3, atol=1e-3)
        block.zero_grad()


def test_many_outputs_of_a_dense_convolution(guarded):
    """More rows of the output than are worked on at once, with one tile of columns and with many."""
    for size in (3, 140):
        random = np.random.default_rng(size)
        x, weight, bias = (random.standard_normal(s).astype(np.float32) for s in ((1, 2, size, size), (150, 2, 3, 3), (150,)))
        out, _ = convolution.conv2d(x, weight, bias, padding=1)
        np.testing.assert_allclose(out, reference.conv2d(x, weight, bias, padding=1), rtol=1e-4, atol=1e-4)


def test_what_the_loops_do_not_know():
    x = np.ones((1, 8, 5, 5))
    weight = np.ones((8, 1, 3, 3))
    out = F.depthwise_conv2d(x.astype(np.complex64), weight.astype(np.complex64)).data
    np.testing.assert_allclose(out, F.depthwise_conv2d(x, weight).data)
    with pytest.raises(TypeError, match=r"float16: use x\.astype"):
        F.depthwise_conv2d(x.astype(np.float16), weight.astype(np.float16))
