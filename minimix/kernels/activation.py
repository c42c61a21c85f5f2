"""Activations over a run of numbers, forward and backward, in loops that vectorise; what ``norm.py`` fuses with batch norm.

``math.exp`` in a loop is a call for each number. The sigmoid here is a polynomial instead, which the compiler turns into
vector instructions: 2**f on -1/2 <= f <= 1/2 by a Taylor series of degree six (relative error 2e-8), times 2**i put together
from the bits of a float. In float64, used for checks and not for speed, it is ``math.exp``.
"""

import math

import numpy as np

from minimix.kernels.jit import kernel

IDENTITY, RELU, RELU6, SWISH, HARD_SWISH = range(5)

_LOG2_E = np.float32(1.4426950408889634)
_C1, _C2, _C3 = np.float32(0.6931471805599453), np.float32(0.24022650695910072), np.float32(0.05550410866482158)
_C4, _C5, _C6 = np.float32(0.009618129107628477), np.float32(0.0013333558146428441), np.float32(0.00015403530393381608)
_LIMIT = np.float32(126.0)  # 2**126 is close to the largest float, 2**128 is infinity
_INFINITE = np.float32(128.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)


@kernel
def sigmoid32(z):
    """1 / (1 + exp(-z)) in float32. NaN stays NaN."""
    t = z * -_LOG2_E
    t = _INFINITE if t > _INFINITE else t
    t = -_LIMIT if t < -_LIMIT else t
    whole = np.floor(t + _HALF)
    f = t - whole
    power = _ONE + f * (_C1 + f * (_C2 + f * (_C3 + f * (_C4 + f * (_C5 + f * _C6)))))
    bits = (np.int32(whole) + np.int32(127)) << np.int32(23)
    return _ONE / (_ONE + power * np.int32(bits).view(np.float32))


@kernel
def sigmoid64(z):
    """The same in float64, in the form that does not overflow."""
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    e = math.exp(z)
    return e / (1.0 + e)


@kernel
def relu6(z):
    z = 0 if z < 0 else z  # written so that NaN stays
    return 6 if z > 6 else z


@kernel
def hard_swish(z):
    gate = z + 3
    gate = 0 if gate < 0 else gate
    return z * (6 if gate > 6 else gate) / 6


@kernel
def scale_shift_activate(y, o, x, i, n, m, a, b, activation):
    """y[o : o+n] = activation(a * (x[i : i+n] - m) + b). With m close to x, no digits are lost."""
    if activation == IDENTITY:
        for j in range(n):
            y[o + j] = a * (x[i + j] - m) + b
    elif activation == RELU:
        for j in range(n):
            z = a * (x[i + j] - m) + b
            y[o + j] = 0 if z < 0 else z  # written so that NaN stays
    elif activation == RELU6:
        for j in range(n):
            y[o + j] = relu6(a * (x[i + j] - m) + b)
    elif activation == HARD_SWISH:
        for j in range(n):
            y[o + j] = hard_swish(a * (x[i + j] - m) + b)
    elif x.itemsize == 4:
        for j in range(n):
            z = np.float32(a * (x[i + j] - m) + b)
            y[o + j] = z * sigmoid32(z)
    else:
        for j in range(n):
            z = a * (x[i + j] - m) + b
            y[o + j] = z * sigmoid64(z)


@kernel
def shift_activate(y, o, n, b, activation):
    """y[o : o+n] = activation(y[o : o+n] + b), in place.

    Not by ``scale_shift_activate`` with x = y: with two names for one array its loops would not be vectorised.
    """
    if activation == IDENTITY:
        for j in range(n):
            y[o + j] += b
    elif activation == RELU:
        for j in range(n):
            z = y[o + j] + b
            y[o + j] = 0 if z < 0 else z
    elif activation == RELU6:
        for j in range(n):
            y[o + j] = relu6(y[o + j] + b)
    elif activation == HARD_SWISH:
        for j in range(n):
            y[o + j] = hard_swish(y[o + j] + b)
    elif y.itemsize == 4:
        for j in range(n):
            z = np.float32(y[o + j] + b)
            y[o + j] = z * sigmoid32(z)
    else:
        for j in range(n):
            z = y[o + j] + b
            y[o + j] = z * sigmoid64(z)


@kernel
def activate_grad(gz, k, gy, o, x, i, n, m, a, b, activation):
    """gz[k : k+n] = gy[o : o+n] * activation'(a * (x[i : i+n] - m) + b)."""
    if activation == IDENTITY:
        for j in range(n):
            gz[k + j] = gy[o + j]
    elif activation == RELU:
        for j in range(n):
            z = a * (x[i + j] - m) + b
            gz[k + j] = 0 if z <= 0 else gy[o + j]
    elif activation == RELU6:
        for j in range(n):
            z = a * (x[i + j] - m) + b
            g = 0 if z <= 0 else gy[o + j]
            gz[k + j] = 0 if z >= 6 else g
    elif activation == HARD_SWISH:
        for j in range(n):
            z = a * (x[i + j] - m) + b
            slope = (2 * z + 3) / 6
            slope = 0 if z <= -3 else slope
            gz[k + j] = gy[o + j] * (1 if z >= 3 else slope)
    elif x.itemsize == 4:
        for j in range(n):
            z = np.float32(a * (x[i + j] - m) + b)
            s = sigmoid32(z)
            gz[k + j] = gy[o + j] * (s + z * s * (_ONE - s))
    else:
        for j in range(n):
            z = a * (x[i + j] - m) + b
            s = sigmoid64(z)
            gz[k + j] = gy[o + j] * (s + z * s * (1 - s))


@kernel
def sigmoid_of_sum(y, o, n, shift):
    """y[o : o+n] = sigmoid(y[o : o+n] + shift)."""
    if y.itemsize == 4:
        for j in range(n):
            y[o + j] = sigmoid32(np.float32(y[o + j] + shift))
    else:
        for j in range(n):
            y[o + j] = sigmoid64(y[o + j] + shift)
