"""A rule on weights whose taps meet the input at other places than in forward: each tap is right, for the input moved."""

import itertools
import time

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.evidence import ALIKE, Evidence

SECONDS = 0.25
REACH = 3  # by how many places an input is moved at most


def moved(e: Evidence) -> Cause | None:
    """Each wrong tap is right, if another input were moved, but not all by the same."""
    stop = time.perf_counter() + SECONDS
    for count in (1, 2):
        taps = list(np.ndindex(e.shape[len(e.shape) - count :]))
        if len(e.shape) < count or not 2 <= len(taps) <= 16 or e.bad.reshape(-1, len(taps)).all(axis=0).all():
            continue
        for j, value in e.others.items():
            found = {}
            if value.ndim > count:
                for tap in [t for t in taps if e.bad[(..., *t)].any()]:
                    shift = _shift(e, j, value, tap, count, stop)
                    if shift is None:
                        break
                    found[tap] = shift
            if found and len(found) == sum(e.bad[(..., *t)].any() for t in taps):
                return _said(e, j, found, count)
    return None


def _shift(e: Evidence, j: int, value: np.ndarray, tap: tuple, count: int, stop: float) -> tuple | None:
    """By how much the last axes of another input must be moved for one tap to be right."""
    rng = np.random.default_rng(10)
    mask = np.zeros(e.shape)
    mask[(..., *tap)] = 1
    directions = [mask * rng.uniform(0.5, 1, e.shape) * rng.choice([-1, 1], e.shape) for _ in range(2)]
    directions = [v / np.max(np.abs(v)) for v in directions]
    axes = tuple(range(value.ndim - count, value.ndim))
    for by in sorted(itertools.product(range(-REACH, REACH + 1), repeat=count), key=lambda s: np.abs(s).sum()):
        if time.perf_counter() > stop:
            return None
        if any(by) and all(_fits(e, v, {j: np.roll(value, by, axes)}) for v in directions):
            return by
    return None


def _fits(e: Evidence, v: np.ndarray, arrays: dict) -> bool:
    u, a, _ = e.mixed
    column = e.slope(v, arrays)
    if column is None:
        return False
    ours, theirs = u @ column, np.tensordot(a, v, v.ndim)
    size = np.max(np.abs(ours))
    return bool(size > 1e-3 * e.size and np.max(np.abs(ours - theirs)) <= 3 * ALIKE * size + 16 * e.noise * np.sqrt(u.shape[1]))


def _said(e: Evidence, j: int, found: dict, count: int) -> Cause | None:
    plain = count == 1
    shown = "; ".join(
        f"{t[0] if plain else t} if {e.probe.names[j]} were moved by {s[0] if plain else s}" for t, s in [*found.items()][:3]
    )
    axes = "the last axis" if plain else "the last two axes"
    return Cause(
        f"tap by tap right for another place of {e.probe.names[j]} along {axes}: index {shown}: an offset, a stride or a "
        "dilation differs from forward's",
        *("stride", "shifted", "other place"),
    )
