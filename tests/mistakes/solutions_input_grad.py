"""What learners write for the exercise of notebook 7 about the gradient of a depthwise convolution's input: wrong stamps."""

import numpy as np
from corpus import Solution


def turned(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        top, left = i * dilation, j * dilation
        padded[:, :, top : top + rows : stride, left : left + columns : stride] += (
            gradient * weight[:, :, ::-1, ::-1][:, :, i, j, None]
        )
    return padded[:, :, padding : padding + h, padding : padding + w]


def overwrites(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    oh, ow = gradient.shape[2:]
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            rows = slice(i * dilation, i * dilation + stride * (oh - 1) + 1, stride)
            columns = slice(j * dilation, j * dilation + stride * (ow - 1) + 1, stride)
            padded[:, :, rows, columns] = gradient * weight[:, :, i, j, None]
    return padded[:, :, padding : padding + h, padding : padding + w]


def stride_of_rows_only(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    for n, c, y, x in np.ndindex(gradient.shape):
        for i, j in np.ndindex(weight.shape[2:]):
            row, column = y * stride + i * dilation - padding, x + j * dilation - padding
            if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
                found[n, c, row, column] += gradient[n, c, y, x] * weight[c, 0, i, j]
    return found


def no_stride(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    oh, ow = gradient.shape[-2:]
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        top, left = i * dilation, j * dilation
        padded[:, :, top : top + oh, left : left + ow] += gradient * weight[:, :, i, j, None]
    return padded[:, :, padding : padding + h, padding : padding + w]


def no_dilation(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        padded[:, :, i : i + rows : stride, j : j + columns : stride] += gradient * weight[:, :, i, j, None]
    return padded[:, :, padding : padding + h, padding : padding + w]


def border_kept(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        seen = padded[:, :, i * dilation :, j * dilation :][:, :, :rows:stride, :columns:stride]
        seen += gradient * weight[:, :, i, j, None]
    return padded


def minus_padding(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        top, left = i * dilation, j * dilation
        padded[:, :, top : top + rows : stride, left : left + columns : stride] += gradient * weight[:, :, i, j, None]
    return padded[:, :, padding:-padding, padding:-padding]


def cropped_at_zero(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        top, left = i * dilation, j * dilation
        padded[:, :, top : top + rows : stride, left : left + columns : stride] += gradient * weight[:, :, i, j, None]
    return padded[:, :, :h, :w]


def wraps_to_the_end(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    h, w = x_shape[2:]
    for y in range(gradient.shape[2]):
        for x in range(gradient.shape[3]):
            for i in range(weight.shape[2]):
                for j in range(weight.shape[3]):
                    row, column = y * stride + i * dilation - padding, x * stride + j * dilation - padding
                    if row < h and column < w:
                        found[:, :, max(row, -h), max(column, -w)] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return found


def padding_added(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    for n, c, y, x in np.ndindex(gradient.shape):
        for i, j in np.ndindex(weight.shape[2:]):
            row, column = y * stride + i * dilation + padding, x * stride + j * dilation + padding
            if row < x_shape[2] and column < x_shape[3]:
                found[n, c, row, column] += gradient[n, c, y, x] * weight[c, 0, i, j]
    return found


def padding_dilated(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    for y, x, i, j in np.ndindex(*gradient.shape[2:], *weight.shape[2:]):
        row, column = y * stride + (i - padding) * dilation, x * stride + (j - padding) * dilation
        if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
            found[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return found


def roles_exchanged(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    for y, x, i, j in np.ndindex(*gradient.shape[2:], *weight.shape[2:]):
        row, column = y * dilation + i * stride - padding, x * dilation + j * stride - padding
        if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
            found[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return found


def width_from_height(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, _ = x_shape
    size = h + 2 * padding
    reach = stride * (gradient.shape[2] - 1) + 1
    padded = np.zeros((n, c, size, size))
    for i, j in np.ndindex(weight.shape[2:]):
        top, left = i * dilation, j * dilation
        padded[:, :, top : top + reach : stride, left : left + reach : stride] += gradient * weight[:, :, i, j, None]
    return padded[:, :, padding : padding + h, padding : padding + h]


def first_channel_weights(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for (i, j), tap in np.ndenumerate(weight[0, 0]):
        top, left = i * dilation, j * dilation
        padded[:, :, top : top + rows : stride, left : left + columns : stride] += gradient * tap
    return padded[:, :, padding : padding + h, padding : padding + w]


def channels_summed(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        top, left = i * dilation, j * dilation
        share = (gradient * weight[:, :, i, j, None]).sum(axis=1, keepdims=True)
        padded[:, :, top : top + rows : stride, left : left + columns : stride] += share
    return padded[:, :, padding : padding + h, padding : padding + w]


def first_image_only(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    for c in range(x_shape[1]):
        for y, x in np.ndindex(gradient.shape[2:]):
            for i, j in np.ndindex(weight.shape[2:]):
                row, column = y * stride + i * dilation - padding, x * stride + j * dilation - padding
                if row in range(x_shape[2]) and column in range(x_shape[3]):
                    found[0, c, row, column] += gradient[0, c, y, x] * weight[c, 0, i, j]
    return found


def batch_summed(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    for n, c, y, x in np.ndindex(gradient.shape):
        for i, j in np.ndindex(weight.shape[2:]):
            row, column = y * stride + i * dilation - padding, x * stride + j * dilation - padding
            if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
                found[:, c, row, column] += gradient[n, c, y, x] * weight[c, 0, i, j]
    return found


def from_the_middle(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    r = weight.shape[2] // 2
    for y, x, i, j in np.ndindex(*gradient.shape[2:], *weight.shape[2:]):
        row, column = y * stride + (i - r) * dilation, x * stride + (j - r) * dilation
        if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
            found[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return found


def taps_transposed(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        top, left = i * dilation, j * dilation
        padded[:, :, left : left + rows : stride, top : top + columns : stride] += gradient * weight[:, :, i, j, None]
    return padded[:, :, padding : padding + h, padding : padding + w]


def one_new_axis(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        top, left = i * dilation, j * dilation
        padded[:, :, top : top + rows : stride, left : left + columns : stride] += gradient * weight[:, 0, i, j]
    return padded[:, :, padding : padding + h, padding : padding + w]


def gradient_compounded(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    rows, columns = (stride * (size - 1) + 1 for size in gradient.shape[2:])
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(weight.shape[2:]):
        gradient *= weight[:, :, i, j, None]
        top, left = i * dilation, j * dilation
        padded[:, :, top : top + rows : stride, left : left + columns : stride] += gradient
    return padded[:, :, padding : padding + h, padding : padding + w]


def last_window_missing(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    for y in range(gradient.shape[2] - 1):
        for x in range(gradient.shape[3] - 1):
            for i, j in np.ndindex(weight.shape[2:]):
                row, column = y * stride + i * dilation - padding, x * stride + j * dilation - padding
                if 0 <= row < x_shape[2] and 0 <= column < x_shape[3]:
                    found[:, :, row, column] += gradient[:, :, y, x] * weight[:, 0, i, j]
    return found


def first_row_excluded(gradient, weight, x_shape, stride, padding, dilation):
    found = np.zeros(x_shape)
    for n, c, y, x in np.ndindex(gradient.shape):
        for i, j in np.ndindex(weight.shape[2:]):
            row, column = y * stride + i * dilation - padding, x * stride + j * dilation - padding
            if 0 < row < x_shape[2] and 0 < column < x_shape[3]:
                found[n, c, row, column] += gradient[n, c, y, x] * weight[c, 0, i, j]
    return found


ENTRIES = [
    ("kernel turned", turned, "the kernel is turned by 180 degrees: stamped the wrong way round"),
    ("overwrites", overwrites, "= in place of +=: where stamps overlap, only the last tap remains"),
    ("stride of the rows only", stride_of_rows_only, "the stride is used for rows but not for columns"),
    ("stride ignored", no_stride, "the stride is ignored: all stamps lie one pixel apart"),
    ("dilation ignored", no_dilation, "the dilation is ignored: taps lie one pixel apart"),
    ("border kept", border_kept, "the border is not cut off: the result has the padded shape"),
    ("padding:-padding", minus_padding, "the slice padding:-padding is empty without padding: right for padding > 0 only"),
    ("cut from the start", cropped_at_zero,
     "cut off at the end only: the result still begins with the border, shifted by the padding"),
    ("negative index", wraps_to_the_end,
     "no check for places before the image: negative indices add the border's gradient at its other side"),
    ("padding added", padding_added, "the padding is added to the place in place of subtracted"),
    ("padding dilated", padding_dilated, "the padding is multiplied by the dilation"),
    ("stride and dilation exchanged", roles_exchanged, "stride and dilation are exchanged"),
    ("width from height", width_from_height, "the width is taken to be the height: right for square images only"),
    ("weights of the first channel", first_channel_weights, "all channels use the first channel's weights"),
    ("channels summed", channels_summed, "shares are summed over the channels, as in a dense convolution"),
    ("first image only", first_image_only, "only the first image of the batch is handled"),
    ("batch summed", batch_summed, "every image gets the sum over the batch in place of its own gradient"),
    ("from the middle", from_the_middle,
     "the padding is ignored: every window is centred on its output's place, as with \"same\" padding"),
    ("taps transposed", taps_transposed, "rows and columns of the taps are exchanged"),
    ("one new axis", one_new_axis,
     "the weights of a tap, (C,), lack new axes: broadcast along the width; right for one channel only"),
    ("gradient compounded", gradient_compounded,
     "gradient *= in the loop: each tap is multiplied by all weights before it, and the caller's gradient is changed"),
    ("last window missing", last_window_missing, "the last row and column of the gradient are left out"),
    ("first row excluded", first_row_excluded, "0 < in place of 0 <=: the first row and column of the image get no gradient"),
]  # fmt: skip
SOLUTIONS = [Solution("depthwise_input_grad", f"depthwise_input_grad: {name}", *rest) for name, *rest in ENTRIES]
