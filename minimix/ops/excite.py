"""Squeeze-and-excite (arXiv 1709.01507, sec. 3): channels scale themselves by a gate computed from the means of all channels.

    mean = average of x over the pixels                  squeeze, eq. 2
    gate = sigmoid(W2 @ act(W1 @ mean + b1) + b2)        excite, eq. 3
    y    = x * gate                                      eq. 4

Only the first and the last line see the pixels; what is between them works on (C, N) matrices, by the code that
a whole block has in it (``kernels/gate.py``).
"""

import numpy as np

from minimix import reference
from minimix.kernels import gate as kernels
from minimix.kernels import memory
from minimix.kernels.gate import Gate, GateGradient
from minimix.kernels.threads import parallel, threads_for
from minimix.ops.activation import ACTIVATIONS
from minimix.ops.layout import channel_major, nchw, ready
from minimix.ops.op import Op, refuse_complex


def squeeze_excite(x, *arrays, activation="swish"):
    """x (N, C, H, W); arrays: reduce weight (R, C, 1, 1), reduce bias (R,), expand weight (C, R, 1, 1), expand bias (C,)
    -> like x."""
    if x.dtype.kind == "c":
        first, b1, second, b2 = (a.reshape(a.shape[:2]) for a in arrays)
        hidden = x.mean(axis=(2, 3)) @ first.T + b1
        hidden = hidden if activation == "identity" else getattr(reference, activation)(hidden)
        return x * reference.sigmoid(hidden @ second.T + b2)[:, :, None, None], None
    planes = channel_major(x)
    gate = gate_of(arrays, activation, len(planes), x.shape[0], planes.dtype)
    out = memory.empty(planes.shape, planes.dtype)
    if x.size:
        pixels, threads = planes.shape[1] * planes.shape[2], threads_for(0.1 * x.size)
        parallel(kernels.squeeze, planes.reshape(-1), gate.mean, pixels, threads=threads)
        kernels.decide_alone(gate)
        parallel(kernels.excite, planes.reshape(-1), gate.gate, out.reshape(-1), pixels, threads=threads)
    return nchw(out), (planes, gate)


def squeeze_excite_backward(gradient, saved, needed):
    planes, gate = refuse_complex(saved)
    g = channel_major(gradient)
    pixels, threads = planes.shape[1] * planes.shape[2], threads_for(0.1 * g.size)
    found = gate_gradient(gate)
    parallel(kernels.gate_grad, g.reshape(-1), planes.reshape(-1), found.gate, pixels, threads=threads)
    kernels.decide_grad_alone(gate, found)
    gx = None
    if needed[0]:
        gx = memory.empty(planes.shape, planes.dtype)
        parallel(kernels.excite_grad, g.reshape(-1), gate.gate, found.mean, gx.reshape(-1), pixels, threads=threads)
    first, second = found.reduce[:, :, None, None], found.expand[:, :, None, None]
    return None if gx is None else nchw(gx), first, found.reduce_bias, second, found.expand_bias


def gate_of(arrays, activation, channels: int, images: int, dtype) -> Gate:
    """The two layers, and room for what they make of so many images. arrays: of ``squeeze_excite``, () where there is none."""
    if not arrays:
        none, matrix = np.empty(0, dtype), np.empty((0, 0), dtype)
        return Gate(False, 0, matrix, none, matrix, none, matrix, matrix, matrix, matrix)
    weights = (ready(array.reshape(array.shape[:2])) for array in arrays)  # (R, C), (R,), (C, R), (C,)
    mean, gate = np.empty((2, channels, images), dtype)
    hidden, active = np.empty((2, len(arrays[0]), images), dtype)
    return Gate(True, ACTIVATIONS[activation], *weights, mean, hidden, active, gate)


def gate_gradient(gate: Gate) -> GateGradient:
    """Room for the gradients of a gate."""
    like = (gate.reduce, gate.reduce_bias, gate.expand, gate.expand_bias, gate.mean, gate.hidden, gate.gate)
    return GateGradient(*map(np.empty_like, like), np.ascontiguousarray(gate.reduce.T), np.ascontiguousarray(gate.expand.T))


def squeeze_excite_flops(out, saved) -> int:
    """Two for each multiply-add of the two layers; what is done at every pixel is none."""
    if saved is None:
        return 0
    gate = saved[1]
    return 2 * out.shape[0] * (gate.reduce.size + gate.expand.size)


SQUEEZE_EXCITE = Op("squeeze_excite", squeeze_excite, squeeze_excite_backward, selective=True, flops=squeeze_excite_flops)
