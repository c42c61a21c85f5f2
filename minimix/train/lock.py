"""A run belongs to one process at a time: its folder has a lock, which the system opens when the process ends, in any way."""

import contextlib
import errno
import os
import platform
import time
from pathlib import Path

FILE = ".lock"
_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK, getattr(errno, "EDEADLOCK", errno.EDEADLK)}  # somebody else has it
_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL}  # of file systems that have none


class RunLocked(RuntimeError):
    """Another process is training this run. The message names the run, process and machine; ``holder`` the latter two."""

    def __init__(self, message: str, holder: str = "another process"):
        super().__init__(message)
        self.holder = holder


@contextlib.contextmanager
def locked(folder):
    """Within it, no other process, and no other thread of this one, gets into the same block for the same folder.

    Raises RunLocked at once where somebody is in it. Where the file system has no locks there is no protection.

    >>> with locked("."):
    ...     try:
    ...         with locked("."):
    ...             pass
    ...     except RunLocked as error:
    ...         print("is being trained by process" in str(error))
    True
    """
    path, process = Path(folder) / FILE, os.getpid()
    file = _taken(path)
    try:
        with contextlib.suppress(OSError):  # on a full disk, nobody can read who it is
            os.ftruncate(file, 0)
            os.write(file, f"process {process} on host {platform.node()}".encode())
        yield
    finally:
        if os.getpid() == process:  # a child that was forked meanwhile leaves it alone
            if os.name == "posix":  # while it is still ours
                path.unlink(missing_ok=True)
            os.close(file)
            if os.name != "posix":  # where what is open cannot be removed
                with contextlib.suppress(OSError):
                    path.unlink()


def _taken(path: Path) -> int:
    """The open file, locked."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(file)
            if os.name != "posix" or os.path.samestat(os.fstat(file), os.stat(path)):
                return file
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return file
            if error.errno not in _HELD:
                os.close(file)
                raise
            run, holder = path.parent.resolve().name, _holder(file)
            os.close(file)
            raise RunLocked(
                f"run {run} is being trained by {holder} ({path.parent}): wait for its end, stop it, or give this run another "
                "name",
                holder,
            ) from None
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # the process before removed it between the two lines above


def _holder(file: int) -> str:
    """Who has locked it. Between its lock and its name lies a moment, for which we wait."""
    for _ in range(20):
        os.lseek(file, 0, os.SEEK_SET)
        if who := os.read(file, 300):
            return who.decode(errors="replace")
        time.sleep(0.01)
    return "another process"


def _lock(file: int) -> None:
    if os.name == "posix":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        import msvcrt

        os.lseek(file, 1 << 30, os.SEEK_SET)  # a byte behind the text, which others may read meanwhile
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(file, 0, os.SEEK_SET)
