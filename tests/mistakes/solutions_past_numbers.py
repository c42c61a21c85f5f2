"""Held-out solutions, wrong and right: central_difference, output_size, separable_macs."""

import math
from dataclasses import dataclass

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


# central_difference


@solution(
    "central_difference",
    "no parentheses at all",
    "two mistakes: only function(x - h) is divided, not the difference, and it is multiplied by h instead of divided by it",
)
def no_parentheses(function, x, h):
    return function(x + h) - function(x - h) / 2 * h


@solution("central_difference", "h - x for x - h", "the second point is h - x instead of x - h")
def points_mirrored(function, x, h):
    ahead = function(x + h)
    behind = function(h - x)
    return (ahead - behind) / (2 * h)


@solution("central_difference", "over 2 h squared", "the difference is divided by 2 h^2 instead of 2 h")
def over_h_squared(function, x, h):
    return (function(x + h) - function(x - h)) / (2 * h**2)


@solution(
    "central_difference",
    "nothing where close",
    "where both values are equal up to a relative 1e-5 (np.isclose), 0 is returned instead of the small difference over 2h",
)
def nothing_where_close(function, x, h):
    right, left = function(x + h), function(x - h)
    if np.isclose(right, left):
        return 0.0
    return (right - left) / (2 * h)


@solution(
    "central_difference",
    "late binding",
    "both lambdas look the step up when they are called, when it is -h: both values are function(x - h), the result is "
    "always 0",
)
def late_binding(function, x, h):
    shifted = []
    for step in (h, -h):
        shifted.append(lambda: function(x + step))  # noqa: B023
    above, below = shifted
    return (above() - below()) / (2 * h)


@solution(
    "central_difference",
    "map used up",
    "a map can be walked only once: the second list made of it is empty, and taking its entry raises an IndexError",
)
def map_used_up(function, x, h):
    values = map(function, [x - h, x + h])
    low = list(values)[0]  # noqa: RUF015
    high = list(values)[1]
    return (high - low) / (2 * h)


@solution(
    "central_difference",
    "one side better than none",
    "the mean of the central and of the forward difference is returned instead of the central one",
)
def half_forward(function, x, h):
    here = function(x)
    forward = (function(x + h) - here) / h
    central = (function(x + h) - function(x - h)) / (2 * h)
    return (forward + central) / 2


@solution("central_difference", "right, signed steps")
def signed_steps(function, x, h):
    slope = 0.0
    for step in (h, -h):
        slope += function(x + step) / (2 * step)
    return slope


@solution("central_difference", "right, mean of np.gradient")
def mean_of_gradient(function, x, h):
    values = np.array([function(x + k * h) for k in (-1, 0, 1)], dtype=float)
    return float(np.mean(np.gradient(values, h)))


# output_size


@solution("output_size", "padding subtracted", "the padding is subtracted from the size instead of added")
def padding_subtracted(size, kernel, stride, padding, dilation):
    reach = dilation * (kernel - 1) + 1
    return (size - 2 * padding - reach) // stride + 1


@solution(
    "output_size",
    "formula of the transposed convolution",
    "the formula of the transposed convolution: how large an input would have to be to give `size` places, not how many places",
)
def transposed_formula(size, kernel, stride, padding, dilation):
    return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1


@solution("output_size", "trailing comma", "a comma at the end makes the result a tuple of one number instead of an int")
def trailing_comma(size, kernel, stride, padding, dilation):
    covered = dilation * (kernel - 1) + 1
    places = ((size + 2 * padding - covered) // stride + 1,)
    return places


@solution(
    "output_size",
    "an end of minus zero",
    "the last starts are cut off by [:-(covered - 1)]; where the kernel covers one pixel that is [:0], and there are 0 places",
)
def end_of_minus_zero(size, kernel, stride, padding, dilation):
    pixels = list(range(size + 2 * padding))
    beyond = dilation * (kernel - 1)
    starts = pixels[:-beyond]
    return len(starts[::stride])


@solution(
    "output_size",
    "recursion without padding",
    "the recursion from one window to the next ends when the image alone is too short: the padding is ignored",
)
def recursion_unpadded(size, kernel, stride, padding, dilation):
    if size < dilation * (kernel - 1) + 1:
        return 0
    return 1 + recursion_unpadded(size - stride, kernel, stride, padding, dilation)


@solution("output_size", "dilated stride", "the windows are said to move by stride * dilation pixels instead of by the stride")
def dilated_stride(size, kernel, stride, padding, dilation):
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    return room // (stride * dilation) + 1


@solution(
    "output_size",
    "full convolution",
    "measured with np.convolve's default mode 'full', which counts windows that only touch the padded image, too",
)
def full_convolution(size, kernel, stride, padding, dilation):
    image = np.ones(size + 2 * padding)
    taps = np.ones(dilation * (kernel - 1) + 1)
    return len(np.convolve(image, taps)[::stride])


@solution("output_size", "right, last pixels of the windows")
def last_pixels(size, kernel, stride, padding, dilation):
    return len((b"." * (size + 2 * padding))[dilation * (kernel - 1) :: stride])


@solution("output_size", "right, divmod with the rest thrown away")
def quotient_only(size, kernel, stride, padding, dilation):
    slack = padding + size + padding - 1
    for _ in range(kernel - 1):
        slack -= dilation
    steps, _unused = divmod(slack, stride)
    return -~steps


# separable_macs


@solution(
    "separable_macs",
    "depthwise sees all channels",
    "each channel of the depthwise part is counted as if it saw all input channels: channels squared instead of channels",
)
def depthwise_sees_all(height, width, channels, out_channels, kernel):
    places = height * width
    dense = places * kernel * kernel * channels * out_channels
    depthwise = places * kernel * kernel * channels * channels
    pointwise = places * channels * out_channels
    return dense, depthwise + pointwise


@solution("separable_macs", "sides added", "the number of windows is taken as height + width instead of height * width")
def sides_added(height, width, channels, out_channels, kernel):
    windows = height + width
    return windows * channels * out_channels * kernel**2, windows * channels * (kernel**2 + out_channels)


@solution(
    "separable_macs",
    "parts not added",
    "the second entry is the pair of the depthwise and the pointwise count instead of their sum",
)
def parts_not_added(height, width, channels, out_channels, kernel):
    area = height * width
    dense = area * out_channels * channels * kernel**2
    return dense, (area * channels * kernel**2, area * channels * out_channels)


@solution(
    "separable_macs",
    "separable in space",
    "the second count is that of a dense K x 1 convolution and a dense 1 x K one (2 K taps for each pair of channels), "
    "not of depthwise and pointwise",
)
def separable_in_space(height, width, channels, out_channels, kernel):
    def dense(rows, columns):
        return height * width * channels * out_channels * rows * columns

    return dense(kernel, kernel), dense(kernel, 1) + dense(1, kernel)


@solution(
    "separable_macs",
    "larger first",
    "the larger count comes first: where the separable one is larger (kernel 1, one output channel) both are exchanged",
)
def larger_first(height, width, channels, out_channels, kernel):
    one = height * width * channels * out_channels * kernel**2
    other = height * width * channels * (kernel**2 + out_channels)
    return tuple(sorted([one, other], reverse=True))


@solution(
    "separable_macs",
    "range from one",
    "the windows are counted with range(1, height) and range(1, width): one row and one column are left out",
)
def range_from_one(height, width, channels, out_channels, kernel):
    places = len(range(1, height)) * len(range(1, width))
    return (
        places * out_channels * channels * kernel * kernel,
        places * channels * kernel * kernel + places * out_channels * channels,
    )


@solution(
    "separable_macs",
    "pointwise has taps, dense has one channel",
    "two mistakes: the input channels are missing in the dense count, and the 1x1 part is multiplied by kernel^2",
)
def taps_everywhere(height, width, channels, out_channels, kernel):
    taps = kernel**2
    window_places = height * width
    dense = window_places * taps * out_channels
    separable = window_places * taps * channels + window_places * taps * channels * out_channels
    return dense, separable


@dataclass
class Layer:
    """A convolution with output of a given area."""

    area: int
    inputs: int
    outputs: int
    taps: int = 1

    def __int__(self):
        return math.prod((self.area, self.inputs, self.outputs, self.taps))


@solution("separable_macs", "right, layers as objects")
def layers_as_objects(height, width, channels, out_channels, kernel):
    area = height * width
    mixing = Layer(area, channels, out_channels)
    one_channel = Layer(area, 1, 1, kernel**2)
    return int(Layer(area, channels, out_channels, kernel**2)), sum(int(one_channel) for _ in range(channels)) + int(mixing)


@solution("separable_macs", "right, floats in a list")
def floats_in_a_list(height, width, channels, out_channels, kernel):
    a_place = np.array([kernel**2 * out_channels, kernel**2 + out_channels], dtype=float) * channels
    return [float(macs) for macs in height * (width * a_place)]
