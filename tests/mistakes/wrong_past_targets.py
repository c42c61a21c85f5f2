"""Losses of boxes, values, preferences, evidence and ranks, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def low_scores(shape):
    return lambda rng: [1.5 * rng.standard_normal(shape) - 1.5]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def labels_of(n, classes):
    return (np.arange(n) * 2 + 1) % classes


def one_hot(x):
    return np.eye(x.shape[1])[labels_of(*x.shape)]


def overlap(p, q):
    """1 - intersection over union of boxes (x1, y1, x2, y2), the second ones' enclosing box counted as in GIoU."""
    low, high = np.maximum(p[:, :2], q[:, :2]), np.minimum(p[:, 2:], q[:, 2:])
    size = high - low
    inter = size.prod(1)
    area_p, area_q = (p[:, 2:] - p[:, :2]).prod(1), (q[:, 2:] - q[:, :2]).prod(1)
    union = area_p + area_q - inter
    hull = np.maximum(p[:, 2:], q[:, 2:]) - np.minimum(p[:, :2], q[:, :2])
    return 2 - inter / union - union / hull.prod(1), (p, q, size, inter, union, hull)


def overlap_backward(g, saved, hull_learns=False, inverted=True):
    p, q, size, inter, union, hull = saved
    area = hull.prod(1)
    dinter = g * (-1 / union - inter / union**2 + 1 / area)
    dunion = g * (inter / union**2 - 1 / area)
    dhull = (g * union / area**2)[:, None] * hull[:, ::-1] * hull_learns
    grads = []
    for one, other in ((p, q), (q, p)):
        sides = (one[:, 2:] - one[:, :2])[:, ::-1]
        inner = dinter[:, None] * size[:, ::-1]
        low, high = one[:, :2] > other[:, :2], one[:, 2:] < other[:, 2:]
        own_low, own_high = (~low, ~high) if inverted else (low, high)
        dlow = -inner * own_low - dunion[:, None] * sides - dhull * ~low
        dhigh = inner * own_high + dunion[:, None] * sides + dhull * ~high
        grads.append(np.concatenate([dlow, dhigh], axis=1))
    return tuple(grads)


def boxes(n):
    def point(rng):
        corners = rng.uniform(0, 1, (2, n, 2))
        return [np.concatenate([c, c + rng.uniform(1.2, 2, (n, 2))], axis=1) for c in corners]

    return point


ANCHOR = np.array([[2.0, 3.0, 0.5, 4.0]])


def decoded(t):
    """Boxes (x, y, w, h) from offsets to an anchor."""
    return np.concatenate([ANCHOR[:, :2] + ANCHOR[:, 2:] * t[:, :2], ANCHOR[:, 2:] * np.exp(t[:, 2:])], axis=1), t


def decoded_backward(g, t):
    return (np.concatenate([g[:, :2] * ANCHOR[:, 2:], g[:, 2:] * np.exp(t[:, 2:])], axis=1),)


def clipped_value(v):
    """The larger of the squared error and that of the value clipped to 0.3 about the old one, 0; returns are 1."""
    clipped = np.clip(v, -0.3, 0.3)
    return 0.5 * np.maximum((v - 1) ** 2, (clipped - 1) ** 2), (v, clipped)


def clipped_value_backward(g, saved):
    v, clipped = saved
    return (g * np.where((v - 1) ** 2 >= (clipped - 1) ** 2, v - 1, clipped - 1),)


def preference(a, b):
    """DPO with beta 0.2: -log sigmoid(beta (a - b))."""
    return np.logaddexp(0, -0.2 * (a - b)), sigmoid(-0.2 * (a - b))


def evidence_error(x):
    """Squared error of a Dirichlet's mean whose parameters are exp(x) + 1."""
    alpha = np.exp(x) + 1
    total = alpha.sum(1, keepdims=True)
    error = alpha / total - one_hot(x)
    return (error**2).sum(1), (alpha, total, error)


def evidence_error_backward(g, saved):
    alpha, total, error = saved
    return (2 * g[:, None] * error / total * (alpha - 1),)


def ordinal(score, cuts):
    """Likelihood of at most class k for each cut: the loss of thresholds against a score."""
    z = cuts - score[:, None]
    below = np.arange(len(score))[:, None] % (len(cuts) + 1) <= np.arange(len(cuts))
    return np.array(np.logaddexp(0, np.where(below, -z, z)).sum()), sigmoid(z) - below


def tweedie(x, power=1.5):
    """Deviance for log-means; targets 0, 1, 2 ..."""
    y = np.arange(x.size).reshape(x.shape) % 3
    return -y * np.exp((1 - power) * x) / (1 - power) + np.exp((2 - power) * x) / (2 - power), (x, y)


def tweedie_backward(g, saved, power=1.5):
    x, y = saved
    return (g * (-y * np.exp((1 - power) * x) + np.exp((2 - power) * x) / (2 - power)),)


def asymmetric(x):
    """Asymmetric loss of negatives: their probability less 0.2, not below 0, squared as a weight."""
    p = sigmoid(x)
    q = np.maximum(p - 0.2, 0)
    return -(q**2) * np.log(1 - q), (p, q)


def asymmetric_backward(g, saved):
    p, _ = saved
    q = p - 0.2
    return (g * (-2 * q * np.log(1 - q) + q * q / (1 - q)) * p * (1 - p),)


def coral(a, b):
    """Squared distance of two samples' covariances, over 4 d^2."""
    ca, cb = (x - x.mean(0) for x in (a, b))
    gap = ca.T @ ca / (len(a) - 1) - cb.T @ cb / (len(b) - 1)
    return np.array((gap**2).sum() / (4 * a.shape[1] ** 2)), (ca, cb, gap)


def coral_backward(g, saved):
    ca, cb, gap = saved
    scale = g / gap.shape[0] ** 2
    return scale * ca @ gap / (len(ca) - 1), scale * cb @ gap / (len(cb) - 1)


FOCAL = (normal((4, 5)), normal((3, 3)), normal((6, 4)))


WRONG = [
    Wrong(
        "generalised IoU: enclosing box as a constant",
        op("giou", overlap, lambda g, saved: overlap_backward(g, saved, False, False)),
        (boxes(4), boxes(1), boxes(7)),
        "term missing",
        "the corners' gradient through the enclosing box is missing",
    ),
    Wrong(
        "generalised IoU: intersection given to the other box",
        op("giou", overlap, lambda g, saved: overlap_backward(g, saved, True, True)),
        (boxes(4), boxes(1), boxes(7)),
        "inverted mask",
        "the edge of the intersection is the larger of the lower edges; backward gives to the smaller",
        also=("exchanged", "other place"),
    ),
    Wrong(
        "boxes from offsets: anchor forgotten for width and height",
        op("decoded", decoded, decoded_backward),
        (normal((4, 4)), normal((1, 4)), normal((6, 4))),
        "scale",
        "the exponential's derivative lacks the anchor's width and height",
        also=("wrong constant", "chain factor"),
    ),
    Wrong(
        "clipped value loss: clipped values pass",
        op("clipped_value", clipped_value, clipped_value_backward),
        (normal(12), normal((3, 5)), normal((4, 4))),
        "no mask",
        "where the clipped value's error is the larger one, the gradient must be zero",
    ),
    Wrong(
        "preference loss: beta forgotten",
        op("preference", preference, lambda g, s: (-g * s, g * s)),
        (normal(6, 6), normal((2, 3), (2, 3)), normal((3, 3), (3, 3))),
        "factor",
        "beta = 0.2 is missing in both gradients",
        also=("chain factor", "wrong constant"),
    ),
    Wrong(
        "squared error of a Dirichlet's mean: total as a constant",
        op("evidence_error", evidence_error, evidence_error_backward),
        FOCAL,
        "term missing",
        "the sum of the parameters, in the denominator, gets no gradient",
    ),
    Wrong(
        "ordinal regression: thresholds as scores",
        op("ordinal", ordinal, lambda g, d: (-g * d.sum(1), -g * d.sum(0))),
        (normal(5, 3), normal(4, 4), normal(7, 1)),
        "sign",
        "thresholds enter with a plus, scores with a minus; both get the minus",
        also=("factor",),
    ),
    Wrong(
        "Tweedie deviance: 1 / (2 - power) kept",
        op("tweedie", tweedie, tweedie_backward),
        (normal(7), normal((3, 4)), normal((3, 3))),
        "wrong constant",
        "the exponential's inner derivative cancels the division in the second term; backward still divides",
        also=("wrong formula", "chain factor"),
    ),
    Wrong(
        "asymmetric loss: easy negatives unmasked",
        op("asymmetric", asymmetric, asymmetric_backward),
        (low_scores(9), low_scores((3, 4)), low_scores((4, 4))),
        "no mask",
        "below a probability of 0.2 the loss is 0, but backward lets through",
        also=("value",),
    ),
    Wrong(
        "distance of covariances: second sample's minus",
        op("coral", coral, coral_backward),
        (normal((5, 3), (4, 3)), normal((3, 3), (3, 3)), normal((6, 2), (3, 2))),
        "sign",
        "the second covariance is subtracted: its gradient lacks the minus",
        also=("factor",),
    ),
]
