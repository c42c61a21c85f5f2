"""New solutions, wrong and right, of the exercises of notebook 1 with windows: conv2d, windows."""

import math
from itertools import product

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


# conv2d


def sums(padded, weight, stride, oh, ow):
    """The convolution of padded, without any padding, of the given output size."""
    k = weight.shape[-1]
    out = np.zeros((len(padded), len(weight), oh, ow))
    for y, x in product(range(oh), range(ow)):
        window = padded[:, :, y * stride : y * stride + k, x * stride : x * stride + k]
        out[:, :, y, x] = np.einsum("ncij,ocij->no", window, weight)
    return out


def bordered(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


@solution(
    "conv2d",
    "one border in the size",
    "the output size counts the padding once instead of twice: with padding the last rows and columns may be missing",
)
def conv2d_one_border(x, weight, stride, padding):
    k = weight.shape[-1]
    oh, ow = ((size + padding - k) // stride + 1 for size in x.shape[2:])
    return sums(bordered(x, padding), weight, stride, max(oh, 0), max(ow, 0))


@solution(
    "conv2d",
    "output's index for the channel",
    "x is read at the channel of the output's number instead of the channel c: x[n, o] for x[n, c]",
)
def conv2d_output_channel(x, weight, stride, padding):
    x = bordered(x, padding)
    images, channels, height, width = x.shape
    outputs, _, k, _ = weight.shape
    result = np.zeros((images, outputs, (height - k) // stride + 1, (width - k) // stride + 1))
    for n, o, row, column in np.ndindex(result.shape):
        for c, i, j in product(range(channels), range(k), range(k)):
            result[n, o, row, column] += x[n, o, row * stride + i, column * stride + j] * weight[o, c, i, j]
    return result


@solution(
    "conv2d",
    "kernel size of axis 1",
    "the kernel size is taken from weight.shape[1], the number of channels: right only where both are equal",
)
def conv2d_axis_one(x, weight, stride, padding):
    x = bordered(x, padding)
    k = weight.shape[1]
    oh, ow = (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1
    result = np.zeros((len(x), len(weight), oh, ow))
    for n, o, row, column in np.ndindex(result.shape):
        for i, j in product(range(k), range(k)):
            result[n, o, row, column] += x[n, :, row * stride + i, column * stride + j] @ weight[o, :, i, j]
    return result


@solution(
    "conv2d",
    "padding less than the kernel",
    "padding of as many pixels as the kernel has, or more, is cut to kernel - 1: the outputs that see nothing "
    "but zeros are missing",
)
def conv2d_less_padding(x, weight, stride, padding):
    k = weight.shape[-1]
    x = bordered(x, min(padding, k - 1))
    return sums(x, weight, stride, (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1)


@solution(
    "conv2d",
    "break at a zero weight",
    "a weight of 0 ends the loop over the row's taps (break instead of continue), so the taps to its right are left out",
)
def conv2d_break(x, weight, stride, padding):
    x = bordered(x, padding)
    outputs, channels, k, _ = weight.shape
    oh, ow = (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1
    result = np.zeros((len(x), outputs, oh, ow))
    for o, c, i in product(range(outputs), range(channels), range(k)):
        for j in range(k):
            if weight[o, c, i, j] == 0:
                break
            seen = x[:, c, i : i + stride * (oh - 1) + 1 : stride, j : j + stride * (ow - 1) + 1 : stride]
            result[:, o] += weight[o, c, i, j] * seen
    return result


@solution(
    "conv2d",
    "last image for all",
    "the result of an image is written to all images (out[:] instead of out[n]), so that all get the last one's",
)
def conv2d_last_for_all(x, weight, stride, padding):
    x, k = bordered(x, padding), weight.shape[-1]
    oh, ow = (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1
    out = np.zeros((len(x), len(weight), oh, ow))
    for image in x:
        out[:] = sums(image[None], weight, stride, oh, ow)
    return out


@solution(
    "conv2d",
    "no border, one stride",
    "two mistakes: no padding is made, and the rows move on by 1 instead of the stride",
)
def conv2d_no_border(x, weight, stride, padding):
    k = weight.shape[-1]
    view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))[:, :, :, ::stride]
    return np.einsum("ncyxij,ocij->noyx", view, weight).astype(float)


@solution("conv2d", "right, rows in one line")
def conv2d_one_line(x, weight, stride, padding):
    x = bordered(np.asarray(x, float), padding)
    (images, channels, height, width), (outputs, _, k, _) = x.shape, weight.shape
    lines = np.zeros((outputs, channels, k, width))
    lines[..., :k] = weight
    lines = lines.reshape(outputs, channels, k * width)[..., : (k - 1) * width + k]
    out = np.zeros((images, outputs, height - k + 1, width))
    for n, o, c in product(range(images), range(outputs), range(channels)):
        found = np.correlate(x[n, c].ravel(), lines[o, c], "valid")
        out[n, o] += np.append(found, np.zeros(k - 1)).reshape(-1, width)
    return out[:, :, ::stride, : width - k + 1 : stride]


@solution("conv2d", "right, lists and fsum")
def conv2d_lists(x, weight, stride, padding):
    k, (height, width) = weight.shape[-1], x.shape[2:]

    def pixel(plane, row, column):
        return float(plane[row][column]) if 0 <= row < height and 0 <= column < width else 0.0

    rows = range(-padding, height + padding - k + 1, stride)
    columns = range(-padding, width + padding - k + 1, stride)
    taps = list(product(range(k), range(k)))

    def total(image, kernels, row, column):
        pairs = zip(image, kernels, strict=True)
        return math.fsum(pixel(plane, row + i, column + j) * float(w[i][j]) for plane, w in pairs for i, j in taps)

    return np.array([[[[total(image, w, r, c) for c in columns] for r in rows] for w in weight] for image in x])


# windows


def places(x, kernel, stride):
    return (x.shape[2] - kernel) // stride + 1, (x.shape[3] - kernel) // stride + 1


@solution("windows", "rolled the other way", "the pixels are moved down and right instead of up and left, around the border")
def windows_rolled(x, kernel, stride):
    oh, ow = places(x, kernel, stride)
    out = np.zeros((*x.shape[:2], oh, ow, kernel, kernel), x.dtype)
    for i, j in product(range(kernel), range(kernel)):
        moved = np.roll(x, (i, j), axis=(2, 3))
        out[..., i, j] = moved[:, :, : oh * stride : stride, : ow * stride : stride]
    return out


@solution(
    "windows",
    "places rounded down once more",
    "(H - K + 1) // stride places instead of (H - K) // stride + 1: the last is missing unless H - K + 1 is a "
    "multiple of the stride",
)
def windows_places(x, kernel, stride):
    view = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]
    oh, ow = ((size - kernel + 1) // stride for size in x.shape[2:])
    return view[:, :, :oh, :ow]


@solution("windows", "i for j", "the columns' slice begins at i, the tap's row, instead of j")
def windows_diagonal(x, kernel, stride):
    oh, ow = places(x, kernel, stride)
    out = np.empty((*x.shape[:2], oh, ow, kernel, kernel), x.dtype)
    for i in range(kernel):
        for j in range(kernel):
            out[..., i, j] = x[:, :, i : i + oh * stride : stride, i : i + ow * stride : stride][:, :, :oh, :ow]
    return out


@solution("windows", "first channel for all", "all channels hold the windows of channel 0")
def windows_first_channel(x, kernel, stride):
    view = np.lib.stride_tricks.sliding_window_view(x[:, :1], (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.repeat(view, x.shape[1], axis=1)


@solution(
    "windows",
    "taps in one axis, transposed",
    "two mistakes: the taps lie in one axis of length K * K, so the shape is wrong, and they go column by column",
)
def windows_one_axis(x, kernel, stride):
    oh, ow = places(x, kernel, stride)
    taps = [
        x[:, :, i : i + stride * (oh - 1) + 1 : stride, j : j + stride * (ow - 1) + 1 : stride]
        for j in range(kernel)
        for i in range(kernel)
    ]
    return np.stack(taps, axis=-1)


@solution(
    "windows",
    "around the place",
    "a window lies around its place instead of beginning there: it begins kernel // 2 earlier, but not outside of the image",
)
def windows_around(x, kernel, stride):
    oh, ow = places(x, kernel, stride)
    out = np.empty((*x.shape[:2], oh, ow, kernel, kernel), x.dtype)
    for y, column in product(range(oh), range(ow)):
        top, left = max(y * stride - kernel // 2, 0), max(column * stride - kernel // 2, 0)
        out[:, :, y, column] = x[:, :, top : top + kernel, left : left + kernel]
    return out


@solution(
    "windows",
    "tiles cut in front",
    "where the stride equals the kernel, the rows and columns that are left over are cut off in front instead of behind",
)
def windows_tiles_in_front(x, kernel, stride):
    oh, ow = places(x, kernel, stride)
    if stride != kernel:
        view = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))
        return view[:, :, ::stride, ::stride].copy()
    x = x[:, :, x.shape[2] - oh * kernel :, x.shape[3] - ow * kernel :]
    return x.reshape(*x.shape[:2], oh, kernel, ow, kernel).swapaxes(3, 4)


@solution(
    "windows",
    "one window, the image",
    "where only one window fits, because the stride is large, the whole image is returned for it, though it "
    "is larger than the kernel",
)
def windows_whole_image(x, kernel, stride):
    if places(x, kernel, stride) == (1, 1):
        return x[:, :, None, None]
    return np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]


@solution("windows", "right, numbered pixels")
def windows_numbered(x, kernel, stride):
    height, width = x.shape[2:]
    rows = np.arange(0, height - kernel + 1, stride)[:, None, None, None] + np.arange(kernel)[:, None]
    columns = np.arange(0, width - kernel + 1, stride)[:, None, None] + np.arange(kernel)
    return np.take(x.reshape(*x.shape[:2], -1), rows * width + columns, axis=2)


@solution("windows", "right, rolled and cut")
def windows_rolled_right(x, kernel, stride):
    oh, ow = places(x, kernel, stride)
    taps = [
        [np.roll(x, (-i, -j), (2, 3))[:, :, ::stride, ::stride][:, :, :oh, :ow] for j in range(kernel)] for i in range(kernel)
    ]
    return np.moveaxis(np.array(taps), (0, 1), (4, 5))
