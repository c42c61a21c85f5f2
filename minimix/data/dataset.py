"""A labelled set of small colour images, in memory."""

import dataclasses
from typing import overload

import numpy as np

from minimix.data.arrays import as_images, as_labels, common_white, flat_labels
from minimix.words import count

LEAST_STD = 1 / 255  # of a channel, where it is computed: images of one colour have none


class DataError(ValueError):
    """A data file is not what it should be. The message names the file and says what to do."""


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Images and their labels; nothing in it changes after it is made.

    images:  uint8 (N, 3, H, W), red, green, blue. Arrays of other kinds are converted: see ``from_arrays``.
    labels:  int64 (N,), each in 0 .. len(classes) - 1. Names of classes, and lists, are converted.
    classes: the names of the classes. (): those that occur, see ``from_arrays``.
    name:    "cifar10", "patterns10", ...
    mean, std: of each channel, in units of full brightness (255), for normalisation: those of the *training* images, also in a
        test split. Computed from ``images`` where they are not given.
    note:    lines for the user about where the data came from and what was converted, or "".

    Raises TypeError or ValueError where the parts do not fit together.

    >>> import numpy as np
    >>> from minimix.data import Dataset
    >>> data = Dataset(np.full((2, 3, 32, 32), 51, np.uint8), np.array([0, 1]), ("cat", "dog"), "pets", std=(1, 1, 1))
    >>> len(data), data.mean, data
    (2, (0.2, 0.2, 0.2), Dataset(pets: 2 images of 32x32, 2 classes))
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...] = ()
    name: str = "arrays"
    mean: tuple | None = None
    std: tuple | None = None
    note: str = ""

    def __post_init__(self):
        images, notes = self.images, [self.note] if self.note else []
        if not (isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.ndim == 4 and images.shape[1] == 3):
            images, done = as_images(images)
            notes.append(_note(self.name, done, ""))
        labels, classes, remark = as_labels(self.labels, len(images), self.classes if len(self.classes) else None)
        notes += [remark] if remark else []
        mean, std = self.mean, self.std
        if mean is None or std is None:
            computed = channel_statistics(images)
            mean = computed[0] if mean is None else mean
            std = tuple(max(one, LEAST_STD) for one in computed[1]) if std is None else std
        mean, std = tuple(float(m) for m in mean), tuple(float(s) for s in std)
        if len(mean) != 3 or len(std) != 3 or not min(std) > 0:
            raise ValueError(f"mean, std: expected three numbers each, std above 0, not {mean} and {std}")
        clean = {
            "images": np.ascontiguousarray(images),
            "labels": labels,
            "classes": classes,
            "note": "\n".join(notes),
            "mean": mean,
            "std": std,
        }
        for name, value in clean.items():
            object.__setattr__(self, name, value)  # frozen for everybody else

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width = self.images.shape[2:]
        images, classes = count(len(self), "image"), count(len(self.classes), "class", "classes")
        return f"Dataset({self.name}: {images} of {height}x{width}, {classes})"

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


@overload
def from_arrays(
    images, labels, classes=None, name: str = "arrays", *, test: None = None, layout: str | None = None,
    white: float | None = None, mean: tuple | None = None, std: tuple | None = None,
) -> Dataset: ...  # fmt: skip


@overload
def from_arrays(
    images, labels, classes=None, name: str = "arrays", *, test: tuple, layout: str | None = None,
    white: float | None = None, mean: tuple | None = None, std: tuple | None = None,
) -> tuple[Dataset, Dataset]: ...  # fmt: skip


def from_arrays(images, labels, classes=None, name: str = "arrays", *, test=None, layout=None, white=None, mean=None, std=None):
    """A ``Dataset`` out of arrays; or, with ``test``, two of them, (for training, for testing), which belong together.

    images: of any of these kinds: uint8, other whole numbers, bool or floating-point numbers; shape (N, C, H, W), (N, H, W, C)
        or (N, H, W); grey, colour, or colour with transparency, which is dropped. They become uint8 (N, 3, H, W).
    labels: N whole numbers, counted from 0, or N names.
    classes: the names of the classes, in order. None: the names that occur, sorted; or "0", "1", ... up to the largest number.
    test:   (images, labels) for testing, of the same kind: read the same way, with the classes, mean and std of the first.
    layout, white: "NCHW" or "NHWC", and the value of full brightness, where they cannot be told from the array; see
        ``data.arrays.as_images``.
    mean, std: of each channel, in units of full brightness; None: computed.

    The set's ``note`` says what was converted. Raises TypeError or ValueError for what does not fit together, and what nobody
    can be sure of.

    >>> digits = from_arrays(np.zeros((20, 28, 28)), np.arange(20) % 10, name="digits")
    >>> digits
    Dataset(digits: 20 images of 28x28, 10 classes)
    >>> digits.note
    'digits: images were float64 from 0 to 1, (N, H, W), grey; they are uint8 (N, 3, H, W) now'
    """
    if test is None:
        pixels, done = as_images(images, layout, white)
        labels, classes, remark = as_labels(labels, len(pixels), classes)
        return Dataset(pixels, labels, classes, name, mean, std, _note(name, done, remark))
    both = [(np.asarray(images), labels), (np.asarray(test[0]), test[1])]
    if white is None:
        white = common_white([images for images, _ in both])
    if classes is None:
        flat = [flat_labels(labels, len(images)) for images, labels in both]
        classes = as_labels(np.concatenate(flat), sum(map(len, flat)))[1]
    train_set = from_arrays(*both[0], classes, name, layout=layout, white=white, mean=mean, std=std)
    test_set = from_arrays(*both[1], classes, name, layout=layout, white=white, mean=train_set.mean, std=train_set.std)
    return train_set, dataclasses.replace(test_set, note="")


def _note(name: str, done: str, remark: str) -> str:
    return "; ".join(filter(None, [f"{name}: images were {done}; they are uint8 (N, 3, H, W) now" if done else "", remark]))
