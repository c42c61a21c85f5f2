"""mini-Xception (arXiv 1710.07557, fig. 4): Xception's residual units, small enough to tell faces' expressions on a camera."""

from functools import partial

import minimix.functional as F
from minimix.models.network import input_size
from minimix.models.rows import need_centred
from minimix.models.variations import lower_strides
from minimix.models.xception import Unit, XceptionUnit
from minimix.nn import BatchNorm2d, Conv2d, Dropout, Module, Sequential
from minimix.padding import count
from minimix.tensor import Tensor

UNITS = (16, 32, 64, 128)  # channels; each unit has two separable convolutions and halves height and width


class MiniXception(Module):
    """Two dense convolutions of 3x3 without padding, the units, a 3x3 convolution to the classes, mean over the pixels.

    padding, output_stride, in_channels, eps, momentum, size, resolution: as in ``Xception``; pictures are grey, 64x64.
    dropout: before the last convolution; as published there is none.
    """

    def __init__(
        self,
        num_classes: int = 7,
        output_stride: int | None = None,
        in_channels: int = 1,
        dropout: float = 0.0,
        padding: str = "tf_same",
        eps: float = 1e-3,
        momentum: float | None = 0.01,
        size: int = 64,
        resolution: float = 1.0,
    ) -> None:
        super().__init__()
        need_centred(padding)
        strides = lower_strides([2] * len(UNITS), output_stride)
        self.input_size = input_size(size, resolution, in_channels)
        self.conv1 = Conv2d(in_channels, 8, 3, bias=False)
        self.bn1 = BatchNorm2d(8, eps, momentum, activation="relu")
        self.conv2 = Conv2d(8, 8, 3, bias=False)
        self.bn2 = BatchNorm2d(8, eps, momentum, activation="relu")
        self.blocks = Sequential()
        inputs = 8
        for channels, stride in zip(UNITS, strides, strict=True):
            unit = Unit((channels, channels), stride, first_relu=False)
            self.blocks.append(XceptionUnit(inputs, unit, padding, eps, momentum))
            inputs = channels
        self.dropout = Dropout(dropout)
        self.classifier = Conv2d(inputs, count(num_classes, "num_classes"), 3, padding=1)

    def features(self, x) -> Tensor:
        """(N, in_channels, H, W) -> the last feature map."""
        return self.blocks(self.bn2(self.conv2(self.bn1(self.conv1(x)))))

    def forward(self, x) -> Tensor:
        """(N, in_channels, H, W) -> logits (N, num_classes)."""
        return F.global_avg_pool2d(self.classifier(self.dropout(self.features(x))))


NETWORKS = {"mini_xception": partial(MiniXception)}
