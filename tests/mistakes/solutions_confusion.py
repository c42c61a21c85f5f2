"""Solutions of the exercise "count the confusions": wrong ones, and right ones in other styles."""

from collections import Counter

import numpy as np
from corpus import Solution


def exchanged(labels, predictions, classes):
    return np.bincount(predictions * classes + labels, minlength=classes**2).reshape(classes, classes)


def exchanged_in_the_loop(labels, predictions, classes):
    counts = [[0] * classes for _ in range(classes)]
    for i in range(len(labels)):
        counts[predictions[i]][labels[i]] += 1
    return np.array(counts)


def repeated_pairs_once(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    counts[labels, predictions] += 1
    return counts


def classes_that_occur(labels, predictions, classes):
    size = max(labels.max(), predictions.max()) + 1
    counts = np.zeros((size, size), int)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def numbered_anew(labels, predictions, classes):
    _, both = np.unique(np.concatenate([labels, predictions]), return_inverse=True)
    counts = np.zeros((classes, classes), int)
    for true, said in zip(both[: len(labels)], both[len(labels) :], strict=True):
        counts[true, said] += 1
    return counts


def mistakes_only(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    for true, said in zip(labels, predictions, strict=True):
        if true == said:
            continue
        counts[true, said] += 1
    return counts


def hits_only(labels, predictions, classes):
    hits = labels[labels == predictions]
    return np.diag(np.bincount(hits, minlength=classes))


def no_minlength(labels, predictions, classes):
    return np.bincount(labels * classes + predictions).reshape(classes, classes)


def minlength_of_one_row(labels, predictions, classes):
    return np.resize(np.bincount(labels * classes + predictions, minlength=classes), (classes, classes))


def short_pairs(labels, predictions, classes):
    pairs = labels.astype(np.uint8) * np.uint8(classes) + predictions.astype(np.uint8)
    return np.bincount(pairs, minlength=classes**2)[: classes**2].reshape(classes, classes)


def short_counts(labels, predictions, classes):
    counts = np.zeros((classes, classes), np.uint8)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def short_one_hot(labels, predictions, classes):
    eye = np.eye(classes, dtype=np.int8)
    return eye[labels].T @ eye[predictions]


def classes_from_one(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    for true, said in zip(labels, predictions, strict=True):
        counts[true - 1, said - 1] += 1
    return counts


def last_image_missing(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    for i in range(len(labels) - 1):
        counts[labels[i], predictions[i]] += 1
    return counts


def shares(labels, predictions, classes):
    pairs = labels * classes + predictions
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes) / len(labels)


def shares_of_rows(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predictions), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def percent_in_integers(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predictions), 1)
    return 100 * counts // max(len(labels), 1)


def bins_from_data(labels, predictions, classes):
    counts, _, _ = np.histogram2d(labels, predictions, bins=classes)
    return counts.astype(int)


def always_ten(labels, predictions, classes):
    pairs = labels * 10 + predictions
    return np.bincount(pairs, minlength=100)[:100].reshape(10, 10)


def in_both_directions(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    for true, said in zip(labels, predictions, strict=True):
        counts[true, said] += 1
        if true != said:
            counts[said, true] += 1
    return counts


def seen_or_not(labels, predictions, classes):
    counts = np.zeros((classes, classes), bool)
    counts[labels, predictions] = True
    return counts


def one_class_too_many(labels, predictions, classes):
    counts = np.zeros((classes + 1, classes + 1), int)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def one_row_many_times(labels, predictions, classes):
    counts = [[0] * classes] * classes
    for true, said in zip(labels, predictions, strict=True):
        counts[true][said] += 1
    return np.array(counts)


def a_dictionary(labels, predictions, classes):
    return dict(Counter(zip(labels.tolist(), predictions.tolist(), strict=True)))


def kept_between_calls(labels, predictions, classes, known={}):  # noqa: B006
    counts = known.setdefault(classes, np.zeros((classes, classes), int))
    np.add.at(counts, (labels, predictions), 1)
    return counts


def sorted_first(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    for true, said in zip(sorted(labels), sorted(predictions), strict=True):
        counts[true, said] += 1
    return counts


def changes_the_labels(labels, predictions, classes):
    labels *= classes
    labels += predictions
    return np.bincount(labels, minlength=classes**2).reshape(classes, classes)


def upper_half(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    for true in range(classes):
        for said in range(true, classes):
            counts[true, said] = np.sum((labels == true) & (predictions == said))
    return counts


def last_class_missing(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    for true in range(classes - 1):
        for said in range(classes - 1):
            counts[true, said] = np.count_nonzero((labels == true) & (predictions == said))
    return counts


def product_for_and(labels, predictions, classes):
    rows = [[int(((labels == i) | (predictions == j)).sum()) for j in range(classes)] for i in range(classes)]
    return np.array(rows)


def class_zero_is_no_class(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    for true, said in zip(labels, predictions, strict=True):
        if true and said:
            counts[true, said] += 1
    return counts


def pairs_that_collide(labels, predictions, classes):
    pairs = labels * (classes - 1) + predictions
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def starts_at_one(labels, predictions, classes):
    counts = np.ones((classes, classes), int)  # so that no row can be zero
    np.add.at(counts, (labels, predictions), 1)
    return counts


def flat(labels, predictions, classes):
    return np.bincount(labels * classes + predictions, minlength=classes * classes)


def columns_for_rows_in_reshape(labels, predictions, classes):
    return np.bincount(labels * classes + predictions, minlength=classes**2).reshape(classes, classes, order="F")


def every_row_the_same(labels, predictions, classes):
    return np.array([np.bincount(predictions, minlength=classes) for _ in range(classes)])


def class_sizes_only(labels, predictions, classes):
    true, said = np.bincount(labels, minlength=classes), np.bincount(predictions, minlength=classes)
    return np.rint(np.outer(true, said) / len(labels)).astype(int)


def exchanged_and_once(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    counts[predictions, labels] += 1
    return counts


WRONG = [
    ("exchanged", exchanged, "rows and columns are exchanged: rows are the predictions"),
    ("exchanged in the loop", exchanged_in_the_loop, "rows and columns are exchanged: the prediction chooses the row"),
    ("repeated pairs count once", repeated_pairs_once,
     "counts[labels, predictions] += 1 adds 1 only once for each pair, however often it occurs"),
    ("classes that occur", classes_that_occur,
     "the size is the largest class that occurs plus 1, not classes: too small where the last class occurs in neither"),
    ("numbered anew", numbered_anew, "classes that do not occur are left out of the numbering, so all later ones are shifted"),
    ("mistakes only", mistakes_only, "images that were recognised are not counted: the diagonal is 0"),
    ("hits only", hits_only, "only images that were recognised are counted: all is 0 but the diagonal"),
    ("no minlength", no_minlength,
     "bincount without minlength: too short, and reshape fails, where the last pair does not occur"),
    ("minlength of one row", minlength_of_one_row,
     "minlength is classes, not its square; np.resize then fills up by repeating the counts where the last pairs do not occur"),
    ("pairs in 8 bits", short_pairs, "the number of a pair is computed in uint8, and overflows with more than 16 classes"),
    ("counts in 8 bits", short_counts, "counts are uint8, and start again at 0 after 255"),
    ("one-hot in 8 bits", short_one_hot, "one-hot matrices of int8 are multiplied, so that counts above 127 overflow"),
    ("classes from one", classes_from_one,
     "classes are taken to begin at 1: everything is shifted by one row and column, class 0 to the end"),
    ("last image missing", last_image_missing, "the last image is not counted"),
    ("shares", shares, "shares of all images, not counts"),
    ("shares of rows", shares_of_rows, "each row is divided by its sum: shares, not counts"),
    ("percent in integers", percent_in_integers, "percent of all images, rounded down, not counts"),
    ("bins from data", bins_from_data,
     "histogram2d chooses its bins between the smallest and largest class that occur: wrong where the first or last does not"),
    ("always ten", always_ten, "10 classes are assumed, the argument classes is ignored"),
    ("in both directions", in_both_directions,
     "each mistake is counted for both (true, said) and (said, true): the matrix is symmetric"),
    ("seen or not", seen_or_not, "says whether a pair occurs (booleans), not how often"),
    ("one class too many", one_class_too_many, "the matrix has a row and a column too many: (classes + 1, classes + 1)"),
    ("one row many times", one_row_many_times,
     "[[0] * classes] * classes is one and the same row many times, so all rows are the sum of all rows"),
    ("a dictionary", a_dictionary, "returns a dictionary of pairs, not a matrix"),
    ("kept between calls", kept_between_calls,
     "the counts are kept in a default argument: a second call with as many classes adds to the first"),
    ("sorted first", sorted_first,
     "labels and predictions are sorted separately, so they do not belong to the same image any more"),
    ("changes the labels", changes_the_labels, "the counts are right, but the array labels that was passed in is overwritten"),
    ("upper half", upper_half,
     "pairs with a prediction below the true class are not counted: everything under the diagonal is 0"),
    ("last class missing", last_class_missing, "the last class is never counted: its row and column are 0"),
    ("or for and", product_for_and,
     "counts images whose label is the row OR whose prediction is the column, where both are needed"),
    ("class 0 is no class", class_zero_is_no_class, "images whose label or prediction is class 0 are not counted"),
    ("pairs that collide", pairs_that_collide,
     "pairs are numbered labels * (classes - 1) + predictions, so that different pairs share a number"),
    ("starts at one", starts_at_one, "all counts begin at 1, so each is too large by 1"),
    ("flat", flat, "returns a flat array of classes**2 counts, not a matrix"),
    ("columns for rows in reshape", columns_for_rows_in_reshape, "reshape in column order: rows and columns are exchanged"),
    ("every row the same", every_row_the_same, "labels are ignored: each row has the counts of all predictions"),
    ("class sizes only", class_sizes_only,
     "what would be expected if labels and predictions were independent (product of the two counts), not the pairs themselves"),
    ("exchanged, and repeated pairs once", exchanged_and_once,
     "two mistakes: rows and columns are exchanged, and a pair counts once however often it occurs"),
]  # fmt: skip


def right_add_at(labels, predictions, classes):
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def right_one_hot(labels, predictions, classes):
    true = (labels[None] == np.arange(classes)[:, None]).astype(np.int32)
    said = (np.arange(classes)[:, None] == predictions).astype(np.int32)
    return true @ said.T


def right_counter(labels, predictions, classes):
    pairs = Counter(zip(labels.tolist(), predictions.tolist(), strict=True))
    return np.array([[pairs[i, j] for j in range(classes)] for i in range(classes)])


def right_histogram(labels, predictions, classes):
    edges = np.arange(classes + 1) - 0.5
    return np.histogram2d(labels, predictions, bins=(edges, edges))[0].astype(np.uint32)


def right_rows(labels, predictions, classes):
    return np.stack([np.bincount(predictions[labels == true], minlength=classes) for true in range(classes)])


def right_sorted_pairs(labels, predictions, classes):
    pairs = np.sort(labels.astype(np.int64) * classes + predictions)
    return np.diff(np.searchsorted(pairs, np.arange(classes**2 + 1))).reshape(classes, -1)


def right_unique(labels, predictions, classes):
    columns = np.zeros((classes, classes), int)
    pairs, counts = np.unique(np.stack([predictions, labels]), axis=1, return_counts=True)
    columns[tuple(pairs)] = counts
    return columns.T  # a view


def right_halves(labels, predictions, classes):
    if len(labels) < 2:
        counts = np.zeros((classes, classes), int)
        for i, true in enumerate(labels):
            counts[true, predictions[i]] = 1
        return counts
    half = len(labels) // 2
    before = right_halves(labels[:half], predictions[:half], classes)
    return before + right_halves(labels[half:], predictions[half:], classes)


RIGHT = [
    ("np.add.at", right_add_at), ("one-hot", right_one_hot), ("Counter", right_counter), ("histogram", right_histogram),
    ("row by row", right_rows), ("sorted pairs", right_sorted_pairs), ("unique", right_unique), ("halves", right_halves),
]  # fmt: skip
SOLUTIONS = [Solution("confusion", f"confusion: {name}", wrong, truth) for name, wrong, truth in WRONG]
SOLUTIONS += [Solution("confusion", f"confusion: right, {name}", right) for name, right in RIGHT]
