"""Rules on the error itself, where a function works entry by entry: is it a summand of a known form?"""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis.own import Own, own_numbers
from minimix.gradcheck.diagnosis.summands import form, of_two
from minimix.gradcheck.evidence import Evidence

TERM = ("term missing", "term extra", "sign of a term", "wrong constant", "wrong formula", "chain factor", "wrong point")
END = "is missing, one too many, or has a wrong sign or size, or the formula is another one or taken elsewhere"


def _measured(e: Evidence) -> tuple[Own, np.ndarray, float] | None:
    """(the numbers, their error, what differences leave of it), where that is little."""
    own = own_numbers(e)
    if own is None or own.analytical.size < 3:
        return None
    error = own.analytical - own.numerical
    noise = 1e-5 * np.max(np.abs(own.numerical)) + 4 * e.noise
    return (own, error, noise) if noise < 1e-3 * np.max(np.abs(error)) else None


def simple(e: Evidence) -> Cause | None:
    """A constant, at all entries or at some; or a number itself, of this input, another one or the output."""
    if (found := _measured(e)) is None:
        return None
    own, error, noise = found
    wrong = np.abs(error) > 10 * noise
    if wrong.sum() < 3:
        return None
    if (cause := of_two(own, noise)) is not None:
        return cause
    c = float(np.median(error[wrong]))
    if np.max(np.abs(error[wrong] - c)) <= 2 * noise:
        if wrong.all():
            return Cause(f"the error is {c:.4g} for every entry, times the incoming gradient: a constant summand {END}", *TERM)
        if np.max(np.abs(own.analytical + own.numerical)[wrong]) <= 2 * noise:
            return Cause(
                f"the derivative has the wrong sign at {int(wrong.sum())} of {error.size} entries of the output, and is right "
                "at the others: where a label, a condition or a value decides for one of two terms or signs, that one is "
                "wrong, or another number decides",
                *("sign of a term", "value", "sign", "wrong point", "wrong mask", "wrong formula"),
            )
        if np.max(np.minimum(np.abs(own.analytical), np.abs(own.numerical))[wrong]) <= 2 * noise:
            return Cause(  # a mask, other places: no summand
                f"the error is {c:.4g}, times the incoming gradient, at {int(wrong.sum())} of {error.size} entries, and 0 at "
                "the others; at each of them the derivative is 0, or backward gives 0"
            )
        return Cause(
            f"the error is {c:.4g}, times the incoming gradient, at {int(wrong.sum())} of {error.size} entries, and 0 at the "
            f"others: a summand that is not 0 there (a label, a one-hot target) {END}",
            *TERM,
        )
    for name, t in (*own.numbers, *([("the output", own.output)] if own.output is not None else [])):
        if " minus " in name:
            continue  # one number where the other is needed, rather
        c = float(t @ error / (t @ t)) if np.any(t) else 0.0
        if np.ptp(t) > 1e-3 * np.max(np.abs(t)) and np.max(np.abs(error - c * t)) <= 2 * noise:
            return Cause(f"the error is {c:.4g} times {name}, times the incoming gradient: a summand {END}", *TERM)
    return None


def summand(e: Evidence) -> Cause | None:
    """A form of one number, or the output or the input times one; or a product of powers."""
    if (found := _measured(e)) is None:
        return None
    own, error, noise = found
    hit = form(own, error, 2 * noise / np.max(np.abs(error)), single=False)
    if hit is None:
        return None
    text = f"the error is {hit[0]}, times the incoming gradient"
    return Cause(f"{text}: a summand {END}", *TERM) if hit[1] else Cause(text)
