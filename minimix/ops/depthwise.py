"""Depthwise and mixed depthwise convolution (MixConv, sec. 3.1): every channel with a kernel of its own.

    Y[z, y, x] = sum over (i, j) of X[z / m, y*S + i*D - top, x*S + j*D - left] * W[z, i, j]

Kernel size, dilation and padding are those of the channel's group; a depthwise convolution is one with a single group. The
loops are in ``kernels/depthwise.py``; ``reference/mixconv.py`` is the same without haste.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minimix import convargs, reference
from minimix.kernels import depthwise, memory
from minimix.kernels.activation import IDENTITY
from minimix.kernels.lanes import Slabs
from minimix.kernels.simd import width
from minimix.kernels.taps import Group, Taps, forward_taps, input_grad_taps
from minimix.kernels.threads import parallel, threads_for
from minimix.ops.layout import channel_major, nchw, ready
from minimix.ops.op import Op, reads_everything, refuse_complex

# Channels go together where rows of the output are short. Measured with AVX2, layers of MixNet-S at 224x224, forward and
# backward, time of each channel on its own over together. Stride 1: rows of 7 numbers 4.0, of 14 3.2 to 3.6, of 28 2.2 to 3.9,
# of 56 and 84 0.9 to 1.2, of 112 0.8 to 1.1, of 224 and more 0.5 to 0.6. Stride 2, as many images as ``phases.sort`` takes by
# registers: rows of 28 numbers 1.4 to 4, of 56 0.8 to 1.1, of 112 and more 0.6; other numbers of images: rows of 84 1.1 to 1.8.
FEW, SHORT = 8, 100  # images; numbers in a row of the output
SORTED = (1, 2, 4, 8)  # images
REGISTERS = 6  # in a row of the output
AT_ONCE = 512  # numbers of a channel that are transposed at once, about: sixteen channels of them are 32 KiB
CHANNELS = 4  # fewer in each group are left alone: most lanes would be without a channel


class Together(NamedTuple):
    """How channels go together; see ``Slabs`` for the first five. size, row, kernel: numbers of scratch for planes, for a row
    and for a kernel, with what vectors read and write behind the last one."""

    channels: np.ndarray
    pitch: int
    rows: int
    out_rows: int
    near: int
    size: int
    row: int
    kernel: int


class Plan(NamedTuple):
    """What the kernels must know about a geometry. together: None where each channel is on its own.

    lanes: how many channels lie side by side in the lists of ``forward`` and ``backward`` (taps of the input's gradient).
    """

    channels: depthwise.Channels
    forward: Taps
    backward: Taps
    together: Together | None
    lanes: int


@lru_cache(maxsize=256)
def plan(geometry: convargs.MixGeometry, dtype: str = "f") -> Plan:
    """Worked out once for each geometry."""
    g = geometry
    counts = [group.out_last - group.out_first for group in g.groups]
    lengths = np.repeat([group.kernel[0] * group.kernel[1] for group in g.groups], counts)
    channels = depthwise.Channels(
        g.batch, g.height, g.width, g.out_height, g.out_width, g.multiplier, *g.steps,
        kernels=np.array(
            [(t.kernel[1], *t.dilation, t.pads[0][0], t.pads[1][0], t.kernel[0] * t.kernel[1]) for t in g.groups], np.int64
        ),
        group=np.repeat(np.arange(len(g.groups)), [group.last - group.first for group in g.groups]),
        weight_start=np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64),
    )  # fmt: skip
    few = _few(g, width(dtype))
    lanes = width(dtype) if few else 1
    for array in channels[-3:]:
        array.flags.writeable = False  # they are shared by all calls of this shape
    groups = tuple(Group(group.kernel, group.dilation, (group.pads[0][0], group.pads[1][0])) for group in g.groups)
    sizes = g.batch * lanes, (g.height, g.width), (g.out_height, g.out_width), g.steps, groups
    return Plan(channels, forward_taps(*sizes), input_grad_taps(*sizes), _together(g, lanes) if few else None, lanes)


def _few(g: convargs.MixGeometry, lanes: int) -> bool:
    """Whether channels go together."""
    row, stride = g.batch * g.out_width, g.steps[1]
    if stride == 2 and g.batch in SORTED and g.batch <= lanes:
        short = row < REGISTERS * lanes
    else:
        short = row <= SHORT or (stride > 1 and g.batch <= FEW)
    return short and g.channels >= CHANNELS * len(g.groups)


def _together(g: convargs.MixGeometry, lanes: int) -> Together:
    channels = [(c, min(lanes, group.last - c)) for group in g.groups for c in range(group.first, group.last, lanes)]
    channels = np.array(channels, np.int64)
    channels.flags.writeable = False
    slack, length, out_length = 8 * lanes, g.batch * g.width, g.batch * g.out_width
    rows, out_rows = (max(1, AT_ONCE // max(1, n)) for n in (length, out_length))

    def whole(numbers: int) -> int:  # registers, and one more: a power of two would crowd a few places of the cache
        return -(-numbers // lanes) * lanes + lanes

    pitch, near = whole(max(length * g.height, out_length * g.out_height)), whole(max(rows * length, out_rows * out_length))
    kernel = whole(max(group.kernel[0] * group.kernel[1] for group in g.groups)) * lanes
    row = (max(length, out_length) + lanes) * lanes + slack
    size = (max(pitch, near) + lanes) * lanes + kernel + slack
    return Together(channels, pitch, rows, out_rows, near, size, row, kernel)


class Room(NamedTuple):
    """Scratch of the depthwise kernels, one row a thread; see there. slabs: None where each channel is on its own. sums: for
    the kernel of a whole block, float64, a number an image, or two a lane."""

    slabs: Slabs | None
    columns: np.ndarray
    buffers: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    totals: np.ndarray
    sums: np.ndarray


def room(p: Plan, taps: Taps, threads: int, dtype, row: int, columns: int = 0, whole=None) -> Room:
    """row: numbers that a row of scratch must hold where each channel is on its own. columns: for whoever multiplies, too.
    whole: memory to take it from."""
    totals = weights = len(taps.offset) * p.lanes
    buffer, slabs, t = taps.buffer.size(p.channels.images * p.lanes), None, p.together
    if t is None:
        weights *= 1 + width(dtype)  # and a register, where weights have gradients
        arrays = memory.several([threads * size for size in (columns, buffer, row, weights)], dtype, True, whole)
        arrays.append(np.empty(threads * totals))
    else:
        sizes = columns, buffer + 8 * p.lanes, t.row, t.kernel, totals, 4 * t.size
        *arrays, planes = memory.several([threads * size for size in sizes], dtype, True, whole)
        slabs = Slabs(*t[:5], *planes.reshape(4, threads, t.size))
    arrays.append(np.empty(threads * max(p.channels.images, 2 * p.lanes)))
    return Room(slabs, *[array.reshape(threads, -1) for array in arrays])


def threads(geometry) -> int:
    """How many are worth waking: 40 multiply-adds a nanosecond."""
    taps = sum((group.out_last - group.out_first) * group.kernel[0] * group.kernel[1] for group in geometry.groups)
    return threads_for(taps * geometry.batch * geometry.out_height * geometry.out_width / 40)


def mixconv2d(x, *weights, stride=1, padding="same", dilation=1):
    """x (N, C, H, W), weights one (C_t*m, 1, KH_t, KW_t) a group -> (N, C*m, OH, OW)."""
    geometry = convargs.mixconv2d(x, weights, stride, padding, dilation)
    if x.dtype.kind == "c":
        return reference.mixconv2d(x, weights, stride, padding, dilation), None
    return run(x, weights, geometry)


def depthwise_conv2d(x, weight, stride=1, padding="same", dilation=1):
    """x (N, C, H, W), weight (C*m, 1, KH, KW) -> (N, C*m, OH, OW)."""
    geometry = convargs.depthwise_conv2d(x, weight, stride, padding, dilation)
    if x.dtype.kind == "c":
        return reference.depthwise_conv2d(x, weight, stride, padding, dilation), None
    return run(x, (weight,), geometry)


def run(x, weights, geometry, bias=None, activation=IDENTITY):
    """(output, saved). bias: (C*m,) or None; with it, the output is activation(convolution + bias), in the same pass."""
    planes = channel_major(x)
    weight = ready(np.concatenate([w.reshape(-1) for w in weights]))
    out = memory.empty((geometry.out_channels, geometry.out_height, geometry.out_width, geometry.batch), planes.dtype)
    if out.size:
        p, n = plan(geometry, planes.dtype.char), threads(geometry)
        r = room(p, p.forward, n, planes.dtype, geometry.width * geometry.batch)
        bias = np.zeros(0, planes.dtype) if bias is None else ready(bias)
        parallel(depthwise.forward, planes.reshape(-1), weight, out.reshape(-1), p.channels, p.forward, r.slabs, r.buffers,
                 r.rows, r.weights, bias, activation, threads=n)  # fmt: skip
    return nchw(out), (planes, weight, geometry)


def mixconv2d_backward(gradient, saved, needed):
    planes, weight, geometry = refuse_complex(saved)
    g = channel_major(gradient)
    want_x, want_weight = needed[0], any(needed[1:])
    gx = memory.empty(planes.shape if want_x else (0,), planes.dtype)
    gw = np.zeros(weight.shape if want_weight else (0,), planes.dtype)  # taps that never meet the picture get none
    if g.size:
        p, n = plan(geometry, g.dtype.char), threads(geometry)
        r = room(p, p.backward, n, g.dtype, geometry.width * geometry.batch)
        parallel(depthwise.backward, planes.reshape(-1), weight, g.reshape(-1), gx.reshape(-1), gw, want_x, want_weight,
                 p.channels, p.backward, r.slabs, r.buffers, r.rows, r.weights, r.totals, threads=n)  # fmt: skip
    else:
        gx[...] = 0
    return nchw(gx) if want_x else None, *split_weights(gw, geometry, needed[1:])


def split_weights(flat, geometry, needed):
    """The flat gradient as one array a group, shaped like its weight."""
    start = 0
    for group, wanted in zip(geometry.groups, needed, strict=True):
        shape = (group.out_last - group.out_first, 1, *group.kernel)
        end = start + shape[0] * shape[2] * shape[3]
        yield flat[start:end].reshape(shape) if wanted else None
        start = end


def mixconv2d_flops(out, saved) -> int:
    """Two for each multiply-add, border included."""
    if saved is None:
        return 0
    pixels = out.shape[0] * out.shape[2] * out.shape[3]
    return 2 * pixels * len(saved[1])


MIXCONV2D = Op("mixconv2d", mixconv2d, mixconv2d_backward, selective=True, flops=mixconv2d_flops, reads=reads_everything)
DEPTHWISE_CONV2D = Op(
    "depthwise_conv2d", depthwise_conv2d, mixconv2d_backward, selective=True, flops=mixconv2d_flops, reads=reads_everything
)
