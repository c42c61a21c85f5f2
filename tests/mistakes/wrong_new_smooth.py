"""Smooth activations with a wrong backward pass."""

import math

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def unary(name, f, slope):
    """Elementwise: f, and what is taken for its derivative."""
    return op(name, lambda x: (f(x), x), lambda g, x: (g * slope(x),))


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def plain(*shapes):
    return tuple(normal(shape) for shape in shapes)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(0, x)


def erf(x):
    return np.vectorize(math.erf, otypes=[float])(x)


def normal_cdf(x):
    return (1 + erf(x / math.sqrt(2))) / 2


def mish_slope(x):
    t = np.tanh(softplus(x))
    return t + x * (1 - np.tanh(x) ** 2) * sigmoid(x)


def softplus_from_20(x):
    return np.where(2 * x > 20, x, np.log1p(np.exp(np.minimum(2 * x, 20))) / 2)


def smish(x):
    return x * np.tanh(np.log1p(sigmoid(x)))


def smish_slope(x):
    s = sigmoid(x)
    t = np.tanh(np.log1p(s))
    return t + x * (1 - t * t) / (1 + s)


def quick_gelu_slope(x):
    s = sigmoid(1.702 * x)
    return s + x * s * (1 - s)


def tempered_slope(x):
    s = sigmoid(x)
    return s * (1 - s) / 2.5


def swish_forward(x, beta):
    s = sigmoid(beta * x)
    return x * s, (x, beta, s)


def swish_backward(g, saved):
    x, beta, s = saved
    return g * (s + beta * x * s * (1 - s)), (g * x * x * s * (1 - s)).mean(axis=0)


def geglu_forward(value, gate):
    return value * gate * normal_cdf(gate), (value, gate)


def geglu_backward(g, saved):
    value, gate = saved
    phi = normal_cdf(gate)
    return g * gate * phi, g * value * phi


def softsign_slope(x):
    below = 1 + np.abs(x)
    return 1 / below + x * np.sign(x) / below**2


def acon_forward(x, p1, p2):
    d = p1 - p2
    s = sigmoid(d * x)
    return d * x * s + p2 * x, (x, d, p2, s)


def acon_backward(g, saved):
    x, d, p2, s = saved
    inner = x * s + d * x * x * s * (1 - s)  # of d
    dx = g * (d * s + d * d * x * s * (1 - s) + p2)
    return dx, (g * inner).sum(axis=0), (g * (x + inner)).sum(axis=0)


def phase_forward(x, phase):
    return np.sin(x + phase), np.cos(x + phase)


def phase_backward(g, cos):
    return g * cos, g[0] * cos[0]


def symexp(x):
    return np.sign(x) * np.expm1(np.abs(x))


def gated_tanh_forward(x):
    """tanh of a half times the sigmoid of the other, as in WaveNet."""
    a, b = np.split(x, 2, axis=-1)
    return np.tanh(a) * sigmoid(b), (np.tanh(a), sigmoid(b))


def gated_tanh_backward(g, saved):
    t, s = saved
    return (np.concatenate([g * (1 - t * t), g * t * s * (1 - s)], axis=-1),)


WRONG = [
    Wrong(
        "gelu: inner 1 / sqrt(2) forgotten",
        unary(
            "gelu",
            lambda x: x * normal_cdf(x),
            lambda x: normal_cdf(x) + x * np.exp(-x * x / 2) / math.sqrt(math.pi),
        ),
        plain((9,), (4, 4), (2, 3, 3)),
        "wrong constant",
        "erf(x / sqrt(2)) is differentiated without its inner 1 / sqrt(2): the second summand is too large",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "mish: the tanh's slope at x",
        unary("mish", lambda x: x * np.tanh(softplus(x)), mish_slope),
        plain((8,), (3, 5), (2, 2, 4)),
        "wrong point",
        "1 - tanh(x)^2 where the tanh's slope at softplus(x) is needed",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "softplus with a threshold: the line has slope beta",
        unary("softplus", softplus_from_20, lambda x: np.where(2 * x > 20, 2, sigmoid(np.minimum(2 * x, 20)))),
        tuple(normal(shape, scale=15.0) for shape in ((16,), (4, 6), (3, 3, 3))),
        "value",
        "above the threshold forward is x, with slope 1; backward has beta = 2 there",
        ("wrong constant",),
    ),
    Wrong(
        "softplus: the logarithm's derivative forgotten",
        unary("softplus", softplus, np.exp),
        plain((7,), (4, 5), (1, 3, 3)),
        "chain factor",
        "exp(x) is the inner derivative alone: 1 / (1 + exp(x)) is missing",
        ("wrong formula",),
    ),
    Wrong(
        "tanhshrink: plus the tanh's slope",
        unary("tanhshrink", lambda x: x - np.tanh(x), lambda x: 2 - np.tanh(x) ** 2),
        plain((10,), (4, 4), (2, 5)),
        "sign of a term",
        "1 + (1 - tanh(x)^2) where tanh's slope must be subtracted",
        ("wrong formula",),
    ),
    Wrong(
        "log-sigmoid: one minus forgotten",
        unary("log_sigmoid", lambda x: -softplus(-x), lambda x: -sigmoid(x)),
        plain((6,), (5, 4), (2, 3, 2)),
        "term missing",
        "-sigmoid(x) for 1 - sigmoid(x): the 1 is missing",
        ("wrong formula",),
    ),
    Wrong(
        "serf: bell of x",
        unary(
            "serf",
            lambda x: x * erf(softplus(x)),
            lambda x: erf(softplus(x)) + x * 2 / math.sqrt(math.pi) * np.exp(-x * x) * sigmoid(x),
        ),
        plain((9,), (4, 3)),
        "wrong point",
        "erf's slope exp(-z^2) is taken at x, not at z = softplus(x)",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "smish: the sigmoid's slope forgotten",
        unary("smish", smish, smish_slope),
        plain((8,), (4, 4), (3, 2, 2)),
        "chain factor",
        "the innermost derivative s (1 - s) is missing in the second summand",
        ("wrong formula",),
    ),
    Wrong(
        "bell exp(-x^2): without itself",
        unary("bell", lambda x: np.exp(-x * x), lambda x: -2 * x),
        plain((7,), (3, 6)),
        "chain factor",
        "-2 x is the inner derivative: the outer one, exp(-x^2), is missing",
        ("wrong formula",),
    ),
    Wrong(
        "arctan unit: inner pi / 2 forgotten",
        unary(
            "arctan_unit",
            lambda x: 2 / np.pi * np.arctan(np.pi / 2 * x),
            lambda x: 2 / np.pi / (1 + (np.pi / 2 * x) ** 2),
        ),
        plain((8,), (5, 5), (2, 3, 3)),
        "factor",
        "the outer 2 / pi is kept, the inner pi / 2 is not: everything is too small by one number",
        ("chain factor", "wrong constant"),
    ),
    Wrong(
        "quick gelu: 1.702 missing in the second summand",
        unary("quick_gelu", lambda x: x * sigmoid(1.702 * x), quick_gelu_slope),
        plain((8,), (4, 4), (2, 2, 5)),
        "wrong constant",
        "the inner derivative 1.702 of the sigmoid's argument is missing",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "sigmoid with a temperature: slope of x itself",
        unary("sigmoid", lambda x: sigmoid(x / 2.5), tempered_slope),
        (normal((9,), scale=3.0), normal((4, 4), scale=3.0)),
        "wrong point",
        "s (1 - s) is taken of sigmoid(x) in place of sigmoid(x / 2.5)",
        ("wrong constant", "wrong formula"),
    ),
    Wrong(
        "swish of channels: beta's gradient is a mean",
        op("swish", swish_forward, swish_backward),
        (normal((5, 3), (3,)), normal((4, 4), (4,)), normal((2, 6), (6,))),
        "averaged",
        "beta's gradient is averaged over the batch, where it must be summed",
        ("factor",),
    ),
    Wrong(
        "geglu: gelu's slope without its second summand",
        op("geglu", geglu_forward, geglu_backward),
        (normal((4, 3), (4, 3)), normal((8,), (8,)), normal((2, 2, 3), (2, 2, 3))),
        "term missing",
        "the gate's slope is Phi alone: x phi(x) is missing",
        ("wrong formula",),
    ),
    Wrong(
        "softsign: quotient rule with a plus",
        unary("softsign", lambda x: x / (1 + np.abs(x)), softsign_slope),
        plain((8,), (4, 4), (2, 3, 2)),
        "sign of a term",
        "the quotient rule's second summand must be subtracted",
        ("wrong formula",),
    ),
    Wrong(
        "acon: second slope's inner part added",
        op("acon", acon_forward, acon_backward),
        (normal((5, 3), (3,), (3,)), normal((4, 4), (4,), (4,)), normal((1, 6), (6,), (6,))),
        "sign of a term",
        "p2 is subtracted in p1 - p2: its part through the difference needs a minus",
        ("wrong formula",),
    ),
    Wrong(
        "sine with a learned phase: the first row's",
        op("sine", phase_forward, phase_backward),
        (normal((4, 3), (3,)), normal((5, 5), (5,)), normal((2, 8), (8,))),
        "not summed",
        "the phase's gradient is that of the first row, not summed over all rows",
        ("left out", "overwritten"),
    ),
    Wrong(
        "symmetric exponential: the sign twice",
        unary("symexp", symexp, lambda x: np.sign(x) * np.exp(np.abs(x))),
        plain((9,), (4, 3), (2, 2, 4)),
        "value",
        "the slope is exp(|x|), the sign of x comes in twice: it is wrong where x < 0",
        ("sign of a term", "chain factor", "wrong formula"),
    ),
    Wrong(
        "gated tanh of halves: the tanh's half without its gate",
        op("gated_tanh", gated_tanh_forward, gated_tanh_backward),
        plain((4, 6), (2, 3, 4), (10,)),
        "chain factor",
        "the first half's gradient is not multiplied by the sigmoid of the second",
        ("wrong formula",),
    ),
]
