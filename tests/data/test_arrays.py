"""Arrays of many kinds become one kind of data set, or are refused."""

import numpy as np
import pytest

from minimix.data import Dataset, from_arrays

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 3, 8, 10), np.uint8)  # (N, C, H, W)
PIXELS[0, 0, 0, :2] = 0, 255  # every range is used to its ends
GREY = PIXELS[:, :1]
LABELS = np.arange(6) % 3


def same(made, expected=PIXELS):
    assert made.images.dtype == np.uint8 and made.images.flags.c_contiguous
    np.testing.assert_array_equal(made.images, np.broadcast_to(expected, (6, 3, 8, 10)))


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize(
    "kind, said",
    [
        (lambda x: x, None), (lambda x: x / 255, "float64 from 0 to 1"), (lambda x: np.float32(x / 255), "float32 from 0 to 1"),
        (lambda x: x.astype(np.float16), "float16 from 0 to 255"), (lambda x: (x + 0.25).astype(">f4"), ">f4 from 0 to 255"),
        (lambda x: x.astype(np.int64), "int64 from 0 to 255"),
        (lambda x: x.astype(np.uint16) * 256 + 9, "uint16 from 0 to 65535"),
        (lambda x: x.tolist(), "int64 from 0 to 255"), (lambda x: (x / 255) * 1.0005, "float64 from 0 to 1"),
        (np.asfortranarray, None), (lambda x: x[::-1][::-1], None),
    ],
)  # fmt: skip
def test_colour(kind, said, channels_last):
    images = np.moveaxis(PIXELS, 1, -1) if channels_last else PIXELS
    made = from_arrays(kind(np.ascontiguousarray(images)), LABELS, name="pets")
    same(made)
    if said is None and not channels_last:
        assert made.note == ""
    else:
        assert "\n" not in made.note and made.note.startswith("pets: images were ") and made.note.endswith(" now")
        assert (said or "") in made.note and ("(N, H, W, C)" in made.note) == channels_last
    same(Dataset(kind(np.ascontiguousarray(images)), LABELS))  # the class itself converts, too


@pytest.mark.parametrize("images", [GREY, GREY[:, 0], np.moveaxis(GREY, 1, -1), GREY[:, 0] / 255, GREY.astype(np.float32)])
def test_grey(images):
    made = from_arrays(images, LABELS)
    same(made, GREY)
    assert "grey" in made.note


@pytest.mark.parametrize("axis", [1, -1])
def test_transparency_is_dropped(axis):
    images = np.concatenate([PIXELS, np.zeros_like(GREY)], axis=1)
    made = from_arrays(np.moveaxis(images, 1, axis), LABELS)
    same(made)
    assert "transparency dropped" in made.note


def test_black_and_white():
    made = from_arrays(GREY[:, 0] > 127, LABELS)
    same(made, (GREY > 127) * np.uint8(255))


def test_pictures_four_pixels_wide_are_no_riddle():
    assert from_arrays(np.zeros((2, 3, 9, 4), np.uint8), [0, 1]).images.shape == (2, 3, 9, 4)
    assert from_arrays(np.zeros((2, 4, 9, 3), np.uint8), [0, 1]).images.shape == (2, 3, 4, 9)


def test_a_riddle_needs_a_word():
    riddle = np.arange(2 * 27, dtype=np.uint8).reshape(2, 3, 3, 3)
    with pytest.raises(ValueError, match="both axis 1 and axis 3 may be the channels: say layout="):
        from_arrays(riddle, [0, 1])
    np.testing.assert_array_equal(from_arrays(riddle, [0, 1], layout="NCHW").images, riddle)
    np.testing.assert_array_equal(from_arrays(riddle, [0, 1], layout="NHWC").images, riddle.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(Dataset(riddle, [0, 1]).images, riddle)  # what is stored there needs no word
    with pytest.raises(ValueError, match="NCHW, NHWC"):
        from_arrays(riddle, [0, 1], layout="CHWN")


@pytest.mark.parametrize(
    "images, message",
    [
        (np.zeros((6, 5, 8, 8)), "neither axis 1 nor axis 3"), (np.zeros((6, 192)), "reshape each row"),
        (np.zeros(6), "expected"),
        (np.full((6, 8, 8), np.nan), "NaN or infinity"), (np.full((6, 8, 8), np.inf), "NaN or infinity"),
        (np.linspace(-1, 1, 384).reshape(6, 8, 8), "-1 to 1, but expected 0 to 1 .normalised already"),
        (np.linspace(0, 1.5, 384).reshape(6, 8, 8), "neither 0 to 1 nor 0 to 255"),
        (np.linspace(0, 1000, 384).reshape(6, 8, 8), "neither 0 to 1 nor 0 to 255"),
        (np.full((6, 8, 8), 70_000), "70000 to 70000, but expected 0 to 65535"), (np.full((6, 8, 8), -1), "-1 to -1, but"),
    ],
)  # fmt: skip
def test_images_that_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        from_arrays(images, LABELS)


@pytest.mark.parametrize("images", [np.full((6, 8, 8), "x"), np.zeros((6, 8, 8), complex), [None] * 6])
def test_what_are_no_numbers(images):
    with pytest.raises(TypeError, match="expected numbers"):
        from_arrays(images, LABELS)


def test_white_can_be_said():
    dim = np.linspace(0, 1.5, 6 * 80).reshape(6, 8, 10)
    assert from_arrays(dim, LABELS, white=2).images.max() == 191
    assert from_arrays(np.full((6, 8, 10), 4095, np.uint16), LABELS, white=4095).images.min() == 255
    with pytest.raises(ValueError, match="expected 0 to 1"):
        from_arrays(dim, LABELS, white=1)


@pytest.mark.parametrize(
    "labels, classes, expected",
    [
        (["dog", "cat", "dog", "eel", "cat", "cat"], None, ("cat", "dog", "eel")),
        (np.array(["dog", "cat", "dog", "eel", "cat", "cat"], object), ["eel", "dog", "cat"], ("eel", "dog", "cat")),
        (LABELS.tolist(), None, ("0", "1", "2")), (LABELS.astype(np.uint8), ("a", "b", "c"), ("a", "b", "c")),
        (LABELS[:, None], None, ("0", "1", "2")), (LABELS > 0, None, ("0", "1")), (LABELS.astype(">i2"), None, ("0", "1", "2")),
    ],
)  # fmt: skip
def test_labels(labels, classes, expected):
    made = from_arrays(PIXELS, labels, classes)
    assert made.classes == expected and made.labels.dtype == np.int64
    found = [made.classes[label] for label in made.labels]
    named = [str(label) for label in np.ravel(labels)] if isinstance(labels[0], str) else None
    assert named is None or found == named


@pytest.mark.parametrize(
    "labels, error, message",
    [
        (np.eye(3)[LABELS], ValueError, r"labels.argmax\(axis=1\)"), (LABELS[:5], ValueError, "does not fit 6 images"),
        (LABELS.astype(float), TypeError, r"astype\(int\)"), (LABELS - 1, ValueError, "counted from 0"),
        (LABELS + 2000, ValueError, "more than there are images"), ([None] * 6, TypeError, "whole numbers or names"),
        (["a", 1, 2, 3, 4, None], TypeError, "whole numbers or names"), (np.zeros((2, 3, 1), int), ValueError, "does not fit"),
    ],
)  # fmt: skip
def test_labels_that_are_refused(labels, error, message):
    with pytest.raises(error, match=message):
        from_arrays(PIXELS, np.array(labels, object) if None in np.ravel(np.array(labels, object)).tolist() else labels)


def test_classes_are_checked():
    with pytest.raises(ValueError, match="'eel' among them, but the classes are cat, dog"):
        from_arrays(PIXELS, ["cat", "eel"] * 3, ("cat", "dog"))
    with pytest.raises(ValueError, match="different names"):
        from_arrays(PIXELS, LABELS, ("a", "a", "b"))
    assert from_arrays(PIXELS, LABELS + 1).note == "no image of class 0"


def test_a_pair_is_read_in_one_way():
    """The test images are dark, miss a class, and have statistics of their own: all that comes from the training images."""
    train_set, test_set = from_arrays(PIXELS / 1.0, ["a", "b", "c"] * 2, test=(np.full((2, 3, 8, 10), 0.6), ["c", "b"]))
    same(train_set)
    assert (test_set.images == 1).all(), "of 255, as in the training images"
    assert test_set.classes == ("a", "b", "c") and test_set.labels.tolist() == [2, 1]
    assert (test_set.mean, test_set.std) == (train_set.mean, train_set.std)
    with pytest.raises(ValueError, match="argmax"):
        from_arrays(PIXELS, LABELS, test=(PIXELS, np.eye(3)[LABELS]))


def test_images_of_one_colour_have_a_deviation():
    assert min(from_arrays(np.zeros((2, 3, 8, 8), np.uint8), [0, 1]).std) > 0
