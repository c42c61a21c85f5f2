"""How MixConv divides the channels among its kernel sizes: a bar of channels, and below it each group's kernel, to scale."""

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.collections import LineCollection

from minimix.nn import MixConv2d
from minimix.partition import KINDS
from minimix.partition import partition as divide
from minimix.viz.drawing import cells, theme

MARGIN, BAR, TAP = 0.12, 0.36, 0.065  # inches
LEADER = 0.28  # from the bar to what stands below


@theme.styled
def partition(*layers, titles: Sequence[str] | None = None, ax=None) -> theme.Picture:
    """The channels of MixConv2d layers, coloured by group, with the kernel of each group and how many channels it has.

    titles: one for each layer; how the channels are divided, where left out. ``partitions`` compares the ways to divide.

    Raises TypeError for what is no MixConv2d, ValueError for another number of titles.

    >>> from minimix import nn, viz
    >>> figure = viz.partition(nn.MixConv2d(32, (3, 5, 7, 9), partition="exponential"))
    """
    for layer in layers:
        if not isinstance(layer, MixConv2d):
            raise TypeError(f"layers must be MixConv2d, got a {type(layer).__name__}")
    if titles is None:
        titles = [layer.partition if isinstance(layer.partition, str) else "divided by hand" for layer in layers]
    return _drawn(ax, [(layer.channels_per_group, layer.kernel_sizes) for layer in layers], list(titles))


@theme.styled
def partitions(channels: int, kernel_sizes: Sequence, kinds: Sequence[str] = KINDS, ax=None) -> theme.Picture:
    """The ways in which ``minimix.partition`` divides so many channels among these kernel sizes, below each other.

    Raises what ``minimix.partition`` raises.

    >>> from minimix import viz
    >>> figure = viz.partitions(32, (3, 5, 7, 9))
    """
    layers = [MixConv2d(channels, tuple(kernel_sizes), partition=divide(channels, len(kernel_sizes), kind)) for kind in kinds]
    return partition(*layers, titles=list(kinds), ax=ax)


def _drawn(ax, divided: list, titles: list[str]) -> theme.Picture:
    if not divided or len(titles) != len(divided):
        raise ValueError(f"titles: {len(titles)} of them for {len(divided)} layers")
    texts = [
        f"{title}\n{sum(sizes):,} channel{'s' if sum(sizes) > 1 else ''}"
        for title, (sizes, _) in zip(titles, divided, strict=True)
    ]
    most = max(sum(sizes) for sizes, _ in divided)
    room = theme.WIDTH - 2 * MARGIN
    taps = max(sum(k[1] for k in kernels) for _, kernels in divided)
    tap = min(TAP, 0.8 * room / taps)
    below = [_below(kernels, sizes, tap) for sizes, kernels in divided]
    labels = max(sum(widths) + 0.1 * (len(widths) - 1) for widths, _ in below)
    width = min(room, max(0.34 * most, labels, *(cells.title_size(text)[0] for text in texts)))
    heights = [cells.title_size(text)[1] + BAR + LEADER + high for text, (_, high) in zip(texts, below, strict=True)]
    figure, ax = theme.sheet(ax, width + 2 * MARGIN, 2 * MARGIN + sum(heights) + 0.15 * (len(heights) - 1))
    y = MARGIN
    for (sizes, kernels), text, (widths, _), high in zip(divided, texts, below, heights, strict=True):
        top = y + cells.title_size(text)[1]
        cells.titled(ax, MARGIN, top, text)
        _bar(ax, top, width, tap, sizes, kernels, widths)
        y += high + 0.15
    said = [f"{t}: {theme.listed(f'{n} with {theme.times(k)}' for k, n in zip(kernels, sizes, strict=True))}"
            for t, (sizes, kernels) in zip(titles, divided, strict=True)]  # fmt: skip
    return theme.told(figure, f"How channels are divided among kernel sizes. {'; '.join(said)}.")


def _below(kernels, sizes, tap: float) -> tuple[list[float], float]:
    """(widths, height) of the kernels and their labels."""
    widths = [max(k[1] * tap, theme.text_width(_label(k, n))) for k, n in zip(kernels, sizes, strict=True)]
    return widths, max(k[0] for k in kernels) * tap + 0.06 + 2 * theme.LINE


def _label(kernel, size: int) -> str:
    return f"{theme.times(kernel)}\n{size} ch."


def _bar(ax, top: float, width: float, tap: float, sizes, kernels, widths) -> None:
    cell = width / sum(sizes)
    colours = theme.colours(len(sizes))
    edges = [MARGIN + cell * n for n in itertools.accumulate(sizes, initial=0)]
    middles = [(a + b) / 2 for a, b in itertools.pairwise(edges)]
    places = theme.spread(middles, widths, MARGIN, MARGIN + width, 0.1)
    for group, (size, kernel, colour) in enumerate(zip(sizes, kernels, colours, strict=True)):
        fill = cells.plain(1, size, colour)
        ax.pcolormesh(
            np.linspace(edges[group], edges[group + 1], size + 1),
            [top, top + BAR],
            fill,
            edgecolors="white" if cell > 0.05 else "none",
            linewidth=0.8,
            antialiased=cell > 0.05,
        )
        label = top + BAR + LEADER
        y = label + 2 * theme.LINE + 0.06
        leader = [(middles[group], top + BAR), (middles[group], top + BAR + 0.06), (places[group], label - 0.03)]
        ax.add_collection(LineCollection([leader], colors=colour, linewidths=1.4), autolim=False)
        left = places[group] - kernel[1] * tap / 2
        ax.pcolormesh(
            left + tap * np.arange(kernel[1] + 1),
            y + tap * np.arange(kernel[0] + 1),
            cells.plain(*kernel, colour),
            edgecolors="white",
            linewidth=0.5,
            antialiased=True,
        )
        ax.text(places[group], label, _label(kernel, size), ha="center", va="top", linespacing=1.1)
