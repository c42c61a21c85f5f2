"""What an exercise is: data. What the learner's function is given, what it should return, and what usually goes wrong."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

Case = dict  # one configuration: the learner's function is called with these values, in this order; the names are for reports


@dataclass(frozen=True)
class Mistake:
    """A wrong function that learners write.

    name: a few words that stand in the report's title. explanation: what is wrong, and how to see it, in a sentence or two.
    function: does what the mistaken code does. It may raise where that code would: such configurations do not count.
    parts: what of the exercise's ``built`` it alters; mistakes that alter different parts can be made at once.
    """

    name: str
    explanation: str
    function: Callable
    parts: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Exercise:
    """One thing to write.

    solution:  what is right. It returns an array, a number, or a dict of them where several are wanted; learners may return
               a tuple or list in the dict's order as well.
    cases:     ``cases(rng)`` makes the configurations, each a dict of arguments in order.
    mistakes:  what a wrong result is compared with.
    whole:     the result is used as a size, so that 4.0 will not do for 4.
    call:      ``call(function, case)`` runs a function on a configuration, where that is not a plain call.
    nothing:   what is said of a function after whose call there is no result, if it is no stub.
    built:     ``built(**parts)`` makes a function of altered parts, the solution where none is. Two mistakes with parts are
               also tried together.
    features:  ``features(case)``: {words: number or truth} about a configuration, beside its arguments and their shapes: what
               may tell those that fail from the others.
    first_axis: what an entry of axis 0 is, of results with four axes.
    repair:    ``repair(case)`` makes of arrays into which any numbers were put such as the statement covers, in place.
    ways:      plain ways to write it (``course/ways``), in which slips are made to see which of them gives a learner's numbers.
    broad:     ``broad(rng)`` makes more configurations, over all that the statement covers; they are tried behind the others.
    """

    name: str
    solution: Callable
    cases: Callable[[np.random.Generator], Iterable[Case]]
    mistakes: tuple[Mistake, ...]
    whole: bool = False
    call: Callable = lambda function, case: function(*case.values())
    nothing: str = "the function returns None. If it is written, a return is missing, or returns nothing, as list.sort does."
    built: Callable | None = None
    features: Callable[[Case], dict] = lambda case: {}
    first_axis: str = "image"
    broad: Callable[[np.random.Generator], Iterable[Case]] = lambda rng: ()
    repair: Callable[[Case], None] = lambda case: None
    ways: tuple[Callable, ...] = ()

    def configurations(self) -> list[Case]:
        """The same ones every time, the smallest first; behind them the broad ones."""
        readable, broad = (sorted(make(np.random.default_rng(0)), key=size_of) for make in (self.cases, self.broad))
        return readable + broad


def altered(built: Callable) -> Callable[..., Mistake]:
    """How mistakes are written that alter parts of ``built``: altered(built)(name, explanation, part=...).

    >>> def built(sign=1, factor=2):
    ...     return lambda x: sign * factor * x
    >>> mistake = altered(built)("sign reversed", "Which one is subtracted from which?", sign=-1)
    >>> mistake.function(3), mistake.parts
    (-6, {'sign': -1})
    """
    return lambda name, explanation, **parts: Mistake(name, explanation, built(**parts), parts)


def size_of(value) -> int:
    """How much a reader has to look at: array entries, and what whole numbers amount to.

    >>> size_of({"x": np.zeros((2, 3)), "stride": 2, "kind": "equal"})
    8
    """
    if isinstance(value, np.ndarray):
        return value.size
    if isinstance(value, dict):
        return size_of(list(value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(size_of, value))
    return abs(value) if isinstance(value, int) else 0


def numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers to compute with, never 0. Few of them are small and whole, so that a reader can check them by hand; many are
    quarters, so that a result in whole numbers is noticed.

    >>> numbers(np.random.default_rng(0), 1, 4)
    array([[8., 6., 5., 3.]])
    """
    values = rng.integers(1, 10, shape) * rng.choice([1, 1, -1], shape)
    return values.astype(np.float64) if values.size <= 18 else values / 4 + np.sign(values) * 0.25


def in_another_order(array: np.ndarray) -> np.ndarray:
    """The same numbers, the last axis not the one whose entries are neighbours in memory, as of many views and outputs.

    >>> in_another_order(np.zeros((2, 3, 4))).strides
    (8, 16, 48)
    """
    return array.transpose().copy().transpose()


def copied(value):
    """A configuration, or a part of it, that may be changed without harm. Arrays lie in memory as they did, with gaps and with
    entries that stand for several (strides of 0), and what was not to be written to is not to be so again.

    >>> copied(np.arange(12.0)[::3]).strides
    (24,)
    """
    if isinstance(value, np.ndarray):
        return _copied(value)
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    return type(value)(map(copied, value)) if type(value) in (list, tuple) else value


def _copied(array: np.ndarray) -> np.ndarray:
    copy = array.copy(order="K")
    if array.size and copy.strides != array.strides and min(array.strides, default=0) >= 0:
        last = sum(step * (length - 1) for step, length in zip(array.strides, array.shape, strict=True))
        memory = np.empty(last // array.itemsize + 1, array.dtype)
        copy = np.lib.stride_tricks.as_strided(memory, array.shape, array.strides)
        copy[...] = array
    if not array.flags.writeable:
        copy.flags.writeable = False
    return copy
