import numpy as np
import pytest
from helpers import assert_slopes, same_as_torch

import minimix as mm
import minimix.functional as F
from minimix.ops.product import matrix_product, matrix_product_backward

rng = np.random.default_rng(0)


@pytest.mark.parametrize(
    "a, b",
    [
        ((2, 3), (3, 4)),
        ((3,), (3,)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)),
        ((5, 2, 3), (3,)),
        ((3,), (5, 3, 4)),
        ((5, 1, 2, 3), (6, 3, 4)),
        ((1, 2, 3), (5, 3, 4)),
        ((0, 3), (3, 2)),
        ((2, 0), (0, 3)),
        ((2, 3), (4, 3)),
        ((3,), (4,)),
        ((), (3,)),
        ((2, 3), ()),
        ((2, 2, 3), (3, 3, 4)),
    ],
    ids=str,
)
def test_as_torch(a, b):
    same_as_torch(
        lambda x, y: x @ y, lambda x, y: x @ y, np.asarray(rng.standard_normal(a)), np.asarray(rng.standard_normal(b))
    )


def test_slopes():
    assert_slopes(F.matmul, rng.standard_normal((2, 1, 2, 3)), rng.standard_normal((4, 3, 2)))
    assert_slopes(F.matmul, rng.standard_normal(3), rng.standard_normal((2, 3, 2)))
    assert_slopes(F.linear, rng.standard_normal((2, 3)), rng.standard_normal((4, 3)), rng.standard_normal(4))


def test_complex_goes_through():
    a, b = rng.standard_normal((2, 3)) + 1j, rng.standard_normal((3, 2)) - 2j
    x, y = mm.Tensor(a, requires_grad=True), mm.Tensor(b, requires_grad=True)
    (x @ y).backward(np.ones((2, 2)))
    np.testing.assert_allclose(x.grad, np.ones((2, 2)) @ b.T)  # plain derivatives: nothing conjugated


@pytest.mark.parametrize(
    "x, weight, bias",
    [
        ((5, 3), (4, 3), (4,)),
        ((3,), (4, 3), (4,)),
        ((2, 5, 3), (4, 3), (4,)),
        ((0, 3), (4, 3), (4,)),
        ((2, 0), (4, 0), (4,)),  # no features: the bias
        ((20, 0), (4, 0), (4,)),
        ((0,), (4, 0), (4,)),
        ((5, 3), (0, 3), (0,)),  # no outputs
        ((20, 3), (0, 3), (0,)),
        ((0, 0), (0, 0), (0,)),
        ((2, 0, 3), (4, 3), (4,)),
        ((5, 3), (3, 4), (4,)),
        ((5, 3), (4, 3), (3,)),
        ((), (4, 3), (4,)),
    ],
    ids=str,
)
def test_linear_as_torch(x, weight, bias):
    torch = pytest.importorskip("torch")
    arrays = [np.asarray(rng.standard_normal(shape)) for shape in (x, weight, bias)]
    same_as_torch(F.linear, torch.nn.functional.linear, *arrays)
    same_as_torch(F.linear, torch.nn.functional.linear, *arrays[:2])


def test_linear_takes_any_memory_order():
    x, weight = rng.standard_normal((3, 5)).T, rng.standard_normal((3, 4)).T
    assert_slopes(F.linear, x, weight)


def test_refusals():
    with pytest.raises(RuntimeError, match="a is float32 but b is float64"):
        F.matmul(np.ones((2, 2), np.float32), np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"in_features = 3; flatten"):
        F.linear(np.ones((2, 4)), np.ones((5, 3)))


def test_profile_counts_two_operations_for_each_product():
    with mm.time_ops() as report:
        F.matmul(np.ones((2, 3)), np.ones((3, 4)))
        F.linear(np.ones((2, 3)), np.ones((4, 3)))
    assert report.rows["matmul", "forward"][2] == report.rows["linear", "forward"][2] == 2 * 2 * 3 * 4


@pytest.mark.parametrize("shapes", [((2, 3), (4, 5), (2, 5)), ((2, 3), (3, 5), (2, 4)), ((2, 3), (3, 4), (3, 4))])
def test_matrices_that_do_not_fit_never_reach_the_loops(shapes):
    weight, x, out = (np.ones(shape, np.float32) for shape in shapes)
    with pytest.raises(ValueError, match="do not fit"):
        matrix_product(weight, x, out)
    with pytest.raises(ValueError, match="do not fit"):
        matrix_product_backward(out, weight, x, None)
