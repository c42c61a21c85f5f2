"""A rule on backward passes that keep what they computed in their first call, and use it in all later ones."""

import numpy as np

from minimix.gradcheck import chance
from minimix.gradcheck.causes import Cause
from minimix.gradcheck.diagnosis import where
from minimix.gradcheck.evidence import Evidence


def first_call(e: Evidence) -> Cause | None:
    """The same gradient at three points, right only where the function was called first: all checks begin at that one."""
    arrays = chance.mirrored(e.probe)
    u = np.random.default_rng(12).standard_normal(e.tape.size)
    place = e.probe.checked.index(e.k)
    here = e.tape.pull(u)[place]
    try:
        with e.probe.record(arrays) as tape:
            if tape.shapes != e.shapes or not np.any(here) or not np.array_equal(tape.pull(u)[place], here):
                return None
    except Exception:
        return None
    there = e.elsewhere(dict(enumerate(chance.mirrored(e.probe))))
    other = where.shuffled(e)
    if there is None or other is None or there.wrong.any() or not np.array_equal(other.analytical, e.analytical):
        return None
    if not other.wrong.any():
        return None
    return Cause(
        "the same gradient at three points, right only where this check called the function first (at the same numbers in "
        "reverse order): backward keeps what it computed in its first call (a mask, an order) and uses it in all later ones",
        *("state", "wrong mask"),
    )
