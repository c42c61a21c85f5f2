"""Solutions of the exercises on what a network is worth: rank_correlation, reward."""

import math

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


# rank_correlation


@solution("rank_correlation", "argsort of argsort", "equal numbers get different ranks, in the order in which they stand")
def argsort_of_argsort(a, b):
    return np.corrcoef(np.argsort(np.argsort(a)), np.argsort(np.argsort(b)))[0, 1]


@solution(
    "rank_correlation",
    "argsort alone",
    "argsort gives the places of the sorted numbers, not their ranks: it is the inverse of that",
)
def argsort_alone(a, b):
    return np.corrcoef(a.argsort(), b.argsort())[0, 1]


@solution(
    "rank_correlation",
    "formula of squares",
    "1 - 6 sum d^2 / (n (n^2 - 1)) holds only without equal numbers; the ranks are right",
)
def formula_of_squares(a, b):
    def ranks(x):
        return np.array([np.mean(np.flatnonzero(np.sort(x) == v)) for v in x])

    d = ranks(a) - ranks(b)
    n = len(a)
    return 1 - 6 * (d**2).sum() / (n * (n**2 - 1))


@solution(
    "rank_correlation",
    "index of the sorted",
    "sorted(x).index(v) gives equal numbers the smallest of their ranks, not the mean",
)
def index_of_the_sorted(a, b):
    x, y = ([sorted(side.tolist()).index(v) for v in side.tolist()] for side in (a, b))
    return np.corrcoef(x, y)[0, 1]


@solution(
    "rank_correlation",
    "unique's inverse",
    "np.unique's inverse counts different numbers: behind equal ones no ranks are left out",
)
def uniques_inverse(a, b):
    x = np.unique(a, return_inverse=True)[1]
    y = np.unique(b, return_inverse=True)[1]
    return np.corrcoef(x, y)[0, 1]


@solution("rank_correlation", "of the numbers", "Pearson's correlation of the numbers themselves, without ranks")
def of_the_numbers(a, b):
    a, b = a - a.mean(), b - b.mean()
    return (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())


@solution(
    "rank_correlation",
    "two kinds of deviation",
    "the covariance is divided by n, the variances by n - 1: the result is too small by (n - 1) / n",
)
def two_kinds_of_deviation(a, b):
    def ranks(x):
        return np.array([(x < v).sum() + (x == v).sum() / 2 for v in x])

    x, y = ranks(a), ranks(b)
    return np.mean((x - x.mean()) * (y - y.mean())) / (x.std(ddof=1) * y.std(ddof=1))


@solution("rank_correlation", "the matrix", "np.corrcoef's whole matrix is returned, not its entry off the diagonal")
def the_matrix(a, b):
    def ranks(x):
        return [(x < v).sum() + (x == v).sum() / 2 for v in x]

    return np.corrcoef(ranks(a), ranks(b))


@solution("rank_correlation", "the diagonal", "np.corrcoef(...)[0, 0] is the correlation of a with itself: always 1")
def the_diagonal(a, b):
    def ranks(x):
        return np.array([(x < v).sum() + (x == v).sum() / 2 for v in x])

    return np.corrcoef(ranks(a), ranks(b))[0, 0]


@solution(
    "rank_correlation",
    "half rounded down",
    "// 2 rounds half of the number of equal ones down: ranks of 3 equal ones are half too small",
)
def half_rounded_down(a, b):
    x, y = (np.array([(s < v).sum() + (s == v).sum() // 2 for v in s]) for s in (a, b))
    return np.corrcoef(x, y)[0, 1]


@solution("rank_correlation", "ranks from the top")
def ranks_from_the_top(a, b):
    def ranks(x):
        return np.array([(x > v).sum() + ((x == v).sum() + 1) / 2 for v in x], dtype=np.float32)

    x, y = ranks(a), ranks(b)
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    return float(x @ y) / len(x)


@solution("rank_correlation", "signs of all pairs")
def signs_of_all_pairs(a, b):
    x = [sum((v > w) - (v < w) for w in a.tolist()) for v in a.tolist()]
    y = [sum((v > w) - (v < w) for w in b.tolist()) for v in b.tolist()]
    return sum(p * q for p, q in zip(x, y, strict=True)) / math.sqrt(sum(p * p for p in x) * sum(q * q for q in y))


# reward


@solution("reward", "sign of the exponent", "the exponent is +0.07: expensive networks are rewarded")
def sign_of_the_exponent(accuracy, macs, target):
    return accuracy * (macs / target) ** 0.07


@solution("reward", "minus behind the power", "-0.07 is multiplied by the ratio: the power was written as *")
def minus_behind_the_power(accuracy, macs, target):
    w = -0.07
    return accuracy * (macs / target) * w


@solution(
    "reward", "whole division", "macs // target is a whole number, 0 below the target: division by zero, or too coarse a ratio"
)
def whole_division(accuracy, macs, target):
    return accuracy * (macs // target) ** -0.07


@solution("reward", "parentheses missing", "the power binds first: macs / target ** -0.07 in place of (macs / target) ** -0.07")
def parentheses_missing(accuracy, macs, target):
    return accuracy * macs / target**-0.07


@solution("reward", "only above the target", "a network below the target gets its accuracy alone: no bonus for what it saves")
def only_above_the_target(accuracy, macs, target):
    if macs <= target:
        return accuracy
    return accuracy * (macs / target) ** -0.07


@solution("reward", "target over macs", "the ratio is upside down, target / macs, and the exponent is still -0.07")
def target_over_macs(accuracy, macs, target):
    return accuracy * (target / macs) ** -0.07


@solution("reward", "power of ten", "the logarithm is to base 10, the exponential to base e")
def power_of_ten(accuracy, macs, target):
    return accuracy * math.exp(-0.07 * math.log10(macs / target))


@solution("reward", "whole percent", "the result is turned into a whole number")
def whole_percent(accuracy, macs, target):
    return int(accuracy * (macs / target) ** -0.07)


@solution("reward", "minus in place of the power", "0.07 is subtracted from accuracy * ratio: the ** is missing")
def minus_in_place_of_the_power(accuracy, macs, target):
    return accuracy * (macs / target) - 0.07


@solution("reward", "powers of two")
def powers_of_two(accuracy, macs, target):
    return accuracy * 2 ** (0.07 * (np.log2(target) - np.log2(macs)))


@solution("reward", "a root of a power")
def a_root_of_a_power(accuracy, macs, target):
    seventh_power = (target / macs) ** 7
    return np.array(accuracy) * seventh_power**0.01
