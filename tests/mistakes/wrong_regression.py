"""Squared, absolute and robust errors, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def pair(*shape):
    return normal(shape, shape)


PAIRS = (pair(12), pair(3, 4), pair(2, 2, 3))


def difference_mean(function):
    """forward: the mean of function(x - y); saves x - y."""
    return lambda x, y: (function(x - y).mean(), x - y)


def outer_mse_forward(prediction, target):
    """(N, 1) and (N): broadcast to (N, N), the classical accident, here on purpose."""
    return ((prediction - target) ** 2).mean(), (prediction, target)


def outer_mse_backward(g, saved):
    prediction, target = saved
    d = 2 * g * (prediction[:, 0] - target) / len(target)
    return d[:, None], -d


def unit_length(g, d):
    dx = 2 * g * d
    dx = dx / np.sqrt((dx**2).sum())
    return dx, -dx


def huber(d):
    return np.where(np.abs(d) < 0.5, 0.5 * d**2, 0.5 * (np.abs(d) - 0.25))


def huber_other_delta(g, d):
    dx = g * np.clip(d, -1, 1) / d.size
    return dx, -dx


def log_cosh_backward(g, d):
    dx = g * np.clip(d, -1, 1) / d.size
    return dx, -dx


def pinball(d):
    return np.where(d > 0, 0.9 * d, -0.1 * d)


def weighted_forward(x, y, w):
    return (w * (x - y) ** 2).sum(), (x - y, w)


def weighted_backward(g, saved):
    d, w = saved
    dx = 2 * g * w * w * d
    return dx, -dx, g * d**2


def total_variation_backward(g, x):
    dx = np.zeros_like(x)
    dx[1:] += g * np.sign(x[1:] - x[:-1])
    dx[:, 1:] += g * np.sign(x[:, 1:] - x[:, :-1])
    return (dx,)


def total_variation_forward(x):
    return np.abs(np.diff(x, axis=0)).sum() + np.abs(np.diff(x, axis=1)).sum(), x


SQUARE_NO_SUM = op("square", lambda d: (d * d, d), lambda g, d: (g * d,))


def rmse(x, y):
    return F.sqrt(F.mean(SQUARE_NO_SUM(F.sub(x, y))))


def mse_op(backward):
    return op("mse", difference_mean(np.square), backward)


WRONG = [
    Wrong(
        "mse: the target's gradient is not negated",
        mse_op(lambda g, d: (2 * g * d / d.size, 2 * g * d / d.size)),
        PAIRS,
        "sign",
        "both inputs get 2 (x - y) / n; the second needs a minus",
    ),
    Wrong(
        "mse: squares broadcast, gradients not",
        op("mse", outer_mse_forward, outer_mse_backward),
        (normal((4, 1), (4,)), normal((6, 1), (6,)), normal((2, 1), (2,))),
        "not summed",
        "forward broadcasts (N, 1) and (N) to (N, N), backward takes the pairs of equal index only",
        ("term missing",),
    ),
    Wrong(
        "mse: clipped",
        mse_op(lambda g, d: (np.clip(2 * g * d / d.size, -0.01, 0.01), np.clip(-2 * g * d / d.size, -0.01, 0.01))),
        PAIRS,
        "nonlinear",
        "gradients are clipped inside the op",
    ),
    Wrong(
        "squared error: gradients of unit length",
        op("squared_error", lambda x, y: ((x - y) ** 2, x - y), unit_length),
        PAIRS,
        "nonlinear",
        "the gradient is normalised: twice the incoming gradient gives the same",
        ("factor",),
    ),
    Wrong(
        "mse: weight decay in its backward",
        op(
            "mse",
            lambda w, y: (((w - y) ** 2).mean(), (w, y)),
            lambda g, s: (2 * g * (s[0] - s[1]) / s[0].size + 0.1 * s[0], -2 * g * (s[0] - s[1]) / s[0].size),
        ),
        PAIRS,
        "term extra",
        "0.1 w is added, though no penalty is part of forward",
        ("nonlinear",),
    ),
    Wrong(
        "rmse: the square's 2",
        rmse,
        PAIRS,
        "factor",
        "one op of several, the square, returns d for 2 d",
    ),
    Wrong(
        "weighted squared error: the weight twice",
        op("weighted_mse", weighted_forward, weighted_backward),
        tuple(
            lambda rng, s=s: [rng.standard_normal(s), rng.standard_normal(s), rng.uniform(0.3, 3, s)]
            for s in [(6,), (3, 4), (2, 2, 2)]
        ),
        "chain factor",
        "w**2 for w in the gradients of both values; that of the weights is right",
    ),
    Wrong(
        "l1 loss: the difference for its sign",
        op("l1", difference_mean(np.abs), lambda g, d: (g * d / d.size, -g * d / d.size)),
        PAIRS,
        "wrong formula",
        "d, as for half a square, for sign(d)",
        ("chain factor",),
    ),
    Wrong(
        "l1 loss: no sign",
        op("l1", difference_mean(np.abs), lambda g, d: (np.full(d.shape, g / d.size), np.full(d.shape, -g / d.size))),
        PAIRS,
        "value",
        "1 for sign(d): wrong where x < y",
    ),
    Wrong(
        "Huber loss: another delta",
        op("huber", difference_mean(huber), huber_other_delta),
        PAIRS,
        "wrong constant",
        "clipped at 1, where forward turns linear at 0.5",
    ),
    Wrong(
        "Huber loss: the linear branch is forgotten",
        op("huber", difference_mean(huber), lambda g, d: (g * d / d.size, -g * d / d.size)),
        PAIRS,
        "value",
        "d also where |d| > 0.5, where it should be 0.5 sign(d)",
        ("no mask",),
    ),
    Wrong(
        "log-cosh loss: a ramp for tanh",
        op("log_cosh", difference_mean(lambda d: np.log(np.cosh(d))), log_cosh_backward),
        PAIRS,
        "approximate",
        "clip(d, -1, 1) in place of tanh(d)",
    ),
    Wrong(
        "pinball loss: one slope",
        op("pinball", difference_mean(pinball), lambda g, d: (g * 0.9 * np.sign(d) / d.size, -g * 0.9 * np.sign(d) / d.size)),
        PAIRS,
        "value",
        "0.9 also below, where the slope is -0.1",
        ("wrong constant",),
    ),
    Wrong(
        "total variation: one of two neighbours",
        op("total_variation", total_variation_forward, total_variation_backward),
        (normal((4, 5)), normal((5, 5)), normal((2, 6))),
        "term missing",
        "of each difference only the later element gets a gradient",
        ("not summed",),
    ),
]
