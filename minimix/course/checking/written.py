"""Which slip in a plain right function gives the learner's numbers, whatever the learner's own code looks like.

Thousands of slips are tried on three small configurations. What gives the learner's numbers there is tried on all others, and
is spoken of where it gives them on every one. So what is said was seen at that moment; how the learner's own line looks, nobody
knows: the sentence names a line of the plain function.
"""

import functools
import itertools
import time
from collections.abc import Callable
from typing import NamedTuple

from minimix.course.checking.conditions import separating
from minimix.course.checking.exercise import Exercise, copied, size_of
from minimix.course.checking.outcome import Arrays, agree, arrays_of, close
from minimix.course.checking.quantities import quantities
from minimix.course.checking.variants import Way, all_of, ways_of

LEAST = 3  # different numbers, or configurations, that must be wrong and explained: fewer fit by chance
PARTLY = 60  # slips that explain some of the wrong results and are looked at further
SECONDS = 8  # of computing, at most: the simplest slips come first
SOME = 20  # wrong results by which it is seen which slips explain most
PAIRED = 4  # slips that explain some of them and are tried with every other one


class Tried(NamedTuple):
    """A slip, and in each of the telling configurations the parts of the result that are the learner's; None: it raised."""

    way: Way
    number: int
    hits: tuple[frozenset[str] | None, ...]

    @property
    def function(self) -> Callable:
        return self.way.variant(self.number)

    @property
    def words(self) -> str:
        return self.way.words(self.number)


class Search:
    """For one learner's function."""

    def __init__(self, exercise: Exercise, trials: list):
        self.exercise, self.trials, self.end = exercise, trials, time.process_time() + SECONDS
        self.given = [trial for trial in trials if trial.outcome.arrays is not None]
        self.wrong = [trial for trial in trials if trial.misses]
        ordered = sorted(self.wrong, key=lambda trial: size_of(trial.case))
        half = ordered[: max(3, len(ordered) // 2)]
        self.tell = [half[place] for place in sorted({0, len(half) // 2, len(half) - 1})] if half else []

    @functools.cached_property
    def tried(self) -> list[Tried]:
        """Those that explain some part of some telling configuration."""
        found = []
        for way, number in all_of(self.ways):
            if self._late():
                break
            if function := way.variant(number):
                hits = tuple(self._parts_alike(function, trial) for trial in self.tell)
                if any(hits):
                    found.append(Tried(way, number, hits))
        return found

    @functools.cached_property
    def ways(self) -> list[Way]:
        return ways_of(self.exercise.ways, tuple(copied(self.trials[len(self.trials) // 3].case).values())) if self.tell else []

    def all(self) -> list[str]:
        """The slip that gives all of the learner's numbers; where several results are wrong, one for each, maybe."""
        names = list(dict.fromkeys(_part(name) for trial in self.wrong for name in trial.expected))
        if text := self._everywhere(names):
            return [f"{self._all_of} your numbers are those of a right function in which {text}."]
        bad = [name for name in names if any(not self._right(trial, name) for trial in self.wrong)]
        if len(bad) < 2:
            return []
        texts = [self._everywhere([name]) for name in bad]
        if not all(texts):
            return []
        start = "Two things at once" if len(bad) == 2 else f"{len(bad)} things at once"
        return [
            f"{start}. {self._all_of} {name} is that of a right function in which {text}."
            for name, text in zip(bad, texts, strict=True)
        ]

    @property
    def _all_of(self) -> str:
        count = len(self.given)
        return f"In all {count} configurations" + (" in which it returns numbers" if count < len(self.trials) else "")

    def _everywhere(self, names: list[str]) -> str:
        if not self._enough(names):
            return ""
        for tried in self.tried:
            if all(hit is not None and hit.issuperset(names) for hit in tried.hits) and all(
                (found := self._parts_alike(tried.function, trial)) is not None and found.issuperset(names)
                for trial in self.given
            ):
                return tried.words
        return ""

    def _enough(self, names: list[str]) -> bool:
        """Whether the wrong results are of so many different numbers, or patterns of a few numbers, that no slip gives them by
        chance."""
        arrays = [a for trial in self.wrong for name, a in trial.outcome.arrays.items() if _part(name) in names and a.size]
        values = {f"{float(value):.6g}" for array in arrays for value in array.ravel()[:LEAST]}  # rounded alike, they are one
        patterns = {(array.shape, array.tobytes()) for array in arrays if (array != array.flat[0]).any()}
        return len(values) >= LEAST or len(patterns) >= LEAST

    def partly(self) -> list[str]:
        """The slip that gives the learner's numbers in the configurations that have something in common; others are right."""
        found, seen = [], set()
        if not self._enough(list(dict.fromkeys(_part(name) for trial in self.wrong for name in trial.expected))):
            return []
        for tried in itertools.islice((tried for tried in self.tried if self._whole(tried)), PARTLY):
            if self._late() or not all(self._gives(tried.function, trial) for trial in self.wrong):
                continue
            theirs = [self._result(tried.function, trial) for trial in self.trials]
            relevant = [
                number
                for number, trial in enumerate(self.trials)
                if trial.misses or (trial.outcome.arrays and theirs[number] and not agree(theirs[number], trial.expected))
            ]
            known = tuple(relevant)
            if known in seen or len(self.wrong) < LEAST:
                continue
            seen.add(known)
            rows = [quantities(self.exercise, self.trials[number].case) for number in relevant]
            if where := separating(rows, [self.trials[number].misses for number in relevant]):
                found.append((where.count(" and "), len(where), where, tried.words))
        if not found:
            return []
        _, _, where, text = min(found)
        elsewhere = all(trial.misses or not trial.problem for trial in self.trials)
        end = " Elsewhere they are right." if elsewhere else ""
        return [f"Wherever {where}, your numbers are those of a right function in which {text}.{end}"]

    def _whole(self, tried: Tried) -> bool:
        parts = [{_part(name) for name in trial.expected} for trial in self.tell]
        return any(hit is not None and hit.issuperset(part) for hit, part in zip(tried.hits, parts, strict=True))

    def two(self) -> list[str]:
        """Two slips that together give all of the learner's numbers, of which one alone gives some of them."""
        for tried in self._most_telling():
            way, number = tried.way, tried.number
            for other, slip in enumerate(way.slips):
                if other == number or slip.rank > 1 or self._late() or not (function := way.made_once(number, other)):
                    continue
                if all(self._gives(function, trial) for trial in (*self.tell, *self.given)) and not self._idle(way, other):
                    text = way.words(number, other)
                    return [f"Two things at once. {self._all_of} your numbers are those of a right function in which {text}."]
        return []

    def _idle(self, way: Way, number: int) -> bool:
        """Whether a slip alone changes nothing: an axis left out where it is the usual one, two lines that may be exchanged."""
        alone = way.variant(number)
        theirs = (alone and self._result(alone, trial) for trial in self.given)
        return all(found and agree(found, trial.expected) for found, trial in zip(theirs, self.given, strict=True))

    def _most_telling(self) -> list[Tried]:
        """The slips that explain most of what is wrong, one of those that explain the same."""
        some = self.wrong[:: max(1, len(self.wrong) // SOME)]
        found: dict[tuple[bool, ...], Tried] = {}
        for tried in itertools.islice((tried for tried in self.tried if self._whole(tried)), PARTLY):
            if self._late():
                break
            fits = tuple(self._gives(tried.function, trial) for trial in some)
            found.setdefault(fits, tried)
        return [found[fits] for fits in sorted(found, key=sum, reverse=True)[:PAIRED] if any(fits)]

    def _late(self) -> bool:
        return time.process_time() > self.end

    def _gives(self, function: Callable, trial) -> bool:
        theirs = self._result(function, trial)
        return theirs is not None and agree(trial.outcome.arrays, theirs)

    def _parts_alike(self, function: Callable, trial) -> frozenset[str] | None:
        theirs = self._result(function, trial)
        if theirs is None:
            return None
        ours = trial.outcome.arrays
        unlike = {_part(name) for name, array in theirs.items() if name not in ours or not close(ours[name], array)}
        return frozenset({_part(name) for name in ours} - unlike)

    def _right(self, trial, part: str) -> bool:
        return all(close(trial.outcome.arrays[name], array) for name, array in trial.expected.items() if _part(name) == part)

    def _result(self, function: Callable, trial) -> Arrays | None:
        try:
            return arrays_of(self.exercise.call(function, copied(trial.case)), trial.solved)
        except Exception:  # whatever a slip leads to
            return None


def _part(name: str) -> str:
    """Of a list of arrays all entries together."""
    return name.partition("[")[0]
