"""The width at which a network costs as much as another."""

import pytest

from minimix.costs.width import equal_width


@pytest.mark.parametrize("target", [2_000, 10_000, 250_000])
def test_the_nearest_of_all_widths(target):
    def macs(width):
        return int(40 * width) * int(30 * width) + 100  # whole channels

    found = equal_width(macs, target)
    assert abs(macs(found) - target) == min(abs(macs(number / 100) - target) for number in range(5, 2001))


@pytest.mark.parametrize("target", [50, 10**9])
def test_what_no_width_comes_near_is_refused(target):
    with pytest.raises(ValueError, match=f"no width makes this network one of about {target:,} multiply-adds"):
        equal_width(lambda width: max(100, int(1000 * width)), target)
