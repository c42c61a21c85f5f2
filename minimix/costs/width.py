"""Networks of equal cost: how wide one has to be to need as many multiply-adds as another."""

from collections.abc import Callable

from minimix.models.limits import MOST as LIMITS

PLACES = 10_000  # widths are whole multiples of 1 / PLACES
LEAST, MOST = 0.05, LIMITS["width"][0]
NEAR = 0.15  # of the target


def equal_width(macs: Callable[[float], int], target: int) -> float:
    """The width, to four places, at which a network comes nearest to ``target`` multiply-adds.

    macs: multiply-adds of the network of a width; wider ones need more. Channels are whole numbers, often multiples of 8: it
    does not come nearer than these allow.

    Raises ValueError where no width from 0.05 to 20 comes within 15 % of the target.

    >>> equal_width(lambda width: int(100 * width * width), 225)
    1.5
    """
    low, high = int(LEAST * PLACES), int(LEAST * PLACES) * 2
    while high < MOST * PLACES and macs(high / PLACES) < target:
        low, high = high, min(2 * high, int(MOST * PLACES))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if macs(middle / PLACES) < target else (low, middle)
    best = min((low, high), key=lambda width: abs(macs(width / PLACES) - target))
    if abs(macs(best / PLACES) - target) > NEAR * target:
        raise ValueError(
            f"no width makes this network one of about {target:,} multiply-adds: the nearest, {best / PLACES:g}, makes "
            f"{macs(best / PLACES):,}; whole channels are too coarse for narrow networks: ask for more width"
        )
    return best / PLACES
