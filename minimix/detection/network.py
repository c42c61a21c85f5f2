"""A single-shot detector: a small network in MobileNetV2's form, and what is asked of two of its feature maps."""

import functools
import math
from collections.abc import Sequence

import numpy as np

import minimix.functional as F
from minimix.costs import profile
from minimix.costs.width import equal_width
from minimix.detection.anchors import Level, anchors
from minimix.detection.scenes import CLASSES, SIDE
from minimix.models.rows import Row, mix_block
from minimix.models.variations import unroll, whole_channels, widen, with_kernels
from minimix.nn import BatchNorm2d, Conv2d, DepthwiseConv2d, Module, ModuleList, PointwiseConv2d, Sequential
from minimix.tensor import Tensor

LEVELS = (Level(8, (7.0, 10.0, 14.0)), Level(16, (19.0, 26.0, 36.0)))
STEM = 16
STAGES = (  # each ends in a feature map of one of the levels
    #       kernels expansion channels stride repeats se activation
    (Row((3,), 3, 24, 2, 2, 0.0, "relu6"), Row((3,), 3, 48, 2, 3, 0.0, "relu6")),
    (Row((3,), 3, 96, 2, 2, 0.0, "relu6"),),
)
PRIOR = 0.01  # probability of each class at each anchor before training (arXiv 1708.02002, sec. 3.3)


class Head(Module):
    """3x3 depthwise, BN, ReLU6, then 1x1: for each pixel and anchor, (classes + 4) numbers (MobileNetV2, sec. 6.2: SSDLite)."""

    def __init__(self, channels: int, sides: int, classes: int) -> None:
        super().__init__()
        self.numbers = classes + 4
        self.conv_dw = DepthwiseConv2d(channels, 3)
        self.bn = BatchNorm2d(channels, activation="relu6")
        self.conv_pw = PointwiseConv2d(channels, sides * self.numbers)
        self.conv_pw.weight.data *= 0.1  # or first answers would be far from sure to be wrong
        self.conv_pw.bias.data.reshape(sides, self.numbers)[...] = [math.log(PRIOR / (1 - PRIOR))] * classes + [0.0] * 4

    def forward(self, x) -> Tensor:
        """(N, C, H, W) -> (N, H * W * sides, classes + 4)."""
        y = self.conv_pw(self.bn(self.conv_dw(x)))
        return F.reshape(F.permute(y, 0, 2, 3, 1), (y.shape[0], -1, self.numbers))


class Detector(Module):
    """Pictures (N, 3, 64, 64) -> (N, A, classes + 4): for each anchor the logits of the classes, and where the object is.

    kernels: sizes of all depthwise layers in the backbone, one a group of channels, such as (3, 5, 7). The heads keep 3x3.
    width: multiplies the channels of stem and backbone.

    Attributes: ``anchors``, (A, 4), as ``decode`` takes them with the codes.

    Source: SSD (arXiv 1512.02325), and SSDLite (MobileNetV2, arXiv 1801.04381, sec. 6.2).

    >>> Detector()(np.zeros((2, 3, 64, 64), np.float32)).shape
    (2, 240, 9)
    """

    def __init__(self, kernels: Sequence[int] = (3,), width: float = 1.0, classes: int = len(CLASSES)) -> None:
        super().__init__()
        if not width > 0:
            raise ValueError(f"width must be above 0, got {width!r}")
        channels = whole_channels(STEM * width)
        self.conv_stem = Conv2d(3, channels, 3, 2, 1, bias=False)
        self.bn1 = BatchNorm2d(channels, activation="relu6")
        self.stages, self.heads = ModuleList(), ModuleList()
        for stage, level in zip(widen(STAGES, width, whole_channels), LEVELS, strict=True):
            blocks = Sequential()
            (rows,) = unroll([stage])
            (rows,) = with_kernels([rows], [tuple(kernels)] * len(rows))
            for row in rows:
                blocks.append(mix_block(channels, row))
                channels = row.channels
            self.stages.append(blocks)
            self.heads.append(Head(channels, len(level.sides), classes))
        self.anchors = anchors(LEVELS, SIDE)
        self.input_size = (3, SIDE, SIDE)

    def forward(self, x) -> Tensor:
        x = F.astype(x, np.float32) if not isinstance(x, Tensor) else x
        if x.ndim != 4 or x.shape[1:] != self.input_size:
            raise ValueError(f"a Detector takes pictures {('N', *self.input_size)}, not x of shape {x.shape}")
        x = self.bn1(self.conv_stem(x))
        answers = []
        for blocks, head in zip(self.stages, self.heads, strict=True):
            x = blocks(x)
            answers.append(head(x))
        return F.cat(answers, 1)


def macs(kernels: Sequence[int], width: float) -> int:
    """Multiply-adds of one picture."""
    return profile(Detector(kernels, width), (1, 3, SIDE, SIDE)).macs


@functools.cache
def width_for(kernels: tuple[int, ...], target: int) -> float:
    """The width with which a ``Detector`` with these kernels comes nearest to ``target`` multiply-adds, to four places.

    Raises ValueError where no width from 0.05 to 20 comes within 15 % of it.

    >>> wide, narrow = width_for((3,), 8_000_000), width_for((7,), 8_000_000)
    >>> wide > narrow, abs(macs((7,), narrow) - 8_000_000) < 240_000
    (True, True)
    """
    return equal_width(lambda width: macs(kernels, width), target)
