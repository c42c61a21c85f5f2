"""Why numbers are wrong.

First the mistakes of the exercise are run, in the order below: what gives the learner's numbers wherever both can run is what
the learner did, in whatever style the code is written. For the rest there are experiments and the statements of
``patterns.py``, each true of what was run.

1. one mistake, everywhere
2. two mistakes that alter different parts, both at once, everywhere
3. a mistake whose result is altered once more (its sign, a factor, cut to whole numbers), everywhere
4. a mistake in a part of the configurations, if a condition tells that part from the others
5. a mistake in most of the wrong ones: that much is said

Where no pattern says more, slips in plain right functions (``written``) are tried: one before 4, one in a part of the
configurations and two at once at last.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minimix.course.checking import patterns
from minimix.course.checking.conditions import necessary, separating
from minimix.course.checking.describe import telling
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.outcome import Arrays, Outcome, agree, arrays_of, close, run
from minimix.course.checking.quantities import quantities
from minimix.course.checking.trial import Trial
from minimix.course.checking.written import Search

LEAST = 3  # configurations that a mistake must explain where it does not explain all
FIRST = 30  # wrong results that are looked at before all others
FEW = 0.1  # of all configurations: so many fail at least where two things are wrong at once
MANY, MOST = 8, 0.75  # how many wrong results, and which part of them, a mistake must explain to be spoken of


@dataclass(frozen=True)
class Fit:
    """What explains the wrong results: one mistake, or two; then what else is altered, or the condition under which it fits.

    raises: it raises exactly where the learner's function does. share: (how many, of how many) wrong results it explains, if
    not all.
    """

    mistakes: tuple[Mistake, ...]
    altered: str = ""
    where: str = ""
    raises: bool = False
    share: tuple[int, int] | None = None
    written: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of a single mistake that explains all."""
        return "" if len(self.mistakes) != 1 or self.altered or self.where or self.share else self.mistakes[0].name


def fitting(exercise: Exercise, trials: list[Trial]) -> Fit | None:
    """The simplest that explains the wrong results."""
    if not any(trial.misses for trial in trials):
        return _raising(exercise, trials)
    known = {id(mistake): _Results(exercise, mistake.function, trials) for mistake in exercise.mistakes}
    singles = [(mistake, known[id(mistake)]) for mistake in exercise.mistakes]
    wrong = [trial for trial in trials if trial.misses]
    plain = all(list(trial.expected) == [""] for trial in wrong) and patterns.plain(
        [(trial.expected[""], trial.outcome.arrays[""]) for trial in wrong]
    )
    plain = plain or all(_nearly(trial) for trial in wrong)
    for look in () if plain else (_one, _two, _one_altered):
        if fit := look(exercise, trials, singles):
            return fit
    search = Search(exercise, [] if plain or telling(exercise, trials) else trials)
    if found := search.all():
        return Fit((), written=tuple(found))
    for look in (_one, _somewhere, _mostly) if plain else (_somewhere, _mostly):
        if fit := look(exercise, trials, singles):
            return fit
    found = search.partly() or search.two()
    return Fit((), written=tuple(found)) if found else None


def _raising(exercise: Exercise, trials: list[Trial]) -> Fit | None:
    """Where nothing but exceptions is wrong: the mistake that raises the same ones, word by word, and is right elsewhere."""
    order = sorted(trials, key=lambda trial: trial.outcome.error is None)
    if order[0].outcome.error is None or any(trial.problem and trial.outcome.error is None for trial in trials):
        return None
    for mistake in exercise.mistakes:
        if all(_raised_alike(run(exercise, mistake.function, trial.case, trial.solved), trial) for trial in order):
            return Fit((mistake,), raises=True)
    return None


def _raised_alike(theirs: Outcome, trial: Trial) -> bool:
    if trial.outcome.error is None:
        return theirs.arrays is not None and agree(theirs.arrays, trial.expected)
    return type(theirs.error) is type(trial.outcome.error) and str(theirs.error) == str(trial.outcome.error)


def _nearly(trial: Trial) -> bool:
    """Right but for the last digits of whole numbers."""
    pairs = [(array.astype(float), trial.outcome.arrays[name].astype(float)) for name, array in trial.expected.items()]
    return all(close(actual, expected) for expected, actual in pairs)


class _Results:
    """What a function returns in each of the trials, found out when it is asked for. None where it raises."""

    def __init__(self, exercise: Exercise, function: Callable, trials: list[Trial]):
        self._exercise, self._function, self._trials = exercise, function, trials
        self._known: dict[int, Arrays | None] = {}

    def __getitem__(self, number: int) -> Arrays | None:
        if number not in self._known:
            trial = self._trials[number]
            self._known[number] = run(self._exercise, self._function, trial.case, trial.solved).arrays
        return self._known[number]

    def explain(self) -> bool:
        """Whether they are the learner's wherever there are both, and at least for half of what is wrong."""
        wrong, explained = sum(trial.misses for trial in self._trials), 0
        for number in sorted(range(len(self._trials)), key=lambda number: not self._trials[number].misses):
            trial = self._trials[number]
            if trial.outcome.arrays is None or self[number] is None:
                continue
            if not agree(trial.outcome.arrays, self[number]):
                return False
            explained += trial.misses
        return explained >= max(1, wrong / 2)

    def raise_alike(self) -> bool:
        """Whether they are missing exactly where the learner's are, somewhere at least."""
        theirs = [trial.outcome.arrays is None for trial in self._trials]
        return any(theirs) and theirs == [self[number] is None for number in range(len(self._trials))]


def _one(exercise, trials, singles) -> Fit | None:
    found = [(mistake, results) for mistake, results in singles if results.explain()]
    if not found:
        return None

    def covered(pair) -> tuple[bool, int]:
        return pair[1].raise_alike(), sum(pair[1][number] is not None for number in range(len(trials)))

    mistake, results = max(found, key=covered)
    return Fit((mistake,), raises=results.raise_alike())


def _two(exercise, trials, singles) -> Fit | None:
    """Only where no other pair fits as well."""
    wrong = [trial for trial in trials if trial.misses]
    if exercise.built is None or len(wrong) < FEW * len(trials):
        return None
    tell = [wrong[0], max(wrong[:FIRST], key=lambda trial: sum(array.size for array in trial.expected.values()))]
    number = next(number for number, trial in enumerate(trials) if trial.misses)
    parted = [(mistake, results[number]) for mistake, results in singles if mistake.parts]
    pairs = itertools.combinations(parted, 2)
    found = []
    for (a, from_a), (b, from_b) in pairs:
        if a.parts.keys() & b.parts.keys() or not _may_give(wrong[0], from_a, from_b):
            continue
        function = exercise.built(**a.parts, **b.parts)
        if not all(_gives(exercise, function, trial) for trial in tell):
            continue
        results = _Results(exercise, function, trials)
        if results.explain():
            found.append(Fit((a, b), raises=results.raise_alike()))
    return found[0] if len(found) == 1 else None


def _may_give(trial: Trial, from_a: Arrays | None, from_b: Arrays | None) -> bool:
    """Of several results, those that one of two mistakes leaves right are to be as the other one makes them."""
    if from_a is None or from_b is None or len(trial.expected) == 1:
        return True
    for name, right in trial.expected.items():
        sides = [side[name] for side in (from_a, from_b) if not close(side[name], right)]
        if len(sides) < 2 and not close(trial.outcome.arrays[name], sides[0] if sides else right):
            return False
    return True


def _gives(exercise: Exercise, function: Callable, trial: Trial) -> bool:
    """A quick look at one trial, without the care of ``run``: thousands of pairs are tried."""
    try:
        theirs = arrays_of(exercise.call(function, trial.case), trial.solved)
    except Exception:  # the mistakes raise here: nothing is known
        return True
    for name, ours in trial.outcome.arrays.items():
        if ours.shape != theirs[name].shape or (ours.size and not _alike(ours.flat[0], theirs[name].flat[0], ours)):
            return False
    return agree(trial.outcome.arrays, theirs)


def _alike(a: float, b: float, among: np.ndarray) -> bool:
    return not abs(a - b) > 1e-3 * np.abs(among).max()


def _one_altered(exercise, trials, singles) -> Fit | None:
    given = [number for number, trial in enumerate(trials) if trial.outcome.arrays is not None]
    wrong = [number for number in given if trials[number].misses]
    right = [number for number in given if not trials[number].misses]
    for mistake, results in singles:
        for numbers in (wrong[:1], wrong[:3] + right[:3], given):  # a few at first: there are many mistakes
            pairs = _beside(results, trials, numbers)
            text = patterns.alteration(pairs) if pairs else ""
            if not text and (not pairs or not all(close(array, expected) for expected, array in pairs)):
                break
        if text and len(pairs) >= LEAST:
            return Fit((mistake,), altered=text)
    return None


def _beside(results: _Results, trials: list[Trial], numbers: list[int]) -> patterns.Pairs:
    """The mistake's numbers and the learner's in these trials; none if they have other shapes anywhere."""
    pairs = []
    for number in numbers:
        theirs = results[number]
        for name, array in trials[number].outcome.arrays.items():
            if theirs is None or theirs[name].shape != array.shape:
                return []
            pairs.append((theirs[name], array))
    return pairs


def _somewhere(exercise, trials, singles) -> Fit | None:
    """In the configurations where the learner's function is wrong or the mistake is: a condition must tell those that fit."""
    rows = [quantities(exercise, trial.case) for trial in trials]
    found = []
    for mistake, results in singles:
        if not _promising(trials, results):
            continue
        relevant, fits, nothing = [], [], True
        for number, trial in enumerate(trials):
            theirs, ours = results[number], trial.outcome.arrays
            if theirs is None or ours is None or (not trial.misses and agree(theirs, trial.expected)):
                continue
            relevant.append(rows[number])
            fits.append(trial.misses and agree(ours, theirs))
            nothing &= not fits[-1] or not any(array.any() for array in ours.values())
        if (
            sum(fits) >= max(LEAST, sum(trial.misses for trial in trials) / 3)
            and not nothing
            and (where := separating(relevant, fits))
        ):
            found.append((sum(fits), -where.count(" and "), Fit((mistake,), where=where)))
    best = max((entry[:2] for entry in found), default=None)
    fits = [fit for *size, fit in found if tuple(size) == best]
    return fits[0] if len(fits) == 1 else None


def _promising(trials, results) -> bool:
    """Whether a mistake explains some of the first wrong results at least."""
    first = [number for number, trial in enumerate(trials) if trial.misses][:FIRST]
    found = 0
    for place, number in enumerate(sorted(range(len(first)), key=lambda place: place % 3)):
        found += results[first[number]] is not None and agree(trials[first[number]].outcome.arrays, results[first[number]])
        if found >= min(LEAST, len(first)) or (not found and place >= max(LEAST, len(first) / 3)):
            break
    return found >= min(LEAST, len(first))


def _mostly(exercise, trials, singles) -> Fit | None:
    """The one that explains the most, and is right where the learner's function is."""
    wrong = [number for number, trial in enumerate(trials) if trial.misses]
    right = [number for number, trial in enumerate(trials) if trial.outcome.arrays is not None and not trial.misses]
    found = []
    for mistake, results in singles:
        if not _promising(trials, results):
            continue
        count = sum(results[n] is not None and agree(trials[n].outcome.arrays, results[n]) for n in wrong)
        if count >= max(MANY, MOST * len(wrong)) and all(
            results[n] is None or agree(trials[n].outcome.arrays, results[n]) for n in right
        ):
            found.append((count, Fit((mistake,), share=(count, len(wrong)))))
    best = max((count for count, _ in found), default=0)
    fits = [fit for count, fit in found if count == best]
    return fits[0] if len(fits) == 1 else None


def conditions(exercise: Exercise, trials: list[Trial]) -> list[str]:
    """In which configurations the function fails, if that can be said."""
    fails = [bool(trial.problem) for trial in trials]
    if sum(fails) == 1 < len(fails):
        return [f"Wrong in this configuration only, and right in all {len(fails) - 1} others."]
    rows = [quantities(exercise, trial.case) | _right_result(trial) for trial in trials]
    where = separating(rows, fails)
    if not where:
        where, count = necessary(rows, fails)
        return [f"Wrong only where {where}, in {sum(fails)} of {count} such configurations."] if where else []
    text = f"Wrong wherever {where} (in {sum(fails)} configurations), right in the {len(fails) - sum(fails)} others."
    values = [trial.outcome.arrays for trial in trials if trial.problem]
    sizes = {arrays[""].item() if arrays and list(arrays) == [""] and arrays[""].size == 1 else None for arrays in values}
    if len(sizes) == 1 and None not in sizes and sum(fails) >= LEAST:
        text += f" There your result is always {sizes.pop():g}."
    elif None not in sizes and len(set(map(abs, sizes))) == 1 and sum(fails) >= LEAST:
        text += f" There your result is always {max(sizes):g} or {min(sizes):g}."
    return [text]


def _right_result(trial: Trial) -> dict[str, float]:
    """A single number that is wanted may itself be what tells those that fail from the others."""
    if list(trial.expected) != [""] or trial.expected[""].ndim:
        return {}
    result = trial.expected[""].item()
    return {"the right result": result, "the size of the right result": abs(result)}
