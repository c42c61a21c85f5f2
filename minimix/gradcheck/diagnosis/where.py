"""Which entries: those whose values, or whose positions, are special. Held against the same entries in another order."""

import itertools

import numpy as np

from minimix.gradcheck.evidence import Evidence

ROUND = (0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 6.0, -6.0, 0.5, -0.5)


def shuffled(e: Evidence) -> Evidence | None:
    """The evidence with the input's entries in another order: what follows the values, what stays at its position?"""
    if "shuffled" not in e.__dict__:
        order = np.random.default_rng(5).permutation(e.point.size)
        if e.point.ndim and e.point.size > 2 and np.array_equal(order, np.arange(e.point.size)):
            order = order[::-1]
        e.__dict__["shuffled"] = e.elsewhere({e.k: e.point.reshape(-1)[order].reshape(e.shape)})
    return e.__dict__["shuffled"]


def _fields(e: Evidence):
    """(name, values) of everything that has a number for each entry of the input."""
    yield "the input", e.point
    yield "the input's absolute value", np.abs(e.point)
    for j, p in e.others.items():
        if p.shape == e.shape:
            yield e.probe.names[j], p
            yield f"the input minus {e.probe.names[j]}", e.point - p
            yield f"the distance from {e.probe.names[j]}", np.abs(e.point - p)
    if e.output is not None and e.output.shape == e.shape:
        yield "the output", e.output


def by_value(e: Evidence, bad: np.ndarray, of) -> tuple[str, str] | None:
    """(what has a value for each entry, "above 3" or the like), if that tells the ``bad`` entries from the others, here and
    where the entries are shuffled. of: gives the same set of an Evidence."""
    if (~bad & ~e.dead).sum() < 3 or bad.sum() < 2:
        return None
    error = np.max(np.abs(e.analytical - e.numerical), axis=0)
    if error[~bad].max() > 1e-6 * e.size + 4 * e.noise:
        return None  # not quite right there: the error grows, it does not begin
    for (name, values), follow in zip(_fields(e), _followers(e), strict=True):
        side = "above" if values[bad].min() > values[~bad].max() else "below" if values[bad].max() < values[~bad].min() else ""
        if not side:
            continue
        low, high = (values[~bad].max(), values[bad].min()) if side == "above" else (values[bad].max(), values[~bad].min())
        if not _confirmed(e, follow, low, high, side, of):
            continue
        between = [r for r in ROUND if low <= r <= high]
        limit = f"{between[0]:g}" if between else f"a number from {low:.3g} to {high:.3g}"
        return name, f"{side} {limit}"
    return None


def _followers(e: Evidence):
    """The values of ``_fields`` for the shuffled evidence, or None."""
    other = shuffled(e)
    return [None] * len(list(_fields(e))) if other is None else [values for _, values in _fields(other)]


def _confirmed(e: Evidence, values, low: float, high: float, side: str, of) -> bool:
    other = shuffled(e)
    if other is None or values is None:
        return int(min(e.bad.sum(), (~e.bad).sum())) >= 4  # too many to be a coincidence
    bad = of(other)
    sure = (values > high) | (values < low) if low < high else values != low
    predicted = values >= high if side == "above" else values <= low
    return bool(np.array_equal(bad[sure], predicted[sure])) and not (predicted[sure].all() or not predicted[sure].any())


def ranges(indices, length: int) -> str:
    """[0, 1, 2, 3] as '0..3', [1, 3, 5] as '1::2', else the list."""
    indices = [int(i) for i in indices]
    if len(indices) == 1:
        return str(indices[0])
    step = indices[1] - indices[0]
    if indices == list(range(indices[0], indices[-1] + 1, step)):
        if step == 1:
            return f"{indices[0]}..{indices[-1]}"
        if indices[0] < step and indices[-1] + step >= length:
            return f"{indices[0]}::{step}"
    return str(indices)


def by_border(bad: np.ndarray) -> int | None:
    """How far from the border of the last two axes the bad entries lie, where most of those are bad."""
    if bad.all() or bad.ndim < 2:
        return None
    line = bad.any(axis=tuple(range(bad.ndim - 1)))
    for width in range(1, (len(line) - 1) // 2 + 1) if len(line) > 3 else ():
        rows = bad.ndim < 3 or bad.any(axis=tuple(a for a in range(bad.ndim) if a != bad.ndim - 2)).all()
        if rows and line[:width].all() and line[-width:].all() and not line[width:-width].any() and bad[..., line].mean() > 0.7:
            return width
    if bad.ndim < 3 or min(bad.shape[-2:]) < 3:
        return None
    for width in range(1, (min(bad.shape[-2:]) - 1) // 2 + 1):
        inside = np.zeros(bad.shape[-2:], bool)
        inside[width:-width, width:-width] = True
        rim = ~inside
        touched = bad.any(axis=tuple(range(bad.ndim - 2)))
        if not touched[inside].any() and touched[rim].mean() > 0.6 and bad[..., rim].mean() > 0.4:
            return width
    return None


def by_phase(bad: np.ndarray) -> tuple[int, list] | None:
    """(stride, bad phases) over the last two axes, or the last one."""
    for count in (2, 1):
        if bad.ndim < count or bad.all():
            continue
        for stride in (2, 3, 4):
            if min(bad.shape[-count:]) < 3 * stride:
                continue
            phases = list(itertools.product(range(stride), repeat=count))
            parts = [bad[(..., *(slice(p, None, stride) for p in phase))] for phase in phases]
            full = [phase for phase, part in zip(phases, parts, strict=True) if part.mean() > 0.5]
            clean = [phase for phase, part in zip(phases, parts, strict=True) if not part.any()]
            if full and clean and len(full) + len(clean) == len(phases):
                return stride, full if count == 2 else [p[0] for p in full]
    return None


def regular(text: str) -> bool:
    """Whether the indices that ``by_slices`` names follow each other: a scattered few may be a coincidence."""
    return "[" not in text


def by_slices(bad: np.ndarray) -> str | None:
    """ "index 0 of axis 1 (length 4)": the bad entries fill a box of indices."""
    if bad.all() or not bad.any() or bad.ndim == 0:
        return None
    if bad.sum() == 1:
        return f"the single entry {tuple(int(i) for i in np.argwhere(bad)[0])}"
    parts, box = [], 1
    for axis in range(bad.ndim):
        indices = np.flatnonzero(bad.any(axis=tuple(a for a in range(bad.ndim) if a != axis)))
        box *= len(indices)
        if len(indices) < bad.shape[axis]:
            parts.append(f"index {ranges(indices, bad.shape[axis])} of axis {axis} (length {bad.shape[axis]})")
    return " and ".join(parts) if parts and bad.sum() >= 0.75 * box else None
