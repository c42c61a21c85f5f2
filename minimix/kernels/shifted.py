"""Every depthwise convolution is a weighted sum of shifted rows; its weight gradient is dot products with shifted rows.

A channel of a batch, (H, W, N) with the images innermost, is copied into a buffer with a border of zeros. There a tap of the
kernel is a pair (offset, weight), and a row of the output is

    out[i] = sum_t weight[t] * buffer[base + offset[t] + i]        for i in 0 .. OW * N

one long loop without borders or 2-D indices. Kernel size, dilation and stride only change the list of offsets (``taps.py``
makes it), so one kernel runs all groups of a mixed convolution. Because images are innermost, every offset is a multiple of
N: for N = 16, 32, ... each load is aligned, whatever the tap.

The sums of some registers full of numbers (``simd.py``) are taken through all taps before they are stored: eight registers at
a time, then four, then one. What is left at the end is done by four that reach back to what is there already, or, where there
are no four, one by one. A dot product has a sum for each tap, and takes nine
taps at a time, or four for two registers: as many sums as a processor has under way at once. From one row to the next they
lie in memory, a register for each tap.
"""

from minimix.kernels.jit import U, inlined
from minimix.kernels.simd import lanes_of, load1, load4, load8, store, zeros1, zeros4, zeros8


def _sum_of(zeros, load):
    @inlined
    def sums(out, o, x, base, offset, weight, begin, end, first):
        """out[o : ...] (+)= sum of weight[t] * x[base + offset[t] : ...], as many numbers as ``load`` loads."""
        total = zeros(x) if first else load(out, o)
        for t in range(begin, end):
            total += weight[t] * load(x, base + offset[t])
        store(out, o, total)

    return sums


_sum8, _sum4, _sum1 = _sum_of(zeros8, load8), _sum_of(zeros4, load4), _sum_of(zeros1, load1)


@inlined
def shifted_sum(out, o, n, x, base, offset, weight, begin, end, first):
    """out[o : o+n] (+)= sum of weight[t] * x[base + offset[t] : ... + n] over t in begin .. end. ``first`` overwrites."""
    L, i = U(lanes_of(x)), U(0)
    while i + U(8) * L <= n:
        _sum8(out, o + i, x, base + i, offset, weight, begin, end, first)
        i += U(8) * L
    if i + U(4) * L <= n:
        _sum4(out, o + i, x, base + i, offset, weight, begin, end, first)
        i += U(4) * L
    if first and i < n and n >= U(4) * L:  # the last four reach back, to numbers that are there already
        i = n - U(4) * L
        _sum4(out, o + i, x, base + i, offset, weight, begin, end, first)
        return
    while i + L <= n:
        _sum1(out, o + i, x, base + i, offset, weight, begin, end, first)
        i += L
    while i < n:
        total = x.dtype.type(0) if first else out[o + i]
        for t in range(begin, end):
            total += weight[t] * x[base + offset[t] + i]
        out[o + i] = total
        i += U(1)


@inlined
def shifted_dots(parts, n, g, o, x, base, offset, begin, end):
    """parts[t, lane] += products of g[o : o+n] and x[base + offset[t] : ... + n], for t in begin .. end: the dot product is
    their sum."""
    L, t = U(lanes_of(x)), begin
    whole = n // L * L
    while t + U(9) <= end:
        _dot9(parts, whole, g, o, x, base, offset, t)
        t += U(9)
    while t < end:
        _dot4(parts, whole, g, o, x, base, offset, t, end - U(1))
        t += U(4)
    if whole < n:
        for t in range(begin, end):
            some = x.dtype.type(0)
            for i in range(whole, n):
                some += g[o + i] * x[base + offset[t] + i]
            parts[t * L] += some


@inlined
def _dot9(parts, n, g, o, x, base, offset, t):
    """Of taps t .. t+8; n: whole registers."""
    i0, i1, i2 = base + offset[t], base + offset[t + U(1)], base + offset[t + U(2)]
    i3, i4, i5 = base + offset[t + U(3)], base + offset[t + U(4)], base + offset[t + U(5)]
    i6, i7, i8 = base + offset[t + U(6)], base + offset[t + U(7)], base + offset[t + U(8)]
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = s8 = zeros1(x)
    for i in range(U(0), n, U(lanes_of(x))):
        v = load1(g, o + i)
        s0 = s0 + v * load1(x, i0 + i)
        s1 = s1 + v * load1(x, i1 + i)
        s2 = s2 + v * load1(x, i2 + i)
        s3 = s3 + v * load1(x, i3 + i)
        s4 = s4 + v * load1(x, i4 + i)
        s5 = s5 + v * load1(x, i5 + i)
        s6 = s6 + v * load1(x, i6 + i)
        s7 = s7 + v * load1(x, i7 + i)
        s8 = s8 + v * load1(x, i8 + i)
    _add3(parts, t, s0, s1, s2)
    _add3(parts, t + U(3), s3, s4, s5)
    _add3(parts, t + U(6), s6, s7, s8)


@inlined
def _dot4(parts, n, g, o, x, base, offset, t, last):
    """Of taps t .. t+3; beyond the last, it is taken again, and not added. n: whole registers."""
    L = U(lanes_of(x))
    i0, i1 = base + offset[t], base + offset[min(t + U(1), last)]
    i2, i3 = base + offset[min(t + U(2), last)], base + offset[min(t + U(3), last)]
    s0 = s1 = s2 = s3 = r0 = r1 = r2 = r3 = zeros1(x)
    pairs = n // (U(2) * L) * (U(2) * L)
    for i in range(U(0), pairs, U(2) * L):
        v, w, k = load1(g, o + i), load1(g, o + i + L), i + L
        s0 = s0 + v * load1(x, i0 + i)
        r0 = r0 + w * load1(x, i0 + k)
        s1 = s1 + v * load1(x, i1 + i)
        r1 = r1 + w * load1(x, i1 + k)
        s2 = s2 + v * load1(x, i2 + i)
        r2 = r2 + w * load1(x, i2 + k)
        s3 = s3 + v * load1(x, i3 + i)
        r3 = r3 + w * load1(x, i3 + k)
    if pairs < n:
        v = load1(g, o + pairs)
        s0 = s0 + v * load1(x, i0 + pairs)
        s1 = s1 + v * load1(x, i1 + pairs)
        s2 = s2 + v * load1(x, i2 + pairs)
        s3 = s3 + v * load1(x, i3 + pairs)
    _add(parts, t, s0 + r0)
    if t + U(1) <= last:
        _add(parts, t + U(1), s1 + r1)
    if t + U(2) <= last:
        _add(parts, t + U(2), s2 + r2)
    if t + U(3) <= last:
        _add(parts, t + U(3), s3 + r3)


@inlined
def _add3(parts, t, a, b, c):
    _add(parts, t, a)
    _add(parts, t + U(1), b)
    _add(parts, t + U(2), c)


@inlined
def _add(parts, t, value):
    at = t * U(lanes_of(parts))
    store(parts, at, load1(parts, at) + value)


@inlined
def add_up(totals, parts, begin, end):
    """totals[t] += the sum of parts[t, lane] over the lanes, for t in begin .. end. The parts are 0 again."""
    L = U(lanes_of(parts))
    for t in range(begin, end):
        some = parts.dtype.type(0)
        for lane in range(L):
            some += parts[t * L + lane]
            parts[t * L + lane] = 0
        totals[t] += some
