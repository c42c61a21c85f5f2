"""Ops that break a rule: each is told of, by name, and of nothing that it did not do."""

import numpy as np
import pytest

import minimix.functional as F
from minimix import Tensor
from minimix.gradcheck import examine
from minimix.gradcheck.report import SPOILED
from minimix.gradcheck.spy import arrays_in
from minimix.ops.op import Op
from minimix.tensor import apply

MODES = ("full", "random", "complex")
SQUARE = Op("square", lambda x: (x * x, x), lambda g, x: (2 * g * x,))


def tensor(*shape, seed=0):
    return Tensor(np.random.default_rng([seed, *shape]).uniform(-1, 1, shape), requires_grad=True)


def op(backward, forward=SQUARE.forward):
    return Op("square", forward, backward)


def check(wrong, inputs=None, mode="random"):
    inputs = [tensor(3, 4)] if inputs is None else inputs
    return examine(lambda *t: apply(wrong, *t), inputs, mode=mode, seed=7)


def claims(report):
    return {claim for problem in report.problems for claim in problem.claims}


# -- what is written into ----------------------------------------------------------------------------------------------


def kept(x):
    return x * x, 2 * x


def scribbling(g, saved):
    saved += 1
    return (2 * g * (saved - 1),)


def scaling(g, saved):
    saved *= g
    return (saved,)


def scaling_back(g, saved):
    saved *= 2
    result = g * saved
    saved /= 2
    return (result,)


def in_dict(g, saved):
    saved["deep"][0][...] += 1
    return (2 * g * saved["x"],)


class Holder:
    def __init__(self, x):
        self.x = x


def in_object(g, saved):
    result = g * saved.x
    saved.x *= 2
    return (result,)


def replaced(g, saved):
    result = (g * saved[0],)
    saved[0] = saved[0] * 3
    return result


def adding(g, saved):
    saved[1] += g
    return (2 * saved[0] * saved[1],)


def gradient_in_place(g, x):
    g *= 2
    return (g * x,)


def popped(g, saved):
    return (2 * g * saved.pop(),)


def in_place(x):
    x *= 2
    return x + 0, None


WRITING = {  # name: (op, words, claims)
    "the input that was saved": (op(scribbling), "the memory of its input 0", {"changes saved", "changes input"}),
    "what was saved": (op(scribbling, lambda x: (x * x, x + 0)), "writes into what forward saved (an array", {"changes saved"}),
    "in a dict": (
        op(in_dict, lambda x: (x * x, {"x": x, "deep": (np.zeros(1), None)})),
        "writes into what forward saved (an array of shape (1,))",
        {"changes saved"},
    ),
    "in an object": (op(in_object, lambda x: (x * x, Holder(2 * x))), "writes into what forward saved", {"changes saved"}),
    "sums in what was saved": (
        op(adding, lambda x: (x * x, [x, np.zeros(x.shape)])),
        "into what forward saved",
        {"changes saved"},
    ),
    "another array": (op(replaced, lambda x: (x * x, [2 * x])), "in the place of those", {"changes saved"}),
    "saved scaled and returned": (op(scaling, kept), "writes into what forward saved", {"changes saved", "aliased"}),
    "taken out of a list, the last": (
        op(popped, lambda x: (x * x, [x, x])),
        "puts other arrays in the place of those",
        {"changes saved"},
    ),
    "taken out of a list": (
        op(popped, lambda x: (x * x, [x])),
        "a second time raises IndexError: pop from empty list",
        {"changes saved", "state"},
    ),
    "the gradient": (op(gradient_in_place), "changes the gradient that it is given", {"changes gradient"}),
    "forward, the input": (
        Op("double", in_place, lambda g, s: (2 * g,)),
        "double: forward changes its input 0",
        {"changes input"},
    ),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", WRITING)
def test_what_is_written_into_is_named(name, mode):
    wrong, words, expected = WRITING[name]
    x = tensor(3, 4)
    before = x.data.copy()
    report = check(wrong, [x], mode)
    assert any(words in problem for problem in report.problems), report
    assert claims(report) == expected, report
    assert np.array_equal(before, x.data), "gradcheck lets a broken op reach the user's memory"


def test_forward_that_writes_into_what_another_op_computed():
    inner = Op("double", in_place, lambda g, s: (2 * g,))
    report = examine(lambda x: apply(inner, F.exp(x)), tensor(3, 4), seed=0)
    assert report.problems == ["double: forward changes its input 0: work on a copy, not in place"]
    assert not report.inputs


def test_a_function_that_writes_outside_of_any_op():
    def function(x):
        x.data *= 2
        return x * 1

    (problem,) = examine(function, tensor(3, 4), seed=0).problems
    assert problem.startswith("the forward pass changes input 0")


def test_what_is_put_back_has_done_no_harm():
    assert check(op(scaling_back, lambda x: (x * x, x + 0))).ok


def test_the_numbers_of_an_op_that_changes_what_it_needs_are_not_explained():
    report = check(op(scaling, kept))
    assert "and so backward a second time gives another gradient" in report.problems
    assert all(row.cause in (None, SPOILED) for row in report.inputs)
    assert report.causes == report.problems


# -- whose memory is returned -----------------------------------------------------------------------------------------


def returns_saved_for_one(g, x):
    return (x if np.all(g == 1) else g * x,)


BUFFER = np.empty((3, 4))


def into_buffer(g, x):
    return (np.multiply(2 * g, x, out=BUFFER),)


def into_part_of_buffer(g, x, memory=np.empty((2, 6, 4))):  # noqa: B008 - that is the mistake
    np.multiply(2 * g, x, out=memory[1, ::2])
    return (memory[1, ::2],)


ALIASED = {
    "saved where the gradient is 1": (
        op(returns_saved_for_one, lambda x: (0.5 * x * x, x + 0)),
        "an array that forward saved",
    ),
    "the input where the gradient is 1": (op(returns_saved_for_one, lambda x: (0.5 * x * x, x)), "memory of its input 0"),
    "a view of saved": (
        op(lambda g, s: (s[1][::-1] if np.all(g == 1) else g * s[0],), lambda x: (0.5 * x * x, (x, x[::-1].copy()))),
        "an array that forward saved",
    ),
    "a buffer": (op(into_buffer), "the same memory in two calls"),
    "part of a buffer": (op(into_part_of_buffer), "the same memory in two calls"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ALIASED)
def test_memory_that_is_not_its_own_is_told_although_all_numbers_are_right(name, mode):
    wrong, words = ALIASED[name]
    report = check(wrong, mode=mode)
    assert not report.ok
    assert all(row.ok for row in report.inputs)
    assert claims(report) == {"aliased"}
    assert len(report.problems) == 1
    assert words in report.problems[0]


def test_two_ops_that_share_a_buffer():
    wrong = op(into_buffer)
    report = examine(lambda x: apply(wrong, apply(wrong, x)), tensor(3, 4), seed=0)
    assert claims(report) == {"aliased", "changes gradient"}  # the second is given the buffer into which it writes
    assert all(row.cause in (None, SPOILED) for row in report.inputs)


ALLOWED = {
    "the gradient": op(lambda g, s: (g,), lambda x: (x + 1, None)),
    "a view of it": op(lambda g, s: (g.T,), lambda x: (x.T, None)),
    "a broadcast of it": op(lambda g, shape: (np.broadcast_to(g, shape),), lambda x: (x.sum(), x.shape)),
    "a read-only constant": op(lambda g, s: (np.broadcast_to(0.0, g.shape),), lambda x: (np.floor(x), None)),
    "the output as an input's view": op(lambda g, s: (g.reshape(3, 4),), lambda x: (x.reshape(-1), x)),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_views_of_the_gradient_are_its_own(name):
    report = check(ALLOWED[name])
    assert report.ok, report


def test_one_gradient_for_two_inputs():
    for backward in (lambda g, s: (g, g), lambda g, s: (g + 0,) * 2):
        assert check(Op("plus", lambda x, y: (x + y, None), backward), [tensor(3), tensor(3, seed=1)]).ok


def test_arrays_are_found_at_any_depth():
    a, b, c, d = (np.zeros(1) for _ in range(4))
    ring = [a]
    ring.append(ring)
    saved = (ring, {"b": (b, "text")}, Holder([c, None, 3.0]), np.float64(2), np, d, d)
    assert [id(x) for x in arrays_in(saved)] == [id(x) for x in (a, b, c, d, d)]


# -- state and chance -----------------------------------------------------------------------------------------------------


def counted():
    calls = [0]

    def backward(g, x):
        calls[0] += 1
        return (2 * g * x * calls[0],)

    return op(backward)


def outside():
    """Keeps what backward needs outside of ``saved``."""
    context = {}

    def forward(x):
        context["x"] = x + 0
        return x * x, None

    return op(lambda g, s: (2 * g * context["x"],), forward)


def own_buffer():
    """Saves in a buffer that the next forward pass uses again."""
    buffer = np.empty((3, 4))

    def forward(x):
        if x.dtype == float:
            buffer[...] = x
        return x * x, buffer

    return op(lambda g, x: (2 * g * x,), forward)


def output_buffer():
    buffer = np.empty((3, 4))
    return op(SQUARE.backward, lambda x: (np.multiply(x, x, out=buffer) if x.dtype == float else x * x, x))


def noise(g, x):
    return (2 * g * x * (1 + 1e-3 * np.random.rand()),)


def gathering():
    """A buffer that is added to, and returned."""
    buffer = np.zeros((3, 4))

    def backward(g, x):
        buffer[...] += 2 * g * x
        return (buffer,)

    return op(backward)


def own_noise():
    rng = np.random.default_rng(0)
    return op(lambda g, x: (2 * g * x * (1 + 1e-3 * rng.random()),))


def drawn(x):
    mask = np.random.rand(*x.shape) < 0.5
    return x * mask, mask


RESTLESS = {
    "a mask drawn anew in backward": (op(noise), "NumPy's random numbers begin from the same seed", {"random"}),
    "noise of its own": (own_noise(), "it is random, or keeps a state", {"random", "state"}),
    "a counter": (counted(), "each call adds the same", {"state"}),
    "a sum in a buffer": (gathering(), "each call adds the same", {"state", "aliased"}),
    "context outside of saved": (outside(), "another forward pass changes the gradient", {"state", "aliased"}),
    "saved in a buffer": (own_buffer(), "another forward pass changes the gradient", {"state", "aliased"}),
    "output in a buffer": (output_buffer(), "overwrites the output", {"aliased", "changes output"}),
    "dropout": (op(lambda g, mask: (g * mask,), drawn), "differ, unless NumPy's random numbers", {"random"}),
}


@pytest.mark.parametrize("name", RESTLESS)
def test_state_and_chance_are_told_apart(name):
    wrong, words, expected = RESTLESS[name]
    before = np.random.get_state()[1].copy()
    report = check(wrong)
    if name not in ("a mask drawn anew in backward", "dropout"):
        assert np.array_equal(before, np.random.get_state()[1])
    assert any(words in problem for problem in report.problems), report
    assert claims(report) == expected
    assert all(row.cause in (None, SPOILED) for row in report.inputs)


def test_another_point_that_the_function_refuses_is_no_problem():
    def careful(x):
        if not np.all(x.data >= 0.5):
            raise ValueError("below 0.5")
        return F.sqrt(x)

    assert examine(careful, Tensor(np.array([0.6, 0.9]), requires_grad=True), seed=0).ok


# -- dtype and shape -----------------------------------------------------------------------------------------------------


def test_dtype():
    report = check(op(lambda g, x: ((2 * g * x).astype(np.float32),)))
    assert report.problems == ["square: gradient 0 is float32, but its input is float64"]
    assert claims(report) == {"dtype"}


def test_rounding_that_was_told_is_not_explained_again():
    half = op(lambda g, x: (2 * (g * x).astype(np.float16).astype(float),))
    report = check(half)
    assert claims(report) == {"precision"}
    assert not report.inputs[0].ok
    assert report.inputs[0].cause in (None, SPOILED)
    doubled = op(lambda g, x: (4 * (g * x).astype(np.float16).astype(float),))
    assert check(doubled).inputs[0].cause  # there is more than that


def test_nothing_is_told_of_float32_where_numbers_just_have_few_digits():
    x = Tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
    scaled = op(lambda g, s: (g * 0 + 2 * g,), lambda x: (2 * x, None))
    assert check(scaled, [x]).ok
    for backward in (lambda g, x: (np.sign(g) * 2 * x,), lambda g, x: (2 * x,)):
        assert "precision" not in claims(check(op(backward), [x]))
