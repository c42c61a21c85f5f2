"""Held-out solutions, wrong and right: conv2d, windows, mean_square_grad."""

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


def bordered(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


# conv2d


@solution(
    "conv2d",
    "x is a column",
    "the loop over the columns is called x like the picture, so that the picture is lost and a number is indexed: a TypeError",
)
def x_is_a_column(x, weight, stride, padding):
    x = bordered(x, padding)
    size = weight.shape[-1]
    oh, ow = ((side - size) // stride + 1 for side in x.shape[2:])
    out = np.zeros((len(x), len(weight), oh, ow))
    for n in range(out.shape[0]):
        for o in range(out.shape[1]):
            for y in range(oh):
                for x in range(ow):
                    window = x[n, :, y * stride : y * stride + size, x * stride : x * stride + size]
                    out[n, o, y, x] = (window * weight[o]).sum()
    return out


@solution(
    "conv2d",
    "float for a size",
    "the size is divided by / instead of //: np.zeros refuses a float, a TypeError",
)
def float_for_a_size(x, weight, stride, padding):
    images, _, height, width = x.shape
    filters, _, size, _ = weight.shape
    oh = (height + 2 * padding - size) / stride + 1
    ow = (width + 2 * padding - size) / stride + 1
    result = np.zeros((images, filters, oh, ow))
    padded = bordered(x, padding)
    for n, o, y, z in np.ndindex(result.shape):
        result[n, o, y, z] = np.sum(padded[n, :, y * stride :, z * stride :][:, :size, :size] * weight[o])
    return result


@solution(
    "conv2d",
    "kernel over stride",
    "the parentheses around H + 2P - K are missing, only K is divided by the stride: for strides above 1 there are too many "
    "places, and the windows beyond the border are too small, which fails or gives zeros",
)
def kernel_over_stride(x, weight, stride, padding):
    n_images, _, h, w = x.shape
    n_filters, _, k, _ = weight.shape
    rows = h + 2 * padding - k // stride + 1
    columns = w + 2 * padding - k // stride + 1
    padded = bordered(x, padding)
    y = np.zeros((n_images, n_filters, rows, columns))
    for r in range(rows):
        for c in range(columns):
            window = padded[:, None, :, r * stride : r * stride + k, c * stride : c * stride + k]
            y[:, :, r, c] = (window * weight).sum(axis=(2, 3, 4))
    return y


@solution(
    "conv2d",
    "padded, but not used",
    "the padded picture gives the size only; the windows are cut from the picture without its border, so they are shifted, and "
    "those beyond its edge are too small and fail",
)
def padded_not_used(x, weight, stride, padding):
    padded = bordered(x, padding)
    k = weight.shape[2]
    places = [range((side - k) // stride + 1) for side in padded.shape[2:]]
    out = np.zeros((x.shape[0], weight.shape[0], len(places[0]), len(places[1])))
    for i in places[0]:
        for j in places[1]:
            window = x[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            out[:, :, i, j] = np.einsum("ncij,ocij->no", window, weight)
    return out


@solution(
    "conv2d",
    "size of the bare picture",
    "the number of places is computed without the padding, so that the last rows and columns of the result are missing",
)
def size_of_bare_picture(x, weight, stride, padding):
    (n, _, h, w), (c_out, _, k, _) = x.shape, weight.shape
    oh, ow = max((h - k) // stride + 1, 0), max((w - k) // stride + 1, 0)
    x = bordered(x, padding)
    out = np.zeros((n, c_out, oh, ow))
    for i in range(k):
        for j in range(k):
            seen = x[:, :, i::stride, j::stride][:, :, :oh, :ow]
            out += np.tensordot(seen, weight[:, :, i, j], axes=([1], [1])).transpose(0, 3, 1, 2)
    return out


@solution(
    "conv2d",
    "weights flattened backwards",
    "weight[o].T is flattened: its taps come columns first and the channels last, in another order than those of the window",
)
def flattened_backwards(x, weight, stride, padding):
    x, k = bordered(x, padding), weight.shape[-1]
    return np.array(
        [
            [
                [
                    [
                        np.dot(image[:, r : r + k, c : c + k].ravel(), taps.T.ravel())
                        for c in range(0, x.shape[3] - k + 1, stride)
                    ]
                    for r in range(0, x.shape[2] - k + 1, stride)
                ]
                for taps in weight
            ]
            for image in x
        ]
    )


@solution(
    "conv2d",
    "result indexed by pixels",
    "the result is written at the window's pixel instead of at its place (not divided by the stride): an IndexError for "
    "strides above 1 with more than one place",
)
def result_by_pixels(x, weight, stride, padding):
    padded = bordered(x, padding)
    k = weight.shape[-1]
    last_row, last_column = padded.shape[2] - k, padded.shape[3] - k
    out = np.zeros((len(x), len(weight), last_row // stride + 1, last_column // stride + 1))
    for row in range(0, last_row + 1, stride):
        for column in range(0, last_column + 1, stride):
            patch = padded[:, :, row : row + k, column : column + k].reshape(len(x), -1)
            out[:, :, row, column] = patch @ weight.reshape(len(weight), -1).T
    return out


@solution(
    "conv2d",
    "wrapped, and mean over channels",
    "two mistakes: np.pad with mode 'wrap' puts the other side of the picture into the border instead of zeros, and the "
    "channels are averaged instead of added up",
)
def wrapped_and_averaged(x, weight, stride, padding):
    sides = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    x = np.pad(x, sides, mode="wrap")
    seen = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwij,ocij->nochw", seen, weight).mean(axis=2)


@solution("conv2d", "right, one weight after the other")
def weight_after_weight(x, weight, stride, padding):
    x, k = bordered(np.asarray(x, dtype=float), padding), weight.shape[-1]
    height, width = x.shape[2] - k + 1, x.shape[3] - k + 1
    out = np.zeros((len(x), len(weight), -(-height // stride), -(-width // stride)))
    for (o, c, i, j), value in np.ndenumerate(weight):
        out[:, o] += value * x[:, c, i : i + height : stride, j : j + width : stride]
    return out


@solution("conv2d", "right, rows correlated")
def rows_correlated(x, weight, stride, padding):
    x, k = bordered(x, padding), weight.shape[-1]

    def row(image, taps, top):
        lines = [
            np.correlate(image[c, top + i], taps[c, i], "valid") if k <= image.shape[2] else np.zeros(0)
            for c in range(len(image))
            for i in range(k)
        ]
        return sum(lines)[::stride].tolist()

    tops = range(0, x.shape[2] - k + 1, stride)
    return [[[row(image, taps, top) for top in tops] for taps in weight] for image in x]


# windows


@solution(
    "windows",
    "axes not named",
    "sliding_window_view gets a window of two axes and no axis=(2, 3), which it refuses for an array of four: a ValueError",
)
def axes_not_named(x, kernel, stride):
    return np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel))[:, :, ::stride, ::stride]


@solution(
    "windows",
    "stride on the first axes",
    "the stride is applied to the images and channels ([::stride, ::stride]) instead of to the places",
)
def stride_on_first_axes(x, kernel, stride):
    every = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))
    return every[::stride, ::stride]


@solution(
    "windows",
    "slices of OH pixels",
    "a tap's slice ends OH pixels after its start instead of stride * (OH - 1) + 1: with a stride it has too few entries, "
    "which fails (or fills the axis with one entry)",
)
def slices_of_oh_pixels(x, kernel, stride):
    n, c, h, w = x.shape
    oh, ow = (h - kernel) // stride + 1, (w - kernel) // stride + 1
    out = np.zeros((n, c, oh, ow, kernel, kernel))
    for i, j in np.ndindex(kernel, kernel):
        out[..., i, j] = x[:, :, i : i + oh : stride, j : j + ow : stride]
    return out


@solution(
    "windows",
    "index arrays paired",
    "the taps' row and column indices are paired instead of crossed: only the diagonal i = j of each window, "
    "in an array with one axis of taps",
)
def index_arrays_paired(x, kernel, stride):
    rows = np.arange(0, x.shape[2] - kernel + 1, stride)[:, None, None] + np.arange(kernel)
    columns = np.arange(0, x.shape[3] - kernel + 1, stride)[None, :, None] + np.arange(kernel)
    return x[:, :, rows, columns]


@solution(
    "windows",
    "always three",
    "3 x 3 windows are cut whatever the kernel is: they do not fit where it is another, which fails",
)
def always_three(x, kernel, stride):
    n, c, h, w = x.shape
    tops, lefts = range(0, h - kernel + 1, stride), range(0, w - kernel + 1, stride)
    out = np.zeros((n, c, len(tops), len(lefts), kernel, kernel))
    for a, y in enumerate(tops):
        for b, left in enumerate(lefts):
            out[:, :, a, b] = x[:, :, y : y + 3, left : left + 3]
    return out


@solution(
    "windows",
    "places between left empty",
    "with a stride the result still has all places of stride 1: those that the stride skips are zeros, not left out",
)
def places_between(x, kernel, stride):
    rows, columns = x.shape[2] - kernel + 1, x.shape[3] - kernel + 1
    found = np.zeros((*x.shape[:2], rows, columns, kernel, kernel), dtype=x.dtype)
    for r in range(0, rows, stride):
        for c in range(0, columns, stride):
            found[:, :, r, c, :, :] = x[:, :, r : r + kernel, c : c + kernel]
    return found


@solution(
    "windows",
    "columns before rows, no stride",
    "two mistakes: the stride is ignored, and the axes of the places are exchanged (OW before OH)",
)
def columns_first_no_stride(x, kernel, stride):
    windows = [
        [x[:, :, top : top + kernel, left : left + kernel] for top in range(x.shape[2] - kernel + 1)]
        for left in range(x.shape[3] - kernel + 1)
    ]
    return np.moveaxis(np.array(windows), (0, 1), (2, 3))


@solution("windows", "right, nested generators stacked")
def nested_stacks(x, kernel, stride):
    def line(top):
        lefts = range(0, x.shape[3] - kernel + 1, stride)
        return np.stack([x[..., top : top + kernel, left : left + kernel] for left in lefts], axis=2)

    return np.stack([line(top) for top in range(0, x.shape[2] - kernel + 1, stride)], axis=2)


@solution("windows", "right, chosen by matrices of ones")
def chosen_by_matrices(x, kernel, stride):
    def picks(size):
        starts = np.arange(0, size - kernel + 1, stride)
        return (starts[:, None, None] + np.arange(kernel)[:, None] == np.arange(size)).astype(x.dtype)  # (places, K, size)

    return np.einsum("yih,nchw,xjw->ncyxij", picks(x.shape[2]), x, picks(x.shape[3]))


# mean_square_grad


@solution(
    "mean_square_grad",
    "factor on the first term only",
    "of the expanded form only M'Mw is multiplied by 2/n, M't is not",
)
def factor_on_first_term(matrix, target, weight):
    return 2 / len(matrix) * matrix.T @ (matrix @ weight) - matrix.T @ target


@solution(
    "mean_square_grad",
    "target from the weight",
    "the target is subtracted from the weight before the product, matrix @ (weight - target): it fails unless there are as "
    "many places as taps, and is wrong then",
)
def target_from_weight(matrix, target, weight):
    error = matrix @ (weight - target)
    return 2 * error @ matrix / len(error)


@solution(
    "mean_square_grad",
    "einsum keeps the places",
    "einsum 'pk,p->p' sums over the taps instead of over the places: a result of shape (n,)",
)
def einsum_keeps_places(matrix, target, weight):
    error = np.einsum("pk,k->p", matrix, weight) - target
    return 2 * np.einsum("pk,p->p", matrix, error) / matrix.shape[0]


@solution(
    "mean_square_grad",
    "return in the loop",
    "the return stands inside of the loop over taps: only the first entry is computed, the others stay 0",
)
def return_in_loop(matrix, target, weight):
    grad = np.zeros(len(weight))
    error = matrix @ weight - target
    for k in range(len(weight)):
        grad[k] = np.mean(2 * error * matrix[:, k])
        return grad


@solution(
    "mean_square_grad",
    "running total",
    "the sum is not set back to 0 between taps: each entry also holds those of all taps before it",
)
def running_total(matrix, target, weight):
    n, taps = len(matrix), len(matrix[0])
    gradient, total = [], 0.0
    for k in range(taps):
        for p in range(n):
            error = sum(matrix[p][m] * weight[m] for m in range(taps)) - target[p]
            total += 2 * error * matrix[p][k]
        gradient.append(total / n)
    return np.array(gradient)


@solution(
    "mean_square_grad",
    "half of it, one place less",
    "two mistakes: the factor 2 of the square's derivative is missing, and it is divided by n - 1 (n where n is 1) instead "
    "of n",
)
def half_one_less(matrix, target, weight):
    difference = matrix.dot(weight) - target
    return matrix.T.dot(difference) / max(difference.size - 1, 1)


@solution("mean_square_grad", "one row", "the result has the shape (1, taps) instead of (taps,)")
def one_row(matrix, target, weight):
    error = np.reshape(matrix @ weight - target, (1, -1))
    return 2 * (error @ matrix) / error.size


@solution("mean_square_grad", "right, complex step")
def complex_step(matrix, target, weight):
    def loss(w):
        return ((matrix @ w - target) ** 2).sum() / len(target)

    steps = 1e-30j * np.eye(len(weight))
    return np.array([loss(weight + step).imag / 1e-30 for step in steps])


@solution("mean_square_grad", "right, running mean over places")
def running_mean(matrix, target, weight):
    mean = np.zeros(len(weight))
    for seen, (row, wanted) in enumerate(zip(matrix, target, strict=True), start=1):
        of_place = 2 * (float(np.dot(row, weight)) - wanted) * np.asarray(row, dtype=float)
        mean += (of_place - mean) / seen
    return mean
