"""An exercise on what a kernel is learned by: the gradient of a mean square error."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered, numbers
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_data, drawn_numbers, features, rare_numbers
from minimix.course.ways import gradients


def _built(
    output=lambda matrix, weight: matrix @ weight,
    error=lambda output, target: output - target,
    pull=lambda error: error,
    matrix=lambda matrix: matrix.T,
    factor=2,
    count=lambda matrix: len(matrix),
    after=lambda gradient, weight: gradient,
):
    """factor / count * matrix.T @ pull(output - target), and what mistakes alter of it."""

    def gradient(given, target, weight):
        pulls = pull(error(output(given, weight), target))
        return after(factor / count(given) * (matrix(given) @ pulls), weight)

    return gradient


def _examples(rng):
    for places, taps in [
        (1, 1), (1, 2), (2, 1), (1, 3), (3, 1), (2, 2), (2, 2), (3, 2), (2, 3), (3, 3), (4, 2), (4, 4), (5, 3), (6, 4),
        (9, 9), (12, 9), (2, 5), (7, 3),
    ]:  # fmt: skip
        yield {"matrix": numbers(rng, places, taps), "target": numbers(rng, places), "weight": numbers(rng, taps)}
    for places, taps in [(3, 3), (6, 2)]:  # numbers that half precision does not hold
        yield {"matrix": rng.normal(size=(places, taps)), "target": rng.normal(size=places), "weight": rng.normal(size=taps)}
    yield {"matrix": numbers(rng, 3, 4).T, "target": numbers(rng, 4), "weight": numbers(rng, 3)}  # another order in memory
    for places, taps in [(1, 1), (2, 1), (2, 3), (4, 3), (8, 2)]:  # nothing is wrong: the gradient is 0
        matrix, weight = numbers(rng, places, taps), numbers(rng, taps)
        yield {"matrix": matrix, "target": matrix @ weight, "weight": weight}


def _broad(rng):
    yield from drawn_data.regressions(rng)
    yield from drawn_numbers.otherwise(list(_examples(rng)), "matrix", "target", "weight")
    matrix, weight = rng.normal(size=(300, 6)), rng.normal(size=6)
    yield {"matrix": matrix, "target": rng.normal(size=300), "weight": weight}


def _features(case):
    errors = case["matrix"] @ case["weight"] - case["target"]
    return features.values("matrix", "target", "weight")(case) | {
        "all errors are 0": not errors.any(),
        "some error is below 0": bool((errors < 0).any()),
        "the largest error, whatever its sign,": float(f"{np.abs(errors).max():.3g}"),
        "the smallest error, whatever its sign,": float(f"{np.abs(errors).min():.3g}"),
        "two rows of the matrix are equal": len(np.unique(case["matrix"], axis=0)) < len(errors),
    }


def _only(place):
    """An error of 0 at all places but one."""

    def kept(error):
        alone = np.zeros_like(error)
        alone[place] = error[place]
        return alone

    return kept


def _every_target_kept(turn):
    def gradient(matrix, target, weight):
        errors = (matrix @ weight)[:, None] - target
        return 2 / len(target) * matrix.T @ (errors.T if turn else errors)

    return gradient


def _quotient(h):
    """A difference quotient of the loss, forward by h: off by h times half its curvature."""
    return lambda matrix, target, weight: _built()(matrix, target, weight) + h * (matrix**2).mean(axis=0)


_altered = altered(_built)
_COLUMN = (
    "An array of shape (places, 1) has met one of shape (places,): NumPy makes a square of them, each output with each target. "
    "Keep both of shape (places,), or index with [:, None] at the end only."
)

MEAN_SQUARE_GRAD = Exercise(
    "mean_square_grad",
    _built(),
    _examples,
    (
        _altered("the 2 left out", "Everything is half of what it should be. What is the derivative of a square?", factor=1),
        _altered("4 in place of 2", "Everything is twice as much as it should be: the 2 of the square is there twice.",
                 factor=4),
        _altered(
            "1/2 in place of 2", "The 2 of the square divides. It multiplies: what is the derivative of a square?", factor=0.5
        ),
        _altered(
            "sum instead of mean",
            "The result grows with the number of places: this is the gradient of the sum of squares. The loss is their mean.",
            count=lambda matrix: 1,
        ),
        _altered(
            "divided by the number of weights",
            "The mean is over the places, the rows of the matrix. Here the number of its columns divides.",
            count=lambda matrix: matrix.shape[1],
        ),
        _altered(
            "divided by places and weights",
            "The mean is over the places only. Each of them has one error, however many weights there are.",
            count=lambda matrix: matrix.size,
        ),
        _altered(
            "divided by the number of places twice",
            "The number of places divides twice, perhaps once as a mean and once more by hand. Once is enough.",
            count=lambda matrix: len(matrix) ** 2,
        ),
        _altered(
            "divided by the number of places less one",
            "The divisor is places - 1. The loss is a plain mean: all places count.",
            count=lambda matrix: np.float64(len(matrix) - 1),
        ),
        _altered(
            "divided by the number of places plus one",
            "The divisor is places + 1. The loss is a plain mean over the places.",
            count=lambda matrix: len(matrix) + 1,
        ),
        _altered(
            "multiplied by the number of places", "The number of places multiplies. A mean divides by it.",
            count=lambda matrix: 1 / len(matrix),
        ),
        _altered(
            "divided by the root of the number of places", "The root of the number of places divides. A mean divides by the "
            "number itself.", count=lambda matrix: len(matrix) ** 0.5,
        ),
        Mistake(
            "2 // n instead of 2 / n",
            "The factor is rounded down, as // does: it is 0 for more than two places. Divide with /.",
            lambda matrix, target, weight: 2 // len(target) * matrix.T @ (matrix @ weight - target),
        ),
        _altered(
            "sign reversed",
            "The error is what comes out minus what is wanted. The other way round the descent would climb.",
            error=lambda output, target: target - output,
        ),
        _altered(
            "target left out",
            "The result does not depend on what is wanted. An output is not wrong by its own size, but by its distance.",
            error=lambda output, target: output,
        ),
        _altered(
            "target added",
            "Output and target are added up. The error is their difference.",
            error=lambda output, target: output + target,
        ),
        _altered(
            "target in place of the error",
            "The result does not depend on the weights. How wrong they are decides how far to go.",
            error=lambda output, target: target,
        ),
        _altered(
            "output times target", "Output and target are multiplied. The error is their difference.",
            error=lambda output, target: output * target,
        ),
        _altered(
            "mean of the targets subtracted",
            "From each output the mean of all targets is subtracted. Each place has a target of its own. A column (n, 1) "
            "against a vector (n,) does so, too: it makes an (n, n) array.",
            error=lambda output, target: output - target.mean(),
        ),
        _altered(
            "sum of the targets subtracted",
            "From each output the sum of all targets is subtracted. Each place has a target of its own.",
            error=lambda output, target: output - target.sum(),
        ),
        _altered(
            "first target for all places",
            "From each output the first target is subtracted. Each place has a target of its own.",
            error=lambda output, target: output - target[0],
        ),
        _altered(
            "targets in reverse order", "The first output meets the last target, and so on backwards.",
            error=lambda output, target: output - target[::-1],
        ),
        _altered(
            "mean of the outputs", "In the error the mean of all outputs stands. Each place has an output of its own. (A "
            "vector against a column (n, 1) does so, too: it makes an (n, n) array.",
            error=lambda output, target: output.mean() - target,
        ),
        Mistake("each output with each target", _COLUMN, _every_target_kept(False)),
        Mistake("each output with each target, turned", _COLUMN, _every_target_kept(True)),
        _altered(
            "error squared",
            "The squares of the errors are multiplied by the pixels. The derivative of a square is no square.",
            pull=lambda error: error**2,
        ),
        _altered(
            "error without its sign",
            "The errors lose their sign. Whether an output is too large or too small decides where to go.",
            pull=np.abs,
        ),
        _altered(
            "only the sign of the error",
            "All errors count alike. With squares, an error that is twice as large pulls twice as hard.",
            pull=np.sign,
        ),
        _altered(
            "only errors above 0", "Errors below 0 are taken for 0. They pull, too, the other way.",
            pull=lambda error: np.maximum(error, 0),
        ),
        _altered(
            "mean error at all places",
            "Each pixel is multiplied by the mean of all errors. Each place has an error of its own.",
            pull=lambda error: np.full_like(error, error.mean()),
        ),
        _altered(
            "sum of the errors at all places", "Each pixel is multiplied by the sum of all errors. Each place has an error of "
            "its own.", pull=lambda error: np.full_like(error, error.sum()),
        ),
        _altered(
            "error less its mean", "The errors' mean is taken off, or that of each column of the matrix, which gives the same. "
            "Errors and matrix count as they are.",
            pull=lambda error: error - error.mean(),
        ),
        _altered(
            "root of the mean square", "This is the gradient of the root of the mean square. The loss has no root.",
            pull=lambda error: error / (2 * np.sqrt((error**2).mean()) if error.any() else 1),
        ),
        _altered(
            "errors in reverse order", "The first row of the matrix meets the last error, and so on backwards.",
            pull=lambda error: error[::-1],
        ),
        _altered(
            "only the last place", "Each place overwrites what the one before has given. The places are added up.",
            pull=_only(-1)
        ),
        _altered("only the first place", "Only the first place counts. The places are added up: is there a return inside of "
                 "the loop?", pull=_only(0)),
        _altered("the last place left out", "The last place gives nothing: the loop ends one too early.",
                 pull=lambda error: np.append(error[:-1], 0)),
        _altered("the first place left out", "The first place gives nothing. Python counts from 0.",
                 pull=lambda error: np.append(0, error[1:])),
        _altered(
            "matrix not transposed",
            "Rows and columns of the matrix are exchanged: each weight should meet its own column, what its tap saw.",
            matrix=lambda matrix: matrix,
        ),
        _altered(
            "pixels squared", "The pixels are squared. A weight is to blame for an error as far as its pixel was bright there.",
            matrix=lambda matrix: matrix.T**2,
        ),
        _altered(
            "pixels without their sign", "The pixels lose their sign.", matrix=lambda matrix: np.abs(matrix.T)
        ),
        _altered(
            "columns in reverse order", "The first weight gets what belongs to the last, and so on backwards.",
            matrix=lambda matrix: matrix.T[::-1],
        ),
        Mistake(
            "pixels left out",
            "All weights get the same: the mean error. A weight is to blame for an error as far as its pixel was bright there.",
            lambda matrix, target, weight: np.full(len(weight), 2 * (matrix @ weight - target).mean()),
        ),
        Mistake(
            "pixels left out, and the mean",
            "All weights get the same: the sum of the errors. A weight is to blame as far as its pixel was bright there.",
            lambda matrix, target, weight: np.full(len(weight), 2 * (matrix @ weight - target).sum()),
        ),
        Mistake(
            "pixels missing at the target",
            "The targets are subtracted after the pixels were multiplied: matrix.T belongs before the whole error.",
            lambda matrix, target, weight: 2 / len(target) * (matrix.T @ (matrix @ weight) - target.sum()),
        ),
        Mistake(
            "the target not averaged",
            "Only the outputs' part is divided by the number of places. 2 / places belongs before the whole difference.",
            lambda matrix, target, weight: 2 / len(target) * matrix.T @ (matrix @ weight) - matrix.T @ target,
        ),
        Mistake(
            "only the target's part doubled",
            "Only one part of the difference has 2 / places before it. It belongs before both.",
            lambda matrix, target, weight: matrix.T @ (matrix @ weight) - 2 / len(target) * matrix.T @ target,
        ),
        Mistake(
            "the gradient with respect to the outputs",
            "There is a number for each place: the gradient by the outputs. It goes on through the matrix to the weights.",
            lambda matrix, target, weight: 2 / len(target) * (matrix @ weight - target),
        ),
        Mistake(
            "the loss itself", "This is the mean square error. Its gradient is asked for, a number for each weight.",
            lambda matrix, target, weight: ((matrix @ weight - target) ** 2).mean(),
        ),
        Mistake(
            "the gradient with respect to the matrix", "There is a number for each entry of the matrix. The weights' gradient "
            "is asked for.", lambda matrix, target, weight: 2 / len(target) * np.outer(matrix @ weight - target, weight),
        ),
        Mistake(
            "averaged over the weights", "There is a number for each place: the mean is taken along the other axis. Each "
            "weight gets the mean over the places.",
            lambda matrix, target, weight: (2 * matrix * (matrix @ weight - target)[:, None]).mean(axis=1),
        ),
        Mistake(
            "averaged over the weights, not over the places",
            "It is a single number: the mean is taken over the weights, after the places were added up. Each weight gets its "
            "own.",
            lambda matrix, target, weight: 2 * (matrix.T @ (matrix @ weight - target)).mean(),
        ),
        Mistake(
            "averaged over places and weights", "It is a single number: the mean is over the weights, too. Each weight gets "
            "its own.", lambda matrix, target, weight: (2 * matrix * (matrix @ weight - target)[:, None]).mean(),
        ),
        Mistake(
            "a column", "The numbers are right, but in a column, of shape (taps, 1). The weights are a vector, (taps,).",
            lambda matrix, target, weight: _built()(matrix, target, weight)[:, None],
        ),
        Mistake(
            "a row", "The numbers are right, but in a row, of shape (1, taps). The weights are a vector, (taps,).",
            lambda matrix, target, weight: _built()(matrix, target, weight)[None],
        ),
        Mistake(
            "the products not added up", "There is a number for each place and weight. The places are to be averaged, so that "
            "each weight has one.", lambda matrix, target, weight: 2 * matrix * (matrix @ weight - target)[:, None],
        ),
        Mistake(
            "weight left out", "The result does not depend on the weights: the pixels are added up unweighed.",
            lambda matrix, target, weight: 2 / len(target) * matrix.T @ (matrix.sum(axis=1) - target),
        ),
        *(
            Mistake(
                f"a difference quotient with a step of {h:g}",
                "The result is a forward difference of the loss, which is off by the step times half the curvature. The "
                "formula of the gradient is exact.",
                _quotient(h),
            )
            for h in (1, 0.1, 0.01, 0.001)
        ),
        _altered(
            "a step instead of the gradient",
            "This is the weight after a step. The gradient alone is wanted; the step comes later, with a learning rate.",
            after=lambda gradient, weight: weight - gradient,
        ),
        _altered(
            "a step of 0.1 instead of the gradient", "This is the weight after a step with the rate 0.1. The gradient alone is "
            "wanted.", after=lambda gradient, weight: weight - 0.1 * gradient,
        ),
        _altered(
            "a step of 0.01 instead of the gradient", "This is the weight after a step with the rate 0.01. The gradient alone "
            "is wanted.", after=lambda gradient, weight: weight - 0.01 * gradient,
        ),
        _altered(
            "gradient times weight", "The gradient is multiplied by the weights. It is asked for as it is.",
            after=lambda gradient, weight: gradient * weight,
        ),
        _altered(
            "weight added", "The weights are added to the gradient, as a penalty on them would do. The loss has none.",
            after=lambda gradient, weight: gradient + weight,
        ),
        _altered(
            "twice the weight added", "Twice the weights are added, as the gradient of a penalty on them. The loss has none.",
            after=lambda gradient, weight: gradient + 2 * weight,
        ),
        _altered(
            "a normalised gradient",
            "The gradient is divided by its own length. How long it is says how wrong the weights are.",
            after=lambda gradient, weight: gradient / (np.linalg.norm(gradient) or 1),
        ),
        _altered(
            "clipped to 1", "The gradient's entries are clipped to -1 and 1. They are asked for as they are.",
            after=lambda gradient, weight: np.clip(gradient, -1, 1),
        ),
        *rare_numbers.MEAN_SQUARE_GRAD,
    ),
    built=_built,
    features=_features,
    broad=_broad,
    ways=(gradients.mean_square_grad_arrays, gradients.mean_square_grad_loops,),
)  # fmt: skip


def check_mean_square_grad(function) -> Report:
    """Check f(matrix, target, weight) -> the gradient of mean((matrix @ weight - target) ** 2) with respect to weight.

    matrix: (places, taps), a window a row. target: (places,). weight: (taps,). Returns an array (taps,); a
    list will do.

    >>> check_mean_square_grad(lambda matrix, target, weight: matrix.T @ (matrix @ weight - target) / len(target)).mistake
    'the 2 left out'
    """
    return check(MEAN_SQUARE_GRAD, function)
