"""An exercise on dense convolution with loops."""

import numpy as np

from minimix import reference
from minimix.course.checking import slips
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered, in_another_order, numbers
from minimix.course.checking.report import Report
from minimix.course.checking.sliding import dense_product, sliding
from minimix.course.exercises import drawn_layers, drawn_numbers, features, rare_convolutions
from minimix.course.ways import layers


def _conv(x, weight, stride, padding):
    return reference.conv2d(x, weight, None, stride, padding)


def _pictures(rng):
    for n, c, o, h, w, k, s, p in [
        (1, 1, 1, 1, 2, 1, 1, 0), (1, 1, 1, 2, 2, 2, 1, 0), (1, 1, 1, 3, 3, 2, 1, 0), (1, 1, 1, 3, 3, 3, 1, 0),
        (1, 1, 1, 2, 3, 1, 2, 0), (1, 2, 1, 2, 2, 1, 1, 0), (1, 1, 2, 2, 2, 1, 1, 0), (2, 1, 1, 2, 2, 1, 1, 0),
        (1, 1, 1, 2, 2, 1, 1, 1), (1, 1, 1, 3, 3, 3, 1, 1), (1, 1, 1, 3, 4, 2, 1, 0), (1, 1, 1, 4, 3, 3, 1, 1),
        (1, 1, 1, 4, 4, 2, 2, 0), (1, 1, 1, 5, 5, 3, 2, 0), (1, 1, 1, 5, 4, 3, 2, 1), (1, 2, 2, 3, 3, 2, 1, 0),
        (1, 2, 3, 4, 3, 2, 1, 1), (1, 3, 2, 5, 5, 3, 2, 1), (2, 1, 1, 4, 4, 3, 1, 1), (2, 2, 2, 4, 5, 3, 1, 1),
        (2, 3, 2, 5, 5, 3, 2, 1), (1, 1, 1, 7, 6, 3, 3, 1), (1, 1, 1, 7, 7, 2, 2, 2), (2, 3, 4, 6, 7, 3, 2, 2),
        (1, 2, 1, 3, 5, 1, 3, 1), (1, 1, 1, 6, 5, 2, 3, 0), (1, 2, 2, 8, 9, 2, 4, 1), (1, 1, 2, 5, 7, 1, 2, 0),
        (3, 2, 2, 4, 4, 4, 1, 1), (1, 3, 3, 6, 3, 4, 2, 2), (2, 2, 3, 3, 3, 3, 1, 2), (1, 1, 1, 3, 3, 5, 1, 2),
        (1, 1, 1, 2, 6, 3, 1, 3), (3, 1, 2, 5, 5, 4, 3, 0),
        (1, 1, 1, 7, 12, 2, 5, 0), (1, 1, 1, 2, 2, 7, 1, 4), (1, 5, 6, 2, 2, 1, 1, 0), (5, 1, 1, 2, 2, 2, 1, 0),
    ]:  # fmt: skip
        x, weight = numbers(rng, n, c, h, w), numbers(rng, o, c, k, k)
        yield {"x": x, "weight": weight, "stride": s, "padding": p}
        if (n, c) in ((3, 2), (2, 3)):  # once more, in another order
            yield {"x": in_another_order(x[::-1]), "weight": in_another_order(weight), "stride": s, "padding": p}
    for n, c, o, h, w, k, s, p in [
        (1, 1, 1, 3, 3, 2, 1, 0),
        (2, 2, 3, 5, 4, 3, 2, 1),
    ]:  # numbers that half precision does not hold
        yield {"x": rng.normal(size=(n, c, h, w)), "weight": rng.normal(size=(o, c, k, k)), "stride": s, "padding": p}


def _broad(rng):
    for found in drawn_layers.pictures(rng, 60):
        n, c, o, h, w, k, s, p, _ = found.values()
        x, weight = drawn_numbers.two_arrays(rng, (n, c, h, w), (o, c, k, k))
        yield {"x": x, "weight": weight, "stride": s, "padding": p}
    yield from drawn_numbers.otherwise(list(_pictures(rng)), "x", "weight")
    for n, k in ((2, 2), (3, 3), (4, 1)):  # all axes equally long
        yield {"x": numbers(rng, n, n, n, n), "weight": numbers(rng, 3, n, k, k), "stride": 1, "padding": n % 2}
    case = {"x": numbers(rng, 1, 2, 5, 4), "weight": numbers(rng, 3, 2, 3, 3), "stride": 2, "padding": 1}
    yield from drawn_numbers.one_other(case, stride=(1, 3), padding=(0, 2))
    yield {"x": rng.normal(size=(1, 2, 24, 23)), "weight": rng.normal(size=(3, 2, 2, 2)), "stride": 4, "padding": 1}


_built = sliding(dense_product)


def _flattened(windows_axes: tuple, weight_axes: tuple):
    """A matrix product of windows and weights whose taps are in these orders."""

    def product(windows, weight):
        rows = windows.transpose(0, 2, 3, *windows_axes)
        columns = weight.transpose(0, *weight_axes)
        return np.tensordot(rows.reshape(*rows.shape[:3], -1), columns.reshape(len(columns), -1), ([3], [1])).transpose(
            0, 3, 1, 2
        )

    return product


def _output_padded(x, weight, stride, padding):
    inner = reference.conv2d(x, weight, None, stride, 0)
    return np.pad(inner, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


_altered = altered(_built)
_CHANNELS = "A dense convolution adds up what all channels of x give, each with its own part of the kernel."

CONV2D = Exercise(
    "conv2d",
    _conv,
    _pictures,
    (
        *(
            _altered(name, explanation, **parts)
            for slip in (slips.KERNELS, slips.STRIDES, slips.BORDERS, slips.COUNTS, slips.TAPS, slips.MIXED, slips.RESULTS)
            for name, explanation, parts in slip
        ),
        _altered(
            "only the last product is kept",
            "Each output is a single product, the one of the last channel's last tap, where it should be a sum of all. Look at "
            "the line in the innermost loop: does it add?",
            product=lambda windows, weight: dense_product(windows[:, -1:, ..., -1:, -1:], weight[:, -1:, -1:, -1:]),
        ),
        _altered(
            "only the first input channel",
            f"Each output is a sum over the first channel of x only. {_CHANNELS}",
            product=lambda windows, weight: dense_product(windows[:, :1], weight[:, :1]),
        ),
        _altered(
            "only the last input channel",
            f"Each output is a sum over the last channel of x only. {_CHANNELS}",
            product=lambda windows, weight: dense_product(windows[:, -1:], weight[:, -1:]),
        ),
        _altered(
            "the last input channel left out",
            f"The last channel of x gives nothing. {_CHANNELS}",
            product=lambda windows, weight: dense_product(windows[:, :-1], weight[:, :-1]),
        ),
        _altered(
            "the first channel's kernel for all input channels",
            f"All input channels meet the first one's part of the kernel. {_CHANNELS}",
            kernels=lambda weight: np.repeat(weight[:, :1], weight.shape[1], axis=1),
        ),
        _altered(
            "input channels in reverse order",
            f"The first channel of x meets the last channel's part of the kernel, and so on backwards. {_CHANNELS}",
            kernels=lambda weight: weight[:, ::-1],
        ),
        _altered(
            "each channel with the kernels of all",
            f"The sum of all channels meets the sum of their kernels. {_CHANNELS}",
            product=lambda windows, weight: dense_product(
                windows.sum(axis=1, keepdims=True), weight.sum(axis=1, keepdims=True)
            ),
        ),
        _altered(
            "averaged over the input channels",
            f"The sum is divided by the number of channels. {_CHANNELS}",
            scale=lambda weight: 1 / weight.shape[1],
        ),
        _altered(
            "channels multiplied",
            f"What the channels give is multiplied. {_CHANNELS}",
            product=lambda windows, weight: np.einsum("ncyzij,ocij->nocyz", windows, weight).prod(axis=2),
        ),
        _altered(
            "the largest product instead of the sum",
            "Each output is the largest of the products in its window. It should be their sum.",
            product=lambda windows, weight: np.stack(
                [(windows * kernel[:, None, None]).max(axis=(1, 4, 5)) for kernel in weight], axis=1
            ),
        ),
        _altered(
            "taps flattened as (K, K, C) in windows, (C, K, K) in kernels",
            "Windows and kernels are made into rows, the one in the order (K, K, C), the other in the order (C, K, K): numbers "
            "meet that do not belong together.",
            product=_flattened((4, 5, 1), (1, 2, 3)),
        ),
        _altered(
            "taps flattened as (C, K, K) in windows, (K, K, C) in kernels",
            "Windows and kernels are made into rows, the one in the order (C, K, K), the other in the order (K, K, C): numbers "
            "meet that do not belong together.",
            product=_flattened((1, 4, 5), (2, 3, 1)),
        ),
        _altered(
            "only the first output channel",
            "Only the first output channel is computed, the others stay 0. The weight's first axis counts them.",
            product=lambda windows, weight: dense_product(windows, weight) * (np.arange(len(weight)) < 1)[:, None, None],
        ),
        _altered(
            "only the last output channel",
            "Only the last output channel is computed, the others stay 0. The weight's first axis counts them.",
            product=lambda windows, weight: (
                dense_product(windows, weight) * (np.arange(len(weight)) == len(weight) - 1)[:, None, None]
            ),
        ),
        _altered(
            "the first kernel for all output channels",
            "All output channels get the first kernel. The weight's first axis counts them.",
            product=lambda windows, weight: dense_product(windows, np.repeat(weight[:1], len(weight), axis=0)),
        ),
        _altered(
            "output channels in reverse order",
            "The output channels are in reverse order. The weight's first axis counts them.",
            product=lambda windows, weight: dense_product(windows, weight[::-1]),
        ),
        _altered(
            "output channels added up",
            "The result has a single channel, the sum of all. Each kernel, weight[o], gives a channel of its own.",
            product=lambda windows, weight: dense_product(windows, weight).sum(axis=1, keepdims=True),
        ),
        _altered(
            "as many output channels as input channels",
            "The result has as many channels as x. The weight's first axis says how many there should be.",
            product=lambda windows, weight: dense_product(windows, weight[np.arange(windows.shape[1])]),
        ),
        _altered(
            "input and output channels exchanged",
            "The weight's first two axes have changed places: its shape is (output channels, input channels, K, K).",
            product=lambda windows, weight: dense_product(windows, weight.swapaxes(0, 1)),
        ),
        _altered(
            "depthwise instead of dense",
            f"Each channel of x meets a kernel by itself. {_CHANNELS}",
            product=lambda windows, weight: np.einsum("ncyzij,cij->ncyz", windows, weight[:, 0]),
        ),
        Mistake(
            *slips.BORDER_LEFT_ZERO,
            lambda x, w, s, p: slips.inside_only(x, w, s, p, _conv(x, w, s, p)),
        ),
        Mistake(
            "the output padded, not the picture",
            "The zeros are put around the result. They belong around the image, before the windows are looked at.",
            _output_padded,
        ),
        *rare_convolutions.CONV2D,
    ),
    built=_built,
    features=features.values("x", "weight"),
    broad=_broad,
    ways=(
        layers.conv2d_places,
        layers.conv2d_taps,
    ),
)


def check_conv2d(function) -> Report:
    """Check f(x, weight, stride, padding) -> the dense convolution of x (N, C, H, W) with weight (C_out, C, K, K).

    padding: rows and columns of zeros on each side. The kernel is not flipped, and fits into the padded image. Returns
    an array (N, C_out, OH, OW) of floats; nested lists will do.

    >>> from minimix import reference
    >>> check_conv2d(lambda x, weight, stride, padding: reference.conv2d(x, weight, None, stride, padding)).passed
    True
    >>> check_conv2d(lambda x, weight, *others: reference.conv2d(x, weight[..., ::-1, ::-1], None, *others)).mistake
    'kernel flipped'
    """
    return check(CONV2D, function)
