"""Right functions of single elements at awkward values: near kinks, saturated, huge, tiny, zero."""

import math

import numpy as np
from corpus import Right

import minimix as mm
import minimix.functional as F

COMPLEX = ("complex",)  # not analytic there, or NumPy has no such function of complex numbers


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def unary(name, function, slope):
    """An op of one input, its slope a function of x."""
    return op(name, lambda x: (function(x), x), lambda g, x: (g * slope(x),))


def from_output(name, function, slope):
    """The same, its slope a function of the output."""

    def forward(x):
        y = function(x)
        return y, y

    return op(name, forward, lambda g, y: (g * slope(y),))


def normal(*shapes, scale=1.0, centre=0.0):
    return lambda rng: [np.asarray(centre + scale * rng.standard_normal(shape)) for shape in shapes]


def uniform(low, high, *shapes):
    return lambda rng: [np.asarray(rng.uniform(low, high, shape)) for shape in shapes]


def values(*numbers):
    return lambda rng: [np.array(numbers, float)]


def beside(kink, distance, shape):
    """At a distance from a kink, on both sides of it."""
    return lambda rng: [kink + distance * rng.choice([-1.0, 1.0], shape) * rng.uniform(1, 2, shape)]


def sigmoid(x):
    return np.where(
        x.real >= 0, 1 / (1 + np.exp(-np.where(x.real >= 0, x, 0))), 1 - 1 / (1 + np.exp(np.where(x.real < 0, x, 0)))
    )


def sigmoid_slope(x):
    small = np.exp(-np.abs(x))
    return small / (1 + small) ** 2


erf = np.vectorize(math.erf, otypes=[float])
lgamma = np.vectorize(math.lgamma, otypes=[float])


def digamma(x):
    x = np.array(x, float)
    shift = np.zeros_like(x)
    for k in range(12):
        shift += 1 / (x + k)
    x = x + 12
    return np.log(x) - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4) - 1 / (252 * x**6) - shift


def sinc_slope(x):
    safe = np.where(x == 0, 1, x)
    return np.where(np.abs(x) < 1e-4, -x / 3 + x**3 / 30, (np.cos(safe) - np.sin(safe) / safe) / safe)


def gauss(x):
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def huber(x, delta=1.0):
    inside = np.abs(x) <= delta
    return np.where(inside, x * x / 2, delta * (np.abs(x) - delta / 2)), np.where(inside, x, delta * np.sign(x))


def softplus_slope(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def mish_slope(x):
    t = np.tanh(np.logaddexp(0, x))
    return t + x * (1 - t * t) * softplus_slope(x)


def arctan2_backward(gradient, saved):
    y, x = saved
    square = x * x + y * y
    return gradient * x / square, -gradient * y / square


def hypot_backward(gradient, saved):
    x, y, length = saved
    return gradient * (x / length), gradient * (y / length)


def hypot_forward(x, y):
    length = np.hypot(x, y)
    return length, (x, y, length)


def log_or_zero(x):
    return np.log(np.where(x == 0, 1, x))


def xlogy_backward(gradient, saved):
    x, y = saved
    return gradient * np.log(y), gradient * x / y


def triangle(x):
    return np.abs(x - 2 * np.round(x / 2))


def power_backward(gradient, saved):
    x, p, y = saved
    return gradient * p * x ** (p - 1), gradient * y * np.log(x)


def bce_with_logits(x, t):
    return np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))), (x, t)


def bce_backward(gradient, saved):
    x, t = saved
    return gradient * (softplus_slope(x) - t), -gradient * x


def selu(x):
    return 1.0507 * np.where(x > 0, x, 1.67326 * np.expm1(np.minimum(x, 0)))


RIGHT = [
    Right("log at 1e-5", unary("log", np.log, lambda x: 1 / x), (uniform(1e-5, 2e-5, 6), uniform(1e-5, 1e-4, (3, 4)))),
    Right("log at 1e-9", F.log, (uniform(1e-9, 3e-9, 6), values(1e-9, 1.0, 1e9))),
    Right("log2 from tiny to huge", unary("log2", np.log2, lambda x: 1 / (x * math.log(2))),
          (values(1e-150, 1e-8, 1.0, 1e8, 1e150),)),
    Right("log1p at 1e-12", unary("log1p", np.log1p, lambda x: 1 / (1 + x)),
          (normal(8, scale=1e-12), values(-0.9999, 0.0, 1e6))),
    Right("expm1 at 1e-12", from_output("expm1", np.expm1, lambda y: y + 1),
          (normal((2, 4), scale=1e-12), values(-30.0, 0.0, 5.0))),
    Right("sqrt at 1e-6", from_output("sqrt", np.sqrt, lambda y: 0.5 / y), (uniform(1e-6, 2e-6, 6), values(1e-6, 1.0, 1e6))),
    Right("sqrt of squares plus 1e-12", lambda x: F.sqrt(x * x + 1e-12),
          (normal(6, scale=1e-6), normal((3, 3)), values(0.0, 1e-7, 1.0))),
    Right("cube root near zero", unary("cbrt", np.cbrt, lambda x: 1 / (3 * np.cbrt(x) ** 2)),
          (beside(0, 1e-4, 6), normal((2, 4), centre=3)),
          COMPLEX),
    Right("reciprocal at 1e-4", from_output("reciprocal", np.reciprocal, lambda y: -y * y),
          (beside(0, 1e-4, 7), values(1e-4, 1e4))),
    Right("reciprocal at 1e150", unary("reciprocal", np.reciprocal, lambda x: -1 / x / x),
          (uniform(1e150, 2e150, 4), values(1e-100, 1e100))),
    Right("x + 1e8", op("shift", lambda x: (x + 1e8, None), lambda g, _: (g,)), (normal(8), normal((3, 4)))),
    Right("x + 1e8 - 1e8", lambda x: (x + 1e8) - 1e8, (normal(5), normal((2, 3), scale=10))),
    Right("x*x at 1e8", unary("square", np.square, lambda x: 2 * x), (normal(5, scale=1e8), values(1e8, -1e8, 1.0, 0.0))),
    Right("x*x at 1e-150", lambda x: x * x, (normal(6, scale=1e-150), values(1e-150, 0.0))),
    Right("x*x at 1e120", lambda x: F.mul(x, x), (normal(6, scale=1e120),)),
    Right("x * 1e150", lambda x: x * 1e150, (normal(4), normal((2, 3), scale=1e-150))),
    Right("x * 1e-150", op("tiny", lambda x: (x * 1e-150, None), lambda g, _: (g * 1e-150,)),
          (normal(4), normal((2, 3), scale=1e150))),
    Right("sin at 1e8", unary("sin", np.sin, np.cos), (normal(6, centre=1e8, scale=10), values(1e8, -1e8, 1e6))),
    Right("cos at its crests", unary("cos", np.cos, lambda x: -np.sin(x)),
          (lambda rng: [np.pi * np.arange(-3.0, 4)], values(0.0, 1e-9))),
    Right("sin(1000 x)", lambda x: op("sin", lambda x: (np.sin(x), x), lambda g, x: (g * np.cos(x),))(x * 1000.0),
          (normal(6), normal((2, 3)))),
    Right("exp at 30", from_output("exp", np.exp, lambda y: y), (normal(5, centre=30), values(30.0, -30.0, 0.0))),
    Right("exp at -200", F.exp, (normal(5, centre=-200), values(-300.0, -20.0, 2.0))),
    Right("exp(-x*x) far out", lambda x: F.exp(-(x * x)), (normal((3, 4), scale=5), values(0.0, 6.0, 26.0))),
    Right("power with an exponent of 1.5 at 1e-6", lambda x: x**1.5, (uniform(1e-6, 2e-6, 5), uniform(0.1, 2, (3, 3)))),
    Right("x**3 with exact zeros", unary("cube", lambda x: x**3, lambda x: 3 * x * x),
          (values(0.0, 0.0, 1.0, -2.0), lambda rng: [np.zeros((2, 3))])),
    Right("x**8 at zero and small", lambda x: x**8, (values(0.0, 0.01, -0.5, 1.0), normal((2, 3), scale=0.1))),
    Right("power of two Tensors", op("power", lambda x, p: (x**p, (x, p, x**p)), power_backward),
          (uniform(0.2, 3, 6, 6), lambda rng: [rng.uniform(5, 9, 4), np.array([-3.0, 0.0, 1.0, 2.0])])),
    Right("x to the power of x", lambda x: F.exp(x * F.log(x)), (uniform(0.01, 2, 8), values(1e-3, 1.0, 5.0))),
    Right("relu 1e-4 beside its kink", unary("relu", lambda x: np.maximum(x, 0), lambda x: x > 0),
          (beside(0, 1e-4, 12), beside(0, 1e-5, (3, 4)))),
    Right("relu of negative numbers only", F.relu, (uniform(-3, -0.1, 6), uniform(-2, -1e-3, (2, 3)))),
    Right("leaky relu 1e-3 beside its kink", lambda x: F.maximum(x, x * 0.01),
          (beside(0, 1e-3, 10), beside(0, 1e-5, (2, 2, 2)))),
    Right("abs 1e-5 beside zero", unary("abs", np.abs, np.sign), (beside(0, 1e-5, 9), beside(0, 1e-3, (3, 3))), COMPLEX),
    Right("clip 1e-4 beside both ends", lambda x: F.clip(x, -1, 1), (beside(1, 1e-4, 8), beside(-1, 1e-4, (2, 3)))),
    Right("relu6 near 6", F.relu6, (beside(6, 1e-4, 6), values(-1e-3, 1e-3, 5.999, 6.001))),
    Right("hard swish near -3 and 3", F.hard_swish, (beside(3, 1e-3, 6), beside(-3, 1e-4, (2, 3)))),
    Right("hard sigmoid, mostly flat", F.hard_sigmoid, (normal(10, scale=8), normal((3, 4), centre=50))),
    Right("huber near delta", op("huber", huber, lambda g, slope: (g * slope,)),
          (beside(1, 1e-4, 6), beside(-1, 1e-3, (2, 3)), normal(6)), COMPLEX),
    Right("x * |x|", unary("signed_square", lambda x: x * np.abs(x), lambda x: 2 * np.abs(x)),
          (values(0.0, -1.0, 2.0, 1e-8), normal((3, 4))),
          COMPLEX),
    Right("relu squared at exact zeros", lambda x: F.relu(x) * F.relu(x), (values(0.0, 0.0, 1.0, -1.0), normal((3, 4)))),
    Right("elu at exact zeros", unary("elu", lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
          lambda x: np.exp(np.minimum(x, 0))),
          (values(0.0, 1.0, -1.0, -40.0), normal((2, 4)))),
    Right("selu beside its kink", unary("selu", selu,
          lambda x: 1.0507 * np.where(x > 0, 1, 1.67326 * np.exp(np.minimum(x, 0)))),
          (beside(0, 1e-4, 10), normal((3, 3), scale=3))),
    Right("sigmoid saturated", unary("sigmoid", sigmoid, sigmoid_slope),
          (values(-40.0, -15.0, 0.0, 15.0, 40.0), normal((3, 3), scale=20))),
    Right("sigmoid of the library, saturated", F.sigmoid, (values(-700.0, -30.0, 0.0, 30.0, 700.0), normal(6, centre=25))),
    Right("tanh saturated", F.tanh, (values(-20.0, -5.0, 0.0, 5.0, 20.0), normal((2, 4), scale=8))),
    Right("tanh by 1/cosh**2", unary("tanh", np.tanh, lambda x: 1 / np.cosh(x) ** 2),
          (values(-18.0, 0.0, 1e-8, 18.0), normal((2, 3)))),
    Right("swish far out", F.swish, (values(-60.0, -20.0, 0.0, 20.0, 60.0), normal((3, 3), scale=10))),
    Right("softplus from -50 to 50", unary("softplus", lambda x: np.logaddexp(0, x), softplus_slope),
          (values(-50.0, -5.0, 0.0, 50.0), normal((3, 4))),
          COMPLEX),
    Right("softplus with sharpness 200", unary("softplus", lambda x: np.logaddexp(0, 200 * x) / 200,
          lambda x: softplus_slope(200 * x)),
          (normal(8, scale=0.01), values(0.0, 1e-3, 1.0)), COMPLEX),
    Right("mish", unary("mish", lambda x: x * np.tanh(np.logaddexp(0, x)), mish_slope),
          (normal((3, 4), scale=4), values(0.0, -30.0, 30.0)), COMPLEX),
    Right("erf, flat outside", unary("erf", erf, lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x)),
          (normal(8), values(-6.0, 0.0, 6.0)), COMPLEX),
    Right("gelu", unary("gelu", lambda x: x * 0.5 * (1 + erf(x / math.sqrt(2))),
          lambda x: 0.5 * (1 + erf(x / math.sqrt(2))) + x * gauss(x)),
          (normal((3, 5)), values(0.0, -9.0, 9.0)), COMPLEX),
    Right("sinc at zero", unary("sinc", lambda x: np.sinc(x / np.pi), sinc_slope),
          (values(0.0, 1e-9, 1e-3, 1.0), normal((2, 4), scale=5))),
    Right("(exp(x) - 1) / x by its series", unary("phi", lambda x: sum(x**k / math.factorial(k + 1) for k in range(30)),
          lambda x: sum(k * x ** (k - 1) / math.factorial(k + 1) for k in range(1, 30))),
          (values(0.0, 1e-8, 1.0, -2.0), normal((2, 3)))),
    Right("lgamma near its minimum", unary("lgamma", lgamma, digamma),
          (normal(5, centre=1.4616, scale=1e-3), uniform(0.1, 9, (2, 4))), COMPLEX),
    Right("tan 1e-2 beside its pole", from_output("tan", np.tan, lambda y: 1 + y * y),
          (lambda rng: [np.pi / 2 - rng.uniform(0.01, 0.02, 6)], normal(5, scale=0.5))),
    Right("arcsin near 1", unary("arcsin", np.arcsin, lambda x: 1 / np.sqrt((1 - x) * (1 + x))),
          (uniform(1 - 2e-4, 1 - 1e-4, 6), uniform(-0.9, 0.9, (3, 3)))),
    Right("arccos near -1", unary("arccos", np.arccos, lambda x: -1 / np.sqrt(1 - x * x)),
          (uniform(-1 + 1e-4, -1 + 2e-4, 6), values(0.0, 0.5))),
    Right("arccosh near 1", unary("arccosh", np.arccosh, lambda x: 1 / np.sqrt((x - 1) * (x + 1))),
          (uniform(1 + 1e-4, 1 + 2e-4, 6), uniform(2, 90, (2, 3)))),
    Right("arctanh near 1", unary("arctanh", np.arctanh, lambda x: 1 / ((1 - x) * (1 + x))),
          (uniform(1 - 2e-4, 1 - 1e-4, 5), uniform(-0.9, 0.9, (2, 3)))),
    Right("logit near 1", lambda p: F.log(p) - F.log(1.0 - p), (uniform(1 - 2e-5, 1 - 1e-5, 5), uniform(1e-6, 1e-5, (2, 3)))),
    Right("arctan2 around the circle", op("arctan2", lambda y, x: (np.arctan2(y, x), (y, x)), arctan2_backward),
          (normal(9, 9), lambda rng: [np.array([1.0, 1e-9, 3.0]), np.array([0.0, 1.0, -1e-9])]), COMPLEX),
    Right("hypot with huge and tiny legs", op("hypot", hypot_forward, hypot_backward),
          (normal(6, 6, scale=1e8), lambda rng: [np.array([3e150, 1e-5, 1.0]), np.array([4e150, 1.0, 1e-6])]), COMPLEX),
    Right("x log y with exact zeros", op("xlogy", lambda x, y: (x * np.log(y), (x, y)), xlogy_backward),
          (lambda rng: [np.array([0.0, 0.0, 0.5]), rng.uniform(0.1, 1, 3)],
          lambda rng: [np.zeros((2, 2)), rng.uniform(1e-5, 1, (2, 2))])),
    Right("logaddexp of equal and distant numbers",
          op("logaddexp", lambda a, b: (np.logaddexp(a, b), a - b),
          lambda g, d: (g * softplus_slope(d), g * softplus_slope(-d))),
          (normal(6, 6), lambda rng: [np.array([5.0, 800.0, -800.0]), np.array([5.0, 0.0, 0.0])]), COMPLEX),
    Right("binary cross-entropy, saturated logits", op("bce", bce_with_logits, bce_backward),
          (lambda rng: [rng.normal(0, 30, (3, 4)), rng.uniform(0, 1, (3, 4))],
          lambda rng: [np.array([-45.0, 0.0, 45.0]), np.array([0.0, 0.5, 1.0])]),
          COMPLEX),
    Right("floor: a slope of zero", op("floor", lambda x: (np.floor(x), x.shape), lambda g, s: (np.zeros(s),)),
          (normal(8), normal((2, 3), scale=9)), COMPLEX),
    Right("round: a slope of zero", unary("round", np.round, np.zeros_like), (normal(8), normal((2, 3), scale=9))),
    Right("x - floor(x)", op("fraction", lambda x: (x - np.floor(x), None), lambda g, _: (g.copy(),)),
          (normal(8), normal((3, 3), scale=50)), COMPLEX),
    Right("remainder by 0.7", op("remainder", lambda x: (np.mod(x, 0.7), None), lambda g, _: (+g,)),
          (normal((2, 5)), normal(4, scale=30)), COMPLEX),
    Right("triangle wave", unary("triangle", triangle, lambda x: np.sign(x - 2 * np.round(x / 2))),
          (normal(10), normal((3, 4), scale=20)), COMPLEX),
    Right("step function: a slope of zero", unary("step", lambda x: np.heaviside(x, 0.5), lambda x: 0 * x),
          (normal(8), beside(0, 1e-3, (3, 3))), COMPLEX),
    Right("quantised to 16 levels: None for no slope",
          op("quantise", lambda x: (np.round(x * 16) / 16, None), lambda g, _: (None,)),
          (normal(7), normal((2, 3)))),
    Right("sign times x", lambda x: mm.Tensor(np.sign(x.data)) * x, (normal(8), beside(0, 1e-4, (2, 3))), COMPLEX),
    Right("maximum of nearly equal numbers", F.maximum,
          (lambda rng: [(a := rng.standard_normal(8)), a + 1e-4 * rng.choice([-1.0, 1.0], 8)], normal((3, 4), (3, 4)))),
    Right("minimum of x and a number's broadcast", F.minimum, (normal((4, 5), ()), normal((3, 1), (1, 4)))),
    Right("where with both branches finite", lambda x: F.where(x.data.real > 0.5, F.exp(x), x * x),
          (normal((3, 4)), values(0.4999, 0.5001, 2.0, -2.0))),
    Right("log guarded by where", op("safe_log", lambda x: (log_or_zero(x), x), lambda g, x: (g / np.where(x == 0, 1, x),)),
          (uniform(0.5, 2, 7), uniform(1e-4, 1, (2, 3)))),
]  # fmt: skip
