"""Wrong ops of powers, roots, exponentials and logarithms, of one or two inputs."""

import math

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


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
POSITIVE = (uniform(0.3, 3, 10), uniform(0.2, 2, (3, 4)), uniform(1.2, 4, (2, 5)))
BASE_AND_EXPONENT = (uniform(0.4, 3, 8, 8), uniform(0.4, 2.5, (3, 4), (3, 4)), uniform(0.3, 3, (4, 4), (4, 4)))

# -- powers and roots -------------------------------------------------------------------------------------------------------


def cube(x):
    return x * x * x


def reciprocal(x):
    return 1 / x


def rsqrt(x):
    return 1 / np.sqrt(x)


def inverse_square(x):
    return 1 / (x * x)


def double_in_place(gradient, x):
    x += x
    return (gradient * x,)


COEFFICIENTS = (0.5, -1.0, 0.7, 0.3)  # of 0.5 - x + 0.7 x^2 + 0.3 x^3


def polynomial(x):
    return sum(c * x**k for k, c in enumerate(COEFFICIENTS))


def polynomial_short(x):
    derivative = np.zeros_like(x)
    for k in range(1, len(COEFFICIENTS) - 1):
        derivative += k * COEFFICIENTS[k] * x ** (k - 1)
    return derivative


def horner(x):
    """Value and derivative in one loop; the derivative takes the value after its step, not before."""
    value, derivative = np.zeros_like(x), np.zeros_like(x)
    for c in reversed(COEFFICIENTS):
        value = value * x + c
        derivative = derivative * x + value
    return derivative


def powers_forward(x):
    """x (N,) -> (N, 3): x, x^2, x^3, features of a regression."""
    return np.stack([x, x**2, x**3], axis=-1), x


def powers_last(gradient, x):
    for k in range(3):
        result = gradient[..., k] * (k + 1) * x**k
    return (result,)


def pow_forward(a, b):
    y = a**b
    return y, (a, b, y)


def column_powers(x):
    """x (N, 4): each column has an exponent of its own."""
    exponents = np.array([1.0, 2.0, 3.0, 0.5])
    return x**exponents, x


POWERS = [
    Wrong("square: 2 forgotten", keeping_x(np.square, lambda x: x), ANY, "factor", "x in place of 2 x"),
    Wrong("square: x forgotten", keeping_x(np.square, lambda x: 2.0), ANY, "chain factor", "2 in place of 2 x"),
    Wrong("square: x doubled in place", op("square", lambda x: (x * x, x), double_in_place), ANY,
          "changes saved", "backward doubles the saved x, which is the input, to get 2 x", ("changes input",)),
    Wrong("square: |2 x|", keeping_x(np.square, lambda x: 2 * np.sqrt(np.square(x))), ANY,
          "value", "the root of the square lost x's sign"),
    Wrong("square: 2 y", keeping_y(np.square, lambda y: 2 * y), (normal(9, by=2), normal((4, 3), by=2)),
          "wrong point", "2 y is computed from the output, x^2", ("chain factor",)),
    Wrong("cube: 3 x", keeping_x(cube, lambda x: 3 * x), (normal(9), normal((2, 8))), "wrong formula", "3 x in place of 3 x^2",
          ("chain factor",)),
    Wrong("cube: exponent not lowered", keeping_x(cube, lambda x: 3 * x**3), ANY, "chain factor", "3 x^3 in place of 3 x^2",
          ("wrong formula",)),
    Wrong("sqrt: one half times the root", keeping_y(np.sqrt, lambda y: 0.5 * y), POSITIVE, "wrong formula",
          "y / 2 in place of 1 / (2 y)"),
    Wrong("sqrt: 1 / (2 x)", keeping_x(np.sqrt, lambda x: 0.5 / x), POSITIVE, "wrong point",
          "1 / (2 y) with the input for the output y", ("wrong formula",)),
    Wrong("sqrt: 2 forgotten", keeping_y(np.sqrt, lambda y: 1 / y), POSITIVE, "factor", "1 / y in place of 1 / (2 y)"),
    Wrong("rsqrt: sign", keeping_x(rsqrt, lambda x: 0.5 * x**-1.5), POSITIVE, "sign", "the derivative of x^(-1/2) is negative"),
    Wrong("rsqrt: exponent raised", keeping_x(rsqrt, lambda x: -0.5 * x**0.5), POSITIVE, "wrong formula",
          "the exponent -1/2 became 1/2 in place of -3/2", ("chain factor",)),
    Wrong("reciprocal: -1 / x", keeping_x(reciprocal, lambda x: -1 / x), POSITIVE, "chain factor",
          "-1 / x in place of -1 / x^2", ("wrong formula",)),
    Wrong("reciprocal: logarithm", keeping_x(reciprocal, np.log), POSITIVE, "wrong formula",
          "the antiderivative log(x) in place of the derivative"),
    Wrong("inverse square: -2 / x", keeping_x(inverse_square, lambda x: -2 / x), POSITIVE, "wrong formula",
          "-2 / x in place of -2 / x^3", ("chain factor",)),
    Wrong("cbrt: a fractional power", keeping_x(np.cbrt, lambda x: x ** (-2 / 3) / 3), ANY,
          "not finite", "a negative number to a fractional power is NaN, where the derivative is finite"),
    Wrong("cbrt: exponent -1/3", keeping_y(np.cbrt, lambda y: 1 / (3 * y)), (normal(9, by=3), normal((2, 6), by=3)),
          "chain factor", "1 / (3 y) in place of 1 / (3 y^2)", ("wrong formula",)),
    Wrong("polynomial: highest term", keeping_x(polynomial, polynomial_short), ANY,
          "term missing", "the loop over the coefficients ends one too early"),
    Wrong("polynomial: Horner's steps exchanged", keeping_x(polynomial, horner), ANY,
          "wrong formula", "derivative = derivative x + value is to come before value is updated", ("term extra",)),
    Wrong("powers as features: the last one", op("powers", powers_forward, powers_last), (normal(6), normal((2, 4))),
          "overwritten", "of the three powers' contributions only the last is kept: = for +=", ("term missing", "not summed")),
    Wrong("pow: logarithm forgotten", op("pow", pow_forward, lambda g, s: (g * s[1] * s[0] ** (s[1] - 1), g * s[2])),
          BASE_AND_EXPONENT, "chain factor", "the exponent's gradient lost log(base)"),
    Wrong("pow: logarithm of the exponent",
          op("pow", pow_forward, lambda g, s: (g * s[1] * s[2] / s[0], g * s[2] * np.log(s[1]))),
          BASE_AND_EXPONENT, "wrong point", "log is taken of the exponent instead of the base", ("exchanged",)),
    Wrong("pow: exponent not lowered", op("pow", pow_forward, lambda g, s: (g * s[1] * s[2], g * s[2] * np.log(s[0]))),
          BASE_AND_EXPONENT, "chain factor", "the base's gradient lost 1 / base", ("wrong formula",)),
    Wrong("pow: exponent's factor forgotten",
          op("pow", pow_forward, lambda g, s: (g * s[0] ** (s[1] - 1), g * s[2] * np.log(s[0]))), BASE_AND_EXPONENT,
          "chain factor", "the base's gradient lost the factor of the exponent"),
    Wrong("pow: exponent gets none", op("pow", pow_forward, lambda g, s: (g * s[1] * s[0] ** (s[1] - 1), None)),
          BASE_AND_EXPONENT, "zero", "the exponent is taken for a constant"),
    Wrong("pow, by column: exponents forgotten",
          op("powers", column_powers, lambda g, x: (g * x ** (np.array([1.0, 2.0, 3.0, 0.5]) - 1),)),
          (uniform(0.4, 2, (3, 4)), uniform(0.4, 2, (2, 3, 4))), "scale", "each column's factor, its exponent, is missing",
          ("chain factor", "wrong formula")),
]  # fmt: skip

# -- exponentials and logarithms --------------------------------------------------------------------------------------------


def log_absolute(x):
    return np.log(np.abs(x))


def log_offset(x):
    return np.log(x + 0.1)


def log_below_too(x):
    """Of max(x, 0.5), so that nothing under 0.5 matters."""
    return np.log(np.maximum(x, 0.5))


def x_log_x(x):
    return x * np.log(x)


def logit(p):
    return np.log(p / (1 - p))


def exp_clamped(x):
    """exp of at most 1."""
    return np.exp(np.minimum(x, 1.0))


def logaddexp_forward(a, b):
    return np.logaddexp(a, b), (a, b)


def logaddexp_exchanged(gradient, saved):
    a, b = saved
    share = 1 / (1 + np.exp(b - a))  # a's
    return gradient * (1 - share), gradient * share


def logaddexp_not_normalised(gradient, saved):
    a, b = saved
    return gradient * np.exp(a), gradient * np.exp(b)


def erf(x):
    return np.vectorize(math.erf, otypes=[float])(x)


def squared_exp(x):
    """sqrt(2 exp(x)), of which exp is a wrong op."""
    return F.sqrt(keeping_y(np.exp, lambda y: y * y)(x) * 2.0)


EXPONENTIALS = [
    Wrong("exp: power rule", keeping_x(np.exp, lambda x: x * np.exp(x - 1)), ANY, "wrong formula",
          "the rule of x^n is applied to e^x"),
    Wrong("exp: exp of the output", keeping_y(np.exp, np.exp), ANY, "wrong point", "exp(y) in place of y"),
    Wrong("exp: linear", keeping_x(np.exp, lambda x: 1 + x), ANY, "approximate",
          "1 + x, the start of the series, in place of exp(x)", ("wrong formula",)),
    Wrong("exp: no upper mask", keeping_y(exp_clamped, lambda y: y), (normal(25, by=2), normal((4, 7), by=2)), "no mask",
          "the gradient passes where x was cut to 1"),
    Wrong("exp(-x): sign", keeping_y(lambda x: np.exp(-x), lambda y: y), ANY, "sign",
          "the inner derivative -1 of exp(-x) is missing"),
    Wrong("exp, then root: exp's y twice", squared_exp, ANY, "chain factor",
          "exp's derivative is multiplied by y once too often"),
    Wrong("expm1: y", keeping_y(np.expm1, lambda y: y), ANY, "term missing", "y in place of y + 1"),
    Wrong("exp2: log 2 forgotten", keeping_y(np.exp2, lambda y: y), ANY, "factor", "the factor log(2) is missing"),
    Wrong("log: 1 / y", keeping_y(np.log, lambda y: 1 / y), (uniform(2, 6, 8), uniform(0.2, 0.8, (3, 4))),
          "wrong point", "one by the output, not the input"),
    Wrong("log10: factor reversed", keeping_x(np.log10, lambda x: math.log(10) / x), POSITIVE, "factor",
          "multiplied by log(10), by which it should be divided"),
    Wrong("log1p: 1 / x", keeping_x(np.log1p, lambda x: 1 / x), POSITIVE, "wrong formula", "1 / x in place of 1 / (1 + x)",
          ("wrong point", "term missing")),
    Wrong("log: eps forgotten", keeping_x(log_offset, lambda x: 1 / x), (uniform(0.01, 0.5, 8), uniform(0.02, 1, (3, 4))),
          "wrong constant", "forward adds 0.1 inside the logarithm, backward nothing", ("term missing",)),
    Wrong("log |x|: 1 / |x|", keeping_x(log_absolute, lambda x: 1 / np.abs(x)), ANY, "value", "1 / |x| in place of 1 / x"),
    Wrong("log of max(x, 0.5): not masked", keeping_x(log_below_too, lambda x: 1 / np.maximum(x, 0.5)), ANY, "no mask",
          "the gradient passes where x is below 0.5"),
    Wrong("log of max(x, 0.5): mask of the logarithm",
          keeping_x(log_below_too, lambda x: (np.log(np.maximum(x, 0.5)) > 0) / np.maximum(x, 0.5)),
          (uniform(0.1, 2, 32), uniform(0.4, 1.5, (4, 5))), "wrong mask", "the mask asks for a positive output, so x > 1"),
    Wrong("x log x: 1 forgotten", keeping_x(x_log_x, np.log), POSITIVE, "term missing", "log(x) in place of log(x) + 1"),
    Wrong("logit: difference of the parts", keeping_x(logit, lambda p: 1 / p - 1 / (1 - p)),
          (uniform(0.1, 0.9, 8), uniform(0.2, 0.7, (3, 4))), "sign of a term", "1 / p - 1 / (1 - p) in place of the sum"),
    Wrong("logit: p (1 - p)", keeping_x(logit, lambda p: p * (1 - p)), (uniform(0.1, 0.9, 8), uniform(0.2, 0.7, (3, 4))),
          "wrong formula", "the inverse's derivative p (1 - p) in place of its reciprocal"),
    Wrong("logaddexp: weights exchanged", op("logaddexp", logaddexp_forward, logaddexp_exchanged),
          (normal(9, 9), normal((4, 4), (4, 4))), "exchanged", "a gets b's softmax weight, b gets a's"),
    Wrong("logaddexp: not normalised", op("logaddexp", logaddexp_forward, logaddexp_not_normalised),
          (normal(9, 9), normal((2, 4), (2, 4))), "chain factor",
          "the division by exp(a) + exp(b), the logarithm's derivative, is missing", ("wrong formula",)),
    Wrong("erf: 2 / sqrt(pi) forgotten", keeping_x(erf, lambda x: np.exp(-x * x)), ANY, "factor", "2 / sqrt(pi) is missing"),
    Wrong("erf: the normal density", keeping_x(erf, lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi)), ANY,
          "wrong formula", "the density of the normal distribution, whose x is scaled by sqrt(2)",
          ("wrong constant", "wrong point")),
]  # fmt: skip

WRONG = POWERS + EXPONENTIALS
