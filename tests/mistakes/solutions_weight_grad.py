"""The gradient of a depthwise convolution's kernel (exercise of notebook 7), as learners write it: wrong ones, part 1."""
# ruff: noqa: B905

import numpy as np
from corpus import Solution


def mean_over_batch(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, 0, i, j] = (gradient * seen).sum(axis=(2, 3)).mean(axis=0)
    return found


def last_image(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    found = np.zeros(weight_shape)
    for image, dy in zip(x, gradient):
        padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
        for i, j in np.ndindex(weight_shape[2:]):
            top, left = i * dilation, j * dilation
            seen = padded[:, top : top + rows : stride, left : left + columns : stride]
            found[:, 0, i, j] = (dy * seen).sum(axis=(1, 2))
    return found


def first_image(gradient, x, weight_shape, stride, padding, dilation):
    found = np.zeros(weight_shape)
    for n in range(len(x)):
        padded = np.pad(x[n], ((0, 0), (padding, padding), (padding, padding)))
        for c, _, i, j in np.ndindex(*weight_shape):
            for y in range(gradient.shape[2]):
                for z in range(gradient.shape[3]):
                    found[c, 0, i, j] += gradient[n, c, y, z] * padded[c, y * stride + i * dilation, z * stride + j * dilation]
        return found


def turned(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, 0, -1 - i, -1 - j] = np.einsum("nchw,nchw->c", gradient, seen)
    return found


def roles_exchanged(gradient, x, weight_shape, stride, padding, dilation):
    found = np.zeros(weight_shape)
    for c, _, i, j in np.ndindex(*weight_shape):
        for n, y, z in np.ndindex(len(x), *gradient.shape[2:]):
            row, column = y * dilation + i * stride - padding, z * dilation + j * stride - padding
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                found[c, 0, i, j] += gradient[n, c, y, z] * x[n, c, row, column]
    return found


def no_dilation(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        seen = padded[:, :, i : i + rows : stride, j : j + columns : stride]
        found[:, 0, i, j] = (gradient * seen).sum(axis=(0, 2, 3))
    return found


def no_stride(gradient, x, weight_shape, stride, padding, dilation):
    oh, ow = gradient.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i in range(weight_shape[2]):
        for j in range(weight_shape[3]):
            seen = padded[:, :, i * dilation : i * dilation + oh, j * dilation : j * dilation + ow]
            found[:, 0, i, j] = (gradient * seen).sum(axis=(0, 2, 3))
    return found


def stride_of_columns_only(gradient, x, weight_shape, stride, padding, dilation):
    found = np.zeros(weight_shape)
    for c, _, i, j in np.ndindex(*weight_shape):
        for n, y, z in np.ndindex(len(x), *gradient.shape[2:]):
            row, column = y + i * dilation - padding, z * stride + j * dilation - padding
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                found[c, 0, i, j] += gradient[n, c, y, z] * x[n, c, row, column]
    return found


def dilation_of_rows_only(gradient, x, weight_shape, stride, padding, dilation):
    found = np.zeros(weight_shape)
    for c, _, i, j in np.ndindex(*weight_shape):
        for n, y, z in np.ndindex(len(x), *gradient.shape[2:]):
            row, column = y * stride + i * dilation - padding, z * stride + j - padding
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                found[c, 0, i, j] += gradient[n, c, y, z] * x[n, c, row, column]
    return found


def wraps_to_the_end(gradient, x, weight_shape, stride, padding, dilation):
    found = np.zeros(weight_shape)
    _, _, h, w = x.shape
    for i, j in np.ndindex(weight_shape[2:]):
        for y, z in np.ndindex(gradient.shape[2:]):
            row, column = y * stride + i * dilation - padding, z * stride + j * dilation - padding
            if -h <= row < h and -w <= column < w:
                found[:, 0, i, j] += (gradient[:, :, y, z] * x[:, :, row, column]).sum(axis=0)
    return found


def edge_repeated(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="edge")
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, 0, i, j] = (gradient * seen).sum(axis=(0, 2, 3))
    return found


def axis_missing(gradient, x, weight_shape, stride, padding, dilation):
    c, _, k, _ = weight_shape
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros((c, k, k))
    for i, j in np.ndindex(k, k):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, i, j] = (gradient * seen).sum((0, 2, 3))
    return found


def channels_summed(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, :, i, j] = (gradient * seen).sum()
    return found


def sum_leaves_batch(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, 0, i, j] = np.einsum("nchw,nchw->n", gradient, seen)
    return found


def last_pixel_only(gradient, x, weight_shape, stride, padding, dilation):
    found = np.zeros(weight_shape)
    padded = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    for i, j in np.ndindex(weight_shape[2:]):
        for y, z in np.ndindex(gradient.shape[2:]):
            pixel = padded[:, :, y * stride + i * dilation, z * stride + j * dilation]
            found[:, 0, i, j] = (gradient[:, :, y, z] * pixel).sum(axis=0)
    return found


def whole_numbers(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape, dtype=np.int64)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, 0, i, j] = (gradient * seen).sum(axis=(0, 2, 3))
    return found


def padding_dilated(gradient, x, weight_shape, stride, padding, dilation):
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        for y, z in np.ndindex(gradient.shape[2:]):
            row, column = y * stride + (i - padding) * dilation, z * stride + (j - padding) * dilation
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                found[:, 0, i, j] += (gradient[:, :, y, z] * x[:, :, row, column]).sum(axis=0)
    return found


def border_after_only(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, 0, i, j] = (gradient * seen).sum(axis=(0, 2, 3))
    return found


def taps_transposed(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, 0, j, i] = (gradient * seen).sum(axis=(0, 2, 3))
    return found


def last_tap_missing(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i in range(weight_shape[2] - 1):
        for j in range(weight_shape[3] - 1):
            top, left = i * dilation, j * dilation
            seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
            found[:, 0, i, j] = (gradient * seen).sum(axis=(0, 2, 3))
    return found


ENTRIES = [
    ("mean over the batch", mean_over_batch, "the batch is averaged in place of summed"),
    ("last image", last_image, "= in place of += in the loop over images: only the last image counts"),
    ("first image", first_image, "the return stands in the loop over images: only the first image counts"),
    ("turned", turned, "the kernel's gradient is turned by 180 degrees"),
    ("stride and dilation exchanged", roles_exchanged, "stride and dilation are exchanged"),
    ("dilation ignored", no_dilation, "the dilation is ignored: taps are taken to lie one pixel apart"),
    ("stride ignored", no_stride, "the stride is ignored: windows are taken to lie one pixel apart"),
    ("stride of the columns only", stride_of_columns_only, "the stride is used for columns but not for rows"),
    ("dilation of the rows only", dilation_of_rows_only, "the dilation is used for rows but not for columns"),
    ("negative index", wraps_to_the_end,
     "no check for places before the image: negative indices read its other side in place of zeros"),
    ("edge repeated", edge_repeated, "pads with the edge's pixels in place of zeros"),
    ("axis missing", axis_missing, "the axis of length 1 is missing: the result is (C, K, K)"),
    ("channels summed", channels_summed, "summed over the channels, too: every channel gets the sum of all"),
    ("sum leaves the batch", sum_leaves_batch,
     "sums over channels, rows and columns and leaves the batch: fails, or gives all channels the same, or images' "
     "numbers to channels"),
    ("last pixel only", last_pixel_only, "= in place of += in the loop over the output's pixels: only the last pixel counts"),
    ("whole numbers", whole_numbers, "the result is stored in an integer array: fractions are cut off"),
    ("padding dilated", padding_dilated, "the padding is multiplied by the dilation"),
    ("border after only", border_after_only, "all the zeros stand after the image (bottom, right), none before it"),
    ("taps transposed", taps_transposed, "rows and columns of the result are exchanged"),
    ("last tap missing", last_tap_missing, "the last row and column of taps are left out: always zero"),
]  # fmt: skip
SOLUTIONS = [Solution("depthwise_weight_grad", f"depthwise_weight_grad: {name}", *rest) for name, *rest in ENTRIES]
