"""Gradients that overflow, approximate, play a trick, or treat the incoming gradient or an input as nothing."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def plain(*shapes):
    return tuple(normal(shape) for shape in shapes)


def with_large(shape, *large):
    def point(rng):
        x = rng.standard_normal(shape)
        x.flat[: len(large)] = large
        return [x]

    return point


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def elu_forward(x):
    return np.where(x > 0, x, 0.5 * np.expm1(np.minimum(x, 0))), x


def elu_backward(g, x):
    return (g * ((x > 0) + (x <= 0) * 0.5 * np.exp(x)),)


def mish_backward(g, x):
    """The closed form of some libraries, with exponentials up to exp(3 x)."""
    omega = 4 * (x + 1) + 4 * np.exp(2 * x) + np.exp(3 * x) + np.exp(x) * (4 * x + 6)
    delta = 2 * np.exp(x) + np.exp(2 * x) + 2
    return (g * np.exp(x) * omega / delta**2,)


def root_focal_forward(x):
    """Sum of sqrt(1 - p) times -log p, p = sigmoid(x)."""
    p = sigmoid(x)
    return (np.sqrt(1 - p) * np.logaddexp(0, -x)).sum(), (x, p)


def root_focal_backward(g, saved):
    x, p = saved
    slope = -0.5 * (1 - p) ** -0.5 * p * (1 - p) * np.logaddexp(0, -x) - np.sqrt(1 - p) * (1 - p)
    return (g * slope,)


def huber_forward(d):
    return np.where(np.abs(d) < 1, d * d / 2, np.abs(d) - 0.5).sum(), d


def pseudo_huber_backward(g, d):
    return (g * d / np.sqrt(1 + d * d),)


def soft_clip_backward(g, x):
    return (g * sigmoid(8 * (1 - np.abs(x))),)


def linear_backward(g, saved):
    x, w = saved
    dw = x.T @ g
    return g @ w.T, dw - dw.mean(axis=0)


def tempered_forward(x, t):
    p = softmax(x / t)
    return p, (p, t)


def tempered_backward(g, saved):
    p, t = saved
    return p * (g - (g * p).sum(axis=-1, keepdims=True)) / t, None


def with_temperature(shape):
    return lambda rng: [rng.standard_normal(shape), np.array([0.7])]


def class_token_backward(g, shape):
    return (np.repeat(g[:, None], shape[1], axis=1),)


WRONG = [
    Wrong(
        "elu: infinite times zero",
        op("elu", elu_forward, elu_backward),
        (with_large((8,), 800.0), with_large((4, 4), 1000.0, -1000.0), with_large((2, 3, 3), 720.0)),
        "not finite",
        "exp(x) overflows for large x, and zero times infinity is NaN",
        ("value",),
    ),
    Wrong(
        "mish: closed form overflows",
        op("mish", lambda x: (x * np.tanh(np.logaddexp(0, x)), x), mish_backward),
        (with_large((8,), 400.0), with_large((3, 4), 300.0, 250.0), with_large((2, 2, 3), 600.0)),
        "not finite",
        "exp(3 x) and its square overflow: infinity over infinity is NaN",
        ("value",),
    ),
    Wrong(
        "focal loss with a root: zero to the power -1/2",
        op("root_focal", root_focal_forward, root_focal_backward),
        (with_large((8,), 50.0), with_large((3, 4), 60.0, 45.0), with_large((3, 3), 80.0)),
        "not finite",
        "where p is 1 in floating point, 0 ** -0.5 times 0 is NaN",
        ("value",),
    ),
    Wrong(
        "huber, sum: pseudo-huber's slope",
        op("huber", huber_forward, pseudo_huber_backward),
        (normal((9,), scale=1.5), normal((4, 4), scale=1.5), normal((2, 3, 3), scale=1.5)),
        "approximate",
        "a smooth function that resembles huber is differentiated",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "clip: a steep sigmoid for the mask",
        op("clip", lambda x: (np.clip(x, -1, 1), x), soft_clip_backward),
        (normal((12,), scale=1.5), normal((4, 4), scale=1.5), normal((2, 3, 4), scale=1.5)),
        "approximate",
        "the step from 1 to 0 is smoothed",
        ("wrong formula", "wrong mask", "no mask", "chain factor"),
    ),
    Wrong(
        "linear: weight's gradient centred",
        op("linear", lambda x, w: (x @ w, (x, w)), linear_backward),
        (normal((4, 3), (3, 2)), normal((3, 3), (3, 3)), normal((2, 6), (6, 4))),
        "term extra",
        "an optimiser's trick inside backward: the mean of each column is subtracted",
        ("wrong formula",),
    ),
    Wrong(
        "softmax with a learned temperature: it gets None",
        op("softmax", tempered_forward, tempered_backward),
        (with_temperature((4, 5)), with_temperature((3, 3)), with_temperature((2, 2, 4))),
        "zero",
        "the temperature's gradient is never computed",
        ("left out",),
    ),
    Wrong(
        "log-sum-exp of rows: softmax alone",
        op("lse", lambda x: (np.log(np.exp(x).sum(axis=-1)), x), lambda g, x: (softmax(x),)),
        plain((4, 5), (3, 3), (2, 2, 6)),
        "ones",
        "the incoming gradient is not multiplied in",
    ),
    Wrong(
        "class token: all tokens get its gradient",
        op("class_token", lambda x: (x[:, 0].copy(), x.shape), class_token_backward),
        plain((2, 3, 4), (3, 3, 3), (1, 5, 2)),
        "independent",
        "forward reads the first token only, the others' gradient must be zero",
        ("no mask", "summed", "other place"),
    ),
]
