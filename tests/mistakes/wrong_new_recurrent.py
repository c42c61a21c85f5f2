"""Recurrent cells, filters, steps of time and scans, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_forward(x, c, w):
    """One step: x (N, D) with all it needs, c (N, H), w (D, 4 H); gates i, f, g, o. The new state alone comes out."""
    i, f, g, o = np.split(x @ w, 4, axis=1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    t = np.tanh(f * c + i * g)
    return o * t, (x, c, w, i, f, g, o, t)


def lstm_output_gate_backward(dh, saved):
    x, c, w, i, f, g, o, t = saved
    dc = dh * o * (1 - t * t)
    d = np.concatenate([dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * t * o], axis=1)
    return d @ w.T, dc * f, x.T @ d


def lstm_series_forward(x, w):
    """Steps of x (T, N, 4 H), added to h w, w (H, 4 H); all states come out."""
    steps, n, h4 = x.shape
    h = c = np.zeros((n, h4 // 4))
    hs, saved = [], []
    for t in range(steps):
        i, f, g, o = np.split(x[t] + h @ w, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        before = (h, c)
        c = f * c + i * g
        h = o * np.tanh(c)
        hs.append(h)
        saved.append((*before, c, i, f, g, o))
    return np.stack(hs), (saved, w, x.shape)


def lstm_series_backward(grad, saved):
    steps, w, shape = saved
    dx, dw = np.zeros(shape), np.zeros_like(w)
    dh = dc = np.zeros(grad.shape[1:])
    for t in reversed(range(len(steps))):
        h, c, after, i, f, g, o = steps[t]
        dh = dh + grad[t]
        th = np.tanh(after)
        dc = dh * o * (1 - th * th)  # what comes from the later step's cell is lost
        d = np.concatenate([dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * th * o * (1 - o)], axis=1)
        dx[t] = d
        dw += h.T @ d
        dh, dc = d @ w.T, dc * f
    return dx, dw


def gru_candidate_forward(h, a, r, z, b):
    """The state's part of a GRU: z h + (1 - z) tanh(a + r (h + b)), r and z between 0 and 1, b (H,)."""
    n = np.tanh(a + r * (h + b))
    return z * h + (1 - z) * n, (h, r, z, b, n)


def gru_candidate_backward(g, saved):
    h, r, z, b, n = saved
    d = g * (1 - z) * (1 - n * n)
    return g * z + d * r, d, d * (h + b), g * (h - n), d.sum(0)


def gru_wrong_tanh_backward(g, saved):
    h, r, z, b, n = saved
    d = g * (1 - z) * (1 - n)
    return g * z + d * r, d, d * (h + b), g * (h - n), (d * r).sum(0)


def gates(rng, *shapes):
    return [rng.uniform(0.1, 0.9, shape) for shape in shapes]


def gru_point(n, width):
    def point(rng):
        h, a = rng.standard_normal((2, n, width))
        r, z = gates(rng, (n, width), (n, width))
        return [h, a, r, z, rng.standard_normal(width)]

    return point


def minimal_forward(h, x, w, u):
    """Minimal gated unit: f from h w, candidate from (f h) u."""
    f = sigmoid(x + h @ w)
    c = np.tanh(x + (f * h) @ u)
    return (1 - f) * h + f * c, (h, w, u, f, c)


def minimal_backward(g, saved):
    h, w, u, f, c = saved
    dz = g * f * (1 - c * c)
    dfh = dz @ u.T
    df = g * (c - h) * f * (1 - f)  # the other use of f, inside the candidate, is forgotten
    return g * (1 - f) + dfh * f + df @ w.T, dz + df, h.T @ df, (f * h).T @ dz


def projected_states_forward(hs, p):
    """Every state (T, N, H) projected by one matrix (H, P), then tanh."""
    y = np.tanh(hs @ p)
    return y, (hs, p, y)


def projected_states_backward(g, saved):
    hs, p, y = saved
    d = g * (1 - y * y)
    return d @ p.T, hs[-1].T @ d[-1]


def two_way_forward(x, a):
    """h = a h + x along time from both ends, side by side; x (T, C), a (C,)."""
    there, back = np.zeros_like(x), np.zeros_like(x)
    h = k = np.zeros(x.shape[1])
    for t in range(len(x)):
        h, k = a * h + x[t], a * k + x[len(x) - 1 - t]
        there[t], back[len(x) - 1 - t] = h, k
    return np.concatenate([there, back], axis=1), (there, back, a)


def two_way_backward(g, saved):
    there, back, a = saved
    n, c = there.shape
    dx, da = np.zeros((n, c)), np.zeros(c)
    dh = dk = np.zeros(c)
    for t in reversed(range(n)):
        dh = a * dh + g[t, :c]
        dk = a * dk + g[n - 1 - t, c:]
        dx[t] += dh + dk  # dk belongs to n - 1 - t
        if t > 0:
            da += dh * there[t - 1] + dk * back[n - t]
    return dx, da


def elman_forward(x, w):
    """tanh(x + h w) over T steps; x (T, N, H)."""
    h, hs = np.zeros(x.shape[1:]), []
    for step in x:
        h = np.tanh(step + h @ w)
        hs.append(h)
    return np.stack(hs), (hs, w)


def elman_backward(g, saved):
    hs, w = saved
    dx, dw = np.zeros_like(g), np.zeros_like(w)
    back = np.zeros_like(g[0])
    for t in range(len(hs) - 1, -1, -1):
        dx[t] = (g[t] + back) * (1 - hs[t] ** 2)
        back = dx[t] @ w.T
        if t:
            dw += hs[t - 1].T @ dx[t]
    return dx, dw / len(hs)


def ring_states_forward(x, k):
    """Cells along a line, each sees its neighbours' last states through 3 taps: x (T, L)."""
    h, hs = np.zeros(x.shape[1]), []
    for step in x:
        h = np.tanh(step + np.convolve(h, k[::-1], mode="same"))
        hs.append(h)
    return np.stack(hs), (hs, k)


def ring_states_backward(g, saved):
    hs, k = saved
    dx, dk, back = np.zeros_like(g), np.zeros_like(k), np.zeros(g.shape[1])
    for t in range(len(hs) - 1, -1, -1):
        dx[t] = (g[t] + back) * (1 - hs[t] ** 2)
        back = np.convolve(dx[t], k[::-1], mode="same")
        if t:
            p = np.pad(hs[t - 1], 1)
            dk += np.array([dx[t] @ p[i : i + g.shape[1]] for i in range(3)])
    return dx, dk


def scan_forward(x, a, b):
    """h = a[c] h + b[c] x, x (N, T, C); all h come out."""
    hs, h = np.zeros_like(x), np.zeros((len(x), x.shape[2]))
    for t in range(x.shape[1]):
        h = a * h + b * x[:, t]
        hs[:, t] = h
    return hs, (x, hs, a, b)


def scan_backward(g, saved):
    x, hs, a, b = saved
    dx, da, db = np.zeros_like(x), np.zeros_like(a), np.zeros_like(b)
    back = np.zeros((len(x), x.shape[2]))
    for t in reversed(range(x.shape[1])):
        back = back * a + g[:, t]
        dx[:, t] = back * b
        db += (back * x[:, t])[0]
        da += (back * hs[:, t - 1])[0] if t else 0
    return dx, da, db


WRONG = [
    Wrong(
        "LSTM step: output gate's 1 - o",
        op("LSTM step", lstm_forward, lstm_output_gate_backward),
        (normal((2, 3), (2, 2), (3, 8)), normal((1, 2), (1, 3), (2, 12))),
        "chain factor",
        "the output gate's derivative is o for o (1 - o)",
        ("wrong formula", "scale"),
    ),
    Wrong(
        "LSTM over time: cell's gradient assigned",
        op("LSTM", lstm_series_forward, lstm_series_backward),
        (normal((3, 2, 8), (2, 8)), normal((4, 1, 4), (1, 4))),
        "term missing",
        "dc = at every step drops what came from the later step's cell",
        ("overwritten", "not summed"),
    ),
    Wrong(
        "GRU's candidate: bias inside the reset gate",
        op("GRU candidate", gru_candidate_forward, gru_candidate_backward),
        (gru_point(3, 2), gru_point(1, 4)),
        "chain factor",
        "the inner bias' gradient lacks the reset gate",
        ("scale",),
    ),
    Wrong(
        "GRU's candidate: tanh' without the square",
        op("GRU candidate", gru_candidate_forward, gru_wrong_tanh_backward),
        (gru_point(2, 3), gru_point(4, 1)),
        "wrong formula",
        "1 - n stands where 1 - n^2 is tanh's derivative",
        ("chain factor",),
    ),
    Wrong(
        "minimal gated unit: gate inside the candidate",
        op("minimal gated unit", minimal_forward, minimal_backward),
        (normal((2, 3), (2, 3), (3, 3), (3, 3)), normal((3, 2), (3, 2), (2, 2), (2, 2))),
        "term missing",
        "the forget gate is used twice: its gradient from the candidate is missing",
        ("not summed",),
    ),
    Wrong(
        "projected states: matrix from the last step",
        op("projection", projected_states_forward, projected_states_backward),
        (normal((3, 2, 3), (3, 2)), normal((4, 1, 2), (2, 2))),
        "not summed",
        "the projection's gradient comes from the last step alone",
        ("left out", "overwritten"),
    ),
    Wrong(
        "recurrence from both ends: second way not turned back",
        op("two ways", two_way_forward, two_way_backward),
        (
            lambda rng: [rng.standard_normal((5, 2)), rng.uniform(0.4, 0.9, 2)],
            lambda rng: [rng.standard_normal((4, 3)), rng.uniform(0.4, 0.9, 3)],
        ),
        "flipped",
        "the gradients of the way back are added in reverse order of time",
        ("other place", "permuted"),
    ),
    Wrong(
        "Elman network: weight averaged over steps",
        op("Elman", elman_forward, elman_backward),
        (normal((3, 2, 2), (2, 2)), normal((5, 1, 3), (3, 3))),
        "averaged",
        "the recurrent weight's gradient is divided by the number of steps",
        ("factor",),
    ),
    Wrong(
        "line of cells: taps not mirrored on the way back",
        op("cells", ring_states_forward, ring_states_backward),
        (normal((3, 5), (3,)), normal((4, 6), (3,))),
        "flipped",
        "the last states' gradient is correlated with the taps in forward's order",
    ),
    Wrong(
        "linear scan: coefficients of the first sample",
        op("scan", scan_forward, scan_backward),
        (
            lambda rng: [rng.standard_normal((3, 4, 2)), rng.uniform(0.3, 0.9, 2), rng.standard_normal(2)],
            lambda rng: [rng.standard_normal((2, 3, 1)), rng.uniform(0.3, 0.9, 1), rng.standard_normal(1)],
        ),
        "not summed",
        "both coefficients' gradients take the first sample only",
        ("left out",),
    ),
]
