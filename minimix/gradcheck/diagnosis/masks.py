"""Rules on masks that are there, but not forward's: slopes of elementwise functions, and entries that something arrives at."""

import math

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import where
from minimix.gradcheck.diagnosis.places import arrangements, readings
from minimix.gradcheck.evidence import Evidence


def slopes(e: Evidence) -> tuple[np.ndarray, np.ndarray] | None:
    """(analytical, numerical) slopes of an elementwise function, of the input's shape; None for another function."""
    if not e.whole or e.output is None or e.output.shape != e.shape or e.point.size < 3:
        return None
    a, n = (part.reshape(len(part), -1) for part in (e.analytical, e.numerical))
    own = np.eye(len(a), dtype=bool)
    if max(np.max(np.abs(a[~own])), np.max(np.abs(n[~own]))) > e.tiny:
        return None
    return a[own].reshape(e.shape), n[own].reshape(e.shape)


def another(e: Evidence) -> Cause | None:
    """Two slopes (0 and 1, or the like), in other places than in forward."""
    found = slopes(e)
    if found is None:
        return None
    a, n = found
    near = 1e-5 * e.size + 4 * e.noise
    levels = [float(n.min()), float(n.max())]
    if levels[1] - levels[0] <= 1e-3 * e.size:
        return None
    for part in (a, n):
        if np.max(np.minimum(np.abs(part - levels[0]), np.abs(part - levels[1]))) > near:
            return None  # not two slopes, or not the same ones
    middle = sum(levels) / 2
    given, right = a > middle, n > middle
    if not (given & ~right).any() or not (right & ~given).any() or (given != right).sum() < 3:
        return None
    text = (
        f"{int((given & ~right).sum())} entries have the slope {levels[1]:.3g} where {levels[0]:.3g} is right, "
        f"{int((right & ~given).sum())} the reverse"
    )
    if np.array_equal(given, ~right):
        return Cause(
            f"{text}, and none has its own: a mask or a condition is inverted, or the two kinds of entries (channels, groups) "
            "are exchanged",
            *("inverted mask", "wrong mask", "permuted", "exchanged", "groups"),
        )
    return _compared(e, text, given, right, lambda other: _upper(other, middle), lambda other: _upper(other, middle, True))


def displaced(e: Evidence) -> Cause | None:
    """0 at some entries where there is a gradient, a gradient at some where there is none; right at all others."""
    lost, leaks = e.silent & ~e.dead, e.dead & ~e.silent
    if not (lost.any() and leaks.any()) or not np.array_equal(e.bad, lost | leaks) or not (~e.dead & ~e.bad).any():
        return None
    text = (
        f"{_entries(lost)} nothing although a gradient is due, {_entries(leaks)} one although none is due, the others are right"
    )
    a, n = (part.reshape(len(part), -1) for part in (e.analytical, e.numerical))
    unused = np.max(np.abs(n), axis=1) <= e.tiny
    if e.whole and np.any(unused & (np.max(np.abs(a), axis=1) > e.tiny)):
        return Cause(
            f"{text}, also from outputs that depend on nothing: backward's mask is another than forward's", "wrong mask"
        )
    return _compared(e, text, ~e.silent, ~e.dead, lambda other: ~other.silent, lambda other: ~other.dead)


def _compared(e: Evidence, text: str, given: np.ndarray, right: np.ndarray, of_given, of_right) -> Cause:
    """Backward's mask and forward's: moved about, drawn anew, or told apart by another value?

    of_given, of_right: give the same masks of an Evidence.
    """
    if _changing(e):
        return Cause(f"{text}; another time, others do: the mask is drawn anew", "random", "state", "wrong mask")
    moves = (*arrangements(e.shape), *_copies(e.shape))
    if math.comb(right.size, int(right.sum())) > 50 * len(moves):  # so many masks that one is not hit by chance
        moved = [(words, claims) for words, claims, move in moves if np.array_equal(move(right), given)]
        moved += [(f"moved by {by} in C order", ("shifted", "other place")) for by in (1, -1) if _shifted(right, given, by)]
        if moved:
            return readings(
                f"{text}: backward's mask is forward's, ", [(words, ("wrong mask", *claims)) for words, claims in moved]
            )
    if own := where.side(e, given, of_given):
        theirs = where.side(e, right, of_right)
        forward = f" (forward's by {theirs[0]}, {theirs[1]})" if theirs else ""
        return Cause(
            f"{text}: backward tells them apart by {own[0]}, {own[1]}{forward}: a mask or a condition is not forward's",
            *("wrong mask", "wrong point", "value"),
        )
    return Cause(
        f"{text}: a mask or a condition is there, but not forward's (drawn anew or in another order, looked up at "
        "another place, or of another value)",
        *("wrong mask", "random", "other place", "value", "shifted", "memory order", "permuted"),
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


def _upper(e: Evidence, middle: float, numerical: bool = False) -> np.ndarray:
    found = slopes(e)
    return np.zeros(e.shape, bool) if found is None else found[1 if numerical else 0] > middle


def _shifted(right: np.ndarray, given: np.ndarray, by: int) -> bool:
    """Whether a mask is the other one, moved in C order, the end lost."""
    first, second = (right.reshape(-1), given.reshape(-1)) if by > 0 else (given.reshape(-1), right.reshape(-1))
    return right.size > 6 and np.array_equal(second[1:], first[:-1])


def _copies(shape: tuple):
    """(words, claims, function): one slice for all."""
    for axis, length in enumerate(shape):
        if length < 2:
            continue
        for index, which in ((0, "first"), (length - 1, "last")):
            yield (
                f"of the {which} index of axis {axis}, used for all",
                ("wrong mask", "left out"),
                lambda x, a=axis, i=index: np.broadcast_to(np.take(x, [i], a), x.shape),
            )
