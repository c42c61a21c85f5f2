"""Sums, means, products and cumulative sums over axes, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def zeros_within(shape, step):
    """Normal numbers, each ``step``-th of which is 0."""

    def point(rng):
        x = rng.standard_normal(shape)
        x.flat[::step] = 0
        return [x]

    return point


def repeated_rows(g, saved):
    n, m = saved
    return (np.repeat(g, n).reshape(n, m),)


def row_lengths(x):
    """A mask (N, T) of sequences of unequal lengths, all shorter than T."""
    n, t = x.shape
    return np.arange(t) < 1 + np.arange(n)[:, None] % (t - 1)


def masked_mean_forward(x):
    mask = row_lengths(x)
    return (x * mask).sum(1) / mask.sum(1), mask


def channel_mean_backward(g, shape):
    return (np.broadcast_to(g[:, None], shape) / np.prod(shape),)


def float32_sum_backward(g, shape):
    out = np.zeros(shape, np.float32)
    out += g
    return (out,)


def mean_in_place(g, shape):
    g /= shape[1]
    return (np.repeat(g[:, None], shape[1], axis=1),)


BUFFERS = {}


def sum_into_buffer(g, shape):
    out = BUFFERS.setdefault(shape, np.empty(shape))
    out[...] = g[..., None]
    return (out,)


def weighted_mean_forward(x, w):
    total = w.sum()
    y = (w * x).sum() / total
    return y, (x, w, total)


def weighted_mean_backward(g, saved):
    x, w, total = saved
    return g * w / total, g * x / total


def moving_forward(x):
    return np.convolve(x, np.ones(3) / 3, mode="valid"), len(x)


def moving_shifted(g, n):
    dx = np.zeros(n)
    for i in range(len(g)):
        for tap in range(3):
            if i + tap + 1 < n:
                dx[i + tap + 1] += g[i] / 3
    return (dx,)


def moving_no_border(g, n):
    dx = np.zeros(n)
    dx[1:-1] = np.convolve(g, np.ones(3) / 3, mode="same")
    return (dx,)


def block_sum_forward(x):
    n, m = x.shape
    return x.reshape(n // 2, 2, m // 2, 2).sum(axis=(1, 3)), x.shape


def block_sum_backward(g, shape):
    dx = np.zeros(shape)
    dx[::2, ::2] += g
    dx[1::2, ::2] += g
    dx[::2, 1::2] += g
    return (dx,)


def cumprod_backward(g, saved):
    x, y = saved
    return (np.cumsum(g * y, axis=-1) / x,)


WRONG = [
    Wrong(
        "sum over axis 1: put back as axis 0",
        op("sum", lambda x: (x.sum(axis=1), x.shape), lambda g, shape: (np.broadcast_to(np.expand_dims(g, 0), shape),)),
        (normal((4, 4)), normal((3, 3, 5)), normal((2, 2))),
        "transposed",
        "the gradient of the sums of rows is laid along the other axis, as though columns had been summed",
    ),
    Wrong(
        "sum over axis 0: repeat for tile",
        op("sum", lambda x: (x.sum(axis=0), x.shape), repeated_rows),
        (normal((3, 4)), normal((2, 6)), normal((5, 5))),
        "memory order",
        "np.repeat(g, n).reshape(n, m) puts equal numbers beside each other where np.tile would put them below each other",
        ("transposed", "other place"),
    ),
    Wrong(
        "sum over the last axis: mean's backward",
        op(
            "sum",
            lambda x: (x.sum(axis=-1), x.shape),
            lambda g, shape: (np.ones(shape) * g[..., None] / shape[-1],),
        ),
        (normal((4, 6)), normal((2, 3, 5)), normal((2, 2))),
        "averaged",
        "divided by the length of the axis, although forward sums",
        ("factor",),
    ),
    Wrong(
        "mean over height and width: not divided",
        op(
            "spatial_mean",
            lambda x: (x.mean(axis=(2, 3)), x.shape),
            lambda g, shape: (np.broadcast_to(g[:, :, None, None], shape),),
        ),
        (normal((2, 3, 4, 4)), normal((3, 3, 2, 5)), normal((1, 2, 1, 6))),
        "not averaged",
        "the division by H * W is forgotten",
        ("factor",),
    ),
    Wrong(
        "mean of everything: divided by the batch only",
        op("mean", lambda x: (x.mean(), x.shape), lambda g, shape: (np.full(shape, g) / shape[0],)),
        (normal((3, 4)), normal((2, 3, 5)), normal((4, 2, 2, 2))),
        "factor",
        "divided by the length of the first axis, not by the number of all elements",
        ("not averaged",),
    ),
    Wrong(
        "mean of each channel: divided by all elements",
        op("channel_mean", lambda x: (x.mean(axis=(0, 2)), x.shape), channel_mean_backward),
        (normal((4, 3, 5)), normal((3, 3, 3)), normal((1, 6, 4))),
        "averaged",
        "divided by N * C * L, where each mean is of N * L numbers",
        ("factor",),
    ),
    Wrong(
        "mean, 1 // n",
        op(
            "mean",
            lambda x: (x.mean(axis=-1, keepdims=True), x.shape),
            lambda g, shape: (np.ones(shape) * g * (1 // shape[-1]),),
        ),
        (normal((7,)), normal((3, 4)), normal((5, 1, 2))),
        "zero",
        "1 // n is 0: integers were divided",
    ),
    Wrong(
        "masked mean of sequences: divided by the full length",
        op("masked_mean", masked_mean_forward, lambda g, mask: (g[:, None] * mask / mask.shape[1],)),
        (normal((4, 6)), normal((5, 5)), normal((2, 7))),
        "scale",
        "divided by T, where each row is divided by its own number of kept steps",
        ("averaged",),
    ),
    Wrong(
        "masked mean of sequences: padding gets a gradient",
        op(
            "masked_mean",
            masked_mean_forward,
            lambda g, mask: (np.repeat((g / mask.sum(1))[:, None], mask.shape[1], axis=1),),
        ),
        (normal((4, 6)), normal((5, 5)), normal((2, 3))),
        "no mask",
        "the steps behind the end of a sequence are not in its mean, but get its gradient",
        ("independent",),
    ),
    Wrong(
        "masked mean of sequences: the padding only",
        op("masked_mean", masked_mean_forward, lambda g, mask: ((g / mask.sum(1))[:, None] * (1 - mask),)),
        (normal((4, 6)), normal((5, 5)), normal((2, 3))),
        "inverted mask",
        "1 - mask for mask",
    ),
    Wrong(
        "sum: a float32 gradient",
        op("sum", lambda x: (x.sum(), x.shape), float32_sum_backward),
        (normal((3, 4)), normal((5,)), normal((2, 2, 2))),
        "dtype",
        "the gradient is a float32 array, the input float64",
        ("precision",),
    ),
    Wrong(
        "mean over axis 1: g /= n",
        op("mean", lambda x: (x.mean(axis=1), x.shape), mean_in_place),
        (normal((3, 4)), normal((5, 5)), normal((6, 2))),
        "changes gradient",
        "the incoming gradient is divided in place",
        ("gradient strides",),
    ),
    Wrong(
        "sum: one buffer for all calls",
        op("sum", lambda x: (x.sum(axis=-1), x.shape), sum_into_buffer),
        (normal((3, 4)), normal((8,)), normal((2, 2, 3))),
        "aliased",
        "the returned array is kept and written into again by the next call",
    ),
    Wrong(
        "weighted mean: the weights' sum taken for a constant",
        op("weighted_mean", weighted_mean_forward, weighted_mean_backward),
        (
            lambda rng: [rng.standard_normal(6), rng.uniform(0.5, 2, 6)],
            lambda rng: [rng.standard_normal((3, 4)) + 1, rng.uniform(0.5, 2, (3, 4))],
        ),
        "term missing",
        "the gradient of the weights lacks -y / sum(w), which comes from the denominator",
    ),
    Wrong(
        "row-wise dot product: each input times itself",
        op(
            "rowdot",
            lambda a, b: (np.einsum("ni,ni->n", a, b), (a, b)),
            lambda g, saved: (g[:, None] * saved[0], g[:, None] * saved[1]),
        ),
        (normal((3, 4), (3, 4)), normal((5, 5), (5, 5)), normal((1, 7), (1, 7))),
        "exchanged",
        "a's gradient is g * a and b's is g * b: the two are exchanged",
    ),
    Wrong(
        "sum of squares: x for 2 x",
        op("sumsq", lambda x: (np.square(x).sum(-1), x), lambda g, x: (g[..., None] * x,)),
        (normal((5,)), normal((3, 4)), normal((2, 2, 6))),
        "factor",
        "the 2 of the square's derivative is forgotten",
    ),
    Wrong(
        "sum of cubes: the exponent is not lowered",
        op("sumcube", lambda x: ((x**3).sum(0), x), lambda g, x: (3 * x**3 * g,)),
        (normal((5, 2)), normal((3, 4)), normal((2, 6))),
        "wrong formula",
        "3 x**3 for 3 x**2",
        ("chain factor",),
    ),
    Wrong(
        "trace: all elements",
        op("trace", lambda x: (np.trace(x), x.shape), lambda g, shape: (np.full(shape, g),)),
        (normal((3, 3)), normal((2, 2)), normal((4, 6))),
        "independent",
        "the elements beside the diagonal get a gradient, too",
        ("no mask",),
    ),
    Wrong(
        "moving average: one step late",
        op("moving_average", moving_forward, moving_shifted),
        (normal((6,)), normal((12,)), normal((4,))),
        "shifted",
        "window i began at i, its gradient is added from i + 1 on",
    ),
    Wrong(
        "moving average: the ends are left out",
        op("moving_average", moving_forward, moving_no_border),
        (normal((7,)), normal((20,)), normal((5,))),
        "border",
        "mode 'same' where 'full' is needed: the first and the last element get nothing",
        ("left out",),
    ),
    Wrong(
        "sums of 2 x 2 blocks: one of four",
        op("block_sum", block_sum_forward, block_sum_backward),
        (normal((4, 4)), normal((2, 6)), normal((6, 8))),
        "left out",
        "the lower right element of each block is never written",
    ),
    Wrong(
        "product: not divided by x",
        op(
            "prod",
            lambda x: (x.prod(axis=-1), (x.shape, x.prod(axis=-1, keepdims=True))),
            lambda g, s: (np.broadcast_to(g[..., None] * s[1], s[0]),),
        ),
        (normal((4,)), normal((3, 3)), normal((2, 3, 2))),
        "chain factor",
        "the product of all in place of the product of all others: 1/x is missing",
    ),
    Wrong(
        "product: divided by a zero",
        op("prod", lambda x: (x.prod(axis=1), (x, x.prod(axis=1))), lambda g, s: ((g * s[1])[:, None] / s[0],)),
        (zeros_within((3, 4), 4), zeros_within((4, 3), 5), zeros_within((2, 5), 5)),
        "not finite",
        "y / x is 0 / 0 where an element is 0",
    ),
    Wrong(
        "cumulative product: summed from the wrong end",
        op("cumprod", lambda x: (np.cumprod(x, axis=-1), (x, np.cumprod(x, axis=-1))), cumprod_backward),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "flipped",
        "g * y is summed from the start up to i, where it must be summed from i to the end",
        ("transposed",),
    ),
    Wrong(
        "cumulative sum: cumsum of the gradient",
        op("cumsum", lambda x: (np.cumsum(x, axis=1), None), lambda g, _: (np.cumsum(g, axis=1),)),
        (normal((3, 4)), normal((5, 5)), normal((1, 2))),
        "flipped",
        "summed from the start, where the gradient is summed from the end",
        ("transposed",),
    ),
    Wrong(
        "cumulative sum: not turned back",
        op("cumsum", lambda x: (np.cumsum(x), None), lambda g, _: (np.cumsum(g[::-1]),)),
        (normal((4,)), normal((9,)), normal((2,))),
        "flipped",
        "the last [::-1] is forgotten: the right numbers in reverse order",
    ),
    Wrong(
        "cumulative sum: the gradient itself",
        op("cumsum", lambda x: (np.cumsum(x, axis=0), None), lambda g, _: (g,)),
        (normal((4, 3)), normal((5,)), normal((3, 3, 2))),
        "not summed",
        "each element is in all later sums, but gets the gradient of its own only",
        ("term missing",),
    ),
    Wrong(
        "cumulative sum over rows: the other axis",
        op("cumsum", lambda x: (np.cumsum(x, axis=1), None), lambda g, _: (np.flip(np.cumsum(np.flip(g, 0), 0), 0),)),
        (normal((3, 4)), normal((5, 5)), normal((2, 2))),
        "transposed",
        "summed back along axis 0, forward summed along axis 1",
    ),
    Wrong(
        "exclusive cumulative sum: the own gradient, too",
        op(
            "exclusive_cumsum",
            lambda x: (np.cumsum(x, axis=-1) - x, None),
            lambda g, _: (np.cumsum(g[..., ::-1], axis=-1)[..., ::-1],),
        ),
        (normal((5,)), normal((3, 4)), normal((4, 2))),
        "term extra",
        "an element is not in its own sum, but gets its gradient: the sum should begin one later",
        ("shifted",),
    ),
    Wrong(
        "cumulative sum: out=x",
        op("cumsum", lambda x: (np.cumsum(x, axis=-1, out=x), None), lambda g, _: (np.cumsum(g[..., ::-1], -1)[..., ::-1],)),
        (normal((5,)), normal((3, 4)), normal((2, 2, 2))),
        "changes input",
        "forward writes its result into the input",
    ),
]
