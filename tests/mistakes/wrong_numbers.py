"""Wrong numbers: NaN and infinity, gradients that are not linear or taken for ones."""

import math

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [np.asarray(rng.standard_normal(shape)) for shape in shapes]


def positive(*shapes):
    return lambda rng: [np.asarray(rng.uniform(0.3, 3.0, shape)) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


erf = np.vectorize(math.erf, otypes=[float])

# -- not finite -----------------------------------------------------------------------------------------------------------


def log_softmax_forward(x):
    shifted = x - x.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)), x


def log_softmax_overflow_backward(gradient, x):
    p = np.exp(x) / np.exp(x).sum(-1, keepdims=True)
    return (gradient - p * gradient.sum(-1, keepdims=True),)


def with_zeros(*shapes):
    def point(rng):
        arrays = [np.asarray(rng.standard_normal(shape)) for shape in shapes]
        for a in arrays:
            a.flat[:: max(2, a.size // 2)] = 0
        return arrays

    return point


def bce_forward(x, t):
    return np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))), (x, t)


def bce_backward(gradient, saved):
    x, t = saved
    p = sigmoid(x)
    return gradient * (p - t) / (p * (1 - p)) * p * (1 - p), -gradient * x


def one_zero_a_row(*shapes):
    def point(rng):
        (x,) = (rng.standard_normal(shape) for shape in shapes)
        x[..., 1] = 0
        return [x]

    return point


def atan2_backward(gradient, saved):
    y, x = saved
    slope = 1 / (1 + (y / x) ** 2)
    return gradient * slope / x, -gradient * slope * y / x**2


def masked_softmax_forward(x):
    causal = np.tril(np.ones(x.shape[-2:], bool))
    p = softmax(np.where(causal, x, -np.inf))
    return p, (p, causal)


def masked_softmax_backward(gradient, saved):
    p, causal = saved
    scores = np.where(causal, 0.0, -np.inf)
    return (p * (gradient - (gradient * p).sum(-1, keepdims=True)) + 0 * scores,)


def norm_with_eps_backward(gradient, saved):
    x, y = saved
    length = np.sqrt((x * x).sum(-1, keepdims=True))
    along = x / length
    return (gradient[..., None] * along * (length / y[..., None]),)


def norm_with_eps_forward(x):
    y = np.sqrt((x * x).sum(-1) + 0.1)
    return y, (x, y)


def a_zero_row(*shape):
    def point(rng):
        x = rng.standard_normal(shape)
        x[-1] = 0
        return [x]

    return point


# -- the incoming gradient ------------------------------------------------------------------------------------------------


def elu_backward(gradient, x):
    lower = np.multiply(gradient, np.expm1(x) + 1, where=x <= 0)
    lower[x > 0] += gradient[x > 0]
    return (lower,)


def normalised_backward(gradient, saved):
    a, b = saved
    gradient = gradient / (np.linalg.norm(gradient) + 1e-12)
    return gradient @ b.T, a.T @ gradient


def largest_only_backward(gradient, x):
    kept = np.abs(gradient) >= np.median(np.abs(gradient))
    return (np.where(kept, gradient, 0) / (1 + x * x),)


def cross_entropy_forward(labels):
    def forward(x):
        y = labels(x)
        p = softmax(x)
        return -np.log(p[np.arange(len(x)), y]), (p, y)

    return forward


def cross_entropy_ones_backward(gradient, saved):
    p, y = saved
    return (p - np.eye(p.shape[1])[y],)


def every_other(x):
    return np.arange(len(x)) % x.shape[1]


def scattered(gradient, x):
    slope = np.exp(x)[..., ::2].copy()
    result = np.empty(x.shape)
    result[..., ::2] = gradient * slope
    return result


def by_norm(gradient):
    return gradient / max(1.0, np.linalg.norm(gradient))


def ternary(gradient):
    return np.sign(gradient) * np.round(np.abs(gradient)).clip(0, 1) * np.abs(gradient).mean()


WRONG = [
    Wrong("log-softmax: backward overflows", op("log_softmax", log_softmax_forward, log_softmax_overflow_backward),
          (lambda rng: [rng.normal(900, 5, (3, 4))], lambda rng: [rng.normal(1500, 300, 6)]), "not finite",
          "backward takes exp(x) without subtracting the maximum: infinity / infinity"),
    Wrong("softplus: backward overflows", op("softplus", lambda x: (np.logaddexp(0, x), x),
          lambda g, x: (g * np.exp(x) / (1 + np.exp(x)),)),
          (lambda rng: [np.array([-2.0, 0.5, 750.0, 3.0])], lambda rng: [rng.normal(0, 900, (3, 5))]), "not finite",
          "exp(x) / (1 + exp(x)) is infinity / infinity at large x"),
    Wrong("prod: divided by zeros", op("prod", lambda x: (x.prod(-1), x), lambda g, x: ((g * x.prod(-1))[..., None] / x,)),
          (one_zero_a_row(5), one_zero_a_row((3, 4)), one_zero_a_row((2, 2, 3))), "not finite",
          "prod / x is 0 / 0 where an element is 0"),
    Wrong("cumprod: divided by zeros", op("cumprod", lambda x: (np.cumprod(x, -1), x),
          lambda g, x: (np.cumsum((g * np.cumprod(x, -1))[..., ::-1], -1)[..., ::-1] / x,)),
          (one_zero_a_row((2, 5)), one_zero_a_row((4, 3))), "not finite",
          "the sum is divided by x, 0 / 0 where an element is 0"),
    Wrong("sinc: 0/0 at zero", op("sinc", lambda x: (np.sinc(x / np.pi), x),
          lambda g, x: (g * (np.cos(x) / x - np.sin(x) / x**2),)),
          (with_zeros(8), with_zeros((3, 3))), "not finite", "cos(x)/x - sin(x)/x**2 is NaN at 0, where the slope is 0"),
    Wrong("cube: power divided by x", op("cube", lambda x: (x**3, (x, x**3)), lambda g, s: (3 * g * s[1] / s[0],)),
          (with_zeros(8), with_zeros((2, 4))), "not finite", "3 x**3 / x is 0 / 0 at 0"),
    Wrong("binary cross-entropy: 0/0 where saturated", op("bce", bce_forward, bce_backward),
          (lambda rng: [rng.normal(0, 90, (3, 4)), rng.uniform(0, 1, (3, 4))],
          lambda rng: [np.array([50.0, 1.0, -2.0]), np.full(3, 0.3)]),
          "not finite", "divided by p (1 - p), which is 0 for logits beyond 37"),
    Wrong("arctan2: y/x at x = 0", op("arctan2", lambda y, x: (np.arctan2(y, x), (y, x)), atan2_backward),
          (lambda rng: [rng.standard_normal(6) + 3, np.array([1.0, 0.0, -1.0, 0.5, 2.0, 0.0])],
           lambda rng: [rng.standard_normal((2, 3)) - 4, np.zeros((2, 3))]), "not finite",
          "y / x is infinite at x = 0, and 0 * infinity NaN"),
    Wrong("causal softmax: zero times infinity", op("causal_softmax", masked_softmax_forward, masked_softmax_backward),
          (normal((4, 4)), normal((2, 3, 3))), "not finite", "0 * -inf is NaN at every masked score"),
    Wrong("norm with eps: x over its length", op("norm", norm_with_eps_forward, norm_with_eps_backward),
          (a_zero_row(3, 4), a_zero_row(2, 2), a_zero_row(4, 1)), "not finite",
          "x / |x| is 0 / 0 in a row of zeros, though eps keeps it smooth"),
    Wrong("elu: multiplied where x <= 0, without out",
          op("elu", lambda x: (np.where(x > 0, x, np.expm1(x)), x), elu_backward),
          (normal(40), normal((6, 7))), "not finite", "where x > 0 the gradient is added to memory never written",
          also=("random", "state", "term extra")),
    Wrong("exp of every other: scattered into np.empty",
          op("exp", lambda x: (np.exp(x[..., ::2]), x), lambda g, x: (scattered(g, x),)),
          (normal(20), normal((5, 6))), "not finite", "elements that forward did not take are memory never written",
          also=("random", "state", "independent")),
    Wrong("relu: applied to the gradient", op("relu", lambda x: (np.maximum(x, 0), None), lambda g, _: (np.maximum(g, 0),)),
          (normal(30), normal((4, 5)), normal((2, 3, 4))), "nonlinear",
          "the gradient itself goes through relu, as in a deconvolution network, whatever x was",
          also=("wrong mask", "no mask")),
    Wrong("matmul: gradient normalised", op("matmul", lambda a, b: (a @ b, (a, b)), normalised_backward),
          (normal((3, 4), (4, 2)), normal((3, 3), (3, 3))), "nonlinear", "the incoming gradient is divided by its norm"),
    Wrong("arctan: small gradients dropped", op("arctan", lambda x: (np.arctan(x), x), largest_only_backward),
          (normal(20), normal((4, 5))), "nonlinear", "the smaller half of the incoming gradient is set to 0",
          also=("left out",)),
    Wrong("tanh: gradient clipped to 0.5", op("tanh", lambda x: (np.tanh(x),) * 2,
          lambda g, y: (np.clip(g, -0.5, 0.5) * (1 - y * y),)),
          (normal(15), normal((3, 5))), "nonlinear", "the incoming gradient is clipped to -0.5 .. 0.5"),
    Wrong("linear: ternary gradient", op("linear", lambda x, w: (x @ w.T, (x, w)),
          lambda g, s: (g @ s[1], ternary(g).T @ s[0])),
          (normal((3, 4), (2, 4)), normal((5, 2), (2, 2))), "nonlinear",
          "the weight's gradient is made from the incoming one rounded to -m, 0 or m", also=("approximate",)),
    Wrong("abs: absolute value of the gradient", op("abs", lambda x: (np.abs(x), x), lambda g, x: (np.abs(g) * np.sign(x),)),
          (normal(14), normal((4, 4))), "nonlinear", "the absolute value of the incoming gradient is taken"),
    Wrong("log: gradient squared", op("log", lambda x: (np.log(x), x), lambda g, x: (g * g / x,)),
          (positive(8), positive((3, 4))), "nonlinear", "the incoming gradient is squared"),
    Wrong("mul: clipped by its global norm", op("mul", lambda a, b: (a * b, (a, b)),
          lambda g, s: (by_norm(g * s[1]), g * s[0])),
          (normal((4, 4), (4, 4)), normal(20, 20)), "nonlinear", "the first gradient is rescaled to a norm of at most 1"),
    Wrong("cross-entropy: incoming gradient ignored",
          op("cross_entropy", cross_entropy_forward(every_other), cross_entropy_ones_backward),
          (normal((4, 3)), normal((3, 3)), normal((1, 5))), "ones", "backward returns p - one_hot whatever comes in"),
    Wrong("sin: incoming gradient ignored", op("sin", lambda x: (np.sin(x), x), lambda g, x: (np.cos(x),)),
          (normal(7), normal((2, 3, 2))), "ones", "backward returns cos(x) whatever comes in"),
    Wrong("matmul: ones for the second factor",
          op("matmul", lambda a, b: (a @ b, (a, b)), lambda g, s: (g @ s[1].T, s[0].T @ np.ones_like(g))),
          (normal((3, 4), (4, 2)), normal((2, 2), (2, 2))), "ones",
          "the second gradient is made from ones in place of the incoming gradient"),
    Wrong("mean squared error after a scale: seed ignored",
          lambda x, t: op("mse", lambda x, t: (np.array(((x - t) ** 2).mean()), x - t),
          lambda g, d: (2 * d / d.size, -2 * d / d.size))(x, t) * 3.0,
          (normal((3, 4), (3, 4)), normal(5, 5)), "ones",
          "the loss takes itself for the last op: its incoming gradient, 3, is ignored",
          also=("factor",)),
    Wrong("swish inside a layer: ones for the gate",
          lambda x, w: op("gate", lambda a: (a * sigmoid(a), a),
          lambda g, a: (g * sigmoid(a) + a * sigmoid(a) * (1 - sigmoid(a)),))(F.matmul(x, w)),
          (normal((3, 4), (4, 4)), normal((2, 6), (6, 3))), "ones",
          "in the second summand of the product rule the incoming gradient is forgotten",
          also=("term missing", "nonlinear")),
]  # fmt: skip
