"""Files that are either the old version or the new one, whenever the power goes."""

import errno
import os
import stat
from pathlib import Path


def write(path, content: bytes | str) -> None:
    """Replace the file ``path`` by ``content`` in one step: readers, and whoever comes after a crash, see all or nothing of it.

    It is written beside the old one under another name, pushed to the disk, and renamed. Where ``path`` is a link, the file
    that it leads to is replaced, and the link stays. A file that was there keeps its permissions.

    Raises ValueError for what is no plain file, such as a folder, a device or a pipe: see ``target``.
    """
    path = target(path)
    content = content.encode() if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")  # of this process alone
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            beside.chmod(stat.S_IMODE(path.stat().st_mode))
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


def target(path) -> Path:
    """The file that is meant by ``path``: links are followed, to whatever is to be replaced at their end.

    Raises ValueError where a file would take the place of something else, PermissionError where a file is there that must not
    be written to.
    """
    path = Path(path)
    place = os.path.realpath(path.parent)
    if place == "/dev" or place.startswith("/proc"):  # /dev/stdout: whatever it is today, another program writes there
        raise ValueError(f"{path} is no plain file: give the path of a file, which is then replaced in one step")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return Path(os.path.realpath(path)) if path.is_symlink() else path
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
        kind = kinds.get(stat.S_IFMT(mode), "a device")
        raise ValueError(f"{path} is {kind}, no plain file: give the path of a file, which is then replaced in one step")
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "it is protected against writing", str(path))
    return Path(os.path.realpath(path)) if path.is_symlink() else path
