"""Networks as tables of block rows, to be held beside the table in the paper."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import minimix.functional as F
from minimix.functional.promotion import as_tensor
from minimix.models.variations import unroll
from minimix.nn import BatchNorm2d, Conv2d, Dropout, Linear, MixBlock, Module, PointwiseConv2d, Sequential, init
from minimix.padding import count
from minimix.tensor import Tensor


class Row(NamedTuple):
    """One row: ``repeats`` blocks, the first with the stride, the others with stride 1.

    expand_groups, project_groups: the 1x1 convolutions of some MixNet rows are in two groups. The paper does not say so; its
    code does, and its author explains it (github.com/tensorflow/tpu, issue 513).
    """

    kernels: tuple  # depthwise kernel size of each group of channels
    expansion: int
    channels: int  # output
    stride: int = 1
    repeats: int = 1
    se: float = 0.0  # squeeze-and-excite, relative to the block's input channels
    activation: str = "relu"
    expand_groups: int = 1
    project_groups: int = 1
    partition: str | tuple = "equal"
    dilation: int | tuple = 1  # one for all groups of channels, or one each


def mix_block(channels: int, row: Row, **options) -> MixBlock:
    """A row with one block, as MixNet and MobileNetV2 have it. channels: of its input. options: padding, eps, momentum, ..."""
    return MixBlock(
        channels,
        row.channels,
        row.kernels,
        row.stride,
        row.expansion,
        row.se,
        row.activation,
        row.expand_groups,
        row.project_groups,
        row.partition,
        row.dilation,
        **options,
    )


def need_centred(padding: str) -> None:
    """Refuse a padding with which pictures would lose more than their strides take, so that skip connections would not fit."""
    if padding not in ("same", "tf_same"):
        raise ValueError(f"padding must be 'same' or 'tf_same', got {padding!r}")


class RowNet(Module):
    """Stem (3x3 convolution), blocks from rows, head (1x1 convolution), mean over the pixels, dropout, classifier.

    stages: one after the other, each a Row or a tuple of Rows. blocks[i][j] is block j of stage i, counted through its rows.
    stem, head: channels; head None: the last row's output goes to the classifier as it is (MobileNetV1).
    activation: of stem and head. MixNet's is ReLU (in its code; so is that of its rows without squeeze-and-excite).
    head_activation: of the head alone. se_activation: inside each squeeze-and-excite, in place of its row's.
    block: makes a block of (input channels, Row with one repeat, padding=, eps=, momentum=, and se_activation= if it is given).
    padding: "same" or "tf_same". eps, momentum: of all batch norms.
    """

    def __init__(
        self,
        stages: Sequence,
        stem: int,
        head: int | None,
        num_classes: int,
        stem_stride: int = 2,
        in_channels: int = 3,
        dropout: float = 0.0,
        padding: str = "same",
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        activation: str = "relu",
        block: Callable[..., Module] = mix_block,
        head_activation: str | None = None,
        se_activation: str | None = None,
    ) -> None:
        super().__init__()
        need_centred(padding)
        num_classes = count(num_classes, "num_classes")
        self.conv_stem = Conv2d(in_channels, stem, 3, stem_stride, 1 if padding == "same" else padding, bias=False)
        self.bn1 = BatchNorm2d(stem, eps, momentum, activation=activation)
        self.blocks = Sequential()
        channels = stem
        options = {"padding": padding, "eps": eps, "momentum": momentum}
        options |= {} if se_activation is None else {"se_activation": se_activation}
        for stage in unroll(stages):
            blocks = Sequential()
            for row in stage:
                blocks.append(block(channels, row, **options))
                channels = row.channels
            self.blocks.append(blocks)
        if head is not None:
            self.conv_head: PointwiseConv2d | None = PointwiseConv2d(channels, head, bias=False)
            self.bn2: BatchNorm2d | Any = BatchNorm2d(head, eps, momentum, activation=head_activation or activation)
            channels = head
        else:
            self.conv_head = self.bn2 = None
        self.dropout = Dropout(dropout)
        self.classifier = Linear(channels, num_classes)
        self.classifier.weight.data = init.uniform((num_classes, channels), num_classes**-0.5)
        self.classifier.bias.data[...] = 0

    def features(self, x) -> Tensor:
        """(N, in_channels, H, W) -> the last feature map, before the head."""
        return self.blocks(self.bn1(self.conv_stem(x)))

    def forward(self, x) -> Tensor:
        """(N, in_channels, H, W) -> logits (N, num_classes)."""
        x = as_tensor(x)
        if x.ndim != 4:
            one = ": for a single picture use x[None]" if x.ndim == 3 else ""
            raise ValueError(f"a network takes pictures (N, C, H, W), not x of shape {x.shape}{one}")
        x = self.features(x)
        if self.conv_head is not None:
            x = self.bn2(self.conv_head(x))
        return self.classifier(self.dropout(F.global_avg_pool2d(x)))
