"""PyTorch's tensors as its files describe them: a part of a storage, and which step in it each axis makes.

The numbers lie elsewhere in the file, in a storage that several tensors may share. A tensor stays a description until
``Tensor.array`` is given the storage's bytes.
"""

import dataclasses
import math
from typing import Literal

import numpy as np

from minimix.weights.reading.result import Budget, ReadError, empty, shown
from minimix.weights.reading.safetensors import from_bfloat16

AXES = 64  # NumPy's most
UNTYPED = "bytes"  # of a storage that does not say of what; then each tensor does
BFLOAT16 = "bfloat16"
DTYPES = {  # PyTorch's name: NumPy's. Of those that are missing, there are no such numbers here
    "float64": "f8", "double": "f8", "float32": "f4", "float": "f4", "float16": "f2", "half": "f2", BFLOAT16: "u2",
    "complex64": "c8", "cfloat": "c8", "complex128": "c16", "cdouble": "c16", "bool": "?",
    "int64": "i8", "int32": "i4", "int16": "i2", "int8": "i1", "uint64": "u8", "uint32": "u4", "uint16": "u2", "uint8": "u1",
}  # fmt: skip
QUANTISED = {"qint8": 1, "quint8": 1, "qint32": 4, "quint4x2": 1, "quint2x4": 1}  # bytes of numbers that are passed over
STORAGES = {  # PyTorch's classes of storages: the dtype of their numbers
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": BFLOAT16,
    "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128", "BoolStorage": "bool",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8",
    "QInt8Storage": "qint8", "QUInt8Storage": "quint8", "QInt32Storage": "qint32", "QUInt4x2Storage": "quint4x2",
    "QUInt2x4Storage": "quint2x4",
}  # fmt: skip


def itemsize(dtype: str) -> int:
    """Bytes of one number."""
    return np.dtype(DTYPES[dtype]).itemsize if dtype in DTYPES else QUANTISED.get(dtype, 1)


@dataclasses.dataclass(frozen=True)
class Storage:
    """Numbers that lie outside the pickle.

    total: how many there are. start, numel: the part that is meant; all of them, but for an old kind of view.
    """

    key: str
    dtype: str
    total: int
    start: int
    numel: int

    @property
    def itemsize(self) -> int:
        return itemsize(self.dtype)


class Unreadable:
    """A tensor that is no array. what: its kind, and what makes one of it."""

    def __init__(self, what: str):
        self.what = what


def of_dtype(dtype: str) -> Unreadable:
    """A tensor of numbers that NumPy does not have."""
    if dtype in QUANTISED:
        return Unreadable(f"quantised ({dtype}): take the network from before, or in PyTorch tensor.dequantize()")
    return Unreadable(f"{dtype}, which NumPy does not have: in PyTorch, tensor.float() makes float32 of it")


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A tensor's description. offset, stride: in numbers. conjugate, negative: that is still to be done to them."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: str
    conjugate: bool = False
    negative: bool = False

    def array(self, raw: memoryview, order: Literal["<", ">"], budget: Budget) -> np.ndarray:
        """The array, in the memory of its storage's bytes where that can be. order: of the bytes of a number, "<" or ">"."""
        storage, size, number = self.storage, itemsize(self.dtype), math.prod(self.shape)
        dtype = np.dtype(DTYPES[self.dtype]).newbyteorder(order)
        start = storage.start * storage.itemsize + self.offset * size
        last = sum((length - 1) * step for length, step in zip(self.shape, self.stride, strict=True))
        end = min((storage.start + storage.numel) * storage.itemsize, len(raw))
        if number == 0:
            array = empty(self.shape, dtype)
        elif start + (last + 1) * size > end:
            raise ReadError(f"its part of the storage {shown(storage.key)} reaches beyond the end: damaged")
        else:
            more = number > storage.numel or self.dtype == BFLOAT16 or self.conjugate or self.negative  # than the file has
            if more:
                budget.take(number * size, f"an array of shape {shown(self.shape)}")
            steps = [step * size if length > 1 else 0 for length, step in zip(self.shape, self.stride, strict=True)]
            array = np.ndarray(self.shape, dtype, raw, start, steps)
            array.flags.writeable = False
        if self.dtype == BFLOAT16:
            array = from_bfloat16(array)
        if self.conjugate:
            array = array.conj()
        return -array if self.negative else array
