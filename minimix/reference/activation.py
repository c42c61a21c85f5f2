"""The activation functions of the MobileNet family, each as its paper writes it."""

import numpy as np


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0). NaN stays NaN.

    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return np.maximum(x, 0)


def relu6(x: np.ndarray) -> np.ndarray:
    """min(max(x, 0), 6) (MobileNetV2, sec. 3: bounded so that low-precision arithmetic keeps its digits).

    >>> relu6(np.array([-1.0, 2.0, 9.0]))
    array([0., 2., 6.])
    """
    return np.minimum(np.maximum(x, 0), 6)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)).

    >>> sigmoid(np.array([0.0, -1000.0]))
    array([0.5, 0. ])
    """
    with np.errstate(over="ignore"):  # exp(1000) is inf, and 1 / inf the right answer
        return 1 / (1 + np.exp(-x))


def swish(x: np.ndarray) -> np.ndarray:
    """x * sigmoid(x) (Swish, arXiv 1710.05941, sec. 3, with beta = 1); PyTorch calls it SiLU.

    >>> swish(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.7311])
    """
    return x * sigmoid(x)


def hard_swish(x: np.ndarray) -> np.ndarray:
    """x * relu6(x + 3) / 6 (MobileNetV3, arXiv 1905.02244, sec. 5.2).

    >>> hard_swish(np.array([-4.0, 1.5, 4.0]))
    array([-0.   ,  1.125,  4.   ])
    """
    return x * relu6(x + 3) / 6
