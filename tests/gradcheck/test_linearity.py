"""What a backward pass does to the gradient that it is given: found by experiment, told once, and rightly."""

import numpy as np
import pytest

from minimix import Tensor
from minimix.gradcheck import examine
from minimix.gradcheck.linearity import digits, inspect
from minimix.gradcheck.report import SPOILED
from minimix.ops.op import Op
from minimix.tensor import apply


def norm(g):
    return np.sqrt(np.sum(g * g))


def half(a, kind):
    return a.astype(kind).astype(float)


BROKEN = {  # name: (what becomes of the gradient, words, claim)
    "ones": (np.ones_like, "the same for every cotangent: backward ignores", "ones"),
    "absolute": (np.abs, "the same for -v as for v, and 2 times that for 2 v: backward takes its absolute value", "nonlinear"),
    "sign": (np.sign, "uses only its sign", "nonlinear"),
    "normalised": (
        lambda g: g / norm(g),
        "but not where its entries change by different factors: it is normalised",
        "nonlinear",
    ),
    "divided by the largest": (lambda g: g / np.max(np.abs(g)), "it is normalised", "nonlinear"),
    "squared": (lambda g: g * g, "4 times that for 2 v: backward squares it", "nonlinear"),
    "squared with its sign": (lambda g: g * np.abs(g), "4 times as much for 2 v: backward raises it to a power", "nonlinear"),
    "cubed": (lambda g: g**3, "8 times as much for 2 v", "nonlinear"),
    "relu": (lambda g: np.maximum(g, 0), "linear where v is positive, zero where it is negative", "nonlinear"),
    "minus relu": (lambda g: np.minimum(g, 0), "linear where v is negative, zero where it is positive", "nonlinear"),
    "leaky": (lambda g: np.where(g > 0, g, 0.1 * g), "linear where v is positive, but not the same", "nonlinear"),
    "clipped at 1": (lambda g: np.clip(g, -1, 1), "no entry of v is larger than about 1 (then", "nonlinear"),
    "clipped at 0.01": (lambda g: np.clip(g, -0.01, 0.01), "larger than about 0.01 (then", "nonlinear"),
    "clipped above": (lambda g: np.minimum(g, 0.5), "larger than about 0.5 (then", "nonlinear"),
    "clipped at 100": (lambda g: np.clip(g, -100, 100), "larger than about 100 (then", "nonlinear"),
    "clipped norm": (lambda g: g * min(1, 1 / (norm(g) + 1e-300)), "its norm is clipped", "nonlinear"),
    "squashed": (np.tanh, "nearly linear where v is small, bounded", "nonlinear"),
    "softly squashed": (lambda g: g / (1 + np.abs(g)), "nearly linear where v is small, bounded", "nonlinear"),
    "small ones dropped": (lambda g: g * (np.abs(g) > 0.1), "backward drops small entries", "nonlinear"),
    "one added": (lambda g: g + 1, "adds the same numbers", ("term extra", "ones", "not finite")),
    "largest only": (lambda g: g * (np.abs(g) == np.max(np.abs(g))), "for a sum not the sum of the two", "nonlinear"),
    "and its square": (lambda g: g + g * g, "linear only where v is small", "nonlinear"),
    "rounded": (lambda g: np.round(g, 3), "rounds to 3 decimals", "precision"),
    "float32": (lambda g: half(g, np.float32), "float32 digits", "precision"),
    "float16": (lambda g: half(g, np.float16), "float16 digits", "precision"),
}
INSIDE = ("float32", "float16", "rounded")  # here x comes first, so that the digits are to be seen


def through(change, name):
    scaled = (lambda g, x: (change(2 * g * x),)) if name in INSIDE else (lambda g, x: (2 * x * change(g),))
    return Op("square", lambda x: (x * x, x), scaled)


@pytest.mark.parametrize("shape", [(12,), (3, 4), (2, 3, 2, 2)])
@pytest.mark.parametrize("name", BROKEN)
def test_each_is_named_once(name, shape):
    change, words, claim = BROKEN[name]
    x = Tensor(np.random.default_rng(1).uniform(0.5, 1, shape), requires_grad=True)
    report = examine(lambda x: apply(through(change, name), x), x, mode="random", seed=3)
    assert len(report.problems) == 1, report
    assert report.problems[0].startswith("square: gradient 0 ")
    assert words in report.problems[0]
    assert report.problems[0].claims == (claim if isinstance(claim, tuple) else (claim,))
    if claim != "precision":
        assert report.inputs[0].cause in (None, SPOILED)


def test_a_clip_of_the_result_is_told_in_its_size_too():
    x = Tensor(np.array([0.5, 0.1]), requires_grad=True)
    op = Op("square", lambda x: (x * x, x), lambda g, x: (np.clip(2 * g * x, -5, 5),))
    (problem,) = examine(lambda x: apply(op, x), x, seed=0).problems
    assert "no entry of v is larger than about 5 (then that of the gradient is 5), and bounded beyond" in problem


def test_memory_that_was_never_written():
    def backward(g, x):
        result = np.empty(x.shape)
        result[1:] = 2 * (g * x)[1:]
        return (result,)

    x = Tensor(np.random.default_rng(1).uniform(0.5, 1, (3, 4)), requires_grad=True)
    report = examine(lambda x: apply(Op("square", lambda x: (x * x, x), backward), x), x, seed=0)
    assert {problem.claims for problem in report.problems} == {("not finite", "left out")}
    assert "memory that was never written" in report.problems[0]


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_a_cast_whose_digits_are_hidden_by_another_factor(kind):
    x = Tensor(np.random.default_rng(1).uniform(0.5, 1, (3, 4)), requires_grad=True)
    op = Op("square", lambda x: (x * x, x), lambda g, x: (2 * x * g.astype(kind).astype(float),))
    (problem,) = examine(lambda x: apply(op, x), x, mode="full", seed=3).problems
    assert problem.claims == ("precision",)
    assert "for a sum only to" in problem
    assert ("float32" in problem) == (kind is np.float32)


def test_in_a_matrix_product():
    rng = np.random.default_rng(0)
    x, w = (Tensor(rng.normal(size=shape), requires_grad=True) for shape in ((5, 4), (4, 3)))
    for name, (change, words, claim) in BROKEN.items():
        if name in (*INSIDE, "largest only", "clipped above"):  # a product mixes what these do to single entries
            continue
        op = Op("product", lambda x, w: (x @ w, (x, w)), lambda g, s, c=change: (g @ s[1].T, s[0].T @ c(g)))
        (problem,) = examine(lambda x, w, op=op: apply(op, x, w), [x, w], mode="random", seed=0).problems
        assert problem.startswith("product: gradient 1 "), name
        assert words in problem, name
        assert problem.claims == (claim if isinstance(claim, tuple) else (claim,))


def test_the_op_is_named_in_a_chain_and_the_other_one_is_not():
    right = Op("cube", lambda x: (x**3, x), lambda g, x: (3 * x * x * g,))
    wrong = Op("square", lambda x: (x * x, x), lambda g, x: (2 * np.abs(g) * x,))
    x = Tensor(np.array([0.5, -1.5, 2.0]), requires_grad=True)
    report = examine(lambda x: apply(right, apply(wrong, apply(right, x))), x, seed=0)
    assert [problem.partition(":")[0] for problem in report.problems] == ["square"]


@pytest.mark.parametrize("size", [1, 2, 50])
@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1.0, 1e8, 1e150])
def test_linear_maps_of_any_size_are_linear(size, scale):
    rng = np.random.default_rng(size)
    matrix = scale * rng.normal(size=(size, size))
    found, (at_v, at_one) = inspect(lambda g: [matrix @ g, None, 0 * g], rng.normal(size=size))
    assert not found
    assert np.allclose(at_one[0], matrix.sum(axis=1))
    assert at_v[1] is None


def test_digits():
    assert digits(np.array([0.1])) is None
    assert digits(np.array([0.0, np.nan])) is None
    assert digits(np.array([0.1, 0.5], np.float32).astype(float)) == "float32"
    assert digits(np.array([0.5, 3.0, 0.0])) == "float16"
