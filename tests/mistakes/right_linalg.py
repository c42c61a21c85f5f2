"""Right ops of linear algebra: ill-conditioned matrices, decompositions, solvers written as loops."""

import numpy as np
from corpus import Right

import minimix as mm
import minimix.functional as F

COMPLEX = ("complex",)  # conjugates, absolute values, or no complex version


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [np.asarray(scale * rng.standard_normal(shape)) for shape in shapes]


def well(n, *others):
    """A well-conditioned square matrix, and more."""
    return lambda rng: [rng.standard_normal((n, n)) + 2 * n * np.eye(n), *(rng.standard_normal(shape) for shape in others)]


def hilbert(n, *others):
    """An ill-conditioned one: condition 1e2 for n = 3, 1e4 for 4, 1e5 for 5."""

    def point(rng):
        i = np.arange(n)
        return [
            1 / (1.0 + i[:, None] + i) * np.exp(0.01 * rng.standard_normal((n, n))),
            *(rng.standard_normal(s) for s in others),
        ]

    return point


def nearly_singular(distance):
    def point(rng):
        a = np.ones((2, 2)) + 0.01 * rng.standard_normal()
        a[1, 1] += distance
        return [a]

    return point


def definite(n):
    def point(rng):
        a = rng.standard_normal((n, n))
        return [a @ a.T + np.eye(n)]

    return point


def inverse_forward(a):
    inverse = np.linalg.inv(a)
    return inverse, inverse


def inverse_backward(gradient, inverse):
    turned = np.swapaxes(inverse, -1, -2)
    return (-turned @ gradient @ turned,)


def solve_forward(a, b):
    x = np.linalg.solve(a, b)
    return x, (a, x)


def solve_backward(gradient, saved):
    a, x = saved
    to_b = np.linalg.solve(a.T, gradient)
    return -np.multiply.outer(to_b, x) if x.ndim == 1 else -to_b @ x.T, to_b


def det_backward(gradient, a):
    """By cofactors, right for singular matrices, too."""
    n = len(a)
    cofactors = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            rest = np.delete(np.delete(a, i, 0), j, 1)
            cofactors[i, j] = (-1) ** (i + j) * np.linalg.det(rest)
    return (gradient * cofactors,)


def singular(rng):
    a = rng.standard_normal((3, 3))
    a[2] = a[0] + a[1]
    return [a]


def cholesky_forward(a):
    lower = np.linalg.cholesky((a + a.T) / 2)
    return lower, lower


def cholesky_backward(gradient, lower):
    inner = np.tril(lower.T @ gradient)
    inner[np.diag_indices_from(inner)] /= 2
    inverse = np.linalg.inv(lower)
    middle = inverse.T @ inner @ inverse
    return ((middle + middle.T) / 2,)


def eigenvalues_forward(a):
    values, vectors = np.linalg.eigh((a + a.T) / 2)
    return values, vectors


def singular_values_forward(a):
    u, s, v = np.linalg.svd(a, full_matrices=False)
    return s, (u, v)


def power_forward(a):
    return a @ a @ a, a


def power_backward(gradient, a):
    t = a.T
    return (gradient @ t @ t + t @ gradient @ t + t @ t @ gradient,)


def quadratic_backward(gradient, saved):
    a, x = saved
    return gradient * np.multiply.outer(x, x), gradient * (a + a.T) @ x


def exponential(a):
    """exp(a) by 24 terms of its series, of Tensors."""
    term = a
    total = np.eye(a.shape[0]) + a
    for k in range(2, 25):
        term = F.matmul(term, a) / k
        total = total + term
    return total


def triangular_solve(a, b):
    """Forward substitution, row by row."""
    rows = []
    for i in range(b.shape[0]):
        done = sum((a[i, j] * rows[j] for j in range(i)), start=mm.Tensor(np.zeros(())))
        rows.append((b[i] - done) / a[i, i])
    return F.stack(rows)


def gram_schmidt(a):
    columns = []
    for j in range(a.shape[1]):
        v = a[:, j]
        for q in columns:
            v = v - F.sum(q * a[:, j]) * q
        columns.append(v / F.sqrt(F.sum(v * v)))
    return F.stack(columns, 1)


def sinkhorn(x):
    p = F.exp(x)
    for _ in range(5):
        p = p / F.sum(p, 1, keepdims=True)
        p = p / F.sum(p, 0, keepdims=True)
    return p


def power_iteration(a, x):
    for _ in range(3):
        x = F.matmul(a, x)
        x = x / F.sqrt(F.sum(x * x))
    return x


def norm_forward(x):
    length = np.linalg.norm(x, axis=-1)
    return length, (x, length)


def norm_backward(gradient, saved):
    x, length = saved
    return ((gradient / length)[..., None] * x,)


def pinv_forward(a):
    inverse = np.linalg.inv(a.T @ a)
    return inverse @ a.T, (a, inverse)


def pinv_backward(gradient, saved):
    a, inverse = saved
    to_inverse = -inverse.T @ (gradient @ a) @ inverse.T
    return (gradient.T @ inverse.T + a @ (to_inverse + to_inverse.T),)


def ridge(x, y):
    gram = F.matmul(F.transpose(x), x) + 1e-4 * np.eye(x.shape[1])
    return op("solve", solve_forward, solve_backward)(gram, F.matmul(F.transpose(x), y))


def kron_backward(gradient, saved):
    a, b = saved
    blocks = gradient.reshape(a.shape[0], b.shape[0], a.shape[1], b.shape[1])
    return np.einsum("ikjl,kl->ij", blocks, b), np.einsum("ikjl,ij->kl", blocks, a)


def implicit_forward(x):
    """y with y + y**3 = x, by Newton's method."""
    y = x / (1 + np.abs(x))
    for _ in range(60):
        y = y - (y + y**3 - x) / (1 + 3 * y * y)
    return y, y


def log_det_forward(a):
    return np.asarray(np.linalg.slogdet(a)[1]), a


INVERSE = op("inverse", inverse_forward, inverse_backward)
SOLVE = op("solve", solve_forward, solve_backward)

RIGHT = [
    Right("inverse", INVERSE, (well(3), well(4), lambda rng: [rng.standard_normal((2, 3, 3)) + 6 * np.eye(3)])),
    Right("inverse of Hilbert matrices", INVERSE, (hilbert(3), hilbert(4))),
    Right("inverse next to a singular matrix", INVERSE, (nearly_singular(1e-3), nearly_singular(1e-2))),
    Right("inverse of a 1 by 1 matrix", INVERSE, (lambda rng: [np.array([[0.01]])], lambda rng: [np.array([[-4.0]])])),
    Right("solve with one and several right-hand sides", SOLVE, (well(4, 4), well(3, (3, 2)), well(2, (2, 2)))),
    Right("solve with Hilbert matrices", SOLVE, (hilbert(3, 3), hilbert(4, 4))),
    Right("determinant by cofactors", op("det", lambda a: (np.asarray(np.linalg.det(a)), a), det_backward),
          (normal((3, 3)), well(2))),
    Right("determinant of singular matrices", op("det", lambda a: (np.asarray(np.linalg.det(a)), a), det_backward),
          (singular, lambda rng: [np.diag([1.0, 0.0, 2.0])])),
    Right("log of the absolute determinant", op("log_det", log_det_forward, lambda g, a: (g * np.linalg.inv(a).T,)),
          (well(3), normal((4, 4)), hilbert(3)), COMPLEX),
    Right("cholesky, made symmetric first", op("cholesky", cholesky_forward, cholesky_backward),
          (definite(3), definite(4), definite(1)), COMPLEX),
    Right("eigenvalues of the symmetric part",
          op("eigenvalues", eigenvalues_forward, lambda g, v: ((v * g) @ v.T,)), (definite(3), normal((4, 4)), normal((1, 1))),
          COMPLEX),
    Right("singular values", op("singular_values", singular_values_forward, lambda g, s: ((s[0] * g) @ s[1],)),
          (normal((3, 4)), normal((5, 2)), normal((3, 3))), COMPLEX),
    Right("nuclear norm", lambda a: F.sum(op("singular_values", singular_values_forward, lambda g, s: ((s[0] * g) @ s[1],))(a)),
          (normal((3, 4)), normal((2, 2))), COMPLEX),
    Right("matrix cubed", op("cube", power_forward, power_backward), (normal((3, 3)), normal((2, 2), scale=100))),
    Right("quadratic form", op("quadratic", lambda a, x: (np.asarray(x @ a @ x), (a, x)), quadratic_backward),
          (normal((3, 3), 3), normal((5, 5), 5))),
    Right("trace of a product", lambda a, b: F.sum(a * F.transpose(b)), (normal((3, 4), (4, 3)), normal((2, 2), (2, 2)))),
    Right("matrix exponential by its series", exponential, (normal((3, 3)), normal((2, 2), scale=0.1))),
    Right("triangular solve row by row", triangular_solve, (well(4, 4), well(2, 2), well(1, 1))),
    Right("Gram-Schmidt", gram_schmidt, (normal((4, 3)), normal((3, 3)), normal((5, 1)))),
    Right("Sinkhorn's normalisation", sinkhorn, (normal((3, 3)), normal((4, 4), scale=3))),
    Right("power iteration", power_iteration, (well(3, 3), well(5, 5))),
    Right("Euclidean norm of rows", op("norm", norm_forward, norm_backward),
          (normal((3, 4)), normal((4, 1)), normal((3, 2), scale=1e-5)), COMPLEX),
    Right("Euclidean norm of long and short vectors", lambda x: F.sqrt(F.sum(x * x, -1)),
          (normal((3, 4), scale=1e8), normal((2, 5), scale=1e-8))),
    Right("pseudo-inverse of full column rank", op("pinv", pinv_forward, pinv_backward), (normal((5, 2)), normal((6, 3)))),
    Right("ridge regression", ridge, (normal((8, 3), 8), normal((5, 2), 5))),
    Right("Kronecker product", op("kron", lambda a, b: (np.kron(a, b), (a, b)), kron_backward),
          (normal((2, 3), (3, 2)), normal((2, 2), (2, 2)), normal((4, 5), (5, 4)))),
    Right("root of a cubic by Newton's method", op("root", implicit_forward, lambda g, y: (g / (1 + 3 * y * y),)),
          (normal(8), normal((2, 3), scale=20))),
    Right("matmul of huge and tiny factors", F.matmul,
          (lambda rng: [rng.standard_normal((3, 4)) * 1e100, rng.standard_normal((4, 2)) * 1e-100],)),
    Right("matmul that cancels", lambda a, b: F.matmul(a, b) - F.matmul(a, b),
          (normal((3, 4), (4, 2)), normal((2, 2), (2, 2)))),
    Right("batched matmul with a broadcast factor", F.matmul,
          (normal((2, 3, 4), (4, 2)), normal((3, 2, 2), (1, 2, 2)), normal((2, 1, 3, 1), (4, 1, 3)))),
    Right("einsum of three factors", op("einsum", lambda a, b, c: (np.einsum("ij,jk,ik->i", a, b, c), (a, b, c)), lambda g, s: (
          np.einsum("i,jk,ik->ij", g, s[1], s[2]), np.einsum("i,ij,ik->jk", g, s[0], s[2]),
          np.einsum("i,ij,jk->ik", g, s[0], s[1]))),
          (normal((3, 4), (4, 2), (3, 2)), normal((2, 2), (2, 2), (2, 2)))),
    Right("Mahalanobis distance", lambda a, x: F.sum(x * SOLVE(F.matmul(F.transpose(a), a), x)), (well(3, 3), well(4, 4))),
]  # fmt: skip
