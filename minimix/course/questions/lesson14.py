"""Questions of notebook 14: transfer and detection."""

import numpy as np

from minimix import models, optim
from minimix.course.exercises import AVERAGE_PRECISION, SUPPRESS
from minimix.course.questions.question import Question
from minimix.detection import anchors, encode, intersection_over_union
from minimix.detection.network import LEVELS
from minimix.detection.scenes import SIDE


def classifier(width: float, classes: int) -> int:
    return sum(p.size for p in models.create("mixnet_nano", width=width, num_classes=classes).classifier.parameters())


def first_rate(lr: float, layer_decay: float) -> float:
    groups = optim.layer_decay_groups(models.create("mixnet_nano"), lr, layer_decay)
    return min(group["lr"] for group in groups)


def that_stay() -> int:
    """A row of boxes, 10 pixels wide, each 3 further to the right, the leftmost the surest."""
    boxes = np.array([[3.0 * i, 0, 3 * i + 10, 10] for i in range(4)])
    return len(SUPPRESS.solution(boxes, np.array([0.9, 0.8, 0.7, 0.6]), 0.5))


QUESTIONS = (
    Question(
        "14 what is trained",
        "Everything but the classifier is frozen: mixnet_nano at width 0.5, for five classes. Its classifier sees 256 "
        "features. How many parameters are trained?",
        lambda: classifier(0.5, 5),
    ),
    Question(
        "14 rate of the first layer",
        "mixnet_nano has ten layers in this sense. With --lr 0.1 --layer-decay 0.75, what is the learning rate of the first "
        "one?",
        lambda: first_rate(0.1, 0.75),
        tolerance=0.02,
    ),
    Question(
        "14 a box and its neighbour",
        "Two boxes of 10x10 pixels; one lies 5 pixels further to the right. What is their intersection over union?",
        lambda: float(intersection_over_union([[0, 0, 10, 10]], [[5, 0, 15, 10]])[0, 0]),
        tolerance=0.02,
    ),
    Question(
        "14 anchors in all",
        "How many anchors does the detector have?",
        lambda: len(anchors(LEVELS, SIDE)),
    ),
    Question(
        "14 code of a box",
        "The anchor is (0, 0, 8, 8), the box (2, 0, 10, 8). What is its code?",
        lambda: tuple(float(number) for number in encode([2, 0, 10, 8], [0, 0, 8, 8])),
    ),
    Question(
        "14 boxes that stay",
        "Four boxes of 10x10 pixels in a row, each 3 pixels further to the right, with scores 0.9, 0.8, 0.7 and 0.6. The "
        "threshold is 0.5. How many stay?",
        that_stay,
    ),
    Question(
        "14 average precision of three",
        "There are two objects and three detections; sorted by score they are right, wrong, right. What is the average "
        "precision?",
        lambda: AVERAGE_PRECISION.solution(np.array([True, False, True]), np.array([0.9, 0.8, 0.7]), 2),
        tolerance=0.01,
    ),
)  # fmt: skip
