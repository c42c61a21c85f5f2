"""Solutions of the exercises on what a detector finds: suppress, average_precision."""

import bisect

import numpy as np
from corpus import collected

from minimix import detection

SOLUTIONS, solution = collected()


# suppress


@solution("suppress", "those that went count", "a box is held against all surer ones, also against those that are gone")
def those_that_went_count(boxes, scores, threshold):
    order = np.argsort(-scores, kind="stable")
    shared = detection.intersection_over_union(boxes, boxes)
    return [int(i) for k, i in enumerate(order) if not (shared[i, order[:k]] > threshold).any()]


@solution("suppress", "turned round", "argsort()[::-1] puts the last of equal scores first")
def turned_round(boxes, scores, threshold):
    order = list(np.argsort(scores, kind="stable")[::-1])
    kept = []
    while order:
        best = order.pop(0)
        kept.append(best)
        shared = detection.intersection_over_union(boxes[[best]], boxes[order].reshape(-1, 4))[0]
        order = [i for i, s in zip(order, shared, strict=True) if s <= threshold]
    return kept


@solution("suppress", "as much as the threshold", "a box that shares exactly the threshold goes, too: < where <= is meant")
def as_much_as_the_threshold(boxes, scores, threshold):
    shared = detection.intersection_over_union(boxes, boxes)
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if all(shared[i, j] < threshold for j in kept):
            kept.append(i)
    return kept


@solution("suppress", "sorted numbers", "np.flatnonzero of a mask gives the numbers in their own order, not the surest first")
def sorted_numbers(boxes, scores, threshold):
    stays = np.ones(len(boxes), bool)
    shared = detection.intersection_over_union(boxes, boxes)
    for i in np.argsort(-scores, kind="stable"):
        if stays[i]:
            stays &= shared[i] <= threshold
            stays[i] = True
    return np.flatnonzero(stays)


@solution(
    "suppress",
    "places of the sorted boxes",
    "boxes are sorted first, and the places in the sorted array are returned, not the numbers that the boxes had",
)
def places_of_the_sorted_boxes(boxes, scores, threshold):
    sorted_boxes = boxes[np.argsort(-scores, kind="stable")]
    shared = detection.intersection_over_union(sorted_boxes, sorted_boxes)
    kept = []
    for i in range(len(sorted_boxes)):
        if all(shared[i, j] <= threshold for j in kept):
            kept.append(i)
    return kept


@solution(
    "suppress", "scores are cut off", "boxes with a score below the threshold are dropped first, as if it were one for scores"
)
def scores_are_cut_off(boxes, scores, threshold):
    shared = detection.intersection_over_union(boxes, boxes)
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if scores[i] < threshold:
            break
        if not any(shared[i, j] > threshold for j in kept):
            kept.append(int(i))
    return kept


@solution("suppress", "only neighbours in the list", "a box is held against the one that was kept last only")
def only_neighbours_in_the_list(boxes, scores, threshold):
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if kept and detection.intersection_over_union(boxes[[i]], boxes[[kept[-1]]])[0, 0] > threshold:
            continue
        kept.append(i)
    return kept


@solution(
    "suppress",
    "removed while it is walked",
    "boxes are removed from the list over which the loop runs, so that some are skipped",
)
def removed_while_it_is_walked(boxes, scores, threshold):
    shared = detection.intersection_over_union(boxes, boxes)
    order = np.argsort(-scores, kind="stable").tolist()
    for i in order:
        for j in order:
            if j != i and order.index(j) > order.index(i) and shared[i, j] > threshold:
                order.remove(j)
    return order


@solution(
    "suppress", "break behind the first", "a break ends the inner loop behind the first box that goes: each puts out one only"
)
def break_behind_the_first(boxes, scores, threshold):
    order = np.argsort(-scores, kind="stable")
    shared = detection.intersection_over_union(boxes, boxes)
    kept, gone = [], set()
    for place, i in enumerate(order):
        if i in gone:
            continue
        kept.append(i)
        for j in order[place + 1 :]:
            if shared[i, j] > threshold:
                gone.add(j)
                break
    return kept


@solution("suppress", "heap of tuples")
def heap_of_tuples(boxes, scores, threshold):
    queue = []
    for i, score in enumerate(scores.tolist()):
        bisect.insort(queue, (-score, i))
    kept = []
    while queue:
        _, i = queue.pop(0)
        kept.append(i)
        rest = boxes[[j for _, j in queue]].reshape(-1, 4)
        shared = detection.intersection_over_union(boxes[i : i + 1], rest)[0]
        queue = [pair for pair, s in zip(queue, shared, strict=True) if not s > threshold]
    return np.array(kept, dtype=np.int64)


@solution("suppress", "recursion")
def suppress_by_recursion(boxes, scores, threshold):
    def rest(order):
        if not order:
            return ()
        first, others = order[0], order[1:]
        return (first, *rest([i for i in others if shared[first][i] <= threshold]))

    shared = detection.intersection_over_union(boxes, boxes).tolist()
    return list(rest(sorted(range(len(boxes)), key=lambda i: -scores[i])))


# average_precision


@solution("average_precision", "not sorted", "the detections are taken in the order in which they come, not by their scores")
def not_sorted(right, scores, objects):
    hits = np.cumsum(right)
    precision, recall = hits / np.arange(1, len(right) + 1), hits / objects
    return np.mean([precision[recall >= r].max(initial=0) for r in np.linspace(0, 1, 101)])


@solution(
    "average_precision",
    "first place that is reached",
    "at a recall the precision of the first place counts that reaches it, not the highest from there on",
)
def first_place_that_is_reached(right, scores, objects):
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    total = 0.0
    for r in np.linspace(0, 1, 101):
        places = np.flatnonzero(hits / objects >= r)
        if len(places):
            total += hits[places[0]] / (places[0] + 1)
    return total / 101


@solution("average_precision", "max of nothing", "max of an empty selection raises an error where a recall is never reached")
def max_of_nothing(right, scores, objects):
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision = hits / np.arange(1, len(hits) + 1)
    return np.mean([precision[hits / objects >= r].max() for r in np.linspace(0, 1, 101)])


@solution("average_precision", "eleven recalls", "precision is read at 11 recalls, 0, 0.1, ..., 1")
def eleven_recalls(right, scores, objects):
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / objects
    return np.mean([max(precision[recall >= r], default=0) for r in np.linspace(0, 1, 11)])


@solution("average_precision", "turned round", "argsort()[::-1] puts the last of equal scores first")
def precision_turned_round(right, scores, objects):
    hits = np.cumsum(right[np.argsort(scores, kind="stable")[::-1]])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / objects
    return np.mean([precision[recall >= r].max(initial=0) for r in np.linspace(0, 1, 101)])


@solution(
    "average_precision",
    "share of those found",
    "recall is hits over all right detections, so that objects that nobody found do not count",
)
def share_of_those_found(right, scores, objects):
    if not right.any():
        return 0.0
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / hits[-1]
    return np.mean([precision[recall >= r].max(initial=0) for r in np.linspace(0, 1, 101)])


@solution(
    "average_precision",
    "sum over right detections",
    "the precisions at right detections are added up and divided by objects: no highest precision, no 101 recalls",
)
def sum_over_right_detections(right, scores, objects):
    order = np.argsort(-scores, kind="stable")
    hits, total = 0, 0.0
    for place, i in enumerate(order, 1):
        if right[i]:
            hits += 1
            total += hits / place
    return total / objects


@solution(
    "average_precision",
    "equal scores at once",
    "detections of equal score are counted as one step, after all of them: no place lies between them",
)
def equal_scores_at_once(right, scores, objects):
    precision, recall = [], []
    for score in sorted(set(scores.tolist()), reverse=True):
        chosen = scores >= score
        precision.append(right[chosen].mean())
        recall.append(right[chosen].sum() / objects)
    precision, recall = np.array(precision), np.array(recall)
    return np.mean([precision[recall >= r].max(initial=0) for r in np.linspace(0, 1, 101)])


@solution("average_precision", "a hundred recalls", "np.arange(0, 1, 0.01) ends before 1: 100 recalls, and 1 is not among them")
def a_hundred_recalls(right, scores, objects):
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / objects
    return np.mean([precision[recall >= r].max(initial=0) for r in np.arange(0, 1, 0.01)])


@solution("average_precision", "from the end of the list")
def from_the_end_of_the_list(right, scores, objects):
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    hits, curve = 0, []
    for place, i in enumerate(order, 1):
        hits += int(right[i])
        curve.append((hits / objects, hits / place))
    total, highest = 0.0, 0.0
    for r in np.linspace(0, 1, 101)[::-1]:
        while curve and curve[-1][0] >= r:
            highest = max(highest, curve.pop()[1])
        total += highest
    return total / 101


@solution("average_precision", "searchsorted")
def by_searchsorted(right, scores, objects):
    found = np.asarray(right)[np.lexsort((np.arange(len(scores)), -scores))]
    hits = found.cumsum()
    recall, precision = hits / objects, hits / (1.0 + np.arange(len(hits)))
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return np.float64(best[np.searchsorted(recall, np.linspace(0, 1, 101))].mean())
