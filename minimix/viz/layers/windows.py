"""Convolution as a matrix product, drawn ("im2col"): every window is a row of a matrix, every filter a column of another."""

import numpy as np

from minimix.padding import Ints, Padding, Pair, pair
from minimix.reference.windows import seen
from minimix.viz.drawing import blocks, cells, theme
from minimix.viz.drawing.blocks import Block, Frame
from minimix.viz.drawing.values import as_array, cell_texts
from minimix.viz.layers.arithmetic import Window, window

MOST = 40  # rows or columns that can be told apart


@theme.styled
def windows(
    x, weight, stride: Ints = 1, padding: Padding = 0, dilation: Ints = 1, at: Pair | None = (0, 0), ax=None
) -> theme.Picture:
    """A small convolution as a matrix product: the input, the matrix of its windows, the filters as columns, the outputs.

    x: (H, W) or (C, H, W). weight: (KH, KW), (C, KH, KW) or (C_out, C, KH, KW). at: (row, column) of the output whose window is
    marked, or None. stride, padding, dilation: as in ``F.depthwise_conv2d``. Numbers are shown where they have room.

    Raises ValueError for shapes that do not fit each other, for a matrix of more than 40 rows or columns, and for a
    position that the output does not have; what ``minimix.padding`` raises.

    >>> from minimix import viz
    >>> import numpy as np
    >>> figure = viz.windows(np.arange(16).reshape(4, 4), [[1, 0], [0, -1]])
    """
    x, weight = as_array(x, "x", (2, 3)), as_array(weight, "weight", (2, 3, 4))
    x = x[None] if x.ndim == 2 else x
    weight = weight.reshape((1,) * (4 - weight.ndim) + weight.shape)
    if weight.shape[1] != len(x):
        raise ValueError(f"weight {weight.shape} is for {weight.shape[1]} channels, x {x.shape} has {len(x)}")
    w = window(x.shape[1:], weight.shape[2:], stride, padding, dilation)
    matrix, border = _unfolded(x, w), _unfolded(np.ones_like(x), w) == 0
    if max(matrix.shape) > MOST:
        raise ValueError(f"the matrix of windows would be {theme.times(matrix.shape)}: take a smaller x, at most {MOST} a side")
    if at is not None:
        at = pair(at, "at", 0)
        if not (at[0] < w.places[0] and at[1] < w.places[1]):
            raise ValueError(f"at={at} is no position of the output, which has {theme.times(w.places)}")
    columns = weight.reshape(len(weight), -1).T
    row = None if at is None else at[0] * w.places[1] + at[1]
    taps, places = columns.shape[0], len(matrix)
    filters = f"{len(weight)} filters" if len(weight) > 1 else "the filter"
    parts = [
        _input(x, w, at),
        _marked(f"windows {theme.times(matrix.shape)}\none row for each place", matrix, row, theme.WINDOW, len(x), border),
        _marked(f"weights {theme.times(columns.shape)}\n{filters}, flat", columns, None, theme.WINDOW),
        _marked(
            f"output {theme.times((places, len(weight)))}\n= {theme.times(w.places)}, flat", matrix @ columns, row, theme.BLUE
        ),
    ]
    note = "" if taps == w.kernel[0] * w.kernel[1] else "thick lines: from one channel to the next"

    def written(matrix: np.ndarray) -> str:
        return "" if row is None else " ".join(cell_texts(matrix)[row])

    said = (
        f"Convolution as a matrix product: windows of {theme.times(matrix.shape)} times weights of {theme.times(columns.shape)}"
    )
    marked = f"; marked is place {row}: {written(matrix)} gives {written(matrix @ columns)}"
    said += f" is the output of {theme.times((places, len(weight)))}{marked if row is not None else ''}."
    return theme.told(blocks.draw(ax, [parts], ("→", "·", "="), note), said)


def _unfolded(x: np.ndarray, w: Window) -> np.ndarray:
    """(places, C * taps): a row for each window of x (C, H, W)."""
    padded = np.pad(x, ((0, 0), *w.pads))[None]
    taps = [seen(padded, tap, w.places, w.stride, w.dilation)[0] for tap in np.ndindex(w.kernel)]  # each (C, OH, OW)
    return np.stack(taps, axis=1).reshape(len(x) * len(taps), -1).T


def _input(x: np.ndarray, w: Window, at) -> Block:
    """The channels below each other."""
    high, wide = w.padded
    rows = len(x) * high
    mask = np.tile(w.border(), (len(x), 1))
    fill, frames = cells.plain(rows, wide), []
    fill[mask] = cells.plain(1, 1, theme.PALE)[0, 0]
    bold = np.zeros((rows, wide), bool)
    for c in range(len(x)):
        frames.append(Frame(c * high, 0, high, wide, linewidth=1.6))
        if at is not None:
            taps = w.taps(at) + np.array((c * high, 0))
            fill[tuple(taps.T)], bold[tuple(taps.T)] = cells.plain(1, 1, theme.WINDOW)[0, 0], True
            frames.append(Frame(c * high + at[0] * w.stride[0], at[1] * w.stride[1], *w.covered))
    texts = cell_texts(np.pad(x, ((0, 0), *w.pads))).reshape(rows, wide)
    title = f"input {theme.times(x.shape if len(x) > 1 else w.size)}\nkernel {theme.times(w.kernel)}"
    return Block(title, fill, texts, bold, mask, tuple(frames))


def _marked(title: str, array: np.ndarray, row, colour: str, channels: int = 1, mask=None) -> Block:
    """A matrix with one row in ``colour``; ``channels``: parts of its columns."""
    fill, bold = cells.plain(*array.shape), np.zeros(array.shape, bool)
    if mask is not None:
        fill[mask] = cells.plain(1, 1, theme.PALE)[0, 0]
    frames = []
    if row is not None:
        fill[row], bold[row] = cells.plain(1, 1, colour)[0, 0], True
        frames.append(Frame(row, 0, 1, array.shape[1]))
    if channels > 1:
        size = array.shape[1] // channels
        frames += [Frame(0, c * size, len(array), size, linewidth=1.6) for c in range(channels)]
    return Block(title, fill, cell_texts(array), bold, mask, tuple(frames))
