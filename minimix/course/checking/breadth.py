"""Random configurations over all that a statement covers, so that a fault in any corner shows.

They are tried behind the small ones that a reader can follow.
"""

from collections.abc import Iterator

import numpy as np

from minimix.course.checking.exercise import in_another_order

KINDS = ("normal", "many sizes", "small", "equal", "below 0", "above 0", "one", "zero")
OFTEN = (0.25, 0.25, 0.2, 0.06, 0.08, 0.08, 0.05, 0.03)


def entries(rng: np.random.Generator, *shape: int, kind: str | None = None) -> np.ndarray:
    """An array of one kind of numbers, of KINDS: also with ties, zeros, of one sign, of sizes from 0.01 to 100.

    >>> entries(np.random.default_rng(0), 4, kind="small")
    array([-1., -2., -2., -2.])
    """
    kind = rng.choice(KINDS, p=OFTEN) if kind is None else kind
    signed = rng.choice([-1.0, 1.0], shape)
    if kind == "many sizes":
        return signed * 10.0 ** rng.uniform(-2, 2, shape)
    if kind == "small":
        return rng.integers(-2, 3, shape).astype(float)
    if kind == "equal":
        return np.full(shape, float(rng.integers(-40, 40)) / 8)
    values = rng.normal(size=shape)
    if kind == "one":
        values *= np.arange(values.size).reshape(shape) == rng.integers(max(values.size, 1))
    return {"below 0": -np.abs(values), "above 0": np.abs(values), "zero": np.zeros(shape)}.get(kind, values)


def whole(rng: np.random.Generator, low: int, high: int) -> int:
    """A whole number from low to high, small ones as likely as large ones."""
    return int(min(high, low + np.floor(np.exp(rng.uniform(0, np.log(high - low + 2))) - 1)))


def two_arrays(rng: np.random.Generator, first: tuple, second: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Factors of a sum of products, of any size, but so that the products are not tiny; in any order in memory, and of float64
    or float32."""
    kind = rng.choice(["float64", "float32"], p=[0.85, 0.15])
    a, b = (entries(rng, *shape, kind="normal" if kind == "float32" else None) for shape in (first, second))
    up, down = rng.integers(0, 24, 2)
    if rng.random() < 0.5:  # powers of two: no product is rounded otherwise than before
        a, b = (a * 2.0**up, b * 2.0**-down) if down <= up else (a * 2.0**-up, b * 2.0**down)
    return _somehow_in_memory(rng, a.astype(kind)), _somehow_in_memory(rng, b.astype(kind))


def _somehow_in_memory(rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
    way = rng.integers(5)
    if way == 0:
        return in_another_order(array)
    if way == 1:  # each second entry of a larger one
        return np.repeat(array, 2, axis=-1)[..., ::2]
    return array[::-1] if way == 2 else array


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
