"""Blocks: grids of cells with a title, laid out beside and below each other. What most drawings of this package consist of."""

from typing import NamedTuple

import numpy as np
from matplotlib.colors import Normalize

from minimix.viz.drawing import cells, theme

MARGIN, GAP = 0.12, 0.42
LARGEST, TALLEST = 0.42, 6.0  # inches: of a cell, of a row of grids
DOTS = "dots: the middle of each window"


class Frame(NamedTuple):
    """A rectangle around some cells of a block."""

    row: int
    column: int
    rows: int
    columns: int
    colour: str = theme.DARK
    linewidth: float = 2.0


class Scale(NamedTuple):
    """The colours of a block, shown below it where there is no room for numbers."""

    colours: str
    norm: Normalize


class Block(NamedTuple):
    """title: its first line is bold. fill: (rows, columns, 4). texts, bold, mask: (rows, columns); mask is what is hatched.
    dots: (n, 2), in cells, (0.5, 0.5) being the middle of the first; spacing: how many cells they are apart.
    above: rows above the line that blocks are aligned at, None for the middle. lines: whether cells have edges.
    coarse: shorter texts, for cells in which the first have no room. most: the largest number, where the scale goes on beyond.
    """

    title: str
    fill: np.ndarray
    texts: np.ndarray | None = None
    bold: np.ndarray | None = None
    mask: np.ndarray | None = None
    frames: tuple[Frame, ...] = ()
    dots: np.ndarray | None = None
    spacing: int = 1
    above: int | None = None
    scale: Scale | None = None
    lines: bool = True
    coarse: np.ndarray | None = None
    most: float | None = None

    @property
    def up(self) -> float:
        return self.fill.shape[0] / 2 if self.above is None else self.above

    def shows(self, cell: float) -> bool:
        """Whether its numbers can be read in cells of this size."""
        return self.texts is not None and cells.fits(self.texts, cell)

    def has_scale(self, cell: float) -> bool:
        return self.scale is not None and not self.shows(cell)


def draw(
    ax, rows: list[list[Block]], signs: tuple[str, ...] = (), note: str = "", numbers: bool = True, side: float = TALLEST
) -> theme.Picture:
    """Rows of blocks; ``signs`` stand between those of a row, and ``note`` below all.

    numbers: False leaves all texts out. side: inches of the largest block where there are no numbers to be read.
    """
    rows, cell = _sized(rows, numbers, side)
    blocks = [block for row in rows for block in row]
    if any(block.dots is not None and block.spacing * cell > 0.06 for block in blocks):
        note = f"{DOTS}\n{note}" if note else DOTS
    widths = [_widths(row, cell) for row in rows]
    width = max(2 * MARGIN + sum(w) + GAP * (len(w) - 1) for w in widths)
    note = theme.wrapped(note, theme.WIDTH - 2 * MARGIN)
    width = max(width, 2 * MARGIN + theme.text_width(note) if note else 0)
    heights = [_height(row, cell) for row in rows]
    below = theme.LINE * theme.lines_in(note) + 0.06 if note else 0.0
    figure, ax = theme.sheet(ax, width, MARGIN + sum(heights) + 0.12 * (len(rows) - 1) + below + MARGIN)
    y = MARGIN
    for row, wide, high in zip(rows, widths, heights, strict=True):
        _row(ax, y, cell, row, wide, (*signs, *[""] * len(row))[: len(row)])
        y += high + 0.12
    if note:
        ax.text(MARGIN, y - 0.04, note, ha="left", va="top", color=theme.GREY)
    return figure


def _row(ax, y: float, cell: float, row: list[Block], widths, signs) -> None:
    line = y + max(cells.title_size(block.title)[1] for block in row) + cell * max(block.up for block in row)
    x = MARGIN
    for i, (block, wide, sign) in enumerate(zip(row, widths, signs, strict=True)):
        _draw(ax, x, line - block.up * cell, cell, block)
        if sign and i < len(row) - 1:
            ax.text(x + wide + GAP / 2, line, sign, ha="center", va="center", fontsize=16)
        x += wide + GAP


def _height(row: list[Block], cell: float) -> float:
    title = max(cells.title_size(block.title)[1] for block in row)
    down = max(block.fill.shape[0] - block.up for block in row)
    scales = 0.5 if any(block.has_scale(cell) for block in row) else 0.0
    return title + cell * (max(block.up for block in row) + down) + scales


def _widths(row: list[Block], cell: float) -> list[float]:
    bar = [cells.scale_width(block.scale.norm) if block.has_scale(cell) else 0.0 for block in row]
    return [max(b.fill.shape[1] * cell, cells.title_size(b.title)[0], s) for b, s in zip(row, bar, strict=True)]


def readable(rows: list[list[Block]]) -> bool:
    """Whether all numbers would have room."""
    rows, cell = _sized(rows, True, TALLEST)
    return all(block.shows(cell) for row in rows for block in row)


def _sized(rows: list[list[Block]], numbers: bool, side: float) -> tuple[list[list[Block]], float]:
    """The blocks and the size of a cell with which everything has room, and numbers can be read where that is possible."""
    blocks = [block for row in rows for block in row]
    tallest = TALLEST / max(block.fill.shape[0] for block in blocks)

    def fits(rows: list[list[Block]], cell: float) -> bool:
        return all(sum(_widths(row, cell)) + GAP * (len(row) - 1) <= theme.WIDTH - 2 * MARGIN for row in rows)

    coarse = [[block._replace(texts=block.texts if block.coarse is None else block.coarse) for block in row] for row in rows]
    for written in (rows, coarse) if numbers else ():
        needed = max((cells.widest(block.texts) for row in written for block in row if block.texts is not None), default=0.0)
        cell = max(min(LARGEST, tallest), needed)
        if needed and cell <= tallest and fits(written, cell):
            return written, cell
    if not numbers:
        rows = [[block._replace(texts=None) for block in row] for row in rows]
    cell = min(LARGEST, tallest, side / max(max(block.fill.shape[:2]) for block in blocks))
    while not fits(rows, cell) and cell > 0.01:  # titles that are wider than their grids do not shrink with them
        cell *= 0.97
    return rows, cell


def _draw(ax, x: float, y: float, cell: float, block: Block) -> None:
    cells.titled(ax, x, y, block.title)
    cells.grid(ax, x, y, cell, block.fill, block.texts if block.shows(cell) else None, block.bold, block.lines)
    if block.mask is not None:
        cells.hatch(ax, x, y, cell, block.mask)
    if block.dots is not None and block.spacing * cell > 0.06:
        down = 0.34 * cell if block.shows(cell) else 0.0  # below the numbers
        points = block.dots * cell
        size = max(1.5, min(5.0, 14 * cell))
        ax.plot(x + points[:, 1], y + points[:, 0] + down, ".", color=theme.BLUE, markersize=size, zorder=6)
    for frame in block.frames:
        place = x + frame.column * cell, y + frame.row * cell, frame.columns * cell, frame.rows * cell
        cells.outline(ax, *place, frame.colour, frame.linewidth)
    if block.has_scale(cell):
        bottom = y + block.fill.shape[0] * cell + 0.12
        length = max(cells.scale_width(block.scale.norm), min(2.0, block.fill.shape[1] * cell))
        cells.scale(ax, x, bottom, length, *block.scale, block.most)
