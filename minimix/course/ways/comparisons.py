"""Plain ways to write the exercises on comparisons and searches: by seed, by ranks, by rewards."""

import numpy as np

from minimix.study.statistics import student


def paired_arrays(a, b):
    seeds = sorted(a.keys() & b.keys())
    differences = np.array([a[seed] - b[seed] for seed in seeds])
    n = len(differences)
    mean = differences.mean()
    error = differences.std(ddof=1) / np.sqrt(n)
    half = student(n - 1) * error
    return mean, error, mean - half, mean + half


def paired_loop(a, b):
    differences = []
    for seed in a:
        if seed in b:
            differences.append(a[seed] - b[seed])
    n = len(differences)
    mean = sum(differences) / n
    squares = 0.0
    for difference in differences:
        squares += (difference - mean) ** 2
    error = np.sqrt(squares / (n - 1) / n)
    half = student(n - 1) * error
    return mean, error, mean - half, mean + half


def seeds_needed_range(deviation, half):
    found = 0
    for n in range(2, 10000):
        error = deviation / np.sqrt(n)
        if found == 0 and student(n - 1) * error <= half:
            found = n
            break
    return found


def sign_flips_bits(differences):
    n = len(differences)
    total = sum(differences)
    count = 0
    for number in range(2**n):
        flipped = 0
        for i in range(n):
            sign = 1 - 2 * (number // 2**i % 2)
            flipped += sign * differences[i]
        if flipped >= total:
            count += 1
    return count / 2**n


def sign_flips_doubled(differences):
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    return (sums >= differences.sum()).mean()


def reward_power(accuracy, macs, target):
    ratio = macs / target
    factor = ratio**-0.07
    return accuracy * factor


def kernel_mask_slices(channels, groups, largest):
    masks = np.zeros((channels, 1, largest, largest), int)
    share = channels // groups
    first = 0
    for t in range(groups):
        count = share
        if t == 0:
            count = channels - share * (groups - 1)
        size = 2 * t + 3
        edge = (largest - size) // 2
        masks[first : first + count, 0, edge : edge + size, edge : edge + size] = 1
        first += count
    return masks


def kernel_mask_distances(channels, groups, largest):
    masks = np.zeros((channels, 1, largest, largest), int)
    share = channels // groups
    rest = channels - share * groups
    for c in range(channels):
        group = max(0, c - rest) // share
        for i in range(largest):
            for j in range(largest):
                far = max(abs(i - largest // 2), abs(j - largest // 2))
                masks[c, 0, i, j] = far <= group + 1
    return masks


def child_loop(one, other, sides, changed, fresh):
    groups = []
    for b in range(len(one)):
        if changed[b]:
            groups.append(fresh[b])
        elif sides[b] == 0:
            groups.append(one[b])
        else:
            groups.append(other[b])
    return groups


def child_arrays(one, other, sides, changed, fresh):
    inherited = np.where(sides == 0, one, other)
    return np.where(changed, fresh, inherited)


def rank_correlation_loops(a, b):
    n = len(a)
    first, second = np.zeros(n), np.zeros(n)
    for i in range(n):
        for j in range(n):
            first[i] += (a[j] < a[i]) + 0.5 * (a[j] == a[i])
            second[i] += (b[j] < b[i]) + 0.5 * (b[j] == b[i])
    first = first - first.mean()
    second = second - second.mean()
    return (first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum())


def rank_correlation_counts(a, b):
    first = (a[:, None] > a).sum(axis=1) - (a[:, None] < a).sum(axis=1)
    second = (b[:, None] > b).sum(axis=1) - (b[:, None] < b).sum(axis=1)
    size = np.sqrt((first**2).sum() * (second**2).sum())
    return (first * second).sum() / size
