"""Recurrent layers and their cells, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def forget_forward(z, f):
    """h = f h + (1 - f) z"""
    h = np.zeros((len(z) + 1, *z.shape[1:]))
    for t in range(len(z)):
        h[t + 1] = sigmoid(f[t]) * h[t] + (1 - sigmoid(f[t])) * z[t]
    return h[1:].copy(), (z, sigmoid(f), h)


def forget_backward(g, saved):
    z, f, h = saved
    dz, df, dh = np.zeros_like(z), np.zeros_like(z), 0
    for t in reversed(range(len(z))):
        dh = dh + g[t]
        dz[t] = dh * (1 - f[t])
        df[t] = dh * (h[t] - z[t]) * f[t] * (1 - f[t])
        dh = dh * (1 - f[t])
    return dz, df


def rnn_forward(x, w):
    """h = tanh(h w + x), all states returned; x: (T, D)."""
    h = np.zeros((len(x) + 1, x.shape[1]))
    for t in range(len(x)):
        h[t + 1] = np.tanh(h[t] @ w + x[t])
    return h[1:].copy(), (h, w)


def truncated_backward(g, saved):
    h, w = saved
    dx, dw = np.zeros_like(g), np.zeros_like(w)
    for end in range(len(g)):
        dh = g[end]
        for t in range(end, max(end - 2, -1), -1):
            dz = dh * (1 - h[t + 1] ** 2)
            dx[t] += dz
            dw += np.outer(h[t], dz)
            dh = dz @ w.T
    return dx, dw


def rnn_in_gradient_backward(g, saved):
    h, w = saved
    dw = np.zeros_like(w)
    for t in reversed(range(len(g))):
        g[t] *= 1 - h[t + 1] ** 2
        dw += np.outer(h[t], g[t])
        if t:
            g[t - 1] += g[t] @ w.T
    return g.copy(), dw


def rnn_popped_backward(g, saved):
    h, w = saved
    dx, dw, dh = np.zeros_like(g), np.zeros_like(w), 0
    for t in reversed(range(len(g))):
        dz = (g[t] + dh) * (1 - h.pop() ** 2)
        dx[t], dh = dz, dz @ w.T
        dw += np.outer(h[-1], dz)
    return dx, dw


def rnn_popped_forward(x, w):
    y, (h, _) = rnn_forward(x, w)
    return y, (list(h), w)


def both_ways_forward(x, w):
    there, s = rnn_forward(x, w)
    back, r = rnn_forward(x[::-1], w)
    return np.concatenate([there, back[::-1]], axis=1), (s, r)


def rnn_backward(g, saved):
    h, w = saved
    dx, dw, dh = np.zeros_like(g), np.zeros_like(w), 0
    for t in reversed(range(len(g))):
        dx[t] = (g[t] + dh) * (1 - h[t + 1] ** 2)
        dw += np.outer(h[t], dx[t])
        dh = dx[t] @ w.T
    return dx, dw


def both_ways_backward(g, saved):
    there, back = np.split(g, 2, axis=1)
    dx, dw = rnn_backward(there, saved[0])
    dx_back, _ = rnn_backward(back[::-1], saved[1])
    return dx + dx_back[::-1], dw


def coupled_forward(c, f, z):
    """A cell whose input gate is one minus its forget gate."""
    s, u = sigmoid(f), np.tanh(z)
    return s * c + (1 - s) * u, (c, s, u)


def coupled_backward(g, saved):
    c, s, u = saved
    return g * s, g * c * s * (1 - s), g * (1 - s) * (1 - u**2)


def coupled_steps(c, f, z):
    """Three steps of it, with right ops around."""
    cell = op("cell", coupled_forward, coupled_backward)
    for _ in range(3):
        c = cell(c, f, z + F.tanh(c))
    return c


def start_state_backward(g, saved):
    h, x, w = saved
    dz = g * (1 - np.tanh(h @ w + x) ** 2)
    return (dz @ w.T)[-1], dz, np.einsum("d,ne->de", h, dz)


KEPT = np.random.default_rng(8).random(200) < 0.5


def zoneout_forward(h, new):
    kept = KEPT[: h.size].reshape(h.shape)
    return np.where(kept, h, np.tanh(new)), (kept, new)


def zoneout_backward(g, saved):
    kept, new = saved
    return g * ~kept, g * kept * (1 - np.tanh(new) ** 2)


def three_gradients_missing(g, saved):
    return coupled_backward(g, saved)[:2]


WRONG = [
    Wrong(
        "forget gate: the state passed on by its complement",
        op("forget", forget_forward, forget_backward),
        (normal((4, 3), (4, 3)), normal((2, 2), (2, 2)), normal(8, 8)),
        "wrong formula",
        "the state's gradient goes on with 1 - f, the factor of the candidate, in place of f",
        ("chain factor",),
    ),
    Wrong(
        "RNN: gradient through two steps only",
        op("rnn", rnn_forward, truncated_backward),
        (normal((6, 3), (3, 3)), normal((4, 2), (2, 2)), normal((9, 1), (1, 1))),
        "left out",
        "truncated backpropagation: what reaches further back than two steps is cut off",
        ("term missing", "not summed", "approximate"),
    ),
    Wrong(
        "RNN: summed up in the incoming gradient",
        op("rnn", rnn_forward, rnn_in_gradient_backward),
        (normal((5, 3), (3, 3)), normal((3, 2), (2, 2))),
        "changes gradient",
        "g[t] and g[t - 1] are written into on the way back",
    ),
    Wrong(
        "RNN: states popped",
        op("rnn", rnn_popped_forward, rnn_popped_backward),
        (normal((5, 3), (3, 3)), normal((3, 2), (2, 2))),
        "changes saved",
        "the saved list of states is emptied by the first backward pass",
        ("state",),
    ),
    Wrong(
        "RNN both ways with one weight: the way back",
        op("both ways", both_ways_forward, both_ways_backward),
        (normal((4, 3), (3, 3)), normal((3, 2), (2, 2)), normal((6, 1), (1, 1))),
        "term missing",
        "the weight serves both directions, and gets the gradient of one",
        ("not summed",),
    ),
    Wrong(
        "coupled gates in three steps: candidate in the gate's gradient",
        coupled_steps,
        (normal((2, 3), (2, 3), (2, 3)), normal(4, 4, 4), normal((3, 3), (3, 3), (3, 3))),
        "term missing",
        "the gate scales the candidate by 1 - f, too: g c stands for g (c - u)",
    ),
    Wrong(
        "RNN cell: learned start of the last sample",
        op("cell", lambda h, x, w: (np.tanh(h @ w + x), (h, x, w)), start_state_backward),
        (normal(3, (4, 3), (3, 3)), normal(2, (2, 2), (2, 2)), normal(4, (6, 2), (4, 2))),
        "not summed",
        "one start state serves all samples, its gradient is the last sample's",
        ("left out", "overwritten"),
    ),
    Wrong(
        "zoneout: kept for new",
        op("zoneout", zoneout_forward, zoneout_backward),
        (normal((3, 4), (3, 4)), normal((5, 5), (5, 5)), normal(20, 20)),
        "inverted mask",
        "the old state gets a gradient where it was replaced, the new one where it was not taken",
    ),
    Wrong(
        "coupled cell: none for the candidate",
        op("cell", coupled_forward, three_gradients_missing),
        (normal((2, 3), (2, 3), (2, 3)), normal(4, 4, 4)),
        "contract",
        "three inputs, two gradients",
    ),
]
