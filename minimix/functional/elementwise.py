"""Arithmetic on Tensors. Shapes broadcast, numbers adapt to the Tensor's dtype (see ``promotion.py``)."""

from typing import Any

import numpy as np

from minimix.functional.promotion import as_floating, as_tensor, cast, is_number, plain, promote, result_dtype
from minimix.ops import elementwise as ops
from minimix.tensor import Tensor, apply


def _broadcast(op, a, b, floating: bool = False, **options) -> Tensor:
    a, b = promote(a, b)
    if floating:
        a, b = as_floating(a), as_floating(b)
    if a.shape != b.shape:
        check_broadcast(op.name, a.shape, b.shape)
    return apply(op, a, b, **options)


def check_broadcast(name: str, *shapes: tuple) -> tuple:
    """The shape that ``shapes`` broadcast to. Raises ValueError where they do not."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(
            f"{name}: shapes {' and '.join(map(str, shapes))} do not broadcast: counted from the last, axes must have equal "
            "lengths, or one of them length 1. reshape() or unsqueeze() one of them"
        ) from None


def add(a, b) -> Tensor:
    """a + b.

    >>> import minimix.functional as F
    >>> F.add([1.0, 2.0], 10)
    Tensor([11., 12.])
    """
    return _broadcast(ops.ADD, a, b)


def sub(a, b) -> Tensor:
    """a - b.

    >>> import minimix.functional as F
    >>> F.sub([1.0, 2.0], 10).data
    array([-9., -8.], dtype=float32)
    """
    return _broadcast(ops.SUB, a, b)


def mul(a, b) -> Tensor:
    """a * b, element by element.

    >>> import minimix.functional as F
    >>> F.mul([[1.0], [2.0]], [3.0, 4.0]).data
    array([[3., 4.],
           [6., 8.]], dtype=float32)
    """
    return _broadcast(ops.MUL, a, b)


def div(a, b) -> Tensor:
    """a / b. Division by zero gives infinity or NaN; integers are divided as float32.

    >>> import minimix.functional as F
    >>> F.div([1.0, -1.0, 0.0], 0).data
    array([ inf, -inf,  nan], dtype=float32)
    """
    return _broadcast(ops.DIV, a, b, floating=True)


def pow(a: Any, b: Any) -> Tensor:
    """a to the power of b, each a Tensor or a number.

    >>> import minimix as mm, minimix.functional as F
    >>> x = mm.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> F.pow(x, 3).sum().backward()
    >>> x.grad
    array([ 3., 12., 27.], dtype=float32)
    """
    return _broadcast(ops.POW, a, b)


def maximum(a: Any, b: Any) -> Tensor:
    """The larger of each pair; NaN where either is NaN. Equal pairs share the gradient.

    >>> import minimix.functional as F
    >>> F.maximum([1.0, 5.0], 3).data
    array([3., 5.], dtype=float32)
    """
    return _broadcast(ops.MAXIMUM, a, b)


def minimum(a: Any, b: Any) -> Tensor:
    """The smaller of each pair; NaN where either is NaN. Equal pairs share the gradient.

    >>> import minimix.functional as F
    >>> F.minimum([1.0, 5.0], 3).data
    array([1., 3.], dtype=float32)
    """
    return _broadcast(ops.MINIMUM, a, b)


def where(condition, a, b) -> Tensor:
    """a where ``condition`` (booleans), b elsewhere. All three broadcast.

    >>> import minimix.functional as F
    >>> F.where([True, False], [1.0, 2.0], 0).data
    array([1., 0.], dtype=float32)
    """
    condition = condition.data if isinstance(condition, Tensor) else np.asarray(condition)
    if condition.dtype != bool:
        raise TypeError(f"where: condition must be boolean, not {condition.dtype}: compare something, as in where(x > 0, x, 0)")
    a, b = promote(a, b)
    check_broadcast("where", condition.shape, a.shape, b.shape)
    return apply(ops.WHERE, a, b, condition=condition)


def neg(x) -> Tensor:
    """-x.

    >>> import minimix.functional as F
    >>> F.neg([1.0, -2.0]).data
    array([-1.,  2.], dtype=float32)
    """
    x = as_tensor(x)
    if x.dtype == bool:
        raise TypeError("neg: -x of booleans means nothing: use ~x.data")
    return apply(ops.NEG, x)


def exp(x) -> Tensor:
    """e to the power of x.

    >>> import minimix.functional as F
    >>> F.exp([0.0, 1000.0, -1000.0]).data
    array([ 1., inf,  0.], dtype=float32)
    """
    return apply(ops.EXP, as_floating(x))


def log(x) -> Tensor:
    """Natural logarithm; -inf at 0, NaN below.

    >>> import minimix.functional as F
    >>> F.log([1.0, 0.0, -1.0]).data
    array([  0., -inf,  nan], dtype=float32)
    """
    return apply(ops.LOG, as_floating(x))


def sqrt(x) -> Tensor:
    """Square root; NaN of negative numbers.

    >>> import minimix.functional as F
    >>> F.sqrt([4.0, 9.0]).data
    array([2., 3.], dtype=float32)
    """
    return apply(ops.SQRT, as_floating(x))


def tanh(x) -> Tensor:
    """Hyperbolic tangent.

    >>> import minimix.functional as F
    >>> F.tanh([0.0, 1000.0]).data
    array([0., 1.], dtype=float32)
    """
    return apply(ops.TANH, as_floating(x))


def abs(x) -> Tensor:
    """Absolute value; the gradient at 0 is 0. Refuses complex numbers, of which it is not analytic.

    >>> import minimix.functional as F
    >>> F.abs([-2.0, 3.0]).data
    array([2., 3.], dtype=float32)
    """
    return apply(ops.ABS, as_tensor(x))


def clip(x: Any, min: float | None = None, max: float | None = None) -> Tensor:
    """Limit values to min .. max; either may be left out. At a bound itself the gradient still passes.

    >>> import minimix.functional as F
    >>> F.clip([-2.0, 0.5, 7.0], 0, 6).data
    array([0. , 0.5, 6. ], dtype=float32)
    """
    if min is None and max is None:
        raise ValueError("clip: give min, max or both")
    for name, bound in (("min", min), ("max", max)):
        if bound is not None and not is_number(bound):
            raise TypeError(
                f"clip: {name} must be a number, not {type(bound).__name__}: use maximum() and minimum() for arrays"
            )
    x = as_tensor(x)
    low, high = (bound if bound is None else plain(bound) for bound in (min, max))
    x = cast(x, result_dtype(x, *(bound for bound in (low, high) if bound is not None)))
    return apply(ops.CLIP, x, low=low, high=high)


def astype(x: Any, dtype: Any) -> Tensor:
    """``x`` in another dtype, as part of the graph; whole-number dtypes end it, having no slope.

    >>> import minimix.functional as F
    >>> F.astype([1.7, -1.7], "int64").data
    array([ 1, -1])
    """
    return cast(as_tensor(x), dtype)
