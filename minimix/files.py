"""Files that are either the old version or the new one, whenever the power goes."""

import contextlib
import errno
import itertools
import os
import platform
import re
import stat
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

    It is written beside the old one under another name, pushed to the disk, and renamed. Where ``path`` is a link, the file
    that it leads to is replaced, and the link stays. A file that was there keeps its permissions. Where another program holds
    it open, so that Windows does not let it be replaced, this waits a moment.

    Raises OSError, which names ``path``, and then the old file is as it was; ValueError for what is no plain file, such as a
    folder, a device or a pipe: see ``target``.
    """
    path = target(path)
    content = content.encode() if isinstance(content, str) else content
    # of this call alone; and not longer than a file's name may be
    beside = path.with_name(f".{path.name[:40]}.{_HOST}-{os.getpid()}-{next(_NUMBERS)}.part")
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            beside.chmod(stat.S_IMODE(path.stat().st_mode))
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


FORMATS = {  # of networks and their weights, by the endings of their files
    ".onnx": "ONNX",
    ".safetensors": "safetensors",
    **dict.fromkeys((".pth", ".pt", ".bin", ".ckpt", ".tar", ".pkl", ".pickle"), "PyTorch's or Python's pickles"),
    **dict.fromkeys((".npz", ".npy"), "NumPy"),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), "Keras"),
    **dict.fromkeys((".pb", ".tflite"), "TensorFlow"),
    ".ort": "onnxruntime's own",
}


def writable(path, ending: str) -> Path:
    """``path``, where a file in the format of ``ending`` may be written: what is wrong with it is told before the work is done.

    Raises TypeError for what is no path; ValueError for a name with another format's ending, by which whoever reads the file
    would be misled; FileNotFoundError where there is no such folder; and what ``target`` raises.

    >>> writable("net.pth", ".safetensors")
    Traceback (most recent call last):
        ...
    ValueError: net.pth: the ending is that of PyTorch's or Python's pickles, but safetensors is written: net.safetensors
    """
    if not isinstance(path, (str, os.PathLike)) or isinstance(os.fspath(path), bytes):
        raise TypeError(f"path: expected the path of a file, not {path!r}")
    path = Path(path)
    named, written = FORMATS.get(path.suffix.lower(), FORMATS[ending]), FORMATS[ending]
    if named != written:
        better = path.with_suffix(ending).name
        raise ValueError(f"{path}: the ending is that of {named}, but {written} is written: {better}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} into")
    target(path)
    return path


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
