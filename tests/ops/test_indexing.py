import numpy as np
import pytest
from helpers import assert_slopes, same_as_torch

import minimix as mm

A = np.random.default_rng(0).standard_normal((4, 5, 6))
MASK = A > 0.3


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        slice(1, 3),
        (0, slice(None), slice(None, None, 2)),
        (..., 0),
        (None, 1),
        (slice(1, 3), ..., None, slice(4)),
        (1, 2, 3),
        [0, 0, 3],
        ([0, 1, 1], [2, 3, 3]),
        (slice(None), [1, 1]),
        ([0, 0], slice(None), [1, 1]),
        np.array([[0, 1], [1, 0]]),
        (..., np.array([0, -1])),
        slice(2, 2),
        [],
        4,
        (0, 0, 0, 0),
        [5],
        (0, 7),
    ],
    ids=str,
)
def test_as_torch(index):
    same_as_torch(lambda x: x[index], lambda x: x[index], A)


def test_masks_as_torch():
    torch = pytest.importorskip("torch")
    same_as_torch(lambda x: x[MASK], lambda x: x[torch.tensor(MASK)], A)
    same_as_torch(lambda x: x[MASK[:, 0, 0]], lambda x: x[torch.tensor(MASK[:, 0, 0])], A)
    same_as_torch(lambda x: x[:, MASK[0]], lambda x: x[:, torch.tensor(MASK[0])], A)
    same_as_torch(lambda x: x[MASK[0]], lambda x: x[torch.tensor(MASK[0])], A)


def test_tensors_are_indices():
    x = mm.Tensor(A)
    np.testing.assert_array_equal(x[mm.Tensor(np.array([1, 2]))].data, A[[1, 2]])
    np.testing.assert_array_equal(x[x > 0.3].data, A[MASK])


def test_repeated_elements_add_up():
    x = mm.Tensor(np.zeros(3), requires_grad=True)
    x[np.array([0, 0, 0, 2])].sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 0, 1])
    assert_slopes(lambda x: x[[0, 0, 1], 1:], A[:, :, 0])


def test_changing_the_index_later_changes_nothing():
    x, index = mm.Tensor(np.zeros(3), requires_grad=True), np.array([0, 0])
    y = x[index].sum()
    index[:] = 2
    y.backward()
    np.testing.assert_array_equal(x.grad, [2, 0, 0])


def test_no_such_element():
    with pytest.raises(IndexError):
        mm.Tensor(A)[4]
    with pytest.raises(IndexError):
        mm.Tensor(A)[1.5]
