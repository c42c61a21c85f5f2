"""Activations over a run of numbers, forward and backward, in loops that vectorise; what ``norm.py`` fuses with batch norm.

``math.exp`` in a loop is a call for each number. The sigmoid here is a polynomial instead, which the compiler turns into
vector instructions: 2**f on -1/2 <= f <= 1/2 by a Taylor series of degree six (relative error 2e-8), times 2**i put together
from the bits of a float. In float64, used for checks and not for speed, it is ``math.exp``.
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from minimix.kernels.jit import inlined, shared

IDENTITY, RELU, RELU6, SWISH, HARD_SWISH = range(5)

_LOG2_E = np.float32(1.4426950408889634)
_C1, _C2, _C3 = np.float32(0.6931471805599453), np.float32(0.24022650695910072), np.float32(0.05550410866482158)
_C4, _C5, _C6 = np.float32(0.009618129107628477), np.float32(0.0013333558146428441), np.float32(0.00015403530393381608)
_LIMIT = np.float32(126.0)  # 2**126 is close to the largest float, 2**128 is infinity
_INFINITE = np.float32(128.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)


@inlined
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


@inlined
def sigmoid64(z):
    """The same in float64, in the form that does not overflow."""
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    e = math.exp(z)
    return e / (1.0 + e)


def sigmoid(z):
    """The one of the two that z's dtype asks for, and of that dtype: a plain float would take that of what it meets."""
    return sigmoid32(z) if isinstance(z, np.float32) else np.float64(sigmoid64(z))


@overload(sigmoid, jit_options={"forceinline": True})
def _(z):
    return (lambda z: sigmoid32(z)) if z == types.float32 else lambda z: sigmoid64(z)


@inlined
def bounds(activation):
    """(low, high) that identity, ReLU and ReLU6 keep z within. NaN is no bound: nothing is below or above it."""
    return (np.nan if activation == IDENTITY else 0.0), (6.0 if activation == RELU6 else np.nan)


@inlined
def hard_swish(z):
    gate = z + 3
    gate = 0 if gate < 0 else gate
    return z * (6 if gate > 6 else gate) / 6


@shared
def scale_shift_activate(y, o, x, i, n, m, a, b, activation):
    """y[o : o+n] = activation(a * (x[i : i+n] - m) + b). With m close to x, no digits are lost."""
    if activation == HARD_SWISH:
        for j in range(n):
            y[o + j] = hard_swish(a * (x[i + j] - m) + b)
    elif activation != SWISH:
        low, high = bounds(activation)
        low, high = x.dtype.type(low), x.dtype.type(high)
        for j in range(n):
            z = a * (x[i + j] - m) + b
            z = low if z < low else z  # written so that NaN stays
            y[o + j] = high if z > high else z
    else:
        for j in range(n):
            z = a * (x[i + j] - m) + b
            y[o + j] = z * sigmoid(z)


@inlined
def shift_activate(y, o, n, b, activation):
    """y[o : o+n] = activation(y[o : o+n] + b), in place."""
    zero, one = y.dtype.type(0), y.dtype.type(1)
    scale_shift_activate(y, o, y, o, n, zero, one, b, activation)


@shared
def activate_grad(gz, k, gy, o, x, i, n, m, a, b, activation):
    """gz[k : k+n] = gy[o : o+n] * activation'(a * (x[i : i+n] - m) + b)."""
    if activation == HARD_SWISH:
        for j in range(n):
            z = a * (x[i + j] - m) + b
            slope = (2 * z + 3) / 6
            slope = 0 if z <= -3 else slope
            gz[k + j] = gy[o + j] * (1 if z >= 3 else slope)
    elif activation != SWISH:
        low, high = bounds(activation)
        low, high = x.dtype.type(low), x.dtype.type(high)
        for j in range(n):
            z = a * (x[i + j] - m) + b
            g = 0 if z <= low else gy[o + j]
            gz[k + j] = 0 if z >= high else g
    else:
        for j in range(n):
            z = a * (x[i + j] - m) + b
            s = sigmoid(z)
            gz[k + j] = gy[o + j] * (s + z * s * (_ONE - s))


@inlined
def activate_both(y, o, gz, k, gy, g, x, i, n, m, a, b, activation):
    """Both at once, for one sigmoid: y[o : o+n] = activation(z) and gz[k : k+n] = gy[g : g+n] * activation'(z)."""
    if activation == HARD_SWISH:
        for j in range(n):
            z = a * (x[i + j] - m) + b
            slope = (2 * z + 3) / 6
            slope = 0 if z <= -3 else slope
            y[o + j] = hard_swish(z)
            gz[k + j] = gy[g + j] * (1 if z >= 3 else slope)
    elif activation != SWISH:
        low, high = bounds(activation)
        low, high = x.dtype.type(low), x.dtype.type(high)
        for j in range(n):
            z = a * (x[i + j] - m) + b
            some = 0 if z <= low else gy[g + j]
            gz[k + j] = 0 if z >= high else some
            z = low if z < low else z
            y[o + j] = high if z > high else z
    else:
        for j in range(n):
            z = a * (x[i + j] - m) + b
            s = sigmoid(z)
            y[o + j] = z * s
            gz[k + j] = gy[g + j] * (s + z * s * (_ONE - s))


@inlined
def sigmoid_of_sum(y, o, n, shift):
    """y[o : o+n] = sigmoid(y[o : o+n] + shift)."""
    for j in range(n):
        y[o + j] = sigmoid(y[o + j] + shift)
