"""Losses of classes (cross-entropy's family, focal, Kullback-Leibler, margins on cosines) with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def labelled(n, k):
    """Logits (N, K) and labels (N,)."""
    return lambda rng: [rng.standard_normal((n, k)), rng.integers(0, k, n)]


def half_right(n, k):
    """Logits and labels: every second label is the class that is largest, though not by much."""

    def point(rng):
        x = 0.3 * rng.standard_normal((n, k))
        return [x, np.where(np.arange(n) % 2, rng.integers(0, k, n), x.argmax(axis=1))]

    return point


def marked(n, k):
    """Logits and labels of 0 and 1, both (N, K)."""
    return lambda rng: [rng.standard_normal((n, k)), np.arange(n * k).reshape(n, k) % 3 % 2]


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    x = x - x.max(axis=axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def one_hot(y, k):
    return np.eye(k)[y]


def smoothed_forward(x, y):
    n, k = x.shape
    target = 0.8 * one_hot(y, k) + 0.2 / k
    return -(target * log_softmax(x)).sum() / n, (x, y)


def smoothed_backward(g, saved):
    x, y = saved
    return g * (softmax(x) - 0.8 * one_hot(y, x.shape[1])) / len(x), None


def class_weights(k):
    return np.sqrt(np.arange(k) + 0.3)


def weighted_forward(x, y):
    w = class_weights(x.shape[1])
    picked = w[y]
    return -(picked * log_softmax(x)[np.arange(len(y)), y]).sum() / picked.sum(), (x, y, w)


def weighted_backward(g, saved):
    x, y, w = saved
    return g * w[y][:, None] * (softmax(x) - one_hot(y, len(w))) / w.sum(), None


def pixel_forward(x, y):
    """x (N, K, H, W), y (N, H, W)."""
    logs = log_softmax(x, axis=1)
    return -np.take_along_axis(logs, y[:, None], axis=1).mean(), (x, y)


def pixel_backward(g, saved):
    x, y = saved
    dx = softmax(x, axis=1)
    n, _, height, width = x.shape
    for i in range(n):
        for row in range(height):
            for column in range(width):
                dx[i, y[i, column, row], row, column] -= 1
    return g * dx / y.size, None


def pixels(n, k, size):
    return lambda rng: [rng.standard_normal((n, k, size, size)), rng.integers(0, k, (n, size, size))]


def nll_forward(logs, y):
    return -logs[np.arange(len(y)), y].mean(), (logs.shape, y)


def ignored(n, k):
    """Log-probabilities and labels, every third of which is -1: to be ignored."""

    def point(rng):
        y = rng.integers(0, k, n)
        y[::3] = -1
        return [log_softmax(rng.standard_normal((n, k))), y]

    return point


def nll_ignoring_forward(logs, y):
    kept = y >= 0
    return -logs[kept, y[kept]].sum() / kept.sum(), (logs.shape, y)


def nll_ignoring_backward(g, saved):
    shape, y = saved
    dx = np.zeros(shape)
    dx[np.arange(len(y)), y] = -g / (y >= 0).sum()
    return dx, None


def sigmoid_focal_forward(x, y):
    p = sigmoid(x)
    pt, weight = np.where(y, p, 1 - p), np.where(y, 0.25, 0.75)
    return -(weight * (1 - pt) ** 2 * np.log(pt)).sum(), (x, y)


def sigmoid_focal_backward(g, saved):
    x, y = saved
    p = sigmoid(x)
    pt, weight = np.where(y, p, 1 - p), np.where(y, 0.75, 0.25)
    slope = weight * (1 - pt) ** 2 * (2 * pt * np.log(pt) - (1 - pt))
    return g * slope * np.where(y, 1, -1), None


def focal_forward(x, y):
    pt = softmax(x)[np.arange(len(y)), y]
    return -((1 - pt) ** 3 * np.log(pt)).mean(), (x, y)


def focal_backward(g, saved):
    x, y = saved
    p = softmax(x)
    pt = p[np.arange(len(y)), y]
    of_pt = 3 * (1 - pt) ** 3 * np.log(pt) - (1 - pt) ** 3 / pt
    return g / len(y) * (of_pt * pt)[:, None] * (one_hot(y, x.shape[1]) - p), None


def bce_smoothed_forward(x, y):
    target = 0.9 * y + 0.05
    return (np.logaddexp(0, x) - target * x).mean(), (x, y)


def bce_smoothed_backward(g, saved):
    x, y = saved
    return g * (sigmoid(x) - y) / x.size, None


def bce_positive_forward(x, y):
    return (3 * y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x)).sum(), (x, y)


def bce_positive_backward(g, saved):
    x, y = saved
    return 3 * g * (sigmoid(x) - y), None


def crammer_singer_forward(x, y):
    rows = np.arange(len(y))
    others = np.where(one_hot(y, x.shape[1]) > 0, -np.inf, x)
    return np.maximum(1 + others.max(axis=1) - x[rows, y], 0).sum(), (x, y)


def crammer_singer_backward(g, saved):
    x, y = saved
    rows = np.arange(len(y))
    others = np.where(one_hot(y, x.shape[1]) > 0, -np.inf, x)
    active = (1 + others.max(axis=1) - x[rows, y] > 0) * g
    dx = np.zeros_like(x)
    np.add.at(dx, (rows, x.argmax(axis=1)), active)
    np.add.at(dx, (rows, y), -active)
    return dx, None


def divergence_forward(a, b):
    """KL(softmax(a) || softmax(b)) of each row."""
    la, lb = log_softmax(a), log_softmax(b)
    return (np.exp(la) * (la - lb)).sum(axis=-1), (la, lb)


def divergence_backward(g, saved):
    la, lb = saved
    p = np.exp(la)
    return g[..., None] * p * (la - lb), g[..., None] * (np.exp(lb) - p)


def log_target_forward(x, target):
    return (np.exp(target) * (target - x)).sum(), (x, target)


def log_target_backward(g, saved):
    x, target = saved
    return -g * target, g * np.exp(target) * (target - x + 1)


def hellinger_forward(p, q):
    distance = np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum(axis=1) / 2)
    return distance, (p, q, distance)


def hellinger_backward(g, saved):
    p, q, _ = saved
    return g[:, None] * (1 - np.sqrt(q / p)) / 4, g[:, None] * (1 - np.sqrt(p / q)) / 4


def two_distributions(n, k):
    return lambda rng: [softmax(rng.standard_normal((n, k))), softmax(rng.standard_normal((n, k)))]


def cosines(n, k):
    return lambda rng: [rng.uniform(-0.8, 0.8, (n, k)), rng.integers(0, k, n)]


def arcface_forward(c, y):
    hit = one_hot(y, c.shape[1]) > 0
    return 8 * np.where(hit, np.cos(np.arccos(c) + 0.5), c), hit


def list_mle_forward(s):
    """Likelihood of the order as given, of each row."""
    tails = np.logaddexp.accumulate(s[:, ::-1], axis=1)[:, ::-1]
    return (tails - s).sum(axis=1), (s, tails)


def list_mle_backward(g, saved):
    s, tails = saved
    return (g[:, None] * (np.exp(s - tails) - 1),)


def confidence_forward(x, y):
    """Cross-entropy minus a tenth of the entropy (a penalty on confident predictions)."""
    logs = log_softmax(x)
    p = np.exp(logs)
    return -logs[np.arange(len(y)), y].mean() + 0.1 * (p * logs).sum(axis=1).mean(), (logs, y)


def confidence_backward(g, saved):
    logs, y = saved
    p = np.exp(logs)
    entropy = (p * logs).sum(axis=1, keepdims=True)
    return g / len(y) * (p - one_hot(y, p.shape[1]) - 0.1 * p * (logs - entropy)), None


WRONG = [
    Wrong(
        "cross-entropy with label smoothing: the uniform part forgotten",
        op("cross_entropy", smoothed_forward, smoothed_backward),
        (labelled(5, 4), labelled(3, 3), labelled(8, 2)),
        "term missing",
        "p - 0.8 one_hot: the smoothing's 0.2 / K is not subtracted",
        ("wrong constant", "wrong formula"),
    ),
    Wrong(
        "cross-entropy with class weights: divided by the sum over classes",
        op("cross_entropy", weighted_forward, weighted_backward),
        (labelled(7, 4), labelled(6, 5), labelled(2, 6)),
        "factor",
        "divided by the sum of all classes' weights in place of the sum of the labels' weights",
        ("wrong constant", "averaged", "not averaged"),
    ),
    Wrong(
        "cross-entropy of square pictures: labels' rows and columns exchanged",
        op("cross_entropy", pixel_forward, pixel_backward),
        (pixels(2, 3, 3), pixels(1, 4, 4), pixels(4, 5, 2)),
        "transposed",
        "the 1 of a pixel is subtracted for the label at its mirrored place",
        ("other place",),
    ),
    Wrong(
        "negative log-likelihood: every class gets -1 / N",
        op("nll", nll_forward, lambda g, s: (np.full(s[0], -float(g) / s[0][0]), None)),
        (labelled(4, 3), labelled(5, 5), labelled(2, 7)),
        "no mask",
        "the labels are not asked: classes that forward never reads get the gradient, too",
        ("independent", "other place"),
    ),
    Wrong(
        "negative log-likelihood, label -1 ignored: it indexes the last class",
        op("nll", nll_ignoring_forward, nll_ignoring_backward),
        (ignored(6, 4), ignored(4, 4), ignored(9, 3)),
        "no mask",
        "rows to be ignored give a gradient to the last class, since -1 is a valid index",
        ("independent", "other place"),
    ),
    Wrong(
        "focal loss of sigmoids: weights of the two labels exchanged",
        op("focal", sigmoid_focal_forward, sigmoid_focal_backward),
        (marked(4, 4), marked(7, 2), marked(1, 12)),
        "wrong constant",
        "alpha and 1 - alpha are exchanged: positives get 0.75, negatives 0.25",
        ("exchanged", "chain factor", "scale"),
    ),
    Wrong(
        "focal loss: exponent not lowered in the modulating factor's derivative",
        op("focal", focal_forward, focal_backward),
        (labelled(5, 4), labelled(4, 4), labelled(8, 2)),
        "wrong formula",
        "3 (1 - p)^3 log p where the derivative of (1 - p)^3 needs the exponent 2",
        ("chain factor",),
    ),
    Wrong(
        "bce of logits with smoothed labels: hard ones in backward",
        op("bce", bce_smoothed_forward, bce_smoothed_backward),
        (marked(4, 4), marked(3, 5), marked(2, 9)),
        "wrong constant",
        "backward subtracts the labels 0 and 1 in place of 0.05 and 0.95",
        ("wrong formula", "term missing"),
    ),
    Wrong(
        "bce of logits: the positives' weight for all",
        op("bce", bce_positive_forward, bce_positive_backward),
        (marked(4, 4), marked(5, 3), marked(1, 10)),
        "chain factor",
        "negatives' gradients are multiplied by the positives' weight, too",
        ("no mask", "wrong constant", "wrong formula", "scale"),
    ),
    Wrong(
        "Crammer-Singer hinge: the largest of all classes",
        op("hinge", crammer_singer_forward, crammer_singer_backward),
        (half_right(8, 3), half_right(6, 6), half_right(9, 2)),
        "other place",
        "where the right class is the largest, yet within the margin, its own +1 and -1 cancel; the rival gets nothing",
        ("no mask", "wrong mask", "term missing", "left out"),
    ),
    Wrong(
        "divergence of two softmaxes: the mean of the logarithms",
        op("kl", divergence_forward, divergence_backward),
        (normal((4, 5), (4, 5)), normal((3, 3), (3, 3)), normal((2, 2, 4), (2, 2, 4))),
        "term missing",
        "the first logits' gradient lacks minus p times the divergence (softmax's sum)",
        ("wrong formula",),
    ),
    Wrong(
        "divergence with logarithms as targets: exp forgotten",
        op("kl", log_target_forward, log_target_backward),
        (normal((4, 3), (4, 3)), normal((3, 3), (3, 3)), normal((9,), (9,))),
        "wrong formula",
        "-target for -exp(target): the targets are taken for probabilities",
        ("wrong point", "chain factor"),
    ),
    Wrong(
        "Hellinger distance: the root's derivative forgotten",
        op("hellinger", hellinger_forward, hellinger_backward),
        (two_distributions(4, 3), two_distributions(5, 5), two_distributions(2, 8)),
        "scale",
        "1 / distance of each row, from the outer root, is missing",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "arcface: the margin's inner derivative",
        op("arcface", arcface_forward, lambda g, hit: (8 * g, None)),
        (cosines(4, 5), cosines(4, 4), cosines(7, 2)),
        "chain factor",
        "at the label the slope is sin(angle + m) / sin(angle), not 1",
        ("term missing", "wrong formula"),
    ),
    Wrong(
        "likelihood of a ranking: own place only",
        op("list_mle", list_mle_forward, list_mle_backward),
        (normal((4, 5)), normal((3, 3)), normal((1, 7))),
        "term missing",
        "an item is in the denominators of all places before its own, too",
        ("not summed", "left out"),
    ),
    Wrong(
        "cross-entropy with an entropy bonus: its sign",
        op("confidence", confidence_forward, confidence_backward),
        (labelled(4, 5), labelled(3, 3), labelled(6, 2)),
        "sign of a term",
        "the gradient of the penalty is subtracted where it must be added",
        ("wrong formula",),
    ),
]
