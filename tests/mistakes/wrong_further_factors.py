"""Forgotten or wrong factors, summands and constants."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def positive(*shapes):
    return lambda rng: [rng.uniform(0.5, 2, shape) for shape in shapes]


def roughness_backward(g, x):
    s = g[:, None] * np.sign(np.diff(x, axis=1))
    dx = np.zeros_like(x)
    dx[:, 1:] += s
    dx[:, :-1] -= s
    return (dx,)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def tempered_backward(g, x):
    s = sigmoid(x / 3)
    return (g / len(x) * s * (1 - s),)


def pair_spread_forward(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            total += (x[i] - x[j]) ** 2
    return np.asarray(total), x


def pair_spread_backward(g, x):
    dx = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            dx[i] += 2 * g * (x[i] - x[j])
    return (dx,)


def log_energy_backward(g, x):
    return (2 * x * (g / np.sqrt((x**2).sum(axis=1)))[:, None],)


def mean_norm_backward(g, x):
    return (g * x / np.linalg.norm(x, axis=1, keepdims=True) / x.size,)


def fixed_weights(n):
    return 1 + np.arange(n) % 3


def fixed_mean_forward(x):
    return x @ fixed_weights(x.shape[1]) / fixed_weights(x.shape[1]).sum(), x.shape


def standard_error_forward(x):
    n = len(x)
    return x.std(axis=0, ddof=1) / np.sqrt(n), x


def standard_error_backward(g, x):
    n = len(x)
    return (g * (x - x.mean(axis=0)) / (x.std(axis=0, ddof=1) * (n - 1)),)


def mean_times_max_backward(g, x):
    dx = np.zeros_like(x)
    dx[np.arange(len(x)), x.argmax(axis=1)] = g * x.mean(axis=1)
    return (dx,)


def running_product_backward(g, x):
    return (g * np.cumsum(x, axis=-1) + g * x,)


def log_one_plus_square_backward(g, x):
    return (g * (2 * x + 1) / (1 + x**2),)


def soft_clip_forward(x):
    a = 4.0
    return (np.logaddexp(0, a * x) - np.logaddexp(0, a * (x - 1))) / a, x


def soft_clip_backward(g, x):
    return (g * (sigmoid(x) - sigmoid(x - 1)),)


def squared_leaky_backward(g, x):
    slope = np.where(x > 0, 1.0, 0.1)
    return (2 * g * np.where(x > 0, x, 0.2 * x) * slope,)


def oscillation_backward(g, saved):
    t, omega = saved
    return g * np.cos(omega * t), g * t * np.cos(omega * t)


def moments_forward(x):
    m = x.mean(axis=1)
    return (x**2).mean(axis=1) - m**2, x


def moments_backward(g, x):
    return (g[:, None] * (2 * x / x.shape[1] + 2 * x.mean(axis=1, keepdims=True) / x.shape[1]),)


WRONG = [
    Wrong(
        "mean roughness of rows: not divided",
        op("roughness", lambda x: (np.abs(np.diff(x, axis=1)).mean(axis=1), x), roughness_backward),
        (normal((4, 6)), normal((5, 5)), normal((2, 12))),
        "not averaged",
        "the mean's 1 / (T - 1) is missing",
        ("factor",),
    ),
    Wrong(
        "spring energies: half kept in the derivative",
        op("spring", lambda k, x: (0.5 * k * x**2, (k, x)), lambda g, s: (0.5 * g * s[1] ** 2, 0.5 * g * s[0] * s[1])),
        (normal((7,), (7,)), normal((4, 4), (4, 4)), normal((2, 3, 4), (2, 3, 4))),
        "factor",
        "the exponent's 2 and the half cancel: x's gradient is k x, not k x / 2",
        ("wrong formula",),
    ),
    Wrong(
        "area of circles: pi r",
        op("circle", lambda r: (np.pi * r**2, r), lambda g, r: (g * np.pi * r,)),
        (positive((6,)), positive((3, 5)), positive((4, 1, 4))),
        "factor",
        "2 pi r, the circumference, without its 2",
        ("wrong formula",),
    ),
    Wrong(
        "mean of tempered sigmoids: temperature forgotten",
        op("tempered", lambda x: (sigmoid(x / 3).mean(axis=0), x), tempered_backward),
        (normal((5, 4)), normal((4, 4)), normal((3, 2, 5))),
        "factor",
        "the inner derivative 1/3 is missing",
        ("wrong constant", "chain factor"),
    ),
    Wrong(
        "spread of all pairs: the second of each pair",
        op("pair_spread", pair_spread_forward, pair_spread_backward),
        (normal((5,)), normal((8,)), normal((12,))),
        "term missing",
        "dx[j] -= ... is missing: each pair moves only its first element",
        ("left out", "not summed"),
    ),
    Wrong(
        "exp of minus squared length: 2 forgotten",
        op(
            "gauss_rows",
            lambda x: (np.exp(-0.3 * (x**2).sum(axis=1)), x),
            lambda g, x: (-0.3 * x * (g * np.exp(-0.3 * (x**2).sum(axis=1)))[:, None],),
        ),
        (normal((5, 3)), normal((4, 4)), normal((10, 2))),
        "factor",
        "the square's 2 is missing",
        ("wrong formula", "wrong constant"),
    ),
    Wrong(
        "log of squared lengths: divided by the length",
        op("log_energy", lambda x: (np.log((x**2).sum(axis=1)), x), log_energy_backward),
        (normal((4, 5)), normal((6, 6)), normal((9, 2))),
        "scale",
        "1 / |x| stands for 1 / |x|^2",
        ("wrong formula", "chain factor", "wrong point"),
    ),
    Wrong(
        "mean length of rows: divided by the number of elements",
        op("mean_norm", lambda x: (np.asarray(np.linalg.norm(x, axis=1).mean()), x), mean_norm_backward),
        (normal((5, 4)), normal((3, 3)), normal((2, 10))),
        "averaged",
        "divided by N D, the mean is over N lengths",
        ("factor", "wrong constant"),
    ),
    Wrong(
        "mean with fixed weights: their sum forgotten",
        op("fixed_mean", fixed_mean_forward, lambda g, shape: (np.outer(g, fixed_weights(shape[1])).astype(float),)),
        (normal((3, 6)), normal((5, 5)), normal((8, 4))),
        "factor",
        "not divided by the sum of the weights",
        ("not averaged",),
    ),
    Wrong(
        "standard error: root of n forgotten",
        op("standard_error", standard_error_forward, standard_error_backward),
        (normal((6, 3)), normal((4, 4)), normal((12, 2))),
        "factor",
        "the gradient is the standard deviation's",
        ("not averaged", "wrong constant"),
    ),
    Wrong(
        "mean times maximum of rows: maximum's path only",
        op("mean_max", lambda x: (x.mean(axis=1) * x.max(axis=1), x), mean_times_max_backward),
        (normal((4, 5)), normal((5, 5)), normal((7, 3))),
        "term missing",
        "product rule: the mean's share, max / n for all, is missing",
        ("left out",),
    ),
    Wrong(
        "x times its running sum: later sums forgotten",
        op("running_product", lambda x: (x * np.cumsum(x, axis=-1), x), running_product_backward),
        (normal((6,)), normal((4, 4)), normal((3, 8))),
        "not summed",
        "x is in all later sums: its second share must be summed from the end",
        ("term missing", "wrong formula"),
    ),
    Wrong(
        "log(1 + x^2): the 1 differentiated to 1",
        op("log1p_sq", lambda x: (np.log1p(x**2), x), log_one_plus_square_backward),
        (normal((9,)), normal((4, 4)), normal((2, 5, 2))),
        "term extra",
        "the constant 1 adds 1 to the numerator",
        ("wrong formula",),
    ),
    Wrong(
        "x exp(-x): plus",
        op("x_exp", lambda x: (x * np.exp(-x), x), lambda g, x: (g * (np.exp(-x) + x * np.exp(-x)),)),
        (normal((8,)), normal((3, 6)), normal((4, 4))),
        "sign of a term",
        "the inner derivative of exp(-x) is -1",
        ("wrong formula",),
    ),
    Wrong(
        "sine times cosine of two angles: cosine's minus",
        op(
            "sin_cos",
            lambda a, b: (np.sin(a) * np.cos(b), (a, b)),
            lambda g, s: (g * np.cos(s[0]) * np.cos(s[1]), g * np.sin(s[0]) * np.sin(s[1])),
        ),
        (normal((7,), (7,)), normal((4, 4), (4, 4)), normal((2, 3, 3), (2, 3, 3))),
        "sign",
        "cos' = -sin: b's gradient has the wrong sign",
    ),
    Wrong(
        "soft clip to 0 and 1: sharpness 1 in backward",
        op("soft_clip", soft_clip_forward, soft_clip_backward),
        (normal((10,)), normal((4, 5)), normal((3, 3, 2))),
        "wrong constant",
        "forward's sharpness is 4, backward's 1",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "square of a leaky relu: another slope",
        op("leaky_square", lambda x: (np.where(x > 0, x, 0.2 * x) ** 2, x), squared_leaky_backward),
        (normal((9,)), normal((5, 5)), normal((2, 3, 4))),
        "wrong constant",
        "the slope is 0.1 in backward, 0.2 in forward: wrong where x < 0",
        ("value", "factor"),
    ),
    Wrong(
        "oscillation of learned frequency: not for the time",
        op("oscillation", lambda t, w: (np.sin(w * t), (t, w)), oscillation_backward),
        (
            positive((7,), (7,)),
            positive((4, 4), (4, 4)),
            lambda rng: [rng.standard_normal((3, 5)), rng.uniform(1.5, 3, (3, 5))],
        ),
        "chain factor",
        "the inner derivative omega is missing in the time's gradient",
    ),
    Wrong(
        "variance as mean square minus squared mean: plus",
        op("moments", moments_forward, moments_backward),
        (
            lambda rng: [rng.standard_normal((4, 5)) + 1],
            lambda rng: [rng.standard_normal((6, 6)) - 1],
            lambda rng: [rng.standard_normal((8, 3)) + 2],
        ),
        "sign of a term",
        "the squared mean is subtracted, its gradient is added",
    ),
]
