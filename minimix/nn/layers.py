"""Batch norm, linear, pooling, dropout and activations as modules."""

import math
from typing import Any, overload

import numpy as np

import minimix.functional as F
from minimix import rng
from minimix.functional.promotion import as_tensor, init_accepts_torch_names
from minimix.nn import init
from minimix.nn.channels import need_channels
from minimix.nn.module import Module, Parameter
from minimix.ops.activation import need_activation
from minimix.padding import Ints, count, number
from minimix.tensor import Tensor


class BatchNorm2d(Module):
    """Batch normalisation of (N, C, H, W), with an activation in the same pass if wished. torch.nn.BatchNorm2d's arguments.

    Parameters weight, bias (C,); buffers running_mean, running_var (C,), num_batches_tracked.
    activation: one of ``F.batch_norm``'s.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.BatchNorm2d(3, activation="relu")(np.ones((2, 3, 4, 4), np.float32)).shape
    (2, 3, 4, 4)
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        activation: str = "identity",
    ) -> None:
        super().__init__()
        num_features = count(num_features, "num_features")
        if number(eps, "eps") < 0:
            raise ValueError(f"BatchNorm2d: eps must not be negative, got {eps}")
        momentum = None if momentum is None else number(momentum, "momentum")
        need_activation(activation, "BatchNorm2d")
        self.num_features, self.eps, self.momentum, self.activation = num_features, eps, momentum, activation
        self.weight: Parameter | Any = Parameter(np.ones(num_features, np.float32)) if affine else None
        self.bias: Parameter | Any = Parameter(np.zeros(num_features, np.float32)) if affine else None
        self.running_mean: np.ndarray | Any = None
        self.running_var: np.ndarray | Any = None
        if track_running_stats:
            self.register_buffer("running_mean", np.zeros(num_features, np.float32))
            self.register_buffer("running_var", np.ones(num_features, np.float32))
            self.register_buffer("num_batches_tracked", np.zeros((), np.int64))

    def forward(self, x, residual=None) -> Tensor:
        """residual: added to the result, in the same pass; of x's shape."""
        x = as_tensor(x)
        if x.ndim != 4:
            raise ValueError(f"BatchNorm2d wants (N, C, H, W), got shape {x.shape}")
        x = need_channels(self, x, self.num_features)
        training = self.training or self.running_mean is None
        momentum = self.count_batch()
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, training, momentum, self.eps,
                            self.activation, residual)  # fmt: skip

    def count_batch(self) -> float:
        """In training, count one more batch. Returns the momentum for it; None means the plain average of all batches."""
        if self.training and self.running_mean is not None:
            count = self.num_batches_tracked
            count += 1  # in place; "self.num_batches_tracked += 1" would set the attribute again, which takes ten times as long
        if self.momentum is None:
            return 1 / max(1.0, float(self.num_batches_tracked)) if self.running_mean is not None else 0.0
        return self.momentum

    @property
    def can_fuse(self) -> bool:
        """Whether ``as_option`` can describe this norm: it has parameters and running statistics."""
        return self.weight is not None and self.running_mean is not None

    def as_option(self) -> tuple:
        """(weight, bias, Normalisation), for an op that does this norm's work, too. Counts a batch, as a call does."""
        running = (self.running_mean, self.running_var)
        return self.weight, self.bias, F.Normalisation(running, self.count_batch(), self.eps, self.activation)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.weight is not None}, "
            f"track_running_stats={self.running_mean is not None}, activation={self.activation!r}"
        )


class Linear(Module):
    """y = x @ weight.T + bias. weight (out, in), bias (out,), at first uniform in +-1/sqrt(in), as in PyTorch.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.Linear(8, 3)(np.zeros((5, 8), np.float32)).shape
    (5, 3)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features = count(in_features, "in_features", 0)
        self.out_features = count(out_features, "out_features", 0)
        bound = 1 / math.sqrt(max(in_features, 1))
        self.weight = Parameter(init.uniform((out_features, in_features), bound))
        self.bias: Parameter | Any = Parameter(init.uniform((out_features,), bound)) if bias else None

    def forward(self, x) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"


class Dropout(Module):
    """In training, each number becomes zero with probability p, and the others grow by 1 / (1 - p).

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.Dropout(0.5).eval()(np.ones(3, np.float32)).data
    array([1., 1., 1.], dtype=float32)
    """

    def __init__(self, p: float = 0.5, generator: np.random.Generator | None = None) -> None:
        super().__init__()
        if not (generator is None or isinstance(generator, np.random.Generator)):  # PyTorch's second argument is inplace
            raise TypeError(f"Dropout: generator must be a np.random.Generator, not {generator!r}")
        if not 0 <= number(p, "dropout probability") <= 1:
            raise ValueError(f"dropout probability must lie between 0 and 1, got {p}")
        self.p, self.generator = p, generator

    def forward(self, x) -> Tensor:
        return F.dropout(x, self.p, self.training, rng=self.generator or rng.generator())

    def extra_repr(self) -> str:
        return f"p={self.p}"


class MaxPool2d(Module):
    """Largest value of each window. Arguments as in ``F.max_pool2d``.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.MaxPool2d(2)(np.zeros((1, 3, 8, 8), np.float32)).shape
    (1, 3, 4, 4)
    """

    def __init__(
        self, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, dilation: Ints = 1, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.dilation, self.ceil_mode = dilation, ceil_mode

    def forward(self, x) -> Tensor:
        return F.max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)

    def extra_repr(self) -> str:
        return (
            f"{self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class AvgPool2d(Module):
    """Mean of each window. Arguments as in ``F.avg_pool2d``.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.AvgPool2d(3, stride=2, padding=1)(np.zeros((1, 3, 8, 8), np.float32)).shape
    (1, 3, 4, 4)
    """

    def __init__(
        self,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, x) -> Tensor:
        return F.avg_pool2d(x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        return f"{self.kernel_size}, stride={self.stride}, padding={self.padding}, ceil_mode={self.ceil_mode}"


class GlobalAvgPool2d(Module):
    """Mean over all pixels, (N, C, H, W) -> (N, C).

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.GlobalAvgPool2d()(np.ones((2, 3, 8, 8), np.float32)).shape
    (2, 3)
    """

    def forward(self, x) -> Tensor:
        return F.global_avg_pool2d(x)


class AdaptiveAvgPool2d(Module):
    """Means over as many windows as ``output_size`` asks for, whatever x's size. Arguments as in ``F.adaptive_avg_pool2d``.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.AdaptiveAvgPool2d(1)(np.ones((2, 3, 8, 8), np.float32)).shape
    (2, 3, 1, 1)
    """

    def __init__(self, output_size: Ints):
        super().__init__()
        self.output_size = output_size

    def forward(self, x):
        return F.adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self) -> str:
        return f"{self.output_size}"


class Identity(Module):
    """x itself, in the place of a layer that shall do nothing. It takes any arguments, as PyTorch's does.

    >>> from minimix import nn
    >>> nn.Identity()([1.0, 2.0]).data
    array([1., 2.], dtype=float32)
    """

    def __init__(self, *args: object, **options: object):
        super().__init__()

    def forward(self, x):
        return as_tensor(x)


@init_accepts_torch_names
class Flatten(Module):
    """(N, ...) -> (N, all the rest): merges the axes from ``start_axis`` to ``end_axis``.

    >>> from minimix import nn
    >>> import numpy as np
    >>> nn.Flatten()(np.zeros((2, 3, 4, 5), np.float32)).shape
    (2, 60)
    """

    @overload
    def __init__(self, start_axis: int = 1, end_axis: int = -1) -> None: ...
    @overload
    def __init__(self, start_axis: int = 1, *, end_dim: int) -> None: ...
    @overload
    def __init__(self, *, start_dim: int, end_axis: int = -1) -> None: ...
    @overload
    def __init__(self, *, start_dim: int, end_dim: int) -> None: ...

    def __init__(self, start_axis: int = 1, end_axis: int = -1) -> None:  # type: ignore[misc]  # the decorator translates
        super().__init__()
        self.start_axis, self.end_axis = start_axis, end_axis

    def forward(self, x) -> Tensor:
        return F.flatten(x, self.start_axis, self.end_axis)

    def extra_repr(self) -> str:
        return f"start_axis={self.start_axis}, end_axis={self.end_axis}"


class _Activation(Module):
    """inplace: taken, as PyTorch's layers take it, for networks that are written for both. x stays as it is all the same."""

    def __init__(self, inplace: bool = False):
        super().__init__()


class ReLU(_Activation):
    """max(x, 0).

    >>> from minimix import nn
    >>> nn.ReLU()([-1.0, 0.0, 2.0]).data
    array([0., 0., 2.], dtype=float32)
    """

    def forward(self, x) -> Tensor:
        return F.relu(x)


class ReLU6(_Activation):
    """min(max(x, 0), 6).

    >>> from minimix import nn
    >>> nn.ReLU6()([-1.0, 2.0, 9.0]).data
    array([0., 2., 6.], dtype=float32)
    """

    def forward(self, x) -> Tensor:
        return F.relu6(x)


class Sigmoid(Module):
    """1 / (1 + exp(-x)).

    >>> from minimix import nn
    >>> nn.Sigmoid()([0.0, 100.0]).data
    array([0.5, 1. ], dtype=float32)
    """

    def forward(self, x) -> Tensor:
        return F.sigmoid(x)


class Swish(_Activation):
    """x * sigmoid(x); PyTorch calls it SiLU.

    >>> from minimix import nn
    >>> nn.Swish()([0.0, 100.0]).data
    array([  0., 100.], dtype=float32)
    """

    def forward(self, x) -> Tensor:
        return F.swish(x)


SiLU = Swish


class HardSwish(_Activation):
    """x * relu6(x + 3) / 6.

    >>> from minimix import nn
    >>> nn.HardSwish()([-4.0, 1.5, 4.0]).data
    array([-0.   ,  1.125,  4.   ], dtype=float32)
    """

    def forward(self, x) -> Tensor:
        return F.hard_swish(x)


@init_accepts_torch_names
class Softmax(Module):
    """exp(x) / sum of exp(x) along an axis.

    >>> from minimix import nn
    >>> nn.Softmax()([[0.0, 0.0]]).data
    array([[0.5, 0.5]], dtype=float32)
    """

    @overload
    def __init__(self, axis: int = -1) -> None: ...
    @overload
    def __init__(self, *, dim: int) -> None: ...

    def __init__(self, axis: int = -1) -> None:  # type: ignore[misc]  # the decorator translates
        super().__init__()
        self.axis = axis

    def forward(self, x) -> Tensor:
        return F.softmax(x, axis=self.axis)

    def extra_repr(self) -> str:
        return f"axis={self.axis}"
