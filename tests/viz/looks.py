"""What can be said of a figure without looking at it: its texts, whether all can be read, and what is drawn."""

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.image import imread
from matplotlib.text import Text

from minimix.viz.drawing import theme

LETTERS = 10  # points
LETTERS_SEEN, MARKS_SEEN = 4.5, 2.0  # contrasts, of 21 at most
CROSSED = 0.03  # part of a text's pixels


def texts(figure) -> list[str]:
    """All texts that are drawn, after a check that each is large enough, none reaches over the edge, and none over another."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            transform = axis.get_transform().transform  # to the logarithm, where the scale is one
            low, high = sorted(transform(np.array(axis.get_view_interval())))
            slack = 1e-9 * (high - low)
            ticks = axis.get_major_ticks() + axis.get_minor_ticks()
            places = [transform(np.array([tick.get_loc()]))[0] for tick in ticks]
            inside = [axes.axison and low - slack <= place <= high + slack for place in places]
            gone = [tick for tick, shown in zip(ticks, inside, strict=True) if not shown]
            hidden |= {text for tick in gone for text in tick.findobj(Text)}
    shown = [text for text in shown if text not in hidden]
    width, height = canvas.get_width_height()
    assert width <= theme.WIDTH * 100 + 1, f"{width} pixels are too wide for a notebook"
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in shown]
    for text, box in zip(shown, boxes, strict=True):
        name = text.get_text()
        assert text.get_fontsize() >= LETTERS, f"{name!r} has {text.get_fontsize()} points"
        inside = box.x0 >= -0.5 and box.y0 >= -0.5 and box.x1 <= width + 0.5 and box.y1 <= height + 0.5
        assert inside, f"{name!r} is cut off: {box} of {width} x {height}"
    for i, one in enumerate(boxes):
        for j, other in enumerate(boxes[:i]):
            over = min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0)
            assert min(over) <= 1.5, f"{shown[i].get_text()!r} lies over {shown[j].get_text()!r} by {over} pixels"
    assert len(getattr(figure, "alt", "")) > 30, f"it is not described in words: {getattr(figure, 'alt', '')!r}"
    _legible(figure, canvas, shown, boxes)
    return [text.get_text() for text in shown]


def _legible(figure, canvas, shown: list[Text], boxes: list) -> None:
    """Letters stand out from what lies below them, nothing crosses them, and marks stand out from the paper."""
    for text in shown:
        text.set_alpha(0)  # it keeps its place in the layout
    below = picture(figure)
    for text in shown:
        text.set_alpha(None)
    for text, box in zip(shown, boxes, strict=True):
        rows = slice(max(0, int(len(below) - box.y1) + 2), max(0, int(len(below) - box.y0) - 1))
        part = below[rows, max(0, int(box.x0) + 1) : max(0, int(box.x1) - 1)].reshape(-1, 3)
        if not len(part):
            continue
        ground = tuple(np.median(part, axis=0))
        seen = theme.contrast(to_hex(text.get_color()), ground)
        assert seen >= LETTERS_SEEN, f"{text.get_text()!r} has a contrast of {seen:.1f} to what lies below it"
        colours, counts = np.unique(part, axis=0, return_counts=True)
        other = sum(n for colour, n in zip(colours, counts, strict=True) if theme.contrast(tuple(colour), ground) > MARKS_SEEN)
        assert other <= CROSSED * len(part), (
            f"{text.get_text()!r} is crossed: {other} of {len(part)} pixels are of another colour"
        )
    for axes in figure.axes:
        for line in axes.lines:
            if line.get_visible() and not any(line is grid for grid in (*axes.get_xgridlines(), *axes.get_ygridlines())):
                seen = theme.contrast(to_hex(line.get_color()), "white")
                assert seen >= MARKS_SEEN, f"{line.get_label()!r} has a contrast of {seen:.1f} to white"


def picture(figure) -> np.ndarray:
    """(H, W, 3), 0 to 1."""
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    file.seek(0)
    return imread(file)[:, :, :3]


def grids(figure) -> list[np.ndarray]:
    """The colours of each grid of cells, (rows, columns) of "#rrggbb", in the order in which they were drawn."""
    found = []
    for mesh in figure.findobj(QuadMesh):
        rows, columns = (n - 1 for n in mesh.get_coordinates().shape[:2])
        colours = np.asarray(mesh.get_array()).reshape(rows, columns, -1)
        found.append(np.array([[to_hex(cell) for cell in row] for row in colours]))
    return found


def count(grid: np.ndarray, colour: str) -> int:
    """How many cells have a colour."""
    return int((grid == to_hex(colour)).sum())


def hatched(figure) -> int:
    """How many cells are hatched."""
    names = [str(lines.get_gid()) for lines in figure.findobj(LineCollection)]
    return sum(int(name.split()[1]) for name in names if name.startswith("hatched"))
