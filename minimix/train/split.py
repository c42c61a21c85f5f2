"""A part of the training images that is kept for judging: which epoch is the best is not decided on the test images."""

import numpy as np

from minimix.data import Dataset
from minimix.data.draws import VALIDATION, Draws


def split(dataset: Dataset, validation: float, seed: int) -> tuple[Dataset, Dataset | None]:
    """(for training, for validation), which have no image in common. None where ``validation`` is 0, or there is but one image.

    validation: this share of the images, of each class as nearly as whole images allow, and one image at least. Each class
    keeps one image or more for training. Which ones follows from ``seed`` alone, as does their order: the set's own.

    >>> from minimix.data import patterns10
    >>> training, validation = split(patterns10("train", size=60), 0.1, seed=0)
    >>> len(training), len(validation)
    (54, 6)
    """
    kept = held_out(dataset.labels, len(dataset.classes), validation, seed)
    if not len(kept):
        return dataset, None
    rest = np.setdiff1d(np.arange(len(dataset)), kept)
    return dataset.subset(rest), dataset.subset(kept)


def held_out(labels: np.ndarray, classes: int, share: float, seed: int) -> np.ndarray:
    """int64, sorted: the images that are kept from training. Largest remainders get the images that rounding leaves over."""
    counts = np.bincount(labels, minlength=classes)
    limits = np.maximum(counts - 1, 0)
    total = min(max(1, round(share * len(labels))), int(limits.sum())) if share else 0
    wanted = np.minimum(share * counts, limits)
    numbers = np.floor(wanted).astype(np.int64)
    while numbers.sum() > total:
        numbers[np.argmax(numbers)] -= 1
    while numbers.sum() < total:
        open_ = numbers < limits
        numbers[np.argmax(np.where(open_, wanted - numbers, -np.inf))] += 1
    draws = Draws(VALIDATION, seed)
    chosen = []
    for label, number in enumerate(numbers):
        of_class = np.flatnonzero(labels == label)
        chosen.append(of_class[draws.permutation(len(of_class))[:number]])
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)
