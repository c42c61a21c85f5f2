"""The numbers that an entry's own derivative consists of, where a function works entry by entry (and perhaps sums afterwards)."""

import itertools

import numpy as np

from minimix.gradcheck.evidence import Evidence


def own_numbers(e: Evidence) -> tuple[np.ndarray, np.ndarray] | None:
    """(analytical, numerical), one number for each entry of the input: what the incoming gradient of the entry's output is
    multiplied by. None where entries mix, or where that does not hold for every incoming gradient."""
    if "own_numbers" not in e.__dict__:
        e.__dict__["own_numbers"] = _own_numbers(e)
    return e.__dict__["own_numbers"]


def _own_numbers(e: Evidence):
    if e.output is None:
        return None
    u, a, n = e.mixed
    for spread in _spreads(e):
        given = np.stack([np.broadcast_to(spread(row.reshape(e.shapes[0])), e.shape) for row in u])
        squares = (given**2).sum(axis=0)
        if np.any(squares == 0):
            continue
        numbers = [(given * part).sum(axis=0) / squares for part in (a, n)]
        size = max(e.size, float(np.max(np.abs(a)))) * max(1.0, float(np.max(np.abs(u))))
        if all(np.max(np.abs(part - given * d)) <= 1e-5 * size + 8 * e.noise for part, d in zip((a, n), numbers, strict=True)):
            return numbers[0], numbers[1]
    return None


def _spreads(e: Evidence):
    """How an incoming gradient may reach the entries: as it is, or back along the axes that a sum or a mean took away."""
    y, x = e.shapes[0], e.shape
    try:
        if np.broadcast_shapes(y, x) == x:
            yield lambda u: u
    except ValueError:
        pass
    for count in range(1, len(x)):
        for axes in itertools.combinations(range(len(x)), count):
            if tuple(length for a, length in enumerate(x) if a not in axes) == y:
                yield lambda u, axes=axes: np.expand_dims(u, axes)


def numbered(e: Evidence):
    """(name, array) of what has a number for each entry of the input: itself, its difference from other inputs, those."""
    yield "the input", e.point
    for j, p in e.others.items():
        try:
            if np.broadcast_shapes(p.shape, e.shape) != e.shape:
                continue
        except ValueError:
            continue
        if p.shape == e.shape:
            yield f"the input minus {e.probe.names[j]}", e.point - p
        yield e.probe.names[j], np.broadcast_to(p, e.shape)
