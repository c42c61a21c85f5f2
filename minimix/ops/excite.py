"""Squeeze-and-excite (arXiv 1709.01507, sec. 3): channels scale themselves by a gate computed from the means of all channels.

    mean = average of x over the pixels                  squeeze, eq. 2
    gate = sigmoid(W2 @ act(W1 @ mean + b1) + b2)        excite, eq. 3
    y    = x * gate                                      eq. 4

Means and gates are (C, N) matrices, so both layers are small matrix products; only the first and the last line see the pixels.
"""

import numpy as np

from minimix.kernels import gate as kernels
from minimix.kernels import memory
from minimix.kernels.threads import parallel, threads_for
from minimix.ops import activation as activations
from minimix.ops.layout import channel_major, nchw
from minimix.ops.op import Op, refuse_complex
from minimix.ops.product import matrix_product, outer_product

ACTIVATIONS = {
    "relu": activations.RELU,
    "relu6": activations.RELU6,
    "swish": activations.SWISH,
    "hard_swish": activations.HARD_SWISH,
}


def _matrix(weight):
    return np.ascontiguousarray(weight.reshape(weight.shape[:2]))


def squeeze_excite(x, reduce_weight, reduce_bias, expand_weight, expand_bias, activation="swish"):
    """x (N, C, H, W), reduce_weight (R, C, 1, 1), reduce_bias (R,), expand_weight (C, R, 1, 1), expand_bias (C,) -> like x."""
    first, second = _matrix(reduce_weight), _matrix(expand_weight)
    act = ACTIVATIONS[activation]
    if x.dtype.kind == "c":
        hidden = act.forward(x.mean(axis=(2, 3)) @ first.T + reduce_bias)[0]
        gate = activations.SIGMOID.forward(hidden @ second.T + expand_bias)[0]
        return x * gate[:, :, None, None], None
    planes = channel_major(x)
    channels, height, width, images = planes.shape
    mean = memory.empty((channels, images), x.dtype)
    if x.size:
        parallel(kernels.squeeze, planes.reshape(-1), mean, height * width, threads=threads_for(0.1 * x.size))
    hidden = matrix_product(first, mean, np.empty((len(first), images), x.dtype))
    hidden, hidden_saved = act.forward(hidden + reduce_bias[:, None])
    gate = matrix_product(second, np.ascontiguousarray(hidden), memory.empty(mean.shape, x.dtype))
    gate, gate_saved = activations.SIGMOID.forward(gate + expand_bias[:, None])
    out = memory.empty(planes.shape, x.dtype)
    if x.size:
        parallel(kernels.excite, planes.reshape(-1), gate, out.reshape(-1), height * width, threads=threads_for(0.1 * x.size))
    return nchw(out), (planes, mean, first, hidden, second, gate, act, hidden_saved, gate_saved)


def squeeze_excite_backward(gradient, saved, needed):
    planes, mean, first, hidden, second, gate, act, hidden_saved, gate_saved = refuse_complex(saved)
    g = channel_major(gradient)
    pixels = planes.shape[1] * planes.shape[2]
    g_gate = memory.empty(gate.shape, gate.dtype)
    parallel(kernels.gate_grad, g.reshape(-1), planes.reshape(-1), g_gate, pixels, threads=threads_for(0.1 * g.size))
    (g_gate,) = activations.SIGMOID.backward(g_gate, gate_saved)
    g_second = outer_product(g_gate, hidden)[:, :, None, None]
    g_hidden = matrix_product(np.ascontiguousarray(second.T), g_gate, np.empty(hidden.shape, hidden.dtype))
    (g_hidden,) = act.backward(g_hidden, hidden_saved)
    g_first = outer_product(g_hidden, mean)[:, :, None, None]
    gx = None
    if needed[0]:
        g_mean = matrix_product(np.ascontiguousarray(first.T), g_hidden, np.empty(mean.shape, mean.dtype))
        gx = memory.empty(planes.shape, planes.dtype)
        parallel(kernels.excite_grad, g.reshape(-1), gate, g_mean, gx.reshape(-1), pixels, threads=threads_for(0.1 * g.size))
    return None if gx is None else nchw(gx), g_first, g_hidden.sum(axis=1), g_second, g_gate.sum(axis=1)


SQUEEZE_EXCITE = Op("squeeze_excite", squeeze_excite, squeeze_excite_backward, selective=True)
