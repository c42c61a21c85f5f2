"""Tensors in another shape."""

from collections.abc import Sequence

import numpy as np

from minimix.functional.elementwise import check_broadcast
from minimix.functional.indexing import getitem
from minimix.functional.promotion import accepts_torch_names, as_tensor, check_axis, promote
from minimix.ops import shape as ops
from minimix.tensor import Tensor, apply


def _numbers(name: str, numbers: tuple) -> tuple[int, ...]:
    """``f(x, 2, 3)`` and ``f(x, (2, 3))`` are the same."""
    if len(numbers) == 1 and isinstance(numbers[0], (tuple, list)):
        numbers = tuple(numbers[0])
    for n in numbers:
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
            raise TypeError(f"{name}: expected whole numbers, not {n!r} in {numbers}")
    return tuple(int(n) for n in numbers)


def reshape(x, *shape: int | Sequence[int]) -> Tensor:
    """The same elements, row by row, in another shape; one length may be -1: whatever is left.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.reshape(np.arange(6.0), 2, -1).data
    array([[0., 1., 2.],
           [3., 4., 5.]])
    """
    x = as_tensor(x)
    shape = _numbers("reshape", shape)
    known = int(np.prod([n for n in shape if n != -1]))
    fits = x.size == known if -1 not in shape else known and x.size % known == 0
    if shape.count(-1) > 1 or any(n < -1 for n in shape) or not fits:
        raise ValueError(
            f"reshape: {x.size} elements of shape {x.shape} do not fill shape {shape} (at most one -1, for the rest)"
        )
    return apply(ops.RESHAPE, x, shape=shape)


@accepts_torch_names
def flatten(x, start_axis: int = 0, end_axis: int = -1) -> Tensor:
    """Merge the axes from ``start_axis`` to ``end_axis``, both included, into one.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.flatten(np.zeros((2, 3, 4)), 1).shape
    (2, 12)
    """
    x = as_tensor(x)
    start, end = check_axis("flatten", start_axis, x.ndim), check_axis("flatten", end_axis, x.ndim)
    if start > end:
        raise ValueError(f"flatten: start_axis {start_axis} comes after end_axis {end_axis} in shape {x.shape}")
    merged = int(np.prod(x.shape[start : end + 1]))
    return apply(ops.RESHAPE, x, shape=(*x.shape[:start], merged, *x.shape[end + 1 :]))


@accepts_torch_names
def permute(x, *axes: int | Sequence[int]) -> Tensor:
    """Axis i of the output is axis ``axes[i]`` of x. Nothing is copied.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.permute(np.zeros((2, 3, 4)), 2, 0, 1).shape
    (4, 2, 3)
    """
    x = as_tensor(x)
    axes = _numbers("permute", axes)
    order = tuple(check_axis("permute", a, x.ndim) for a in axes)
    if sorted(order) != list(range(x.ndim)):
        raise ValueError(f"permute: {axes} must name each of the {x.ndim} axes of shape {x.shape} once")
    return apply(ops.PERMUTE, x, axes=order)


@accepts_torch_names
def transpose(x, axis0: int | Sequence[int] | None = None, axis1: int | None = None, *others: int) -> Tensor:
    """Swap two axes; all in reverse order without any; in a given order, as ``permute``, where all or a tuple are given.

    Two numbers are PyTorch's, what else is given NumPy's: ``x.transpose(0, 1)`` swaps axes. Nothing is copied.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> x = np.zeros((2, 3, 4))
    >>> F.transpose(x, 0, -1).shape, F.transpose(x).shape, F.transpose(x, (0, 2, 1)).shape
    ((4, 3, 2), (4, 3, 2), (2, 4, 3))
    """
    x = as_tensor(x)
    if axis0 is None and axis1 is None:
        return permute(x, *reversed(range(x.ndim)))
    if isinstance(axis0, (tuple, list)) and axis1 is None:
        return permute(x, axis0)
    if others:
        return permute(x, *_numbers("transpose", (axis0, axis1, *others)))
    a, b = check_axis("transpose", axis0, x.ndim), check_axis("transpose", axis1, x.ndim)
    order = list(range(x.ndim))
    if order:
        order[a], order[b] = b, a
    return apply(ops.PERMUTE, x, axes=tuple(order))


@accepts_torch_names
def squeeze(x, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Drop axes of length 1: all, or those in ``axis``. Axes of another length stay, even if named, as in PyTorch.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.squeeze(np.zeros((1, 3, 1))).shape, F.squeeze(np.zeros((1, 3, 1)), 0).shape
    ((3,), (3, 1))
    """
    x = as_tensor(x)
    named = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = {check_axis("squeeze", a, x.ndim) for a in named}
    return apply(ops.RESHAPE, x, shape=tuple(n for i, n in enumerate(x.shape) if n != 1 or i not in axes))


@accepts_torch_names
def unsqueeze(x, axis: int) -> Tensor:
    """A new axis of length 1 at ``axis`` of the output.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.unsqueeze(np.zeros((2, 3)), 1).shape
    (2, 1, 3)
    """
    x = as_tensor(x)
    i = check_axis("unsqueeze", axis, x.ndim, extra=1)
    return apply(ops.RESHAPE, x, shape=(*x.shape[:i], 1, *x.shape[i:]))


def broadcast_to(x, *shape: int | Sequence[int]) -> Tensor:
    """Repeat x to ``shape`` as broadcasting would. Nothing is copied; the gradient is summed.

    >>> import minimix.functional as F
    >>> F.broadcast_to([1.0, 2.0], 2, 2).data
    array([[1., 2.],
           [1., 2.]], dtype=float32)
    """
    x = as_tensor(x)
    shape = _numbers("broadcast_to", shape)
    if any(n < 0 for n in shape) or check_broadcast("broadcast_to", x.shape, shape) != shape:
        raise ValueError(f"broadcast_to: shape {x.shape} does not repeat to {shape}: only axes of length 1 can grow")
    return apply(ops.EXPAND, x, shape=shape)


def expand(x, *shape: int | Sequence[int]) -> Tensor:
    """Like ``broadcast_to``; a length of -1 leaves that axis as it is.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.expand(np.zeros((3, 1)), -1, 4).shape
    (3, 4)
    """
    x = as_tensor(x)
    shape = _numbers("expand", shape)
    new = len(shape) - x.ndim
    if new < 0 or -1 in shape[:new]:
        raise ValueError(f"expand: shape {x.shape} to {shape}: new axes come first, and need a length of their own")
    return broadcast_to(x, tuple(x.shape[i - new] if n == -1 else n for i, n in enumerate(shape)))


@accepts_torch_names
def concatenate(tensors, axis: int = 0) -> Tensor:
    """Join Tensors along an axis that they have. Their other axes must agree. Also called ``cat``.

    >>> import minimix.functional as F
    >>> F.concatenate([[1.0, 2.0], [3.0]]).data
    array([1., 2., 3.], dtype=float32)
    """
    tensors = _several("concatenate", tensors)
    first = tensors[0]
    if first.ndim == 0:
        raise ValueError("concatenate: 0-d Tensors have no axis to join: use stack()")
    axis = check_axis("concatenate", axis, first.ndim)
    for i, t in enumerate(tensors):
        if t.ndim != first.ndim or any(n != m for a, (n, m) in enumerate(zip(t.shape, first.shape, strict=True)) if a != axis):
            raise ValueError(
                f"concatenate: tensors[{i}] has shape {t.shape}, tensors[0] {first.shape}: all axes but {axis} must agree"
            )
    return apply(ops.CONCATENATE, *tensors, axis=axis)


cat = concatenate


@accepts_torch_names
def stack(tensors, axis: int = 0) -> Tensor:
    """Join Tensors of one shape along a new axis.

    >>> import minimix.functional as F
    >>> F.stack([[1.0, 2.0], [3.0, 4.0]], axis=1).data
    array([[1., 3.],
           [2., 4.]], dtype=float32)
    """
    tensors = _several("stack", tensors)
    axis = check_axis("stack", axis, tensors[0].ndim, extra=1)
    for i, t in enumerate(tensors):
        if t.shape != tensors[0].shape:
            raise ValueError(f"stack: tensors[{i}] has shape {t.shape}, tensors[0] {tensors[0].shape}: they must be equal")
    return apply(ops.CONCATENATE, *(unsqueeze(t, axis) for t in tensors), axis=axis)


def _several(name: str, tensors) -> tuple[Tensor, ...]:
    if isinstance(tensors, Tensor):
        raise TypeError(f"{name}: expected a list of Tensors, not one Tensor of shape {tensors.shape}")
    tensors = tuple(tensors)
    if not tensors:
        raise ValueError(f"{name}: expected at least one Tensor, got an empty list")
    return promote(*tensors)


@accepts_torch_names
def split(x, size_or_sizes: int | list[int] | tuple[int, ...], axis: int = 0) -> tuple[Tensor, ...]:
    """Cut along ``axis``: into pieces of one length (the last may be shorter), or of the lengths given.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> [piece.shape for piece in F.split(np.zeros((7, 2)), 3)]
    [(3, 2), (3, 2), (1, 2)]
    """
    x = as_tensor(x)
    axis = check_axis("split", axis, x.ndim)
    if x.ndim == 0:
        raise ValueError("split: a 0-d Tensor has no axis to cut")
    length = x.shape[axis]
    if isinstance(size_or_sizes, (tuple, list)):
        sizes = _numbers("split", (size_or_sizes,))
    else:
        (size,) = _numbers("split", (size_or_sizes,))
        if size <= 0:
            raise ValueError(f"split: pieces of length {size}: expected 1 or more")
        sizes = tuple(min(size, length - start) for start in range(0, length, size)) or (0,)
    if any(n < 0 for n in sizes) or sum(sizes) != length:
        raise ValueError(f"split: pieces {sizes} do not add up to the {length} of axis {axis} of shape {x.shape}")
    ends = np.cumsum(sizes).tolist()
    return tuple(getitem(x, (slice(None),) * axis + (slice(end - n, end),)) for n, end in zip(sizes, ends, strict=True))


def pad(x, pad: tuple[int, ...] | list[int], mode: str = "constant", value: float = 0.0) -> Tensor:
    """Put ``value`` around x. ``pad`` counts from the *last* axis: (left, right, top, bottom, ...); negative numbers cut away.

        pad (2, 1):  1 2 3 4  ->  0 0 1 2 3 4 0

    >>> import minimix.functional as F
    >>> F.pad([1.0, 2.0, 3.0, 4.0], (2, 1)).data
    array([0., 0., 1., 2., 3., 4., 0.], dtype=float32)
    """
    x = as_tensor(x)
    if mode != "constant":
        raise ValueError(f"pad: mode {mode!r}: only 'constant' exists here")
    amounts = _numbers("pad", (tuple(pad),))
    if len(amounts) % 2 or len(amounts) > 2 * x.ndim:
        raise ValueError(
            f"pad: {amounts} for shape {x.shape}: expected pairs (before, after), last axis first, at most {x.ndim}"
        )
    untouched = [0] * (x.ndim - len(amounts) // 2)
    before, after = (tuple(untouched + list(amounts[side::2])[::-1]) for side in (0, 1))
    for axis, (b, n, a) in enumerate(zip(before, x.shape, after, strict=True)):
        if b + n + a < 0 or n + min(a, 0) < 0 or n + min(b, 0) < 0:
            raise ValueError(f"pad: ({b}, {a}) cuts more from axis {axis} of shape {x.shape} than there is")
    return apply(ops.PAD, x, before=before, after=after, value=value)
