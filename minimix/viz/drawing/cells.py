"""Grids of square cells on a sheet (``theme.sheet``), and the marks on them. Lengths in inches, y downwards."""

import numpy as np
from matplotlib import colormaps
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_rgba
from matplotlib.patches import Rectangle

from minimix.viz.drawing import theme
from minimix.viz.drawing.values import short

SMALLEST = 0.22  # of a cell that holds a text


def grid(ax, x: float, y: float, cell: float, fill: np.ndarray, texts=None, bold=None, lines: bool = True) -> None:
    """Cells at (x, y), coloured by ``fill`` (rows, columns, 4); texts: (rows, columns) of strings, or None."""
    rows, columns = fill.shape[:2]
    ax.pcolormesh(
        x + cell * np.arange(columns + 1),
        y + cell * np.arange(rows + 1),
        fill,
        edgecolors=theme.LIGHT if lines and cell >= 0.07 else "none",
        linewidth=0.8 if cell >= 0.15 else 0.4,
        antialiased=lines,
        zorder=2,
    )
    outline(ax, x, y, columns * cell, rows * cell, theme.GREY, 1.0, zorder=2.1)
    if texts is not None:
        for (i, j), text in np.ndenumerate(texts):
            if text:
                weight = "bold" if bold is not None and bold[i, j] else "normal"
                middle = x + (j + 0.5) * cell, y + (i + 0.5) * cell
                colour = theme.ink(tuple(fill[i, j, :3]))
                ax.text(*middle, text, ha="center", va="center", color=colour, weight=weight, zorder=4)


def fits(texts: np.ndarray, cell: float) -> bool:
    """Whether all of ``texts`` can be read in cells of this size."""
    return cell >= SMALLEST and widest(texts) <= cell


def widest(texts: np.ndarray) -> float:
    """The size of a cell that the longest of ``texts`` needs."""
    return max((theme.text_width(text, weight="bold") for text in set(texts.ravel()) if text), default=0.0) + 0.06


def plain(rows: int, columns: int, colour="white") -> np.ndarray:
    """A fill of one colour.

    >>> plain(1, 2).tolist()
    [[[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]]
    """
    return np.tile(np.array(to_rgba(colour)), (rows, columns, 1))


def hatch(ax, x: float, y: float, cell: float, mask: np.ndarray) -> None:
    """Lines across the cells where ``mask`` (rows, columns) is true: here is no data."""
    places = np.argwhere(mask)
    if not len(places):
        return
    corner = np.array((x, y)) + cell * places[:, ::-1]  # matplotlib's own hatching takes seconds where there are many cells
    strokes = [((0, 1), (1, 0))] if cell < 0.15 else [((0, 1), (1, 0)), ((0, 0.5), (0.5, 0)), ((0.5, 1), (1, 0.5))]
    lines = np.concatenate([corner[:, None] + cell * np.array(stroke) for stroke in strokes])
    drawn = LineCollection(lines, colors=theme.LIGHT, linewidths=min(0.8, 8 * cell), zorder=2.5)
    drawn.set_gid(f"hatched {len(places)}")
    ax.add_collection(drawn, autolim=False)


def outline(ax, x, y, width, height, colour, linewidth=2.0, zorder=4.0) -> None:
    """The frame of a rectangle."""
    ax.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=colour, linewidth=linewidth, zorder=zorder))


def titled(ax, x: float, y: float, title: str) -> None:
    """A title with its last line just above ``y``; the first line is bold."""
    first, _, rest = title.partition("\n")
    ax.text(x, y - 0.09 - theme.LINE * theme.lines_in(rest), first, ha="left", va="bottom", weight="bold")
    if rest:
        ax.text(x, y - 0.09, rest, ha="left", va="bottom", linespacing=1.2)


def title_size(title: str) -> tuple[float, float]:
    """(width, height) that ``titled`` takes, in inches."""
    first, _, rest = title.partition("\n")
    width = max(theme.text_width(first, weight="bold"), theme.text_width(rest) if rest else 0.0)
    return width, theme.LINE * theme.lines_in(title) + 0.12


def scale(ax, x: float, y: float, width: float, colours: str, norm: Normalize, most: float | None = None) -> None:
    """A bar of all colours, up to that of ``most`` where it is given, with the numbers at its ends below it, and zero where it
    lies between them."""
    seen, norm = norm, norm if most is None else Normalize(norm.vmin, most)
    steps = np.linspace(norm.vmin, norm.vmax, 128)
    ax.imshow(coloured(steps[None], colours, seen), extent=(x, x + width, y + 0.13, y), aspect="equal", zorder=2)
    outline(ax, x, y, width, 0.13, theme.GREY, 0.8)
    low, high = _ends(norm)
    ax.text(x, y + 0.17, low, ha="left", va="top")
    ax.text(x + width, y + 0.17, high, ha="right", va="top")
    if norm.vmin < 0 < norm.vmax:
        zero = x + width * float(-norm.vmin / (norm.vmax - norm.vmin))
        room = min(zero - x - theme.text_width(low), x + width - zero - theme.text_width(high))
        if room > theme.text_width("0"):
            ax.text(zero, y + 0.17, "0", ha="center", va="top")


def _ends(norm: Normalize) -> tuple[str, str]:
    return short(float(norm.vmin)), short(float(norm.vmax))


def scale_width(norm: Normalize) -> float:
    """Inches that ``scale`` needs for its numbers."""
    return sum(map(theme.text_width, _ends(norm))) + 0.45


def coloured(array: np.ndarray, colours: str, norm: Normalize) -> np.ndarray:
    """The colours (..., 4) of an array's numbers; grey for those that are none (NaN), the ends' for infinities."""
    shown = np.nan_to_num(array.astype(float), nan=np.nan, posinf=norm.vmax, neginf=norm.vmin)
    return colormaps[colours].with_extremes(bad=theme.LIGHT)(norm(np.ma.masked_invalid(shown)))
