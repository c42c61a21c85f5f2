"""Exercises on dense convolution: how large its output is, loops, windows."""

import numpy as np

from minimix import padding as paddings
from minimix import reference
from minimix.course.checking import alterations as alt
from minimix.course.checking.alterations import bordered, cut
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, numbers
from minimix.course.checking.report import Report

# -- the size of the output ------------------------------------------------------------------------------------------------


def _output_size(size, kernel, stride, padding, dilation):
    pair = ((padding, padding),) * 2
    return paddings.output_size((size, size), pair, (kernel, kernel), (stride, stride), (dilation, dilation))[0]


def _sizes(rng):
    rows = [
        (1, 1, 1, 0, 1), (3, 1, 1, 0, 1), (3, 2, 1, 0, 1), (4, 3, 1, 0, 1), (4, 1, 2, 0, 1), (5, 2, 2, 0, 1),
        (5, 3, 2, 0, 1), (3, 3, 1, 1, 1), (4, 3, 1, 1, 1), (4, 3, 2, 1, 1), (5, 3, 2, 1, 1), (6, 5, 1, 2, 1),
        (6, 4, 3, 1, 1), (7, 3, 1, 0, 2), (7, 3, 1, 2, 2), (8, 3, 2, 2, 2), (9, 3, 2, 2, 3), (9, 3, 3, 0, 2),
        (10, 5, 2, 1, 2), (11, 2, 4, 0, 3), (12, 4, 3, 3, 2), (32, 3, 2, 1, 1), (33, 5, 2, 2, 1), (28, 7, 1, 6, 2),
    ]  # fmt: skip
    return [dict(zip(("size", "kernel", "stride", "padding", "dilation"), row, strict=True)) for row in rows]


OUTPUT_SIZE = Exercise(
    "output_size",
    _output_size,
    _sizes,
    whole=True,
    mistakes=(
        Mistake(
            "padding ignored",
            "The result does not depend on the padding. The window slides over the image and its border.",
            lambda n, k, s, p, d: (n - d * (k - 1) - 1) // s + 1,
        ),
        Mistake(
            "padding counted once",
            "The padding makes the image longer by p only. On how many sides of the image are there zeros?",
            lambda n, k, s, p, d: (n + p - d * (k - 1) - 1) // s + 1,
        ),
        Mistake(
            "dilation ignored",
            "The kernel is taken for k pixels wide. With gaps between its taps it reaches further; draw one of 3 taps, 2 "
            "apart.",
            lambda n, k, s, p, d: (n + 2 * p - k) // s + 1,
        ),
        Mistake(
            "d * k instead of the kernel's reach",
            "The kernel is taken for d * k pixels wide. Draw 3 taps, 2 apart, and count the pixels from the first to the last.",
            lambda n, k, s, p, d: (n + 2 * p - d * k) // s + 1,
        ),
        Mistake(
            "dilation added instead of multiplied",
            "The dilation makes the kernel longer by d - 1 in all. But the gap comes back between any two neighbouring taps.",
            lambda n, k, s, p, d: (n + 2 * p - (k + d - 1)) // s + 1,
        ),
        Mistake(
            "stride ignored",
            "The result does not depend on the stride. The window jumps by s pixels each time.",
            lambda n, k, s, p, d: n + 2 * p - d * (k - 1),
        ),
        Mistake(
            "the first window is not counted",
            "The result is the number of steps. Before its first step the window already stands somewhere.",
            lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) // s,
        ),
        Mistake(
            "+ 1 before the division",
            "The 1 for the first window is added before dividing by the stride. Try 4 pixels, a kernel of 1 and stride 2.",
            lambda n, k, s, p, d: (n + 2 * p - d * (k - 1)) // s,
        ),
        Mistake(
            "one place too many",
            "The last window sticks out of the image by a pixel wherever the steps come out even. Where does it end?",
            lambda n, k, s, p, d: (n + 2 * p - d * (k - 1)) // s + 1,
        ),
        Mistake(
            "rounded up",
            "Where the steps do not come out even, a window too many is counted: it would stick out of the image.",
            lambda n, k, s, p, d: -(-(n + 2 * p - d * (k - 1) - 1) // s) + 1,
        ),
        Mistake(
            "not rounded",
            "There are fractions of windows. A window that does not fit entirely does not count at all.",
            lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) / s + 1,
        ),
        Mistake(
            "stride and dilation exchanged",
            "The stride spreads the kernel and the dilation divides. Which of them moves the window?",
            lambda n, k, s, p, d: (n + 2 * p - s * (k - 1) - 1) // d + 1,
        ),
        Mistake(
            "only the image is divided by the stride",
            "The kernel's reach is taken off after the division. First find how far the window can move, then divide.",
            lambda n, k, s, p, d: (n + 2 * p) // s - d * (k - 1),
        ),
        Mistake(
            "always as large as the image",
            "The result is ceil(size / stride), whatever kernel and padding are. So it is for one special padding only.",
            lambda n, k, s, p, d: -(-n // s),
        ),
    ),
)


def check_output_size(function) -> Report:
    """Check f(size, kernel, stride, padding, dilation) -> how many places a window has along one axis.

    All are whole numbers; padding: zeros on each side.

    >>> check_output_size(lambda size, kernel, stride, padding, dilation: size - kernel + 1).mistake
    >>> check_output_size(lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) // s).mistake
    'the first window is not counted'
    """
    return check(OUTPUT_SIZE, function)


# -- convolution -----------------------------------------------------------------------------------------------------------


def _conv(x, weight, stride=1, padding=0, dilation=1):
    return reference.conv2d(x, weight, None, stride, padding, dilation)


def _pictures(rng):
    for n, c, o, h, w, k, s, p in [
        (1, 1, 1, 1, 2, 1, 1, 0), (1, 1, 1, 2, 2, 2, 1, 0), (1, 1, 1, 3, 3, 2, 1, 0), (1, 1, 1, 3, 3, 3, 1, 0),
        (1, 1, 1, 2, 3, 1, 2, 0), (1, 2, 1, 2, 2, 1, 1, 0), (1, 1, 2, 2, 2, 1, 1, 0), (2, 1, 1, 2, 2, 1, 1, 0),
        (1, 1, 1, 2, 2, 1, 1, 1), (1, 1, 1, 3, 3, 3, 1, 1), (1, 1, 1, 3, 4, 2, 1, 0), (1, 1, 1, 4, 3, 3, 1, 1),
        (1, 1, 1, 4, 4, 2, 2, 0), (1, 1, 1, 5, 5, 3, 2, 0), (1, 1, 1, 5, 4, 3, 2, 1), (1, 2, 2, 3, 3, 2, 1, 0),
        (1, 2, 3, 4, 3, 2, 1, 1), (1, 3, 2, 5, 5, 3, 2, 1), (2, 1, 1, 4, 4, 3, 1, 1), (2, 2, 2, 4, 5, 3, 1, 1),
        (2, 3, 2, 5, 5, 3, 2, 1), (1, 1, 1, 7, 6, 3, 3, 1), (1, 1, 1, 7, 7, 2, 2, 2), (2, 3, 4, 6, 7, 3, 2, 2),
    ]:  # fmt: skip
        yield {"x": numbers(rng, n, c, h, w), "weight": numbers(rng, o, c, k, k), "stride": s, "padding": p}


def _stride_on_taps(x, weight, stride, padding):
    """Where the taps reach too far there are zeros."""
    beyond = bordered(x, padding, padding + stride * weight.shape[-1])
    return cut(_conv(beyond, weight, 1, 0, stride), _conv(x, weight, stride, padding).shape)


CONV2D = Exercise(
    "conv2d",
    _conv,
    _pictures,
    (
        Mistake(*alt.FLIPPED, lambda x, w, s, p: _conv(x, alt.flipped(w), s, p)),
        Mistake(*alt.TRANSPOSED, lambda x, w, s, p: _conv(x, alt.transposed(w), s, p)),
        Mistake(*alt.EXCHANGED, lambda x, w, s, p: alt.transposed(_conv(x, w, s, p))),
        Mistake(*alt.STRIDE_IGNORED, lambda x, w, s, p: _conv(x, w, 1, p)),
        Mistake(*alt.STEP_OF_ONE, lambda x, w, s, p: cut(_conv(x, w, 1, p), _conv(x, w, s, p).shape)),
        Mistake(*alt.STRIDE_ON_TAPS, _stride_on_taps),
        Mistake(*alt.PADDING_IGNORED, lambda x, w, s, p: _conv(x, w, s)),
        Mistake(*alt.PADDED_BEFORE, lambda x, w, s, p: _conv(bordered(x, p, 0), w, s)),
        Mistake(*alt.PADDED_AFTER, lambda x, w, s, p: _conv(bordered(x, 0, p), w, s)),
        Mistake(*alt.NOT_MOVED, lambda x, w, s, p: _conv(bordered(x, 0, 2 * p), w, s)),
        Mistake(*alt.EDGE_REPEATED, lambda x, w, s, p: _conv(bordered(x, p, p, "edge"), w, s)),
        Mistake(*alt.LAST_PRODUCT, lambda x, w, s, p: _conv(x[:, -1:], alt.last_tap(w)[:, -1:], s, p)),
        Mistake(*alt.MEAN, lambda x, w, s, p: _conv(x, w, s, p) / w[0].size),
        Mistake(*alt.LOOPS_END_EARLY, lambda x, w, s, p: alt.without_last(_conv(x, w, s, p))),
        Mistake(*alt.FIRST_IMAGE, lambda x, w, s, p: alt.first_image(_conv(x, w, s, p))),
        Mistake(
            "only the first input channel",
            "Each output is a sum over the first channel of x only. A dense convolution adds up all of them: try x with two.",
            lambda x, w, s, p: _conv(x[:, :1], w[:, :1], s, p),
        ),
        Mistake(
            "only the first output channel",
            "Only the first output channel is computed, the others stay 0. The weight's first axis counts them.",
            lambda x, w, s, p: alt.first_channel(_conv(x, w, s, p)),
        ),
        Mistake(
            "input and output channels exchanged",
            "The weight's first two axes have changed places: its shape is (output channels, input channels, K, K).",
            lambda x, w, s, p: _conv(x, w.swapaxes(0, 1), s, p),
        ),
    ),
)


def check_conv2d(function) -> Report:
    """Check f(x, weight, stride, padding) -> the dense convolution of x (N, C, H, W) with weight (C_out, C, K, K).

    padding: rows and columns of zeros on each side. As in every framework, the kernel is not flipped. Returns
    (N, C_out, OH, OW).

    >>> from minimix import reference
    >>> check_conv2d(lambda x, weight, stride, padding: reference.conv2d(x, weight, None, stride, padding)).passed
    True
    >>> check_conv2d(lambda x, weight, *others: reference.conv2d(x, weight[..., ::-1, ::-1], None, *others)).mistake
    'kernel flipped'
    """
    return check(CONV2D, function)


# -- windows ---------------------------------------------------------------------------------------------------------------


def _windows(x, kernel, stride):
    views = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))
    return views[:, :, ::stride, ::stride]  # (N, C, OH, OW, K, K)


def _window_pictures(rng):
    for n, c, h, w, k, s in [
        (1, 1, 1, 1, 1, 1), (1, 1, 2, 2, 1, 1), (1, 1, 2, 2, 2, 1), (1, 1, 2, 3, 2, 1), (1, 1, 3, 2, 2, 1),
        (1, 1, 3, 3, 2, 1), (1, 1, 3, 3, 1, 2), (1, 2, 2, 2, 1, 1), (2, 1, 2, 2, 1, 1), (1, 1, 4, 4, 2, 2),
        (1, 1, 3, 4, 2, 1), (1, 1, 5, 5, 3, 2), (1, 1, 5, 4, 3, 1), (1, 1, 4, 5, 3, 1), (1, 2, 4, 4, 3, 1),
        (2, 2, 3, 3, 2, 1), (1, 1, 7, 7, 3, 3), (1, 1, 7, 6, 3, 2), (2, 3, 5, 6, 2, 2), (1, 1, 8, 8, 2, 3),
        (2, 2, 7, 5, 3, 2),
    ]:  # fmt: skip
        yield {"x": numbers(rng, n, c, h, w), "kernel": k, "stride": s}


def _beginning_late(x, kernel, stride):
    starts = np.arange(stride - 1, x.shape[2] - kernel + 1, stride), np.arange(stride - 1, x.shape[3] - kernel + 1, stride)
    return _windows(x, kernel, 1)[:, :, starts[0][:, None], starts[1]]


def _steps_of_one(x, kernel, stride):
    places = _windows(x, kernel, stride).shape
    return _windows(x, kernel, 1)[:, :, : places[2], : places[3]]


def _spread(x, kernel, stride):
    places = _windows(x, kernel, stride).shape
    return _windows(x, stride * (kernel - 1) + 1, 1)[:, :, : places[2], : places[3], ::stride, ::stride]


WINDOWS = Exercise(
    "windows",
    _windows,
    _window_pictures,
    (
        Mistake(*alt.STRIDE_IGNORED, lambda x, k, s: _windows(x, k, 1)),
        Mistake(*alt.STEP_OF_ONE, _steps_of_one),
        Mistake(*alt.STRIDE_ON_TAPS, _spread),
        Mistake(
            "windows do not overlap",
            "The windows lie side by side, each beginning where the last one ends. How far apart they begin is the stride.",
            lambda x, k, s: _windows(x, k, k),
        ),
        Mistake(
            "stride only downwards",
            "The stride counts for the rows of windows only; along a row they begin at every pixel.",
            lambda x, k, s: _windows(x, k, 1)[:, :, ::s],
        ),
        Mistake(
            "each window transposed",
            "Rows and columns are exchanged inside of each window: the last two axes are (down, across), as in the image.",
            lambda x, k, s: alt.transposed(_windows(x, k, s)),
        ),
        Mistake(
            "each window flipped",
            "Each window stands on its head. Its entry (0, 0) is the pixel in its top left corner.",
            lambda x, k, s: alt.flipped(_windows(x, k, s)),
        ),
        Mistake(
            "places transposed",
            "The windows are right, but those of a row stand in a column: axes 2 and 3 are (down, across).",
            lambda x, k, s: _windows(x, k, s).swapaxes(2, 3),
        ),
        Mistake(
            "places and taps exchanged",
            "The axes are (N, C, K, K, OH, OW), as if taps were counted before places. The places come first.",
            lambda x, k, s: _windows(x, k, s).transpose(0, 1, 4, 5, 2, 3),
        ),
        Mistake(
            "channels behind the places",
            "The axes are (N, OH, OW, C, K, K). The channels keep their place, right behind the images.",
            lambda x, k, s: _windows(x, k, s).transpose(0, 2, 3, 1, 4, 5),
        ),
        Mistake(
            "last windows left out",
            "The last row and the last column of windows are missing: the count of places is one too small.",
            lambda x, k, s: _windows(x, k, s)[:, :, :-1, :-1],
        ),
        Mistake(
            "the first window begins too late",
            "The first window begins s - 1 pixels inside of the image. It should begin in the corner.",
            _beginning_late,
        ),
        Mistake(
            "only the first channel",
            "All channels show the windows of the first one. Try x with two channels.",
            lambda x, k, s: np.repeat(_windows(x, k, s)[:, :1], x.shape[1], axis=1),
        ),
        Mistake(
            "only the first image",
            "All images show the windows of the first one. Try a batch of two.",
            lambda x, k, s: np.repeat(_windows(x, k, s)[:1], len(x), axis=0),
        ),
    ),
)


def check_windows(function) -> Report:
    """Check f(x, kernel, stride) -> all windows of x (N, C, H, W), as (N, C, OH, OW, K, K), a copy or a view.

    >>> check_windows(lambda x, kernel, stride: None).title
    'windows: not written yet'
    """
    return check(WINDOWS, function)
