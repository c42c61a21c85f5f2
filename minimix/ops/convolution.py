"""2-D convolution, in any number of groups: a matrix product with the picture's windows (``kernels/dense.py``).

Of a 1x1 kernel the windows are the picture itself: one matrix product for all pixels of all images (``kernels/product.py``).
Depthwise convolutions, of one channel a group, have a file of their own (``depthwise.py``).

The columns hold zeros where a tap lies in the padding, and these are multiplied, too. That changes no sum, unless the other
factor is NaN or infinite: then 0 times it is NaN, where by definition there is nothing to add. Both cases are rare, and go to
the reference, which takes the pixels that there are and nothing else: sums with such a weight, and a weight's gradient that
came out as NaN.
"""

import numpy as np

from minimix import convargs, reference
from minimix.kernels import dense, memory, product
from minimix.kernels.activation import IDENTITY
from minimix.kernels.threads import parallel, threads_for
from minimix.ops import depthwise
from minimix.ops.layout import channel_major, nchw, ready
from minimix.ops.op import Op, reads_of_convolution, refuse_complex
from minimix.ops.product import SPEED, grouped_product, grouped_product_backward, partial_columns, tile_columns
from minimix.ops.sums import summed

TILES = 16  # of columns, which are enough for any number of threads


def conv2d(x, weight, *bias, stride=1, padding=0, dilation=1, groups=1):
    """x (N, C, H, W), weight (C_out, C/groups, KH, KW), maybe a bias (C_out,) -> (N, C_out, OH, OW)."""
    geometry = convargs.conv2d(x, weight, *bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _biased(x, weight, bias, geometry)


def pointwise_conv2d(x, weight, *bias, groups=1):
    """x (N, C, H, W), weight (C_out, C/groups, 1, 1), maybe a bias (C_out,) -> (N, C_out, H, W)."""
    return _biased(x, weight, bias, convargs.pointwise_conv2d(x, weight, *bias, groups=groups))


def _biased(x, weight, bias, geometry):
    if x.dtype.kind == "c":
        out, saved = channel_major(reference.conv.sums(x, weight, geometry)), None
    else:
        out, saved = run(x, weight, geometry)
    if bias:
        out += bias[0][:, None, None, None]
    return nchw(out), saved


def run(x, weight, geometry, bias=None, activation=IDENTITY):
    """The output as (C_out, OH, OW, N), and what backward needs.

    bias: (C_out,) or None; with it, the output is activation(convolution + bias).
    """
    if _is_depthwise(geometry):
        out, saved = depthwise.run(x, (weight,), _as_mixed(geometry), bias, activation)
        return channel_major(out), saved
    planes = channel_major(x)
    matrix, bias = ready(weight.reshape(geometry.out_channels, -1)), bias if bias is None else ready(bias)
    saved = planes, matrix.reshape(weight.shape), geometry
    if _padded(geometry) and not np.isfinite(matrix).all():
        return _exact_output(*saved, bias, activation), saved
    shape = geometry.out_channels, geometry.out_height, geometry.out_width, geometry.batch
    if _is_pointwise(geometry):
        columns = planes.reshape(len(planes), shape[1] * shape[2] * shape[3])
        return grouped_product(matrix, columns, geometry.groups, bias, activation).reshape(shape), saved
    out = memory.empty(shape, planes.dtype)
    if not matrix.size:
        out[...] = 0
    elif out.size:
        K = matrix.shape[1]
        tile, n = tile_columns(K, planes.itemsize), threads_for(out.size * K / SPEED)
        scratch = memory.empty((n, (min(K, dense.PART) + dense.ROWS) * tile), planes.dtype)
        rows = dense.ROWS if out[0].size < TILES * tile else len(out)  # of the output, for which windows are filled once
        for group, outputs in enumerate(_slabs(geometry.out_channels, geometry.groups)):
            parallel(dense.forward, matrix[outputs], planes.reshape(-1), group * K, out[outputs].reshape(-1), out[0].size,
                     _window(geometry), rows, tile, scratch, threads=n)  # fmt: skip
    return _activated(out, bias, activation), saved


def conv2d_backward(gradient, saved, needed):
    planes, weight, geometry = refuse_complex(saved)
    g = channel_major(gradient)
    bias = tuple(summed(g, (1, 2, 3)) if wanted else None for wanted in needed[2:])
    if isinstance(geometry, convargs.MixGeometry):
        return *depthwise.mixconv2d_backward(nchw(g), saved, needed[:2]), *bias
    matrix = weight.reshape(geometry.out_channels, -1)
    if _is_pointwise(geometry):
        columns = planes.reshape(len(planes), g[0].size)
        gx, gw = grouped_product_backward(g.reshape(len(g), g[0].size), matrix, columns, geometry.groups, needed)
        gx, gw = gx if gx is None else nchw(gx.reshape(planes.shape)), gw if gw is None else gw.reshape(weight.shape)
        return gx, gw, *bias
    gx = memory.empty(planes.shape, planes.dtype) if needed[0] else None
    gw = np.empty(matrix.shape, planes.dtype) if needed[1] else None
    for i, outputs in enumerate(_slabs(geometry.out_channels, geometry.groups)):
        if needed[1]:
            gw[outputs] = _weight_grad(g[outputs], planes, i, matrix[outputs].shape, geometry)
        if needed[0]:
            _input_grad(matrix[outputs], g[outputs], gx, i, geometry)
    if needed[1]:
        gw = gw.reshape(weight.shape)
        if _padded(geometry) and np.isnan(gw).any():
            gw = np.where(np.isnan(gw), _exact_weight_grad(g, planes, weight, geometry), gw)
    return nchw(gx) if needed[0] else None, gw, *bias


def _exact_output(planes, weight, geometry, bias, activation):
    """What ``run`` returns, where a weight is NaN or infinite."""
    with np.errstate(invalid="ignore", over="ignore"):
        out = channel_major(reference.conv.sums(nchw(planes), weight, geometry))
    return _activated(out, bias, activation)


def _activated(out, bias, activation):
    """out = activation(out + bias), in place, where there is a bias."""
    if bias is not None and out.size:
        parallel(product.activate, out.reshape(-1), out[0].size, bias, activation, threads=threads_for(out.size))
    return out


def _exact_weight_grad(g, planes, weight, geometry):
    with np.errstate(invalid="ignore", over="ignore"):
        return reference.conv.weight_sums(nchw(g), nchw(planes), weight, geometry)


def _padded(geometry) -> bool:
    return any(map(sum, geometry.pads))


def _is_pointwise(geometry) -> bool:
    """Whether the windows are the picture itself, whatever the stride says."""
    everywhere = (geometry.out_height, geometry.out_width) == (geometry.height, geometry.width)
    return geometry.kernel == (1, 1) and everywhere and not _padded(geometry)


def _is_depthwise(geometry) -> bool:
    return geometry.groups == geometry.channels > 1


def _as_mixed(g: convargs.ConvGeometry) -> convargs.MixGeometry:
    group = convargs.Group(0, g.channels, 0, g.out_channels, g.kernel, g.dilation, g.pads)
    return convargs.MixGeometry(g.batch, g.channels, g.height, g.width, g.out_channels, g.out_height, g.out_width, g.stride,
                                g.out_channels // g.channels, (group,))  # fmt: skip


def _slabs(channels: int, groups: int):
    size = channels // groups
    return [slice(g * size, (g + 1) * size) for g in range(groups)]


def _weight_grad(g, planes, group: int, shape: tuple, geometry):
    """Of one group: (M, K) = ``shape``, from g (M, OH, OW, N)."""
    if not g.size or not planes.size:
        return 0
    (M, K), P = shape, g[0].size
    chunk = partial_columns(P)
    tile, n = min(tile_columns(M + K, planes.itemsize), chunk), threads_for(g.size * K / SPEED)
    partial = np.empty((-(-P // chunk), M, K), planes.dtype)
    scratch = memory.empty((n, (M + min(K, dense.PART)) * tile), planes.dtype)
    parallel(dense.weight_grad, g.reshape(-1), planes.reshape(-1), group * K, partial, P, _window(geometry), chunk, tile,
             scratch, threads=n)  # fmt: skip
    return summed(partial, 0)


def _input_grad(weight, g, gx, group: int, geometry) -> None:
    """Of one group, into its channels of gx (C, H, W, N), from weight (M, K) and g (M, OH, OW, N)."""
    if not g.size or not gx.size:
        gx[...] = 0
        return
    (M, K), taps = weight.shape, int(np.prod(geometry.kernel))
    block = 4 * -(-9 // taps)  # channels: whole fours of them for the product, and enough work for a tile of the gradient
    tile, n = tile_columns(M + block * taps, gx.itemsize), threads_for(g.size * K / SPEED)
    scratch = memory.empty((n, (min(M, dense.PART) + block * taps) * tile), gx.dtype)
    parallel(dense.input_grad, np.ascontiguousarray(weight.T), g.reshape(-1), gx.reshape(-1), group * K, g[0].size,
             _window(geometry), block, tile, scratch, threads=n)  # fmt: skip


def _window(g: convargs.ConvGeometry) -> dense.Window:
    return dense.Window(g.batch, g.height, g.width, g.out_height, g.out_width, *g.kernel, *g.steps, *g.dilation,
                         g.pads[0][0], g.pads[1][0])  # fmt: skip


def conv2d_flops(out, saved) -> int:
    if saved and isinstance(saved[2], convargs.MixGeometry):
        return depthwise.mixconv2d_flops(out, saved)
    return 2 * out.size * int(np.prod(saved[1].shape[1:])) if saved else 0


CONV2D = Op("conv2d", conv2d, conv2d_backward, selective=True, flops=conv2d_flops, reads=reads_of_convolution)
POINTWISE_CONV2D = Op(
    "pointwise_conv2d", pointwise_conv2d, conv2d_backward, selective=True, flops=conv2d_flops, reads=reads_of_convolution
)
