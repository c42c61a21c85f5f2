"""A convolution as a sum of shifted planes: each tap of a kernel is an offset into the flat memory of the padded picture."""

import numpy as np

from minimix.padding import count, pair
from minimix.viz.drawing import cells, theme

MARGIN, CELL, NAME = 0.12, 0.26, 1.75  # inches: NAME is the room for a tap's name
MOST = 26  # columns of a strip that still have room


@theme.styled
def shifts(
    kernel: int = 3, height: int = 3, width: int = 4, dilation: int = 1, at: tuple[int, int] = (1, 1), ax=None
) -> theme.Picture:
    """The padded picture with the flat index of each number, and below, a line for each tap: what it reads for every output.

    kernel, dilation: of a convolution with stride 1 and padding "same"; the kernel is odd. height, width: of the picture.
    at: (row, column) of the output whose taps are marked: in the picture they are a window, below they are a column.

    Raises ValueError for even kernels, a position that the output does not have, and pictures too wide to be drawn.

    >>> from minimix import viz
    >>> figure = viz.shifts(kernel=3, dilation=2)
    """
    kernel, dilation = count(kernel, "kernel"), count(dilation, "dilation")
    height, width = count(height, "height"), count(width, "width")
    at = pair(at, "at", 0)
    if kernel % 2 == 0:
        raise ValueError(f"kernel must be odd, got {kernel}")
    if not (at[0] < height and at[1] < width):
        raise ValueError(f"at={at} is no position of the output, which has {theme.times((height, width))}")
    reach = dilation * (kernel - 1)
    rows, columns = height + reach, width + reach
    run = (height - 1) * columns + width
    if run > MOST:
        raise ValueError(f"a line would have {run} numbers, more than {MOST}: take a smaller picture, kernel or dilation")
    index = np.arange(rows * columns).reshape(rows, columns)
    inside = np.pad(np.ones((height, width), bool), reach // 2)
    offsets = index[: reach + 1 : dilation, : reach + 1 : dilation].ravel()
    place = at[0] * columns + at[1]

    lines = len(offsets) + 1
    titles = (
        f"the picture, {height}x{width}, with its border of zeros: places in memory",
        "what each tap reads: places that follow each other, from its offset on",
    )
    x = MARGIN + NAME
    wide = max(x + run * CELL, *(MARGIN + cells.title_size(title)[0] for title in titles)) + MARGIN
    figure, ax = theme.sheet(ax, wide, 2 * MARGIN + 0.3 + rows * CELL + 0.55 + lines * CELL + 0.1)
    top = MARGIN + 0.3
    cells.titled(ax, MARGIN, top, titles[0])
    _numbers(ax, MARGIN, top, index, ~inside, np.isin(index, offsets + place))
    top += rows * CELL + 0.55
    cells.titled(ax, MARGIN, top, titles[1])
    for t, (tap, offset) in enumerate(zip(np.ndindex(kernel, kernel), offsets, strict=True)):
        y = top + t * CELL
        ax.text(MARGIN, y + CELL / 2, f"tap {tap[0]}, {tap[1]}: offset {offset}", ha="left", va="center")
        strip = np.arange(offset, offset + run)[None]
        _numbers(ax, x, y, strip, ~inside.ravel()[strip], np.arange(run)[None] == place)
    y = top + len(offsets) * CELL + 0.1
    used = (np.arange(run) % columns < width)[None]
    ax.text(MARGIN, y + CELL / 2, "the sum is output", ha="left", va="center", weight="bold")
    outputs = (np.arange(run) // columns * width + np.arange(run) % columns)[None]
    fill = cells.plain(1, run)
    fill[0, place] = cells.plain(1, 1, theme.BLUE)[0, 0]
    cells.grid(ax, x, y, CELL, fill, np.where(used, outputs.astype(str), ""), np.arange(run)[None] == place)
    cells.hatch(ax, x, y, CELL, ~used)
    said = f"A {theme.times((kernel, kernel))} kernel, dilation {dilation}, on a {height}x{width} picture in flat memory."
    said += f" Its taps have the offsets {' '.join(map(str, offsets))}; output {at[0]}, {at[1]} is the sum over the places"
    return theme.told(figure, f"{said} {' '.join(map(str, offsets + place))}.")


def _numbers(ax, x: float, y: float, index: np.ndarray, border: np.ndarray, marked: np.ndarray) -> None:
    """Cells with places in memory; the border's are grey, and those that are ``marked`` green."""
    fill = cells.plain(*index.shape)
    fill[border] = cells.plain(1, 1, theme.PALE)[0, 0]
    fill[marked] = cells.plain(1, 1, theme.WINDOW)[0, 0]
    cells.grid(ax, x, y, CELL, fill, index.astype(str).astype(object), marked)
