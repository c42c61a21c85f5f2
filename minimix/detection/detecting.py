"""From a network's answers to what is in a picture."""

from collections.abc import Iterator

import numpy as np

from minimix.data import make_batch
from minimix.detection.boxes import Detections, clip, decode
from minimix.detection.network import Detector
from minimix.detection.scenes import MEAN, SIDE, STD
from minimix.detection.suppression import suppress
from minimix.tensor import Tensor, no_grad

LEAST = 0.01  # score from which on anything is looked at: what is unsure costs little precision, and may find more
COVERED = 0.5  # intersection over union, above which the less sure of two boxes of a class goes
MOST = 100  # in a picture
BATCH = 100


def detect(model: Detector, images: np.ndarray, least: float = LEAST) -> list[Detections]:
    """What the network finds in each picture, the surest first.

    images: uint8 (N, 3, 64, 64). least: score, 0 to 1, below which nothing is told. The network is put in evaluation mode, and
    back.

    >>> model = Detector(width=0.25)
    >>> [len(one.boxes) for one in detect(model, np.zeros((2, 3, 64, 64), np.uint8), least=0.9)]
    [0, 0]
    """
    training = model.training
    model.eval()
    try:
        return [found for batch in _batches(images) for found in _answers(model, batch, least)]
    finally:
        model.train(training)


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(images), BATCH):
        yield make_batch(images, np.arange(start, min(start + BATCH, len(images))), MEAN, STD)


def _answers(model: Detector, batch: np.ndarray, least: float) -> list[Detections]:
    with no_grad():
        outputs = model(Tensor(batch)).data.astype(np.float64)  # (N, A, classes + 4)
    scores = 1 / (1 + np.exp(-outputs[..., :-4]))
    boxes = clip(decode(outputs[..., -4:], model.anchors), SIDE, SIDE)
    return [found_in(*one, least) for one in zip(scores, boxes, strict=True)]


def found_in(scores: np.ndarray, boxes: np.ndarray, least: float = LEAST, covered: float = COVERED) -> Detections:
    """One picture's detections. scores: (A, classes). boxes: (A, 4). An anchor may stand for several classes.

    >>> found = found_in(np.array([[0.9, 0.2], [0.8, 0.0]]), np.array([[0.0, 0, 8, 8], [0, 0, 8, 9]]))
    >>> found.labels, found.scores
    (array([0, 1]), array([0.9, 0.2]))
    """
    anchor, label = np.nonzero(scores >= least)
    score = scores[anchor, label]
    kept = suppress(boxes[anchor], score, covered, label)[:MOST]
    return Detections(boxes[anchor[kept]], label[kept].astype(np.int64), score[kept])
