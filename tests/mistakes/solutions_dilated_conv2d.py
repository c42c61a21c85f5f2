"""What learners write for a dilated depthwise convolution: wrong ones, and right ones that look odd."""

import numpy as np
from corpus import Solution

views = np.lib.stride_tricks.sliding_window_view


def padded(x, zeros):
    return np.pad(x, ((0, 0), (0, 0), (zeros, zeros), (zeros, zeros)))


def shifted_sum(x, frame, weight, row_of, column_of):
    """Sum over taps (i, j) of the weight times the frame from row_of(i), column_of(j) on, of x's shape."""
    out = np.zeros(x.shape)
    height, width = x.shape[2:]
    for i, j in np.ndindex(*weight.shape[2:]):
        row, column = row_of(i), column_of(j)
        out += frame[:, :, row : row + height, column : column + width] * weight[:, 0, i, j][:, None, None]
    return out


def dilation_ignored(x, weight, dilation):
    frame = padded(x, weight.shape[-1] // 2)
    return shifted_sum(x, frame, weight, lambda i: i, lambda j: j)


def dilation_in_padding_only(x, weight, dilation):
    frame = padded(x, dilation * (weight.shape[-1] - 1) // 2)
    return shifted_sum(x, frame, weight, lambda i: i, lambda j: j)


def dilation_in_rows_only(x, weight, dilation):
    half = weight.shape[-1] // 2
    frame = np.pad(x, ((0, 0), (0, 0), (dilation * half, dilation * half), (half, half)))
    return shifted_sum(x, frame, weight, lambda i: i * dilation, lambda j: j)


def padding_of_the_kernel(x, weight, dilation):
    frame = padded(x, (weight.shape[-1] - 1) // 2)
    return shifted_sum(x, frame, weight, lambda i: i * dilation, lambda j: j * dilation)


def no_padding(x, weight, dilation):
    covered = dilation * (weight.shape[-1] - 1) + 1
    seen = views(x, (covered, covered), axis=(2, 3))[..., ::dilation, ::dilation]
    return np.einsum("ncyxij,cij->ncyx", seen, weight[:, 0])


def half_of_the_whole_kernel(x, weight, dilation):
    k = weight.shape[-1]
    frame = padded(x, dilation * k // 2)
    height, width = (size - dilation * (k - 1) for size in frame.shape[2:])
    out = np.zeros((*x.shape[:2], height, width))
    for i in range(k):
        for j in range(k):
            seen = frame[:, :, i * dilation : i * dilation + height, j * dilation : j * dilation + width]
            out += seen * weight[:, 0, i, j].reshape(-1, 1, 1)
    return out


def zeros_on_each_side(x, weight, dilation):
    frame = padded(x, dilation * (weight.shape[-1] - 1))
    covered = dilation * (weight.shape[-1] - 1) + 1
    seen = views(frame, (covered, covered), axis=(2, 3))[..., ::dilation, ::dilation]
    return np.einsum("ncyxij,cij->ncyx", seen, weight[:, 0])


def zeros_at_the_end(x, weight, dilation):
    zeros = dilation * (weight.shape[-1] - 1)
    frame = np.pad(x, ((0, 0), (0, 0), (0, zeros), (0, zeros)))
    return shifted_sum(x, frame, weight, lambda i: i * dilation, lambda j: j * dilation)


def zeros_in_front(x, weight, dilation):
    zeros = dilation * (weight.shape[-1] - 1)
    frame = np.pad(x, ((0, 0), (0, 0), (zeros, 0), (zeros, 0)))
    return shifted_sum(x, frame, weight, lambda i: i * dilation, lambda j: j * dilation)


def wrapped_around(x, weight, dilation):
    out, half = np.zeros(x.shape), weight.shape[-1] // 2
    for i, j in np.ndindex(*weight.shape[2:]):
        steps = ((half - i) * dilation, (half - j) * dilation)
        out += np.roll(x, steps, axis=(2, 3)) * weight[:, 0, i, j][:, None, None]
    return out


def negative_index(x, weight, dilation):
    height, width = x.shape[2:]
    out, half = np.zeros(x.shape), weight.shape[-1] // 2
    for row, column, i, j in np.ndindex(height, width, *weight.shape[2:]):
        y, z = row + (i - half) * dilation, column + (j - half) * dilation
        if -height <= y < height and -width <= z < width:
            out[:, :, row, column] += x[:, :, y, z] * weight[:, 0, i, j]
    return out


def border_repeated(x, weight, dilation):
    height, width = x.shape[2:]
    out, half = np.zeros(x.shape), weight.shape[-1] // 2
    for row, column, i, j in np.ndindex(height, width, *weight.shape[2:]):
        y = min(max(row + (i - half) * dilation, 0), height - 1)
        z = min(max(column + (j - half) * dilation, 0), width - 1)
        out[:, :, row, column] += x[:, :, y, z] * weight[:, 0, i, j]
    return out


def border_left_zero(x, weight, dilation):
    reach = dilation * (weight.shape[-1] // 2)
    out = np.zeros(x.shape)
    for row in range(reach, x.shape[2] - reach):
        for column in range(reach, x.shape[3] - reach):
            ys, zs = slice(row - reach, row + reach + 1, dilation), slice(column - reach, column + reach + 1, dilation)
            out[:, :, row, column] = (x[:, :, ys, zs] * weight[:, 0]).sum(axis=(2, 3))
    return out


def middle_of_three(x, weight, dilation):
    frame = padded(x, dilation * (weight.shape[-1] - 1))
    start = dilation * (weight.shape[-1] - 1) - dilation  # tap 1 is on the pixel
    return shifted_sum(x, frame, weight, lambda i: start + i * dilation, lambda j: start + j * dilation)


def kernel_turned(x, weight, dilation):
    frame = padded(x, dilation * (weight.shape[-1] - 1) // 2)
    return shifted_sum(x, frame, weight[:, :, ::-1, ::-1], lambda i: i * dilation, lambda j: j * dilation)


def kernel_transposed(x, weight, dilation):
    frame = padded(x, dilation * (weight.shape[-1] - 1) // 2)
    return shifted_sum(x, frame, weight.swapaxes(2, 3), lambda i: i * dilation, lambda j: j * dilation)


def blocks_in_the_kernel(x, weight, dilation):
    large = np.kron(weight, np.ones((dilation, dilation)))
    before, after = (large.shape[-1] - 1) // 2, large.shape[-1] // 2
    frame = np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)))
    return shifted_sum(x, frame, large, lambda i: i, lambda j: j)


def one_zero_too_many(x, weight, dilation):
    gap = dilation + 1  # dilation zeros between the taps
    frame = padded(x, gap * (weight.shape[-1] - 1) // 2)
    return shifted_sum(x, frame, weight, lambda i: i * gap, lambda j: j * gap)


def stride_instead(x, weight, dilation):
    seen = views(padded(x, weight.shape[-1] // 2), weight.shape[2:], axis=(2, 3))[:, :, ::dilation, ::dilation]
    return np.einsum("ncyxij,cij->ncyx", seen, weight[:, 0])


def stride_too(x, weight, dilation):
    frame, covered = padded(x, dilation * (weight.shape[-1] // 2)), dilation * (weight.shape[-1] - 1) + 1
    seen = views(frame, (covered, covered), axis=(2, 3))[:, :, ::dilation, ::dilation, ::dilation, ::dilation]
    return np.einsum("ncyxij,cij->ncyx", seen, weight[:, 0])


def first_picture_only(x, weight, dilation):
    """The interleaved pictures, of which only those on the diagonal are computed."""
    out = np.zeros(x.shape)
    for first in range(dilation):
        part = x[:, :, first::dilation, first::dilation]
        if part.size:
            seen = views(padded(part, weight.shape[-1] // 2), weight.shape[2:], axis=(2, 3))
            out[:, :, first::dilation, first::dilation] = np.einsum("ncyxij,cij->ncyx", seen, weight[:, 0])
    return out


def pictures_tiled(x, weight, dilation):
    height, width = x.shape[2:]
    cut = x[:, :, : height // dilation * dilation, : width // dilation * dilation]
    out = np.zeros(x.shape)
    for row, column in np.ndindex(dilation, dilation):
        part = cut[:, :, row::dilation, column::dilation]
        if part.size:
            seen = views(padded(part, weight.shape[-1] // 2), weight.shape[2:], axis=(2, 3))
            rows, columns = slice(row, cut.shape[2], dilation), slice(column, cut.shape[3], dilation)
            out[:, :, rows, columns] = np.einsum("ncyxij,cij->ncyx", seen, weight[:, 0])
    return out


def slices_shifted(x, weight, dilation):
    height, width = x.shape[2:]
    out, half = np.zeros(x.shape), weight.shape[-1] // 2
    for i, j in np.ndindex(*weight.shape[2:]):
        down, right = (half - i) * dilation, (half - j) * dilation
        target = out[:, :, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
        source = x[:, :, max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
        target += source * weight[:, 0, i, j][:, None, None]
    return out


def border_cut_off(x, weight, dilation):
    zeros = dilation * (weight.shape[-1] // 2)
    frame = padded(x, 2 * zeros)
    height, width = (size - 2 * zeros for size in frame.shape[2:])
    out = np.zeros((*x.shape[:2], height, width))
    for i, j in np.ndindex(*weight.shape[2:]):
        seen = frame[:, :, i * dilation : i * dilation + height, j * dilation : j * dilation + width]
        out += seen * weight[:, 0, i, j, None, None]
    return out[:, :, zeros:-zeros, zeros:-zeros]


def channels_added_up(x, weight, dilation):
    each = shifted_sum(x, padded(x, dilation * (weight.shape[-1] // 2)), weight, lambda i: i * dilation, lambda j: j * dilation)
    return each.sum(axis=1, keepdims=True) + np.zeros(x.shape)


def no_new_axes(x, weight, dilation):
    frame, out = padded(x, dilation * (weight.shape[-1] // 2)), np.zeros(x.shape)
    for i, j in np.ndindex(*weight.shape[2:]):
        seen = frame[:, :, i * dilation :, j * dilation :][:, :, : x.shape[2], : x.shape[3]]
        out += seen * weight[:, 0, i, j]
    return out


def one_kernel_for_all(x, weight, dilation):
    frame, same = padded(x, dilation * (weight.shape[-1] // 2)), np.broadcast_to(weight[:1], weight.shape)
    return shifted_sum(x, frame, same, lambda i: i * dilation, lambda j: j * dilation)


def in_place_on_x(x, weight, dilation):
    frame = padded(x, dilation * (weight.shape[-1] // 2))
    x[...] = 0
    for i, j in np.ndindex(*weight.shape[2:]):
        seen = frame[:, :, i * dilation :, j * dilation :][:, :, : x.shape[2], : x.shape[3]]
        x += seen * weight[:, 0, i, j, None, None]
    return x


def cross_of_taps(x, weight, dilation):
    middle, frame = weight.shape[-1] // 2, padded(x, dilation * (weight.shape[-1] // 2))
    cross = np.zeros_like(weight)
    cross[:, :, middle], cross[:, :, :, middle] = weight[:, :, middle], weight[:, :, :, middle]
    return shifted_sum(x, frame, cross, lambda i: i * dilation, lambda j: j * dilation)


def dilation_two_assumed(x, weight, dilation):
    step = 1 if dilation == 1 else 2
    frame = padded(x, step * (weight.shape[-1] // 2))
    return shifted_sum(x, frame, weight, lambda i: i * step, lambda j: j * step)


def squares_only(x, weight, dilation):
    size = x.shape[2]
    frame, out = padded(x, dilation * (weight.shape[-1] // 2)), np.zeros(x.shape)
    for i, j in np.ndindex(*weight.shape[2:]):
        seen = frame[:, :, i * dilation : i * dilation + size, j * dilation : j * dilation + size]
        out += seen * weight[:, 0, i, j, None, None]
    return out


def turned_and_at_the_end(x, weight, dilation):
    zeros = dilation * (weight.shape[-1] - 1)
    frame = np.pad(x, ((0, 0), (0, 0), (0, zeros), (0, zeros)))
    return shifted_sum(x, frame, weight[..., ::-1, ::-1], lambda i: i * dilation, lambda j: j * dilation)


# right


def larger_kernel(x, weight, dilation):
    covered = dilation * (weight.shape[-1] - 1) + 1
    large = np.zeros((len(weight), covered, covered))
    large[:, ::dilation, ::dilation] = weight[:, 0]
    return np.einsum("ncyxij,cij->ncyx", views(padded(x, covered // 2), (covered, covered), axis=(2, 3)), large)


def interleaved(x, weight, dilation):
    out = np.empty(x.shape)
    for row, column in np.ndindex(dilation, dilation):
        part = x[:, :, row::dilation, column::dilation]
        if not part.size:
            continue
        seen = views(padded(part, weight.shape[-1] // 2), weight.shape[2:], axis=(2, 3))
        out[:, :, row::dilation, column::dilation] = np.einsum("ncyxij,cij->ncyx", seen, weight[:, 0])
    return out


def pixel_by_pixel(x, weight, dilation):
    def at(n, c, y, z):
        return x[n, c, y, z] if 0 <= y < x.shape[2] and 0 <= z < x.shape[3] else 0

    out, reach = np.zeros(x.shape), range(-(weight.shape[-1] // 2), weight.shape[-1] // 2 + 1)
    for n, c, y, z in np.ndindex(*x.shape):
        for i in reach:
            for j in reach:
                out[n, c, y, z] += at(n, c, y + i * dilation, z + j * dilation) * weight[c, 0, i + reach[-1], j + reach[-1]]
    return out


def steps_in_memory(x, weight, dilation):
    k = weight.shape[-1]
    frame = padded(x, dilation * (k - 1) // 2)
    a, b, y, z = frame.strides
    seen = np.lib.stride_tricks.as_strided(frame, (*x.shape, k, k), (a, b, y, z, y * dilation, z * dilation))
    return np.matmul(seen.reshape(*x.shape, k * k), weight.reshape(1, len(weight), 1, k * k, 1))[..., 0]


def rows_and_columns_as_matrices(x, weight, dilation):
    """Shifts as matrices with a diagonal of ones: down @ x @ right."""
    half, out = weight.shape[-1] // 2, 0
    for i, j in np.ndindex(*weight.shape[2:]):
        down = np.eye(x.shape[2], k=(i - half) * dilation)
        right = np.eye(x.shape[3], k=-(j - half) * dilation)
        out = out + weight[:, :1, i, j, None] * (down @ x @ right)
    return out


def rolled_and_cut(x, weight, dilation):
    zeros = dilation * (weight.shape[-1] // 2)
    frame = np.pad(x, ((0, 0), (0, 0), (0, 2 * zeros), (0, 2 * zeros)))
    out = sum(
        np.roll(frame, (zeros - i * dilation, zeros - j * dilation), (2, 3)) * weight[:, 0, i, j].reshape(-1, 1, 1)
        for i, j in np.ndindex(*weight.shape[2:])
    )
    return out[:, :, : x.shape[2], : x.shape[3]]


SOLUTIONS = [
    Solution("dilated_conv2d", f"dilated_conv2d: {name}", function, truth)
    for name, function, truth in [
        ("dilation ignored", dilation_ignored, "dilation is ignored"),
        (
            "dilation in the padding only",
            dilation_in_padding_only,
            "padded for the dilated kernel, but the taps lie one pixel apart: shifted and not dilated",
        ),
        ("dilation in rows only", dilation_in_rows_only, "dilation is used for rows, not for columns"),
        (
            "padding of the kernel",
            padding_of_the_kernel,
            "padded with (K - 1) / 2 zeros, without the dilation: slices of far taps are too small, it fails",
        ),
        ("no padding", no_padding, "no padding: the result is smaller than x, or it fails for small pictures"),
        (
            "half of the whole kernel",
            half_of_the_whole_kernel,
            "dilation * K // 2 zeros instead of dilation * (K - 1) / 2: the result is larger than x for dilation 2 and more",
        ),
        ("zeros on each side", zeros_on_each_side, "dilation * (K - 1) zeros on each side, not half: the result is too large"),
        ("zeros at the end", zeros_at_the_end, "all zeros at the bottom and right: the result is shifted"),
        ("zeros in front", zeros_in_front, "all zeros at the top and left: the result is shifted"),
        ("wrapped around", wrapped_around, "np.roll: taps over the border see the opposite side instead of zeros"),
        ("negative index", negative_index, "negative indices count from the end: taps over the top or left see the other side"),
        ("border repeated", border_repeated, "taps over the border see the pixel at the border instead of zeros"),
        ("border left zero", border_left_zero, "places whose window reaches over the border are left 0"),
        ("middle of three", middle_of_three, "tap 1 is taken for the middle: right for kernel 3 only"),
        ("kernel turned", kernel_turned, "the kernel is turned by 180 degrees"),
        ("kernel transposed", kernel_transposed, "the kernel's rows and columns are exchanged"),
        ("blocks in the kernel", blocks_in_the_kernel, "each weight is repeated in place of zeros between weights"),
        ("one zero too many", one_zero_too_many, "dilation zeros between taps: they lie dilation + 1 apart"),
        ("stride instead", stride_instead, "dilation is used as a stride: fewer outputs, and taps are not dilated"),
        ("stride too", stride_too, "only every dilation-th output is computed, though the stride is 1"),
        (
            "pictures on the diagonal",
            first_picture_only,
            "of the interleaved pictures only those with row = column are computed: the rest is 0",
        ),
        (
            "pictures cut",
            pictures_tiled,
            "x is cut to a multiple of the dilation: the last rows and columns are 0 and not seen",
        ),
        (
            "slices shifted",
            slices_shifted,
            "the ends of slices become negative where a tap reaches farther than the picture is long: fails there",
        ),
        ("border cut off", border_cut_off, "zeros:-zeros is empty for kernel 1, which needs no padding"),
        ("channels added up", channels_added_up, "channels are added up: each output channel is the sum of all"),
        (
            "no new axes",
            no_new_axes,
            "weight[:, 0, i, j] (C,) lacks new axes: it meets the columns, fails unless there are C (right for C = 1)",
        ),
        ("one kernel for all", one_kernel_for_all, "all channels get the kernel of channel 0"),
        ("in place on x", in_place_on_x, "the result is written into x: the input is changed"),
        ("cross of taps", cross_of_taps, "only the middle row and column of the kernel are used"),
        ("dilation 2 assumed", dilation_two_assumed, "any dilation above 1 is taken for 2"),
        ("squares only", squares_only, "the height is used for the width: fails or is wrong for pictures that are not square"),
        (
            "turned, zeros at the end",
            turned_and_at_the_end,
            "two mistakes: the kernel is turned by 180 degrees, and all zeros are at the bottom and right",
        ),
        ("right, a larger kernel with zeros", larger_kernel, None),
        ("right, interleaved pictures", interleaved, None),
        ("right, pixel by pixel", pixel_by_pixel, None),
        ("right, steps in memory", steps_in_memory, None),
        ("right, shifts as matrices", rows_and_columns_as_matrices, None),
        ("right, rolled and cut", rolled_and_cut, None),
    ]
]
