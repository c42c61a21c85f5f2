"""Depthwise convolution, one kernel tap after the other: each output channel sees a single input channel.

    Y[n, z, y, x] = sum_{i,j} X[n, z // m, y*S + i*D, x*S + j*D] * W[z, i, j]        (X padded, m = channel multiplier)

So it is a weighted sum of shifted pictures. The gradient of X is the sum shifted back, the gradient of a tap's weight one dot
product of the output's gradient with the picture that the tap saw.
"""

import numpy as np

from minimix import convargs
from minimix.padding import Ints, Padding
from minimix.reference.windows import check_gradient, padded, seen, unpadded


def depthwise_conv2d(
    x: np.ndarray, weight: np.ndarray, stride: Ints = 1, padding: Padding = "same", dilation: Ints = 1
) -> np.ndarray:
    """Depthwise convolution of x with weight.

    x: (N, C, H, W). weight: (C*m, 1, KH, KW), m >= 1; output channel z uses channel z // m of x. stride, dilation: integer or
    pair. padding: integer, pair, "same", "tf_same" or "valid", with any stride; see ``minimix.padding.resolve``.
    Returns (N, C*m, OH, OW). The border holds zeros that take part: 0 times an infinite weight is NaN.

    Raises as ``minimix.convargs.depthwise_conv2d`` does.

    >>> x = np.ones((1, 2, 2, 3))
    >>> depthwise_conv2d(x, np.ones((2, 1, 3, 3)))[0, 1]
    array([[4., 6., 4.],
           [4., 6., 4.]])
    """
    g, m, group = _geometry(x, weight, stride, padding, dilation)
    x = padded(x, group.pads)
    out = np.zeros(g.output_shape, x.dtype)
    for i, j in np.ndindex(group.kernel):
        shifted = seen(x, (i, j), (g.out_height, g.out_width), g.stride, group.dilation)
        out += np.repeat(shifted, m, axis=1) * weight[:, :, i, j, None]  # (N, C*m, OH, OW) * (C*m, 1, 1)
    return out


def depthwise_conv2d_input_grad(
    gradient: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: Ints = 1, padding: Padding = "same", dilation: Ints = 1
) -> np.ndarray:
    """Gradient of sum(gradient * depthwise_conv2d(x, weight, ...)) with respect to x: (N, C, H, W). Only x's shape is used.

    >>> depthwise_conv2d_input_grad(np.ones((1, 1, 1, 3)), np.zeros((1, 1, 1, 3)), np.full((1, 1, 1, 3), 2.0))[0, 0]
    array([[4., 6., 4.]])
    """
    g, m, group = _geometry(x, weight, stride, padding, dilation)
    check_gradient(gradient, g.output_shape)
    grad = padded(np.zeros_like(x), group.pads)
    for i, j in np.ndindex(group.kernel):
        shifted = seen(grad, (i, j), (g.out_height, g.out_width), g.stride, group.dilation)  # a view into grad
        terms = gradient * weight[:, :, i, j, None]
        shifted += terms.reshape(g.batch, g.channels, m, g.out_height, g.out_width).sum(axis=2)  # the m outputs of a channel
    return unpadded(grad, group.pads)


def depthwise_conv2d_weight_grad(
    gradient: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: Ints = 1, padding: Padding = "same", dilation: Ints = 1
) -> np.ndarray:
    """Gradient of sum(gradient * depthwise_conv2d(x, weight, ...)) with respect to weight: (C*m, 1, KH, KW).

    Only the shape of weight is used.

    >>> depthwise_conv2d_weight_grad(np.ones((1, 1, 1, 3)), np.array([[[[1.0, 2.0, 4.0]]]]), np.zeros((1, 1, 1, 3)))[0, 0]
    array([[3., 7., 6.]])
    """
    g, m, group = _geometry(x, weight, stride, padding, dilation)
    check_gradient(gradient, g.output_shape)
    x = padded(x, group.pads)
    grad = np.zeros_like(weight)
    for i, j in np.ndindex(group.kernel):
        shifted = seen(x, (i, j), (g.out_height, g.out_width), g.stride, group.dilation)
        grad[:, 0, i, j] = (gradient * np.repeat(shifted, m, axis=1)).sum(axis=(0, 2, 3))
    return grad


def _geometry(x, weight, stride, padding, dilation):
    g = convargs.depthwise_conv2d(x, weight, stride, padding, dilation)
    return g, g.multiplier, g.groups[0]
