"""Further solutions of the exercises on comparisons by seed: paired, seeds_needed, sign_flips."""

import itertools
import math
import statistics
from fractions import Fraction

import numpy as np
from corpus import collected

from minimix.study.statistics import student

SOLUTIONS, solution = collected()


@solution(
    "paired", "both sorted and zipped", "each dict is sorted by seed and zipped: behind a seed that one lacks, seeds differ"
)
def paired_sorted_and_zipped(a, b):
    left, right = ([runs[seed] for seed in sorted(runs)] for runs in (a, b))
    differences = np.array([x - y for x, y in zip(left, right, strict=False)])
    n = len(differences)
    mean, error = differences.mean(), differences.std(ddof=1) / np.sqrt(n)
    return mean, error, mean - student(n - 1) * error, mean + student(n - 1) * error


@solution("paired", "seeds counted from 0", "it is taken that the seeds are 0, 1, ..., len(a) - 1: other seeds are a KeyError")
def paired_seeds_from_zero(a, b):
    n = len(a)
    differences = np.zeros(n)
    for seed in range(n):
        differences[seed] = a[seed] - b[seed]
    error = differences.std(ddof=1) / math.sqrt(n)
    half = student(n - 1) * error
    return differences.mean(), error, differences.mean() - half, differences.mean() + half


@solution("paired", "root forgotten", "the error is the variance over n: the square root of it is forgotten")
def paired_no_root(a, b):
    both = set(a) & set(b)
    n = len(both)
    mean = sum(a[s] - b[s] for s in both) / n
    error = sum((a[s] - b[s] - mean) ** 2 for s in both) / (n - 1) / n
    return mean, error, mean - error * student(n - 1), mean + error * student(n - 1)


@solution("paired", "0 for a missing run", "a seed that is not in b counts with an accuracy of 0, instead of being left out")
def paired_missing_is_zero(a, b):
    differences = [a[seed] - b.get(seed, 0) for seed in a]
    n = len(differences)
    mean, error = statistics.mean(differences), statistics.stdev(differences) / n**0.5
    half = student(n - 1) * error
    return mean, error, mean - half, mean + half


@solution("paired", "interval of single differences", "the interval reaches student standard deviations, not standard errors")
def paired_interval_of_deviation(a, b):
    differences = np.array([a[k] - b[k] for k in a.keys() & b.keys()])
    n, mean, deviation = len(differences), differences.mean(), differences.std(ddof=1)
    reach = student(n - 1) * deviation
    return {"mean": mean, "error": deviation / np.sqrt(n), "low": mean - reach, "high": mean + reach}


@solution(
    "paired", "seeds of a as n", "n is the number of seeds in a, also of those that b lacks: error and student are of too many"
)
def paired_n_of_a(a, b):
    n = len(a)
    differences = np.array([a[k] - b[k] for k in a if k in b])
    mean, error = differences.mean(), differences.std(ddof=1) / np.sqrt(n)
    return mean, error, mean - student(n - 1) * error, mean + student(n - 1) * error


@solution("paired", "ends are the width only", "low and high are minus and plus the half width: the mean is not added to them")
def paired_ends_around_zero(a, b):
    differences = np.array([a[k] - b[k] for k in a if k in b])
    n = len(differences)
    error = differences.std(ddof=1) / np.sqrt(n)
    half = student(n - 1) * error
    return differences.mean(), error, -half, half


@solution("paired", "running mean and squares")
def paired_running(a, b):
    n, mean, squares = 0, 0.0, 0.0
    for seed in sorted(b, reverse=True):
        if seed not in a:
            continue
        n += 1
        step = (a[seed] - b[seed]) - mean
        mean += step / n
        squares += step * ((a[seed] - b[seed]) - mean)
    error = math.sqrt(squares / (n - 1) / n)
    return [mean, error, mean - student(n - 1) * error, mean + student(n - 1) * error]


@solution("paired", "from all pairs of differences")
def paired_all_pairs(a, b):
    d = np.array([a[seed] - b[seed] for seed in {*a} & {*b}])
    n = len(d)
    error = np.sqrt(np.square(d[:, None] - d).sum() / (2 * n * (n - 1)) / n)
    return np.mean(d) + error * np.array([0, 0, -student(n - 1), student(n - 1)]) + [0, error - np.mean(d), 0, 0]


@solution("paired", "copies that are emptied")
def paired_emptied(a, b):
    a, b, found = dict(a), dict(b), []
    while a:
        seed, accuracy = a.popitem()
        other = b.pop(seed, None)
        if other is not None:
            found.append(float(accuracy) - float(other))
    error = statistics.stdev(found) / len(found) ** 0.5
    low, high = (statistics.fmean(found) + sign * student(len(found) - 1) * error for sign in (-1, 1))
    return {"high": high, "low": low, "error": error, "mean": statistics.fmean(found)}


@solution(
    "seeds_needed", "two never tried", "n is raised before it is tried: the result is never below 3, also where 2 would do"
)
def seeds_needed_from_three(deviation, half):
    n = 2
    while True:
        n += 1
        if student(n - 1) * deviation / math.sqrt(n) <= half:
            return n


@solution("seeds_needed", "one is tried", "begins with n = 1, for which student(0) raises")
def seeds_needed_from_one(deviation, half):
    n = 1
    while student(n - 1) * deviation / np.sqrt(n) > half:
        n += 1
    return max(n, 2)


@solution("seeds_needed", "doubled", "n is doubled until it is enough: it is enough, but not the smallest number")
def seeds_needed_doubled(deviation, half):
    n = 2
    while student(n - 1) * deviation / np.sqrt(n) > half:
        n *= 2
    return n


@solution(
    "seeds_needed",
    "corrected once",
    "n by 1.96, then once more with student of that n: this is near, but may be too few or many",
)
def seeds_needed_corrected_once(deviation, half):
    first = max(2, math.ceil((1.96 * deviation / half) ** 2))
    return max(2, math.ceil((student(first - 1) * deviation / half) ** 2))


@solution("seeds_needed", "over the root of n - 1", "the error is deviation over the root of n - 1, not of n")
def seeds_needed_root_of_less(deviation, half):
    return next(n for n in itertools.count(2) if student(n - 1) * deviation / np.sqrt(n - 1) <= half)


@solution(
    "seeds_needed", "from end to end", "the whole interval, from end to end, is to be at most half, not its reach to each side"
)
def seeds_needed_whole_width(deviation, half):
    n = 2
    while 2 * student(n - 1) * deviation / n**0.5 > half:
        n += 1
    return n


@solution("seeds_needed", "one less returned", "n is raised behind the trial and the number before it is returned: one too few")
def seeds_needed_one_less(deviation, half):
    n, reach = 2, math.inf
    while reach > half:
        reach = student(n - 1) * deviation / math.sqrt(n)
        n += 1
    return max(2, n - 2)


@solution("seeds_needed", "bisected")
def seeds_needed_bisected(deviation, half):
    def enough(n):
        return student(n - 1) * deviation <= half * math.sqrt(n)

    high = 2
    while not enough(high):
        high *= 2
    low = max(2, high // 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


@solution("seeds_needed", "from the normal bound on")
def seeds_needed_from_a_bound(deviation, half):
    n = max(2, int((1.95 * deviation / half) ** 2))  # student is 1.95 at least
    while student(n - 1) * deviation / np.sqrt(n) > half:
        n += 1
    return np.int64(n)


@solution("seeds_needed", "squares, from a generator")
def seeds_needed_squares(deviation, half):
    return min(itertools.islice((n for n in itertools.count(2) if (student(n - 1) * deviation) ** 2 <= n * half**2), 1))


@solution(
    "sign_flips",
    "with replacement",
    "combinations_with_replacement gives n + 1 ways, those with equal counts of minus only once",
)
def sign_flips_with_replacement(differences):
    observed = differences.sum()
    sums = [np.dot(signs, differences) for signs in itertools.combinations_with_replacement((1, -1), len(differences))]
    return np.mean(np.array(sums) >= observed)


@solution("sign_flips", "kept or left out")  # the sum is as large where what is left out is not above 0
def sign_flips_subsets(differences):
    ways = list(itertools.product([0, 1], repeat=len(differences)))
    return sum((np.array(way) * differences).sum() >= differences.sum() for way in ways) / len(ways)


@solution("sign_flips", "signs alone", "how large the differences are does not count: sums of their signs are compared")
def sign_flips_signs_alone(differences):
    signs = np.sign(differences)
    sums = [(signs * way).sum() for way in itertools.product([1, -1], repeat=len(signs))]
    return np.mean(sums >= signs.sum())


@solution(
    "sign_flips",
    "flipped on and on",
    "each way flips what the way before left, not the differences as they are: some ways come twice",
)
def sign_flips_never_reset(differences):
    observed, count = differences.sum(), 0
    flipped = differences.copy()
    for signs in itertools.product([1, -1], repeat=len(differences)):
        flipped = flipped * signs
        count += flipped.sum() >= observed
    return count / 2 ** len(differences)


@solution("sign_flips", "different sums", "equal sums are put together: it is the share of the different sums, not of the ways")
def sign_flips_different_sums(differences):
    sums = {0}
    for d in differences:
        sums = {s + d for s in sums} | {s - d for s in sums}
    return sum(s >= differences.sum() for s in sums) / len(sums)


@solution(
    "sign_flips", "from one on", "the way with no flip, number 0, is left out of the count, but not out of the number of ways"
)
def sign_flips_without_the_observed(differences):
    n, count = len(differences), 0
    for number in range(1, 2**n):
        signs = np.array([-1 if number >> i & 1 else 1 for i in range(n)])
        count += (signs * differences).sum() >= differences.sum()
    return count / 2**n


@solution("sign_flips", "size of the sum", "the sums are compared by their absolute values: two-sided")
def sign_flips_by_size(differences):
    ways = np.array(list(itertools.product((1, -1), repeat=len(differences))))
    return (np.abs(ways @ differences) >= np.abs(differences.sum())).mean()


@solution("sign_flips", "counts by sum, a fraction")
def sign_flips_counts(differences):
    counts = {0: 1}
    for d in map(int, differences):
        new = {}
        for total, ways in counts.items():
            for following in (total + d, total - d):
                new[following] = new.get(following, 0) + ways
        counts = new
    good = sum(ways for total, ways in counts.items() if total >= int(differences.sum()))
    return float(Fraction(good, sum(counts.values())))


@solution("sign_flips", "zeros left out, by recursion")
def sign_flips_recursive(differences):
    rest = [int(d) for d in differences if d]

    def share(i, needed):  # of the ways of rest[i:] that bring needed at least
        if i == len(rest):
            return 1.0 if needed <= 0 else 0.0
        return (share(i + 1, needed - rest[i]) + share(i + 1, needed + rest[i])) / 2

    return share(0, sum(rest))


@solution("sign_flips", "what is turned, by bits")
def sign_flips_turned(differences):
    n = len(differences)
    turned = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    return np.count_nonzero(turned @ differences <= 0) / 2**n  # turned over, these do not make it smaller
