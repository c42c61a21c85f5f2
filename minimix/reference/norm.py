"""Batch normalisation (Ioffe and Szegedy, arXiv 1502.03167, Algorithm 1 and sec. 3.2)."""

import numpy as np


def batch_norm(
    x: np.ndarray,
    running_mean: np.ndarray | None = None,
    running_var: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> np.ndarray:
    """weight * (x - mean) / sqrt(variance + eps) + bias, one mean and variance a channel.

    x: (N, C, ...). The others: (C,) or None, which leaves the step out. In training the statistics are the batch's, taken over
    everything but the channels, and the running ones are updated IN PLACE, as in PyTorch:
    running = (1 - momentum) * running + momentum * batch. The variance that normalises divides by the number of values M, the
    one that is stored by M - 1. In evaluation the running statistics are used.

    Raises ValueError in training for a single value a channel (its variance says nothing), RuntimeError in evaluation without
    running statistics.

    >>> batch_norm(np.array([[1.0], [3.0]]), training=True, eps=0.0)
    array([[-1.],
           [ 1.]])
    """
    axes = (0, *range(2, x.ndim))
    one_a_channel = (1, -1) + (1,) * (x.ndim - 2)
    if training:
        count = x.size // x.shape[1]
        if count < 2:
            raise ValueError(f"batch_norm in training needs more than one value a channel, x {x.shape} has {count}")
        mean = x.mean(axis=axes)
        var = ((x - mean.reshape(one_a_channel)) ** 2).mean(axis=axes)
        if running_mean is not None:
            running_mean[...] = (1 - momentum) * running_mean + momentum * mean
        if running_var is not None:
            running_var[...] = (1 - momentum) * running_var + momentum * var * count / (count - 1)
    else:
        if running_mean is None or running_var is None:
            raise RuntimeError("batch_norm in evaluation needs running_mean and running_var: pass them, or training=True")
        mean, var = running_mean, running_var
    out = (x - mean.reshape(one_a_channel)) / np.sqrt(var + eps).reshape(one_a_channel)
    out = out if weight is None else out * weight.reshape(one_a_channel)
    return out if bias is None else out + bias.reshape(one_a_channel)
