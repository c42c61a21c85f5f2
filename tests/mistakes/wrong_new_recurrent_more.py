"""Recurrent cells, filters, steps of time and scans, with a wrong backward pass (second part)."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def positive(*shapes):
    return lambda rng: [0.2 + rng.random(shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cumprod_backward(g, saved):
    x, y = saved
    return (g * y / x,)


def cummin_forward(x):
    """Smallest so far along the last axis, and where it stands."""
    y = np.minimum.accumulate(x, axis=-1)
    return y, x == y


def cummin_backward(g, new):
    dx = np.zeros_like(g)
    for row in np.ndindex(g.shape[:-1]):
        last = np.flatnonzero(new[row])[-1]
        for t in range(g.shape[-1]):
            dx[row][t if new[row][t] else last] += g[row][t]
    return (dx,)


def leaky_neuron_forward(x, tau):
    """v += (x - v) / tau, x (T, N), tau (N,)."""
    v, vs = np.zeros(x.shape[1]), [np.zeros(x.shape[1])]
    for step in x:
        v = v + (step - v) / tau
        vs.append(v)
    return np.stack(vs[1:]), (x, vs, tau)


def leaky_neuron_backward(g, saved):
    x, vs, tau = saved
    dx, dtau, back = np.zeros_like(x), np.zeros_like(tau), np.zeros(x.shape[1])
    for t in reversed(range(len(x))):
        back = back + g[t]
        dx[t] = back / tau
        dtau -= back * (x[t] - vs[t]) / tau
        back = back * (1 - 1 / tau)
    return dx, dtau


def neuron_point(t, n):
    return lambda rng: [rng.standard_normal((t, n)), rng.uniform(2, 4, n)]


def heun_forward(x, w):
    """One step of Heun's method for x' = tanh(x w), of length 0.5."""
    a = np.tanh(x @ w)
    b = np.tanh((x + 0.5 * a) @ w)
    return x + 0.25 * (a + b), (x, w, a, b)


def heun_backward(g, saved):
    x, w, a, b = saved
    db = 0.25 * g * (1 - b * b)
    dmid = db @ w.T
    da = (0.25 * g) * (1 - a * a)  # dmid goes on through a, too
    return g + dmid + da @ w.T, x.T @ da + (x + 0.5 * a).T @ db


def pendulum_forward(angle, speed):
    """One symplectic step of 0.5: the speed first, then the angle with the new speed."""
    new = speed - 0.5 * np.sin(angle)
    after = angle + 0.5 * new
    return np.stack([after, new]), after


def pendulum_backward(g, after):
    dnew = g[1] + 0.5 * g[0]
    return g[0] - 0.5 * np.cos(after) * dnew, dnew


def kalman_forward(z, q):
    """A filter of constant level: gain k = p / (p + 1), p grows by q of each channel; z (T, C)."""
    m, p, out, saved = np.zeros(z.shape[1]), np.ones(z.shape[1]), [], []
    for step in z:
        p = p + q
        k = p / (p + 1)
        saved.append((m, p, k))
        m = m + k * (step - m)
        p = (1 - k) * p
        out.append(m)
    return np.stack(out), (z, saved)


def kalman_backward(g, saved):
    z, steps = saved
    dz, back, dp, dq = np.zeros_like(z), np.zeros(z.shape[1]), np.zeros(z.shape[1]), np.zeros(z.shape[1])
    for t in reversed(range(len(z))):
        m, p, k = steps[t]
        back = back + g[t]
        dz[t] = back * k
        dk = back * (z[t] - m)
        d = dp * (1 - k) + dk / (p + 1) ** 2  # (1 - k) p: k depends on p
        back = back * (1 - k)
        dq += d
        dp = d
    return dz, dq


def variational_forward(x, w):
    """A network whose state loses the same units at every step."""
    kept = np.arange(x.shape[2]) % 3 != 1
    h, hs = np.zeros(x.shape[1:]), []
    for step in x:
        h = np.tanh(step + (h * kept) @ w)
        hs.append(h)
    return np.stack(hs), (hs, w, kept)


def variational_backward(g, saved):
    hs, w, kept = saved
    dx, dw, back = np.zeros_like(g), np.zeros_like(w), np.zeros_like(g[0])
    for t in range(len(hs) - 1, -1, -1):
        dx[t] = (g[t] + back) * (1 - hs[t] ** 2)
        back = dx[t] @ w.T
        if t:
            dw += (hs[t - 1] * kept).T @ dx[t]
    return dx, dw


def levels_forward(x):
    """Holt's smoothing with a level and a trend, rates 0.5 and 0.3; the level comes out; x (T, N)."""
    level, trend, out = x[0], np.zeros(x.shape[1]), [x[0]]
    for step in x[1:]:
        new = 0.5 * step + 0.5 * (level + trend)
        trend = 0.3 * (new - level) + 0.7 * trend
        level = new
        out.append(level)
    return np.stack(out), None


def levels_backward(g, _):
    dx = np.zeros_like(g)
    dlevel, dtrend = np.zeros(g.shape[1]), np.zeros(g.shape[1])
    for t in reversed(range(1, len(g))):
        dnew = dlevel + g[t] + 0.3 * dtrend
        before = 0.3 * dtrend
        dx[t] = 0.5 * dnew
        dlevel = 0.5 * dnew + before
        dtrend = 0.7 * dtrend + 0.5 * dnew
    dx[0] = dlevel + g[0]
    return (dx,)


def gate_of_state_forward(x, h):
    """A gate between 0 and 1 from x, times the state."""
    z = sigmoid(x)
    return z * h, (z, h)


STATE_GATE = op("state gate", gate_of_state_forward, lambda g, s: (g * s[1] * (1 - s[0]), g * s[0]))


def unrolled(x, w, steps):
    h = F.tanh(x)
    for _ in range(steps):
        h = F.tanh(F.linear(h, w)) + STATE_GATE(x, h)
    return h


WRONG = [
    Wrong(
        "cumulative product: own step only",
        op("cumprod", lambda x: (np.cumprod(x, axis=-1), (x, np.cumprod(x, axis=-1))), cumprod_backward),
        (positive((2, 5)), positive((6,)), positive((3, 3))),
        "not summed",
        "the gradients of later products, in which x[t] is a factor, are not added up",
        ("term missing", "left out"),
    ),
    Wrong(
        "cumulative minimum: to the last one found",
        op("cummin", cummin_forward, cummin_backward),
        (
            lambda rng: [rng.permuted(np.tile([3.0, 4.0, 1.0, 2.0, 0.5, 0.9], (3, 1)) + rng.random((3, 6)) * 0.1, axis=0)],
            lambda rng: [np.array([2.0, 3.0, 1.0, 1.5, 0.2]) + 0.1 * rng.random(5)],
        ),
        "other place",
        "steps that find no new minimum give to the row's last minimum, not to the one before them",
    ),
    Wrong(
        "leaky neuron: time constant not squared",
        op("leaky neuron", leaky_neuron_forward, leaky_neuron_backward),
        (neuron_point(4, 2), neuron_point(3, 3)),
        "scale",
        "the time constant's gradient is divided by tau, where 1 / tau has the derivative -1 / tau^2",
        ("chain factor", "factor", "wrong formula"),
    ),
    Wrong(
        "Heun's step: first slope's second use",
        op("Heun", heun_forward, heun_backward),
        (normal((2, 3), (3, 3)), lambda rng: [0.5 * rng.standard_normal((4, 2)), rng.uniform(-1, 1, (2, 2))]),
        "term missing",
        "the first slope also moves the point of the second: this part is missing",
        ("not summed",),
    ),
    Wrong(
        "symplectic pendulum: cosine of the new angle",
        op("pendulum", pendulum_forward, pendulum_backward),
        (normal((4,), (4,)), normal((2, 3), (2, 3))),
        "wrong point",
        "the cosine is taken of the angle after the step, forward takes the sine before it",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "Kalman gain: remaining variance",
        op("Kalman", kalman_forward, kalman_backward),
        (
            lambda rng: [rng.standard_normal((4, 2)), rng.uniform(0.2, 1, 2)],
            lambda rng: [rng.standard_normal((3, 3)), rng.uniform(0.2, 1, 3)],
        ),
        "term missing",
        "in (1 - k) p the gain k is taken for a constant",
    ),
    Wrong(
        "recurrent dropout of fixed units: state's gradient unmasked",
        op("dropped states", variational_forward, variational_backward),
        (normal((3, 2, 3), (3, 3)), normal((4, 1, 4), (4, 4))),
        "no mask",
        "the gradient flows back into units that forward zeroed",
    ),
    Wrong(
        "level and trend: trend's minus",
        op("Holt", levels_forward, levels_backward),
        (normal((4, 2)), normal((5, 1)), normal((6, 3))),
        "sign of a term",
        "the old level enters the trend with a minus, its gradient with a plus",
    ),
    Wrong(
        "unrolled network with a state gate: z forgotten",
        lambda x, w: unrolled(x, w, 2),
        (normal((2, 3), (3, 3)), normal((1, 2), (2, 2))),
        "chain factor",
        "the gate's derivative is 1 - z for z (1 - z)",
        ("wrong formula",),
    ),
]
