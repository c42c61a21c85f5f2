"""Layer, batch, group, instance and other norms, with one slip in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def affine(shape, channels, spread=1.0):
    """x, gamma, beta."""
    return lambda rng: [
        spread * rng.standard_normal(shape) + 0.5,
        rng.uniform(0.5, 1.5, channels),
        rng.standard_normal(channels),
    ]


# layer norm over the last axis


def layer_norm(backward):
    def forward(x, gamma, beta):
        mu = x.mean(-1, keepdims=True)
        std = np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        xhat = (x - mu) / std
        return gamma * xhat + beta, (x, mu, std, xhat, gamma)

    def whole(g, saved):
        others = tuple(range(g.ndim - 1))
        xhat = saved[3]
        dx, dgamma = backward(g, saved)
        return dx, (g * xhat).sum(others) if dgamma is None else dgamma, g.sum(others)

    return op("layer_norm", forward, whole)


def no_mean_of_gradient(g, saved):
    _, _, std, xhat, gamma = saved
    d = g * gamma
    return (d - xhat * (d * xhat).mean(-1, keepdims=True)) / std, None


def not_divided_by_length(g, saved):
    _, _, std, xhat, gamma = saved
    n = xhat.shape[-1]
    d = g * gamma
    return (n * d - d.sum(-1, keepdims=True) - xhat * (d * xhat).sum(-1, keepdims=True)) / std, None


def right_layer_norm(g, saved):
    _, _, std, xhat, gamma = saved
    d = g * gamma
    return (d - d.mean(-1, keepdims=True) - xhat * (d * xhat).mean(-1, keepdims=True)) / std


def gamma_from_centred(g, saved):
    x, mu = saved[:2]
    return right_layer_norm(g, saved), (g * (x - mu)).sum(tuple(range(g.ndim - 1)))


def variance_for_deviation(g, saved):
    std = saved[2]
    return right_layer_norm(g, saved) / std, None


# batch norm of rows (N, D)


def batch_norm(backward):
    def forward(x, gamma, beta):
        mu, var = x.mean(0), x.var(0)
        xhat = (x - mu) / np.sqrt(var + 1e-5)
        y = gamma * xhat + beta
        return y, (x, mu, var, xhat, gamma, y)

    return op("batch_norm", forward, backward)


def gamma_from_output(g, saved):
    _, _, var, xhat, gamma, y = saved
    d = g * gamma
    dx = (d - d.mean(0) - xhat * (d * xhat).mean(0)) / np.sqrt(var + 1e-5)
    return dx, np.sum(g * y, axis=0), np.sum(g, axis=0)


def half_of_variance_forgotten(g, saved):
    x, mu, var, xhat, gamma, _ = saved
    n = len(x)
    dxhat = g * gamma
    inv = 1 / np.sqrt(var + 1e-5)
    dvar = np.sum(dxhat * (x - mu) * -(inv**3), axis=0)
    dmu = np.sum(-dxhat * inv, axis=0) + dvar * np.mean(-2 * (x - mu), axis=0)
    dx = dxhat * inv + dvar * 2 * (x - mu) / n + dmu / n
    return dx, np.sum(g * xhat, axis=0), np.sum(g, axis=0)


def beta_never_filled(g, saved):
    _, _, var, xhat, gamma, _ = saved
    dgamma, dbeta = np.zeros_like(gamma), np.zeros_like(gamma)
    d = g * gamma
    for row, normalised in zip(g, xhat, strict=True):
        dgamma += row * normalised
    return (d - d.mean(0) - xhat * (d * xhat).mean(0)) / np.sqrt(var + 1e-5), dgamma, dbeta


# norms of pictures (N, C, H, W)


def instance_norm_forward(x, gamma, beta):
    mu = x.mean((2, 3), keepdims=True)
    inv = 1 / np.sqrt(x.var((2, 3), keepdims=True) + 1e-5)
    xhat = (x - mu) * inv
    return gamma[:, None, None] * xhat + beta[:, None, None], (xhat, inv)


def instance_norm_without_gamma(g, saved):
    xhat, inv = saved
    dx = inv * (g - g.mean((2, 3), keepdims=True) - xhat * (g * xhat).mean((2, 3), keepdims=True))
    return dx, (g * xhat).sum((0, 2, 3)), g.sum((0, 2, 3))


def sequence_norm_forward(x):
    mu = x.mean(2, keepdims=True)
    inv = 1 / np.sqrt(x.var(2, keepdims=True) + 1e-5)
    return (x - mu) * inv, ((x - mu) * inv, inv)


def sequence_norm_over_channels(g, saved):
    xhat, inv = saved
    return (inv * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True)),)


def group_norm_forward(x, gamma, beta, groups=2):
    n, c = x.shape[:2]
    xg = x.reshape(n, groups, -1)
    inv = 1 / np.sqrt(xg.var(-1, keepdims=True) + 1e-5)
    xhat = ((xg - xg.mean(-1, keepdims=True)) * inv).reshape(x.shape)
    return xhat * gamma.reshape(1, c, 1, 1) + beta.reshape(1, c, 1, 1), (xhat, inv, gamma, groups)


def group_norm_keepdims(g, saved):
    xhat, inv, gamma, groups = saved
    n, c = g.shape[:2]
    d = (g * gamma.reshape(1, c, 1, 1)).reshape(n, groups, -1)
    xg = xhat.reshape(n, groups, -1)
    dx = inv * (d - d.mean(-1, keepdims=True) - xg * (d * xg).mean(-1, keepdims=True))
    axes = (0, 2, 3)
    return dx.reshape(g.shape), np.sum(g * xhat, axes, keepdims=True), np.sum(g, axes, keepdims=True)


# statistics that are given

MEAN, VARIANCE = np.linspace(-1, 1, 6), np.linspace(0.3, 2.5, 6)


def evaluation_forward(x, gamma, beta):
    c = x.shape[1]
    xhat = (x - MEAN[:c]) / np.sqrt(VARIANCE[:c])
    return gamma * xhat + beta, (xhat, gamma)


def evaluation_backward(g, saved):
    xhat, gamma = saved
    return g * gamma / VARIANCE[: g.shape[1]], (g * xhat).sum(0), g.sum(0)


def centred_columns(x):
    return x - x.mean(axis=0), None


WRONG = [
    Wrong(
        "layer norm: mean of the gradient forgotten",
        layer_norm(no_mean_of_gradient),
        (affine((4, 6), 6), affine((2, 3, 5), 5), affine((4, 4), 4)),
        "term missing",
        "x's gradient lacks -mean(g gamma), which comes from the mean that is subtracted",
    ),
    Wrong(
        "layer norm: N d - sum - sum, not divided by N",
        layer_norm(not_divided_by_length),
        (affine((3, 5), 5), affine((2, 2, 8), 8), affine((6, 3), 3)),
        "not averaged",
        "the closed form with sums lacks the 1 / N in front",
        ("factor",),
    ),
    Wrong(
        "layer norm: gamma's gradient from x - mean",
        layer_norm(gamma_from_centred),
        (affine((4, 5), 5, 2.0), affine((3, 2, 4), 4, 0.3), affine((5, 5), 5, 3.0)),
        "chain factor",
        "gamma's gradient sums g (x - mean), which is not divided by each row's deviation",
        ("scale",),
    ),
    Wrong(
        "layer norm: divided by the variance",
        layer_norm(variance_for_deviation),
        (affine((4, 6), 6, 2.0), affine((2, 3, 5), 5, 0.4)),
        "scale",
        "x's gradient is divided by the deviation of each row twice",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "batch norm: gamma's gradient from the output",
        batch_norm(gamma_from_output),
        (affine((5, 3), 3), affine((4, 4), 4), affine((8, 1), 1)),
        "wrong point",
        "gamma's gradient sums g times the output, in place of g times the normalised input",
        ("term extra", "wrong formula", "chain factor"),
    ),
    Wrong(
        "batch norm by a loop: beta's gradient stays at zeros",
        batch_norm(beta_never_filled),
        (affine((5, 3), 3), affine((4, 4), 4)),
        "zero",
        "beta's gradient is allocated, and returned as it is",
    ),
    Wrong(
        "batch norm step by step: the variance's 1/2 forgotten",
        batch_norm(half_of_variance_forgotten),
        (affine((6, 3), 3), affine((5, 5), 5)),
        "wrong formula",
        "var^(-1/2) differentiates to -1/2 var^(-3/2): without the 1/2 the variance's summand counts twice",
        ("wrong constant", "term extra", "summed"),
    ),
    Wrong(
        "instance norm of pictures: gamma forgotten for x",
        op("instance_norm", instance_norm_forward, instance_norm_without_gamma),
        (affine((2, 3, 3, 4), 3), affine((2, 2, 2, 5), 2), affine((1, 4, 3, 3), 4)),
        "scale",
        "x's gradient is that of the normalised picture without its channel's gamma",
    ),
    Wrong(
        "instance norm of sequences: means over the channels",
        op("instance_norm", sequence_norm_forward, sequence_norm_over_channels),
        (normal((2, 3, 5)), normal((2, 4, 4)), normal((3, 3, 3))),
        "transposed",
        "backward takes its means over axis 1, forward over axis 2",
        ("summed", "wrong formula"),
    ),
    Wrong(
        "group norm: parameters' gradients keep their axes",
        op("group_norm", group_norm_forward, group_norm_keepdims),
        (affine((2, 4, 3, 3), 4), affine((1, 2, 4, 4), 2)),
        "shape",
        "gamma's and beta's gradients have the shape (1, C, 1, 1), the parameters (C,)",
    ),
    Wrong(
        "batch norm in evaluation: variance for deviation",
        op("batch_norm", evaluation_forward, evaluation_backward),
        (affine((4, 6), 6), affine((3, 3), 3), affine((2, 5), 5)),
        "scale",
        "x's gradient is gamma / var for gamma / sqrt(var)",
        ("wrong formula",),
    ),
    Wrong(
        "centred columns: mean as a constant",
        op("centre", centred_columns, lambda g, _: (g,)),
        (normal((5, 3)), normal((3, 3)), normal((2, 6))),
        "term missing",
        "the gradient passes as it is; the mean that is subtracted depends on x, too",
    ),
]
