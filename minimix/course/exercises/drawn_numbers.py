"""Numbers and arrays of all kinds, of which configurations are made that go beyond those that a reader can follow.

From tiny to huge, zeros and ties, of one sign, in every order in memory.
"""

from collections.abc import Iterable, Iterator

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


# -- known configurations, one array otherwise -------------------------------------------------------------------------------

MANNERS = {
    "zeros": np.zeros_like,
    "all the same": lambda a: np.full_like(a, -1.5),
    "ones and minus ones": lambda a: np.where(a < np.median(a), -1, 1).astype(a.dtype),
    "all below 0": lambda a: -np.abs(a) - 0.5,
    "all above 0": lambda a: np.abs(a) + 0.5,
    "ties and zeros": lambda a: np.sign(np.round(a / (np.abs(a).max() or 1))),
    "tiny": lambda a: a * 2.0**-18,
    "huge": lambda a: a * 2.0**22,
    "whole numbers": lambda a: np.round(a),
    "entries tiny and huge": lambda a: a * 2.0 ** (np.arange(a.size).reshape(a.shape) % 17 - 8),
    "with gaps in memory": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "first axis innermost in memory": np.asfortranarray,
    "one number, repeated in memory": lambda a: np.broadcast_to(a.dtype.type(0.75), a.shape),
    "not to be written to": lambda a: _read_only(a),
}


IN_MEMORY = ("with gaps in memory", "first axis innermost in memory", "not to be written to")


def _read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


def otherwise(cases: list[dict], *names: str, manners: Iterable[str] = tuple(MANNERS), times: int = 3) -> Iterator[dict]:
    """Configurations like some of ``cases``, but one of the arrays ``names`` in another manner, each array in each of
    the manners, ``times`` in all at least. An argument may also be a list of arrays.

    >>> [case["a"].tolist() for case in otherwise([{"a": np.array([3.0, -4.0]), "s": 1}], "a")][:3]
    [[0.0, 0.0], [-1.5, -1.5], [1.0, -1.0]]
    """
    sized = [case for case in cases if all(2 <= _size(case[name]) <= 300 for name in names)]
    sized = sized[len(sized) // 4 :] or cases  # not the ones that a reader would look at first
    place = 0
    for name in (*names, *names, *names)[: max(times, len(names))]:  # of a single array each manner three times
        for manner in (MANNERS[name] for name in manners):
            case, place = sized[place % len(sized)], place + 5  # another one each time
            value = case[name]
            yield {**case, name: list(map(manner, value)) if isinstance(value, list) else manner(value)}


def _size(value) -> int:
    return sum(map(_size, value)) if isinstance(value, list) else value.size


def options(rng: np.random.Generator, count: int, **choices) -> Iterator[dict]:
    """``count`` combinations of small options, each of its choices."""
    for _ in range(count):
        yield {name: int(rng.choice(values)) for name, values in choices.items()}


def one_other(case: dict, valid=lambda case: True, **choices) -> Iterator[dict]:
    """``case``, and what it becomes when a single argument is another one of its choices: what is kept between calls under a
    key that leaves out this argument comes to light.

    >>> [tuple(case.values()) for case in one_other({"kernel": 1, "stride": 2}, kernel=(1, 3), stride=(1, 2))]
    [(1, 2), (3, 2), (1, 1)]
    """
    yield case
    for name, values in choices.items():
        yield from (other for value in values if value != case[name] and valid(other := case | {name: value}))
