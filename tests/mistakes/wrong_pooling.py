"""Wrong pooling: maxima and averages of windows, pictures and sequences."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


# -- max pooling, in windows side by side ----------------------------------------------------------------------------------


def blocks(x, kh, kw):
    """(N, C, OH, KH, OW, KW), a view of dense x."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h // kh, kh, w // kw, kw)


def max_pool(kh=2, kw=2):
    def forward(x):
        return blocks(x, kh, kw).max(axis=(3, 5)), x

    return forward


def to_all_of_the_window(g, x):
    return (g.repeat(2, axis=2).repeat(2, axis=3),)


def to_the_smallest(g, x):
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(g.shape):
        window = x[n, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        a, b = np.unravel_index(np.argmin(window), window.shape)
        dx[n, c, 2 * i + a, 2 * j + b] = g[n, c, i, j]
    return (dx,)


def shared_out(g, x):
    b = blocks(x, 2, 2)
    mask = b == b.max(axis=(3, 5), keepdims=True)
    return ((mask * g[:, :, :, None, :, None] / 4).reshape(x.shape),)


def window_column_by_column(g, x):
    flat = blocks(x, 3, 3).transpose(0, 1, 2, 4, 5, 3).reshape(*g.shape, 9)
    rows, columns = np.divmod(flat.argmax(axis=-1), 3)
    dx = np.zeros_like(x)
    n, c, i, j = np.indices(g.shape)
    dx[n, c, 3 * i + rows, 3 * j + columns] = g
    return (dx,)


def tiled_gradient(g, x):
    largest = x == blocks(x, 2, 2).max(axis=(3, 5)).repeat(2, axis=2).repeat(2, axis=3)
    return (largest * np.tile(g, (1, 1, 2, 2)),)


def index_in_the_window(g, x):
    """x (N, C, L), windows of 3."""
    best = x.reshape(*g.shape, 3).argmax(axis=-1)
    dx = np.zeros_like(x)
    n, c, _ = np.indices(g.shape)
    np.add.at(dx, (n, c, best), g)
    return (dx,)


def max_pool_overlapping(x):
    return sliding_window_view(x, (3, 3), axis=(2, 3)).max(axis=(4, 5)), x


def overlapping_assigned(g, x):
    dx = np.zeros_like(x)
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            window = x[:, :, i : i + 3, j : j + 3].reshape(*x.shape[:2], 9)
            a, b = np.divmod(window.argmax(axis=2), 3)
            n, c = np.indices(a.shape)
            dx[n, c, i + a, j + b] = g[:, :, i, j]
    return (dx,)


def max_pool_padded(x):
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    return sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::2, ::2].max(axis=(4, 5)), (padded, x.shape)


def padding_not_subtracted(g, saved):
    padded, shape = saved
    dx = np.zeros(shape)
    for n, c, i, j in np.ndindex(g.shape):
        window = padded[n, c, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        a, b = divmod(int(window.argmax()), window.shape[1])
        row, column = min(2 * i + a, shape[2] - 1), min(2 * j + b, shape[3] - 1)
        dx[n, c, row, column] += g[n, c, i, j]
    return (dx,)


def global_max(x):
    return x.max(axis=(2, 3)), x


def global_max_of_the_batch(g, x):
    mask = x == x.max(axis=(0, 2, 3), keepdims=True)
    return (mask * g[:, :, None, None],)


def maxout(x):
    pieces = x.reshape(len(x), -1, 2)
    return pieces.max(axis=2), (pieces == pieces.max(axis=2, keepdims=True), x.shape)


def maxout_pieces_apart(g, saved):
    winner, shape = saved
    return ((winner.swapaxes(1, 2) * g[:, None]).reshape(shape),)


# -- averages --------------------------------------------------------------------------------------------------------------


def avg_pool(x):
    return x.reshape(*x.shape[:2], x.shape[2] // 2, 2, x.shape[3] // 3, 3).mean((3, 5)), None


def avg_pool_sum(g, saved):
    return (np.kron(g, np.ones((2, 3))),)


def avg_pool_square(g, saved):
    return (np.kron(g, np.full((2, 3), 1 / 2**2)),)


def avg_pool_strided(x):
    return sliding_window_view(x, (3, 3), axis=(2, 3))[:, :, ::2, ::2].mean(axis=(4, 5)), x.shape


def avg_pool_unstrided(g, shape):
    dx = np.zeros(shape)
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            dx[:, :, i : i + 3, j : j + 3] += g[:, :, i, j, None, None] / 9
    return (dx,)


def avg_pool_same(x):
    """3 x 3, stride 1; the padding does not count."""
    _n, _c, h, w = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    total = sliding_window_view(padded, (3, 3), axis=(2, 3)).sum(axis=(4, 5))
    count = np.convolve(np.ones(h), np.ones(3), "same")[:, None] * np.convolve(np.ones(w), np.ones(3), "same")
    return total / count, None


def avg_pool_same_ninths(g, saved):
    padded = np.pad(g / 9, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return (sum(padded[:, :, i : i + g.shape[2], j : j + g.shape[3]] for i in range(3) for j in range(3)),)


def global_average(x):
    return x.mean(axis=(-2, -1)), x.shape


def global_average_over_batch(g, shape):
    return (np.broadcast_to(g[..., None, None], shape) / (shape[0] * shape[2] * shape[3]),)


def global_average_sum(g, shape):
    return (np.ones(shape) * g[..., None, None],)


def lengths(x):
    """How many steps of each sequence count: 1, 2, 3, ..."""
    return 1 + np.arange(len(x)) % (x.shape[1] - 1)


def masked_mean(x):
    mask = np.arange(x.shape[1]) < lengths(x)[:, None]  # (N, T)
    return (x * mask[..., None]).sum(axis=1) / lengths(x)[:, None], (x.shape, mask)


def masked_mean_of_all_steps(g, saved):
    shape, mask = saved
    return (g[:, None] * mask[..., None] / shape[1],)


def masked_mean_unmasked(g, saved):
    shape, mask = saved
    return (np.repeat(g[:, None] / mask.sum(axis=1)[:, None, None], shape[1], axis=1),)


def bins(n, count):
    return [(i * n // count, -(-(i + 1) * n // count)) for i in range(count)]


def adaptive(x, count=3):
    return np.stack([x[..., a:b].mean(axis=-1) for a, b in bins(x.shape[-1], count)], axis=-1), x.shape


def adaptive_without_overlap(g, shape, count=3):
    dx = np.zeros(shape)
    for i in range(count):
        a, b = i * shape[-1] // count, (i + 1) * shape[-1] // count
        dx[..., a:b] = g[..., i : i + 1] / (b - a)
    return (dx,)


def pyramid(x):
    """Means of everything and of the halves, (N, C, 3)."""
    left, right = np.array_split(x, 2, axis=2)
    return np.stack([x.mean(axis=2), left.mean(axis=2), right.mean(axis=2)], axis=2), x.shape


def pyramid_base(g, shape):
    dx = np.zeros(shape)
    left, right = np.array_split(dx, 2, axis=2)
    left += g[:, :, 1:2] / left.shape[2]
    right += g[:, :, 2:3] / right.shape[2]
    return (dx,)


def root_mean_square(x):
    """L2 pooling in windows of 2 along the last axis."""
    y = np.sqrt((x.reshape(*x.shape[:-1], -1, 2) ** 2).sum(axis=-1))
    return y, (x, y)


def root_forgotten(g, saved):
    x, _y = saved
    return (x * np.repeat(g, 2, axis=-1),)


PICTURES = (normal((2, 2, 4, 6)), normal((1, 1, 4, 4)), normal((4, 4, 2, 4)))
WIDE = (normal((2, 2, 4, 6)), normal((1, 1, 2, 9)), normal((2, 2, 6, 3)))
ODD = (normal((1, 3, 5, 7)), normal((1, 1, 5, 5)), normal((2, 1, 7, 5)))
SEQUENCES = (normal((4, 5, 3)), normal((3, 3, 3)), normal((2, 6, 1)))
SIGNALS = (normal((2, 3, 5)), normal((4, 4)), normal((7,)))

WRONG = [
    Wrong("max pooling: gradient to the whole window", op("max pool", max_pool(), to_all_of_the_window), PICTURES,
          "no mask", "every pixel of a window gets the gradient, not the largest alone"),
    Wrong("max pooling: argmin", op("max pool", max_pool(), to_the_smallest), PICTURES,
          "other place", "the smallest pixel of a window gets the gradient of the largest"),
    Wrong("max pooling: gradient divided by the window", op("max pool", max_pool(), shared_out), PICTURES,
          "factor", "the gradient is divided by the 4 pixels of a window, as in average pooling", ("averaged",)),
    Wrong("max pooling: window flattened by columns", op("max pool", max_pool(3, 3), window_column_by_column),
          (normal((1, 3, 6, 6)), normal((1, 2, 6, 6)), normal((2, 2, 3, 6))),
          "other place", "a window is flattened column by column and its index unravelled row by row", ("transposed",)),
    Wrong("max pooling: gradient tiled", op("max pool", max_pool(), tiled_gradient), PICTURES,
          "permuted", "np.tile in place of np.repeat: the gradients of windows are in each other's places",
          ("other place", "memory order")),
    Wrong("max pooling in 1-d: index in the window taken for that in x",
          op("max pool", lambda x: (x.reshape(*x.shape[:2], -1, 3).max(axis=-1), x), index_in_the_window),
          (normal((2, 3, 9)), normal((1, 1, 6)), normal((3, 3, 12))),
          "other place", "all windows' gradients go to the first window: its start is not added to the index"),
    Wrong("overlapping max pooling: assigned", op("max pool", max_pool_overlapping, overlapping_assigned),
          (normal((2, 2, 4, 6)), normal((1, 1, 5, 5)), normal((2, 2, 5, 4))),
          "overwritten", "a pixel that is the largest of several windows gets the gradient of the last one alone",
          ("not summed",)),
    Wrong("padded max pooling: padding not subtracted", op("max pool", max_pool_padded, padding_not_subtracted), ODD,
          "shifted", "places in the padded picture are taken for places in the picture", ("other place",)),
    Wrong("global max pooling: mask over the batch", op("global max", global_max, global_max_of_the_batch),
          (normal((2, 3, 4, 5)), normal((3, 1, 2, 2)), normal((3, 3, 3, 3))),
          "wrong mask", "only the largest number of a channel over the whole batch gets its gradient", ("left out",)),
    Wrong("maxout: pieces side by side", op("maxout", maxout, maxout_pieces_apart),
          (normal((3, 6)), normal((2, 8)), normal((4, 4))),
          "memory order", "forward's pieces are neighbours, backward lays them out half an axis apart",
          ("permuted", "transposed")),
    Wrong("average pooling: not divided", op("avg pool", avg_pool, avg_pool_sum), WIDE,
          "not averaged", "the gradient is not divided by the 6 pixels of a window", ("factor",)),
    Wrong("average pooling: divided by the height's square", op("avg pool", avg_pool, avg_pool_square), WIDE,
          "factor", "the gradient is divided by 2 * 2, not by the window's 2 * 3 pixels", ("wrong constant",)),
    Wrong("strided average pooling: stride forgotten", op("avg pool", avg_pool_strided, avg_pool_unstrided), ODD,
          "stride", "windows start at i in place of 2 i"),
    Wrong("average pooling: padding counted", op("avg pool", avg_pool_same, avg_pool_same_ninths),
          (normal((2, 2, 4, 6)), normal((1, 1, 5, 5)), normal((2, 2, 3, 4))),
          "border", "windows at the border are divided by 9; forward divides by their pixels without the padding",
          ("scale", "chain factor", "wrong constant")),
    Wrong("global average: divided by the batch, too", op("global average", global_average, global_average_over_batch),
          (normal((2, 3, 4, 5)), normal((3, 1, 2, 2)), normal((3, 3, 3, 3))),
          "averaged", "the gradient is also divided by the batch size", ("factor",)),
    Wrong("global average: not divided", op("global average", global_average, global_average_sum),
          (normal((2, 3, 4, 5)), normal((1, 1, 2, 2)), normal((3, 3, 3, 3))),
          "not averaged", "the gradient is not divided by the number of pixels", ("factor",)),
    Wrong("mean over a sequence: divided by all steps", op("masked mean", masked_mean, masked_mean_of_all_steps), SEQUENCES,
          "scale", "each sequence's gradient is divided by all T steps, not by its own length", ("chain factor", "averaged")),
    Wrong("mean over a sequence: steps after its end", op("masked mean", masked_mean, masked_mean_unmasked), SEQUENCES,
          "no mask", "steps after a sequence's end get a gradient", ("independent",)),
    Wrong("adaptive average pooling: bins cut short", op("adaptive", adaptive, adaptive_without_overlap), SIGNALS,
          "wrong mask", "backward's bins end at the rounded-down place, so that they do not overlap as forward's do",
          ("overwritten", "left out", "not summed")),
    Wrong("pyramid pooling: top forgotten", op("pyramid", pyramid, pyramid_base),
          (normal((2, 3, 6)), normal((1, 2, 5)), normal((3, 3, 2))),
          "term missing", "the output over everything contributes nothing", ("left out",)),
    Wrong("L2 pooling: not divided by the output", op("l2 pool", root_mean_square, root_forgotten),
          (normal((3, 6)), normal((2, 2, 4)), normal((8,))),
          "chain factor", "the derivative of the root, 1 / y, is missing"),
]  # fmt: skip
