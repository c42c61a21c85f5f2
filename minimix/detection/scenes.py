"""Scenes: pictures of 64x64 with one to five shapes, drawn from a seed, with a box around each.

The shapes are those of ``patterns10``, the larger side of a box is 6 to 40 pixels (each factor in size is as likely as any
other), and smaller ones lie over larger ones, which stay visible for the most part. Ground and shapes have colours, gradients,
stripes and noise that say nothing about the class. A scene follows from its number and the seed alone, and only whole numbers
are computed with: the bytes are the same on every machine.
"""

import functools
from typing import NamedTuple

import numpy as np

from minimix.data.batches import whole
from minimix.data.draws import Draws
from minimix.data.patterns import ANGLES, COSINES, ONE, SHAPES, SINES, UNIT, within
from minimix.detection.boxes import Objects

CLASSES = SHAPES
SIDE = 64
MOST = 5  # shapes in a scene
SIZES = (6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 22, 25, 28, 32, 36, 40)  # pixels, each about 13 % more than the one before
SEEN = 5, 8  # so much of a shape, 5/8 of its pixels, is never covered
TRIES = 10  # places that are tried for a shape, before it is left out
SPLITS = ("train", "test")
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)  # for ``minimix.data.make_batch``
SCENES = 8  # a number for the draws of this module

_ROWS = np.arange(SIDE, dtype=np.int32)[:, None] * UNIT + UNIT // 2  # the pixels' middles
_COLUMNS = _ROWS.T
_MEASURED = 20 * UNIT  # the radius at which shapes are measured


class Scenes(NamedTuple):
    """images: uint8 (N, 3, 64, 64). objects: of each image."""

    images: np.ndarray
    objects: tuple[Objects, ...]


def scenes(split: str = "train", size: int = 1000, seed: int = 0) -> Scenes:
    """Draw ``size`` scenes. A smaller set is the beginning of a larger one; "train" and "test" share no random number.

    Raises ValueError for other splits and sizes.

    >>> images, objects = scenes("test", 2)
    >>> images.shape, [CLASSES[label] for label in objects[0].labels]
    ((2, 3, 64, 64), ['disc', 'square', 'cross'])
    """
    if split not in SPLITS:
        raise ValueError(f"split: expected {' or '.join(map(repr, SPLITS))}, not {split!r}")
    size, seed = whole("size", size, 1), whole("seed", seed, 0)
    drawn = [scene(Draws(SCENES, seed, SPLITS.index(split), number)) for number in range(size)]
    return Scenes(np.stack([image for image, _ in drawn]), tuple(objects for _, objects in drawn))


def scene(draws: Draws) -> tuple[np.ndarray, Objects]:
    """uint8 (3, 64, 64), and what is in it, larger shapes first."""
    wanted = int(draws.between(1, MOST, 1)[0])
    sizes = sorted((SIZES[i] for i in draws.integers(len(SIZES), wanted)), reverse=True)
    masks: list[np.ndarray] = []
    labels = []
    for size, label, angle in zip(sizes, draws.integers(len(CLASSES), wanted), draws.integers(ANGLES, wanted), strict=True):
        mask = _placed(masks, CLASSES[label], int(angle), size, draws)
        if mask is not None:
            masks.append(mask)
            labels.append(label)
    boxes = np.array([_box(mask) for mask in masks], np.float64)
    return _painted(masks, draws), Objects(boxes, np.array(labels, np.int64))


def _placed(masks: list[np.ndarray], shape: str, angle: int, size: int, draws: Draws) -> np.ndarray | None:
    """bool (64, 64): the shape at a place where it covers little of the others; None where none was found."""
    left, top, right, bottom = _extent(shape, angle)
    across, down = right - left, bottom - top
    scale = size * UNIT, max(across, down)
    hidden = [np.logical_or.reduce(masks[i + 1 :], axis=0) if masks[i + 1 :] else False for i in range(len(masks))]
    for _ in range(TRIES):
        x, y = (int(draws.integers(SIDE * UNIT - side * scale[0] // scale[1], 1)[0]) for side in (across, down))
        middle = x - left * scale[0] // scale[1], y - top * scale[0] // scale[1]
        mask = _inside(shape, angle, _MEASURED * scale[0] // scale[1], *middle)
        seen = [(old & ~(over | mask)).sum() * SEEN[1] >= old.sum() * SEEN[0] for old, over in zip(masks, hidden, strict=True)]
        if all(seen) and SIZES[0] <= max(_sides(mask)) <= SIZES[-1]:
            return mask
    return None


def _inside(shape: str, angle: int, radius: int, x: int, y: int) -> np.ndarray:
    """bool (64, 64): the pixels of a shape with its middle at (x, y)."""
    across, down = _COLUMNS - x, _ROWS - y
    sine, cosine = SINES[angle], COSINES[angle]
    return within(shape, (down * cosine + across * sine) // ONE, (across * cosine - down * sine) // ONE, radius)


@functools.cache
def _extent(shape: str, angle: int) -> tuple[int, int, int, int]:
    """The box of a shape with the radius ``_MEASURED``, as seen from its middle, in sixteenths of a pixel."""
    middle = SIDE * UNIT // 2
    left, top, right, bottom = (edge * UNIT - middle for edge in _box(_inside(shape, angle, _MEASURED, middle, middle)))
    return left, top, right, bottom


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _sides(mask: np.ndarray) -> tuple[int, int]:
    if not mask.any():
        return 0, 0
    left, top, right, bottom = _box(mask)
    return right - left, bottom - top


def _painted(masks: list[np.ndarray], draws: Draws) -> np.ndarray:
    """uint8 (3, 64, 64): the ground, and the shapes over it, each with a colour 60 levels or more from the ground's."""
    low, span = 32, 192
    ground = draws.integers(span, 3)
    picture = (low + ground)[:, None, None] + _clouds(draws) + _stripes(draws)
    colours = np.zeros((0, 3), np.int64)
    for mask in masks:
        few = (ground + draws.between(60, span - 60, 3 * 4).reshape(4, 3)) % span
        apart = np.abs(few[:, None] - colours).sum(axis=-1).min(axis=1, initial=3 * span)  # from the other shapes' colours
        colours = np.vstack([colours, few[apart.argmax()]])
        picture = np.where(mask, (low + colours[-1])[:, None, None] + _stripes(draws), picture)
    noise = draws.bytes(2 * 3 * SIDE * SIDE).reshape(2, 3, SIDE, SIDE).astype(np.int64)
    picture += (noise[0] + noise[1] - 255) * draws.between(10, 30, 1) >> 8  # a standard deviation of 4 to 12 levels
    return np.clip(picture, 0, 255).astype(np.uint8)


def _clouds(draws: Draws) -> np.ndarray:
    """(3, 64, 64), -32 to 32: random levels 16 pixels apart, and straight lines between them."""
    cell = 16
    levels = draws.between(-32, 32, 3 * 5 * 5).reshape(3, 5, 5)
    at, part = np.divmod(np.arange(SIDE), cell)
    rows = levels[:, at] * (cell - part)[:, None] + levels[:, at + 1] * part[:, None]  # (3, 64, 5)
    return (rows[..., at] * (cell - part) + rows[..., at + 1] * part) // cell**2


def _stripes(draws: Draws) -> np.ndarray:
    """(64, 64): stripes or checks of 2 to 6 pixels, up to 20 levels to both sides."""
    width, contrast, kind = int(draws.between(2, 6, 1)[0]), int(draws.between(0, 20, 1)[0]), int(draws.integers(4, 1)[0])
    y, x = np.arange(SIDE)[:, None], np.arange(SIDE)[None]
    light = (y + 0 * x, x + 0 * y, x + y, width * (x // width % 2) + y)[kind] // width % 2
    return contrast * (2 * light - 1)
