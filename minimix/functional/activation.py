"""Activations, softmax and dropout on Tensors."""

import numpy as np

from minimix.functional.promotion import accepts_torch_names, as_floating, as_tensor, check_axis
from minimix.ops import activation as ops
from minimix.rng import generator as default_generator
from minimix.tensor import Tensor, apply


def relu(x) -> Tensor:
    """max(x, 0); the gradient at 0 is 0.

    >>> import minimix.functional as F
    >>> F.relu([-1.0, 0.0, 2.0, float("nan")]).data
    array([ 0.,  0.,  2., nan], dtype=float32)
    """
    return apply(ops.RELU, as_tensor(x))


def relu6(x) -> Tensor:
    """min(max(x, 0), 6) (MobileNet); the gradient at 0 and at 6 is 0.

    >>> import minimix.functional as F
    >>> F.relu6([-1.0, 2.0, 7.0]).data
    array([0., 2., 6.], dtype=float32)
    """
    return apply(ops.RELU6, as_tensor(x))


def sigmoid(x) -> Tensor:
    """1 / (1 + exp(-x)), exact at both ends.

    >>> import minimix.functional as F
    >>> F.sigmoid([-1000.0, 0.0, 1000.0]).data
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return apply(ops.SIGMOID, as_floating(x))


def swish(x) -> Tensor:
    """x * sigmoid(x) (Ramachandran et al., arXiv 1710.05941). PyTorch calls it ``silu``; so may you.

    >>> import minimix.functional as F
    >>> F.swish([-1.0, 0.0, 1.0, 10.0]).data.round(3)
    array([-0.269,  0.   ,  0.731, 10.   ], dtype=float32)
    """
    return apply(ops.SWISH, as_floating(x))


silu = swish


def hard_sigmoid(x) -> Tensor:
    """relu6(x + 3) / 6: straight lines in place of the sigmoid (MobileNetV3, arXiv 1905.02244, sec. 5.2).

    >>> import minimix.functional as F
    >>> F.hard_sigmoid([-4.0, 0.0, 1.5, 4.0]).data
    array([0.  , 0.5 , 0.75, 1.  ], dtype=float32)
    """
    return apply(ops.HARD_SIGMOID, as_floating(x))


def hard_swish(x) -> Tensor:
    """x * relu6(x + 3) / 6 (MobileNetV3, arXiv 1905.02244, sec. 5.2).

    >>> import minimix.functional as F
    >>> F.hard_swish([-4.0, 0.0, 1.5, 4.0]).data
    array([-0.   ,  0.   ,  1.125,  4.   ], dtype=float32)
    """
    return apply(ops.HARD_SWISH, as_floating(x))


@accepts_torch_names
def softmax(x, axis: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) over ``axis``: positive numbers that add up to 1.

    >>> import minimix.functional as F
    >>> F.softmax([1000.0, 1000.0]).data
    array([0.5, 0.5], dtype=float32)
    """
    return _over_axis(ops.SOFTMAX, x, axis)


@accepts_torch_names
def log_softmax(x, axis: int = -1) -> Tensor:
    """log(softmax(x)), exact where the softmax itself would round to 0.

    >>> import minimix.functional as F
    >>> F.log_softmax([0.0, 1000.0]).data
    array([-1000.,     0.], dtype=float32)
    """
    return _over_axis(ops.LOG_SOFTMAX, x, axis)


def _over_axis(op, x, axis: int) -> Tensor:
    x = as_floating(x)
    axis = check_axis(op.name, axis, x.ndim)
    if x.ndim == 0:
        raise ValueError(f"{op.name}: a 0-d Tensor has no axis to share out over")
    if x.shape[axis] == 0:
        raise ValueError(f"{op.name}: axis {axis} of shape {x.shape} is empty: nothing to share out over")
    return apply(op, x, axis=axis)


def dropout(x, p: float = 0.5, training: bool = True, rng: np.random.Generator | None = None) -> Tensor:
    """Zero each element with probability ``p`` and divide the others by 1 - p. Without ``training``, x itself.

    rng: where the chance comes from; None takes the generator that ``mm.manual_seed`` sets.
    Raises ValueError where p is not between 0 and 1.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.dropout(np.ones(6), p=0.5, rng=np.random.default_rng(0)).data
    array([2., 2., 2., 0., 0., 0.])
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p={p} is a probability: expected 0 to 1")
    x = as_floating(x)
    if not training or p == 0:
        return x
    return apply(ops.DROPOUT, x, p=p, rng=default_generator() if rng is None else rng)
