"""Right pooling, convolutions, attention, embeddings and recurrent cells, written as one writes them every day."""

import numpy as np
from corpus import Right

import minimix as mm
import minimix.functional as F

COMPLEX = ("complex",)  # it compares, or takes maxima


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(s):
    e = np.exp(s)
    return e / e.sum(-1, keepdims=True)


def max_pool_forward(x, k=3, s=2):
    n, c, h, w = x.shape
    y = np.zeros((n, c, (h - k) // s + 1, (w - k) // s + 1))
    for i in range(y.shape[2]):
        for j in range(y.shape[3]):
            y[:, :, i, j] = x[:, :, i * s : i * s + k, j * s : j * s + k].max(axis=(2, 3))
    return y, (x, k, s)


def max_pool_backward(g, saved):
    x, k, s = saved
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(g.shape):
        window = x[n, c, i * s : i * s + k, j * s : j * s + k]
        row, column = np.unravel_index(window.argmax(), window.shape)
        dx[n, c, i * s + row, j * s + column] += g[n, c, i, j]
    return (dx,)


def padded_average_forward(x):
    """Of 2 x 2 pixels, padded in front by one row and one column, which count."""
    n, c, h, w = x.shape
    xp = np.pad(x, ((0, 0), (0, 0), (1, 0), (1, 0)))
    return (xp[:, :, :-1, :-1] + xp[:, :, :-1, 1:] + xp[:, :, 1:, :-1] + xp[:, :, 1:, 1:]) / 4, (n, c, h, w)


def padded_average_backward(g, shape):
    dx = g.copy()
    dx[:, :, :-1] += g[:, :, 1:]
    dx[:, :, :, :-1] += g[:, :, :, 1:]
    dx[:, :, :-1, :-1] += g[:, :, 1:, 1:]
    return (dx / 4,)


def columns_of(x, kh, kw):
    """(N, C, H, W) to (N OH OW, C KH KW)."""
    v = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))
    return v.transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * kh * kw)


def conv2d_forward(x, w, b):
    o, _, kh, kw = w.shape
    n, _, h, v = x.shape
    columns = columns_of(x, kh, kw)
    y = columns @ w.reshape(o, -1).T + b
    return y.reshape(n, h - kh + 1, v - kw + 1, o).transpose(0, 3, 1, 2), (x.shape, columns, w)


def conv2d_backward(g, saved):
    shape, columns, w = saved
    o, c, kh, kw = w.shape
    n, _, oh, ow = g.shape
    rows = g.transpose(0, 2, 3, 1).reshape(-1, o)
    d = (rows @ w.reshape(o, -1)).reshape(n, oh, ow, c, kh, kw)
    dx = np.zeros(shape)
    for i in range(kh):
        for j in range(kw):
            dx[:, :, i : i + oh, j : j + ow] += d[..., i, j].transpose(0, 3, 1, 2)
    return dx, (rows.T @ columns).reshape(w.shape), rows.sum(axis=0)


def depthwise_forward(x, w, d=2):
    """Dilated by 2, same padding, kernels of 3 x 3."""
    h, v = x.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (d, d), (d, d)))
    y = sum(xp[:, :, i * d : i * d + h, j * d : j * d + v] * w[:, i, j, None, None] for i in range(3) for j in range(3))
    return y, (x, xp, w, d)


def depthwise_backward(g, saved):
    """Same padding: x's gradient is forward of the mirrored kernel."""
    _, xp, w, d = saved
    h, v = g.shape[2:]
    dw = np.empty_like(w)
    for i in range(3):
        for j in range(3):
            dw[:, i, j] = np.einsum("nchw,nchw->c", g, xp[:, :, i * d : i * d + h, j * d : j * d + v])
    return depthwise_forward(g, w[:, ::-1, ::-1], d)[0], dw


def transposed_forward(x, w, s=2):
    k = w.shape[2]
    y = np.zeros((len(x), w.shape[1], s * (x.shape[2] - 1) + k))
    for tap in range(k):
        y[:, :, tap : tap + s * (x.shape[2] - 1) + 1 : s] += np.einsum("ncl,co->nol", x, w[:, :, tap])
    return y, (x, w, s)


def transposed_backward(g, saved):
    x, w, s = saved
    length = x.shape[2]
    seen = np.stack([g[:, :, k : k + s * (length - 1) + 1 : s] for k in range(w.shape[2])], axis=-1)
    return np.einsum("nolk,cok->ncl", seen, w), np.einsum("ncl,nolk->cok", x, seen)


def self_attention_forward(x, wq, wk, wv):
    q, k, v = x @ wq, x @ wk, x @ wv
    scale = wq.shape[1] ** -0.5
    p = softmax(q @ k.T * scale)
    mask = np.arange(p.size).reshape(p.shape) % 4 > 0
    return (p * mask) @ v, (x, wq, wk, wv, q, k, v, p, mask, scale)


def self_attention_backward(g, saved):
    x, wq, wk, wv, q, k, v, p, mask, scale = saved
    dp = g @ v.T * mask
    ds = p * (dp - (dp * p).sum(1, keepdims=True)) * scale
    dq, dk, dv = ds @ k, ds.T @ q, (p * mask).T @ g
    return dq @ wq.T + dk @ wk.T + dv @ wv.T, x.T @ dq, x.T @ dk, x.T @ dv


def embedding_and_positions(w, p):
    words = np.array([[0, 2, 2], [1, 0, 2]])

    def backward(g, w):
        dw = np.zeros_like(w)
        for sentence, row in zip(words, g, strict=True):
            for word, d in zip(sentence, row, strict=True):
                dw[word] += d
        return dw, g.sum(axis=0)

    return op("embedding", lambda w, p: (w[words] + p, w), backward)(w, p)


def excite_forward(x, w1, w2):
    z = x.mean((2, 3))
    h = np.maximum(z @ w1, 0)
    s = sigmoid(h @ w2)
    return x * s[..., None, None], (x, z, h, s, w1, w2)


def excite_backward(g, saved):
    x, z, h, s, w1, w2 = saved
    da = np.einsum("nchw,nchw->nc", g, x) * s * (1 - s)
    dh = da @ w2.T
    dh[h == 0] = 0
    dz = dh @ w1.T / (x.shape[2] * x.shape[3])
    return g * s[..., None, None] + dz[..., None, None], z.T @ dh, h.T @ da


def lstm_forward(a, c):
    i, f, o, n = np.split(a, 4, axis=1)
    i, f, o, n = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(n)
    t = np.tanh(f * c + i * n)
    return o * t, (i, f, o, n, c, t)


def lstm_backward(g, saved):
    i, f, o, n, c, t = saved
    dc = g * o * (1 - t**2)
    gates = [dc * n * i * (1 - i), dc * c * f * (1 - f), g * t * o * (1 - o), dc * i * (1 - n**2)]
    return np.concatenate(gates, axis=1), dc * f


def lstm_cell(x, h, c, wx, wh):
    return op("lstm", lstm_forward, lstm_backward)(x @ wx + h @ wh, c)


def broadcast_product_backward(g, saved):
    a, b = saved
    da, db = g * b, g * a
    while da.ndim > a.ndim:
        da = da.sum(0)
    while db.ndim > b.ndim:
        db = db.sum(0)
    for axis in range(a.ndim):
        if a.shape[axis] == 1:
            da = da.sum(axis, keepdims=True)
    for axis in range(b.ndim):
        if b.shape[axis] == 1:
            db = db.sum(axis, keepdims=True)
    return da, db


def mixed(x, w3, w5):
    """The library's mixed convolution behind an op that puts the channels into another order, and back."""
    shuffle = op("shuffle", lambda x: (x[:, ::-1], None), lambda g, _: (g[:, ::-1],))
    return shuffle(F.mixconv2d(shuffle(x), [w3, w5]))


RIGHT = [
    Right(
        "max pooling, overlapping, by loops and unravelled places",
        op("max_pool", max_pool_forward, max_pool_backward),
        (normal((2, 2, 5, 5)), normal((1, 3, 4, 7))),
        COMPLEX,
    ),
    Right(
        "average pooling, padded in front: four shifted sums",
        op("average_pool", padded_average_forward, padded_average_backward),
        (normal((2, 2, 4, 4)), normal((1, 3, 1, 5))),
    ),
    Right(
        "conv2d by columns, biased",
        op("conv2d", conv2d_forward, conv2d_backward),
        (normal((2, 2, 4, 4), (3, 2, 2, 2), (3,)), normal((1, 3, 5, 3), (2, 3, 3, 2), (2,))),
    ),
    Right(
        "dilated depthwise conv2d: forward of the mirrored kernel",
        op("depthwise", depthwise_forward, depthwise_backward),
        (normal((2, 2, 4, 4), (2, 3, 3)), normal((1, 3, 3, 5), (3, 3, 3))),
    ),
    Right(
        "transposed conv1d of stride 2: tap by tap",
        op("transposed_conv1d", transposed_forward, transposed_backward),
        (normal((2, 3, 4), (3, 2, 3)), normal((1, 2, 1), (2, 4, 2))),
        COMPLEX,
    ),
    Right(
        "self-attention with a mask of dropped weights: three paths",
        op("self_attention", self_attention_forward, self_attention_backward),
        (normal((4, 3), (3, 2), (3, 2), (3, 3)), normal((3, 3), (3, 3), (3, 3), (3, 3))),
    ),
    Right(
        "words and positions by loops: dw[word] +=", embedding_and_positions, (normal((3, 2), (3, 2)), normal((5, 3), (3, 3)))
    ),
    Right(
        "squeeze-and-excite: dh[h == 0] = 0",
        op("excite", excite_forward, excite_backward),
        (normal((2, 3, 3, 3), (3, 4), (4, 3)), normal((3, 3, 2, 4), (3, 3), (3, 3))),
        COMPLEX,
    ),
    Right(
        "LSTM cell, its sums by the library",
        lstm_cell,
        (normal((3, 2), (3, 3), (3, 3), (2, 12), (3, 12)), normal((2, 2), (2, 2), (2, 2), (2, 8), (2, 8))),
    ),
    Right(
        "product, any broadcasting: leading axes, then axes of length 1",
        op("mul", lambda a, b: (a * b, (a, b)), broadcast_product_backward),
        (normal((2, 3, 4), (3, 1)), normal((1, 4), (3, 3, 4)), normal((), (2, 2)), normal((2, 1, 3), (1, 2, 1))),
    ),
    Right(
        "mixed convolution between two mirrored orders of channels",
        mixed,
        (normal((1, 4, 4, 4), (2, 1, 3, 3), (2, 1, 5, 5)), normal((2, 2, 3, 5), (1, 1, 3, 3), (1, 1, 5, 5))),
    ),
]
