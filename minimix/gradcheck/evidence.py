"""What a diagnosis may look at, and the experiments that it may make: the function at other points, for other directions.

Everything is measured for several weightings u of the outputs at once. Where the function is small they are the unit vectors,
and the gradients are the rows of Jacobians; where it is large, a few random ones. What holds for all of them is no coincidence.
"""

import time
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from minimix.gradcheck.compare import rounding, settled
from minimix.gradcheck.numerical import CentralDifferences, steps
from minimix.gradcheck.probe import Probe, Tape

WHOLE_OUTPUTS = 1024  # so many unit cotangents are pulled at most
WHOLE_ENTRIES = 500_000  # of a Jacobian
SECONDS = 1.0  # for the pulls of all unit cotangents, and for one experiment
ALIKE = 1e-5  # relative to the largest number: what central differences leave


@dataclass(eq=False)
class Evidence:
    """The derivatives of one input, by differences and as backward gives them.

    cotangents: (R, M), weightings of the M output entries. whole: these are the unit vectors.
    analytical, numerical, wrong: (R, *shape of the input).
    point: the input's value. values: (M,), the outputs, of shapes ``shapes``.
    jacobian: (M, entries), measured.
    """

    probe: Probe
    k: int
    tape: Tape
    eps: float
    values: np.ndarray
    shapes: list
    cotangents: np.ndarray
    whole: bool
    analytical: np.ndarray
    numerical: np.ndarray
    wrong: np.ndarray
    jacobian: np.ndarray
    noise: float
    point: np.ndarray
    seconds: float  # of a forward pass

    @property
    def name(self) -> str:
        """What reports call the input."""
        return self.probe.names[self.k]

    @property
    def shape(self) -> tuple:
        return self.point.shape

    @cached_property
    def size(self) -> float:
        """The largest derivative."""
        return float(np.max(np.abs(self.numerical), initial=0))

    @cached_property
    def tiny(self) -> float:
        """What is so small that it may be 0."""
        return 1e-7 * self.size + 4 * self.noise

    @cached_property
    def bad(self) -> np.ndarray:
        """The entries of the input that are wrong for some weighting."""
        return self.wrong.any(axis=0)

    @cached_property
    def dead(self) -> np.ndarray:
        """The entries on which no output depends."""
        return np.max(np.abs(self.numerical), axis=0) <= self.tiny

    @cached_property
    def silent(self) -> np.ndarray:
        """The entries to which backward gives nothing, for any weighting."""
        return np.max(np.abs(self.analytical), axis=0) <= self.tiny

    @cached_property
    def mixed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(cotangents, analytical, numerical) for four random combinations of the weightings: enough to try an idea on."""
        if len(self.cotangents) <= 4:
            return self.cotangents, self.analytical, self.numerical
        weights = np.random.default_rng(1).standard_normal((4, len(self.cotangents)))
        mix = [weights @ part.reshape(len(part), -1) for part in (self.cotangents, self.analytical, self.numerical)]
        return mix[0], mix[1].reshape(4, *self.shape), mix[2].reshape(4, *self.shape)

    @property
    def output(self) -> np.ndarray | None:
        """The output, where there is but one."""
        return self.values.reshape(self.shapes[0]) if len(self.shapes) == 1 else None

    @cached_property
    def others(self) -> dict[int, np.ndarray]:
        """The floating-point inputs beside this one, by their number."""
        return {j: p for j, p in enumerate(self.probe.points) if j != self.k and p.dtype == np.float64 and p.size}

    def forget(self) -> None:
        """What was derived from the derivatives, where these have changed."""
        for name in ("bad", "size", "tiny", "dead", "silent", "mixed"):
            self.__dict__.pop(name, None)

    def alike(self, a: np.ndarray, b: np.ndarray) -> bool:
        """Equal but for the noise of differences, and not all zero."""
        if a.shape != b.shape or a.size == 0:
            return False
        size = float(np.max(np.abs(b)))
        with np.errstate(invalid="ignore"):
            return bool(size > self.tiny and np.max(np.abs(a - b)) <= ALIKE * size + 4 * self.noise)

    # -- experiments ------------------------------------------------------------------------------------------------------

    def slope(self, direction: np.ndarray, arrays: dict | None = None, of: int | None = None) -> np.ndarray | None:
        """J v, (M,), by differences, with other values for some inputs, of this input or of another one; None where the
        function refuses them."""
        at = self.probe.dense()
        for j, array in (arrays or {}).items():
            at[j][...] = array
        k = self.k if of is None else of
        direction = direction / (np.max(np.abs(direction)) or 1.0)
        step = self.eps
        middle, results = at[k], []
        for sign in (1, -1):
            at[k] = middle + sign * step * direction
            try:
                with np.errstate(all="ignore"):
                    results.append(self.probe.values(at))
            except Exception:
                return None
        if results[0].shape != self.values.shape or results[1].shape != self.values.shape:
            return None
        result = (results[0] - results[1]) / (2 * step)
        return result if np.all(np.isfinite(result)) else None

    def explained(self, arrays: dict | None = None, cotangent=None, direction=None, of: int | None = None) -> bool:
        """Whether backward gives what would be right for other values of some inputs, another cotangent, or another input.

        cotangent, direction: functions of arrays of the output's and of the input's shape.
        """
        u, analytical, _ = self.mixed
        if cotangent is not None:
            u = np.stack([np.asarray(cotangent(row.reshape(self.shapes[0]))).reshape(-1) for row in u])
        rng = np.random.default_rng(2)
        shape = self.shape if of is None else self.probe.points[of].shape
        for _ in range(2):
            v = rng.uniform(0.5, 1, self.shape) * rng.choice([-1, 1], self.shape)
            v /= np.max(np.abs(v), initial=1e-300)
            moved = np.asarray(v if direction is None else direction(v)).reshape(shape)
            column = self.slope(moved, arrays, of)
            if column is None:
                return False
            theirs = np.tensordot(analytical, v, v.ndim) if v.ndim else analytical * v
            ours = u @ column * (np.max(np.abs(moved)) or 1.0)
            size = max(np.max(np.abs(ours)), np.linalg.norm(u, axis=1).max() * self.size * 1e-3)
            if not np.max(np.abs(theirs - ours)) <= 3 * ALIKE * size + 16 * self.noise * np.sqrt(u.shape[1]):
                return False
            if np.max(np.abs(ours)) <= self.tiny:
                return False
        return True

    def elsewhere(self, arrays: dict) -> "Evidence | None":
        """The same evidence with other values of some inputs; None where they are refused, or where it takes too long."""
        if 2 * self.point.size * self.seconds > SECONDS:
            return None
        at = self.probe.dense()
        for j, array in arrays.items():
            at[j][...] = array
        kept = self.probe.points
        try:
            self.probe.points = [np.array(a, order="K") for a in at]
            with np.errstate(all="ignore"), self.probe.record([np.array(a, order="K") for a in at]) as tape:
                if tape.shapes != self.shapes:
                    return None
                values = self.probe.values(at)
                differences = CentralDifferences(self.probe, self.eps)
                numerical = np.stack([differences.entry(self.k, p) for p in range(self.point.size)], axis=1)
                found = _assemble(self.probe, self.k, tape, self.eps, values, self.cotangents, self.whole, numerical, None)
            finite = np.all(np.isfinite(found.numerical)) and np.all(np.isfinite(found.analytical))
            return found if finite else None
        except Exception:
            return None
        finally:
            self.probe.points = kept


def _assemble(probe, k, tape, eps, values, cotangents, whole, jacobian, allowed) -> Evidence:
    shape = probe.points[k].shape
    place = probe.checked.index(k)
    analytical = np.stack([np.array(tape.pull(u)[place]) for u in cotangents])
    numerical = (jacobian if whole else cotangents @ jacobian).reshape(len(cotangents), *shape).copy()
    step = float(np.min(steps(probe.points[k], eps), initial=np.inf))
    noise = rounding(np.ones(1), np.max(np.abs(values), initial=0), step) * (1 if whole else np.linalg.norm(cotangents[0]))
    if analytical.shape != numerical.shape:
        wrong = np.ones(numerical.shape, bool)
    else:
        within = allowed(numerical) if allowed else 1e-4 * np.max(np.abs(numerical), initial=0) + 8 * noise
        with np.errstate(invalid="ignore"):
            wrong = ~(np.abs(analytical - numerical) <= within)
    point = probe.points[k]
    return Evidence(
        *(probe, k, tape, eps, values, tape.shapes, cotangents, whole),
        *(analytical, numerical, wrong, jacobian, noise, point, 0.0),
    )


def fastest(call, times: int = 3) -> float:
    """Seconds that a call takes when nothing else gets in between."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)


def gather(
    probe: Probe, k: int, tape: Tape, eps: float, values, cotangents, jacobian, allowed, seconds: float, refine: bool
) -> Evidence:
    """The evidence on Tensor k.

    cotangents: random ones, (R, M). jacobian: (M, entries), measured. allowed: what a numerical derivative may be off.
    refine: whether ``jacobian`` comes from central differences, which other steps may better.
    """
    pull = fastest(lambda: tape.pull(cotangents[0]))
    entries = tape.size * probe.points[k].size
    whole = tape.size <= WHOLE_OUTPUTS and entries <= WHOLE_ENTRIES and tape.size * pull <= SECONDS
    weightings = np.eye(tape.size) if whole else cotangents
    evidence = _assemble(probe, k, tape, eps, values, weightings, whole, jacobian, allowed)
    evidence.seconds = seconds
    if refine and evidence.wrong.shape[1:] == evidence.shape and np.all(np.isfinite(evidence.analytical)):
        _refine(evidence, CentralDifferences(probe, eps), allowed)
    return evidence


def _refine(e: Evidence, differences: CentralDifferences, allowed) -> None:
    """Measure the wrong entries anew with steps that suit them, and take them out of what is wrong where that is enough."""
    if 36 * e.bad.sum() * e.seconds > SECONDS:
        return
    analytical, changed = e.analytical.reshape(len(e.analytical), -1), False
    for position in np.flatnonzero(e.bad):
        measured, given = e.jacobian[:, position], analytical[:, position]
        best, excused = settled(differences, e.k, int(position), measured, given if e.whole else None, allowed)
        if np.array_equal(best, measured):
            continue
        changed = True
        e.jacobian = e.jacobian if e.jacobian.flags.owndata and e.jacobian.flags.writeable else np.array(e.jacobian)
        e.jacobian[:, position] = best
        column = e.cotangents @ e.jacobian[:, position]
        e.numerical.reshape(len(analytical), -1)[:, position] = column
        within = allowed(column) + np.abs(e.cotangents) @ excused
        e.wrong.reshape(len(analytical), -1)[:, position] = ~(np.abs(given - column) <= within)
    if changed:
        e.forget()


def kinked(e: Evidence, rough: np.ndarray) -> str:
    """Take the entries at a kink out of what is wrong, and say which they are; "" where there are none.

    At a kink, the slopes to the left and to the right differ, however small the step: where the function only bends, their
    difference shrinks with the step. rough: how noisy each output is.
    """
    kinks = np.zeros(e.shape, bool)
    arrays = e.probe.dense()
    jumps = [None, None]
    places = np.argwhere(e.bad)
    if len(places) * e.seconds * 4 > SECONDS:
        return ""
    for place in map(tuple, places):
        middle = arrays[e.k][place]
        for i, step in enumerate((e.eps, e.eps / 8)):
            arrays[e.k][place] = middle + step
            above = e.probe.values(arrays)
            arrays[e.k][place] = middle - step
            below = e.probe.values(arrays)
            jumps[i] = np.abs((above - e.values) - (e.values - below)) / step
        arrays[e.k][place] = middle
        slope = np.max(np.abs(above - below)) / (e.eps / 4) + np.max(jumps[1])
        kinks[place] = np.any((jumps[1] > 0.5 * jumps[0]) & (jumps[1] > 1e-3 * slope + 64 * e.noise + 64 * rough / e.eps))
    if not kinks.any():
        return ""
    for array in (e.wrong, e.analytical, e.numerical):  # as though nothing depended on them
        array[:, kinks] = 0
    e.forget()
    place = tuple(int(i) for i in np.argwhere(kinks)[0])
    where = f"{place}" if kinks.sum() == 1 else f"{int(kinks.sum())} entries, the first {place}"
    return (
        f"the function has a kink at {where} (its slopes to the left and to the right differ, as relu's at 0): there no "
        "derivative exists to compare with; move the input away from it"
    )
