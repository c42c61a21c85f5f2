"""An exercise on what a mixed convolution is: a depthwise convolution with zeros around its small kernels."""

import numpy as np

from minimix.course.checking import alterations as alt
from minimix.course.checking.alterations import bordered
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, numbers
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_layers, drawn_numbers, rare_mixing
from minimix.course.exercises.features import features, grouped
from minimix.course.ways import layers


def _weights(rng):
    for groups in [  # (channels, kernel size) each
        [(1, 1)], [(1, 1), (1, 3)], [(2, 1)], [(1, 3)], [(1, 3), (1, 1)], [(2, 1), (1, 3)], [(1, 3), (2, 3)], [(2, 3), (1, 5)],
        [(1, 1), (1, 5)], [(1, 5), (1, 3)], [(1, 1), (1, 3), (1, 5)], [(2, 3), (2, 5), (2, 7)], [(3, 3), (2, 5), (1, 7)],
        [(2, 3), (2, 5), (1, 7), (1, 9)], [(1, 3), (1, 11)], [(1, 3), (2, 5), (1, 3)], [(2, 3), (2, 3)],
        [(1, 7), (3, 1), (2, 7)],         [(1, 3), (1, 9), (4, 5)], [(3, 1), (3, 1), (1, 13)],
    ]:  # fmt: skip
        yield {"weights": [numbers(rng, channels, 1, kernel, kernel) for channels, kernel in groups]}
    weights = [rng.normal(size=(channels, 1, kernel, kernel)) for channels, kernel in ((2, 3), (1, 5), (1, 1))]
    wide = [drawn_layers.weights(rng, groups) for _, groups in drawn_layers.mixtures(rng, 40)]
    yield from ({"weights": given} for given in (weights, list(map(np.asfortranarray, weights[::-1])), *wide))


def _grown(weights, k: int):  # one group in a window of size k
    return _embed([weights, np.zeros((0, 1, k, k))])


def _groups(weights):
    return [_grown(weight, _largest(weights)) for weight in weights]


def _largest(weights) -> int:
    return max(weight.shape[-1] for weight in weights)


def _embed(weights):
    return _each(lambda weight, k: bordered(weight, (k - weight.shape[-1]) // 2, (k - weight.shape[-1]) // 2))(weights)


def _each(change):
    """``change(weight, largest kernel)`` of each group, joined."""
    return lambda weights: np.concatenate([change(weight, _largest(weights)) for weight in weights])


def _changed(change):
    """The right kernels, changed at the end."""
    return lambda weights: change(_embed(weights))


def _ordered(largest_first: bool):
    return lambda weights: _embed(sorted(weights, key=lambda w: w.shape[-1], reverse=largest_first))


def _at(start_of):
    """The small kernel begins at start_of(kernel size, largest), which must leave room for it."""

    def change(weight, k):
        n, start = weight.shape[-1], start_of(weight.shape[-1], k)
        embedded = np.zeros((len(weight), 1, k, k))
        if start < 0 or start + n > k:
            raise ValueError("no room")
        embedded[..., start : start + n, start : start + n] = weight
        return embedded

    return _each(change)


def _like(mode: str):
    """A border of something else than zeros."""

    def change(weight, k):
        return bordered(weight, _room(weight, k) // 2, _room(weight, k) // 2, mode)

    return _each(change)


def _border_of_ones(weight, k: int):
    half = _room(weight, k) // 2
    return np.pad(weight, ((0, 0), (0, 0), (half, half), (half, half)), constant_values=1.0)


def _of_size(size_of):
    """The window is as large as size_of(weights) says; kernels that are larger raise."""

    def wrong(weights):
        k = size_of(weights)
        if _largest(weights) > k:
            raise ValueError("the window is too small")
        return _embed([*weights, np.zeros((0, 1, k, k))])

    return wrong


def _scaled(factor):
    """Each kernel times factor(its size, the largest)."""
    return lambda weights: _embed([w * factor(w.shape[-1], _largest(weights)) for w in weights])


def _by_size(last: bool):
    """A dict with sizes as keys: one group for each size."""

    def wrong(weights):
        found = {}
        for weight in weights:
            if last or weight.shape[-1] not in found:
                found[weight.shape[-1]] = weight
        return _embed(list(found.values()))

    return wrong


def _room(weight, k: int) -> int:
    return k - weight.shape[-1]


def _stretched(weight, k: int):
    """The kernel enlarged to k by repeating its weights."""
    nearest = np.arange(k) * weight.shape[-1] // k
    return weight[..., nearest[:, None], nearest[None, :]]


def _apart(weight, k: int):
    """The taps as far apart as they fit."""
    n = weight.shape[-1]
    step = (k - 1) // (n - 1) if n > 1 else 1
    spaced = np.zeros((len(weight), 1, step * (n - 1) + 1, step * (n - 1) + 1))
    spaced[..., ::step, ::step] = weight
    return bordered(spaced, _room(spaced, k) // 2, _room(spaced, k) // 2)


def _to_minus_border(weight, k: int):
    border, grown = _room(weight, k) // 2, np.zeros((len(weight), 1, k, k))
    grown[..., border:-border, border:-border] = weight
    return grown


def _spread(weight, k: int):
    """The first and the last tap at the window's ends."""
    n = weight.shape[-1]
    places = np.linspace(0, k - 1, n).round().astype(int) if n > 1 else np.array([k // 2])
    spread = np.zeros((len(weight), 1, k, k))
    spread[..., places[:, None], places] = weight
    return spread


EMBED = Exercise(
    "embed",
    _embed,
    _weights,
    (
        Mistake(
            "kernels in the top left corner",
            "All zeros are below the small kernels and to their right. Then their middles do not lie on the same pixel.",
            _each(lambda weight, k: bordered(weight, 0, _room(weight, k))),
        ),
        Mistake(
            "kernels in the bottom right corner",
            "All zeros are above the small kernels and to their left. Then their middles do not lie on the same pixel.",
            _each(lambda weight, k: bordered(weight, _room(weight, k), 0)),
        ),
        Mistake(
            "border not zero",
            "The border repeats the kernel's outermost weights. What lies outside of a small kernel must count nothing.",
            _each(lambda weight, k: bordered(weight, _room(weight, k) // 2, _room(weight, k) // 2, "edge")),
        ),
        Mistake(
            "kernels stretched",
            "The small kernels are enlarged to the size of the largest. They are to keep their weights, with zeros around.",
            _each(_stretched),
        ),
        Mistake(
            "zeros between the taps",
            "The zeros are between the taps: that is dilation. They belong around the kernel.",
            _each(_apart),
        ),
        Mistake(
            "weights scaled to the larger window",
            "Each kernel is divided by how much its window grows, as for a mean. Zeros add nothing, so nothing has to shrink.",
            _each(lambda weight, k: _grown(weight, k) * (weight.shape[-1] / k) ** 2),
        ),
        Mistake(
            "groups in reverse order",
            "The last group's kernels come first. Channel c of the result must be the kernel that channel c has.",
            lambda weights: _embed(weights[::-1]),
        ),
        Mistake(
            "one kernel for each group",
            "All channels of a group get the kernel of its first channel. They share the kernel's size, not its weights.",
            lambda weights: _embed([alt.one_kernel(weight) for weight in weights]),
        ),
        Mistake(
            "last group left out",
            "The last group's kernels are 0. What is the last number that range(n) gives?",
            lambda weights: _embed([*weights[:-1], np.zeros_like(weights[-1])]),
        ),
        Mistake(
            "small kernels left out",
            "Only kernels of the largest size are there, the others are 0. They go into the middle of the larger window.",
            _each(lambda weight, k: weight if weight.shape[-1] == k else np.zeros((len(weight), 1, k, k))),
        ),
        Mistake(
            "largest kernel cut down",
            "The kernels are cut to the smallest size. It is the other way round: the small ones grow, by zeros.",
            lambda weights: np.concatenate([_middle(w, min(v.shape[-1] for v in weights)) for w in weights]),
        ),
        Mistake(*alt.FLIPPED, lambda weights: _embed([alt.flipped(weight) for weight in weights])),
        Mistake(*alt.TRANSPOSED, lambda weights: _embed([alt.transposed(weight) for weight in weights])),
        Mistake("kernels upside down", "The kernels' rows come in reverse order.", _changed(lambda w: w[..., ::-1, :])),
        Mistake("kernels mirrored", "The kernels' columns come in reverse order.", _changed(lambda w: w[..., ::-1])),
        Mistake(
            "groups sorted by kernel size",
            "The groups stand in the order of their kernel sizes. Channel c of the result must be the kernel that channel c "
            "has.",
            _ordered(False),
        ),
        Mistake(
            "groups sorted, the largest kernel first",
            "The groups stand in the order of their kernel sizes, the largest first. Channel c of the result must be the "
            "kernel that channel c has.",
            _ordered(True),
        ),
        Mistake(
            "only the last group of each kernel size",
            "Of two groups with the same kernel size only one is left: does a dict have the sizes as keys?",
            _by_size(True),
        ),
        Mistake(
            "only the first group of each kernel size",
            "Of two groups with the same kernel size only the first is left: does a dict have the sizes as keys?",
            _by_size(False),
        ),
        Mistake(
            "only the first group",
            "The result has the first group's kernels only. Is there a return inside of the loop?",
            lambda weights: _grown(weights[0], _largest(weights)),
        ),
        Mistake(
            "only the last group",
            "The result has the last group's kernels only: each group's replace those before.",
            lambda weights: _grown(weights[-1], _largest(weights)),
        ),
        Mistake(
            "only the first group, the others 0",
            "The kernels of all groups but the first are 0. Is there a return inside of the loop?",
            lambda weights: _embed([w if t == 0 else np.zeros_like(w) for t, w in enumerate(weights)]),
        ),
        Mistake(
            "only the last group, the others 0",
            "The kernels of all groups but the last are 0: is the result made anew for each group, or each written to channel "
            "0?",
            lambda weights: _embed([w if t == len(weights) - 1 else np.zeros_like(w) for t, w in enumerate(weights)]),
        ),
        Mistake(
            "the last group is missing",
            "The last group's kernels are not in the result. What is the last number that range(n) gives?",
            lambda weights: np.concatenate(_groups(weights)[:-1]),
        ),
        Mistake(
            "joined along axis 1",
            "The groups are joined along axis 1. The channels of a depthwise weight are axis 0.",
            lambda weights: np.concatenate(_groups(weights), axis=1),
        ),
        Mistake(
            "the channels are axis 1",
            "Axes 0 and 1 are exchanged: (C, 1, K, K) is wanted, as the weights come.",
            _changed(lambda w: w.swapaxes(0, 1)),
        ),
        Mistake(
            "groups not joined",
            "There is an array for each group, in a list or along a new axis. Join them: np.concatenate.",
            lambda weights: np.stack(_groups(weights)),
        ),
        Mistake(
            "groups added",
            "The groups' kernels are added to each other. They belong one behind the other.",
            lambda weights: sum(_groups(weights)),
        ),
        Mistake(
            "axis of length 1 is missing",
            "The numbers are right, but axis 1, of length 1, is gone: (C, 1, K, K) is wanted.",
            _changed(lambda w: w[:, 0]),
        ),
        Mistake(
            "the middle rounded, as far as there is room",
            "The middle is taken to be round(K / 2), which is not always K // 2: Python rounds halves to even numbers.",
            _at(lambda n, k: min(round(k / 2) - n // 2, k - n)),
        ),
        Mistake(
            "a slice that ends at -0",
            "A slice border:-border is empty where the border is 0. Say where it ends: border + K_t.",
            _each(_to_minus_border),
        ),
        Mistake(
            "taps spread over the whole window",
            "The taps are spread over the largest window. They belong side by side into its middle, with zeros around.",
            _each(_spread),
        ),
        Mistake("one pixel too far down and right", "The small kernels lie one pixel below and right of the middle.",
                _at(lambda n, k: (k - n) // 2 + (n < k))),
        Mistake("one pixel too far up and left", "The small kernels lie one pixel above and left of the middle.",
                _at(lambda n, k: (k - n) // 2 - (n < k))),
        Mistake(
            "top left corner in the middle",
            "The small kernels begin in the middle of the window. Their own middle belongs there.",
            _at(lambda n, k: k // 2 if n < k else 0),
        ),
        Mistake(
            "kernels at the left",
            "The small kernels are in the middle from top to bottom, but at the left.",
            _each(lambda w, k: np.pad(w, ((0, 0), (0, 0), (_room(w, k) // 2,) * 2, (0, _room(w, k))))),
        ),
        Mistake(
            "kernels at the top",
            "The small kernels are in the middle from left to right, but at the top.",
            _each(lambda w, k: np.pad(w, ((0, 0), (0, 0), (0, _room(w, k)), (_room(w, k) // 2,) * 2))),
        ),
        Mistake(
            "the border goes on at the other side",
            "The border holds the kernel's other side. What lies outside of a small kernel must count nothing.",
            _like("wrap"),
        ),
        Mistake(
            "the border mirrors the kernel",
            "The border mirrors the kernel. What lies outside of a small kernel must count nothing.",
            _like("symmetric"),
        ),
        Mistake(
            "the border reflects the kernel",
            "The border mirrors the kernel (reflect). What lies outside of a small kernel must count nothing.",
            _like("reflect"),
        ),
        Mistake(
            "a border of ones",
            "The border holds ones. What lies outside of a small kernel must count nothing.",
            _each(_border_of_ones),
        ),
        Mistake(
            "weights scaled up to the larger window",
            "Each kernel is multiplied by how much its window grows. Zeros add nothing, so nothing has to be made up for.",
            _scaled(lambda n, k: (k / n) ** 2),
        ),
        Mistake(
            "weights scaled by the sides",
            "Each kernel is divided by how much its side grows. Zeros add nothing, so nothing has to shrink.",
            _scaled(lambda n, k: n / k),
        ),
        Mistake(
            "weights scaled up by the sides",
            "Each kernel is multiplied by how much its side grows. Zeros add nothing.",
            _scaled(lambda n, k: k / n),
        ),
        Mistake(
            "the mean of each kernel is taken",
            "Each kernel is divided by its number of weights. They are to be kept as they are.",
            _scaled(lambda n, k: 1 / n**2),
        ),
        Mistake(
            "each kernel divided by its sum",
            "Each kernel is divided by its sum. The weights are to be kept as they are.",
            lambda weights: _embed([w / w.sum(axis=(2, 3), keepdims=True) for w in weights]),
        ),
        Mistake("channels in reverse order", "The channels' kernels come in reverse order.", _changed(lambda w: w[::-1])),
        Mistake(
            "the last row and column missing",
            "The last row and the last column of each kernel are 0: a slice ends too early.",
            lambda weights: _embed(list(map(alt.without_last, weights))),
        ),
        *rare_mixing.EMBED,
    ),
    broad=lambda rng: (*drawn_numbers.otherwise(list(_weights(rng)), "weights"), *drawn_layers.kernels(rng)),
    first_axis="channel",
    features=features(*grouped(lambda case: case["weights"])),
    ways=(layers.embed_slices, layers.embed_padded,),
)  # fmt: skip


def _middle(weight, k: int):
    start = (weight.shape[-1] - k) // 2
    return weight[..., start : start + k, start : start + k]


def check_embed(function) -> Report:
    """Check f(weights) -> one array (C, 1, K, K): the kernels of all groups in the middle of the largest one's window.

    weights: a list, one array (C_t, 1, K_t, K_t) a group, K_t odd, in any order of sizes; two groups may have the same. K is
    the largest K_t, C the sum of all C_t. Channel c of the result is the kernel that channel c has in the mixed convolution.

    >>> from minimix import viz
    >>> check_embed(lambda weights: np.concatenate(viz.embed(weights))).passed
    True
    """
    return check(EMBED, function)
