"""The middle of a MixNet block as one op: batch norm and activation, mixed depthwise convolution, batch norm and activation.

It computes what ``norm.batch_norm``, ``depthwise.mixconv2d`` and ``norm.batch_norm`` do one after the other; only faster
(``kernels/stage.py`` says why), and it keeps x and the convolution's output for backward instead of five arrays.
"""

from typing import NamedTuple

import numpy as np

from minimix import convargs
from minimix.kernels import memory, stage
from minimix.kernels.norm import Norm
from minimix.kernels.threads import parallel
from minimix.ops.depthwise import plan, split_weights, threads
from minimix.ops.layout import channel_major, nchw
from minimix.ops.norm import ACTIVATIONS, move_running
from minimix.ops.op import Op


class Normalisation(NamedTuple):
    """Options of one of the two batch norms. running: (mean, variance), (C,) each, moved in place in training."""

    running: tuple
    momentum: float = 0.1
    eps: float = 1e-5
    activation: str = "identity"


def mixed_stage(x, before_weight, before_bias, after_weight, after_bias, *weights, before, after, training, stride=1,
                padding="same", dilation=1):  # fmt: skip
    """x (N, C, H, W) -> (N, C, OH, OW). ``before`` may be None: its weight and bias are then unused."""
    geometry = convargs.mixconv2d(x, weights, stride, padding, dilation)
    if geometry.multiplier != 1:
        raise ValueError(f"mixed_stage is for one output channel per input channel, not {geometry.multiplier}")
    planes = channel_major(x)
    weight = np.concatenate([w.reshape(-1) for w in weights])
    first = _norm(before, before_weight, before_bias, geometry.channels, training)
    second = _norm(after, after_weight, after_bias, geometry.channels, training)
    shape = (geometry.channels, geometry.out_height, geometry.out_width, geometry.batch)
    z, y = memory.empty(shape, x.dtype), memory.empty(shape, x.dtype)
    channels, taps, _ = plan(geometry)
    n = threads(geometry)
    parallel(stage.forward, planes.reshape(-1), weight, z.reshape(-1), y.reshape(-1), first, second, channels, taps,
             memory.empty((n, taps.buffer.size(geometry.batch)), x.dtype), np.empty((n, len(taps.offset)), x.dtype),
             np.empty((n, geometry.width * geometry.batch), x.dtype), threads=n)  # fmt: skip
    if training and x.size:
        for options, norm, count in ((before, first, planes[0].size), (after, second, z[0].size)):
            if options is not None:
                move_running(options.running, norm.mean, norm.variance, count, options.momentum)
    return nchw(y), (planes, z, weight, first, second, geometry)


def mixed_stage_backward(gradient, saved, needed):
    planes, z, weight, before, after, geometry = saved
    g = channel_major(gradient)
    want_x = needed[0] or (before.present and any(needed[1:3]))
    want_weight = any(needed[5:])
    gx = memory.empty(planes.shape if want_x else (0,), g.dtype)
    gw = np.zeros(weight.shape, g.dtype)
    g_before, g_after = (np.zeros((geometry.channels, 2), g.dtype) for _ in range(2))
    channels, taps, grad_taps = plan(geometry)
    n = threads(geometry)
    parallel(stage.backward, g.reshape(-1), planes.reshape(-1), z.reshape(-1), weight, gx.reshape(-1), gw, before, after,
             g_before, g_after, want_x, want_weight, channels, taps, grad_taps,
             memory.empty((n, taps.buffer.size(geometry.batch)), g.dtype),
             memory.empty((n, grad_taps.buffer.size(geometry.batch)), g.dtype),
             np.empty((n, 2 * geometry.width * geometry.batch), g.dtype),
             np.empty((n, max(len(taps.offset), len(grad_taps.offset))), g.dtype), threads=n)  # fmt: skip
    norms = (g_before[:, 0], g_before[:, 1]) if before.present else (None, None)
    return nchw(gx) if want_x else None, *norms, g_after[:, 0], g_after[:, 1], *split_weights(gw, geometry, needed[5:])


def _norm(options, weight, bias, channels: int, training: bool) -> Norm:
    present = options is not None
    if present and not training:
        mean, variance = (np.array(statistic, np.float64) for statistic in options.running)
    else:
        mean, variance = np.zeros(channels), np.ones(channels)
    activation = ACTIVATIONS[options.activation if present else "identity"]
    return Norm(present, bool(training), activation, float(options.eps if present else 0), weight, bias, mean, variance)


def mixed_stage_flops(out, saved) -> int:
    """Those of the convolution."""
    return 2 * out.shape[0] * out.shape[2] * out.shape[3] * len(saved[2])


MIXED_STAGE = Op("mixed_stage", mixed_stage, mixed_stage_backward, selective=True, flops=mixed_stage_flops)
