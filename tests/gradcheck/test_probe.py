"""What a function may look like from outside: where it is found, what it returns, what it uses that it was not given."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import Tensor, nn
from minimix.gradcheck import examine, gradcheck
from minimix.gradcheck.numerical import ComplexStep
from minimix.gradcheck.probe import Probe


@pytest.mark.parametrize(
    "first", ["import minimix", "from minimix.gradcheck import examine", "import minimix.gradcheck.suite as s"]
)
def test_the_name_is_the_function_and_the_room(first):
    program = f"""
{first}
import minimix.gradcheck as g
import minimix as mm
import minimix.gradcheck.suite as suite, minimix.gradcheck.cases as cases
from minimix import gradcheck
from minimix.gradcheck import GradcheckError, examine, gradcheck_module
x = mm.Tensor([1.0], requires_grad=True)
x.data = x.data.astype(float)
assert g.examine is examine and g.GradcheckError is GradcheckError and mm.gradcheck.examine is examine
assert g(lambda x: x * x, x) and mm.gradcheck(lambda x: x * x, x) and gradcheck(lambda x: x * x, x)
assert suite.run and cases.functional_cases
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def layer():
    return nn.Conv2d(2, 3, 3, padding=1).double()


def test_a_layers_own_weights_are_complex_where_its_input_is():
    net, x = layer(), Tensor(np.random.default_rng(0).normal(size=(2, 2, 5, 5)), requires_grad=True)
    before = [p.data for p in net.parameters()]
    assert gradcheck(lambda x: net(x), x, mode="complex", seed=0)
    assert gradcheck(net, x, mode="complex", seed=0)
    assert all(a is p.data for a, p in zip(before, net.parameters(), strict=True))
    assert all(p.dtype == np.float64 and p.grad is None for p in net.parameters())


def test_a_closure_that_need_not_be_complex_stays_real():
    """abs refuses complex numbers, and the scale that goes through it is none."""
    seen = []

    def function(x):
        seen.append(scale.dtype)
        return x * F.abs(scale)

    scale = Tensor(np.array([2.0, -3.0]), requires_grad=True)
    assert gradcheck(function, Tensor(np.array([0.5, 1.0]), requires_grad=True), mode="complex", seed=0)
    assert set(seen) == {np.dtype(float)}


def test_weights_out_of_reach_name_the_way_out():
    net = layer()
    kernel = net.weight

    def function(x):
        return F.conv2d(x, Tensor(kernel.data), padding=1)

    x = Tensor(np.random.default_rng(0).normal(size=(1, 2, 5, 5)), requires_grad=True)
    with pytest.raises(ValueError, match=r"gradcheck_module\(layer, x, mode='complex'\)"):
        gradcheck(function, x, mode="complex", seed=0)


def test_pulls_are_copies():
    buffer = np.empty(3)
    op = mm.Op("double", lambda x: (2 * x, None), lambda g, s: (np.multiply(2, g, out=buffer),))
    probe = Probe(lambda x: mm.apply(op, x), Tensor(np.ones(3), requires_grad=True))
    with probe.record(probe.strided()) as tape:
        (first,), (second,) = tape.pull(np.ones(3)), tape.pull(np.full(3, 5.0))
    assert first.tolist() == [2, 2, 2]
    assert second.tolist() == [10, 10, 10]


def test_complex_mode_holds_one_column_at_a_time():
    inputs, outputs = 100, 20_000
    spread = np.random.default_rng(0).normal(size=outputs)
    op = mm.Op("spread", lambda x: (x.sum() * spread, x.shape), lambda g, shape: (np.full(shape, g @ spread),))
    x = Tensor(np.ones(inputs), requires_grad=True)
    tracemalloc.start()
    try:
        assert examine(lambda x: mm.apply(op, x), x, mode="complex", seed=0).ok
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 0.5 * inputs * outputs * 8


def test_the_complex_step_of_a_closure():
    weight = Tensor(np.array([2.0, 3.0]))
    probe = Probe(lambda x: x * weight, Tensor(np.ones(2), requires_grad=True))
    with probe.record(probe.strided()):
        pass
    assert [id(t) for t in probe.closure] == [id(weight)]
    assert ComplexStep(probe).entry(0, 1).tolist() == [0, 3]
