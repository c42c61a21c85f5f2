"""Reductions, look-ups and movements of data with right formulas but bad manners, and groups that are matched wrongly."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import as_strided

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Embedding:
    """Keeps its gradient, as layers with a ``grad`` attribute do, and hands out that array."""

    def __init__(self):
        self.grad = None

    def forward(self, w, i):
        return w[i], (w.shape, i)

    def backward(self, g, saved):
        shape, i = saved
        if self.grad is None or self.grad.shape != shape:
            self.grad = np.zeros(shape)
        self.grad[...] = 0
        np.add.at(self.grad, i, g)
        return self.grad, None


EMBEDDING = Embedding()


def table(rows, columns, indices):
    return lambda rng: [rng.standard_normal((rows, columns)), np.array(indices)]


def scatter_forward(base, source):
    """The source (2, C) replaces rows 0 and 2 of the base."""
    y = base.copy()
    y[[0, 2]] = source
    return y, None


def scatter_backward(g, _):
    source = g[[0, 2]]
    g[[0, 2]] = 0
    return g, source


def sort_in_place(x):
    order = np.argsort(x, axis=-1)
    x.sort(axis=-1)
    return x.copy(), order


def sort_backward(g, order):
    dx = np.empty_like(g)
    np.put_along_axis(dx, order, g, axis=-1)
    return (dx,)


def log_softmax_in_place(x):
    x -= x.max(axis=-1, keepdims=True)
    y = x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
    return y, y


def overlap_add(frames):
    """(N, 4) with a hop of 2 to a signal."""
    y = np.zeros(2 * len(frames) + 2)
    for i, frame in enumerate(frames):
        y[2 * i : 2 * i + 4] += frame
    return y, len(frames)


def overlap_add_strided(g, n):
    return (as_strided(g, (n, 4), (2 * g.itemsize, g.itemsize)).copy(),)


def sample_mean_forward(x):
    """The mean of a random half, an estimate of the mean."""
    chosen = np.random.default_rng(1).permutation(len(x))[: len(x) // 2]
    return x[chosen].mean(axis=0), x.shape


def sample_mean_backward(g, shape):
    chosen = np.random.default_rng().permutation(shape[0])[: shape[0] // 2]
    dx = np.zeros(shape)
    dx[chosen] = g / len(chosen)
    return (dx,)


def logsumexp_forward(x):
    m = x.max(axis=-1, keepdims=True)
    return (np.log(np.exp(x - m).sum(axis=-1, keepdims=True)) + m)[..., 0], x


def logsumexp_single(g, x):
    return (g[..., None] * softmax(x.astype(np.float32)).astype(np.float64),)


def max_forward(x):
    place = x.argmax(axis=1)[:, None]
    return np.take_along_axis(x, place, axis=1)[:, 0], (place, x.shape[1])


def max_into_integers(g, saved):
    place, columns = saved
    dx = np.zeros_like(np.repeat(place, columns, axis=1))
    np.put_along_axis(dx, place, g[:, None].astype(dx.dtype), axis=1)
    return (dx,)


def std_forward(x):
    centred = x - x.mean(axis=1, keepdims=True)
    return np.sqrt((centred**2).mean(axis=1) + 1e-3), centred


def std_without_eps(g, centred):
    n = centred.shape[1]
    return (g[:, None] * centred / (n * np.sqrt((centred**2).mean(axis=1, keepdims=True))),)


def constant_row(n, c):
    def point(rng):
        x = rng.standard_normal((n, c))
        x[0] = 0.5
        return [x]

    return point


class Variance:
    """Of everything, with a running mean of all calls in backward."""

    def __init__(self):
        self.mean = None

    def forward(self, x):
        self.mean = x.mean() if self.mean is None else 0.7 * self.mean + 0.3 * x.mean()
        return x.var(), x

    def backward(self, g, x):
        return (2 / x.size * g * (x - self.mean),)


VARIANCE = Variance()


def group_mean_forward(x):
    """(N, C) to (N, 2): the mean of the first and of the second half of the channels."""
    n, c = x.shape
    return x.reshape(n, 2, c // 2).mean(axis=2), c // 2


def shared_heads_forward(x):
    """(heads, T) to (2 heads, T): each head of keys serves two neighbouring heads of queries."""
    return np.repeat(x, 2, axis=0), None


def shared_heads_backward(g, _):
    return (g.reshape(2, len(g) // 2, -1).sum(axis=0),)


def group_softmax_forward(x):
    """Softmax within groups of 3 classes."""
    s = softmax(x.reshape(len(x), -1, 3))
    return s.reshape(x.shape), s


def group_softmax_backward(g, s):
    grad = g.reshape(len(g), 3, -1).swapaxes(1, 2)
    dx = s * (grad - (s * grad).sum(axis=-1, keepdims=True))
    return (dx.reshape(g.shape),)


WRONG = [
    Wrong(
        "embedding: the layer's own gradient array",
        op("embedding", EMBEDDING.forward, EMBEDDING.backward),
        (table(5, 3, [1, 1, 4, 0]), table(4, 4, [2, 2, 2, 3])),
        "aliased",
        "the array that is returned is cleared and filled again by the next backward pass",
    ),
    Wrong(
        "scatter into rows: zeros written into the gradient",
        op("scatter", scatter_forward, scatter_backward),
        (normal((4, 3), (2, 3)), normal((3, 3), (2, 3)), normal((5, 1), (2, 1))),
        "changes gradient",
        "the rows that were replaced are set to zero in the incoming gradient itself",
        ("gradient strides",),
    ),
    Wrong(
        "sort: in place",
        op("sort", sort_in_place, sort_backward),
        (normal((7,)), normal((3, 4)), normal((2, 2, 5))),
        "changes input",
        "x.sort() sorts the input",
    ),
    Wrong(
        "log-softmax: x -= max",
        op("log_softmax", log_softmax_in_place, lambda g, y: (g - np.exp(y) * g.sum(-1, keepdims=True),)),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "changes input",
        "the maximum is subtracted from the input in place",
    ),
    Wrong(
        "flatten: as the input lies in memory",
        op("flatten", lambda x: (x.ravel(order="K"), x.shape), lambda g, shape: (g.reshape(shape),)),
        (normal((3, 4)), normal((4, 4)), normal((2, 3, 2))),
        "input strides",
        "order='K' reads the input in the order of its memory: right for C-ordered ones only",
        ("memory order",),
    ),
    Wrong(
        "overlap-add: a strided view of a dense gradient",
        op("overlap_add", overlap_add, overlap_add_strided),
        (normal((3, 4)), normal((4, 4)), normal((7, 4))),
        "gradient strides",
        "as_strided takes the gradient for dense memory",
    ),
    Wrong(
        "reshape: the gradient as a buffer",
        op("reshape", lambda x: (x.reshape(-1), x.shape), lambda g, s: (np.frombuffer(g, g.dtype).reshape(s).copy(),)),
        (normal((3, 4)), normal((6,)), normal((2, 2, 3))),
        "gradient strides",
        "np.frombuffer refuses a gradient that is not contiguous",
    ),
    Wrong(
        "mean of a random half: another half in backward",
        op("sample_mean", sample_mean_forward, sample_mean_backward),
        (normal((8, 2)), normal((12,)), normal((10, 10))),
        "random",
        "the sample is drawn anew, without forward's seed",
    ),
    Wrong(
        "logsumexp: softmax in single precision",
        op("logsumexp", logsumexp_forward, logsumexp_single),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "precision",
        "backward computes in float32",
    ),
    Wrong(
        "max over rows: into an array of integers",
        op("max", max_forward, max_into_integers),
        (normal((3, 4)), normal((5, 5)), normal((6, 2))),
        "dtype",
        "zeros_like of indices makes integers: fractions are cut off",
        ("precision",),
    ),
    Wrong(
        "max over rows: no tuple",
        op("max", lambda x: (x.max(axis=1), x), lambda g, x: g[:, None] * (x == x.max(axis=1, keepdims=True))),
        (normal((3, 4)), normal((5, 5)), normal((6, 2))),
        "contract",
        "backward returns the array itself, where a tuple of one is needed",
    ),
    Wrong(
        "minimum over rows: only an output",
        op("min", lambda x: x.min(axis=1), lambda g, saved: (g,)),
        (normal((3, 4)), normal((5, 5)), normal((6, 2))),
        "contract",
        "forward returns the output without what backward needs",
    ),
    Wrong(
        "std with eps: a constant row",
        op("std", std_forward, std_without_eps),
        (constant_row(3, 4), constant_row(4, 4), constant_row(2, 5)),
        "not finite",
        "eps is missing in backward: 0 / 0 where all of a row is equal",
        ("wrong constant",),
    ),
    Wrong(
        "variance: a running mean in backward",
        op("var", VARIANCE.forward, VARIANCE.backward),
        (
            lambda rng: [rng.standard_normal(6) + 2],
            lambda rng: [rng.standard_normal((3, 4)) - 3],
            lambda rng: [rng.standard_normal((2, 2, 2)) + 5],
        ),
        "state",
        "x is centred by a mean that earlier calls have a share in",
        ("term missing",),
    ),
    Wrong(
        "mean of groups of channels: every second channel",
        op("group_mean", group_mean_forward, lambda g, size: (np.tile(g, size) / size,)),
        (normal((3, 6)), normal((4, 4)), normal((2, 8))),
        "groups",
        "np.tile deals the groups' gradients out in turn, np.repeat would give each to its own block of channels",
        ("memory order", "permuted", "other place"),
    ),
    Wrong(
        "heads shared by two: summed with a distant one",
        op("shared_heads", shared_heads_forward, shared_heads_backward),
        (normal((3, 4)), normal((4, 4)), normal((2, 5))),
        "groups",
        "heads h and h + H/2 are added up, where neighbours share a head",
        ("memory order", "other place"),
    ),
    Wrong(
        "softmax within groups: groups with a stride",
        op("group_softmax", group_softmax_forward, group_softmax_backward),
        (normal((2, 6)), normal((4, 12)), normal((1, 9))),
        "groups",
        "the gradient's groups are every (C/3)-th class, forward's are three neighbours",
        ("memory order", "transposed"),
    ),
]
