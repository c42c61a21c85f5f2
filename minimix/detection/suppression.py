"""Non-maximum suppression: of boxes that cover each other, the surest."""

import numpy as np

from minimix.detection.boxes import checked
from minimix.kernels import suppression as kernels


def suppress(boxes, scores, threshold: float = 0.5, labels=None) -> np.ndarray:
    """Which boxes stay: int64, the surest first; of equal scores the first.

    boxes: (n, 4). scores: (n,). threshold: a box goes where its intersection over union with a surer one that stays is larger.
    labels: (n,) class numbers: only boxes of one class suppress each other; None: all are of one class.

    ``minimix.reference.suppress`` is the definition.

    Raises ValueError for shapes that do not fit, boxes that end before they begin, scores that are NaN.

    >>> suppress([[0, 0, 4, 4], [0, 0, 4, 5], [9, 9, 12, 12]], [0.5, 0.9, 0.1])
    array([1, 2])
    >>> suppress([[0, 0, 4, 4], [0, 0, 4, 5], [9, 9, 12, 12]], [0.5, 0.9, 0.1], labels=[0, 1, 0])
    array([1, 0, 2])
    """
    boxes, scores = checked(boxes), np.asarray(scores)
    labels = np.zeros(len(boxes), np.int64) if labels is None else np.asarray(labels)
    if boxes.ndim != 2 or scores.shape != boxes.shape[:1] or labels.shape != boxes.shape[:1]:
        raise ValueError(
            f"suppress: boxes {boxes.shape}, scores {scores.shape} and labels {labels.shape} do not fit: expected (n, 4), (n,) "
            "and (n,)"
        )
    if np.isnan(scores).any():
        raise ValueError("suppress: there is NaN among the scores")
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold: expected a number from 0 to 1, not {threshold!r}")
    order = np.argsort(-scores.astype(np.float64), kind="stable")
    kept = np.empty(len(order), np.bool_)
    kernels.suppress(np.ascontiguousarray(boxes[order]), labels[order].astype(np.int64), float(threshold), kept)
    return order[kept]
