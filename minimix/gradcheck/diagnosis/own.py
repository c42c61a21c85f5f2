"""The numbers that a derivative consists of, where a function works entry by entry: one for each entry, or for each output.

A function of numbers x_i gives one derivative for each entry i; a parameter that many entries share gives one for each output.
Both are series of numbers that may be held against everything else that has a number at the same places.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from minimix.gradcheck.evidence import Evidence


@dataclass(frozen=True, eq=False)
class Own:
    """analytical, numerical: flat. numbers: (name, flat array) of what else has a number at each place, the input itself first.
    output: the output there, or None where it is a sum over places."""

    analytical: np.ndarray
    numerical: np.ndarray
    numbers: list[tuple[str, np.ndarray]]
    output: np.ndarray | None

    def parts(self) -> list[tuple[str, np.ndarray]]:
        """(words, numbers) of what a derivative may be a multiple of: 1, the input, other inputs, the output; nowhere 0."""
        found = [("", np.ones(self.analytical.size))]
        for name, t in [*self.numbers, *([("the output", self.output)] if self.output is not None else [])]:
            if np.all(np.abs(t) > 1e-6 * np.max(np.abs(t))) and np.ptp(t) > 1e-3 * np.max(np.abs(t)) and " times " not in name:
                found.append((f"{name} times ", t))
        return found[:5]


def own_numbers(e: Evidence) -> Own | None:
    """What the incoming gradient is multiplied by at each place; None where entries mix, or where that does not hold for every
    incoming gradient."""
    if "own_numbers" not in e.__dict__:
        e.__dict__["own_numbers"] = None if e.output is None else _of_entries(e) or _of_outputs(e)
    return e.__dict__["own_numbers"]


def _of_entries(e: Evidence) -> Own | None:
    """One derivative for each entry of the input."""
    u, a, n = e.mixed
    for spread in _spreads(e):
        given = np.stack([np.broadcast_to(spread(row.reshape(e.shapes[0])), e.shape) for row in u])
        squares = (given**2).sum(axis=0)
        if np.any(squares == 0):
            continue
        mine, true = ((given * part).sum(axis=0) / squares for part in (a, n))
        size = max(e.size, float(np.max(np.abs(a)))) * max(1.0, float(np.max(np.abs(u))))
        if all(np.max(np.abs(part - given * d)) <= 1e-5 * size + 8 * e.noise for part, d in ((a, mine), (n, true))):
            output = e.output.reshape(-1) if e.output.shape == e.shape else None
            return Own(mine.reshape(-1), true.reshape(-1), _numbers(e, e.point, e.shape), output)
    return None


def _of_outputs(e: Evidence) -> Own | None:
    """One derivative for each output, of the only entry that it depends on."""
    if not e.whole or len(e.analytical) < 2 or e.point.size >= len(e.analytical):
        return None
    a, n = e.analytical.reshape(len(e.analytical), -1), e.numerical.reshape(len(e.analytical), -1)
    rows, entry = np.arange(len(n)), np.abs(n).argmax(axis=1)
    others = np.ones(n.shape, bool)
    others[rows, entry] = False
    if np.any(np.abs(n)[others] > e.tiny) or np.any(np.abs(a)[others] > e.tiny):
        return None
    if np.any((np.abs(a[rows, entry]) <= e.tiny) != (np.abs(n[rows, entry]) <= e.tiny)):
        return None  # contributions that are lost, or let through, are no formula's fault
    x = e.point.reshape(-1)[entry].reshape(e.shapes[0])
    return Own(a[rows, entry], n[rows, entry], _numbers(e, x, e.shapes[0]), e.values)


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


def aligned(values: np.ndarray, shape: tuple) -> list[np.ndarray]:
    """``values`` so that they broadcast to a shape: as they are, from the first axis on, or as a vector of one axis."""
    found = []
    for candidate in (
        values.shape,
        values.shape + (1,) * (len(shape) - values.ndim),
        *(
            tuple(-1 if a == axis else 1 for a in range(len(shape)))
            for axis in range(len(shape))
            if values.size == shape[axis] > 1
        ),
    ):
        try:
            if np.broadcast_shapes(values.reshape(candidate).shape, shape) == shape:
                found.append(values.reshape(candidate))
                if values.ndim > 1 or len(candidate) == values.ndim:
                    break
        except ValueError:
            continue
    return found


def _numbers(e: Evidence, x: np.ndarray, shape: tuple) -> list[tuple[str, np.ndarray]]:
    """(name, array) of what has a number at each place: the input, the other inputs, their differences."""
    named = [("the input", x)]
    for j, p in e.others.items():
        for values in aligned(p, shape):
            whole = np.broadcast_to(values, shape)
            named += [
                (f"the input minus {e.probe.names[j]}", x - whole),
                (e.probe.names[j], whole),
                (f"the input times {e.probe.names[j]}", x * whole),
            ]
    return [(name, t.reshape(-1)) for name, t in named]
