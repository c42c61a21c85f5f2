import numpy as np
import pytest
from helpers import assert_slopes, same_as_torch

import minimix as mm
import minimix.functional as F

A = np.random.default_rng(0).standard_normal((2, 3, 4))


@pytest.mark.parametrize("shape", [(6, 4), (-1,), (2, -1, 2), (24,), (4, 3, 2), (5, -1), (-1, -1), (-2, 12), (7,), ()], ids=str)
def test_reshape_as_torch(shape):
    same_as_torch(lambda x: x.reshape(*shape), lambda x: x.reshape(shape), A)
    same_as_torch(lambda x: x.view(shape), lambda x: x.reshape(shape), A)


def test_reshape_of_nothing_as_torch():
    for shape in [(0, 5), (-1, 3), (-1, 0), (3, -1)]:
        same_as_torch(lambda x, s=shape: x.reshape(s), lambda x, s=shape: x.reshape(s), np.ones((0, 3)))


@pytest.mark.parametrize("axes", [(), (1,), (0, 1), (-2, -1), (1, 0), (3,), (0, 0)], ids=str)
def test_flatten_as_torch(axes):
    same_as_torch(lambda x: x.flatten(*axes), lambda x: x.flatten(*axes), A)


def test_flatten_of_a_number():
    same_as_torch(lambda x: x.flatten(), lambda x: x.flatten(), np.array(2.0))


@pytest.mark.parametrize("axes", [(2, 0, 1), (0, 1, 2), (-1, 0, 1), (0, 1), (0, 0, 1), (0, 1, 3)], ids=str)
def test_permute_as_torch(axes):
    same_as_torch(lambda x: x.permute(*axes), lambda x: x.permute(*axes), A)


@pytest.mark.parametrize("axes", [(0, 1), (-1, 0), (1, 1), (0, 3)], ids=str)
def test_transpose_as_torch(axes):
    same_as_torch(lambda x: x.transpose(*axes), lambda x: x.transpose(*axes), A)


def test_T():
    same_as_torch(lambda x: x.T, lambda x: x.T, A[0])
    assert mm.Tensor(A).T.shape == (4, 3, 2)


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), 4], ids=str)
def test_squeeze_as_torch(axis):
    options = () if axis is None else (axis,)
    same_as_torch(lambda x: x.squeeze(*options), lambda x: x.squeeze(*options), A.reshape(1, 6, 1, 4))


@pytest.mark.parametrize("axis", [0, 1, 3, -1, -4, 4, -5])
def test_unsqueeze_as_torch(axis):
    same_as_torch(lambda x: x.unsqueeze(axis), lambda x: x.unsqueeze(axis), A)


@pytest.mark.parametrize(
    "shape", [(2, 3, 4), (5, 2, 3, 4), (5, -1, 3, -1), (2, 1, 4), (2, 5, 4), (3, 4), (-1, 2, 3, 4)], ids=str
)
def test_expand_as_torch(shape):
    same_as_torch(lambda x: x.expand(*shape), lambda x: x.expand(*shape), A)
    same_as_torch(lambda x: x.expand(*shape), lambda x: x.expand(*shape), A[:, :1])


def test_broadcast_to_as_torch():
    for shape in [(2, 3, 4), (5, 2, 3, 4), (3, 4), (2, 3, 8)]:
        same_as_torch(lambda x, s=shape: x.broadcast_to(s), lambda x, s=shape: x.broadcast_to(s), A)


@pytest.mark.parametrize("axis", [0, 1, -1, 3])
def test_concatenate_and_stack_as_torch(axis):
    torch = pytest.importorskip("torch")
    same_as_torch(lambda a, b: F.cat([a, b, a], axis), lambda a, b: torch.cat([a, b, a], axis), A, A * 2)
    same_as_torch(lambda a, b: F.cat([a, b], axis), lambda a, b: torch.cat([a, b], axis), A, A[:, :2])
    same_as_torch(lambda a, b: F.stack([a, b], axis), lambda a, b: torch.stack([a, b], axis), A, A * 2)
    same_as_torch(lambda a, b: F.stack([a, b], axis), lambda a, b: torch.stack([a, b], axis), A, A[:, :2])


def test_joining_refusals():
    with pytest.raises(ValueError, match="empty list"):
        F.concatenate([])
    with pytest.raises(ValueError, match="0-d"):
        F.concatenate([1.0, 2.0])
    with pytest.raises(ValueError, match=r"tensors\[1\] has shape \(2,\), tensors\[0\] \(3,\)"):
        F.stack([np.ones(3), np.ones(2)])
    with pytest.raises(TypeError, match="expected a list"):
        F.stack(mm.Tensor(A))


def test_joined_dtypes():
    assert F.cat([np.ones(2, np.float32), np.ones(2)]).dtype == np.float64


@pytest.mark.parametrize("sizes", [1, 2, 3, 5, 0, -1, (1, 2), [2, 2], (4, -1)], ids=str)
def test_split_as_torch(sizes):
    def weighted(pieces):  # so that each piece gets a gradient of its own
        total = pieces[0].sum()
        for i, piece in enumerate(pieces[1:]):
            total = total + piece.sum() * (i + 2)
        return total

    sizes = list(sizes) if isinstance(sizes, tuple) else sizes
    same_as_torch(lambda x: weighted(x.split(sizes, 1)), lambda x: weighted(x.split(sizes, 1)), A)


def test_split_undoes_concatenate():
    pieces = F.split(F.cat([A, A * 2], 1), [3, 3], 1)
    np.testing.assert_array_equal(pieces[1].data, A * 2)


@pytest.mark.parametrize(
    "amounts", [(1, 2), (0, 0, 3, 1), (1, 1, 1, 1, 1, 1), (-1, 2), (-1, -1, -2, 0), (-3, -2), (1,), (1,) * 8, (-5, 3), (-5, 9)]
)
def test_pad_as_torch(amounts):
    torch = pytest.importorskip("torch")
    same_as_torch(lambda x: F.pad(x, amounts, value=7.0), lambda x: torch.nn.functional.pad(x, amounts, value=7.0), A)


def test_slopes():
    assert_slopes(lambda x: F.pad(x, (1, -1, 2, 0)).reshape(-1, 5).T, A[0])
    assert_slopes(lambda x, y: F.cat([x, y, x[:, :2]], 1), A, A[:, :1])
    assert_slopes(lambda x, y: F.cat([x, y]).permute(2, 0, 1).expand(2, 4, 4, 3), A, A + 1)


def test_pad_keeps_memory_order():
    activation = np.ones((3, 4, 5, 2), np.float32).transpose(3, 0, 1, 2)
    assert F.pad(activation, (1, 1, 1, 1)).data.transpose(1, 2, 3, 0).flags.c_contiguous
