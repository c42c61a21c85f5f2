"""One configuration tried: what the solution returns, and what came of the learner's function."""

import functools
from dataclasses import dataclass

from minimix.course.checking.exercise import Case
from minimix.course.checking.outcome import Arrays, Outcome, agree, arrays_of


@dataclass(frozen=True)
class Trial:
    """One configuration: what the solution returns, and what came of the learner's function. problem: "" where it is right."""

    case: Case
    solved: object
    outcome: Outcome
    problem: str

    @functools.cached_property
    def expected(self) -> Arrays:
        return arrays_of(self.solved, self.solved)

    @functools.cached_property
    def misses(self) -> bool:
        """Whether there are numbers, and other ones than there should be."""
        return self.outcome.arrays is not None and not agree(self.outcome.arrays, self.expected)
