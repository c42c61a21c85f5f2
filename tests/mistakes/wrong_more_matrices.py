"""Products of matrices, solves, kernels and decompositions, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def keep(forward):
    """A forward pass that saves its inputs."""
    return lambda *x: (np.asarray(forward(*x)), x)


def shared_weight_backward(g, saved):
    x, w = saved
    dw = np.zeros_like(w)
    for i in range(len(x)):
        dw = x[i].T @ g[i]
    return g @ w.T, dw


def least_squares_forward(x, y):
    w = np.linalg.solve(x.T @ x, x.T @ y)
    return w, (x, y, w)


def least_squares_backward(g, saved):
    x, y, w = saved
    v = np.linalg.solve(x.T @ x, g)
    return np.outer(y, v) - np.outer(x @ v, w), x @ v


def ridge_forward(a, b, ridge):
    m = a.T @ a + ridge * np.eye(a.shape[1])
    w = np.linalg.solve(m, b)
    return w, (a, m, w)


def ridge_backward(g, saved):
    a, m, w = saved
    v = np.linalg.solve(m, g)
    dm = -np.outer(v, w)
    return a @ (dm + dm.T), v, np.array(v @ w)


def expm(a):
    y = term = np.eye(len(a))
    for k in range(1, 25):
        term = term @ a / k
        y = y + term
    return y


def eigenvalues_forward(a):
    values, vectors = np.linalg.eigh((a + a.T) / 2)
    return values, vectors


def nuclear_forward(a):
    u, s, v = np.linalg.svd(a, full_matrices=False)
    return np.array(s.sum()), (u, v)


def small_determinants_backward(g, saved):
    ((a, b), (c, d)) = np.moveaxis(saved[0], 0, -1)
    return (np.moveaxis(np.array([[d, c], [b, a]]) * g, -1, 0),)


def contraction_backward(g, saved):
    a, b = saved
    da = np.tensordot(g, b, ([1], [2])).reshape(a.shape)
    db = np.tensordot(a, g, ([0], [0])).transpose(1, 0, 2)
    return da, db


def rbf_forward(x, y, gamma):
    d = ((x[:, None] - y[None]) ** 2).sum(-1)
    return np.exp(-gamma * d), (x, y, gamma, d)


def rbf_backward(g, saved):
    x, y, gamma, d = saved
    gk = g * np.exp(-gamma * d)
    dx = -2 * gamma * (gk.sum(1)[:, None] * x - gk @ y)
    dy = -2 * gamma * (gk.sum(0)[:, None] * y - gk.T @ x)
    return dx, dy, np.array(-(g * d).sum())


def cubic_kernel_backward(g, saved):
    x, y = saved
    z = g * 3 * (x @ y.T + 1) ** 3
    return z @ y, z.T @ x


WRONG = [
    Wrong(
        "batched matmul: shared weight's gradient of the last batch",
        op("matmul", keep(np.matmul), shared_weight_backward),
        (normal((3, 4, 5), (5, 2)), normal((2, 3, 3), (3, 3)), normal((4, 1, 2), (2, 6))),
        "overwritten",
        "in the loop over the batch dw = x[i].T @ g[i] replaces what the earlier ones gave, only the last one remains",
        ("not summed", "left out"),
    ),
    Wrong(
        "sandwich A B A: the right-hand A",
        op("sandwich", keep(lambda a, b: a @ b @ a), lambda g, s: (g @ (s[1] @ s[0]).T, s[0].T @ g @ s[0].T)),
        (normal((3, 3), (3, 3)), normal((5, 5), (5, 5))),
        "term missing",
        "A is used twice, but only its use on the left gives a gradient",
        ("not summed",),
    ),
    Wrong(
        "matrix square: the same side twice",
        op("square", keep(lambda a: a @ a), lambda g, s: (2 * s[0].T @ g,)),
        (normal((4, 4)), normal((2, 2)), normal((6, 6))),
        "wrong formula",
        "2 A.T g, as if matrices commuted, where it should be A.T g + g A.T",
        ("term missing", "summed"),
    ),
    Wrong(
        "commutator: plus",
        op("commutator", keep(lambda a, b: a @ b - b @ a), lambda g, s: (g @ s[1].T + s[1].T @ g, s[0].T @ g - g @ s[0].T)),
        (normal((3, 3), (3, 3)), normal((2, 2), (2, 2)), normal((5, 5), (5, 5))),
        "sign of a term",
        "the first factor's gradient adds what B A gives where it should subtract it",
    ),
    Wrong(
        "least squares: y for the residual",
        op("least squares", least_squares_forward, least_squares_backward),
        (normal((6, 2), (6,)), normal((9, 4), (9,)), normal((5, 1), (5,))),
        "term missing",
        "X is in X.T X twice; of its two terms one is forgotten, so that y stands where the residual y - X w should",
        ("not summed", "wrong formula"),
    ),
    Wrong(
        "ridge solve: sign of the ridge's gradient",
        op("ridge", ridge_forward, ridge_backward),
        (
            lambda rng: [rng.standard_normal((6, 3)), rng.standard_normal(3), np.array(0.7)],
            lambda rng: [rng.standard_normal((4, 4)), rng.standard_normal(4), np.array(1.5)],
        ),
        "sign",
        "the ridge's gradient is -v.w, the minus of a solve is forgotten there",
    ),
    Wrong(
        "matrix exponential: as of a number",
        op("expm", keep(expm), lambda g, s: (expm(s[0]).T @ g,)),
        (normal((3, 3)), normal((2, 2)), lambda rng: [0.5 * rng.standard_normal((6, 6))]),
        "wrong formula",
        "exp(A).T g holds only where A commutes with its change",
        ("approximate",),
    ),
    Wrong(
        "eigenvalues: vectors transposed",
        op("eigvalsh", eigenvalues_forward, lambda g, v: ((v.T * g) @ v,)),
        (normal((3, 3)), normal((5, 5))),
        "transposed",
        "V.T diag(g) V where it should be V diag(g) V.T: the eigenvectors are the columns",
        ("wrong formula",),
    ),
    Wrong(
        "nuclear norm: V for its transpose",
        op("nuclear norm", nuclear_forward, lambda g, s: (g * s[0] @ s[1].T,)),
        (normal((3, 3)), normal((6, 6))),
        "transposed",
        "svd gives V.T already, and it is transposed once more",
        ("wrong formula",),
    ),
    Wrong(
        "determinants of 2 x 2: no minus",
        op("det", keep(lambda a: a[:, 0, 0] * a[:, 1, 1] - a[:, 0, 1] * a[:, 1, 0]), small_determinants_backward),
        (normal((5, 2, 2)), normal((1, 2, 2)), normal((2, 2, 2))),
        "sign of a term",
        "the cofactors off the diagonal lack their minus",
        ("sign", "wrong formula"),
    ),
    Wrong(
        "matmul summed over the batch: divided by it",
        op(
            "einsum",
            keep(lambda a, b: np.einsum("bij,bjk->ik", a, b)),
            lambda g, s: (g @ s[1].swapaxes(1, 2) / len(s[1]), s[0].swapaxes(1, 2) @ g / len(s[0])),
        ),
        (normal((3, 2, 4), (3, 4, 5)), normal((2, 3, 3), (2, 3, 3)), normal((6, 1, 2), (6, 2, 3))),
        "averaged",
        "both gradients are divided by the length of the batch, though forward sums",
        ("factor",),
    ),
    Wrong(
        "tensordot: axes reshaped into place",
        op("tensordot", keep(lambda a, b: np.tensordot(a, b, ([1, 2], [1, 0]))), contraction_backward),
        (normal((2, 3, 4), (4, 3, 5)), normal((3, 2, 2), (2, 2, 3))),
        "memory order",
        "tensordot leaves the first factor's gradient as (I, K, J), and a reshape calls it (I, J, K)",
        ("transposed",),
    ),
    Wrong(
        "weighted Gram matrix: weights from the diagonal",
        op(
            "gram",
            keep(lambda x, w: (x * w) @ x.T),
            lambda g, s: ((g + g.T) @ s[0] * s[1], np.einsum("ii,ik,ik->k", g, s[0], s[0])),
        ),
        (normal((4, 3), (3,)), normal((5, 5), (5,)), normal((2, 6), (6,))),
        "not summed",
        "the weights' gradient sums over the entries on the diagonal only, pairs of different rows are lost",
        ("term missing", "left out"),
    ),
    Wrong(
        "rbf kernel: width's gradient without the kernel",
        op("rbf", rbf_forward, rbf_backward),
        (
            lambda rng: [rng.standard_normal((4, 2)), rng.standard_normal((3, 2)), np.array(0.4)],
            lambda rng: [rng.standard_normal((3, 3)), rng.standard_normal((3, 3)), np.array(0.2)],
        ),
        "chain factor",
        "gamma's gradient is -sum(g d), the kernel itself, exp's derivative, is missing in it",
    ),
    Wrong(
        "cubic kernel: exponent not lowered",
        op("cubic kernel", keep(lambda x, y: (x @ y.T + 1) ** 3), cubic_kernel_backward),
        (normal((4, 2), (3, 2)), normal((3, 3), (3, 3))),
        "wrong formula",
        "3 z^3 stands for 3 z^2",
        ("chain factor", "wrong constant"),
    ),
]
