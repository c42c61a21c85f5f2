"""Matrix products."""

import numpy as np

from minimix.ops.elementwise import unbroadcast
from minimix.ops.op import Op


def matmul_forward(a, b):
    """a (..., n, k) @ b (..., k, m) -> (..., n, m). A 1-D ``a`` is one row, a 1-D ``b`` one column; their axis is dropped."""
    return np.matmul(a, b), (a, b)


def matmul_backward(gradient, saved, needed):
    a, b = saved
    rows = a[None, :] if a.ndim == 1 else a  # (..., n, k)
    columns = b[:, None] if b.ndim == 1 else b  # (..., k, m)
    if b.ndim == 1:
        gradient = np.expand_dims(gradient, -1)  # (..., n) -> (..., n, 1)
    if a.ndim == 1:
        gradient = np.expand_dims(gradient, -2)  # (..., m) -> (..., 1, m)
    to_a = to_b = None
    if needed[0]:
        to_a = unbroadcast(gradient @ np.swapaxes(columns, -1, -2), rows.shape).reshape(a.shape)
    if needed[1]:
        to_b = unbroadcast(np.swapaxes(rows, -1, -2) @ gradient, columns.shape).reshape(b.shape)
    return to_a, to_b


def matmul_flops(output, saved):
    return 2 * output.size * saved[0].shape[-1]


MATMUL = Op("matmul", matmul_forward, matmul_backward, selective=True, flops=matmul_flops)


def linear_forward(x, weight, bias=None):
    """x (..., I) times weight (O, I) transposed, plus bias (O) -> (..., O)."""
    output = x @ weight.T
    if bias is not None:
        output += bias
    return output, (x, weight, bias is not None)


def linear_backward(gradient, saved, needed):
    x, weight, has_bias = saved
    rows = gradient.reshape(-1, weight.shape[0])  # (rows, O)
    to_x = gradient @ weight if needed[0] else None
    to_weight = rows.T @ x.reshape(-1, weight.shape[1]) if needed[1] else None  # (O, I)
    if not has_bias:
        return to_x, to_weight
    return to_x, to_weight, rows.sum(axis=0) if needed[2] else None


LINEAR = Op("linear", linear_forward, linear_backward, selective=True, flops=matmul_flops)
