"""Scenes: the same for ever, and as they are said to be."""

import sys
import zlib

import numpy as np
import pytest

from minimix.data.draws import Draws
from minimix.detection.scenes import CLASSES, MOST, SEEN, SIDE, SIZES, scene, scenes

SOME = scenes("train", 120)


def test_a_seed_gives_the_same_bytes_on_every_machine():
    images, objects = scenes("test", 20, seed=1)
    assert zlib.crc32(images.tobytes()) == 755996574
    assert zlib.crc32(b"".join(part.tobytes() for one in objects for part in one)) == 796597466


def test_scenes_follow_from_their_number():
    images, objects = scenes("train", 7)
    np.testing.assert_array_equal(images, SOME.images[:7])
    np.testing.assert_array_equal(objects[6].boxes, SOME.objects[6].boxes)
    assert all((other[0] != images[0]).any() for other in (scenes("test", 1).images, scenes("train", 1, seed=1).images))


def test_boxes_are_within_the_picture_of_all_sizes_and_numbers():
    boxes = np.concatenate([one.boxes for one in SOME.objects])
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    assert boxes.min() >= 0 and boxes.max() <= SIDE and (boxes == boxes.round()).all()
    assert (sides >= SIZES[0]).all() and (sides <= SIZES[-1]).all() and sides.min() == SIZES[0] and sides.max() == SIZES[-1]
    assert {len(one.labels) for one in SOME.objects} == set(range(1, MOST + 1))
    assert set(np.concatenate([one.labels for one in SOME.objects])) == set(range(len(CLASSES)))
    assert SOME.images.dtype == np.uint8 and SOME.images.shape == (120, 3, SIDE, SIDE)
    for one in SOME.objects:
        own = (one.boxes[:, 2:] - one.boxes[:, :2]).max(axis=1)
        assert (np.diff(own) <= 2).all()  # larger ones first; a pixel more or less by rounding


def test_each_shape_is_seen_in_its_box(monkeypatch):
    """A shape's pixels reach all four edges of its box, and no more than is said of them is covered by smaller ones."""
    module = sys.modules[scene.__module__]
    kept = []
    monkeypatch.setattr(module, "_painted", lambda masks, draws: kept.append(masks) or np.zeros((3, SIDE, SIDE), np.uint8))
    for number in range(60):
        _, objects = scene(Draws(1, number))
        for i, (mask, box) in enumerate(zip(kept[-1], objects.boxes.astype(int), strict=True)):
            left, top, right, bottom = box
            inside = mask[top:bottom, left:right]
            assert mask.sum() == inside.sum() and all(
                edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1])
            )
            over = np.logical_or.reduce([np.zeros_like(mask), *kept[-1][i + 1 :]])
            assert (mask & ~over).sum() * SEEN[1] >= mask.sum() * SEEN[0]


@pytest.mark.parametrize("arguments", [("val", 3), ("train", 0), ("train", 2.5), ("train", 3, -1)])
def test_refusals(arguments):
    with pytest.raises((ValueError, TypeError)):
        scenes(*arguments)
