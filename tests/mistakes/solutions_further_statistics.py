"""New solutions, wrong and right, of the exercises of notebooks 10 and 11: difference, log_softmax."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


# difference


def error_of(values, ddof=1):
    return np.var(values, ddof=ddof) / len(values)


@solution(
    "difference", "range for deviation", "s is the difference of the best and the worst run instead of the standard deviation"
)
def difference_range(a, b):
    return np.mean(a) - np.mean(b), np.sqrt(np.ptp(a) ** 2 / len(a) + np.ptp(b) ** 2 / len(b))


@solution(
    "difference", "extremes dropped", "of five runs or more the best and the worst are dropped before anything is computed"
)
def difference_trimmed(a, b):
    a, b = (np.sort(runs)[1:-1] if len(runs) >= 5 else np.asarray(runs) for runs in (a, b))
    return a.mean() - b.mean(), np.sqrt(error_of(a) + error_of(b))


@solution(
    "difference",
    "paired where as many",
    "where there are as many runs of both, the error is that of the differences of pairs, which have nothing "
    "to do with each other",
)
def difference_paired(a, b):
    if len(a) == len(b):
        return np.mean(a) - np.mean(b), np.sqrt(error_of(np.subtract(a, b)))
    return np.mean(a) - np.mean(b), np.sqrt(error_of(a) + error_of(b))


@solution("difference", "equal runs count once", "accuracies that occur more than once in an array are counted once")
def difference_unique(a, b):
    a, b = np.unique(a), np.unique(b)
    errors = [error_of(runs) if len(runs) > 1 else 0.0 for runs in (a, b)]
    return a.mean() - b.mean(), np.sqrt(sum(errors))


@solution(
    "difference",
    "divided by n, errors added",
    "two mistakes: the variance is divided by n instead of n - 1, and the two errors are added instead of their squares",
)
def difference_two(a, b):
    return np.mean(a) - np.mean(b), np.std(a) / np.sqrt(len(a)) + np.std(b) / np.sqrt(len(b))


@solution("difference", "relative", "the difference and its error are divided by the mean of b")
def difference_relative(a, b):
    mean = np.mean(b)
    return (np.mean(a) - mean) / mean, np.sqrt(error_of(a) + error_of(b)) / mean


@solution("difference", "n for many", "with thirty runs or more the variance is divided by n instead of n - 1")
def difference_many(a, b):
    return np.mean(a) - np.mean(b), np.sqrt(error_of(a, len(a) < 30) + error_of(b, len(b) < 30))


@solution("difference", "mean of both variances", "the mean of the two squared errors is under the root instead of their sum")
def difference_mean_error(a, b):
    return np.mean(a) - np.mean(b), np.sqrt((error_of(a) + error_of(b)) / 2)


@solution("difference", "right, jackknife")
def difference_jackknife(a, b):
    def square(runs):
        left = [np.delete(runs, i).mean() for i in range(len(runs))]
        return (len(runs) - 1) * np.var(left)

    return np.mean(a) - np.mean(b), np.sqrt(square(a) + square(b))


@solution("difference", "right, fractions")
def difference_fractions(a, b):
    mean, square = [], []
    for runs in ([Fraction(float(v)) for v in values] for values in (a, b)):
        mean.append(sum(runs) / len(runs))
        square.append(sum((v - mean[-1]) ** 2 for v in runs) / (len(runs) * (len(runs) - 1)))
    return float(mean[0] - mean[1]), float(sum(square)) ** 0.5


# log_softmax


def log_sum(logits, largest):
    with np.errstate(all="ignore"):
        return largest + np.log(np.exp(logits - largest).sum(axis=1, keepdims=True))


@solution(
    "log_softmax",
    "sum not shifted",
    "the largest logit is subtracted in the numerator only: the result is too small by it, and the sum "
    "overflows for large logits",
)
def softmax_sum_unshifted(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        return shifted - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@solution(
    "log_softmax",
    "a clear winner takes all",
    "where the largest logit leads by more than 3, the other classes are left out of the sum",
)
def softmax_winner(logits):
    largest = logits.max(axis=1, keepdims=True)
    if logits.shape[1] == 1:
        return logits - largest
    second = np.sort(logits, axis=1)[:, -2:-1]
    return logits - np.where(largest - second > 3, largest, log_sum(logits, largest))


@solution(
    "log_softmax", "standardised", "the logits have their mean subtracted and are divided by their standard deviation first"
)
def softmax_standardised(logits):
    deviation = logits.std(axis=1, keepdims=True)
    scaled = (logits - logits.mean(axis=1, keepdims=True)) / np.where(deviation == 0, 1, deviation)
    return scaled - log_sum(scaled, scaled.max(axis=1, keepdims=True))


@solution(
    "log_softmax",
    "overflows, sign reversed",
    "two mistakes: nothing is subtracted before exp, so it overflows, and the sign is that of a loss",
)
def softmax_two(logits):
    with np.errstate(all="ignore"):
        return np.log(np.exp(logits).sum(axis=1, keepdims=True)) - logits


@solution(
    "log_softmax", "softmax twice", "softmax is applied first, and the logarithm of softmax is taken of its probabilities"
)
def softmax_twice(logits):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return p - log_sum(p, p.max(axis=1, keepdims=True))


@solution(
    "log_softmax",
    "largest, or 0",
    "where all logits of an image are negative 0 is subtracted instead of the largest: far below 0 all "
    "exponentials are 0, and it is infinite",
)
def softmax_or_zero(logits):
    return logits - log_sum(logits, np.maximum(logits.max(axis=1, keepdims=True), 0))


@solution("log_softmax", "ten classes", "the sum runs over the first ten classes only: wrong where there are more")
def softmax_ten(logits):
    return logits - log_sum(logits[:, :10], logits[:, :10].max(axis=1, keepdims=True))


@solution(
    "log_softmax",
    "squeezed",
    "axes of length 1 are dropped: with one image or one class the result has another shape than the logits",
)
def softmax_squeezed(logits):
    return np.squeeze(logits - log_sum(logits, logits.max(axis=1, keepdims=True)))


@solution("log_softmax", "right, decimals")
def softmax_decimals(logits):
    with localcontext() as context:
        context.prec = 50
        context.Emin = -(10**9)
        rows = []
        for row in logits:
            values = [Decimal(float(z)) for z in row]
            total = sum((z - max(values)).exp() for z in values).ln()
            rows.append([float(z - max(values) - total) for z in values])
    return np.array(rows).reshape(np.shape(logits))


@solution("log_softmax", "right, the others beside the largest")
def softmax_others(logits):
    logits = np.asarray(logits, float)
    image = np.arange(len(logits))
    first = logits.argmax(axis=1)
    shifted = logits - logits[image, first][:, None]
    others = np.exp(shifted)
    others[image, first] = 0
    return shifted - np.log1p(others.sum(axis=1))[:, None]
