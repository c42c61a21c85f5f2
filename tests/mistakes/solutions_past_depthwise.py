"""Held-out solutions, wrong and right: depthwise_conv2d, dilated_conv2d."""

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


def bordered(x, rows, columns=None):
    columns = rows if columns is None else columns
    return np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))


# depthwise_conv2d


@solution(
    "depthwise_conv2d",
    "size rounded up",
    "(H + 2P - K) / S is rounded up instead of down: where the stride does not divide it there is a place too many, "
    "which the slices do not have: it fails, or repeats a slice of length 1",
)
def size_rounded_up(x, weight, stride, padding):
    x, k = bordered(x, padding), weight.shape[-1]
    oh, ow = (int(np.ceil((side - k) / stride)) + 1 for side in x.shape[2:])
    out = np.zeros((*x.shape[:2], oh, ow))
    for i, j in np.ndindex(k, k):
        out += x[:, :, i : i + stride * oh : stride, j : j + stride * ow : stride][:, :, :oh, :ow] * weight[:, :, i, j, None]
    return out


@solution(
    "depthwise_conv2d",
    "axis of one forgotten",
    "the weight is indexed as if it had the shape (C, K, K), weight[:, i, j]: it fails for kernels above 1",
)
def axis_of_one_forgotten(x, weight, stride, padding):
    x, k = bordered(x, padding), weight.shape[-1]
    oh, ow = (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1
    out = np.zeros((*x.shape[:2], oh, ow))
    for i in range(k):
        for j in range(k):
            tap = weight[:, i, j].reshape(1, -1, 1, 1)
            out += tap * x[:, :, i : i + stride * (oh - 1) + 1 : stride, j : j + stride * (ow - 1) + 1 : stride]
    return out


@solution(
    "depthwise_conv2d",
    "put between minus padding",
    "the picture is put into [padding:-padding] of the zeros, which is empty for padding 0: a ValueError there",
)
def between_minus_padding(x, weight, stride, padding):
    n, c, h, w = x.shape
    canvas = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    canvas[:, :, padding:-padding, padding:-padding] = x
    seen = np.lib.stride_tricks.sliding_window_view(canvas, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwij,cij->nchw", seen, weight[:, 0])


@solution(
    "depthwise_conv2d",
    "border of the nearest pixels",
    "np.pad with mode 'edge': the border repeats the picture's outermost pixels instead of being zero",
)
def border_of_nearest(x, weight, stride, padding):
    k = weight.shape[2]
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)], "edge")
    tops, lefts = range(0, x.shape[2] - k + 1, stride), range(0, x.shape[3] - k + 1, stride)
    return np.array(
        [
            [
                [[np.vdot(channel[top : top + k, left : left + k], taps) for left in lefts] for top in tops]
                for channel, (taps,) in zip(image, weight, strict=True)
            ]
            for image in x
        ]
    )


@solution(
    "depthwise_conv2d",
    "another letter in einsum",
    "the kernels' channel axis has a letter of its own in einsum ('dij'): every channel meets the sum of all channels' kernels",
)
def another_letter(x, weight, stride, padding):
    seen = np.lib.stride_tricks.sliding_window_view(bordered(x, padding), weight.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,dij->nchw", seen[:, :, ::stride, ::stride], weight[:, 0])


@solution(
    "depthwise_conv2d",
    "kernel size from axis 0",
    "the kernel's size is read from weight.shape[0], the number of channels, instead of from its last axis",
)
def size_from_axis_zero(x, weight, stride, padding):
    x, k = bordered(x, padding), weight.shape[0]
    oh, ow = (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1
    out = np.zeros((*x.shape[:2], oh, ow))
    for c in range(x.shape[1]):
        for y in range(oh):
            for z in range(ow):
                for i in range(k):
                    for j in range(k):
                        out[:, c, y, z] += x[:, c, y * stride + i, z * stride + j] * weight[c, 0, i, j]
    return out


@solution(
    "depthwise_conv2d",
    "stride before the sums, taps exchanged",
    "two mistakes: the padded picture is thinned out by the stride before the taps meet it, so that neighbouring taps lie "
    "`stride` pixels apart, and rows and columns of the kernel are exchanged",
)
def thinned_and_exchanged(x, weight, stride, padding):
    thin = bordered(x, padding)[:, :, ::stride, ::stride]
    k = weight.shape[-1]
    oh, ow = max(thin.shape[2] - k + 1, 0), max(thin.shape[3] - k + 1, 0)
    out = np.zeros((*thin.shape[:2], oh, ow))
    for i, j in np.ndindex(k, k):
        out += weight[:, 0, j, i][:, None, None] * thin[:, :, i : i + oh, j : j + ow]
    return out


@solution("depthwise_conv2d", "right, each product carried to its output")
def carried_to_output(x, weight, stride, padding):
    (n, c, h, w), k = x.shape, weight.shape[-1]
    oh, ow = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    out = np.zeros((n, c, oh, ow))
    for row in range(h):
        for column in range(w):
            for i, j in np.ndindex(k, k):
                (y, rest_y), (z, rest_z) = divmod(row + padding - i, stride), divmod(column + padding - j, stride)
                if rest_y == rest_z == 0 and 0 <= y < oh and 0 <= z < ow:
                    out[:, :, y, z] += x[:, :, row, column] * weight[:, 0, i, j]
    return out


@solution("depthwise_conv2d", "right, by singular vectors")
def singular_vectors(x, weight, stride, padding):
    k, wide = weight.shape[-1], bordered(np.asarray(x, dtype=float), padding)

    def along(lines, taps, axis):
        seen = np.lib.stride_tricks.sliding_window_view(lines, k, axis=axis)
        return (seen * taps).sum(axis=-1)

    channels = []
    for c in range(x.shape[1]):
        down, scale, across = np.linalg.svd(np.asarray(weight[c, 0], dtype=float))
        channels.append(sum(s * along(along(wide[:, c], d, 1), a, 2) for d, s, a in zip(down.T, scale, across, strict=True)))
    return np.stack(channels, axis=1)[:, :, ::stride, ::stride]


# dilated_conv2d


@solution(
    "dilated_conv2d",
    "kernel of D times K",
    "the kernel is said to cover D * K pixels instead of D * (K - 1) + 1, so that there are (D * K - 1) // 2 zeros on each "
    "side: too many from dilation 3 on, and the result is shifted",
)
def kernel_of_d_times_k(x, weight, dilation):
    k = weight.shape[-1]
    covered = dilation * k
    padded = bordered(x, (covered - 1) // 2)
    out = np.zeros(x.shape)
    for i in range(k):
        for j in range(k):
            part = padded[:, :, i * dilation : i * dilation + x.shape[2], j * dilation : j * dilation + x.shape[3]]
            out += part * weight[:, 0, i, j].reshape(-1, 1, 1)
    return out


@solution(
    "dilated_conv2d",
    "padding for 3x3",
    "K // 2 + D - 1 zeros on each side: right for K = 3 or D = 1 only, too few for larger dilated kernels, which fails, and "
    "D - 1 too many for K = 1, which shifts the result",
)
def padding_for_three(x, weight, dilation):
    k = weight.shape[-1]
    padded = bordered(x, k // 2 + dilation - 1)
    out = np.zeros(x.shape)
    for i, j in np.ndindex(k, k):
        rows, columns = slice(i * dilation, i * dilation + x.shape[2]), slice(j * dilation, j * dilation + x.shape[3])
        out = out + weight[:, 0, i, j][None, :, None, None] * padded[:, :, rows, columns]
    return out


@solution(
    "dilated_conv2d",
    "pixels between",
    "the dilation is taken for the number of pixels between neighbouring taps: they lie dilation + 1 pixels apart",
)
def pixels_between(x, weight, dilation):
    k, apart = weight.shape[-1], dilation + 1
    reach = apart * (k - 1) // 2
    padded = bordered(x, reach)
    seen = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1), axis=(2, 3))
    return np.einsum("nchwij,cij->nchw", seen[..., ::apart, ::apart], weight[:, 0])


@solution(
    "dilated_conv2d",
    "columns bounded by the height",
    "the column of a tap is compared with the picture's height instead of its width: pixels of wide pictures are missed, in "
    "tall ones the index falls outside, an IndexError",
)
def columns_bounded_by_height(x, weight, dilation):
    n, c, h, w = x.shape
    half = weight.shape[-1] // 2
    out = np.zeros((n, c, h, w))
    for y in range(h):
        for z in range(w):
            for i in range(-half, half + 1):
                for j in range(-half, half + 1):
                    row, column = y + i * dilation, z + j * dilation
                    if 0 <= row < h and 0 <= column < h:
                        out[:, :, y, z] += x[:, :, row, column] * weight[:, 0, half + i, half + j]
    return out


@solution(
    "dilated_conv2d",
    "halved before multiplied",
    "dilation // 2 * (K - 1) zeros on each side: too few for odd dilations, 1 included, which fails for kernels above 1",
)
def halved_before_multiplied(x, weight, dilation):
    n, c, h, w = x.shape
    k = weight.shape[-1]
    pad = dilation // 2 * (k - 1)
    padded = np.zeros((n, c, h + 2 * pad, w + 2 * pad))
    padded[:, :, pad : pad + h, pad : pad + w] = x
    result = np.zeros_like(x, dtype=float)
    for channel in range(c):
        for i in range(k):
            for j in range(k):
                seen = padded[:, channel, i * dilation :, j * dilation :][:, :h, :w]
                result[:, channel] += weight[channel, 0, i, j] * seen
    return result


@solution(
    "dilated_conv2d",
    "phases in blocks",
    "the picture is taken apart into every D-th row and column, each part is convolved rightly, but the parts are put side by "
    "side as blocks instead of back between each other",
)
def phases_in_blocks(x, weight, dilation):
    k = weight.shape[-1]

    def undilated(part):
        seen = np.lib.stride_tricks.sliding_window_view(bordered(part, k // 2), (k, k), axis=(2, 3))
        return np.einsum("nchwij,cij->nchw", seen, weight[:, 0])

    steps = range(dilation)
    parts = [[undilated(x[:, :, a::dilation, b::dilation]) for b in steps if b < x.shape[3]] for a in steps if a < x.shape[2]]
    return np.concatenate([np.concatenate(row, axis=3) for row in parts], axis=2)


@solution(
    "dilated_conv2d", "return in the loop over rows", "the return stands in the loop over i: only the kernel's first row counts"
)
def return_after_first_row(x, weight, dilation):
    k = weight.shape[-1]
    out = np.zeros(x.shape)
    padded = bordered(x, dilation * (k - 1) // 2)
    for i in range(k):
        for j in range(k):
            rows = slice(i * dilation, i * dilation + x.shape[2])
            out += padded[:, :, rows, j * dilation : j * dilation + x.shape[3]] * weight[:, :, i, j, None]
        return out


@solution(
    "dilated_conv2d",
    "row 0 left out, taps exchanged",
    "two mistakes: pixels of row 0 and of column 0 never count (0 < row instead of 0 <= row), and rows and columns of the "
    "kernel are exchanged",
)
def row_zero_left_out(x, weight, dilation):
    _, channels, h, w = x.shape
    k = weight.shape[2]
    out = np.zeros(x.shape)
    for c, y, z, i, j in np.ndindex(channels, h, w, k, k):
        row = y + (i - k // 2) * dilation
        column = z + (j - k // 2) * dilation
        if 0 < row < h and 0 < column < w:
            out[:, c, y, z] += weight[c, 0, j, i] * x[:, c, row, column]
    return out


@solution("dilated_conv2d", "right, a dictionary of pixels")
def dictionary_of_pixels(x, weight, dilation):
    pixels = {place: value for place, value in np.ndenumerate(x)}
    taps = [(c, i, j, value) for (c, _, i, j), value in np.ndenumerate(weight)]
    middle = weight.shape[-1] // 2
    result = np.zeros(x.shape)
    for n, c, y, z in pixels:
        met = (
            value * pixels.get((n, c, y + (i - middle) * dilation, z + (j - middle) * dilation), 0.0)
            for channel, i, j, value in taps
            if channel == c
        )
        result[n, c, y, z] = sum(met)
    return result


@solution("dilated_conv2d", "right, every D-th tap of a wide window")
def every_dth_tap(x, weight, dilation):
    half = (weight.shape[-1] - 1) * dilation // 2
    seen = np.lib.stride_tricks.sliding_window_view(bordered(x, half), (2 * half + 1,) * 2, axis=(-2, -1))
    thin = seen[..., ::dilation, ::dilation]
    return np.matmul(thin.reshape(*x.shape, 1, -1), weight.reshape(x.shape[1], 1, 1, -1, 1))[..., 0, 0]
