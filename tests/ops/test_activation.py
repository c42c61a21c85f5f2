import re

import numpy as np
import pytest
from helpers import assert_slopes, same_as_torch

import minimix as mm
import minimix.functional as F
from minimix.ops.activation import ACTIVATIONS, need_activation

rng = np.random.default_rng(0)
A = rng.standard_normal((3, 4)) * 3
EDGES = np.array([-np.inf, -1e4, -100.0, -20.0, -6.0, -3.0, -1.0, -0.0, 0.0, 1.0, 3.0, 6.0, 20.0, 100.0, 1e4, np.inf, np.nan])
NAMES = {
    "relu": "relu",
    "relu6": "relu6",
    "sigmoid": "sigmoid",
    "swish": "silu",
    "hard_sigmoid": "hardsigmoid",
    "hard_swish": "hardswish",
}


@pytest.mark.parametrize("name", NAMES)
def test_as_torch(name):
    torch = pytest.importorskip("torch")
    peer = getattr(torch.nn.functional, NAMES[name])
    rtol = 1e-7 if name == "hard_sigmoid" else None  # PyTorch's 1/6 has float32's digits, even in float64
    same_as_torch(getattr(F, name), peer, A, rtol=rtol)
    same_as_torch(getattr(F, name), peer, np.array(0.5), rtol=rtol)
    same_as_torch(getattr(F, name), peer, EDGES[1:-2], rtol=rtol)
    same_as_torch(getattr(F, name), peer, np.ones((0, 3)))


@pytest.mark.parametrize("name", NAMES)
def test_infinity_and_nan_as_torch(name):
    torch = pytest.importorskip("torch")
    for value in (np.inf, -np.inf, np.nan):
        # the one difference: behind a NaN, PyTorch's hard_swish passes the gradient on as if nothing had been
        gradient = not (name == "hard_swish" and np.isnan(value))
        peer = getattr(torch.nn.functional, NAMES[name])
        same_as_torch(getattr(F, name), peer, np.array([value, 1.0]), gradient=gradient, rtol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_nan_is_never_hidden(name):
    assert np.isnan(getattr(F, name)([np.nan]).item())


@pytest.mark.parametrize("name", NAMES)
def test_slopes(name):
    assert_slopes(getattr(F, name), A)


@pytest.mark.parametrize("name", [*NAMES, "softmax", "log_softmax"])
def test_complex_step_is_exact(name):
    x = mm.Tensor(A, requires_grad=True)
    weights = np.arange(12.0).reshape(3, 4)
    (getattr(F, name)(x) * weights).sum().backward()
    for place in np.ndindex(A.shape):
        moved = A.astype(complex)
        moved[place] += 1e-30j
        slope = (getattr(F, name)(moved).data * weights).sum().imag / 1e-30
        np.testing.assert_allclose(x.grad[place], slope, rtol=1e-10, atol=1e-13)


def test_the_corner_of_relu():
    x = mm.Tensor([0.0, -0.0, 6.0], requires_grad=True)
    F.relu(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [0, 0, 1])
    x.zero_grad()
    F.relu6(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [0, 0, 0])


def test_sigmoid_keeps_its_digits_at_both_ends():
    x = np.array([-700.0, -30.0, 30.0])
    np.testing.assert_allclose(F.sigmoid(x).data, [np.exp(-700.0), 1 / (1 + np.exp(30.0)), 1 / (1 + np.exp(-30.0))], rtol=1e-15)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [0, 1, -1, 2])
def test_softmax_as_torch(name, axis):
    torch = pytest.importorskip("torch")
    for a in (A, A * 1000, np.array([[-np.inf, 0.0], [np.nan, 1.0]])):
        same_as_torch(lambda x: getattr(F, name)(x, axis), lambda x: getattr(torch, name)(x, axis), a)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_slopes_and_refusals(name):
    assert_slopes(getattr(F, name), A)
    assert_slopes(lambda x: getattr(F, name)(x, dim=0), A)
    with pytest.raises(IndexError, match=f"{name}: no axis 2"):
        getattr(F, name)(A, 2)
    with pytest.raises(ValueError, match="empty"):
        getattr(F, name)(np.ones((2, 0)))


def test_softmax_does_not_change_when_all_move():
    np.testing.assert_allclose(F.softmax(A).data, F.softmax(A + 1e3).data, rtol=1e-10)


def test_dropout():
    x = mm.Tensor(np.ones((100, 100), np.float32), requires_grad=True)
    y = F.dropout(x, 0.25, rng=np.random.default_rng(0))
    assert y.dtype == np.float32
    assert set(np.unique(y.data)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((y.data == 0).mean() - 0.25) < 0.02
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, y.data)  # the same mask, the same scale
    np.testing.assert_array_equal(F.dropout(x, 0.25, rng=np.random.default_rng(0)).data, y.data)
    assert (F.dropout(x, 0.5) != F.dropout(x, 0.5)).any()
    mm.manual_seed(3)
    first = F.dropout(x, 0.5)
    mm.manual_seed(3)
    assert (F.dropout(x, 0.5) == first).all()


def test_dropout_at_its_ends_as_torch():
    torch = pytest.importorskip("torch")
    for p in (0.0, 1.0, -0.1, 1.1):
        same_as_torch(lambda x, p=p: F.dropout(x, p), lambda x, p=p: torch.nn.functional.dropout(x, p), A)
    same_as_torch(lambda x: F.dropout(x, 0.5, training=False), lambda x: torch.nn.functional.dropout(x, 0.5, training=False), A)


def test_dropout_refuses():
    for p in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="expected 0 to 1"):
            F.dropout(A, p)


def test_the_names_that_other_ops_take_stand_in_one_table():
    """And users find all of them in one place."""
    (listed,) = (line for line in F.batch_norm.__doc__.splitlines() if line.strip().startswith("activation: "))
    assert re.findall('"(.*?)"', listed) == list(ACTIVATIONS)
    for name in ACTIVATIONS:
        with pytest.raises(ValueError, match=f"f: activation 'gelu', expected one of .*{name}"):
            need_activation("gelu", "f")
        need_activation(name, "f")
        assert name == "identity" or (hasattr(F, name) and hasattr(mm.reference, name))
