"""Normalisations (batch, layer, group, RMS, weight and kin) with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0, shift=0.0):
    return lambda rng: [shift + scale * rng.standard_normal(shape) for shape in shapes]


EPS = 1e-5


def standardised(x, axes):
    c = x - x.mean(axis=axes, keepdims=True)
    inv = 1 / np.sqrt((c * c).mean(axis=axes, keepdims=True) + EPS)
    return c * inv, inv


def standardised_backward(g, xhat, inv, axes):
    return inv * (g - g.mean(axis=axes, keepdims=True) - xhat * (g * xhat).mean(axis=axes, keepdims=True))


def picture_norm_forward(x):
    xhat, inv = standardised(x, (0, 2, 3))
    return xhat, (xhat, inv)


def picture_norm_batch_only(g, saved):
    xhat, inv = saved
    n = g.size // g.shape[1]
    mean, dot = g.sum(axis=0, keepdims=True) / n, (g * xhat).sum(axis=0, keepdims=True) / n
    return (inv * (g - mean - xhat * dot),)


def layer_norm_forward(x, gamma):
    xhat, inv = standardised(x, -1)
    return gamma * xhat, (xhat, inv, gamma)


def layer_norm_half_scaled(g, saved):
    xhat, inv, gamma = saved
    scaled = g * gamma
    dx = inv * (scaled - scaled.mean(-1, keepdims=True) - xhat * (g * xhat).mean(-1, keepdims=True))
    return dx, (g * xhat).reshape(-1, len(gamma)).sum(axis=0)


def group_norm_forward(x, groups=2):
    n, c = x.shape[:2]
    xhat, inv = standardised(x.reshape(n, groups, -1), -1)
    return xhat.reshape(x.shape), (xhat.reshape(x.shape), inv, c // groups)


def group_norm_exchanged(g, saved):
    """The number of channels in a group taken for that of groups."""
    xhat, _, groups = saved
    n, c = g.shape[:2]
    inv = np.repeat(saved[1][:, :, 0], groups, axis=1).reshape(n, c, *[1] * (g.ndim - 2))
    flat, flat_hat = g.reshape(n, groups, -1), xhat.reshape(n, groups, -1)
    dx = flat - flat.mean(-1, keepdims=True) - flat_hat * (flat * flat_hat).mean(-1, keepdims=True)
    return (dx.reshape(g.shape) * inv,)


def group_norm_as_instance(g, saved):
    xhat, inv, size = saved
    inv = np.repeat(inv[:, :, 0], size, axis=1)[:, :, None, None]
    return (standardised_backward(g, xhat, inv, (2, 3)),)


def rms_forward(x, gamma):
    inv = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + EPS)
    return gamma * x * inv, (x, gamma, inv)


def rms_gamma_from_x(g, saved):
    x, gamma, inv = saved
    scaled = g * gamma
    dx = inv * (scaled - x * inv**2 * (scaled * x).mean(-1, keepdims=True))
    return dx, (g * x).reshape(-1, len(gamma)).sum(axis=0)


def rms_constant(g, saved):
    x, gamma, inv = saved
    return g * gamma * inv, (g * x * inv).reshape(-1, len(gamma)).sum(axis=0)


def weight_norm_forward(v, length):
    """Rows of v scaled to the given lengths."""
    norm = np.sqrt((v * v).sum(axis=1, keepdims=True))
    return length[:, None] * v / norm, (v, length, norm)


def weight_norm_one_length(g, saved):
    v, length, norm = saved
    unit = v / norm
    along = (g * unit).sum(axis=1, keepdims=True)
    return length[:, None] / norm * (g - unit * along), np.full(len(v), along.sum())


def weight_norm_columns(g, saved):
    v, length, norm = saved
    unit = v / norm
    dv = length[:, None] / norm * (g - unit * (g * unit).sum(axis=0, keepdims=True))
    return dv, (g * unit).sum(axis=1)


def long_and_short(n, d):
    return lambda rng: [rng.standard_normal((n, d)) * np.where(np.arange(n) % 2, 3.0, 0.3)[:, None]]


def max_norm_forward(w):
    norm = np.sqrt((w * w).sum(axis=1, keepdims=True))
    return w * np.minimum(1, 1.8 / norm), (w, norm)


def max_norm_backward(g, saved):
    w, norm = saved
    projected = g - w * (g * w).sum(axis=1, keepdims=True) / norm**2
    return (np.minimum(1, 1.8 / norm) * projected,)


def l1_forward(x):
    total = np.abs(x).sum(axis=-1, keepdims=True)
    return x / total, (x / total, total)


def l1_backward(g, saved):
    y, total = saved
    return ((g - (g * y).sum(axis=-1, keepdims=True)) / total,)


def neighbours(s):
    """Sum over a channel and its two neighbours, axis 1."""
    padded = np.pad(s, [(0, 0), (1, 1)] + [(0, 0)] * (s.ndim - 2))
    return padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]


def response_forward(x):
    base = 1 + 0.5 * neighbours(x * x)
    return x * base**-0.75, (x, base)


def response_backward(g, saved):
    x, base = saved
    return (g * base**-0.75 - 2 * 0.75 * 0.5 * x * neighbours(g * x * base**-0.75),)


def one_pass_forward(x):
    mean, square = x.mean(axis=0), (x * x).mean(axis=0)
    std = np.sqrt(square - mean**2 + EPS)
    return (x - mean) / std, (x, mean, std)


def one_pass_backward(g, saved):
    x, mean, std = saved
    n = len(x)
    dvar = -(g * (x - mean)).sum(axis=0) / (2 * std**3)
    dmean = -g.sum(axis=0) / std
    return (g / std + dmean / n + 2 * x * dvar / n,)


def ghost_forward(x):
    """Batch norm of each half of the batch."""
    halves = x.reshape(2, len(x) // 2, -1)
    xhat, inv = standardised(halves, 1)
    return xhat.reshape(x.shape), (xhat, inv)


def ghost_backward(g, saved):
    xhat, inv = saved
    g = g.reshape(xhat.shape)
    return (standardised_backward(g, xhat, inv, (0, 1)).reshape(-1, g.shape[-1]),)


def kept(shape):
    return np.arange(shape[1]) < shape[1] - 1 - np.arange(shape[0])[:, None] % 2


def masked_norm_forward(x):
    mask = kept(x.shape)
    count = mask.sum(axis=1, keepdims=True)
    c = (x - (x * mask).sum(axis=1, keepdims=True) / count) * mask
    inv = 1 / np.sqrt((c * c).sum(axis=1, keepdims=True) / count + EPS)
    return c * inv, (c * inv, inv, mask)


def masked_norm_backward(g, saved):
    xhat, inv, mask = saved
    return (standardised_backward(g * mask, xhat, inv, 1) * mask,)


def cosine_linear_forward(x, w):
    inv = 1 / np.sqrt((w * w).sum(axis=1, keepdims=True))
    return x @ (w * inv).T, (x, w, inv)


def cosine_linear_backward(g, saved):
    x, w, inv = saved
    return g @ (w * inv), g.T @ x * inv


def pixel_forward(x):
    inv = 1 / np.sqrt((x * x).mean(axis=1, keepdims=True) + EPS)
    return x * inv, (x, inv)


def pixel_backward(g, saved):
    x, inv = saved
    return (inv * (g - x * inv**2 * (g * x).mean(axis=-1, keepdims=True)),)


def response_of_maps_forward(x):
    """Length of each channel (N, C, L), relative to the mean over channels, times x."""
    length = np.sqrt((x * x).sum(axis=2, keepdims=True))
    mean = length.mean(axis=1, keepdims=True)
    return x * length / mean, (x, length, mean)


def response_of_maps_backward(g, saved):
    x, length, mean = saved
    dratio = (g * x).sum(axis=2, keepdims=True)
    return (g * length / mean + dratio / mean * x / length,)


def norm_relu_forward(x, gamma, beta):
    xhat, inv = standardised(x, 0)
    return np.maximum(gamma * xhat + beta, 0), (x, xhat, inv, gamma)


def norm_relu_backward(g, saved):
    x, xhat, inv, gamma = saved
    g = g * (x > 0)
    return standardised_backward(g * gamma, xhat, inv, 0), (g * xhat).sum(axis=0), g.sum(axis=0)


WRONG = [
    Wrong(
        "batch norm of pictures: sums over the batch alone",
        op("batch_norm", picture_norm_forward, picture_norm_batch_only),
        (normal((2, 3, 2, 3)), normal((3, 3, 3, 3)), normal((4, 2, 2, 2))),
        "not summed",
        "the two means in backward are summed over N for each pixel, not over N, H and W",
        ("wrong formula", "term missing"),
    ),
    Wrong(
        "layer norm: gamma in one of two means",
        op("layer_norm", layer_norm_forward, layer_norm_half_scaled),
        (normal((4, 5), (5,)), normal((3, 3), (3,)), normal((2, 2, 6), (6,))),
        "scale",
        "the mean of g xhat lacks gamma",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "group norm: number and size of groups exchanged",
        op("group_norm", group_norm_forward, group_norm_exchanged),
        (normal((2, 6, 2, 2)), normal((3, 6, 4)), normal((1, 8, 2, 1))),
        "groups",
        "forward has 2 groups of C / 2 channels, backward's means C / 2 groups of 2",
        ("wrong formula", "not summed"),
    ),
    Wrong(
        "group norm: means of single channels",
        op("group_norm", group_norm_forward, group_norm_as_instance),
        (normal((2, 4, 2, 3)), normal((4, 4, 2, 2)), normal((1, 6, 2, 2))),
        "groups",
        "backward's means are taken over each channel alone (instance norm's), not over its group",
        ("not summed", "wrong formula"),
    ),
    Wrong(
        "RMS norm: gamma's gradient from x itself",
        op("rms_norm", rms_forward, rms_gamma_from_x),
        (normal((4, 5), (5,), scale=2.0), normal((3, 3), (3,), scale=0.5), normal((2, 2, 4), (4,), scale=3.0)),
        "chain factor",
        "g x for g x / rms: gamma's gradient lacks the division by each row's rms",
        ("scale", "wrong point", "wrong formula"),
    ),
    Wrong(
        "RMS norm: the root mean square as a constant",
        op("rms_norm", rms_forward, rms_constant),
        (normal((4, 5), (5,)), normal((3, 3), (3,)), normal((2, 2, 4), (4,))),
        "term missing",
        "the summand through the root mean square is missing",
        ("wrong formula",),
    ),
    Wrong(
        "weight norm: lengths' gradient summed over all rows",
        op("weight_norm", weight_norm_forward, weight_norm_one_length),
        (normal((4, 3), (4,)), normal((3, 3), (3,)), normal((2, 6), (2,))),
        "summed",
        "each row has a length of its own: every one gets the sum over all rows",
        (),
    ),
    Wrong(
        "weight norm: projection along columns",
        op("weight_norm", weight_norm_forward, weight_norm_columns),
        (normal((4, 4), (4,)), normal((3, 3), (3,)), normal((5, 2), (5,))),
        "transposed",
        "the inner products of g and v are summed over axis 0, the lengths are those of rows",
        ("summed", "wrong formula", "term missing"),
    ),
    Wrong(
        "rows of limited length: short ones projected, too",
        op("max_norm", max_norm_forward, max_norm_backward),
        (long_and_short(6, 3), long_and_short(4, 4), long_and_short(7, 2)),
        "term extra",
        "rows that are shorter than the limit pass unchanged; backward projects them as well",
        ("value", "wrong mask", "no mask", "inverted mask"),
    ),
    Wrong(
        "rows of absolute sum one: sign forgotten",
        op("l1_norm", l1_forward, l1_backward),
        (normal((3, 4)), normal((3, 3)), normal((2, 2, 5))),
        "value",
        "the second summand lacks the sign of x, the derivative of |x|",
        ("chain factor", "sign of a term", "wrong formula"),
    ),
    Wrong(
        "local response norm: exponent not lowered",
        op("lrn", response_forward, response_backward),
        (normal((2, 5, 2, 2)), normal((3, 3)), normal((2, 6, 3))),
        "wrong formula",
        "the second summand has base^-0.75, where the derivative has base^-1.75",
        ("chain factor",),
    ),
    Wrong(
        "batch norm in one pass: the mean in E[x^2] - E[x]^2",
        op("batch_norm", one_pass_forward, one_pass_backward),
        (normal((5, 3), shift=1.0), normal((4, 4), shift=-2.0), normal((8, 2), shift=1.5)),
        "term missing",
        "the variance's gradient to the mean, -2 mean dvar, is missing",
        ("wrong formula",),
    ),
    Wrong(
        "batch norm of half batches: means over the whole batch",
        op("ghost_norm", ghost_forward, ghost_backward),
        (normal((6, 3)), normal((4, 4)), normal((8, 2))),
        "summed",
        "forward normalises each half by itself, backward's means go over both",
        ("groups", "wrong formula"),
    ),
    Wrong(
        "layer norm with padding: means over the full length",
        op("masked_norm", masked_norm_forward, masked_norm_backward),
        (normal((4, 5)), normal((4, 4)), normal((3, 8))),
        "wrong constant",
        "backward's means are divided by the full length in place of the number of valid entries",
        ("averaged", "wrong formula"),
    ),
    Wrong(
        "linear with unit rows of weights: no projection",
        op("cosine_linear", cosine_linear_forward, cosine_linear_backward),
        (normal((4, 3), (5, 3)), normal((3, 3), (3, 3)), normal((2, 6), (3, 6))),
        "term missing",
        "the weights' gradient lacks the summand through their norm",
        ("wrong formula",),
    ),
    Wrong(
        "unit pixels, channels first: projected over the width",
        op("pixel_norm", pixel_forward, pixel_backward),
        (normal((2, 3, 2, 3)), normal((2, 4, 4, 4)), normal((1, 5, 3, 2))),
        "transposed",
        "the mean in backward goes over the last axis in place of axis 1",
        ("summed", "wrong formula"),
    ),
    Wrong(
        "response norm of feature maps: mean over channels as a constant",
        op("grn", response_of_maps_forward, response_of_maps_backward),
        (normal((2, 3, 4)), normal((3, 3, 3)), normal((2, 5, 3))),
        "term missing",
        "the summand through the mean length, the denominator, is missing",
        ("wrong formula",),
    ),
    Wrong(
        "batch norm and relu in one: mask of the input",
        op("norm_relu", norm_relu_forward, norm_relu_backward),
        (normal((8, 5), (5,), (5,), shift=0.3), normal((5, 5), (5,), (5,)), normal((8, 2), (2,), (2,))),
        "wrong mask",
        "the mask is x > 0, before the norm, in place of gamma xhat + beta > 0",
        ("wrong point", "no mask", "inverted mask"),
    ),
]
