"""An exercise on the backward pass of a mixed convolution."""

import numpy as np

from minimix import reference
from minimix.course.checking import alterations as alt
from minimix.course.checking.alterations import bordered, cut
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, numbers
from minimix.course.checking.report import Report
from minimix.course.exercises.lesson07_depthwise_input import NOT_MIRRORED
from minimix.course.exercises.lesson07_depthwise_weight import AVERAGED, NOT_SUMMED, SIGN
from minimix.course.exercises.wrong_mixing import divided


def _mixed(gradient, x, weights):
    return {
        "grad_x": reference.mixconv2d_input_grad(gradient, x, weights),
        "grad_weights": reference.mixconv2d_weight_grad(gradient, x, weights),
    }


def _mixed_cases(rng):
    for n, h, w, groups in [  # groups: (channels, kernel size) each
        (1, 1, 2, [(1, 1)]), (1, 1, 1, [(1, 1), (1, 1)]), (2, 1, 1, [(1, 1)]), (1, 1, 2, [(2, 1)]), (1, 2, 2, [(1, 3)]),
        (1, 2, 3, [(1, 1), (1, 3)]), (1, 3, 2, [(1, 3), (1, 3)]), (2, 2, 2, [(1, 1), (1, 3)]), (1, 3, 3, [(2, 3), (1, 5)]),
        (1, 4, 3, [(2, 3), (2, 5)]), (2, 3, 4, [(1, 3), (2, 5)]), (1, 5, 5, [(1, 3), (1, 5), (1, 7)]),
        (2, 4, 4, [(2, 3), (2, 3)]), (2, 5, 4, [(3, 3), (2, 5), (1, 7)]),
    ]:  # fmt: skip
        weights = [numbers(rng, channels, 1, kernel, kernel) for channels, kernel in groups]
        x = numbers(rng, n, sum(channels for channels, _ in groups), h, w)
        yield {"gradient": numbers(rng, *x.shape), "x": x, "weights": weights}


def _by_group(gradient, x, weights, to_x=None, to_weight=None):
    """The solution group by group, with something else for one of its two lines: function(gradient, part, weight)."""
    parts = list(zip(divided(gradient, weights), divided(x, weights), weights, strict=True))
    to_x = to_x or reference.depthwise_conv2d_input_grad
    to_weight = to_weight or reference.depthwise_conv2d_weight_grad
    return np.concatenate([to_x(*part) for part in parts], axis=1), [to_weight(*part) for part in parts]


def _but(**lines):
    return lambda gradient, x, weights: _by_group(gradient, x, weights, **lines)


def _changed(change):
    """The solution's two results, changed at the end: change(of x, of weights)."""
    return lambda gradient, x, weights: change(*_mixed(gradient, x, weights).values())


def _from_zero(gradient, x, weights):
    """Every group begins at channel 0."""
    starts = [(gradient[:, : len(w)], x[:, : len(w)], w) for w in weights]
    to_x = np.concatenate([reference.depthwise_conv2d_input_grad(*part) for part in starts], axis=1)
    return to_x, [reference.depthwise_conv2d_weight_grad(*part) for part in starts]


def _reversed_groups(gradient, x, weights):
    found = _mixed(gradient, x, weights[::-1])
    return found["grad_x"], found["grad_weights"][::-1]


def _without_last_group(gradient, x, weights):
    found = _mixed(gradient, x, weights)
    found["grad_x"][:, -len(weights[-1]) :] = 0
    return found


def _joined_backwards(gradient, x, weights):
    found = _mixed(gradient, x, weights)
    return np.concatenate(divided(found["grad_x"], weights)[::-1], axis=1), found["grad_weights"]


def _shared(weight):
    """Each channel has the sum over all."""
    return np.repeat(weight.sum(axis=0, keepdims=True), len(weight), axis=0)


def _corner(gradient, part, weight):
    """The taps are counted from the window's corner, as if the image began there."""
    reach = weight.shape[-1] - 1
    return cut(reference.depthwise_conv2d_input_grad(gradient, bordered(part, 0, reach), weight, 1, 0), part.shape)


def _unmoved(gradient, part, weight):
    return reference.depthwise_conv2d_weight_grad(gradient, bordered(part, 0, weight.shape[-1] - 1), weight, 1, 0)


MIXCONV2D_BACKWARD = Exercise(
    "mixconv2d_backward",
    _mixed,
    _mixed_cases,
    (
        Mistake(
            "weights in reverse order", "The first channels meet the last group's kernels on the way back.", _reversed_groups
        ),
        Mistake(
            "weight gradients in reverse order",
            "The weights' gradients come in reverse order: the first is that of weights[0].",
            _changed(lambda to_x, to_weights: (to_x, to_weights[::-1])),
        ),
        Mistake(
            "gradient and x exchanged",
            "Somewhere x stands in the place of the gradient, and the gradient in that of x. In which order are they given?",
            lambda gradient, x, weights: _mixed(x, gradient, weights),
        ),
        Mistake(
            "every group begins at channel 0",
            "Each group takes its channels from the beginning. What must be added for those that came before?",
            _from_zero,
        ),
        Mistake(
            "weight gradients not summed over the batch",
            NOT_SUMMED[1],
            _but(to_weight=lambda g, part, w: reference.depthwise_conv2d_weight_grad(g[:1], part[:1], w)),
        ),
        Mistake(
            "weight gradients averaged over the batch",
            AVERAGED[1],
            _changed(lambda to_x, to_weights: (to_x, [w / len(to_x) for w in to_weights])),
        ),
        Mistake(
            "x: kernel the wrong way round",
            NOT_MIRRORED[1],
            _but(to_x=lambda g, part, w: reference.depthwise_conv2d_input_grad(g, part, alt.flipped(w))),
        ),
        Mistake(
            "x: kernel transposed",
            alt.TRANSPOSED[1],
            _but(to_x=lambda g, part, w: reference.depthwise_conv2d_input_grad(g, part, alt.transposed(w))),
        ),
        Mistake(
            "weights: flipped",
            "The kernels' gradients are turned by 180 degrees. Which pixel did the top left tap meet?",
            _changed(lambda to_x, to_weights: (to_x, list(map(alt.flipped, to_weights)))),
        ),
        Mistake(
            "weights: transposed",
            "Rows and columns of the kernels' gradients are exchanged.",
            _changed(lambda to_x, to_weights: (to_x, list(map(alt.transposed, to_weights)))),
        ),
        Mistake(
            "x: padding forgotten",
            "The gradient of x is moved down and to the right: it begins where the border does.",
            _but(to_x=_corner),
        ),
        Mistake(
            "weights: padding forgotten",
            "The windows of the weights' gradients begin at the image's corner. In the forward pass they began outside of it.",
            _but(to_weight=_unmoved),
        ),
        Mistake(
            "x: last group left out",
            "The last group's channels of the gradient of x stay 0. What is range's last number?",
            _without_last_group,
        ),
        Mistake(
            "x: groups in reverse order",
            "The groups of the gradient of x are joined from the last to the first.",
            _joined_backwards,
        ),
        Mistake(
            "x: only the first image",
            alt.FIRST_IMAGE[1],
            _changed(lambda to_x, to_weights: (alt.first_image(to_x), to_weights)),
        ),
        Mistake(
            "weights: one kernel for each group",
            "All channels of a group have the sum of their gradients. Each has its own kernel.",
            _changed(lambda to_x, to_weights: (to_x, list(map(_shared, to_weights)))),
        ),
        Mistake(SIGN[0], SIGN[1], _changed(lambda to_x, to_weights: (-to_x, [-w for w in to_weights]))),
    ),
)


def check_mixconv2d_backward(function) -> Report:
    """Check f(gradient, x, weights) -> (gradient of x, list of the gradients of weights) of a mixed convolution.

    gradient, x: (N, C, H, W); stride 1, same padding. weights: a list, one array (C_t, 1, K_t, K_t) a group, K_t odd.

    >>> from minimix import reference
    >>> def f(gradient, x, weights):
    ...     given = gradient, x, weights
    ...     return reference.mixconv2d_input_grad(*given), reference.mixconv2d_weight_grad(*given)
    >>> check_mixconv2d_backward(f).passed
    True
    """
    return check(MIXCONV2D_BACKWARD, function)
