"""New solutions, wrong and right, of the counting exercises of notebooks 2 and 3: separable_macs, receptive_field."""

from itertools import accumulate

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


# separable_macs


@solution(
    "separable_macs",
    "pointwise between outputs",
    "the pointwise convolution is counted with out_channels inputs instead of channels: out_channels squared at each pixel",
)
def macs_between_outputs(height, width, channels, out_channels, kernel):
    area = height * width
    return area * channels * out_channels * kernel**2, area * (channels * kernel**2 + out_channels**2)


@solution(
    "separable_macs",
    "windows at the border's pixels",
    "counts (height + kernel - 1) * (width + kernel - 1) windows, the pixels of the padded input, instead of height * width",
)
def macs_padded(height, width, channels, out_channels, kernel):
    area = (height + kernel - 1) * (width + kernel - 1)
    return area * channels * out_channels * kernel**2, area * channels * (kernel**2 + out_channels)


@solution(
    "separable_macs",
    "kernel within the picture",
    "a kernel that is larger than the picture counts only as many taps as the picture has rows and columns",
)
def macs_within(height, width, channels, out_channels, kernel):
    taps = min(kernel, height) * min(kernel, width)
    return height * width * channels * out_channels * taps, height * width * channels * (taps + out_channels)


@solution(
    "separable_macs",
    "no pointwise for as many channels",
    "where there are as many output channels as input channels the pointwise convolution is not counted",
)
def macs_no_pointwise(height, width, channels, out_channels, kernel):
    pairs = 0 if channels == out_channels else channels * out_channels
    area = height * width
    return area * channels * out_channels * kernel**2, area * (channels * kernel**2 + pairs)


@solution(
    "separable_macs",
    "zeros not counted",
    "multiplications with the zeros of the border are not counted, though each window counts in full",
)
def macs_no_zeros(height, width, channels, out_channels, kernel):
    def inside(size):
        starts = np.arange(size) - (kernel - 1) // 2
        return int((np.minimum(starts + kernel, size) - np.maximum(starts, 0)).clip(0).sum())

    terms = inside(height) * inside(width)
    return terms * channels * out_channels, terms * channels + height * width * channels * out_channels


@solution(
    "separable_macs",
    "exchanged, and operations",
    "two mistakes: the separable count stands first, and both are doubled, as floating-point operations",
)
def macs_exchanged_doubled(height, width, channels, out_channels, kernel):
    flops = 2 * height * width * channels
    return flops * (kernel**2 + out_channels), flops * out_channels * kernel**2


@solution("separable_macs", "for one pixel", "both counts are those of one pixel: they are not multiplied by height * width")
def macs_one_pixel(height, width, channels, out_channels, kernel):
    dense = channels * out_channels * kernel * kernel
    separable = channels * kernel * kernel + channels * out_channels
    return dense, separable


@solution("separable_macs", "right, sizes of arrays")
def macs_sizes(height, width, channels, out_channels, kernel):
    def terms(*shape):
        return np.broadcast_to(0, shape).size

    dense = terms(height, width, out_channels, channels, kernel, kernel)
    return dense, terms(height, width, channels, kernel, kernel) + terms(height, width, out_channels, channels)


@solution("separable_macs", "right, channel by channel")
def macs_channel_by_channel(height, width, channels, out_channels, kernel):
    dense = separable = 0
    for _ in range(channels):
        dense += out_channels * kernel * kernel
        separable += kernel * kernel + out_channels
    return tuple(height * width * number for number in (dense, separable))


# receptive_field


@solution(
    "receptive_field",
    "dilation times kernel less one",
    "a layer adds (dilation * kernel - 1) * jump instead of dilation * (kernel - 1) * jump",
)
def field_less_one(layers):
    size = jump = 1
    for kernel, stride, dilation in layers:
        size += (dilation * kernel - 1) * jump
        jump *= stride
    return size, jump


@solution(
    "receptive_field",
    "begins with the first layer",
    "starts from the first layer's field, so it fails for an empty list instead of returning (1, 1)",
)
def field_first_layer(layers):
    kernel, stride, dilation = layers[0]
    size, jump = dilation * (kernel - 1) + 1, stride
    for kernel, stride, dilation in layers[1:]:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


@solution(
    "receptive_field",
    "dilations multiplied up",
    "the dilations of all layers so far are multiplied with each other, as the strides are",
)
def field_dilations(layers):
    size = jump = spread = 1
    for kernel, stride, dilation in layers:
        spread *= dilation
        size += spread * (kernel - 1) * jump
        jump *= stride
    return size, jump


@solution(
    "receptive_field",
    "strides added, no dilation",
    "two mistakes: the jump is the sum of the strides (less one each) instead of their product, and the dilation is ignored",
)
def field_added(layers):
    size = jump = 1
    for kernel, stride, _ in layers:
        size += (kernel - 1) * jump
        jump += stride - 1
    return size, jump


@solution("receptive_field", "equal layers count once", "of layers that are equal to each other only the first counts")
def field_equal_layers(layers):
    size = jump = 1
    for kernel, stride, dilation in dict.fromkeys(map(tuple, layers)):
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


@solution(
    "receptive_field",
    "ends at a 1x1",
    "a layer with kernel 1 and stride 1 ends the loop (break instead of continue), so all layers behind it are left out",
)
def field_break(layers):
    size = jump = 1
    for kernel, stride, dilation in layers:
        if kernel == 1 and stride == 1:
            break
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


@solution(
    "receptive_field",
    "power of the own stride",
    "the jump before a layer is its own stride to the power of the layers before it, and at the end the last "
    "stride to the power of all",
)
def field_power(layers):
    size = jump = 1
    for number, (kernel, stride, dilation) in enumerate(layers):
        size += dilation * (kernel - 1) * stride**number
        jump = stride ** (number + 1)
    return size, jump


@solution("receptive_field", "right, product of matrices")
def field_matrices(layers):
    state = np.array([1, 1])
    for kernel, stride, dilation in layers:
        state = np.array([[1, dilation * (kernel - 1)], [0, stride]]) @ state
    return tuple(state.tolist())


@solution("receptive_field", "right, accumulated")
def field_accumulated(layers):
    jumps = list(accumulate((stride for _, stride, _ in layers), lambda a, b: a * b, initial=1))
    grown = (dilation * (kernel - 1) * jump for (kernel, _, dilation), jump in zip(layers, jumps, strict=False))
    return 1 + sum(grown), jumps[-1]
