"""What a whole MixNet block needs before its kernel can run: its arrays by name, what follows from their shapes, and room for
what it makes."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minimix import convargs
from minimix.kernels import block, memory
from minimix.kernels.gate import Gate
from minimix.kernels.norm import Norm
from minimix.ops.activation import ACTIVATIONS
from minimix.ops.depthwise import room
from minimix.ops.excite import gate_of
from minimix.ops.layout import channel_major, ready
from minimix.ops.product import SPEED, partial_columns, tile_columns


class Normalisation(NamedTuple):
    """Options of a batch norm. running: (mean, variance), (C,) each, moved in place in training."""

    running: tuple
    momentum: float = 0.1
    eps: float = 1e-5
    activation: str = "identity"


class Options(NamedTuple):
    """before, after, last: of the three norms; ``before`` is None where nothing expands. excite: the activation within
    squeeze-and-excite, or None. skip: whether the block's input is added to its output."""

    before: Normalisation | None
    after: Normalisation
    last: Normalisation
    excite: str | None
    skip: bool
    training: bool


class Inputs(NamedTuple):
    """The op's arrays by name. Empty are: expand and before where nothing expands, excite where there is none."""

    x: tuple  # one array, (N, K, H, W)
    expand: tuple  # one a group, (C/G, K/G, 1, 1)
    before: tuple  # weight and bias, (C,)
    weights: tuple  # one a group, (C_t, 1, KH_t, KW_t)
    after: tuple  # weight and bias, (C,)
    excite: tuple  # reduce weight (R, C, 1, 1), bias (R,), expand weight (C, R, 1, 1), bias (C,)
    project: tuple  # one a group, (M/G, C/G, 1, 1)
    last: tuple  # weight and bias, (M,)


class Layout(NamedTuple):
    """What follows from the shapes alone. expand, project: ``block.Product`` without its weight; expand may be None."""

    geometry: convargs.MixGeometry
    expand: tuple | None
    project: tuple
    output_shape: tuple
    sizes: tuple  # numbers in h, which is the input where nothing expands, in z and in out
    packed: int  # numbers that a thread packs together for a product, at most
    row: int  # numbers in a row of scratch
    cost: float  # nanoseconds on one thread, about


def split(arrays, counts) -> Inputs:
    """``arrays`` by name; counts: how many of each."""
    parts, start = [], 0
    for count in counts:
        parts.append(tuple(arrays[start : start + count]))
        start += count
    return Inputs(*parts)


def layout_of(inputs: Inputs, stride, padding, dilation) -> Layout:
    shapes = (tuple(array.shape for array in arrays) for arrays in (inputs.expand, inputs.weights, inputs.project))
    return _layout(inputs.x[0].shape, inputs.x[0].dtype, *shapes, stride, padding, dilation)


@lru_cache(maxsize=256)
def _layout(shape, dtype, expand, weights, project, stride, padding, dilation) -> Layout:
    """expand, weights, project: the shapes of these arrays. Refuses what does not fit, as the layers do."""
    x = np.broadcast_to(np.zeros((), dtype), shape)
    first, wide = _pointwise(x, expand, "expand") if expand else (None, x)
    geometry = convargs.mixconv2d(wide, [np.broadcast_to(x[:0].sum(), s) for s in weights], stride, padding, list(dilation))
    if geometry.multiplier != 1:
        raise ValueError(f"mix_block is for one output channel per input channel, not {geometry.multiplier}")
    y = np.broadcast_to(x[:0].sum(), geometry.output_shape)
    last, out = _pointwise(y, project, "project")
    pixels = y[:, 0].size
    macs = out.size * project[0][1] + (wide.size * expand[0][1] if expand else 0)
    taps = pixels * sum((group.out_last - group.out_first) * group.kernel[0] * group.kernel[1] for group in geometry.groups)
    packed = max(part[2] * sum(shapes[0][:2]) for part, shapes in ((first, expand), (last, project)) if part)
    row = max(3 * geometry.width, geometry.out_width) * geometry.batch  # much padding makes more than there was
    cost = macs / SPEED + taps / 40
    return Layout(geometry, first, last, out.shape, (wide.size if expand else 0, y.size, out.size), packed, row, cost)


def _pointwise(x, shapes, name):
    """(groups, columns, tile, chunk) of a pointwise convolution, and an array like its output."""
    if len(set(shapes)) > 1:
        raise ValueError(f"{name}: weights of several groups must have one shape, not {shapes}")
    whole = (sum(shape[0] for shape in shapes), *shapes[0][1:])
    zero = x[:0].sum()
    geometry = convargs.pointwise_conv2d(x, np.broadcast_to(zero, whole), groups=len(shapes))
    columns = x[:, 0].size
    chunk = partial_columns(columns)
    tile = min(tile_columns(shapes[0][0] + shapes[0][1], x.itemsize), chunk)
    return (len(shapes), columns, tile, chunk), np.broadcast_to(zero, geometry.output_shape)


class Saved(NamedTuple):
    """What goes into the kernels, and what they make: h (C, H, W, N), is ``planes`` where nothing expands; z (C, OH, OW, N);
    out (M, OH, OW, N), all flat. planes: x, channels first. kept: whether z is still that, and not finished."""

    inputs: Inputs
    layout: Layout
    options: Options
    expand: block.Product
    weight: np.ndarray
    project: block.Product
    planes: np.ndarray
    h: np.ndarray
    z: np.ndarray
    out: np.ndarray
    gate: Gate
    before: Norm
    after: Norm
    last: Norm
    kept: bool


def room_for(inputs: Inputs, layout: Layout, options: Options, kept: bool = True, whole=None) -> Saved:
    """All that ``block.forward`` needs, and room for what it makes. whole: memory to take it from."""
    g, planes = layout.geometry, channel_major(inputs.x[0])
    dtype, flat = planes.dtype, planes.reshape(-1)
    h, z, out = memory.several(layout.sizes, dtype, not kept, whole)
    return Saved(
        inputs=inputs,
        layout=layout,
        options=options,
        expand=_product(inputs.expand, layout.expand, dtype),
        weight=_flat(inputs.weights),
        project=_product(inputs.project, layout.project, dtype),
        planes=flat,
        h=h if layout.expand else flat,
        z=z,
        out=out,
        gate=gate_of(inputs.excite, options.excite, g.channels, g.batch, dtype),
        **_norms(inputs, options, dtype),
        kept=kept,
    )


def _flat(arrays):
    return ready(np.concatenate([array.reshape(-1) for array in arrays]) if len(arrays) > 1 else arrays[0].reshape(-1))


def _product(weights, facts, dtype) -> block.Product:
    if not weights:
        return block.Product(np.empty((0, 0), dtype), 1, 0, 0, 1)
    return block.Product(_flat(weights).reshape(-1, weights[0].shape[1]), *facts)


def _norms(inputs: Inputs, options: Options, dtype) -> dict[str, Norm]:
    """The three norms. Their statistics are one array: in training empty, else a copy of the running ones."""
    given = {name: (getattr(options, name), getattr(inputs, name)) for name in ("before", "after", "last")}
    running = [array for option, _ in given.values() if option is not None for array in option.running]
    statistics, start = np.empty(sum([array.size for array in running])), 0
    if not options.training:
        np.concatenate(running, out=statistics, casting="unsafe")
    norms = {}
    for name, (option, arrays) in given.items():
        if option is None:
            none, channels = np.empty(0, dtype), len(inputs.after[0])
            norms[name] = Norm(False, options.training, ACTIVATIONS["identity"], 0.0, none, none, *np.ones((2, channels)))
            continue
        middle, end = start + arrays[0].size, start + 2 * arrays[0].size
        norms[name] = Norm(
            True, options.training, ACTIVATIONS[option.activation], float(option.eps), *map(ready, arrays),
            statistics[start:middle], statistics[middle:end],
        )  # fmt: skip
        start = end
    return norms


def scratch_for(layout: Layout, n: int, dtype, p, taps, whole=None) -> tuple:
    """(which channels go together, scratch). whole: memory to take it from."""
    slabs, *rest = room(p, taps, n, dtype, layout.row, layout.packed, whole)
    return slabs, block.Scratch(*rest)
