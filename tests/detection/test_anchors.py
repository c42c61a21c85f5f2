"""Anchors and which object each stands for."""

import numpy as np
import pytest

from minimix.detection import anchors, intersection_over_union, match, scenes
from minimix.detection.anchors import BACKGROUND
from minimix.detection.network import LEVELS
from minimix.detection.scenes import SIDE

ALL = anchors(LEVELS, SIDE)


def test_anchors_cover_the_picture_in_the_order_of_the_maps():
    assert ALL.shape == (8 * 8 * 3 + 4 * 4 * 3, 4)
    middles, sides = (ALL[:, :2] + ALL[:, 2:]) / 2, ALL[:, 2:] - ALL[:, :2]
    np.testing.assert_array_equal(sides[:3, 0], LEVELS[0].sides)
    np.testing.assert_array_equal(sides[-3:, 1], LEVELS[1].sides)
    np.testing.assert_array_equal(middles[[0, 3, 24, 192]], [[4, 4], [12, 4], [4, 12], [8, 8]])  # x goes first
    np.testing.assert_allclose(middles.mean(axis=0), SIDE / 2)
    with pytest.raises(ValueError, match="does not divide"):
        anchors(LEVELS, 60)


def test_each_object_has_an_anchor_and_each_anchor_that_shares_enough_its_object():
    for objects in scenes("train", 50).objects:
        number = match(ALL, objects.boxes)
        shared = intersection_over_union(ALL, objects.boxes)
        assert set(range(len(objects.boxes))) <= set(number)
        enough = shared.max(axis=1) >= 0.5
        assert (number[enough] != BACKGROUND).all()
        own = np.flatnonzero(number >= 0)
        assert (shared[own, number[own]] > 0).all()
        assert (number[~enough] >= 0).sum() <= len(objects.boxes)  # below the threshold only one for each object


def brute(anchors, boxes, threshold):
    """The definition, pair by pair."""
    shared = intersection_over_union(anchors, boxes)
    found = [int(np.argmax(row)) if row.size and row.max() >= threshold else BACKGROUND for row in shared]
    pairs = sorted(((-shared[a, b], a, b) for a, b in np.ndindex(shared.shape) if shared[a, b] > 0))
    taken_anchors, taken_boxes = set(), set()
    for _, a, b in pairs:
        if a not in taken_anchors and b not in taken_boxes:
            found[a] = b
            taken_anchors.add(a)
            taken_boxes.add(b)
    return found


@pytest.mark.parametrize("seed", range(10))
def test_matching_is_the_definition(seed):
    rng = np.random.default_rng(seed)

    def boxes(n):
        corner = rng.integers(0, 12, (n, 2)).astype(float)
        return np.concatenate([corner, corner + rng.integers(1, 9, (n, 2))], axis=1)

    some, few, threshold = boxes(rng.integers(1, 12)), boxes(rng.integers(0, 5)), rng.choice([0.3, 0.5, 0.9])
    np.testing.assert_array_equal(match(some, few, threshold), brute(some, few, threshold))


def test_of_two_objects_that_want_one_anchor_the_nearer_gets_it():
    number = match([[0, 0, 10, 10], [0, 6, 10, 16]], [[0, 1, 10, 11], [0, 0, 10, 9]])
    np.testing.assert_array_equal(number, [1, 0])


def test_nothing_to_match():
    np.testing.assert_array_equal(match(ALL, np.zeros((0, 4))), np.full(len(ALL), BACKGROUND))
    assert match([[0, 0, 4, 4]], [[50, 50, 60, 60]]).tolist() == [BACKGROUND]  # shares nothing
    with pytest.raises(ValueError, match="threshold"):
        match(ALL, np.zeros((0, 4)), 0)
