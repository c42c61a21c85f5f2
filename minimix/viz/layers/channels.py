"""Which channels meet which: how a layer connects its inputs with its outputs, found by trying."""

from collections.abc import Sequence

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from minimix.nn import Conv2d, DepthwiseConv2d, MixConv2d, Module, PointwiseConv2d
from minimix.padding import count
from minimix.tensor import Tensor, no_grad
from minimix.viz.drawing import cells, theme

MARGIN, PANEL, HIGH = 0.12, 1.8, 2.8  # inches: of a picture of channels
SPAN, WIDE, PITCH = 1.0, 0.26, 0.34  # from inputs to outputs; of a slab; from one to the next
BATCH = 32  # pictures at a time
MOST, SHOWN = 1500, 24  # lines that can be told apart; channels whose lines are drawn where there are more


def connections(layer: Module, channels: int, size: int = 16) -> np.ndarray:
    """Which input channels each output channel depends on: booleans (C_out, C).

    The layer is called on a random picture of size x size, and on the same with one channel changed at a time: what changes in
    the output, be it in the last bit, depends on that channel. It may be any module that takes (N, channels, size, size).

    >>> from minimix import nn
    >>> connections(nn.PointwiseConv2d(4, 2, groups=2), 4).astype(int)
    array([[1, 1, 0, 0],
           [0, 0, 1, 1]])
    """
    channels, size = count(channels, "channels"), count(size, "size")
    draws = np.random.default_rng(0)
    dtype = next((parameter.dtype for parameter in layer.parameters()), np.dtype(np.float32))
    x = draws.standard_normal((1, channels, size, size)).astype(dtype)
    modes = [(module, module.training) for module in layer.modules()]
    found = []
    try:
        layer.eval()
        with no_grad():
            for first in range(0, channels, BATCH):
                changed = np.arange(first, min(first + BATCH, channels))
                moved = np.repeat(x, len(changed), axis=0)
                before = layer(Tensor(moved.copy())).data  # as many images: a kernel may round the last ones in another way
                moved[np.arange(len(changed)), changed] = draws.standard_normal((len(changed), size, size))
                found.append((layer(Tensor(moved)).data != before).any(axis=(2, 3)))  # (changed, C_out)
    finally:
        for module, mode in modes:
            module.training = mode
    return np.concatenate(found).T


@theme.styled
def channel_graph(layers, channels: int, titles: Sequence[str] | None = None, ax=None) -> theme.Picture:
    """Inputs and outputs of layers as slabs, and a line from each output to the inputs that it sees; layers side by side.

    layers: one module or several, each for so many input ``channels``. titles: a name for each; below it stands how many
    weights it has. The groups of a MixConv2d have a colour each, and so have channels that meet no others.

    Raises ValueError for another number of titles, and what the layers raise.

    >>> from minimix import nn, viz
    >>> figure = viz.channel_graph([nn.PointwiseConv2d(4, 6), nn.PointwiseConv2d(4, 6, groups=2)], 4)
    """
    layers = [layers] if isinstance(layers, Module) else list(layers)
    titles = [type(layer).__name__ for layer in layers] if titles is None else list(titles)
    if not layers or len(titles) != len(layers):
        raise ValueError(f"titles: {len(titles)} of them for {len(layers)} layers")
    texts = [f"{theme.wrapped(t, PANEL)}\n{_weights(layer)}" for t, layer in zip(titles, layers, strict=True)]
    wide = max(PANEL, *(cells.title_size(text)[0] for text in texts)) + 0.25
    top = MARGIN + max(cells.title_size(text)[1] for text in texts) + 0.05
    joined = [connections(layer, channels) for layer in layers]
    high = min(HIGH, PITCH * max(max(matrix.shape) for matrix in joined))
    below = 0.34 if max(matrix.sum() for matrix in joined) <= MOST else 0.34 + theme.LINE
    figure, ax = theme.sheet(ax, 2 * MARGIN + wide * len(layers) - 0.25, top + high + below)
    for i, (layer, text, matrix) in enumerate(zip(layers, texts, joined, strict=True)):
        x = MARGIN + i * wide
        cells.titled(ax, x, top - 0.05, text)
        _panel(ax, x, top, high, layer, matrix)
    said = [f"{title}: {_weights(layer)}, {matrix.shape[1]} inputs, {matrix.shape[0]} outputs, each sees {_seen(matrix)}"
            for title, layer, matrix in zip(titles, layers, joined, strict=True)]  # fmt: skip
    return theme.told(figure, f"Which input channels each output channel sees. {'; '.join(said)}.")


def _seen(joined: np.ndarray) -> str:
    """
    >>> _seen(np.eye(3, dtype=bool)), _seen(np.ones((2, 3), bool))
    ('1', 'all')
    """
    low, high = int(joined.sum(axis=1).min()), int(joined.sum(axis=1).max())
    return "all" if low == joined.shape[1] else str(low) if low == high else f"{low} to {high}"


def convolution_kinds(channels: int = 6, kernel_sizes: Sequence = (3, 5, 7), kernel: int = 3, ax=None) -> theme.Picture:
    """Standard, depthwise, pointwise and mixed depthwise convolution of so many channels, as ``channel_graph`` draws them.

    kernel_sizes: of the mixed one. kernel: of the standard and the depthwise one.

    >>> from minimix import viz
    >>> figure = viz.convolution_kinds(6)
    """
    channels, kernel = count(channels, "channels"), count(kernel, "kernel")
    layers = {
        f"standard {kernel}x{kernel}": Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False),
        f"depthwise {kernel}x{kernel}": DepthwiseConv2d(channels, kernel),
        "pointwise 1x1": PointwiseConv2d(channels, channels, bias=False),
        "mixed depthwise": MixConv2d(channels, kernel_sizes),
    }
    return channel_graph(list(layers.values()), channels, list(layers), ax)


def _weights(layer: Module) -> str:
    n = sum(parameter.size for parameter in layer.parameters())
    return f"{n:,} weight{'s' if n != 1 else ''}"


def groups_of(layer: Module, joined: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """(group of each output, a name for each group): those of a MixConv2d, or the outputs that share inputs.

    >>> groups_of(MixConv2d(4, (3, 5)), np.eye(4, dtype=bool))
    (array([0, 0, 1, 1]), ['3x3', '5x5'])
    >>> groups_of(PointwiseConv2d(2, 2), np.eye(2, dtype=bool))
    (array([0, 1]), [])
    """
    if isinstance(layer, MixConv2d):
        sizes = np.array(layer.channels_per_group) * layer.multiplier
        return np.repeat(np.arange(len(sizes)), sizes), [theme.times(kernel) for kernel in layer.kernel_sizes]
    group = np.full(len(joined), -1)
    for first in range(len(joined)):
        if group[first] >= 0:
            continue
        members = np.arange(len(joined)) == first
        while True:  # all that share an input with one of them
            more = joined[:, joined[members].any(axis=0)].any(axis=1) | members
            if (more == members).all():
                break
            members = more
        group[members] = group.max() + 1
    return group, []


def _panel(ax, x: float, top: float, high: float, layer: Module, joined: np.ndarray) -> None:
    outputs, inputs = joined.shape
    group, names = groups_of(layer, joined)
    number = int(group.max()) + 1
    many = number > len(theme.PALETTE) and not names  # a colour each would say nothing
    palette = [theme.BLUE] * number if many else theme.colours(number)
    own = [palette[g] for g in group]
    fed = [{own[o] for o in np.flatnonzero(joined[:, c])} for c in range(inputs)]
    left = _slabs(ax, x, top, high, [colours.pop() if len(colours) == 1 else theme.GREY for colours in fed])
    right = _slabs(ax, x + SPAN, top, high, own)
    shown = joined
    if joined.sum() > MOST:
        some = np.zeros_like(joined)
        some[np.ix_(*(np.linspace(0, n - 1, min(n, SHOWN)).astype(int) for n in joined.shape))] = True
        shown = joined & some
    pairs = np.argwhere(shown)
    segments = [((x + WIDE, left[c]), (x + SPAN, right[o])) for o, c in pairs]
    thin = float(np.clip(40 / max(1, len(pairs)), 0.3, 1.2))
    ax.add_collection(LineCollection(segments, colors=[own[o] for o, _ in pairs], linewidths=thin, zorder=2), autolim=False)
    below = top + high + 0.06
    ax.text(x, below, f"{inputs} in", ha="left", va="top")
    ax.text(x + SPAN, below, f"{outputs} out", ha="left", va="top")
    if shown is not joined:
        ax.text(x, below + theme.LINE, f"(lines of {SHOWN} each)", ha="left", va="top", color=theme.GREY)
    if names:
        middles = [float(np.mean(np.array(right)[group == g])) for g in range(number)]
        places = theme.spread(middles, [theme.LINE] * number, top, top + high)
        for place, name, colour in zip(places, names, palette, strict=True):
            ax.text(x + SPAN + WIDE + 0.08, place, name, ha="left", va="center", color=theme.DARK)
            ax.add_patch(Rectangle((x + SPAN + WIDE + 0.03, place - 0.06), 0.03, 0.12, color=colour))


def _slabs(ax, x: float, top: float, high: float, colours: list[str]) -> list[float]:
    """Draw a column of channels; returns where their middles are."""
    pitch = min(high / len(colours), PITCH)
    start = top + (high - pitch * len(colours)) / 2
    part = 0.8 if pitch > 0.06 else 1.0  # no gaps that are finer than the screen
    for i, colour in enumerate(colours):
        ax.add_patch(Rectangle((x, start + i * pitch), WIDE, part * pitch, facecolor=colour, linewidth=0, zorder=3))
    return [start + (i + part / 2) * pitch for i in range(len(colours))]
