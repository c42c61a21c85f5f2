"""An exercise on error bars: how far two groups of numbers are apart, and how well that is known."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.report import Report


def _runs(rng):
    for a, b in [
        ([1, 3], [0, 0]), ([0, 0], [1, 3]), ([2, 2], [5, 5]), ([1, 3], [2, 6]), ([1, 2, 3], [0, 4]), ([4, 0], [3, 1, 2]),
        ([5, 1, 3, 3], [2, 2]), ([70, 74], [60, 66]),
    ]:  # fmt: skip
        yield {"a": np.array(a, float), "b": np.array(b, float)}
    for n, m, spread in [(2, 3, 1), (3, 3, 2), (3, 5, 1), (4, 4, 3), (5, 5, 1), (6, 3, 2), (8, 8, 4), (10, 4, 1)]:
        yield {"a": 70 + spread * rng.standard_normal(n), "b": 68 + 2 * rng.standard_normal(m)}


def _variance(values, less: int = 1):
    return ((values - values.mean()) ** 2).sum() / (len(values) - less)


def _told(error):
    """The right difference with another error: error(a, b)."""
    return lambda a, b: {"difference": a.mean() - b.mean(), "error": error(a, b)}


def _right(a, b):
    return np.sqrt(_variance(a) / len(a) + _variance(b) / len(b))


DIFFERENCE = Exercise(
    "difference",
    _told(_right),
    _runs,
    (
        Mistake(
            "b minus a",
            "The difference has the wrong sign: it is the mean of a minus the mean of b.",
            lambda a, b: {"difference": b.mean() - a.mean(), "error": _right(a, b)},
        ),
        Mistake(
            "medians instead of means",
            "The difference is that of the medians.",
            lambda a, b: {"difference": np.median(a) - np.median(b), "error": _right(a, b)},
        ),
        Mistake(
            "n instead of n - 1",
            "The variances are divided by n. The mean was computed from the same numbers, which makes them look closer "
            "together than they are: divide by n - 1 (ddof=1).",
            _told(lambda a, b: np.sqrt(_variance(a, 0) / len(a) + _variance(b, 0) / len(b))),
        ),
        Mistake(
            "spread of single runs",
            "This is how far single runs scatter. The means of n runs scatter less: divide each variance by its n.",
            _told(lambda a, b: np.sqrt(_variance(a) + _variance(b))),
        ),
        Mistake(
            "errors added",
            "The two standard errors are added. They are independent, so that it is their squares which add up.",
            _told(lambda a, b: np.sqrt(_variance(a) / len(a)) + np.sqrt(_variance(b) / len(b))),
        ),
        Mistake(
            "root forgotten",
            "The error is squared: it is the variance of the difference. Take its square root.",
            _told(lambda a, b: _right(a, b) ** 2),
        ),
        Mistake(
            "only the error of a",
            "The error is that of the first mean alone. The second mean is not known exactly either.",
            _told(lambda a, b: np.sqrt(_variance(a) / len(a))),
        ),
        Mistake(
            "only the error of b",
            "The error is that of the second mean alone. The first mean is not known exactly either.",
            _told(lambda a, b: np.sqrt(_variance(b) / len(b))),
        ),
        Mistake(
            "errors subtracted",
            "The variance of b is subtracted. A second uncertainty never makes a result more certain.",
            _told(lambda a, b: np.sqrt(abs(_variance(a) / len(a) - _variance(b) / len(b)))),
        ),
        Mistake(
            "divided by n, not by its root",
            "Each standard deviation is divided by n. The error of a mean falls only with the root of n.",
            _told(lambda a, b: np.sqrt(_variance(a) / len(a) ** 2 + _variance(b) / len(b) ** 2)),
        ),
        Mistake(
            "all runs in one group",
            "The spread is that of all numbers together, so that the difference itself counts as an error.",
            _told(lambda a, b: np.sqrt(_variance(np.concatenate([a, b])) * (1 / len(a) + 1 / len(b)))),
        ),
    ),
)


def check_difference(function) -> Report:
    """Check f(a, b) -> (difference, error) of two groups of numbers: mean of a minus mean of b, and its standard error.

    a, b: arrays of two numbers or more, of independent runs. The result is a tuple, or a dict with these names.

    >>> check_difference(lambda a, b: (a.mean() - b.mean(), 0.0)).passed
    False
    """
    return check(DIFFERENCE, function)
