"""Inverses, solutions, determinants, factors and norms of matrices, with a wrong backward pass (second part)."""

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


def definite(n, *more):
    def point(rng):
        a = rng.standard_normal((n, n))
        return [a @ a.T / n + np.eye(n), *(rng.standard_normal(shape) for shape in more)]

    return point


def similar_trace_forward(a, b):
    """trace(A B A^T)."""
    return np.array(np.trace(a @ b @ a.T)), (a, b)


def similar_trace_backward(g, saved):
    a, b = saved
    return g * a @ b, g * a.T @ a


def cayley_forward(s):
    """(I + S)^-1 (I - S)."""
    eye = np.eye(len(s))
    y = np.linalg.solve(eye + s, eye - s)
    return y, (s, y)


def cayley_backward(g, saved):
    s, _y = saved
    return (-np.linalg.solve((np.eye(len(s)) + s).T, g),)


def projection_forward(x, v):
    """x's part along v, rows."""
    share = (x * v).sum(1, keepdims=True) / (v * v).sum(1, keepdims=True)
    return share * v, (x, v, share)


def projection_backward(g, saved):
    x, v, share = saved
    gv = (g * v).sum(1, keepdims=True)
    length = (v * v).sum(1, keepdims=True)
    return gv / length * v, share * g + gv / length * x


def orthogonal_forward(a, b):
    """b without its part along a, for rows; a comes out beside it."""
    share = (a * b).sum(1, keepdims=True) / (a * a).sum(1, keepdims=True)
    return np.concatenate([a, b - share * a], axis=1), (a, b, share)


def orthogonal_backward(g, saved):
    a, b, share = saved
    ga, gb = np.split(g, 2, axis=1)
    length = (a * a).sum(1, keepdims=True)
    dshare = -(gb * a).sum(1, keepdims=True)
    return ga - share * gb + dshare * (b + 2 * share * a) / length, gb + dshare * a / length


def root_forward(a):
    """The square root of the symmetric part."""
    w, v = np.linalg.eigh((a + a.T) / 2)
    return v * np.sqrt(w) @ v.T, (np.sqrt(w), v)


def root_backward(g, saved):
    s, v = saved
    inner = v.T @ ((g + g.T) / 2) @ v / (s[:, None] * s * 2)
    return (v @ inner @ v.T,)


def turn_forward(p, angle):
    """Points (N, 2), each turned by an angle of its own."""
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([c * p[:, 0] - s * p[:, 1], s * p[:, 0] + c * p[:, 1]], axis=1), (p, c, s)


def turn_backward(g, saved):
    p, c, s = saved
    dp = np.stack([c * g[:, 0] + s * g[:, 1], -s * g[:, 0] + c * g[:, 1]], axis=1)
    return dp, g[:, 0] * (s * p[:, 0] + c * p[:, 1]) - g[:, 1] * (c * p[:, 0] - s * p[:, 1])


def blocks_forward(a, b, c, d):
    return np.block([[a, b], [c, d]]), a.shape


def blocks_backward(g, shape):
    n, m = shape
    return g[:n, :m], g[n:, :m], g[:n, m:], g[n:, m:]


def rows_times_matrices_backward(g, saved):
    a, x = saved
    return np.einsum("bi,bj->bij", x, g), np.einsum("bij,bi->bj", a, g)


def first_transposed_backward(g, saved):
    a, b = saved
    return g @ b.T, a @ g


def euclidean_forward(x):
    """All distances between the rows of x; 0 of a row to itself."""
    d = x[:, None] - x
    return np.sqrt((d * d).sum(2)), (x, d)


def euclidean_backward(g, saved):
    _x, d = saved
    with np.errstate(all="ignore"):
        unit = d / np.sqrt((d * d).sum(2, keepdims=True))
    return (((g + g.T)[..., None] * unit).sum(1),)


def mahalanobis_forward(x, s):
    """x^T S^-1 x of each row of x, S made symmetric."""
    y = np.linalg.solve((s + s.T) / 2, x.T).T
    return (x * y).sum(1), y


def mahalanobis_backward(g, y):
    return 2 * g[:, None] * y, np.einsum("n,ni,nj->ij", g, y, y)


def outer_update_forward(a, u, v):
    """The inverse after A + u v^T, by Sherman and Morrison, from A's inverse."""
    au, va = a @ u, v @ a
    k = 1 + v @ au
    return a - np.outer(au, va) / k, (a, u, v, au, va, k)


def outer_update_backward(g, saved):
    a, u, v, au, va, k = saved
    dau, dva = -g @ va / k, -(au @ g) / k  # k depends on all three, too
    return g + np.outer(dau, u) + np.outer(v, dva), a.T @ dau, a @ dva


def power_step_forward(a, x):
    """One step of the power method: A x over its length."""
    y = a @ x
    r = np.sqrt(y @ y)
    return y / r, (a, x, y / r, r)


def power_step_backward(g, saved):
    a, x, u, r = saved
    d = (g - u * (g @ u)) / r
    return np.outer(x, d), a.T @ d


WRONG = [
    Wrong(
        "trace of A B A^T: one of two uses",
        op("trace", similar_trace_forward, similar_trace_backward),
        (normal((3, 3), (3, 3)), normal((2, 4), (4, 4))),
        "term missing",
        "A stands twice, its second use (A B^T) is missing",
        ("not summed",),
    ),
    Wrong(
        "Cayley transform: denominator",
        op("Cayley", cayley_forward, cayley_backward),
        (lambda rng: [0.5 * rng.standard_normal((3, 3))], lambda rng: [0.3 * rng.standard_normal((4, 4))]),
        "term missing",
        "the gradient through the inverse of I + S is missing",
        ("not summed",),
    ),
    Wrong(
        "projection on a line: length as a constant",
        op("projection", projection_forward, projection_backward),
        (normal((3, 2), (3, 2)), normal((2, 4), (2, 4))),
        "term missing",
        "v's squared length in the denominator is taken for a constant",
    ),
    Wrong(
        "orthogonal to a: plus for its length",
        op("orthogonal", orthogonal_forward, orthogonal_backward),
        (normal((3, 3), (3, 3)), normal((2, 4), (2, 4))),
        "sign of a term",
        "the derivative of 1 / (a a) enters with a plus",
    ),
    Wrong(
        "root of a matrix: product of roots for their sum",
        op("root", root_forward, root_backward),
        (
            lambda rng: [definite(3)(rng)[0] * np.array([1, 4, 9])[:, None]],
            lambda rng: [definite(2)(rng)[0] + np.diag([0, 5.0])],
        ),
        "wrong formula",
        "the denominators are 2 s_i s_j for s_i + s_j",
        ("chain factor",),
    ),
    Wrong(
        "turned points: the angle's sign",
        op("turn", turn_forward, turn_backward),
        (normal((4, 2), (4,)), normal((2, 2), (2,))),
        "sign",
        "the angles' gradient has the wrong sign",
    ),
    Wrong(
        "matrix of four blocks: the two beside the diagonal",
        op("blocks", blocks_forward, blocks_backward),
        (normal((2, 2), (2, 2), (2, 2), (2, 2)), normal((3, 3), (3, 3), (3, 3), (3, 3))),
        "exchanged",
        "the gradients of the upper right and the lower left block are exchanged",
    ),
    Wrong(
        "a matrix for each vector: outer product reversed",
        op("products", lambda a, x: (np.einsum("bij,bj->bi", a, x), (a, x)), rows_times_matrices_backward),
        (normal((3, 2, 2), (3, 2)), normal((2, 4, 4), (2, 4))),
        "transposed",
        "the matrices' gradient is x g^T for g x^T",
        ("exchanged",),
    ),
    Wrong(
        "A^T B: A's gradient not transposed",
        op("product", lambda a, b: (a.T @ b, (a, b)), first_transposed_backward),
        (normal((3, 3), (3, 3)), normal((4, 4), (4, 4))),
        "transposed",
        "A's gradient is g B^T for B g^T",
    ),
    Wrong(
        "distances of rows to each other: 0 / 0",
        op("distances", euclidean_forward, euclidean_backward),
        (normal((3, 2)), normal((4, 3))),
        "not finite",
        "the distance of a row to itself is 0, and its gradient 0 / 0",
    ),
    Wrong(
        "x S^-1 x: sign of S's gradient",
        op("Mahalanobis", mahalanobis_forward, mahalanobis_backward),
        (lambda rng: definite(3, (2, 3))(rng)[::-1], lambda rng: definite(2, (4, 2))(rng)[::-1]),
        "sign",
        "the minus of the inverse's derivative is missing",
    ),
    Wrong(
        "update of an inverse: denominator as a constant",
        op("rank one", outer_update_forward, outer_update_backward),
        (
            lambda rng: [*regular(3, 3)(rng), rng.uniform(0.2, 1, 3), rng.uniform(0.2, 1, 3)],
            lambda rng: [*regular(2, 2)(rng), rng.uniform(0.2, 1, 2), rng.uniform(0.2, 1, 2)],
        ),
        "term missing",
        "the denominator 1 + v A u depends on all three inputs, and is taken for a constant",
    ),
    Wrong(
        "step of the power method: outer product",
        op("power step", power_step_forward, power_step_backward),
        (normal((3, 3), (3,)), normal((5, 5), (5,))),
        "transposed",
        "the matrix' gradient is x d^T for d x^T",
    ),
]
