"""What a diagnosis may look at: the two gradients of one input for one random cotangent, and who contributed to them."""

from dataclasses import dataclass, field

import numpy as np

from minimix.gradcheck.linearity import digits
from minimix.gradcheck.probe import Probe


@dataclass
class Evidence:
    """analytical, numerical: gradients of u . f for a random u; ``point``, the input's value, and ``wrong`` have their shape.

    shares: for each output axis, ((output, axis), (length, entries) array): the part of ``numerical`` that is owed to the
        output entries with a given index on that axis. They sum to ``numerical``.
    unweighted: the gradient of the plain sum of the outputs, J' 1.
    others: values of the other inputs by name.
    kink: left and right derivative differ at the worst entry.
    rough: forward gives only float32 digits.
    """

    analytical: np.ndarray
    numerical: np.ndarray
    point: np.ndarray
    wrong: np.ndarray
    shares: list = field(default_factory=list)
    unweighted: np.ndarray | None = None
    others: dict = field(default_factory=dict)
    kink: bool = False
    rough: bool = False


def gather(probe: Probe, k: int, gradient: np.ndarray, u: np.ndarray, shapes, column, allowed, values) -> Evidence:
    """Measure the whole numerical gradient of u . f for Tensor k; ``column(position)`` is a column of its Jacobian."""
    point = probe.points[k]
    numerical = np.empty(point.size)
    unweighted = np.empty(point.size)
    axes = [(number, axis) for number, shape in enumerate(shapes[:2]) for axis in range(len(shape)) if 1 < shape[axis] <= 256]
    shares = {key: np.empty((shapes[key[0]][key[1]], point.size)) for key in axes}
    bounds = np.cumsum([0, *(int(np.prod(s)) for s in shapes)])
    for position in range(point.size):
        owed = column(position)
        unweighted[position] = owed.sum()
        owed = u * owed
        numerical[position] = owed.sum()
        for (number, axis), table in shares.items():
            part = owed[bounds[number] : bounds[number + 1]].reshape(shapes[number])
            table[:, position] = part.sum(axis=tuple(a for a in range(part.ndim) if a != axis))
    numerical = numerical.reshape(point.shape)
    unweighted = unweighted.reshape(point.shape)
    with np.errstate(invalid="ignore"):
        wrong = (
            ~(np.abs(gradient - numerical) <= allowed(numerical))
            if gradient.shape == point.shape
            else np.ones(point.shape, bool)
        )
    others = {probe.names[j]: p for j, p in enumerate(probe.points) if j != k and p.dtype.kind == "f"}
    evidence = Evidence(np.asarray(gradient), numerical, point, wrong, list(shares.items()), unweighted, others)
    evidence.rough = bool(digits(values)) and not digits(point)
    return evidence


def one_sided(probe: Probe, k: int, position: int, u: np.ndarray, eps: float) -> bool:
    """Whether u . f has different slopes to the left and to the right of entry ``position`` of Tensor k."""
    arrays = probe.dense()
    index = np.unravel_index(position, arrays[k].shape)
    middle = arrays[k][index]
    results = []
    for offset in (-eps, 0.0, eps):
        arrays[k][index] = middle + offset
        results.append(u @ probe.values(arrays))
    left, right = (results[1] - results[0]) / eps, (results[2] - results[1]) / eps
    return abs(right - left) > 1e-3 * max(abs(left), abs(right)) + 1e-6 * abs(results[1]) + 1e-6
