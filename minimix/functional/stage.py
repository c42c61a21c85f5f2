"""The middle of a MixNet block in one go."""

import numpy as np

from minimix.functional.promotion import as_tensor
from minimix.ops import stage as ops
from minimix.ops.norm import ACTIVATIONS
from minimix.tensor import Tensor, apply

Normalisation = ops.Normalisation


def mixed_stage(x, weights, before, after, training: bool, stride=1, padding="same", dilation=1) -> Tensor:
    """after(mixconv2d(before(x), weights)), where ``before`` and ``after`` are batch norms with their activations.

    The same numbers as ``batch_norm``, ``mixconv2d`` and ``batch_norm`` one after the other, in a third of the memory traffic.

    x: (N, C, H, W), float32 or float64. weights, stride, padding, dilation: as for ``mixconv2d``; one output channel per input
    channel.
    before, after: (weight, bias, Normalisation(running=(mean, var), momentum, eps, activation)); before may be None.
    training: use the batch's statistics, and move the running ones.

    Raises as ``mixconv2d`` and ``batch_norm`` do.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> one, zero = np.ones(4, np.float32), np.zeros(4, np.float32)
    >>> norm = (one, zero, F.Normalisation(running=(zero.copy(), one.copy()), activation="relu"))
    >>> x, weight = np.ones((2, 4, 6, 6), np.float32), np.ones((4, 1, 3, 3), np.float32)
    >>> F.mixed_stage(x, [weight], None, norm, training=False, stride=2).shape
    (2, 4, 3, 3)
    """
    x = as_tensor(x)
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"mixed_stage: x is {x.dtype}, expected float32 or float64: use x.astype(np.float32)")
    if x.ndim != 4:
        raise ValueError(f"mixed_stage: x has shape {x.shape}, expected (N, C, H, W)")
    if after is None or not isinstance(weights, (list, tuple)):
        raise TypeError("mixed_stage: after is (weight, bias, Normalisation), and weights a list of arrays, one a group")
    if training and x.size and x.size // x.shape[1] < 2:
        raise ValueError(
            f"mixed_stage in training needs more than one value a channel, x {x.shape} has one: use a larger batch"
        )
    none = np.zeros(0, x.dtype)
    first = (none, none) if before is None else before[:2]
    for name, norm in (("before", before), ("after", after)):
        if norm is None and name == "before":
            continue
        if norm[2].eps < 0:
            raise ValueError(f"{name}: eps must not be negative, got {norm[2].eps}")
        if norm[2].activation not in ACTIVATIONS:
            raise ValueError(f"{name}: activation {norm[2].activation!r}, expected one of {', '.join(ACTIVATIONS)}")
        for what, array in zip(
            ("weight", "bias", "running mean", "running variance"), (*norm[:2], *norm[2].running), strict=True
        ):
            if tuple(array.shape) != (x.shape[1],):
                raise ValueError(f"{name}: {what} has shape {tuple(array.shape)}, expected ({x.shape[1]},) for x {x.shape}")
            if array.dtype != x.dtype:
                raise TypeError(f"{name}: {what} is {array.dtype} but x is {x.dtype}: they must have one dtype, use .astype()")
    return apply(ops.MIXED_STAGE, x, *map(as_tensor, first), *map(as_tensor, after[:2]), *map(as_tensor, weights),
                 before=before and before[2], after=after[2], training=bool(training), stride=stride, padding=padding,
                 dilation=dilation)  # fmt: skip
