"""Concatenation, slices, padding, flips, tiles and pairs, with one slip in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def concatenated_twice(a, b):
    """a, b, a next to each other, then tanh of the library."""

    def backward(g, n):
        return g[:, :n], g[:, n:-n]

    return F.tanh(op("concatenate", lambda a, b: (np.concatenate([a, b, a], axis=1), a.shape[1]), backward)(a, b))


def gated_halves_forward(x):
    a, b = x[:, : x.shape[1] // 2], x[:, x.shape[1] // 2 :]
    return a * np.tanh(b), (a, np.tanh(b))


def gated_halves_backward(g, saved):
    a, t = saved
    da, db = g * t, g * a * (1 - t * t)
    return (np.stack([da, db], axis=-1).reshape(len(g), -1),)


def edge_padded_cropped(g, width):
    return (g[..., width:-width].copy(),)


def pairs_forward(x):
    """(N, D) to (N, N, 2 D): each row beside each other one."""
    n, d = x.shape
    left = np.broadcast_to(x[:, None], (n, n, d))
    right = np.broadcast_to(x[None, :], (n, n, d))
    return np.concatenate([left, right], axis=-1), d


def shared_tokens_backward(g, saved):
    """Of a learned token in front of each sequence."""
    return g[:, 1:], g[:, 0].mean(axis=0)


def tiled_mean(g, shape):
    n, m = shape
    return (g.reshape(2, n, 3, m).mean(axis=(0, 2)),)


def three_slices_forward(x):
    k = x.shape[1] // 3
    q, r, s = x[:, :k], x[:, k : 2 * k], x[:, 2 * k : 3 * k]
    return q * r + s, (q, r, x.shape)


def three_slices_backward(g, saved):
    q, r, shape = saved
    k = q.shape[1]
    dx = np.zeros(shape)
    dx[:, :k] = g * r
    dx[:, k : 2 * k] = g * q
    dx[:, k : 2 * k] = g
    return (dx,)


WRONG = [
    Wrong(
        "concatenate a, b and a again, tanh: a's second place",
        concatenated_twice,
        (normal((3, 2), (3, 4)), normal((3, 3), (3, 3)), normal((5, 1), (5, 2))),
        "term missing",
        "a stands at both ends; only the gradient of the first one is returned",
        ("not summed", "left out"),
    ),
    Wrong(
        "first half times tanh of the second: gradients stacked along the last axis",
        op("gate", gated_halves_forward, gated_halves_backward),
        (normal((3, 4)), normal((2, 6)), normal((4, 8))),
        "memory order",
        "np.stack(axis=-1) and a reshape interleave the halves' gradients, which stand side by side",
        ("permuted", "other place"),
    ),
    Wrong(
        "edge padding of signals: cropped only",
        op("edge_pad", lambda x: (np.pad(x, [(0, 0)] * (x.ndim - 1) + [(2, 2)], mode="edge"), 2), edge_padded_cropped),
        (normal((3, 5)), normal((6,)), normal((2, 2, 3))),
        "border",
        "the copies of the ends in the padding give nothing back to the ends",
        ("not summed", "term missing"),
    ),
    Wrong(
        "roll of columns: rolled back along rows",
        op("roll", lambda x: (np.roll(x, 1, axis=1), None), lambda g, _: (np.roll(g, -1, axis=0),)),
        (normal((3, 5)), normal((4, 4)), normal((2, 3))),
        "shifted",
        "axis 0 in backward, axis 1 in forward",
        ("transposed",),
    ),
    Wrong(
        "picture mirrored both ways: rows mirrored back",
        op("flip", lambda x: (x[..., ::-1, ::-1].copy(), None), lambda g, _: (g[..., ::-1, :].copy(),)),
        (normal((2, 4, 5)), normal((3, 3)), normal((1, 2, 2, 4))),
        "flipped",
        "columns stay mirrored",
        ("other place",),
    ),
    Wrong(
        "every second step: gradient repeated",
        op("subsample", lambda x: (x[:, ::2], x.shape), lambda g, shape: (np.repeat(g, 2, axis=1)[:, : shape[1]],)),
        (normal((3, 6)), normal((2, 7)), normal((4, 4, 2))),
        "independent",
        "the steps that were skipped get their neighbour's gradient, where zeros belong",
        ("no mask", "summed", "stride"),
    ),
    Wrong(
        "all pairs of rows side by side: second place forgotten",
        op("pairs", pairs_forward, lambda g, d: (g[..., :d].sum(axis=1),)),
        (normal((3, 2)), normal((4, 4)), normal((5, 1))),
        "term missing",
        "each row is the first and the second of pairs; only the first's gradient is summed",
        ("not summed", "left out"),
    ),
    Wrong(
        "learned token in front of sequences: gradient averaged",
        op(
            "prepend",
            lambda x, token: (np.concatenate([np.broadcast_to(token, (len(x), 1, len(token))), x], axis=1), None),
            shared_tokens_backward,
        ),
        (normal((3, 4, 2), (2,)), normal((3, 3, 3), (3,)), normal((2, 1, 5), (5,))),
        "averaged",
        "the token stands in front of every sequence, and its gradient is the sum, not the mean, over them",
        ("factor",),
    ),
    Wrong(
        "tile by 2 and 3: mean of the copies",
        op("tile", lambda x: (np.tile(x, (2, 3)), x.shape), tiled_mean),
        (normal((3, 4)), normal((3, 3)), normal((1, 5))),
        "averaged",
        "copies add up; their mean is taken",
        ("factor",),
    ),
    Wrong(
        "three slices q, r, s to q r + s: second slice written twice",
        op("fused", three_slices_forward, three_slices_backward),
        (normal((3, 6)), normal((4, 9)), normal((2, 3))),
        "other place",
        "s's gradient is written to r's columns, whose own is lost; the third slice stays zero",
        ("overwritten", "left out", "zero"),
    ),
]
