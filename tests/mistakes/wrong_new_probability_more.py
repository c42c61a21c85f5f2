"""Trigonometric functions, spectra, densities and likelihoods, with a wrong backward pass (second part)."""

import math

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def uniform(low, high, *shapes):
    return lambda rng: [rng.uniform(low, high, shape) for shape in shapes]


def then(*points):
    return lambda rng: [array for point in points for array in point(rng)]


def cdf(x):
    return 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def density(z):
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def binomial_forward(logits, k):
    """Log-likelihood of k successes in 10, of logits."""
    p = 1 / (1 + np.exp(-logits))
    return k * np.log(p) + (10 - k) * np.log(1 - p), (p, k)


def binomial_backward(g, saved):
    p, k = saved
    return g * (k / p - (10 - k) / (1 - p)), None


def counts(shape):
    return lambda rng: [rng.standard_normal(shape), rng.integers(0, 11, shape)]


def laplace_forward(x, m, b):
    """-|x - m| / b - log(2 b)."""
    return -np.abs(x - m) / b - np.log(2 * b), (x, m, b)


def laplace_backward(g, saved):
    x, m, b = saved
    return -g / b, (g / b).sum(0), (g * (np.abs(x - m) / b**2 - 1 / b)).sum(0)


def student_forward(x, nu):
    """-(nu + 1) / 2 log(1 + x^2 / nu)."""
    return -(nu + 1) / 2 * np.log1p(x * x / nu), (x, nu)


def student_backward(g, saved):
    x, nu = saved
    dnu = -np.log1p(x * x / nu) / 2 + (nu + 1) / 2 * x * x / (nu * nu + x * x)
    return -g * (nu + 1) * x / (nu + x * x), np.array((g * dnu).sum())


def gumbel_forward(x, m):
    z = x - m
    return -z - np.exp(-z), z


def gumbel_backward(g, z):
    d = g * (-1 - np.exp(-z))
    return d, -d.sum(0)


def mixture_forward(x, m):
    """log sum over k of exp(-(x - m[k])^2 / 2): x (N,), m (K,)."""
    d = x[:, None] - m
    e = np.exp(-d * d / 2)
    return np.log(e.sum(1)), (d, e / e.sum(1, keepdims=True))


def mixture_backward(g, saved):
    d, _ = saved
    return -g * d.mean(1), (g[:, None] * d).sum(0) / d.shape[1]


def odds_entropy_backward(g, p):
    return (g * np.log(p / (1 - p)),)


def renyi_forward(p, q, a=3.0):
    """log(sum p^a q^(1 - a)) / (a - 1) of each row."""
    t = p**a * q ** (1 - a)
    s = t.sum(1, keepdims=True)
    return np.log(s[:, 0]) / (a - 1), (p, q, t / s, a)


def renyi_backward(g, saved):
    p, q, t, a = saved
    return g[:, None] * a * t / p, g[:, None] * (1 - a) * t / q


def von_mises_forward(x, m, k):
    return k * np.cos(x - m), (x - m, k)


def von_mises_backward(g, saved):
    d, k = saved
    return -g * k * np.sin(d), (-g * k * np.sin(d)).sum(0), (g * np.cos(d)).sum(0)


def sticks_forward(v):
    """Shares of broken sticks: v[k] times what the ones before have left, along the last axis."""
    left = np.cumprod(1 - v, axis=-1)
    left = np.concatenate([np.ones_like(v[..., :1]), left[..., :-1]], axis=-1)
    return v * left, left


def probit_forward(x, w, y):
    """P(y) = Phi(y x w), y is -1 or 1."""
    z = y * (x @ w)
    return cdf(z), (x, w, z, y)


def probit_backward(g, saved):
    x, w, z, _ = saved
    d = g * density(z)
    return np.outer(d, w), x.T @ d, None


def probit_point(n, d):
    return lambda rng: [rng.standard_normal((n, d)), rng.standard_normal(d), np.where(np.arange(n) % 2, 1, -1)]


def reparametrised(noise):
    """m + exp(s) noise, with noise drawn once and for all."""

    def forward(m, s):
        e = noise[: m.shape[0], : m.shape[1]]
        return m + np.exp(s) * e, (s, e)

    def backward(g, saved):
        s, _e = saved
        return g, g * np.exp(s)

    return op("sample", forward, backward)


def kumaraswamy_forward(u, a, b):
    """Its quantiles (1 - (1 - u)^(1 / b))^(1 / a)."""
    r = (1 - u) ** (1 / b)
    y = (1 - r) ** (1 / a)
    return y, (u, a, b, r, y)


def kumaraswamy_backward(g, saved):
    u, a, b, r, y = saved
    dr = -g * y / (1 - r) / a
    return -dr * r / (1 - u) / b, (g * y * np.log(1 - r) / a**2).sum(0), (-dr * r * np.log(1 - u) / b**2).sum(0)


def hazard_forward(x):
    """The normal hazard phi(x) / (1 - Phi(x))."""
    y = density(x) / (1 - cdf(x))
    return y, (x, y)


NOISE = np.random.default_rng(9).standard_normal((8, 8))


WRONG = [
    Wrong(
        "binomial likelihood of logits: gradient of p",
        op("binomial", binomial_forward, binomial_backward),
        (counts((5,)), counts((2, 4))),
        "chain factor",
        "the gradient is that for the probability: the sigmoid's derivative is missing",
        ("wrong formula", "wrong point"),
    ),
    Wrong(
        "Laplace likelihood: distance without a sign",
        op("Laplace", laplace_forward, laplace_backward),
        (then(normal((6, 2), (2,)), uniform(0.5, 2, (2,))), then(normal((8, 1), (1,)), uniform(0.5, 2, (1,)))),
        "value",
        "the sign of x - m is missing: right only where x is above m",
        ("chain factor",),
    ),
    Wrong(
        "Student's log-density: degrees of freedom squared",
        op("Student", student_forward, student_backward),
        (then(normal((5,)), uniform(2, 4, ())), then(normal((3, 2)), uniform(2, 4, ()))),
        "wrong formula",
        "the second term's denominator is nu^2 + x^2 for nu (nu + x^2)",
        ("chain factor",),
    ),
    Wrong(
        "Gumbel's log-density: sign of the exponential",
        op("Gumbel", gumbel_forward, gumbel_backward),
        (normal((4, 2), (2,)), normal((5, 1), (1,))),
        "sign of a term",
        "the exponential's derivative enters with a minus for a plus",
    ),
    Wrong(
        "mixture of Gaussians: all components alike",
        op("mixture", mixture_forward, mixture_backward),
        (normal((5,), (3,)), normal((6,), (4,))),
        "chain factor",
        "the components' shares are missing: each gets 1 / K",
        ("averaged", "wrong formula", "approximate"),
    ),
    Wrong(
        "entropy of a coin: log-odds the wrong way round",
        op("coin", lambda p: (-p * np.log(p) - (1 - p) * np.log(1 - p), p), odds_entropy_backward),
        (uniform(0.1, 0.9, (6,)), uniform(0.1, 0.9, (2, 3))),
        "sign",
        "the derivative is log((1 - p) / p)",
    ),
    Wrong(
        "Renyi divergence: 1 / (order - 1)",
        op("Renyi", renyi_forward, renyi_backward),
        (uniform(0.2, 1, (3, 3), (3, 3)), uniform(0.3, 1, (2, 4), (2, 4))),
        "factor",
        "forward's division by order - 1 = 2 is missing in backward",
        ("wrong constant",),
    ),
    Wrong(
        "von Mises: mean direction's sign",
        op("von Mises", von_mises_forward, von_mises_backward),
        (then(normal((4, 2), (2,)), uniform(0.5, 2, (2,))), then(normal((5, 3), (3,)), uniform(0.5, 2, (3,)))),
        "sign",
        "the mean direction's gradient has x's sign",
    ),
    Wrong(
        "broken sticks: what is left as a constant",
        op("sticks", sticks_forward, lambda g, left: (g * left,)),
        (uniform(0.2, 0.8, (2, 4)), uniform(0.2, 0.8, (5,))),
        "term missing",
        "each share also takes from all later ones: their part is missing",
        ("not summed",),
    ),
    Wrong(
        "probit: label's sign",
        op("probit", probit_forward, probit_backward),
        (probit_point(4, 2), probit_point(5, 3)),
        "chain factor",
        "the label -1 or 1, by which x w is multiplied, is missing in backward",
        ("scale", "sign of a term", "value"),
    ),
    Wrong(
        "reparametrised sample, tanh: noise",
        lambda m, s: F.tanh(reparametrised(NOISE)(m, s)),
        (normal((3, 2), (3, 2)), normal((2, 4), (2, 4))),
        "chain factor",
        "the log-deviation's gradient lacks the noise",
    ),
    Wrong(
        "Kumaraswamy's quantiles: first shape's sign",
        op("Kumaraswamy", kumaraswamy_forward, kumaraswamy_backward),
        (
            then(uniform(0.2, 0.8, (4, 2)), uniform(1, 3, (2,), (2,))),
            then(uniform(0.1, 0.9, (3, 3)), uniform(1, 3, (3,), (3,))),
        ),
        "sign",
        "the first shape's gradient lacks the minus of 1 / a's derivative",
    ),
    Wrong(
        "normal hazard: plus",
        op("hazard", hazard_forward, lambda g, s: (g * s[1] * (s[1] + s[0]),)),
        (normal((6,)), normal((2, 4))),
        "sign of a term",
        "the derivative is y (y - x)",
    ),
]
