"""What several jobs need, and takes long to make, is made once on a machine, and kept in the user's cache folder.

It changes no result: what is kept is what would be made again, by the very same files of minimix and versions of what it needs.
Where there is no such folder, or no place in it, it is made again.
"""

import contextlib
import functools
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import minimix
from minimix import files
from minimix.models.weights import save_weights
from minimix.nn import Module
from minimix.places import user_cache
from minimix.study.folder import environment
from minimix.study.job import canonical
from minimix.weights.loading import load_weights


def place(what: dict, ending: str) -> Path | None:
    """The file for what follows from a configuration; None where there is no cache folder."""
    folder = user_cache()
    name = hashlib.sha256(f"{_makers()} {canonical(what)}".encode()).hexdigest()[:24]
    return None if folder is None else folder / "studies" / f"{name}{ending}"


@functools.cache
def _makers() -> str:
    """A digest of minimix's own files, and of the versions of what it needs."""
    digest = hashlib.sha256(canonical(environment()["versions"]).encode())
    for path in sorted(Path(minimix.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def numbers(what: dict, make: Callable[[], dict]) -> dict:
    """``make()``, which follows from ``what``: JSON's kinds of values."""
    path = place(what, ".json")
    with contextlib.suppress(OSError, ValueError):  # it is not there, or damaged
        if path is not None:
            return json.loads(path.read_text(encoding="utf-8"))
    found = make()
    _keep(path, lambda path: files.write(path, json.dumps(found)))
    return found


def weights(what: dict, model: Module, train: Callable[[], None]) -> None:
    """Give ``model`` the weights that ``train()`` leaves in it, which follow from ``what``."""
    path = place(what, ".safetensors")
    with contextlib.suppress(OSError, ValueError):
        if path is not None:
            load_weights(model, path)
            return
    train()
    _keep(path, lambda path: save_weights(model, path))


def _keep(path: Path | None, write: Callable[[Path], object]) -> None:
    """Where it cannot be written, as on a full disk, it is made again another time."""
    if path is not None:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path)
