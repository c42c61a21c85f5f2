"""The convolutions with nothing but loops over indices: the yardstick for the rest of this package, on tiny inputs.

Any convolution is a long list of multiply-adds,

    Y[o] += X[p] * W[k]

with an index o into the output, p into the image and k into the kernel. ``dense_terms`` and ``mixed_terms`` write that list
down. Going through it once is the forward pass; once more with dX[p] += dY[o] * W[k], the gradient of the image; once more
with dW[k] += dY[o] * X[p], the gradient of the kernel.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from minimix import convargs
from minimix.padding import Ints, Padding


def dense_terms(g: convargs.ConvGeometry) -> Iterator[tuple]:
    """(o, p, k) of every multiply-add of a dense convolution; p is None where the tap lies on the zero border."""
    (top, _), (left, _) = g.pads
    per_group = g.channels // g.groups
    for n in range(g.batch):
        for z in range(g.out_channels):
            group = z // (g.out_channels // g.groups)
            for y in range(g.out_height):
                for x in range(g.out_width):
                    for c in range(per_group):
                        for i in range(g.kernel[0]):
                            for j in range(g.kernel[1]):
                                row = y * g.stride[0] + i * g.dilation[0] - top
                                column = x * g.stride[1] + j * g.dilation[1] - left
                                inside = 0 <= row < g.height and 0 <= column < g.width
                                yield (n, z, y, x), (n, group * per_group + c, row, column) if inside else None, (z, c, i, j)


def mixed_terms(g: convargs.MixGeometry) -> Iterator[tuple]:
    """(t, o, p, k) of every multiply-add of a mixed convolution; t is the group, k an index into its weight."""
    for t, group in enumerate(g.groups):
        (top, _), (left, _) = group.pads
        for n in range(g.batch):
            for z in range(group.out_last - group.out_first):
                for y in range(g.out_height):
                    for x in range(g.out_width):
                        for i in range(group.kernel[0]):
                            for j in range(group.kernel[1]):
                                row = y * g.stride[0] + i * group.dilation[0] - top
                                column = x * g.stride[1] + j * group.dilation[1] - left
                                inside = 0 <= row < g.height and 0 <= column < g.width
                                p = (n, group.first + z // g.multiplier, row, column) if inside else None
                                yield t, (n, group.out_first + z, y, x), p, (z, 0, i, j)


def conv2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> np.ndarray:
    """Dense convolution; see ``minimix.reference.conv2d``.

    >>> conv2d(np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2)))[0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    g = convargs.conv2d(x, weight, bias, stride, padding, dilation, groups)
    out = np.zeros(g.output_shape, x.dtype)
    for o, p, k in dense_terms(g):
        if p is not None:
            out[o] += x[p] * weight[k]
    for z in range(g.out_channels):
        out[:, z] += 0 if bias is None else bias[z]
    return out


def conv2d_grads(
    gradient: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of sum(gradient * conv2d(x, weight, ...)) with respect to x and to weight.

    >>> gx, gw = conv2d_grads(np.ones((1, 1, 1, 1)), np.full((1, 1, 1, 1), 2.0), np.full((1, 1, 1, 1), 3.0))
    >>> float(gx.item()), float(gw.item())
    (3.0, 2.0)
    """
    g = convargs.conv2d(x, weight, None, stride, padding, dilation, groups)
    grad_x, grad_weight = np.zeros_like(x), np.zeros_like(weight)
    for o, p, k in dense_terms(g):
        if p is not None:
            grad_weight[k] += gradient[o] * x[p]
            grad_x[p] += gradient[o] * weight[k]
    return grad_x, grad_weight


def depthwise_conv2d(
    x: np.ndarray, weight: np.ndarray, stride: Ints = 1, padding: Padding = "same", dilation: Ints = 1
) -> np.ndarray:
    """Depthwise convolution; see ``minimix.reference.depthwise_conv2d``.

    >>> depthwise_conv2d(np.ones((1, 1, 2, 3)), np.ones((1, 1, 3, 3)))[0, 0]
    array([[4., 6., 4.],
           [4., 6., 4.]])
    """
    return _mixed(convargs.depthwise_conv2d(x, weight, stride, padding, dilation), x, [weight])


def mixconv2d(
    x: np.ndarray,
    weights: Sequence[np.ndarray],
    stride: Ints = 1,
    padding: Padding = "same",
    dilation: int | Sequence[Ints] = 1,
) -> np.ndarray:
    """Mixed depthwise convolution; see ``minimix.reference.mixconv2d``.

    >>> mixconv2d(np.ones((1, 2, 4, 4)), [np.ones((1, 1, 3, 3)), np.ones((1, 1, 5, 5))])[0, :, 1, 1]
    array([ 9., 16.])
    """
    return _mixed(convargs.mixconv2d(x, weights, stride, padding, dilation), x, weights)


def _mixed(g: convargs.MixGeometry, x, weights) -> np.ndarray:
    out = np.zeros(g.output_shape, x.dtype)
    for t, o, p, k in mixed_terms(g):
        if p is not None:
            out[o] += x[p] * weights[t][k]
    return out


def mixconv2d_grads(
    gradient: np.ndarray,
    x: np.ndarray,
    weights: Sequence[np.ndarray],
    stride: Ints = 1,
    padding: Padding = "same",
    dilation: int | Sequence[Ints] = 1,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Gradients of sum(gradient * mixconv2d(x, weights, ...)) with respect to x and to each of weights.

    >>> gx, (gw,) = mixconv2d_grads(np.ones((1, 1, 1, 3)), np.ones((1, 1, 1, 3)), [np.ones((1, 1, 1, 3))])
    >>> gx[0, 0], gw[0, 0]
    (array([[2., 3., 2.]]), array([[2., 3., 2.]]))
    """
    g = convargs.mixconv2d(x, weights, stride, padding, dilation)
    grad_x, grad_weights = np.zeros_like(x), [np.zeros_like(weight) for weight in weights]
    for t, o, p, k in mixed_terms(g):
        if p is not None:
            grad_weights[t][k] += gradient[o] * x[p]
            grad_x[p] += gradient[o] * weights[t][k]
    return grad_x, grad_weights
