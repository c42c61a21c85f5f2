"""Group, instance, RMS, filter response and masked norms and others of their kind, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def spread(shape, *shapes):
    """Normal numbers of a deviation of 2 about 1, and more of them."""
    return lambda rng: [1 + 2 * rng.standard_normal(shape), *[rng.standard_normal(s) for s in shapes]]


def responses(n, c, t):
    """Features, gains about 1 and thresholds a little below 0."""
    return lambda rng: [rng.standard_normal((n, c, t)), rng.uniform(0.5, 1.5, c), rng.uniform(-0.6, -0.1, c)]


EPS = 1e-3


def standard(x, axes):
    deviation = np.sqrt(x.var(axes, keepdims=True) + EPS)
    return (x - x.mean(axes, keepdims=True)) / deviation, deviation


def standard_backward(g, y, deviation, axes):
    return (g - g.mean(axes, keepdims=True) - y * (g * y).mean(axes, keepdims=True)) / deviation


def sequence_norm(x, gamma, beta):
    """Instance norm of sequences (N, C, T)."""
    y, deviation = standard(x, 2)
    return y * gamma[:, None] + beta[:, None], (y, deviation, gamma)


def sequence_norm_backward(g, saved):
    y, deviation, gamma = saved
    return standard_backward(g * gamma[:, None], y, deviation, 2), (g * y).sum(2)[0], g.sum((0, 2))


def grouped_norm(x, gamma, beta):
    """Group norm of two groups, (N, C, H, W)."""
    y, deviation = standard(x.reshape(len(x), 2, -1), 2)
    y = y.reshape(x.shape)
    return y * gamma[:, None, None] + beta[:, None, None], (y, deviation, gamma)


def grouped_norm_backward(g, saved):
    y, deviation, gamma = saved
    shape = (len(g), 2, -1)
    inner = (g * gamma[:, None, None]).reshape(shape)
    dx = standard_backward(inner, y.reshape(shape), deviation, 2).reshape(g.shape)
    return dx, (g * y).sum((0, 2, 3)), g.sum(0).mean((1, 2))


def grouped_norm_shared(g, saved):
    y, deviation, gamma = saved
    shape = (len(g), 2, -1)
    dx = standard_backward(g.reshape(shape), y.reshape(shape), deviation, 2).reshape(g.shape)
    return dx * gamma[:, None, None], (g * y).sum((0, 2, 3)), g.sum((0, 2, 3))


def offset_rms(x, gamma):
    """RMS norm with the gain 1 + gamma."""
    root = np.sqrt((x * x).mean(-1, keepdims=True) + EPS)
    return x / root * (1 + gamma), (x, root, gamma)


def offset_rms_backward(g, saved):
    x, root, gamma = saved
    d = g * gamma
    y = x / root
    return (d - y * (d * y).mean(-1, keepdims=True)) / root, (g * y).sum(0)


def partial_rms(x):
    """RMS norm whose root is taken over the first half of the features."""
    half = x.shape[-1] // 2
    root = np.sqrt((x[..., :half] ** 2).mean(-1, keepdims=True) + EPS)
    return x / root, (x / root, root, half)


def partial_rms_backward(g, saved):
    y, root, half = saved
    return ((g - y * (g * y).sum(-1, keepdims=True) / half) / root,)


def filter_response(x, gamma, threshold):
    """Filter response norm of (N, C, T), with a learned threshold below."""
    root = np.sqrt((x * x).mean(2, keepdims=True) + EPS)
    z = x / root * gamma[:, None]
    return np.maximum(z, threshold[:, None]), (x, root, gamma, z > threshold[:, None])


def filter_response_backward(g, saved):
    x, root, gamma, above = saved
    inner, y = g * above, x / root
    d = inner * gamma[:, None]
    return (d - y * (d * y).mean(2, keepdims=True)) / root, (inner * y).sum((0, 2)), g.sum((0, 2))


def filter_response_open(g, saved):
    x, root, gamma, above = saved
    y, d = x / root, g * gamma[:, None]
    return (d - y * (d * y).mean(2, keepdims=True)) / root, (g * above * y).sum((0, 2)), (g * ~above).sum((0, 2))


def length_norm(x, scale):
    """Rows of one learned length."""
    length = np.sqrt((x * x).sum(1, keepdims=True))
    return scale * x / length, (x / length, length, scale)


def length_norm_backward(g, saved):
    unit, length, scale = saved
    return scale * (g - unit * (g * unit).sum(1, keepdims=True)) / length, (g[-1] * unit[-1]).sum(keepdims=True)


def robust_standard(x):
    """Minus the median, over the median absolute deviation, of each row of odd length."""
    centred = x - np.median(x, axis=1, keepdims=True)
    scale = np.median(np.abs(centred), axis=1, keepdims=True)
    return centred / scale, (x, centred, scale)


def robust_standard_backward(g, saved):
    _x, centred, scale = saved
    at = np.abs(centred) == scale
    dcentred = g / scale - at * np.sign(centred) * (g * centred).sum(1, keepdims=True) / scale**2
    return (dcentred,)


def seen_steps(n, t):
    return (np.arange(t) < t - 1 - np.arange(n)[:, None] % 2).astype(float)


def masked_norm(x):
    """Each sequence standardised over the steps that are not padding."""
    mask = seen_steps(*x.shape)
    count = mask.sum(1, keepdims=True)
    mean = (x * mask).sum(1, keepdims=True) / count
    deviation = np.sqrt((((x - mean) * mask) ** 2).sum(1, keepdims=True) / count + EPS)
    y = (x - mean) * mask / deviation
    return y, (y, mask, deviation)


def masked_norm_backward(g, saved):
    y, mask, deviation = saved
    g = g * mask
    return (mask * (g - g.mean(1, keepdims=True) - y * (g * y).mean(1, keepdims=True)) / deviation,)


def gated_norm(x, v):
    """EvoNorm S0 in one group: x sigmoid(v x) over the deviation of each row."""
    gate = 1 / (1 + np.exp(-v * x))
    deviation = np.sqrt(x.var(1, keepdims=True) + EPS)
    return x * gate / deviation, (x, v, gate, deviation)


def gated_norm_backward(g, saved):
    x, v, gate, deviation = saved
    slope = gate * (1 - gate)
    return g * (gate + v * x * slope) / deviation, (g * x * x * slope / deviation).sum(0)


def gated_norm_beta(g, saved):
    x, v, gate, deviation = saved
    slope, d = gate * (1 - gate), g / deviation
    centred = x - x.mean(1, keepdims=True)
    through = -(g * x * gate).sum(1, keepdims=True) * centred / (x.shape[1] * deviation**3)
    return d * (gate + v * x * slope) + through, (d * x * slope).sum(0)


def position_norm(x):
    """Mean and deviation over channels, handed on beside the normalised features: (N, C, T) to (N, C + 1, T)."""
    y, deviation = standard(x, 1)
    return np.concatenate([y, deviation], axis=1), (y, deviation)


def position_norm_backward(g, saved):
    y, deviation = saved
    return (standard_backward(g[:, :-1], y, deviation, 1) + g[:, -1:] * y,)


def power_norm(x):
    """Columns over the root of their mean square over the batch."""
    square = (x * x).mean(0) + EPS
    return x / np.sqrt(square), (x, square)


def power_norm_backward(g, saved):
    x, square = saved
    return (g / np.sqrt(square) - x * (g * x).mean(0) / square,)


def softmax_weights(v, gain):
    """Weights of each output that are positive and sum to a learned gain."""
    p = np.exp(v - v.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return gain[:, None] * p, (p, gain)


def softmax_weights_backward(g, saved):
    p, _gain = saved
    return p * (g - (g * p).sum(1, keepdims=True)), (g * p).sum(1)


def branch_scaled(x, w):
    """A residual whose skip connection is weighted by 1.5, then unit rows."""
    z = 1.5 * x + np.tanh(x @ w)
    length = np.linalg.norm(z, axis=1, keepdims=True)
    return z / length, (x, w, z / length, length, np.tanh(x @ w))


def branch_scaled_backward(g, saved):
    x, w, unit, length, t = saved
    dz = (g - unit * (g * unit).sum(1, keepdims=True)) / length
    inner = dz * (1 - t * t)
    return dz + inner @ w.T, x.T @ inner


def kernel_norm(v, gain):
    """Weight norm of conv kernels (O, C, K), a gain for each output."""
    length = np.sqrt((v * v).sum((1, 2), keepdims=True))
    return gain[:, None, None] * v / length, (v / length, length, gain)


def kernel_norm_backward(g, saved):
    unit, length, gain = saved
    along = (g * unit).sum(1, keepdims=True)
    return gain[:, None, None] * (g - unit * along) / length, (g * unit).sum((1, 2))


WRONG = [
    Wrong(
        "instance norm of sequences: gamma's gradient of sample 0",
        op("sequence_norm", sequence_norm, sequence_norm_backward),
        (spread((3, 2, 5), 2, 2), spread((2, 3, 3), 3, 3), spread((4, 1, 6), 1, 1)),
        "not summed",
        "gamma's gradient is not summed over the batch: the first sample's remains",
        also=("left out",),
    ),
    Wrong(
        "group norm: beta's gradient is a mean over pixels",
        op("grouped_norm", grouped_norm, grouped_norm_backward),
        (spread((2, 4, 2, 3), 4, 4), spread((1, 2, 3, 3), 2, 2), spread((3, 6, 1, 2), 6, 6)),
        "averaged",
        "beta's gradient is divided by the number of pixels",
        also=("factor",),
    ),
    Wrong(
        "group norm: gamma after the statistics' gradient",
        op("grouped_norm", grouped_norm, grouped_norm_shared),
        (spread((2, 4, 2, 3), 4, 4), spread((2, 6, 1, 2), 6, 6), spread((1, 4, 3, 1), 4, 4)),
        "scale",
        "channels of a group have other gammas: gamma has to multiply g before the means are taken",
        also=("wrong formula", "chain factor"),
    ),
    Wrong(
        "RMS norm with the gain 1 + gamma: the one forgotten",
        op("offset_rms", offset_rms, offset_rms_backward),
        (spread((3, 5), 5), spread((4, 4), 4), spread((2, 8), 8)),
        "wrong constant",
        "x's gradient is multiplied by gamma, not by 1 + gamma",
        also=("term missing", "scale", "wrong formula"),
    ),
    Wrong(
        "RMS norm by half of the features: projection for all",
        op("partial_rms", partial_rms, partial_rms_backward),
        (spread((3, 6)), spread((4, 4)), spread((2, 9))),
        "no mask",
        "features that are not part of the root get its gradient, too",
        also=("term extra",),
    ),
    Wrong(
        "filter response norm: threshold learns from all",
        op("filter_response", filter_response, filter_response_backward),
        (responses(2, 3, 5), responses(3, 2, 4), responses(1, 4, 6)),
        "no mask",
        "the threshold's gradient lacks the mask of what is below it",
        also=("summed",),
    ),
    Wrong(
        "filter response norm: features below the threshold",
        op("filter_response", filter_response, filter_response_open),
        (responses(2, 3, 5), responses(3, 2, 4), responses(1, 4, 6)),
        "no mask",
        "x's gradient lacks the mask of what is above the threshold",
    ),
    Wrong(
        "rows of a learned length: length from the last row",
        op("length_norm", length_norm, length_norm_backward),
        (spread((3, 5), 1), spread((4, 4), 1), spread((6, 2), 1)),
        "not summed",
        "the one length's gradient is that of the last row, not summed over rows",
        also=("left out",),
    ),
    Wrong(
        "median and median absolute deviation: median as a constant",
        op("robust_standard", robust_standard, robust_standard_backward),
        (normal((2, 5)), normal((3, 7)), normal((4, 9))),
        "term missing",
        "the median that is subtracted gets no gradient",
        also=("left out", "not summed"),
    ),
    Wrong(
        "sequences standardised without their padding: means over all steps",
        op("masked_norm", masked_norm, masked_norm_backward),
        (spread((3, 6)), spread((4, 4)), spread((2, 8))),
        "wrong constant",
        "backward's means are divided by all steps, not by those that are no padding",
        also=("averaged", "scale"),
    ),
    Wrong(
        "EvoNorm: deviation as a constant",
        op("gated_norm", gated_norm, gated_norm_backward),
        (normal((3, 5), 5), normal((4, 4), 4), normal((2, 6), 6)),
        "term missing",
        "x's path through the deviation is missing",
    ),
    Wrong(
        "EvoNorm: v's gradient with one x",
        op("gated_norm", gated_norm, gated_norm_beta),
        (normal((3, 5), 5), normal((4, 4), 4), normal((2, 6), 6)),
        "chain factor",
        "v multiplies x inside the gate: its gradient lacks this inner x",
    ),
    Wrong(
        "norm over channels with its deviation: deviation's share not divided",
        op("position_norm", position_norm, position_norm_backward),
        (spread((2, 3, 4)), spread((1, 4, 4)), spread((3, 2, 2))),
        "not averaged",
        "the deviation's own gradient is y / C for each channel; backward gives y",
        also=("wrong constant", "term extra"),
    ),
    Wrong(
        "columns over their quadratic mean: power of the second term",
        op("power_norm", power_norm, power_norm_backward),
        (spread((4, 3)), spread((3, 3)), spread((6, 2))),
        "wrong formula",
        "divided by the mean square, where its power 3/2 belongs",
        also=("scale", "chain factor"),
    ),
    Wrong(
        "weights of a learned sum: gain forgotten",
        op("softmax_weights", softmax_weights, softmax_weights_backward),
        (normal((3, 4), 3), normal((2, 2), 2), normal((5, 3), 5)),
        "scale",
        "the gradient of what is normalised lacks the gain of its row",
        also=("chain factor",),
    ),
    Wrong(
        "skip connection of weight 1.5, then unit rows: the weight forgotten",
        op("branch_scaled", branch_scaled, branch_scaled_backward),
        (normal((3, 4), (4, 4)), normal((2, 3), (3, 3)), normal((5, 2), (2, 2))),
        "wrong constant",
        "the skip connection passes the gradient with weight 1",
        also=("term missing",),
    ),
    Wrong(
        "weight norm of kernels: projection tap by tap",
        op("kernel_norm", kernel_norm, kernel_norm_backward),
        (normal((3, 2, 3), 3), normal((2, 2, 2), 2), normal((4, 1, 5), 4)),
        "not summed",
        "the inner product with the unit kernel is summed over channels, not over taps",
        also=("wrong formula", "term missing"),
    ),
]
