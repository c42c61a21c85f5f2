"""What can be done to a Tensor: each of its operators and methods is a function of this package, attached here.

``tensor.py`` knows the tape only, and the functions need ``tensor.py``; so they are joined afterwards.
"""

import numpy as np

from minimix import changes
from minimix.functional import activation, elementwise, indexing, promotion, reduce, shape
from minimix.functional.matmul import matmul
from minimix.tensor import Tensor, is_grad_enabled


def _operand(value) -> bool:
    return isinstance(value, (Tensor, np.ndarray)) or promotion.is_number(value)


def _calculates_with(value) -> bool:
    """Anything strange is left to Python, which says 'unsupported operand types' or asks the other operand. But not sequences:
    Python would repeat ``[1, 2] * Tensor(2)``."""
    if isinstance(value, (list, tuple, str, bytes, bytearray)):
        raise TypeError(f"unsupported operand types: a Tensor and a {type(value).__name__}: make a Tensor or an array of it")
    return _operand(value)


def _operator(function):
    return lambda self, other: function(self, other) if _calculates_with(other) else NotImplemented


def _reflected(function):
    return lambda self, other: function(other, self) if _calculates_with(other) else NotImplemented


def _in_place(name: str, function):
    """``w -= step``. A leaf that requires gradients is written into, under ``no_grad()`` as in PyTorch. Any other Tensor stays
    as it is: ``y += x`` is ``y = y + x``."""

    def operator(self, other):
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

    return operator


def _comparison(ufunc):
    """Plain booleans, outside the graph."""

    def compare(self, other):
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


@_method
def __iter__(self):
    if self.ndim == 0:
        raise TypeError("a 0-d Tensor has no rows to go through: use .item()")
    return (self[i] for i in range(len(self)))


@_method
def __array__(self, dtype=None, copy=None):
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
def tolist(self) -> list:
    """Nested lists of Python numbers."""
    return self.data.tolist()


Tensor.T = property(lambda self: shape.permute(self, *reversed(range(self.ndim))), doc="All axes in reverse order.")
