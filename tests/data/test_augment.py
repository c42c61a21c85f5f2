import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minimix.data import Augment, make_batch
from minimix.data.draws import Draws
from minimix.kernels.augment import augment
from minimix.kernels.threads import get_num_threads, set_num_threads

MEAN, STD = (0.5, 0.25, 0.125), (0.25, 0.5, 1.0)


def pictures(n=7, height=9, width=11):
    return np.random.default_rng(n).integers(0, 256, (n, 3, height, width), dtype=np.uint8)


def literally(images, index, moves, mean, std):
    """What the kernel does, one image at a time with NumPy: pad, crop, flip, normalise, cut out."""
    reach = int(abs(moves[:, 1:3]).max(initial=0))
    height, width = images.shape[2:]
    result = []
    for i, (flip, down, right, top, bottom, left, end) in zip(index, moves, strict=True):
        padded = np.pad(images[i], ((0, 0), (reach, reach), (reach, reach)))
        picture = padded[:, reach + down : reach + down + height, reach + right : reach + right + width]
        if flip:
            # the window is taken where `right` says, then mirrored
            picture = picture[:, :, ::-1]
        picture = (picture / 255 - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
        picture[:, top:bottom, left:end] = 0
        result.append(picture.astype(np.float32))
    return np.array(result).reshape(len(index), *images.shape[1:])


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(0, 9),
    st.booleans(),
    st.integers(0, 8),
    st.integers(0, 12),
    st.integers(0, 99),
)
def test_kernel_does_what_numpy_does(height, width, n, flip, pad, cutout, seed):
    images = pictures(5, height, width)
    moves = Augment(flip, pad, cutout).draw(Draws(seed), n, height, width)
    index = Draws(seed, 1).integers(5, n)
    x = make_batch(images, index, MEAN, STD, moves)
    np.testing.assert_array_equal(x, literally(images, index, moves, MEAN, STD))  # to the bit


def test_without_moves_the_images_are_only_normalised():
    images = pictures()
    before = images.copy()
    x = make_batch(images, np.array([6, 0, 3]), MEAN, STD)
    np.testing.assert_allclose(
        x, (images[[6, 0, 3]] / 255 - np.reshape(MEAN, (3, 1, 1))) / np.reshape(STD, (3, 1, 1)), rtol=1e-6
    )
    np.testing.assert_array_equal(images, before)
    assert x.dtype == np.float32 and x.shape == (3, 3, 9, 11)
    assert x.transpose(1, 2, 3, 0).flags.c_contiguous  # channel-major, images innermost


def test_padding_is_black_and_cutout_is_the_mean_colour():
    images = np.full((1, 3, 8, 8), 255, np.uint8)
    shift = np.array([[0, 3, -2, 0, 0, 0, 0]])
    x = make_batch(images, np.array([0]), MEAN, STD, shift)[0]
    black, white = np.float32(-0.5 / 0.25), np.float32(0.5 / 0.25)
    assert (x[0, 5:] == black).all() and (x[0, :, :2] == black).all() and (x[0, :5, 2:] == white).all()
    box = np.array([[0, 0, 0, 1, 3, 4, 8]])
    x = make_batch(images, np.array([0]), MEAN, STD, box)[0]
    assert (x[:, 1:3, 4:] == 0).all() and (x != 0).sum() == 3 * (64 - 8)


def test_draws_cover_what_they_should():
    moves = Augment(cutout=6).draw(Draws(0), 4000, 32, 32)
    flip, down, right, top, bottom, left, end = moves.T
    assert abs(flip.mean() - 0.5) < 0.04
    assert set(down) == set(right) == set(range(-4, 5))
    assert abs(np.corrcoef(down, right)[0, 1]) < 0.1
    assert top.min() == 0 and bottom.max() == 32 and (bottom - top).max() == 6 == (end - left).max()
    assert (bottom - top).min() == 3  # the centre is inside, so half of the box is, at least
    plain = Augment(flip=False, pad=0).draw(Draws(0), 50, 32, 32)
    assert (plain == 0).all()


def test_an_option_does_not_change_the_other_draws():
    with_box, without = Augment(cutout=6).draw(Draws(3), 50, 32, 32), Augment().draw(Draws(3), 50, 32, 32)
    np.testing.assert_array_equal(with_box[:, :3], without[:, :3])
    np.testing.assert_array_equal(Augment(flip=False).draw(Draws(3), 50, 32, 32)[:, 1:3], without[:, 1:3])


def test_arrays_that_lie_otherwise_give_the_same_and_compile_nothing(tmp_path):
    def locked(array):
        array = array.copy()
        array.flags.writeable = False
        return array

    images, index = pictures(), np.array([6, 0, 0, 3])
    moves = Augment(cutout=4).draw(Draws(1), len(index), 9, 11)
    images.tofile(tmp_path / "images")
    expected = make_batch(images, index, MEAN, STD, moves)
    before = len(getattr(augment, "signatures", ()))  # none where nothing is compiled
    for given_images in (
        locked(images),
        np.memmap(tmp_path / "images", np.uint8, "r", shape=images.shape),
        np.memmap(tmp_path / "images", np.uint8, "r+", shape=images.shape),
        np.frombuffer(images.tobytes(), np.uint8).reshape(images.shape),
    ):
        np.testing.assert_array_equal(make_batch(given_images, index, MEAN, STD, moves), expected)
    for given_index, given_moves in (
        (locked(index), locked(moves)),
        (index.astype(">i8"), moves.astype(">i4")),
        (np.repeat(index, 2)[::2], np.asfortranarray(moves)),
        (index.tolist(), moves.tolist()),
    ):
        np.testing.assert_array_equal(make_batch(images, given_index, MEAN, STD, given_moves), expected)
    assert len(getattr(augment, "signatures", ())) == before


def test_same_for_any_number_of_threads():
    images = pictures(20, 32, 32)
    index, moves = np.arange(20), Augment(cutout=8).draw(Draws(5), 20, 32, 32)
    before, results = get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            set_num_threads(threads)
            results.append(make_batch(images, index, MEAN, STD, moves))
    finally:
        set_num_threads(before)
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"index": np.array([7])}, IndexError, "7 to 7"),
        ({"index": np.array([-1])}, IndexError, "-1 to -1"),
        ({"images": pictures().astype(np.float32)}, ValueError, "uint8"),
        ({"images": pictures().transpose(0, 1, 3, 2)}, ValueError, "C-contiguous"),
        ({"moves": np.zeros((2, 7))}, ValueError, r"\(1, 7\)"),
        ({"moves": np.array([[0, 0, 0, 0, 10, 0, 1]])}, ValueError, "outside of 9x11"),
        ({"moves": np.array([[0, 0, 0, 0, 1, -1, 1]])}, ValueError, "outside of 9x11"),
        ({"mean": (0.5, 0.5)}, ValueError, "reshape"),
    ],
)
def test_refusals(change, error, message):
    arguments = {"images": pictures(), "index": np.array([0]), "mean": MEAN, "std": STD, "moves": None, **change}
    with pytest.raises(error, match=message):
        make_batch(**arguments)


@pytest.mark.parametrize("options", [{"pad": -1}, {"cutout": 2.5}, {"pad": True}])
def test_options_are_checked(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        Augment(**options)
