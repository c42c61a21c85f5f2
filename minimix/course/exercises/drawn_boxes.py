"""Boxes at random, many of which share something: side by side, one in another, the same one twice, none at all."""

import numpy as np

from minimix.course.exercises.drawn_numbers import whole

GRIDS = (1.0, 0.5, 0.25, 0.0625)  # pixels: edges lie on one of these, so that shared areas are exact


def boxes(rng: np.random.Generator, count: int, side: int = 24, grid: float = 1.0) -> np.ndarray:
    """(count, 4): left, top, right, bottom, each with an area; some are shifted copies of others.

    >>> found = boxes(np.random.default_rng(0), 50)
    >>> bool((found[:, 2:] > found[:, :2]).all())
    True
    """
    sides = 1 + rng.integers(0, side, (count, 2)) * rng.choice([0.3, 1.0], (count, 1)) // 1
    corner = rng.integers(-side // 4, side, (count, 2)).astype(float)
    found = np.concatenate([corner, corner + sides], axis=1) * grid
    for i in range(1, count):
        if rng.random() < 0.45:
            found[i] = near(rng, found[rng.integers(i)], grid)
    return found


def near(rng: np.random.Generator, box: np.ndarray, grid: float = 1.0) -> np.ndarray:
    """One that shares much with ``box``, or is the same, or touches it, or lies inside or around it."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    way = rng.integers(6)
    if way == 0:  # the same
        return box.copy()
    if way == 1:  # touches an edge, or a corner
        dx, dy = rng.choice([-width, 0, width]), rng.choice([-height, height])
        return box + np.array([dx, dy, dx, dy])
    if way == 2:  # around it
        return box + grid * np.array([-1, -1, 1, 1]) * rng.integers(0, 4, 4)
    moved = box + grid * rng.integers(-2, 3, 4)
    return moved if (moved[2:] > moved[:2]).all() else box + np.array([grid, 0, grid, 0])


def repair(boxes: np.ndarray) -> None:
    """Make boxes of any numbers, in place."""
    if boxes.flags.writeable:
        boxes[:, 2:] += np.where(boxes[:, 2:] > boxes[:, :2], 0, boxes[:, :2] - boxes[:, 2:] + 1)


def sizes(rng: np.random.Generator) -> int:
    """How many boxes."""
    return whole(rng, 1, 14)
