"""Which dtype comes out where several go in: PyTorch's rules.

Three ranks take part: arrays with axes, 0-d arrays, and plain numbers. A lower rank never widens a higher one's dtype; it
only changes the kind (bool < integer < floating < complex). So ``float32_tensor * 2.5`` and ``float32_tensor * float64_loss``
stay float32, while ``integer_tensor * 2.5`` becomes floating.
"""

import functools
import numbers
from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar, overload

import numpy as np

from minimix.functional import names
from minimix.ops.elementwise import CAST
from minimix.tensor import Tensor, apply

P = ParamSpec("P")
R = TypeVar("R", covariant=True)
C = TypeVar("C")
_DEFAULTS = {bool: np.dtype(bool), int: np.dtype(np.int64), float: np.dtype(np.float32), complex: np.dtype(np.complex64)}
_OF_KIND = {"b": bool, "i": int, "u": int, "f": float, "c": complex}


def is_number(value) -> bool:
    """Python's and NumPy's scalars, fractions too: numbers that should not decide about precision. Not ``Decimal``, which
    refuses to meet floats."""
    return value.dtype.kind in _OF_KIND if isinstance(value, np.generic) else isinstance(value, numbers.Complex)


def plain(value):
    """A number as one of Python's own: bool, int, float or complex."""
    if isinstance(value, np.generic):
        return _OF_KIND[value.dtype.kind](value)
    if isinstance(value, (bool, int, float, complex)):
        return value
    whole, real = isinstance(value, numbers.Integral), isinstance(value, numbers.Real)
    return int(value) if whole else float(value) if real else complex(value)


def _wider(a: np.dtype | None, b: np.dtype) -> np.dtype:
    """The common dtype of two arrays of one rank. int64 with float32 is float32 here, not NumPy's float64."""
    if a is None or a == b:
        return b
    if (a.kind in "fc") != (b.kind in "fc"):
        return a if a.kind in "fc" else b
    return np.promote_types(a, b)


def result_dtype(*values) -> np.dtype:
    """The dtype in which Tensors and numbers meet."""
    ranks: list = [None, None, None]  # arrays, 0-d arrays, numbers
    for value in values:
        if isinstance(value, Tensor):
            rank, dtype = (0 if value.ndim else 1), value.dtype
        else:
            rank, dtype = 2, next(dtype for kind, dtype in _DEFAULTS.items() if isinstance(plain(value), kind))
        ranks[rank] = _wider(ranks[rank], dtype)
    result: Any = None
    for dtype in ranks:
        if dtype is None:
            continue
        if result is None:
            result = dtype
        elif _rank_of_kind(dtype) > _rank_of_kind(result):
            # a complex number makes a float64 array complex128, not complex64
            result = np.promote_types(result, dtype) if result.kind == "f" else dtype
    return result


def _rank_of_kind(dtype: np.dtype) -> int:
    return {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}[dtype.kind]


def cast(x: Tensor, dtype) -> Tensor:
    """``x`` in another dtype; the gradient comes back in x's own."""
    dtype = np.dtype(dtype)
    if x.dtype == dtype:
        return x
    if dtype.kind not in "fc":
        return Tensor(x.data.astype(dtype))  # whole numbers have no slope: the graph ends here
    return apply(CAST, x, dtype=dtype)


def promote(*values) -> tuple:
    """Tensors of one common dtype, from Tensors, arrays and numbers."""
    if all(isinstance(v, Tensor) and v.dtype == values[0].dtype for v in values):
        return values
    values = tuple(v if isinstance(v, Tensor) or is_number(v) else Tensor(v) for v in values)
    dtype = result_dtype(*values)
    return tuple(cast(v, dtype) if isinstance(v, Tensor) else Tensor(np.asarray(plain(v), dtype)) for v in values)


def as_floating(x) -> Tensor:
    """``x`` as a Tensor with a fractional part: whole numbers become float32."""
    x = as_tensor(x)
    return x if x.dtype.kind in "fc" else cast(x, np.float32)


def as_tensor(x) -> Tensor:
    return x if isinstance(x, Tensor) else Tensor(x)


class _WithTorchNames(Protocol[P, R]):
    """What type checkers see of a function that ``accepts_torch_names``."""

    @overload
    def __call__(self, *args: P.args, **options: P.kwargs) -> R: ...
    @overload
    def __call__(self, *args: Any, dim: int | tuple[int, ...] | list[int] | None, **options: Any) -> R: ...
    @overload
    def __call__(self, *args: Any, keepdim: bool, **options: Any) -> R: ...
    @overload
    def __call__(self, *args: Any, dims: int | tuple[int, ...] | list[int], **options: Any) -> R: ...
    @overload
    def __call__(self, *args: Any, start_dim: int, **options: Any) -> R: ...
    @overload
    def __call__(self, *args: Any, end_dim: int, **options: Any) -> R: ...
    @overload
    def __call__(self, *args: Any, unbiased: bool, **options: Any) -> R: ...
    @overload
    def __call__(self, *args: Any, input: Any, **options: Any) -> R: ...
    @overload
    def __call__(self, *args: Any, target: Any, **options: Any) -> R: ...


def accepts_torch_names(function: Callable[P, R]) -> _WithTorchNames[P, R]:
    """Let callers write ``dim`` for ``axis`` and ``keepdim`` for ``keepdims``, as they would in PyTorch; see ``names.py``.

    Raises TypeError where both are given."""
    foreign = names.foreign_names(function)

    @functools.wraps(function)
    def wrapper(*args, **options):
        if not foreign.keys().isdisjoint(options):
            args, options = names.translate(function, foreign, args, options)
        return function(*args, **options)

    return wrapper


def init_accepts_torch_names(cls: type[C]) -> type[C]:
    """The same for what a class is made with."""
    setattr(cls, "__init__", accepts_torch_names(cls.__init__))  # noqa: B010 - types know no such assignment
    return cls


def check_axis(name: str, axis, ndim: int, extra: int = 0) -> int:
    """``axis`` counted from the front. ``extra``: how many axes beyond the existing ones may be named.

    Raises TypeError where it is no int, IndexError where there is no such axis.
    """
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"{name}: axis must be an int, not {axis!r}")
    n = max(ndim + extra, 1)  # a 0-d Tensor has, as in PyTorch, an axis 0 to speak of
    if not -n <= axis < n:
        raise IndexError(f"{name}: no axis {axis} in a Tensor with {ndim} axes: expected {-n} to {n - 1}")
    return int(axis) % n
