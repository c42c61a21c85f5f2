"""Rules on where the wrong entries lie, if it does not depend on the values: borders, strides, some indices."""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import masks, where
from minimix.gradcheck.evidence import Evidence


def staying(e: Evidence) -> bool:
    """Whether the wrong entries stay where they are when the input's values are shuffled."""
    other = where.shuffled(e)
    return other is not None and np.array_equal(other.bad, e.bad)


def named(e: Evidence, bad: np.ndarray, what: str) -> Cause | None:
    """Where the entries lie. what: what is wrong there ("wrong", "gets nothing")."""
    nothing = what == "gets nothing"
    chosen = nothing and masks.slopes(e) is not None  # elementwise: something may choose between terms
    term, claims = (", or its term is missing", ("term missing",)) if chosen else ("", ())
    if bad.sum() == 1 and bad.size >= 3:
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        if not nothing:
            return Cause(f"a single entry is wrong, {place}; all others are right")
        if place[-1] in (0, bad.shape[-1] - 1):  # from the end, something may have been moved off
            term, claims = f", or all are moved by one and it falls off the end{term}", ("shifted", *claims)
        return Cause(
            f"a single entry {what}, {place}; all others are right: it is left out, or a mask blocks it{term}",
            *("left out", "wrong mask", *claims),
        )
    if width := where.by_border(bad):
        return Cause(
            f"right inside; {'wrong' if not nothing else 'nothing arrives'} only within {width} of the border of the "
            "last two axes: what happens at the border (padding) is handled differently from forward",
            *("border", "left out", "shifted"),
        )
    if not nothing and (text := where.by_reflection(bad)):
        return Cause(
            f"wrong only {text}, the places that a reflected border repeats: what arrives at the border (padding) is not "
            "added to them, or added to others",
            *("border", "not summed", "left out", "overwritten", "shifted"),
        )
    if found := where.by_phase(bad):
        stride, phases = found
        several = not nothing and _shared(e, bad)  # windows overlap there
        return Cause(
            f"{what if nothing else 'wrong'} only in phases {phases} of every {stride} along the last axes: the stride "
            "(or dilation) is handled differently from forward"
            f"{', or of the contributions of several windows, which overlap there, some are lost' if several else ''}",
            *("stride", "left out", *(("overwritten", "not summed") if several else ())),
        )
    if text := where.by_slices(bad):
        if nothing and not where.regular(text):
            return Cause(f"nothing arrives at {text}; all others are right")
        if nothing:
            if any(not bad.take(end, axis).all() and bad.take(~end, axis).all() for axis in range(bad.ndim) for end in (0, -1)):
                term, claims = f", or all are moved, and it falls off the end{term}", ("shifted", "border", *claims)
            return Cause(
                f"nothing arrives at {text}; all others are right: a loop, a mask or an = for += leaves these out{term}",
                *("left out", "not summed", "groups", "wrong mask", "overwritten", "term missing", *claims),
            )
        return Cause(f"wrong only at {text}; all others are right")
    return None


def _shared(e: Evidence, bad: np.ndarray) -> bool:
    """Whether more outputs depend on each of these entries than on any other."""
    counts = (np.abs(e.numerical) > e.tiny).sum(axis=0)
    return e.whole and bool(counts[bad].min() > counts[~bad].max(initial=0))


def placed(e: Evidence) -> Cause | None:
    """Wrong at some positions, whatever the values are."""
    if not (~e.bad & ~e.dead).any() or not staying(e):
        return None  # wrong everywhere, or right only where there is nothing
    uses = (np.abs(e.numerical) > e.tiny).sum(axis=0)
    if e.whole and e.alike(e.analytical * np.maximum(uses, 1), e.numerical):
        return Cause(
            "each entry's gradient is divided by the number of outputs that depend on it: averaged over its uses, where they "
            "should be summed",
            "averaged",
        )
    return named(e, e.bad, "wrong")


def outputs(e: Evidence) -> Cause | None:
    """The incoming gradient is handled wrongly at some places only: at the output's border, or in some of its phases."""
    if not e.whole or e.output is None or e.output.ndim < 2:
        return None
    bad = e.wrong.reshape(len(e.wrong), -1).any(axis=1).reshape(e.output.shape)
    other = where.shuffled(e)
    if bad.all() or other is None or not np.array_equal(other.wrong.reshape(len(bad.flat), -1).any(axis=1), bad.reshape(-1)):
        return None
    if width := where.by_border(bad):
        return Cause(
            f"right for the incoming gradient inside; wrong only for output entries within {width} of the border of the "
            "last two axes: what "
            "happens at the border (padding, what windows there are divided by) is handled differently from forward",
            *("border", "left out", "shifted", "averaged", "not averaged", "wrong constant", "scale", "term missing"),
        )
    if found := where.by_phase(bad):
        return Cause(
            f"wrong only for output entries in phases {found[1]} of every {found[0]} along the last axes: the stride (or "
            "dilation, a weight of these) is handled differently from forward",
            *("stride", "left out", "shifted", "wrong constant", "scale"),
        )
    return None
