"""Small layers and losses of several ops, one of them wrong; functions of several outputs; integer inputs."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [np.asarray(rng.standard_normal(shape)) for shape in shapes]


# -- wrong ops, each used below ---------------------------------------------------------------------------------------------

leaky = op("leaky", lambda x: (np.where(x > 0, x, 0.3 * x), x), lambda g, x: (np.where(x > 0, g, 0.03 * g),))
gate = op("hard sigmoid", lambda x: (np.clip(x + 0.5, 0, 1), None), lambda g, _: (g,))
cos = op("cos", lambda x: (np.cos(x), x), lambda g, x: (g * np.sin(x),))
tanh = op("tanh", lambda x: (np.tanh(x),) * 2, lambda g, y: (g * (1 - np.abs(y)),))
cool = op("cool", lambda x: (x / 0.4, None), lambda g, _: (g,))
size = op("abs", lambda x: (np.abs(x), None), lambda g, _: (g,))
larger = op("maximum", lambda a, b: (np.maximum(a, b), a > b), lambda g, first: (g * ~first, g * first))
robust = op("huber", lambda d: (np.where(abs(d) < 0.5, d * d / 2, 0.5 * abs(d) - 0.125), d), lambda g, d: (g * d,))
silu = op("silu", lambda x: (x / (1 + np.exp(-x)), x), lambda g, x: (g / (1 + np.exp(-x)),))
layer_scale = op("layer_scale", lambda x, gamma: (x * gamma, (x, gamma)), lambda g, s: (g * s[1], (g * s[0]).mean(axis=0)))
negate_half = op("turn", lambda a, b: (np.concatenate([-b, a], axis=-1), None), lambda g, _: tuple(np.split(g, 2, axis=-1)))


def decay_forward(x, rate):
    """x (..., T), one rate: x exp(-rate t)."""
    t = np.arange(x.shape[-1])
    factor = np.exp(-rate * t)
    return x * factor, (x, t, factor)


def decay_backward(gradient, saved):
    x, t, factor = saved
    return gradient * factor, np.asarray((gradient * x * t * factor).sum())


def fill_upper(scores):
    later = np.triu(np.ones(scores.shape[-2:], bool), 1)
    return np.where(later, -1.0, scores), None


decay = op("decay", decay_forward, decay_backward)
fill = op("fill", fill_upper, lambda g, _: (g,))


def integer_power_backward(gradient, saved):
    x, exponents = saved
    return gradient * exponents[0] * x ** (exponents - 1), None


integer_power = op("power", lambda x, exponents: (x**exponents, (x, exponents)), integer_power_backward)
signed = op("signed", lambda x, labels: (np.maximum(0, 1 - np.where(labels > 0, x, -x)), (x, labels)),
            lambda g, s: (g * (s[0] * (2 * s[1] - 1) < 1) * np.where(s[1] > 0, 1, -1), None))  # fmt: skip

# -- layers -----------------------------------------------------------------------------------------------------------------


def perceptron(x, first, second):
    return F.matmul(leaky(F.matmul(x, first)), second)


def gated_feed_forward(x, up, gates, down):
    return F.matmul(F.matmul(x, up) * silu(F.matmul(x, gates)), down)


def hard_gate(x, weight):
    return x * gate(F.matmul(x, weight))


def sine_and_cosine(x):
    return F.tanh(x), cos(x * 2.0)


def gated_tanh(a, b):
    return tanh(a) * F.sigmoid(b)


def cooled_softmax(x):
    return F.softmax(cool(x), axis=-1)


def lasso(x, weight, target):
    return F.mse_loss(F.matmul(x, weight), target) + F.sum(size(weight)) * 0.2


def sorted_pair(a, b):
    return F.minimum(a, b), larger(a, b)


def robust_regression(x, weight, target):
    return F.mean(robust(F.matmul(x, weight) - target))


def residual(x, gamma):
    return x + layer_scale(F.relu(x), gamma)


def rotary(x, angle):
    """x (N, 2 D), angle (N, 2 D), by x cos + turned(x) sin."""
    half = x.shape[-1] // 2
    turned = negate_half(x[:, :half], x[:, half:])
    return x * (1.0 - angle * angle * 0.5) + turned * angle


def causal_attention(q, k, v):
    scores = fill(F.matmul(q, F.transpose(k, -1, -2)))
    return F.matmul(F.softmax(scores, axis=-1), v)


def powers(x):
    exponents = np.arange(1, x.shape[-1] + 1)
    return integer_power(x, exponents)


def point_with_labels(shape):
    return lambda rng: [rng.standard_normal(shape), rng.integers(0, 2, shape)]


def regression(rows, columns):
    return normal((rows, columns), (columns, 2), (rows, 2))


WRONG = [
    Wrong("perceptron: leaky relu's slope", perceptron, (normal((4, 3), (3, 6), (6, 2)), normal((5, 5), (5, 5), (5, 5))),
          "wrong constant", "the hidden leaky relu has the slope 0.3 forward, 0.03 backward", ("value",)),
    Wrong("gated feed-forward: silu's second term", gated_feed_forward,
          (normal((3, 4), (4, 5), (4, 5), (5, 2)), normal((4, 4), (4, 4), (4, 4), (4, 4))), "term missing",
          "silu's derivative is the sigmoid alone"),
    Wrong("gate by a matrix: hard sigmoid unmasked", hard_gate, (normal((5, 4), (4, 4)), normal((3, 3), (3, 3))),
          "no mask", "the gradient passes where the gate is 0 or 1"),
    Wrong("tanh and cosine, two outputs: cosine's sign", sine_and_cosine, (normal(8), normal((3, 4))),
          "sign of a term", "the second output's op has sin for -sin; the first is right", ("sign",)),
    Wrong("gated tanh: 1 - |y|", gated_tanh, (normal((3, 4), (3, 4)), normal(7, 7)),
          "wrong formula", "tanh's derivative is 1 - y^2, here 1 - |y|"),
    Wrong("softmax with a temperature: forgotten", cooled_softmax, (normal((3, 5)), normal((4, 4)), normal(6)),
          "factor", "the division by the temperature 0.4 is missing", ("wrong constant",)),
    Wrong("lasso: sign of the weights", lasso, (regression(5, 4), regression(3, 6)),
          "value", "the penalty's derivative is 1 for negative weights, too", ("sign of a term",)),
    Wrong("sorted pair, two outputs: maximum's mask", sorted_pair, (normal(9, 9), normal((4, 4), (4, 4))),
          "inverted mask", "the larger output's gradient goes to the smaller input", ("exchanged", "other place")),
    Wrong("robust regression: huber unclipped", robust_regression, (regression(6, 3), regression(4, 4)),
          "no mask", "the error is not clipped in the loss's gradient", ("value",)),
    Wrong("residual with layer scale: gamma's mean", residual, (normal((4, 3), 3), normal((5, 5), 5)),
          "averaged", "gamma's gradient is averaged over the batch", ("factor",)),
    Wrong("rotary by halves: turned without exchange", rotary, (normal((3, 4), (3, 4)), normal((2, 6), (2, 6))), "exchanged",
          "the halves -b, a are split, but not given back to b and a, nor negated", ("sign of a term", "permuted")),
    Wrong("causal attention: filled scores", causal_attention,
          (normal((4, 3), (4, 3), (4, 2)), normal((2, 3, 3), (2, 3, 3), (2, 3, 3))), "no mask",
          "scores of later keys, filled with -1, get a gradient"),
    Wrong("decay along time: rate's sign", decay, (normal((3, 5), ()), normal(6, ()), normal((4, 4), ())),
          "sign", "the rate's gradient lost the minus of exp(-rate t)"),
    Wrong("integer powers: first exponent for all", powers, (normal((3, 4)), normal(5)),
          "scale", "each column's factor is its own exponent, here the first column's, 1", ("wrong constant", "chain factor")),
    Wrong("hinge, labels as an input: no minus", signed, (point_with_labels(12), point_with_labels((3, 5))),
          "sign", "the derivative of 1 - y x is -y, here y"),
]  # fmt: skip
