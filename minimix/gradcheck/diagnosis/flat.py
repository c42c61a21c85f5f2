"""Rules on what is flat: gradients that are zero everywhere, functions that do not change. Other points are looked at, too."""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import altered
from minimix.gradcheck.evidence import Evidence

FEW = 4  # entries: so few that a mask or a loop may leave out all of them


def nothing(e: Evidence) -> Cause | None:
    """No gradient arrives, or only zeros: always, or at this point?"""
    if np.any(e.analytical):
        return None
    there = [other for other in elsewhere(e) if np.any(other.analytical)]
    if there:
        return _from_there(e, there, "zero everywhere at this point")
    if (j := _given_away(e)) is not None:
        return Cause(
            f"zero everywhere, while {e.probe.names[j]}, on which the function does not depend here, gets a gradient: the two "
            "are exchanged, or a mask chooses the wrong one",
            *("exchanged", "inverted mask", "zero"),
        )
    text = "zero everywhere: no gradient arrives (detached, None, or forgotten in backward"
    if _arrives(e) and (e.point.size <= FEW or min((*e.shape, *e.shapes[0]), default=1) <= 2):
        return Cause(
            f"{text}; or, as zeros do arrive, a loop or a mask leaves out all that there is at this size, or terms cancel)",
            *("zero", "left out", "wrong mask", "inverted mask", "term missing", "wrong formula"),
        )
    return Cause(f"{text})", "zero")


def _arrives(e: Evidence) -> bool:
    """Whether backward returns an array for this input, if only of zeros."""
    e.tape.pull(np.ones(e.tape.size))
    return e.probe.tensors[e.k].grad is not None


def _given_away(e: Evidence) -> int | None:
    """An input of the same shape that gets a gradient although nothing depends on it."""
    rng = np.random.default_rng(6)
    for j, value in e.others.items():
        if value.shape != e.shape or j not in e.probe.checked:
            continue
        column = e.slope(rng.uniform(0.5, 1, value.shape), of=j)
        if column is not None and np.max(np.abs(column), initial=0) <= e.tiny:
            if np.any(e.tape.pull(rng.standard_normal(e.tape.size))[e.probe.checked.index(j)]):
                return j
    return None


def independent(e: Evidence) -> Cause | None:
    """A gradient for an input that does not matter: nowhere, or not at this point?"""
    given = float(np.max(np.abs(e.analytical)))
    top = 1 + float(np.max(np.abs(e.values), initial=0))
    if given == 0 or e.size > max(1e-12 * min(given, top), 4 * e.noise):
        return None
    if 1e-3 * given < 4 * e.noise:
        return Cause(
            f"the function's values are so large (up to {top - 1:.3g}) that their differences are rounded "
            "away: nothing can be said of a gradient of this size. Subtract what is constant, or take a larger eps",
            "difference",
        )
    if (found := altered.exchanged(e)) and len(found.claims) <= 2:  # and that input's own gradient is wrong
        return found
    others = list(elsewhere(e))
    text = "around this point the function does not change with this input (at other points it does), yet backward returns a"
    if there := [other for other in others if other.size > 1e-7 * given + 4 * other.noise]:
        return _from_there(e, there, f"{text} gradient")
    short = min(e.shape, default=1) <= 2
    if any(np.max(np.abs(other.values - e.values)) > 1e-9 * np.max(np.abs(e.values)) for other in others):
        return Cause(
            f"{text} gradient, and so it is at others: it changes in steps only, so that the input just decides something (an "
            "order, a branch) and deserves no gradient, or an approximation stands for a derivative that is 0"
            f"{', or parts cancel along so short an axis' if short else ''}",
            *("independent", "approximate", "no mask", "other place", *(("term missing", "wrong constant") if short else ())),
        )
    if not _used(e):
        return Cause("the function does not depend on this input, yet backward returns a gradient for it", "independent")
    return Cause(
        "the function does not change with this input, though it computes with it (parts cancel, or it is multiplied by 0), "
        "yet backward returns a gradient for it: there, they do not cancel"
    )


def _used(e: Evidence) -> bool:
    """Whether a NaN in this input reaches the output: it is computed with, not just looked at."""
    at = e.probe.dense()
    at[e.k][...] = np.nan
    try:
        with np.errstate(all="ignore"):
            return bool(np.isnan(e.probe.values(at)).any())
    except Exception:
        return True  # who knows


def _from_there(e: Evidence, there: list[Evidence], text: str) -> Cause:
    """What is seen at other points, at which this one is no longer flat."""
    from minimix.gradcheck.diagnosis import diagnose

    for other in there:
        if other.size <= other.tiny or not np.any(other.analytical):
            continue
        if other.wrong.any():
            cause = diagnose(other)
            claims = (*cause.claims, "wrong mask", "value") if cause.claims and other.dead.any() else cause.claims
            return Cause(f"{text}; where its entries are others: {cause}", *dict.fromkeys(claims))
        what = "blocks" if not np.any(e.analytical) else "lets through"
        return Cause(
            f"{text}, but is right where its entries are others: here backward {what} what forward does not, a mask or a "
            "branch is missing or wrong",
            *("wrong mask", "inverted mask", "no mask", "value", "approximate"),
        )
    if not np.any(e.analytical):  # and where there is a gradient, none is due
        return Cause(
            f"{text}, though not at others, at which none is due: a mask or a branch is inverted", "inverted mask", "wrong mask"
        )
    return Cause(
        f"{text}, and none where its entries are others and one is due: a mask or a branch is inverted",
        "inverted mask",
        "wrong mask",
    )


def elsewhere(e: Evidence):
    """The evidence at a few points that have little to do with this one."""
    rng = np.random.default_rng(7)
    top = float(np.max(np.abs(e.point), initial=0))
    for scale in (-1.0, 3.0 if 1 <= top <= 6 or top == 0 else 3.0 / top, 0.1):
        moved = e.elsewhere({e.k: scale * rng.permutation(e.point.reshape(-1)).reshape(e.shape)})
        if moved is not None:
            yield moved
