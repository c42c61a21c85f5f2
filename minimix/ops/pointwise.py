"""Pointwise (1x1) convolution, and everything else that is a product of a matrix with long rows.

    forward:  out (M, P) = weight (M, K) @ x (K, P)
    backward: x's gradient = weight^T @ gradient,  weight's gradient = gradient @ x^T

with P = H * W * N columns, which is how an activation lies in memory. With groups, each group of channels is a slab of rows and
a product of its own.
"""

import numpy as np

from minimix import convargs, reference
from minimix.kernels import memory, product
from minimix.kernels.threads import get_num_threads, parallel
from minimix.ops.layout import channel_major, nchw
from minimix.ops.op import Op

CACHE = 1 << 18  # bytes that a packed tile of columns may take
CHUNKS = 16  # partial sums of a weight gradient


def _tile(rows: int, itemsize: int) -> int:
    """Columns at a time: a whole number of vectors, and so few that ``rows`` rows of them fit the cache."""
    return max(256, min(1024, CACHE // (rows * itemsize) // 64 * 64))


def _threads(operations: int) -> int | None:
    return 1 if operations < 4_000_000 else None  # below about 50 us, waking a thread costs more than it brings


def matrix_product(weight: np.ndarray, x: np.ndarray, out: np.ndarray) -> np.ndarray:
    """out (M, P) = weight (M, K) @ x (K, P). All C-contiguous, of one dtype."""
    (M, K), P = weight.shape, x.shape[1]
    if out.size and K:
        tile = min(_tile(K, x.itemsize), P)
        parallel(product.forward, weight, x.reshape(-1), out.reshape(-1), P, tile, _scratch(K * tile, x.dtype),
                 threads=_threads(M * K * P))  # fmt: skip
    else:
        out[...] = 0
    return out


def matrix_product_backward(gradient: np.ndarray, weight: np.ndarray, x: np.ndarray, gx: np.ndarray | None, want_weight=True):
    """Fill gx (K, P) = weight^T @ gradient where it is not None; return gradient @ x^T, (M, K), where wanted.

    Both in one pass over the gradient. The order of summation depends on P alone.
    """
    (M, P), K = gradient.shape, x.shape[0]
    if P == 0 or M == 0:
        if gx is not None:
            gx[...] = 0
        return np.zeros((M, K), x.dtype) if want_weight else None
    chunk = max(256, -(-P // (CHUNKS * 64)) * 64)
    tile = min(_tile(M + K, x.itemsize), chunk)
    partial = np.empty((-(-P // chunk), M, K) if want_weight else (0, M, K), x.dtype)
    parallel(product.backward, np.ascontiguousarray(weight.T), gradient.reshape(-1), x.reshape(-1),
             gradient.reshape(-1)[:0] if gx is None else gx.reshape(-1), partial, gx is not None, want_weight,
             P, chunk, tile, _scratch((M + K) * tile, x.dtype), threads=_threads(M * K * P))  # fmt: skip
    return partial.sum(axis=0) if want_weight else None


def outer_product(gradient: np.ndarray, x: np.ndarray) -> np.ndarray:
    """gradient (M, P) @ x (K, P)^T, an (M, K) array."""
    return matrix_product_backward(gradient, np.empty((len(gradient), len(x)), x.dtype), x, None)


def _scratch(size: int, dtype) -> np.ndarray:
    """Room for the packed tiles of every thread."""
    return memory.empty((get_num_threads(), size), dtype)


def grouped_product(weight: np.ndarray, x: np.ndarray, groups: int) -> np.ndarray:
    """weight (M, K/groups) times x (K, P), group by group -> (M, P)."""
    M, P = weight.shape[0], x.shape[1]
    out = memory.empty((M, P), x.dtype)
    m, k = M // groups, x.shape[0] // groups
    for g in range(groups):
        matrix_product(weight[g * m : (g + 1) * m], x[g * k : (g + 1) * k], out[g * m : (g + 1) * m])
    return out


def grouped_product_backward(gradient, weight, x, groups: int, needed=(True, True)):
    """Gradients of x and of the weight for ``grouped_product``."""
    m, k = weight.shape[0] // groups, x.shape[0] // groups
    gx = memory.empty(x.shape, x.dtype) if needed[0] else None
    gw = np.empty(weight.shape, x.dtype) if needed[1] else None
    for g in range(groups):
        rows, inputs = slice(g * m, (g + 1) * m), slice(g * k, (g + 1) * k)
        part = matrix_product_backward(gradient[rows], weight[rows], x[inputs], None if gx is None else gx[inputs], needed[1])
        if needed[1]:
            gw[rows] = part
    return gx, gw


def pointwise_conv2d(x, weight, *bias, groups=1):
    """x (N, C, H, W), weight (C_out, C/groups, 1, 1), maybe a bias (C_out,) -> (N, C_out, H, W)."""
    geometry = convargs.pointwise_conv2d(x, weight, *bias, groups=groups)
    if x.dtype.kind == "c":
        return reference.pointwise_conv2d(x, weight, *bias, groups=groups), None
    rows = channel_major(x).reshape(geometry.channels, -1)  # (C, H*W*N)
    matrix = np.ascontiguousarray(weight.reshape(geometry.out_channels, -1))
    out = grouped_product(matrix, rows, geometry.groups)
    if bias:
        out += bias[0][:, None]
    return nchw(out.reshape(geometry.out_channels, geometry.height, geometry.width, geometry.batch)), (rows, matrix, geometry)


def pointwise_conv2d_backward(gradient, saved, needed):
    rows, matrix, geometry = refuse_complex(saved)
    g = channel_major(gradient).reshape(geometry.out_channels, -1)
    gx, gw = grouped_product_backward(g, matrix, rows, geometry.groups, needed)
    if gx is not None:
        gx = nchw(gx.reshape(geometry.channels, geometry.height, geometry.width, geometry.batch))
    if gw is not None:
        gw = gw.reshape(*gw.shape, 1, 1)
    return gx, gw, *(g.sum(axis=1) if wanted else None for wanted in needed[2:])


def refuse_complex(saved):
    """Complex arrays only go forward, through the reference twins: that is all that a complex-step check needs."""
    if saved is None:
        raise TypeError("backward through a convolution of complex numbers is not supported: use float32 or float64")
    return saved


def pointwise_flops(out, saved) -> int:
    return 2 * out.size * saved[1].shape[1] if saved else 0


POINTWISE_CONV2D = Op("pointwise_conv2d", pointwise_conv2d, pointwise_conv2d_backward, selective=True, flops=pointwise_flops)
