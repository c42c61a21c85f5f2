"""A network block by block, as the paper draws MixNets: which kernel sizes each block has, on maps of which size."""

import itertools
from collections.abc import Sequence

from matplotlib.patches import Rectangle

from minimix.nn import MixBlock, Module
from minimix.viz.drawing import cells, theme

MARGIN, BAR, WIDEST = 0.12, 1.0, 0.75  # inches: of the page's edge, of a block's height, of its width
APART = 0.05  # between two blocks
COLOURS = dict(zip((3, 5, 7, 9, 11, 13), (theme.SKY, theme.ORANGE, theme.GREEN, theme.PURPLE, theme.VERMILLION, theme.BLUE),
                   strict=True))  # fmt: skip


@theme.styled
def blocks(*networks: Module, titles: Sequence[str] | None = None, ax=None) -> theme.Picture:
    """Networks below each other, each a row of its blocks in order (MixConv, figure 8).

    A block is a bar that is divided as its depthwise layer's channels are, a part for each kernel size; 3/2 is one of 3x3 with
    a dilation of 2, and has the colour of 5, which reaches as far. A bracket above spans the blocks whose outputs have as many
    pixels; below each block are its output channels.

    networks: those that ``models.create`` makes from rows: MixNets, MobileNets. titles: one for each.

    Raises TypeError for a network without such blocks, ValueError for another number of titles.

    >>> from minimix import models, viz
    >>> figure = viz.blocks(models.create("mixnet_nano"))
    """
    if not networks:
        raise ValueError("networks: give one at least")
    titles = [""] * len(networks) if titles is None else list(titles)
    if len(titles) != len(networks):
        raise ValueError(f"titles: {len(titles)} of them for {len(networks)} networks")
    drawn = [_described(network) for network in networks]
    most = max(map(len, drawn))
    width = min(WIDEST, (theme.WIDTH - 2 * MARGIN) / most)
    heads = [cells.title_size(title)[1] if title else 0.0 for title in titles]
    height = 2 * theme.LINE + 0.14 + BAR
    room = max(most * width, *(cells.title_size(title)[0] for title in titles), *map(_brackets, drawn))
    figure, ax = theme.sheet(ax, room + 2 * MARGIN, 2 * MARGIN + sum(heads) + (height + 0.12) * len(drawn))
    y, told = MARGIN, []
    for found, title, head in zip(drawn, titles, heads, strict=True):
        if title:
            cells.titled(ax, MARGIN, y + head, title)
        _row(ax, y + head, width, found)
        y += head + height + 0.12
        kernels = ", ".join("{" + ",".join(map(str, sizes)) + "}" for sizes, *_ in found)
        told.append(f"{title or 'network'}: {kernels}")
    return theme.told(figure, f"Kernel sizes of the blocks, in order. {'; '.join(told)}.")


def _described(network: Module) -> list[tuple[list[str], list[int], list[str], int, str]]:
    """Of each block: (kernels in words, channels of each group, colours, output channels, pixels of the output)."""
    found = []
    mixed = [block for block in network.modules() if isinstance(block, MixBlock)]
    if not mixed or not hasattr(network, "input_size"):
        raise TypeError(f"blocks are drawn of networks that models.create makes from rows, not of a {type(network).__name__}")
    stem = network.conv_stem.stride
    sides = [-(-side // step) for side, step in zip(network.input_size[1:], stem, strict=True)]
    for block in mixed:
        layer = block.conv_dw
        sides = [-(-side // step) for side, step in zip(sides, layer.stride, strict=True)]
        kernels = [_sides(size) for size in layer.kernel_sizes]
        words = [f"{k}/{_sides(d)}" if d != (1, 1) else k for k, d in zip(kernels, layer.dilation, strict=True)]
        reach = [d[0] * (size[0] - 1) + 1 for size, d in zip(layer.kernel_sizes, layer.dilation, strict=True)]
        colours = [COLOURS.get(pixels, theme.LIGHT) for pixels in reach]
        found.append((words, list(layer.channels_per_group), colours, block.project.out_channels, theme.times(sides)))
    return found


def _sides(pair) -> str:
    return str(pair[0]) if pair[0] == pair[1] else theme.times(pair)


def _brackets(found) -> float:
    """Inches that the brackets' labels take."""
    return sum(theme.text_width(pixels) + 0.1 for pixels, _ in itertools.groupby(entry[-1] for entry in found))


def _row(ax, y: float, width: float, found) -> None:
    top = y + theme.LINE + 0.1
    x = MARGIN
    for pixels, group in itertools.groupby(found, key=lambda entry: entry[-1]):
        members = list(group)
        end = x + len(members) * width
        ax.plot([x + 0.04, end - APART - 0.02], [top - 0.05] * 2, color=theme.GREY, linewidth=1.2)
        label = pixels if theme.text_width(pixels) < end - x else pixels.split("x")[0]
        ax.text((x + end - APART) / 2, top - 0.09, label, ha="center", va="bottom")
        for words, sizes, colours, channels, _ in members:
            _bar(ax, x, top, width - APART, words, sizes, colours)
            ax.text(x + (width - APART) / 2, top + BAR + 0.04, str(channels), ha="center", va="top")
            x += width


def _bar(ax, x: float, top: float, width: float, words, sizes, colours) -> None:
    down = top
    for text, size, colour in zip(words, sizes, colours, strict=True):
        high = BAR * size / sum(sizes)
        ax.add_patch(Rectangle((x, down), width, high, facecolor=colour, edgecolor="white", linewidth=1.2))
        if high >= theme.LINE and theme.text_width(text) < width:
            ax.text(x + width / 2, down + high / 2, text, ha="center", va="center", color=theme.ink(colour))
        down += high
