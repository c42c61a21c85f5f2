"""Normalisations over batches, rows, groups and weights, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def normalised(x, axes, eps=1e-5):
    """The normalised array and 1 / standard deviation."""
    inverse = 1 / np.sqrt(x.var(axes, keepdims=True) + eps)
    return (x - x.mean(axes, keepdims=True)) * inverse, inverse


def norm_gradient(g, y, inverse, axes):
    return inverse * (g - g.mean(axes, keepdims=True) - y * (g * y).mean(axes, keepdims=True))


def group_forward(x, gamma):
    """Groups of two channels; x: (N, C, L)."""
    y, inverse = normalised(x.reshape(len(x), -1, 2, x.shape[2]), (2, 3))
    return y.reshape(x.shape) * gamma[:, None], (y, inverse, gamma)


def group_backward(g, saved):
    y, inverse, gamma = saved
    dy = (g * gamma[:, None]).reshape(y.shape)
    dgamma = (g.reshape(y.shape) * y).sum((0, 2, 3)).repeat(2)
    return norm_gradient(dy, y, inverse, (2, 3)).reshape(g.shape), dgamma


def std_plus_eps_forward(x):
    std = x.std(1, keepdims=True)
    return (x - x.mean(1, keepdims=True)) / (std + 0.3), x


def std_plus_eps_backward(g, x):
    y, inverse = normalised(x, 1, eps=0.3)
    return (norm_gradient(g, y, inverse, 1),)


def stepwise_batch_forward(x, gamma):
    mean, var = x.mean(0), x.var(0)
    return gamma * (x - mean) / np.sqrt(var + 1e-3), (x, gamma, mean, var + 1e-3)


def stepwise_batch_backward(g, saved):
    x, gamma, mean, var = saved
    n, centred = len(x), x - mean
    dy = g * gamma
    dvar = (dy * centred * -0.5 * var**-0.5).sum(0)
    dmean = -(dy / np.sqrt(var)).sum(0)
    return dy / np.sqrt(var) + dvar * 2 * centred / n + dmean / n, (g * centred / np.sqrt(var)).sum(0)


def rms_forward(x, gamma):
    inverse = 1 / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)
    return x * inverse * gamma, (x, gamma, inverse)


def rms_backward(g, saved):
    x, gamma, inverse = saved
    y = x * inverse
    dx = inverse * (g * gamma - y * (g * y).mean(-1, keepdims=True))
    return dx, (g * y).reshape(-1, len(gamma)).sum(0)


def weight_norm_forward(v, length):
    size = np.sqrt((v**2).sum(1, keepdims=True))
    return length[:, None] * v / size, (v, length, size)


def weight_norm_backward(g, saved):
    v, length, size = saved
    return length[:, None] * g / size, (g * v / size).sum(1)


def max_norm_forward(x):
    largest = np.abs(x).max(-1, keepdims=True)
    return x / largest, largest


def min_max_forward(x):
    low, high = x.min(-1, keepdims=True), x.max(-1, keepdims=True)
    return (x - low) / (high - low), (x, low, high)


def min_max_backward(g, saved):
    x, low, high = saved
    spread = high - low
    y = (x - low) / spread
    dx = g / spread
    dx += (x == low) * (g * (1 - y) / spread).sum(-1, keepdims=True)
    dx -= (x == high) * (g * y / spread).sum(-1, keepdims=True)
    return (dx,)


def demodulated_forward(w, style):
    """The weight (O, I) times a style per input, each row of unit length again."""
    m = w * style
    size = np.sqrt((m**2).sum(1, keepdims=True) + 1e-8)
    return m / size, (w, style, m / size, size)


def demodulated_backward(g, saved):
    w, style, y, size = saved
    dm = (g - y * (g * y).sum(1, keepdims=True)) / size
    return dm * style, (g / size * w).sum(0)


def divisive_forward(x):
    total = 1 + np.abs(x).sum(1, keepdims=True)
    return x / total, (x, total)


def divisive_backward(g, saved):
    x, total = saved
    return (g / total - (g * x).sum(1, keepdims=True) / total**2,)


def adaptive_forward(x, scale, shift):
    """Each channel of (N, C, L) normalised, then given a scale and a shift of its own, (N, C)."""
    y, inverse = normalised(x, 2)
    return y * scale[:, :, None] + shift[:, :, None], (y, inverse, scale)


def adaptive_backward(g, saved):
    y, inverse, scale = saved
    return norm_gradient(g * scale[:, :, None], y, inverse, 2), (g * y).mean(2), g.sum(2)


def evaluation_batch_norm(mean, var):
    def forward(x, gamma, beta):
        return gamma * (x - mean) / np.sqrt(var) + beta, (x, gamma)

    def backward(g, saved):
        x, gamma = saved
        return g * gamma / np.sqrt(var), (g * (x - mean)).sum(0), g.sum(0)

    return op("batch norm", forward, backward)


def layer_2d_backward(g, saved):
    y, inverse = saved
    mean = g.mean(2, keepdims=True) + y * (g * y).mean(2, keepdims=True)
    return (inverse * (g - mean),)


def half_precision_backward(g, saved):
    y, inverse = saved
    y, g = y.astype(np.float16), g.astype(np.float16)
    return (norm_gradient(g, y, inverse.astype(np.float16), 1).astype(np.float64),)


def centred_weight_forward(w):
    w -= w.mean(1, keepdims=True)
    return w.copy(), None


def median_norm_forward(x):
    """Divided by the mean absolute deviation from the mean."""
    centred = x - x.mean(1, keepdims=True)
    spread = np.abs(centred).mean(1, keepdims=True)
    return centred / spread, (centred, spread)


def median_norm_backward(g, saved):
    centred, spread = saved
    dc = g / spread - np.sign(centred) * (g * centred).sum(1, keepdims=True) / spread**2
    return (dc - dc.mean(1, keepdims=True),)


def pair_norm_backward(g, saved):
    """x less the mean row, divided by the root of the mean squared row length."""
    y, size = saved
    dc = (g - y * (g * y).sum(1, keepdims=True) / len(y)) / size
    return (dc - dc.mean(0),)


def pair_norm_forward(x):
    centred = x - x.mean(0)
    size = np.sqrt((centred**2).sum() / len(x))
    return centred / size, (centred / size, size)


def cross_channel_forward(x):
    """Each pixel's channels divided by their length; x: (N, C, L)."""
    size = np.sqrt((x**2).sum(1, keepdims=True) + 1e-6)
    return x / size, (x / size, size)


def cross_channel_backward(g, saved):
    y, size = saved
    return ((g + y * (g * y).sum(1, keepdims=True)) / size,)


WRONG = [
    Wrong(
        "group norm: gamma's gradient of the whole group",
        op("group norm", group_forward, group_backward),
        (normal((2, 4, 3), 4), normal((1, 2, 5), 2), normal((6, 6, 2), 6)),
        "summed",
        "both channels of a group get the sum of their two gradients",
        ("groups",),
    ),
    Wrong(
        "layer norm, eps beside the deviation: under the root in backward",
        op("layer norm", std_plus_eps_forward, std_plus_eps_backward),
        (normal((3, 5)), normal((4, 4)), normal((2, 12))),
        "wrong formula",
        "forward divides by std + eps, backward is that of a division by sqrt(var + eps)",
        ("wrong constant", "approximate"),
    ),
    Wrong(
        "batch norm step by step: variance to the power -1/2",
        op("batch norm", stepwise_batch_forward, stepwise_batch_backward),
        (normal((5, 3), 3), lambda rng: [3 * rng.standard_normal((4, 4)), rng.standard_normal(4)], normal((9, 2), 2)),
        "wrong formula",
        "the derivative of var^(-1/2) is -1/2 var^(-3/2), the exponent was not lowered",
        ("scale", "chain factor"),
    ),
    Wrong(
        "RMS norm: gamma forgotten inside the mean",
        op("RMS norm", rms_forward, rms_backward),
        (normal((3, 4), 4), normal((2, 3, 5), 5), normal((6, 6), 6)),
        "scale",
        "g gamma is right in the first term, in the mean over the row g is taken without gamma",
        ("chain factor",),
    ),
    Wrong(
        "weight norm: length of v as a constant",
        op("weight norm", weight_norm_forward, weight_norm_backward),
        (normal((3, 4), 3), normal((5, 5), 5), normal((2, 8), 2)),
        "term missing",
        "v's gradient is not projected: the derivative of 1 / |v| is left out",
    ),
    Wrong(
        "largest absolute value to 1: divisor as a constant",
        op("max norm", max_norm_forward, lambda g, largest: (g / largest,)),
        (normal((3, 4)), normal(7), normal((2, 2, 5))),
        "term missing",
        "the largest element is also the divisor, its gradient lacks that part",
    ),
    Wrong(
        "min-max scaling: plus at the minimum",
        op("min-max", min_max_forward, min_max_backward),
        (normal((3, 4)), normal(6), normal((2, 9))),
        "sign of a term",
        "the smallest element's second term has a minus: raising it lowers all the others",
    ),
    Wrong(
        "demodulated weight: style through the length",
        op("demodulate", demodulated_forward, demodulated_backward),
        (normal((3, 4), 4), normal((4, 4), 4), normal((2, 7), 7)),
        "term missing",
        "the style's gradient takes the rows' lengths for constants, the weight's does not",
    ),
    Wrong(
        "divisive normalisation: |x| without a sign",
        op("divisive", divisive_forward, divisive_backward),
        (normal((3, 4)), normal((5, 5)), normal((2, 8))),
        "value",
        "the second term lacks sign(x): it is right for positive elements only",
        ("sign of a term", "chain factor"),
    ),
    Wrong(
        "adaptive instance norm: scale's gradient is a mean",
        op("adaptive norm", adaptive_forward, adaptive_backward),
        (normal((2, 3, 4), (2, 3), (2, 3)), normal((1, 2, 6), (1, 2), (1, 2)), normal((3, 3, 3), (3, 3), (3, 3))),
        "averaged",
        "the scale's gradient is averaged over the places, the shift's is rightly summed",
        ("factor",),
    ),
    Wrong(
        "batch norm in evaluation: gamma's gradient not normalised",
        evaluation_batch_norm(np.array([0.5, -1, 2]), np.array([0.3, 2, 4])),
        (normal((5, 3), 3, 3), normal((3, 3), 3, 3), normal((1, 3), 3, 3)),
        "scale",
        "gamma's gradient sums g (x - mean) and forgets to divide by the deviation",
        ("chain factor",),
    ),
    Wrong(
        "layer norm over two axes: means over the last alone",
        op("layer norm", lambda x: (lambda r: (r[0], r))(normalised(x, (1, 2))), layer_2d_backward),
        (normal((2, 3, 4)), normal((3, 3, 3)), normal((1, 2, 6))),
        "not summed",
        "forward takes its statistics over axes 1 and 2, backward over axis 2 only",
        ("wrong formula", "term missing"),
    ),
    Wrong(
        "layer norm: backward in half precision",
        op("layer norm", lambda x: (lambda r: (r[0], r))(normalised(x, 1)), half_precision_backward),
        (normal((3, 5)), normal((4, 4)), normal((2, 20))),
        "precision",
        "everything in backward is rounded to float16",
    ),
    Wrong(
        "centred weight: w -= mean",
        op("centre", centred_weight_forward, lambda g, s: (g - g.mean(1, keepdims=True),)),
        (normal((3, 4)), normal((2, 2)), normal((5, 6))),
        "changes input",
        "forward subtracts the mean from the caller's own array",
    ),
    Wrong(
        "mean absolute deviation to 1: sum for mean",
        op("deviation norm", median_norm_forward, median_norm_backward),
        (normal((3, 4)), normal((5, 5)), normal((2, 9))),
        "not averaged",
        "the spread is a mean over the row, and its term is not divided by the row's length",
        ("scale", "wrong constant"),
    ),
    Wrong(
        "pair norm: each row its own length",
        op("pair norm", pair_norm_forward, pair_norm_backward),
        (normal((4, 3)), normal((3, 3)), normal((7, 2))),
        "not summed",
        "one length is made of all rows, but backward's inner product is summed over each row alone",
        ("wrong formula", "term missing"),
    ),
    Wrong(
        "unit channels at each pixel: plus the projection",
        op("unit channels", cross_channel_forward, cross_channel_backward),
        (normal((2, 3, 4)), normal((3, 3, 3)), normal((1, 5, 2))),
        "sign of a term",
        "the part along y is added where it is to be taken away",
    ),
]
