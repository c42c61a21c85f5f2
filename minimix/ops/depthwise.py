"""Depthwise and mixed depthwise convolution (MixConv, sec. 3.1): every channel with a kernel of its own.

    Y[z, y, x] = sum over (i, j) of X[z / m, y*S + i*D - top, x*S + j*D - left] * W[z, i, j]

Kernel size, dilation and padding are those of the channel's group; a depthwise convolution is one with a single group. The
loops are in ``kernels/depthwise.py``; ``reference/mixconv.py`` is the same without haste.
"""

from functools import lru_cache

import numpy as np

from minimix import convargs, reference
from minimix.kernels import depthwise, memory
from minimix.kernels.activation import IDENTITY
from minimix.kernels.taps import Group, forward_taps, input_grad_taps, plane_taps
from minimix.kernels.threads import parallel, threads_for
from minimix.ops.layout import channel_major, nchw, ready
from minimix.ops.op import Op, reads_everything, refuse_complex

SHORT = 256  # numbers in an output row, below which all rows are computed in one run


@lru_cache(maxsize=256)
def plan(geometry: convargs.MixGeometry):
    """What the forward kernels must know about a geometry, worked out once: (channels, taps)."""
    g = geometry
    counts = [group.out_last - group.out_first for group in g.groups]
    lengths = np.repeat([group.kernel[0] * group.kernel[1] for group in g.groups], counts)
    channels = depthwise.Channels(
        g.batch, g.height, g.width, g.out_height, g.out_width, g.multiplier, *g.steps,
        kernels=np.array([(t.kernel[1], *t.dilation, t.pads[0][0], t.pads[1][0]) for t in g.groups], np.int64),
        group=np.repeat(np.arange(len(g.groups)), [group.last - group.first for group in g.groups]),
        weight_start=np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64),
    )  # fmt: skip
    for array in channels[-3:]:
        array.flags.writeable = False  # they are shared by all calls of this shape
    return channels, (plane_taps if g.batch * g.out_width < SHORT else forward_taps)(*_sizes(g))


@lru_cache(maxsize=256)
def backward_plan(geometry: convargs.MixGeometry):
    """For the backward kernels: (channels, taps)."""
    return plan(geometry)[0], input_grad_taps(*_sizes(geometry))


def _sizes(g: convargs.MixGeometry) -> tuple:
    groups = tuple(Group(group.kernel, group.dilation, (group.pads[0][0], group.pads[1][0])) for group in g.groups)
    return g.batch, (g.height, g.width), (g.out_height, g.out_width), g.steps, groups


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
        channels, taps = plan(geometry)
        n = threads(geometry)
        buffers = memory.empty((n, taps.buffer.size(geometry.batch)), planes.dtype)
        bias = np.zeros(0, planes.dtype) if bias is None else ready(bias)
        parallel(depthwise.forward, planes.reshape(-1), weight, out.reshape(-1), channels, taps, buffers,
                 np.empty((n, len(taps.offset)), out.dtype), np.empty((n, int(taps.run[0])), out.dtype), bias, activation,
                 threads=n)  # fmt: skip
    return nchw(out), (planes, weight, geometry)


def mixconv2d_backward(gradient, saved, needed):
    planes, weight, geometry = refuse_complex(saved)
    g = channel_major(gradient)
    want_x, want_weight = needed[0], any(needed[1:])
    gx = memory.empty(planes.shape if want_x else (0,), planes.dtype)
    gw = np.zeros(weight.shape if want_weight else (0,), planes.dtype)  # taps that never meet the picture get none
    if g.size:
        channels, taps = backward_plan(geometry)
        n = threads(geometry)
        buffers = memory.empty((n, taps.buffer.size(geometry.batch)), g.dtype)
        rows = np.empty((n, geometry.width * geometry.batch), g.dtype)
        scratch, totals = (np.empty((n, len(taps.offset)), dtype) for dtype in (g.dtype, np.float64))
        parallel(depthwise.backward, planes.reshape(-1), weight, g.reshape(-1), gx.reshape(-1), gw, want_x, want_weight,
                 channels, taps, buffers, rows, scratch, totals, threads=n)  # fmt: skip
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
