"""An exercise on automatic differentiation: undoing a broadcast."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, numbers
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_data, drawn_numbers, rare_numbers
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import gradients
from minimix.ops.elementwise import unbroadcast


def _broadcasts(rng):
    rows = [
        ((), ()), ((2,), (2,)), ((2,), (1,)), ((2,), ()), ((3,), (1,)), ((2, 2), (2, 2)), ((2, 2), (2,)), ((1, 2), (2,)),
        ((2, 1), (1,)), ((2, 2), (1, 2)), ((2, 2), (2, 1)), ((2, 3), (3,)), ((2, 3), (2, 1)), ((2, 3), (1, 3)),
        ((2, 3), (1, 1)), ((2, 3), ()), ((3, 1), (1, 1)), ((2, 2, 2), (2,)), ((2, 3, 2), (3, 1)), ((2, 2, 3), (1, 3)),
        ((2, 3, 4), (2, 1, 4)), ((2, 3, 4), (3, 4)), ((3, 2, 4), (1, 2, 1)), ((2, 3, 4), (4,)), ((2, 3, 2, 2), (3, 1, 1)),
        ((2, 3, 2, 3), (1, 3, 1, 1)), ((3, 3), (3,)), ((3, 3), (3, 1)), ((3, 3), (1, 3)), ((2, 2, 3, 3), (2, 1, 3)),
        ((3, 2, 1), (2, 1)), ((4, 1, 3), (1, 3)), ((2, 3, 4, 2), (1, 4, 1)), ((2, 1, 3, 1, 2), (3, 1, 1)),
        ((3, 4, 5), (3, 1, 1)), ((0, 25), (25,)), ((0, 5, 4), (1, 5, 1)),
    ]  # fmt: skip
    cases = [{"gradient": numbers(rng, *gradient), "shape": shape} for gradient, shape in rows]
    drawn = {"gradient": rng.normal(size=(3, 2, 4)), "shape": (2, 1)}
    turned = {"gradient": np.asfortranarray(rng.normal(size=(3, 4, 2))), "shape": (4, 1)}
    return [*cases, drawn, turned, *drawn_data.broadcasts(rng)]


def _broad(rng):
    for gradient, shape in [
        ((1,), (1,)), ((1,), ()), ((1, 1), ()), ((1, 1), (1,)), ((1, 1, 1), (1, 1)), ((1, 3), (3,)), ((1, 3), (1, 1)),
        ((0,), (0,)), ((0,), ()), ((0, 0), (0,)), ((2, 0), (1, 0)), ((0, 1), (1,)), ((4, 0, 3), (4, 1, 1)),
    ]:  # fmt: skip
        yield {"gradient": numbers(rng, *gradient), "shape": shape}
    yield from drawn_numbers.otherwise(list(_broadcasts(rng)), "gradient")


def _new_axes(gradient, shape) -> int:
    return gradient.ndim - len(shape)


def _stretched(gradient, shape) -> tuple[int, ...]:
    """Axes of length 1 that were repeated, counted in the gradient."""
    new = _new_axes(gradient, shape)
    return tuple(new + i for i, n in enumerate(shape) if n == 1 and gradient.shape[new + i] != 1)


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


def _over(axes_of, keepdims: bool = True, reshaped: bool = False):
    """The sum over other axes: axes_of(gradient, shape)."""

    def wrong(gradient, shape):
        found = gradient.sum(axis=tuple(axes_of(gradient, shape)), keepdims=keepdims)
        return found.reshape(shape) if reshaped else found

    return wrong


def _new(gradient, shape) -> tuple[int, ...]:
    return tuple(range(_new_axes(gradient, shape)))


def _both(gradient, shape) -> tuple[int, ...]:
    return (*_new(gradient, shape), *_stretched(gradient, shape))


def _ones(gradient, shape) -> tuple[int, ...]:
    """Axes of length 1 of the shape, counted from its front, as if nothing stood before."""
    return tuple(i for i, n in enumerate(shape) if n == 1 and i < gradient.ndim)


def _aligned_ones(gradient, shape) -> tuple[int, ...]:
    """Axes of length 1 of the shape, stretched or not."""
    return tuple(i + _new_axes(gradient, shape) for i in _ones(gradient, shape))


def _unlike_from_the_left(gradient, shape) -> tuple[int, ...]:
    return tuple(i for i in range(gradient.ndim) if i >= len(shape) or gradient.shape[i] != shape[i])


def _from_the_left_then_front(gradient, shape):
    for axis, (long, short) in enumerate(zip(gradient.shape, shape, strict=False)):
        if long != short:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient.sum(axis=_new(gradient, shape))


def _one_front_axis_left(gradient, shape):
    gradient = gradient.sum(axis=tuple(range(_new_axes(gradient, shape) - 1)))
    return gradient.sum(axis=_ones(gradient, shape), keepdims=True)


def _mean(array, axis, keepdims):
    if array.size == 0:
        raise ValueError("the mean of nothing")
    return array.mean(axis=axis, keepdims=keepdims)


def _means_over(axes_of):
    """Averaged over some axes, summed over the others: axes_of(gradient, shape)."""

    def wrong(gradient, shape):
        count = max(np.prod([gradient.shape[i] for i in axes_of(gradient, shape)]), 1)
        return unbroadcast(gradient, shape) / count

    return wrong


def _last_entry(array, axis, keepdims):
    return array[tuple(slice(-1, None) if i in axis else slice(None) for i in range(array.ndim))]


def _shapes(case) -> tuple:
    return case["gradient"], case["shape"]


CONDITIONS = (
    Condition("broadcasting put axes in front", "no axes were put in front", lambda case: _new_axes(*_shapes(case)) > 0),
    Condition("several axes were put in front", "at most one axis was put in front",
    lambda case: _new_axes(*_shapes(case)) > 1),
    Condition("an axis of length 1 was stretched", "no axis was stretched", lambda case: bool(_stretched(*_shapes(case)))),
    Condition(
        "several axes were stretched", "at most one axis was stretched", lambda case: len(_stretched(*_shapes(case))) > 1
    ),
    Condition("nothing was repeated", "something was repeated", lambda case: not _both(*_shapes(case))),
    Condition("an axis has length 0", "no axis has length 0", lambda case: 0 in case["gradient"].shape),
    Condition("shape is ()", "shape is not ()", lambda case: case["shape"] == ()),
    Condition(
        "an axis of length 1 was not stretched", "all axes of length 1 were stretched",
        lambda case: set(_aligned_ones(*_shapes(case))) != set(_stretched(*_shapes(case))),
    ),
    Condition(
        "two axes of the gradient have the same length", "the axes of the gradient have different lengths",
        lambda case: len(set(case["gradient"].shape)) < case["gradient"].ndim,
    ),
    Condition(
        "an axis to be summed is as long as one that stays", "no axis to be summed is as long as one that stays",
        lambda case: any(case["gradient"].shape[i] in case["shape"] for i in _both(*_shapes(case))),
    ),
)  # fmt: skip


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
            lambda gradient, shape: _reduced(gradient, shape, _mean),
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
        Mistake("everything summed, where something is repeated", "Every entry holds the sum of all. Only along repeated axes "
                "is there something to sum.",
                lambda gradient, shape: np.full(shape, gradient.sum()) if gradient.shape != shape else gradient),
        Mistake("all axes of length 1 are gone", "The numbers are right, but axes of length 1 have disappeared, those that "
                "were not stretched, too: the result must have the shape that is asked for.",
                _over(lambda g, shape: (*_new(g, shape), *_aligned_ones(g, shape)), False)),
        Mistake("an axis too many in front", "The right numbers, but axis 0, of length 1, is one too many: the result must "
                "have the shape that is asked for.", lambda gradient, shape: unbroadcast(gradient, shape)[None]),
        Mistake("new axes are kept", "The numbers are right, but the axes that broadcasting put in front are still there, "
                "with length 1.", _over(_both)),
        Mistake("new axes are kept, stretched ones not summed", "The axes in front are summed but still there, with length 1, "
                "and those of length 1 that were stretched are not summed.", _over(_new)),
        Mistake("only axes of length 1, counted from the front", "Axes of length 1 are summed, but counted from the "
                "gradient's first axis, and what was put in front is not summed. Shapes are lined up at their last "
                "axes.", _over(_ones)),
        Mistake("axes of length 1 counted from the front", "The axes in front are summed, but those of length 1 are counted "
                "from the gradient's first axis. Shapes are lined up at their last axes.",
                _over(lambda g, shape: {*_new(g, shape), *_ones(g, shape)})),
        Mistake("lengths compared from the left, axes kept", "Lengths are compared axis by axis from the first one. "
                "Broadcasting lines two shapes up at their last axes.", _over(_unlike_from_the_left)),
        Mistake("lengths compared from the left, axes dropped", "Lengths are compared axis by axis from the first one. "
                "Broadcasting lines two shapes up at their last axes.", _over(_unlike_from_the_left, False)),
        Mistake("lengths compared from the left, the rest summed", "Lengths are compared axis by axis from the first one, and "
                "what is left over in front is summed. Broadcasting lines two shapes up at their last axes.",
                _from_the_left_then_front),
        Mistake("the last of the axes in front is not summed", "One of the axes that broadcasting put in front is left: what "
                "is range's last number?", _one_front_axis_left),
        Mistake("copies taken to be blocks", "The gradient is cut into blocks of the wanted shape as it lies in memory, and "
                "these are summed. That is right for axes in front only.",
                lambda gradient, shape: gradient.reshape(-1, *shape).sum(axis=0)),
        Mistake("copies taken to lie side by side", "Neighbouring numbers of the gradient are summed until the shape is "
                "reached. That is right for the last axes only.",
                lambda gradient, shape: gradient.reshape(*shape, -1).sum(axis=-1)),
        Mistake("one axis in front is not summed", "Of the axes that broadcasting put in front one is not summed.",
                _over(lambda g, shape: [axis for axis in _both(g, shape) if axis != 0], False)),
        Mistake("only the first axis in front summed", "Of the axes that broadcasting put in front only the first is summed: "
                "if instead of while?",
                lambda gradient, shape: _over(lambda g, s: [i for i in _stretched(g,
                s) if i < g.ndim])(gradient.sum(axis=0) if gradient.ndim > len(shape) else gradient, shape)),
        Mistake("only the last stretched axis", "Of the axes that were stretched only the last is summed.",
                lambda gradient, shape: _over(lambda g, s: _stretched(g, s)[-1:])(gradient.sum(axis=_new(gradient, shape)),
                shape)),
        Mistake("only the first stretched axis", "Of the axes that were stretched only the first is summed.",
                lambda gradient, shape: _over(lambda g, s: _stretched(g, s)[:1])(gradient.sum(axis=_new(gradient, shape)),
                shape)),
        Mistake("repeated again", "The sums are broadcast to the gradient's shape again. The shape that is asked for is "
                "wanted.",
                lambda gradient, shape: np.broadcast_to(unbroadcast(gradient, shape), gradient.shape)),
        Mistake("minimum instead of sum", "The smallest of the arriving gradients is kept. All of them count.",
                lambda gradient, shape: _reduced(gradient, shape, np.min)),
        Mistake("product instead of sum", "The arriving gradients are multiplied. They add up.",
                lambda gradient, shape: _reduced(gradient, shape, np.prod)),
        Mistake("only the last copy's gradient", "Of all the copies only the last one's gradient is kept: each overwrites "
                "those before. They add up.", lambda gradient, shape: _reduced(gradient, shape, _last_entry)),
        Mistake("sizes summed", "Absolute values are summed. The signs count.",
                lambda gradient, shape: unbroadcast(abs(gradient), shape)),
        Mistake("mean over new axes", "What arrives along the axes in front is averaged. Each use adds its own "
                "share.", _means_over(_new)),
        Mistake("mean over stretched axes", "What arrives along the stretched axes is averaged. Each use adds its own "
                "share.", _means_over(_stretched)),
        Mistake("wrong sign", "All numbers have the wrong sign.", lambda gradient, shape: -unbroadcast(gradient, shape)),
        Mistake("norm instead of sum", "The root of the sum of squares is taken. The gradients themselves add up.",
                lambda gradient, shape: np.sqrt(unbroadcast(gradient**2, shape)) if gradient.shape != shape else gradient),
        *rare_numbers.UNBROADCAST,
    ),
    broad=_broad,
    features=features(*CONDITIONS),
    ways=(gradients.unbroadcast_axes, gradients.unbroadcast_padded,),
)  # fmt: skip


def check_unbroadcast(function) -> Report:
    """Check f(gradient, shape) -> the gradient of an array of ``shape`` that was broadcast to the shape of ``gradient``.

    It has exactly this shape, a tuple; repeated axes may have length 0: the sum of no numbers is 0. The result is an array; a
    number, or nested lists, will do.

    >>> check_unbroadcast(lambda gradient, shape: gradient).mistake
    'nothing summed'
    """
    return check(UNBROADCAST, function)
