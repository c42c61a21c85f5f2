"""An exercise on average precision: how good a list of detections is."""

import numpy as np

from minimix.course.checking.engine import check
from minimix.course.checking.exercise import Exercise, Mistake, altered
from minimix.course.checking.report import Report
from minimix.course.exercises import drawn_numbers
from minimix.course.exercises.features import Condition, features
from minimix.course.ways import boxes as ways

RECALLS = np.linspace(0, 1, 101)


def _lists(rng):
    yield _list([], [], 1)
    for right, scores, objects in [
        ([1], [0.5], 1), ([0], [0.5], 1), ([1], [0.5], 2), ([0, 1], [0.75, 0.5], 1), ([0, 1], [0.25, 0.5], 1),
        ([1, 0], [0.75, 0.5], 1), ([1, 0], [0.5, 0.5], 1), ([0, 1], [0.5, 0.5], 1), ([1, 1], [0.75, 0.5], 2),
        ([0, 1, 1], [0.75, 0.5, 0.25], 2), ([1, 0, 1], [0.75, 0.5, 0.25], 2), ([1, 0, 1], [0.75, 0.5, 0.25], 4),
        ([0, 0, 0], [0.75, 0.5, 0.25], 2), ([0, 1, 1, 0], [0.25, 0.75, 0.5, 1], 2), ([1, 0, 0, 1], [1, 0.75, 0.5, 0.25], 3),
        ([0, 1, 0, 1, 1], [0.9, 0.8, 0.7, 0.6, 0.5], 3), ([1, 0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5, 0.5], 4),
    ]:  # fmt: skip
        yield _list(right, scores, objects)
    for d, objects in [(3, 2), (4, 3), (5, 4), (6, 4), (8, 5), (8, 16), (10, 6), (12, 8)]:
        yield _drawn(rng, d, objects)


def _list(right, scores, objects):
    return {"right": np.array(right, bool), "scores": np.array(scores, float), "objects": objects}


def _drawn(rng, d, objects):
    """Not more are right than there are objects, and surer ones more often."""
    while True:
        scores = rng.choice(d, d) / d if rng.random() < 0.3 else rng.random(d)
        right = rng.random(d) < 0.25 + 0.6 * scores
        right &= np.cumsum(right) <= objects
        if _alike(case := _list(right, scores, objects)):
            return case


def _alike(case) -> bool:
    """Whether it does not matter how 0, 0.01, ..., 1 are rounded: some recalls are one of them but for the last digit."""
    hits = np.arange(1, case["right"].sum() + 1)
    exact = hits[100 * hits % case["objects"] == 0]
    place = 100 * exact // case["objects"]
    return all(
        (exact / case["objects"] >= values[place]).all() for values in (RECALLS, np.arange(101) * 0.01, np.arange(101) / 100)
    )


def _broad(rng):
    for number in range(100):
        case = _drawn(rng, drawn_numbers.whole(rng, 1, 120), drawn_numbers.whole(rng, 1, 60))
        if number % 4 == 0:
            case["scores"] = case["scores"] * 10.0 ** rng.integers(-3, 4) - rng.choice([0, 1, 5])
        if _alike(case):
            yield case
    known = [case for case in _lists(rng) if case["scores"].size > 3]
    yield from drawn_numbers.otherwise(known, "right", "scores", manners=drawn_numbers.IN_MEMORY)
    yield _list([], [], 7)


def _surest_first(scores):
    return np.argsort(-scores, kind="stable")


def _highest_behind(precision):
    return np.maximum.accumulate(precision[::-1])[::-1]


def _first_there(precision, recall, value):
    place = np.searchsorted(recall, value, side="left")
    return precision[place] if place < len(precision) else 0.0


def built(
    given=lambda right, scores, objects: (right, scores, objects), order=_surest_first,
    recall_of=lambda hits, found, objects: hits / objects, precision_of=lambda hits, found, objects: hits / found,
    highest=_highest_behind, recalls=lambda: RECALLS, read=_first_there, mean=np.mean, told=lambda result: result,
):  # fmt: skip
    """f(right, scores, objects) -> average precision, the right one where no part is given.

    given: change what comes in. order: of scores. recall_of, precision_of: of (how many are right so far, how many there are so
    far, objects). highest: what becomes of the precisions. recalls: where they are read; read: of (precision, recall, value).
    mean: of what was read. told: what is made of it.
    """

    def function(right, scores, objects):
        ours, points, number = given(right, scores, objects)
        hits = np.cumsum(ours[order(points)], dtype=float)
        found = np.arange(1, len(hits) + 1)
        recall, precision = recall_of(hits, found, number), highest(precision_of(hits, found, number))
        return told(mean([read(precision, recall, value) for value in recalls()]))

    return function


def _beyond(precision, recall, value):
    """Only where recall is above the value."""
    place = np.searchsorted(recall, value, side="right")
    return precision[place] if place < len(precision) else 0.0


def _last_precision(precision, recall, value):
    place = min(np.searchsorted(recall, value, side="left"), len(precision) - 1)
    return precision[place] if len(precision) else 0.0


def _in_between(precision, recall, value):
    return np.interp(value, recall, precision, right=0.0) if len(precision) else 0.0


def _nearest(precision, recall, value):
    return precision[np.abs(recall - value).argmin()] if len(precision) else 0.0


def _before(precision, recall, value):
    """The last one whose recall is not above the value."""
    place = np.searchsorted(recall, value, side="right") - 1
    return precision[place] if place >= 0 else 0.0


def _reached(right, scores, objects):
    """The mean over those recalls only that are reached."""
    found = built(mean=np.sum)(right, scores, objects)
    top = right.sum() / objects
    return found / np.sum(RECALLS <= top)


def _sorted(right, scores):
    right = right[_surest_first(scores)]
    hits, found = np.cumsum(right, dtype=float), np.arange(1, len(right) + 1)
    return right, hits, found


def _under_steps(envelope):
    """The area under precision over recall, exactly."""

    def function(right, scores, objects):
        right, hits, found = _sorted(right, scores)
        precision = envelope(hits / found)
        return float((precision * right).sum() / objects)

    return function


def _trapezoids(right, scores, objects):
    right, hits, found = _sorted(right, scores)
    precision, recall = np.r_[1.0, hits / found], np.r_[0.0, hits / objects]
    return float((np.diff(recall) * (precision[1:] + precision[:-1]) / 2).sum())


def _over_the_right_ones(right, scores, objects):
    right, hits, found = _sorted(right, scores)
    return float((hits / found)[right].mean()) if right.any() else 0.0


def _over_all(right, scores, objects):
    right, hits, found = _sorted(right, scores)
    return float((hits / found).mean()) if len(right) else 0.0


def _at_once(right, scores, objects):
    """A place in the list only behind all detections of a score."""
    order = _surest_first(scores)
    ends = np.append(np.diff(scores[order]) != 0, True)[: len(order)]
    hits, found = np.cumsum(right[order], dtype=float)[ends], np.arange(1, len(order) + 1)[ends]
    return np.mean([_first_there(_highest_behind(hits / found), hits / objects, value) for value in RECALLS])


def _f1(right, scores, objects):
    return 2 * right.sum() / (len(right) + objects)


def _kept(keep):
    """Only some of the detections: keep(right, scores)."""

    def given(right, scores, objects):
        kept = keep(right, scores)
        return right[kept], scores[kept], objects

    return given


_make = altered(built)
READ = "Precision is read at 101 recalls, 0, 0.01, ..., 1"
HIGHEST = "At a recall the highest precision counts that is found there or at a higher recall."

AVERAGE_PRECISION = Exercise(
    "average_precision",
    lambda right, scores, objects: float(built()(right, scores, objects)),
    _lists,
    (
        _make("not sorted", "The detections are taken as they come. They are to be sorted by their scores, the surest first.",
              order=lambda scores: np.arange(len(scores))),
        _make("the least sure first", "The detections are sorted the wrong way round: the surest one is to be the first.",
              order=lambda scores: np.argsort(scores, kind="stable")),
        _make("of equal scores the last", "Of equal scores the last one goes first: is a sorted list turned round? It should "
              "be the first: np.argsort(-scores, kind=\"stable\").",
              order=lambda scores: np.argsort(scores, kind="stable")[::-1]),
        _make("of equal scores the last, or any", "Of equal scores the last one goes first, or any, as in "
              "np.argsort(scores)[::-1]. It should be the first: np.argsort(-scores, kind=\"stable\").",
              order=lambda scores: np.argsort(scores)[::-1]),
        _make("of equal scores any", "Of many equal scores, any may go first: np.argsort leaves equal ones in their order only "
              "with kind=\"stable\".", order=lambda scores: np.argsort(-scores)),
        _make("the scores sorted, not what is right", "All right detections come first, as if right had been sorted by itself, "
              "or wrong ones left out. It is to be put in the order of the scores.",
              given=lambda right, scores, objects: (np.sort(right)[::-1], -np.arange(len(right)), objects)),
        _make("precision as it is", f"{HIGHEST} Here it is the one at the first place where the recall is reached.",
              highest=lambda precision: precision),
        _make("the highest precision before", f"{HIGHEST} Here it is the highest so far: the maximum runs from the wrong end.",
              highest=np.maximum.accumulate),
        _make("the highest precision of all", f"{HIGHEST} Here it is the highest of all, at any recall.",
              highest=lambda precision: np.full_like(precision, precision.max(initial=0))),
        _make("the lowest precision behind", f"{HIGHEST} Here it is the lowest: minimum where maximum is meant.",
              highest=lambda precision: np.minimum.accumulate(precision[::-1])[::-1]),
        _make("11 recalls", f"{READ}. With 11 of them, 0, 0.1, ..., it is what the challenge VOC 2007 computed.",
              recalls=lambda: np.linspace(0, 1, 11)),
        _make("recall 1 left out", f"{READ}. The last one, 1, is left out: what is the last number that np.arange gives?",
              recalls=lambda: np.arange(100) / 100),
        _make("recall 0 left out", f"{READ}. The first one, 0, is left out.", recalls=lambda: np.arange(1, 101) / 100),
        _make("recall 0 and 1 left out", f"{READ}. 0 and 1 are left out.", recalls=lambda: np.arange(1, 100) / 100),
        _make("divided by 100", "The sum over 101 recalls is divided by 100.", mean=lambda read: np.sum(read) / 100),
        _make("the sum, not the mean", "The precisions are added up. Their mean is wanted.", mean=np.sum),
        _make("only recalls above the value", "At a recall that is reached exactly, the precision there counts, too: >= in "
              "place of >.", read=_beyond),
        _make("the last precision for what is not reached", "A recall that is never reached has the precision of the last "
              "detection. It has 0.", read=_last_precision),
        _make("the precision of the nearest recall", f"{HIGHEST} Here it is that of the nearest recall.", read=_nearest),
        _make("the precision before the recall is reached", f"{HIGHEST} Here it is that of the last detection before, or at, "
              "this recall.", read=_before),
        _make("straight lines in between", f"{HIGHEST} Here it is on a straight line between two of them.", read=_in_between),
        Mistake("only recalls that are reached", "The mean is taken over those recalls only that are reached. Those that are "
                "not have a precision of 0, and count.", _reached),
        _make("recall of those that were found", "Recall is the share of the objects. Here it is the share of the right "
              "detections, so that objects that nobody found do not count.",
              recall_of=lambda hits, found, objects: hits / (hits[-1] if len(hits) and hits[-1] else 1)),
        _make("recall of the detections", "Recall is the share of the objects that are found. Here it is the share of the "
              "detections.", recall_of=lambda hits, found, objects: hits / len(hits)),
        _make("recall without right", "Recall grows with every detection, right or wrong. It is the share of the objects that "
              "are found: only right ones find one.", recall_of=lambda hits, found, objects: found / objects),
        _make("the last precision at each recall", "At each recall this is the precision of the whole list. Is it divided by "
              "all detections, or does a later one overwrite a higher precision?",
              precision_of=lambda hits, found, objects: hits / len(hits)),
        _make("precision over the objects", "Precision is divided by the number of objects, which is recall. It is the share "
              "of the detections so far.", precision_of=lambda hits, found, objects: hits / objects),
        _make("places begin at 0", "The first detection is counted as number 0: of n detections so far, divide by n.",
              precision_of=lambda hits, found, objects: hits / np.maximum(found - 1, 1)),
        _make("one detection too many", "The first detection is counted as number 2: of n detections so far, divide by n.",
              precision_of=lambda hits, found, objects: hits / (found + 1)),
        _make("right over wrong", "Precision is right / wrong. It is right / (right + wrong).",
              precision_of=lambda hits, found, objects: hits / np.maximum(found - hits, 1)),
        _make("right and wrong exchanged", "Those that are wrong are counted as right.",
              given=lambda right, scores, objects: (~right, scores, objects)),
        _make("all detections are right", "What is wrong counts as right, too.",
              given=lambda right, scores, objects: (np.ones_like(right), scores, objects)),
        _make("scores below 0.5 left out", "Detections with a score below 0.5 are left out. All of them count.",
              given=_kept(lambda right, scores: scores >= 0.5)),
        _make("the last detection left out", "The last detection of the list is left out.",
              given=_kept(lambda right, scores: np.arange(len(right)) < len(right) - 1)),
        Mistake("equal scores at once", "Detections of equal scores are one step, and precision is taken behind all of them. "
                "Each of them has a place in the list: the first one goes first.", _at_once),
        Mistake("the area below the steps", "This is the exact area below the highest precision over recall, as in VOC 2010. "
                f"{READ}, and averaged.", _under_steps(_highest_behind)),
        Mistake("the area below precision as it is", "This is the sum of the precisions at all right detections over the "
                f"number of objects. {HIGHEST}", _under_steps(lambda precision: precision)),
        Mistake("trapezoids", f"This is the area in trapezoids. {READ}, and averaged.", _trapezoids),
        Mistake("the mean at right detections", "This is the mean of the precisions at right detections. Objects that nobody "
                "found do not count there.", _over_the_right_ones),
        Mistake("the mean at all detections", f"This is the mean of the precisions at all detections. {READ}, and averaged.",
                _over_all),
        Mistake("precision of the whole list", "This is the share of all detections that is right. The order of the list makes "
                "no difference to it.", lambda right, scores, objects: right.mean() if len(right) else 0.0),
        Mistake("recall of the whole list", "This is the share of the objects that is found. Wrong detections make no "
                "difference to it.", lambda right, scores, objects: right.sum() / objects),
        Mistake("the F1 score", "This is the harmonic mean of precision and recall of the whole list. Its order makes no "
                "difference to it.", _f1),
        _make("in percent", "The result is in percent. It is wanted from 0 to 1.", told=lambda result: 100 * result),
        _make("rounded", "The result is rounded to two digits.", told=lambda result: np.round(result, 2)),
    ),
    built=built,
    broad=_broad,
    features=features(
        Condition("there is no detection", "there is a detection", lambda case: not len(case["right"])),
        Condition("two scores are equal", "no two scores are equal",
                  lambda case: len(set(case["scores"])) < len(case["scores"])),
        Condition("the scores are not sorted", "the scores are sorted, the surest first",
                  lambda case: bool((np.diff(case["scores"]) > 0).any())),
        Condition("no detection is right", "a detection is right", lambda case: not case["right"].any()),
        Condition("all detections are right", "a detection is wrong", lambda case: bool(case["right"].all())),
        Condition("an object is not found", "all objects are found", lambda case: case["right"].sum() < case["objects"]),
        Condition("there are more detections than objects", "there are as many objects as detections or more",
                  lambda case: len(case["right"]) > case["objects"]),
        Condition("a score is below 0", "all scores are 0 or more", lambda case: bool((case["scores"] < 0).any())),
    ),
    repair=lambda case: case.update(objects=max(case["objects"], int(case["right"].sum()))),
    ways=(ways.average_precision_arrays, ways.average_precision_loops),
)  # fmt: skip


def check_average_precision(function) -> Report:
    """Check f(right, scores, objects) -> the average precision of a list of detections, from 0 to 1.

    right: bool (d,), whether a detection has found an object that none before it has found; scores: (d,), how sure it is, any
    numbers; d may be 0. objects: how many there are, 1 or more, at least as many as are found. The detections are sorted by
    score, the surest first, of equal scores the first one first. After the n surest, precision is the share of the n that is
    right, recall the share of the objects that is found. At each of the recalls 0, 0.01, ..., 1, the highest precision counts
    with this recall or a higher one; 0 where there is none. The result is the mean over the 101 recalls.

    >>> check_average_precision(lambda right, scores, objects: 0.0).passed
    False
    """
    return check(AVERAGE_PRECISION, function)
