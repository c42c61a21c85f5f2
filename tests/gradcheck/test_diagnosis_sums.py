"""Summands, terms, factors of slices and contributions: which sentence is said, and what the experiments tell apart."""

import numpy as np
import pytest

from minimix.gradcheck import examine
from minimix.ops.op import Op
from minimix.tensor import Tensor, apply


def diagnose(forward, backward, *arrays):
    """The causes of an op with these passes; backward takes the gradient and forward's inputs."""
    op = Op("f", lambda *x: (np.asarray(forward(*x)), x), lambda g, saved: tuple(backward(g, *saved)))
    tensors = [Tensor(np.array(a, dtype=float), requires_grad=True) for a in arrays]
    report = examine(lambda *x: apply(op, *x), tensors, seed=3)
    assert not report.ok
    return report.causes


def numbers(*shape, seed=0):
    """Of both signs, none near 0."""
    rng = np.random.default_rng([seed, *shape])
    return rng.uniform(0.3, 2, shape) * rng.choice([-1, 1], shape)


# -- a sum of two known forms ----------------------------------------------------------------------------------------------

SUMS = {  # what backward multiplies by, where 4 x**3 + 2 sin(x) is right: (words, claim)
    "missing": (lambda x: 4 * x**3, "is missing", "term missing"),
    "sign": (lambda x: 4 * x**3 - 2 * np.sin(x), "the sign of a summand is wrong", "sign of a term"),
    "twice": (lambda x: 4 * x**3 + 4 * np.sin(x), "2 times the latter", "wrong constant"),
}


@pytest.mark.parametrize("name", SUMS)
def test_of_two_summands_the_wrong_one_is_told(name):
    factor, words, claim = SUMS[name]
    (cause,) = diagnose(lambda x: x**4 - 2 * np.cos(x), lambda g, x: (g * factor(x),), numbers(12))
    assert words in cause and cause.claims[0] == claim and len(cause.claims) < 4, cause


def test_a_summand_on_top_of_a_known_derivative():
    (cause,) = diagnose(lambda x: x**3, lambda g, x: (g * (3 * x**2 + 0.5 * np.exp(x)),), numbers(12))
    assert "on top of it" in cause and "term extra" in cause.claims, cause


def test_one_input_in_place_of_another_is_no_summand():
    (cause,) = diagnose(lambda a, b: a * b, lambda g, a, b: ((g * b), (g * b).sum(0)), numbers(3, 8), numbers(8, seed=1))
    assert "summand" not in cause and "term missing" not in cause.claims, cause


def test_a_quotient_of_sums_with_the_output():
    def backward(g, x):
        y = np.tanh(x)
        return (3 * g * (1 + y) * (1 + y),)

    (cause,) = diagnose(lambda x: 3 * np.tanh(x), backward, numbers(4, 5))
    assert "wrong formula" in cause.claims or not cause.claims, cause


# -- terms of normalisations -----------------------------------------------------------------------------------------------


def layer_norm(x):
    return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)


def norm_backward(mean, variance):
    """With so much of the mean's and of the variance's terms."""

    def backward(g, x):
        y, n = layer_norm(x), x.shape[1]
        to_x = g - mean * g.sum(1, keepdims=True) / n - variance * y * (g * y).sum(1, keepdims=True) / n
        return (to_x / x.std(1, keepdims=True),)

    return backward


SHARES = {  # (of the mean's, of the variance's): words, a claim
    (0, 1): ("the mean leaves in a normalisation is missing", "term missing"),
    (-1, 1): ("has the wrong sign", "sign of a term"),
    (1, 0): ("what it divides by is taken for a constant", "term missing"),
    (1, -1): ("has the wrong sign", "sign of a term"),
    (1, 6): ("6 being the length of axes (1,)", "not averaged"),
    (1, 0.7): ("0.7 times what it should be", "wrong constant"),
}


@pytest.mark.parametrize("mean, variance", SHARES)
def test_how_much_of_a_term_there_is(mean, variance):
    words, claim = SHARES[mean, variance]
    (cause,) = diagnose(layer_norm, norm_backward(mean, variance), numbers(4, 6))
    assert words in cause and cause.claims[0] == claim and len(cause.claims) < 5, cause


def test_terms_that_forward_does_not_have_are_too_many():
    x = numbers(5, 4)
    mean, deviation = x.mean(0), x.std(0)  # saved once: constants

    def backward(g, x):
        y = (x - mean) / deviation
        return ((g - g.mean(0) - y * (g * y).mean(0)) / deviation,)

    (cause,) = diagnose(lambda x: (x - mean) / deviation, backward, x)
    assert "should not be there" in cause and "term extra" in cause.claims, cause


def test_an_elementwise_error_is_no_normalisations():
    (cause,) = diagnose(lambda x: np.sinc(x / np.pi), lambda g, x: (0 * g + 1e-3 * g * x,), 1e-2 * numbers(3, 4))
    assert "norm" not in cause, cause


# -- factors of slices -----------------------------------------------------------------------------------------------------

ROWS = np.array([[0.3], [2.3], [1.3], [0.7]])


def test_factors_of_slices_that_are_constants():
    (cause,) = diagnose(lambda x: ROWS * x * x, lambda g, x: (2 * g * x,), numbers(4, 3))
    assert "whatever the values of the inputs are" in cause and "scale" in cause.claims, cause


def test_factors_of_slices_that_an_input_makes():
    def backward(g, x, w):
        return g * x * np.exp(w), (g * x * x / 2 * np.exp(w)).sum(1, keepdims=True)

    causes = diagnose(lambda x, w: x * x / 2 * np.exp(np.sin(w)), backward, numbers(4, 3), numbers(4, 1))
    assert "changes with input 1, not with the input" in causes[0] and "scale" in causes[0].claims, causes


def test_factors_of_slices_in_another_order():
    (cause,) = diagnose(lambda x: ROWS * x**3, lambda g, x: (3 * g * ROWS[[1, 2, 3, 0]] * x**2,), numbers(4, 3))
    assert "their product is 1" in cause and {"scale", "permuted"} <= set(cause.claims), cause


def test_means_at_the_border_of_two_axes():
    counts = np.add.outer([0, 1, 1, 0], [0, 1, 1, 0]) + 2.0

    def blur(x):
        padded = np.pad(x, 1)
        return padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]

    (cause,) = diagnose(lambda x: blur(x) / counts, lambda g, x: (blur(g / 4),), numbers(4, 4))
    assert "border" in cause.claims, cause


# -- contributions ---------------------------------------------------------------------------------------------------------


def test_contributions_summed_over_an_axis_that_has_its_own():
    (cause,) = diagnose(
        lambda w, x: w * x,
        lambda g, w, x: (np.broadcast_to((g * x).sum(keepdims=True), w.shape), g * w),
        numbers(4, 1),
        numbers(4, 3),
    )
    assert "an index of axis 0 belongs to that of axis 0 of the output" in cause and cause.claims[0] == "summed", cause


def test_contributions_that_a_mask_should_block():
    def backward(g, x, b):
        return g * (x + b > 0), g.sum(0)

    (cause,) = diagnose(lambda x, b: np.maximum(x + b, 0), backward, numbers(6, 3), 0.1 * numbers(3))
    assert "which ones depends on the values" in cause and cause.claims == ("no mask", "wrong mask"), cause


def test_of_all_pictures_only_the_last_one_is_counted():
    def backward(g, x, b):
        return g, g[-1].sum((-1, -2), keepdims=True)

    (cause,) = diagnose(lambda x, b: x + b, backward, numbers(3, 2, 2, 2), numbers(2, 1, 1))
    assert "of all indices of axis 0 of the output" in cause and "the last one" in cause, cause
    assert "overwritten" in cause.claims


def test_an_output_that_is_not_counted():
    (cause,) = diagnose(lambda x, b: x + b, lambda g, x, b: (g, g[:, :3].sum(1, keepdims=True)), numbers(3, 4), numbers(3, 1))
    assert "index 3 of axis 1 (length 4)" in cause and "left out" in cause.claims, cause


def test_a_gradient_passed_on_by_position_is_not_called_exchanged():
    picked = [0, 2, 0]

    def forward(x):
        return x[picked]

    (cause,) = diagnose(forward, lambda g, x: (g,), numbers(3, 4))
    assert "two entries are not exchanged back" not in cause, cause


def test_what_is_nearly_right_gets_no_cause():
    def backward(g, x):
        return (g * np.exp(np.sin(x)) * (np.cos(x) + 0.01 * np.sin(7 * x + 1)),)

    (cause,) = diagnose(lambda x: np.exp(np.sin(x)), backward, numbers(4, 5))
    assert cause.claims == () or "term missing" in cause.claims, cause


@pytest.mark.parametrize(
    "forward, factor, claim",
    [
        (lambda x: np.log(x + 0.1), lambda x: 1 / x, "term missing"),
        (np.log, lambda x: 1 / (x + 0.1), "term extra"),
        (lambda x: np.sqrt(x * x + 0.04), np.sign, "wrong constant"),
    ],
)
def test_a_constant_that_only_one_pass_has(forward, factor, claim):
    (cause,) = diagnose(forward, lambda g, x: (g * factor(x),), np.random.default_rng(1).uniform(0.05, 0.9, 12))
    assert claim in cause.claims, cause
