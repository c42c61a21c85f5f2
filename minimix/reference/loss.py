"""Softmax and cross-entropy."""

import numpy as np


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """exp(x_k) / sum_j exp(x_j) along ``axis``.

    Subtracting one number from all x changes nothing in exact arithmetic; with the largest of them, no exponential overflows.

    >>> softmax(np.array([0.0, 0.0, 1000.0]))
    array([0., 0., 1.])
    """
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """log(softmax(x)) = x_k - log(sum_j exp(x_j)), which stays finite where softmax itself underflows to 0.

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def cross_entropy(logits: np.ndarray, target: np.ndarray, label_smoothing: float = 0.0) -> np.ndarray:
    """Mean over the images of -sum_k q_k * log(softmax(logits)_k).

    logits: (N, K). target: (N,) integers, the classes. q is 1 at the target and 0 elsewhere, but with label smoothing E it is
    1 - E + E/K at the target and E/K elsewhere (Rethinking Inception, arXiv 1512.00567, sec. 7). Returns one number.

    Raises RuntimeError where the shapes do not fit together or the smoothing is outside 0 ... 1, IndexError where a target is
    not a class.

    >>> round(float(cross_entropy(np.zeros((2, 10)), np.array([3, 4]))), 4)   # log(10): all ten are equally likely
    2.3026
    """
    if logits.ndim != 2 or target.shape != logits.shape[:1]:
        raise RuntimeError(f"logits must be (N, classes) and target (N,), got {logits.shape} and {target.shape}")
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must lie between 0 and 1, got {label_smoothing}")
    classes = logits.shape[1]
    if target.size and not 0 <= target.min() <= target.max() < classes:
        raise IndexError(f"target must hold classes 0 ... {classes - 1}, got {target.min()} ... {target.max()}")
    wanted = np.full(logits.shape, label_smoothing / classes, logits.dtype)
    wanted[np.arange(len(target)), target] += 1 - label_smoothing
    return -(wanted * log_softmax(logits, axis=1)).sum(axis=1).mean()
