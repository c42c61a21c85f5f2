"""Solutions of the exercises on comparisons by seed: paired, seeds_needed, sign_flips."""

import itertools
import math
import statistics
from fractions import Fraction

import numpy as np
from corpus import collected

from minimix.study.statistics import student

SOLUTIONS, solution = collected()


# paired


@solution("paired", "zip of the values", "runs are paired in the order of the dicts, not by seed; surplus ones are cut off")
def zip_of_the_values(a, b):
    differences = np.array([x - y for x, y in zip(a.values(), b.values())])  # noqa: B905
    n = len(differences)
    mean, error = differences.mean(), differences.std(ddof=1) / np.sqrt(n)
    half = student(n - 1) * error
    return mean, error, mean - half, mean + half


@solution("paired", "numpy's deviation", "np.std is left at ddof=0: the standard deviation divides by n, not by n - 1")
def numpys_deviation(a, b):
    seeds = [seed for seed in a if seed in b]
    d = np.array([a[seed] - b[seed] for seed in seeds])
    error = np.std(d) / math.sqrt(len(d))
    t = student(len(d) - 1)
    return d.mean(), error, d.mean() - t * error, d.mean() + t * error


@solution(
    "paired", "get with 0", "a seed that b lacks is compared with an accuracy of 0, and seeds that only b has are left out"
)
def get_with_0(a, b):
    d = [a[seed] - b.get(seed, 0) for seed in a]
    mean = sum(d) / len(d)
    error = statistics.stdev(d) / len(d) ** 0.5
    return mean, error, mean - student(len(d) - 1) * error, mean + student(len(d) - 1) * error


@solution(
    "paired", "n of a", "n is the number of a's runs, also of those that are in no pair: in the error and in Student's factor"
)
def n_of_a(a, b):
    n = len(a)
    d = np.array([a[s] - b[s] for s in a if s in b])
    error = d.std(ddof=1) / np.sqrt(n)
    return d.mean(), error, d.mean() - student(n - 1) * error, d.mean() + student(n - 1) * error


@solution(
    "paired",
    "interval of the deviation",
    "the interval is made with the standard deviation of single differences, not with the error",
)
def interval_of_the_deviation(a, b):
    d = np.array([a[s] - b[s] for s in sorted(set(a) & set(b))])
    deviation = d.std(ddof=1)
    error = deviation / np.sqrt(len(d))
    low, high = d.mean() + np.array([-1, 1]) * student(len(d) - 1) * deviation
    return d.mean(), error, low, high


@solution("paired", "student of n", "Student's factor is taken with n degrees of freedom, not n - 1")
def student_of_n(a, b):
    d = np.array([a[s] - b[s] for s in a.keys() & b.keys()])
    n = d.size
    error = d.std(ddof=1) / n**0.5
    return {"mean": d.mean(), "error": error, "low": d.mean() - student(n) * error, "high": d.mean() + student(n) * error}


@solution("paired", "seeds that are true", "`if a.get(seed) and b.get(seed)` leaves out pairs in which an accuracy is 0")
def seeds_that_are_true(a, b):
    d = np.array([a[seed] - b[seed] for seed in a if a.get(seed) and b.get(seed)])
    error = d.std(ddof=1) / np.sqrt(len(d))
    half = error * student(len(d) - 1)
    return d.mean(), error, d.mean() - half, d.mean() + half


@solution("paired", "variance over the root", "the variance takes the place of the standard deviation: its root is not taken")
def variance_over_the_root(a, b):
    common = sorted(set(a).intersection(b))
    d = [a[s] - b[s] for s in common]
    mean = sum(d) / len(d)
    variance = sum((x - mean) ** 2 for x in d) / (len(d) - 1)
    error = variance / math.sqrt(len(d))
    half = student(len(d) - 1) * error
    return [mean, error, mean - half, mean + half]


@solution("paired", "popped")
def popped(a, b):
    b = dict(b)
    d = []
    for seed, accuracy in a.items():
        other = b.pop(seed, None)
        if other is not None:
            d.append(accuracy - other)
    error = statistics.stdev(d) / math.sqrt(len(d))
    mean = math.fsum(d) / len(d)
    return mean, error, mean - error * student(len(d) - 1), mean + error * student(len(d) - 1)


@solution("paired", "sums of squares in one pass")
def sums_of_squares_in_one_pass(a, b):
    n, mean, squares = 0, 0.0, 0.0
    for seed in sorted(set(a) & set(b), reverse=True):
        n += 1
        apart = (a[seed] - b[seed]) - mean
        mean += apart / n
        squares += apart * ((a[seed] - b[seed]) - mean)
    error = (squares / (n * (n - 1))) ** 0.5
    ends = [mean + sign * student(n - 1) * error for sign in (-1, +1)]
    return np.array([mean, error, *ends])


# seeds_needed


@solution("seeds_needed", "formula with 1.96", "Student's factor is 1.96 always, as of very many seeds: too few seeds come out")
def formula_with_196(deviation, half):
    return max(2, math.ceil((1.96 * deviation / half) ** 2))


@solution("seeds_needed", "counted before it is tested", "n is raised once more after the number that is enough: one too many")
def counted_before_it_is_tested(deviation, half):
    n, reach = 2, math.inf
    while reach > half:
        reach = student(n - 1) * deviation / math.sqrt(n)
        n += 1
    return n


@solution("seeds_needed", "student of n", "Student's factor has n degrees of freedom, not n - 1: sometimes one seed too few")
def needed_student_of_n(deviation, half):
    n = 2
    while student(n) * deviation / n**0.5 > half:
        n += 1
    return n


@solution(
    "seeds_needed", "no more than thirty", "the search ends at 30: for more it returns 30, although the interval is too wide"
)
def no_more_than_thirty(deviation, half):
    for n in range(2, 31):
        if student(n - 1) * deviation / np.sqrt(n) <= half:
            return n
    return 30


@solution("seeds_needed", "begins at 3", "two seeds are never tried: 3 comes out where 2 are enough")
def begins_at_3(deviation, half):
    n = 3
    while student(n - 1) * deviation / np.sqrt(n) > half:
        n = n + 1
    return n


@solution("seeds_needed", "divided by n", "the error is deviation / n in place of deviation / sqrt(n)")
def needed_divided_by_n(deviation, half):
    return next(n for n in itertools.count(2) if student(n - 1) * deviation / n <= half)


@solution("seeds_needed", "whole width", "the whole interval, twice the reach, is held against half")
def whole_width(deviation, half):
    n = 2
    while 2 * student(n - 1) * deviation / math.sqrt(n) > half:
        n += 1
    return n


@solution(
    "seeds_needed", "factor of the start", "Student's factor is computed once, for two seeds, before the loop, and never again"
)
def factor_of_the_start(deviation, half):
    n = 2
    t = student(n - 1)
    while t * deviation / n**0.5 > half:
        n += 1
    return n


@solution("seeds_needed", "doubled, then halved")
def doubled_then_halved(deviation, half):
    def enough(n):
        return student(n - 1) * deviation <= half * math.sqrt(n)

    high = 2
    while not enough(high):
        high *= 2
    low = max(2, high // 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return high


@solution("seeds_needed", "a numpy integer")
def a_numpy_integer(deviation, half):
    if deviation == 0:
        return np.int64(2)
    n = np.int64(2)
    while student(int(n) - 1) / np.sqrt(n) > half / deviation:
        n = n + 1
    return n


# sign_flips


@solution(
    "sign_flips", "strictly greater", "flips whose sum equals the observed one do not count, not even the observed way itself"
)
def strictly_greater(differences):
    observed = differences.sum()
    flips = list(itertools.product([-1, 1], repeat=len(differences)))
    return sum(np.dot(flip, differences) > observed for flip in flips) / len(flips)


@solution("sign_flips", "both sides", "sums as far below 0 count as well: a two-sided share")
def both_sides(differences):
    n = len(differences)
    count = 0
    for bits in range(2**n):
        signs = np.array([1 if bits >> i & 1 else -1 for i in range(n)])
        count += abs((signs * differences).sum()) >= abs(differences.sum())
    return count / 2**n


@solution(
    "sign_flips",
    "sizes first",
    "the differences lose their signs first: the observed sum is that of all sizes, the largest there is",
)
def sizes_first(differences):
    d = np.abs(differences)
    flips = np.array(list(itertools.product([-1, 1], repeat=len(d))))
    return ((flips @ d) >= d.sum()).mean()


@solution("sign_flips", "a set of sums", "equal sums are counted once: the share is that of different sums, not of ways")
def a_set_of_sums(differences):
    sums = {0}
    for d in differences.tolist():
        sums = {s + d for s in sums} | {s - d for s in sums}
    observed = differences.sum()
    return sum(s >= observed for s in sums) / len(sums)


@solution(
    "sign_flips", "only those above 0 are flipped", "only differences above 0 change their signs; the others stay as they are"
)
def only_those_above_0_are_flipped(differences):
    sums = [0]
    for d in differences:
        sums = [s + d for s in sums] + [s - abs(d) if d > 0 else s + d for s in sums]
    return np.mean(np.array(sums) >= differences.sum())


@solution("sign_flips", "one at a time", "one sign at a time is flipped, or none: n + 1 ways in place of 2 ** n")
def one_at_a_time(differences):
    total = differences.sum()
    sums = [total] + [total - 2 * d for d in differences]
    return sum(s >= total for s in sums) / len(sums)


@solution("sign_flips", "zeros have one sign", "a difference of 0 is taken out first, and where all are 0 the share is 0")
def zeros_have_one_sign(differences):
    d = differences[differences != 0]
    if len(d) == 0:
        return 0.0
    signs = np.array(list(itertools.product([-1, 1], repeat=len(d))))
    return float(np.mean(signs @ d >= d.sum()))


@solution("sign_flips", "by twos", "the number of ways is 2 * n, where it should be 2 ** n")
def by_twos(differences):
    flips = itertools.product((1, -1), repeat=len(differences))
    observed = differences.sum()
    return sum((np.array(flip) * differences).sum() >= observed for flip in flips) / (2 * len(differences))


@solution("sign_flips", "up to one less", "range(2**n - 1) leaves out the last way, in which every sign is as observed")
def up_to_one_less(differences):
    n, count = len(differences), 0
    for number in range(2**n - 1):
        total = sum(d if number >> i & 1 else -d for i, d in enumerate(differences))
        count += total >= differences.sum()
    return count / 2**n


@solution("sign_flips", "a fraction of parts that are taken away")
def a_fraction_of_parts(differences):
    parts = [sum(part) for k in range(len(differences) + 1) for part in itertools.combinations(differences.tolist(), k)]
    return Fraction(sum(part <= 0 for part in parts), len(parts))


@solution("sign_flips", "recursion over the rest")
def recursion_over_the_rest(differences):
    def ways(rest, needed):
        if not rest:
            return int(needed <= 0)
        return ways(rest[1:], needed - rest[0]) + ways(rest[1:], needed + rest[0])

    values = [int(d) for d in differences]
    return ways(values, sum(values)) / 2 ** len(values)


@solution("sign_flips", "meshgrid")
def meshgrid(differences):
    axes = np.meshgrid(*[np.array([d, -d]) for d in differences], indexing="ij")
    sums = sum(axes)
    return np.float32((sums.ravel() - differences.sum() > -0.5).mean())
