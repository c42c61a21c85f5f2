"""A dense convolution is a matrix product with the windows of the picture laid out as columns ("im2col"), and back.

    forward:  out (M, P) = weight (M, K) @ columns (K, P)
    backward: partial (M, K) = gradient @ columns^T, a sum over P,     and the pixels' gradient = weight^T @ gradient, put back

Row (c, i, j) of the columns, of K = C * KH * KW, holds the pixel of channel c that tap (i, j) meets, for every output pixel of
every image, P = OH * OW * N, zero where that lies outside. In memory they would take KH * KW times the room of the picture, and
be read slower than they are made. So there is never more of them than a tile that fits the cache: it is filled from the picture
where ``product.py`` packs one together, and used at once.

Activations are flat arrays that hold (C, H, W, N).
"""

from typing import NamedTuple

from minimix.kernels.ahead import follows
from minimix.kernels.jit import U, inlined, kernel
from minimix.kernels.product import ROWS, pack, tile_outer, tile_product

PART = 512  # rows of columns, or of a gradient, at once: so much fits the cache, and so much is summed one after the other


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
def _inside(length, out_length, stride, shift):
    """The outputs o (first, last + 1) whose pixel o * stride + shift lies in 0 .. length."""
    first = min(out_length, max(0, -(shift // stride)))  # ceil(-shift / stride); a far tap may miss the picture altogether
    last = min(out_length, -((shift - length) // stride))  # ceil((length - shift) / stride)
    return first, max(first, last)


@inlined
def _run(columns, o, x, i, n, stride, back):
    """columns[o : o+n] = every ``stride``-th pixel of x from i on; or, ``back``, they are added to these pixels."""
    for k in range(n):
        if back:
            x[i + k * stride] += columns[o + k]
        else:
            columns[o + k] = x[i + k * stride]


@inlined
def _windows(columns, x, first, rows, j, n, window, back):
    """columns (rows, n) = rows first, first + 1, .. of all columns, from the j-th on; or, ``back``, x += what they hold."""
    w, images = window, window.images
    length = w.out_width * images
    for row in range(rows):
        tap = (first + row) % (w.kernel_height * w.kernel_width)
        c, i, shift = (first + row - tap) // (w.kernel_height * w.kernel_width), tap // w.kernel_width, tap % w.kernel_width
        shift = shift * w.dilation_x - w.left
        left, right = _inside(w.width, w.out_width, w.stride_x, shift)
        done = 0
        while done < n:  # one row of output pixels, or what the tile has of it
            oy = (j + done) // length
            o, begin = row * n + done, j + done - oy * length
            end = min(length, begin + n - done)
            done += end - begin
            y = oy * w.stride_y + i * w.dilation_y - w.top
            low, high = min(max(left * images, begin), end), max(min(right * images, end), begin)
            if y < 0 or y >= w.height or low >= high:
                low = high = end
            if not back:
                for k in range(U(o), U(o + low - begin)):
                    columns[k] = 0
                for k in range(U(o + high - begin), U(o + end - begin)):
                    columns[k] = 0
            source = ((c * w.height + y) * w.width + shift) * images  # of the pixel that output 0 meets
            if low == high:
                continue
            if w.stride_x == 1:
                _run(columns, U(o + low - begin), x, U(source + low), U(high - low), U(1), back)
            elif images == 1:
                _run(columns, U(o + low - begin), x, U(source + low * w.stride_x), U(high - low), U(w.stride_x), back)
            else:
                skip = low % images  # a tile may begin in the middle of a pixel's images
                to, pixel = U(o + low - begin), U(source + (low - skip) * w.stride_x)
                while low < high:
                    count = min(images - skip, high - low)
                    _run(columns, to, x, pixel + U(skip), U(count), U(1), back)
                    low, skip = low + count, 0
                    to, pixel = to + U(count), pixel + U(w.stride_x * images)


@kernel
def forward(start, step, weight, x, first, out, columns, window, rows, tile, scratch):
    """out (M, P) = weight (M, K) @ rows first .. first + K of the columns of x; P = columns. Items are (tile of columns, so
    many ``rows`` of the output)."""
    M, K = weight.shape
    parts = (M + rows - 1) // rows
    packed, sums = scratch[start, : min(K, PART) * tile], scratch[start, min(K, PART) * tile :]
    for item in range(start, ((columns + tile - 1) // tile) * parts, step):
        j, begin = item // parts * tile, item % parts * rows
        end, n = min(begin + rows, M), min(tile, columns - j)
        for k in range(0, K, PART):
            part = min(PART, K - k)
            _windows(packed, x, first + k, part, j, n, window, False)
            for top in range(begin, end, ROWS):
                bottom = min(top + ROWS, end)
                tile_product(sums, n, 0, weight[top:bottom, k : k + part], 0, bottom - top, packed, U(n))
                for row in range(top, bottom):
                    o, s = U(row * columns + j), U((row - top) * n)
                    if k == 0:
                        for i in range(U(n)):
                            out[o + i] = sums[s + i]
                    else:
                        for i in range(U(n)):
                            out[o + i] += sums[s + i]


@kernel
def weight_grad(start, step, gradient, x, first, partial, columns, window, chunk, tile, scratch):
    """partial[i] (M, K) = gradient (M, P) @ columns^T over the i-th ``chunk`` of the P; ``first`` as in ``forward``.

    The sum over i is left to the caller: always the same chunks in the same order, whatever the number of threads.
    """
    chunks, M, K = partial.shape
    gradients, packed = scratch[start, : M * tile], scratch[start, M * tile :]
    for item in range(start, chunks, step):
        partial[item] = 0
        end = min((item + 1) * chunk, columns)
        for j in range(item * chunk, end, tile):
            n = min(tile, end - j)
            pack(gradients, gradient, 0, M, columns, j, U(n))
            for k in range(0, K, PART):
                part = min(PART, K - k)
                _windows(packed, x, first + k, part, j, n, window, False)
                tile_outer(partial[item, :, k : k + part], gradients, M, packed, part, U(n))


@kernel
def input_grad(start, step, weight_t, gradient, gx, first, columns, window, block, tile, scratch):
    """gx = weight_t (K, M) @ gradient (M, P), each entry added to the pixel it belongs to. Items are ``block`` channels."""
    K, M = weight_t.shape
    taps = window.kernel_height * window.kernel_width
    pixels = window.height * window.width * window.images
    gradients, sums = scratch[start, : min(M, PART) * tile], scratch[start, min(M, PART) * tile :]
    for k in range(start * block * taps, K, step * block * taps):
        part = min(block * taps, K - k)
        for i in range(U((first + k) // taps * pixels), U((first + k + part) // taps * pixels)):
            gx[i] = 0
        for j in range(0, columns, tile):
            n = min(tile, columns - j)
            for m in range(0, M, PART):
                some = min(PART, M - m)
                pack(gradients, gradient, m, some, columns, j, U(n))
                tile_product(sums, n, 0, weight_t[k : k + part, m : m + some], 0, part, gradients, U(n))
                _windows(sums, gx, first + k, part, j, n, window, True)


follows(
    forward, weight_grad, lambda start, step, weight, x, first, out, columns, window, rows, tile, scratch:
    (start, step, x, x, first, x.copy(ndim=3), columns, window, rows, tile, scratch),
)  # fmt: skip
