"""What came of calling a function once: the numbers it returned, or why there are none.

Learners return lists, tuples, integers, fractions, float32 and float64. That does not matter. How many numbers there are, and
in which shape, does.
"""

import contextlib
import io
import numbers
import warnings
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from minimix.course.checking.exercise import Case, Exercise, copied

TOLERANCE = 1e-4  # largest error, relative to the largest number of the result: float32 will do. Whole numbers must be equal
Arrays = dict[str, np.ndarray]  # by name; a function that returns one thing has it under ""


class Malformed(Exception):
    """A result that is not of the kind that is asked for. The message goes on after "it returns"."""


@dataclass(frozen=True)
class Outcome:
    """arrays: the numbers, None where there are none: then ``error`` was raised, or ``malformed`` says what came instead, or
    nothing came (``empty``). changed: names of arguments that the function changed. printed: what it printed.
    events: what NumPy met while it computed: "divide by zero", "overflow", "invalid value". result: what was returned, itself.
    """

    arrays: Arrays | None = None
    error: Exception | None = None
    malformed: str = ""
    empty: bool = False
    changed: tuple[str, ...] = ()
    printed: str = ""
    events: tuple[str, ...] = ()
    result: object = None

    @property
    def unwritten(self) -> bool:
        return self.empty or isinstance(self.error, NotImplementedError)


def run(exercise: Exercise, function, case: Case, expected=None, given: Case | None = None) -> Outcome:
    """Call ``function`` with a copy of ``case``, or with ``given``, which is equal. expected: what the solution returns; None
    while that is being found out."""
    given = copied(case) if given is None else given
    printed = io.StringIO()
    events: dict[str, None] = {}
    met = np.errstate(all="call", under="ignore", call=lambda kind, _: events.setdefault(kind))
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings(), met:
            warnings.simplefilter("ignore")
            result = exercise.call(function, given)
    except Malformed as problem:
        return Outcome(malformed=str(problem), printed=printed.getvalue())
    except Exception as error:  # whatever the learner's code does is to be reported, not to be raised
        return Outcome(error=error, printed=printed.getvalue())
    changed = tuple(name for name in case if not same(case[name], given[name]))
    seen = {"changed": changed, "printed": printed.getvalue(), "events": tuple(events)}
    if result is None or result is Ellipsis:
        return Outcome(empty=True, **seen)
    try:
        return Outcome(arrays_of(result, result if expected is None else expected), result=result, **seen)
    except Malformed as problem:
        return Outcome(malformed=str(problem), **seen)


def same(a, b) -> bool:
    """Equal, also inside of lists."""
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


def arrays_of(result, expected) -> Arrays:
    """``result`` as copied arrays, in the structure of ``expected``: a dict of named parts, or one thing.

    >>> arrays_of((7, 2.0), {"size": 5, "jump": 1})
    {'size': array(7), 'jump': array(2.)}
    >>> arrays_of([[1, 2], [3]], np.zeros(2))
    Traceback (most recent call last):
        ...
    minimix.course.checking.outcome.Malformed: a list from which no array can be made (do its rows differ in length?)
    """
    if not isinstance(expected, dict):
        return {"": _array(result)}
    if not isinstance(result, dict):
        result = dict(zip(expected, _sequence(result, list(expected)), strict=True))
    if missing := [name for name in expected if name not in result]:
        raise Malformed(f"a dict without {' and '.join(map(repr, missing))}; expected {', '.join(map(repr, expected))}")
    if more := [name for name in result if name not in expected]:
        raise Malformed(f"a dict with {' and '.join(map(repr, more))}, too; expected only {', '.join(map(repr, expected))}")
    arrays = {}
    for name, wanted in expected.items():
        if isinstance(wanted, list):
            if isinstance(result[name], np.ndarray) and result[name].ndim == np.ndim(wanted[0]):
                raise Malformed(f"{kind_of(result[name])} for {name}; expected a list of arrays, {len(wanted)} here")
            items = _sequence(result[name], [f"{name}[{i}]" for i in range(len(wanted))])
            arrays |= {f"{name}[{i}]": _array(item) for i, item in enumerate(items)}
        else:
            arrays[name] = _array(result[name])
    return arrays


def _sequence(result, names: list[str]) -> list:
    if not isinstance(result, (list, tuple)) and not (isinstance(result, np.ndarray) and result.shape[:1] == (len(names),)):
        raise Malformed(f"{kind_of(result)}; expected {len(names)} values, ({', '.join(names)})")
    if len(result) != len(names):
        raise Malformed(f"{len(result)} values; expected {len(names)}, ({', '.join(names)})")
    return list(result)


def _array(value) -> np.ndarray:
    if value is None:
        raise Malformed("None for a part of the result")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a Tensor, a matrix: what matters is whether numbers come out
            array = np.array(value)
    except (ValueError, TypeError):
        raise Malformed(f"{kind_of(value)} from which no array can be made (do its rows differ in length?)") from None
    if array.dtype.kind == "c" and not array.imag.any():
        array = array.real
    if array.dtype.kind == "O" and all(isinstance(entry, (numbers.Real, Decimal)) for entry in array.flat):
        array = array.astype(float)  # fractions
    if array.dtype.kind == "O" and isinstance(value, np.ndarray):
        raise Malformed("an array of objects, not of numbers (do its rows differ in length?)")
    if array.dtype.kind not in "biuf":
        raise Malformed(f"{kind_of(value)} that is no array of real numbers")
    return array.astype(int) if array.dtype.kind == "b" else array


def kind_of(value) -> str:
    """
    >>> kind_of(np.zeros((2, 3))), kind_of("conv"), kind_of(2)
    ('an array of shape (2, 3)', 'a str', 'an int')
    """
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def agree(a: Arrays, b: Arrays) -> bool:
    """Whether the numbers are the same, all of them."""
    return all(close(a[name], b[name]) for name in b)


def close(a: np.ndarray, b: np.ndarray) -> bool:
    """Same shape, and no wrong entry."""
    return a.shape == b.shape and not wrong_entries(a, b).any()


def wrong_entries(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where a is not b, as booleans. NaN is the same as NaN: a mistake that makes one is recognised by it.

    >>> wrong_entries(np.array([1.0, 2.0, np.nan, np.nan]), np.array([1.00001, 2.1, 3.0, np.nan]))
    array([False,  True,  True, False])
    """
    finite = np.abs(b[np.isfinite(b)])
    allowed = 0.0 if b.dtype.kind in "iu" else max(TOLERANCE * finite.max(initial=0.0), 1e-9)
    with np.errstate(all="ignore"):
        return ~(np.abs(a - b) <= allowed) & ~(a == b) & ~(np.isnan(a) & np.isnan(b))
