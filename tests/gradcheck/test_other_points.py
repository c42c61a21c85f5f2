"""What only other points can tell: factors that hold at this one alone, what is flat here, what a cache keeps, small axes."""

import numpy as np
import pytest

from minimix import Tensor
from minimix.gradcheck import examine
from minimix.gradcheck.report import SPOILED
from minimix.ops.op import Op
from minimix.tensor import apply


def normal(*shape, by=1.0, seed=0):
    return by * np.random.default_rng([seed, *shape]).standard_normal(shape)


def check(forward, backward, *arrays, mode="full"):
    """The report on an op with these passes."""
    op = Op("op", forward, backward)
    tensors = [Tensor(np.array(a, float), requires_grad=True) for a in arrays]
    return examine(lambda *t: apply(op, *t), tensors, mode=mode, seed=3)


def cause(forward, backward, *arrays, mode="full"):
    (found,) = check(forward, backward, *arrays, mode=mode).causes
    return found


# -- caches --------------------------------------------------------------------------------------------------------------


class FirstMask:
    """relu whose backward keeps the mask of the first call."""

    def __init__(self):
        self.mask = None

    def backward(self, gradient, x):
        self.mask = x > 0 if self.mask is None else self.mask
        return (gradient * self.mask,)


class LatestOrder:
    """A sort whose backward takes the order of the latest forward pass."""

    def forward(self, x):
        self.order = np.argsort(x)
        return x[self.order], None

    def backward(self, gradient, _):
        result = np.empty_like(gradient)
        result[self.order] = gradient
        return (result,)


@pytest.mark.parametrize("mode", ["full", "random", "complex"])
def test_a_cache_that_fits_the_point_is_found(mode):
    found = cause(lambda x: (x * (x.real > 0), x), FirstMask().backward, normal(10), mode=mode)
    assert found.claims == ("state", "wrong mask") and "first call" in found
    layer = LatestOrder()
    found = cause(layer.forward, layer.backward, normal(10), mode=mode)
    assert "state" in found.claims and "another forward pass changes the gradient" in found


def test_a_missing_mask_is_no_cache():
    found = cause(lambda x: (np.maximum(x, 0), x), lambda g, x: (g,), normal(10))
    assert "no mask" in found.claims and "state" not in found.claims


# -- what is flat here ---------------------------------------------------------------------------------------------------


def relu(x):
    return np.maximum(x, 0), x


def test_zero_everywhere_at_this_point_only():
    found = cause(relu, lambda g, x: (g * (x > 1),), np.full(6, 0.5) + normal(6, by=0.01))
    assert "at this point" in found and "wrong mask" in found.claims and "zero" not in found.claims
    found = cause(relu, lambda g, x: (g * (x < 0),), np.abs(normal(6)))
    assert "inverted mask" in found.claims


def test_zeros_at_a_small_size_may_be_left_out():
    def all_but_last(g, x):
        result = np.zeros_like(x)
        result[:-1] = 2 * g[:-1] * x[:-1]
        return (result,)

    found = cause(lambda x: (x * x, x), all_but_last, normal(1, 3))
    assert {"zero", "left out"} <= set(found.claims)
    assert cause(lambda x: (x * x, x), lambda g, x: (0 * g,), normal(4, 5)).claims == ("zero",)


def test_parts_that_cancel_are_no_independence():
    """x minus its mean over an axis of length 1 is 0, whatever x is; an input that is not read is something else."""
    found = cause(lambda x: (x - x.mean(1, keepdims=True), None), lambda g, _: (g + g.mean(1, keepdims=True),), normal(4, 1))
    assert found.claims == () and "does not change with this input" in found
    found = check(lambda x, y: (2 * x, None), lambda g, _: (2 * g, 3 * g), normal(4), normal(4)).inputs[1].cause
    assert found.claims == ("independent",)


def test_what_is_only_tiny_beside_a_wrong_gradient_is_not_flat():
    found = cause(lambda x: (-np.log1p(np.exp(-x)), x), lambda g, x: (g * (1 + np.exp(-x)),), np.linspace(-30, 30, 12))
    assert "does not change" not in found


def test_huge_values_with_a_large_derivative_are_no_excuse():
    found = cause(lambda x: (180 / np.pi * x, None), lambda g, _: (g * np.pi / 180,), normal(4, 6, by=20))
    assert "factor" in found.claims


# -- one factor ----------------------------------------------------------------------------------------------------------


def test_a_sign_that_is_wrong_on_one_side_only():
    """abs without its sign, at negative numbers only: minus the right gradient here, right elsewhere."""
    found = cause(lambda x: (np.abs(x), x), lambda g, x: (g,), -np.abs(normal(5)) - 0.1)
    assert "value" in found.claims and "at this point" in found
    assert cause(lambda x: (x**3, x), lambda g, x: (-3 * g * x * x,), normal(5)).claims == ("sign",)


def test_a_factor_that_changes_with_another_input():
    found = check(lambda x, w: (x * w, (x, w)), lambda g, s: (g, (g * s[0]).sum(0, keepdims=True)), normal(5, 1), normal(1, 1))
    assert {"scale", "chain factor"} & set(found.inputs[0].cause.claims), found


def test_of_one_number_only_the_ratio_is_told():
    found = cause(lambda w: (w * w + np.sin(w), w), lambda g, w: (g * 2 * w,), [0.7])
    assert found.claims == (), found


# -- digits --------------------------------------------------------------------------------------------------------------


def test_nearly_right_is_looked_at_where_more_can_be_seen():
    """1 - x^2 for 1 - tanh(x)^2 differs by x^4: by next to nothing at 0.01."""
    found = cause(lambda x: (np.tanh(x), x), lambda g, x: (g * (1 - x * x),), normal(6, by=0.05), mode="random")
    assert "where all inputs are" in found or "wrong formula" in found.claims or "wrong point" in found.claims, found


def test_rounded_numbers_jump_and_constants_do_not():
    def saved(x):
        return np.exp(x), np.exp(x.real).astype(np.float32) * 1.0

    jumping = cause(saved, lambda g, y: (g * y.astype(float),), normal(8), mode="complex")
    assert "precision" in jumping.claims and "wrong constant" not in jumping.claims
    smooth = cause(
        lambda x: (np.log(x * x + 1e-3), x), lambda g, x: (g * 2 * x / (x * x),), 2 + np.abs(normal(8)), mode="random"
    )
    assert "precision" not in smooth.claims and "wrong constant" in smooth.claims, smooth


# -- places --------------------------------------------------------------------------------------------------------------


def test_a_move_must_hold_where_the_entries_are_shuffled():
    """argmin for argmax over windows of three moves all gradients by one place, by chance."""
    x = np.array([[1.0, 3.0, 2.0], [4.0, 6.0, 5.0], [0.0, 2.0, 1.0], [7.0, 9.0, 8.0]]) + normal(4, 3, by=0.1)

    def given(g, x):
        result = np.zeros_like(x)
        result[np.arange(len(x)), x.argmin(1)] = g
        return (result,)

    found = cause(lambda x: (x.max(1), x), given, x)
    assert "other place" in found.claims, found


def test_a_sign_that_only_permutes():
    """sum |x_i - x_j| / 2 + sum x: the ranks' signs are wrong, which turns the order of the gradient round."""

    def forward(x):
        return np.abs(x[:, None] - x[None]).sum() / 2 + x.sum(), x

    def backward(g, x):
        return (g * (1 - np.sign(x[:, None] - x[None]).sum(1)),)

    assert "sign of a term" in cause(lambda x: (np.asarray(forward(x)[0]), x), backward, normal(7)).claims


def test_a_single_entry_at_the_end_may_have_fallen_off():
    def backward(g, _):
        return (np.append(g[:-1], 0),)

    found = cause(lambda x: (x + 0, None), backward, normal(3))
    assert {"left out", "shifted"} <= set(found.claims)


def test_windows_that_overlap_in_a_phase():
    """Windows of 3 with stride 2 share every other entry, of whose two contributions one is lost."""
    starts = np.arange(0, 10, 2)

    def forward(x):
        return np.stack([x[s : s + 3].sum() for s in starts]), x.shape

    def backward(g, shape):
        result = np.zeros(shape)
        for s, value in zip(starts, g, strict=True):
            result[s : s + 3] = value
        return (result,)

    assert "overwritten" in cause(forward, backward, normal(11)).claims


# -- randomness, and numbers that are spoiled ------------------------------------------------------------------------------


def test_what_is_random_is_not_blamed_on_strides():
    draws = iter([True] * 3 + [False] * 2 + [True, False] * 500)

    def forward(x):
        return x * 2, None

    def backward(g, _):
        return (g * 2 if next(draws, True) else g,)

    report = check(forward, backward, normal(6))
    assert not report.ok
    assert not {"input strides"} & {claim for found in report.causes for claim in found.claims}, report


def test_numbers_that_a_broken_rule_changes_get_no_cause():
    def backward(g, x):
        x *= g
        return (x,)

    report = check(lambda x: (x * x, 2 * x), backward, normal(5))
    spoiled = [row for row in report.inputs if not row.ok]
    assert all(row.cause is SPOILED for row in spoiled)
    assert report.causes == report.problems and "" not in report.causes
    assert not spoiled or "likely cause: what is said above" in str(report)


def test_numbers_that_are_rounded_coarsely_jump_too():
    def saved(x):
        mantissa, exponent = np.frexp(np.exp(x))
        return np.exp(x), np.ldexp(np.round(mantissa * 256) / 256, exponent)  # bfloat16's eight bits

    assert "precision" in cause(saved, lambda g, y: (g * y,), normal(8)).claims
