"""Questions of notebook 5: FLOP maths."""

import numpy as np

from minimix import models, reference
from minimix.costs import profile
from minimix.course.questions.question import Question


def share_with_a_zero() -> float:
    """Ones convolved with ones count the multiply-adds that meet a pixel."""
    met = reference.depthwise_conv2d(np.ones((1, 1, 7, 7)), np.ones((1, 1, 9, 9)))
    return 100 * float(1 - met.sum() / (met.size * 81))


def mixnet_s(size: int):
    return profile(models.create("mixnet_s"), (1, 3, size, size))


QUESTIONS = (
    Question(
        "05 products with a zero",
        "A 9x9 kernel on a 7x7 picture, 'same' padding: which share of its multiply-adds meets a zero?",
        share_with_a_zero,
        unit="%",
    ),
    Question(
        "05 a smaller picture",
        "MixNet-S on 128x128 instead of 224x224 pixels: how many times fewer multiply-adds?",
        lambda: mixnet_s(224).macs / mixnet_s(128).macs,
        tolerance=0.05,
    ),
    Question(
        "05 time of the depthwise layers",
        "Depthwise layers have 16 % of MixNet-S's multiply-adds. Which share of the time is theirs?",
        lambda seconds: 100 * seconds["depthwise"] / sum(seconds.values()),
        unit="%",
        tolerance=0.25,
    ),
    Question(
        "05 intensity of the classifier",
        "The classifier is a 1536 x 1000 matrix and sees one picture at a time. What is its intensity?",
        lambda intensity: intensity["classifier"],
        unit="FLOP/byte",
    ),
    Question(
        "05 PyTorch's counter",
        "PyTorch's FlopCounterMode counts convolutions and matrix products, 2 for a multiply-add. What does it say of "
        "MixNet-S?",
        lambda: mixnet_s(224).counted_as("torch"),
        tolerance=0.01,
    ),
)
