"""Why two passes over the same numbers differ: random numbers, a state, memory that was never written. Found by experiments."""

import random

import numpy as np

from minimix.gradcheck import linearity
from minimix.gradcheck.causes import Cause
from minimix.gradcheck.probe import Probe, Tape
from minimix.gradcheck.spy import same_bits


def same(a: list, b: list) -> bool:
    """Whether two lists of arrays are equal to the bit."""
    return all(same_bits(x, y) for x, y in zip(a, b, strict=True))


def mirrored(probe: Probe) -> list[np.ndarray]:
    """Another point: every checked input with its entries in reverse order, which leaves sums, signs and symmetries."""
    arrays = probe.dense()
    for k in probe.checked:
        arrays[k][...] = np.flip(arrays[k])
    return arrays


def call_elsewhere(probe: Probe, backward: bool = True) -> None:
    """Run the function at another point, if it can be, as a program may before and between its passes at this one.

    What an op keeps of its first or of its latest call is then not that of the point that is checked.
    """
    try:
        with np.errstate(all="ignore"):
            if not backward:
                probe.values(mirrored(probe))
                return
            with probe.record(mirrored(probe)) as tape:
                tape.pull(np.random.default_rng(0).standard_normal(tape.size))
    except Exception:  # not a point at which the function is asked
        return


class _Seeds:
    """The global random generators, set to one and the same start; as they were, afterwards."""

    def __enter__(self):
        self.before = np.random.get_state(), random.getstate()
        np.random.seed(1)
        random.seed(1)

    def __exit__(self, *exc):
        np.random.set_state(self.before[0])
        random.setstate(self.before[1])


def forward(probe: Probe) -> Cause:
    """Why two forward passes differ."""
    results = []
    for _ in range(3):
        with _Seeds():
            results.append(probe.values(probe.dense()))
    text = "two forward passes on the same inputs differ"
    later = [probe.values(probe.dense()) for _ in range(2)]
    if same([*results, later[0]], [*results[1:], *later]):
        text += (
            ", and later ones no longer do: it keeps a state, which each pass changes until it is filled, or random numbers "
        )
        return Cause(text + "happen to be the same. Use eval(), or keep nothing from one pass to the next", "state", "random")
    if same(results[:2], results[1:]):
        text += ", unless NumPy's random numbers begin from the same seed: something is random (dropout?). "
        return Cause(text + "Use eval(), or set the seed inside the function", "random")
    text += ": something is random (dropout?) or keeps a state. Use eval(), or set the seed inside the function"
    return Cause(text, "random", "state")


def backward(probe: Probe, tape: Tape, u: np.ndarray, first: list, second: list) -> Cause:
    """Why two backward passes, ``first`` and ``second``, give other gradients for the cotangent u."""
    results = []
    for _ in range(3):
        with _Seeds():
            results.append(tape.pull(u))
    text = "backward a second time gives another gradient"
    if linearity.unwritten(lambda: tape.pull(u), *(g.shape for g in first)):
        return Cause(f"{text}: it holds memory that was never written, some entries of an np.empty", "not finite", "left out")
    settled = same(tape.pull(u), results[2]) and same(tape.pull(u), results[2])  # with no seed, too
    if same(results[0], results[1]) and same(results[1], results[2]) and not same(results[2], second) and not settled:
        return Cause(f"{text}, unless NumPy's random numbers begin from the same seed: it draws new ones", "random")
    if same(second, results[0]) and same(second, results[1]):
        probe.values(probe.strided())
        if same(tape.pull(u), first):
            text = "another forward pass changes the gradient of the one before: backward reads something that is not in what "
            return Cause(text + "forward saved for it, or that the other overwrites", "state", "aliased")
    histories = zip(first, second, *results, strict=True)  # of each input's gradient
    if all(_steady(np.stack(history)) for history in histories):
        return Cause(f"{text}: each call adds the same to what the one before has given", "state")
    return Cause(f"{text}: it is random, or keeps a state", "state", "random")


def _steady(history: np.ndarray) -> bool:
    steps = np.diff(history, axis=0)
    return bool(np.allclose(steps, steps[:1], rtol=1e-9, atol=1e-12 * np.max(np.abs(history), initial=0)))
