"""Solutions of the exercises on boxes: intersection_over_union, match."""

import numpy as np
from corpus import collected

from minimix import detection

SOLUTIONS, solution = collected()


# intersection_over_union


@solution(
    "intersection_over_union",
    "one side of the test",
    "only boxes that lie apart across are told to share nothing; of those apart down the product is below 0",
)
def one_side_of_the_test(a, b):
    result = np.zeros((len(a), len(b)))
    for i, (l1, t1, r1, b1) in enumerate(a):
        for j, (l2, t2, r2, b2) in enumerate(b):
            wide, high = min(r1, r2) - max(l1, l2), min(b1, b2) - max(t1, t2)
            if wide <= 0:
                continue
            shared = wide * high
            result[i, j] = shared / ((r1 - l1) * (b1 - t1) + (r2 - l2) * (b2 - t2) - shared)
    return result


@solution(
    "intersection_over_union",
    "clipped product",
    "the product of both sides is cut off at 0, not each side: boxes apart both ways share something",
)
def clipped_product(a, b):
    first, second = a[:, None], b[None]
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2])
    shared = np.clip(sides.prod(axis=-1), 0, None)
    areas = [np.prod(x[..., 2:] - x[..., :2], axis=-1) for x in (first, second)]
    return shared / (areas[0] + areas[1] - shared)


@solution("intersection_over_union", "sum of the areas", "what is shared is counted twice in the denominator")
def sum_of_the_areas(a, b):
    wide = np.minimum.outer(a[:, 2], b[:, 2]) - np.maximum.outer(a[:, 0], b[:, 0])
    high = np.minimum.outer(a[:, 3], b[:, 3]) - np.maximum.outer(a[:, 1], b[:, 1])
    shared = np.maximum(wide, 0) * np.maximum(high, 0)
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    return shared / np.add.outer(area_a, area_b)


@solution(
    "intersection_over_union",
    "width and height",
    "the last two numbers are taken for width and height, not for the right and bottom edge",
)
def width_and_height(a, b):
    result = []
    for x1, y1, w1, h1 in a:
        row = []
        for x2, y2, w2, h2 in b:
            wide = max(0, min(x1 + w1, x2 + w2) - max(x1, x2))
            high = max(0, min(y1 + h1, y2 + h2) - max(y1, y2))
            row.append(wide * high / (w1 * h1 + w2 * h2 - wide * high))
        result.append(row)
    return result


@solution(
    "intersection_over_union",
    "result like a",
    "the result has the dtype of a: of int64 boxes all shares are cut to 0 or 1",
)
def result_like_a(a, b):
    result = np.zeros((len(a), len(b)), dtype=a.dtype)
    for i in range(len(a)):
        for j in range(len(b)):
            start, end = np.maximum(a[i, :2], b[j, :2]), np.minimum(a[i, 2:], b[j, 2:])
            wide, high = np.maximum(end - start, 0)
            union = np.prod(a[i, 2:] - a[i, :2]) + np.prod(b[j, 2:] - b[j, :2]) - wide * high
            result[i, j] = wide * high / union
    return result


@solution(
    "intersection_over_union", "inclusive edges", "every side is right - left + 1, as if the right edge were a pixel of the box"
)
def inclusive_edges(a, b):
    def area(left, top, right, bottom):
        return np.maximum(right - left + 1, 0) * np.maximum(bottom - top + 1, 0)

    x, y = a[:, None], b[None]
    shared = area(*np.moveaxis(np.maximum(x, y)[..., :2], -1, 0), *np.moveaxis(np.minimum(x, y)[..., 2:], -1, 0))
    return shared / (area(*a.T)[:, None] + area(*b.T) - shared)


@solution("intersection_over_union", "row by row of b", "the loops are exchanged: a row for each box of b")
def row_by_row_of_b(a, b):
    return np.array([[float(detection.intersection_over_union(p[None], q[None])[0, 0]) for p in a] for q in b])


@solution("intersection_over_union", "areas after the loop")
def areas_after_the_loop(a, b):
    shared = np.ones((len(a), len(b)))
    for axis in (0, 1):
        reach = np.minimum(a[:, None, axis + 2], b[:, axis + 2]) - np.maximum(a[:, None, axis], b[:, axis])
        shared = shared * reach.clip(min=0)
    whole = np.array([[(p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) for q in b] for p in a])
    return (shared / (whole - shared)).astype(np.float32)


@solution("intersection_over_union", "a fraction of fractions")
def a_fraction_of_fractions(a, b):
    rows = []
    for p in a.tolist():
        row = []
        for q in b.tolist():
            wide, high = min(p[2], q[2]) - max(p[0], q[0]), min(p[3], q[3]) - max(p[1], q[1])
            if min(wide, high) <= 0:
                row.append(0)
                continue
            shares = [wide * high / ((r[2] - r[0]) * (r[3] - r[1])) for r in (p, q)]
            row.append(1 / (1 / shares[0] + 1 / shares[1] - 1))
        rows.append(row)
    return rows


# match


@solution(
    "match", "threshold only", "step 1 is missing: an object that shares less than the threshold with all anchors gets none"
)
def threshold_only(shared, threshold):
    return [int(row.argmax()) if len(row) and row.max() >= threshold else -1 for row in shared]


@solution(
    "match",
    "best anchor of each object",
    "two objects that want the same anchor: the later one has it, the earlier one gets none",
)
def best_anchor_of_each_object(shared, threshold):
    found = np.full(len(shared), -1)
    if shared.shape[1] == 0:
        return found
    enough = shared.max(axis=1) >= threshold
    found[enough] = shared.argmax(axis=1)[enough]
    for number in range(shared.shape[1]):
        if shared[:, number].max() > 0:
            found[shared[:, number].argmax()] = number
    return found


@solution(
    "match", "objects in turn", "the objects take their best free anchor in the order of their numbers, not the best pair first"
)
def objects_in_turn(shared, threshold):
    anchors, objects = shared.shape
    found = [-1] * anchors
    for number in range(objects):
        free = [i for i in range(anchors) if found[i] == -1 and shared[i, number] > 0]
        if free:
            found[max(free, key=lambda i: shared[i, number])] = number
    for i in range(anchors):
        if found[i] == -1 and objects and max(shared[i]) >= threshold:
            found[i] = int(np.argmax(shared[i]))
    return found


@solution(
    "match",
    "row without its column",
    "in step 1 the anchor's row is struck out, but not the object's column: one object takes several anchors",
)
def row_without_its_column(shared, threshold):
    found = np.full(shared.shape[0], -1)
    if not shared.size:
        return found
    found = np.where(shared.max(axis=1) >= threshold, shared.argmax(axis=1), -1)
    left = shared.copy()
    for _ in range(shared.shape[1]):
        i, j = np.unravel_index(left.argmax(), left.shape)
        if left[i, j] > 0:
            found[i] = j
            left[i] = 0
    return found


@solution("match", "zeros are matched", "step 1 gives an object that shares nothing an anchor all the same: 0 is not excluded")
def zeros_are_matched(shared, threshold):
    anchors, objects = shared.shape
    found = [-1] * anchors
    if objects:
        found = [int(row.argmax()) if row.max() >= threshold else -1 for row in shared]
    left = shared.copy()
    for _ in range(min(anchors, objects)):
        i, j = np.unravel_index(left.argmax(), left.shape)
        found[i] = int(j)
        left[i, :] = -1
        left[:, j] = -1
    return found


@solution(
    "match",
    "more than the threshold",
    "> where >= is meant: an anchor that shares exactly the threshold has no object in step 2",
)
def more_than_the_threshold(shared, threshold):
    anchors, objects = shared.shape
    pairs = sorted((-shared[i, j], i, j) for i in range(anchors) for j in range(objects))
    found, taken = [-1] * anchors, set()
    for share, i, j in pairs:
        if share < 0 and found[i] == -1 and j not in taken:
            found[i] = j
            taken.add(j)
    for i in range(anchors):
        if found[i] == -1 and objects and shared[i].max() > threshold:
            found[i] = int(shared[i].argmax())
    return found


@solution(
    "match",
    "only objects that are left",
    "in step 2 an anchor looks only at objects that have no anchor of their own: hardly any",
)
def only_objects_that_are_left(shared, threshold):
    anchors, objects = shared.shape
    found = [-1] * anchors
    left = shared.copy()
    for _ in range(min(anchors, objects)):
        i, j = np.unravel_index(left.argmax(), left.shape)
        if left[i, j] <= 0:
            break
        found[i] = int(j)
        left[i], left[:, j] = 0, 0
    for i in range(anchors):
        if found[i] == -1 and objects and left[i].max() >= threshold:
            found[i] = int(left[i].argmax())
    return found


@solution("match", "the table is struck out", "rows and columns are set to 0 in shared itself, which belongs to the caller")
def the_table_is_struck_out(shared, threshold):
    found = np.full(len(shared), -1)
    if shared.shape[1]:
        enough = shared.max(axis=1) >= threshold
        found[enough] = shared.argmax(axis=1)[enough]
        while shared.max() > 0:
            i, j = np.unravel_index(shared.argmax(), shared.shape)
            found[i] = j
            shared[i], shared[:, j] = 0, 0
    return found


@solution("match", "no object, no maximum", "with no object the maximum of an empty row raises an error")
def no_object_no_maximum(shared, threshold):
    found = np.where(shared.max(axis=1) >= threshold, shared.argmax(axis=1), -1)
    left = shared.copy()
    while left.max() > 0:
        i, j = np.unravel_index(left.argmax(), left.shape)
        found[i] = j
        left[i], left[:, j] = 0, 0
    return found


@solution("match", "object 0 is no object", "`if found[i] <= 0` takes object 0 for none: step 2 may take its own anchor away")
def object_0_is_no_object(shared, threshold):
    anchors, objects = shared.shape
    found, left = [-1] * anchors, shared.copy()
    for _ in range(min(anchors, objects)):
        i, j = np.unravel_index(left.argmax(), left.shape)
        if left[i, j] > 0:
            found[i] = int(j)
            left[i], left[:, j] = 0, 0
    for i in range(anchors):
        if found[i] <= 0 and objects and shared[i].max() >= threshold:
            found[i] = int(shared[i].argmax())
    return found


@solution("match", "pairs sorted")
def pairs_sorted(shared, threshold):
    anchors, objects = shared.shape
    pairs = sorted((-shared[i, j], i, j) for i in range(anchors) for j in range(objects))
    own = {}
    for share, i, j in pairs:
        if share < 0 and i not in own and j not in own.values():
            own[i] = j
    result = []
    for i, row in enumerate(shared.tolist()):
        best = max(range(objects), key=lambda j: (row[j], -j), default=-1)
        result.append(own.get(i, best if objects and row[best] >= threshold else -1))
    return result


@solution("match", "masked")
def masked(shared, threshold):
    table = np.ma.masked_array(np.array(shared, dtype=float), mask=np.zeros(shared.shape, bool))
    found = -np.ones(len(shared), dtype=np.int32)
    for i in range(len(shared)):
        if shared.shape[1] and np.any(shared[i] >= threshold):
            found[i] = np.argmax(shared[i])
    while table.count() and table.max() > 0:
        flat = int(np.argmax(table.filled(-1)))
        i, j = divmod(flat, shared.shape[1])
        found[i] = j
        table[i, :] = np.ma.masked
        table[:, j] = np.ma.masked
    return found
