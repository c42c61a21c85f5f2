"""Wrong ops of trigonometric and hyperbolic functions, their inverses and what is made of them: sinc, waves, angles, hypot."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def keeping_x(function, derivative):
    """An op that saves its input; derivative(x) is multiplied by the incoming gradient."""
    return op(function.__name__, lambda x: (function(x), x), lambda gradient, x: (gradient * derivative(x),))


def keeping_y(function, derivative):
    """An op that saves its output y; derivative(y) is multiplied by the incoming gradient."""

    def forward(x):
        y = function(x)
        return y, y

    return op(function.__name__, forward, lambda gradient, y: (gradient * derivative(y),))


def normal(*shapes, by=1.0):
    return lambda rng: [by * rng.standard_normal(shape) for shape in shapes]


def uniform(low, high, *shapes):
    return lambda rng: [rng.uniform(low, high, shape) for shape in shapes]


ANY = (normal(10), normal((3, 4)), normal((2, 3, 2, 3)))
WITHIN_ONE = (uniform(-0.9, 0.9, 10), uniform(-0.8, 0.8, (4, 4)), uniform(0.3, 0.9, (1, 6)))


def sin_of_degrees(x):
    return np.sin(np.deg2rad(x))


def sinc(x):
    return np.where(x == 0, 1, np.sin(x) / np.where(x == 0, 1, x))


def cosh_of_square(x):
    return np.cosh(x * x)


def sin_squared(x):
    return np.sin(x) ** 2


def damped(x):
    return np.exp(-0.3 * x) * np.sin(x)


def holding_zero(rng):
    return [np.append(0.0, rng.standard_normal(5))]


def holding_zeros(rng):
    return [np.eye(3) * rng.standard_normal((3, 3))]


def angle_forward(y, x):
    return np.arctan2(y, x), (y, x)


def angle_sign(gradient, saved):
    y, x = saved
    return gradient * x / (x * x + y * y), gradient * y / (x * x + y * y)


def angle_exchanged(gradient, saved):
    y, x = saved
    return -gradient * y / (x * x + y * y), gradient * x / (x * x + y * y)


def angle_of_quotient(gradient, saved):
    y, x = saved
    slope = 1 / (1 + (y / x) ** 2)
    return gradient * slope, -gradient * slope


def hypot_forward(a, b):
    return np.hypot(a, b), (a, b)


def hypot_inner(gradient, saved):
    half = gradient / (2 * np.hypot(*saved))
    return half, half


PAIR = (normal(9, 9), normal((3, 4), (3, 4)), normal((4, 4), (4, 4)))
WRONG = [
    Wrong("sin: cos of the output", keeping_y(np.sin, np.cos), (normal(9, by=2), normal((3, 4), by=2)), "wrong point",
          "cos(y) in place of cos(x)"),
    Wrong("sin: itself", keeping_y(np.sin, lambda y: y), ANY, "wrong formula", "sin in place of cos"),
    Wrong("sin of degrees: no conversion", keeping_x(sin_of_degrees, lambda x: np.cos(np.deg2rad(x))),
          (normal(9, by=60), normal((3, 4), by=90)), "factor", "the inner derivative pi / 180 is missing"),
    Wrong("sin of degrees: cos of degrees", keeping_x(sin_of_degrees, lambda x: np.cos(x) * np.pi / 180),
          (normal(9, by=60), normal((3, 4), by=90)), "wrong point", "cos is taken of the number of degrees"),
    Wrong("sin squared: outer power alone", keeping_x(sin_squared, lambda x: 2 * np.sin(x)), ANY, "chain factor",
          "the inner derivative cos(x) is missing"),
    Wrong("cos: sign", keeping_x(np.cos, np.sin), ANY, "sign", "sin(x) in place of -sin(x)"),
    Wrong("cos: by a root", keeping_y(np.cos, lambda y: -np.sqrt(1 - y**2)), (normal(12), normal((3, 5))), "value",
          "-sqrt(1 - y^2) is -|sin x|, right only where the sine is positive"),
    Wrong("tan: cosine not squared", keeping_x(np.tan, lambda x: 1 / np.cos(x)), WITHIN_ONE, "chain factor",
          "1 / cos in place of 1 / cos^2", ("wrong formula",)),
    Wrong("tan: 1 + x^2", keeping_x(np.tan, lambda x: 1 + x * x), WITHIN_ONE, "wrong point",
          "1 + y^2 with the input for the output y", ("wrong formula",)),
    Wrong("arctan: of the output", keeping_y(np.arctan, lambda y: 1 / (1 + y * y)), ANY, "wrong point",
          "1 / (1 + y^2) in place of 1 / (1 + x^2)"),
    Wrong("arcsin: root forgotten", keeping_x(np.arcsin, lambda x: 1 / (1 - x * x)), WITHIN_ONE, "wrong formula",
          "1 / (1 - x^2) is arctanh's; arcsin's has the root of it", ("chain factor",)),
    Wrong("arccos: sign", keeping_x(np.arccos, lambda x: (1 - x * x) ** -0.5), WITHIN_ONE, "sign",
          "arcsin's derivative, without the minus"),
    Wrong("arcsinh: minus 1 under the root", keeping_x(np.arcsinh, lambda x: 1 / np.sqrt(x * x - 1)),
          (normal(9, by=2), normal((3, 5), by=2)), "sign of a term", "arccosh's derivative, NaN where |x| < 1",
          ("not finite", "wrong formula")),
    Wrong("arctanh: plus", keeping_x(np.arctanh, lambda x: 1 / (1 + x**2)), WITHIN_ONE, "sign of a term",
          "1 + x^2, as for arctan, in place of 1 - x^2", ("wrong formula",)),
    Wrong("cosh: minus sinh", keeping_x(np.cosh, lambda x: -np.sinh(x)), ANY, "sign",
          "the minus of cos's derivative; cosh's has none"),
    Wrong("sinh: by a root", keeping_y(np.sinh, lambda y: np.sqrt(y * y - 1)), (normal(12), normal((4, 3))), "sign of a term",
          "cosh is sqrt(1 + y^2); with the minus it is wrong, or NaN", ("not finite", "wrong formula")),
    Wrong("cosh of x squared: inner derivative", keeping_x(cosh_of_square, lambda x: np.sinh(x * x)), ANY, "chain factor",
          "2 x, the inner derivative, is missing"),
    Wrong("cosh of x squared: half of it", keeping_x(cosh_of_square, lambda x: x * np.sinh(x * x)), ANY, "factor",
          "x in place of 2 x"),
    Wrong("sinc: quotient rule cut short", keeping_x(sinc, lambda x: np.cos(x) / x), ANY, "term missing",
          "-sin(x) / x^2 is missing"),
    Wrong("sinc: 0 / 0", keeping_x(sinc, lambda x: (x * np.cos(x) - np.sin(x)) / x**2), (holding_zero, holding_zeros),
          "not finite", "forward treats x = 0 apart, backward divides by it"),
    Wrong("damped wave: minus the decay", keeping_x(damped, lambda x: np.exp(-0.3 * x) * (np.cos(x) + 0.3 * np.sin(x))), ANY,
          "sign of a term", "the decay's term is -0.3 sin(x), not +"),
    Wrong("damped wave: decay taken for constant", keeping_x(damped, lambda x: np.exp(-0.3 * x) * np.cos(x)), ANY,
          "term missing", "product rule: the derivative of the exponential is missing"),
    Wrong("arctan2: x without minus", op("arctan2", angle_forward, angle_sign), PAIR, "sign", "x's gradient is -y / r^2"),
    Wrong("arctan2: x and y exchanged", op("arctan2", angle_forward, angle_exchanged), PAIR, "exchanged",
          "y gets x's gradient, x gets y's"),
    Wrong("arctan2: inner derivative of y / x", op("arctan2", angle_forward, angle_of_quotient), PAIR, "chain factor",
          "arctan's derivative at y / x, without those of the quotient, 1 / x and y / x^2"),
    Wrong("hypot: inner derivative", op("hypot", hypot_forward, hypot_inner), PAIR, "chain factor",
          "the squares' derivatives, 2 a and 2 b, are missing"),
    Wrong("hypot: legs exchanged", op("hypot", hypot_forward, lambda g, s: (g * s[1] / np.hypot(*s), g * s[0] / np.hypot(*s))),
          PAIR, "exchanged", "a gets b / r, b gets a / r"),
    Wrong("hypot: divided by r^2",
          op("hypot", hypot_forward, lambda g, s: tuple(g * leg / (s[0] ** 2 + s[1] ** 2) for leg in s)), PAIR, "chain factor",
          "divided by r twice: the root is missing", ("wrong formula",)),
]  # fmt: skip
