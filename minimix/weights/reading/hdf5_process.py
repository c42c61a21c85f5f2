"""Reads an HDF5 file in a process of its own: run by ``hdf5``.

The HDF5 library is written in C and trusts the places and lengths in a file: a damaged one makes it go round for ever, or ends
the process. So this is another process, with a limit on its time and memory, and all that it needs are NumPy and h5py.

Standard input: the file. Arguments: bytes that its arrays may take. Standard output: the length of a line of JSON, that line,
and then the numbers of all arrays. The line says {"error"} or {"arrays": [[name, dtype, shape], ...], "about", "taken"}.
"""

import io
import json
import re
import sys
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import h5py  # ``main`` imports it: this module can be looked at without

PARTS, DEPTH = 100_000, 100  # groups and arrays; of groups in groups
FILTERS = {1, 2, 3, 32000}  # deflate, shuffle, checksum, lzf: h5py's own. Others would be plugins
NUMBERS = "biufc"
LAYERS, WEIGHTS = "layer_names", "weight_names"  # attributes of groups
SECONDS = 3.0  # of computing, and one more for each megabyte
ROOM = 64 << 20  # bytes of memory besides the file and its arrays


class Refused(Exception):
    """The message says why."""


def main() -> None:
    global h5py
    import h5py

    content = sys.stdin.buffer.read()
    left = int(sys.argv[1])
    _limit(len(content), left)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            said, arrays = _read(file, left)
    except Refused as refusal:
        said, arrays = {"error": str(refusal)}, []
    except Exception as error:  # of many kinds, where the file is damaged
        said, arrays = {"error": f"is no whole HDF5 file ({_shown(error)}): truncated or damaged"}, []
    line = json.dumps(said).encode()
    sys.stdout.buffer.write(len(line).to_bytes(8, "little") + line)
    for array in arrays:
        sys.stdout.buffer.write(memoryview(array).cast("B") if array.size else b"")


def _limit(size: int, left: int) -> None:
    """End this process where it computes for too long, or takes too much memory; where the system has such limits."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + SECONDS + size / 1e6) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    if sys.platform == "linux":
        with open("/proc/self/statm") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + size + left + ROOM, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _read(file, left: int) -> tuple[dict, list]:
    about = {key: _text(file.attrs[key]) for key in ("model_config", "training_config") if key in file.attrs}
    group, taken = (file["model_weights"], '["model_weights"]') if "model_weights" in file else (file, "")
    about |= {key: _text(group.attrs[key]) for key in ("backend", "keras_version") if key in group.attrs}
    found = _datasets(group)
    if any(name.startswith("optimizer/") for name in found):
        found = {name: dataset for name, dataset in found.items() if not name.startswith("optimizer/")}
        taken = 'all but ["optimizer"]'
    if layers := {name: _text(thing.attrs["name"]) for name, thing in _variables(group, found) if "name" in thing.attrs}:
        about["layers"] = json.dumps(layers)
    listed = LAYERS in group.attrs or f"{LAYERS}0" in group.attrs
    arrays = {name: found[name] for name in (_order(group, found) if listed else sorted(found, key=_natural))}
    for name, dataset in arrays.items():
        left -= _size(name, dataset, left)
        arrays[name] = np.ascontiguousarray(dataset[()]).reshape(dataset.shape)
    lines = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    return {"arrays": lines, "about": about, "taken": taken}, list(arrays.values())


def _datasets(group) -> dict:
    """{path: dataset} of everything in a group. Only links within the file are followed, each thing once."""
    found, seen = {}, set()

    def look(group, path: str, depth: int) -> None:
        for name in group:
            place = f"{path}{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise Refused(f"{_shown(place)} is a link to somewhere else, which is not followed")
            thing = group[name]
            address = h5py.h5o.get_info(thing.id).addr
            if address in seen:
                raise Refused(f"{_shown(place)} is in two places: damaged")
            seen.add(address)
            if len(seen) > PARTS or depth > DEPTH:
                raise Refused(f"has more than {PARTS:,} parts, or they are nested too deeply, for weights")
            if isinstance(thing, h5py.Dataset):
                found[place] = thing
            elif isinstance(thing, h5py.Group):
                look(thing, f"{place}/", depth + 1)

    look(group, "", 0)
    return found


def _variables(group, found: dict) -> list:
    """(path of a layer, the group of its arrays) in Keras 3's layout."""
    paths = {name.rpartition("/vars/")[0] for name in found if "/vars/" in name}
    return [(path, group[f"{path}/vars"]) for path in sorted(paths, key=_natural)]


def _order(group, found: dict) -> list[str]:
    """The names in the order of the attributes, which must name all."""
    names = [f"{layer}/{weight}" for layer in _names(group, LAYERS) for weight in _names(group[layer], WEIGHTS)]
    if missing := set(found) ^ set(names):
        raise Refused(f"its list of weights and its weights do not agree about {_shown(min(missing))}: truncated or damaged")
    return names


def _names(group, key: str) -> list[str]:
    """An attribute that lists names. Long lists are in several, with numbers."""
    keys = [key] if key in group.attrs else [one for i in range(len(group.attrs)) if (one := f"{key}{i}") in group.attrs]
    return [_text(name) for one in keys for name in group.attrs[one]]


def _size(name: str, dataset, left: int) -> int:
    """Bytes of its numbers. Refuses what would take too many, or has none here."""
    name, dtype = _shown(name), dataset.dtype
    if dtype.kind not in NUMBERS or dataset.shape is None:
        raise Refused(f"{name} holds {_shown(dtype)}, expected numbers")
    plist = dataset.id.get_create_plist()
    if dataset.is_virtual or plist.get_external_count():
        raise Refused(f"{name} has its numbers in another file, which is not opened")
    if unknown := {plist.get_filter(i)[0] for i in range(plist.get_nfilters())} - FILTERS:
        raise Refused(f"{name} is compressed by HDF5's filter {min(unknown)}, expected none, gzip or lzf")
    size, block = dtype.itemsize, dtype.itemsize
    for length in dataset.shape:
        size *= length
    for length in dataset.chunks or ():
        block *= length
    if max(size, block) > left:
        raise Refused(f"{name} would take {max(size, block):,} bytes, too many for the size of the file")
    if size and not dataset.id.get_storage_size():
        raise Refused(f"{name} has no numbers: they were never written")
    return size


def _natural(name: str) -> list:
    """A key for sorting: "dense" before "dense_2" before "dense_10"."""
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in re.split(r"([0-9]{1,9})", name)]


def _text(value) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _shown(name) -> str:
    return repr(str(name)[:100])[1:-1]


if __name__ == "__main__":
    main()
