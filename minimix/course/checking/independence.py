"""Whether a result depends on each argument at all, where it should: the function is called with another one."""

import numbers

import numpy as np

from minimix.course.checking.exercise import Case, Exercise
from minimix.course.checking.outcome import agree, arrays_of, run
from minimix.course.checking.trial import Trial

LEAST = 4  # configurations in which it must have been tried


def ignored(exercise: Exercise, function, trials: list[Trial]) -> list[str]:
    """A sentence for each argument that the right result depends on, and the learner's never."""
    if exercise.call is not Exercise.call:
        return []
    sentences = []
    for name in trials[0].case:
        asked = 0
        for trial in reversed(trials):
            same = _same(exercise, function, trial, name)
            if same is False:
                break
            asked += same is True
        else:
            if asked >= LEAST:
                text = f"With another {name} your result stays the same, in all {asked} configurations where it should not"
                counts = all(type(trial.case[name]) is int for trial in trials)
                alone = not counts or any(_right_with(trials, name, trial.case[name]) for trial in trials if not trial.problem)
                sentences.append(f"{text}." if alone else f"{text}; but that is not all: it is wrong with any {name}.")
    return sentences


def _right_with(trials: list[Trial], name: str, value) -> bool:
    """Whether all is right that has this value of the argument."""
    alike = [trial for trial in trials if trial.case[name] == value]
    return len(alike) >= LEAST and not any(trial.problem for trial in alike)


def _same(exercise: Exercise, function, trial: Trial, name: str) -> bool | None:
    """Whether the learner's result stays when this argument changes; None where that cannot be asked."""
    if trial.outcome.arrays is None or (changed := _changed(trial.case, name)) is None:
        return None
    try:
        solved = exercise.call(exercise.solution, changed)
    except Exception:  # not a configuration that there can be
        return None
    right = arrays_of(solved, solved)
    if right.keys() != trial.expected.keys() or agree(right, trial.expected):
        return None
    ours = run(exercise, function, changed, solved).arrays
    if ours is None or ours.keys() != trial.outcome.arrays.keys():
        return None
    return all(np.array_equal(ours[key], trial.outcome.arrays[key], equal_nan=True) for key in ours)


def _changed(case: Case, name: str) -> Case | None:
    value = case[name]
    if isinstance(value, np.ndarray) and value.size and value.dtype.kind == "f":
        return {**case, name: value * 1.5 + 0.25}
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return {**case, name: value + 1}
    if isinstance(value, float):
        return {**case, name: value * 2}
    return None
