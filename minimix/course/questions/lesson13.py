"""Questions of notebook 13: a search for a network."""

import math

from minimix.course.questions.question import Question


def trust(correlation: float) -> float | None:
    """None, no answer, where all networks are equal and have no ranks."""
    return None if math.isnan(correlation) else float(correlation)


QUESTIONS = (
    Question(
        "13 networks to choose from",
        "Eight blocks, each with one to five groups: how many networks are there?",
        lambda: 5**8,
    ),
    Question(
        "13 weights that a choice leaves",
        "What share of the weights of its 11x11 kernels does a block with a single group use?",
        lambda: 100 * 3**2 / 11**2,
        unit="%",
    ),
    Question(
        "13 trust in shared weights",
        "What will the rank correlation be, between accuracy with shared weights and from scratch?",
        trust,
        tolerance=0.3,
    ),
    Question(
        "13 reward at twice the target",
        "Two networks are equally accurate; the second costs twice as much. How many times the first one's reward is its own?",
        lambda: 2**-0.07,
        tolerance=0.01,
        why="To double the cost pays only where it makes the accuracy 5 percent larger, as a ratio.",
    ),
)
