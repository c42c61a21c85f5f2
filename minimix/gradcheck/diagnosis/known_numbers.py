"""Functions of one number, entry by entry, and what is known to go wrong with their derivatives: data.

Each mistake is (words, claims, what stands in place of the derivative, as a function of the input x and the output y).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minimix.gradcheck.diagnosis.factors import sigmoid

POINT = ("wrong point", "wrong formula", "chain factor")
FACTOR = ("chain factor", "wrong formula", "term missing")
TERM = ("term missing", "wrong formula", "chain factor")
FORMULA = ("wrong formula", "chain factor")
SIGN = ("sign of a term", "wrong formula", "term missing")


def normal(x):
    """The density of the normal distribution."""
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def distribution(x):
    """The normal distribution, to 1e-7 (Abramowitz and Stegun 26.2.17): only to recognise gelu by."""
    t = 1 / (1 + 0.2316419 * np.abs(x))
    tail = normal(x) * t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    return np.where(x >= 0, 1 - tail, tail)


def softplus(x):
    """log(1 + exp(x))"""
    return np.logaddexp(0, x)


@dataclass(frozen=True)
class Known:
    """A function of one number. mistakes: (words, claims, what stands in place of the derivative, of x and y)."""

    name: str
    function: Callable
    mistakes: tuple


SILU, TANH = "x sigmoid(x)", "tanh"
ELEMENTWISE = (
    Known(
        "sigmoid",
        sigmoid,
        (
            ("y alone: the factor 1 - y is missing", FACTOR, lambda x, y: y),
            ("1 - y alone: the factor y is missing", FACTOR, lambda x, y: 1 - y),
            ("x (1 - x): the input where the output is needed", POINT, lambda x, y: x * (1 - x)),
            ("y (1 + y) in place of y (1 - y)", SIGN, lambda x, y: y * (1 + y)),
            ("y (y - 1) in place of y (1 - y)", ("sign", *SIGN), lambda x, y: y * (y - 1)),
            ("1 - y squared, which is tanh's derivative", FORMULA, lambda x, y: 1 - y * y),
            ("y squared", FORMULA, lambda x, y: y * y),
            ("exp(-x) / (1 + exp(-x)): a square is missing", FORMULA, lambda x, y: np.exp(-x) / (1 + np.exp(-x))),
        ),
    ),
    Known(
        TANH,
        np.tanh,
        (
            ("1 - y: the square is missing", FORMULA, lambda x, y: 1 - y),
            ("1 + y squared: the sign of the square is wrong", SIGN, lambda x, y: 1 + y * y),
            ("1 - x squared: the input where the output is needed", POINT, lambda x, y: 1 - x * x),
            ("y (1 - y), which is sigmoid's derivative", FORMULA, lambda x, y: y * (1 - y)),
            ("y squared", FORMULA, lambda x, y: y * y),
            ("(1 - y) squared", FORMULA, lambda x, y: (1 - y) ** 2),
            ("1 - tanh(y) squared: tanh is taken once too often", POINT, lambda x, y: 1 - np.tanh(y) ** 2),
        ),
    ),
    Known(
        "exp",
        np.exp,
        (
            ("x: the input where the output is needed", POINT, lambda x, y: x),
            ("1", FACTOR, lambda x, y: np.ones_like(x)),
            ("exp(y): exp is taken once too often", POINT, lambda x, y: np.exp(y)),
            ("x exp(x)", FORMULA, lambda x, y: x * y),
            ("exp(x - 1) times x, a power's derivative", FORMULA, lambda x, y: x * np.exp(x - 1)),
        ),
    ),
    Known(
        "log",
        np.log,
        (
            ("x: not 1 / x", FORMULA, lambda x, y: x),
            ("1 / y: the output where the input is needed", POINT, lambda x, y: 1 / y),
            ("1 / x squared", FORMULA, lambda x, y: 1 / (x * x)),
        ),
    ),
    Known(
        "square root",
        np.sqrt,
        (
            ("1 / (2 x): the input where the output is needed", POINT, lambda x, y: 0.5 / x),
            ("y / 2: not divided by x", FORMULA, lambda x, y: y / 2),
            ("2 y", FORMULA, lambda x, y: 2 * y),
            ("2 x, the derivative of the square", FORMULA, lambda x, y: 2 * x),
        ),
    ),
    Known(
        "1 / x",
        lambda x: 1 / x,
        (
            ("-1 / x: the square is missing", FORMULA, lambda x, y: -1 / x),
            ("1 / x: the square and the sign are missing", ("sign", *FORMULA), lambda x, y: 1 / x),
            ("-x squared: not divided by it", FORMULA, lambda x, y: -x * x),
        ),
    ),
    Known("sine", np.sin, (("sin(x): not the cosine", FORMULA, lambda x, y: np.sin(x)),)),
    Known(
        "cosine",
        np.cos,
        (
            ("cos(x): not minus the sine", FORMULA, lambda x, y: np.cos(x)),
            ("sin(x): the sign is missing", ("sign", "wrong formula"), lambda x, y: np.sin(x)),
        ),
    ),
    Known(
        "tangent",
        np.tan,
        (
            ("1 - y squared: the sign of the square is wrong", SIGN, lambda x, y: 1 - y * y),
            ("1 / cos(x): the square is missing", FORMULA, lambda x, y: 1 / np.cos(x)),
            ("cos(x) squared: not 1 / it", FORMULA, lambda x, y: np.cos(x) ** 2),
            ("1 + x squared: the input where the output is needed", POINT, lambda x, y: 1 + x * x),
            ("1 + y: the square is missing", FORMULA, lambda x, y: 1 + y),
        ),
    ),
    Known(
        "arc tangent",
        np.arctan,
        (
            ("1 / (1 + x): the square is missing", FORMULA, lambda x, y: 1 / (1 + x)),
            ("1 / (1 + y squared): the output where the input is needed", POINT, lambda x, y: 1 / (1 + y * y)),
            ("1 + x squared: not 1 / it", FORMULA, lambda x, y: 1 + x * x),
            ("1 / (1 - x squared)", SIGN, lambda x, y: 1 / (1 - x * x)),
        ),
    ),
    Known("hyperbolic sine", np.sinh, (("sinh(x): not cosh", FORMULA, lambda x, y: y),)),
    Known("hyperbolic cosine", np.cosh, (("cosh(x): not sinh", FORMULA, lambda x, y: y),)),
    Known(
        "log(1 + x)",
        np.log1p,
        (
            ("1 / x: the 1 is missing", ("term missing", *FORMULA), lambda x, y: 1 / x),
            ("1 / (1 + y): the output where the input is needed", POINT, lambda x, y: 1 / (1 + y)),
        ),
    ),
    Known(
        "exp(x) - 1",
        np.expm1,
        (("y: the 1 that was subtracted is not added again", ("term missing", "wrong point", *FORMULA), lambda x, y: y),),
    ),
    Known(
        "softplus",
        softplus,
        (
            ("1 - sigmoid(x): the sign of x is wrong in it", ("sign of a term", *FORMULA), lambda x, y: 1 - sigmoid(x)),
            ("sigmoid(y): the output where the input is needed", POINT, lambda x, y: sigmoid(y)),
            ("exp(x): not divided by 1 + exp(x)", FACTOR, lambda x, y: np.exp(x)),
            ("1 / (1 + exp(x))", ("sign of a term", *FORMULA), lambda x, y: 1 / (1 + np.exp(x))),
            ("the derivative of sigmoid", FORMULA, lambda x, y: sigmoid(x) * (1 - sigmoid(x))),
        ),
    ),
    Known(
        SILU,
        lambda x: x * sigmoid(x),
        (
            ("sigmoid(x) alone: the term x sigmoid'(x) is missing", TERM, lambda x, y: sigmoid(x)),
            ("x sigmoid'(x) alone: the term sigmoid(x) is missing", TERM, lambda x, y: x * sigmoid(x) * (1 - sigmoid(x))),
            ("sigmoid'(x): the product rule is missing", TERM, lambda x, y: sigmoid(x) * (1 - sigmoid(x))),
            ("sigmoid(x) + sigmoid'(x): a factor x is missing", FACTOR, lambda x, y: sigmoid(x) * (2 - sigmoid(x))),
            ("sigmoid(x) + x sigmoid(x): a factor 1 - sigmoid(x) is missing", FACTOR, lambda x, y: sigmoid(x) * (1 + x)),
            ("sigmoid(x) - x sigmoid'(x): a sign", SIGN, lambda x, y: sigmoid(x) * (1 - x * (1 - sigmoid(x)))),
            ("y (1 - y), as though it were sigmoid", FORMULA, lambda x, y: y * (1 - y)),
            ("sigmoid(y) in place of sigmoid(x)", POINT, lambda x, y: sigmoid(y) * (1 + y * (1 - sigmoid(y)))),
        ),
    ),
    Known(
        "x tanh(softplus(x))",
        lambda x: x * np.tanh(softplus(x)),
        (
            ("tanh(softplus(x)) alone: the other term is missing", TERM, lambda x, y: np.tanh(softplus(x))),
            (
                "without the factor sigmoid(x) in the second term",
                FACTOR,
                lambda x, y: np.tanh(softplus(x)) + x * (1 - np.tanh(softplus(x)) ** 2),
            ),
            (
                "without the factor x in the second term",
                FACTOR,
                lambda x, y: np.tanh(softplus(x)) + sigmoid(x) * (1 - np.tanh(softplus(x)) ** 2),
            ),
        ),
    ),
    Known(
        "gelu",
        lambda x: x * distribution(x),
        (
            ("the distribution alone: the term x density(x) is missing", TERM, lambda x, y: distribution(x)),
            ("x density(x) alone: the distribution is missing", TERM, lambda x, y: x * normal(x)),
            ("distribution plus density: a factor x is missing", FACTOR, lambda x, y: distribution(x) + normal(x)),
            ("distribution minus x density(x): a sign", SIGN, lambda x, y: distribution(x) - x * normal(x)),
        ),
    ),
    Known(
        "x / (1 + |x|)",
        lambda x: x / (1 + np.abs(x)),
        (
            ("1 / (1 + |x|): the square is missing", FORMULA, lambda x, y: 1 / (1 + np.abs(x))),
            ("1 / (1 + x) squared: |x| is x", ("value", *FORMULA), lambda x, y: 1 / (1 + x) ** 2),
        ),
    ),
    Known(
        "x log(x)",
        lambda x: x * np.log(x),
        (
            ("log(x): the 1 is missing", TERM, lambda x, y: np.log(x)),
            ("1: log(x) is missing", TERM, lambda x, y: np.ones_like(x)),
            ("1 / x: the product rule is missing", TERM, lambda x, y: 1 / x),
        ),
    ),
)


GENERAL = (
    ("the output, not the derivative", FORMULA, lambda x, y: y),
    ("the input, not the derivative", FORMULA, lambda x, y: x),
    ("1, as though it were linear", ("chain factor", "ones", "wrong formula"), lambda x, y: np.ones_like(x)),
)  # of every function
