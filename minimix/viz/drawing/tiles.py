"""Many small pictures in rows, in groups that have a heading: kernels, feature maps."""

from typing import NamedTuple

import numpy as np

from minimix.viz.drawing import cells, theme
from minimix.viz.drawing.blocks import Scale

MARGIN, GAP = 0.12, 0.09
HEADING = 0.24
BETWEEN, APART = 0.16, 0.34  # inches: from one group to the next, below and beside it


class Group(NamedTuple):
    """heading: a line. pictures: (n, H, W). hidden: (H, W) or (n, H, W), true where a picture has no number: hatched there."""

    heading: str
    colour: str
    pictures: np.ndarray
    hidden: np.ndarray | None = None


def draw(ax, groups: list[Group], scale: Scale, cell: float, note: str = "") -> theme.Picture:
    """The groups, all cells of one size (inches), one scale for all: beside each other where each has room for a single row of
    pictures, else below each other."""
    room = theme.WIDTH - 2 * MARGIN
    widths = [
        max(_row(g, len(g.pictures), cell), theme.text_width(g.heading, weight="bold")) for g in groups
    ]  # of one row of all pictures
    beside = sum(widths) + APART * (len(groups) - 1) <= room
    fits = [len(g.pictures) if beside else max(1, int((room + GAP) / (g.pictures.shape[2] * cell + GAP))) for g in groups]
    if not beside:
        widths = [
            max(_row(g, min(len(g.pictures), n), cell), theme.text_width(g.heading, weight="bold"))
            for g, n in zip(groups, fits, strict=True)
        ]
    heights = [
        HEADING + -(-len(g.pictures) // n) * (g.pictures.shape[1] * cell + GAP) for g, n in zip(groups, fits, strict=True)
    ]
    bar = max(cells.scale_width(scale.norm), 1.6)
    note = theme.wrapped(note, room)
    drawn = sum(widths) + APART * (len(groups) - 1) if beside else max(widths)
    width = 2 * MARGIN + max(drawn, bar, theme.text_width(note) if note else 0.0)
    high = max(heights) if beside else sum(heights) + BETWEEN * (len(groups) - 1)
    below = 0.45 + (theme.LINE * theme.lines_in(note) + 0.06 if note else 0.0)
    figure, ax = theme.sheet(ax, width, 2 * MARGIN + high + below)
    x = y = MARGIN
    for group, n, wide, tall in zip(groups, fits, widths, heights, strict=True):
        ax.text(x, y, group.heading, ha="left", va="top", weight="bold")
        top = y + HEADING + ((high - tall) / 2 if beside else 0.0)  # beside each other, their middles are on one line
        for i, picture in enumerate(group.pictures):
            row, column = divmod(i, n)
            place = x + column * (picture.shape[1] * cell + GAP), top + row * (picture.shape[0] * cell + GAP)
            _tile(ax, *place, cell, picture, group, i, scale)
        x, y = (x + wide + APART, y) if beside else (x, y + tall + BETWEEN)
    y = MARGIN + high
    cells.scale(ax, MARGIN, y + 0.06, bar, *scale)
    if note:
        ax.text(MARGIN, y + 0.5, note, ha="left", va="top", color=theme.GREY)
    return figure


def _row(group: Group, pictures: int, cell: float) -> float:
    """Inches that so many pictures take beside each other."""
    return pictures * (group.pictures.shape[2] * cell + GAP) - GAP


def _tile(ax, x: float, y: float, cell: float, picture: np.ndarray, group: Group, i: int, scale: Scale) -> None:
    high, wide = picture.shape
    fill = cells.coloured(picture, *scale)
    if group.hidden is not None:
        hidden = group.hidden if group.hidden.ndim == 2 else group.hidden[i]
        fill[hidden] = cells.plain(1, 1, theme.PALE)[0, 0]
        cells.hatch(ax, x, y, cell, hidden)
    ax.imshow(fill, extent=(x, x + wide * cell, y + high * cell, y), interpolation="nearest", zorder=2)
    cells.outline(ax, x, y, wide * cell, high * cell, group.colour, 1.6)
