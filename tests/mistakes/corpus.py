"""What the corpus is made of: wrong ops and wrong solutions with their true causes, and right ones that look odd.

They were written without a look at the rules that name causes (``minimix/gradcheck``, ``minimix/course/checking``), so that
these can be measured by them: ``python tests/mistakes`` prints how often a check says the true cause, a false one, or none.
Some are held out, the files with ``_later_`` in their names: nobody looks at what is said of them while rules are changed.
Once they were looked at, they lose that part of their names, and others are written.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minimix import Tensor
from minimix.gradcheck.causes import CAUSES


@dataclass(frozen=True)
class Wrong:
    """An op whose backward pass is wrong (or whose forward pass breaks the rules).

    name: unique, a few words. func: takes Tensors, returns a Tensor or several.
    points: functions of a ``numpy.random.Generator``, each making the arrays of one call, float64 where they are to be
    differentiated; other shapes and values, at all of which the op is wrong.
    cause: a label of CAUSES. also: labels that are as true. truth: what is wrong, in a sentence.
    """

    name: str
    func: Callable
    points: tuple[Callable, ...]
    cause: str
    truth: str
    also: tuple[str, ...] = ()

    def __post_init__(self):
        assert {self.cause, *self.also} <= set(CAUSES), (self.name, self.cause, self.also)


@dataclass(frozen=True)
class Right:
    """An op or function that is right everywhere, however awkward; refused: in which modes it may be refused with a ValueError
    or TypeError (a function that is not analytic in complex mode), as documented."""

    name: str
    func: Callable
    points: tuple[Callable, ...]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Solution:
    """What a learner wrote for an exercise of the course: wrong, with the truth in a sentence, or right (truth None)."""

    exercise: str
    name: str
    function: Callable
    truth: str | None = None


def collected() -> tuple[list[Solution], Callable]:
    """An empty list, and ``@solution(exercise, name, truth)``, which puts the function behind it there; without a truth it is
    right."""
    found: list[Solution] = []

    def solution(exercise: str, name: str, truth: str | None = None) -> Callable:
        def put(function: Callable) -> Callable:
            found.append(Solution(exercise, f"{exercise}: {name}", function, truth))
            return function

        return put

    return found, solution


def tensors(arrays) -> list:
    """Float64 arrays as Tensors that require a gradient, all else as it is."""
    return [Tensor(a, requires_grad=True) if isinstance(a, np.ndarray) and a.dtype == np.float64 else a for a in arrays]
