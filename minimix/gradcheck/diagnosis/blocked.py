"""Rules on masks: entries that forward blocks, and that backward should block, too."""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import where
from minimix.gradcheck.evidence import Evidence


def let_through(e: Evidence) -> Cause | None:
    """Wrong exactly where nothing should arrive."""
    dead = e.dead
    if not dead.any() or dead.all() or (e.bad & ~dead).any():
        return None
    leaks = dead & ~e.silent
    if not leaks.any():
        return None
    every = bool((leaks == dead).all())
    text = f"wrong exactly where the true gradient is 0 ({_count(leaks)}"
    found = where.by_value(e, leaks, lambda other: other.dead & ~other.silent)
    text += f", those where {found[0]} is {found[1]})" if found else ")"
    if every:
        return Cause(
            f"{text}: a mask is missing, too wide or of another number, or too much is summed: backward gives a gradient to "
            "entries that forward blocks or does not use",
            *("no mask", "independent", "other place", "wrong mask", "wrong point", "summed"),
        )
    return Cause(
        f"{text}, though not at all such entries: a mask lets too much through, or a sum or a mean goes over entries that "
        "forward does not use",
        *("wrong mask", "no mask", "independent", "other place", "value", "wrong point", "summed", "averaged", "wrong formula"),
    )


def inverted(e: Evidence) -> Cause | None:
    """0 where there is a gradient, a gradient where there is none."""
    live = ~e.dead
    if not (live.any() and e.dead.any()) or not np.array_equal(e.silent, live):
        return None
    pairs = [
        axis for axis in range(live.ndim) if live.shape[axis] == 2 and np.all(live.sum(axis=axis) == 1)
    ]  # with two entries, the other one is the smallest, too
    if pairs:
        return Cause(
            f"0 exactly where the true gradient is not, and the reverse: a mask is inverted, or of the two entries along axis "
            f"{pairs[0]} the wrong one is taken",
            *("inverted mask", "other place", "permuted", "wrong mask"),
        )
    text = "0 exactly where the true gradient is not, and the reverse: a mask is inverted, or looks at another number"
    a, n = (np.sort(part.reshape(len(part), -1), axis=1) for part in e.mixed[1:])
    if e.alike(a, n):
        return Cause(
            f"{text}, or, as it is the same numbers, they are given to the wrong places (from the other end, moved)",
            *("inverted mask", "other place", "shifted", "flipped", "permuted", "wrong mask"),
        )
    return Cause(text, "inverted mask", "wrong mask", "other place")


def outputs_inverted(e: Evidence) -> Cause | None:
    """The outputs that forward fills with one number give a gradient, those that depend on something give none."""
    if not e.whole or e.output is None or e.output.shape != e.shape:
        return None
    dead, silent = (np.max(np.abs(part.reshape(len(part), -1)), axis=1) <= e.tiny for part in (e.numerical, e.analytical))
    if not dead.any() or silent.all() or np.any(~dead & ~silent) or np.ptp(e.values[dead]) > 0:
        return None
    return Cause(
        f"the {int((~dead).sum())} output entries that depend on the input give it no gradient, but of those that are "
        f"{e.values[dead][0]:.3g} whatever it is, {int((~silent).sum())} do: a mask on the output is inverted",
        *("inverted mask", "wrong mask"),
    )


def blocked(e: Evidence) -> Cause | None:
    """Nothing arrives at some entries; all the others are right."""
    lost = e.silent & ~e.dead
    if not lost.any() or not (~lost & ~e.dead).any() or not np.array_equal(lost, e.bad):
        return None
    text = f"wrong only where backward gives 0 ({_count(lost)} whose true gradient is not 0)"
    if found := where.by_value(e, lost, lambda other: other.silent & ~other.dead):
        others = found[0] != "the input" and found[0] != "the input's absolute value"  # labels may choose between terms
        return Cause(
            f"{text}, those where {found[0]} is {found[1]}: backward blocks what forward lets through"
            f"{', or the term that counts there is missing' * others}",
            *("wrong mask", "value", "left out", *(("term missing",) * others)),
        )
    other = where.shuffled(e)
    moved = other is not None and not np.array_equal(other.silent & ~other.dead, lost)
    if other is not None and not moved:
        from minimix.gradcheck.diagnosis import positions

        return positions.named(e, lost, "gets nothing")
    if moved:
        return Cause(
            f"{text}; which ones depends on the values: a mask or a choice blocks too much",
            *("wrong mask", "value", "left out", "other place", "overwritten", "wrong point", "term missing"),
        )
    return None


def _count(entries: np.ndarray) -> str:
    n = int(entries.sum())
    return f"1 entry, {tuple(int(i) for i in np.argwhere(entries)[0])}" if n == 1 else f"{n} of {entries.size} entries"
