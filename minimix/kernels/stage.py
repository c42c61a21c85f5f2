"""What lies between the two pointwise convolutions of a MixNet block, in one kernel, one channel at a time:

    batch norm, activation -> mixed depthwise convolution -> batch norm, activation

Each of these steps treats every channel by itself, and a channel of a batch fits the cache. So a channel is read once from
memory, goes through all steps, and only the convolution's output is written. The second norm's output is not: who needs it
makes it of that again (``block.py``), which is cheaper than to write it down and read it back. On two cores, memory is what a
training step waits for: done step by step, the same numbers would travel three times as often.

The steps themselves are those of ``depthwise.py``, ``norm.py`` and ``activation.py``. One output channel per input channel.
For few images and short rows, the convolution takes the channels of a slab together (``lanes.py``), and the other steps treat
each of them by itself as ever.
"""

from minimix.kernels import lanes
from minimix.kernels.activation import activate_both, activate_grad, scale_shift_activate
from minimix.kernels.border import add_met, add_met_row, gather
from minimix.kernels.depthwise import correlate, for_taps, input_grad_phases, store, weight_grad_phases
from minimix.kernels.gate import add_dots, add_pixels, scale_add
from minimix.kernels.jit import U, inlined
from minimix.kernels.norm import grad_sums, grad_terms, input_grad, line, line_forward
from minimix.kernels.phases import LOOP, fill, merge, phase_start, split
from minimix.kernels.simd import lanes_of


@inlined
def forward(start, step, x, weight, z, before, after, finished, mean, channels, taps, slabs, buffers, weights, rows, sums):
    """z = mixed depthwise convolution of before(x); in training, ``after`` gets its statistics. x (C, H, W, N), z (C, OH, OW,
    N), flat.

    finished: z is after(that) instead: where there is no backward pass. mean: (C, N), = after(z) averaged over the pixels; or
    empty. slabs: which channels go together, or None. Scratch, one row a thread: buffers, a padded channel; weights, in the
    order of the taps; rows, a row of the input or of the output; sums, a number an image.
    """
    n, height, width, out_height = channels.images, channels.height, channels.width, channels.out_height
    pixels, length = height * width * n, channels.out_width * n
    buffer, w, total = buffers[start], weights[start], sums[start, :n]
    buffer[:] = 0
    if slabs is not None:
        planes = slabs.planes[start]
        for slab in range(start, slabs.channels.shape[0], step):
            first, count = slabs.channels[slab]
            for k in range(count):
                line_forward(before, first + k, x, pixels)
            for top in range(0, height, slabs.rows):
                bottom = min(top + slabs.rows, height)
                for k in range(count):
                    m, a, b = line(before, first + k, x)
                    scale_shift_activate(planes, U(k * slabs.near), x, U(((first + k) * height + top) * width * n),
                                         U((bottom - top) * width * n), m, a, b, before.activation)  # fmt: skip
                lanes.pack(buffer, taps.buffer, planes, slabs.near, top, bottom, width, n, rows[start])
            lanes.correlate(z, slabs, start, buffer, channels, taps, weight, w, channels.group[first], first, count, 1)
            for c in range(first, first + count):
                _second(z, c, 1, out_height * channels.out_width, n, after, finished, mean, planes, total)
        return
    for c in range(start, channels.group.shape[0], step):
        g = channels.group[c]
        m, a, b = line_forward(before, c, x, pixels)
        fill(buffer, taps.buffer, x, c * pixels, height, width, n, m, a, b, before.activation, rows[start])
        finite = gather(w, taps, g, weight, channels.weight_start[c])
        correlate(z, c * out_height * length, out_height, length, buffer, taps, w, g)
        if not finite:
            add_met(z, c * out_height * length, buffer, channels, taps, g, weight, channels.weight_start[c], 0, 1)
        _second(z, c, out_height, channels.out_width, n, after, finished, mean, rows[start], total)


@inlined
def _second(z, c, rows, width, images, after, finished, mean, row, total):
    """The second norm of channel c of z, ``rows`` rows of ``width`` pixels; ``finished`` and mean as in ``forward``.

    row, total: scratch, for a row, and for a number an image.
    """
    length = width * images
    m, a, b = line_forward(after, c, z, rows * length)
    if not finished and mean.size == 0:
        return
    total[:] = 0
    for r in range(rows):
        at = (c * rows + r) * length
        out, o = (z, at) if finished else (row, 0)
        scale_shift_activate(out, U(o), z, U(at), U(length), m, a, b, after.activation)
        if mean.size:
            add_pixels(total, out, o, width, images)
    if mean.size:
        for i in range(images):
            mean[c, i] = total[i] / (rows * width)


@inlined
def gate_grad(start, step, out, gy, z, after, channels, rows, sums):
    """out (C, N) = gradient of the gate: gy, that of what is behind it, times after(z), summed over the pixels."""
    images, width, height = channels.images, channels.out_width, channels.out_height
    length = width * images
    row, total = rows[start], sums[start, :images]
    for c in range(start, out.shape[0], step):
        m, a, b = line(after, c, z)
        total[:] = 0
        for r in range(height):
            o = (c * height + r) * length
            scale_shift_activate(row, U(0), z, U(o), U(length), m, a, b, after.activation)
            add_dots(total, gy, o, row, 0, width, images)
        for i in range(images):
            out[c, i] = total[i]


@inlined
def _grad_of_z(out, first, pitch, gy, z, rows, length, after, c, g_after, gate, g_mean, row):
    """out = gradient of channel c of z, the input of the second norm and activation: ``rows`` rows of ``length``, the first at
    out[first:], the others each ``pitch`` behind the one before.

    gy: gradient of what is behind the gate, or, where gate (C, N) is empty, of the activation. g_mean: that of the means that
    the gate comes from. row: scratch.
    """
    m, a, b = line(after, c, z)
    at, total = c * rows * length, 0.0
    product, share = 0.0, z.dtype.type(0)
    if gate.size:
        share = z.dtype.type(gate.shape[1] / (rows * length))
    for r in range(rows):
        o, p = at + r * length, first + r * pitch
        source, s = gy, o
        if gate.size:
            scale_add(row, 0, gy, o, gate[c], g_mean[c], share, length // gate.shape[1])
            source, s = row, 0
        activate_grad(out, U(p), source, U(s), z, U(o), U(length), m, a, b, after.activation)
        some, products = grad_sums(out, p, z, o, length, m)
        total += some
        product += products
    g_after[c, 0], g_after[c, 1], a, constant, slope = grad_terms(after, c, z, m, total, product, rows * length)
    for r in range(rows):
        input_grad(out, U(first + r * pitch), z, U(at + r * length), U(length), m, a, constant, slope, after.training)


@inlined
def _grad_of_x(gx, x, at, n, m, total, product, before, c, g_before):
    """gx[at : at+n] = gradient of x, the input of the first norm, from that of its output, in place. total, product: the sums
    of that, and of it times x's distance to m."""
    if before.present:
        g_before[c, 0], g_before[c, 1], a, constant, slope = grad_terms(before, c, x, m, total, product, n)
        input_grad(gx, U(at), x, U(at), U(n), m, a, constant, slope, before.training)


@inlined
def backward(start, step, gy, x, z, weight, gx, g_weight, before, after, g_before, g_after, gate, g_mean, channels, taps, slabs,
             buffers, rows, weights, totals, sums):  # fmt: skip
    """Gradients of everything from gy (C, OH, OW, N). ``g_before`` and ``g_after`` (C, 2) take those of (scale, shift).

    gate, g_mean: (C, N), the gate that gy is behind, and the gradient of the means that it comes from; or empty. What went
    forward between x and z is computed again, row by row: that is cheaper than to write it down and read it back. taps: of the
    convolution's input gradient. slabs: which channels go together, or None. Scratch, one row a thread: buffers, for a padded
    channel of gradients; rows, for three rows of the input or one of the output; weights, for a register and a number a tap;
    totals, for a number a tap; sums, for two numbers a lane.
    """
    n, height, width, out_height = channels.images, channels.height, channels.width, channels.out_height
    length, out_length = width * n, channels.out_width * n
    pixels, out_pixels = height * length, out_height * out_length
    buffer, w, total_taps, shape = buffers[start], weights[start], totals[start], taps.buffer
    buffer[:] = 0
    if slabs is not None:
        planes, more, active, row = slabs.planes[start], slabs.more[start], slabs.active[start], rows[start]
        sum_of, product_of = sums[start, : lanes_of(buffer)], sums[start, lanes_of(buffer) :]
        for slab in range(start, slabs.channels.shape[0], step):
            first, count = slabs.channels[slab]
            g = channels.group[first]
            for k in range(count):
                _grad_of_z(planes, k * slabs.pitch, 0, gy, z, 1, out_pixels, after, first + k, g_after, gate, g_mean, more)
            lanes.pack(buffer, shape, planes, slabs.pitch, 0, out_height, channels.out_width, n, row)
            finite = lanes.gather(w, slabs.spread[start], channels, g, weight, first, count, 1)
            total_taps[:] = 0
            sum_of[:] = 0
            product_of[:] = 0
            for top in range(0, height, slabs.rows):
                bottom = min(top + slabs.rows, height)
                some_pixels = (bottom - top) * length
                lanes.input_grad_rows(slabs, start, row, buffer, channels, taps, w, g, top, bottom)
                for k in range(count):
                    c, p = first + k, k * slabs.near
                    o = c * pixels + top * length
                    if not finite:
                        for r in range(top, bottom):
                            add_met_row(planes, p + (r - top) * length, r, buffer, channels, taps, g, weight,
                                        channels.weight_start[c], k, lanes_of(buffer))  # fmt: skip
                    m, ta, tb = line(before, c, x)
                    activate_both(more, U(p), gx, U(o), planes, U(p), x, U(o), U(some_pixels), m, ta, tb, before.activation)
                    if before.present:
                        some, products = grad_sums(gx, o, x, o, some_pixels, m)
                        sum_of[k] += some
                        product_of[k] += products
                lanes.spread_out(active, more, 0, slabs.near, some_pixels)
                lanes.weight_grad_rows(total_taps, active, row, buffer, channels, taps, g, top, bottom)
            for k in range(count):
                c = first + k
                store(g_weight, channels.weight_start[c], total_taps, taps, g, k, lanes_of(buffer))
                m, ta, tb = line(before, c, x)
                _grad_of_x(gx, x, c * pixels, pixels, m, sum_of[k], product_of[k], before, c, g_before)
        return
    parts, w = for_taps(w, taps)
    row, spare, active = rows[start, :length], rows[start, length : 2 * length], rows[start, 2 * length :]
    pitch, phases = shape.row_step * n, taps.run.shape[0]
    for c in range(start, channels.group.shape[0], step):
        g, at = channels.group[c], c * pixels
        # the second norm and activation: from gy to the gradient of z, which is put straight into its padded buffer
        _grad_of_z(buffer, shape.top * pitch + shape.left * n, pitch, gy, z, out_height, out_length, after, c, g_after, gate,
                   g_mean, rows[start])  # fmt: skip

        # the convolution, and at once the first activation, a row of the input at a time
        m, ta, tb = line(before, c, x)
        finite = gather(w, taps, g, weight, channels.weight_start[c])
        direct = phases == 1 or (n % LOOP == 0 and finite)
        pieces = width if direct and phases > 1 else 1
        piece = width // pieces * n
        total_taps[:] = 0
        total = product = 0.0
        for r in range(height):
            o = at + r * length
            input_grad_phases(spare, r, buffer, taps, w, g)
            gradient = spare if direct else row
            if not direct:
                merge(row, 0, spare, taps.run, width, n, True)
            if not finite:
                add_met_row(gradient, 0, r, buffer, channels, taps, g, weight, channels.weight_start[c], 0, 1)
            for q in range(pieces):
                p, i = phase_start(taps.run, q, n), o + q * piece
                activate_both(active, U(p), gx, U(i), gradient, U(p), x, U(i), U(piece), m, ta, tb, before.activation)
            if not direct:
                split(spare, active, 0, taps.run, n)
            weight_grad_phases(total_taps, parts, active if direct else spare, 0, r, channels, buffer, taps, g)
            if before.present:
                some, products = grad_sums(gx, o, x, o, length, m)
                total += some
                product += products
        store(g_weight, channels.weight_start[c], total_taps, taps, g, 0, 1)
        _grad_of_x(gx, x, at, pixels, m, total, product, before, c, g_before)
