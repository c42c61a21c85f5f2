"""Solutions of the exercise "a difference and its error": wrong ones, and right ones in other styles."""

import math
import statistics

import numpy as np
from corpus import Solution


def divided_by_n(a, b):
    return a.mean() - b.mean(), np.sqrt(a.var() / len(a) + b.var() / len(b))


def one_less_for_a_only(a, b):
    return a.mean() - b.mean(), np.sqrt(np.var(a, ddof=1) / len(a) + np.var(b) / len(b))


def one_less_twice(a, b):
    return a.mean() - b.mean(), np.sqrt(a.var(ddof=1) / (len(a) - 1) + b.var(ddof=1) / (len(b) - 1))


def no_root(a, b):
    return np.mean(a) - np.mean(b), np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b)


def errors_added(a, b):
    def error(x):
        return np.std(x, ddof=1) / np.sqrt(len(x))

    return a.mean() - b.mean(), error(a) + error(b)


def errors_subtracted(a, b):
    squared = a.var(ddof=1) / len(a) - b.var(ddof=1) / len(b)
    return a.mean() - b.mean(), np.sqrt(abs(squared))


def always_positive(a, b):
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return abs(a.mean() - b.mean()), error


def the_other_way_round(a, b):
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return b.mean() - a.mean(), error


def as_many_of_both(a, b):
    return a.mean() - b.mean(), np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))


def spread_of_runs(a, b):
    return a.mean() - b.mean(), np.sqrt(a.std(ddof=1) ** 2 + b.std(ddof=1) ** 2)


def divided_by_all(a, b):
    return a.mean() - b.mean(), np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / (len(a) + len(b)))


def pooled(a, b):
    n, m = len(a), len(b)
    variance = ((n - 1) * a.var(ddof=1) + (m - 1) * b.var(ddof=1)) / (n + m - 2)
    return a.mean() - b.mean(), np.sqrt(variance * (1 / n + 1 / m))


def paired(a, b):
    differences = a - b
    return differences.mean(), differences.std(ddof=1) / np.sqrt(len(differences))


def cut_to_the_shorter(a, b):
    n = min(len(a), len(b))
    a, b = a[:n], b[:n]
    return a.mean() - b.mean(), np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / n)


def all_in_one(a, b):
    both = np.concatenate([a, b])
    return a.mean() - b.mean(), both.std(ddof=1) / np.sqrt(len(both))


def error_first(a, b):
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return error, a.mean() - b.mean()


def difference_only(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    return mean_a - mean_b


def error_only(a, b):
    return np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))


def medians(a, b):
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return np.median(a) - np.median(b), error


def best_runs(a, b):
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return a.max() - b.max(), error


def whole_points(a, b):
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return a.sum() // len(a) - b.sum() // len(b), error


def rounded(a, b):
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return round(float(a.mean() - b.mean()), 1), round(float(error), 1)


def in_percent(a, b):
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return 100 * (a.mean() - b.mean()) / b.mean(), 100 * error / b.mean()


def squares_minus_square(a, b):
    def variance(x):
        return (x**2).mean() - x.mean() ** 2

    return a.mean() - b.mean(), np.sqrt(variance(a) / len(a) + variance(b) / len(b))


def squares_in_single_precision(a, b):
    def variance(x):
        n, x = len(x), np.asarray(x, np.float32)
        return max(float((x * x).sum() - x.sum() ** 2 / np.float32(n)), 0.0) / (n - 1)

    return np.mean(a) - np.mean(b), math.sqrt(variance(a) / len(a) + variance(b) / len(b))


def centres_in_place(a, b):
    mean_a, mean_b = a.mean(), b.mean()
    a -= mean_a
    b -= mean_b
    n, m = len(a), len(b)
    return mean_a - mean_b, np.sqrt((a @ a) / (n - 1) / n + (b @ b) / (m - 1) / m)


def t_value(a, b):
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return a.mean() - b.mean(), (a.mean() - b.mean()) / error


def interval(a, b):
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return a.mean() - b.mean(), 1.96 * error


def absolute_deviations(a, b):
    def spread(x):
        return sum(abs(v - x.mean()) for v in x) / (len(x) - 1)

    return a.mean() - b.mean(), math.sqrt(spread(a) ** 2 / len(a) + spread(b) ** 2 / len(b))


def around_one_mean(a, b):
    middle = np.concatenate([a, b]).mean()
    parts = [((x - middle) ** 2).sum() / (len(x) - 1) / len(x) for x in (a, b)]
    return a.mean() - b.mean(), np.sqrt(sum(parts))


def divided_by_n_after_the_root(a, b):
    return a.mean() - b.mean(), np.hypot(a.std(ddof=1) / len(a), b.std(ddof=1) / len(b))


def deviation_not_squared(a, b):
    return a.mean() - b.mean(), np.sqrt(a.std(ddof=1) / len(a) + b.std(ddof=1) / len(b))


def counts_exchanged(a, b):
    return a.mean() - b.mean(), np.sqrt(a.var(ddof=1) / len(b) + b.var(ddof=1) / len(a))


def error_of_a(a, b):
    return a.mean() - b.mean(), a.std(ddof=1) / np.sqrt(len(a))


def ddof_of_the_sum(a, b):
    n = len(a) + len(b)
    squares = ((a - a.mean()) ** 2).sum() / (n - 2) / len(a) + ((b - b.mean()) ** 2).sum() / (n - 2) / len(b)
    return a.mean() - b.mean(), np.sqrt(squares)


def missing_runs_ignored(a, b):
    a, b = a[a > 0], b[b > 0]  # accuracies of 0 are runs that failed
    return a.mean() - b.mean(), np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))


def five_runs(a, b):
    return a.mean() - b.mean(), np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 5)


def one_number_of_text(a, b):
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return f"{a.mean() - b.mean():.2f} ± {error:.2f}"


def other_way_and_no_root(a, b):
    return b.mean() - a.mean(), a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)


WRONG = [
    ("divided by n", divided_by_n, "the variances divide by n, not by n - 1"),
    ("n - 1 for a only", one_less_for_a_only, "the variance of b divides by n, not by n - 1"),
    ("n - 1 twice", one_less_twice, "the variances are divided by n - 1 once more, where the mean's error needs n"),
    ("no root", no_root, "the square root is missing: the error is squared"),
    ("errors added", errors_added, "the two standard errors are added, where their squares must be"),
    ("errors subtracted", errors_subtracted, "the squared errors are subtracted, where they must be added"),
    ("always positive", always_positive, "the absolute difference: the sign is lost where b is better"),
    ("the other way round", the_other_way_round, "b minus a in place of a minus b"),
    ("as many of both", as_many_of_both, "both variances are divided by len(a): wrong where the lengths differ"),
    ("spread of single runs", spread_of_runs,
     "the variances are not divided by n: the spread of single runs, not of their means"),
    ("divided by all", divided_by_all, "the sum of the variances is divided by n_a + n_b, not each by its own n"),
    ("pooled", pooled, "a common (pooled) variance for both: wrong where both the lengths and the variances differ"),
    ("paired", paired, "takes the runs for pairs (std of a - b): another error, and a failure where the lengths differ"),
    ("cut to the shorter", cut_to_the_shorter,
     "the longer array is cut to the length of the shorter one, so runs are left out"),
    ("all in one", all_in_one,
     "the error is that of the mean of all runs together, which counts the difference itself as scatter"),
    ("error first", error_first, "returned in the wrong order: the error first"),
    ("difference only", difference_only, "returns the difference alone, the error is missing"),
    ("error only", error_only, "returns the error alone, the difference is missing"),
    ("medians", medians, "the difference is that of the medians, not of the means"),
    ("best runs", best_runs, "the difference is that of the best runs, not of the means"),
    ("whole points", whole_points, "the means are rounded down to whole numbers by //"),
    ("rounded", rounded, "both results are rounded to one decimal"),
    ("in percent", in_percent, "both results are in percent of b's mean, not in the unit of the accuracies"),
    ("squares minus square", squares_minus_square, "the variance is E[x^2] - E[x]^2, which divides by n, not by n - 1"),
    ("squares in single precision", squares_in_single_precision,
     "the variance is a difference of large sums of squares in float32: no digits are left where runs differ little"),
    ("centres in place", centres_in_place,
     "the results are right, but the arrays a and b that were passed in are changed (their means subtracted)"),
    ("t value", t_value, "the second result is the difference divided by its error, not the error"),
    ("interval of 95 percent", interval, "the error is multiplied by 1.96"),
    ("absolute deviations", absolute_deviations, "the scatter is the mean absolute deviation, not the standard deviation"),
    ("around one mean", around_one_mean, "both variances are taken around the mean of all runs, not each around its own"),
    ("s / n", divided_by_n_after_the_root, "each deviation is divided by n, not by the root of n (the variance by n squared)"),
    ("deviation not squared", deviation_not_squared, "the root is of s / n, not of s squared / n"),
    ("counts exchanged", counts_exchanged,
     "the variance of a is divided by len(b) and that of b by len(a): wrong where the lengths differ"),
    ("error of a", error_of_a, "the error is that of a's mean alone: b's is missing"),
    ("n - 2 for both", ddof_of_the_sum, "the sums of squares are divided by n_a + n_b - 2, not each by its own n - 1"),
    ("zeros left out", missing_runs_ignored, "runs with an accuracy of 0 are left out"),
    ("five runs", five_runs, "five runs of each are assumed"),
    ("text", one_number_of_text, "returns a text, not two numbers"),
    ("other way round, no root", other_way_and_no_root,
     "two mistakes: b minus a in place of a minus b, and the square root is missing"),
]  # fmt: skip


def right_statistics(a, b):
    a, b = map(float, a), map(float, b)
    a, b = list(a), list(b)
    squared = statistics.variance(a) / len(a) + statistics.variance(b) / len(b)
    return statistics.fmean(a) - statistics.fmean(b), math.sqrt(squared)


def right_hypot(a, b):
    return np.mean(a) - np.mean(b), np.hypot(*(np.std(x, ddof=1) / len(x) ** 0.5 for x in (a, b)))


def right_n_times_n_less_one(a, b):
    return a.mean() - b.mean(), (a.var() / (len(a) - 1) + b.var() / (len(b) - 1)) ** 0.5


def right_welford(a, b):
    def summary(x):
        mean = squares = 0.0
        for n, value in enumerate(x, 1):
            step = value - mean
            mean += step / n
            squares += step * (value - mean)
        return mean, squares / (n - 1) / n

    (mean_a, error_a), (mean_b, error_b) = summary(a), summary(b)
    return float(mean_a - mean_b), float(error_a + error_b) ** 0.5


def right_all_pairs(a, b):
    def variance(x):  # half of the mean squared difference of two runs
        return ((x[:, None] - x) ** 2).sum() / (2 * len(x) * (len(x) - 1))

    return np.subtract.outer(a, b).mean(), np.sqrt(variance(a) / len(a) + variance(b) / len(b))


def right_loops(a, b):
    means, squared = [], 0.0
    for runs in (a, b):
        total = math.fsum(runs)
        mean = total / len(runs)
        means.append(mean)
        squared += math.fsum((x - mean) * (x - mean) for x in runs) / ((len(runs) - 1) * len(runs))
    return means[0] - means[1], math.sqrt(squared)


def right_covariance(a, b):
    return float(np.average(a) - np.average(b)), float(np.sqrt(np.cov(a) / np.size(a) + np.cov(b) / np.size(b)))


RIGHT = [
    ("statistics", right_statistics), ("hypot", right_hypot), ("n times n - 1", right_n_times_n_less_one),
    ("Welford", right_welford), ("all pairs", right_all_pairs), ("loops", right_loops), ("covariance", right_covariance),
]  # fmt: skip
SOLUTIONS = [Solution("difference", f"difference: {name}", wrong, truth) for name, wrong, truth in WRONG]
SOLUTIONS += [Solution("difference", f"difference: right, {name}", right) for name, right in RIGHT]
