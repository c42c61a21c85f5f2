"""What the wrong functions on mixed convolution are made of: other groups, other borders, other ways to join the results."""

import itertools

import numpy as np

from minimix import reference
from minimix.course.checking.alterations import bordered, cut
from minimix.course.checking.exercise import Mistake
from minimix.course.exercises.features import grouped


def divided(x: np.ndarray, weights: list) -> list[np.ndarray]:
    """x (N, C, H, W) in the groups that have these weights."""
    ends = list(itertools.accumulate(map(len, weights)))
    return [x[:, end - len(weight) : end] for end, weight in zip(ends, weights, strict=True)]


def slid(padded, weight) -> np.ndarray:
    """The depthwise convolution of a picture that has its border already."""
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,cij->nchw", windows, weight[:, 0])


def same_with(mode: str = "constant", before: int | None = None, after: int | None = None):
    """A convolution with another border: what it is made of, and how wide it is, None for half of the kernel."""

    def convolved(part, weight):
        half = weight.shape[-1] // 2
        return slid(bordered(part, half if before is None else before, half if after is None else after, mode), weight)

    return convolved


same = same_with()  # the right one


def each(change):
    """A mistake that does ``change(part, weight)`` with each group instead of the convolution."""
    return lambda x, weights: np.concatenate([change(p, w) for p, w in zip(divided(x, weights), weights, strict=True)], axis=1)


def weighted(change):
    """Each group's weight is changed before it is used."""
    return each(lambda part, weight: same(part, change(weight)))


def parts(starts_of, join=None):
    """The groups begin at other channels: starts_of(weights). join: "placed" writes the results to where they were read."""

    def wrong(x, weights):
        starts = starts_of(weights)
        results = [same(x[:, start : start + len(w)], w) for start, w in zip(starts, weights, strict=True)]
        if join is None:
            return np.concatenate(results, axis=1)
        placed = np.zeros_like(x)
        for start, result in zip(starts, results, strict=True):
            placed[:, start : start + result.shape[1]] = result
        return placed

    return wrong


def as_many_as_the_kernel(x, weights):
    """Each group reads as many channels as its kernel is wide."""
    parts = [x[:, start : start + w.shape[-1]] for start, w in zip(by_kernel_size(weights), weights, strict=True)]
    return np.concatenate([reference.depthwise_conv2d(p, w) for p, w in zip(parts, weights, strict=True)], axis=1)


def results(change):
    """The groups' right results, put together in another way: change(list)."""
    return lambda x, weights: change([same(p, w) for p, w in zip(divided(x, weights), weights, strict=True)])


def joined(change):
    """Some of the right results, or in another order, joined as they should be."""
    return results(lambda results: np.concatenate(change(results), axis=1))


def one_weight_a_size(filled: bool):
    """A dict of weights with the kernel sizes as keys. filled: the result has all channels, the last ones 0."""

    def wrong(x, weights):
        kept = list({w.shape[-1]: w for w in weights}.values())
        found = mixed(x, kept)
        missing = np.zeros_like(x[:, found.shape[1] :])
        return np.concatenate([found, missing], axis=1) if filled else found

    return wrong


def by_kernel_size(weights) -> list[int]:
    """Where groups would begin if the kernel's size were the number of its channels."""
    return [0, *itertools.accumulate(w.shape[-1] for w in weights)][:-1]


def last_corner(x, weights):
    """The kernels lie in the bottom right corner of the largest one's window."""
    reach = widest(weights)
    embedded = [bordered(weight, 2 * reach + 1 - weight.shape[-1], 0) for weight in weights]
    return np.concatenate([same(p, w) for p, w in zip(divided(x, weights), embedded, strict=True)], axis=1)


def widest(weights) -> int:
    return max(weight.shape[-1] for weight in weights) // 2


def one_border(border_of):
    """All groups have one border: border_of(weights). The windows begin at its corner, and there are as many as pixels."""

    def wrong(x, weights):
        before = border_of(weights)
        parts = [
            cut(slid(bordered(part, before, before + weight.shape[-1]), weight), x.shape)
            for part, weight in zip(divided(x, weights), weights, strict=True)
        ]
        return np.concatenate(parts, axis=1)

    return wrong


def sorted_by_size(largest_first: bool):
    def wrong(x, weights):
        ordered = sorted(weights, key=lambda w: w.shape[-1], reverse=largest_first)
        return np.concatenate([same(p, w) for p, w in zip(divided(x, ordered), ordered, strict=True)], axis=1)

    return wrong


def keyed(x, weights):
    """A dict with the kernel sizes as keys: of two groups with one size the last one's weight is used for both, if it fits."""
    found = {w.shape[-1]: w for w in weights}
    return np.concatenate([same(p, found[w.shape[-1]]) for p, w in zip(divided(x, weights), weights, strict=True)], axis=1)


def result_of_each_size(x, weights):
    """A dict of results with the kernel sizes as keys."""
    found = {w.shape[-1]: same(p, w) for p, w in zip(divided(x, weights), weights, strict=True)}
    return np.concatenate(list(found.values()), axis=1)


def part_of_each_size(x, weights):
    """The same, in a result of zeros."""
    kept = {w.shape[-1]: t for t, w in enumerate(weights)}.values()
    results = [same(p, w) * (t in kept) for t, (p, w) in enumerate(zip(divided(x, weights), weights, strict=True))]
    return np.concatenate(results, axis=1)


def inside_only(part, weight):
    """Where the window reaches over the edge there is 0."""
    half, found = weight.shape[-1] // 2, np.zeros(part.shape)
    h, w = part.shape[2:]
    if min(h, w) > 2 * half:
        found[:, :, half : h - half, half : w - half] = slid(part, weight)
    return found


def wrapped_indices(part, weight):
    """Indices below 0 read the other side; those beyond the end count nothing."""
    half = weight.shape[-1] // 2
    rows, columns = part.shape[2:]
    front = part[:, :, np.arange(-half, rows)][:, :, :, np.arange(-half, columns)]
    return slid(bordered(front, 0, half), weight)


def if_it_fits(part, weight):
    return same(part, weight) if weight.shape[-1] <= min(part.shape[2:]) else np.zeros_like(part)


def only_some(t: int):
    """Only this group gets a result, the others stay 0."""

    def wrong(x, weights):
        results = [same(p, w) for p, w in zip(divided(x, weights), weights, strict=True)]
        kept = range(len(weights))[t]
        return np.concatenate([r if i == kept else np.zeros_like(r) for i, r in enumerate(results)], axis=1)

    return wrong


def without_last(x, weights):
    result = mixed(x, weights)
    result[:, -len(weights[-1]) :] = 0
    return result


def cropped(size_of, middle: bool):
    """All kernels cut to one size, size_of(weights): their top left part, or the middle."""

    def wrong(x, weights):
        size = size_of(weights)

        def part_of(weight):
            start = (weight.shape[-1] - size) // 2 if middle else 0
            if start < 0 or size > weight.shape[-1]:
                raise IndexError("the kernel is smaller")
            return weight[..., start : start + size, start : start + size]

        return weighted(part_of)(x, weights)

    return wrong


def interleaved(x, weights):
    """Group t takes channels t, t + G, t + 2G ..."""
    step = len(weights)
    return np.concatenate([same(x[:, t::step], w) for t, w in enumerate(weights)], axis=1)


def left_out(name: str, keep):
    """Taps that are left out: keep(weight) with zeros in their places."""
    return Mistake(f"taps left out: {name}", "These taps of each kernel count nothing. Where do the loops over the taps "
                   "begin and end?", weighted(keep))  # fmt: skip


def without(**places):
    def keep(weight):
        kept = weight.copy()
        kept[..., places.get("rows", slice(0)), :] = 0
        kept[..., :, places.get("columns", slice(0))] = 0
        return kept

    return keep


mixed = each(same)


GROUPS = grouped(lambda case: case["weights"])
