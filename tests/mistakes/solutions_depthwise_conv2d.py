"""What learners write for a depthwise convolution: wrong ones, and right ones that look odd."""

import numpy as np
from corpus import Solution

views = np.lib.stride_tricks.sliding_window_view


def padded(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def places(x, weight, stride):
    return [(size - weight.shape[-1]) // stride + 1 for size in x.shape[2:]]


def seen_windows(x, weight, stride, padding):
    return views(padded(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]


def slices(x, weight, stride, padding):
    """For each tap (i, j) what it meets at all places (N, C, OH, OW)."""
    x = padded(x, padding)
    rows, columns = places(x, weight, stride)
    for i, j in np.ndindex(*weight.shape[2:]):
        yield i, j, x[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride]


def no_new_axes(x, weight, stride, padding):
    return sum(seen * weight[:, 0, i, j] for i, j, seen in slices(x, weight, stride, padding))


def one_new_axis(x, weight, stride, padding):
    return sum(seen * weight[:, 0, i, j][:, None] for i, j, seen in slices(x, weight, stride, padding))


def new_axes_in_front(x, weight, stride, padding):
    return sum(seen * weight[:, :, i, j][:, :, None, None] for i, j, seen in slices(x, weight, stride, padding))


def channels_added_up(x, weight, stride, padding):
    return np.einsum("ncyxij,cdij->ndyx", seen_windows(x, weight, stride, padding), weight)


def added_up_for_every_channel(x, weight, stride, padding):
    out = np.zeros((*x.shape[:2], *places(padded(x, padding), weight, stride)))
    for i, j, seen in slices(x, weight, stride, padding):
        for c in range(x.shape[1]):
            out[:, c] += (seen * weight[c, 0, i, j]).sum(axis=1)
    return out


def one_kernel_for_all(x, weight, stride, padding):
    return np.einsum("ncyxij,ij->ncyx", seen_windows(x, weight, stride, padding), weight[0, 0])


def kernel_of_the_image(x, weight, stride, padding):
    seen = seen_windows(x, weight, stride, padding)
    out = np.zeros(seen.shape[:4])
    for n in range(len(x)):
        out[n] = (seen[n] * weight[n % len(weight), 0]).sum(axis=(-2, -1))
    return out


def kernels_reversed(x, weight, stride, padding):
    seen = seen_windows(x, weight, stride, padding)
    out = np.empty(seen.shape[:4])
    for c in range(len(weight)):
        out[:, -1 - c] = (seen[:, -1 - c] * weight[c, 0]).sum(axis=(-2, -1))
    return out


def kernel_turned(x, weight, stride, padding):
    return sum(seen * weight[:, 0, -1 - i, -1 - j][:, None, None] for i, j, seen in slices(x, weight, stride, padding))


def kernel_transposed(x, weight, stride, padding):
    out = np.zeros((*x.shape[:2], *places(padded(x, padding), weight, stride)))
    for n, c, row, column in np.ndindex(*out.shape):
        for i, j in np.ndindex(*weight.shape[2:]):
            y, z = row * stride + i - padding, column * stride + j - padding
            if 0 <= y < x.shape[2] and 0 <= z < x.shape[3]:
                out[n, c, row, column] += x[n, c, y, z] * weight[c, 0, j, i]
    return out


def stride_for_rows_only(x, weight, stride, padding):
    seen = views(padded(x, padding), weight.shape[2:], axis=(2, 3))[:, :, ::stride]
    return np.einsum("ncyxij,cij->ncyx", seen, weight[:, 0])


def slice_without_stride(x, weight, stride, padding):
    x = padded(x, padding)
    rows, columns = places(x, weight, stride)
    out = np.zeros((*x.shape[:2], rows, columns))
    for i, j in np.ndindex(*weight.shape[2:]):
        out += x[:, :, i : i + rows, j : j + columns] * weight[:, :, i, j, None, None][:, 0]
    return out


def places_without_first(x, weight, stride, padding):
    x, k = padded(x, padding), weight.shape[-1]
    rows, columns = (max((size - k) // stride, 0) for size in x.shape[2:])
    out = np.zeros((*x.shape[:2], rows, columns))
    for row, column in np.ndindex(rows, columns):
        window = x[:, :, row * stride : row * stride + k, column * stride : column * stride + k]
        out[:, :, row, column] = (window * weight[:, 0]).sum(axis=(2, 3))
    return out


def padding_ignored(x, weight, stride, padding):
    return np.einsum("ncyxij,cij->ncyx", seen_windows(x, weight, stride, 0), weight[:, 0])


def rows_padded_only(x, weight, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (0, 0)))
    return np.einsum("ncyxij,cij->ncyx", seen_windows(x, weight, stride, 0), weight[:, 0])


def zeros_in_front(x, weight, stride, padding):
    x = np.pad(x, [(0, 0), (0, 0), (2 * padding, 0), (2 * padding, 0)])
    return np.einsum("ncyxij,cij->ncyx", seen_windows(x, weight, stride, 0), weight[:, 0])


def wrapped_around(x, weight, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="wrap")
    return np.einsum("ncyxij,cij->ncyx", seen_windows(x, weight, stride, 0), weight[:, 0])


def stride_in_taps(x, weight, stride, padding):
    x, span = padded(x, padding), stride * weight.shape[-1]
    rows, columns = places(x, weight, stride)
    x = np.pad(x, ((0, 0), (0, 0), (0, span), (0, span)))
    out = np.zeros((*x.shape[:2], rows, columns))
    for i, j in np.ndindex(*weight.shape[2:]):
        seen = x[:, :, i * stride :: stride, j * stride :: stride][:, :, :rows, :columns]
        out += seen * weight[:, 0, i, j].reshape(-1, 1, 1)
    return out


def images_and_kernels_repeated(x, weight, stride, padding):
    n, c = x.shape[:2]
    kernels = np.repeat(weight[:, 0], n, axis=0)  # (C * N, K, K)
    seen = seen_windows(x, weight, stride, padding)
    flat = seen.reshape(n * c, *seen.shape[2:])
    return np.einsum("byxij,bij->byx", flat, kernels).reshape(seen.shape[:4])


def slice_multiplied_in_place(x, weight, stride, padding):
    x = padded(x, padding).astype(float)
    out = np.zeros((*x.shape[:2], *places(x, weight, stride)))
    rows, columns = out.shape[2:]
    for i, j in np.ndindex(*weight.shape[2:]):
        seen = x[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride]
        seen *= weight[:, 0, i, j][:, None, None]
        out += seen
    return out


def kernel_size_of_axis_one(x, weight, stride, padding):
    k = weight.shape[1]
    x = padded(x, padding)
    rows, columns = ((size - k) // stride + 1 for size in x.shape[2:])
    out = np.zeros((*x.shape[:2], rows, columns))
    for i, j in np.ndindex(k, k):
        out += x[:, :, i::stride, j::stride] * weight[:, 0, i, j][:, None, None]
    return out


def last_tap_remains(x, weight, stride, padding):
    for i, j, seen in slices(x, weight, stride, padding):
        out = seen * weight[:, 0, i, j][:, None, None]
    return out


def squeezed_kernels(x, weight, stride, padding):
    kernels = weight.squeeze()
    return np.einsum("ncyxij,cij->ncyx", seen_windows(x, weight, stride, padding), kernels)


def squeezed_output(x, weight, stride, padding):
    return np.squeeze(np.einsum("ncyxij,cij->ncyx", seen_windows(x, weight, stride, padding), weight[:, 0]))


def taps_averaged(x, weight, stride, padding):
    return (seen_windows(x, weight, stride, padding) * weight[:, :1, None]).mean(axis=(-2, -1))


def kernel_one_shortcut(x, weight, stride, padding):
    if weight.shape[2:] == (1, 1):
        return x * weight[:, 0]
    return np.einsum("ncyxij,cij->ncyx", seen_windows(x, weight, stride, padding), weight[:, 0])


def rows_times_columns(x, weight, stride, padding):
    seen = seen_windows(x, weight, stride, padding)
    rows, columns = weight[:, 0].sum(axis=2), weight[:, 0].sum(axis=1)
    total = rows.sum(axis=1)[:, None, None]
    return np.einsum("ncyxij,ci,cj->ncyx", seen, rows, columns) / total


def batch_for_channels(x, weight, stride, padding):
    seen = seen_windows(x, weight, stride, padding)
    out = np.zeros(seen.shape[:4])
    for c in range(min(x.shape[:2])):
        out[:, c] = np.tensordot(seen[:, c], weight[c, 0], axes=2)
    return out


def total_over_images(x, weight, stride, padding):
    seen = seen_windows(x, weight, stride, padding)
    out, total = np.zeros(seen.shape[:4]), np.zeros(seen.shape[1:4])
    for n in range(len(x)):
        total += (seen[n] * weight[:, :, None]).sum(axis=(-2, -1))
        out[n] = total
    return out


def weight_changed(x, weight, stride, padding):
    weight -= weight.mean(axis=(2, 3), keepdims=True)
    return np.einsum("ncyxij,cij->ncyx", seen_windows(x, weight, stride, padding), weight[:, 0])


def turned_and_one_channel(x, weight, stride, padding):
    seen = seen_windows(x, weight, stride, padding)
    return np.einsum("ncyxij,ij->ncyx", seen, weight[-1, 0, ::-1, ::-1])


def cut_to_multiples(x, weight, stride, padding):
    x, k = padded(x, padding), weight.shape[-1]
    x = x[:, :, : x.shape[2] // stride * stride, : x.shape[3] // stride * stride]
    rows, columns = (max((size - k) // stride + 1, 0) for size in x.shape[2:])
    out = np.zeros((*x.shape[:2], rows, columns))
    for i, j in np.ndindex(k, k):
        seen = x[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride]
        out += seen * weight[:, 0, i, j][:, None, None]
    return out


# right


def rolled(x, weight, stride, padding):
    x, k = padded(x, padding), weight.shape[-1]
    rolls = (np.roll(x, (-i, -j), (2, 3)) * weight[None, :, 0, i, j, None, None] for i in range(k) for j in range(k))
    return sum(rolls)[:, :, : x.shape[2] - k + 1 : stride, : x.shape[3] - k + 1 : stride]


def dense_with_zeros(x, weight, stride, padding):
    dense = np.eye(len(weight))[:, :, None, None] * weight  # (C, C, K, K)
    return np.tensordot(seen_windows(x, weight, stride, padding), dense, ([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)


def channels_in_front(x, weight, stride, padding):
    parts = []
    for picture, kernel in zip(x.swapaxes(0, 1), weight, strict=True):
        framed = np.pad(picture, ((0, 0), (padding,) * 2, (padding,) * 2))
        seen = views(framed, kernel.shape[1:], axis=(1, 2))[:, ::stride, ::stride]
        parts.append(seen.reshape(*seen.shape[:3], -1) @ kernel.ravel())
    return np.stack(parts, axis=1)


def rows_by_convolve(x, weight, stride, padding):
    x = padded(x, padding)
    out = np.zeros((*x.shape[:2], *places(x, weight, stride)))
    for n, c, row in np.ndindex(*out.shape[:3]):
        for i, taps in enumerate(weight[c, 0]):
            out[n, c, row] += np.correlate(x[n, c, row * stride + i], taps, "valid")[::stride]
    return out


def batched_matmul(x, weight, stride, padding):
    seen = seen_windows(x, weight, stride, padding)
    n, c, rows, columns, k, _ = seen.shape
    return np.matmul(seen.reshape(n, c, rows * columns, k * k), weight.reshape(c, k * k, 1)).reshape(n, c, rows, columns)


def last_one_first(x, weight, stride, padding):
    """One output at a time, from the last one back."""
    x, k = padded(x, padding), weight.shape[-1]
    out = np.zeros((*x.shape[:2], *places(x, weight, stride)), np.result_type(x, weight))
    for row in reversed(range(out.shape[2])):
        for column in reversed(range(out.shape[3])):
            corner = x[:, :, row * stride :, column * stride :]
            out[..., row, column] = np.einsum("ncij,cij->nc", corner[..., :k, :k], weight[:, 0])
    return out


SOLUTIONS = [
    Solution("depthwise_conv2d", f"depthwise_conv2d: {name}", function, truth)
    for name, function, truth in [
        (
            "no new axes",
            no_new_axes,
            "weight[:, 0, i, j] (C,) lacks new axes: it meets the columns, fails unless there are C or one (right for C = 1)",
        ),
        (
            "one new axis",
            one_new_axis,
            "weight (C, 1) lacks a new axis: it meets the rows, fails unless there are C rows or C = 1",
        ),
        (
            "new axes in front",
            new_axes_in_front,
            "weight (C, 1, 1, 1) meets the axis of images, a kernel for each image; fails unless N is C or 1 (right for C = 1)",
        ),
        ("channels added up", channels_added_up, "channels are added up: the result is (N, 1, OH, OW)"),
        (
            "added up for every channel",
            added_up_for_every_channel,
            "each output channel is the sum over all input channels, as in a dense convolution",
        ),
        ("one kernel for all", one_kernel_for_all, "all channels get the kernel of channel 0"),
        ("kernel of the image", kernel_of_the_image, "the kernel is chosen by the image's number, not by the channel's"),
        ("kernels reversed", kernels_reversed, "channels meet the kernels in reversed order"),
        ("kernel turned", kernel_turned, "the kernel is turned by 180 degrees"),
        ("kernel transposed", kernel_transposed, "the kernel's rows and columns are exchanged"),
        ("stride for rows only", stride_for_rows_only, "the stride is used for rows, not for columns: too many columns"),
        (
            "slice without stride",
            slice_without_stride,
            "as many outputs as there should be, but their windows lie one pixel apart, not stride",
        ),
        (
            "places without the first",
            places_without_first,
            "the + 1 in the number of outputs is forgotten: the last row and column miss",
        ),
        ("padding ignored", padding_ignored, "padding is ignored"),
        ("rows padded only", rows_padded_only, "zeros above and below, but none at the left and right"),
        ("zeros in front", zeros_in_front, "all zeros of the padding are at the top and left: the output is shifted"),
        ("wrapped around", wrapped_around, "padded with the pixels of the opposite side, not with zeros"),
        ("stride in taps", stride_in_taps, "the stride multiplies the tap, too: taps lie stride pixels apart"),
        (
            "kernels repeated",
            images_and_kernels_repeated,
            "np.repeat instead of np.tile: kernels of wrong channels, unless one image or one channel",
        ),
        (
            "slice multiplied in place",
            slice_multiplied_in_place,
            "the slice is a view, multiplied in place: later taps see spoilt pixels",
        ),
        (
            "kernel size of axis 1",
            kernel_size_of_axis_one,
            "K is read from weight.shape[1], which is 1: only the first tap is used",
        ),
        ("last tap remains", last_tap_remains, "= instead of +=: only the last tap remains"),
        (
            "squeezed kernels",
            squeezed_kernels,
            "weight.squeeze() drops the axis of channels or taps, too, if it is 1: fails there",
        ),
        ("squeezed output", squeezed_output, "axes of length 1 are dropped from the output"),
        ("taps averaged", taps_averaged, "the mean over taps instead of their sum"),
        ("kernel one shortcut", kernel_one_shortcut, "for kernel 1, stride and padding are ignored"),
        (
            "rows times columns",
            rows_times_columns,
            "the kernel is replaced by the product of its row and column sums over its total: right for kernels of rank 1 only",
        ),
        ("batch for channels", batch_for_channels, "channels beyond the number of images are never computed: zeros"),
        ("total over images", total_over_images, "the sum is not set to 0 for each image: later images contain earlier ones"),
        ("weight changed", weight_changed, "the kernels' means are subtracted, and weight itself is changed by it"),
        (
            "turned, of one channel",
            turned_and_one_channel,
            "two mistakes: the kernel is turned by 180 degrees, and the last channel's is used for all",
        ),
        (
            "cut to multiples of the stride",
            cut_to_multiples,
            "the padded picture is cut to a multiple of the stride: windows that need the last pixels are lost",
        ),
        ("right, rolled", rolled, None),
        ("right, dense with zeros", dense_with_zeros, None),
        ("right, channels in front", channels_in_front, None),
        ("right, rows by np.correlate", rows_by_convolve, None),
        ("right, batched matmul", batched_matmul, None),
        ("right, from the last one back", last_one_first, None),
    ]
]
