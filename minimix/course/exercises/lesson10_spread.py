"""An exercise on error bars: how far two groups of numbers are apart, and how well that is known."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_data, drawn_numbers, rare_numbers
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import calculus


def _runs(rng):
    for a, b in [
        ([1, 3], [0, 0]), ([0, 0], [1, 3]), ([2, 2], [5, 5]), ([1, 3], [2, 6]), ([1, 2, 3], [0, 4]), ([4, 0], [3, 1, 2]),
        ([5, 1, 3, 3], [2, 2]), ([70, 74], [60, 66]), ([0, 0, 3], [1, 0, 5]), ([3, 1, 8], [2, 4, 4, 2]), ([-1, 4, 0], [1, -3]),
    ]:  # fmt: skip
        yield {"a": np.array(a, float), "b": np.array(b, float)}
    for n, m, spread in [(2, 3, 1), (3, 3, 2), (3, 5, 1), (4, 4, 3), (5, 5, 1), (6, 3, 2), (8, 8, 4), (10, 4, 1), (12, 30, 5)]:
        yield {"a": 70 + spread * rng.standard_normal(n), "b": 68 + 2 * rng.standard_normal(m)}
    yield {"a": 90 + 0.3 * rng.standard_normal(5), "b": 90.5 + 0.4 * rng.standard_normal(4)}  # a mean far from the spread
    yield {"a": 0.7 + 0.01 * rng.standard_normal(7), "b": 0.68 + 0.02 * rng.standard_normal(3)}
    yield from drawn_data.runs(rng)


def _broad(rng):
    yield from drawn_numbers.otherwise(list(_runs(rng)), "a", "b")
    yield {"a": rng.normal(70, 2, 1500), "b": rng.normal(71, 1, 1100)}


def _squares(values) -> float:
    return ((values - values.mean()) ** 2).sum()


def _middle(values, other):
    return values.mean()


def _counted(a, b):
    return len(a) - 1, len(b) - 1


def _lengths(a, b):
    return len(a), len(b)


def built(
    given=lambda a, b: (a, b), middle=_middle, taken=lambda d: d, less=_counted, counts=_lengths, squares=_squares,
    summed=lambda x, y: x + y,
    root=np.sqrt, told=lambda difference, error: error, error_of=None, returned=lambda difference, error: (difference, error),
):  # fmt: skip
    """f(a, b) -> (difference, error), the right one where no part is given.

    given: change what comes in. middle: of (values, the others). taken: what becomes of the difference. squares: sum of squared
    deviations; less: what they are divided by, of (a, b); counts: what the variances are divided by. summed: of the two squared
    errors. root: of their sum. error_of: all of the error, of (a, b). told: what becomes of it, of (difference, error).
    """

    def function(a, b):
        a, b = given(a, b)
        difference = taken(middle(a, b) - middle(b, a))
        (first, second), (n, m) = less(a, b), counts(a, b)
        error = error_of(a, b) if error_of else root(summed(squares(a) / first / n, squares(b) / second / m))
        return returned(difference, told(difference, error))

    return function


def _pooled(a, b):
    return np.sqrt((_squares(a) + _squares(b)) / (len(a) + len(b) - 2) * (1 / len(a) + 1 / len(b)))


def _together(less: int = 1):
    """Of all runs as one group: the variance."""
    return lambda a, b: _squares(np.concatenate([a, b])) / (len(a) + len(b) - less)


def _shorter(a, b):
    n = min(len(a), len(b))
    return a[:n], b[:n]


def _pairs(a, b):
    """The error of the mean of differences of pairs; only where there are as many."""
    if len(a) != len(b):
        raise ValueError("not as many")
    return np.sqrt(_squares(a - b) / (len(a) - 1) / len(a))


def _deviations(values):
    return np.abs(values - values.mean()).mean()


def _in_single_precision(values):
    values = values.astype(np.float32)
    return float((values * values).sum() - values.sum() ** 2 / np.float32(len(values)))


_make = altered(built)
INDEPENDENT = "They are independent, so that it is the squares of the errors which add up."

DIFFERENCE = Exercise(
    "difference",
    lambda a, b: dict(zip(("difference", "error"), built()(a, b), strict=True)),
    _runs,
    (
        _make("b minus a", "The difference has the wrong sign: it is the mean of a minus the mean of b.", taken=lambda d: -d),
        _make("without the sign of the difference",
        "The difference is always positive. Its sign says which of the two is larger.",
              taken=abs),
        _make("medians instead of means", "The difference is that of the medians.", middle=lambda values,
        other: np.median(values)),
        _make("sums instead of means",
        "The difference is that of the sums. Where one group has more runs, it has the larger sum.",
              middle=lambda values, other: values.sum()),
        _make("best runs instead of means",
        "The difference is that of the best runs. The more runs there are, the better is the best.",
              middle=lambda values, other: values.max()),
        _make("first runs instead of means", "The difference is that of the first runs alone. All of them count.",
              middle=lambda values, other: values[0]),
        _make("means rounded down", "The means are rounded down to whole numbers: // where / is meant.",
              middle=lambda values, other: values.sum() // len(values)),
        _make("difference rounded", "The difference is rounded to whole numbers.", taken=np.round),
        _make("difference rounded to one digit", "The difference is rounded to one digit behind the point.",
        taken=lambda d: np.round(d, 1)),
        _make("difference squared", "The difference is squared.", taken=lambda d: d * d),
        Mistake("difference in percent of b", "The difference is in percent of b's mean. It is wanted as it is.",
                lambda a, b: (100 * (a.mean() - b.mean()) / b.mean(), built()(a, b)[1])),
        Mistake("everything in percent of b",
                "Both results are in percent of b's mean. They are wanted in the unit of a and b.",
                lambda a, b: tuple(100 * value / b.mean() for value in built()(a, b))),
        Mistake("difference as a share of b", "The difference is divided by b's mean. It is wanted as it is.",
                lambda a, b: ((a.mean() - b.mean()) / b.mean(), built()(a, b)[1])),
        Mistake("everything as a share of b", "Both results are divided by b's mean. They are wanted in the unit of a and b.",
                lambda a, b: tuple(value / b.mean() for value in built()(a, b))),
        _make("n instead of n - 1", "The variances are divided by n. The mean was computed from the same numbers, which makes "
              "them look closer together than they are: divide by n - 1 (ddof=1).", less=_lengths),
        _make("n instead of n - 1 for a", "The variance of a is divided by n, that of b by n - 1. Both have a mean that was "
              "computed from the same numbers: n - 1.", less=lambda a, b: (len(a), len(b) - 1)),
        _make("n instead of n - 1 for b", "The variance of b is divided by n, that of a by n - 1. Both have a mean that was "
              "computed from the same numbers: n - 1.", less=lambda a, b: (len(a) - 1, len(b))),
        _make("n - 2 instead of n - 1",
        "The variances are divided by n - 2. One number was computed from the others, the mean: n - 1.",
              less=lambda a, b: (len(a) - 2, len(b) - 2)),
        _make("n + 1 instead of n - 1", "The variances are divided by n + 1, where it should be n - 1.",
              less=lambda a, b: (len(a) + 1, len(b) + 1)),
        _make("n - 1 of the other group", "The sum of squares of each group is divided by the other one's n - 1.",
              less=lambda a, b: (len(b) - 1, len(a) - 1)),
        _make("n - 1 of all runs", "The sums of squares are divided by n_a + n_b - 2, where each has its own n - 1.",
              less=lambda a, b: (len(a) + len(b) - 2,) * 2),
        _make("n - 1 of a for both", "Both sums of squares are divided by the n - 1 of a.", less=lambda a,
        b: (len(a) - 1,) * 2),
        _make("sums of squares instead of variances", "The sums of squares are not divided by n - 1.", less=lambda a, b: (1,
        1)),
        _make("n - 1 twice", "The variances are divided by n - 1 once more. The error of a mean has n.",
              counts=_counted),
        _make("spread of single runs",
        "This is how far single runs scatter. The means of n runs scatter less: divide each variance by its n.",
              counts=lambda a, b: (1, 1)),
        _make("the number of a for both", "Both variances are divided by the number of runs in a. Each has its own.",
              counts=lambda a, b: (len(a), len(a))),
        _make("the number of b for both", "Both variances are divided by the number of runs in b. Each has its own.",
              counts=lambda a, b: (len(b), len(b))),
        _make("numbers of runs exchanged", "The variance of a is divided by the number of runs in b and the other way round.",
              counts=lambda a, b: (len(b), len(a))),
        _make("the smaller number for both", "Both variances are divided by the smaller number of runs. Each has its own.",
              counts=lambda a, b: (min(len(a), len(b)),) * 2),
        _make("all runs for both", "Both variances are divided by the number of all runs together. Each has its own.",
              counts=lambda a, b: (len(a) + len(b),) * 2),
        _make("the mean number of runs for both", "Both variances are divided by the mean number of runs. Each has its own.",
              counts=lambda a, b: ((len(a) + len(b)) / 2,) * 2),
        _make("five runs assumed", "Five runs of each are assumed. How many there are, the arrays say.", counts=lambda a,
        b: (5, 5)),
        _make("divided by n, not by its root",
        "Each standard deviation is divided by n. The error of a mean falls only with the root of n.",
              counts=lambda a, b: (len(a) ** 2, len(b) ** 2)),
        _make("divided by the root of n", "Each variance is divided by the root of n, where the standard deviation should be.",
              counts=lambda a, b: (len(a) ** 0.5, len(b) ** 0.5)),
        _make("multiplied by n", "Each variance is multiplied by n. The more runs, the better the mean is known: divide.",
              counts=lambda a, b: (1 / len(a), 1 / len(b))),
        _make("errors added", f"The two standard errors are added. {INDEPENDENT}",
              summed=lambda x, y: (np.sqrt(x) + np.sqrt(y)) ** 2),
        _make("errors subtracted", "The variance of b is subtracted. A second uncertainty never makes a result more certain.",
              summed=lambda x, y: abs(x - y)),
        _make("variance of b subtracted", "The variance of b is subtracted, which may leave less than 0. A second uncertainty "
              "never makes a result more certain.", summed=lambda x, y: x - y),
        _make("difference of the errors", "The errors are subtracted. A second uncertainty never makes a result more certain.",
              summed=lambda x, y: (np.sqrt(x) - np.sqrt(y)) ** 2),
        _make("mean of the errors", f"The error is the mean of both. {INDEPENDENT}", summed=lambda x,
        y: ((np.sqrt(x) + np.sqrt(y)) / 2) ** 2),
        _make("mean of the variances", "The squared errors are averaged. They add up.", summed=lambda x, y: (x + y) / 2),
        _make("errors multiplied", "The squared errors are multiplied. They add up.", summed=lambda x, y: x * y),
        _make("the larger error", "The error is the larger of both. Both count.", summed=np.maximum),
        _make("only the error of a", "The error is that of the first mean alone. The second mean is not known exactly either.",
              summed=lambda x, y: x),
        _make("only the error of b", "The error is that of the second mean alone. The first mean is not known exactly either.",
              summed=lambda x, y: y),
        _make("root forgotten", "The error is squared: it is the variance of the difference. Take its square root.",
        root=lambda v: v),
        _make("root of each variance only", "The root is taken of the standard deviations again.", root=lambda v: v**0.25),
        _make("all runs in one group",
        "The spread is that of all numbers together, so that the difference itself counts as an error.",
              error_of=lambda a, b: np.sqrt(_together()(a, b) * (1 / len(a) + 1 / len(b)))),
        _make("error of the mean of all runs", "The error is that of the mean of all runs together, so that the difference "
              "itself counts as scatter.", error_of=lambda a, b: np.sqrt(_together()(a, b) / (len(a) + len(b)))),
        _make("spread of all runs", "The error is the standard deviation of all runs together, so that the difference itself "
              "counts as scatter.", error_of=lambda a, b: np.sqrt(_together()(a, b))),
        _make("one variance for both", "Both groups share one (pooled) variance. Each has its own: s_a^2 / n_a + s_b^2 / n_b.",
              error_of=_pooled),
        _make("pooled spread of single runs",
        "This is the pooled standard deviation of single runs. The difference of means scatters less.",
              error_of=lambda a, b: np.sqrt((_squares(a) + _squares(b)) / (len(a) + len(b) - 2))),
        _make("errors of pairs",
        "The error is that of the differences of pairs. The runs of a and b are independent, and need not be as many.",
              error_of=_pairs),
        _make("around one mean", "Both variances are taken around the mean of all runs. Each group has its own mean.",
              error_of=lambda a, b: np.sqrt(sum(
                  ((v - np.concatenate([a, b]).mean()) ** 2).sum() / (len(v) - 1) / len(v) for v in (a, b)))),
        _make("around the other's mean", "The deviations are those from the other group's mean. Each group has its own.",
              error_of=lambda a, b: np.sqrt(((a - b.mean()) ** 2).sum() / (len(a) - 1) / len(a) + ((b - a.mean()) ** 2).sum()
                                            / (len(b) - 1) / len(b))),
        _make("squares without the mean", "The mean is not subtracted before squaring.",
        squares=lambda values: (values**2).sum()),
        _make("sums of deviations",
        "The deviations are not squared: absolute values, or the mean absolute deviation, are used.",
              squares=lambda values: _deviations(values) ** 2 * (len(values) - 1)),
        _make("deviations from the median", "The deviations are those from the median. The variance is around the mean.",
              squares=lambda values: ((values - np.median(values)) ** 2).sum()),
        _make("ranges instead of deviations", "The range of the runs stands for their standard deviation.",
              squares=lambda values: np.ptp(values) ** 2 * (len(values) - 1)),
        _make("digits lost in the squares", "The sum of squares less the square of the sum, in float32, has no digits left "
              "where runs differ little. Subtract the mean first.", squares=_in_single_precision),
        _make("cut to the shorter group", "Of the longer group only so many runs are used as the other has. All of them count.",
              given=_shorter),
        _make("last run left out", "The last run of each group is left out.", given=lambda a, b: (a[:-1], b[:-1])),
        _make("runs of 0 left out", "Runs with value 0 are left out. They count as all others do.",
              given=lambda a, b: (a[a != 0], b[b != 0])),
        _make("runs rounded to whole numbers", "The runs are cut to whole numbers before anything is computed.",
              given=lambda a, b: (np.trunc(a), np.trunc(b))),
        _make("interval of 95 percent",
        "The error is multiplied by 1.96, or 2, as for an interval of 95 percent. Wanted is the standard error.",
              told=lambda d, e: 1.96 * e),
        _make("twice the error", "The error is twice too large. Wanted is one standard error.", told=lambda d, e: 2 * e),
        _make("difference over error", "The second result is the difference divided by its error. Wanted is the error.",
              told=lambda d, e: d / e),
        _make("size of difference over error",
        "The second result is the size of the difference divided by its error. Wanted is the error.",
              told=lambda d, e: abs(d) / e),
        _make("error over difference", "The error is divided by the difference. It is wanted as it is.", told=lambda d,
        e: e / d),
        _make("error first", "The two results have changed places: (difference, error) is wanted.", returned=lambda d, e: (e,
        d)),
        _make("the difference twice", "Both results are the difference.", told=lambda d, e: d),
        _make("error is 0", "The error is 0 always.", told=lambda d, e: 0.0),
        _make("error negative", "The error has the wrong sign.", told=lambda d, e: -e),
        _make("ends of the interval",
        "The results are the difference less the error and with it. Wanted are difference and error.",
              returned=lambda d, e: (d - e, d + e)),
        _make("error rounded", "The error is rounded to one digit behind the point.", told=lambda d, e: np.round(e, 1)),
        *rare_numbers.DIFFERENCE,
    ),
    built=built,
    broad=_broad,
    features=features(
        Condition("the groups have different numbers of runs", "the groups have the same number of runs",
        lambda case: len(case["a"]) != len(case["b"])),
        Condition("b has the larger mean", "b has not the larger mean", lambda case: case["b"].mean() > case["a"].mean()),
        Condition("a group has no spread", "both groups have a spread", lambda case: min(np.ptp(case["a"]),
        np.ptp(case["b"])) == 0),
        Condition("a run has value 0", "no run has value 0",
        lambda case: bool((case["a"] == 0).any() or (case["b"] == 0).any())),
        Condition("both groups have no spread", "a group has a spread", lambda case: max(np.ptp(case["a"]),
        np.ptp(case["b"])) == 0),
    ),
    ways=(calculus.difference_variances, calculus.difference_sums,),
)  # fmt: skip


def check_difference(function) -> Report:
    """Check f(a, b) -> (difference, error) of two groups of numbers: mean of a minus mean of b, and its standard error.

    a, b: arrays of two numbers or more, of independent runs, not always as many of both. The result is a tuple; a list, an
    array, or a dict with these names will do.

    >>> check_difference(lambda a, b: (a.mean() - b.mean(), 0.0)).passed
    False
    """
    return check(DIFFERENCE, function)
