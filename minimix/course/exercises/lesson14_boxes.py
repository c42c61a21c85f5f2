"""An exercise on boxes: how far two of them cover each other."""

import numpy as np

from minimix import detection
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_boxes, drawn_numbers
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import boxes as ways

PIXEL = np.array([0, 0, 1, 1])  # right and bottom, one further


def _boxes(rng):
    pairs = [
        ([[0, 0, 1, 1]], [[0, 0, 1, 1]]), ([[0, 0, 1, 1]], [[1, 0, 2, 1]]), ([[0, 0, 1, 1]], [[2, 2, 3, 3]]),
        ([[0, 0, 2, 1]], [[1, 0, 3, 1]]), ([[0, 0, 1, 2]], [[0, 1, 1, 3]]), ([[0, 0, 2, 2]], [[1, 1, 3, 3]]),
        ([[0, 0, 2, 1]], [[0, 0, 1, 2]]), ([[0, 0, 3, 3]], [[1, 1, 2, 2]]), ([[0, 0, 2, 2]], [[0, 3, 2, 5]]),
        ([[0, 0, 2, 2]], [[3, 0, 5, 2]]), ([[0, 1, 4, 2]], [[1, 0, 2, 5]]), ([[-2, -2, 1, 1]], [[-1, 0, 2, 3]]),
        ([[0, 0, 2, 2], [4, 4, 5, 6]], [[1, 0, 3, 2]]), ([[0, 0, 2, 2]], [[0, 0, 2, 1], [5, 5, 6, 6]]),
        ([[0, 0, 2, 2], [1, 1, 3, 4]], [[1, 1, 3, 3], [0, 0, 2, 2], [3, 1, 4, 4]]),
        ([[0.5, 0.5, 2, 1.5]], [[1, 0.25, 3, 1]]), ([[10, 20, 40, 60]], [[20, 20, 50, 90]]),
    ]  # fmt: skip
    for a, b in pairs:
        yield {"a": np.array(a, float), "b": np.array(b, float)}
    for n, m in [(2, 2), (3, 2), (2, 4), (3, 3), (5, 1), (4, 4), (6, 3), (1, 7), (8, 8), (20, 6), (5, 30)]:
        found = drawn_boxes.boxes(rng, n + m, 12)[rng.permutation(n + m)]
        yield {"a": found[:n], "b": found[n:]}


def _broad(rng):
    for number in range(60):
        n, m = drawn_boxes.sizes(rng), drawn_boxes.sizes(rng)
        found = drawn_boxes.boxes(rng, n + m, int(rng.choice([4, 12, 60, 400])), float(rng.choice(drawn_boxes.GRIDS)))
        found = found[rng.permutation(n + m)] + (1000.0 if number % 10 == 0 else 0.0)
        kind = np.int64 if number % 4 == 0 and not (found % 1).any() else np.float64
        yield {"a": found[:n].astype(kind), "b": found[n:].astype(kind)}
    known = [case for case in _boxes(rng) if case["a"].size >= 8]
    yield from drawn_numbers.otherwise(known, "a", "b", manners=drawn_numbers.IN_MEMORY)


def _of_corners(box):
    return box


def _shared_sides(a, b):
    """(n, m, 2): across and down, below 0 where the boxes lie apart."""
    return np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])


def _cut(sides):
    return np.maximum(sides, 0)


def _areas(a, b):
    """(n, 1) and (1, m)."""
    return np.prod(a[:, 2:] - a[:, :2], axis=1)[:, None], np.prod(b[:, 2:] - b[:, :2], axis=1)[None]


def built(
    given=_of_corners, sides=_shared_sides, cut=_cut, product=lambda sides: sides[..., 0] * sides[..., 1], areas=_areas,
    whole=lambda first, second, shared, a, b: first + second - shared, divided=lambda shared, whole, a, b: shared / whole,
    told=lambda result: result,
):  # fmt: skip
    """f(a, b) -> (n, m), the right one where no part is given.

    given: change a box. sides: of what is shared, of (a, b); cut: what becomes of them; product: the area. areas: of (a, b).
    whole: what is divided by, of (first area, second area, shared, a, b). divided: the fraction. told: what is made of it.
    """

    def function(a, b):
        a, b = given(np.asarray(a, float)), given(np.asarray(b, float))
        shared = product(cut(sides(a, b)))
        first, second = areas(a, b)
        return told(divided(shared, whole(first, second, shared, a, b) + 0 * shared, a, b))

    return function


def _around(a, b):
    """The area of the smallest box around both."""
    return np.prod(np.maximum(a[:, None, 2:], b[None, :, 2:]) - np.minimum(a[:, None, :2], b[None, :, :2]), axis=-1)


def _with_corner(a, b):
    """bool (n, m): whether a corner of b's box lies in a's, or on its edge."""
    x, y = ((a[:, None, None, i] <= b[None, :, i::2]) & (b[None, :, i::2] <= a[:, None, None, i + 2]) for i in (0, 1))
    return x.any(axis=-1) & y.any(axis=-1)


def _from_sizes(box):
    return np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1)


def _from_middles(box):
    return np.concatenate([box[:, :2] - box[:, 2:] / 2, box[:, :2] + box[:, 2:] / 2], axis=1)


def _pairs(result):
    if result.shape[0] != result.shape[1]:
        raise ValueError("operands could not be broadcast together")
    return np.diagonal(result).copy()


def _one_more(areas):
    return lambda a, b: areas(a + PIXEL, b + PIXEL)


def _inclusive(a, b):
    return a + PIXEL, b + PIXEL


_make = altered(built)
NEGATIVE = "The sides of what two boxes share are below 0 where the boxes lie apart."
UNION = "The area of both together is that of the one plus that of the other less what was counted twice."

INTERSECTION_OVER_UNION = Exercise(
    "intersection_over_union",
    detection.intersection_over_union,
    _boxes,
    (
        _make("sides below 0 are not cut", f"{NEGATIVE} Cut each of them off at 0 before they are multiplied.",
              cut=lambda sides: sides),
        _make("the product is cut, not the sides", f"{NEGATIVE} Of two such sides the product is above 0: cut each side off at "
              "0 before they are multiplied.", cut=lambda sides: sides,
              product=lambda sides: np.maximum(sides[..., 0] * sides[..., 1], 0)),
        _make("only the width is cut at 0", f"{NEGATIVE} Only the width is cut off at 0; the height is to be cut, too.",
              cut=lambda sides: np.stack([np.maximum(sides[..., 0], 0), sides[..., 1]], axis=-1)),
        _make("only the height is cut at 0", f"{NEGATIVE} Only the height is cut off at 0; the width is to be cut, too.",
              cut=lambda sides: np.stack([sides[..., 0], np.maximum(sides[..., 1], 0)], axis=-1)),
        _make("sides made positive", f"{NEGATIVE} Made positive, the gap between two boxes counts as shared. Cut it off at 0.",
              cut=np.abs),
        _make("what is shared counts twice in the union", f"The union is the sum of both areas. {UNION}",
              whole=lambda first, second, shared, a, b: first + second),
        _make("what is shared is added to the union", f"What is shared is added to both areas, not subtracted. {UNION}",
              whole=lambda first, second, shared, a, b: first + second + shared),
        _make("what is shared is subtracted twice", f"What is shared is subtracted from each area. {UNION} Once is enough.",
              whole=lambda first, second, shared, a, b: first + second - 2 * shared),
        _make("the box around both in place of the union", "Divided is by the smallest box around both, which holds places "
              f"that are in neither. {UNION}", whole=lambda first, second, shared, a, b: _around(a, b)),
        _make("over the smaller area", f"What is shared is divided by the smaller of the two areas. {UNION}",
              whole=lambda first, second, shared, a, b: np.minimum(first, second)),
        _make("over the larger area", f"What is shared is divided by the larger of the two areas. {UNION}",
              whole=lambda first, second, shared, a, b: np.maximum(first, second)),
        _make("over the first area", f"What is shared is divided by the area of a's box. {UNION}",
              whole=lambda first, second, shared, a, b: first),
        _make("over the second area", f"What is shared is divided by the area of b's box. {UNION}",
              whole=lambda first, second, shared, a, b: second),
        _make("twice what is shared over the sum", "This is Dice's coefficient, 2 I / (A + B). Wanted is I / (A + B - I).",
              whole=lambda first, second, shared, a, b: (first + second) / 2),
        _make("over the product of the areas", f"What is shared is divided by the product of the areas. {UNION}",
              whole=lambda first, second, shared, a, b: first * second),
        _make("over the root of the product of the areas", f"What is shared is divided by the root of both areas' product. "
              f"{UNION}", whole=lambda first, second, shared, a, b: np.sqrt(first * second)),
        _make("the first area for both", "Both areas are those of a's boxes. Does the second line still have the first name in "
              "it?", areas=lambda a, b: (_areas(a, a)[0],) * 2),
        _make("the second area for both", "Both areas are those of b's boxes. Does the first line still have the second name "
              "in it?", areas=lambda a, b: (_areas(b, b)[1],) * 2),
        _make("areas are sums of the sides", "In place of an area stands width + height.",
              areas=lambda a, b: ((a[:, 2:] - a[:, :2]).sum(axis=1)[:, None], (b[:, 2:] - b[:, :2]).sum(axis=1)[None])),
        _make("what is shared is a sum of its sides", "What is shared is width + height. An area is their product.",
              product=lambda sides: sides[..., 0] + sides[..., 1]),
        _make("only the width of what is shared", "The height of what is shared is missing: an area is width times height.",
              product=lambda sides: sides[..., 0]),
        _make("only the height of what is shared", "The width of what is shared is missing: an area is width times height.",
              product=lambda sides: sides[..., 1]),
        _make("the width twice", "What is shared is its width squared: the second factor should be its height.",
              product=lambda sides: sides[..., 0] ** 2),
        _make("the height twice", "What is shared is its height squared: the first factor should be its width.",
              product=lambda sides: sides[..., 1] ** 2),
        _make("corners of what is shared exchanged", "What is shared begins at the larger of both left edges and ends at the "
              "smaller of both right edges. With min and max exchanged it is the box around both.",
              sides=lambda a, b: np.maximum(a[:, None, 2:], b[None, :, 2:]) - np.minimum(a[:, None, :2], b[None, :, :2])),
        _make("what is shared begins too early", "What is shared begins at the larger of both left and top edges, not at the "
              "smaller one.",
              sides=lambda a, b: np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.minimum(a[:, None, :2], b[None, :, :2])),
        _make("what is shared ends too late", "What is shared ends at the smaller of both right and bottom edges, not at the "
              "larger one.",
              sides=lambda a, b: np.maximum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])),
        _make("width and height in place of corners", "The last two numbers of a box are taken for its width and height. They "
              "are its right and its bottom edge.", given=_from_sizes),
        _make("middles in place of corners", "Boxes are taken for (middle, middle, width, height). They are (left, top, right, "
              "bottom).", given=_from_middles),
        _make("rows and columns of a box exchanged", "Boxes are taken for (left, right, top, bottom). They are (left, top, "
              "right, bottom).", given=lambda box: box[:, [0, 2, 1, 3]]),
        _make("one pixel more for all sides", "All sides are right - left + 1, as if edges were pixels that belong to the box. "
              "Here the right edge is where the next pixel would begin.",
              sides=lambda a, b: _shared_sides(*_inclusive(a, b)), areas=_one_more(_areas)),
        _make("one pixel more for the areas only", "Both areas are computed with sides one pixel longer. A box from 0 to 4 is "
              "4 pixels wide.", areas=_one_more(_areas)),
        _make("one pixel more for what is shared only", "The sides of what is shared are one pixel too long. From 0 to 4 it is "
              "4 pixels.", sides=lambda a, b: _shared_sides(*_inclusive(a, b))),
        _make("one more in the denominator", "There is 1 added to the union, against a division by 0. All boxes have an area, "
              "so that there is none; and 1 is much for small boxes.",
              whole=lambda first, second, shared, a, b: first + second - shared + 1),
        _make("only the shared area", "This is the area that two boxes share. It is to be divided by the area of both "
              "together.", divided=lambda shared, whole, a, b: shared),
        _make("only the union", "This is the area of both boxes together. What they share is to be divided by it.",
              divided=lambda shared, whole, a, b: whole),
        _make("upside down", "The fraction stands on its head: what is shared over the whole.",
              divided=lambda shared, whole, a, b: whole / shared),
        _make("a distance", "This is 1 less the wanted number: 0 where two boxes are the same.",
              told=lambda result: 1 - result),
        _make("in percent", "The numbers are in percent. They are wanted from 0 to 1.", told=lambda result: 100 * result),
        _make("rounded", "The numbers are rounded to two digits.", told=lambda result: np.round(result, 2)),
        _make("whether they share anything", "This is 1 where two boxes share something and 0 elsewhere. How much is wanted.",
              told=lambda result: (result > 0).astype(int)),
        _make("generalised IoU", "The empty part of the box around both is subtracted: that is GIoU.",
              divided=lambda shared, whole, a, b: shared / whole - (_around(a, b) - whole) / _around(a, b)),
        _make("rows and columns exchanged", "The result has a row for each box of b. It is to have one for each box of a.",
              told=lambda result: result.T.copy()),
        _make("only pairs with the same number", "Each box is compared with the one of the same number only. All pairs are "
              "wanted: a[:, None] and b[None].", told=_pairs),
        _make("the first of b for all", "All columns are those of the first box of b.",
              told=lambda result: np.repeat(result[:, :1], result.shape[1], axis=1)),
        _make("the first of a for all", "All rows are those of the first box of a.",
              told=lambda result: np.repeat(result[:1], result.shape[0], axis=0)),
        _make("the last of a for all", "All rows are those of the last box of a: is the result [[0] * m] * n, n times the same "
              "list?", told=lambda result: np.repeat(result[-1:], result.shape[0], axis=0)),
        _make("corners of b in a", "Boxes share nothing here unless a corner of b's box lies in a's. Two may also cross, or "
              "a's lie inside b's.", divided=lambda shared, whole, a, b: _with_corner(a, b) * shared / whole),
        _make("corners of a in b", "Boxes share nothing here unless a corner of a's box lies in b's. Two may also cross, or "
              "b's lie inside a's.", divided=lambda shared, whole, a, b: _with_corner(b, a).T * shared / whole),
        _make("the width twice, where both are above 0", "What is shared is its width squared: the second factor should be its "
              "height.", product=lambda sides: sides[..., 0] ** 2 * (sides[..., 1] > 0)),
        _make("the last row and column stay 0", "The last box of a and the last one of b are left out: what is the last number "
              "that range(n) gives?", told=lambda result: _without_last(result)),
        _make("a flat list", "The numbers are in one row. A matrix (n, m) is wanted.", told=lambda result: result.reshape(-1)),
        _make("boxes that touch share something", "Boxes that only touch have a result above 0: is a side of 0 made larger?",
              cut=lambda sides: np.where((sides >= 0).all(axis=-1, keepdims=True), np.maximum(sides, 1), 0)),
    ),
    built=built,
    broad=_broad,
    features=features(
        Condition("two boxes lie apart", "no two boxes lie apart", lambda case: bool((_gaps(case) < 0).any())),
        Condition("two boxes lie apart across and down", "no two boxes lie apart both across and down",
                  lambda case: bool((_gaps(case) < 0).all(axis=-1).any())),
        Condition("two boxes touch", "no two boxes touch", lambda case: bool((_gaps(case).min(axis=-1) == 0).any())),
        Condition("a box lies inside another", "no box lies inside another", lambda case: _inside(case)),
        Condition("there is more than one box in a", "there is a single box in a", lambda case: len(case["a"]) > 1),
        Condition("there is more than one box in b", "there is a single box in b", lambda case: len(case["b"]) > 1),
        Condition("an edge lies below 0", "all edges are 0 or more", lambda case: min(case["a"].min(), case["b"].min()) < 0),
        Condition("the boxes are of whole numbers", "the boxes are of floats", lambda case: case["a"].dtype.kind == "i"),
    ),
    repair=lambda case: [drawn_boxes.repair(boxes) for boxes in case.values()],
    ways=(ways.intersection_over_union_arrays, ways.intersection_over_union_loops),
)  # fmt: skip


def _without_last(result):
    result = result.copy()
    result[-1], result[:, -1] = 0, 0
    return result


def _gaps(case):
    return _shared_sides(case["a"], case["b"])


def _inside(case) -> bool:
    smaller = np.minimum(*_areas(case["a"], case["b"]))
    return bool((np.prod(_cut(_gaps(case)), axis=-1) == smaller).any())


def check_intersection_over_union(function) -> Report:
    """Check f(a, b) -> (n, m): of each box of a with each box of b, the area that both share over that of both together.

    a: (n, 4), b: (m, 4), of float64 or int64: left, top, right, bottom; each box has an area above 0, and there is one or more
    of both. Boxes that share nothing have 0. The result is an array, or a list of lists.

    >>> check_intersection_over_union(lambda a, b: np.zeros((len(a), len(b)))).passed
    False
    """
    return check(INTERSECTION_OVER_UNION, function)
