"""An exercise on comparisons by seed: how far apart two networks are that were given the same seeds, and how sure that is."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_numbers
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import comparisons
from minimix.study.statistics import student


def _runs(rng):
    for a, b in [
        ({0: 3.0, 1: 5.0}, {0: 1.0, 1: 1.0}), ({0: 1.0, 1: 1.0}, {0: 3.0, 1: 5.0}), ({0: 2.0, 1: 6.0}, {1: 4.0, 0: 1.0}),
        ({0: 4.0, 1: 7.0}, {0: 1.0, 1: 4.0}), ({0: 5.0, 1: 2.0}, {0: 5.0, 1: 2.0}), ({3: 1.0, 7: 4.0}, {7: 2.0, 3: 0.0}),
        ({0: 3.0, 1: 5.0, 2: 9.0}, {0: 1.0, 1: 1.0}), ({1: 3.0, 2: 5.0}, {0: 8.0, 1: 1.0, 2: 1.0}),
        ({0: 6.0, 1: 5.0, 2: 8.0}, {0: 2.0, 1: 3.0, 2: 1.0}), ({2: 0.0, 0: 6.0, 1: 0.0}, {0: 1.0, 1: 2.0, 2: 4.0}),
        ({0: 2, 1: 4, 2: 7, 3: 9}, {0: 1, 1: 4, 2: 3, 3: 8}), ({4: 5.0, 2: 1.0, 0: 2.0}, {1: 9.0, 2: 3.0, 3: 8.0, 0: 7.0}),
        ({0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}, {1: 1.0, 2: 5.0, 3: 2.0, 4: 6.0}),
    ]:  # fmt: skip
        yield {"a": a, "b": b}
    for n in (3, 5, 5, 5, 6, 8):
        yield _drawn(rng, n, 70.0, 2.0, 0.5)
    for n in (3, 5, 7, 10):
        yield _lacking(rng, _drawn(rng, n + 3, 65.0, 1.0, 1.0))


def _drawn(rng, n: int, middle: float, of_seeds: float, of_runs: float) -> dict:
    """What a seed does to both, and what is left to each."""
    common = middle + of_seeds * rng.normal(size=n)
    seeds = [int(seed) for seed in rng.permutation(3 * n)[:n]]
    sides = [common + of_runs * rng.normal(size=n) + more for more in (rng.normal(), 0.0)]
    orders = np.arange(n), rng.permutation(n)
    return {name: {seeds[i]: float(side[i]) for i in order} for name, side, order in zip("ab", sides, orders, strict=True)}


def _lacking(rng, case: dict) -> dict:
    """Without a run of each side, and another one of b."""
    one, other, third = (int(i) for i in rng.permutation(list(case["a"]))[:3])
    return {
        "a": {seed: value for seed, value in case["a"].items() if seed != one},
        "b": {seed: value for seed, value in case["b"].items() if seed not in (other, third)},
    }


def _broad(rng):
    for number in range(48):
        n = drawn_numbers.whole(rng, 2, 40)
        size = 10.0 ** rng.integers(-3, 5)
        middle, of_seeds = float(rng.choice([0, 1, 50, -30])), float(rng.choice([0, 1, 5]))
        if number % 8 == 1:  # no rounding: the error is 0, whatever way it is computed
            n, size = 2 ** int(rng.integers(1, 6)), 1.0
        case = _drawn(rng, n, size * middle, size * of_seeds, size)
        if number % 3 == 0 and number % 8 != 1 and n > 4:
            case = _lacking(rng, case)
        if number % 8 == 1:  # all differences are equal
            case["b"] = {seed: round(4 * value) / 4 for seed, value in case["b"].items()}
            case["a"] = {seed: value + 3 for seed, value in case["b"].items()}
        if number % 8 == 3:
            case = {name: {seed: round(value) for seed, value in runs.items()} for name, runs in case.items()}
        if number % 8 == 5:
            case["b"] = {**case["b"], 1000: 0.0, -1: 7.0 * size}
        yield case


def _pairs(a, b):
    return np.array([(a[seed], b[seed]) for seed in sorted(a.keys() & b.keys())], float).T


def _in_order(key=None, of=dict.items):
    """Pairs by the place in a row, whatever the seeds are."""

    def pairs(a, b):
        rows = [sorted(of(side), key=key) if key else list(of(side)) for side in (a, b)]
        return np.array([(one[-1], other[-1]) for one, other in zip(*rows, strict=False)], float).T

    return pairs


def _missing_as(value):
    def pairs(a, b):
        seeds = sorted(a.keys() | b.keys())
        return np.array([(a.get(seed, value), b.get(seed, value)) for seed in seeds], float).T

    return pairs


def _missing_in(side):
    """A run that one side lacks is 0 there; what the other lacks is left out."""

    def pairs(a, b):
        seeds = sorted(a if side == "b" else b)
        return np.array([(a.get(seed, 0.0), b.get(seed, 0.0)) for seed in seeds], float).T

    return pairs


def _but_zeros(a, b):
    x, y = _pairs(a, b)
    return np.array([x, y])[:, (x != 0) & (y != 0)]


def _counted(count, factor=True):
    """n is another number than that of the pairs, in the error and perhaps in Student's factor. count: of (a, b)."""

    def function(a, b):
        n = count(a, b)
        other = {"factor": lambda *_: student(n - 1)} if factor else {}
        return built(error=lambda d, x, y: d.std(ddof=1) / np.sqrt(n), **other)(a, b)

    return function


def _seeds_of_a(a, b):
    return np.array([(a[seed], b[seed]) for seed in a], float).T


def _numbered(a, b):
    return np.array([(a[seed], b[seed]) for seed in range(len(a))], float).T


def _each_with_each(a, b):
    return np.array([(x, y) for x in a.values() for y in b.values()], float).T


def _error(d, x, y):
    return d.std(ddof=1) / np.sqrt(len(d))


def _of_groups(d, x, y):
    return np.sqrt(x.var(ddof=1) / len(x) + y.var(ddof=1) / len(y))


def _factor(n, a, b):
    return student(n - 1)


def built(
    pairs=_pairs, differences=lambda x, y: x - y, middle=lambda d, a, b: d.mean(), error=_error, factor=_factor,
    half=lambda factor, error, d: factor * error, around=lambda mean: mean,
    returned=lambda mean, error, low, high: (mean, error, low, high),
):  # fmt: skip
    """f(a, b) -> (mean, error, low, high), the right one where no part is given.

    pairs: (2, pairs) of the accuracies. differences: of both sides. middle: of (differences, a, b). error: of (differences, and
    both sides). factor: of (pairs, a, b). half: width of the interval to each side. around: what it lies around.
    """

    def function(a, b):
        x, y = pairs(a, b)
        d = differences(x, y)
        mean, spread = middle(d, a, b), error(d, x, y)
        width, centre = half(factor(len(d), a, b), spread, d), around(mean)
        return returned(mean, spread, centre - width, centre + width)

    return function


def _means(d, a, b):
    return np.mean(list(a.values())) - np.mean(list(b.values()))


_make = altered(built)
_SEED = "A seed's run of a belongs to the same seed's run of b."
_COMMON = "Only seeds that both have make a pair; the others do not count."

PAIRED = Exercise(
    "paired",
    lambda a, b: dict(zip(("mean", "error", "low", "high"), map(float, built()(a, b)), strict=True)),
    _runs,
    (
        _make("b minus a", "The differences have the wrong sign: they are a minus b.", differences=lambda x, y: y - x),
        _make("without the signs of the differences", "Every difference is taken as positive. A seed with which b is better "
              "counts against a.", differences=lambda x, y: np.abs(x - y)),
        _make("differences in percent of b", "The differences are in percent of b. They are wanted in percentage points, as "
              "they are.", differences=lambda x, y: 100 * (x - y) / y),
        _make("differences rounded", "The differences are rounded to whole numbers.", differences=lambda x, y: np.round(x - y)),
        _make("pairs in the order in which they stand", f"Runs are paired in the order in which the dicts have them. {_SEED}",
              pairs=_in_order()),
        _make("pairs in the order of their seeds", f"Both sides are sorted by seed and paired one by one. {_COMMON}",
              pairs=_in_order(key=lambda item: item[0])),
        _make("pairs in the order of their accuracies", f"The best run is paired with the best, and so on. {_SEED}",
              pairs=_in_order(key=lambda item: item[1])),
        _make("each run with each", f"Every run of a is paired with every run of b. {_SEED}", pairs=_each_with_each),
        _make("a missing run counts as 0", f"A seed that only one of them has is paired with 0. {_COMMON}",
              pairs=_missing_as(0.0)),
        _make("a run that b lacks counts as 0", f"A seed of a that b does not have is paired with 0. {_COMMON}",
              pairs=_missing_in("b")),
        _make("a run that a lacks counts as 0", f"A seed of b that a does not have is paired with 0. {_COMMON}",
              pairs=_missing_in("a")),
        _make("accuracies of 0 left out", "Pairs in which an accuracy is 0 are left out: `if a.get(seed)` is true of other "
              "numbers only. Ask whether the seed is in both.", pairs=_but_zeros),
        _make("seeds of a taken for those of both", f"It looks for each seed of a among b's runs, where it may be missing. "
              f"{_COMMON}", pairs=_seeds_of_a),
        _make("seeds taken for 0, 1, 2, ...", "Seeds are taken to be 0, 1, 2, and so on. Which there are, the dicts say.",
              pairs=_numbered),
        _make("the first pair left out", "One pair is missing: that with the smallest seed.",
              pairs=lambda a, b: _pairs(a, b)[:, 1:] if len(_pairs(a, b)[0]) > 2 else _pairs(a, b)),
        _make("means of all runs", f"The mean is that of all runs of a minus that of all runs of b. {_COMMON}", middle=_means),
        _make("median instead of mean", "The middle is the median of the differences. Wanted is their mean.",
              middle=lambda d, a, b: np.median(d)),
        _make("sum instead of mean", "The differences are added up, and not divided by their number.",
              middle=lambda d, a, b: d.sum()),
        _make("error of two independent groups", "The error is that of two groups that have nothing to do with each other. "
              "What a seed does to both drops out of a difference: take the spread of the differences.", error=_of_groups),
        _make("two independent groups throughout", "Both are treated as independent groups, as in notebook 10. Here the spread "
              "of the differences by seed is wanted.",
              pairs=lambda a, b: (np.array(list(a.values()), float), np.array(list(b.values()), float)),
              differences=lambda x, y: np.zeros(len(x) + len(y)), middle=_means, error=_of_groups,
              factor=lambda n, a, b: student(n - 2)),
        _make("n instead of n - 1", "The variance of the differences is divided by n. Their mean was computed from the same "
              "numbers: divide by n - 1 (ddof=1).", error=lambda d, x, y: d.std() / np.sqrt(len(d))),
        _make("spread of single differences", "The error is the standard deviation of single differences. That of their mean "
              "is smaller: divide by the root of n.", error=lambda d, x, y: d.std(ddof=1)),
        _make("spread of single differences, divided by n", "The standard deviation is divided by n. The error of a mean falls "
              "with the root of n.", error=lambda d, x, y: d.std(ddof=1) / len(d)),
        _make("divided by the root of n - 1", "The standard deviation is divided by the root of n - 1. The mean is one of n "
              "differences.", error=lambda d, x, y: d.std(ddof=1) / np.sqrt(len(d) - 1)),
        _make("root forgotten", "The error is squared: the variance of the mean. Take its square root.",
              error=lambda d, x, y: d.var(ddof=1) / len(d)),
        _make("mean deviation", "The error is made of mean absolute deviations. Wanted is the standard deviation.",
              error=lambda d, x, y: np.abs(d - d.mean()).mean() / np.sqrt(len(d))),
        _make("range instead of deviation", "The range of the differences stands for their standard deviation.",
              error=lambda d, x, y: np.ptp(d) / np.sqrt(len(d))),
        _make("error is 0", "The error is 0 always.", error=lambda d, x, y: 0.0),
        _make("1.96 errors to each side", "The interval is that of the normal distribution. With few seeds the error itself is "
              "uncertain, and Student's factor is larger.", factor=lambda n, a, b: 1.96),
        _make("two errors to each side", "The interval reaches two errors to each side. Student's factor depends on the number "
              "of seeds.", factor=lambda n, a, b: 2.0),
        _make("three errors to each side", "The interval reaches three errors to each side, as notebook 10's rule has it. Here "
              "Student's factor is wanted.", factor=lambda n, a, b: 3.0),
        _make("one error to each side", "The interval reaches one error to each side. Student's factor is missing.",
              factor=lambda n, a, b: 1.0),
        _make("n degrees of freedom", "Student's factor is taken with n degrees of freedom. One is used up by the mean: n - 1.",
              factor=lambda n, a, b: student(n)),
        _make("2 n - 2 degrees of freedom", "Student's factor is that of two groups, 2 n - 2. There are n differences, and "
              "n - 1 degrees of freedom.", factor=lambda n, a, b: student(2 * n - 2)),
        _make("degrees of freedom of all runs of a", f"Student's factor counts all runs of a. {_COMMON}",
              factor=lambda n, a, b: student(len(a) - 1)),
        _make("degrees of freedom of all runs of b", f"Student's factor counts all runs of b. {_COMMON}",
              factor=lambda n, a, b: student(len(b) - 1)),
        *(
            Mistake(f"n of {words}, {where}", f"In {place}, n is the number of {words}. {_COMMON} n is the number of pairs.",
                    _counted(count, factor))
            for words, count in (("all runs of a", lambda a, b: len(a)), ("all runs of b", lambda a, b: len(b)),
                                 ("all seeds", lambda a, b: len(a.keys() | b.keys())))
            for where, place, factor in (("throughout", "the error and in Student's factor", True),
                                         ("in the error", "the error", False))
        ),
        _make("five seeds assumed", "Student's factor is that of five seeds. How many pairs there are, the dicts say.",
              factor=lambda n, a, b: student(4)),
        _make("interval of 90 percent", "The interval holds 90 percent. Student's factor is asked for with 95.",
              factor=lambda n, a, b: student(n - 1, 0.9)),
        _make("interval of 97.5 percent", "The factor is that of 97.5 percent. This function takes what the interval holds, "
              "0.95, not what lies below its upper end.", factor=lambda n, a, b: student(n - 1, 0.975)),
        _make("interval of 99 percent", "The interval holds 99 percent. Student's factor is asked for with 95.",
              factor=lambda n, a, b: student(n - 1, 0.99)),
        _make("interval of single differences", "The interval is that of single differences: Student's factor times their "
              "standard deviation. Wanted is that of their mean.", half=lambda factor, error, d: factor * d.std(ddof=1)),
        _make("half as wide", "The interval's whole width is the factor times the error. It reaches so far to each side.",
              half=lambda factor, error, d: factor * error / 2),
        _make("the error's root of n once more", "In the interval the error is divided by the root of n a second time.",
              half=lambda factor, error, d: factor * error / np.sqrt(len(d))),
        _make("the error squared in the interval", "In the interval the error is squared.",
              half=lambda factor, error, d: factor * error**2),
        _make("factor added", "Student's factor is added to the error, where it should be multiplied.",
              half=lambda factor, error, d: factor + error),
        _make("interval around 0", "The interval lies around 0. It lies around the mean of the differences.",
              around=lambda mean: 0.0),
        _make("ends exchanged", "The ends low and high have changed places.", returned=lambda mean, error, low, high: (
            mean, error, high, low)),
        _make("mean and error exchanged", "The mean and its error have changed places: (mean, error, low, high) is wanted.",
              returned=lambda mean, error, low, high: (error, mean, low, high)),
        _make("smallest and largest difference", "The ends are the smallest and the largest difference. Wanted is where the "
              "true mean may lie.", half=lambda factor, error, d: np.array([d.mean() - d.min(), d.max() - d.mean()]),
              returned=lambda mean, error, low, high: (mean, error, low[0], high[1])),
        _make("widths instead of ends", "The results low and high are how far the interval reaches, not where it ends.",
              returned=lambda mean, error, low, high: (mean, error, mean - low, high - mean)),
        _make("low never below 0", "The lower end is cut at 0. An interval that reaches below 0 says that a may be worse.",
              returned=lambda mean, error, low, high: (mean, error, max(low, 0.0), high)),
        _make("ends rounded", "The ends are rounded to one digit behind the point.",
              returned=lambda mean, error, low, high: (mean, error, np.round(low, 1), np.round(high, 1))),
        _make("everything rounded", "Everything is rounded to two digits behind the point.",
              returned=lambda *all_: tuple(np.round(all_, 2))),
    ),
    built=built,
    broad=_broad,
    features=features(
        Condition("a seed is in one of them only", "both have the same seeds", lambda case: set(case["a"]) != set(case["b"])),
        Condition("the seeds stand in different orders", "the seeds stand in the same order",
                  lambda case: list(case["a"]) != list(case["b"])),
        Condition("the seeds are not 0, 1, 2, ...", "the seeds are 0, 1, 2, ...",
                  lambda case: set(case["a"]) != set(range(len(case["a"])))),
        Condition("there are two pairs", "there are more than two pairs", lambda case: len(case["a"].keys() & case["b"]) == 2),
        Condition("all differences are equal", "the differences are not all equal",
                  lambda case: np.ptp(np.subtract(*_pairs(**case))) == 0),
        Condition("b is better on average", "b is not better on average",
                  lambda case: np.subtract(*_pairs(**case)).mean() < 0),
        Condition("there are whole numbers among the accuracies", "all accuracies are floats",
                  lambda case: any(isinstance(value, int) for side in case.values() for value in side.values())),
    ),
    ways=(comparisons.paired_arrays, comparisons.paired_loop),
)  # fmt: skip


def check_paired(function) -> Report:
    """Check f(a, b) -> (mean, error, low, high) of the differences by seed, a minus b: their mean, its standard error (their
    standard deviation, with n - 1, over the root of n), and the ends of Student's interval of 95 percent.

    a, b: dicts {seed: accuracy}, in any order; seeds are whole numbers, and what only one of them has does not count. Two
    seeds at least are in both. ``minimix.study.statistics.student(n - 1)`` is how many errors the interval reaches to each side
    with n differences. The result is a tuple; a list, an array, or a dict with these names will do.

    >>> check_paired(lambda a, b: (0.0, 0.0, 0.0, 0.0)).passed
    False
    """
    return check(PAIRED, function)
