"""What can be said of wrong numbers beside the right ones, whatever made them.

Each pattern below looks at one pair of arrays, expected and actual, and returns the statements that are true of it; with each,
whether it says something: of a picture of a single row, "wrong at the border" is true, but says nothing.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np

from minimix.course.checking.outcome import close, wrong_entries

Pairs = list[tuple[np.ndarray, np.ndarray]]  # (expected, actual)
Statements = dict[str, bool]  # {text: whether it says something}
LEAST_PAIRS = 3  # of which a place must be told: in a few a part of the picture is right by accident


def describe(pairs: Pairs, events: tuple[str, ...] = ()) -> str:
    """The most telling statement that is true of all pairs, "" if there is none. events: what NumPy met meanwhile.

    >>> describe([(np.array([1.0, 2.0, 4.0]), np.array([2.0, 4.0, 8.0]))])
    'always 2 times the right result'
    >>> describe([(np.arange(9).reshape(3, 3), np.arange(9).reshape(3, 3) * [1, 1, 0])])
    'right but for the last column'
    """
    if all(actual.dtype == np.float16 for _, actual in pairs):
        return "the result has the dtype float16, which holds three digits, and nothing above 65504"
    if text := _not_finite(pairs, events):
        return text
    tiny = all(expected.size < 3 for expected, _ in pairs)  # any number is a multiple of any other: one pair says nothing
    for pattern in PATTERNS:
        found = [pattern(expected, actual) for expected, actual in pairs]
        common = [text for text in found[0] if all(text in statements for statements in found)]
        least = min(LEAST_PAIRS, len(pairs)) if pattern in (_where, _which) else 1
        telling = [text for text in common if sum(statements[text] for statements in found) >= least]
        if telling and not (tiny and len({tuple(expected.ravel().tolist()) for expected, _ in pairs}) == 1):
            seen = found[0][telling[0]]
            return telling[0] if seen else f"{telling[0]}, as larger configurations than the smallest one show"
    return ""


def plain(pairs: Pairs) -> bool:
    """Whether one of the patterns that leave no doubt is there in all pairs: no combination of mistakes need be looked for."""
    found = [[pattern(expected, actual) for expected, actual in pairs] for pattern in (_zero, _whole)]
    return any(all(statements) and any(true for s in statements for true in s.values()) for statements in found)


def alteration(pairs: Pairs) -> str:
    """What turns the first array of each pair into the second, the same for all pairs; "" if nothing simple does."""
    if all(close(actual, expected) for expected, actual in pairs):
        return ""
    for pattern in (_ratio, _turned_over, _cut_off):
        found = [pattern(expected, actual) for expected, actual in pairs]
        if common := [text for text in found[0] if all(text in statements for statements in found)]:
            return common[0] if any(statements[common[0]] for statements in found) else ""
    return ""


def factor(actual: np.ndarray, expected: np.ndarray) -> float | None:
    """c with actual = c expected, or None."""
    right = expected.astype(float)
    norm = float(np.vdot(right, right))
    c = float(np.vdot(right, actual) / norm) if norm else 0.0
    return c if c and np.isfinite(c) and close(actual.astype(float), c * right) else None


def offset(actual: np.ndarray, expected: np.ndarray) -> float | None:
    """The one number that actual is larger by, or None."""
    difference = (actual.astype(float) - expected).reshape(-1)
    if not np.isfinite(difference).all():
        return None
    return float(difference[0]) if difference.size and close(difference, np.full(difference.shape, difference[0])) else None


def _not_finite(pairs: Pairs, events: tuple[str, ...]) -> str:
    """Numbers that are none where the right result has some, and what made them."""
    same = [(expected, actual) for expected, actual in pairs if expected.shape == actual.shape]
    if not any((~np.isfinite(actual) & np.isfinite(expected)).any() for expected, actual in same):
        return ""
    causes = [words for event, words in EVENTS.items() if event in events]
    text = "there are NaNs or infinities"
    if causes:
        return f"{text}: {'; '.join(causes)}"
    return f"{text}, though NumPy told of no division by zero and no overflow (unless its warnings are switched off)"


EVENTS = {  # what NumPy met, in the order in which one leads to the next
    "overflow": "NumPy met an overflow, a number too large to be held, as exp of a large number is",
    "divide by zero": "NumPy met a division by zero, or a logarithm of 0",
    "invalid value": "NumPy met an invalid value, as 0 / 0, inf - inf or a root of a negative number are",
}


def _same_shape(pattern: Callable) -> Callable:
    return lambda expected, actual: pattern(expected, actual) if expected.shape == actual.shape else {}


@_same_shape
def _zero(expected, actual) -> Statements:
    return {} if actual.any() else {"nothing but zeros, wherever it is wrong": True}


@_same_shape
def _whole(expected, actual) -> Statements:
    """Made with a dtype that has no fractions."""
    text = "whole numbers only: was the result made with an integer dtype?"
    if actual.dtype.kind in "iu" and expected.dtype.kind == "f":
        return {text: not np.array_equal(expected, np.round(expected))}
    if not np.array_equal(actual, np.round(actual)) or np.array_equal(expected, np.round(expected)):
        return {}
    return {text: True} if np.all(np.abs(actual - expected) < 1 + 1e-6) else {}


@_same_shape
def _cut_off(expected, actual) -> Statements:
    return {"the fractions are cut off": not close(actual, expected)} if close(actual, np.trunc(expected)) else {}


@_same_shape
def _rounded(expected, actual) -> Statements:
    """To a few decimals, which is too few."""
    if close(actual, expected) or np.array_equal(expected, np.round(expected)):
        return {}
    rounded = [places for places in range(1, 6) if np.abs(actual - np.round(expected, places)).max() < 1e-3 * 10.0**-places]
    return {f"rounded to {places} place{'s' * (places > 1)} behind the point": True for places in rounded[:1]}


@_same_shape
def _fractions(expected, actual) -> Statements:
    """Where things are counted."""
    if expected.dtype.kind not in "iu" or actual.dtype.kind != "f" or not np.isfinite(actual).all():
        return {}
    text = "there are fractions, where whole numbers are wanted (/ gives them, // does not)"
    return {text: not np.array_equal(actual, np.round(actual))}


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
    c = factor(actual, expected)
    if c is None or abs(c - 1) < 1e-4:
        return {}
    if abs(c + 1) < 1e-4:
        return {"the sign is wrong everywhere": True}
    near = round(1 / c)
    whole = f" (1 / {near})" if abs(c) < 0.9 and abs(near * c - 1) < 1e-4 else ""
    return {f"always {c:.4g} times the right result{whole}": True}


@_same_shape
def _offset(expected, actual) -> Statements:
    step = offset(actual, expected)
    return {f"always {abs(step):.4g} too {'large' if step > 0 else 'small'}": True} if step else {}


def _turned_over(expected, actual) -> Statements:
    """Of more than one entry along the axes in question."""
    found = _rearranged(expected, actual)
    return {text: expected.size > 1 and not close(actual, expected) for text in found}


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
            found[f"wrong in the first {name}, right in others"] = len(bad) > 1
    return found


@_same_shape
def _nearly(expected, actual) -> Statements:
    size, error = np.max(np.abs(expected), initial=0.0), np.max(np.abs(actual - expected), initial=0.0)
    if expected.dtype.kind in "iu":
        text = "nearly right: the last digits of large numbers are lost. Floats hold 16 digits (float32: 7), int all"
        return {text: True} if size > 2**24 and 0 < error <= 1e-6 * size else {}
    if not 0 < error <= 0.02 * size:
        return {}
    return {"nearly right: never off by more than a fiftieth of the largest number": True}


def _extent(expected, actual) -> Statements:
    """A wrong shape in words."""
    if expected.shape == actual.shape:
        return {}
    if expected.size and not actual.size:
        return {"the result is empty: is it a slice that ends where it starts, or before?": True}
    if expected.ndim == 0:
        return _instead_of_a_number(expected, actual)
    if close(actual.reshape(-1), expected.reshape(-1)):
        return _reshaped(expected.shape, actual.shape) | _reduced(expected, actual)
    if reduced := _reduced(expected, actual):
        return reduced
    if expected.ndim != actual.ndim:
        axes = f"{actual.ndim} {'axis' if actual.ndim == 1 else 'axes'}"
        return {f"the result has {axes} instead of {expected.ndim}": True}
    words = ("images", "channels", "rows", "columns")[-expected.ndim :] if 2 <= expected.ndim <= 4 else None
    parts = [
        f"{'more' if n > m else 'fewer'} {words[i]}" if words else f"a {'longer' if n > m else 'shorter'} axis {i}"
        for i, (m, n) in enumerate(zip(expected.shape, actual.shape, strict=True))
        if n != m
    ]
    return {f"the result has {part} than it should": True for part in (" and ".join(parts), *parts)}


def _reduced(expected, actual) -> Statements:
    """The right result, added up or averaged over some axes."""
    found: Statements = {}
    telling = expected.size > actual.size and bool(actual.any())
    for count in range(1, expected.ndim + 1):
        for axes in itertools.combinations(range(expected.ndim), count):
            for keepdims in (False, True):
                total = expected.sum(axis=axes, keepdims=keepdims)
                which = f"{'axis' if count == 1 else 'axes'} {' and '.join(map(str, axes))}"
                which = "all axes" if count == expected.ndim > 1 else which
                if close(actual, total):
                    found[f"the right numbers, added up over {which}"] = telling
                if close(actual * (expected.size / max(1, total.size)), total):
                    found[f"the right numbers, averaged over {which}"] = telling
    return found


@_same_shape
def _added(expected, actual) -> Statements:
    """What is too much is the same along some axes."""
    difference = actual.astype(float) - expected
    if not difference.size or not np.isfinite(difference).all():
        return {}
    found: Statements = {}
    if np.ptp(difference) < 1e-6 * np.abs(difference).max():
        found["off by the same number everywhere, but by another one in each configuration"] = difference.size > 2
    if difference.ndim == 4 and np.ptp(difference, axis=(2, 3)).max() < 1e-6 * np.abs(difference).max():
        found["off by the same number at all places of a channel"] = difference[0, 0].size > 2
    return found


def _instead_of_a_number(expected, actual) -> Statements:
    found = {}
    if actual.size > 1 and close(actual, np.full(actual.shape, expected)):
        found["the right number comes more than once, in a list, tuple or array: one number is wanted"] = True
    if actual.size == 1:
        found["one number is wanted, without a list, tuple or array around it"] = close(actual.reshape(()), expected)
    if actual.ndim == 1 and len(actual) == expected:
        found["one number is wanted, not a list or array; it has as many entries as this number says"] = True
    found |= {"one number is wanted, not several in a list, tuple or array": True}
    return found | (_reshaped(expected.shape, actual.shape) if actual.size == 1 and close(actual.reshape(()), expected) else {})


def _reshaped(expected: tuple, actual: tuple) -> Statements:
    """The right numbers in their order, in another shape. What is told: which axes of length 1, which were made one."""
    found: Statements = {}
    longer = [n for n in expected if n > 1] == [n for n in actual if n > 1]
    for axis, n in enumerate(expected):
        if n == 1 and actual == expected[:axis] + expected[axis + 1 :]:
            found[f"the right numbers, but axis {axis}, of length 1, is missing"] = True
    for axis in range(len(actual)):
        if actual[axis] == 1 and expected == actual[:axis] + actual[axis + 1 :]:
            found[f"the right numbers, but axis {axis}, of length 1, is one too many"] = True
    if actual == tuple(n for n in expected if n > 1):
        found["the right numbers, but axes of length 1 are missing, as np.squeeze drops them"] = True
    for start, stop in itertools.combinations(range(len(expected) + 1), 2):
        if stop - start > 1 and actual == (*expected[:start], math.prod(expected[start:stop]), *expected[stop:]):
            named = " and ".join(map(str, range(start, stop))) if stop - start == 2 else f"{start} to {stop - 1}"
            found[f"the right numbers, but axes {named} have become one"] = not longer
    if longer and len(expected) != len(actual):
        found["the right numbers, but axes of length 1 are missing or too many"] = True
    return found | {"the right numbers in their order, but in another shape": True}


PATTERNS = (
    _zero, _whole, _rounded, _fractions, _rearranged, _ratio, _offset, _reordered, _moved, _where, _which, _nearly, _extent,
    _added,
)  # fmt: skip
