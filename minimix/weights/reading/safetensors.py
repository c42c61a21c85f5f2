"""safetensors: a JSON header with names, dtypes, shapes and places, and then the numbers."""

import json

import numpy as np

from minimix import checksums
from minimix.weights.reading.result import ReadError, empty, shown

CHECKSUMS = "minimix-checksums"  # this key of a file's metadata holds those of its arrays
FUNCTION = "minimix-function"  # and this one what its network computes besides its weights

_DTYPES = {  # as the format calls them; all are little-endian there
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "C64": "<c8",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def begins(content: bytes) -> bool:
    """Whether it has the header's length in front, and a header that is as long."""
    return content[8:9] == b"{" and int.from_bytes(content[:8], "little") <= len(content) - 8


def entries(content: bytes) -> dict[str, np.ndarray]:
    """{name: array}, sorted by name: the format has no order of its own.

    Raises ReadError for what is no whole safetensors file, and for one that does not hold what ``save_weights`` wrote into it.
    """
    import safetensors

    if not content:
        raise ReadError("is empty")
    try:
        found = sorted(safetensors.deserialize(content))
    except safetensors.SafetensorError as error:
        raise ReadError(f"is no whole safetensors file ({error}): truncated, or in another format?") from error
    arrays = {}
    for name, view in found:
        if view["dtype"] not in _DTYPES:
            raise ReadError(f"{shown(name)} is {view['dtype']}, expected one of {', '.join(_DTYPES)}")
        shape, dtype = view["shape"], np.dtype(_DTYPES[view["dtype"]])
        array = np.frombuffer(view["data"], dtype).reshape(shape) if view["data"] else empty(shape, dtype)
        arrays[name] = from_bfloat16(array) if view["dtype"] == "BF16" else array
    _check_sums(metadata(content), arrays)
    return arrays


def from_bfloat16(array: np.ndarray) -> np.ndarray:
    """float32 from bfloat16, which is its upper half, given as uint16.

    >>> from_bfloat16(np.array([0x3F80, 0xC020], np.uint16))
    array([ 1. , -2.5], dtype=float32)
    """
    return (array.astype(np.uint32) << 16).view(np.float32)


def metadata(content: bytes) -> dict[str, str]:
    """What a file says of itself. Raises ValueError where its header cannot be read."""
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except RecursionError as error:
        raise ValueError("its header is nested too deeply") from error
    found = header.get("__metadata__") if isinstance(header, dict) else None
    return {key: text for key, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}


def _check_sums(metadata: dict[str, str], arrays: dict) -> None:
    """Refuse what is not as ``save_weights`` wrote it. Files of other programs say nothing of that."""
    if CHECKSUMS not in metadata:
        return
    try:
        wrong = checksums.differences(checksums.unsealed(metadata[CHECKSUMS]), arrays)
    except ValueError as error:
        wrong = str(error)
    if wrong:
        raise ReadError(
            f"is not as it was saved: {wrong}. Take another copy of it; if it was changed on purpose, save it without "
            f"the metadata {CHECKSUMS!r}"
        )
