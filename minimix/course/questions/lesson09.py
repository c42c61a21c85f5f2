"""Questions of notebook 9: train a toy MixNet."""

import numpy as np

import minimix.functional as F
from minimix.course.questions.question import Question
from minimix.tensor import Tensor

CLASSES, SMOOTHING, BATCH, LEARNED = 10, 0.1, 128, 0.9


def loss_of_the_same() -> float:
    return F.cross_entropy(Tensor(np.zeros((1, CLASSES))), np.array([0])).item()


def least_loss() -> float:
    """The loss of a network that says exactly what the smoothed labels say."""
    wanted = np.full(CLASSES, SMOOTHING / CLASSES)
    wanted[0] += 1 - SMOOTHING
    return F.cross_entropy(Tensor(np.log(wanted)[None]), np.array([0]), label_smoothing=SMOOTHING).item()


QUESTIONS = (
    Question(
        "09 loss of a fresh network",
        "A network gives all ten classes the same probability. What is its loss?",
        loss_of_the_same,
        tolerance=0.01,
    ),
    Question(
        "09 learned by heart",
        "How many of these three will learn their 64 labels by heart?",
        lambda found: sum(share > LEARNED for name, (_, share) in found.items() if name != "as it should be"),
    ),
    Question(
        "09 steps of a run",
        "How many steps will this take? (A tenth of the images is kept for validation. Batches have 128 images, an "
        "incomplete last one is left out.)",
        lambda epochs, images: epochs * ((len(images) - len(images) // 10) // BATCH),
    ),
    Question(
        "09 least loss with smoothing",
        "What is the smallest loss with label smoothing of 0.1?",
        least_loss,
    ),
)
