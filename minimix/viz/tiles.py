"""Many small pictures in rows, in groups that have a heading: kernels, feature maps."""

from typing import NamedTuple

import numpy as np

from minimix.viz import cells, theme
from minimix.viz.blocks import Scale

MARGIN, GAP = 0.12, 0.09
BETWEEN = 0.16  # inches: from one group to the next


class Group(NamedTuple):
    """heading: a line. pictures: (n, H, W). hidden: (H, W) or (n, H, W), true where a picture has no number: hatched there."""

    heading: str
    colour: str
    pictures: np.ndarray
    hidden: np.ndarray | None = None


def draw(ax, groups: list[Group], scale: Scale, cell: float, note: str = "") -> theme.Picture:
    """The groups below each other, all cells of one size (inches), one scale for all beside the heading of the first."""
    room = theme.WIDTH - 2 * MARGIN
    fits = [max(1, int((room + GAP) / (group.pictures.shape[2] * cell + GAP))) for group in groups]
    rows = [-(-len(group.pictures) // n) for group, n in zip(groups, fits, strict=True)]
    heights = [0.24 + r * (group.pictures.shape[1] * cell + GAP) for group, r in zip(groups, rows, strict=True)]
    bar = max(cells.scale_width(scale.norm), 1.6)
    drawn = max(min(len(g.pictures), n) * (g.pictures.shape[2] * cell + GAP) - GAP for g, n in zip(groups, fits, strict=True))
    heading = max(theme.text_width(group.heading, weight="bold") for group in groups)
    note = theme.wrapped(note, room)
    width = 2 * MARGIN + max(drawn, heading, bar, theme.text_width(note) if note else 0.0)
    below = 0.45 + (theme.LINE * theme.lines_in(note) + 0.06 if note else 0.0)
    figure, ax = theme.sheet(ax, width, 2 * MARGIN + sum(heights) + BETWEEN * (len(groups) - 1) + below)
    y = MARGIN
    for group, n, high in zip(groups, fits, heights, strict=True):
        ax.text(MARGIN, y, group.heading, ha="left", va="top", weight="bold")
        for i, picture in enumerate(group.pictures):
            row, column = divmod(i, n)
            x = MARGIN + column * (picture.shape[1] * cell + GAP)
            _tile(ax, x, y + 0.24 + row * (picture.shape[0] * cell + GAP), cell, picture, group, i, scale)
        y += high + BETWEEN
    y -= BETWEEN
    cells.scale(ax, MARGIN, y + 0.06, bar, *scale)
    if note:
        ax.text(MARGIN, y + 0.5, note, ha="left", va="top", color=theme.GREY)
    return figure


def _tile(ax, x: float, y: float, cell: float, picture: np.ndarray, group: Group, i: int, scale: Scale) -> None:
    high, wide = picture.shape
    fill = cells.coloured(picture, *scale)
    if group.hidden is not None:
        hidden = group.hidden if group.hidden.ndim == 2 else group.hidden[i]
        fill[hidden] = cells.plain(1, 1, theme.PALE)[0, 0]
        cells.hatch(ax, x, y, cell, hidden)
    ax.imshow(fill, extent=(x, x + wide * cell, y + high * cell, y), interpolation="nearest", zorder=2)
    cells.outline(ax, x, y, wide * cell, high * cell, group.colour, 1.6)
