"""Sums and means over windows, groups and parts of an array, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def cumulative_mean_backward(g, shape):
    g = g / np.arange(1, shape[-1] + 1)[::-1]
    return (np.cumsum(g[..., ::-1], -1)[..., ::-1],)


def autocovariance_forward(x):
    """At lag 2, along the last axis, of numbers whose mean is zero."""
    return (x[..., 2:] * x[..., :-2]).sum(-1), x


def autocovariance_backward(g, x):
    dx = np.zeros_like(x)
    dx[..., 2:] = g[..., None] * x[..., :-2]
    dx[..., :-2] = g[..., None] * x[..., 2:]
    return (dx,)


def slope_forward(y):
    """Slope of the straight line fitted to each row, at 0, 1, 2..."""
    t = np.arange(y.shape[-1]) - (y.shape[-1] - 1) / 2
    return y @ t / (t @ t), (y.shape, t)


def slope_uncentred(g, saved):
    shape, t = saved
    steps = np.arange(shape[-1])
    return (g[..., None] * steps / (t @ t),)


def diagonal_sums_forward(x):
    n, m = x.shape
    return np.array([np.trace(x, k) for k in range(1 - n, m)]), (n, m)


def diagonal_sums_backward(g, shape):
    n, m = shape
    return (g[np.add.outer(np.arange(n), np.arange(m))],)


def moving_average_forward(x):
    y = np.empty_like(x)
    y[0] = x[0]
    for t in range(1, len(x)):
        y[t] = 0.7 * y[t - 1] + 0.3 * x[t]
    return y, None


def moving_average_backward(g, _):
    dx, carry = np.empty_like(g), np.zeros_like(g[0])
    for t in range(len(g) - 1, -1, -1):
        carry = g[t] + 0.7 * carry
        dx[t] = 0.3 * carry
    return (dx,)


def group_sums_forward(x):
    """Rows i, i + 3, i + 6... belong to group i."""
    return np.stack([x[i::3].sum(0) for i in range(3)]), len(x)


def prefix_logsumexp_backward(g, saved):
    x, y = saved
    return (np.exp(x - y) * np.cumsum(g[::-1], 0)[::-1],)


def centred_forward(x):
    x = np.subtract(x, x.mean(-1, keepdims=True), out=x)
    return x.copy(), None


CENTRED = {}


def centre_kept(g, _):
    if g.shape not in CENTRED:
        CENTRED[g.shape] = np.empty(g.shape)
    np.subtract(g, g.mean(-1, keepdims=True), out=CENTRED[g.shape])
    return (CENTRED[g.shape],)


def jackknife_backward(g, x):
    return ((g.sum() - g) * x,)


def half_sums_strided(x):
    n = x.size // 2
    halves = np.lib.stride_tricks.as_strided(x, (2, n), (n * x.itemsize, x.itemsize))
    return halves.sum(1), x.shape


def half_sums_backward(g, shape):
    return (np.repeat(g, np.prod(shape) // 2).reshape(shape),)


def bootstrap_backward(g, x):
    rows = np.random.randint(len(x), size=len(x))
    return (g * np.bincount(rows, minlength=len(x))[:, None] / len(x) * np.ones(x.shape),)


def odd_columns_forward(x):
    return x[..., ::2].sum(-1), x.shape


def pairs_at_three_forward(x):
    return x[:-3] * x[3:], x


def pairs_at_three_backward(g, x):
    dx = np.zeros_like(x)
    for i in range(len(g)):
        dx[i] += g[i] * x[i + 3]
        dx[i + 1] += g[i] * x[i]
    return (dx,)


def sums_of_exponentials_backward(g, x):
    return (np.exp(x) * (g / np.abs(g).max())[..., None],)


WRONG = [
    Wrong(
        "cumulative mean: counts from the end",
        op("cumulative_mean", lambda x: (np.cumsum(x, -1) / np.arange(1, x.shape[-1] + 1), x.shape), cumulative_mean_backward),
        (normal((6,)), normal((3, 4)), normal((2, 3, 5))),
        "flipped",
        "divided by n, n - 1 ... 1 in place of 1, 2 ... n",
        ("scale", "chain factor", "wrong formula"),
    ),
    Wrong(
        "autocovariance: second use assigned",
        op("autocovariance", autocovariance_forward, autocovariance_backward),
        (normal((7,)), normal((3, 6)), normal((2, 2, 5))),
        "overwritten",
        "= for +=: elements in the middle stand in two products, the first one's gradient is lost",
        ("not summed", "term missing"),
    ),
    Wrong(
        "slope of a fitted line: times not centred",
        op("slope", slope_forward, slope_uncentred),
        (normal((5,)), normal((3, 4)), normal((2, 2, 6))),
        "wrong point",
        "0, 1, 2... in place of the distances from their mean",
        ("term missing", "term extra", "wrong formula"),
    ),
    Wrong(
        "sums of diagonals: those of antidiagonals",
        op("diagonal_sums", diagonal_sums_forward, diagonal_sums_backward),
        (normal((4, 4)), normal((3, 5)), normal((6, 2))),
        "flipped",
        "i + j for j - i + n - 1: the rows are mirrored",
        ("other place", "wrong formula"),
    ),
    Wrong(
        "exponential moving average: first one",
        op("ema", moving_average_forward, moving_average_backward),
        (normal((6,)), normal((5, 3)), normal((4, 2, 2))),
        "border",
        "y[0] is x[0] itself: its gradient must not be multiplied by 0.3",
        ("chain factor", "wrong formula", "scale"),
    ),
    Wrong(
        "sums of interleaved groups: as blocks",
        op("group_sums", group_sums_forward, lambda g, n: (np.repeat(g, n // 3, axis=0),)),
        (normal((6, 2)), normal((9,)), normal((12, 3))),
        "permuted",
        "rows i, i + 3, ... belong together, backward has neighbours together",
        ("groups", "memory order", "other place"),
    ),
    Wrong(
        "cumulative logsumexp: own denominator",
        op(
            "logcumsumexp",
            lambda x: (np.log(np.cumsum(np.exp(x), 0)), (x, np.log(np.cumsum(np.exp(x), 0)))),
            prefix_logsumexp_backward,
        ),
        (normal((5,)), normal((4, 4)), normal((6, 2))),
        "wrong point",
        "exp(x - y) of the element's own place: each later sum needs its own y",
        ("wrong formula", "chain factor", "term missing"),
    ),
    Wrong(
        "centring: mean subtracted in the input",
        op("centre", centred_forward, lambda g, _: (g - g.mean(-1, keepdims=True),)),
        (lambda rng: [1 + rng.standard_normal((3, 4))], lambda rng: [rng.standard_normal(7) - 2]),
        "changes input",
        "out=x: forward centres the input itself",
    ),
    Wrong(
        "centring: a result for each shape",
        op("centre", lambda x: (x - x.mean(-1, keepdims=True), None), centre_kept),
        (normal((6,)), normal((3, 4)), normal((2, 2, 3))),
        "aliased",
        "the returned array is written into by the next call with the same shape",
    ),
    Wrong(
        "sums of the other products: own factor",
        op("jackknife", lambda x: ((x**2).sum() - x**2, x), jackknife_backward),
        (normal((5,)), normal((8,)), normal((4,))),
        "factor",
        "the 2 of the squares is forgotten",
        ("wrong formula",),
    ),
    Wrong(
        "sums of two halves: of dense memory",
        op("half_sums", half_sums_strided, half_sums_backward),
        (normal((6,)), normal((4, 3)), normal((2, 2, 4))),
        "input strides",
        "the halves are found by the strides of a dense array",
    ),
    Wrong(
        "mean of columns: bootstrapped",
        op("column_mean", lambda x: (x.mean(0), x), bootstrap_backward),
        (normal((5, 3)), normal((8, 4)), normal((6, 6))),
        "random",
        "rows are drawn with replacement, anew for each backward pass",
        ("wrong formula", "left out"),
    ),
    Wrong(
        "mean without the extremes: forward's number",
        op(
            "trimmed",
            lambda x: (float(np.sort(x)[1:-1].mean()), x),
            lambda g, x: (g * ((x > x.min()) & (x < x.max())) / (x.size - 2),),
        ),
        (normal((5,)), normal((9,))),
        "contract",
        "forward returns a Python float, not an array",
    ),
    Wrong(
        "sum of rows: gradient's memory",
        op("row_sums", lambda x: (x.sum(1), x.shape), lambda g, s: (np.frombuffer(g, float).repeat(s[1]).reshape(s),)),
        (normal((3, 4)), normal((5, 5))),
        "gradient strides",
        "np.frombuffer reads the gradient's bytes, and refuses one that is not contiguous",
    ),
    Wrong(
        "sums of exponentials: gradient over its largest",
        op("exp_sum", lambda x: (np.exp(x).sum(-1), x), sums_of_exponentials_backward),
        (normal((4, 3)), normal((5, 5)), normal((2, 3, 4))),
        "nonlinear",
        "the incoming gradient is divided by its largest absolute value",
    ),
    Wrong(
        "sum of every second column: all columns",
        op("odd_columns", odd_columns_forward, lambda g, shape: (np.ones(shape) * g[..., None],)),
        (normal((3, 6)), normal((5, 5)), normal((7,))),
        "independent",
        "the columns that are skipped get the gradient, too",
        ("no mask", "stride"),
    ),
    Wrong(
        "means of groups of three columns: tiled",
        op("group_mean", lambda x: (x.reshape(len(x), -1, 3).mean(-1), x.shape), lambda g, _: (np.tile(g, 3) / 3,)),
        (normal((4, 6)), normal((3, 9)), normal((6, 6))),
        "groups",
        "tile for repeat: the columns of a group are neighbours, backward has them apart",
        ("memory order", "permuted", "other place"),
    ),
    Wrong(
        "products at a distance of three: at one in backward",
        op("pairs_at_three", pairs_at_three_forward, pairs_at_three_backward),
        (normal((8,)), normal((6, 3)), normal((5,))),
        "stride",
        "the second factor lies three further on, its gradient is added one further on",
        ("shifted", "other place", "wrong constant"),
    ),
    Wrong(
        "log-cosh of large numbers: sinh over cosh",
        op("log_cosh", lambda x: (np.logaddexp(x, -x) - np.log(2), x), lambda g, x: (g * np.sinh(x) / np.cosh(x),)),
        (
            lambda rng: [900 * rng.standard_normal(9)],
            lambda rng: [np.append(rng.standard_normal((2, 4)), [[800.0, 1, -1, 2]], axis=0)],
        ),
        "not finite",
        "sinh and cosh overflow where forward does not: inf / inf",
    ),
]
