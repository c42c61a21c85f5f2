"""How wrong results differ from the right ones, in sentences: the patterns that all of them have in common, and formulas."""

import numpy as np

from minimix.course.checking import patterns
from minimix.course.checking.conditions import LEAST
from minimix.course.checking.exercise import Exercise
from minimix.course.checking.formulas import formula
from minimix.course.checking.outcome import close
from minimix.course.checking.quantities import quantities
from minimix.course.checking.trial import Trial

WEAK = (  # what is true of many wrong results: not a cause, but where to look
    "right but", "right in", "wrong in", "right at", "right inside", "nearly", "not the same number", "instead of",
    "than it should", "another one in each", "reshaped", "in their order", "Right everywhere",
)  # fmt: skip


def telling(exercise: Exercise, trials: list[Trial]) -> bool:
    """Whether patterns say of all results that are wrong how their numbers came about."""
    said = [text for text in described(exercise, trials) if not text.startswith("Right everywhere")]
    bad = {
        name.partition("[")[0]
        for trial in trials
        if trial.misses
        for name, array in trial.expected.items()
        if not close(trial.outcome.arrays[name], array)
    }
    return len(said) >= len(bad) and not any(words.lower() in text.lower() for text in said for words in WEAK)


def described(exercise: Exercise, trials: list[Trial]) -> list[str]:
    """Sentences on how the wrong results differ from the right ones."""
    wrong = [trial for trial in trials if trial.misses]
    if not wrong or len({tuple(dict.fromkeys(name.partition("[")[0] for name in trial.expected)) for trial in wrong}) > 1:
        return []  # the results have other names each time
    sentences, right = [], []
    for name in wrong[0].expected:  # of lists of different lengths, those that the smallest case has
        given = [trial for trial in wrong if name in trial.expected]
        bad = [trial for trial in given if not close(trial.outcome.arrays[name], trial.expected[name])]
        if not bad:
            right.append(name)
            continue
        pairs = [(trial.expected[name], trial.outcome.arrays[name]) for trial in bad]
        events = tuple(dict.fromkeys(event for trial in bad for event in trial.outcome.events))
        text = patterns.describe(pairs, events) or _by_a_formula(exercise, trials, name)
        text = text or _with_an_argument([trial for trial in trials if name in trial.expected], name)
        if text:
            text = text.replace("image", "channel" if "weight" in name else exercise.first_axis)
            sentences.append(f"{name}: {text}" if name else text[0].upper() + text[1:])
    return [f"Right everywhere: {', '.join(right)}."] * bool(right) + [
        sentence if sentence[-1] in ".?" else f"{sentence}." for sentence in sentences
    ]


def _by_a_formula(exercise: Exercise, trials: list[Trial], name: str) -> str:
    """By how much the results are too large, in the configuration's numbers."""
    trials = [trial for trial in trials if name in trial.expected and (trial.misses or trial.expected[name].any())]
    if any(trial.outcome.arrays is None for trial in trials):
        return ""
    pairs = [(trial.expected[name], trial.outcome.arrays[name]) for trial in trials]
    if any(expected.shape != actual.shape for expected, actual in pairs):
        return ""
    rows = [quantities(exercise, trial.case) for trial in trials]
    factors = [patterns.factor(actual, expected) for expected, actual in pairs]
    if None not in factors:
        if text := formula(factors, rows):
            return f"{text} times the right result, in all configurations"
        if len({round(factor, 6) for factor in factors}) > 1 and any(expected.size > 2 for expected, _ in pairs):
            return "a number times the right result in each configuration, but not the same number in all"
    offsets = [patterns.offset(actual, expected) for expected, actual in pairs]
    if None not in offsets:
        if text := formula(offsets, rows):
            return f"too large by {text}, in all configurations"
        if text := formula([-offset for offset in offsets], rows):
            return f"too small by {text}, in all configurations"
    return ""


def _with_an_argument(trials: list[Trial], name: str) -> str:
    """The right result and an argument of the same shape, each times a number, the same in all configurations."""
    if any(trial.outcome.arrays is None for trial in trials):
        return ""
    wanted = [trial.expected[name] for trial in trials]
    ours = [trial.outcome.arrays[name] for trial in trials]
    if any(a.shape != b.shape or not np.isfinite(b).all() for a, b in zip(wanted, ours, strict=True)):
        return ""
    for argument in trials[0].case:
        given = [trial.case[argument] for trial in trials]
        if not all(isinstance(g, np.ndarray) and g.shape == a.shape for g, a in zip(given, wanted, strict=True)):
            continue
        columns = np.stack([np.concatenate([a.ravel() for a in arrays]) for arrays in (wanted, given)], axis=1).astype(float)
        target = np.concatenate([a.ravel() for a in ours]).astype(float)
        if len(target) < 3 * LEAST:
            continue
        (a, b), *_ = np.linalg.lstsq(columns, target, rcond=None)
        fits = np.abs(columns @ (a, b) - target).max() <= 1e-9 * np.abs(target).max()
        if fits and abs(b) > 1e-7:
            sign = "plus" if b > 0 else "minus"
            return f"{_times(a, 'the right result')} {sign} {_times(abs(b), argument)}, in all configurations"
    return ""


def _times(number: float, what: str) -> str:
    return what if abs(number - 1) < 1e-6 else f"{number:.4g} times {what}"
