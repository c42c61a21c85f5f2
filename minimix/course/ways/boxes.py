"""Plain ways to write the exercises on boxes, on anchors and on detections."""

import numpy as np

from minimix.detection import intersection_over_union as overlaps


def intersection_over_union_arrays(a, b):
    left = np.maximum(a[:, None, 0], b[None, :, 0])
    top = np.maximum(a[:, None, 1], b[None, :, 1])
    right = np.minimum(a[:, None, 2], b[None, :, 2])
    bottom = np.minimum(a[:, None, 3], b[None, :, 3])
    width = np.maximum(right - left, 0)
    height = np.maximum(bottom - top, 0)
    shared = width * height
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    union = area_a[:, None] + area_b[None, :] - shared
    return shared / union


def intersection_over_union_loops(a, b):
    result = np.zeros((len(a), len(b)))
    for i in range(len(a)):
        for j in range(len(b)):
            width = min(a[i, 2], b[j, 2]) - max(a[i, 0], b[j, 0])
            height = min(a[i, 3], b[j, 3]) - max(a[i, 1], b[j, 1])
            if width > 0 and height > 0:
                shared = width * height
                first = (a[i, 2] - a[i, 0]) * (a[i, 3] - a[i, 1])
                second = (b[j, 2] - b[j, 0]) * (b[j, 3] - b[j, 1])
                result[i, j] = shared / (first + second - shared)
    return result


def match_steps(shared, threshold):
    anchors, objects = shared.shape
    found = np.full(anchors, -1)
    if objects == 0:
        return found
    best = shared.argmax(axis=1)
    for i in range(anchors):
        if shared[i, best[i]] >= threshold:
            found[i] = best[i]
    left = shared.copy()
    for _ in range(objects):
        i, j = np.unravel_index(left.argmax(), left.shape)
        if left[i, j] > 0:
            found[i] = j
            left[i] = 0
            left[:, j] = 0
    return found


def suppress_kept(boxes, scores, threshold):
    order = np.argsort(-scores, kind="stable")
    shared = overlaps(boxes, boxes)
    kept = []
    for i in order:
        if all(shared[i, j] <= threshold for j in kept):
            kept.append(i)
    return kept


def suppress_left(boxes, scores, threshold):
    order = np.argsort(-scores, kind="stable")
    shared = overlaps(boxes, boxes)
    left = np.ones(len(boxes), bool)
    kept = []
    for i in order:
        if left[i]:
            kept.append(i)
            left[shared[i] > threshold] = False
    return kept


def average_precision_arrays(right, scores, objects):
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    found = np.arange(1, len(order) + 1)
    precision = hits / found
    recall = hits / objects
    total = 0.0
    for r in np.linspace(0, 1, 101):
        total += precision[recall >= r].max(initial=0)
    return total / 101


def average_precision_loops(right, scores, objects):
    order = np.argsort(-scores, kind="stable")
    hits = 0
    precision, recall = [], []
    for k in range(len(order)):
        if right[order[k]]:
            hits += 1
        precision.append(hits / (k + 1))
        recall.append(hits / objects)
    total = 0.0
    for i in range(101):
        best = 0.0
        for k in range(len(order)):
            if recall[k] >= i / 100 and precision[k] > best:
                best = precision[k]
        total += best
    return total / 101
