"""Distances, kernels, inverses, determinants and solutions, with one slip in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def regular(*shape):
    """Matrices far from singular, and what else is asked for."""

    def point(rng):
        n = shape[0][-1]
        return [rng.standard_normal(shape[0]) + 3 * np.eye(n), *(rng.standard_normal(s) for s in shape[1:])]

    return point


def squared_forward(x, y):
    d = x[:, None] - y[None]
    return (d**2).sum(-1), d


def squared_backward(g, d):
    d = 2 * g[:, :, None] * d
    return d.sum(axis=1), d.sum(axis=0)


def rbf_forward(x, y):
    d = x[:, None] - y
    return np.exp(-0.3 * (d**2).sum(-1)), d


def rbf_backward(g, d):
    k = np.exp(-0.3 * (d**2).sum(-1))
    d = -2 * (g * k)[..., None] * d
    return d.sum(1), -d.sum(0)


def laplace_forward(x, y):
    return np.exp(-np.abs(x - y).sum(1)), (x, y)


def laplace_backward(g, saved):
    x, y = saved
    k = laplace_forward(x, y)[0]
    d = (g * k)[:, None] * np.sign(x - y)
    return d, -d


def cosine_forward(a, b):
    na, nb = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    s = (a * b).sum(1) / (na * nb)
    return s, (a, b, na[:, None], nb[:, None], s[:, None])


def cosine_backward(g, saved):
    a, b, na, nb, s = saved
    g = g[:, None]
    return g * (b / (na * nb) - s * a / na), g * (a / (na * nb) - s * b / nb)


def distances_forward(x, y):
    d = x[:, None] - y
    r = np.sqrt((d**2).sum(-1) + 1e-4)
    return r, (d, r)


def distances_backward(g, saved):
    d, _ = saved
    d = g[..., None] * d
    return d.sum(1), -d.sum(0)


def nearest_forward(x, centres):
    d = ((x[:, None] - centres) ** 2).sum(-1)
    index = d.argmin(1)
    return d.min(1).sum(), (x, centres, index)


def nearest_backward(g, saved):
    x, centres, index = saved
    d = 2 * g * (x - centres[index])
    dc = np.zeros_like(centres)
    dc[index] -= d
    return d, dc


def many_near(n, k, d):
    """n points, most of them near the first of k centres."""

    def point(rng):
        centres = 5 * rng.standard_normal((k, d))
        x = centres[np.maximum(np.arange(n) - n + k, 0)] + rng.standard_normal((n, d))
        return [x, centres]

    return point


def solve_forward(a, b):
    x = np.linalg.solve(a, b)
    return x, (a, x)


def solve_backward(g, saved):
    a, x = saved
    db = np.linalg.solve(a.T, g)
    return np.outer(db, x), db


def log_squared_det(a):
    """The determinant by an op of its own, its square and the logarithm by the library."""
    det = op(
        "det",
        lambda m: (np.linalg.det(m), m),
        lambda g, m: (g[..., None, None] * np.linalg.det(m)[..., None, None] * np.linalg.inv(m),),
    )
    return F.log(det(a) ** 2.0)


def adjugate_backward(g, m):
    (a, b), (c, d) = m
    return (g * np.array([[d, -b], [-c, a]]),)


def inverse_forward(a):
    y = np.linalg.inv(a)
    return y, y


WRONG = [
    Wrong(
        "squared distances of all pairs: second one's minus",
        op("cdist", squared_forward, squared_backward),
        (normal((3, 2), (4, 2)), normal((3, 3), (3, 3)), normal((1, 4), (5, 4))),
        "sign",
        "y is subtracted, but gets the same sign as x",
    ),
    Wrong(
        "gaussian kernel of all pairs: gamma forgotten",
        op("rbf", rbf_forward, rbf_backward),
        (normal((3, 2), (4, 2)), normal((3, 3), (3, 3)), normal((5, 1), (2, 1))),
        "factor",
        "the exponent's 0.3 is missing in its derivative",
        ("wrong constant",),
    ),
    Wrong(
        "Laplace kernel of rows: minus of the exponent",
        op("laplace", laplace_forward, laplace_backward),
        (normal((4, 3), (4, 3)), normal((3, 3), (3, 3)), normal((6, 1), (6, 1))),
        "sign",
        "exp(-|x - y|) falls with the distance; the gradient rises",
    ),
    Wrong(
        "cosine similarity of rows: norm not squared in the second summand",
        op("cosine", cosine_forward, cosine_backward),
        (normal((3, 4), (3, 4), scale=2.0), normal((3, 3), (3, 3), scale=0.5)),
        "wrong formula",
        "s a / |a| for s a / |a|^2",
        ("scale", "chain factor"),
    ),
    Wrong(
        "distances of all pairs: not divided by themselves",
        op("cdist", distances_forward, distances_backward),
        (normal((3, 2), (4, 2)), normal((3, 3), (3, 3)), normal((2, 5), (6, 5))),
        "chain factor",
        "the root's 1 / r is forgotten",
        ("wrong formula",),
    ),
    Wrong(
        "squared distance to the nearest centre: dc[index] -= d",
        op("k_means", nearest_forward, nearest_backward),
        (many_near(6, 2, 3), many_near(5, 3, 2), many_near(4, 1, 4)),
        "overwritten",
        "of several points of one centre, the last one's gradient remains",
        ("not summed",),
    ),
    Wrong(
        "solve A x = b: minus of A's gradient",
        op("solve", solve_forward, solve_backward),
        (regular((3, 3), (3,)), regular((4, 4), (4,)), regular((2, 2), (2,))),
        "sign",
        "A's gradient is -db x^T",
    ),
    Wrong(
        "determinants of a stack, squared, logarithm: inverse not transposed",
        log_squared_det,
        (regular((2, 3, 3)), regular((3, 3, 3)), regular((1, 4, 4))),
        "transposed",
        "a determinant's gradient is det inv(A)^T",
    ),
    Wrong(
        "determinant of 2 x 2: the adjugate not transposed",
        op("det2", lambda m: (np.array(m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]), m), adjugate_backward),
        (
            lambda rng: [rng.uniform(1, 2, (2, 2)) * [[1, 2], [-1, 1]]],
            lambda rng: [rng.uniform(-3, -1, (2, 2)) * [[1, 0.2], [1, 4]]],
        ),
        "transposed",
        "[[d, -b], [-c, a]] is the inverse times the determinant; the gradient is its transpose",
        ("exchanged", "other place"),
    ),
    Wrong(
        "inverse: incoming gradient transposed",
        op("inverse", inverse_forward, lambda g, y: (-y.T @ g.T @ y.T,)),
        (regular((3, 3)), regular((4, 4)), regular((2, 2))),
        "transposed",
        "-Y^T G^T Y^T for -Y^T G Y^T",
    ),
    Wrong(
        "trace of A^2: 2 A",
        op("trace_square", lambda a: (np.trace(a @ a), a), lambda g, a: (2 * g * a,)),
        (normal((3, 3)), normal((5, 5)), normal((6, 6))),
        "transposed",
        "the gradient is 2 A^T",
    ),
]
