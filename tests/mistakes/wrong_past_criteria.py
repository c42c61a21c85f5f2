"""Losses of classes, pairs, triplets, features and regions, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    p = np.exp(x - x.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def labels_of(n, classes):
    return (np.arange(n) * 2 + 1) % classes


def one_hot(x):
    return np.eye(x.shape[1])[labels_of(*x.shape)]


def focal(x):
    """Focal loss over classes, exponent 2, each class with its alpha: 0.25, 0.5, 0.75, 1, 0.25 ..."""
    p = softmax(x)
    alpha = 0.25 + 0.25 * (labels_of(*x.shape) % 4)
    pt = (p * one_hot(x)).sum(1)
    return np.array((-alpha * (1 - pt) ** 2 * np.log(pt)).sum()), (p, pt, alpha, one_hot(x))


def focal_backward(g, saved):
    p, pt, alpha, target = saved
    slope = alpha[0] * (2 * (1 - pt) * np.log(pt) - (1 - pt) ** 2 / pt)
    return (g * (slope * pt)[:, None] * (target - p),)


def poly_loss(x):
    p, target = softmax(x), one_hot(x)
    pt = (p * target).sum(1)
    return np.array((-np.log(pt) + 1.5 * (1 - pt)).mean()), (p, pt, target)


def poly_loss_backward(g, saved):
    p, pt, target = saved
    return (g / len(p) * ((p - target) + 1.5 * pt[:, None] * (target - p)),)


def class_dice(x):
    """Mean over classes of 1 - dice, classes in columns."""
    p, t = sigmoid(x), one_hot(x)
    both, total = 2 * (p * t).sum(0) + 1, p.sum(0) + t.sum(0) + 1
    return np.array((1 - both / total).mean()), (p, t, both, total)


def class_dice_backward(g, saved):
    p, t, both, total = saved
    return (-g * (2 * t / total - both / total**2) * p * (1 - p),)


def lovasz(margins):
    """Lovasz hinge of a vector, every other label positive."""
    errors = 1 - margins * np.where(np.arange(len(margins)) % 2, -1, 1)
    order = np.argsort(-errors)
    truth = (order % 2 == 0).astype(float)
    jaccard = 1 - (truth.sum() - truth.cumsum()) / (truth.sum() + (1 - truth).cumsum())
    weight = np.diff(jaccard, prepend=0)
    return np.array((np.maximum(errors[order], 0) * weight).sum()), (errors, order, weight)


def lovasz_backward(g, saved):
    errors, _order, weight = saved
    return (-g * weight * (errors > 0) * np.where(np.arange(len(errors)) % 2, -1, 1),)


def soft_triplet(a, p, n):
    """log(1 + exp(|a - p|^2 - |a - n|^2)), summed over rows."""
    z = ((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1)
    return np.array(np.logaddexp(0, z).sum()), (a, p, n, sigmoid(z))


def soft_triplet_backward(g, saved):
    a, p, n, _ = saved
    return 2 * g * (n - p), 2 * g * (p - a), 2 * g * (a - n)


def hard_triplet(x):
    """Batch-hard: for each row the farthest of its class and the nearest of the other; classes alternate."""
    distance = ((x[:, None] - x) ** 2).sum(2)
    same = (np.arange(len(x))[:, None] - np.arange(len(x))) % 2 == 0
    far = np.where(same, distance, -np.inf).argmax(1)
    near = np.where(same, np.inf, distance).argmin(1)
    rows = np.arange(len(x))
    return distance[rows, far] - distance[rows, near], (
        x,
        far,
        near,
        np.where(same & (distance > 0), distance, np.inf).argmin(1),
    )


def hard_triplet_backward(g, saved, easy=False):
    x, far, near, nearest_same = saved
    far = nearest_same if easy else far
    dx = 2 * g[:, None] * (x[near] - x[far])
    np.add.at(dx, far, 2 * g[:, None] * (x[far] - x))
    np.add.at(dx, near, -2 * g[:, None] * (x[near] - x))
    return (dx,)


def hard_triplet_anchor(g, saved):
    x, far, near, _ = saved
    return (2 * g[:, None] * (x[near] - x[far]),)


def covariance_penalty(x):
    """Squared covariances of different features."""
    centred = x - x.mean(0)
    c = centred.T @ centred / (len(x) - 1)
    return np.array((c**2).sum() - (np.diag(c) ** 2).sum()), (centred, c)


def covariance_penalty_backward(g, saved):
    centred, c = saved
    return (g * 4 / (len(centred) - 1) * centred @ c,)


def similarity(x, y):
    """Structural similarity of two signals as a whole."""
    a, b = 2 * x.mean() * y.mean() + 0.1, x.mean() ** 2 + y.mean() ** 2 + 0.1
    c, d = 2 * ((x - x.mean()) * (y - y.mean())).mean() + 0.2, x.var() + y.var() + 0.2
    return np.array(a * c / (b * d)), (x, y, a, b, c, d)


def similarity_backward(g, saved):
    x, y, a, b, c, d = saved
    value = a * c / (b * d)

    def one(x, y):
        dc = 2 * (y - y.mean()) / x.size
        dd = 2 * (x - x.mean()) / x.size
        return g * value * (dc / c - dd / d)

    return one(x, y), one(y, x)


FOCAL = (normal((4, 5)), normal((3, 3)), normal((6, 4)))


WRONG = [
    Wrong(
        "focal loss of classes: first sample's alpha for all",
        op("focal", focal, focal_backward),
        FOCAL,
        "scale",
        "each sample has the alpha of its class; backward takes that of the first",
        also=("wrong constant", "chain factor"),
    ),
    Wrong(
        "poly loss: plus for the second term",
        op("poly_loss", poly_loss, poly_loss_backward),
        FOCAL,
        "sign of a term",
        "1 - p has the derivative -1: the second term pulls the wrong way",
    ),
    Wrong(
        "dice of classes: the mean over classes forgotten",
        op("class_dice", class_dice, class_dice_backward),
        FOCAL,
        "not averaged",
        "not divided by the number of classes",
        also=("factor",),
    ),
    Wrong(
        "Lovasz hinge: weights in the order of the errors",
        op("lovasz", lovasz, lovasz_backward),
        (normal(8), normal(5), normal(12)),
        "permuted",
        "the weights belong to sorted errors, and are not put back",
        also=("other place",),
    ),
    Wrong(
        "soft triplet loss: slope of the softplus",
        op("soft_triplet", soft_triplet, soft_triplet_backward),
        (normal((4, 3), (4, 3), (4, 3)), normal((3, 3), (3, 3), (3, 3)), normal((2, 5), (2, 5), (2, 5))),
        "chain factor",
        "the sigmoid, the outer function's derivative, is missing",
        also=("scale",),
    ),
    Wrong(
        "batch-hard triplets: the easiest of the class",
        op("hard_triplet", hard_triplet, lambda g, saved: hard_triplet_backward(g, saved, True)),
        (normal((6, 2)), normal((8, 3)), normal((10, 2))),
        "other place",
        "backward pulls the nearest of the class, forward the farthest",
    ),
    Wrong(
        "batch-hard triplets: only anchors learn",
        op("hard_triplet", hard_triplet, hard_triplet_anchor),
        (normal((6, 2)), normal((4, 4)), normal((8, 3))),
        "term missing",
        "rows in their role of positive or negative of others get nothing",
        also=("not summed",),
    ),
    Wrong(
        "covariances of features: the diagonal counts",
        op("covariance_penalty", covariance_penalty, covariance_penalty_backward),
        (normal((5, 3)), normal((4, 4)), normal((6, 2))),
        "no mask",
        "variances are not part of the loss, but get a gradient",
        also=("term extra",),
    ),
    Wrong(
        "structural similarity: luminance as a constant",
        op("similarity", similarity, similarity_backward),
        (normal(8, 8), normal((3, 4), (3, 4)), normal((2, 2), (2, 2))),
        "term missing",
        "only the contrast's part is there; that of the means is missing",
    ),
]
