"""An exercise on what a mixed convolution is: a depthwise convolution with zeros around its small kernels."""

import numpy as np

from minimix.course.checking import alterations as alt
from minimix.course.checking.alterations import bordered
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, numbers
from minimix.course.checking.report import Report


def _weights(rng):
    for groups in [  # (channels, kernel size) each
        [(1, 1)], [(1, 1), (1, 3)], [(2, 1)], [(1, 3)], [(1, 3), (1, 1)], [(2, 1), (1, 3)], [(1, 3), (2, 3)], [(2, 3), (1, 5)],
        [(1, 1), (1, 5)], [(1, 5), (1, 3)], [(1, 1), (1, 3), (1, 5)], [(2, 3), (2, 5), (2, 7)], [(3, 3), (2, 5), (1, 7)],
        [(2, 3), (2, 5), (1, 7), (1, 9)], [(1, 3), (1, 11)],
    ]:  # fmt: skip
        yield {"weights": [numbers(rng, channels, 1, kernel, kernel) for channels, kernel in groups]}


def _largest(weights) -> int:
    return max(weight.shape[-1] for weight in weights)


def _embed(weights):
    return _each(lambda weight, k: bordered(weight, (k - weight.shape[-1]) // 2, (k - weight.shape[-1]) // 2))(weights)


def _each(change):
    """``change(weight, largest kernel)`` of each group, joined."""
    return lambda weights: np.concatenate([change(weight, _largest(weights)) for weight in weights])


def _room(weight, k: int) -> int:
    return k - weight.shape[-1]


def _stretched(weight, k: int):
    """The kernel enlarged to k by repeating its weights."""
    nearest = np.arange(k) * weight.shape[-1] // k
    return weight[..., nearest[:, None], nearest[None, :]]


def _apart(weight, k: int):
    """The taps as far apart as they fit."""
    n = weight.shape[-1]
    step = (k - 1) // (n - 1) if n > 1 else 1
    spaced = np.zeros((len(weight), 1, step * (n - 1) + 1, step * (n - 1) + 1))
    spaced[..., ::step, ::step] = weight
    return bordered(spaced, _room(spaced, k) // 2, _room(spaced, k) // 2)


EMBED = Exercise(
    "embed",
    _embed,
    _weights,
    (
        Mistake(
            "kernels in the top left corner",
            "All zeros are below the small kernels and to their right. Then their middles do not lie on the same pixel.",
            _each(lambda weight, k: bordered(weight, 0, _room(weight, k))),
        ),
        Mistake(
            "kernels in the bottom right corner",
            "All zeros are above the small kernels and to their left. Then their middles do not lie on the same pixel.",
            _each(lambda weight, k: bordered(weight, _room(weight, k), 0)),
        ),
        Mistake(
            "border not zero",
            "The border repeats the kernel's outermost weights. What lies outside of a small kernel must count nothing.",
            _each(lambda weight, k: bordered(weight, _room(weight, k) // 2, _room(weight, k) // 2, "edge")),
        ),
        Mistake(
            "kernels stretched",
            "The small kernels are enlarged to the size of the largest. They are to keep their weights, with zeros around.",
            _each(_stretched),
        ),
        Mistake(
            "zeros between the taps",
            "The zeros are between the taps: that is dilation. They belong around the kernel.",
            _each(_apart),
        ),
        Mistake(
            "weights scaled to the larger window",
            "Each kernel is divided by how much its window grows, as for a mean. Zeros add nothing, so nothing has to shrink.",
            _each(lambda weight, k: _embed([weight, np.zeros((0, 1, k, k))]) * (weight.shape[-1] / k) ** 2),
        ),
        Mistake(
            "groups in reverse order",
            "The last group's kernels come first. Channel c of the result must be the kernel that channel c has.",
            lambda weights: _embed(weights[::-1]),
        ),
        Mistake(
            "one kernel for each group",
            "All channels of a group get the kernel of its first channel. They share the kernel's size, not its weights.",
            lambda weights: _embed([alt.one_kernel(weight) for weight in weights]),
        ),
        Mistake(
            "last group left out",
            "The last group's kernels are 0. What is the last number that range(n) gives?",
            lambda weights: _embed([*weights[:-1], np.zeros_like(weights[-1])]),
        ),
        Mistake(
            "small kernels left out",
            "Only kernels of the largest size are there, the others are 0. They go into the middle of the larger window.",
            _each(lambda weight, k: weight if weight.shape[-1] == k else np.zeros((len(weight), 1, k, k))),
        ),
        Mistake(
            "largest kernel cut down",
            "The kernels are cut to the smallest size. It is the other way round: the small ones grow, by zeros.",
            lambda weights: np.concatenate([_middle(w, min(v.shape[-1] for v in weights)) for w in weights]),
        ),
        Mistake(*alt.FLIPPED, lambda weights: _embed([alt.flipped(weight) for weight in weights])),
        Mistake(*alt.TRANSPOSED, lambda weights: _embed([alt.transposed(weight) for weight in weights])),
    ),
)


def _middle(weight, k: int):
    start = (weight.shape[-1] - k) // 2
    return weight[..., start : start + k, start : start + k]


def check_embed(function) -> Report:
    """Check f(weights) -> one array (C, 1, K, K): the kernels of all groups in the middle of the largest one's window.

    weights: a list, one array (C_t, 1, K_t, K_t) a group, K_t odd; K is the largest K_t, C the sum of all C_t.

    >>> from minimix import viz
    >>> check_embed(lambda weights: np.concatenate(viz.embed(weights))).passed
    True
    """
    return check(EMBED, function)
