"""Anchors: boxes all over the picture, of which the network says what is in them, and where it is exactly.

Each pixel of a feature map has some, squares around its middle: small ones on the fine map, large ones on the coarse map.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minimix.detection.boxes import checked, intersection_over_union

BACKGROUND = -1  # in place of an object's number


class Level(NamedTuple):
    """A feature map. stride: pixels of the picture that one of its pixels stands for. sides: of its anchors, in pixels."""

    stride: int
    sides: tuple[float, ...]


def anchors(levels: Sequence[Level], side: int) -> np.ndarray:
    """float64 (A, 4), for square pictures of ``side`` pixels: map after map, row after row, one side after the other.

    They may reach over the picture's edge. Raises ValueError for strides that do not divide ``side``.

    Source: SSD (arXiv 1512.02325), sec. 2.2, with one shape of box.

    >>> anchors([Level(8, (6.0, 8.0)), Level(16, (16.0,))], 16)[[0, 1, 8]]
    array([[ 1.,  1.,  7.,  7.],
           [ 0.,  0.,  8.,  8.],
           [ 0.,  0., 16., 16.]])
    """
    parts = []
    for stride, sides in levels:
        if side % stride:
            raise ValueError(f"levels: a stride of {stride} pixels does not divide a picture of {side}")
        middles = np.arange(stride / 2, side, stride)
        y, x, half = np.meshgrid(middles, middles, np.array(sides, np.float64) / 2, indexing="ij")
        parts.append(np.stack([x - half, y - half, x + half, y + half], axis=-1).reshape(-1, 4))
    return np.concatenate(parts)


def match(anchors, boxes, threshold: float = 0.5) -> np.ndarray:
    """Which object each anchor stands for: int64 (A,), the number of a box, or ``BACKGROUND``.

    anchors: (A, 4). boxes: (n, 4), of the objects in a picture.

    First each object gets an anchor of its own, the one that it shares most with by intersection over union; where several want
    the same, the pair that shares most goes first. Then every other anchor that shares ``threshold`` or more with an object
    stands for it, too, for the one that it shares most with. Of equals, the first counts. An object that shares nothing with
    any anchor that is left gets none.

    Source: SSD (arXiv 1512.02325), sec. 2.2, "matching strategy".

    >>> anchors = [[0, 0, 8, 8], [1, 0, 9, 8], [8, 8, 16, 16], [20, 20, 28, 28]]
    >>> match(anchors, [[0, 0, 8, 8], [9, 9, 12, 12]])
    array([ 0,  0,  1, -1])
    """
    anchors, boxes = checked(anchors, "anchors"), checked(boxes)
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold: expected a number above 0, up to 1, not {threshold!r}")
    found = np.full(len(anchors), BACKGROUND, np.int64)
    if not len(boxes) or not len(anchors):
        return found
    shared = intersection_over_union(anchors, boxes)  # (A, n)
    best = shared.argmax(axis=1)
    enough = shared.max(axis=1) >= threshold
    found[enough] = best[enough]
    for _ in range(min(shared.shape)):
        anchor, box = np.unravel_index(shared.argmax(), shared.shape)
        if shared[anchor, box] <= 0:
            break
        found[anchor] = box
        shared[anchor], shared[:, box] = -1.0, -1.0  # both are taken
    return found
