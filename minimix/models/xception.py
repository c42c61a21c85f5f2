"""Xception (arXiv 1610.02357, fig. 5): depthwise convolution, then pointwise, with nothing in between, in residual units."""

from functools import partial
from typing import Any, NamedTuple

import minimix.functional as F
from minimix.models.network import input_size
from minimix.models.rows import need_centred
from minimix.models.variations import lower_strides
from minimix.nn import (
    BatchNorm2d,
    Conv2d,
    DepthwiseConv2d,
    Dropout,
    Linear,
    MaxPool2d,
    Module,
    PointwiseConv2d,
    ReLU,
    Sequential,
)
from minimix.padding import count
from minimix.tensor import Tensor


class Unit(NamedTuple):
    """A residual unit. channels: of each of its separable convolutions."""

    channels: tuple
    stride: int = 1
    first_relu: bool = True


UNITS = (
    Unit((128, 128), 2, first_relu=False),  # entry flow
    Unit((256, 256), 2),
    Unit((728, 728), 2),
    *[Unit((728, 728, 728))] * 8,  # middle flow
    Unit((728, 1024), 2),  # exit flow
)

EXIT = (1536, 2048)  # channels of the separable convolutions after the units


class SeparableConv2d(Module):
    """Depthwise 3x3, then pointwise. No batch norm and no activation between them: the paper found them to harm (fig. 10).

    >>> import numpy as np
    >>> SeparableConv2d(4, 6)(np.zeros((2, 4, 5, 5), np.float32)).shape
    (2, 6, 5, 5)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = DepthwiseConv2d(in_channels, 3)
        self.pointwise = PointwiseConv2d(in_channels, out_channels, bias=False)

    def forward(self, x) -> Tensor:
        return self.pointwise(self.conv1(x))


class TensorFlowMaxPool2d(Module):
    """3x3 maximum, stride 2, padded as TensorFlow's SAME: an even axis only behind, an odd one on both sides.

    >>> import numpy as np
    >>> TensorFlowMaxPool2d()(np.arange(4.0).reshape(1, 1, 1, 4)).data
    array([[[[2., 3.]]]])
    """

    def forward(self, x) -> Tensor:
        return F.max_pool2d(x, 3, 2, padding=(x.shape[2] % 2, x.shape[3] % 2), ceil_mode=True)


class XceptionUnit(Module):
    """(ReLU, separable convolution, BN) some times, a max pool where there is a stride, + the input, or a 1x1 projection of it.

    Inside ``rep`` the numbers are those of a list with every ReLU in it, but only the first is there: batch norms do the
    others.
    """

    def __init__(self, in_channels: int, unit: Unit, padding: str, eps: float, momentum: float | None) -> None:
        super().__init__()
        layers: dict[str, Module] = {}
        channels, place = in_channels, 0
        for i, outputs in enumerate(unit.channels):
            last = i + 1 == len(unit.channels)
            if i == 0 and unit.first_relu:
                layers["0"] = ReLU()
            place += int(i > 0 or unit.first_relu)
            layers[str(place)] = SeparableConv2d(channels, outputs)
            layers[str(place + 1)] = BatchNorm2d(outputs, eps, momentum, activation="identity" if last else "relu")
            channels, place = outputs, place + 2
        if unit.stride != 1:
            layers[str(place)] = TensorFlowMaxPool2d() if padding == "tf_same" else MaxPool2d(3, unit.stride, 1)
        self.skip: Conv2d | None = None
        self.skipbn: BatchNorm2d | Any = None
        if in_channels != channels or unit.stride != 1:
            self.skip = Conv2d(in_channels, channels, 1, unit.stride, bias=False)
            self.skipbn = BatchNorm2d(channels, eps, momentum)
        self.rep = Sequential(layers)

    def forward(self, x) -> Tensor:
        if self.skip is not None:
            return self.skipbn(self.skip(x), residual=self.rep(x))
        *layers, norm = self.rep
        y = x
        for layer in layers:
            y = layer(y)
        return norm(y, residual=x)


class Xception(Module):
    """Two dense convolutions without padding, the units, two separable convolutions, mean over the pixels, dropout, classifier.

    padding: of the max pools, "same" (symmetric, as in PyTorch) or "tf_same" (as published). size: of the pictures, in pixels.
    output_stride, in_channels, dropout, eps, momentum, resolution: as in ``models.create``.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        output_stride: int | None = None,
        in_channels: int = 3,
        dropout: float = 0.5,
        padding: str = "same",
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        size: int = 299,
        resolution: float = 1.0,
    ) -> None:
        super().__init__()
        need_centred(padding)
        num_classes = count(num_classes, "num_classes")
        stem_stride, *strides = lower_strides([2, *(unit.stride for unit in UNITS)], output_stride)
        self.input_size = input_size(size, resolution, in_channels)
        self.conv1 = Conv2d(in_channels, 32, 3, stem_stride, bias=False)
        self.bn1 = BatchNorm2d(32, eps, momentum, activation="relu")
        self.conv2 = Conv2d(32, 64, 3, bias=False)
        self.bn2 = BatchNorm2d(64, eps, momentum, activation="relu")
        channels = 64
        for i, (unit, stride) in enumerate(zip(UNITS, strides, strict=True), start=1):
            self.add_module(f"block{i}", XceptionUnit(channels, unit._replace(stride=stride), padding, eps, momentum))
            channels = unit.channels[-1]
        self.conv3 = SeparableConv2d(channels, EXIT[0])
        self.bn3 = BatchNorm2d(EXIT[0], eps, momentum, activation="relu")
        self.conv4 = SeparableConv2d(EXIT[0], EXIT[1])
        self.bn4 = BatchNorm2d(EXIT[1], eps, momentum, activation="relu")
        self.dropout = Dropout(dropout)
        self.fc = Linear(EXIT[1], num_classes)

    def features(self, x) -> Tensor:
        """(N, in_channels, H, W) -> the last feature map."""
        x = self.bn2(self.conv2(self.bn1(self.conv1(x))))
        for i in range(1, len(UNITS) + 1):
            x = self.get_submodule(f"block{i}")(x)
        return self.bn4(self.conv4(self.bn3(self.conv3(x))))

    def forward(self, x) -> Tensor:
        """(N, in_channels, H, W) -> logits (N, num_classes)."""
        return self.fc(self.dropout(F.global_avg_pool2d(self.features(x))))


# As published: TensorFlow's padding, and Keras's batch norms (momentum 0.99 there is 0.01 here). PyTorch users have the other.
NETWORKS = {
    "xception": partial(Xception, padding="tf_same", eps=1e-3, momentum=0.01),
    "legacy_xception": partial(Xception, padding="same"),
}
