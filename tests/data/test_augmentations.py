"""What may be said for ``augment``, and what functions of your own get and give."""

import numpy as np
import pytest

from minimix.data import Augment, Batches, Dataset
from minimix.data.augmentations import augmentations


def noise(images, rng):
    return images ^ rng.integers(0, 8, images.shape, np.uint8)


def darker(images):
    return images // 2


class Invert:
    def __call__(self, images, rng):
        return 255 - images


@pytest.fixture
def pets():
    pixels = np.random.default_rng(0).integers(0, 256, (10, 3, 8, 8), np.uint8)
    return Dataset(pixels, np.arange(10) % 2, ("cat", "dog"), "pets", (0, 0, 0), (1, 1, 1))


@pytest.mark.parametrize(
    "given, names",
    [
        (None, ()), ("none", ()), ("", ()), ((), ()), ("flip", ("flip",)), ("cutout , crop", ("crop", "cutout")),
        ("crop=4", ("crop",)), ("crop = 6,flip", ("flip", "crop=6")), (["cutout=16", "flip"], ("flip", "cutout=16")),
        (Augment("alternate", 3), ("alternate", "crop=3")), ("crop, alternate", ("alternate", "crop")),
        (Augment(), ("flip", "crop")), (Augment(False, 6, 16), ("crop=6", "cutout=16")), (Augment(False, 0, 0), ()),
        ([Augment(), "cutout"], ("flip", "crop", "cutout")), (noise, ("own:noise",)), ([darker, "flip"],
        ("flip", "own:darker")),
        (Invert(), ("own:Invert",)), ([noise, darker], ("own:noise", "own:darker")), ({"flip"}, ("flip",)),
        (("crop=4", "crop"), ("crop",)), (("flip", "own:noise"), ("flip", "own:noise")),
    ],
)  # fmt: skip
def test_names_are_in_one_order_and_come_back(given, names):
    assert augmentations(given).names == names
    assert augmentations(list(names)).names == names  # as a recipe holds them


@pytest.mark.parametrize("augment", [Augment(), Augment(False, 3, 5), Augment(True, 0, 0), Augment("alternate", 2)])
def test_an_augment_survives_its_names(augment):
    assert augmentations(augment).standard() == augmentations(augmentations(augment).names).standard() == augment


@pytest.mark.parametrize(
    "given",
    [
        "flop",
        "flip=2",
        "alternate=2",
        "flip,alternate",
        "crop=0",
        "crop=-1",
        "crop=x",
        3,
        ["flip", 3],
        Augment,
        ["crop=4", "crop=5"],
        [Augment(), "crop=5"],
    ],
)
def test_what_is_none_is_refused(given):
    with pytest.raises((TypeError, ValueError), match="augment"):
        augmentations(given)


def test_a_function_gets_a_batch_and_what_it_gives_is_trained_on(pets):
    seen = []

    def watch(images, rng):
        assert isinstance(rng, np.random.Generator) and images.dtype == np.uint8 and images.flags.c_contiguous
        seen.append(images.copy())
        images[...] = 7  # its own: it may
        return images

    before = pets.images.copy()
    batches = Batches(pets, 4, augment=watch)
    for (images, labels), expected in zip(batches.epoch(0), (4, 4, 2), strict=True):
        assert images.shape == (expected, 3, 8, 8) and len(labels) == expected
        np.testing.assert_allclose(images, 7 / 255, rtol=1e-6)
    np.testing.assert_array_equal(np.concatenate(seen), before)
    np.testing.assert_array_equal(pets.images, before)


def test_functions_come_one_after_the_other_and_before_the_rest(pets):
    images, _ = next(Batches(pets, 10, augment=[darker, Invert(), "flip"], seed=3).epoch(0))
    expected = Dataset(255 - pets.images // 2, pets.labels, pets.classes, "same", pets.mean, pets.std)
    np.testing.assert_array_equal(images, next(Batches(expected, 10, augment="flip", seed=3).epoch(0))[0])


def test_random_numbers_follow_from_seed_epoch_and_batch(pets):
    def first(epoch, batch, **options):
        return next(Batches(pets, 4, augment=noise, **options).epoch(epoch, batch))[0]

    np.testing.assert_array_equal(list(Batches(pets, 4, augment=noise).epoch(2))[1][0], first(2, 1))
    for other in (first(3, 0), first(2, 0, seed=1)):
        assert not np.array_equal(first(2, 0), other)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda x: x / 255, "<lambda> gave float64 .* expected the same of both: round, clip"),
        (lambda x: x[:, :, 1:], r"gave uint8 \(10, 3, 7, 8\) for uint8 \(10, 3, 8, 8\)"),
        (lambda x: None, "gave object"),
    ],
)
def test_what_a_function_gives_is_checked(pets, wrong, message):
    def named(images):
        return wrong(images)

    named.__qualname__ = "<lambda>"
    with pytest.raises(ValueError, match=f"(?s)augment: .*{message}"):
        next(Batches(pets, 10, augment=named).epoch(0))


def test_a_function_in_a_file(tmp_path, pets):
    (tmp_path / "own one.py").write_text("def brighter(images, rng):\n    return images | 128\n")
    chosen = augmentations(f"flip,{tmp_path / 'own one.py'}:brighter")
    assert chosen.names == ("flip", f"own:{tmp_path / 'own one.py'}:brighter") and len(chosen.own) == 1
    assert augmentations(chosen.names).own == chosen.own  # found again
    images, _ = next(Batches(pets, 10, augment=f"{tmp_path / 'own one.py'}:brighter").epoch(0))
    np.testing.assert_allclose(images, (pets.images | 128) / 255, rtol=1e-6)
    with pytest.raises(FileNotFoundError, match=r"no file gone\.py"):
        augmentations("gone.py:brighter")
