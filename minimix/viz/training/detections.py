"""Pictures with the boxes of what is in them, and of what a detector found there."""

from collections.abc import Sequence

import numpy as np

from minimix.padding import count
from minimix.viz.drawing import cells, theme
from minimix.viz.drawing.values import as_array
from minimix.words import count as counted

MARGIN, SIDE, GAP = 0.1, 1.62, 0.14  # inches: of the sheet, of a picture, between them
LINES = (0, (2.2, 1.6)), "-"  # of objects, of detections


@theme.styled
def detections(
    images, objects: Sequence, found: Sequence | None = None, classes: Sequence[str] = (), title: str = "",
    least: float = 0.5, columns: int = 5, called: Sequence[str] = ("true", "found"),
    titles: Sequence[str] | None = None,
) -> theme.Picture:  # fmt: skip
    """Pictures with boxes: dashed where an object is, solid where one was found, in the colour of its class.

    images: uint8 (N, 3, H, W). objects: ``Objects``, or (boxes, labels), of each picture. found: ``Detections``, or (boxes,
    labels, scores), of each; None: only what is there. Boxes are (n, 4), left, top, right, bottom, in pixels.
    classes: names. least: score from which on a detection is drawn. columns: pictures in a row. called: what stands for objects
    and for detections, where the boxes are others; what is "" is neither counted nor explained. titles: a text above each
    picture, in place of how many boxes it has.

    Raises ValueError where there is not one entry for each picture, or a label has no name.

    >>> import numpy as np
    >>> from minimix import viz
    >>> image, real = np.zeros((1, 3, 64, 64), np.uint8), [([[8, 8, 24, 30]], [1])]
    >>> figure = viz.detections(image, real, [([[9, 8, 25, 28]], [1], [0.9])], ("disc", "ring"))
    """
    images, columns = as_array(images, "images", (4,)), count(columns, "columns")
    if len(objects) != len(images) or (found is not None and len(found) != len(images)):
        given = f"{len(objects)} entries of objects" + ("" if found is None else f", {len(found)} of found")
        raise ValueError(f"there are {len(images)} images, but {given}: give one for each image")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"titles: {len(titles)} of them for {len(images)} images")
    if len(called) != 2:
        raise ValueError(f"called: expected two words, for objects and for detections, not {called!r}")
    drawn = [[(called[0], *_boxes(*real)) for real in objects]]
    if found is not None:
        drawn.append([(called[1], *_boxes(*_sure(*one, least))) for one in found])
    labels = sorted({int(label) for entries in drawn for entry in entries for label in entry[2]})
    if labels and not 0 <= labels[0] <= labels[-1] < len(classes):
        raise ValueError(f"labels go from {labels[0]} to {labels[-1]}, but there are {len(classes)} classes: give their names")
    colours = dict(zip(labels, theme.colours(len(labels)), strict=True))
    columns = min(columns, len(images))
    width = max(2 * MARGIN + columns * (SIDE + GAP) - GAP, 3.6)
    heading = theme.wrapped(title, width - 2 * MARGIN, theme.FONT + 1) if title else ""
    names = [(str(classes[label]), colours[label], "-") for label in labels]
    names += [(name, "black", line) for name, line, _ in zip(called, LINES, drawn, strict=False) if name]
    places, below = _flow([name for name, *_ in names], width - 2 * MARGIN)
    top = MARGIN + (0.2 * theme.lines_in(heading) + 0.1 if heading else 0.0)
    side = SIDE * images.shape[2] / images.shape[3]
    above, rows = theme.LINE + 0.06, -(-len(images) // columns)
    bottom = top + rows * (above + side + GAP)
    figure, ax = theme.sheet(None, width, bottom + below + MARGIN)
    if heading:
        ax.text(MARGIN, MARGIN, heading, fontsize=theme.FONT + 1, ha="left", va="top")
    for i, image in enumerate(images):
        x, y = MARGIN + i % columns * (SIDE + GAP), top + i // columns * (above + side + GAP) + above
        ax.imshow(image.transpose(1, 2, 0), interpolation="nearest", extent=(x, x + SIDE, y + side, y))
        counts = ", ".join(f"{len(entries[i][1])} {entries[i][0]}" for entries in drawn if entries[i][0])
        ax.text(x, y - 0.05, counts if titles is None else theme.literal(titles[i]), ha="left", va="bottom")
        for line, entries in zip(LINES, drawn, strict=False):
            _, boxes, own = entries[i]
            for box, label in zip(boxes, own, strict=True):
                _outline(ax, x, y, SIDE / image.shape[2], box, colours[int(label)], line)
    for (name, colour, line), (x, y) in zip(names, places, strict=True):
        ax.plot([MARGIN + x, MARGIN + x + 0.3], [bottom + y + 0.1] * 2, color=colour, linestyle=line, linewidth=2.2)
        ax.text(MARGIN + x + 0.38, bottom + y + 0.1, theme.literal(name), ha="left", va="center_baseline")
    return theme.told(figure, _said(title or theme.listed(titles or [""]), drawn, classes))


def _boxes(boxes, labels) -> tuple[np.ndarray, np.ndarray]:
    boxes, labels = np.asarray(boxes, float).reshape(-1, 4), np.asarray(labels).reshape(-1)
    if len(boxes) != len(labels):
        raise ValueError(f"there are {len(boxes)} boxes, but {len(labels)} labels: give one for each box")
    return boxes, labels


def _sure(boxes, labels, scores, least: float):
    """Those that are sure enough, the surest last, to lie on top."""
    order = np.argsort(scores, kind="stable")
    order = order[np.asarray(scores, float)[order] >= least]
    return np.asarray(boxes, float).reshape(-1, 4)[order], np.asarray(labels)[order]


def _outline(ax, x: float, y: float, pixel: float, box: np.ndarray, colour: str, line) -> None:
    """A coloured line with white and black beside it: it is seen on whatever lies below."""
    place = x + pixel * box[0], y + pixel * box[1], pixel * (box[2] - box[0]), pixel * (box[3] - box[1])
    cells.outline(ax, *place, "black", 2.8, zorder=3.9)
    cells.outline(ax, *place, "white", 2.1, zorder=4.0)
    cells.outline(ax, *place, colour, 1.4, zorder=4.1)
    ax.patches[-1].set_linestyle(line)


def _flow(names: list[str], width: float) -> tuple[list[tuple[float, float]], float]:
    """Where names go, each with a line before it, from left to right; and how high that is."""
    places, x, y = [], 0.0, 0.0
    for name in names:
        wide = 0.38 + theme.text_width(name) + 0.22
        if x and x + wide > width:
            x, y = 0.0, y + theme.LINE + 0.04
        places.append((x, y))
        x += wide
    return places, y + theme.LINE + 0.04


def _said(title: str, drawn: list[list[tuple]], classes: Sequence[str]) -> str:
    totals = [sum(len(entry[1]) for entry in entries) for entries in drawn]
    said = f"{counted(len(drawn[0]), 'picture')} with boxes, {title}: {counted(totals[0], 'object')}"
    said += f", and {totals[1]} detections" if len(totals) > 1 else ""
    first = theme.listed(str(classes[int(label)]) for label in drawn[0][0][2]) if len(drawn[0][0][2]) else "nothing"
    return f"{said}. In the first: {first}.".replace(", :", ":")
