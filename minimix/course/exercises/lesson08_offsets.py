"""An exercise on flat memory: where each tap of a kernel reads."""

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake
from minimix.course.checking.report import Report


def _planes(rng):
    for kernel, dilation, columns, images in [
        (1, 1, 1, 1), (2, 1, 2, 1), (2, 1, 3, 1), (2, 2, 3, 1), (2, 1, 4, 1), (2, 1, 4, 2), (3, 1, 3, 1), (3, 1, 5, 1),
        (2, 2, 5, 2), (3, 1, 6, 1), (3, 1, 4, 3), (3, 2, 5, 1), (2, 3, 7, 1), (3, 2, 8, 2), (4, 1, 7, 2), (5, 1, 9, 1),
        (3, 3, 9, 4), (5, 1, 10, 2), (5, 2, 12, 3), (7, 1, 14, 2),
    ]:  # fmt: skip
        yield {"kernel": kernel, "dilation": dilation, "columns": columns, "images": images}


def _offsets(down, across):
    """A function with ``down`` from one row of the kernel to the next, and ``across`` from column to column; both are functions
    of (dilation, columns, images)."""

    def function(kernel, dilation, columns, images):
        steps = down(dilation, columns, images), across(dilation, columns, images)
        return [i * steps[0] + j * steps[1] for i in range(kernel) for j in range(kernel)]

    return function


_solved = _offsets(lambda d, c, n: d * c * n, lambda d, c, n: d * n)


TAP_OFFSETS = Exercise(
    "tap_offsets",
    _solved,
    _planes,
    (
        Mistake(
            "dilation ignored",
            "The offsets are those of a kernel without dilation. How far apart are two taps of a dilated one?",
            _offsets(lambda d, c, n: c * n, lambda d, c, n: n),
        ),
        Mistake(
            "dilation of the columns only",
            "Along a row the taps are dilated, but from one row of taps to the next it is always a single row of the plane.",
            _offsets(lambda d, c, n: c * n, lambda d, c, n: d * n),
        ),
        Mistake(
            "dilation of the rows only",
            "From row to row the taps are dilated, but along a row they are always neighbours.",
            _offsets(lambda d, c, n: d * c * n, lambda d, c, n: n),
        ),
        Mistake(
            "images forgotten",
            "The offsets count columns. Each column of the plane holds the numbers of all images.",
            _offsets(lambda d, c, n: d * c, lambda d, c, n: d),
        ),
        Mistake(
            "images forgotten within a row",
            "From row to row the offsets are right. One column further, memory goes on by as many numbers as there are images.",
            _offsets(lambda d, c, n: d * c * n, lambda d, c, n: d),
        ),
        Mistake(
            "images forgotten from row to row",
            "Within a row the offsets are right. A row has a column's numbers times its columns.",
            _offsets(lambda d, c, n: d * c, lambda d, c, n: d * n),
        ),
        Mistake(
            "rows as long as the kernel",
            "A row of taps lies below the last one in the kernel; in memory a whole row of the plane lies between.",
            lambda kernel, dilation, columns, images: [dilation * images * t for t in range(kernel * kernel)],
        ),
        Mistake(
            "rows and columns exchanged",
            "The first taps go down the plane. The taps come row by row, and the first row goes to the right.",
            _offsets(lambda d, c, n: d * n, lambda d, c, n: d * c * n),
        ),
        Mistake(
            "kernel flipped",
            "The taps come in reverse order. The first one is at the top left.",
            lambda *arguments: _solved(*arguments)[::-1],
        ),
        Mistake(
            "counted from the middle tap",
            "The middle tap has offset 0. Here offsets count from the tap at the top left, so that none is below 0.",
            lambda *arguments: [o - _solved(*arguments)[len(_solved(*arguments)) // 2] for o in _solved(*arguments)],
        ),
        Mistake(
            "one column too few",
            "A row of the plane has as many numbers as columns times images, none less.",
            _offsets(lambda d, c, n: d * (c - 1) * n, lambda d, c, n: d * n),
        ),
        Mistake(
            "from one tap to the next",
            "These are the distances between neighbouring taps. An offset counts from the first tap.",
            lambda *arguments: [b - a for a, b in zip([0, *_solved(*arguments)], _solved(*arguments), strict=False)],
        ),
    ),
    whole=True,
)


def check_tap_offsets(function) -> Report:
    """Check f(kernel, dilation, columns, images) -> for each tap of a kernel x kernel window, row by row, how many numbers
    behind the window's first one it reads: a list, tuple or array of kernel * kernel whole numbers.

    columns: of the plane, its border included. images: numbers that each of its columns holds.

    >>> check_tap_offsets(lambda kernel, dilation, columns, images: range(kernel * kernel)).passed
    False
    """
    return check(TAP_OFFSETS, function)
