"""Rules on contributions: each entry of a Jacobian is what one output entry gives to one input entry."""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import where
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
    a, _, lost, strange, alike, live = _pairs(e)
    if not (alike | lost | strange).all() or not (alike & live).any():
        return None
    if lost.any() and not strange.any():
        return _lost(e, lost, live)
    return _strange(e, a, strange, live) if strange.any() and not lost.any() else None


def _strange(e: Evidence, a: np.ndarray, strange: np.ndarray, live: np.ndarray) -> Cause:
    """Pairs that forward does not connect: does it depend on the values which ones, and are they those of all indices?"""
    text = (
        "all that forward does is answered rightly, but some entries get something from outputs that do not depend on them "
        f"({int(strange.sum())} pairs of output and input entry"
    )
    if _moving(e, strange, 1):
        return Cause(f"{text}; which ones depends on the values): a mask is missing or too wide", "no mask", "wrong mask")
    if found := _diagonal(e, a, live):
        return Cause(
            f"{text}): an index of axis {found[1]} belongs to that of axis {found[0]} of the output, and gets those of others, "
            "too: summed over it, or a fixed mask is missing",
            *("summed", "no mask"),
        )
    return Cause(f"{text}): too much is summed, or a mask is missing or lets too much in", "summed", "no mask", "wrong mask")


def _diagonal(e: Evidence, a: np.ndarray, live: np.ndarray) -> tuple[int, int] | None:
    """(axis of the output, axis of the input) of which forward connects equal indices only, but backward others, too."""
    if e.output is None:
        return None
    for out, length in enumerate(e.output.shape):
        for axis in range(len(e.shape)):
            if length == e.shape[axis] > 1:
                equal = np.indices(e.output.shape)[out].reshape(-1, 1) == np.indices(e.shape)[axis].reshape(1, -1)
                if not live[~equal].any() and (np.abs(a) > e.tiny)[~equal].any():
                    return out, axis
    return None


def _moving(e: Evidence, pairs: np.ndarray, which: int) -> bool:
    """Whether other pairs are lost (which = 0) or strange (1) where an input's values stand in another order."""
    rng = np.random.default_rng(5)
    for j in (e.k, *e.others):
        p = e.probe.points[j]
        other = e.elsewhere({j: rng.permutation(p.reshape(-1)).reshape(p.shape) * rng.choice([-1, 1], p.shape)})
        other = other or e.elsewhere({j: rng.permutation(p.reshape(-1)).reshape(p.shape)})
        if other is not None and not np.array_equal(_pairs(other)[2 + which], pairs):
            return True
    return False


def _lost(e: Evidence, lost: np.ndarray, live: np.ndarray) -> Cause:
    """Contributions that got lost: all but the last one, whole outputs, others; and does it depend on the values which ones?"""
    if (cause := _one_left(lost, live)) is not None:
        return cause
    touched, share = lost.any(axis=0), lost.sum() / live.sum()
    text = (
        f"{share:.0%} of the contributions of outputs to input entries are lost (at {int(touched.sum())} of {touched.size} "
        "entries), the others are right"
    )
    if _moving(e, lost, 0):
        return Cause(
            f"{text}; which ones depends on the values: a mask or a choice blocks too much, or their term is left out",
            *("wrong mask", "left out", "term missing", "other place", "value", "wrong point", "overwritten"),
        )
    if found := _one_index(e, lost, live):
        axis, word = found
        return Cause(
            f"{text}: of all indices of axis {axis} of the output that an entry contributes to, only the {word} one gives it a "
            "gradient: = where += is needed (with an index that occurs several times, np.add.at), or the others are not summed",
            *("overwritten", "not summed", "term missing", "left out"),
        )
    whole = lost.any(axis=1) & ~(live & ~lost).any(axis=1)  # outputs that are not counted at all
    slices = where.by_slices(whole.reshape(e.output.shape)) if e.output is not None and e.output.ndim else None
    if slices and np.array_equal(lost.any(axis=1), whole):
        return Cause(f"{text}: {slices} of the output is not counted", "left out", "not summed", "term missing")
    edges = any(part.ndim > 1 and where.by_border(part) for part in (touched.reshape(e.shape), _of_outputs(e, lost)))
    return Cause(
        f"{text}, whatever the values are: a loop or an index leaves them out, or overwrites them, or a term is missing"
        + ", or one at the border (padding)" * edges,
        *("left out", "not summed", "term missing", "overwritten", "border"),
    )


def _of_outputs(e: Evidence, lost: np.ndarray) -> np.ndarray:
    return lost.any(axis=1).reshape(e.output.shape if e.output is not None else -1)


def _one_index(e: Evidence, lost: np.ndarray, live: np.ndarray) -> tuple[int, str] | None:
    """(axis of the output, "last" or "first") if of its indices only one remains for each entry."""
    if e.output is None:
        return None
    kept = live & ~lost
    for axis, indices in enumerate(np.indices(e.output.shape)):
        index = indices.reshape(-1, 1)
        last = np.where(live, index, -1).max(axis=0)
        first = np.where(live, index, e.output.shape[axis]).min(axis=0)
        for word, chosen in (("last", last), ("first", first)):
            if np.array_equal(kept, live & (index == chosen)):
                return axis, word
    return None


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
                    *("overwritten", "not summed", "term missing", "left out"),
                )
    if several.any() and np.all(kept.sum(axis=0)[several] == 1):
        return Cause(
            "of several outputs that an entry contributes to, one gives it a gradient: not summed, = where += is needed, or "
            "the others are left out",
            *("overwritten", "not summed", "term missing", "left out"),
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
    if not live[own][np.abs(rest) > e.tiny].all():
        return None  # outputs that depend on another entry only
    added = a[own] - n[own]
    if np.max(np.abs(np.abs(added) - np.abs(rest))) > 1e-5 * e.size + 8 * e.noise or (np.abs(rest) > e.tiny).sum() < 3:
        return None
    return Cause(
        "each output depends on its own entry and on one other, and what belongs to the other is added to its own: two "
        "entries are not exchanged back (by an index, a transposition), a term's sign is wrong, or a term is missing",
        *("exchanged", "other place", "permuted", "sign of a term", "transposed", "term missing"),
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
            return Cause(
                f"{text}: an index, an offset, a stride or an order of axes is wrong, or it is summed over another axis",
                *(*MISPLACED, "summed"),
            )
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
