"""Checkpoint files: named arrays and a JSON object, in safetensors' format, that are either whole or refused.

The JSON lies in the file's metadata under the key "minimix", behind its checksum; it lists all arrays with dtype, shape and
checksum. So a file that was cut short, altered, or put together from two is recognised before anything of it is used, with
what is wrong with it; and as nothing in it is pickled, none can run code. The same state always gives the same bytes.
"""

from pathlib import Path

import numpy as np

from minimix import checksums, files
from minimix.weights.reading import safetensors as safetensors_file

FORMAT, VERSION = "minimix-checkpoint", 1
_ALONE = "to read weights alone, name the network, too, and give the file as its weights"


class CheckpointError(ValueError):
    """A checkpoint is damaged, or not what is needed. The message names the file and says what is wrong with it."""


def save(path, arrays: dict, state: dict) -> None:
    """Write ``arrays`` (name: ndarray) and ``state`` (a JSON object) to ``path``, in one step.

    >>> import numpy as np
    >>> from minimix.train import checkpoint
    >>> checkpoint.save("w.safetensors", {"w": np.arange(3.0)}, {"epoch": 2})
    >>> checkpoint.load("w.safetensors")
    ({'w': array([0., 1., 2.])}, {'epoch': 2})
    """
    from safetensors.numpy import save as to_bytes

    arrays = {name: np.array(array, order="C") for name, array in arrays.items()}
    whole = {"format": FORMAT, "version": VERSION, "arrays": checksums.listed(arrays), "state": state}
    files.write(path, to_bytes(arrays, metadata={"minimix": checksums.sealed(whole)}))


def load(path) -> tuple[dict, dict]:
    """(arrays, state) as they were saved.

    Raises FileNotFoundError, or CheckpointError for a file that is truncated, altered, of another program or a newer version.
    """
    import safetensors
    from safetensors.numpy import load as from_bytes

    path = Path(path)
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder, not a checkpoint: give the .safetensors file in it")
    if not path.exists():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    if not path.is_file():
        raise CheckpointError(f"{path} is no plain file, so no checkpoint")
    content = path.read_bytes()
    if path.suffix.lower() != ".safetensors" and not safetensors_file.begins(content):
        raise CheckpointError(f"{path} is no checkpoint of minimix, as it is no safetensors file: {_ALONE}")
    advice = "take another copy of it, or the run's other checkpoint (last.safetensors, best.safetensors)"
    try:
        arrays = dict(sorted(from_bytes(content).items()))
        metadata = safetensors_file.metadata(content)
    except (safetensors.SafetensorError, ValueError, KeyError, OverflowError) as error:
        raise CheckpointError(f"{path} is no whole safetensors file ({error}): truncated or altered; {advice}") from error
    if "minimix" not in metadata:
        raise CheckpointError(f"{path} is a safetensors file, but no checkpoint of minimix: {_ALONE}")
    try:
        whole = checksums.unsealed(metadata["minimix"])
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}; {advice}") from error
    kind, version, state = whole.get("format"), whole.get("version"), whole.get("state")
    if (kind, version) != (FORMAT, VERSION):
        raise CheckpointError(f"{path} is {kind!r} version {version!r}, but this minimix reads {FORMAT} {VERSION}")
    if wrong := checksums.differences(whole.get("arrays"), arrays):
        raise CheckpointError(f"{path}: {wrong}; {advice}")
    if not isinstance(state, dict):
        raise CheckpointError(f"{path}: its description says nothing of a state; {advice}")
    return arrays, state


def is_checkpoint(path) -> bool:
    """Whether ``path`` says that it is a checkpoint. Nothing of it is checked.

    >>> import numpy as np
    >>> save("w.safetensors", {"w": np.arange(3.0)}, {})
    >>> is_checkpoint("w.safetensors"), is_checkpoint("gone.safetensors")
    (True, False)
    """
    import safetensors

    try:
        if not Path(path).is_file():  # opening a pipe waits for whoever writes into it
            return False
        with safetensors.safe_open(path, "numpy") as file:
            return "minimix" in (file.metadata() or {})
    except (safetensors.SafetensorError, OSError):
        return False
