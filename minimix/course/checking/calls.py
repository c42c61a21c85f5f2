"""Calls behind other calls: whether a function that is right at first stays right, and leaves alone what it returned.

What it keeps between calls may be anything: an array that it fills anew each time, results under a key that leaves something
out, a list that grows. So it is called again with what it was given before, in other orders, and with arrays that it has seen,
filled with other numbers since.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from minimix.course.checking.exercise import Case, Exercise, copied, size_of
from minimix.course.checking.outcome import Outcome, agree, arrays_of, run
from minimix.course.checking.trial import Trial

KEEPS = (
    "Does it keep something between calls: an array made outside of it, a default argument that is changed, results under a "
    "key that leaves something out, a random number?"
)
LARGE = 100_000  # entries of a result: once is enough
SOME = 16  # configurations whose arrays are filled again


@dataclass(frozen=True)
class Later:
    """A call that shows that something is kept: which configuration, what came of it, and what is to be said. Without a text it
    is wrong there by itself, whatever was called before."""

    trial: Trial
    text: str


def later(exercise: Exercise, function, trials: list[Trial], fresh: Callable) -> Later | None:
    """The first sign that a function, right in all trials so far, keeps something between calls. fresh: makes a copy that has
    never been called."""
    for sign in (_overwritten, _another_order):
        if found := sign(exercise, function, trials):
            return found
    found = _filled_again(exercise, function, trials)
    if found and differs(run(exercise, fresh(), found.trial.case, found.trial.solved), found.trial.outcome):
        return found
    return found and Later(found.trial, "")


def _overwritten(exercise: Exercise, function, trials: list[Trial]) -> Later | None:
    for trial in trials:
        kept = trial.outcome.result
        if kept is None or _the_same(arrays_of(kept, trial.solved), trial.outcome.arrays):
            continue
        if exercise.call is not Exercise.call:
            return Later(trial, f"What a call left here was right, and a later call with other input changed it. {KEEPS}")
        text = "What the function returned here was changed by a later call: it hands out an array that it uses again. "
        return Later(trial, f"{text}Make a new one in each call.")
    return None


def _another_order(exercise: Exercise, function, trials: list[Trial]) -> Later | None:
    """From the last to the first, then in no order."""
    quick = [trial for trial in trials if not any(array.size > LARGE for array in trial.expected.values())]
    shuffled = np.random.default_rng(0).permutation(len(quick))
    for order in (range(len(quick))[::-1], shuffled[: len(quick) // 3]):
        tried = ((trial, run(exercise, function, trial.case, trial.solved)) for trial in (quick[number] for number in order))
        if other := [trial for trial, outcome in tried if differs(outcome, trial.outcome)]:
            return Later(min(other, key=lambda trial: size_of(trial.case)), TWICE)
    return None


TWICE = f"Called twice with the same input, the function returned two different results. {KEEPS}"


def _filled_again(exercise: Exercise, function, trials: list[Trial]) -> Later | None:
    """The function is given other numbers in arrays of the same shapes, in new ones and in those that it has seen: all numbers
    are others, a single one is, or two have changed places."""
    if exercise.call is not Exercise.call:
        return None
    possible = [trial for trial in trials if list(_arrays_in(trial.case)) and size_of(trial.case) < LARGE]
    largest = sorted(possible, key=lambda trial: max(array.size for array in _arrays_in(trial.case)))[-4:]
    for trial in [*possible[:: max(1, len(possible) // SOME)], *largest]:
        for fill in (_all_anew, _one_anew, _two_exchanged, _sum_kept):
            known = copied(trial.case)
            run(exercise, function, known, trial.solved, known)
            case = copied(known)
            fill(list(_arrays_in(case)))
            exercise.repair(case)
            solved = exercise.call(exercise.solution, copied(case))
            expected = arrays_of(solved, solved)
            outcome = run(exercise, function, case, solved)
            if outcome.arrays is None:  # whatever it keeps, it fails at these numbers
                continue
            if not agree(outcome.arrays, expected):
                text = "Called with other numbers than before in arrays of the same shape, the function is wrong. "
                return Later(Trial(case, solved, outcome, "values"), text + KEEPS)
            fill(list(_arrays_in(known)))
            exercise.repair(known)
            outcome = run(exercise, function, case, solved, known)
            if outcome.arrays is None or not agree(outcome.arrays, expected):
                text = "Called with an array a second time, after other numbers were written into it, the function is wrong. "
                return Later(Trial(case, solved, outcome, "values"), text + KEEPS)
    return None


def _arrays_in(case: Case) -> Iterator[np.ndarray]:
    for value in case.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, np.ndarray) and item.size and item.flags.writeable:
                yield item


def _all_anew(arrays: list[np.ndarray]) -> None:
    for array in arrays:
        array[...] = array.ravel()[::-1].reshape(array.shape) * (2 if array.dtype.kind == "f" else 1)


def _one_anew(arrays: list[np.ndarray]) -> None:
    array = max(arrays, key=np.size)
    inside = np.unravel_index(array.size * 3 // 5, array.shape)  # not where an array is printed that is too large to be shown
    array[inside] = array[inside] * 2 + 1 if array.dtype.kind == "f" else array.flat[0]


def _two_exchanged(arrays: list[np.ndarray]) -> None:
    for array in arrays:
        one, other = (np.unravel_index(place, array.shape) for place in (array.size // 3, array.size // 2))
        array[one], array[other] = array[other].copy(), array[one].copy()


def _sum_kept(arrays: list[np.ndarray]) -> None:
    for array in (array for array in arrays if array.size > 1 and array.dtype.kind == "f"):
        by = np.abs(array).max() or 1
        array.flat[array.size * 3 // 5] += by
        array.flat[0] -= by


def differs(a: Outcome, b: Outcome) -> bool:
    """Whether two calls gave different numbers, or one of them none."""
    if a.arrays is None or b.arrays is None:
        return a.arrays is not b.arrays
    return not _the_same(a.arrays, b.arrays)


def _the_same(a, b) -> bool:
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)
