"""Inverses, solutions, determinants, factors and norms of matrices, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def regular(*shape):
    """Matrices far from singular, not symmetric."""
    return lambda rng: [rng.uniform(-0.4, 0.4, shape) + np.diag(1.0 + np.arange(shape[-1]) / 2)]


def with_right_side(*shape, columns=2):
    return lambda rng: [*regular(*shape)(rng), rng.standard_normal((*shape[:-1], columns))]


def definite(n, *more):
    def point(rng):
        a = rng.standard_normal((n, n))
        return [a @ a.T / n + np.eye(n), *(rng.standard_normal(shape) for shape in more)]

    return point


def inverse_forward(a):
    y = np.linalg.inv(a)
    return y, y


def elementwise_inverse_backward(g, y):
    t = np.swapaxes(y, -1, -2)
    return (-t * g * t,)


def batch_inverse_backward(g, y):
    t = y[0].T
    return (-t @ g @ t,)


def solve_forward(a, b):
    x = np.linalg.solve(a, b)
    return x, (a, x)


def solve_outer_backward(g, saved):
    a, x = saved
    db = np.linalg.solve(np.swapaxes(a, -1, -2), g)
    return -x @ np.swapaxes(db, -1, -2), db


def cofactors_forward(a):
    n = len(a)
    minors = np.empty_like(a)
    for i in range(n):
        for j in range(n):
            minors[i, j] = np.linalg.det(np.delete(np.delete(a, i, 0), j, 1))
    return np.array(np.linalg.det(a)), minors


def log_volume_forward(a):
    """log |det(A A^T)| / 2 of wide matrices."""
    gram = a @ a.T
    return np.array(np.linalg.slogdet(gram)[1] / 2), (gram, a)


def log_volume_backward(g, saved):
    gram, a = saved
    return (2 * g * np.linalg.solve(gram, a),)


def cholesky_forward(a):
    lower = np.linalg.cholesky((a + a.T) / 2)
    return lower, lower


def phi(a):
    """Lower half, the diagonal halved."""
    return np.tril(a) - np.diag(np.diag(a)) / 2


def cholesky_backward_by(order):
    def backward(g, lower):
        inverse = np.linalg.inv(lower)
        middle = phi(lower.T @ g)
        s = inverse @ middle @ inverse.T if order == "sides" else inverse.T @ middle @ inverse
        return ((s + s.T) / 2 if order != "one half" else s,)

    return backward


def chol_logdet_forward(a):
    lower = np.linalg.cholesky((a + a.T) / 2)
    return np.array(2 * np.log(np.diag(lower)).sum()), lower


def chol_logdet_backward(g, lower):
    inverse = np.linalg.inv(lower)
    return (g * inverse.T @ inverse / 2,)


def column_norm_forward(a):
    """The largest sum of absolute values of a column."""
    sums = np.abs(a).sum(0)
    return np.array(sums.max()), (a, sums.argmax())


def column_norm_backward(g, saved):
    a, j = saved
    d = np.zeros_like(a)
    d[j] = g * np.sign(a[j])
    return (d,)


def largest_singular_forward(a):
    u, s, vt = np.linalg.svd(a)
    return np.array(s[0]), (u[:, 0], vt[0])


def four_norm_forward(x):
    y = (x**4).sum(-1) ** 0.25
    return y, (x, y)


def max_norm_forward(x):
    k = np.abs(x).argmax(-1)[..., None]
    return np.abs(x).max(-1), (x, k)


def max_norm_backward(g, saved):
    x, k = saved
    d = np.zeros_like(x)
    np.put_along_axis(d, k, g[..., None], -1)
    return (d,)


def trace_inverse_forward(a):
    y = np.linalg.inv(a)
    return np.array(np.trace(y)), y


def trace_inverse_backward(g, y):
    return (-g * y.T * y.T,)


WRONG = [
    Wrong(
        "inverse: products of elements",
        op("inverse", inverse_forward, elementwise_inverse_backward),
        (regular(3, 3), regular(2, 4, 4)),
        "wrong formula",
        "* stands for @: the transposed inverse multiplies element by element",
    ),
    Wrong(
        "inverses of a batch: the first one's for all",
        op("inverse", inverse_forward, batch_inverse_backward),
        (
            lambda rng: [rng.uniform(-0.4, 0.4, (3, 2, 2)) + np.eye(2) * np.array([1, 2, 0.7])[:, None, None]],
            lambda rng: [rng.uniform(-0.4, 0.4, (2, 3, 3)) + np.eye(3) * np.array([1, 2])[:, None, None]],
        ),
        "other place",
        "every matrix' gradient goes through the first matrix' inverse",
        ("permuted", "wrong point", "groups", "scale", "chain factor"),
    ),
    Wrong(
        "solve: outer product the other way round",
        op("solve", solve_forward, solve_outer_backward),
        (with_right_side(3, 3), with_right_side(2, 2, 2, columns=3)),
        "transposed",
        "the matrix' gradient is -x db^T for -db x^T",
    ),
    Wrong(
        "determinant by minors: checkerboard of signs",
        op("determinant", cofactors_forward, lambda g, minors: (g * minors,)),
        (regular(3, 3), regular(4, 4), regular(2, 2)),
        "sign of a term",
        "the minors stand without their alternating signs",
        ("wrong formula", "value", "chain factor"),
    ),
    Wrong(
        "half the logarithm of det(A A^T): doubled",
        op("log volume", log_volume_forward, log_volume_backward),
        (normal((2, 4)), normal((3, 5))),
        "factor",
        "the square's 2 and forward's 1/2 cancel, but the 2 is kept",
        ("wrong constant",),
    ),
    Wrong(
        "Cholesky: factors from the wrong sides",
        op("Cholesky", cholesky_forward, cholesky_backward_by("sides")),
        (definite(3), definite(4)),
        "transposed",
        "L^-1 P L^-T stands for L^-T P L^-1",
        ("wrong formula",),
    ),
    Wrong(
        "Cholesky: not made symmetric again",
        op("Cholesky", cholesky_forward, cholesky_backward_by("one half")),
        (definite(3), definite(2)),
        "term missing",
        "forward takes the mean of A and A^T, the gradient lacks the transposed half",
        ("transposed", "not summed"),
    ),
    Wrong(
        "log-determinant by Cholesky: 2 forgotten",
        op("log-determinant", chol_logdet_forward, chol_logdet_backward),
        (definite(3), definite(1), definite(5)),
        "factor",
        "the 2 before the sum of logarithms is missing",
        ("wrong constant",),
    ),
    Wrong(
        "largest column sum: a row's place",
        op("1-norm", column_norm_forward, column_norm_backward),
        (normal((3, 3)), normal((5, 5))),
        "transposed",
        "the index of the largest column is used for a row",
        ("other place", "wrong mask"),
    ),
    Wrong(
        "largest singular value: v u^T",
        op("spectral norm", largest_singular_forward, lambda g, s: (g * np.outer(s[1], s[0]),)),
        (normal((3, 3)), normal((4, 4))),
        "transposed",
        "the two singular vectors are exchanged in their outer product",
        ("exchanged",),
    ),
    Wrong(
        "4-norm of rows: x squared for x cubed",
        op("4-norm", four_norm_forward, lambda g, s: (g[..., None] * s[0] ** 2 * np.sign(s[0]) / s[1][..., None] ** 2,)),
        (normal((3, 4)), normal((2, 2, 3))),
        "wrong formula",
        "the exponents are those of the 3-norm",
        ("wrong constant", "chain factor"),
    ),
    Wrong(
        "largest absolute value of rows: sign",
        op("max-norm", max_norm_forward, max_norm_backward),
        (normal((6, 3)), normal((2, 4, 2))),
        "value",
        "the sign of the largest element is forgotten: right only where it is positive",
        ("chain factor",),
    ),
    Wrong(
        "trace of the inverse: squares of elements",
        op("trace of the inverse", trace_inverse_forward, trace_inverse_backward),
        (regular(3, 3), regular(4, 4)),
        "wrong formula",
        "elements are squared where the inverse is multiplied by itself",
    ),
]
