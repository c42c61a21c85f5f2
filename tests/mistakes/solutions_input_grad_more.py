"""The gradient of a depthwise convolution's input (notebook 7): wrong ways to gather, subtle mistakes, and right solutions."""

import itertools

import numpy as np
from corpus import Solution

from minimix import Tensor, functional, reference

# wrong ones


def remainder_not_checked(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    _, _, oh, ow = gradient.shape
    for row, column, i, j in np.ndindex(*x_shape[2:], *weight.shape[2:]):
        y, x = (row + padding - i * dilation) // stride, (column + padding - j * dilation) // stride
        if 0 <= y < oh and 0 <= x < ow:
            found[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return found


def gathers_from_the_end(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    _, _, oh, ow = gradient.shape
    for row, column, i, j in np.ndindex(*x_shape[2:], *weight.shape[2:]):
        y, y_rest = divmod(row + padding - i * dilation, stride)
        x, x_rest = divmod(column + padding - j * dilation, stride)
        if y_rest == x_rest == 0 and -oh <= y < oh and -ow <= x < ow:
            found[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return found


def shape_from_gradient(gradient, weight, x_shape, stride, padding, dilation):
    n, c, oh, ow = gradient.shape
    span = dilation * (weight.shape[2] - 1) + 1
    full = np.zeros((n, c, stride * (oh - 1) + span, stride * (ow - 1) + span))
    for y, x, i, j in np.ndindex(oh, ow, *weight.shape[2:]):
        full[:, :, y * stride + i * dilation, x * stride + j * dilation] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return full[:, :, padding : full.shape[2] - padding, padding : full.shape[3] - padding]


def not_padding_beyond_kernel(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    span = dilation * (weight.shape[2] - 1)
    spread = np.zeros((n, c, h + 2 * padding - span, w + 2 * padding - span))
    spread[:, :, ::stride, ::stride][:, :, : gradient.shape[2], : gradient.shape[3]] = gradient
    border = span - padding
    return reference.depthwise_conv2d(spread, weight[:, :, ::-1, ::-1].astype(float), 1, border, dilation)


def stride_zeros(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    _, _, oh, ow = gradient.shape
    step = stride + 1 if stride > 1 else 1  # as many zeros as the stride
    apart = np.zeros((n, c, (oh - 1) * step + 1, (ow - 1) * step + 1))
    apart[:, :, ::step, ::step] = gradient
    full = np.zeros((n, c, apart.shape[2] + h + 2 * padding, apart.shape[3] + w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        top, left = i * dilation, j * dilation
        full[:, :, top : top + apart.shape[2], left : left + apart.shape[3]] += apart * weight[:, :, i, j, None]
    return full[:, :, padding : padding + h, padding : padding + w]


def repeated_gradient(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    large = gradient.repeat(stride, axis=2).repeat(stride, axis=3)
    span = dilation * (weight.shape[2] - 1)
    padded = np.zeros((n, c, max(large.shape[2], h) + span + 2 * padding, max(large.shape[3], w) + span + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        rows = slice(i * dilation, i * dilation + large.shape[2])
        columns = slice(j * dilation, j * dilation + large.shape[3])
        padded[:, :, rows, columns] += large * weight[:, :, i, j, None]
    return padded[:, :, padding : padding + h, padding : padding + w]


def fancy_index_adds_once(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    oh, ow = gradient.shape[2:]
    k = weight.shape[2]
    rows = stride * np.arange(oh)[:, None] + dilation * np.arange(k)
    columns = stride * np.arange(ow)[:, None] + dilation * np.arange(k)
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    stamps = gradient[..., None, None] * weight[None, :, 0, None, None]  # (N, C, OH, OW, K, K)
    padded[:, :, rows[:, None, :, None], columns[None, :, None, :]] += stamps
    return padded[:, :, padding : padding + h, padding : padding + w]


def whole_numbers(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape, int)
    for n, c, y, x in np.ndindex(gradient.shape):
        for i, j in np.ndindex(weight.shape[2:]):
            row, column = y * stride + i * dilation - padding, x * stride + j * dilation - padding
            if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
                found[n, c, row, column] += int(gradient[n, c, y, x] * weight[c, 0, i, j])
    return found


def half_precision(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape, np.float16)
    for y, x, i, j in np.ndindex(*gradient.shape[2:], *weight.shape[2:]):
        row, column = y * stride + i * dilation - padding, x * stride + j * dilation - padding
        if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
            found[:, :, row, column] += (gradient[:, :, y, x] * weight[:, 0, i, j]).astype(np.float16)
    return found.astype(np.float64)


def averaged_where_they_overlap(gradient, weight, x_shape, stride, padding, dilation):
    found, met = np.zeros(x_shape), np.zeros(x_shape[2:])
    for y, x, i, j in np.ndindex(*gradient.shape[2:], *weight.shape[2:]):
        row, column = y * stride + i * dilation - padding, x * stride + j * dilation - padding
        if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
            found[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, i, j]
            met[row, column] += 1
    return found / np.maximum(met, 1)


def gradient_of_ones(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    for y, x, i, j in np.ndindex(*gradient.shape[2:], *weight.shape[2:]):
        row, column = y * stride + i * dilation - padding, x * stride + j * dilation - padding
        if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
            found[:, :, row, column] += weight[:, 0, i, j]
    return found


def taps_between(gradient, weight, x_shape, stride, padding, dilation):
    found, k = np.zeros(x_shape), weight.shape[2]
    for row, column, y, x in np.ndindex(*x_shape[2:], *gradient.shape[2:]):
        i = (row + padding - y * stride) // dilation  # the tap that met this pixel
        j = (column + padding - x * stride) // dilation
        if 0 <= i < k and 0 <= j < k:
            found[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return found


def border_to_the_edge(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    for y, x, i, j in np.ndindex(*gradient.shape[2:], *weight.shape[2:]):
        row = np.clip(y * stride + i * dilation - padding, 0, x_shape[2] - 1)
        column = np.clip(x * stride + j * dilation - padding, 0, x_shape[3] - 1)
        found[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return found


def odd_kernels_only(gradient, weight, x_shape, stride, padding, dilation):
    found, r = np.zeros(x_shape), weight.shape[2] // 2
    for y, x in np.ndindex(gradient.shape[2:]):
        for i, j in itertools.product(range(-r, r + 1), repeat=2):  # from the middle of the window
            row, column = y * stride + (i + r) * dilation - padding, x * stride + (j + r) * dilation - padding
            if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
                found[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, r + i, r + j]
    return found


def as_large_as_gradient(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = gradient.shape
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        rows = padded[:, :, i * dilation : i * dilation + stride * h : stride]
        rows[:, :, :, j * dilation : j * dilation + stride * w : stride] += gradient * weight[:, :, i, j, None]
    return padded[:, :, padding : padding + h, padding : padding + w]


def turned_without_dilation(gradient, weight, x_shape, stride, padding, dilation):
    found, k = np.zeros(x_shape), weight.shape[2]
    for y, x, i, j in np.ndindex(*gradient.shape[2:], k, k):
        row, column = y * stride + i - padding, x * stride + j - padding
        if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
            found[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, k - 1 - i, k - 1 - j]
    return found


# right ones


def all_loops(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    for n, c, y, x in np.ndindex(gradient.shape):
        for i, j in np.ndindex(weight.shape[2:]):
            row, column = y * stride + i * dilation - padding, x * stride + j * dilation - padding
            if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
                found[n, c, row, column] += gradient[n, c, y, x] * weight[c, 0, i, j]
    return found


def gathered(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    rows, columns = ({y * stride: y for y in range(size)} for size in gradient.shape[2:])
    for row, column, i, j in np.ndindex(*x_shape[2:], *weight.shape[2:]):
        y, x = rows.get(row + padding - i * dilation), columns.get(column + padding - j * dilation)
        if y is not None and x is not None:
            found[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return found


def matrices(gradient, weight, x_shape, stride, padding, dilation):
    def met(size, outputs, tap):  # (size, outputs): 1 where this tap of an output lies on a pixel
        return 1.0 * (np.arange(size)[:, None] == np.arange(outputs) * stride + tap * dilation - padding)

    found = np.zeros(x_shape)
    for i, j in np.ndindex(weight.shape[2:]):
        rows, columns = (met(x_shape[a], gradient.shape[a], tap) for a, tap in ((2, i), (3, j)))
        found += rows @ (gradient * weight[:, :, i, j, None]) @ columns.T
    return found


def add_at(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    rows, columns = (stride * np.arange(size)[:, None] + dilation * np.arange(len(weight[0, 0])) for size in gradient.shape[2:])
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    stamps = np.einsum("ncyx,cij->ncyxij", gradient, weight[:, 0])
    np.add.at(padded, (slice(None), slice(None), rows[:, None, :, None], columns[None, :, None, :]), stamps)
    return padded[:, :, padding:, padding:][:, :, :h, :w]


def by_the_reference(gradient, weight, x_shape, stride, padding, dilation):
    gradient, weight = gradient.astype(float), weight.astype(float)
    return reference.depthwise_conv2d_input_grad(gradient, np.zeros(x_shape), weight, stride, padding, dilation)


def minimix_autograd(gradient, weight, x_shape, stride, padding, dilation):
    x = Tensor(np.zeros(x_shape), requires_grad=True)
    y = functional.depthwise_conv2d(x, weight.astype(np.float64), stride=stride, padding=padding, dilation=dilation)
    (y * gradient).sum().backward()
    return x.grad


def transposed_convolution(gradient, weight, x_shape, stride, padding, dilation):
    (n, c, h, w), (oh, ow), span = x_shape, gradient.shape[2:], dilation * (weight.shape[2] - 1)
    apart = np.zeros((n, c, h + 2 * padding + span, w + 2 * padding + span))
    apart[:, :, span : span + stride * (oh - 1) + 1 : stride, span : span + stride * (ow - 1) + 1 : stride] = gradient
    found = reference.depthwise_conv2d(apart, weight[:, :, ::-1, ::-1].astype(float), 1, 0, dilation)
    return found[:, :, padding : padding + h, padding : padding + w]


ENTRIES = [
    ("remainder not checked", remainder_not_checked,
     "gathers with // but no check for a remainder: pixels between the steps of the stride get gradients of outputs "
     "that never met them"),
    ("gathers from the end", gathers_from_the_end, "gathers at negative places of the gradient, which read from its end"),
    ("shape from the gradient", shape_from_gradient,
     "the shape comes from the gradient: rows that the stride leaves over at the end are missing from the result"),
    ("no padding beyond the kernel", not_padding_beyond_kernel,
     "as a convolution with D (K - 1) - P zeros on each side: fails where that is negative (padding beyond the kernel)"),
    ("as many zeros as the stride", stride_zeros,
     "as many zeros as the stride between the entries, one too many: wrong for stride > 1"),
    ("gradient repeated", repeated_gradient,
     "entries of the gradient are repeated stride times in place of set apart by zeros: wrong for stride > 1"),
    ("fancy index adds once", fancy_index_adds_once,
     "+= on an array of indices adds only once where an index occurs twice: overlapping stamps are lost (np.add.at is "
     "needed)"),
    ("whole numbers", whole_numbers, "shares are cut to whole numbers"),
    ("half precision", half_precision, "summed in float16: only three digits are right"),
    ("averaged where stamps overlap", averaged_where_they_overlap,
     "divided by the number of windows that met the pixel: averaged in place of summed"),
    ("gradient ignored", gradient_of_ones, "the incoming gradient is taken to be all ones"),
    ("taps between taps", taps_between,
     "finds the tap with // but no check for a remainder: pixels between dilated taps get gradients, too; right for "
     "dilation 1"),
    ("border to the edge", border_to_the_edge,
     "what falls on the border is added to the nearest pixel of the edge in place of dropped"),
    ("odd kernels only", odd_kernels_only,
     "taps are counted from -K//2 to K//2: one too many where K is even, which fails; right for odd K"),
    ("as large as the gradient", as_large_as_gradient,
     "the result has the shape of the gradient in place of x_shape: right only where both are the same"),
    ("turned, without dilation", turned_without_dilation,
     "two mistakes: the kernel is turned by 180 degrees, and the dilation is ignored"),
    ("right, all loops", all_loops),
    ("right, gathered", gathered),
    ("right, matrices", matrices),
    ("right, np.add.at", add_at),
    ("right, by the reference", by_the_reference),
    ("right, minimix's autograd", minimix_autograd),
    ("right, transposed convolution", transposed_convolution),
]  # fmt: skip
SOLUTIONS = [Solution("depthwise_input_grad", f"depthwise_input_grad: {name}", *rest) for name, *rest in ENTRIES]
