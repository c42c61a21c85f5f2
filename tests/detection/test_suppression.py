"""Non-maximum suppression: the kernel against the definition, and what holds of both."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minimix import reference
from minimix.detection import intersection_over_union, suppress


def drawn(seed, n=25):
    """On a coarse grid, so that many share alike and are equally sure."""
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 12, (n, 2)) / 2
    boxes = np.concatenate([corner, corner + rng.integers(0, 9, (n, 2)) / 2], axis=1)
    return boxes, rng.integers(0, 6, n) / 5, rng.integers(0, 2, n)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 1.0]))
def test_the_kernel_is_the_definition(seed, threshold):
    boxes, scores, labels = drawn(seed)
    for own in (None, labels):
        kept = suppress(boxes, scores, threshold, own)
        np.testing.assert_array_equal(kept, reference.suppress(boxes, scores, threshold, own))
        assert (np.diff(scores[kept]) <= 0).all()
        groups = np.zeros(len(boxes), int) if own is None else own
        shared = np.where(groups[:, None] == groups, intersection_over_union(boxes, boxes), 0.0)
        among = shared[np.ix_(kept, kept)] - np.eye(len(kept)) * 2
        assert (among <= threshold).all()  # those that stay leave each other alone
        gone = np.setdiff1d(np.arange(len(boxes)), kept)
        surer = shared[np.ix_(gone, kept)] * (scores[kept] >= scores[gone][:, None])
        assert (surer.max(axis=1, initial=0.0) > threshold).all()  # each that goes has a reason


@pytest.mark.parametrize("seed", range(5))
def test_the_same_as_torchvision(seed):
    ops = pytest.importorskip("torchvision.ops")
    import torch

    boxes, scores, _ = drawn(seed)
    scores = scores + np.random.default_rng(seed).random(len(scores)) / 100  # it says nothing about equals
    expected = ops.nms(torch.tensor(boxes), torch.tensor(scores), 0.4).numpy()
    np.testing.assert_array_equal(suppress(boxes, scores, 0.4), expected)


def test_few_and_refused():
    assert suppress(np.zeros((0, 4)), np.zeros(0)).shape == (0,)
    assert suppress([[0, 0, 1, 1]], [-5.0]).tolist() == [0]
    with pytest.raises(ValueError, match="do not fit"):
        suppress([[0, 0, 1, 1]], [1, 2])
    with pytest.raises(ValueError, match="do not fit"):
        suppress([[0, 0, 1, 1]], [1], labels=[1, 2])
    with pytest.raises(ValueError, match="NaN"):
        suppress([[0, 0, 1, 1]], [np.nan])
    with pytest.raises(ValueError, match="threshold"):
        suppress([[0, 0, 1, 1]], [1], 2)
    with pytest.raises(ValueError, match="ends before"):
        suppress([[2, 0, 1, 1]], [1])
