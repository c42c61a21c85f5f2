"""Wrong formulas, factors and masks of functions that work entry by entry, and gradients that are nearly right: named."""

import numpy as np
import pytest

from minimix.gradcheck import examine
from minimix.ops.op import Op
from minimix.tensor import Tensor, apply


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


def diagnose(forward, backward, *arrays, mode="full"):
    """The causes of an op with these passes; backward takes the gradient and forward's inputs."""
    op = Op("f", lambda *x: (np.asarray(forward(*x)), x), lambda g, saved: tuple(backward(g, *saved)))
    tensors = [Tensor(np.array(a, dtype=float), requires_grad=True) for a in arrays]
    report = examine(lambda *x: apply(op, *x), tensors, mode=mode, seed=3)
    assert not report.ok
    return report.causes


def numbers(*shape, seed=0):
    """Of both signs, none near 0."""
    rng = np.random.default_rng([seed, *shape])
    return rng.uniform(0.3, 2, shape) * rng.choice([-1, 1], shape)


MASK = np.random.default_rng(0).permutation(12).reshape(3, 4) % 2 == 0
OTHER_MASK = np.random.default_rng(1).permutation(12).reshape(3, 4) % 3 == 0
LABELS = np.array([0, 1, 1, 0, 1, 0, 0, 1, 1, 1])
WEIGHTS = np.array([[0.3], [2.3], [1.3]])
ONE = {  # name: (forward, factor of the incoming gradient, shape, words, a claim)
    "sharpness": (lambda x: np.logaddexp(0, 3 * x) / 3, sigmoid, (9,), "a constant inside the function", "wrong constant"),
    "frequency": (lambda x: np.sin(4 * x), lambda x: 4 * np.cos(x), (3, 4), "cos(4 * x)", "wrong point"),
    "sign in a square": (np.arctan, lambda x: 1 / (4 - x * x), (9,), "a sign", "sign of a term"),
    "product rule": (lambda x: x * np.sin(x), np.sin, (9,), "the input times (cos(the input)) is missing", "term missing"),
    "exponent": (lambda x: x**4 + x * x, lambda x: 4 * x**3 + 3 * x, (9,), "the error is 1 times the input", "wrong constant"),
    "inner derivative": (
        lambda x: np.log(1 + 3 * x * x),
        lambda x: 6 * x,
        (9,),
        "the factor exp(the output) is there once too often",
        "chain factor",
    ),
    "linear": (lambda x: x**3 + x, lambda x: np.ones_like(x), (3, 4), "as though forward were linear", "chain factor"),
    "weights of rows": (lambda x: WEIGHTS * x * x, lambda x: 2 * x, (3, 4), "constant for each index of axis 0", "scale"),
    "other mask": (lambda x: MASK * x, lambda x: OTHER_MASK * np.ones_like(x), (3, 4), "forward's", "wrong mask"),
    "sign by label": (
        lambda x: np.where(LABELS == 1, x * x, -x),
        lambda x: np.where(LABELS == 1, -2 * x, -1),
        (10,),
        "that one is wrong",
        "sign of a term",
    ),
    "weight by label": (
        lambda x: np.where(LABELS == 1, 3, 1) * x * x,
        lambda x: 2 * x,
        (10,),
        "a weight or a constant of these (of their class) is wrong",
        "scale",
    ),
    "target": (lambda x: np.logaddexp(0, x) - LABELS * x, sigmoid, (10,), "a label, a one-hot target", "term missing"),
    "one-sided": (
        lambda x: np.sin(x) + x,
        lambda x: (np.sin(x + 0.05) - np.sin(x)) / 0.05 + 1,
        (3, 4),
        "one-sided (forward) differences with a step of 0.05",
        "approximate",
    ),
    "half precision": (
        lambda x: np.tanh(x) + x,
        lambda x: (1 - np.tanh(x).astype(np.float16) ** 2).astype(float) + 1,
        (12,),
        "float16",
        "precision",
    ),
    "decimals": (np.sin, lambda x: np.round(np.cos(x), 2), (12,), "no derivative has more than 2 decimals", "precision"),
    "eps": (
        lambda x: np.log(1 + np.exp(np.sin(x))),
        lambda x: sigmoid(np.sin(x)) * np.cos(x) + 0.005 * x * np.cos(3 * x),
        (12,),
        "nearly right",
        None,
    ),
}


@pytest.mark.parametrize("name", ONE)
def test_functions_of_one_input(name):
    forward, factor, shape, words, claim = ONE[name]
    for mode in ("full", "random"):
        (cause,) = diagnose(forward, lambda g, x: (g * factor(x),), numbers(*shape), mode=mode)
        assert words in cause
        assert claim in cause.claims or (claim is None and not cause.claims)


def huber(d, delta=1.5):
    return np.where(np.abs(d) <= delta, d * d / 2, delta * (np.abs(d) - delta / 2))


TWO = {  # name: (loss of a difference, what stands for its derivative, words, a claim)
    "delta": (huber, lambda d: 2 * np.clip(d, -1, 1), "cut off at -1.5 and 1.5", "wrong constant"),
    "branches": (
        huber,
        lambda d: np.where(np.abs(d) < 1.5, 1.5 * np.sign(d), d),
        "its two branches are exchanged",
        "inverted mask",
    ),
    "root": (lambda d: np.sqrt(d * d + 0.64), lambda d: d / (d * d + 0.64), "root(d squared + 0.8 squared)", "wrong formula"),
    "eps": (lambda d: np.sqrt(d * d + 0.04), np.sign, "the constant 0.2 in it is forgotten", "wrong constant"),
    "slopes": (lambda d: np.maximum(0.8 * d, -0.2 * d), lambda d: np.where(d > 0, 0.7, -0.4), "a slope", "wrong constant"),
    "mean": (lambda d: d * d, lambda d: np.full_like(d, 2 * d.mean()), "every entry gets the mean", "wrong point"),
}


@pytest.mark.parametrize("name", TWO)
def test_losses_of_a_difference(name):
    loss, slope, words, claim = TWO[name]

    def backward(g, a, b):
        d = slope(a - b)
        return g * d / d.size, -g * d / d.size

    a, b = np.linspace(-2.4, 2.2, 16), 0.3 * numbers(16, seed=1)
    for cause in diagnose(lambda a, b: loss(a - b).mean(), backward, a, b):
        assert words in cause
        assert claim in cause.claims


def test_a_point_of_a_quotient():
    def given(g, a, b, c):
        return g / (b + c), -g * a / (b + c) ** 2, -g * a / c**2

    (cause,) = diagnose(lambda a, b, c: a / (b + c), given, *np.abs(numbers(3, 8)))
    assert "backward has (the input + input 1) where the input is needed" in cause
    assert not cause.claims or "wrong point" in cause.claims, cause


def test_a_norm_that_is_taken_for_a_constant():
    def unit(x):
        return x / np.sqrt((x * x).sum(axis=1, keepdims=True))

    def centred(x):
        return (x - x.mean()) / x.std()

    def given(g, x):
        return ((g - g.mean()) / x.std(),)

    (cause,) = diagnose(centred, given, numbers(8))
    assert "what it divides by is taken for a constant" in cause
    assert "term missing" in cause.claims
    (cause,) = diagnose(unit, lambda g, x: (g / np.sqrt((x * x).sum(axis=1, keepdims=True)),), numbers(3, 4))
    assert "term missing" in cause.claims


def test_numbers_that_come_in_steps():
    def table(x):
        return np.round(20 * np.cos(x)) / 20 * np.pi

    (cause,) = diagnose(lambda x: np.pi * np.sin(x), lambda g, x: (g * table(x),), numbers(3, 4))
    assert "or it jumps" in cause
    assert "precision" in cause.claims


def test_a_parameter_that_all_outputs_share():
    def given(g, a, x):
        slope = g * sigmoid(a * x) * (1 - sigmoid(a * x))
        return np.array((slope * x * x).sum()), slope * a

    (cause,) = diagnose(lambda a, x: sigmoid(a * x), given, 2.0, numbers(12))
    assert "the ratio of analytical to numerical is input 1" in cause
    assert "chain factor" in cause.claims


def test_a_constant_summand_is_no_difference_quotient():
    """Central differences of a cubic function are off by a constant, too: by the square of the step."""
    (cause,) = diagnose(lambda x: x**3 - 2 * x * x, lambda g, x: (g * (3 * x * x - 4 * x + 0.5),), numbers(9))
    assert "a constant summand" in cause
    assert "approximate" not in cause.claims


def test_lost_contributions_are_not_called_a_summand():
    def given(g, w, x):
        return g[0] * x[0], g * w

    (cause,) = diagnose(lambda w, x: w * x, given, numbers(4), numbers(3, 4, seed=1))
    assert "not summed" in cause.claims
    assert "term extra" not in cause.claims
