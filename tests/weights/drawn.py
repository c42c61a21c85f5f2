"""Weights and pictures that are drawn from names, so that other libraries and the tests have the same without a file of them.

Nothing but NumPy is needed, of any version: ``golden_libraries.py`` runs where the other libraries are.
"""

import zlib

import numpy as np

_SCALES = ("gamma", "running_var", "moving_variance", "moving_var")


def draw(name, shape, transposed=False):
    """The array that a library calls ``name``, float32. transposed: kernels are (KH, KW, C, C_out), matrices (in, out).

    Variances are between 3e-5 and 1.5, as in published weights; the larger ones are frequent.
    """
    random = np.random.RandomState(zlib.crc32(name.encode()) % 2**32)
    last = name.replace(":0", "").replace("/", ".").rpartition(".")[2]
    if last in ("running_var", "moving_variance"):
        array = _variances(name, shape)
    elif last == "gamma" or (last == "weight" and len(shape) == 1):
        array = random.uniform(0.5, 1.5, shape) * np.sqrt(_variances(_statistic(name, last), shape) + 1e-4)
    elif len(shape) <= 1:
        array = 0.1 * random.standard_normal(shape)
    else:
        fan_in = np.prod(shape[:-1]) if transposed else np.prod(shape[1:])
        if transposed and len(shape) == 4 and shape[3] == 1:
            fan_in = shape[0] * shape[1]
        array = random.standard_normal(shape) * (
            (1.35 if len(shape) == 4 else 1.0) / np.sqrt(fan_in)
        )  # signals live through ReLUs
    return np.asarray(array, np.float32)


def _statistic(name, last):
    """The name of the variance that belongs to a scale: any name will do that both can make."""
    return name.replace(":0", "")[: -len(last)]


def _variances(name, shape):
    place = name.replace(":0", "").replace("running_var", "").replace("moving_variance", "")
    random = np.random.RandomState((zlib.crc32(place.encode()) + 1) % 2**32)
    return np.where(random.uniform(size=shape) < 0.1, 10 ** random.uniform(-4.5, -3, shape), random.uniform(0.5, 1.5, shape))


def picture(size, channels=3):
    """(1, channels, size, size), float32."""
    return np.random.RandomState(5).standard_normal((1, channels, size, size)).astype(np.float32)
