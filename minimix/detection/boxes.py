"""Boxes: areas, how far two of them cover each other, and how a network says where one is.

A box is (left, top, right, bottom) in pixels, its right and bottom edge being where the next pixel would begin; boxes are
(..., 4). Functions compute in float64.
"""

from typing import NamedTuple

import numpy as np

CENTRE, SIZE = 0.1, 0.2  # codes are divided by these, to have about the same spread: SSD's code does it, not its paper
FARTHEST = np.log(64.0)  # a decoded box is at most so much larger than its anchor (and no exponential overflows)


class Objects(NamedTuple):
    """What is in a picture. boxes: (n, 4). labels: (n,), class numbers."""

    boxes: np.ndarray
    labels: np.ndarray


class Detections(NamedTuple):
    """What was found in a picture. boxes: (n, 4). labels: (n,), class numbers. scores: (n,), larger where it is surer."""

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


def checked(boxes, name: str = "boxes") -> np.ndarray:
    """float64 (..., 4). Raises ValueError for other shapes, numbers that are not finite, and edges in the wrong order."""
    boxes = np.asarray(boxes, np.float64)
    if boxes.ndim == 0 or boxes.shape[-1] != 4:
        raise ValueError(f"{name}: expected (..., 4), left, top, right, bottom, not shape {boxes.shape}: none at all is (0, 4)")
    if not np.isfinite(boxes).all():
        raise ValueError(f"{name}: there is NaN or infinity among them")
    if (boxes[..., 2:] < boxes[..., :2]).any():
        place = tuple(int(i) for i in np.argwhere((boxes[..., 2:] < boxes[..., :2]).any(axis=-1))[0])
        raise ValueError(
            f"{name}: {boxes[place].tolist()} ends before it begins: expected (left, top, right, bottom); of (x, y, width, "
            "height) make (x, y, x + width, y + height)"
        )
    return boxes


def area(boxes) -> np.ndarray:
    """(...), square pixels.

    >>> area([[0, 0, 2, 3], [1, 1, 1, 5]])
    array([6., 0.])
    """
    boxes = checked(boxes)
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def intersection_over_union(first, second) -> np.ndarray:
    """(n, m), 0 to 1: the area that each of ``first`` (n, 4) shares with each of ``second`` (m, 4), over that of both together.

    Boxes that share nothing have 0, also where both are empty.

    >>> intersection_over_union([[0, 0, 2, 2]], [[0, 0, 2, 2], [1, 0, 3, 2], [2, 0, 4, 2]]).round(3)
    array([[1.   , 0.333, 0.   ]])
    """
    first, second = checked(first, "first"), checked(second, "second")
    sides = np.minimum(first[:, None, 2:], second[None, :, 2:]) - np.maximum(first[:, None, :2], second[None, :, :2])
    width, height = sides[..., 0], sides[..., 1]  # (n, m)
    shared = np.where((width > 0) & (height > 0), width * height, 0.0)
    union = area(first)[:, None] + area(second)[None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)


def encode(boxes, anchors) -> np.ndarray:
    """Where boxes are as seen from anchors, (..., 4): of the centre, x and y in the anchor's sides, then the logarithms of how
    much wider and higher; over ``CENTRE`` and ``SIZE``.

    Raises ValueError for empty boxes, whose logarithm would be infinite.

    Source: SSD (arXiv 1512.02325), eq. 2.

    >>> encode([0, 0, 8, 8], [0, 4, 8, 8]).round(3)
    array([ 0.   , -5.   ,  0.   ,  3.466])
    """
    (centre, sides), (anchor, anchor_sides) = (_middles(checked(*both)) for both in ((boxes, "boxes"), (anchors, "anchors")))
    if not (sides > 0).all() or not (anchor_sides > 0).all():
        raise ValueError("encode: boxes and anchors must have an area above 0")
    return np.concatenate([(centre - anchor) / anchor_sides / CENTRE, np.log(sides / anchor_sides) / SIZE], axis=-1)


def decode(codes, anchors) -> np.ndarray:
    """The boxes that ``encode`` made codes of. codes, anchors: (..., 4). Sizes are held within 1/64 and 64 of the anchor's.

    >>> decode([0.0, -5.0, 0.0, 3.4657], [0, 4, 8, 8]).round(3)
    array([0., 0., 8., 8.])
    """
    codes = np.asarray(codes, np.float64)
    anchor, anchor_sides = _middles(checked(anchors, "anchors"))
    centre = anchor + codes[..., :2] * CENTRE * anchor_sides
    half = anchor_sides * np.exp(np.clip(codes[..., 2:] * SIZE, -FARTHEST, FARTHEST)) / 2
    return np.concatenate([centre - half, centre + half], axis=-1)


def clip(boxes, height: float, width: float) -> np.ndarray:
    """What of the boxes lies within a picture of so many pixels. Those outside come to lie on its edge, with no area.

    >>> clip([[-3, 2, 5, 70], [70, 0, 80, 9]], 64, 64)
    array([[ 0.,  2.,  5., 64.],
           [64.,  0., 64.,  9.]])
    """
    return np.clip(checked(boxes), 0.0, (width, height, width, height))


def _middles(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(centres, sides), each (..., 2), x before y."""
    return (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
