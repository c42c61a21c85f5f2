"""An exercise on depthwise convolution."""

import numpy as np

from minimix import reference
from minimix.course.checking import slips
from minimix.course.checking.channels import CHANNELS
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered, in_another_order, numbers
from minimix.course.checking.report import Report
from minimix.course.checking.sliding import depthwise_product, sliding
from minimix.course.exercises import drawn_layers, drawn_numbers, features, rare_convolutions
from minimix.course.ways import layers


def _depthwise(x, weight, stride, padding):
    return reference.depthwise_conv2d(x, weight, stride, padding)


def _pictures(rng):
    for n, c, h, w, k, s, p in [
        (1, 1, 1, 2, 1, 1, 0), (1, 1, 2, 2, 2, 1, 0), (1, 1, 3, 3, 2, 1, 0), (1, 2, 1, 2, 1, 1, 0), (1, 3, 1, 1, 1, 1, 0),
        (2, 1, 1, 2, 1, 1, 0), (1, 1, 3, 3, 1, 2, 0), (1, 1, 2, 2, 1, 1, 1), (1, 1, 3, 3, 3, 1, 1), (1, 1, 3, 4, 2, 1, 0),
        (1, 1, 4, 3, 3, 1, 1), (1, 1, 4, 4, 2, 2, 0), (1, 1, 5, 5, 3, 2, 0), (1, 1, 5, 4, 3, 2, 1), (1, 2, 3, 3, 2, 1, 0),
        (1, 3, 3, 3, 3, 1, 1), (2, 1, 4, 4, 3, 1, 1), (2, 2, 4, 5, 3, 1, 1), (2, 3, 5, 5, 3, 2, 1), (1, 1, 7, 6, 3, 3, 1),
        (1, 2, 7, 7, 5, 2, 2), (2, 4, 6, 7, 3, 2, 2), (1, 2, 3, 5, 1, 3, 1), (1, 1, 6, 5, 2, 3, 0), (1, 2, 8, 9, 2, 4, 1),
        (1, 3, 3, 3, 1, 1, 0), (1, 3, 5, 5, 3, 1, 0), (2, 3, 4, 4, 2, 1, 0), (3, 2, 4, 4, 4, 1, 1), (1, 3, 6, 3, 4, 2, 2),
        (2, 2, 3, 3, 3, 1, 2), (1, 1, 3, 3, 5, 1, 2), (1, 1, 2, 6, 3, 1, 3), (3, 1, 5, 5, 4, 3, 0), (3, 3, 3, 2, 1, 1, 0),
        (4, 2, 3, 3, 2, 1, 0),
        (1, 1, 7, 12, 2, 5, 0), (1, 1, 2, 2, 7, 1, 4), (1, 6, 2, 2, 1, 1, 0), (5, 1, 2, 2, 2, 1, 0),
    ]:  # fmt: skip
        x, weight = numbers(rng, n, c, h, w), numbers(rng, c, 1, k, k)
        yield {"x": x, "weight": weight, "stride": s, "padding": p}
        if (n, c) in ((3, 2), (2, 3)):  # once more, in another order
            yield {"x": in_another_order(x[::-1]), "weight": in_another_order(weight), "stride": s, "padding": p}
    for n, c, h, w, k, s, p in [(1, 1, 3, 3, 2, 1, 0), (2, 3, 5, 4, 3, 2, 1)]:  # numbers that half precision does not hold
        yield {"x": rng.normal(size=(n, c, h, w)), "weight": rng.normal(size=(c, 1, k, k)), "stride": s, "padding": p}


def _broad(rng):
    for found in drawn_layers.pictures(rng, 60):
        n, c, _, h, w, k, s, p, _ = found.values()
        x, weight = drawn_numbers.two_arrays(rng, (n, c, h, w), (c, 1, k, k))
        yield {"x": x, "weight": weight, "stride": s, "padding": p}
    yield from drawn_numbers.otherwise(list(_pictures(rng)), "x", "weight")
    for n, k in ((2, 2), (3, 3), (4, 1)):  # all axes equally long
        yield {"x": numbers(rng, n, n, n, n), "weight": numbers(rng, n, 1, k, k), "stride": 1, "padding": n % 2}
    case = {"x": numbers(rng, 1, 2, 5, 4), "weight": numbers(rng, 2, 1, 3, 3), "stride": 2, "padding": 1}
    yield from drawn_numbers.one_other(case, stride=(1, 3), padding=(0, 2))
    yield {"x": rng.normal(size=(1, 2, 24, 23)), "weight": rng.normal(size=(2, 1, 2, 2)), "stride": 4, "padding": 1}


_built = sliding(depthwise_product)


def _first_tap_alone(x, weight, stride, padding):
    """K read from the axis of length 1."""
    return _built()(x, weight[..., :1, :1], stride, padding)


def _output_padded(x, weight, stride, padding):
    inner = _built()(x, weight, stride, 0)
    return np.pad(inner, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def _slice_spoilt(x, weight, stride, padding):
    """Slices are views: multiplied in place, later taps find the products."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    k = weight.shape[-1]
    rows, columns = ((n - k) // stride + 1 for n in padded.shape[2:])
    out = np.zeros((*x.shape[:2], rows, columns))
    for i, j in np.ndindex(k, k):
        seen = padded[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
        seen *= weight[:, 0, i, j, None, None]
        out += seen
    return out


_altered = altered(_built)

DEPTHWISE_CONV2D = Exercise(
    "depthwise_conv2d",
    _depthwise,
    _pictures,
    (
        *(
            _altered(name, explanation, **parts)
            for slip in (
                slips.KERNELS,
                slips.STRIDES,
                slips.BORDERS,
                slips.COUNTS,
                slips.TAPS,
                slips.MIXED,
                slips.RESULTS,
                CHANNELS,
            )
            for name, explanation, parts in slip
            if name != "divided by the number of taps"  # the mean
        ),
        Mistake(
            "K read from the axis of length 1",
            "The kernel is taken for 1 x 1, its top left tap: K is read from weight.shape[1], which is 1. K is the last axis.",
            _first_tap_alone,
        ),
        Mistake(
            "the padded image changed while it is read",
            "A slice of the padded image is multiplied in place. It is a view: later taps find products where pixels should "
            "be. Multiply into a new array.",
            _slice_spoilt,
        ),
        Mistake(
            *slips.BORDER_LEFT_ZERO,
            lambda x, w, s, p: slips.inside_only(x, w, s, p, _depthwise(x, w, s, p)),
        ),
        Mistake(
            "the output padded, not the picture",
            "The zeros are put around the result. They belong around the image, before the windows are looked at.",
            _output_padded,
        ),
        *rare_convolutions.DEPTHWISE_CONV2D,
    ),
    built=_built,
    features=features.values("x", "weight"),
    broad=_broad,
    ways=(
        layers.depthwise_conv2d_places,
        layers.depthwise_conv2d_taps,
        layers.depthwise_conv2d_slices,
    ),
)


def check_depthwise_conv2d(function) -> Report:
    """Check f(x, weight, stride, padding) -> the depthwise convolution of x (N, C, H, W) with weight (C, 1, K, K).

    padding: rows and columns of zeros on each side. The kernel is not flipped, and fits into the padded image. Returns
    an array (N, C, OH, OW) of floats; nested lists will do.

    >>> from minimix import reference
    >>> check_depthwise_conv2d(reference.depthwise_conv2d).passed
    True
    """
    return check(DEPTHWISE_CONV2D, function)
