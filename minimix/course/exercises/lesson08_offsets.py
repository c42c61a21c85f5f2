"""An exercise on flat memory: where each tap of a kernel reads."""

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_data, drawn_numbers, rare_counting
from minimix.course.exercises.features import Condition, above, features
from minimix.course.ways import counts


def _planes(rng):
    for kernel, dilation, columns, images in [
        (1, 1, 1, 1), (2, 1, 2, 1), (2, 1, 3, 1), (2, 2, 3, 1), (2, 1, 4, 1), (2, 1, 4, 2), (3, 1, 3, 1), (3, 1, 5, 1), (1, 2,
         3, 4),
        (2, 2, 5, 2), (3, 1, 6, 1), (3, 1, 4, 3), (3, 2, 5, 1), (2, 3, 7, 1), (3, 2, 8, 2), (4, 1, 7, 2), (5, 1, 9, 1),
        (3, 3, 9, 4), (5, 1, 10, 2), (5, 2, 12, 3), (7, 1, 14, 2), (4, 3, 20, 5), (2, 2, 30, 64), (5, 2, 130, 128), (9, 3, 230,
         4096),
    ]:  # fmt: skip
        yield {"kernel": kernel, "dilation": dilation, "columns": columns, "images": images}
    yield from drawn_data.planes(rng)
    small = {"kernel": range(1, 5), "dilation": range(1, 5), "columns": range(1, 13), "images": range(1, 5)}
    for case in drawn_numbers.options(rng, 90, **small):
        if case["columns"] > case["dilation"] * (case["kernel"] - 1):
            yield case
    case = {"kernel": 3, "dilation": 2, "columns": 9, "images": 2}
    yield from drawn_numbers.one_other(case, kernel=(2, 4), dilation=(1, 3), columns=(8, 10), images=(1, 3))


def _wrapped(bits: int, sign: int = 1):
    """Integers of so many bits, which begin again at the other end."""
    shift = 2 ** (bits - 1) * sign
    return lambda offsets, k, d, c, n: [(o + shift) % 2**bits - shift for o in offsets]


def built(
    down=lambda k, d, c, n: d * c * n, across=lambda k, d, c, n: d * n, rows=lambda k: range(k), columns=lambda k: range(k),
    start=lambda k, down, across: 0, column_first=False, after=lambda offsets, k, d, c, n: offsets,
):  # fmt: skip
    """f(kernel, dilation, columns, images), the right one where no part is given.

    down, across: from one row, or column, of taps to the next, of (kernel, dilation, columns, images). rows,
    columns: which taps
    there are. start: what the first one reads, of (kernel, these steps). after: change what comes out.
    """

    def function(kernel, dilation, columns_of_plane, images):
        given = kernel, dilation, columns_of_plane, images
        to_row, to_column = down(*given), across(*given)
        first = start(kernel, to_row, to_column)
        if column_first:
            offsets = [first + i * to_row + j * to_column for j in columns(kernel) for i in rows(kernel)]
        else:
            offsets = [first + i * to_row + j * to_column for i in rows(kernel) for j in columns(kernel)]
        return after(offsets, *given)

    return function


_make = altered(built)

TAP_OFFSETS = Exercise(
    "tap_offsets",
    built(),
    _planes,
    (
        _make("dilation ignored",
        "The offsets are those of a kernel without dilation. How far apart are two taps of a dilated one?",
              down=lambda k, d, c, n: c * n, across=lambda k, d, c, n: n),
        _make("dilation of the columns only", "Along a row the taps are dilated, but from one row of taps to the next it is "
              "always a single row of the plane.", down=lambda k, d, c, n: c * n),
        _make("dilation of the rows only", "From row to row the taps are dilated, but along a row they are always neighbours.",
              across=lambda k, d, c, n: n),
        _make("dilation one too large", "The taps lie dilation + 1 places apart. With dilation 1 they are neighbours.",
              down=lambda k, d, c, n: (d + 1) * c * n, across=lambda k, d, c, n: (d + 1) * n),
        _make("dilation squared", "The dilation counts twice.", down=lambda k, d, c, n: d * d * c * n, across=lambda k, d, c,
        n: d * d * n),
        _make("dilation added, not multiplied",
        "The dilation less 1 is added to the tap's row and column. They are to be multiplied by dilation.",
              after=lambda offsets, k, d, c, n: [((i + d - 1) * c + j + d - 1) * n for i in range(k) for j in range(k)]),
        _make("dilation added from the second tap on", "The dilation less 1 is added to the row and column of all taps but the "
              "first. They are to be multiplied by dilation.", after=lambda offsets, k, d, c, n: [
                  ((i + (d - 1) * (i > 0)) * c + j + (d - 1) * (j > 0)) * n for i in range(k) for j in range(k)]),
        _make("dilation added to each step", "The dilation is added to the steps, where they should be multiplied by it.",
              down=lambda k, d, c, n: (c + d - 1) * n, across=lambda k, d, c, n: n + d - 1),
        _make("images forgotten", "The offsets count columns. Each column of the plane holds the numbers of all images.",
              down=lambda k, d, c, n: d * c, across=lambda k, d, c, n: d),
        _make("images forgotten within a row", "From row to row the offsets are right. One column further, memory goes on by "
              "as many numbers as there are images.", across=lambda k, d, c, n: d),
        _make("images forgotten from row to row",
        "Within a row the offsets are right. A row has a column's numbers times its columns.",
              down=lambda k, d, c, n: d * c),
        _make("images added, not multiplied", "The number of images is added to the step, where it should be multiplied.",
              down=lambda k, d, c, n: d * c + n, across=lambda k, d, c, n: d + n),
        _make("images squared from row to row", "The number of images counts twice from row to row.",
              down=lambda k, d, c, n: d * c * n * n),
        _make("images the outermost axis", "The offsets are repeated for each image, a plane further. The images are "
              "innermost: each place of the plane holds the numbers of all of them.",
              after=lambda offsets, k, d, c,
              n: [m * c * c + (i * c + j) * d for m in range(n) for i in range(k) for j in range(k)]),
        _make("an offset for each image, side by side", "There is an offset for each tap and image. Wanted is one for each "
              "tap: that of its first image.", after=lambda offsets, k, d, c, n: [o + m for o in offsets for m in range(n)]),
        _make("offsets in bytes", "The offsets count bytes, eight for each number. They are to count numbers.",
              after=lambda offsets, k, d, c, n: [8 * o for o in offsets]),
        _make("rows as long as the kernel", "A row of taps lies below the last one in the kernel; in memory a whole row of the "
              "plane lies between.", down=lambda k, d, c, n: k * d * n),
        _make("rows as long as the dilated window", "A row of taps is taken to lie a window's width behind the last one; in "
              "memory a whole row of the plane lies between.", down=lambda k, d, c, n: d * (d * (k - 1) + 1) * n),
        _make("all numbers in a row", "The numbers are 0, 1, 2, ...: the taps, not where they read.",
              after=lambda offsets, k, d, c, n: list(range(k * k))),
        _make("the border added once more", "The kernel's border is added to the columns. They are given with it.",
              down=lambda k, d, c, n: d * (c + k - 1) * n),
        _make("the border added on both sides", "The border is added to the columns, 2 * (k // 2). They are given with it.",
              down=lambda k, d, c, n: d * (c + 2 * (k // 2)) * n),
        _make("the border taken off",
        "The kernel's border is taken off the columns. They are given with it, and it lies in memory.",
              down=lambda k, d, c, n: d * (c - k + 1) * n),
        _make("rows and columns exchanged",
        "The first taps go down the plane. The taps come row by row, and the first row goes to the right.",
              column_first=True),
        _make("kernel flipped", "The taps come in reverse order. The first one is at the top left.",
              after=lambda offsets, k, d, c, n: offsets[::-1]),
        _make("rows upside down", "The last row of taps comes first.", rows=lambda k: range(k)[::-1]),
        _make("columns mirrored", "The last tap of each row comes first.", columns=lambda k: range(k)[::-1]),
        _make("counted from the middle tap", "The middle tap has offset 0. Here offsets count from the tap at the top left, so "
              "that none is below 0.", start=lambda k, down, across: -(k // 2) * (down + across)),
        _make("counted from the last tap", "The last tap has offset 0. Here offsets count from the tap at the top left.",
              start=lambda k, down, across: -(k - 1) * (down + across)),
        _make("taps numbered from 1",
        "Taps are numbered from 1, so that the first one reads a row and a column further. Its offset is 0.",
              start=lambda k, down, across: down + across),
        _make("counted from 1", "All offsets are 1 too large. That of the first tap is 0.", start=lambda k, down, across: 1),
        _make("one column too few",
        "From row to row of taps the offsets grow by one column too little: a row of the plane has columns * images numbers "
        "(or from the end of a row of taps one step too many went back).",
              down=lambda k, d, c, n: d * (c - 1) * n),
        _make("one column too many",
        "From row to row of taps the offsets grow by one column too much: a row of the plane has columns * images numbers (or "
        "from the end of a row of taps one step too few went back).",
              down=lambda k, d, c, n: d * (c + 1) * n),
        _make("the column is not set back", "Each row of taps begins where the one above it ended, and a row further down: the "
              "steps along a row are to be taken back at its end.",
              down=lambda k, d, c, n: d * c * n + k * d * n),
        _make("back by the undilated row of taps", "From the end of a row of taps to the start of the next, as many steps go "
              "back as were taken: they are dilated.", down=lambda k, d, c, n: d * c * n + (d - 1) * (k - 1) * n),
        _make("from one tap to the next",
        "These are the distances between neighbouring taps. An offset counts from the first tap.",
              after=lambda offsets, k, d, c, n: [b - a for a, b in zip([0, *offsets], offsets, strict=False)]),
        _make("the last row of taps missing", "The last row of taps is missing. What is the last number that range(n) gives?",
              rows=lambda k: range(k - 1)),
        _make("the last column of taps missing",
        "The last tap of each row is missing. What is the last number that range(n) gives?",
              columns=lambda k: range(k - 1)),
        _make("the last row and column of taps missing", "The last row and the last column of taps are missing. What is the "
              "last number that range(n) gives?", rows=lambda k: range(k - 1), columns=lambda k: range(k - 1)),
        _make("the first row and column of taps missing",
        "The first row and the first column of taps are missing: range begins at 0.",
              rows=lambda k: range(1, k), columns=lambda k: range(1, k)),
        _make("a row and a column of taps too many", "There is a row and a column of taps too many: kernel + 1.",
              rows=lambda k: range(k + 1), columns=lambda k: range(k + 1)),
        _make("only the first row of taps", "There is a single row of taps: a return inside of the loop?",
        rows=lambda k: range(1)),
        _make("always 3 x 3 taps", "The kernel is taken to be 3 x 3, whatever its size is.", rows=lambda k: range(3),
        columns=lambda k: range(3)),
        _make("all places of the dilated window",
        "All places that the dilated window covers are there, those between the taps, too.",
              after=lambda offsets, k, d, c, n: [
                  (i * c + j) * n for i in range(d * (k - 1) + 1) for j in range(d * (k - 1) + 1)]),
        _make("a list of rows", "There is a list for each row of taps. One flat list of kernel * kernel numbers is wanted.",
              after=lambda offsets, k, d, c, n: [offsets[i * k : i * k + k] for i in range(k)]),
        *(
            _make(f"kept in {bits} bits{' without sign' if not sign else ''}", "Large offsets overflow: an integer of so few "
                  "bits begins again at its other end. Python's own integers, and int64, are large enough.",
                  after=_wrapped(bits, sign))
            for bits, sign in ((8, 1), (16, 1), (32, 1), (8, 0), (16, 0), (32, 0))
        ),
        _make("modulo the window's rows",
        "The offsets are taken modulo columns * kernel (times images): lower rows of taps wrap around.",
              after=lambda offsets, k, d, c, n: [o % (c * k * n) for o in offsets]),
        *rare_counting.TAP_OFFSETS,
    ),
    whole=True,
    built=built,
    features=features(
        above("kernel", 1, "the kernel is larger than 1 x 1", "the kernel is 1 x 1"),
        Condition("the kernel size is even", "the kernel size is odd", lambda case: case["kernel"] % 2 == 0),
        above("dilation", 1, "the dilation is above 1", "the dilation is 1"),
        above("images", 1, "there is more than one image", "there is a single image"),
        Condition("an offset is above 32767", "all offsets are below 32768", lambda case: max(built()(*case.values())) > 32767),
    ),
    ways=(counts.tap_offsets_loops,),
)  # fmt: skip


def check_tap_offsets(function) -> Report:
    """Check f(kernel, dilation, columns, images) -> for each tap of a kernel x kernel window, row by row, how many numbers
    behind the window's first one it reads: a list of kernel * kernel integers (a tuple or an array will do).

    columns: of the plane, its border included. images: numbers that each place in it holds. The first offset is 0. Offsets may
    be large, but fit into 64 bits.

    >>> check_tap_offsets(lambda kernel, dilation, columns, images: range(kernel * kernel)).passed
    False
    """
    return check(TAP_OFFSETS, function)
