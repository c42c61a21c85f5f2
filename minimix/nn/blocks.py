"""The blocks that MixNets are made of: squeeze-and-excite, and the inverted residual with a mixed depthwise convolution."""

import minimix.functional as F
from minimix.nn.convolution import MixConv2d, PointwiseConv2d
from minimix.nn.layers import BatchNorm2d
from minimix.nn.module import Module
from minimix.padding import count, pair


class SqueezeExcite(Module):
    """Scale each channel by a gate in 0 .. 1 that is computed from the means of all channels (arXiv 1709.01507, sec. 3).

    x * sigmoid(conv_expand(act(conv_reduce(mean over the pixels of x)))), both convolutions 1x1 with a bias.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.SqueezeExcite(16, 4)(np.zeros((2, 16, 8, 8), np.float32)).shape
    (2, 16, 8, 8)
    """

    def __init__(self, channels, hidden, activation="swish"):
        super().__init__()
        self.activation = activation
        self.conv_reduce = PointwiseConv2d(channels, hidden)
        self.conv_expand = PointwiseConv2d(hidden, channels)

    def forward(self, x):
        reduce, expand = self.conv_reduce, self.conv_expand
        return F.squeeze_excite(x, reduce.weight, reduce.bias, expand.weight, expand.bias, self.activation)


class MixBlock(Module):
    """MixNet's block (arXiv 1907.09595, sec. 4; MobileNetV2's inverted residual, arXiv 1801.04381, with MixConv inside).

        expand 1x1, BN, act   (left out where expansion = 1)
        mixed depthwise, BN, act
        squeeze-and-excite    (where se > 0)
        project 1x1, BN
        + the input           (where stride = 1 and the channels are as many)

    kernel_sizes, stride, dilation, partition, padding: of the ``MixConv2d``.
    expansion: channels inside / in_channels. expand_groups, project_groups: groups of the 1x1 convolutions.
    se: hidden channels of the squeeze-and-excite as a fraction of in_channels (before the expansion).
    activation: "relu", "relu6", "swish", "hard_swish". eps, momentum: of the batch norms.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.MixBlock(8, 8, (3, 5), expansion=2, se=0.5)(np.zeros((2, 8, 6, 6), np.float32)).shape
    (2, 8, 6, 6)
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_sizes=(3, 5, 7),
        stride=1,
        expansion=6,
        se=0.0,
        activation="swish",
        expand_groups=1,
        project_groups=1,
        partition="equal",
        dilation=1,
        padding="same",
        eps=1e-5,
        momentum=0.1,
    ):
        super().__init__()
        if not 0 <= se:
            raise ValueError(f"se must be 0 or more, a fraction of in_channels, got {se}")
        inside = count(in_channels, "in_channels") * count(expansion, "expansion")
        self.fused = True  # False: each layer runs on its own, for whoever wants to see what passes between them
        self.expands = expansion != 1
        self.has_skip = pair(stride, "stride", 1) == (1, 1) and in_channels == out_channels
        if self.expands:
            self.conv_pw = PointwiseConv2d(in_channels, inside, expand_groups, bias=False)
            self.bn1 = BatchNorm2d(inside, eps, momentum, activation=activation)
        self.conv_dw = MixConv2d(inside, kernel_sizes, stride, dilation, partition, padding=padding)
        self.bn2 = BatchNorm2d(inside, eps, momentum, activation=activation)
        self.se = SqueezeExcite(inside, max(1, int(in_channels * se)), activation) if se else None
        self.conv_pwl = PointwiseConv2d(inside, out_channels, project_groups, bias=False)
        self.bn3 = BatchNorm2d(out_channels, eps, momentum)

    def forward(self, x):
        y = self.conv_pw(x) if self.expands else x
        y = self._middle(y)
        if self.se is not None:
            y = self.se(y)
        return self.bn3(self.conv_pwl(y), residual=x if self.has_skip else None)

    def _middle(self, x):
        """bn1, conv_dw and bn2 in one op; the same as ``bn2(conv_dw(bn1(x)))``, without bn1 where nothing is expanded."""
        norms = [self.bn2, *([self.bn1] if self.expands else [])]
        if not self.fused or any(norm.training != self.training or not norm.can_fuse for norm in norms):
            return self.bn2(self.conv_dw(self.bn1(x) if self.expands else x))
        conv = self.conv_dw
        before = self.bn1.as_option() if self.expands else None
        return F.mixed_stage(
            x, conv.weights, before, self.bn2.as_option(), self.training, conv.stride, conv.padding, list(conv.dilation)
        )
