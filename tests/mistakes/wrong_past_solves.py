"""Triangular solves, Cholesky factors, Gaussian processes, Lyapunov's equation: backward is wrong."""

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


def lower_solve(a, b):
    x = np.linalg.solve(np.tril(a), b)
    return x, (np.tril(a), x)


def lower_solve_again(g, saved):
    low, x = saved
    d = np.linalg.solve(low, g)
    return -np.tril(np.outer(d, x)), d


def lower_solve_last_column(g, saved):
    low, x = saved
    d = np.linalg.solve(low.T, g)
    for column in range(x.shape[1]):
        da = -np.tril(np.outer(d[:, column], x[:, column]))
    return da, d


def unit_lower_solve(a, b):
    low = np.tril(a, -1) + np.eye(len(a))
    x = np.linalg.solve(low, b)
    return x, (low, x)


def unit_lower_solve_backward(g, saved):
    low, x = saved
    d = np.linalg.solve(low.T, g)
    return -np.tril(np.outer(d, x)), d


def solve_from_the_right(a, b):
    x = np.linalg.solve(a.T, b.T).T
    return x, (a, x)


def solve_from_the_right_backward(g, saved):
    a, x = saved
    d = np.linalg.solve(a, g.T).T
    return -d.T @ x, d


def factored_solve(low, b):
    """Solution of (L L^T) x = b from the Cholesky factor L."""
    low = np.tril(low)
    x = np.linalg.solve(low @ low.T, b)
    return x, (low, x)


def factored_solve_backward(g, saved):
    low, x = saved
    d = np.linalg.solve(low @ low.T, g)
    return -np.tril(np.outer(d, x) @ low), d


def gaussian_process(k, y):
    weight = np.linalg.solve(k, y)
    return np.array(0.5 * (y @ weight) + 0.5 * np.linalg.slogdet(k)[1]), (k, weight)


def process_of_symmetric(k, y):
    return gaussian_process((k + k.T) / 2, y)


def process_without_determinant(g, saved):
    _k, weight = saved
    return -0.5 * g * np.outer(weight, weight), g * weight


def process_full_determinant(g, saved):
    k, weight = saved
    return g * (np.linalg.inv(k) - 0.5 * np.outer(weight, weight)), g * weight


def lyapunov(a, q):
    """The solution X of A X + X A^T = Q."""
    n = len(a)
    x = np.linalg.solve(np.kron(a, np.eye(n)) + np.kron(np.eye(n), a), q.ravel()).reshape(n, n)
    return x, (a, x)


def lyapunov_backward(g, saved):
    a, x = saved
    d = lyapunov(a, g)[0]
    return -(d @ x.T + d.T @ x), d


def lyapunov_one_use(g, saved):
    a, x = saved
    d = lyapunov(a.T, g)[0]
    return -(d @ x.T), d


def weighted_least_squares(w, b):
    a = np.stack([np.ones(len(b)), np.linspace(-1, 1, len(b)), np.cos(np.arange(len(b)))], axis=1)
    normal_matrix = a.T @ (np.exp(w)[:, None] * a)
    x = np.linalg.solve(normal_matrix, a.T @ (np.exp(w) * b))
    return x, (a, normal_matrix, np.exp(w), b)


def weighted_least_squares_backward(g, saved):
    a, normal_matrix, weight, b = saved
    d = a @ np.linalg.solve(normal_matrix, g)
    return d * b * weight, d * weight


WRONG = [
    Wrong(
        "lower triangular solve: solved with L again",
        op("lower_solve", lower_solve, lower_solve_again),
        (matrix_and(3, 3), matrix_and(5, 5), matrix_and(2, 2)),
        "transposed",
        "backward has to solve with the transposed triangle",
    ),
    Wrong(
        "lower triangular solve, several right-hand sides: the last one's triangle",
        op("lower_solve", lower_solve, lower_solve_last_column),
        (matrix_and(3, (3, 2)), matrix_and(4, (4, 4)), matrix_and(2, (2, 5))),
        "overwritten",
        "da = in the loop over the right-hand sides",
        also=("not summed", "left out"),
    ),
    Wrong(
        "unit triangular solve: the diagonal learns",
        op("unit_lower_solve", unit_lower_solve, unit_lower_solve_backward),
        (matrix_and(3, 3), matrix_and(5, 5), matrix_and(2, 2)),
        "independent",
        "the diagonal is taken for ones and never read, but gets a gradient",
        also=("no mask", "wrong mask"),
    ),
    Wrong(
        "solve from the right, x A = b: the matrix's gradient transposed",
        op("right_solve", solve_from_the_right, solve_from_the_right_backward),
        (matrix_and(3, (2, 3)), matrix_and(4, (4, 4)), matrix_and(2, (5, 2))),
        "transposed",
        "d^T x in place of x^T d",
    ),
    Wrong(
        "solve by a Cholesky factor: L on one side",
        op("factored_solve", factored_solve, factored_solve_backward),
        (matrix_and(3, 3), matrix_and(5, 5), matrix_and(2, 2)),
        "term missing",
        "L is used twice, as L and as L^T; one of the two gradients is missing",
        also=("not summed",),
    ),
    Wrong(
        "Gaussian process: covariance without the determinant",
        op("gaussian_process", process_of_symmetric, process_without_determinant),
        (definite_and(3, 3), definite_and(5, 5), definite_and(2, 2)),
        "term missing",
        "the log-determinant's gradient, half of the inverse, is missing",
    ),
    Wrong(
        "Gaussian process: half of the determinant forgotten",
        op("gaussian_process", process_of_symmetric, process_full_determinant),
        (definite_and(3, 3), definite_and(5, 5), definite_and(2, 2)),
        "wrong constant",
        "the inverse is added without the half that belongs to the log-determinant",
        also=("term extra", "wrong formula"),
    ),
    Wrong(
        "Lyapunov's equation: solved with A again",
        op("lyapunov", lyapunov, lyapunov_backward),
        (matrix_and(3, (3, 3)), matrix_and(2, (2, 2)), matrix_and(4, (4, 4))),
        "transposed",
        "backward solves the equation of A, not that of A^T",
    ),
    Wrong(
        "Lyapunov's equation: A on the left only",
        op("lyapunov", lyapunov, lyapunov_one_use),
        (matrix_and(3, (3, 3)), matrix_and(2, (2, 2)), matrix_and(4, (4, 4))),
        "term missing",
        "A's use in X A^T has no gradient",
        also=("not summed",),
    ),
    Wrong(
        "weighted least squares: right-hand side for residual",
        op("weighted_least_squares", weighted_least_squares, weighted_least_squares_backward),
        (normal(6, 6), normal(4, 4), normal(9, 9)),
        "term missing",
        "the weights' gradient has b in place of b - A x: the normal matrix depends on the weights, too",
        also=("wrong point", "wrong formula"),
    ),
]
