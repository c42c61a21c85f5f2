"""An exercise on receptive fields."""

import functools

from minimix.costs.fields import Field
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.report import Report


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
