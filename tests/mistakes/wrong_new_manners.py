"""Layers that are wrong by what they do to arrays: shared memory, strides, random numbers, shapes, dtypes."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


POOLED_BUFFERS = {}


def mean_pool_forward(x):
    """Means of pairs along the last axis."""
    return x.reshape(*x.shape[:-1], -1, 2).mean(-1), x.shape


def mean_pool_backward(g, shape):
    d = POOLED_BUFFERS.setdefault(shape, np.empty(shape))
    d[..., ::2] = g / 2
    d[..., 1::2] = g / 2
    return (d,)


def unit_forward(x):
    r = np.sqrt((x * x).sum(-1, keepdims=True))
    return r[..., 0], x / r


def unit_backward(g, unit):
    """Where the gradient is all ones the unit vectors are the answer, and are handed out themselves."""
    return (unit if (g == 1).all() else unit * g[..., None],)


class Scaler:
    """A layer y = x w that hands out its own array of w's last gradient."""

    def __init__(self):
        self.grads = {}

    def backward(self, g, saved):
        x, w = saved
        dw = self.grads.setdefault(w.shape, np.zeros(w.shape))
        np.einsum("nc,nc->c", g, x, out=dw)
        return g * w, dw


SCALER = Scaler()


def biased_forward(s, b):
    """Scores (T, T) plus a bias of the distance b (2 T - 1,), in place."""
    t = len(s)
    index = np.arange(t)[:, None] - np.arange(t) + t - 1
    s += b[index]
    return s.copy(), (index, len(b))


def biased_backward(g, saved):
    index, n = saved
    d = np.zeros(n)
    np.add.at(d, index, g)
    return g, d


def elimination_forward(a, b):
    """Gauss' elimination without pivots, inside a."""
    x, n, original = b.copy(), len(a), a.copy()
    for i in range(n):
        x[i] /= a[i, i]
        a[i] /= a[i, i]
        for j in range(n):
            if j != i:
                x[j] -= a[j, i] * x[i]
                a[j] -= a[j, i] * a[i]
    return x, (original, x)


def elimination_backward(g, saved):
    a, x = saved
    db = np.linalg.solve(a.T, g)
    return -np.outer(db, x), db


def heavy_diagonal(n):
    return lambda rng: [rng.uniform(-0.5, 0.5, (n, n)) + 2 * np.eye(n), rng.standard_normal(n)]


def two_largest_forward(x):
    """The largest and the second largest of each row: the largest is crossed out to find the second."""
    rows = np.arange(len(x))
    first = x.argmax(1)
    top = x[rows, first].copy()
    x[rows, first] = -np.inf
    second = x.argmax(1)
    return np.stack([top, x[rows, second]], axis=1), (first, second, x.shape)


def two_largest_backward(g, saved):
    first, second, shape = saved
    d = np.zeros(shape)
    rows = np.arange(shape[0])
    d[rows, first] += g[:, 0]
    d[rows, second] += g[:, 1]
    return (d,)


def pair_max_forward(x):
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    mask = (pairs == pairs.max(-1, keepdims=True)).astype(x.dtype)
    return pairs.max(-1), mask


def pair_max_backward(g, mask):
    mask *= g[..., None]
    return (mask.reshape(*mask.shape[:-2], -1).copy(),)


def scan_forward(x, a):
    hs, h = [], np.zeros(x.shape[1])
    for step in x:
        hs.append(h)
        h = np.tanh(a * h + step)
    return np.stack([*hs[1:], h]), (hs, h, a)


def scan_backward(g, saved):
    hs, last, a = saved
    hs.reverse()
    dx, da, back, y = np.zeros_like(g), np.zeros_like(a), np.zeros_like(a), last
    for i, h in enumerate(hs):
        t = len(hs) - 1 - i
        d = (g[t] + back) * (1 - y * y)
        dx[t], da, back, y = d, da + d * h, d * a, h
    return dx, da


def mirrored_conv_forward(x, w):
    return np.einsum("nclk,ock->nol", sliding_window_view(x, w.shape[2], axis=2), w), (x, w.copy())


def mirrored_conv_backward(g, saved):
    x, w = saved
    k = w.shape[2]
    dw = np.einsum("nol,nclk->ock", g, sliding_window_view(x, k, axis=2))
    w[:] = w[:, :, ::-1].copy()
    padded = np.pad(g, ((0, 0), (0, 0), (k - 1, k - 1)))
    return np.einsum("nolk,ock->ncl", sliding_window_view(padded, k, axis=2), w), dw


def reflect_backward(g, _):
    g[..., 2] += g[..., 0]
    g[..., -3] += g[..., -1]
    return (g[..., 1:-1].copy(),)


REFLECT = op("reflect", lambda x: (np.pad(x, ((0, 0),) * (x.ndim - 1) + ((1, 1),), mode="reflect"), None), reflect_backward)


def turned(x, sign):
    """Each half of the channels turned against the other, by an angle of the step."""
    t = np.arange(x.shape[0])[:, None] / 3
    a, b = np.split(x, 2, axis=1)
    return np.concatenate([a * np.cos(t) - sign * b * np.sin(t), b * np.cos(t) + sign * a * np.sin(t)], axis=1)


def turn_back_in_place(g, _):
    g[...] = turned(g, -1)
    return (g.copy(),)


def causal_in_place(g, mask):
    g[~mask] = 0
    return (g.copy(),)


POOL_OUTPUTS = {}


def centre_pool_forward(x):
    """Medians of three neighbours, always into the same array."""
    windows = sliding_window_view(x, 3, axis=-1)
    y = POOL_OUTPUTS.setdefault(x.shape, np.empty(windows.shape[:-1]))
    place = windows.argsort(-1)[..., 1]
    y[...] = np.take_along_axis(windows, place[..., None], -1)[..., 0]
    return y, (place, x.shape)


def centre_pool_backward(g, saved):
    place, shape = saved
    d = np.zeros(shape)
    np.add.at(d, (*np.indices(g.shape)[:-1], np.indices(g.shape)[-1] + place), g)
    return (d,)


def length_forward(x):
    r = np.sqrt((x * x).sum(1))
    return r, (x, r)


def length_backward(g, saved):
    x, r = saved
    np.reciprocal(r, out=r)
    return ((g * r)[:, None] * x,)


class DecodingPositions:
    """Adds positions to x (T, C), and goes on counting where the last call ended."""

    def __init__(self):
        self.step = 0

    def forward(self, x, scale):
        t = np.arange(self.step, self.step + len(x))[:, None]
        self.step += len(x)
        table = np.sin(t / 2.0 ** np.arange(x.shape[1]))
        return x + scale * table, table


POSITIONS = DecodingPositions()


WRONG = [
    Wrong(
        "average of pairs: one gradient array for each shape",
        op("pairs", mean_pool_forward, mean_pool_backward),
        (normal((3, 6)), normal((2, 2, 4))),
        "aliased",
        "all calls of a shape return the same array, overwritten by the next",
        ("state",),
    ),
    Wrong(
        "length of rows: saved unit vectors returned for ones",
        op("length", unit_forward, unit_backward),
        (normal((3, 4)), normal((2, 3, 2))),
        "aliased",
        "where the gradient is all ones, the saved array itself is returned",
    ),
    Wrong(
        "scale of columns: the layer's own gradient array",
        op("scale", lambda x, w: (x * w, (x, w)), SCALER.backward),
        (normal((4, 3), (3,)), normal((2, 5), (5,))),
        "aliased",
        "w's gradient is written with out= into an array of the layer, which is returned",
        ("state",),
    ),
    Wrong(
        "scores plus a bias of distance: += in place",
        op("bias", biased_forward, biased_backward),
        (normal((4, 4), (7,)), normal((3, 3), (5,))),
        "changes input",
        "forward adds the bias inside the scores it was given",
        ("state",),
    ),
    Wrong(
        "solve by elimination: inside the matrix",
        op("solve", elimination_forward, elimination_backward),
        (heavy_diagonal(3), heavy_diagonal(4)),
        "changes input",
        "forward turns its input matrix into the identity",
        ("state",),
    ),
    Wrong(
        "two largest of each row: the largest crossed out",
        op("two largest", two_largest_forward, two_largest_backward),
        (normal((4, 5)), normal((2, 3))),
        "changes input",
        "forward writes -inf over each row's largest element, in the input itself",
        ("state", "not finite"),
    ),
    Wrong(
        "max pooling of pairs: mask times the gradient, in place",
        op("max of pairs", pair_max_forward, pair_max_backward),
        (normal((3, 6)), normal((2, 2, 4))),
        "changes saved",
        "the saved mask is multiplied by the gradient: a second backward pass uses the product",
        ("state",),
    ),
    Wrong(
        "recurrence: saved states reversed",
        op("recurrence", scan_forward, scan_backward),
        (normal((4, 2), (2,)), normal((3, 3), (3,))),
        "changes saved",
        "backward reverses the saved list itself: a second pass runs the wrong way",
        ("state",),
    ),
    Wrong(
        "conv1d: saved kernel mirrored in place",
        op("conv1d", mirrored_conv_forward, mirrored_conv_backward),
        (normal((2, 2, 6), (2, 2, 3)), normal((1, 1, 5), (3, 1, 2))),
        "changes saved",
        "backward mirrors the saved kernel itself: a second pass uses it the wrong way round",
        ("state", "flipped"),
    ),
    Wrong(
        "reflected padding: folded inside the gradient",
        REFLECT,
        (normal((2, 5)), normal((4,)), normal((2, 2, 3))),
        "changes gradient",
        "what lies outside is added inside the incoming gradient",
        ("gradient strides",),
    ),
    Wrong(
        "rotary positions: gradient turned in place",
        op("rotary", lambda x: (turned(x, 1), None), turn_back_in_place),
        (normal((4, 4)), normal((3, 2))),
        "changes gradient",
        "backward turns the incoming gradient itself",
        ("gradient strides",),
    ),
    Wrong(
        "causal scores, softmax: gradient masked in place",
        lambda s: F.softmax(
            op("mask", lambda s: (np.where(np.tri(len(s)) > 0, s, -30.0), np.tri(len(s)) > 0), causal_in_place)(s)
        ),
        (normal((4, 4)), normal((5, 5))),
        "changes gradient",
        "backward writes zeros into the incoming gradient",
        ("gradient strides",),
    ),
    Wrong(
        "medians of three: one output for each shape",
        op("medians", centre_pool_forward, centre_pool_backward),
        (normal((2, 7)), normal((3, 5))),
        "changes output",
        "every call of a shape writes into the array that the last one returned",
        ("aliased", "state"),
    ),
    Wrong(
        "length of rows: reciprocal in the output",
        op("length", length_forward, length_backward),
        (normal((4, 3)), normal((5, 2))),
        "changes output",
        "backward writes 1 / r into r, which is the output, and saved",
        ("changes saved", "state"),
    ),
    Wrong(
        "positions of a decoder: counted on",
        op("positions", POSITIONS.forward, lambda g, table: (g, np.array((g * table).sum()))),
        (normal((3, 2), ()), normal((4, 4), ())),
        "state",
        "every call begins with the position after the last call's last",
    ),
]
