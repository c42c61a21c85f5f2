"""What learners write for the gradient of a mean of squares: wrong ones, and right ones that look odd."""

import numpy as np
from corpus import Solution

from minimix import Tensor


def without_two(matrix, target, weight):
    error = matrix @ weight - target
    return matrix.T @ error / len(target)


def not_averaged(matrix, target, weight):
    error = matrix @ weight - target
    return 2 * matrix.T @ error


def over_taps(matrix, target, weight):
    error = matrix @ weight - target
    return 2 / len(weight) * matrix.T @ error


def over_size(matrix, target, weight):
    error = matrix @ weight - target
    return (2 * error[:, None] * matrix).sum(axis=0) / matrix.size


def one_place_less(matrix, target, weight):
    n = len(target)
    return 2 / max(n - 1, 1) * matrix.T @ (matrix @ weight - target)


def reversed_sign(matrix, target, weight):
    error = target - matrix @ weight
    return 2 / len(target) * matrix.T @ error


def not_transposed(matrix, target, weight):
    return 2 / len(target) * matrix @ (matrix @ weight - target)


def squared_error(matrix, target, weight):
    error = (matrix @ weight - target) ** 2
    return 2 * (matrix.T * error).mean(axis=1)


def sign_of_error(matrix, target, weight):
    error = np.sign(matrix @ weight - target)
    return matrix.T @ error / len(error)


def absolute_error(matrix, target, weight):
    error = np.abs(matrix @ weight - target)
    return 2 / len(error) * matrix.T @ error


def inner_derivative_forgotten(matrix, target, weight):
    error = matrix @ weight - target
    return np.full(weight.shape, 2 * error.mean())


def loss_itself(matrix, target, weight):
    return np.mean((matrix @ weight - target) ** 2)


def loss_too(matrix, target, weight):
    error = matrix @ weight - target
    return 2 / len(target) * matrix.T @ error, np.mean(error**2)


def mean_of_all(matrix, target, weight):
    error = matrix @ weight - target
    return 2 * (error[:, None] * matrix).mean()


def mean_over_taps(matrix, target, weight):
    error = matrix @ weight - target
    return 2 * (matrix * error[:, None]).mean(axis=1)


def target_forgotten(matrix, target, weight):
    seen = matrix @ weight
    return 2 * np.einsum("pk,p->k", matrix, seen) / len(seen)


def whole_division(matrix, target, weight):
    error = matrix @ weight - target
    return 2 // len(target) * matrix.T @ error


def column(matrix, target, weight):
    error = matrix @ weight.reshape(-1, 1) - target.reshape(-1, 1)
    return 2 / len(target) * matrix.T @ error


def every_error_with_every_target(matrix, target, weight):
    error = matrix @ weight[:, None] - target  # (n, n)
    return 2 / len(target) * (matrix.T @ error).mean(axis=1)


def target_changed(matrix, target, weight):
    target -= matrix @ weight
    return -2 / len(target) * (matrix.T @ target)


def weight_changed(matrix, target, weight):
    error = matrix @ weight - target
    gradient = 2 / len(target) * error @ matrix
    weight -= gradient
    return gradient


def matrix_changed(matrix, target, weight):
    error = matrix @ weight - target
    matrix *= error[:, None]
    return 2 * matrix.mean(axis=0)


def last_place_only(matrix, target, weight):
    gradient = np.zeros(weight.shape)
    for p in range(len(target)):
        error = matrix[p] @ weight - target[p]
        for k in range(len(weight)):
            gradient[k] = 2 * error * matrix[p, k] / len(target)
    return gradient


def reset_for_each_place(matrix, target, weight):
    for row, wanted in zip(matrix, target, strict=True):
        gradient = np.zeros(len(weight))
        gradient += 2 * (row @ weight - wanted) * row
    return gradient / len(target)


def stepped_weight(matrix, target, weight):
    error = matrix @ weight - target
    return weight - 0.1 * (2 / len(target) * matrix.T @ error)


def coarse_difference(matrix, target, weight):
    def loss(weight):
        return np.mean((matrix @ weight - target) ** 2)

    h = 1e-2
    return np.array([(loss(weight + h * one) - loss(weight)) / h for one in np.eye(len(weight))])


def product_of_means(matrix, target, weight):
    error = matrix @ weight - target
    return 2 * error.mean() * matrix.mean(axis=0)


def root_of_the_loss(matrix, target, weight):
    error = matrix @ weight - target
    return matrix.T @ error / len(target) / np.sqrt(np.mean(error**2))


def clipped(matrix, target, weight):
    error = matrix @ weight - target
    return np.clip(2 / len(target) * matrix.T @ error, -1, 1)


def averaged_twice(matrix, target, weight):
    error = matrix @ weight - target
    return 2 / len(target) * (matrix * error[:, None]).mean(axis=0)


def half_precision(matrix, target, weight):
    matrix, target, weight = (a.astype(np.float16) for a in (matrix, target, weight))
    error = matrix @ weight - target
    return (2 / len(target) * matrix.T @ error).astype(float)


def squeezed(matrix, target, weight):
    matrix = matrix.squeeze()
    error = matrix @ weight - target
    return 2 / len(target) * matrix.T @ error


def scalar_where_fitted(matrix, target, weight):
    error = matrix @ weight - target
    if np.allclose(error, 0):
        return 0.0
    return 2 / len(target) * matrix.T @ error


def best_weight(matrix, target, weight):
    return weight - np.linalg.lstsq(matrix, target, rcond=None)[0]


def with_decay(matrix, target, weight):
    error = matrix @ weight - target
    return 2 / len(target) * matrix.T @ error + 1e-4 * weight


def error_of_own_tap(matrix, target, weight):
    gradient = np.zeros(len(weight))
    for k in range(len(weight)):
        error = matrix[:, k] * weight[k] - target
        gradient[k] = 2 * (error * matrix[:, k]).mean()
    return gradient


def small_errors_ignored(matrix, target, weight):
    error = matrix @ weight - target
    error[np.abs(error) < 0.1] = 0
    return 2 / len(target) * error @ matrix


def target_not_multiplied(matrix, target, weight):
    return 2 / len(target) * (matrix.T @ matrix @ weight - target.sum())


def sign_and_two(matrix, target, weight):
    return np.array([np.mean((target - matrix @ weight) * seen) for seen in matrix.T])


# right


def one_einsum(matrix, target, weight):
    error = np.einsum("pk,k->p", matrix, weight) - target
    return np.einsum("p,pk->k", error, matrix) * (2 / matrix.shape[0])


def plain_loops(matrix, target, weight):
    gradient = [0.0] * len(weight)
    for seen, wanted in zip(matrix.tolist(), target.tolist(), strict=True):
        error = sum(pixel * w for pixel, w in zip(seen, weight.tolist(), strict=True)) - wanted
        for k, pixel in enumerate(seen):
            gradient[k] += 2 * error * pixel / len(target)
    return np.array(gradient)


def exact_difference(matrix, target, weight):
    """The loss is quadratic: its central difference is exact for any step."""

    def loss(weight):
        return np.mean((matrix @ weight - target) ** 2)

    return np.array([(loss(weight + one) - loss(weight - one)) / 2 for one in np.eye(len(weight))])


def expanded(matrix, target, weight):
    return 2 / len(target) * ((matrix.T @ matrix) @ weight - matrix.T @ target)


def by_autograd(matrix, target, weight):
    w = Tensor(np.array(weight, dtype=float), requires_grad=True)
    ((Tensor(np.asarray(matrix, float)) @ w - Tensor(np.asarray(target, float))) ** 2).mean().backward()
    return w.grad


def halves(matrix, target, weight):
    """The mean over all places from those of the first and the second half."""
    n = len(target)
    if n == 1:
        return 2 * (matrix[0] @ weight - target[0]) * matrix[0]
    first, second = (halves(matrix[part], target[part], weight) for part in (slice(n // 2), slice(n // 2, n)))
    return (n // 2 * first + (n - n // 2) * second) / n


def one_more_column(matrix, target, weight):
    both = np.column_stack([matrix, target])
    product = both.T @ both @ np.append(weight, -1.0)
    return product[:-1] * 2 / len(both)


def mean_of_rows(matrix, target, weight):
    return ((matrix @ weight - target)[:, None] * matrix * 2).mean(axis=0)


SOLUTIONS = [
    Solution("mean_square_grad", f"mean_square_grad: {name}", function, truth)
    for name, function, truth in [
        ("without 2", without_two, "the factor 2 is missing"),
        ("not averaged", not_averaged, "not divided by n, the number of places: the gradient of the sum of squares"),
        ("over taps", over_taps, "divided by the number of taps, not of places"),
        ("over size", over_size, "divided by n times taps, all entries of matrix, instead of n"),
        ("one place less", one_place_less, "divided by n - 1 instead of n (right for n = 1)"),
        ("reversed sign", reversed_sign, "the error is target - matrix @ weight: the gradient has the wrong sign"),
        ("not transposed", not_transposed, "matrix instead of its transpose: fails unless it is square, and is wrong then"),
        ("squared error", squared_error, "the error is squared in the gradient as well"),
        (
            "sign of error",
            sign_of_error,
            "the gradient of the mean absolute error: the error's sign in place of 2 times the error",
        ),
        ("absolute error", absolute_error, "the error's absolute value: wrong where errors are negative"),
        (
            "inner derivative forgotten",
            inner_derivative_forgotten,
            "the inner derivative, matrix, is forgotten: each weight gets 2 times the mean error",
        ),
        ("loss itself", loss_itself, "the loss is returned, not its gradient"),
        ("loss too", loss_too, "a tuple (gradient, loss) is returned, not the gradient"),
        ("mean of all", mean_of_all, "averaged over taps, too: one number"),
        ("mean over taps", mean_over_taps, "averaged over taps instead of places: shape (n,)"),
        ("target forgotten", target_forgotten, "target is ignored"),
        ("whole division", whole_division, "2 // n is 0 for more than two places"),
        ("column", column, "the shape is (taps, 1) instead of (taps,)"),
        (
            "every error with every target",
            every_error_with_every_target,
            "(n, 1) - (n,) broadcasts to (n, n): the mean of the targets is subtracted at each place, not the place's own",
        ),
        ("target changed", target_changed, "the gradient is right, but target is changed in place"),
        ("weight changed", weight_changed, "the gradient is right, but weight is changed in place: a step of descent"),
        ("matrix changed", matrix_changed, "the gradient is right, but matrix is multiplied in place"),
        ("last place only", last_place_only, "= instead of +=: only the last place's share remains"),
        (
            "reset for each place",
            reset_for_each_place,
            "the sum is set to 0 inside of the loop: only the last place's share remains",
        ),
        ("stepped weight", stepped_weight, "the weight after a step of descent is returned, not the gradient"),
        ("coarse difference", coarse_difference, "a forward difference with a step of 0.01: off by 0.01 times the curvature"),
        ("product of means", product_of_means, "the mean error times the mean pixel, instead of the mean of the products"),
        ("root of the loss", root_of_the_loss, "the gradient of the root of the mean square"),
        ("clipped", clipped, "the gradient is clipped to -1 to 1: wrong where it is larger"),
        ("averaged twice", averaged_twice, "divided by n twice"),
        ("half precision", half_precision, "computed in float16"),
        ("squeezed", squeezed, "matrix.squeeze() drops an axis of length 1: fails for one place or one tap"),
        ("scalar where fitted", scalar_where_fitted, "a single 0.0, not an array (taps,), where all errors are 0"),
        ("best weight", best_weight, "the way to the weight of least squares is returned, not the gradient"),
        ("with decay", with_decay, "1e-4 times the weight is added: weight decay that the loss does not have"),
        (
            "error of own tap",
            error_of_own_tap,
            "each tap's error is computed from its own product only, not from the sum over taps",
        ),
        ("small errors ignored", small_errors_ignored, "errors below 0.1 are set to 0"),
        (
            "target not multiplied",
            target_not_multiplied,
            "the sum of target is subtracted instead of matrix.T @ target: the pixels are missing in that term",
        ),
        ("sign and 2", sign_and_two, "two mistakes: the sign is wrong and the factor 2 is missing"),
        ("right, einsum", one_einsum, None),
        ("right, plain loops", plain_loops, None),
        ("right, an exact difference", exact_difference, None),
        ("right, expanded", expanded, None),
        ("right, autograd", by_autograd, None),
        ("right, halves", halves, None),
        ("right, one more column", one_more_column, None),
        ("right, a mean of rows", mean_of_rows, None),
    ]
]
