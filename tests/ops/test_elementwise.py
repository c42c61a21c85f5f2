import numpy as np
import pytest
from helpers import assert_slopes, same_as_torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minimix as mm
import minimix.functional as F
from minimix.ops.elementwise import unbroadcast

rng = np.random.default_rng(0)
A, ROW, COLUMN = rng.standard_normal((3, 4)), rng.standard_normal(4), rng.standard_normal((3, 1))
SPECIAL = np.array([-np.inf, -2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.5, np.inf, np.nan])

BINARY = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
}


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(
    "shapes", [((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 1), (1, 4)), ((), (2, 3)), ((2, 3), (2,)), ((0, 3), (3,))]
)
def test_binary_as_torch(name, shapes):
    a, b = (rng.standard_normal(shape) for shape in shapes)
    same_as_torch(BINARY[name], BINARY[name], np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("name", BINARY)
def test_binary_slopes(name):
    assert_slopes(BINARY[name], A, ROW)
    assert_slopes(BINARY[name], COLUMN, ROW)


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3))
def test_any_shapes_broadcast(shapes):
    a, b = (np.random.default_rng(3).standard_normal(shape) for shape in shapes.input_shapes)
    x, y = mm.Tensor(a, requires_grad=True), mm.Tensor(b, requires_grad=True)
    output = x * y
    assert output.shape == shapes.result_shape
    output.backward(np.ones(output.shape))
    assert x.grad.shape == a.shape and y.grad.shape == b.shape
    # d/da sum(a * b) is the sum of the b that each a met
    np.testing.assert_allclose(x.grad.sum(), np.broadcast_to(b, output.shape).sum(), atol=1e-12)
    np.testing.assert_allclose((x.grad * a).sum(), output.data.sum(), atol=1e-12)


@given(hnp.broadcastable_shapes((2, 3, 1), max_dims=3), st.integers(0, 5))
def test_unbroadcast_is_the_adjoint_of_broadcasting(shape, seed):
    try:
        full = np.broadcast_shapes(shape, (2, 3, 1))
    except ValueError:
        return
    r = np.random.default_rng(seed)
    x, y = r.standard_normal(shape), r.standard_normal(full)
    np.testing.assert_allclose((np.broadcast_to(x, full) * y).sum(), (x * unbroadcast(y, shape)).sum(), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * 2.5,
        lambda x: 2.5 - x,
        lambda x: x / np.float64(3),
        lambda x: x**2,
        lambda x: 2.0**x,
        lambda x: x + np.array(1.0),
        lambda x: F.maximum(x, 0.1),
        lambda x: F.where(x.data > 0, x, 0.5),
        lambda x: F.clip(x, 0.1, 0.2),
        lambda x: x / 3,
    ],
)
def test_numbers_are_weak(function, dtype):
    x = mm.Tensor(A.astype(dtype), requires_grad=True)
    output = function(x)
    assert output.dtype == dtype
    output.sum().backward()
    assert x.grad.dtype == dtype


def test_a_number_keeps_its_digits_beside_float64():
    assert (mm.Tensor(np.array([1.0])) * 0.1).item() == 0.1


@pytest.mark.parametrize(
    "left", ["bool", "int32", "int64", "float32", "float64", "complex64", 2, 2.5, 2j, True, "0-d float64", "0-d int64"]
)
@pytest.mark.parametrize("right", ["bool", "int64", "float32", "float64", "complex64", "0-d float32", "0-d float64"])
def test_dtypes_meet_as_in_torch(left, right):
    torch = pytest.importorskip("torch")

    def both(what):
        if not isinstance(what, str):
            return what, what
        array = np.ones((), what[4:]) if what.startswith("0-d") else np.ones(2, what)
        return mm.Tensor(array), torch.tensor(array)

    (a, ta), (b, tb) = both(left), both(right)
    assert str((a * b).dtype) == str((ta * tb).dtype).removeprefix("torch.")
    if "complex" not in f"{left}{right}":
        assert str((a / b).dtype) == str((ta / tb).dtype).removeprefix("torch.")


def test_gradients_come_back_in_each_inputs_dtype():
    x = mm.Tensor(np.ones(3, np.float32), requires_grad=True)
    y = mm.Tensor(np.ones(3, np.float64), requires_grad=True)
    z = x * y
    assert z.dtype == np.float64
    z.sum().backward()
    assert x.grad.dtype == np.float32 and y.grad.dtype == np.float64


def test_powers_as_torch():
    plain = SPECIAL[[1, 2, 4, 5, 6, 7, 8, 9]]  # roots of -0.0 and -inf differ between PyTorch's own two ways to take them
    for base, exponent in [(SPECIAL, 2), (SPECIAL, 3.0), (SPECIAL, 0), (plain, 0.5), (SPECIAL, -1), (SPECIAL, 1)]:
        same_as_torch(lambda x, e=exponent: x**e, lambda x, e=exponent: x**e, base)
    bases, exponents = np.array([0.0, 0.0, 0.0, 1.5, 2.0, 0.3]), np.array([0.0, 2.0, 0.5, -1.5, 0.0, 3.0])
    same_as_torch(lambda a, b: a**b, lambda a, b: a**b, bases, exponents)
    same_as_torch(lambda a: 2.0**a, lambda a: 2.0**a, ROW)
    assert_slopes(lambda a, b: a**b, np.abs(A) + 0.1, ROW)


@pytest.mark.parametrize("name", ["neg", "exp", "log", "sqrt", "tanh", "abs"])
def test_unary_as_torch(name):
    torch = pytest.importorskip("torch")
    same_as_torch(getattr(F, name), getattr(torch, name), A)
    same_as_torch(getattr(F, name), getattr(torch, name), SPECIAL[:-1] if name == "abs" else SPECIAL)
    same_as_torch(getattr(F, name), getattr(torch, name), np.array(0.7))
    same_as_torch(getattr(F, name), getattr(torch, name), np.arange(3))


@pytest.mark.parametrize("name", ["neg", "exp", "log", "sqrt", "tanh", "abs"])
def test_unary_slopes(name):
    assert_slopes(getattr(F, name), np.abs(A) + 0.1)


@pytest.mark.parametrize(
    "function",
    [
        F.exp,
        F.log,
        F.sqrt,
        F.tanh,
        lambda x: x**3,
        lambda x: 1 / x,
        lambda x: F.clip(x, 0.2, 1.0),
        lambda x: F.maximum(x, 0.3),
        lambda x: F.minimum(x, 0.3),
        lambda x: x * x - x,
    ],
)
def test_complex_step_is_exact(function):
    a = np.abs(A) + 0.1
    x = mm.Tensor(a, requires_grad=True)
    function(x).sum().backward()
    slope = function(mm.Tensor(a + 1e-30j)).data.imag / 1e-30
    np.testing.assert_allclose(x.grad, slope, rtol=1e-14)


def test_extremes_and_ties_as_torch():
    torch = pytest.importorskip("torch")
    a = np.array([1.0, 2.0, 3.0, np.nan, 1.0, -np.inf, 0.0])
    b = np.array([2.0, 2.0, 1.0, 1.0, np.nan, -np.inf, -0.0])
    same_as_torch(F.maximum, torch.maximum, a, b)
    same_as_torch(F.minimum, torch.minimum, a, b)
    same_as_torch(F.maximum, torch.maximum, A, COLUMN)


@pytest.mark.parametrize("bounds", [(-1.0, 1.0), (None, 0.5), (-1.0, None), (2.0, -1.0), (None, None), (0, 1)])
def test_clip_as_torch(bounds):
    same_as_torch(lambda x: x.clip(*bounds), lambda x: x.clamp(*bounds), SPECIAL)
    same_as_torch(lambda x: x.clip(*bounds), lambda x: x.clamp(*bounds), np.arange(-3, 3))


def test_where_as_torch():
    torch = pytest.importorskip("torch")
    mask = A > 0
    same_as_torch(lambda a, b: F.where(mask, a, b), lambda a, b: torch.where(torch.tensor(mask), a, b), A, ROW)
    same_as_torch(lambda a: F.where(mask, a, 0), lambda a: torch.where(torch.tensor(mask), a, 0), COLUMN)
    same_as_torch(lambda a: F.where(a, a, 0), lambda a: torch.where(a, a, 0), A)


def test_refusals_say_what_came():
    with pytest.raises(ValueError, match=r"add: shapes \(2,\) and \(3,\) do not broadcast"):
        mm.Tensor(np.ones(2)) + np.ones(3)
    with pytest.raises(TypeError, match="not analytic"):
        F.abs(np.array([1j]))
    with pytest.raises(TypeError, match="use maximum"):
        F.clip(np.ones(3), np.zeros(3))
    with pytest.raises(TypeError, match="unsupported operand"):
        mm.Tensor([1.0]) + "1"
    with pytest.raises(TypeError, match="condition must be boolean"):
        F.where(np.ones(2), 1.0, 2.0)


def test_memory_order_is_kept():
    activation = np.ones((3, 4, 5, 2), np.float32).transpose(3, 0, 1, 2)
    x = mm.Tensor(activation)
    for output in (x + x, x * 2, F.relu(x), F.swish(x), F.maximum(x, 0.5), F.clip(x, 0, 6), x / 3, F.where(x > 0, x, 0)):
        assert output.data.transpose(1, 2, 3, 0).flags.c_contiguous


def test_casts_are_part_of_the_graph():
    same_as_torch(lambda x: (x.double() * 3).float(), lambda x: (x.double() * 3).float(), A)
    x = mm.Tensor(A, requires_grad=True)
    assert not x.astype(np.int64).requires_grad


def gradient_of(function, *values):
    x = mm.Tensor(np.array(values), requires_grad=True)
    function(x).sum().backward()
    return x.grad.tolist()


def test_corners():
    """Where there is no slope, PyTorch's choice."""
    assert gradient_of(lambda x: F.clip(x, 0, 1), -1.0, 0.0, 0.5, 1.0, 2.0) == [0, 1, 1, 1, 0]
    assert gradient_of(lambda x: F.maximum(x, 1.0), 0.0, 1.0, 2.0) == [0, 0.5, 1]
    assert gradient_of(lambda x: F.minimum(x, 1.0), 0.0, 1.0, 2.0) == [1, 0.5, 0]
    assert gradient_of(F.abs, -2.0, 0.0, 2.0) == [-1, 0, 1]
    assert gradient_of(lambda x: x**0, 0.0, 2.0) == [0, 0]
    assert gradient_of(lambda x: 0.0**x, 0.0, 2.0) == [0, 0]


def test_nan_is_never_hidden():
    for function in (
        F.neg,
        F.exp,
        F.log,
        F.sqrt,
        F.tanh,
        F.abs,
        lambda x: F.clip(x, 0, 1),
        lambda x: F.maximum(x, 0),
        lambda x: F.minimum(0, x),
    ):
        assert np.isnan(function([np.nan]).item())
