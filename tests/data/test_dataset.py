import dataclasses

import numpy as np
import pytest

from minimix.data import Dataset
from minimix.data.dataset import channel_statistics


def make(n=6, **changes):
    rng = np.random.default_rng(0)
    parts = {
        "images": rng.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8),
        "labels": np.arange(n) % 3,
        "classes": ("a", "b", "c"),
        "name": "made",
    }
    return Dataset(**{**parts, **changes})


def test_statistics_are_those_of_the_images():
    images = make(40).images
    mean, std = channel_statistics(images)
    np.testing.assert_allclose(mean, (images / 255).mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(std, (images / 255).std((0, 2, 3)), rtol=1e-12)


def test_computed_where_not_given_and_kept_by_a_subset():
    data = make(6, std=(0.5, 0.25, 0.125))
    assert data.mean == channel_statistics(data.images)[0] and data.std == (0.5, 0.25, 0.125)
    part = data.subset(slice(0, 6, 2))
    assert part.mean == data.mean and len(part) == 3 and part.labels.tolist() == [0, 2, 1]
    assert part.images.flags.c_contiguous
    np.testing.assert_array_equal(part.images, data.images[::2])


def test_frozen_and_int64():
    data = make(labels=np.zeros(6, np.uint8))
    assert data.labels.dtype == np.int64
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.labels = None


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"images": np.zeros((6, 2, 32, 32), np.uint8)}, ValueError, r"\(N, 3, H, W\)"),
        ({"labels": np.zeros(5, np.int64)}, ValueError, "does not fit 6 images"),
        ({"labels": np.zeros(6)}, TypeError, "whole numbers"),
        ({"labels": np.full(6, 3)}, ValueError, "3 to 3"),
        ({"labels": np.full(6, -1)}, ValueError, "-1 to -1"),
        ({"std": (1, 0, 1)}, ValueError, "std above 0"),
        ({"mean": (1, 0)}, ValueError, "three numbers"),
    ],
)
def test_refusals(changes, error, message):
    with pytest.raises(error, match=message):
        make(**changes)
