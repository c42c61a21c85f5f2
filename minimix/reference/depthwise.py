"""Depthwise convolution, one kernel tap after the other: each output channel sees a single input channel.

    Y[n, z, y, x] = sum_{i,j} X[n, z // m, y*S + i*D, x*S + j*D] * W[z, i, j]        (X padded, m = channel multiplier)

So it is a weighted sum of shifted pictures. The gradient of X is the sum shifted back, the gradient of a tap's weight one dot
product of the output's gradient with the picture that the tap saw.
"""

import numpy as np

from minimix import convargs
from minimix.padding import Ints, Padding
from minimix.reference.windows import check_gradient, met


def depthwise_conv2d(
    x: np.ndarray, weight: np.ndarray, stride: Ints = 1, padding: Padding = "same", dilation: Ints = 1
) -> np.ndarray:
    """Depthwise convolution of x with weight.

    x: (N, C, H, W). weight: (C*m, 1, KH, KW), m >= 1; output channel z uses channel z // m of x. stride, dilation: integer or
    pair. padding: integer, pair, "same", "tf_same" or "valid", with any stride; see ``minimix.padding.resolve``.
    Returns (N, C*m, OH, OW). A tap on the border of zeros adds nothing, also where its weight is infinite or NaN.

    Raises as ``minimix.convargs.depthwise_conv2d`` does.

    >>> x = np.ones((1, 2, 2, 3))
    >>> depthwise_conv2d(x, np.ones((2, 1, 3, 3)))[0, 1]
    array([[4., 6., 4.],
           [4., 6., 4.]])
    """
    g, m = _geometry(x, weight, stride, padding, dilation)
    out = np.zeros(g.output_shape, x.dtype)
    for (i, j), places, pixels in _taps(g):
        out[(..., *places)] += np.repeat(x[(..., *pixels)], m, axis=1) * weight[:, :, i, j, None]  # .. * (C*m, 1, 1)
    return out


def depthwise_conv2d_input_grad(
    gradient: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: Ints = 1, padding: Padding = "same", dilation: Ints = 1
) -> np.ndarray:
    """Gradient of sum(gradient * depthwise_conv2d(x, weight, ...)) with respect to x: (N, C, H, W). Only x's shape is used.

    >>> depthwise_conv2d_input_grad(np.ones((1, 1, 1, 3)), np.zeros((1, 1, 1, 3)), np.full((1, 1, 1, 3), 2.0))[0, 0]
    array([[4., 6., 4.]])
    """
    g, m = _geometry(x, weight, stride, padding, dilation)
    check_gradient(gradient, g.output_shape)
    grad = np.zeros_like(x)
    for (i, j), places, pixels in _taps(g):
        terms = gradient[(..., *places)] * weight[:, :, i, j, None]
        grad[(..., *pixels)] += terms.reshape(g.batch, g.channels, m, *terms.shape[2:]).sum(axis=2)  # the m of a channel
    return grad


def depthwise_conv2d_weight_grad(
    gradient: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: Ints = 1, padding: Padding = "same", dilation: Ints = 1
) -> np.ndarray:
    """Gradient of sum(gradient * depthwise_conv2d(x, weight, ...)) with respect to weight: (C*m, 1, KH, KW).

    Only the shape of weight is used.

    >>> depthwise_conv2d_weight_grad(np.ones((1, 1, 1, 3)), np.array([[[[1.0, 2.0, 4.0]]]]), np.zeros((1, 1, 1, 3)))[0, 0]
    array([[3., 7., 6.]])
    """
    g, m = _geometry(x, weight, stride, padding, dilation)
    check_gradient(gradient, g.output_shape)
    grad = np.zeros_like(weight)
    for (i, j), places, pixels in _taps(g):
        grad[:, 0, i, j] = (gradient[(..., *places)] * np.repeat(x[(..., *pixels)], m, axis=1)).sum(axis=(0, 2, 3))
    return grad


def _geometry(x, weight, stride, padding, dilation):
    g = convargs.depthwise_conv2d(x, weight, stride, padding, dilation)
    return g, g.multiplier


def _taps(g: convargs.MixGeometry):
    """(tap, the places where it meets the picture, the pixels that it meets there), for each tap."""
    (group,) = g.groups
    for tap in np.ndindex(group.kernel):
        yield tap, *met(tap, (g.out_height, g.out_width), (g.height, g.width), group.pads, g.stride, group.dilation)
