"""Depthwise and mixed depthwise convolution, forward and backward: all groups in one launch, one channel at a time.

Activations are flat arrays that hold (C, H, W, N). A thread takes every ``step``-th input channel, with the output channels
that belong to it. What a channel needs, its padded copy above all, stays in the cache meanwhile. The lists of taps come from
``taps.py``; ``Channels`` says which list and which weights are whose.
"""

from typing import NamedTuple

import numpy as np

from minimix.kernels import lanes
from minimix.kernels.activation import IDENTITY, shift_activate
from minimix.kernels.border import add_met, add_met_row, gather, met_totals
from minimix.kernels.jit import U, inlined, kernel
from minimix.kernels.phases import fill, merge, split
from minimix.kernels.shifted import add_up, shifted_dots, shifted_sum
from minimix.kernels.simd import lanes_of
from minimix.kernels.sums import RUN


class Channels(NamedTuple):
    """Sizes of one mixed convolution, and what each channel needs to know.

    images, height, width, out_height, out_width, multiplier: N, H, W, OH, OW, output channels per input channel.
    stride_y, stride_x: of all groups. kernels: (G, 6), of each: KW, dilation (DH, DW), padding above and to the left, KH * KW.
    group: (C,) the group of each input channel.
    weight_start: (C*m,) where the kernel of each output channel begins in the flat array of all weights.
    """

    images: int
    height: int
    width: int
    out_height: int
    out_width: int
    multiplier: int
    stride_y: int
    stride_x: int
    kernels: np.ndarray
    group: np.ndarray
    weight_start: np.ndarray


@inlined
def correlate(out, at, rows, length, buffer, taps, weights, g):
    """out[at:] = all output rows, of ``length`` each, of a channel from its padded input."""
    for y in range(rows):
        shifted_sum(out, U(at + y * length), U(length), buffer, U(taps.base[g, y, 0]), taps.offset, weights,
                    U(taps.begin[g, y, 0]), U(taps.end[g, y, 0]), True)  # fmt: skip


@kernel
def forward(start, step, x, weight, out, channels, taps, slabs, buffers, rows, weights, bias, activation):
    """out (C*m, OH, OW, N) = mixed depthwise convolution of x (C, H, W, N).

    slabs: None; or which channels go together (``lanes.py``), for short rows.
    bias: (C*m,), then out = activation(out + bias), done while the channel is in the cache; or empty.
    buffers, rows, weights: scratch, one row a thread: the padded channel, an input row, the weights in the order of the taps.
    """
    n, m, length = channels.images, channels.multiplier, channels.out_width * channels.images
    pixels, in_pixels = channels.out_height * length, channels.height * channels.width * n
    buffer, w = buffers[start], weights[start]
    buffer[:] = 0
    if slabs is not None:
        for slab in range(start, slabs.channels.shape[0], step):
            first, count = slabs.channels[slab]
            g = channels.group[first]
            lanes.pack_rows(buffer, slabs, start, taps.buffer, x, first, count, 1, channels.height, slabs.rows, channels.width,
                            n, rows[start])  # fmt: skip
            for r in range(m):
                lanes.correlate(out, slabs, start, buffer, channels, taps, weight, w, g, first * m + r, count, m)
                for z in range(first * m + r, (first + count) * m + r, m):
                    if bias.size:
                        shift_activate(out, U(z * pixels), U(pixels), bias[z], activation)
        return
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for c in range(start, channels.group.shape[0], step):
        g = channels.group[c]
        fill(buffer, taps.buffer, x, c * in_pixels, channels.height, channels.width, n, zero, one, zero, IDENTITY, rows[start])
        for z in range(c * m, (c + 1) * m):
            finite = gather(w, taps, g, weight, channels.weight_start[z])
            correlate(out, z * pixels, channels.out_height, length, buffer, taps, w, g)
            if not finite:
                add_met(out, z * pixels, buffer, channels, taps, g, weight, channels.weight_start[z], 0, 1)
            if bias.size:
                shift_activate(out, U(z * pixels), U(pixels), bias[z], activation)


@inlined
def input_grad_row(out, at, spare, y, width, images, buffer, taps, weights, g, first):
    """out[at:], a row, (+)= row y of the gradient of an input channel, from the padded gradient of its output. ``first``
    overwrites. spare: scratch for a row."""
    if taps.run.shape[0] == 1:
        shifted_sum(out, U(at), U(taps.run[0]), buffer, U(taps.base[g, y, 0]), taps.offset, weights,
                    U(taps.begin[g, y, 0]), U(taps.end[g, y, 0]), first)  # fmt: skip
        return
    input_grad_phases(spare, y, buffer, taps, weights, g)
    merge(out, at, spare, taps.run, width, images, first)


@inlined
def input_grad_phases(out, y, buffer, taps, weights, g):
    """The same, each phase of the columns in a run of its own, one after the other."""
    o = U(0)
    for p in range(taps.run.shape[0]):
        shifted_sum(out, o, U(taps.run[p]), buffer, U(taps.base[g, y, p]), taps.offset, weights,
                    U(taps.begin[g, y, p]), U(taps.end[g, y, p]), True)  # fmt: skip
        o += U(taps.run[p])


@inlined
def weight_grad_row(total, parts, x, at, spare, y, channels, buffer, taps, g):
    """total[t] += what the input's row y, x[at:], meets of the padded gradient through tap t of the lists for the input's
    gradient: where row y takes its gradient from, there it went. spare: scratch for a row. parts: as in
    ``weight_grad_phases``."""
    if taps.run.shape[0] == 1:
        weight_grad_phases(total, parts, x, at, y, channels, buffer, taps, g)
    else:
        split(spare, x, at, taps.run, channels.images)
        weight_grad_phases(total, parts, spare, 0, y, channels, buffer, taps, g)


@inlined
def weight_grad_phases(total, parts, x, at, y, channels, buffer, taps, g):
    """The same, where each phase of the columns is a run of its own. parts: scratch, a register a tap, 0 before the first row
    and after the last one; in between some of the sums are there, those of a few thousand numbers or of a row."""
    for p in range(taps.run.shape[0]):
        for j in range(0, taps.run[p], RUN):
            shifted_dots(parts, U(min(RUN, taps.run[p] - j)), x, U(at + j), buffer,
                         U(taps.base[g, y, p] + j), taps.offset, U(taps.begin[g, y, p]), U(taps.end[g, y, p]))  # fmt: skip
        at += taps.run[p]
    rows = max(1, RUN // max(1, channels.width * channels.images))
    if (y + 1) % rows == 0 or y + 1 == channels.height:
        add_up(total, parts, U(taps.lists[g, 0]), U(taps.lists[g, 1]))


@inlined
def for_taps(scratch, taps):
    """(zeros, a register a tap; room for a weight a tap), both of scratch."""
    n = taps.offset.shape[0] * lanes_of(scratch)
    scratch[:n] = 0
    return scratch[:n], scratch[n:]


@inlined
def store(out, at, total, taps, g, lane, lanes):
    """out[at:] = the gradient of a kernel, from a sum for each tap of group g: total[t, lane]."""
    for t in range(taps.lists[g, 0], taps.lists[g, 1]):
        out[at + taps.index[t]] = total[t * lanes + lane]


@kernel
def backward(start, step, x, weight, gradient, x_gradient, weight_gradient, want_x, want_weight, channels, taps, slabs, buffers,
             rows, weights, totals):  # fmt: skip
    """Gradients of the input and of the weights from ``gradient`` (C*m, OH, OW, N), in one pass over it.

    taps: of the input's gradient; they serve for both. slabs: None, or as in ``forward``. Scratch, one row a thread: buffers,
    for a padded channel of the gradient; rows, for an input row; weights, for a register and a number a tap; totals, for a
    number a tap.
    """
    n, m, height, width = channels.images, channels.multiplier, channels.height, channels.width
    pixels, out_pixels = height * width * n, channels.out_height * channels.out_width * n
    buffer, row, w, total = buffers[start], rows[start], weights[start], totals[start]
    buffer[:] = 0
    if slabs is not None:
        planes, active, length = slabs.planes[start], slabs.active[start], width * n
        for slab in range(start, slabs.channels.shape[0], step):
            first, count = slabs.channels[slab]
            g = channels.group[first]
            for r in range(m):
                lanes.pack_rows(buffer, slabs, start, taps.buffer, gradient, first * m + r, count, m, channels.out_height,
                                slabs.out_rows, channels.out_width, n, row)  # fmt: skip
                finite = lanes.gather(w, slabs.spread[start], channels, g, weight, first * m + r, count, m)
                total[:] = 0
                for top in range(0, height, slabs.rows):
                    bottom = min(top + slabs.rows, height)
                    if want_weight:
                        lanes.take(planes, slabs.near, x, first, count, 1, height, top, bottom, length)
                        lanes.spread_out(active, planes, 0, slabs.near, (bottom - top) * length)
                        lanes.weight_grad_rows(total, active, row, buffer, channels, taps, g, top, bottom)
                    if want_x:
                        lanes.input_grad_rows(slabs, start, row, buffer, channels, taps, w, g, top, bottom)
                        lanes.put(x_gradient, planes, slabs.near, first, count, 1, height, top, bottom, length, r == 0)
                for k in range(count):
                    c, z = first + k, (first + k) * m + r
                    if want_x and not finite:
                        for y in range(height):
                            add_met_row(x_gradient, (c * height + y) * length, y, buffer, channels, taps, g, weight,
                                        channels.weight_start[z], k, lanes_of(buffer))  # fmt: skip
                    if want_weight:
                        met_totals(total, x, c * pixels, buffer, channels, taps, g, k, lanes_of(buffer))
                        store(weight_gradient, channels.weight_start[z], total, taps, g, k, lanes_of(buffer))
        return
    parts, w = for_taps(w, taps)
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for c in range(start, channels.group.shape[0], step):
        g = channels.group[c]
        for z in range(c * m, (c + 1) * m):
            fill(buffer, taps.buffer, gradient, z * out_pixels, channels.out_height, channels.out_width, n, zero, one, zero,
                 IDENTITY, row)  # fmt: skip
            finite = gather(w, taps, g, weight, channels.weight_start[z])
            total[:] = 0
            for y in range(height):
                at = (c * height + y) * width * n
                if want_weight:
                    weight_grad_row(total, parts, x, at, row, y, channels, buffer, taps, g)
                if want_x:
                    input_grad_row(x_gradient, at, row, y, width, n, buffer, taps, w, g, z == c * m)
                    if not finite:
                        add_met_row(x_gradient, at, y, buffer, channels, taps, g, weight, channels.weight_start[z], 0, 1)
            if want_weight:
                met_totals(total, x, c * pixels, buffer, channels, taps, g, 0, 1)
                store(weight_gradient, channels.weight_start[z], total, taps, g, 0, 1)
