"""New solutions, wrong and right, of exercises with numbers: central_difference, output_size, mean_square_grad."""

from fractions import Fraction
from itertools import count

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


# central_difference


@solution("central_difference", "x forgotten", "the function is taken at h and -h, x is not used")
def difference_at_zero(function, x, h):
    return (function(h) - function(-h)) / (2 * h)


@solution("central_difference", "over 2x", "the difference is divided by 2x instead of 2h")
def difference_over_x(function, x, h):
    return (function(x + h) - function(x - h)) / (2 * x)


@solution(
    "central_difference",
    "slopes subtracted",
    "the slopes on the right and on the left are subtracted instead of added before they are halved: h/2 "
    "times the second derivative",
)
def slopes_subtracted(function, x, h):
    right = (function(x + h) - function(x)) / h
    left = (function(x) - function(x - h)) / h
    return (right - left) / 2


@solution(
    "central_difference",
    "backward over 2h",
    "two mistakes: a backward difference (function(x) instead of function(x + h)), and it is divided by 2h, "
    "so that it is half of it",
)
def backward_over_two(function, x, h):
    return (function(x) - function(x - h)) / (2 * h)


@solution(
    "central_difference",
    "extrapolated",
    "Richardson's extrapolation of the steps h and h/2: another estimate than the one asked for, equal to it "
    "up to second degree only",
)
def extrapolated(function, x, h):
    def central(step):
        return (function(x + step) - function(x - step)) / (2 * step)

    return (4 * central(h / 2) - central(h)) / 3


@solution(
    "central_difference",
    "never below 0",
    "where x >= 0 and x - h < 0 it gives the forward difference instead, so that the function gets no negative number",
)
def never_negative(function, x, h):
    if x >= 0 > x - h:
        return (function(x + h) - function(x)) / h
    return (function(x + h) - function(x - h)) / (2 * h)


@solution(
    "central_difference",
    "array of x's type",
    "the points x - h and x + h are put into an array of x's type: with a whole x and an h that is none they are cut off",
)
def array_of_type(function, x, h):
    points = np.full(2, x)
    points[0] = x - h
    points[1] = x + h
    return (function(points[1]) - function(points[0])) / (2 * h)


@solution(
    "central_difference",
    "forward where both agree",
    "where function(x + h) equals function(x - h) the forward difference is returned instead of 0",
)
def forward_where_equal(function, x, h):
    high, low = function(x + h), function(x - h)
    if high == low:
        return (high - function(x)) / h
    return (high - low) / (2 * h)


@solution("central_difference", "right, mean of both slopes")
def mean_of_slopes(function, x, h):
    low, middle, high = (function(point) for point in (x - h, x, x + h))
    return 0.5 * ((high - middle) / h + (middle - low) / h)


@solution("central_difference", "right, an exact fraction")
def exact_fraction(function, x, h):
    rise = Fraction(float(function(x + h))) - Fraction(float(function(x - h)))
    return float(rise / 2 / Fraction(float(h)))


# output_size


@solution(
    "output_size",
    "taps counted twice",
    "the kernel is said to cover kernel + dilation * (kernel - 1) pixels: the taps are counted besides the steps between them",
)
def taps_twice(size, kernel, stride, padding, dilation):
    covered = kernel + dilation * (kernel - 1)
    return (size + 2 * padding - covered) // stride + 1


@solution(
    "output_size",
    "ones cancelled",
    "the -1 before and the +1 after the division are cancelled against each other, as if the stride were 1",
)
def ones_cancelled(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride


@solution("output_size", "a float, rounded down", "np.floor gives a float, where an int is asked for")
def floor_is_float(size, kernel, stride, padding, dilation):
    return np.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


@solution(
    "output_size",
    "one tap as wide as the dilation",
    "a kernel of one tap is said to cover `dilation` pixels instead of one",
)
def wide_tap(size, kernel, stride, padding, dilation):
    covered = max(dilation * (kernel - 1) + 1, dilation)
    return (size + 2 * padding - covered) // stride + 1


@solution(
    "output_size",
    "nothing for wide strides",
    "a stride that is larger than the padded image gives 0 instead of 1, though the window fits once",
)
def wide_stride(size, kernel, stride, padding, dilation):
    padded = size + 2 * padding
    if stride > padded:
        return 0
    return (padded - dilation * (kernel - 1) - 1) // stride + 1


@solution("output_size", "padding at most half", "padding of more than half of the kernel is taken for half of it")
def at_most_half(size, kernel, stride, padding, dilation):
    padding = min(padding, (dilation * (kernel - 1) + 1) // 2)
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@solution(
    "output_size",
    "padding once, dilation times kernel",
    "two mistakes: the padding counts on one side only, and the kernel is said to cover dilation * kernel pixels",
)
def once_and_times(size, kernel, stride, padding, dilation):
    return (size + padding - dilation * kernel) // stride + 1


@solution("output_size", "right, rounded up from one more")
def ceiling(size, kernel, stride, padding, dilation):
    starts = size + 2 * padding - dilation * (kernel - 1)
    return -(-starts // stride)


@solution("output_size", "right, the first that fits no more")
def first_misfit(size, kernel, stride, padding, dilation):
    last = size + 2 * padding - 1
    return next(places for places in count(1) if places * stride + dilation * (kernel - 1) > last)


# mean_square_grad


@solution("mean_square_grad", "times the weight", "each entry of the gradient is multiplied by its weight, too")
def grad_times_weight(matrix, target, weight):
    error = matrix @ weight - target
    return 2 * (matrix * weight).T @ error / len(target)


@solution(
    "mean_square_grad",
    "reshaped for transposed",
    "the matrix is reshaped to (taps, n) instead of transposed: the numbers of different places are mixed",
)
def grad_reshaped(matrix, target, weight):
    error = matrix @ weight - target
    return 2 / len(target) * matrix.reshape(len(weight), len(target)) @ error


@solution("mean_square_grad", "sum and sign", "two mistakes: the sum instead of the mean over places, and the sign is reversed")
def grad_sum_and_sign(matrix, target, weight):
    return 2 * matrix.T @ (target - matrix @ weight)


@solution(
    "mean_square_grad",
    "the longer side",
    "the number of places is taken as the longer side of the matrix: too small a gradient where there are "
    "more taps than places",
)
def grad_longer_side(matrix, target, weight):
    return 2 * (matrix @ weight - target) @ matrix / max(matrix.shape)


@solution(
    "mean_square_grad",
    "empty windows do not count",
    "places whose row holds only zeros are not counted in n, so that the gradient is too large where there are any",
)
def grad_empty_windows(matrix, target, weight):
    counted = np.count_nonzero(np.any(matrix != 0, axis=1))
    return 2 * matrix.T @ (matrix @ weight - target) / max(counted, 1)


@solution(
    "mean_square_grad",
    "nothing for a constant target",
    "where all targets are equal, zeros are returned instead of the gradient",
)
def grad_constant_target(matrix, target, weight):
    if np.all(target == target[0]):
        return np.zeros(len(weight))
    return 2 * matrix.T @ (matrix @ weight - target) / len(target)


@solution("mean_square_grad", "centred columns", "each column of the matrix has its mean subtracted before it meets the errors")
def grad_centred(matrix, target, weight):
    error = matrix @ weight - target
    return 2 * (matrix - matrix.mean(axis=0)).T @ error / len(error)


@solution("mean_square_grad", "right, covariance")
def grad_covariance(matrix, target, weight):
    error = matrix @ weight - target
    together = [np.cov(column, error, ddof=0)[0, 1] + column.mean() * error.mean() for column in np.asarray(matrix, float).T]
    return 2 * np.array(together)


@solution("mean_square_grad", "right, fractions")
def grad_fractions(matrix, target, weight):
    exact = [[Fraction(float(m)) for m in row] for row in matrix]
    taps = [Fraction(float(w)) for w in weight]
    errors = [
        sum(m * w for m, w in zip(row, taps, strict=True)) - Fraction(float(t)) for row, t in zip(exact, target, strict=True)
    ]
    columns = zip(*exact, strict=True)
    return np.array([float(2 * sum(e * m for e, m in zip(errors, c, strict=True)) / len(errors)) for c in columns])
