"""Batch normalisation of Tensors."""

import numpy as np

from minimix.convargs import DTYPES, need_one_dtype
from minimix.functional.promotion import as_tensor
from minimix.ops import norm as ops
from minimix.ops.activation import need_activation
from minimix.tensor import Tensor, apply


def batch_norm(
    x,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    activation: str = "identity",
    residual=None,
) -> Tensor:
    """activation(weight * (x - mean) / sqrt(variance + eps) + bias), one mean and variance a channel.

    x: (N, C), (N, C, L) or (N, C, H, W), float32 or float64. The others: (C,) of the same dtype, or None, which leaves it out.
    training: use the batch's mean and (biased) variance, and move the running ones towards the batch's mean and *unbiased*
        variance in place, running = (1 - momentum) * running + momentum * batch. Otherwise use the running ones.
    momentum, eps: in PyTorch's sense.
    activation: "identity", "relu", "relu6", "swish" or "hard_swish"; computed in the same pass.
    residual: a Tensor of x's shape and dtype that is added to the result, also in the same pass; or None.

    Raises ValueError for shapes that do not fit, for a single value a channel in training (its variance says nothing), and for
    an unknown activation; RuntimeError in evaluation without running statistics, and for mixed dtypes.

    Source: Ioffe and Szegedy, arXiv 1502.03167, Algorithm 1 and sec. 3.2.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.batch_norm(np.array([[1.0], [3.0]]), training=True, eps=0.0).data
    array([[-1.],
           [ 1.]])
    """
    x = as_tensor(x)
    if x.dtype not in DTYPES:
        raise TypeError(f"batch_norm: x is {x.dtype}, expected float32 or float64: use x.astype(np.float32)")
    if momentum is None:
        raise TypeError("batch_norm: momentum must be a number; BatchNorm2d(momentum=None) keeps plain averages")
    if not 2 <= x.ndim <= 4:
        raise ValueError(f"batch_norm: x has shape {x.shape}, expected (N, C), (N, C, L) or (N, C, H, W)")
    channels = x.shape[1]
    need_activation(activation, "batch_norm")
    if training and x.size and x.size // channels < 2:
        raise ValueError(f"batch_norm in training needs more than one value a channel, x {x.shape} has one: use a larger batch")
    if (running_mean is None) != (running_var is None):
        raise ValueError("batch_norm: give both running_mean and running_var, or neither")
    if not training and running_mean is None:
        raise RuntimeError("batch_norm in evaluation needs running_mean and running_var: pass them, or training=True")
    if eps < 0:
        raise ValueError(f"batch_norm: eps must not be negative, got {eps}")
    real = x.data.real.dtype
    weight = as_tensor(np.ones(channels, real) if weight is None else weight)
    bias = as_tensor(np.zeros(channels, real) if bias is None else bias)
    running = None
    if running_mean is not None:
        running = tuple(s.data if isinstance(s, Tensor) else s for s in (running_mean, running_var))
        for name, statistic in zip(("running_mean", "running_var"), running, strict=True):
            if not isinstance(statistic, np.ndarray) or statistic.dtype.kind != "f":
                raise TypeError(f"batch_norm: {name} must be an array of floats (it is updated in place), not {statistic!r}")
            _need_channels(name, statistic, x, channels)
            need_writable(f"batch_norm: {name}", statistic, training)
    for name, parameter in (("weight", weight), ("bias", bias)):
        _need_channels(name, parameter, x, channels)
    more = () if residual is None else (as_tensor(residual),)
    for other in more:
        if other.shape != x.shape:
            raise ValueError(f"batch_norm: residual has shape {other.shape}, expected {x.shape}, like x")
        need_one_dtype(x, {"residual": other}, "batch_norm: ")
    if x.dtype.kind == "f":  # of complex numbers, which only a gradient check sends, there may be some
        need_one_dtype(x, {"weight": weight, "bias": bias}, "batch_norm: ")
    return apply(ops.BATCH_NORM, x, weight, bias, *more, running=running, training=bool(training), momentum=momentum, eps=eps,
                 activation=activation)  # fmt: skip


def need_writable(name: str, statistic: np.ndarray, training: bool) -> None:
    """Refuse a read-only array where training is to write into it."""
    if training and not statistic.flags.writeable:
        raise ValueError(f"{name} is read-only, but training moves it in place: pass a copy, or use training=False")


def _need_channels(name: str, array, x: Tensor, channels: int) -> None:
    if array.shape != (channels,):
        raise ValueError(
            f"batch_norm: {name} has shape {array.shape}, expected ({channels},): one for each channel of x {x.shape}"
        )
