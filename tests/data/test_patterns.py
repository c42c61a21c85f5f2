import hashlib

import numpy as np
import pytest

from minimix.data import patterns10
from minimix.data.dataset import channel_statistics
from minimix.data.patterns import CHUNK, MEAN, SHAPES, STD, TEXTURES


@pytest.fixture(scope="module")
def train():
    return patterns10("train")


def test_what_it_is(train):
    test = patterns10("test")
    assert (len(train), len(test)) == (10_000, 2_000)
    assert train.images.shape == (10_000, 3, 32, 32) and train.images.dtype == np.uint8
    assert len(train.classes) == 10 == len(SHAPES) * len(TEXTURES)
    assert np.bincount(train.labels).tolist() == [1000] * 10 and np.bincount(test.labels).tolist() == [200] * 10
    assert train.mean == test.mean == MEAN and train.std == test.std == STD


def test_mean_and_std_are_the_training_images(train):
    np.testing.assert_allclose(channel_statistics(train.images), (MEAN, STD), atol=6e-5)


def test_the_same_bytes_on_every_machine():
    """Changing this figure changes the set: then every accuracy in the documents must be measured again."""
    data = patterns10("train", size=CHUNK + 100)
    digest = hashlib.sha256(data.images.tobytes() + data.labels.astype("<i8").tobytes()).hexdigest()
    assert digest == "54b2c89cedcf5c8f1f2aba345e8ae467863230ee347bca663069e4c916db023b"


def test_a_smaller_set_is_the_beginning_and_seeds_differ(train):
    small = patterns10("train", size=CHUNK + 7)
    np.testing.assert_array_equal(small.images, train.images[: CHUNK + 7])
    np.testing.assert_array_equal(small.labels, train.labels[: CHUNK + 7])
    assert (patterns10("train", 50, seed=1).images != small.images[:50]).any()


def test_no_picture_twice(train):
    everything = {image.tobytes() for image in train.images} | {image.tobytes() for image in patterns10("test").images}
    assert len(everything) == 12_000


def test_place_and_colour_do_not_tell_the_class(train):
    """The mean colour of the classes differs by no more than chance."""
    means = train.images.mean((2, 3))
    of_class = np.array([means[train.labels == label].mean(0) for label in range(10)])
    assert np.ptp(of_class, axis=0).max() < 5 * means.std(0).max() / np.sqrt(1000) * 2


def test_texture_is_gone_at_a_coarse_scale_and_clear_at_a_fine_one(train):
    """Mean square of the second difference across and down, which checks have in both directions at once."""
    brightness = train.images[:4000].astype(np.float64).mean(1)
    texture = train.labels[:4000] % 2

    def separation(pictures):
        mixed = pictures[:, 2:, 2:] - pictures[:, 2:, :-2] - pictures[:, :-2, 2:] + pictures[:, :-2, :-2]
        score = (mixed**2).mean((1, 2)) / pictures.var((1, 2))
        right = (score > np.median(score)) == (texture == 0)
        return right.mean()

    assert separation(brightness) > 0.85
    assert separation(brightness.reshape(-1, 8, 4, 8, 4).mean((2, 4))) < 0.6


def test_a_line_through_the_pixels_cannot_tell(train):
    """Least squares on the raw pixels stays near chance: what is learnt here needs convolution."""
    flat = train.images.reshape(len(train), -1)[:, ::3].astype(np.float64) / 255
    weight = np.linalg.lstsq(np.c_[flat, np.ones(len(flat))], np.eye(10)[train.labels], rcond=None)[0]
    test = patterns10("test")
    test_flat = np.c_[test.images.reshape(len(test), -1)[:, ::3] / 255, np.ones(len(test))]
    assert ((test_flat @ weight).argmax(1) == test.labels).mean() < 0.2


@pytest.mark.parametrize("options", [{"split": "dev"}, {"size": 0}, {"size": 1.5}])
def test_refusals(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        patterns10(**options)
