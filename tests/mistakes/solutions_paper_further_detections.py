"""Further solutions of the exercises on detections: suppress, average_precision."""

import bisect
from fractions import Fraction

import numpy as np
from corpus import collected

from minimix import detection

SOLUTIONS, solution = collected()


def _order(scores):
    return [int(i) for i in np.argsort(-scores, kind="stable")]


@solution(
    "suppress",
    "remove in a loop over the list",
    "boxes are removed from the list over which the loop goes: the one behind each is skipped",
)
def suppress_removed_while_walked(boxes, scores, threshold):
    shared = detection.intersection_over_union(boxes, boxes)
    order, kept = _order(scores), []
    while order:
        first = order.pop(0)
        kept.append(first)
        for other in order:
            if shared[first, other] > threshold:
                order.remove(other)
    return kept


@solution("suppress", "places in the sorted list", "the boxes are sorted first, and the numbers are places in the sorted list")
def suppress_places(boxes, scores, threshold):
    boxes = boxes[np.argsort(-scores, kind="stable")]
    shared = detection.intersection_over_union(boxes, boxes)
    kept = []
    for i in range(len(boxes)):
        if not (shared[i, kept] > threshold).any():
            kept.append(i)
    return kept


@solution(
    "suppress",
    "minus one for gone",
    "boxes that are done get a score of -1, and it ends below 0: boxes with negative scores are lost",
)
def suppress_minus_one(boxes, scores, threshold):
    shared = detection.intersection_over_union(boxes, boxes)
    scores, kept = scores.astype(float), []
    while len(scores) and scores.max() >= 0:
        i = int(scores.argmax())
        kept.append(i)
        scores[shared[i] > threshold] = -1
        scores[i] = -1
    return kept


@solution("suppress", "by the last one only", "a box is compared only with the last one that stays, not with all of them")
def suppress_last_only(boxes, scores, threshold):
    shared = detection.intersection_over_union(boxes, boxes)
    kept = []
    for i in _order(scores):
        if not kept or shared[i, kept[-1]] <= threshold:
            kept.append(i)
    return kept


@solution(
    "suppress", "anything shared", "np.any(...) > threshold compares True with the threshold: any box that shares anything goes"
)
def suppress_anything(boxes, scores, threshold):
    shared = detection.intersection_over_union(boxes, boxes)
    kept = []
    for i in _order(scores):
        if kept and np.any(shared[i, kept]) > threshold:
            continue
        kept.append(i)
    return kept


@solution("suppress", "gone ones suppress", "each box is compared with all before it, also with those that are gone")
def suppress_by_gone(boxes, scores, threshold):
    order = np.argsort(-scores, kind="stable")
    shared = detection.intersection_over_union(boxes[order], boxes[order])
    return order[~(np.tril(shared, -1) > threshold).any(axis=1)]


@solution(
    "suppress",
    "first of the list is there",
    "the first box of the sorted list is taken before the loop: an IndexError where there is none",
)
def suppress_first_is_there(boxes, scores, threshold):
    shared = detection.intersection_over_union(boxes, boxes)
    order = np.argsort(-scores, kind="stable")
    kept = [order[0]]
    for i in order[1:]:
        if shared[i, kept].max() <= threshold:
            kept.append(i)
    return kept


@solution("suppress", "recursion on what is left")
def suppress_recursive(boxes, scores, threshold):
    def surest(numbers):
        if not numbers:
            return []
        first = max(numbers, key=lambda i: (scores[i], -i))
        shared = detection.intersection_over_union(boxes[[first]], boxes[numbers])[0]
        return [first, *surest([i for i, s in zip(numbers, shared, strict=True) if i != first and s <= threshold])]

    return surest(list(range(len(boxes))))


@solution("suppress", "those alive, in an array")
def suppress_alive(boxes, scores, threshold):
    alive, kept = np.ones(len(boxes), bool), []
    over = detection.intersection_over_union(boxes, boxes) > threshold
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if alive[i]:
            kept.append(i)
            alive &= ~over[i]
    return np.array(kept, np.int64)


@solution("suppress", "a chain of generators")
def suppress_generators(boxes, scores, threshold):
    shared, rest, kept = detection.intersection_over_union(boxes, boxes), iter(_order(scores)), []
    while (i := next(rest, None)) is not None:
        kept.append(i)
        rest = iter([j for j in rest if shared[j][i] <= threshold])
    return kept


@solution(
    "average_precision", "highest so far", "the highest precision before a place in the list counts, not the highest behind it"
)
def average_precision_highest_so_far(right, scores, objects):
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision = np.maximum.accumulate(hits / np.arange(1, len(hits) + 1))
    recall = hits / objects
    return np.mean([precision[recall >= r][0] if (recall >= r).any() else 0 for r in np.linspace(0, 1, 101)])


@solution(
    "average_precision",
    "mean of what is reached",
    "recalls that are not reached are left out of the mean, instead of counting 0",
)
def average_precision_reached(right, scores, objects):
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision, recall = hits / (np.arange(len(hits)) + 1), hits / objects
    found = [precision[recall >= r].max() for r in np.linspace(0, 1, 101) if (recall >= r).any()]
    return sum(found) / len(found) if found else 0.0


@solution("average_precision", "least sure first", "argsort without the minus: from the smallest score to the largest")
def average_precision_least_sure(right, scores, objects):
    hits = np.cumsum(right[np.argsort(scores, kind="stable")])
    precision = hits / np.arange(1, len(hits) + 1)
    return np.mean([precision[hits / objects >= r].max(initial=0) for r in np.linspace(0, 1, 101)])


@solution("average_precision", "up to the recall", "the highest precision where the recall is r or less, instead of r or more")
def average_precision_up_to(right, scores, objects):
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / objects
    return np.mean([precision[recall <= r].max(initial=0) for r in np.linspace(0, 1, 101)])


@solution("average_precision", "over all detections", "precision is right so far over all detections, not over those so far")
def average_precision_over_all(right, scores, objects):
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision, recall = hits / max(len(hits), 1), hits / objects
    return np.mean([precision[recall >= r].max(initial=0) for r in np.linspace(0, 1, 101)])


@solution(
    "average_precision",
    "area under the steps",
    "the exact area under the highest precisions, from right one to right one, not the mean at 101 recalls",
)
def average_precision_area(right, scores, objects):
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision = hits / np.arange(1, len(hits) + 1)
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(hits / objects, prepend=0)
    return float((steps * highest).sum())


@solution("average_precision", "nothing for nothing", "where no detection is right (or there is none), None is returned, not 0")
def average_precision_none(right, scores, objects):
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    hits, points = 0, []
    for place, i in enumerate(order, 1):
        hits += int(right[i])
        points.append((hits / objects, hits / place))
    if hits:
        return sum(max((p for r, p in points if r >= level), default=0) for level in np.linspace(0, 1, 101)) / 101


@solution("average_precision", "scores sorted alone", "the scores are sorted, but right stays in its old order")
def average_precision_scores_alone(right, scores, objects):
    scores = sorted(scores, reverse=True)
    hits = np.cumsum(right[: len(scores)])
    precision = hits / np.arange(1, len(scores) + 1)
    return np.mean([precision[hits / objects >= r].max(initial=0) for r in np.linspace(0, 1, 101)])


@solution("average_precision", "from behind, by bisection")
def average_precision_bisected(right, scores, objects):
    recalls, precisions, hits = [], [], 0
    for place, i in enumerate(sorted(range(len(scores)), key=lambda i: (-scores[i], i)), 1):
        hits += bool(right[i])
        recalls.append(hits / objects)
        precisions.append(hits / place)
    for i in reversed(range(len(precisions) - 1)):
        precisions[i] = max(precisions[i], precisions[i + 1])
    places = [bisect.bisect_left(recalls, r) for r in np.linspace(0, 1, 101)]
    return sum(precisions[p] for p in places if p < len(precisions)) / 101


@solution("average_precision", "only where one is right, in fractions")
def average_precision_fractions(right, scores, objects):
    order = np.lexsort((np.arange(len(scores)), -scores))
    places = np.flatnonzero(right[order]) + 1
    best, share = [], Fraction(0)
    for k in range(len(places), 0, -1):
        share = max(share, Fraction(k, int(places[k - 1])))
        best.insert(0, share)
    total = best[0] if best else Fraction(0)
    for r in np.linspace(0, 1, 101)[1:]:
        total += next((p for k, p in enumerate(best, 1) if k / objects >= r), 0)
    return float(total / 101)


@solution("average_precision", "a table of recalls and places")
def average_precision_table(right, scores, objects):
    hits = right[np.argsort(-scores, kind="mergesort")].astype(float).cumsum()
    table = np.where(hits / objects >= np.linspace(0, 1, 101)[:, None], hits / (1 + np.arange(hits.size)), 0)
    return np.concatenate([table, np.zeros((101, 1))], axis=1).max(axis=1).mean()
