"""Dense 2-D convolution, in any number of groups: a matrix product with the unfolded picture.

Two special cases have files of their own: 1x1 kernels need no unfolding (``pointwise.py``), and one channel a group is a
depthwise convolution (``depthwise.py``).

The columns hold zeros where a tap lies in the padding, and these are multiplied, too. That changes no sum, unless the other
factor is NaN or infinite: then 0 times it is NaN, where by definition there is nothing to add. Both cases are rare, and go to
the reference, which takes the pixels that there are and nothing else: sums with such a weight, and a weight's gradient that
came out as NaN.
"""

import numpy as np

from minimix import convargs, reference
from minimix.kernels import memory, product, unfold
from minimix.kernels.activation import IDENTITY
from minimix.kernels.threads import parallel
from minimix.ops import depthwise
from minimix.ops.layout import channel_major, nchw, ready
from minimix.ops.op import Op, reads_of_convolution, refuse_complex
from minimix.ops.product import matrix_product, outer_product
from minimix.ops.sums import summed


def conv2d(x, weight, *bias, stride=1, padding=0, dilation=1, groups=1):
    """x (N, C, H, W), weight (C_out, C/groups, KH, KW), maybe a bias (C_out,) -> (N, C_out, OH, OW)."""
    geometry = convargs.conv2d(x, weight, *bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
    if x.dtype.kind == "c":
        return reference.conv2d(x, weight, *bias, stride=stride, padding=padding, dilation=dilation, groups=groups), None
    out, saved = run(x, weight, geometry)
    if bias:
        out += bias[0][:, None, None, None]
    return nchw(out), saved


def run(x, weight, geometry, bias=None, activation=IDENTITY):
    """The output as (C_out, OH, OW, N), and what backward needs.

    bias: (C_out,) or None; with it, the output is activation(convolution + bias), in the same pass.
    """
    if _is_depthwise(geometry):
        out, saved = depthwise.run(x, (weight,), _as_mixed(geometry), bias, activation)
        return channel_major(out), saved
    planes = channel_major(x)
    matrix, bias = ready(weight.reshape(geometry.out_channels, -1)), bias if bias is None else ready(bias)
    saved = planes, matrix.reshape(weight.shape), geometry
    if _padded(geometry) and not np.isfinite(matrix).all():
        return _exact_output(*saved, bias, activation), saved
    out = memory.empty((geometry.out_channels, *_places(geometry)), planes.dtype)
    rows = out.reshape(geometry.out_channels, -1)
    for g, outputs in enumerate(_slabs(geometry.out_channels, geometry.groups)):
        own = None if bias is None else bias[outputs]
        matrix_product(matrix[outputs], _columns(planes, geometry, g), rows[outputs], own, activation)
    return out, saved


def conv2d_backward(gradient, saved, needed):
    planes, weight, geometry = refuse_complex(saved)
    g = channel_major(gradient)
    bias = tuple(summed(g, (1, 2, 3)) if wanted else None for wanted in needed[2:])
    if isinstance(geometry, convargs.MixGeometry):
        return *depthwise.mixconv2d_backward(nchw(g), saved, needed[:2]), *bias
    rows = g.reshape(geometry.out_channels, -1)
    matrix = weight.reshape(geometry.out_channels, -1)
    gx = memory.empty(planes.shape, planes.dtype) if needed[0] else None
    gw = np.empty(matrix.shape, planes.dtype) if needed[1] else None
    for i, outputs in enumerate(_slabs(geometry.out_channels, geometry.groups)):
        if needed[1]:
            gw[outputs] = outer_product(rows[outputs], _columns(planes, geometry, i))
        if needed[0]:
            columns = memory.empty((matrix.shape[1], rows.shape[1]), planes.dtype)
            matrix_product(np.ascontiguousarray(matrix[outputs].T), rows[outputs], columns)
            _fold(columns, gx, geometry, i)
    if needed[1]:
        gw = gw.reshape(weight.shape)
        if _padded(geometry) and np.isnan(gw).any():
            gw = np.where(np.isnan(gw), _exact_weight_grad(g, planes, weight, geometry), gw)
    return nchw(gx) if needed[0] else None, gw, *bias


def _exact_output(planes, weight, geometry, bias, activation):
    """What ``run`` returns, where a weight is NaN or infinite."""
    with np.errstate(invalid="ignore", over="ignore"):
        out = channel_major(reference.conv.sums(nchw(planes), weight, geometry))
    if bias is not None and out.size:
        parallel(product.activate, out.reshape(-1), int(np.prod(_places(geometry))), bias, activation)
    return out


def _exact_weight_grad(g, planes, weight, geometry):
    with np.errstate(invalid="ignore", over="ignore"):
        return reference.conv.weight_sums(nchw(g), nchw(planes), weight, geometry)


def _padded(geometry) -> bool:
    return any(map(sum, geometry.pads))


def _is_depthwise(geometry) -> bool:
    return geometry.groups == geometry.channels > 1


def _as_mixed(g: convargs.ConvGeometry) -> convargs.MixGeometry:
    group = convargs.Group(0, g.channels, 0, g.out_channels, g.kernel, g.dilation, g.pads)
    return convargs.MixGeometry(g.batch, g.channels, g.height, g.width, g.out_channels, g.out_height, g.out_width, g.stride,
                                g.out_channels // g.channels, (group,))  # fmt: skip


def _slabs(channels: int, groups: int):
    size = channels // groups
    return [slice(g * size, (g + 1) * size) for g in range(groups)]


def _places(geometry) -> tuple:
    return geometry.out_height, geometry.out_width, geometry.batch


def _columns(planes, geometry, group: int):
    """The windows of one group's channels as a matrix (C/groups * KH * KW, OH * OW * N)."""
    channels = geometry.channels // geometry.groups
    everywhere = (geometry.out_height, geometry.out_width) == (geometry.height, geometry.width)  # whatever the stride says
    if geometry.kernel == (1, 1) and everywhere and not _padded(geometry):
        return planes[group * channels : (group + 1) * channels].reshape(channels, -1)  # a 1x1 kernel's windows are the picture
    taps = geometry.kernel[0] * geometry.kernel[1]
    columns = memory.empty((channels * taps, int(np.prod(_places(geometry)))), planes.dtype)
    if columns.size:
        parallel(unfold.unfold, planes.reshape(-1), group * channels, channels, columns.reshape(-1), _window(geometry))
    return columns


def _fold(columns, gx, geometry, group: int) -> None:
    channels = geometry.channels // geometry.groups
    parallel(unfold.fold, columns.reshape(-1), gx.reshape(-1), group * channels, channels, _window(geometry))


def _window(g: convargs.ConvGeometry) -> unfold.Window:
    return unfold.Window(g.batch, g.height, g.width, g.out_height, g.out_width, *g.kernel, *g.steps, *g.dilation,
                         g.pads[0][0], g.pads[1][0])  # fmt: skip


def conv2d_flops(out, saved) -> int:
    if saved and isinstance(saved[2], convargs.MixGeometry):
        return depthwise.mixconv2d_flops(out, saved)
    return 2 * out.size * int(np.prod(saved[1].shape[1:])) if saved else 0


CONV2D = Op("conv2d", conv2d, conv2d_backward, selective=True, flops=conv2d_flops, reads=reads_of_convolution)
