"""Non-maximum suppression: pairs of boxes, the surer one of which may put out the other."""

from minimix.kernels.jit import exact, inlined


@inlined
def shared(a, b):
    """Intersection over union of two boxes (left, top, right, bottom); 0 where they share nothing."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


@exact
def suppress(boxes, labels, threshold, kept):
    """kept = which boxes stay, bool (n,). boxes: float64 (n, 4), the surest first. labels: int64 (n,)."""
    n = len(boxes)
    kept[:] = True
    for i in range(n):
        if kept[i]:
            for j in range(i + 1, n):
                if kept[j] and labels[i] == labels[j] and shared(boxes[i], boxes[j]) > threshold:
                    kept[j] = False
