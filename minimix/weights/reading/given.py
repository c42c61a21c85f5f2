"""Weights in memory, made into what a file would have held: dicts with arrays in them, of whichever library."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from minimix.weights.reading.state_dict import DEPTH, LONGEST
from minimix.weights.reading.tensors import Unreadable, of_dtype

_NUMBERS = "biufc"


def plain(value: Any, depth: int = 0) -> Any:
    """Dicts and lists as they are, as far down as weights are looked for; in the place of what holds numbers, an array."""
    if isinstance(value, Mapping):
        return {key: plain(below, depth + 1) for key, below in value.items()} if depth <= DEPTH else None
    if isinstance(value, (list, tuple)):
        if _is_numbers(value):
            return _array(value)
        return [plain(below, depth + 1) for below in value] if depth <= DEPTH and len(value) <= LONGEST else None
    return _array(value)


def _is_numbers(value, depth: int = 0) -> bool:
    """Whether it is an array that is written as a list."""
    if isinstance(value, (list, tuple)):
        return depth < DEPTH and len(value) > 0 and all(_is_numbers(below, depth + 1) for below in value)
    return isinstance(value, (int, float, np.number))


def _array(value: Any) -> Any:
    """An array of what holds one, Unreadable where its numbers are none that NumPy has, anything else as it is."""
    if isinstance(value, (str, bytes, bool, int, float, type(None))):
        return value
    if not isinstance(value, (np.ndarray, np.generic)) and isinstance(getattr(value, "data", None), np.ndarray):
        value = value.data  # a Tensor of minimix
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        value = _of_torch(value)
        if isinstance(value, Unreadable):
            return value
    elif hasattr(value, "asnumpy"):  # MindSpore, MXNet
        value = value.asnumpy()
    elif not hasattr(value, "__array__") and not isinstance(value, (list, tuple)):
        return value
    try:
        array = np.asarray(value)
    except Exception as error:  # of many kinds, each library's own
        return Unreadable(f"a {type(value).__name__} of which NumPy makes no array ({error})")
    if array.dtype.name == "bfloat16":  # that of the package ml_dtypes
        array = array.astype(np.float32)
    if array.dtype.kind in "US":
        return str(array)
    if array.dtype.kind not in _NUMBERS:
        return Unreadable(f"an array of {array.dtype}, expected one of numbers")
    return array


def _of_torch(tensor: Any) -> Any:
    """NumPy's array of a tensor of PyTorch's."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    if "strided" not in str(tensor.layout):
        return Unreadable("sparse: tensor.to_dense() makes an ordinary one of it")
    if tensor.is_quantized:
        return of_dtype(dtype)
    if tensor.device.type == "meta":
        return Unreadable("without numbers (on PyTorch's device meta)")
    tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
    try:
        return tensor.float().numpy() if dtype == "bfloat16" else tensor.numpy()
    except (TypeError, RuntimeError):
        return of_dtype(dtype)
