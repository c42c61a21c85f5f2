"""Reductions of Tensors. ``axis`` and ``keepdims`` as in NumPy; PyTorch's ``dim`` and ``keepdim`` mean the same."""

import functools
from typing import TypeAlias

import numpy as np

from minimix.functional.promotion import accepts_torch_names, as_tensor, cast, check_axis
from minimix.ops import reduce as ops
from minimix.tensor import Tensor, apply

Axis: TypeAlias = int | tuple[int, ...] | list[int] | None


def _axes(name: str, x: Tensor, axis: Axis) -> tuple[int, ...] | None:
    """Axes counted from the front; None for all of them, which an empty tuple means too, as in PyTorch."""
    if axis is None or (isinstance(axis, (tuple, list)) and not axis):
        return None
    axes = tuple(check_axis(name, a, x.ndim) for a in (axis if isinstance(axis, (tuple, list)) else (axis,)))
    if len(set(axes)) != len(axes):
        raise ValueError(f"{name}: axis {axis} names an axis of shape {x.shape} twice")
    return axes if x.ndim else None


def _flag(name: str, keepdims: bool) -> bool:
    """Refuses ``x.sum(0, 1)``, in which 1 is meant for an axis and would be taken for True."""
    if not isinstance(keepdims, (bool, np.bool_)):
        raise TypeError(f"{name}: keepdims must be True or False, not {keepdims!r}; several axes are a tuple, axis=(0, 1)")
    return bool(keepdims)


@accepts_torch_names
def sum(x, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum over ``axis``. Booleans and integers are summed as int64 (uint64 as itself).

    >>> import minimix.functional as F
    >>> F.sum([[1.0, 2.0], [3.0, 4.0]], axis=0).data
    array([4., 6.], dtype=float32)
    """
    x = as_tensor(x)
    if x.dtype.kind == "u" and x.dtype.itemsize < 8:  # NumPy sums these as uint64
        x = cast(x, np.int64)
    return apply(ops.SUM, x, axis=_axes("sum", x, axis), keepdims=_flag("sum", keepdims))


@accepts_torch_names
def mean(x, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Arithmetic mean over ``axis``; NaN of nothing. Refuses integers, whose mean is none.

    >>> import minimix.functional as F
    >>> F.mean([[1.0, 2.0], [3.0, 4.0]], axis=1, keepdims=True).data
    array([[1.5],
           [3.5]], dtype=float32)
    """
    x = _floating("mean", x)
    return apply(ops.MEAN, x, axis=_axes("mean", x, axis), keepdims=_flag("mean", keepdims))


class Extremes(Tensor):
    """What ``x.max(1)`` and ``x.max(dim=1)`` give: a Tensor that refuses to be taken for PyTorch's pair (values, indices)."""

    __slots__ = ()

    def __iter__(self):
        raise TypeError(
            "max and min give values only, not a pair (values, indices): places come from argmax(). To go through the values, "
            "name the axis: max(axis=1)"
        )

    def __getitem__(self, index):
        if isinstance(index, int):
            raise TypeError(
                f"[{index}] of max or min: they give values only, not a pair (values, indices): places come from argmax(). For "
                f"the value in place {index}, name the axis: max(axis=1)[{index}]"
            )
        return super().__getitem__(index)


def _is_no_pair(function):
    @functools.wraps(function)
    def wrapper(*args, **options):
        result = function(*args, **options)
        (axis,) = args[1:2] or (options.get("dim"),)
        if isinstance(axis, (int, np.integer)) and result.ndim:
            result.__class__ = Extremes
        return result

    return wrapper


@_is_no_pair
@accepts_torch_names
def max(x, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Largest value over ``axis``; NaN where there is one. Only the value, not its place: ``argmax`` gives that.

    As in NumPy, that is, where PyTorch gives pairs (values, indices): ``_, places = x.max(1)`` and ``x.max(1)[1]`` raise
    TypeError. Where ``axis`` is named, the meaning is clear: ``x.max(axis=1)[1]`` is the maximum of row 1.

    Several equal largest values share the gradient evenly (the rule of ``torch.amax``).

    >>> import minimix as mm, minimix.functional as F
    >>> x = mm.Tensor([1.0, 3.0, 3.0], requires_grad=True)
    >>> F.max(x).backward()
    >>> x.grad
    array([0. , 0.5, 0.5], dtype=float32)
    """
    return _extreme(ops.MAX, x, axis, keepdims)


@_is_no_pair
@accepts_torch_names
def min(x, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Smallest value over ``axis``, otherwise like ``max``.

    >>> import minimix.functional as F
    >>> F.min([[1.0, 2.0], [4.0, 3.0]], axis=1).data
    array([1., 3.], dtype=float32)
    """
    return _extreme(ops.MIN, x, axis, keepdims)


def _extreme(op, x, axis, keepdims) -> Tensor:
    x = as_tensor(x)
    if isinstance(axis, (Tensor, np.ndarray)):
        raise TypeError(f"{op.name}: axis must be an int, not a Tensor: the larger or smaller of two is maximum() or minimum()")
    axes = _axes(op.name, x, axis)
    _refuse_empty(op.name, x, axes)
    return apply(op, x, axis=axes, keepdims=_flag(op.name, keepdims))


def _refuse_empty(name: str, x: Tensor, axes) -> None:
    if any(x.shape[a] == 0 for a in (range(x.ndim) if axes is None else axes)):
        raise ValueError(f"{name}: nothing to choose from in shape {x.shape} over axes {'all' if axes is None else axes}")


def _floating(name: str, x) -> Tensor:
    x = as_tensor(x)
    if x.dtype.kind not in "fc":
        raise TypeError(f"{name}: needs floating-point numbers, not {x.dtype}: call .float() first")
    return x


@accepts_torch_names
def var(x, axis: Axis = None, *, keepdims: bool = False, correction: float = 1) -> Tensor:
    """Variance over ``axis``: the mean squared deviation, with count - ``correction`` for a count.

    keepdims, correction: by name only, because what stands second is ``unbiased`` in PyTorch and ``dtype`` in NumPy.
    correction: 1 (as in PyTorch) estimates the variance of what the data was drawn from, 0 (NumPy's default) gives its own.

    >>> import minimix.functional as F
    >>> F.var([1.0, 2.0, 3.0]).item(), F.var([1.0, 3.0], correction=0).item()
    (1.0, 1.0)
    """
    x = _floating("var", x)
    return apply(ops.VAR, x, axis=_axes("var", x, axis), keepdims=_flag("var", keepdims), correction=correction)


@accepts_torch_names
def std(x, axis: Axis = None, *, keepdims: bool = False, correction: float = 1) -> Tensor:
    """Standard deviation over ``axis``: the square root of ``var``. Its gradient is 0 where the deviation is.

    >>> import minimix.functional as F
    >>> F.std([1.0, 2.0, 3.0]).item()
    1.0
    """
    x = _floating("std", x)
    return apply(ops.STD, x, axis=_axes("std", x, axis), keepdims=_flag("std", keepdims), correction=correction)


@accepts_torch_names
def argmax(x, axis: int | None = None, keepdims: bool = False) -> np.ndarray:
    """Place of the (first) largest value: an array of whole numbers, outside the graph.

    >>> import minimix.functional as F
    >>> F.argmax([[1.0, 9.0], [8.0, 2.0]], axis=1)
    array([1, 0])
    """
    x = as_tensor(x)
    if axis is not None:
        axis = check_axis("argmax", axis, x.ndim)
    _refuse_empty("argmax", x, None if axis is None or not x.ndim else (axis,))
    return x.data.argmax(axis=axis if x.ndim else None, keepdims=_flag("argmax", keepdims))
