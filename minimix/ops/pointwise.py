"""Pointwise (1x1) convolution: one matrix product for all pixels of all images."""

from minimix import convargs, reference
from minimix.ops.layout import channel_major, nchw, ready
from minimix.ops.op import Op, reads_of_convolution, refuse_complex
from minimix.ops.product import grouped_product, grouped_product_backward
from minimix.ops.sums import summed


def pointwise_conv2d(x, weight, *bias, groups=1):
    """x (N, C, H, W), weight (C_out, C/groups, 1, 1), maybe a bias (C_out,) -> (N, C_out, H, W)."""
    geometry = convargs.pointwise_conv2d(x, weight, *bias, groups=groups)
    if x.dtype.kind == "c":
        return reference.pointwise_conv2d(x, weight, *bias, groups=groups), None
    rows = channel_major(x).reshape(geometry.channels, -1)  # (C, H*W*N)
    matrix = ready(weight.reshape(geometry.out_channels, -1))
    out = grouped_product(matrix, rows, geometry.groups)
    if bias:
        out += bias[0][:, None]
    return nchw(out.reshape(geometry.out_channels, geometry.height, geometry.width, geometry.batch)), (rows, matrix, geometry)


def pointwise_conv2d_backward(gradient, saved, needed):
    rows, matrix, geometry = refuse_complex(saved)
    g = channel_major(gradient).reshape(geometry.out_channels, -1)
    gx, gw = grouped_product_backward(g, matrix, rows, geometry.groups, needed)
    if gx is not None:
        gx = nchw(gx.reshape(geometry.channels, geometry.height, geometry.width, geometry.batch))
    if gw is not None:
        gw = gw.reshape(*gw.shape, 1, 1)
    return gx, gw, *(summed(g, 1) if wanted else None for wanted in needed[2:])


def pointwise_flops(out, saved) -> int:
    return 2 * out.size * saved[1].shape[1] if saved else 0


POINTWISE_CONV2D = Op(
    "pointwise_conv2d",
    pointwise_conv2d,
    pointwise_conv2d_backward,
    selective=True,
    flops=pointwise_flops,
    reads=reads_of_convolution,
)
