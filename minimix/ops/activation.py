"""Activations, softmax and dropout.

NaN stays NaN: each forward is written so that a comparison with NaN, which is always false, keeps x rather than a bound.
Of complex numbers (which only a complex-step gradient check sends here) the real part decides.
"""

import numpy as np

from minimix.kernels import activation as kernels
from minimix.ops.elementwise import clip_real
from minimix.ops.op import Op
from minimix.ops.sums import rounded, summed, wide

ACTIVATIONS = {  # those that other ops do in the same pass, by the names that users give, as kernels know them
    "identity": kernels.IDENTITY,
    "relu": kernels.RELU,
    "relu6": kernels.RELU6,
    "swish": kernels.SWISH,
    "hard_swish": kernels.HARD_SWISH,
}


def need_activation(name: str, where: str) -> None:
    """Refuse a name that is not in ``ACTIVATIONS``. where: in front of the message."""
    if name not in ACTIVATIONS:
        raise ValueError(f"{where}: activation {name!r}, expected one of {', '.join(ACTIVATIONS)}")


def relu_forward(x):
    output = np.where(x.real <= 0, 0, x) if np.iscomplexobj(x) else np.maximum(x, 0)
    return output, output


def relu_backward(gradient, output):
    return (np.where(output.real <= 0, 0, gradient),)  # 0 at 0, as in PyTorch


RELU = Op("relu", relu_forward, relu_backward)


def relu6_forward(x):
    output = clip_real(x, 0, 6)
    return output, output


def relu6_backward(gradient, output):
    return (np.where((output.real <= 0) | (output.real >= 6), 0, gradient),)  # 0 at both ends, as in PyTorch


RELU6 = Op("relu6", relu6_forward, relu6_backward)


def sigmoid_of(x):
    """1 / (1 + exp(-x)), without overflow and without losing digits at either end."""
    positive = x.real >= 0
    e = np.exp(np.where(positive, -x, x))  # at most 1
    return np.where(positive, 1, e) / (1 + e)


def sigmoid_forward(x):
    output = sigmoid_of(x)
    return output, output


def sigmoid_backward(gradient, output):
    return (gradient * (output * (1 - output)),)


SIGMOID = Op("sigmoid", sigmoid_forward, sigmoid_backward)


def swish_forward(x):
    """x * sigmoid(x)."""
    return x * sigmoid_of(x), x


def swish_backward(gradient, x):
    s = sigmoid_of(x)
    return (gradient * (s * (1 + x * (1 - s))),)


SWISH = Op("swish", swish_forward, swish_backward)


def hard_sigmoid_forward(x):
    """relu6(x + 3) / 6."""
    return clip_real(x + 3, 0, 6) / 6, x


def hard_sigmoid_backward(gradient, x):
    return (np.where((x.real > -3) & (x.real < 3), gradient / 6, 0),)


HARD_SIGMOID = Op("hard_sigmoid", hard_sigmoid_forward, hard_sigmoid_backward)


def hard_swish_forward(x):
    """x * relu6(x + 3) / 6."""
    return x * clip_real(x + 3, 0, 6) / 6, x


def hard_swish_backward(gradient, x):
    slope = np.where(x.real >= 3, 1, x / 3 + 0.5)
    return (np.where(x.real <= -3, 0, gradient * slope),)


HARD_SWISH = Op("hard_swish", hard_swish_forward, hard_swish_backward)


def log_softmax_of(x, axis):
    """x - log(sum(exp(x))), from numbers of which the largest is 0, so that nothing overflows. Of float16 as float32."""
    x = wide(x)
    shifted = x - x.real.max(axis=axis, keepdims=True)
    return shifted - np.log(summed(np.exp(shifted), axis, True))


def softmax_forward(x, axis):
    e = wide(x)
    e = np.exp(e - e.real.max(axis=axis, keepdims=True))
    output = e / summed(e, axis, True)
    return rounded(output, x.dtype), (output, axis)


def softmax_backward(gradient, saved):
    output, axis = saved
    weighted = wide(gradient) * output
    return (rounded(weighted - output * summed(weighted, axis, True), gradient.dtype),)


SOFTMAX = Op("softmax", softmax_forward, softmax_backward)


def log_softmax_forward(x, axis):
    output = log_softmax_of(x, axis)
    return rounded(output, x.dtype), (output, axis)


def log_softmax_backward(gradient, saved):
    output, axis = saved
    return (rounded(gradient - np.exp(output) * summed(wide(gradient), axis, True), gradient.dtype),)


LOG_SOFTMAX = Op("log_softmax", log_softmax_forward, log_softmax_backward)


def dropout_forward(x, p, rng):
    """Zero each element with probability p, and divide the others by 1 - p, so that the expectation stays ("inverted")."""
    kept = rng.random(x.shape, dtype=np.float32) >= p
    mask = kept * x.dtype.type(1 / (1 - p) if p < 1 else 0)
    return x * mask, mask


def dropout_backward(gradient, mask):
    return (gradient * mask,)


DROPOUT = Op("dropout", dropout_forward, dropout_backward)
