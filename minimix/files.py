"""Files that are either the old version or the new one, whenever the power goes."""

import contextlib
import itertools
import os
import platform
import re
import time
import zlib
from pathlib import Path

_HOST = f"{zlib.crc32(platform.node().encode()):08x}"  # short, and fit for a file's name on every system
_NUMBERS = itertools.count()
_LEFT_BEHIND = re.compile(r"\.(?:([0-9a-f]{8})-)?(\d+)(?:-\d+)?\.part$")  # host, process: as ``write`` names them
PATIENCE = 1.0  # seconds for which ``write`` waits for another program to let go of the file
DAY = 86400.0


def write(path, content: bytes | str) -> None:
    """Replace the file ``path`` by ``content`` in one step: readers, and whoever comes after a crash, see all or nothing of it.

    It is written beside the old one under another name, pushed to the disk, and renamed. Where another program holds the old
    one open, so that Windows does not let it be replaced, this waits a moment.

    Raises OSError, which names ``path``; the old file is as it was then. ValueError for what is no file, such as a device.
    """
    path = Path(path)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ValueError(f"{path} is a device or a pipe, which a file would replace: give the path of a file")
    content = content.encode() if isinstance(content, str) else content
    # of this call alone; and not longer than a file's name may be
    beside = path.with_name(f".{path.name[:40]}.{_HOST}-{os.getpid()}-{next(_NUMBERS)}.part")
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _replace(beside, path)
        if os.name == "posix":  # the new name itself must reach the disk too; elsewhere folders cannot be opened
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except BaseException as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError) and error.errno is not None:  # the system names the other file, or none: "disk full"
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


@contextlib.contextmanager
def named(path):
    """Within it, an OSError that names no file, such as that of a full disk, is one that names ``path``.

    >>> import errno
    >>> with named("a.tar.gz"):
    ...     raise OSError(errno.ENOSPC, "No space left on device")
    Traceback (most recent call last):
        ...
    OSError: [Errno 28] No space left on device: 'a.tar.gz'
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _replace(source: Path, path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return os.replace(source, path)
        except PermissionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def sweep(folder) -> None:
    """Remove what processes that were killed in the middle of ``write`` left in a folder.

    What belongs to a process that is still there stays. Those of other machines cannot be asked: theirs goes after a day.
    """
    for path in Path(folder).glob(".*.part"):
        found = _LEFT_BEHIND.search(path.name)
        try:
            if found is None or (path.stat().st_mtime > time.time() - DAY and _may_be_at_work(*found.groups())):
                continue
            path.unlink(missing_ok=True)
        except OSError:  # gone meanwhile, or held open: Windows does not remove what somebody is writing
            continue


def _may_be_at_work(host: str | None, process: str) -> bool:
    if host not in (None, _HOST):
        return True
    if os.name != "posix":  # where asking for a process can end it; but what it has open cannot be removed there
        return False
    if int(process) == os.getpid():
        return True
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        return True
    return True
