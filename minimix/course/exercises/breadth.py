"""Configurations beside those that a reader can follow: drawn at random over all that the statement of an exercise covers.

The small ones of each exercise show what is wrong. These here see to it that nothing is right only in a corner: numbers from
tiny to huge, zeros and ties, axes that are as long as each other, every order in memory, every combination of options.
"""

from collections.abc import Iterator

import numpy as np


def sizes(rng, high: int, count: int, low: int = 1) -> list[int]:
    """Whole numbers from ``low`` to ``high``, small ones as often as large ones.

    >>> max(sizes(np.random.default_rng(0), 1000, 50)) > 500, min(sizes(np.random.default_rng(0), 1000, 50)) < 5
    (True, True)
    """
    return [int(n) for n in np.exp(rng.uniform(np.log(low), np.log(high + 1), count))]


def in_some_order(rng, array: np.ndarray) -> np.ndarray:
    """The same numbers, the axes in some order in memory."""
    order = rng.permutation(array.ndim)
    return array.transpose(order).copy().transpose(np.argsort(order))


def values(rng, *shape: int) -> np.ndarray:
    """Numbers of one of many manners, in some order in memory.

    >>> values(np.random.default_rng(0), 2, 3).shape
    (2, 3)
    """
    plain = rng.normal(size=shape)
    manner = rng.integers(10)
    if manner == 0:  # many zeros
        plain = plain * (rng.random(shape) < 0.4)
    elif manner == 1:  # many ties
        plain = rng.integers(-1, 2, shape).astype(float)
    elif manner == 2:  # all of one sign
        plain = np.abs(plain) * rng.choice([-1, 1])
    elif manner == 3:  # tiny next to huge
        plain = plain * 10.0 ** rng.integers(-3, 4, shape)
    elif manner == 4:  # all small, or all large
        plain = plain * 10.0 ** rng.choice([-3, -2, 2, 4, 6])
    elif manner == 5:  # large whole numbers
        plain = rng.integers(-1000, 1001, shape).astype(float)
    elif manner == 6:  # all the same
        plain = np.full(shape, float(rng.choice([-2.5, 0.5, 1.0, 3.0, 50.0])))
    elif manner == 7:  # far from 0
        plain = plain + rng.choice([-300, 40, 5000])
    return in_some_order(rng, plain)


# -- lesson 4 ---------------------------------------------------------------------------------------------------------------


def divisions(rng, count: int = 45) -> Iterator[dict]:
    """Channels and groups, also as few as there may be, and one more or less than a multiple or a power of two."""
    for number in range(count):
        kind = ("equal", "exponential")[number % 2]
        groups = int(rng.integers(1, 40 if kind == "equal" and number % 3 == 0 else 11))
        least = groups if kind == "equal" else 2 ** (groups - 1)
        channels = [
            sizes(rng, 40 * least, 1, least)[0],
            least,
            least * int(rng.integers(1, 30)) + int(rng.integers(-1, 2)),
            2 ** int(rng.integers(3, 18)) + int(rng.integers(-1, 2)),
        ][rng.integers(4)]
        yield {"channels": max(channels, least), "groups": groups, "kind": kind}


def mixtures(rng, count: int) -> Iterator[tuple[tuple[int, ...], list]]:
    """(shape of the picture, [(channels, kernel size) of each group])."""
    for number in range(count):
        groups = [(int(rng.integers(1, 5)), int(rng.choice([1, 3, 3, 5, 5, 7, 9, 11]))) for _ in range(sizes(rng, 6, 1)[0])]
        if number % 5 == 0:  # as many channels in each
            groups = [(groups[0][0], kernel) for _, kernel in groups]
        channels = sum(count for count, _ in groups)
        n, height, width = int(rng.integers(1, 4)), *map(int, rng.integers(1, 10, 2))
        if number % 7 == 0 and channels < 7:
            n, height, width = channels, channels, channels
        yield (n, channels, height, width), groups


def weights(rng, groups) -> list[np.ndarray]:
    """One array a group; sometimes two groups that may be the same are."""
    found = [values(rng, channels, 1, kernel, kernel) for channels, kernel in groups]
    if rng.random() < 0.3:
        first = {group: array for group, array in reversed(list(zip(groups, found, strict=True)))}
        found = [first[group].copy() for group in groups]
    return found


# -- lesson 5 ---------------------------------------------------------------------------------------------------------------


def blocks(rng, count: int = 45) -> Iterator[tuple]:
    """(height, width, channels, expansion, kernels, out_channels, stride, se_ratio) of blocks of all sizes."""
    for number in range(count):
        height, width = sizes(rng, 300, 2)
        channels, out_channels = sizes(rng, 400, 2)
        expansion, stride = int(rng.choice([1, 1, 2, 3, 4, 6, 8])), int(rng.choice([1, 1, 2, 2, 3, 4, 5]))
        kernels = tuple(int(k) for k in rng.choice([1, 3, 5, 7, 9, 11, 13], rng.integers(1, 7)))
        kernels = kernels[: channels * expansion]
        if number % 6 == 0:
            width = height
        if number % 4 == 0:
            out_channels = channels
        ratio = float(rng.choice([0.0, 0.0, 0.015625, 0.0625, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0]))  # exact as floats
        yield height, width, channels, expansion, kernels, out_channels, stride, ratio


# -- lesson 6 ---------------------------------------------------------------------------------------------------------------


def tapes(rng, count: int = 30) -> Iterator[list[str]]:
    """Assignments with numbers of every kind, among them zeros and ties, used often or not at all; also a single number used
    by all. To be tried: some grow beyond what floats hold exactly."""
    for number in range(count):
        given = int(rng.integers(1, 6))
        steps = sizes(rng, 40, 1)[0]
        names = [f"v{i}" for i in range(given + steps)]
        lines = [f"{name} = {rng.choice(['0', '1', '1', '-1', '2', '2', '3', '0.5', '-0.25', '-4', '64', '1000'])}"
                 for name in names[:given]]  # fmt: skip
        favourite, reach = names[int(rng.integers(given))], int(rng.choice([2, 4, 100]))
        operations = ["+", "-"] if number % 3 == 0 else ["+", "-", "*", "square"]
        for i in range(given, given + steps):
            left, right = (names[int(rng.integers(max(0, i - reach), i))] for _ in range(2))
            left = favourite if rng.random() < 0.3 else names[i - 1] if rng.random() < 0.5 else left
            right = left if rng.random() < 0.15 else favourite if rng.random() < 0.1 else right
            operation = str(rng.choice(operations))
            lines.append(f"{names[i]} = {left} ** 2" if operation == "square" else f"{names[i]} = {left} {operation} {right}")
        yield lines


def broadcasts(rng, count: int = 40) -> Iterator[dict]:
    """Gradients of up to six axes, of shapes that any of their last axes may have been stretched to."""
    for number in range(count):
        axes = int(rng.integers(1, 7))
        lengths = [int(n) for n in rng.choice([1, 2, 2, 3, 3, 4], axes)]
        if number % 5 == 0:
            lengths = [int(rng.choice([2, 3]))] * axes
        shape = [1 if rng.random() < 0.4 else n for n in lengths[int(rng.integers(0, axes + 1)) :]]
        if number % 6 == 0 and axes:  # one that is long, or has no entries, repeated
            place = int(rng.integers(axes))
            lengths[place] = int(rng.choice([0, 70]))
            if place >= axes - len(shape):
                shape[place - axes] = 1
        if np.prod(lengths) < 30:  # the small ones are the readable ones
            lengths, shape = [*lengths, 31], [*shape, 31]
        yield {"gradient": values(rng, *lengths), "shape": tuple(shape)}
    large = rng.integers(-9, 10, (6, 4, 3)) + 2.0**27 * np.array([1, -1, 2, -2, 3, -3])[:, None, None]  # most of it cancels
    yield {"gradient": large, "shape": (4, 3)}


# -- lesson 7 ---------------------------------------------------------------------------------------------------------------


def strided(rng, count: int = 35) -> Iterator[tuple[int, ...]]:
    """(N, C, H, W, K, stride, padding, dilation) of depthwise convolutions whose kernel fits into the padded picture."""
    while count:
        n, c, h, w = (int(i) for i in rng.integers(1, (5, 5, 12, 12)))
        k, s, p, d = (int(i) for i in rng.integers((1, 1, 0, 1), (6, 5, 6, 5)))
        if rng.random() < 0.15:
            n = c = h = w = int(rng.integers(2, 5))
        if rng.random() < 0.2:
            k = h
            if rng.random() < 0.6:  # a single window, all of the picture
                w, p, d = h, 0, 1
        if min(h, w) + 2 * p >= d * (k - 1) + 1:
            yield n, c, h, w, k, s, p, d
            count -= 1


def norms(rng, count: int = 30) -> Iterator[dict]:
    """Layers of a batch norm: spreads and means of all sizes, also no spread at all, weights of any size and sign."""
    for number in range(count):
        n, c, h, w = sizes(rng, 6, 4)
        if number % 6 == 0:
            n = c = h = w = int(rng.integers(2, 5))
        n += 2 if n * h * w < 3 else 0
        x = rng.normal(size=(n, c, h, w)) * 10.0 ** rng.integers(-2, 4, (c, 1, 1)) if number % 4 == 0 else (
            rng.normal(size=(n, c, h, w)) * 10.0 ** rng.integers(-2, 4))  # fmt: skip
        x += rng.choice([0.0, 0.0, 1.0, -8.0, 60.0]) * rng.normal(size=(c, 1, 1))
        if number % 5 == 0:
            x = rng.integers(-2, 3, x.shape).astype(float)
        if number % 9 == 0:
            x[:, int(rng.integers(c))] = float(rng.choice([-3, 0, 2, 17]))  # no spread
        weight = rng.normal(size=c) * 10.0 ** rng.integers(-2, 3)
        gradient = rng.normal(size=x.shape) * 10.0 ** rng.integers(-2, 4) + float(rng.choice([0, 0, 2, -5]))
        if number % 4 == 1:
            gradient *= rng.random(x.shape) < 0.4
        eps = float(rng.choice([1e-3, 0.01, 0.1, 0.7, 3.0, 25.0]))
        yield {"gradient": in_some_order(rng, gradient), "x": in_some_order(rng, x), "weight": weight, "eps": eps}


# -- lessons 8 to 11 --------------------------------------------------------------------------------------------------------


def planes(rng, count: int = 40) -> Iterator[dict]:
    """Planes that a window fits into; a few so large that no 32 bits hold an offset."""
    for number in range(count):
        kernel, dilation = sizes(rng, 11, 1)[0], sizes(rng, 8, 1)[0]
        reach = dilation * (kernel - 1) + 1
        columns = reach + (0 if number % 5 == 0 else sizes(rng, 300, 1)[0] - 1)
        yield {"kernel": kernel, "dilation": dilation, "columns": columns, "images": sizes(rng, 500, 1)[0]}
    yield {"kernel": 2, "dilation": 1, "columns": 10**15, "images": 3}
    yield {"kernel": 3, "dilation": 2, "columns": 3 * 10**14 + 7, "images": 5}


def answers(rng, count: int = 26) -> Iterator[dict]:
    """Labels and predictions of few and many images and classes, all manners of being wrong."""
    for number in range(count):
        n, classes = sizes(rng, 400, 1)[0], sizes(rng, 60, 1)[0]
        used = rng.permutation(classes)[: sizes(rng, classes, 1)[0]]
        labels = np.sort(rng.choice(used, n)) if number % 4 == 0 else rng.choice(used, n)
        guessed = rng.choice(rng.permutation(classes)[: sizes(rng, classes, 1)[0]], n)
        right = rng.random(n) < rng.choice([0, 0.5, 0.9, 1])
        yield {"labels": labels, "predictions": np.where(right, labels, guessed), "classes": classes}
    few = rng.integers(0, 260, 8)
    yield {"labels": few, "predictions": np.array([259, 0, 128, *few[3:]]), "classes": 260}


def runs(rng, count: int = 36) -> Iterator[dict]:
    """Groups of few and many runs, of all sizes of spread, near 0 and far from it, with ties and outliers."""
    for number in range(count):
        groups = []
        scale, middle = 10.0 ** rng.integers(-3, 7), float(rng.choice([0, 1, 50, -300]))
        for n in sizes(rng, 60, 2, 2):
            plain = rng.normal(size=n) * rng.choice([0.05, 1, 4]) + middle
            plain += rng.normal()
            if number % 4 == 0:
                plain = rng.integers(-2, 3, n) + float(rng.choice([0, 3, 7.5]))
            if number % 5 == 1:
                plain[int(rng.integers(n))] += 30  # an outlier
            if number % 7 == 2:
                plain = np.sort(plain)[:: int(rng.choice([-1, 1]))].copy()
            groups.append(plain * scale)
        if number % 9 == 3:
            groups[1] = groups[0] * 1.5
        yield {"a": groups[0], "b": groups[1]}


def logits(rng, count: int = 40) -> Iterator[np.ndarray]:
    """(images, classes) of sizes that float32 holds: rows far from 0 and from each other, with ties, sorted."""
    for number in range(count):
        n, classes = sizes(rng, 12, 1)[0], sizes(rng, 40, 1)[0]
        if number % 6 == 0:
            classes = n
        drawn = rng.normal(size=(n, classes)) * 10.0 ** rng.choice([-3, -1, 0, 0, 1, 2, 3, 5, 12, 30, 36])
        if number % 4 == 0:
            drawn = rng.integers(-3, 4, (n, classes)) * float(rng.choice([0.5, 1, 20, 400]))
        if number % 5 == 1:
            drawn = np.sort(drawn, axis=1)[:, :: int(rng.choice([-1, 1]))]
        if number % 3 == 1:
            drawn = drawn + rng.choice([-800, -60, 0, 3, 90, 720, 5000], (n, 1))
        yield in_some_order(rng, drawn)
    yield rng.normal(size=(1, 500))
    yield np.zeros((2, 3))
    yield 1e7 + rng.integers(0, 9, (4, 6)) / 4  # digits that float32 has not
