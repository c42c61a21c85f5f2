"""Right ops at extremes and in odd manners: stable formulas, kinks out of reach, other scales, views, options, integers."""

import collections

import numpy as np
from corpus import Right

import minimix as mm

COMPLEX = ("complex",)  # not analytic there, or it compares, sorts or takes real parts


def op(name, forward, backward, **more):
    return lambda *x: mm.apply(mm.Op(name, forward, backward, **more), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def numbers(*values):
    return lambda rng: [np.array(values, dtype=np.float64)]


def unary(name, function, slope):
    return op(name, lambda x: (function(x), x), lambda g, x: (g * slope(x),))


def one_less_exp(x):
    """log(1 - exp(-x)) for x > 0, by the better of two formulas."""
    return np.where(x < np.log(2), np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))


def logistic(z):
    return np.logaddexp(0, -z)


def stretched_gate(x):
    """Hard concrete gate: a sigmoid stretched to -0.1 and 1.1, then clipped; flat for most numbers."""
    s = 1 / (1 + np.exp(-x))
    return np.clip(1.2 * s - 0.1, 0, 1), s


def stretched_gate_backward(g, s):
    inside = (s > 0.1 / 1.2) & (s < 1.1 / 1.2)
    return (np.where(inside, 1.2 * g * s * (1 - s), 0),)


def focal(x):
    """Focal loss of the first class, by log-softmax; exponent 2."""
    top = x.max(1, keepdims=True)
    logp = x - top - np.log(np.exp(x - top).sum(1, keepdims=True))
    rest = -np.expm1(logp[:, 0])
    return -(rest**2) * logp[:, 0], (logp, rest)


def focal_backward(g, saved):
    logp, rest = saved
    p = np.exp(logp)
    slope = 2 * rest * p[:, 0] * logp[:, 0] - rest**2
    return ((g * slope)[:, None] * (np.eye(p.shape[1])[0] - p),)


def masked_softmax(x):
    """Softmax over the places up to the diagonal: -inf elsewhere."""
    scores = np.where(np.tri(*x.shape, dtype=bool), x, -np.inf)
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return p, p


def patch_rows(x):
    """Patches of 2 x 2 pixels by the strides that x really has."""
    h, w = x.shape
    a, b = x.strides
    return np.lib.stride_tricks.as_strided(x, (h // 2, w // 2, 2, 2), (2 * a, 2 * b, a, b)).copy(), (h, w)


def patch_rows_backward(g, shape):
    dx = np.empty(shape)
    for i, j in np.ndindex(2, 2):
        dx[i::2, j::2] = g[..., i, j]
    return (dx,)


Kept = collections.namedtuple("Kept", "x order")


def ranked_sum(x):
    order = np.argsort(x, kind="stable")
    return np.asarray(x[order] @ np.arange(len(x))), Kept(x, order)


def ranked_sum_backward(g, kept):
    dx = np.zeros(len(kept.x))
    for rank, place in enumerate(kept.order):
        dx[place] = g * rank
    return (dx,)


def sorted_by_keys(x, keys):
    return x[np.argsort(keys, kind="stable")], np.argsort(keys, kind="stable")


def sorted_by_keys_backward(g, order):
    dx = np.empty_like(g)
    dx[order] = g
    return dx, None


def keys_point(shape):
    return lambda rng: [rng.standard_normal(shape), rng.integers(0, 3, shape[0])]


def scaled_power(x, *, exponent=3, scale=1.0):
    return scale * x**exponent, (x, exponent, scale)


def scaled_power_backward(g, saved):
    x, exponent, scale = saved
    return (g * scale * exponent * x ** (exponent - 1),)


POWER = mm.Op("scaled_power", scaled_power, scaled_power_backward)


def three_products(a, b, c):
    return a * b * c, (a, b, c)


def three_products_backward(g, saved, needed):
    a, b, c = saved
    return tuple(g * d if wanted else None for d, wanted in zip((b * c, a * c, a * b), needed, strict=True))


THREE = mm.Op("three_products", three_products, three_products_backward, selective=True)


def window_maxima(x):
    """Largest of three neighbours, by a monotone queue; places are kept as a list."""
    queue, places = collections.deque(), []
    for i, value in enumerate(x):
        while queue and x[queue[-1]] <= value:
            queue.pop()
        queue.append(i)
        if queue[0] <= i - 3:
            queue.popleft()
        if i >= 2:
            places.append(queue[0])
    return x[places], (places, len(x))


def window_maxima_backward(g, saved):
    places, n = saved
    return (np.bincount(places, g, minlength=n),)


def mirrored_twice(x):
    return np.concatenate([x, x[::-1]]), len(x)


def counts_and_mean(x):
    """A mean beside integers and booleans that have no gradient."""
    return x.mean(), mm.Tensor((x.data > 0).sum(axis=0)), mm.Tensor(x.data > 0)


def rotated(points, q):
    """Points turned by a quaternion of any length: p + 2 w (v x p) + 2 v x (v x p), over its square."""
    w, v, square = q[0], q[1:], (q * q).sum()
    inner = np.cross(v, points)
    return points + 2 * (w * inner + np.cross(v, inner)) / square, (points, q)


def rotated_backward(g, saved):
    points, q = saved
    w, v, square = q[0], q[1:], (q * q).sum()
    inner = np.cross(v, points)
    turned = w * inner + np.cross(v, inner)
    dinner = (w * g + np.cross(g, v)) * 2 / square
    dv = (np.cross(inner, g) * 2 / square + np.cross(points, dinner)).sum(0)
    dq = np.concatenate([[2 * (g * inner).sum() / square], dv]) - 4 * (g * turned).sum() / square**2 * q
    return g + np.cross(dinner, v), dq


def ball_distance(u, v):
    a, b = 1 - (u * u).sum(1), 1 - (v * v).sum(1)
    d = u - v
    z = 1 + 2 * (d * d).sum(1) / (a * b)
    return np.arccosh(z), (u, v, d, a, b, z)


def ball_distance_backward(g, saved):
    u, v, d, a, b, z = saved
    h = g / np.sqrt((z - 1) * (z + 1))
    both = (4 * h / (a * b))[:, None] * d
    return both + (2 * h * (z - 1) / a)[:, None] * u, -both + (2 * h * (z - 1) / b)[:, None] * v


def near_the_edge(n):
    """Points of the unit ball, some of them of length 0.99."""

    def point(rng):
        x = rng.standard_normal((2, n, 2))
        return list(x / np.linalg.norm(x, axis=2, keepdims=True) * np.array([0.99, 0.5])[np.arange(n) % 2][:, None])

    return point


def gaussian_process(k, y):
    k = (k + k.T) / 2
    weight = np.linalg.solve(k, y)
    return np.asarray(y @ weight / 2 + np.linalg.slogdet(k)[1] / 2), (k, weight)


def definite_and(n, spread):
    def point(rng):
        a = rng.standard_normal((n, n))
        return [a @ a.T * spread + np.eye(n) * spread, rng.standard_normal(n)]

    return point


def sum_of_scales(a, b):
    return 1e5 * a * a + 1e-2 * np.sin(b), (a, b)


RIGHT = [
    Right(
        "log(1 - exp(-x)) from 1e-8 to 40",
        unary("log1mexp", one_less_exp, lambda x: 1 / np.expm1(x)),
        (numbers(1e-8, 1e-4, 0.3, 0.69, 0.7, 5, 40), numbers(0.5, 1e-6)),
        refused=COMPLEX,
    ),
    Right(
        "logistic loss at 700 and -700",
        unary("logistic_loss", logistic, lambda z: -np.exp(-np.logaddexp(0, z))),
        (numbers(-700, -30, 0, 2, 30, 700), numbers(3, 40)),
        refused=COMPLEX,
    ),
    Right(
        "hard concrete gate, flat for most",
        op("stretched_gate", stretched_gate, stretched_gate_backward),
        (numbers(-9, -3, -1, 0.3, 1.5, 4, 20), numbers(-40, -20, 15, 30), normal((3, 4))),
        refused=COMPLEX,
    ),
    Right(
        "focal loss of logits of 30: almost no loss, or much",
        op("focal", focal, focal_backward),
        (lambda rng: [30 * rng.standard_normal((5, 3))], lambda rng: [np.array([[20.0, 0, 0], [-20, 0, 1]])]),
        refused=COMPLEX,
    ),
    Right(
        "causal softmax with -inf: one row has a single place",
        op("masked_softmax", masked_softmax, lambda g, p: (p * (g - np.einsum("qk,qk->q", g, p)[:, None]),)),
        (normal((4, 4)), normal((1, 1)), lambda rng: [50 * rng.standard_normal((3, 3))]),
        refused=COMPLEX,
    ),
    Right(
        "relu whose kink is a hundred away",
        op("far_relu", lambda x: (np.maximum(x - 100, 0) + np.maximum(x + 100, 0), x + 100 > 0), lambda g, m: (g * m,)),
        (normal(6), normal((3, 3))),
        refused=COMPLEX,
    ),
    Right(
        "distance to the nearest whole number, a sawtooth",
        unary("sawtooth", lambda x: np.abs(x - np.rint(x)), lambda x: np.sign(x - np.rint(x))),
        (numbers(0.2, 0.8, -1.3, 7.45, 7.55, 1e3 + 0.25), normal((3, 4))),
        refused=COMPLEX,
    ),
    Right(
        "x |x| sqrt(|x|) at zeros and tiny numbers",
        unary("signed_power", lambda x: np.sign(x) * np.abs(x) ** 2.5, lambda x: 2.5 * np.abs(x) ** 1.5),
        (numbers(0, -0.0, 1e-3, -2, 3), numbers(0.5, -1e-2)),
        refused=COMPLEX,
    ),
    Right(
        "minus zero: sin",
        unary("sine", np.sin, np.cos),
        (numbers(-0.0, 0.0, 5e-324, -1e-310),),
    ),
    Right(
        "energies of 1e-30",
        op("tiny_energy", lambda x: (1e-30 * x**2, x), lambda g, x: (2e-30 * g * x,)),
        (normal(5), normal((2, 3))),
    ),
    Right(
        "10^5 a^2 + 10^-2 sin(b): two inputs of unlike weight",
        op("two_scales", sum_of_scales, lambda g, s: (2e5 * g * s[0], 1e-2 * g * np.cos(s[1]))),
        (lambda rng: [1e-5 * rng.standard_normal(5), 1e2 * rng.standard_normal(5)], normal((2, 2), (2, 2))),
    ),
    Right(
        "log of numbers of 1e-12 and 1e12 in one array",
        unary("log", np.log, np.reciprocal),
        (numbers(1e-12, 3e-7, 2, 5e6, 1e12), numbers(1e-12, 2e-12)),
    ),
    Right(
        "rows of 1e6 and of 1e-6, times a matrix",
        op("matmul", lambda a, b: (a @ b, (a, b)), lambda g, s: (g @ s[1].T, s[0].T @ g)),
        (lambda rng: [np.array([[1e6], [1e-6], [1]]) * rng.standard_normal((3, 4)), rng.standard_normal((4, 2))],),
    ),
    Right(
        "patches by the strides that the picture has",
        op("patches", patch_rows, patch_rows_backward),
        (normal((4, 6)), lambda rng: [np.asfortranarray(rng.standard_normal((4, 4)))], normal((2, 2))),
    ),
    Right(
        "patches of a mirrored, strided picture",
        lambda x: op("patches", patch_rows, patch_rows_backward)(x[::-1, ::2]),
        (normal((4, 8)), normal((2, 4))),
    ),
    Right(
        "sum weighted by ranks: saved in a named tuple",
        op("ranked_sum", ranked_sum, ranked_sum_backward),
        (normal(6), normal(1)),
        refused=COMPLEX,
    ),
    Right(
        "rows sorted by integer keys that repeat",
        op("sorted_by_keys", sorted_by_keys, sorted_by_keys_backward),
        (keys_point((5, 2)), keys_point((4, 4)), keys_point((1, 3))),
    ),
    Right(
        "power with options",
        lambda x: mm.apply(POWER, x, exponent=4, scale=-0.5),
        (normal(5), normal((2, 3))),
    ),
    Right(
        "power with an exponent of 1, and one of 0",
        lambda x: mm.apply(POWER, x, exponent=1) + mm.apply(POWER, x, exponent=0),
        (normal(5), normal((2, 3))),
    ),
    Right(
        "product of three, selective: one a fixed array",
        lambda a, c: mm.apply(THREE, a, np.linspace(-1, 1, 4), c),
        (normal(4, 4), normal((3, 4), (3, 4))),
    ),
    Right(
        "product of three, selective: the same Tensor three times",
        lambda a: mm.apply(THREE, a, a, a),
        (normal(4), normal((3, 2))),
    ),
    Right(
        "maxima in a window, by a queue",
        op("window_maxima", window_maxima, window_maxima_backward),
        (normal(9), normal(3)),
        refused=COMPLEX,
    ),
    Right(
        "row beside its mirror image: a gradient with a negative stride added",
        op("mirrored_twice", mirrored_twice, lambda g, n: (g[:n] + g[: n - 1 : -1],)),
        (normal(5), normal((4, 2)), normal(1)),
    ),
    Right(
        "mean beside counts and booleans",
        counts_and_mean,
        (normal((4, 3)), normal((2, 2))),
    ),
    Right(
        "an axis of length 0 beside one of length 3",
        op("cumsum", lambda x: (np.cumsum(x, 0), None), lambda g, _: (np.cumsum(g[::-1], 0)[::-1],)),
        (normal((3, 0)), normal((0, 3)), normal((3, 1))),
    ),
    Right(
        "points turned by a quaternion of length 10 or 0.1",
        op("rotated", rotated, rotated_backward),
        (lambda rng: [rng.standard_normal((4, 3)), 5 * rng.standard_normal(4)], lambda rng: [np.eye(3), np.full(4, 0.05)]),
    ),
    Right(
        "distance in the Poincare ball, close to its edge",
        op("ball_distance", ball_distance, ball_distance_backward),
        (near_the_edge(5), near_the_edge(2)),
    ),
    Right(
        "Gaussian process with covariances of 10^3 and of 10^-3",
        op(
            "gaussian_process",
            gaussian_process,
            lambda g, s: (g * (np.linalg.inv(s[0]) - np.outer(s[1], s[1])) / 2, g * s[1]),
        ),
        (definite_and(3, 1e3), definite_and(4, 1e-3), definite_and(1, 1.0)),
        refused=COMPLEX,
    ),
    Right(
        "two uses of one op's output, one of them a view, then a sum that cancels",
        lambda x: (x * 3.0)[::2].sum() + (x * 3.0)[1::2].sum() - x.sum() * 2.0,
        (normal(6), normal(7)),
    ),
]
