"""What a network is worth on a data set: loss, accuracy, and what it says of each image."""

import dataclasses

import numpy as np

import minimix.functional as F
from minimix.data import Batches, Dataset
from minimix.tensor import Tensor, no_grad
from minimix.words import count


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Of N images and C classes.

    loss:        cross-entropy, averaged over the images, without label smoothing.
    accuracy:    share of the images whose likeliest class is the right one, 0 to 1.
    labels, predictions: int64 (N,), right and likeliest class.
    confidence:  float64 (N,), probability that the network gives to its prediction.
    confusion:   int64 (C, C), images of class [row] that were taken for class [column].
    alone:       with ``tta``, the accuracy of the images alone, without their mirror images; otherwise None.
    """

    loss: float
    accuracy: float
    labels: np.ndarray
    predictions: np.ndarray
    confidence: np.ndarray
    confusion: np.ndarray
    alone: float | None = None

    def __repr__(self) -> str:
        return f"Evaluation(loss={self.loss:.4f}, accuracy={self.accuracy:.4f}, {count(len(self.labels), 'image')})"


def evaluate(model, dataset: Dataset, batch_size: int = 128, on_batch=None, tta: bool = False) -> Evaluation:
    """Run ``model`` over ``dataset`` in evaluation mode, recording nothing; its mode is put back at the end.

    on_batch: called as ``on_batch(images done)`` after each batch; what it raises ends the evaluation.
    tta: test-time augmentation: what the model says of an image is the mean of its logits for the image and for its mirror
        image, left to right. Takes twice as long; for pictures whose class does not depend on left and right. A run that was
        trained so, as CIFAR-10's default, has its accuracy with it. (Averaging over mirrored crops: Krizhevsky et al.,
        "ImageNet classification with deep convolutional neural networks", 2012, sec. 4.1.)

    Raises ValueError where the model's output is not (N, number of classes).

    >>> from minimix import data, models
    >>> evaluate(models.create("mixnet_nano", width=0.5), data.patterns10("test", size=20)).confusion.sum()
    np.int64(20)
    """
    if not isinstance(dataset, Dataset):
        raise TypeError(f"dataset: expected a minimix.data.Dataset, not {type(dataset).__name__}")
    if not isinstance(tta, bool):
        raise TypeError(f"tta: expected True or False, not {tta!r}")
    classes, total, loss = len(dataset.classes), len(dataset), 0.0
    predictions, confidence = np.empty(total, np.int64), np.empty(total)
    modes = [(module, module.training) for module in model.modules()]
    done = alone = 0
    try:
        model.eval()
        with no_grad():
            for images, labels in Batches(dataset, batch_size).epoch(0):
                logits = model(Tensor(images))
                if logits.shape != (len(labels), classes):
                    raise ValueError(f"the model gives {logits.shape} for {len(labels)} images of {classes} classes: "
                                     f"expected {(len(labels), classes)}; was it made with num_classes={classes}?")  # fmt: skip
                if tta:
                    alone += int((logits.data.argmax(axis=1) == labels).sum())
                    logits = (logits + model(Tensor(np.ascontiguousarray(images[..., ::-1])))) / 2
                loss += F.cross_entropy(logits, labels, reduction="sum").item()
                part = slice(done, done + len(labels))
                predictions[part] = logits.data.argmax(axis=1)
                confidence[part] = _largest_probability(logits.data)
                done += len(labels)
                if on_batch is not None:
                    on_batch(done)
    finally:
        for module, mode in modes:
            module.training = mode
    confusion = np.bincount(dataset.labels * classes + predictions, minlength=classes * classes).reshape(classes, classes)
    accuracy = float((predictions == dataset.labels).sum() / total)
    return Evaluation(
        loss / total, accuracy, dataset.labels, predictions, confidence, confusion, alone / total if tta else None
    )


def stated(accuracy: float, alone: float | None) -> str:
    """An accuracy, as a user reads it. alone: the same without mirror images, where these were looked at, too.

    >>> stated(0.905, None), stated(0.905, 0.899)
    ('90.50%', '90.50% (89.90% without mirror images)')
    """
    return f"{accuracy:.2%}" + ("" if alone is None else f" ({alone:.2%} without mirror images)")


def _largest_probability(logits: np.ndarray) -> np.ndarray:
    """max softmax(logits), (N, C) -> (N,): exp of the largest is 1, so what is left is the sum below it."""
    with np.errstate(all="ignore"):
        shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
        return 1 / np.exp(shifted).sum(axis=1)
