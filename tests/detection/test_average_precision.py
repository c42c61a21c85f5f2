"""COCO's average precision: against COCO's own program, to the bit, and what holds without it."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minimix.detection.average_precision import MOST, RECALLS, SIZES, THRESHOLDS, average_precision, precisions
from minimix.detection.boxes import Detections, Objects

CLASSES = 3
NONE = Objects(np.zeros((0, 4)), np.zeros(0, np.int64))
NOTHING = Detections(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0))


def coco(objects, found, classes, sizes):
    """(precisions (10, 101, classes, sizes) with -1 for NaN, the six numbers) of pycocotools."""
    pytest.importorskip("pycocotools", reason="COCO's own program is a test's peer, no part of minimix")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def listed(parts, scores=None):
        for i, part in enumerate(parts):
            for k, (box, label) in enumerate(zip(part.boxes.tolist(), part.labels.tolist(), strict=True)):
                left, top, right, bottom = box
                one = {"image_id": i, "category_id": label, "bbox": [left, top, right - left, bottom - top]}
                yield one | ({"score": float(part.scores[k])} if scores else {})

    real = [
        {**one, "id": i + 1, "iscrowd": 0, "area": one["bbox"][2] * one["bbox"][3]} for i, one in enumerate(listed(objects))
    ]
    detected = list(listed(found, scores=True))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {"images": [{"id": i} for i in range(len(objects))], "annotations": real,
                         "categories": [{"id": c} for c in range(classes)]}  # fmt: skip
        truth.createIndex()
        other = truth.loadRes(detected) if detected else COCO()
        judge = COCOeval(truth, other, "bbox")
        judge.params.imgIds, judge.params.catIds = list(range(len(objects))), list(range(classes))
        judge.params.areaRng = [list(limits) for limits in sizes.values()]
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge.eval["precision"][..., -1], judge.stats[:6]


def assert_coco(objects, found, classes=CLASSES, sizes=SIZES):
    expected, numbers = coco(objects, found, classes, sizes)
    mine = precisions(objects, found, classes, list(sizes.values()))
    np.testing.assert_array_equal(np.nan_to_num(mine, nan=-1.0), expected)
    np.testing.assert_array_equal(np.nan_to_num(average_precision(objects, found, classes, sizes), nan=-1.0), numbers)


def drawn(seed, pictures=12, steps=4, crowd=6):
    """Random objects, and detections near to some of them: coordinates and scores on a coarse grid, so that there are ties."""
    rng = np.random.default_rng(seed)

    def boxes(n):
        corner = rng.integers(0, 40 * steps, (n, 2)) / steps
        return np.concatenate([corner, corner + rng.integers(1, 34 * steps, (n, 2)) / steps], axis=1)

    objects, found = [], []
    for _ in range(pictures):
        n, extra = rng.integers(0, crowd), rng.integers(0, crowd)
        real = Objects(boxes(n), rng.integers(0, CLASSES - 1, n) if seed % 2 else rng.integers(0, CLASSES, n))
        near = rng.integers(0, n, rng.integers(0, 2 * n)) if n else np.zeros(0, int)
        moved = real.boxes[near] + rng.integers(-2, 3, (len(near), 4)) * rng.integers(0, 2, (len(near), 1))
        moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2])
        labels = np.where(rng.random(len(near)) < 0.8, real.labels[near], rng.integers(0, CLASSES, len(near)))
        scores = rng.integers(1, 8, len(near) + extra) / 8
        found.append(
            Detections(np.concatenate([moved, boxes(extra)]), np.append(labels, rng.integers(0, CLASSES, extra)), scores)
        )
        objects.append(real)
    return objects, found


@pytest.mark.parametrize("seed", range(20))
def test_random_detections_are_judged_as_by_coco(seed):
    assert_coco(*drawn(seed))


def test_floating_point_boxes_and_scores():
    rng = np.random.default_rng(5)
    objects, found = drawn(3, pictures=30, steps=64)
    found = [Detections(one.boxes, one.labels, rng.random(len(one.scores))) for one in found]
    assert_coco(objects, found)


def test_only_the_hundred_surest_of_a_class_and_picture_count():
    objects, found = drawn(1, pictures=3, crowd=300)
    assert max(np.bincount(one.labels).max() for one in found) > MOST
    assert_coco(objects, found)


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        ([NONE, NONE], [NOTHING, Detections(np.array([[0.0, 0, 5, 5]]), np.array([1]), np.array([0.5]))]),
        ([Objects(np.array([[0.0, 0, 5, 5]]), np.array([1])), NONE], [NOTHING, NOTHING]),
        ([Objects(np.array([[0.0, 0, 12, 12], [20, 20, 44, 44]]), np.array([0, 0]))],
         [Detections(np.array([[0.0, 0, 12, 12], [20, 20, 44, 44]]), np.array([0, 0]), np.array([0.5, 0.5]))]),
        ([Objects(np.array([[0.0, 0, 6, 6], [0, 0, 6, 6]]), np.array([2, 2]))],
         [Detections(np.array([[0.0, 0, 6, 6]] * 3), np.array([2, 2, 2]), np.array([0.5, 0.5, 0.5]))]),
        ([Objects(np.array([[0.0, 0, 10, 10]]), np.array([0]))],
         [Detections(np.array([[0.0, 0, 10, 5]]), np.array([0]), np.array([-0.5]))]),
    ],
    ids=["nothing is there", "nothing is found", "sizes at their limits", "twins", "half is shared"],
)  # fmt: skip
def test_cases_at_the_edge(objects, found):
    if sum(len(one.boxes) for one in found):
        assert_coco(objects, found)
    result = average_precision(objects, found, CLASSES)
    for name, value in result._asdict().items():
        assert np.isnan(value) or 0 <= value <= 1, name
    assert np.isnan(result.ap) == (sum(len(one.boxes) for one in objects) == 0)


def test_other_sizes():
    assert_coco(*drawn(2), sizes={"all": (0, 1e10), "small": (0, 100), "medium": (100, 101), "large": (400, 1e10)})


# -- what needs no peer -----------------------------------------------------------------------------------------------


def one(boxes, scores=None, label=0):
    boxes = np.array(boxes, float).reshape(-1, 4)
    labels = np.full(len(boxes), label)
    return Objects(boxes, labels) if scores is None else Detections(boxes, labels, np.array(scores, float))


def test_by_hand():
    """Two objects; a hit, a miss, a hit: precision 1 up to recall 1/2, then 2/3."""
    objects = [one([[0, 0, 10, 10], [20, 20, 30, 30]])]
    found = [one([[0, 0, 10, 10], [40, 40, 50, 50], [20, 20, 30, 30]], [0.9, 0.8, 0.7])]
    expected = (51 * 1 + 50 * 2 / 3) / 101
    assert average_precision(objects, found, 1).ap == pytest.approx(expected)
    half = [one([[0, 0, 10, 10]], [0.9])]  # the other is never found: recalls above 1/2 have no precision
    assert average_precision(objects, half, 1).ap == pytest.approx(51 / 101)


def test_a_box_that_shares_three_quarters_counts_at_six_thresholds():
    result = average_precision([one([[0, 0, 20, 10]])], [one([[0, 0, 15, 10]], [1])], 1)
    assert (result.ap, result.ap50, result.ap75) == pytest.approx((0.6, 1.0, 1.0))


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_what_changes_nothing(seed):
    objects, found = drawn(seed, pictures=5)
    before = average_precision(objects, found, CLASSES)
    squeezed = [one._replace(scores=np.tanh(one.scores) * 3) for one in found]  # the same order
    np.testing.assert_array_equal(average_precision(objects, squeezed, CLASSES), before)
    empty = average_precision([*objects, NONE], [*found, NOTHING], CLASSES)
    np.testing.assert_array_equal(empty, before)
    shuffled = [one._replace(labels=(one.labels + 1) % CLASSES) for one in objects]  # classes have no order
    labels = [one._replace(labels=(one.labels + 1) % CLASSES) for one in found]
    np.testing.assert_allclose(average_precision(shuffled, labels, CLASSES), before, rtol=1e-12)


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_what_is_right_has_one_and_what_is_less_sure_than_all_that_is_right_costs_nothing(seed):
    objects, _ = drawn(seed, pictures=5)
    rng = np.random.default_rng(seed)
    found = [Detections(one.boxes, one.labels, 1 + rng.random(len(one.labels))) for one in objects]
    distinct = [len({(*box, label) for box, label in zip(o.boxes.tolist(), o.labels, strict=True)}) == len(o.labels)
                for o in objects]  # fmt: skip
    if all(distinct) and any(len(o.labels) for o in objects):
        assert average_precision(objects, found, CLASSES).ap == pytest.approx(1.0)
        more = [Detections(np.append(d.boxes, [[50.0, 50, 60, 61]], 0), np.append(d.labels, 0), np.append(d.scores, 0.1))
                for d in found]  # fmt: skip
        assert average_precision(objects, more, CLASSES).ap == pytest.approx(1.0)
        assert average_precision(objects, [NOTHING] * len(objects), CLASSES).ap == 0.0


def test_precision_never_rises_with_recall_nor_with_the_threshold_of_a_single_detection():
    values = precisions(*drawn(4), CLASSES, list(SIZES.values()))
    assert values.shape == (len(THRESHOLDS), len(RECALLS), CLASSES, len(SIZES))
    assert (np.diff(values, axis=1)[~np.isnan(np.diff(values, axis=1))] <= 0).all()


@pytest.mark.parametrize(
    ("objects", "found", "words"),
    [
        ([NONE], [], "one entry a picture"),
        ([one([[0, 0, 5, 5]])], [one([[0, 0, 5, 5]])], "n scores"),
        ([one([[5, 0, 0, 5]])], [NOTHING], "ends before it begins"),
        ([one([[0, 0, 5, 5]], label=3)], [NOTHING], "labels must be 0 to 2"),
        ([NONE], [one([[0, 0, 5, 5]], [np.nan])], "NaN among the scores"),
        ([one([[0, 0, 5, np.inf]])], [NOTHING], "infinity"),
        ([(np.zeros((2, 4)), [0])], [NOTHING], "n labels"),
    ],
)
def test_refusals(objects, found, words):
    with pytest.raises(ValueError, match=words):
        average_precision(objects, found, CLASSES)
    with pytest.raises(ValueError, match="large"):
        average_precision([NONE], [NOTHING], CLASSES, {"all": (0, 1), "small": (0, 1), "medium": (0, 1)})
