"""Matrix products of Tensors."""

from typing import Any

from minimix.convargs import need_one_dtype
from minimix.functional.elementwise import check_broadcast
from minimix.functional.promotion import as_tensor
from minimix.ops import matmul as ops
from minimix.tensor import Tensor, apply


def matmul(a: Any, b: Any) -> Tensor:
    """Matrix product of a (..., n, k) and b (..., k, m); axes in front broadcast. A 1-D ``a`` is a row, a 1-D ``b`` a column.

    Raises ValueError where the shapes do not fit, RuntimeError where the dtypes differ.

    >>> import minimix.functional as F
    >>> F.matmul([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).data
    array([3., 7.], dtype=float32)
    """
    a, b = as_tensor(a), as_tensor(b)
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(f"matmul: shapes {a.shape} and {b.shape}: each needs an axis at least; use * to scale by a number")
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != inner:
        raise ValueError(
            f"matmul: shapes {a.shape} and {b.shape}: rows of {a.shape[-1]} cannot meet columns of {inner}; transpose one?"
        )
    need_one_dtype(a, {"b": b}, "matmul: ", "a")
    if a.ndim > 2 or b.ndim > 2:
        check_broadcast("matmul (axes before the last two)", a.shape[:-2], b.shape[:-2])
    return apply(ops.MATMUL, a, b)


def linear(x, weight, bias=None) -> Tensor:
    """x (..., I) times weight (O, I) transposed, plus bias (O): a fully connected layer, output (..., O).

    Raises ValueError where the shapes do not fit, RuntimeError where the dtypes differ.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.linear(np.ones((2, 3)), np.ones((4, 3)), np.zeros(4)).data
    array([[3., 3., 3., 3.],
           [3., 3., 3., 3.]])
    """
    x, weight = as_tensor(x), as_tensor(weight)
    if weight.ndim != 2:
        raise ValueError(f"linear: weight has shape {weight.shape}, expected (out_features, in_features)")
    if x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"linear: x has shape {x.shape} and weight (out_features, in_features) {weight.shape}: "
            f"x's last axis must have in_features = {weight.shape[1]}; flatten x first?"
        )
    bias = None if bias is None else as_tensor(bias)
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"linear: bias has shape {bias.shape}, expected {weight.shape[:1]}, one for each output")
    need_one_dtype(x, {"weight": weight, "bias": bias}, "linear: ")
    return apply(ops.LINEAR, x, weight) if bias is None else apply(ops.LINEAR, x, weight, bias)
