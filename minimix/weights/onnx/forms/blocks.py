"""Ops that do the work of several, written out as these."""

import minimix.functional as F
from minimix.ops.block import MIX_BLOCK
from minimix.ops.block_room import Options, split
from minimix.tensor import Tensor


def mix_block(*tensors: Tensor, counts, options: Options, stride, padding, dilation, keep, again) -> Tensor:
    """The layers of a whole MixNet block, one after the other."""
    inputs = split(tensors, counts)
    (x,) = inputs.x

    def joined(weights):
        return weights[0] if len(weights) == 1 else F.concatenate(weights)

    def norm(y, arrays, option, residual=None):
        return F.batch_norm(
            y, *option.running, *arrays, options.training, option.momentum, option.eps, option.activation, residual
        )

    y = x
    if inputs.expand:
        y = F.pointwise_conv2d(y, joined(inputs.expand), groups=len(inputs.expand))
        y = norm(y, inputs.before, options.before)
    y = norm(F.mixconv2d(y, list(inputs.weights), stride, padding, list(dilation)), inputs.after, options.after)
    if inputs.excite:
        y = F.squeeze_excite(y, *inputs.excite, options.excite)
    y = F.pointwise_conv2d(y, joined(inputs.project), groups=len(inputs.project))
    return norm(y, inputs.last, options.last, x if options.skip else None)


WRITTEN_OUT = {MIX_BLOCK: mix_block}
