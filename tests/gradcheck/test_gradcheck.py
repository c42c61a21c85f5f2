"""gradcheck's contract: what passes, what is refused, what it leaves alone, and what it says."""

import numpy as np
import pytest

import minimix
import minimix.functional as F
from minimix import Tensor, gradcheck
from minimix.gradcheck import GradcheckError, examine, gradcheck_module
from minimix.gradcheck.cases import functional_cases
from minimix.gradcheck.cases_images import image_cases
from minimix.gradcheck.compare import Tolerance
from minimix.gradcheck.numerical import CentralDifferences, ComplexStep
from minimix.gradcheck.probe import Probe, index_of, output_at, same_strides
from minimix.ops.op import Op
from minimix.tensor import apply

MODES = ("full", "random", "complex")
WRONG = Op("wrong", lambda x: (x * x, x), lambda g, x: (3 * g * x,))


def tensor(*shape, seed=0):
    return Tensor(np.random.default_rng(seed).uniform(0.5, 2, shape), requires_grad=True)


def wrong(x):
    return apply(WRONG, x)


def test_the_name_is_the_function():
    assert callable(minimix.gradcheck)
    assert issubclass(GradcheckError, AssertionError)
    assert issubclass(GradcheckError, RuntimeError)


@pytest.mark.parametrize("case", [*functional_cases(), *image_cases()], ids=lambda case: case.title)
def test_functional_operations(case):
    for mode in case.modes:
        function, inputs = case.make(np.random.default_rng(0))
        assert gradcheck(function, inputs, mode=mode, seed=0)


@pytest.mark.parametrize("mode", MODES)
def test_wrong_gradients_raise_or_return_false(mode):
    x = tensor(2, 3)
    assert gradcheck(wrong, x, mode=mode, seed=1, raise_exception=False) is False
    with pytest.raises(GradcheckError) as caught:
        gradcheck(wrong, [x], mode=mode, seed=1)
    (row,) = caught.value.report.inputs
    assert row.ratio == pytest.approx(1.5, rel=1e-6)
    assert row.error == pytest.approx(abs(row.analytical - row.numerical))
    assert len(row.index) == 2
    text = str(caught.value)
    assert f"numerical {row.numerical:.9g}, analytical {row.analytical:.9g}, ratio 1.5" in text
    assert "likely cause: constant ratio: analytical is 1.5 times" in text
    assert "seed=1" in text


def test_full_mode_names_the_output_too():
    report = examine(lambda x: (F.exp(x), wrong(x)), tensor(3))
    assert report.inputs[0].output_index[0] == 1
    assert report.inputs[0].output_index[1] == report.inputs[0].index
    assert report.inputs[0].wrong == 3
    assert report.inputs[0].checked == 18


def test_tolerances_are_those_of_torch():
    slightly = Op("slightly", lambda x: (x * x, x), lambda g, x: (2.002 * g * x,))
    x = tensor(4)
    assert gradcheck(lambda t: apply(slightly, t), x, rtol=1.1e-3, atol=0)
    assert not gradcheck(lambda t: apply(slightly, t), x, rtol=0.9e-3, atol=0, raise_exception=False)
    assert gradcheck(lambda t: apply(slightly, t), x, rtol=0, atol=1e-2)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_float32_is_refused_with_the_reason(dtype):
    x = Tensor(np.ones(3, dtype), requires_grad=True)
    with pytest.raises(TypeError, match=r"must be float64.*rounds.*module\.double\(\)"):
        gradcheck(lambda x: x * x, x, raise_exception=False)


def test_refusals():
    x = tensor(3)
    with pytest.raises(ValueError, match="no input requires gradients"):
        gradcheck(F.exp, Tensor(np.ones(3)))
    with pytest.raises(ValueError, match="mode must be one of 'full', 'random', 'complex', not 'fast'"):
        gradcheck(F.exp, x, mode="fast")
    with pytest.raises(ValueError, match="eps must be positive"):
        gradcheck(F.exp, x, eps=0)
    with pytest.raises(TypeError, match="returns a Tensor or a tuple of Tensors, but this returns ndarray"):
        gradcheck(lambda x: x.data, x)
    with pytest.raises(TypeError, match="output 1 of the function is a tuple with Tensors in it"):
        gradcheck(lambda x: (x, (x, x)), x)
    with pytest.raises(TypeError, match="output is float32"):
        gradcheck(lambda x: F.astype(x, np.float32), x)
    with pytest.raises(ValueError, match="no output of the function is floating-point"):
        gradcheck(lambda x: Tensor(np.arange(3)), x)
    with pytest.raises(ValueError, match="mode='random'"):
        gradcheck(F.exp, tensor(5000))
    with pytest.raises(TypeError, match="complex128: give the real point"):
        gradcheck(F.exp, Tensor(np.ones(2, complex), requires_grad=True), mode="complex")


def test_complex_mode_refuses_what_is_not_analytic():
    x = Tensor(np.array([-1.0, 0.5, 2.0]), requires_grad=True)
    size = Op("size", lambda x: (np.abs(x), x), lambda g, x: (g * np.sign(x.real),))
    conjugate = Op("conjugate", lambda x: (x * np.conj(x), x), lambda g, x: (2 * g * x.real,))
    for op in (size, conjugate):
        function = lambda x, op=op: x * apply(op, x)  # noqa: E731
        assert gradcheck(function, x)
        with pytest.raises(ValueError, match=r"not analytic there.*mode='full'"):
            gradcheck(function, x, mode="complex")
    cast = Op("cast", lambda x: (x.astype(float) * 2, None), lambda g, s: (2 * g,))
    with pytest.raises(ValueError, match="casts to real"):
        gradcheck(lambda x: apply(cast, x), x, mode="complex")

    def picky(x):
        if x.dtype.kind == "c":
            raise TypeError("no complex numbers")
        return x * 2, None

    with pytest.raises(ValueError, match=r"does not take a complex input 0 \(no complex numbers\)"):
        gradcheck(lambda x: apply(Op("picky", picky, cast.backward), x), x, mode="complex")


@pytest.mark.parametrize("mode", MODES)
def test_outputs_that_are_not_differentiable_are_ignored(mode):
    def several(x):
        return F.exp(x), Tensor(np.arange(3)), x.detach(), F.argmax(x), 3, x.data, None

    assert gradcheck(several, tensor(3), mode=mode, seed=0)


def test_only_inputs_that_require_gradients_are_checked():
    broken_in_y = Op("product", lambda x, y: (x * y, (x, y)), lambda g, s: (g * s[1], 7 * g))
    x, y = tensor(3), Tensor(np.ones(3))
    assert gradcheck(lambda x, y, factor: apply(broken_in_y, x, y), (x, y, 3.0))
    y.requires_grad = True
    assert not gradcheck(lambda x, y, factor: apply(broken_in_y, x, y), (x, y, 3.0), raise_exception=False)


@pytest.mark.parametrize("mode", MODES)
def test_memory_and_gradients_of_the_caller_stay_as_they_are(mode):
    base = np.random.default_rng(0).uniform(0.5, 2, (4, 5, 6, 3))
    data = base.transpose(3, 0, 1, 2)  # NCHW in the memory order of an activation
    x, parameter = Tensor(data, requires_grad=True), tensor(4, 1, 1)
    x.grad = np.ones_like(data)
    parameter.grad = np.full((4, 1, 1), 5.0)
    kept, gradient = base.copy(), x.grad
    seen = []

    def function(t):
        seen.append((t is x, t.data.strides, t.data is data))
        return F.sum(t * parameter, axis=(2, 3))

    assert gradcheck(function, x, mode=mode, seed=0)
    assert x.data is data
    assert x.grad is gradient
    assert np.all(gradient == 1)
    assert np.array_equal(base, kept)
    assert np.all(parameter.grad == 5)
    assert not any(same for _, _, same in seen)
    assert all(is_x for is_x, _, _ in seen)
    orders = [np.argsort(strides).tolist() for _, strides, _ in seen]
    assert orders[0] == [0, 3, 2, 1]
    assert sum(order != orders[0] for order in orders) == 3  # where memory order is checked


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["broadcast", "reversed", "every second", "overlapping", "0-d", "empty"])
def test_any_strides(kind, mode):
    numbers = np.random.default_rng(0).uniform(0.5, 2, 12)
    data = {
        "broadcast": np.broadcast_to(numbers[:3], (4, 3)),
        "reversed": numbers.reshape(3, 4)[::-1, ::-1],
        "every second": numbers.reshape(3, 4)[:, ::2],
        "overlapping": np.lib.stride_tricks.sliding_window_view(numbers, 4),
        "0-d": numbers[0],
        "empty": np.zeros((0, 3)),
    }[kind]
    kept = numbers.copy()
    assert gradcheck(lambda x: F.exp(x) * x, Tensor(data, requires_grad=True), mode=mode, seed=0)
    if kind != "empty":
        assert not gradcheck(wrong, Tensor(data, requires_grad=True), mode=mode, seed=0, raise_exception=False)
    assert np.array_equal(numbers, kept)


def test_same_strides_has_holes_of_nan_and_shares_nothing():
    numbers = np.arange(24.0).reshape(4, 6)[::-2, 1::2]
    copy = same_strides(numbers)
    assert copy.strides == numbers.strides
    assert np.array_equal(copy, numbers)
    assert not np.shares_memory(copy, numbers)
    around = copy[::-1].base.view(float)
    assert np.isnan(around).sum() == around.size - 6


@pytest.mark.parametrize("mode", MODES)
def test_a_tensor_passed_twice_and_one_that_an_op_made(mode):
    x = tensor(3)
    assert gradcheck(F.mul, (x, x), mode=mode, seed=0)
    made = F.exp(x)
    assert gradcheck(F.exp, made, mode=mode, seed=0)
    assert made.node is not None
    assert x.grad is None
    assert gradcheck(lambda _: x * x, (x,), mode=mode, seed=0)  # through the closure, not the argument
    assert not gradcheck(lambda _: wrong(x), (x,), mode=mode, seed=0, raise_exception=False)


def test_works_within_no_grad():
    with minimix.no_grad():
        assert gradcheck(F.exp, tensor(3))


def test_randomness_is_explained():
    rng = np.random.default_rng(0)
    with pytest.raises(GradcheckError, match=r"two forward passes.*differ.*dropout"):
        gradcheck(lambda x: F.dropout(x, 0.5, rng=rng), tensor(50))


@pytest.mark.parametrize("mode", MODES)
def test_values_that_are_not_finite_fail_and_are_named(mode):
    x = Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]), requires_grad=True)
    broken = Op("broken", lambda x: (x * np.array([[1, 1], [np.nan, 1]]), None), lambda g, s: (g,))
    with pytest.raises(GradcheckError, match=r"1 of 4 results of the function are NaN or infinite, the first at \(1, 0\)"):
        gradcheck(lambda x: apply(broken, x), x, mode=mode, seed=0)


def test_errors_of_the_function_itself_are_its_own():
    def fails(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        gradcheck(fails, tensor(3))
    crash = Op("crash", lambda x: (x * 2, None), lambda g, s: (g / s,))
    with pytest.raises(TypeError, match="unsupported operand"):
        gradcheck(lambda x: apply(crash, x), tensor(3))


def test_a_random_seed_is_printed_and_repeats_the_check(capsys):
    x = tensor(4)
    assert gradcheck(F.exp, x, mode="random")
    assert "seed=" in capsys.readouterr().out
    with pytest.raises(GradcheckError) as first:
        gradcheck(wrong, x, mode="random", verbose=False)
    assert capsys.readouterr().out == ""
    with pytest.raises(GradcheckError) as second:
        gradcheck(wrong, x, mode="random", seed=first.value.report.seed)
    assert str(first.value) == str(second.value)
    gradcheck(F.exp, x, verbose=True)
    assert "gradcheck passed (mode='full'" in capsys.readouterr().out


def test_derivatives_against_the_formula():
    x = tensor(2, 3)
    probe = Probe(F.exp, x)
    with probe.record(probe.strided()) as tape:
        exact = np.diag(tape.pull(np.ones(6))[0].reshape(-1))
    assert np.allclose(exact, np.diag(np.exp(x.data).reshape(-1)), rtol=1e-15)
    direction = np.random.default_rng(1).standard_normal((2, 3))
    for method, rtol in ((CentralDifferences(probe, 1e-6), 1e-8), (ComplexStep(probe), 1e-15)):
        column, moved = method.along(0, direction)
        assert np.allclose(column, exact @ moved.reshape(-1), rtol=rtol, atol=0)
        assert np.allclose(method.entry(0, 4), exact[:, 4], rtol=rtol, atol=1e-14)


def test_indices_and_tolerances():
    assert index_of(7, (2, 4)) == (1, 3)
    assert index_of(0, ()) == ()
    assert output_at([(2,), (), (2, 2)], 5) == (2, (1, 0))
    assert Tolerance(1.0, 0.5).entries(np.array([-4.0])).tolist() == [3.0]
    assert Tolerance(1.0, 0.5).scaled(0.1).atol == pytest.approx(0.1)


# -- modules -------------------------------------------------------------------------------------------------------------


class Norm:
    """x, less a running mean that every call updates, scaled: a small module, duck-typed."""

    def __init__(self, in_place=True, gain=2.0):
        self.weight, self.mean = tensor(3), np.zeros(3)
        self.in_place, self.gain = in_place, gain

    def named_parameters(self):
        yield "weight", self.weight

    def named_buffers(self):
        yield "mean", self.mean

    def __call__(self, x):
        result = (x - self.mean) * apply(Op("gain", lambda w: (2 * w, None), lambda g, s: (self.gain * g,)), self.weight)
        update = 0.9 * self.mean + 0.1 * x.data.real.mean(axis=0)
        if self.in_place:
            self.mean[...] = update
        else:
            self.mean = update
        return result


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("in_place", [True, False])
def test_modules_are_checked_by_name_and_keep_their_buffers(mode, in_place):
    module = Norm(in_place)
    mean, weight = module.mean, module.weight.data
    x = np.random.default_rng(0).normal(size=(4, 3))
    assert gradcheck_module(module, x, mode=mode, seed=0)
    assert module.mean is mean
    assert not mean.any()
    assert module.weight.data is weight
    assert module.weight.grad is None
    with pytest.raises(GradcheckError, match=r"weight \(3,\): .*WRONG") as caught:
        gradcheck_module(Norm(in_place, gain=4.0), Tensor(x), mode=mode, seed=0)
    assert [row.name for row in caught.value.report.inputs] == ["input", "weight"]
    assert "counted twice" in caught.value.report.causes[0]


def test_a_function_is_no_module():
    with pytest.raises(TypeError, match=r"takes a module; for a function, use gradcheck\(func, inputs\)"):
        gradcheck_module(F.exp, np.ones(3))


def test_a_float32_module_is_refused():
    module = Norm()
    module.weight = Tensor(np.ones(3, np.float32), requires_grad=True)
    with pytest.raises(TypeError, match=r"weight is float32.*module\.double"):
        gradcheck_module(module, np.ones((2, 3)))


@pytest.mark.parametrize("mode", ["random", "complex"])
@pytest.mark.parametrize("activation", [F.swish, F.relu, F.tanh])
def test_a_deep_normalised_network_is_no_false_alarm(activation, mode):
    """Here the biases' true gradients are zero, what comes out is rounding, and thousands of kinks are near."""
    rng = np.random.default_rng(1)
    depth, width, images = 5, 24, 16
    x = Tensor(rng.normal(size=(images, width)), requires_grad=True)
    weights = [Tensor(rng.normal(size=(width, width)) * 0.3, requires_grad=True) for _ in range(depth)]
    biases = [Tensor(rng.normal(size=width), requires_grad=True) for _ in range(depth)]
    labels = rng.integers(0, width, images)

    def loss(x, *parameters):
        for weight, bias in zip(parameters[:depth], parameters[depth:], strict=True):
            x = F.linear(x, weight, bias)
            x = (x - F.mean(x, 0, keepdims=True)) / F.sqrt(F.var(x, 0, keepdims=True) + 1e-5)
            x = activation(x)
        return -F.mean(F.getitem(F.log_softmax(x, 1), (np.arange(images), labels)))

    assert gradcheck(loss, [x, *weights, *biases], mode=mode, seed=3)
