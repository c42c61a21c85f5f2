"""Look-up tables, indices, slices, distances and polynomials, with a wrong backward pass (second part)."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def positive(*shapes):
    return lambda rng: [0.2 + rng.random(shape) for shape in shapes]


def chessboard_forward(a, b):
    d = a - b
    return np.abs(d).max(1), d


def chessboard_backward(g, d):
    d = np.sign(d) * g[:, None]
    return d, -d


def canberra_forward(a, b):
    """Sums of |a - b| / (a + b), of positive numbers."""
    return (np.abs(a - b) / (a + b)).sum(1), (a, b)


def canberra_backward(g, saved):
    a, b = saved
    d = g[:, None] * np.sign(a - b) / (a + b)
    return d, -d


def hellinger_forward(p, q):
    d = np.sqrt(p) - np.sqrt(q)
    return (d * d).sum(1) / 2, (p, q, d)


def hellinger_backward(g, saved):
    _p, _q, d = saved
    return g[:, None] * d / 2, -g[:, None] * d / 2


def angle_forward(a, b):
    """The angle between the rows of a and b, already of length 1 or less."""
    c = (a * b).sum(1)
    return np.arccos(c), (a, b)


def angle_backward(g, saved):
    a, b = saved
    return -g[:, None] * b, -g[:, None] * a


def short(n, d):
    def point(rng):
        a, b = rng.standard_normal((2, n, d))
        return [a / np.linalg.norm(a, axis=1, keepdims=True), 0.9 * b / np.linalg.norm(b, axis=1, keepdims=True)]

    return point


def energy_forward(a, b):
    """2 mean|a - b| - mean|a - a'| - mean|b - b'| of two samples of numbers."""
    ab, aa, bb = a[:, None] - b, a[:, None] - a, b[:, None] - b
    return np.array(2 * np.abs(ab).mean() - np.abs(aa).mean() - np.abs(bb).mean()), (ab, aa, bb)


def energy_backward(g, saved):
    ab, _aa, _bb = saved
    return 2 * g * np.sign(ab).mean(1) / len(ab), -2 * g * np.sign(ab).mean(0) / ab.shape[1]


def soft_distance_forward(x, centre):
    r = np.sqrt(((x - centre) ** 2).sum(1) + 0.5)
    return r, (x - centre, r)


def soft_distance_backward(g, saved):
    d, _ = saved
    dx = g[:, None] * d / np.sqrt((d * d).sum(1, keepdims=True))
    return dx, -dx.sum(0)


def horner(c, x):
    y = np.zeros_like(x)
    for a in c:
        y = y * x + a
    return y


def polyval_backward(g, saved):
    c, x = saved
    dc = np.array([(g * x**k).sum() for k in range(len(c))])  # c begins with the highest power
    return dc, g * np.polyval(np.polyder(c), x)


def polyder_backward(g, saved):
    """d/dx of the sum of c[k] x^k: every power multiplied by the degree."""
    c, x = saved
    n = len(c) - 1
    return np.array([(g * x**k).sum() for k in range(n + 1)]), g * n * sum(c[k] * x ** (k - 1) for k in range(1, n + 1))


def legendre_forward(x):
    """P0 to P3."""
    return np.stack([np.ones_like(x), x, (3 * x * x - 1) / 2, (5 * x**3 - 3 * x) / 2]), x


def legendre_backward(g, x):
    d = [np.zeros_like(x), np.ones_like(x)]
    for n in (1, 2):
        d.append((2 * n + 1) * x * d[n])
    return ((g * np.stack(d)).sum(0),)


def hermite_polynomials(x):
    return np.stack([np.ones_like(x), x, x * x - 1, x**3 - 3 * x])


def hermite_backward(g, h):
    return ((g[1:] * h[:-1]).sum(0),)


def bezier_weights(t):
    return np.stack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3], axis=-1)


def bezier_forward(p, t):
    """A cubic curve with control points p (4, D), at times t (N,)."""
    return bezier_weights(t) @ p, (p, t)


def bezier_backward(g, saved):
    p, t = saved
    w = np.stack([(1 - t) ** 2, 2 * t * (1 - t), t * t], axis=-1)
    return bezier_weights(t).T @ g, (g * (w @ (p[1:] - p[:-1]))).sum(1)


def bezier_point(n, d):
    return lambda rng: [rng.standard_normal((4, d)), rng.random(n)]


def products_forward(x):
    """All x[i] x[j], i <= j, of each row."""
    i, j = np.triu_indices(x.shape[1])
    return x[:, i] * x[:, j], (x, i, j)


def products_backward(g, saved):
    x, i, j = saved
    d = np.zeros_like(x)
    for k in range(len(i)):
        if i[k] == j[k]:
            d[:, i[k]] += 2 * g[:, k] * x[:, i[k]]
    return (d,)


def roots_forward(x, r):
    """(x - r[0]) (x - r[1]) ..."""
    return np.prod(x[:, None] - r, axis=1), (x, r)


def roots_backward(g, saved):
    x, r = saved
    d = x[:, None] - r
    others = np.stack([np.prod(np.delete(d, k, 1), axis=1) for k in range(len(r))], axis=1)
    return g * others.sum(1), (g[:, None] * others).sum(0)


WRONG = [
    Wrong(
        "chessboard distance: all coordinates",
        op("chessboard", chessboard_forward, chessboard_backward),
        (normal((4, 3), (4, 3)), normal((2, 4), (2, 4))),
        "no mask",
        "all coordinates get a gradient, where only the largest difference counts",
        ("wrong formula",),
    ),
    Wrong(
        "Canberra distance: sums as constants",
        op("Canberra", canberra_forward, canberra_backward),
        (positive((3, 3), (3, 3)), positive((2, 5), (2, 5))),
        "term missing",
        "the denominator a + b is taken for a constant",
    ),
    Wrong(
        "Hellinger distance: roots' derivative",
        op("Hellinger", hellinger_forward, hellinger_backward),
        (positive((3, 3), (3, 3)), positive((2, 4), (2, 4))),
        "chain factor",
        "1 / sqrt(p), the root's derivative, is missing",
    ),
    Wrong(
        "angle between vectors: arccos' derivative",
        op("angle", angle_forward, angle_backward),
        (short(4, 3), short(3, 2)),
        "scale",
        "1 / sqrt(1 - c^2), one for each pair, is missing",
        ("chain factor",),
    ),
    Wrong(
        "energy distance: within the samples",
        op("energy distance", energy_forward, energy_backward),
        (normal((4,), (5,)), normal((3,), (3,))),
        "term missing",
        "the two terms of distances within a sample are missing",
    ),
    Wrong(
        "distance to a centre, softened: 0.5 forgotten",
        op("soft distance", soft_distance_forward, soft_distance_backward),
        (normal((4, 2), (2,)), normal((3, 3), (3,))),
        "wrong constant",
        "0.5 under the root is missing in backward",
        ("scale", "chain factor"),
    ),
    Wrong(
        "polynomial, highest power first: coefficients from the lowest",
        op("polyval", lambda c, x: (horner(c, x), (c, x)), polyval_backward),
        (normal((4,), (5,)), normal((3,), (2, 3))),
        "flipped",
        "the coefficients' gradients are in reverse order",
        ("permuted",),
    ),
    Wrong(
        "polynomial, lowest power first: degree for power",
        op("polynomial", lambda c, x: (horner(c[::-1], x), (c, x)), polyder_backward),
        (normal((4,), (5,)), normal((5,), (2, 2))),
        "wrong formula",
        "every power's derivative is multiplied by the polynomial's degree, not by the power",
        ("wrong constant", "chain factor"),
    ),
    Wrong(
        "Legendre polynomials: recursion's other summand",
        op("Legendre", legendre_forward, legendre_backward),
        (lambda rng: [rng.uniform(-1, 1, 6)], lambda rng: [rng.uniform(-1, 1, (2, 3))]),
        "wrong formula",
        "the recursion of the derivatives is (2n + 1) x P[n]', which is another one",
        ("term missing",),
    ),
    Wrong(
        "Hermite polynomials: n",
        op("Hermite", lambda x: ((h := hermite_polynomials(x)), h), hermite_backward),
        (normal((5,)), normal((2, 3))),
        "chain factor",
        "H[n]' is n H[n - 1]: the n is missing",
        ("scale", "wrong formula"),
    ),
    Wrong(
        "Bezier curve: degree forgotten for the time",
        op("Bezier", bezier_forward, bezier_backward),
        (bezier_point(5, 2), bezier_point(3, 3)),
        "factor",
        "the time's derivative lacks the degree 3",
        ("wrong constant",),
    ),
    Wrong(
        "products of all pairs of features: squares only",
        op("products", products_forward, products_backward),
        (normal((3, 3)), normal((2, 4))),
        "left out",
        "only the squares are handled, the mixed products give no gradient",
        ("term missing",),
    ),
    Wrong(
        "polynomial of its roots: minus, then tanh",
        lambda x, r: F.tanh(op("roots", roots_forward, roots_backward)(x, r)),
        (
            lambda rng: [rng.uniform(-1, 1, 4), rng.uniform(-1, 1, 3)],
            lambda rng: [rng.uniform(-1, 1, 2), rng.uniform(-1, 1, 2)],
        ),
        "sign",
        "the roots' gradient lacks the minus of x - r",
    ),
]
