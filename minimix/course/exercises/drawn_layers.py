"""Layers drawn at random over all that the statements cover: convolutions, mixed ones, batch norms.

They are tried behind the small ones that a reader can follow, so that nothing is right only in a corner.
"""

from collections.abc import Iterator

import numpy as np

from minimix.course.exercises.drawn_numbers import in_some_order, sizes, values


def pictures(
    rng: np.random.Generator, count: int, kernels=(1, 2, 3, 4), dilations=(1,), strides=(1, 2, 3, 4), paddings=(0, 1, 2, 3)
) -> Iterator[dict[str, int]]:
    """Lengths n, c, o, h, w and k, s, p, d of a convolution in which the kernel fits; of the first, one is large in each."""
    large = [
        *"ncohw",
        *("s" if len(strides) > 1 else ""),
        *("d" if len(dilations) > 1 else ""),
        *("p" if max(paddings) else ""),
    ]
    large = [*large, *large]
    while count:
        n, c, o = (int(rng.choice([1, 2, 3, 4], p=[0.4, 0.3, 0.2, 0.1])) for _ in range(3))
        h, w = (int(length) for length in rng.integers(1, 8, 2))
        found = {"n": n, "c": c, "o": o, "h": h, "w": h if rng.random() < 0.3 else w}
        for name, choices in (("k", kernels), ("s", strides), ("p", paddings), ("d", dilations)):
            found[name] = int(rng.choice(choices))
        if large:
            found |= {large[-1]: int(rng.integers(10, 40))}
            if large[-1] == "s":  # that there is more than one place
                found |= {"h": int(rng.integers(20, 60))}
            if large[-1] == "d":  # that more than the middle tap sees something
                found |= {"w": found["d"] + int(rng.integers(1, 9)), "k": max(found["k"], min(kernels[1:]))}
        if min(found["h"], found["w"]) + 2 * found["p"] > found["d"] * (found["k"] - 1):
            count, large = count - 1, large[:-1]
            yield found


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


def kernels(rng) -> Iterator[dict]:
    """Groups of many channels, and kernels of more numbers than are printed."""
    for groups in ([(7, 1), (1, 3)], [(1, 3), (9, 5)], [(1, 1), (2, 23)]):
        yield {"weights": [values(rng, channels, 1, kernel, kernel) for channels, kernel in groups]}


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
