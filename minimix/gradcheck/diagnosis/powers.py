"""Products: numbers that are powers of several known numbers, multiplied; and the rule on ratios that are."""

import itertools

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis.own import Own, own_numbers
from minimix.gradcheck.evidence import Evidence

LARGEST = 4  # exponent


def ratio(e: Evidence) -> Cause | None:
    """The ratio of analytical to numerical as a product of powers."""
    if (own := own_numbers(e)) is None:
        return None
    a, n = own.analytical, own.numerical
    sure = np.abs(n) > 1e-3 * np.max(np.abs(n))  # differences leave no digits of the others
    if sure.sum() < min(0.6 * a.size, 12) or np.max(np.abs(a[~sure]), initial=0) > 0.1 * np.max(np.abs(a)):
        return None
    hit = product(own, np.divide(a[sure], n[sure]), 3e-5 + 4 * e.noise / np.min(np.abs(n[sure])), sure)
    if hit is None:
        return None
    c, powers = hit
    text = f"the ratio of analytical to numerical is {shown_powers(c, powers)}"
    over, under = ([name for name, p in powers if (p > 0) == side] for side in (True, False))
    if not (over and under):
        of_sums = any("output" in name or " + " in name or " - " in name for name, _ in powers)
        more = ", or a summand or a constant in one of them is another than forward's" if of_sums else ""
        return Cause(
            f"{text}: factors that are missing (negative exponents) or there too often (positive ones){more}",
            *("chain factor", "scale", "wrong formula", "wrong point"),
            *(("term missing", "wrong constant") if of_sums else ()),
        )
    text += f": backward has {' and '.join(over)} where {' and '.join(under)} is needed"
    sums = [[" + " in name or " - " in name or " minus " in name for name in side] for side in (over, under)]
    if any(sums[0]) and any(sums[1]):
        return Cause(
            f"{text}: a summand has the wrong sign, or a factor is taken at another point",
            "sign of a term",
            "wrong point",
            "wrong formula",
        )
    if any(sums[0]) or any(sums[1]):
        return Cause(
            text
        )  # of a sum that is taken for its summand, or a quotient whose other term is missing, or a wrong factor
    if len(over) == len(under) == 1 and {"the input", *over, *under} <= {name for name, _ in own.numbers}:
        return Cause(
            f"{text}: one input is taken for the other, or these factors are missing and too many",
            *("wrong point", "exchanged", "chain factor", "wrong formula"),
        )
    return Cause(
        f"{text}, or these factors are missing and too many",
        *("wrong point", "chain factor", "scale", "wrong formula"),
    )


def product(own: Own, values: np.ndarray, tolerance: float, sure: np.ndarray) -> tuple[float, list[tuple[str, float]]] | None:
    """(c, [(name, exponent)]) with values, those of the entries ``sure``, = c times powers of at most three numbers. None where
    that takes more than a fit can show: more entries than numbers to fit are needed, and exponents that are multiples of 1/2.
    """
    if not np.all(np.isfinite(values)) or np.any(values == 0) or tolerance > 1e-3:
        return None
    numbers = [(name, t[sure]) for name, t in _numbers(own)]
    named = [(name, t) for name, t in numbers if np.all(t != 0) and np.ptp(np.log(np.abs(t))) > 0.05]
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


def _numbers(own: Own):
    """(name, one number for each place): what ``own`` has, sums with the input, the output, its differences, 1 - the input."""
    (_, x), *others = [(name, t) for name, t in own.numbers if " times " not in name]
    found = [("the input", x)]
    for name, t in others:
        found.append((f"({name})" if " minus " in name else name, t))
        if " minus " not in name:
            found.append((f"(the input + {name})", x + t))
    if own.output is not None:
        found.append(("the output", own.output))
        found += [(f"(the output - {name})", own.output - t) for name, t in others if " minus " not in name]
    found = [*found[:14], ("(1 - the input)", 1 - x), ("(1 + the input)", 1 + x)]
    if own.output is not None:
        found += [("(1 - the output)", 1 - own.output), ("(1 + the output)", 1 + own.output)]
    return found


def shown_powers(c: float, powers) -> str:
    """The product, in words."""
    parts = [name if p == 1 else f"{name} to the power {p:g}" for name, p in powers]
    return " times ".join(([] if abs(c - 1) < 1e-4 else [f"{c:.4g}"]) + parts)
