"""A labelled set of small colour images, in memory."""

import dataclasses

import numpy as np


class DataError(ValueError):
    """A data file is not what it should be. The message names the file and says what to do."""


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Images and their labels; nothing in it changes after it is made.

    images:  uint8 (N, 3, 32, 32), red, green, blue.
    labels:  int64 (N,), each in 0 .. len(classes) - 1.
    classes: the names of the classes.
    name:    "cifar10", "patterns10", ...
    mean, std: of each channel, in units of full brightness (255), for normalisation: those of the *training* images, also in a
        test split. Computed from ``images`` where they are not given.
    note:    one line for the user about where the data came from, or "".

    Raises TypeError or ValueError where the parts do not fit together.

    >>> import numpy as np
    >>> from minimix.data import Dataset
    >>> data = Dataset(np.full((2, 3, 32, 32), 51, np.uint8), np.array([0, 1]), ("cat", "dog"), "pets", std=(1, 1, 1))
    >>> len(data), data.mean, data
    (2, (0.2, 0.2, 0.2), Dataset(pets: 2 images of 32x32, 2 classes))
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple
    name: str
    mean: tuple | None = None
    std: tuple | None = None
    note: str = ""

    def __post_init__(self):
        images, labels = self.images, self.labels
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
            raise TypeError(f"images: expected a uint8 ndarray, not {getattr(images, 'dtype', type(images).__name__)}")
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"images: expected shape (N, 3, H, W), not {images.shape}")
        if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu":
            raise TypeError(f"labels: expected whole numbers, not {getattr(labels, 'dtype', type(labels).__name__)}")
        if labels.shape != images.shape[:1]:
            raise ValueError(f"labels: shape {labels.shape} does not fit {len(images)} images")
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(self.classes):
            raise ValueError(
                f"labels: found {labels.min()} to {labels.max()}, but with {len(self.classes)} classes they are 0 to "
                f"{len(self.classes) - 1}"
            )
        mean, std = self.mean, self.std
        if mean is None or std is None:
            computed = channel_statistics(images)
            mean, std = computed[0] if mean is None else mean, computed[1] if std is None else std
        mean, std = tuple(float(m) for m in mean), tuple(float(s) for s in std)
        if len(mean) != 3 or len(std) != 3 or not min(std) > 0:
            raise ValueError(f"mean, std: expected three numbers each, std above 0, not {mean} and {std}")
        clean = {
            "images": np.ascontiguousarray(images),
            "labels": labels.astype(np.int64, copy=False),
            "classes": tuple(self.classes),
            "mean": mean,
            "std": std,
        }
        for name, value in clean.items():
            object.__setattr__(self, name, value)  # frozen for everybody else

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width = self.images.shape[2:]
        return f"Dataset({self.name}: {len(self)} images of {height}x{width}, {len(self.classes)} classes)"

    def subset(self, which) -> "Dataset":
        """The images that ``which`` (a slice, or an array of indices) picks; mean and std stay those of the whole set."""
        return dataclasses.replace(self, images=self.images[which], labels=self.labels[which])


def channel_statistics(images: np.ndarray) -> tuple:
    """Mean and standard deviation of each channel of uint8 (N, 3, H, W), as fractions of 255: ``((r, g, b), (r, g, b))``.

    >>> import numpy as np
    >>> channel_statistics(np.array([0, 255], np.uint8).repeat(3).reshape(2, 3, 1, 1))
    ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    """
    levels = np.arange(256) / 255
    means, stds = [], []
    for channel in range(images.shape[1]):  # a histogram holds all that both figures need, in integers
        counts = sum(
            (np.bincount(part.ravel(), minlength=256) for part in _chunks(images[:, channel])), np.zeros(256, np.int64)
        )
        total = max(int(counts.sum()), 1)
        mean = float((counts * levels).sum() / total)
        means.append(mean)
        stds.append(float(np.sqrt((counts * (levels - mean) ** 2).sum() / total)))
    return tuple(means), tuple(stds)


def _chunks(array: np.ndarray, size: int = 4096):
    return (array[i : i + size] for i in range(0, len(array), size))  # bincount copies what it counts to int64
