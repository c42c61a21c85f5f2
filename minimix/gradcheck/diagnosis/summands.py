"""A derivative as a sum of two known forms, where a function works entry by entry: which one is missing, or too many?"""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis.formulas import LEAST, fit
from minimix.gradcheck.diagnosis.own import Own
from minimix.gradcheck.diagnosis.powers import product, shown_powers

SUMS = (" + {p}", " - {p}")  # families that are sums themselves end so


def form(own: Own, values: np.ndarray, tolerance: float, single: bool = True) -> tuple[str, bool] | None:
    """(what the values, one for each entry, are, whether that is simple): a number, a known function of another number, or a
    product of powers. single: no sum, nothing with branches, and nothing of the output, which may be a sum."""
    size = float(np.max(np.abs(values), initial=0))
    if values.size < LEAST or not (np.isfinite(size) and size > 0) or tolerance > 1e-3:
        return None
    if np.ptp(values) <= tolerance * size:
        return f"{np.median(values):.4g}", True
    if len(np.unique(np.round(values / size, 6))) < 4 or np.median(np.abs(values)) < 1e-3 * size:
        return None  # two or three numbers, or one entry's: any pole fits those
    for words, part in own.parts():
        words = f"({words[:-7]}) times " if " minus " in words else words
        for name, t in own.numbers if not (single and "the output" in words) else ():
            name = f"({name})" if " minus " in name else name
            hit = fit(values / part, t, tolerance)
            if hit and not (single and (hit[0].pieces or hit[0].words.endswith(SUMS))):
                family, c, p = hit
                shown = family.words.format(t=name, p=f"{p:.4g}").replace("(1 * ", "(")
                times = "" if abs(c - 1) < 1e-4 else f"{c:.4g} times "
                simple = not family.words.endswith(SUMS)  # two summands may be wrong, or the whole formula
                return times + words + (shown if family.words == "{t}" else f"({shown})"), simple
    everywhere = bool(np.min(np.abs(values)) > 1e-3 * size)
    hit = product(own, values, tolerance * size / np.min(np.abs(values)), values != 0) if everywhere else None
    if hit is None:
        return None
    simple = not any("(1 " in name or ("the output" in name and p != 1) for name, p in hit[1])
    if single and any("output" in name or " + " in name or " - " in name for name, _ in hit[1]):
        return None
    return shown_powers(*hit), simple


def of_two(own: Own, noise: float) -> Cause | None:
    """The derivative and backward's are sums of the same two summands, but for a sign, a factor, or one of the two.

    noise: what differences leave of the derivative.
    """
    a, n = own.analytical, own.numerical
    error = a - n
    top = np.max(np.abs(error))

    def found(values: np.ndarray, times: float = 1.0) -> str | None:
        hit = form(own, values, max(1e-7, 2 * times * noise / (np.max(np.abs(values)) or 1.0)))
        return hit[0] if hit else None

    if top == 0 or (shown := found(error)) is None:
        return None
    right, given = found(n), form(own, a, 1e-7)
    if right and given:
        return None  # two known functions, rather than a sum
    if right:
        text = f"the derivative is {right}, and backward gives {shown} on top of it: a summand too many"
        return Cause(text, "term extra", "wrong formula")
    if product(own, n, max(1e-7, 2 * noise / (np.min(np.abs(n)) or 1.0)), n != 0):
        return None  # a product, which may be written as a sum
    if given and np.ptp(a) <= 1e-7 * np.max(np.abs(a)):
        return Cause(
            f"backward multiplies by {given[0]} everywhere, as though forward were linear, where the derivative is the sum of "
            f"that and {found(-error)}: a summand, or a factor that depends on the values, is missing",
            *("term missing", "chain factor", "wrong formula"),
        )
    if given:
        return Cause(
            f"the derivative is a sum, of which backward gives {given[0]} alone: the summand {found(-error)} is missing",
            *("term missing", "wrong formula"),
        )
    if first := found((a + n) / 2):
        return Cause(
            f"the derivative is the sum of {first} and {found(-error / 2)}, and backward subtracts the latter: the sign of a "
            "summand is wrong",
            "sign of a term",
        )
    for size in (2, 0.5, 3, 1 / 3):
        second = error / (size - 1)
        if first := found(n - second, 1 + 1 / abs(size - 1)):
            return Cause(
                f"the derivative is the sum of {first} and {found(second)}, and backward gives {size:.4g} times the latter: a "
                "factor of a summand is wrong",
                *("wrong constant", "term extra", "chain factor"),
            )
    return None
