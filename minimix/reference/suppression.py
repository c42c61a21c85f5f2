"""Non-maximum suppression."""

import numpy as np


def suppress(boxes: np.ndarray, scores: np.ndarray, threshold: float = 0.5, labels: np.ndarray | None = None) -> np.ndarray:
    """Of boxes that cover each other, the surest: which ones stay, int64, the surest first.

    boxes: (n, 4) of left, top, right, bottom. scores: (n,). labels: (n,), None: all are of one class. As long as some are left,
    take the one with the largest score (of equals the first), and drop those of its class whose intersection over union with it
    is above ``threshold``.

    Source: R-CNN (arXiv 1311.2524), sec. 2.2.

    >>> boxes = np.array([[0.0, 0, 4, 4], [0, 0, 4, 5], [9, 9, 12, 12]])
    >>> suppress(boxes, np.array([0.5, 0.9, 0.1]))
    array([1, 2])
    """
    labels = np.zeros(len(boxes)) if labels is None else labels
    left = list(range(len(boxes)))
    kept = []
    while left:
        best = max(left, key=lambda i: (scores[i], -i))
        kept.append(best)
        left = [
            i
            for i in left
            if i != best and not (labels[i] == labels[best] and _intersection_over_union(boxes[best], boxes[i]) > threshold)
        ]
    return np.array(kept, np.int64)


def _intersection_over_union(a: np.ndarray, b: np.ndarray) -> float:
    sides = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0.0)
    shared = sides[0] * sides[1]
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared) if shared > 0 else 0.0
