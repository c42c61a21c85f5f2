"""Boxes: areas and shares counted in pixels, codes there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minimix.detection import area, clip, decode, encode, intersection_over_union
from minimix.detection.boxes import FARTHEST, SIZE

whole = arrays(np.float64, (3, 4), elements=st.integers(0, 20).map(float)).map(
    lambda b: np.sort(b.reshape(-1, 2, 2), axis=1).reshape(-1, 4)
)


def pixels(box):
    mask = np.zeros((20, 20), bool)
    left, top, right, bottom = map(int, box)
    mask[top:bottom, left:right] = True
    return mask


@given(whole, whole)
def test_shares_are_those_of_the_pixels(first, second):
    expected = [[(a & b).sum() / max(1, (a | b).sum()) for b in map(pixels, second)] for a in map(pixels, first)]
    found = intersection_over_union(first, second)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(found, intersection_over_union(second, first).T)
    np.testing.assert_array_equal(area(first), [pixels(box).sum() for box in first])


def test_codes_there_and_back():
    rng = np.random.default_rng(0)
    corner, side = rng.uniform(-5, 60, (2, 50, 2)), rng.uniform(1, 40, (2, 50, 2))
    boxes, anchors = (np.concatenate([c, c + s], axis=1) for c, s in zip(corner, side, strict=True))
    np.testing.assert_allclose(decode(encode(boxes, anchors), anchors), boxes, rtol=1e-12, atol=1e-10)
    np.testing.assert_array_equal(encode(anchors, anchors), 0)
    moved = encode(boxes + 3, anchors + 3)
    np.testing.assert_allclose(moved, encode(boxes, anchors), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(encode(boxes * 2, anchors * 2), encode(boxes, anchors), rtol=1e-9, atol=1e-9)


def test_no_code_is_too_large():
    box = decode([[0.0, 0.0, 1e30, -1e30]], [[10.0, 10, 20, 20]])
    assert np.isfinite(box).all() and (box[0, 2] - box[0, 0]) == pytest.approx(640) and box[0, 3] > box[0, 1]
    assert decode([[0, 0, FARTHEST / SIZE, 0]], [[0.0, 0, 1, 1]])[0, 2] == pytest.approx(32.5)


def test_what_is_clipped_lies_within():
    boxes = np.array([[-5.0, -5, 70, 80], [3, 4, 5, 6], [70, -9, 90, -3]])
    np.testing.assert_array_equal(clip(boxes, 64, 32), [[0, 0, 32, 64], [3, 4, 5, 6], [32, 0, 32, 0]])


@pytest.mark.parametrize(
    "call", [area, lambda b: clip(b, 4, 4), lambda b: intersection_over_union(b, b), lambda b: encode(b, b)]
)
@pytest.mark.parametrize(
    ("boxes", "words"),
    [
        ([[0, 0, 4]], "left, top, right, bottom"),
        ([[0, 0, 4, np.nan]], "NaN"),
        ([[0, 0, 2, 2], [5, 5, 3, 9]], r"\[5.0, 5.0, 3.0, 9.0\] ends before it begins"),
        (3.0, "none at all is"),
    ],
)
def test_refusals(call, boxes, words):
    with pytest.raises(ValueError, match=words):
        call(boxes)


def test_empty_boxes_have_no_code_and_no_boxes_are_fine():
    with pytest.raises(ValueError, match="area above 0"):
        encode([[0, 0, 0, 4]], [[0, 0, 4, 4]])
    none = np.zeros((0, 4))
    assert intersection_over_union(none, [[0, 0, 1, 1]]).shape == (0, 1) and encode(none, none).shape == (0, 4)
