"""Matrix products with a long last axis: what a pointwise convolution is when channels come first in memory.

    forward:  out (M, P) = weight (M, K) @ x (K, P)
    backward: gx (K, P) = weight^T @ gradient (M, P),     partial (M, K) = gradient @ x^T, a sum over P

Four rows of the output meet a few vector registers full of columns, and stay in registers of their own (``simd.py``) from the
first of the K terms to the last: what is not in the cache is then waited for once. Where the weight's gradient is summed up,
four rows of one matrix meet four of the other, and each number that is loaded is used four times. Columns go in tiles that fit
the cache. A tile is first copied together ("packed"): in the activation its rows lie a power of two apart, and a cache can hold
only a few such rows at once. For the sizes of a small MixNet (16 to 96 rows on one side, thousands of columns) this is ahead of
general BLAS; and a result never depends on the number of threads.
"""

import platform

import numpy as np
from numba import types

from minimix.kernels.activation import shift_activate
from minimix.kernels.ahead import follows
from minimix.kernels.jit import U, inlined, kernel, shared
from minimix.kernels.simd import BYTES, lanes_of, load1, load2, load4, store, store_past, zeros1, zeros2, zeros4
from minimix.kernels.team import share

ROWS = 64  # of the output, that one thread takes at once
FAR = 1 << 23  # bytes: so large an output has left the cache before anybody reads it


@inlined
def pack(packed, x, first, rows, columns, j, n):
    """packed (rows, n) = x[first : first+rows, j : j+n] of the flat matrix x (.., columns)."""
    for k in range(rows):
        i, o = U((first + k) * columns + j), U(k) * n
        for c in range(n):
            packed[o + c] = x[i + c]


def _four_rows(zeros, load):
    @inlined
    def four_rows(out, columns, j, weight, m, bottom, x, i, n, past):
        """Rows m .. m+3 of the output, as many columns as ``load`` takes from x[i:], from column j on.

        Beyond row ``bottom`` - 1 that row is taken again.
        """
        m0, m1, m2, m3 = m, min(m + 1, bottom - 1), min(m + 2, bottom - 1), min(m + 3, bottom - 1)
        s0 = s1 = s2 = s3 = zeros(x)
        at = U(i)
        for k in range(weight.shape[1]):
            some = load(x, at)
            s0 = s0 + weight[m0, k] * some
            s1 = s1 + weight[m1, k] * some
            s2 = s2 + weight[m2, k] * some
            s3 = s3 + weight[m3, k] * some
            at += U(n)
        if past:
            store_past(out, U(m0 * columns + j), s0)
            store_past(out, U(m1 * columns + j), s1)
            store_past(out, U(m2 * columns + j), s2)
            store_past(out, U(m3 * columns + j), s3)
        else:
            store(out, U(m0 * columns + j), s0)
            store(out, U(m1 * columns + j), s1)
            store(out, U(m2 * columns + j), s2)
            store(out, U(m3 * columns + j), s3)

    return four_rows


# for each of the four rows: a processor has 32 of the widest registers, and so has any ARM; others have 16
REGISTERS = 4 if BYTES == 64 or platform.machine().lower() in ("arm64", "aarch64") else 2
_wide, _narrow = _four_rows(*((zeros4, load4) if REGISTERS == 4 else (zeros2, load2))), _four_rows(zeros1, load1)


@shared
def tile_product(out, columns, j, weight, top, bottom, x, n):
    """out[top : bottom, j : j+n] = weight[top : bottom] @ packed x (K, n); out is flat, (.., columns).

    Columns go in blocks. The last block reaches back to columns that have their result already, and finds the same.
    """
    n, narrow = np.int64(n), lanes_of(x)
    wide = REGISTERS * narrow
    past = out.size * out.itemsize >= FAR and (out.ctypes.data | (columns | j | n) * out.itemsize) % BYTES == 0
    for m in range(top, bottom, 4):
        if n >= wide:
            for i in range(0, n, wide):
                i = min(i, n - wide)
                _wide(out, columns, j + i, weight, m, bottom, x, i, n, past)
        elif n >= narrow:
            for i in range(0, n, narrow):
                i = min(i, n - narrow)
                _narrow(out, columns, j + i, weight, m, bottom, x, i, n, False)
        else:
            for row in range(m, min(m + 4, bottom)):
                o = U(row * columns + j)
                for i in range(U(n)):
                    total = x.dtype.type(0)
                    for k in range(U(weight.shape[1])):
                        total += weight[row, k] * x[k * U(n) + i]
                    out[o + i] = total


@inlined
def multiply(start, step, weight, pack, x, first, out, columns, tile, packed):
    """out (M, P) = weight (M, K) @ x (K, P); out is flat, P = columns.

    x: whatever ``pack`` makes rows of, from its row ``first`` on. Items are four rows of a tile of columns. A thread takes some
    that follow one another, and so packs few tiles, also where there is only one for all threads.
    """
    M, K = weight.shape
    rows = (M + 3) // 4 * 4
    items = (columns + tile - 1) // tile * rows // 4
    item, end = start * items // step * 4, (start + 1) * items // step * 4
    while item < end:
        j, top = item // rows * tile, item % rows
        n, bottom = min(tile, columns - j), min(M, top + end - item)
        pack(packed, x, first, K, columns, j, U(n))
        tile_product(out, columns, j, weight, top, bottom, packed, U(n))
        item += rows - top


@kernel
def forward(start, step, team, weight, x, out, columns, tile, scratch):
    """out (M, P) = weight (M, K) @ x (K, P); x and out are flat, P = columns."""
    if share(team, start, step):
        return
    multiply(start, step, weight, pack, x, 0, out, columns, tile, scratch[start])


@kernel
def forward_activated(start, step, team, weight, x, out, columns, tile, scratch, bias, activation):
    """The same, and then out = activation(out + bias (M,)), while the tile is in the cache."""
    if share(team, start, step):
        return
    M, K = weight.shape
    packed = scratch[start]
    for item in range(start, (columns + tile - 1) // tile, step):
        j = item * tile
        n = min(tile, columns - j)
        pack(packed, x, 0, K, columns, j, U(n))
        for top in range(0, M, ROWS):
            bottom = min(top + ROWS, M)
            tile_product(out, columns, j, weight, top, bottom, packed, U(n))
            for row in range(top, bottom):
                shift_activate(out, U(row * columns + j), U(n), bias[row], activation)


@kernel
def activate(start, step, out, columns, bias, activation):
    """out = activation(out + bias (M,)), alone."""
    for row in range(start, bias.shape[0], step):
        shift_activate(out, U(row * columns), U(columns), bias[row], activation)


@inlined
def _dot_four_by_four(total, m, k, M, K, gradient, x, n):
    """total[m .. m+3, k .. k+3] += rows of the packed gradient @ rows of the packed x, transposed.

    Beyond the last row, the last one is taken again and the result is not stored.
    """
    g0, g1, g2, g3 = U(m) * n, U(min(m + 1, M - 1)) * n, U(min(m + 2, M - 1)) * n, U(min(m + 3, M - 1)) * n
    x0, x1, x2, x3 = U(k) * n, U(min(k + 1, K - 1)) * n, U(min(k + 2, K - 1)) * n, U(min(k + 3, K - 1)) * n
    s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = x.dtype.type(0)
    s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = x.dtype.type(0)
    for j in range(n):
        b0, b1, b2, b3 = x[x0 + j], x[x1 + j], x[x2 + j], x[x3 + j]
        c0, c1, c2, c3 = gradient[g0 + j], gradient[g1 + j], gradient[g2 + j], gradient[g3 + j]
        s00 += c0 * b0
        s01 += c0 * b1
        s02 += c0 * b2
        s03 += c0 * b3
        s10 += c1 * b0
        s11 += c1 * b1
        s12 += c1 * b2
        s13 += c1 * b3
        s20 += c2 * b0
        s21 += c2 * b1
        s22 += c2 * b2
        s23 += c2 * b3
        s30 += c3 * b0
        s31 += c3 * b1
        s32 += c3 * b2
        s33 += c3 * b3
    _store(total, m, k, M, K, s00, s01, s02, s03)
    _store(total, m + 1, k, M, K, s10, s11, s12, s13)
    _store(total, m + 2, k, M, K, s20, s21, s22, s23)
    _store(total, m + 3, k, M, K, s30, s31, s32, s33)


@inlined
def _store(total, m, k, M, K, s0, s1, s2, s3):
    if m < M:
        total[m, k] += s0
        if k + 1 < K:
            total[m, k + 1] += s1
        if k + 2 < K:
            total[m, k + 2] += s2
        if k + 3 < K:
            total[m, k + 3] += s3


@shared
def tile_outer(total, gradient, M, x, K, n):
    """total (M, K) += packed gradient (M, n) @ packed x (K, n), transposed."""
    for m in range(0, M, 4):
        for k in range(0, K, 4):
            _dot_four_by_four(total, m, k, M, K, gradient, x, n)


@inlined
def multiply_backward(start, step, weight_t, gradient, pack_x, x, first, gx, partial, want_x, want_weight, columns, chunk, tile,
                      scratch):  # fmt: skip
    """gx (K, P) = weight_t (K, M) @ gradient (M, P); partial[i] = gradient @ x^T over the i-th ``chunk`` of columns.

    x: whatever ``pack_x`` makes rows of, from its row ``first`` on. The sum over i is left to the caller: always the same
    chunks in the same order, whatever the number of threads. Where chunks are few, threads share the rows of each, in fours.
    """
    K, M = weight_t.shape
    gradients, inputs = scratch[: M * tile], scratch[M * tile :]
    chunks = (columns + chunk - 1) // chunk
    parts = step if chunks < 4 * step else 1
    for item in range(start, chunks * parts, step):
        i, part = item // parts, item % parts
        top, bottom = _fours(K, part, parts)
        above, below = _fours(M, part, parts)
        end = min((i + 1) * chunk, columns)
        if want_weight:
            partial[i, above:below] = 0
        for j in range(i * chunk, end, tile):
            n = U(min(tile, end - j))
            pack(gradients, gradient, 0, M, columns, j, n)
            if want_x:
                tile_product(gx, columns, j, weight_t, top, bottom, gradients, n)
            if want_weight:
                pack_x(inputs, x, first, K, columns, j, n)
                tile_outer(partial[i, above:below], gradients[U(above) * n :], below - above, inputs, K, n)


@inlined
def _fours(rows, part, parts):
    """(first, end) of one of so many parts of the rows, which begin at multiples of four."""
    fours = (rows + 3) // 4
    return part * fours // parts * 4, min(rows, (part + 1) * fours // parts * 4)


@kernel
def backward(start, step, team, weight_t, gradient, x, gx, partial, want_x, want_weight, columns, chunk, tile, scratch):
    """The same for a flat x (K, P)."""
    if share(team, start, step):
        return
    multiply_backward(start, step, weight_t, gradient, pack, x, 0, gx, partial, want_x, want_weight, columns, chunk, tile,
                      scratch[start])  # fmt: skip


follows(
    forward, backward, lambda start, step, team, weight, x, out, columns, tile, scratch:
    (start, step, team, weight, x, x, x, x.copy(ndim=3), types.boolean, types.boolean, columns, columns, tile, scratch),
)  # fmt: skip
