"""What is no layer, drawn at random over all that the statements cover: counts, tapes, labels, runs, logits.

They are tried behind the small ones that a reader can follow, so that nothing is right only in a corner.
"""

from collections.abc import Iterator

import numpy as np

from minimix.course.exercises.drawn_numbers import entries, in_some_order, sizes, values, whole


def regressions(rng: np.random.Generator) -> Iterator[dict[str, np.ndarray]]:
    """Errors, pixels and weights of all sizes; outputs not much larger than the errors, which would drown in their rounding."""
    for number in range(90):
        places, taps = (whole(rng, 1, 14) for _ in range(2)) if number % 3 else (1, 1 + number % 2)
        high = rng.uniform(-4, 4)  # the errors' size, as a power of ten
        errors = entries(rng, places, kind=None if places > 1 else "many sizes") * 10.0**high
        matrix = entries(rng, places, taps) * 10.0 ** rng.uniform(max(-3, -high), 4)
        weight = entries(rng, taps)
        if number % 2:  # of a size as the errors have, or of none
            size = np.abs(errors).max() / max(np.abs(matrix @ weight).max(), 1e-3)
            weight = weight * size * 10.0 ** rng.uniform(-1, 1)
        if number % 9 == 0:
            matrix = np.repeat(matrix[:1], places, axis=0)  # places that look alike
        elif number % 9 == 1:
            weight = np.zeros(taps)
        target = np.zeros(places) if number % 9 == 2 else matrix @ weight - errors
        if number % 9 == 4:
            matrix, target, weight = (rng.integers(-3, 4, array.shape).astype(float) for array in (matrix, target, weight))
        yield {"matrix": matrix, "target": target, "weight": weight}


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
    for classes in (260, 720):
        few = rng.integers(0, classes, 8)
        yield {"labels": few, "predictions": np.array([classes - 1, 0, 128, *few[3:]]), "classes": classes}
    for n in (3000, 75_000):  # counts that 8 and 16 bits do not hold
        labels = (rng.random(n) < 0.95).astype(int)
        yield {"labels": labels, "predictions": labels * (rng.random(n) < 0.97), "classes": 2}


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
