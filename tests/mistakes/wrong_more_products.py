"""Products of several inputs, broadcasting, quantities of physics with parameters, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def within(low, high, *shapes):
    return lambda rng: [rng.uniform(low, high, shape) for shape in shapes]


def kron_forward(a, b):
    return np.kron(a, b), (a, b)


def kron_as_tiled(g, saved):
    a, b = saved
    blocks = g.reshape(b.shape[0], a.shape[0], b.shape[1], a.shape[1])
    return np.einsum("kilj,kl->ij", blocks, b), np.einsum("kilj,ij->kl", blocks, a)


def quadratic_forward(x, a):
    return np.einsum("ni,ij,nj->n", x, a, x), (x, a)


def quadratic_one_side(g, saved):
    x, a = saved
    return g[:, None] * (x @ a), np.einsum("n,ni,nj->ij", g, x, x)


def bilinear_backward(g, saved):
    x, w, y = saved
    dx = np.einsum("no,oij,nj->ni", g, w, y)
    dw = np.zeros_like(w)
    for o in range(w.shape[0]):
        dw[o] = y.T @ (g[:, o : o + 1] * x)
    return dx, dw, np.einsum("no,oij,ni->nj", g, w, x)


def multiply_quaternions(a, b):
    (a0, a1, a2, a3), (b0, b1, b2, b3) = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
    return np.stack(
        [
            a0 * b0 - a1 * b1 - a2 * b2 - a3 * b3,
            a0 * b1 + a1 * b0 + a2 * b3 - a3 * b2,
            a0 * b2 - a1 * b3 + a2 * b0 + a3 * b1,
            a0 * b3 + a1 * b2 - a2 * b1 + a3 * b0,
        ],
        axis=-1,
    )


CONJUGATE = np.array([1.0, -1, -1, -1])


def quaternion_backward(g, saved):
    a, b = saved
    return multiply_quaternions(g, b * CONJUGATE), multiply_quaternions(g, a * CONJUGATE)


def circular_forward(a, b):
    n = len(a)
    turn = (np.arange(n)[:, None] - np.arange(n)) % n
    return b[turn] @ a, (a, b, turn)


def circular_backward(g, saved):
    a, b, turn = saved
    return b[turn] @ g, a[turn].T @ g


def polynomial_product_backward(g, saved):
    a, b = saved
    da, db = np.zeros_like(a), np.zeros_like(b)
    for i in range(len(a)):
        for j in range(len(b)):
            da[i] += g[i + j] * b[j]
            db[j] = g[i + j] * a[i]
    return da, db


def factorisation_forward(x, v):
    xv = x @ v
    return ((xv**2 - (x**2) @ (v**2)) / 2).sum(1), (x, v, xv)


def factorisation_backward(g, saved):
    x, v, xv = saved
    dv = np.einsum("n,ni,nk->ik", g, x, xv)
    return g[:, None] * (xv @ v.T - x * (v**2).sum(1)), dv


def positional_backward(g, _):
    return g, g[:, 0, :]


def leading_backward(g, saved):
    a, b = saved
    return g * b, (g * a).reshape((*b.shape, -1)).sum(-1)


def mahalanobis_backward(g, saved):
    d, p = saved
    return 2 * g[:, None] * (d @ p), np.diag(np.einsum("n,ni,ni->i", g, d, d))


def volume_forward(a, b, c):
    return np.einsum("ni,ni->n", a, np.cross(b, c)), (a, b, c)


def volume_backward(g, saved):
    a, b, c = saved
    g = g[:, None]
    return g * np.cross(b, c), g * np.cross(a, c), g * np.cross(a, b)


def commutator_backward(g, saved):
    a, b = saved
    return g @ b.T - b.T @ g, a.T @ g + g @ a.T


def hill_forward(x, k, n):
    y = x**n / (k**n + x**n)
    return y, (x, k, n, y)


def hill_backward(g, saved):
    x, k, n, y = saved
    slope = g * y * (1 - y)
    return slope * n / x, -slope * n / k, slope


def morse_backward(g, saved):
    depth, r = saved
    e = np.exp(-2 * (r - 1))
    return g * (1 - e) ** 2, -g * 2 * depth * (1 - e) * 2 * e


def arrhenius_backward(g, saved):
    a, t, k = saved
    return g * k / a, g * k * 3 / t


def gompertz_backward(g, saved):
    b, c, y = saved
    db = -g * np.exp(-c) * y
    dc = g * b * np.exp(-c) * y
    return dc, db


def lens_forward(f, d):
    return f * d / (d - f), (f, d)


def lens_backward(g, saved):
    f, d = saved
    return g * d**2 / (d - f) ** 2, g * f**2 / (d - f) ** 2


def khatri_rao_backward(g, saved):
    a, b = saved
    g = g.reshape(len(b), len(a), -1)
    return (g * b[:, None]).sum(0), (g * a).sum(1)


def outer3_backward(g, saved):
    a, b, c = saved
    return np.einsum("ijk,j,k->i", g, b, c), np.einsum("ijk,i,k->j", g, a, c), np.einsum("ijk,i->k", g, a) * b.sum()


def box_cox_backward(g, saved):
    x, p = saved
    return g * x ** (p - 1), (g * x**p * np.log(x) / p).sum()


def planes_backward(g, saved):
    x, w = saved
    dw = np.zeros(w.shape)
    for n in range(len(x)):
        dw += (g[n] * x[n]).sum(axis=(1, 2), keepdims=True) / len(x)
    return g * w, dw


def scale_rows_in_place(g, saved):
    x, s = saved
    ds = (g * x).sum(1)
    x *= 0
    x += g * s[:, None]
    return x.copy(), ds


def grid_product_backward(g, saved):
    a, b, c = saved
    dc = (g * a * b).sum(axis=0, keepdims=True)[:, -1:]
    return (g * b * c).sum(axis=(1, 2), keepdims=True), (g * a * c).sum(axis=(0, 2), keepdims=True), dc


WRONG = [
    Wrong(
        "Kronecker product: blocks in the other order",
        op("kron", kron_forward, kron_as_tiled),
        (normal((2, 3), (3, 2)), normal((2, 2), (2, 2)), normal((3, 3), (2, 4))),
        "memory order",
        "the axes of the four-fold array are named (b, a, b, a), but are (a, b, a, b): a reshape in the wrong order",
        ("transposed", "permuted", "other place"),
    ),
    Wrong(
        "quadratic form: one of two sides",
        op("quadratic", quadratic_forward, quadratic_one_side),
        (normal((4, 3), (3, 3)), normal((2, 2), (2, 2)), normal((1, 5), (5, 5))),
        "term missing",
        "x stands on both sides: A x is missing beside A.T x",
        ("not summed",),
    ),
    Wrong(
        "bilinear layer: weight's last axes",
        op("bilinear", lambda x, w, y: (np.einsum("ni,oij,nj->no", x, w, y), (x, w, y)), bilinear_backward),
        (normal((4, 3), (2, 3, 3), (4, 3)), normal((3, 2), (4, 2, 2), (3, 2)), normal((1, 4), (2, 4, 4), (1, 4))),
        "transposed",
        "y x.T for x y.T: each output's matrix of weights gets the transposed gradient",
    ),
    Wrong(
        "quaternion product: second factor's order",
        op("quaternion", lambda a, b: (multiply_quaternions(a, b), (a, b)), quaternion_backward),
        (normal((3, 4), (3, 4)), normal((4, 4), (4, 4)), normal((2, 3, 4), (2, 3, 4))),
        "sign of a term",
        "g conj(a) for conj(a) g: the products do not commute, the cross product's terms get the other sign",
        ("wrong formula", "exchanged"),
    ),
    Wrong(
        "circular convolution: first input's without mirror",
        op("circular", circular_forward, circular_backward),
        (normal((5,), (5,)), normal((8,), (8,)), normal((3,), (3,))),
        "flipped",
        "the gradient is convolved with b once more, where it must be correlated with it",
        ("transposed",),
    ),
    Wrong(
        "product of polynomials: = for one factor",
        op("polymul", lambda a, b: (np.convolve(a, b), (a, b)), polynomial_product_backward),
        (normal((4,), (3,)), normal((6,), (6,)), normal((2,), (8,))),
        "overwritten",
        "db[j] = ... in the loop over i: only the last coefficient's contribution stays",
        ("not summed",),
    ),
    Wrong(
        "factorisation machine: factors' squares",
        op("fm", factorisation_forward, factorisation_backward),
        (normal((4, 5), (5, 2)), normal((3, 3), (3, 3)), normal((2, 6), (6, 4))),
        "term missing",
        "the gradient of v lacks - v x**2, of what is subtracted for equal indices",
    ),
    Wrong(
        "positional embedding: first of the batch",
        op("add_positions", lambda x, p: (x + p[:, None, :], None), positional_backward),
        (normal((5, 3, 4), (5, 4)), normal((3, 3, 3), (3, 3)), normal((2, 4, 6), (2, 6))),
        "not summed",
        "(time, batch, features): the positions get the gradient of sample 0 only",
        ("left out",),
    ),
    Wrong(
        "product with a leading axis to broadcast: summed over the last",
        op("mul_leading", lambda a, b: (a * b, (a, b)), leading_backward),
        (normal((4, 3, 5), (3, 5)), normal((3, 3), (3,)), normal((2, 4, 4), (4, 4))),
        "memory order",
        "reshaped to b.shape + (-1,) and summed over the end, although the axis that was added is the first",
        ("summed", "transposed", "other place"),
    ),
    Wrong(
        "Mahalanobis distance: diagonal of the matrix",
        op(
            "mahalanobis",
            lambda d, p: (np.einsum("ni,ij,nj->n", d, (p + p.T) / 2, d), (d, (p + p.T) / 2)),
            mahalanobis_backward,
        ),
        (normal((5, 3), (3, 3)), normal((2, 4), (4, 4)), normal((3, 2), (2, 2))),
        "left out",
        "only the diagonal of the precision matrix gets a gradient",
        ("term missing", "wrong mask"),
    ),
    Wrong(
        "volume of three vectors: the second one's order",
        op("volume", volume_forward, volume_backward),
        (normal((4, 3), (4, 3), (4, 3)), normal((3, 3), (3, 3), (3, 3)), normal((1, 3), (1, 3), (1, 3))),
        "sign",
        "a x c for c x a: b's gradient has the wrong sign",
    ),
    Wrong(
        "commutator: second factor's minus",
        op("commutator", lambda a, b: (a @ b - b @ a, (a, b)), commutator_backward),
        (normal((3, 3), (3, 3)), normal((4, 4), (4, 4)), normal((2, 2), (2, 2))),
        "sign of a term",
        "- g a.T is added instead of subtracted in b's gradient",
    ),
    Wrong(
        "Hill function: exponent without logarithm",
        op("hill", hill_forward, hill_backward),
        (within(0.5, 2, (6,), (6,), (6,)), within(0.3, 3, (3, 4), (3, 4), (3, 4)), within(0.5, 1.5, (2, 2), (2, 2), (2, 2))),
        "chain factor",
        "log(x / k) is missing in the exponent's gradient",
        ("wrong formula",),
    ),
    Wrong(
        "Morse potential: force towards the wall",
        op("morse", lambda depth, r: (depth * (1 - np.exp(-2 * (r - 1))) ** 2, (depth, r)), morse_backward),
        (within(0.5, 2, (7,), (7,)), within(0.5, 2, (3, 3), (3, 3)), within(0.8, 3, (2, 4), (2, 4))),
        "sign",
        "the gradient of the distance has the wrong sign; the depth's is right",
    ),
    Wrong(
        "Arrhenius: temperature not squared",
        op("arrhenius", lambda a, t: (a * np.exp(-3 / t), (a, t, a * np.exp(-3 / t))), arrhenius_backward),
        (within(0.5, 3, (6,), (6,)), within(0.5, 4, (4, 4), (4, 4)), within(1, 5, (2, 1, 4), (2, 1, 4))),
        "chain factor",
        "E / t for E / t**2",
        ("wrong formula",),
    ),
    Wrong(
        "Gompertz curve: parameters exchanged",
        op("gompertz", lambda b, c: (np.exp(-b * np.exp(-c)), (b, c, np.exp(-b * np.exp(-c)))), gompertz_backward),
        (within(0.5, 2, (6,), (6,)), normal((3, 4), (3, 4)), within(0.2, 1, (2, 2, 2), (2, 2, 2))),
        "exchanged",
        "the gradients of b and c are returned in the wrong order",
    ),
    Wrong(
        "thin lens: object's distance",
        op("lens", lens_forward, lens_backward),
        (
            lambda rng: [rng.uniform(0.5, 1, 5), rng.uniform(1.5, 3, 5)],
            lambda rng: [rng.uniform(0.5, 1, (3, 4)), rng.uniform(2, 4, (3, 4))],
            lambda rng: [rng.uniform(1, 2, (2, 2)), rng.uniform(3, 5, (2, 2))],
        ),
        "sign",
        "the image moves nearer as the object moves away: the minus of d's gradient is missing",
    ),
    Wrong(
        "Khatri-Rao product: factors' axes",
        op("khatri_rao", lambda a, b: ((a[:, None] * b).reshape(-1, a.shape[1]), (a, b)), khatri_rao_backward),
        (normal((3, 4), (2, 4)), normal((3, 3), (3, 3)), normal((2, 5), (4, 5))),
        "memory order",
        "the rows are unfolded as (b, a), forward folds them as (a, b)",
        ("transposed", "permuted", "other place"),
    ),
    Wrong(
        "outer product of three: last one's sum",
        op("outer3", lambda a, b, c: (np.einsum("i,j,k->ijk", a, b, c), (a, b, c)), outer3_backward),
        (normal((3,), (3,), (3,)), normal((2,), (4,), (3,)), normal((4,), (2,), (5,))),
        "summed",
        "g is summed over j before it is multiplied by b: the sum of products becomes a product of sums",
        ("wrong formula", "other place"),
    ),
    Wrong(
        "Box-Cox: power's denominator",
        op("box_cox", lambda x, p: ((x**p - 1) / p, (x, p)), box_cox_backward),
        (within(0.3, 3, (6,), ()), within(0.5, 2, (3, 4), ()), within(1.5, 4, (2, 2, 3), ())),
        "term missing",
        "the power stands in the denominator, too: - (x**p - 1) / p**2 is missing in its gradient",
        ("wrong formula",),
    ),
    Wrong(
        "gain of feature maps: divided by the batch",
        op("planes", lambda x, w: (x * w, (x, w)), planes_backward),
        (normal((4, 3, 2, 2), (3, 1, 1)), normal((3, 3, 3, 3), (3, 1, 1)), normal((2, 5, 1, 4), (5, 1, 1))),
        "averaged",
        "the mean over the batch in place of the sum, for the weights",
        ("factor",),
    ),
    Wrong(
        "scaled rows: saved input zeroed for the result",
        op("scale_rows", lambda x, s: (x * s[:, None], (x.copy(), s)), scale_rows_in_place),
        (normal((3, 4), (3,)), normal((5, 5), (5,))),
        "changes saved",
        "the saved copy of x serves as memory for the gradient: the second backward pass has other numbers",
        ("state",),
    ),
    Wrong(
        "product on a grid of three axes: depth from the last row",
        op("grid_product", lambda a, b, c: (a * b * c, (a, b, c)), grid_product_backward),
        (
            normal((4, 1, 1), (1, 3, 1), (1, 1, 5)),
            normal((3, 1, 1), (1, 3, 1), (1, 1, 3)),
            normal((2, 1, 1), (1, 6, 1), (1, 1, 2)),
        ),
        "not summed",
        "c's gradient is summed over the first axis, but only the last element of the second is taken",
        ("left out",),
    ),
]
