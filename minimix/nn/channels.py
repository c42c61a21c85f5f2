"""A layer is made for a number of channels and refuses others: to a depthwise weight alone they would pass for a multiplier."""

from minimix.functional.promotion import as_tensor
from minimix.tensor import Tensor


def need_channels(layer, x, channels: int) -> Tensor:
    """``x``, (N, C, H, W) or (C, H, W), as a Tensor. Raises RuntimeError, with both numbers, where C is not ``channels``.

    Other numbers of axes are left to the function that the layer calls.

    >>> import numpy as np
    >>> from minimix import nn
    >>> need_channels(nn.DepthwiseConv2d(8), np.ones((1, 8, 5, 5)), 8).shape
    (1, 8, 5, 5)
    """
    x = as_tensor(x)
    if x.ndim in (3, 4) and x.shape[-3] != channels:
        last = x.shape[-1] == channels  # pictures come so from Pillow, Matplotlib and Keras
        fix = (
            f"are the channels on the last axis? Then use x.transpose({'0, 3, 1, 2' if x.ndim == 4 else '2, 0, 1'})"
            if last
            else f"make the layer for {x.shape[-3]}, or give it {channels}"
        )
        raise RuntimeError(
            f"{type(layer).__name__} is made for {channels} input channels, but x {x.shape} has {x.shape[-3]}, on axis "
            f"{x.ndim - 3}: {fix}"
        )
    return x
