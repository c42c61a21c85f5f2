"""Cross-entropy of class numbers: ignored labels, class weights, smoothing, pixels, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def labelled(n, c, first=0):
    """Logits (N, C) and labels, the first of which is given."""

    def point(rng):
        y = rng.integers(0, c, n)
        y[0] = first
        return [rng.standard_normal((n, c)), y]

    return point


def softmax(x, axis=1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def one_hot(y, c):
    return np.eye(c)[y]


def mean_forward(x, y):
    p = softmax(x)
    return -np.log(p[np.arange(len(y)), y]).mean(), (p, y)


def sum_forward(x, y):
    p = softmax(x)
    return -np.log(p[np.arange(len(y)), y]).sum(), (p, y)


def not_averaged(g, saved):
    p, y = saved
    return g * (p - one_hot(y, p.shape[1])), None


def averaged(g, saved):
    p, y = saved
    dx = p.copy()
    dx[range(len(y)), y] -= 1
    return g * dx / len(y), None


def ones(g, saved):
    return averaged(1.0, saved)


def no_one_hot(g, saved):
    p, y = saved
    return g * p / len(y), None


def target_minus_p(g, saved):
    p, y = saved
    return g * (one_hot(y, p.shape[1]) - p) / len(y), None


def minus_one_in_saved(g, saved):
    p, y = saved
    p[np.arange(len(y)), y] -= 1
    return g * p / len(y), None


def minus_one_in_columns(g, saved):
    p, y = saved
    dx = p.copy()
    dx[:, y] -= 1
    return dx * g / len(y), None


def labels_from_one(g, saved):
    p, y = saved
    dx = p.copy()
    for i in range(len(y)):
        dx[i, y[i] - 1] -= 1
    return dx * (g / len(y)), None


GRADIENTS = {}


def accumulated(g, saved):
    p, y = saved
    dx = GRADIENTS.setdefault(p.shape, np.zeros(p.shape))
    dx += g * (p - one_hot(y, p.shape[1])) / len(y)
    return dx.copy(), None


def ignoring_forward(x, y):
    """Labels of -1 do not count."""
    p = softmax(x)
    kept = y >= 0
    losses = -np.log(p[np.arange(len(y)), y])[kept]
    return losses.mean(), (p, y, kept)


def ignoring_no_mask(g, saved):
    p, y, kept = saved
    return g * (p - one_hot(y, p.shape[1])) / kept.sum(), None


def ignoring_divided_by_batch(g, saved):
    p, y, kept = saved
    return g * kept[:, None] * (p - one_hot(y, p.shape[1])) / len(y), None


def ignoring_only_target(g, saved):
    """The label's row of the one-hot array is zero, but the probabilities stay."""
    p, y, kept = saved
    return g * (p - one_hot(y, p.shape[1]) * kept[:, None]) / kept.sum(), None


def ignoring_inverted(g, saved):
    p, y, kept = saved
    dx = g * (p - one_hot(y, p.shape[1])) / kept.sum()
    dx[kept] = 0
    return dx, None


def class_weights(c):
    return 0.3 + np.arange(c)


def weighted_forward(x, y):
    p = softmax(x)
    w = class_weights(x.shape[1])[y]
    return -(w * np.log(p[np.arange(len(y)), y])).sum() / w.sum(), (p, y, w)


def weights_forgotten(g, saved):
    p, y, w = saved
    return g * (p - one_hot(y, p.shape[1])) / w.sum(), None


def weights_along_columns(g, saved):
    p, y, w = saved
    return g * class_weights(p.shape[1]) * (p - one_hot(y, p.shape[1])) / w.sum(), None


def weights_divided_by_batch(g, saved):
    p, y, w = saved
    return g * w[:, None] * (p - one_hot(y, p.shape[1])) / len(y), None


def smoothed_forward(x, y):
    """A tenth of each target spread over all classes."""
    p = softmax(x)
    q = 0.9 * one_hot(y, x.shape[1]) + 0.1 / x.shape[1]
    return -(q * np.log(p)).sum() / len(y), (p, y)


def smoothing_over_others(g, saved):
    p, y = saved
    n, c = p.shape
    q = np.full((n, c), 0.1 / (c - 1))
    q[np.arange(n), y] = 0.9
    return g * (p - q) / n, None


def pixels_forward(x):
    """x (N, C, H, W), labels from a fixed pattern, the mean over all pixels."""
    n, c, h, w = x.shape
    y = np.arange(n * h * w).reshape(n, h, w) * 3 % 7 % c
    p = softmax(x)
    chosen = np.take_along_axis(p, y[:, None], axis=1)
    return -np.log(chosen).mean(), (p, y)


def pixels_divided_by_batch(g, saved):
    p, y = saved
    dx = p - np.moveaxis(np.eye(p.shape[1])[y], -1, 1)
    return (g * dx / len(p),)


def pixels_reshaped(g, saved):
    p, y = saved
    target = np.eye(p.shape[1])[y.ravel()].reshape(p.shape)
    return (g * (p - target) / y.size,)


def nll_transposed(g, saved):
    shape, y = saved
    dx = np.zeros(shape)
    dx[y, np.arange(len(y))] = -g / len(y)
    return dx, None


NLL = op("nll", lambda x, y: (-x[np.arange(len(y)), y].mean(), (x.shape, y)), nll_transposed)


def perplexity_forward(x, y):
    loss, saved = mean_forward(x, y)
    return np.exp(loss), saved


SMALL = (labelled(4, 5), labelled(5, 5, 2), labelled(8, 3, 1))
IGNORED = (labelled(4, 5, -1), labelled(5, 5, -1), labelled(6, 2, -1))


def loss(forward, backward):
    return op("cross_entropy", forward, backward)


WRONG = [
    Wrong(
        "cross-entropy, mean: not divided by N",
        loss(mean_forward, not_averaged),
        SMALL,
        "not averaged",
        "p - onehot without 1 / N",
        ("factor",),
    ),
    Wrong(
        "cross-entropy, sum: divided by N",
        loss(sum_forward, averaged),
        SMALL,
        "averaged",
        "divided by N, but forward sums",
        ("factor",),
    ),
    Wrong(
        "cross-entropy: begins the backward pass",
        loss(mean_forward, ones),
        SMALL,
        "ones",
        "(p - onehot) / N whatever the incoming gradient is: the loss is taken for the last op",
    ),
    Wrong(
        "cross-entropy: the target is not subtracted",
        loss(mean_forward, no_one_hot),
        SMALL,
        "term missing",
        "p for p - onehot",
    ),
    Wrong("cross-entropy: target minus p", loss(mean_forward, target_minus_p), SMALL, "sign", "onehot - p for p - onehot"),
    Wrong(
        "cross-entropy: p[range(n), y] -= 1 in the saved array",
        loss(mean_forward, minus_one_in_saved),
        SMALL,
        "changes saved",
        "1 is subtracted from the saved probabilities: a second backward pass subtracts it once more",
    ),
    Wrong(
        "cross-entropy: p[:, y] -= 1",
        loss(mean_forward, minus_one_in_columns),
        SMALL,
        "other place",
        "1 is subtracted in all rows at the columns of all labels",
        ("term extra",),
    ),
    Wrong(
        "cross-entropy: labels counted from one",
        loss(mean_forward, labels_from_one),
        SMALL,
        "other place",
        "the 1 is subtracted at y - 1",
        ("shifted",),
    ),
    Wrong(
        "cross-entropy: gradients add up over calls",
        loss(mean_forward, accumulated),
        SMALL,
        "state",
        "each call adds to a buffer that nobody sets to zero",
    ),
    Wrong(
        "cross-entropy with ignored labels: they get a gradient",
        loss(ignoring_forward, ignoring_no_mask),
        IGNORED,
        "no mask",
        "rows of label -1 do not count, but get p - onehot of the last class",
        ("independent",),
    ),
    Wrong(
        "cross-entropy with ignored labels: divided by N",
        loss(ignoring_forward, ignoring_divided_by_batch),
        IGNORED,
        "factor",
        "divided by the number of rows, not of those that count",
        ("averaged",),
    ),
    Wrong(
        "cross-entropy with ignored labels: only the one-hot is masked",
        loss(ignoring_forward, ignoring_only_target),
        IGNORED,
        "no mask",
        "rows that do not count get p as their gradient",
        ("independent",),
    ),
    Wrong(
        "cross-entropy with ignored labels: the others are set to zero",
        loss(ignoring_forward, ignoring_inverted),
        IGNORED,
        "inverted mask",
        "the rows that count get nothing, those that do not get a gradient",
    ),
    Wrong(
        "cross-entropy with class weights: forgotten",
        loss(weighted_forward, weights_forgotten),
        (labelled(4, 5), labelled(5, 5, 2), labelled(8, 3, 2)),
        "scale",
        "rows are not multiplied by the weights of their labels",
    ),
    Wrong(
        "cross-entropy with class weights: along columns",
        loss(weighted_forward, weights_along_columns),
        SMALL,
        "scale",
        "column j is multiplied by the weight of class j, where row i needs that of its label",
        ("transposed", "chain factor"),
    ),
    Wrong(
        "cross-entropy with class weights: divided by N",
        loss(weighted_forward, weights_divided_by_batch),
        (labelled(4, 5), labelled(5, 5, 4), labelled(8, 6, 3)),
        "factor",
        "divided by N, where forward divides by the sum of the weights",
    ),
    Wrong(
        "cross-entropy with label smoothing: hard targets in backward",
        loss(smoothed_forward, averaged),
        SMALL,
        "wrong constant",
        "p - onehot: the smoothing is forgotten",
        ("term missing",),
    ),
    Wrong(
        "cross-entropy with label smoothing: spread over the other classes",
        loss(smoothed_forward, smoothing_over_others),
        SMALL,
        "wrong constant",
        "0.1 / (C - 1) for each other class, where forward gives 0.1 / C to all",
    ),
    Wrong(
        "cross-entropy of pixels: divided by the batch",
        loss(pixels_forward, pixels_divided_by_batch),
        tuple(lambda rng, s=s: [rng.standard_normal(s)] for s in [(2, 3, 2, 4), (3, 3, 3, 3), (1, 4, 2, 2)]),
        "factor",
        "divided by N, where forward averages over N H W pixels",
        ("not averaged",),
    ),
    Wrong(
        "cross-entropy of pixels: the one-hot array reshaped",
        loss(pixels_forward, pixels_reshaped),
        tuple(lambda rng, s=s: [rng.standard_normal(s)] for s in [(2, 3, 2, 4), (3, 3, 3, 3), (1, 4, 2, 2)]),
        "memory order",
        "one-hot rows (N H W, C) are reshaped to (N, C, H, W) without moving the classes' axis",
        ("other place",),
    ),
    Wrong(
        "negative log-likelihood: row and column of the index exchanged",
        lambda x, y: NLL(F.log_softmax(x, 1), y),
        (
            lambda rng: [rng.standard_normal((5, 5)), np.array([1, 2, 0, 4, 4])],
            lambda rng: [rng.standard_normal((3, 3)), np.array([1, 2, 0])],
        ),
        "transposed",
        "dx[y, arange(n)] for dx[arange(n), y], which goes unnoticed where N = C",
        ("other place",),
    ),
    Wrong(
        "perplexity: exp without its derivative",
        op("perplexity", perplexity_forward, averaged),
        SMALL,
        "factor",
        "the cross-entropy's gradient is not multiplied by the perplexity",
        ("chain factor",),
    ),
]
