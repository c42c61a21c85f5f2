"""Rules on right numbers in wrong places: rearranged on the input's side, or already in the incoming gradient."""

import itertools

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import where
from minimix.gradcheck.evidence import Evidence

MISPLACED = (
    *("other place", "shifted", "stride", "permuted", "transposed", "memory order", "groups", "flipped", "border"),
    "exchanged",
)
PERMUTED = ("permuted", "shifted", "groups", "other place", "memory order", "exchanged")
TAKEN = ("other place", "wrong mask", "inverted mask", "shifted")
LARGE = 200_000  # entries, from which on rearrangements are not tried


def subsets(axes):
    """All subsets, the empty one first."""
    return itertools.chain.from_iterable(itertools.combinations(axes, count) for count in range(len(axes) + 1))


def arrangements(shape: tuple):
    """(words, claims, function) of everything that moves the entries of an array of this shape about, simple moves first.

    Each function takes an array and gives one of the same shape.
    """
    axes = tuple(range(len(shape)))
    long = [axis for axis in axes if shape[axis] > 1]
    if len(shape) > 5 or len(long) == 0:
        return
    orders = [order for order in itertools.permutations(axes) if order != axes]
    same = [order for order in orders if tuple(shape[a] for a in order) == shape and any(order[a] != a for a in long)]
    for order in same:
        yield (
            f"transposed (axes in the order {order}), or reshaped where a transposition belongs",
            (
                "transposed",
                "memory order",
                "permuted",
                "other place",
                *(("flipped", "exchanged") if _pair(shape, order) else ()),
            ),
            lambda x, o=order: x.transpose(o),
        )
    for flips in subsets(long):
        if flips:
            words = "turned by 180 degrees" if flips == axes[-2:] and len(axes) > 2 else "mirrored"
            claims: tuple = ("flipped", "permuted", "other place", "groups", "shifted")
            if all(shape[a] == 2 for a in flips):
                words, claims = (
                    "with the two indices in each other's places",
                    ("flipped", "permuted", "shifted", "groups", "exchanged", "other place"),
                )
            yield f"{words} along axes {flips}", claims, lambda x, f=flips: np.flip(x, f)
    for order in orders:
        moved = tuple(shape[a] for a in order)
        if [a for a in order if shape[a] > 1] == long:
            continue  # the same memory
        yield (
            f"laid out in the memory order {order}, reshaped without transposing",
            ("memory order", "transposed", "permuted", "other place"),
            lambda x, o=order: np.ascontiguousarray(x.transpose(o)).reshape(x.shape),
        )
        yield (
            f"read as though it were laid out in the order {order}, reshaped without transposing",
            ("memory order", "transposed", "permuted", "other place"),
            lambda x, o=order, m=moved: x.reshape(m).transpose(np.argsort(o)),
        )
    for axis in long:
        for by in (1, -1, 2, -2):
            if 2 < shape[axis] > abs(by):
                yield (
                    f"moved by {by} along axis {axis}, round the end",
                    ("shifted", "permuted", "other place", "exchanged", "stride", "memory order"),
                    lambda x, a=axis, b=by: np.roll(x, b, a),
                )
    for axis in long:
        for by in range(3, shape[axis]):
            if shape[axis] % by == 0:
                yield (
                    f"moved by {by} along axis {axis}, round the end (one group for another)",
                    ("groups", "shifted", "permuted", "other place", "exchanged"),
                    lambda x, a=axis, b=by: np.roll(x, b, a),
                )
    for axis in long:
        for g in range(2, shape[axis]):
            if shape[axis] % g == 0 and g * g <= shape[axis] * g:
                yield (
                    f"with axis {axis} read as {g} x {shape[axis] // g} and transposed: interleaved instead of in "
                    "blocks, or the reverse",
                    ("permuted", "groups", "memory order", "stride", "shifted", "transposed", "other place"),
                    lambda x, a=axis, n=g: _regrouped(x, a, n),
                )
    if len(long) <= 3:
        for flips, order in itertools.product([f for f in subsets(long) if f], same):
            yield (
                f"transposed (axes in the order {order}) and mirrored along axes {flips}",
                ("transposed", "flipped", "permuted", "other place"),
                lambda x, f=flips, o=order: np.flip(x.transpose(o), f),
            )


def _pair(shape: tuple, order: tuple) -> bool:
    """Whether the exchanged axes have two indices each: then other moves give the same."""
    return all(shape[a] == 2 for i, a in enumerate(order) if i != a)


def _regrouped(x: np.ndarray, axis: int, groups: int) -> np.ndarray:
    moved = np.moveaxis(x, axis, 0)
    swapped = moved.reshape(groups, -1, *moved.shape[1:]).swapaxes(0, 1).reshape(moved.shape)
    return np.moveaxis(swapped, 0, axis)


def rearranged(e: Evidence) -> Cause | None:
    """The right numbers, moved about as a whole."""
    a, n = e.mixed[1:]
    if e.point.size > LARGE or a.shape != n.shape or (~e.dead).sum() < 3:
        return None
    found = []
    for words, claims, move in arrangements(e.shape):
        if _moved(e, move, 1):
            found.append((words, claims))
        elif _moved(e, move, -1):
            found.append((f"{words}, and with the sign wrong", (*claims, "sign")))
    if found and e.dead.any():  # of zeros, nobody sees where they went
        found.append(("with those that are not 0 in other places", MISPLACED))
    if found and about_a_constant(e):
        found.insert(1, ("with the sign of their deviations from the mean wrong", ("sign", "sign of a term")))
    return readings("the right numbers, but ", found)


def about_a_constant(e: Evidence) -> bool:
    """Whether what is right and what is given differ by a constant with the sign of what is left: then a wrong sign, too, makes
    right numbers in wrong places, where each number is there with both signs."""
    a, n = e.mixed[1:]
    both = (a + n).reshape(len(a), -1)
    return bool(np.max(np.ptp(both, axis=1), initial=0) <= 1e-5 * e.size + 16 * e.noise)


SIGNS = ", or, as each deviation from their mean is there with both signs, with the signs of these wrong"


def _moved(e: Evidence, move, sign: int) -> bool:
    """Whether a move (and a sign) makes the gradient of the right one, here and where the input's entries are shuffled."""
    points = [e.mixed[1:]]
    if not e.alike(points[0][0], sign * np.stack([move(part) for part in points[0][1]])):
        return False
    others = [where.shuffled(e), *(where.scattered(e) if len(e.analytical) * e.point.size < 12 else ())]  # a few numbers
    return all(
        other is None or not np.any(other.numerical) or other.alike(other.mixed[1], sign * _each(move, other.mixed[2]))
        for other in others
    )


def _each(move, parts: np.ndarray) -> np.ndarray:
    return np.stack([move(part) for part in parts])


def readings(head: str, found: list[tuple[str, tuple]]) -> Cause | None:
    """One sentence for all that gives the same numbers: two of them in words, what all of them claim."""
    if not found:
        return None
    claims = tuple(dict.fromkeys(claim for _, some in found for claim in some))
    return Cause(head + "; or ".join(words for words, _ in found[:2]), *claims)


def given_rearranged(e: Evidence) -> Cause | None:
    """Right for an incoming gradient that was moved about."""
    if len(e.shapes) != 1 or e.values.size > LARGE or e.values.size < 2:
        return None
    u, a, _ = e.mixed
    found = []
    for words, claims, move in arrangements(e.shapes[0]):
        moved = np.stack([move(row.reshape(e.shapes[0])).reshape(-1) for row in u])
        if e.alike(a, (moved @ e.jacobian).reshape(a.shape)):
            found.append((words, claims))
    return readings("backward reads the incoming gradient as though it were ", found)


def _order(e: Evidence, axis: int) -> list[int] | None:
    """Whose right slices the slices of the gradient along an axis are; None where they are not."""
    a, n = e.mixed[1:]
    length = e.shape[axis]
    left = np.moveaxis(a, axis + 1, 0).reshape(length, -1)
    right = np.moveaxis(n, axis + 1, 0).reshape(length, -1)
    gaps = np.max(np.abs(left[:, None] - right[None]), axis=2)
    order = gaps.argmin(axis=1).tolist()
    near = gaps.min(axis=1).max() <= 1e-5 * e.size + 4 * e.noise
    return order if near and sorted(order) == list(range(length)) else None


def permuted(e: Evidence) -> Cause | None:
    """Whole slices that are right but in each other's places."""
    n = e.mixed[2]
    for axis in range(len(e.shape)):
        length = e.shape[axis]
        if not 2 < length <= 256:
            continue
        if order := _order(e, axis):
            other = where.shuffled(e)
            if other is not None and _order(other, axis) != order:
                return Cause(
                    f"right, but with axis {axis} permuted (index i holds what belongs to {order[:16]}), otherwise where "
                    "the values are in another order: the places follow them, as a sort's do, and backward's are not forward's",
                    *("permuted", "other place", "sign of a term"),
                )
            shown = order if length <= 16 else f"{order[:16]}..."
            text, claims = f"right, but with axis {axis} permuted: index i holds what belongs to {shown}", PERMUTED
            if order == [-i % length for i in range(length)]:
                text += ": mirrored round the end, as a Fourier transform is whose imaginary part has the wrong sign"
                claims = ("flipped", "sign of a term", *claims)
            elif any(order[i] == order[i + 1] + 1 for i in range(length - 1)):
                text += ", a part of it mirrored"
                claims = ("flipped", *claims)
            both = np.sort(n.reshape(len(n), -1), axis=1)
            both = both + both[:, ::-1]
            if np.max(np.ptp(both, axis=1)) <= 1e-4 * e.size:
                text += SIGNS
                claims += ("sign", "sign of a term")
            return Cause(text, *claims)
    return None


def elsewhere(e: Evidence) -> Cause | None:
    """Entry by entry the right numbers, for all weightings at once, at other entries."""
    a = e.analytical.reshape(len(e.analytical), -1).T
    n = e.numerical.reshape(a.shape[::-1]).T
    if not e.whole or len(a) > 1024:
        return None
    heavy = np.max(np.abs(n), axis=1) > e.tiny
    given = np.max(np.abs(a), axis=1) > e.tiny
    if heavy.sum() != given.sum() or heavy.sum() == 0 or heavy.all():
        return None
    size = e.size
    keys = [np.round(part[mask] / size, 4) for part, mask in ((a, given), (n, heavy))]
    first, second = (part[np.lexsort(part.T[::-1])] for part in keys)
    if np.max(np.abs(first - second)) > 1e-3:
        return None
    other = where.shuffled(e)
    found = _taken(e)
    if found and (other is None or found == _taken(other)):
        return found
    return Cause(
        "the right numbers, each given to an entry that is not the one it belongs to: an index, an offset, a stride, an "
        "order or what chooses among the entries is wrong",
        *(*MISPLACED, "wrong mask", "no mask"),
    )


def _taken(e: Evidence) -> Cause | None:
    """The smallest where the largest counts, or the first."""
    a, n = (part.reshape(len(part), -1).T for part in (e.analytical, e.numerical))
    x = e.point.reshape(-1)
    right, mine = [], []
    for row in range(a.shape[1]):
        i, j = np.flatnonzero(np.abs(n[:, row]) > e.tiny), np.flatnonzero(np.abs(a[:, row]) > e.tiny)
        if len(i) != 1 or len(j) != 1:
            return None
        right.append(i[0])
        mine.append(j[0])
    differing = [(i, j) for i, j in zip(right, mine, strict=True) if i != j]
    for words, sign in (("largest", 1), ("smallest", -1)):
        for axis in range(e.point.ndim):
            y = sign * e.point
            if all(_top(y, axis, i) for i in right) and all(_top(-y, axis, j) for j in mine) and len(differing) > 0:
                other = "smallest" if words == "largest" else "largest"
                return Cause(
                    f"forward takes the {words} entry along axis {axis}, backward gives the gradient to the {other}",
                    *TAKEN,
                )
    if all(sign * x[i] > sign * x[j] for sign in (1,) for i, j in differing) and len(differing) > 3:
        return Cause("the right numbers, but given to smaller entries than those which forward takes", *TAKEN)
    return None


def _top(y: np.ndarray, axis: int, flat: int) -> bool:
    index = list(np.unravel_index(flat, y.shape))
    value = y[tuple(index)]
    index[axis] = slice(None)
    return bool(value >= y[tuple(index)].max())
