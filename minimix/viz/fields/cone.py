"""What one output sees through a stack of convolutions, along one axis: a row of dots for each layer, and the lines between."""

from collections.abc import Sequence

from matplotlib.collections import EllipseCollection, LineCollection

from minimix.viz.drawing import theme
from minimix.viz.fields.gridding import layer_of

MARGIN, ROW, MOST = 0.12, 0.72, 64  # inches; pixels that can be told apart
DOT, PITCH = 0.2, 0.46  # inches: of a dot, from one pixel to the next, both at most


@theme.styled
def cone(layers: Sequence, ax=None) -> theme.Picture:
    """One output above, the picture below, and all ways between them; hollow dots lie in the field, but are not seen.

    layers: the first one first, each (kernel, stride, dilation), or a module with ``kernel_size``, ``stride`` and ``dilation``;
    of pairs the horizontal one counts. Each dot stands above the middle of what it sees. Numbers below the picture: along how
    many ways the output sees a pixel; ``gridding`` draws the same for both axes.

    Raises ValueError for a field of more than 64 pixels; TypeError for what is no layer.

    >>> from minimix import viz
    >>> figure = viz.cone([(3, 1, 1), (3, 2, 1), (3, 1, 2)])
    """
    found = [tuple(pair[1] for pair in layer_of(layer, i)) for i, layer in enumerate(layers)]
    if not found:
        raise ValueError("layers is empty: give one (kernel, stride, dilation) or more")
    ways = [{0: 1}]  # of each row, from the output down: index -> number of ways to it
    for kernel, stride, dilation in reversed(found):
        below: dict[int, int] = {}
        for place, number in ways[0].items():
            for tap in range(kernel):
                at = place * stride + tap * dilation
                below[at] = below.get(at, 0) + number
        ways.insert(0, below)
    size = max(ways[0]) + 1
    if size > MOST:
        raise ValueError(f"the output sees {size} pixels: take fewer layers, at most {MOST} can be drawn")
    jumps, starts = [1], [0.0]  # of each row, in pixels: from one dot to the next, and where the first one is
    for kernel, stride, dilation in found:
        starts.append(starts[-1] + jumps[-1] * dilation * (kernel - 1) / 2)
        jumps.append(jumps[-1] * stride)
    names = ["picture", *(f"layer {i + 1}" for i in range(len(found) - 1)), "output"]
    words = [f"kernel {k}, stride {s}, dilation {d}" for k, s, d in found]
    left = MARGIN + max(map(theme.text_width, names)) + 0.25
    right = max(map(theme.text_width, words)) + 0.3
    pitch = min(PITCH, (theme.WIDTH - left - right - MARGIN) / size)
    title = f"one output sees {len(ways[0])} of {size} pixels; neighbours lie {jumps[-1]} apart"
    width = max(left + size * pitch + right, theme.text_width(title, weight="bold") + 2 * MARGIN)
    top = MARGIN + theme.LINE + 0.25
    figure, ax = theme.sheet(ax, width, top + ROW * len(found) + 0.55)
    ax.text(MARGIN, MARGIN, title, ha="left", va="top", weight="bold")
    last = len(found)

    def spot(row: int, index: int) -> tuple[float, float]:
        return left + pitch * (0.5 + starts[row] + index * jumps[row]), top + ROW * (last - row)

    for row, numbers in enumerate(ways):
        x, y = spot(row, min(numbers))
        ax.text(MARGIN, y, names[row], ha="left", va="center")
        inside = range(min(numbers), max(numbers) + 1)
        dot = min(DOT, 0.8 * pitch * jumps[row])
        colour = theme.BLUE if row == last else theme.GREEN
        fills = [colour if index in numbers else "white" for index in inside]
        dots = EllipseCollection(
            *([dot] * len(fills), [dot] * len(fills), [0] * len(fills)),  # widths, heights, angles
            units="xy",
            offsets=[spot(row, index) for index in inside],
            offset_transform=ax.transData,
            facecolors=fills,
            edgecolors=[theme.GREY if fill == "white" else fill for fill in fills],
            zorder=3,
        )
        ax.add_collection(dots, autolim=False)
        if row < last:
            kernel, stride, dilation = found[row]
            ends = [(spot(row + 1, i), spot(row, i * stride + t * dilation)) for i in ways[row + 1] for t in range(kernel)]
            thin = 1.2 if len(ends) <= 60 else 0.7
            ax.add_collection(LineCollection(ends, colors=theme.LIGHT, linewidths=thin, zorder=2), autolim=False)
            ax.text(left + size * pitch + 0.2, y - ROW / 2, words[row], ha="left", va="center", color=theme.GREY)
    texts = {index: str(number) for index, number in ways[0].items()}
    if max(map(theme.text_width, texts.values())) < 0.95 * pitch:
        for index, text in texts.items():
            x, y = spot(0, index)
            ax.text(x, y + 0.17, text, ha="center", va="top")
        ax.text(MARGIN, top + ROW * last + 0.17, "ways", ha="left", va="top", color=theme.GREY)
    stack = "; ".join(words)
    return theme.told(
        figure, f"Stack of layers along one axis ({stack}): {title}. Ways to the pixels: {' '.join(map(str, texts.values()))}."
    )
