"""New solutions, wrong and right, of the depthwise exercises of notebook 7: depthwise_input_grad, depthwise_weight_grad."""

from collections import defaultdict
from itertools import product

import numpy as np
from corpus import collected

from minimix import reference

SOLUTIONS, solution = collected()


# depthwise_input_grad


def stamp(gradient, weight, x_shape, stride, padding, dilation):
    """dX with its border."""
    images, channels, height, width = x_shape
    oh, ow = gradient.shape[2:]
    k, out = weight.shape[-1], np.zeros((images, channels, height + 2 * padding, width + 2 * padding))
    for i, j in product(range(k), range(k)):
        rows = slice(i * dilation, i * dilation + stride * (oh - 1) + 1, stride)
        columns = slice(j * dilation, j * dilation + stride * (ow - 1) + 1, stride)
        out[:, :, rows, columns] += gradient * weight[:, 0, i, j, None, None]
    return out


def cut(bordered, x_shape, padding):
    return bordered[:, :, padding : padding + x_shape[2], padding : padding + x_shape[3]]


@solution(
    "depthwise_input_grad",
    "border cut off the rows only",
    "the border's columns are not cut off: with padding the result is too wide",
)
def input_grad_rows_cut(gradient, weight, x_shape, stride, padding, dilation):
    bordered = stamp(gradient, weight, x_shape, stride, padding, dilation)
    return bordered[:, :, padding : padding + x_shape[2]]


@solution(
    "depthwise_input_grad",
    "weights along the columns",
    "the taps' weights, one a channel, get no axes for rows and columns: they are multiplied along the columns, or it fails",
)
def input_grad_no_axes(gradient, weight, x_shape, stride, padding, dilation):
    oh, ow = gradient.shape[2:]
    k = weight.shape[-1]
    out = np.zeros((*x_shape[:2], x_shape[2] + 2 * padding, x_shape[3] + 2 * padding))
    for i, j in product(range(k), range(k)):
        rows = slice(i * dilation, i * dilation + stride * (oh - 1) + 1, stride)
        columns = slice(j * dilation, j * dilation + stride * (ow - 1) + 1, stride)
        out[:, :, rows, columns] += gradient * weight[:, 0, i, j]
    return cut(out, x_shape, padding)


@solution("depthwise_input_grad", "divided by the images", "the gradient is divided by the number of images")
def input_grad_mean(gradient, weight, x_shape, stride, padding, dilation):
    return cut(stamp(gradient, weight, x_shape, stride, padding, dilation), x_shape, padding) / len(gradient)


@solution(
    "depthwise_input_grad",
    "1x1 without the border",
    "a kernel of 1x1 is stamped into the image from its first pixel on, as if there were no padding",
)
def input_grad_one(gradient, weight, x_shape, stride, padding, dilation):
    if weight.shape[-1] > 1:
        return cut(stamp(gradient, weight, x_shape, stride, padding, dilation), x_shape, padding)
    out = np.zeros(x_shape)
    rows, columns = len(range(0, x_shape[2], stride)), len(range(0, x_shape[3], stride))
    part = gradient[:, :, :rows, :columns] * weight[:, :, 0, 0, None]
    out[:, :, ::stride, ::stride][:, :, : part.shape[2], : part.shape[3]] = part
    return out


@solution(
    "depthwise_input_grad",
    "dilated strides",
    "the place is (y * stride + i) * dilation - padding: the dilation multiplies the window's place, too",
)
def input_grad_parenthesis(gradient, weight, x_shape, stride, padding, dilation):
    _, _, height, width = x_shape
    out = np.zeros(x_shape)
    for y, x, i, j in np.ndindex(*gradient.shape[2:], *weight.shape[2:]):
        row, column = (y * stride + i) * dilation - padding, (x * stride + j) * dilation - padding
        if 0 <= row < height and 0 <= column < width:
            out[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return out


@solution(
    "depthwise_input_grad",
    "cut off behind, transposed",
    "two mistakes: the first H rows and W columns of the padded image are kept instead of its middle, and the "
    "kernels are transposed",
)
def input_grad_two(gradient, weight, x_shape, stride, padding, dilation):
    bordered = stamp(gradient, weight.swapaxes(2, 3), x_shape, stride, padding, dilation)
    return bordered[:, :, : x_shape[2], : x_shape[3]]


@solution("depthwise_input_grad", "rows mirrored", "the kernel's rows are stamped in reverse order, its columns as they are")
def input_grad_mirrored(gradient, weight, x_shape, stride, padding, dilation):
    return cut(stamp(gradient, weight[:, :, ::-1], x_shape, stride, padding, dilation), x_shape, padding)


@solution("depthwise_input_grad", "right, one pixel after the other")
def input_grad_pixels(gradient, weight, x_shape, stride, padding, dilation):
    out = np.empty(x_shape)
    for row, column in np.ndindex(*x_shape[2:]):
        pixel = np.zeros((1, *x_shape[1:]))
        pixel[..., row, column] = 1
        seen = reference.depthwise_conv2d(pixel, weight, stride, padding, dilation)
        out[:, :, row, column] = (gradient * seen).sum(axis=(2, 3))
    return out


@solution("depthwise_input_grad", "right, a dictionary of places")
def input_grad_dictionary(gradient, weight, x_shape, stride, padding, dilation):
    found = defaultdict(float)
    for n, c, y, x in np.ndindex(gradient.shape):
        for i, j in np.ndindex(weight.shape[2:]):
            place = n, c, y * stride + i * dilation - padding, x * stride + j * dilation - padding
            found[place] += float(gradient[n, c, y, x]) * float(weight[c, 0, i, j])
    return np.array([found.get(place, 0.0) for place in np.ndindex(*x_shape)]).reshape(x_shape)


# depthwise_weight_grad


def seen_by(x, oh, ow, i, j, stride, dilation):
    """What tap (i, j) of all windows sees in x, whose border is there already."""
    top, left = i * dilation, j * dilation
    return x[:, :, top : top + stride * (oh - 1) + 1 : stride, left : left + stride * (ow - 1) + 1 : stride]


def bordered(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def gathered(gradient, x, weight_shape, stride, dilation):
    """dW from an x whose border is there already."""
    out = np.zeros(weight_shape)
    for i, j in np.ndindex(*weight_shape[2:]):
        seen = seen_by(x, *gradient.shape[2:], i, j, stride, dilation)
        out[:, 0, i, j] = (gradient * seen).sum(axis=(0, 2, 3))
    return out


@solution(
    "depthwise_weight_grad",
    "kernel size of axis 1",
    "the kernel size is taken from weight_shape[1], which is 1: all taps but the first stay zero",
)
def weight_grad_axis_one(gradient, x, weight_shape, stride, padding, dilation):
    out, x = np.zeros(weight_shape), bordered(x, padding)
    k = weight_shape[1]
    for i, j in product(range(k), range(k)):
        out[:, 0, i, j] = np.einsum("ncyx,ncyx->c", gradient, seen_by(x, *gradient.shape[2:], i, j, stride, dilation))
    return out


@solution(
    "depthwise_weight_grad",
    "break outside of the image",
    "a column outside of the image ends the loop over the row's outputs (break instead of continue), which "
    "loses those to its right",
)
def weight_grad_break(gradient, x, weight_shape, stride, padding, dilation):
    out, (height, width) = np.zeros(weight_shape), x.shape[2:]
    for i, j in np.ndindex(*weight_shape[2:]):
        for y in range(gradient.shape[2]):
            row = y * stride + i * dilation - padding
            if not 0 <= row < height:
                continue
            for place in range(gradient.shape[3]):
                column = place * stride + j * dilation - padding
                if not 0 <= column < width:
                    break
                out[:, 0, i, j] += (gradient[:, :, y, place] * x[:, :, row, column]).sum(axis=0)
    return out


@solution(
    "depthwise_weight_grad",
    "gradient transposed",
    "gradient[n, c, x, y] is read for gradient[n, c, y, x]: rows and columns of dY are exchanged, and it "
    "fails unless it is square",
)
def weight_grad_transposed_gradient(gradient, x, weight_shape, stride, padding, dilation):
    out, x = np.zeros(weight_shape), bordered(x, padding)
    oh, ow = gradient.shape[2:]
    for i, j, y, column in np.ndindex(*weight_shape[2:], oh, ow):
        pixel = x[:, :, y * stride + i * dilation, column * stride + j * dilation]
        out[:, 0, i, j] += (gradient[:, :, column, y] * pixel).sum(axis=0)
    return out


@solution(
    "depthwise_weight_grad",
    "windows counted from the far end",
    "the windows are laid so that the last one ends at the last pixel, which is wrong where pixels are left over behind them",
)
def weight_grad_far_end(gradient, x, weight_shape, stride, padding, dilation):
    x = bordered(x, padding)
    covered = dilation * (weight_shape[-1] - 1) + 1
    x = x[:, :, (x.shape[2] - covered) % stride :, (x.shape[3] - covered) % stride :]
    return gathered(gradient, x, weight_shape, stride, dilation)


@solution(
    "depthwise_weight_grad",
    "dilation ignored, transposed",
    "two mistakes: the taps are read as if the dilation were 1, and rows and columns of the kernel are exchanged",
)
def weight_grad_two(gradient, x, weight_shape, stride, padding, dilation):
    return gathered(gradient, bordered(x, padding), weight_shape, stride, 1).swapaxes(2, 3)


@solution(
    "depthwise_weight_grad",
    "reshaped for transposed",
    "the sums lie in an array (K, K, C), which is reshaped to (C, 1, K, K) instead of transposed: right for one channel only",
)
def weight_grad_reshaped(gradient, x, weight_shape, stride, padding, dilation):
    right = gathered(gradient, bordered(x, padding), weight_shape, stride, dilation)
    return np.ascontiguousarray(right[:, 0].transpose(1, 2, 0)).reshape(weight_shape)


@solution(
    "depthwise_weight_grad",
    "all taps see the same",
    "the pixels' slices do not depend on the tap: every tap is said to see what the first one sees",
)
def weight_grad_all_alike(gradient, x, weight_shape, stride, padding, dilation):
    seen = seen_by(bordered(x, padding), *gradient.shape[2:], 0, 0, stride, dilation)
    total = (gradient * seen).sum(axis=(0, 2, 3))
    return np.ones(weight_shape) * total[:, None, None, None]


@solution("depthwise_weight_grad", "right, numbered pixels")
def weight_grad_numbered(gradient, x, weight_shape, stride, padding, dilation):
    x, (oh, ow) = bordered(x, padding), gradient.shape[2:]
    width = x.shape[3]
    taps = dilation * (width * np.arange(weight_shape[2])[:, None] + np.arange(weight_shape[3])).ravel()
    starts = stride * (width * np.arange(oh)[:, None] + np.arange(ow)).ravel()
    flat = x.reshape(*x.shape[:2], -1)
    sums = [
        [g[c] @ image[c][starts[:, None] + taps] for c in range(len(g))] for g, image in zip(rows(gradient), flat, strict=True)
    ]
    return np.sum(sums, axis=0, dtype=float).reshape(weight_shape)


def rows(gradient):
    return gradient.reshape(*gradient.shape[:2], -1)


@solution("depthwise_weight_grad", "right, by spectra")
def weight_grad_spectra(gradient, x, weight_shape, stride, padding, dilation):
    x, (oh, ow) = bordered(x, padding), gradient.shape[2:]
    apart = np.zeros(x.shape)
    apart[:, :, : stride * (oh - 1) + 1 : stride, : stride * (ow - 1) + 1 : stride] = gradient
    both = (np.fft.fft2(x) * np.fft.fft2(apart).conj()).sum(axis=0)
    lags = dilation * np.arange(weight_shape[-1])
    return np.fft.ifft2(both).real[:, None, lags[:, None], lags]
