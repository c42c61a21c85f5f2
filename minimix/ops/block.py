"""A whole MixNet block as one op: expand, batch norm, activation, mixed convolution, batch norm, activation,
squeeze-and-excite, project, batch norm, and the skip connection.

It computes what the ops of its layers do one after the other, mostly with their kernels, but wakes the threads once
(``kernels/block.py``) and keeps fewer arrays; and what follows from the shapes alone is worked out once.
"""

import threading
from operator import is_
from typing import NamedTuple

import numpy as np

from minimix.kernels import block, memory
from minimix.kernels.gate import GateGradient
from minimix.kernels.threads import parallel, threads_for
from minimix.ops.block_room import (
    Inputs,
    Layout,
    Options,
    Saved,
    layout_of,
    room_for,
    scratch_for,
    split,
)  # fmt: skip
from minimix.ops.depthwise import plan
from minimix.ops.excite import gate_gradient
from minimix.ops.layout import channel_major, nchw, ready
from minimix.ops.norm import move_running
from minimix.ops.op import Op
from minimix.ops.product import complete

WORKSPACE = 1 << 22  # numbers: room for all but the largest blocks of one picture


class Again(NamedTuple):
    """What one call without a backward pass leaves for the next: all that goes into the kernel but x and the result."""

    arrays: tuple  # all but x, which must still be these
    shape: tuple  # of x
    workspace: np.ndarray
    saved: Saved
    rest: tuple  # the last arguments of ``block.forward``
    threads: int
    copies: list  # (arrays that may have other numbers now, the one array that they are copied into)


def _prepared(inputs: Inputs, layout: Layout, options: Options, workspace: np.ndarray) -> Again | None:
    """None where there is not room enough, or an array would be copied without anybody noticing when it changes."""
    arrays, n = sum(inputs[1:], ()), threads_for(layout.cost, True)
    if not all([ready(array) is array for array in arrays]):
        return None
    p, dtype = plan(layout.geometry, workspace.dtype.char), workspace.dtype
    try:
        s = room_for(inputs, layout, options, False, workspace)
        used = memory.ALIGNMENT * len(layout.sizes) + sum(layout.sizes)
        rest = True, p.channels, p.forward, *scratch_for(layout, n, dtype, p, p.forward, workspace[-(-used // 64) * 64 :])
    except MemoryError:
        return None
    running = [array for option in options[:3] if option is not None for array in option.running]
    copies = [(running, s.after.mean.base)]
    for parts, whole in (inputs.expand, s.expand.weight), (inputs.weights, s.weight), (inputs.project, s.project.weight):
        if len(parts) > 1:
            copies.append(([part.reshape(-1) for part in parts], whole.reshape(-1)))
    shape, nothing = inputs.x[0].shape, s.planes[:0].copy()  # in place of x: nobody needs it any more
    inputs = inputs._replace(x=(np.broadcast_to(np.zeros((), dtype), shape),))
    s = s._replace(inputs=inputs, planes=nothing, h=s.h if layout.expand else nothing)
    return Again(arrays, shape, workspace, s, rest, n, copies)


class Workspace(threading.local):
    """Memory of a Python thread for all blocks, one after the other, of few images: it stays in the cache."""

    def __init__(self):
        self.free: dict[np.dtype, np.ndarray] = {}

    def take(self, dtype) -> np.ndarray:
        """It is not put back after an interrupt: other threads may be writing into it still."""
        if dtype in self.free:
            return self.free.pop(dtype)
        line = memory.ALIGNMENT // dtype.itemsize
        array = np.empty(WORKSPACE + line, dtype)
        return array[-array.ctypes.data % memory.ALIGNMENT // dtype.itemsize :][:WORKSPACE]


_workspace = Workspace()


def _without_backward(arrays, again: list, arguments) -> tuple[np.ndarray, Saved] | None:
    """``mix_block`` in evaluation, without what backward needs. again: empty, or with an ``Again``; it is left there."""
    x, *others = arrays
    if x.dtype.byteorder not in "=|":
        return None
    workspace = _workspace.take(x.dtype)
    a = again[0] if again else None
    same = a is not None and a.workspace is workspace and a.shape == x.shape and all(map(is_, a.arrays, others))
    if not same or a.threads != threads_for(a.saved.layout.cost, True):
        counts, options, *geometry = arguments
        inputs = split(arrays, counts)
        a = _prepared(inputs, layout_of(inputs, *geometry), options, workspace)
        if a is None:
            _workspace.free[x.dtype] = workspace
            return None
        again[:] = [a]
    for parts, whole in a.copies:
        np.concatenate(parts, out=whole, casting="unsafe")
    s, planes = a.saved, channel_major(x).reshape(-1)
    result = _forward(s, planes, s.h if s.layout.expand else planes, a.rest, a.threads)
    _workspace.free[x.dtype] = workspace
    return nchw(result), s


def _forward(s: Saved, planes: np.ndarray, h: np.ndarray, rest: tuple, threads: int) -> np.ndarray:
    """The block's output (M, OH, OW, N). planes, h: flat, those of this call. rest: the last arguments of ``block.forward``."""
    images, *shape = s.layout.output_shape
    result = memory.empty((*shape, images), planes.dtype)
    parallel(
        block.forward, planes, h, s.z, s.out, result.reshape(-1), planes if s.options.skip else planes[:0], s.expand, s.weight,
        s.gate, s.project, s.before, s.after, s.last, *rest, threads=threads, meets=True,
    )  # fmt: skip
    return result


def mix_block(*arrays, counts, options, stride=1, padding="same", dilation=(1,), keep=True, again=None):
    """arrays: those of ``Inputs``, one after the other; counts: how many of each. -> (N, M, OH, OW).

    keep: what backward needs; without, there is none. again: a list, the same one at every call of a layer, in which a call
    without backward in evaluation leaves what the next one can use.
    """
    if again is not None and not keep and not options.training:
        found = _without_backward(arrays, again, (counts, options, stride, padding, dilation))
        if found is not None:
            return found
    inputs = split(arrays, counts)
    layout = layout_of(inputs, stride, padding, dilation)
    s = room_for(inputs, layout, options, keep)
    dtype, n = s.planes.dtype, threads_for(layout.cost, True)
    p = plan(layout.geometry, dtype.char)
    rest = not keep, p.channels, p.forward, *scratch_for(layout, n, dtype, p, p.forward)
    result = _forward(s, s.planes, s.h, rest, n)
    if options.training:
        for option, norm, size in zip(options[:3], (s.before, s.after, s.last), layout.sizes, strict=True):
            if option is not None:
                move_running(option.running, norm.mean, norm.variance, size // norm.mean.size, option.momentum)
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
    """(arguments of ``block.backward`` for ``n`` threads, where it puts what). gradient: of the result, flat."""
    layout, dtype, expand, project = s.layout, s.planes.dtype, s.expand, s.project
    gx = memory.empty(s.planes.shape, dtype)
    gh, gy, g_out = memory.several(layout.sizes, dtype, scratch=True)
    found = Gradients(
        gx=gx,
        gh=gh if layout.expand else gx,
        gy=gy,
        g_out=g_out,
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
        gradient, s.planes, s.h, s.z, s.out, gx, found.gh, gy, g_out, gradient if s.options.skip else gradient[:0], expand,
        _transposed(expand), s.weight, s.gate, found.gate, project, _transposed(project), s.before, s.after, s.last,
        found.expand, found.weight, found.project, found.before, found.after, found.scale, found.shift, p.channels, p.backward,
        *scratch_for(layout, n, dtype, p, p.backward),
    )  # fmt: skip
    return arguments, found


def mix_block_backward(gradient, saved, needed):
    if not saved.kept:
        raise RuntimeError("mix_block was called with keep=False, and has no backward pass")
    inputs, layout = saved.inputs, saved.layout
    n = threads_for(2 * layout.cost, True)
    arguments, g = _backward_call(channel_major(gradient).reshape(-1), saved, n)
    parallel(block.backward, *arguments, threads=n, meets=True)
    found = Inputs(
        x=(nchw(g.gx.reshape(*inputs.x[0].shape[1:], -1)),),
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


def _unflat(flat, arrays) -> list:
    """``flat`` cut into pieces as long as the arrays are."""
    pieces, start = [], 0
    for array in arrays:
        pieces.append(flat[start : start + array.size])
        start += array.size
    return pieces


def _transposed(p: block.Product):
    """(groups, inputs, rows) of each group."""
    rows, inputs = p.weight.shape
    return np.ascontiguousarray(p.weight.reshape(p.groups, rows // p.groups, inputs).transpose(0, 2, 1))


def _partial(p: block.Product):
    rows, inputs = p.weight.shape
    return memory.empty((p.groups, -(-p.columns // p.chunk), rows // p.groups, inputs), p.weight.dtype)


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
