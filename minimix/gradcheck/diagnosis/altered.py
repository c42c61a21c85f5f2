"""Rules that ask for which other inputs backward would be right: the function is differentiated there, and compared."""

import itertools
import time

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis.places import arrangements
from minimix.gradcheck.evidence import Evidence

SECONDS = 2.0
MEAN = ("approximate", "averaged", "scale", "chain factor", "wrong point")
TWICE = ("factor", "chain factor", "scale", "wrong formula")
STEP = 1.001  # by which an input is multiplied to see whether it is a factor: small, lest branches change


def other_inputs(e: Evidence) -> Cause | None:
    """Right, if another input were transposed, mirrored, squared, all ones..."""
    found: list[tuple[str, tuple]] = []
    stop = time.perf_counter() + SECONDS
    for j, value in e.others.items():
        name = e.probe.names[j]
        degree = _degree(e, j, value)
        if degree == 0:
            continue  # only branches depend on it
        for words, claims, array in _alterations(name, value, value.size < e.point.size):
            if time.perf_counter() > stop:
                break
            if np.array_equal(array, value) or np.array_equal(array, np.broadcast_to(value, array.shape)):
                continue
            if not e.explained({j: array}):
                continue
            if degree is not None or (_telling(e, j, array) and not _any(e, j, array)):
                found.append((words, claims))
                break  # the simplest for this input
    return _either(found)


def _degree(e: Evidence, j: int, value: np.ndarray) -> float | None:
    """p, if the derivatives grow with the p-th power of another input (1 where it is a factor; 0 where they do not change with
    it, but perhaps at the next branch); None if they follow no power."""
    v = np.random.default_rng(8).standard_normal(e.shape)
    once, more = e.slope(v), e.slope(v, {j: STEP * value})
    if once is None or more is None:
        return None
    live = np.abs(once) > 1e-2 * np.max(np.abs(once), initial=0)
    if not live.any():
        return None
    ratios = more[live] / once[live]
    if ratios.min() <= 0 or np.ptp(ratios) > 1e-5 * ratios.max():
        return None
    return round(float(np.log(ratios.mean()) / np.log(STEP)), 2)


def _any(e: Evidence, j: int, array: np.ndarray) -> bool:
    """Whether numbers a little different would do as well: then they only decide between branches."""
    rng, size = np.random.default_rng(14), 0.01 * (float(np.max(np.abs(array), initial=0)) or 1.0)
    return e.explained({j: array + size * rng.uniform(-1, 1, array.shape)})


def _telling(e: Evidence, j: int, array: np.ndarray) -> bool:
    """Whether a constant in place of an input that is no factor says something.

    Not where any other constant would do: then it only changes branches. With zeros, a term is missing only where the
    derivatives are a sum of two parts, one of which is proportional to the input.
    """
    if np.ptp(array) > 0:
        return True
    if e.explained({j: array + 0.37}) or e.explained({j: array + 1.9}):
        return False
    if np.any(array):
        return True
    v, value = np.random.default_rng(8).standard_normal(e.shape), e.probe.points[j]
    columns = [e.slope(v, {j: factor * value}) for factor in (0, 1, 2)]
    return all(c is not None for c in columns) and e.alike(columns[0] + columns[2], 2 * columns[1])


def other_axis(e: Evidence) -> Cause | None:
    """Right, if a vector that multiplies along one axis did so along another one of the same length."""
    u, a, n = e.mixed
    sides = [("the input", e.shape)] + ([("the output", e.output.shape)] if e.output is not None else [])
    for j, value in e.others.items():
        if value.size < 3 or max(value.shape) != value.size or np.any(value == 0) or _degree(e, j, value) != 1:
            continue
        for what, shape in sides:
            alike = [axis for axis in range(len(shape)) if shape[axis] == value.size]
            for right, wrong in itertools.permutations(alike, 2):
                along, instead = (value.reshape([-1 if x == axis else 1 for x in range(len(shape))]) for axis in (right, wrong))
                if what == "the input":
                    fits = e.alike(a, n * (instead / along))
                else:
                    moved = u.reshape(len(u), *shape) * (instead / along)
                    fits = e.alike(a, (moved.reshape(len(u), -1) @ e.jacobian).reshape(a.shape))
                if fits:
                    return Cause(
                        f"right if {e.probe.names[j]}, which multiplies along axis {right} of {what}, multiplied along "
                        f"axis {wrong}: it is broadcast along the wrong axis (transposed)",
                        *("transposed", "scale", "chain factor", "permuted"),
                    )
    return None


def lopsided(e: Evidence) -> Cause | None:
    """2 A x, where (A + A.T) x is right: linear in the input, by a matrix that should be symmetric."""
    if e.values.size != 1 or not 2 <= e.point.size <= 64:
        return None
    rng, found = np.random.default_rng(9), False
    vectors = [rng.standard_normal(e.shape) for _ in range(3)]
    at = [e.elsewhere({e.k: v}) for v in vectors]
    twice = e.elsewhere({e.k: 2 * vectors[0]})
    if any(there is None for there in (*at, twice)) or not e.alike(twice.numerical, 2 * at[0].numerical):
        return None
    for i, j in ((0, 1), (1, 2), (2, 0)):
        one, other = np.vdot(at[i].analytical, vectors[j]), np.vdot(at[j].analytical, vectors[i])
        right = np.vdot(at[i].numerical, vectors[j])
        size = e.size * np.linalg.norm(vectors[j])
        if abs(one + other - 2 * right) > 1e-5 * size + 64 * e.noise:
            return None
        found |= abs(one - other) > 1e-3 * size
    if not found:
        return None
    return Cause(
        "the gradient is linear in the input, by a matrix that is not symmetric, though right once it is made so: where "
        "forward uses a matrix A from both sides, A + A.T belongs into it, not 2 A (transposed, a term missing)",
        *("transposed", "term missing", "wrong formula"),
    )


def own_only(e: Evidence) -> Cause | None:
    """Entry i of the gradient depends on entry i of another input only, where it should be a sum over several."""
    if e.values.size != 1 or not 3 <= e.point.size <= 256:
        return None
    for j, value in e.others.items():
        if value.size != e.point.size:
            continue
        changes = np.zeros((3, value.size))
        changes[0, 0] = changes[1, -1] = 0.3
        changes[2] = changes[0] + changes[1]
        moved = [
            e.elsewhere({j: value + (change * max(1.0, np.max(np.abs(value)))).reshape(value.shape)}) for change in changes
        ]
        if any(there is None for there in moved):
            return None
        a, n = (np.stack([part.reshape(-1) for part in parts]) for parts in _differences(e, moved))
        near = 1e-6 * e.size + 8 * e.noise
        own = [np.flatnonzero(np.abs(row) > near).tolist() for row in a[:2]] == [[0], [value.size - 1]]
        several = min((np.abs(row) > near).sum() for row in n[:2]) > 1 and (np.min(np.abs(n[:2]), axis=0) > near).any()
        if own and several and np.max(np.abs(n[0] + n[1] - n[2])) <= near * 10:  # a sum over them, no norm
            name = e.probe.names[j]
            return Cause(
                f"when one entry of {name} changes, only the same entry of this gradient does, though several should: forward "
                f"pairs each entry with several of {name} (by broadcasting), and backward does not sum over them",
                *("not summed", "term missing"),
            )
    return None


def _differences(e: Evidence, moved: list):
    """What the analytical gradients change by, and the numerical ones."""
    yield [there.analytical - e.analytical for there in moved]
    yield [there.numerical - e.numerical for there in moved]


def itself(e: Evidence) -> Cause | None:
    """Right, at another value of the input: at the output, at its absolute value, transposed."""
    x, found = e.point, []
    if x.size < 2 or not bends(e, e.k):
        return None  # of a single number, nearly anything can be said
    if e.output is not None and e.output.shape == e.shape and not np.array_equal(e.output, x) and e.explained({e.k: e.output}):
        return Cause(
            "the derivative is the one at the output's value: backward uses the output where the formula needs the input",
            "wrong point",
        )
    for words, claims, move in _POINTS:
        if not (move is np.abs and np.all(x <= 0)) and _at(e, move):  # there, it is minus the input
            found.append((f"the derivative is the one at {words}", claims))
            break
    if not found and e.point.size <= 4096:
        for words, claims, move in arrangements(e.shape):
            if _at(e, move):
                found.append((f"the derivative is the one at the input {words}", ("wrong point", *claims)))
                break
    return _either(found)


_POINTS = (
    ("its absolute value", ("wrong point", "value", "sign"), np.abs),
    ("minus the input (its odd powers have the wrong sign)", ("wrong point", "sign", "sign of a term"), np.negative),
    (
        "twice the input (a constant, or a summand that is counted twice)",
        ("wrong point", "wrong constant", "chain factor", "term extra"),
        lambda x: 2 * x,
    ),
    (
        "half the input (or a constant or a second term is missing)",
        ("wrong point", "wrong constant", "chain factor", "term missing"),
        lambda x: x / 2,
    ),
    ("the input squared", ("wrong point", "chain factor"), np.square),
    ("the input plus 1", ("wrong point", "wrong constant"), lambda x: x + 1),
    ("the input minus 1", ("wrong point", "wrong constant"), lambda x: x - 1),
    ("the input minus its mean", ("wrong point", "term missing"), lambda x: x - x.mean()),
    ("ones", ("chain factor", "wrong point"), np.ones_like),
)


def _at(e: Evidence, move) -> bool:
    """Whether the derivative is the one at move(x) in place of x: here, and where the input is of another size."""
    x = e.point
    moved = np.array(move(x))
    if np.array_equal(moved, x) or not e.explained({e.k: moved}):
        return False
    if any(e.explained({e.k: factor * moved}) for factor in (1.3, 0.8)):
        return False  # another branch, anywhere in which the derivative is the same
    if "resized" not in e.__dict__:
        top = float(np.max(np.abs(x)))
        e.__dict__["resized"] = e.elsewhere({e.k: (5 / top if 0 < top < 2 else 0.4) * x})
    other = e.__dict__["resized"]
    return other is None or not np.any(other.analytical) or other.explained({e.k: np.array(move(other.point))})


def bends(e: Evidence, j: int) -> bool:
    """Whether the derivatives change with input j, not only at the next branch: else it matters not where they are taken."""
    rng, p = np.random.default_rng(8), e.probe.points[j]
    v, moved = rng.standard_normal(e.shape), p + 1e-3 * rng.standard_normal(p.shape) * np.maximum(np.abs(p), 1e-3)
    here, there = e.slope(v), e.slope(v, {j: moved})
    return here is None or there is None or bool(np.max(np.abs(here - there)) > 1e-7 * e.size + 8 * e.noise)


def exchanged(e: Evidence) -> Cause | None:
    """The gradient of another input."""
    for j, value in e.others.items():
        name = e.probe.names[j]
        if value.shape == e.shape and e.explained(of=j):
            return _of_another(e, j, f"this is the gradient of {name}")
        if value.size == e.point.size > 1 and value.shape != e.shape and e.explained(of=j):
            return _of_another(e, j, f"this is the gradient of {name}, reshaped")
        if value.shape == e.shape and value.size > 1 and _negated(e, j):
            if j in e.probe.checked and _right(e, j):
                return Cause(
                    f"this is minus the gradient of {name}, whose own is right: it is taken in its place, or what "
                    "distinguishes the two (an order, a factor, a term) is left out",
                    *("sign", "exchanged", "chain factor", "scale", "term missing", "permuted", "other place", "wrong formula"),
                )
            return Cause(f"this is minus the gradient of {name}: the two are exchanged, one with its sign", "exchanged", "sign")
    return None


def _of_another(e: Evidence, j: int, text: str) -> Cause:
    """What it means that this is another's gradient: has that one this one's?"""
    if j in e.probe.checked and _right(e, j):
        return Cause(
            f"{text}, whose own is right: it is returned twice, or taken from its place, or what distinguishes the two (a "
            "factor, a sign, a term, the point) is left out",
            *("exchanged", "chain factor", "scale", "term missing", "shifted", "other place", "wrong formula", "wrong point"),
        )
    if j in e.probe.checked and not _right(e, j, of=e.k):
        return Cause(text)  # something else is wrong there
    return Cause(f"{text}: the two are exchanged, or returned in the wrong order", "exchanged")


def _right(e: Evidence, j: int, of: int | None = None) -> bool:
    """Whether the gradient of another input is right, along two directions. of: whether it is that of this input."""
    rng = np.random.default_rng(6)
    u, place = e.mixed[0], e.probe.checked.index(j)
    for row in u[:2]:
        v = rng.standard_normal(e.probe.points[j].shape)
        v /= np.max(np.abs(v))
        moved = v if of is None else v.reshape(e.probe.points[of].shape)
        column = e.slope(moved, of=j if of is None else of)
        given = np.array(e.tape.pull(row)[place])
        if (
            column is None
            or given.shape != v.shape
            or abs(np.sum(given * v) - row @ column) > 1e-4 * np.abs(row * column).sum() + 1e-9
        ):
            return False
    return True


def _negated(e: Evidence, j: int) -> bool:
    return e.explained(of=j, direction=np.negative)


def _either(found: list[tuple[str, tuple]]) -> Cause | None:
    if not found:
        return None
    claims = tuple(dict.fromkeys(claim for _, some in found for claim in some))
    return Cause("; or ".join(words for words, _ in found[:3]), *claims)


def _alterations(name: str, w: np.ndarray, shared: bool):
    """(words, claims, array) of what may have been taken in place of w. shared: fewer numbers than the checked input has."""
    kind = "scale" if shared else "chain factor"
    yield (
        f"right if {name} were all ones: backward leaves {name} out",
        (kind, "chain factor", "scale", "wrong formula", "term missing"),
        np.ones_like(w),
    )
    yield (
        f"right if {name} were squared: backward multiplies by {name} once too often",
        (kind, "chain factor", "scale", "wrong formula"),
        w * w,
    )
    with np.errstate(divide="ignore"):
        if np.all(w != 0):
            yield (
                f"right if {name} were 1/{name}: backward divides where forward multiplies, or the reverse",
                (kind, "wrong formula", "chain factor"),
                1 / w,
            )
    yield f"right if {name} were zero: the term with {name} is missing", ("term missing", "left out", "scale"), np.zeros_like(w)
    yield f"right if {name} had the other sign", ("sign of a term", "sign"), -w
    yield f"right if {name} were its absolute value", ("value", "sign of a term"), np.abs(w)
    for words, claims, move in arrangements(w.shape):
        yield f"right if {name} were {words}: backward takes it so", claims, np.array(move(w))
    for axis in range(w.ndim):
        if w.shape[axis] > 1:
            first = np.broadcast_to(np.take(w, [0], axis), w.shape)
            last = np.broadcast_to(np.take(w, [-1], axis), w.shape)
            mean = np.broadcast_to(w.mean(axis=axis, keepdims=True), w.shape)
            for which, array in (("the first", first), ("the last", last)):
                yield (
                    f"right if {name} held {which} slice of axis {axis} everywhere: backward uses that one for all",
                    ("left out", "groups", "scale", "other place", "permuted"),
                    array,
                )
            yield f"right if {name} were replaced by its mean over axis {axis}", MEAN, mean
    yield f"right if {name} were replaced by its mean", MEAN, np.full_like(w, w.mean())
    yield f"right if {name} were twice as large", ("wrong constant", "term extra", *TWICE), 2 * w
    yield f"right if {name} were half as large", ("wrong constant", "term missing", *TWICE), w / 2
