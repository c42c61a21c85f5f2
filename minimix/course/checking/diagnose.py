"""Why numbers are wrong.

First the mistakes of the exercise are run: one that gives the learner's numbers wherever both can run is what the learner did,
in whatever style the code is written. Where none fits everywhere, one that fits on most of what is wrong is probably one of
several. For the rest there are the statements of ``patterns.py``.
"""

from dataclasses import dataclass

from minimix.course.checking import patterns
from minimix.course.checking.exercise import Case, Exercise, Mistake
from minimix.course.checking.outcome import Arrays, Outcome, agree, arrays_of, close, run


@dataclass(frozen=True)
class Trial:
    """One configuration: what the solution returns, and what came of the learner's function. problem: "" where it is right."""

    case: Case
    solved: object
    outcome: Outcome
    problem: str

    @property
    def expected(self) -> Arrays:
        return arrays_of(self.solved, self.solved)


@dataclass(frozen=True)
class Fit:
    """A mistake, and on how many configurations it explains the wrong result. whole: it never gives another one."""

    mistake: Mistake
    count: int
    whole: bool


def fitting(exercise: Exercise, trials: list[Trial]) -> Fit | None:
    """The mistake that explains the most wrong results; rather one that fits everywhere."""
    fits = [fit for mistake in exercise.mistakes if (fit := _fit(exercise, mistake, trials)).count]
    best = max(fits, key=lambda fit: (fit.whole, fit.count), default=None)
    wrong = sum(bool(trial.problem) and trial.outcome.arrays is not None for trial in trials)
    return best if best and (best.whole or best.count >= max(3, wrong / 2)) else None


def _fit(exercise: Exercise, mistake: Mistake, trials: list[Trial]) -> Fit:
    count, whole = 0, True
    for trial in trials:
        if trial.outcome.arrays is None:
            continue
        theirs = run(exercise, mistake.function, trial.case, trial.solved).arrays
        if theirs is None:
            continue
        if not agree(trial.outcome.arrays, theirs):
            whole = False
        elif not agree(theirs, trial.expected):
            count += 1
    return Fit(mistake, count, whole)


def described(trials: list[Trial]) -> list[str]:
    """Sentences on how the wrong results differ from the right ones."""
    wrong = [trial for trial in trials if trial.problem and trial.outcome.arrays is not None]
    if len({tuple(dict.fromkeys(name.partition("[")[0] for name in trial.expected)) for trial in wrong}) > 1:
        return []  # the results have other names each time
    sentences, right = [], []
    for name in wrong[0].expected:  # of lists of different lengths, those that the smallest case has
        pairs = [(t.expected[name], t.outcome.arrays[name]) for t in wrong if name in t.expected]
        pairs = [(expected, actual) for expected, actual in pairs if not close(actual, expected)]
        if not pairs:
            right.append(name)
        elif text := patterns.describe(pairs):
            sentences.append(f"{name}: {text}" if name else text[0].upper() + text[1:])
    return [f"Right everywhere: {', '.join(right)}."] * bool(right) + [f"{sentence}." for sentence in sentences]
