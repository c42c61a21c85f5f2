import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minimix.data import Augment, Batches, Dataset, make_batch, patterns10


@pytest.fixture(scope="module")
def data():
    return patterns10("test", size=50)


def same(one, other):
    one, other = list(one), list(other)
    assert len(one) == len(other)
    for (x, y), (x2, y2) in zip(one, other, strict=True):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(y, y2)


def test_in_order_it_is_the_dataset(data):
    batches = Batches(data, 16)
    assert len(batches) == 4
    images, labels = zip(*batches, strict=True)
    np.testing.assert_array_equal(np.concatenate(labels), data.labels)
    np.testing.assert_array_equal(np.concatenate(images), make_batch(data.images, np.arange(50), data.mean, data.std))
    for x in images:
        assert x.dtype == np.float32 and x.transpose(1, 2, 3, 0).flags.c_contiguous


def test_drop_last(data):
    assert [len(y) for _, y in Batches(data, 16, drop_last=True)] == [16, 16, 16]
    assert [len(y) for _, y in Batches(data, 16)] == [16, 16, 16, 2]
    with pytest.raises(ValueError, match="no batch: 50 images, batch_size 51"):
        Batches(data, 51, drop_last=True)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 30), st.integers(0, 2**40), st.integers(0, 1000), st.data())
def test_resuming_anywhere_is_bit_identical(batch_size, seed, epoch, draw):
    data = patterns10("test", size=20)

    def make():
        return Batches(data, batch_size, shuffle=True, augment=Augment(cutout=5), seed=seed)

    start = draw.draw(st.integers(0, len(make())))
    whole = list(make().epoch(epoch))
    resumed = make()
    list(resumed.epoch(epoch + 1))  # what was done before must not matter
    same(resumed.epoch(epoch, start=start), whole[start:])


def test_every_epoch_and_every_batch_is_its_own(data):
    """Each image once an epoch, in another order and otherwise moved in the next; other seeds, other orders."""
    batches = Batches(data, 10, shuffle=True, augment=Augment(), seed=3)
    orders = [batches.order(epoch) for epoch in range(4)]
    for order in orders:
        assert sorted(order) == list(range(50))
    assert len({tuple(order) for order in [*orders, Batches(data, 10, shuffle=True, seed=4).order(0)]}) == 5
    alike = Dataset(np.repeat(data.images[:1], 50, axis=0), np.zeros(50, int), data.classes, "alike")
    batches = Batches(alike, 10, augment=Augment(), seed=3)
    seen = {x.tobytes() for epoch in range(3) for x, _ in batches.epoch(epoch)}
    assert len(seen) == 15


def test_images_and_labels_stay_together(data):
    numbered = Dataset(data.images, np.arange(50), [str(i) for i in range(50)], "numbered", data.mean, data.std)
    for x, y in Batches(numbered, 8, shuffle=True, seed=1).epoch(2):
        np.testing.assert_array_equal(x, make_batch(data.images, y, data.mean, data.std))


def test_a_window_is_the_middle_of_the_same_images(data):
    options = {"batch_size": 16, "shuffle": True, "augment": Augment(cutout=8), "seed": 3}
    sides = {0: 24, 1: 13, 2: 32, 3: 40}
    whole, windows = Batches(data, **options), Batches(data, window=sides.get, **options)
    for epoch, side in sides.items():
        for (images, labels), (parts, same) in zip(whole.epoch(epoch), windows.epoch(epoch), strict=True):
            first = max(0, (32 - side) // 2)
            np.testing.assert_array_equal(parts, images[:, :, first : first + side, first : first + side])
            np.testing.assert_array_equal(same, labels)
            assert parts.transpose(1, 2, 3, 0).flags.c_contiguous
        assert windows.area(epoch) == min(1, side**2 / 32**2) and whole.area(epoch) == 1


def test_half_the_size_is_the_mean_of_four_pixels_of_the_same_window(data):
    options = {"batch_size": 16, "shuffle": True, "augment": Augment(cutout=8), "seed": 3, "window": {0: 32, 1: 25, 2: 25}.get}
    whole, half = Batches(data, **options), Batches(data, halve={0: True, 1: True, 2: False}.get, **options)
    for epoch, side in enumerate((16, 12, 25)):
        for (images, labels), (small, same_labels) in zip(whole.epoch(epoch), half.epoch(epoch), strict=True):
            if epoch < 2:
                images = images[:, :, : 2 * side, : 2 * side].reshape(len(labels), 3, side, 2, side, 2).mean(axis=(3, 5))
            np.testing.assert_allclose(small, images, rtol=1e-6, atol=1e-6)
            np.testing.assert_array_equal(labels, same_labels)
            assert small.transpose(1, 2, 3, 0).flags.c_contiguous and small.dtype == np.float32
        assert half.shape(epoch) == (side, side) and half.area(epoch) == side**2 / 32**2


def test_alternating_flips_show_both_sides_in_each_pair_of_epochs(data):
    labelled = Dataset(data.images, np.arange(50), [str(i) for i in range(50)], "numbered", data.mean, data.std)
    seen = []
    for epoch in range(4):
        images = np.empty((50, 3, 32, 32), np.float32)
        for x, y in Batches(labelled, 7, shuffle=True, augment=Augment("alternate", pad=0), seed=2).epoch(epoch):
            images[y] = x
        seen.append(images)
    whole = make_batch(data.images, np.arange(50), data.mean, data.std)
    flipped = [[np.array_equal(x, w[..., ::-1]) for x, w in zip(images, whole, strict=True)] for images in seen]
    np.testing.assert_array_equal(seen[0], seen[1][..., ::-1])
    np.testing.assert_array_equal(seen[0], seen[2])
    np.testing.assert_array_equal(seen[1], seen[3])
    assert 10 < sum(flipped[0]) < 40, "a coin says with which an image begins"
    resumed = next(Batches(labelled, 7, shuffle=True, augment=Augment("alternate", pad=0), seed=2).epoch(3, start=5))
    np.testing.assert_array_equal(resumed[0], seen[3][resumed[1]])


def test_iterating_again_is_the_next_epoch(data):
    batches = Batches(data, 25, shuffle=True, augment=Augment(), seed=1)
    reference = Batches(data, 25, shuffle=True, augment=Augment(), seed=1)
    for epoch in range(3):
        same(batches, reference.epoch(epoch))


def test_a_batch_is_not_overwritten_by_the_next(data):
    run = Batches(data, 25).epoch(0)
    first, _ = next(run)
    copy = first.copy()
    next(run)
    np.testing.assert_array_equal(first, copy)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"batch_size": 0}, "batch_size"), ({"batch_size": 2.0}, "batch_size"), ({"seed": -1}, "seed"), ({"seed": True}, "seed")],
)
def test_refusals(data, options, message):
    with pytest.raises(ValueError, match=message):
        Batches(data, **options)


def test_refusals_of_an_epoch(data):
    batches = Batches(data, 25)
    assert list(batches.epoch(0, start=2)) == []
    with pytest.raises(ValueError, match="2 batches, so it cannot start at 3"):
        batches.epoch(0, start=3)
    with pytest.raises(ValueError, match="epoch"):
        batches.epoch(-1)
    with pytest.raises(TypeError, match="expected some of flip"):
        Batches(data, augment=True)
