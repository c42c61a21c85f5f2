"""An exercise on non-maximum suppression: of boxes that cover each other, the surest."""

import numpy as np

from minimix import detection
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_boxes, drawn_numbers
from minimix.course.exercises import lesson14_boxes as overlaps
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import boxes as ways


def _scenes(rng):
    yield _scene([], [], 0.5)
    for boxes, scores in [
        ([[0, 0, 1, 1]], [0.5]), ([[0, 0, 1, 1], [0, 0, 1, 1]], [0.75, 0.5]), ([[0, 0, 1, 1], [0, 0, 1, 1]], [0.25, 0.5]),
        ([[0, 0, 2, 1], [0, 0, 1, 1]], [0.75, 0.5]), ([[0, 0, 1, 1], [0, 0, 1, 1]], [0.5, 0.5]),
        ([[0, 0, 1, 1], [2, 2, 3, 3]], [0.25, 0.5]), ([[0, 0, 1, 1], [1, 0, 2, 1]], [0.5, 0.5]),
        ([[0, 0, 4, 1], [0, 0, 3, 1]], [0.5, 0.75]), ([[0, 0, 1, 4], [0, 1, 1, 4], [0, 2, 1, 4]], [0.75, 0.5, 0.25]),
        ([[0, 0, 4, 1], [1, 0, 5, 1], [2, 0, 6, 1]], [0.75, 0.5, 0.25]),
        ([[0, 0, 4, 1], [1, 0, 5, 1], [2, 0, 6, 1]], [0.25, 0.75, 0.5]),
        ([[0, 0, 2, 2], [4, 4, 6, 6], [0, 0, 2, 2]], [0.5, 0.75, 0.5]),
        ([[0, 0, 4, 4], [0, 0, 4, 5], [9, 9, 12, 12]], [0.5, 0.75, 0.25]),
    ]:  # fmt: skip
        yield _scene(boxes, scores, 0.5)
    yield _scene([[0, 0, 4, 1], [0, 0, 1, 1]], [0.5, 0.25], 0.25)
    yield _scene([[0, 0, 4, 4], [1, 1, 3, 3], [0, 0, 2, 2]], [0.5, 0.25, 0.75], 0.2)
    for n, threshold in [(3, 0.5), (4, 0.5), (4, 0.25), (5, 0.5), (6, 0.75), (8, 0.5), (8, 0.3), (12, 0.5), (15, 0.7)]:
        yield _scene(drawn_boxes.boxes(rng, n, 8)[rng.permutation(n)], rng.permutation(n) / 16, threshold)


def _scene(boxes, scores, threshold):
    return {"boxes": np.array(boxes, float).reshape(-1, 4), "scores": np.array(scores, float), "threshold": threshold}


def _broad(rng):
    for number in range(110):
        n = drawn_numbers.whole(rng, 1, 40)
        boxes = drawn_boxes.boxes(rng, n, int(rng.choice([4, 8, 20, 60])), float(rng.choice(drawn_boxes.GRIDS)))
        scores = rng.choice(n, n) / n if number % 3 == 0 else rng.random(n) if number % 3 == 1 else rng.normal(size=n)
        if number % 20 == 2:
            scores = np.full(n, 0.5)
        yield _scene(boxes[rng.permutation(n)], scores, float(rng.choice([0.0, 0.1, 0.25, 0.3, 0.5, 0.5, 0.5, 0.7, 0.9, 1.0])))
    known = [case for case in _scenes(rng) if case["scores"].size > 2]
    yield from drawn_numbers.otherwise(known, "boxes", "scores", manners=drawn_numbers.IN_MEMORY)
    yield from drawn_numbers.otherwise(known, "scores", manners=("all below 0", "tiny", "huge", "zeros"))


def _surest_first(scores):
    return np.argsort(-scores, kind="stable")


def _above(shared, threshold):
    return shared > threshold


def _by_those_that_stay(order, goes, scores):
    """order: numbers of the boxes. goes: bool (n, n), whether one would put out the other."""
    kept = []
    for i in order:
        if not any(goes[i, j] for j in kept):
            kept.append(int(i))
    return kept


def built(
    order=_surest_first, shared=lambda boxes: detection.intersection_over_union(boxes, boxes), above=_above,
    rule=_by_those_that_stay, given=lambda boxes, scores, threshold: (boxes, scores, threshold),
    told=lambda kept, boxes, scores, order: kept,
):  # fmt: skip
    """f(boxes, scores, threshold) -> numbers of the boxes that stay, the right one where no part is given.

    order: in which the boxes are looked at, of their scores. shared: (n, n), of the boxes. above: what puts a box out, of
    (shared, threshold). rule: which boxes stay, of (order, which would put out which, scores). given: change what comes in.
    told: what is made of the result.
    """

    def function(boxes, scores, threshold):
        ours, points, limit = given(boxes, scores, threshold)
        found = order(points)
        kept = rule(found, above(shared(ours), limit), points)
        return told(kept, boxes, scores, found)

    return function


def _by_all_before(order, goes, scores):
    """Those that were put out put out others, too."""
    return [int(i) for place, i in enumerate(order) if not goes[i, order[:place]].any()]


def _by_the_one_before(order, goes, scores):
    return [int(i) for place, i in enumerate(order) if not place or not goes[i, order[place - 1]]]


def _by_the_last_that_stays(order, goes, scores):
    kept: list[int] = []
    for i in order:
        if not kept or not goes[i, kept[-1]]:
            kept.append(int(i))
    return kept


def _by_the_surest(order, goes, scores):
    return [int(i) for place, i in enumerate(order) if not place or not goes[i, order[0]]]


def _by_surer_ones(order, goes, scores):
    """Equal scores do not put each other out."""
    kept: list[int] = []
    for i in order:
        if not any(goes[i, j] for j in kept if scores[j] > scores[i]):
            kept.append(int(i))
    return kept


def _while_it_is_walked(order, goes, scores):
    """for other in left: left.remove(other): the one behind a removed one is not looked at."""
    left, kept = [int(i) for i in order], []
    while left:
        best = left.pop(0)
        kept.append(best)
        place = 0
        while place < len(left):
            if goes[left[place], best]:
                left.pop(place)
            place += 1
    return kept


def _one_each(order, goes, scores):
    """A break behind the first box that goes: each puts out one, the surest that is left."""
    kept, left = [], [int(i) for i in order]
    while left:
        best = left.pop(0)
        kept.append(best)
        gone = next((i for i in left if goes[i, best]), None)
        left = [i for i in left if i != gone]
    return kept


def _first_by_number(order, goes, scores):
    """The same, but a box that is gone already counts as the one."""
    kept, gone = [], set()
    for place, i in enumerate(order):
        if int(i) in gone:
            continue
        kept.append(int(i))
        gone.update([int(j) for j in order[place + 1 :] if goes[j, i]][:1])
    return kept


def _none_alone(order, goes, scores):
    """while len(left) > 1: the last one that is left is not kept."""
    left, kept = [int(i) for i in order], []
    while len(left) > 1:
        best, *others = left
        kept.append(best)
        left = [i for i in others if not goes[i, best]]
    return kept


def _none(order, goes, scores):
    return [int(i) for i in order]


def _put_out(order, goes, scores):
    kept = _by_those_that_stay(order, goes, scores)
    return [int(i) for i in order if int(i) not in kept]


def _first_only(order, goes, scores):
    return [int(i) for i in order[:1]]


def _any_surer(order, goes, scores):
    """Each is compared with all others, whatever their scores are."""
    return [int(i) for i in order if goes[i].sum() <= 1]


def _with(**parts):
    return lambda boxes: _no_numbers_lost(overlaps.built(**parts)(boxes, boxes)) if len(boxes) else np.zeros((0, 0))


def _no_numbers_lost(shared):
    return np.where(np.isnan(shared), 0, shared)


def _places(kept, boxes, scores, order):
    return [list(map(int, order)).index(i) for i in kept]


_make = altered(built)
SHARED = "The boxes are compared by another number than intersection over union"
FORGOTTEN = "A box goes only where it covers one that stays."

SUPPRESS = Exercise(
    "suppress",
    lambda boxes, scores, threshold: built()(boxes, scores, threshold),
    _scenes,
    (
        _make("nothing is suppressed", "All boxes stay: they are only sorted.", rule=_none),
        _make("those that went suppress others", f"{FORGOTTEN} Here those that are gone already put out others, too: in a row "
              "of three, the third may stay although it covers the second.", rule=_by_all_before),
        _make("compared with the one before only", "Each box is compared only with the next surer one. All that stay are to be "
              "looked at.", rule=_by_the_one_before),
        _make("compared with the last that stays only", "Each box is compared only with the last one that stays. All that stay "
              "are to be looked at.", rule=_by_the_last_that_stays),
        _make("compared with the surest only", "All boxes are compared with the surest one alone: is there a loop around it?",
              rule=_by_the_surest),
        _make("equal scores spare each other", "Boxes with equal scores do not put each other out. Of equal ones the first "
              "stays.", rule=_by_surer_ones),
        _make("taken out of a list while it is walked", "The box behind one that goes is not looked at, as where a list is "
              "changed in a loop over itself. Make a new list.", rule=_while_it_is_walked),
        _make("each puts out a single one", "A box that stays puts out only one other, the surest that it covers. All that it "
              "covers go: does a break end the loop?", rule=_one_each),
        _make("each puts out a single one, if it is there", "A box that stays puts out only one other, the surest that it "
              "covers. All that it covers go: does a break end the loop?", rule=_first_by_number),
        _make("the last one left is lost", "Where a single box is left over, it is not kept: does the loop end one too early?",
              rule=_none_alone),
        _make("those that go", "These are the boxes that go. Those that stay are wanted.", rule=_put_out),
        _make("only the surest", "Only the surest box stays: a return inside of the loop?", rule=_first_only),
        _make("boxes that cover any other go", "A box goes where it covers any other one. The surer of the two is to stay.",
              rule=_any_surer),
        _make("the least sure first", "The boxes are sorted the wrong way round: the least sure one is looked at first.",
              order=lambda scores: np.argsort(scores, kind="stable")),
        _make("not sorted", "The boxes are looked at in the order in which they come. The surest goes first.",
              order=lambda scores: np.arange(len(scores))),
        _make("of equal scores the last", "Of equal scores the last one goes first: is a sorted list turned round? It should "
              "be the first: np.argsort(-scores, kind=\"stable\").",
              order=lambda scores: np.argsort(scores, kind="stable")[::-1]),
        _make("of equal scores the last, or any", "Of equal scores the last one goes first, or any, as in "
              "np.argsort(scores)[::-1]. It should be the first: np.argsort(-scores, kind=\"stable\").",
              order=lambda scores: np.argsort(scores)[::-1]),
        _make("of equal scores any", "Of many equal scores, any may go first: np.argsort leaves equal ones in their order only "
              "with kind=\"stable\".", order=lambda scores: np.argsort(-scores)),
        _make("the last box first", "The scores make no difference: the boxes are looked at as they come, the last one first.",
              order=lambda scores: np.arange(len(scores))[::-1]),
        _make("in the order of the boxes", "The right boxes, but in the order in which they came. The surest goes first.",
              told=lambda kept, boxes, scores, order: sorted(kept)),
        _make("the least sure at the front", "The right boxes, but the least sure one at the front.",
              told=lambda kept, boxes, scores, order: kept[::-1]),
        _make("places after sorting", "These are places in the sorted list. The numbers that the boxes had before are wanted: "
              "order[place].", told=_places),
        _make("a mark for each box", "This says of each box whether it stays. The numbers of those that stay are wanted, the "
              "surest first.", told=lambda kept, boxes, scores, order: [int(i in kept) for i in range(len(boxes))]),
        _make("the boxes themselves", "These are the boxes that stay. Their numbers are wanted.",
              told=lambda kept, boxes, scores, order: boxes[kept]),
        _make("the scores", "These are the scores of the boxes that stay. Their numbers are wanted.",
              told=lambda kept, boxes, scores, order: scores[kept]),
        _make("how many stay", "This is how many boxes stay. Their numbers are wanted.",
              told=lambda kept, boxes, scores, order: len(kept)),
        _make("numbers begin at 1", "The boxes are counted from 1 on. The first one has the number 0.",
              told=lambda kept, boxes, scores, order: [i + 1 for i in kept]),
        _make("the threshold itself is too much", "Two boxes that share exactly the threshold put each other out: >= where it "
              "should be >.", above=lambda shared, threshold: shared >= threshold),
        _make("the threshold itself is too much where it is 0", "With a threshold of 0, boxes that share nothing put each "
              "other out: >= where it should be >. Elsewhere rounding may hide it.",
              above=lambda shared, threshold: shared > threshold if threshold else shared >= 0),
        _make("the threshold the wrong way round", "A box goes where it shares less than the threshold. It should go where it "
              "shares more.", above=lambda shared, threshold: shared < threshold),
        _make("the threshold is ignored", "A box goes as soon as it shares anything with one that stays. It takes more than "
              "the threshold.", above=lambda shared, threshold: shared > 0),
        _make("the threshold is 0.5 always", "The threshold is 0.5, whatever is given.",
              above=lambda shared, threshold: shared > 0.5),
        _make("1 less the threshold", "A box goes where it shares more than 1 - threshold.",
              above=lambda shared, threshold: shared > 1 - threshold),
        _make("only the same box", "Only boxes that are the same put each other out.",
              above=lambda shared, threshold: (shared == 1) & (threshold < 1)),
        Mistake("scores below the threshold left out", "Boxes whose score is below the threshold are left out. The threshold "
                "is one for what boxes share.", lambda boxes, scores, threshold: [
                    i for i in built()(boxes, scores, threshold) if scores[i] >= threshold]),
        _make("scores of 0 and below left out", "Boxes whose score is 0 or less are left out. Scores may be any numbers.",
              told=lambda kept, boxes, scores, order: [i for i in kept if scores[i] > 0]),
        _make("sides below 0 are not cut", f"{SHARED}: the sides of what two boxes share are not cut off at 0, so "
              "that boxes that lie apart share something.", shared=_with(cut=lambda sides: sides)),
        _make("over both areas together", f"{SHARED}: what is shared is not subtracted from both areas.",
              shared=_with(whole=lambda first, second, shared, a, b: first + second)),
        _make("over the smaller area", f"{SHARED}: what is shared is divided by the smaller area.",
              shared=_with(whole=lambda first, second, shared, a, b: np.minimum(first, second))),
        _make("over the area of the box", f"{SHARED}: what is shared is divided by the area of the less sure box alone.",
              shared=_with(whole=lambda first, second, shared, a, b: first)),
        _make("over the area of the surer box", f"{SHARED}: what is shared is divided by the area of the surer box alone.",
              shared=_with(whole=lambda first, second, shared, a, b: second)),
        _make("by the area that is shared", f"{SHARED}: it is the area itself, in square pixels.",
              shared=_with(divided=lambda shared, whole, a, b: shared)),
        _make("width and height in place of corners", f"{SHARED}: the last two numbers of a box are taken for its width and "
              "height. They are its right and its bottom edge.", shared=lambda boxes: _of_sizes(boxes)),
        _make("one pixel more for all sides", f"{SHARED}: all sides are one pixel too long, right - left + 1.",
              shared=lambda boxes: _inclusive(boxes)),
        _make("the middles of the boxes", f"{SHARED}: whether the middle of one lies in the other.",
              shared=lambda boxes: _middles(boxes), above=lambda shared, threshold: shared > 0.5),
    ),
    built=built,
    broad=_broad,
    features=features(
        Condition("there is no box", "there is a box", lambda case: len(case["boxes"]) == 0),
        Condition("there is a single box", "there is not a single box", lambda case: len(case["boxes"]) == 1),
        Condition("two scores are equal", "no two scores are equal",
                  lambda case: len(set(case["scores"])) < len(case["scores"])),
        Condition("the scores are not sorted", "the scores are sorted, the surest first",
                  lambda case: bool((np.diff(case["scores"]) > 0).any())),
        Condition("a score is 0 or less", "all scores are above 0", lambda case: bool((case["scores"] <= 0).any())),
        Condition("two boxes share exactly the threshold", "no two boxes share exactly the threshold",
                  lambda case: bool((_of_others(case) == case["threshold"]).any())),
        Condition("a box covers one that goes", "no box covers one that goes", lambda case: _in_a_row(case)),
        Condition("a box goes", "all boxes stay", lambda case: bool((_of_others(case) > case["threshold"]).any())),
        Condition("the threshold is 0", "the threshold is above 0", lambda case: case["threshold"] == 0),
    ),
    repair=lambda case: drawn_boxes.repair(case["boxes"]),
    ways=(ways.suppress_kept, ways.suppress_left),
)  # fmt: skip


def _of_sizes(boxes):
    return _with(given=lambda box: np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1))(boxes)


def _inclusive(boxes):
    return detection.intersection_over_union(boxes + overlaps.PIXEL, boxes + overlaps.PIXEL)


def _middles(boxes):
    x, y = ((boxes[:, i] + boxes[:, i + 2]) / 2 for i in (0, 1))
    inside = (boxes[:, None, 0] < x) & (x < boxes[:, None, 2]) & (boxes[:, None, 1] < y) & (y < boxes[:, None, 3])
    return inside.T.astype(float)


def _of_others(case) -> np.ndarray:
    """(n, n), what each box shares with each other one; with itself -1."""
    shared = detection.intersection_over_union(case["boxes"], case["boxes"])
    np.fill_diagonal(shared, -1)
    return shared


def _in_a_row(case) -> bool:
    order, goes = _surest_first(case["scores"]), _of_others(case) > case["threshold"]
    return _by_those_that_stay(order, goes, None) != _by_all_before(order, goes, None)


def check_suppress(function) -> Report:
    """Check f(boxes, scores, threshold) -> the numbers of the boxes that stay, the surest first: a list (or an array) of
    integers.

    boxes: (n, 4) of left, top, right, bottom, each with an area above 0; n may be 0. scores: (n,), any numbers. threshold: 0 to
    1. The boxes are looked at from the largest score to the smallest, of equal scores the first one first. A box stays unless
    its intersection over union with a box that stays is above ``threshold``; exactly that is not too much.

    >>> check_suppress(lambda boxes, scores, threshold: list(range(len(boxes)))).passed
    False
    """
    return check(SUPPRESS, function)
