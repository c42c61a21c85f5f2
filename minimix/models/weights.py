"""Weights in files: safetensors, under the names of ``state_dict``, which are those of PyTorch Image Models.

Any file with the right names and shapes will do, whoever wrote it. Nothing in such a file can run code.
"""

import json
import re
import warnings
from pathlib import Path

import numpy as np

from minimix import checksums, files
from minimix.models.function import family, function_of
from minimix.nn import Module
from minimix.weights.reading import ReadError, safetensors
from minimix.weights.reading.result import sentence
from minimix.weights.reading.safetensors import CHECKSUMS, FUNCTION
from minimix.words import beside, count

_COMPUTED = re.compile(r"_(orig|mask|g|v)$|(^|\.)parametrizations\.")  # names of what PyTorch computes weights from


def save_weights(model: Module, path) -> None:
    """Write all parameters and buffers of ``model`` to ``path``, in one step: after a crash there is the old file or the new.

    With them go their checksums, so that ``load_weights`` knows whether they are what was saved, and what a network computes
    besides them, such as its batch norms' eps, so that it knows whether the network is the same. A link leads to the file that
    is replaced. Numbers with which no network works, such as NaN, are written all the same, with a warning.

    Raises TypeError for what is no Module or no path, FileNotFoundError where there is no such folder, ValueError where
    ``path`` is a folder, a device or a pipe, and for a name with another format's ending, such as .pth; OSError where the
    system does not let it be written.

    >>> from minimix import nn
    >>> save_weights(nn.Linear(3, 2), "linear.safetensors")
    >>> {name: array.shape for name, array in read_weights("linear.safetensors").items()}
    {'bias': (2,), 'weight': (2, 3)}
    """
    from safetensors.numpy import save as to_bytes

    _need_module(model, "save_weights")
    path = files.writable(path, ".safetensors")
    arrays = {name: np.array(array, order="C") for name, array in model.state_dict().items()}
    if found := unusable(arrays, arrays):
        warnings.warn(f"{found}: load_weights(model, {str(path)!r}) will refuse it, without check=False", stacklevel=2)
    metadata = {"format": "pt", CHECKSUMS: checksums.sealed(checksums.listed(arrays))}  # "pt": Python's readers look for it
    if family(model):
        metadata[FUNCTION] = function_of(model).written()
    files.write(path, _settled(to_bytes(arrays, metadata=metadata)))


def _settled(content: bytes) -> bytes:
    """The same file with its metadata in order: the library writes them in any, and equal weights should make equal files."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header = {"__metadata__": dict(sorted(header.pop("__metadata__").items())), **header}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # so that the arrays stay where processors like them
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def put_in(model: Module, arrays: dict, path, check: bool = True) -> None:
    """``model.load_state_dict(arrays)``, with refusals that name the file, and of arrays that are no weights.

    check: as for ``minimix.load_weights``.
    """
    state = model.state_dict()
    for name, own in state.items():
        if own.dtype.kind == "f" and name in arrays and arrays[name].dtype.kind != "f":
            dtype = arrays[name].dtype
            why = ": quantised weights?" if dtype.kind in "iu" else ""
            raise ValueError(f"{path}: {name} is {dtype}, expected floating-point numbers{why}")
        if own.ndim == 0 and name in arrays and arrays[name].size == 1:  # a counter, which some programs write as a row of one
            arrays = {**arrays, name: arrays[name].reshape(())}
    if check and (found := unusable(arrays, state)):
        raise ValueError(f"{path}: {found}. load_weights(model, file, check=False) reads them all the same, for a look at them")
    try:
        model.load_state_dict(arrays)
    except RuntimeError as error:
        run = any("/" in name for name in arrays)
        more = "\nIt looks like a checkpoint of `minimix train`: minimix.train.load_model reads those" if run else ""
        if any(_COMPUTED.search(name) for name in arrays):
            more += (
                "\nSome of its weights are to be computed from others: pruned, or with a weight norm or spectral norm. In "
                "PyTorch, torch.nn.utils.prune.remove, or parametrize.remove_parametrizations, makes plain ones of them"
            )
        for name in ("classifier.bias", "fc.bias"):
            if name in state and name in arrays and state[name].shape != arrays[name].shape:
                classes = arrays[name].size
                more += f"\nIt knows {count(classes, 'class', 'classes')}: create the network with num_classes={classes}"
        raise RuntimeError(f"{path}: {error}{more}") from error


def unusable(arrays: dict, state: dict, infinity: bool = True) -> str:
    """Which of ``arrays`` hold numbers that no network works with, in words; "" where none does.

    state: the arrays of a model, into whose dtypes they are to be converted. infinity: whether that is such a number: masks of
        one's own have it.

    >>> unusable({"w": np.array([1.0, 1e300])}, {"w": np.zeros(2, np.float32)})
    'w holds a number that is too large for float32'
    """
    wrong = []
    with np.errstate(over="ignore"):
        for name, array in arrays.items():
            if array.dtype.kind != "f":
                continue
            dtype = state[name].dtype if name in state and state[name].dtype.kind == "f" else array.dtype
            if np.isnan(array).any():
                what = "NaN"
            elif infinity and np.isinf(array).any():
                what = "infinity"
            elif np.isinf(array.astype(dtype, copy=False)).sum() > np.isinf(array).sum():
                what = f"a number that is too large for {dtype}"
            elif name.rpartition(".")[2] == "running_var" and (array < 0).any():
                what = "a negative variance"
            else:
                continue
            wrong.append(f"{name} holds {what}")
    return ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more arrays are so" if len(wrong) > 5 else "")


def read_weights(path) -> dict[str, np.ndarray]:
    """{name: array} of a safetensors file, sorted by name. bfloat16, which NumPy does not have, becomes float32.

    Raises FileNotFoundError, and ValueError for a folder, for what is no whole safetensors file, and for one that does not hold
    what ``save_weights`` wrote into it.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not a safetensors file: give the file in it")
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}{beside(path)}")
    if path.is_char_device() or path.is_block_device():
        raise ValueError(f"{path} is a device, not a safetensors file")
    try:
        return safetensors.entries(path.read_bytes())
    except ReadError as error:
        raise ReadError(sentence(path, str(error))) from error


def _need_module(model, function: str) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"{function}(model, path): model is a {type(model).__name__}, expected a Module")
