"""The blocks that MixNets are made of: squeeze-and-excite, and the inverted residual with a mixed depthwise convolution."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import minimix.functional as F
from minimix.functional.block import MixBlockCall
from minimix.nn.channels import need_channels
from minimix.nn.convolution import MixConv2d, PointwiseConv2d
from minimix.nn.folded import FoldedConv2d, FoldedMixConv2d, FoldedNorm
from minimix.nn.layers import BatchNorm2d
from minimix.nn.module import Module
from minimix.nn.snapshot import Snapshot
from minimix.ops.activation import need_activation
from minimix.padding import Ints, Padding, count, number, pair
from minimix.tensor import Tensor, is_grad_enabled


class SqueezeExcite(Module):
    """Scale each channel by a gate in 0 .. 1 that is computed from the means of all channels (arXiv 1709.01507, sec. 3).

    x * sigmoid(conv_expand(act(conv_reduce(mean over the pixels of x)))), both convolutions 1x1 with a bias.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.SqueezeExcite(16, 4)(np.zeros((2, 16, 8, 8), np.float32)).shape
    (2, 16, 8, 8)
    """

    def __init__(self, channels: int, hidden: int, activation: str = "swish") -> None:
        super().__init__()
        need_activation(activation, "SqueezeExcite")
        self.activation = activation
        self.conv_reduce = PointwiseConv2d(channels, hidden)
        self.conv_expand = PointwiseConv2d(hidden, channels)

    def forward(self, x) -> Tensor:
        reduce, expand = self.conv_reduce, self.conv_expand
        x = need_channels(self, x, reduce.in_channels)
        return F.squeeze_excite(x, reduce.weight, reduce.bias, expand.weight, expand.bias, self.activation)

    def as_option(self) -> tuple:
        """Its four arrays and its activation, for an op that does this layer's work, too."""
        reduce, expand = self.conv_reduce, self.conv_expand
        return reduce.weight, reduce.bias, expand.weight, expand.bias, self.activation


class MixBlock(Module):
    """The block of MixNet, MobileNetV1 and MobileNetV2 (arXiv 1907.09595, sec. 4; arXiv 1801.04381, fig. 3): their differences
    are arguments.

        expand 1x1, BN, act   (left out where expansion = 1)
        mixed depthwise, BN, act
        squeeze-and-excite    (where se > 0)
        project 1x1, BN       (and out_activation: MobileNetV1 has one)
        + the input           (where stride = 1, the channels are as many, and skip is not False)

    kernel_sizes, stride, dilation, partition, padding: of the ``MixConv2d``.
    expansion: channels inside / in_channels. expand_groups, project_groups: groups of the 1x1 convolutions.
    se: hidden channels of the squeeze-and-excite as a fraction of in_channels (before the expansion).
    activation, out_activation: two of ``F.batch_norm``'s; the first is that of the squeeze-and-excite, too, unless
        se_activation is another. eps, momentum: of the batch norms.

    Its layers are attributes, named as in PyTorch Image Models: conv_pw, bn1, conv_dw, bn2, se, conv_pwl, bn3. Where nothing is
    expanded there are fewer, and conv_pw is the projection: conv_dw, bn1, se, conv_pw, bn2. ``expand``, ``project`` and
    ``norms`` find them by what they do.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.MixBlock(8, 8, (3, 5), expansion=2, se=0.5)(np.zeros((2, 8, 6, 6), np.float32)).shape
    (2, 8, 6, 6)
    """

    __slots__ = ("_kept",)  # beside the attributes
    _kept: tuple[Snapshot, MixBlockCall, list]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_sizes: int | Sequence[Ints] = (3, 5, 7),
        stride: Ints = 1,
        expansion: int = 6,
        se: float = 0.0,
        activation: str = "swish",
        expand_groups: int = 1,
        project_groups: int = 1,
        partition: str | Sequence[int] = "equal",
        dilation: int | Sequence[Ints] = 1,
        padding: Padding = "same",
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        out_activation: str = "identity",
        skip: bool = True,
        se_activation: str | None = None,
    ) -> None:
        super().__init__()
        if not number(se, "se") >= 0:
            raise ValueError(f"se must be 0 or more, a fraction of in_channels, got {se}")
        self.in_channels = count(in_channels, "in_channels")
        inside = self.in_channels * count(expansion, "expansion")
        self.fused = True  # False: each layer runs on its own, for whoever wants to see what passes between them
        self.expands = expansion != 1
        self.has_skip = bool(skip) and pair(stride, "stride", 1) == (1, 1) and in_channels == out_channels
        if self.expands:
            self.conv_pw = PointwiseConv2d(in_channels, inside, expand_groups, bias=False, split=True)
            self.bn1 = BatchNorm2d(inside, eps, momentum, activation=activation)
        self.conv_dw = MixConv2d(inside, kernel_sizes, stride, dilation, partition, padding=padding)
        depthwise_norm = BatchNorm2d(inside, eps, momentum, activation=activation)
        self.add_module("bn2" if self.expands else "bn1", depthwise_norm)
        self.se = SqueezeExcite(inside, max(1, int(in_channels * se)), se_activation or activation) if se else None
        project = PointwiseConv2d(inside, out_channels, project_groups, bias=False, split=True)
        self.add_module("conv_pwl" if self.expands else "conv_pw", project)
        self.add_module("bn3" if self.expands else "bn2", BatchNorm2d(out_channels, eps, momentum, activation=out_activation))

    @property
    def expand(self) -> PointwiseConv2d | None:
        """The 1x1 convolution before the depthwise one."""
        return self.conv_pw if self.expands else None

    @property
    def project(self) -> PointwiseConv2d:
        """The 1x1 convolution after the depthwise one."""
        return self.conv_pwl if self.expands else self.conv_pw

    @property
    def norms(self) -> tuple:
        """The batch norms behind the expansion (None where there is none), the depthwise convolution and the projection."""
        return (self.bn1, self.bn2, self.bn3) if self.expands else (None, self.bn1, self.bn2)

    def forward(self, x) -> Tensor:
        x = need_channels(self, x, self.in_channels)
        call = self._fused(x)
        if call is not None:
            return call(x)
        before, after, last = self.norms
        y = before(self.conv_pw(x)) if self.expands else x
        y = after(self.conv_dw(y))
        if self.se is not None:
            y = self.se(y)
        return last(self.project(y), residual=x if self.has_skip else None)

    def _fuses(self, x) -> bool:
        """Whether the op that does all of this at once can be used: the layers are still those that ``__init__`` made."""
        if not self.fused or x.dtype.kind != "f" or x.size == 0:
            return False
        conv, se = self.conv_dw, self.se
        products = [layer for layer in (self.expand, self.project) if layer is not None]
        norms = [norm for norm in self.norms if norm is not None]
        return (
            (type(conv) is MixConv2d and conv.multiplier == 1)
            and (se is None or type(se) is SqueezeExcite)
            and all(type(p) is PointwiseConv2d and p.bias is None and (p.split or p.groups == 1) for p in products)
            and all(type(n) is BatchNorm2d and n.training == self.training and n.can_fuse for n in norms)
        )

    def _fused(self, x) -> MixBlockCall | None:
        """The op that does all of this at once, ready for x, or None. It is kept for as long as layers and shapes stay."""
        kept: Any = getattr(self, "_kept", (None, None, []))
        snapshot, call, arrays = kept
        norms = [norm for norm in self.norms if isinstance(norm, BatchNorm2d)]
        if snapshot is not None and snapshot.holds() and call.fits(x) and all(weight.data is array for weight, array in arrays):
            if arrays and is_grad_enabled() and x.requires_grad:
                return None
            for norm in norms:
                norm.count_batch()
            return call
        if self._is_folded():
            return self._folded(x)
        if not self._fuses(x):
            return None
        conv = self.conv_dw
        call = MixBlockCall(
            x, conv.weights, self.project.weights, [norm and norm.as_option() for norm in self.norms],
            self.expand and self.expand.weights, self.se and self.se.as_option(), self.has_skip, self.training, conv.stride,
            conv.padding, conv.dilation,
        )  # fmt: skip
        if all(norm.momentum is not None for norm in norms):  # else the next batch weighs less than this one
            self._kept = Snapshot(self), call, []
        return call

    def _is_folded(self) -> bool:
        """Whether ``fold_batch_norm`` has been here, and nobody since."""
        products = [layer for layer in (self.expand, self.project) if layer is not None]
        return (
            (self.fused and type(self.conv_dw) is FoldedMixConv2d and (self.se is None or type(self.se) is SqueezeExcite))
            and all(type(layer) is FoldedConv2d for layer in products)
            and all(norm is None or type(norm) is FoldedNorm for norm in self.norms)
        )

    def _folded(self, x) -> MixBlockCall | None:
        """The same op for folded layers, whose norms are no more than a bias and an activation.

        Where a gradient is asked for it is None: these layers say themselves that they have none.
        """
        if x.dtype.kind != "f" or x.size == 0 or (is_grad_enabled() and x.requires_grad):
            return None

        def weights(conv):
            return conv and np.split(conv.weight.data, conv.options.get("groups", 1))

        def norm(conv):
            one, zero = np.ones((2, len(conv.bias)), conv.bias.dtype), np.zeros(len(conv.bias))
            return one[0], conv.bias, F.Normalisation((zero, one[1]), eps=0.0, activation=conv.activation)

        *kernels, _ = self.conv_dw.parameters()
        options = self.conv_dw.options
        call = MixBlockCall(
            x, kernels, weights(self.project), [self.expand and norm(self.expand), norm(self.conv_dw), norm(self.project)],
            weights(self.expand), self.se and self.se.as_option(), self.has_skip, False, options["stride"], options["padding"],
            options["dilation"],
        )  # fmt: skip
        cut: list = [conv.weight for conv in (self.expand, self.project) if conv is not None]  # whose parts the call has
        self._kept = Snapshot(self), call, [(weight, weight.data) for weight in cut]
        return call

    def __getstate__(self) -> dict:
        """For ``pickle`` and ``copy``: its attributes, but not what is kept from call to call."""
        return vars(self).copy()
