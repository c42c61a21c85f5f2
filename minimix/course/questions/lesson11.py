"""Questions of notebook 11: when things go wrong."""

import numpy as np
from numba import typeof

from minimix.course.questions.question import Question
from minimix.tensor import Tensor


def analytical_by_numerical(function) -> float:
    """At 2: the gradient by the tape, divided by the central difference."""
    x, h = Tensor(np.array([2.0]), requires_grad=True), 1e-6
    function(x).sum().backward()
    above, below = (function(Tensor(np.array([2.0 + step]))).item() for step in (h, -h))
    return float(x.grad[0]) / ((above - below) / (2 * h))


QUESTIONS = (
    Question(
        "11 a changed number",
        "scale is 3 now. What does scaled(1.0) return?",
        lambda function: function(1.0),
    ),
    Question(
        "11 how often it is compiled",
        "sum_of_squares is called with each of the four, twice. How often is it compiled?",
        lambda arguments: len({typeof(array) for array in arguments.values()}),
    ),
    Question(
        "11 a gradient that was cut",
        "What will be analytical / numerical for this cube?",
        analytical_by_numerical,
    ),
    Question(
        "11 the largest learning rate",
        "The curvature is a = 4. Above which learning rate does w grow from step to step?",
        lambda: 2 / 4,
    ),
)
