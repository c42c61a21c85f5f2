"""Rules on contributions: each entry of a Jacobian is what one output entry gives to one input entry."""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis.places import MISPLACED
from minimix.gradcheck.evidence import Evidence


def _pairs(e: Evidence):
    """(analytical, numerical) as (output, input), with the masks of lost, strange and right pairs."""
    a, n = e.analytical.reshape(len(e.analytical), -1), e.numerical.reshape(len(e.analytical), -1)
    alike = np.abs(a - n) <= 1e-5 * e.size + 4 * e.noise
    live = np.abs(n) > e.tiny
    lost = live & (np.abs(a) <= e.tiny)
    strange = ~live & (np.abs(a) > e.tiny)
    return a, n, lost, strange, alike, live


def contributions(e: Evidence) -> Cause | None:
    """Right pairs, lost pairs and strange pairs; no pair with another number."""
    if not e.whole or len(e.analytical) < 2:
        return None
    _, _, lost, strange, alike, live = _pairs(e)
    if not (alike | lost | strange).all() or not (alike & live).any():
        return None
    if lost.any() and not strange.any():
        return _lost(e, lost, live)
    if strange.any() and not lost.any():
        return Cause(
            "all that forward does is answered rightly, but some entries get something from outputs that do not depend on them "
            f"({int(strange.sum())} pairs of output and input entry): a mask is missing there, or too much is summed",
            *("no mask", "wrong mask", "summed", "independent", "other place", "groups", "border", "stride"),
        )
    return None


def _lost(e: Evidence, lost: np.ndarray, live: np.ndarray) -> Cause | None:
    """Contributions that got lost: all but the last one, or others."""
    if (cause := _one_left(lost, live)) is not None:
        return cause
    touched = lost.any(axis=0)
    share = lost.sum() / live.sum()
    single = bool(live.sum(axis=0).max() == 1)  # no sum, whose parts might get lost: something may choose between terms
    return Cause(
        f"{share:.0%} of the contributions of outputs to input entries are lost (at {int(touched.sum())} of {touched.size} "
        f"entries), the others are right: a loop, a mask or an index leaves them out{', or their term is missing' * single}",
        *("left out", "not summed", "overwritten", "border", "stride", "wrong mask", "groups"),
        *(("term missing",) * single),
    )


def overwritten(e: Evidence) -> Cause | None:
    """One contribution is left of several."""
    _, _, lost, strange, alike, live = _pairs(e)
    return None if strange.any() or not (alike | lost).all() else _one_left(lost, live)


def _one_left(lost: np.ndarray, live: np.ndarray) -> Cause | None:
    count, kept = live.sum(axis=0), live & ~lost
    several = count > 1
    if several.any() and np.all(kept.sum(axis=0)[count > 0] == 1):
        rows = np.arange(len(live))[:, None]
        last = np.where(live, rows, -1).max(axis=0)
        first = np.where(live, rows, len(live)).min(axis=0)
        stays = kept.argmax(axis=0)
        for which, theirs in (("last", last), ("first", first)):
            if np.array_equal(stays[count > 0], theirs[count > 0]):
                return Cause(
                    f"of all outputs that an entry contributes to, only the {which} one gives it a gradient: = where += "
                    "is needed (with an index that occurs several times, np.add.at), or the others are not summed",
                    *("overwritten", "not summed", "term missing"),
                )
    if several.any() and np.all(kept.sum(axis=0)[several] == 1):
        return Cause(
            "of several outputs that an entry contributes to, one gives it a gradient: not summed, or = where += is needed",
            *("overwritten", "not summed", "term missing"),
        )
    return None


def kept(e: Evidence) -> Cause | None:
    """What belongs to another entry stays with the output's own."""
    if not e.whole or e.output is None or e.output.shape != e.shape or e.point.size < 3:
        return None
    a, n, _, _, _, live = _pairs(e)
    own = np.eye(len(a), dtype=bool)
    if np.max(np.abs(a[~own])) > e.tiny or (live & ~own).sum(axis=1).max() != 1:
        return None
    rest = np.where(own, 0, n).sum(axis=1)
    added = a[own] - n[own]
    if np.max(np.abs(np.abs(added) - np.abs(rest))) > 1e-5 * e.size + 8 * e.noise or (np.abs(rest) > e.tiny).sum() < 3:
        return None
    return Cause(
        "each output depends on its own entry and on one other, and what belongs to the other is added to its own: two "
        "entries are not exchanged back, or a term's sign is not",
        *("exchanged", "other place", "permuted", "sign of a term"),
    )


def misplaced(e: Evidence) -> Cause | None:
    """Every output's numbers are right, but given to other entries; or every entry's, but taken from other outputs."""
    if not e.whole or len(e.analytical) < 2 or e.point.size < 2:
        return None
    a, n, lost, strange, *_ = _pairs(e)
    if not (lost.any() or strange.any()):
        return None
    for axis, text in (
        (1, "each output entry gives the right numbers, but to other entries of the input than it should"),
        (0, "each input entry gets the right numbers, but from other entries of the output than it should"),
    ):
        near = 1e-5 * e.size + 4 * e.noise
        wrong = np.max(np.abs(a - n), axis=axis) > near
        same = np.max(np.abs(np.sort(a, axis=axis) - np.sort(n, axis=axis)), axis=axis) <= near
        most = same[wrong].sum() >= max(3, 0.5 * wrong.sum())  # at borders, numbers get lost
        if same.all() or (most and _telling(e, n, axis)):
            text = text if same.all() else f"mostly, {text}"
            return Cause(f"{text}: an index, an offset, a stride or an order of axes is wrong", *MISPLACED)
    return None


def _telling(e: Evidence, n: np.ndarray, axis: int) -> bool:
    """Whether rows (or columns) hold more than one number that is not 0."""
    return bool(np.median((np.abs(n) > e.tiny).sum(axis=axis)) >= 2)


def spread(e: Evidence) -> Cause | None:
    """Means over other windows than forward's: each output's total is right, but it is spread over other entries."""
    if not e.whole or len(e.analytical) < 2:
        return None
    a, n, lost, strange, *_ = _pairs(e)
    near = 1e-5 * e.size + 8 * e.noise
    if np.max(np.abs(a.sum(axis=1) - n.sum(axis=1))) > near * np.sqrt(a.shape[1]):
        return None
    for part in (a, n):
        live = np.abs(part) > e.tiny
        top = np.max(np.abs(part), axis=1, keepdims=True)
        if np.max(np.abs(np.abs(part) - top)[live], initial=0) > near or np.median(live.sum(axis=1)) < 2:
            return None
    rows = (lost | strange).any(axis=1)
    if rows.sum() < 2:
        return None
    row = int(np.flatnonzero(rows)[0])
    counts = [int((np.abs(part[row]) > e.tiny).sum()) for part in (n, a)]
    text = (
        "each output's total is right, but spread evenly over other entries than forward takes the mean of (for output "
        f"entry {row}, over {counts[1]} in place of {counts[0]})"
    )
    if not strange.any():
        return Cause(
            f"{text}: a window or a mask leaves some out", "wrong mask", "left out", "not summed", "border", "overwritten"
        )
    if not lost.any():
        return Cause(f"{text}: a window or a mask lets too many in", "wrong mask", "no mask", "border", "summed")
    return Cause(f"{text}: a window's place, length or stride, or a mask, is wrong", "wrong mask", *MISPLACED)


def one_of_equal(e: Evidence) -> Cause | None:
    """1/2, 1/3, 1/4... of the gradient: of so many equal contributions, one remains."""
    a, n = e.mixed[1:]
    bad = e.bad & ~e.dead
    if e.values.size > 1 or bad.ndim < 2 or bad.sum() < 3 or (e.bad & e.dead).any():
        return None
    if any(np.array_equal(np.broadcast_to(bad.any(axis=axis, keepdims=True), bad.shape), bad) for axis in range(bad.ndim)):
        return None  # whole slices: exponents, scales
    squares = (n * n).sum(axis=0)
    counts = squares[bad] / np.where((a * n).sum(axis=0)[bad] == 0, np.nan, (a * n).sum(axis=0)[bad])
    whole = np.round(counts)
    if not np.all(np.isfinite(counts)) or len(np.unique(whole)) < 2 or whole.min() < 2 or whole.max() > 64:
        return None
    if np.max(np.abs(counts - whole) / whole) > 1e-4 or np.max(np.abs(a[:, bad] * whole - n[:, bad])) > 1e-4 * e.size:
        return None
    shown = ", ".join(f"1/{int(k)}" for k in np.unique(whole)[:5])
    return Cause(
        f"the wrong entries have {shown} of their gradient: of so many equal contributions one remains (= where += is "
        "needed), or their mean is taken",
        *("overwritten", "not summed", "averaged", "left out"),
    )


def one_amount(e: Evidence) -> Cause | None:
    """One and the same number is missing at some entries, and too much at as many others."""
    a, n = e.mixed[1:]
    error = (a - n).reshape(len(a), -1)
    size = np.max(np.abs(error), axis=1, keepdims=True)
    wrong = np.abs(error) > 1e-4 * size
    near = np.abs(np.abs(error) - size) <= 1e-5 * size + 8 * e.noise
    if not np.all(near | ~wrong) or np.any(size <= 1e-3 * e.size) or wrong.sum(axis=1).min() < 4:
        return None
    more, less = (wrong & (error > 0)).sum(axis=1), (wrong & (error < 0)).sum(axis=1)
    if not np.array_equal(more, less):
        return None
    first, second = a.reshape(len(a), -1)[wrong], n.reshape(len(a), -1)[wrong]
    if min(np.max(np.abs(part)) for part in (first + second, first, second)) <= 1e-4 * e.size:
        return None  # a sign, or pairs of contributions that a mask chooses
    pairs = [axis + 1 for axis in range(len(e.shape)) if e.shape[axis] == 2]
    if any(np.max(np.abs((a - n).sum(axis=axis))) <= 1e-4 * size.max() for axis in pairs):
        return None  # of two classes, one gains whatever the other loses
    return Cause(
        f"one number ({size.flat[0]:.4g}) is missing at {int(less[0])} entries, and too much at as many others: it is "
        "given to the wrong ones (an index off by one, another order or layout, another choice)",
        *("other place", "shifted", "memory order", "transposed", "permuted", "exchanged", "flipped"),
    )
