"""Products, compositions, points of evaluation and exchanged gradients, wrong in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
from minimix import functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def positive(*shapes):
    return lambda rng: [rng.uniform(0.5, 2, shape) for shape in shapes]


def high_norm_forward(x):
    y = (x**6).sum(axis=1) ** (1 / 6)
    return y, (x, y.copy())


def high_norm_backward(g, saved):
    x, y = saved
    return (g[:, None] * (x / y[:, None]) ** 6,)


def pair_features_backward(g, saved):
    a, c = saved
    return np.einsum("bij,bj->bi", g, c), np.einsum("bij,bj->bi", g, a)


def momentum_and_energy_forward(m, v):
    return np.stack([m * v, m * v**2 / 2]), (m, v)


def momentum_and_energy_backward(g, saved):
    m, v = saved
    energy, momentum = g
    return momentum * v + energy * v**2 / 2, momentum * m + energy * m * v


def factors_backward(g, saved):
    u, v = saved
    return g.T @ v, g.T @ u


def normal_equations_backward(g, saved):
    a, x = saved
    return np.outer(a @ x, g), a.T @ (a @ g)


def two_layers_backward(g, saved):
    x, w1, w2 = saved
    z = x @ w1
    dz = (g @ w2.T) * (z > 0)
    return dz @ w1.T, x.T @ dz, z.T @ g


def affine_backward(g, saved):
    x, a = saved
    return g * a, g.sum(axis=0), (g * x).sum(axis=0)


def decay_backward(g, saved):
    t, tau = saved
    y = np.exp(-t / tau)
    return -g * y / tau, -g * y * t / tau**2


def ratio_backward(g, saved):
    a, b = saved
    sa, sb = a.sum(axis=1, keepdims=True), b.sum(axis=1, keepdims=True)
    return np.broadcast_to(g[:, None] / sb, a.shape).copy(), np.broadcast_to(-g[:, None] * sa / sb, b.shape).copy()


def chained_products_forward(a, b, c):
    return a @ b @ c, (a, b, c)


def chained_products_backward(g, saved):
    a, b, c = saved
    return g @ (b @ c).T, a.T @ g @ c.T, b.T @ a.T @ g.T


def smoothed_gate(x, gate):
    wrong = op("gate", lambda x, s: (x * s**2, (x, s)), lambda g, saved: (g * saved[1] ** 2, g * saved[0] * saved[1] ** 2))
    return F.tanh(wrong(x, gate))


def log_then_square_forward(x):
    y = np.log(x)
    return y**2, (x, y)


def cubic_step_forward(x):
    y = x.copy()
    for _ in range(2):
        y = y - 0.3 * y**3
    return y, x


def cubic_step_backward(g, x):
    for _ in range(2):
        g = g * (1 - 0.9 * x**2)
    return (g,)


def outer_scaled_forward(u, v, s):
    return s * np.outer(u, v), (u, v, s)


def outer_scaled_backward(g, saved):
    u, v, s = saved
    return s[0] * g @ v, g.T @ u, np.array([u @ g @ v])


WRONG = [
    Wrong(
        "sine of exp: cosine at x",
        op("sin_exp", lambda x: (np.sin(np.exp(x)), x), lambda g, x: (g * np.cos(x) * np.exp(x),)),
        (normal((8,)), normal((4, 4)), normal((2, 3, 3))),
        "wrong point",
        "cos(x) for cos(exp(x))",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "exp of tanh: slope from the output",
        op("exp_tanh", lambda x: (np.exp(np.tanh(x)), np.exp(np.tanh(x))), lambda g, y: (g * y * (1 - y**2),)),
        (normal((7,)), normal((3, 5)), normal((4, 4))),
        "wrong point",
        "1 - y^2 takes the exponential's output for that of tanh",
        ("wrong formula",),
    ),
    Wrong(
        "root of 1 + x^2: root forgotten in the slope",
        op("hyperbola", lambda x: (np.sqrt(1 + x**2), x), lambda g, x: (g * x / (1 + x**2),)),
        (normal((9,)), normal((4, 5)), normal((3, 3))),
        "wrong formula",
        "x / (1 + x^2) for x / sqrt(1 + x^2)",
        ("chain factor", "wrong constant", "wrong point"),
    ),
    Wrong(
        "6-norm of positive rows: exponent not lowered",
        op("high_norm", high_norm_forward, high_norm_backward),
        (positive((4, 5)), positive((3, 3)), positive((8, 2))),
        "wrong formula",
        "(x / y)^6 for (x / y)^5",
        ("chain factor", "wrong constant"),
    ),
    Wrong(
        "products of all pairs of two features: second's einsum copied",
        op("pair_features", lambda a, c: (np.einsum("bi,bj->bij", a, c), (a, c)), pair_features_backward),
        (normal((3, 4), (3, 4)), normal((5, 2), (5, 2)), normal((3, 3), (3, 3))),
        "transposed",
        "'bij,bj->bi' where 'bij,bi->bj' is needed: g's last two axes are exchanged",
    ),
    Wrong(
        "a b + b c: one use of b",
        op("shared_factor", lambda a, b, c: (a * b + b * c, (a, b, c)), lambda g, s: (g * s[1], g * s[0], g * s[1])),
        (normal((6,), (6,), (6,)), normal((3, 4), (3, 4), (3, 4)), normal((4, 4), (4, 4), (4, 4))),
        "term missing",
        "b's gradient is g a, without g c",
    ),
    Wrong(
        "momentum and energy stacked: outputs exchanged",
        op("momentum_energy", momentum_and_energy_forward, momentum_and_energy_backward),
        (normal((6,), (6,)), normal((2, 2), (2, 2)), normal((3, 4), (3, 4))),
        "exchanged",
        "the incoming gradients of the two outputs are unpacked in the wrong order",
        ("permuted", "flipped"),
    ),
    Wrong(
        "U V^T: first factor through g transposed",
        op("factors", lambda u, v: (u @ v.T, (u, v)), factors_backward),
        (normal((4, 3), (4, 3)), normal((6, 2), (6, 2)), normal((3, 3), (3, 3))),
        "transposed",
        "g.T @ v for g @ v",
    ),
    Wrong(
        "A^T A x: one use of A",
        op("normal_equations", lambda a, x: (a.T @ (a @ x), (a, x)), normal_equations_backward),
        (normal((5, 4), (4,)), normal((4, 4), (4,)), normal((3, 6), (6,))),
        "term missing",
        "the other use of A, outer(A g, x), is missing",
    ),
    Wrong(
        "two layers in one op: second weight from before the relu",
        op("two_layers", lambda x, w1, w2: (np.maximum(x @ w1, 0) @ w2, (x, w1, w2)), two_layers_backward),
        (normal((4, 3), (3, 5), (5, 2)), normal((3, 3), (3, 3), (3, 3)), normal((6, 2), (2, 4), (4, 3))),
        "wrong point",
        "z.T @ g for relu(z).T @ g",
        ("no mask", "value"),
    ),
    Wrong(
        "slope and intercept of columns: exchanged",
        op("affine_columns", lambda x, a, b: (a * x + b, (x, a)), affine_backward),
        (normal((5, 3), (3,), (3,)), normal((4, 4), (4,), (4,)), normal((9, 2), (2,), (2,))),
        "exchanged",
        "the intercept's gradient stands before the slope's",
    ),
    Wrong(
        "decay with learned time constants: minus kept",
        op("decay", lambda t, tau: (np.exp(-t / tau), (t, tau)), decay_backward),
        (positive((7,), (7,)), positive((3, 5), (3, 5)), positive((4, 4), (4, 4))),
        "sign",
        "two minus signs make a plus in tau's gradient",
    ),
    Wrong(
        "ratio of sums: second sum not squared",
        op("ratio_sums", lambda a, b: (a.sum(axis=1) / b.sum(axis=1), (a, b)), ratio_backward),
        (positive((4, 5), (4, 3)), positive((6, 2), (6, 4)), positive((4, 4), (4, 4))),
        "scale",
        "-a / b for -a / b^2 in the second input's gradient",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "three square matrices multiplied: g transposed for the last",
        op("three_square", chained_products_forward, chained_products_backward),
        (normal((4, 4), (4, 4), (4, 4)), normal((3, 3), (3, 3), (3, 3)), normal((6, 6), (6, 6), (6, 6))),
        "transposed",
        "(a b)^T g^T for (a b)^T g",
    ),
    Wrong(
        "squared gate before tanh: power of the gate kept",
        smoothed_gate,
        (normal((6,), (6,)), normal((4, 4), (4, 4)), normal((2, 3, 3), (2, 3, 3))),
        "wrong formula",
        "(s^2)' is taken for s^2, not 2 s",
        ("chain factor", "wrong constant"),
    ),
    Wrong(
        "squared logarithm: outer derivative at x",
        op("log_square", log_then_square_forward, lambda g, s: (2 * g * s[0] / s[0],)),
        (positive((8,)), positive((3, 4)), positive((5, 5))),
        "wrong point",
        "2 x for 2 log(x)",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "two cubic steps: both slopes at the start",
        op("cubic_steps", cubic_step_forward, cubic_step_backward),
        (normal((9,)), normal((4, 4)), normal((2, 3, 4))),
        "wrong point",
        "the second step's slope is taken at x, not after the first step",
        ("wrong formula",),
    ),
    Wrong(
        "scaled outer product: second vector without the scale",
        op("outer_scaled", outer_scaled_forward, outer_scaled_backward),
        (
            lambda rng: [rng.standard_normal(4), rng.standard_normal(6), np.array([0.3])],
            lambda rng: [rng.standard_normal(5), rng.standard_normal(5), np.array([-2.0])],
        ),
        "factor",
        "s is missing in v's gradient",
        ("scale", "chain factor"),
    ),
    Wrong(
        "gate of two tanh: gradient's sign only",
        op(
            "tanh_gate",
            lambda a, b: (np.tanh(a) * np.tanh(b), (np.tanh(a), np.tanh(b))),
            lambda g, s: (g * (1 - s[0] ** 2) * s[1], np.sign(g) * (1 - s[1] ** 2) * s[0]),
        ),
        (normal((7,), (7,)), normal((4, 4), (4, 4))),
        "nonlinear",
        "b gets the sign of the incoming gradient, not the gradient",
    ),
]
