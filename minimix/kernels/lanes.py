"""Few images, or short rows: channels side by side, in place of images.

The loops of ``shifted.py`` run over all images of a pixel, and of its neighbours: with one image of 7x7 that is seven numbers,
and a vector register has room for sixteen (of float32, in 64 bytes). So as many channels of a group (a *slab*) are copied
together, transposed, so that a pixel's numbers of all of them are neighbours: (H, W, N, lanes). From there on it is the same
picture with more images, with the same lists of taps; only, each lane has weights of its own, and so a tap is a register of
weights. A pixel is always whole registers, so that no lane is lost at the end of a row, and the sums stay in registers
(``simd.py``).

``planes`` are the channels of a slab one after the other, ``pitch`` numbers apart: how activations lie, and how batch norm and
activations want them. A lane without a channel computes with whatever is there, and nobody reads what comes of it.

What is loaded and stored is whole registers, one, four or eight, also where fewer numbers are left. Nothing checks that: what
lies behind the last number must be slack (``room`` of ``ops/depthwise.py`` says how much), or be written again afterwards.
"""

from typing import NamedTuple

import numpy as np

from minimix.kernels.border import add_met, row_start
from minimix.kernels.jit import U, inlined
from minimix.kernels.shifted import shifted_dots
from minimix.kernels.simd import lanes_of, load1, load4, load8, repeat4, repeat8, store, transpose, zeros4, zeros8


class Slabs(NamedTuple):
    """How channels go together, and scratch, one row a thread.

    channels: (S, 2), the first channel of each slab, and how many it has, all of one group.
    pitch: numbers between two channels in ``planes`` and ``more``, more than either picture has.
    rows, out_rows, near: rows of the input and of the output that are transposed at once, few enough for the cache; and the
        pitch for so few.
    planes, more: channels one after the other, whole or some rows of them. spread, active: the same transposed.
    """

    channels: np.ndarray
    pitch: int
    rows: int
    out_rows: int
    near: int
    planes: np.ndarray
    more: np.ndarray
    spread: np.ndarray
    active: np.ndarray


@inlined
def copy(out, o, x, i, n):
    """out[o : o+n] = x[i : i+n]."""
    for j in range(U(n)):
        out[U(o) + j] = x[U(i) + j]


@inlined
def take(planes, pitch, x, first, count, step, height, top, bottom, length):
    """planes = rows top .. bottom, of ``length`` numbers, of channels first + lane*step of x, each of ``height`` rows."""
    for k in range(count):
        copy(planes, k * pitch, x, ((first + k * step) * height + top) * length, (bottom - top) * length)


@inlined
def put(x, planes, pitch, first, count, step, height, top, bottom, length, new):
    """The opposite; or, if not ``new``, these rows of x += planes."""
    for k in range(count):
        at, n = ((first + k * step) * height + top) * length, (bottom - top) * length
        if new:
            copy(x, at, planes, k * pitch, n)
        else:
            for j in range(U(n)):
                x[U(at) + j] += planes[U(k * pitch) + j]


@inlined
def copy_registers(out, o, x, i, n):
    """``copy`` for a few registers: for so little, the function of the system that the compiler would call is slow."""
    for j in range(0, n, lanes_of(x)):
        store(out, o + j, load1(x, i + j))


@inlined
def spread_out(out, planes, at, pitch, n):
    """out (n, lanes) = planes[:, at : at+n] transposed; up to a register's width of rows more is read and written."""
    for j in range(0, n, lanes_of(out)):
        transpose(out, j * lanes_of(out), lanes_of(out), planes, at + j, pitch)


@inlined
def gather_up(planes, pitch, x, n):
    """planes[:, :n] = x (n, lanes) transposed; up to a register's width of columns more is read and written."""
    for j in range(0, n, lanes_of(x)):
        transpose(planes, j, pitch, x, j * lanes_of(x), lanes_of(x))


@inlined
def pack(buffer, shape, planes, pitch, top, bottom, width, images, row):
    """Rows top .. bottom of the inside of a zero-bordered buffer of that ``shape`` = planes, (lanes, rows, width, images),
    transposed. row: scratch."""
    together, length = images * lanes_of(buffer), width * images
    for y in range(top, bottom):
        spread_out(row, planes, (y - top) * length, pitch, length)
        begin = row_start(shape, y, together)
        for phase in range(shape.phases):
            first = (phase - shape.left) % shape.phases
            to = begin + (phase * shape.phase_step + (shape.left + first) // shape.phases) * together
            for q in range(first, width, shape.phases):
                copy_registers(buffer, to, row, q * together, together)
                to += together


@inlined
def pack_rows(buffer, slabs, start, shape, x, first, count, step, height, at_once, width, images, row):
    """The inside of a zero-bordered buffer = channels first + lane*step of x (C, height, width, images), transposed."""
    length = width * images
    for top in range(0, height, at_once):
        bottom = min(top + at_once, height)
        take(slabs.planes[start], slabs.near, x, first, count, step, height, top, bottom, length)
        pack(buffer, shape, slabs.planes[start], slabs.near, top, bottom, width, images, row)


@inlined
def shifted_sums(out, o, n, x, base, taps, weights, begin, end):
    """out[o : o+n] = sum over the taps t of weights[index[t], lane] * x[base + offset[t] : ...], t in begin .. end.

    Up to three registers more are read and written behind: in rows one after the other, what comes there is written again by
    the next row.
    """
    L, base, offset, index = lanes_of(x), U(base), taps.offset, taps.index
    for j in range(0, n, 8 * L):
        if n - j > 4 * L:
            sums = zeros8(x)
            for t in range(begin, end):
                sums += repeat8(load1(weights, index[t] * L)) * load8(x, base + offset[t] + U(j))
            store(out, o + j, sums)
        else:
            half = zeros4(x)
            for t in range(begin, end):
                half += repeat4(load1(weights, index[t] * L)) * load4(x, base + offset[t] + U(j))
            store(out, o + j, half)


@inlined
def gather(weights, scratch, channels, g, weight, first, count, step):
    """weights[i, lane] = number i of the kernel of channel first + lane*step; 0 where it is not finite. Whether all are."""
    L, size = lanes_of(weights), channels.kernels[g, 5]
    total = weight.dtype.type(0)
    for k in range(count):
        at, to = U(channels.weight_start[first + k * step]), U(k * (size + L))
        for i in range(U(size)):
            scratch[to + i] = weight[at + i]
            total += weight[at + i] * 0
    spread_out(weights, scratch, 0, size + L, size)
    if total == 0:
        return True
    for i in range(size * L):
        if not np.isfinite(weights[i]):
            weights[i] = 0
    return False


@inlined
def correlate(out, slabs, start, buffer, channels, taps, weight, weights, g, first, count, step):
    """out (C*m, OH, OW, N), its channels first + lane*step, = the convolution's output, from the padded buffer."""
    finite = gather(weights, slabs.spread[start], channels, g, weight, first, count, step)
    planes, spread, together = slabs.planes[start], slabs.spread[start], channels.images * lanes_of(buffer)
    length, images_length = channels.out_width * together, channels.out_width * channels.images
    for top in range(0, channels.out_height, slabs.out_rows):
        bottom = min(top + slabs.out_rows, channels.out_height)
        for y in range(top, bottom):
            shifted_sums(spread, (y - top) * length, length, buffer, taps.base[g, y, 0], taps, weights, taps.begin[g, y, 0],
                         taps.end[g, y, 0])  # fmt: skip
        gather_up(planes, slabs.near, spread, (bottom - top) * images_length)
        put(out, planes, slabs.near, first, count, step, channels.out_height, top, bottom, images_length, True)
    if not finite:
        for k in range(count):
            z = first + k * step
            at = z * channels.out_height * images_length
            add_met(out, at, buffer, channels, taps, g, weight, channels.weight_start[z], k, lanes_of(buffer))


@inlined
def input_grad_rows(slabs, start, row, buffer, channels, taps, weights, g, top, bottom):
    """planes = rows top .. bottom of the input's gradient, from the padded gradient of the output. row: scratch."""
    spread, phases, together = slabs.spread[start], taps.run.shape[0], channels.images * lanes_of(buffer)
    for y in range(top, bottom):
        to = (y - top) * channels.width * together
        for p in range(phases):
            shifted_sums(spread if phases == 1 else row, to if phases == 1 else 0, taps.run[p], buffer, taps.base[g, y, p],
                         taps, weights, taps.begin[g, y, p], taps.end[g, y, p])  # fmt: skip
            if phases > 1:
                for k, q in enumerate(range(p, channels.width, phases)):
                    copy_registers(spread, to + q * together, row, k * together, together)
    gather_up(slabs.planes[start], slabs.near, spread, (bottom - top) * channels.width * channels.images)


@inlined
def weight_grad_rows(totals, x, spare, buffer, channels, taps, g, top, bottom):
    """totals[t, lane] += what tap t of the lists for the input's gradient meets: x, rows top .. bottom of the input,
    (rows, W, N, lanes), times the padded gradient of the output. spare: scratch for a row."""
    phases, together = taps.run.shape[0], channels.images * lanes_of(buffer)
    for y in range(top, bottom):
        at = (y - top) * channels.width * together
        for p in range(phases):
            if phases > 1:
                for k, q in enumerate(range(p, channels.width, phases)):
                    copy_registers(spare, k * together, x, at + q * together, together)
            shifted_dots(totals, U(taps.run[p]), spare if phases > 1 else x, U(0 if phases > 1 else at), buffer,
                         U(taps.base[g, y, p]), taps.offset, U(taps.begin[g, y, p]), U(taps.end[g, y, p]))  # fmt: skip
