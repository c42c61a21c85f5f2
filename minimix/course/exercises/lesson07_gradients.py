"""Exercises on backward passes written by hand: the two gradients of a depthwise convolution."""

import numpy as np

from minimix import reference
from minimix.course.checking import alterations as alt
from minimix.course.checking.alterations import bordered, cut
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, numbers
from minimix.course.checking.report import Report

NOT_MIRRORED = (
    "kernel the wrong way round",
    "The gradient walks through the kernel in the wrong direction. A pixel left of an output's centre was met by a tap on "
    "the left: put a single 1 into the gradient, and see which pixels get which weight.",
)
NOT_SUMMED = (
    "not summed over the batch",
    "Only the first image counts. All images meet the same kernel, and each adds its share to the kernel's gradient.",
)
AVERAGED = (
    "mean over the batch",
    "The images' shares are averaged. They belong added up: if a mean is wanted, the loss has it in the gradient already.",
)
STRIDE_EXCHANGED = (
    "stride and dilation exchanged",
    "The stride spreads the taps and the dilation moves the window. Check both in the sum of indices that finds a pixel.",
)
SIGN = (
    "wrong sign",
    "All numbers have the wrong sign. A gradient points to where the result grows; it is the optimiser that goes the other "
    "way.",
)


def _input_grad(gradient, weight, x_shape, stride=1, padding="same", dilation=1):
    return reference.depthwise_conv2d_input_grad(gradient, np.zeros(x_shape), weight, stride, padding, dilation)


def _weight_grad(gradient, x, weight_shape, stride=1, padding="same", dilation=1):
    return reference.depthwise_conv2d_weight_grad(gradient, x, np.zeros(weight_shape), stride, padding, dilation)


def _layers(rng):
    """(x, weight, gradient, stride, padding, dilation) of depthwise convolutions."""
    for n, c, h, w, k, s, p, d in [
        (1, 1, 1, 2, 1, 1, 0, 1), (1, 2, 1, 1, 1, 1, 0, 1), (2, 1, 1, 1, 1, 1, 0, 1), (1, 1, 2, 2, 2, 1, 0, 1),
        (1, 1, 3, 3, 1, 2, 0, 1), (1, 1, 3, 3, 2, 1, 0, 1), (1, 1, 3, 3, 3, 1, 1, 1), (1, 1, 3, 4, 2, 1, 0, 1),
        (2, 1, 2, 3, 2, 1, 0, 1), (1, 3, 2, 2, 2, 1, 0, 1), (1, 1, 4, 3, 2, 1, 0, 2), (1, 1, 4, 4, 2, 2, 0, 1),
        (1, 1, 5, 5, 3, 2, 0, 1), (1, 1, 5, 5, 3, 1, 0, 2), (1, 1, 5, 4, 3, 2, 1, 1), (1, 1, 5, 6, 3, 1, 2, 2),
        (1, 2, 4, 4, 3, 1, 1, 1), (2, 2, 4, 5, 3, 1, 1, 1), (1, 1, 6, 6, 2, 3, 1, 2), (2, 3, 6, 5, 3, 2, 1, 1),
        (1, 2, 7, 7, 3, 2, 2, 2), (2, 2, 8, 7, 3, 1, 3, 3), (2, 3, 7, 8, 3, 2, 3, 3),
    ]:  # fmt: skip
        x, weight = numbers(rng, n, c, h, w), numbers(rng, c, 1, k, k)
        yield x, weight, numbers(rng, *reference.depthwise_conv2d(x, weight, s, p, d).shape), s, p, d


# -- the gradient of a depthwise convolution's input -----------------------------------------------------------------------


def _input_cases(rng):
    for x, weight, gradient, s, p, d in _layers(rng):
        yield {"gradient": gradient, "weight": weight, "x_shape": x.shape, "stride": s, "padding": p, "dilation": d}


def _last_written(gradient, weight, x_shape, stride, padding, dilation):
    """Each pixel holds the last product that falls on it."""
    result = bordered(np.zeros(x_shape), padding, padding)
    rows, columns = (stride * (n - 1) + 1 for n in gradient.shape[2:])
    for i, j in np.ndindex(weight.shape[2:]):
        top, left = i * dilation, j * dilation
        result[:, :, top : top + rows : stride, left : left + columns : stride] = gradient * weight[:, :, i, j, None]
    return cut(result, x_shape, padding)


def _last_stamped(gradient, weight, x_shape, stride, padding, dilation):
    """Each pixel holds what the last window gave it."""
    result = bordered(np.zeros(x_shape), padding, padding)
    rows, columns = (dilation * (n - 1) + 1 for n in weight.shape[2:])
    for y, x in np.ndindex(gradient.shape[2:]):
        top, left = y * stride, x * stride
        share = gradient[:, :, y, x, None, None] * weight[:, 0]
        result[:, :, top : top + rows : dilation, left : left + columns : dilation] = share
    return cut(result, x_shape, padding)


def _no_border_cut(gradient, weight, x_shape, s, p, d):
    """The gradient of the padded image, its top left part."""
    padded = (*x_shape[:2], x_shape[2] + 2 * p, x_shape[3] + 2 * p)
    return cut(_input_grad(gradient, weight, padded, s, 0, d), x_shape)


def _padding_missing(gradient, weight, x_shape, s, p, d):
    """As if there had been no border: outputs and taps are counted from the image's corner."""
    grown = (*x_shape[:2], max(x_shape[2], x_shape[2] + 2 * p), max(x_shape[3], x_shape[3] + 2 * p))
    return _input_grad(gradient, weight, grown, s, 0, d)


def _scattered(gradient, weight, x_shape, stride, padding, dilation):
    """The same for any stride and dilation, also where x is too small for them: what falls outside is lost."""
    covered = _covered(gradient.shape, weight.shape, stride, dilation)
    whole = _input_grad(gradient, weight, (*x_shape[:2], *covered), stride, 0, dilation)
    return cut(bordered(whole, 0, max(x_shape) + padding), x_shape, padding)


def _covered(gradient_shape, weight_shape, stride, dilation) -> list[int]:
    """(H, W) of the image that just so many windows need."""
    return [stride * (n - 1) + dilation * (k - 1) + 1 for n, k in zip(gradient_shape[2:], weight_shape[2:], strict=True)]


def _mixed_channels(gradient, weight, x_shape, s, p, d):
    result = _input_grad(gradient, weight, x_shape, s, p, d)
    return np.repeat(result.sum(axis=1, keepdims=True), x_shape[1], axis=1)


DEPTHWISE_INPUT_GRAD = Exercise(
    "depthwise_input_grad",
    _input_grad,
    _input_cases,
    (
        Mistake(*NOT_MIRRORED, lambda g, w, shape, s, p, d: _input_grad(g, alt.flipped(w), shape, s, p, d)),
        Mistake(*alt.TRANSPOSED, lambda g, w, shape, s, p, d: _input_grad(g, alt.transposed(w), shape, s, p, d)),
        Mistake(*alt.EXCHANGED, lambda g, w, shape, s, p, d: alt.transposed(_input_grad(g, w, shape, s, p, d))),
        Mistake(
            "stride ignored",
            "Neighbouring outputs put their shares on neighbouring pixels. With a stride their windows were further apart.",
            lambda g, w, shape, s, p, d: _scattered(g, w, shape, 1, p, d),
        ),
        Mistake(*alt.DILATION_IGNORED, lambda g, w, shape, s, p, d: _scattered(g, w, shape, s, p, 1)),
        Mistake(*STRIDE_EXCHANGED, lambda g, w, shape, s, p, d: _scattered(g, w, shape, d, p, s)),
        Mistake(
            "border not cut off",
            "The gradient is that of the padded image, border included. Which part of it belongs to x?",
            _padding_missing,
        ),
        Mistake(
            "border cut off at one side only",
            "The result has x's size, but begins with the border's gradient: where in the padded image does x begin?",
            _no_border_cut,
        ),
        Mistake(
            "= instead of +=",
            "Where windows overlap, the last one overwrites the others. A pixel was used by several outputs: all of them "
            "count.",
            _last_written,
        ),
        Mistake(
            "= instead of +=, one output at a time",
            "Where two stamps overlap, the later one overwrites the earlier. A pixel was used by several outputs: all of them "
            "count.",
            _last_stamped,
        ),
        Mistake(*alt.FIRST_IMAGE, lambda g, w, shape, s, p, d: alt.first_image(_input_grad(g, w, shape, s, p, d))),
        Mistake(*alt.FIRST_CHANNEL, lambda g, w, shape, s, p, d: alt.first_channel(_input_grad(g, w, shape, s, p, d))),
        Mistake(*alt.ONE_KERNEL, lambda g, w, shape, s, p, d: _input_grad(g, alt.one_kernel(w), shape, s, p, d)),
        Mistake(*alt.KERNELS_REVERSED, lambda g, w, shape, s, p, d: _input_grad(g, w[::-1], shape, s, p, d)),
        Mistake(
            "channels are mixed",
            "Each channel's gradient is the sum over all channels. In a depthwise convolution each channel stays by itself.",
            _mixed_channels,
        ),
        Mistake(
            "summed over the batch",
            "All images get the sum of their gradients. They share the kernel, but each has its own pixels.",
            lambda g, w, shape, s, p, d: np.repeat(
                _input_grad(g, w, shape, s, p, d).sum(axis=0, keepdims=True), len(g), axis=0
            ),
        ),
        Mistake(*alt.MEAN, lambda g, w, shape, s, p, d: _input_grad(g, w, shape, s, p, d) / w[0].size),
        Mistake(*SIGN, lambda g, w, shape, s, p, d: -_input_grad(g, w, shape, s, p, d)),
        Mistake(
            "last outputs left out",
            "The last row and the last column of the gradient are never passed on: the loops end one too early.",
            lambda g, w, shape, s, p, d: _input_grad(alt.without_last(g), w, shape, s, p, d),
        ),
    ),
)


def check_depthwise_input_grad(function) -> Report:
    """Check f(gradient, weight, x_shape, stride, padding, dilation) -> the gradient of a depthwise convolution's input.

    gradient: (N, C, OH, OW), of the output. weight: (C, 1, K, K). padding: rows and columns of zeros on each side.
    Returns x_shape, (N, C, H, W).

    >>> check_depthwise_input_grad(lambda gradient, weight, x_shape, stride, padding, dilation: None).kind
    'stub'
    """
    return check(DEPTHWISE_INPUT_GRAD, function)


# -- the gradient of a depthwise convolution's weight ----------------------------------------------------------------------


def _weight_cases(rng):
    for x, weight, gradient, s, p, d in _layers(rng):
        yield {"gradient": gradient, "x": x, "weight_shape": weight.shape, "stride": s, "padding": p, "dilation": d}


def _gathered(gradient, x, weight_shape, stride, padding, dilation):
    """The same for any stride and dilation, also where x is too small for them: there are zeros beyond."""
    covered = _covered(gradient.shape, weight_shape, stride, dilation)
    seen = cut(bordered(x, padding, max(covered)), (0, 0, *covered))
    return _weight_grad(gradient, seen, weight_shape, stride, 0, dilation)


def _a_kernel_for_each_image(g, x, shape, s, p, d):
    return np.stack([_weight_grad(g[i : i + 1], x[i : i + 1], shape, s, p, d) for i in range(len(x))])


def _summed_over_channels(g, x, shape, s, p, d):
    return np.repeat(_weight_grad(g, x, shape, s, p, d).sum(axis=0, keepdims=True), shape[0], axis=0)


DEPTHWISE_WEIGHT_GRAD = Exercise(
    "depthwise_weight_grad",
    _weight_grad,
    _weight_cases,
    (
        Mistake(*NOT_SUMMED, lambda g, x, shape, s, p, d: _weight_grad(g[:1], x[:1], shape, s, p, d)),
        Mistake(
            "only the last image",
            "Only the last image counts: each image's share replaces the one before. Does the line add?",
            lambda g, x, shape, s, p, d: _weight_grad(g[-1:], x[-1:], shape, s, p, d),
        ),
        Mistake(*AVERAGED, lambda g, x, shape, s, p, d: _weight_grad(g, x, shape, s, p, d) / len(x)),
        Mistake(
            "a kernel for each image",
            "There is an axis too many: each image has a gradient of its own. All of them meet one and the same kernel.",
            _a_kernel_for_each_image,
        ),
        Mistake(
            "mean over the pixels",
            "Each tap's products are averaged over the places of the window. They belong added up.",
            lambda g, x, shape, s, p, d: _weight_grad(g, x, shape, s, p, d) / g[0, 0].size,
        ),
        Mistake(
            *alt.FLIPPED[:1],
            "The kernel's gradient is turned by 180 degrees. Which pixel of its window did the top left tap meet?",
            lambda g, x, shape, s, p, d: alt.flipped(_weight_grad(g, x, shape, s, p, d)),
        ),
        Mistake(*alt.TRANSPOSED, lambda g, x, shape, s, p, d: alt.transposed(_weight_grad(g, x, shape, s, p, d))),
        Mistake(
            "stride ignored",
            "Neighbouring outputs meet neighbouring pixels. With a stride their windows were further apart.",
            lambda g, x, shape, s, p, d: _gathered(g, x, shape, 1, p, d),
        ),
        Mistake(*alt.DILATION_IGNORED, lambda g, x, shape, s, p, d: _gathered(g, x, shape, s, p, 1)),
        Mistake(*STRIDE_EXCHANGED, lambda g, x, shape, s, p, d: _gathered(g, x, shape, d, p, s)),
        Mistake(*alt.NOT_MOVED, lambda g, x, shape, s, p, d: _weight_grad(g, bordered(x, 0, 2 * p), shape, s, 0, d)),
        Mistake(*alt.EDGE_REPEATED, lambda g, x, shape, s, p, d: _weight_grad(g, bordered(x, p, p, "edge"), shape, s, 0, d)),
        Mistake(
            "summed over the channels",
            "All channels get the same gradient, the sum over all of them. Each has a kernel, and a gradient, of its own.",
            _summed_over_channels,
        ),
        Mistake(
            "channels in reverse order",
            "The channels' gradients are right but stand in reverse order.",
            lambda g, x, shape, s, p, d: _weight_grad(g, x, shape, s, p, d)[::-1],
        ),
        Mistake(
            *alt.FIRST_CHANNEL,
            lambda g, x, shape, s, p, d: alt.first_channel(_weight_grad(g, x, shape, s, p, d).swapaxes(0, 1)).swapaxes(0, 1),
        ),
        Mistake(
            "last outputs left out",
            "The last row and the last column of the gradient do not count: the loops end one too early.",
            lambda g, x, shape, s, p, d: _weight_grad(alt.without_last(g), x, shape, s, p, d),
        ),
        Mistake(
            "gradient ignored",
            "Each tap gets the sum of the pixels that it met, as if the gradient were all ones. It weighs each place.",
            lambda g, x, shape, s, p, d: _weight_grad(np.ones_like(g), x, shape, s, p, d),
        ),
        Mistake(*SIGN, lambda g, x, shape, s, p, d: -_weight_grad(g, x, shape, s, p, d)),
    ),
)


def check_depthwise_weight_grad(function) -> Report:
    """Check f(gradient, x, weight_shape, stride, padding, dilation) -> the gradient of a depthwise convolution's weight.

    gradient: (N, C, OH, OW), of the output. x: (N, C, H, W). padding: rows and columns of zeros on each side.
    Returns weight_shape, (C, 1, K, K).

    >>> check_depthwise_weight_grad(lambda gradient, x, weight_shape, stride, padding, dilation: ...).passed
    False
    """
    return check(DEPTHWISE_WEIGHT_GRAD, function)
