"""Ordinary solutions, mostly wrong: output_size, conv2d, windows, mean_square_grad."""

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


# output_size


@solution(
    "output_size",
    "kernel times dilation, less one",
    "the kernel is said to cover dilation * kernel - 1 pixels instead of dilation * (kernel - 1) + 1: right for a dilation of "
    "2 only, else too few pixels without dilation and too many for larger ones",
)
def kernel_times_dilation_less_one(size, kernel, stride, padding, dilation):
    covered = dilation * kernel - 1
    return (size + 2 * padding - covered) // stride + 1


@solution(
    "output_size",
    "remainder for quotient",
    "% instead of //: the remainder of the division by the stride is taken instead of the quotient; always 1 for a stride of 1",
)
def remainder_for_quotient(size, kernel, stride, padding, dilation):
    last_start = size + 2 * padding - dilation * (kernel - 1) - 1
    return last_start % stride + 1


@solution(
    "output_size",
    "counted, and one more",
    "all places are counted one by one, and then 1 is added as in the formula, where it stands for the place at 0: always one "
    "too many",
)
def counted_and_one_more(size, kernel, stride, padding, dilation):
    reach = dilation * (kernel - 1) + 1
    start, count = 0, 0
    while start + reach <= size + 2 * padding:
        count += 1
        start += stride
    return count + 1


@solution(
    "output_size",
    "as many steps as taps",
    "the kernel is said to cover 1 + kernel * dilation pixels: there are only kernel - 1 steps between its taps, so it is one "
    "dilation too wide",
)
def as_many_steps_as_taps(size, kernel, stride, padding, dilation):
    covered = 1
    for _ in range(kernel):
        covered += dilation
    total = size + padding + padding
    return (total - covered) // stride + 1


@solution("output_size", "right, every so many of the last pixels")
def every_so_many_of_the_last_pixels(size, kernel, stride, padding, dilation):
    pixels = range(-padding, size + padding)
    return len(pixels[dilation * (kernel - 1) :: stride])


# conv2d


@solution(
    "conv2d",
    "one within the fraction",
    "the output's size is (H + 2P - K + 1) // S: the 1 is added before the division instead of after it, so that with a "
    "stride the last row and column of places are mostly missing",
)
def one_within_the_fraction(x, weight, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, _C, H, W = x.shape
    C_out, K = weight.shape[0], weight.shape[2]
    OH, OW = (H - K + 1) // stride, (W - K + 1) // stride
    out = np.zeros((N, C_out, OH, OW))
    for n in range(N):
        for o in range(C_out):
            for y in range(OH):
                for z in range(OW):
                    window = x[n, :, y * stride : y * stride + K, z * stride : z * stride + K]
                    out[n, o, y, z] = (window * weight[o]).sum()
    return out


@solution(
    "conv2d",
    "row of the tap for both",
    "the picture's column is xS + i instead of xS + j: each tap reads at the column of its row's number",
)
def row_of_the_tap_for_both(x, weight, stride, padding):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, C, H, W = padded.shape
    O, _, K, _ = weight.shape  # noqa: E741
    OH, OW = (H - K) // stride + 1, (W - K) // stride + 1
    out = np.zeros((N, O, OH, OW))
    for n, o, y, z, c, i, j in np.ndindex(N, O, OH, OW, C, K, K):
        out[n, o, y, z] += padded[n, c, y * stride + i, z * stride + i] * weight[o, c, i, j]
    return out


@solution(
    "conv2d",
    "assigned in the innermost line",
    "= instead of +=: each output holds only its last product, of the last channel and the last tap",
)
def assigned_in_the_innermost_line(x, weight, stride, padding):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    n_images, channels, height, width = padded.shape
    filters, kernel = len(weight), weight.shape[-1]
    rows, columns = (height - kernel) // stride + 1, (width - kernel) // stride + 1
    out = np.zeros((n_images, filters, rows, columns))
    for n in range(n_images):
        for o in range(filters):
            for y in range(rows):
                for k in range(columns):
                    for c in range(channels):
                        for i in range(kernel):
                            for j in range(kernel):
                                pixel = padded[n, c, y * stride + i, k * stride + j]
                                out[n, o, y, k] = pixel * weight[o, c, i, j]
    return out


@solution(
    "conv2d",
    "sum over the taps only",
    "window * weight[o] is summed over its axes 1 and 2 but not over the channels: an array of C numbers is put into one "
    "entry, which fails with a ValueError (older versions of NumPy let it pass for a single channel)",
)
def sum_over_the_taps_only(x, weight, stride, padding):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    k = weight.shape[2]
    oh = (padded.shape[2] - k) // stride + 1
    ow = (padded.shape[3] - k) // stride + 1
    out = np.zeros((len(x), len(weight), oh, ow))
    for n in range(len(x)):
        for o in range(len(weight)):
            for row in range(oh):
                for col in range(ow):
                    top, left = row * stride, col * stride
                    window = padded[n, :, top : top + k, left : left + k]
                    out[n, o, row, col] = (window * weight[o]).sum(axis=(1, 2))
    return out


# windows


@solution(
    "windows",
    "rows move by one",
    "the window's first row is y instead of y * stride: the stride is used in the columns only",
)
def rows_move_by_one(x, kernel, stride):
    N, C, H, W = x.shape
    OH = (H - kernel) // stride + 1
    OW = (W - kernel) // stride + 1
    result = np.zeros((N, C, OH, OW, kernel, kernel))
    for y in range(OH):
        for z in range(OW):
            left = z * stride
            result[:, :, y, z] = x[:, :, y : y + kernel, left : left + kernel]
    return result


@solution(
    "windows",
    "places in front",
    "the windows are collected in lists place by place, and the axes are not moved: (OH, OW, N, C, K, K) instead of (N, C, "
    "OH, OW, K, K)",
)
def places_in_front(x, kernel, stride):
    rows = []
    for top in range(0, x.shape[2] - kernel + 1, stride):
        row = []
        for left in range(0, x.shape[3] - kernel + 1, stride):
            row.append(x[:, :, top : top + kernel, left : left + kernel])
        rows.append(row)
    return np.array(rows)


@solution(
    "windows",
    "one within the fraction, columns",
    "OW is (W - K + 1) // stride, with the 1 added before the division (OH is right): with a stride the last column of places "
    "is missing unless W - K + 1 is a multiple of it",
)
def one_within_the_fraction_columns(x, kernel, stride):
    n, c, h, w = x.shape
    oh, ow = (h - kernel) // stride + 1, (w - kernel + 1) // stride
    out = np.empty((n, c, oh, ow, kernel, kernel), x.dtype)
    for y in range(oh):
        for z in range(ow):
            top, left = y * stride, z * stride
            out[:, :, y, z] = x[:, :, top : top + kernel, left : left + kernel]
    return out


@solution(
    "windows",
    "stored where it begins",
    "a window is stored at the row and column of the pixel where it begins instead of at its number: with a stride this is an "
    "IndexError as soon as there is a second place",
)
def stored_where_it_begins(x, kernel, stride):
    images, channels, height, width = x.shape
    found = np.zeros((images, channels, (height - kernel) // stride + 1, (width - kernel) // stride + 1, kernel, kernel))
    for top in range(0, height - kernel + 1, stride):
        for left in range(0, width - kernel + 1, stride):
            found[:, :, top, left] = x[:, :, top : top + kernel, left : left + kernel]
    return found


@solution("windows", "right, slices stacked behind")
def slices_stacked_behind(x, kernel, stride):
    height, width = (size - kernel + 1 for size in x.shape[2:])
    rows = [x[:, :, i : i + height : stride] for i in range(kernel)]
    return np.stack([np.stack([row[..., j : j + width : stride] for j in range(kernel)], axis=-1) for row in rows], axis=-2)


# mean_square_grad


@solution(
    "mean_square_grad",
    "errors along the taps",
    "matrix * error without a new axis: the n errors are lined up with the taps instead of the places, which fails with a "
    "ValueError unless n is the number of taps or one of them is 1, and is wrong then, too, except for a single place",
)
def errors_along_the_taps(matrix, target, weight):
    error = matrix @ weight - target
    return 2 * (matrix * error).sum(axis=0) / len(target)


@solution(
    "mean_square_grad",
    "divided in every round",
    "grad /= n stands inside the loop over the places: the sum so far is divided by n again at each of them, so that only the "
    "last place counts in full, and each one before it n times less",
)
def divided_in_every_round(matrix, target, weight):
    n, taps = np.shape(matrix)
    grad = np.zeros(taps)
    for p in range(n):
        error = np.dot(matrix[p], weight) - target[p]
        grad += 2 * error * np.asarray(matrix[p])
        grad /= n
    return grad


@solution(
    "mean_square_grad",
    "always at zero weights",
    "the weight is set to zeros first, as at the start of the descent: the gradient is that at zero and not at the given "
    "weight",
)
def always_at_zero_weights(matrix, target, weight):
    weight = np.zeros(matrix.shape[1])
    error = matrix @ weight - target
    return 2 / len(error) * (matrix.T @ error)


@solution(
    "mean_square_grad",
    "two below the line",
    "the sum of error times pixel is divided by n and by 2 instead of multiplied by 2: a quarter of the gradient",
)
def two_below_the_line(matrix, target, weight):
    n = matrix.shape[0]
    error = matrix.dot(weight) - target
    return matrix.T.dot(error) / n / 2
