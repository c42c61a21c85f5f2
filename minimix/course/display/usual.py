"""What notebooks say of the reader's machine, checked there: most machines agree, and one that does not is no error."""

import os

from minimix.course.display.frontend import is_static


def usually(holds: bool | None, what: str) -> None:
    """Say so where a statement about speed or machine code does not hold on this machine; None: it cannot be known here.

    Where notebooks are run to be stored, what is said in them must hold: there it raises AssertionError. Not where they are
    tested (MINIMIX_COURSE_STRICT=1), perhaps on a machine that has other things to do, too.

    >>> usually(2 < 1, "two is less than one")
    On this machine it is otherwise than on most. Elsewhere, two is less than one.
    >>> usually(1 < 2, "one is less than two")
    """
    if holds is None or holds:
        return
    if is_static() and os.environ.get("MINIMIX_COURSE_STRICT") != "1":
        raise AssertionError(f"not so on this machine: {what}")
    print(f"On this machine it is otherwise than on most. Elsewhere, {what}.")
