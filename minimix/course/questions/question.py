"""What a question of the course is: data. Its answer is not in the notebook, and is computed when it is first needed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Question:
    """name: by which a cell asks it, the lesson's number first. text: what is asked. unit: of the answer.

    answer: a function that computes it: a number, a tuple of numbers, True or False, or a word. Its arguments are what the
    cell hands over by name, such as times that were measured there.
    tolerance: relative error that still counts as right; by default 0 for whole numbers and a tenth for others.
    why: a sentence that goes with the answer.
    """

    name: str
    text: str
    answer: Callable[..., Any]
    unit: str = ""
    tolerance: float | None = None
    why: str = ""
