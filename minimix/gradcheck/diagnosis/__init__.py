"""Why a gradient is wrong: rules, each with the measurement that justifies its sentence, from the most to the least telling.

remembered  what the first call left behind
whole       not finite, of another shape; nearly right everywhere
flat        no gradient, or a function that does not change
constants   one factor for everything
nearly      rounded inside, differences in place of a derivative, approximations
blocked     masks that are missing, inverted, too narrow
masks       masks that are there, but not forward's
jacobians   which outputs and inputs are connected
indices     what an input of whole numbers names
places      right numbers in wrong places
altered     right for other inputs: transposed, squared, left out
factors     a factor of its own for each entry, or for each output
scales      one for each channel, row or column
known       functions that are recognised, and what goes wrong with them
formulas    of functions that work entry by entry (own: their numbers): which function is it, which should it be?
powers      the same for products of powers of several numbers
errors      an error that is a summand of a known form (summands: of which two is the derivative the sum?)
slices      weights whose taps meet other places
sums        contributions lost, too many, or given to others
terms       a summand missing, doubled, or with the wrong sign
values      right on one side of a number
positions   wrong at some places, whatever the values are
where       which entries: by value or by position

``diagnose`` asks them in order; the first that has an answer is believed. A rule that cannot tell two causes apart names both.
"""

import numpy as np

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import (
    altered,
    blocked,
    constants,
    errors,
    factors,
    flat,
    formulas,
    indices,
    jacobians,
    known,
    masks,
    nearly,
    places,
    positions,
    powers,
    remembered,
    slices,
    sums,
    terms,
    values,
    whole,
)
from minimix.gradcheck.evidence import Evidence

RULES = (
    *(whole.not_finite, whole.shape, remembered.first_call, flat.nothing, flat.independent),  # nothing else can be said
    *(constants.constant, nearly.decimals, nearly.stepped, whole.digits),
    *(blocked.let_through, blocked.inverted, indices.named, blocked.blocked),
    *(known.recognised, factors.two_kinds, masks.another, altered.exchanged),
    *(places.rearranged, places.given_rearranged, altered.other_inputs, altered.other_axis),  # right, but for something else
    *(places.elsewhere, places.permuted, jacobians.turned, jacobians.shifted),
    blocked.outputs_inverted,
    *(factors.per_entry, altered.itself, factors.per_output, indices.repeated),
    *(sums.kept, terms.levelled, nearly.differences, values.one_sided, errors.simple),
    *(formulas.levels, formulas.other_formula, powers.ratio, formulas.factor),
    errors.summand,
    *(terms.homogeneous, terms.diagonal, terms.passed_on, masks.displaced),
    *(sums.contributions, sums.misplaced, sums.spread),
    *(jacobians.taken, jacobians.mixed_axes, jacobians.connected, sums.one_of_equal, sums.one_amount),
    *(altered.lopsided, altered.own_only, slices.moved),
    *(positions.outputs, positions.placed, terms.common, nearly.close),
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
