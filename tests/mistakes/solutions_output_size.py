"""What learners write for the number of places of a window: wrong ones, and right ones that look odd."""

import math

import numpy as np
from corpus import Solution


def without_first(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride


def padding_once(size, kernel, stride, padding, dilation):
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


def dilation_ignored(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - kernel) // stride + 1


def stride_ignored(size, kernel, stride, padding, dilation):
    places = 0
    while places + dilation * (kernel - 1) < size + 2 * padding:
        places += 1
    return places


def dilation_times_kernel(size, kernel, stride, padding, dilation):
    covered = dilation * kernel
    return (size + 2 * padding - covered) // stride + 1


def rounded_up(size, kernel, stride, padding, dilation):
    return math.ceil((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


def rounded_to_nearest(size, kernel, stride, padding, dilation):
    return round((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


def true_division(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1


def one_inside(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride


def divided_apart(size, kernel, stride, padding, dilation):
    return size // stride + 2 * padding // stride - (dilation * (kernel - 1) + 1) // stride + 1


def as_if_same(size, kernel, stride, padding, dilation):
    return -(-size // stride)


def dilation_added(size, kernel, stride, padding, dilation):
    covered = kernel + dilation - 1
    return (size + 2 * padding - covered) // stride + 1


def first_tap_forgotten(size, kernel, stride, padding, dilation):
    covered = dilation * (kernel - 1)
    return (size + 2 * padding - covered) // stride + 1


def gaps_only(size, kernel, stride, padding, dilation):
    gaps = (dilation - 1) * (kernel - 1)
    return (size + 2 * padding - gaps - 1) // stride + 1


def precedence(size, kernel, stride, padding, dilation):
    return size + 2 * padding - dilation * (kernel - 1) - 1 // stride + 1


def last_place_missed(size, kernel, stride, padding, dilation):
    total, covered = size + 2 * padding, dilation * (kernel - 1) + 1
    places, start = 0, 0
    while start + covered < total:
        places += 1
        start += stride
    return places


def all_starts(size, kernel, stride, padding, dilation):
    return len(range(0, size + 2 * padding, stride))


def padding_dilated(size, kernel, stride, padding, dilation):
    return (size + 2 * padding * dilation - dilation * (kernel - 1) - 1) // stride + 1


def dilation_for_strides_only(size, kernel, stride, padding, dilation):
    if stride == 1:
        return size + 2 * padding - kernel + 1
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def both_axes(size, kernel, stride, padding, dilation):
    places = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    return places, places


def list_of_starts(size, kernel, stride, padding, dilation):
    return list(range(0, size + 2 * padding - dilation * (kernel - 1), stride))


def exact_fit_only(size, kernel, stride, padding, dilation):
    total, covered = size + 2 * padding, dilation * (kernel - 1) + 1
    for place in range(total):
        if place * stride + covered == total:
            return place + 1


def last_start(size, kernel, stride, padding, dilation):
    starts = range(0, size + 2 * padding - dilation * (kernel - 1), stride)
    return starts[-1] + 1


def odd_kernels_only(size, kernel, stride, padding, dilation):
    reach = dilation * (kernel // 2)
    return (size + 2 * padding - 2 * reach - 1) // stride + 1


def stride_at_most_covered(size, kernel, stride, padding, dilation):
    covered = dilation * (kernel - 1) + 1
    return (size + 2 * padding - covered) // min(stride, covered) + 1


def kernel_one_shortcut(size, kernel, stride, padding, dilation):
    if kernel == 1:
        return size
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def partly_on_the_picture(size, kernel, stride, padding, dilation):
    spread = np.zeros(dilation * (kernel - 1) + 1)
    spread[::dilation] = 1
    return len(np.convolve(np.zeros(size + 2 * padding), spread, "full")[::stride])


def stride_and_dilation_exchanged(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - stride * (kernel - 1) - 1) // dilation + 1


def padding_once_without_first(size, kernel, stride, padding, dilation):
    return (size + padding - dilation * (kernel - 1) - 1) // stride


def padding_in_windows(size, kernel, stride, padding, dilation):
    inside = (size - dilation * (kernel - 1) - 1) // stride + 1
    return inside + 2 * (padding // stride)


# right


def counted(size, kernel, stride, padding, dilation):
    total, places, start = size + 2 * padding, 0, 0
    while start + dilation * (kernel - 1) < total:
        places, start = places + 1, start + stride
    return places


def length_of_range(size, kernel, stride, padding, dilation):
    return len(range(0, size + 2 * padding - dilation * (kernel - 1), stride))


def one_stride_more(size, kernel, stride, padding, dilation):
    return (size + padding + padding - dilation * kernel + dilation - 1 + stride) // stride


def measured(size, kernel, stride, padding, dilation):
    axis = np.pad(np.zeros(size), padding)
    return np.lib.stride_tricks.sliding_window_view(axis, dilation * (kernel - 1) + 1)[::stride].shape[0]


def numpy_whole_numbers(size, kernel, stride, padding, dilation):
    free = np.int64(size) + 2 * np.int64(padding) - np.int64(dilation) * (np.int64(kernel) - 1) - 1
    return np.floor_divide(free, stride) + 1


def bisected(size, kernel, stride, padding, dilation):
    def fits(place):
        return place * stride + dilation * (kernel - 1) < size + 2 * padding

    low, high = 0, size + 2 * padding  # the first fits, the last does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return high


SOLUTIONS = [
    Solution("output_size", f"output_size: {name}", function, truth)
    for name, function, truth in [
        ("without the first", without_first, "the + 1 after the division is forgotten: one too few"),
        ("padding once", padding_once, "padding is added once, not on both sides"),
        ("dilation ignored", dilation_ignored, "dilation is ignored: the kernel is taken to cover kernel pixels"),
        ("stride ignored", stride_ignored, "stride is ignored: the places of stride 1 are counted"),
        (
            "dilation times kernel",
            dilation_times_kernel,
            "the kernel is taken to cover dilation * kernel pixels: dilation - 1 too many",
        ),
        ("rounded up", rounded_up, "rounds up: a window that does not fit entirely counts"),
        ("rounded to nearest", rounded_to_nearest, "rounds to the nearest whole number, not down"),
        ("true division", true_division, "/ instead of //: not rounded down, and a float"),
        ("one inside", one_inside, "the + 1 stands before the division by the stride: wrong unless the stride is 1 or fits"),
        ("divided apart", divided_apart, "size, padding and kernel are divided by the stride, and rounded, each by itself"),
        ("as if same", as_if_same, "size / stride, rounded up: right for padding 'same' only, kernel and padding are ignored"),
        ("dilation added", dilation_added, "the kernel is taken to cover kernel + dilation - 1 pixels"),
        (
            "first tap forgotten",
            first_tap_forgotten,
            "the kernel is taken to cover dilation * (kernel - 1) pixels: one too few",
        ),
        (
            "gaps only",
            gaps_only,
            "only the pixels between the taps are counted, (dilation - 1) * (kernel - 1), in place of dilation * (kernel - 1)",
        ),
        ("precedence", precedence, "only 1 is divided by the stride: parentheses are missing"),
        ("last place missed", last_place_missed, "< instead of <=: the last window is missed if it ends at the last pixel"),
        (
            "all starts",
            all_starts,
            "counts all starts, though windows there reach over the end: kernel and dilation are ignored",
        ),
        ("padding dilated", padding_dilated, "padding is multiplied by the dilation"),
        ("dilation for strides only", dilation_for_strides_only, "for stride 1, and only there, dilation is ignored"),
        ("both axes", both_axes, "a tuple of two numbers is returned, not one number"),
        ("list of starts", list_of_starts, "the list of the places is returned, not how many there are"),
        ("exact fit only", exact_fit_only, "None is returned if the last window does not end at the last pixel"),
        ("last start", last_start, "the pixel at which the last window begins, plus 1: right for stride 1 only"),
        ("odd kernels only", odd_kernels_only, "kernel // 2 on both sides: an even kernel is taken to be one larger"),
        (
            "stride at most covered",
            stride_at_most_covered,
            "a stride larger than what the kernel covers is replaced by that",
        ),
        ("kernel one shortcut", kernel_one_shortcut, "for kernel 1, size is returned: stride and padding are ignored there"),
        ("partly on the picture", partly_on_the_picture, "windows that lie on the picture only in part are counted, too"),
        ("stride and dilation exchanged", stride_and_dilation_exchanged, "stride and dilation are exchanged"),
        (
            "padding once, without the first",
            padding_once_without_first,
            "two mistakes: padding is added once instead of twice, and the + 1 is forgotten",
        ),
        (
            "padding counted in windows",
            padding_in_windows,
            "places in the padding, padding // stride at each end, are added to those on the bare picture, rounded apart",
        ),
        ("right, counted", counted, None),
        ("right, the length of a range", length_of_range, None),
        ("right, one stride more before the division", one_stride_more, None),
        ("right, measured", measured, None),
        ("right, NumPy's whole numbers", numpy_whole_numbers, None),
        ("right, bisected", bisected, None),
    ]
]
