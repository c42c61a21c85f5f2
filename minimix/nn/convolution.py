"""Convolution layers: dense, pointwise, depthwise and mixed depthwise. Each owns its weights and calls ``functional``."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import minimix.functional as F
from minimix.nn import init
from minimix.nn.channels import need_channels
from minimix.nn.module import Module, Parameter
from minimix.padding import Ints, Padding, count, pair
from minimix.partition import partition as split_channels
from minimix.tensor import Tensor


class Conv2d(Module):
    """2-D convolution layer, torch.nn.Conv2d's arguments. weight (C_out, C/groups, KH, KW), bias (C_out,).

    The initial weights are normal with standard deviation sqrt(2 / fan_out) (MixNet's, see ``init``), the bias is zero.
    padding: integer, pair, "same" (stride 1), "valid", or "tf_same" (TensorFlow's, any stride).

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.Conv2d(3, 8, 3, stride=2, padding=1)(np.zeros((2, 3, 32, 32), np.float32)).shape
    (2, 8, 16, 16)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints = 1,
        padding: Padding = 0,
        dilation: Ints = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels = count(in_channels, "in_channels"), count(out_channels, "out_channels")
        self.kernel_size, self.groups = pair(kernel_size, "kernel_size", 1), count(groups, "groups")
        self.stride, self.dilation, self.padding = pair(stride, "stride", 1), pair(dilation, "dilation", 1), padding
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(
                f"in_channels={in_channels} and out_channels={out_channels} must both be multiples of groups={groups}"
            )
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel_size)
        self.weight = Parameter(init.fan_out_normal(shape, self.groups))
        self.bias: Parameter | Any = Parameter(np.zeros(self.out_channels, np.float32)) if bias else None

    def forward(self, x) -> Tensor:
        x = need_channels(self, x, self.in_channels)
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding!r}, dilation={self.dilation}, groups={self.groups}, bias={self.bias is not None}"
        )


class PointwiseConv2d(Module):
    """1x1 convolution: a matrix product at every pixel. weight (C_out, C/groups, 1, 1), bias (C_out,).

    split: give each group a parameter of its own, (C_out/groups, C/groups, 1, 1), in the state dict as "0.weight", "1.weight",
    ...: so MixNet's code, and PyTorch Image Models, keep those of their grouped 1x1 convolutions. The function is the same.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.PointwiseConv2d(4, 6, groups=2)(np.zeros((2, 4, 5, 5), np.float32)).shape
    (2, 6, 5, 5)
    >>> list(nn.PointwiseConv2d(4, 6, groups=2, bias=False, split=True).state_dict())
    ['0.weight', '1.weight']
    """

    def __init__(self, in_channels: int, out_channels: int, groups: int = 1, bias: bool = True, split: bool = False) -> None:
        super().__init__()
        self.in_channels, self.out_channels = count(in_channels, "in_channels"), count(out_channels, "out_channels")
        self.groups = count(groups, "groups")
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(
                f"in_channels={in_channels} and out_channels={out_channels} must both be multiples of groups={groups}"
            )
        self.split = bool(split) and self.groups > 1
        if self.split:
            for i in range(self.groups):
                part = PointwiseConv2d(self.in_channels // self.groups, self.out_channels // self.groups, bias=False)
                self.add_module(str(i), part)
        else:
            shape = (self.out_channels, self.in_channels // self.groups, 1, 1)
            self.weight = Parameter(init.fan_out_normal(shape, self.groups))
        self.bias: Parameter | Any = Parameter(np.zeros(self.out_channels, np.float32)) if bias else None

    @property
    def weights(self) -> list[Parameter]:
        """The weight; where it is split, one a group."""
        return [part.weight for part in self.children()] if self.split else [self.weight]

    def forward(self, x) -> Tensor:
        x, weights = need_channels(self, x, self.in_channels), self.weights
        return F.pointwise_conv2d(x, weights[0] if len(weights) == 1 else F.concatenate(weights), self.bias, self.groups)

    def extra_repr(self) -> str:
        return f"{self.in_channels}, {self.out_channels}, groups={self.groups}, bias={self.bias is not None}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"


class DepthwiseConv2d(Module):
    """A kernel (``multiplier`` kernels) for every channel. weight (C*m, 1, KH, KW); no bias: a batch norm follows.

    padding: "same" (symmetric, any stride), "tf_same", "valid", integer or pair.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.DepthwiseConv2d(4, 5, stride=2)(np.zeros((2, 4, 8, 8), np.float32)).shape
    (2, 4, 4, 4)
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Ints = 3,
        stride: Ints = 1,
        dilation: Ints = 1,
        multiplier: int = 1,
        padding: Padding = "same",
    ) -> None:
        super().__init__()
        self.channels, self.multiplier = count(channels, "channels"), count(multiplier, "multiplier")
        self.kernel_size, self.stride = pair(kernel_size, "kernel_size", 1), pair(stride, "stride", 1)
        self.dilation, self.padding = pair(dilation, "dilation", 1), padding
        outputs = self.channels * self.multiplier
        self.weight = Parameter(init.fan_out_normal((outputs, 1, *self.kernel_size), outputs))

    def forward(self, x) -> Tensor:
        x = need_channels(self, x, self.channels)
        return F.depthwise_conv2d(x, self.weight, self.stride, self.padding, self.dilation)

    def extra_repr(self) -> str:
        return (
            f"{self.channels}, kernel_size={self.kernel_size}, stride={self.stride}, dilation={self.dilation}, "
            f"multiplier={self.multiplier}, padding={self.padding!r}"
        )


class MixConv2d(Module):
    """Mixed depthwise convolution (MixConv, arXiv 1907.09595, sec. 3): groups of channels, each with its own kernel size.

    channels: C. kernel_sizes: one a group, integers or pairs. dilation: one integer, or one a group.
    partition: how the channels are divided, "equal" or "exponential" (sec. 3.2), or a tuple with the size of each group.
    multiplier: output channels per input channel. stride and padding as in ``DepthwiseConv2d``.

    Parameters: ``weights[t]`` (C_t*m, 1, K_t, K_t), in the state dict as "0.weight", "1.weight", ...; with a single kernel size
    just "weight". So they are named in PyTorch Image Models, too.

    >>> from minimix import nn
    >>> import numpy as np
    >>> layer = nn.MixConv2d(32, (3, 5, 7, 9), partition="exponential")
    >>> layer.channels_per_group
    (16, 8, 4, 4)
    >>> layer(np.zeros((2, 32, 8, 8), np.float32)).shape
    (2, 32, 8, 8)
    """

    def __init__(
        self,
        channels: int,
        kernel_sizes: int | Sequence[Ints] = (3, 5, 7),
        stride: Ints = 1,
        dilation: int | Sequence[Ints] = 1,
        partition: str | Sequence[int] = "equal",
        multiplier: int = 1,
        padding: Padding = "same",
    ) -> None:
        super().__init__()
        self.channels, self.multiplier = count(channels, "channels"), count(multiplier, "multiplier")
        kernel_sizes = kernel_sizes if isinstance(kernel_sizes, (tuple, list)) else (kernel_sizes,)
        if not kernel_sizes:
            raise ValueError("kernel_sizes is empty: give one kernel size a group, for example (3, 5, 7)")
        if any(isinstance(k, (tuple, list)) and len(k) != 2 for k in kernel_sizes):
            raise ValueError(
                f"kernel_sizes={kernel_sizes!r}: a layer has one list of them, an entry for each group, such as (3, 5, 7); an "
                "entry is an integer or a (vertical, horizontal) pair"
            )
        self.kernel_sizes = tuple(pair(k, "kernel_sizes", 1) for k in kernel_sizes)
        dilations: Sequence[Any] = dilation if isinstance(dilation, (tuple, list)) else (dilation,) * len(kernel_sizes)
        if len(dilations) != len(kernel_sizes):
            raise ValueError(f"dilation {dilation!r} has {len(dilations)} entries for {len(kernel_sizes)} kernel sizes")
        self.dilation = tuple(pair(d, "dilation", 1) for d in dilations)
        self.stride, self.padding, self.partition = pair(stride, "stride", 1), padding, partition
        self.channels_per_group = self._divide(partition)
        parts = [
            DepthwiseConv2d(c, k, stride, d, multiplier, padding)
            for c, k, d in zip(self.channels_per_group, self.kernel_sizes, self.dilation, strict=True)
        ]
        if len(parts) == 1:
            self.weight = parts[0].weight
        else:
            for i, part in enumerate(parts):
                setattr(self, str(i), part)

    def _divide(self, partition) -> tuple:
        if isinstance(partition, str):
            return split_channels(self.channels, len(self.kernel_sizes), partition)
        if not isinstance(partition, (tuple, list)):
            raise TypeError(f"partition must be 'equal', 'exponential' or the channels of each group, got {partition!r}")
        sizes = tuple(count(c, "partition") for c in partition)
        if len(sizes) != len(self.kernel_sizes) or sum(sizes) != self.channels:
            raise ValueError(
                f"partition {sizes} must have one size for each of the {len(self.kernel_sizes)} kernel sizes, "
                f"{self.channels} channels in all"
            )
        return sizes

    @property
    def weights(self) -> list[Parameter]:
        """One weight a group."""
        return [self.weight] if len(self.kernel_sizes) == 1 else [part.weight for part in self.children()]

    def forward(self, x) -> Tensor:
        x = need_channels(self, x, self.channels)
        return F.mixconv2d(x, self.weights, self.stride, self.padding, list(self.dilation))

    def extra_repr(self) -> str:
        kernels = ", ".join(f"{h}x{w}: {c}" for (h, w), c in zip(self.kernel_sizes, self.channels_per_group, strict=True))
        return f"{self.channels} = {{{kernels}}}, stride={self.stride}, dilation={self.dilation}, padding={self.padding!r}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"
