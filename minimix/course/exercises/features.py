"""What may tell the configurations that fail from the others, in words."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minimix.course.checking.exercise import Case


@dataclass(frozen=True)
class Condition:
    """yes, no: what is said of a configuration for which ``test`` is true, or false; after "wherever"."""

    yes: str
    no: str
    test: Callable[[Case], bool]


def features(*conditions: Condition) -> Callable[[Case], dict[str, bool]]:
    """``Exercise.features``: both sides of each condition.

    >>> features(Condition("n is large", "n is small", lambda case: case["n"] > 9))({"n": 3})
    {'n is large': False, 'n is small': True}
    """

    def found(case: Case) -> dict[str, bool]:
        sides: dict[str, bool] = {}
        for condition in conditions:
            answer = bool(condition.test(case))
            sides |= {condition.yes: answer, condition.no: not answer}
        return sides

    return found


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


def values(*names: str) -> Callable[[Case], dict]:
    """Of arrays: what their entries are like."""

    def found(case: Case) -> dict[str, float | bool]:
        facts: dict[str, float | bool] = {}
        for name in names:
            array = np.asarray(case[name])
            facts[f"the largest entry of {name}, whatever its sign,"] = float(f"{np.abs(array).max(initial=0):.3g}")
            facts[f"{name} holds numbers below 0"] = bool((array < 0).any())
            facts[f"{name} holds zeros"] = bool((array == 0).any())
            facts[f"{name} holds zeros only"] = not array.any()
            facts[f"{name} is of another dtype than float64"] = array.dtype != np.float64
            facts[f"all entries of {name} are equal"] = array.size > 1 and bool((array == array.flat[0]).all())
            facts[f"{name} has equal entries"] = len(np.unique(array)) < array.size
        return facts

    return found


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
        Condition(
            "a group has not as many channels as its kernel is wide",
            "each group has as many channels as its kernel is wide",
            lambda case: channels(case) != sizes(case),
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
