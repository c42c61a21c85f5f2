"""Parts of a Tensor."""

from typing import Any

import numpy as np

from minimix.functional.promotion import as_tensor
from minimix.ops.indexing import GETITEM
from minimix.tensor import Tensor, apply


def getitem(x: Any, index: Any) -> Tensor:
    """``x[index]``, with ints, slices, None, ``...``, integer arrays and boolean masks, as in NumPy.

    An element that is taken several times gets the sum of the gradients. Raises IndexError where there is no such element.

    >>> import minimix as mm
    >>> x = mm.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> x[[0, 0, 2]].sum().backward()
    >>> x.grad
    array([2., 0., 1.], dtype=float32)
    """
    x = as_tensor(x)
    index = tuple(_plain(part) for part in index) if isinstance(index, tuple) else _plain(index)
    return apply(GETITEM, x, index=index)


def _plain(part):
    """Without Tensors; lists become arrays of their own, so that changing the list later does not change the graph."""
    if isinstance(part, Tensor):
        part = part.data
    if isinstance(part, list):
        part = np.asarray(part, dtype=None if part else np.intp)
    return part.copy() if isinstance(part, np.ndarray) else part
