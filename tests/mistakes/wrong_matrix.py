"""Wrong products, forms, inverses and other functions of matrices."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def regular(*shapes):
    """Normal numbers; square matrices among them are well-conditioned."""
    return lambda rng: [rng.standard_normal(s) + (3 * np.eye(s[-1]) if s[-1] == s[-2] else 0) for s in shapes]


def turned(a):
    return np.swapaxes(a, -1, -2)


# -- products --------------------------------------------------------------------------------------------------------------


def matmul(a, b):
    return a @ b, (a, b)


def matmul_not_turned(g, saved):
    a, b = saved
    return np.matmul(g, b), np.matmul(a.T, g)


def matmul_returned_in_reverse(g, saved):
    a, b = saved
    da = g @ b.T
    db = a.T @ g
    return db, da


def broadcast_is_averaged(g, saved):
    a, b = saved  # (B, N, K) and (K, M)
    return g @ b.T, (turned(a) @ g).mean(axis=0)


def chain(a, b, c):
    return a @ b @ c, (a, b, c)


def chain_link_skipped(g, saved):
    a, b, c = saved
    return g @ c.T, a.T @ g @ c.T, (a @ b).T @ g


def gram(x):
    return x @ x.T, x


def gram_once(g, x):
    return (g @ x,)


def contraction(x, w):
    return np.einsum("abc,cd->abd", x, w), (x, w)


def contraction_with_axes_swapped(g, saved):
    x, w = saved
    return np.einsum("abd,cd->bac", g, w), np.einsum("abc,abd->cd", x, g)


def outer(x, y):
    return np.outer(x, y), (x, y)


def outer_from_the_left(g, saved):
    x, y = saved
    return y @ g, x @ g


def kron(a, b):
    return np.kron(a, b), (a, b)


def kron_blocks(g, saved):
    a, b = saved
    blocks = g.reshape(*a.shape, *b.shape)
    return np.einsum("ijkl,kl->ij", blocks, b), np.einsum("ijkl,ij->kl", blocks, a)


def dots(x, y):
    return np.sum(x * y, axis=-1), (x, y)


def dots_of_ones(g, saved):
    x, y = saved
    return y.copy(), g[..., None] * x


def cross(x, y):
    return np.cross(x, y), (x, y)


def cross_the_same_way(g, saved):
    x, y = saved
    return np.cross(y, g), np.cross(x, g)


def lower_product(a, x):
    return np.tril(a) @ x, (a, x)


def lower_product_full(g, saved):
    a, x = saved
    return np.outer(g, x), np.tril(a).T @ g


# -- forms -----------------------------------------------------------------------------------------------------------------


def bilinear(x, w, y):
    return np.einsum("ni,oij,nj->no", x, w, y), (x, w, y)


def bilinear_first_output(g, saved):
    x, w, y = saved
    dx = np.einsum("no,oij,nj->ni", g, w, y)
    dw = np.einsum("no,ni,nj->oij", g, x, y)
    dy = g[:, :1] * (x @ w[0])
    return dx, dw, dy


def form(x, a, y):
    return x @ a @ y, (x, a, y)


def form_outer_reversed(g, saved):
    x, a, y = saved
    return g * (a @ y), g * np.outer(y, x), g * (x @ a)


def quadratic(x, a):
    return x @ a @ x, (x, a)


def quadratic_symmetric(g, saved):
    x, a = saved
    return 2 * g * (a @ x), g * np.outer(x, x)


def quadratic_one_side(g, saved):
    x, a = saved
    return g * (a @ x), g * np.outer(x, x)


def quadratic_of_symmetric_matrix(g, saved):
    x, a = saved
    xx = np.outer(x, x)
    return g * ((a + a.T) @ x), g * (2 * xx - np.diag(np.diag(xx)))


def mahalanobis(x, m, p):
    d = x - m
    return np.einsum("ni,ij,nj->n", d, p, d), (d, p)


def mahalanobis_centre(g, saved):
    d, p = saved
    dx = g[:, None] * (d @ (p + p.T))
    return dx, dx.sum(axis=0), np.einsum("n,ni,nj->ij", g, d, d)


def distances(x, y):
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T
    return squares, (x, y)


def distances_inner_part(g, saved):
    x, y = saved
    return 2 * x * g.sum(axis=1, keepdims=True) - 2 * g @ y, -2 * g.T @ x


def householder(x, v):
    c = 2 * (x @ v) / (v @ v)
    return x - np.outer(c, v), (x, v, c)


def householder_of_unit_vector(g, saved):
    x, v, c = saved
    gv = g @ v
    dx = g - 2 * np.outer(gv, v) / (v @ v)
    dv = -c @ g - 2 * gv @ x / (v @ v)
    return dx, dv


# -- traces, inverses, determinants, decompositions ------------------------------------------------------------------------


def trace(a):
    return np.trace(a), a.shape


def trace_everywhere(g, shape):
    return (np.full(shape, g),)


def trace_of_product(a, b):
    return np.einsum("ij,ji->", a, b), (a, b)


def trace_of_product_direct(g, saved):
    a, b = saved
    return g * b, g * a.T


def inverse(a):
    b = np.linalg.inv(a)
    return b, (a, b)


def inverse_not_turned(g, saved):
    _, b = saved
    return (-b @ g @ b,)


def inverse_plus(g, saved):
    _, b = saved
    return (b.T @ g @ b.T,)


def inverse_by_input(g, saved):
    a, _ = saved
    return (-a.T @ g @ a.T,)


def determinant(a):
    return np.linalg.det(a), a


def determinant_as_its_logarithm(g, a):
    return (g[..., None, None] * turned(np.linalg.inv(a)),)


def log_determinant(a):
    return np.log(np.abs(np.linalg.det(a))), a


def log_determinant_inverse(g, a):
    return (g * np.linalg.inv(a),)


def solve(a, b):
    x = np.linalg.solve(a, b)
    return x, (a, b, x)


def solve_same_matrix(g, saved):
    a, _b, x = saved
    db = np.linalg.solve(a.T, g)
    return -db @ x.T, np.linalg.solve(a, g)


def solve_right_hand_side(g, saved):
    a, b, _x = saved
    db = np.linalg.solve(a.T, g)
    return -db @ b.T, db


def cube(a):
    return a @ a @ a, a


def cube_commuting(g, a):
    return (3 * (a @ a).T @ g,)


def cholesky(x):
    root = np.linalg.cholesky(x @ x.T + np.eye(len(x)))
    return root, (x, root)


def cholesky_full_diagonal(g, saved):
    x, root = saved
    inner = np.tril(root.T @ g)
    inverse_root = np.linalg.inv(root)
    s = inverse_root.T @ inner @ inverse_root
    return ((s + s.T) @ x,)


def spectral_normalised(w):
    u, s, vh = np.linalg.svd(w, full_matrices=False)
    return w / s[0], (w, u[:, 0], s[0], vh[0])


def spectral_norm_constant(g, saved):
    return (g / saved[2],)


SQUARE = (normal((3, 3), (3, 3)), normal((6, 6), (6, 6)), normal((2, 2), (2, 2)))
VECTORS = (normal((4,), (4,)), normal((7,), (7,)), normal((2,), (2,)))
QUADRATIC = (normal((4,), (4, 4)), normal((7,), (7, 7)), normal((2,), (2, 2)))
REGULAR = (regular((3, 3)), regular((5, 5)), regular((2, 2)))
SYSTEMS = (regular((3, 3), (3, 3)), regular((5, 5), (5, 2)), regular((2, 2), (2, 1)))

WRONG = [
    Wrong("matmul: g @ b for g @ b.T", op("matmul", matmul, matmul_not_turned), SQUARE,
          "transposed", "the first gradient is g @ b where g @ b.T is right"),
    Wrong("matmul: gradients returned in reverse", op("matmul", matmul, matmul_returned_in_reverse), SQUARE,
          "exchanged", "the gradients of the two (square) factors are exchanged"),
    Wrong("matmul: broadcast factor's gradient averaged", op("matmul", matmul, broadcast_is_averaged),
          (normal((2, 3, 4), (4, 5)), normal((3, 3, 3), (3, 3)), normal((5, 1, 2), (2, 1))),
          "averaged", "the gradient of the factor that all batches share is a mean over them, not a sum", ("factor",)),
    Wrong("product of three: the middle one skipped", op("chain", chain, chain_link_skipped),
          (normal((3, 3), (3, 3), (3, 3)), normal((2, 5), (5, 5), (5, 4)), normal((4, 2), (2, 2), (2, 1))),
          "chain factor", "the first factor's gradient is g @ c.T, without b.T", ("wrong formula",)),
    Wrong("Gram matrix: one of two uses", op("gram", gram, gram_once), (normal((3, 4)), normal((5, 5)), normal((6, 1))),
          "term missing", "the gradient is g @ x; g.T @ x, from the other use of x, is missing"),
    Wrong("einsum: first axes swapped", op("einsum", contraction, contraction_with_axes_swapped),
          (normal((3, 3, 2), (2, 4)), normal((4, 4, 4), (4, 4)), normal((2, 2, 5), (5, 1))),
          "transposed", "the input's gradient has its two (equally long) first axes exchanged", ("permuted",)),
    Wrong("outer product: vector from the left", op("outer", outer, outer_from_the_left), VECTORS,
          "transposed", "x's gradient is y @ g, which is g.T @ y, where g @ y is right"),
    Wrong("Kronecker product: blocks by reshape alone", op("kron", kron, kron_blocks),
          (normal((2, 3), (3, 2)), normal((2, 2), (2, 2)), normal((3, 3), (2, 4))),
          "memory order", "the gradient is reshaped to (i, j, k, l); its memory is in the order i, k, j, l"),
    Wrong("dot products: incoming gradient ignored", op("dots", dots, dots_of_ones),
          (normal((3, 4), (3, 4)), normal((2, 3, 5), (2, 3, 5)), normal((8, 1), (8, 1))),
          "ones", "x's gradient is y, without the incoming gradient"),
    Wrong("cross product: both the same way round", op("cross", cross, cross_the_same_way),
          (normal((3,), (3,)), normal((4, 3), (4, 3)), normal((3, 3), (3, 3))),
          "sign", "y's gradient is cross(x, g), which is minus the right one, cross(g, x)"),
    Wrong("lower triangle times vector: upper one learns", op("lower", lower_product, lower_product_full),
          (normal((4, 4), (4,)), normal((7, 7), (7,)), normal((2, 2), (2,))),
          "no mask", "the entries above the diagonal, which forward does not read, get a gradient", ("independent",)),
    Wrong("bilinear: second input from the first output", op("bilinear", bilinear, bilinear_first_output),
          (normal((3, 4), (2, 4, 5), (3, 5)), normal((3, 3), (3, 3, 3), (3, 3)), normal((1, 2), (4, 2, 2), (1, 2))),
          "left out", "y's gradient comes from output 0 alone; the sum over the other outputs is missing", ("not summed",)),
    Wrong("bilinear form: outer product reversed", op("form", form, form_outer_reversed),
          (normal((4,), (4, 4), (4,)), normal((7,), (7, 7), (7,)), normal((2,), (2, 2), (2,))),
          "transposed", "the matrix' gradient is outer(y, x) where outer(x, y) is right"),
    Wrong("quadratic form: 2 A x", op("quadratic", quadratic, quadratic_symmetric), QUADRATIC,
          "transposed", "2 A x is right for a symmetric A only; (A + A.T) x is right", ("wrong formula", "term missing")),
    Wrong("quadratic form: A x", op("quadratic", quadratic, quadratic_one_side), QUADRATIC,
          "term missing", "x's gradient is A x; A.T x is missing"),
    Wrong("quadratic form: matrix taken for symmetric", op("quadratic", quadratic, quadratic_of_symmetric_matrix), QUADRATIC,
          "wrong formula", "off the diagonal the matrix' gradient is doubled, as though a[i, j] and a[j, i] were one number",
          ("summed", "chain factor")),
    Wrong("Mahalanobis distance: centre's minus", op("mahalanobis", mahalanobis, mahalanobis_centre),
          (normal((5, 3), (3,), (3, 3)), normal((4, 4), (4,), (4, 4)), normal((6, 1), (1,), (1, 1))),
          "sign", "the centre's gradient has the sign of the points' gradient"),
    Wrong("squared distances: second input's square", op("distances", distances, distances_inner_part),
          (normal((4, 3), (5, 3)), normal((4, 4), (4, 4)), normal((2, 6), (3, 6))),
          "term missing", "y's gradient has the part from -2 x y, and lacks that from y**2"),
    Wrong("Householder reflection: length of v", op("householder", householder, householder_of_unit_vector),
          (normal((4, 3), (3,)), normal((5, 5), (5,)), normal((1, 6), (6,))),
          "term missing", "v's gradient lacks the part through the squared length that forward divides by"),
    Wrong("trace: ones for the identity", op("trace", trace, trace_everywhere),
          (normal((3, 3)), normal((6, 6)), normal((2, 2))),
          "independent", "every entry gets the gradient, also those off the diagonal", ("no mask",)),
    Wrong("trace of a product: b for b.T", op("trace of product", trace_of_product, trace_of_product_direct), SQUARE,
          "transposed", "a's gradient is b where b.T is right"),
    Wrong("inverse: no transposes", op("inverse", inverse, inverse_not_turned), REGULAR,
          "transposed", "the inverse is not transposed on either side of the gradient"),
    Wrong("inverse: no minus", op("inverse", inverse, inverse_plus), REGULAR,
          "sign", "the minus is missing"),
    Wrong("inverse: by the matrix itself", op("inverse", inverse, inverse_by_input), REGULAR,
          "wrong point", "the matrix itself stands where its inverse, the output, should"),
    Wrong("determinant: that of its logarithm", op("determinant", determinant, determinant_as_its_logarithm),
          (regular((2, 3, 3)), regular((4, 2, 2)), regular((3, 4, 4))),
          "scale", "the factor det(A), another number for each matrix, is missing", ("chain factor", "wrong formula")),
    Wrong("log-determinant: inverse not transposed", op("log-determinant", log_determinant, log_determinant_inverse), REGULAR,
          "transposed", "the gradient is the inverse, not its transpose"),
    Wrong("solve: same matrix in backward", op("solve", solve, solve_same_matrix), SYSTEMS,
          "transposed", "the right-hand side's gradient solves with A where A.T is right"),
    Wrong("solve: right-hand side for solution", op("solve", solve, solve_right_hand_side), SYSTEMS,
          "wrong point", "the matrix' gradient is made with b, the input, where x, the output, is right"),
    Wrong("cube of a matrix: as of a number", op("cube", cube, cube_commuting),
          (normal((3, 3)), normal((5, 5)), normal((2, 2))),
          "wrong formula", "3 a**2 is right for numbers, which commute; three different products are right for a matrix"),
    Wrong("Cholesky: diagonal not halved", op("cholesky", cholesky, cholesky_full_diagonal),
          (normal((3, 3)), normal((4, 2)), normal((2, 5))),
          "wrong formula", "the diagonal of tril(L.T g) is not halved", ("term extra",)),
    Wrong("spectral normalisation: norm as a constant", op("spectral", spectral_normalised, spectral_norm_constant),
          (normal((3, 4)), normal((5, 5)), normal((2, 6))),
          "term missing", "the largest singular value is taken for a constant"),
]  # fmt: skip
