"""Rules on gradients that are nearly right: rounded inside, differences in place of a derivative, approximations."""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis.altered import bends
from minimix.gradcheck.evidence import SECONDS, Evidence

STEPS = np.geomspace(1e-4, 1.0, 25)  # of differences that a backward pass may take


def _error(e: Evidence) -> float:
    """The largest error, relative to the largest derivative."""
    a, n = e.mixed[1:]
    return float(np.max(np.abs(a - n)) / (np.max(np.abs(n)) or 1.0))


def _backward(e: Evidence, arrays: list) -> np.ndarray | None:
    """What backward gives at another point, for two weightings."""
    u, place = e.mixed[0], e.probe.checked.index(e.k)
    try:
        with e.probe.record(arrays) as tape:
            return np.stack([np.array(tape.pull(row)[place]) for row in u[:2]]) if tape.shapes == e.shapes else None
    except Exception:
        return None


def stepped(e: Evidence) -> Cause | None:
    """Numbers that come in steps: an input is moved by a ten thousand millionth, and nothing changes, or it jumps."""
    if _error(e) > 0.25 or e.point.size < 3:
        return None
    first, rng = _backward(e, e.probe.dense()), np.random.default_rng(9)
    for j in (e.k, *e.others):
        moved = []
        for size in (1e-10, 0.2, 0.7):
            arrays = e.probe.dense()
            arrays[j] *= 1 + size * rng.uniform(0.5, 1, arrays[j].shape)
            moved.append(_backward(e, arrays))
        if first is None or any(other is None or other.shape != first.shape for other in moved):
            continue
        step, *more = (np.abs(other - first) for other in moved)
        change = np.fmax(*more)
        size = np.max(np.abs(first))
        if np.mean(change > 1e-6 * size) < 0.6:
            continue  # it hardly depends on this input
        if not bends(e, j):
            continue  # pieces that are straight are in steps, too: a mask or a branch is wrong
        if np.all((step == 0) | (step > 1e-6 * size)):
            name = "the input" if j == e.k else e.probe.names[j]
            return Cause(
                f"right to about {_error(e):.0e} of its size, and in steps: where {name} is moved by 1e-10 of its size, the "
                "gradient does not change at all, or it jumps: numbers are rounded in backward (to float16, to integers, to "
                "some decimals), or looked up in a table",
                *("precision", "approximate"),
            )
    return None


def decimals(e: Evidence) -> Cause | None:
    """Derivatives with a few decimals, or with few digits, though the true ones have many."""
    if _error(e) > 0.1 or not e.whole or e.point.size < 3:
        return None
    a, n = e.analytical[np.abs(e.analytical) > 0], e.numerical[np.abs(e.numerical) > e.tiny]
    if len(np.unique(a)) < 3:
        return None
    for places in range(5):
        scaled, true = a * 10**places, n * 10**places
        if np.max(np.abs(scaled - np.round(scaled))) < 1e-9 * 10**places:
            if np.mean(np.abs(true - np.round(true)) > 1e-3) > 0.5:
                return Cause(
                    f"right to about {_error(e):.0e} of its size, and no derivative has more than {places} decimals: "
                    "backward rounds them",
                    *("precision", "approximate"),
                )
            return None
    if np.all(a == a.astype(np.float16)):
        return Cause(
            f"right to about {_error(e):.0e} of its size, and every number in it is one that float16 can hold: backward "
            "casts to float16",
            "precision",
        )
    return None


def differences(e: Evidence) -> Cause | None:
    """Exactly what differences with some step give."""
    if _error(e) > 0.3 or 600 * e.seconds > SECONDS:
        return None
    u, a, n = e.mixed
    u, a, n = u[0], a[0].reshape(-1), n[0].reshape(-1)
    places = np.argsort(-np.abs(a - n))[:5]
    if len(places) < 2 or np.abs(a - n)[places[1]] <= 1e-6 * e.size + 8 * e.noise:
        return None
    start = float(u @ e.values)
    arrays = e.probe.dense()

    def quotient(place: int, above: float, below: float) -> float:
        spot = np.unravel_index(place, e.shape)
        middle, ends = arrays[e.k][spot], []
        for step in (above, -below):
            arrays[e.k][spot] = middle + step
            ends.append(float(u @ e.probe.values(arrays)) if step else start)
        arrays[e.k][spot] = middle
        return (ends[0] - ends[1]) / (above + below)

    try:
        for words, above, below in (("one-sided (forward)", 1, 0), ("one-sided (backward)", 0, 1), ("central", 1, 1)):
            h = _step(lambda h, s=above, t=below: quotient(places[0], s * h, t * h) - a[places[0]])
            if h is None:
                continue
            size = np.max(np.abs(a - n))
            digits = h / 10 ** np.floor(np.log10(h))
            if h > 0.21 or np.min(np.abs(digits - np.array([1, 2, 2.5, 5, 10]))) > 1e-3 * digits:
                continue  # of an error that is only a constant, some step always makes one
            if all(abs(quotient(p, above * h, below * h) - a[p]) <= 1e-4 * size for p in places):
                return Cause(
                    f"this is what {words} differences with a step of {h:.3g} give: backward takes differences in place of "
                    "the derivative",
                    "approximate",
                )
    except Exception:
        return None
    return None


def _step(miss) -> float | None:
    """The step at which a quotient is the analytical number, by bisection."""
    low, before = STEPS[0], miss(STEPS[0])
    for high in STEPS[1:]:
        here = miss(high)
        if not (np.isfinite(before) and np.isfinite(here)):
            return None
        if before * here <= 0:
            for _ in range(40):
                middle = (low + high) / 2
                if miss(middle) * before > 0:
                    low = middle
                else:
                    high = middle
            return float(high)
        low, before = high, here
    return None


def close(e: Evidence) -> Cause | None:
    """Off by a few parts in a hundred at most, and nothing else is known."""
    a, n = e.mixed[1:]
    cosine = float((a * n).sum() / (np.linalg.norm(a) * np.linalg.norm(n) or 1.0))
    if _error(e) > 0.05 or cosine < 0.999:
        return None
    return Cause(
        f"nearly right: the gradient is off by {_error(e):.1%} of the largest derivative at most, as where something small, or "
        "little different from forward, is wrong"
    )
