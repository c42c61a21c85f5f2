"""What can be said of wrong numbers beside the right ones, whatever made them.

Each pattern below looks at one pair of arrays, expected and actual, and returns a few words; "" where the pair is too small to
tell; or None where the pattern is not there. A statement is made only if it is true of every wrong result.
"""

import itertools
from collections.abc import Callable

import numpy as np

from minimix.course.outcome import close, wrong_entries
from minimix.gradcheck.diagnose import factor

Pairs = list[tuple[np.ndarray, np.ndarray]]  # (expected, actual)


def describe(pairs: Pairs) -> str:
    """The most telling statement that is true of all pairs, "" if there is none.

    >>> describe([(np.array([1.0, 2.0, 4.0]), np.array([2.0, 4.0, 8.0]))])
    'always 2 times the right result'
    >>> describe([(np.eye(4), np.eye(4) * [1, 1, 1, 0])])
    'right but for the last column'
    """
    tiny = all(expected.size < 3 for expected, _ in pairs)  # any number is a multiple of any other: one pair says nothing
    for pattern in PATTERNS:
        texts = [pattern(expected, actual) for expected, actual in pairs]
        told = [text for text in texts if text]
        if not told or None in texts or (tiny and (len(pairs) == 1 or len(set(told)) > 1)):
            continue
        return told[0] if len(set(told)) == 1 else f"{told[0]} on the smallest input, and likewise on others"
    return ""


def _same_shape(pattern: Callable) -> Callable:
    return lambda expected, actual: pattern(expected, actual) if expected.shape == actual.shape else None


def _rearranged(expected, actual) -> str | None:
    """Axes exchanged or mirrored, which a wrong index does."""
    for a, b in itertools.combinations(range(expected.ndim), 2):
        if close(actual, expected.swapaxes(a, b)):
            pair = {a - expected.ndim, b - expected.ndim}
            return "rows and columns are exchanged (transposed)" if pair == {-2, -1} else f"axes {a} and {b} are exchanged"
    return _mirrored(expected, actual) if expected.shape == actual.shape else None


def _mirrored(expected, actual) -> str | None:
    names = {-1: "left and right are exchanged", -2: "top and bottom are exchanged"}
    for axis in range(-1, -1 - expected.ndim, -1):
        if close(actual, np.flip(expected, axis)):
            return (
                names.get(axis, f"the order along axis {expected.ndim + axis} is reversed")
                if expected.ndim > 1
                else ("the right numbers in reverse order")
            )
    if expected.ndim > 1 and close(actual, np.flip(expected, (-2, -1))):
        return "turned by 180 degrees"
    return None


def _extent(expected, actual) -> str | None:
    """A wrong shape in words."""
    if expected.shape == actual.shape:
        return None
    if expected.ndim != actual.ndim:
        if close(actual.reshape(-1), expected.reshape(-1)):
            return (
                "the right numbers, but axes of length 1 are missing or too many"
                if _squeezed(expected, actual)
                else ("the right numbers in another shape")
            )
        return f"it has {actual.ndim} axes instead of {expected.ndim}"
    if expected.ndim < 2:
        return f"it has {_many(actual.size, 'number')} instead of {expected.size}" if expected.ndim else None
    words = ("images", "channels", "rows", "columns")[-expected.ndim :] if expected.ndim <= 4 else None
    parts = [
        f"{'more' if n > m else 'fewer'} {words[i]}" if words else f"a {'longer' if n > m else 'shorter'} axis {i}"
        for i, (m, n) in enumerate(zip(expected.shape, actual.shape, strict=True))
        if n != m
    ]
    return f"it has {' and '.join(parts)} than it should"


def _squeezed(expected, actual) -> bool:
    return [n for n in expected.shape if n > 1] == [n for n in actual.shape if n > 1]


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" + "s" * (count != 1)


@_same_shape
def _not_finite(expected, actual) -> str | None:
    if np.isfinite(actual).all():
        return None
    return "there are NaNs or infinities: a division by zero, or np.empty that was not filled"


@_same_shape
def _zero(expected, actual) -> str | None:
    return None if actual.any() else "zero everywhere: nothing was written into it, or it was written somewhere else"


@_same_shape
def _whole(expected, actual) -> str | None:
    """Made with a dtype that has no fractions."""
    if not np.array_equal(actual, np.round(actual)) or np.array_equal(expected, np.round(expected)):
        return None
    near = np.all(np.abs(actual - expected) < 1 + 1e-6) or actual.dtype.kind in "iu"
    return "whole numbers only: was the result made with an integer dtype?" if near else None


@_same_shape
def _ratio(expected, actual) -> str | None:
    c = factor(actual.astype(float), expected.astype(float))
    if c is None:
        return None
    if abs(c + 1) < 1e-4:
        return "the sign is wrong everywhere"
    if abs(c - 1) < 1e-4:
        return None
    near = round(1 / c)
    return f"always {c:.4g} times the right result" + (f" (1 / {near})" if abs(c) < 0.9 and abs(near * c - 1) < 1e-4 else "")


@_same_shape
def _offset(expected, actual) -> str | None:
    difference = actual - expected
    step = float(difference.reshape(-1)[0]) if difference.size else 0.0
    if not step or not close(difference, np.full(expected.shape, step)):
        return None
    return f"always {abs(step):.4g} too {'large' if step > 0 else 'small'}"


@_same_shape
def _moved(expected, actual) -> str | None:
    """Shifted along rows or columns."""
    if expected.ndim < 2:
        return None
    rows, columns = expected.shape[-2:]
    for down, right in ((1, 0), (0, 1), (1, 1), (-1, 0), (0, -1), (-1, -1)):
        if rows <= 2 * abs(down) or columns <= 2 * abs(right):
            continue
        to = (..., _part(rows, down), _part(columns, right))
        source = (..., _part(rows, -down), _part(columns, -right))
        if close(actual[to], expected[source]):
            ways = ["down" if down > 0 else "up"] * bool(down) + ["to the right" if right > 0 else "to the left"] * bool(right)
            return f"the right picture, moved by one pixel {' and '.join(ways)}"
    return "" if min(rows, columns) < 3 else None


def _part(length: int, shift: int) -> slice:
    return slice(max(shift, 0), length + min(shift, 0))


@_same_shape
def _reordered(expected, actual) -> str | None:
    """Channels that are right, but in another's place."""
    if expected.ndim < 3 or expected.shape[1] < 2:
        return "" if expected.ndim >= 3 else None
    order = []
    for channel in range(expected.shape[1]):
        found = [c for c in range(expected.shape[1]) if close(actual[:, channel], expected[:, c])]
        order.append(found[0] if found else -1)
    if sorted(order) != list(range(expected.shape[1])):
        return None
    return f"the channels are right but in another order: {order}"


@_same_shape
def _where(expected, actual) -> str | None:
    """Wrong in a part of the picture only: last row, last column, border, inside."""
    if expected.ndim < 2:
        return None
    wrong = wrong_entries(actual, expected)
    wrong = wrong.reshape(-1, *wrong.shape[-2:]).any(axis=0)
    rows, columns = wrong.shape
    if min(rows, columns) < 3:
        return "" if not wrong.all() or min(rows, columns) < 2 else None
    for words, part in (
        ("the last row", np.s_[-1:, :]),
        ("the last column", np.s_[:, -1:]),
        ("the first row", np.s_[:1, :]),
        ("the first column", np.s_[:, :1]),
    ):
        if wrong[part].any() and wrong.sum() == wrong[part].sum():
            return f"right but for {words}"
    if not wrong[:-1, :-1].any():
        return "right but for the last row and the last column"
    if not wrong[1:-1, 1:-1].any():
        return "right inside, wrong at the border"
    inner = wrong[1:-1, 1:-1].sum()
    return "right at the border, wrong inside" if inner == wrong.sum() else None


@_same_shape
def _which(expected, actual) -> str | None:
    """Wrong in some images or channels only."""
    if expected.ndim != 4:
        return None
    wrong = wrong_entries(actual, expected)
    images, channels = wrong.any(axis=(1, 2, 3)), wrong.any(axis=(0, 2, 3))
    for name, bad in (("image", images), ("channel", channels)):
        if len(bad) > 1 and not bad.all():
            if not bad[0] and bad[1:].all():
                return f"right in the first {name}, wrong in the others"
            if bad[0] and not bad[1:].any():
                return f"wrong in the first {name}, right in the others"
    if channels.all() and images.all():
        return "" if len(images) == len(channels) == 1 else None
    return "right in some channels, wrong in others" if not channels.all() else None


@_same_shape
def _nearly(expected, actual) -> str | None:
    size = np.max(np.abs(expected), initial=0.0)
    error = np.max(np.abs(actual - expected), initial=0.0)
    if expected.dtype.kind in "iu" or not 0 < error <= 0.02 * size:
        return None
    return "nearly right: a small term is missing, or something is rounded on the way"


PATTERNS = (
    _not_finite, _zero, _whole, _rearranged, _ratio, _offset, _reordered, _moved, _where, _which, _nearly, _extent,
)  # fmt: skip
