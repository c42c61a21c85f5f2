"""Rules that ask for which other inputs backward would be right: the function is differentiated there, and compared."""

import time

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis.places import arrangements
from minimix.gradcheck.evidence import Evidence

SECONDS = 2.0


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
            if np.ptp(array) == 0 and value.size > 1 and degree is None:
                continue  # a constant in place of something that is no factor: that may only change branches
            if e.explained({j: array}):
                found.append((words, claims))
                break  # the simplest for this input
    return _either(found)


def _degree(e: Evidence, j: int, value: np.ndarray) -> float | None:
    """p, if the derivatives grow with the p-th power of another input (1 where it is a factor; 0 where they do not change with
    it, but perhaps at the next branch); None if they follow no power."""
    v = np.random.default_rng(8).standard_normal(e.shape)
    once, more = e.slope(v), e.slope(v, {j: 1.1 * value})
    if once is None or more is None:
        return None
    live = np.abs(once) > 1e-3 * np.max(np.abs(once), initial=0)
    if not live.any():
        return None
    ratios = more[live] / once[live]
    if ratios.min() <= 0 or np.ptp(ratios) > 1e-5 * ratios.max():
        return None
    return round(float(np.log(ratios.mean()) / np.log(1.1)), 3)


def itself(e: Evidence) -> Cause | None:
    """Right, at another value of the input: at the output, at its absolute value, transposed."""
    x, found = e.point, []
    if e.output is not None and e.output.shape == e.shape and not np.array_equal(e.output, x) and e.explained({e.k: e.output}):
        return Cause(
            "the derivative is the one at the output's value: backward uses the output where the formula needs the input",
            "wrong point",
        )
    for words, claims, array in (
        ("its absolute value", ("wrong point", "value", "sign"), np.abs(x)),
        ("minus the input (its odd powers have the wrong sign)", ("wrong point", "sign", "sign of a term"), -x),
        (
            "twice the input (a constant, or a summand that is counted twice)",
            ("wrong point", "wrong constant", "chain factor", "term extra"),
            2 * x,
        ),
        ("half the input (or a constant is missing)", ("wrong point", "wrong constant", "chain factor"), x / 2),
        ("the input squared", ("wrong point", "chain factor"), x * x),
        ("the input plus 1", ("wrong point", "wrong constant"), x + 1),
        ("the input minus 1", ("wrong point", "wrong constant"), x - 1),
        ("the input minus its mean", ("wrong point", "term missing"), x - x.mean()),
        ("ones", ("chain factor", "wrong point"), np.ones_like(x)),
    ):
        if not np.array_equal(array, x) and e.explained({e.k: array}):
            found.append((f"the derivative is the one at {words}", claims))
            break
    if not found and e.point.size <= 4096:
        for words, claims, move in arrangements(e.shape):
            moved = np.array(move(x))
            if not np.array_equal(moved, x) and e.explained({e.k: moved}):
                found.append((f"the derivative is the one at the input {words}", ("wrong point", *claims)))
                break
    return _either(found)


def exchanged(e: Evidence) -> Cause | None:
    """The gradient of another input."""
    for j, value in e.others.items():
        name = e.probe.names[j]
        if value.shape == e.shape and e.explained(of=j):
            if j in e.probe.checked and _right(e, j):
                return Cause(
                    f"this is the gradient of {name}, whose own is right: it is returned twice, or what distinguishes the two (a factor, "
                    "a sign, a term) is left out",
                    *("exchanged", "chain factor", "scale", "term missing"),
                )
            return Cause(f"this is the gradient of {name}: the two are exchanged, or returned in the wrong order", "exchanged")
        if value.size == e.point.size > 1 and value.shape != e.shape and e.explained(of=j):
            return Cause(f"this is the gradient of {name}, reshaped: the two are exchanged", "exchanged")
        if value.shape == e.shape and value.size > 1 and _negated(e, j):
            if j in e.probe.checked and _right(e, j):
                return Cause(
                    f"this is minus the gradient of {name}, whose own is right: what distinguishes the two (a factor, a term) is left out",
                    *("sign", "exchanged", "chain factor", "scale", "term missing"),
                )
            return Cause(f"this is minus the gradient of {name}: the two are exchanged, one with its sign", "exchanged", "sign")
    return None


def _right(e: Evidence, j: int) -> bool:
    """Whether the gradient of another input is right, along two directions."""
    rng = np.random.default_rng(6)
    u, place = e.mixed[0], e.probe.checked.index(j)
    for row in u[:2]:
        v = rng.standard_normal(e.probe.points[j].shape)
        v /= np.max(np.abs(v))
        column = e.slope(v, of=j)
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
        (kind, "chain factor", "scale", "wrong formula"),
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
    yield f"right if {name} were zero: the term with {name} is missing", ("term missing", "left out"), np.zeros_like(w)
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
                    ("left out", "groups", "scale", "other place"),
                    array,
                )
            yield f"right if {name} were replaced by its mean over axis {axis}", ("approximate", "averaged", "scale"), mean
    yield f"right if {name} were replaced by its mean", ("approximate", "averaged", "scale"), np.full_like(w, w.mean())
    yield f"right if {name} were twice as large", ("wrong constant", "term extra", "factor"), 2 * w
    yield f"right if {name} were half as large", ("wrong constant", "factor"), w / 2
