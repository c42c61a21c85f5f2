"""An exercise on chance: how often differences as large as these come about where nothing but the signs is left to it."""

import itertools
import math

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_numbers
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import comparisons


def _images(rng):
    for row in [
        [1], [-1], [0], [2, 1], [1, -2], [-1, 2], [3, 3], [0, 2], [-2, -1], [1, 2, 3], [3, -1, 2], [-3, 1, 1], [2, -2, 5],
        [0, 0, 4], [1, 1, -1], [4, -1, 2, 3], [-1, -2, 5, 0], [2, 2, 2, -2], [5, 3, 4, 6, 2], [5, -3, 4, 6, -2],
        [-5, -3, -4, 6, -2], [10, 1, -7, 3, 2], [1, 1, 1, 1, -9],
    ]:  # fmt: skip
        yield {"differences": np.array(row)}
    for n in (5, 5, 6, 7, 8):
        yield {"differences": rng.integers(-20, 40, n)}


def _broad(rng):
    for number in range(40):
        n = int(rng.integers(1, 10))
        size = int(rng.choice([1, 2, 5, 30, 400]))
        drawn = rng.integers(-size, size + 1, n) + int(rng.choice([-size, 0, 0, size]))
        yield {"differences": np.sort(drawn)[:: int(rng.choice([-1, 1]))].copy() if number % 4 == 0 else drawn}
    yield {"differences": rng.integers(-50, 90, 12)}
    known = [{"differences": rng.integers(-9, 10, 6)} for _ in range(4)]
    yield from drawn_numbers.otherwise(known, "differences", manners=("with gaps in memory", "not to be written to"))


def _flips(d) -> np.ndarray:
    return np.array(list(itertools.product((1, -1), repeat=len(d)))) * d  # (2 ** n, n)


def built(
    given=lambda d: d, flips=_flips, of=lambda rows: rows.sum(axis=-1), observed=lambda d: d.sum(), at_least=np.greater_equal,
    counted=lambda count, flips, n: count / flips,
):  # fmt: skip
    """f(differences), the right one where no part is given.

    given: change what comes in. flips: (flips, n). of: a flip's number. observed: the number that they are compared with.
    at_least: of (numbers of the flips, the observed one). counted: of (how many, flips, n).
    """

    def function(differences):
        d = given(differences)
        rows = flips(d)
        return counted(float(at_least(of(rows), observed(d)).sum()), len(rows), len(d))

    return function


def _one_at_a_time(d):
    return d * np.where(np.eye(len(d), dtype=bool), -1, 1)


def _binomial(d) -> float:
    """The sign test: only how many are above 0 counts."""
    n, above = len(d), int((d > 0).sum())
    return sum(math.comb(n, k) for k in range(above, n + 1)) / 2**n


def _cumulated(rows):
    return rows.cumsum(axis=-1).max(axis=-1)


def _once_each(d) -> float:
    """A set of sums: equal ones are one."""
    sums = np.unique(_flips(d).sum(axis=1))
    return float((sums >= d.sum()).mean())


_make = altered(built)
_ALL = "Each of the n signs is + or -, whatever the others are: 2 ** n ways."

SIGN_FLIPS = Exercise(
    "sign_flips",
    built(),
    _images,
    (
        _make("greater, without equal", "Flips that give the observed sum itself do not count. As large as observed means "
              "equal or greater: the differences as they are count, too.", at_least=np.greater),
        _make("as small as observed", "Flips with a sum as small as the observed one are counted, or all signs are reversed. "
              "Wanted are those as large.", at_least=np.less_equal),
        _make("smaller than observed", "Flips with a smaller sum are counted: this is 1 less the share that is wanted.",
              at_least=np.less),
        _make("equal to observed", "Only flips with exactly the observed sum are counted. Larger ones count, too.",
              at_least=np.equal),
        _make("both directions", "Flips that are as far from 0 in the other direction are counted, too. The claim has one "
              "direction.", at_least=lambda sums, observed: np.abs(sums) >= abs(observed)),
        _make("greater than 0", "The flips are compared with 0. They are to be compared with the observed sum.",
              observed=lambda d: 0),
        _make("compared with the sum of sizes", "The observed sum is taken without the signs that were observed. A seed with "
              "which the other is better counts against the claim.", observed=lambda d: np.abs(d).sum()),
        _make("sum compared with mean", "Sums of flips are compared with the observed mean. Compare sums with the sum, or "
              "means with the mean.", observed=lambda d: d.mean()),
        _make("mean compared with sum", "Means of flips are compared with the observed sum. Compare sums with the sum, or "
              "means with the mean.", of=lambda rows: rows.mean(axis=-1)),
        _make("largest differences", "The largest differences are compared, not the sums.", of=lambda rows: rows.max(axis=-1),
              observed=lambda d: d.max()),
        _make("always 1", "Every way counts. A sum does not depend on the order, squares have no signs, and flips of "
              "differences below 0 alone make no sum smaller: flip all signs, and add up.", flips=lambda d: np.tile(d, (2, 1))),
        _make("medians", "The medians are compared, not the sums.", of=lambda rows: np.median(rows, axis=-1),
              observed=np.median),
        _make("products", "The products are compared, not the sums.", of=lambda rows: rows.astype(float).prod(axis=-1),
              observed=lambda d: d.astype(float).prod()),
        _make("largest sums on the way", "The largest sum on the way is taken of each flip, not the sum of all.",
              of=_cumulated),
        _make("only signs count", "This is the sign test: how many differences are above 0. How large they are counts, too.",
              of=lambda rows: np.sign(rows).sum(axis=-1), observed=lambda d: np.sign(d).sum()),
        Mistake("binomial share of those above 0", "This is the binomial share of as many differences above 0. How large they "
                "are counts, too, and flipping one that is 0 changes nothing.", _binomial),
        _make("one sign at a time", f"One difference is flipped at a time: n ways. {_ALL}", flips=_one_at_a_time),
        _make("one sign at a time, or none", f"At most one difference is flipped at a time: n + 1 ways. {_ALL}",
              flips=lambda d: np.vstack([d, _one_at_a_time(d)])),
        _make("all signs or none", f"All differences are flipped at once, or none: two ways. {_ALL}",
              flips=lambda d: np.stack([d, -d])),
        _make("the first sign stays", f"The first difference is never flipped: half of the ways are missing. {_ALL}",
              flips=lambda d: _flips(d)[: 2 ** (len(d) - 1)]),
        _make("the last sign stays", f"The last difference is never flipped: half of the ways are missing. {_ALL}",
              flips=lambda d: _flips(d)[::2]),
        _make("without the differences as they are", "The way in which nothing is flipped is left out. It is one of them.",
              flips=lambda d: _flips(d)[1:]),
        _make("observed not counted, all ways", "The differences as they are do not count, but all 2 ** n ways do. They are "
              "one of them, and as large as observed.", counted=lambda count, flips, n: (count - 1) / flips),
        _make("one more of both", "One is added to the count and to the ways, as where ways are drawn at random. Here all are "
              "there, the observed one among them.", counted=lambda count, flips, n: (count + 1) / (flips + 1)),
        _make("only differences above 0 flipped", f"Differences below 0 keep their sign. {_ALL}",
              flips=lambda d: np.where(d < 0, d, _flips(d))),
        Mistake("equal sums counted once", "Ways with equal sums are counted once, as in a set. Each way counts by itself, "
                "whatever its sum is.", _once_each),
        _make("count instead of share", "This is how many ways there are. Wanted is their share of all 2 ** n.",
              counted=lambda count, flips, n: count),
        _make("percent", "The share is in percent.", counted=lambda count, flips, n: 100 * count / flips),
        _make("divided by n", "The count is divided by n. There are 2 ** n ways.", counted=lambda count, flips, n: count / n),
        _make("divided by n squared", "The count is divided by n ** 2. There are 2 ** n ways.",
              counted=lambda count, flips, n: count / n**2),
        _make("divided by 2 n", "The count is divided by 2 * n. There are 2 ** n ways.",
              counted=lambda count, flips, n: count / (2 * n)),
        _make("divided by half of the ways", "The count is divided by 2 ** (n - 1). There are 2 ** n ways.",
              counted=lambda count, flips, n: 2 * count / flips),
        _make("doubled, at most 1", "The share is doubled, as for both directions. The claim has one direction.",
              counted=lambda count, flips, n: min(1.0, 2 * count / flips)),
        _make("rounded down", "The share is rounded down to a whole number: // where / is meant.",
              counted=lambda count, flips, n: count // flips),
        _make("last difference left out", "The last difference is left out.", given=lambda d: d[:-1] if len(d) > 1 else d),
    ),
    built=built,
    broad=_broad,
    features=features(
        Condition("a difference is 0", "no difference is 0", lambda case: bool((case["differences"] == 0).any())),
        Condition("two differences have the same size", "all differences have different sizes",
                  lambda case: len(set(np.abs(case["differences"]).tolist())) < len(case["differences"])),
        Condition("the sum is below 0", "the sum is not below 0", lambda case: case["differences"].sum() < 0),
        Condition("all differences are above 0", "not all differences are above 0",
                  lambda case: bool((case["differences"] > 0).all())),
        Condition("there is a single difference", "there are several differences", lambda case: len(case["differences"]) == 1),
    ),
    ways=(comparisons.sign_flips_bits, comparisons.sign_flips_doubled),
)  # fmt: skip


def check_sign_flips(function) -> Report:
    """Check f(differences) -> the share, 0 to 1, of all 2 ** n ways to give the differences signs, in which their sum is as
    large as observed, or larger.

    differences: an array (n,) of whole numbers, 1 to 12 of them, in dtype int64: by seed, how many more test images one network
    has right than the other. Each way takes every difference as it is, or with its sign reversed; that in which all are as
    they are is one of the ways, and a 0 has two signs as well.

    >>> check_sign_flips(lambda differences: 0.5).passed
    False
    """
    return check(SIGN_FLIPS, function)
