"""Recurrent cells and kinds of attention (SRU, QRNN, RWKV, leaky units, blocks of keys, rotary), with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, c, forget_bias=1.0):
    """One step from gates x: (N, 4 H) in the order input, forget, output, candidate; h and c side by side."""
    i, f, o, a = np.split(x, 4, axis=1)
    new = sigmoid(f + forget_bias) * c + sigmoid(i) * np.tanh(a)
    return np.concatenate([sigmoid(o) * np.tanh(new), new], axis=1), (x, c, new)


def lstm_backward(g, saved, forget_bias, exchanged=False):
    x, c, new = saved
    i, f, o, a = np.split(x, 4, axis=1)
    dh, dc = np.split(g, 2, axis=1)
    if exchanged:
        dh, dc = dc, dh
    i, f, o, a, t = sigmoid(i), sigmoid(f + forget_bias), sigmoid(o), np.tanh(a), np.tanh(new)
    dnew = dc + dh * o * (1 - t * t)
    gates = [dnew * a * i * (1 - i), dnew * c * f * (1 - f), dh * t * o * (1 - o), dnew * i * (1 - a * a)]
    return np.concatenate(gates, axis=1), dnew * f


def gru_gates(x, h, w, order):
    """h: (N, H), x: (N, H), w: (H, 3 H), whose columns are those of the gates in an order."""
    parts = dict(zip(order, np.split(x @ w, 3, axis=1), strict=True))
    z, r = sigmoid(parts["z"]), sigmoid(parts["r"])
    n = np.tanh(parts["n"] + r * h)
    return (1 - z) * n + z * h, (x, h, w, z, r, n)


def gru_gates_backward(g, saved):
    x, h, w, z, r, n = saved
    dn = g * (1 - z) * (1 - n * n)
    parts = {"z": g * (h - n) * z * (1 - z), "r": dn * h * r * (1 - r), "n": dn}
    joined = np.concatenate([parts[key] for key in "zrn"], axis=1)
    return joined @ w.T, g * z + dn * r, x.T @ joined


def sru(x, f, r):
    """Simple recurrent unit, (T, C): c <- f c + (1 - f) x; h = r tanh(c) + (1 - r) x; gates given before their sigmoid."""
    f, r, c = sigmoid(f), sigmoid(r), np.zeros((len(x) + 1, x.shape[1]))
    for t in range(len(x)):
        c[t + 1] = f[t] * c[t] + (1 - f[t]) * x[t]
    return r * np.tanh(c[1:]) + (1 - r) * x, (x, f, r, c)


def sru_backward(g, saved):
    x, f, r, c = saved
    tanh = np.tanh(c[1:])
    dr = g * (tanh - x) * r * (1 - r)
    dx, df, d = np.zeros_like(x), np.zeros_like(x), np.zeros(x.shape[1])
    for t in reversed(range(len(x))):
        d = d + g[t] * r[t] * (1 - tanh[t] ** 2)
        df[t] = d * (c[t] - x[t]) * f[t] * (1 - f[t])
        dx[t] = d * (1 - f[t])
        d = d * f[t]
    return dx, df, dr


def sru_time_lost(g, saved):
    x, f, r, c = saved
    tanh = np.tanh(c[1:])
    d = g * r * (1 - tanh**2)
    df = d * (c[:-1] - x) * f * (1 - f)
    return d * (1 - f) + g * (1 - r), df, g * (tanh - x) * r * (1 - r)


def quasi(z, f, o):
    """QRNN's pooling: c <- f c + (1 - f) z, h = o c; all given, (T, C)."""
    c = np.zeros((len(z) + 1, z.shape[1]))
    for t in range(len(z)):
        c[t + 1] = f[t] * c[t] + (1 - f[t]) * z[t]
    return o * c[1:], (z, f, o, c)


def quasi_backward(g, saved):
    z, f, o, c = saved
    dz, df, d = np.zeros_like(z), np.zeros_like(z), np.zeros(z.shape[1])
    for t in reversed(range(len(z))):
        d = d + g[t] * o[t]
        dz[t], df[t] = d * (1 - f[t]), d * (c[t] - z[t])
        d = d * f[t]
    return dz, df, g * c[:-1]


def wkv(k, v, bonus):
    """RWKV's weighted mean of all earlier values and the present one, which has a bonus; (T, C)."""
    t = len(k)
    before = np.tri(t, k=-1)[:, :, None] * np.exp(k)
    weight = before + np.eye(t)[:, :, None] * np.exp(k + bonus)
    y = (weight * v).sum(1) / weight.sum(1)
    return y, (weight, v, y)


def wkv_backward(g, saved, whole_bonus=True):
    weight, v, y = saved
    d = weight * g[:, None] / weight.sum(1)[:, None]
    dscore = d * (v - y[:, None])
    own = np.einsum("ttc->tc", dscore if whole_bonus else d * v)
    return dscore.sum(0), d.sum(0), own.sum(0)


def leaky(x, w, rate=0.3):
    """h <- (1 - rate) h + rate tanh(x[t] + W h)."""
    h = np.zeros((len(x) + 1, x.shape[1]))
    for t in range(len(x)):
        h[t + 1] = (1 - rate) * h[t] + rate * np.tanh(x[t] + w @ h[t])
    return h[1:], (h, w, np.tanh(x + h[:-1] @ w.T))


def leaky_backward(g, saved, rate=0.3):
    h, w, tanh = saved
    dx, dw, d = np.zeros_like(g), np.zeros_like(w), np.zeros(g.shape[1])
    for t in reversed(range(len(g))):
        dx[t] = rate * (g[t] + d) * (1 - tanh[t] ** 2)
        dw += np.outer(dx[t], h[t])
        d = w.T @ dx[t]
    return dx, dw


def independent(x, u):
    """IndRNN: h <- tanh(x[t] + u h), each unit by itself; (T, C)."""
    h = np.zeros((len(x) + 1, x.shape[1]))
    for t in range(len(x)):
        h[t + 1] = np.tanh(x[t] + u * h[t])
    return h[1:], (h, u)


def independent_backward(g, saved):
    h, u = saved
    dx, du, d = np.zeros_like(g), np.zeros_like(u), np.zeros_like(u)
    for t in reversed(range(len(g))):
        d = (g[t] + d) * (1 - h[t + 1] ** 2)
        dx[t] = d
        du += d * h[t + 1]
        d = d * u
    return dx, du


def clockwork(x, u):
    """Unit c is updated in every (c + 1)-th step only, and keeps its state otherwise."""
    h = np.zeros((len(x) + 1, x.shape[1]))
    ticks = (np.arange(len(x))[:, None] + 1) % (np.arange(x.shape[1]) + 1) == 0
    for t in range(len(x)):
        h[t + 1] = np.where(ticks[t], np.tanh(x[t] + u * h[t]), h[t])
    return h[1:], (h, u, ticks)


def clockwork_backward(g, saved):
    h, u, _ticks = saved
    dx, du, d = np.zeros_like(g), np.zeros_like(u), np.zeros_like(u)
    for t in reversed(range(len(g))):
        d = (g[t] + d) * (1 - h[t + 1] ** 2)
        dx[t] = d
        du += d * h[t]
        d = d * u
    return dx, du


def block_attention(q, k, v):
    """Softmax attention that reads the keys in two blocks and joins them by their sums."""
    scores = q @ k.T
    half = len(k) // 2
    parts = [np.exp(scores[:, :half]), np.exp(scores[:, half:])]
    total = sum(part.sum(1, keepdims=True) for part in parts)
    return (parts[0] @ v[:half] + parts[1] @ v[half:]) / total, (q, k, v, parts, total, half)


def block_attention_backward(g, saved):
    q, k, v, parts, _total, half = saved
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for part, block in zip(parts, (slice(0, half), slice(half, None)), strict=True):
        p = part / part.sum(1, keepdims=True)
        dv[block] = p.T @ g
        dp = g @ v[block].T
        ds = p * (dp - (dp * p).sum(1, keepdims=True))
        dq += ds @ k[block]
        dk[block] = ds.T @ q
    return dq, dk, dv


def block_attention_own_mean(g, saved):
    q, k, v, parts, total, half = saved
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for part, block in zip(parts, (slice(0, half), slice(half, None)), strict=True):
        p = part / total
        dv[block] = p.T @ g
        dp = g @ v[block].T
        ds = p * (dp - (dp * p).sum(1, keepdims=True))
        dq += ds @ k[block]
        dk[block] = ds.T @ q
    return dq, dk, dv


def positive_features(x, w):
    """Performer's positive features: exp(W x - |x|^2 / 2)."""
    y = np.exp(x @ w.T - (x * x).sum(1, keepdims=True) / 2)
    return y, (x, w, y)


def normalised_linear_attention(q, k, v):
    q, k = np.exp(q), np.exp(k)
    total = q @ k.sum(0)
    return q @ (k.T @ v) / total[:, None], (q, k, v, total)


def normalised_linear_backward(g, saved):
    q, k, v, total = saved
    g = g / total[:, None]
    return g @ (k.T @ v).T * q, v @ (q.T @ g).T * k, k @ (q.T @ g)


def rotary(x, first=3, turned=None):
    """Rotary positions for (T, D), the first position being 3 (a cache of earlier ones), on the first ``turned`` features."""
    turned = turned or x.shape[1] // 4 * 2
    angle = (first + np.arange(len(x)))[:, None] / 10.0 ** np.arange(turned // 2)
    a, b = x[:, :turned:2], x[:, 1:turned:2]
    y = x.copy()
    y[:, :turned:2], y[:, 1:turned:2] = a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)
    return y, angle


def rotary_backward(g, angle, start=0, rest=True):
    turned = 2 * angle.shape[1]
    angle = angle - start
    dx = g.copy() if rest else np.zeros_like(g)
    a, b = g[:, :turned:2], g[:, 1:turned:2]
    dx[:, :turned:2], dx[:, 1:turned:2] = a * np.cos(angle) + b * np.sin(angle), b * np.cos(angle) - a * np.sin(angle)
    return (dx,)


LSTM_POINTS = (normal((3, 8), (3, 2)), normal((2, 4), (2, 1)), normal((2, 12), (2, 3)))
STEPS = (normal((5, 3), (5, 3), (5, 3)), normal((3, 3), (3, 3), (3, 3)), normal((7, 1), (7, 1), (7, 1)))
PARTLY = (normal((4, 6)), normal((8, 8)), normal((3, 5)))

WRONG = [
    Wrong(
        "LSTM with a forget bias: gates computed again without it",
        op("lstm", lstm, lambda g, saved: lstm_backward(g, saved, 0.0)),
        LSTM_POINTS,
        "wrong constant",
        "forward adds 1 to the forget gate, backward does not",
        also=("wrong point",),
    ),
    Wrong(
        "LSTM, h beside c: halves of the gradient exchanged",
        op("lstm", lstm, lambda g, saved: lstm_backward(g, saved, 1.0, True)),
        LSTM_POINTS,
        "exchanged",
        "the output is h, c; backward cuts its gradient as c, h",
        also=("permuted", "other place"),
    ),
    Wrong(
        "GRU with one weight for its gates: order of the gates",
        op("gru", lambda x, h, w: gru_gates(x, h, w, "rzn"), gru_gates_backward),
        (normal((3, 2), (3, 2), (2, 6)), normal((2, 3), (2, 3), (3, 9)), normal((4, 4), (4, 4), (4, 12))),
        "permuted",
        "forward reads reset, update, candidate; backward writes update, reset, candidate",
        also=("exchanged", "other place"),
    ),
    Wrong(
        "SRU: highway's input",
        op("sru", sru, sru_backward),
        STEPS,
        "term missing",
        "the share (1 - r) of the input that goes past the state has no gradient",
    ),
    Wrong(
        "SRU: nothing passes from step to step",
        op("sru", sru, sru_time_lost),
        (STEPS[0], STEPS[1], normal((4, 2), (4, 2), (4, 2))),
        "term missing",
        "the state's gradient is not carried to earlier steps",
        also=("not summed", "left out"),
    ),
    Wrong(
        "QRNN: output gate by the state before",
        op("qrnn", quasi, quasi_backward),
        STEPS,
        "shifted",
        "the output gate's gradient takes c[t - 1] in place of c[t]",
        also=("wrong point", "chain factor"),
    ),
    Wrong(
        "RWKV: bonus without the denominator",
        op("wkv", wkv, lambda g, saved: wkv_backward(g, saved, False)),
        (normal((4, 3), (4, 3), 3), normal((3, 3), (3, 3), 3), normal((6, 1), (6, 1), 1)),
        "term missing",
        "the bonus is in the sum of the weights, too: v - y belongs in its gradient, not v",
        also=("wrong formula",),
    ),
    Wrong(
        "leaky units: what is kept passes no gradient",
        op("leaky_rnn", leaky, leaky_backward),
        (normal((4, 3), (3, 3)), normal((2, 2), (2, 2)), normal((6, 2), (2, 2))),
        "term missing",
        "the direct way from state to state, times 1 - rate, is missing",
        also=("not summed",),
    ),
    Wrong(
        "IndRNN: recurrent weight by the new state",
        op("indrnn", independent, independent_backward),
        (normal((4, 3), 3), normal((3, 3), 3), normal((7, 2), 2)),
        "wrong point",
        "the weight's gradient takes h after the step in place of that before",
        also=("shifted", "wrong formula"),
    ),
    Wrong(
        "clockwork network: every unit at every step in backward",
        op("clockwork", clockwork, clockwork_backward),
        (normal((4, 3), 3), normal((6, 2), 2), normal((5, 4), 4)),
        "no mask",
        "units that keep their state are treated as updated",
        also=("wrong formula",),
    ),
    Wrong(
        "attention by blocks of keys: each block's own sum",
        op("block_attention", block_attention, block_attention_backward),
        (normal((3, 2), (4, 2), (4, 3)), normal((2, 2), (5, 2), (5, 2)), normal((4, 4), (4, 4), (4, 4))),
        "scale",
        "backward normalises each block by itself, not by the sum over both",
        also=("wrong formula", "chain factor", "wrong constant", "term missing"),
    ),
    Wrong(
        "attention by blocks of keys: inner product of each block",
        op("block_attention", block_attention, block_attention_own_mean),
        (normal((3, 2), (4, 2), (4, 3)), normal((2, 2), (5, 2), (5, 2)), normal((4, 4), (4, 4), (4, 4))),
        "not summed",
        "the softmax' inner product is summed over the block's keys, not over all",
        also=("term missing",),
    ),
    Wrong(
        "positive random features: the length's gradient",
        op(
            "positive_features",
            positive_features,
            lambda g, saved: ((g * saved[2]) @ saved[1], (g * saved[2]).T @ saved[0]),
        ),
        (normal((4, 3), (5, 3)), normal((3, 3), (3, 3)), normal((2, 4), (2, 4))),
        "term missing",
        "-x, from |x|^2 / 2 in the exponent, is missing",
    ),
    Wrong(
        "linear attention with its sum: the sum as a constant",
        op("linear_attention", normalised_linear_attention, normalised_linear_backward),
        (normal((4, 3), (5, 3), (5, 2)), normal((3, 3), (3, 3), (3, 3)), normal((2, 4), (6, 4), (6, 1))),
        "term missing",
        "queries and keys are in the denominator, too",
    ),
    Wrong(
        "rotary positions behind a cache: backward from position 0",
        op("rotary", rotary, lambda g, angle: rotary_backward(g, angle, 3 / 10.0 ** np.arange(angle.shape[1]))),
        PARTLY,
        "wrong constant",
        "forward's positions begin at 3, backward's at 0",
        also=("shifted", "wrong point"),
    ),
    Wrong(
        "rotary positions of some features: the others get zero",
        op("rotary", rotary, lambda g, angle: rotary_backward(g, angle, rest=False)),
        PARTLY,
        "left out",
        "features that are not turned are passed on by forward, but get no gradient",
    ),
]
