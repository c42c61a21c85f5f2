"""patterns10: a picture set that needs no download, drawn here from a seed.

Ten classes = five coarse shapes x two fine textures. The texture (checks or stripes) is two pixels wide and has the same mean
and contrast in both, so whoever looks at a scale much coarser than that cannot tell; the shape is 12 to 22 pixels across,
turned at random and filled with texture and noise, so whoever looks through a window of a few pixels cannot tell either. Place,
size, angle and colours say nothing about the class. Neither is hidden by the usual augmentation (flips, small shifts).

Only whole numbers are computed with, so that a seed gives the same bytes on every machine.
"""

import numpy as np

from minimix.data.dataset import Dataset
from minimix.data.draws import PATTERNS, Draws

SHAPES = ("disc", "ring", "square", "triangle", "cross")
TEXTURES = ("checked", "striped")
CLASSES = tuple(f"{texture} {shape}" for shape in SHAPES for texture in TEXTURES)  # class = 2 * shape + texture
SIZES = {"train": 10_000, "test": 2_000}
MEAN, STD = (0.4922, 0.4942, 0.4946), (0.2352, 0.2355, 0.2350)  # of the 10 000 training images of seed 0

SIDE = 32
UNIT = 16  # coordinates are in sixteenths of a pixel
CELL = 2  # width of a stripe or a check, in pixels
CHUNK = 500  # images drawn from one stream; also what fits in the cache while it is worked on
ANGLES = 64
ONE = 256  # sines and cosines are in 1/256, rounded: no machine's last bit matters
SINES = np.round(ONE * np.sin(2 * np.pi * np.arange(ANGLES) / ANGLES)).astype(np.int32)
COSINES = np.roll(SINES, -ANGLES // 4)


def patterns10(split: str = "train", size: int | None = None, seed: int = 0) -> Dataset:
    """Draw ``size`` images (10 000 of "train", 2 000 of "test" where not given), as many of each class to within a chunk.

    A smaller set is the beginning of a larger one; train and test share no random number.

    >>> from minimix.data import patterns10
    >>> patterns10("test", size=20)
    Dataset(patterns10: 20 images of 32x32, 10 classes)
    >>> patterns10("test", size=20).classes[:3]
    ('checked disc', 'striped disc', 'checked ring')
    """
    if split not in SIZES:
        raise ValueError(f"split: patterns10 has {' and '.join(map(repr, SIZES))}, not {split!r}")
    size = SIZES[split] if size is None else size
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise ValueError(f"size: expected a number of images, 1 or more, not {size!r}")
    images = np.empty((size, 3, SIDE, SIDE), np.uint8)
    labels = np.empty(size, np.int64)
    for start in range(0, size, CHUNK):
        part_images, part_labels = _draw(Draws(PATTERNS, seed, list(SIZES).index(split), start // CHUNK))
        stop = min(start + CHUNK, size)
        images[start:stop], labels[start:stop] = part_images[: stop - start], part_labels[: stop - start]
    return Dataset(images, labels, CLASSES, "patterns10", MEAN, STD)


def _draw(draws: Draws) -> tuple:
    """One chunk: uint8 (CHUNK, 3, 32, 32) and its labels."""
    n = CHUNK
    labels = draws.permutation(n) % len(CLASSES)
    inside = _shapes(labels // 2, draws)  # (n, 32, 32) of 0 or 1
    light = _textures(labels % 2, draws)  # (n, 32, 32) of -1 or 1
    # Colours keep off black and white, so that no texture is clipped away; and figure and ground are at least 60 levels apart
    # in each channel, up or down, whichever way the sum wraps.
    low, span = 32, 192
    ground = draws.integers(span, 3 * n).reshape(n, 3)
    figure = (ground + draws.between(60, span - 60, 3 * n).reshape(n, 3)) % span
    ground, figure = ground + low, figure + low
    contrast = draws.between(24, 40, n)
    slope = draws.between(-40, 40, 6 * n).reshape(2, n, 3, 1)  # brightness gained from edge to edge, down and to the right
    ramp = np.arange(SIDE) - SIDE // 2
    noise = draws.bytes(2 * n * 3 * SIDE * SIDE).reshape(2, n, 3, SIDE, SIDE)
    strength = draws.between(20, 60, n)  # in 1/256 of the sum of two bytes: a standard deviation of 8 to 24 levels

    def narrow(values, *shape):
        return values.astype(np.int16).reshape(shape)  # 16 bits hold all that follows, and go twice as fast

    picture = narrow(ground, n, 3, 1, 1) + inside[:, None] * (
        narrow(figure - ground, n, 3, 1, 1) + light[:, None] * narrow(contrast, n, 1, 1, 1)
    )
    picture += narrow(slope[0] * ramp // SIDE, n, 3, SIDE, 1)
    picture += narrow(slope[1] * ramp // SIDE, n, 3, 1, SIDE)
    grain = noise[0].astype(np.int16) + noise[1] - 255  # -255 .. 255, a triangle
    picture += (grain // 2 * narrow(strength, n, 1, 1, 1)) >> 7
    return np.clip(picture, 0, 255).astype(np.uint8), labels


def _shapes(shape: np.ndarray, draws: Draws) -> np.ndarray:
    """int16 (n, 32, 32), 1 inside a shape of about the same area for each kind, turned and placed at random."""
    n = len(shape)

    def column(values):
        return values.astype(np.int32).reshape(n, 1, 1)

    angle = draws.integers(ANGLES, n)
    sine, cosine = column(SINES[angle]), column(COSINES[angle])
    radius = column(draws.between(6 * UNIT, 9 * UNIT, n))
    y, x = (np.arange(SIDE, dtype=np.int32) * UNIT + UNIT // 2 for _ in range(2))
    y = y[:, None] - column(draws.between(10 * UNIT, 22 * UNIT, n))
    x = x[None, :] - column(draws.between(10 * UNIT, 22 * UNIT, n))
    u, v = (x * cosine + y * sine) // ONE, (y * cosine - x * sine) // ONE
    inside = np.empty((n, SIDE, SIDE), bool)
    for kind, name in enumerate(SHAPES):
        mine = shape == kind
        inside[mine] = within(name, u[mine], v[mine], radius[mine])
    return inside.astype(np.int16)


def within(shape: str, u, v, radius):
    """Which of the points (u, v), seen from a shape's middle, are inside it: integers of one unit, which broadcast.

    Shapes of one radius have about the same area; each is its own mirror image in u.

    >>> within("square", np.array([0, 90, 95]), 0, 100)
    array([ True,  True, False])
    """
    across, high = np.abs(u), np.abs(v)
    if shape == "disc":
        return across * across + high * high <= radius * radius
    if shape == "ring":
        outer, square = radius * 5 // 4, across * across + high * high
        return (square <= outer * outer) & (square >= outer * outer * 5 // 16)
    if shape == "square":
        return np.maximum(across, high) <= radius * 15 // 16
    if shape == "triangle":  # equilateral; 7/4 is the root of 3, nearly
        reach = radius * 3 // 2
        return (2 * v >= -reach) & (4 * v + 7 * across <= 4 * reach)
    bars = np.maximum(across, high) <= radius * 5 // 4  # a cross: two of them
    return bars & (np.minimum(across, high) <= radius * 7 // 16)


def _textures(texture: np.ndarray, draws: Draws) -> np.ndarray:
    """int16 (n, 32, 32), -1 or 1: checks, or stripes across or down, each half light and half dark."""
    n = len(texture)
    shift = draws.integers(2 * CELL, 2 * n).reshape(2, n, 1)
    lines = (np.arange(SIDE) + shift) // CELL % 2  # (2, n, 32)
    down, across = lines[0][:, :, None], lines[1][:, None, :]
    lengthwise = draws.integers(2, n).reshape(n, 1, 1)
    stripes = np.where(lengthwise == 1, across, down)
    dark = np.where((texture == 0).reshape(n, 1, 1), down ^ across, stripes)
    return (1 - 2 * dark).astype(np.int16)
