"""Matrix products with a long last axis: what a pointwise convolution is when channels come first in memory.

``product``: out (M, P) = weight (M, K) @ x (K, P).       ``outer``: partial (.., M, K) = gradient (M, P) @ x (K, P)^T.

Sixteen multiply-adds at a time: four rows of one matrix meet four of the other, and each number that is loaded is used four
times. Columns go in tiles that fit the cache. For the sizes of a small MixNet (16 to 96 rows on one side, tens of thousands of
columns) this is ahead of general BLAS, which packs both matrices first; and a result never depends on the number of threads.
"""

import numpy as np

from minimix.kernels.jit import U, kernel

ROWS = 64  # of the output, that one thread takes at once


@kernel
def _four_by_four(out, m0, m1, m2, m3, weight, m, x, x0, x1, x2, x3, k, n, first):
    """out[m0 : m0+n], ... (+)= weight[m .. m+3, k .. k+3] @ x[x0 : x0+n], ..."""
    a00, a01, a02, a03 = weight[m, k], weight[m, k + 1], weight[m, k + 2], weight[m, k + 3]
    a10, a11, a12, a13 = weight[m + 1, k], weight[m + 1, k + 1], weight[m + 1, k + 2], weight[m + 1, k + 3]
    a20, a21, a22, a23 = weight[m + 2, k], weight[m + 2, k + 1], weight[m + 2, k + 2], weight[m + 2, k + 3]
    a30, a31, a32, a33 = weight[m + 3, k], weight[m + 3, k + 1], weight[m + 3, k + 2], weight[m + 3, k + 3]
    if first:
        for j in range(n):
            b0, b1, b2, b3 = x[x0 + j], x[x1 + j], x[x2 + j], x[x3 + j]
            out[m0 + j] = a00 * b0 + a01 * b1 + a02 * b2 + a03 * b3
            out[m1 + j] = a10 * b0 + a11 * b1 + a12 * b2 + a13 * b3
            out[m2 + j] = a20 * b0 + a21 * b1 + a22 * b2 + a23 * b3
            out[m3 + j] = a30 * b0 + a31 * b1 + a32 * b2 + a33 * b3
    else:
        for j in range(n):
            b0, b1, b2, b3 = x[x0 + j], x[x1 + j], x[x2 + j], x[x3 + j]
            out[m0 + j] += a00 * b0 + a01 * b1 + a02 * b2 + a03 * b3
            out[m1 + j] += a10 * b0 + a11 * b1 + a12 * b2 + a13 * b3
            out[m2 + j] += a20 * b0 + a21 * b1 + a22 * b2 + a23 * b3
            out[m3 + j] += a30 * b0 + a31 * b1 + a32 * b2 + a33 * b3


@kernel
def _one_by_one(out, o, a, x, i, n, first):
    """out[o : o+n] (+)= a * x[i : i+n]: what is left over."""
    if first:
        for j in range(n):
            out[o + j] = a * x[i + j]
    else:
        for j in range(n):
            out[o + j] += a * x[i + j]


@kernel
def product(start, step, weight, x, out, columns, tile):
    """out (M, P) = weight (M, K) @ x (K, P); x and out are flat, P = columns. Items are (tile of columns, ROWS rows)."""
    M, K = weight.shape
    panels = (M + ROWS - 1) // ROWS
    P = U(columns)
    for item in range(start, ((columns + tile - 1) // tile) * panels, step):
        j = item // panels * tile
        n = U(min(tile, columns - j))
        top = item % panels * ROWS
        for m in range(top, min(top + ROWS, M), 4):
            o = U(m * columns + j)
            if m + 4 <= M:
                for k in range(0, K - 3, 4):
                    i = U(k * columns + j)
                    _four_by_four(out, o, o + P, o + P + P, o + P + P + P, weight, m,
                                  x, i, i + P, i + P + P, i + P + P + P, k, n, k == 0)  # fmt: skip
                rest = K - K % 4
            else:
                rest = 0
            for row in range(m, min(m + 4, M)):
                for k in range(rest, K):
                    _one_by_one(out, U(row * columns + j), weight[row, k], x, U(k * columns + j), n, k == 0)


@kernel
def _outer_four_by_four(total, m, k, M, K, gradient, g0, g1, g2, g3, x, x0, x1, x2, x3, n):
    """total[m .. m+3, k .. k+3] += gradient rows @ x rows^T, over n columns. Rows beyond M and K are computed, not stored."""
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


@kernel
def _store(total, m, k, M, K, s0, s1, s2, s3):
    if m < M:
        total[m, k] += s0
        if k + 1 < K:
            total[m, k + 1] += s1
        if k + 2 < K:
            total[m, k + 2] += s2
        if k + 3 < K:
            total[m, k + 3] += s3


@kernel
def outer(start, step, gradient, x, partial, columns, chunk, tile):
    """partial[i] = gradient (M, P) @ x (K, P)^T over the i-th ``chunk`` of columns; gradient and x are flat, P = columns.

    The sum over i is left to the caller: always the same chunks in the same order, whatever the number of threads.
    """
    chunks, M, K = partial.shape
    for item in range(start, chunks, step):
        total = partial[item]
        total[:] = 0
        end = min((item + 1) * chunk, columns)
        for j in range(item * chunk, end, tile):
            n = U(min(tile, end - j))
            for m in range(0, M, 4):
                g0, g1 = U(m * columns + j), U(min(m + 1, M - 1) * columns + j)
                g2, g3 = U(min(m + 2, M - 1) * columns + j), U(min(m + 3, M - 1) * columns + j)
                for k in range(0, K, 4):
                    x0, x1 = U(k * columns + j), U(min(k + 1, K - 1) * columns + j)
                    x2, x3 = U(min(k + 2, K - 1) * columns + j), U(min(k + 3, K - 1) * columns + j)
                    _outer_four_by_four(total, m, k, M, K, gradient, g0, g1, g2, g3, x, x0, x1, x2, x3, n)
