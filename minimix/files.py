"""Files that are either the old version or the new one, whenever the power goes."""

import os
from pathlib import Path


def write(path, content: bytes | str) -> None:
    """Replace the file ``path`` by ``content`` in one step: readers, and whoever comes after a crash, see all or nothing of it.

    It is written beside the old one under another name, pushed to the disk, and renamed.
    """
    path = Path(path)
    content = content.encode() if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")  # of this process alone
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the new name itself must reach the disk too; elsewhere folders cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def sweep(folder) -> None:
    """Remove what processes that were killed in the middle of ``write`` left in a folder that nobody else writes to."""
    for path in Path(folder).glob(".*.part"):
        path.unlink(missing_ok=True)
