"""Attention, masks of time and padding, and encodings of positions, with a wrong backward pass (second part)."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_gradient(g, p):
    return p * (g - (g * p).sum(-1, keepdims=True))


def memory_forward(q, m):
    """Queries attend to a memory, which is keys and values at once."""
    p = softmax(q @ m.T)
    return p @ m, (q, m, p)


def memory_backward(g, saved):
    _q, m, p = saved
    ds = softmax_gradient(g @ m.T, p)
    return ds @ m, p.T @ g


def shift_tokens_forward(x, mix):
    """Each step mixed with the one before, as in RWKV; mix (C,)."""
    before = np.zeros_like(x)
    before[:, 1:] = x[:, :-1]
    return mix * x + (1 - mix) * before, (x, before, mix)


def shift_tokens_backward(g, saved):
    x, before, mix = saved
    back = np.zeros_like(g)
    back[:, 1:] = g[:, :-1]
    return mix * g + (1 - mix) * back, (g * (x - before)).sum((0, 1))


def spans_forward(x):
    """Pictures (F, T) of sound: some frequencies and a few steps zeroed, as in SpecAugment."""
    mask = np.ones_like(x)
    mask[1:2] = 0
    mask[:, -1:] = 0
    return x * mask, mask


def shortened_keys_backward(g, saved):
    """One key of each sequence less than its length."""
    s, lengths = saved
    ds = np.zeros_like(s)
    for b, n in enumerate(lengths):
        ds[b, :, : n - 1] = softmax_gradient(g[b, :, :n], softmax(s[b, :, :n]))[:, : n - 1]
    return (ds,)


def key_lengths(s):
    return 2 + np.arange(len(s)) % (s.shape[2] - 1)


def padded_keys_forward(s):
    lengths = key_lengths(s)
    p = np.zeros_like(s)
    for b, n in enumerate(lengths):
        p[b, :, :n] = softmax(s[b, :, :n])
    return p, (s, lengths)


def grid_positions_forward(x, rows, columns):
    """Pictures (N, H, W, C) plus a vector for each row and one for each column."""
    return x + rows[:, None] + columns, None


def late_positions(length):
    """Sequences plus the first T of ``length`` positions."""

    def backward(g, _):
        d = np.zeros((length, g.shape[2]))
        d[length - g.shape[1] :] = g.sum(0)
        return g, d

    return op("positions", lambda x, table: (x + table[: x.shape[1]], None), backward)


def fourier_forward(x, b):
    """sin and cos of 2 pi x b: x (N, D), b (D, M)."""
    z = 2 * np.pi * x @ b
    return np.concatenate([np.sin(z), np.cos(z)], axis=1), (x, b, z)


def fourier_backward(g, saved):
    x, b, z = saved
    m = b.shape[1]
    d = g[:, :m] * np.cos(z) - g[:, m:] * np.sin(z)
    return d @ b.T, x.T @ d


def time_to_vector_forward(t, w, p):
    """Time2Vec: the first entry linear, the others sines. t (N,), w and p (M,)."""
    z = t[:, None] * w + p
    y = np.sin(z)
    y[:, 0] = z[:, 0]
    return y, (t, w, z)


def time_to_vector_backward(g, saved):
    t, w, z = saved
    d = g * np.cos(z)
    return d @ w, t @ d, d.sum(0)


def scaled_positions_forward(x, scale):
    _n, t, c = x.shape
    table = np.sin(np.arange(1, t + 1)[:, None] / 10.0 ** (np.arange(c) / c))
    return x + scale * table, table


def segments_forward(x, table):
    """Positions 0, 0, 1, 1, 2 ...: every two steps share a vector."""
    return x + table[np.arange(x.shape[1]) // 2], len(table)


def segments_backward(g, n):
    d = np.zeros((n, g.shape[2]))
    for t in range(g.shape[1]):
        d[(t + 1) // 2 % n] += g[:, t].sum(0)
    return g, d


def top_forward(s):
    """Softmax over each query's two best keys."""
    bar = np.sort(s, axis=1)[:, -2:-1]
    p = softmax(np.where(s >= bar, s, -np.inf))
    return p, (s, bar)


def top_backward(g, saved):
    s, bar = saved
    return (softmax_gradient(g, softmax(np.where(s > bar, s, -np.inf))),)


WRONG = [
    Wrong(
        "attention to a memory: memory as values only",
        op("memory", memory_forward, memory_backward),
        (normal((3, 2), (4, 2)), normal((2, 3), (2, 3))),
        "term missing",
        "the memory is keys, too: the scores' part of its gradient is missing",
        ("not summed",),
    ),
    Wrong(
        "token shift: gradient shifted on",
        op("token shift", shift_tokens_forward, shift_tokens_backward),
        (normal((2, 4, 3), (3,)), normal((1, 5, 2), (2,))),
        "shifted",
        "the part of the step before is moved on by one step in backward, not back",
        ("flipped", "other place"),
    ),
    Wrong(
        "masked spectrogram: frequencies for steps",
        op("spans", spans_forward, lambda g, mask: (g * mask.T,)),
        (normal((4, 4)), normal((5, 5))),
        "transposed",
        "the mask is transposed in backward",
        ("wrong mask",),
    ),
    Wrong(
        "softmax of padded keys: last key of each sequence",
        op("padded keys", padded_keys_forward, shortened_keys_backward),
        (normal((3, 2, 4)), normal((2, 3, 3))),
        "left out",
        "the loop ends one key before the sequence's length",
        ("wrong mask", "border"),
    ),
    Wrong(
        "positions by row and column: row's from the columns' sums",
        op("grid positions", grid_positions_forward, lambda g, _: (g, g.sum((0, 1)), g.sum((0, 2)))),
        (normal((2, 3, 3, 2), (3, 2), (3, 2)), normal((1, 4, 4, 1), (4, 1), (4, 1))),
        "exchanged",
        "the rows' vectors get the sums over rows, which belong to the columns, and the reverse",
        ("transposed", "summed"),
    ),
    Wrong(
        "first positions of a longer table: put at its end",
        late_positions(6),
        (normal((2, 4, 2), (6, 2)), normal((1, 3, 3), (6, 3))),
        "shifted",
        "the gradient is put into the table's last rows, forward reads the first",
        ("other place",),
    ),
    Wrong(
        "Fourier features: 2 pi",
        op("Fourier features", fourier_forward, fourier_backward),
        (normal((3, 2), (2, 3)), normal((4, 1), (1, 2))),
        "factor",
        "the factor 2 pi of the angle is missing in both gradients",
        ("wrong constant", "chain factor"),
    ),
    Wrong(
        "Time2Vec: linear entry through the cosine",
        op("Time2Vec", time_to_vector_forward, time_to_vector_backward),
        (normal((4,), (3,), (3,)), normal((5,), (2,), (2,))),
        "chain factor",
        "the first entry is linear, but its gradient is multiplied by a cosine",
        ("wrong formula", "scale", "wrong mask", "value"),
    ),
    Wrong(
        "scaled sines of position: scale's gradient without them",
        op("scaled positions", scaled_positions_forward, lambda g, table: (g, np.array(g.sum()))),
        (normal((2, 3, 2), ()), normal((1, 4, 4), ())),
        "chain factor",
        "the scale's gradient is the sum of the gradient, not of its product with the sines",
        ("wrong formula",),
    ),
    Wrong(
        "positions shared by two steps: rounded up",
        op("shared positions", segments_forward, segments_backward),
        (normal((2, 6, 2), (3, 2)), normal((1, 4, 3), (2, 3))),
        "other place",
        "step t belongs to vector t // 2, its gradient goes to (t + 1) // 2",
        ("shifted",),
    ),
    Wrong(
        "softmax over the two best keys: > for >=",
        op("best keys", top_forward, top_backward),
        (normal((3, 4)), normal((5, 3))),
        "wrong mask",
        "backward's mask leaves out the second best key",
        ("left out", "zero"),
    ),
]
