"""New solutions, wrong and right, of the depthwise exercises of notebooks 2 and 3: depthwise_conv2d, dilated_conv2d."""

from itertools import product

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


def bordered(x, before, after=None):
    after = before if after is None else after
    return np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)))


def by_taps(padded, weight, stride=1, dilation=1):
    """The depthwise convolution of padded, without any padding."""
    k = weight.shape[-1]
    oh, ow = ((size - dilation * (k - 1) - 1) // stride + 1 for size in padded.shape[2:])
    out = np.zeros((*padded.shape[:2], oh, ow))
    for i, j in product(range(k), range(k)):
        top, left = i * dilation, j * dilation
        seen = padded[:, :, top : top + stride * (oh - 1) + 1 : stride, left : left + stride * (ow - 1) + 1 : stride]
        out += seen * weight[:, 0, i, j, None, None]
    return out


# depthwise_conv2d


@solution(
    "depthwise_conv2d",
    "result padded",
    "the zeros are put around the result of the unpadded convolution instead of around x (and it fails for a "
    "kernel larger than x)",
)
def depthwise_result_padded(x, weight, stride, padding):
    return bordered(by_taps(x, weight, stride), padding)


@solution(
    "depthwise_conv2d",
    "all axes padded",
    "np.pad(x, padding) pads all four axes: the result has images of zeros too many, and channel c is read "
    "where zeros or others are",
)
def depthwise_all_axes(x, weight, stride, padding):
    x, k = np.pad(x, padding), weight.shape[-1]
    out = np.zeros((len(x), len(weight), (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1))
    for n, c, y, column in np.ndindex(out.shape):
        window = x[n, c, y * stride : y * stride + k, column * stride : column * stride + k]
        out[n, c, y, column] = np.sum(window * weight[c, 0])
    return out


@solution(
    "depthwise_conv2d",
    "channels counted on axis 1",
    "the loop over the channels runs to weight.shape[1], which is 1: all channels but the first stay zero",
)
def depthwise_axis_one(x, weight, stride, padding):
    x, k = bordered(x, padding), weight.shape[-1]
    out = np.zeros((*x.shape[:2], (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1))
    for c in range(weight.shape[1]):
        for y, column in np.ndindex(out.shape[2:]):
            window = x[:, c, y * stride : y * stride + k, column * stride : column * stride + k]
            out[:, c, y, column] = (window * weight[c, 0]).sum(axis=(1, 2))
    return out


@solution(
    "depthwise_conv2d",
    "reshaped for transposed",
    "the weights are reshaped to (K, K, C) instead of transposed, which mixes the channels' taps",
)
def depthwise_reshaped(x, weight, stride, padding):
    channels, _, k, _ = weight.shape
    taps = weight.reshape(k, k, channels)
    return by_taps(bordered(x, padding), np.moveaxis(taps, 2, 0)[:, None], stride)


@solution(
    "depthwise_conv2d",
    "skips a tap with a zero",
    "a tap whose weight is 0 in one channel is left out in all channels",
)
def depthwise_skips(x, weight, stride, padding):
    kept = np.where((weight != 0).all(axis=0), weight, 0)
    return by_taps(bordered(x, padding), kept, stride)


@solution(
    "depthwise_conv2d",
    "even kernels begin later",
    "for even kernels there is a row and a column of zeros too few in front, and one too many behind",
)
def depthwise_even(x, weight, stride, padding):
    shift = 1 if weight.shape[-1] % 2 == 0 and padding > 0 else 0
    return by_taps(bordered(x, padding - shift, padding + shift), weight, stride)


@solution(
    "depthwise_conv2d",
    "one kernel, no border",
    "two mistakes: the first kernel is used for all channels, and no padding is made",
)
def depthwise_one_no_border(x, weight, stride, padding):
    k = weight.shape[-1]
    view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    return (view * weight[0, 0]).sum(axis=(4, 5)).astype(float)


@solution(
    "depthwise_conv2d",
    "result as large as x",
    "the result is made as large as x: where the output is smaller, zeros stand at its end, and where it is larger it fails",
)
def depthwise_as_x(x, weight, stride, padding):
    out = np.zeros(x.shape)
    found = by_taps(bordered(x, padding), weight, stride)
    for y, column in np.ndindex(found.shape[2:]):
        out[:, :, y, column] = found[:, :, y, column]
    return out


@solution("depthwise_conv2d", "right, numbered pixels")
def depthwise_numbered(x, weight, stride, padding):
    x, k = bordered(x, padding), weight.shape[-1]
    height, width = x.shape[2:]
    starts = np.arange(0, height - k + 1, stride)[:, None] * width + np.arange(0, width - k + 1, stride)
    taps = (np.arange(k)[:, None] * width + np.arange(k)).ravel()
    columns = x.reshape(*x.shape[:2], -1)[:, :, starts[..., None] + taps]
    return np.einsum("ncyxt,ct->ncyx", columns, weight.reshape(len(weight), -1), dtype=float)


@solution("depthwise_conv2d", "right, recursion over taps")
def depthwise_recursion(x, weight, stride, padding):
    x, k = bordered(x, padding), weight.shape[-1]
    rows = x.shape[2] - (x.shape[2] - k) % stride - k + 1
    columns = x.shape[3] - (x.shape[3] - k) % stride - k + 1

    def first(taps):
        if taps == 0:
            return 0.0
        i, j = divmod(taps - 1, k)
        return first(taps - 1) + x[:, :, i : i + rows : stride, j : j + columns : stride] * weight[:, :1, i, j, None]

    return first(k * k)


# dilated_conv2d


@solution(
    "dilated_conv2d",
    "padding of the dilation",
    "the padding is `dilation` zeros on each side, which is right for kernels of 3 only",
)
def dilated_padding_three(x, weight, dilation):
    height, width = x.shape[2:]
    k, out, padded = weight.shape[-1], np.zeros(x.shape), bordered(x, dilation)
    for i, j in product(range(k), range(k)):
        seen = padded[:, :, i * dilation : i * dilation + height, j * dilation : j * dilation + width]
        out[:, :, : seen.shape[2], : seen.shape[3]] += seen * weight[:, :, i, j, None]
    return out


@solution(
    "dilated_conv2d",
    "dilation added to the tap",
    "tap (i, j) reads from row i + dilation - 1 and column j + dilation - 1 on, instead of i * dilation and j * dilation",
)
def dilated_added(x, weight, dilation):
    height, width = x.shape[2:]
    k, out = weight.shape[-1], np.zeros(x.shape)
    padded = bordered(x, dilation * (k - 1) // 2, dilation * (k - 1) // 2 + dilation)
    for i, j in product(range(k), range(k)):
        top, left = i + dilation - 1, j + dilation - 1
        out += padded[:, :, top : top + height, left : left + width] * weight[:, :, i, j, None]
    return out


@solution(
    "dilated_conv2d",
    "zeros behind the last tap",
    "the kernel is enlarged with zeros behind each tap, the last one, too, and the middle of that larger "
    "kernel is taken for its middle",
)
def dilated_zeros_behind(x, weight, dilation):
    hole = np.zeros((1, 1, dilation, dilation))
    hole[..., 0, 0] = 1
    large = np.kron(weight, hole)
    k = large.shape[-1]
    return by_taps(bordered(x, k // 2, k - 1 - k // 2), large)


@solution(
    "dilated_conv2d",
    "dilation that fits",
    "the dilation is made smaller until the kernel fits into the picture, where it reaches further than x does",
)
def dilated_that_fits(x, weight, dilation):
    k = weight.shape[-1]
    while dilation > 1 and dilation * (k - 1) + 1 > min(x.shape[2:]):
        dilation -= 1
    return by_taps(bordered(x, dilation * (k - 1) // 2), weight, dilation=dilation)


@solution(
    "dilated_conv2d",
    "holes in the picture",
    "zeros are put between the pixels of x instead of between the taps, and the result is cut to x's shape",
)
def dilated_picture(x, weight, dilation):
    height, width = x.shape[2:]
    large = np.zeros((*x.shape[:2], height * dilation, width * dilation))
    large[:, :, ::dilation, ::dilation] = x
    return by_taps(bordered(large, weight.shape[-1] // 2), weight)[:, :, :height, :width]


@solution(
    "dilated_conv2d",
    "one kernel, turned",
    "two mistakes: the first channel's kernel is used for all channels, and it is turned by 180 degrees",
)
def dilated_one_turned(x, weight, dilation):
    reach = dilation * (weight.shape[-1] - 1) // 2
    kernels = np.repeat(weight[:1, :, ::-1, ::-1], x.shape[1], axis=0)
    return by_taps(bordered(x, reach), kernels, dilation=dilation)


@solution(
    "dilated_conv2d",
    "images for channels",
    "the loop over the channels runs over as many as there are images: further channels stay zero, and with "
    "too many images it fails",
)
def dilated_images_for_channels(x, weight, dilation):
    out = np.zeros(x.shape)
    reach = dilation * (weight.shape[-1] - 1) // 2
    for c in range(x.shape[0]):
        kernel = weight[c][None]
        out[:, c : c + 1] = by_taps(bordered(x[:, c : c + 1], reach), kernel, dilation=dilation)
    return out


@solution(
    "dilated_conv2d",
    "1x1 by the first weight",
    "with a kernel of 1x1 all channels are multiplied by the first channel's weight",
)
def dilated_first_weight(x, weight, dilation):
    if weight.shape[-1] == 1:
        return x * weight.item(0)
    return by_taps(bordered(x, dilation * (weight.shape[-1] - 1) // 2), weight, dilation=dilation)


@solution("dilated_conv2d", "right, by spectra")
def dilated_spectra(x, weight, dilation):
    k, (height, width) = weight.shape[-1], x.shape[2:]
    reach = dilation * (k - 1)
    large = np.zeros((len(weight), reach + 1, reach + 1))
    large[:, ::dilation, ::dilation] = weight[:, 0, ::-1, ::-1]
    size = height + reach, width + reach
    both = np.fft.rfft2(x, size) * np.fft.rfft2(large, size)
    half = reach // 2
    return np.fft.irfft2(both, size)[:, :, half : half + height, half : half + width]


@solution("dilated_conv2d", "right, masked pixels")
def dilated_masked(x, weight, dilation):
    k, (height, width) = weight.shape[-1], x.shape[2:]
    steps = dilation * (np.arange(k) - k // 2)
    rows, columns = np.arange(height)[:, None] + steps, np.arange(width)[:, None] + steps
    seen = x[:, :, rows.clip(0, height - 1)[:, None, :, None], columns.clip(0, width - 1)[None, :, None, :]]
    fine = ((rows >= 0) & (rows < height))[:, None, :, None] & ((columns >= 0) & (columns < width))[None, :, None, :]
    return (seen * fine * weight[:, 0, None, None]).sum(axis=(-2, -1))
