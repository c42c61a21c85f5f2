"""Rules on which outputs and inputs are connected: what a Jacobian's pattern and its columns say, whatever the function is."""

import itertools

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import where
from minimix.gradcheck.diagnosis.places import MISPLACED
from minimix.gradcheck.diagnosis.words import few
from minimix.gradcheck.evidence import Evidence


def linear(e: Evidence) -> bool:
    """Whether backward, given a mixture of incoming gradients, gives the mixture of its answers: else it has no Jacobian."""
    if "linear" not in e.__dict__:
        u, a, _ = e.mixed
        given = np.array(e.tape.pull(u[0])[e.probe.checked.index(e.k)])
        e.__dict__["linear"] = given.shape == a[0].shape and bool(np.max(np.abs(given - a[0])) <= 1e-7 * np.max(np.abs(a[0])))
    return e.__dict__["linear"]


def matrices(e: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """(analytical, numerical) as (output entries, input entries)."""
    return e.analytical.reshape(len(e.analytical), -1), e.numerical.reshape(len(e.analytical), -1)


def turned(e: Evidence) -> Cause | None:
    """The Jacobian where its transpose belongs."""
    if not e.whole or e.output is None or e.output.shape != e.shape or e.point.size < 3 or not linear(e):
        return None
    a, n = matrices(e)
    if not e.alike(a, n.T) or e.alike(a, n):
        return None
    claims = ["transposed"]
    words = "a matrix is not transposed"
    own = np.diag(np.diag(n))
    if len(_distances(e, n)) <= 2:
        claims += ["shifted", "flipped"]
        words += ", or a shift runs in the wrong direction"
    elif e.alike(n[::-1, ::-1], n.T) or _along_diagonals(e, n):
        claims += ["flipped", "shifted", "border"]
        words += ", or a sum or a kernel runs in the wrong direction (mirrored), or padding is cut off at the wrong end"
    if e.alike(own - n.T, n - own) or e.alike(2 * own - n.T, n):
        claims += ["sign of a term", "sign", "exchanged"]
        words += ", or two exchanged entries have each other's signs (a rotation that is not turned back)"
    if np.all((np.abs(n) > e.tiny).sum(axis=0) <= 1):
        claims += ["permuted", "shifted", "other place", "memory order"]
        words += ", or a permutation (a shift, an order) is not inverted"
    if _scaled(e, n):
        claims += ["wrong formula", "chain factor", "scale"]
        words += ", or a factor is multiplied in after a sum instead of before it"
    return Cause(
        f"backward multiplies the incoming gradient by the Jacobian, where its transpose belongs: {words}",
        *claims,
    )


def _distances(e: Evidence, n: np.ndarray) -> np.ndarray:
    """How far, in C order, the entries are from each other of which an output depends on the other's place."""
    rows, columns = np.nonzero(np.abs(n) > e.tiny)
    return np.unique((columns - rows)[columns != rows])


def _along_diagonals(e: Evidence, n: np.ndarray) -> bool:
    """Whether n_ij depends on i - j alone, within slices of the last axis or round its end: a convolution."""
    length = e.shape[-1]
    blocks = n.reshape(-1, length, n.shape[0] // length, length).transpose(0, 2, 1, 3).reshape(-1, length, length)
    near = 1e-5 * e.size + 4 * e.noise
    return bool(np.max(np.abs(blocks[:, 1:, 1:] - blocks[:, :-1, :-1]), initial=0) <= near)


def _scaled(e: Evidence, n: np.ndarray) -> bool:
    """Whether a matrix may be a symmetric one with scaled rows: then n_ij n_jk n_ki = n_ji n_kj n_ik."""
    i, j, k = np.random.default_rng(11).integers(0, len(n), (3, 4096))
    one, other = n[i, j] * n[j, k] * n[k, i], n[j, i] * n[k, j] * n[i, k]
    return bool(np.max(np.abs(one - other)) <= 1e-4 * max(np.max(np.abs(one)), np.max(np.abs(other)), e.tiny))


def _offsets(shape: tuple):
    """(axes, distances) of moves along one axis and along two, small ones first."""
    long = [axis for axis in range(len(shape)) if shape[axis] > 2]
    for axis in long:
        for by in range(1, shape[axis] - 1):
            yield (axis,), (by,)
            yield (axis,), (-by,)
    for axes in itertools.combinations(long, 2):
        for by in itertools.product((-1, 1, -2, 2), repeat=2):
            yield axes, by
        for by in range(3, min(shape[a] for a in axes) - 1):
            yield axes, (by, by)
            yield axes, (-by, -by)


def _displaced(e: Evidence, a: np.ndarray, n: np.ndarray) -> tuple[tuple, tuple] | None:
    """(axes, distances) with a = n moved by them, the ends lost; both (R, *shape)."""
    shape, size = a.shape[1:], np.max(np.abs(n))
    for axes, by in _offsets(shape):
        to, source = [slice(None)] * a.ndim, [slice(None)] * a.ndim
        for axis, s in zip(axes, by, strict=True):
            to[axis + 1] = slice(max(s, 0), shape[axis] + min(s, 0))
            source[axis + 1] = slice(max(-s, 0), shape[axis] + min(-s, 0))
        part, mine, still = n[tuple(source)], a[tuple(to)], n[tuple(to)]
        if part.size < 0.3 * n.size or not np.abs(mine - part).max() <= 1e-5 * size + 16 * e.noise:
            continue
        entries = part.reshape(len(part), -1).T
        live = entries[np.abs(entries).max(axis=1) > 1e-3 * size]
        error = mine - still
        if all(np.max(np.ptp(error, axis=axis + 1)) <= 1e-5 * size + 16 * e.noise for axis in axes):
            continue  # numbers that grow evenly are shifted by what is added to them, too
        # Enough entries that differ, and that are not where they were anyway.
        if len(live) < 3 or len(np.unique(np.round(live / size, 5), axis=0)) < 2 or np.abs(part).max() < 0.3 * size:
            continue
        if (np.abs(mine - still).max(axis=0) > 1e-3 * size).sum() >= 3:
            return axes, by
    return None


def shifted(e: Evidence) -> Cause | None:
    """Moved along axes, the ends lost: the gradient, or already the incoming gradient."""
    a, n = e.mixed[1:]
    if found := _displaced(e, a, n):
        return Cause(
            f"the right numbers, but shifted by {found[1]} along axes {found[0]}: an offset, a stride or a padding is wrong",
            *("shifted", "border", "other place", "permuted", "stride"),
        )
    found = _given_displaced(e)
    if found and all(o is None or _given_displaced(o) == found for o in (where.shuffled(e), *where.scattered(e))):
        return Cause(
            f"right for an incoming gradient that is shifted by {found[1]} along its axes {found[0]}: an offset, a "
            "padding or a stride's first place is wrong",
            *("shifted", "border", "other place", "permuted", "stride"),
        )
    return None


def _given_displaced(e: Evidence) -> tuple[tuple, tuple] | None:
    """The same for the incoming gradient."""
    if not e.whole or e.output is None or e.output.ndim == 0 or not linear(e):
        return None
    a, n = matrices(e)
    weights = np.random.default_rng(3).standard_normal((a.shape[1], 4))
    return _displaced(e, *((part @ weights).T.reshape(4, *e.output.shape) for part in (a, n)))


def taken(e: Evidence) -> Cause | None:
    """Some entries hold, for all outputs, exactly what belongs to certain others."""
    u, a, n = e.mixed
    count = e.point.size
    if not 3 <= count <= 1024 or not e.whole or len(e.analytical) < 3 or not linear(e):
        return None
    a, n = a.reshape(4, -1) if len(a) == 4 else a.reshape(len(a), -1), n.reshape(len(n), -1)
    near = 1e-5 * e.size * max(1.0, float(np.abs(u).max())) + 16 * e.noise
    gaps = np.max(np.abs(a.T[:, None] - n.T[None]), axis=2)
    same = np.max(np.abs(n.T[:, None] - n.T[None]), axis=2) <= 1e-3 * e.size
    unique = (same.sum(axis=1) == 1) & ~e.dead.reshape(-1)
    holds = gaps.argmin(axis=1)
    bad = e.bad.reshape(-1)
    moved = bad & (gaps.min(axis=1) <= near) & unique[holds] & (holds != np.arange(count))
    whole, truth = matrices(e)
    moved &= np.max(np.abs(whole + truth), axis=0) > near  # signs
    fewer = np.abs(whole) <= e.tiny
    moved &= ~((np.abs(whole - truth) <= near) | fewer).all(axis=0)  # contributions that are lost, no others
    if moved.sum() < 2 or moved.sum() < 0.3 * bad.sum():
        return None
    i = int(np.flatnonzero(moved)[0])
    places = [tuple(int(x) for x in np.unravel_index(p, e.shape)) for p in (i, int(holds[i]))]
    return Cause(
        f"{int(moved.sum())} of the {int(bad.sum())} wrong entries hold exactly what belongs to others (entry "
        f"{places[0]} what belongs to "
        f"{places[1]}): an index, an offset, a stride or dilation, a group or an order of axes is wrong",
        *MISPLACED,
    )


def _mixing(e: Evidence, part: np.ndarray, long: list[int]) -> set[int]:
    """The axes along which some output depends on entries at other indices than its own."""
    indices = [index.reshape(-1) for index in np.indices(e.shape)]
    rows, columns = np.nonzero(np.abs(part) > e.tiny)
    return {axis for axis in long if np.any(indices[axis][rows] != indices[axis][columns])}


def mixed_axes(e: Evidence) -> Cause | None:
    """Entries are connected along other axes than in forward: a sum over the wrong axis."""
    long = [axis for axis in range(len(e.shape)) if e.shape[axis] > 1]
    if not e.whole or e.output is None or e.output.shape != e.shape or len(long) < 2 or not linear(e):
        return None
    a, n = matrices(e)
    ours, theirs = _mixing(e, n, long), _mixing(e, a, long)
    if ours <= theirs or not ours or not theirs:
        return None  # the same; or more of them, as whatever is added to everything has
    forward, backward = (f"ax{'i' if len(s) == 1 else 'e'}s {_listed(sorted(s))}" for s in (ours, theirs))
    text = f"forward connects entries along {forward}, backward along {backward}"
    if theirs < ours:
        return Cause(
            f"{text} only: something is not summed over all of them, a term with the others is missing, or the formula "
            "is one for numbers or rows on their own, or a matrix is not transposed",
            *("not summed", "term missing", "groups", "left out", "wrong formula", "transposed"),
        )
    return Cause(
        f"{text}: something is summed over the wrong axis, or axes are transposed or laid out in another order",
        *("summed", "transposed", "memory order", "other place", "not summed"),
    )


def _listed(axes: list[int]) -> str:
    return ", ".join(map(str, axes))


def connected(e: Evidence) -> Cause | None:
    """Outputs give something to as many entries as they depend on, but to others."""
    if not e.whole or len(e.analytical) < 3 or not linear(e):
        return None
    a, n = (np.abs(part) > e.tiny for part in matrices(e))
    counts, given = n.sum(axis=1), a.sum(axis=1)
    live = counts > 0
    if np.any(given[~live]) or np.any(given > counts) or np.any(counts > n.shape[1] / 2):
        return None  # outputs that depend on nothing, or on more: masks
    moved = live & (given == counts) & (a & ~n).any(axis=1)
    if (n & ~a).sum() < 3 or moved.sum() < 2 or np.mean(given[live] == counts[live]) < 0.6:
        return None
    shared = len(np.unique(n[live], axis=0)) < int(live.sum())  # where several use the same, a mask may choose
    row = int(np.flatnonzero(moved)[0])
    mask, lost = ", a mask" if shared else "", ", and some get lost" if (given < counts).any() else ""
    return Cause(
        f"backward gives an output's gradient to as many entries as it depends on, but to others (output entry {row} in "
        f"C order depends on input entry {_places(n[row] & ~a[row])}, and gives to {_places(a[row] & ~n[row])} instead): an "
        f"index, an offset, a stride, a group{mask} or an order is wrong{lost}",
        *MISPLACED,
        *(("wrong mask",) if mask else ()),
        *(("overwritten",) if lost else ()),
    )


def _places(mask: np.ndarray) -> str:
    return few(np.flatnonzero(mask), 6)
