"""What the configurations that fail have in common, and none of the others has."""

import itertools
from collections.abc import Sequence

LEAST = 2  # so many must fail, and as many not: one alone differs from all others in many ways


def separating(rows: Sequence[dict[str, float | bool]], fails: Sequence[bool]) -> str:
    """The simplest condition that holds for all ``rows`` that fail and for no other, in words; "" if there is none.

    rows: the quantities of each configuration.

    >>> rows = [{"kernel": k, "stride": s} for k in (1, 2, 3) for s in (1, 2)]
    >>> separating(rows, [row["stride"] > 1 for row in rows])
    'stride is greater than 1'
    >>> separating(rows, [row["kernel"] > 1 and row["stride"] > 1 for row in rows])
    'kernel is greater than 1 and stride is greater than 1'
    >>> separating(rows, [row["kernel"] == 1 for row in rows]), separating(rows, [True] * 6)
    ('kernel is 1', '')
    """
    if sum(fails) < LEAST or len(fails) - sum(fails) < LEAST:
        return ""
    wanted = tuple(map(bool, fails))
    single = _conditions(rows)
    for words, holds in single:
        if holds == wanted:
            return words
    wide = [(words, holds) for words, holds in single if all(h for h, w in zip(holds, wanted, strict=True) if w)]
    for (first, a), (second, b) in itertools.combinations(wide, 2):
        if tuple(x and y for x, y in zip(a, b, strict=True)) == wanted:
            return f"{first} and {second}"
    return ""


def _conditions(rows) -> list[tuple[str, tuple[bool, ...]]]:
    """(words, for which rows it holds), the simplest first."""
    names = [name for name in rows[0] if all(name in row for row in rows)]
    columns = {name: [row[name] for row in rows] for name in names}
    found: dict[str, tuple[bool, ...]] = {}
    for name, values in columns.items():
        if all(isinstance(value, bool) for value in values):
            found[name] = tuple(values)
            continue
        low = min(values)
        found[f"{name} is greater than {low:g}"] = tuple(value > low for value in values)
        found[f"{name} is {low:g}"] = tuple(value == low for value in values)
        if low < 0:
            found[f"{name} is below 0"] = tuple(value < 0 for value in values)
        if 0 in values and low < 0:
            found[f"{name} is 0"] = tuple(value == 0 for value in values)
    counted = {name: values for name, values in columns.items() if all(type(value) is int for value in values)}
    for name, values in counted.items():
        found[f"{name} is even"] = tuple(value % 2 == 0 for value in values)
        found[f"{name} is odd"] = tuple(value % 2 == 1 for value in values)
    for (a, first), (b, second) in itertools.combinations(counted.items(), 2):
        found[f"{a} is not {b}"] = tuple(x != y for x, y in zip(first, second, strict=True))
        found[f"{a} is greater than {b}"] = tuple(x > y for x, y in zip(first, second, strict=True))
        found[f"{a} is less than {b}"] = tuple(x < y for x, y in zip(first, second, strict=True))
    for name, values in columns.items():
        for limit in sorted(set(values))[1:-1]:
            if not isinstance(limit, bool):
                found[f"{name} is greater than {limit:g}"] = tuple(value > limit for value in values)
                found[f"{name} is not {limit:g}"] = tuple(value != limit for value in values)
                found[f"{name} is {limit:g}"] = tuple(value == limit for value in values)
    return list(found.items())
