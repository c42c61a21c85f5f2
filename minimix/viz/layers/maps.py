"""Feature maps: what comes out of a layer, channel by channel, as small pictures."""

import itertools

import numpy as np

from minimix.padding import count
from minimix.viz.drawing import theme, tiles
from minimix.viz.drawing.values import as_array
from minimix.viz.numbers.arrays import colour_scale

CELL, TILES = 0.3, (0.8, 1.7)  # inches: of the largest pixel, of a map where there are many, and few


@theme.styled
def feature_maps(x, groups=None, most: int = 16, ax=None) -> theme.Picture:
    """The channels of one image's activations as pictures, on one scale.

    x: a Tensor or array, (C, H, W) or (1, C, H, W). groups: how many channels each group has, which get a heading and a colour
    each, or the MixConv2d that x came out of. most: channels drawn of each group.

    Raises ValueError for several images, groups that do not add up to C, and ``most`` below 1.

    >>> import minimix as mm
    >>> import numpy as np
    >>> from minimix import viz
    >>> layer = mm.nn.MixConv2d(6, (3, 5))
    >>> figure = viz.feature_maps(layer(np.ones((1, 6, 8, 8), np.float32)), layer)
    """
    x = as_array(x, "x", (3, 4))
    if x.ndim == 4:
        if len(x) > 1:
            raise ValueError(f"x {x.shape} has {len(x)} images: choose one, x[0]")
        x = x[0]
    sizes, names = _sizes(groups, len(x))
    most = count(most, "most")
    found = []
    for first, size, name, colour in zip(_firsts(sizes), sizes, names, theme.colours(len(sizes)), strict=True):
        last = first + min(size, most) - 1
        heading = f"{name}channel {first}" if size == 1 else f"{name}channels {first} to {last}"
        heading += f", the first of {size}" if size > most else ""
        found.append(tiles.Group(heading, colour, x[first : first + min(size, most)]))
    drawn = [group.pictures for group in found]
    longest = max(map(len, drawn))
    tile = np.clip((theme.WIDTH - 2 * tiles.MARGIN) / longest - tiles.GAP, *TILES)
    scale = colour_scale([part.reshape(-1, part.shape[-1]) for part in drawn])
    figure = tiles.draw(ax, found, scale, min(CELL, tile / max(x.shape[1:])))
    said = "; ".join(f"{g.heading}, from {np.nanmin(g.pictures):.2g} to {np.nanmax(g.pictures):.2g}" for g in found)
    return theme.told(figure, f"Feature maps of {theme.times(x.shape[1:])} pixels: {said}.")


def _sizes(groups, channels: int) -> tuple[list[int], list[str]]:
    """Channels, and the beginning of a heading, of each group."""
    if groups is None:
        return [channels], [""]
    kernels = getattr(groups, "kernel_sizes", None)
    sizes = getattr(groups, "channels_per_group", groups)
    if kernels is not None:
        sizes = [size * groups.multiplier for size in sizes]
    sizes = [count(size, "groups") for size in sizes]
    if sum(sizes) != channels:
        raise ValueError(f"groups {tuple(sizes)} have {sum(sizes)} channels together, x has {channels}")
    names = [f"group {i}: " for i in range(len(sizes))] if kernels is None else [f"{theme.times(k)}: " for k in kernels]
    return sizes, names


def _firsts(sizes: list[int]) -> list[int]:
    """
    >>> _firsts([2, 3, 1])
    [0, 2, 5]
    """
    return [0, *itertools.accumulate(sizes[:-1])]
