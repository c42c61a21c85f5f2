"""Keras' files: HDF5, read with h5py, an optional dependency. Also those within .keras archives.

Three layouts: "model_weights" beside an optimizer, of a model saved whole; the same without that, of its weights alone; and
Keras 3's "layers/conv2d/vars/0". In the first two, attributes say in which order the layers and their weights come. The names
are the paths within the file, from the layer on.
"""

import io
from typing import Any

import numpy as np

from minimix.weights.reading.result import Budget, ReadError, shown

MAGIC = b"\x89HDF\r\n\x1a\n"
MEMBER = "model.weights.h5"  # of a .keras archive
_MOST = 100_000  # groups and arrays
_FILTERS = {1, 2, 3, 32000}  # deflate, shuffle, checksum, lzf: h5py's own. Others would be plugins: libraries that are loaded
_NUMBERS = "biufc"
_LAYERS, _WEIGHTS = "layer_names", "weight_names"


def entries(content: bytes, budget: Budget) -> tuple[dict[str, np.ndarray], dict[str, str], str]:
    """({name: array}, what the file says of itself, which part of it that is).

    Raises ReadError, ImportError without h5py.
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError(f"reading Keras' files needs h5py ({error}): pip install h5py, or minimix[keras]") from error
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return _entries(h5py, file, budget)
    except (ReadError, ImportError):
        raise
    except Exception as error:  # of many kinds, where the file is damaged
        raise ReadError(f"is no whole HDF5 file ({shown(error)}): truncated or damaged") from None


def _entries(h5py: Any, file: Any, budget: Budget) -> tuple[dict[str, np.ndarray], dict[str, str], str]:
    about = {key: text for key in file.attrs if key not in (_LAYERS, _WEIGHTS) and (text := _text(file.attrs[key])) is not None}
    group, taken = (file["model_weights"], '["model_weights"]') if "model_weights" in file else (file, "")
    for key in ("backend", "keras_version"):
        if key in group.attrs and (text := _text(group.attrs[key])) is not None:
            about[key] = text
    found = _datasets(h5py, group)
    if any(name.startswith("optimizer/") for name in found):
        found = {name: dataset for name, dataset in found.items() if not name.startswith("optimizer/")}
        taken = 'all but ["optimizer"]'
    if not found:
        raise ReadError("holds no weights")
    order = _order(group, found) if _LAYERS in group.attrs else sorted(found, key=_natural)
    return {name: _array(h5py, found[name], name, budget) for name in order}, about, taken


def _datasets(h5py: Any, group: Any) -> dict[str, Any]:
    """{path: dataset} of everything in a group. Only links within the file are followed, each thing once."""
    found, seen = dict[str, Any](), set()

    def look(group, path: str) -> None:
        for name in group:
            place = f"{path}{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ReadError(f"{shown(place)} is a link to somewhere else, which is not followed")
            thing = group[name]
            info = h5py.h5o.get_info(thing.id)
            if info.addr in seen:
                raise ReadError(f"{shown(place)} is in two places: damaged")
            seen.add(info.addr)
            if len(seen) > _MOST or place.count("/") > 100:
                raise ReadError(f"has more than {_MOST:,} parts, or is nested too deeply, for weights")
            if isinstance(thing, h5py.Dataset):
                found[place] = thing
            elif isinstance(thing, h5py.Group):
                look(thing, f"{place}/")

    look(group, "")
    return found


def _order(group: Any, found: dict) -> list[str]:
    """The names in the order that the attributes give. Raises ReadError where they name others than there are."""
    names = [f"{layer}/{weight}" for layer in _names(group, _LAYERS) for weight in _names(group[layer], _WEIGHTS)]
    if missing := set(found) ^ set(names):
        raise ReadError(f"its list of weights and its weights do not agree about {shown(min(missing))}: truncated or damaged")
    return list(dict.fromkeys(names))


def _names(group: Any, key: str) -> list[str]:
    """An attribute that lists names; long lists are in several."""
    attrs = group.attrs
    parts = [attrs[key]] if key in attrs else []
    while f"{key}{len(parts)}" in attrs and key not in attrs:
        parts.append(attrs[f"{key}{len(parts)}"])
    return [name.decode("utf-8") if isinstance(name, bytes) else str(name) for part in parts for name in part]


def _array(h5py: Any, dataset: Any, name: str, budget: Budget) -> np.ndarray:
    name, dtype = shown(name), dataset.dtype
    if dtype.kind not in _NUMBERS or dataset.shape is None:
        raise ReadError(f"{name} holds {shown(dtype)}, expected numbers")
    plist, layout = dataset.id.get_create_plist(), dataset.id.get_create_plist().get_layout()
    if dataset.is_virtual or plist.get_external_count():
        raise ReadError(f"{name} has its numbers in another file, which is not opened")
    filters = {plist.get_filter(i)[0] for i in range(plist.get_nfilters())}
    if unknown := filters - _FILTERS:
        raise ReadError(f"{name} is compressed by filter {min(unknown)} of HDF5, expected none, gzip or lzf")
    number = dtype.itemsize
    for length in dataset.shape:
        number *= length
    budget.take(number, name)
    if layout == h5py.h5d.CHUNKED:
        size = dtype.itemsize
        for length in plist.get_chunk():
            size *= length
        Budget(budget.size).take(size, f"{name}, in blocks,")
    if number and not dataset.id.get_storage_size():
        raise ReadError(f"{name} has no numbers: they were never written")
    return dataset[()] if dataset.shape else np.array(dataset[()])


def _natural(name: str) -> list:
    """A key for sorting: layers by name, "vars/2" before "vars/10"."""
    return [(0, int(part), "") if part.isdecimal() and len(part) < 10 else (1, 0, part) for part in name.split("/")]


def _text(value) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None
