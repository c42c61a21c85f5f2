"""MobileNetV1 (arXiv 1704.04861, table 1) and MobileNetV2 (arXiv 1801.04381, table 2) as tables of rows.

Where paper and published code (TensorFlow's "slim", Keras) differ, these are the code's: V1's activation is ReLU6, the paper
writes ReLU; and V1's last depthwise convolution has stride 1, the paper's table prints 2 beside 7x7 on both sides.
"""

import math

from minimix.models.network import Network
from minimix.models.rows import Row, mix_block
from minimix.models.variations import whole_channels
from minimix.nn import BatchNorm2d, Conv2d, MixBlock, Module

V1 = (
    #   kernels expansion channels stride repeats se activation
    Row((3,), 1, 64, 1, 1, 0.0, "relu6"),
    Row((3,), 1, 128, 2, 2, 0.0, "relu6"),
    Row((3,), 1, 256, 2, 2, 0.0, "relu6"),
    Row((3,), 1, 512, 2, 6, 0.0, "relu6"),
    Row((3,), 1, 1024, 2, 2, 0.0, "relu6"),
)
SHALLOW = (*V1[:3], V1[3]._replace(repeats=1), V1[4])  # without the five blocks of 14x14x512 (sec. 4.1)

V2 = (
    #   kernels expansion channels stride repeats se activation
    Row((3,), 1, 16, 1, 1, 0.0, "relu6"),
    Row((3,), 6, 24, 2, 2, 0.0, "relu6"),
    Row((3,), 6, 32, 2, 3, 0.0, "relu6"),
    Row((3,), 6, 64, 2, 4, 0.0, "relu6"),
    Row((3,), 6, 96, 1, 3, 0.0, "relu6"),
    Row((3,), 6, 160, 2, 3, 0.0, "relu6"),
    Row((3,), 6, 320, 1, 1, 0.0, "relu6"),
)


def separable(channels: int, row: Row, **options) -> MixBlock:
    """V1's block: an activation after the pointwise convolution, too, and never a skip."""
    return mix_block(channels, row, out_activation=row.activation, skip=False, **options)


class ConvBlock(Module):
    """Dense convolution, batch norm, activation: what V1's blocks were made to replace."""

    def __init__(self, channels: int, row: Row, padding="same", eps=1e-5, momentum=0.1):
        super().__init__()
        if len(row.kernels) > 1:
            raise ValueError(f"a dense convolution has one kernel size, got {row.kernels}: use the network without '_full'")
        kernel, dilation = row.kernels[0], row.dilation[0] if isinstance(row.dilation, tuple) else row.dilation
        padding = (kernel - 1) * dilation // 2 if padding == "same" else padding
        self.conv = Conv2d(channels, row.channels, kernel, row.stride, padding, dilation, bias=False)
        self.bn1 = BatchNorm2d(row.channels, eps, momentum, activation=row.activation)

    def forward(self, x):
        return self.bn1(self.conv(x))


_V1 = Network(
    V1, stem=32, head=None, dropout=0.001, activation="relu6", rounding=whole_channels, block=separable, deviation=0.09
)
_V2 = Network(V2, stem=32, head=1280, dropout=0.2, activation="relu6", widens_head=True)

NETWORKS = {
    "mobilenetv1_025": _V1._replace(width=0.25),
    "mobilenetv1_050": _V1._replace(width=0.5),
    "mobilenetv1_075": _V1._replace(width=0.75),
    "mobilenetv1_100": _V1,
    "mobilenetv1_125": _V1._replace(width=1.25),
    "mobilenetv1_100h": _V1._replace(head=1024, widens_head=True),  # PyTorch Image Models: with a head
    "mobilenetv1_100_full": _V1._replace(block=ConvBlock),  # dense convolutions (sec. 4.1, table 4)
    "mobilenetv1_100_shallow": _V1._replace(stages=SHALLOW),  # (table 5)
    "mobilenetv2_035": _V2._replace(width=0.35),
    "mobilenetv2_050": _V2._replace(width=0.5),
    "mobilenetv2_075": _V2._replace(width=0.75),
    "mobilenetv2_100": _V2,
    "mobilenetv2_110d": _V2._replace(width=1.1, depth=1.2, whole=math.ceil, fixed_ends=True),  # "d": PyTorch Image Models
    "mobilenetv2_120d": _V2._replace(width=1.2, depth=1.4, whole=math.ceil, fixed_ends=True),
    "mobilenetv2_140": _V2._replace(width=1.4),
}
