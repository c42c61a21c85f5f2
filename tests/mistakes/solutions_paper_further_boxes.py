"""Further solutions of the exercises on boxes: intersection_over_union, match."""

from fractions import Fraction

import numpy as np
from corpus import collected

SOLUTIONS, solution = collected()


@solution(
    "intersection_over_union",
    "dtype of the boxes",
    "the result is stored in an array of a's dtype: for integers all below 1 becomes 0",
)
def intersection_over_union_dtype(a, b):
    out = np.zeros((len(a), len(b)), dtype=a.dtype)
    for i, p in enumerate(a):
        for j, q in enumerate(b):
            width = max(0, min(p[2], q[2]) - max(p[0], q[0]))
            height = max(0, min(p[3], q[3]) - max(p[1], q[1]))
            areas = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1])
            out[i, j] = width * height / (areas - width * height)
    return out


@solution(
    "intersection_over_union", "one list n times", "[[0] * m] * n: all rows are one list, and have the numbers of the last box"
)
def intersection_over_union_one_list(a, b):
    result = [[0.0] * len(b)] * len(a)
    for i, (l1, t1, r1, b1) in enumerate(a):
        for j, (l2, t2, r2, b2) in enumerate(b):
            shared = max(min(r1, r2) - max(l1, l2), 0) * max(min(b1, b2) - max(t1, t2), 0)
            result[i][j] = shared / ((r1 - l1) * (b1 - t1) + (r2 - l2) * (b2 - t2) - shared)
    return result


@solution(
    "intersection_over_union",
    "by corners",
    "0 unless a corner of b's box lies in a's: boxes that cross, or hold a's, share nothing",
)
def intersection_over_union_corners(a, b):
    out = np.zeros((len(a), len(b)))
    for i, p in enumerate(a):
        for j, q in enumerate(b):
            if not any(p[0] <= x <= p[2] and p[1] <= y <= p[3] for x in q[::2] for y in q[1::2]):
                continue
            shared = max(min(p[2], q[2]) - max(p[0], q[0]), 0) * max(min(p[3], q[3]) - max(p[1], q[1]), 0)
            out[i, j] = shared / ((p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - shared)
    return out


@solution(
    "intersection_over_union",
    "over what encloses both",
    "divided by the smallest box around both, not by the area of both together",
)
def intersection_over_union_hull(a, b):
    a, b = a[:, None], b[None]
    inner = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0)
    outer = np.maximum(a[..., 2:], b[..., 2:]) - np.minimum(a[..., :2], b[..., :2])
    return inner.prod(axis=-1) / outer.prod(axis=-1)


@solution(
    "intersection_over_union",
    "across only",
    "only the width is cut off at 0: boxes one above the other share less than nothing",
)
def intersection_over_union_across_only(a, b):
    width = np.minimum(a[:, 2, None], b[:, 2]) - np.maximum(a[:, 0, None], b[:, 0])
    height = np.minimum(a[:, 3, None], b[:, 3]) - np.maximum(a[:, 1, None], b[:, 1])
    shared = np.where(width > 0, width * height, 0)
    areas = [(c[:, 2] - c[:, 0]) * (c[:, 3] - c[:, 1]) for c in (a, b)]
    return shared / (areas[0][:, None] + areas[1] - shared)


@solution("intersection_over_union", "twice over the sum", "twice what is shared over the sum of the areas: Dice's coefficient")
def intersection_over_union_dice(a, b):
    sides = np.clip(np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2]), 0, None)
    area_a, area_b = ((c[:, 2:] - c[:, :2]).prod(1) for c in (a, b))
    return 2 * sides.prod(-1) / (area_a[:, None] + area_b)


@solution(
    "intersection_over_union", "width squared", "what is shared is its width times its width: right only where it is a square"
)
def intersection_over_union_width_squared(a, b):
    sides = np.maximum(np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2]), 0)
    shared = np.where(sides[..., 1] > 0, sides[..., 0] * sides[..., 0], 0)
    area_a, area_b = ((c[:, 2] - c[:, 0]) * (c[:, 3] - c[:, 1]) for c in (a, b))
    return shared / (area_a[:, None] + area_b[None] - shared)


@solution("intersection_over_union", "fractions in lists")
def intersection_over_union_fractions(a, b):
    def area(box):
        left, top, right, bottom = map(Fraction, box)
        return max(right - left, 0) * max(bottom - top, 0)

    rows = []
    for p in a.tolist():
        shared = [area((max(p[0], q[0]), max(p[1], q[1]), min(p[2], q[2]), min(p[3], q[3]))) for q in b.tolist()]
        rows.append([float(s / (area(p) + area(q) - s)) for s, q in zip(shared, b.tolist(), strict=True)])
    return rows


@solution("intersection_over_union", "lengths of the two axes")
def intersection_over_union_axes(a, b):
    def length(begin_a, end_a, begin_b, end_b):  # what is shared: both, less what they span together
        span = np.maximum(end_a[:, None], end_b) - np.minimum(begin_a[:, None], begin_b)
        return np.clip((end_a - begin_a)[:, None] + (end_b - begin_b) - span, 0, None)

    shared = length(a[:, 0], a[:, 2], b[:, 0], b[:, 2]) * length(a[:, 1], a[:, 3], b[:, 1], b[:, 3])
    return shared / (np.add.outer(np.prod(a[:, 2:] - a[:, :2], 1), np.prod(b[:, 2:] - b[:, :2], 1)) - shared)


@solution("intersection_over_union", "row by row into a float array")
def intersection_over_union_rows(a, b):
    a, b = np.array(a, float), np.array(b, float)
    out = np.empty((len(a), len(b)))
    for row, box in zip(out, a, strict=True):
        cut = np.column_stack([np.maximum(b[:, :2], box[:2]), np.minimum(b[:, 2:], box[2:])])
        cut[:, 2:] = np.maximum(cut[:, 2:], cut[:, :2])
        row[:] = (cut[:, 2] - cut[:, 0]) * (cut[:, 3] - cut[:, 1])
        row /= (box[2] - box[0]) * (box[3] - box[1]) + (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) - row
    return out


def _second_step(shared, threshold):
    """What step 2 says to every anchor."""
    if not shared.shape[1]:
        return np.full(len(shared), -1)
    return np.where(shared.max(axis=1) >= threshold, shared.argmax(axis=1), -1)


@solution(
    "match",
    "object by object",
    "step 1 goes object by object: the first takes its best free anchor, though another shares more with it",
)
def match_object_by_object(shared, threshold):
    found, free = _second_step(shared, threshold), shared.copy()
    for number in range(shared.shape[1]):
        anchor = free[:, number].argmax()
        if free[anchor, number] > 0:
            found[anchor] = number
            free[anchor] = 0
    return found


@solution("match", "first that is enough", "step 2 takes the first object that shares enough, not the one that shares most")
def match_first_enough(shared, threshold):
    anchors, objects = shared.shape
    found = [-1] * anchors
    for i in range(anchors):
        for j in range(objects):
            if shared[i, j] >= threshold:
                found[i] = j
                break
    left = shared.copy()
    while left.size and left.max() > 0:
        i, j = np.unravel_index(left.argmax(), left.shape)
        found[i] = j
        left[i, :] = 0
        left[:, j] = 0
    return found


@solution(
    "match",
    "last of equal ones",
    "step 2 takes the last of the objects with which an anchor shares equally much (>= in the loop)",
)
def match_last_of_equal(shared, threshold):
    anchors, objects = shared.shape
    found = np.full(anchors, -1)
    for i in range(anchors):
        most = threshold
        for j in range(objects):
            if shared[i, j] >= most:
                most, found[i] = shared[i, j], j
    left = shared.copy()
    for _ in range(objects):
        i, j = np.unravel_index(left.argmax(), left.shape)
        if left[i, j] > 0:
            found[i] = j
            left[i], left[:, j] = 0, 0
    return found


@solution(
    "match", "anchor taken again", "only the object is taken out: an anchor can be taken twice, and the first object loses it"
)
def match_anchor_again(shared, threshold):
    found, left = _second_step(shared, threshold), shared.copy()
    while left.size and left.max() > 0:
        i, j = np.unravel_index(left.argmax(), left.shape)
        found[i] = j
        left[:, j] = 0
    return found


@solution(
    "match",
    "best of each other",
    "step 1 has one round only, of pairs that are each other's best: who wanted a taken anchor gets none",
)
def match_each_other(shared, threshold):
    found = _second_step(shared, threshold)
    for j in range(shared.shape[1]):
        i = shared[:, j].argmax()
        if shared[i].argmax() == j and shared[i, j] > 0:
            found[i] = j
    return found


@solution(
    "match",
    "pairs sorted backwards",
    "pairs sorted with reverse=True: of those that share equally much the largest numbers go first",
)
def match_backwards(shared, threshold):
    found, anchors, objects = _second_step(shared, threshold), set(), set()
    pairs = [(share, i, j) for (i, j), share in np.ndenumerate(shared) if share > 0]
    for _, i, j in sorted(pairs, reverse=True):
        if i not in anchors and j not in objects:
            found[i] = j
            anchors.add(i)
            objects.add(j)
    return found


@solution("match", "object gone for good", "step 2 looks only at objects without an anchor: nearly all other anchors get -1")
def match_gone_for_good(shared, threshold):
    left, found = shared.copy(), np.full(len(shared), -1)
    while left.size and left.max() > 0:
        i, j = divmod(int(left.argmax()), left.shape[1])
        found[i] = j
        left[i], left[:, j] = 0, 0
    for i in range(len(shared)):
        free = [j for j in range(shared.shape[1]) if j not in found]
        if found[i] < 0 and free:
            j = max(free, key=lambda j: shared[i, j])
            found[i] = j if shared[i, j] >= threshold else -1
    return found


@solution("match", "pairs with a key")
def match_pairs(shared, threshold):
    shared = shared.tolist()
    found, pairs = {}, [(-share, i, j) for i, row in enumerate(shared) for j, share in enumerate(row) if share > 0]
    for _, i, j in sorted(pairs):
        if i not in found and j not in found.values():
            found[i] = j
    enough = [max(((s, -j) for j, s in enumerate(row) if s >= threshold), default=(0, 1)) for row in shared]
    return [found.get(i, -best[1]) for i, best in enumerate(enough)]


@solution("match", "step by step with lists of those left")
def match_left(shared, threshold):
    anchors, objects = list(range(shared.shape[0])), list(range(shared.shape[1]))
    found = np.where((shared >= threshold).any(axis=1), [row.argmax() if row.size else 0 for row in shared], -1)
    while anchors and objects:
        part = shared[np.ix_(anchors, objects)]
        i, j = (int(x[0]) for x in np.nonzero(part == part.max()))
        if part[i, j] <= 0:
            break
        found[anchors.pop(i)] = objects.pop(j)
    return found


@solution("match", "recursion on a table with minus ones")
def match_recursive(shared, threshold):
    def own(table):
        if not table.size or table.max() <= 0:
            return {}
        i, j = divmod(int(np.argmax(table)), table.shape[1])
        rest = np.where((np.arange(len(table)) == i)[:, None] | (np.arange(table.shape[1]) == j), -1, table)
        return {i: j, **own(rest)}

    result, mine = [], own(shared)
    for i, row in enumerate(shared):
        best = int(row.argmax()) if row.size and row.max() >= threshold else -1
        result.append(mine.get(i, best))
    return tuple(result)
