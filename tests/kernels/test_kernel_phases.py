"""Columns sorted by phase and merged again, for every number of images that registers can hold, and some that they cannot."""

import numpy as np
import pytest

from minimix.kernels.jit import kernel
from minimix.kernels.phases import merge, merge_two, sort, split

GUARD = -77.0


@kernel
def sorted_columns(out, a, b, x, i, columns, images):
    sort(out, a, b, x, i, columns, images)


@kernel
def merged_columns(out, o, x, a, b, columns, images):
    merge_two(out, o, x, a, b, columns, images)


@kernel
def split_row(phased, x, at, run, images):
    split(phased, x, at, run, images)


@kernel
def merge_row(out, at, phased, run, width, images, first):
    merge(out, at, phased, run, width, images, first)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("images", [1, 2, 3, 4, 5, 8, 16, 20])
def test_two_phases(images, dtype):
    for columns in (1, 2, 3, 7, 8, 15, 16, 17, 18, 30, 31, 56, 63):
        x = np.arange(1, columns * images + 1).astype(dtype)
        row, half = x.reshape(columns, images), (columns + 1) // 2 * images
        expected = np.full(x.size + 11, GUARD, dtype)
        expected[2 : 2 + half], expected[half + 5 : x.size + 5] = row[::2].ravel(), row[1::2].ravel()
        out = np.full_like(expected, GUARD)
        sorted_columns(out, 2, half + 5, np.concatenate([[GUARD], x]).astype(dtype), 1, columns, images)
        np.testing.assert_array_equal(out, expected)
        back = np.full(x.size + 4, GUARD, dtype)
        merged_columns(back, 3, out, 2, half + 5, columns, images)
        np.testing.assert_array_equal(back, [GUARD] * 3 + [*x, GUARD])


@pytest.mark.parametrize("phases", [1, 2, 3])
@pytest.mark.parametrize("images", [1, 3, 4, 16])
def test_a_row_in_phases_and_back(images, phases):
    width = 13
    row = np.random.default_rng(0).standard_normal((width, images)).astype(np.float32)
    run = np.array([len(range(p, width, phases)) * images for p in range(phases)])
    phased = np.zeros(row.size, np.float32)
    split_row(phased, row.ravel(), 0, run, images)
    np.testing.assert_array_equal(phased, np.concatenate([row[p::phases].ravel() for p in range(phases)]))
    out = np.ones(row.size, np.float32)
    merge_row(out, 0, phased, run, width, images, False)
    np.testing.assert_array_equal(out, 1 + row.ravel())
    merge_row(out, 0, phased, run, width, images, True)
    np.testing.assert_array_equal(out, row.ravel())
