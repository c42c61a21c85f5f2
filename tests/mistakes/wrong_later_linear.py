"""Linear layers, matrix products and broadcasting, with one slip in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


# linear layers by loops


def linear_forward(x, w, b):
    return x @ w.T + b, (x, w)


def linear_assigned(g, saved):
    x, w = saved
    dw = np.zeros_like(w)
    for n in range(len(x)):
        for o in range(w.shape[0]):
            for i in range(w.shape[1]):
                dw[o, i] = g[n, o] * x[n, i]
    return g @ w, dw, g.sum(0)


def linear_bias_in_inner_loop(g, saved):
    x, w = saved
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(len(w))
    for n in range(len(x)):
        for o in range(w.shape[0]):
            for i in range(w.shape[1]):
                dx[n, i] += g[n, o] * w[o, i]
                dw[o, i] += g[n, o] * x[n, i]
                db[o] += g[n, o]
    return dx, dw, db


def sequences_backward(g, saved):
    x, w = saved
    d = x.shape[-1]
    dw = np.zeros_like(w)
    for t in range(x.shape[1]):
        dw += g[0, t][:, None] @ x[0, t].reshape(1, d)
    return g @ w, dw, g.sum((0, 1))


# two layers in one op


def perceptron_forward(x, w1, b1, w2):
    h = np.maximum(x @ w1 + b1, 0)
    return h @ w2, (x, h, w1, w2)


def perceptron_backward(g, saved):
    x, h, w1, w2 = saved
    dh = g @ w2.T
    dh[dh < 0] = 0
    return dh @ w1.T, x.T @ dh, dh.sum(0), h.T @ g


def perceptron_no_mask(g, saved):
    x, h, w1, w2 = saved
    dh = g @ w2.T
    return dh @ w1.T, x.T @ dh, dh.sum(axis=0), h.T @ g


def scaled_forward(x, s, w):
    return (x * s) @ w, (x, s, w)


def scaled_backward(g, saved):
    x, s, w = saved
    d = g @ w.T
    return d, (d * x).sum(0), (x * s).T @ g


# matrix products


def matmul_t_of_stacks(g, saved):
    a, b = saved
    return g @ b.transpose(0, 2, 1), a.T @ g


def pair_scores_forward(x, a, y):
    return np.einsum("ni,ij,nj->n", x, a, y), (x, a, y)


def pair_scores_backward(g, saved):
    x, a, y = saved
    g = g[:, None]
    return g * (y @ a.T), (g * x).T @ y, g * (x @ a.T)


def scores_einsum_backward(g, saved):
    q, k = saved
    return np.einsum("bij,bjd->bid", g, k), np.einsum("bij,bjd->bid", g, q)


def quadratic_forward(x, a):
    return ((x @ a) * x).sum(1), (x, a)


def quadratic_backward(g, saved):
    x, a = saved
    return x @ (a + a.T), np.einsum("n,ni,nj->ij", g, x, x)


# broadcasting


def unbroadcast_mean(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            g = g.mean(axis=axis, keepdims=True)
    return g


def unbroadcast_one_axis(g, shape):
    """Sums what was broadcast, but returns after the first such axis, and takes the first of the others."""
    for axis, length in enumerate(shape):
        if length == 1 and g.shape[axis] > 1:
            g = g.sum(axis=axis, keepdims=True)
            break
    return g[tuple(slice(length) for length in shape)]


def subtract(a, b):
    return op(
        "sub",
        lambda a, b: (a - b, (a.shape, b.shape)),
        lambda g, shapes: (unbroadcast_mean(g, shapes[0]), -unbroadcast_mean(g, shapes[1])),
    )(a, b)


def multiply(a, b):
    return op(
        "mul",
        lambda a, b: (a * b, (a, b)),
        lambda g, s: (unbroadcast_one_axis(g * s[1], s[0].shape), unbroadcast_one_axis(g * s[0], s[1].shape)),
    )(a, b)


def bias_in_place(x, b):
    y = x
    y += b
    return y, None


def add_position(x, p):
    """x (N, T, C) plus p (T, C), then relu of the library."""
    y = op("add", lambda x, p: (x + p, None), lambda g, _: (g, g.sum(axis=1)))(x, p)
    return F.relu(y)


WRONG = [
    Wrong(
        "linear by loops: weight's gradient assigned",
        op("linear", linear_forward, linear_assigned),
        (normal((3, 4), (5, 4), (5,)), normal((4, 4), (4, 4), (4,)), normal((4, 6), (1, 6), (1,))),
        "overwritten",
        "dw[o, i] = in the loop over the batch keeps the last sample's product",
        ("not summed",),
    ),
    Wrong(
        "linear by loops: bias in the loop over the inputs",
        op("linear", linear_forward, linear_bias_in_inner_loop),
        (normal((3, 4), (2, 4), (2,)), normal((3, 3), (3, 3), (3,)), normal((1, 6), (5, 6), (5,))),
        "summed",
        "db is added to once for each input feature: it comes out as often as there are features",
        ("factor",),
    ),
    Wrong(
        "linear of sequences: weight's gradient of the first sequence",
        op("linear", linear_forward, sequences_backward),
        (normal((3, 4, 2), (5, 2), (5,)), normal((3, 3, 3), (3, 3), (3,))),
        "not summed",
        "the loop goes over steps, but not over the batch: sequence 0 alone",
        ("left out",),
    ),
    Wrong(
        "two layers with relu: dh[dh < 0] = 0",
        op("perceptron", perceptron_forward, perceptron_backward),
        (normal((4, 3), (3, 5), (5,), (5, 2)), normal((3, 3), (3, 3), (3,), (3, 3))),
        "wrong mask",
        "the mask asks for the sign of the hidden gradient, not for that of the hidden units",
        ("nonlinear", "no mask"),
    ),
    Wrong(
        "two layers with relu: relu left out in backward",
        op("perceptron", perceptron_forward, perceptron_no_mask),
        (normal((4, 2), (2, 6), (6,), (6, 3)), normal((4, 4), (4, 4), (4,), (4, 4))),
        "no mask",
        "the hidden gradient goes on through units that are off",
    ),
    Wrong(
        "scaled input, linear: scale forgotten for x",
        op("scaled_linear", scaled_forward, scaled_backward),
        (
            lambda rng: [rng.standard_normal((3, 4)), rng.uniform(0.5, 2, 4), rng.standard_normal((4, 2))],
            lambda rng: [rng.standard_normal((3, 3)), rng.uniform(0.5, 2, 3), rng.standard_normal((3, 3))],
        ),
        "scale",
        "x's gradient is g w^T, without the scale of each feature",
        ("chain factor",),
    ),
    Wrong(
        "matmul of stacks: a.T",
        op("bmm", lambda a, b: (a @ b, (a, b)), matmul_t_of_stacks),
        (normal((3, 3, 3), (3, 3, 3)), normal((4, 4, 4), (4, 4, 4)), normal((2, 2, 2), (2, 2, 2))),
        "transposed",
        "a.T reverses all three axes, the batch's, too; only the last two are meant",
        ("permuted",),
    ),
    Wrong(
        "score x^T A y of pairs: A transposed for y",
        op("bilinear", pair_scores_forward, pair_scores_backward),
        (normal((4, 3), (3, 3), (4, 3)), normal((2, 2), (2, 2), (2, 2)), normal((5, 5), (5, 5), (5, 5))),
        "transposed",
        "y's gradient is x^T A; x^T A^T stands there",
    ),
    Wrong(
        "scores of queries and keys by einsum: letters of the keys' gradient",
        op("scores", lambda q, k: (np.einsum("bid,bjd->bij", q, k), (q, k)), scores_einsum_backward),
        (normal((2, 4, 3), (2, 4, 3)), normal((3, 3, 3), (3, 3, 3)), normal((1, 5, 2), (1, 5, 2))),
        "transposed",
        "the keys' gradient sums over keys where it should sum over queries: bij,bjd for bij,bid",
    ),
    Wrong(
        "Gram matrix of rows: g taken for symmetric",
        op("gram", lambda x: (x @ x.T, x), lambda g, x: (2 * g @ x,)),
        (normal((4, 3)), normal((3, 3)), normal((2, 5))),
        "transposed",
        "(g + g^T) x is written as 2 g x",
        ("term missing", "wrong formula", "summed"),
    ),
    Wrong(
        "quadratic forms of rows: incoming gradient forgotten for x",
        op("quadratic", quadratic_forward, quadratic_backward),
        (normal((4, 3), (3, 3)), normal((5, 5), (5, 5)), normal((6, 2), (2, 2))),
        "ones",
        "x's gradient is not multiplied by the incoming one",
    ),
    Wrong(
        "sub, any broadcasting: axes of length 1 averaged",
        subtract,
        (normal((3, 4), (3, 1)), normal((1, 5), (4, 5)), normal((2, 3, 4), (3, 1))),
        "averaged",
        "what was broadcast is averaged where it should be summed",
        ("factor",),
    ),
    Wrong(
        "mul, any broadcasting: one axis summed",
        multiply,
        (normal((2, 3, 4), (1, 3, 1)), normal((1, 1), (3, 3)), normal((3, 2, 2), (3, 1, 1))),
        "not summed",
        "of two axes that were broadcast, the first is summed, of the second its first element is taken",
        ("left out",),
    ),
    Wrong(
        "add a bias: y = x, y += b",
        op("bias", bias_in_place, lambda g, _: (g, g.sum(axis=0))),
        (normal((4, 3), (3,)), normal((3, 3), (3,))),
        "changes input",
        "y is x itself, and the bias is added to it",
        ("aliased",),
    ),
    Wrong(
        "add positions, relu: positions' gradient summed over the steps",
        add_position,
        (normal((4, 4, 3), (4, 3)), normal((3, 3, 3), (3, 3)), normal((2, 2, 5), (2, 5))),
        "transposed",
        "g.sum(axis=1) leaves the batch, which is as long as the steps; axis 0 was broadcast",
        ("summed", "not summed"),
    ),
]
