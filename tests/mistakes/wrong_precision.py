"""Wrong numbers: too little precision, approximations in place of the derivative."""

import math

import numpy as np
from corpus import Wrong

import minimix as mm


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

# -- precision ------------------------------------------------------------------------------------------------------------


def sigmoid32_forward(x):
    y = sigmoid(x)
    return y, y.astype(np.float32)


def softmax32_forward(x):
    p = softmax(x)
    return p, p


def softmax32_backward(gradient, p):
    g, p = gradient.astype(np.float32), p.astype(np.float32)
    return ((p * (g - (g * p).sum(-1, keepdims=True))).astype(np.float64),)


def layer_norm_forward(x):
    centred = x - x.mean(-1, keepdims=True)
    inverse = 1 / np.sqrt((x.var(-1, keepdims=True)) + 1e-5)
    return centred * inverse, (centred * inverse, inverse)


def layer_norm_rounded_backward(gradient, saved):
    normed, inverse = saved
    g = gradient - gradient.mean(-1, keepdims=True) - normed * (gradient * normed).mean(-1, keepdims=True)
    return (np.round(inverse * g, 3),)


def conv1d_half_forward(x, w):
    columns = np.stack([x[:, i : i + len(w)] for i in range(x.shape[1] - len(w) + 1)], 1)
    return columns @ w, (columns.astype(np.float16), w, x.shape)


def conv1d_half_backward(gradient, saved):
    columns, w, shape = saved
    to_x = np.zeros(shape)
    for i in range(gradient.shape[1]):
        to_x[:, i : i + len(w)] += gradient[:, i, None] * w
    return to_x, np.einsum("ni,nik->k", gradient, columns)


def cumsum32_backward(gradient, saved):
    return (np.cumsum(gradient[..., ::-1], axis=-1, dtype=np.float32)[..., ::-1].astype(float),)


def quantised_weights_backward(gradient, saved):
    x, w = saved
    step = np.abs(w).max() / 127
    return gradient @ (np.round(w / step) * step).T, x.T @ gradient


# -- approximations -------------------------------------------------------------------------------------------------------


def gelu_forward(x):
    return x * 0.5 * (1 + erf(x / math.sqrt(2))), x


def gelu_logistic_backward(gradient, x):
    s = sigmoid(1.702 * x)
    return (gradient * (s + 1.702 * x * s * (1 - s)),)


def one_sided(function, step):
    def backward(gradient, x):
        return (gradient * (function(x + step) - function(x)) / step,)

    return backward


def newton_inverse_backward(gradient, a):
    inverse = a.T / (np.abs(a).sum(0).max() * np.abs(a).sum(1).max())
    for _ in range(3):
        inverse = inverse @ (2 * np.eye(len(a)) - a @ inverse)
    return (-inverse.T @ gradient @ inverse.T,)


def fixed_point_forward(w, u):
    z = np.zeros_like(u)
    for _ in range(80):
        z = np.tanh(z @ w + u)
    return z, (w, z)


def fixed_point_backward(gradient, saved):
    _, z = saved
    g = gradient * (1 - z * z)
    return z.T @ g, g


def small_square(rng):
    return [0.2 * rng.standard_normal((4, 4)), rng.standard_normal((3, 4))]


def interpolated_sine_backward(gradient, x):
    table = np.linspace(-4, 4, 33)
    return (gradient * np.interp(x, table, np.cos(table)),)


def bfloat16(x):
    return (x.view(np.uint64) & ~np.uint64((1 << 45) - 1)).view(np.float64)


def attention_forward(q, k, v):
    p = softmax(q @ k.T)
    return p @ v, (q, k, v, bfloat16(p))


def attention_backward(gradient, saved):
    q, k, v, p = saved
    to_p = gradient @ v.T
    to_scores = p * (to_p - (to_p * p).sum(-1, keepdims=True))
    return to_scores @ k, to_scores.T @ q, p.T @ gradient


def soft_max_backward(gradient, x):
    return (gradient[..., None] * softmax(5 * x),)


WRONG = [
    Wrong("sigmoid: output saved as float32", op("sigmoid", sigmoid32_forward, lambda g, y: (g * y * (1 - y),)),
          (normal(12), normal((3, 4)), normal((2, 1, 5))), "precision", "the saved output is rounded to float32"),
    Wrong("softmax: gradient in float32", op("softmax", softmax32_forward, softmax32_backward),
          (normal((3, 5)), normal(7), normal((2, 3, 4))), "precision", "backward computes in float32 and casts back"),
    Wrong("layer norm: gradient rounded to 3 digits", op("layer_norm", layer_norm_forward, layer_norm_rounded_backward),
          (normal((3, 6)), normal((4, 4)), normal((2, 3, 5))), "precision", "the gradient is rounded to three decimals"),
    Wrong("conv1d: columns kept in float16", op("conv1d", conv1d_half_forward, conv1d_half_backward),
          (normal((2, 9), 3), normal((5, 5), 2), normal((1, 12), 5)), "precision",
          "the columns, from which the weight's gradient is made, are kept in float16"),
    Wrong("cumsum: accumulated in float32", op("cumsum", lambda x: (np.cumsum(x, -1), None), cumsum32_backward),
          (normal(30), normal((4, 9)), normal((2, 3, 3))), "precision", "backward accumulates in float32"),
    Wrong("linear: weights quantised to 8 bits in backward",
          op("linear", lambda x, w: (x @ w, (x, w)), quantised_weights_backward),
          (normal((3, 4), (4, 5)), normal((5, 5), (5, 5)), normal((1, 9), (9, 2))), "precision",
          "the input's gradient is made from weights rounded to 127 levels", also=("approximate",)),
    Wrong("exp: forward through float32", op("exp", lambda x: (np.exp(x.astype(np.float32)).astype(float),) * 2,
          lambda g, y: (g * y,)),
          (normal(8), normal((3, 4))), "precision", "forward computes in float32, so that its own steps are lost"),
    Wrong("square: difference kept as float16", op("square", lambda x, t: ((x - t) ** 2, (x - t).astype(np.float16)),
          lambda g, d: (2 * g * d, -2 * g * d)),
          (normal((4, 3), (4, 3)), normal(10, 10)), "precision", "the difference is saved as float16"),
    Wrong("gelu: slope of the logistic approximation", op("gelu", gelu_forward, gelu_logistic_backward),
          (normal(20), normal((4, 5))), "approximate", "forward uses erf, backward the slope of x * sigmoid(1.702 x)"),
    Wrong("sin: one-sided difference inside", op("sin", lambda x: (np.sin(x), x), one_sided(np.sin, 0.05)),
          (normal(9), normal((3, 4))), "approximate", "backward is a one-sided difference with a step of 0.05"),
    Wrong("softplus: coarse one-sided difference", op("softplus", lambda x: (np.logaddexp(0, x), x),
          one_sided(lambda x: np.logaddexp(0, x), 0.1)),
          (normal((2, 7)), normal((3, 2, 2))), "approximate", "backward is a one-sided difference with a step of 0.1"),
    Wrong("log1p: series cut off", op("log1p", lambda x: (np.log1p(x), x), lambda g, x: (g * (1 - x + x**2 - x**3),)),
          (lambda rng: [rng.uniform(-0.5, 0.5, 15)], lambda rng: [rng.uniform(-0.4, 0.6, (3, 5))]), "approximate",
          "1 / (1 + x) is replaced by four terms of its series"),
    Wrong("exp: limit of a power", op("exp", lambda x: (np.exp(x), x), lambda g, x: (g * (1 + x / 32) ** 32,)),
          (normal(10), normal((4, 4))), "approximate", "exp(x) is replaced by (1 + x/32)**32"),
    Wrong("inverse: few Newton steps", op("inverse", lambda a: (np.linalg.inv(a), a), newton_inverse_backward),
          (lambda rng: [rng.standard_normal((3, 3)) + 3 * np.eye(3)],
          lambda rng: [rng.standard_normal((5, 5)) + 4 * np.eye(5)]),
          "approximate", "backward's inverse comes from three Newton steps that have not converged"),
    Wrong("fixed point: one step of its derivative", op("fixed_point", fixed_point_forward, fixed_point_backward),
          (small_square, lambda rng: [0.3 * rng.standard_normal((2, 2)), rng.standard_normal((5, 2))]), "approximate",
          "the fixed point's derivative is cut off after one iteration", also=("term missing", "left out")),
    Wrong("sin: slope from a table", op("sin", lambda x: (np.sin(x), x), interpolated_sine_backward),
          (normal(20), normal((3, 6))), "approximate", "the cosine is interpolated in a coarse table", also=("precision",)),
    Wrong("spike: slope of a sigmoid", op("spike", lambda x: ((x > 0) * 1.0, x), lambda g, x: (g * sigmoid(x) * sigmoid(-x),)),
          (normal(10), normal((2, 3, 2))), "approximate", "the true slope is 0, a surrogate's is given",
          also=("independent",)),
    Wrong("sign: straight through inside a window", op("sign", lambda x: (np.sign(x), x), lambda g, x: (g * (np.abs(x) <= 1),)),
          (normal(12), normal((3, 4))), "approximate", "the true slope is 0, that of hard tanh is given",
          also=("independent",)),
    Wrong("attention: probabilities kept in bfloat16", op("attention", attention_forward, attention_backward),
          (normal((3, 4), (5, 4), (5, 2)), normal((2, 2), (2, 2), (2, 2))), "precision",
          "the saved probabilities keep seven bits of their mantissa"),
    Wrong("abs: smooth slope", op("abs", lambda x: (np.abs(x), x), lambda g, x: (g * x / np.sqrt(x * x + 0.01),)),
          (normal(12), normal((3, 4))), "approximate", "the sign is replaced by the slope of sqrt(x**2 + 0.01)",
          also=("wrong formula", "wrong constant")),
    Wrong("max: gradient spread by a softmax", op("max", lambda x: (x.max(-1), x), soft_max_backward),
          (normal(6), normal((3, 4)), normal((2, 2, 5))), "approximate", "the place of the maximum is softened by a softmax",
          also=("other place", "independent")),
]  # fmt: skip
