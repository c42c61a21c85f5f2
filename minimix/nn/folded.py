"""What convolution and batch norm become when the norm is folded (``minimix/fold.py``): for use, not for training."""

from collections.abc import Iterable

import numpy as np

import minimix.functional as F
from minimix.nn.channels import need_channels
from minimix.nn.module import Module, Parameter
from minimix.ops.folded import FOLDED_CONV2D, FOLDED_MIXCONV2D
from minimix.tensor import Tensor, apply


class FoldedConv2d(Module):
    """activation(conv2d(x, weight) + bias) in one pass, without gradients. options: of ``F.conv2d``.

    >>> import numpy as np
    >>> conv = FoldedConv2d(np.ones((2, 3, 1, 1), np.float32), np.array([1.0, -9.0], np.float32), "relu", padding=0)
    >>> conv(np.ones((1, 3, 1, 1), np.float32)).data.ravel()
    array([4., 0.], dtype=float32)
    """

    def __init__(self, weight: np.ndarray, bias: np.ndarray, activation: str = "identity", **options) -> None:
        super().__init__()
        self.weight, self.bias = Parameter(weight, requires_grad=False), Parameter(bias, requires_grad=False)
        self.activation, self.options = activation, options
        self.in_channels = weight.shape[1] * options.get("groups", 1)

    def forward(self, x) -> Tensor:
        x = need_channels(self, x, self.in_channels)
        return apply(FOLDED_CONV2D, x, self.weight, self.bias, activation=self.activation, **self.options)

    def extra_repr(self) -> str:
        return f"weight={self.weight.shape}, {_listed(self)}"


class FoldedMixConv2d(Module):
    """activation(mixconv2d(x, weights) + bias) in one pass, without gradients. options: of ``F.mixconv2d``.

    channels: of x; None: one for each output channel.

    >>> import numpy as np
    >>> conv = FoldedMixConv2d([np.ones((2, 1, 3, 3), np.float32)], np.array([1.0, -9.0], np.float32), "relu", padding="same")
    >>> conv(np.ones((1, 2, 1, 1), np.float32)).data.ravel()
    array([2., 0.], dtype=float32)
    """

    def __init__(
        self,
        weights: Iterable[np.ndarray],
        bias: np.ndarray,
        activation: str = "identity",
        channels: int | None = None,
        **options,
    ) -> None:
        super().__init__()
        self.channels = len(bias) if channels is None else channels
        for i, weight in enumerate(weights):
            self.register_parameter(f"weight{i}", Parameter(weight, requires_grad=False))
        self.bias = Parameter(bias, requires_grad=False)
        self.activation, self.options = activation, options

    def forward(self, x) -> Tensor:
        *weights, bias = self.parameters()
        x = need_channels(self, x, self.channels)
        return apply(FOLDED_MIXCONV2D, x, bias, *weights, activation=self.activation, **self.options)

    def extra_repr(self) -> str:
        *weights, _ = self.parameters()
        return f"weights={[weight.shape for weight in weights]}, {_listed(self)}"


class FoldedNorm(Module):
    """In the place of a norm that is folded: x, or x + residual.

    >>> import numpy as np
    >>> FoldedNorm()(np.ones((1, 1, 1, 2), np.float32), residual=np.ones((1, 1, 1, 2), np.float32)).data
    array([[[[2., 2.]]]], dtype=float32)
    """

    def forward(self, x, residual=None) -> Tensor:
        if residual is not None and residual.shape != x.shape:
            raise ValueError(f"FoldedNorm: residual has shape {residual.shape}, expected {x.shape}, like x")
        return x if residual is None else F.add(x, residual)


def _listed(module) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in {**module.options, "activation": module.activation}.items())
