"""Choices by order, rank, place and bucket (quantiles, experts, morphology, mixed labels), with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def softmax(x):
    p = np.exp(x - x.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def lower_quartile(x):
    """np.quantile(x, 0.25, method="lower") of each row."""
    order = np.argsort(x, axis=1)
    place = int(0.25 * (x.shape[1] - 1))
    return np.take_along_axis(x, order[:, place : place + 1], 1)[:, 0], (order, place, x.shape)


def lower_quartile_backward(g, saved):
    order, place, shape = saved
    dx = np.zeros(shape)
    np.put_along_axis(dx, order[:, place + 1 : place + 2], g[:, None], 1)
    return (dx,)


def quartile_range(x):
    """Difference of the quartiles of columns with 4 n + 1 rows, at which no interpolation is needed."""
    order, n = np.argsort(x, axis=0), len(x) // 4
    columns = np.arange(x.shape[1])
    return x[order[3 * n], columns] - x[order[n], columns], (order[3 * n], order[n], x.shape)


def quartile_range_backward(g, saved):
    high, low, shape = saved
    dx = np.zeros(shape)
    dx[high, np.arange(shape[1])] += g
    dx[low, np.arange(shape[1])] += g
    return (dx,)


def spacings(x):
    order = np.argsort(x)
    return np.diff(x[order]), (order, len(x))


def spacings_backward(g, saved):
    order, n = saved
    dx = np.zeros(n)
    dx[order] = np.diff(g, prepend=0, append=0)
    return (dx,)


def by_length(x):
    order = np.argsort(-(x * x).sum(1))
    return x[order] * np.arange(1, len(x) + 1)[:, None], order


def experts(x, w, scores):
    """Each row goes through the matrix of its best expert, times the expert's probability. w: (E, D, H)."""
    p = softmax(scores)
    best = p.argmax(1)
    return p[np.arange(len(x)), best][:, None] * np.einsum("nd,ndh->nh", x, w[best]), (x, w, p, best)


def experts_backward(g, saved, all_rows=False, mean=False):
    x, w, p, best = saved
    rows = np.arange(len(x))
    weight = p[rows, best]
    dw = np.zeros_like(w)
    for e in range(len(w)):
        of_e = np.ones(len(x), bool) if all_rows else best == e
        dw[e] = (weight[of_e, None] * x[of_e]).T @ g[of_e]
    dweight = (g * np.einsum("nd,ndh->nh", x, w[best])).sum(1)
    dscores = -(dweight * weight)[:, None] * p
    if not mean:
        dscores[rows, best] += dweight * weight
    return weight[:, None] * np.einsum("nh,ndh->nd", g, w[best]), dw, dscores


def capacity(x, gain):
    """Each of two experts, for even and odd rows, has room for two rows: the others are passed on as they are."""
    room = np.arange(len(x)) // 2 < 2
    return np.where(room[:, None], x * gain[np.arange(len(x)) % 2], x), (x, gain, room)


def capacity_backward(g, saved):
    x, gain, room = saved
    expert = np.arange(len(x)) % 2
    dgain = np.zeros_like(gain)
    np.add.at(dgain, expert, g * x)
    return np.where(room[:, None], g * gain[expert], g), dgain


def read_at_maximum(x, values):
    place = x.argmax(1)
    return values[np.arange(len(x)), place], (x.shape, place)


def read_at_maximum_backward(g, saved):
    shape, place = saved
    d = np.zeros(shape)
    d[np.arange(len(g)), place] = g
    return d, d.copy()


def opening(x):
    """Erosion, then dilation, each over three neighbours."""
    low = np.lib.stride_tricks.sliding_window_view(x, 3)
    eroded = low.min(1)
    high = np.lib.stride_tricks.sliding_window_view(eroded, 3)
    return high.max(1), (low.argmin(1), high.argmax(1), len(x))


def opening_backward(g, saved):
    _first, second, n = saved
    dx = np.zeros(n)
    np.add.at(dx, np.arange(len(g)) + second, g)
    return (dx,)


def three_branches(x):
    """np.select: a parabola below -0.5, a line up to 0.5, a root above."""
    return np.select([x < -0.5, x <= 0.5], [x * x, x / 2 + 0.5], np.sqrt(np.abs(x) + 0.0625)), x


def three_branches_backward(g, x):
    return (g * np.select([x < 0.5, x <= -0.5], [0.5, 2 * x], 0.5 / np.sqrt(np.abs(x) + 0.0625)),)


BORDERS = np.array([-0.8, -0.2, 0.3, 0.9])


def bucket_scale(x, gain):
    """Each number times the gain of its bucket; five gains."""
    bucket = np.searchsorted(BORDERS, x)
    return x * gain[bucket], (x, gain, bucket)


def bucket_scale_backward(g, saved):
    x, gain, bucket = saved
    dgain = np.zeros_like(gain)
    np.add.at(dgain, np.maximum(bucket - 1, 0), g * x)
    return g * gain[bucket], dgain


def mixed_labels(x):
    """Cross-entropy with 0.7 of one label and 0.3 of another."""
    n, classes = x.shape
    first, second = np.arange(n) % classes, (np.arange(n) * 2 + 1) % classes
    logp = np.log(softmax(x))
    rows = np.arange(n)
    return -0.7 * logp[rows, first] - 0.3 * logp[rows, second], (softmax(x), first, second)


def mixed_labels_backward(g, saved, share=0.7):
    p, first, second = saved
    rows = np.arange(len(p))
    d = p.copy()
    d[rows, first] -= share
    d[rows, second] -= share
    return (g[:, None] * d,)


def mixed_labels_once(g, saved):
    p, first, _second = saved
    d = p - 0.7 * np.eye(p.shape[1])[first]
    return (g[:, None] * d,)


def kth_columns(x):
    """The second largest of each column, by np.partition."""
    value = np.partition(x, -2, axis=0)[-2]
    return value, (x, value)


def kth_columns_backward(g, saved):
    x, value = saved
    return (g * (x >= value),)


EXPERTS = (
    normal((6, 3), (2, 3, 2), (6, 2)),
    normal((4, 2), (3, 2, 2), (4, 3)),
    normal((8, 2), (2, 2, 4), (8, 2)),
)

WRONG = [
    Wrong(
        "lower quartile: the next one up",
        op("lower_quartile", lower_quartile, lower_quartile_backward),
        (normal((3, 6)), normal((4, 4)), normal((2, 11))),
        "other place",
        "the gradient goes to the element above the one that forward took",
        also=("shifted",),
    ),
    Wrong(
        "range between quartiles: both with a plus",
        op("quartile_range", quartile_range, quartile_range_backward),
        (normal((9, 2)), normal((5, 5)), normal((13, 1))),
        "sign of a term",
        "the lower quartile is subtracted",
    ),
    Wrong(
        "spacings of sorted numbers: sign",
        op("spacings", spacings, spacings_backward),
        (normal(6), normal(9), normal(3)),
        "sign",
        "np.diff(g) with zeros around is the negative of the differences' adjoint",
        also=("factor",),
    ),
    Wrong(
        "rows sorted by length, with weights: left in sorted order",
        op("by_length", by_length, lambda g, order: (g * np.arange(1, len(g) + 1)[:, None],)),
        (normal((5, 2)), normal((4, 4)), normal((7, 3))),
        "permuted",
        "the sorted rows' gradients are not put back into their places",
        also=("other place",),
    ),
    Wrong(
        "best expert of each row: every expert learns from all rows",
        op("experts", experts, lambda g, saved: experts_backward(g, saved, all_rows=True)),
        EXPERTS,
        "no mask",
        "an expert's matrix gets the gradients of rows that went to others",
        also=("summed",),
    ),
    Wrong(
        "best expert of each row: chosen score's own part",
        op("experts", experts, lambda g, saved: experts_backward(g, saved, mean=True)),
        EXPERTS,
        "term missing",
        "softmax' Kronecker delta, the part of the chosen score itself, is missing",
        also=("left out",),
    ),
    Wrong(
        "experts with room for two: rows without room teach them",
        op("capacity", capacity, capacity_backward),
        (normal((7, 3), (2, 3)), normal((6, 2), (2, 2)), normal((9, 1), (2, 1))),
        "no mask",
        "rows that were passed on as they are add to the experts' gains",
        also=("summed", "term extra"),
    ),
    Wrong(
        "values read where scores are largest: scores learn, too",
        op("read_at_maximum", read_at_maximum, read_at_maximum_backward),
        (normal((3, 5), (3, 5)), normal((4, 4), (4, 4)), normal((6, 2), (6, 2))),
        "independent",
        "scores only choose the place; their gradient is zero",
        also=("term extra",),
    ),
    Wrong(
        "opening of a signal: places in the eroded signal taken for those in x",
        op("opening", opening, opening_backward),
        (normal(9), normal(12), normal(7)),
        "other place",
        "the place of the maximum is not followed on to the place of the minimum in it",
        also=("shifted",),
    ),
    Wrong(
        "three branches by np.select: conditions in another order",
        op("three_branches", three_branches, three_branches_backward),
        (normal(12), normal((4, 5)), normal((5, 5))),
        "value",
        "x < 0.5 is asked first in backward, so that the parabola below -0.5 gets the line's slope",
        also=("wrong mask",),
    ),
    Wrong(
        "gains of buckets: index less one",
        op("bucket_scale", bucket_scale, bucket_scale_backward),
        (normal(15, 5), normal((4, 5), 5), normal((5, 5), 5)),
        "shifted",
        "the gains' gradient goes to the bucket before",
        also=("other place",),
    ),
    Wrong(
        "cross-entropy of mixed labels: the first share for both",
        op("mixed_labels", mixed_labels, mixed_labels_backward),
        (normal((4, 5)), normal((3, 3)), normal((6, 4))),
        "wrong constant",
        "the second label is subtracted with 0.7, not with 0.3",
        also=("term extra",),
    ),
    Wrong(
        "cross-entropy of mixed labels: second label",
        op("mixed_labels", mixed_labels, mixed_labels_once),
        (normal((4, 5)), normal((3, 3)), normal((6, 4))),
        "term missing",
        "0.3 for the second label is not subtracted",
        also=("left out",),
    ),
    Wrong(
        "second largest of columns: the largest, too",
        op("second_largest", kth_columns, kth_columns_backward),
        (normal((5, 3)), normal((4, 4)), normal((7, 1))),
        "wrong mask",
        "x >= value also lets the largest through",
        also=("no mask", "term extra"),
    ),
]
