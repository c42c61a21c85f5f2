"""Tensors as values: how they are made, compared, printed and given to NumPy, and what operators make of them."""

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F

rng = np.random.default_rng(0)


def parameter(*shape):
    return mm.Tensor(rng.standard_normal(shape), requires_grad=True)


def test_infinity_and_nan_travel_without_warnings():
    a = mm.Tensor([0.0, 1000.0, -1.0], requires_grad=True)
    b = a.log() * 0 + a.exp()
    np.testing.assert_array_equal(b.data, [np.nan, np.inf, np.nan])
    b.sum().backward()
    assert not np.isfinite(a.grad[:2]).any()


def test_construction():
    assert mm.Tensor(1.5).dtype == np.float32 and mm.Tensor([1, 2]).dtype == np.int64
    assert mm.Tensor(np.ones(2)).dtype == np.float64 and mm.Tensor(np.float64(1)).dtype == np.float64
    array = np.ones(3)
    assert mm.Tensor(array).data is array and mm.Tensor(mm.Tensor(array)).data is array
    with pytest.raises(TypeError, match="only floating-point"):
        mm.Tensor([1, 2], requires_grad=True)
    with pytest.raises(TypeError, match="holds numbers"):
        mm.Tensor("text")
    with pytest.raises(TypeError, match="holds numbers"):
        mm.Tensor(None)


def test_operators_from_either_side():
    a, x = np.array([1.0, 2.0]), mm.Tensor(np.array([3.0, 4.0]), requires_grad=True)
    y = x.data
    pairs = [(a + x, a + y), (x + a, a + y), (a - x, a - y), (a * x, a * y), (a / x, a / y), (a**x, a**y), (a @ x, a @ y)]
    pairs += [(2 - x, 2 - y), (2 / x, 2 / y), (2**x, 2**y), (np.float64(2) * x, 2 * y), (-x, -y), (abs(-x), y)]
    for found, expected in pairs:
        assert isinstance(found, mm.Tensor) and found.requires_grad
        np.testing.assert_array_equal(found.data, expected)


def test_in_place_operators_make_new_tensors_of_what_ops_made():
    x = mm.Tensor(np.ones(2), requires_grad=True)
    y = z = x * 1.0
    y += x
    assert y is not z and (z.data == 1).all() and y.requires_grad
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 2])


def test_comparisons_are_plain_booleans():
    x = mm.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    for found, expected in [
        (x > 2, [0, 0, 1]),
        (x >= 2, [0, 1, 1]),
        (x < 2, [1, 0, 0]),
        (x <= 2, [1, 1, 0]),
        (x == 2, [0, 1, 0]),
        (x != 2, [1, 0, 1]),
    ]:
        assert type(found) is np.ndarray and found.dtype == bool
        np.testing.assert_array_equal(found, np.array(expected, bool))
    assert type(np.ones(3) == x) is np.ndarray
    assert (x == None) is False and x != "text"  # noqa: E711
    with pytest.raises(TypeError):
        x < "text"  # noqa: B015


def test_tensors_are_keys_by_identity():
    x, y = mm.Tensor([1.0]), mm.Tensor([1.0])
    assert len({x, y, x}) == 2 and {x: 1}[x] == 1


def test_rows():
    x = parameter(3, 2)
    rows = list(x)
    assert len(rows) == len(x) == 3 and rows[1].shape == (2,)
    (rows[0] + rows[2] * 2).sum().backward()
    np.testing.assert_array_equal(x.grad, [[1, 1], [0, 0], [2, 2]])
    with pytest.raises(TypeError, match="0-d"):
        iter(mm.Tensor(1.0))
    with pytest.raises(TypeError, match="0-d"):
        len(mm.Tensor(1.0))


def test_numpy_takes_what_needs_no_gradient():
    x = mm.Tensor(np.arange(3.0))
    assert np.asarray(x) is not None and np.asarray(x).dtype == np.float64
    np.testing.assert_array_equal(np.concatenate([x, x]), [0, 1, 2, 0, 1, 2])
    with pytest.raises(RuntimeError, match=r"use \.data"):
        np.asarray(parameter(3))
    with pytest.raises(TypeError):
        np.exp(parameter(3))  # would lose the graph


def test_every_method_is_the_function_of_that_name():
    x = mm.Tensor(np.abs(rng.standard_normal((2, 3))) + 0.1)
    names = "exp log sqrt tanh abs relu relu6 sigmoid swish silu softmax log_softmax sum mean max min var std flatten squeeze"
    for name in names.split():
        np.testing.assert_array_equal(getattr(x, name)().data, getattr(F, name)(x).data, err_msg=name)
    np.testing.assert_array_equal(x.clamp(0, 0.5).data, F.clip(x, 0, 0.5).data)
    np.testing.assert_array_equal(x.maximum(0.5).data, F.maximum(x, 0.5).data)
    assert x.float().dtype == np.float32 and x.float().double().dtype == np.float64
    assert x.view(3, 2).shape == (3, 2) and x.unsqueeze(0).shape == (1, 2, 3)


def test_repr():
    assert repr(mm.Tensor([1.0, 2.0])) == "Tensor([1., 2.])"
    assert "dtype=float64" in repr(parameter(2)) and "requires_grad=True" in repr(parameter(2))
    assert "op=exp" in repr(parameter(2).exp())


def test_unknown_attributes_raise():
    with pytest.raises(AttributeError):
        mm.Tensor(1.0).gradient  # noqa: B018
    with pytest.raises(AttributeError):
        mm.Tensor(1.0).require_grad = True
