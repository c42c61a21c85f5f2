"""Right ops in awkward memory: layouts, views, empty and 0-d arrays, read-only inputs, one Tensor passed twice."""

import numpy as np
from corpus import Right
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm
import minimix.functional as F


def op(name, forward, backward, selective=False):
    return lambda *x: mm.apply(mm.Op(name, forward, backward, selective), *x)


def normal(*shapes):
    return lambda rng: [np.asarray(rng.standard_normal(shape)) for shape in shapes]


def fortran(*shapes):
    return lambda rng: [np.asfortranarray(rng.standard_normal(shape)) for shape in shapes]


def mirrored(*shapes):
    """Negative strides along every axis."""
    return lambda rng: [np.flip(rng.standard_normal(shape)) for shape in shapes]


def every_other(*shapes):
    return lambda rng: [
        rng.standard_normal(tuple(2 * n for n in shape))[tuple(slice(None, None, 2) for _ in shape)] for shape in shapes
    ]


def repeated(*shapes):
    """One row, broadcast: read-only, stride 0."""
    return lambda rng: [np.broadcast_to(rng.standard_normal(shape[1:]), shape) for shape in shapes]


def one_array_twice(shape):
    def point(rng):
        x = rng.standard_normal(shape)
        return [x, x]

    return point


def overlapping(rng):
    return [sliding_window_view(rng.standard_normal(6), 3)]


SINE = mm.Op("sin", lambda x: (np.sin(x), x), lambda g, x: (g * np.cos(x),))
PRODUCT = mm.Op("mul", lambda a, b: (a * b, (a, b)), lambda g, s: (g * s[1], g * s[0]))
MATMUL = mm.Op("matmul", lambda a, b: (a @ b, (a, b)), lambda g, s: (g @ s[1].T, s[0].T @ g))
AVERAGE = mm.Op("average", lambda a, b: ((a + b) / 2, None), lambda g, _: (g / 2,) * 2)


def linear_backward(gradient, saved, needed):
    x, w = saved
    return (
        gradient @ w.T if needed[0] else None,
        x.T @ gradient if needed[1] else None,
        gradient.sum(0) if needed[2] else None,
    )


LINEAR = mm.Op("linear", lambda x, w, b: (x @ w + b, (x, w)), linear_backward, selective=True)


def embedding_backward(gradient, saved):
    rows, shape = saved
    to_table = np.zeros(shape)
    np.add.at(to_table, rows, gradient)
    return to_table, None


EMBEDDING = op("embedding", lambda table, rows: (table[rows], (rows, table.shape)), embedding_backward)


def zeros_for_integers_backward(gradient, saved):
    weights, labels = saved
    return gradient[:, None] * (np.arange(weights.shape[1]) == labels[:, None]), np.zeros_like(labels)


def diagonal_backward(gradient, n):
    to_x = np.zeros((n, n))
    np.fill_diagonal(to_x, gradient)
    return (to_x,)


def windows_backward(gradient, n):
    to_x = np.zeros(n)
    for i in range(gradient.shape[1]):
        to_x[i : i + len(gradient)] += gradient[:, i]
    return (to_x,)


class Saved:
    """What some op saves: an object of its own."""

    __slots__ = ("shape", "x")

    def __init__(self, x):
        self.x, self.shape = x, x.shape


def concatenated_backward(gradient, n):
    return gradient[:n], gradient[n:]


def outer_backward(gradient, saved):
    a, b = saved
    return np.einsum("ij,j", gradient, b), np.einsum("ij,i", gradient, a)


def view_of_x(x):
    return x.reshape(-1)[::-1], x.shape


def integer_labels(classes, n):
    return lambda rng: [rng.standard_normal((n, classes)), rng.integers(0, classes, n)]


RIGHT = [
    Right("sin of Fortran-ordered arrays", lambda x: mm.apply(SINE, x), (fortran((3, 4)), fortran((2, 3, 4)))),
    Right("sin of mirrored arrays", lambda x: mm.apply(SINE, x), (mirrored((3, 4)), mirrored((2, 3, 4)))),
    Right("sin of every other element", lambda x: mm.apply(SINE, x), (every_other((3, 4)), every_other((5,)))),
    Right("sin of a broadcast, read-only array", lambda x: mm.apply(SINE, x), (repeated((3, 4)), repeated((2, 1, 3)))),
    Right("sin of overlapping windows", lambda x: mm.apply(SINE, x), (overlapping,)),
    Right("sin of nothing", lambda x: mm.apply(SINE, x), (normal(0), normal((0, 3)), normal((2, 0, 4)))),
    Right("sin of one number", lambda x: mm.apply(SINE, x), (normal(()), normal(1), normal((1, 1, 1)))),
    Right("matmul of Fortran-ordered and mirrored factors", lambda a, b: mm.apply(MATMUL, a, b),
          (fortran((3, 4), (4, 2)), mirrored((3, 3), (3, 3)))),
    Right("matmul of broadcast factors", lambda a, b: mm.apply(MATMUL, a, b), (repeated((3, 4), (4, 2)),)),
    Right("matmul of nothing: an inner length of 0", lambda a, b: mm.apply(MATMUL, a, b),
          (normal((3, 0), (0, 2)), normal((0, 4), (4, 2)))),
    Right("x times itself", lambda x: mm.apply(PRODUCT, x, x), (normal(6), normal((3, 3)), normal(()))),
    Right("one array as two Tensors", lambda a, b: mm.apply(PRODUCT, a, b), (one_array_twice(5), one_array_twice((2, 3)))),
    Right("x @ x", lambda x: mm.apply(MATMUL, x, x), (normal((3, 3)), fortran((4, 4)))),
    Right("x @ x.T", lambda x: F.matmul(x, F.transpose(x)), (normal((3, 4)), normal((4, 1)))),
    Right("average: one array for both inputs", lambda a, b: mm.apply(AVERAGE, a, b), (normal(5, 5), normal((2, 3), (2, 3)))),
    Right("average of x and x", lambda x: mm.apply(AVERAGE, x, x) * x, (normal(5), normal((2, 3)))),
    Right("add: the incoming gradient for both", op("add", lambda a, b: (a + b, None), lambda g, _: (g, g)),
          (normal(5, 5), normal((2, 2), (2, 2)))),
    Right("identity: the input itself comes out", op("identity", lambda x: (x, None), lambda g, _: (g,)),
          (normal(5), normal((2, 3)), normal(()))),
    Right("identity, then used twice", lambda x: (y := op("identity", lambda x: (x, None), lambda g, _: (g,))(x)) * y + x,
          (normal(5), normal((2, 3)))),
    Right("transpose: views both ways", op("transpose", lambda x: (x.T, None), lambda g, _: (g.T,)),
          (normal((3, 4)), normal((2, 2)), normal((2, 3, 4)))),
    Right("reshape: a view of the gradient", op("reshape", lambda x: (x.reshape(-1), x.shape), lambda g, s: (g.reshape(s),)),
          (normal((3, 4)), fortran((2, 3)))),
    Right("mirror: views both ways", op("mirror", lambda x: (x[..., ::-1], None), lambda g, _: (g[..., ::-1],)),
          (normal(5), normal((2, 4)), normal((2, 3, 3)))),
    Right("flattened and mirrored", op("mirror", view_of_x, lambda g, s: (g[::-1].reshape(s),)),
          (normal((3, 4)), fortran((3, 3)), mirrored((2, 5)))),
    Right("roll", op("roll", lambda x: (np.roll(x, 2, -1), None), lambda g, _: (np.roll(g, -2, -1),)),
          (normal(5), normal((3, 2)), normal((2, 7)))),
    Right("swapaxes twice", lambda x: op("swap", lambda x: (x.swapaxes(0, -1), None),
          lambda g, _: (g.swapaxes(0, -1),))(x) ** 2, (normal((2, 3, 4)), normal((3, 3)))),
    Right("sum: a broadcast view of the gradient",
          op("sum", lambda x: (x.sum(-1), x.shape), lambda g, s: (np.broadcast_to(g[..., None], s),)),
          (normal((3, 4)), normal((2, 3, 2)), normal((3, 0)))),
    Right("sum of everything: NumPy's own number", op("sum", lambda x: (x.sum(), x.shape), lambda g, s: (np.full(s, g),)),
          (normal((3, 4)), normal(7), normal(()))),
    Right("broadcast: a read-only output", op("expand", lambda x: (np.broadcast_to(x, (4, *x.shape)), None),
          lambda g, _: (g.sum(0),)),
          (normal(3), normal((2, 2)), normal(()))),
    Right("diagonal: a read-only view", op("diagonal", lambda x: (x.diagonal(), len(x)), diagonal_backward),
          (normal((3, 3)), fortran((4, 4)), normal((1, 1)))),
    Right("windows: an output whose elements share memory",
          op("windows", lambda x: (sliding_window_view(x, 3), len(x)), windows_backward), (normal(7), normal(3))),
    Right("real and imaginary parts: views into complex memory",
          op("parts", lambda x: (np.fft.fft(x).real * 1.0, len(x)), lambda g, n: (np.fft.fft(g).real,)), (normal(6), normal(5)),
          ("complex",)),
    Right("stack: unstacked views of the gradient",
          op("stack", lambda a, b: (np.stack([a, b], 1), None), lambda g, _: (g[:, 0], g[:, 1])),
          (normal(4, 4), normal((3, 2), (3, 2)))),
    Right("concatenate: slices of the gradient",
          op("concatenate", lambda a, b: (np.concatenate([a, b]), len(a)), concatenated_backward),
          (normal(4, 3), normal((3, 2), (1, 2)), normal((0, 2), (3, 2)))),
    Right("Fortran-ordered output and gradient",
          op("double", lambda x: (np.asfortranarray(2 * x), None), lambda g, _: (np.asfortranarray(2 * g),)),
          (normal((3, 4)), normal((2, 3, 2)))),
    Right("saved: a dict of arrays", op("mul", lambda a, b: (a * b, {"a": a, "b": b}), lambda g, s: (g * s["b"], g * s["a"])),
          (normal(4, 4), normal((2, 2), (2, 2)))),
    Right("saved: nested tuples and numbers",
          op("affine", lambda x: (3 * x * x + 1, ((x, (3, None)), "unused")), lambda g, s: (2 * s[0][1][0] * g * s[0][0],)),
          (normal(4), normal((2, 3)))),
    Right("saved: an object with slots", op("cube", lambda x: (x**3, Saved(x)), lambda g, s: (3 * g * s.x**2,)),
          (normal(4), normal((2, 3)))),
    Right("saved: a closure", op("scale", lambda x: (x**2, lambda g: 2 * g * x), lambda g, pull: (pull(g),)),
          (normal(4), normal((2, 3)))),
    Right("selective linear", lambda x, w, b: mm.apply(LINEAR, x, w, b),
          (normal((3, 4), (4, 2), 2), normal((2, 2), (2, 2), 2), normal((0, 2), (2, 3), 3))),
    Right("selective linear with a fixed weight", lambda x, b: mm.apply(LINEAR, x, np.arange(8.0).reshape(4, 2), b),
          (normal((3, 4), 2), normal((1, 4), 2))),
    Right("embedding: rows taken again and again", EMBEDDING,
          (lambda rng: [rng.standard_normal((4, 3)), np.array([0, 3, 3, 3, 1])],
          lambda rng: [rng.standard_normal((5, 1)), np.array([[4, 0], [0, 0]])])),
    Right("embedding: negative rows, none at all", EMBEDDING,
          (lambda rng: [rng.standard_normal((4, 2)), np.array([-1, 0, 3, -4])],
          lambda rng: [rng.standard_normal((3, 2)), np.zeros(0, int)])),
    Right("choice by integer labels: zeros for them",
          op("choose", lambda w, y: (w[np.arange(len(y)), y], (w, y)), zeros_for_integers_backward),
          (integer_labels(4, 3), integer_labels(3, 3))),
    Right("mask of booleans as an input", op("mask", lambda x, m: (x * m, m), lambda g, m: (g * m, None)),
          (lambda rng: [rng.standard_normal((3, 4)), rng.random((3, 4)) < 0.5],
          lambda rng: [rng.standard_normal(5), np.zeros(5, bool)])),
    Right("broadcast product, summed by axes of length 1", lambda a, b: a * b,
          (normal((3, 1), (1, 4)), normal((2, 1, 3), 3), normal((1, 1), 5))),
    Right("broadcast sum of Fortran and mirrored", lambda a, b: F.exp(a + b),
          (lambda rng: [np.asfortranarray(rng.standard_normal((3, 4))), rng.standard_normal(4)[::-1]],)),
    Right("outer product of 60 by 60", op("outer", lambda a, b: (np.multiply.outer(a, b), (a, b)), outer_backward),
          (normal(60, 60), normal(1, 70))),
    Right("outer product of x with itself", lambda x: F.reshape(x, -1, 1) * x, (normal(40), normal(1), mirrored(9))),
    Right("repeat to 5000 elements", op("repeat", lambda x: (np.repeat(x, 500), len(x)),
          lambda g, n: (g.reshape(n, 500).sum(1),)), (normal(10), normal(1))),
    Right("table of pairwise differences", lambda x: F.reshape(x, -1, 1) - F.reshape(x, 1, -1),
          (normal(30), normal(2), normal(1))),
    Right("slices with negative steps", lambda x: x[::-2, 1:] * 2.0, (normal((5, 4)), fortran((4, 3)))),
    Right("ellipsis, None and a number as an index", lambda x: x[..., None, 1] ** 2, (normal((3, 4)), normal((2, 3, 2)))),
    Right("repeated fancy index", lambda x: x[[0, 0, 1, -1]] * x[[1, 0, 0, 0]], (normal(4), normal((3, 2)))),
    Right("boolean mask of nothing", lambda x: x[np.zeros(x.shape, bool)], (normal(4), normal((2, 3)))),
]  # fmt: skip
