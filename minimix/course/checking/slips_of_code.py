"""Slips in a line of code: what a learner may write in place of each piece of it, made mechanically from a syntax tree.

A slip is small: a term left out, another name, an index one too large, a sum for a mean, ``=`` for ``+=``, a line behind its
loop instead of in it. Those that come first are the simplest.
"""

import ast

from minimix.course.checking.slip import Slip
from minimix.course.checking.slips_in_expressions import of_expressions
from minimix.course.checking.slips_in_lines import left_early, of_arguments, of_lines


def slips(function: ast.FunctionDef, kinds: dict[str, tuple]) -> list[Slip]:
    """All slips in a function. kinds: of its names; one is mistaken for another of the same kind."""
    found = [*of_lines(function), *of_expressions(function, kinds), *of_arguments(function, kinds), *left_early(function)]
    return sorted(found, key=lambda slip: slip.rank)
