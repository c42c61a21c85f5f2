"""What the configurations that fail have in common, and none of the others has."""

import itertools
import math
from collections.abc import Sequence

LEAST = 3  # so many must fail, and as many not: a few differ from all others in many ways
LEAST_OF_TWO = 5  # the same where two conditions are to hold at once: there are many pairs
MOST = 0.75  # of all configurations: what holds for nearly all says nothing
ACCIDENT = 0.01  # how likely it may be, at most, that one of all conditions fits by chance


def separating(rows: Sequence[dict[str, float | bool]], fails: Sequence[bool]) -> str:
    """The simplest condition that holds for all ``rows`` that fail and for no other, in words; "" if there is none.

    rows: the quantities of each configuration.

    >>> rows = [{"kernel": k, "stride": s} for k in range(1, 7) for s in range(1, 7)]
    >>> separating(rows, [row["stride"] > 1 for row in rows])
    'stride is greater than 1'
    >>> separating(rows, [row["kernel"] > 1 and row["stride"] > 1 for row in rows])
    'kernel is greater than 1 and stride is greater than 1'
    >>> separating(rows, [row["kernel"] == 1 for row in rows]), separating(rows, [True] * 36)
    ('kernel is 1', '')
    """
    if sum(fails) < LEAST or len(fails) - sum(fails) < LEAST:
        return ""
    wanted = tuple(map(bool, fails))
    simple, related = _of_one_quantity(rows), _of_two(rows)
    if len({holds for _, holds in [*simple, *related]}) > ACCIDENT * math.comb(len(wanted), sum(wanted)):
        return ""
    for words, holds in [*simple, *related]:
        if holds == wanted:
            return words
    if sum(wanted) < LEAST_OF_TWO or len(wanted) - sum(wanted) < LEAST_OF_TWO:
        return ""
    wide = [
        (words, _bits(holds))
        for words, holds in _wide(simple, wanted)
        if not (words.endswith((" even", " odd")) or " is not " in words)
    ]
    both = _bits(wanted)
    wide = [(words, bits) for words, bits in wide if (bits & ~both).bit_count() >= LEAST]  # that each of the two is needed
    for (first, a), (second, b) in itertools.combinations(wide, 2):
        if a & b == both:
            return f"{first} and {second}"
    return ""


def _bits(holds: Sequence[bool]) -> int:
    return sum(1 << place for place, true in enumerate(holds) if true)


def necessary(rows: Sequence[dict[str, float | bool]], fails: Sequence[bool]) -> tuple[str, int]:
    """The narrowest simple condition that holds wherever it fails, and for how many rows; ("", 0) if it holds for many others.

    >>> rows = [{"kernel": k, "stride": s} for k in range(1, 10) for s in (1, 2)]
    >>> necessary(rows, [row["kernel"] > 5 and row != rows[-1] for row in rows])
    ('kernel is greater than 5', 8)
    """
    wanted = tuple(map(bool, fails))
    found = [(sum(holds), words) for words, holds in _wide(_of_one_quantity(rows), wanted)]
    count, words = min(found, key=lambda entry: entry[0], default=(0, ""))
    few = sum(wanted) > LEAST and count <= 2 * sum(wanted) and count <= MOST * len(rows)
    chance = len(found) * math.comb(count, sum(wanted)) / math.comb(len(rows), sum(wanted))
    return (words, count) if few and chance < ACCIDENT else ("", 0)


def _wide(conditions: "Conditions", wanted: tuple[bool, ...]) -> "Conditions":
    """Those that hold wherever it fails."""
    return [(words, holds) for words, holds in conditions if all(h for h, w in zip(holds, wanted, strict=True) if w)]


Conditions = list[tuple[str, tuple[bool, ...]]]  # (words, for which rows it holds)


def _columns(rows) -> dict[str, list]:
    return {name: [row[name] for row in rows] for name in rows[0] if all(name in row for row in rows)}


def _of_one_quantity(rows) -> Conditions:
    """The simplest first."""
    found: dict[str, tuple[bool, ...]] = {}
    numbers = {}
    for name, values in _columns(rows).items():
        if all(isinstance(value, bool) for value in values):
            found[name] = tuple(values)
        else:
            numbers[name] = values
    for name, values in numbers.items():
        low = min(values)
        if low < 0:
            found[f"{name} is below 0"] = tuple(value < 0 for value in values)
            found[f"{name} is not below 0"] = tuple(value >= 0 for value in values)
            found[f"{name} is above 0"] = tuple(value > 0 for value in values)
        found[f"{name} is greater than {low:g}"] = tuple(value > low for value in values)
        for value in (0, low) if low < 0 else (low,):
            found[f"{name} is {value:g}"] = tuple(v == value for v in values)
        if all(type(value) is int for value in values):
            found[f"{name} is even"] = tuple(value % 2 == 0 for value in values)
            found[f"{name} is odd"] = tuple(value % 2 == 1 for value in values)
    for name, values in numbers.items():
        for limit in sorted(set(values))[1:-1]:
            found[f"{name} is greater than {limit:g}"] = tuple(value > limit for value in values)
            found[f"{name} is {limit:g}"] = tuple(value == limit for value in values)
            if all(type(value) is int for value in values):
                found[f"{name} is not {limit:g}"] = tuple(value != limit for value in values)
            else:
                found[f"{name} is less than {limit:g}"] = tuple(value < limit for value in values)
    return list(found.items())


def _of_two(rows) -> Conditions:
    """Two quantities compared: two arguments, or two lengths."""
    found: dict[str, tuple[bool, ...]] = {}
    counted = {name: values for name, values in _columns(rows).items() if all(type(value) is int for value in values)}
    for (a, first), (b, second) in itertools.combinations(counted.items(), 2):
        alike = ("." in a or " " in a) == ("." in b or " " in b)
        if alike or "kernel" in a + b or a.startswith("(") or b.startswith("("):
            found[f"{a} is {b}"] = tuple(x == y for x, y in zip(first, second, strict=True))
            found[f"{a} is not {b}"] = tuple(x != y for x, y in zip(first, second, strict=True))
            found[f"{a} is greater than {b}"] = tuple(x > y for x, y in zip(first, second, strict=True))
            found[f"{a} is less than {b}"] = tuple(x < y for x, y in zip(first, second, strict=True))
    return list(found.items())
