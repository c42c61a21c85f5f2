"""What learners write for a dense convolution, when something is wrong; the right ones are in solutions_conv2d_right.py."""

import numpy as np
from corpus import Solution

views = np.lib.stride_tricks.sliding_window_view


def padded(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def out_shape(x, weight, stride, padding):
    rows, columns = ((size + 2 * padding - weight.shape[-1]) // stride + 1 for size in x.shape[2:])
    return len(x), len(weight), rows, columns


def looped(x, weight, shape, pixel_of):
    """The seven loops; pixel_of tells where output (row, column) and tap (i, j) meet the picture."""
    out = np.zeros(shape)
    for n, o, row, column in np.ndindex(*shape):
        for c, i, j in np.ndindex(*weight.shape[1:]):
            y, z = pixel_of(row, column, i, j)
            out[n, o, row, column] += x[n, c, y, z] * weight[o, c, i, j]
    return out


def no_stride_for_rows(x, weight, stride, padding):
    shape = out_shape(x, weight, stride, padding)
    return looped(padded(x, padding), weight, shape, lambda row, column, i, j: (row + i, column * stride + j))


def stride_times_tap(x, weight, stride, padding):
    shape, span = out_shape(x, weight, stride, padding), stride * weight.shape[-1]
    x = np.pad(padded(x, padding), ((0, 0), (0, 0), (0, span), (0, span)))
    return looped(x, weight, shape, lambda row, column, i, j: (row + i * stride, column + j * stride))


def kernel_turned(x, weight, stride, padding):
    last = weight.shape[-1] - 1
    shape = out_shape(x, weight, stride, padding)

    def pixel_of(row, column, i, j):
        return row * stride + last - i, column * stride + last - j

    return looped(padded(x, padding), weight, shape, pixel_of)


def kernel_transposed(x, weight, stride, padding):
    shape = out_shape(x, weight, stride, padding)
    return looped(padded(x, padding), weight, shape, lambda row, column, i, j: (row * stride + j, column * stride + i))


def rows_mirrored_by_convolve(x, weight, stride, padding):
    shape = out_shape(x, weight, stride, padding)
    x, out = padded(x, padding), np.zeros(shape)
    for n, o, row in np.ndindex(*shape[:3]):
        for c, i in np.ndindex(*weight.shape[1:3]):
            line = np.convolve(x[n, c, row * stride + i], weight[o, c, i], "valid")
            out[n, o, row] += line[::stride]
    return out


def zeros_at_the_end(x, weight, stride, padding):
    shape = out_shape(x, weight, stride, padding)
    x = np.pad(x, ((0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding)))
    return looped(x, weight, shape, lambda row, column, i, j: (row * stride + i, column * stride + j))


def border_repeated(x, weight, stride, padding):
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)], mode="edge")
    seen = views(x, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncyxij,ocij->noyx", seen, weight)


def all_axes_padded(x, weight, stride, padding):
    x = np.pad(x, padding)
    k = weight.shape[-1]
    rows, columns = ((size - k) // stride + 1 for size in x.shape[2:])
    out = np.zeros((len(x), len(weight), rows, columns))
    for n, o, row, column in np.ndindex(*out.shape):
        for c, i, j in np.ndindex(*weight.shape[1:]):
            out[n, o, row, column] += x[n, c, row * stride + i, column * stride + j] * weight[o, c, i, j]
    return out


def last_tap_remains(x, weight, stride, padding):
    x, out = padded(x, padding), np.zeros(out_shape(x, weight, stride, padding))
    for n, o, row, column in np.ndindex(*out.shape):
        for c, i, j in np.ndindex(*weight.shape[1:]):
            out[n, o, row, column] = x[n, c, row * stride + i, column * stride + j] * weight[o, c, i, j]
    return out


def last_channel_remains(x, weight, stride, padding):
    out = np.zeros(out_shape(x, weight, stride, padding))
    seen = views(padded(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    for o in range(len(weight)):
        for c in range(x.shape[1]):
            out[:, o] = np.einsum("nyxij,ij->nyx", seen[:, c], weight[o, c])
    return out


def first_channel_only(x, weight, stride, padding):
    out = np.zeros(out_shape(x, weight, stride, padding))
    k, x = weight.shape[-1], padded(x, padding)
    for n, o, row, column in np.ndindex(*out.shape):
        top, left = row * stride, column * stride
        out[n, o, row, column] = (x[n, 0, top : top + k, left : left + k] * weight[o, 0]).sum()
    return out


def channels_averaged(x, weight, stride, padding):
    seen = views(padded(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return (seen[:, None] * weight[:, :, None, None]).sum(axis=(-2, -1)).mean(axis=2)


def channels_multiplied_out(x, weight, stride, padding):
    seen = views(padded(x, padding).sum(axis=1), weight.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("nyxij,oij->noyx", seen, weight.sum(axis=1))


def first_image_only(x, weight, stride, padding):
    out = np.zeros(out_shape(x, weight, stride, padding))
    image = padded(x, padding)[0]
    k = weight.shape[-1]
    for o, row, column in np.ndindex(*out.shape[1:]):
        window = image[:, row * stride : row * stride + k, column * stride : column * stride + k]
        out[:, o, row, column] = np.vdot(window, weight[o])
    return out


def squares_only(x, weight, stride, padding):
    batch, _, size, _ = x.shape
    filters, _, k, _ = weight.shape
    places = (size + 2 * padding - k) // stride + 1
    x, out = padded(x, padding), np.zeros((batch, filters, places, places))
    for row in range(places):
        for column in range(places):
            window = x[:, :, row * stride : row * stride + k, column * stride : column * stride + k]
            out[:, :, row, column] = np.einsum("ncij,ocij->no", window, weight)
    return out


def filters_and_channels_exchanged(x, weight, stride, padding):
    weight = weight.transpose(1, 0, 2, 3)
    seen = views(padded(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncyxij,ocij->noyx", seen, weight)


def last_place_missed(x, weight, stride, padding):
    x, k = padded(x, padding), weight.shape[-1]
    tops, lefts = (range(0, size - k, stride) for size in x.shape[2:])
    out = np.zeros((len(x), len(weight), len(tops), len(lefts)))
    for row, top in enumerate(tops):
        for column, left in enumerate(lefts):
            out[:, :, row, column] = np.tensordot(x[:, :, top : top + k, left : left + k], weight, ([1, 2, 3], [1, 2, 3]))
    return out


def picture_over_stride(x, weight, stride, padding):
    (n, _, height, width), x = x.shape, padded(x, padding)
    shape = n, len(weight), height // stride, width // stride
    return looped(x, weight, shape, lambda row, column, i, j: (row * stride + i, column * stride + j))


def total_not_reset(x, weight, stride, padding):
    x, out = padded(x, padding), np.zeros(out_shape(x, weight, stride, padding))
    batch, filters, rows, columns = out.shape
    for n in range(batch):
        for o in range(filters):
            for row in range(rows):
                total = 0.0
                for column in range(columns):
                    for c, i, j in np.ndindex(*weight.shape[1:]):
                        total += x[n, c, row * stride + i, column * stride + j] * weight[o, c, i, j]
                    out[n, o, row, column] = total
    return out


def squeezed(x, weight, stride, padding):
    seen = views(padded(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncyxij,ocij->noyx", seen, weight).squeeze()


def filters_before_images(x, weight, stride, padding):
    seen = views(padded(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.tensordot(weight, seen, ([1, 2, 3], [1, 4, 5]))


def columns_before_rows(x, weight, stride, padding):
    seen = views(padded(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncyxij,ocij->noxy", seen, weight)


def taps_before_channels(x, weight, stride, padding):
    n, o, rows, columns = out_shape(x, weight, stride, padding)
    seen = views(padded(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    matrix = seen.transpose(0, 2, 3, 4, 5, 1).reshape(n * rows * columns, -1)
    product = matrix @ weight.reshape(o, -1).T
    return product.reshape(n, rows, columns, o).transpose(0, 3, 1, 2)


def reshaped_for_transposed(x, weight, stride, padding):
    shape = out_shape(x, weight, stride, padding)
    seen = views(padded(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    matrix = seen.transpose(0, 2, 3, 1, 4, 5).reshape(-1, weight[0].size)
    return (matrix @ weight.reshape(len(weight), -1).T).reshape(shape)


def picture_subsampled_first(x, weight, stride, padding):
    x = padded(x, padding)[:, :, ::stride, ::stride]
    k = weight.shape[-1]
    rows, columns = max(x.shape[2] - k + 1, 0), max(x.shape[3] - k + 1, 0)
    out = np.zeros((len(x), len(weight), rows, columns))
    for i in range(k):
        for j in range(k):
            out += np.einsum("ncyx,oc->noyx", x[:, :, i : i + rows, j : j + columns], weight[:, :, i, j])
    return out


def every_stride_from_the_second(x, weight, stride, padding):
    seen = views(padded(x, padding), weight.shape[2:], axis=(2, 3))
    return np.einsum("ncyxij,ocij->noyx", seen, weight)[:, :, stride - 1 :: stride, stride - 1 :: stride]


def whole_numbers(x, weight, stride, padding):
    x, out = padded(x, padding), np.zeros(out_shape(x, weight, stride, padding), dtype=int)
    k = weight.shape[-1]
    for n, o, row, column in np.ndindex(*out.shape):
        window = x[n, :, row * stride : row * stride + k, column * stride : column * stride + k]
        out[n, o, row, column] = (window * weight[o]).sum()
    return out


def window_multiplied_in_place(x, weight, stride, padding):
    x, out = padded(x, padding).astype(float), np.zeros(out_shape(x, weight, stride, padding))
    k = weight.shape[-1]
    for n, o, row, column in np.ndindex(*out.shape):
        window = x[n, :, row * stride : row * stride + k, column * stride : column * stride + k]
        window *= weight[o]
        out[n, o, row, column] = window.sum()
    return out


def border_by_negative_slice(x, weight, stride, padding):
    n, c, height, width = x.shape
    frame = np.zeros((n, c, height + 2 * padding, width + 2 * padding))
    frame[:, :, padding:-padding, padding:-padding] = x
    seen = views(frame, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncyxij,ocij->noyx", seen, weight)


def own_padding(x, weight, stride, padding):
    half = weight.shape[-1] // 2
    seen = views(padded(x, half), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncyxij,ocij->noyx", seen, weight)


def centred_taps(x, weight, stride, padding):
    half, x = weight.shape[-1] // 2, padded(x, padding)
    rows, columns = (len(range(half, size - half, stride)) for size in x.shape[2:])
    out = np.zeros((len(x), len(weight), rows, columns))
    for n, o, row, column in np.ndindex(*out.shape):
        y, z = half + row * stride, half + column * stride
        window = x[n, :, y - half : y + half + 1, z - half : z + half + 1]
        out[n, o, row, column] = (window * weight[o]).sum()
    return out


def last_taps_left_out(x, weight, stride, padding):
    x, out = padded(x, padding), np.zeros(out_shape(x, weight, stride, padding))
    rows, columns = out.shape[2:]
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3] - 1):
            seen = x[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride]
            out += np.einsum("ncyx,oc->noyx", seen, weight[:, :, i, j])
    return out


def output_padded(x, weight, stride, padding):
    seen = views(x, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return padded(np.einsum("ncyxij,ocij->noyx", seen, weight), padding)


def rolled_the_other_way(x, weight, stride, padding):
    x, (_, _, rows, columns) = padded(x, padding), out_shape(x, weight, 1, padding)
    out = 0
    for i, j in np.ndindex(*weight.shape[2:]):
        out = out + np.einsum("ncyx,oc->noyx", np.roll(x, (i, j), axis=(2, 3)), weight[:, :, i, j])
    return out[:, :, :rows:stride, :columns:stride]


def stride_at_most_kernel(x, weight, stride, padding):
    step = min(stride, weight.shape[-1])
    shape = out_shape(x, weight, stride, padding)
    return looped(padded(x, padding), weight, shape, lambda row, column, i, j: (row * step + i, column * step + j))


def kernel_one_shortcut(x, weight, stride, padding):
    if weight.shape[-1] == 1:
        return np.einsum("ncyx,oc->noyx", padded(x, padding), weight[:, :, 0, 0])
    seen = views(padded(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncyxij,ocij->noyx", seen, weight)


def turned_and_averaged(x, weight, stride, padding):
    seen = views(padded(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncyxij,ocij->noyx", seen, weight[:, :, ::-1, ::-1]) / weight[0, 0].size


def no_return(x, weight, stride, padding):
    x, out = padded(x, padding), np.zeros(out_shape(x, weight, stride, padding))
    for n, o, row, column in np.ndindex(*out.shape):
        for c, i, j in np.ndindex(*weight.shape[1:]):
            out[n, o, row, column] += x[n, c, row * stride + i, column * stride + j] * weight[o, c, i, j]


SOLUTIONS = [
    Solution("conv2d", f"conv2d: {name}", function, truth)
    for name, function, truth in [
        ("no stride for rows", no_stride_for_rows, "stride is ignored in the index of rows"),
        ("stride times tap", stride_times_tap, "stride multiplies the tap, too: taps lie a stride apart"),
        ("kernel turned", kernel_turned, "the kernel is turned by 180 degrees"),
        ("kernel transposed", kernel_transposed, "the kernel's rows and columns are exchanged"),
        ("rows mirrored", rows_mirrored_by_convolve, "the kernel is mirrored from left to right, by np.convolve"),
        ("zeros at the end", zeros_at_the_end, "all zeros of the padding are at the bottom and right"),
        ("border repeated", border_repeated, "padded with the values at the border, not with zeros"),
        ("all axes padded", all_axes_padded, "images and channels are padded, too: wrong shape, channels meet others' kernels"),
        ("last tap remains", last_tap_remains, "= instead of +=: only the last channel's last tap remains"),
        ("last channel remains", last_channel_remains, "= instead of +=: only the last channel remains"),
        ("first channel only", first_channel_only, "only channel 0 is used"),
        ("channels averaged", channels_averaged, "the mean over channels instead of their sum"),
        (
            "channels multiplied out",
            channels_multiplied_out,
            "the sum of all channels times the sum of all their kernels: each channel meets the kernels of the others",
        ),
        ("first image only", first_image_only, "all images get the output of the first"),
        ("squares only", squares_only, "the number of columns is taken from the height: right for square pictures only"),
        (
            "filters and channels exchanged",
            filters_and_channels_exchanged,
            "weight's first two axes are exchanged: wrong for C_out = C, fails otherwise unless an axis is 1",
        ),
        ("last place missed", last_place_missed, "a window that ends at the last pixel is missed: + 1 forgotten"),
        (
            "picture over stride",
            picture_over_stride,
            "height // stride and width // stride outputs: right only where padding makes it so, an IndexError or too few else",
        ),
        ("total not reset", total_not_reset, "the sum is set to 0 for each row only: it runs on along columns"),
        ("squeezed", squeezed, "axes of length 1 (one image, one filter, one row) are dropped from the output"),
        ("filters before images", filters_before_images, "the first two axes of the output are exchanged: (C_out, N, OH, OW)"),
        ("columns before rows", columns_before_rows, "rows and columns of the output are exchanged"),
        (
            "taps before channels",
            taps_before_channels,
            "the windows are flattened in order (K, K, C), the filters in order (C, K, K): right for C = 1 or K = 1 only",
        ),
        (
            "reshaped for transposed",
            reshaped_for_transposed,
            "the product (N * OH * OW, C_out) is reshaped, not transposed: right for one filter or one place only",
        ),
        (
            "picture subsampled first",
            picture_subsampled_first,
            "the picture is subsampled by the stride, then convolved with stride 1: taps lie a stride apart, fewer outputs",
        ),
        (
            "from the second on",
            every_stride_from_the_second,
            "of the outputs for stride 1 every stride-th is taken from stride - 1 on, instead of from 0 on",
        ),
        ("whole numbers", whole_numbers, "the output has an integer dtype: fractions are cut off"),
        (
            "window multiplied in place",
            window_multiplied_in_place,
            "the window is a view, multiplied in place: later windows and filters see spoilt pixels",
        ),
        ("negative slice", border_by_negative_slice, "padding:-padding is empty for padding 0: fails there, or leaves zeros"),
        ("padding of its own", own_padding, "padding is ignored: K // 2 zeros are always put around the picture"),
        (
            "centred taps",
            centred_taps,
            "windows of 2 (K // 2) + 1 pixels around a middle: fails for even kernels, or has too few outputs",
        ),
        ("last taps left out", last_taps_left_out, "the last column of the kernel is left out"),
        ("output padded", output_padded, "zeros are put around the output, not around the picture"),
        ("rolled the other way", rolled_the_other_way, "pictures are shifted down and right, not up and left, and wrap around"),
        ("stride at most kernel", stride_at_most_kernel, "a stride larger than the kernel is replaced by the kernel's size"),
        ("kernel one shortcut", kernel_one_shortcut, "for kernel 1 the stride is ignored"),
        ("turned and averaged", turned_and_averaged, "two mistakes: the kernel is turned, and the sum is divided by K * K"),
        ("no return", no_return, "nothing is returned: None"),
    ]
]
