"""Squeeze-and-excite, dropout, residual and recurrent layers, with one slip in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# squeeze-and-excite: x (N, C, H, W), w1 (C, R), w2 (R, C)


def excite_forward(x, w1, w2):
    z = x.mean(axis=(2, 3))
    h = np.maximum(z @ w1, 0)
    s = sigmoid(h @ w2)
    return x * s[:, :, None, None], (x, z, h, s, w1, w2)


def excite(g, saved, mask=True, slope=True, direct=True):
    x, z, h, s, w1, w2 = saved
    ds = (g * x).sum(axis=(2, 3))
    da = ds * s * (1 - s) if slope else ds
    dh = da @ w2.T
    if mask:
        dh = dh * (h > 0)
    dx = (dh @ w1.T)[:, :, None, None] / (x.shape[2] * x.shape[3])
    dx = dx + g * s[:, :, None, None] if direct else np.ones(x.shape) * dx
    return dx, z.T @ dh, h.T @ da


# dropout with given masks


def kept(shape):
    return np.arange(np.prod(shape)).reshape(shape) % 4 > 0


def dropped_linear(x, w):
    def forward(x, w):
        return (x * kept(x.shape) / 0.75) @ w, (x, w)

    def backward(g, saved):
        x, w = saved
        return g @ w.T * kept(x.shape) / 0.75, x.T @ g

    return op("dropped_linear", forward, backward)(x, w)


def dropout_in_place(x):
    def forward(x):
        mask = kept(x.shape) / 0.75
        x *= mask
        return x, mask

    return op("dropout", forward, lambda g, mask: (g * mask,))(x)


def dropped_channels(x):
    """The mask (N, C) is drawn for whole channels; forward divides by what is kept."""
    mask = np.arange(x.shape[0] * x.shape[1]).reshape(x.shape[:2]) % 3 > 0
    forward = lambda x: (x * mask[:, :, None] / 0.6, None)  # noqa: E731
    return op("dropout1d", forward, lambda g, _: (g * mask[:, :, None] * 0.6,))(x)


# recurrent layers: x (T, N, D), wx (D, H), wh (H, H), b (H,)


def rnn_forward(x, wx, wh, b):
    h = np.zeros((len(x) + 1, x.shape[1], len(b)))
    for t in range(len(x)):
        h[t + 1] = np.tanh(x[t] @ wx + h[t] @ wh + b)
    return h[1:].copy(), (x, wx, wh, h)


def rnn(carry=True, bias_assigned=False):
    def backward(g, saved):
        x, wx, wh, h = saved
        dx, dwx, dwh, db = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros(len(wh))
        dh = np.zeros(g.shape[1:])
        for t in reversed(range(len(x))):
            da = (g[t] + dh) * (1 - h[t + 1] ** 2)
            dx[t] = da @ wx.T
            dwx += x[t].T @ da
            dwh += h[t].T @ da
            db = da.sum(0) if bias_assigned else db + da.sum(0)
            dh = da @ wh.T if carry else dh
        return dx, dwx, dwh, db

    return op("rnn", rnn_forward, backward)


def rnn_shared_state(x, wx, wh):
    """States are kept in a list, but h is one array that every step writes into."""

    def forward(x, wx, wh):
        h = np.zeros((x.shape[1], len(wh)))
        states = [np.zeros_like(h)]
        for step in x:
            h[:] = np.tanh(step @ wx + h @ wh)
            states.append(h)
        return h.copy(), (x, wx, wh, states)

    def backward(g, saved):
        x, wx, wh, states = saved
        dx, dwx, dwh = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh)
        for t in reversed(range(len(x))):
            da = g * (1 - states[t + 1] ** 2)
            dx[t], dwx, dwh = da @ wx.T, dwx + x[t].T @ da, dwh + states[t].T @ da
            g = da @ wh.T
        return dx, dwx, dwh

    return op("rnn", forward, backward)(x, wx, wh)


def rnn_cell_backward(g, saved):
    x, h, wx, wh, a = saved
    da = g * (1 - a**2)
    return da @ wx.T, da @ wh.T, x.T @ da, h.T @ da


def rnn_cell_forward(x, h, wx, wh):
    a = x @ wx + h @ wh
    return np.tanh(a), (x, h, wx, wh, a)


def lstm_cell_forward(a, c):
    """Sums of the gates a (N, 4 H) in the order i, f, o, candidate, and the old cell c (N, H), to the new cell."""
    i, f, _, n = np.split(a, 4, axis=1)
    i, f, n = sigmoid(i), sigmoid(f), np.tanh(n)
    return f * c + i * n, (i, f, n, c)


def lstm_cell_backward(g, saved):
    i, f, n, c = saved
    di, df, dn = g * n * i * (1 - i), g * c * f * (1 - f), g * i * n * (1 - n)
    return np.concatenate([di, df, np.zeros_like(di), dn], axis=1), g * f


def gru_forward(z, n, h):
    return (1 - z) * n + z * h, (z, n, h)


def gru_backward(g, saved):
    z, n, h = saved
    return g * (h + n), g * (1 - z), g * z


def gru_mix(a, n, h):
    return op("gru", gru_forward, gru_backward)(F.sigmoid(a), F.tanh(n), h)


WRONG = [
    Wrong(
        "squeeze-and-excite: direct path",
        op("excite", excite_forward, lambda g, saved: excite(g, saved, direct=False)),
        (normal((2, 3, 3, 3), (3, 4), (4, 3)), normal((3, 3, 2, 4), (3, 3), (3, 3))),
        "term missing",
        "x's gradient comes through the gates alone; g s is not added",
    ),
    Wrong(
        "squeeze-and-excite: hidden relu unmasked",
        op("excite", excite_forward, lambda g, saved: excite(g, saved, mask=False)),
        (normal((2, 4, 2, 2), (4, 5), (5, 4), scale=2.0), normal((4, 3, 3, 2), (3, 6), (6, 3), scale=2.0)),
        "no mask",
        "the gates' gradient passes hidden units that are off",
    ),
    Wrong(
        "squeeze-and-excite: sigmoid's derivative",
        op("excite", excite_forward, lambda g, saved: excite(g, saved, slope=False)),
        (normal((2, 3, 3, 3), (3, 4), (4, 3)), normal((3, 3, 2, 4), (3, 3), (3, 3))),
        "chain factor",
        "s (1 - s) is forgotten behind the gates",
    ),
    Wrong(
        "dropped inputs, linear: weight learns from dropped inputs",
        dropped_linear,
        (normal((3, 4), (4, 2)), normal((4, 6), (6, 3)), normal((5, 5), (5, 5))),
        "no mask",
        "the weight's gradient takes x before the mask (and before 1 / keep)",
        ("scale", "chain factor", "wrong point"),
    ),
    Wrong(
        "dropout: x *= mask",
        dropout_in_place,
        (normal((3, 4)), normal((9,))),
        "changes input",
        "forward multiplies its input in place, and returns it",
        ("aliased",),
    ),
    Wrong(
        "dropped channels: times what is kept",
        dropped_channels,
        (normal((2, 3, 4)), normal((4, 2, 3)), normal((3, 3, 3))),
        "factor",
        "forward divides by 0.6, backward multiplies by it",
        ("wrong formula", "wrong constant"),
    ),
    Wrong(
        "RNN: nothing is carried from step to step",
        rnn(carry=False),
        (
            normal((3, 2, 2), (2, 3), (3, 3), (3,)),
            normal((4, 3, 3), (3, 3), (3, 3), (3,)),
            normal((2, 1, 4), (4, 2), (2, 2), (2,)),
        ),
        "term missing",
        "dh stays zero: each step sees the gradient of its own output only",
        ("not summed",),
    ),
    Wrong(
        "RNN: db = da.sum(0)",
        rnn(bias_assigned=True),
        (
            normal((3, 2, 2), (2, 3), (3, 3), (3,)),
            normal((4, 3, 3), (3, 3), (3, 3), (3,)),
            normal((2, 1, 4), (4, 2), (2, 2), (2,)),
        ),
        "overwritten",
        "the bias keeps the gradient of the first step alone, where that of all steps adds up",
        ("not summed",),
    ),
    Wrong(
        "RNN: one array in all places of the list of states",
        rnn_shared_state,
        (normal((3, 2, 2), (2, 3), (3, 3)), normal((4, 3, 3), (3, 3), (3, 3))),
        "wrong point",
        "h[:] = writes into the array that the list holds: backward finds the last state at every step",
        ("aliased", "changes saved", "overwritten"),
    ),
    Wrong(
        "RNN cell: 1 - a^2 of the sum before tanh",
        op("rnn_cell", rnn_cell_forward, rnn_cell_backward),
        (normal((3, 2), (3, 4), (2, 4), (4, 4)), normal((3, 3), (3, 3), (3, 3), (3, 3))),
        "wrong point",
        "1 - y^2 is written with what goes into tanh",
        ("wrong formula",),
    ),
    Wrong(
        "LSTM's new cell: candidate with the sigmoid's derivative",
        op("lstm_cell", lstm_cell_forward, lstm_cell_backward),
        (normal((3, 8), (3, 2)), normal((4, 4), (4, 1)), normal((2, 12), (2, 3))),
        "wrong formula",
        "the candidate is a tanh, and gets n (1 - n) for 1 - n^2",
        ("chain factor",),
    ),
    Wrong(
        "GRU's mixing: h + n for h - n",
        gru_mix,
        (normal((3, 4), (3, 4), (3, 4)), normal((2, 2), (2, 2), (2, 2)), normal((5,), (5,), (5,))),
        "sign of a term",
        "the gate z multiplies h - n",
    ),
]
