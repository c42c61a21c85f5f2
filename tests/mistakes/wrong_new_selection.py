"""Dropout, clip, maxima, top-k, sorting, gathering and cumulative products with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def kept(shape, seed=5):
    return np.random.default_rng(seed).random(shape) < 0.6


def alpha_dropout_forward(x):
    """Dropped entries become a constant; a and b restore mean and variance."""
    p, dropped = 0.6, -1.7580993408473766
    a = (p + dropped**2 * p * (1 - p)) ** -0.5
    mask = kept(x.shape)
    return a * np.where(mask, x, dropped) - a * (1 - p) * dropped, mask


def dropconnect_forward(x, w):
    mask = kept(w.shape) / 0.6
    return x @ (w * mask), (x, w, mask)


def dropconnect_backward(g, saved):
    x, w, mask = saved
    return g @ (w * mask).T, x.T @ g


def cutout_forward(x):
    """A rectangle of 1 by 2 pixels is cut out of each square picture."""
    y = x.copy()
    y[..., 0:1, 1:3] = 0
    return y, None


def cutout_backward(g, _):
    dx = g.copy()
    dx[..., 1:3, 0:1] = 0
    return (dx,)


def clip_kind_backward(g, x):
    """Also passes where a step against the gradient would lead back into the range."""
    inside = np.abs(x) < 0.8
    return (np.where(inside | (g * x > 0), g, 0.0),)


def rescaled_clip_forward(x):
    y = (np.clip(x, -0.5, 1.5) + 0.5) / 2
    return y, y


def rescaled_clip_backward(g, y):
    return (g / 2 * ((y > -0.5) & (y < 1.5)),)


def squares(n):
    """The first column's maximum lies in the second row."""

    def point(rng):
        x = rng.standard_normal((n, n))
        x[1, 0] = 5
        return [x]

    return point


def max_columns_backward(g, x):
    dx = np.zeros_like(x)
    dx[np.arange(len(g)), x.argmax(axis=0)] = g
    return (dx,)


def pictures(*shape):
    """The first one's maximum lies in its first row, second column."""

    def point(rng):
        x = rng.standard_normal(shape)
        x[0, 0, 1] = 5
        return [x]

    return point


def max_picture_backward(g, x):
    n, h, w = x.shape
    column, row = np.unravel_index(x.reshape(n, -1).argmax(axis=1), (w, h))
    dx = np.zeros_like(x)
    dx[np.arange(n), row, column] = g
    return (dx,)


def kmax_forward(x):
    """The three largest of each row, in the order of their places."""
    places = np.sort(np.argsort(x, axis=1)[:, -3:], axis=1)
    return np.take_along_axis(x, places, axis=1), x


def kmax_backward(g, x):
    dx = np.zeros_like(x)
    np.put_along_axis(dx, np.argsort(x, axis=1)[:, -3:], g, axis=1)
    return (dx,)


COLUMNS = np.array([2, 0, 2, 1])


def columns_backward(g, shape):
    dx = np.zeros(shape)
    np.add.at(dx, COLUMNS, g.T)
    return (dx,)


def steps(shape):
    """Valid steps of sequences (N, T)."""
    n, t = shape
    return np.arange(t) < 2 + np.arange(n)[:, None] % (t - 2)


def last_valid_max_forward(x):
    return np.where(steps(x.shape), x, -np.inf).max(axis=1), x


def last_valid_max_backward(g, x):
    dx = np.zeros_like(x)
    dx[np.arange(len(x)), x.argmax(axis=1)] = g
    return (dx,)


def padded_sequences(n, t):
    """Padding that is larger than what is valid, as after a bias."""

    def point(rng):
        x = rng.standard_normal((n, t))
        return [np.where(steps((n, t)), x, x + 3)]

    return point


def compositing_forward(a):
    """Weights of samples along a ray: a_i times the product of (1 - a) before it."""
    through = np.cumprod(np.concatenate([np.ones_like(a[..., :1]), 1 - a[..., :-1]], axis=-1), axis=-1)
    return a * through, through


def opacities(*shape):
    return lambda rng: [rng.uniform(0.1, 0.8, shape)]


def ranked_forward(x):
    """Each row's elements, weighted by rank."""
    order = np.argsort(x, axis=-1)
    rank = np.argsort(order, axis=-1)
    weights = 1 / (1 + np.arange(x.shape[-1]))
    return (x * weights[rank]).sum(axis=-1), (weights, order)


def ranked_backward(g, saved):
    weights, order = saved
    return (g[..., None] * weights[order],)


def gap_forward(x):
    """Difference of largest and second largest of each row."""
    ranked = np.sort(x, axis=-1)
    return ranked[..., -1] - ranked[..., -2], x


def gap_backward(g, x):
    order = np.argsort(x, axis=-1)
    dx = np.zeros_like(x)
    np.put_along_axis(dx, order[..., -1:], g[..., None], axis=-1)
    np.put_along_axis(dx, order[..., -2:-1], g[..., None], axis=-1)
    return (dx,)


def running_min_forward(x):
    return np.minimum.accumulate(x, axis=-1), x


def running_min_backward(g, x):
    low = np.minimum.accumulate(x, axis=-1)
    dx = np.zeros_like(x)
    for i in np.ndindex(x.shape[:-1]):
        for t in range(x.shape[-1]):
            dx[(*i, int(np.argmax(x[i] == low[(*i, t)])))] = g[(*i, t)]
    return (dx,)


def strided_gather_forward(x):
    """Every second column, starting at the row's number modulo 2."""
    n, m = x.shape
    columns = np.arange(n)[:, None] % 2 + 2 * np.arange(m // 2)
    return np.take_along_axis(x, columns, axis=1), (x.shape, columns)


def strided_gather_backward(g, saved):
    shape, columns = saved
    dx = np.zeros(shape)
    dx[:, columns[0]] = g
    return (dx,)


WRONG = [
    Wrong(
        "alpha dropout: its scale a",
        op("alpha_dropout", alpha_dropout_forward, lambda g, mask: (g * mask,)),
        (normal((12,)), normal((4, 4)), normal((2, 3, 3))),
        "factor",
        "the affine correction multiplies by a, which backward forgets",
        ("wrong constant",),
    ),
    Wrong(
        "dropped weights: no mask for their gradient",
        op("dropconnect", dropconnect_forward, dropconnect_backward),
        (normal((4, 3), (3, 5)), normal((3, 3), (3, 3)), normal((2, 6), (6, 2))),
        "no mask",
        "dropped weights get a gradient, and kept ones lack 1 / 0.6",
        ("chain factor", "independent", "wrong formula"),
    ),
    Wrong(
        "cutout: rectangle transposed in backward",
        op("cutout", cutout_forward, cutout_backward),
        (normal((2, 3, 3)), normal((4, 4)), normal((1, 2, 5, 5))),
        "transposed",
        "rows and columns of the cut rectangle are exchanged in backward",
        ("wrong mask", "no mask", "other place"),
    ),
    Wrong(
        "clip: open where a step leads back",
        op("clip", lambda x: (np.clip(x, -0.8, 0.8), x), clip_kind_backward),
        (normal((16,), scale=1.5), normal((4, 5), scale=1.5), normal((3, 3, 3), scale=2.0)),
        "nonlinear",
        "outside the range the gradient passes if its sign is that of x: it depends on the sign of g",
        ("no mask", "wrong mask"),
    ),
    Wrong(
        "clip and rescale to 0 and 1: limits of x asked of the output",
        op("rescaled_clip", rescaled_clip_forward, rescaled_clip_backward),
        (normal((14,), scale=1.5), normal((4, 5), scale=2.0), normal((2, 3, 4), scale=1.5)),
        "no mask",
        "the rescaled output is always within the limits of x: nothing is blocked",
        ("wrong mask", "wrong point", "value"),
    ),
    Wrong(
        "maxima of columns: index used as that of a column",
        op("max", lambda x: (x.max(axis=0), x), max_columns_backward),
        (squares(4), squares(3), squares(6)),
        "transposed",
        "dx[j, i] for dx[i, j]: the row of a maximum is used as its column",
        ("other place",),
    ),
    Wrong(
        "maximum of a picture: index unravelled with (W, H)",
        op("max", lambda x: (x.max(axis=(1, 2)), x), max_picture_backward),
        (pictures(4, 3, 5), pictures(3, 4, 4), pictures(5, 6, 2)),
        "other place",
        "the flat index is unravelled for pictures of W rows and H columns",
        ("transposed", "memory order"),
    ),
    Wrong(
        "three largest in the order of their places: gradients by size",
        op("kmax", kmax_forward, kmax_backward),
        (normal((4, 6)), normal((5, 5)), normal((4, 9))),
        "permuted",
        "forward keeps the order of places, backward puts the gradients in the order of size",
        ("other place",),
    ),
    Wrong(
        "columns taken from a square: added to its rows",
        op("take", lambda x: (x[:, COLUMNS], x.shape), columns_backward),
        (normal((4, 4)), normal((3, 3)), normal((5, 5))),
        "transposed",
        "np.add.at(dx, columns, g.T) adds to rows: the result is transposed",
        ("other place",),
    ),
    Wrong(
        "maximum over valid steps: padding asked in backward",
        op("masked_max", last_valid_max_forward, last_valid_max_backward),
        (padded_sequences(4, 5), padded_sequences(5, 4), padded_sequences(3, 8)),
        "no mask",
        "the argmax in backward is taken over the padding, too, which gets the gradient",
        ("other place", "wrong mask", "independent"),
    ),
    Wrong(
        "weights along a ray: what comes through as a constant",
        op("compositing", compositing_forward, lambda g, through: (g * through,)),
        (opacities(6), opacities(3, 4), opacities(2, 2, 5)),
        "term missing",
        "an opacity also dims all samples behind it: that summand is missing",
        ("not summed", "wrong formula"),
    ),
    Wrong(
        "sum weighted by ranks: weights in the order of the sort",
        op("ranked", ranked_forward, ranked_backward),
        (normal((4, 6)), normal((6, 6)), normal((2, 2, 7))),
        "permuted",
        "weights[order] for weights[rank]: the permutation is not inverted",
        ("other place",),
    ),
    Wrong(
        "gap of the two largest: sign of the second",
        op("gap", gap_forward, gap_backward),
        (normal((4, 5)), normal((3, 3)), normal((2, 2, 4))),
        "sign of a term",
        "the second largest is subtracted in forward: its gradient needs a minus",
        ("sign",),
    ),
    Wrong(
        "running minimum: assigned",
        op("running_min", running_min_forward, running_min_backward),
        (normal((4, 6)), normal((5, 5)), normal((10,))),
        "overwritten",
        "an element that is the minimum for several steps keeps the last one's gradient only",
        ("not summed",),
    ),
    Wrong(
        "every second column, alternating: first row's columns for all",
        op("alternate", strided_gather_forward, strided_gather_backward),
        (normal((4, 6)), normal((3, 4)), normal((5, 5))),
        "other place",
        "columns[0] is used for all rows: odd rows' gradients lie one column too far to the left",
        ("shifted",),
    ),
]
