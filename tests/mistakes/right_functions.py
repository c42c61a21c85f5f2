"""Right functions of whole arrays: several outputs, constants, parameters in closures, results of zero, reductions, signals."""

import math

import numpy as np
from corpus import Right

import minimix as mm
import minimix.functional as F

COMPLEX = ("complex",)  # not analytic there, without a NumPy function for it, or with float64 constants


def op(name, forward, backward, selective=False):
    return lambda *x: mm.apply(mm.Op(name, forward, backward, selective), *x)


def normal(*shapes, scale=1.0, centre=0.0):
    return lambda rng: [np.asarray(centre + scale * rng.standard_normal(shape)) for shape in shapes]


def uniform(low, high, *shapes):
    return lambda rng: [np.asarray(rng.uniform(low, high, shape)) for shape in shapes]


def distinct(*shape):
    return lambda rng: [rng.permutation(int(np.prod(shape))).reshape(shape) * 0.1 - 1]


# -- several outputs ------------------------------------------------------------------------------------------------------


def largest_and_place(x):
    return F.max(x, axis=-1), mm.Tensor(F.argmax(x, axis=-1))


def mean_and_variance(x):
    return F.mean(x, 0), F.var(x, 0, correction=0)


def top_two(x):
    order = np.argsort(-x.data.real, -1)[:, :2]
    return x[np.arange(x.shape[0])[:, None], order], mm.Tensor(order)


def polar(x, y):
    radius = F.sqrt(x * x + y * y)
    return radius, x / radius, y / radius


def unused_second(x, y):
    return F.exp(x), F.sum(x) * 2.0


def one_each(x, y):
    return F.tanh(x), F.tanh(y) + 0.0


def output_and_count(x):
    return F.sum(F.relu(x), -1), mm.Tensor((x.data.real > 0).sum(-1))


# -- constants ------------------------------------------------------------------------------------------------------------


def log_sum_exp(x):
    with mm.no_grad():
        top = F.max(x, axis=-1, keepdims=True)
    return F.log(F.sum(F.exp(x - top), -1, keepdims=True)) + top


def rescaled_norm(x):
    """The norm without overflow: scaled by a constant that cancels."""
    with mm.no_grad():
        scale = float(np.abs(x.data).max())
    return F.sqrt(F.sum((x / scale) ** 2)) * scale


def shifted_variance(x):
    """Computed about a constant near the mean, which does not matter."""
    with mm.no_grad():
        about = F.mean(x)
    return F.mean((x - about) ** 2) - (F.mean(x) - about) ** 2


def hard_choice(x):
    with mm.no_grad():
        chosen = (x.data.real > F.mean(x).data.real).astype(float)
    return x * chosen


def fixed_frequencies(x):
    with mm.no_grad():
        grid = F.exp(mm.Tensor(np.arange(4.0)) * -0.5)
    return F.tanh(F.reshape(x, -1, 1) * grid)


WEIGHT = mm.Tensor(np.random.default_rng(0).standard_normal((4, 3)), requires_grad=True)
BIAS = mm.Tensor(np.random.default_rng(1).standard_normal(3), requires_grad=True)


def perceptron(x):
    return F.tanh(F.matmul(x, WEIGHT) + BIAS)


def residual(x):
    return x + F.matmul(F.relu(F.matmul(x, WEIGHT) + BIAS), F.transpose(WEIGHT))


def polynomial(coefficients):
    """Horner's scheme in one op."""

    def forward(x):
        value, slope = np.zeros_like(x), np.zeros_like(x)
        for c in coefficients:
            slope = slope * x + value
            value = value * x + c
        return value, slope

    return op("polynomial", forward, lambda g, slope: (g * slope,))


def constant_backward(gradient, shape):
    return (np.zeros(shape),)


def second_only_backward(gradient, saved):
    return np.zeros(saved.shape), gradient * np.cos(saved)


# -- reductions and signals -----------------------------------------------------------------------------------------------


def prod_backward(gradient, x):
    """By products from the left and from the right: right for zeros, too."""
    ones = np.ones((*x.shape[:-1], 1))
    left = np.cumprod(np.concatenate([ones, x[..., :-1]], -1), -1)
    right = np.cumprod(np.concatenate([ones, x[..., :0:-1]], -1), -1)[..., ::-1]
    return (gradient[..., None] * left * right,)


def with_zeros(count, *shape):
    def point(rng):
        x = rng.standard_normal(shape)
        x[..., :count] = 0
        return [x]

    return point


def cumprod_backward(gradient, x):
    to_x = np.zeros_like(x)
    for i in range(len(x)):
        rest = x.copy()
        rest[i] = 1
        to_x[i] = (gradient * np.cumprod(rest))[i:].sum()
    return (to_x,)


def fft_forward(x):
    z = np.fft.rfft(x)
    return np.stack([z.real, z.imag], -1), x.shape[-1]


def fft_backward(gradient, n):
    """As the real part of a sum of exp(2 pi i k t / n), written out."""
    phase = 2 * np.pi * np.arange(gradient.shape[-2])[:, None] * np.arange(n) / n
    return (gradient[..., 0] @ np.cos(phase) - gradient[..., 1] @ np.sin(phase),)


def haar_forward(x):
    pairs = x.reshape(-1, 2)
    return np.concatenate([pairs.sum(1), pairs[:, 0] - pairs[:, 1]]) / math.sqrt(2), None


def haar_backward(gradient, _):
    low, high = np.split(gradient / math.sqrt(2), 2)
    return (np.stack([low + high, low - high], 1).reshape(-1),)


def by_groups_forward(labels):
    """Sums of the numbers of each group; group 2 has none."""
    return lambda x: (np.array([x[labels == k].sum(0) for k in range(4)]), None)


def trapezium(y, x):
    return F.sum((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2)


def distances_backward(gradient, saved):
    difference, distance = saved
    unit = difference / distance[..., None]
    return (gradient[..., None] * unit).sum(1), -(gradient[..., None] * unit).sum(0)


def distances_forward(a, b):
    difference = a[:, None] - b
    distance = np.sqrt((difference**2).sum(-1))
    return distance, (difference, distance)


def euler(x):
    for _ in range(20):
        x = x + 0.1 * x * (1.0 - x)
    return x


def lennard_jones(r):
    return 4.0 * (r**-12 - r**-6)


def rosenbrock(x):
    return F.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def total_variation(x):
    return F.sum(F.abs(x[1:] - x[:-1]))


def continued_fraction(x):
    y = x
    for k in range(4, 0, -1):
        y = k + x / (y + 2.0 * k)
    return y


def chain(x):
    for k in range(200):
        x = F.tanh(x) * 1.01 if k % 2 else x + 0.01
    return x


LABELS = np.array([0, 3, 0, 1, 3, 3])

RIGHT = [
    Right("max with its place", largest_and_place, (distinct(3, 4), distinct(6), distinct(2, 3, 3))),
    Right("mean and variance", mean_and_variance, (normal((5, 3)), normal((2, 2)), normal(4, centre=100))),
    Right("top two with their places", top_two, (distinct(3, 4), distinct(2, 2))),
    Right("polar coordinates", polar, (normal(5, 5), normal((2, 3), (2, 3), scale=100))),
    Right("outputs that do not depend on the second input", unused_second, (normal(4, 3), normal((2, 2), (2, 2)))),
    Right("one output for each input", one_each, (normal(4, 3), normal((2, 2), (2, 2)))),
    Right("a sum and a count", output_and_count, (normal((3, 5)), normal(6), normal((1, 1)))),
    Right("the pieces of a split", lambda x: F.split(x * x, 2, -1), (normal((2, 5)), normal(4), normal((3, 3)))),
    Right("one Tensor as two outputs", lambda x: (y := F.tanh(x), y), (normal(4), normal((2, 3)))),
    Right("the input itself among the outputs", lambda x: (x, x * x), (normal(4), normal((2, 3)))),
    Right("a constant among the outputs", lambda x: (F.exp(x), mm.Tensor(np.ones(3))), (normal(4), normal((2, 3)))),
    Right("log-sum-exp with a constant maximum", log_sum_exp,
          (normal((3, 4)), normal((2, 5), scale=500), normal(6, centre=1e4))),
    Right("norm scaled by a constant", rescaled_norm, (normal(5, scale=1e100), normal((2, 3), scale=1e-100), normal(4))),
    Right("variance about a constant", shifted_variance, (normal(8), normal((3, 4), centre=1000))),
    Right("values above their mean", hard_choice, (normal(9), normal((3, 4)))),
    Right("features at fixed frequencies", fixed_frequencies, (normal(5), normal(1))),
    Right("perceptron with parameters in a closure", perceptron, (normal((3, 4)), normal((1, 4), scale=5)), COMPLEX),
    Right("residual block with parameters in a closure", residual, (normal((3, 4)), normal((5, 4))), COMPLEX),
    Right("polynomial by Horner's scheme", polynomial([1.0, -2.0, 0.0, 3.0]),
          (normal(8), normal((2, 3), scale=30), normal(()))),
    Right("polynomial near a triple root", polynomial([1.0, -3.0, 3.0, -1.0]),
          (normal(6, centre=1, scale=1e-3), normal(4, centre=1))),
    Right("twelfth harmonic, summed",
          lambda x: F.sum(op("cos", lambda t: (np.cos(12 * t), t), lambda g, t: (-12 * g * np.sin(12 * t),))(x), -1),
          (uniform(0, 3, 6), uniform(0, 3, (2, 3)))),
    Right("a constant function: zeros", op("ones", lambda x: (np.ones(x.shape), x.shape), constant_backward),
          (normal(5), normal((2, 3)), normal(()))),
    Right("the shape as an output", op("size", lambda x: (np.array(float(x.size)), x.shape), constant_backward),
          (normal(5), normal((2, 3)))),
    Right("an unused input: zeros for it", op("second", lambda a, b: (np.sin(b), b), second_only_backward),
          (normal(4, 4), normal((2, 3), (2, 3)))),
    Right("an unused input: None for it", op("second", lambda a, b: (np.sin(b), b), lambda g, b: (None, g * np.cos(b))),
          (normal(3, 4), normal((2, 2), 5))),
    Right("x - x: zero everywhere", lambda x: x - x, (normal(5), normal((2, 3)))),
    Right("x times zero", lambda x: x * 0.0, (normal(5), normal((2, 3)))),
    Right("sin squared plus cos squared",
          lambda x: (a := op("sin", lambda x: (np.sin(x), x), lambda g, x: (g * np.cos(x),))(x)) * a
          + (b := op("cos", lambda x: (np.cos(x), x), lambda g, x: (-g * np.sin(x),))(x)) * b,
          (normal(6), normal((2, 3), scale=100))),
    Right("x / x", lambda x: x / x, (normal(5), normal((2, 3), scale=1e-6))),
    Right("exp(log(x))", lambda x: F.exp(F.log(x)), (uniform(1e-6, 1, 6), uniform(1, 1e6, (2, 3)))),
    Right("sum of centred numbers", lambda x: F.sum(x - F.mean(x)), (normal(7), normal((3, 4), centre=1e6))),
    Right("(x + y) - y", lambda x, y: (x + y) - y,
          (normal(5, 5), lambda rng: [rng.standard_normal(4), 1e6 * rng.standard_normal(4)])),
    Right("prod with one zero and with two", op("prod", lambda x: (x.prod(-1), x), prod_backward),
          (with_zeros(1, 4), with_zeros(2, 3, 5), with_zeros(1, 2, 1))),
    Right("prod of large and small numbers", op("prod", lambda x: (x.prod(-1), x), prod_backward),
          (uniform(50, 100, 8), uniform(1e-3, 1e-2, (2, 6)))),
    Right("cumulated product with a zero", op("cumprod", lambda x: (np.cumprod(x), x), cumprod_backward),
          (with_zeros(1, 5), normal(7))),
    Right("cumulated sum", op("cumsum", lambda x: (np.cumsum(x, -1), None),
          lambda g, _: (np.cumsum(g[..., ::-1], -1)[..., ::-1],)), (normal(40), normal((3, 4)), normal((2, 1)))),
    Right("differences", op("diff", lambda x: (np.diff(x), None), lambda g, _: (-np.diff(g, prepend=0, append=0),)),
          (normal(6), normal((3, 4)), normal(1))),
    Right("second differences of a line", lambda x: x[2:] - 2.0 * x[1:-1] + x[:-2],
          (lambda rng: [np.arange(8.0) * 1e4], normal(5))),
    Right("mean of one, of many, of large numbers", F.mean, (normal(1), normal((9, 9)), normal((3, 4), centre=1e9))),
    Right("variance far from zero", lambda x: F.var(x, -1), (normal((3, 6), centre=1e4), normal(5, centre=-1e3))),
    Right("standard deviation of nearly equal numbers", F.std, (normal(6, scale=1e-4, centre=1), normal((2, 3), scale=1e-6))),
    Right("entropy of probabilities with tiny ones", lambda x: -F.sum(F.softmax(x) * F.log_softmax(x), -1),
          (normal((3, 4), scale=10), normal(5))),
    Right("spectrum of a real signal", op("rfft", fft_forward, fft_backward), (normal(8), normal((2, 5)), normal(1)), COMPLEX),
    Right("Haar wavelets", op("haar", haar_forward, haar_backward), (normal(8), normal(2))),
    Right("sums by group, one of them empty", op("groups", by_groups_forward(LABELS), lambda g, _: (g[LABELS],)),
          (normal(6), normal((6, 2)))),
    Right("histogram weights", op("histogram", lambda w: (np.bincount(LABELS, w, 5), None), lambda g, _: (g[LABELS],)),
          (normal(6), uniform(0, 1, 6)), COMPLEX),
    Right("integral by the trapezium rule", trapezium, (normal(6, 6), normal(2, 2))),
    Right("pairwise distances", op("distances", distances_forward, distances_backward),
          (normal((3, 2), (4, 2)), normal((2, 1), (3, 1)), normal((2, 5), (2, 5), scale=1e4))),
    Right("p-norm with p = 3 of negative numbers", lambda x: F.pow(F.sum(F.abs(x) ** 3, -1), 1 / 3),
          (normal((3, 4)), normal(5, scale=1e-3)), COMPLEX),
    Right("logistic growth in twenty steps", euler, (uniform(0, 1, 6), normal((2, 2), scale=0.1))),
    Right("Lennard-Jones potential close by", lennard_jones, (uniform(0.3, 0.5, 5), uniform(1, 3, (2, 3)))),
    Right("Rosenbrock's valley", rosenbrock, (normal(5), normal(4, centre=1, scale=1e-3), lambda rng: [np.ones(4)])),
    Right("total variation", total_variation, (normal(8), normal((4, 2))), COMPLEX),
    Right("continued fraction", continued_fraction, (uniform(0.5, 4, 6), uniform(0, 1, (2, 3)))),
    Right("cast to float64 and back to itself", lambda x: F.astype(x, np.float64) * 2.0, (normal(4), normal((2, 3))), COMPLEX),
    Right("dropout with a fixed mask", lambda x: x * (np.arange(x.size).reshape(x.shape) % 3 > 0) * 1.5,
          (normal(9), normal((2, 5)))),
    Right("dropout with a seed of its own", lambda x: F.dropout(x, 0.4, rng=np.random.default_rng(3)),
          (normal(20), normal((4, 5)))),
    Right("chain of two hundred steps", chain, (normal(4), normal((2, 2)))),
]  # fmt: skip
