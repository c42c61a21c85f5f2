"""Sums of a million numbers are as exact as sums of ten; float16 is not summed in float16."""

import numpy as np
import pytest
from helpers import same_as_torch
from numba.core import config

import minimix as mm
import minimix.functional as F
from minimix.ops.folded import FOLDED_CONV2D
from minimix.ops.sums import summed, total
from minimix.tensor import apply

TENTH = float(np.float32(0.1))
MANY = 1 << 20
compiled = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="a million pixels in plain Python")


def tenths(*shape, images_last=False):
    if images_last:
        return np.full((*shape[1:], shape[0]), 0.1, np.float32).transpose(len(shape) - 1, *range(len(shape) - 1))
    return np.full(shape, 0.1, np.float32)


def off(found, expected):
    """By how much of itself, at most."""
    return np.abs(np.asarray(found, float) / expected - 1).max()


@pytest.mark.parametrize("dtype, reach", [(np.float32, 1e-7), (np.float64, 2e-14)])
@pytest.mark.parametrize("shape, axis", [((MANY, 2), 0), ((2, 300, 1000), (1, 2)), ((300, 2, 1000), (0, 2)),
                                         ((MANY + 77,), None), ((1000, 3, 100, 2), (0, 2)), ((7,), 0)])  # fmt: skip
def test_sums_over_any_axes_in_any_memory_order(dtype, reach, shape, axis):
    x = np.full(shape, 0.1, dtype)
    for a in (x, np.asfortranarray(x), np.full((*shape, 2), 0.1, dtype)[..., 1], np.broadcast_to(x[:1], shape)):
        for keepdims in (False, True):
            found, numpys = summed(a, axis, keepdims), a.sum(axis=axis, keepdims=keepdims)
            assert found.shape == numpys.shape and found.dtype == dtype
            assert off(found, float(dtype(0.1)) * (x.size / found.size)) < reach


def test_sums_of_other_numbers_are_numpys():
    for x in (np.ones((300, 2), bool), np.arange(600).reshape(300, 2), np.ones((300, 2), np.longdouble)):
        assert total(x, 0).tolist() == x.sum(axis=0).tolist() and summed(x, 0).dtype == x.sum(axis=0).dtype
    z = np.random.default_rng(0).standard_normal((2, 5000)).view(np.complex128).reshape(500, 10)
    np.testing.assert_allclose(total(z, 0), z.sum(axis=0), rtol=1e-12)
    assert np.isnan(summed(np.array([[1.0] * 200, [np.nan] * 200]), 1)).tolist() == [False, True]
    assert np.isposinf(summed(np.full((200, 2), np.inf, np.float32), 0)).all()


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std"])
def test_reductions(name):
    x = np.random.default_rng(0).uniform(0.05, 0.15, (1 << 19, 2)).astype(np.float32)
    options = {"ddof": 1} if name in ("var", "std") else {}
    for axis, a in ((0, x), ((2, 3), np.moveaxis(x.reshape(1024, 512, 2, 1), (2, 3), (1, 0)))):
        assert off(getattr(F, name)(a, axis).data, getattr(a.astype(float), name)(axis=axis, **options)) < 2e-7


def test_variance_far_from_zero():
    x = (1e4 + 1e-3 * np.random.default_rng(0).standard_normal((1 << 15, 3))).astype(np.float32)
    assert off(F.var(x, 0).data, x.astype(float).var(axis=0, ddof=1)) < 1e-5
    assert (F.std(tenths(MANY, 2), 0).data == 0).all()


def backward(function, *arrays):
    """(output, gradients) for a gradient of 0.1 everywhere."""
    tensors = [mm.Tensor(a, requires_grad=True) for a in arrays]
    output = function(*tensors)
    output.backward(tenths(*output.shape))
    return output.data, [t.grad for t in tensors]


def test_what_was_broadcast():
    _, (_, bias) = backward(F.add, tenths(1 << 22, 1), np.zeros(1, np.float32))
    assert off(bias, TENTH * (1 << 22)) < 1e-7
    _, (x,) = backward(lambda x: F.expand(x, MANY, 2), np.zeros(2, np.float32))
    assert off(x, TENTH * MANY) < 1e-7


def test_an_element_that_was_taken_many_times():
    _, (x,) = backward(lambda x: x[np.zeros(MANY, int)], np.zeros(2, np.float32))
    assert off(x[0], TENTH * MANY) < 1e-7 and x[1] == 0


def test_softmax_over_the_first_axis():
    assert off(F.softmax(np.zeros((MANY, 2), np.float32), 0).data, 1 / MANY) < 1e-6
    assert off(F.log_softmax(np.zeros((MANY, 2), np.float32), 0).data, -np.log(MANY)) < 1e-6
    _, (gradient,) = backward(lambda x: F.log_softmax(x, 0), np.zeros((MANY, 2), np.float32))
    assert np.abs(gradient).max() < 1e-6  # 0.1 - softmax * the sum of all


@compiled
@pytest.mark.parametrize("images", [1, 2])
def test_layers_on_a_picture_of_a_million_pixels(images):
    x, one, zero = tenths(images, 1, 1024, 1024, images_last=True), np.ones(1, np.float32), np.zeros(1, np.float32)
    pixels = images * MANY
    for pool in (F.global_avg_pool2d, lambda x: F.adaptive_avg_pool2d(x, 1), lambda x: F.avg_pool2d(x, 1024)):
        assert off(pool(x).data, TENTH) < 1e-6
    _, (_, weight, bias) = backward(F.conv2d, x, one.reshape(1, 1, 1, 1), zero)
    assert off(weight, TENTH**2 * pixels) < 2e-6 and off(bias, TENTH * pixels) < 2e-6
    _, (_, weight) = backward(F.depthwise_conv2d, x, one.reshape(1, 1, 1, 1))
    assert off(weight, TENTH**2 * pixels) < 2e-6
    _, (_, _, shift) = backward(lambda x, w, b: F.batch_norm(x, weight=w, bias=b, training=True), x, one, zero)
    assert off(shift, TENTH * pixels) < 2e-6
    square = one.reshape(1, 1, 1, 1)
    _, found = backward(lambda *a: F.squeeze_excite(*a, activation="relu"), x, square, zero, square, zero)
    slope = 1 / (1 + np.exp(-TENTH)) * (1 - 1 / (1 + np.exp(-TENTH)))
    assert off(found[4], TENTH**2 * pixels * slope) < 1e-5


@compiled
def test_products_of_a_million():
    _, (_, weight, bias) = backward(F.linear, tenths(1 << 22, 1), np.ones((2, 1), np.float32), np.zeros(2, np.float32))
    assert off(weight, TENTH**2 * (1 << 22)) < 1e-5 and off(bias, TENTH * (1 << 22)) < 1e-6
    for samples in (2, 20):
        assert off(F.linear(tenths(samples, MANY), tenths(3, MANY)).data, TENTH**2 * MANY) < 1e-4
    _, (x, _) = backward(F.linear, tenths(20, 2), tenths(1 << 18, 2))
    assert off(x, TENTH**2 * (1 << 18)) < 1e-4


@pytest.mark.parametrize("activation", ["identity", "relu6", "swish", "hard_swish"])
def test_long_products_with_bias_and_activation(activation):
    random = np.random.default_rng(0)
    x, weight = random.standard_normal((2, 5000, 2, 3)).astype(np.float32), random.standard_normal((5, 5000, 1, 1), np.float32)
    bias = random.standard_normal(5, np.float32)
    found = apply(FOLDED_CONV2D, x, weight / 70, bias, activation=activation).data
    plain = F.conv2d(x.astype(float), weight.astype(float) / 70, bias.astype(float))
    expected = plain if activation == "identity" else getattr(F, activation)(plain)
    np.testing.assert_allclose(found, expected.data, rtol=0, atol=2e-5)


# -- float16 ------------------------------------------------------------------------------------------------------------------

HALF = (np.float16,)


@pytest.mark.parametrize("name", ["mean", "var", "std", "amax", "softmax", "log_softmax"])
def test_float16_of_more_than_it_can_count_as_torch(name):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).standard_normal((70000, 2)) + 1
    ours = getattr(F, {"amax": "max"}.get(name, name))
    same_as_torch(lambda x: ours(x, 0), lambda x: getattr(torch, name)(x, 0), x, dtypes=HALF, rtol=4e-3,
                  atol=1e-3 if name == "log_softmax" else 2e-6)  # fmt: skip


def test_float16_losses_as_torch():
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    x, targets = random.standard_normal((70000, 3)), random.integers(0, 3, 70000)
    functional = torch.nn.functional
    same_as_torch(lambda x: F.mse_loss(x, x * 0), lambda x: functional.mse_loss(x, x * 0), x, dtypes=HALF, rtol=4e-3, atol=5e-7)
    loss = F.cross_entropy(x.astype(np.float16), targets)  # (PyTorch's is NaN)
    assert loss.dtype == np.float16 and off(loss.data, F.cross_entropy(x, targets).data) < 1e-3
    log_p = F.log_softmax(x, 1)
    loss = F.nll_loss(log_p.data.astype(np.float16), targets)
    assert loss.dtype == np.float16 and off(loss.data, F.nll_loss(log_p, targets).data) < 1e-3
    _, (gradient,) = backward16(lambda x: F.cross_entropy(x, targets, reduction="sum"), x)
    assert gradient.dtype == np.float16 and np.isfinite(gradient).all()


def backward16(function, x):
    x = mm.Tensor(x.astype(np.float16), requires_grad=True)
    output = function(x)
    output.backward(np.ones(output.shape, np.float16))
    return output.data, [x.grad]


def test_float16_ties_beyond_65504_share_the_gradient():
    _, (gradient,) = backward16(lambda x: F.max(x, 0), np.ones((70000, 1)))
    assert off(gradient, np.float16(1 / 70000)) == 0
    _, (gradient,) = backward16(F.mean, np.ones(70000))
    assert off(gradient, np.float16(1 / 70000)) == 0


def test_float16_linear_as_torch():
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    x, weight, bias = (random.standard_normal(shape) for shape in ((5, 4), (3, 4), (3,)))
    same_as_torch(F.linear, torch.nn.functional.linear, x, weight, bias, dtypes=HALF, rtol=2e-3, atol=2e-3)
