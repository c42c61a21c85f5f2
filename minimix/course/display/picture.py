"""A failing case as a picture: inputs above, expected, actual and their difference below, every number in its cell."""

import io
from typing import NamedTuple

import numpy as np

BLUE, ORANGE = "#0072B2", "#D55E00"  # Okabe and Ito's: colour-blind readers tell them apart
CELL, GAP, HEAD, POINTS = 0.52, 0.4, 0.42, 10  # inches: a cell, between panels, above a panel; size of letters
MOST = 10  # cells a side that still hold numbers
LEGEND = "blue: positive, orange: negative, framed: wrong"


class Panel(NamedTuple):
    """title: what it is, as one would index it. wrong: booleans, where there is something to see."""

    title: str
    values: np.ndarray
    wrong: np.ndarray | None = None


def draw(inputs: list[Panel], results: list[Panel]):
    """A matplotlib Figure, each panel as large as its numbers need. 0 is white; expected and actual have one scale."""
    from matplotlib.figure import Figure

    rows = [row for row in (inputs, results) if row]
    sizes = [[_size(panel) for panel in row] for row in rows]
    width = max(0.075 * len(LEGEND) + 2 * GAP, *(sum(w for w, _ in row) + GAP * (len(row) + 1) for row in sizes))
    heights = [max(h for _, h in row) + HEAD for row in sizes]
    total = sum(heights) + GAP * (len(rows) + 1) / 2
    figure = Figure(figsize=(width, total), dpi=100, facecolor="white")
    common = max(_reach(panel.values) for panel in results[:2])
    top = total
    for row, spaces, height in zip(rows, sizes, heights, strict=True):
        left = GAP
        for number, (panel, (w, h)) in enumerate(zip(row, spaces, strict=True)):
            inner = min(w, panel.values.shape[1] * _cell(panel))  # a title may be wider than its panel
            axes = figure.add_axes((left / width, (top - HEAD - h) / total, inner / width, h / total))
            _panel(axes, panel, common if row is results and number < 2 else _reach(panel.values))
            left += w + GAP
        top -= height + GAP / 2
    figure.text(GAP / width, 0.12 / total, LEGEND, fontsize=POINTS, color="#444444")
    figure.alt = f"The smallest case that fails. {'; '.join(_words(panel) for row in rows for panel in row)}."
    return figure


def _words(panel: Panel) -> str:
    """
    >>> _words(Panel("x[0]", np.array([[1.0, 2.0]]), np.array([[True, False]])))
    'x[0]: 1 2, 1 wrong'
    """
    few = panel.values.size <= 16
    said = (
        " / ".join(" ".join(map(short, row)) for row in panel.values.astype(float))
        if few
        else "{}x{}".format(*panel.values.shape)
    )
    return f"{panel.title}: {said}" + (f", {int(panel.wrong.sum())} wrong" if panel.wrong is not None else "")


def _reach(values: np.ndarray) -> float:
    """The largest number, as far as it is one."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0


def _cell(panel: Panel) -> float:
    return CELL * min(1.0, MOST / max(1, *panel.values.shape))


def _size(panel: Panel) -> tuple[float, float]:
    """(width, height) in inches; at least as wide as the title."""
    rows, columns = panel.values.shape
    return max(columns * _cell(panel), 0.09 * len(panel.title)), rows * _cell(panel)


def _panel(axes, panel: Panel, reach: float) -> None:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    values = panel.values.astype(float)
    colours = LinearSegmentedColormap.from_list("signed", [_pale(ORANGE), "white", _pale(BLUE)])
    axes.imshow(values, cmap=colours, vmin=-reach, vmax=reach, interpolation="nearest", aspect="auto")
    axes.set_title(panel.title, fontsize=POINTS, loc="left", pad=5)
    axes.set_xticks([])
    axes.set_yticks([])
    for place, value in np.ndenumerate(values):
        if max(values.shape) <= MOST:
            axes.text(*place[::-1], short(value), ha="center", va="center", fontsize=POINTS, color="black")
        if panel.wrong is not None and panel.wrong[place]:
            corner = place[1] - 0.43, place[0] - 0.43
            axes.add_patch(Rectangle(corner, 0.86, 0.86, fill=False, edgecolor="black", linewidth=2))


def short(value: float) -> str:
    """A number in six characters.

    >>> short(2.0), short(-12.25), short(-0.40506), short(123456.0), short(-0.0000123), short(float("nan"))
    ('2', '-12.25', '-0.405', '123456', '-1e-05', 'nan')
    """
    texts = [f"{value:.{digits}g}" for digits in (6, 5, 4, 3, 2, 1)]
    return next((text for text in texts if len(text) <= 6), texts[-1])


def _pale(colour: str) -> tuple:
    from matplotlib.colors import to_rgb

    return tuple(1 - 0.55 * (1 - part) for part in to_rgb(colour))


def png(figure) -> bytes:
    """The figure as a PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    content = io.BytesIO()
    FigureCanvasAgg(figure).print_png(content)
    return content.getvalue()
