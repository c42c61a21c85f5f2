"""Rules on errors that depend on the value: right on one side of some number, wrong on the other."""

from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import where
from minimix.gradcheck.evidence import Evidence


def one_sided(e: Evidence) -> Cause | None:
    """A branch that is wrong."""
    if not (~e.bad & ~e.dead).any():
        return None  # right only where there is nothing
    found = where.by_value(e, e.bad, lambda other: other.bad)
    if not found:
        return None
    return Cause(
        f"wrong exactly where {found[0]} is {found[1]}, right elsewhere: the formula for those values (a term or its sign, a "
        "factor, a constant of it) is wrong or missing",
        *(
            "value",
            "wrong mask",
            "no mask",
            "wrong constant",
            "wrong formula",
            "term missing",
            "chain factor",
            "sign of a term",
            "other place",
            "scale",
        ),
    )
