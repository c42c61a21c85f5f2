"""Concatenation, stacking, splitting, tiling and repeating, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def concatenate_forward(*arrays):
    return np.concatenate(arrays), [len(a) for a in arrays]


def concatenate_exchanged(g, sizes):
    return g[sizes[0] :], g[: sizes[0]]


def concatenate_wrong_offset(g, sizes):
    a, b, c = sizes
    return g[:a], g[a : a + b], g[a : a + c]


def concatenate_columns_forward(a, b):
    return np.concatenate([a, b], axis=1), (a.shape, b.shape)


def concatenate_columns_flat(g, shapes):
    flat = g.ravel()
    first = int(np.prod(shapes[0]))
    return flat[:first].reshape(shapes[0]), flat[first:].reshape(shapes[1])


def concatenate_list(g, sizes):
    return np.split(g, np.cumsum(sizes)[:-1])


def chunk(i):
    """The i-th of three parts of 4, 1 and 2 rows."""
    sizes = (4, 1, 2)
    start = sum(sizes[:i])

    def forward(x):
        return x[start : start + sizes[i]].copy(), x.shape

    def backward(g, shape):
        dx = np.zeros(shape)
        begin = i * len(g)
        dx[begin : begin + len(g)] = g
        return (dx,)

    return op(f"chunk {i}", forward, backward)


def in_parts(x):
    return tuple(chunk(i)(x) for i in range(3))


def gated_forward(x):
    """A gated linear unit: the first half of the channels times the sigmoid of the second."""
    a, b = np.split(x, 2, axis=-1)
    gate = 1 / (1 + np.exp(-b))
    return a * gate, (a, gate)


def gated_backward(g, saved):
    a, gate = saved
    return (np.concatenate([g * a * gate * (1 - gate), g * gate], axis=-1),)


def interleave_forward(a, b):
    y = np.empty(2 * len(a))
    y[0::2], y[1::2] = a, b
    return y, len(a)


def tile_forward(x):
    return np.tile(x, (3, 1)), len(x)


def tile_neighbours(g, n):
    return (g.reshape(n, 3, -1).sum(axis=1),)


def repeat_forward(x):
    return x.repeat(2, axis=0).repeat(2, axis=1), x.shape


def repeat_averaged(g, shape):
    h, w = shape
    return (g.reshape(h, 2, w, 2).mean(axis=(1, 3)),)


COUNTS = np.array([2, 0, 3, 1, 0, 1])


def counted_forward(x):
    return np.repeat(x, COUNTS, axis=0), None


def counted_backward(g, _):
    return (np.add.reduceat(g, np.cumsum(COUNTS) - COUNTS, axis=0),)


def expand_forward(x):
    """(C) to (N, C, L), as a bias is."""
    return np.broadcast_to(x[None, :, None], (3, len(x), 4)).copy(), None


def meshgrid_forward(a, b):
    return a[:, None] * np.ones(len(b)) + b, None


def unfold_rows(x):
    return x[:, None], None


STACK_COLUMNS = op("stack", lambda *a: (np.stack(a, axis=-1), None), lambda g, _: tuple(g))

WRONG = [
    Wrong(
        "concatenate: gradients exchanged",
        op("concatenate", concatenate_forward, concatenate_exchanged),
        (normal((3, 2), (3, 2)), normal((4,), (4,)), normal((1, 3), (1, 3))),
        "exchanged",
        "the first part of the gradient is given to the second input, the last part to the first",
    ),
    Wrong(
        "concatenate three: the third one's offset",
        op("concatenate", concatenate_forward, concatenate_wrong_offset),
        (normal((2, 3), (4, 3), (3, 3)), normal((3,), (3,), (3,)), normal((1, 2), (5, 2), (2, 2))),
        "shifted",
        "the third part is cut out from where the second begins",
        ("other place",),
    ),
    Wrong(
        "concatenate along columns: cut out of the flat gradient",
        op("concatenate", concatenate_columns_forward, concatenate_columns_flat),
        (normal((3, 2), (3, 4)), normal((4, 4), (4, 4)), normal((2, 1), (2, 3))),
        "memory order",
        "the flat gradient is cut in two and reshaped, though the inputs stand beside each other in each row",
    ),
    Wrong(
        "concatenate: a list of gradients",
        op("concatenate", concatenate_forward, concatenate_list),
        (normal((2, 3), (4, 3)), normal((3,), (3,), (3,)), normal((1, 2), (5, 2))),
        "contract",
        "np.split returns a list, where backward must return a tuple",
    ),
    Wrong(
        "stack along the last axis: taken along the first",
        STACK_COLUMNS,
        (normal((3,), (3,), (3,)), normal((3, 3), (3, 3), (3, 3)), normal((2,), (2,))),
        "transposed",
        "g[i] for g[..., i]",
    ),
    Wrong(
        "split in unequal parts: offsets as of equal ones",
        in_parts,
        (normal((7,)), normal((7, 3)), normal((7, 2, 2))),
        "shifted",
        "part i is put at i times its own length, not after those before it",
        ("other place",),
    ),
    Wrong(
        "gated linear unit: halves exchanged",
        op("glu", gated_forward, gated_backward),
        (normal((6,)), normal((3, 4)), normal((4, 8))),
        "permuted",
        "the gradient of the gate is put in the first half, that of the values in the second",
        ("exchanged", "shifted"),
    ),
    Wrong(
        "interleave: first and second half",
        op("interleave", interleave_forward, lambda g, n: (g[:n], g[n:])),
        (normal((4,), (4,)), normal((3,), (3,)), normal((8,), (8,))),
        "stride",
        "every second element belongs to one input, but the gradient is cut in the middle",
        ("memory order", "permuted", "other place"),
    ),
    Wrong(
        "tile: one of three copies",
        op("tile", tile_forward, lambda g, n: (g[:n],)),
        (normal((3, 4)), normal((5, 5)), normal((1, 6))),
        "not summed",
        "the gradients of the second and the third copy are lost",
        ("left out",),
    ),
    Wrong(
        "tile: summed as repeat",
        op("tile", tile_forward, tile_neighbours),
        (normal((3, 4)), normal((4, 4)), normal((2, 5))),
        "memory order",
        "reshape(n, 3, -1) sums neighbours, reshape(3, n, -1) would sum copies",
        ("other place",),
    ),
    Wrong(
        "repeat of pixels: the mean of each block",
        op("upsample", repeat_forward, repeat_averaged),
        (normal((3, 4)), normal((4, 4)), normal((1, 6))),
        "averaged",
        "the mean of a block of four, where the gradient is their sum",
        ("factor",),
    ),
    Wrong(
        "repeat by counts: reduceat where a count is zero",
        op("repeat", counted_forward, counted_backward),
        (normal((6, 2)), normal((6,)), normal((6, 3, 2))),
        "independent",
        "np.add.reduceat gives an element, not 0, for an empty segment: rows that are never repeated get a gradient",
        ("other place",),
    ),
    Wrong(
        "expand a vector to a batch: averaged over the batch",
        op("expand", expand_forward, lambda g, _: (g.mean(axis=0).sum(axis=-1),)),
        (normal((4,)), normal((3,)), normal((6,))),
        "averaged",
        "the mean over the first axis for its sum",
        ("factor",),
    ),
    Wrong(
        "outer sum: axes exchanged",
        op("outer_sum", meshgrid_forward, lambda g, _: (g.sum(axis=0), g.sum(axis=1))),
        (normal((4,), (4,)), normal((3,), (3,)), normal((7,), (7,))),
        "exchanged",
        "the first input is summed over axis 0, the second over axis 1: it should be the reverse",
        ("transposed",),
    ),
    Wrong(
        "unsqueeze: not squeezed",
        op("unsqueeze", unfold_rows, lambda g, _: (g,)),
        (normal((4,)), normal((3, 4)), normal((2, 2, 3))),
        "shape",
        "the gradient keeps the axis of length 1",
    ),
]
