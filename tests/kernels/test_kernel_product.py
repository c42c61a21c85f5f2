"""Products for every number of rows and columns that their blocks may end at, against NumPy."""

import numpy as np
import pytest

from minimix.kernels.product import FAR
from minimix.kernels.simd import BYTES
from minimix.ops.product import matrix_product, matrix_product_backward

COLUMNS = sorted({1, 2, 49, *(n + more for n in (BYTES // 8, BYTES // 4, BYTES, 2 * BYTES) for more in (-1, 0, 1)), 513, 1090})


def arrays(rows, inputs, columns, dtype):
    random = np.random.default_rng(0)
    shapes = (rows, inputs), (inputs, columns), (rows, columns)
    return [random.standard_normal(shape).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 67])
def test_every_size(rows, dtype):
    tolerance = {"rtol": 0, "atol": 2e-4 if dtype == np.float32 else 1e-11}
    for inputs in (1, 4, 7):
        for columns in COLUMNS:
            weight, x, gradient = arrays(rows, inputs, columns, dtype)
            around = np.full((rows + 2, columns), -77, dtype)  # nothing but the rows may be written
            assert matrix_product(weight, x, around[1:-1]).base is around
            np.testing.assert_allclose(around[1:-1], weight @ x, **tolerance)
            assert np.all(around[[0, -1]] == -77)
            gx = np.empty_like(x)
            np.testing.assert_allclose(matrix_product_backward(gradient, weight, x, gx), gradient @ x.T, **tolerance)
            np.testing.assert_allclose(gx, weight.T @ gradient, **tolerance)


@pytest.mark.parametrize("more", [0, 1, 8])
def test_past_the_caches(more):
    """Only where all addresses allow it; the same numbers in any case, and what is not finite stays in its column."""
    rows, inputs = 12, 3
    weight, x, _ = arrays(rows, inputs, FAR // (4 * rows) // 64 * 64 + 64 + more, np.float32)
    x[1, [5, 777]] = np.nan, np.inf
    out = matrix_product(weight, x, np.empty((rows, x.shape[1]), np.float32))
    few = matrix_product(weight, np.ascontiguousarray(x[:, :1000]), np.empty((rows, 1000), np.float32))
    np.testing.assert_array_equal(out[:, :1000], few)
    assert not np.isfinite(out[:, [5, 777]]).any() and np.isfinite(out).sum() == rows * (x.shape[1] - 2)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(out, weight @ x, rtol=0, atol=1e-5)
    shifted = np.empty(out.size + 1, np.float32)[1:].reshape(out.shape)  # begins in the middle of a register
    np.testing.assert_array_equal(matrix_product(weight, x, shifted), out)
