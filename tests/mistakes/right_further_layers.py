"""Right, however awkward: norms, products, dropout and selections whose backward pass is written in an unusual way."""

import numpy as np
from corpus import Right

import minimix as mm
from minimix import functional as F


def op(name, forward, backward, **kinds):
    return lambda *x: mm.apply(mm.Op(name, forward, backward, **kinds), *x)


def normal(*shapes, scale=1.0, shift=0.0):
    return lambda rng: [shift + scale * rng.standard_normal(shape) for shape in shapes]


def plain(*shapes):
    return tuple(normal(shape) for shape in shapes)


def jacobian_norm_forward(x):
    c = x - x.mean(axis=-1, keepdims=True)
    inv = 1 / np.sqrt((c * c).mean(axis=-1, keepdims=True) + 1e-5)
    return c * inv, (c * inv, inv)


def jacobian_norm_backward(g, saved):
    """Row by row with the whole Jacobian."""
    xhat, inv = saved
    n = xhat.shape[-1]
    jacobians = inv[..., None] * (np.eye(n) - 1 / n - xhat[..., :, None] * xhat[..., None, :] / n)
    return ((jacobians @ g[..., None])[..., 0],)


RUNNING = {}


def counted_norm_forward(x):
    """Batch norm of training: it also updates running statistics, which nothing here reads."""
    mean, var = x.mean(axis=0), x.var(axis=0)
    old = RUNNING.get(x.shape[1:], (0.0, 1.0, 0))
    RUNNING[x.shape[1:]] = (0.9 * old[0] + 0.1 * mean, 0.9 * old[1] + 0.1 * var, old[2] + 1)
    inv = 1 / np.sqrt(var + 1e-5)
    return (x - mean) * inv, ((x - mean) * inv, inv)


def counted_norm_backward(g, saved):
    xhat, inv = saved
    return (inv * (g - g.mean(axis=0) - xhat * (g * xhat).mean(axis=0)),)


def one_pass_forward(x):
    mean = x.mean(axis=0)
    std = np.sqrt((x * x).mean(axis=0) - mean * mean)
    return (x - mean) / std, (x, mean, std)


def one_pass_backward(g, saved):
    x, mean, std = saved
    n = len(x)
    dvar = -(g * (x - mean)).sum(axis=0) / (2 * std**3)
    dmean = -g.sum(axis=0) / std - 2 * mean * dvar
    return (g / std + dmean / n + 2 * x * dvar / n,)


def group_norm(x, groups):
    """Of the library's own ops."""
    n, c, length = x.shape
    rows = F.reshape(x, (n, groups, -1))
    centred = rows - F.mean(rows, axis=-1, keepdims=True)
    variance = F.mean(centred * centred, axis=-1, keepdims=True)
    return F.reshape(centred / F.sqrt(variance + 1e-5), (n, c, length))


def max_norm_forward(w):
    norm = np.sqrt((w * w).sum(axis=1, keepdims=True))
    return w * np.minimum(1, 1.8 / norm), (w, norm)


def max_norm_backward(g, saved):
    w, norm = saved
    dw = g.copy()
    long = norm[:, 0] > 1.8
    unit = w[long] / norm[long]
    dw[long] = 1.8 / norm[long] * (g[long] - unit * (g[long] * unit).sum(axis=1, keepdims=True))
    return (dw,)


def turned_matmul_backward(g, saved):
    a, b = saved
    return (b @ g.T).T, (g.T @ a).T  # both are transposed views, Fortran-ordered


def diagonal_mean_backward(g, n):
    dx = np.zeros((n, n, g.shape[-1]))
    np.einsum("iik->ik", dx)[...] = g / n  # writes through a view of the diagonal
    return (dx,)


def unbroadcast(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return np.asarray(g.sum(axis=axes, keepdims=True)).reshape(shape)


def shifted_scale_forward(x, gamma, beta):
    return gamma * x + beta, (x, gamma, beta.shape)


def shifted_scale_backward(g, saved):
    x, gamma, shape = saved
    return unbroadcast(g * gamma, x.shape), unbroadcast(g * x, gamma.shape), unbroadcast(g, shape)


def linear_backward(g, saved, needed):
    x, w = saved
    return g @ w.T if needed[0] else None, x.T @ g if needed[1] else None, g.sum(axis=0) if needed[2] else None


def packed_dropout_forward(x):
    mask = np.random.default_rng(x.size).random(x.size) < 0.5
    return x * mask.reshape(x.shape) * 2, (np.packbits(mask), x.shape)


def packed_dropout_backward(g, saved):
    bits, shape = saved
    mask = np.unpackbits(bits, count=g.size).reshape(shape)
    return (2 * g * mask,)


def empty_dropout_forward(x):
    return x * 0.0, None


def clip_forward(x, low, high):
    return np.clip(x, low, high), (x > low) & (x < high)


CLIP = mm.Op("clip", clip_forward, lambda g, inside: (g * inside,))


def top_two_forward(x):
    places = np.argpartition(x, -2, axis=-1)[..., -2:]
    return np.take_along_axis(x, places, axis=-1).sum(axis=-1), (x.shape, places)


def top_two_backward(g, saved):
    shape, places = saved
    dx = np.zeros(shape)
    np.put_along_axis(dx, places, np.broadcast_to(g[..., None], places.shape), axis=-1)
    return (dx,)


def descending_forward(x):
    order = np.argsort(-x, axis=-1)
    return np.take_along_axis(x, order, axis=-1), order


def descending_backward(g, order):
    return (np.take_along_axis(g, np.argsort(order, axis=-1), axis=-1),)


def compositing_forward(a):
    through = np.cumprod(np.concatenate([np.ones_like(a[..., :1]), 1 - a[..., :-1]], axis=-1), axis=-1)
    return a * through, (a, through)


def compositing_backward(g, saved):
    """Division-free: what is behind a sample, from the end."""
    a, through = saved
    behind = np.zeros(a.shape[:-1])
    da = np.empty_like(a)
    for i in reversed(range(a.shape[-1])):
        da[..., i] = through[..., i] * (g[..., i] - behind)
        behind = g[..., i] * a[..., i] + (1 - a[..., i]) * behind
    return (da,)


RIGHT = [
    Right(
        "layer norm: by whole Jacobians",
        op("layer_norm", jacobian_norm_forward, jacobian_norm_backward),
        plain((4, 5), (3, 3), (2, 2, 6)),
    ),
    Right(
        "batch norm: running statistics that nobody reads",
        op("batch_norm", counted_norm_forward, counted_norm_backward),
        plain((6, 3), (4, 4), (9, 2)),
    ),
    Right(
        "batch norm in one pass, mean of 10",
        op("batch_norm", one_pass_forward, one_pass_backward),
        (normal((6, 3), shift=10.0), normal((4, 4), shift=-10.0)),
    ),
    Right(
        "group norm of library ops: as many groups as channels, and one",
        lambda x: group_norm(x, x.shape[1]) + group_norm(x, 1),
        plain((2, 3, 4), (3, 3, 3)),
    ),
    Right(
        "rows of limited length: short ones pass",
        op("max_norm", max_norm_forward, max_norm_backward),
        plain((6, 3), (4, 4), (8, 2)),
    ),
    Right(
        "matmul: gradients as transposed views",
        op("matmul", lambda a, b: (a @ b, (a, b)), turned_matmul_backward),
        (normal((4, 3), (3, 2)), normal((3, 3), (3, 3)), normal((1, 5), (5, 1))),
    ),
    Right(
        "einsum with a repeated index: written through a view",
        op("diagonal_mean", lambda x: (np.einsum("iik->ik", x) / len(x), len(x)), diagonal_mean_backward),
        plain((3, 3, 2), (4, 4, 1), (1, 1, 5)),
    ),
    Right(
        "scale and shift of any shapes, 0-d ones with them",
        op("scale_shift", shifted_scale_forward, shifted_scale_backward),
        (normal((3, 4), (1, 4), ()), normal((2, 3, 3), (3, 1), (3,)), normal((4, 4), (), (4, 1))),
    ),
    Right(
        "linear: selective, three inputs",
        op("linear", lambda x, w, b: (x @ w + b, (x, w)), linear_backward, selective=True),
        (normal((4, 3), (3, 2), (2,)), normal((3, 3), (3, 3), (3,))),
    ),
    Right(
        "dropout: mask kept as bits",
        op("dropout", packed_dropout_forward, packed_dropout_backward),
        plain((13,), (4, 5), (2, 3, 3)),
    ),
    Right(
        "dropout at rate 1: zeros",
        op("dropout", empty_dropout_forward, lambda g, _: (np.zeros(g.shape),)),
        plain((5,), (3, 3)),
    ),
    Right(
        "clip with infinite limits",
        lambda x: mm.apply(CLIP, x, low=-np.inf, high=np.inf),
        plain((7,), (3, 4)),
    ),
    Right(
        "clip with a lower limit above the upper one: constant",
        lambda x: mm.apply(CLIP, x, low=2.0, high=-2.0),
        plain((7,), (3, 4)),
    ),
    Right(
        "sum of the two largest: places in no order",
        op("top2", top_two_forward, top_two_backward),
        plain((4, 6), (3, 3), (2, 2, 5)),
    ),
    Right(
        "sort, descending: inverted by a second argsort",
        op("sort", descending_forward, descending_backward),
        plain((4, 6), (5, 5), (2, 2, 3)),
    ),
    Right(
        "weights along a ray: from the end",
        op("compositing", compositing_forward, compositing_backward),
        (lambda rng: [rng.uniform(0.1, 0.8, (3, 5))], lambda rng: [rng.uniform(0.1, 0.8, 6)]),
    ),
]
