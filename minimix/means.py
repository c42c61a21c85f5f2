"""Means of repeated runs, with their errors."""

import numpy as np


def mean_and_error(values) -> tuple[float, float]:
    """The mean, and its standard error: the standard deviation (n - 1) / sqrt(n); 0 for a single number.

    >>> mean_and_error([1.0, 3.0])
    (2.0, 1.0)
    """
    values = np.asarray(values, float)
    error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else 0.0
    return float(values.mean()), float(error)
