"""What the corpus is made of: wrong ops and wrong solutions with their true causes, and right ones that look odd.

They were written without a look at the rules that name causes (``minimix/gradcheck``, ``minimix/course/checking``), so that
these can be measured by them: ``python tests/mistakes`` prints how often a check says the true cause, a false one, or none.
A third, chosen by a hash of the name, is held out: nobody looks at its answers while a rule is being changed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minimix import Tensor

CAUSES = {  # label: what is wrong with the backward pass
    # the whole gradient of an input
    "sign": "its sign is wrong everywhere",
    "factor": "it is off by one and the same number everywhere (2, 1/2, a forgotten constant)",
    "averaged": "divided by a number of elements, where it should be summed",
    "not averaged": "the division by a number of elements (of a mean) is forgotten",
    "zero": "nothing arrives: zero everywhere, or None, though forward depends on the input",
    "independent": "a gradient is given for an input (or a part of it) that forward does not depend on",
    "exchanged": "the gradients of two inputs (or outputs) are exchanged",
    # where it depends on values
    "no mask": "let through where forward blocks it (relu, clip, max, dropout, ignored labels, causal masks)",
    "inverted mask": "blocked where forward lets it through, let through where forward blocks it",
    "wrong mask": "a mask is there, but cuts at a wrong value or place",
    "value": "right where the input is on one side of some number, wrong on the other (abs without sign, a forgotten branch)",
    # right numbers in wrong places
    "transposed": "axes exchanged: B for B.T, rows for columns",
    "flipped": "mirrored along axes: convolution for cross-correlation",
    "memory order": "a reshape where a transpose is needed (or the reverse): right numbers, laid out in another order",
    "shifted": "moved along an axis: a wrong offset, padding or roll",
    "permuted": "whole slices in each other's places: channels, groups, a permutation that is not inverted",
    "other place": "given to a wrong element: to the smallest instead of the largest, to an index off by one",
    # some parts of it
    "not summed": "contributions lost: not summed over a batch, over what was broadcast, over uses of one element",
    "overwritten": "= where += is needed: of several contributions to an element, one remains",
    "summed": "summed over an axis where it should not be, or contributions counted twice",
    "left out": "some index, tap, row, channel or output is never handled",
    "border": "wrong only near the border: padding",
    "stride": "a stride or dilation is ignored or mishandled",
    "groups": "groups or channels are matched wrongly",
    # the formula
    "ones": "the incoming gradient is ignored, as though it were all ones",
    "nonlinear": "not linear in the incoming gradient: clipped, its absolute value, its sign, normalised, squared",
    "chain factor": "a factor that differs from entry to entry is missing or used twice (an inner derivative, x, 1/x)",
    "scale": "the same for a factor that belongs to a channel, row or column (gamma, 1/std, a weight of a class)",
    "term missing": "a summand is missing (the mean's or the variance's in a norm, softmax's sum, the other use of an input)",
    "term extra": "a summand too many (weight decay, eps, a gradient added twice over)",
    "sign of a term": "a summand has the wrong sign",
    "wrong formula": "the derivative of another function (sin for cos, sqrt's for square's), a wrong exponent",
    "wrong point": "the right formula at the wrong place: at the output in place of the input, or the reverse",
    "wrong constant": "a constant differs from forward's: leaky slope, eps, temperature, smoothing, exponent",
    # numbers
    "precision": "float32 or float16 inside, or rounded",
    "approximate": "an approximation in place of the derivative",
    "not finite": "NaN or infinite: a division by zero, an overflow, memory never written",
    # manners
    "aliased": "returned memory that is not its own: a saved array, or one array for two calls",
    "changes input": "forward or backward writes into an input",
    "changes saved": "backward writes into what forward saved",
    "changes gradient": "backward writes into the incoming gradient",
    "changes output": "backward (or forward, later) writes into the output",
    "state": "the result depends on earlier calls",
    "random": "random numbers are drawn anew where the same ones are needed",
    "input strides": "an input is taken for dense, C-ordered memory",
    "gradient strides": "the incoming gradient is taken for dense, C-ordered or writeable memory",
    "shape": "a gradient has not its input's shape",
    "dtype": "a gradient has not its input's dtype",
    "contract": "forward does not return (output, saved), or backward no tuple with one gradient (array) for each input",
}  # fmt: skip


@dataclass(frozen=True)
class Wrong:
    """An op whose backward pass is wrong (or whose forward pass breaks the rules).

    name: unique, a few words. func: takes Tensors, returns a Tensor or several.
    points: functions of a ``numpy.random.Generator``, each making the arrays of one call, float64 where they are differentiated:
    other shapes and values, for at all of which the op is wrong.
    cause: a label of CAUSES. also: labels that are as true. truth: what is wrong, in a sentence.
    """

    name: str
    func: Callable
    points: tuple[Callable, ...]
    cause: str
    truth: str
    also: tuple[str, ...] = ()

    def __post_init__(self):
        assert {self.cause, *self.also} <= set(CAUSES), (self.name, self.cause, self.also)


@dataclass(frozen=True)
class Right:
    """An op or function that is right everywhere, however awkward; refused: in which modes it may be refused with a ValueError
    or TypeError (a function that is not analytic in complex mode), as documented."""

    name: str
    func: Callable
    points: tuple[Callable, ...]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Solution:
    """What a learner wrote for an exercise of the course: wrong, with the truth in a sentence, or right (truth None)."""

    exercise: str
    name: str
    function: Callable
    truth: str | None = None


def tensors(arrays) -> list:
    """Float64 arrays as Tensors that require a gradient, all else as it is."""
    return [
        Tensor(a, requires_grad=True) if isinstance(a, np.ndarray) and a.dtype == np.float64 else a for a in arrays
    ]


def held_out(name: str) -> bool:
    """Whether an entry belongs to the third that is only looked at when no rule is changed any more."""
    return hashlib.sha256(name.encode()).digest()[0] % 3 == 0
