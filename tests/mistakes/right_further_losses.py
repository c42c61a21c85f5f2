"""Right, however awkward: activations, softmaxes and losses at saturated, flat or degenerate points."""

import numpy as np
from corpus import Right

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0, shift=0.0):
    return lambda rng: [shift + scale * rng.standard_normal(shape) for shape in shapes]


def plain(*shapes):
    return tuple(normal(shape) for shape in shapes)


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def log_softmax(x):
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def weighted_forward(x, y):
    """Class 0 has weight 0, as an ignored class."""
    w = (y > 0) * 1.0
    return -(w * log_softmax(x)[np.arange(len(y)), y]).sum() / max(w.sum(), 1), (x, y, w)


def weighted_backward(g, saved):
    x, y, w = saved
    return g * w[:, None] * (softmax(x) - np.eye(x.shape[1])[y]) / max(w.sum(), 1), None


def uniform_forward(x):
    """Cross-entropy with a smoothing of 1: no label counts."""
    return -log_softmax(x).mean(axis=-1), x


def uniform_backward(g, x):
    return (g[..., None] * (softmax(x) - 1 / x.shape[-1]),)


def divergence_forward(logs, target):
    """Targets are constants, some of them 0: 0 log 0 is 0."""
    p = target / 10
    return np.where(p > 0, p * (np.log(np.where(p > 0, p, 1)) - logs), 0).sum(), (p, logs)


def counts(shape):
    return lambda rng: [rng.standard_normal(shape), rng.integers(0, 4, shape) * rng.integers(0, 2, shape)]


def nt_xent_forward(z):
    scores = z @ z.T / 0.02
    np.fill_diagonal(scores, -np.inf)
    logs = log_softmax(scores)
    partner = np.arange(len(z)) ^ 1
    return -logs[np.arange(len(z)), partner].mean(), (z, logs, partner)


def nt_xent_backward(g, saved):
    z, logs, partner = saved
    ds = g * (np.exp(logs) - np.eye(len(z))[partner]) / len(z) / 0.02
    return ((ds + ds.T) @ z,)


def unit_rows(n, d):
    def point(rng):
        z = rng.standard_normal((n, d))
        return [z / np.sqrt((z * z).sum(axis=1, keepdims=True))]

    return point


def squared_hinge_forward(x, y):
    return (np.maximum(1 - y * x, 0) ** 2).mean(), (x, y)


def squared_hinge_backward(g, saved):
    x, y = saved
    return g * -2 * y * np.maximum(1 - y * x, 0) / x.size, None


def well_separated(shape):
    """All but the first are beyond the margin: no gradient."""

    def point(rng):
        y = 1 - 2 * (np.arange(np.prod(shape)).reshape(shape) % 2)
        x = y * (2.0 + rng.random(shape))
        x.flat[0] = 0.3
        return [x, y]

    return point


def mish_backward(g, x):
    """By one exponential of -|x|, without overflow."""
    e = np.exp(-np.abs(x))
    s = np.where(x > 0, 1 / (1 + e), e / (1 + e))
    t = np.tanh(np.logaddexp(0, x))
    return (g * (t + x * s * (1 - t) * (1 + t)),)


def long_double_backward(g, saved):
    x, y = saved
    p = np.exp(x.astype(np.longdouble) - y[..., None])
    return ((g[..., None] * p).astype(np.float64),)


def logsumexp(x):
    top = x.max(axis=-1, keepdims=True)
    y = top[..., 0] + np.log(np.exp(x - top).sum(axis=-1))
    return y, (x, y)


def smooth_distance_forward(a, b):
    d = np.sqrt(((a - b) ** 2).sum(axis=-1) + 1e-4)
    return d, (a - b, d)


def smooth_distance_backward(g, saved):
    difference, d = saved
    da = (g / d)[..., None] * difference
    return da, -da


def equal_rows(n, d):
    """Embeddings of which every second equals its partner."""

    def point(rng):
        a, b = rng.standard_normal((n, d)), rng.standard_normal((n, d))
        b[::2] = a[::2]
        return [a, b]

    return point


ONE_HOTS = {}


def cached_cross_entropy_forward(x):
    """Labels are the rows' numbers; their one-hot rows are kept for each shape, and never written to."""
    hot = ONE_HOTS.setdefault(x.shape, np.eye(x.shape[1])[np.arange(len(x)) % x.shape[1]])
    logs = log_softmax(x)
    return -(hot * logs).sum(axis=1), (logs, hot)


def cached_cross_entropy_backward(g, saved):
    logs, hot = saved
    return (g[:, None] * (np.exp(logs) - hot),)


def earth_mover_forward(p, q):
    c = np.cumsum(p - q, axis=-1)
    return (c * c).sum(), c


def earth_mover_backward(g, c):
    dp = 2 * g * np.flip(np.cumsum(np.flip(c, -1), axis=-1), -1)
    return dp, -dp


def segment_softmax_forward(x):
    """Of segments of one, two and more elements; one of them is empty."""
    ids = np.minimum(np.arange(len(x)), 3) + (np.arange(len(x)) > 3)
    e = np.exp(x)
    p = e / np.bincount(ids, e)[ids]
    return p, (p, ids)


def segment_softmax_backward(g, saved):
    p, ids = saved
    return (p * (g - np.bincount(ids, g * p)[ids]),)


RIGHT = [
    Right(
        "cross-entropy with a class of weight zero",
        op("cross_entropy", weighted_forward, weighted_backward),
        (
            lambda rng: [rng.standard_normal((5, 3)), rng.integers(0, 3, 5)],
            lambda rng: [rng.standard_normal((4, 4)), np.array([0, 0, 2, 0])],
            lambda rng: [rng.standard_normal((3, 2)), np.array([0, 0, 0])],
        ),
    ),
    Right("cross-entropy, smoothing of 1", op("cross_entropy", uniform_forward, uniform_backward), plain((4, 3), (5, 5))),
    Right(
        "divergence from targets with zeros",
        op("kl", divergence_forward, lambda g, saved: (-g * saved[0], None)),
        (counts((4, 3)), counts((3, 3)), counts((12,))),
    ),
    Right(
        "NT-Xent at a temperature of 0.02",
        op("nt_xent", nt_xent_forward, nt_xent_backward),
        (unit_rows(4, 3), unit_rows(6, 6)),
    ),
    Right(
        "squared hinge: only one inside the margin",
        op("squared_hinge", squared_hinge_forward, squared_hinge_backward),
        (well_separated((8,)), well_separated((4, 4))),
    ),
    Right(
        "mish from -60 to 60: one exponential",
        op("mish", lambda x: (x * np.tanh(np.logaddexp(0, x)), x), mish_backward),
        (lambda rng: [np.linspace(-60, 60, 25)], normal((4, 5), scale=8.0)),
    ),
    Right(
        "log-sum-exp: long doubles in backward",
        op("lse", logsumexp, long_double_backward),
        plain((4, 5), (3, 3), (2, 2, 6)),
    ),
    Right(
        "distance smoothed by 1e-4: equal pairs",
        op("distance", smooth_distance_forward, smooth_distance_backward),
        (equal_rows(4, 3), equal_rows(3, 3), equal_rows(7, 1)),
    ),
    Right(
        "cross-entropy: one-hot rows kept between calls",
        op("cross_entropy", cached_cross_entropy_forward, cached_cross_entropy_backward),
        plain((4, 3), (3, 3), (2, 7)),
    ),
    Right(
        "squared earth mover's distance: flipped twice",
        op("earth_mover", earth_mover_forward, earth_mover_backward),
        (normal((6,), (6,)), normal((3, 5), (3, 5))),
    ),
    Right(
        "softmax of segments, an empty one among them",
        op("segment_softmax", segment_softmax_forward, segment_softmax_backward),
        plain((9,), (6,), (12,)),
    ),
]
