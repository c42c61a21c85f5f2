"""Indexing, moving and joining of elements, with a wrong backward pass."""

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


def copies(x):
    return 1 + np.arange(len(x)) % 3


def copies_backward(g, x):
    ends = np.cumsum(copies(x))
    return (np.stack([part.mean(0) for part in np.split(g, ends[:-1])]),)


def symmetric_backward(g, shape):
    """Of a padding by two on each side that repeats the last elements."""
    dx = g[..., 2:-2].copy()
    for k in range(2):
        dx[..., 1 + k] += g[..., 1 - k]
        dx[..., -2 - k] += g[..., -2 + k]
    return (dx,)


def border_forward(x, value):
    y = np.full((x.shape[0] + 2, x.shape[1] + 2), float(value))
    y[1:-1, 1:-1] = x
    return y, None


def border_backward(g, saved):
    return g[1:-1, 1:-1], np.array(g[0].sum() + g[-1].sum())


def pick(n, k):
    return np.arange(k) * 5 % n, np.arange(k) * 3 % n


def pick_backward(g, x):
    dx = np.zeros_like(x)
    dx[pick(len(x), len(g))] += g
    return (dx,)


def from_the_end_backward(g, x):
    dx = np.zeros_like(x)
    np.add.at(dx, abs(np.array([-1, -2, -1])), g)
    return (dx,)


def delete_backward(g, x):
    dx = np.zeros_like(x)
    dx[: len(g)] = g
    return (dx,)


TAPER = np.array([0.2, 0.8, 1.0, 0.5])


def frames_backward(g, x):
    dx = np.zeros_like(x)
    for i in range(len(g)):
        dx[2 * i : 2 * i + 4] += g[i]
    return (dx,)


def frames_forward(x):
    return np.stack([x[s : s + 4] * TAPER for s in range(0, len(x) - 3, 2)]), x


def antisymmetric_forward(v):
    n = int((1 + np.sqrt(1 + 8 * len(v))) / 2)
    a = np.zeros((n, n))
    a[np.triu_indices(n, 1)] = v
    return a - a.T, n


def restarting_forward(x):
    """A running sum that starts anew at every third element."""
    y = x.copy()
    for t in range(len(x)):
        if t % 3:
            y[t] += y[t - 1]
    return y, None


def trapezoid_backward(g, saved):
    y, x = saved
    step = np.diff(x)
    dy = np.zeros_like(y)
    dy[1:-1] = (step[1:] + step[:-1]) / 2
    dy[0], dy[-1] = step[0], step[-1]
    mean = (y[1:] + y[:-1]) / 2
    return g * dy, g * (np.append(0, mean) - np.append(mean, 0))


def grown(n):
    return lambda rng: [rng.standard_normal(n), np.cumsum(0.2 + rng.random(n))]


def jigsaw(x, order):
    """Blocks of two rows, in another order."""
    return x.reshape(-1, 2, x.shape[1])[order].reshape(x.shape)


def cyclic(x):
    return np.roll(np.arange(len(x) // 2), 1)


def ragged_lengths(total):
    return (2, total - 3, 1)


def ragged_forward(x):
    """Rows of three sequences, one after another, to (3, T, D) with zeros behind."""
    lengths = ragged_lengths(len(x))
    y, start = np.zeros((3, max(lengths), x.shape[1])), 0
    for i, n in enumerate(lengths):
        y[i, :n] = x[start : start + n]
        start += n
    return y, len(x)


def normalised_backward(g, x):
    """Back to the places, but of a gradient of length one."""
    dx = np.zeros_like(x)
    dx[:, ::2] = g / np.linalg.norm(g)
    return (dx,)


def mesh_backward(g, saved):
    return g[0].sum(1), g[1].sum(0)


def drop_rows(x):
    """Half of the rows, but each pass draws which."""
    return np.random.default_rng().permutation(len(x)) < len(x) // 2


def strided_patches_backward(g, x):
    return (g.ravel(order="K").reshape(x.shape).copy(),)


WRONG = [
    Wrong(
        "repeat by counts: mean of the copies",
        op("repeat", lambda x: (x.repeat(copies(x), axis=0), x), copies_backward),
        (normal((4, 2)), normal((2, 5)), normal(9)),
        "averaged",
        "the copies' gradients are averaged where they are to be summed",
        ("scale",),
    ),
    Wrong(
        "symmetric padding: folded back as reflection",
        op("pad", lambda x: (np.pad(x, [(0, 0)] * (x.ndim - 1) + [(2, 2)], mode="symmetric"), x.shape), symmetric_backward),
        (normal((2, 5)), normal(4), normal((3, 3))),
        "border",
        "the mirror lies on the edge, not on the last element: the folded gradient is one element too far inside",
        ("shifted", "other place"),
    ),
    Wrong(
        "border of a learned value: columns of the border",
        op("border", border_forward, border_backward),
        (lambda rng: [rng.standard_normal((3, 4)), np.array(0.5)], lambda rng: [rng.standard_normal((2, 2)), np.array(-1.0)]),
        "not summed",
        "the value's gradient sums over the first and last row, not over the border's columns",
        ("left out", "term missing"),
    ),
    Wrong(
        "elements by row and column: dx[rows, columns] += g",
        op("pick", lambda x: (x[pick(len(x), 2 * len(x) + 1)], x), pick_backward),
        (normal((3, 3)), normal((2, 4)), normal((6, 6))),
        "overwritten",
        "pairs occur more than once, and fancy += keeps one contribution of each",
        ("not summed",),
    ),
    Wrong(
        "rows from the end: absolute value of the index",
        op("last rows", lambda x: (x[[-1, -2, -1]], x), from_the_end_backward),
        (normal((5, 2)), normal((4, 4)), normal(7)),
        "other place",
        "row -1 is the last one, and row 1 gets its gradient",
    ),
    Wrong(
        "delete a row: those behind it",
        op("delete", lambda x: (np.delete(x, 1, axis=0), x), delete_backward),
        (normal((4, 3)), normal((3, 3)), normal(8)),
        "shifted",
        "rows behind the deleted one are written one place too early",
        ("other place", "independent"),
    ),
    Wrong(
        "tapered frames: overlap-add without the taper",
        op("frames", frames_forward, frames_backward),
        (normal(8), normal(4), normal(15)),
        "chain factor",
        "forward multiplies each frame by a window, backward does not",
        ("scale",),
    ),
    Wrong(
        "antisymmetric matrix: both halves added",
        op("antisymmetric", antisymmetric_forward, lambda g, n: ((g + g.T)[np.triu_indices(n, 1)],)),
        (normal(6), normal(3), normal(15)),
        "sign of a term",
        "the lower half is minus the upper one",
    ),
    Wrong(
        "running sums that restart: never restarted",
        op("restart", restarting_forward, lambda g, s: (np.cumsum(g[::-1], axis=0)[::-1].copy(),)),
        (normal(7), normal((5, 2)), normal((12, 3))),
        "summed",
        "backward sums on across the places where forward starts anew",
        ("no mask", "term extra"),
    ),
    Wrong(
        "trapezoids: ends not halved",
        op("trapezoid", keep(lambda y, x: ((y[1:] + y[:-1]) * np.diff(x)).sum() / 2), trapezoid_backward),
        (grown(6), grown(3), grown(14)),
        "border",
        "the first and last value count half a step, backward gives them a whole one",
        ("wrong constant", "scale"),
    ),
    Wrong(
        "jigsaw of rows: order not inverted",
        op("jigsaw", lambda x: (jigsaw(x, cyclic(x)), None), lambda g, s: (jigsaw(g, cyclic(g)),)),
        (normal((6, 2)), normal((8, 8)), normal((10, 1))),
        "permuted",
        "the blocks are moved on once more, not back",
        ("shifted", "other place"),
    ),
    Wrong(
        "ragged rows: first rows of the padded array",
        op("pad", ragged_forward, lambda g, total: (g.reshape(-1, g.shape[2])[:total],)),
        (normal((7, 2)), normal((8, 3)), normal((10, 1))),
        "other place",
        "the padding is not left out, so that the sequences behind it move",
        ("shifted", "memory order"),
    ),
    Wrong(
        "every second column: gradient of length one",
        op("columns", lambda x: (x[:, ::2].copy(), x), normalised_backward),
        (normal((3, 4)), normal((2, 5)), normal((6, 6))),
        "nonlinear",
        "the gradient is divided by its own norm",
    ),
    Wrong(
        "grid of two axes: sums along the wrong one",
        op("mesh", keep(lambda x, y: np.stack(np.meshgrid(x, y))), mesh_backward),
        (normal(4, 4), normal(3, 3), normal(9, 9)),
        "transposed",
        "meshgrid lays x along the columns, its gradient is summed as if along the rows",
        ("summed", "not summed"),
    ),
    Wrong(
        "half of the rows: drawn again",
        op("half", lambda x: (x * drop_rows(x)[:, None], None), lambda g, s: (g * drop_rows(g)[:, None],)),
        (normal((8, 2)), normal((12, 3))),
        "random",
        "which rows remain is drawn in forward and once more in backward",
    ),
    Wrong(
        "rows side by side: gradient as it lies in memory",
        op("flatten", lambda x: (x.reshape(-1, x.shape[1] // 2).copy(), x), strided_patches_backward),
        (normal((3, 4)), normal((4, 6))),
        "gradient strides",
        'ravel(order="K") reads the gradient in the order of its memory',
    ),
]
