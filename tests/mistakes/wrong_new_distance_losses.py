"""Losses of distances, embeddings and regressions with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
from minimix import functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def pairs(n, d):
    """Two batches of embeddings, and whether the pairs belong together."""
    return lambda rng: [rng.standard_normal((n, d)), rng.standard_normal((n, d)), np.arange(n) % 3 % 2]


def contrastive_forward(a, b, same):
    distance = np.sqrt(((a - b) ** 2).sum(axis=1))
    return (same * distance**2 + (1 - same) * np.maximum(4 - distance, 0) ** 2).sum(), (a, b, same, distance)


def contrastive_backward(g, saved):
    a, b, same, distance = saved
    weight = 2 * same - 2 * (1 - same) * np.maximum(4 - distance, 0)
    da = g * weight[:, None] * (a - b)
    return da, -da, None


def hinge_embedding_forward(d, y):
    return np.where(y > 0, d, np.maximum(1.5 - d, 0)).mean(), (d, y)


def hinge_embedding_backward(g, saved):
    d, y = saved
    return g * np.where(y > 0, 1.0, (d < 1.5) * 1.0) / d.size, None


def signed(shape):
    return lambda rng: [rng.standard_normal(shape), 1 - 2 * (np.arange(np.prod(shape)).reshape(shape) % 2)]


def hardest_forward(anchor, negatives):
    """The largest product of each anchor (N, D) with the negatives (M, D)."""
    scores = anchor @ negatives.T
    return scores.max(axis=1), (anchor, negatives, scores)


def hardest_backward(g, saved):
    anchor, negatives, scores = saved
    hardest = scores == scores.max(axis=1, keepdims=True)
    return (hardest * g[:, None]) @ negatives, np.ones(scores.shape).T @ (g[:, None] * anchor)


def nt_xent_scores(z):
    scores = z @ z.T / 0.5
    np.fill_diagonal(scores, -np.inf)
    return scores


def nt_xent_forward(z):
    """Rows 2i and 2i + 1 are two views of one picture."""
    partner = np.arange(len(z)) ^ 1
    p = softmax(nt_xent_scores(z))
    return -np.log(p[np.arange(len(z)), partner]).mean(), (z, p, partner)


def nt_xent_one_use(g, saved):
    z, p, partner = saved
    ds = g * (p - np.eye(len(z))[partner]) / len(z) / 0.5
    return (ds @ z,)


def nt_xent_self_too(g, saved):
    z, _, partner = saved
    ds = g * (softmax(z @ z.T / 0.5) - np.eye(len(z))[partner]) / len(z) / 0.5
    return (ds @ z + ds.T @ z,)


def supervised_forward(scores, y):
    """Mean log-probability of the positives of each row, of scores (N, N)."""
    positive = (y[:, None] == y) & ~np.eye(len(y), dtype=bool)
    logs = np.log(softmax(scores))
    return -(positive * logs).sum(axis=1) / positive.sum(axis=1), (scores, positive)


def supervised_backward(g, saved):
    scores, positive = saved
    count = positive.sum(axis=1, keepdims=True)
    return g[:, None] * (count * softmax(scores) - positive), None


def grouped(n):
    return lambda rng: [rng.standard_normal((n, n)), np.minimum(np.arange(n) // 2, n // 2 - 1) // 2]


def clip_forward(a, b, t):
    scores = np.exp(t) * (a @ b.T)
    return -np.log(np.diagonal(softmax(scores))).mean(), (a, b, t, scores)


def clip_backward(g, saved):
    a, b, t, scores = saved
    ds = g * (softmax(scores) - np.eye(len(scores))) / len(scores)
    return np.exp(t) * ds @ b, np.exp(t) * ds.T @ a, np.array([(ds * (a @ b.T)).sum()])


def clip_point(n, d):
    return lambda rng: [0.5 * rng.standard_normal((n, d)), 0.5 * rng.standard_normal((n, d)), np.array([1.2])]


NEGATIVES = np.array([2, 0, 2, 1, 2])


def sampling_forward(u, table):
    """Word and context of word2vec: row 3 is the positive one, some negatives are drawn twice."""
    scores = table @ u
    return np.logaddexp(0, -scores[3]) + np.logaddexp(0, scores[NEGATIVES]).sum(), (u, table, scores)


def sampling_backward(g, saved):
    u, table, scores = saved
    dtable = np.zeros_like(table)
    dtable[3] -= g * sigmoid(-scores[3]) * u
    dtable[NEGATIVES] += g * sigmoid(scores[NEGATIVES])[:, None] * u
    du = g * (sigmoid(scores[NEGATIVES]) @ table[NEGATIVES] - sigmoid(-scores[3]) * table[3])
    return du, dtable


def sampling_positive_only(g, saved):
    u, table, scores = saved
    weights = np.zeros(len(table))
    np.add.at(weights, NEGATIVES, sigmoid(scores[NEGATIVES]))
    weights[3] -= sigmoid(-scores[3])
    return g * -sigmoid(-scores[3]) * table[3], g * np.outer(weights, u)


def spread_loss_forward(z):
    c = z - z.mean(axis=0)
    std = np.sqrt((c**2).mean(axis=0) + 1e-4)
    return np.maximum(1 - std, 0).sum(), (c, std)


def spread_loss_backward(g, saved):
    c, std = saved
    return (-g * c / std / len(c),)


def laplace_forward(x, mu, b):
    d = np.abs(x - mu)
    return np.log(2 * b) + d / b, (x - mu, b)


def laplace_backward(g, saved):
    d, b = saved
    return g * np.sign(d) / b, -g * np.sign(d) / b, -g * np.abs(d) / b**2


def laplace_point(shape):
    return lambda rng: [rng.standard_normal(shape), rng.standard_normal(shape), rng.uniform(0.5, 2, shape)]


def earth_mover_forward(p, q):
    c = np.cumsum(p - q, axis=-1)
    return np.abs(c).sum(), np.sign(c)


def earth_mover_backward(g, sign):
    dp = g * np.cumsum(sign, axis=-1)
    return dp, -dp


def mape_forward(p, y):
    return np.abs((y - p) / y).mean(), (p, y)


def mape_backward(g, saved):
    p, y = saved
    return g * np.sign(p - y) / y / p.size, None


def wholes(shape):
    """Predictions and whole targets of both signs."""
    return lambda rng: [3 * rng.standard_normal(shape), rng.integers(1, 5, shape) * (2 * rng.integers(0, 2, shape) - 1)]


def quantile_huber_forward(u, tau):
    huber = np.where(np.abs(u) < 1, u * u / 2, np.abs(u) - 0.5)
    return (np.abs(tau - (u < 0)) * huber).sum(), (u, tau)


def quantile_huber_backward(g, saved):
    u, tau = saved
    return (g * np.abs(tau - (u > 0)) * np.clip(u, -1, 1),)


def fixed_quantiles(u):
    tau = np.linspace(0.05, 0.35, u.shape[-1])
    forward = lambda x: quantile_huber_forward(x, tau)  # noqa: E731
    return mm.apply(mm.Op("quantile_huber", forward, quantile_huber_backward), u)


def dice_forward(p, y):
    top, below = 2 * (p * y).sum() + 1, (p * p).sum() + y.sum() + 1
    return 1 - top / below, (p, y, top, below)


def dice_backward(g, saved):
    _, y, top, below = saved
    return -g * (2 * y / below - top / below**2), None


def masks(shape):
    return lambda rng: [rng.uniform(0.1, 0.9, shape), rng.integers(0, 2, shape)]


def uncertainty(loss_a, loss_b, s):
    return OWN_WEIGHING(F.mean(loss_a * loss_a), F.mean(loss_b * loss_b), s)


def weighing_forward(a, b, s):
    return np.exp(-s[0]) * a + np.exp(-s[1]) * b + s.sum(), (a, b, s)


def weighing_backward(g, saved):
    a, b, s = saved
    return g * np.exp(-s[0]), g * np.exp(-s[1]), -g * np.exp(-s) * np.array([a, b]).reshape(2)


OWN_WEIGHING = op("weighing", weighing_forward, weighing_backward)


WRONG = [
    Wrong(
        "contrastive loss of pairs: distance's own derivative",
        op("contrastive", contrastive_forward, contrastive_backward),
        (pairs(6, 3), pairs(4, 4), pairs(9, 2)),
        "scale",
        "for unequal pairs the gradient of the distance is (a - b) / distance: the division is missing",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "hinge embedding loss: minus of the unequal ones",
        op("hinge_embedding", hinge_embedding_forward, hinge_embedding_backward),
        (signed((8,)), signed((4, 3)), signed((5, 5))),
        "sign of a term",
        "the slope of margin - d is -1: where the label is -1 the sign is wrong",
        ("chain factor", "wrong formula", "sign"),
    ),
    Wrong(
        "hardest negative: all negatives learn",
        op("hardest", hardest_forward, hardest_backward),
        (normal((4, 3), (5, 3)), normal((3, 3), (3, 3)), normal((2, 4), (6, 4))),
        "no mask",
        "the anchors' gradient goes to every negative, not only to the hardest",
        ("summed", "other place"),
    ),
    Wrong(
        "NT-Xent: one of two roles",
        op("nt_xent", nt_xent_forward, nt_xent_one_use),
        (normal((4, 3)), normal((6, 6)), normal((8, 2))),
        "term missing",
        "an embedding is row and column of the scores: ds.T @ z is missing",
        ("not summed", "left out"),
    ),
    Wrong(
        "NT-Xent: itself among the negatives",
        op("nt_xent", nt_xent_forward, nt_xent_self_too),
        (normal((4, 3)), normal((6, 6)), normal((8, 2))),
        "no mask",
        "backward's softmax also sees the diagonal, which forward masks",
        ("wrong formula", "term extra", "wrong mask"),
    ),
    Wrong(
        "supervised contrastive: number of positives forgotten",
        op("supervised", supervised_forward, supervised_backward),
        (grouped(8), grouped(5), grouped(9)),
        "scale",
        "forward takes the mean over the positives of a row, backward their sum",
        ("not averaged", "factor"),
    ),
    Wrong(
        "picture and text scores: exp of the temperature",
        op("clip", clip_forward, clip_backward),
        (clip_point(4, 3), clip_point(3, 3), clip_point(2, 5)),
        "factor",
        "the learned t enters as exp(t): its gradient lacks that derivative",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "negative sampling: words drawn twice",
        op("sampling", sampling_forward, sampling_backward),
        (normal((3,), (5, 3)), normal((4,), (4, 4)), normal((2,), (6, 2))),
        "overwritten",
        "dtable[negatives] += with repeated indices: of a word drawn three times one contribution remains",
        ("not summed",),
    ),
    Wrong(
        "negative sampling: word's gradient of the positive alone",
        op("sampling", sampling_forward, sampling_positive_only),
        (normal((3,), (5, 3)), normal((4,), (4, 4)), normal((2,), (6, 2))),
        "term missing",
        "the word's own gradient lacks the sum over negatives",
        ("not summed", "left out"),
    ),
    Wrong(
        "spread penalty: no mask where it is wide enough",
        op("spread", spread_loss_forward, spread_loss_backward),
        (
            lambda rng: [rng.standard_normal((6, 4)) * [0.2, 3, 0.5, 2]],
            lambda rng: [rng.standard_normal((5, 5)) * [3, 2, 2, 0.3, 4]],
        ),
        "no mask",
        "columns whose deviation is above 1 get a gradient, too",
        ("independent", "wrong mask"),
    ),
    Wrong(
        "Laplace likelihood: the logarithm's summand",
        op("laplace", laplace_forward, laplace_backward),
        (laplace_point((6,)), laplace_point((3, 4)), laplace_point((2, 2, 3))),
        "term missing",
        "the scale's gradient lacks 1 / b from log(2 b)",
        (),
    ),
    Wrong(
        "earth mover's distance on a line: sums from the wrong end",
        op("earth_mover", earth_mover_forward, earth_mover_backward),
        (normal((6,), (6,)), normal((3, 5), (3, 5)), normal((4, 4), (4, 4))),
        "flipped",
        "an entry counts in all later sums: its gradient is a sum from the end, not from the start",
        ("transposed", "other place", "wrong formula"),
    ),
    Wrong(
        "mean percentage error: divided by signed targets",
        op("mape", mape_forward, mape_backward),
        (wholes((8,)), wholes((4, 4)), wholes((3, 5))),
        "value",
        "1 / y for 1 / |y|: the sign is wrong where the target is negative",
        ("sign", "chain factor", "scale", "wrong formula"),
    ),
    Wrong(
        "quantile huber: the other side's weight",
        fixed_quantiles,
        (normal((8,), scale=1.5), normal((4, 4), scale=1.5), normal((2, 3, 5), scale=1.5)),
        "inverted mask",
        "|tau - (u > 0)| for |tau - (u < 0)|: the two sides' weights are exchanged",
        ("wrong mask", "exchanged", "wrong constant", "chain factor", "wrong formula"),
    ),
    Wrong(
        "dice loss with squares: 2 p forgotten in the denominator",
        op("dice", dice_forward, dice_backward),
        (masks((9,)), masks((4, 4)), masks((2, 2, 3))),
        "wrong formula",
        "the denominator has p^2, whose derivative is 2 p; backward takes it for p's, 1",
        ("chain factor",),
    ),
    Wrong(
        "weighing two losses by their uncertainty: the logarithm's gradient",
        uncertainty,
        (normal((5,), (7,), (2,)), normal((3, 3), (3, 3), (2,))),
        "term missing",
        "the gradient of s lacks the 1 of the summand s itself",
        ("wrong formula",),
    ),
]
