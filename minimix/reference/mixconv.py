"""Mixed depthwise convolution, as the paper defines it (MixConv, arXiv 1907.09595, sec. 3.1).

The channels of X are divided into groups X^1 ... X^g. Each has a kernel of its own, W^t, of its own size:

    Y^t[y, x, z] = sum_{i,j} X^t[y + i, x + j, z / m] * W^t[i, j, z]         Y = Concat(Y^1, ..., Y^g) over the channels

(the paper lets i and j run from -k/2 to k/2: that is padding="same"). So it is g depthwise convolutions side by side, and
that is all there is to see here.
"""

from collections.abc import Sequence

import numpy as np

from minimix import convargs
from minimix.padding import Ints, Padding
from minimix.reference.depthwise import depthwise_conv2d, depthwise_conv2d_input_grad, depthwise_conv2d_weight_grad
from minimix.reference.windows import check_gradient


def mixconv2d(
    x: np.ndarray,
    weights: Sequence[np.ndarray],
    stride: Ints = 1,
    padding: Padding = "same",
    dilation: int | Sequence[Ints] = 1,
) -> np.ndarray:
    """Mixed depthwise convolution: the groups of x's channels, in order, each with the kernel of its group.

    x: (N, C, H, W). weights: a list, one array (C_t*m, 1, KH_t, KW_t) a group, sum(C_t) = C. stride: integer or pair.
    dilation: one integer, or a list with one integer (or pair) a group. padding: as in ``depthwise_conv2d``; all groups must
    come to the same output size, which "same" and "tf_same" ensure. Returns (N, C*m, OH, OW).

    Raises as ``minimix.convargs.mixconv2d`` does.

    >>> x = np.ones((1, 3, 4, 4))
    >>> mixconv2d(x, [np.ones((2, 1, 3, 3)), np.ones((1, 1, 5, 5))])[0, :, 1, 1]
    array([ 9.,  9., 16.])
    """
    g = convargs.mixconv2d(x, weights, stride, padding, dilation)
    outputs = [
        depthwise_conv2d(x[:, t.first : t.last], weight, stride, padding, t.dilation)
        for t, weight in zip(g.groups, weights, strict=True)
    ]
    return np.concatenate(outputs, axis=1)


def mixconv2d_input_grad(
    gradient: np.ndarray,
    x: np.ndarray,
    weights: Sequence[np.ndarray],
    stride: Ints = 1,
    padding: Padding = "same",
    dilation: int | Sequence[Ints] = 1,
) -> np.ndarray:
    """Gradient of sum(gradient * mixconv2d(x, weights, ...)) with respect to x: (N, C, H, W). Only x's shape is used.

    >>> weights = [np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 3))]
    >>> mixconv2d_input_grad(np.ones((1, 2, 1, 3)), np.zeros((1, 2, 1, 3)), weights)[0, :, 0]
    array([[1., 1., 1.],
           [2., 3., 2.]])
    """
    g = convargs.mixconv2d(x, weights, stride, padding, dilation)
    check_gradient(gradient, g.output_shape)
    parts = [
        depthwise_conv2d_input_grad(
            gradient[:, t.out_first : t.out_last], x[:, t.first : t.last], weight, stride, padding, t.dilation
        )
        for t, weight in zip(g.groups, weights, strict=True)
    ]
    return np.concatenate(parts, axis=1)


def mixconv2d_weight_grad(
    gradient: np.ndarray,
    x: np.ndarray,
    weights: Sequence[np.ndarray],
    stride: Ints = 1,
    padding: Padding = "same",
    dilation: int | Sequence[Ints] = 1,
) -> list[np.ndarray]:
    """Gradients of sum(gradient * mixconv2d(x, weights, ...)) with respect to each of weights. Only their shapes are used.

    >>> weights = [np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 3))]
    >>> first, second = mixconv2d_weight_grad(np.ones((1, 2, 1, 3)), np.ones((1, 2, 1, 3)), weights)
    >>> first[0, 0], second[0, 0]
    (array([[3.]]), array([[2., 3., 2.]]))
    """
    g = convargs.mixconv2d(x, weights, stride, padding, dilation)
    check_gradient(gradient, g.output_shape)
    return [
        depthwise_conv2d_weight_grad(
            gradient[:, t.out_first : t.out_last], x[:, t.first : t.last], weight, stride, padding, t.dilation
        )
        for t, weight in zip(g.groups, weights, strict=True)
    ]
