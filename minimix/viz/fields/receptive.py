"""Receptive fields: what one output pixel of a network depends on in theory, and how much it does in fact."""

import copy

import numpy as np
from matplotlib.colors import Normalize

from minimix.costs import profile
from minimix.nn import MixBlock, Module, SqueezeExcite
from minimix.padding import Pair, pair
from minimix.tensor import Tensor
from minimix.viz.drawing import blocks, cells, theme
from minimix.viz.drawing.blocks import Block, Frame, Scale
from minimix.viz.drawing.values import as_array

DECADES = 4  # of the logarithmic picture
IMAGES = 8  # random ones, where none are given


def input_gradient(model: Module, x, at: Pair | None = None, layer: str | None = None, seed: int = 0) -> np.ndarray:
    """How strongly one output pixel depends on each input pixel: the mean size of its gradient, (H, W).

    x: images (N, C, H, W), or the shape (C, H, W) of random ones. at: (row, column) of the output, None for the middle.
    layer: the name of a module inside, as in ``model.named_modules()``, whose output is meant instead of the model's.
    The gradient is that of a random mixture of the pixel's channels, drawn from ``seed``; sizes are averaged over images and
    summed over channels. The model is used in evaluation, and not changed.

    Raises ValueError where the output is no picture (N, C, OH, OW), and for a pixel that it does not have.

    >>> from minimix import nn
    >>> (input_gradient(nn.DepthwiseConv2d(2, 3), (2, 5, 5)) > 0).astype(int).tolist()
    [[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]]
    """
    copied = _Copy(model, layer)
    draws = np.random.default_rng(seed)
    x = _images(x, draws)
    leaf = Tensor(x.astype(copied.dtype), requires_grad=True)
    output = copied(leaf)
    row, column = _pixel(at, output.shape)
    gradient = np.zeros(output.shape, output.dtype)
    gradient[:, :, row, column] = draws.standard_normal(output.shape[1])
    output.backward(gradient)
    return np.abs(leaf.grad).sum(axis=1).mean(axis=0)


def field_box(model: Module, shape: tuple, at: Pair | None = None, layer: str | None = None) -> tuple[Pair, Pair]:
    """The pixels that an output can depend on: ((first row, last row), (first column, last column)), inside the picture.

    shape: (C, H, W) of the picture. at, layer: as in ``input_gradient``. The gates of squeeze-and-excites, which depend on
    every pixel, are left out, as in ``mm.profile``. It is found by trying: rows that are set to NaN make what depends on
    them NaN, whatever the weights are.

    >>> from minimix import nn
    >>> field_box(nn.DepthwiseConv2d(2, 3, dilation=2), (2, 9, 9), at=(4, 1))
    ((2, 6), (1, 3))
    """
    copied = _Copy(model, layer, gates=False)
    picture = np.zeros((1, *shape), copied.dtype)
    row, column = _pixel(at, copied(Tensor(picture)).shape)

    def depends(axis: int, part: slice) -> bool:
        x = picture.copy()
        x[(slice(None),) * (2 + axis) + (part,)] = np.nan
        return bool(np.isnan(copied(Tensor(x)).data[0, :, row, column]).any())

    box = []
    for axis in (0, 1):
        length = shape[1 + axis]
        first = _smallest(length, lambda n, axis=axis: depends(axis, slice(0, n + 1)))
        last = length - 1 - _smallest(length, lambda n, axis=axis, length=length: depends(axis, slice(length - 1 - n, None)))
        box.append((first, last))
    return tuple(box)


@theme.styled
def receptive_field(
    model: Module, x, at: Pair | None = None, layer: str | None = None, share: float = 0.9, ax=None
) -> theme.Picture:
    """The receptive field of one output pixel, twice: how strongly it depends on each input pixel, plainly and as logarithm.

    x, at, layer: as in ``input_gradient``. The frame is the theoretical field (``field_box``; its whole size is that of
    ``mm.profile``). share: the title names the smallest square around the field's middle with so much of the gradient.

    >>> from minimix import nn, viz
    >>> stack = nn.Sequential(*(nn.DepthwiseConv2d(4, 3) for _ in range(3)))
    >>> figure = viz.receptive_field(stack, (4, 15, 15))
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, got {share}")
    shape = tuple(x) if _is_shape(x) else as_array(x, "x", (4,)).shape[1:]
    strength = input_gradient(model, x, at, layer)
    (top, bottom), (left, right) = field_box(model, shape, at, layer)
    frame = Frame(top, left, bottom - top + 1, right - left + 1, theme.VERMILLION, 2.0)
    size = _theoretical(model, shape, layer)
    largest = float(strength.max()) or 1.0
    inside = square_with(strength, ((top + bottom) / 2, (left + right) / 2), share)
    with np.errstate(divide="ignore"):
        logarithm = np.maximum(np.log10(strength / largest), -0.95 * DECADES)  # the palest blue
    plain, steps = Scale(theme.SEQUENTIAL, Normalize(0, largest)), Scale(theme.SEQUENTIAL, Normalize(-DECADES, 0))
    fills = [cells.coloured(strength, *plain), cells.coloured(logarithm, *steps)]
    for fill in fills:
        fill[strength == 0] = 1.0
    said = f"{share:.0%} of it in {theme.times((inside, inside))}"
    titles = f"|gradient|\n{said}", "its logarithm (base 10)\nthe largest is 0, nothing is white"
    parts = [
        Block(title, fill, frames=(frame,), scale=scale, lines=strength.size <= 1000)
        for title, fill, scale in zip(titles, fills, (plain, steps), strict=True)
    ]
    cut = "" if size in (None, (frame.rows, frame.columns)) else f", of which {theme.times((frame.rows, frame.columns))} inside"
    note = f"frame: the theoretical field, {theme.times(size) if size else 'of unknown size'}{cut}"
    said = (
        f"How strongly one output depends on each of {theme.times(strength.shape)} pixels, and its logarithm: {said}; {note}."
    )
    return theme.told(blocks.draw(ax, [parts], note=note, side=3.6), said)


def square_with(strength: np.ndarray, middle: tuple[float, float], share: float) -> int:
    """Side of the smallest square around ``middle`` (row, column) that holds so much of the sum of ``strength`` (H, W).

    >>> square_with(np.pad(np.ones((3, 3)), 2), (3, 3), 0.9)
    3
    """
    rows, columns = (np.abs(np.arange(n) - m) for n, m in zip(strength.shape, middle, strict=True))
    distance = np.maximum(rows[:, None], columns[None, :])
    for reach in np.unique(distance):
        if strength[distance <= reach].sum() >= share * strength.sum():
            return int(2 * reach + 1)
    raise ValueError("strength has no finite sum")


class _Copy:
    """A model, or all of it up to a layer, that can be tried without leaving traces in the original."""

    def __init__(self, model: Module, layer: str | None, gates: bool = True):
        if not isinstance(model, Module):
            raise TypeError(f"model must be a Module, got a {type(model).__name__}")
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.dtype = next((parameter.dtype for parameter in self.model.parameters()), np.dtype(np.float32))
        self.layer, self.seen = layer, None
        for module in list(self.model.modules()):
            if isinstance(module, MixBlock):
                module.fused = False  # so that each of its layers is called
            if isinstance(module, SqueezeExcite) and not gates:
                module.forward = lambda x: x
        if layer is not None:
            inner = self.model.get_submodule(layer)
            forward = inner.forward

            def watched(*inputs, **options):
                self.seen = forward(*inputs, **options)
                return self.seen

            inner.forward = watched

    def __call__(self, x: Tensor) -> Tensor:
        output = self.model(x)
        if self.layer is not None:
            if self.seen is None:
                raise ValueError(f"layer {self.layer!r} was not called")
            output = self.seen
        if output.ndim != 4:
            raise ValueError(f"the output is no picture (N, C, OH, OW) but {output.shape}: name a layer= before the pooling")
        return output


def _is_shape(x) -> bool:
    return isinstance(x, (tuple, list)) and np.ndim(x) == 1


def _images(x, draws) -> np.ndarray:
    if _is_shape(x):
        if len(x) != 3:
            raise ValueError(f"x {tuple(x)} must be a shape (C, H, W), or images (N, C, H, W)")
        return draws.standard_normal((IMAGES, *x))
    return as_array(x, "x", (4,))


def _pixel(at, shape: tuple) -> Pair:
    size = shape[2:]
    if at is None:
        return size[0] // 2, size[1] // 2
    at = pair(at, "at", 0)
    if not (at[0] < size[0] and at[1] < size[1]):
        raise ValueError(f"at={at} is no pixel of the output, which has {theme.times(size)}")
    return at


def _smallest(length: int, holds) -> int:
    """The smallest n below ``length`` for which holds(n); it holds for all larger ones, too, and for length - 1."""
    low, high = 0, length - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _theoretical(model: Module, shape: tuple, layer: str | None) -> Pair | None:
    rows = profile(model, (1, *shape)).rows
    if layer:
        rows = [row for row in rows if f"{row.name}.".startswith(f"{layer}.")]
    return rows[-1].receptive_field if rows else None
