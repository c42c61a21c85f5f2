"""What can be done to a Tensor: each of its operators and methods is a function of this package, attached here.

``tensor.py`` knows the tape only, and the functions need ``tensor.py``; so they are joined afterwards.
"""

import inspect
import types
from collections.abc import Iterator
from typing import Any, SupportsFloat, TypeAlias

import numpy as np

from minimix import changes
from minimix.functional import activation, elementwise, elsewhere, indexing, promotion, reduce, shape
from minimix.functional.matmul import matmul
from minimix.tensor import Tensor, is_grad_enabled

Operand: TypeAlias = Tensor | np.ndarray | np.generic | complex | SupportsFloat  # to type checkers, an int is a complex, too


def _operand(value) -> bool:
    return isinstance(value, (Tensor, np.ndarray)) or promotion.is_number(value)


def _calculates_with(value) -> bool:
    """Anything strange is left to Python, which says 'unsupported operand types' or asks the other operand. But not sequences:
    Python would repeat ``[1, 2] * Tensor(2)``."""
    if isinstance(value, (list, tuple, str, bytes, bytearray)):
        raise TypeError(f"unsupported operand types: a Tensor and a {type(value).__name__}: make a Tensor or an array of it")
    return _operand(value)


def _operator(function):
    """Leaves a strange right-hand side to Python, which says 'unsupported operand types' or asks the other operand."""

    def operator(self, other: Operand) -> Tensor:
        return function(self, other) if _calculates_with(other) else NotImplemented

    operator.__doc__ = function.__doc__
    return operator


def _reflected(function):
    def operator(self, other: Operand) -> Tensor:
        return function(other, self) if _calculates_with(other) else NotImplemented

    operator.__doc__ = function.__doc__
    return operator


def _in_place(name: str, function):
    """``w -= step``. A leaf that requires gradients is written into, under ``no_grad()`` as in PyTorch. Any other Tensor stays
    as it is: ``y += x`` is ``y = y + x``."""

    def operator(self, other: Operand) -> Tensor:
        if not _calculates_with(other):
            return NotImplemented
        if not (self.is_leaf and self.requires_grad):
            return function(self, other)
        if is_grad_enabled():
            raise RuntimeError(
                f"{name} on a leaf Tensor that requires gradients: it would be lost to whoever holds it, an optimizer or a "
                "module. To change its values, do it under no_grad(); to compute with it, write x = x + ..."
            )
        changed = function(self, other).data
        if changed.shape != self.shape:
            raise ValueError(f"{name}: the result has shape {changed.shape}, which does not fit into {self.shape}")
        self.data[...] = changed
        changes.mark([self.data])
        return self

    operator.__doc__ = function.__doc__
    return operator


def _comparison(ufunc):
    """Plain booleans, outside the graph."""

    def compare(self, other: Any) -> np.ndarray:
        """Where it is so: an array of booleans, outside the graph."""
        if not _operand(other):
            return NotImplemented  # so that x == None is False
        if not isinstance(other, np.ndarray):
            other = other.data if isinstance(other, Tensor) else promotion.plain(other)
        return np.asarray(ufunc(self.data, other))

    return compare


for _name, _function in {
    "add": elementwise.add,
    "sub": elementwise.sub,
    "mul": elementwise.mul,
    "truediv": elementwise.div,
    "pow": elementwise.pow,
    "matmul": matmul,
}.items():
    setattr(Tensor, f"__{_name}__", _operator(_function))
    setattr(Tensor, f"__r{_name}__", _reflected(_function))

for _name, _sign, _function in [
    ("iadd", "+=", elementwise.add),
    ("isub", "-=", elementwise.sub),
    ("imul", "*=", elementwise.mul),
    ("itruediv", "/=", elementwise.div),
    ("ipow", "**=", elementwise.pow),
]:
    setattr(Tensor, f"__{_name}__", _in_place(_sign, _function))

for _name, _ufunc in {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}.items():
    setattr(Tensor, f"__{_name}__", _comparison(_ufunc))

Tensor.matmul = matmul
Tensor.__hash__ = object.__hash__  # by identity: == compares elements, and Tensors are still keys of dicts
Tensor.__neg__ = elementwise.neg
Tensor.__abs__ = elementwise.abs
Tensor.__getitem__ = indexing.getitem

for _module, _names in {
    elementwise: "exp log sqrt tanh abs pow clip maximum minimum astype",
    activation: "relu relu6 sigmoid swish softmax log_softmax",
    reduce: "sum mean max min var std argmax",
    shape: "reshape flatten permute transpose squeeze unsqueeze expand broadcast_to split",
}.items():
    for _name in _names.split():
        setattr(Tensor, _name, getattr(_module, _name))

Tensor.clamp = elementwise.clip  # PyTorch's names for the same
Tensor.silu = activation.swish
Tensor.view = shape.reshape


def _method(function):
    setattr(Tensor, function.__name__, function)


def _missing(self, name: str):
    """Only asked for what a Tensor has not."""
    instead = f": {elsewhere.INSTEAD[name]}" if name in elsewhere.INSTEAD else ""
    raise AttributeError(f"a Tensor has no attribute {name!r}{instead}", name=name, obj=self)


Tensor.__getattr__ = _missing


@_method
def __setitem__(self, index, value) -> None:
    """Only raises."""
    raise TypeError(
        "Tensors are not written into by index: x.data[index] = values does it outside the graph, before x is used; where()"
        " and concatenate() do it inside"
    )


@_method
def __iter__(self) -> Iterator[Tensor]:
    """The rows, along the first axis."""
    if self.ndim == 0:
        raise TypeError("a 0-d Tensor has no rows to go through: use .item()")
    return (self[i] for i in range(len(self)))


@_method
def __array__(self, dtype=None, copy=None) -> np.ndarray:
    """For ``np.asarray``. Raises RuntimeError for what requires gradients."""
    if self.requires_grad:
        raise RuntimeError("NumPy cannot follow gradients: use .data, or .detach(), for an array outside the graph")
    return np.array(self.data, dtype=dtype, copy=copy)


@_method
def float(self) -> Tensor:
    """As float32."""
    return promotion.cast(self, np.float32)


@_method
def double(self) -> Tensor:
    """As float64."""
    return promotion.cast(self, np.float64)


@_method
def tolist(self) -> list[Any]:
    """Nested lists of Python numbers."""
    return self.data.tolist()


@_method
def dim(self) -> int:
    """How many axes it has: PyTorch's name for ``ndim``."""
    return self.ndim


@_method
def numel(self) -> int:
    """How many numbers it holds: PyTorch's name for ``size``."""
    return int(self.size)


@_method
def requires_grad_(self, flag: bool = True) -> Tensor:
    """Ask for gradients from now on, or for none. Only of leaves. Returns self."""
    if not self.is_leaf:
        raise RuntimeError("requires_grad_() is for leaves, not for what an op made: detach() that first")
    if flag and self.dtype.kind not in "fc":
        raise TypeError(f"only floating-point Tensors can require gradients, not {self.dtype}: call .float() first")
    self.requires_grad = bool(flag)
    return self


def T(self) -> Tensor:
    """All axes in reverse order."""
    return shape.permute(self, *reversed(range(self.ndim)))


Tensor.T = property(T)


def _named(name: str, function: types.FunctionType) -> types.FunctionType:
    """The same function under the name that it has in a Tensor, for ``help`` and tracebacks. It costs no further call."""
    method = types.FunctionType(function.__code__, function.__globals__, name, function.__defaults__, function.__closure__)
    vars(method).update(vars(function))
    method.__kwdefaults__, method.__annotations__ = function.__kwdefaults__, function.__annotations__
    method.__module__, method.__qualname__, method.__doc__ = Tensor.__module__, f"Tensor.{name}", function.__doc__
    first, *others = inspect.signature(function).parameters.values()
    bound = first.replace(name="self", annotation=inspect.Parameter.empty)
    method.__signature__ = inspect.signature(function).replace(parameters=[bound, *others])
    return method


for _name, _function in list(vars(Tensor).items()):
    if isinstance(_function, types.FunctionType) and not _function.__qualname__.startswith("Tensor."):
        setattr(Tensor, _name, _named(_name, _function))
