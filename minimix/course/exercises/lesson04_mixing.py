"""An exercise on mixed convolution: convolving the groups of channels."""

import itertools

import numpy as np

from minimix import reference
from minimix.course.checking import alterations as alt
from minimix.course.checking.alterations import bordered, cut
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, numbers
from minimix.course.checking.report import Report

def _pictures(rng):
    for n, h, w, groups in [  # groups: (channels, kernel size) each
        (1, 1, 2, [(1, 1)]), (1, 2, 2, [(1, 3)]), (1, 1, 1, [(1, 1), (1, 1)]), (1, 1, 2, [(2, 1)]),
        (1, 1, 1, [(2, 1), (1, 1)]), (2, 1, 1, [(1, 1)]), (1, 3, 3, [(1, 3)]), (1, 2, 3, [(1, 1), (1, 3)]),
        (1, 3, 2, [(1, 3), (1, 1)]), (1, 3, 3, [(1, 3), (1, 5)]), (1, 3, 4, [(2, 3)]), (2, 3, 3, [(1, 1), (1, 3)]),
        (1, 4, 4, [(2, 3), (1, 5)]), (1, 4, 3, [(1, 3), (2, 5)]), (1, 4, 4, [(2, 3), (2, 5)]),
        (1, 5, 5, [(1, 3), (1, 5), (1, 7)]), (2, 4, 5, [(2, 3), (1, 5)]), (2, 5, 4, [(2, 3), (2, 5), (2, 7)]),
        (1, 6, 5, [(4, 3), (2, 5), (1, 7)]), (2, 6, 6, [(3, 3), (2, 5), (2, 7), (2, 9)]),
    ]:  # fmt: skip
        weights = [numbers(rng, channels, 1, kernel, kernel) for channels, kernel in groups]
        yield {"x": numbers(rng, n, sum(channels for channels, _ in groups), h, w), "weights": weights}


def divided(x: np.ndarray, weights: list) -> list[np.ndarray]:
    """x (N, C, H, W) in the groups that have these weights."""
    ends = list(itertools.accumulate(map(len, weights)))
    return [x[:, end - len(weight) : end] for end, weight in zip(ends, weights, strict=True)]


def _each(change):
    """A mistake that does ``change(part, weight)`` with each group instead of the convolution."""
    return lambda x, weights: np.concatenate([change(p, w) for p, w in zip(divided(x, weights), weights, strict=True)], axis=1)


def _widest(weights) -> int:
    return max(weight.shape[-1] for weight in weights) // 2


def _corners(x, weights):
    """All windows begin where the largest one does."""
    before, after = _widest(weights), 2 * _widest(weights)
    parts = [
        cut(reference.depthwise_conv2d(bordered(part, before, after), weight, 1, "valid"), x.shape)
        for part, weight in zip(divided(x, weights), weights, strict=True)
    ]
    return np.concatenate(parts, axis=1)


def _from_zero(x, weights):
    return np.concatenate([reference.depthwise_conv2d(x[:, : len(weight)], weight) for weight in weights], axis=1)


def _interleaved(x, weights):
    """Group t takes channels t, t + G, t + 2G ..."""
    step = len(weights)
    return np.concatenate([reference.depthwise_conv2d(x[:, t::step], w) for t, w in enumerate(weights)], axis=1)


def _added(x, weights):
    return sum(reference.depthwise_conv2d(part, weight) for part, weight in zip(divided(x, weights), weights, strict=True))


def _last_group_left_out(x, weights):
    result = reference.mixconv2d(x, weights)
    result[:, -len(weights[-1]) :] = 0
    return result


def _one_sided(part, weight, front: bool):
    reach = weight.shape[-1] - 1
    return reference.depthwise_conv2d(bordered(part, reach, 0) if front else bordered(part, 0, reach), weight, 1, "valid")


MIXCONV2D = Exercise(
    "mixconv2d",
    lambda x, weights: reference.mixconv2d(x, weights),
    _pictures,
    (
        Mistake(
            "weights in reverse order",
            "The first channels meet the last group's kernels. The groups take the channels in order.",
            lambda x, weights: reference.mixconv2d(x, weights[::-1]),
        ),
        Mistake(
            "results in reverse order",
            "The groups' results are joined from the last to the first.",
            lambda x, weights: np.concatenate(divided(reference.mixconv2d(x, weights), weights)[::-1], axis=1),
        ),
        Mistake(
            "every group begins at channel 0",
            "Each group takes its channels from the beginning. What must be added for those that came before?",
            _from_zero,
        ),
        Mistake(
            "channels dealt out one by one",
            "The groups take turns, channel by channel. Each group's channels are neighbours.",
            _interleaved,
        ),
        Mistake(
            "groups added instead of joined",
            "The groups' results are added to each other. They belong one behind the other, along the channels.",
            _added,
        ),
        Mistake(
            "groups joined along the batch",
            "The groups' results became images of their own, along axis 0. They belong one behind the other, along axis 1.",
            lambda x, weights: np.concatenate(
                [reference.depthwise_conv2d(p, w) for p, w in zip(divided(x, weights), weights, strict=True)]
            ),
        ),
        Mistake(
            "last group left out",
            "The last group's channels stay 0. What is the last number that range(n) gives?",
            _last_group_left_out,
        ),
        Mistake(
            "kernels aligned at their corners",
            "All windows begin at the corner of the largest one, so that small kernels see another pixel in their middle. "
            "Each group needs the padding of its own kernel.",
            _corners,
        ),
        Mistake(
            "kernel of 3 for all padding",
            "Every group is padded by 1, as a 3x3 kernel needs it: the groups' results differ in size and were cut to fit.",
            _each(lambda part, w: cut(reference.depthwise_conv2d(bordered(part, 1, w.shape[-1]), w, 1, "valid"), part.shape)),
        ),
        Mistake(*alt.FLIPPED, _each(lambda part, w: reference.depthwise_conv2d(part, alt.flipped(w)))),
        Mistake(*alt.TRANSPOSED, _each(lambda part, w: reference.depthwise_conv2d(part, alt.transposed(w)))),
        Mistake(*alt.EXCHANGED, lambda x, weights: alt.transposed(reference.mixconv2d(x, weights))),
        Mistake(*alt.PADDED_BEFORE, _each(lambda part, w: _one_sided(part, w, True))),
        Mistake(*alt.PADDED_AFTER, _each(lambda part, w: _one_sided(part, w, False))),
        Mistake(*alt.LAST_PRODUCT, _each(lambda part, w: reference.depthwise_conv2d(part, alt.last_tap(w)))),
        Mistake(*alt.MEAN, _each(lambda part, w: reference.depthwise_conv2d(part, w) / w[0].size)),
        Mistake(*alt.FIRST_IMAGE, lambda x, weights: alt.first_image(reference.mixconv2d(x, weights))),
        Mistake(
            "one kernel for each group",
            "All channels of a group meet the kernel of its first channel. They share the kernel's size, not its weights.",
            _each(lambda part, w: reference.depthwise_conv2d(part, alt.one_kernel(w))),
        ),
        Mistake(
            "dense inside of the groups",
            "Each output adds up all channels of its group. In a depthwise convolution each channel stays by itself.",
            _each(lambda part, w: reference.conv2d(part, np.repeat(w, part.shape[1], axis=1), None, 1, "same")),
        ),
    ),
)


def check_mixconv2d(function) -> Report:
    """Check f(x, weights) -> the mixed depthwise convolution of x (N, C, H, W), stride 1, as large as x.

    weights: a list, one array (C_t, 1, K_t, K_t) a group, K_t odd; the groups take x's channels in order.

    >>> from minimix import reference
    >>> check_mixconv2d(lambda x, weights: reference.mixconv2d(x, weights[::-1])).mistake
    'weights in reverse order'
    """
    return check(MIXCONV2D, function)
