"""Wrong recurrent cells and networks: RNN, LSTM, GRU, through time."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# -- tanh RNN over x (N, T, I), from h (N, H) ------------------------------------------------------------------------------


def rnn(x, h, wx, wh):
    states = [h]
    for t in range(x.shape[1]):
        states.append(np.tanh(x[:, t] @ wx + states[-1] @ wh))
    return np.stack(states[1:], axis=1), (x, states, wx, wh)


def rnn_backward(g, saved):
    x, states, wx, wh = saved
    dx, dwx, dwh = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh)
    dh = np.zeros_like(states[0])
    for t in reversed(range(x.shape[1])):
        dz = (g[:, t] + dh) * (1 - states[t + 1] ** 2)
        dx[:, t] = dz @ wx.T
        dwx += x[:, t].T @ dz
        dwh += states[t].T @ dz
        dh = dz @ wh.T
    return dx, dh, dwx, dwh


def one_step_back(g, saved):
    x, states, wx, wh = saved
    dz = g * (1 - np.stack(states[1:], axis=1) ** 2)
    before = np.stack(states[:-1], axis=1)
    dwx, dwh = np.einsum("nti,nth->ih", x, dz), np.einsum("nti,nth->ih", before, dz)
    return dz @ wx.T, dz[:, 0] @ wh.T, dwx, dwh


def states_after(g, saved):
    x, states, _wx, wh = saved
    dwh, dh = np.zeros_like(wh), 0
    for t in reversed(range(x.shape[1])):
        dz = (g[:, t] + dh) * (1 - states[t + 1] ** 2)
        dwh += states[t + 1].T @ dz
        dh = dz @ wh.T
    return *rnn_backward(g, saved)[:3], dwh


def input_weight_of_first_step(g, saved):
    x, states, _wx, wh = saved
    dh = np.zeros_like(states[0])
    for t in reversed(range(x.shape[1])):
        dz = (g[:, t] + dh) * (1 - states[t + 1] ** 2)
        dwx = np.dot(x[:, t].T, dz)
        dh = dz @ wh.T
    dx, dh, _, dwh = rnn_backward(g, saved)
    return dx, dh, dwx, dwh


def collected_backwards(g, saved):
    x, states, wx, wh = saved
    collected, dh = [], 0
    for t in reversed(range(x.shape[1])):
        dz = (g[:, t] + dh) * (1 - states[t + 1] ** 2)
        collected.append(dz @ wx.T)
        dh = dz @ wh.T
    return np.stack(collected, axis=1), *rnn_backward(g, saved)[1:]


def no_initial_state(g, saved):
    dx, _, dwx, dwh = rnn_backward(g, saved)
    return dx, None, dwx, dwh


def clipped_through_time(g, saved):
    x, states, wx, wh = saved
    dx, dwx, dwh = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh)
    dh = np.zeros_like(states[0])
    for t in reversed(range(x.shape[1])):
        dz = (g[:, t] + dh) * (1 - states[t + 1] ** 2)
        np.clip(dz, -0.1, 0.1, out=dz)
        dx[:, t] = dz @ wx.T
        dwx += x[:, t].T @ dz
        dwh += states[t].T @ dz
        dh = dz @ wh.T
    return dx, dh, dwx, dwh


def state_through_transposed(g, saved):
    x, states, wx, wh = saved
    dx, dwx, dwh = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh)
    dh = np.zeros_like(states[0])
    for t in reversed(range(x.shape[1])):
        dz = (g[:, t] + dh) * (1 - states[t + 1] ** 2)
        dx[:, t], dh = dz @ wx.T, dz @ wh
        dwx += x[:, t].T @ dz
        dwh += states[t].T @ dz
    return dx, dh, dwx, dwh


def remembered_tanh(h):
    y = np.tanh(h)
    return y, y


def squares_its_output(g, y):
    np.multiply(y, y, out=y)
    return (g * (1 - y),)


def unrolled(x, wx, wh):
    """Three steps on the tape, with a wrong activation."""
    tanh = op("tanh", remembered_tanh, squares_its_output)
    h = tanh(x[:, 0] @ wx)
    for t in range(1, 3):
        h = tanh(x[:, t] @ wx + h @ wh)
    return h


def ends(x):
    """How many steps of each sequence count: 1, 2, 3, ..., and fewer than all."""
    return 1 + np.arange(len(x)) % (x.shape[1] - 1)


def rnn_of_lengths(x, h, wx, wh):
    """The state of each sequence at its own end."""
    out, saved = rnn(x, h, wx, wh)
    return out[np.arange(len(x)), ends(x) - 1], (saved, out.shape)


def lengths_forgotten(g, saved):
    everything, shape = saved
    last = np.zeros(shape)
    last[:, -1] = g
    return rnn_backward(last, everything)


def both_ways(x, forwards, backwards):
    """Running sums with decay, in both directions, one after the other on the last axis. x (T, C)."""
    a, b = np.zeros_like(x), np.zeros_like(x)
    for t in range(len(x)):
        a[t] = x[t] + (forwards * a[t - 1] if t else 0)
        b[-1 - t] = x[-1 - t] + (backwards * b[-t] if t else 0)
    return np.concatenate([a, b], axis=1), (a, b, forwards, backwards)


def both_ways_swapped(g, saved):
    a, b, forwards, backwards = saved
    gb, ga = np.split(g.copy(), 2, axis=1)
    da, db = np.zeros_like(forwards), np.zeros_like(backwards)
    for t in range(len(a) - 1):
        ga[-2 - t] += forwards * ga[-1 - t]
        gb[t + 1] += backwards * gb[t]
    da += (ga[1:] * a[:-1]).sum(0)
    db += (gb[:-1] * b[1:]).sum(0)
    return ga + gb, da, db


# -- LSTM cell: gates i, f, g, o; z (N, 4 H) before them, c (N, H); the output holds h and c ------------------------------


def lstm(z, c, forget=0.0):
    i, f, g, o = np.split(z, 4, axis=1)
    i, f, g, o = sigmoid(i), sigmoid(f + forget), np.tanh(g), sigmoid(o)
    new = f * c + i * g
    return np.stack([o * np.tanh(new), new]), (i, f, g, o, c, np.tanh(new))


def lstm_through(dnew, dh, saved):
    i, f, g, o, c, tanh = saved
    return (
        dnew * g * i * (1 - i),
        dnew * c * f * (1 - f),
        dnew * i * (1 - g * g),
        dh * tanh * o * (1 - o),
    )


def lstm_gates_swapped(grad, saved):
    dh, dc = grad
    _i, f, _g, o, _c, tanh = saved
    dnew = dc + dh * o * (1 - tanh**2)
    di, df, dg, do = lstm_through(dnew, dh, saved)
    return np.concatenate([di, df, do, dg], axis=1), dnew * f


def lstm_tanh_forgotten(grad, saved):
    dh, dc = grad
    dnew = dc + dh * saved[3]
    return np.concatenate(lstm_through(dnew, dh, saved), axis=1), dnew * saved[1]


def lstm_cell_output_forgotten(grad, saved):
    dh = grad[0]
    dnew = dh * saved[3] * (1 - saved[5] ** 2)
    return np.concatenate(lstm_through(dnew, dh, saved), axis=1), dnew * saved[1]


def lstm_no_way_back(grad, saved):
    dh, dc = grad
    dnew = dc + dh * saved[3] * (1 - saved[5] ** 2)
    return np.concatenate(lstm_through(dnew, dh, saved), axis=1), np.zeros_like(saved[4])


def lstm_forget_gate_forgotten(grad, saved):
    dh, dc = grad
    dnew = dc + dh * saved[3] * (1 - saved[5] ** 2)
    return np.concatenate(lstm_through(dnew, dh, saved), axis=1), dnew


def lstm_gates_reused(grad, saved):
    dh, dc = grad
    i, f, g, o, c, tanh = saved
    dnew = dc + dh * o * (1 - tanh**2)
    back = dnew * f
    dg = dnew * i * (1 - g * g)
    for gate, above in ((i, dnew * g), (f, dnew * c), (o, dh * tanh)):
        gate *= 1 - gate
        gate *= above
    return np.concatenate([i, f, dg, o], axis=1), back


def lstm_recomputed(z, c):
    return lstm(z, c, forget=1.0)[0], (z, c)


def lstm_recomputed_without_bias(grad, saved):
    _, saved = lstm(*saved)
    dh, dc = grad
    dnew = dc + dh * saved[3] * (1 - saved[5] ** 2)
    return np.concatenate(lstm_through(dnew, dh, saved), axis=1), dnew * saved[1]


def peephole(z, c, p):
    """A forget gate that sees the cell: c sigmoid(z + p c) + tanh(z)."""
    f = sigmoid(z + p * c)
    new = f * c + np.tanh(z)
    return new, (z, c, p, f, new)


def peephole_new_cell(g, saved):
    z, c, p, f, new = saved
    dgate = g * c * f * (1 - f)
    return dgate + g * (1 - np.tanh(z) ** 2), g * f + dgate * p, (dgate * new).sum(axis=0)


def peephole_of_one_way(g, saved):
    z, c, _p, f, _new = saved
    dgate = g * c * f * (1 - f)
    return dgate + g * (1 - np.tanh(z) ** 2), g * f, (dgate * c).sum(axis=0)


# -- GRU cell: a, b (N, 3 H), what input and state give for r, z, n; h (N, H) ----------------------------------------------


def gru(a, b, h):
    ar, az, an = np.split(a, 3, axis=1)
    br, bz, bn = np.split(b, 3, axis=1)
    r, z = sigmoid(ar + br), sigmoid(az + bz)
    n = np.tanh(an + r * bn)
    return (1 - z) * n + z * h, (r, z, n, bn, h)


def gru_parts(g, saved):
    r, z, n, bn, h = saved
    dn = g * (1 - z) * (1 - n**2)
    return dn * bn * r * (1 - r), g * (h - n) * z * (1 - z), dn


def gru_state_of_gates_only(g, saved):
    dr, dz, dn = gru_parts(g, saved)
    return np.hstack([dr, dz, dn]), np.hstack([dr, dz, dn * saved[0]]), np.zeros_like(saved[4])


def gru_complement(g, saved):
    r, z, n, bn, h = saved
    dn = g * z * (1 - n**2)
    dr, dz = dn * bn * r * (1 - r), g * (h - n) * z * (1 - z)
    return np.hstack([dr, dz, dn]), np.hstack([dr, dz, dn * r]), g * (1 - z)


def gru_update_plus(g, saved):
    r, z, n, _bn, h = saved
    dr, _, dn = gru_parts(g, saved)
    dz = g * (h + n) * z * (1 - z)
    return np.hstack([dr, dz, dn]), np.hstack([dr, dz, dn * r]), g * z


def gru_same_for_both(g, saved):
    both = np.concatenate(gru_parts(g, saved), axis=1)
    return both, both.copy(), g * saved[1]


def gru_gates_swapped(g, saved):
    dr, dz, dn = gru_parts(g, saved)
    return np.hstack([dr, dz, dn]), np.hstack([dz, dr, dn * saved[0]]), g * saved[1]


def gru_reset_of_the_cell(g, saved):
    r, z, _n, _bn, h = saved
    _, dz, dn = gru_parts(g, saved)
    dr = dn * h * r * (1 - r)
    return np.hstack([dr, dz, dn]), np.hstack([dr, dz, dn * r]), g * z


RNN = (
    normal((2, 3, 4), (2, 3), (4, 3), (3, 3)),
    normal((3, 3, 3), (3, 3), (3, 3), (3, 3)),
    normal((4, 2, 1), (4, 2), (1, 2), (2, 2)),
)
LONG = (normal((3, 4, 2), (3, 2), (2, 2), (2, 2)), normal((4, 4, 4), (4, 4), (4, 4), (4, 4)))
LSTM = (normal((3, 8), (3, 2)), normal((4, 16), (4, 4)), normal((2, 4), (2, 1)))
GRU = (normal((3, 6), (3, 6), (3, 2)), normal((3, 9), (3, 9), (3, 3)), normal((5, 3), (5, 3), (5, 1)))
PEEPHOLE = (normal((4, 3), (4, 3), (3,)), normal((3, 3), (3, 3), (3,)), normal((6, 1), (6, 1), (1,)))

WRONG = [
    Wrong("RNN: one step back", op("rnn", rnn, one_step_back), RNN,
          "term missing", "nothing goes back through the states: each step is handled as though it were the only one",
          ("approximate", "left out")),
    Wrong("RNN: state after for state before", op("rnn", rnn, states_after), RNN,
          "shifted", "the recurrent weight's gradient takes the state after each step, not before it",
          ("wrong point", "other place")),
    Wrong("RNN: input weight's gradient assigned", op("rnn", rnn, input_weight_of_first_step), RNN,
          "overwritten", "the input weight's gradient is assigned for each step; the first step's remains",
          ("not summed", "left out")),
    Wrong("RNN: inputs' gradients in reverse", op("rnn", rnn, collected_backwards), RNN,
          "flipped", "the inputs' gradients are collected from the last to the first step and not turned round"),
    Wrong("RNN: initial state", op("rnn", rnn, no_initial_state), RNN,
          "zero", "None is returned for the initial state"),
    Wrong("RNN: gradients clipped", op("rnn", rnn, clipped_through_time), RNN,
          "nonlinear", "gradients are clipped to -0.1 ... 0.1 at each step"),
    Wrong("RNN: recurrent weight not transposed", op("rnn", rnn, state_through_transposed), RNN,
          "transposed", "gradients go back through wh, not wh.T"),
    Wrong("RNN unrolled: output squared in place", unrolled,
          (normal((2, 3, 4), (4, 3), (3, 3)), normal((3, 3, 3), (3, 3), (3, 3))),
          "changes output", "tanh's backward squares its output in place", ("changes saved",)),
    Wrong("RNN of several lengths: last step for all", op("lengths", rnn_of_lengths, lengths_forgotten), LONG,
          "other place", "the gradient enters at the last step, not at each sequence's own end", ("no mask", "shifted")),
    Wrong("running sums both ways: halves swapped", op("both ways", both_ways, both_ways_swapped),
          (normal((5, 3), (3,), (3,)), normal((4, 4), (4,), (4,)), normal((6, 1), (1,), (1,))),
          "permuted", "the halves of the incoming gradient, forwards and backwards, are swapped", ("exchanged",)),
    Wrong("LSTM: gates in another order", op("lstm", lstm, lstm_gates_swapped), LSTM,
          "permuted", "the gradients of the cell's input g and of the gate o are in each other's places"),
    Wrong("LSTM: tanh of the cell", op("lstm", lstm, lstm_tanh_forgotten), LSTM,
          "chain factor", "the derivative of tanh(c) is missing between h and c"),
    Wrong("LSTM: gradient of the new cell", op("lstm", lstm, lstm_cell_output_forgotten), LSTM,
          "term missing", "the gradient that arrives at the new cell, the second half of the output, is ignored",
          ("left out",)),
    Wrong("LSTM: no gradient to the old cell", op("lstm", lstm, lstm_no_way_back), LSTM,
          "zero", "the old cell's gradient is zero"),
    Wrong("LSTM: old cell past the forget gate", op("lstm", lstm, lstm_forget_gate_forgotten), LSTM,
          "chain factor", "the old cell's gradient is not multiplied by the forget gate"),
    Wrong("LSTM recomputed: bias of the forget gate", op("lstm", lstm_recomputed, lstm_recomputed_without_bias), LSTM,
          "wrong constant", "forward adds 1 to the forget gate, backward recomputes it without"),
    Wrong("LSTM: gates used as buffers", op("lstm", lstm, lstm_gates_reused), LSTM,
          "changes saved", "backward writes the gates' gradients into the saved gates"),
    Wrong("peephole: new cell", op("peephole", peephole, peephole_new_cell), PEEPHOLE,
          "wrong point", "the peephole's gradient is made with the new cell, not with the old one that forward looks at"),
    Wrong("peephole: cell's second way", op("peephole", peephole, peephole_of_one_way), PEEPHOLE,
          "term missing", "the cell's gradient lacks the way through the gate that sees it"),
    Wrong("GRU: state passed on", op("gru", gru, gru_state_of_gates_only), GRU,
          "zero", "the state's gradient, that of what the update gate passes on, is zero", ("term missing",)),
    Wrong("GRU: gate and its complement", op("gru", gru, gru_complement), GRU,
          "wrong formula", "z in place of 1 - z, and the reverse", ("chain factor",)),
    Wrong("GRU: update gate's sign", op("gru", gru, gru_update_plus), GRU,
          "sign of a term", "the update gate's gradient has h + n where h - n is right"),
    Wrong("GRU: reset gate forgotten for the state's part", op("gru", gru, gru_same_for_both), GRU,
          "chain factor", "the candidate's part of b's gradient is not multiplied by the reset gate"),
    Wrong("GRU: reset and update of the state's part", op("gru", gru, gru_gates_swapped), GRU,
          "permuted", "in b's gradient the parts for reset and update gate are in each other's places"),
    Wrong("GRU: reset gate of the other kind", op("gru", gru, gru_reset_of_the_cell), GRU,
          "wrong formula", "the reset gate's gradient is made with h, as though it multiplied the state itself",
          ("wrong point", "chain factor")),
]  # fmt: skip
