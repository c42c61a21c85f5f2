"""Polygons, cameras, rotations, distances and kernels of points, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def polygon_area(points):
    x, y = points.T
    return np.array((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2), points


def polygon_area_backward(g, points):
    d = np.zeros_like(points)
    for i in range(len(points) - 1):
        (x0, y0), (x1, y1) = points[i], points[i + 1]
        d[i] += g / 2 * np.array([y1, -x1])
        d[i + 1] += g / 2 * np.array([-y0, x0])
    return (d,)


def projected(points, focal):
    """Points (x, y, z) on the picture plane of a camera."""
    return focal * points[:, :2] / points[:, 2:], (points, focal)


def projected_backward(g, saved):
    points, focal = saved
    z = points[:, 2:]
    dz = -focal * (g * points[:, :2]).sum(1, keepdims=True) / z
    return np.concatenate([focal * g / z, dz], axis=1), (g * points[:, :2] / z).sum(keepdims=True)[0]


def in_front(n):
    return lambda rng: [
        np.concatenate([rng.standard_normal((n, 2)), rng.uniform(1.5, 4, (n, 1))], axis=1),
        rng.uniform(1, 2, 1),
    ]


def homography(points, h):
    """Points of a plane through a 3 x 3 matrix that is near the identity."""
    z = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ h.T
    return z[:, :2] / z[:, 2:], (points, h, z)


def homography_backward(g, saved):
    points, h, z = saved
    dz = np.concatenate([g / z[:, 2:], np.zeros((len(g), 1))], axis=1)
    return (dz @ h)[:, :2], dz.T @ np.concatenate([points, np.ones((len(points), 1))], axis=1)


def near_identity(n):
    return lambda rng: [0.5 * rng.standard_normal((n, 2)), np.eye(3) + 0.1 * rng.standard_normal((3, 3))]


def rotated(points, q):
    """Points turned by a quaternion (w, v) that is made a unit one first."""
    unit = q / np.linalg.norm(q)
    w, v = unit[0], unit[1:]
    inner = np.cross(v, points)
    return points + 2 * (w * inner + np.cross(v, inner)), (points, q)


def rotated_backward(g, saved, normalised=False):
    points, q = saved
    length = np.linalg.norm(q)
    unit = q / length
    w, v = unit[0], unit[1:]
    inner = np.cross(v, points)
    dw = 2 * (g * inner).sum()
    dinner = 2 * (w * g + np.cross(g, v))
    dv = (2 * np.cross(inner, g) + np.cross(points, dinner)).sum(0)
    dq = np.concatenate([[dw], dv])
    if normalised:
        dq = dq - unit * (unit @ dq)
    return g + np.cross(dinner, v), dq / length if normalised is False else dq


def ard_kernel(x, y, scale):
    """Squared exponential kernel with a length for each feature, given as its logarithm's exponential."""
    d = x[:, None] - y
    k = np.exp(-0.5 * (d**2 / scale**2).sum(2))
    return k, (d, k, scale)


def ard_kernel_backward(g, saved):
    d, k, scale = saved
    inner = (g * k)[:, :, None] * d / scale**2
    return -inner.sum(1), inner.sum(0), (inner * d).sum((0, 1))


def samples_and_lengths(n, m, d):
    return lambda rng: [rng.standard_normal((n, d)), rng.standard_normal((m, d)), rng.uniform(0.6, 2, d)]


def periodic_kernel(x, period):
    d = x[:, None] - x
    k = np.exp(-2 * np.sin(np.pi * d / period) ** 2)
    return k, (d, k, period)


def periodic_kernel_backward(g, saved):
    d, k, period = saved
    angle = np.pi * d / period
    slope = -2 * g * k * np.sin(angle) * np.cos(angle)
    dd = slope * np.pi / period
    return 2 * (dd.sum(1) - dd.sum(0)), -2 * (slope * angle / period).sum().reshape(period.shape)


def periodic_one_side(g, saved):
    d, k, period = saved
    angle = np.pi * d / period
    slope = -2 * g * k * np.sin(2 * angle)
    return (slope * np.pi / period).sum(1), -(slope * angle / period).sum().reshape(period.shape)


def times_and_period(n):
    return lambda rng: [rng.uniform(0, 3, n), rng.uniform(1.3, 2.1, 1)]


def repulsion(points):
    """Energy of equal charges: the sum of 1 / distance over all pairs."""
    i, j = np.triu_indices(len(points), 1)
    d = points[i] - points[j]
    r = np.linalg.norm(d, axis=1)
    return np.array((1 / r).sum()), (i, j, d, r, points.shape)


def repulsion_backward(g, saved):
    i, _j, d, r, shape = saved
    dx = np.zeros(shape)
    np.add.at(dx, i, -g * d / r[:, None] ** 3)
    return (dx,)


def poincare(u, v):
    """Hyperbolic distance of points in the unit ball."""
    a, b = 1 - (u * u).sum(1), 1 - (v * v).sum(1)
    z = 1 + 2 * ((u - v) ** 2).sum(1) / (a * b)
    return np.arccosh(z), (u, v, a, b, z)


def poincare_backward(g, saved):
    u, v, a, b, z = saved
    d = (g / np.sqrt(z * z - 1) * 4 / (a * b))[:, None] * (u - v)
    return d, -d


def in_ball(n, d):
    def point(rng):
        return [
            x / np.linalg.norm(x, axis=1, keepdims=True) * 0.6 * rng.uniform(0.3, 1, (n, 1)) for x in rng.normal(size=(2, n, d))
        ]

    return point


def third_moments(weights):
    """Third central moment of a histogram over the places 0, 1, 2 ..."""
    place = np.arange(len(weights))
    total = weights.sum()
    centre = (place * weights).sum() / total
    return np.array(((place - centre) ** 3 * weights).sum()), (weights, place - centre, total)


def third_moments_backward(g, saved):
    _weights, d, _total = saved
    return (g * d**3,)


def tucker(core, a, b, c):
    return np.einsum("ijk,ai,bj,ck->abc", core, a, b, c, optimize=True), (core, a, b, c)


def tucker_backward(g, saved):
    core, a, b, c = saved
    dcore = np.einsum("abc,ai,bj,ck->kji", g, a, b, c, optimize=True)
    da = np.einsum("abc,ijk,bj,ck->ai", g, core, b, c, optimize=True)
    db = np.einsum("abc,ijk,ai,ck->bj", g, core, a, c, optimize=True)
    dc = np.einsum("abc,ijk,ai,bj->ck", g, core, a, b, optimize=True)
    return dcore, da, db, dc


def cross_layer(x, w, b):
    """A cross layer: x times its product with w, plus b, plus x."""
    s = x @ w
    return x * s[:, None] + b + x, (x, w, s)


def cross_layer_backward(g, saved):
    x, _w, s = saved
    ds = (g * x).sum(1)
    return g * s[:, None] + g, x.T @ ds, g.sum(0)


WRONG = [
    Wrong(
        "area of a polygon: closing edge",
        op("polygon_area", polygon_area, polygon_area_backward),
        (normal((5, 2)), normal((3, 2)), normal((8, 2))),
        "left out",
        "the edge from the last corner to the first has no gradient",
        also=("border", "term missing"),
    ),
    Wrong(
        "camera: depth not squared",
        op("projected", projected, projected_backward),
        (in_front(4), in_front(3), in_front(7)),
        "chain factor",
        "the depth's gradient is divided by z, where z squared belongs",
        also=("wrong formula", "scale"),
    ),
    Wrong(
        "homography: denominator as a constant",
        op("homography", homography, homography_backward),
        (near_identity(4), near_identity(3), near_identity(7)),
        "term missing",
        "the third coordinate, by which forward divides, gets no gradient",
        also=("left out",),
    ),
    Wrong(
        "turned by a quaternion: its length as a constant",
        op("rotated", rotated, rotated_backward),
        (normal((4, 3), 4), normal((3, 3), 4), normal((1, 3), 4)),
        "term missing",
        "the projection off the quaternion, of its division by its length, is missing",
    ),
    Wrong(
        "turned by a quaternion: not divided by its length",
        op("rotated", rotated, lambda g, saved: rotated_backward(g, saved, True)),
        (normal((4, 3), 4), normal((3, 3), 4), normal((1, 3), 4)),
        "factor",
        "the quaternion's gradient lacks 1 / length",
        also=("chain factor", "scale"),
    ),
    Wrong(
        "kernel with a length for each feature: length squared for cubed",
        op("ard_kernel", ard_kernel, ard_kernel_backward),
        (samples_and_lengths(4, 3, 2), samples_and_lengths(3, 3, 3), samples_and_lengths(5, 2, 1)),
        "scale",
        "the lengths' gradient lacks one division by the length",
        also=("chain factor", "wrong formula", "factor"),
    ),
    Wrong(
        "periodic kernel: half of it",
        op("periodic_kernel", periodic_kernel, lambda g, saved: tuple(d / 2 for d in periodic_kernel_backward(g, saved))),
        (times_and_period(4), times_and_period(3), times_and_period(7)),
        "factor",
        "the 2 of the squared sine's derivative is forgotten",
        also=("wrong formula",),
    ),
    Wrong(
        "periodic kernel of a sample with itself: columns' use",
        op("periodic_kernel", periodic_kernel, periodic_one_side),
        (times_and_period(4), times_and_period(3), times_and_period(7)),
        "term missing",
        "each time is in a row and in a column, and gets the gradient of its row",
        also=("not summed",),
    ),
    Wrong(
        "energy of charges: force on the first of each pair",
        op("repulsion", repulsion, repulsion_backward),
        (normal((4, 3)), normal((3, 3)), normal((6, 2))),
        "term missing",
        "the second of each pair gets no force back",
        also=("not summed", "left out"),
    ),
    Wrong(
        "distance in the Poincare ball: denominators as constants",
        op("poincare", poincare, poincare_backward),
        (in_ball(4, 2), in_ball(3, 3), in_ball(6, 2)),
        "term missing",
        "1 - |u|^2 and 1 - |v|^2 get no gradient",
    ),
    Wrong(
        "third moment about the centre: centre as a constant",
        op("third_moment", third_moments, third_moments_backward),
        (lambda rng: [rng.uniform(0.2, 2, 5)], lambda rng: [rng.uniform(0.2, 2, 9)], lambda rng: [rng.uniform(0.2, 2, 3)]),
        "term missing",
        "the centre depends on the weights, too",
    ),
    Wrong(
        "Tucker's product: the core's axes in reverse",
        op("tucker", tucker, tucker_backward),
        (
            normal((2, 2, 2), (3, 2), (2, 2), (4, 2)),
            normal((3, 3, 3), (3, 3), (3, 3), (3, 3)),
            normal((2, 4, 2), (2, 2), (2, 4), (3, 2)),
        ),
        "transposed",
        "the core's gradient has its first and last axis exchanged",
        also=("permuted",),
    ),
    Wrong(
        "cross layer: x in the product with w",
        op("cross_layer", cross_layer, cross_layer_backward),
        (normal((4, 3), 3, 3), normal((3, 3), 3, 3), normal((2, 5), 5, 5)),
        "term missing",
        "of three uses of x, that in x @ w has no gradient",
        also=("not summed",),
    ),
]
