"""Batches of a dataset, epoch after epoch, in an order and with an augmentation that depend on nothing but numbers you know.

The order of an epoch is drawn from (seed, epoch), the augmentation of a batch from (seed, epoch, number of the batch). No
generator is carried along, so there is no state to save: ``epoch(e, start=k)`` gives, to the bit, what a run that was never
interrupted would have got from batch k of epoch e on.
"""

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from minimix.data.augment import Augment, make_batch
from minimix.data.augmentations import apply, augmentations
from minimix.data.dataset import Dataset
from minimix.data.draws import AUGMENT, FLIP, SHUFFLE, Draws


class Batches:
    """Cut ``dataset`` into batches ``(images, labels)``.

    images: float32 (N, 3, 32, 32), normalised with the dataset's mean and std, in memory (3, 32, 32, N): a new array each time.
    labels: int64 (N,).

    batch_size: N; the last batch of an epoch is smaller where the set does not divide, or left out with ``drop_last``.
    shuffle:    a new random order in each epoch; otherwise the set's own.
    augment:    an ``Augment``, a function (images, rng) -> images of your own, a list of such, names, or None (for evaluation):
        see ``data/augmentations.py``.
    window:     None, or a function of the epoch's number: the side of the window in the middle of the (augmented) images that
        this epoch gets, in pixels.
    halve:      None, or a function of the epoch's number: whether this epoch gets images of half the height and width, each
        pixel the mean of 2x2 (of what ``window`` leaves; where that is odd, the last row and column are left out).
    seed:       of order and augmentation, 0 or more.

    >>> from minimix import data
    >>> batches = data.Batches(data.patterns10("test", size=100), batch_size=32, shuffle=True, augment=data.Augment(), seed=1)
    >>> [len(labels) for images, labels in batches.epoch(0)]
    [32, 32, 32, 4]
    >>> resumed = next(batches.epoch(5, start=3))  # the fourth batch of the sixth epoch, at once
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 128,
        shuffle: bool = False,
        augment=None,
        seed: int = 0,
        drop_last: bool = False,
        window: Callable[[int], int] | None = None,
        halve: Callable[[int], bool] | None = None,
    ):
        self.dataset = dataset
        self.batch_size = whole("batch_size", batch_size, 1)
        self.shuffle = bool(shuffle)
        if isinstance(augment, Augment):  # of a class of its own, perhaps
            self.augment, self.own = augment, ()
        else:
            chosen = augmentations(augment)
            self.augment, self.own = chosen.standard(), chosen.own
        self.seed = whole("seed", seed, 0)
        self.drop_last = bool(drop_last)
        self.window, self.halve = window, halve
        self._iterated = itertools.count()
        if len(self) == 0:
            raise ValueError(f"no batch: {len(dataset)} images, batch_size {batch_size}, drop_last={self.drop_last}")

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self.dataset) // self.batch_size if self.drop_last else -(-len(self.dataset) // self.batch_size)

    @property
    def images(self) -> int:
        """Images in an epoch.

        >>> from minimix import data
        >>> twenty = data.patterns10("test", size=20)
        >>> data.Batches(twenty, batch_size=128).images, data.Batches(twenty, batch_size=8, drop_last=True).images
        (20, 16)
        """
        return len(self) * self.batch_size if self.drop_last else len(self.dataset)

    def order(self, epoch: int) -> np.ndarray:
        """int64 (len(dataset),): the images of this epoch, in order."""
        if not self.shuffle:
            return np.arange(len(self.dataset))
        return Draws(SHUFFLE, self.seed, whole("epoch", epoch, 0)).permutation(len(self.dataset))

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches of epoch number ``epoch`` (from 0), from batch ``start`` on."""
        whole("epoch", epoch, 0)
        if whole("start", start, 0) > len(self):
            raise ValueError(f"start: an epoch has {len(self)} batches, so it cannot start at {start}")
        return self._run(epoch, start)

    def _run(self, epoch: int, start: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        data, order = self.dataset, self.order(epoch)
        alternate = self.augment is not None and self.augment.flip == "alternate"
        coins = Draws(FLIP, self.seed).integers(2, len(data)) if alternate else None  # the same in every epoch
        for batch in range(start, len(self)):
            index = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            moves = None
            if self.augment is not None:
                draws = Draws(AUGMENT, self.seed, epoch, batch)
                moves = self.augment.draw(draws, len(index), *data.images.shape[2:])
                if coins is not None:
                    moves[:, 0] = (coins[index] + epoch) % 2
            pixels, labels = data.images, data.labels[index]
            if self.own:
                pixels, index = pixels[index], np.arange(len(index))
                for which, function in enumerate(self.own):
                    pixels = apply(function, pixels, (self.seed, epoch, batch, which))
            images = make_batch(pixels, index, data.mean, data.std, moves)
            if self.window is not None:
                images = _middle(images, self.window(epoch))
            yield _halved(images) if self._halves(epoch) else images, labels

    def _halves(self, epoch: int) -> bool:
        return self.halve is not None and self.halve(epoch)

    def shape(self, epoch: int) -> tuple[int, int]:
        """Height and width of the images that this epoch gets."""
        height, width = self.dataset.images.shape[2:]
        side = max(height, width) if self.window is None else self.window(epoch)
        part = 2 if self._halves(epoch) else 1
        return min(side, height) // part, min(side, width) // part

    def area(self, epoch: int) -> float:
        """The part of an image's pixels that this epoch gets: about what it costs, compared with one on whole images."""
        (height, width), full = self.shape(epoch), self.dataset.images.shape[2:]
        return height * width / (full[0] * full[1])

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """One epoch: number 0 the first time, then 1, ... Ask for ``epoch(e)`` where it must be known which."""
        return self.epoch(next(self._iterated))


def _middle(images: np.ndarray, side: int) -> np.ndarray:
    """Images (N, C, H, W), cut to the ``side`` pixels in the middle, in the same memory order."""
    height, width = images.shape[2:]
    top, left = max(0, height - side) // 2, max(0, width - side) // 2
    planes = images.transpose(1, 2, 3, 0)[:, top : top + side, left : left + side]
    return np.ascontiguousarray(planes).transpose(3, 0, 1, 2)


def _halved(images: np.ndarray) -> np.ndarray:
    """Means of 2x2 pixels, (N, C, H, W) -> (N, C, H // 2, W // 2), in the same memory order."""
    planes = images.transpose(1, 2, 3, 0)  # (C, H, W, N)
    height, width = (side // 2 * 2 for side in images.shape[2:])
    rows = planes[:, 0:height:2, :width] + planes[:, 1:height:2, :width]
    return ((rows[:, :, 0::2] + rows[:, :, 1::2]) * np.float32(0.25)).transpose(3, 0, 1, 2)


def whole(name: str, value, least: int) -> int:
    """``value``, an argument called ``name``, as an int. Raises ValueError where it is not whole, or below ``least``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name}: expected a whole number, {least} or more, not {value!r}")
    return int(value)
