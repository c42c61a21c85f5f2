"""Norms, softmax and losses, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
from minimix import functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def away_from_zero(shape):
    return lambda rng: [rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape)]


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def labels(n, c):
    return (3 * np.arange(n) + 1) % c


def one_hot(n, c):
    return np.eye(c)[labels(n, c)]


def relative_to_first_backward(g, x):
    return (g / x[:, :1],)


def picture_softmax_forward(x):
    n, h, w = x.shape
    p = softmax(x.reshape(n, h * w)).reshape(x.shape)
    return p, p.copy()


def picture_softmax_backward(g, p):
    return (p * (g - (g * p).sum(axis=2, keepdims=True)),)


def softmin_forward(x):
    p = softmax(-x)
    return p, p.copy()


def softmin_backward(g, p):
    return (p * (g - (g * p).sum(axis=-1, keepdims=True)),)


def signs(n):
    return np.where(np.arange(n) % 3 == 0, -1.0, 1.0)


def logistic_loss_forward(z):
    t = signs(len(z))
    return np.logaddexp(0, -t * z), z


def logistic_loss_backward(g, z):
    t = signs(len(z))
    return (-g / (1 + np.exp(t * z)),)


def relative_error_forward(p):
    t = 1.5 + np.arange(p.size).reshape(p.shape) % 4
    return ((p - t) / t) ** 2, (p, t)


def relative_error_backward(g, saved):
    p, t = saved
    return (2 * g * (p - t) / t,)


def brier_forward(x):
    p = softmax(x)
    return ((p - one_hot(*x.shape)) ** 2).sum(axis=1), p


def brier_backward(g, p):
    return (2 * g[:, None] * (p - one_hot(*p.shape)),)


def dual_softmax_forward(x):
    return softmax(x, 0) * softmax(x, 1), x


def dual_softmax_backward(g, x):
    down, along = softmax(x, 0), softmax(x, 1)
    u = g * down
    return (along * (u - (u * along).sum(axis=1, keepdims=True)),)


def over_time_forward(x):
    mean, std = x.mean(axis=2, keepdims=True), x.std(axis=2, keepdims=True)
    y = (x - mean) / std
    return y, (y.copy(), std)


def over_time_backward(g, saved):
    y, std = saved
    return ((g - g.mean(axis=1, keepdims=True) - y * (g * y).mean(axis=1, keepdims=True)) / std,)


def matching_forward(s):
    top = s.max(axis=1, keepdims=True)
    lse = top[:, 0] + np.log(np.exp(s - top).sum(axis=1))
    return np.asarray((lse - np.diag(s)).mean()), s


def deviation_norm_forward(x):
    m = x.mean(axis=1, keepdims=True)
    c = x - m
    s = np.abs(c).mean(axis=1, keepdims=True)
    return c / s, (c, s)


def deviation_norm_backward(g, saved):
    c, s = saved
    n = c.shape[1]
    dc = g / s - np.sign(c) * (g * c).sum(axis=1, keepdims=True) / s**2 / n
    return (dc,)


def soft_labels_forward(z):
    t = np.linspace(0.05, 0.95, z.size).reshape(z.shape)
    return np.asarray((np.logaddexp(0, z) - t * z).mean()), (z, t)


def soft_labels_backward(g, saved):
    z, t = saved
    return (g * (1 / (1 + np.exp(-z)) - np.round(t)) / z.size,)


def likelihood_ratio_forward(x):
    n, c = x.shape
    p = softmax(x)[np.arange(n), labels(n, c)]
    return np.log(p) - np.log1p(-p), (x, p)


def likelihood_ratio_backward(g, saved):
    x, _ = saved
    return (g[:, None] * (one_hot(*x.shape) - softmax(x)),)


def linear_log_softmax_tanh(x, w):
    """A right matmul, a wrong log-softmax, a right tanh."""
    shifted = op(
        "log_softmax", lambda z: (np.log(softmax(z)), softmax(z)), lambda g, p: (g - p * g.mean(axis=1, keepdims=True),)
    )
    return F.tanh(shifted(x @ w))


WRONG = [
    Wrong(
        "rows relative to their first element: denominator constant",
        op("relative", lambda x: (x / x[:, :1], x), relative_to_first_backward),
        (away_from_zero((4, 5)), away_from_zero((5, 5)), away_from_zero((8, 2))),
        "term missing",
        "the first element's share as the denominator is missing",
        ("left out",),
    ),
    Wrong(
        "softmax over a picture: inner product of each row",
        op("picture_softmax", picture_softmax_forward, picture_softmax_backward),
        (normal((2, 3, 4)), normal((3, 3, 3)), normal((1, 5, 2))),
        "not summed",
        "the inner product is summed over the columns only, softmax is over both axes",
        ("term missing", "wrong formula", "summed"),
    ),
    Wrong(
        "softmin: minus forgotten",
        op("softmin", softmin_forward, softmin_backward),
        (normal((6,)), normal((4, 4)), normal((2, 3, 5))),
        "sign",
        "the gradient is that for -x",
        ("chain factor",),
    ),
    Wrong(
        "logistic loss of signed labels: label forgotten outside",
        op("logistic_loss", logistic_loss_forward, logistic_loss_backward),
        (normal((6,)), normal((11,)), normal((20,))),
        "scale",
        "the factor t = 1 or -1 is missing: wrong sign where the label is -1",
        ("chain factor", "sign", "value"),
    ),
    Wrong(
        "relative squared error: divided by the target once",
        op("relative_error", relative_error_forward, relative_error_backward),
        (normal((8,)), normal((3, 5)), normal((4, 4))),
        "chain factor",
        "1 / t is missing, forward has it squared",
        ("scale", "wrong formula"),
    ),
    Wrong(
        "Brier score of softmax: difference of the probabilities",
        op("brier", brier_forward, brier_backward),
        (normal((4, 5)), normal((3, 3)), normal((8, 2))),
        "chain factor",
        "softmax' derivative is missing: the gradient is that for the probabilities",
        ("term missing", "wrong formula", "wrong point"),
    ),
    Wrong(
        "softmax of rows times softmax of columns: columns constant",
        op("dual_softmax", dual_softmax_forward, dual_softmax_backward),
        (normal((4, 5)), normal((4, 4)), normal((2, 7))),
        "term missing",
        "the path through the softmax of the columns is missing",
        ("left out",),
    ),
    Wrong(
        "channels standardised over time: means over the channels",
        op("over_time", over_time_forward, over_time_backward),
        (normal((2, 4, 4)), normal((3, 5, 5)), normal((1, 6, 6))),
        "transposed",
        "backward's two means are over axis 1, forward's over axis 2",
        ("summed", "not summed", "wrong formula", "term missing"),
    ),
    Wrong(
        "matching of pairs: diagonal forgotten",
        op("matching", matching_forward, lambda g, s: (g * softmax(s) / len(s),)),
        (normal((5, 5)), normal((3, 3)), normal((8, 8))),
        "term missing",
        "the right pair's -1 / n is missing",
        ("wrong formula",),
    ),
    Wrong(
        "norm by the mean absolute deviation: not centred in backward",
        op("mad_norm", deviation_norm_forward, deviation_norm_backward),
        (normal((4, 6)), normal((5, 5)), normal((2, 11))),
        "term missing",
        "the gradient through the mean is missing",
        ("not summed",),
    ),
    Wrong(
        "soft labels, mean: labels rounded",
        op("soft_labels", soft_labels_forward, soft_labels_backward),
        (normal((8,)), normal((4, 5)), normal((3, 3))),
        "wrong constant",
        "forward has the soft labels, backward 0 and 1",
        ("wrong formula", "precision"),
    ),
    Wrong(
        "log-odds of the right class: gradient of its log-probability",
        op("class_log_odds", likelihood_ratio_forward, likelihood_ratio_backward),
        (normal((4, 3)), normal((5, 5)), normal((7, 2))),
        "scale",
        "log(1 - p) is taken for constant: a factor 1 / (1 - p) of the row is missing",
        ("term missing", "wrong formula", "chain factor"),
    ),
    Wrong(
        "log-softmax between a linear layer and tanh: a mean for the sum",
        linear_log_softmax_tanh,
        (normal((4, 3), (3, 5)), normal((3, 3), (3, 3)), normal((5, 2), (2, 4))),
        "averaged",
        "the incoming gradient's mean over the classes is subtracted, not its sum",
        ("wrong formula", "wrong constant", "term missing"),
    ),
    Wrong(
        "lengths of columns: incoming gradient ignored",
        op("column_lengths", lambda x: (np.linalg.norm(x, axis=0), x), lambda g, x: (x / np.linalg.norm(x, axis=0),)),
        (normal((4, 3)), normal((5, 5)), normal((2, 8))),
        "ones",
        "x / |x| is not multiplied by g",
    ),
    Wrong(
        "Geman-McClure loss: denominator not squared",
        op("geman", lambda d: (d**2 / (1 + d**2), d), lambda g, d: (2 * g * d / (1 + d**2),)),
        (normal((9,)), normal((4, 4)), normal((2, 3, 3))),
        "chain factor",
        "2 d / (1 + d^2)^2 lacks one of its two denominators",
        ("wrong formula", "wrong constant"),
    ),
    Wrong(
        "Welsch loss: exponential forgotten",
        op("welsch", lambda d: (1 - np.exp(-(d**2) / 2), d), lambda g, d: (g * d,)),
        (normal((10,)), normal((3, 5)), normal((4, 4))),
        "chain factor",
        "the slope d exp(-d^2 / 2) without the exponential: that of the squared error",
        ("wrong formula",),
    ),
]
