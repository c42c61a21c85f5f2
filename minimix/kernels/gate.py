"""Squeeze-and-excite: means over the pixels, two small layers that make gates of them, and the gate as a factor for a channel
of an image.

Activations are flat arrays that hold (C, P, N), P pixels of N images; ``gate`` and means are (C, N).
"""

from typing import NamedTuple

import numpy as np

from minimix.kernels.activation import activate_grad, scale_shift_activate, sigmoid_of_sum
from minimix.kernels.jit import U, inlined, kernel
from minimix.kernels.product import tile_outer, tile_product
from minimix.kernels.sums import run_dot, run_sum


@inlined
def add_pixels(total, x, at, pixels, images):
    """total (N,), float64, += x[at:] (pixels, N), summed over the pixels."""
    if images == 1:  # then the pixels are the run that vectorises
        total[0] += run_sum(x, at, pixels)
        return
    for p in range(0, pixels - 3, 4):  # four pixels at a time, since float64 is slower
        a, n = U(at + p * images), U(images)
        for i in range(n):
            total[i] += (x[a + i] + x[a + n + i]) + (x[a + n + n + i] + x[a + n + n + n + i])
    for p in range(pixels - pixels % 4, pixels):
        a = U(at + p * images)
        for i in range(U(images)):
            total[i] += x[a + i]


@inlined
def add_dots(total, x, at, y, y_at, pixels, images):
    """total (N,), float64, += x[at:] * y[y_at:], (pixels, N) each, summed over the pixels."""
    if images == 1:
        total[0] += run_dot(x, at, y, y_at, pixels)
        return
    for p in range(0, pixels - 3, 4):
        a, b, n = U(at + p * images), U(y_at + p * images), U(images)
        a2, b2 = a + n + n, b + n + n
        for i in range(n):
            total[i] += (x[a + i] * y[b + i] + x[a + n + i] * y[b + n + i]) + (
                x[a2 + i] * y[b2 + i] + x[a2 + n + i] * y[b2 + n + i]
            )
    for p in range(pixels - pixels % 4, pixels):
        a, b = U(at + p * images), U(y_at + p * images)
        for i in range(U(images)):
            total[i] += x[a + i] * y[b + i]


@kernel
def squeeze(start, step, x, mean, pixels, sums):
    """mean (C, N) = x averaged over the pixels. sums: scratch, float64, a row a thread of a number an image."""
    channels, images = mean.shape
    total = sums[start]
    for c in range(start, channels, step):
        total[:] = 0
        add_pixels(total, x, c * pixels * images, pixels, images)
        for i in range(U(images)):
            mean[c, i] = total[i] / pixels


@inlined
def scale_add(out, o, x, at, factor, more, share, pixels):
    """out[o:] (pixels, N) = x[at:] * factor (N,) + more (N,) * share."""
    images = U(factor.shape[0])
    for p in range(pixels):
        a, b = U(at) + U(p) * images, U(o) + U(p) * images
        for i in range(images):
            out[b + i] = x[a + i] * factor[i] + more[i] * share


class Gate(NamedTuple):
    """The two layers, reduce (R, C) and expand (C, R) with their biases, and what they make of N images: mean (C, N), hidden
    and active (R, N), before and after the activation, gate (C, N). present: False where there is no squeeze-and-excite."""

    present: bool
    activation: int
    reduce: np.ndarray
    reduce_bias: np.ndarray
    expand: np.ndarray
    expand_bias: np.ndarray
    mean: np.ndarray
    hidden: np.ndarray
    active: np.ndarray
    gate: np.ndarray


class GateGradient(NamedTuple):
    """Gradients of a ``Gate``'s arrays; reduce_t (C, R), expand_t (R, C): its weights, transposed."""

    reduce: np.ndarray
    reduce_bias: np.ndarray
    expand: np.ndarray
    expand_bias: np.ndarray
    mean: np.ndarray
    hidden: np.ndarray
    gate: np.ndarray
    reduce_t: np.ndarray
    expand_t: np.ndarray


@inlined
def _layer(out, weight, x, N):
    """out (rows, N) = weight @ x (columns, N)."""
    rows, columns = weight.shape
    if N == 1:  # then the columns are the run that vectorises
        out[:] = 0
        tile_outer(out.reshape(rows, 1), weight.reshape(-1), rows, x, 1, U(columns))
    else:
        tile_product(out, N, 0, weight, 0, rows, x, U(N))


@kernel
def decide(g):
    """gate = sigmoid(expand @ activation(reduce @ mean + reduce_bias) + expand_bias)."""
    (C, N), R = g.mean.shape, g.hidden.shape[0]
    zero, one = g.mean.dtype.type(0), g.mean.dtype.type(1)
    mean, hidden, active, gate = g.mean.reshape(-1), g.hidden.reshape(-1), g.active.reshape(-1), g.gate.reshape(-1)
    for second in range(2):  # a loop, so that the code of a layer is there only once
        _layer(gate if second else hidden, g.expand if second else g.reduce, active if second else mean, N)
        if not second:
            for r in range(R):
                for i in range(U(r * N), U(r * N + N)):
                    hidden[i] += g.reduce_bias[r]
            scale_shift_activate(active, U(0), hidden, U(0), U(R * N), zero, one, zero, g.activation)
    for c in range(C):
        sigmoid_of_sum(gate, U(c * N), U(N), g.expand_bias[c])


@kernel
def decide_grad(g, out):
    """Backward of ``decide``, from ``out.gate``."""
    (C, N), R = g.mean.shape, g.hidden.shape[0]
    zero, one = g.mean.dtype.type(0), g.mean.dtype.type(1)
    g_gate, g_hidden, gate, hidden = out.gate.reshape(-1), out.hidden.reshape(-1), g.gate.reshape(-1), g.hidden.reshape(-1)
    for i in range(U(C * N)):
        g_gate[i] *= gate[i] * (one - gate[i])
    for first in range(2):  # the second layer, then the first: a loop, so that their code is there only once
        gradient, rows, columns = (g_hidden, R, C) if first else (g_gate, C, R)
        g_weight, g_bias = (out.reduce, out.reduce_bias) if first else (out.expand, out.expand_bias)
        for row in range(rows):
            g_bias[row] = run_sum(gradient, row * N, N)
        g_weight[:] = 0
        tile_outer(g_weight, gradient, rows, (g.mean if first else g.active).reshape(-1), columns, U(N))
        g_input = out.mean.reshape(-1) if first else g_hidden
        tile_product(g_input, N, 0, out.reduce_t if first else out.expand_t, 0, columns, gradient, U(N))
        if not first:
            activate_grad(g_hidden, U(0), g_hidden, U(0), hidden, U(0), U(R * N), zero, one, zero, g.activation)
