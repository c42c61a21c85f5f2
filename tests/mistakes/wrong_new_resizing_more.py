"""Resizing, padding, cropping and interpolation, with a wrong backward pass (second part)."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def shrink_forward(x):
    """Half as large, each a mean of 2 x 2; the odd row and column behind are dropped."""
    h, w = x.shape[1] // 2, x.shape[2] // 2
    return x[:, : 2 * h, : 2 * w].reshape(len(x), h, 2, w, 2).mean((2, 4)), x.shape


def shrink_backward(g, shape):
    dx = np.zeros(shape)
    big = np.kron(g, np.ones((1, 2, 2))) / 4
    dx[:, shape[1] - big.shape[1] :, shape[2] - big.shape[2] :] = big
    return (dx,)


def affine_row_forward(x, scale, offset):
    """Row samples at (scale * u + offset + 1) (W - 1) / 2, u from -1 to 1; offset of each row, as of a spatial transformer."""
    w = x.shape[1]
    place = (scale[:, None] * np.linspace(-1, 1, w) + offset[:, None] + 1) * (w - 1) / 2
    low = np.clip(np.floor(place).astype(int), 0, w - 2)
    f = place - low
    left, right = np.take_along_axis(x, low, 1), np.take_along_axis(x, low + 1, 1)
    return (1 - f) * left + f * right, (low, f, right - left, w)


def affine_row_backward(g, saved):
    low, f, slope, w = saved
    dx = np.zeros((len(g), w))
    rows = np.arange(len(g))[:, None]
    np.add.at(dx, (rows, low), (1 - f) * g)
    np.add.at(dx, (rows, low + 1), f * g)
    d = g * slope
    return dx, (d * np.linspace(-1, 1, w)).sum(1), d.sum(1)


CATMULL = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2


def catmull_forward(p, t):
    """Each row of p: 4 points of a Catmull-Rom spline; t: where between the second and the third."""
    w = np.stack([np.ones_like(t), t, t * t, t**3], axis=1) @ CATMULL
    return (w * p).sum(1), (p, t, w)


def catmull_backward(g, saved):
    p, t, w = saved
    dw = np.stack([np.zeros_like(t), np.ones_like(t), 2 * t, 3 * t * t], axis=1) @ CATMULL
    return w[:, ::-1] * g[:, None], (dw * p).sum(1) * g


KNOTS = np.array([-4.0, -1.0, -0.2, 0.5, 1.5, 4.0])


HEIGHTS = np.array([2.0, -1.0, 1.5, 0.0, 3.0, -2.0])


def table_forward(x):
    return np.interp(x, KNOTS, HEIGHTS), x


def table_backward(g, x):
    segment = np.clip(np.searchsorted(KNOTS, x) - 2, 0, 4)
    return (g * (np.diff(HEIGHTS) / np.diff(KNOTS))[segment],)


def clamped_table_forward(x):
    """A table at the places 0 to 4, its ends held outside."""
    return np.interp(x, np.arange(5), HEIGHTS[:5]), x


def clamped_table_backward(g, x):
    i = np.clip(np.floor(x).astype(int), 0, 3)
    return (g * (HEIGHTS[i + 1] - HEIGHTS[i]),)


def lagrange_forward(y, t):
    """The polynomial through (i, y[i]) of each row, at t."""
    n = y.shape[1]
    basis = np.ones(y.shape)
    for i in range(n):
        for j in range(n):
            if i != j:
                basis[:, i] *= (t - j) / (i - j)
    return (basis * y).sum(1), basis


def slerp_forward(a, b, t):
    """Between unit-free vectors a and b of each row, by the angle between them: sin((1 - t) w) a + sin(t w) b over sin(w)."""
    cosine = (a * b).sum(1, keepdims=True) / np.linalg.norm(a, axis=1, keepdims=True) / np.linalg.norm(b, axis=1, keepdims=True)
    w = np.arccos(cosine)
    p, q = np.sin((1 - t) * w) / np.sin(w), np.sin(t * w) / np.sin(w)
    return p * a + q * b, (a, b, t, w, p, q)


def slerp_backward(g, saved):
    a, b, t, w, p, q = saved
    dp, dq = -w * np.cos((1 - t) * w) / np.sin(w), w * np.cos(t * w) / np.sin(w)
    return p * g, q * g, ((a * g).sum(1, keepdims=True) * dp + (b * g).sum(1, keepdims=True) * dq)


def slerp_points(n, d):
    return lambda rng: [rng.standard_normal((n, d)), rng.standard_normal((n, d)), rng.uniform(0.2, 0.8, (n, 1))]


def hermite_forward(y, m):
    """A cubic through y[i] with slopes m[i], half-way between places of distance 0.5."""
    h = 0.5
    return (y[:, :-1] + y[:, 1:]) / 2 + h * (m[:, :-1] - m[:, 1:]) / 8, None


def hermite_backward(g, _):
    dy, dm = np.zeros((len(g), g.shape[1] + 1)), np.zeros((len(g), g.shape[1] + 1))
    dy[:, :-1] += g / 2
    dy[:, 1:] += g / 2
    dm[:, :-1] += g / 8
    dm[:, 1:] -= g / 8
    return dy, dm


def depth_forward(x):
    """Space to depth: (N, C, H, W) to (N, 4 C, H / 2, W / 2)."""
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // 2, 2, w // 2, 2)
    return blocks.transpose(0, 3, 5, 1, 2, 4).reshape(n, 4 * c, h // 2, w // 2), x.shape


def depth_backward(g, shape):
    n, c, h, w = shape
    blocks = g.reshape(n, c, 2, 2, h // 2, w // 2)
    return (blocks.transpose(0, 1, 4, 2, 5, 3).reshape(shape),)


WRONG = [
    Wrong(
        "halved picture of odd size: front row dropped",
        op("shrink", shrink_forward, shrink_backward),
        (normal((2, 5, 5)), normal((1, 3, 7))),
        "shifted",
        "forward drops the last row and column, backward puts zeros into the first",
        ("border", "other place"),
    ),
    Wrong(
        "sampling of rows: half the width forgotten",
        op("row sampler", affine_row_forward, affine_row_backward),
        (
            lambda rng: [rng.standard_normal((3, 6)), rng.uniform(0.3, 0.7, 3), rng.uniform(-0.2, 0.2, 3)],
            lambda rng: [rng.standard_normal((1, 8)), rng.uniform(0.3, 0.7, 1), rng.uniform(-0.2, 0.2, 1)],
        ),
        "factor",
        "the gradients of scale and offset lack the (W - 1) / 2 from coordinates to pixels",
        ("chain factor", "wrong constant", "scale"),
    ),
    Wrong(
        "Catmull-Rom spline: points in reverse",
        op("spline", catmull_forward, catmull_backward),
        (
            lambda rng: [rng.standard_normal((3, 4)), rng.uniform(0.1, 0.4, 3)],
            lambda rng: [rng.standard_normal((1, 4)), rng.uniform(0.6, 0.9, 1)],
        ),
        "flipped",
        "the four points' weights are in reverse order",
        ("permuted",),
    ),
    Wrong(
        "interpolation in a table: slope of the segment before",
        op("table", table_forward, table_backward),
        (normal((10,)), normal((3, 4))),
        "other place",
        "the slope of the segment to the left is taken",
        ("shifted", "wrong formula", "value", "chain factor", "wrong point"),
    ),
    Wrong(
        "interpolation with held ends: slope outside",
        op("held table", clamped_table_forward, clamped_table_backward),
        (lambda rng: [rng.uniform(-3, 7, 12)], lambda rng: [rng.uniform(-3, 7, (4, 4))]),
        "no mask",
        "outside the table forward is constant, backward goes on with the last slope",
        ("border", "value"),
    ),
    Wrong(
        "Lagrange's polynomial: none for the place",
        op("Lagrange", lagrange_forward, lambda g, basis: (basis * g[:, None], np.zeros_like(g))),
        (
            lambda rng: [rng.standard_normal((3, 4)), rng.uniform(0, 3, 3)],
            lambda rng: [rng.standard_normal((1, 3)), rng.uniform(0, 2, 1)],
        ),
        "zero",
        "the place where the polynomial is taken gets a gradient of zero",
        ("term missing",),
    ),
    Wrong(
        "spherical interpolation: angle as a constant",
        op("slerp", slerp_forward, slerp_backward),
        (slerp_points(3, 3), slerp_points(2, 5)),
        "term missing",
        "the angle depends on both vectors: its part of their gradients is missing",
    ),
    Wrong(
        "Hermite half-way: distance of the places",
        op("Hermite", hermite_forward, hermite_backward),
        (normal((2, 5), (2, 5)), normal((1, 3), (1, 3))),
        "factor",
        "the slopes' gradient lacks the distance h = 0.5",
        ("wrong constant", "chain factor", "scale"),
    ),
    Wrong(
        "space to depth: as depth to space",
        op("space to depth", depth_forward, depth_backward),
        (normal((2, 2, 4, 4)), normal((1, 3, 2, 4))),
        "memory order",
        "channels are taken apart as (C, 2, 2), forward joins them as (2, 2, C)",
        ("permuted", "transposed", "groups"),
    ),
]
