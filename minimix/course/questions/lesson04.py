"""Questions of notebook 4: MixConv."""

import numpy as np

from minimix import nn, partition
from minimix.course.questions.question import Question
from minimix.tensor import Tensor

KERNELS = (3, 5, 7, 9)


def weights(channels: int) -> int:
    return sum(weight.size for weight in nn.MixConv2d(channels, KERNELS).weights)


def shape_with_stride() -> tuple[int, ...]:
    return nn.MixConv2d(32, KERNELS, stride=2)(Tensor(np.zeros((2, 32, 28, 28), np.float32))).shape


def taps_a_number() -> float:
    sizes = partition(32, 4, "exponential")
    return sum(channels * kernel**2 for channels, kernel in zip(sizes, KERNELS, strict=True)) / 32


QUESTIONS = (
    Question("04 weights of the layer", "How many weights does this layer have?", lambda: weights(32)),
    Question("04 shape with stride 2", "x is (2, 32, 28, 28). Which shape comes out with stride=2?", shape_with_stride),
    Question(
        "04 exponential groups",
        "The exponential kind: 32 channels in 4 groups. How many channels does each group get?",
        lambda: partition(32, 4, "exponential"),
    ),
    Question(
        "04 share of weights kept",
        "Which share of the 9x9 layer's weights does the mixed layer keep?",
        lambda: 100 * weights(8) / (8 * 9**2),
        unit="%",
        tolerance=0.05,
    ),
    Question(
        "04 zeros after a step",
        "After one step of gradient descent on the 9x9 kernels, which share of the zeros is left?",
        lambda gradient, trained: 100 * float((gradient[~trained] == 0).mean()),
        unit="%",
    ),
    Question(
        "04 multiply-adds for each number",
        "Four groups, exponential: how many multiply-adds for each output number, on average?",
        taps_a_number,
    ),
)
