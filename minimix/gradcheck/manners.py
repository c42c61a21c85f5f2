"""Rules that any backward pass keeps, whatever the function is, checked before any number is compared.

Two forward passes give the same bits, on any strides; nothing that was handed in is changed; every gradient has its input's
shape and dtype; backward twice gives the same bits; a zero cotangent gives exactly zero; gradients are linear in the cotangent.
"""

import itertools
from typing import NamedTuple

import numpy as np

from minimix.gradcheck.probe import Probe, Tape, flatten, output_at


class Findings(NamedTuple):
    """problems: what is wrong.
    sensible: whether comparing numbers still makes sense.
    peak: the largest number that the backward pass handled for a normal cotangent. Where such numbers ought to cancel (in the
        gradient of a bias before a batch norm), they leave rounding errors of this size, though the result is zero.
    """

    problems: list[str]
    sensible: bool
    peak: float = 1.0
    spoils: bool = False


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def only_float32(array: np.ndarray) -> bool:
    """Whether every number in a float64 array is one that float32 can hold."""
    told = array[np.isfinite(array) & (array != 0)]
    with np.errstate(over="ignore"):
        return told.size > 0 and bool(np.all(told == told.astype(np.float32)))


def inspect(probe: Probe, rng: np.random.Generator) -> Findings:
    """Check all the rules at the point of ``probe``."""
    problems: list[str] = []
    arrays = probe.strided()
    with probe.record(arrays) as tape:
        _refuse_outputs(probe, tape)
        before = [np.array(o.data, order="K") for o in tape.outputs]
        if changed := _changed(probe, arrays):
            return Findings([f"the forward pass changes {changed}: work on a copy, not in place"], False)
        first = flatten([o.data for o in tape.outputs])
        again, dense = probe.values(probe.strided()), probe.values(probe.dense())
        if not _same_bits(first, again):
            text = "two forward passes on the same inputs differ: something is random (dropout?) or keeps a state. "
            return Findings([text + "Use eval(), or set the seed inside the function"], False)
        finite = np.isfinite(dense)
        scale = max(1.0, float(np.max(np.abs(dense), initial=0, where=finite)))
        if not np.allclose(first, dense, rtol=1e-9, atol=1e-9 * scale, equal_nan=True):
            problems.append(
                "the result depends on the strides of the input: an op takes a non-contiguous array for a dense one"
            )
        if not finite.all():
            number, index = output_at(tape.shapes, int(np.argmin(finite)))
            place = f"{index} of output {number}" if len(tape.shapes) > 1 else f"{index}"
            strange = f"{np.sum(~finite)} of {finite.size} results of the function are NaN or infinite, the first at {place}"
            return Findings([*problems, strange], False)
        if tape.size == 0:
            return Findings(problems, True)
        sensible, peak = _backward_rules(probe, tape, rng, problems)
        if changed := _changed(probe, arrays):
            problems.append(f"the backward pass changes {changed}: work on a copy, not in place")
        elif not all(_same_bits(a, o.data) for a, o in zip(before, tape.outputs, strict=True)):
            problems.append("the backward pass changes the output of the forward pass: work on a copy, not in place")
    return Findings(problems, sensible, peak)


def _refuse_outputs(probe: Probe, tape: Tape) -> None:
    if not tape.outputs:
        raise ValueError("gradcheck: no output of the function is floating-point, so there is nothing to differentiate")
    for output in tape.outputs:
        if output.dtype != np.float64:
            raise TypeError(
                f"gradcheck: an output is {output.dtype} although the inputs are float64: the function casts, and differences "
                "of so few digits tell nothing. Keep float64 all the way"
            )


def _changed(probe: Probe, arrays) -> str:
    names = [n for n, a, p in zip(probe.names, arrays, probe.points, strict=True) if not _same_bits(a, p)]
    return ", ".join(names)


def _backward_rules(probe: Probe, tape: Tape, rng, problems: list[str]) -> tuple[bool, float]:
    u, w = rng.standard_normal((2, tape.size))
    spied: list[str] = []
    peaks = [float(np.max(np.abs(u)))]
    for node in tape.nodes():
        _spy(node, spied, peaks)
    try:
        first = tape.pull(u)
    except Exception as error:
        if not spied:
            raise
        problems.extend([*dict.fromkeys(spied), f"and so backward raised {type(error).__name__}: {error}"])
        return False, 1.0
    peak = max(peaks)
    problems.extend(dict.fromkeys(spied))
    tensors = [probe.tensors[k] for k in probe.checked]
    names = [probe.names[k] for k in probe.checked]
    shaped = True
    for t, name, gradient in zip(tensors, names, first, strict=True):
        if gradient.shape != t.shape:
            shaped = False
            problems.append(f"the gradient of {name} has shape {gradient.shape}, not its shape {t.shape}")
    second = tape.pull(u)
    if not all(_same_bits(a, b) for a, b in zip(first, second, strict=True)):
        problems.append("backward a second time gives another gradient: backward changes what forward saved, or keeps a state")
        return shaped, peak
    # Where the gradient is not finite anyway, the comparison of numbers will say so.
    if any(np.any(z[np.isfinite(g)]) for z, g in zip(tape.pull(np.zeros_like(u)), first, strict=True)):
        problems.append(
            "a zero cotangent does not give a zero gradient: backward ignores the gradient that it is given, or adds to it"
        )
        return shaped, peak
    # -2 is exact in floating point, and finds what a factor of 2 would not: |gradient|, relu(gradient).
    doubled, other, both = tape.pull(-2 * u), tape.pull(w), tape.pull(u + w)
    for name, a, d, b, ab in zip(names, first, doubled, other, both, strict=True):
        size = 1e-11 * peak + 1e-9 * sum(np.max(np.abs(g), initial=0, where=np.isfinite(g)) for g in (a, b))
        if not (_close(d, -2 * a, size) and _close(ab, a + b, size)):
            problems.append(
                f"the gradient of {name} is not linear in the cotangent: backward ignores its size or sign, or clips it"
            )
    return shaped, peak


def _close(a, b, size) -> bool:
    finite = np.isfinite(b)
    with np.errstate(invalid="ignore"):
        return bool(np.all(np.abs(a - b)[finite] <= size))


def _peak(gradient) -> float:
    return float(np.max(np.abs(gradient), initial=0, where=np.isfinite(gradient)))


def _spy(node, problems: list[str], peaks: list[float]) -> None:
    """Watch one op's backward, so that a broken rule is told of the op that broke it."""
    op = node.op

    def backward(gradient, saved, *needed):
        handed = np.array(gradient, order="K")
        held = [np.array(t.data, order="K") for t in node.inputs]
        results = op.backward(gradient, saved, *needed)
        if not _same_bits(handed, gradient):
            problems.append(f"{op.name}: backward changes the gradient that it is given; other ops may use the same array")
        if not all(_same_bits(a, t.data) for a, t in zip(held, node.inputs, strict=True)):
            problems.append(f"{op.name}: backward changes an input of forward")
        if not isinstance(results, tuple) or len(results) != len(node.inputs):
            found = len(results) if isinstance(results, tuple) else type(results).__name__
            problems.append(
                f"{op.name}: backward must return a tuple of {len(node.inputs)} gradients, one an input, not {found}"
            )
            return results
        for position, (result, t, wanted) in enumerate(zip(results, node.inputs, node.needed, strict=True)):
            if not wanted or result is None:
                continue
            if not isinstance(result, np.ndarray) and not isinstance(result, np.generic):
                problems.append(f"{op.name}: gradient {position} is a {type(result).__name__}, not an array")
            elif result.shape != t.shape:
                problems.append(
                    f"{op.name}: gradient {position} has shape {result.shape}, but its input has {t.shape}"
                    + _unsummed(result.shape, t.shape)
                )
            elif result.dtype != t.dtype:
                problems.append(f"{op.name}: gradient {position} is {result.dtype}, but its input is {t.dtype}")
            else:
                peaks.append(_peak(result))
                # What is left of a sum that cancels has few digits too: no cast made it.
                if only_float32(result) and not only_float32(handed) and peaks[-1] > 1e-10 * _peak(handed):
                    problems.append(
                        f"{op.name}: gradient {position} holds only float32 digits: backward casts to float32 inside"
                    )
        return results

    node.op = op._replace(backward=backward)


def _unsummed(found: tuple, wanted: tuple) -> str:
    """Whether summing over some axes would give the wanted shape."""
    for count in range(1, len(found) + 1):
        for axes in itertools.combinations(range(len(found)), count):
            dropped = tuple(n for axis, n in enumerate(found) if axis not in axes)
            kept = tuple(1 if axis in axes else n for axis, n in enumerate(found))
            if wanted in (dropped, kept):
                listed = f"axis {axes[0]}" if count == 1 else f"axes {axes}"
                return f": not summed over {listed} (the batch, or what was broadcast)"
    if sorted(found) == sorted(wanted):
        return ": axes transposed"
    return ""
