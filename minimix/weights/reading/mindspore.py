"""MindSpore's checkpoints, .ckpt: a protocol buffer, in which each parameter has its name, shape, type and numbers.

    file      1: parameter, one after the other
    parameter 1: its name    2: tensor
    tensor    1: length of an axis, for each; a single 0 where there are no axes    2: "Float32", ...    3: its bytes

Arrays beyond half a gigabyte come in several pieces of one name. A checksum may stand at the end. The source is
github.com/mindspore-ai/mindspore: mindspore/ccsrc/utils/checkpoint.proto, mindspore/train/serialization.py.
"""

import math
import re
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from minimix.weights.reading.result import Budget, ReadError, empty, shown
from minimix.weights.reading.safetensors import from_bfloat16

_DTYPES = {
    "Float64": "<f8", "Float32": "<f4", "Float16": "<f2", "BFloat16": "<u2", "Bool": "?",
    "Int64": "<i8", "Int32": "<i4", "Int16": "<i2", "Int8": "i1", "UInt64": "<u8", "UInt32": "<u4", "UInt16": "<u2",
    "UInt8": "u1",
}  # fmt: skip
_CHECKSUM, _DIGITS = b"crc_num", 10
_MOST, _AXES = 100_000, 64  # parameters; NumPy's axes
_LENGTH = rb"[\x80-\xff]{0,4}[\x00-\x7f]"
# A parameter with a name, in it a tensor. A TensorFlow graph begins so, too, but where the tensor is, it has a word.
_BEGINNING = re.compile(rb"\n" + _LENGTH + rb"\n" + _LENGTH + rb"[ -~]+?\x12" + _LENGTH + rb"[\x08\x0a\x12]")


def begins(content: bytes) -> bool:
    """Whether it looks like one."""
    return _BEGINNING.match(content[:2000]) is not None


def entries(content: bytes, budget: Budget) -> dict[str, np.ndarray]:
    """{name: array} in the file's order, in its memory. Raises ReadError."""
    try:
        return _entries(_checked(memoryview(content)), budget)
    except ReadError:
        raise
    except (IndexError, ValueError, TypeError) as error:  # of ours, where lengths and fields are not what they should be
        raise ReadError(f"is no whole checkpoint of MindSpore ({error}): truncated or damaged") from None


def _checked(content: memoryview) -> memoryview:
    """Without the checksum at the end, where there is one."""
    end = len(content) - len(_CHECKSUM) - _DIGITS
    if end < 0 or content[end : end + len(_CHECKSUM)] != _CHECKSUM:
        return content
    if zlib.crc32(content[:end]) != int.from_bytes(content[-_DIGITS:], "big"):
        raise ReadError("does not have its checksum: damaged")
    return content[:end]


def _entries(content: memoryview, budget: Budget) -> dict[str, np.ndarray]:
    pieces: dict[str, list] = {}
    kinds: dict[str, tuple[tuple[int, ...], str]] = {}
    for number, parameter in _fields(content):
        if number != 1:
            raise ValueError(f"a field {number}")
        fields = dict(_fields(_bytes(parameter)))
        name = str(_bytes(fields.get(1)), "utf-8")
        if set(fields) != {1, 2}:
            raise ReadError(f"holds something else than arrays: {shown(name)}")
        shape, kind, data = _tensor(_bytes(fields[2]), name)
        if kinds.setdefault(name, (shape, kind)) != (shape, kind):
            raise ReadError(f"{shown(name)} is twice in it")
        pieces.setdefault(name, []).append(data)
        if len(kinds) > _MOST:
            raise ReadError(f"it has more than {_MOST:,} parameters, too many for weights")
    return {name: _array(name, *kinds[name], parts, budget) for name, parts in pieces.items()}


def _tensor(content: memoryview, name: str) -> tuple[tuple[int, ...], str, memoryview]:
    """(shape, type, bytes)."""
    shape: list[int] = []
    rest: dict[int, Any] = {}
    for number, value in _fields(content):
        if number != 1:
            rest[number] = value
        elif isinstance(value, int):
            shape.append(value)
        else:  # all lengths together, as other writers may have them
            at = 0
            while at < len(value):
                length, at = _varint(value, at)
                shape.append(length)
    kind = str(_bytes(rest.get(2)), "utf-8")
    if len(shape) > _AXES or any(length >= 1 << 62 for length in shape):
        raise ReadError(f"{shown(name)} has a shape that no array has: damaged")
    if kind not in _DTYPES:
        raise ReadError(f"{shown(name)} is {shown(kind)}, expected one of {', '.join(_DTYPES)}")
    return tuple(shape), kind, _bytes(rest.get(3, memoryview(b"")))


def _array(name: str, shape: tuple, kind: str, pieces: list[memoryview], budget: Budget) -> np.ndarray:
    dtype = np.dtype(_DTYPES[kind])
    data: Any = pieces[0]
    if len(pieces) > 1:
        budget.take(sum(map(len, pieces)), shown(name))
        data = b"".join(pieces)
    if shape == (0,) and len(data) == dtype.itemsize:
        shape = ()
    if math.prod(shape) * dtype.itemsize != len(data):
        raise ReadError(f"{shown(name)} has {len(data)} bytes, not those of {kind} {shown(shape)}: truncated or damaged")
    array = np.frombuffer(data, dtype).reshape(shape) if len(data) else empty(shape, dtype)
    if kind == "BFloat16":
        budget.take(2 * len(data), shown(name))
        return from_bfloat16(array)
    return array


# -- protocol buffers ---------------------------------------------------------------------------------------------------------


def _fields(content: memoryview) -> Iterator[tuple[int, Any]]:
    """(number, value) of a message: whole numbers, and bytes. Raises IndexError or ValueError where it is none."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        value: Any
        if key & 7 == 0:
            value, at = _varint(content, at)
        elif key & 7 == 2:
            length, at = _varint(content, at)
            value, at = content[at : at + length], at + length
            if at > len(content):
                raise ValueError(f"{length} bytes announced, {len(value)} there")
        else:
            raise ValueError(f"a field of kind {key & 7}")
        yield key >> 3, value


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    """(number, place behind it): seven bits a byte, the lowest first; the last byte has no eighth bit."""
    value = 0
    for shift in range(0, 70, 7):
        byte = content[at + shift // 7]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at + shift // 7 + 1
    raise ValueError("a number of more than 64 bits")


def _bytes(value) -> memoryview:
    if not isinstance(value, memoryview):
        raise TypeError("bytes are missing")
    return value
