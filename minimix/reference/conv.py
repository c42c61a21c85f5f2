"""Dense convolution, one kernel tap after the other.

    Y[n, o, y, x] = bias[o] + sum_{c,i,j} X[n, c, y*S + i*D, x*S + j*D] * W[o, c, i, j]        (X padded)

It is linear in X and in W, and so are its gradients, with the same index arithmetic: wherever the forward pass computes
Y += X * W, the gradient of X gets dX += dY * W, and that of W gets dW += dY * X.
"""

import numpy as np

from minimix import convargs
from minimix.padding import Ints, Padding
from minimix.reference.windows import check_gradient, met


def conv2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> np.ndarray:
    """Convolution (cross-correlation, as in every framework) of x with weight.

    x: (N, C, H, W). weight: (C_out, C/groups, KH, KW). bias: (C_out,) or None. stride, dilation: integer or pair.
    padding: integer, pair, "same" (stride 1 only), "tf_same" or "valid"; see ``minimix.padding.resolve``.
    Returns (N, C_out, OH, OW). A tap on the border of zeros adds nothing, also where its weight is infinite or NaN.

    Raises as ``minimix.convargs.conv2d`` does.

    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d(x, np.ones((1, 1, 2, 2)))[0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    out = sums(x, weight, convargs.conv2d(x, weight, bias, stride, padding, dilation, groups))
    return out if bias is None else out + bias[:, None, None]


def sums(x: np.ndarray, weight: np.ndarray, g: convargs.ConvGeometry) -> np.ndarray:
    """``conv2d`` without a bias, of arguments that are checked already."""
    out = np.zeros(g.output_shape, x.dtype)
    for ins, outs in _channels(g):
        for (i, j), places, pixels in _taps(g):
            out[(slice(None), outs, *places)] += np.einsum("ncyx,oc->noyx", x[(..., *pixels)][:, ins], weight[outs, :, i, j])
    return out


def conv2d_input_grad(
    gradient: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of sum(gradient * conv2d(x, weight, ...)) with respect to x: (N, C, H, W). Only the shape of x is used.

    >>> conv2d_input_grad(np.ones((1, 1, 2, 2)), np.zeros((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))[0, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    g = convargs.conv2d(x, weight, None, stride, padding, dilation, groups)
    check_gradient(gradient, g.output_shape)
    grad = np.zeros_like(x)
    for ins, outs in _channels(g):
        for (i, j), places, pixels in _taps(g):
            terms = np.einsum("noyx,oc->ncyx", gradient[(..., *places)][:, outs], weight[outs, :, i, j])
            grad[(slice(None), ins, *pixels)] += terms
    return grad


def conv2d_weight_grad(
    gradient: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of sum(gradient * conv2d(x, weight, ...)) with respect to weight: its shape. Only that of weight is used.

    >>> conv2d_weight_grad(np.ones((1, 1, 2, 2)), np.arange(9.0).reshape(1, 1, 3, 3), np.zeros((1, 1, 2, 2)))[0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    g = convargs.conv2d(x, weight, None, stride, padding, dilation, groups)
    check_gradient(gradient, g.output_shape)
    return weight_sums(gradient, x, weight, g)


def weight_sums(gradient: np.ndarray, x: np.ndarray, weight: np.ndarray, g: convargs.ConvGeometry) -> np.ndarray:
    """``conv2d_weight_grad``, of arguments that are checked already."""
    grad = np.zeros_like(weight)
    for ins, outs in _channels(g):
        for (i, j), places, pixels in _taps(g):
            grad[outs, :, i, j] = np.einsum("noyx,ncyx->oc", gradient[(..., *places)][:, outs], x[(..., *pixels)][:, ins])
    return grad


def pointwise_conv2d(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, groups: int = 1) -> np.ndarray:
    """A 1x1 convolution: at every pixel the same matrix W (C_out, C/groups) times the vector of its channels.

    x: (N, C, H, W). weight: (C_out, C/groups, 1, 1). Returns (N, C_out, H, W). With groups, each part of the channels has a
    matrix of its own. Raises as ``minimix.convargs.pointwise_conv2d`` does.

    >>> pointwise_conv2d(np.array([1.0, 2.0]).reshape(1, 2, 1, 1), np.array([[3.0, 4.0]])[:, :, None, None])
    array([[[[11.]]]])
    """
    g = convargs.pointwise_conv2d(x, weight, bias, groups)
    parts = [np.einsum("ncyx,oc->noyx", x[:, ins], weight[outs, :, 0, 0]) for ins, outs in _channels(g)]
    out = np.concatenate(parts, axis=1)
    return out if bias is None else out + bias[:, None, None]


def _taps(g: convargs.ConvGeometry):
    """(tap, the places where it meets the picture, the pixels that it meets there), for each tap."""
    for tap in np.ndindex(g.kernel):
        yield tap, *met(tap, (g.out_height, g.out_width), (g.height, g.width), g.pads, g.stride, g.dilation)


def _channels(g: convargs.ConvGeometry) -> list[tuple[slice, slice]]:
    """The input and the output channels of each group."""
    ins, outs = g.channels // g.groups, g.out_channels // g.groups
    return [(slice(t * ins, (t + 1) * ins), slice(t * outs, (t + 1) * outs)) for t in range(g.groups)]
