"""How good detections are: COCO's average precision, by how much the boxes must share, and by the size of the objects.

To the bit what COCO's own program computes (pycocotools 2.0), where its crowds and ``ignore`` flags are left out.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from minimix.detection.boxes import Detections, Objects, area, checked, intersection_over_union

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of intersection over union, from which on a box is right
RECALLS = np.linspace(0.0, 1.0, 101)  # where precision is read
MOST = 100  # detections of a class in a picture that count, the surest
# From, to: square pixels, both included. COCO has 32 and 96 pixels a side in place of 12 and 24: its pictures are larger.
SIZES = {"all": (0.0, 1e10), "small": (0.0, 12.0**2), "medium": (12.0**2, 24.0**2), "large": (24.0**2, 1e10)}


class AveragePrecision(NamedTuple):
    """Each from 0 to 1, or NaN where there is no such object.

    ap: the mean over ten thresholds, 0.5 to 0.95. ap50, ap75: with these alone. ap_small, ap_medium, ap_large: as ap, of
    objects of these sizes.
    """

    ap: float
    ap50: float
    ap75: float
    ap_small: float
    ap_medium: float
    ap_large: float


def average_precision(
    objects: Sequence[Objects], found: Sequence[Detections], classes: int, sizes: Mapping[str, tuple[float, float]] = SIZES
) -> AveragePrecision:
    """Of pictures with these objects, in which this was found.

    objects: ``Objects``, or (boxes, labels), of each picture. found: ``Detections``, or (boxes, labels, scores), of each.
    classes: labels are 0 to classes - 1. sizes: areas of "all", "small", "medium" and "large", (from, to).

    A detection is right where it shares enough with an object of its class that no surer detection has taken; of several it
    takes the one that it shares most with. Detections are sorted by score, and as recall grows with each, precision is read at
    101 recalls, 0, 0.01, ..., 1: there, the highest precision at this recall or a higher one counts. The mean is over recalls,
    thresholds, and those classes that have objects. For a size, objects of other sizes are neither right nor missed, nor are
    detections that take them, nor detections of other sizes that take nothing. Equal scores stay in the order of the pictures.

    Raises ValueError for what does not fit together.

    Source: COCO (cocodataset.org, "Detection Evaluation"; arXiv 1405.0312).

    >>> objects = [([[10, 10, 20, 20]], [0]), ([[0, 0, 40, 40]], [0])]
    >>> found = [([[10, 10, 20, 18]], [0], [0.9]), ([[0, 0, 40, 40], [50, 50, 60, 60]], [0, 0], [0.8, 0.3])]
    >>> result = average_precision(objects, found, classes=1)
    >>> [round(float(value), 3) for value in (result.ap, result.ap50, result.ap_small, result.ap_large)]
    [0.776, 1.0, 0.7, 1.0]
    """
    missing = [name for name in ("all", "small", "medium", "large") if name not in sizes]
    if missing:
        raise ValueError(f"sizes: {' and '.join(missing)} of all, small, medium, large is not there")
    every, small, medium, large = (
        precisions(objects, found, classes, list(sizes.values()))[..., list(sizes).index(name)]
        for name in ("all", "small", "medium", "large")
    )
    half, three_quarters = (int(np.argmin(np.abs(THRESHOLDS - threshold))) for threshold in (0.5, 0.75))
    values = (every, every[half], every[three_quarters], small, medium, large)
    return AveragePrecision(*(float(known.mean()) if (known := v[~np.isnan(v)]).size else np.nan for v in values))


def precisions(
    objects: Sequence[Objects], found: Sequence[Detections], classes: int, sizes: Sequence[tuple[float, float]]
) -> np.ndarray:
    """The precision that is read at each threshold, recall, class and size: (10, 101, classes, sizes), NaN where a class has no
    object of a size. Arguments as in ``average_precision``; sizes: (from, to) of each.
    """
    objects, found = _checked(objects, found, classes)
    limits = np.array(sizes, np.float64).reshape(-1, 2)
    result = np.full((len(THRESHOLDS), len(RECALLS), classes, len(limits)), np.nan)
    for label in range(classes):
        pictures = [
            _matched(real.boxes[real.labels == label], *_surest(detected, label), limits)
            for real, detected in zip(objects, found, strict=True)
        ]
        counted = np.sum([picture.counted for picture in pictures], axis=0)  # (sizes,)
        scores = np.concatenate([picture.scores for picture in pictures])
        order = np.argsort(-scores, kind="stable")
        right, wrong = (
            np.concatenate([getattr(picture, name) for picture in pictures], axis=-1)[..., order] for name in ("right", "wrong")
        )  # (sizes, thresholds, detections)
        for size in np.flatnonzero(counted):
            for threshold in range(len(THRESHOLDS)):
                result[threshold, :, label, size] = _read(right[size, threshold], wrong[size, threshold], counted[size])
    return result


class _Picture(NamedTuple):
    """Of one class in one picture. scores: (d,). right, wrong: bool (sizes, thresholds, d); those that are neither do not
    count. counted: (sizes,), objects."""

    scores: np.ndarray
    right: np.ndarray
    wrong: np.ndarray
    counted: np.ndarray


def _surest(found: Detections, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and scores of one class, sorted by score."""
    mine = np.flatnonzero(found.labels == label)
    mine = mine[np.argsort(-found.scores[mine], kind="stable")][:MOST]
    return found.boxes[mine], found.scores[mine]


def _matched(real: np.ndarray, boxes: np.ndarray, scores: np.ndarray, limits: np.ndarray) -> _Picture:
    """real: (n, 4), objects. boxes: (d, 4), found, the surest first. limits: (sizes, 2), of areas."""
    low, high = limits[:, :1], limits[:, 1:]
    other, other_boxes = ((area(b) < low) | (area(b) > high) for b in (real, boxes))  # (sizes, n), (sizes, d): not that large
    shape = len(limits), len(THRESHOLDS), len(boxes)
    taken_by, ignored = np.zeros(shape, bool), np.zeros(shape, bool)  # takes an object; one of another size
    free = np.ones((*shape[:2], len(real)), bool)
    shared = intersection_over_union(boxes, real)  # (d, n)
    needed = np.minimum(THRESHOLDS, 1 - 1e-10)[:, None]
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    for number in range(len(boxes) if len(real) else 0):
        value = np.where(free & (shared[number] >= needed), shared[number], -1.0)  # (sizes, thresholds, n)
        fitting = np.where(other[:, None], -1.0, value)
        value = np.where((fitting >= 0).any(axis=-1, keepdims=True), fitting, value)  # those of the size go first
        best = len(real) - 1 - value[..., ::-1].argmax(axis=-1)  # of equals the last, as in COCO's program
        takes = value[rows, columns, best] >= 0
        taken_by[..., number] = takes
        ignored[..., number] = takes & other[rows, best]
        free[rows, columns, best] &= ~takes
    wrong = ~taken_by & ~other_boxes[:, None]
    return _Picture(scores, taken_by & ~ignored, wrong, (~other).sum(axis=1))


def _read(right: np.ndarray, wrong: np.ndarray, counted: int) -> np.ndarray:
    """(101,): precision at each recall. right, wrong: bool (d,), sorted by score. counted: objects."""
    hits, misses = np.cumsum(right, dtype=np.float64), np.cumsum(wrong, dtype=np.float64)
    recall = hits / counted
    precision = hits / (hits + misses + np.spacing(1))
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, RECALLS, side="left")
    return np.append(precision, 0.0)[places]  # recalls that are never reached have no precision


def _checked(objects, found, classes: int) -> tuple[list[Objects], list[Detections]]:
    if len(objects) != len(found):
        raise ValueError(f"there are objects of {len(objects)} pictures, detections of {len(found)}: give one entry a picture")

    def parts(entry, name: str, kind, scores: bool):
        boxes, labels, *rest = entry
        boxes = checked(boxes, name) if np.size(boxes) else np.zeros((0, 4))
        labels, rest = np.asarray(labels).reshape(-1), [np.asarray(part, np.float64).reshape(-1) for part in rest]
        if len(rest) != scores or any(len(part) != len(boxes) for part in (labels, *rest)) or boxes.ndim != 2:
            raise ValueError(f"{name}: expected (n, 4) boxes, n labels{' and n scores' if scores else ''} in each entry")
        if not np.isin(labels, np.arange(classes)).all():
            raise ValueError(f"{name}: labels must be 0 to {classes - 1}, not {sorted(set(labels.tolist()))}")
        if rest and np.isnan(rest[0]).any():
            raise ValueError(f"{name}: there is NaN among the scores")
        return kind(boxes, labels.astype(np.int64), *rest)

    return (
        [parts(entry, "objects", Objects, False) for entry in objects],
        [parts(entry, "found", Detections, True) for entry in found],
    )
