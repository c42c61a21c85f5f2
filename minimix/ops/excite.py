"""Squeeze-and-excite (arXiv 1709.01507, sec. 3): channels scale themselves by a gate computed from the means of all channels.

    mean = average of x over the pixels                  squeeze, eq. 2
    gate = sigmoid(W2 @ act(W1 @ mean + b1) + b2)        excite, eq. 3
    y    = x * gate                                      eq. 4

Only the first and the last line see the pixels; what is between them works on (C, N) matrices, by the code that a whole block
(``block.py``) has in it. Within a block the gate costs next to nothing; alone, it is NumPy's work.
"""

import numpy as np

from minimix import reference
from minimix.kernels import gate as kernels
from minimix.kernels.gate import Gate, GateGradient
from minimix.kernels.threads import parallel, threads_for
from minimix.ops.activation import ACTIVATIONS
from minimix.ops.layout import channel_major, nchw, ready
from minimix.ops.op import Op, refuse_complex
from minimix.ops.sums import summed


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
    squeeze(planes, gate.mean)
    kernels.decide(gate)
    return nchw(planes * gate.gate[:, None, None]), (planes, gate)


def squeeze(planes, mean) -> None:
    """mean (C, N) = planes (C, H, W, N) averaged over the pixels."""
    threads, images = threads_for(0.1 * planes.size), planes.shape[3]
    pixels = planes.shape[1] * planes.shape[2]
    parallel(kernels.squeeze, planes.reshape(-1), mean, pixels, np.empty((threads, images)), threads=threads)


def squeeze_excite_backward(gradient, saved, needed):
    planes, gate = refuse_complex(saved)
    g = channel_major(gradient)
    found = gate_gradient(gate)
    found.gate[...] = summed(g * planes, (1, 2))
    kernels.decide_grad(gate, found)
    gx = None
    if needed[0]:  # through the product, and through the means
        share = found.mean / planes.dtype.type(planes.shape[1] * planes.shape[2])
        gx = g * gate.gate[:, None, None] + share[:, None, None]
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
