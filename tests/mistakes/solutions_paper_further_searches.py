"""Further solutions of the exercises on a search: kernel_mask, rank_correlation, reward, child."""

import itertools
import math
import statistics
from fractions import Fraction

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


@solution(
    "kernel_mask", "split evenly", "array_split: what is left over goes one each to the first groups, not all to the first"
)
def kernel_mask_split_evenly(channels, groups, largest):
    mask = np.zeros((channels, 1, largest, largest))
    for t, part in enumerate(np.array_split(np.arange(channels), groups), 1):
        edge = (largest - 2 * t - 1) // 2
        mask[part, :, edge : edge + 2 * t + 1, edge : edge + 2 * t + 1] = 1
    return mask


@solution(
    "kernel_mask", "middle of the largest group", "the edge is groups - t, as if largest were 2 groups + 1: off the middle else"
)
def kernel_mask_middle_of_groups(channels, groups, largest):
    mask = np.zeros((channels, 1, largest, largest))
    first = 0
    for t in range(1, groups + 1):
        count = channels // groups + (channels % groups if t == 1 else 0)
        edge, side = groups - t, 2 * t + 1
        mask[first : first + count, 0, edge : edge + side, edge : edge + side] = 1
        first += count
    return mask


@solution(
    "kernel_mask",
    "minus an edge of 0",
    "slices edge:-edge, which is empty where the edge is 0: the largest kernel is missing",
)
def kernel_mask_minus_zero(channels, groups, largest):
    mask = np.zeros((channels, 1, largest, largest))
    counts = [channels // groups] * groups
    counts[0] += channels % groups
    first = 0
    for t, count in enumerate(counts, 1):
        edge = (largest - (2 * t + 1)) // 2
        mask[first : first + count, :, edge:-edge, edge:-edge] = 1
        first += count
    return mask


@solution(
    "kernel_mask",
    "groups begin too early",
    "groups begin at t share, without what the first one has more: they overlap, the last channels are 0",
)
def kernel_mask_too_early(channels, groups, largest):
    mask = np.zeros((channels, 1, largest, largest))
    share = channels // groups
    for t in range(groups):
        count = share + channels % groups if t == 0 else share
        edge = (largest - 2 * t - 3) // 2
        mask[t * share : t * share + count, 0, edge : largest - edge, edge : largest - edge] = 1
    return mask


@solution(
    "kernel_mask", "a cross", "rows or columns near the middle, instead of and: a cross over the whole kernel, not a square"
)
def kernel_mask_cross(channels, groups, largest):
    away = np.abs(np.arange(largest) - largest // 2)
    share, mask = channels // groups, []
    for c in range(channels):
        t = 1 + max(0, (c - channels % groups) // share)
        mask.append([(away[:, None] <= t) | (away <= t)])
    return np.array(mask, int)


@solution("kernel_mask", "sides from 1 on", "sides of 1, 3, 5, ...: the groups are counted from 0 in 2 t + 1")
def kernel_mask_sides_from_one(channels, groups, largest):
    mask = np.zeros((channels, 1, largest, largest))
    first = 0
    for t in range(groups):
        count = channels // groups if t else channels // groups + channels % groups
        side = 2 * t + 1
        edge = (largest - side) // 2
        mask[first : first + count, 0, edge : edge + side, edge : edge + side] = 1
        first += count
    return mask


@solution("kernel_mask", "left over ones dropped", "the channels that are left over belong to no group: they are 0 everywhere")
def kernel_mask_left_over_dropped(channels, groups, largest):
    mask, share, middle = np.zeros((channels, 1, largest, largest)), channels // groups, largest // 2
    for t in range(1, groups + 1):
        mask[(t - 1) * share : t * share, :, middle - t : middle + t + 1, middle - t : middle + t + 1] = 1
    return mask


@solution("kernel_mask", "lists, from distances")
def kernel_mask_lists(channels, groups, largest):
    counts = [channels - channels // groups * (groups - 1)] + [channels // groups] * (groups - 1)
    radii = [t for t, count in enumerate(counts, 1) for _ in range(count)]
    middle, side = largest // 2, range(largest)
    return [[[[max(abs(i - middle), abs(j - middle)) <= t for j in side] for i in side]] for t in radii]


@solution("kernel_mask", "ones that are padded")
def kernel_mask_padded(channels, groups, largest):
    share = channels // groups
    single = [
        np.pad(np.ones((1, 2 * t + 1, 2 * t + 1), np.int8), [(0, 0), *[(largest // 2 - t,) * 2] * 2])
        for t in range(1, groups + 1)
    ]
    return np.repeat(np.stack(single), [channels - share * (groups - 1), *[share] * (groups - 1)], axis=0)


@solution("kernel_mask", "group after group, from the last one")
def kernel_mask_from_behind(channels, groups, largest):
    mask = np.full((channels, 1, largest, largest), False)
    end = channels
    for t in range(groups, 0, -1):
        begin = end - channels // groups if t > 1 else 0
        inner = slice(largest // 2 - t, largest // 2 + t + 1)
        mask[begin:end, ..., inner, inner] = True
        end = begin
    return mask


@solution(
    "rank_correlation",
    "ranks of whole numbers",
    "the ranks are kept in an array of integers: the halves of the means are cut off",
)
def rank_correlation_whole_ranks(a, b):
    def ranks(x):
        found = np.zeros(len(x), dtype=int)
        for i, value in enumerate(x):
            found[i] = (x < value).sum() + ((x == value).sum() + 1) / 2
        return found

    return np.corrcoef(ranks(a), ranks(b))[0, 1]


@solution(
    "rank_correlation", "over n - 1 and n", "np.cov divides by n - 1, np.std by n: the result is n / (n - 1) of the true one"
)
def rank_correlation_two_divisors(a, b):
    a, b = ((x[:, None] > x).sum(1) + (x[:, None] >= x).sum(1) for x in (a, b))
    return np.cov(a, b)[0, 1] / (a.std() * b.std())


@solution(
    "rank_correlation",
    "first place in the sorted list",
    "sorted(x).index: equal numbers get the smallest of their ranks, not the mean",
)
def rank_correlation_first_place(a, b):
    ranks = [[sorted(x).index(value) + 1 for value in x] for x in (list(a), list(b))]
    return np.corrcoef(*ranks)[0, 1]


@solution(
    "rank_correlation",
    "neighbours share",
    "equal neighbours share two by two: of three or more that are equal the ranks are not all the mean",
)
def rank_correlation_neighbours(a, b):
    def ranks(x):
        order = np.argsort(x, kind="stable")
        found = np.empty(len(x))
        found[order] = np.arange(1.0, len(x) + 1)
        for left, right in itertools.pairwise(order):
            if x[left] == x[right]:
                found[left] = found[right] = (found[left] + found[right]) / 2
        return found

    return np.corrcoef(ranks(a), ranks(b))[0, 1]


@solution(
    "rank_correlation",
    "by squares of differences",
    "1 - 6 sum d^2 / (n (n^2 - 1)), which holds only where no numbers are equal",
)
def rank_correlation_short_formula(a, b):
    left, right = ((x[:, None] > x).sum(1) + 0.5 * (x[:, None] == x).sum(1) for x in (a, b))
    n = len(a)
    return 1 - 6 * ((left - right) ** 2).sum() / (n * (n**2 - 1))


@solution("rank_correlation", "order instead of rank", "argsort alone: where the k-th smallest is, not which rank a number has")
def rank_correlation_order(a, b):
    a, b = np.argsort(a), np.argsort(b)
    a, b = a - a.mean(), b - b.mean()
    return (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())


@solution("rank_correlation", "pairs in order", "Kendall's tau: pairs in the same order less those in the opposite one")
def rank_correlation_pairs(a, b):
    left, right = np.sign(a[:, None] - a), np.sign(b[:, None] - b)
    return (left * right).sum() / np.sqrt((left**2).sum() * (right**2).sum())


@solution("rank_correlation", "sums of signs")
def rank_correlation_signs(a, b):
    left, right = (np.sign(np.subtract.outer(x, x)).sum(axis=1) for x in (a, b))  # a line in the ranks
    return left @ right / np.sqrt((left @ left) * (right @ right))


@solution("rank_correlation", "means of the places of equals")
def rank_correlation_places(a, b):
    def ranks(x):
        x = [float(v) for v in x]
        places = {}
        for place, value in enumerate(sorted(x), 1):
            places.setdefault(value, []).append(place)
        return [statistics.fmean(places[value]) for value in x]

    return statistics.correlation(ranks(a), ranks(b))


@solution("rank_correlation", "searched from both sides")
def rank_correlation_searched(a, b):
    a, b = (sum(np.searchsorted(np.sort(x), x, side) for side in ("left", "right")).astype(float) for x in (a, b))
    a -= a.mean()
    b -= b.mean()
    return float(np.vdot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


@solution(
    "reward",
    "factor cut off at 1",
    "networks that cost less than the target get their accuracy alone: the factor is cut off at 1",
)
def reward_only_above(accuracy, macs, target):
    if macs <= target:
        return accuracy
    return accuracy * (macs / target) ** -0.07


@solution("reward", "all in the power", "accuracy stands inside the parentheses: it is raised to the power, too")
def reward_all_in_the_power(accuracy, macs, target):
    return (accuracy * macs / target) ** -0.07


@solution("reward", "only the target in the power", "without parentheses the power is that of target alone")
def reward_precedence(accuracy, macs, target):
    return accuracy * macs / target**-0.07


@solution("reward", "straightened", "1 + w log(cost / target) in place of the power: equal only near the target")
def reward_straightened(accuracy, macs, target):
    return accuracy * (1 - 0.07 * math.log(macs / target))


@solution("reward", "always a share", "an accuracy in percent is divided by 100: the reward has another unit than the accuracy")
def reward_always_a_share(accuracy, macs, target):
    if accuracy > 1:
        accuracy /= 100
    return accuracy * (macs / target) ** -0.07


@solution("reward", "whole ratio", "the ratio is rounded to a whole number, and is at least 1")
def reward_whole_ratio(accuracy, macs, target):
    return accuracy * max(1, round(macs / target)) ** -0.07


@solution("reward", "target over cost", "the ratio is turned over: what costs more is worth more")
def reward_turned_over(accuracy, macs, target):
    return accuracy * math.pow(target / macs, -0.07)


@solution("reward", "w log in the exponent")
def reward_exponential(accuracy, macs, target):
    return accuracy * math.exp(0.07 * (math.log(target) - math.log(macs)))


@solution("reward", "two powers")
def reward_two_powers(accuracy, macs, target):
    return np.float64(target) ** 0.07 * accuracy / np.float64(macs) ** 0.07


@solution("reward", "hundredth root of a fraction")
def reward_root(accuracy, macs, target):
    return accuracy / float(Fraction(int(macs), int(target))) ** (7 / 100)


@solution("child", "side before change", "where the side is 1 the block comes from other, also where it is changed")
def child_side_first(one, other, sides, changed, fresh):
    blocks = []
    for i in range(len(one)):
        if sides[i] == 1:
            blocks.append(other[i])
        elif changed[i]:
            blocks.append(fresh[i])
        else:
            blocks.append(one[i])
    return blocks


@solution(
    "child",
    "fresh ones in turn",
    "the fresh numbers are used up in turn, the first at the first change, not those at the same place",
)
def child_fresh_in_turn(one, other, sides, changed, fresh):
    new = iter(fresh)
    return [next(new) if c else (o if s else p) for p, o, s, c in zip(one, other, sides, changed, strict=True)]


@solution("child", "written into fresh", "the result is right, but is written into fresh, which was to be left as it is")
def child_into_fresh(one, other, sides, changed, fresh):
    for i in range(len(one)):
        if not changed[i]:
            fresh[i] = other[i] if sides[i] else one[i]
    return fresh


@solution("child", "fresh added", "the fresh number is added to what is inherited, instead of taking its place")
def child_fresh_added(one, other, sides, changed, fresh):
    return np.where(sides, other, one) + np.where(changed, fresh, 0)


@solution("child", "parents changed over", "the block comes from other where the side is 0, and from one where it is 1")
def child_changed_over(one, other, sides, changed, fresh):
    blocks = np.array(one) * sides + np.array(other) * (1 - sides)
    blocks[changed] = fresh[changed]
    return blocks


@solution("child", "last block left alone", "the loop over changes ends one block early: a change of the last block is lost")
def child_last_left_alone(one, other, sides, changed, fresh):
    blocks = [(p, o)[s] for p, o, s in zip(one, other, sides, strict=True)]
    for i in range(len(blocks) - 1):
        if changed[i]:
            blocks[i] = fresh[i]
    return blocks


@solution(
    "child", "sides as places", "np.choose with sides as numbers of blocks: other[sides] takes blocks 0 and 1 of the parent"
)
def child_sides_as_places(one, other, sides, changed, fresh):
    inherited = np.where(sides == 1, np.array(other)[sides], one)
    return np.where(changed, fresh, inherited)


@solution("child", "a table of three rows")
def child_table(one, other, sides, changed, fresh):
    row = np.where(changed, 2, sides)
    return np.array([one, other, fresh])[row, np.arange(len(row))]


@solution("child", "tuple, block by block")
def child_tuple(one, other, sides, changed, fresh):
    return tuple(int((p, o, f, f)[s + 2 * c]) for p, o, s, c, f in zip(one, other, sides, changed, fresh, strict=True))


@solution("child", "pasted into a copy")
def child_pasted(one, other, sides, changed, fresh):
    blocks = list(one)
    for i in np.flatnonzero(sides):
        blocks[i] = other[i]
    for i in changed.nonzero()[0]:
        blocks[i] = fresh[i]
    return blocks
