"""Solutions by fresh eyes, wrong and right, of notebook 1: output_size, conv2d, windows, mean_square_grad."""

from functools import reduce

import numpy as np
from corpus import collected
from numpy.lib.stride_tricks import as_strided, sliding_window_view

SOLUTIONS, solution = collected()


# output_size


@solution(
    "output_size",
    "nothing where the bare picture is too small",
    "returns 0 where the window is larger than the picture without its border, although with the border it fits",
)
def size_bare_too_small(size, kernel, stride, padding, dilation):
    covered = dilation * (kernel - 1) + 1
    if covered > size:
        return 0
    return (size + 2 * padding - covered) // stride + 1


@solution("output_size", "printed", "the number is printed and not returned: the result is None")
def size_printed(size, kernel, stride, padding, dilation):
    print((size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1)


@solution(
    "output_size",
    "dilated twice",
    "the kernel is replaced by what it covers, and that is dilated once more: the dilation is applied twice",
)
def size_dilated_twice(size, kernel, stride, padding, dilation):
    kernel = kernel + (kernel - 1) * (dilation - 1)
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@solution("output_size", "no border with a stride", "the padding is forgotten where the stride is not 1")
def size_no_border_with_stride(size, kernel, stride, padding, dilation):
    covered = dilation * (kernel - 1) + 1
    if stride == 1:
        return size + 2 * padding - covered + 1
    return (size - covered) // stride + 1


@solution(
    "output_size",
    "picture cut to a multiple of the stride",
    "the padded picture is cut to a multiple of the stride first, so that a last window that would fit may be lost",
)
def size_cut(size, kernel, stride, padding, dilation):
    padded = size + 2 * padding
    padded -= padded % stride
    return (padded - (dilation * (kernel - 1) + 1)) // stride + 1


@solution("output_size", "right, as many as np.convolve leaves")
def size_by_convolve(size, kernel, stride, padding, dilation):
    window = np.ones(dilation * (kernel - 1) + 1)
    return len(np.convolve(np.zeros(size + 2 * padding), window, mode="valid")[::stride])


# conv2d


@solution(
    "conv2d",
    "filters last",
    "what tensordot returns is not transposed: the result is (N, OH, OW, C_out) and not (N, C_out, OH, OW)",
)
def conv2d_filters_last(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    seen = sliding_window_view(x, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.tensordot(seen, weight, axes=((1, 4, 5), (1, 2, 3)))


@solution(
    "conv2d",
    "matrix product of window and kernel",
    "window and kernel are multiplied as matrices, with @, and not entry by entry, before the sum",
)
def conv2d_matmul(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows = (x.shape[2] - kernel) // stride + 1
    columns = (x.shape[3] - kernel) // stride + 1
    out = np.zeros((x.shape[0], weight.shape[0], rows, columns))
    for n, o, r, c in np.ndindex(out.shape):
        window = x[n, :, r * stride : r * stride + kernel, c * stride : c * stride + kernel]
        out[n, o, r, c] = (window @ weight[o]).sum()
    return out


@solution(
    "conv2d",
    "plane not begun anew",
    "the list of rows is made once for each image and not once for each filter, so each plane holds the rows of all filters",
)
def conv2d_plane_shared(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    images = []
    for image in x:
        plane, planes = [], []
        for taps in weight:
            for r in range(0, x.shape[2] - kernel + 1, stride):
                row = []
                for c in range(0, x.shape[3] - kernel + 1, stride):
                    row.append((image[:, r : r + kernel, c : c + kernel] * taps).sum())
                plane.append(row)
            planes.append(plane)
        images.append(planes)
    return np.array(images)


@solution(
    "conv2d",
    "added to the whole plane",
    "the place is missing on the left, out[n, o] += ...: each window's sum is added to all places of the plane",
)
def conv2d_whole_plane(x, weight, stride, padding):
    kernel = weight.shape[-1]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows = (x.shape[2] - kernel) // stride + 1
    columns = (x.shape[3] - kernel) // stride + 1
    out = np.zeros((x.shape[0], weight.shape[0], rows, columns))
    for n, o, r, c in np.ndindex(out.shape):
        window = x[n, :, r * stride : r * stride + kernel, c * stride : c * stride + kernel]
        out[n, o] += (window * weight[o]).sum()
    return out


@solution(
    "conv2d",
    "border grows with every image",
    "np.pad stands inside of the loop over the images and pads the batch again for each: the second image has a border of twice"
    " the padding, and so on",
)
def conv2d_border_grows(x, weight, stride, padding):
    batch, _, height, width = x.shape
    filters, _, kernel, _ = weight.shape
    rows = (height + 2 * padding - kernel) // stride + 1
    columns = (width + 2 * padding - kernel) // stride + 1
    out = np.zeros((batch, filters, rows, columns))
    for n in range(batch):
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        for o in range(filters):
            for r in range(rows):
                for c in range(columns):
                    window = x[n, :, r * stride : r * stride + kernel, c * stride : c * stride + kernel]
                    out[n, o, r, c] = (window * weight[o]).sum()
    return out


@solution("conv2d", "right, windows through all channels")
def conv2d_three_axes(x, weight, stride, padding):
    padded = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding, x.shape[3] + 2 * padding))
    padded[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]] = x
    seen = sliding_window_view(padded, weight.shape[1:], axis=(1, 2, 3))[:, 0, ::stride, ::stride]
    flat = seen.reshape(*seen.shape[:3], -1) @ weight.reshape(len(weight), -1).T
    return np.moveaxis(flat, -1, 1)


@solution("conv2d", "right, nested lists by comprehension")
def conv2d_comprehension(x, weight, stride, padding):
    height, width = x.shape[2:]
    kernel = range(weight.shape[2])

    def pixel(plane, r, c):
        return plane[r][c] if 0 <= r < height and 0 <= c < width else 0.0

    def place(image, taps, top, left):
        pairs = zip(image, taps, strict=True)
        return sum(pixel(plane, top + i, left + j) * float(t[i, j]) for plane, t in pairs for i in kernel for j in kernel)

    tops = range(-padding, height + padding - len(kernel) + 1, stride)
    lefts = range(-padding, width + padding - len(kernel) + 1, stride)
    return [[[[place(image, taps, t, s) for s in lefts] for t in tops] for taps in weight] for image in x.tolist()]


# windows


@solution(
    "windows",
    "kernel subtracted after the division",
    "the number of places is size // stride - kernel + 1: the kernel is subtracted after the division by the stride",
)
def windows_kernel_after(x, kernel, stride):
    rows, columns = (size // stride - kernel + 1 for size in x.shape[2:])
    out = np.zeros((*x.shape[:2], rows, columns, kernel, kernel))
    for r in range(rows):
        for c in range(columns):
            out[:, :, r, c] = x[:, :, r * stride : r * stride + kernel, c * stride : c * stride + kernel]
    return out


@solution(
    "windows",
    "a loop takes the picture's name",
    "the loop over the columns is called x like the picture, which is lost: an int is indexed, a TypeError",
)
def windows_shadowed(x, kernel, stride):
    rows = (x.shape[2] - kernel) // stride + 1
    columns = (x.shape[3] - kernel) // stride + 1
    out = np.zeros((*x.shape[:2], rows, columns, kernel, kernel))
    for y in range(rows):
        for x in range(columns):
            out[:, :, y, x] = x[:, :, y * stride : y * stride + kernel, x * stride : x * stride + kernel]
    return out


@solution(
    "windows",
    "return in the loop over the rows of taps",
    "the return is indented too far: only the first row of taps is filled in, the others stay 0",
)
def windows_early_return(x, kernel, stride):
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    out = np.zeros((*x.shape[:2], rows, columns, kernel, kernel))
    for i in range(kernel):
        for j in range(kernel):
            out[..., i, j] = x[:, :, i::stride, j::stride][:, :, :rows, :columns]
        return out


@solution(
    "windows",
    "steps in numbers for bytes",
    "as_strided is given steps counted in numbers where it wants bytes, so the windows consist of bytes of several numbers",
)
def windows_number_steps(x, kernel, stride):
    n, c, h, w = x.shape
    rows, columns = (h - kernel) // stride + 1, (w - kernel) // stride + 1
    steps = (c * h * w, h * w, stride * w, stride, w, 1)
    return as_strided(np.ascontiguousarray(x), (n, c, rows, columns, kernel, kernel), steps)


@solution(
    "windows",
    "taps counted from one",
    "the taps are counted from 1, so each window begins one row and one column too far, and the last one may not fit",
)
def windows_from_one(x, kernel, stride):
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    out = np.zeros((*x.shape[:2], rows, columns, kernel, kernel))
    for i in range(1, kernel + 1):
        for j in range(1, kernel + 1):
            seen = x[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
            out[..., i - 1, j - 1] = seen
    return out


@solution("windows", "right, taken along each axis")
def windows_taken(x, kernel, stride):
    rows, columns = (np.arange(0, size - kernel + 1, stride)[:, None] + np.arange(kernel) for size in x.shape[2:])
    return x.take(rows, axis=2).take(columns, axis=4).swapaxes(3, 4)


# mean_square_grad


@solution(
    "mean_square_grad",
    "error used before it is complete",
    "the products are added to the error in the same loop that adds to the gradient: tap k gets the error of the taps up to k",
)
def msg_partial_error(matrix, target, weight):
    places, taps = matrix.shape
    grad = np.zeros(taps)
    for p in range(places):
        error = -target[p]
        for k in range(taps):
            error += matrix[p, k] * weight[k]
            grad[k] += 2 * error * matrix[p, k] / places
    return grad


@solution(
    "mean_square_grad",
    "up and down are one array",
    "a central difference whose two moved weights are the same array, not copies: both losses are equal, the result is 0",
)
def msg_alias(matrix, target, weight):
    def loss(w):
        return np.mean((matrix @ w - target) ** 2)

    grad, h = np.zeros(len(weight)), 1e-5
    for k in range(len(weight)):
        up = down = weight.copy()
        up[k] += h
        down[k] -= h
        grad[k] = (loss(up) - loss(down)) / (2 * h)
    return grad


@solution(
    "mean_square_grad",
    "ranges exchanged",
    "the ranges of the two loops are exchanged, places run over the taps and taps over the places: an IndexError, or for a"
    " square matrix no mistake",
)
def msg_ranges(matrix, target, weight):
    grad = np.zeros(len(weight))
    for p in range(len(weight)):
        error = matrix[p] @ weight - target[p]
        for k in range(len(target)):
            grad[k] += 2 / len(target) * error * matrix[p, k]
    return grad


@solution("mean_square_grad", "rounded", "the gradient is rounded to two places behind the point")
def msg_rounded(matrix, target, weight):
    error = matrix @ weight - target
    return np.round(2 / len(target) * error @ matrix, 2)


@solution(
    "mean_square_grad",
    "first row for the prediction",
    "the prediction of every place is computed from the first row of the matrix",
)
def msg_first_row(matrix, target, weight):
    grad = np.zeros(len(weight))
    for p in range(len(target)):
        error = matrix[0] @ weight - target[p]
        grad += 2 * error * matrix[p]
    return grad / len(target)


@solution("mean_square_grad", "right, distance to the best weight")
def msg_best_weight(matrix, target, weight):
    best = np.linalg.lstsq(matrix, target, rcond=None)[0]
    return 2 * (matrix.T @ (matrix @ (weight - best))) / len(matrix)


@solution("mean_square_grad", "right, reduced over the rows")
def msg_reduced(matrix, target, weight):
    def one(total, pair):
        row, wanted = pair
        return total + (np.inner(row, weight) - wanted) * row

    return reduce(one, zip(matrix, target, strict=True), np.zeros(len(weight))) / (len(target) / 2)
