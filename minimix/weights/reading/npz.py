"""NumPy's .npz: a zip archive of .npy files. Python objects in them, which would be pickles, are refused.

An archive may number its arrays, "0", "1", ..., and give their names in another, "names": so efficientnet-jax and objax write
theirs. The arrays then have these names.
"""

import io
import warnings

import numpy as np

from minimix.weights.reading import zipped
from minimix.weights.reading.result import Budget, ReadError, empty, shown
from minimix.words import some

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_NUMBERS = "biufc"
_TEXT = "US"


def entries(members: dict[str, zipped.Member], budget: Budget) -> tuple[dict[str, np.ndarray], str]:
    """({name: array} in the archive's order, what was left out, in words)."""
    found = {name.removesuffix(".npy"): npy(member.content(budget), name) for name, member in members.items()}
    names = found.get("names")
    if names is not None and names.dtype.kind in _TEXT and names.ndim == 1 and "0" in found:
        return _named(found, names), ""
    texts = [name for name, array in found.items() if array.dtype.kind in _TEXT]  # names of classes, perhaps
    arrays = {name: array for name, array in found.items() if name not in texts}
    return arrays, f"without {some(map(shown, texts))}, which is text" if texts else ""


def _named(found: dict, names: np.ndarray) -> dict[str, np.ndarray]:
    numbered = {}
    for number, name in enumerate(names.tolist()):
        name = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
        array = found.get(str(number))
        if array is None or array.dtype.kind not in _NUMBERS:
            raise ReadError(f"it names {len(names)} arrays, but has no numbers under {str(number)!r}: damaged")
        if name in numbered:
            raise ReadError(f"{shown(name)} is twice in it")
        numbered[name] = array
    beside = set(found) - {"names", "types", *map(str, range(len(names)))}
    if beside:
        raise ReadError(f"it names {len(names)} arrays, but there are others, too: {shown(min(beside))}")
    return numbered


def npy(content: memoryview, name: str) -> np.ndarray:
    """The array of a .npy file, in its memory. Raises ReadError for what is none, and for Python objects."""
    name, file = shown(name), io.BytesIO(content[: 1 << 16])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            version = np.lib.format.read_magic(file)
            shape, fortran, dtype = _HEADERS[version](file)
    except Exception as error:  # whatever NumPy's parser, and Python's own below it, raise
        raise ReadError(f"{name} in it is no .npy file of numbers ({str(error)[:120]})") from None
    if dtype.kind not in _NUMBERS + _TEXT:
        what = "Python objects, which are never read" if dtype.hasobject else f"{dtype}"
        raise ReadError(f"{name} in it holds {shown(what)}, expected numbers")
    data = content[file.tell() :]
    number = 1
    for length in shape:
        number *= length
    if any(length < 0 for length in shape) or number * dtype.itemsize != len(data):
        raise ReadError(f"{name} in it has {len(data)} bytes of content, not those of {dtype} {shown(shape)}: damaged")
    try:
        array = np.frombuffer(data, dtype) if number else empty(shape, dtype)
        return array.reshape(shape, order="F" if fortran else "C")
    except ValueError as error:  # more axes than NumPy has, lengths that are too large
        raise ReadError(f"{name} in it is no array ({error}): damaged") from None
