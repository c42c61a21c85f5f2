"""Logsumexp and its kin, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def around(mean, *shape):
    return lambda rng: [rng.standard_normal(shape) + mean]


def logsumexp_forward(x):
    m = x.max(axis=1, keepdims=True)
    return np.log(np.exp(x - m).sum(axis=1)) + m[:, 0], (x, m)


def logsumexp_not_normalised(g, saved):
    x, m = saved
    return (g[:, None] * np.exp(x - m),)


def logsumexp_other_axis(g, saved):
    x, _ = saved
    e = np.exp(x - x.max(axis=0))
    return (g[:, None] * e / e.sum(axis=0),)


def logsumexp_overflow(g, saved):
    x, _ = saved
    return (g[:, None] * np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),)


def logsumexp_whole(g, saved):
    x, _ = saved
    e = np.exp(x - x.max())
    return (g[:, None] * (e / e.sum()),)


def tempered_forward(x):
    """t log sum exp(x / t), t = 0.5"""
    m = x.max(axis=-1, keepdims=True)
    return 0.5 * np.log(np.exp((x - m) / 0.5).sum(axis=-1)) + m[..., 0], x


def tempered_backward(g, x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return (g[..., None] * e / e.sum(axis=-1, keepdims=True),)


def logmeanexp_backward(g, saved):
    x, m = saved
    e = np.exp(x - m)
    return (g[:, None] * e / e.sum(axis=1, keepdims=True) / x.shape[1],)


WRONG = [
    Wrong(
        "logsumexp: exponentials that are not normalised",
        op("logsumexp", logsumexp_forward, logsumexp_not_normalised),
        (normal((3, 4)), normal((5, 5)), normal((2, 6))),
        "scale",
        "exp(x - max) is not divided by its sum",
        ("chain factor",),
    ),
    Wrong(
        "logsumexp: softmax along the other axis",
        op("logsumexp", logsumexp_forward, logsumexp_other_axis),
        (normal((3, 4)), normal((5, 5)), normal((2, 6))),
        "transposed",
        "the softmax is taken over columns, forward sums over rows",
        ("scale", "chain factor", "wrong formula"),
    ),
    Wrong(
        "logsumexp: softmax over everything",
        op("logsumexp", logsumexp_forward, logsumexp_whole),
        (normal((3, 4)), normal((5, 5)), normal((2, 6))),
        "summed",
        "the exponentials are divided by the sum over all rows",
        ("scale",),
    ),
    Wrong(
        "logsumexp: overflow in backward",
        op("logsumexp", logsumexp_forward, logsumexp_overflow),
        (around(800.0, 3, 4), around(1000.0, 2, 2), around(750.0, 5, 3)),
        "not finite",
        "exp(x) is infinite for large x: inf / inf",
    ),
    Wrong(
        "logsumexp with a temperature: backward without it",
        op("smooth_max", tempered_forward, tempered_backward),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "wrong constant",
        "softmax(x) for softmax(x / 0.5)",
    ),
    Wrong(
        "logmeanexp: divided by n once more",
        op(
            "logmeanexp", lambda x: (logsumexp_forward(x)[0] - np.log(x.shape[1]), logsumexp_forward(x)[1]), logmeanexp_backward
        ),
        (normal((3, 4)), normal((5, 5)), normal((6, 2))),
        "averaged",
        "log n is a constant, but backward divides by n",
        ("factor",),
    ),
]
