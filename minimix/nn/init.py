"""Initial weights."""

import math

import numpy as np

from minimix import rng


def fan_out_normal(shape: tuple, groups: int = 1) -> np.ndarray:
    """Normal, standard deviation sqrt(2 / fan_out), fan_out = KH * KW * C_out / groups: MixNet's code has it for convolutions.

    For a depthwise kernel, groups = C_out and so fan_out = KH * KW.

    >>> fan_out_normal((8, 1, 3, 3), groups=8).shape
    (8, 1, 3, 3)
    """
    fan_out = math.prod(shape[2:]) * shape[0] / groups
    return (rng.generator().standard_normal(shape) * math.sqrt(2 / fan_out)).astype(np.float32)


def uniform(shape: tuple, bound: float) -> np.ndarray:
    """Uniform in -bound .. bound.

    >>> bool(abs(uniform((3, 4), bound=0.5)).max() <= 0.5)
    True
    """
    return rng.generator().uniform(-bound, bound, shape).astype(np.float32)


def truncated_normal(shape: tuple, deviation: float) -> np.ndarray:
    """Normal with standard deviation ``deviation``, but whatever lies beyond two of them is drawn again, as TensorFlow has it.

    >>> bool(abs(truncated_normal((64, 32, 1, 1), 0.09)).max() <= 0.18)
    True
    """
    values = rng.generator().standard_normal(shape)
    while (beyond := np.abs(values) > 2).any():
        values[beyond] = rng.generator().standard_normal(np.count_nonzero(beyond))
    return (values * deviation).astype(np.float32)
