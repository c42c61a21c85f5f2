"""Ordinary solutions, mostly wrong: depthwise_input_grad, depthwise_weight_grad."""

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


# depthwise_input_grad


@solution(
    "depthwise_input_grad",
    "remainder of the rows only",
    "left % stride is not checked: the column of the window that meets a pixel with tap j is rounded down where there is "
    "none, so that with a stride pixels also get the gradient of windows whose tap j lies further to the left; the rows are "
    "checked",
)
def remainder_of_the_rows_only(gradient, weight, x_shape, stride, padding, dilation):
    _N, C, H, W = x_shape
    OH, OW = gradient.shape[2:]
    K = weight.shape[2]
    dx = np.zeros(x_shape)
    for c, h, w, i, j in np.ndindex(C, H, W, K, K):
        top, left = h + padding - i * dilation, w + padding - j * dilation
        if top % stride != 0:
            continue
        y, z = top // stride, left // stride
        if 0 <= y < OH and 0 <= z < OW:
            dx[:, c, h, w] += gradient[:, c, y, z] * weight[c, 0, i, j]
    return dx


@solution(
    "depthwise_input_grad",
    "tap added to the pixel",
    "the window that meets pixel h with tap i is sought at h + P + iD instead of h + P - iD, and likewise in the columns: a "
    "wrong sign",
)
def tap_added_to_the_pixel(gradient, weight, x_shape, stride, padding, dilation):
    _n, _c, height, width = x_shape
    rows, columns = gradient.shape[-2:]
    kernel = weight.shape[-1]
    out = np.zeros(x_shape)
    for h in range(height):
        for w in range(width):
            for i in range(kernel):
                for j in range(kernel):
                    y, y_rest = divmod(h + padding + i * dilation, stride)
                    z, z_rest = divmod(w + padding + j * dilation, stride)
                    if y_rest == 0 and z_rest == 0 and 0 <= y < rows and 0 <= z < columns:
                        out[:, :, h, w] += gradient[:, :, y, z] * weight[:, 0, i, j]
    return out


@solution(
    "depthwise_input_grad",
    "one row too many let through",
    "a pixel's row is allowed up to and including H (0 <= row <= H): where a window's tap lies in the first row of the lower "
    "border this is an IndexError; without such windows it is right",
)
def one_row_too_many_let_through(gradient, weight, x_shape, stride, padding, dilation):
    dx = np.zeros(x_shape)
    _, C, H, W = x_shape
    K = weight.shape[2]
    for c in range(C):
        for y in range(gradient.shape[2]):
            for z in range(gradient.shape[3]):
                for i in range(K):
                    for j in range(K):
                        row = y * stride + i * dilation - padding
                        column = z * stride + j * dilation - padding
                        if 0 <= row <= H and 0 <= column < W:
                            dx[:, c, row, column] += gradient[:, c, y, z] * weight[c, 0, i, j]
    return dx


@solution(
    "depthwise_input_grad",
    "columns of the taps not dilated",
    "tap (i, j) adds from row i * dilation but from column j on: the dilation is forgotten in the columns",
)
def columns_of_the_taps_not_dilated(gradient, weight, x_shape, stride, padding, dilation):
    N, C, H, W = x_shape
    OH, OW = gradient.shape[2:]
    K = weight.shape[-1]
    padded = np.zeros((N, C, H + 2 * padding, W + 2 * padding))
    for i in range(K):
        for j in range(K):
            rows = slice(i * dilation, i * dilation + stride * (OH - 1) + 1, stride)
            columns = slice(j, j + stride * (OW - 1) + 1, stride)
            padded[:, :, rows, columns] += gradient * weight[:, 0, i, j][:, None, None]
    return padded[:, :, padding : padding + H, padding : padding + W]


@solution("depthwise_input_grad", "right, one stamp for each window")
def one_stamp_for_each_window(gradient, weight, x_shape, stride, padding, dilation):
    *batch, height, width = x_shape
    canvas = np.zeros((*batch, height + 2 * padding, width + 2 * padding))
    reach = dilation * (weight.shape[-1] - 1) + 1
    for top, column_of in enumerate(np.moveaxis(gradient, 2, 0)):
        for left, numbers in enumerate(np.moveaxis(column_of, 2, 0)):
            window = canvas[:, :, top * stride :, left * stride :][:, :, :reach:dilation, :reach:dilation]
            np.add(window, numbers[..., None, None] * weight[:, 0], out=window)
    return canvas[:, :, padding:, padding:][:, :, :height, :width]


# depthwise_weight_grad


@solution(
    "depthwise_weight_grad",
    "window ends without dilation",
    "the window of each output is the slice top : top + K : dilation, whose end lacks the dilation: with a dilation above 1 "
    "it has fewer than K rows and columns; adding it fails with a ValueError, or, if it is a single pixel, that is added to "
    "all taps",
)
def window_ends_without_dilation(gradient, x, weight_shape, stride, padding, dilation):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    K = weight_shape[2]
    dw = np.zeros(weight_shape)
    N, C, OH, OW = gradient.shape
    for n, c, y, z in np.ndindex(N, C, OH, OW):
        top, left = y * stride, z * stride
        window = padded[n, c, top : top + K : dilation, left : left + K : dilation]
        dw[c, 0] += gradient[n, c, y, z] * window
    return dw


@solution(
    "depthwise_weight_grad",
    "tap's column times the stride",
    "the column is x * stride + j * stride - padding instead of x * stride + j * dilation - padding; the rows are right. "
    "Right only where stride and dilation are equal",
)
def tap_s_column_times_the_stride(gradient, x, weight_shape, stride, padding, dilation):
    dw = np.zeros(weight_shape)
    H, W = x.shape[2:]
    for i, j in np.ndindex(*weight_shape[2:]):
        for y, z in np.ndindex(*gradient.shape[2:]):
            row = y * stride + i * dilation - padding
            column = z * stride + j * stride - padding
            if 0 <= row < H and 0 <= column < W:
                dw[:, 0, i, j] += (gradient[:, :, y, z] * x[:, :, row, column]).sum(axis=0)
    return dw


@solution(
    "depthwise_weight_grad",
    "column against the height",
    "whether a column lies in the picture is asked with column < H instead of column < W: right for square pictures, columns "
    "are left out in wide ones, and in high ones there is an IndexError where there is padding",
)
def column_against_the_height(gradient, x, weight_shape, stride, padding, dilation):
    _N, _C, H, _W = x.shape
    found = np.zeros(weight_shape)
    for n, c, y, z in np.ndindex(gradient.shape):
        for i in range(weight_shape[2]):
            for j in range(weight_shape[3]):
                h = y * stride + i * dilation - padding
                w = z * stride + j * dilation - padding
                if h >= 0 and h < H and w >= 0 and w < H:
                    found[c, 0, i, j] += gradient[n, c, y, z] * x[n, c, h, w]
    return found


@solution(
    "depthwise_weight_grad",
    "row 0 taken for border, averaged",
    "two mistakes: row > 0 leaves out the first row of the picture (the columns are right); and the sum over the batch is a "
    "mean, divided by the number of images",
)
def row_0_taken_for_border_averaged(gradient, x, weight_shape, stride, padding, dilation):
    N, C, OH, OW = gradient.shape
    K = weight_shape[-1]
    dw = np.zeros(weight_shape)
    for c in range(C):
        for i in range(K):
            for j in range(K):
                total = np.zeros(N)
                for y in range(OH):
                    for z in range(OW):
                        row, column = y * stride + i * dilation - padding, z * stride + j * dilation - padding
                        if row > 0 and row < x.shape[2] and column >= 0 and column < x.shape[3]:
                            total += gradient[:, c, y, z] * x[:, c, row, column]
                dw[c, 0, i, j] = total.mean()
    return dw
