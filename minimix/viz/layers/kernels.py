"""The kernels of a layer as pictures, group by group: as they are, and as the one large kernel that each stands for."""

import numpy as np
from matplotlib.colors import Normalize

from minimix.padding import Pair, pair
from minimix.viz.drawing import theme, tiles
from minimix.viz.drawing.blocks import Scale
from minimix.viz.drawing.values import as_array

LARGEST, TILES = 0.16, (0.8, 1.3)  # inches: of a tap, of the largest kernel where there are many, and few


@theme.styled
def kernels(layer, most: int = 32, ax=None) -> theme.Picture:
    """The kernels of a layer as pictures, in groups of one size, all taps of one size and on one scale; 0 is white.

    layer: a MixConv2d, DepthwiseConv2d, Conv2d, or any module with ``weight`` or ``weights``; or the weights themselves, one
    array (filters, channels, KH, KW) a group. A dense layer's filters show the kernel of each of their channels.
    most: kernels drawn of each group.

    Raises TypeError for what has no such weights, ValueError for ``most`` below 1.

    >>> from minimix import nn, viz
    >>> figure = viz.kernels(nn.MixConv2d(12, (3, 5, 7)))
    """
    weights, _ = weights_of(layer)
    most = _at_least_one(most, "most")
    groups = [
        tiles.Group(_heading(weight, most), colour, weight.reshape(-1, *weight.shape[2:])[:most])
        for weight, colour in zip(weights, theme.colours(len(weights)), strict=True)
    ]
    return theme.told(tiles.draw(ax, groups, _scale(weights), _tap(groups)), f"Kernels as pictures: {_words(groups)}.")


@theme.styled
def embedded(layer, most: int = 8, ax=None) -> theme.Picture:
    """A mixed layer's kernels, all at the largest size: what a plain depthwise convolution would need to do the same.

    layer, most: as in ``kernels``. What is hatched are zeros that no training changes: around the smaller kernels, and between
    the taps of dilated ones. ``embed`` gives the numbers.

    >>> from minimix import nn, viz
    >>> figure = viz.embedded(nn.MixConv2d(12, (3, 5, 7)), most=4)
    """
    weights, dilations = weights_of(layer)
    most = _at_least_one(most, "most")
    groups = []
    for weight, steps, whole, own, colour in zip(
        weights,
        dilations,
        embed(layer),
        embed([np.ones_like(w) for w in weights], dilations),
        theme.colours(len(weights)),
        strict=True,
    ):
        pictures = whole.reshape(-1, *whole.shape[2:])[:most]
        groups.append(tiles.Group(_heading(weight, most, steps), colour, pictures, own[0, 0] == 0))
    trained, stored = sum(w.size for w in weights), sum(w.size for w in embed(layer))
    note = f"hatched: zeros. {trained:,} weights as they are, {stored:,} at the largest size"
    figure = tiles.draw(ax, groups, _scale(weights), _tap(groups), note)
    return theme.told(figure, f"Kernels at the largest size, zeros around and between their taps: {_words(groups)}; {note}.")


def _words(groups: list[tiles.Group]) -> str:
    return "; ".join(
        f"{group.heading}, weights from {np.nanmin(group.pictures):.2g} to {np.nanmax(group.pictures):.2g}" for group in groups
    )


def embed(layer, dilation=None) -> list[np.ndarray]:
    """A layer's kernels, zeros around and between their taps, all of the largest size that one of them covers.

    layer: as in ``kernels``. dilation: one integer or pair a group, where ``layer`` is a list of arrays (None: 1).
    Returns one array (filters, channels, KH, KW) a group. Concatenated, they are the weight of a depthwise convolution without
    dilation that does what the mixed one does with padding "same".

    >>> [weight[0, 0].tolist() for weight in embed([np.ones((1, 1, 1, 1)), np.full((1, 1, 1, 3), 2.0)])]
    [[[0.0, 1.0, 0.0]], [[2.0, 2.0, 2.0]]]
    """
    weights, dilations = weights_of(layer, dilation)
    covered = [_covered(weight.shape[2:], steps) for weight, steps in zip(weights, dilations, strict=True)]
    full = tuple(max(lengths) for lengths in zip(*covered, strict=True))
    result = []
    for weight, steps, size in zip(weights, dilations, covered, strict=True):
        whole = np.zeros((*weight.shape[:2], *full), weight.dtype)
        # of all zeros, ``minimix.padding`` puts half in front, rounded down: of the largest's as of each one's own
        starts = [(f - 1) // 2 - (c - 1) // 2 for f, c in zip(full, size, strict=True)]
        rows, columns = (slice(s, s + c, d) for s, c, d in zip(starts, size, steps, strict=True))
        whole[:, :, rows, columns] = weight
        result.append(whole)
    return result


def _covered(kernel, dilation) -> Pair:
    """What a kernel covers, gaps of dilation included."""
    return tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))


def weights_of(layer, dilation=None) -> tuple[list[np.ndarray], list[Pair]]:
    """(weights, dilations) of each group: from a module with ``weight`` or ``weights``, or from arrays (see ``kernels``)."""
    found = getattr(layer, "weights", None)
    if found is None:
        found = getattr(layer, "weight", None)
    if found is None:
        found = layer
    elif dilation is None:
        dilation = getattr(layer, "dilation", None)
    listed = list(found) if isinstance(found, (list, tuple)) else [found]
    if not listed or any(not hasattr(weight, "shape") for weight in listed):
        raise TypeError(
            f"layer must be a module with kernels, such as MixConv2d, or arrays (filters, channels, KH, KW), "
            f"got a {type(layer).__name__}"
        )
    weights = [as_array(weight, f"weights[{i}]", (4,)) for i, weight in enumerate(listed)]
    if dilation is None:
        dilation = 1
    several = isinstance(dilation, (list, tuple)) and (len(weights) > 1 or isinstance(dilation[0], (list, tuple)))
    dilations = list(dilation) if several else [dilation] * len(weights)
    if len(dilations) != len(weights):
        raise ValueError(f"dilation {dilation!r} has {len(dilations)} entries for {len(weights)} groups")
    return weights, [pair(d, "dilation", 1) for d in dilations]


def _heading(weight: np.ndarray, most: int, dilation: Pair = (1, 1)) -> str:
    """
    >>> _heading(np.zeros((6, 1, 3, 3)), 4), _heading(np.zeros((6, 1, 3, 3)), 1), _heading(np.zeros((1, 1, 3, 3)), 4, (2, 2))
    ('3x3, the first 4 of 6 kernels', '3x3, one of 6 kernels', '3x3, dilation 2, 1 kernel')
    """
    count = weight.shape[0] * weight.shape[1]
    first = "" if count <= most else "one of " if most == 1 else f"the first {most} of "
    steps = dilation[0] if dilation[0] == dilation[1] else theme.times(dilation)
    spread = "" if dilation == (1, 1) else f", dilation {steps}"
    return f"{theme.times(weight.shape[2:])}{spread}, {first}{count} kernel{'s' if count > 1 else ''}"


def _scale(weights: list[np.ndarray]) -> Scale:
    largest = max(float(np.abs(weight[np.isfinite(weight)]).max(initial=0.0)) for weight in weights) or 1.0
    return Scale(theme.DIVERGING, Normalize(-largest, largest))


def _tap(groups: list[tiles.Group]) -> float:
    """All of the largest kernels in one row, if they are few."""
    largest = max(groups, key=lambda group: max(group.pictures.shape[1:]))
    tile = (theme.WIDTH - 2 * tiles.MARGIN) / len(largest.pictures) - tiles.GAP
    return min(LARGEST, min(max(tile, TILES[0]), TILES[1]) / max(largest.pictures.shape[1:]))


def _at_least_one(value, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be a whole number, 1 or more, got {value!r}")
    return int(value)
