"""Folders of small pictures, for tests."""

from pathlib import Path

import numpy as np
from PIL import Image


def picture(path, seed=0, size=(40, 30)):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def pets(counts=None, root="pets", ending="png"):
    for k, (name, count) in enumerate((counts or {"cat": 5, "dog": 10}).items()):
        for i in range(count):
            picture(f"{root}/{name}/{i}.{ending}", 100 * k + i)
    return Path(root)
