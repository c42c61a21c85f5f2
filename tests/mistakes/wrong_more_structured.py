"""Products with matrices of a structure: bands, blocks, Toeplitz, graphs, chains; with a wrong backward pass."""

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


def band(d, x):
    y = d[1] * x
    y[1:] += d[0, 1:] * x[:-1]
    y[:-1] += d[2, :-1] * x[1:]
    return y


def band_backward(g, saved):
    d, x = saved
    dd = np.zeros_like(d)
    dd[1] = g * x
    dd[0, 1:] = g[1:] * x[:-1]
    dd[2, :-1] = g[:-1] * x[1:]
    return dd, band(d, g)


def tridiagonal_forward(low, main, up, b):
    t = np.diag(main) + np.diag(low, -1) + np.diag(up, 1)
    x = np.linalg.solve(t, b)
    return x, (t, x)


def tridiagonal_backward(g, saved):
    t, x = saved
    v = np.linalg.solve(t.T, g)
    return -v[:-1] * x[1:], -v * x, -v[1:] * x[:-1], v


def tridiagonal_point(n):
    return lambda rng: [
        rng.standard_normal(n - 1),
        4 + rng.random(n),
        rng.standard_normal(n - 1),
        rng.standard_normal(n),
    ]


def lower_solve_forward(a, b):
    x = np.linalg.solve(np.tril(a), b)
    return x, (a, x)


def lower_solve_backward(g, saved):
    a, x = saved
    v = np.linalg.solve(np.tril(a).T, g)
    return -np.outer(v, x), v


def blocks_forward(x, w):
    n, (groups, k, m) = len(x), w.shape
    return np.einsum("ngk,gkm->ngm", x.reshape(n, groups, k), w).reshape(n, groups * m), (x, w)


def blocks_backward(g, saved):
    x, w = saved
    n, (groups, k, m) = len(x), w.shape
    dx = np.einsum("ngm,gkm->ngk", g.reshape(n, groups, m), w).reshape(x.shape)
    return dx, np.einsum("ngk,nmg->gkm", x.reshape(n, groups, k), g.reshape(n, m, groups))


def toeplitz_index(n):
    return np.arange(n)[:, None] - np.arange(n) + n - 1


def toeplitz_forward(t):
    n = (len(t) + 1) // 2
    return t[toeplitz_index(n)], n


def toeplitz_backward(g, n):
    dt = np.zeros(2 * n - 1)
    dt[toeplitz_index(n)] = g
    return (dt,)


def vandermonde_backward(g, saved):
    (x,) = saved
    dx = np.zeros_like(x)
    for j in range(1, g.shape[1]):
        dx += g[:, j] * x ** (j - 1)
    return (dx,)


def neighbourhood(n):
    """The rows of a directed graph's adjacency matrix, each divided by its sum."""
    a = np.eye(n) + np.eye(n, k=1) + (np.arange(n) == 0)
    return a / a.sum(1, keepdims=True)


def graph_backward(g, saved):
    x, w = saved
    a = neighbourhood(len(x))
    return a @ g @ w.T, (a @ x).T @ g


def chain_product_forward(a):
    """a: (T, D, D), multiplied from left to right."""
    left = [np.eye(a.shape[1])]
    for m in a:
        left.append(left[-1] @ m)
    return left[-1], (a, left)


def chain_product_backward(g, saved):
    a, left = saved
    da, right = np.empty_like(a), np.eye(a.shape[1])
    for t in reversed(range(len(a))):
        da[t] = right.T @ g @ left[t].T
        right = a[t] @ right
    return (da,)


def quadratic_layer_backward(g, saved):
    """y[n, o] = x[n] A[o] x[n]"""
    x, a = saved
    return np.einsum("no,oij,nj->ni", g, a, x), np.einsum("no,ni,nj->oij", g, x, x)


def normalised_adjacency_backward(g, saved):
    _, root = saved
    return (g / root[:, None] / root[None],)


def normalised_adjacency_forward(a):
    root = np.sqrt(a.sum(1))
    return a / root[:, None] / root[None], (a, root)


WRONG = [
    Wrong(
        "band matrix times vector: band not transposed",
        op("band", keep(band), band_backward),
        (normal((3, 6), (6,)), normal((3, 11), (11,)), normal((3, 3), (3,))),
        "transposed",
        "the vector's gradient is the band matrix times g where it should be its transpose",
        ("flipped", "shifted", "other place"),
    ),
    Wrong(
        "tridiagonal solve: lower and upper diagonal",
        op("tridiagonal", tridiagonal_forward, tridiagonal_backward),
        (tridiagonal_point(5), tridiagonal_point(9)),
        "exchanged",
        "the gradients of the lower and the upper diagonal are in each other's place",
        ("transposed",),
    ),
    Wrong(
        "triangular solve: the upper half",
        op("lower solve", lower_solve_forward, lower_solve_backward),
        (
            lambda rng: [rng.random((4, 4)) + 2 * np.eye(4), rng.random(4)],
            lambda rng: [rng.random((7, 7)) + 3 * np.eye(7), rng.random(7)],
        ),
        "independent",
        "forward reads the lower triangle alone, but the upper one gets a gradient as well",
        ("no mask", "term extra"),
    ),
    Wrong(
        "block-diagonal matmul: gradient as (M, groups)",
        op("blocks", blocks_forward, blocks_backward),
        (normal((4, 6), (3, 2, 2)), normal((2, 4), (2, 2, 3)), normal((3, 9), (3, 3, 3))),
        "memory order",
        "for the weight the gradient is reshaped to (N, M, groups) though the groups come first",
        ("groups", "permuted", "transposed"),
    ),
    Wrong(
        "Toeplitz matrix: dt[index] = g",
        op("toeplitz", toeplitz_forward, toeplitz_backward),
        (normal(7), normal(3), normal(13)),
        "overwritten",
        "each number is on a whole diagonal, and of its contributions only the last one written remains",
        ("not summed",),
    ),
    Wrong(
        "Vandermonde matrix: exponent as a factor",
        op("vander", keep(lambda x: x[:, None] ** np.arange(5)), vandermonde_backward),
        (normal(6), normal(2), normal(15)),
        "chain factor",
        "the derivative of x^j lacks its factor j",
        ("wrong formula",),
    ),
    Wrong(
        "graph convolution: neighbourhood not transposed",
        op("graph convolution", keep(lambda x, w: neighbourhood(len(x)) @ x @ w), graph_backward),
        (normal((5, 3), (3, 2)), normal((4, 4), (4, 4)), normal((8, 1), (1, 3))),
        "transposed",
        "the gradient flows along the directed edges, not against them: a in place of a.T",
    ),
    Wrong(
        "product of many matrices: left and right of each",
        op("chain", chain_product_forward, chain_product_backward),
        (normal((3, 2, 2)), normal((4, 3, 3)), normal((2, 5, 5))),
        "wrong formula",
        "what stands to the right of a matrix is multiplied from the left, and the reverse",
        ("transposed",),
    ),
    Wrong(
        "quadratic layer: x is on both sides",
        op("quadratic", keep(lambda x, a: np.einsum("ni,oij,nj->no", x, a, x)), quadratic_layer_backward),
        (normal((3, 4), (2, 4, 4)), normal((2, 2), (2, 2, 2)), normal((5, 3), (1, 3, 3))),
        "term missing",
        "A x is there, A.T x is not: one of the two uses of x is forgotten",
        ("not summed",),
    ),
    Wrong(
        "normalised adjacency: degrees as constants",
        op("normalise", normalised_adjacency_forward, normalised_adjacency_backward),
        (
            lambda rng: [rng.random((4, 4)) + 0.1],
            lambda rng: [rng.random((2, 2)) + 0.1],
            lambda rng: [rng.random((7, 7)) + 0.1],
        ),
        "term missing",
        "an edge changes the degrees of its row and its column, too; this is left out",
    ),
]
