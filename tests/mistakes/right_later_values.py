"""Right activations, norms, losses, sums and linear algebra, written as one writes them every day; some look wrong at first."""

import numpy as np
from corpus import Right

import minimix as mm

COMPLEX = ("complex",)  # not analytic there


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def mirrored_sigmoid(g, x):
    s = 1 / (1 + np.exp(x))
    return (g * s * (1 - s),)


def gelu_forward(x):
    t = np.tanh(0.7978845608028654 * (x + 0.044715 * x**3))
    return 0.5 * x * (1 + t), (x, t)


def gelu_backward(g, saved):
    x, t = saved
    du = 0.7978845608028654 * (1 + 0.134145 * x**2)
    return (0.5 * g * ((1 + t) + x * (1 - t**2) * du),)


def gate_forward(x):
    a, b = np.split(x, 2, axis=1)
    s = sigmoid(b)
    return a * s, (a, s)


def gate_backward(g, saved):
    a, s = saved
    return (np.stack([g * s, g * a * s * (1 - s)], axis=1).reshape(len(g), -1),)


def prelu_forward(x, a):
    return np.where(x > 0, x, a[:, None] * x), (x, a)


def prelu_backward(g, saved):
    x, a = saved
    cold = np.minimum(x, 0)
    return np.where(x > 0, g, g * a[:, None]), np.einsum("ncl,ncl->c", g, cold)


def batch_norm_forward(x, gamma, beta):
    mu, var = x.mean(0), x.var(0)
    inv = (var + 1e-5) ** -0.5
    return gamma * (x - mu) * inv + beta, (x - mu, inv, gamma)


def batch_norm_backward(g, saved):
    """The variance depends on the mean, too, but that share is a sum of x - mean: zero."""
    d, inv, gamma = saved
    n = len(d)
    dxhat = g * gamma
    dvar = (dxhat * d).sum(0) * -0.5 * inv**3
    dmu = -dxhat.sum(0) * inv
    return dxhat * inv + dvar * 2 * d / n + dmu / n, (g * d * inv).sum(0), g.sum(0)


def layer_norm_forward(x, gamma, beta):
    std = np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    xhat = (x - x.mean(-1, keepdims=True)) / std
    return gamma * xhat + beta, (xhat, std, gamma)


def layer_norm_backward(g, saved):
    xhat, std, gamma = saved
    n = xhat.shape[-1]
    d = g * gamma
    dx = (n * d - d.sum(-1, keepdims=True) - xhat * (d * xhat).sum(-1, keepdims=True)) / (n * std)
    rows = g.reshape(-1, n)
    return dx, (rows * xhat.reshape(-1, n)).sum(0), rows.sum(0)


def cross_entropy_forward(x):
    n, c = x.shape
    y = np.arange(n) * 2 % c
    e = np.exp(x - x.max(1, keepdims=True).real)
    p = e / e.sum(1, keepdims=True)
    return -np.log(p[np.arange(n), y]).mean(), (p, y)


def cross_entropy_backward(g, saved):
    p, y = saved
    d = p.copy()
    d[np.arange(len(y)), y] -= 1
    return (d * g / len(y),)


def bce_forward(x):
    t = np.arange(x.size).reshape(x.shape) % 3 > 0
    return np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))), (x, t)


def huber_forward(x, t):
    d = x - t
    return np.where(np.abs(d) <= 0.7, 0.5 * d**2, 0.7 * (np.abs(d) - 0.35)).sum(), d


def huber_backward(g, d):
    dx = g * d.clip(-0.7, 0.7)
    return dx, -dx


def svm_forward(x):
    n, c = x.shape
    y = np.arange(n) % c
    margins = np.maximum(0, x - x[np.arange(n), y][:, None] + 1)
    margins[np.arange(n), y] = 0
    return margins.sum() / n, (margins > 0, y)


def svm_backward(g, saved):
    active, y = saved
    n = len(y)
    d = active.astype(float)
    d[np.arange(n), y] = -active.sum(1)
    return (g * d / n,)


def cumulative_product_backward(g, x):
    dx = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(i, len(x)):
            dx[i] += g[j] * np.prod(x[:i], axis=0) * np.prod(x[i + 1 : j + 1], axis=0)
    return (dx,)


def difference_backward(g, shape):
    """dx[i + 1] = is no slip: nothing was there before."""
    dx = np.zeros(shape)
    for i in range(len(g)):
        dx[i + 1] = g[i]
        dx[i] -= g[i]
    return (dx,)


def log_sum_exp_backward(g, saved):
    x, y = saved
    return (g[:, None] * np.exp(x - y[:, None]),)


def cosine_forward(a, b):
    na, nb = np.sqrt((a * a).sum(1)), np.sqrt((b * b).sum(1))
    return (a * b).sum(1) / (na * nb), (a / na[:, None], b / nb[:, None], na, nb)


def cosine_backward(g, saved):
    a, b, na, nb = saved
    s = (a * b).sum(1, keepdims=True)
    return (g / na)[:, None] * (b - s * a), (g / nb)[:, None] * (a - s * b)


def kernel_backward(g, saved):
    x, k = saved
    w = (g + g.T) * k
    return (-(w.sum(1)[:, None] * x - w @ x),)


def kernel_forward(x):
    """Of x with itself, both places of it at once."""
    sq = (x * x).sum(1)
    k = np.exp(-0.5 * (sq[:, None] + sq - 2 * x @ x.T))
    return k, (x, k)


def solve_backward(g, saved):
    a, x = saved
    d = np.linalg.solve(a.T, g)
    return -d @ x.T, d


def solve_forward(a, b):
    x = np.linalg.solve(a, b)
    return x, (a, x)


def adjugate(g, m):
    (a, b), (c, d) = m
    return (g * np.array([[d, -c], [-b, a]]),)


RIGHT = [
    Right(
        "sigmoid: the other side's sigmoid in backward",
        op("sigmoid", lambda x: (sigmoid(x), x), mirrored_sigmoid),
        (normal((3, 4)), normal((7,), scale=3.0)),
    ),
    Right(
        "gelu by tanh, with its constants as numbers", op("gelu", gelu_forward, gelu_backward), (normal((3, 5)), normal((8,)))
    ),
    Right(
        "softplus: slope exp(x - y)",
        op("softplus", lambda x: (np.log1p(np.exp(x)), x), lambda g, x: (g * np.exp(x - np.log1p(np.exp(x))),)),
        (normal((3, 4)), normal((9,), scale=3.0)),
    ),
    Right(
        "gated halves: gradients stacked along axis 1, reshaped",
        op("glu", gate_forward, gate_backward),
        (normal((3, 4)), normal((4, 8)), normal((1, 2))),
    ),
    Right(
        "leaky relu: maximum of x and its tenth",
        op("leaky_relu", lambda x: (np.maximum(x, 0.1 * x), x), lambda g, x: (np.where(x < 0, 0.1 * g, g),)),
        (normal((4, 5)), normal((11,))),
        COMPLEX,
    ),
    Right(
        "prelu of channels: minimum of x and 0, by einsum",
        op("prelu", prelu_forward, prelu_backward),
        (normal((2, 3, 4), (3,)), normal((3, 3, 3), (3,))),
        COMPLEX,
    ),
    Right(
        "batch norm: variance's share by the mean left out",
        op("batch_norm", batch_norm_forward, batch_norm_backward),
        (normal((5, 3), (3,), (3,)), normal((4, 4), (4,), (4,))),
        COMPLEX,
    ),
    Right(
        "layer norm: N d minus two sums, over N std",
        op("layer_norm", layer_norm_forward, layer_norm_backward),
        (normal((4, 6), (6,), (6,)), normal((2, 3, 4), (4,), (4,))),
        COMPLEX,
    ),
    Right(
        "cross-entropy, mean: p copied, 1 subtracted",
        op("cross_entropy", cross_entropy_forward, cross_entropy_backward),
        (normal((4, 3)), normal((5, 5)), normal((1, 2))),
    ),
    Right(
        "bce of logits with booleans as labels: sigmoid minus label",
        op("bce", bce_forward, lambda g, saved: (g * (sigmoid(saved[0]) - saved[1]) / saved[0].size,)),
        (normal((3, 4), scale=2.0), normal((7,))),
        COMPLEX,
    ),
    Right(
        "huber loss, sum: clipped difference",
        op("huber", huber_forward, huber_backward),
        (normal((3, 4), (3, 4)), normal((9,), (9,))),
        COMPLEX,
    ),
    Right(
        "multiclass hinge: minus the number of active margins",
        op("svm", svm_forward, svm_backward),
        (normal((4, 3)), normal((5, 5)), normal((2, 6))),
        COMPLEX,
    ),
    Right(
        "cumulative sum along axis 0: flipped along all axes",
        op("cumsum", lambda x: (np.cumsum(x, axis=0), None), lambda g, _: (np.flip(np.cumsum(np.flip(g), axis=0)),)),
        (normal((4, 3)), normal((5,)), normal((3, 3))),
    ),
    Right(
        "cumulative product by loops over what is before and behind",
        op("cumprod", lambda x: (np.cumprod(x, axis=0), x), cumulative_product_backward),
        (normal((5,)), normal((4, 3)), lambda rng: [np.array([1.5, 0.0, -2.0, 0.5])]),
    ),
    Right(
        "differences by a loop: dx[i + 1] = g[i], then dx[i] -= g[i]",
        op("diff", lambda x: (x[1:] - x[:-1], x.shape), difference_backward),
        (normal((6,)), normal((4, 3)), normal((2, 2))),
    ),
    Right(
        "sums of channels: gradient broadcast, read-only",
        op(
            "sum",
            lambda x: (x.sum(axis=(0, 2, 3)), x.shape),
            lambda g, shape: (np.broadcast_to(g[:, None, None], shape),),
        ),
        (normal((2, 3, 3, 3)), normal((3, 3, 2, 4))),
    ),
    Right(
        "logsumexp of rows: exp(x - y)",
        op(
            "logsumexp",
            lambda x: (np.log(np.exp(x).sum(1)), (x, np.log(np.exp(x).sum(1)))),
            log_sum_exp_backward,
        ),
        (normal((3, 4)), normal((4, 4)), normal((5, 1))),
    ),
    Right(
        "var of rows: by what is centred",
        op("var", lambda x: (x.var(1), x), lambda g, x: (2 * g[:, None] * (x - x.mean(1, keepdims=True)) / x.shape[1],)),
        (normal((3, 4)), normal((5, 5)), normal((2, 1))),
        COMPLEX,
    ),
    Right(
        "cosine similarity of rows: by unit vectors",
        op("cosine", cosine_forward, cosine_backward),
        (normal((3, 4), (3, 4)), normal((3, 3), (3, 3))),
        COMPLEX,
    ),
    Right(
        "gaussian kernel of x with itself: g and its transpose",
        op("rbf", kernel_forward, kernel_backward),
        (normal((4, 2)), normal((3, 3))),
    ),
    Right(
        "solve with several right-hand sides: -d x^T",
        op("solve", solve_forward, solve_backward),
        (
            lambda rng: [rng.standard_normal((3, 3)) + 3 * np.eye(3), rng.standard_normal((3, 2))],
            lambda rng: [rng.standard_normal((4, 4)) + 3 * np.eye(4), rng.standard_normal((4, 4))],
        ),
    ),
    Right(
        "determinant of 2 x 2: cofactors",
        op("det2", lambda m: (np.array(m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]), m), adjugate),
        (normal((2, 2)), lambda rng: [np.array([[1.0, 2.0], [2.0, 4.0]])]),
    ),
]
