"""Convolutions that do the work of the batch norm and activation behind them: y = activation(convolution(x, weight) + bias).

That is what a network in use is left with, once a norm's scale is in the weight and its shift in the bias
(``minimix/fold.py``). Bias and activation are computed while what they are added to is in the cache, so that the output is
written once. The sums before the activation are gone then, and with them the gradient: these ops have no backward pass.
"""

from minimix import convargs
from minimix.ops import convolution, depthwise
from minimix.ops.activation import ACTIVATIONS
from minimix.ops.layout import nchw
from minimix.ops.op import Op


def folded_conv2d(x, weight, bias, activation="identity", **options):
    """x (N, C, H, W), weight (C_out, C/groups, KH, KW), bias (C_out,) -> (N, C_out, OH, OW). options: as for ``conv2d``."""
    geometry = convargs.conv2d(x, weight, bias, **options)
    _refuse_complex(x)
    out, saved = convolution.run(x, weight, geometry, bias, ACTIVATIONS[activation])
    return nchw(out), saved


def folded_mixconv2d(x, bias, *weights, activation="identity", **options):
    """x (N, C, H, W), bias (C*m,), weights one (C_t*m, 1, KH_t, KW_t) a group -> (N, C*m, OH, OW). options: ``mixconv2d``'s."""
    geometry = convargs.mixconv2d(x, weights, **options)
    _refuse_complex(x)
    if bias.shape != (geometry.out_channels,):
        raise RuntimeError(f"bias {bias.shape} does not fit: expected ({geometry.out_channels},), one for each output channel")
    convargs.need_one_dtype(x, {"bias": bias})
    return depthwise.run(x, weights, geometry, bias, ACTIVATIONS[activation])


def no_backward(gradient, saved):
    raise RuntimeError("a folded convolution has no backward pass: for gradients, use the network that it was made from")


def _refuse_complex(x) -> None:
    if x.dtype.kind == "c":
        raise TypeError(f"a folded convolution is for float32 and float64, not {x.dtype}: use the network it was made from")


FOLDED_CONV2D = Op("folded_conv2d", folded_conv2d, no_backward, flops=convolution.conv2d_flops)
FOLDED_MIXCONV2D = Op("folded_mixconv2d", folded_mixconv2d, no_backward, flops=depthwise.mixconv2d_flops)
