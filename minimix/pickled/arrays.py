"""What pickled NumPy arrays and numbers consist of: a table for ``machine.run``.

numpy...multiarray._reconstruct, numpy.ndarray    an array still without content, which BUILD then fills
numpy...numeric._frombuffer                       an array, as newer pickles write it
numpy...multiarray.scalar                         one number
numpy.dtype                                       an element type: whole, floating-point or complex numbers, nothing else
_codecs.encode                                    bytes, as Python 3 writes them for Python 2
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from minimix.pickled.machine import Call, Made, Refused, expect, text

_KINDS = {"b": (1,), "u": (1, 2, 4, 8), "i": (1, 2, 4, 8), "f": (2, 4, 8), "c": (8, 16)}
_DTYPES = frozenset(f"{kind}{size}" for kind, sizes in _KINDS.items() for size in sizes)


class DType(Made):
    """An element type in the making; BUILD may still tell its byte order."""

    def __init__(self, args: tuple):
        code = text(args[0])
        if code not in _DTYPES:
            raise Refused(f"an array of {code[:80]!r}")
        self.dtype = np.dtype(code)

    def build(self, state) -> None:  # (version, byte order, subarray, names, fields, item size, alignment, flags)
        order: Any = text(expect(state, tuple)[1])
        if order not in ("|", "<", ">", "=") or any(part is not None for part in state[2:5]):
            raise Refused("an array with structure")
        self.dtype = self.dtype.newbyteorder(order)


class Array(Made):
    """An array in the making. value: None until BUILD has filled it."""

    value: np.ndarray | None = None

    def build(self, state) -> None:  # (version, shape, dtype, whether in Fortran order, bytes)
        _, shape, dtype, fortran, raw = expect(state, tuple)
        self.fill(raw, dtype, shape, "F" if fortran else "C")

    def fill(self, raw, dtype, shape, order) -> None:
        if not isinstance(dtype, DType) or not isinstance(raw, (bytes, bytearray)) or not isinstance(shape, tuple):
            raise Refused("an array of objects")
        if any(type(length) is not int or length < 0 for length in shape):
            raise Refused("an array whose shape is not whole numbers")
        said: Any = text(order)
        self.value = np.frombuffer(raw, dtype.dtype).reshape(shape, order=said)


def _from_buffer(args: tuple) -> Array:
    raw, dtype, shape, order = args
    array = Array()
    array.fill(raw, dtype, shape, order)
    return array


def _scalar(args: tuple) -> Any:
    dtype, raw = args
    if not isinstance(dtype, DType) or not isinstance(raw, bytes):
        raise Refused("a number that is an object")
    return np.frombuffer(raw, dtype.dtype, 1)[0].item() if len(raw) == dtype.dtype.itemsize else expect(raw, float)


def _encode(args: tuple) -> bytes:
    if args[1] not in ("latin1", "latin-1"):
        raise Refused(f"calling '_codecs.encode' for {str(args[1])[:20]!r}")
    return expect(args[0], str).encode("latin-1")


TABLE: Mapping[str, Call | None] = {
    **{f"numpy.{core}.multiarray _reconstruct": lambda args: Array() for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray scalar": _scalar for core in ("core", "_core")},
    **{f"numpy.{core}.numeric _frombuffer": _from_buffer for core in ("core", "_core")},
    "numpy ndarray": None,
    "numpy dtype": DType,
    "_codecs encode": _encode,
}
