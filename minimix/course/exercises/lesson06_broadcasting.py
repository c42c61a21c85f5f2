"""An exercise on automatic differentiation: undoing a broadcast."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, numbers
from minimix.course.checking.report import Report
from minimix.ops.elementwise import unbroadcast


def _broadcasts(rng):
    rows = [
        ((), ()), ((2,), (2,)), ((2,), (1,)), ((2,), ()), ((3,), (1,)), ((2, 2), (2, 2)), ((2, 2), (2,)), ((1, 2), (2,)),
        ((2, 1), (1,)), ((2, 2), (1, 2)), ((2, 2), (2, 1)), ((2, 3), (3,)), ((2, 3), (2, 1)), ((2, 3), (1, 3)),
        ((2, 3), (1, 1)), ((2, 3), ()), ((3, 1), (1, 1)), ((2, 2, 2), (2,)), ((2, 3, 2), (3, 1)), ((2, 2, 3), (1, 3)),
        ((2, 3, 4), (2, 1, 4)), ((2, 3, 4), (3, 4)), ((3, 2, 4), (1, 2, 1)), ((2, 3, 4), (4,)), ((2, 3, 2, 2), (3, 1, 1)),
        ((2, 3, 2, 3), (1, 3, 1, 1)),
    ]  # fmt: skip
    return [{"gradient": numbers(rng, *gradient), "shape": shape} for gradient, shape in rows]


def _new_axes(gradient, shape) -> int:
    return gradient.ndim - len(shape)


def _stretched(gradient, shape) -> tuple[int, ...]:
    """Axes of length 1 that were repeated, counted in the gradient."""
    new = _new_axes(gradient, shape)
    return tuple(new + i for i, n in enumerate(shape) if n == 1 and gradient.shape[new + i] > 1)


def _reduced(gradient, shape, reduce):
    """As ``unbroadcast``, with something else than a sum: reduce(array, axis=, keepdims=)."""
    axes = (*range(_new_axes(gradient, shape)), *_stretched(gradient, shape))
    return reduce(gradient, axis=axes, keepdims=True).reshape(shape) if axes else gradient


def _first(array, axis, keepdims):
    """Of each of these axes the first entry."""
    return array[tuple(slice(1) if i in axis else slice(None) for i in range(array.ndim))]


def _first_axis_only(gradient, shape):
    axes = (*range(_new_axes(gradient, shape)), *_stretched(gradient, shape))[:1]
    return gradient.sum(axis=axes, keepdims=bool(axes) and axes[0] >= _new_axes(gradient, shape)) if axes else gradient


def _axes_that_move(gradient, shape):
    """Each sum takes an axis away, and the next one hits its neighbour."""
    for axis in (*range(_new_axes(gradient, shape)), *_stretched(gradient, shape)):
        gradient = gradient.sum(axis=axis)
    return gradient.reshape(shape)


def _from_the_left(gradient, shape):
    """The shapes are held beside each other from the first axis on; what is left over at the end is summed."""
    gradient = gradient.sum(axis=tuple(range(len(shape), gradient.ndim)))
    axes = tuple(i for i, n in enumerate(shape) if n == 1)
    return gradient.sum(axis=axes, keepdims=True)


UNBROADCAST = Exercise(
    "unbroadcast",
    unbroadcast,
    _broadcasts,
    (
        Mistake(
            "nothing summed",
            "The gradient comes back as it is. Where one number was used several times, several gradients arrive for it.",
            lambda gradient, shape: gradient,
        ),
        Mistake(
            "mean instead of sum",
            "What arrives is averaged. Each use adds its own share to the change of the result: try x + x with y = [x, x].",
            lambda gradient, shape: _reduced(gradient, shape, np.mean),
        ),
        Mistake(
            "only one copy's gradient",
            "Of all the copies only the first one's gradient is kept. What about the others?",
            lambda gradient, shape: _reduced(gradient, shape, _first),
        ),
        Mistake(
            "maximum instead of sum",
            "The largest of the arriving gradients is kept. All of them count.",
            lambda gradient, shape: _reduced(gradient, shape, np.max),
        ),
        Mistake(
            "new axes not summed",
            "Axes of length 1 are taken care of, but not those that broadcasting put in front of the shape.",
            lambda gradient, shape: gradient.sum(axis=_stretched(gradient, shape), keepdims=True),
        ),
        Mistake(
            "axes of length 1 not summed",
            "The axes in front are taken care of, but not those of length 1 that were stretched.",
            lambda gradient, shape: gradient.sum(axis=tuple(range(_new_axes(gradient, shape)))),
        ),
        Mistake(
            "axes of length 1 are gone",
            "The numbers are right, but axes of length 1 have disappeared: the result must have the shape that is asked for.",
            lambda gradient, shape: gradient.sum(axis=(*range(_new_axes(gradient, shape)), *_stretched(gradient, shape))),
        ),
        Mistake(
            "only the first axis summed",
            "One axis is summed and then it ends. Several may have been repeated: look for a return inside of a loop.",
            _first_axis_only,
        ),
        Mistake(
            "axes counted after they moved",
            "The axes are summed one by one, and each sum takes an axis away, so that the next number means another axis.",
            _axes_that_move,
        ),
        Mistake(
            "shapes compared from the left",
            "Broadcasting lines two shapes up at their last axes. Here they are lined up at the first.",
            _from_the_left,
        ),
        Mistake(
            "everything summed",
            "Every entry holds the sum of all. Only along repeated axes is there something to sum.",
            lambda gradient, shape: np.full(shape, gradient.sum()),
        ),
        Mistake(
            "cut instead of summed",
            "The first numbers are taken, as many as fit into the shape.",
            lambda gradient, shape: gradient.reshape(-1)[: int(np.prod(shape))].reshape(shape),
        ),
    ),
)


def check_unbroadcast(function) -> Report:
    """Check f(gradient, shape) -> the gradient of an array of ``shape`` that was broadcast to the shape of ``gradient``.

    >>> check_unbroadcast(lambda gradient, shape: gradient).mistake
    'nothing summed'
    """
    return check(UNBROADCAST, function)
