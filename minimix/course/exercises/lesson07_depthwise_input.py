"""An exercise on backward passes written by hand: the gradient of a depthwise convolution's input."""

from collections.abc import Iterator

import numpy as np

from minimix import reference
from minimix.course.checking import alterations as alt
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered, numbers
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_layers, drawn_numbers, rare_convolutions
from minimix.course.exercises.features import LAYER, Condition, features, pictures
from minimix.course.exercises.wrong_gradients import DILATIONS, OUTPUTS, STRIDES, averaged, scattering, without
from minimix.course.ways import gradients

NOT_MIRRORED = (
    "kernel the wrong way round",
    "The gradient walks through the kernel in the wrong direction. A pixel left of an output's centre was met by a tap on "
    "the left: put a single 1 into the gradient, and see which pixels get which weight.",
)


def layers(rng):
    """(x, weight, gradient, stride, padding, dilation) of depthwise convolutions."""
    for n, c, h, w, k, s, p, d in [
        (1, 1, 1, 2, 1, 1, 0, 1), (1, 2, 1, 1, 1, 1, 0, 1), (2, 1, 1, 1, 1, 1, 0, 1), (1, 1, 2, 2, 2, 1, 0, 1),
        (1, 1, 3, 3, 1, 2, 0, 1), (1, 1, 3, 3, 2, 1, 0, 1), (1, 1, 3, 3, 3, 1, 1, 1), (1, 1, 3, 4, 2, 1, 0, 1),
        (2, 1, 2, 3, 2, 1, 0, 1), (1, 3, 2, 2, 2, 1, 0, 1), (1, 1, 4, 3, 2, 1, 0, 2), (1, 1, 4, 4, 2, 2, 0, 1),
        (1, 1, 5, 5, 3, 2, 0, 1), (1, 1, 5, 5, 3, 1, 0, 2), (1, 1, 5, 4, 3, 2, 1, 1), (1, 1, 5, 6, 3, 1, 2, 2),
        (1, 1, 6, 5, 1, 3, 0, 1), (1, 1, 7, 5, 2, 3, 0, 1), (1, 2, 4, 4, 3, 1, 1, 1), (1, 2, 3, 3, 3, 1, 1, 1),
        (1, 1, 5, 7, 3, 1, 2, 1), (2, 2, 4, 5, 3, 1, 1, 1), (1, 1, 6, 6, 2, 3, 1, 2), (2, 3, 6, 5, 3, 2, 1, 1),
        (3, 3, 5, 5, 3, 1, 1, 1), (1, 2, 7, 7, 3, 2, 2, 2), (2, 2, 8, 7, 3, 1, 3, 3), (2, 3, 7, 8, 3, 2, 3, 3),
        (1, 2, 9, 8, 5, 2, 1, 2), (4, 2, 6, 7, 4, 3, 2, 1),
    ]:  # fmt: skip
        x, weight = numbers(rng, n, c, h, w), numbers(rng, c, 1, k, k)
        yield x, weight, numbers(rng, *reference.depthwise_conv2d(x, weight, s, p, d).shape), s, p, d
    x, weight = rng.normal(size=(8, 7, 2, 3)).transpose(3, 2, 0, 1), np.asfortranarray(rng.normal(size=(2, 1, 3, 3)))
    yield x, weight, rng.normal(size=reference.depthwise_conv2d(x, weight, 2, 1, 1).shape), 2, 1, 1
    for n, c, h, w, k, s, p, d in drawn_layers.strided(rng):
        x, weight = drawn_numbers.values(rng, n, c, h, w), drawn_numbers.values(rng, c, 1, k, k)
        yield x, weight, drawn_numbers.values(rng, *reference.depthwise_conv2d(x, weight, s, p, d).shape), s, p, d


def _input_grad(gradient, weight, x_shape, stride=1, padding="same", dilation=1):
    return reference.depthwise_conv2d_input_grad(gradient, np.zeros(x_shape), weight, stride, padding, dilation)


def _cases(rng):
    for x, weight, gradient, s, p, d in layers(rng):
        yield {"gradient": gradient, "weight": weight, "x_shape": x.shape, "stride": s, "padding": p, "dilation": d}


def _broad(rng):
    yield from drawn_numbers.otherwise(list(_cases(rng)), "gradient", "weight")
    for x, weight, gradient, s, p, d in more_layers(rng):
        case = {"gradient": gradient, "weight": weight, "x_shape": x.shape, "stride": s, "padding": p, "dilation": d}
        yield from drawn_numbers.one_other(case, _fits, x_shape=((*x.shape[:2], 8, 7), (*x.shape[:2], 7, 8)), **OPTIONS)


OPTIONS = {"stride": (1, 2, 3, 4, 5), "padding": (0, 1, 2), "dilation": (1, 2, 3)}


def _fits(case) -> bool:
    return case["gradient"].shape[2:] == places(case["x_shape"], case["weight"].shape[-1], case)


def places(x_shape: tuple, k: int, case: dict) -> tuple[int, ...]:
    """How many outputs there are down and across."""
    s, p, d = case["stride"], case["padding"], case["dilation"]
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n in x_shape[2:])


def more_layers(rng) -> Iterator[tuple]:
    """As ``layers``: all axes equally long, many images, more numbers than are printed, one output for many options."""
    for n, c, h, w, k, s, p, d in (
        (2, 2, 2, 2, 1, 1, 0, 1), (3, 3, 3, 3, 3, 1, 1, 1), (6, 2, 3, 4, 2, 1, 0, 1), (1, 6, 4, 3, 2, 2, 1, 1),
        (1, 2, 24, 23, 2, 1, 0, 1), (1, 2, 7, 7, 3, 5, 1, 2), (1, 1, 7, 8, 2, 4, 1, 2),
    ):  # fmt: skip
        rows, columns = places((n, c, h, w), k, {"stride": s, "padding": p, "dilation": d})
        yield numbers(rng, n, c, h, w), numbers(rng, c, 1, k, k), numbers(rng, n, c, rows, columns), s, p, d


def left_over(own: int, k: int, s: int, p: int, d: int) -> bool:
    """Whether the stride leaves pixels behind the last window."""
    return (own + 2 * p - d * (k - 1) - 1) % s > 0


CONDITIONS = (
    *LAYER,
    Condition("there is stride and dilation", "stride or dilation is 1",
    lambda case: case["stride"] > 1 and case["dilation"] > 1),
    Condition("the stride is above the kernel size", "the stride is at most the kernel size",
              lambda case: case["stride"] > case["weight"].shape[-1]),
    Condition("the kernel size is even", "the kernel size is odd", lambda case: case["weight"].shape[-1] % 2 == 0),
    Condition("the kernel is 1 x 1", "the kernel is larger than 1 x 1", lambda case: case["weight"].shape[-1] == 1),
    Condition("the padding is that of same", "the padding is another than that of same",
              lambda case: 2 * case["padding"] == case["dilation"] * (case["weight"].shape[-1] - 1)),
    Condition("the stride leaves pixels over at the end", "the last window ends at the border", lambda case: any(
        left_over(own, case["weight"].shape[-1], case["stride"], case["padding"], case["dilation"])
        for own in case["x_shape"][2:])),
)  # fmt: skip


def _both(a: str, b: str, function) -> dict:
    return {a: function, b: function}


def _entries_repeated(gradient, weight, x_shape, s, p, d):
    """np.repeat where zeros should stand between the entries."""
    repeated = np.repeat(np.repeat(gradient, s, axis=2), s, axis=3)
    return scattering(row=lambda o, s, k, d: o, column=lambda o, s, k, d: o)(repeated, weight, x_shape, s, p, d)


def _lined_up(axes: int):
    """The weights of a tap with too few new axes behind them, as NumPy lines them up, or an error."""

    def wrong(gradient, weight, x_shape, s, p, d):
        padded = np.zeros((*x_shape[:2], x_shape[2] + 2 * p, x_shape[3] + 2 * p))
        rows, columns = (s * (n - 1) + 1 for n in gradient.shape[2:])
        for i, j in np.ndindex(weight.shape[2:]):
            top, left = i * d, j * d
            stamp = gradient * weight[:, 0, i, j].reshape(-1, *(1,) * axes)
            padded[:, :, top : top + rows : s, left : left + columns : s] += stamp
        return padded[:, :, p : p + x_shape[2], p : p + x_shape[3]]

    return wrong


NEW_AXES = "as NumPy lines shapes up from the right. Each belongs to a channel: weight[:, 0, i, j, None, None]."

PARTS = (
    (*NOT_MIRRORED, {"weight": alt.flipped}),
    (*alt.TRANSPOSED, {"weight": alt.transposed}),
    ("kernel turned and transposed", "The kernel is turned by 180 degrees and its rows and columns are exchanged.",
     {"weight": lambda w: alt.flipped(alt.transposed(w))}),
    ("kernel upside down", "The kernel's rows come in reverse order. Put a single 1 into the gradient, and see which pixels "
     "get which weight.", {"weight": lambda w: w[..., ::-1, :]}),
    ("kernel mirrored", "The kernel's columns come in reverse order. Put a single 1 into the gradient, and see which pixels "
     "get which weight.", {"weight": lambda w: w[..., ::-1]}),
    (*alt.ONE_KERNEL, {"weight": alt.one_kernel}),
    ("the last kernel for all channels", "All channels meet the kernel of the last one.",
     {"weight": lambda w: np.repeat(w[-1:], len(w), axis=0)}),
    ("the sum of the kernels for all channels", "All channels meet the sum of all kernels. Each has its own.",
     {"weight": lambda w: np.repeat(w.sum(axis=0, keepdims=True), len(w), axis=0)}),
    (*alt.KERNELS_REVERSED, {"weight": lambda w: w[::-1]}),
    (*alt.MEAN, {"weight": lambda w: w / w[0].size}),
    ("taps left out: the last row and column", "The last row and the last column of the kernel count nothing: the loops over "
     "taps end one too early.", {"weight": alt.without_last}),
    ("taps left out: the first row and column", "The first row and the first column of the kernel count nothing: the loops "
     "over taps begin at 1.", {"weight": without(0, 0)}),
    ("only the last tap", "Each output gives something to a single pixel, that of the last tap: is the result made anew, or "
     "set, for each tap?", {"weight": alt.last_tap}),
    ("only the first tap", "Each output gives something to a single pixel, that of the first tap: a return inside of the loop?",
     {"weight": lambda w: alt.flipped(alt.last_tap(alt.flipped(w)))}),
    ("weights ignored", "Each output's gradient goes to its pixels as it is, as if all weights were 1.",
     {"weight": np.ones_like}),
    ("border not cut off", "The gradient is that of the padded image, border included. Which part of it belongs to x?",
     _both("top", "left", lambda p, k, s, d: 0) | _both("rows", "columns", lambda own, p, places, k, s, d: own + 2 * p)),
    ("border cut off at one side only", "The result has x's size, but begins with the border's gradient: where in the padded "
     "image does x begin?", _both("top", "left", lambda p, k, s, d: 0)),
    ("border cut off twice", "Twice the border is cut off in front. The image begins behind a single border.",
     _both("top", "left", lambda p, k, s, d: 2 * p)),
    ("border cut off downwards only", "Only above the border is cut off, not at the left.", {"left": lambda p, k, s, d: 0}),
    ("border cut off across only", "Only at the left the border is cut off, not above.", {"top": lambda p, k, s, d: 0}),
    ("padding added to the place", "The padding is added to the pixel's place, where it should be subtracted.",
     _both("top", "left", lambda p, k, s, d: -p)),
    ("padding times dilation", "The padding is multiplied by the dilation. It is a number of pixels already.",
     _both("top", "left", lambda p, k, s, d: p * d)),
    ("padding times stride", "The padding is multiplied by the stride. It is a number of pixels already.",
     _both("top", "left", lambda p, k, s, d: p * s)),
    ("padding of half the kernel", "Every window is centred on its output's place, as for same padding: the padding that was "
     "given is ignored.", _both("top", "left", lambda p, k, s, d: d * (k - 1) // 2)),
    ("half of the kernel, dilated, for the border", "Every window is centred on its output's place: the padding that was given "
     "is ignored.", _both("top", "left", lambda p, k, s, d: d * (k // 2))),
    ("half of the kernel for the border", "The border that is cut off is (k - 1) // 2 wide, whatever padding and dilation are.",
     _both("top", "left", lambda p, k, s, d: (k - 1) // 2)),
    ("padding of a full convolution",
     "The gradient is padded as for another padding: k - 1 - p is wanted where there is no dilation.",
     _both("top", "left", lambda p, k, s, d: d * (k - 1) - p)),
    ("padding without the dilation", "The kernel's reach is taken without the dilation: it is dilation * (k - 1).",
     _both("top", "left", lambda p, k, s, d: p + (d - 1) * (k - 1))),
    ("border one too narrow", "One pixel too few of the border is cut off.", _both("top", "left", lambda p, k, s, d: max(p - 1,
     0))),
    ("border one too wide", "One pixel too many is cut off.", _both("top", "left", lambda p, k, s, d: p + 1)),
    ("the result as large as the windows need", "The result's size is computed from the gradient: pixels that the stride "
     "leaves over at the end are missing. x_shape says how large it is to be.",
     _both("rows", "columns", lambda own, p, places, k, s, d: s * (places - 1) + d * (k - 1) + 1 - 2 * p)),
    ("the result as large as the gradient", "The result has the gradient's size, not that of x.",
     _both("rows", "columns", lambda own, p, places, k, s, d: places)),
    ("outside goes on at the other side", "What falls on the border comes in at the other side again (negative indices, or "
     "np.roll). It is lost: nothing came from there.", {"outside": lambda index, length: index % length}),
    ("below 0 goes on at the other side", "Above and to the left of the image an index is below 0, which in Python is the "
     "other end. What falls on the border is lost.", {"outside": lambda index, length: np.where(index < 0, index + length,
     index)}),
    ("the border's gradient goes to the edge", "What falls on the border is added to the pixels at the edge. It is lost: the "
     "border holds zeros, not copies.", {"outside": lambda index, length: np.clip(index, 0, length - 1)}),
    ("first row and column get nothing", "The first row and the first column of the image get no gradient: is it > 0 where it "
     "should be >= 0?", {"outside": lambda index, length: np.where(index == 0, -1, index)}),
    ("last row and column get nothing", "The last row and the last column of the image get no gradient: is there a - 1 too "
     "many in a comparison?", {"outside": lambda index, length: np.where(index == length - 1, -1, index)}),
    ("the gradient goes on at its other side", "Where there is no output, the gradient is read at an index below 0, which in "
     "Python is its other end. There is nothing.", {"gradient": lambda g: np.tile(g, (1, 1, 2, 2))}
     | _both("row", "column", lambda o, s, k, d: (o - len(o) // 2) * s)),
    ("= instead of +=", "Where windows overlap, the last one overwrites the others. A pixel was used by several outputs: all "
     "of them count.", {"stamp": "taps"}),
    ("= instead of +=, one output at a time", "Where two stamps overlap, the later one overwrites the earlier. A pixel was "
     "used by several outputs: all of them count.", {"stamp": "places"}),
    ("height and width exchanged", alt.EXCHANGED[1], {"after": lambda r, g: alt.transposed(r)}),
    ("channels are mixed", "Each channel's gradient is the sum over all channels. In a depthwise convolution each channel "
     "stays by itself.", {"after": lambda r, g: np.repeat(r.sum(axis=1, keepdims=True), r.shape[1], axis=1)}),
    ("summed over the batch", "All images get the sum of their gradients. They share the kernel, but each has its own pixels.",
     {"after": lambda r, g: np.repeat(r.sum(axis=0, keepdims=True), len(r), axis=0)}),
    ("images added up", "There is a single image, the sum of all. Each image has its own pixels.",
     {"after": lambda r, g: r.sum(axis=0, keepdims=True)}),
    ("averaged over the batch",
     "The gradients are divided by the number of images. If a mean is wanted, the loss has it already.",
     {"after": lambda r, g: r / len(r)}),
    ("averaged over the outputs", "The gradients are divided by the number of outputs. Nothing is divided here.",
     {"after": lambda r, g: r / g[0, 0].size}),
    ("wrong sign", "All numbers have the wrong sign. A gradient points to where the result grows; it is the optimiser that "
     "goes the other way.", {"after": lambda r, g: -r}),
    ("channels in reverse order", "The channels' gradients stand in reverse order.", {"after": lambda r, g: r[:, ::-1]}),
    ("turned by 180 degrees", "The result is turned by 180 degrees.", {"after": lambda r, g: alt.flipped(r)}),
    ("the first axis is gone", "The images' axis is gone where there is one image.", {"after": lambda r,
     g: r[0] if len(r) == 1 else r}),
)  # fmt: skip

DEPTHWISE_INPUT_GRAD = Exercise(
    "depthwise_input_grad",
    _input_grad,
    _cases,
    (
        *(altered(scattering)(name, text, **parts) for name, text, parts in (*PARTS, *STRIDES, *DILATIONS, *OUTPUTS)),
        Mistake("no new axes behind the weights", f"The weights of a tap, (C,), meet the columns, {NEW_AXES}", _lined_up(0)),
        Mistake("one new axis behind the weights", f"The weights of a tap, (C, 1), meet the rows, {NEW_AXES}", _lined_up(1)),
        Mistake("three new axes behind the weights", f"The weights of a tap, (C, 1, 1, 1), meet the images, {NEW_AXES}",
                _lined_up(3)),
        Mistake("divided by how many windows met a pixel",
                "Where windows overlap, the shares are averaged. They belong added up.",
                averaged),
        Mistake("entries of the gradient repeated", "Each entry of the gradient is repeated, stride times. Between two entries "
                "there should be zeros: no window begins there.", _entries_repeated),
        *rare_convolutions.DEPTHWISE_INPUT_GRAD,
    ),
    built=scattering,
    broad=_broad,
    features=features(*CONDITIONS, *pictures(lambda case: case["x_shape"])),
    ways=(gradients.depthwise_input_grad_places, gradients.depthwise_input_grad_bounds,),
)  # fmt: skip


def check_depthwise_input_grad(function) -> Report:
    """Check f(gradient, weight, x_shape, stride, padding, dilation) -> the gradient of a depthwise convolution's input.

    gradient: (N, C, OH, OW), of the output. weight: (C, 1, K, K), the kernel fits into the padded picture. padding: rows and
    columns of zeros on each side. Returns an array of shape x_shape, (N, C, H, W): pixels that no window met have gradient
    0.

    >>> check_depthwise_input_grad(lambda gradient, weight, x_shape, stride, padding, dilation: None).kind
    'stub'
    """
    return check(DEPTHWISE_INPUT_GRAD, function)
