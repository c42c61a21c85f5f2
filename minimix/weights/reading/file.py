"""Reading a file: which format it is, which the content says and not the name, and which reader it gets."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minimix.weights.reading import (
    given,
    hdf5,
    mindspore,
    named_checksum,
    names,
    npz,
    others,
    safetensors,
    state_dict,
    torch_legacy,
    torch_zip,
    training_options,
    zipped,
)
from minimix.weights.reading.result import Budget, Read, ReadError, sentence, shown
from minimix.weights.reading.tensors import Tensor
from minimix.words import beside, some

_NO_PART = "is {}, which has no parts such as {} to take: leave out take"
ALWAYS = ("module.", "_orig_mod.")  # prefixes that no network has of itself


def read(path, take: str = "") -> Read:
    """The arrays in a file of weights: safetensors, NumPy's .npz, PyTorch's .pth and .pt, Keras' .h5 and .keras,
    MindSpore's .ckpt.

    Which of them it is, the content says. Nothing in a file can run code, and a file takes no more memory than its size
    justifies (see ``result.Budget``). Where it is a checkpoint with more in it than weights, these are found, and
    ``Read.taken`` says which they are.

    take: which part of a checkpoint, where there are several: "model_ema", for instance; or what its names begin with. "":
        decide.

    Raises FileNotFoundError; ReadError, a ValueError that names the file, says why it cannot be read and what would help, for
    what is damaged, truncated, of another kind, asks for code, or holds tensors that NumPy has no numbers for (sparse,
    quantised, float8); ImportError for Keras' files without h5py.

    >>> np.savez("linear.npz", weight=np.zeros((2, 3)), bias=np.zeros(2))
    >>> found = read("linear.npz")
    >>> found.format, {name: array.shape for name, array in found.entries.items()}
    ('NumPy (.npz)', {'weight': (2, 3), 'bias': (2,)})
    """
    path = Path(path).expanduser()
    try:
        return _read(path, take)
    except ReadError as error:
        raise type(error)(sentence(path, str(error))) from error.__cause__


def read_given(arrays: Mapping, take: str = "") -> Read:
    """``read`` of what is in memory: {name: array}, or a checkpoint with such a dict in it, as ``torch.load`` gives it.

    Arrays may be NumPy's, Tensors and Parameters, from here or of PyTorch, and whatever else NumPy makes an array of.

    Raises ReadError for a dict in which there is none, and with their names for those that are none.

    >>> found = read_given({"state_dict": {"module.weight": np.zeros((2, 3)), "module.bias": np.zeros(2)}, "epoch": 3})
    >>> list(found.entries), found.taken
    (['weight', 'bias'], '["state_dict"], names without "module."')
    """
    path = Path("the dict")
    try:
        weights, taken = state_dict.find(given.plain(arrays), take)
        return _made(path, "arrays", weights, taken, names.PREFIXES, training_options.about(arrays))
    except ReadError as error:
        raise type(error)(sentence(path, str(error))) from None


def _read(path: Path, take: str) -> Read:
    if path.is_dir():
        raise ReadError(others.folder(path))
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}{beside(path)}")
    if not path.is_file():
        raise ReadError("is a device or a pipe, not a file of weights")
    content = path.read_bytes()
    budget = Budget(len(content))
    if content.startswith(hdf5.MAGIC):
        return _keras(path, content, budget, take)
    if content.startswith((b"PK\3\4", b"PK\5\6")):
        return _archive(path, content, budget, take)
    if safetensors.begins(content):  # before pickles: the length of its header may begin as they do
        return _safetensors(path, content, take)
    if content.startswith(torch_legacy.BEGINNINGS):
        named_checksum.check(content, path)
        return _torch(path, "PyTorch (before 1.6)", torch_legacy.TorchLegacy(content), budget, take)
    if path.suffix.lower() == ".safetensors" or content[8:9] == b"{":  # damaged
        return _safetensors(path, content, take)
    if mindspore.begins(content):
        found, part = _part(mindspore.entries(content, budget), take, "a checkpoint of MindSpore's")
        return _made(path, "MindSpore", found, part, ALWAYS)
    raise ReadError(others.refusal(content, path))


def _safetensors(path: Path, content: bytes, take: str) -> Read:
    found, part = _part(safetensors.entries(content), take, "a safetensors file")
    about = safetensors.metadata(content)
    return _made(path, "safetensors", found, part, () if safetensors.CHECKSUMS in about else ALWAYS, about)


def _archive(path: Path, content: bytes, budget: Budget, take: str) -> Read:
    members = zipped.members(content)
    root = torch_zip.folder(members)
    if root is not None:
        return _torch(path, "PyTorch (zip)", torch_zip.TorchZip(members, root, budget), budget, take)
    if hdf5.MEMBER in members:
        beside = {"model_config": hdf5.CONFIG, "metadata": hdf5.METADATA}
        said = {key: members[name].content(budget) for key, name in beside.items() if name in members}
        read = _keras(path, members[hdf5.MEMBER].content(budget), budget, take)
        texts = {key: bytes(content).decode("utf-8", "replace") for key, content in said.items()}
        return dataclasses.replace(read, about=texts | read.about)
    if members and all(name.endswith(".npy") for name in members):
        found, left = npz.entries(members, budget)
        found, part = _part(found, take, "an .npz file")
        return _made(path, "NumPy (.npz)", found, ", ".join(filter(None, (part, left))), ALWAYS)
    raise ReadError(f"is a zip archive without weights that are read; in it: {some(map(shown, members)) or 'nothing'}")


def _torch(path: Path, form: str, reader: Any, budget: Budget, take: str) -> Read:
    checkpoint = reader.load()
    weights, taken = state_dict.find(checkpoint, take)
    arrays = {}
    for name, value in weights.items():
        try:
            arrays[name] = value.array(reader.raw(value.storage), reader.order, budget) if isinstance(value, Tensor) else value
        except ReadError as error:
            raise ReadError(f"{shown(name)}: {error}") from None
    form = "pickle" if getattr(reader, "is_plain", False) else form
    return _made(path, form, arrays, taken, names.PREFIXES, training_options.about(checkpoint))


def _keras(path: Path, content: bytes | memoryview, budget: Budget, take: str) -> Read:
    found, about, taken = hdf5.entries(content, budget)
    if take and take not in (taken, taken.strip('["]')):
        raise ReadError(_NO_PART.format("a file of Keras'", shown(take)))
    return _made(path, "Keras (HDF5)", found, taken, (), about)


def _part(arrays: dict, take: str, what: str) -> tuple[dict, str]:
    """(those whose names begin with ``take``, what to say of it), of a file that has no other parts; without take, all."""
    if not take:
        return arrays, ""
    if not (inside := names.under(arrays, take)):
        raise ReadError(_NO_PART.format(what, shown(take)))
    return inside, names.begin_with(take)


def _made(path: Path, form: str, arrays: dict, part: str, prefixes: tuple[str, ...], about: dict | None = None) -> Read:
    if not arrays:
        raise ReadError("holds no arrays")
    for name in arrays:
        if not isinstance(name, str) or any(0xD800 <= ord(letter) < 0xE000 for letter in name):  # halves of letters
            raise ReadError(f"holds a name that is no text, {shown(name)}: damaged")
    arrays, prefix, left = names.unprefixed(arrays, prefixes)
    arrays = names.unwrapped(arrays) if prefixes else arrays
    return Read(_native(arrays), path, form, part, prefix, _native(left), about or {})


def _native(arrays: dict) -> dict[str, np.ndarray]:
    """With numbers in this machine's order of bytes."""
    return {name: np.asarray(array, array.dtype.newbyteorder("=")) for name, array in arrays.items()}
