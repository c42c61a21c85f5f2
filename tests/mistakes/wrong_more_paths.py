"""Filters with memory, paths through tables and unrolled steps, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def decay_forward(x, decay):
    """h = decay h + x for each channel; x: (T, D)."""
    h = np.zeros((len(x) + 1, x.shape[1]))
    for t in range(len(x)):
        h[t + 1] = decay * h[t] + x[t]
    return h[1:].copy(), (h, decay)


def decay_backward(g, saved):
    h, decay = saved
    dx, dh, ddecay = np.zeros_like(g), np.zeros(g.shape[1]), np.zeros(g.shape[1])
    for t in reversed(range(len(g))):
        dh = dh + g[t]
        ddecay += dh * h[t + 1]
        dx[t] = dh
        dh = dh * decay
    return dx, ddecay


def state_space_forward(x, a, b, c):
    """h = a h + b x, y = c . h; x: (T,), a, b, c: (D,)."""
    h = np.zeros((len(x) + 1, len(a)))
    for t in range(len(x)):
        h[t + 1] = a * h[t] + b * x[t]
    return h[1:] @ c, (x, a, b, c, h)


def state_space_backward(g, saved):
    x, a, b, c, h = saved
    dx, da, dh = np.zeros_like(x), np.zeros_like(a), np.zeros_like(a)
    for t in range(len(x) - 1, -1, -1):
        dh += g[t] * c
        da += dh * h[t]
        db = dh * x[t]
        dx[t] = dh @ b
        dh *= a
    return dx, da, db, g @ h[1:]


def euler_forward(x, w):
    xs = [x]
    for _ in range(4):
        xs.append(xs[-1] + 0.1 * np.tanh(xs[-1] @ w))
    return xs[-1], (xs, w)


def euler_backward(g, saved):
    xs, w = saved
    dw = np.zeros_like(w)
    for x in reversed(xs[:-1]):
        dz = g * (1 - np.tanh(x @ w) ** 2)
        dw += x.T @ dz
        g = g + 0.1 * dz @ w.T
    return g, dw


def second_order_forward(x, a):
    y = np.zeros(len(x) + 2)
    for t in range(len(x)):
        y[t + 2] = x[t] + a[0] * y[t + 1] + a[1] * y[t]
    return y[2:].copy(), (y, a)


def second_order_backward(g, saved):
    y, a = saved
    n = len(g)
    dx = np.zeros(n + 2)
    for t in reversed(range(n)):
        dx[t] = g[t] + a[0] * dx[t + 1] + a[1] * dx[t + 2]
    return dx[:n], np.array([dx[:n] @ y[1 : n + 1], dx[1:n] @ y[2 : n + 1]])


def chain_likelihood_forward(scores, moves):
    """The log of the sum over all paths; scores: (T, K), moves: (K, K)."""
    alpha = [scores[0]]
    for s in scores[1:]:
        alpha.append(np.logaddexp.reduce(alpha[-1][:, None] + moves, axis=0) + s)
    return np.array(np.logaddexp.reduce(alpha[-1])), (scores, moves, alpha)


def chain_likelihood_backward(g, saved):
    scores, moves, alpha = saved
    ds = np.zeros_like(scores)
    d = g * np.exp(alpha[-1] - np.logaddexp.reduce(alpha[-1]))
    for t in range(len(scores) - 1, 0, -1):
        ds[t] = d
        share = alpha[t - 1][:, None] + moves
        share = np.exp(share - np.logaddexp.reduce(share, axis=0)) * d
        dmoves = share
        d = share.sum(1)
    ds[0] = d
    return ds, dmoves


def soft_path_forward(cost):
    """The soft minimum over all monotone paths through a matrix of costs (soft-DTW)."""
    n, m = cost.shape
    r = np.full((n + 1, m + 1), np.inf)
    r[0, 0] = 0
    for i, j in np.ndindex(n, m):
        r[i + 1, j + 1] = cost[i, j] - np.logaddexp.reduce([-r[i, j], -r[i, j + 1], -r[i + 1, j]])
    return np.array(r[n, m]), (cost, r)


def soft_path_backward(g, saved):
    cost, r = saved
    n, m = cost.shape
    e = np.zeros((n + 1, m + 1))
    e[n, m] = g
    for i in range(n, 0, -1):
        for j in range(m, 0, -1):
            before = r[i, j] - cost[i - 1, j - 1]
            for p, q in ((i - 1, j), (i, j - 1)):
                e[p, q] += e[i, j] * np.exp(before - r[p, q])
    return (e[1:, 1:],)


def momentum_forward(x, v, beta):
    """Four steps of v = beta v - slope, x = x + v on sum(cos(x))."""
    xs, vs = [x], [v]
    for _ in range(4):
        vs.append(beta * vs[-1] + 0.3 * np.sin(xs[-1]))
        xs.append(xs[-1] + vs[-1])
    return xs[-1], (xs, vs, beta)


def momentum_backward(g, saved):
    xs, vs, beta = saved
    dx, dv, dbeta = g, np.zeros_like(g), 0.0
    for t in reversed(range(4)):
        dv = dv + dx
        dbeta += (dv * vs[t]).sum()
        dx = dx + dv * 0.3 * np.sin(xs[t])
        dv = dv * beta
    return dx, dv, np.array(dbeta)


WRONG = [
    Wrong(
        "decaying sums: decay's gradient from the new state",
        op("decay", decay_forward, decay_backward),
        (normal((5, 3), 3), normal((2, 2), 2), lambda rng: [rng.standard_normal((9, 1)), rng.random(1)]),
        "shifted",
        "the decay multiplies the state before, its gradient takes the state after each step",
        ("wrong point", "other place"),
    ),
    Wrong(
        "state space: b's gradient of the first step",
        op("state space", state_space_forward, state_space_backward),
        (
            lambda rng: [rng.standard_normal(6), rng.random(3), *rng.standard_normal((2, 3))],
            lambda rng: [rng.standard_normal(3), rng.random(3), *rng.standard_normal((2, 3))],
        ),
        "overwritten",
        "db = in the loop over time where db += is needed, what remains is from the first step",
        ("not summed", "left out"),
    ),
    Wrong(
        "Euler steps: weight's gradient without the step",
        op("euler", euler_forward, euler_backward),
        (normal((3, 2), (2, 2)), normal((4, 4), (4, 4)), normal((1, 3), (3, 3))),
        "factor",
        "each step is 0.1 tanh(x w): the weight's gradient lacks the 0.1",
    ),
    Wrong(
        "filter of second order: second lag's coefficient",
        op("filter", second_order_forward, second_order_backward),
        (lambda rng: [rng.standard_normal(6), rng.random(2) - 0.5], lambda rng: [rng.standard_normal(9), rng.random(2) - 0.5]),
        "shifted",
        "the second coefficient multiplies the output two steps before, its gradient takes that of one step before",
        ("other place",),
    ),
    Wrong(
        "chain of states: transitions of one step",
        op("chain", chain_likelihood_forward, chain_likelihood_backward),
        (normal((5, 3), (3, 3)), normal((3, 2), (2, 2)), normal((4, 4), (4, 4))),
        "overwritten",
        "dmoves = share in each step of the backward recursion, only the first move's share remains",
        ("not summed", "left out"),
    ),
    Wrong(
        "soft alignment: diagonal moves",
        op("alignment", soft_path_forward, soft_path_backward),
        (normal((3, 4)), normal((4, 4)), normal((2, 7))),
        "term missing",
        "a cell is reached from three others, the diagonal one gets nothing back",
        ("left out", "not summed"),
    ),
    Wrong(
        "descent with momentum: second derivative",
        op("descent", momentum_forward, momentum_backward),
        (
            lambda rng: [rng.standard_normal(4), rng.standard_normal(4), np.array(0.9)],
            lambda rng: [rng.standard_normal((2, 3)), rng.standard_normal((2, 3)), np.array(0.5)],
        ),
        "wrong formula",
        "the slope sin(x) itself stands where its derivative cos(x) is needed",
        ("chain factor",),
    ),
]
