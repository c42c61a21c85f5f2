"""How a mixed convolution divides its channels among its kernel sizes (MixConv, sec. 3.2: "channel size per group")."""

import operator

from minimix.words import count

KINDS = ("equal", "exponential")


def partition(channels: int, groups: int, kind: str = "equal") -> tuple[int, ...]:
    """Divide ``channels`` into ``groups`` groups, each of one channel or more; returns the channels of each group, in order.

    kind: "equal" gives every group floor(C/G) channels, and what is left over to the first (it has the smallest kernel, so
          that is the cheap place for them).
          "exponential" gives group i, counted from 1, floor(C/2^i) channels, and the last group what is left, so that the
          large kernels get few channels.

    Raises TypeError where a count is not an integer, ValueError where a group would be empty or ``kind`` is not known.
    Source: MixConv (arXiv 1907.09595), sec. 3.2, and its published code for the remainder.

    >>> partition(32, 4)
    (8, 8, 8, 8)
    >>> partition(32, 4, "exponential")
    (16, 8, 4, 4)
    >>> partition(528, 5)
    (108, 105, 105, 105, 105)
    """
    channels, groups = _count(channels, "channels"), _count(groups, "groups")
    if kind not in KINDS:
        raise ValueError(f"the kind of partition must be 'equal' or 'exponential', got {kind!r}")
    smallest = channels // groups if kind == "equal" else channels >> (groups - 1)
    if smallest == 0:
        least = str(groups) if kind == "equal" else f"2**{groups - 1}"
        raise ValueError(
            f"{count(channels, 'channel')} cannot be divided into {groups} groups of kind {kind!r}: at least one group would "
            f"be empty. Use fewer groups, or {least} channels or more"
        )
    if kind == "equal":
        return (channels - smallest * (groups - 1),) + (smallest,) * (groups - 1)
    sizes = [channels >> i for i in range(1, groups)]
    return (*sizes, channels - sum(sizes))


def _count(value, name: str) -> int:
    """``value`` as a Python int of 1 or more. True is an int for Python, but no count."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, got {value!r} of type {type(value).__name__}")
    count = operator.index(value)
    if count < 1:
        raise ValueError(f"{name} must be 1 or more, got {count}")
    return count
