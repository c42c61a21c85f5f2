"""Functions that are right, however awkward: matrices, polynomials, probabilities, distances, spectra."""

import numpy as np
from corpus import Right

import minimix as mm
import minimix.functional as F

COMPLEX = ("complex",)  # not analytic there, or NumPy has no such function of complex numbers


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def uniform(low, high, *shapes):
    return lambda rng: [rng.uniform(low, high, shape) for shape in shapes]


def products_before(x):
    """Of the elements before each place; no division, so zeros do no harm."""
    y = np.ones_like(x)
    y[..., 1:] = np.cumprod(x[..., :-1], axis=-1)
    return y


def cumprod_backward(g, x):
    d = np.zeros_like(x)
    before = products_before(x)
    for i in range(x.shape[-1]):
        running = before[..., i].copy()
        for j in range(i, x.shape[-1]):
            if j > i:
                running = running * x[..., j]
            d[..., i] += g[..., j] * running
    return (d,)


def with_zeros(shape, step):
    def point(rng):
        x = rng.standard_normal(shape)
        x.flat[::step] = 0
        return [x]

    return point


def root_forward(a):
    w, v = np.linalg.eigh((a + a.T) / 2)
    return v * np.sqrt(w) @ v.T, (np.sqrt(w), v)


def root_backward(g, saved):
    s, v = saved
    inner = v.T @ ((g + g.T) / 2) @ v / (s[:, None] + s)
    return (v @ inner @ v.T,)


def definite(n, spread=1.0):
    def point(rng):
        a = rng.standard_normal((n, n))
        return [spread * a @ a.T / n + np.eye(n)]

    return point


def cholesky_solve_forward(a, b):
    """Of the symmetric part of a."""
    lower = np.linalg.cholesky((a + a.T) / 2)
    x = np.linalg.solve(lower.T, np.linalg.solve(lower, b))
    return x, (lower, x)


def cholesky_solve_backward(g, saved):
    lower, x = saved
    d = np.linalg.solve(lower.T, np.linalg.solve(lower, g))
    return -(np.outer(d, x) + np.outer(x, d)) / 2, d


def clenshaw_forward(c, x):
    """Sum of c[k] T[k](x)."""
    b1 = b2 = np.zeros_like(x)
    for a in c[:0:-1]:
        b1, b2 = a + 2 * x * b1 - b2, b1
    return c[0] + x * b1 - b2, (c, x)


def clenshaw_backward(g, saved):
    c, x = saved
    t, u = [np.ones_like(x), x], [np.ones_like(x), 2 * x]
    for _ in range(2, len(c)):
        t.append(2 * x * t[-1] - t[-2])
        u.append(2 * x * u[-1] - u[-2])
    slope = sum((k * c[k] * u[k - 1] for k in range(1, len(c))), np.zeros_like(x))
    return np.array([(g * t[k]).sum() for k in range(len(c))]), g * slope


def code_forward(x, book):
    """The nearest row of the book: x only chooses."""
    k = ((x[:, None] - book) ** 2).sum(2).argmin(1)
    return book[k], (k, x.shape, book.shape)


def code_backward(g, saved):
    k, shape, size = saved
    return np.zeros(shape), np.eye(size[0])[:, k] @ g


def power_forward(x):
    """Power in each frequency of a real signal, both halves counted."""
    f = np.fft.rfft(x)
    twice = np.full(f.shape[-1], 2.0)
    twice[0] = 1
    if x.shape[-1] % 2 == 0:
        twice[-1] = 1
    return twice * np.abs(f) ** 2, (f, twice, x.shape[-1])


def power_backward(g, saved):
    f, twice, n = saved
    once = np.where(twice == 2, 0.5, 1) * 2 * twice  # irfft counts the middle ones twice
    return (np.fft.irfft(once * g * f, n) * n,)


def von_mises(x, m):
    """Close to its crest: the gradient is small beside the value."""
    return op("crest", lambda x, m: (1e3 * np.cos(x - m), x - m), lambda g, d: (-1e3 * g * np.sin(d), 1e3 * g * np.sin(d)))(
        x, m
    )


def crest(rng):
    m = rng.uniform(-3, 3, 5)
    return [m + rng.uniform(-1e-2, 1e-2, 5), m]


def table_forward(x):
    """Linear between knots, constant outside."""
    knots, heights = np.array([-2.0, -0.5, 0.1, 1.0]), np.array([1.0, -1.0, -1.0, 4.0])
    slopes = np.concatenate([[0], np.diff(heights) / np.diff(knots), [0]])
    return np.interp(x, knots, heights), slopes[np.searchsorted(knots, x)]


def far_from_knots(shape):
    return lambda rng: [rng.choice(np.array([-3.0, -1.2, -0.2, 0.5, 2.0]), shape) + rng.uniform(-0.2, 0.2, shape)]


def rotation_forward(v):
    """Rodrigues' formula for turning (1, 2, 3) by the vector v; tiny angles by a series."""
    p = np.array([1.0, 2.0, 3.0])
    a2 = v @ v
    a = np.sqrt(a2)
    if a2 < 1e-6:
        s, c, ds, dc = 1 - a2 / 6, 0.5 - a2 / 24, -1 / 3 + a2 / 30, -1 / 12 + a2 / 180
    else:
        s, c = np.sin(a) / a, (1 - np.cos(a)) / a2
        ds, dc = (np.cos(a) - s) / a2, (s - 2 * c) / a2
    q = np.cross(v, p)
    return p + s * q + c * np.cross(v, q), (v, p, q, s, c, ds, dc)


def rotation_backward(g, saved):
    v, p, q, s, c, ds, dc = saved
    r = np.cross(v, q)
    dq = s * g + c * np.cross(g, v)
    return (np.cross(p, dq) + c * np.cross(q, g) + (g @ q * ds + g @ r * dc) * v,)


def mixed_units(a, b):
    """Two inputs in units that differ by 10^10."""
    return op(
        "units",
        lambda a, b: (np.tanh(1e5 * a) + np.tanh(1e-5 * b), (np.tanh(1e5 * a), np.tanh(1e-5 * b))),
        lambda g, s: (1e5 * g * (1 - s[0] ** 2), 1e-5 * g * (1 - s[1] ** 2)),
    )(a, b)


def pairwise_softened(x):
    """Distances between rows, 1e-3 under the root: steep where a row meets itself."""

    def forward(x):
        d = x[:, None] - x
        r = np.sqrt((d * d).sum(2) + 1e-3)
        return r, d / r[..., None]

    return op("distances", forward, lambda g, unit: (((g + g.T)[..., None] * unit).sum(1),))(x)


def sticks_forward(v):
    left = np.cumprod(1 - v, axis=-1)
    before = np.concatenate([np.ones_like(v[..., :1]), left[..., :-1]], axis=-1)
    return np.concatenate([v * before, left[..., -1:]], axis=-1), (v, before)


def sticks_backward(g, saved):
    v, before = saved
    d, later = np.empty_like(v), g[..., -1]
    for k in range(v.shape[-1] - 1, -1, -1):
        d[..., k] = before[..., k] * (g[..., k] - later)
        later = v[..., k] * g[..., k] + (1 - v[..., k]) * later
    return (d,)


def balanced(x):
    """Softmax of scores that are all alike: sums of its rows' gradients are zero."""
    return F.softmax(x * 1e-4)


RIGHT = [
    Right(
        "cumulative product with zeros, no division",
        op("cumprod", lambda x: (np.cumprod(x, axis=-1), x), cumprod_backward),
        (with_zeros((2, 5), 4), with_zeros((4,), 2), normal((3, 3))),
    ),
    Right(
        "root of a symmetric matrix by eigenvalues",
        op("root", root_forward, root_backward),
        (definite(3), definite(2, 20.0)),
        COMPLEX,
    ),
    Right(
        "solve by Cholesky, matrix made symmetric",
        op("solve", cholesky_solve_forward, cholesky_solve_backward),
        (lambda rng: [*definite(3)(rng), rng.standard_normal(3)], lambda rng: [*definite(1)(rng), rng.standard_normal(1)]),
        COMPLEX,
    ),
    Right(
        "Chebyshev series by Clenshaw",
        op("Chebyshev", clenshaw_forward, clenshaw_backward),
        (
            lambda rng: [rng.standard_normal(5), rng.uniform(-1, 1, 6)],
            lambda rng: [rng.standard_normal(2), rng.uniform(-1, 1, (2, 2))],
        ),
    ),
    Right(
        "nearest code word: zeros for what chooses",
        op("code", code_forward, code_backward),
        (normal((4, 2), (3, 2)), normal((2, 3), (5, 3))),
        COMPLEX,
    ),
    Right(
        "power of a real signal's frequencies",
        op("power", power_forward, power_backward),
        (normal((2, 6)), normal((5,)), normal((2,))),
        COMPLEX,
    ),
    Right("1000 cos close to its crest", von_mises, (crest,)),
    Right(
        "table with a level piece and held ends",
        op("table", table_forward, lambda g, s: (g * s,)),
        (far_from_knots((9,)), far_from_knots((2, 4))),
        COMPLEX,
    ),
    Right(
        "turned by a tiny and by a large vector",
        op("rotation", rotation_forward, rotation_backward),
        (lambda rng: [1e-5 * rng.standard_normal(3)], normal((3,))),
    ),
    Right(
        "inputs of 10^-5 and of 10^5", mixed_units, (lambda rng: [1e-5 * rng.standard_normal(4), 1e5 * rng.standard_normal(4)],)
    ),
    Right(
        "softened distances of rows to each other",
        pairwise_softened,
        (normal((4, 2)), lambda rng: [0.05 * rng.standard_normal((3, 3))]),
    ),
    Right(
        "broken sticks and their rest",
        op("sticks", sticks_forward, sticks_backward),
        (uniform(0.1, 0.9, (2, 4)), uniform(0.01, 0.05, (6,))),
    ),
    Right("softmax of scores almost alike", balanced, (normal((3, 4)), normal((5,)))),
]
