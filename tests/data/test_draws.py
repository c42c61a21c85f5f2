import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minimix.data.draws import Draws


def test_the_stream_is_the_one_it_has_always_been():
    """A changed figure here means that every seed now means something else, and that no old run can be resumed."""
    assert Draws(1, 2, 3).raw(2).tolist() == [12368030237656201616, 2047858591075935483]
    assert Draws(1, 2, 3).permutation(6).tolist() == [1, 3, 5, 2, 0, 4]


@given(st.integers(1, 2**31), st.integers(0, 200), st.integers(0, 2**40))
def test_integers_are_in_range_and_repeat(high, n, seed):
    values = Draws(7, seed).integers(high, n)
    assert values.dtype == np.int64 and values.shape == (n,)
    assert ((values >= 0) & (values < high)).all()
    assert (values == Draws(7, seed).integers(high, n)).all()


def test_every_value_is_as_likely():
    counts = np.bincount(Draws(0).integers(6, 60_000), minlength=6)
    assert abs(counts - 10_000).max() < 500  # five standard deviations
    counts = np.bincount(Draws(0).bytes(256_000), minlength=256)
    assert counts.min() > 800 and counts.max() < 1200
    assert Draws(0).between(-4, 4, 1000).min() == -4 and Draws(0).between(-4, 4, 1000).max() == 4


@given(st.integers(0, 300))
def test_permutation(n):
    assert sorted(Draws(n).permutation(n)) == list(range(n))


def test_keys_name_different_streams():
    keys = [(1,), (2,), (1, 1), (1, 2), (2, 1), (1, 2, 3), (2, 2, 3), (1, 3, 2)]
    assert len({int(Draws(*key).raw(1)[0]) for key in keys}) == len(keys)
