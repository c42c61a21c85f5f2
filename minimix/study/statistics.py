"""Means with their errors, comparisons paired by seed, and the rule by which a claim is called seen, not seen, or neither.

The rule, which stands before any result: of the differences seed by seed (first minus second), Student's interval is taken
that holds the true mean in 95 of 100 such studies. Lies it above 0, the claim is *seen*. Lies it below ``LEAST``, the claim is
*not seen*: so large an advantage is excluded. Otherwise the study *cannot tell*; more seeds, images or epochs may.

Each claim has an interval of its own. Nothing is corrected for how many claims a study has: where none is true, one in forty is
seen by chance (notebook 12).
"""

import functools
import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from minimix.means import mean_and_error

LEAST = 0.5  # percentage points of accuracy: an advantage below that would not matter
CONFIDENCE = 0.95
SEEN, NOT_SEEN, CANNOT_TELL = "seen", "not seen", "cannot tell"


class Difference(NamedTuple):
    """mean: of the differences of ``pairs`` seeds. error: its standard error. low, high: ends of its interval."""

    mean: float
    error: float
    low: float
    high: float
    pairs: int

    @property
    def verdict(self) -> str:
        return SEEN if self.low > 0 else NOT_SEEN if self.high < LEAST else CANNOT_TELL


def paired(first: Mapping[int, float], second: Mapping[int, float]) -> Difference:
    """First minus second, by seed: {seed: number}. What only one of them has does not count.

    >>> paired({0: 60.0, 1: 64.0, 2: 62.0}, {0: 58.0, 1: 61.0, 2: 61.0, 3: 10.0}).verdict
    'cannot tell'
    >>> paired({0: 60.0, 1: 64.0, 2: 62.0}, {0: 57.0, 1: 61.5, 2: 59.0}).verdict
    'seen'
    """
    seeds = sorted(first.keys() & second.keys())
    if not seeds:
        return Difference(math.nan, math.nan, -math.inf, math.inf, 0)
    mean, error = mean_and_error([first[seed] - second[seed] for seed in seeds])
    if len(seeds) == 1:
        return Difference(mean, math.nan, -math.inf, math.inf, 1)
    half = student(len(seeds) - 1) * error
    return Difference(mean, error, mean - half, mean + half, len(seeds))


@functools.cache
def student(freedom: int, confidence: float = CONFIDENCE) -> float:
    """So many standard errors to each side hold ``confidence`` of Student's t distribution with ``freedom`` degrees.

    With t = sqrt(freedom) tan(angle), the distribution's density over the angle is cos(angle) ** (freedom - 1), so that the
    share within an angle is the integral of that, here by Simpson's rule; and the angle is looked up among the integrals.

    Raises ValueError below one degree of freedom: a single number has no error.

    >>> [round(student(n), 3) for n in (1, 2, 4, 30)]
    [12.706, 4.303, 2.776, 2.042]
    """
    if not freedom >= 1:
        raise ValueError(f"student: expected 1 degree of freedom or more, not {freedom}: n differences have n - 1")
    edges = np.linspace(0.0, min(math.pi / 2, 12 / math.sqrt(freedom)), 8001)  # behind 12 there is nothing
    at_edges, between = (np.cos(angles) ** (freedom - 1) for angles in (edges, (edges[1:] + edges[:-1]) / 2))
    within = np.concatenate([[0.0], np.cumsum(at_edges[1:] + 4 * between + at_edges[:-1])])
    return math.sqrt(freedom) * math.tan(np.interp(confidence * within[-1], within, edges))


def over_seeds(results: dict[int, dict], key: str) -> float:
    """The mean of one of a point's numbers. results: by seed.

    >>> over_seeds({0: {"macs": 100}, 1: {"macs": 120}}, "macs")
    110.0
    """
    return sum(result[key] for result in results.values()) / len(results)


def rank_correlation(first, second) -> float:
    """Spearman's: the correlation of the ranks; equal numbers share the mean of their ranks. NaN where all are equal.

    >>> rank_correlation([1.0, 2.0, 3.0, 4.0], [10.0, 30.0, 20.0, 40.0])
    0.8
    """
    ranks = [_ranks(np.asarray(values, float)) for values in (first, second)]
    one, other = (rank - rank.mean() for rank in ranks)
    size = math.sqrt(float((one @ one) * (other @ other)))
    return float(one @ other) / size if size else math.nan


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.array([(values < value).sum() + ((values == value).sum() - 1) / 2 for value in values])
