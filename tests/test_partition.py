"""Channel partition: the paper's examples, the published code's remainder, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minimix.partition import partition


@pytest.mark.parametrize(
    ("channels", "groups", "kind", "expected"),
    [
        (32, 4, "equal", (8, 8, 8, 8)),  # the paper's example
        (32, 4, "exponential", (16, 8, 4, 4)),  # the paper's example
        (528, 5, "equal", (108, 105, 105, 105, 105)),  # MixNet-S at width 0.75: the remainder goes to the 3x3 kernels
        (7, 3, "equal", (3, 2, 2)),
        (7, 3, "exponential", (3, 1, 3)),  # floor(7/2), floor(7/4), the rest
        (5, 5, "equal", (1, 1, 1, 1, 1)),
        (8, 4, "exponential", (4, 2, 1, 1)),
        (1, 1, "equal", (1,)),
        (1, 1, "exponential", (1,)),
        (np.int64(6), np.int32(2), "equal", (3, 3)),
    ],
)
def test_known_partitions(channels, groups, kind, expected):
    result = partition(channels, groups, kind)
    assert result == expected
    assert all(type(size) is int for size in result)


def test_two_groups_are_the_same_in_both_kinds_for_even_channels():
    assert partition(24, 2) == partition(24, 2, "exponential") == (12, 12)


@settings(database=None, deadline=None)
@given(st.integers(1, 4000), st.integers(1, 12), st.sampled_from(["equal", "exponential"]))
def test_every_channel_goes_to_one_group_and_none_is_empty(channels, groups, kind):
    possible = channels >= (groups if kind == "equal" else 2 ** (groups - 1))
    if not possible:
        with pytest.raises(ValueError, match="empty"):
            partition(channels, groups, kind)
        return
    sizes = partition(channels, groups, kind)
    assert sum(sizes) == channels and len(sizes) == groups and min(sizes) >= 1
    if kind == "equal":
        assert len(set(sizes[1:])) <= 1 and 0 <= sizes[0] - sizes[-1] < groups
    else:
        assert all(sizes[i] == channels // 2 ** (i + 1) for i in range(groups - 1))


@pytest.mark.parametrize("bad", [True, 2.0, "4", None, (4,), np.float32(4)])
def test_counts_must_be_integers(bad):
    with pytest.raises(TypeError, match="channels"):
        partition(bad, 1)
    with pytest.raises(TypeError, match="groups"):
        partition(8, bad)


@pytest.mark.parametrize("bad", [0, -1])
def test_counts_must_be_positive(bad):
    with pytest.raises(ValueError, match="channels must be 1 or more"):
        partition(bad, 1)
    with pytest.raises(ValueError, match="groups must be 1 or more"):
        partition(8, bad)


def test_refusals_say_what_would_fix_them():
    with pytest.raises(ValueError, match=r"3 channels .* 4 groups .* 4 channels or more"):
        partition(3, 4)
    with pytest.raises(ValueError, match=r"7 channels .* 4 groups .* 2\*\*3 channels or more"):
        partition(7, 4, "exponential")
    with pytest.raises(ValueError, match="'equal' or 'exponential'"):
        partition(8, 2, "linear")


def test_an_absurd_number_of_groups_is_refused_at_once():
    with pytest.raises(ValueError, match="fewer groups"):
        partition(32, 10**9, "exponential")
