"""An exercise on what a kernel is learned by: the gradient of a mean square error."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, numbers
from minimix.course.checking.report import Report


def _mean_square_grad(matrix, target, weight):
    return 2 / len(target) * matrix.T @ (matrix @ weight - target)


def _examples(rng):
    for places, taps in [
        (1, 1), (1, 2), (2, 1), (1, 3), (3, 1), (2, 2), (2, 2), (3, 2), (2, 3), (3, 3), (4, 2), (4, 4), (5, 3), (6, 4),
        (9, 9), (12, 9),
    ]:  # fmt: skip
        yield {"matrix": numbers(rng, places, taps), "target": numbers(rng, places), "weight": numbers(rng, taps)}


def _with(change):
    """A mistake that changes the gradient at the end: change(gradient, matrix, target, weight)."""
    return lambda matrix, target, weight: change(_mean_square_grad(matrix, target, weight), matrix, target, weight)


def _of_error(change):
    """A mistake that takes something else for the error of each place: change(error, matrix, target, weight)."""
    return lambda matrix, target, weight: 2 / len(target) * matrix.T @ change(matrix @ weight - target, matrix, target, weight)


def _last_place(error, matrix, target, weight):
    only = np.zeros_like(error)
    only[-1] = error[-1]
    return only


MEAN_SQUARE_GRAD = Exercise(
    "mean_square_grad",
    _mean_square_grad,
    _examples,
    (
        Mistake(
            "the 2 left out",
            "Everything is half of what it should be. What is the derivative of a square?",
            _with(lambda gradient, matrix, target, weight: gradient / 2),
        ),
        Mistake(
            "sum instead of mean",
            "The result grows with the number of places: this is the gradient of the sum of squares. The loss is their mean.",
            _with(lambda gradient, matrix, target, weight: gradient * len(target)),
        ),
        Mistake(
            "divided by the number of weights",
            "The mean is over the places, the rows of the matrix. Here the number of its columns divides.",
            _with(lambda gradient, matrix, target, weight: gradient * len(target) / len(weight)),
        ),
        Mistake(
            "divided by places and weights",
            "The mean is over the places only. Each of them has one error, however many weights there are.",
            _with(lambda gradient, matrix, target, weight: gradient / len(weight)),
        ),
        Mistake(
            "sign reversed",
            "The error is what comes out minus what is wanted. The other way round the descent would climb.",
            _with(lambda gradient, matrix, target, weight: -gradient),
        ),
        Mistake(
            "target left out",
            "The result does not depend on what is wanted. An output is not wrong by its own size, but by its distance.",
            _of_error(lambda error, matrix, target, weight: matrix @ weight),
        ),
        Mistake(
            "target added",
            "Output and target are added up. The error is their difference.",
            _of_error(lambda error, matrix, target, weight: matrix @ weight + target),
        ),
        Mistake(
            "target in place of the error",
            "The result does not depend on the weights. How wrong they are decides how far to go.",
            _of_error(lambda error, matrix, target, weight: target),
        ),
        Mistake(
            "error squared",
            "The squares of the errors are multiplied by the pixels. The derivative of a square is no square.",
            _of_error(lambda error, matrix, target, weight: error**2),
        ),
        Mistake(
            "only the sign of the error",
            "All errors count alike. With squares, an error that is twice as large pulls twice as hard.",
            _of_error(lambda error, matrix, target, weight: np.sign(error)),
        ),
        Mistake(
            "matrix not transposed",
            "Rows and columns of the matrix are exchanged: each weight should meet its own column, what its tap saw.",
            lambda matrix, target, weight: 2 / len(target) * matrix @ (matrix @ weight - target),
        ),
        Mistake(
            "pixels left out",
            "All weights get the same: the mean error. A weight is to blame for an error as far as its pixel was bright there.",
            lambda matrix, target, weight: np.full(len(weight), 2 * (matrix @ weight - target).mean()),
        ),
        Mistake(
            "only the last place",
            "Each place overwrites what the one before has given. The places are added up.",
            _of_error(_last_place),
        ),
        Mistake(
            "a step instead of the gradient",
            "This is the weight after a step. The gradient alone is wanted; the step comes later, with a learning rate.",
            _with(lambda gradient, matrix, target, weight: weight - gradient),
        ),
    ),
)


def check_mean_square_grad(function) -> Report:
    """Check f(matrix, target, weight) -> the gradient of mean((matrix @ weight - target) ** 2) with respect to weight.

    matrix: (places, taps), a window a row. target: (places,). weight: (taps,). Returns (taps,).

    >>> check_mean_square_grad(lambda matrix, target, weight: matrix.T @ (matrix @ weight - target) / len(target)).mistake
    'the 2 left out'
    """
    return check(MEAN_SQUARE_GRAD, function)
