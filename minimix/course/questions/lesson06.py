"""Questions of notebook 6: autograd from nothing."""

import numpy as np

from minimix import models
from minimix.course.questions.question import Question
from minimix.ops.elementwise import unbroadcast


def runs() -> int:
    return 2 * sum(parameter.size for parameter in models.create("mixnet_nano").parameters())


def ways() -> int:
    found = 1
    for _ in range(30):
        found += found
    return found


def summed() -> int:
    return int(unbroadcast(np.ones((8, 32, 16, 16)), (32, 1, 1))[0, 0, 0])


QUESTIONS = (
    Question(
        "06 runs for a gradient",
        "mixnet_nano, the small network of this course, has 202,004 weights. How many times must it run for the central "
        "differences of a single gradient?",
        runs,
    ),
    Question(
        "06 ways through thirty doublings",
        "x is doubled thirty times, each time as x = x + x. How many ways lead from the first x to the last?",
        ways,
    ),
    Question(
        "06 summed into a bias",
        "A batch norm adds a bias of shape (32, 1, 1) to activations of shape (8, 32, 16, 16). How many numbers are summed "
        "into each entry of the bias's gradient?",
        summed,
    ),
)
