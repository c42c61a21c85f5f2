"""Rules that any backward pass keeps, whatever the function is, checked before any number is compared.

Two forward passes give the same bits, on any strides and in any memory order; nothing that was handed in or saved is changed,
and what is returned is nobody else's; every gradient has its input's shape and dtype; backward twice gives the same bits, also
with another forward pass in between; a zero cotangent gives exactly zero; gradients are linear in the cotangent.
"""

from typing import NamedTuple

import numpy as np

from minimix.gradcheck import chance, layouts, linearity
from minimix.gradcheck.causes import Cause
from minimix.gradcheck.probe import Probe, Tape, flatten, output_at
from minimix.gradcheck.spy import Returned, Spy, peak, same_bits, watched
from minimix.ops.contract import ContractError


class Findings(NamedTuple):
    """problems: what is wrong.
    sensible: whether comparing numbers still makes sense.
    peak: the largest number that the backward pass handled for a normal cotangent. Where such numbers ought to cancel (in the
        gradient of a bias before a batch norm), they leave rounding errors of this size, though the result is zero.
    spoils: the numbers may be wrong just because of the problems, so that they say nothing about another cause.
    rounds: backward has fewer digits than float64; small errors are explained by that.
    """

    problems: list[Cause]
    sensible: bool
    peak: float = 1.0
    spoils: bool = False
    rounds: bool = False


SPOILING = {"aliased", "changes gradient", "changes input", "changes output", "changes saved", "nonlinear", "not finite",
            "ones", "random", "state", "term extra"}  # fmt: skip


def inspect(probe: Probe, rng: np.random.Generator) -> Findings:
    """Check all the rules at the point of ``probe``."""
    try:
        return _inspect(probe, rng)
    except ContractError as error:
        return Findings([Cause(str(error), *error.claims)], False)


def _inspect(probe: Probe, rng: np.random.Generator) -> Findings:
    problems: list[Cause] = []
    chance.call_elsewhere(probe)  # first of all
    arrays = probe.strided()
    with probe.record(arrays, watched(problems)) as tape:
        _refuse_outputs(probe, tape)
        if problems:
            return Findings(problems, False)
        before = [np.array(o.data, order="K") for o in tape.outputs]
        if changed := _changed(probe, arrays):
            text = f"the forward pass changes {changed}: work on a copy, not in place"
            return Findings([Cause(text, "changes input")], False)
        first = flatten([o.data for o in tape.outputs])
        again = dense = probe.values(probe.strided())
        if any(a.strides != p.strides for a, p in zip(arrays, probe.points, strict=True)):
            dense = probe.values(probe.dense())
        if not same_bits(first, again):
            return Findings([chance.forward(probe)], False)
        finite = np.isfinite(dense)
        scale = max(1.0, float(np.max(np.abs(dense), initial=0, where=finite)))
        own_strides = not np.allclose(first, dense, rtol=1e-9, atol=1e-9 * scale, equal_nan=True)
        if own_strides:
            text = "the result depends on the strides of the input: an op takes a non-contiguous array for a dense one"
            problems.append(Cause(text, "input strides"))
        if not finite.all():
            number, index = output_at(tape.shapes, int(np.argmin(finite)))
            place = f"{index} of output {number}" if len(tape.shapes) > 1 else f"{index}"
            strange = f"{np.sum(~finite)} of {finite.size} results of the function are NaN or infinite, the first at {place}"
            return Findings([*problems, Cause(strange, "not finite")], False)
        if tape.size == 0:
            return Findings(problems, True)
        if coarse(first, probe):
            text = (
                "the forward pass computes in float32 somewhere: its results hold only float32 digits, too few for differences"
            )
            return Findings([*problems, Cause(text, "forward precision", "precision")], False)
        u = rng.standard_normal(tape.size)
        gradients, restless, largest, moved = _backward_rules(probe, tape, u, rng, problems)
        shaken = peak(moved - dense) if moved is not None and moved.shape == dense.shape else 0.0
        told = _claims(problems)
        if not told & {"changes input", "changes saved"} and (changed := _changed(probe, arrays)):
            problems.append(Cause(f"the backward pass changes {changed}: work on a copy, not in place", "changes input"))
        if not told & {"changes output", "changes saved", "changes input"} and not chance.same(
            before, [o.data for o in tape.outputs]
        ):
            text = "the backward pass changes the output of the forward pass: work on a copy, not in place"
            problems.append(Cause(text, "changes output"))
        alone = len(tape.nodes()) == 1
        plain = all(a.flags.c_contiguous for a in (*arrays, *(o.data for o in tape.outputs)))
    told = _claims(problems)
    spoiling = SPOILING - {"aliased"} if alone else SPOILING  # pulls are copied: one op has nobody to spoil
    if gradients is None:
        return Findings(problems, False, largest)
    rough = linearity.digits(dense) and not all(linearity.digits(p) for p in probe.points)  # sums differ with their order
    if not own_strides and not rough and not restless and not told & (SPOILING - {"aliased"} | {"dtype", "precision"}):
        # outputs, and so gradients, follow the inputs' order: who stumbles over that is known already
        expected = None if "gradient strides" in told else gradients
        problems.extend(layouts.of_inputs(probe, u, dense, expected, shaken))
    strides = not plain and _claims(problems) & {"input strides", "gradient strides"}  # the numbers come from such arrays
    spoils = bool(own_strides or restless or strides or told & spoiling)
    return Findings(problems, True, largest, spoils, "precision" in told)


def only_float32(array: np.ndarray) -> bool:
    """Whether every number in a float64 array is one that float32 can hold."""
    return linearity.digits(array) is not None


def coarse(values: np.ndarray, probe: Probe) -> bool:
    """Whether forward gives just what float32 can hold, 24 bits a number, though the inputs have more. Whole numbers and what
    is left of a sum that cancels need fewer bits."""
    if not only_float32(values) or all(only_float32(probe.points[k]) for k in probe.checked):
        return False
    mantissa, _ = np.frexp(values)
    return bool(np.mean(mantissa * 2.0**22 % 1 != 0) > 0.5)


def _claims(problems) -> set[str]:
    return {claim for problem in problems for claim in problem.claims}


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
    names = [n for n, a, p in zip(probe.names, arrays, probe.points, strict=True) if not same_bits(a, p)]
    return ", ".join(names)


def _backward_rules(
    probe: Probe, tape: Tape, u, rng, problems: list[Cause]
) -> tuple[list | None, bool, float, np.ndarray | None]:
    """(gradients for the cotangent u, or None where there are none; whether a second time gives others; peak; values nearby).

    What is wrong goes into ``problems``.
    """
    returned = Returned()
    spies = [Spy(node, problems, returned) for node in tape.nodes()]
    try:
        first = tape.pull(u)
    except ContractError as error:
        _without_repeats(problems, Cause(str(error), *error.claims))
        return None, False, 1.0, None
    except Exception as error:
        if not problems:
            raise
        _without_repeats(problems, Cause(f"and so backward raised {type(error).__name__}: {error}"))
        return None, False, 1.0, None
    largest = max(peak(u), *(spy.peak for spy in spies), 0.0)
    outputs = [np.array(o.data, order="K") for o in tape.outputs]
    moved = _run_nearby(probe)  # as a program may before it runs backward
    chance.call_elsewhere(probe, backward=False)
    if not chance.same(outputs, [o.data for o in tape.outputs]):
        text = "another forward pass overwrites the output of the one before: forward returns the same memory in two calls"
        problems.append(Cause(text, "aliased", "changes output"))
    try:
        second = tape.pull(u)
    except Exception as error:
        text = f"backward a second time raises {type(error).__name__}: {error}. The first changes what it needs"
        _without_repeats(problems, Cause(text, "changes saved", "state"))
        return None, True, largest, moved
    if not chance.same(first, second):
        told = _claims(problems)
        if told & {"changes saved", "changes input", "changes output"}:
            _without_repeats(problems, Cause("and so backward a second time gives another gradient"))
        else:
            _without_repeats(problems, chance.backward(probe, tape, u, first, second))
        return first, True, largest, moved
    for spy in spies:
        if spy.handed is not None:
            _experiments(spy, rng)
    _without_repeats(problems)
    return first, False, largest, moved


def _without_repeats(problems: list[Cause], *more: Cause) -> None:
    problems[:] = dict.fromkeys([*problems, *more])


def _run_nearby(probe: Probe) -> np.ndarray | None:
    """The function's values where its inputs are smaller by a 1e-9th; None if it refuses that."""
    moved = probe.dense()
    for k in probe.checked:
        moved[k] *= 1 - 1e-9
    try:
        with np.errstate(all="ignore"):
            return probe.values(moved)
    except Exception:  # not a point at which the function is asked; another check will say if it never works
        return None


def _experiments(spy: Spy, rng: np.random.Generator) -> None:
    """One op's backward alone, on gradients of our choice."""
    v = np.empty_like(spy.handed)
    v[...] = rng.standard_normal(v.shape)
    if v.size == 0 or v.dtype != np.float64:
        return
    wanted = spy.node.needed

    def pull(gradient: np.ndarray) -> list:
        results = spy.plain(gradient)
        return [g if w and g is not None else None for w, g in zip(wanted, results, strict=True)]

    told = _claims(problem for problem in spy.problems if problem.startswith(f"{spy.op.name}: "))
    if told & {"changes saved", "changes input"}:
        return
    try:
        wrong, (at_v, at_one) = linearity.inspect(lambda g: _copies(pull(g.copy(order="K"))), v)
    except Exception as error:
        spy.tell(f"backward raises {type(error).__name__}: {error}, but not for every cotangent")
        return
    for i, cause in wrong:
        if not (cause.claims == ("precision",) and "dtype" in told):
            spy.tell(f"gradient {i} {cause}", *cause.claims)
    if "aliased" not in told:  # returned only where the gradient is 1?
        one = np.ones_like(v)
        spy.look_at(spy.plain(one), one)
    if not wrong and not told & {"changes gradient", "dtype"}:
        for cause in layouts.of_gradients(pull, v, at_v, at_one):
            spy.tell(str(cause), *cause.claims)


def _copies(gradients: list) -> list:
    return [None if g is None else np.array(g, float) for g in gradients]
