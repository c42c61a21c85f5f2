"""Exercises on dilation and receptive fields."""

import functools

import numpy as np

from minimix import reference
from minimix.costs.fields import Field
from minimix.course.checking import alterations as alt
from minimix.course.checking.alterations import bordered
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, numbers
from minimix.course.checking.report import Report

# -- dilated convolution ---------------------------------------------------------------------------------------------------


def _dilated(x, weight, dilation, padding="same", stride=1):
    return reference.depthwise_conv2d(x, weight, stride, padding, dilation)


def _pictures(rng):
    for n, c, h, w, k, d in [
        (1, 1, 1, 2, 1, 1), (1, 2, 1, 1, 1, 1), (1, 3, 1, 1, 1, 1), (2, 1, 1, 2, 1, 1), (1, 1, 2, 2, 3, 1),
        (1, 1, 3, 3, 3, 1), (1, 1, 3, 3, 3, 2), (1, 1, 3, 4, 3, 1), (1, 1, 4, 3, 3, 2), (1, 1, 5, 5, 3, 2),
        (1, 1, 5, 4, 3, 3), (1, 2, 4, 4, 3, 2), (2, 1, 4, 4, 3, 2), (1, 1, 5, 5, 5, 1), (1, 1, 7, 7, 5, 2),
        (1, 3, 5, 6, 3, 2), (2, 2, 6, 5, 3, 3), (1, 1, 9, 9, 3, 4), (1, 2, 9, 8, 5, 2), (2, 3, 7, 7, 3, 2),
    ]:  # fmt: skip
        yield {"x": numbers(rng, n, c, h, w), "weight": numbers(rng, c, 1, k, k), "dilation": d}


def _one_sided(x, weight, dilation, front: bool):
    reach = dilation * (weight.shape[-1] - 1)
    return _dilated(bordered(x, reach, 0) if front else bordered(x, 0, reach), weight, dilation, 0)


def _all_channels(x, weight, dilation):
    return reference.conv2d(x, np.repeat(weight, x.shape[1], axis=1), None, 1, "same", dilation)


DILATED_CONV2D = Exercise(
    "dilated_conv2d",
    _dilated,
    _pictures,
    (
        Mistake(*alt.DILATION_IGNORED, lambda x, w, d: _dilated(x, w, 1)),
        Mistake(
            "padding of an undilated kernel",
            "The border is wide enough for neighbouring taps only, so that the result is too small. How far does the "
            "kernel reach now?",
            lambda x, w, d: _dilated(x, w, d, (w.shape[-1] - 1) // 2),
        ),
        Mistake(
            "padding as wide as the dilation",
            "The border is d wide. That is right for kernels of 3, and for no others: how far is the outermost tap from "
            "the middle?",
            lambda x, w, d: _dilated(x, w, d, d),
        ),
        Mistake(
            "padding on each side as wide as the kernel's reach",
            "Each side gets all the zeros that both should share: the result is too large.",
            lambda x, w, d: _dilated(x, w, d, d * (w.shape[-1] - 1)),
        ),
        Mistake(*alt.PADDING_IGNORED, lambda x, w, d: _dilated(x, w, d, "valid")),
        Mistake(*alt.PADDED_BEFORE, lambda x, w, d: _one_sided(x, w, d, True)),
        Mistake(*alt.PADDED_AFTER, lambda x, w, d: _one_sided(x, w, d, False)),
        Mistake(
            "d pixels between the taps",
            "Two neighbouring taps are d + 1 apart. With dilation 1 they should be neighbours: how many pixels lie between "
            "then?",
            lambda x, w, d: _dilated(x, w, d + 1),
        ),
        Mistake(
            "dilation as a stride",
            "The window jumps and the taps stay together: the result is smaller than the image. Of the two indices that "
            "are added to find a pixel, which one counts taps?",
            lambda x, w, d: _dilated(x, w, 1, "same", d),
        ),
        Mistake(
            "dilation only downwards",
            "The taps are spread down, but not across. Try a kernel with a 1 in a corner.",
            lambda x, w, d: _dilated(x, w, (d, 1)),
        ),
        Mistake(
            "taps repeated instead of spread",
            "The kernel is enlarged: each weight fills a square of d x d. Between two taps there should be nothing.",
            lambda x, w, d: _dilated(x, np.kron(w, np.ones((d, d))), 1),
        ),
        Mistake(*alt.FLIPPED, lambda x, w, d: _dilated(x, alt.flipped(w), d)),
        Mistake(*alt.TRANSPOSED, lambda x, w, d: _dilated(x, alt.transposed(w), d)),
        Mistake(*alt.EXCHANGED, lambda x, w, d: alt.transposed(_dilated(x, w, d))),
        Mistake(*alt.LAST_PRODUCT, lambda x, w, d: _dilated(x, alt.last_tap(w), d)),
        Mistake(*alt.MEAN, lambda x, w, d: _dilated(x, w, d) / w[0].size),
        Mistake(*alt.FIRST_IMAGE, lambda x, w, d: alt.first_image(_dilated(x, w, d))),
        Mistake(*alt.FIRST_CHANNEL, lambda x, w, d: alt.first_channel(_dilated(x, w, d))),
        Mistake(*alt.ONE_KERNEL, lambda x, w, d: _dilated(x, alt.one_kernel(w), d)),
        Mistake(*alt.KERNELS_REVERSED, lambda x, w, d: _dilated(x, w[::-1], d)),
        Mistake(*alt.CHANNELS_SUMMED, _all_channels),
    ),
)


def check_dilated_conv2d(function) -> Report:
    """Check f(x, weight, dilation) -> the dilated depthwise convolution of x (N, C, H, W) with weight (C, 1, K, K).

    K is odd, the stride 1, and there are as many zeros around x as it takes for a result of x's shape.

    >>> check_dilated_conv2d(lambda x, weight, dilation: x).passed
    False
    """
    return check(DILATED_CONV2D, function)


# -- receptive field -------------------------------------------------------------------------------------------------------


def _receptive_field(layers):
    field = Field()
    for kernel, stride, dilation in layers:
        field = field.seen_through((dilation * (kernel - 1) + 1,) * 2, (stride, stride))
    return {"size": field.size[0], "jump": field.step[0]}


def _stacks(rng):
    rows = [
        [], [(1, 1, 1)], [(1, 2, 1)], [(2, 1, 1)], [(3, 1, 1)], [(3, 2, 1)], [(3, 1, 2)], [(4, 1, 3)], [(3, 2, 2)],
        [(3, 1, 1), (3, 1, 1)], [(3, 2, 1), (3, 1, 1)], [(3, 1, 1), (3, 2, 1)], [(2, 2, 1), (2, 2, 1)],
        [(3, 1, 2), (3, 1, 1)], [(5, 1, 1), (3, 2, 2)], [(3, 2, 1), (5, 1, 1), (3, 3, 1)],
        [(3, 1, 1), (3, 1, 2), (3, 1, 4)], [(7, 2, 1), (3, 2, 1), (3, 1, 2)], [(3, 1, 1)] * 3,
        [(3, 2, 1), (1, 1, 1), (5, 2, 1), (3, 1, 3), (3, 2, 1)],
    ]  # fmt: skip
    return [{"layers": row} for row in rows]


def _followed(step, size: int = 1, jump: int = 1, order: int = 1):
    """A mistake that goes through the layers with another rule: step(size, jump, kernel, stride, dilation) -> (size, jump)."""
    return lambda layers: functools.reduce(lambda now, layer: step(*now, *layer), layers[::order], (size, jump))


RECEPTIVE_FIELD = Exercise(
    "receptive_field",
    _receptive_field,
    _stacks,
    (
        Mistake(
            "dilation ignored",
            "The size does not depend on the dilation. With gaps between its taps a kernel reaches further.",
            _followed(lambda r, j, k, s, d: (r + (k - 1) * j, j * s)),
        ),
        Mistake(
            "strides do not widen later layers",
            "Every layer adds as many pixels as if it saw the picture itself. How far apart are two neighbours of its "
            "input, in pixels?",
            _followed(lambda r, j, k, s, d: (r + d * (k - 1), j * s)),
        ),
        Mistake(
            "stride counted one layer too early",
            "A layer's own stride widens its own window. Two taps of a layer are neighbours in its input: its stride only "
            "moves them.",
            _followed(lambda r, j, k, s, d: (r + d * (k - 1) * j * s, j * s)),
        ),
        Mistake(
            "k instead of k - 1",
            "Each layer adds one tap too many. A kernel of 1 sees no more than what came in.",
            _followed(lambda r, j, k, s, d: (r + d * k * j, j * s)),
        ),
        Mistake(
            "field begins with 0",
            "Without any layer an output is a pixel: it sees that one.",
            _followed(lambda r, j, k, s, d: (r + d * (k - 1) * j, j * s), size=0),
        ),
        Mistake(
            "layers in reverse order",
            "The strides of the last layers widen the first ones. The layers are given in the order in which they run.",
            _followed(lambda r, j, k, s, d: (r + d * (k - 1) * j, j * s), order=-1),
        ),
        Mistake(
            "kernel sizes multiplied",
            "The field is multiplied by each kernel's reach. Two 3x3 kernels see 5 pixels together: draw them.",
            _followed(lambda r, j, k, s, d: (r * (d * (k - 1) + 1), j * s)),
        ),
        Mistake(
            "strides added",
            "The jumps are added up. Two layers of stride 2: how many pixels apart are two neighbours of the last output?",
            _followed(lambda r, j, k, s, d: (r + d * (k - 1) * j, j + s - 1)),
        ),
        Mistake(
            "only the last stride",
            "Each stride replaces the one before. Two layers of stride 2: how many pixels apart are two neighbours of the "
            "last output?",
            _followed(lambda r, j, k, s, d: (r + d * (k - 1) * j, s)),
        ),
        Mistake(
            "dilation kept for later layers",
            "The dilation is multiplied into the jump, so that later layers are spread, too. It moves no output: the next "
            "layer's input is as dense as before.",
            _followed(lambda r, j, k, s, d: (r + d * (k - 1) * j, j * s * d)),
        ),
        Mistake(
            "one side only",
            "Only half of what each layer adds is counted. The window reaches out to both sides.",
            _followed(lambda r, j, k, s, d: (r + d * (k - 1) // 2 * j, j * s)),
        ),
        Mistake(
            "d * k - 1 instead of the kernel's reach",
            "The dilation also multiplies the tap that is there anyway. Draw 3 taps, 2 apart, and count the pixels.",
            _followed(lambda r, j, k, s, d: (r + (d * k - 1) * j, j * s)),
        ),
        Mistake(
            "results in the other order",
            "The two numbers have changed places: (size, jump) is wanted.",
            lambda layers: tuple(_receptive_field(layers).values())[::-1],
        ),
    ),
)


def check_receptive_field(function) -> Report:
    """Check f(layers) -> (size, jump) of what one output of the last layer sees, along one axis.

    layers: a list of (kernel, stride, dilation), in the order in which they run. size: pixels of the picture that one output
    can depend on; jump: how many pixels two neighbouring outputs lie apart.

    >>> check_receptive_field(lambda layers: (1, 1)).case
    {'layers': [(1, 2, 1)]}
    """
    return check(RECEPTIVE_FIELD, function)
