"""An exercise on shared weights: which of the largest kernels' weights a choice of groups leaves."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises.features import Condition, above, features
from minimix.course.ways import comparisons
from minimix.partition import partition


def _choices(rng):
    for channels, groups, largest in [
        (1, 1, 3), (2, 1, 3), (2, 2, 5), (1, 1, 5), (3, 2, 5), (2, 1, 5), (3, 3, 7), (4, 2, 5), (3, 2, 7), (5, 2, 5), (4, 3, 7),
        (5, 3, 7), (6, 3, 9), (7, 4, 9), (8, 4, 11), (4, 4, 9), (11, 5, 11), (12, 5, 11), (13, 5, 11), (9, 1, 11), (10, 2, 11),
        (14, 3, 11), (6, 5, 13),
    ]:  # fmt: skip
        yield {"channels": channels, "groups": groups, "largest": largest}


def _broad(rng):
    for _ in range(30):
        groups = int(rng.integers(1, 6))
        channels = groups + int(rng.integers(0, 40))
        yield {"channels": channels, "groups": groups, "largest": 2 * groups + 1 + 2 * int(rng.integers(0, 4))}
    yield {"channels": 96, "groups": 5, "largest": 11}


def _equal(channels, groups):
    return partition(channels, groups)


def _middle(size, largest):
    return (largest - size) // 2


def _square(size, largest, first, _):
    plane = np.zeros((largest, largest), int)
    plane[max(first, 0) : first + size, max(first, 0) : first + size] = 1
    return plane


def built(
    sizes=_equal, kernel=lambda t: 2 * t + 3, first=_middle, plane=_square, order=lambda groups: range(groups),
    told=lambda masks: masks,
):  # fmt: skip
    """f(channels, groups, largest), the right one where no part is given.

    sizes: channels of each group. kernel: size of group t, counted from 0. first: its first row, of (size, largest). plane: of
    (size, largest, first row, group). order: of the groups. told: what is made of the masks in the end.
    """

    def function(channels, groups, largest):
        planes = [plane(size, largest, first(size, largest), t) for t in order(groups) for size in [kernel(t)]]
        counts = sizes(channels, groups)
        masks = [one for one, count in zip(planes, counts, strict=True) for _ in range(int(count))]
        whole = np.array(masks, int).reshape(len(masks), 1, largest, largest)
        return told(whole).tolist()

    return function


def _rest_to(place):
    def sizes(channels, groups):
        found = [channels // groups] * groups
        found[place(groups)] += channels % groups
        return found

    return sizes


def _spread(channels, groups):
    return [channels // groups + (t < channels % groups) for t in range(groups)]


def _exponential(channels, groups):
    found = [channels // 2 ** (t + 1) for t in range(groups)]
    found[-1] += channels - sum(found)
    return found


def _alternating(channels, groups, largest):
    planes = [_square(2 * t + 3, largest, _middle(2 * t + 3, largest), t) for t in range(groups)]
    return [[planes[c % groups].tolist()] for c in range(channels)]


def _lost(channels, groups, largest):
    masks = np.array(built()(channels, groups, largest))
    masks[groups * (channels // groups) :] = 0
    equal = np.array(built(sizes=lambda c, g: [c // g] * g)(channels, groups, largest))
    masks[: len(equal)] = equal
    return masks.tolist()


def _ring(size, largest, first, t):
    inner = _square(size - 2, largest, first + 1, t)
    return _square(size, largest, first, t) - (inner if size > 3 else 0)


def _cross(size, largest, first, _):
    plane = np.zeros((largest, largest), int)
    plane[first : first + size, largest // 2] = 1
    plane[largest // 2, first : first + size] = 1
    return plane


def _rows_only(size, largest, first, _):
    plane = np.zeros((largest, largest), int)
    plane[first : first + size] = 1
    return plane


def _diamond(size, largest, first, _):
    i, j = np.abs(np.indices((largest, largest)) - largest // 2)
    return (i + j <= size // 2).astype(int)


def _disc(size, largest, first, _):
    i, j = np.indices((largest, largest)) - largest // 2
    return (i**2 + j**2 <= (size / 2) ** 2).astype(int)


def _from_to(size, largest, first, _):
    """Up to the size in place of the end."""
    plane = np.zeros((largest, largest), int)
    plane[first:size, first:size] = 1
    return plane


def _behind_each_other(count, moves=True):
    """Slices of masks written one after the other. count: channels of group t, of (channels, groups, t). moves: whether the
    next one begins where the last one ends."""

    def function(channels, groups, largest):
        masks, place = np.zeros((channels, 1, largest, largest), int), 0
        for t in range(groups):
            many = count(channels, groups, t)
            masks[place : place + many, 0] = _square(2 * t + 3, largest, _middle(2 * t + 3, largest), t)
            place += many * moves
        return masks.tolist()

    return function


def _from_the_largest_there_is(to_the_edge):
    """The rim is counted from the choice's largest kernel. to_the_edge: whether a kernel ends as far from the other side."""

    def function(channels, groups, largest):
        def plane(size, largest, first, t):
            rim, found = groups - 1 - t, np.zeros((largest, largest), int)
            end = largest - rim if to_the_edge else rim + size
            found[rim:end, rim:end] = 1
            return found

        return built(plane=plane)(channels, groups, largest)

    return function


_make = altered(built)
_FIRST = "What is left over goes to the first group."
_CENTRE = "A small kernel lies in the middle of the large one."

KERNEL_MASK = Exercise(
    "kernel_mask",
    built(),
    _choices,
    (
        _make("remainder to the last group", f"The channels that are left over go to the last group. {_FIRST}",
              sizes=_rest_to(lambda groups: -1)),
        _make("remainder to the second group", f"The channels that are left over go to the second group. {_FIRST}",
              sizes=_rest_to(lambda groups: min(1, groups - 1))),
        _make("remainder spread", f"The channels that are left over are shared out among the first groups. {_FIRST}",
              sizes=_spread),
        _make("remainder missing", f"The channels that are left over have no mask. {_FIRST}",
              sizes=lambda channels, groups: [channels // groups] * groups),
        Mistake("remainder all zero", f"The channels that are left over have a mask of zeros. {_FIRST}", _lost),
        Mistake("remainder to each group", "Every group gets the channels that are left over, so that the later ones begin too "
                f"late. {_FIRST}", _behind_each_other(lambda channels, groups, t: channels // groups + channels % groups)),
        Mistake("every group begins at channel 0", "Every group's slice begins at channel 0, and later ones stay 0: is the "
                "first channel moved on?",
                _behind_each_other(lambda channels, groups, t: _equal(channels, groups)[t], moves=False)),
        _make("remainder rounded up", "Each group's channels are rounded up: there are more masks than channels.",
              sizes=lambda channels, groups: [-(-channels // groups)] * groups),
        _make("channels divided exponentially", "The channels are divided in the exponential way. It is the equal kind here.",
              sizes=_exponential),
        Mistake("groups in turns", "The channels go to the groups in turns. Those of a group lie side by side.", _alternating),
        _make("largest kernels first", "The first group has the largest kernel. The kernels grow: 3, 5, 7, ...",
              order=lambda groups: range(groups)[::-1]),
        _make("kernels from 1 on", "The kernels are 1, 3, 5, ... They begin at 3.", kernel=lambda t: 2 * t + 1),
        _make("kernels from 5 on", "The kernels are 5, 7, 9, ... They begin at 3.", kernel=lambda t: 2 * t + 5),
        _make("kernels 3, 4, 5, ...", "The kernels grow by 1. They grow by 2: each has a middle.", kernel=lambda t: t + 3),
        _make("kernels 3, 6, 9, ...", "The kernels grow by 3. They grow by 2.", kernel=lambda t: 3 * t + 3),
        _make("3x3 for all", "All kernels are 3x3. That of group t, from 1, is 2 t + 1.", kernel=lambda t: 3),
        Mistake("the last group's kernel for all", "All channels have the choice's largest kernel. Only the last group has.",
                lambda c, g, n: built(kernel=lambda t: 2 * g + 1)(c, g, n)),
        Mistake("the whole kernel for all", "All weights are there: this is the shared network without a choice.",
                lambda c, g, n: np.ones((c, 1, n, n), int).tolist()),
        Mistake("the whole kernel for the last group", "The last group has all weights, whatever its own kernel is.",
                lambda c, g, n: built(kernel=lambda t: n if t == g - 1 else 2 * t + 3)(c, g, n)),
        _make("a rim of 0 counted from the end", "Where a kernel is as large as the whole, its rim is 0, and a slice up to -0 "
              "is empty: nothing is kept. Write the end as largest - rim.",
              plane=lambda size, largest, first, t: _square(size, largest, first, t) * (size < largest)),
        Mistake("the side of the choice's largest kernel", "The masks have the side of the choice's largest kernel, 2 groups + "
                "1. The weights have that of the largest of all choices.", lambda c, g, n: built()(c, g, 2 * g + 1)),
        Mistake("the rim up to the choice's largest kernel", "The rim around a kernel is counted from the choice's largest "
                "kernel, on both sides: where that is smaller than the whole, all kernels are too large.",
                _from_the_largest_there_is(True)),
        Mistake("the middle of the choice's largest kernel", "The kernels lie in the middle of the choice's largest one, in "
                f"the first corner. {_CENTRE}", _from_the_largest_there_is(False)),
        _make("kernels in the corner", f"The kernels lie in the first corner. {_CENTRE}", first=lambda size, largest: 0),
        _make("kernels in the last corner", f"The kernels lie in the last corner. {_CENTRE}",
              first=lambda size, largest: largest - size),
        _make("kernels one too far", f"The kernels lie a row and a column too far down and right. {_CENTRE}",
              first=lambda size, largest: _middle(size, largest) + 1),
        _make("kernels one too little", f"The kernels lie a row and a column too far up and left. {_CENTRE}",
              first=lambda size, largest: _middle(size, largest) - 1),
        _make("kernels that begin in the middle", f"The kernels begin in the middle of the large one. {_CENTRE}",
              first=lambda size, largest: largest // 2),
        _make("the end taken for the size", "The slice ends at the kernel's size, where it should end at its first row + size.",
              plane=_from_to),
        _make("one row and column too few", "The last row and column of each kernel are missing: a slice ends before its end.",
              plane=lambda size, largest, first, t: _square(size - 1, largest, first, t)),
        _make("one row and column too many", "Each kernel has a row and a column too many.",
              plane=lambda size, largest, first, t: _square(size + 1, largest, first, t)),
        _make("only the rim", "Of each kernel only the outermost ring is there. A 5x5 kernel has a middle, too.", plane=_ring),
        _make("a cross", "Each mask is a cross: rows or columns. All taps of a square are there.", plane=_cross),
        _make("whole rows", "The columns are not cut: each mask has whole rows.", plane=_rows_only),
        _make("whole columns", "The rows are not cut: each mask has whole columns.",
              plane=lambda *given: _rows_only(*given).T),
        _make("a diamond", "Each mask is a diamond. All taps of a square are there.", plane=_diamond),
        _make("a disc", "Each mask is a disc. All taps of a square are there.", plane=_disc),
        _make("0 and 1 exchanged", "The weights that a choice does not have are 1, not 0.", told=lambda masks: 1 - masks),
        _make("kernel sizes in place of 1", "The masks hold kernel sizes. Weights are multiplied by them: 0 or 1 is wanted.",
              plane=lambda size, largest, first, t: size * _square(size, largest, first, t)),
        _make("divided by the kernel's taps", "Each mask adds up to 1. Weights are multiplied by it: 0 or 1 is wanted.",
              told=lambda masks: masks / np.maximum(masks.sum(axis=(1, 2, 3), keepdims=True), 1)),
        _make("without the axis of length 1", "The masks have the shape (channels, largest, largest). The weights have "
              "(channels, 1, largest, largest).", told=lambda masks: masks[:, 0]),
        _make("channels on the second axis", "The masks have the shape (1, channels, largest, largest). The weights have "
              "(channels, 1, largest, largest).", told=lambda masks: masks.transpose(1, 0, 2, 3)),
        Mistake("one mask a group", "There is one mask for each group. Each channel has a kernel of its own.",
                lambda c, g, n: built(sizes=lambda channels, groups: [1] * groups)(c, g, n)),
        Mistake("only the last group", "Only the last group has a mask, all others are 0: is the array made anew in the loop?",
                lambda c, g, n: built(plane=lambda size, largest, first, t: _square(size, largest, first, t) * (t == g - 1))(
                    c, g, n)),
    ),
    built=built,
    broad=_broad,
    features=features(
        above("groups", 1, "there is more than one group", "there is a single group"),
        Condition("the channels cannot be divided evenly", "the channels can be divided evenly",
                  lambda case: case["channels"] % case["groups"] != 0),
        Condition("no group has the largest kernel", "the last group has the largest kernel",
                  lambda case: case["largest"] > 2 * case["groups"] + 1),
    ),
    ways=(comparisons.kernel_mask_slices, comparisons.kernel_mask_distances),
    first_axis="channel",
)  # fmt: skip


def check_kernel_mask(function) -> Report:
    """Check f(channels, groups, largest) -> (channels, 1, largest, largest) of 0 and 1: which weights of depthwise kernels of
    the size ``largest`` a MixConv with so many groups has.

    Each group has channels // groups channels, side by side, the first one also what is left over; group t, from 1, has square
    kernels of side 2 t + 1, in the middle of the large one. largest is odd, and 2 * groups + 1 or more; channels are as many as
    groups, or more. An array of any dtype will do, or nested lists.

    >>> check_kernel_mask(lambda channels, groups, largest: np.ones((channels, 1, largest, largest))).title
    'kernel_mask: the whole kernel for all'
    """
    return check(KERNEL_MASK, function)
