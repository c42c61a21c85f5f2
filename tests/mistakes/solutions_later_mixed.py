"""Ordinary solutions, mostly wrong: partition, mixconv2d, embed."""

import math
from fractions import Fraction

import numpy as np
from corpus import collected

import minimix as mm

SOLUTIONS, solution = collected()


# partition


@solution(
    "partition",
    "rest to the second group",
    "in the equal kind the remainder goes to parts[1], the second group, instead of the first; for a single group this is an "
    "IndexError",
)
def rest_to_the_second_group(channels, groups, kind):
    if kind == "equal":
        parts = [channels // groups] * groups
        parts[1] += channels % groups
    else:
        parts = [channels // 2**t for t in range(1, groups)]
        parts.append(channels - sum(parts))
    return tuple(parts)


@solution(
    "partition",
    "equals minus",
    "left =- part instead of left -= part in the exponential kind: the last group gets minus the channels of the one before it",
)
def equals_minus(channels, groups, kind):
    if kind == "equal":
        share, rest = divmod(channels, groups)
        return (share + rest,) + (share,) * (groups - 1)
    result, left = [], channels
    for t in range(1, groups):
        part = channels // 2**t
        result.append(part)
        left = -part
    result.append(left)
    return tuple(result)


@solution("partition", "right, one channel each at least")
def at_least_one_channel(channels, groups, kind):
    if kind == "exponential":
        sizes = [max(1, channels >> t) for t in range(1, groups)]
        return (*sizes, channels - sum(sizes))
    base = channels // groups
    return (channels - base * (groups - 1),) + (base,) * (groups - 1)


@solution(
    "partition",
    "one group too few",
    "range(1, groups - 1) and the rest: the exponential kind has one group less than asked for (for one group it is right)",
)
def one_group_too_few(channels, groups, kind):
    if kind == "equal":
        counts = [channels // groups for _ in range(groups)]
        counts[0] += channels - sum(counts)
        return counts
    counts = []
    for t in range(1, groups - 1):
        counts.append(channels // 2**t)
    counts.append(channels - sum(counts))
    return counts


@solution("partition", "right, floors of fractions")
def floors_of_fractions(channels, groups, kind):
    share = {"equal": lambda t: Fraction(1, groups), "exponential": lambda t: Fraction(1, 2**t)}[kind]
    parts = np.array([math.floor(channels * share(t)) for t in range(1, groups + 1)])
    parts[0 if kind == "equal" else -1] += channels - parts.sum()
    return parts


# mixconv2d


@solution(
    "mixconv2d",
    "results put in front",
    "the groups' results are inserted at the front of the list: each is right, but they are joined in the reverse order",
)
def results_put_in_front(x, weights):
    results, start = [], 0
    for weight in weights:
        stop = start + weight.shape[0]
        results.insert(0, mm.reference.depthwise_conv2d(x[:, start:stop], weight))
        start = stop
    return np.concatenate(results, axis=1)


@solution(
    "mixconv2d",
    "begins at the size of the group before",
    "a group's first channel is the number of channels of the one group before it, not of all groups before it: right for two "
    "groups, from the third on the channels are too early",
)
def begins_at_the_size_of_the_group_before(x, weights):
    out = np.zeros(x.shape)
    first = 0
    for t, weight in enumerate(weights):
        begin = len(weights[t - 1]) if t > 0 else 0
        part = x[:, begin : begin + len(weight)]
        out[:, first : first + len(weight)] = mm.reference.depthwise_conv2d(part, weight)
        first += len(weight)
    return out


@solution(
    "mixconv2d",
    "asks the list for the place",
    "weights.index(weight) finds a group's number: the list compares arrays with ==, whose truth is ambiguous, a ValueError "
    "from the second group on",
)
def asks_the_list_for_the_place(x, weights):
    parts = []
    for weight in weights:
        t = weights.index(weight)
        start = sum(len(w) for w in weights[:t])
        parts.append(mm.reference.depthwise_conv2d(x[:, start : start + len(weight)], weight))
    return np.concatenate(parts, axis=1)


@solution(
    "mixconv2d",
    "sum over the images, too",
    "the products are summed with a sum without axes over the windows of all images: every image gets the sum of the batch; "
    "right for a single image",
)
def sum_over_the_images_too(x, weights):
    _, _, height, width = x.shape
    out = np.zeros(x.shape)
    channel = 0
    for weight in weights:
        K = weight.shape[2]
        p = K // 2
        padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        for kernel in weight[:, 0]:
            for y in range(height):
                for z in range(width):
                    out[:, channel, y, z] = (padded[:, channel, y : y + K, z : z + K] * kernel).sum()
            channel += 1
    return out


# embed


@solution(
    "embed",
    "padded one axis early",
    "np.pad is given the margins for axes 1 and 2 instead of 2 and 3: the kernels have the wrong shapes, and joining them "
    "fails with a ValueError unless all have the same size",
)
def padded_one_axis_early(weights):
    largest = max(weight.shape[2] for weight in weights)
    padded = []
    for weight in weights:
        margin = (largest - weight.shape[2]) // 2
        padded.append(np.pad(weight, ((0, 0), (margin, margin), (margin, margin), (0, 0))))
    return np.concatenate(padded)


@solution(
    "embed",
    "the diagonal of the small kernel",
    "tap (i, j) is written to row i and column i: of every kernel only a diagonal remains, with the last tap of each row",
)
def the_diagonal_of_the_small_kernel(weights):
    K = max(w.shape[-1] for w in weights)
    big = np.zeros((sum(len(w) for w in weights), 1, K, K))
    start = 0
    for w in weights:
        k = w.shape[-1]
        m = (K - k) // 2
        for i in range(k):
            for j in range(k):
                big[start : start + len(w), 0, m + i, m + i] = w[:, 0, i, j]
        start += len(w)
    return big


@solution(
    "embed",
    "moves on by the last index",
    "start += c after the loop over the group's channels, where c is the last index and not the number of channels: each "
    "group overwrites the last channel of the one before it, and the last channels stay zero",
)
def moves_on_by_the_last_index(weights):
    sizes = [weight.shape[2] for weight in weights]
    K = max(sizes)
    channels = sum(weight.shape[0] for weight in weights)
    out = np.zeros((channels, 1, K, K))
    start = 0
    for k, weight in zip(sizes, weights):  # noqa: B905
        margin = (K - k) // 2
        for c in range(weight.shape[0]):
            out[start + c, 0, margin : margin + k, margin : margin + k] = weight[c, 0]
        start += c
    return out


@solution(
    "embed",
    "centred across, not down",
    "small kernels are centred in the columns but begin at row 0: they lie at the top of the large window",
)
def centred_across_not_down(weights):
    K = max(weight.shape[-1] for weight in weights)
    parts = []
    for weight in weights:
        k = weight.shape[-1]
        margin = K // 2 - k // 2
        large = np.zeros((len(weight), 1, K, K))
        large[:, :, :k, margin : margin + k] = weight
        parts.append(large)
    return np.concatenate(parts, axis=0)


@solution("embed", "right, a mask that is filled")
def a_mask_that_is_filled(weights):
    sizes = np.concatenate([np.full(len(weight), weight.shape[-1]) for weight in weights])
    largest = sizes.max()
    off = abs(np.arange(largest) - largest // 2)
    mask = np.maximum(off[:, None], off) <= sizes[:, None, None, None] // 2
    filled = np.zeros(mask.shape)
    filled[mask] = np.concatenate([weight.ravel() for weight in weights])
    return filled
