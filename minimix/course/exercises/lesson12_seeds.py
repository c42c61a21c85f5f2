"""An exercise on planning: how many seeds an interval of a given width takes."""

import itertools
import math

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import comparisons
from minimix.study.statistics import student

LIMIT = 1.96  # of Student's factor, with many degrees of freedom
LAST = 5000  # where wrong ways give up


def _plans(rng):
    for deviation, half in [
        (1.0, 9.0), (1.0, 3.0), (0.0, 0.5), (1.0, 2.0), (0.5, 0.5), (1, 1), (2, 1), (0.6, 0.5), (1.0, 0.75), (1.5, 1.0),
        (2.0, 0.5), (0.2, 4.0), (0.9, 0.5), (2.5, 1.5), (4, 2), (0.01, 0.05), (1e-6, 0.5), (5.0, 8.0), (3.0, 2.0), (1.0, 0.15),
        (1.0, 0.1),
    ]:  # fmt: skip
        yield {"deviation": deviation, "half": half}
    for n in (2, 3, 4, 5, 6, 8, 10, 15, 20, 30):  # just enough, and just not
        least = student(n - 1) / math.sqrt(n)
        for more in (0.99, 1.01):
            yield {"deviation": 1.0, "half": round(least * more, 6)}


def _broad(rng):
    """Numbers with which common mistakes come to an end, too: a deviation that is squared, say."""
    for _ in range(60):
        half = float(f"{10.0 ** rng.uniform(-0.4, 0.4):.3g}")
        yield {"deviation": float(f"{min(2.0, half * 10.0 ** rng.uniform(-1, 0.6)):.4g}"), "half": half}
    yield {"deviation": 1.0, "half": 0.08}  # some 600 seeds: Python can still recurse so deep


def _least(enough):
    return next(n for n in itertools.count(2) if enough(n))


def built(
    factor=lambda n: student(n - 1), root=math.sqrt, spread=lambda deviation: deviation, wanted=lambda half: half,
    first=2, told=lambda n: n, last=LAST,
):  # fmt: skip
    """f(deviation, half), the right one where no part is given.

    factor: of n. root: of n, by which the deviation is divided. spread: what is taken of the deviation; wanted: of half.
    first: so many seeds at least; last: where it gives up. told: what is made of the number.
    """

    def function(deviation, half):
        reach, limit = spread(deviation), wanted(half)
        return told(next((n for n in range(first, last) if factor(n) * reach / root(n) <= limit), last))

    return function


def _of_normal(factor: float, whole=math.ceil, two: float = 1.0):
    return lambda deviation, half: max(2, whole(two * (factor * deviation / half) ** 2))


def _once_again(deviation, half):
    """Student's factor for the number that the normal distribution gives."""
    first = _of_normal(LIMIT)(deviation, half)
    return max(2, math.ceil((student(first - 1) * deviation / half) ** 2))


def _inverted(deviation, half):
    if not deviation:
        raise ZeroDivisionError("float division by zero")
    return _least(lambda n: student(n - 1) * half / math.sqrt(n) <= deviation) if half < 9 * deviation else 2


_make = altered(built)
_FEW = "With few seeds Student's factor is larger, and it changes with their number: try one number after the other."

SEEDS_NEEDED = Exercise(
    "seeds_needed",
    built(),
    _plans,
    (
        *(
            _make(name, f"{text} {_FEW}", factor=lambda n, value=value: value, last=100_000)
            for name, text, value in [
                ("1.96 errors", "The interval is taken to reach 1.96 errors, as with very many seeds.", LIMIT),
                ("two errors", "The interval is taken to reach two errors to each side.", 2.0),
                ("three errors", "The interval is taken to reach three errors to each side, as in notebook 10.", 3.0),
                ("one error", "The error itself is compared with half: Student's factor is missing.", 1.0),
                ("Student's factor for two seeds", "The factor is that of two seeds, whatever their number.", student(1)),
                ("Student's factor for three seeds", "The factor is that of three seeds, whatever their number.", student(2)),
                ("Student's factor for five seeds", "The factor is that of five seeds, whatever their number.", student(4)),
                ("Student's factor for ten seeds", "The factor is that of ten seeds, whatever their number.", student(9)),
            ]
        ),
        _make("n degrees of freedom", "Student's factor is taken with n degrees of freedom. One is used up by the mean: n - 1.",
              factor=lambda n: student(n)),
        _make("2 n - 2 degrees of freedom", "Student's factor is that of two groups, 2 n - 2. There are n differences, and "
              "n - 1 degrees of freedom.", factor=lambda n: student(2 * n - 2)),
        _make("n - 2 degrees of freedom", "Student's factor is taken with n - 2 degrees of freedom. One is used up, by the "
              "mean: n - 1.", factor=lambda n: student(n - 2), first=3),
        _make("interval of 90 percent", "The interval holds 90 percent. Wanted are 95.", factor=lambda n: student(n - 1, 0.9)),
        _make("interval of 97.5 percent", "The factor is that of 97.5 percent. This function takes what the interval holds, "
              "0.95.", factor=lambda n: student(n - 1, 0.975)),
        _make("interval of 99 percent", "The interval holds 99 percent. Wanted are 95.", factor=lambda n: student(n - 1, 0.99)),
        _make("divided by n, not by its root", "The deviation is divided by n. The error of a mean falls only with the root "
              "of n.", root=lambda n: n),
        _make("divided by the root of n - 1", "The deviation is divided by the root of n - 1. There are n differences.",
              root=lambda n: math.sqrt(n - 1)),
        _make("deviation squared", "The deviation is squared. The error is deviation / sqrt(n).", spread=lambda s: s * s),
        _make("root of the deviation", "The root is taken of the deviation, as if it were a variance.", spread=math.sqrt),
        _make("two deviations", "The spread is that of two independent groups, sqrt(2) times as large. What is given is the "
              "deviation of the differences themselves.", spread=lambda s: math.sqrt(2) * s),
        _make("the whole interval", "The whole interval is to be no wider than half. It may reach so far to each side.",
              wanted=lambda half: half / 2),
        _make("the interval twice as wide", "The interval may be twice as wide here: it reaches half to each side, not twice "
              "that.", wanted=lambda half: 2 * half),
        _make("half rounded up", "The width half is rounded up to a whole number.", wanted=math.ceil),
        _make("one seed too many", "The number is too large by 1: is it counted on once more after it is enough?",
              told=lambda n: n + 1),
        _make("one seed too few", "The number is too small by 1: the last that is not enough, or the degrees of freedom.",
              told=lambda n: n - 1),
        _make("one seed too few, but two at least", "The number is too small by 1, where it is not 2: it is the last "
              "that is not enough.", told=lambda n: max(2, n - 1)),
        _make("two seeds too few", "The number is too small by 2.", told=lambda n: n - 2),
        _make("runs of both", "The runs of both networks are counted. Wanted is the number of seeds, which both share.",
              told=lambda n: 2 * n),
        _make("three seeds at least", "It begins with three seeds. Two make an interval, too, if a wide one.", first=3),
        _make("five seeds at least", "It begins with five seeds. Fewer may be enough.", first=5),
        _make("even numbers only", "Only even numbers are tried.", factor=lambda n: student(n - 1) if n % 2 == 0 else math.inf),
        _make("doubled until it is enough", "The number is doubled until it is enough. Fewer may be enough.",
              factor=lambda n: student(n - 1) if n & (n - 1) == 0 else math.inf),
        Mistake("1.96 errors, rounded down", f"The interval is taken to reach 1.96 errors, and the number is rounded down. "
                f"{_FEW}", _of_normal(LIMIT, math.floor)),
        Mistake("1.96 errors, rounded", f"The interval is taken to reach 1.96 errors, and the number is rounded. "
                f"{_FEW}", _of_normal(LIMIT, round)),
        Mistake("notebook 10's rule", "This is notebook 10's rule for two independent groups, 2 (3 s / d)^2. Here the runs are "
                "paired, and the interval is Student's.", _of_normal(3.0, two=2.0)),
        Mistake("Student's factor once", "Student's factor is taken once, for the number that 1.96 errors give. With the "
                "one that comes out it is another one: go on until it is enough.", _once_again),
        Mistake("deviation and half exchanged", "The deviation and half have changed places.", _inverted),
    ),
    whole=True,
    built=built,
    broad=_broad,
    features=features(
        Condition("two seeds are enough", "two seeds are not enough", lambda case: built()(**case) == 2),
        Condition("the deviation is 0", "the deviation is above 0", lambda case: case["deviation"] == 0),
        Condition("half is greater than the deviation", "half is not greater than the deviation",
                  lambda case: case["half"] > case["deviation"]),
    ),
    ways=(comparisons.seeds_needed_range,),
)  # fmt: skip


def check_seeds_needed(function) -> Report:
    """Check f(deviation, half) -> the least number n of seeds, 2 or more, with which Student's interval of 95 percent reaches
    no more than ``half`` to each side.

    deviation: standard deviation of the differences by seed, 0 or more, the same for every n. half: above 0. With n
    differences the interval reaches ``minimix.study.statistics.student(n - 1)`` errors to each side, each deviation / sqrt(n).
    4.0 will not do for 4.

    >>> check_seeds_needed(lambda deviation, half: 5).passed
    False
    """
    return check(SEEDS_NEEDED, function)
