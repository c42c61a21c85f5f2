"""Layers that are wrong by what they do to arrays: shared memory, strides, random numbers, shapes, dtypes (second part)."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import as_strided, sliding_window_view

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


class LargestSoFar:
    """Divides by the largest absolute value that any call has seen."""

    def __init__(self):
        self.largest = 0.1

    def forward(self, x):
        self.largest = 0.9 * self.largest + 0.2 * float(np.abs(x).max())
        return x / self.largest, self.largest


LARGEST = LargestSoFar()


RANDOM = np.random.default_rng(11)


def crop_backward(g, saved):
    """The crop's place is drawn once more."""
    _, shape = saved
    r, c = RANDOM.integers(0, shape[0] - g.shape[0] + 1), RANDOM.integers(0, shape[1] - g.shape[1] + 1)
    d = np.zeros(shape)
    d[r : r + g.shape[0], c : c + g.shape[1]] = g
    return (d,)


CROP = op("crop", lambda x: (x[1:3, 2:4].copy(), (None, x.shape)), crop_backward)


def random_features_forward(x):
    w = np.random.default_rng(4).standard_normal((x.shape[1], 4))
    return np.cos(x @ w), x


def random_features_backward(g, x):
    w = RANDOM.standard_normal((x.shape[1], 4))
    return ((-g * np.sin(x @ w)) @ w.T,)


def strided_max_forward(x):
    """2 x 2 maxima; the blocks' strides are computed from the width."""
    h, w = x.shape
    s = x.itemsize
    blocks = as_strided(x, (h // 2, w // 2, 2, 2), (2 * w * s, 2 * s, w * s, s)).reshape(h // 2, w // 2, 4)
    return blocks.max(-1), (blocks.argmax(-1), x.shape)


def strided_max_backward(g, saved):
    k, shape = saved
    d = np.zeros(shape)
    rows, columns = np.indices(g.shape)
    d[2 * rows + k // 2, 2 * columns + k % 2] = g
    return (d,)


def ordered_weights_forward(x):
    """Element i, as it lies in memory, times cos(i)."""
    w = np.cos(np.arange(x.size))
    return (x.ravel(order="A") * w).reshape(x.shape), (w, x.shape)


def ordered_weights_backward(g, saved):
    w, shape = saved
    return ((g.reshape(-1) * w).reshape(shape),)


def fortran(*shape):
    return lambda rng: [np.asfortranarray(rng.standard_normal(shape))]


def enlarged_gradient_backward(g, shape):
    """Each gradient over its two places, by a view whose strides come from the shape."""
    s, n = g.itemsize, g.shape[1]
    return (as_strided(g, (g.shape[0], n, 2), (n * s, s, 0)).reshape(shape) / 2,)


def halved_backward(g, shape):
    """Half of the gradient, in place, after it was made writeable."""
    g.flags.writeable = True
    g *= 0.5
    return (g.copy(),)


def windowed_gradient_backward(g, saved):
    """conv1d's input gradient by windows over g's own memory, inner places only; the ends by hand."""
    length, w = saved
    k, s = len(w), g.itemsize
    d = np.zeros(length)
    inner = as_strided(g, (len(g) - k + 1, k), (s, s))
    d[k - 1 : len(g)] = inner @ w[::-1]
    for t in [*range(k - 1), *range(len(g), length)]:
        d[t] = sum(g[t - i] * w[i] for i in range(k) if 0 <= t - i < len(g))
    return (d,)


def fixed_conv_forward(x):
    w = np.array([0.5, -1.0, 2.0])
    return np.correlate(x, w, mode="valid"), (len(x), w)


def unspread_backward(g, shape):
    return (g[:, :, None, None] / (shape[2] * shape[3]),)


def padded_length_backward(g, saved):
    """Not cropped to the input's length."""
    padded, w = saved
    d = np.zeros_like(padded)
    for k in range(len(w)):
        d[:, k : k + g.shape[1]] += g * w[k]
    dw = np.array([(g * padded[:, k : k + g.shape[1]]).sum() for k in range(len(w))])
    return d, dw


def padded_length_forward(x, w):
    p = np.pad(x, ((0, 0), (len(w) // 2, len(w) // 2)))
    return sliding_window_view(p, len(w), axis=1) @ w, (p, w)


def single_pool_backward(g, saved):
    k, shape = saved
    d = np.zeros((*shape[:-1], shape[-1] // 2, 2), dtype=np.float32)
    np.put_along_axis(d, k, g[..., None], -1)
    return (d.reshape(shape),)


def single_pool_forward(x):
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    return pairs.max(-1), (pairs.argmax(-1)[..., None], x.shape)


def half_attention_backward(g, saved):
    q, k, v, p = (a.astype(np.float32) for a in saved)
    ds = g.astype(np.float32) @ v.T
    ds = p * (ds - (ds * p).sum(1, keepdims=True))
    return tuple(a.astype(float) for a in (ds @ k, ds.T @ q, p.T @ g.astype(np.float32)))


def attention_forward(q, k, v):
    s = q @ k.T
    p = np.exp(s - s.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return p @ v, (q, k, v, p)


def nested_backward(g, saved):
    h, w, y = saved
    d = g * (1 - y * y)
    return (d @ w.T, (h.T @ d, d.sum(0)))


def cell_forward(h, w, b):
    y = np.tanh(h @ w + b)
    return y, (h, w, y)


WRONG = [
    Wrong(
        "divided by the largest value so far: every call moves it",
        op("largest", LARGEST.forward, lambda g, s: (g / s,)),
        (normal((3, 4)), normal((5,))),
        "state",
        "the divisor is a running average over all calls of forward",
    ),
    Wrong(
        "crop: place drawn in backward",
        CROP,
        (normal((6, 7)), normal((5, 5))),
        "random",
        "backward draws the place of the crop instead of remembering it",
        ("state", "shifted", "other place"),
    ),
    Wrong(
        "random features: weights drawn in backward",
        op("features", random_features_forward, random_features_backward),
        (normal((3, 2)), normal((2, 4))),
        "random",
        "backward draws other weights than forward's",
        ("state",),
    ),
    Wrong(
        "max pooling of blocks: strides from the width",
        op("max of blocks", strided_max_forward, strided_max_backward),
        (normal((4, 6)), fortran(6, 4)),
        "input strides",
        "the blocks' strides are those of dense, C-ordered memory",
    ),
    Wrong(
        "weights along memory: order A",
        op("weights", ordered_weights_forward, ordered_weights_backward),
        (normal((3, 4)), fortran(4, 3)),
        "input strides",
        "an array in Fortran order is read column by column, and written row by row",
        ("memory order", "permuted"),
    ),
    Wrong(
        "average of pairs: gradient enlarged by a dense view",
        op("pairs", lambda x: (x.reshape(len(x), -1, 2).mean(-1), x.shape), enlarged_gradient_backward),
        (normal((3, 6)), normal((4, 8))),
        "gradient strides",
        "the view of the gradient takes it for dense memory",
    ),
    Wrong(
        "halved: gradient made writeable",
        op("halve", lambda x: (x * 0.5, x.shape), halved_backward),
        (normal((3, 4)), normal((6,))),
        "changes gradient",
        "backward makes the incoming gradient writeable, and halves it in place",
        ("gradient strides",),
    ),
    Wrong(
        "conv1d with a fixed kernel: windows of the gradient's memory",
        op("conv1d", fixed_conv_forward, windowed_gradient_backward),
        (normal((9,)), normal((12,))),
        "gradient strides",
        "the windows over the gradient take it for dense memory",
    ),
    Wrong(
        "global average: gradient not spread",
        op("global mean", lambda x: (x.mean((2, 3)), x.shape), unspread_backward),
        (normal((2, 3, 2, 4)), normal((1, 2, 3, 3))),
        "shape",
        "the gradient has shape (N, C, 1, 1)",
    ),
    Wrong(
        "conv1d, padded: gradient not cropped",
        op("conv1d", padded_length_forward, padded_length_backward),
        (normal((2, 6), (3,)), normal((3, 5), (5,))),
        "shape",
        "the input's gradient has the padded length",
        ("border",),
    ),
    Wrong(
        "max pooling of pairs: gradient in float32",
        op("max of pairs", single_pool_forward, single_pool_backward),
        (normal((3, 6)), normal((2, 2, 4))),
        "dtype",
        "the gradient is an array of float32",
        ("precision",),
    ),
    Wrong(
        "attention: backward in float32",
        op("attention", attention_forward, half_attention_backward),
        (normal((3, 2), (4, 2), (4, 3)), normal((2, 3), (2, 3), (2, 2))),
        "precision",
        "backward computes in float32 and converts back",
    ),
    Wrong(
        "median of rows: forward returns a list",
        op(
            "median",
            lambda x: [np.median(x, axis=1), x],
            lambda g, x: (g[:, None] * (x == np.median(x, axis=1, keepdims=True)),),
        ),
        (normal((3, 5)), normal((2, 3))),
        "contract",
        "forward returns [output, saved], not a tuple",
    ),
    Wrong(
        "recurrent cell: parameters' gradients in a tuple of their own",
        op("cell", cell_forward, nested_backward),
        (normal((2, 3), (3, 3), (3,)), normal((4, 2), (2, 2), (2,))),
        "contract",
        "backward returns (dh, (dw, db)): two entries for three inputs",
    ),
]
