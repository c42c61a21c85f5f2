"""Rules on the entries that an input of whole numbers names: labels, and indices that occur several times."""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import where
from minimix.gradcheck.evidence import Evidence


def repeated(e: Evidence) -> Cause | None:
    """Wrong exactly at the indices that occur several times: one contribution remains, or their mean is taken."""
    if not e.bad.any() or e.silent[e.bad].all():
        return None  # left out
    for name, numbers in where.whole_numbers(e):
        for axis, length in enumerate(e.shape):
            if numbers.min() < -length or numbers.max() >= length:
                continue
            used, counts = np.unique(numbers % length, return_counts=True)
            rest = tuple(a for a in range(len(e.shape)) if a != axis)
            wrong, live = np.flatnonzero(e.bad.any(axis=rest)), np.flatnonzero((~e.dead).any(axis=rest))
            several, once = used[counts > 1], used[counts == 1]
            if len(several) and np.array_equal(wrong, several) and len(np.intersect1d(once, live)):
                if not _follows(e, name, axis):
                    continue
                often = np.ones([length if a == axis else 1 for a in range(len(e.shape))])
                often.reshape(-1)[used] = counts
                if e.alike(e.analytical * often, e.numerical):
                    return Cause(
                        f"divided by how often an index of axis {axis} occurs in {name}: of contributions that should be "
                        "added, the mean is taken, or of equal ones one remains",
                        *("averaged", "not summed", "overwritten"),
                    )
                return Cause(
                    f"wrong exactly at the indices of axis {axis} that occur several times in {name} "
                    f"({where.ranges(several, length)}): "
                    "of several contributions one remains, where they should be added (np.add.at does; an index with = "
                    "or += does not)",
                    *("overwritten", "not summed"),
                )
    return None


def _follows(e: Evidence, name: str, axis: int) -> bool:
    """Whether the same indices are wrong where the numbers stand in another order, and those that take their places where each
    number is another one: where something else is wrong, those that occur several times are so by chance."""
    j, p = next((i, numbers) for i, (given, numbers) in where.numbered(e).items() if given == name)
    length, rng = e.shape[axis], np.random.default_rng(6)
    shuffles = (rng.permutation(p.reshape(-1)).reshape(p.shape) for _ in range(5))
    for moved in (*shuffles, rng.permutation(length)[p % length]):
        other = _at(e, j, moved)
        if other is None or np.array_equal(other.analytical, e.analytical):  # as where backward has its numbers from elsewhere
            continue
        used, counts = np.unique(moved % length, return_counts=True)
        wrong = np.flatnonzero(other.bad.any(axis=tuple(a for a in range(len(e.shape)) if a != axis)))
        if not np.array_equal(wrong, used[counts > 1]):
            return False
    return True


def _at(e: Evidence, j: int, numbers: np.ndarray) -> Evidence | None:
    """The evidence with other whole numbers for input j, which is a Tensor or an array."""
    before, given = e.probe.inputs, e.probe.inputs[j]
    if not isinstance(given, np.ndarray):
        return e.elsewhere({next(k for k, t in enumerate(e.probe.tensors) if t is given): numbers})
    try:
        e.probe.inputs = [numbers.astype(given.dtype) if i == j else x for i, x in enumerate(before)]
        return e.elsewhere({})
    finally:
        e.probe.inputs = before


def named(e: Evidence) -> Cause | None:
    """Wrong exactly at the entries that labels or indices name."""
    if e.bad.sum() < 3 or not (~e.bad & ~e.dead).any():
        return None
    for name, numbers in where.whole_numbers(e):
        for mask in _named(numbers, e.shape):
            if not np.array_equal(e.bad, mask):
                continue
            if np.array_equal(e.silent & ~e.dead, mask):
                return Cause(
                    f"nothing arrives exactly at the {int(mask.sum())} entries that {name} names; all others are right: "
                    "they are left out, a mask blocks them, or their term is missing",
                    *("left out", "wrong mask", "term missing", "not summed"),
                )
            error = (e.analytical - e.numerical)[:, mask]
            if len(error) == 1 and mask.sum() >= 3 and np.ptp(error) <= 1e-5 * np.max(np.abs(error)) + 4 * e.noise:
                return Cause(
                    f"wrong exactly at the entries that {name} names, by the same number at each ({error.flat[0]:.4g}): "
                    "what belongs to them is missing, is there once too often, has the wrong sign or size, or of several "
                    "contributions one remains",
                    *(
                        "term missing",
                        "term extra",
                        "sign of a term",
                        "wrong constant",
                        "left out",
                        "overwritten",
                        "not summed",
                    ),
                )
            return Cause(f"wrong exactly at the {int(mask.sum())} entries that {name} names; all others are right")
    return None


def _named(numbers: np.ndarray, shape: tuple):
    """The masks of a shape that whole numbers may stand for: a label for each place, or a list of indices of an axis."""
    for axis, length in enumerate(shape):
        if numbers.min() < -length or numbers.max() >= length:
            continue
        place = np.arange(length).reshape([-1 if a == axis else 1 for a in range(len(shape))])
        if numbers.shape == shape[:axis] + shape[axis + 1 :]:
            yield np.broadcast_to(place == np.expand_dims(numbers % length, axis), shape)
        if numbers.ndim == 1 and len(np.unique(numbers)) < length:
            yield np.broadcast_to(np.isin(place, numbers % length), shape)
