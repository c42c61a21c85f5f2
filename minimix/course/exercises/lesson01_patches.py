"""An exercise on the windows that a kernel sees, all in one array."""

import numpy as np

from minimix.course.checking import alterations as alt
from minimix.course.checking import slips
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered, in_another_order, numbers
from minimix.course.checking.report import Report
from minimix.course.checking.sliding import sliding
from minimix.course.exercises import drawn_layers, drawn_numbers, features, rare_convolutions
from minimix.course.ways import layers


def _windows(x, kernel, stride):
    views = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))
    return views[:, :, ::stride, ::stride]  # (N, C, OH, OW, K, K)


def _pictures(rng):
    for n, c, h, w, k, s in [
        (1, 1, 1, 1, 1, 1), (1, 1, 2, 2, 1, 1), (1, 1, 2, 2, 2, 1), (1, 1, 2, 3, 2, 1), (1, 1, 3, 2, 2, 1),
        (1, 1, 3, 3, 2, 1), (1, 1, 3, 3, 1, 2), (1, 2, 2, 2, 1, 1), (2, 1, 2, 2, 1, 1), (1, 1, 4, 4, 2, 2),
        (1, 1, 3, 4, 2, 1), (1, 1, 5, 5, 3, 2), (1, 1, 5, 4, 3, 1), (1, 1, 4, 5, 3, 1), (1, 2, 4, 4, 3, 1),
        (2, 2, 3, 3, 2, 1), (1, 1, 7, 7, 3, 3), (1, 1, 7, 6, 3, 2), (2, 3, 5, 6, 2, 2), (1, 1, 8, 8, 2, 3),
        (2, 2, 7, 5, 3, 2), (1, 2, 2, 5, 2, 2), (1, 1, 6, 5, 2, 3), (2, 1, 3, 6, 1, 4), (3, 2, 4, 4, 4, 1), (1, 3, 6, 4, 2, 2),
        (1, 2, 5, 3, 3, 5), (2, 4, 3, 3, 2, 1), (1, 1, 7, 13, 1, 6),
        (1, 1, 7, 7, 6, 1), (1, 6, 2, 2, 2, 1), (5, 1, 2, 2, 2, 1),
    ]:  # fmt: skip
        x = numbers(rng, n, c, h, w)
        yield {"x": x, "kernel": k, "stride": s}
        if (n, c) in ((3, 2), (2, 3), (1, 3)):  # once more, in another order
            yield {"x": in_another_order(x[::-1]), "kernel": k, "stride": s}
    for n, c, h, w, k, s in [(1, 1, 2, 3, 2, 1), (2, 2, 4, 3, 2, 2)]:  # numbers that half precision does not hold
        yield {"x": rng.normal(size=(n, c, h, w)), "kernel": k, "stride": s}


def _broad(rng):
    for found in drawn_layers.pictures(rng, 60, kernels=(1, 2, 3, 4, 5), paddings=(0,)):
        n, c, _, h, w, k, s, *_ = found.values()
        x, _ = drawn_numbers.two_arrays(rng, (n, c, h, w), (1,))
        yield {"x": x if rng.random() < 0.9 else rng.integers(-9, 9, x.shape), "kernel": k, "stride": s}
    yield from drawn_numbers.otherwise(list(_pictures(rng)), "x")
    for n, k in ((2, 1), (3, 2), (4, 3)):  # all axes equally long
        yield {"x": numbers(rng, n, n, n, n), "kernel": k, "stride": 1}
    case = {"x": numbers(rng, 1, 2, 5, 4), "kernel": 2, "stride": 2}
    yield from drawn_numbers.one_other(case, kernel=(1, 3), stride=(1, 3))
    yield {"x": rng.normal(size=(1, 2, 24, 23)), "kernel": 3, "stride": 2}


_sliding = sliding(lambda windows, weight: windows)


def _built(**parts):
    """Windows of altered parts; ``kept`` changes them: (N, C, OH, OW, K, K) and x."""
    kept = parts.pop("kept", lambda windows, x: windows)
    slid = _sliding(after=kept, **parts)
    return lambda x, kernel, stride: slid(x, np.empty((1, 1, kernel, kernel)), stride)


def _in_order(axes):
    """Numbers that were brought into another order of axes and then reshaped."""
    return lambda windows, x: windows.transpose(axes).reshape(windows.shape)


_altered = altered(_built)
_OF_PADDING = {
    "as many places as for padding 'same'",
    "as many places as without padding",
    "as many places as the stride fits into the padded image",
}
_RESHAPED = "The numbers were only reshaped: reshape does not move axes, transpose does."

WINDOWS = Exercise(
    "windows",
    _windows,
    _pictures,
    (
        Mistake(
            "the axes of a 1 x 1 kernel missing",
            "Where the kernel is 1 the last two axes, of length 1, are missing: the result has six axes always.",
            lambda x, k, s: _windows(x, k, s)[..., 0, 0] if k == 1 else _windows(x, k, s),
        ),
        *(
            _altered(name, explanation, **parts)
            for slip in (slips.STRIDES, slips.COUNTS, slips.TAPS, slips.MIXED)
            for name, explanation, parts in slip
            if name not in _OF_PADDING
        ),
        _altered(
            "each window transposed",
            "Rows and columns are exchanged inside of each window: the last two axes are (down, across), as in the image.",
            kept=lambda windows, x: alt.transposed(windows),
        ),
        _altered(
            "each window flipped",
            "Each window stands on its head. Its entry (0, 0) is the pixel in its top left corner.",
            kept=lambda windows, x: alt.flipped(windows),
        ),
        _altered(
            "each window upside down",
            "The rows of each window are in reverse order. Its entry (0, 0) is the pixel in its top left corner.",
            kept=lambda windows, x: windows[..., ::-1, :],
        ),
        _altered(
            "each window mirrored",
            "The columns of each window are in reverse order. Its entry (0, 0) is the pixel in its top left corner.",
            kept=lambda windows, x: windows[..., ::-1],
        ),
        _altered(
            "places transposed",
            "The windows are right, but those of a row stand in a column: axes 2 and 3 are (down, across).",
            kept=lambda windows, x: windows.swapaxes(2, 3),
        ),
        _altered(
            "places and each window transposed",
            "Down and across are exchanged, both for the places (axes 2 and 3) and inside of each window (axes 4 and 5).",
            kept=lambda windows, x: alt.transposed(windows.swapaxes(2, 3)),
        ),
        _altered(
            "places in reverse order",
            "The windows are right, but the first place is the last, and so on backwards.",
            kept=lambda windows, x: windows[:, :, ::-1, ::-1],
        ),
        _altered(
            "places and taps exchanged",
            "The axes are (N, C, K, K, OH, OW), as if taps were counted before places. The places come first.",
            kept=lambda windows, x: windows.transpose(0, 1, 4, 5, 2, 3),
        ),
        _altered(
            "rows of places and of taps side by side",
            "The axes are (N, C, OH, K, OW, K). The places, OH and OW, come first, then the taps.",
            kept=lambda windows, x: windows.transpose(0, 1, 2, 4, 3, 5),
        ),
        _altered(
            "channels behind the places",
            "The axes are (N, OH, OW, C, K, K). The channels keep their place, right behind the images.",
            kept=lambda windows, x: windows.transpose(0, 2, 3, 1, 4, 5),
        ),
        _altered(
            "channels last",
            "The axes are (N, OH, OW, K, K, C). The channels keep their place, right behind the images.",
            kept=lambda windows, x: windows.transpose(0, 2, 3, 4, 5, 1),
        ),
        _altered(
            "channels first",
            "The first two axes are exchanged: (C, N, OH, OW, K, K). The images come first.",
            kept=lambda windows, x: windows.swapaxes(0, 1),
        ),
        _altered(
            "places first",
            "The axes are (OH, OW, N, C, K, K). Images and channels keep their places, at the front.",
            kept=lambda windows, x: windows.transpose(2, 3, 0, 1, 4, 5),
        ),
        _altered(
            "taps first",
            "The axes are (K, K, N, C, OH, OW). The taps come last.",
            kept=lambda windows, x: windows.transpose(4, 5, 0, 1, 2, 3),
        ),
        _altered("taps before places, reshaped", _RESHAPED, kept=_in_order((0, 1, 4, 5, 2, 3))),
        _altered("taps first, reshaped", _RESHAPED, kept=_in_order((4, 5, 0, 1, 2, 3))),
        _altered("places before channels, reshaped", _RESHAPED, kept=_in_order((0, 2, 3, 1, 4, 5))),
        _altered("places first, reshaped", _RESHAPED, kept=_in_order((2, 3, 0, 1, 4, 5))),
        _altered("channels before images, reshaped", _RESHAPED, kept=_in_order((1, 0, 2, 3, 4, 5))),
        _altered(
            "all windows in one axis",
            "The windows stand in one long list, (N * C * OH * OW, K, K). Images, channels and places have axes of their own.",
            kept=lambda windows, x: windows.reshape(-1, *windows.shape[4:]),
        ),
        _altered(
            "places in one axis",
            "The places of an image stand in one axis, (N, C, OH * OW, K, K). Rows and columns of places have axes of their "
            "own.",
            kept=lambda windows, x: windows.reshape(*windows.shape[:2], -1, *windows.shape[4:]),
        ),
        _altered(
            "taps in one axis",
            "Each window is a row of numbers, (N, C, OH, OW, K * K). Its rows and columns have axes of their own.",
            kept=lambda windows, x: windows.reshape(*windows.shape[:4], -1),
        ),
        _altered(
            "places in one axis and taps in one axis",
            "The result is (N, C, OH * OW, K * K). Rows and columns of places and of taps have axes of their own.",
            kept=lambda windows, x: windows.reshape(*windows.shape[:2], windows.shape[2] * windows.shape[3], -1),
        ),
        _altered(
            "a matrix, a window a row",
            "The result is a matrix with a window, of all channels, in each row. Each axis of (N, C, OH, OW, K, K) is wanted.",
            kept=lambda windows, x: windows.transpose(0, 2, 3, 1, 4, 5).reshape(
                len(x) * windows.shape[2] * windows.shape[3], -1
            ),
        ),
        _altered(
            "axes of length 1 dropped",
            "Axes of length 1 are dropped, as np.squeeze does. The result has six axes always.",
            kept=lambda windows, x: np.squeeze(windows),
        ),
        _altered(
            "padded, though it should not be",
            "Zeros are put around the image, (K - 1) / 2 on each side. The windows should lie on the bare image.",
            border=lambda p, k, d: ((k - 1) // 2,) * 4,
        ),
        _altered(
            "padded by K - 1 in all",
            "Zeros are put around the image, K - 1 in all, for as many windows as pixels. They should lie on the bare image.",
            border=lambda p, k, d: ((k - 1) // 2, k // 2) * 2,
        ),
        _altered(
            "padded with half of the kernel",
            "Zeros are put around the image, K // 2 on each side. The windows should lie on the bare image.",
            border=lambda p, k, d: (k // 2,) * 4,
        ),
        _altered(
            "padded with K - 1",
            "Zeros are put around the image, K - 1 on each side. The windows should lie on the bare image.",
            border=lambda p, k, d: (k - 1,) * 4,
        ),
        _altered(
            "padded by one",
            "A row and a column of zeros are put on each side of the image. The windows should lie on the bare image.",
            border=lambda p, k, d: (1,) * 4,
        ),
        _altered(
            "padded behind",
            "K - 1 zeros are put below and to the right of the image. The windows should lie on the bare image.",
            border=lambda p, k, d: (0, k - 1, 0, k - 1),
        ),
        _altered(
            "only the first channel",
            "All channels show the windows of the first one. Try x with two channels.",
            kept=lambda windows, x: np.repeat(windows[:, :1], x.shape[1], axis=1),
        ),
        _altered(
            "only the last channel",
            "All channels show the windows of the last one. Try x with two channels.",
            kept=lambda windows, x: np.repeat(windows[:, -1:], x.shape[1], axis=1),
        ),
        _altered(
            "the first channel, the others 0",
            "Only the first channel's windows are written, the others stay 0. Try x with two channels.",
            kept=lambda windows, x: windows * (np.arange(x.shape[1]) < 1)[:, None, None, None, None],
        ),
        _altered(
            "the first channel alone",
            "The result has a single channel, the first. Try x with two channels.",
            kept=lambda windows, x: windows[:, :1],
        ),
        _altered(
            "channels added up",
            "The channels are added up. Each has windows of its own.",
            kept=lambda windows, x: windows.sum(axis=1, keepdims=True),
        ),
        _altered(
            "channels in reverse order",
            "The channels are in reverse order.",
            kept=lambda windows, x: windows[:, ::-1],
        ),
        _altered(
            "only the first image",
            "All images show the windows of the first one. Try a batch of two.",
            kept=lambda windows, x: np.repeat(windows[:1], len(x), axis=0),
        ),
        _altered(
            "only the last image",
            "All images show the windows of the last one. Try a batch of two.",
            kept=lambda windows, x: np.repeat(windows[-1:], len(x), axis=0),
        ),
        _altered(
            "the first image, the others 0",
            "Only the first image's windows are written, the others stay 0. Try a batch of two.",
            kept=lambda windows, x: windows * (np.arange(len(x)) < 1)[:, None, None, None, None, None],
        ),
        _altered(
            "the first image alone",
            "The result has a single image, the first. Try a batch of two.",
            kept=lambda windows, x: windows[:1],
        ),
        _altered(
            "the last row and column of each window left out",
            "The last row and the last column of each window stay 0: the loops over the taps end one too early.",
            kept=lambda windows, x: alt.without_last(windows),
        ),
        _altered(
            "windows added up",
            "Each window's pixels are added up. All of them are wanted, one by one.",
            kept=lambda windows, x: windows.sum(axis=(4, 5)),
        ),
        *rare_convolutions.WINDOWS,
    ),
    built=_built,
    features=features.values("x"),
    broad=_broad,
    ways=(
        layers.windows_places,
        layers.windows_taps,
        layers.windows_view,
    ),
)


def check_windows(function) -> Report:
    """Check f(x, kernel, stride) -> all windows of x (N, C, H, W), as (N, C, OH, OW, K, K), a copy or a view.

    There is no padding, and the kernel fits into the image. The result is an array; nested lists will do.

    >>> check_windows(lambda x, kernel, stride: None).title
    'windows: not written yet'
    """
    return check(WINDOWS, function)
