"""What NumPy's complaints about shapes mean: which axes met, and which were perhaps meant to."""

import re

SHAPE = re.compile(r"\((\d+(?:,\s*\d+)*,?)?\)")
EMPTY = "If it is a slice: does its end lie behind its start? If it was made so: why with a length of 0?"
OF_ZERO = "A slice that ends at 0 is empty, and {} is 0 here."
RULE = "NumPy lines shapes up from the right"


def explained(message: str, zero: str = "") -> str:
    """A sentence or two about the shapes in an exception's message, "" if there is nothing to say of them.

    zero: the end of a slice that is meant to count from the end, and is 0 here, if there is one.

    >>> print(*explained("operands could not be broadcast together with shapes (2,3,4,4) (3,) ").split(": "), sep="\\n")
    NumPy lines shapes up from the right
    (3,) met the last axis of (2, 3, 4, 4). If it belongs to axis 1, axes of length 1 are missing behind it
    [:, None, None].
    """
    if "broadcast" not in message:
        return ""
    shapes = [tuple(int(n) for n in found.split(",") if n.strip()) for found in SHAPE.findall(message)]
    if "could not broadcast input array" in message and len(shapes) == 2 and len(shapes[0]) == len(shapes[1]):
        return _put_into(*shapes, zero)
    if empty := [shape for shape in shapes if 0 in shape]:
        return f"The array of shape {empty[0]} is empty. {OF_ZERO.format(zero) if zero else EMPTY}"
    if "output operand" in message and len(shapes) == 2:
        return _output(*shapes)
    for long, short in [(a, b) for a in shapes for b in shapes if len(a) > len(b) == 1]:
        if long[-1] not in (1, short[0]) and long[:-1].count(short[0]) == 1:
            return f"{RULE}: {short} met the last axis of {long}. {_belongs(long.index(short[0]), len(long))}"
    return ""


def _put_into(value: tuple[int, ...], place: tuple[int, ...], zero: str) -> str:
    """A value that is to fill a place of another shape."""
    text = f"An array of shape {value} is to be put into a place of shape {place}"
    if 0 in place:
        return f"{text}, which is empty. {OF_ZERO.format(zero) if zero else EMPTY}"
    by = {m - n for n, m in zip(value, place, strict=True) if n != m and (n != 1 or m == 0)}
    axes = [str(axis) for axis, (n, m) in enumerate(zip(value, place, strict=True)) if n != m]
    which = f"{'axis' if len(axes) == 1 else 'axes'} {' and '.join(axes)}"
    if by and min(by) > 0:
        short = "one entry too short" if by == {1} else "too short"
        ends = "If it is a slice: where does it begin? And the entry at its end does not belong to it."
        return f"{text}: it is {short} along {which}. {ends}"
    if by and max(by) < 0:
        return f"{text}: it is too long along {which}. If it is a slice: where should it end?"
    return f"{text}."


def _output(into: tuple[int, ...], value: tuple[int, ...]) -> str:
    """A value that is larger than what it is put into."""
    text = f"What is to be put into an array of shape {into} has shape {value}."
    if len(into) != len(value):
        return text
    axes = [axis for axis, (n, m) in enumerate(zip(into, value, strict=True)) if n != m]
    if axes == [len(into) - 1] and value[-1] > 1 and into[:-1].count(value[-1]) == 1:
        return f"{text} {RULE}: something of {value[-1]} entries met the last axis. " + _belongs(
            into.index(value[-1]), len(into)
        )
    return text


def _belongs(axis: int, ndim: int) -> str:
    news = ", ".join([":", *["None"] * (ndim - axis - 1)])
    return f"If it belongs to axis {axis}, axes of length 1 are missing behind it: [{news}]."
