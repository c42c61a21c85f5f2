"""Rules on a gradient as a whole: not finite, of another shape, nearly right everywhere."""

import itertools

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.evidence import Evidence
from minimix.gradcheck.manners import only_float32

NOT_FINITE = (
    "not finite",
    "wrong formula",
    "wrong point",
    "sign of a term",
    "term missing",
    "wrong constant",
)  # of a root, say


def not_finite(e: Evidence) -> Cause | None:
    """NaN or infinity, and the input there."""
    finite = np.isfinite(e.analytical).all(axis=0)
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        text = f"{int((~finite).sum())} of {finite.size} analytical entries are NaN or infinite, the first at {place}"
        zeros = e.point == 0
        if np.array_equal(zeros, ~finite):
            return Cause(f"{text}: exactly those where the input is 0 (a division by it, or a logarithm?)", *NOT_FINITE)
        return Cause(f"{text}, where the input is {e.point[place]:.4g}", *NOT_FINITE)
    finite = np.isfinite(e.numerical).all(axis=0)
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        return Cause(
            f"{int((~finite).sum())} of {finite.size} numerical entries are NaN or infinite, the first at {place}: a step of "
            f"{e.eps:g} to one side of {e.point[place]:.4g}, the function is not finite",
            "difference",
        )
    return None


def shape(e: Evidence) -> Cause | None:
    """Another shape than the input's: summed or transposed, would it be right?"""
    if e.analytical.shape == e.numerical.shape:
        return None
    a, n = e.mixed[1:]
    text = f"the gradient has shape {a.shape[1:]}, the input {e.shape}"
    for count in range(1, a.ndim):
        for axes in itertools.combinations(range(1, a.ndim), count):
            summed = a.sum(axis=axes)
            if summed.size == n.size and e.alike(summed.reshape(n.shape), n):
                named = tuple(axis - 1 for axis in axes)
                return Cause(f"{text}: right when it is summed over axes {named}, which was forgotten", "shape", "not summed")
    for axes in itertools.permutations(range(a.ndim - 1)):
        if e.alike(a.transpose(0, *(axis + 1 for axis in axes)), n):
            return Cause(f"{text}: axes transposed, right after transpose{axes}", "shape", "transposed")
    if a.size == n.size and e.alike(a.reshape(n.shape), n):
        return Cause(f"{text}: right numbers in the wrong shape, a reshape is missing", "shape")
    return Cause(text, "shape")


def digits(e: Evidence) -> Cause | None:
    """Nearly right everywhere: rounded, or approximated?"""
    error = np.abs(e.analytical - e.numerical)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(np.abs(e.numerical) > 1e-3 * e.size, error / np.abs(e.numerical), error / e.size)
    if relative.max() > 5e-3 or (error > 1e-2 * e.size).any():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        large = np.abs(e.numerical) > 1e-3 * e.size
        if np.median((error / np.abs(e.numerical))[e.wrong]) > 0.05 or not np.any(e.wrong & large):
            return None  # small ones among large ones
    share = f"right to about {max(np.median(relative[e.wrong]), 1e-16):.0e} of its size"
    if only_float32(e.analytical) and not only_float32(e.point):
        return Cause(f"{share}, and every number in it is one that float32 can hold: backward casts to float32", "precision")
    place = e.probe.checked.index(e.k)
    u = np.random.default_rng(3).standard_normal(e.tape.size)
    once, scaled = np.array(e.tape.pull(u)[place]), np.array(e.tape.pull(np.pi * u)[place])
    loss = np.max(np.abs(scaled / np.pi - once)) / (np.max(np.abs(once)) or 1.0)
    if loss > 1e-3 * relative.max() and loss > 1e-12:
        return Cause(
            f"{share}, and pi times the gradient gives not quite pi times the result: something in backward rounds "
            "(float32 or float16 inside)",
            "precision",
        )
    typical = float(np.median(relative[e.wrong]))
    if _jumps(e, float(np.clip(3 * typical, 1e-4, 1e-2))) > 0.1 * typical:
        return Cause(
            f"{share}; the error jumps where the input changes by little: backward computes with numbers that were rounded "
            "(saved in float32 or float16), or with a difference in place of a derivative",
            *("precision", "approximate"),
        )
    text = f"{share}, smoothly (scaling the incoming gradient scales the result exactly)"
    top = max((float(np.max(np.abs(p), initial=0)) for p in e.probe.points if p.dtype == np.float64), default=0.0) or 1.0
    here, steady = float(np.max(error) / e.size), True
    for factor in (0.5, 0.1, 1.5 / top):
        other = e.elsewhere({j: p * factor for j, p in enumerate(e.probe.points) if p.dtype == np.float64})
        if other is None or other.analytical.shape != other.numerical.shape or not other.wrong.any() or other.size == 0:
            continue
        there = float(np.max(np.abs(other.analytical - other.numerical)) / other.size)
        steady &= 1 / 3 < there / here < 3
        if there > 0.05:  # more can be seen of it
            from minimix.gradcheck.diagnosis import diagnose

            found = diagnose(other)
            return Cause(f"{text}; where all inputs are {factor:.2g} times these, wrong by {there:.0%}: {found}", *found.claims)
    if relative.max() > 1e-3:
        return None  # a weak path may be all wrong
    rounded = (", or a number that was rounded", ("precision",)) if steady else ("", ())  # whatever the values are
    return Cause(
        f"{text}: a constant or a small term that differs from forward's (eps){rounded[0]}, or a formula that is approximate",
        *("wrong constant", "term missing", "term extra", "approximate", *rounded[1]),
    )


def _jumps(e: Evidence, step: float) -> float:
    """By how much the analytical gradient jumps along a line on which it should be smooth, relative to its largest entry.

    step: relative; long enough to leave what is rounded to one and the same number.
    """
    rng = np.random.default_rng(3)
    u = rng.standard_normal(e.tape.size)
    place, rows = e.probe.checked.index(e.k), []
    along = {k: rng.uniform(-1, 1, e.probe.points[k].shape) for k in e.probe.checked}  # no ray: norms divide that away
    for i in range(4):
        at = e.probe.dense()
        for k in e.probe.checked:
            at[k] *= 1 + step * i * along[k]
        try:
            with np.errstate(all="ignore"), e.probe.record(at) as tape:
                rows.append(tape.pull(u)[place])
        except Exception:
            return 0.0
    third = np.max(np.abs(rows[0] - 3 * rows[1] + 3 * rows[2] - rows[3]))
    return float(third / (np.max(np.abs(rows[0])) or 1.0))
