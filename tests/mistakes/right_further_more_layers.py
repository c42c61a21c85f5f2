"""Layers that are right, however awkward: convolutions, pooling, resizing, attention and recurrences."""

import numpy as np
from corpus import Right
from numpy.lib.stride_tricks import as_strided, sliding_window_view

import minimix as mm
import minimix.functional as F

COMPLEX = ("complex",)  # not analytic there, or NumPy has no such function of complex numbers


def op(name, forward, backward, selective=False):
    return lambda *x: mm.apply(mm.Op(name, forward, backward, selective=selective), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def columns_index(c, h, w, k):
    """Flat places in a picture of all (place, tap) pairs."""
    top = (np.arange(h - k + 1)[:, None] * w + np.arange(w - k + 1)).ravel()
    tap = (np.arange(c)[:, None, None] * h * w + np.arange(k)[:, None] * w + np.arange(k)).ravel()
    return top[:, None] + tap


def by_columns_forward(x, w):
    n, c, h, v = x.shape
    index = columns_index(c, h, v, w.shape[2])
    columns = x.reshape(n, -1)[:, index]
    y = columns @ w.reshape(len(w), -1).T
    return y.transpose(0, 2, 1).reshape(n, len(w), h - w.shape[2] + 1, -1), (columns, index, w, x.shape)


def by_columns_backward(g, saved, needed):
    columns, index, w, shape = saved
    flat = g.reshape(*g.shape[:2], -1)
    dx = dw = None
    if needed[0]:
        d = np.einsum("nop,ok->npk", flat, w.reshape(len(w), -1))
        dx = np.zeros((shape[0], shape[1] * shape[2] * shape[3]))
        for n in range(shape[0]):
            np.add.at(dx[n], index, d[n])
        dx = dx.reshape(shape)
    if needed[1]:
        dw = np.einsum("nop,npk->ok", flat, columns).reshape(w.shape)
    return dx, dw


def sparse_forward(x, w):
    """Stride 4 with 2 x 2 taps: half of the rows and columns are never seen."""
    view = sliding_window_view(x, w.shape, axis=(1, 2))[:, ::4, ::4]
    return np.einsum("nhwij,ij->nhw", view, w), (view, w, x.shape)


def sparse_backward(g, saved):
    view, w, shape = saved
    dx = np.zeros(shape)
    n, h, v = g.shape
    s = dx.strides
    blocks = as_strided(dx, (n, h, v, 2, 2), (s[0], 4 * s[1], 4 * s[2], s[1], s[2]))
    blocks += g[..., None, None] * w
    return dx, np.einsum("nhw,nhwij->ij", g, view)


def embedded_forward(x, a, b):
    """MixConv as one depthwise convolution: 1 x 1 and 3 x 3 taps inside 5 x 5 ones."""
    w = np.zeros((len(a) + len(b), 5, 5), np.result_type(a, b))
    w[: len(a), 2:3, 2:3], w[len(a) :, 1:4, 1:4] = a, b
    p = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))
    view = sliding_window_view(p, (5, 5), axis=(2, 3))
    return np.einsum("nchwij,cij->nchw", view, w), (view, w, len(a))


def embedded_backward(g, saved):
    view, w, n = saved
    p = np.pad(g, ((0, 0), (0, 0), (2, 2), (2, 2)))
    dx = np.einsum("nchwij,cij->nchw", sliding_window_view(p, (5, 5), axis=(2, 3)), w[:, ::-1, ::-1])
    dw = np.einsum("nchw,nchwij->cij", g, view)
    return dx, dw[:n, 2:3, 2:3], dw[n:, 1:4, 1:4]


def fft2_forward(x, w):
    """Cyclic convolution of pictures (H, W) with a small kernel (its first taps of a large one)."""
    fx, fw = np.fft.rfft2(x), np.fft.rfft2(w, x.shape)
    return np.fft.irfft2(fx * fw, x.shape), (fx, fw, x.shape, w.shape)


def fft2_backward(g, saved):
    fx, fw, shape, kernel = saved
    fg = np.fft.rfft2(g)
    dw = np.fft.irfft2(fg * fx.conj(), shape)[: kernel[0], : kernel[1]]
    return np.fft.irfft2(fg * fw.conj(), shape), dw


def transposed_forward(x, w):
    """Stride 3 with 2 taps: every third output is zero whatever comes."""
    n, length = x.shape
    y = np.zeros((n, length, 3), np.result_type(x, w))
    y[..., :2] = x[..., None] * w
    return y.reshape(n, -1), (x, w)


def transposed_backward(g, saved):
    x, w = saved
    g = g.reshape(*x.shape, 3)[..., :2]
    return g @ w, np.einsum("nlk,nl->k", g, x)


def bins(size, n):
    matrix = np.zeros((n, size))
    for i in range(n):
        a, b = i * size // n, -(-(i + 1) * size // n)
        matrix[i, a:b] = 1 / (b - a)
    return matrix


def adaptive_forward(x):
    rows, columns = bins(x.shape[1], 3), bins(x.shape[2], 2)
    return rows @ x @ columns.T, (rows, columns)


def padded_max_forward(x):
    """3 windows of 3 places every second, -inf around."""
    p = np.pad(x, ((0, 0), (1, 1)), constant_values=-np.inf)
    windows = sliding_window_view(p, 3, axis=1)[:, ::2]
    place = windows.argmax(2) + 2 * np.arange(windows.shape[1]) - 1
    return np.take_along_axis(x, place, 1), (place, x.shape)


def padded_max_backward(g, saved):
    place, shape = saved
    flat = (place + np.arange(shape[0])[:, None] * shape[1]).ravel()
    return (np.bincount(flat, weights=g.ravel(), minlength=shape[0] * shape[1]).reshape(shape),)


def folded_forward(x):
    """Reflected by two on every side, by indices."""
    index = [np.pad(np.arange(n), 2, mode="reflect") for n in x.shape[-2:]]
    return x[..., index[0][:, None], index[1]], (index, x.shape)


def folded_backward(g, saved):
    (rows, columns), shape = saved
    fold = np.zeros((shape[-2], len(rows)))
    fold[rows, np.arange(len(rows))] = 1
    side = np.eye(shape[-1])[columns]
    return (fold @ g @ side,)


def half_pixel(n, m):
    place = np.clip((np.arange(m) + 0.5) * n / m - 0.5, 0, n - 1)
    low = np.minimum(place.astype(int), n - 2)
    matrix = np.zeros((m, n))
    matrix[np.arange(m), low] = 1 - (place - low)
    matrix[np.arange(m), low + 1] += place - low
    return matrix


def resize_forward(x):
    rows, columns = half_pixel(x.shape[0], 7), half_pixel(x.shape[1], 2)
    return rows @ x @ columns.T, (rows, columns)


def visible(s):
    """Keys of each query; the last query sees none."""
    t = s.shape[-1]
    mask = np.tri(t, dtype=bool)
    mask[-1] = False
    return mask


def masked_softmax_forward(s):
    mask = visible(s)
    e = np.where(mask, np.exp(s - s.max(-1, keepdims=True)), 0)
    total = e.sum(-1, keepdims=True)
    p = np.divide(e, total, out=np.zeros_like(e), where=total > 0)
    return p, p


def by_blocks_forward(q, k, v):
    """Attention two keys at a time, with running maximum and sum."""
    top, total, out = np.full((len(q), 1), -np.inf), np.zeros((len(q), 1)), np.zeros((len(q), v.shape[1]))
    for i in range(0, len(k), 2):
        s = q @ k[i : i + 2].T
        new = np.maximum(top, s.max(1, keepdims=True))
        e = np.exp(s - new)
        shrink = np.exp(top - new)
        total, out, top = total * shrink + e.sum(1, keepdims=True), out * shrink + e @ v[i : i + 2], new
    y = out / total
    return y, (q, k, v, top + np.log(total), y)


def by_blocks_backward(g, saved):
    q, k, v, logs, y = saved
    dq, dk, dv = np.zeros_like(q), np.empty_like(k), np.empty_like(v)
    own = (g * y).sum(1, keepdims=True)
    for i in range(0, len(k), 2):
        b = slice(i, i + 2)
        p = np.exp(q @ k[b].T - logs)
        ds = p * (g @ v[b].T - own)
        dv[b], dk[b] = p.T @ g, ds.T @ q
        dq += ds @ k[b]
    return dq, dk, dv


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def states(x, w):
    h, out = np.zeros(x.shape[1:]), []
    for step in x:
        z = sigmoid(step + h @ w)
        h = (1 - z) * h + z * np.tanh(step)
        out.append(h)
    return np.stack(out)


def recomputed_backward(g, saved):
    x, w = saved
    hs = np.concatenate([np.zeros_like(x[:1]), states(x, w)])
    dx, dw, back = np.zeros_like(x), np.zeros_like(w), np.zeros_like(x[0])
    for t in range(len(x) - 1, -1, -1):
        d = g[t] + back
        z, c = sigmoid(x[t] + hs[t] @ w), np.tanh(x[t])
        dz = d * (c - hs[t]) * z * (1 - z)
        dx[t] = dz + d * z * (1 - c * c)
        dw += hs[t].T @ dz
        back = d * (1 - z) + dz @ w.T
    return dx, dw


def excite(x, w1, w2):
    """Gates that are shut but for a part in 10^6."""
    gate = F.sigmoid(F.linear(F.relu(F.linear(x.mean((2, 3)), w1)), w2) - 14.0)
    return x * F.reshape(gate, *gate.shape, 1, 1)


def rotary(x):
    """Pairs of channels as complex numbers, turned by their step."""

    def angles(n, c):
        return np.exp(1j * np.arange(n)[:, None] / 10.0 ** (np.arange(c // 2)))

    def turn(x, factor):
        return np.ascontiguousarray(np.ascontiguousarray(x).view(complex) * factor).view(float)

    def forward(x):
        return turn(x, angles(*x.shape)), None

    return op("rotary", forward, lambda g, _: (turn(g, angles(*g.shape).conj()),))(x)


def scan_views_forward(x):
    """Sums from both ends, the second over a mirrored view."""
    return np.stack([np.cumsum(x, axis=0), np.cumsum(x[::-1], axis=0)[::-1]]), None


def scan_views_backward(g, _):
    return (np.cumsum(g[0][::-1], axis=0)[::-1] + np.cumsum(g[1], axis=0),)


def bag_forward(w, ids):
    """Sums of rows; bag 1 is empty, number 0 is padding."""
    bag = np.arange(len(ids)) % 3
    bag = np.where(bag == 1, 2, bag)
    m = np.zeros((3, len(w)))
    np.add.at(m, (bag, ids), (ids != 0).astype(float))
    return m @ w, m


RIGHT = [
    Right(
        "conv2d by flat places, selective",
        op("conv2d", by_columns_forward, by_columns_backward, selective=True),
        (normal((2, 1, 4, 5), (2, 1, 3, 3)), normal((1, 2, 3, 3), (2, 2, 2, 2))),
    ),
    Right(
        "conv2d of stride 4, 2 x 2 taps: unseen pixels",
        op("sparse conv2d", sparse_forward, sparse_backward),
        (normal((1, 6, 7), (2, 2)), normal((2, 2, 6), (2, 2))),
    ),
    Right(
        "MixConv inside one large kernel",
        op("MixConv", embedded_forward, embedded_backward),
        (normal((1, 2, 3, 4), (1, 1, 1), (1, 3, 3)), normal((2, 3, 2, 2), (1, 1, 1), (2, 3, 3))),
    ),
    Right(
        "cyclic conv2d by FFT, odd and even",
        op("FFT conv2d", fft2_forward, fft2_backward),
        (normal((4, 5), (3, 2)), normal((5, 4), (1, 3)), normal((2, 2), (2, 2))),
        COMPLEX,
    ),
    Right(
        "transposed conv1d with gaps: zeros in between",
        op("transposed conv1d", transposed_forward, transposed_backward),
        (normal((2, 4), (2,)), normal((1, 2), (2,))),
    ),
    Right(
        "adaptive average pooling by matrices, overlapping",
        op("adaptive", adaptive_forward, lambda g, s: (s[0].T @ g @ s[1],)),
        (normal((2, 5, 3)), normal((1, 4, 7))),
    ),
    Right(
        "padded max pooling by bincount",
        op("max pooling", padded_max_forward, padded_max_backward),
        (normal((3, 6)), normal((2, 9)), lambda rng: [rng.standard_normal((2, 5)) - 100]),
        COMPLEX,
    ),
    Right(
        "reflected by two, folded by matrices",
        op("reflect", folded_forward, folded_backward),
        (normal((2, 3, 4)), normal((5, 3))),
    ),
    Right(
        "resize up along rows, down along columns",
        op("resize", resize_forward, lambda g, s: (s[0].T @ g @ s[1],)),
        (normal((3, 5)), normal((2, 8))),
    ),
    Right(
        "causal softmax, one query sees nothing",
        op("masked softmax", masked_softmax_forward, lambda g, p: (p * (g - (g * p).sum(-1, keepdims=True)),)),
        (normal((4, 4)), normal((2, 3, 3))),
        COMPLEX,
    ),
    Right(
        "attention by blocks of keys",
        op("block attention", by_blocks_forward, by_blocks_backward),
        (
            normal((3, 2), (5, 2), (5, 3)),
            normal((2, 2), (2, 2), (2, 2)),
            lambda rng: [10 * rng.standard_normal((3, 2)), rng.standard_normal((4, 2)), rng.standard_normal((4, 2))],
        ),
        COMPLEX,
    ),
    Right(
        "gated recurrence, states computed again",
        op("recurrence", lambda x, w: (states(x, w), (x, w)), recomputed_backward),
        (normal((4, 2, 2), (2, 2)), normal((7, 1, 3), (3, 3))),
    ),
    Right(
        "squeeze-and-excite, nearly shut",
        excite,
        (normal((2, 3, 2, 2), (4, 3), (3, 4)), normal((1, 2, 3, 1), (3, 2), (2, 3))),
        COMPLEX,
    ),
    Right("rotary positions by complex numbers", rotary, (normal((4, 4)), normal((3, 2))), COMPLEX),
    Right(
        "sums from both ends, over views",
        op("two sums", scan_views_forward, scan_views_backward),
        (normal((5, 2)), normal((6,))),
    ),
    Right(
        "bags of words, one empty, one of padding",
        op("bags", bag_forward, lambda g, m: (m.T @ g, None)),
        (
            lambda rng: [rng.standard_normal((4, 2)), np.array([1, 3, 3, 1, 0])],
            lambda rng: [rng.standard_normal((3, 3)), np.array([0, 0])],
        ),
    ),
]
