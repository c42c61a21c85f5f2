"""What a tap on the zero border gives where a number is not finite: nothing, as if there were no border.

The loops of ``shifted.py`` multiply the zeros of the border, too. That changes no sum, unless the other factor is NaN or
infinite: then 0 times it is NaN, at pixels that the tap does not even meet. So weights that are not finite are left out of
these loops, and what they meet of the picture is added afterwards, pixel by pixel; and a weight's gradient that came out as NaN
is summed again in this way. Both are rare, and need not be quick.

Arguments are those of ``depthwise.py``; ``buffer`` is the padded channel of the picture, or of the output's gradient. Where
several lie side by side in it (``lanes.py``), ``lane`` says which of the ``lanes`` is meant; else these are 0 and 1.
"""

import numpy as np

from minimix.kernels.jit import inlined


@inlined
def gather(weights, taps, g, weight, start):
    """weights[t] = the weight that entry t of the lists of group g stands for; 0 where it is not finite. Whether all are."""
    finite = True
    for t in range(taps.lists[g, 0], taps.lists[g, 1]):
        w = weight[start + taps.index[t]]
        if not np.isfinite(w):
            w = weight.dtype.type(0)
            finite = False
        weights[t] = w
    return finite


@inlined
def row_start(shape, y, images):
    """Where row y of the picture begins in the buffer, its border included."""
    return (shape.top + y) * shape.row_step * images


@inlined
def place(shape, y, x, images):
    """Where the pixel (y, x) of the picture lies in the buffer."""
    column = shape.left + x
    return row_start(shape, y, images) + (column % shape.phases * shape.phase_step + column // shape.phases) * images


@inlined
def displacement(channels, g, index):
    """How far the pixel that a tap meets lies from the first pixel of the window: (rows, columns), padding taken off."""
    k = channels.kernels
    return index // k[g, 0] * k[g, 1] - k[g, 3], index % k[g, 0] * k[g, 2] - k[g, 4]


@inlined
def add_met(out, at, buffer, channels, taps, g, weight, start, lane, lanes):
    """out[at:], a channel of the output, += what its weights that are not finite meet of the picture."""
    n = channels.images
    for t in range(taps.lists[g, 0], taps.lists[g, 1]):
        w = weight[start + taps.index[t]]
        if np.isfinite(w):
            continue
        down, right = displacement(channels, g, taps.index[t])
        for item in range(channels.out_height * channels.out_width):
            y = item // channels.out_width * channels.stride_y + down
            x = item % channels.out_width * channels.stride_x + right
            if 0 <= y < channels.height and 0 <= x < channels.width:
                source = place(taps.buffer, y, x, n * lanes) + lane
                for i in range(n):
                    out[at + item * n + i] += w * buffer[source + i * lanes]


@inlined
def add_met_row(out, at, y, buffer, channels, taps, g, weight, start, lane, lanes):
    """out[at:], row y of a channel's gradient, += what its weights that are not finite meet of the output's gradient."""
    n = channels.images
    for t in range(taps.lists[g, 0], taps.lists[g, 1]):
        w = weight[start + taps.index[t]]
        if np.isfinite(w):
            continue
        down, right = displacement(channels, g, taps.index[t])
        out_y = (y - down) // channels.stride_y
        if out_y * channels.stride_y + down != y or out_y < 0 or out_y >= channels.out_height:
            continue
        for out_x in range(channels.out_width):
            x = out_x * channels.stride_x + right
            if 0 <= x < channels.width:
                source = place(taps.buffer, out_y, out_x, n * lanes) + lane
                for i in range(n):
                    out[at + x * n + i] += w * buffer[source + i * lanes]


@inlined
def met_totals(totals, x, at, buffer, channels, taps, g, lane, lanes):
    """Where totals[t, lane], a weight's gradient, is NaN, it is summed again: what its tap meets of x[at:], a channel, times
    the output's gradient there."""
    n = channels.images
    for t in range(taps.lists[g, 0], taps.lists[g, 1]):
        if not np.isnan(totals[t * lanes + lane]):
            continue
        down, right = displacement(channels, g, taps.index[t])
        total = np.float64(0)
        for item in range(channels.out_height * channels.out_width):
            out_y, out_x = item // channels.out_width, item % channels.out_width
            row, column = out_y * channels.stride_y + down, out_x * channels.stride_x + right
            if 0 <= row < channels.height and 0 <= column < channels.width:
                source = place(taps.buffer, out_y, out_x, n * lanes) + lane
                target = at + (row * channels.width + column) * n
                for i in range(n):
                    total += x[target + i] * buffer[source + i * lanes]
        totals[t * lanes + lane] = total
