"""Questions of notebook 10: does mixing help?"""

import numpy as np

from minimix import nn
from minimix.costs import profile
from minimix.course.questions.question import Question


def best_single(accuracy) -> int:
    """accuracy: {kernel sizes: an array, one number a seed}."""
    ((size,),) = [max((sizes for sizes in accuracy if len(sizes) == 1), key=lambda sizes: accuracy[sizes].mean())]
    return size


def runs_for_a_point(accuracy) -> int:
    """n = 2 (3 s / d)^2 with d = 1 point."""
    variance = np.mean([found.var(ddof=1) for found in accuracy.values()])
    return int(np.ceil(2 * 9 * variance))


QUESTIONS = (
    Question(
        "10 cost of the mixed layer",
        "How many multiply-adds does the layer with kernels 3, 5, 7, 9, 11 take, for 8, 6, 6, 6, 6 channels of 16x16?",
        lambda: profile(nn.MixConv2d(32, (3, 5, 7, 9, 11)), (1, 32, 16, 16)).macs,
        tolerance=0.01,
    ),
    Question(
        "10 best single size",
        "Which single kernel size has the highest mean accuracy here?",
        best_single,
    ),
    Question(
        "10 runs for one point",
        "How many runs of each variant would a difference of 1 point need?",
        runs_for_a_point,
        tolerance=0.3,
    ),
    Question(
        "10 checkerboards",
        "Of the 160 kernels of the five networks with 11x11 alone, how many have checks above 0.5?",
        lambda checks: int((checks > 0.5).sum()),
        tolerance=1.0,
    ),
    Question(
        "10 texture without 3x3",
        "How many points of texture are lost without the 3x3 group?",
        lambda lost: float(lost[3][:, 2].mean()),
        tolerance=1.0,
    ),
)
