"""Functions that are recognised by their values, and what is known to go wrong in their backward passes.

A function is recognised where its outputs are those of the formula; a mistake is named where backward gives exactly the
numbers that it would give, for several incoming gradients. The functions and their mistakes are data: ``known_numbers``,
``known_rows``.
"""

from collections.abc import Iterator

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis.known_numbers import ELEMENTWISE, GENERAL
from minimix.gradcheck.diagnosis.known_rows import matches, over_axes, reductions
from minimix.gradcheck.evidence import Evidence

FORMULAS = ("wrong formula", "chain factor", "term missing")  # one and the same mistake, called by what it lacks


def recognised(e: Evidence) -> Cause | None:
    """A known mistake of a known function."""
    if e.output is None or e.point.size > 4096:
        return None
    for name, mistakes in _candidates(e):
        for words, claims, give in mistakes:
            u, a, _ = e.mixed
            try:
                theirs = np.stack([give(row.reshape(e.shapes[0])) for row in u])
            except ValueError:
                continue
            if e.alike(a, theirs):
                return Cause(f"the function is {name}, and backward {words}", *dict.fromkeys((*claims, *FORMULAS)))
    return None


def _candidates(e: Evidence) -> Iterator[tuple[str, list]]:
    """(name of the function, its mistakes: words, claims, what backward would give for an incoming gradient)."""
    x, y = e.point, e.output
    if y.shape == x.shape and x.size >= 2:
        for known in ELEMENTWISE:
            if matches(y, known.function(x), 1e-6 if known.name == "gelu" else 1e-9):
                mistakes = (*known.mistakes, *GENERAL)
                yield (
                    known.name,
                    [(f"multiplies by {words}", claims, lambda u, g=g: u * g(x, y)) for words, claims, g in mistakes],
                )
        yield from over_axes(x, y)
    yield from reductions(e)
