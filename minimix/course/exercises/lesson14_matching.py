"""An exercise on anchors: which object each of them stands for."""

import numpy as np

from minimix import detection
from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_boxes, drawn_numbers
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import boxes as ways


def _tables(rng):
    for shared, threshold in [
        ([[0.75]], 0.5), ([[0.25]], 0.5), ([[0]], 0.5), ([[0.5]], 0.5), ([[0.25], [0.75]], 0.5), ([[0.75], [0.5]], 0.5),
        ([[0.75], [0.25]], 0.5), ([[0.25], [0.25]], 0.5), ([[0.75, 0.5]], 0.5), ([[0.5, 0.75]], 0.5), ([[0.25, 0]], 0.5),
        ([[0.75, 0], [0, 0.25]], 0.5), ([[0.75, 0.5], [0.25, 0]], 0.5), ([[0.5, 0.75], [0, 0.25]], 0.5),
        ([[0.25, 0.25], [0.25, 0.25]], 0.5), ([[1, 0.75], [0.75, 0.5], [0.5, 0.75]], 0.5), ([[0.5, 0.25], [0.25, 0.5]], 0.25),
        ([[0.75, 0.5], [0.5, 0.25], [0, 0]], 0.5), ([[0.625, 0.75], [0.75, 0.25], [0.5, 0.5]], 0.75),
    ]:  # fmt: skip
        yield {"shared": np.array(shared, float), "threshold": threshold}
    for anchors in (1, 3):
        yield {"shared": np.zeros((anchors, 0)), "threshold": 0.5}
    for anchors, objects in [(2, 2), (3, 2), (4, 2), (3, 3), (5, 3), (6, 2), (2, 4), (8, 3), (12, 5)]:
        yield {"shared": _eighths(rng, anchors, objects), "threshold": float(rng.choice([0.25, 0.5, 0.5, 0.75]))}


def _broad(rng):
    for number in range(110):
        anchors, objects = drawn_numbers.whole(rng, 1, 40), drawn_numbers.whole(rng, 1, 9)
        if number % 3 == 0:
            shared = _eighths(rng, anchors, objects)
        elif number % 3 == 1:  # as of boxes
            found = drawn_boxes.boxes(rng, anchors + objects, 12)[rng.permutation(anchors + objects)]
            shared = detection.intersection_over_union(found[:anchors], found[anchors:])
        else:
            shared = rng.random((anchors, objects)) * (rng.random((anchors, objects)) < rng.choice([0.3, 0.7, 1.0]))
        yield {"shared": shared, "threshold": float(rng.choice([0.125, 0.25, 0.4, 0.5, 0.5, 0.5, 0.7, 0.875, 1.0]))}
    known = [case for case in _tables(rng) if case["shared"].size > 3]
    yield from drawn_numbers.otherwise(known, "shared", manners=drawn_numbers.IN_MEMORY)
    yield {"shared": np.zeros((9, 4)), "threshold": 0.5}
    yield {"shared": np.zeros((20, 0)), "threshold": 0.25}


def _eighths(rng, anchors, objects):
    return rng.choice(8, (anchors, objects), p=[0.3, 0.1, 0.1, 0.1, 0.15, 0.1, 0.1, 0.05]) / 8


def _best_first(shared, threshold, found, least=0.0):
    """Pairs (anchor, object), the one that shares most first; each anchor and each object once."""
    left, pairs = shared.copy(), []
    for _ in range(min(shared.shape)):
        anchor, number = np.unravel_index(left.argmax(), left.shape)
        if left[anchor, number] <= least:
            break
        pairs.append((int(anchor), int(number)))
        left[anchor], left[:, number] = -1, -1
    return pairs


def _above(shared, threshold, row):
    return shared[row].max() >= threshold


def built(
    given=lambda shared: shared, enough=_above, choice=lambda shared, threshold, row: int(shared[row].argmax()),
    own=_best_first, own_last=True, none=-1, told=lambda found, shared, threshold: found,
):  # fmt: skip
    """f(shared, threshold) -> for each anchor an object's number or -1, the right one where no part is given.

    given: change what comes in. enough: whether an anchor shares enough; choice: with which object, both of (shared,
    threshold, anchor). own: pairs (anchor, object) beyond that, of (shared, threshold, found so far). own_last: whether they
    go before the others. none: for no object. told: what is made of the result.
    """

    def function(shared, threshold):
        table = given(shared)
        anchors, objects = table.shape
        found = [none] * anchors
        if objects:
            for row in range(anchors):
                if enough(table, threshold, row):
                    found[row] = choice(table, threshold, row)
            for anchor, number in own(table, threshold, found):
                if own_last or found[anchor] == none:
                    found[anchor] = number
        return told(found, shared, threshold)

    return function


def _each_takes_its_best(shared, threshold, found):
    """In the objects' order; two may want the same anchor, and the last one has it."""
    return [(int(column.argmax()), number) for number, column in enumerate(shared.T) if column.max() > 0]


def _first_come(shared, threshold, found):
    """In the objects' order; what is taken is taken."""
    pairs, left = [], shared.copy()
    for number in range(shared.shape[1]):
        anchor = int(left[:, number].argmax())
        if left[anchor, number] > 0:
            pairs.append((anchor, number))
            left[anchor] = 0
    return pairs


def _first_has_it(shared, threshold, found):
    """In the objects' order; the second that wants an anchor gets none."""
    pairs: dict[int, int] = {}
    for anchor, number in _each_takes_its_best(shared, threshold, found):
        pairs.setdefault(anchor, number)
    return list(pairs.items())


def _surest_has_it(shared, threshold, found):
    """Of several that want an anchor, the one that shares most with it; the others get none."""
    wanted = sorted(_each_takes_its_best(shared, threshold, found), key=lambda pair: shared[pair])
    return wanted


def _all_best(shared, threshold, found):
    """All anchors that share as much as the best one."""
    return [(int(anchor), number) for number, column in enumerate(shared.T) if column.max() > 0
            for anchor in np.flatnonzero(column == column.max())]  # fmt: skip


def _one_pair(shared, threshold, found):
    return _best_first(shared, threshold, found)[:1]


def _without_any(shared, threshold, found):
    """Only for objects that no anchor stands for by the threshold."""
    return [(anchor, number) for anchor, number in _best_first(shared, threshold, found) if number not in found]


def _with_enough(shared, threshold, found):
    return [pair for pair in _best_first(shared, threshold, found) if shared[pair] >= threshold]


def _sharing_nothing(shared, threshold, found):
    return _best_first(shared, threshold, found, least=-0.5)


def _last_of_equals(shared, threshold, found):
    turned = _best_first(shared[::-1, ::-1], threshold, found)
    return [(len(shared) - 1 - anchor, shared.shape[1] - 1 - number) for anchor, number in turned]


def _worst_first(shared, threshold, found):
    """Those objects choose first whose best anchor shares least."""
    pairs, left = [], shared.copy()
    for number in np.argsort(shared.max(axis=0), kind="stable"):
        anchor = int(left[:, number].argmax())
        if left[anchor, number] > 0:
            pairs.append((anchor, int(number)))
            left[anchor] = 0
    return pairs


def _by_best_once(shared, threshold, found):
    """The objects whose best anchor shares most choose first; the order is not looked at again when an anchor is gone."""
    pairs, left = [], shared.copy()
    for number in np.argsort(-shared.max(axis=0), kind="stable"):
        anchor = int(left[:, number].argmax())
        if left[anchor, number] > 0:
            pairs.append((anchor, int(number)))
            left[anchor] = 0
    return pairs


def _zero_is_none(shared, threshold):
    """Step 2 also looks at anchors to which step 1 gave object 0: found[i] <= 0, or not found[i]."""
    found = built()(shared, threshold)
    for row, own in _best_first(shared, threshold, []):
        if own == 0 and shared[row].max() >= threshold:
            found[row] = int(shared[row].argmax())
    return found


def _by_object(found, shared, threshold):
    """For each object an anchor."""
    return [found.index(number) if number in found else -1 for number in range(shared.shape[1])]


def _nothing_left(shared, threshold, row):
    return shared[row].max() > 0


_make = altered(built)
OWN = "First each object gets an anchor of its own"

MATCH = Exercise(
    "match",
    lambda shared, threshold: built()(shared, threshold),
    _tables,
    (
        _make("no anchor of its own", f"{OWN}, however little they share. Here only the threshold counts, so that an object "
              "that shares less with every anchor has none.", own=lambda shared, threshold, found: []),
        _make("only anchors of its own", "Each object has one anchor: step 1 alone. Anchors that are left and share threshold "
              "or more with an object stand for it, too, also where it has its own.",
              enough=lambda shared, threshold, row: False),
        _make("threshold before the anchor of its own", "Where an object's own anchor shares the threshold or more with "
              "another object, it stands for that one here: step 2 goes before step 1, or overwrites it. What step 1 gave "
              "away stays.", own_last=False),
        _make("the last object has the anchor", "Where several objects share most with the same anchor, the last of them has "
              "it, and the others have none. The pair that shares most goes first; the others take what is left.",
              own=_each_takes_its_best),
        _make("the first object has the anchor", "Where several objects share most with the same anchor, the first has it, and "
              "the others get none. The pair that shares most goes first; the others take what is left.", own=_first_has_it),
        _make("the others get no anchor", "Where several objects share most with the same anchor, the one that shares most "
              "has it, which is right; but the others get none. They take the best of what is left.", own=_surest_has_it),
        _make("objects choose in their order", "The objects choose their anchors in the order of their numbers. The pair that "
              "shares most goes first, whatever the numbers are.", own=_first_come),
        _make("objects that share little choose first", "The object whose best anchor shares least chooses first. The pair "
              "that shares most goes first.", own=_worst_first),
        _make("the order is not looked at again", "The objects choose in the order of what each shares with its best anchor "
              "of all. When that anchor is taken, what is left for an object may be less than what is left for another, which "
              "then goes first.", own=_by_best_once),
        _make("only one object gets its own anchor", f"{OWN}. Here only one object gets it, by the pair that shares most of "
              "all: is there a loop, and does it go on?", own=_one_pair),
        _make("all anchors that share most", "Each object gets all anchors that share as much with it as its best one. In step "
              "1 it gets a single one, of equal ones the first.", own=_all_best),
        _make("its own only where it has none", "An object that has an anchor by the threshold gets none of its own here. Step "
              "1 is for every object: its best anchor may be one that shares still more with another object.",
              own=_without_any),
        _make("its own anchor needs the threshold", f"{OWN}, however little they share. Here they must share the threshold in "
              "step 1, too.", own=_with_enough),
        _make("an anchor that shares nothing", "An object gets an anchor with which it shares nothing. argmax of zeros is 0, "
              "the first place: step 1 ends where no pair shares more than 0.", own=_sharing_nothing),
        _make("of equal pairs the last", "Of pairs that share equally much, the one with the greatest numbers goes first in "
              "step 1. The smaller number of the anchor goes first, then the smaller one of the object.", own=_last_of_equals),
        _make("of equal objects the last", "An anchor that shares as much with two objects stands for the last of them. It "
              "should be the first.", choice=lambda shared, threshold, row: len(shared[row]) - 1
              - int(shared[row][::-1].argmax())),
        _make("the threshold itself is too little", "An anchor that shares exactly the threshold stands for no object: > where "
              "it should be >=.", enough=lambda shared, threshold, row: shared[row].max() > threshold),
        _make("the threshold is ignored", "Every anchor that shares anything with an object stands for one. In step 2 it needs "
              "the threshold.",
              enough=_nothing_left),
        _make("all anchors stand for an object", "Every anchor stands for an object, also where it shares nothing with any. It "
              "needs the threshold.",
              enough=lambda shared, threshold, row: True),
        _make("the threshold is 0.5 always", "The threshold is 0.5, whatever is given.",
              enough=lambda shared, threshold, row: shared[row].max() >= 0.5),
        _make("the first object that shares enough", "An anchor stands for the first object with which it shares enough. It "
              "should be the one that it shares most with.",
              choice=lambda shared, threshold, row: int((shared[row] >= threshold).argmax())),
        _make("the last object that shares enough", "An anchor stands for the last object with which it shares enough. It "
              "should be the one that it shares most with: does a later object overwrite an earlier one?",
              choice=lambda shared, threshold, row: int(np.flatnonzero(shared[row] >= threshold)[-1])),
        _make("the object that it shares least with", "An anchor stands for the object that it shares least with: argmin where "
              "argmax is meant.", choice=lambda shared, threshold, row: int(shared[row].argmin())),
        _make("the first object for all", "All anchors that share enough stand for object 0.",
              choice=lambda shared, threshold, row: 0),
        _make("compared with the first object only", "An anchor is compared with object 0 alone: [0] where .max(axis=1) is "
              "meant?", enough=lambda shared, threshold, row: shared[row][0] >= threshold),
        _make("the sum over all objects", "What an anchor shares with all objects is added up. Its best object counts alone.",
              enough=lambda shared, threshold, row: shared[row].sum() >= threshold),
        Mistake("object 0 is taken for none", "An anchor whose own object has the number 0 is taken for one without an object, "
                "and step 2 may give it another one. None is -1.", _zero_is_none),
        _make("numbers begin at 1", "Objects are counted from 1 on. The first one has the number 0.",
              told=lambda found, shared, threshold: [number + 1 if number >= 0 else -1 for number in found]),
        _make("none is 0", "An anchor without an object has a 0, which is the number of the first object. -1 is wanted.",
              told=lambda found, shared, threshold: [max(number, 0) for number in found]),
        _make("numbers begin at 1, none is 0", "Objects are counted from 1 on, and 0 means none. Wanted are numbers from 0 on, "
              "and -1.", told=lambda found, shared, threshold: [number + 1 for number in found]),
        _make("whether there is an object", "This says whether an anchor stands for an object, not for which one.",
              told=lambda found, shared, threshold: [int(number >= 0) for number in found]),
        _make("how much is shared", "This is how much each anchor shares with its object. The object's number is wanted.",
              told=lambda found, shared, threshold: [shared[row, number] if number >= 0 else -1
                                                     for row, number in enumerate(found)]),
        _make("an anchor for each object", "This is a number for each object. One for each anchor is wanted: the first axis of "
              "shared has the anchors.", told=_by_object),
        _make("anchors and objects exchanged", "The axes of shared are exchanged: its rows are anchors, its columns objects.",
              given=lambda shared: shared.T),
        _make("a mark for each pair", "This is a table of anchors and objects. A number for each anchor is wanted.",
              told=lambda found, shared, threshold: [[int(number == j) for j in range(shared.shape[1])] for number in found]),
        _make("the last anchor is left out", "The last anchor never stands for an object: what is the last number that "
              "range(n) gives?", told=lambda found, shared, threshold: [*found[:-1], -1]),
        _make("the first anchor is left out", "The first anchor never stands for an object: range begins at 0.",
              told=lambda found, shared, threshold: [-1, *found[1:]]),
    ),
    whole=True,
    built=built,
    broad=_broad,
    features=features(
        Condition("there is no object", "there is an object", lambda case: case["shared"].shape[1] == 0),
        Condition("there is more than one object", "there is one object at most", lambda case: case["shared"].shape[1] > 1),
        Condition("there are more objects than anchors", "there are as many anchors as objects or more",
                  lambda case: case["shared"].shape[1] > len(case["shared"])),
        Condition("two objects share most with the same anchor", "each object shares most with another anchor", lambda case: (
            case["shared"].shape[1] > 0 and len(set(case["shared"].argmax(axis=0).tolist())) < case["shared"].shape[1])),
        Condition("an anchor shares exactly the threshold", "no anchor shares exactly the threshold",
                  lambda case: bool((case["shared"] == case["threshold"]).any())),
        Condition("an object shares nothing with any anchor", "each object shares something with an anchor",
                  lambda case: bool((case["shared"].max(axis=0) == 0).any())),
        Condition("an object shares less than the threshold with all anchors", "each object shares enough with an anchor",
                  lambda case: bool((case["shared"].max(axis=0) < case["threshold"]).any())),
    ),
    repair=lambda case: _repaired(case["shared"]),
    ways=(ways.match_steps,),
)  # fmt: skip


def _repaired(shared: np.ndarray) -> None:
    """Any numbers to 0 to 1, in place."""
    if shared.flags.writeable:
        shared[...] = np.where((shared < 0) | (shared > 1), np.abs(shared) % 1, shared)


def check_match(function) -> Report:
    """Check f(shared, threshold) -> for each anchor the number of the object that it stands for, or -1: a list (or an array) of
    integers.

    shared: (anchors, objects), the intersection over union of each anchor with each object; one anchor or more, perhaps no
    object. threshold: above 0. First each object gets an anchor of its own: of all pairs, the one that shares most goes first
    (of equal ones that of the first anchor, then of the first object); that anchor and that object are gone, and so on, as long
    as there is a pair that shares more than 0. Then every other anchor that shares ``threshold`` or more with an object, also
    one that has an anchor, stands for the one that it shares most with, of equal ones the first.

    >>> check_match(lambda shared, threshold: [-1] * len(shared)).passed
    False
    """
    return check(MATCH, function)
