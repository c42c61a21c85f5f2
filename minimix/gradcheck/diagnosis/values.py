"""Rules on errors that depend on the value: right on one side of some number, wrong on the other."""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import where
from minimix.gradcheck.evidence import Evidence


def one_sided(e: Evidence) -> Cause | None:
    """A branch that is wrong."""
    if not (~e.bad & ~e.dead).any():
        return None  # right only where there is nothing
    found = where.by_value(e, e.bad, lambda other: other.bad)
    if not found:
        return None
    return Cause(
        f"wrong exactly where {found[0]} is {found[1]}, right elsewhere: the formula for those values (a term, a factor, a "
        "constant of it) is wrong or missing",
        *("value", "wrong mask", "no mask", "wrong constant", "wrong formula", "term missing", "chain factor"),
    )


def other_mask(e: Evidence) -> Cause | None:
    """0 at some entries where there is a gradient, a gradient at some where there is none; right at all others."""
    lost, leaks = e.silent & ~e.dead, e.dead & ~e.silent
    if not (lost.any() and leaks.any()) or not np.array_equal(e.bad, lost | leaks) or not (~e.dead & ~e.bad).any():
        return None
    text = (
        f"{_entries(lost)} nothing although a gradient is due, {_entries(leaks)} one although none is due, the others are right"
    )
    if _changing(e):
        return Cause(f"{text}; another time, others do: the mask is drawn anew", "random", "state", "wrong mask")
    a, n = (part.reshape(len(part), -1) for part in (e.analytical, e.numerical))
    unused = np.max(np.abs(n), axis=1) <= e.tiny
    if e.whole and np.any(unused & (np.max(np.abs(a), axis=1) > e.tiny)):
        return Cause(
            f"{text}, also from outputs that depend on nothing: backward's mask is another than forward's", "wrong mask"
        )
    return Cause(
        f"{text}: backward's mask is another than forward's, or gradients are given to the wrong entries",
        *("wrong mask", "other place", "shifted", "permuted"),
    )


def _changing(e: Evidence) -> bool:
    """Whether backward, or forward and backward, give something else when they are called again."""
    again = e.elsewhere({})
    place = e.probe.checked.index(e.k)
    u = e.cotangents[0]
    first, second = (np.array(e.tape.pull(u)[place]) for _ in range(2))
    return not np.array_equal(first, second) or (again is not None and not np.array_equal(again.analytical, e.analytical))


def _entries(which: np.ndarray) -> str:
    n = int(which.sum())
    return "1 entry gets" if n == 1 else f"{n} entries get"
