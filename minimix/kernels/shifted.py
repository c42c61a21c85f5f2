"""Every depthwise convolution is a weighted sum of shifted rows; its weight gradient is dot products with shifted rows.

A channel of a batch, (H, W, N) with the images innermost, is copied into a buffer with a border of zeros. There a tap of the
kernel is a pair (offset, weight), and a row of the output is

    out[i] = sum_t weight[t] * buffer[base + offset[t] + i]        for i in 0 .. OW * N

one long loop without borders or 2-D indices. Kernel size, dilation and stride only change the list of offsets (``taps.py``
makes it), so one kernel runs all groups of a mixed convolution. Because images are innermost, every offset is a multiple of
N: for N = 16, 32, ... each load is aligned, whatever the tap.

Taps go in blocks of eight: their weights and offsets sit in registers, and ``out`` is loaded and stored once for eight
multiply-adds. The square of an odd number is one more than a multiple of eight, so the first block may have nine. What is left
goes in fours and ones. A row at the border may take kernel rows along that meet only zeros above or below the picture, if that
makes whole blocks.
"""

from minimix.kernels.jit import U, inlined


@inlined
def _add8(out, o, n, x, base, offset, weight, t, first):
    """out[o : o+n] (+)= taps t .. t+7. ``first`` overwrites."""
    i0, i1, i2, i3 = base + offset[t], base + offset[t + U(1)], base + offset[t + U(2)], base + offset[t + U(3)]
    i4, i5, i6, i7 = base + offset[t + U(4)], base + offset[t + U(5)], base + offset[t + U(6)], base + offset[t + U(7)]
    w0, w1, w2, w3 = weight[t], weight[t + U(1)], weight[t + U(2)], weight[t + U(3)]
    w4, w5, w6, w7 = weight[t + U(4)], weight[t + U(5)], weight[t + U(6)], weight[t + U(7)]
    if first:
        for i in range(n):
            out[o + i] = (
                (w0 * x[i0 + i] + w1 * x[i1 + i] + w2 * x[i2 + i] + w3 * x[i3 + i])
                + (w4 * x[i4 + i] + w5 * x[i5 + i] + w6 * x[i6 + i] + w7 * x[i7 + i])
            )  # fmt: skip
    else:
        for i in range(n):
            out[o + i] += (
                (w0 * x[i0 + i] + w1 * x[i1 + i] + w2 * x[i2 + i] + w3 * x[i3 + i])
                + (w4 * x[i4 + i] + w5 * x[i5 + i] + w6 * x[i6 + i] + w7 * x[i7 + i])
            )  # fmt: skip


@inlined
def _set9(out, o, n, x, base, offset, weight, t):
    """out[o : o+n] = taps t .. t+8."""
    i0, i1, i2, i3 = base + offset[t], base + offset[t + U(1)], base + offset[t + U(2)], base + offset[t + U(3)]
    i4, i5, i6, i7 = base + offset[t + U(4)], base + offset[t + U(5)], base + offset[t + U(6)], base + offset[t + U(7)]
    w0, w1, w2, w3 = weight[t], weight[t + U(1)], weight[t + U(2)], weight[t + U(3)]
    w4, w5, w6, w7 = weight[t + U(4)], weight[t + U(5)], weight[t + U(6)], weight[t + U(7)]
    i8, w8 = base + offset[t + U(8)], weight[t + U(8)]
    for i in range(n):
        out[o + i] = (
            (w0 * x[i0 + i] + w1 * x[i1 + i] + w2 * x[i2 + i] + w3 * x[i3 + i])
            + (w4 * x[i4 + i] + w5 * x[i5 + i] + w6 * x[i6 + i] + w7 * x[i7 + i])
            + w8 * x[i8 + i]
        )  # fmt: skip


@inlined
def _add4(out, o, n, x, base, offset, weight, t, first):
    """The same for four taps: strided convolutions have short lists."""
    i0, i1, i2, i3 = base + offset[t], base + offset[t + U(1)], base + offset[t + U(2)], base + offset[t + U(3)]
    w0, w1, w2, w3 = weight[t], weight[t + U(1)], weight[t + U(2)], weight[t + U(3)]
    if first:
        for i in range(n):
            out[o + i] = w0 * x[i0 + i] + w1 * x[i1 + i] + w2 * x[i2 + i] + w3 * x[i3 + i]
    else:
        for i in range(n):
            out[o + i] += w0 * x[i0 + i] + w1 * x[i1 + i] + w2 * x[i2 + i] + w3 * x[i3 + i]


@inlined
def _add1(out, o, n, x, base, offset, weight, t, first):
    """The same for one tap."""
    i0, w0 = base + offset[t], weight[t]
    if first:
        for i in range(n):
            out[o + i] = w0 * x[i0 + i]
    else:
        for i in range(n):
            out[o + i] += w0 * x[i0 + i]


@inlined
def shifted_sum(out, o, n, x, base, offset, weight, begin, end, first):
    """out[o : o+n] (+)= sum of weight[t] * x[base + offset[t] : ... + n] over t in begin .. end. ``first`` overwrites."""
    t = begin
    rest = (end - begin) % U(8)
    if first and rest == U(1) and end - begin > U(8):
        _set9(out, o, n, x, base, offset, weight, t)
        t += U(9)
        rest = U(0)
        first = False
    if rest >= U(4):
        _add4(out, o, n, x, base, offset, weight, t, first)
        t += U(4)
        rest -= U(4)
        first = False
    while rest > U(0):
        _add1(out, o, n, x, base, offset, weight, t, first)
        t += U(1)
        rest -= U(1)
        first = False
    while t < end:
        _add8(out, o, n, x, base, offset, weight, t, first)
        t += U(8)
        first = False
    if first:
        for i in range(n):
            out[o + i] = 0


@inlined
def _dot8(total, n, g, o, x, base, offset, t):
    """total[t .. t+7] += dot products of g[o : o+n] with eight shifted rows."""
    i0, i1, i2, i3 = base + offset[t], base + offset[t + U(1)], base + offset[t + U(2)], base + offset[t + U(3)]
    i4, i5, i6, i7 = base + offset[t + U(4)], base + offset[t + U(5)], base + offset[t + U(6)], base + offset[t + U(7)]
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = x.dtype.type(0)
    for i in range(n):
        v = g[o + i]
        s0 += v * x[i0 + i]
        s1 += v * x[i1 + i]
        s2 += v * x[i2 + i]
        s3 += v * x[i3 + i]
        s4 += v * x[i4 + i]
        s5 += v * x[i5 + i]
        s6 += v * x[i6 + i]
        s7 += v * x[i7 + i]
    total[t] += s0
    total[t + U(1)] += s1
    total[t + U(2)] += s2
    total[t + U(3)] += s3
    total[t + U(4)] += s4
    total[t + U(5)] += s5
    total[t + U(6)] += s6
    total[t + U(7)] += s7


@inlined
def _dot1(total, n, g, o, x, base, offset, t):
    i0 = base + offset[t]
    s0 = x.dtype.type(0)
    for i in range(n):
        s0 += g[o + i] * x[i0 + i]
    total[t] += s0


@inlined
def shifted_dot(total, n, g, o, x, base, offset, begin, end):
    """total[t] += sum of g[o + i] * x[base + offset[t] + i] over i < n, for t in begin .. end."""
    t = begin
    while (end - t) % U(8) != U(0):
        _dot1(total, n, g, o, x, base, offset, t)
        t += U(1)
    while t < end:
        _dot8(total, n, g, o, x, base, offset, t)
        t += U(8)
