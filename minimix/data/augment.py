"""Augmentation: flip, padded crop and cutout, drawn here, done in ``minimix/kernels/augment.py``.

What is random is drawn first, for a whole batch, into one small array of *moves*; the kernel then only obeys. So a batch is a
pure function of (images, indices, moves), the same on one thread or many, jitted or not.
"""

import dataclasses

import numpy as np

from minimix.data.draws import Draws
from minimix.kernels.augment import augment as _augment
from minimix.kernels.threads import parallel
from minimix.ops.layout import ready


@dataclasses.dataclass(frozen=True)
class Augment:
    """What is done to a training image, in this order.

    pad:    a random window of the image's size out of the image padded with ``pad`` black pixels on each side, as torchvision's
        ``RandomCrop(32, padding=4)`` does: black *before* normalisation.
    flip:   mirrored left to right: True, by chance, every other time on average; "alternate", in every second epoch, where a
        coin says once and for all whether an image begins so. By chance, an image is often seen the same way several epochs in
        a row; this way each pair of epochs shows both (Keller Jordan, arXiv 2404.00498, sec. 3.6). That takes ``Batches``,
        which know the epoch.
    cutout: side of a square that is set to 0 *after* normalisation, the mean colour; its centre is anywhere in the image, so
        that part of it may lie outside (DeVries & Taylor 2017, "Improved Regularization ... with Cutout"). 0: none.

    >>> from minimix.data import Augment
    >>> Augment(cutout=8)
    Augment(flip=True, pad=4, cutout=8)
    """

    flip: bool | str = True
    pad: int = 4
    cutout: int = 0

    def __post_init__(self):
        if not (isinstance(self.flip, bool) or self.flip == "alternate"):
            raise ValueError(f'Augment: flip is True, False or "alternate", not {self.flip!r}')
        for name in ("pad", "cutout"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
                raise ValueError(f"Augment: {name} is a number of pixels, 0 or more, not {value!r}")

    def draw(self, draws: Draws, n: int, height: int, width: int) -> np.ndarray:
        """Moves for ``n`` images, int64 (n, 7), as the kernel takes them: flip, down, right, and the box that is cut out.

        The same numbers are drawn whatever is switched off, so that one option does not change another's draws.
        """
        moves = np.zeros((n, 7), np.int64)
        flip, down, right = draws.integers(2, n), draws.between(-self.pad, self.pad, n), draws.between(-self.pad, self.pad, n)
        y, x = draws.integers(height, n), draws.integers(width, n)  # the centre of the box
        moves[:, 0] = flip * bool(self.flip)
        moves[:, 1], moves[:, 2] = down, right
        if self.cutout:
            top, left = y - self.cutout // 2, x - self.cutout // 2
            moves[:, 3], moves[:, 4] = np.clip(top, 0, height), np.clip(top + self.cutout, 0, height)
            moves[:, 5], moves[:, 6] = np.clip(left, 0, width), np.clip(left + self.cutout, 0, width)
        return moves


def make_batch(images: np.ndarray, index: np.ndarray, mean, std, moves: np.ndarray | None = None) -> np.ndarray:
    """Normalised float32 images, ``(pixel / 255 - mean) / std``, ready for a network.

    images: uint8 (M, C, H, W), C-contiguous; they may be read-only, or mapped from a file.
    index:  int (N,), which of them.
    mean, std: C numbers each.
    moves:  int64 (N, 7) from ``Augment.draw``, or None: the images as they are.

    Returns shape (N, C, H, W), in memory (C, H, W, N). Raises IndexError and ValueError where the arguments do not fit.

    >>> import numpy as np
    >>> from minimix.data import make_batch
    >>> x = make_batch(np.full((5, 3, 32, 32), 255, np.uint8), np.array([4, 0]), mean=(0.5, 0.5, 0), std=(1, 0.5, 1))
    >>> x.shape, x[0, :, 7, 7]
    ((2, 3, 32, 32), array([0.5, 1. , 1. ], dtype=float32))
    """
    if images.dtype != np.uint8 or images.ndim != 4 or not images.flags.c_contiguous:
        raise ValueError(f"images: expected C-contiguous uint8 (M, C, H, W), not {images.dtype} {images.shape}")
    index = ready(np.asarray(index, np.int64))
    channels, height, width = images.shape[1:]
    n = len(index)
    if n and not 0 <= index.min() <= index.max() < len(images):
        raise IndexError(f"index: {index.min()} to {index.max()}, but the images are 0 to {len(images) - 1}")
    if moves is None:
        moves = np.zeros((n, 7), np.int64)
    moves = ready(np.asarray(moves, np.int64))
    if moves.shape != (n, 7):
        raise ValueError(f"moves: expected shape {(n, 7)} for {n} images, not {moves.shape}")
    box = moves[:, 3:]
    if n and (box.min() < 0 or box[:, :2].max() > height or box[:, 2:].max() > width):
        raise ValueError(f"moves: a cut-out box reaches outside of {height}x{width}")  # the kernel has no bounds checks
    if not (images.flags.writeable and type(images) is np.ndarray):  # what the kernel is not compiled for: the batch is copied
        images, index = ready(images[index]), np.arange(n)
    levels = np.arange(256, dtype=np.float64) / 255
    table = ((levels - np.reshape(mean, (channels, 1))) / np.reshape(std, (channels, 1))).astype(np.float32)
    out = np.empty((channels, height, width, n), np.float32)
    parallel(_augment, images, index, moves, table, out)
    return out.transpose(3, 0, 1, 2)  # (N, C, H, W)
