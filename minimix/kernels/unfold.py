"""A dense convolution is a matrix product with the windows of the picture laid out as columns ("im2col"), and back.

Activations are flat arrays that hold (C, H, W, N); ``columns`` is (C * KH * KW, OH * OW * N): row (c, i, j) holds the pixel of
channel c that tap (i, j) meets, for every output pixel, zero where that lies outside.
"""

from typing import NamedTuple

from minimix.kernels.jit import U, inlined, kernel


class Window(NamedTuple):
    """Sizes of one dense convolution: all plain integers; top and left are the padding in front."""

    images: int
    height: int
    width: int
    out_height: int
    out_width: int
    kernel_height: int
    kernel_width: int
    stride_y: int
    stride_x: int
    dilation_y: int
    dilation_x: int
    top: int
    left: int


@inlined
def inside(length, out_length, stride, shift):
    """The outputs o (first, last + 1) whose pixel o * stride + shift lies in 0 .. length."""
    first = min(out_length, max(0, -(shift // stride)))  # ceil(-shift / stride); a far tap may miss the picture altogether
    last = min(out_length, -((shift - length) // stride))  # ceil((length - shift) / stride)
    return first, max(first, last)


@kernel
def unfold(start, step, x, channel, channels, columns, window):
    """columns = the windows of ``channels`` channels of x from ``channel`` on."""
    w = window
    n = w.images
    taps = w.kernel_height * w.kernel_width
    for item in range(start, channels * taps, step):
        c, i, j = channel + item // taps, item % taps // w.kernel_width, item % w.kernel_width
        shift = j * w.dilation_x - w.left
        first, last = inside(w.width, w.out_width, w.stride_x, shift)
        for oy in range(w.out_height):
            y = oy * w.stride_y + i * w.dilation_y - w.top
            o = U((item * w.out_height + oy) * w.out_width * n)
            if y < 0 or y >= w.height:
                for k in range(U(w.out_width * n)):
                    columns[o + k] = 0
                continue
            for k in range(U(first * n)):
                columns[o + k] = 0
            for k in range(U(last * n), U(w.out_width * n)):
                columns[o + k] = 0
            if first == last:
                continue
            source = (c * w.height + y) * w.width
            if w.stride_x == 1:
                s = U((source + first + shift) * n)
                o += U(first * n)
                for k in range(U((last - first) * n)):
                    columns[o + k] = x[s + k]
            else:
                for ox in range(first, last):
                    s, t = U((source + ox * w.stride_x + shift) * n), o + U(ox * n)
                    for k in range(U(n)):
                        columns[t + k] = x[s + k]


@kernel
def fold(start, step, columns, out, channel, channels, window):
    """The adjoint: every entry of ``columns`` is added to the pixel that it came from."""
    w = window
    n = w.images
    taps = w.kernel_height * w.kernel_width
    for c in range(start, channels, step):
        for k in range(U((channel + c) * w.height * w.width * n), U((channel + c + 1) * w.height * w.width * n)):
            out[k] = 0
        for tap in range(taps):
            i, j = tap // w.kernel_width, tap % w.kernel_width
            shift = j * w.dilation_x - w.left
            first, last = inside(w.width, w.out_width, w.stride_x, shift)
            for oy in range(w.out_height):
                y = oy * w.stride_y + i * w.dilation_y - w.top
                if y < 0 or y >= w.height:
                    continue
                target = ((channel + c) * w.height + y) * w.width
                o = ((c * taps + tap) * w.out_height + oy) * w.out_width
                for ox in range(first, last):
                    s, t = U((o + ox) * n), U((target + ox * w.stride_x + shift) * n)
                    for k in range(U(n)):
                        out[t + k] += columns[s + k]
