"""What learners write for all windows of a picture: wrong ones, and right ones that look odd."""

import numpy as np
from corpus import Solution

views = np.lib.stride_tricks.sliding_window_view
as_strided = np.lib.stride_tricks.as_strided


def places(x, kernel, stride):
    return [(size - kernel) // stride + 1 for size in x.shape[2:]]


def taps_before_places(x, kernel, stride):
    rows, columns = places(x, kernel, stride)
    out = np.empty((*x.shape[:2], kernel, kernel, rows, columns), x.dtype)
    for i, j in np.ndindex(kernel, kernel):
        out[:, :, i, j] = x[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride]
    return out


def channels_last(x, kernel, stride):
    seen = views(x, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]
    return seen.transpose(0, 2, 3, 1, 4, 5)


def taps_exchanged(x, kernel, stride):
    taps = []
    for j in range(kernel):
        for i in range(kernel):
            rows, columns = places(x, kernel, stride)
            taps.append(x[:, :, i::stride, j::stride][:, :, :rows, :columns])
    return np.stack(taps, axis=-1).reshape(*taps[0].shape, kernel, kernel)


def places_exchanged(x, kernel, stride):
    rows, columns = places(x, kernel, stride)
    out = np.zeros((*x.shape[:2], columns, rows, kernel, kernel), x.dtype)
    for row, column in np.ndindex(rows, columns):
        top, left = row * stride, column * stride
        out[:, :, column, row] = x[:, :, top : top + kernel, left : left + kernel]
    return out


def no_stride(x, kernel, stride):
    return views(x, (kernel, kernel), axis=(2, 3))


def stride_for_rows_only(x, kernel, stride):
    return views(x, (kernel, kernel), axis=(2, 3))[:, :, ::stride]


def start_without_stride(x, kernel, stride):
    rows, columns = places(x, kernel, stride)
    out = np.empty((*x.shape[:2], rows, columns, kernel, kernel), x.dtype)
    for row, column in np.ndindex(rows, columns):
        out[:, :, row, column] = x[:, :, row : row + kernel, column : column + kernel]
    return out


def dense_memory_assumed(x, kernel, stride):
    n, c, height, width = x.shape
    size = x.itemsize
    rows, columns = places(x, kernel, stride)
    steps = [c * height * width, height * width, width * stride, stride, width, 1]
    flat = x.ravel(order="K")  # the memory as it lies
    return as_strided(flat, (n, c, rows, columns, kernel, kernel), [size * step for step in steps])


def stride_in_taps(x, kernel, stride):
    span = stride * kernel
    larger = np.pad(x, ((0, 0), (0, 0), (0, span), (0, span)))
    rows, columns = places(x, kernel, stride)
    out = np.empty((*x.shape[:2], rows, columns, kernel, kernel), x.dtype)
    for i, j in np.ndindex(kernel, kernel):
        out[..., i, j] = larger[:, :, i * stride :: stride, j * stride :: stride][:, :, :rows, :columns]
    return out


def slice_one_short(x, kernel, stride):
    rows, columns = places(x, kernel, stride)
    out = np.zeros((*x.shape[:2], rows, columns, kernel, kernel), x.dtype)
    for i in range(kernel):
        for j in range(kernel):
            last_row, last_column = i + stride * (rows - 1), j + stride * (columns - 1)
            out[..., i, j] = x[:, :, i:last_row:stride, j:last_column:stride]
    return out


def slice_without_end(x, kernel, stride):
    rows, columns = places(x, kernel, stride)
    out = np.zeros((*x.shape[:2], rows, columns, kernel, kernel), x.dtype)
    for i in range(kernel):
        for j in range(kernel):
            out[..., i, j] = x[:, :, i::stride, j::stride]
    return out


def negative_end(x, kernel, stride):
    out = []
    for i in range(kernel):
        for j in range(kernel):
            out.append(x[:, :, i : i - kernel + 1 : stride, j : j - kernel + 1 : stride])
    return np.stack(out, axis=-1).reshape(*out[0].shape, kernel, kernel)


def last_place_missed(x, kernel, stride):
    rows, columns = (-(-(size - kernel) // stride) for size in x.shape[2:])
    out = np.empty((*x.shape[:2], rows, columns, kernel, kernel), x.dtype)
    for row, column in np.ndindex(rows, columns):
        y, z = row * stride, column * stride
        out[:, :, row, column] = x[:, :, y : y + kernel, z : z + kernel]
    return out


def whole_numbers(x, kernel, stride):
    rows, columns = places(x, kernel, stride)
    out = np.zeros((*x.shape[:2], rows, columns, kernel, kernel), dtype=int)
    for i, j in np.ndindex(kernel, kernel):
        out[..., i, j] = x[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride]
    return out


def squares_only(x, kernel, stride):
    n, c, size, _ = x.shape
    count = (size - kernel) // stride + 1
    out = np.zeros((n, c, count, count, kernel, kernel), x.dtype)
    for i, j in np.ndindex(kernel, kernel):
        end = stride * (count - 1) + 1
        out[..., i, j] = x[:, :, i : i + end : stride, j : j + end : stride]
    return out


def tiles(x, kernel, stride):
    n, c, height, width = x.shape
    rows, columns = height // kernel, width // kernel
    cut = x[:, :, : rows * kernel, : columns * kernel]
    return cut.reshape(n, c, rows, kernel, columns, kernel).swapaxes(3, 4)


def taps_turned(x, kernel, stride):
    rows, columns = places(x, kernel, stride)
    out = np.empty((*x.shape[:2], rows, columns, kernel, kernel), x.dtype)
    for i in range(kernel):
        for j in range(kernel):
            seen = x[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride]
            out[..., -1 - i, -1 - j] = seen
    return out


def same_buffer(x, kernel, stride):
    window = np.empty((*x.shape[:2], kernel, kernel), x.dtype)
    rows, columns = places(x, kernel, stride)
    out = []
    for row, column in np.ndindex(rows, columns):
        window[...] = x[:, :, row * stride : row * stride + kernel, column * stride : column * stride + kernel]
        out.append(window)
    return np.stack(out, axis=2).reshape(*x.shape[:2], rows, columns, kernel, kernel)


def one_long_list(x, kernel, stride):
    windows = []
    for n, c in np.ndindex(*x.shape[:2]):
        for top in range(0, x.shape[2] - kernel + 1, stride):
            for left in range(0, x.shape[3] - kernel + 1, stride):
                windows.append(x[n, c, top : top + kernel, left : left + kernel])
    return np.array(windows)


def list_order_reshaped(x, kernel, stride):
    rows, columns = places(x, kernel, stride)
    taken = [
        x[:, :, row * stride : row * stride + kernel, column * stride : column * stride + kernel]
        for row in range(rows)
        for column in range(columns)
    ]
    return np.array(taken).reshape(*x.shape[:2], rows, columns, kernel, kernel)


def extra_axes(x, kernel, stride):
    return views(x, (1, 1, kernel, kernel))[:, :, ::stride, ::stride]


def squeezed(x, kernel, stride):
    return views(x, (1, 1, kernel, kernel))[:, :, ::stride, ::stride].squeeze()


def first_image(x, kernel, stride):
    seen = views(x[0], (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
    return np.broadcast_to(seen, (len(x), *seen.shape))


def padded_for_same(x, kernel, stride):
    before, after = (kernel - 1) // 2, kernel // 2
    x = np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)))
    return views(x, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]


def kernel_one_shortcut(x, kernel, stride):
    if kernel == 1:
        return x[:, :, ::stride, ::stride]
    return views(x, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]


def stride_at_most_kernel(x, kernel, stride):
    rows, columns = places(x, kernel, stride)
    step = stride if stride < kernel else kernel
    return views(x, (kernel, kernel), axis=(2, 3))[:, :, ::step, ::step][:, :, :rows, :columns]


def mean_subtracted(x, kernel, stride):
    x -= x.mean()
    return views(x, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]


def window_zeroed(x, kernel, stride):
    rows, columns = places(x, kernel, stride)
    out = np.empty((*x.shape[:2], rows, columns, kernel, kernel), x.dtype)
    for i, j in np.ndindex(kernel, kernel):
        seen = x[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride]
        out[..., i, j] = seen
        seen[...] = 0  # taken
    return out


def taps_exchanged_without_stride(x, kernel, stride):
    return np.swapaxes(views(x, (kernel, kernel), axis=(2, 3)), -1, -2)


def half_precision(x, kernel, stride):
    rows, columns = places(x, kernel, stride)
    out = np.empty((*x.shape[:2], rows, columns, kernel, kernel), np.float16)
    for row, column in np.ndindex(rows, columns):
        out[:, :, row, column] = x[:, :, row * stride :, column * stride :][:, :, :kernel, :kernel]
    return out


# right


def numpy_view(x, kernel, stride):
    return views(x, (kernel, kernel), (-2, -1))[..., ::stride, ::stride, :, :]


def steps_in_memory(x, kernel, stride):
    a, b, y, z = x.strides
    shape = *x.shape[:2], *places(x, kernel, stride), kernel, kernel
    return as_strided(x, shape, (a, b, y * stride, z * stride, y, z), writeable=False)


def indexed(x, kernel, stride):
    rows, columns = (
        stride * np.arange(count)[:, None] + np.arange(kernel) for count in places(x, kernel, stride)
    )  # (OH, K), (OW, K)
    return x[:, :, rows[:, None, :, None], columns[None, :, None, :]]


def axis_by_axis(x, kernel, stride):
    def along(x, axis):
        moved = np.moveaxis(x, axis, 0)
        taken = [moved[start : start + kernel] for start in range(0, len(moved) - kernel + 1, stride)]
        return np.moveaxis(np.stack(taken), (0, 1), (axis, -1))

    return along(along(x, 2), 3)


def cut_after_the_slice(x, kernel, stride):
    rows, columns = places(x, kernel, stride)
    taps = (x[:, :, i::stride, j::stride][:, :, :rows, :columns] for i in range(kernel) for j in range(kernel))
    stacked = np.stack(list(taps))
    return stacked.transpose(1, 2, 3, 4, 0).reshape(*stacked.shape[1:], kernel, kernel)


def nested_lists(x, kernel, stride):
    (n, c, *_), (rows, columns) = x.shape, places(x, kernel, stride)
    taps = range(kernel)
    return np.array(
        [
            [
                [
                    [[[x[a, b, y * stride + i, z * stride + j] for j in taps] for i in taps] for z in range(columns)]
                    for y in range(rows)
                ]
                for b in range(c)
            ]
            for a in range(n)
        ]
    )


def columns_in_front(x, kernel, stride):
    out = np.zeros((kernel, kernel, *places(x, kernel, stride)[::-1], *x.shape[:2]), x.dtype)
    for j, i, column, row in np.ndindex(*out.shape[:4]):
        out[j, i, column, row] = x[:, :, row * stride + i, column * stride + j]
    return out.transpose(4, 5, 3, 2, 1, 0)


SOLUTIONS = [
    Solution("windows", f"windows: {name}", function, truth)
    for name, function, truth in [
        (
            "taps before places",
            taps_before_places,
            "the axes of the taps come before those of the places: (N, C, K, K, OH, OW)",
        ),
        ("channels last", channels_last, "the axis of channels comes after those of the places: (N, OH, OW, C, K, K)"),
        ("taps exchanged", taps_exchanged, "tap (i, j) is at [j, i]: each window is transposed"),
        ("places exchanged", places_exchanged, "place (y, x) is at [x, y]: the result is (N, C, OW, OH, K, K)"),
        ("no stride", no_stride, "stride is ignored: windows at all places"),
        ("stride for rows only", stride_for_rows_only, "the stride is used for rows, not for columns"),
        ("start without stride", start_without_stride, "as many windows as there should be, but one pixel apart: not stride"),
        (
            "dense memory assumed",
            dense_memory_assumed,
            "x's memory is taken as dense and C-ordered: wrong for a transposed view or a Fortran-ordered array",
        ),
        ("stride in taps", stride_in_taps, "the stride multiplies the tap, too: taps of one window lie stride pixels apart"),
        (
            "slice one short",
            slice_one_short,
            "the slice ends before the last place: one entry short, an error unless it broadcasts",
        ),
        (
            "slice without end",
            slice_without_end,
            "the slice has no end: too many entries, an error unless they happen to be as many",
        ),
        (
            "negative end",
            negative_end,
            "the end of the slice is 0 for the last tap, which makes it empty: fails, or empty for kernel 1",
        ),
        ("last place missed", last_place_missed, "the window that ends at the last pixel is missed: rounded up without + 1"),
        ("whole numbers", whole_numbers, "the result has an integer dtype: fractions are cut off"),
        ("squares only", squares_only, "as many columns as rows: right for square pictures only"),
        ("tiles", tiles, "windows that do not overlap, a kernel apart: stride is taken to be the kernel's size"),
        ("taps turned", taps_turned, "each window is turned by 180 degrees"),
        ("same buffer", same_buffer, "one buffer is appended again and again: all windows are the last one"),
        ("one long list", one_long_list, "all windows in one axis: (N * C * OH * OW, K, K)"),
        (
            "list order reshaped",
            list_order_reshaped,
            "(OH * OW, N, C, K, K) is reshaped, not transposed: windows are in wrong places unless N and C are 1",
        ),
        ("extra axes", extra_axes, "two axes of length 1 too many: (N, C, OH, OW, 1, 1, K, K)"),
        ("squeezed", squeezed, "all axes of length 1 are dropped: wrong shape for one image, one channel, one row or kernel 1"),
        ("first image", first_image, "the windows of image 0 for all images"),
        (
            "padded for same",
            padded_for_same,
            "zeros are put around the picture, though it should not be padded: too many windows",
        ),
        ("kernel one shortcut", kernel_one_shortcut, "for kernel 1 the two last axes are missing"),
        (
            "stride at most kernel",
            stride_at_most_kernel,
            "a stride larger than the kernel is replaced by the kernel's size, with the right number of windows",
        ),
        ("mean subtracted", mean_subtracted, "the mean of x is subtracted, and x itself is changed by it"),
        (
            "window zeroed",
            window_zeroed,
            "x is set to 0 where it has been read: x is changed, and later taps find zeros",
        ),
        (
            "taps exchanged, no stride",
            taps_exchanged_without_stride,
            "two mistakes: each window is transposed, and stride is ignored",
        ),
        ("half precision", half_precision, "the result is rounded to float16"),
        ("right, NumPy's view", numpy_view, None),
        ("right, steps in memory", steps_in_memory, None),
        ("right, indexed", indexed, None),
        ("right, axis by axis", axis_by_axis, None),
        ("right, cut after the slice", cut_after_the_slice, None),
        ("right, nested lists", nested_lists, None),
        ("right, columns in front", columns_in_front, None),
    ]
]
