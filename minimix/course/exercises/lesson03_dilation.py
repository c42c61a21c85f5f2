"""An exercise on dilated convolution."""

import numpy as np

from minimix import reference
from minimix.course.checking import alterations as alt
from minimix.course.checking import slips
from minimix.course.checking.channels import CHANNELS
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered, in_another_order, numbers
from minimix.course.checking.report import Report
from minimix.course.checking.sliding import depthwise_product, sliding
from minimix.course.exercises import drawn_layers, drawn_numbers, features, rare_convolutions
from minimix.course.ways import layers


def _dilated(x, weight, dilation, padding="same", stride=1):
    return reference.depthwise_conv2d(x, weight, stride, padding, dilation)


def _pictures(rng):
    for n, c, h, w, k, d in [
        (1, 1, 1, 2, 1, 1), (1, 2, 1, 1, 1, 1), (1, 3, 1, 1, 1, 1), (2, 1, 1, 2, 1, 1), (1, 1, 2, 2, 3, 1),
        (1, 1, 3, 3, 3, 1), (1, 1, 3, 3, 3, 2), (1, 1, 3, 4, 3, 1), (1, 1, 4, 3, 3, 2), (1, 1, 5, 5, 3, 2),
        (1, 1, 5, 4, 3, 3), (1, 2, 4, 4, 3, 2), (2, 1, 4, 4, 3, 2), (1, 1, 5, 5, 5, 1), (1, 1, 7, 7, 5, 2),
        (1, 3, 5, 6, 3, 2), (2, 2, 6, 5, 3, 3), (1, 1, 9, 9, 3, 4), (1, 2, 9, 8, 5, 2), (2, 3, 7, 7, 3, 2),
        (1, 1, 2, 2, 3, 3), (1, 1, 1, 1, 3, 2), (1, 1, 2, 3, 5, 3), (1, 2, 3, 2, 3, 5), (1, 1, 2, 3, 1, 2), (1, 2, 3, 3, 1, 3),
        (1, 3, 3, 3, 3, 1), (2, 3, 3, 3, 3, 2), (3, 2, 4, 4, 3, 2), (4, 2, 3, 3, 3, 1), (3, 3, 3, 2, 1, 1), (1, 1, 8, 7, 7, 1),
        (1, 1, 8, 6, 7, 2), (1, 2, 6, 8, 5, 1), (2, 1, 5, 7, 5, 3), (1, 1, 13, 2, 3, 6),
        (1, 1, 7, 8, 3, 5), (1, 5, 2, 3, 3, 1), (1, 1, 9, 2, 9, 1),
    ]:  # fmt: skip
        x, weight = numbers(rng, n, c, h, w), numbers(rng, c, 1, k, k)
        yield {"x": x, "weight": weight, "dilation": d}
        if (n, c) in ((3, 2), (2, 3)):  # once more, in another order
            yield {"x": in_another_order(x[::-1]), "weight": in_another_order(weight), "dilation": d}
    for n, c, h, w, k, d in [(1, 1, 3, 3, 3, 1), (2, 3, 5, 4, 3, 2)]:  # numbers that half precision does not hold
        yield {"x": rng.normal(size=(n, c, h, w)), "weight": rng.normal(size=(c, 1, k, k)), "dilation": d}


def _broad(rng):
    for found in drawn_layers.pictures(
        rng, 60, kernels=(1, 3, 5, 7), dilations=(1, 2, 3, 4, 5, 6), strides=(1,), paddings=(60,)
    ):
        n, c, _, h, w, k, _, _, d = found.values()
        x, weight = drawn_numbers.two_arrays(rng, (n, c, h, w), (c, 1, k, k))
        yield {"x": x, "weight": weight, "dilation": d}
    yield from drawn_numbers.otherwise(list(_pictures(rng)), "x", "weight")
    for n, k in ((2, 3), (3, 3), (4, 1)):  # all axes equally long
        yield {"x": numbers(rng, n, n, n, n), "weight": numbers(rng, n, 1, k, k), "dilation": 1 + n % 2}
    case = {"x": numbers(rng, 1, 2, 5, 4), "weight": numbers(rng, 2, 1, 3, 3), "dilation": 2}
    yield from drawn_numbers.one_other(case, dilation=(1, 3, 4))
    yield {"x": rng.normal(size=(1, 2, 24, 23)), "weight": rng.normal(size=(2, 1, 3, 3)), "dilation": 3}


_slid = sliding(depthwise_product, padding=lambda p, k, d: d * (k - 1) // 2)


def _built(spread=lambda d: d, **parts):
    slid = _slid(**parts)
    return lambda x, weight, dilation: slid(x, weight, 1, 0, spread(dilation))


def _features(case):
    reach, length = case["dilation"] * (case["weight"].shape[-1] - 1) // 2, min(case["x"].shape[2:])
    return features.values("x", "weight")(case) | {
        "the outermost tap reaches farther than the picture is long": reach > length,
        "the outermost tap reaches as far as the picture is long, or farther": reach >= length,
        "the kernel covers more than the picture": 2 * reach + 1 > length,
        "the kernel is larger than 1 and spread": reach > 1 and case["dilation"] > 1,
    }


def _border_left_zero(x, weight, dilation):
    inner = _built(border=lambda p, k, d: (0, 0, 0, 0))(x, weight, dilation)
    whole, wide = np.zeros(x.shape), dilation * (weight.shape[-1] - 1) // 2
    whole[:, :, wide : wide + inner.shape[2], wide : wide + inner.shape[3]] = inner
    return whole


def _cut_to_a_multiple(x, weight, dilation):
    """Rows and columns beyond a multiple of the dilation are neither seen nor written."""
    rows, columns = (n // dilation * dilation for n in x.shape[2:])
    whole = np.zeros(x.shape)
    if not rows or not columns:
        return whole
    whole[:, :, :rows, :columns] = _dilated(x[:, :, :rows, :columns], weight, dilation)
    return whole


_altered = altered(_built)
_SIDES = "How far does the kernel reach to each side of its middle?"
_SPREAD = "With dilation 1 taps are neighbours, with 2 there is one pixel between two of them."
_SAME_HERE = {  # as mistakes below, which say it better
    "taps around the window's corner", "divided by the number of taps", "padding of half the kernel", "twice the padding",
}  # fmt: skip

DILATED_CONV2D = Exercise(
    "dilated_conv2d",
    _dilated,
    _pictures,
    (
        _altered(*alt.DILATION_IGNORED, spread=lambda d: 1),
        *(
            _altered(name, explanation, **parts)
            for slip in (slips.KERNELS, slips.BORDERS, slips.TAPS, slips.MIXED, slips.RESULTS, CHANNELS)
            for name, explanation, parts in slip
            if name not in _SAME_HERE
        ),
        _altered(
            "padding of an undilated kernel",
            "The border is wide enough for neighbouring taps only, so that the result is too small. How far does the "
            "kernel reach now?",
            border=lambda p, k, d: ((k - 1) // 2,) * 4,
        ),
        _altered(
            "padding as wide as the dilation",
            "The border is d wide. That is right for kernels of 3, and for no others: how far is the outermost tap from "
            "the middle?",
            border=lambda p, k, d: (d,) * 4,
        ),
        _altered(
            "padding on each side as wide as the kernel's reach",
            "Each side gets all the zeros that both should share: the result is too large.",
            border=lambda p, k, d: (d * (k - 1),) * 4,
        ),
        _altered(
            "padding of d * K / 2",
            "The border is d * K // 2 wide on each side. The kernel reaches d * (K - 1) / 2 to each side of its middle.",
            border=lambda p, k, d: (d * k // 2,) * 4,
        ),
        _altered(
            "padding of d * K",
            f"The border is d * K wide. {_SIDES}",
            border=lambda p, k, d: (d * k,) * 4,
        ),
        _altered(
            "padding of K // 2 + d - 1",
            f"The border is K // 2 + d - 1 wide: the dilation is added once. {_SIDES}",
            border=lambda p, k, d: (k // 2 + d - 1,) * 4,
        ),
        _altered(
            "padding of K - 1",
            f"The border is K - 1 wide, whatever the dilation. {_SIDES}",
            border=lambda p, k, d: (k - 1,) * 4,
        ),
        _altered(
            "the padding's half in front, as for an undilated kernel",
            "The window begins where it would without a dilation: the taps are spread to the bottom and to the right only.",
            border=lambda p, k, d: (k // 2, 2 * p - k // 2, k // 2, 2 * p - k // 2),
        ),
        _altered(
            "d pixels between the taps",
            "Two neighbouring taps are d + 1 apart. With dilation 1 they should be neighbours: how many pixels lie between "
            "then?",
            spread=lambda d: d + 1,
        ),
        Mistake(
            "d pixels between the taps, padded for d",
            f"Two neighbouring taps are d + 1 apart, though the border is that of d. {_SPREAD}",
            lambda x, w, d: _dilated(x, w, d + 1, d * (w.shape[-1] - 1) // 2),
        ),
        Mistake(
            "d - 1 instead of d",
            f"The taps are d - 1 apart. {_SPREAD}",
            lambda x, w, d: _dilated(x, w, d - 1) if d > 1 else w[:, 0].sum(axis=(1, 2))[:, None, None] * x,
        ),
        _altered(
            "dilation taken for 2 at most",
            "Every dilation above 1 is taken for 2.",
            spread=lambda d: min(d, 2),
        ),
        _altered(
            "dilation squared",
            f"The taps are d * d apart. {_SPREAD}",
            spread=lambda d: d * d,
        ),
        _altered(
            "dilation doubled",
            f"The taps are 2 d apart. {_SPREAD}",
            spread=lambda d: 2 * d,
        ),
        _altered(
            "taps not spread, though the padding is for spread ones",
            "The border is that of the dilated kernel, but the taps are neighbours. Of the two indices that are added to find "
            "a pixel, the tap's is multiplied by the dilation.",
            down=lambda i, d, s, k: i, across=lambda i, d, s, k: i,
        ),
        _altered(
            "taps spread downwards only, though the padding is for both",
            "The taps are spread down, but not across. Try a kernel with a 1 in a corner.",
            across=lambda i, d, s, k: i,
        ),
        _altered(
            "taps spread across only, though the padding is for both",
            "The taps are spread across, but not down. Try a kernel with a 1 in a corner.",
            down=lambda i, d, s, k: i,
        ),
        Mistake(
            "dilation as a stride",
            "The window jumps and the taps stay together: the result is smaller than the image. Of the two indices that "
            "are added to find a pixel, which one counts taps?",
            lambda x, w, d: _dilated(x, w, 1, "same", d),
        ),
        Mistake(
            "dilation as a stride, too",
            "Only every d-th output is there: the window jumps by the dilation. The stride is 1, only the taps are spread.",
            lambda x, w, d: _dilated(x, w, d)[:, :, ::d, ::d],
        ),
        Mistake(
            "dilation only downwards",
            "The taps are spread down, but not across. Try a kernel with a 1 in a corner.",
            lambda x, w, d: _dilated(x, w, (d, 1)),
        ),
        Mistake(
            "dilation only across",
            "The taps are spread across, but not down. Try a kernel with a 1 in a corner.",
            lambda x, w, d: _dilated(x, w, (1, d)),
        ),
        Mistake(
            "taps repeated instead of spread",
            "The kernel is enlarged: each weight fills a square of d x d. Between two taps there should be nothing.",
            lambda x, w, d: _dilated(x, np.kron(w, np.ones((d, d))), 1),
        ),
        Mistake(
            *slips.BORDER_LEFT_ZERO,
            _border_left_zero,
        ),
        Mistake(
            "cut to a multiple of the dilation",
            "Rows and columns beyond a multiple of the dilation are not seen, and stay 0. The image may have any size.",
            _cut_to_a_multiple,
        ),
        *rare_convolutions.DILATED_CONV2D,
    ),
    built=_built,
    features=_features,
    broad=_broad,
    ways=(layers.dilated_conv2d_taps, layers.dilated_conv2d_places,),
)  # fmt: skip


def check_dilated_conv2d(function) -> Report:
    """Check f(x, weight, dilation) -> the dilated depthwise convolution of x (N, C, H, W) with weight (C, 1, K, K).

    K is odd and may reach further than x, the stride is 1, the kernel is not flipped, and there are as many zeros around x,
    half of them on each side, as it takes for a result of x's shape. Returns an array of floats; nested lists will do.

    >>> check_dilated_conv2d(lambda x, weight, dilation: x).passed
    False
    """
    return check(DILATED_CONV2D, function)
