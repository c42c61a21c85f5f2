"""Rules on products: ratios and errors that are powers of several known numbers, multiplied."""

import itertools

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis.errors import TERM
from minimix.gradcheck.diagnosis.own import own_numbers
from minimix.gradcheck.evidence import Evidence

LARGEST = 4  # exponent


def ratio(e: Evidence) -> Cause | None:
    """The ratio of analytical to numerical as a product of powers."""
    if (found := own_numbers(e)) is None:
        return None
    a, n = (part.reshape(-1) for part in found)
    hit = product(e, np.divide(a, n), 3e-5 + 4 * e.noise / np.min(np.abs(n)))
    if hit is None:
        return None
    c, powers = hit
    text = f"the ratio of analytical to numerical is {_words(c, powers)}"
    over, under = ([name for name, p in powers if (p > 0) == side] for side in (True, False))
    if over and under and abs(sum(p for _, p in powers)) < 0.1:
        return Cause(
            f"{text}: backward has {' and '.join(over)} where {' and '.join(under)} is needed, or these factors are missing and too many",
            *("wrong point", "chain factor", "wrong formula"),
        )
    return Cause(
        f"{text}: factors that are missing (negative exponents) or there too often (positive ones)", "chain factor", "wrong formula"
    )


def error(e: Evidence) -> Cause | None:
    """The error as a product of powers: a summand."""
    if (found := own_numbers(e)) is None:
        return None
    a, n = (part.reshape(-1) for part in found)
    noise = 1e-5 * np.max(np.abs(n)) + 4 * e.noise
    off = np.abs(a - n)
    hit = product(e, a - n, 3e-5 + noise / max(np.min(off), 1e-300))
    if hit is None:
        return None
    return Cause(
        f"the error is {_words(*hit)}, times the incoming gradient: a summand is missing, one too many, or has a wrong sign or factor",
        *TERM,
    )


def product(e: Evidence, values: np.ndarray, tolerance: float) -> tuple[float, list[tuple[str, float]]] | None:
    """(c, [(name, exponent)]) with values = c times powers of at most three numbers. None where that takes more than a fit can
    show: more entries than numbers to fit are needed, and exponents that are multiples of 1/2."""
    if not np.all(np.isfinite(values)) or np.any(values == 0) or tolerance > 1e-2:
        return None
    named = [(name, t) for name, t in _numbers(e) if np.all(t != 0) and np.ptp(np.log(np.abs(t))) > 0.05]
    logs = np.log(np.abs(values))
    if np.ptp(logs) < 1e-2:
        return None
    for count in (1, 2, 3):
        if values.size < count + 5:
            return None
        for chosen in itertools.combinations(named, count):
            columns = np.stack([np.log(np.abs(t)) for _, t in chosen])
            centred = columns - columns.mean(axis=1, keepdims=True)
            gram = centred @ centred.T
            if count > 1 and np.linalg.cond(gram) > 1e4:
                continue
            exponents = np.linalg.solve(gram, centred @ (logs - logs.mean()))
            whole = np.round(2 * exponents) / 2
            if np.any(whole == 0) or np.any(np.abs(whole) > LARGEST) or np.max(np.abs(exponents - whole)) > 1e-2:
                continue
            size = np.exp(whole @ columns)
            for signs in _signs(chosen, whole):
                c = float(np.median(values / (size * signs)))
                if abs(c) > 1e-4 and np.max(np.abs(values / (c * size * signs) - 1)) <= tolerance:
                    return c, [(name, float(p)) for (name, _), p in zip(chosen, whole, strict=True)]
    return None


def _signs(chosen, exponents):
    """The sign of the product: that of odd powers, or of none (absolute values)."""
    odd = [np.sign(t) for (_, t), p in zip(chosen, exponents, strict=True) if p % 2 == 1]
    yield np.prod(odd, axis=0) if odd else 1.0
    if odd:
        yield 1.0


def _numbers(e: Evidence):
    """(name, one number for each entry): the input, other inputs, their sums and differences, the output, 1 - the input."""
    x = e.point
    found = [("the input", x)]
    for j, p in e.others.items():
        try:
            w = np.broadcast_to(p, e.shape) if np.broadcast_shapes(p.shape, e.shape) == e.shape else None
        except ValueError:
            w = None
        if w is not None:
            name = e.probe.names[j]
            found += [(name, w), (f"(the input - {name})", x - w), (f"(the input + {name})", x + w)]
    if e.output is not None and e.output.shape == e.shape:
        found.append(("the output", e.output))
    if e.output is not None and e.output.size > 1 and e.output.shape == e.shape[: e.output.ndim] != e.shape:
        rows = e.output.reshape(e.output.shape + (1,) * (x.ndim - e.output.ndim))
        found.append(("the output", np.broadcast_to(rows, e.shape)))
    found += [("(1 - the input)", 1 - x), ("(1 + the input)", 1 + x)]
    return [(name, t.reshape(-1)) for name, t in found[:12]]


def _words(c: float, powers) -> str:
    parts = [name if p == 1 else f"{name} to the power {p:g}" for name, p in powers]
    return " times ".join(([] if abs(c - 1) < 1e-4 else [f"{c:.4g}"]) + parts)
