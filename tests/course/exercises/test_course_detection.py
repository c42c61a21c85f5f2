"""Boxes, anchors, suppression, average precision: right in every style, and wrong ones that no list names."""

import numpy as np
import pytest

from minimix import course, detection
from minimix.course.checking.exercise import copied


def said(report) -> str:
    return " ".join([report.title, *report.paragraphs])


# -- right ------------------------------------------------------------------------------------------------------------


def iou_of_two(a, b):
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / (union + 1e-9)


def iou_lists(a, b):
    return [[iou_of_two(one, other) for other in b.tolist()] for one in a.tolist()]


def iou_unpacked(a, b):
    l1, t1, r1, b1 = (part[:, None] for part in a.T)
    l2, t2, r2, b2 = b.T
    shared = np.clip(np.minimum(r1, r2) - np.maximum(l1, l2), 0, None) * np.clip(
        np.minimum(b1, b2) - np.maximum(t1, t2), 0, None
    )
    return (shared / ((r1 - l1) * (b1 - t1) + (r2 - l2) * (b2 - t2) - shared)).astype(np.float32)


def match_sorted(shared, threshold):
    anchors, objects = shared.shape
    pairs = sorted((-shared[i, j], i, j) for i in range(anchors) for j in range(objects))
    own, taken = {}, set()
    for value, i, j in pairs:
        if value < 0 and i not in own and j not in taken:
            own[i] = j
            taken.add(j)
    result = []
    for i in range(anchors):
        if i in own:
            result.append(own[i])
        elif objects and max(shared[i]) >= threshold:
            result.append(list(shared[i]).index(max(shared[i])))
        else:
            result.append(-1)
    return np.array(result)


def suppress_popped(boxes, scores, threshold):
    left = sorted(range(len(scores)), key=lambda i: -scores[i])
    kept = []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [i for i in left if iou_of_two(boxes[best], boxes[i]) <= threshold]
    return kept


def suppress_of_detection(boxes, scores, threshold):
    return detection.suppress(boxes, scores, threshold)


def precision_envelope(right, scores, objects):
    right = right[np.argsort(-scores, kind="stable")]
    hits = np.cumsum(right)
    precision, recall = hits / (hits + np.cumsum(~right)), hits / objects
    for k in range(len(precision) - 1, 0, -1):
        precision[k - 1] = max(precision[k - 1], precision[k])
    places = np.searchsorted(recall, np.arange(0, 1.005, 0.01), side="left")
    return np.append(precision, 0)[places].mean()


def precision_sorted(right, scores, objects):
    ranked = [bool(right[i]) for i in sorted(range(len(scores)), key=lambda i: scores[i], reverse=True)]  # stable, too
    curve = [(sum(ranked[:n]) / objects, sum(ranked[:n]) / n) for n in range(1, len(ranked) + 1)]
    return sum(max((p for r, p in curve if r >= k / 100), default=0) for k in range(101)) / 101


RIGHT = [
    (course.check_intersection_over_union, iou_lists), (course.check_intersection_over_union, iou_unpacked),
    (course.check_match, match_sorted), (course.check_suppress, suppress_popped),
    (course.check_suppress, suppress_of_detection), (course.check_average_precision, precision_envelope),
    (course.check_average_precision, precision_sorted),
]  # fmt: skip


@pytest.mark.parametrize(("check", "function"), RIGHT, ids=lambda value: value.__name__)
def test_right_in_another_style(check, function):
    report = check(function)
    assert report.passed, report


# -- the solutions are what minimix.detection does -----------------------------------------------------------------------------


def test_matching_is_that_of_the_detector():
    rng = np.random.default_rng(0)
    levels = detection.Level(8, (7.0, 10.0)), detection.Level(16, (19.0, 26.0))
    anchors = detection.anchors(levels, 64)
    for one in detection.scenes("train", 6).objects:
        threshold = float(rng.choice([0.3, 0.5, 0.7]))
        shared = detection.intersection_over_union(anchors, one.boxes)
        assert course.MATCH.solution(shared, threshold) == detection.match(anchors, one.boxes, threshold).tolist()


def test_average_precision_is_that_of_the_detector():
    """A single picture, objects far from each other, so that each detection is plainly right or wrong."""
    rng = np.random.default_rng(0)
    for case in course.AVERAGE_PRECISION.configurations()[::9]:
        right, scores, objects = case.values()
        if len(right) > 100:  # COCO's limit
            continue
        boxes = np.arange(objects + len(right))[:, None] * 100.0 + np.array([0, 0, 50, 50])
        free = list(rng.permutation(objects))
        found = [boxes[free.pop()] if hit else boxes[objects + number] for number, hit in enumerate(right)]
        result = detection.average_precision(
            [(boxes[:objects], np.zeros(objects, int))], [(np.reshape(found, (-1, 4)), np.zeros(len(right), int), scores)], 1
        )
        assert result.ap50 == pytest.approx(course.AVERAGE_PRECISION.solution(*case.values()), abs=1e-9)


# -- wrong ------------------------------------------------------------------------------------------------------------


CORNERS = [
    ("INTERSECTION_OVER_UNION", lambda case: case["a"].dtype.kind == "i"),
    ("INTERSECTION_OVER_UNION", lambda case: min(case["a"].min(), case["b"].min()) < 0),
    ("INTERSECTION_OVER_UNION", lambda case: len(case["a"]) > 10),
    ("INTERSECTION_OVER_UNION", lambda case: not case["a"].flags.c_contiguous),
    ("MATCH", lambda case: case["shared"].shape[1] > len(case["shared"])),
    ("MATCH", lambda case: len(case["shared"]) > 20),
    ("MATCH", lambda case: case["threshold"] < 0.2),
    ("SUPPRESS", lambda case: bool((case["scores"] < 0).any())),
    ("SUPPRESS", lambda case: len(case["boxes"]) > 20),
    ("SUPPRESS", lambda case: case["threshold"] == 0),
    ("SUPPRESS", lambda case: len(case["scores"]) > 1 and np.ptp(case["scores"]) == 0),
    ("AVERAGE_PRECISION", lambda case: len(case["right"]) > 50),
    ("AVERAGE_PRECISION", lambda case: bool((case["scores"] < 0).any())),
    ("AVERAGE_PRECISION", lambda case: case["objects"] > 40),
    ("AVERAGE_PRECISION", lambda case: bool(len(set(case["scores"])) < len(case["scores"]) > 20)),
]


@pytest.mark.parametrize(("name", "when"), CORNERS)
def test_corners_are_tried(name, when):
    """There are several with other results, so that what is wrong there is not accepted."""
    exercise = getattr(course, name)
    there = [case for case in exercise.configurations() if when(case)]
    assert len(there) >= 2 and len({repr(exercise.solution(*case.values())) for case in there}) > 1


@pytest.mark.parametrize(("name", "empty"), [("MATCH", "shared"), ("SUPPRESS", "boxes"), ("AVERAGE_PRECISION", "right")])
def test_nothing_at_all_is_tried(name, empty):
    exercise = getattr(course, name)
    assert any(case[empty].size == 0 for case in exercise.configurations())

    def fails(*given):
        if dict(zip(exercise.configurations()[0], given, strict=True))[empty].size == 0:
            raise IndexError("index 0 is out of bounds for axis 0 with size 0")
        return exercise.solution(*given)

    report = course.check(exercise, fails)
    assert report.kind == "exception" and "IndexError" in report.title


@pytest.mark.parametrize("name", ["INTERSECTION_OVER_UNION", "MATCH", "SUPPRESS", "AVERAGE_PRECISION"])
def test_what_is_kept_between_calls_comes_to_light(name):
    exercise, kept = getattr(course, name), {}

    def remembers(*given):
        key = tuple(value.shape if isinstance(value, np.ndarray) else value for value in given)
        if key not in kept:
            kept[key] = exercise.solution(*copied(list(given)))
        return kept[key]

    assert not course.check(exercise, remembers).passed


def test_numbers_as_sizes_must_be_whole():
    report = course.check_match(lambda shared, threshold: np.array(course.MATCH.solution(shared, threshold), float))
    assert report.kind == "type" and "floats" in said(report)


def suppressed_upside_down(boxes, scores, threshold):
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if all(iou_of_two(boxes[i], boxes[j]) < threshold for j in kept):
            kept.append(int(i))
    return kept


def forced_in_order(shared, threshold):
    found = np.full(len(shared), -1)
    if shared.shape[1]:
        found[shared.max(axis=1) >= threshold] = shared.argmax(axis=1)[shared.max(axis=1) >= threshold]
        for j in range(shared.shape[1]):
            if shared[:, j].max() > 0:
                found[shared[:, j].argmax()] = j
    return found


def product_of_negatives(a, b):
    sides = np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2])
    shared = sides.prod(axis=2)
    areas = [(c[:, 2:] - c[:, :2]).prod(axis=1) for c in (a, b)]
    return shared / (areas[0][:, None] + areas[1] - shared)


def eleven(right, scores, objects):
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / objects
    return np.mean([precision[recall >= r].max(initial=0) for r in np.linspace(0, 1, 11)])


@pytest.mark.parametrize(("check", "wrong", "words"), [
    (course.check_suppress, suppressed_upside_down, "the threshold itself is too much where it is 0"),
    (course.check_match, forced_in_order, "the last object has the anchor"),
    (course.check_intersection_over_union, product_of_negatives, "sides below 0 are not cut"),
    (course.check_average_precision, eleven, "11 recalls"),
])  # fmt: skip
def test_slips_as_they_are_written_are_named(check, wrong, words):
    assert words in said(check(wrong))
