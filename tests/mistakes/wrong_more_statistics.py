"""Means, moments, norms and scores of samples, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def within(low, high, *shapes):
    return lambda rng: [rng.uniform(low, high, shape) for shape in shapes]


def harmonic_forward(x):
    y = x.shape[-1] / (1 / x).sum(-1)
    return y, (x, y)


def geometric_forward(x):
    y = np.exp(np.log(x).mean(0))
    return y, (x, y)


def power_mean_forward(x, p):
    y = (x**p).mean() ** (1 / p)
    return y, (x, p, y)


def power_mean_backward(g, saved):
    x, p, y = saved
    dp = y * ((x**p * np.log(x)).mean() / (p * y**p) + np.log(y) / p)
    return g * (x / y) ** (p - 1) / x.size, g * dp


def skewness_forward(x):
    d = x - x.mean(-1, keepdims=True)
    s = np.sqrt((d**2).mean(-1, keepdims=True))
    z = d / s
    return (z**3).mean(-1), (z, s)


def skewness_backward(g, saved):
    z, s = saved
    skew = (z**3).mean(-1, keepdims=True)
    return (g[..., None] * 3 / z.shape[-1] / s * (z**2 - skew * z),)


def kurtosis_forward(x):
    d = x - x.mean()
    return (d**4).mean() / (d**2).mean() ** 2, d


def kurtosis_backward(g, d):
    m2, m3, m4 = (d**2).mean(), (d**3).mean(), (d**4).mean()
    return (g * 4 / d.size * ((d**3 - m3) / m2**2 + m4 * d / m2**3),)


def min_max_forward(x):
    low, high = x.min(-1, keepdims=True), x.max(-1, keepdims=True)
    return (x - low) / (high - low), (x, low, high)


def min_max_backward(g, saved):
    x, low, high = saved
    span = high - low
    y = (x - low) / span
    dx = g / span
    dx += (x == low) * (-(g * (1 - y)).sum(-1, keepdims=True) / span)
    dx += (x == low) * (-(g * y).sum(-1, keepdims=True) / span)
    return (dx,)


def double_centre_backward(g, _):
    return (g - g.mean(0, keepdims=True) - g.mean(1, keepdims=True) - g.mean(),)


def gini_forward(x):
    d = x[:, None] - x
    return np.abs(d).sum() / (2 * x.size * x.sum()), (x, d)


def gini_backward(g, saved):
    x, d = saved
    n, total = x.size, x.sum()
    return (g * (np.sign(d).sum(0) / (n * total) - np.abs(d).sum() / (2 * n * total**2)),)


def entropy_of_counts_forward(x):
    p = x / x.sum(-1, keepdims=True)
    return -(p * np.log(p)).sum(-1), p


def entropy_of_counts_backward(g, p):
    entropy = -(p * np.log(p)).sum(-1, keepdims=True)
    return (-g[..., None] * (np.log(p) + entropy),)


def t_statistic_forward(a, b):
    va, vb = a.var(0, ddof=1) / len(a), b.var(0, ddof=1) / len(b)
    return (a.mean(0) - b.mean(0)) / np.sqrt(va + vb), (a, b, va + vb)


def t_statistic_backward(g, saved):
    a, b, v = saved
    n, m = len(a), len(b)
    d = (a.mean(0) - b.mean(0)) / v**1.5
    da = g * (1 / (n * np.sqrt(v)) - d * (a - a.mean(0)) / (n * (n - 1)))
    db = g * (-1 / (m * np.sqrt(v)) - d * (b - b.mean(0)) / (m * m))
    return da, db


def pooled_deviation_forward(x):
    """Of columns, each with a mean of its own."""
    d = x - x.mean(0)
    s = np.sqrt((d**2).sum() / (d.size - x.shape[1]))
    return s, (d, s)


def winsorised_backward(g, saved):
    x, low, high = saved
    return (np.where((x >= low) & (x <= high), g / x.size, 0),)


def winsorised_forward(x):
    """Mean, where the smallest and the largest are replaced by their neighbours."""
    order = np.sort(x, axis=None)
    low, high = order[1], order[-2]
    return np.clip(x, low, high).mean(), (x, low, high)


def column_variance_backward(g, d):
    return (2 * d / len(d),)


WRONG = [
    Wrong(
        "harmonic mean: n times",
        op("harmonic", harmonic_forward, lambda g, s: (g[..., None] * s[1][..., None] ** 2 / s[0] ** 2,)),
        (within(0.5, 2, (5,)), within(0.5, 3, (3, 4)), within(1, 2, (2, 3, 3))),
        "not averaged",
        "y**2 / x**2 without the 1 / n",
        ("factor",),
    ),
    Wrong(
        "geometric mean: output's factor",
        op("geometric", geometric_forward, lambda g, s: (g / s[0] / len(s[0]),)),
        (within(0.5, 3, (4, 3)), within(0.2, 2, (5, 5)), within(1, 4, (6,))),
        "scale",
        "y, one for each column, is missing before 1 / (n x)",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "power mean: outer power's exponent",
        op("power_mean", power_mean_forward, power_mean_backward),
        (within(0.5, 3, (6,), ()), within(1, 3, (3, 4), ()), within(1.5, 2.5, (2, 2, 2), ())),
        "sign of a term",
        "- log(y) / p, from the exponent 1 / p, is added in p's gradient",
    ),
    Wrong(
        "skewness: mean's part",
        op("skewness", skewness_forward, skewness_backward),
        (normal((6,)), normal((3, 8)), normal((2, 2, 5))),
        "term missing",
        "- 1, the mean of z**2, is missing in the parenthesis: the mean moves with every element",
    ),
    Wrong(
        "kurtosis: variance's sign",
        op("kurtosis", kurtosis_forward, kurtosis_backward),
        (normal((7,)), normal((4, 3)), normal((2, 2, 3))),
        "sign of a term",
        "the fourth power falls by the variance's summand, it must be subtracted",
    ),
    Wrong(
        "min-max scaling: maximum's gradient to the minimum",
        op("min_max", min_max_forward, min_max_backward),
        (normal((6,)), normal((3, 5)), normal((2, 3, 4))),
        "other place",
        "the largest element's share is added to the smallest one",
        ("left out",),
    ),
    Wrong(
        "centred rows and columns: mean of all subtracted",
        op("double_centre", lambda x: (x - x.mean(0) - x.mean(1, keepdims=True) + x.mean(), None), double_centre_backward),
        (normal((4, 3)), normal((5, 5)), normal((2, 6))),
        "sign of a term",
        "the mean of all must be added, as in forward",
    ),
    Wrong(
        "Gini coefficient: sums of signs down the other axis",
        op("gini", gini_forward, gini_backward),
        (within(0.5, 4, (6,)), within(0.1, 2, (9,)), within(1, 2, (4,))),
        "sign of a term",
        "sign(d).sum(0) is minus the sum over axis 1: the first summand has the wrong sign",
        ("transposed",),
    ),
    Wrong(
        "entropy of counts: total forgotten",
        op("entropy", entropy_of_counts_forward, entropy_of_counts_backward),
        (within(0.5, 4, (6,)), within(0.5, 2, (3, 3)), within(0.2, 3, (2, 2, 4))),
        "scale",
        "1 / total is missing: the gradient for p, not for the counts",
        ("factor", "chain factor"),
    ),
    Wrong(
        "t statistic: second sample's degrees of freedom",
        op("t_statistic", t_statistic_forward, t_statistic_backward),
        (normal((5, 2), (3, 2)), normal((4,), (4,)), normal((3, 3), (2, 3))),
        "wrong constant",
        "m for m - 1 in the variance's gradient of b, right in a's",
        ("scale", "wrong formula", "factor"),
    ),
    Wrong(
        "pooled deviation: all numbers free",
        op("pooled", pooled_deviation_forward, lambda g, s: (g * s[0] / s[1] / s[0].size,)),
        (normal((4, 3)), normal((3, 3)), normal((2, 5))),
        "factor",
        "divided by n * k in place of n * k - k",
        ("wrong constant",),
    ),
    Wrong(
        "winsorised mean: the ends' weight",
        op("winsorised", winsorised_forward, winsorised_backward),
        (normal((8,)), normal((4, 4)), normal((2, 3, 3))),
        "not summed",
        "the second smallest and second largest count twice, but get the gradient once",
        ("term missing", "other place", "left out"),
    ),
    Wrong(
        "variance of columns: incoming gradient forgotten",
        op("column_variance", lambda x: (x.var(0), x - x.mean(0)), column_variance_backward),
        (normal((5, 3)), normal((4, 4)), normal((3, 2, 2))),
        "ones",
        "2 (x - mean) / n without g",
    ),
]
