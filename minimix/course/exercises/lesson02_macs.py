"""An exercise on what separating a convolution saves."""

from minimix import nn
from minimix.costs import profile
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.report import Report


def _separable_macs(height, width, channels, out_channels, kernel):
    def macs(layer):
        return profile(layer, (1, channels, height, width)).macs

    dense = nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2, bias=False)
    separate = nn.Sequential(nn.DepthwiseConv2d(channels, kernel), nn.PointwiseConv2d(channels, out_channels, bias=False))
    return {"dense": macs(dense), "separable": macs(separate)}


def _layers(rng):
    rows = [
        (1, 1, 1, 1, 1), (1, 2, 1, 1, 1), (2, 3, 1, 1, 3), (3, 2, 2, 1, 1), (3, 2, 1, 2, 1), (2, 2, 2, 3, 3),
        (4, 3, 3, 2, 3), (5, 5, 4, 4, 3), (6, 4, 2, 8, 5), (7, 7, 8, 2, 5), (8, 6, 5, 7, 7), (14, 14, 16, 32, 3),
        (28, 28, 24, 40, 5), (7, 9, 96, 24, 9), (112, 112, 32, 64, 3),
    ]  # fmt: skip
    return [dict(zip(("height", "width", "channels", "out_channels", "kernel"), row, strict=True)) for row in rows]


def _altered(change):
    """A mistake that changes (standard, depthwise, pointwise) of the formula, given (H, W, C, C_out, K)."""
    return lambda h, w, c, o, k: change(h, w, c, o, k, h * w * c * o * k * k, h * w * c * k * k, h * w * c * o)


SEPARABLE_MACS = Exercise(
    "separable_macs",
    _separable_macs,
    _layers,
    (
        Mistake(
            "kernel not squared",
            "A kernel of size K counts K multiply-adds instead of K * K. How many taps are there in a 3x3 kernel?",
            lambda h, w, c, o, k: (h * w * c * o * k, h * w * c * k + h * w * c * o),
        ),
        Mistake(
            "pointwise part left out",
            "Of the separable layer only the depthwise half is counted. What mixes the channels afterwards?",
            _altered(lambda h, w, c, o, k, standard, depth, point: (standard, depth)),
        ),
        Mistake(
            "depthwise part left out",
            "Of the separable layer only the 1x1 half is counted. What looks at neighbouring pixels before it?",
            _altered(lambda h, w, c, o, k, standard, depth, point: (standard, point)),
        ),
        Mistake(
            "depthwise counted as dense",
            "The depthwise half counts each pair of channels. How many channels does each of its kernels look at?",
            _altered(lambda h, w, c, o, k, standard, depth, point: (standard, depth * c + point)),
        ),
        Mistake(
            "depthwise part with the output's channels",
            "The depthwise half runs before the number of channels changes. How many kernels does it have?",
            _altered(lambda h, w, c, o, k, standard, depth, point: (standard, h * w * o * k * k + point)),
        ),
        Mistake(
            "parts multiplied instead of added",
            "The two halves run one after the other: their costs are not multiplied.",
            _altered(lambda h, w, c, o, k, standard, depth, point: (standard, depth * point)),
        ),
        Mistake(
            "pointwise part with a large kernel",
            "The pointwise half counts K * K taps. How large is its kernel?",
            _altered(lambda h, w, c, o, k, standard, depth, point: (standard, depth + standard)),
        ),
        Mistake(
            "weights counted instead of multiply-adds",
            "These are the numbers of weights. Each of them is used once for every pixel of the output.",
            lambda h, w, c, o, k: (c * o * k * k, c * k * k + c * o),
        ),
        Mistake(
            "multiplications and additions counted apart",
            "Everything is twice too much. A multiplication with its addition counts as one here (the literature has both "
            "habits).",
            _altered(lambda h, w, c, o, k, standard, depth, point: (2 * standard, 2 * (depth + point))),
        ),
        Mistake(
            "height used for the width",
            "The height counts twice and the width not at all. Try an image that is not square.",
            lambda h, w, c, o, k: (h * h * c * o * k * k, h * h * (c * k * k + c * o)),
        ),
        Mistake(
            "border not padded",
            "The windows are counted as if none could reach over the border. Here the output is as large as the input.",
            lambda h, w, c, o, k: (
                max(0, h - k + 1) * max(0, w - k + 1) * c * o * k * k,
                max(0, h - k + 1) * max(0, w - k + 1) * (c * k * k + c * o),
            ),
        ),
        Mistake(
            "results in the other order",
            "The two numbers have changed places: (dense, separable) is wanted.",
            _altered(lambda h, w, c, o, k, standard, depth, point: (depth + point, standard)),
        ),
        Mistake(
            "one input channel",
            "The dense convolution counts a single input channel. Each of its outputs adds up all of them.",
            _altered(lambda h, w, c, o, k, standard, depth, point: (standard // c, depth + point)),
        ),
    ),
)


def check_separable_macs(function) -> Report:
    """Check f(height, width, channels, out_channels, kernel) -> (dense, separable), multiply-adds of one image.

    dense: a convolution with a kernel x kernel window; separable: a depthwise one with the same window, then a 1x1
    convolution. Both have stride 1 and enough padding for an output of height x width, and no bias.

    >>> check_separable_macs(lambda h, w, c, o, k: (h * w * c * o * k**2, h * w * c * k**2 + h * w * c * o)).passed
    True
    """
    return check(SEPARABLE_MACS, function)
