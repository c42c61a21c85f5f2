"""Why a gradient is wrong: rules, each with the measurement that justifies its sentence, from the most to the least telling.

whole       no gradient, digits, one factor for everything
nearly      rounded inside, differences in place of a derivative, approximations
blocked     masks
places      right numbers in wrong places
altered     right for other inputs: transposed, squared, left out
factors     a factor of its own for each entry, or for each output
scales      one for each channel, row or column
known       functions that are recognised, and what goes wrong with them
formulas    of functions that work entry by entry (own: their numbers): which function is it, which should it be?
powers      the same for products of powers of several numbers
errors      an error that is a summand of a known form
sums        contributions lost, too many, or given to others
terms       a summand missing, doubled, or with the wrong sign
values      right on one side of a number; a mask that is not forward's
positions   wrong at some places, whatever the values are
where       which entries: by value or by position

``diagnose`` asks them in order; the first that has an answer is believed. A rule that cannot tell two causes apart names both.
"""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import (
    altered,
    blocked,
    errors,
    factors,
    formulas,
    known,
    nearly,
    places,
    positions,
    powers,
    sums,
    terms,
    values,
    whole,
)
from minimix.gradcheck.evidence import Evidence

RULES = (
    *(whole.not_finite, whole.shape, whole.rough, whole.zero),  # nothing else can be said
    *(whole.constant, nearly.decimals, nearly.stepped, whole.digits),
    *(blocked.let_through, blocked.inverted, blocked.blocked),
    *(known.recognised, factors.two_kinds, altered.exchanged),
    *(places.rearranged, places.given_rearranged, altered.other_inputs),  # right, but for something else
    *(places.elsewhere, places.permuted, places.shifted),
    *(factors.per_entry, altered.itself, factors.per_output),
    *(terms.levelled, nearly.differences, values.one_sided, errors.simple),
    *(formulas.levels, formulas.other_formula, powers.ratio, formulas.factor),
    *(errors.summand, powers.error),
    *(terms.homogeneous, terms.diagonal, terms.passed_on, values.other_mask, sums.contributions, sums.misplaced),
    *(positions.placed, terms.common, nearly.close),
)


def diagnose(e: Evidence) -> Cause:
    """One sentence on the likely cause."""
    with np.errstate(all="ignore"):
        for rule in RULES:
            if (answer := rule(e)) is not None:
                return answer
    return _unknown(e)


def _unknown(e: Evidence) -> Cause:
    """What can be said where no rule fits."""
    a, n = e.analytical.reshape(-1), e.numerical.reshape(-1)
    norms = np.linalg.norm(a) * np.linalg.norm(n)
    cosine = float(a @ n / norms) if norms > 0 else 0.0
    share = f"{int(e.bad.sum())} of {e.bad.size} entries are wrong"
    if abs(cosine) < 0.3:
        return Cause(f"no pattern found: {share}, and the two gradients have little in common (cosine {cosine:.2f})")
    return Cause(f"no pattern found: {share}; the two gradients are alike (cosine {cosine:.4f})")
