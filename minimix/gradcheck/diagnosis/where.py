"""Which entries: those whose values, or whose positions, are special. Held against the same entries in another order."""

import itertools

import numpy as np

from minimix.gradcheck.evidence import Evidence

ROUND = (0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 6.0, -6.0, 0.5, -0.5)


def shuffled(e: Evidence) -> Evidence | None:
    """The evidence with the input's entries in another order: what follows the values, what stays at its position?"""
    if "shuffled" not in e.__dict__:
        rng, bad = np.random.default_rng(5), e.bad.reshape(-1)
        for _ in range(8):  # until other places are those of the wrong entries, if there are right ones
            order = rng.permutation(e.point.size)
            if not np.array_equal(bad[order], bad) or (bad.all() and not np.array_equal(order, np.arange(bad.size))):
                break
        e.__dict__["shuffled"] = e.elsewhere({e.k: e.point.reshape(-1)[order].reshape(e.shape)})
    return e.__dict__["shuffled"]


def scattered(e: Evidence) -> list[Evidence]:
    """The evidence at other points, near 0 and beyond: what a few numbers have in common by chance holds not there."""
    if "scattered" not in e.__dict__:
        rng, found = np.random.default_rng(7), []
        for low in (0.1, -1):
            x = rng.permutation(e.point.reshape(-1)).reshape(e.shape) * rng.uniform(low, 1, e.shape)
            found.append(e.elsewhere({e.k: x}))
        e.__dict__["scattered"] = [other for other in found if other is not None]
    return e.__dict__["scattered"]


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
    for name, numbers in whole_numbers(e):
        if numbers.shape == e.shape and np.ptp(numbers) > 0:
            yield name, numbers


def by_value(e: Evidence, bad: np.ndarray, of) -> tuple[str, str] | None:
    """(what has a value for each entry, "above 3" or the like), if that tells the ``bad`` entries from the others, here and
    where the entries are shuffled. of: gives the same set of an Evidence."""
    if (~bad & ~e.dead).sum() < 3 or bad.sum() < 2:
        return None
    error = np.max(np.abs(e.analytical - e.numerical), axis=0)
    if error[~bad].max() > 1e-6 * e.size + 4 * e.noise:
        return None  # not quite right there: the error grows, it does not begin
    return side(e, bad, of)


def side(e: Evidence, mask: np.ndarray, of) -> tuple[str, str] | None:
    """(what has a value for each entry, "above 3" or the like) for a mask's entries, here and where entries are shuffled."""
    for (name, values), follow in zip(_fields(e), _followers(e), strict=True):
        which = (
            "above" if values[mask].min() > values[~mask].max() else "below" if values[mask].max() < values[~mask].min() else ""
        )
        if not which:
            if text := _between(values, mask, None if follow is None else (follow, of(shuffled(e)))):
                return name, text
            continue
        low, high = (values[~mask].max(), values[mask].min()) if which == "above" else (values[mask].max(), values[~mask].min())
        exact = name != "the output" or np.ptp(values[mask]) > 0  # a smallest output may be 0 everywhere
        if not _confirmed(e, follow, low, high, which, of, exact):
            continue
        if not _elsewhere(e, name, low, high, of):
            continue  # the largest or the smallest entry, say, whatever it is
        between = [r for r in ROUND if low <= r <= high]
        limit = f"{between[0]:g}" if between else f"a number from {low:.3g} to {high:.3g}"
        return name, f"{which} {limit}"
    return None


def _between(values: np.ndarray, mask: np.ndarray, there: tuple | None) -> str | None:
    """ "between 1 and 2", if the entries of a mask are those, here and there: (values, mask) where entries are shuffled."""
    low, high = values[mask].min(), values[mask].max()
    below, above = values[(values < low) & ~mask], values[(values > high) & ~mask]
    if there is None or mask.sum() < 4 or min(len(below), len(above)) < 2 or ((values >= low) & (values <= high) & ~mask).any():
        return None
    numbers, marked = there
    inside = (numbers >= low) & (numbers <= high)
    sure = inside | (numbers <= below.max()) | (numbers >= above.min())
    if not np.array_equal(marked[sure], inside[sure]) or not inside.any():
        return None
    limits = []
    for first, second in ((below.max(), low), (high, above.min())):
        simple = [r for r in ROUND if first <= r <= second]
        limits.append(f"{simple[0]:g}" if simple else f"about {(first + second) / 2:.2g}")
    return f"between {limits[0]} and {limits[1]}"


def whole_numbers(e: Evidence):
    """(name, array) of the inputs that are arrays of whole numbers or truths: labels, indices, conditions."""
    yield from numbered(e).values()


def numbered(e: Evidence) -> dict[int, tuple[str, np.ndarray]]:
    """The same, by the inputs' numbers."""
    found = {}
    for i, given in enumerate(e.probe.inputs):
        array = getattr(given, "data", given) if not isinstance(given, np.ndarray) else given
        if isinstance(array, np.ndarray) and array.dtype.kind in "iub" and array.size:
            found[i] = getattr(given, "name", "") or f"input {i}", array.astype(np.int64)
    return found


def _followers(e: Evidence):
    """The values of ``_fields`` for the shuffled evidence, or None."""
    other = shuffled(e)
    return [None] * len(list(_fields(e))) if other is None else [values for _, values in _fields(other)]


def _confirmed(e: Evidence, values, low: float, high: float, side: str, of, exact: bool) -> bool:
    """Whether the same limits part the shuffled entries. exact: whether these have the very same values."""
    other = shuffled(e)
    if other is None or values is None:
        return int(min(e.bad.sum(), (~e.bad).sum())) >= 4  # too many to be a coincidence
    bad = of(other)
    ends = exact & ((values == low) | (values == high))
    sure = (values > high) | (values < low) | ends if low < high else values != low
    predicted = values >= high if side == "above" else values <= low
    return bool(np.array_equal(bad[sure], predicted[sure])) and not (predicted[sure].all() or not predicted[sure].any())


def _elsewhere(e: Evidence, name: str, low: float, high: float, of) -> bool:
    """Whether the same limits part the entries at points with other values. low, high: the end of those outside and of those
    inside, so that low > high for those below."""
    for other in scattered(e):
        values = dict(_fields(other)).get(name)
        if values is None:
            continue
        inside, outside = (values >= high, values <= low) if low < high else (values <= high, values >= low)
        marked = of(other)
        if (marked & outside).any() or (not marked.any() and (inside & ~other.dead).any()):
            return False
    return True


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
    if bad.all() or bad.ndim < 3:
        return None
    line = bad.any(axis=tuple(range(bad.ndim - 1)))
    for width in range(1, (len(line) - 1) // 2 + 1) if len(line) > 3 else ():
        rows = bad.any(axis=tuple(a for a in range(bad.ndim) if a != bad.ndim - 2)).all()
        if rows and line[:width].all() and line[-width:].all() and not line[width:-width].any() and bad[..., line].mean() > 0.7:
            return width
    if bad.ndim < 4 or min(bad.shape[-2:]) < 3:
        return None  # no pictures
    for width in range(1, (min(bad.shape[-2:]) - 1) // 2 + 1):
        inside = np.zeros(bad.shape[-2:], bool)
        inside[width:-width, width:-width] = True
        rim = ~inside
        touched = bad.any(axis=tuple(range(bad.ndim - 2)))
        if not touched[inside].any() and touched[rim].mean() > 0.6 and bad[..., rim].mean() > 0.4:
            return width
    return None


def by_reflection(bad: np.ndarray) -> str | None:
    """ "at 1 to 2 from the ends of the last axis": right at the ends themselves and inside, as where a border is reflected."""
    for count in (1, 2):
        if bad.ndim < count:
            continue
        touched = bad.any(axis=tuple(range(bad.ndim - count)))
        right = [~touched.all(axis=tuple(a for a in range(count) if a != axis)) for axis in range(count)]
        if not np.array_equal(~touched, np.logical_and.outer(*right) if count == 2 else right[0]):
            continue
        widths = [_reflected(~line) for line in right]
        if all(widths):
            axes = "the last axis" if count == 1 else "the last two axes"
            return f"at {' and '.join(f'1 to {w}' if w > 1 else '1' for w in dict.fromkeys(widths))} from the ends of {axes}"
    return None


def _reflected(line: np.ndarray) -> int:
    """w, if exactly the places 1 to w from both ends are marked, and some inside are not."""
    width, length = int(line.sum()) // 2, len(line)
    marked = [*range(1, width + 1), *range(length - 1 - width, length - 1)]
    return width if 2 * width < length - 2 and np.flatnonzero(line).tolist() == marked else 0


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
