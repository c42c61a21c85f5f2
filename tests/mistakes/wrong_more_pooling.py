"""Pooling over windows, rows and pictures, with a wrong backward pass."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def positive(*shapes):
    return lambda rng: [0.3 + rng.random(shape) for shape in shapes]


def blocks(x):
    """(N, C, H, W) as 2 x 2 blocks: (N, C, H / 2, W / 2, 4)."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).swapaxes(3, 4).reshape(n, c, h // 2, w // 2, 4)


def unblocks(b):
    n, c, h, w, _ = b.shape
    return b.reshape(n, c, h, w, 2, 2).swapaxes(3, 4).reshape(n, c, 2 * h, 2 * w)


def min_pool_forward(x):
    b = blocks(x)
    return b.min(-1), b


def min_pool_backward(g, b):
    return (unblocks((b == b.max(-1, keepdims=True)) * g[..., None]),)


def mixed_forward(x, a):
    b = blocks(x)
    return a * b.max(-1) + (1 - a) * b.mean(-1), (b, a)


def mixed_backward(g, saved):
    b, a = saved
    largest = b == b.max(-1, keepdims=True)
    return unblocks(g[..., None] * (a * largest + (1 - a) / 4)), np.array((g * b.max(-1)).sum())


def padded_mean_forward(x):
    """3 x 3 means with stride 1, in which zeros around the picture do not count."""
    windows = sliding_window_view(np.pad(x, 1), (3, 3))
    count = sliding_window_view(np.pad(np.ones_like(x), 1), (3, 3)).sum((2, 3))
    return windows.sum((2, 3)) / count, x.shape


def padded_mean_backward(g, shape):
    return (sliding_window_view(np.pad(g, 1), (3, 3)).sum((2, 3)) / 9,)


def ceil_mean_forward(x):
    """Means of three along the last axis, of fewer at the end."""
    starts = np.arange(0, x.shape[-1], 3)
    return np.stack([x[..., s : s + 3].mean(-1) for s in starts], -1), x.shape


def ceil_mean_backward(g, shape):
    dx = np.zeros(shape)
    for i in range(shape[-1] // 3):
        dx[..., 3 * i : 3 * i + 3] = g[..., i, None] / 3
    return (dx,)


def share_pool_forward(x):
    share = x / x.sum(1, keepdims=True)
    return (share * x).sum(1), share


def lp_forward(x):
    y = (np.abs(x) ** 3).mean(-1) ** (1 / 3)
    return y, (x, y)


def lp_backward(g, saved):
    x, y = saved
    return ((g / y**2)[..., None] * np.abs(x) ** 2 / x.shape[-1],)


def gem_forward(x, p):
    m = (x**p).mean(1)
    return m ** (1 / p), (x, p, m)


def gem_backward(g, saved):
    x, p, m = saved
    y = m ** (1 / p)
    dx = (g * y / m)[:, None] * x ** (p - 1) / x.shape[1]
    return dx, np.array((g * y * (x**p * np.log(x)).mean(1) / (p * m)).sum())


def max_and_mean_forward(x):
    flat = x.reshape(*x.shape[:2], -1)
    return np.concatenate([flat.max(-1), flat.mean(-1)], axis=1), (x.shape, flat)


def max_and_mean_backward(g, saved):
    shape, flat = saved
    mean, largest = np.split(g, 2, axis=1)
    mask = flat == flat.max(-1, keepdims=True)
    return ((largest[..., None] * mask + mean[..., None] / flat.shape[-1]).reshape(shape),)


def second_order_backward(g, x):
    return (g @ x / len(x[0]) * 2,)


def quadrants_forward(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, 2, h // 2, 2, w // 2).mean((3, 5)).reshape(n, c * 4), x.shape


def quadrants_backward(g, shape):
    n, c, h, w = shape
    dx = np.empty(shape)
    for q in range(4):
        i, j = q % 2, q // 2
        part = g.reshape(n, c, 4)[:, :, q, None, None] / (h * w // 4)
        dx[:, :, i * h // 2 : (i + 1) * h // 2, j * w // 2 : (j + 1) * w // 2] = part
    return (dx,)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def clusters_forward(x, centres):
    """Residuals to the centres (K, D), summed with soft shares, as in NetVLAD; x: (N, D)."""
    share = softmax(x @ centres.T)
    return share.T @ x - share.sum(0)[:, None] * centres, (x, centres, share)


def clusters_backward(g, saved):
    x, centres, share = saved
    ds = x @ g.T - (g * centres).sum(1)
    dz = share * (ds - (share * ds).sum(1, keepdims=True))
    return share @ g, dz.T @ x - share.sum(0)[:, None] * g


def unpool_forward(x):
    """Every element at the corner of a block of 2 x 2, zeros elsewhere."""
    y = np.zeros((*x.shape[:-2], 2 * x.shape[-2], 2 * x.shape[-1]))
    y[..., ::2, ::2] = x
    return y, None


def unpool_backward(g, saved):
    return (g[..., ::2, ::2] + g[..., 1::2, ::2] + g[..., ::2, 1::2] + g[..., 1::2, 1::2],)


REGIONS = ((0, 3, 0, 2), (1, 4, 1, 3), (0, 2, 0, 3))


def regions_forward(x):
    return np.stack([x[:, a:b, c:d].mean((1, 2)) for a, b, c, d in REGIONS]), x.shape


def regions_backward(g, shape):
    dx = np.zeros(shape)
    for gi, (a, b, c, d) in zip(g, REGIONS, strict=True):
        dx[:, a:b, c:d] = gi[:, None, None] / ((b - a) * (d - c))
    return (dx,)


def last_valid_lengths(n, t):
    return 1 + np.arange(n) * 2 % t


def last_valid_forward(x):
    """The last step of each sequence of (N, T, D)."""
    n, t, _ = x.shape
    return x[np.arange(n), last_valid_lengths(n, t) - 1], x.shape


def last_valid_backward(g, shape):
    n, t, _ = shape
    dx = np.zeros(shape)
    dx[np.arange(n), last_valid_lengths(n, t) % t] = g
    return (dx,)


def top_mean_forward(x):
    order = np.argsort(x, axis=-1)[..., -3:]
    return np.take_along_axis(x, order, -1).mean(-1), (x.shape, order)


def top_mean_backward(g, saved):
    shape, order = saved
    dx = np.zeros(shape)
    np.put_along_axis(dx, order, g[..., None], -1)
    return (dx,)


def sumout_backward(g, shape):
    return (np.tile(g, (1, 3, 1)),)


def antialiased_forward(x):
    """Max of neighbours, then (1, 2, 1) / 4 with stride 2, along the last axis."""
    pairs = np.maximum(x[:, :-1], x[:, 1:])
    return (pairs[:, :-2:2] + 2 * pairs[:, 1:-1:2] + pairs[:, 2::2]) / 4, x


def antialiased_backward(g, x):
    dpairs = np.zeros((len(x), x.shape[1] - 1))
    dpairs[:, :-2:2] = g / 4
    dpairs[:, 1:-1:2] = g / 2
    dpairs[:, 2::2] = g / 4
    left = x[:, :-1] > x[:, 1:]
    dx = np.zeros_like(x)
    dx[:, :-1] += dpairs * left
    dx[:, 1:] += dpairs * ~left
    return (dx,)


WRONG = [
    Wrong(
        "min pooling: mask of max pooling",
        op("min pool", min_pool_forward, min_pool_backward),
        (normal((2, 1, 4, 4)), normal((1, 3, 2, 6)), normal((1, 1, 2, 2))),
        "other place",
        "the largest of each block gets the gradient, not the smallest",
        ("wrong mask",),
    ),
    Wrong(
        "max and mean pooling mixed: share's gradient",
        op("mixed pool", mixed_forward, mixed_backward),
        (
            lambda rng: [rng.standard_normal((2, 1, 4, 4)) + 1, np.array(0.3)],
            lambda rng: [rng.standard_normal((1, 3, 2, 6)) + 1, np.array(0.8)],
        ),
        "term missing",
        "the share's gradient counts the maximum, but not minus the mean",
    ),
    Wrong(
        "average pooling, padding not counted: divided by 9 in backward",
        op("average pool", padded_mean_forward, padded_mean_backward),
        (normal((4, 5)), normal((2, 2)), normal((7, 7))),
        "border",
        "windows on the border hold fewer elements than 9, and only forward divides by their number",
        ("wrong constant", "scale", "factor"),
    ),
    Wrong(
        "average pooling, ceil mode: last window",
        op("average pool", ceil_mean_forward, ceil_mean_backward),
        (normal((3, 7)), normal(5), normal((2, 2, 4))),
        "left out",
        "the loop runs over the whole windows only, the last, shorter one gets nothing",
        ("border",),
    ),
    Wrong(
        "pooling by shares: shares as constants",
        op("share pool", share_pool_forward, lambda g, share: (g[:, None] * share,)),
        (positive((3, 4)), positive((2, 2, 3)), positive((5, 5))),
        "term missing",
        "the shares x / sum(x) depend on x as well",
        ("chain factor",),
    ),
    Wrong(
        "L3 pooling: |x| x without the sign",
        op("L3 pool", lp_forward, lp_backward),
        (normal((3, 4)), normal((2, 3, 5)), normal((4, 4))),
        "value",
        "|x|^2 lacks sign(x): the gradients of negative elements have the wrong sign",
        ("chain factor",),
    ),
    Wrong(
        "generalised mean: p's gradient without the outer exponent's",
        op("gem", gem_forward, gem_backward),
        (
            lambda rng: [0.3 + rng.random((4, 3)), np.array(3.0)],
            lambda rng: [0.3 + 2 * rng.random((2, 5)), np.array(1.5)],
        ),
        "term missing",
        "p is in the root 1 / p, too; the term -y log(m) / p^2 is missing",
    ),
    Wrong(
        "max and mean joined: halves exchanged",
        op("max and mean", max_and_mean_forward, max_and_mean_backward),
        (normal((2, 3, 2, 2)), normal((1, 1, 3, 3)), normal((2, 2, 2, 4))),
        "exchanged",
        "the first half of the gradient belongs to the maxima, and is taken for the means'",
        ("permuted",),
    ),
    Wrong(
        "second-order pooling: not symmetrised",
        op("second order", lambda x: (x @ x.T / x.shape[1], x), second_order_backward),
        (normal((3, 5)), normal((4, 4)), normal((2, 9))),
        "wrong formula",
        "2 g x / n stands for (g + g.T) x / n, which is the same for a symmetric g only",
        ("term missing", "transposed"),
    ),
    Wrong(
        "means of quadrants: columns before rows",
        op("quadrants", quadrants_forward, quadrants_backward),
        (normal((1, 2, 4, 4)), normal((2, 1, 2, 2)), normal((1, 3, 2, 4))),
        "transposed",
        "q % 2 is the column and q // 2 the row of a quadrant, here it is the reverse",
        ("permuted", "memory order"),
    ),
    Wrong(
        "pooling to clusters: shares as constants",
        op("clusters", clusters_forward, clusters_backward),
        (normal((5, 2), (3, 2)), normal((4, 4), (4, 4)), normal((7, 3), (2, 3))),
        "term missing",
        "x moves its shares in the clusters, too: that path is only there for the centres",
    ),
    Wrong(
        "unpooling: the whole block's gradient",
        op("unpool", unpool_forward, unpool_backward),
        (normal((2, 3)), normal((1, 2, 2, 2)), normal((4, 4))),
        "summed",
        "three of the four places of a block hold a constant zero, their gradients do not belong to x",
        ("no mask", "term extra"),
    ),
    Wrong(
        "region pooling: regions overlap",
        op("regions", regions_forward, regions_backward),
        (normal((1, 4, 3)), normal((3, 4, 4)), normal((2, 5, 5))),
        "overwritten",
        "dx[region] = where += is needed: the last region's share remains where regions overlap",
        ("not summed",),
    ),
    Wrong(
        "last valid step: the one behind",
        op("last step", last_valid_forward, last_valid_backward),
        (normal((3, 4, 2)), normal((2, 2, 2)), normal((5, 6, 1))),
        "shifted",
        "the index of the last step is length - 1, and length (wrapped) is used in backward",
        ("other place",),
    ),
    Wrong(
        "mean of the three largest: not divided",
        op("top mean", top_mean_forward, top_mean_backward),
        (normal((2, 6)), normal(5), normal((3, 3))),
        "not averaged",
        "each of the three gets the whole gradient, not a third",
        ("factor",),
    ),
    Wrong(
        "sum of three neighbouring channels: tiled",
        op("sumout", lambda x: (x.reshape(len(x), -1, 3, x.shape[2]).sum(2), x.shape), sumout_backward),
        (normal((2, 6, 3)), normal((1, 9, 4)), normal((6, 6, 1))),
        "permuted",
        "np.tile gives every third channel the same gradient, np.repeat would give it to neighbours",
        ("groups", "memory order", "other place"),
    ),
    Wrong(
        "antialiased max pooling: last pair of each window kept",
        op("antialiased", antialiased_forward, antialiased_backward),
        (normal((2, 8)), normal((3, 10)), normal((1, 12))),
        "overwritten",
        "windows of three with stride 2 share a pair, of whose two contributions one is overwritten",
        ("not summed",),
    ),
]
