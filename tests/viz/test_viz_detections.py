"""Pictures with boxes: each box is where it should be, and all that is written can be read."""

import numpy as np
import pytest
from looks import texts

from minimix import viz

CLASSES = ("disc", "ring", "square", "triangle", "cross")
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 3, 64, 64), np.uint8)
REAL = [([[8.0, 16, 24, 48]], [1]), ([[0, 0, 40, 40], [30, 30, 60, 60]], [0, 4]), *[(np.zeros((0, 4)), [])] * 4]
FOUND = [([[9.0, 16, 24, 46], [40, 40, 60, 60]], [1, 2], [0.9, 0.3]), *[(np.zeros((0, 4)), [], [])] * 5]


def test_boxes_are_drawn_in_place_and_counted():
    figure = viz.detections(IMAGES, REAL, FOUND, CLASSES, "scenes with a title that is quite long", columns=3)
    shown = texts(figure)
    assert {"1 true, 1 found", "2 true, 0 found", "disc", "ring", "cross", "true", "found"} <= set(shown)
    assert "square" not in shown  # too unsure
    (ax,) = figure.axes
    left, right, _, top = ax.images[0].get_extent()
    pixel = (right - left) / 64
    boxes = [patch.get_bbox() for patch in ax.patches]
    assert len(boxes) == 3 * 4  # each line with white and black beside it
    assert (boxes[0].x0 - left) / pixel == pytest.approx(8) and (boxes[0].y0 - top) / pixel == pytest.approx(16)
    assert boxes[0].width / pixel == pytest.approx(16) and boxes[0].height / pixel == pytest.approx(32)
    assert "3 objects" in figure.alt and "ring" in figure.alt


def test_what_is_there_alone():
    shown = texts(viz.detections(IMAGES[:1], REAL[:1], classes=CLASSES))
    assert "1 true" in shown and "found" not in shown
    assert len(texts(viz.detections(IMAGES, [REAL[2]] * 6))) == 7  # a line for each picture, and what a dashed box is


def test_boxes_of_another_kind_have_their_own_words():
    figure = viz.detections(IMAGES[:1], REAL[:1], FOUND[:1], CLASSES, called=("objects", "anchors"))
    assert {"1 objects, 1 anchors", "objects", "anchors"} <= set(texts(figure)) and "true" not in texts(figure)
    with pytest.raises(ValueError, match="two words"):
        viz.detections(IMAGES[:1], REAL[:1], classes=CLASSES, called=("anchors",))


def test_pictures_have_titles_of_ones_own_and_a_word_may_be_left_out():
    figure = viz.detections(IMAGES[:2], REAL[:2], classes=CLASSES, called=("", ""), titles=["first", "second"])
    assert set(texts(figure)) == {"first", "second", "ring", "disc", "cross"}
    assert len(figure.axes[0].patches) == 3 * 3 and "first and second" in figure.alt
    both = viz.detections(IMAGES[:1], REAL[:1], FOUND[:1], CLASSES, called=("", "anchor"))
    assert {"1 anchor", "ring", "anchor"} <= set(texts(both))
    with pytest.raises(ValueError, match="titles: 1 of them for 2"):
        viz.detections(IMAGES[:2], REAL[:2], classes=CLASSES, titles=["one"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((IMAGES[0], REAL), "images"),
        ((IMAGES[:0], []), "nothing to draw"),
        ((IMAGES, REAL[:2]), "one for each image"),
        ((IMAGES, REAL, FOUND[:1], CLASSES), "one for each image"),
        ((IMAGES, REAL, FOUND, CLASSES[:2]), "there are 2 classes"),
        ((IMAGES[:1], [([[0, 0, 1, 1]], [])]), "one for each box"),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(ValueError, match=words):
        viz.detections(*arguments)
