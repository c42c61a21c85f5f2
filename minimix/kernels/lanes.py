"""Few images: sixteen channels side by side, in place of sixteen images.

The loops of ``shifted.py`` run over all images of a pixel, and of its neighbours: with one image of 7x7 that is seven numbers,
and a vector register has room for sixteen. So up to sixteen channels of a group (a *slab*) are copied together, transposed, so
that a pixel's numbers of all of them are neighbours: (H, W, N, lanes). From there on it is the same picture with more images,
with the same lists of taps; only, each lane has weights of its own, and so a tap is a register of weights. Every load is
aligned, no lane is lost at the end of a row, and the sums stay in registers (``simd.py``).

``planes`` are up to sixteen channels one after the other, ``pitch`` numbers apart: how activations lie, and how batch norm and
activations want them. A lane without a channel computes with whatever is there, and nobody reads what comes of it.
"""

from typing import NamedTuple

import numpy as np

from minimix.kernels.border import add_met, add_met_row, gather, met_total, row_start
from minimix.kernels.jit import U, inlined
from minimix.kernels.phases import place, scatter, split
from minimix.kernels.simd import BYTES, load1, load4, load8, repeat4, repeat8, store, transpose, zeros1, zeros4, zeros8


class Slabs(NamedTuple):
    """How channels go together, and scratch, one row a thread.

    channels: (S, 2), the first channel of each slab, and how many it has, all of one group.
    pitch: numbers between two channels in ``planes`` and ``more``, more than either picture has.
    planes, more: channels one after the other. spread, active: the same transposed.
    """

    channels: np.ndarray
    pitch: int
    planes: np.ndarray
    more: np.ndarray
    spread: np.ndarray
    active: np.ndarray


@inlined
def lanes(x):
    """Numbers in a register, of the dtype of x."""
    return BYTES // x.itemsize


@inlined
def copy(out, o, x, i, n):
    """out[o : o+n] = x[i : i+n]."""
    for j in range(U(n)):
        out[U(o) + j] = x[U(i) + j]


@inlined
def spread_out(out, planes, at, pitch, n):
    """out (n, lanes) = planes[:, at : at+n] transposed; up to a register's width of rows more is read and written."""
    for j in range(0, n, lanes(out)):
        transpose(out, j * lanes(out), lanes(out), planes, at + j, pitch)


@inlined
def gather_up(planes, pitch, x, n):
    """planes[:, :n] = x (n, lanes) transposed; up to a register's width of columns more is read and written."""
    for j in range(0, n, lanes(x)):
        transpose(planes, j, pitch, x, j * lanes(x), lanes(x))


@inlined
def pack(buffer, shape, planes, pitch, height, width, images, row):
    """The inside of a zero-bordered buffer of that ``shape`` = planes, (lanes, height, width, images), transposed."""
    together, length = images * lanes(buffer), width * images
    for y in range(height):
        spread_out(row, planes, y * length, pitch, length)
        begin = row_start(shape, y, together)
        if shape.phases == 1:
            copy(buffer, begin + shape.left * together, row, 0, width * together)
        else:
            scatter(buffer, begin, shape, row, 0, width, together)


@inlined
def shifted_sums(out, o, n, x, base, offset, weights, begin, end):
    """out[o : o+n] = sum over t of weights[t, lane] * x[base + offset[t] : ...], t in begin .. end.

    Up to eight registers more are written behind: in rows one after the other, by the next row again.
    """
    L, base = lanes(x), U(base)
    for j in range(0, n, 8 * L):
        if n - j > 4 * L:
            sums = zeros8(x)
            for t in range(begin, end):
                sums += repeat8(load1(weights, t * L)) * load8(x, base + offset[t] + U(j))
            store(out, o + j, sums)
        else:
            half = zeros4(x)
            for t in range(begin, end):
                half += repeat4(load1(weights, t * L)) * load4(x, base + offset[t] + U(j))
            store(out, o + j, half)


@inlined
def shifted_dots(totals, g, o, n, x, base, offset, begin, end):
    """totals[t, lane] += sum of g[o + i] * x[base + offset[t] + i] over the i < n of the lane, t in begin .. end.

    Eight taps at once; beyond the last, it is taken again and not stored.
    """
    L, last, base = lanes(x), end - 1, U(base)
    for t in range(begin, end, 8):
        i0, i1 = base + offset[t], base + offset[min(t + 1, last)]
        i2, i3 = base + offset[min(t + 2, last)], base + offset[min(t + 3, last)]
        i4, i5 = base + offset[min(t + 4, last)], base + offset[min(t + 5, last)]
        i6, i7 = base + offset[min(t + 6, last)], base + offset[min(t + 7, last)]
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = zeros1(x)
        for j in range(U(0), U(n), U(L)):
            v = load1(g, U(o) + j)
            s0 += v * load1(x, i0 + j)
            s1 += v * load1(x, i1 + j)
            s2 += v * load1(x, i2 + j)
            s3 += v * load1(x, i3 + j)
            s4 += v * load1(x, i4 + j)
            s5 += v * load1(x, i5 + j)
            s6 += v * load1(x, i6 + j)
            s7 += v * load1(x, i7 + j)
        _add(totals, t, end, s0, s1, s2, s3)
        _add(totals, t + 4, end, s4, s5, s6, s7)


@inlined
def _add(totals, t, end, s0, s1, s2, s3):
    L = lanes(totals)
    if t < end:
        store(totals, t * L, load1(totals, t * L) + s0)
    if t + 1 < end:
        store(totals, (t + 1) * L, load1(totals, (t + 1) * L) + s1)
    if t + 2 < end:
        store(totals, (t + 2) * L, load1(totals, (t + 2) * L) + s2)
    if t + 3 < end:
        store(totals, (t + 3) * L, load1(totals, (t + 3) * L) + s3)


@inlined
def gather_all(weights, taps, g, weight, starts, first, count, step):
    """weights[t, lane] = the weight of tap t of channel first + lane*step; 0 where it is not finite. Whether all are."""
    finite = True
    for k in range(count):
        finite &= gather(weights, taps, g, weight, starts[first + k * step], k, lanes(weights))
    return finite


@inlined
def correlate(slabs, start, buffer, channels, taps, weight, weights, g, first, count, step):
    """planes = the convolution's output, from the padded buffer, for channels first + lane*step of the output."""
    finite = gather_all(weights, taps, g, weight, channels.weight_start, first, count, step)
    spread, together = slabs.spread[start], channels.images * lanes(buffer)
    length = channels.out_width * together
    for y in range(channels.out_height):
        shifted_sums(spread, y * length, length, buffer, taps.base[g, y, 0], taps.offset, weights, taps.begin[g, y, 0],
                     taps.end[g, y, 0])  # fmt: skip
    if not finite:
        for k in range(count):
            add_met(spread, 0, buffer, channels, taps, g, weight, channels.weight_start[first + k * step], k, lanes(buffer))
    gather_up(slabs.planes[start], slabs.pitch, spread, channels.out_height * channels.out_width * channels.images)


@inlined
def input_grad(out, spare, buffer, channels, taps, weight, weights, g, first, count, step, new):
    """out (H, W, N, lanes) (+)= gradient of the input, from the padded one of its output. ``new`` overwrites. spare: a row."""
    finite = gather_all(weights, taps, g, weight, channels.weight_start, first, count, step)
    together, phases = channels.images * lanes(buffer), taps.run.shape[0]
    length = channels.width * together
    for y in range(channels.height):
        if phases == 1 and new:
            shifted_sums(out, y * length, taps.run[0], buffer, taps.base[g, y, 0], taps.offset, weights, taps.begin[g, y, 0],
                         taps.end[g, y, 0])  # fmt: skip
        else:
            source = 0
            for p in range(phases):
                shifted_sums(spare, source, taps.run[p], buffer, taps.base[g, y, p], taps.offset, weights,
                             taps.begin[g, y, p], taps.end[g, y, p])  # fmt: skip
                source += taps.run[p]
            place(out, y * length, spare, taps.run, channels.width, together, new)
        if not finite:
            for k in range(count):
                add_met_row(out, y * length, y, buffer, channels, taps, g, weight, channels.weight_start[first + k * step], k,
                            lanes(buffer))  # fmt: skip


@inlined
def weight_grad(g_weight, x, spare, buffer, channels, taps, totals, g, first, count, step):
    """g_weight = gradients of the kernels of channels first + lane*step, from x (H, W, N, lanes) and the padded gradient of
    the output."""
    L, phases = lanes(buffer), taps.run.shape[0]
    together = channels.images * L
    length = channels.width * together
    totals[:] = 0
    for y in range(channels.height):
        if phases > 1:
            split(spare, x, y * length, taps.run, channels.width, together)
        source = 0 if phases > 1 else y * length
        for p in range(phases):
            shifted_dots(totals, spare if phases > 1 else x, source, taps.run[p], buffer, taps.base[g, y, p], taps.offset,
                         taps.begin[g, y, p], taps.end[g, y, p])  # fmt: skip
            source += taps.run[p]
    for k in range(count):
        at = channels.weight_start[first + k * step]
        for t in range(taps.lists[g, 0], taps.lists[g, 1]):
            total = totals[t * L + k]
            if np.isnan(total):
                total = met_total(x, 0, buffer, channels, taps, g, t, k, L)
            g_weight[at + taps.index[t]] = total
