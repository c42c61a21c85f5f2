"""Names beside points: each where nothing crosses it, as near to its point as that allows."""

import itertools

import numpy as np
from matplotlib.collections import LineCollection

from minimix.viz.drawing import theme

NEAR = (7, 12, 18, 26, 36)  # points from the middle of a marker to the edge of its name
TURNS = np.pi / 8 * np.array([4, 12, 0, 8, 2, 6, 14, 10, 3, 5, 13, 11, 1, 7, 15, 9])  # above, below, right, left, between
APART, STEP = 2.0, 2.0  # pixels: around a name; from one sample of a line to the next


def beside(ax, points: list[tuple[float, float, str]]) -> None:
    """Write the name of each (x, y, name) beside its point. Everything else must have been drawn, and all scales set."""
    figure = ax.figure
    figure.draw_without_rendering()  # the layout settles
    scale = figure.dpi / 72
    drawn = _drawn(ax)
    taken: list[tuple[float, float, float, float]] = []
    frame = ax.get_window_extent()
    for x, y, name in points:
        place = ax.transData.transform((x, y))
        size = np.array((theme.text_width(name), theme.LINE)) * figure.dpi
        best = None
        for radius in NEAR:
            for turn in TURNS:
                way = np.array((np.cos(turn), np.sin(turn)))
                middle = place + radius * scale * way + size / 2 * np.sign(np.round(way, 6)) * np.minimum(1, 1.5 * np.abs(way))
                box = (*(middle - size / 2 - APART), *(middle + size / 2 + APART))
                inside = box[0] > frame.x0 and box[1] > frame.y0 and box[2] < frame.x1 and box[3] < frame.y1
                cost = 1000 * (not inside) + _within(drawn, box) + 50 * sum(_overlap(box, other) for other in taken)
                cost += 0.2 * radius
                if best is None or cost < best[0]:
                    best = cost, middle, box
        _, middle, box = best
        taken.append(box)
        offset = (middle - place) / scale
        ax.annotate(name, (x, y), offset, textcoords="offset points", ha="center", va="center")


def _drawn(ax) -> np.ndarray:
    """Samples (n, 2) in pixels of all lines and markers."""
    chains = [line.get_transform().transform(line.get_xydata()) for line in ax.lines]
    for lines in ax.collections:
        if isinstance(lines, LineCollection):
            chains += [lines.get_transform().transform(segment) for segment in lines.get_segments()]
    found = []
    for line, chain in zip([*ax.lines, *[None] * len(chains)], chains, strict=False):
        if line is None or line.get_linestyle() != "None":
            for a, b in itertools.pairwise(chain):
                steps = np.linspace(0, 1, 2 + min(2000, int(np.hypot(*(b - a)) / STEP)))[:, None]
                found.append(a + steps * (b - a))
        if line is not None and line.get_marker() not in ("None", None, ""):
            spots = np.array([(i, j) for i in (-4, 0, 4) for j in (-4, 0, 4)])
            found += [point + spots for point in chain]
    return np.concatenate(found) if found else np.empty((0, 2))


def _within(points: np.ndarray, box) -> int:
    low, high = np.array(box[:2]), np.array(box[2:])
    return int(((points > low) & (points < high)).all(axis=1).sum())


def _overlap(a, b) -> bool:
    """
    >>> _overlap((0, 0, 2, 2), (1, 1, 3, 3)), _overlap((0, 0, 1, 1), (1, 1, 3, 3))
    (True, False)
    """
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])
