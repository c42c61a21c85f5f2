"""Inputs and gradients in other orders of memory: an op that takes them for dense is found, though its numbers are right."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided, sliding_window_view

import minimix.functional as F
from minimix import Tensor
from minimix.gradcheck import examine
from minimix.gradcheck.layouts import ORDERS, others
from minimix.gradcheck.report import SPOILED
from minimix.ops.op import Op
from minimix.tensor import apply

MODES = ("full", "random", "complex")


def tensor(*shape, seed=0):
    return Tensor(np.random.default_rng([seed, *shape]).uniform(-1, 1, shape), requires_grad=True)


def check(op, *inputs, mode="random"):
    return examine(lambda *t: apply(op, *t), inputs, mode=mode, seed=7)


def dense(a):
    """``a``'s memory read as though it were C-ordered."""
    return as_strided(a, a.shape, np.empty(a.shape, a.dtype).strides)


def windows(strides):
    """Sums of 2x2 windows over the last two axes, by im2col with ``strides(x)``."""

    def forward(x):
        n, c, h, w = x.shape
        a, b, i, j = strides(x)
        return as_strided(x, (n, c, h - 1, w - 1, 2, 2), (a, b, i, j, i, j)).sum(axis=(4, 5)), x.shape

    def backward(g, shape):
        result = np.zeros(shape)
        for i, j in np.ndindex(2, 2):
            result[:, :, i : i + g.shape[2], j : j + g.shape[3]] += g
        return (result,)

    return Op("windows", forward, backward)


def ravelled(x):
    return x * np.arange(x.size).reshape(x.shape), x


INPUTS = {  # name: (op, shapes)
    "im2col": (windows(lambda x: np.empty(x.shape, x.dtype).strides), [(2, 3, 4, 5)]),
    "memory order": (Op("order", lambda x: (x.ravel(order="K") * 2, x.shape), lambda g, s: (2 * g.reshape(s),)), [(3, 4)]),
    "in 3-d": (Op("dense", lambda x: (2 * dense(x), None), lambda g, s: (2 * g,)), [(2, 3, 4)]),
    "in 1-d": (Op("dense", lambda x: (2 * dense(x), None), lambda g, s: (2 * g,)), [(5,)]),
    "backward only": (Op("square", lambda x: (x * x, x), lambda g, x: (2 * g * dense(x),)), [(3, 4)]),
    "second of two": (Op("product", lambda x, y: (x * dense(y), (x, y)), lambda g, s: (g * s[1], g * s[0])), [(3, 4), (3, 4)]),
    "refuses": (Op("view", lambda x: (x.view(np.uint8).view(x.dtype).copy(), None), lambda g, s: (g,)), [(3, 4)]),
}


@pytest.mark.parametrize("name", INPUTS)
def test_inputs_in_another_order(name):
    op, shapes = INPUTS[name]
    report = check(op, *(tensor(*shape, seed=k) for k, shape in enumerate(shapes)))
    assert all(row.ok for row in report.inputs), "the numbers themselves are right"
    (problem,) = report.problems
    assert problem.claims == ("input strides",)
    assert f"with input {len(shapes) - 1} " in problem
    if name == "backward only":
        assert "the backward pass gives other gradients" in problem
    if name == "refuses":
        assert "the forward pass raises ValueError" in problem


def test_right_im2col_passes():
    assert check(windows(lambda x: x.strides), tensor(2, 3, 4, 5)).ok


@pytest.mark.parametrize("mode", MODES)
def test_an_input_that_comes_with_holes(mode):
    op = Op("dense", lambda x: (2 * dense(x), None), lambda g, s: (2 * g,))
    x = Tensor(np.random.default_rng(1).uniform(size=(6, 4))[::2], requires_grad=True)
    report = check(op, x, mode=mode)
    assert any("depends on the strides of the input" in problem for problem in report.problems)


@pytest.mark.parametrize("order", ["C", "F"])
def test_whatever_the_order_of_the_input_itself(order):
    op = Op("dense", lambda x: (2 * dense(x), None), lambda g, s: (2 * g,))
    x = Tensor(np.array(tensor(3, 4).data, order=order), requires_grad=True)
    report = check(op, x)
    (problem,) = report.problems
    assert problem.startswith(f"with input 0 in {'Fortran' if order == 'C' else 'C'} order, ")
    assert report.inputs[0].cause in (None, SPOILED)


def test_numbers_that_come_from_strides_are_not_explained_by_something_else():
    op = Op("square", lambda x: (x * x, x), lambda g, x: (2 * g * dense(x),))
    report = check(op, Tensor(np.asfortranarray(tensor(3, 4).data), requires_grad=True))
    assert {problem.claims for problem in report.problems} == {("input strides",)}
    assert not report.inputs[0].ok
    assert report.inputs[0].cause in (None, SPOILED)


def in_place(g, s):
    g *= 2
    return (g,)


def first_number(g, s):
    return (np.frombuffer(np.ascontiguousarray(g.T).data).reshape(g.T.shape).T * 2,)


GRADIENTS = {
    "memory order": (lambda g, s: (2 * g.ravel(order="K").reshape(g.shape),), "gradient strides"),
    "taken for dense": (lambda g, s: (2 * dense(g),), "gradient strides"),
    "flat": (lambda g, s: (2 * as_strided(g, (12,), (8,)).reshape(3, 4),), "gradient strides"),
    "written into": (in_place, "changes gradient"),
    "copied first": (first_number, None),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_in_another_order(name):
    backward, claim = GRADIENTS[name]
    report = check(Op("double", lambda x: (2 * x, None), backward), tensor(3, 4))
    assert all(row.ok for row in report.inputs)
    if claim is None:
        return
    assert {c for problem in report.problems for c in problem.claims} == {claim}, report
    assert all(problem.startswith("double: ") for problem in report.problems)
    if name == "taken for dense":
        assert "lies in Fortran order" in report.problems[0]
        assert "strides of 0" in report.problems[1]


def test_one_that_only_fails_on_a_broadcast_gradient():
    def backward(g, s):
        flat = as_strided(g, (5,), (8,))
        return (2 * flat,)

    (problem,) = check(Op("double", lambda x: (2 * x, None), backward), tensor(5)).problems[-1:]
    assert "strides of 0, as sum() hands it on" in problem


def test_an_exception_is_a_finding():
    def backward(g, s):
        if not g.flags.writeable:
            raise ValueError("assignment destination is read-only")
        return (2 * g,)

    (problem,) = check(Op("double", lambda x: (2 * x, None), backward), tensor(5)).problems
    assert "it raises ValueError: assignment destination is read-only" in problem
    assert problem.claims == ("gradient strides", "changes gradient")


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("shape", [(5,), (3, 4), (1, 4), (2, 3, 4), (2, 3, 4, 5)])
def test_every_order_holds_the_same_numbers_elsewhere(shape, name):
    array = np.random.default_rng(0).normal(size=shape)
    other = ORDERS[name](array)
    assert np.array_equal(other, array)
    if name in others(array):
        assert other.strides != array.strides
        assert not np.shares_memory(other, array)


def test_which_orders_are_tried():
    array = np.random.default_rng(0).normal(size=(3, 4))
    assert others(array)[0] == "in Fortran order"
    assert others(array.T)[0] == "in C order"
    assert others(array[::2, ::2])[:2] == ["in C order", "in Fortran order"]
    assert len(others(array[0])) == len(others(array[:1])) == 1
    assert not others(array[0, 0])
    assert not others(array.astype(int))


@pytest.mark.parametrize("shape", [(5,), (3, 4)])
def test_negative_strides(shape):
    def forward(x):
        low = x[tuple(slice(None, None, -1) if stride < 0 else slice(None) for stride in x.strides)]
        return 2 * low, None

    (problem,) = check(Op("low", forward, lambda g, s: (2 * g,)), tensor(*shape)).problems
    assert problem.startswith("with input 0 reversed in memory, with negative strides, the forward pass gives other results")
    assert problem.claims == ("input strides",)


def test_holes():
    def forward(x):
        step = x.strides[1] // x.itemsize
        return 2 * x * step, step

    (problem,) = check(Op("step", forward, lambda g, step: (2 * g * step,)), tensor(3, 4)).problems[:1]
    assert problem.claims == ("input strides",)


def test_what_sums_differently_in_another_order_is_right():
    """Ill-conditioned on purpose: other orders of summation give other last digits of 1e10."""
    x = Tensor(1e5 + np.random.default_rng(0).normal(size=(30, 40)), requires_grad=True)
    variance = lambda x: F.mean(x * x) - F.mean(x) ** 2  # noqa: E731
    assert not examine(variance, x, mode="random", seed=0).problems


def test_float32_inside_is_not_a_matter_of_order():
    op = Op("sum", lambda x: (np.asarray(x.astype(np.float32).sum(), float), x), lambda g, x: (g * np.ones_like(x),))
    report = check(op, tensor(30, 40), mode="full")
    assert "input strides" not in {claim for problem in report.problems for claim in problem.claims}


def test_windows_of_overlapping_memory():
    op = Op("square", lambda x: (x * x, x), lambda g, x: (2 * g * x,))
    assert check(op, Tensor(sliding_window_view(np.linspace(0.5, 2, 9), 4), requires_grad=True)).ok
