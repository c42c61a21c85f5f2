"""Networks as tables of block rows, to be held beside the table in the paper."""

from typing import NamedTuple

import minimix.functional as F
from minimix.nn import BatchNorm2d, Conv2d, Dropout, Linear, MixBlock, Module, PointwiseConv2d, Sequential, init


class Row(NamedTuple):
    """One row: ``repeats`` blocks, the first with the stride, the others with stride 1."""

    kernels: tuple  # depthwise kernel size of each group of channels
    expansion: int
    channels: int  # output
    stride: int = 1
    repeats: int = 1
    se: float = 0.0  # squeeze-and-excite, relative to the block's input channels
    activation: str = "relu"


class RowNet(Module):
    """Stem (3x3 convolution), blocks from rows, head (1x1 convolution), mean over the pixels, dropout, classifier.

    blocks[i][j] is block j of row i. Stem and head use ReLU (MixNet's code does; so do its rows without squeeze-and-excite).
    """

    def __init__(self, rows, stem: int, head: int, num_classes: int, stem_stride=2, in_channels=3, dropout=0.0, padding="same",
                 eps=1e-5, momentum=0.1):  # fmt: skip
        super().__init__()
        self.conv_stem = Conv2d(in_channels, stem, 3, stem_stride, 1, bias=False)
        self.bn1 = BatchNorm2d(stem, eps, momentum, activation="relu")
        self.blocks = Sequential()
        channels = stem
        for i, row in enumerate(rows):
            blocks = []
            for j in range(row.repeats):
                blocks.append(
                    MixBlock(
                        channels,
                        row.channels,
                        row.kernels,
                        row.stride if j == 0 else 1,
                        row.expansion,
                        row.se,
                        row.activation,
                        padding=padding,
                        eps=eps,
                        momentum=momentum,
                    )
                )
                channels = row.channels
            setattr(self.blocks, str(i), Sequential(*blocks))
        self.conv_head = PointwiseConv2d(channels, head, bias=False)
        self.bn2 = BatchNorm2d(head, eps, momentum, activation="relu")
        self.dropout = Dropout(dropout)
        self.classifier = Linear(head, num_classes)
        self.classifier.weight.data = init.uniform((num_classes, head), num_classes**-0.5)
        self.classifier.bias.data[...] = 0

    def features(self, x):
        """(N, in_channels, H, W) -> the last feature map, before the head."""
        return self.blocks(self.bn1(self.conv_stem(x)))

    def forward(self, x):
        """(N, in_channels, H, W) -> logits (N, num_classes)."""
        x = self.bn2(self.conv_head(self.features(x)))
        return self.classifier(self.dropout(F.global_avg_pool2d(x)))
