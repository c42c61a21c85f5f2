"""Products of a matrix with another that has long rows, forward and backward. ``kernels/product.py`` has the loops.

    forward:  out (M, P) = weight (M, K) @ x (K, P)
    backward: x's gradient = weight^T @ gradient,  weight's gradient = gradient @ x^T

In an activation P = H * W * N, as it lies in memory.
"""

import numpy as np

from minimix.kernels import memory, product
from minimix.kernels.activation import IDENTITY
from minimix.kernels.threads import parallel, threads_for
from minimix.ops.layout import ready
from minimix.ops.sums import summed

CACHE = 1 << 18  # bytes that a packed tile of columns may take
CHUNKS = 16  # partial sums of a weight gradient, or more
LONGEST = 1 << 16  # columns of one of them
LONG = 4096  # products that are summed up one after the other in their own dtype
SPEED = 60  # multiply-adds a nanosecond, about: to judge what is worth a second thread


def tile_columns(rows: int, itemsize: int) -> int:
    """Columns at a time: a whole number of vectors, and so few that ``rows`` rows of them fit the cache."""
    return max(256, min(512, CACHE // (rows * itemsize) // 64 * 64))


def partial_columns(columns: int) -> int:
    """Columns that share a partial sum of a weight gradient: always the same, whatever the number of threads."""
    return max(256, min(-(-columns // (CHUNKS * 64)) * 64, LONGEST))


def complete(partial: np.ndarray, axis: int) -> np.ndarray:
    """The sum over one axis of partial sums; where there is only one, that is it."""
    return partial.squeeze(axis) if partial.shape[axis] == 1 else summed(partial, axis)


def matrix_product(weight: np.ndarray, x: np.ndarray, out: np.ndarray, bias=None, activation=IDENTITY) -> np.ndarray:
    """out (M, P) = weight (M, K) @ x (K, P). All C-contiguous, of one dtype.

    bias: (M,) or None; with it, out = activation(weight @ x + bias) in the same pass. Needs K of 1 or more.
    """
    (M, K), P = weight.shape, x.shape[1]
    _need(x.shape == (K, P) and out.shape == (M, P), weight, x, out)
    if out.size and K > LONG:
        return _long_product(weight, x, out, bias, activation)
    if out.size and K:
        tile, n = min(tile_columns(K, x.itemsize), P), threads_for(M * K * P / SPEED)
        kernel, more = (product.forward, ()) if bias is None else (product.forward_activated, (bias, activation))
        scratch = memory.empty((n, K * tile), x.dtype)
        parallel(kernel, weight, x.reshape(-1), out.reshape(-1), P, tile, scratch, *more, threads=n)
    else:
        out[...] = 0
    return out


def _need(fits: bool, *arrays) -> None:
    """The loops do not look where they write: what does not fit must not reach them."""
    if not fits:
        raise ValueError(f"matrices of shapes {[None if a is None else a.shape for a in arrays]} do not fit each other")


def _long_product(weight, x, out, bias, activation):
    """The same in parts, whose sums are added: thousands of products are not added one by one."""
    matrix_product(ready(weight[:, :LONG]), x[:LONG], out)
    for k in range(LONG, len(x), LONG):
        out += matrix_product(ready(weight[:, k : k + LONG]), x[k : k + LONG], memory.empty(out.shape, out.dtype))
    if bias is not None:
        parallel(product.activate, out.reshape(-1), out.shape[1], bias, activation, threads=threads_for(out.size))
    return out


def matrix_product_backward(gradient: np.ndarray, weight: np.ndarray, x: np.ndarray, gx: np.ndarray | None, want_weight=True):
    """Fill gx (K, P) = weight^T @ gradient where it is not None; return gradient @ x^T, (M, K), where wanted.

    Both in one pass over the gradient. The order of summation depends on P alone.
    """
    (M, P), K = gradient.shape, x.shape[0]
    _need(x.shape == (K, P) and weight.shape == (M, K) and (gx is None or gx.shape == (K, P)), gradient, weight, x, gx)
    if P == 0 or M == 0:
        if gx is not None:
            gx[...] = 0
        return np.zeros((M, K), x.dtype) if want_weight else None
    chunk = partial_columns(P)
    tile, n = min(tile_columns(M + K, x.itemsize), chunk), threads_for(2 * M * K * P / SPEED)
    partial = np.empty((-(-P // chunk), M, K) if want_weight else (0, M, K), x.dtype)
    parallel(product.backward, np.ascontiguousarray(weight.T), gradient.reshape(-1), x.reshape(-1),
             gradient.reshape(-1)[:0] if gx is None else gx.reshape(-1), partial, gx is not None, want_weight,
             P, chunk, tile, memory.empty((n, (M + K) * tile), x.dtype), threads=n)  # fmt: skip
    return complete(partial, 0) if want_weight else None


def outer_product(gradient: np.ndarray, x: np.ndarray) -> np.ndarray:
    """gradient (M, P) @ x (K, P)^T, an (M, K) array."""
    return matrix_product_backward(gradient, np.empty((len(gradient), len(x)), x.dtype), x, None)


def grouped_product(weight: np.ndarray, x: np.ndarray, groups: int, bias=None, activation=IDENTITY) -> np.ndarray:
    """weight (M, K/groups) times x (K, P), group by group -> (M, P). bias, activation: as for ``matrix_product``."""
    M, P = weight.shape[0], x.shape[1]
    out = memory.empty((M, P), x.dtype)
    m, k = M // groups, x.shape[0] // groups
    for g in range(groups):
        rows, own = slice(g * m, (g + 1) * m), None if bias is None else bias[g * m : (g + 1) * m]
        matrix_product(weight[rows], x[g * k : (g + 1) * k], out[rows], own, activation)
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
