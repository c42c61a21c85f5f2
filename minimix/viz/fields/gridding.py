"""Which pixels one output sees through a stack of convolutions, and along how many ways: exact whole numbers.

Dilated layers one behind the other can leave holes in their field ("gridding"; Yu, Koltun and Funkhouser, arXiv 1705.09914):
with the same dilation D throughout, only every D-th pixel has a part in an output.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import Normalize

from minimix.padding import Pair, pair
from minimix.viz.drawing import blocks, cells, theme
from minimix.viz.drawing.blocks import Block
from minimix.viz.drawing.values import cell_texts

NAMES = ("kernel", "stride", "dilation")


def paths(layers: Sequence) -> np.ndarray:
    """How often one output counts each pixel of its field: whole numbers (H, W), H x W being the receptive field's size.

    layers: the first one first, each (kernel, stride, dilation), integers or pairs; or a module with ``kernel_size``,
    ``stride`` and ``dilation``, such as ``nn.Conv2d``. All ways from the output back through the taps are counted.
    Their sum is the product of the kernels' sizes; a pixel without a way is not seen. There are no borders.

    Raises TypeError for what is no such layer, ValueError for no layers at all.

    >>> paths([(3, 1, 1), (3, 1, 1)])[2].tolist()
    [3, 6, 9, 6, 3]
    >>> paths([((1, 3), 1, 2), ((1, 3), 1, 2)]).tolist()
    [[1, 0, 2, 0, 3, 0, 2, 0, 1]]
    """
    described = [layer_of(layer, i) for i, layer in enumerate(layers)]
    if not described:
        raise ValueError("layers is empty: give one (kernel, stride, dilation) or more")
    ways = np.ones((1, 1), object)  # Python's integers: however deep, nothing overflows
    for kernel, stride, dilation in reversed(described):
        apart = np.zeros([(n - 1) * s + 1 for n, s in zip(ways.shape, stride, strict=True)], object)
        apart[:: stride[0], :: stride[1]] = ways
        ways = np.zeros([n + d * (k - 1) for n, k, d in zip(apart.shape, kernel, dilation, strict=True)], object)
        for i, j in np.ndindex(kernel):
            down, across = i * dilation[0], j * dilation[1]
            ways[down : down + apart.shape[0], across : across + apart.shape[1]] += apart
    return ways if max(ways.ravel()) >= 2**53 else ways.astype(np.int64)


@theme.styled
def gridding(*stacks, titles: Sequence[str] | None = None, ax=None) -> theme.Picture:
    """The pixels that one output sees through stacks of layers, side by side, darker where more ways lead to them.

    stacks: each a list of layers, as ``paths`` takes them. Hatched pixels lie in the field, but are not seen.
    titles: one for each; their dilations, where left out.

    >>> from minimix import viz
    >>> figure = viz.gridding([(3, 1, 2)] * 3, [(3, 1, 1), (3, 1, 2), (3, 1, 3)])
    """
    if not stacks:
        raise ValueError("stacks: give one list of layers or more")
    if titles is not None and len(titles) != len(stacks):
        raise ValueError(f"titles: {len(titles)} of them for {len(stacks)} stacks")
    names = titles if titles is not None else [_name(stack) for stack in stacks]
    parts = [_block(str(name), paths(stack)) for name, stack in zip(names, stacks, strict=True)]
    room = (theme.WIDTH - 2 * blocks.MARGIN + blocks.GAP) / len(parts) - blocks.GAP
    parts = [part._replace(title=theme.wrapped(part.title, max(room, 1.4))) for part in parts]
    note = "numbers and colours: ways from the output to a pixel; hatched: in the field, but not seen"
    said = "; ".join(part.title.replace("\n", ", ") for part in parts)
    return theme.told(
        blocks.draw(ax, [parts], note=note), f"Which pixels one output sees, darker where more ways lead to them: {said}."
    )


def _block(name: str, ways: np.ndarray) -> Block:
    seen = ways != 0
    share = ways.astype(float) / float(max(ways.ravel()))
    norm = Normalize(0, 1.35)
    fill = cells.coloured(0.12 + 0.88 * share, theme.SEQUENTIAL, norm)
    fill[~seen] = cells.plain(1, 1, "white")[0, 0]
    texts = None
    if ways.size <= 400 and ways.dtype != object:
        texts = np.where(seen, cell_texts(ways), "")
    count = f"{seen.sum():,} of {seen.size:,} seen ({seen.mean():.0%})"
    return Block(f"{name}\nfield {theme.times(ways.shape)}\n{count}", fill, texts, mask=~seen, lines=ways.size <= 1500)


def layer_of(layer, i: int) -> tuple[Pair, Pair, Pair]:
    """(kernel, stride, dilation) of ``layers[i]``, as pairs."""
    if isinstance(layer, (tuple, list)) and len(layer) == 3:
        found = layer
    elif all(hasattr(layer, name) for name in ("kernel_size", "stride", "dilation")):
        found = layer.kernel_size, layer.stride, layer.dilation
    else:
        raise TypeError(
            f"layers[{i}] must be (kernel, stride, dilation), or a module that has them for all its channels, got {layer!r}"
        )
    return tuple(pair(value, f"layers[{i}]: {name}", 1) for name, value in zip(NAMES, found, strict=True))


def _name(stack) -> str:
    """
    >>> _name([(3, 1, 1), (3, 2, 4)])
    '2 layers 3x3\\nstride 1, 2, dilation 1, 4'
    """
    described = [layer_of(layer, i) for i, layer in enumerate(stack)]

    def said(values) -> str:
        texts = [str(a) if a == b else theme.times((a, b)) for a, b in values]
        return texts[0] if len(set(texts)) == 1 else ", ".join(texts)

    kernels = [theme.times(kernel) for kernel, _, _ in described]
    first = f"{len(kernels)} layers {kernels[0]}" if len(set(kernels)) == 1 and len(kernels) > 1 else ", ".join(kernels)
    strides = [stride for _, stride, _ in described]
    steps = "" if set(strides) == {(1, 1)} else f"stride {said(strides)}, "
    return f"{first}\n{steps}dilation {said([dilation for _, _, dilation in described])}"
