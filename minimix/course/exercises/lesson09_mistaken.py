"""An exercise on counting what a classifier takes for what."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_data, drawn_numbers, rare_numbers
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import counts


def _answers(rng):
    for labels, predictions, classes in [
        ([0], [0], 1), ([0], [1], 2), ([1], [0], 2), ([0, 1], [0, 1], 2), ([0, 0], [0, 1], 2), ([1, 1], [0, 0], 2),
        ([0, 0], [0, 0], 3), ([2, 0], [1, 2], 3), ([1], [1], 3), ([2], [2], 4), ([3, 1], [1, 1], 4), ([0, 1, 1], [0, 1, 0], 3),
        ([1, 1, 1, 0], [0, 0, 0, 0], 3), ([2, 2, 0, 2], [0, 2, 2, 0], 3),
    ]:  # fmt: skip
        yield {"labels": np.array(labels), "predictions": np.array(predictions), "classes": classes}
    for n, classes in [
        (6, 3), (8, 4), (12, 4), (20, 3), (30, 5), (50, 10), (40, 10), (60, 20), (90, 100), (60, 17), (150, 40), (30, 12),
    ]:  # fmt: skip
        labels = rng.integers(0, classes, n)
        predictions = np.where(rng.random(n) < 0.5, labels, rng.integers(0, classes, n))
        yield {"labels": labels, "predictions": predictions, "classes": classes}
    labels = rng.choice([1, 3, 4], 400)
    yield {"labels": labels, "predictions": np.where(rng.random(400) < 0.8, 3, labels), "classes": 6}
    labels = rng.integers(0, 2, 700)
    yield {"labels": labels, "predictions": labels * (rng.random(700) < 0.9), "classes": 2}
    yield from drawn_data.answers(rng)


def _in_memory(rng):
    known = [case for case in _answers(rng) if len(case["labels"]) < 100 and case["classes"] < 50]  # some loop over all pairs
    yield from drawn_numbers.otherwise(known, "labels", "predictions", manners=drawn_numbers.IN_MEMORY)
    yield from drawn_numbers.one_other(known[15], classes=(known[15]["classes"] + 1, known[15]["classes"] + 4))


def _counts(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def built(given=lambda labels, predictions: (labels, predictions), size=lambda labels, predictions, classes: classes,
counted=_counts,
          told=lambda counts, labels, predictions: counts):  # fmt: skip
    """f(labels, predictions, classes), the right one where no part is given.

    given: change what comes in. size: of the matrix. counted: how it is counted, of (labels, predictions, size). told: what is
    made of it in the end, of (counts, labels, predictions).
    """

    def function(labels, predictions, classes):
        ours, theirs = given(labels, predictions)
        return told(counted(ours, theirs, size(ours, theirs, classes)), labels, predictions)

    return function


def _kept(keep):
    """Only some of the images: keep(labels, predictions)."""

    def given(labels, predictions):
        kept = keep(labels, predictions)
        return labels[kept], predictions[kept]

    return given


def _once(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    counts[labels, predictions] += 1
    return counts


def _last_number(labels, predictions, classes):
    """counts[i, j] = 1 + what another place holds: each pair overwrites."""
    counts = np.zeros((classes, classes), int)
    counts[labels, predictions] = np.arange(1, len(labels) + 1)
    return counts


def _flat(change):
    """The pairs are numbered labels * classes + predictions, with a slip: change(labels, predictions, classes)."""

    def counted(labels, predictions, classes):
        return np.bincount(change(labels, predictions, classes), minlength=classes**2)[: classes**2].reshape(classes, classes)

    return counted


def _shares(axis):
    return lambda counts, labels, predictions: counts / np.maximum(counts.sum(axis=axis, keepdims=True), 1)


def _numbered_anew(labels, predictions):
    numbers = np.unique(np.concatenate([labels, predictions]), return_inverse=True)[1]
    return numbers[: len(labels)], numbers[len(labels) :]


def _or(labels, predictions, classes):
    of_class = np.arange(classes)
    return ((labels[:, None, None] == of_class[:, None]) | (predictions[:, None, None] == of_class)).sum(axis=0)


def _bins_from_data(labels, predictions, classes):
    return np.histogram2d(labels, predictions, bins=classes)[0].astype(int)


def _all_rows(counts, labels, predictions):
    return np.repeat(counts.sum(axis=0, keepdims=True), len(counts), axis=0)


def _of_diagonal(only: bool):
    return lambda counts, labels, predictions: counts * (np.eye(len(counts), dtype=int) == only)


def _without(counts, index):
    counts = counts.copy()
    counts[index], counts[:, index] = 0, 0
    return counts


def _wrapped(bits: int, sign: int = 0):
    shift = 2 ** (bits - 1) * sign
    return lambda numbers: (numbers + shift) % 2**bits - shift


def _told_wrapped(bits: int, sign: int):
    return lambda counts, labels, predictions: _wrapped(bits, sign)(counts)


_make = altered(built)

CONFUSION = Exercise(
    "confusion",
    lambda *arguments: _counts(*arguments).tolist(),
    _answers,
    (
        _make("rows and columns exchanged", "Rows are predictions and columns are true classes. The true class is the row.",
              given=lambda labels, predictions: (predictions, labels)),
        _make("each pair counted once", "No count is above 1. NumPy's counts[labels, predictions] += 1 reads and writes every "
              "place once, however often its pair occurs. A loop, np.add.at and np.bincount count all of them.", counted=_once),
        _make("numbers of images instead of counts",
        "A pair has the number of the last image that belongs to it, not how many there are.",
              counted=_last_number),
        _make("shares of each true class", "The rows are divided by their sums. The numbers wanted are counts.",
        told=_shares(1)),
        _make("shares of each predicted class", "The columns are divided by their sums. The numbers wanted are counts.",
        told=_shares(0)),
        _make("shares of all", "The counts are divided by the number of images. The numbers wanted are counts.",
              told=lambda counts, labels, predictions: counts / len(labels)),
        _make("percent of all", "The counts are in percent of all images. The numbers wanted are counts.",
              told=lambda counts, labels, predictions: 100 * counts / len(labels)),
        _make("whole percent of all", "The counts are in percent of all images, rounded down. The numbers wanted are counts.",
              told=lambda counts, labels, predictions: 100 * counts // len(labels)),
        _make("percent of all, rounded", "The counts are in percent of all images, rounded. The numbers wanted are counts.",
              told=lambda counts, labels, predictions: np.round(100 * counts / len(labels))),
        _make("percent of each true class", "The rows are in percent of their sums. The numbers wanted are counts.",
              told=lambda counts, labels, predictions: 100 * _shares(1)(counts, labels, predictions)),
        _make("only as many classes as occur", "The matrix ends with the largest class that occurs. A class without images has "
              "a row and a column, too.", size=lambda labels, predictions, classes: max(labels.max(), predictions.max()) + 1),
        _make("only as many classes as have images", "The matrix ends with the largest true class that occurs. A class without "
              "images has a row and a column, too.", size=lambda labels, predictions, classes: labels.max() + 1),
        _make("only the classes that occur",
        "Classes that do not occur have no row and no column. There are to be as many as classes.",
              given=_numbered_anew, size=lambda labels, predictions, classes: max(labels.max(), predictions.max()) + 1),
        _make("classes numbered anew",
        "Classes that do not occur are left out of the numbering, so that all later ones are shifted.",
              given=_numbered_anew),
        _make("always ten classes", "There are ten rows and columns, whatever the number of classes is.",
              size=lambda labels, predictions, classes: 10),
        _make("one class too many", "There is a row and a column too many.", size=lambda labels, predictions,
        classes: classes + 1),
        _make("only what is right", "Only the diagonal is counted. The mistakes belong beside it.", told=_of_diagonal(True)),
        _make("only what is wrong", "The diagonal is empty. Images that were classified rightly count, too.",
        told=_of_diagonal(False)),
        _make("last image left out", "One image is missing. What is the last number that range(n) gives?",
              given=lambda labels, predictions: (labels[:-1], predictions[:-1])),
        _make("first image left out", "The first image is missing: range begins at 0.",
              given=lambda labels, predictions: (labels[1:], predictions[1:])),
        _make("only the first image", "Only the first image is counted: a return inside of the loop?",
              given=lambda labels, predictions: (labels[:1], predictions[:1])),
        _make("as many images as classes", "Only so many images are counted as there are classes: a loop over the wrong range?",
              counted=lambda labels, predictions, classes: _counts(labels[:classes], predictions[:classes], classes)),
        _make("predictions ignored", "All images of a class are on the diagonal, as if all were classified rightly.",
              given=lambda labels, predictions: (labels, labels)),
        _make("labels ignored", "All predictions of a class are on the diagonal, as if all were right.",
              given=lambda labels, predictions: (predictions, predictions)),
        _make("every row the same", "All rows are the sum of all rows: are they one and the same list, as in [[0] * n] * n, or "
              "are the labels ignored?", told=_all_rows),
        _make("every column the same", "All columns are the sum of all columns: the predictions are ignored.",
              told=lambda counts, labels, predictions: np.repeat(counts.sum(axis=1, keepdims=True), len(counts), axis=1)),
        _make("counted in both directions", "Each pair (true, said) is counted for (said, true), too: the matrix is symmetric.",
              told=lambda counts, labels, predictions: counts + counts.T),
        _make("mistakes counted in both directions",
        "Each mistake (true, said) is counted for (said, true), too: the matrix is symmetric.",
              told=lambda counts, labels, predictions: counts + counts.T - np.diag(np.diag(counts))),
        _make("sorted separately",
        "Labels and predictions are sorted each by itself: they do not belong to the same images any more.",
              given=lambda labels, predictions: (np.sort(labels), np.sort(predictions))),
        _make("all labels with all predictions",
        "Each label is counted with each prediction. Only those of the same image belong together.",
              given=lambda labels, predictions: (np.repeat(labels, len(labels)), np.tile(predictions, len(labels)))),
        _make("or instead of and", "Counted are images with this true class or this prediction. Both are needed.", counted=_or),
        _make("bins between the smallest and the largest class", "The bins reach from the smallest to the largest class that "
              "occurs. They are to be the classes, 0 to classes - 1.", counted=_bins_from_data),
        _make("class 0 left out", "Images whose true class or prediction is 0 are not counted. Is 0 taken for nothing?",
              told=lambda counts, labels, predictions: _without(counts, 0)),
        _make("true class 0 left out", "Images of class 0 are not counted. Is 0 taken for nothing?",
              given=_kept(lambda labels, predictions: labels != 0)),
        _make("predictions of 0 left out", "Images that were taken for class 0 are not counted. Is 0 taken for nothing?",
              given=_kept(lambda labels, predictions: predictions != 0)),
        _make("last class left out",
        "The last class is never counted: its row and column are 0. What is the last number that range(n) gives?",
              told=lambda counts, labels, predictions: _without(counts, -1)),
        _make("counts begin at 1", "All counts are too large by 1: they begin at 1, not at 0.",
              told=lambda counts, labels, predictions: counts + 1),
        _make("counts below 1", "All counts are too small by 1: the first of each pair does not count.",
              told=lambda counts, labels, predictions: counts - 1),
        _make("the first of each pair does not count",
        "Where a pair occurs, its count is too small by 1: the first one only makes the place.",
              told=lambda counts, labels, predictions: np.maximum(counts - 1, 0)),
        _make("each image counted twice", "All counts are twice too large.", told=lambda counts, labels,
        predictions: 2 * counts),
        _make("a flat list", "The counts are in one row. A matrix (classes, classes) is wanted.",
              told=lambda counts, labels, predictions: counts.reshape(-1)),
        _make("a list of counts for each image", "There is a matrix for each image. They belong added up.",
              counted=lambda labels, predictions, classes: np.stack([
                  _counts(labels[i : i + 1], predictions[i : i + 1], classes) for i in range(len(labels))])),
        _make("pairs numbered in steps of classes - 1", "The pairs are numbered with steps of classes - 1, so that some share "
              "a number. The rows are classes long.", counted=_flat(lambda labels, predictions,
              classes: labels * (classes - 1) + predictions)),
        _make("pairs numbered by their sum", "The pairs are numbered labels + predictions, so that many share a number.",
              counted=_flat(lambda labels, predictions, classes: labels + predictions)),
        _make("pairs numbered in 8 bits", "The numbers of the pairs are computed in 8 bits, and overflow with more than 16 "
              "classes: make them int64 before labels * classes + predictions.",
              counted=_flat(lambda labels, predictions, classes: (labels * classes + predictions) % 256)),
        *(
            _make(f"counted in 8 bits{more}", "The counts overflow: an integer of so few bits begins again at its other end. "
                  "Python's own integers, and int64, are large enough.", told=_told_wrapped(8, sign))
            for sign, more in ((0, " without sign"), (1, ""))
        ),
        _make("negative counts", "The counts are negative.", told=lambda counts, labels, predictions: -counts),
        _make("the rows turned round", "The rows come in reverse order: the first is that of class 0.",
              told=lambda counts, labels, predictions: counts[::-1]),
        _make("an accuracy", "The diagonal divided by everything is the accuracy. Wanted are the counts.",
              told=lambda counts, labels, predictions: np.trace(counts) / counts.sum()),
        *rare_numbers.CONFUSION,
    ),
    built=built,
    broad=_in_memory,
    features=features(
        Condition("a pair occurs more than once", "no pair occurs more than once",
        lambda case: _counts(*case.values()).max() > 1),
        Condition("a class does not occur among the labels", "all classes occur among the labels",
                  lambda case: len(set(case["labels"].tolist())) < case["classes"]),
        Condition("the last class does not occur", "the last class occurs", lambda case: _counts(*case.values())[-1].sum()
                  + _counts(*case.values())[:, -1].sum() == 0),
        Condition("a class occurs nowhere", "all classes occur", lambda case: bool(
            (_counts(*case.values()).sum(axis=0) + _counts(*case.values()).sum(axis=1) == 0).any())),
        Condition("all predictions are right", "a prediction is wrong",
                  lambda case: bool((case["labels"] == case["predictions"]).all())),
        Condition("there are more than 16 classes", "there are 16 classes or fewer", lambda case: case["classes"] > 16),
    ),
    ways=(counts.confusion_loop, counts.confusion_masks, counts.confusion_codes,),
)  # fmt: skip


def check_confusion(function) -> Report:
    """Check f(labels, predictions, classes) -> (classes, classes) of whole numbers: how many images of class [row] were taken
    for class [column].

    labels, predictions: arrays (N,) of whole numbers, 0 to classes - 1, of dtype int64; N at least 1. Not all classes need
    occur. The result is an array, or a list of lists; 4.0 will do for 4.

    >>> check_confusion(lambda labels, predictions, classes: np.zeros((classes, classes), int)).passed
    False
    """
    return check(CONFUSION, function)
