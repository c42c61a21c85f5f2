"""Functions of symmetric matrices, Schur complements, solves that read half of a matrix, fixed points: backward is wrong."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def matrix_and(n, *shapes):
    """A matrix that is well conditioned, also its lower triangle, and normal numbers."""
    return lambda rng: [rng.standard_normal((n, n)) * 0.5 + 2 * np.eye(n), *[rng.standard_normal(shape) for shape in shapes]]


def definite_and(n, *shapes):
    def point(rng):
        a = rng.standard_normal((n, n)) * 0.5
        return [a @ a.T + np.eye(n), *[rng.standard_normal(shape) for shape in shapes]]

    return point


def spectral_function(x, f):
    values, vectors = np.linalg.eigh((x + x.T) / 2)
    return (vectors * f(values)) @ vectors.T, (values, vectors)


def exp_without_equal_pairs(g, saved):
    values, vectors = saved
    gap = values[:, None] - values + np.eye(len(values))
    quotient = (np.exp(values)[:, None] - np.exp(values)) / gap
    d = vectors @ (quotient * (vectors.T @ g @ vectors)) @ vectors.T
    return ((d + d.T) / 2,)


def log_by_diagonal(g, saved):
    values, vectors = saved
    slope = np.diag(np.diag(vectors.T @ g @ vectors) / values)
    return (vectors @ slope @ vectors.T,)


def leading_direction(x):
    """The projection on the eigenvector of the largest eigenvalue."""
    values, vectors = np.linalg.eigh((x + x.T) / 2)
    v = vectors[:, -1]
    return np.outer(v, v), (values, vectors)


def leading_direction_backward(g, saved):
    values, vectors = saved
    v, others = vectors[:, -1], vectors[:, :-1]
    d = np.outer(others @ ((others.T @ (g + g.T) @ v) / (values[:-1] - values[-1])), v)
    return ((d + d.T) / 2,)


PIVOTS = {3: [2, 0, 1], 4: [1, 3, 0, 2], 5: [3, 0, 4, 2, 1]}


def pivoted_solve(a, b):
    low = np.tril(a)
    x = np.linalg.solve(low, b[PIVOTS[len(b)]])
    return x, (low, x)


def pivoted_solve_backward(g, saved):
    low, x = saved
    d = np.linalg.solve(low.T, g)
    return -np.tril(np.outer(d, x)), d[PIVOTS[len(d)]]


def schur(a, b, c, d):
    return d - c @ np.linalg.solve(a, b), (a, b, c)


def schur_backward(g, saved):
    a, b, c = saved
    left, right = np.linalg.solve(a.T, c.T), np.linalg.solve(a, b)
    return -left @ g @ right.T, -left @ g, -g @ right.T, g


def trace_of_solve(a, b):
    return np.array(np.trace(np.linalg.solve(a, b))), (a, b)


def trace_of_solve_backward(g, saved):
    a, b = saved
    inverse = np.linalg.inv(a)
    return -g * (inverse @ b @ inverse).T, g * inverse


def half_read_solve(a, b):
    """Only the lower triangle of a symmetric matrix is read."""
    full = np.tril(a) + np.tril(a, -1).T
    x = np.linalg.solve(full, b)
    return x, (full, x)


def half_read_backward(g, saved):
    full, x = saved
    d = np.linalg.solve(full, g)
    return -np.outer(d, x), d


def half_read_cut(g, saved):
    full, x = saved
    d = np.linalg.solve(full, g)
    return -np.tril(np.outer(d, x)), d


def shifted_solve(a, shift, b):
    """(A + s I) x = b."""
    x = np.linalg.solve(a + shift * np.eye(len(a)), b)
    return x, (a + shift * np.eye(len(a)), x)


def shifted_solve_backward(g, saved):
    matrix, x = saved
    d = np.linalg.solve(matrix.T, g)
    da = -np.outer(d, x)
    return da, da.sum().reshape(1), d


def factor_of_gram(x):
    """Lower factor L with L L^T = X X^T + I."""
    low = np.linalg.cholesky(x @ x.T + np.eye(len(x)))
    return low, (x, low)


def factor_of_gram_backward(g, saved):
    x, low = saved
    inner = np.tril(low.T @ np.tril(g))
    inner[np.diag_indices(len(low))] /= 2
    inverse = np.linalg.inv(low)
    s = inverse.T @ inner @ inverse
    return (s @ x,)


def implicit_fixed_point(w, b):
    """x = tanh(W x / 4 + b), solved by a hundred steps."""
    x = np.zeros_like(b)
    for _ in range(100):
        x = np.tanh(w @ x / 4 + b)
    return x, (w, x)


def implicit_backward(g, saved):
    w, x = saved
    slope = 1 - x * x
    d = np.linalg.solve(np.eye(len(x)) - (w / 4).T * slope, g * slope)
    return np.outer(d, x) / 4, d


WRONG = [
    Wrong(
        "exponential of a symmetric matrix: equal pairs of eigenvalues",
        op("symmetric_exp", lambda x: spectral_function(x, np.exp), exp_without_equal_pairs),
        (normal((3, 3)), normal((4, 4)), normal((2, 2))),
        "term missing",
        "the quotients' diagonal, the derivative itself, is left at zero",
        also=("left out", "not summed"),
    ),
    Wrong(
        "logarithm of a definite matrix: eigenvectors held",
        op("symmetric_log", lambda x: spectral_function(x, np.log), log_by_diagonal),
        (definite_and(3), definite_and(4), definite_and(2)),
        "term missing",
        "only the eigenvalues' path is there: the eigenvectors are taken for constants",
        also=("left out", "not summed"),
    ),
    Wrong(
        "projection on the leading eigenvector: gap's sign",
        op("leading_direction", leading_direction, leading_direction_backward),
        (normal((3, 3)), normal((4, 4)), normal((2, 2))),
        "sign",
        "divided by the others' eigenvalues minus the largest, not the reverse",
        also=("factor",),
    ),
    Wrong(
        "solve with pivots: the permutation once more",
        op("pivoted_solve", pivoted_solve, pivoted_solve_backward),
        (matrix_and(3, 3), matrix_and(4, 4), matrix_and(5, 5)),
        "permuted",
        "d[pivots] in place of d put back at pivots",
        also=("other place",),
    ),
    Wrong(
        "Schur complement: minus for the eliminated block",
        op("schur", schur, schur_backward),
        (
            matrix_and(3, (3, 2), (2, 3), (2, 2)),
            matrix_and(2, (2, 2), (2, 2), (2, 2)),
            matrix_and(4, (4, 1), (3, 4), (3, 1)),
        ),
        "sign",
        "two minus signs, that of the difference and that of the inverse, make a plus for A",
        also=("factor",),
    ),
    Wrong(
        "trace of a solution: inverse not transposed",
        op("trace_of_solve", trace_of_solve, trace_of_solve_backward),
        (matrix_and(3, (3, 3)), matrix_and(4, (4, 4)), matrix_and(2, (2, 2))),
        "transposed",
        "the second matrix gets the inverse, not its transpose",
    ),
    Wrong(
        "symmetric solve that reads one half: gradient on both",
        op("half_read_solve", half_read_solve, half_read_backward),
        (definite_and(3, 3), definite_and(5, 5), definite_and(2, 2)),
        "independent",
        "the upper half is never read, but gets the gradient that belongs to the lower one",
        also=("other place", "no mask", "not summed", "wrong mask"),
    ),
    Wrong(
        "symmetric solve that reads one half: the other half's share cut off",
        op("half_read_solve", half_read_solve, half_read_cut),
        (definite_and(3, 3), definite_and(5, 5), definite_and(2, 2)),
        "not summed",
        "entries beside the diagonal are used twice; the use in the upper half is lost",
        also=("term missing",),
    ),
    Wrong(
        "solve with a shifted diagonal: the shift from all entries",
        op("shifted_solve", shifted_solve, shifted_solve_backward),
        (matrix_and(3, 1, 3), matrix_and(5, 1, 5), matrix_and(2, 1, 2)),
        "summed",
        "the shift's gradient is the sum of the matrix's, not its trace",
        also=("no mask", "term extra"),
    ),
    Wrong(
        "Cholesky factor of a Gram matrix: not symmetric",
        op("factor_of_gram", factor_of_gram, factor_of_gram_backward),
        (normal((3, 2)), normal((4, 4)), normal((2, 5))),
        "term missing",
        "S X in place of (S + S^T) X: X is a factor on both sides",
        also=("not summed",),
    ),
    Wrong(
        "implicit layer: slope of the wrong side",
        op("fixed_point", implicit_fixed_point, implicit_backward),
        (normal((3, 3), 3), normal((4, 4), 4), normal((2, 2), 2)),
        "wrong formula",
        "the slopes multiply the columns of W^T, where they belong to its rows",
        also=("transposed", "chain factor", "scale"),
    ),
]
