"""What a Tensor is to Python: a number where it holds one, an index, something to format and to copy."""

import copy
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import nn

# -- as a number -------------------------------------------------------------------------------------------------------


def test_numbers():
    x = mm.Tensor(2.0)
    assert x.item() == float(x) == 2.0 and int(x) == 2 and bool(x)
    assert mm.Tensor([[1.0, 2.0]]).tolist() == [[1.0, 2.0]]
    for single in ([2.5], [[2.5]]):  # as in PyTorch, whatever the number of axes
        x = mm.Tensor(single)
        assert (x.item(), float(x), int(x), bool(x), complex(x), round(x, 0)) == (2.5, 2.5, 2, True, 2.5, 2.0)
    for several in ([1.0, 2.0], []):
        for convert in (bool, float, int, complex, round, mm.Tensor.item):
            with pytest.raises(ValueError, match=r"of shape \(. *,\)"):
                convert(mm.Tensor(several))


def test_whole_numbers_are_indices():
    two = mm.Tensor(2)
    assert "abc"[two] == "c" and list(range(two)) == [0, 1] and np.arange(3)[mm.Tensor(1)] == 1
    for wrong in (mm.Tensor(2.0), mm.Tensor([1, 2])):
        with pytest.raises(TypeError, match="is an index"):
            "abc"[wrong]
    with pytest.raises(TypeError, match="a Tensor and a list"):  # Python's way would be [1, 2, 1, 2]
        two * [1, 2]
    with pytest.raises(TypeError, match="a Tensor and a str"):
        "ab" * two


@pytest.mark.parametrize(
    "value, spec", [(1.23456, ".3f"), (1.23456, ""), (0.1, "10.2e"), (3, "05d"), (True, ""), (1e9, ",.0f")]
)
def test_a_number_is_formatted_as_numbers_are(value, spec):
    torch = pytest.importorskip("torch")
    x = mm.Tensor(value, requires_grad=isinstance(value, float))
    assert format(x, spec) == format(torch.tensor(value), spec)
    if isinstance(value, float):
        assert f"{nn.Parameter(value):.2f}" == f"{value:.2f}"
        assert format(x * 1.0, spec) == format(x, spec)


def test_more_than_a_number_has_no_format():
    two = mm.Tensor([1.0, 2.0])
    assert f"{two}" == str(two) == "Tensor([1., 2.])"
    for x in (two, mm.Tensor([1.0]), mm.Tensor([])):
        with pytest.raises(TypeError, match=r"'\.3f' cannot format a Tensor of shape \(.*use \.item\(\)"):
            f"{x:.3f}"


# -- copies ------------------------------------------------------------------------------------------------------------


def test_deepcopy_is_for_leaves():
    x = nn.Parameter(np.arange(6.0).reshape(2, 3).T)
    (x * x).sum().backward()
    other = copy.deepcopy(x)
    assert type(other) is nn.Parameter and other.requires_grad and other.is_leaf and other.data.strides == x.data.strides
    for mine, theirs in ((x.data, other.data), (x.grad, other.grad)):
        np.testing.assert_array_equal(mine, theirs)
        assert not np.shares_memory(mine, theirs)
    y = x * 2
    with pytest.raises(RuntimeError, match=r"that mul made.*Copy x\.detach\(\)"):
        copy.deepcopy(y)
    with pytest.raises(RuntimeError, match="deepcopy"):
        copy.deepcopy({"losses": [y]})
    assert copy.deepcopy(y.detach()).is_leaf
    with mm.no_grad():
        assert copy.deepcopy(x * 2).shape == (3, 2)


def test_what_was_one_is_one_in_the_copy():
    x = mm.Tensor([1.0], requires_grad=True, name="x")
    a, (b, c) = copy.deepcopy((x, [x, mm.Tensor(x.data)]))
    assert a is b and a is not x and a.name == "x" and c.data is a.data


@pytest.mark.parametrize("duplicate", [copy.copy, lambda t: pickle.loads(pickle.dumps(t))], ids=["copy", "pickle"])
def test_other_copies_leave_the_graph_behind(duplicate):
    x = mm.Tensor([1.0, 2.0], requires_grad=True)
    y = duplicate(x * 2)
    assert y.is_leaf and y.requires_grad and x.grad is None
    np.testing.assert_array_equal(y.data, [2, 4])
    (y * y).sum().backward()
    np.testing.assert_array_equal(y.grad, [4, 8])
    assert x.grad is None


# -- changed in place --------------------------------------------------------------------------------------------------


def changed(operate, x, step):
    """What is left in whoever holds ``x``."""
    held = x
    if operate == "+=":
        x += step
    elif operate == "-=":
        x -= step
    elif operate == "*=":
        x *= step
    elif operate == "/=":
        x /= step
    else:
        x **= step
    return held


@pytest.mark.parametrize("operate", ["+=", "-=", "*=", "/=", "**="])
def test_parameters_are_changed_in_place_under_no_grad_as_in_torch(operate):
    torch = pytest.importorskip("torch")
    array, step = np.array([1.0, 2.0], np.float32), np.array([0.5, 2.0])
    ours, theirs = nn.Parameter(array.copy()), torch.nn.Parameter(torch.tensor(array))
    for make, x in ((mm, ours), (torch, theirs)):
        for amount in (step, 2):
            amount = torch.tensor(amount) if make is torch else amount
            with pytest.raises(RuntimeError, match="leaf"):
                changed(operate, x, amount)
            with make.no_grad():
                assert changed(operate, x, amount) is x
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-6)
    assert ours.dtype == np.float32 and ours.requires_grad and ours.is_leaf
    with mm.no_grad(), pytest.raises(ValueError, match=r"shape \(3, 2\), which does not fit into \(2,\)"):
        changed(operate, ours, np.ones((3, 2)))


def test_a_loop_that_trains_by_hand():
    layer, x = nn.Linear(2, 1), np.ones((2, 2), np.float32)
    for _ in range(3):
        layer.zero_grad()
        before = layer(x).data.sum()
        layer(x).sum().backward()
        with mm.no_grad():
            for p in layer.parameters():
                p -= 0.1 * p.grad
        assert layer(x).data.sum() == pytest.approx(before - 0.1 * 12, abs=1e-5)
    loss = (layer.weight * layer.weight).sum()
    with mm.no_grad():
        layer.weight *= 2
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


# -- with numbers of every kind ----------------------------------------------------------------------------------------

HALVES = [Fraction(1, 2), np.float16(0.5), np.float32(0.5), np.float64(0.5), np.longdouble(0.5), 0.5]


@pytest.mark.parametrize("half", HALVES, ids=lambda half: type(half).__name__)
def test_every_kind_of_number_is_a_number(half):
    x, whole = mm.Tensor([1.0, 4.0], requires_grad=True), mm.Tensor([1, 4])
    for ours, expected in [
        (x + half, [1.5, 4.5]),
        (half + x, [1.5, 4.5]),
        (x - half, [0.5, 3.5]),
        (half - x, [-0.5, -3.5]),
        (x * half, [0.5, 2]),
        (half * x, [0.5, 2]),
        (x / half, [2, 8]),
        (half / x, [0.5, 0.125]),
        (x**half, [1, 2]),
        (half**x, [0.5, 0.0625]),
        (whole * half, [0.5, 2]),
        (half / whole, [0.5, 0.125]),
        (F.add(half, x), [1.5, 4.5]),
        (F.maximum(half, x), [1, 4]),
        (F.minimum(x, half), [0.5, 0.5]),
        (F.where(np.array([True, False]), x, half), [1, 0.5]),
        (F.clip(x, half, 2 * half), [1, 1]),
    ]:
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours.data, np.float32(expected))
    assert list(x == half) == [False, False] and list(half < x) == [True, True]
    (x * half).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.5, 0.5])
    assert mm.Tensor(np.ones(2)).__mul__(half).dtype == np.float64


@pytest.mark.parametrize("one", [True, np.True_, 1, np.int8(1), np.uint64(1), Fraction(1)], ids=lambda one: type(one).__name__)
def test_whole_numbers_keep_whole_tensors_whole(one):
    wanted = np.float32 if isinstance(one, Fraction) else np.int64
    assert (mm.Tensor([1, 2]) + one).dtype == wanted
    assert (mm.Tensor([1.0, 2.0]) + one).dtype == np.float32


STRANGE = [
    Decimal("0.5"), np.datetime64("2020"), np.timedelta64(3, "D"), np.str_("2"), np.bytes_(b"2"), np.void(b"1"), "2", b"2",
    None, [1.0], (1.0,), object(), {}, {1.0}, lambda: 1.0,
]  # fmt: skip


@pytest.mark.parametrize("strange", STRANGE, ids=lambda strange: type(strange).__name__)
def test_what_is_no_number_is_a_type_error(strange):
    x = mm.Tensor([1.0, 2.0], requires_grad=True)
    for calculate in (
        lambda: x * strange,
        lambda: strange * x,
        lambda: x + strange,
        lambda: strange - x,
        lambda: x / strange,
        lambda: x**strange,
        lambda: x < strange,
        lambda: F.clip(x, strange) if strange is not None else F.add(x, None),
        lambda: F.mul(x, strange) if not isinstance(strange, (list, tuple)) else x * strange,
        lambda: mm.Tensor(strange) if not isinstance(strange, (list, tuple)) else x * strange,
    ):
        with pytest.raises(TypeError):
            calculate()
    assert (x == strange) is False


@pytest.mark.parametrize("huge", [10**400, -(10**400)])
def test_numbers_that_are_too_large_say_so(huge):
    for x in (mm.Tensor([1.0]), mm.Tensor([1])):
        with pytest.raises(OverflowError):
            x * huge
