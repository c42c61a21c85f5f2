"""Losses of segmentation, regression and ranking, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def within(low, high, *shapes):
    return lambda rng: [rng.uniform(low, high, shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def labels(n, k):
    return np.arange(n) * 7 % k


def halves(x):
    """A fixed mask of zeros and ones."""
    return (np.arange(x.size).reshape(x.shape) % 3 < 2).astype(float)


def jaccard_forward(p):
    t = halves(p)
    both = (p * t).sum()
    either = p.sum() + t.sum() - both
    return 1 - both / either, (t, both, either)


def jaccard_backward(g, saved):
    t, both, either = saved
    return (-g * (t * either - both) / either**2,)


def tversky_forward(p):
    t = halves(p)
    hit, false, missed = (p * t).sum(), (p * (1 - t)).sum(), ((1 - p) * t).sum()
    below = hit + 0.3 * false + 0.7 * missed
    return 1 - hit / below, (t, hit, below)


def tversky_backward(g, saved):
    t, hit, below = saved
    slope = 0.3 * t + 0.7 * (1 - t)
    return (-g * (t * below - hit * slope) / below**2,)


def tukey_backward(g, d):
    return (g * d * (1 - (d / 2) ** 2) ** 2,)


def wing_forward(x):
    a = np.abs(x)
    return np.where(a < 1, np.log1p(2 * a), a - 1 + np.log(3)), x


def wing_backward(g, x):
    a = np.abs(x)
    return (g * np.sign(x) * np.where(a < 1, 2 / (1 + a), 1),)


def smape_forward(p, t):
    below = np.abs(p) + np.abs(t)
    return 2 * np.abs(p - t) / below, (p, t, below)


def smape_backward(g, saved):
    p, t, below = saved
    slope = 2 * np.sign(p - t) / below
    return g * slope, -g * slope


def rmse_forward(a, b):
    root = np.sqrt(((a - b) ** 2).mean())
    return root, (a - b, root)


def r2_forward(p, t):
    return 1 - ((t - p) ** 2).sum() / ((t - t.mean()) ** 2).sum(), (p, t)


def r2_backward(g, saved):
    p, t = saved
    total, error = ((t - t.mean()) ** 2).sum(), t - p
    return 2 * g * error / total, -2 * g * error / total - 2 * g * (error**2).sum() * (t - t.mean()) / total**2


def center_forward(x, c):
    y = labels(len(x), len(c))
    return ((x - c[y]) ** 2).sum() / 2, (x, c, y)


def center_backward(g, saved):
    x, c, y = saved
    dc = np.zeros_like(c)
    dc[y] += g * (c[y] - x)
    return g * (x - c[y]), dc


def ppo_forward(ratio):
    gain = np.where(np.arange(ratio.size) % 2, 1.0, -1.0).reshape(ratio.shape)
    return -np.minimum(ratio * gain, np.clip(ratio, 0.8, 1.2) * gain), (ratio, gain)


def ppo_backward(g, saved):
    ratio, gain = saved
    return (-g * gain * ((ratio > 0.8) & (ratio < 1.2)),)


def total_variation_forward(x):
    return (np.diff(x, axis=-1) ** 2).sum() + (np.diff(x, axis=-2) ** 2).sum(), x


def total_variation_backward(g, x):
    dx = np.zeros_like(x)
    across, down = 2 * g * np.diff(x, axis=-1), 2 * g * np.diff(x, axis=-2)
    dx[..., 1:] += across
    dx[..., :-1] -= across
    dx[..., 1:, :] = dx[..., 1:, :] + down
    dx[..., 1:-1, :] -= down[..., 1:, :]
    return (dx,)


def bpr_mean_backward(g, saved):
    d = -g * sigmoid(-saved) / saved.shape[0]
    return d, -d


def msle_backward(g, saved):
    p, t = saved
    return (g * 2 * (np.log1p(p) - np.log1p(t)) / p.size, -g * 2 * (np.log1p(p) - np.log1p(t)) / (1 + t) / p.size)


WRONG = [
    Wrong(
        "Jaccard loss: union's own intersection",
        op("jaccard", jaccard_forward, jaccard_backward),
        (within(0.1, 0.9, (12,)), within(0.1, 0.9, (4, 5)), within(0.2, 0.8, (2, 3, 3))),
        "term missing",
        "the union's derivative is 1 - t, backward has 1: what is subtracted from it is forgotten",
        ("wrong formula",),
    ),
    Wrong(
        "Tversky loss: weights exchanged",
        op("tversky", tversky_forward, tversky_backward),
        (within(0.1, 0.9, (9,)), within(0.1, 0.9, (4, 4)), within(0.2, 0.8, (2, 3, 4))),
        "wrong formula",
        "the derivative of the denominator is 0.3 t + 0.7 (1 - t): for t it must be 1 - 0.7, for the others 0.3",
        ("wrong constant", "term missing"),
    ),
    Wrong(
        "Tukey's biweight: outliers",
        op("tukey", lambda d: (np.where(np.abs(d) < 2, (4 / 6) * (1 - (1 - (d / 2) ** 2) ** 3), 4 / 6), d), tukey_backward),
        (lambda rng: [2 * rng.standard_normal(15)], lambda rng: [3 * rng.standard_normal((4, 4))]),
        "no mask",
        "beyond 2 the loss is constant: the gradient grows there",
        ("value",),
    ),
    Wrong(
        "wing loss: inner 2 in the denominator",
        op("wing", wing_forward, wing_backward),
        (normal((12,)), normal((4, 4)), normal((2, 3, 3))),
        "wrong formula",
        "2 / (1 + a) for 2 / (1 + 2 a) inside of 1",
        ("wrong constant", "value"),
    ),
    Wrong(
        "SMAPE: denominator held",
        op("smape", smape_forward, smape_backward),
        (within(0.5, 2, (6,), (6,)), normal((3, 4), (3, 4)), within(1, 2, (2, 2, 2), (2, 2, 2))),
        "term missing",
        "|p| + |t| is taken for a constant: the quotient rule's second summand is missing",
        ("wrong formula",),
    ),
    Wrong(
        "root of the mean square error: root not divided",
        op("rmse", rmse_forward, lambda g, s: (g * s[0] / s[0].size, -g * s[0] / s[0].size)),
        (
            within(0, 0.5, (5,), (5,)),
            within(1, 9, (3, 4), (3, 4)),
            lambda rng: [3 * rng.standard_normal((2, 6)), rng.standard_normal((2, 6))],
        ),
        "factor",
        "1 / rmse is forgotten, one number for all elements of a call",
        ("chain factor", "wrong formula", "scale"),
    ),
    Wrong(
        "R squared: total's sign",
        op("r2", r2_forward, r2_backward),
        (normal((6,), (6,)), normal((3, 4), (3, 4)), normal((9,), (9,))),
        "sign of a term",
        "the summand of the total sum of squares must be added in t's gradient",
    ),
    Wrong(
        "center loss: repeated labels",
        op("center_loss", center_forward, center_backward),
        (normal((7, 3), (3, 3)), normal((9, 2), (4, 2)), normal((6, 5), (2, 5))),
        "overwritten",
        "+= with an index array keeps one sample of each class",
        ("not summed",),
    ),
    Wrong(
        "clipped policy gain: mask of the ratio alone",
        op("ppo", ppo_forward, ppo_backward),
        (within(0.4, 1.6, (12,)), within(0.3, 1.8, (4, 5)), within(0.5, 1.5, (2, 3, 3))),
        "wrong mask",
        "blocked wherever the ratio is outside of 0.8 to 1.2: where the minimum is not the clipped one it must pass",
        ("left out", "value"),
    ),
    Wrong(
        "total variation: first row's share",
        op("tv", total_variation_forward, total_variation_backward),
        (normal((4, 4)), normal((2, 5, 3)), normal((6, 2))),
        "border",
        "the differences down are subtracted from row 1 on only: row 0 lacks its share",
        ("left out", "term missing", "not summed"),
    ),
    Wrong(
        "pairwise personal ranking: mean over users",
        op("bpr", lambda a, b: (np.logaddexp(0, b - a).sum(), a - b), bpr_mean_backward),
        (normal((6,), (6,)), normal((3, 4), (3, 4)), normal((2, 3, 3), (2, 3, 3))),
        "averaged",
        "divided by the number of rows, though forward sums",
        ("factor",),
    ),
    Wrong(
        "squared log error: inner derivative",
        op("msle", lambda p, t: (((np.log1p(p) - np.log1p(t)) ** 2).mean(), (p, t)), msle_backward),
        (within(0, 3, (6,), (6,)), within(0, 2, (4, 4), (4, 4)), within(0, 9, (2, 2, 3), (2, 2, 3))),
        "chain factor",
        "1 / (1 + p) is missing in the prediction's gradient",
    ),
]
