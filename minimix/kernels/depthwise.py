"""Depthwise and mixed depthwise convolution, forward and backward: all groups in one launch, one channel at a time.

Activations are flat arrays that hold (C, H, W, N). A thread takes every ``step``-th input channel, with the output channels
that belong to it. What a channel needs, its padded copy above all, stays in the cache meanwhile. The lists of taps come from
``taps.py``; ``Channels`` says which list and which weights are whose.
"""

from typing import NamedTuple

import numpy as np

from minimix.kernels.activation import shift_activate
from minimix.kernels.border import add_met, add_met_row, gather, met_total, row_start
from minimix.kernels.jit import U, inlined, kernel
from minimix.kernels.shifted import shifted_dot, shifted_sum
from minimix.kernels.sums import RUN


class Channels(NamedTuple):
    """Sizes of one mixed convolution, and what each channel needs to know.

    images, height, width, out_height, out_width, multiplier: N, H, W, OH, OW, output channels per input channel.
    stride_y, stride_x: of all groups. kernels: (G, 5), of each: KW, dilation (DH, DW), padding above and to the left.
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
def fill(buffer, shape, x, at, height, width, images):
    """Copy the channel x[at:] = (height, width, images) into a buffer of that ``shape``, whose border is zero already."""
    for y in range(height):
        source = at + y * width * images
        row = row_start(shape, y, images)
        if shape.phases == 1:
            target = U(row + shape.left * images)
            for i in range(U(width * images)):
                buffer[target + i] = x[U(source) + i]
            continue
        scatter(buffer, row, shape, x, source, width, images)


@inlined
def scatter(buffer, row, shape, x, source, width, images):
    """Put a row x[source:] of the picture into the phases of the columns of the buffer's row that begins at ``row``."""
    if images == 1 and shape.phases == 2:  # a step that the compiler knows makes vector instructions of the loop
        for phase in range(2):
            first = (phase - shape.left) % 2
            t, s = U(row + phase * shape.phase_step + (shape.left + first) // 2), U(source + first)
            for k in range(U(max(0, (width - first + 1) // 2))):
                buffer[t + k] = x[s + k * U(2)]
        return
    for q in range(0, width, 2):
        column, last = shape.left + q, shape.left + min(q + 1, width - 1)
        copy_two(
            buffer, row + (column % shape.phases * shape.phase_step + column // shape.phases) * images,
            row + (last % shape.phases * shape.phase_step + last // shape.phases) * images,
            x, source + q * images, source + (last - shape.left) * images, images,
        )  # fmt: skip


@inlined
def copy_two(out, first, second, x, a, b, n):
    """out[first : first+n] = x[a : a+n]; out[second : second+n] = x[b : b+n]. One alone the compiler would leave to a function
    of the system, whose call takes longer than so short a copy."""
    o, p, s, t = U(first), U(second), U(a), U(b)
    for i in range(U(n)):
        out[o + i] = x[s + i]
        out[p + i] = x[t + i]


@inlined
def correlate(out, at, rows, length, buffer, taps, weights, g, plane):
    """out[at:] = all output rows, of ``length`` each, of a channel from its padded input. plane: scratch for a whole run."""
    flat = taps.pitch > 0
    target, runs, first = (plane, 1, 0) if flat else (out, rows, at)
    for y in range(runs):
        shifted_sum(target, U(first + y * length), U(taps.run[0]), buffer, U(taps.base[g, y, 0]), taps.offset, weights,
                    U(taps.begin[g, y, 0]), U(taps.end[g, y, 0]), True)  # fmt: skip
    if flat:
        for y in range(rows):
            t, s = U(at + y * length), U(y * taps.pitch)
            for i in range(U(length)):
                out[t + i] = plane[s + i]


@kernel
def forward(start, step, x, weight, out, channels, taps, buffers, weights, planes, bias, activation):
    """out (C*m, OH, OW, N) = mixed depthwise convolution of x (C, H, W, N).

    bias: (C*m,), then out = activation(out + bias), done while the channel is in the cache; or empty.
    buffers, weights, planes: scratch, one row a thread: the padded channel, the weights in the order of the taps, a run.
    """
    n, m, length = channels.images, channels.multiplier, channels.out_width * channels.images
    pixels = channels.out_height * length
    buffer, w = buffers[start], weights[start]
    buffer[:] = 0
    for c in range(start, channels.group.shape[0], step):
        g = channels.group[c]
        fill(buffer, taps.buffer, x, c * channels.height * channels.width * n, channels.height, channels.width, n)
        for z in range(c * m, (c + 1) * m):
            finite = gather(w, taps, g, weight, channels.weight_start[z])
            correlate(out, z * pixels, channels.out_height, length, buffer, taps, w, g, planes[start])
            if not finite:
                add_met(out, z * pixels, buffer, channels, taps, g, weight, channels.weight_start[z])
            if bias.size:
                shift_activate(out, U(z * pixels), U(pixels), bias[z], activation)


@inlined
def input_grad_row(out, at, spare, y, width, images, buffer, taps, weights, g, first):
    """out[at:], a row, (+)= row y of the gradient of an input channel, from the padded gradient of its output. ``first``
    overwrites. spare: scratch for a row."""
    phases = taps.run.shape[0]
    if phases == 1:
        shifted_sum(out, U(at), U(taps.run[0]), buffer, U(taps.base[g, y, 0]), taps.offset, weights,
                    U(taps.begin[g, y, 0]), U(taps.end[g, y, 0]), first)  # fmt: skip
        return
    source = U(0)
    for p in range(phases):  # each phase of the columns in a run of its own, then all put in their places
        shifted_sum(spare, source, U(taps.run[p]), buffer, U(taps.base[g, y, p]), taps.offset, weights,
                    U(taps.begin[g, y, p]), U(taps.end[g, y, p]), True)  # fmt: skip
        source += U(taps.run[p])
    place(out, at, spare, taps.run, width, images, first)


@inlined
def weight_grad_row(total, x, at, spare, y, width, images, buffer, taps, g):
    """total[t] += what the input's row y, x[at:], meets of the padded gradient through tap t of the lists for the input's
    gradient: where row y takes its gradient from, there it went. spare: scratch for a row."""
    phases = taps.run.shape[0]
    if phases > 1:
        split(spare, x, at, taps.run, width, images)
    source = 0 if phases > 1 else at
    for p in range(phases):
        for j in range(0, taps.run[p], RUN):
            shifted_dot(total, U(min(RUN, taps.run[p] - j)), spare if phases > 1 else x, U(source + j), buffer,
                        U(taps.base[g, y, p] + j), taps.offset, U(taps.begin[g, y, p]), U(taps.end[g, y, p]))  # fmt: skip
        source += taps.run[p]


@inlined
def phase_start(run, q, images):
    """Where column q lies, when the phases of a row lie one after the other."""
    start = q // run.shape[0] * images
    for p in range(q % run.shape[0]):
        start += run[p]
    return start


@inlined
def place(out, at, phased, run, width, images, first):
    """out[at:], a row of ``width`` columns, (+)= its phases, which lie one after the other in ``phased``."""
    for q in range(0, width, 2):
        last = min(q + 1, width - 1)
        a, b = phase_start(run, q, images), phase_start(run, last, images)
        if first:
            copy_two(out, at + q * images, at + last * images, phased, a, b, images)
        else:
            for i in range(U(images)):
                out[U(at + q * images) + i] += phased[U(a) + i]
            if last > q:
                for i in range(U(images)):
                    out[U(at + last * images) + i] += phased[U(b) + i]


@inlined
def split(phased, x, at, run, width, images):
    """The opposite: the phases of the row x[at:], one after the other."""
    for q in range(0, width, 2):
        last = min(q + 1, width - 1)
        a, b = phase_start(run, q, images), phase_start(run, last, images)
        copy_two(phased, a, b, x, at + q * images, at + last * images, images)


@inlined
def store(out, at, total, taps, g):
    """out[at:] = the gradient of a kernel from a sum for each tap of group g."""
    for t in range(taps.lists[g, 0], taps.lists[g, 1]):
        out[at + taps.index[t]] = total[t]


@kernel
def backward(start, step, x, weight, gradient, x_gradient, weight_gradient, want_x, want_weight, channels, taps, buffers, rows,
             weights, totals):  # fmt: skip
    """Gradients of the input and of the weights from ``gradient`` (C*m, OH, OW, N), in one pass over it.

    taps: of the input's gradient; they serve for both. Scratch, one row a thread: buffers, for a padded channel of the
    gradient; rows, for an input row; weights and totals (float64), for a number a tap each.
    """
    n, m, height, width = channels.images, channels.multiplier, channels.height, channels.width
    out_pixels = channels.out_height * channels.out_width * n
    buffer, row, w, total = buffers[start], rows[start], weights[start], totals[start]
    buffer[:] = 0
    for c in range(start, channels.group.shape[0], step):
        g = channels.group[c]
        for z in range(c * m, (c + 1) * m):
            fill(buffer, taps.buffer, gradient, z * out_pixels, channels.out_height, channels.out_width, n)
            finite = gather(w, taps, g, weight, channels.weight_start[z])
            total[:] = 0
            for y in range(height):
                at = (c * height + y) * width * n
                if want_weight:
                    weight_grad_row(total, x, at, row, y, width, n, buffer, taps, g)
                if want_x:
                    input_grad_row(x_gradient, at, row, y, width, n, buffer, taps, w, g, z == c * m)
                    if not finite:
                        add_met_row(x_gradient, at, y, buffer, channels, taps, g, weight, channels.weight_start[z])
            if want_weight:
                for t in range(taps.lists[g, 0], taps.lists[g, 1]):
                    if np.isnan(total[t]):
                        total[t] = met_total(x, c * height * width * n, buffer, channels, taps, g, t)
                store(weight_gradient, channels.weight_start[z], total, taps, g)
