"""Ordinary solutions, mostly wrong: difference, log_softmax."""

import math
from statistics import NormalDist

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


# difference


@solution(
    "difference",
    "fractions added top and bottom",
    "the error is sqrt((sa^2 + sb^2) / (na + nb)): the two fractions are added as if numerators and denominators could be "
    "added apart; the difference is right",
)
def fractions_added_top_and_bottom(a, b):
    a, b = np.asarray(a), np.asarray(b)
    error = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / (len(a) + len(b)))
    return a.mean() - b.mean(), error


@solution(
    "difference",
    "n forgotten before the squared mean",
    "the sum of squared deviations is sum(x^2) - mean^2 instead of sum(x^2) - n mean^2: the variance, and with it the error, "
    "is far too large",
)
def n_forgotten_before_the_squared_mean(a, b):
    def mean_and_variance(runs):
        n = len(runs)
        mean = sum(runs) / n
        return mean, (sum(x * x for x in runs) - mean**2) / (n - 1)

    (mean_a, var_a), (mean_b, var_b) = mean_and_variance(a), mean_and_variance(b)
    return mean_a - mean_b, math.sqrt(var_a / len(a) + var_b / len(b))


@solution(
    "difference",
    "variances under the hypotenuse",
    "np.hypot is given s^2 / n, the squared errors, instead of s / sqrt(n): the squared errors are squared once more",
)
def variances_under_the_hypotenuse(a, b):
    of_a = np.var(a, ddof=1) / len(a)
    of_b = np.var(b, ddof=1) / len(b)
    return np.mean(a) - np.mean(b), np.hypot(of_a, of_b)


@solution(
    "difference",
    "mean of a - b",
    "the difference is the mean of a - b, run by run: for as many runs of both it is right, for different numbers of runs the "
    "subtraction fails with a ValueError",
)
def mean_of_a_minus_b(a, b):
    difference = (a - b).mean()
    error = np.sqrt(a.std(ddof=1) ** 2 / a.size + b.std(ddof=1) ** 2 / b.size)
    return difference, error


@solution("difference", "right, normal variables subtracted")
def normal_variables_subtracted(a, b):
    def mean_of(runs):
        single = NormalDist.from_samples(np.asarray(runs, dtype=float).tolist())
        return NormalDist(single.mean, single.stdev / math.sqrt(len(runs)))

    between = mean_of(a) - mean_of(b)
    return [between.mean, between.stdev]


# log_softmax


@solution(
    "log_softmax",
    "divided by the logarithm",
    "the shifted logits are divided by the logarithm of the sum of exponentials instead of having it subtracted: log(a / b) "
    "taken for log a / log b",
)
def divided_by_the_logarithm(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    total = np.exp(shifted).sum(axis=1, keepdims=True)
    return shifted / np.log(total)


@solution(
    "log_softmax",
    "sum of the classes so far",
    "the results are computed in the same loop that adds up the exponentials: each class is normalised by the sum up to "
    "itself, and only the last one by the sum of all (that sum may still be 0, where the first classes are far below the "
    "largest)",
)
def sum_of_the_classes_so_far(logits):
    result = np.zeros(np.shape(logits))
    for n, row in enumerate(logits):
        largest = max(row)
        total = 0.0
        for i, z in enumerate(row):
            total += np.exp(z - largest)
            result[n, i] = z - largest - np.log(total)
    return result


@solution(
    "log_softmax",
    "first class left out of the sum",
    "the sum of the exponentials begins at the second class: the first one is missing in the denominator (which is 0 where it "
    "is the only class, or far above all others)",
)
def first_class_left_out_of_the_sum(logits):
    rows = []
    for row in logits:
        top = row.max()
        total = 0.0
        for k in range(1, len(row)):
            total += math.exp(row[k] - top)
        rows.append([z - top - np.log(total) for z in row])
    return np.array(rows)


@solution(
    "log_softmax",
    "PyTorch's name of the argument",
    "calls max and sum of an array with keepdim=True, PyTorch's name; NumPy's is keepdims: always a TypeError",
)
def pytorch_s_name_of_the_argument(logits):
    shifted = logits - logits.max(axis=1, keepdim=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdim=True))
