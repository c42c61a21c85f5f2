"""Ops of one's own: how they are described, and what is said of one that is wrong."""

import pydoc
import re
from typing import NamedTuple

import numpy as np
import pytest

import minimix as mm
from minimix.gradcheck import examine
from minimix.ops import op
from minimix.ops.contract import ContractError


def test_help_shows_how_to_write_one():
    assert mm.Op is op.Op and {"Op", "apply"} <= set(mm.__all__)
    page = pydoc.render_doc(mm.Op, renderer=pydoc.plaintext)
    for shown in (
        "forward(*arrays, **options) -> (output, saved)",
        "mm.apply(SOFTPLUS, x",
        "mm.gradcheck(",
        "(or None) for each input",
    ):
        assert shown in page
    assert "Alias for field number" not in page


def applied(forward=lambda a, b: (a + b, None), backward=lambda g, saved: (g, g.sum(axis=0))):
    a, b = (mm.Tensor(np.ones(shape), requires_grad=True) for shape in ((2, 3), (3,)))
    return mm.apply(mm.Op("plus", forward, backward), a, b), a, b


class Pair(NamedTuple):
    output: np.ndarray
    saved: object


@pytest.mark.parametrize("forward, message", [
    (lambda a, b: a + b, r"an ndarray of shape \(2, 3\): saved is missing. Write `return output, saved`"),  # unpacks quietly
    (lambda a, b: float((a + b).sum()), "returned a float: saved is missing"),
    (lambda a, b: (a + b).sum(), "returned a float64: saved is missing"),
    (lambda a, b: [a + b, None], "returned a list of 2: write `return output, saved`, without brackets"),
    (lambda a, b: None, "returned None: it ends without"),
    (lambda a, b: (a + b,), "a tuple of 1: write `return output, None`"),
    (lambda a, b: (a + b, a, b), r"a tuple of 3: put all .* `return output, \(a, b\)`"),
    (lambda a, b: mm.Tensor(a + b), "returned a Tensor"),
    (lambda a, b: (2.0, None), r"its output is a float: write np.asarray\(output\)"),
    (lambda a, b: ([1.0, 2.0], None), "its output is a list of 2: write np.asarray"),
    (lambda a, b: (mm.Tensor(a + b), None), "its output is a Tensor: ops work on arrays"),
    (lambda a, b: ((a, b), a + b), "a tuple of 2: perhaps the two are exchanged"),
    (lambda a, b: (None, a + b), "output is None: perhaps the two are exchanged"),
])  # fmt: skip
def test_own_ops_are_told_what_forward_must_return(forward, message):
    expected = r"forward of plus must return a tuple \(output, saved\): an array, and whatever backward needs, or None; "
    for kind in (TypeError, ContractError):
        with pytest.raises(kind, match=f"{expected}.*{message}"):
            applied(forward)
    report = examine(lambda a: mm.apply(mm.Op("plus", forward, None), a, a), mm.Tensor(np.ones((2, 3)), requires_grad=True))
    assert [problem.claims for problem in report.problems] == [("contract",)]
    assert not report.inputs


@pytest.mark.parametrize("backward, message, claims", [
    (lambda g, s: (g, g), r"1 has shape \(2, 3\), but its input has \(3,\): not summed over axis 0", ("shape", "not summed")),
    (lambda g, s: (g.T, g[0]), r"0 has shape \(3, 2\), but its input has \(2, 3\): axes transposed", ("shape", "transposed")),
    (lambda g, s: (g, g.sum(0, keepdims=True)), r"1 has shape \(1, 3\).*: axis 0 of length 1 to be removed", ("shape",)),
    (lambda g, s: (g.sum(0), g[0]), r"0 has shape \(3,\).*: axis 0 of the input missing", ("shape", "summed")),
    (lambda g, s: (g.reshape(6, 1), g[0]), r"as many numbers in another shape", ("shape",)),
    (lambda g, s: (g, np.ones(7)), "they must be equal", ("shape",)),
    (lambda g, s: (g,), "a tuple of 2 gradients, one an input, not a tuple of 1; each of the 2 inputs", ("contract",)),
    (lambda g, s: (g, g, g), "not a tuple of 3", ("contract",)),
    (lambda g, s: [g, g], "not a list of 2", ("contract",)),
    (lambda g, s: g, r"not an ndarray of shape \(2, 3\)", ("contract",)),
    (lambda g, s: None, "not None: it ends without a return", ("contract",)),
    (lambda g, s: (g, 2.0), r"gradient 1 is a float, not an array: write np.asarray\(gradient\)", ("contract",)),
    (lambda g, s: (g.tolist(), None), "gradient 0 is a list of 2, not an array", ("contract",)),
    (lambda g, s: (mm.Tensor(g), None), "gradient 0 is a Tensor, not an array: ops work on arrays", ("contract",)),
])  # fmt: skip
def test_own_ops_are_told_what_backward_must_return(backward, message, claims):
    y, a, b = applied(backward=backward)
    for kind in (RuntimeError, ContractError):
        with pytest.raises(kind, match=f"backward of plus.*{message}"):
            y.sum().backward(retain_graph=True)
    report = examine(lambda *t: mm.apply(y.node.op, *t), (a, b))
    assert [problem.claims for problem in report.problems] == [claims]
    assert re.search(message, report.problems[0])


def test_a_single_gradient_without_its_comma():
    x = mm.Tensor(np.ones(1), requires_grad=True)
    with pytest.raises(RuntimeError, match=r"`return \(gradient,\)`, where the comma makes the tuple"):
        mm.apply(mm.Op("double", lambda x: (2 * x, None), lambda g, s: 2 * g), x).backward()
    with pytest.raises(RuntimeError, match="gradient 0 is a float, not an array"):
        mm.apply(mm.Op("sum", lambda x: (x.sum(), None), lambda g, s: (1.0,)), mm.Tensor(2.0, requires_grad=True)).backward()


def test_what_is_as_good_as_an_array_and_a_tuple_passes():
    y, _, b = applied(lambda a, b: Pair(np.sum(a * b), None), lambda g, s: Pair(np.ones((2, 3)), np.full(3, 2.0)))
    y.backward()
    assert y.item() == 6
    assert np.array_equal(b.grad, np.full(3, 2.0))


def test_only_an_op_is_applied():
    with pytest.raises(TypeError, match=r"takes a minimix.Op\(name, forward, backward\) first, not a function"):
        mm.apply(lambda x: (x, None), mm.Tensor(1.0))


def test_whole_numbers_have_no_gradient():
    x = mm.Tensor([1.0, 3.0, 2.0], requires_grad=True)
    place = mm.apply(mm.Op("argmax", lambda x: (x.argmax(keepdims=True), None), lambda g, s: (None,)), x)
    assert not place.requires_grad
    assert place.node is None
