"""Rules on a gradient as a whole: none at all, digits, one factor for everything."""

import itertools

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.evidence import Evidence
from minimix.gradcheck.manners import only_float32


def not_finite(e: Evidence) -> Cause | None:
    """NaN or infinity, and the input there."""
    finite = np.isfinite(e.analytical).all(axis=0)
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        text = f"{int((~finite).sum())} of {finite.size} analytical entries are NaN or infinite, the first at {place}"
        zeros = e.point == 0
        if np.array_equal(zeros, ~finite):
            return Cause(f"{text}: exactly those where the input is 0 (a division by it, or a logarithm?)", "not finite")
        return Cause(f"{text}, where the input is {e.point[place]:.4g}", "not finite")
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


def zero(e: Evidence) -> Cause | None:
    """Nothing arrives; or something does, at an input that does not matter."""
    if not np.any(e.analytical):
        if any(np.any(other.analytical) for other in _elsewhere(e)):
            return Cause(
                "zero everywhere at this point, though not at others: a mask or a branch blocks what forward lets through",
                *("wrong mask", "zero", "value", "inverted mask", "nonlinear"),
            )
        return Cause("zero everywhere: no gradient arrives (detached, None, or forgotten in backward)", "zero")
    given = float(np.max(np.abs(e.analytical)))
    if 1e-3 * given < 4 * e.noise:
        return Cause(
            f"the function's values are so large (up to {np.max(np.abs(e.values)):.3g}) that their differences are rounded "
            "away: nothing can be said of a gradient of this size. Subtract what is constant, or take a larger eps",
            "difference",
        )
    if e.size <= max(1e-7 * given, 4 * e.noise):
        if any(np.max(np.abs(other.values - e.values)) > 1e-9 * np.max(np.abs(e.values)) for other in _elsewhere(e)):
            return Cause(
                "around this point the function does not change with this input (at other points it does), yet backward "
                "returns a gradient: a mask is missing or wrong, the input only decides something (an order, a branch) and "
                "deserves none, or an approximation stands for a derivative that is 0",
                *(
                    "approximate",
                    "independent",
                    "no mask",
                    "wrong mask",
                    "other place",
                    "inverted mask",
                    "wrong formula",
                    "value",
                ),
            )
        return Cause("the function does not depend on this input, yet backward returns a gradient for it", "independent")
    return None


def digits(e: Evidence) -> Cause | None:
    """Nearly right everywhere: rounded, or approximated?"""
    error = np.abs(e.analytical - e.numerical)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(np.abs(e.numerical) > 1e-3 * e.size, error / np.abs(e.numerical), error / e.size)
    if relative.max() > 5e-3 or (error > 1e-2 * e.size).any():
        return None
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
    return Cause(
        f"{share}, smoothly (scaling the incoming gradient scales the result exactly): a formula that is approximate, a "
        "constant or a small term that differs from forward's (eps), or a saved value that was rounded",
        *("approximate", "wrong constant", "precision", "term missing", "term extra"),
    )


def _elsewhere(e: Evidence):
    """The evidence at a few points that have little to do with this one."""
    rng = np.random.default_rng(7)
    for scale in (-1.0, 3.0, 0.1):
        moved = e.elsewhere({e.k: scale * rng.permutation(e.point.reshape(-1)).reshape(e.shape)})
        if moved is not None:
            yield moved


def ratio(a: np.ndarray, n: np.ndarray, e: Evidence) -> float | None:
    """c with a = c n, or None."""
    norm = float(np.vdot(n, n))
    if norm == 0:
        return None
    c = float(np.vdot(n, a)) / norm
    return (
        c if c != 0 and np.max(np.abs(a - c * n)) <= 1e-5 * abs(c) * np.max(np.abs(n)) + 4 * e.noise * max(1, abs(c)) else None
    )


def constant(e: Evidence) -> Cause | None:
    """One factor for all entries, here and at another point."""
    c = ratio(*e.mixed[1:], e)
    if c is None or not e.wrong.any():
        return None
    a, n = e.mixed[1:]
    if abs(c - 1) < 1e-4 and abs(c - 1) * e.size < 20 * np.max(np.abs(a - c * n)):
        return None  # digits are lacking, no factor
    if abs(c + 1) < 1e-4:
        return Cause("sign flipped: analytical is minus numerical everywhere", "sign")
    flipped = ", and the sign is flipped" if c < 0 else ""
    text = f"constant ratio: analytical is {_number(c)} times numerical everywhere"
    rng = np.random.default_rng(4)
    moved = e.elsewhere({e.k: np.where(e.point == 0, 0.05, e.point * rng.uniform(0.8, 1.0, e.shape))})
    there = ratio(*moved.mixed[1:], e) if moved is not None else None
    if there is not None and abs(there - c) > 1e-3 * abs(c):
        return _varying(e, moved, c, there)
    if there is None and moved is not None and np.max(np.abs(moved.analytical - c * moved.numerical)) > 1e-3 * moved.size:
        return None  # one factor at this point only
    readings, claims = _readings(e, abs(c))
    if abs(abs(c) - 2) < 1e-4:
        readings.append("counted twice")
        claims += ["summed", "term extra"]
    if abs(abs(c) - 0.5) < 1e-4:
        readings.append("a factor of 2 missing (from a square, or a term used twice)")
        claims += ["term missing"]
    sign = ["sign"] if c < 0 else []
    if not readings:
        readings, claims = ["a factor missing or doubled, or a constant that is not forward's"], ["wrong constant"]
    return Cause(f"{text} ({'; or '.join(readings)}{flipped})", "factor", *claims, *sign)


def _number(c: float) -> str:
    return f"{c:.6g}" if abs(abs(c) - 1) > 1e-3 else f"1 {'+' if c > 1 else '-'} {abs(c - 1):.2g}" if c > 0 else f"{c:.9g}"


def sizes(e: Evidence) -> dict[int, list[str]]:
    """Numbers of elements by what they count: axes of the outputs and of the inputs, and several together."""
    found: dict[int, list[str]] = {}
    shapes = {("the output" if len(e.shapes) == 1 else f"output {i}"): s for i, s in enumerate(e.shapes)}
    shapes |= {"the input": e.shape} | {e.probe.names[j]: p.shape for j, p in e.others.items()}
    for name, lengths in shapes.items():
        for count in range(1, min(len(lengths), 4) + 1):
            for axes in itertools.combinations(range(len(lengths)), count):
                n = int(np.prod([lengths[a] for a in axes]))
                if n > 1:
                    which = f"axis {axes[0]}" if count == 1 else f"axes {axes}" if count < len(lengths) else "all axes"
                    found.setdefault(n, []).append(f"{which} of {name}")
    return found


def _readings(e: Evidence, c: float) -> tuple[list[str], list[str]]:
    """What a constant factor may come from: numbers of elements."""
    readings, claims = [], []
    for n, places in sizes(e).items():
        shown = " and of ".join(places[:2])
        if abs(c - 1 / n) < 1e-4 / n:
            readings.append(f"1/{n}, {n} being the length of {shown}: averaged where it should be summed")
            claims += ["averaged", "not summed"]
        elif abs(c - n) < 1e-4 * n:
            readings.append(f"{n} is the length of {shown}: the division of a mean forgotten, or summed once too often")
            claims += ["not averaged", "summed"]
        elif n > 2 and (abs(c - n / (n - 1)) < 1e-5 or abs(c - (n - 1) / n) < 1e-5):
            readings.append(f"{n} against {n - 1}, {n} being the length of {shown}: another divisor than forward's")
            claims += ["wrong constant"]
        elif n not in (4, 9, 16) and (abs(c - n**0.5) < 1e-5 * n or abs(c - n**-0.5) < 1e-5):
            readings.append(f"the root of {n}, the length of {shown}: a scaling by it is missing or used twice")
    return readings[:3], claims


def _varying(e: Evidence, moved: Evidence, c: float, there: float) -> Cause:
    """One factor for all entries, but another one at another point: something computed from the whole input."""
    text = f"analytical is {c:.6g} times numerical everywhere, but {there:.6g} times at another point"
    if e.point.size == 1:
        return Cause(text.replace(" everywhere", ""))  # of a single number, nothing more can be said
    for name, function in _SCALARS.items():
        here, then = function(e.point), function(moved.point)
        for power, words in ((1, "once too often"), (-1, "missing"), (2, "twice too often"), (-2, "missing twice")):
            if here and then and abs(c * here**-power - there * then**-power) < 1e-4 * abs(c * here**-power):
                return Cause(f"{text}: a factor proportional to {name} is {words}", "chain factor", "scale")
    if e.values.size == 1 == moved.values.size:
        here, then = float(e.values[0]), float(moved.values[0])
        for power, words in ((1, "once too often"), (-1, "missing"), (2, "twice too often"), (-2, "missing twice")):
            if here and then and abs(c * here**-power - there * then**-power) < 1e-4 * abs(c * here**-power):
                return Cause(f"{text}: a factor proportional to the output is {words}", "chain factor", "scale")
    return Cause(f"{text}: a factor that is computed from the input", "chain factor", "wrong formula", "wrong point")


_SCALARS = {
    "the input's norm": lambda x: float(np.linalg.norm(x)),
    "the input's sum": lambda x: float(x.sum()),
    "the sum of the input's absolute values": lambda x: float(np.abs(x).sum()),
    "the sum of the input's squares": lambda x: float((x * x).sum()),
    "the input's standard deviation": lambda x: float(x.std()),
    "the input's product": lambda x: float(np.prod(x)),
    "the input's largest value": lambda x: float(x.max()),
}
