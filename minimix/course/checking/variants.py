"""Variants of a plain right function, each with one slip of ``slips_of_code``: made when they are asked for, and run with care.

A slip may make loops that do not end and arrays that fill the memory. So ``range`` counts how many steps were taken in all,
and gives up behind too many, and lists are handed over as tuples: a list that grows in a loop over itself has no end.
"""

import ast
import functools
import inspect
import itertools
import numbers
import textwrap
import warnings
from collections.abc import Callable, Iterator

from minimix.course.checking.exercise import copied
from minimix.course.checking.slip import Slip, words
from minimix.course.checking.slips_of_code import slips

STEPS = 500_000  # of all loops together, in one call


class TooLong(Exception):
    """A variant's loops do not end in reasonable time."""


class Limited:
    """``range``, which counts."""

    def __init__(self):
        self.left = STEPS

    def __call__(self, *bounds):
        found = range(*bounds)
        self.left -= len(found)
        if self.left < 0:
            raise TooLong
        return found


LIMITED = Limited()


class Way:
    """A plain way to write a right function: its syntax tree, in which slips are put and taken out again.

    example: arguments with which it can be called, to see of which kind its variables are.
    """

    def __init__(self, function: Callable, example: tuple):
        self.function = function
        self.tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        self.space = {**function.__globals__, "range": LIMITED}
        self.slips: list[Slip] = slips(self.tree, self._kinds(example))
        self.made: dict[tuple[int, ...], Callable | None] = {}

    def _kinds(self, example: tuple) -> dict[str, object]:
        """Of each variable: its type, of an array also how many axes it has."""
        last = self.tree.body[-1]
        if not isinstance(last, ast.Return):
            return {}
        slip = Slip(last, "value", None, last.value, ast.parse("locals()", mode="eval").body, last)
        try:
            found = self._with([slip])(*example)
        except Exception:  # a kind is a help, not a need
            found = None
        if not isinstance(found, dict):  # or an earlier return came first
            return {}
        return {
            name: (type(value).__name__.replace("int64", "int"), getattr(value, "ndim", 0)) for name, value in found.items()
        }

    def steps(self, case: dict) -> dict[str, int]:
        """Whole numbers that the right function computes before its loops, by how they are computed."""
        try:
            values = self.start(*copied(case).values())
        except Exception:  # a function that is called in another way
            return {}
        found = {}
        for line in self.first:
            target, value = line.targets[0], line.value
            both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            for name, made in zip(target.elts, value.elts, strict=False) if both else [(target, value)]:
                number = values.get(getattr(name, "id", None))
                if isinstance(made, ast.BinOp) and isinstance(number, numbers.Integral):
                    found[f"({ast.unparse(made)})"] = int(number)
        return found

    @functools.cached_property
    def first(self) -> list[ast.Assign]:
        """The lines in front of the first loop."""
        body = self.tree.body[1:] if ast.get_docstring(self.tree) else self.tree.body
        return list(itertools.takewhile(lambda line: isinstance(line, ast.Assign), body))

    @functools.cached_property
    def start(self) -> Callable:
        """A function of these lines, which returns its variables."""
        told = ast.Return(ast.parse("locals()", mode="eval").body)
        lines = [*self.first, ast.fix_missing_locations(told)]
        return self._with([Slip(self.tree, "body", None, self.tree.body, lines, self.tree.body[-1])])

    def variant(self, *numbers: int) -> Callable | None:
        """The function with these slips; None where that is no code."""
        if numbers not in self.made:
            self.made[numbers] = self._with([self.slips[number] for number in numbers])
        return self.made[numbers]

    def made_once(self, *numbers: int) -> Callable | None:
        """Likewise, of two slips, not to be kept: there are many pairs."""
        return self._with([self.slips[number] for number in numbers])

    def _with(self, chosen: list[Slip]) -> Callable | None:
        for slip in chosen:
            slip.put(slip.new)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                code = compile(ast.Module([self.tree], []), "<variant>", "exec")
        except (SyntaxError, ValueError, TypeError):
            return None
        finally:
            for slip in reversed(chosen):
                slip.put(slip.old)
        space = self.space.copy()
        exec(code, space)
        return functools.partial(_limited, space[self.tree.name])

    def words(self, *numbers: int) -> str:
        return words(*(self.slips[number] for number in numbers))


def _limited(function: Callable, *arguments):
    LIMITED.left = STEPS
    return function(*(tuple(given) if isinstance(given, list) else given for given in arguments))


KNOWN: dict[Callable, Way | None] = {}  # made once


def ways_of(functions: tuple[Callable, ...], example: tuple) -> list[Way]:
    """Those whose source can be read."""
    for function in functions:
        if function not in KNOWN:
            try:
                KNOWN[function] = Way(function, example)
            except OSError:  # a program without its source
                KNOWN[function] = None
    return [way for way in map(KNOWN.get, functions) if way]


def all_of(ways: list[Way]) -> Iterator[tuple[Way, int]]:
    """Every slip of every way, the simplest first."""
    numbered = [(way.slips[number].rank, place, number) for place, way in enumerate(ways) for number in range(len(way.slips))]
    return ((ways[place], number) for _, place, number in sorted(numbered))
