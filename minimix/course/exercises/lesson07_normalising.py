"""An exercise on the backward pass of batch normalisation."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.report import Report
from minimix.ops.norm import BATCH_NORM


def _batch_norm_backward(gradient, x, weight, eps):
    _, saved = BATCH_NORM.forward(x, weight, np.zeros_like(weight), training=True, eps=eps)
    to_x, to_weight, to_bias = BATCH_NORM.backward(gradient, saved)
    return {"grad_x": to_x, "grad_weight": to_weight, "grad_bias": to_bias}


def _layers(rng):
    for n, c, h, w, eps in [
        (2, 1, 1, 1, 0.5), (3, 1, 1, 1, 0.1), (1, 1, 1, 3, 0.3), (1, 1, 2, 2, 1.0), (3, 2, 1, 1, 0.2), (2, 1, 1, 2, 0.5),
        (2, 2, 1, 2, 0.1), (2, 1, 2, 2, 0.3), (2, 2, 2, 2, 0.5), (1, 3, 2, 3, 0.2), (4, 2, 1, 2, 0.01), (2, 3, 2, 3, 0.4),
        (3, 2, 3, 2, 0.05), (3, 3, 3, 3, 0.2),
    ]:  # fmt: skip
        x = (rng.integers(-9, 10, (n, c, h, w)) / 4 + np.arange(c)[:, None, None] + rng.normal(0, 0.3, (n, c, h, w))).round(2)
        weight = rng.choice([0.5, 1.5, 2.0, -0.8], c) + 0.1 * np.arange(c)
        yield {"gradient": rng.normal(0, 2, (n, c, h, w)).round(1) + 0.05, "x": x, "weight": weight, "eps": eps}


PIXELS = (0, 2, 3)  # all axes but the channels


def _formula(axes=PIXELS, mean_term=True, variance_term=True, unbiased=False, power=-0.5, eps_outside=False, use_eps=True):
    """Batch norm's backward pass with something wrong about it.

    power: of the variance. axes: over which the statistics are taken. unbiased: the variance divides by one less.
    """

    def backward(gradient, x, weight, eps):
        eps = eps if use_eps else 0.0
        count = np.prod([x.shape[axis] for axis in axes])
        centred = x - x.mean(axis=axes, keepdims=True)
        variance = (centred**2).sum(axis=axes, keepdims=True) / (count - 1 if unbiased else count)
        scale = 1 / (np.sqrt(variance) + eps) if eps_outside else (variance + eps) ** power
        normalised = centred * scale
        g = gradient * weight[:, None, None]
        to_x = g - mean_term * g.mean(axis=axes, keepdims=True)
        to_x = to_x - variance_term * normalised * (g * normalised).mean(axis=axes, keepdims=True)
        return to_x * scale, (gradient * normalised).sum(axis=PIXELS), gradient.sum(axis=PIXELS)

    return backward


def _changed(change):
    """The solution's results, changed at the end: change(gradient, x, weight, of x, of weight, of bias)."""
    return lambda gradient, x, weight, eps: change(
        gradient, x, weight, *_batch_norm_backward(gradient, x, weight, eps).values()
    )


def _multiplied(gradient, x, weight, eps):
    to_x, *others = _batch_norm_backward(gradient, x, weight, eps).values()
    return to_x * (x.var(axis=PIXELS, keepdims=True) + eps), *others


BATCH_NORM_BACKWARD = Exercise(
    "batch_norm_backward",
    _batch_norm_backward,
    _layers,
    (
        Mistake(
            "mean and variance taken for constants",
            "The gradient of x treats the batch's mean and variance as given numbers. Both depend on every pixel of x: "
            "move one, and all outputs of the channel move.",
            _formula(mean_term=False, variance_term=False),
        ),
        Mistake(
            "the variance's term is missing",
            "In the gradient of x the way through the variance is missing. The right one is 0 in all when multiplied by x "
            "and summed (for eps = 0): is yours?",
            _formula(variance_term=False),
        ),
        Mistake(
            "the mean's term is missing",
            "In the gradient of x the way through the mean is missing. The right one sums to 0 over each channel: does yours?",
            _formula(mean_term=False),
        ),
        Mistake(
            "eps left out",
            "The variance is divided by without eps. The checks use large ones, so that it shows.",
            _formula(use_eps=False),
        ),
        Mistake(
            "eps outside of the root",
            "It is added to the standard deviation. It belongs to the variance, under the root.",
            _formula(eps_outside=True),
        ),
        Mistake(
            "variance instead of standard deviation",
            "It is divided by the variance. Where is the root?",
            _formula(power=-1.0),
        ),
        Mistake(
            "multiplied by the standard deviation",
            "Where it should be divided by the standard deviation, it is multiplied. The more x varies, the less its "
            "changes count.",
            _multiplied,
        ),
        Mistake(
            "unbiased variance",
            "The variance divides by one less than the number of values. Batch norm normalises with the plain mean of squares.",
            _formula(unbiased=True),
        ),
        Mistake(
            "statistics of each image",
            "Mean and variance are taken for each image by itself. A batch norm takes them over the whole batch.",
            _formula(axes=(2, 3)),
        ),
        Mistake(
            "statistics over the channels",
            "Mean and variance are taken over all channels together. Each channel has its own.",
            _formula(axes=(0, 1, 2, 3)),
        ),
        Mistake(
            "weight left out of the gradient of x",
            "On the way back to x the gradient passes the weight, too. Try a weight of 2.",
            _changed(lambda g, x, w, to_x, to_w, to_b: (to_x / w[:, None, None], to_w, to_b)),
        ),
        Mistake(
            "gradient of the weight with x as it came in",
            "The weight multiplies the normalised x. Its gradient is made with that, too.",
            _changed(lambda g, x, w, to_x, to_w, to_b: (to_x, (g * x).sum(axis=PIXELS), to_b)),
        ),
        Mistake(
            "gradients of weight and bias averaged",
            "The gradients of weight and bias are means over the pixels. Each pixel adds its share.",
            _changed(lambda g, x, w, to_x, to_w, to_b: (to_x, to_w / g[:, 0].size, to_b / g[:, 0].size)),
        ),
        Mistake(
            "gradients of weight and bias not summed over the batch",
            "Only the first image counts for weight and bias. All images share them.",
            lambda g, x, w, eps: (
                _batch_norm_backward(g, x, w, eps)["grad_x"],
                _batch_norm_backward(np.concatenate([g[:1], 0 * g[1:]]), x, w, eps)["grad_weight"],
                g[:1].sum(axis=PIXELS),
            ),
        ),
        Mistake(
            "weight and bias exchanged",
            "The last two results have changed places: (grad_x, grad_weight, grad_bias) is wanted.",
            _changed(lambda g, x, w, to_x, to_w, to_b: (to_x, to_b, to_w)),
        ),
    ),
)


def check_batch_norm_backward(function) -> Report:
    """Check f(gradient, x, weight, eps) -> the gradients of (x, weight, bias) of a batch norm in training.

    gradient, x: (N, C, H, W). weight: (C,). The statistics are those of the batch, the variance the mean of squares.

    >>> check_batch_norm_backward(lambda gradient, x, weight, eps: gradient).kind
    'type'
    """
    return check(BATCH_NORM_BACKWARD, function)
