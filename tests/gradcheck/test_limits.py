"""Where differences reach their limits, a right function passes; a kink is told from a bend, and hides nothing."""

import numpy as np
import pytest

from minimix.gradcheck import examine, gradcheck
from minimix.ops.op import Op
from minimix.tensor import Tensor, apply

MODES = ("full", "random", "complex")


def op(forward, slope):
    """A function of one number, entry by entry, and what stands for its derivative."""
    made = Op("function", lambda x: (forward(x), x), lambda gradient, x: (gradient * slope(x),))
    return lambda x: apply(made, x)


def at(*values):
    return Tensor(np.array(values), requires_grad=True)


AWKWARD = {
    "log near 0": (op(np.log, lambda x: 1 / x), at(1e-5, 1.0, 0.3)),
    "log nearer than the step": (op(np.log, lambda x: 1 / x), at(1e-12, 1.0, 0.3)),
    "log beyond the step's reach": (op(np.log, lambda x: 1 / x), at(1e150, 1e-150, 2.0)),
    "root near 0": (op(np.sqrt, lambda x: 0.5 / np.sqrt(x)), at(1e-6, 2.0, 5.0)),
    "a large constant": (op(lambda x: x + 1e8, np.ones_like), at(0.5, -1.0, 2.0)),
    "a large constant that goes again": (op(lambda x: x + 1e8 - 1e8, np.ones_like), at(0.5, -1.0, 2.0)),
    "squares of large numbers": (op(np.square, lambda x: 2 * x), at(1e8, -3e8)),
    "squares of larger numbers": (op(np.square, lambda x: 2 * x), at(1e100, -3e100)),
    "sine far out": (op(np.sin, np.cos), at(1e8, 2e8 + 0.3)),
    "a pole nearby": (op(lambda x: 1 / (1 - x), lambda x: 1 / (1 - x) ** 2), at(1 - 1e-7, 0.5)),
    "relu beside its kink": (op(lambda x: np.where(x.real > 0, x, 0), lambda x: 1.0 * (x > 0)), at(5e-7, -2e-7, 1.0)),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", AWKWARD)
def test_a_right_function_passes_where_differences_are_at_their_limits(name, mode):
    function, point = AWKWARD[name]
    for seed in range(4):
        report = examine(function, point, mode=mode, seed=seed)
        assert report.ok, report


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [name for name in AWKWARD if name != "relu beside its kink"])
def test_a_wrong_one_does_not(name, mode):
    function, point = AWKWARD[name]
    halved = lambda x: apply(Op("half", lambda y: (y, None), lambda g, _: (g * 0.9,)), function(x))  # noqa: E731
    assert not examine(halved, point, mode=mode, seed=0).ok


def test_a_bend_is_no_kink():
    twice = op(np.log, lambda x: 2 / x)
    report = examine(twice, Tensor(np.random.default_rng(0).uniform(0, 1, 300), requires_grad=True), seed=0)
    assert "factor" in report.causes[0].claims and "kink" not in report.causes[0]


def test_a_kink_is_named():
    relu = op(lambda x: np.maximum(x, 0), lambda x: 1.0 * (x > 0))
    report = examine(relu, at(0.0, 1.0, -2.0), seed=0)
    assert report.causes[0].claims == ("kink",) and "(0,)" in report.causes[0]


def test_a_kink_hides_no_error_elsewhere():
    halved = op(lambda x: np.maximum(x, 0), lambda x: 0.5 * (x > 0))
    report = examine(halved, at(0.0, 1.0, -2.0, 3.0), seed=0)
    assert "0.5 times" in report.causes[0] and "a kink at (0,)" in report.causes[0]
    assert "factor" in report.causes[0].claims


def test_what_is_off_the_same_way_everywhere_is_wrong_though_within_the_tolerance():
    hundredth = op(np.square, lambda x: 2 * x * (1 + 1e-4))
    x = at(0.5, -1.0, 2.0)
    assert not gradcheck(hundredth, x, raise_exception=False)
    assert gradcheck(hundredth, x, rtol=1.1e-3), "asked for, this tolerance is all that counts"
