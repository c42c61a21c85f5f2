"""Questions of notebook 0: start here."""

from minimix import nn
from minimix.course.questions.question import Question
from minimix.data.patterns import CLASSES


def mixed_weights() -> int:
    return sum(weight.size for weight in nn.MixConv2d(12, (3, 5, 7)).weights)


QUESTIONS = (
    Question("00 weights of a mixed layer", "How many weights does this layer have?", mixed_weights),
    Question(
        "00 change of the loss",
        "The weight grows by 0.001. By how much does the loss change, roughly?",
        lambda gradient: 0.001 * gradient,
    ),
    Question(
        "00 accuracy of a guess",
        "Of ten classes, each has as many images. How many per cent does a guess get right?",
        lambda: 100 / len(CLASSES),
        unit="%",
    ),
)
