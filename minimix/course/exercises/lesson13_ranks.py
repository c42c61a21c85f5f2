"""An exercise on trust: whether two ways to judge networks put them in the same order."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_numbers
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import comparisons
from minimix.study.statistics import rank_correlation


def _pairs(rng):
    for a, b in [
        ([1, 2], [3, 5]), ([1, 2], [5, 3]), ([1, 2, 3], [1, 3, 2]), ([3, 1, 2], [6, 1, 9]), ([1, 2, 3], [9, 4, 1]),
        ([1, 1, 2], [1, 2, 3]), ([2, 1, 1], [1, 2, 2]), ([1, 2, 9], [1, 2, 3]), ([1, 2, 2, 3], [4, 1, 3, 3]),
        ([1, 2, 3, 4], [1, 2, 4, 3]), ([2, 4, 1, 3], [5, 5, 5, 1]), ([1, 1, 1, 2], [3, 1, 2, 2]), ([3, 3, 1, 1], [0, 2, 2, 0]),
        ([-1, -2, 0, 5], [2, 4, 4, -8]),
    ]:  # fmt: skip
        yield {"a": np.array(a, float), "b": np.array(b, float)}
    for n in (5, 6, 8, 8, 10, 12):
        a = rng.normal(60, 3, n)
        yield {"a": a, "b": a + rng.normal(0, 3, n)}
    for n in (6, 9, 15):  # ties, as of few validation images
        yield {"a": rng.integers(0, 5, n).astype(float), "b": rng.integers(0, 4, n).astype(float)}


def _broad(rng):
    count = 0
    while count < 46:
        n = drawn_numbers.whole(rng, 2, 60)
        a, b = drawn_numbers.values(rng, n), drawn_numbers.values(rng, n)
        if count % 3 == 0:
            b = b * np.abs(a).max() * 0.2 + a * float(rng.choice([-1, 1]))
        if count % 5 == 0:
            a = np.round(a)
        if count % 8 == 0:
            a, b = a.astype(int), np.sort(b)
        if _ordered(case := {"a": a, "b": b}):
            count += 1
            yield case
    known = [case for case in _pairs(np.random.default_rng(1)) if len(case["a"]) > 4]
    manners = "ties and zeros", "tiny", "huge", "whole numbers", "with gaps in memory", "not to be written to"
    yield from (case for case in drawn_numbers.otherwise(known, "a", "b", manners=manners) if _ordered(case))


def _ordered(case: dict) -> bool:
    """Whether neither side has only equal numbers."""
    return all(np.ptp(side) > 0 for side in case.values())


def _means(values):
    return np.array([(values < value).sum() + ((values == value).sum() + 1) / 2 for value in values])


def _least(values):
    return np.array([(values < value).sum() + 1.0 for value in values])


def _most(values):
    return np.array([(values <= value).sum() * 1.0 for value in values])


def _dense(values):
    return np.unique(values, return_inverse=True)[1] + 1.0


def _stable(values):
    return values.argsort(kind="stable").argsort(kind="stable") + 1.0


def _later_first(values):
    """Of equal ones the later has the smaller rank."""
    return len(values) + 1 - _stable(-values)


def _order(values):
    return values.argsort(kind="stable") + 1.0


def _pearson(x, y):
    x, y = x - x.mean(), y - y.mean()
    size = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / size) if size else 0.0


def _by_squares(x, y):
    n = len(x)
    return float(1 - 6 * ((x - y) ** 2).sum() / (n * (n**2 - 1)))


def built(ranks=_means, other_ranks=None, correlated=_pearson, told=lambda value: value):
    """f(a, b), the right one where no part is given.

    ranks: of both, other_ranks: of b, where they are others. correlated: of the ranks. told: what is made of the number.
    """

    def function(a, b):
        return told(correlated(ranks(np.asarray(a)), (other_ranks or ranks)(np.asarray(b))))

    return function


def _signs(values):
    i, j = np.triu_indices(len(values), 1)
    return np.sign(values[i] - values[j])


def _kendall(x, y):
    first, second = _signs(x), _signs(y)
    return float((first * second).mean())


def _kendall_with_ties(x, y):
    first, second = _signs(x), _signs(y)
    return float((first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum()))


def _shared_order(a, b):
    """The ranks of b, in the order of a, beside 1, 2, 3, ...: right where a has no ties."""
    order = np.asarray(a, float).argsort(kind="stable")
    return _pearson(np.arange(len(order), dtype=float), _means(np.asarray(b, float))[order])


_make = altered(built)
_TIES = "Equal numbers share the mean of their ranks."
_DEFINITION = "Spearman's is the correlation of the ranks, which is 1 - 6 sum d^2 / (n (n^2 - 1)) only without ties."

RANK_CORRELATION = Exercise(
    "rank_correlation",
    rank_correlation,
    _pairs,
    (
        _make("correlation of the numbers", "This is Pearson's correlation of the numbers themselves. Only their order counts: "
              "put their ranks in their places.", ranks=lambda values: values),
        _make("ranks of a only", "Only a has become ranks, b has not.", other_ranks=lambda values: values),
        _make("ranks of b only", "Only b has become ranks, a has not.", ranks=lambda values: values, other_ranks=_means),
        _make("equal numbers in the order in which they stand", f"Equal numbers get different ranks, as argsort leaves them. "
              f"{_TIES}", ranks=_stable),
        _make("equal numbers in any order", f"Equal numbers get different ranks, in whatever order argsort leaves them. "
              f"{_TIES}", ranks=lambda values: values.argsort().argsort() + 1.0),
        _make("equal numbers in the opposite order", f"Equal numbers get different ranks, the later the smaller. {_TIES}",
              ranks=_later_first),
        _make("equal numbers with the smallest of their ranks", f"Equal numbers have the smallest of their ranks. {_TIES}",
              ranks=_least),
        _make("equal numbers with the largest of their ranks", f"Equal numbers have the largest of their ranks. {_TIES}",
              ranks=_most),
        _make("ranks without gaps", f"The ranks count different numbers: behind equal ones none is left out. {_TIES}",
              ranks=_dense),
        _make("argsort in place of ranks", "Once, argsort gives the places of the smallest, the second smallest, ... The ranks "
              "are its inverse: argsort of that.", ranks=_order),
        _make("argsort in place of ranks, equal numbers in any order", "Once, argsort gives the places of the smallest, the "
              f"second smallest, ... The ranks are its inverse. {_TIES}", ranks=lambda values: values.argsort() + 1.0),
        _make("the formula with squares, where there are ties", _DEFINITION, correlated=_by_squares),
        _make("smallest ranks, and the formula with squares", f"Equal numbers have the smallest of their ranks. {_TIES}",
              ranks=_least, correlated=_by_squares),
        _make("the formula without its 6", "The factor 6 is missing in the formula with squares.",
              correlated=lambda x, y: float(1 - ((x - y) ** 2).sum() / (len(x) * (len(x) ** 2 - 1)))),
        _make("the formula with n cubed", "The formula divides by n (n^2 - 1), here it is by n^3.",
              correlated=lambda x, y: float(1 - 6 * ((x - y) ** 2).sum() / len(x) ** 3)),
        _make("the formula with n (n - 1)", "The formula divides by n (n^2 - 1), here it is by n (n - 1).",
              correlated=lambda x, y: float(1 - 6 * ((x - y) ** 2).sum() / (len(x) * (len(x) - 1)))),
        _make("differences not squared", "The differences of the ranks are not squared in the formula.",
              correlated=lambda x, y: float(1 - 6 * np.abs(x - y).sum() / (len(x) * (len(x) ** 2 - 1)))),
        _make("the sum of squares only", "This is the sum of squared differences of ranks, not yet a correlation.",
              correlated=lambda x, y: float(((x - y) ** 2).sum())),
        _make("Kendall's in place of Spearman's", "This is Kendall's: pairs in the same order less those in opposite ones, "
              "over "
              "all pairs. Spearman's is wanted, of the ranks.", correlated=_kendall),
        _make("Kendall's with ties in place of Spearman's", "This is Kendall's tau-b: pairs in the same order less those in "
              "opposite ones. Spearman's is wanted, of the ranks.", correlated=_kendall_with_ties),
        _make("share of pairs in the same order", "This is the share of pairs that are in the same order. Wanted is a "
              "correlation, from -1 to 1.", correlated=lambda x, y: float((_signs(x) * _signs(y) > 0).mean())),
        _make("share of equal ranks", "This is the share of networks with equal ranks. Wanted is the correlation of the ranks.",
              correlated=lambda x, y: float((x == y).mean())),
        _make("cosine in place of correlation", "The mean of the ranks is not subtracted before they are multiplied.",
              correlated=lambda x, y: float(x @ y / np.sqrt((x @ x) * (y @ y)))),
        _make("cosine of ranks from 0", "The mean of the ranks, counted from 0, is not subtracted before they are multiplied.",
              correlated=lambda x, y: float((x - 1) @ (y - 1) / np.sqrt(((x - 1) @ (x - 1)) * ((y - 1) @ (y - 1)) or 1.0))),
        _make("cosine of ranks from a half", "The mean of the ranks, counted from 1/2, is not subtracted before they are "
              "multiplied.", correlated=lambda x, y: float((x - 0.5) @ (y - 0.5) / np.sqrt(
                  ((x - 0.5) @ (x - 0.5)) * ((y - 0.5) @ (y - 0.5))))),
        _make("the ranks of equal numbers rounded down", f"Where an even number of equal numbers share a rank, it is rounded "
              f"down: // where / is meant. {_TIES}", ranks=lambda values: np.floor(_means(values))),
        _make("half of the equal numbers rounded down", f"Half of the equal numbers is rounded down: // where / is meant. "
              f"{_TIES}", ranks=lambda values: np.array([(values < v).sum() + (values == v).sum() // 2 for v in values])),
        _make("always 1", "The result is 1 always, the correlation of something with itself: is it an entry on the diagonal of "
              "np.corrcoef's matrix?", correlated=lambda x, y: 1.0),
        _make("covariance of the ranks", "This is the covariance of the ranks, over n - 1. Divide by both standard deviations.",
              correlated=lambda x, y: float(np.cov(x, y)[0, 1])),
        _make("covariance over n", "This is the covariance of the ranks. Divide by both standard deviations.",
              correlated=lambda x, y: float(np.cov(x, y, ddof=0)[0, 1])),
        _make("covariance of n, deviations of n - 1", "The covariance is over n, the standard deviations over n - 1: the "
              "result "
              "is too small. Use the same for both.", correlated=lambda x, y: _pearson(x, y) * (len(x) - 1) / len(x)),
        _make("covariance of n - 1, deviations of n", "The covariance is over n - 1, the standard deviations over n: the "
              "result "
              "is too large. Use the same for both.", correlated=lambda x, y: _pearson(x, y) * len(x) / (len(x) - 1)),
        _make("divided by variances", "The covariance is divided by both variances, not by the standard deviations.",
              correlated=lambda x, y: float(np.cov(x, y)[0, 1] / (x.var(ddof=1) * y.var(ddof=1)))),
        _make("divided by the variance of a", "This is the slope of b's ranks over those of a. Divide by both deviations.",
              correlated=lambda x, y: float(np.cov(x, y)[0, 1] / x.var(ddof=1))),
        _make("one side from the largest down", "The ranks of one side count from the largest down, those of the other from "
              "the "
              "smallest up: the sign is reversed.", told=lambda value: -value),
        _make("sign taken away", "The sign is missing: opposite orders have a correlation of -1.", told=abs),
        _make("squared", "The correlation is squared, and has lost its sign.", told=lambda value: value**2),
        _make("from 0 to 1", "The correlation is moved to between 0 and 1. It lies between -1 and 1.",
              told=lambda value: (value + 1) / 2),
        _make("not below 0", "Negative correlations have become 0.", told=lambda value: max(value, 0.0)),
        _make("in percent", "The correlation is in percent.", told=lambda value: 100 * value),
        _make("1 less the correlation", "This is 1 less the correlation, a distance.", told=lambda value: 1 - value),
        _make("rounded", "The correlation is rounded to one digit behind the point.", told=lambda value: round(value, 1)),
        Mistake("both sorted", "Both sides are sorted, each by itself: they do not belong to the same networks any more.",
                lambda a, b: _pearson(np.sort(_means(a)), np.sort(_means(b)))),
        Mistake("equal numbers of a in the order in which they stand", f"Ranks of b are taken along the order of a, where "
                f"equal numbers "
                f"of a get different ranks. {_TIES}", _shared_order),
        Mistake("whether the same is best", "The result is 1 where the best is the same, 0 where it is not.",
                lambda a, b: float(np.argmax(a) == np.argmax(b))),
    ),
    built=built,
    broad=_broad,
    features=features(
        Condition("there are equal numbers", "all numbers of a side are different", lambda case: any(
            len(np.unique(side)) < len(side) for side in case.values())),
        Condition("there are equal numbers in a", "all numbers of a are different",
                  lambda case: len(np.unique(case["a"])) < len(case["a"])),
        Condition("there are equal numbers in b", "all numbers of b are different",
                  lambda case: len(np.unique(case["b"])) < len(case["b"])),
        Condition("the correlation is below 0", "the correlation is not below 0",
                  lambda case: rank_correlation(**_sides(case)) < 0),
    ),
    ways=(comparisons.rank_correlation_loops, comparisons.rank_correlation_counts),
)  # fmt: skip


def _sides(case: dict) -> dict:
    return {"first": case["a"], "second": case["b"]}


def check_rank_correlation(function) -> Report:
    """Check f(a, b) -> Spearman's rank correlation: Pearson's correlation of the ranks, in which equal numbers share the mean
    of their ranks.

    a, b: arrays (n,) of numbers, n from 2 on, in which not all are equal. The smallest has the rank 1. A number from -1 to 1.

    >>> check_rank_correlation(lambda a, b: np.corrcoef(a, b)[0, 1]).title
    'rank_correlation: correlation of the numbers'
    """
    return check(RANK_CORRELATION, function)
