"""What lies between the two pointwise convolutions of a MixNet block, in one kernel, one channel at a time:

    batch norm, activation -> mixed depthwise convolution -> batch norm, activation

Each of these steps treats every channel by itself, and a channel of a batch fits the cache. So a channel is read once from
memory, goes through all steps, and only the convolution's output (which backward needs) and the result are written. On two
cores, memory is what a training step waits for: done step by step, the same numbers would travel three times as often.

The steps themselves are those of ``depthwise.py``, ``norm.py`` and ``activation.py``. One output channel per input channel.
"""

import numpy as np

from minimix.kernels.activation import activate_both, activate_grad, scale_shift_activate
from minimix.kernels.border import add_met, add_met_row, gather, row_start
from minimix.kernels.depthwise import correlate, input_grad_row, scatter, store, weight_grad_row
from minimix.kernels.jit import U, inlined
from minimix.kernels.norm import grad_sums, grad_terms, line, moments


@inlined
def _fill_activated(buffer, shape, x, at, height, width, images, m, a, b, activation, row):
    """The inside of a zero-bordered buffer = activation(a * (x - m) + b)."""
    length = width * images
    for y in range(height):
        source, begin = at + y * length, row_start(shape, y, images)
        target, first = (buffer, begin + shape.left * images) if shape.phases == 1 else (row, 0)
        scale_shift_activate(target, U(first), x, U(source), U(length), m, a, b, activation)
        if shape.phases > 1:
            scatter(buffer, begin, shape, row, 0, width, images)


@inlined
def forward(start, step, x, weight, z, y, before, after, channels, taps, buffers, weights, rows):
    """z = mixed depthwise convolution of before(x); y = after(z). x (C, H, W, N); z, y (C, OH, OW, N); all flat.

    buffers, weights, rows: scratch, one row a thread: padded channel, weights in the order of the taps, one row of the input
    or a run of the taps, whichever is longer.
    """
    n, height, width, out_height = channels.images, channels.height, channels.width, channels.out_height
    pixels, length = height * width * n, channels.out_width * n
    out_pixels = out_height * length
    buffer, w = buffers[start], weights[start]
    buffer[:] = 0
    for c in range(start, channels.group.shape[0], step):
        g = channels.group[c]
        if before.present and before.training:
            before.mean[c], before.variance[c] = moments(x, c * pixels, pixels)
        m, a, b = line(before, c, x)
        _fill_activated(buffer, taps.buffer, x, c * pixels, height, width, n, m, a, b,
                        before.activation, rows[start])  # fmt: skip
        finite = gather(w, taps, g, weight, channels.weight_start[c])
        correlate(z, c * out_pixels, out_height, length, buffer, taps, w, g, rows[start])
        if not finite:
            add_met(z, c * out_pixels, buffer, channels, taps, g, weight, channels.weight_start[c])
        if after.training:
            after.mean[c], after.variance[c] = moments(z, c * out_pixels, out_pixels)
        m, a, b = line(after, c, x)
        scale_shift_activate(y, U(c * out_pixels), z, U(c * out_pixels), U(out_pixels), m, a, b,
                             after.activation)  # fmt: skip


@inlined
def backward(start, step, gy, x, z, weight, gx, g_weight, before, after, g_before, g_after, channels, taps, buffers, rows,
             weights, totals):  # fmt: skip
    """Gradients of everything from gy (C, OH, OW, N). ``g_before`` and ``g_after`` (C, 2) take those of (scale, shift).

    What went forward between x and z is computed again, row by row: that is cheaper than to write it down and read it back.
    taps: of the convolution's input gradient. Scratch, one row a thread: buffers, for a padded channel of gradients; rows, for
    three rows of the input; weights and totals (float64), for a number a tap each.
    """
    n, height, width, out_height = channels.images, channels.height, channels.width, channels.out_height
    length, out_length = width * n, channels.out_width * n
    pixels, out_pixels = height * length, out_height * out_length
    buffer, w, total_taps = buffers[start], weights[start], totals[start]
    row, spare, active = rows[start, :length], rows[start, length : 2 * length], rows[start, 2 * length :]
    shape = taps.buffer
    pitch = shape.row_step * n
    buffer[:] = 0
    for c in range(start, channels.group.shape[0], step):
        g, at, out_at = channels.group[c], c * pixels, c * out_pixels
        inside = shape.top * pitch + shape.left * n

        # the second norm and activation: from gy to the gradient of z, which is put straight into its padded buffer
        m, a, b = line(after, c, x)
        total = product = 0.0
        for r in range(out_height):
            o, p = out_at + r * out_length, inside + r * pitch
            activate_grad(buffer, U(p), gy, U(o), z, U(o), U(out_length), m, a, b, after.activation)
            some, products = grad_sums(buffer, p, z, o, out_length, m)
            total += some
            product += products
        product -= (after.mean[c] - m) * total
        g_after[c, 0], g_after[c, 1] = product / np.sqrt(after.variance[c] + after.eps), total
        slope_a, constant, slope = grad_terms(after, c, m, total, product, out_pixels)
        ta, tc, ts = x.dtype.type(slope_a), x.dtype.type(constant), x.dtype.type(slope)
        for r in range(out_height):
            o, p = U(out_at + r * out_length), U(inside + r * pitch)
            if after.training:
                for i in range(U(out_length)):
                    buffer[p + i] = ta * buffer[p + i] - tc - ts * (z[o + i] - m)
            else:  # 0 times a z that is not finite would be NaN
                for i in range(U(out_length)):
                    buffer[p + i] *= ta

        # the convolution, and at once the first activation, a row of the input at a time
        m, ta, tb = line(before, c, x)
        finite = gather(w, taps, g, weight, channels.weight_start[c])
        total_taps[:] = 0
        total = product = 0.0
        for r in range(height):
            o = at + r * length
            input_grad_row(row, 0, spare, r, width, n, buffer, taps, w, g, True)
            if not finite:
                add_met_row(row, 0, r, buffer, channels, taps, g, weight, channels.weight_start[c])
            activate_both(active, U(0), gx, U(o), row, U(0), x, U(o), U(length), m, ta, tb, before.activation)
            weight_grad_row(total_taps, active, 0, spare, r, width, n, buffer, taps, g)
            if before.present:
                some, products = grad_sums(gx, o, x, o, length, m)
                total += some
                product += products
        store(g_weight, channels.weight_start[c], total_taps, taps, g)

        # the first norm
        if before.present:
            product -= (before.mean[c] - m) * total
            g_before[c, 0], g_before[c, 1] = product / np.sqrt(before.variance[c] + before.eps), total
            slope_a, constant, slope = grad_terms(before, c, m, total, product, pixels)
            ta, tc, ts = x.dtype.type(slope_a), x.dtype.type(constant), x.dtype.type(slope)
            if before.training:
                for i in range(U(at), U(at + pixels)):
                    gx[i] = ta * gx[i] - tc - ts * (x[i] - m)
            else:
                for i in range(U(at), U(at + pixels)):
                    gx[i] *= ta
