"""A whole MixNet block as one op: expand, batch norm, activation, mixed convolution, batch norm, activation,
squeeze-and-excite, project, batch norm, and the skip connection.

It computes what the ops of its layers do one after the other, mostly with their kernels, but wakes the threads once
(``kernels/block.py``) and keeps fewer arrays; and what follows from the shapes alone is worked out once.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minimix import convargs
from minimix.kernels import block, memory
from minimix.kernels.gate import Gate, GateGradient
from minimix.kernels.norm import Norm
from minimix.kernels.threads import parallel, threads_for
from minimix.ops.activation import ACTIVATIONS
from minimix.ops.depthwise import plan, room
from minimix.ops.excite import gate_gradient, gate_of
from minimix.ops.layout import channel_major, nchw, ready
from minimix.ops.norm import move_running
from minimix.ops.op import Op
from minimix.ops.product import SPEED, complete, partial_columns, tile_columns


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
    packed: int  # numbers that a thread packs together for a product, at most
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
    return Layout(geometry, first, last, out.shape, packed, macs / SPEED + taps / 40)


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
    out (M, OH, OW, N). planes: x, channels first. kept: whether z is still that, and not finished."""

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


def _room(inputs: Inputs, layout: Layout, options: Options, kept: bool = True) -> Saved:
    """All that ``block.forward`` needs, and room for what it makes."""
    x, g, training = inputs.x[0], layout.geometry, options.training
    images, planes = x.shape[0], channel_major(x)
    dtype = planes.dtype
    gate = gate_of(inputs.excite, options.excite, g.channels, images, dtype)
    z = memory.empty((g.channels, g.out_height, g.out_width, images), dtype)
    return Saved(
        inputs=inputs,
        layout=layout,
        options=options,
        expand=_product(inputs.expand, layout.expand, dtype),
        weight=_flat(inputs.weights),
        project=_product(inputs.project, layout.project, dtype),
        planes=planes,
        h=memory.empty((g.channels, g.height, g.width, images), dtype) if layout.expand else planes,
        z=z,
        out=memory.empty((layout.output_shape[1], *z.shape[1:]), dtype),
        gate=gate,
        before=_norm(options.before, inputs.before, g.channels, training, dtype),
        after=_norm(options.after, inputs.after, g.channels, training, dtype),
        last=_norm(options.last, inputs.last, layout.output_shape[1], training, dtype),
        kept=kept,
    )


def mix_block(*arrays, counts, options, stride=1, padding="same", dilation=(1,), keep=True):
    """arrays: those of ``Inputs``, one after the other; counts: how many of each. -> (N, M, OH, OW).

    keep: what backward needs; without, there is none.
    """
    inputs = split(arrays, counts)
    s = _room(inputs, layout_of(inputs, stride, padding, dilation), options, keep)
    layout, planes, dtype = s.layout, s.planes, s.planes.dtype
    result = memory.empty(s.out.shape, dtype)
    p, n = plan(layout.geometry, dtype.char), threads_for(layout.cost)
    parallel(
        block.forward, *_flats(planes, s.h, s.z, s.out, result), planes.reshape(-1)[: planes.size if options.skip else 0],
        s.expand, s.weight, s.gate, s.project, s.before, s.after, s.last, not keep, p.channels, p.forward,
        *_scratch(layout, n, dtype, p, p.forward), threads=n, meets=True,
    )  # fmt: skip
    if options.training:
        norms = (options.before, s.before, s.h), (options.after, s.after, s.z), (options.last, s.last, s.out)
        for option, norm, array in norms:
            if option is not None:
                move_running(option.running, norm.mean, norm.variance, array[0].size, option.momentum)
    return nchw(result), s


class Gradients(NamedTuple):
    """Room for what ``block.backward`` makes, as its arguments are called."""

    gx: np.ndarray
    gh: np.ndarray
    gy: np.ndarray
    g_out: np.ndarray
    gate: GateGradient
    expand: np.ndarray
    weight: np.ndarray
    project: np.ndarray
    before: np.ndarray
    after: np.ndarray
    scale: np.ndarray
    shift: np.ndarray


def _backward_call(gradient, s: Saved, n: int) -> tuple[tuple, Gradients]:
    """(arguments of ``block.backward`` for ``n`` threads, where it puts what). gradient: of the result, channels first."""
    layout, dtype, expand, project = s.layout, s.planes.dtype, s.expand, s.project
    gx = memory.empty(s.planes.shape, dtype)
    found = Gradients(
        gx=gx,
        gh=memory.empty(s.h.shape, dtype) if layout.expand else gx,
        gy=memory.empty(s.z.shape, dtype),
        g_out=memory.empty(s.out.shape, dtype),
        gate=gate_gradient(s.gate),
        expand=_partial(expand),
        weight=np.zeros(s.weight.shape, dtype),
        project=_partial(project),
        before=np.zeros((layout.geometry.channels, 2), dtype),
        after=np.zeros((layout.geometry.channels, 2), dtype),
        scale=np.zeros(layout.output_shape[1], dtype),
        shift=np.zeros(layout.output_shape[1], dtype),
    )
    p = plan(layout.geometry, dtype.char)
    arguments = (
        *_flats(gradient, s.planes, s.h, s.z, s.out, found.gx, found.gh, found.gy, found.g_out),
        gradient.reshape(-1)[: gradient.size if s.options.skip else 0], expand, _transposed(expand), s.weight, s.gate,
        found.gate, project, _transposed(project), s.before, s.after, s.last, found.expand, found.weight, found.project,
        found.before, found.after, found.scale, found.shift, p.channels, p.backward, *_scratch(layout, n, dtype, p, p.backward),
    )  # fmt: skip
    return arguments, found


def mix_block_backward(gradient, saved, needed):
    if not saved.kept:
        raise RuntimeError("mix_block was called with keep=False, and has no backward pass")
    inputs, layout = saved.inputs, saved.layout
    n = threads_for(2 * layout.cost)
    arguments, g = _backward_call(channel_major(gradient), saved, n)
    parallel(block.backward, *arguments, threads=n, meets=True)
    found = Inputs(
        x=(nchw(g.gx),),
        expand=complete(g.expand, 1) if layout.expand else (),
        before=tuple(g.before.T) if layout.expand else (),
        weights=_unflat(g.weight, inputs.weights),
        after=tuple(g.after.T),
        excite=g.gate[:4] if saved.gate.present else (),
        project=complete(g.project, 1),
        last=(g.scale, g.shift),
    )
    shapes = [array.shape for arrays in inputs for array in arrays]
    parts = [part for parts in found for part in parts]
    return tuple([part.reshape(shape) if want else None for part, shape, want in zip(parts, shapes, needed, strict=True)])


def _flats(*arrays):
    return (array.reshape(-1) for array in arrays)


def _flat(arrays):
    return ready(np.concatenate([array.reshape(-1) for array in arrays]) if len(arrays) > 1 else arrays[0].reshape(-1))


def _unflat(flat, arrays) -> list:
    """``flat`` cut into pieces as long as the arrays are."""
    pieces, start = [], 0
    for array in arrays:
        pieces.append(flat[start : start + array.size])
        start += array.size
    return pieces


def _product(weights, facts, dtype) -> block.Product:
    if not weights:
        return block.Product(np.empty((0, 0), dtype), 1, 0, 0, 1)
    return block.Product(_flat(weights).reshape(-1, weights[0].shape[1]), *facts)


def _transposed(p: block.Product):
    """(groups, inputs, rows) of each group."""
    rows, inputs = p.weight.shape
    return np.ascontiguousarray(p.weight.reshape(p.groups, rows // p.groups, inputs).transpose(0, 2, 1))


def _partial(p: block.Product):
    rows, inputs = p.weight.shape
    return memory.empty((p.groups, -(-p.columns // p.chunk), rows // p.groups, inputs), p.weight.dtype)


def _norm(options, arrays, channels: int, training: bool, dtype) -> Norm:
    if options is None:
        none, statistic = np.empty(0, dtype), np.ones(channels)
        return Norm(False, training, ACTIVATIONS["identity"], 0.0, none, none, statistic, statistic)
    if training:
        mean, variance = np.empty(channels), np.empty(channels)
    else:
        mean, variance = (np.array(statistic, np.float64) for statistic in options.running)
    return Norm(True, training, ACTIVATIONS[options.activation], float(options.eps), *map(ready, arrays), mean, variance)


def _scratch(layout: Layout, n: int, dtype, p, taps) -> tuple:
    """(which channels go together, scratch)."""
    g = layout.geometry
    slabs, *rest = room(p, taps, n, dtype, max(3 * g.width, g.out_width) * g.batch)  # much padding makes more than there was
    return slabs, block.Scratch(memory.empty((n, layout.packed), dtype), *rest)


def multiply_adds(inputs: Inputs, output_shape: tuple) -> int:
    """Of its convolutions; squeeze-and-excite's are among them."""
    images, _, height, width = inputs.x[0].shape
    pixels = output_shape[2] * output_shape[3]
    sizes = (sum(array.size for array in arrays) for arrays in (inputs.expand, (*inputs.weights, *inputs.project)))
    wide, narrow = sizes
    return images * (height * width * wide + pixels * narrow + sum(array.size for array in inputs.excite[::2]))


def mix_block_flops(out, saved) -> int:
    return 2 * multiply_adds(saved.inputs, out.shape)


MIX_BLOCK = Op("mix_block", mix_block, mix_block_backward, selective=True, flops=mix_block_flops)
