"""Numbers among the options of ``models.create`` that nobody means: refused before memory is asked for.

Beyond these, a network would take gigabytes, or its pictures would: a number is then in the wrong place, such as pixels where a
factor belongs.
"""

import math
import numbers
from collections.abc import Mapping
from typing import Any

from minimix.padding import number

MOST = {  # of each option; what it means
    "num_classes": (1_000_000, "outputs of the classifier"),
    "in_channels": (1024, "channels of the pictures"),
    "width": (20, "it multiplies the channels of all layers"),
    "kernels": (255, "sizes of the depthwise kernels, in pixels"),
    "momentum": (1, "the share of a new batch in the running statistics of batch norms"),
    "eps": (1, "it is added to the variances of batch norms"),
}
OF_A_ROW = {  # of each value of a row of blocks
    "kernels": MOST["kernels"],
    "expansion": (64, "it multiplies the block's input channels"),
    "channels": (16_384, "of a block's output"),
    "stride": (64, "pixels from one output to the next"),
    "se": (64, "a fraction of the block's input channels"),
    "dilation": (255, "pixels from one tap of a kernel to the next"),
}
LARGEST = 8  # times the side of the pictures


def check(values: Mapping[str, Any], most: Mapping[str, tuple[int, str]] = MOST, place: str = "") -> None:
    """Raises ValueError for numbers that are too large or, of momentum, negative; others are checked where they are used.

    most: the largest of each, and what it means. place: where they stand, for the message.

    >>> check({"width": 2})
    >>> check({"width": 160})
    Traceback (most recent call last):
        ...
    ValueError: width must be 20 or less, got 160: it multiplies the channels of all layers
    """
    for name, (largest, what) in most.items():
        for value in _numbers(values.get(name)):
            if math.inf > value > largest:
                raise ValueError(f"{place}{name} must be {largest:,} or less, got {value}: {what}")
            if name == "momentum" and value < 0:
                raise ValueError(f"{name} must be 0 or more, got {value}: {what}")


def _numbers(value) -> list:
    """The numbers in it, however deep: kernels are in lists of lists."""
    if isinstance(value, (list, tuple)):
        return [one for below in value for one in _numbers(below)]
    return [value] if isinstance(value, numbers.Real) and not isinstance(value, bool) else []


def pixels(size: int, resolution: float) -> int:
    """The side of the pictures that a network for ``size`` pixels is made for.

    Raises TypeError for a resolution that is no number, ValueError where it leaves no pixel, or more than anybody means.

    >>> pixels(224, 0.714), pixels(32, 2)
    (160, 64)
    """
    fine = 0 < number(resolution, "resolution") <= LARGEST
    if fine and round(size * resolution) >= 1:
        return round(size * resolution)
    said = "leaves no pixel" if fine else f"must be above 0 and at most {LARGEST}"
    whole = resolution == int(resolution) and 0 < resolution <= LARGEST * size  # perhaps pixels were meant
    meant = f"; for {int(resolution)} pixels it is {resolution / size:.4g}" if whole else ""
    raise ValueError(f"resolution {said}, got {resolution}: it multiplies the side of the pictures, here {size} pixels{meant}")
