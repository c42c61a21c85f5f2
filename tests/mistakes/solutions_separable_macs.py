"""What learners write to count a dense and a separable convolution: wrong ones, and right ones that look odd."""

import math
from collections import namedtuple
from fractions import Fraction

import numpy as np
from corpus import Solution


def kernel_not_squared(height, width, channels, out_channels, kernel):
    pixels = height * width
    return pixels * channels * out_channels * kernel, pixels * channels * (kernel + out_channels)


def kernel_doubled(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * 2 * kernel
    return dense, height * width * channels * 2 * kernel + height * width * channels * out_channels


def exclusive_or(height, width, channels, out_channels, kernel):
    taps = kernel ^ 2
    pixels = height * width
    return pixels * channels * out_channels * taps, pixels * channels * (taps + out_channels)


def squares_only(height, width, channels, out_channels, kernel):
    pixels = height**2
    return pixels * channels * out_channels * kernel**2, pixels * channels * (kernel**2 + out_channels)


def depthwise_for_outputs(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * kernel**2
    depthwise = height * width * out_channels * kernel**2
    pointwise = height * width * channels * out_channels
    return dense, depthwise + pointwise


def pointwise_for_one_pixel(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * kernel**2
    return dense, height * width * channels * kernel**2 + channels * out_channels


def parentheses_missing(height, width, channels, out_channels, kernel):
    pixels, taps = height * width, kernel * kernel
    return pixels * channels * out_channels * taps, pixels * channels * taps + out_channels


def exchanged(height, width, channels, out_channels, kernel):
    pixels = height * width
    dense = pixels * channels * out_channels * kernel**2
    separable = pixels * channels * kernel**2 + pixels * channels * out_channels
    return separable, dense


def multiplied(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * kernel**2
    depthwise, pointwise = height * width * channels * kernel**2, height * width * channels * out_channels
    return dense, depthwise * pointwise


def operations(height, width, channels, out_channels, kernel):
    macs = np.array([out_channels * kernel**2, kernel**2 + out_channels]) * height * width * channels
    return tuple((2 * macs).tolist())


def dense_without_channels(height, width, channels, out_channels, kernel):
    dense = height * width * out_channels * kernel**2
    return dense, height * width * channels * (kernel**2 + out_channels)


def dense_without_outputs(height, width, channels, out_channels, kernel):
    dense = sum(kernel**2 for _ in range(height * width) for _ in range(channels))
    return dense, height * width * channels * (kernel**2 + out_channels)


def depthwise_alone(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * kernel**2
    return dense, dense // out_channels


def pointwise_alone(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * kernel**2
    return dense, dense // kernel**2


def ratio(height, width, channels, out_channels, kernel):
    return 1 / out_channels + 1 / kernel**2


def ratio_beside_dense(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * kernel**2
    return dense, 1 / out_channels + 1 / kernel**2


def by_ratio_cut_off(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * kernel**2
    return dense, int(dense * (1 / out_channels + 1 / kernel**2))


def ratio_in_whole_numbers(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * kernel**2
    saved = out_channels * kernel**2 // (out_channels + kernel**2)
    return dense, dense // saved if saved else dense


def narrow_integers(height, width, channels, out_channels, kernel):
    dense = np.prod([height, width, channels, out_channels, kernel, kernel], dtype=np.int32)
    depthwise = np.prod([height, width, channels, kernel, kernel], dtype=np.int32)
    pointwise = np.prod([height, width, channels, out_channels], dtype=np.int32)
    return int(dense), int(depthwise + pointwise)


def single_precision(height, width, channels, out_channels, kernel):
    pixels = np.float32(height) * np.float32(width)
    dense = pixels * np.float32(channels * out_channels) * np.float32(kernel**2)
    return int(dense), int(pixels * np.float32(channels) * np.float32(kernel**2 + out_channels))


def with_bias(height, width, channels, out_channels, kernel):
    pixels = height * width
    dense = pixels * out_channels * (channels * kernel**2 + 1)
    return dense, pixels * channels * (kernel**2 + 1) + pixels * out_channels * (channels + 1)


def unpadded(height, width, channels, out_channels, kernel):
    pixels = (height - kernel + 1) * (width - kernel + 1)
    return pixels * channels * out_channels * kernel**2, pixels * channels * (kernel**2 + out_channels)


def weights_only(height, width, channels, out_channels, kernel):
    return channels * out_channels * kernel**2, channels * kernel**2 + channels * out_channels


def as_many_outputs(height, width, channels, out_channels, kernel):
    pixels = height * width
    return pixels * channels**2 * kernel**2, pixels * channels * kernel**2 + pixels * channels**2


def channels_added(height, width, channels, out_channels, kernel):
    pixels = height * width
    dense = pixels * (channels + out_channels) * kernel**2
    return dense, pixels * (channels * kernel**2 + channels + out_channels)


def dense_only(height, width, channels, out_channels, kernel):
    return height * width * channels * out_channels * kernel**2


def three_counts(height, width, channels, out_channels, kernel):
    pixels = height * width
    return pixels * channels * out_channels * kernel**2, pixels * channels * kernel**2, pixels * channels * out_channels


def kernel_one_is_pointwise(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * kernel**2
    if kernel == 1:
        return dense, dense
    return dense, height * width * channels * (kernel**2 + out_channels)


def in_words(height, width, channels, out_channels, kernel):
    pixels = height * width
    return f"{pixels * channels * out_channels * kernel**2}", f"{pixels * channels * (kernel**2 + out_channels)}"


def pointwise_with_taps(height, width, channels, out_channels, kernel):
    depthwise = pointwise = height * width * channels
    for _ in range(2):
        depthwise *= kernel
        pointwise *= kernel
    return depthwise * out_channels, depthwise + pointwise * out_channels


def multiplies_and_adds(height, width, channels, out_channels, kernel):
    dense = height * width * out_channels * (2 * channels * kernel**2 - 1)
    depthwise = height * width * channels * (2 * kernel**2 - 1)
    return dense, depthwise + height * width * out_channels * (2 * channels - 1)


def exchanged_not_squared(height, width, channels, out_channels, kernel):
    pixels = height * width
    return pixels * channels * (kernel + out_channels), pixels * channels * out_channels * kernel


# right


def exact_ratio(height, width, channels, out_channels, kernel):
    dense = math.prod((height, width, channels, out_channels, kernel, kernel))
    return dense, int(dense * (Fraction(1, out_channels) + Fraction(1, kernel**2)))


def dense_divided(height, width, channels, out_channels, kernel):
    dense = height * width * channels * out_channels * kernel**2
    return dense, dense // out_channels + dense // kernel**2


def numpy_numbers(height, width, channels, out_channels, kernel):
    taps = np.int64(kernel) ** 2
    counts = np.int64([out_channels * taps, out_channels + taps]) * height * width * channels
    return tuple(counts)


def grouped(height, width, channels, out_channels, kernel):
    def macs(size, c_in, c_out, groups=1):
        return height * width * size**2 * (c_in // groups) * c_out

    return (
        macs(kernel, channels, out_channels),
        macs(kernel, channels, channels, groups=channels) + macs(1, channels, out_channels),
    )


def named(height, width, channels, out_channels, kernel):
    counts = namedtuple("Counts", "dense separable")
    depthwise = sum(width * channels * kernel**2 for _ in range(height))
    return counts(depthwise * out_channels, depthwise + height * width * channels * out_channels)


def dot_product(height, width, channels, out_channels, kernel):
    base = height * width * channels
    return tuple(base * part for part in (pow(kernel, 2) * out_channels, sum([kernel] * kernel, out_channels)))


SOLUTIONS = [
    Solution("separable_macs", f"separable_macs: {name}", function, truth)
    for name, function, truth in [
        ("kernel not squared", kernel_not_squared, "kernel instead of kernel squared, in both counts"),
        ("kernel doubled", kernel_doubled, "2 * kernel instead of kernel squared, in both counts: right for kernel 2 only"),
        ("exclusive or", exclusive_or, "kernel ^ 2 is an exclusive or, not a square"),
        ("squares only", squares_only, "height squared instead of height times width: right for square pictures only"),
        ("depthwise for outputs", depthwise_for_outputs, "the depthwise part is counted with out_channels instead of channels"),
        ("pointwise for one pixel", pointwise_for_one_pixel, "the pointwise part is not multiplied by the number of pixels"),
        (
            "parentheses missing",
            parentheses_missing,
            "out_channels is added without being multiplied by pixels and channels: parentheses are missing",
        ),
        ("exchanged", exchanged, "the two numbers are in the wrong order"),
        ("multiplied", multiplied, "the depthwise and the pointwise part are multiplied, not added"),
        ("operations", operations, "multiplications and additions are counted by themselves: both numbers twice too large"),
        ("dense without channels", dense_without_channels, "the dense count lacks the input channels"),
        ("dense without outputs", dense_without_outputs, "the dense count lacks the output channels"),
        ("depthwise alone", depthwise_alone, "the pointwise part is missing in the separable count"),
        ("pointwise alone", pointwise_alone, "the depthwise part is missing in the separable count"),
        ("ratio", ratio, "the ratio of the two is returned, one number, not the two counts"),
        ("ratio beside dense", ratio_beside_dense, "the second number is the ratio 1/N + 1/K^2, not the separable count"),
        (
            "by the ratio, cut off",
            by_ratio_cut_off,
            "dense times the ratio as a float, cut off: one too few where the product is rounded down",
        ),
        (
            "ratio in whole numbers",
            ratio_in_whole_numbers,
            "dense is divided by a ratio that is rounded down to a whole number: the separable count is too large",
        ),
        ("narrow integers", narrow_integers, "int32 overflows for counts of 2^31 and more"),
        ("single precision", single_precision, "float32 has 24 bits: counts above 2^24 are rounded"),
        ("with bias", with_bias, "a bias is counted for each output"),
        (
            "unpadded",
            unpadded,
            "height and width are taken for the input's: the kernel minus 1 is subtracted (right for kernel 1)",
        ),
        ("weights only", weights_only, "weights are counted: pixels are missing in both numbers"),
        ("as many outputs", as_many_outputs, "out_channels is ignored: channels is used for both"),
        ("channels added", channels_added, "channels + out_channels instead of their product, in dense and pointwise"),
        ("dense only", dense_only, "one number is returned, the dense count; the separable one is missing"),
        ("three counts", three_counts, "three numbers: the depthwise and the pointwise part are not added"),
        (
            "kernel 1 is pointwise",
            kernel_one_is_pointwise,
            "for kernel 1 the depthwise part is left out of the separable count",
        ),
        ("in words", in_words, "strings are returned, not numbers"),
        (
            "pointwise with taps",
            pointwise_with_taps,
            "the pointwise part is multiplied by kernel squared, as though it were dense",
        ),
        (
            "multiplications and additions",
            multiplies_and_adds,
            "multiplications plus additions (one addition less per sum) instead of multiply-adds: nearly twice as many",
        ),
        (
            "exchanged, not squared",
            exchanged_not_squared,
            "two mistakes: the order is wrong, and kernel stands instead of kernel squared",
        ),
        ("right, an exact ratio", exact_ratio, None),
        ("right, dense divided", dense_divided, None),
        ("right, NumPy's numbers", numpy_numbers, None),
        ("right, as grouped convolutions", grouped, None),
        ("right, named", named, None),
        ("right, powers and sums", dot_product, None),
    ]
]
