"""Matrix products."""

import math

import numpy as np

from minimix.ops.elementwise import unbroadcast
from minimix.ops.layout import ready
from minimix.ops.op import Op, reads_of_product, refuse_complex
from minimix.ops.product import matrix_product, outer_product
from minimix.ops.sums import summed


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


MATMUL = Op("matmul", matmul_forward, matmul_backward, selective=True, flops=matmul_flops, reads=reads_of_product)


FEW = 16  # samples, below which the features are the run that a product vectorises


def linear_forward(x, weight, bias=None):
    """x (..., I) times weight (O, I) transposed, plus bias (O) -> (..., O).

    The same products as a pointwise convolution's, on one "pixel": rows are features, columns are samples. float16 is computed
    in float32; what the kernels do not know, complex numbers and integers, is left to NumPy.
    """
    dtype = x.dtype.newbyteorder("=")
    if dtype == np.float16:
        x, weight = x.astype(np.float32), weight.astype(np.float32)
    elif dtype not in (np.float32, np.float64):
        output = x @ weight.T
        return (output if bias is None else output + bias), None
    weight = ready(weight)
    columns = ready(x.reshape(math.prod(x.shape[:-1]), x.shape[-1]).T)  # (I, samples)
    if columns.shape[1] < FEW:  # features are the longer run
        output = outer_product(weight, ready(columns.T))
    else:
        output = matrix_product(weight, columns, np.empty((len(weight), columns.shape[1]), columns.dtype))
    if bias is not None:
        output += bias[:, None]
    return output.T.reshape(*x.shape[:-1], len(weight)).astype(dtype, copy=False), (columns, weight, x.shape, bias is not None)


def linear_backward(gradient, saved, needed):
    columns, weight, shape, has_bias = refuse_complex(saved)
    dtype = gradient.dtype.newbyteorder("=")
    g = ready(gradient.reshape(math.prod(shape[:-1]), len(weight)).T.astype(columns.dtype, copy=False))  # (O, samples)
    to_x = to_weight = None
    if needed[0]:
        to_x = matrix_product(ready(weight.T), g, np.empty(columns.shape, g.dtype)).T.reshape(shape).astype(dtype, copy=False)
    if needed[1]:
        to_weight = outer_product(g, columns).astype(dtype, copy=False)
    if not has_bias:
        return to_x, to_weight
    return to_x, to_weight, summed(g, 1).astype(dtype, copy=False) if needed[2] else None


def linear_flops(output, saved):
    return 2 * output.size * saved[1].shape[1] if saved else 0


LINEAR = Op("linear", linear_forward, linear_backward, selective=True, flops=linear_flops, reads=reads_of_product)
