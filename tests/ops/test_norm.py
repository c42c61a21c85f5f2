"""Batch norm with its activations against the twin, PyTorch, and what is known of it."""

import numpy as np
import pytest
from helpers import assert_slopes, same_as_torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config

import minimix as mm
import minimix.functional as F
from minimix import reference

rng = np.random.default_rng(0)
ACTIVATIONS = ("identity", "relu", "relu6", "swish", "hard_swish")
SHAPES = [(5, 3), (2, 3), (4, 3, 7), (3, 2, 5, 6), (40, 8, 3, 3), (33, 12, 17, 13), (2, 1, 1, 1), (1, 2, 1, 9)]


# Plain Python adds a run's float32 numbers one after the other; compiled, they are added in lanes, which loses less.
SINGLE = 1e-5 if config.DISABLE_JIT else 1e-6


def activated(activation, y):
    return y if activation == "identity" else getattr(reference, activation)(y)


def drawn(shape, dtype=np.float64, spread=3.0):
    """x, weight, bias and running statistics; wide enough to reach all parts of the activations."""
    c = shape[1]
    arrays = rng.standard_normal(shape) * spread, 1 + rng.standard_normal(c) * 2, rng.standard_normal(c), rng.standard_normal(c)
    return [a.astype(dtype) for a in (*arrays, rng.uniform(0.1, 4, c))]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_forward_is_the_twin(shape, training, activation, dtype):
    x, weight, bias, mean, var = drawn(shape, dtype)
    single = dtype == np.float32
    running = [a.astype(np.float64) for a in (mean, var)]
    y = reference.batch_norm(x.astype(np.float64), *running, weight.astype(np.float64), bias.astype(np.float64), training)
    before = x.copy()
    out = F.batch_norm(x, mean, var, weight, bias, training, activation=activation)
    assert out.dtype == dtype and out.shape == shape
    np.testing.assert_allclose(out.data, activated(activation, y), rtol=0, atol=3e-5 if single else 1e-12)
    np.testing.assert_allclose(mean, running[0], rtol=SINGLE if single else 1e-13, atol=SINGLE if single else 1e-13)
    np.testing.assert_allclose(var, running[1], rtol=SINGLE if single else 1e-13)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(5, 3), (3, 2, 4), (2, 3, 3, 4)], ids=str)
def test_gradients_are_slopes(shape, training, activation):
    x, weight, bias, mean, var = drawn(shape)

    def norm(x, weight, bias):
        return F.batch_norm(x, mean.copy(), var.copy(), weight, bias, training, activation=activation)

    assert_slopes(norm, x, weight, bias, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_as_torch(shape, training, activation):
    torch = pytest.importorskip("torch")
    functions = {"relu": torch.relu, "relu6": torch.nn.functional.relu6, "swish": torch.nn.functional.silu,
                 "hard_swish": torch.nn.functional.hardswish, "identity": lambda y: y}  # fmt: skip
    x, weight, bias, mean, var = drawn(shape)
    for dtype, tolerance in ((np.float32, 3e-4), (np.float64, 1e-10)):
        ours = [a.astype(dtype) for a in (mean, var)]
        theirs = [torch.tensor(a) for a in ours]
        same_as_torch(
            lambda x, w, b: F.batch_norm(x, *ours, w, b, training, 0.3, 1e-3, activation),  # noqa: B023
            lambda x, w, b: functions[activation](torch.nn.functional.batch_norm(x, *theirs, w, b, training, 0.3, 1e-3)),  # noqa: B023
            x, weight, bias, dtypes=[dtype], rtol=tolerance, atol=tolerance,
        )  # fmt: skip
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=SINGLE, atol=SINGLE)


def test_without_weight_bias_and_running_statistics():
    x = drawn((6, 3, 4, 5))[0]
    np.testing.assert_allclose(F.batch_norm(x, training=True).data, reference.batch_norm(x, training=True), atol=1e-12)
    weight = np.array([1.0, 2.0, 3.0])
    only_weight = F.batch_norm(x, weight=weight, training=True).data
    np.testing.assert_allclose(only_weight, reference.batch_norm(x, weight=weight, training=True), atol=1e-12)
    assert_slopes(lambda x: F.batch_norm(x, training=True), x)


@settings(deadline=None, max_examples=60, database=None)
@given(st.integers(2, 4), st.integers(1, 40), st.integers(1, 5), st.integers(1, 6), st.sampled_from(ACTIVATIONS), st.booleans(),
       st.sampled_from(["images last", "reversed", "every second", "read-only"]), st.integers(0, 2**32 - 1))  # fmt: skip
def test_any_shape_and_memory_order(axes, n, c, h, activation, training, how, seed):
    random = np.random.default_rng(seed)
    shape = (n, c, h, 3)[:axes]
    if n * int(np.prod(shape[2:])) == 1:
        shape = (2, *shape[1:])
    x, gradient = random.standard_normal((2, *shape))
    other = {
        "images last": np.ascontiguousarray(x.transpose(*range(1, axes), 0)).transpose(axes - 1, *range(axes - 1)),
        "reversed": np.ascontiguousarray(x[::-1])[::-1],
        "every second": np.repeat(x, 2, axis=0)[::2],
        "read-only": x.copy(),
    }[how]
    other.flags.writeable = how != "read-only"
    mean, var = random.standard_normal(c), random.uniform(0.1, 2, c)
    results = []
    for array in (x, other):
        tensor = mm.Tensor(array, requires_grad=True)
        y = F.batch_norm(tensor, mean.copy(), var.copy(), training=training, activation=activation)
        y.backward(gradient)
        results.append((y.data, tensor.grad))
    np.testing.assert_array_equal(*[y for y, _ in results])
    np.testing.assert_array_equal(*[grad for _, grad in results])
    expected = activated(activation, reference.batch_norm(x, mean.copy(), var.copy(), training=training))
    np.testing.assert_allclose(results[0][0], expected, rtol=0, atol=1e-9)  # two images that nearly agree lose digits


# -- accuracy ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype, spread, tolerance", [(np.float64, 1e-2, 1e-7), (np.float32, 1e-2, 1e-4), (np.float32, 1.0, 1e-5)]
)
def test_a_large_mean_does_not_swallow_a_small_variance(dtype, spread, tolerance):
    """1e4 +- 1e-2 in float32 is about forty different numbers: their statistics and normalised values are exact."""
    x = (1e4 + spread * rng.standard_normal((64, 2, 8, 8))).astype(dtype)
    gradient = rng.standard_normal(x.shape).astype(dtype)
    exact = x.astype(np.float64) - 1e4
    mean, var = np.zeros(2, dtype), np.ones(2, dtype)
    tensor = mm.Tensor(x, requires_grad=True)
    out = F.batch_norm(tensor, mean, var, training=True, momentum=1.0, eps=1e-12)
    np.testing.assert_allclose(var, exact.var(axis=(0, 2, 3), ddof=1), rtol=1e-5)
    np.testing.assert_allclose(mean, 1e4 + exact.mean(axis=(0, 2, 3)), rtol=1e-7)
    expected = reference.batch_norm(exact, training=True, eps=1e-12)
    np.testing.assert_allclose(out.data, expected, rtol=0, atol=5 * tolerance)
    out.backward(gradient)
    centred = mm.Tensor(exact, requires_grad=True)
    F.batch_norm(centred, training=True, eps=1e-12).backward(gradient.astype(np.float64))
    np.testing.assert_allclose(tensor.grad, centred.grad, rtol=0, atol=tolerance * np.abs(centred.grad).max())


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 10 * SINGLE), (np.float64, 1e-9)])
def test_a_first_value_far_from_the_others(dtype, tolerance):
    """The statistics are taken relative to it, so it must not cost the others their digits."""
    x = np.random.default_rng(0).standard_normal((64, 2, 32, 32)).astype(dtype)
    x[0, :, 0, 0] = 300
    var = np.ones(2, dtype)
    F.batch_norm(x, np.zeros(2, dtype), var, training=True, momentum=1.0)
    np.testing.assert_allclose(var, x.astype(np.float64).var(axis=(0, 2, 3), ddof=1), rtol=tolerance)


@pytest.mark.parametrize("training", [True, False])
def test_a_constant_channel(training):
    x, zero = np.full((8, 2, 3, 3), 1e4, np.float32), np.zeros(2, np.float32)
    mean = np.full(2, 1e4, np.float32)
    out = F.batch_norm(x, mean, zero, zero + 2, zero + 7, training).data
    np.testing.assert_allclose(out, 7, atol=1e-6)  # variance 0: eps alone keeps it finite


def test_eps():
    x = drawn((4, 2, 3, 3))[0]
    for eps in (1e-5, 0.5, 100.0):
        np.testing.assert_allclose(
            F.batch_norm(x, training=True, eps=eps).data, reference.batch_norm(x, training=True, eps=eps)
        )


# -- running statistics ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("momentum", [0.1, 0.0, 1.0, None])
def test_running_statistics_as_torch_keeps_them(momentum, dtype):
    torch = pytest.importorskip("torch")
    ours, theirs = mm.nn.BatchNorm2d(3, momentum=momentum).to(dtype), torch.nn.BatchNorm2d(3, momentum=momentum)
    theirs = theirs.double() if dtype == np.float64 else theirs
    for _ in range(4):
        x = drawn((5, 3, 2, 4), dtype)[0]
        ours(x)
        theirs(torch.tensor(x))
        for name, value in theirs.state_dict().items():
            np.testing.assert_allclose(ours.state_dict()[name], value.numpy(), rtol=2e-6, atol=1e-6, err_msg=name)
    ours.eval(), theirs.eval()
    np.testing.assert_allclose(ours(x).data, theirs(torch.tensor(x)).detach().numpy(), rtol=1e-4, atol=1e-5)
    assert ours.num_batches_tracked == 4


def test_running_statistics_without_torch():
    x = np.array([[1.0], [3.0]])
    mean, var = np.array([10.0]), np.array([10.0])
    F.batch_norm(x, mean, var, training=True, momentum=0.5)
    assert mean == 6 and var == 6  # halfway to the mean 2, and to the unbiased variance 2
    F.batch_norm(x, mean, var, training=False, momentum=0.5)
    assert mean == 6 and var == 6


def test_an_empty_batch_leaves_the_running_statistics():
    mean, var = np.full(3, 2.0), np.full(3, 3.0)
    x = mm.Tensor(np.zeros((0, 3, 4, 4)), requires_grad=True)
    weight = mm.Tensor(np.ones(3), requires_grad=True)
    for training in (False, True):
        y = F.batch_norm(x, mean, var, weight, training=training)
        y.backward(np.zeros(y.shape))
        assert y.shape == x.grad.shape == (0, 3, 4, 4) and not weight.grad.any()
    np.testing.assert_array_equal(mean, 2)
    np.testing.assert_array_equal(var, 3)


# -- what is not finite ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_spoils_its_channel_in_training_and_itself_in_evaluation(poison, activation, dtype):
    x, weight, bias, mean, var = drawn((4, 3, 5, 5), dtype)
    x[1, 1, 2, 3] = poison
    weight = np.abs(weight)
    out = F.batch_norm(x, mean.copy(), var.copy(), weight, bias, True, activation=activation).data
    assert np.isnan(out[:, 1]).all() and np.isfinite(out[:, [0, 2]]).all()
    out = F.batch_norm(x, mean, var, weight, bias, False, activation=activation).data
    with np.errstate(invalid="ignore"):
        expected = activated(activation, reference.batch_norm(x, mean, var, weight, bias))
    np.testing.assert_array_equal(np.isnan(out), np.isnan(expected))
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)  # the infinities, too


@pytest.mark.parametrize("value", [-1e38, -1e30, -200.0, -88.0, 88.0, 200.0, 1e38])
def test_swish_far_out(value):
    x, one = np.full((2, 1), value, np.float32), np.ones(1, np.float32)
    out = F.batch_norm(x, 0 * one, one, eps=1e-12, activation="swish").data
    np.testing.assert_allclose(out, reference.swish(x.astype(np.float64)), rtol=1e-5, atol=1e-30)


def test_a_gradient_that_is_not_finite():
    x = mm.Tensor(drawn((4, 2, 3, 3))[0], requires_grad=True)
    y = F.batch_norm(x, training=True)
    gradient = np.ones(y.shape)
    gradient[0, 1, 0, 0] = np.nan
    y.backward(gradient)
    assert np.isnan(x.grad[:, 1]).all() and np.isfinite(x.grad[:, 0]).all()


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_refusals():
    x, three, two = np.ones((4, 3, 2, 2)), np.ones(3), np.ones(2)
    with pytest.raises(ValueError, match=r"running_mean has shape \(2,\), expected \(3,\).*\(4, 3, 2, 2\)"):
        F.batch_norm(x, two, three)
    with pytest.raises(ValueError, match=r"weight has shape \(2,\)"):
        F.batch_norm(x, three, three, two)
    with pytest.raises(ValueError, match="more than one value a channel"):
        F.batch_norm(np.ones((1, 3)), training=True)
    with pytest.raises(ValueError, match="more than one value a channel"):
        F.batch_norm(np.ones((1, 3, 1, 1)), training=True)
    with pytest.raises(ValueError, match=r"shape \(4,\), expected \(N, C\)"):
        F.batch_norm(np.ones(4), training=True)
    with pytest.raises(RuntimeError, match="needs running_mean and running_var"):
        F.batch_norm(x)
    with pytest.raises(ValueError, match="both running_mean and running_var"):
        F.batch_norm(x, three, training=True)
    with pytest.raises(ValueError, match="'gelu', expected one of identity, relu"):
        F.batch_norm(x, three, three, activation="gelu")
    with pytest.raises(ValueError, match="eps must not be negative"):
        F.batch_norm(x, three, three, eps=-1.0)
    with pytest.raises(RuntimeError, match="x is float64 but weight is float32"):
        F.batch_norm(x, three, three, three.astype(np.float32))
    with pytest.raises(TypeError, match="x is int64"):
        F.batch_norm(np.ones((4, 3), int), training=True)
    with pytest.raises(ValueError, match=r"BatchNorm2d wants \(N, C, H, W\), got shape \(4, 3\)"):
        mm.nn.BatchNorm2d(3)(np.ones((4, 3), np.float32))


def test_complex_forward():
    """For the complex-step check: analytic in x, and branching on the real part."""
    x = rng.standard_normal((4, 2, 3, 3)) + 1j * rng.standard_normal((4, 2, 3, 3))
    np.testing.assert_allclose(F.batch_norm(x, training=True).data, reference.batch_norm(x, training=True), rtol=1e-12)
