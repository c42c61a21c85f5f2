"""A guess at why a gradient is wrong, from the pattern of its error.

Each test below looks for one pattern and gives a sentence, or None. ``guess`` asks them from the most to the least telling.
"""

import itertools

import numpy as np

from minimix.gradcheck.evidence import Evidence


def same(a: np.ndarray, b: np.ndarray, tolerance: float = 1e-5) -> bool:
    """Equal but for the noise of central differences, and not all zero."""
    if a.shape != b.shape or a.size == 0:
        return False
    size = np.max(np.abs(b))
    return bool(size > 0 and np.max(np.abs(a - b)) <= tolerance * size)


def factor(a: np.ndarray, b: np.ndarray) -> float | None:
    """c with a = c b, or None."""
    norm = np.vdot(b, b)
    if norm == 0:
        return None
    c = float(np.vdot(b, a) / norm)
    return c if c != 0 and same(a, c * b) else None


def _but(c: float) -> str:
    """What remains to be said where a pattern fits up to a factor."""
    return "" if abs(c - 1) < 1e-4 else " and with the sign wrong" if abs(c + 1) < 1e-4 else f" and times {c:.6g}"


def guess(evidence: Evidence) -> str:
    """One sentence on the likely cause."""
    for test in _TESTS:
        if (answer := test(evidence)) is not None:
            return answer
    a, n = evidence.analytical.reshape(-1), evidence.numerical.reshape(-1)
    if a.size != n.size:
        return "the gradient's shape is wrong"
    norms = np.linalg.norm(a) * np.linalg.norm(n)
    alike = float(a @ n / norms) if norms > 0 else 0.0
    if abs(alike) < 0.3:
        return f"no pattern found; the two gradients have little in common (cosine {alike:.2f})"
    return f"no pattern found; the two gradients are alike (cosine {alike:.4f}), so a term may be missing or used twice"


def _shape(e: Evidence) -> str | None:
    a, n = e.analytical, e.numerical
    if a.shape == n.shape:
        return None
    for count in range(1, a.ndim + 1):
        for axes in itertools.combinations(range(a.ndim), count):
            summed = a.sum(axis=axes)
            if summed.size == n.size and same(summed.reshape(n.shape), n):
                return f"not summed over axes {axes}: over the batch, or over what was broadcast"
    for axes in itertools.permutations(range(a.ndim)):
        if same(a.transpose(axes), n):
            return f"axes transposed: right after transpose{axes}"
    if a.size == n.size and same(a.reshape(n.shape), n):
        return "right numbers in the wrong shape: a reshape is missing"
    return "the gradient's shape is wrong"


def _not_finite(e: Evidence) -> str | None:
    for values, whose in ((e.analytical, "analytical"), (e.numerical, "numerical")):
        if bad := int(np.sum(~np.isfinite(values))):
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
            why = "a division by zero, or memory never written"
            return f"{bad} of {values.size} {whose} entries are NaN or infinite, the first at {place}: {why}"
    return None


def _rough(e: Evidence) -> str | None:
    return (
        "the forward pass computes in float32 somewhere: its results hold only float32 digits, too few for differences"
        if e.rough
        else None
    )


def _kink(e: Evidence) -> str | None:
    if not e.kink:
        return None
    return "the function has a kink here (its slopes to the left and right differ, as relu's at 0): move the input away from it"


def _zero(e: Evidence) -> str | None:
    if not np.any(e.analytical):
        return "zero everywhere: no gradient arrives (detached, None, or forgotten in backward)"
    if np.max(np.abs(e.numerical)) <= 1e-7 * np.max(np.abs(e.analytical)):
        return "the function does not depend on this input, yet backward returns a gradient for it"
    return None


def _single(e: Evidence) -> str | None:
    if e.wrong.sum() != 1 or e.wrong.size < 3:
        return None
    return f"a single entry is wrong, {tuple(int(i) for i in np.argwhere(e.wrong)[0])}; all others are right"


def _rounded(e: Evidence) -> str | None:
    big = np.abs(e.numerical) > 1e-3 * np.max(np.abs(e.numerical))
    error = np.abs(e.analytical - e.numerical)[big] / np.abs(e.numerical[big])
    if error.size < 3 or error.max() > 5e-3 or np.mean(e.wrong) < 0.3:
        return None
    ratio = (e.analytical / np.where(e.numerical == 0, 1, e.numerical))[big]
    if np.ptp(ratio) < 0.05 * abs(ratio.mean() - 1):
        return None  # a constant factor near 1
    why = "something in backward rounds (float32 or float16 inside), or a formula is approximate"
    return f"right to about {np.median(error):.0e}: {why}"


def _constant(e: Evidence) -> str | None:
    c = factor(e.analytical, e.numerical)
    if c is None:
        return None
    if abs(c + 1) < 1e-4:
        return "sign flipped: analytical is minus numerical everywhere"
    text = f"constant ratio: analytical is {c:.6g} times numerical everywhere"
    sizes: dict[int, str] = {}
    for (number, axis), table in e.shares:
        sizes.setdefault(len(table), f"output{'' if number == 0 else f' {number}'} axis {axis}")
    reasons = []
    for n, axis in sizes.items():
        if abs(abs(c) - 1 / n) < 1e-4 / n:
            reasons.append(f"1/{n}, {n} being the length of {axis}: averaged where it should be summed")
        if abs(abs(c) - n) < 1e-4 * n:
            reasons.append(f"{n} is the length of {axis}: the division of a mean forgotten")
    if not reasons and abs(abs(c) - 2) < 1e-4:
        reasons.append("counted twice")
    if not reasons and abs(abs(c) - 0.5) < 1e-4:
        reasons.append("a factor of 2 missing (from a square, or a term used twice)")
    return f"{text} ({'; or '.join(reasons) or 'a factor missing or doubled'}{', and the sign is flipped' if c < 0 else ''})"


def _ones(e: Evidence) -> str | None:
    if e.unweighted is not None and same(e.analytical, e.unweighted):
        return "backward ignores the gradient that it is given, as though it were all ones"
    return None


def _subsets(axes):
    return itertools.chain.from_iterable(itertools.combinations(axes, count) for count in range(len(axes) + 1))


def _rearranged(e: Evidence) -> str | None:
    """Transposed and mirrored axes, alone before together; and the right numbers in another memory order."""
    a, n = e.analytical, e.numerical
    if n.ndim == 0 or n.ndim > 5 or n.size > 100_000:
        return None
    long = [axis for axis in range(n.ndim) if n.shape[axis] > 1]
    moves = [((), order) for order in itertools.permutations(range(n.ndim))]
    moves += [(flips, tuple(range(n.ndim))) for flips in _subsets(long)]
    moves += list(itertools.product([f for f in _subsets(long) if f], itertools.permutations(range(n.ndim))))
    for flips, order in moves:
        candidate = np.flip(n.transpose(order), flips)
        swapped = [axis for axis in range(n.ndim) if order[axis] != axis]
        reordered = candidate.shape != n.shape
        c = factor(a, candidate.reshape(n.shape))
        if c is None:
            continue
        parts = []
        if flips:
            taps = "flipped taps" if n.ndim >= 3 and set(flips) <= {n.ndim - 2, n.ndim - 1} else "flipped"
            parts.append(f"{taps}: mirrored along axes {flips} (convolution where cross-correlation is meant, or the reverse)")
        if swapped:
            what = "reshaped without transposing: memory order" if reordered else "transposed axes: order"
            parts.append(f"{what} {order} instead of {tuple(range(n.ndim))}")
        return " and ".join(parts) + _but(c)
    return None


def _shifted(e: Evidence) -> str | None:
    a, n = e.analytical, e.numerical
    long = [axis for axis in range(n.ndim) if n.shape[axis] > 2]
    for count in (1, 2):
        for axes in itertools.combinations(long, count):
            for shifts in itertools.product((-1, 1, -2, 2), repeat=count):
                to, source = [slice(None)] * n.ndim, [slice(None)] * n.ndim
                for axis, s in zip(axes, shifts, strict=True):
                    to[axis] = slice(max(s, 0), n.shape[axis] + min(s, 0))
                    source[axis] = slice(max(-s, 0), n.shape[axis] + min(-s, 0))
                part = n[tuple(source)]
                if part.size >= 4 and (c := factor(a[tuple(to)], part)) is not None:
                    return f"shifted by {shifts} along axes {axes}: an offset or a padding is wrong{_but(c)}"
    return None


def _permuted(e: Evidence) -> str | None:
    """Whole slices (channels) that are right but in each other's places."""
    for axis in range(e.numerical.ndim):
        length = e.numerical.shape[axis]
        if not 2 < length <= 256 or e.numerical.size < 2 * length:
            continue
        a = np.moveaxis(e.analytical, axis, 0).reshape(length, -1)
        n = np.moveaxis(e.numerical, axis, 0).reshape(length, -1)
        size = np.max(np.abs(n))
        gaps = np.max(np.abs(a[:, None] - n[None]), axis=2)
        order = gaps.argmin(axis=1)
        if size > 0 and gaps.min(axis=1).max() <= 1e-5 * size and len(set(order.tolist())) == length:
            order = order.tolist()
            return f"right, but with axis {axis} permuted: index i holds what belongs to {order}: channels or groups mixed up"
    return None


def _counted(e: Evidence) -> str | None:
    """Which output entries were counted: the analytical gradient as a weighted sum of the shares of an output axis."""
    a = e.analytical.reshape(-1)
    size = np.max(np.abs(a))
    for (number, axis), table in e.shares:
        length = len(table)
        if np.all(np.count_nonzero(table, axis=0) <= 1):
            continue  # an entry belongs to one index only (a weight to its channel): that is no sum
        if length >= a.size or np.linalg.matrix_rank(table, tol=1e-6 * np.max(np.abs(table))) < length:
            continue
        weights = np.linalg.lstsq(table.T, a, rcond=None)[0]
        if np.max(np.abs(weights @ table - a)) > 1e-5 * size or np.allclose(weights, 1, atol=1e-4):
            continue
        where = f"axis {axis} of the output" + (f" {number}" if number else "")
        used = [int(i) for i in np.flatnonzero(np.abs(weights) > 1e-4)]
        whole = np.allclose(weights[used], 1, atol=1e-4)
        if whole and axis == 0 and len(table) > 1 and len(used) == 1:
            return f"not summed over the batch: only index {used[0]} of {where} is counted"
        if whole:
            missing = sorted(set(range(length)) - set(used))
            if len(used) <= len(missing):
                return f"not summed over all of {where}: only index {_ranges(used, length)} of {length} counted"
            return f"not summed over all of {where}: index {_ranges(missing, length)} of {length} left out"
        return f"the contributions along {where} are weighted by {np.round(weights, 4).tolist()} instead of 1"
    return None


def _ranges(indices, length: int) -> str:
    """[0, 1, 2, 3] as '0..3', [1, 3, 5] as '1::2', else the list."""
    indices = list(indices)
    if len(indices) == 1:
        return str(indices[0])
    step = indices[1] - indices[0]
    if indices == list(range(indices[0], indices[-1] + 1, step)):
        if step == 1:
            return f"{indices[0]}..{indices[-1]}"
        if indices[0] < step and indices[-1] + step >= length:
            return f"{indices[0]}::{step}"
    return str(indices)


def _border(e: Evidence) -> str | None:
    wrong = e.wrong
    if wrong.ndim < 2 or wrong.all() or min(wrong.shape[-2:]) < 3:
        return None
    for width in range(1, (min(wrong.shape[-2:]) - 1) // 2 + 1):
        inside = (..., slice(width, -width), slice(width, -width))
        rows = np.flatnonzero(wrong.any(axis=tuple(a for a in range(wrong.ndim) if a != wrong.ndim - 2)))
        columns = np.flatnonzero(wrong.any(axis=tuple(a for a in range(wrong.ndim) if a != wrong.ndim - 1)))
        if not wrong[inside].any() and len(rows) > 1 and len(columns) > 1:
            return f"right inside, wrong only within {width} of the border of the last two axes: padding is handled wrongly"
    return None


def _phase(e: Evidence) -> str | None:
    wrong = e.wrong
    if wrong.ndim < 2 or wrong.all():
        return None
    for stride in (2, 3, 4):
        if min(wrong.shape[-2:]) < 2 * stride:
            continue
        phases = list(itertools.product(range(stride), repeat=2))
        bad = [(i, j) for i, j in phases if np.mean(wrong[..., i::stride, j::stride]) > 0.5]
        good = [(i, j) for i, j in phases if not wrong[..., i::stride, j::stride].any()]
        if bad and good and len(bad) + len(good) == len(phases):
            where = f"phases {bad} of stride {stride} (row, column) over the last two axes"
            return f"wrong only in {where}: the stride is handled wrongly"
    return None


def _slices(e: Evidence) -> str | None:
    """Wrong only at some indices of some axes."""
    wrong = e.wrong
    if wrong.all() or not wrong.any():
        return None
    parts, box = [], 1
    for axis in range(wrong.ndim):
        indices = np.flatnonzero(wrong.any(axis=tuple(a for a in range(wrong.ndim) if a != axis)))
        box *= len(indices)
        if len(indices) < wrong.shape[axis]:
            parts.append(f"index {_ranges(indices.tolist(), wrong.shape[axis])} of axis {axis} (length {wrong.shape[axis]})")
    if not parts or wrong.sum() < 0.5 * box:
        return None
    edge = (
        ": a tap, row or channel is left out, or a loop ends one too early or too late"
        if wrong.mean() < 0.5
        else ": the rest is handled"
    )
    return f"wrong only at {' and '.join(parts)}{edge}"


def _per_slice(e: Evidence) -> str | None:
    """A factor that is constant for each index of one axis (a scale for each channel)."""
    for axis in range(e.numerical.ndim):
        length = e.numerical.shape[axis]
        if length < 2 or e.numerical.size < 3 * length:
            continue
        a, n = np.moveaxis(e.analytical, axis, 0), np.moveaxis(e.numerical, axis, 0)
        factors = [factor(x, y) for x, y in zip(a, n, strict=True)]
        if any(c is None for c in factors):
            continue
        ratio = np.array(factors)
        for name, value in e.others.items():
            if value.size == length:
                for power, text in ((1, "is applied once too often"), (-1, "is missing")):
                    if factor(ratio, value.reshape(-1) ** power) is not None:
                        return f"the factor {name} {text}: the ratio for each index of axis {axis} is that of {name}"
        why = "a scale of the channel is missing or used twice"
        return f"the ratio is constant for each index of axis {axis} ({_few(ratio)}): {why}"
    return None


def _few(values) -> str:
    return ", ".join(f"{v:.4g}" for v in values[:4]) + (", ..." if len(values) > 4 else "")


def _lost_term(e: Evidence) -> str | None:
    """An error that is constant, or linear in the input, over some axes: what normalisations leave when a term is forgotten."""
    missing = e.numerical - e.analytical
    for axes in reversed(list(_subsets(range(missing.ndim)))):  # the widest statement first
        if not axes or np.prod([missing.shape[a] for a in axes]) < 4:
            continue
        moved = np.moveaxis(missing, axes, range(-len(axes), 0)).reshape(-1, int(np.prod([missing.shape[a] for a in axes])))
        x = np.moveaxis(e.point, axes, range(-len(axes), 0)).reshape(moved.shape)
        size = 1e-5 * np.max(np.abs(missing))
        flat = moved - moved.mean(axis=1, keepdims=True)
        if np.max(np.abs(flat)) <= size:
            return (
                f"the error is constant over axes {axes}: a term summed over them is missing (the mean's, in a normalisation)"
            )
        centred = x - x.mean(axis=1, keepdims=True)
        slope = (flat * centred).sum(axis=1, keepdims=True) / np.maximum((centred**2).sum(axis=1, keepdims=True), 1e-300)
        if np.max(np.abs(flat - slope * centred)) > size:
            continue
        through = np.max(np.abs(moved - slope * x)) <= size
        if through and np.ptp(slope) <= 1e-5 * np.max(np.abs(slope)):
            return (
                f"the error is {-slope.flat[0]:.4g} times the input itself: a term like weight decay got in, or one is missing"
            )
        return f"the error is linear in the input over axes {axes}: a term is missing (the variance's, in a normalisation)"
    return None


_TESTS = (
    *(_not_finite, _shape, _rough, _kink, _zero),  # nothing else can be said
    *(_single, _rounded, _constant, _ones),
    *(_rearranged, _shifted, _permuted, _per_slice),  # the right numbers in wrong places
    *(_counted, _border, _phase, _slices, _lost_term),  # partly right
)
