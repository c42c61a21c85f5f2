"""What can be said of wrong numbers beside the right ones, whatever made them.

Each pattern below looks at one pair of arrays, expected and actual, and returns the statements that are true of it; with each,
whether it says something: of a picture of a single row, "wrong at the border" is true, but says nothing.
"""

import itertools
from collections.abc import Callable

import numpy as np

from minimix.course.checking.outcome import close, wrong_entries

Pairs = list[tuple[np.ndarray, np.ndarray]]  # (expected, actual)
Statements = dict[str, bool]  # {text: whether it says something}


def describe(pairs: Pairs) -> str:
    """The most telling statement that is true of all pairs, "" if there is none.

    >>> describe([(np.array([1.0, 2.0, 4.0]), np.array([2.0, 4.0, 8.0]))])
    'always 2 times the right result'
    >>> describe([(np.arange(9).reshape(3, 3), np.arange(9).reshape(3, 3) * [1, 1, 0])])
    'right but for the last column'
    """
    tiny = all(expected.size < 3 for expected, _ in pairs)  # any number is a multiple of any other: one pair says nothing
    for pattern in PATTERNS:
        found = [pattern(expected, actual) for expected, actual in pairs]
        common = [text for text in found[0] if all(text in statements for statements in found)]
        telling = [text for text in common if any(statements[text] for statements in found)]
        if telling and not (tiny and len(pairs) == 1):
            return telling[0]
        if not common and all(found) and not tiny:
            return f"{next(iter(found[0]))} on the smallest input, and likewise on others"
    return ""


def _same_shape(pattern: Callable) -> Callable:
    return lambda expected, actual: pattern(expected, actual) if expected.shape == actual.shape else {}


@_same_shape
def _not_finite(expected, actual) -> Statements:
    bad = not np.isfinite(actual).all()
    return {"there are NaNs or infinities: a division by zero, or np.empty that was not filled": True} if bad else {}


@_same_shape
def _zero(expected, actual) -> Statements:
    return {} if actual.any() else {"zero everywhere: nothing was written into it, or it was written somewhere else": True}


@_same_shape
def _whole(expected, actual) -> Statements:
    """Made with a dtype that has no fractions."""
    if not np.array_equal(actual, np.round(actual)) or np.array_equal(expected, np.round(expected)):
        return {}
    near = np.all(np.abs(actual - expected) < 1 + 1e-6) or actual.dtype.kind in "iu"
    return {"whole numbers only: was the result made with an integer dtype?": True} if near else {}


def _rearranged(expected, actual) -> Statements:
    """Axes exchanged or mirrored, which a wrong index does."""
    found = {}
    for a, b in itertools.combinations(range(expected.ndim), 2):
        if close(actual, expected.swapaxes(a, b)):
            last = (a, b) == (expected.ndim - 2, expected.ndim - 1)
            found["rows and columns are exchanged (transposed)" if last else f"axes {a} and {b} are exchanged"] = True
    names = {-1: "left and right are exchanged", -2: "top and bottom are exchanged"} if expected.ndim > 1 else {}
    for axis in range(-1, -1 - expected.ndim, -1):
        if close(actual, np.flip(expected, axis)):
            found[names.get(axis, f"the order along axis {expected.ndim + axis} is reversed")] = True
    if expected.ndim > 1 and close(actual, np.flip(expected, (-2, -1))):
        found["turned by 180 degrees"] = True
    return found


@_same_shape
def _ratio(expected, actual) -> Statements:
    right = expected.astype(float)
    norm = np.vdot(right, right)
    c = float(np.vdot(right, actual) / norm) if norm else 0.0
    if not c or abs(c - 1) < 1e-4 or not close(actual, c * right):
        return {}
    if abs(c + 1) < 1e-4:
        return {"the sign is wrong everywhere": True}
    near = round(1 / c)
    whole = f" (1 / {near})" if abs(c) < 0.9 and abs(near * c - 1) < 1e-4 else ""
    return {f"always {c:.4g} times the right result{whole}": True}


@_same_shape
def _offset(expected, actual) -> Statements:
    difference = actual - expected
    step = float(difference.reshape(-1)[0]) if difference.size else 0.0
    if not step or not close(difference, np.full(expected.shape, step)):
        return {}
    return {f"always {abs(step):.4g} too {'large' if step > 0 else 'small'}": True}


@_same_shape
def _reordered(expected, actual) -> Statements:
    """Channels that are right, but in another's place."""
    if expected.ndim < 3:
        return {}
    channels = range(expected.shape[1])
    order = [next((c for c in channels if close(actual[:, channel], expected[:, c])), -1) for channel in channels]
    return {f"the channels are right but in another order, {order}": True} if sorted(order) == list(channels) else {}


@_same_shape
def _moved(expected, actual) -> Statements:
    """Shifted along rows or columns."""
    if expected.ndim < 2:
        return {}
    rows, columns = expected.shape[-2:]
    found = {}
    for down, right in ((1, 0), (0, 1), (1, 1), (-1, 0), (0, -1), (-1, -1)):
        moved = actual[..., _part(rows, down), _part(columns, right)]
        if close(moved, expected[..., _part(rows, -down), _part(columns, -right)]):
            ways = [{1: "down", -1: "up", 0: ""}[down], {1: "to the right", -1: "to the left", 0: ""}[right]]
            words = " and ".join(filter(None, ways))
            found[f"the right picture, moved by one pixel {words}"] = rows > 2 and columns > 2
    return found


def _part(length: int, shift: int) -> slice:
    return slice(max(shift, 0), length + min(shift, 0))


@_same_shape
def _where(expected, actual) -> Statements:
    """Wrong in a part of the picture only."""
    if expected.ndim < 2:
        return {}
    wrong = wrong_entries(actual, expected)
    wrong = wrong.reshape(-1, *wrong.shape[-2:]).any(axis=0)
    inner = wrong[1:-1, 1:-1]
    right = {
        "right but for the last row": not wrong[:-1].any(),
        "right but for the last column": not wrong[:, :-1].any(),
        "right but for the first row": not wrong[1:].any(),
        "right but for the first column": not wrong[:, 1:].any(),
        "right but for the last row and the last column": not wrong[:-1, :-1].any(),
        "right inside, wrong at the border": not inner.any(),
        "right at the border, wrong inside": inner.sum() == wrong.sum(),
    }
    return {text: min(wrong.shape) > 2 for text, true in right.items() if true}


@_same_shape
def _which(expected, actual) -> Statements:
    """Wrong in some images or channels only."""
    if expected.ndim != 4:
        return {}
    wrong = wrong_entries(actual, expected)
    found = {}
    for name, bad in (("image", wrong.any(axis=(1, 2, 3))), ("channel", wrong.any(axis=(0, 2, 3)))):
        if not bad[0]:
            found[f"right in the first {name}, wrong in others"] = True
        elif not bad[1:].any():
            found[f"wrong in the first {name}, right in the others"] = len(bad) > 1
    return found


@_same_shape
def _nearly(expected, actual) -> Statements:
    size, error = np.max(np.abs(expected), initial=0.0), np.max(np.abs(actual - expected), initial=0.0)
    if expected.dtype.kind in "iu" or not 0 < error <= 0.02 * size:
        return {}
    return {"nearly right: a small term is missing, or something is rounded on the way": True}


def _extent(expected, actual) -> Statements:
    """A wrong shape in words."""
    if expected.shape == actual.shape:
        return {}
    if close(actual.reshape(-1), expected.reshape(-1)):
        squeezed = [n for n in expected.shape if n > 1] == [n for n in actual.shape if n > 1] and expected.ndim != actual.ndim
        return {
            f"the right numbers, but {'axes of length 1 are missing or too many' if squeezed else 'in another shape'}": True
        }
    if expected.ndim != actual.ndim:
        return {f"the result has {actual.ndim} axes instead of {expected.ndim}": True}
    words = ("images", "channels", "rows", "columns")[-expected.ndim :] if 2 <= expected.ndim <= 4 else None
    parts = [
        f"{'more' if n > m else 'fewer'} {words[i]}" if words else f"a {'longer' if n > m else 'shorter'} axis {i}"
        for i, (m, n) in enumerate(zip(expected.shape, actual.shape, strict=True))
        if n != m
    ]
    return {f"the result has {' and '.join(parts)} than it should": True}


PATTERNS = (
    _not_finite, _zero, _whole, _rearranged, _ratio, _offset, _reordered, _moved, _where, _which, _nearly, _extent,
)  # fmt: skip
