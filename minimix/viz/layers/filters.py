"""The kernels of a layer as a matrix: which output has which kernel for which input."""

import numpy as np
from matplotlib.colors import Normalize

from minimix.padding import count
from minimix.viz.drawing import cells, theme
from minimix.viz.drawing.blocks import Scale
from minimix.viz.layers.kernels import weights_of

MARGIN, GAP, MOST = 0.12, 0.07, 16  # inches; kernels a side that can be told apart
KERNEL, TAP = (0.42, 0.66), 0.22  # inches: of a kernel at least and at most, of a tap at most


@theme.styled
def filters(layer, groups: int | None = None, ax=None) -> theme.Picture:
    """A row of kernels for each output channel, a column for each input channel, all on one scale.

    layer: a dense, grouped or depthwise convolution, or its weight (C_out, C/groups, KH, KW). groups: where ``layer`` is an
    array; by default that of the layer, or 1. Where channels are in different groups, there is no kernel: hatched.

    Raises ValueError for more than 16 channels, and for outputs that ``groups`` does not divide.

    >>> from minimix import nn, viz
    >>> figure = viz.filters(nn.Conv2d(4, 6, 3, groups=2))
    >>> figure = viz.filters(nn.DepthwiseConv2d(4, 3))
    """
    (weight, *others), _ = weights_of(layer)
    if others:
        raise ValueError(f"layer has {1 + len(others)} weights of their own: give one of them")
    if groups is None:
        groups = getattr(layer, "channels", getattr(layer, "groups", 1))
    groups = count(groups, "groups")
    outputs, inputs = len(weight), weight.shape[1] * groups
    if outputs % groups:
        raise ValueError(f"{outputs} output channels are no multiple of groups={groups}")
    if max(outputs, inputs) > MOST:
        raise ValueError(f"there are {theme.times((outputs, inputs))} kernels: take a layer with at most {MOST} channels")
    high, wide = weight.shape[2:]
    room = (theme.WIDTH - 2 * MARGIN - 0.9) / inputs - GAP
    tap = min(TAP, min(KERNEL[max(outputs, inputs) <= 6], room) / max(high, wide))
    largest = float(np.abs(weight[np.isfinite(weight)]).max(initial=0.0)) or 1.0
    scale = Scale(theme.DIVERGING, Normalize(-largest, largest))
    names = [f"output {o}" for o in range(outputs)]
    left, top = MARGIN + max(map(theme.text_width, names)) + 0.1, MARGIN + 2 * theme.LINE + 0.06
    pitch = wide * tap + GAP, high * tap + GAP
    bar = max(cells.scale_width(scale.norm), 1.6)
    size = max(left + inputs * pitch[0], left + bar) + MARGIN, top + outputs * pitch[1] + 0.5 + MARGIN
    figure, ax = theme.sheet(ax, *size)
    ax.text(left, MARGIN, "input", ha="left", va="top")
    for c in range(inputs):
        ax.text(left + c * pitch[0] + wide * tap / 2, top - 0.05, str(c), ha="center", va="bottom")
    for o, name in enumerate(names):
        y = top + o * pitch[1]
        ax.text(left - 0.1, y + high * tap / 2, name, ha="right", va="center")
        for c in range(inputs):
            own = c - o // (outputs // groups) * weight.shape[1]  # of the channels that this output sees, which one c is
            there = 0 <= own < weight.shape[1]
            x = left + c * pitch[0]
            fill = cells.coloured(weight[o, own], *scale) if there else cells.plain(high, wide, theme.PALE)
            cells.grid(ax, x, y, tap, fill, lines=there)
            if not there:
                cells.hatch(ax, x, y, tap, np.ones((high, wide), bool))
    cells.scale(ax, left, top + outputs * pitch[1] + 0.06, bar, *scale)
    said = f"{outputs} by {inputs} kernels of {theme.times((high, wide))}, a row for each output, a column for each input"
    said += f", weights up to {largest:.3g} in size"
    return theme.told(figure, said + (f"; in {groups} groups, between which there are none." if groups > 1 else "."))
