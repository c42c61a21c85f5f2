"""Sorting, top-k, medians and other order statistics, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def sort_forward(x):
    order = np.argsort(x, axis=-1)
    return np.take_along_axis(x, order, axis=-1), order


def sort_descending_forward(x):
    order = np.argsort(x, axis=-1)
    return np.take_along_axis(x, order[..., ::-1], axis=-1), order


def sort_descending_backward(g, order):
    dx = np.empty_like(g)
    np.put_along_axis(dx, order, g, axis=-1)
    return (dx,)


class Sorter:
    """Keeps its order in an attribute, as layers do that are used once a step."""

    def forward(self, x):
        self.order = np.argsort(x)
        return x[self.order], None

    def backward(self, g, _):
        dx = np.empty_like(g)
        dx[self.order] = g
        return (dx,)


SORTER = Sorter()


def top3_forward(x):
    return np.sort(x, axis=-1)[..., :-4:-1], x


def top3_first_places(g, x):
    dx = np.zeros_like(x)
    dx[..., :3] = g
    return (dx,)


def top3_argpartition(g, x):
    dx = np.zeros_like(x)
    chosen = np.argpartition(x, -3, axis=-1)[..., -3:]
    np.put_along_axis(dx, np.sort(chosen, axis=-1), g, axis=-1)
    return (dx,)


def keep3_forward(x):
    third = np.sort(x, axis=-1)[..., -3:-2]
    return np.where(x >= third, x, 0), (x, third)


def sort_by_key_forward(values, keys):
    order = np.argsort(keys)
    return values[order], order


def sort_by_key_backward(g, order):
    back = np.empty_like(g)
    back[order] = g
    return back, back.copy()


def median_forward(x):
    return np.sort(x, axis=-1)[..., x.shape[-1] // 2], x


def median_middle_place(g, x):
    dx = np.zeros_like(x)
    dx[..., x.shape[-1] // 2] = g
    return (dx,)


def even_median_backward(g, x):
    dx = np.zeros_like(x)
    order = np.argsort(x, axis=1)
    rows = np.arange(len(x))
    dx[rows, order[:, x.shape[1] // 2 - 1]] = 0.5 * g
    return (dx,)


def quantile_forward(x):
    """The 0.3-quantile of a vector, linear between its neighbours."""
    order = np.argsort(x)
    place = 0.3 * (len(x) - 1)
    low = int(place)
    t = place - low
    return (1 - t) * x[order[low]] + t * x[order[low + 1]], (x.shape, order[low : low + 2], t)


def quantile_backward(g, saved):
    shape, (low, high), t = saved
    dx = np.zeros(shape)
    dx[low] += t * g
    dx[high] += (1 - t) * g
    return (dx,)


def trimmed_forward(x):
    return np.sort(x)[1:-1].mean(), x


def trimmed_backward(g, x):
    return (np.full(x.shape, g / (x.size - 2)),)


def random_permutation_backward(g, _):
    order = np.random.default_rng().permutation(len(g))
    dx = np.empty_like(g)
    dx[order] = g
    return (dx,)


def shuffled(x):
    return x[np.random.default_rng(5).permutation(len(x))], None


WRONG = [
    Wrong(
        "sort: the permutation is not inverted",
        op("sort", sort_forward, lambda g, order: (np.take_along_axis(g, order, axis=-1),)),
        (normal((7,)), normal((4, 5)), normal((2, 3, 6))),
        "permuted",
        "g[order] for g[argsort(order)]",
        ("other place",),
    ),
    Wrong(
        "sort, descending: the order is ascending",
        op("sort", sort_descending_forward, sort_descending_backward),
        (normal((6,)), normal((3, 4)), normal((5, 2))),
        "permuted",
        "backward uses the ascending order: the largest gets the smallest one's gradient",
        ("flipped", "other place"),
    ),
    Wrong(
        "sort: the order is kept in the layer",
        op("sort", SORTER.forward, SORTER.backward),
        (normal((5,)), normal((9,)), normal((16,))),
        "state",
        "backward uses the order of the latest forward call, not of its own",
    ),
    Wrong(
        "sort by a key: the keys get a gradient",
        op("sort_by_key", sort_by_key_forward, sort_by_key_backward),
        (normal((6,), (6,)), normal((3,), (3,)), normal((11,), (11,))),
        "independent",
        "the keys only decide the order: their gradient is zero",
    ),
    Wrong(
        "top-3: to the first three places",
        op("topk", top3_forward, top3_first_places),
        (normal((8,)), normal((3, 6)), normal((5, 5))),
        "other place",
        "the gradient goes to the elements 0, 1, 2 in place of the three largest",
    ),
    Wrong(
        "top-3: in the order of their places",
        op("topk", top3_forward, top3_argpartition),
        (normal((4, 12)), normal((3, 6)), normal((5, 5))),
        "permuted",
        "forward gives the values in descending order, backward takes them in the order in which they stand in the row",
        ("other place",),
    ),
    Wrong(
        "keep the three largest: > for >=",
        op("keep_top", keep3_forward, lambda g, s: (np.where(s[0] > s[1], g, 0),)),
        (normal((8,)), normal((3, 6)), normal((5, 5))),
        "wrong mask",
        "the third largest passes in forward, but not in backward",
        ("left out",),
    ),
    Wrong(
        "median: to the middle of the row",
        op("median", median_forward, median_middle_place),
        (normal((7, 9)), normal((5, 5)), normal((6, 3))),
        "other place",
        "the element in the middle of the unsorted row gets the gradient",
    ),
    Wrong(
        "median of an even number: one of the two middle ones",
        op("median", lambda x: (np.median(x, axis=1), x), even_median_backward),
        (normal((3, 4)), normal((6, 6)), normal((4, 2))),
        "left out",
        "the upper of the two middle elements gets nothing",
        ("term missing",),
    ),
    Wrong(
        "quantile: the neighbours' weights exchanged",
        op("quantile", quantile_forward, quantile_backward),
        (normal((5,)), normal((9,)), normal((12,))),
        "exchanged",
        "the lower neighbour gets t and the upper one 1 - t",
        ("other place", "wrong formula", "permuted"),
    ),
    Wrong(
        "trimmed mean: the outliers get a gradient",
        op("trimmed_mean", trimmed_forward, trimmed_backward),
        (normal((5,)), normal((12,)), normal((4,))),
        "no mask",
        "the smallest and the largest are not in the mean, but get its gradient",
    ),
    Wrong(
        "shuffle: shuffled back by another permutation",
        op("shuffle", shuffled, random_permutation_backward),
        (normal((8,)), normal((12, 3)), normal((9, 2, 2))),
        "random",
        "backward draws a new permutation in place of using forward's",
        ("permuted",),
    ),
]
