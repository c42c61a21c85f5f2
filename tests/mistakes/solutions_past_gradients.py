"""Held-out solutions, wrong and right: depthwise_input_grad, depthwise_weight_grad."""

import numpy as np
from corpus import collected

from minimix import reference

SOLUTIONS, solution = collected()


def bordered(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def met(tap, places, stride, dilation):
    """The pixels of a padded axis that a tap meets at all places."""
    return slice(tap * dilation, tap * dilation + stride * (places - 1) + 1, stride)


# depthwise_input_grad


@solution(
    "depthwise_input_grad",
    "border once",
    "the zeros for the padded image have one border of `padding` instead of two: the last taps do not fit, which fails",
)
def border_once(gradient, weight, x_shape, stride, padding, dilation):
    (n, c, h, w), (oh, ow), k = x_shape, gradient.shape[2:], weight.shape[-1]
    padded = np.zeros((n, c, h + padding, w + padding))
    for i in range(k):
        for j in range(k):
            padded[:, :, met(i, oh, stride, dilation), met(j, ow, stride, dilation)] += gradient * weight[:, :, i, j, None]
    return padded[:, :, padding : padding + h, padding : padding + w]


@solution(
    "depthwise_input_grad",
    "cut off at the height",
    "the border is cut off with [padding:H] instead of [padding:padding + H], so that the last `padding` rows and columns "
    "are missing",
)
def cut_off_at_height(gradient, weight, x_shape, stride, padding, dilation):
    n, c, height, width = x_shape
    k = weight.shape[2]
    dx = np.zeros((n, c, height + 2 * padding, width + 2 * padding))
    taps = weight[:, 0].transpose(1, 2, 0)[..., None, None]  # (K, K, C, 1, 1)
    for i, j in np.ndindex(k, k):
        rows, columns = (met(t, p, stride, dilation) for t, p in zip((i, j), gradient.shape[2:], strict=True))
        dx[:, :, rows, columns] += taps[i, j] * gradient
    return dx[:, :, padding:height, padding:width]


@solution(
    "depthwise_input_grad",
    "break for continue",
    "the loop over a window's taps is left (break) at the first tap that is outside of the image, instead of passing over it: "
    "windows that begin in the border lose taps that are inside",
)
def break_for_continue(gradient, weight, x_shape, stride, padding, dilation):
    dx = np.zeros(x_shape)
    k = weight.shape[-1]
    for y, z in np.ndindex(gradient.shape[2:]):
        for i in range(k):
            row = y * stride - padding + i * dilation
            if row < 0 or row >= x_shape[2]:
                break
            for j in range(k):
                column = z * stride - padding + j * dilation
                if column < 0 or column >= x_shape[3]:
                    break
                dx[:, :, row, column] += gradient[:, :, y, z] * weight[:, 0, i, j]
    return dx


@solution(
    "depthwise_input_grad",
    "kernel size from axis 1",
    "the kernel's size is read from weight.shape[1], which is 1: only the first tap passes anything on",
)
def size_from_axis_one(gradient, weight, x_shape, stride, padding, dilation):
    h, w = x_shape[2:]
    k = weight.shape[1]
    canvas = np.zeros((*x_shape[:2], h + 2 * padding, w + 2 * padding))
    for i in range(k):
        for j in range(k):
            for y in range(gradient.shape[2]):
                for z in range(gradient.shape[3]):
                    row, column = y * stride + i * dilation, z * stride + j * dilation
                    canvas[:, :, row, column] += weight[:, 0, i, j] * gradient[:, :, y, z]
    return canvas[:, :, padding : padding + h, padding : padding + w]


@solution(
    "depthwise_input_grad",
    "np.resize for the crop",
    "the padded result is brought to x_shape by np.resize, which takes the first numbers in memory instead of cutting the "
    "border off",
)
def resized_for_crop(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    padded = np.zeros((n, c, h + padding + padding, w + padding + padding))
    for (channel, _, i, j), tap in np.ndenumerate(weight):
        rows = met(i, gradient.shape[2], stride, dilation)
        columns = met(j, gradient.shape[3], stride, dilation)
        padded[:, channel, rows, columns] += tap * gradient[:, channel]
    return np.resize(padded, x_shape)


@solution(
    "depthwise_input_grad",
    "last taps missing",
    "range(K - 1): the last row and the last column of taps pass nothing on",
)
def last_taps_missing(gradient, weight, x_shape, stride, padding, dilation):
    n, c, h, w = x_shape
    wide = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    size = weight.shape[-1]
    for i in range(size - 1):
        for j in range(size - 1):
            seen = wide[:, :, met(i, gradient.shape[2], stride, dilation), met(j, gradient.shape[3], stride, dilation)]
            seen += gradient * weight[:, 0, i, j].reshape(-1, 1, 1)
    return wide[:, :, padding : h + padding, padding : w + padding]


@solution(
    "depthwise_input_grad",
    "columns not dilated, batch averaged",
    "two mistakes: the dilation is used for the rows only, and everything is divided by the number of images",
)
def columns_plain_averaged(gradient, weight, x_shape, stride, padding, dilation):
    (n, _, h, w), k = x_shape, weight.shape[-1]
    out = np.zeros(x_shape)
    for y, z, i, j in np.ndindex(*gradient.shape[2:], k, k):
        row, column = y * stride + i * dilation - padding, z * stride + j - padding
        if 0 <= row < h and 0 <= column < w:
            out[:, :, row, column] += gradient[:, :, y, z] * weight[:, 0, i, j] / n
    return out


@solution("depthwise_input_grad", "right, a matrix for each row of taps")
def matrix_for_rows(gradient, weight, x_shape, stride, padding, dilation):
    def reads(pixels, places):
        starts = np.arange(places)[:, None, None] * stride - padding
        return starts + np.arange(weight.shape[-1])[:, None] * dilation == np.arange(pixels)  # (places, K, pixels)

    rows, columns = (reads(p, q).astype(float) for p, q in zip(x_shape[2:], gradient.shape[2:], strict=True))
    partial = np.einsum("ncyx,cij,xjw->ncyiw", gradient, weight[:, 0], columns)
    return np.tensordot(partial, rows, axes=([2, 3], [0, 1])).swapaxes(2, 3)


@solution("depthwise_input_grad", "right, bincount")
def by_bincount(gradient, weight, x_shape, stride, padding, dilation):
    (n, c, h, w), k = x_shape, weight.shape[-1]
    image, channel, y, z, i, j = np.indices((*gradient.shape, k, k))
    row, column = y * stride + i * dilation - padding, z * stride + j * dilation - padding
    inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
    products = gradient[..., None, None] * weight[:, 0][:, None, None]
    places = ((image * c + channel) * h + row) * w + column
    return np.bincount(places[inside], products[inside], n * c * h * w).reshape(x_shape)


# depthwise_weight_grad


@solution(
    "depthwise_weight_grad",
    "border added to the index",
    "the padding is added to a pixel's row and column instead of subtracted: the taps meet pixels too far to the bottom right",
)
def border_added(gradient, x, weight_shape, stride, padding, dilation):
    dw = np.zeros(weight_shape)
    h, w = x.shape[2:]
    for c, _, i, j in np.ndindex(*weight_shape):
        for y, z in np.ndindex(*gradient.shape[2:]):
            row, column = y * stride + i * dilation + padding, z * stride + j * dilation + padding
            if row < h and column < w:
                dw[c, 0, i, j] += (gradient[:, c, y, z] * x[:, c, row, column]).sum()
    return dw


@solution(
    "depthwise_weight_grad",
    "summed for each image",
    "the sum runs over channels and pixels and keeps the images (einsum '->n'): each channel would get an image's sum, "
    "which fails unless there are as many images as channels, or one",
)
def summed_for_each_image(gradient, x, weight_shape, stride, padding, dilation):
    x = bordered(x, padding)
    oh, ow = gradient.shape[2:]
    out = np.zeros(weight_shape)
    for i, j in np.ndindex(*weight_shape[2:]):
        seen = x[:, :, met(i, oh, stride, dilation), met(j, ow, stride, dilation)]
        out[:, 0, i, j] = np.einsum("nchw,nchw->n", gradient, seen)
    return out


@solution(
    "depthwise_weight_grad",
    "gradient padded for x",
    "the zeros are put around the gradient instead of around x: with a padding the slices do not fit to it, which fails",
)
def gradient_padded(gradient, x, weight_shape, stride, padding, dilation):
    _, _, oh, ow = gradient.shape
    k = weight_shape[-1]
    padded = np.pad(gradient, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    grads = [
        (padded * x[:, :, met(i, oh, stride, dilation), met(j, ow, stride, dilation)]).sum(axis=(0, 2, 3))
        for i in range(k)
        for j in range(k)
    ]
    return np.stack(grads, axis=-1).reshape(weight_shape)


@solution(
    "depthwise_weight_grad",
    "every image with every image",
    "the images have two letters in einsum ('nchw,mchw'): the gradient of each image meets x of all images, not its own only",
)
def every_image(gradient, x, weight_shape, stride, padding, dilation):
    x = bordered(x, padding)
    out = np.empty(weight_shape)
    for i in range(weight_shape[2]):
        for j in range(weight_shape[3]):
            seen = x[:, :, i * dilation :: stride, j * dilation :: stride][:, :, : gradient.shape[2], : gradient.shape[3]]
            out[:, 0, i, j] = np.einsum("nchw,mchw->c", gradient, seen)
    return out


@solution(
    "depthwise_weight_grad",
    "returned in the loop over rows",
    "the return stands in the loop over the kernel's rows: only the first row of taps is computed, the others stay 0",
)
def returned_in_row_loop(gradient, x, weight_shape, stride, padding, dilation):
    padded = bordered(x, padding)
    result = np.zeros(weight_shape)
    for i in range(weight_shape[2]):
        for j in range(weight_shape[3]):
            for n, y, z in np.ndindex(len(x), *gradient.shape[2:]):
                result[:, 0, i, j] += gradient[n, :, y, z] * padded[n, :, y * stride + i * dilation, z * stride + j * dilation]
        return result


@solution(
    "depthwise_weight_grad",
    "border tested in other coordinates",
    "rows and columns that count from the image's corner are tested as if they counted from the border's: the first "
    "`padding` rows and columns of the image are left out, too",
)
def border_tested_wrongly(gradient, x, weight_shape, stride, padding, dilation):
    _, channels, h, w = x.shape
    dw = np.zeros(weight_shape)
    for y in range(gradient.shape[2]):
        for z in range(gradient.shape[3]):
            for i in range(weight_shape[-1]):
                for j in range(weight_shape[-1]):
                    row = y * stride + i * dilation - padding
                    column = z * stride + j * dilation - padding
                    if row < padding or row >= h or column < padding or column >= w:
                        continue
                    for c in range(channels):
                        dw[c, 0, i, j] += gradient[:, c, y, z] @ x[:, c, row, column]
    return dw


@solution(
    "depthwise_weight_grad",
    "mean over pixels, taps transposed",
    "two mistakes: the products are averaged over the gradient's pixels instead of summed, and rows and columns of dW are "
    "exchanged",
)
def mean_and_transposed(gradient, x, weight_shape, stride, padding, dilation):
    (oh, ow), x = gradient.shape[2:], bordered(x, padding)
    taps = range(weight_shape[-1])
    products = [[gradient * x[:, :, met(i, oh, stride, dilation), met(j, ow, stride, dilation)] for i in taps] for j in taps]
    rows = [[product.mean(axis=(2, 3)).sum(axis=0) for product in row] for row in products]
    return np.array(rows).transpose(2, 0, 1)[:, None]


@solution("depthwise_weight_grad", "right, kernels of one tap")
def kernels_of_one_tap(gradient, x, weight_shape, stride, padding, dilation):
    out = np.zeros(weight_shape)
    for i, j in np.ndindex(*weight_shape[2:]):
        one = np.zeros(weight_shape)
        one[:, :, i, j] = 1.0
        out[:, 0, i, j] = (reference.depthwise_conv2d(x, one, stride, padding, dilation) * gradient).sum(axis=(0, 2, 3))
    return out


@solution("depthwise_weight_grad", "right, row against row")
def row_against_row(gradient, x, weight_shape, stride, padding, dilation):
    wide, (n, c, oh, ow) = bordered(x, padding), gradient.shape

    def entry(channel, i, j):
        pairs = (
            (gradient[image, channel, y], wide[image, channel, y * stride + i * dilation, j * dilation :: stride][:ow])
            for image in range(n)
            for y in range(oh)
        )
        return float(sum(np.dot(g, pixels) for g, pixels in pairs))

    taps = range(weight_shape[-1])
    return [[[[entry(channel, i, j) for j in taps] for i in taps]] for channel in range(c)]
