"""An exercise on mixed convolution: dividing the channels."""

import itertools
import math
from fractions import Fraction

import numpy as np

from minimix import partition
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_data, drawn_numbers, rare_counting
from minimix.course.exercises.features import Condition, above, features
from minimix.course.ways import counts


def _divisions(rng):
    rows = [
        (1, 1), (2, 1), (2, 2), (3, 2), (4, 2), (5, 2), (5, 3), (6, 3), (7, 3), (8, 3), (8, 4), (9, 4), (10, 4), (11, 3),
        (13, 4), (15, 4), (16, 3), (23, 5), (32, 4), (33, 5), (39, 5), (64, 7), (130, 8), (528, 5), (100_003, 6),
    ]  # fmt: skip
    for kind in ("equal", "exponential"):
        for channels, groups in rows:
            if kind == "equal" or channels >= 2 ** (groups - 1):
                yield {"channels": channels, "groups": groups, "kind": kind}
    yield from drawn_data.divisions(rng)


def _small_divisions(rng):
    for case in drawn_numbers.options(rng, 140, channels=range(1, 41), groups=range(1, 8)):
        for kind in ("equal", "exponential"):
            if case["channels"] >= (case["groups"] if kind == "equal" else 2 ** (case["groups"] - 1)):
                yield case | {"kind": kind}
    for kind in ("equal", "exponential"):
        case = {"channels": 23, "groups": 3, "kind": kind}
        yield from drawn_numbers.one_other(case, channels=(22, 24), groups=(2, 4), kind=("equal", "exponential"))


def _nearest(number: float) -> int:
    return math.floor(number + 0.5)


def _rested(sizes: list, channels: int, rest: int | None) -> tuple:
    """sizes, and what is left over of the channels to group ``rest``; None: to nobody."""
    sizes = list(sizes)
    if rest is not None:
        sizes[rest] += channels - sum(sizes)
    return tuple(sizes)


def _equal(rounded=math.floor, rest: int | None = 0):
    """The equal kind, with another way to round, and what is left over to another group."""
    return lambda c, g: _rested([rounded(c / g)] * g, c, rest)


def _halves(rounded=math.floor, rest: int | None = -1, first: int = 1):
    """The exponential kind, likewise. first: the power of two in group 1; the group with the rest begins with nothing but it
    where that is the last one, as in the solution."""

    def sizes(c, g):
        found = [rounded(c / 2 ** (first + i)) for i in range(g)]
        if rest == -1:
            found[-1] = 0
        return _rested(found, c, rest)

    return sizes


def _kinds(equal=None, exponential=None):
    """A function of (channels, groups, kind), with other rules: rule(channels, groups); None is the right one."""
    rules = {"equal": equal or _equal(), "exponential": exponential or _halves()}
    return lambda channels, groups, kind: rules[kind](channels, groups)


def _changed(change):
    """The right sizes, changed at the end."""
    return lambda channels, groups, kind: tuple(change(list(partition(channels, groups, kind))))


def _spread(last: bool = False):
    """One channel more for as many groups as are needed, the first ones or the last ones."""
    return lambda c, g: tuple(map(len, np.array_split(np.zeros(c), g)))[:: -1 if last else 1]


def _evenly(groups: int) -> list[Fraction]:
    return [Fraction(1, groups)] * groups


def _by_halves(groups: int) -> list[Fraction]:
    return [Fraction(1, 2**i) for i in range(1, groups)] + [Fraction(1, 2 ** (groups - 1))]


def _by_bounds(shares, rounded=round):
    """Where the groups begin and end is rounded, not their sizes: shares(groups) -> what part each group has."""

    def sizes(c, g):
        ends = [rounded(c * end) for end in itertools.accumulate(shares(g))]
        ends[-1] = c
        return tuple(b - a for a, b in itertools.pairwise([0, *ends]))

    return sizes


def _last_as_before(c, g):
    return tuple(c // 2 ** min(i + 1, max(g - 1, 1)) for i in range(g)) if g > 1 else (c,)


def _of_the_rest(c, g):
    found = []
    for _ in range(g - 1):
        found.append((c - sum(found)) // 2)
    return (*found, c - sum(found))


def _in_proportion(rest: int | None):
    return lambda c, g: _rested([c * 2 ** (g - 1 - i) // (2**g - 1) for i in range(g)], c, rest)


ROUNDED_UP = "Some sizes are rounded up, so that the group with the rest has to pay for it. Round down first: floor, or //."
NEAREST = "Sizes are rounded to the nearest number: some are one too large. Round down first: floor, or //."
FRACTIONS = "There are fractions of channels. Channels are whole: round down first, then see what is left over."
NO_REST = "Some channels belong to no group. Add up the groups: do you get all channels?"

PARTITION = Exercise(
    "partition",
    partition,
    _divisions,
    whole=True,
    broad=_small_divisions,
    features=features(
        Condition("the kind is equal", "the kind is exponential", lambda case: case["kind"] == "equal"),
        Condition(
            "the number of channels is no multiple of the number of groups",
            "the number of channels is a multiple of the number of groups",
            lambda case: case["channels"] % case["groups"] > 0,
        ),
        above("groups", 1, "there is more than one group", "there is a single group"),
        above("groups", 2, "there are more than two groups", "there are one or two groups"),
        Condition("the number of channels is odd", "the number of channels is even", lambda case: case["channels"] % 2 > 0),
    ),
    mistakes=(
        *(
            Mistake(f"equal: {name}", text, _kinds(equal=rule))
            for name, text, rule in [
                ("remainder lost", NO_REST, _equal(rest=None)),
                ("remainder to the last group", "What is left over goes to the last group, which has the largest kernel. Where "
                 "is it cheapest?", _equal(rest=-1)),
                ("remainder spread over the first groups", "What is left over is shared out among several groups. All of it "
                 "belongs to one of them.", _spread()),
                ("remainder spread over the last groups", "What is left over is shared out among the last groups. All of it "
                 "belongs to one group, the first.", _spread(last=True)),
                ("rounded up, the last group pays", ROUNDED_UP, _equal(math.ceil, -1)),
                ("rounded up, the first group pays", ROUNDED_UP, _equal(math.ceil)),
                ("rounded up, too many channels", "The sizes are rounded up and add up to more than all channels.",
                 _equal(math.ceil, None)),
                ("rounded to the nearest number", NEAREST, _equal(_nearest)),
                ("rounded to nearest, the rest to the last", NEAREST, _equal(_nearest, -1)),
                ("rounded to nearest, no rest", NEAREST + " And the sizes do not add up.", _equal(_nearest, None)),
                ("not rounded", FRACTIONS, lambda c, g: (c / g,) * g),
                ("where groups begin is rounded", "Where the groups begin is rounded, not their sizes, so that the remainder "
                 "is spread over several groups. The first group should have it all.", _by_bounds(_evenly)),
                ("where groups begin is rounded down", "Where the groups begin is rounded down, not their sizes, so that the "
                 "remainder is spread over several groups. The first should have it all.", _by_bounds(_evenly, math.floor)),
            ]
        ),
        *(
            Mistake(f"exponential: {name}", text, _kinds(exponential=rule))
            for name, text, rule in [
                ("remainder lost", "The halves do not add up to all channels: 1/2 + 1/4 + 1/8 is less than 1. Who gets the "
                 "rest?", _halves(rest=None)),
                ("remainder to the first group", "What is left over goes to the first group, as for the equal kind. In this "
                 "kind it goes to the other end.", _halves(rest=0)),
                ("order reversed", "The sizes grow from group to group. The first group, with the smallest kernel, is to have "
                 "the most channels.", lambda c, g: partition(c, g, "exponential")[::-1]),
                ("halves of the rest", "Each group gets half of what the others have left. That is not quite floor(C / 2^i) "
                 "when the rest is odd: try 11 channels.", _of_the_rest),
                ("rounded up", "The halves are rounded up, so that too little is left for the last group.",
                 _halves(math.ceil)),
                ("rounded to the nearest number", "Sizes are rounded to the nearest number (half of what is left, rounded up, "
                 "is "
                 "the same). Round down: floor(C / 2^i), or //.", _halves(_nearest)),
                ("rounded with round()", NEAREST, _halves(round)),
                ("rounded to nearest, remainder lost", NEAREST + " And the sizes do not add up.", _halves(_nearest, None)),
                ("last group as large as the one before", "The last group is as large as the one before it, rounded down. It "
                 "gets what is left over, so that all channels belong to a group.", _last_as_before),
                ("not rounded", FRACTIONS, _halves(float)),
                ("not rounded, remainder lost", FRACTIONS, _halves(float, None)),
                ("in proportion 4 : 2 : 1, the rest to the last", "The groups are as 4 : 2 : 1 to each other, so that the "
                 "first "
                 "has more than half. It is to have floor(C / 2), the next floor(C / 4), ...", _in_proportion(-1)),
                ("in proportion 4 : 2 : 1, the rest to the first", "The groups are as 4 : 2 : 1 to each other, so that the "
                 "first "
                 "has more than half. It is to have floor(C / 2), the next floor(C / 4), ...", _in_proportion(0)),
                ("one halving too many", "The first group has a quarter of the channels. It is to have half of them, the next "
                 "a quarter.", _halves(first=2)),
                ("one halving too few", "The first group has all channels: its power of two is 2^0. Groups count from 1.",
                 _halves(first=0)),
                ("divided by 2, 4, 6, ...", "The sizes are C / 2, C / 4, C / 6, ...: 2i where it should be 2^i.",
                 lambda c, g: _rested([c // (2 * i) for i in range(1, g)] + [0], c, -1)),
                ("divided by 1, 4, 9, ...", "The sizes are C / i^2 where it should be C / 2^i.",
                 lambda c, g: _rested([c // i**2 for i in range(1, g)] + [0], c, -1)),
                ("divided by 2, 3, 4, ...", "The sizes are C / 2, C / 3, C / 4, ...: each group is to have half of the one "
                 "before.", lambda c, g: _rested([c // (i + 1) for i in range(1, g)] + [0], c, -1)),
                ("an xor, no power", "In Python 2 ^ i is no power, but compares bits: 3, 0, 1, ... A power is 2 ** i.",
                 lambda c, g: _rested([c // (2 ^ i) for i in range(1, g)] + [0], c, -1)),
                ("an xor, no power, remainder lost", "In Python 2 ^ i is no power, but compares bits: 3, 0, 1, ... A "
                 "power is 2 ** i.", lambda c, g: tuple(c // (2 ^ i) for i in range(1, g + 1))),
                ("where groups begin is rounded", "Where the groups begin is rounded, not their sizes. The size of group i is "
                 "floor(C / 2^i).", _by_bounds(_by_halves)),
                ("sorted", "The sizes are sorted, the largest first. The last group, which takes what is left, may be larger "
                 "than the one before it, and stays the last.",
                 lambda c, g: tuple(sorted(partition(c, g, "exponential"), reverse=True))),
            ]
        ),
        *(
            Mistake(name, text, function)
            for name, text, function in [
                ("kind ignored: always equal", "The result does not depend on kind.", _kinds(exponential=_equal())),
                ("kind ignored: always exponential", "The result does not depend on kind.", _kinds(equal=_halves())),
                ("the two kinds exchanged", "The equal kind is divided exponentially, and the other way round: look at the "
                 "comparison with kind.", _kinds(_halves(), _equal())),
                ("remainder lost", f"In both kinds: {NO_REST[0].lower()}{NO_REST[1:]}",
                 _kinds(_equal(rest=None), _halves(rest=None))),
                ("remainder to the wrong end", "What is left over goes to the last group for the equal kind and to the first "
                 "for the exponential one. It is the other way round.", _kinds(_equal(rest=-1), _halves(rest=0))),
                ("not rounded", FRACTIONS, _kinds(lambda c, g: (c / g,) * g, _halves(float))),
                ("not rounded, remainder lost", FRACTIONS, _kinds(lambda c, g: (c / g,) * g, _halves(float, None))),
                ("rounded to the nearest number", f"In both kinds: {NEAREST}", _kinds(_equal(_nearest), _halves(_nearest))),
                ("rounded with round()", f"In both kinds: {NEAREST}", _kinds(_equal(round), _halves(round))),
                ("rounded up", f"In both kinds: {ROUNDED_UP}", _kinds(_equal(math.ceil), _halves(math.ceil))),
                ("where groups begin is rounded", "Where the groups begin is rounded, not their sizes: round the sizes down, "
                 "and give what is left over to one group.",
                 _kinds(_by_bounds(_evenly), _by_bounds(_by_halves))),
                ("where groups begin is rounded down", "Where the groups begin is rounded down, not their sizes: round the "
                 "sizes "
                 "down, and give what is left over to one group.",
                 _kinds(_by_bounds(_evenly, math.floor), _by_bounds(_by_halves, math.floor))),
                ("where groups begin is rounded up", "Where the groups begin is rounded, not their sizes: round the sizes "
                 "down, and give what is left over to one group.",
                 _kinds(_by_bounds(_evenly, math.ceil), _by_bounds(_by_halves, math.ceil))),
                ("where groups begin is rounded down, or up", "Where the groups begin is rounded, not their sizes, down for "
                 "the "
                 "equal kind, up for the other: round the sizes down, and give what is left over to one group.",
                 _kinds(_by_bounds(_evenly, math.floor), _by_bounds(_by_halves, math.ceil))),
                ("order reversed", "The sizes stand in reverse order in both kinds.", _changed(lambda sizes: sizes[::-1])),
                ("sorted, the smallest first", "The sizes are sorted, the smallest first. The groups have an order of their "
                 "own: "
                 "the first has the smallest kernel.", _changed(sorted)),
                ("results added up", "The numbers are where each group ends, not how many channels it has.",
                 _changed(itertools.accumulate)),
                ("where groups begin", "The numbers are where each group begins, not how many channels it has.",
                 _changed(lambda sizes: [0, *itertools.accumulate(sizes)][:-1])),
                ("last group missing", "There is one group too few. What is the last number that range(n) gives?",
                 _changed(lambda sizes: sizes[:-1])),
            ]
        ),
        *rare_counting.PARTITION,
    ),
    ways=(counts.partition_loop, counts.partition_rest,),
)  # fmt: skip


def check_partition(function) -> Report:
    """Check f(channels, groups, kind) -> the channels of each group, in order: a tuple of integers; a list or array will do.

    kind "equal": floor(C / G) each, and what is left over to the first group. "exponential": floor(C / 2^i) to group i, counted
    from 1, and what is left over to the last. There are as many channels as groups at least, 2^(G - 1) for "exponential".

    >>> import minimix as mm
    >>> check_partition(mm.partition).passed
    True
    """
    return check(PARTITION, function)
