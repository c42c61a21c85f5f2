"""By which of a configuration's numbers a result is too large: as a factor, or added."""

import functools
import itertools
from collections.abc import Sequence

import numpy as np

CONSTANTS = (1, 2, -1, 0.5, -2, -0.5)
LEAST = 6  # configurations, with 3 different values among them: fewer fit too many formulas


def formula(values: Sequence[float], rows: Sequence[dict[str, float | bool]]) -> str:
    """A product of up to three quantities that equals ``values`` in all rows, in words; "" if there is none, or it is constant.

    >>> rows = [{"n": n, "k": k} for n in (1, 2, 3) for k in (2, 5, 6)]
    >>> formula([2 * row["n"] for row in rows], rows), formula([row["n"] * (row["k"] - 1) for row in rows], rows)
    ('2 * n', 'n * (k - 1)')
    >>> formula([1 / row["k"] for row in rows], rows)
    '1 / k'
    """
    wanted = np.asarray(values, float)
    if len(wanted) < LEAST or len(set(np.round(wanted, 9))) < 3 or not np.isfinite(wanted).all():
        return ""
    found = _columns(rows)
    with np.errstate(all="ignore"):
        columns = {(name, power): column ** float(power) for name, column in found.items() for power in (1, -1)}
    place = int(np.argmax(np.abs(wanted)))  # one that tells quickly
    for count in (1, 2, 3):
        for names in itertools.combinations_with_replacement(found, count):
            for power in itertools.product((1, -1), repeat=count) if count < 3 else ((1, 1, 1), (-1, -1, -1)):
                product = functools.reduce(np.multiply, (columns[name, p] for name, p in zip(names, power, strict=True)))
                quotient = wanted[place] / product[place] if product[place] else 0.0
                for constant in CONSTANTS:
                    if abs(constant - quotient) < 1e-6 and np.allclose(constant * product, wanted, rtol=1e-6, atol=1e-9):
                        return _words(constant, names, power)
    return ""


def _columns(rows) -> dict[str, np.ndarray]:
    """Quantities that vary, and the same less 1; of those that are always equal, the first."""
    found: dict[str, np.ndarray] = {}
    names = [name for name in rows[0] if all(name in row and not isinstance(row[name], bool) for row in rows)]
    for less in (0, 1):
        for name in names:
            column = np.array([row[name] for row in rows], float) - less
            known = any(np.array_equal(column, other) for other in found.values())
            if len(set(column)) > 1 and not known:
                found[f"({name} - 1)" if less else name] = column
    return found


def _words(constant: float, names: Sequence[str], powers: Sequence[int]) -> str:
    above = [name for name, power in zip(names, powers, strict=True) if power > 0]
    below = [name for name, power in zip(names, powers, strict=True) if power < 0]
    if constant in (0.5, -0.5):
        below = ["2", *below]
    if constant in (2, -2):
        above = ["2", *above]
    sign = "-" if constant < 0 else ""
    above = above or ["1"]
    if not below:
        return sign + (" * ".join(above) if len(above) > 1 else above[0].strip("()") if not sign else above[0])
    return f"{sign}{' * '.join(above)} / {below[0] if len(below) == 1 else '(' + ' * '.join(below) + ')'}"
