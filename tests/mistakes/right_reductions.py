"""Reductions, losses, look-ups and movements of data that look odd, and are right."""

import numpy as np
from corpus import Right

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_transposed_jacobian(g, s):
    """The Jacobian is symmetric, so either index may be summed."""
    jacobian = np.einsum("ni,ij->nij", s, np.eye(s.shape[1])) - np.einsum("ni,nj->nij", s, s)
    return (np.einsum("nij,ni->nj", jacobian, g),)


def var_not_centred_gradient(g, x):
    """The mean need not be differentiated: the sum of x - mean is 0 anyway."""
    d = x - x.mean(axis=-1, keepdims=True)
    long = d - d.mean(axis=-1, keepdims=True)
    return (2 / x.shape[-1] * g[..., None] * long,)


def product_of_others(g, x):
    dx = np.empty_like(x)
    for i in range(x.shape[-1]):
        dx[..., i] = g * np.delete(x, i, axis=-1).prod(axis=-1)
    return (dx,)


def with_zeros(*shape):
    def point(rng):
        x = rng.standard_normal(shape)
        x[..., 0] = 0
        return [x]

    return point


def cumsum_by_matrix(g, _):
    return (g @ np.tril(np.ones((g.shape[-1], g.shape[-1]))),)


def cumsum_by_total(g, _):
    return (g.sum(axis=-1, keepdims=True) - np.cumsum(g, axis=-1) + g,)


def max_by_take(x):
    place = x.argmax(axis=-1)[..., None]
    return np.take_along_axis(x, place, axis=-1)[..., 0], (x.shape, place)


def max_put(g, saved):
    shape, place = saved
    dx = np.zeros(shape)
    np.put_along_axis(dx, place, g[..., None], axis=-1)
    return (dx,)


def median_as_mean_of_two(x):
    order = np.argsort(x)
    middle = order[(len(x) - 1) // 2 : len(x) // 2 + 1]
    return x[middle].mean(), (len(x), middle)


def median_backward(g, saved):
    n, middle = saved
    dx = np.zeros(n)
    dx[middle] = g / len(middle)
    return (dx,)


def embedding_by_product(g, saved):
    rows, i = saved
    return np.eye(rows)[:, i] @ g, None


def embedding_overwritten(g, saved):
    """= does where no index occurs twice."""
    rows, i = saved
    dw = np.zeros((rows, g.shape[1]))
    dw[i] = g
    return dw, None


def table(rows, columns, indices):
    return lambda rng: [rng.standard_normal((rows, columns)), np.array(indices)]


def labelled(n, c):
    return lambda rng: [rng.standard_normal((n, c)), rng.integers(0, c, n)]


def cross_entropy_forward(x, y):
    p = softmax(x)
    return -np.log(p[np.arange(len(y)), y]).mean(), (p, y)


def cross_entropy_backward(g, saved):
    p, y = saved
    dx = p * g
    dx[np.arange(len(y)), y] -= g
    dx /= len(y)
    return dx, None


def ignoring_forward(x, y):
    """Odd labels do not count: their rows get no gradient."""
    kept = y % 2 == 0
    p = softmax(x)
    return -np.log(p[np.arange(len(y)), y])[kept].sum(), (p, y, kept)


def ignoring_backward(g, saved):
    p, y, kept = saved
    return g * (p - np.eye(p.shape[1])[y]) * kept[:, None], None


def unit_forward(x):
    n = np.sqrt((x * x).sum(axis=-1, keepdims=True))
    return x / n, (x / n, n)


def unit_by_matrix(g, saved):
    u, n = saved
    projection = np.eye(u.shape[-1]) - u[..., :, None] * u[..., None, :]
    return ((projection @ g[..., None])[..., 0] / n,)


def triangle_forward(x):
    return x[np.tril_indices(len(x))], x.shape


def triangle_backward(g, shape):
    dx = np.zeros(shape[::-1])
    dx.T[np.tril_indices(shape[0])] = g
    return (dx.T,)


def repeat_backward(g, counts):
    return (np.array([part.sum(axis=0) for part in np.split(g, np.cumsum(counts)[:-1])]),)


COUNTS = np.array([2, 0, 3, 1])


def gaps_forward(x):
    """Sum of squared differences of all pairs."""
    return ((x[:, None] - x) ** 2).sum() / 2, x


def hinge_forward(x, y):
    return np.maximum(0, 1 - x * y).mean(), (x, y)


def argmax_forward(x):
    return np.eye(x.shape[1])[x.argmax(axis=1)], x.shape


def roll_twice(x):
    """Half a turn of an even length is its own inverse."""
    return np.roll(x, x.shape[-1] // 2, axis=-1), None


def symmetric_part(x):
    return (x + x.T) / 2, None


LOGSUMEXP = op(
    "logsumexp",
    lambda x: (np.log(np.exp(x - x.max()).sum()) + x.max(), x),
    lambda g, x: (g * np.exp(x - x.max()) / np.exp(x - x.max()).sum(),),
)


def log_softmax_of_two_ops(x):
    return F.sub(x, LOGSUMEXP(x))


RIGHT = [
    Right(
        "sum: a read-only view",
        op("sum", lambda x: (x.sum(axis=-1), x.shape), lambda g, shape: (np.broadcast_to(g[..., None], shape),)),
        (normal((3, 4)), normal((5,)), normal((2, 2, 2))),
    ),
    Right(
        "sum over axis 0: repeat, transposed",
        op("sum", lambda x: (x.sum(axis=0), x.shape), lambda g, shape: (g.repeat(shape[0]).reshape(shape[::-1]).T,)),
        (normal((3, 4)), normal((4, 4)), normal((1, 5))),
    ),
    Right(
        "sum minus sum: zero whatever comes",
        op("nothing", lambda x: (x.sum() - x.sum(), x.shape), lambda g, shape: (np.zeros(shape),)),
        (normal((3, 4)), normal((5,))),
    ),
    Right(
        "mean of a thousandth: tiny gradients",
        op("tiny", lambda x: (1e-6 * x.mean(), x.shape), lambda g, shape: (np.full(shape, 1e-6 * g / np.prod(shape)),)),
        (normal((3, 4)), normal((8, 5))),
    ),
    Right(
        "var: gradient centred twice",
        op("var", lambda x: (x.var(axis=-1), x), var_not_centred_gradient),
        (normal((6,)), normal((3, 4)), normal((2, 2, 3))),
        ("complex",),
    ),
    Right(
        "product: of all others, with zeros",
        op("prod", lambda x: (x.prod(axis=-1), x), product_of_others),
        (with_zeros(3, 4), with_zeros(5), normal((2, 2, 3))),
    ),
    Right(
        "cumulative sum: by a matrix",
        op("cumsum", lambda x: (np.cumsum(x, axis=-1), None), cumsum_by_matrix),
        (normal((3, 4)), normal((5,)), normal((4, 4))),
    ),
    Right(
        "cumulative sum: the total minus the sum before",
        op("cumsum", lambda x: (np.cumsum(x, axis=-1), None), cumsum_by_total),
        (normal((3, 4)), normal((5,)), normal((2, 2))),
    ),
    Right("max: argmax and put", op("max", max_by_take, max_put), (normal((3, 4)), normal((5,)), normal((4, 4))), ("complex",)),
    Right(
        "median: even and odd",
        op("median", median_as_mean_of_two, median_backward),
        (normal((5,)), normal((8,)), normal((2,))),
        ("complex",),
    ),
    Right(
        "softmax: the transposed Jacobian",
        op("softmax", lambda x: (softmax(x), softmax(x)), softmax_transposed_jacobian),
        (normal((3, 4)), normal((4, 4)), normal((1, 2))),
        ("complex",),
    ),
    Right("log-softmax of a vector: through logsumexp", log_softmax_of_two_ops, (normal((5,)), normal((12,))), ("complex",)),
    Right(
        "cross-entropy: in an array of its own",
        op("cross_entropy", cross_entropy_forward, cross_entropy_backward),
        (labelled(4, 5), labelled(5, 5), labelled(1, 3)),
        ("complex",),
    ),
    Right(
        "cross-entropy with ignored labels: rows of zeros",
        op("cross_entropy", ignoring_forward, ignoring_backward),
        (
            lambda rng: [rng.standard_normal((4, 5)), np.array([1, 3, 0, 2])],
            lambda rng: [rng.standard_normal((5, 5)), np.array([4, 4, 1, 1, 0])],
        ),
        ("complex",),
    ),
    Right(
        "hinge loss: the larger part of it flat",
        op("hinge", hinge_forward, lambda g, s: (-g * s[1] * (s[0] * s[1] < 1) / s[0].size, None)),
        (
            lambda rng: [5 * rng.standard_normal(12), rng.choice([-1, 1], 12)],
            lambda rng: [5 * rng.standard_normal((4, 4)), rng.choice([-1, 1], (4, 4))],
        ),
        ("complex",),
    ),
    Right(
        "unit rows: by projection matrices",
        op("normalize", unit_forward, unit_by_matrix),
        (normal((3, 4)), normal((5,)), normal((4, 4))),
    ),
    Right(
        "all pairs' squared differences: in closed form",
        op("gaps", gaps_forward, lambda g, x: (2 * g * (x.size * x - x.sum()),)),
        (normal((5,)), normal((12,)), normal((2,))),
    ),
    Right(
        "argmax as one-hot: no gradient",
        op("hard_choice", argmax_forward, lambda g, shape: (np.zeros(shape),)),
        (normal((3, 4)), normal((5, 5))),
        ("complex",),
    ),
    Right(
        "embedding: one-hot product",
        op("embedding", lambda w, i: (w[i], (len(w), i)), embedding_by_product),
        (table(5, 3, [1, 1, 4, 0]), table(4, 4, [2, 2, 2, 3])),
    ),
    Right(
        "embedding of distinct indices: =",
        op("embedding", lambda w, i: (w[i], (len(w), i)), embedding_overwritten),
        (table(5, 3, [1, 4, 0]), table(4, 4, [2, 3, 1, 0])),
    ),
    Right(
        "lower triangle as a vector: written through a transpose",
        op("pack", triangle_forward, triangle_backward),
        (normal((4, 4)), normal((2, 2)), normal((5, 5))),
    ),
    Right(
        "repeat by counts: one of them zero",
        op("repeat", lambda x: (np.repeat(x, COUNTS, axis=0), COUNTS), repeat_backward),
        (normal((4, 2)), normal((4,)), normal((4, 4))),
    ),
    Right(
        "flip: a view with negative strides",
        op("flip", lambda x: (x[..., ::-1], None), lambda g, _: (g[..., ::-1],)),
        (normal((5,)), normal((3, 4)), normal((2, 3, 2))),
    ),
    Right(
        "roll by half: its own inverse",
        op("roll", roll_twice, lambda g, _: (np.roll(g, g.shape[-1] // 2, axis=-1),)),
        (normal((6,)), normal((3, 4)), normal((2, 2))),
    ),
    Right(
        "symmetric part: its own adjoint",
        op("symmetric", symmetric_part, lambda g, _: symmetric_part(g)[:1]),
        (normal((4, 4)), normal((3, 3)), normal((1, 1))),
    ),
    Right(
        "concatenate: with something empty",
        op("concatenate", lambda a, b: (np.concatenate([a, b[:0]]), b.shape), lambda g, shape: (g, np.zeros(shape))),
        (normal((3, 2), (4, 2)), normal((5,), (2,))),
    ),
    Right(
        "transpose and back in one op: the gradient itself",
        op("identity", lambda x: (x.T.copy().T, None), lambda g, _: (g,)),
        (normal((3, 4)), normal((4, 4)), normal((2, 3, 2))),
    ),
]
