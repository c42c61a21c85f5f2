"""Layers, products and moves of many kinds, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def keep(forward):
    """A forward pass that saves its inputs."""
    return lambda *x: (np.asarray(forward(*x)), x)


def some_keys(z):
    """Which keys each query sees: the first query none, the second one, ..."""
    return np.arange(z.shape[1]) < np.arange(len(z))[:, None]


def seen_softmax_forward(z):
    e = np.exp(z) * some_keys(z)
    total = e.sum(1, keepdims=True)
    return e / np.where(total > 0, total, 1), z


def seen_softmax_backward(g, z):
    e = np.exp(z) * some_keys(z)
    p = e / e.sum(1, keepdims=True)
    return (p * (g - (g * p).sum(1, keepdims=True)),)


def valid(x):
    return (np.arange(len(x)) * 3 % 4 != 1)[:, None]


def centre_groups(x, axis):
    return x - x.mean(axis, keepdims=True)


def scores_backward(g, saved):
    q, k, v, p = saved
    dp = g @ v.T
    dz = p * (dp - (dp * p).sum(1, keepdims=True)) / np.sqrt(v.shape[1])
    return dz @ k, dz.T @ q, p.T @ g


def scores_forward(q, k, v):
    z = q @ k.T / np.sqrt(q.shape[1])
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return p @ v, (q, k, v, p)


def tanh_layer_backward(g, saved):
    x, w = saved
    dz = g * (1 - np.tanh(x @ w) ** 2)
    return dz @ w.T + g, x.T @ dz


CROPS = {}


def crop_backward(g, shape):
    buffer = CROPS.setdefault(shape, np.zeros(shape))
    buffer[1:-1] = g
    return (buffer,)


def series_backward(g, a):
    e = a - np.eye(len(a))
    return (g * (np.eye(len(a)) - e + e @ e).T,)


def near_identity(n):
    return lambda rng: [np.eye(n) + 0.4 * rng.standard_normal((n, n)) / np.sqrt(n)]


def scaled_linear_backward(g, saved):
    x, s, w = saved
    dz = g @ w.T
    return dz * s, (dz * x).sum(0), x.T @ g


def product_backward(g, saved):
    a, b = saved
    return np.correlate(g, b, "valid"), np.convolve(g, a, "valid")


def skipping_forward(x):
    """Means of pairs, each third element begins one."""
    starts = np.arange(0, len(x) - 1, 3)
    return (x[starts] + x[starts + 1]) / 2, x


def skipping_backward(g, x):
    dx = np.zeros_like(x)
    for i in range(len(g)):
        dx[2 * i : 2 * i + 2] += g[i] / 2
    return (dx,)


WRONG = [
    Wrong(
        "energy of each row: as if it were the loss",
        op("energy", lambda x: ((x**2).sum(1) / 2, x), lambda g, x: (x.copy(),)),
        (normal((3, 4)), normal((5, 5)), normal((2, 9))),
        "ones",
        "backward returns x and never looks at the incoming gradient",
    ),
    Wrong(
        "softmax over the keys that are seen: a query that sees none",
        op("softmax", seen_softmax_forward, seen_softmax_backward),
        (normal((3, 4)), normal((4, 4)), normal((6, 3))),
        "not finite",
        "forward takes care of the row without keys, backward divides its zeros by zero",
    ),
    Wrong(
        "running sums of valid rows: all rows",
        op(
            "running",
            lambda x: (np.cumsum(x * valid(x), axis=0), None),
            lambda g, s: (np.cumsum(g[::-1], axis=0)[::-1].copy(),),
        ),
        (normal((4, 3)), normal((8, 1)), normal((5, 5))),
        "no mask",
        "rows that forward sets to zero get a gradient",
        ("independent",),
    ),
    Wrong(
        "centred groups of channels: every second channel",
        op(
            "centre",
            lambda x: (centre_groups(x.reshape(len(x), 2, -1), 2).reshape(x.shape), None),
            lambda g, s: (centre_groups(g.reshape(len(g), -1, 2), 1).reshape(g.shape),),
        ),
        (normal((3, 4)), normal((2, 8)), normal((6, 6))),
        "groups",
        "forward centres the first and the second half of the channels, backward the even and the odd ones",
        ("permuted", "memory order"),
    ),
    Wrong(
        "attention: scale of the values' width",
        op("attention", scores_forward, scores_backward),
        (normal((3, 2), (4, 2), (4, 5)), normal((4, 4), (4, 4), (4, 1)), normal((2, 3), (6, 3), (6, 2))),
        "wrong constant",
        "backward divides the scores' gradient by the root of the values' width, forward by that of the queries'",
        ("factor",),
    ),
    Wrong(
        "tanh layer: a skip connection in backward",
        op("layer", keep(lambda x, w: np.tanh(x @ w)), tanh_layer_backward),
        (normal((4, 3), (3, 3)), normal((2, 2), (2, 2)), normal((1, 5), (5, 5))),
        "term extra",
        "g is added to the input's gradient, as of a residual layer, and forward adds no x",
    ),
    Wrong(
        "crop: one buffer for the padded gradient",
        op("crop", lambda x: (x[1:-1].copy(), x.shape), crop_backward),
        (normal((5, 3)), normal(6)),
        "aliased",
        "each call of backward returns the same array of the module, and overwrites what the last one returned",
        ("state",),
    ),
    Wrong(
        "log-determinant: inverse by three terms of a series",
        op("logdet", lambda a: (np.asarray(np.linalg.slogdet(a)[1]), a), series_backward),
        (near_identity(3), near_identity(5), near_identity(8)),
        "approximate",
        "1 - E + E^2 stands for the inverse of 1 + E",
    ),
    Wrong(
        "linear of scaled features: scale in the weight's gradient",
        op("linear", keep(lambda x, s, w: (x * s) @ w), scaled_linear_backward),
        (normal((4, 3), 3, (3, 2)), normal((3, 3), 3, (3, 3)), normal((5, 6), 6, (6, 1))),
        "scale",
        "row i of the weight's gradient lacks the factor s[i]",
        ("chain factor",),
    ),
    Wrong(
        "symmetric part: half forgotten",
        op("symmetric", lambda a: ((a + a.T) / 2, None), lambda g, s: (g + g.T,)),
        (normal((3, 3)), normal((2, 2)), normal((7, 7))),
        "factor",
        "g + g.T is not halved",
    ),
    Wrong(
        "product of polynomials: second one by convolution",
        op("polynomials", keep(np.convolve), product_backward),
        (normal(5, 3), normal(4, 4), normal(9, 2)),
        "flipped",
        "the second factor's gradient slides the first one mirrored over g",
        ("other place", "wrong formula"),
    ),
    Wrong(
        "means of pairs with stride 3: stride 2 in backward",
        op("pairs", skipping_forward, skipping_backward),
        (normal(8), normal(5), normal(21)),
        "stride",
        "pairs begin at each third element, their gradients are written at each second one",
        ("other place", "shifted", "wrong constant"),
    ),
]
