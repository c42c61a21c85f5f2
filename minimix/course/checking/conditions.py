"""Where a function is wrong: what the configurations that fail have in common, and those that pass have not.

Nothing is guessed: a condition is named only if it divides the configurations exactly as right and wrong do, or if everything
on one side of it is right.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minimix.course.checking.exercise import Case

FEW = 2  # configurations that are needed on either side; fewer may be chance


@dataclass(frozen=True)
class Condition:
    """yes, no: what is said of a configuration for which ``test`` is true, or false; after "wherever". test: None where the
    question makes no sense."""

    yes: str
    no: str
    test: Callable[[Case], bool | None]


def told(conditions: tuple[Condition, ...], tried: list[tuple[Case, bool]]) -> str:
    """A sentence on the configurations that are wrong, "" where no condition divides them from the right ones.

    tried: (configuration, whether it is wrong).

    >>> longer = Condition("n is above 2", "n is 1 or 2", lambda case: case["n"] > 2)
    >>> told((longer,), [({"n": 1}, False), ({"n": 2}, False), ({"n": 3}, True), ({"n": 4}, True)])
    'Wrong wherever n is above 2, right everywhere else.'
    >>> told((longer,), [({"n": n}, n in (3, 5)) for n in range(6)])
    'Right wherever n is 1 or 2; what is wrong is among the others.'
    """
    target = np.array([wrong for _, wrong in tried])
    cases = [case for case, _ in tried]
    if min(target.sum(), (~target).sum()) < FEW:
        return ""
    literals = _literals(conditions, cases)
    if exact := [text for text, holds in literals if np.array_equal(holds, target)]:
        return f"Wrong wherever {' and '.join(exact[:2])}, right everywhere else."
    for (a, first), (b, second) in itertools.combinations(literals, 2):
        if np.array_equal(first & second, target):
            return f"Wrong wherever {a} and {b}, right everywhere else."
    right = [(int(holds.sum()), text) for text, holds in literals if not (holds & target).any()]
    count, text = max(right, key=lambda found: found[0], default=(0, ""))
    if count < max(3, len(cases) / 5):
        return ""
    return f"Right wherever {text}; what is wrong is among the others."


def _literals(conditions, cases: list[Case]) -> list[tuple[str, np.ndarray]]:
    found = []
    for condition in conditions:
        values = [condition.test(case) for case in cases]
        found.append((condition.yes, np.array([value is not None and bool(value) for value in values])))
        found.append((condition.no, np.array([value is not None and not value for value in values])))
    return [(text, holds) for text, holds in found if text and holds.any() and not holds.all()]


# -- conditions that several exercises share --------------------------------------------------------------------------------


def above(argument: str, limit: int, yes: str, no: str) -> Condition:
    """Of a whole number among the arguments."""
    return Condition(yes, no, lambda case: case[argument] > limit)


STRIDE = above("stride", 1, "the stride is above 1", "the stride is 1")
DILATION = above("dilation", 1, "the dilation is above 1", "the dilation is 1")
PADDING = above("padding", 0, "there is padding", "there is no padding")
LAYER = (STRIDE, DILATION, PADDING)


def pictures(shape_of: Callable[[Case], tuple]) -> tuple[Condition, ...]:
    """Of pictures (N, C, H, W): shape_of(case)."""
    return (
        Condition("there is more than one image", "there is a single image", lambda case: shape_of(case)[0] > 1),
        Condition("there is more than one channel", "there is a single channel", lambda case: shape_of(case)[1] > 1),
        Condition("height and width differ", "the pictures are square", lambda case: shape_of(case)[2] != shape_of(case)[3]),
    )


def grouped(weights_of: Callable[[Case], list]) -> tuple[Condition, ...]:
    """Of a list of weights (C_t, 1, K_t, K_t)."""

    def sizes(case):
        return [weight.shape[-1] for weight in weights_of(case)]

    def channels(case):
        return [len(weight) for weight in weights_of(case)]

    return (
        Condition("there is more than one group", "there is a single group", lambda case: len(weights_of(case)) > 1),
        Condition(
            "the groups have different numbers of channels",
            "all groups have as many channels",
            lambda case: len(set(channels(case))) > 1,
        ),
        Condition("a group has several channels", "each group has a single channel", lambda case: max(channels(case)) > 1),
        Condition("a kernel is 1 x 1", "no kernel is 1 x 1", lambda case: 1 in sizes(case)),
        Condition("all kernels are 1 x 1", "there is a kernel larger than 1 x 1", lambda case: max(sizes(case)) == 1),
        Condition(
            "two groups have kernels of the same size",
            "each group has a kernel size of its own",
            lambda case: len(set(sizes(case))) < len(sizes(case)),
        ),
        Condition(
            "the groups have different kernel sizes", "all kernels have the same size", lambda case: len(set(sizes(case))) > 1
        ),
        Condition(
            "the kernel sizes are not 3, 5, 7, ...",
            "the kernel sizes are 3, 5, 7, ...",
            lambda case: sizes(case) != [2 * t + 3 for t in range(len(sizes(case)))],
        ),
        Condition(
            "the kernel sizes are not 1, 3, 5, ...",
            "the kernel sizes are 1, 3, 5, ...",
            lambda case: sizes(case) != [2 * t + 1 for t in range(len(sizes(case)))],
        ),
        Condition(
            "the last kernel is not the largest",
            "the last kernel is the largest",
            lambda case: max(sizes(case)) > sizes(case)[-1],
        ),
        Condition(
            "the first kernel is not the largest",
            "the first kernel is the largest",
            lambda case: max(sizes(case)) > sizes(case)[0],
        ),
        Condition(
            "the group with the most channels has not the largest kernel",
            "the group with the most channels has the largest kernel",
            lambda case: max(weights_of(case), key=len).shape[-1] < max(sizes(case)),
        ),
        Condition(
            "a kernel is larger than one of a later group",
            "no kernel is larger than one of a later group",
            lambda case: sizes(case) != sorted(sizes(case)),
        ),
    )
