import numpy as np
import pytest
from helpers import assert_slopes, same_as_torch

import minimix as mm
import minimix.functional as F

A = np.random.default_rng(0).standard_normal((3, 4, 5))
AXES = [None, 0, -1, (0, 2), (-1, 1), (0, 1, 2), (), 3, (0, 0), (0, -3)]


def torch_reduction(name, **options):
    torch = pytest.importorskip("torch")
    function = getattr(torch, name)
    return lambda x, axis, keepdims: (
        function(x, **options)
        if axis is None and not keepdims and not options
        else function(x, dim=tuple(range(x.ndim)) if axis is None else axis, keepdim=keepdims, **options)
    )


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    "ours, theirs", [("sum", "sum"), ("mean", "mean"), ("max", "amax"), ("min", "amin"), ("var", "var"), ("std", "std")]
)
def test_as_torch(ours, theirs, axis, keepdims):
    peer = torch_reduction(theirs)
    if axis == () and ours in ("var", "std"):
        axis = None  # PyTorch reduces all axes there too, but sends infinite gradients back
    same_as_torch(lambda x: getattr(x, ours)(axis=axis, keepdims=keepdims), lambda x: peer(x, axis, keepdims), A)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "var", "std"])
@pytest.mark.parametrize("axis", [None, 0, (1, -1)])
def test_slopes(name, axis):
    assert_slopes(lambda x: getattr(F, name)(x, axis), A)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "var", "std"])
def test_complex_step_is_exact(name):
    x = mm.Tensor(A, requires_grad=True)
    getattr(x, name)(axis=1).sum().backward()
    for place in [(0, 0, 0), (2, 1, 4), (1, 3, 2)]:
        moved = A.astype(complex)
        moved[place] += 1e-30j
        slope = getattr(mm.Tensor(moved), name)(axis=1).data.imag.sum() / 1e-30
        np.testing.assert_allclose(x.grad[place], slope, rtol=1e-12, atol=1e-15)


def test_correction_and_no_spread():
    torch = pytest.importorskip("torch")
    for correction in (0, 1, 2):
        same_as_torch(lambda x, c=correction: x.var(0, correction=c), lambda x, c=correction: torch.var(x, 0, correction=c), A)
    same_as_torch(lambda x: x.std(), lambda x: x.std(), np.ones(4))  # a corner: gradient 0


def test_one_number_has_no_variance():
    assert np.isnan(mm.Tensor([1.0]).var().item())


def test_ties_share_and_nan_wins():
    torch = pytest.importorskip("torch")
    ties = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [np.nan, 1.0, 2.0]])
    same_as_torch(lambda x: x.max(1), lambda x: torch.amax(x, 1), ties)
    same_as_torch(lambda x: x.min(0), lambda x: torch.amin(x, 0), ties)


def test_empty():
    assert mm.Tensor(np.ones((0, 3))).sum().item() == 0
    assert np.isnan(mm.Tensor(np.ones((0, 3))).mean(0).data).all()
    with pytest.raises(ValueError, match=r"max: nothing to choose from in shape \(0, 3\)"):
        mm.Tensor(np.ones((0, 3))).max(0)
    assert mm.Tensor(np.ones((0, 3))).max(1).shape == (0,)


def test_whole_numbers_and_scalars():
    assert mm.Tensor(np.array([True, True])).sum().dtype == np.int64
    with pytest.raises(TypeError, match="mean: needs floating-point"):
        mm.Tensor(np.arange(3)).mean()
    same_as_torch(lambda x: x.sum(0), lambda x: x.sum(0), np.array(2.0))
    same_as_torch(lambda x: x.max(-1), lambda x: x.amax(-1), np.array(2.0))


def test_torchs_names():
    x = mm.Tensor(A)
    assert x.sum(dim=1, keepdim=True).shape == (3, 1, 5)
    with pytest.raises(TypeError, match="mean the same"):
        x.sum(axis=1, dim=1)


def test_argmax():
    np.testing.assert_array_equal(mm.Tensor(A).argmax(axis=1), A.argmax(axis=1))
    assert mm.Tensor(A).argmax() == A.argmax()


def test_corners():
    x = mm.Tensor(np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]), requires_grad=True)
    x.max(1).sum().backward()
    np.testing.assert_allclose(x.grad, [[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]])
    x.zero_grad()
    x.min().backward()
    np.testing.assert_array_equal(x.grad, [[1, 0, 0], [0, 0, 0]])
    x.zero_grad()
    x.std(1)[1:].sum().backward()
    np.testing.assert_array_equal(x.grad[1], [0, 0, 0])
    assert np.isnan(mm.Tensor([np.nan, 1.0]).max().item()) and np.isnan(mm.Tensor([np.nan, 1.0]).min().item())
