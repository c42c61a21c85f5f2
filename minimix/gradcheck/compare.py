"""Numerical against analytical derivatives, entry by entry or through random projections.

Tolerances. An entry is right where ``|a - n| <= atol + rtol |n|``, as in torch. The random and the complex mode are stricter:

- A projection ``u' J v`` is a sum over all entries, in which one wrong entry of a million is a thousandth of the whole. It is
  compared with a thousandth of ``atol + rtol * scale``, ``scale`` being the standard deviation of the sum for independent
  normal v: ``sqrt(sum_i (g_i v_i)^2)``, g = J'u. By default that is 1e-6 of the scale: a single entry that is wrong by its own
  size stands out a thousandfold among a million.
- The complex step is exact to rounding: a millionth of ``atol + rtol * max |n|``, 1e-9 of the gradient's size by default.

A difference that rounding explains is no error, and at a kink (relu near 0), central differences with a smaller step are right
where those with ``eps`` are not; where the values are huge, larger ones are: a projection passes if one of the steps agrees. A
wrong gradient agrees with none.
"""

from dataclasses import dataclass

import numpy as np

from minimix.gradcheck.numerical import CentralDifferences
from minimix.gradcheck.probe import Probe, Tape, index_of, output_at
from minimix.gradcheck.report import InputReport

ROUNDS = 4  # random cotangents, and random directions an input
SHRINKS = (1.0, 8.0, 64.0, 1 / 8, 1 / 64, 1 / 512, 512.0, 4096.0, 32768.0)  # of eps, in turn, as long as they disagree
CONFIRMED = 16  # wrong entries whose derivatives were measured anew without a change, before the rest is believed


@dataclass
class Tolerance:
    atol: float
    rtol: float

    def entries(self, numerical: np.ndarray) -> np.ndarray:
        return self.atol + self.rtol * np.abs(numerical)

    def scaled(self, factor: float) -> "Tolerance":
        return Tolerance(self.atol * factor, self.rtol * factor)


def worst(row: InputReport, numerical: np.ndarray, analytical: np.ndarray, allowed) -> int | None:
    """Count what is wrong into ``row``, and note the worst there if it beats what ``row`` has; NaN beats everything.

    Gives the flat position of the worst, for the caller to note its index, or None if nothing is wrong or it was not noted.
    """
    row.checked += numerical.size
    if numerical.size == 0:
        return None
    with np.errstate(invalid="ignore"):
        error = np.abs(analytical - numerical)
        bad = ~(error <= allowed)
    error = np.where(np.isnan(error), np.inf, error)
    wrong = int(bad.sum())
    top = int(np.argmax(np.where(bad, error, -1) if wrong else error))
    noted = (wrong and row.ok) or (bool(wrong) == (not row.ok) and error.flat[top] >= row.error)
    if noted:
        row.error, row.index = float(error.flat[top]), None
        row.numerical, row.analytical = float(numerical.flat[top]), float(analytical.flat[top])
    row.wrong += wrong
    return top if noted and wrong else None


def full(probe: Probe, tape: Tape, differences, tolerance: Tolerance, rows: list[InputReport]) -> list:
    """Compare whole Jacobians. Gives, for each checked input, its numerical Jacobian (input entry, output entry)."""
    shapes = [probe.points[k].shape for k in probe.checked]
    sizes = [int(np.prod(s)) for s in shapes]
    analytical = [np.empty((n, tape.size)) for n in sizes]
    unit = np.zeros(tape.size)
    for position in range(tape.size):
        unit[position] = 1
        for jacobian, gradient in zip(analytical, tape.pull(unit), strict=True):
            jacobian[:, position] = gradient.reshape(-1)
        unit[position] = 0
    numericals = []
    for k, shape, size, jacobian, row in zip(probe.checked, shapes, sizes, analytical, rows, strict=True):
        numerical = np.empty_like(jacobian)
        for position in range(size):
            numerical[position] = differences.entry(k, position)
        allowed = tolerance.entries(numerical)
        for i in _doubted(numerical, jacobian, allowed):
            numerical[i], excused = settled(differences, k, i, numerical[i], jacobian[i], tolerance.entries)
            allowed[i] = tolerance.entries(numerical[i]) + excused
        numericals.append(numerical)
        top = worst(row, numerical, jacobian, allowed)
        if top is not None:
            position, output = divmod(top, tape.size)
            row.index, row.output_index = index_of(position, shape), output_at(tape.shapes, output)
    return numericals


def _doubted(numerical: np.ndarray, analytical: np.ndarray, allowed: np.ndarray):
    """The rows that seem wrong, the worst first, until so many were confirmed that the others may be taken for wrong."""
    with np.errstate(invalid="ignore"):
        excess = np.abs(analytical - numerical) - allowed
    if excess.size == 0:
        return
    excess = np.where(np.isnan(excess), np.inf, excess).reshape(len(excess), -1).max(axis=1)
    confirmed = 0
    for position in np.argsort(-excess, kind="stable"):
        if excess[position] <= 0 or confirmed == CONFIRMED:
            return
        before = numerical[position].copy()
        yield int(position)
        confirmed = confirmed + 1 if np.array_equal(before, numerical[position], equal_nan=True) else 0


def settled(differences, k: int, position: int, numerical, analytical, allowed, weights=None):
    """(derivatives, what they may be off beyond what is allowed) with respect to one entry; as ``numerical``, but where eps was
    a bad step. This is the one place that decides which step suits.

    A derivative is right if some step that is sure of itself agrees with backward; else it is the one in the least doubt.
    numerical, analytical: of all outputs, or of weightings (R, M) of them. analytical: None where there is none of these.
    """
    if not isinstance(differences, CentralDifferences):
        return numerical, np.zeros_like(numerical)
    found, doubts = differences.candidates(k, position)
    if weights is not None:
        found, doubts = found @ weights.T, doubts @ np.abs(weights.T)
    best, doubt = closest(found, doubts, None, 1e-3 if weights is None else 0.1)
    with np.errstate(invalid="ignore"):
        better = np.isfinite(best) & ~(np.abs(best - numerical) <= 1e-7 * np.abs(best) + doubt)
        result = np.where(better, best, numerical)
        if analytical is None:
            return result, np.where(better, 2 * doubt, 0.0)
        near, spread = closest(found, doubts, analytical, 1e-3 if weights is None else 0.1)
        right = np.abs(near - analytical) <= allowed(near) + 2 * spread
    return np.where(right, near, result), np.where(right, 2 * spread, 0.0)


def closest(found: np.ndarray, doubts: np.ndarray, analytical: np.ndarray | None, floor: float) -> tuple:
    """Of the derivatives with several steps (S, M), those that are sure of themselves and closest to ``analytical``, or in the
    least doubt where that is None; NaN where none is sure; and their doubts. The true derivative is among them, a wrong one
    agrees with none.

    floor: what counts as a small derivative, relative to the largest one with the same step.
    """
    size = np.max(np.abs(found[0]), initial=0, where=np.isfinite(found[0]))  # with eps itself
    with np.errstate(invalid="ignore"):
        sure = np.isfinite(found) & (doubts <= 1e-2 * np.maximum(np.abs(found), floor * size) + 1e-300)
        gap = np.where(sure, doubts if analytical is None else np.abs(found - analytical), np.inf)
    choice = gap.argmin(axis=0)
    columns = np.arange(found.shape[1])
    some = np.isfinite(gap[choice, columns])
    return np.where(some, found[choice, columns], np.nan), np.where(some, doubts[choice, columns], 0.0)


def rounding(u: np.ndarray, values: np.ndarray, step: float):
    """How far rounding of the function's values may shift a central difference of u . f (for each row u) with this step."""
    return 64 * 2.0**-53 / step * np.linalg.norm(u * np.where(np.isfinite(values), values, 0), axis=-1)


def entries(k: int, gradients: np.ndarray, cotangents: np.ndarray, differences, positions, allowed, row: InputReport) -> None:
    """Compare the gradients of u . f (one a row of ``cotangents``) at some entries of Tensor k, entry by entry."""
    if len(positions) == 0:
        return
    # (entry, round); a column is as long as all outputs together: never more than one at a time
    numerical = np.stack([cotangents @ differences.entry(k, int(p)) for p in positions])
    analytical = gradients.reshape(len(gradients), -1)[:, positions].T
    within = allowed(numerical)
    for i in _doubted(numerical, analytical, within):
        position = int(positions[i])
        numerical[i], excused = settled(differences, k, position, numerical[i], analytical[i], allowed, cotangents)
        within[i] = allowed(numerical[i : i + 1])[0] + excused
    top = worst(row, numerical, analytical, within)
    if top is not None:
        row.index = index_of(int(positions[top // len(cotangents)]), gradients.shape[1:])


def projections(
    k: int, gradients, cotangents, differences, tolerance: Tolerance, values, eps, rng, row: InputReport, rounds: int = ROUNDS
) -> None:
    """Compare u' J v for every cotangent u and ``rounds`` random directions v of Tensor k."""
    shape = gradients.shape[1:]
    for _ in range(rounds):
        direction = rng.standard_normal(shape)
        pending = np.arange(len(cotangents))  # rounds in which no step has agreed yet
        noted = rough = None
        for shrink in (*SHRINKS, "small"):
            if shrink == "small":  # where the function bends most, and near the edge of its domain, a step fit for the value
                middle = np.abs(differences.base[k])
                small = np.where(middle > 0, np.minimum(1, 1e2 * middle), 1.0)
                if small.min(initial=1) == 1:
                    break
                direction, shrink = direction * small, 1.0
            column, moved = differences.along(k, direction, shrink)
            numerical = cotangents[pending] @ column
            terms = gradients[pending].reshape(len(pending), -1) * moved.reshape(-1)
            analytical = terms.sum(axis=1)
            scale = np.maximum(np.linalg.norm(terms, axis=1), np.abs(numerical))
            allowed = tolerance.atol + tolerance.rtol * scale
            if eps is not None:
                noise = rounding(cotangents[pending], values, eps / shrink)
                if noted is not None:  # eps was no good: is the function noisy?
                    rough = differences.noise(k, direction) if rough is None else rough
                    noise += 8 * np.linalg.norm(cotangents[pending] * rough, axis=1) * shrink / eps
                # Rounding may excuse no more than what an entry is allowed: a noisy function is not a right one. Tiny steps,
                # in which everything is noise, excuse next to nothing.
                allowed = allowed + np.minimum(noise, (1e3 if shrink <= 64 else 10.0) * allowed)
            if noted is None:
                noted = [numerical.copy(), analytical.copy(), allowed.copy()]
            else:
                for whole, part in zip(noted, (numerical, analytical, allowed), strict=True):
                    whole[pending] = part
            with np.errstate(invalid="ignore"):
                pending = pending[~(np.abs(analytical - numerical) <= allowed)]
            if eps is None or pending.size == 0:
                break
        worst(row, *noted)


def locate(k: int, gradient: np.ndarray, u: np.ndarray, differences, rng) -> int:
    """The flat position of an entry of Tensor k whose gradient of u . f is wrong, by halving: where they are too many."""
    low, high = 0, gradient.size
    while high - low > 1:
        middle = (low + high) // 2
        gaps = []
        for start, stop in ((low, middle), (middle, high)):
            direction = np.zeros(gradient.size)
            direction[start:stop] = rng.standard_normal(stop - start)
            column, moved = differences.along(k, direction.reshape(gradient.shape))
            gap = abs(u @ column - float(np.sum(gradient * moved)))
            gaps.append(np.inf if np.isnan(gap) else gap)
        low, high = (low, middle) if gaps[0] >= gaps[1] else (middle, high)
    return low
