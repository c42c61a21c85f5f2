"""Ordinary solutions, mostly wrong: depthwise_conv2d (of notebooks 2 and 8), dilated_conv2d."""

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


# depthwise_conv2d


@solution(
    "depthwise_conv2d",
    "reset for each row of taps",
    "total = 0 stands inside the loop over the rows of taps: only the last row of the kernel counts",
)
def reset_for_each_row_of_taps(x, weight, stride, padding):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, C, H, W = padded.shape
    K = weight.shape[2]
    OH, OW = (H - K) // stride + 1, (W - K) // stride + 1
    out = np.zeros((N, C, OH, OW))
    for n, c, y, z in np.ndindex(N, C, OH, OW):
        for i in range(K):
            total = 0
            for j in range(K):
                total += padded[n, c, y * stride + i, z * stride + j] * weight[c, 0, i, j]
        out[n, c, y, z] = total
    return out


@solution(
    "depthwise_conv2d",
    "size with one border",
    "the output's size is computed from H + P instead of H + 2P: with padding the last rows and columns of places may be "
    "missing",
)
def size_with_one_border(x, weight, stride, padding):
    n, c, h, w = x.shape
    k = weight.shape[-1]
    oh = (h + padding - k) // stride + 1
    ow = (w + padding - k) // stride + 1
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    padded[:, :, padding : padding + h, padding : padding + w] = x
    out = np.zeros((n, c, max(oh, 0), max(ow, 0)))
    for y in range(oh):
        for z in range(ow):
            window = padded[:, :, y * stride : y * stride + k, z * stride : z * stride + k]
            out[:, :, y, z] = (window * weight[:, 0]).sum(axis=(2, 3))
    return out


@solution(
    "depthwise_conv2d",
    "columns from the tap's row",
    "the slice of the columns begins at i instead of j: tap (i, j) meets column xS + i",
)
def columns_from_the_tap_s_row(x, weight, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    K = weight.shape[2]
    OH = (x.shape[2] - K) // stride + 1
    OW = (x.shape[3] - K) // stride + 1
    out = np.zeros((x.shape[0], x.shape[1], OH, OW))
    for i in range(K):
        for j in range(K):
            rows = slice(i, i + stride * (OH - 1) + 1, stride)
            columns = slice(i, i + stride * (OW - 1) + 1, stride)
            out += x[:, :, rows, columns] * weight[:, 0, i, j][:, None, None]
    return out


@solution(
    "depthwise_conv2d",
    "OW before OH",
    "the array for the output is made with the shape (N, C, OW, OH): for an output that is not square the first product "
    "cannot be added to it, a ValueError",
)
def width_before_height(x, weight, stride, padding):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, C, H, W = padded.shape
    kernel = weight.shape[-1]
    OH, OW = (H - kernel) // stride + 1, (W - kernel) // stride + 1
    out = np.zeros((N, C, OW, OH))
    for i in range(kernel):
        for j in range(kernel):
            part = padded[:, :, i : i + OH * stride : stride, j : j + OW * stride : stride]
            out += part * weight[:, 0, i, j].reshape(1, C, 1, 1)
    return out


@solution("depthwise_conv2d", "right, planes as one long row")
def planes_as_one_long_row(x, weight, stride, padding):
    padded = np.pad(np.asarray(x, dtype=float), ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    *_, height, width = padded.shape
    kernel = weight.shape[-1]
    places = np.add.outer(width * np.arange(0, height - kernel + 1, stride), np.arange(0, width - kernel + 1, stride))

    def filtered(plane, taps):
        line = np.pad(taps, ((0, 0), (0, width - kernel))).ravel()[: width * (kernel - 1) + kernel]
        return np.correlate(plane.ravel(), line, "valid")[places]

    return np.array([[filtered(plane, taps[0]) for plane, taps in zip(image, weight)] for image in padded])  # noqa: B905


@solution(
    "depthwise_conv2d",
    "assigned for each tap",
    "out = instead of out +=: every tap replaces what the taps before it gave, and only the last one is returned",
)
def assigned_for_each_tap(x, weight, stride, padding):
    kernel = weight.shape[2]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows = (padded.shape[2] - kernel) // stride * stride + 1
    columns = (padded.shape[3] - kernel) // stride * stride + 1
    out = 0.0
    for i in range(kernel):
        for j in range(kernel):
            seen = padded[:, :, i : i + rows : stride, j : j + columns : stride]
            out = seen * weight[:, 0, i, j][:, np.newaxis, np.newaxis]
    return out


@solution(
    "depthwise_conv2d",
    "pads for the same size",
    "pads with kernel // 2 zeros whatever padding says: right only where the padding is half of the kernel",
)
def pads_for_the_same_size(x, weight, stride, padding):
    kernel = weight.shape[3]
    border = kernel // 2
    padded = np.pad(x, [(0, 0), (0, 0), (border, border), (border, border)])
    height, width = padded.shape[2:]
    out_h, out_w = (height - kernel) // stride + 1, (width - kernel) // stride + 1
    total = np.zeros((*x.shape[:2], out_h, out_w))
    for i, j in np.ndindex(kernel, kernel):
        picture = padded[:, :, i : i + out_h * stride : stride, j : j + out_w * stride : stride]
        total += picture * weight[:, :, i, j, None]
    return total


@solution(
    "depthwise_conv2d",
    "no border on the right",
    "the columns are padded with (padding, 0): there are no zeros behind the last column, so with padding the last columns of "
    "the output are missing",
)
def no_border_on_the_right(x, weight, stride, padding):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, 0)))
    N, C, H, W = padded.shape
    K = weight.shape[2]
    OH = (H - K) // stride + 1
    OW = (W - K) // stride + 1
    out = np.zeros((N, C, OH, OW))
    for i in range(K):
        for j in range(K):
            shifted = padded[:, :, i : i + (OH - 1) * stride + 1 : stride, j : j + (OW - 1) * stride + 1 : stride]
            out += weight[None, :, 0, i, j, None, None] * shifted
    return out


@solution(
    "depthwise_conv2d",
    "every row, every so many columns",
    "the slice of the rows has no step, i : i + OH: the stride is used in the columns only, and the outputs are of adjacent "
    "rows",
)
def every_row_every_so_many_columns(x, weight, stride, padding):
    pads = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    padded = np.pad(x, pads)
    k = weight.shape[-1]
    oh = (padded.shape[-2] - k) // stride + 1
    ow = (padded.shape[-1] - k) // stride + 1
    out = np.zeros(x.shape[:2] + (oh, ow))  # noqa: RUF005
    for i in range(k):
        for j in range(k):
            tap = weight[:, 0, i, j].reshape(-1, 1, 1)
            out += tap * padded[:, :, i : i + oh, j : j + stride * ow : stride]
    return out


@solution("depthwise_conv2d", "right, a sum of a generator")
def a_sum_of_a_generator(x, weight, stride, padding):
    channels, _, kernel, _ = weight.shape
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = (size - kernel + 1 for size in padded.shape[2:])
    return sum(
        padded[..., t // kernel :, t % kernel :][..., :rows:stride, :columns:stride] * tap
        for t, tap in enumerate(weight.reshape(channels, -1).T[:, :, None, None])
    )


# dilated_conv2d


@solution(
    "dilated_conv2d",
    "break at the border",
    "break instead of continue for a row outside of the picture: at the upper border, where the first rows of taps lie "
    "outside, the rows of taps behind them are left out, too",
)
def break_at_the_border(x, weight, dilation):
    N, C, H, W = x.shape
    K = weight.shape[-1]
    half = dilation * (K - 1) // 2
    out = np.zeros(x.shape)
    for n, c, y, z in np.ndindex(N, C, H, W):
        for i in range(K):
            row = y + i * dilation - half
            if row < 0 or row >= H:
                break
            for j in range(K):
                column = z + j * dilation - half
                if 0 <= column < W:
                    out[n, c, y, z] += x[n, c, row, column] * weight[c, 0, i, j]
    return out


@solution(
    "dilated_conv2d",
    "end of the slice not dilated",
    "the slices begin at i * dilation but end at i + H: with a dilation above 1 they are too short for the output, and adding "
    "fails with a ValueError (or they have a single row, which is repeated)",
)
def end_of_the_slice_not_dilated(x, weight, dilation):
    n, c, h, w = x.shape
    k = weight.shape[2]
    p = dilation * (k - 1) // 2
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    out = np.zeros((n, c, h, w))
    for i in range(k):
        for j in range(k):
            out += padded[:, :, i * dilation : i + h, j * dilation : j + w] * weight[:, 0, i, j][:, None, None]
    return out


@solution(
    "dilated_conv2d",
    "dilation added to the border",
    "pads with K // 2 + dilation - 1 zeros on each side instead of dilation * (K // 2): right without dilation and for 3x3, "
    "for larger kernels there are too few zeros and the result is smaller than x; and for 1x1 too many",
)
def dilation_added_to_the_border(x, weight, dilation):
    K = weight.shape[2]
    border = K // 2 + dilation - 1
    padded = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
    reach = dilation * (K - 1) + 1
    rows, columns = max(padded.shape[2] - reach + 1, 0), max(padded.shape[3] - reach + 1, 0)
    out = np.zeros((*x.shape[:2], rows, columns))
    for y in range(rows):
        for z in range(columns):
            seen = padded[:, :, y : y + reach : dilation, z : z + reach : dilation]
            out[:, :, y, z] = (seen * weight[:, 0]).sum(axis=(2, 3))
    return out


@solution(
    "dilated_conv2d",
    "dilation of the columns only",
    "tap (i, j) reads from row i instead of row i * dilation on (the border is right): the taps' rows are neighbours, and lie "
    "too high",
)
def dilation_of_the_columns_only(x, weight, dilation):
    height, width = x.shape[2:]
    kernel = weight.shape[3]
    border = (kernel - 1) * dilation // 2
    padded = np.pad(x, [(0, 0), (0, 0), (border, border), (border, border)])
    result = np.zeros(x.shape, float)
    for i, j in np.ndindex(kernel, kernel):
        left = j * dilation
        result += weight[:, :, i, j, None] * padded[:, :, i : i + height, left : left + width]
    return result


@solution("dilated_conv2d", "right, every pixel stamps")
def every_pixel_stamps(x, weight, dilation):
    images, channels, height, width = x.shape
    kernel = weight.shape[-1]
    more = dilation * (kernel - 1)
    stamped = np.zeros((images, channels, height + more, width + more))
    turned = weight[:, 0, ::-1, ::-1]
    for y, z in np.ndindex(height, width):
        place = stamped[:, :, y : y + more + 1 : dilation, z : z + more + 1 : dilation]
        place += x[:, :, y, z, None, None] * turned
    return stamped[:, :, more // 2 : more // 2 + height, more // 2 : more // 2 + width]
