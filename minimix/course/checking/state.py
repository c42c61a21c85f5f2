"""What a function keeps between calls: found by calling a copy of it that has never been called."""

import copy
import functools
import types
from collections.abc import Callable

import numpy as np

KEPT = (list, dict, set, bytearray, np.ndarray, np.random.Generator)  # what can remember something
LARGE = 1_000_000  # entries: such an array is data, and is not copied


def remembered(function) -> Callable:
    """``remembered(function)()`` is the function as it is now, with what it keeps as it is now, however often it is called
    meanwhile: its default arguments, what it takes from around it, its cache, an object's attributes.

    >>> def counted(kept=[]):
    ...     kept.append(1)
    ...     return len(kept)
    >>> fresh = remembered(counted)
    >>> counted(), counted(), fresh()(), fresh()()
    (1, 2, 1, 1)
    """
    cached = hasattr(function, "cache_clear") and hasattr(function, "__wrapped__")
    kept = _copied(function.__wrapped__ if cached else function)

    def fresh():
        return functools.lru_cache(_copied(kept)) if cached else _copied(kept)

    return fresh


def _copied(function):
    if not isinstance(function, types.FunctionType):
        return _deep(function)
    code = function.__code__
    used = {name: function.__globals__.get(name) for name in code.co_names}
    outside = {name: _deep(value) for name, value in used.items() if isinstance(value, KEPT) and not _large(value)}
    cells = tuple(_cell(cell) for cell in function.__closure__ or ())
    again = types.FunctionType(
        code, {**function.__globals__, **outside} if outside else function.__globals__, function.__name__,
        _deep(function.__defaults__), cells or None,
    )  # fmt: skip
    again.__kwdefaults__ = _deep(function.__kwdefaults__)
    again.__dict__.update(_deep(function.__dict__))
    return again


def _cell(cell: types.CellType) -> types.CellType:
    try:
        value = cell.cell_contents
    except ValueError:  # not filled yet
        return cell
    return types.CellType(_deep(value)) if isinstance(value, (*KEPT, int, float)) and not _large(value) else cell


def _large(value) -> bool:
    return isinstance(value, np.ndarray) and value.size > LARGE


def _deep(value):
    try:
        return copy.deepcopy(value)
    except Exception:  # what cannot be copied is taken as it is
        return value
