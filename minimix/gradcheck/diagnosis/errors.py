"""Rules on the error itself, where a function works entry by entry: is it a summand of a known form?"""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis.formulas import LEAST, fit, worded
from minimix.gradcheck.diagnosis.own import Own, own_numbers
from minimix.gradcheck.evidence import Evidence

TERM = ("term missing", "term extra", "sign of a term", "wrong constant")


def summand(e: Evidence) -> Cause | None:
    """What is too many or missing: a constant, a form of one number, the output times something."""
    own = own_numbers(e)
    if own is None or own.analytical.size < LEAST:
        return None
    n = own.numerical
    error = own.analytical - n
    noise = 1e-5 * np.max(np.abs(n)) + 4 * e.noise
    size = np.max(np.abs(error))
    if noise > 1e-3 * size:
        return None
    wrong = np.abs(error) > 10 * noise
    if wrong.sum() < 3:
        return None
    end = "is missing, one too many, or has a wrong sign or factor"
    c = float(np.median(error[wrong]))
    if np.max(np.abs(error[wrong] - c)) <= 2 * noise:
        if wrong.all():
            return Cause(f"the error is {c:.4g} for every entry, times the incoming gradient: a constant summand {end}", *TERM)
        return Cause(
            f"the error is {c:.4g}, times the incoming gradient, at {int(wrong.sum())} of {n.size} entries, and 0 at the others: a "
            f"summand that is not 0 there (a label, a one-hot target) {end}",
            *TERM,
        )
    if noise > 5e-5 * size:
        return None
    return _form(own, error, noise / size, end)


def _form(own: Own, error: np.ndarray, tolerance: float, end: str) -> Cause | None:
    """The error as a constant times a form of a number, or the output or the input times one."""
    parts = [("", np.ones(error.size))]
    if (y := own.output) is not None and np.all(np.abs(y) > 1e-6 * np.max(np.abs(y))):
        c = float(np.median(error / y))
        if np.max(np.abs(error - c * y)) <= 2 * tolerance * np.max(np.abs(error)):
            return Cause(f"the error is {c:.4g} times the output, times the incoming gradient: a summand {end}", *TERM)
        parts.append(("the output times ", y))
    x = own.numbers[0][1]
    if np.all(x != 0):
        parts.append(("the input times ", x))
    for words, part in parts:
        for name, t in own.numbers:
            if hit := fit(error / part, t, 2 * tolerance):
                letter, shown = worded(name, *hit)
                return Cause(
                    f"the error is {words}{shown}, times the incoming gradient ({letter}: {name}): a summand {end}",
                    *TERM,
                )
    return None
