"""Weights in files: safetensors, under the names of ``state_dict``, which are those of PyTorch Image Models.

Any file with the right names and shapes will do, whoever wrote it. Nothing in such a file can run code.
"""

from pathlib import Path

import numpy as np

from minimix import files
from minimix.nn import Module
from minimix.nn.module import Own

_DTYPES = {  # as the format calls them; all are little-endian there
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def save_weights(model: Module, path) -> None:
    """Write all parameters and buffers of ``model`` to ``path``, in one step: after a crash there is the old file or the new.

    Raises TypeError for what is no Module, FileNotFoundError where there is no such folder.

    >>> from minimix import nn
    >>> save_weights(nn.Linear(3, 2), "linear.safetensors")
    >>> {name: array.shape for name, array in read_weights("linear.safetensors").items()}
    {'bias': (2,), 'weight': (2, 3)}
    """
    from safetensors.numpy import save as to_bytes

    _need_module(model, "save_weights")
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} into")
    arrays = {name: np.array(array, order="C") for name, array in model.state_dict().items()}
    files.write(path, to_bytes(arrays, metadata={"format": "pt"}))  # Python's readers of this format look for that word


def load_weights(model: Own, path) -> Own:
    """Read a safetensors file into ``model``, and return it. Numbers are converted to the model's dtype.

    float16, bfloat16, float32 and float64 are read. The batch norms' num_batches_tracked may be missing, as older files do not
    have them. Everything is checked before anything is changed.

    Raises RuntimeError, with their names, for arrays that are missing, unexpected, or of another shape; ValueError for what is
    no whole safetensors file or holds no floating-point numbers; FileNotFoundError.

    >>> from minimix import nn
    >>> save_weights(nn.Linear(3, 2), "linear.safetensors")
    >>> load_weights(nn.Linear(3, 2), "linear.safetensors")
    Linear(3, 2, bias=True)
    >>> load_weights(nn.Linear(3, 1), "linear.safetensors")
    Traceback (most recent call last):
        ...
    RuntimeError: linear.safetensors: the state does not fit Linear:
      shape of weight is (2, 3), expected (1, 3)
      shape of bias is (2,), expected (1,)
    """
    _need_module(model, "load_weights")
    put_in(model, read_weights(path), path)
    return model


def put_in(model: Module, arrays: dict, path) -> None:
    """``model.load_state_dict(arrays)``, with refusals that name the file, and of arrays that are no weights."""
    state = model.state_dict()
    for name, own in state.items():
        if own.dtype.kind == "f" and name in arrays and arrays[name].dtype.kind != "f":
            raise ValueError(f"{path}: {name} is {arrays[name].dtype}, expected floating-point numbers: quantised weights?")
    try:
        model.load_state_dict(arrays)
    except RuntimeError as error:
        run = any("/" in name for name in arrays)
        more = "\nIt looks like a checkpoint of `minimix train`: minimix.train.load_model reads those" if run else ""
        for name in ("classifier.bias", "fc.bias"):
            if name in state and name in arrays and state[name].shape != arrays[name].shape:
                more += f"\nIt knows {arrays[name].size} classes: create the network with num_classes={arrays[name].size}"
        raise RuntimeError(f"{path}: {error}{more}") from error


def read_weights(path) -> dict[str, np.ndarray]:
    """{name: array} of a safetensors file, sorted by name. bfloat16, which NumPy does not have, becomes float32.

    Raises FileNotFoundError, and ValueError for a folder and for what is no whole safetensors file.
    """
    import safetensors

    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not a safetensors file: give the file in it")
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        found = sorted(safetensors.deserialize(path.read_bytes()))
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{path} is no whole safetensors file ({error}): truncated, or in another format? PyTorch's .pt and .pth files "
            "must be converted first, with safetensors.torch.save_file"
        ) from error
    arrays = {}
    for name, view in found:
        if view["dtype"] not in _DTYPES:
            raise ValueError(f"{path}: {name} is {view['dtype']}, expected one of {', '.join(_DTYPES)}")
        array = np.frombuffer(view["data"], _DTYPES[view["dtype"]]).reshape(view["shape"])
        if view["dtype"] == "BF16":  # the upper half of a float32
            array = (array.astype(np.uint32) << 16).view(np.float32)
        arrays[name] = array
    return arrays


def _need_module(model, function: str) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"{function}(model, path): model is a {type(model).__name__}, expected a Module")
