"""Held-out solutions, wrong and right: confusion, difference, log_softmax."""

import math
from itertools import groupby

import numpy as np
from corpus import collected

import minimix.functional as F

SOLUTIONS, solution = collected()


# confusion


@solution(
    "confusion",
    "groupby without sorting",
    "groupby is used on pairs that are not sorted: each run of equal pairs replaces the count of the runs before it",
)
def groupby_unsorted(labels, predictions, classes):
    matrix = np.zeros((classes, classes), dtype=int)
    for pair, run in groupby(zip(labels, predictions, strict=True)):
        matrix[pair] = len(list(run))
    return matrix


@solution(
    "confusion",
    "length of np.where",
    "len(np.where(...)) is the number of axes, 1, not the number of images found: every entry is 1",
)
def length_of_where(labels, predictions, classes):
    return [[len(np.where((labels == true) & (predictions == taken))) for taken in range(classes)] for true in range(classes)]


@solution(
    "confusion",
    "comparisons without parentheses",
    "& binds stronger than ==: labels == (row & predictions) == column is a chain of comparisons of arrays, which is "
    "refused for more than one image",
)
def without_parentheses(labels, predictions, classes):
    matrix = np.zeros((classes, classes), dtype=int)
    for row in range(classes):
        for column in range(classes):
            matrix[row, column] = np.sum(labels == row & predictions == column)
    return matrix


@solution(
    "confusion",
    "argmax of the predictions",
    "the predictions are taken for probabilities, and their argmax, the place of the largest one, for the class of all images: "
    "one column holds them all, or it is outside of the matrix and fails",
)
def argmax_of_predictions(labels, predictions, classes):
    taken = np.argmax(predictions, axis=-1)
    matrix = np.zeros((classes, classes), dtype=np.int64)
    for label in labels:
        matrix[label, taken] += 1
    return matrix


@solution("confusion", "whole rows", "np.add.at gets the labels only: every image is counted in all columns of its row")
def whole_rows(labels, predictions, classes):
    matrix = np.zeros((classes, classes), dtype=int)
    np.add.at(matrix, labels, 1)
    return matrix


@solution(
    "confusion",
    "number of the image as the row",
    "enumerate's number of the image is used as the row instead of its label: an IndexError with more images than classes",
)
def image_number_as_row(labels, predictions, classes):
    counts = [[0 for _ in range(classes)] for _ in range(classes)]
    for label, taken in enumerate(predictions):
        counts[label][taken] += 1
    return counts


@solution(
    "confusion",
    "exchanged, and shares",
    "two mistakes: rows are the predictions and columns the true classes, and the counts are divided by the number of images",
)
def exchanged_and_shares(labels, predictions, classes):
    pairs = predictions * classes + labels
    counts = np.bincount(pairs, minlength=classes * classes)
    return counts.reshape(classes, classes) / max(len(labels), 1)


@solution("confusion", "right, pairs counted in a list")
def pairs_in_a_list(labels, predictions, classes):
    pairs = list(zip(labels.tolist(), predictions.tolist(), strict=True))
    return [[pairs.count((true, taken)) for taken in range(classes)] for true in range(classes)]


@solution("confusion", "right, cumulative")
def cumulative(labels, predictions, classes):
    pairs = np.sort(labels * classes + predictions)
    below = np.searchsorted(pairs, np.arange(classes**2 + 1))
    return np.diff(below).reshape(classes, classes).astype(np.float32)


# difference


@solution(
    "difference",
    "b's number of runs for both",
    "both means are divided by the number of b's runs: right for as many runs of both only; the error is right",
)
def number_of_b(a, b):
    gap = sum(a) / len(b) - sum(b) / len(b)
    return gap, math.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))


@solution(
    "difference",
    "a's variance twice",
    "the variance of a is used for b, too: var(a) / n_a + var(a) / n_b",
)
def variance_of_a_twice(a, b):
    var_a = np.sum((a - np.mean(a)) ** 2) / (len(a) - 1)
    var_b = np.sum((a - np.mean(a)) ** 2) / (len(a) - 1)
    return np.mean(a) - np.mean(b), np.sqrt(var_a / len(a) + var_b / len(b))


@solution(
    "difference",
    "1 as an axis",
    "np.std(a, 1) gives the 1 as the axis instead of as ddof: an array of runs has no axis 1, which fails",
)
def one_as_an_axis(a, b):
    errors = [np.std(runs, 1) / np.sqrt(len(runs)) for runs in (a, b)]
    return np.mean(a) - np.mean(b), np.hypot(*errors)


@solution(
    "difference",
    "root of the first term",
    "the root is taken of a's term only, b's term (its variance over its number) is added outside of it",
)
def root_of_first_term(a, b):
    n_a, n_b = len(a), len(b)
    return a.mean() - b.mean(), np.sqrt(a.var(ddof=1) / n_a) + b.var(ddof=1) / n_b


@solution(
    "difference",
    "drawn again",
    "the error is that of 300 random draws with replacement (a bootstrap): about the one with 1 / n, by chance more or less, "
    "not the formula",
)
def drawn_again(a, b):
    rng = np.random.default_rng(0)
    drawn = [rng.choice(a, len(a)).mean() - rng.choice(b, len(b)).mean() for _ in range(300)]
    return np.mean(a) - np.mean(b), np.std(drawn)


@solution(
    "difference",
    "spread of all pairs",
    "the error is the standard deviation of the differences of all pairs of runs: the spread of single runs, not divided by "
    "their numbers",
)
def spread_of_all_pairs(a, b):
    pairs = np.subtract.outer(a, b)
    return pairs.mean(), pairs.std(ddof=1)


@solution(
    "difference",
    "b minus a, len(a - 1)",
    "two mistakes: the difference is b - a, and the squares are divided by len(a - 1), which is n, instead of n - 1",
)
def b_minus_a_and_n(a, b):
    def squared_error(runs):
        mean = sum(runs) / len(runs)
        return sum((run - mean) ** 2 for run in runs) / len(runs - 1) / len(runs)

    return sum(b) / len(b) - sum(a) / len(a), (squared_error(a) + squared_error(b)) ** 0.5


@solution("difference", "right, distances to the mean")
def distances_to_mean(a, b):
    means, errors = [], []
    for runs in (a.tolist(), b.tolist()):
        n, mean = len(runs), math.fsum(runs) / len(runs)
        means.append(mean)
        errors.append(math.dist(runs, [mean] * n) / math.sqrt(n * n - n))
    return [means[0] - means[1], math.dist((0, 0), errors)]


@solution("difference", "right, least squares")
def least_squares(a, b):
    of_a = np.repeat([1.0, 0.0], [len(a), len(b)])
    runs = np.concatenate([a, b]) - b[0]
    design = np.stack([of_a, 1 - of_a], axis=1)
    means = np.linalg.lstsq(design, runs, rcond=None)[0]
    rest = (runs - design @ means) ** 2
    n = design.sum(axis=0)
    return np.array([means[0] - means[1], np.sqrt((rest @ design / (n * (n - 1))).sum())])


# log_softmax


@solution(
    "log_softmax",
    "new axis in front",
    "the logarithms of the images' sums get their new axis in front ([None]): image i's sum is subtracted from class i, which "
    "fails unless there are as many images as classes, or one",
)
def new_axis_in_front(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1))[None]


@solution(
    "log_softmax",
    "shifted only when large",
    "the largest logit is subtracted only where it is above 100: where all logits are far below 0 the exponentials are all "
    "0, and the result is not finite",
)
def shifted_only_when_large(logits):
    rows = []
    for z in logits:
        if z.max() > 100:
            z = z - z.max()
        rows.append(z - np.log(np.sum(np.exp(z))))
    return np.array(rows)


@solution(
    "log_softmax",
    "running sum not rescaled",
    "largest and sum are found in one walk, but what was summed relative to an earlier largest logit is not rescaled when a "
    "larger one comes: right only where the first class is the largest",
)
def running_sum_not_rescaled(logits):
    out = np.zeros(logits.shape)
    for n, row in enumerate(logits):
        largest, total = row[0], 1.0
        for z in row[1:]:
            largest = max(largest, z)
            total += np.exp(z - largest)
        out[n] = row - largest - np.log(total)
    return out


@solution(
    "log_softmax",
    "a wider float",
    "np.longdouble instead of a shift: its exponentials overflow above about 11000 (or already above 709, where it is no "
    "wider), and vanish far below",
)
def wider_float(logits):
    wide = np.asarray(logits, dtype=np.longdouble)
    return (wide - np.log(np.exp(wide).sum(axis=1, keepdims=True))).astype(float)


@solution(
    "log_softmax",
    "logarithm before the sum",
    "np.log(np.exp(z)).sum(): the logarithm is taken of each exponential before the sum, so that the sum of the shifted "
    "logits is subtracted",
)
def logarithm_before_sum(logits):
    z = logits - np.max(logits, axis=-1, keepdims=True)
    return z - np.log(np.exp(z)).sum(axis=-1, keepdims=True)


@solution(
    "log_softmax",
    "one rival only",
    "each class is compared with the largest of the others only, as for two classes: the other classes are missing from the "
    "sum",
)
def one_rival_only(logits):
    out = np.zeros_like(logits, dtype=float)
    for n, c in np.ndindex(logits.shape):
        others = np.delete(logits[n], c)
        out[n, c] = -np.logaddexp(0.0, others.max() - logits[n, c]) if others.size else 0.0
    return out


@solution(
    "log_softmax",
    "largest of the class, to base ten",
    "two mistakes: the largest logit of each class (over the images) is subtracted instead of each image's, and not given "
    "back, and the logarithm of the sum is one to base 10",
)
def largest_of_class_base_ten(logits):
    z = logits - logits.max(axis=0)
    return z - np.log10(np.exp(z).sum(axis=1, keepdims=True))


@solution("log_softmax", "right, one walk, rescaled")
def one_walk_rescaled(logits):
    largest, total = logits[:, 0].astype(float), np.ones(len(logits))
    for z in logits[:, 1:].astype(float).T:
        new = np.maximum(largest, z)
        total = total * np.exp(largest - new) + np.exp(z - new)
        largest = new
    return (logits - largest[:, None]) - np.log(total)[:, None]


@solution("log_softmax", "right, a loss for each label")
def loss_for_each_label(logits):
    columns = []
    for label in range(logits.shape[1]):
        targets = np.full(len(logits), label)
        columns.append(-F.cross_entropy(logits, targets, reduction="none").data)
    return np.stack(columns, axis=-1)
