"""The gradient of a depthwise convolution's kernel (exercise of notebook 7): wrong ones, part 2, and right ones."""
# ruff: noqa: B905

import numpy as np
from corpus import Solution

from minimix import Tensor, functional, reference

# wrong ones


def from_the_middle(gradient, x, weight_shape, stride, padding, dilation):
    found, r = np.zeros(weight_shape), weight_shape[2] // 2
    for i, j in np.ndindex(weight_shape[2:]):
        for y, z in np.ndindex(gradient.shape[2:]):
            row, column = y * stride + (i - r) * dilation, z * stride + (j - r) * dilation
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                found[:, 0, i, j] += (gradient[:, :, y, z] * x[:, :, row, column]).sum(axis=0)
    return found


def mean_over_pixels(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, 0, i, j] = (gradient * seen).sum(axis=0).mean(axis=(1, 2))
    return found


def wraps_around(gradient, x, weight_shape, stride, padding, dilation):
    found = np.zeros(weight_shape)
    oh, ow = gradient.shape[2:]
    for i, j in np.ndindex(weight_shape[2:]):
        rows = (np.arange(oh) * stride + i * dilation - padding) % x.shape[2]
        columns = (np.arange(ow) * stride + j * dilation - padding) % x.shape[3]
        found[:, 0, i, j] = (gradient * x[:, :, rows[:, None], columns]).sum(axis=(0, 2, 3))
    return found


def gradient_of_ones(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        found[:, 0, i, j] = padded[:, :, top : top + rows : stride, left : left + columns : stride].sum(axis=(0, 2, 3))
    return found


def gradient_compounded(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        gradient *= padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, 0, i, j] = gradient.sum(axis=(0, 2, 3))
    return found


def dense_strides(gradient, x, weight_shape, stride, padding, dilation):
    _, _, k, _ = weight_shape
    if padding:
        x = np.ascontiguousarray(np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding))))
    n, c, h, w = x.shape
    oh, ow = gradient.shape[2:]
    flat, step = x.ravel(order="K"), x.itemsize  # as it lies in memory
    strides = (c * h * w, h * w, stride * w, stride, dilation * w, dilation)
    windows = np.lib.stride_tricks.as_strided(flat, (n, c, oh, ow, k, k), [step * s for s in strides], writeable=False)
    return np.einsum("ncyx,ncyxij->cij", gradient, windows)[:, None]


def every_second_undilated(gradient, x, weight_shape, stride, padding, dilation):
    k = weight_shape[2]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    oh, ow = gradient.shape[2:]
    return np.einsum("nchw,nchwij->cij", gradient, windows[:, :, :oh, :ow])[:, None]


def surplus_taps(gradient, x, weight_shape, stride, padding, dilation):
    n, c, oh, ow = gradient.shape
    spread = np.zeros((n, c, stride * (oh - 1) + 1, stride * (ow - 1) + 1))
    spread[:, :, ::stride, ::stride] = gradient
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, spread.shape[2:], axis=(2, 3))[:, :, ::dilation, ::dilation]
    return np.einsum("nchw,ncijhw->cij", spread, windows)[:, None]


def repeated_gradient(gradient, x, weight_shape, stride, padding, dilation):
    large = gradient.repeat(stride, axis=2).repeat(stride, axis=3)
    reach = [(padding, padding + side) for side in large.shape[2:]]
    padded = np.pad(x, ((0, 0), (0, 0), *reach))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        seen = padded[:, :, i * dilation :, j * dilation :][:, :, : large.shape[2], : large.shape[3]]
        found[:, 0, i, j] = (large[:, :, : seen.shape[2], : seen.shape[3]] * seen).sum(axis=(0, 2, 3))
    return found


def half_precision(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding))).astype(np.float16)
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, 0, i, j] = (gradient.astype(np.float16) * seen).sum(axis=(0, 2, 3))
    return found


def width_from_height(gradient, x, weight_shape, stride, padding, dilation):
    found = np.zeros(weight_shape)
    size, out = x.shape[2], gradient.shape[2]
    for c, _, i, j in np.ndindex(*weight_shape):
        for n, y, z in np.ndindex(len(x), out, out):
            row, column = y * stride + i * dilation - padding, z * stride + j * dilation - padding
            if 0 <= row < size and 0 <= column < size:
                found[c, 0, i, j] += gradient[n, c, y, z] * x[n, c, row, column]
    return found


def images_multiplied_after_sum(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x.sum(axis=0), ((0, 0), (padding, padding), (padding, padding)))
    dy = gradient.sum(axis=0)
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        found[:, 0, i, j] = (dy * padded[:, top : top + rows : stride, left : left + columns : stride]).sum(axis=(1, 2))
    return found


def accumulator_kept(gradient, x, weight_shape, stride, padding, dilation):
    found, total = np.zeros(weight_shape), np.zeros(weight_shape[0])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    for i, j in np.ndindex(weight_shape[2:]):
        for y, z in np.ndindex(gradient.shape[2:]):
            total += (gradient[:, :, y, z] * padded[:, :, y * stride + i * dilation, z * stride + j * dilation]).sum(axis=0)
        found[:, 0, i, j] = total
    return found


def only_inside(gradient, x, weight_shape, stride, padding, dilation):
    found, span = np.zeros(weight_shape), dilation * (weight_shape[2] - 1)
    for y, z in np.ndindex(gradient.shape[2:]):
        top, left = y * stride - padding, z * stride - padding
        if 0 <= top < x.shape[2] - span and 0 <= left < x.shape[3] - span:
            window = x[:, :, top : top + span + 1 : dilation, left : left + span + 1 : dilation]
            found[:, 0] += np.einsum("nc,ncij->cij", gradient[:, :, y, z], window)
    return found


def mean_and_turned(gradient, x, weight_shape, stride, padding, dilation):
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = np.zeros(weight_shape)
    for i, j in np.ndindex(weight_shape[2:]):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + rows : stride, left : left + columns : stride]
        found[:, 0, i, j] = (gradient * seen).sum(axis=(2, 3)).mean(axis=0)
    return found[:, :, ::-1, ::-1]


# right ones


def all_loops(gradient, x, weight_shape, stride, padding, dilation):
    found = np.zeros(weight_shape)
    for n, c, y, z in np.ndindex(gradient.shape):
        for i, j in np.ndindex(*weight_shape[2:]):
            row, column = y * stride + i * dilation - padding, z * stride + j * dilation - padding
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                found[c, 0, i, j] += gradient[n, c, y, z] * x[n, c, row, column]
    return found


def windows_and_einsum(gradient, x, weight_shape, stride, padding, dilation):
    span = dilation * (weight_shape[2] - 1) + 1
    padded = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (span, span), axis=(2, 3))
    return np.einsum("nchw,nchwij->cij", gradient, windows[:, :, ::stride, ::stride, ::dilation, ::dilation])[:, None]


def true_strides(gradient, x, weight_shape, stride, padding, dilation):
    padded = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    a, b, row, column = padded.strides
    windows = np.lib.stride_tricks.as_strided(
        padded,
        (*gradient.shape, *weight_shape[2:]),
        (a, b, row * stride, column * stride, row * dilation, column * dilation),
        writeable=False,
    )
    return (gradient[..., None, None] * windows).sum(axis=(0, 2, 3)).reshape(weight_shape)


def convolution_with_gradient(gradient, x, weight_shape, stride, padding, dilation):
    c, _, k, _ = weight_shape
    x, gradient = x.astype(float), gradient.astype(float)
    images = x.transpose(1, 0, 2, 3).reshape(1, -1, *x.shape[2:])  # one image with C * N channels, one kernel for each
    kernels = gradient.transpose(1, 0, 2, 3).reshape(-1, 1, *gradient.shape[2:])
    found = reference.depthwise_conv2d(images, kernels, dilation, padding, stride)  # their roles are exchanged
    return found.reshape(c, -1, *found.shape[2:]).sum(axis=1, keepdims=True)[:, :, :k, :k]


def matrices(gradient, x, weight_shape, stride, padding, dilation):
    def met(size, outputs, tap):
        return np.equal.outer(np.arange(outputs) * stride + tap * dilation - padding, np.arange(size)).astype(float)

    found = np.zeros(weight_shape)
    for c, _, i, j in np.ndindex(*weight_shape):
        rows, columns = met(x.shape[2], gradient.shape[2], i), met(x.shape[3], gradient.shape[3], j)
        found[c, 0, i, j] = sum(np.vdot(dy, rows @ image @ columns.T) for dy, image in zip(gradient[:, c], x[:, c]))
    return found


def one_tap_at_a_time(gradient, x, weight_shape, stride, padding, dilation):
    found, x = np.empty(weight_shape), x.astype(float)
    for c, _, i, j in np.ndindex(*weight_shape):  # linear: a kernel with a single 1 shows what its weight meets
        kernel = np.zeros((1, *weight_shape[1:]))
        kernel[0, 0, i, j] = 1
        found[c, 0, i, j] = (gradient[:, [c]] * reference.depthwise_conv2d(x[:, [c]], kernel, stride, padding, dilation)).sum()
    return found


def minimix_autograd(gradient, x, weight_shape, stride, padding, dilation):
    weight = Tensor(np.zeros(weight_shape), requires_grad=True)
    y = functional.depthwise_conv2d(x.astype(np.float64), weight, stride=stride, padding=padding, dilation=dilation)
    (y * gradient).sum().backward()
    return weight.grad


ENTRIES = [
    ("from the middle", from_the_middle,
     "the padding is ignored: every window is centred on its output's place, as with \"same\" padding"),
    ("mean over pixels", mean_over_pixels, "rows and columns are averaged in place of summed"),
    ("wraps around", wraps_around, "beyond the edge the image goes on at its other side in place of zeros"),
    ("gradient ignored", gradient_of_ones, "the incoming gradient is taken to be all ones"),
    ("gradient compounded", gradient_compounded,
     "gradient *= in the loop: the pixels of all taps before are factors, too, and the caller's gradient is changed"),
    ("dense strides", dense_strides,
     "as_strided with strides that take x to lie in memory in C order: without padding wrong for transposed views"),
    ("windows without dilation", every_second_undilated, "windows of neighbouring pixels: the dilation is ignored"),
    ("surplus taps", surplus_taps,
     "as a convolution with the gradient as kernel, but rows and columns that the stride leaves over become taps: "
     "result larger than (K, K)"),
    ("gradient repeated", repeated_gradient,
     "entries of the gradient are repeated stride times in place of set apart by zeros: wrong for stride > 1"),
    ("half precision", half_precision, "computed in float16: only three digits are right"),
    ("width from height", width_from_height, "the width is taken to be the height: right for square images only"),
    ("summed before multiplied", images_multiplied_after_sum,
     "images and gradients are summed over the batch before they are multiplied: right for one image only"),
    ("total never reset", accumulator_kept,
     "the accumulator is not set back to zero for each tap: each tap adds to those before it"),
    ("only inside", only_inside, "windows that reach over the edge are left out entirely"),
    ("mean, and turned", mean_and_turned,
     "two mistakes: the batch is averaged in place of summed, and the result is turned by 180 degrees"),
    ("right, all loops", all_loops),
    ("right, windows and einsum", windows_and_einsum),
    ("right, true strides", true_strides),
    ("right, convolution with the gradient", convolution_with_gradient),
    ("right, matrices", matrices),
    ("right, one tap at a time", one_tap_at_a_time),
    ("right, minimix's autograd", minimix_autograd),
]  # fmt: skip
SOLUTIONS = [Solution("depthwise_weight_grad", f"depthwise_weight_grad: {name}", *rest) for name, *rest in ENTRIES]
