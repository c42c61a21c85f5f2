"""Questions of notebook 2: depthwise and separable."""

from minimix import models
from minimix.costs import profile
from minimix.course.exercises import SEPARABLE_MACS
from minimix.course.questions.question import Question

PICTURE = (1, 3, 224, 224)


def fewer() -> float:
    counted = SEPARABLE_MACS.solution(1, 1, 512, 512, 3)
    return counted["dense"] / counted["separable"]


def pointwise_share() -> float:
    cost = profile(models.create("mobilenetv1_100"), PICTURE)
    return 100 * cost.macs_by_kind["pointwise"] / cost.macs


def fewer_at_half_width() -> float:
    whole, half = (profile(models.create(f"mobilenetv1_{width}"), PICTURE).macs for width in ("100", "050"))
    return whole / half


QUESTIONS = (
    Question(
        "02 fewer multiply-adds",
        "512 input and 512 output channels, 3x3 kernels: how many times fewer multiply-adds does the separable layer need?",
        fewer,
        tolerance=0.05,
    ),
    Question(
        "02 faster with 16 channels",
        "With 16 channels the separable layer has 5.8 times fewer multiply-adds. How many times faster is it here?",
        lambda times: times[16]["dense"] / times[16]["separable"],
        tolerance=0.25,
    ),
    Question(
        "02 share of the pointwise layers",
        "Which share of all multiply-adds is in the pointwise layers?",
        pointwise_share,
        unit="%",
        tolerance=0.03,
    ),
    Question(
        "02 half as wide",
        "How many times fewer multiply-adds does V1 need with \N{GREEK SMALL LETTER ALPHA} = 0.5?",
        fewer_at_half_width,
        tolerance=0.08,
    ),
)
