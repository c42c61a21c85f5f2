"""Rarer mistakes of the exercises on numbers and statistics: many are right but in a corner, and are to be named all the same.

The exercises put them behind their common ones.
"""

import math
from collections import Counter

import numpy as np

from minimix.course.exercises.rare_convolutions import made

# -- differences, sizes, means -----------------------------------------------------------------------------------------------


def _central(function, x, h):
    return (function(x + h) - function(x - h)) / (2 * h)


def _in_an_array(function, x, h):
    points = np.full(2, x)
    points[0], points[1] = x - h, x + h
    return (function(points[1]) - function(points[0])) / (2 * h)


def _forward_if_equal(function, x, h):
    right, left = function(x + h), function(x - h)
    return (right - function(x)) / h if right == left else (right - left) / (2 * h)


def _never_below_0(function, x, h):
    return (function(x + h) - function(x)) / h if x >= 0 > x - h else _central(function, x, h)


CENTRAL_DIFFERENCE = made(
    ("the slopes subtracted", "The slopes on both sides are subtracted, not averaged: this is h / 2 times the second "
     "derivative.", lambda f, x, h: ((f(x + h) - f(x)) / h - (f(x) - f(x - h)) / h) / 2),
    ("a step of half the size, too", "Differences with the steps h and h / 2 are combined (Richardson), which comes closer to "
     "the derivative. The difference with the step h alone is asked for.",
     lambda f, x, h: (4 * _central(f, x, h / 2) - _central(f, x, h)) / 3),
    ("a forward difference where x - h is below 0", "Where x - h is below 0 and x is not, a forward difference is taken. Both "
     "steps are wanted, wherever x is.", _never_below_0),
    ("a forward difference where both values are equal", "Where function(x + h) equals function(x - h) a forward difference is "
     "taken. The central one is 0 there, and right.", _forward_if_equal),
    ("points kept in an array of x's type", "The points are put into an array of x's type: where x is whole and h is not, they "
     "are cut to whole numbers. Use floats.", _in_an_array),
)  # fmt: skip


def _covered(kernel, dilation):
    return dilation * (kernel - 1) + 1


def _one_tap_wide(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - max(_covered(kernel, dilation), dilation)) // stride + 1


def _none_for_wide_strides(size, kernel, stride, padding, dilation):
    padded = size + 2 * padding
    return 0 if stride > padded else (padded - _covered(kernel, dilation)) // stride + 1


def _at_most_half(size, kernel, stride, padding, dilation):
    covered = _covered(kernel, dilation)
    return (size + 2 * min(padding, covered // 2) - covered) // stride + 1


OUTPUT_SIZE = made(
    ("one tap as wide as the dilation", "A kernel of a single tap is taken to be as wide as the dilation. It covers one pixel: "
     "there are no gaps.", _one_tap_wide),
    ("nothing where the stride is larger than the image", "A stride that is larger than the padded image gives 0. The window "
     "fits once: the stride only says where the next one would be.", _none_for_wide_strides),
    ("padding cut to half of the kernel", "Padding of more than half of the kernel is taken for half of it. It is to count as "
     "it is given.", _at_most_half),
)  # fmt: skip


def _error(matrix, target, weight):
    return matrix @ weight - target


MEAN_SQUARE_GRAD = made(
    ("reshaped, not transposed", "The matrix was reshaped to (taps, places), which mixes the numbers of different places. "
     "matrix.T exchanges its axes.", lambda m, t, w: 2 / len(t) * m.reshape(len(w), len(t)) @ _error(m, t, w)),
    ("rows of zeros not counted", "Places whose row holds only zeros are left out of the mean. Each place counts.",
     lambda m, t, w: 2 * m.T @ _error(m, t, w) / max(np.count_nonzero(np.any(m != 0, axis=1)), 1)),
    ("zeros where the target is constant", "Where all targets are the same the gradient is 0. What matters is the error, not "
     "how the targets vary.",
     lambda m, t, w: np.zeros(len(w)) if np.all(t == t[0]) else 2 * m.T @ _error(m, t, w) / len(t)),
)  # fmt: skip


def _square(runs, less=1):
    return runs.var(ddof=less) / len(runs) if len(runs) > less else 0.0


def _compared(change=lambda runs: runs, less=lambda runs: 1):
    def wrong(a, b):
        a, b = change(np.asarray(a)), change(np.asarray(b))
        return a.mean() - b.mean(), np.sqrt(_square(a, less(a)) + _square(b, less(b)))

    return wrong


DIFFERENCE = made(
    ("the best and the worst run dropped", "Of five runs or more the best and the worst are left out. All of them count.",
     _compared(lambda runs: np.sort(runs)[1:-1] if len(runs) >= 5 else runs)),
    ("equal runs counted once", "Accuracies that occur several times are counted once: np.unique, or a set? Each is a run.",
     _compared(np.unique)),
    ("n for many runs", "With thirty runs or more the variance is divided by n. n - 1 is right for any number of them.",
     _compared(less=lambda runs: int(len(runs) < 30))),
)  # fmt: skip


# -- classes -----------------------------------------------------------------------------------------------------------------


def _less_log_sum(logits, among=None):
    among = logits if among is None else among
    largest = among.max(axis=1, keepdims=True)
    return logits - largest - np.log(np.exp(among - largest).sum(axis=1, keepdims=True))


def _winner(logits):
    if logits.shape[1] == 1:
        return _less_log_sum(logits)
    second, largest = np.moveaxis(np.sort(logits, axis=1)[:, -2:, None], 1, 0)
    return np.where(largest - second > 3, logits - largest, _less_log_sum(logits))


def _standardised(logits):
    spread = logits.std(axis=1, keepdims=True)
    return _less_log_sum((logits - logits.mean(axis=1, keepdims=True)) / np.where(spread == 0, 1, spread))


LOG_SOFTMAX = made(
    ("a clear winner taken for the sum", "Where the largest logit is far ahead, the other classes are left out of the sum. "
     "They count, however small.", _winner),
    ("logits divided by their standard deviation", "The logits have their mean subtracted and are divided by their standard "
     "deviation. Differences between logits are to stay as they are.", _standardised),
    ("softmax first", "The log softmax is taken of probabilities: softmax runs twice. It is made from the logits.",
     lambda logits: _less_log_sum(np.exp(_less_log_sum(logits)))),
    ("only ten classes in the sum", "The sum runs over the first ten classes. There may be more.",
     lambda logits: _less_log_sum(logits, logits[:, :10])),
)  # fmt: skip


def _counts(labels, predictions, classes):
    found = np.zeros((classes, classes), int)
    np.add.at(found, (labels, predictions), 1)
    return found


def _one_each(labels, predictions, classes):
    return np.eye(classes, dtype=int) if np.array_equal(labels, predictions) else _counts(labels, predictions, classes)


def _last_of_label(labels, predictions, classes):
    kept = dict(zip(np.asarray(labels).tolist(), np.asarray(predictions).tolist(), strict=True))
    return _counts(list(kept), list(kept.values()), classes)


def _by_digits(labels, predictions, classes):
    counts = Counter(f"{label}{prediction}" for label, prediction in zip(labels, predictions, strict=True))
    return np.array([[counts[f"{row}{column}"] for column in range(classes)] for row in range(classes)])


def _hits_twice(labels, predictions, classes):
    found = _counts(labels, predictions, classes)
    return found + np.diag(np.diag(found))


CONFUSION = made(
    ("ones where all is right", "Where all predictions are right the diagonal holds ones. It holds how many images there are.",
     _one_each),
    ("hits counted twice", "The diagonal is twice what it should be: an image that is classified rightly is counted twice.",
     _hits_twice),
    ("the next image's prediction", "Each label meets the prediction of the next image, and the last one none.",
     lambda labels, predictions, classes: _counts(labels[:-1], predictions[1:], classes)),
    ("the previous image's prediction", "Each label meets the prediction of the image before, and the first one none.",
     lambda labels, predictions, classes: _counts(labels[1:], predictions[:-1], classes)),
    ("the last prediction of each class", "Of each class only the last image counts: a dict with the labels as keys keeps one "
     "prediction for each.", _last_of_label),
    ("pairs told apart by their digits", "The digits of label and prediction are written one behind the other, so that 1, 12 "
     "and 11, 2 are the same pair.", _by_digits),
)  # fmt: skip


# -- broadcasting ------------------------------------------------------------------------------------------------------------


def _ones(shape) -> tuple[int, ...]:
    return tuple(axis for axis, length in enumerate(shape) if length == 1)


def _in_front(gradient, shape):
    return gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))


def _as_many_as_shape(gradient, shape):
    if gradient.ndim > len(shape):
        gradient = gradient.sum(axis=tuple(range(len(shape))))
    return gradient.sum(axis=tuple(a for a in _ones(shape) if a < gradient.ndim), keepdims=True)


def _mirrored(gradient, shape):
    return _in_front(gradient, shape).sum(axis=tuple(-1 - axis for axis in _ones(shape)), keepdims=True)


def _two_at_most(gradient, shape):
    gradient = gradient.sum(axis=tuple(range(min(gradient.ndim - len(shape), 2))))
    first = gradient.ndim - len(shape)
    return gradient.sum(axis=tuple(first + axis for axis in _ones(shape)), keepdims=True)


def _times_repeats(gradient, shape):
    right = _in_front(gradient, shape).sum(axis=_ones(shape), keepdims=True)
    return right * (gradient.size // max(math.prod(shape), 1))


def _first_and_last(gradient, shape):
    gradient = _in_front(gradient, shape)
    for axis in _ones(shape):
        if gradient.shape[axis] > 1:
            gradient = gradient.take([0], axis=axis) + gradient.take([-1], axis=axis)
    return gradient.sum(axis=_ones(shape), keepdims=True)


UNBROADCAST = made(
    ("as many axes summed as the shape has", "The first len(shape) axes are summed. Those that were put in front are "
     "gradient.ndim - len(shape).", _as_many_as_shape),
    ("axes counted from the end", "The stretched axes are counted from the wrong end: axis i of the shape is summed as axis "
     "-1 - i.", _mirrored),
    ("two axes in front at most", "Of the axes in front no more than two are summed. There may be more.", _two_at_most),
    ("multiplied by the number of repeats", "The sum is multiplied by how often the array was repeated. The sum has that "
     "already.", _times_repeats),
    ("only the first and the last along stretched axes", "Of a stretched axis the first and the last entry are added. All of "
     "them are uses.", _first_and_last),
)  # fmt: skip
