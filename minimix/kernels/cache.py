"""Compiled kernels, kept on disk between runs.

A file holds one kernel for one combination of types. It lies in a folder whose name is a checksum of all that its machine code
depends on (``_ingredients``), in the user's cache folder or in NUMBA_CACHE_DIR: what fits this process is found there, and what
does not is never looked at. Folders that nobody used for long are removed.

The cache saves time, and must never cost a result. Whatever is wrong with a file, the kernel is compiled as if there were none,
and the file is written anew; where nothing can be written, one warning says so, and kernels live as long as the process.

A file is Numba's own pickle, which could run code, and machine code, which is run. So it is read only if nobody but this user
or root could have written it, and only behind a checksum: no damaged byte reaches pickle or the processor.
"""

import contextlib
import functools
import hashlib
import os
import pickle
import re
import secrets
import shutil
import stat
import sys
import time
import warnings
from pathlib import Path

import llvmlite
import numba
from numba.core import config
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.registry import cpu_target
from numba.core.serialize import dumps

from minimix import places

HERE = Path(__file__).parent
MAGIC = b"minimix kernel 1"  # a file begins with this and the SHA-256 of the rest
HEAD = len(MAGIC) + hashlib.sha256().digest_size
FOLDER = re.compile(r"[0-9a-f]{12}")  # what prune() and clear() may remove
KEPT = 8  # folders, the last used
RECENT, OLD = 3600, 60 * 86400  # seconds: used by a running process, perhaps; not used any more

# What changes the code that Numba makes, apart from the processor.
SETTINGS = (
    "BOUNDSCHECK", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "ENABLE_AVX", "DISABLE_INTEL_SVML", "DEBUGINFO_DEFAULT", "DEBUG",
    "EXTEND_VARIABLE_LIFETIMES", "ENABLE_PROFILING", "LLVM_REFPRUNE_PASS", "LLVM_REFPRUNE_FLAGS", "NRT_STATS",
)  # fmt: skip


def root() -> Path | None:
    """The folder of all caches of minimix, of every version and for every processor. None where there is no place for one."""
    if config.CACHE_DIR:
        return Path(config.CACHE_DIR).absolute() / "minimix"
    caches = places.user_cache()
    return caches and caches / "kernels"


def folder() -> Path | None:
    """The folder below ``root`` for the kernels of this minimix, Numba, Python and processor. It need not exist."""
    above, name = root(), _folder_name()
    return above / name if above and name else None


@functools.lru_cache(maxsize=1)
def _folder_name() -> str:
    ingredients = _ingredients()
    return hashlib.sha256(repr(ingredients).encode()).hexdigest()[:12] if ingredients else ""


def _ingredients() -> tuple:
    """All that a kernel's machine code depends on. () where the sources cannot be read: then nothing is kept."""
    sources = hashlib.sha256()
    try:
        for path in sorted(HERE.glob("*.py")):  # all: a kernel may call what any of them holds
            sources.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    except OSError:
        return ()
    if not (HERE / "cache.py").is_file():
        return ()
    return (
        sources.hexdigest(),
        (numba.__version__, llvmlite.__version__, sys.implementation.cache_tag, sys.version_info[:3], sys.maxsize),
        cpu_target.target_context.codegen().magic_tuple(),  # system, processor, its features
        tuple((name, str(getattr(config, name, None))) for name in SETTINGS),
    )


waits: list = []  # functions of a path, called before it is read: who knows that somebody is about to write it waits


class KernelCache(_Cache):
    """What Numba's dispatcher asks before it compiles ``function``, and tells what it has compiled."""

    def __init__(self, function):
        self._name = f"{function.__module__}.{function.__qualname__}"
        self._code = function.__code__
        self._closure = tuple(cell.cell_contents for cell in function.__closure__ or ())
        self._enabled = True

    @property
    def cache_path(self) -> str | None:
        where = folder()
        return where and str(where)

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def flush(self) -> None:  # of ``recompile()``: what is on disk is not wanted
        self._enabled = False

    def _key(self, types) -> tuple:
        """What tells this kernel from all others of its folder."""
        return self._name, str(types), self._code.co_code, _own_source(self._code.co_filename), dumps(self._closure)

    def path(self, types) -> Path | None:
        """Where the kernel for such arguments is, or will be."""
        return self._path(self._key(types))

    def _path(self, key: tuple) -> Path | None:
        where = folder()
        name = re.sub(r"[^\w]", "", self._name.rpartition(".")[2])[:20]  # for people who look into the folder
        return where and where / f"{name}-{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}"

    def load_overload(self, types, target_context):
        """The compiled kernel for such arguments, or None."""
        target_context.refresh()
        if not self._enabled:
            return None
        key = self._key(types)
        path = self._path(key)
        if path is None:
            return None
        _used(path.parent)
        for wait in waits:
            wait(path)
        content = read(path)
        if content is None:
            return None
        try:
            found, reduced = pickle.loads(content)
            return CompileResult._rebuild(target_context, *reduced) if found == key else None
        except Exception:  # sound bytes, which this Numba cannot use after all
            return None

    def save_overload(self, types, compiled) -> None:
        """Keep a compiled kernel, if that is possible: no error comes out of here."""
        if not self._enabled or compiled.library.has_dynamic_globals or any(not one.can_cache for one in compiled.lifted):
            return
        key = self._key(types)
        path = self._path(key)
        if path is None:
            _warn("there is no folder for them: set NUMBA_CACHE_DIR to one that can be written")
            return
        try:
            content = dumps((key, compiled._reduce()))
        except Exception:  # pickle raises many kinds
            return
        write(path, content)


@functools.lru_cache(maxsize=256)
def _own_source(filename: str) -> str:
    """A checksum of a kernel's own file, where it is not one of this folder."""
    try:
        return "" if Path(filename).parent == HERE else hashlib.sha256(Path(filename).read_bytes()).hexdigest()
    except OSError:
        return ""


# -- files --------------------------------------------------------------------------------------------------------------


def read(path: Path) -> bytes | None:
    """The content of a file that ``write`` made. None where there is none, it is damaged, or others could have written it."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)  # a pipe by that name is not waited for
    try:
        with open(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return None
            if not _trusted(status):
                _warn(f"{path} belongs to another user, or can be written by others, and is not read")
                return None
            head = file.read(HEAD)
            if head[: len(MAGIC)] != MAGIC or len(head) < HEAD:
                return None
            content = file.read()
    except OSError:
        return None
    return content if hashlib.sha256(content).digest() == head[len(MAGIC) :] else None


def _trusted(status: os.stat_result) -> bool:
    if os.name != "posix":  # Windows: the user's own folder is closed to others
        return True
    return status.st_uid in (os.geteuid(), 0) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


_out_of_order = False  # once writing failed, it is not tried again


def write(path: Path, content: bytes) -> None:
    """Make or replace a file in one step, whatever other processes do. Where that fails there is a warning, and no file."""
    global _out_of_order
    if _out_of_order:
        return
    beside = path.parent / f"{secrets.token_hex(4)}.part"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            with open(os.open(beside, flags, 0o644), "wb") as file:
                file.write(MAGIC + hashlib.sha256(content).digest() + content)
            os.replace(beside, path)
        except BaseException:  # Ctrl-C, too
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
    except OSError as error:
        if os.name == "nt" and isinstance(error, PermissionError) and path.is_file():
            return  # another process is reading or writing the same kernel
        _out_of_order = True
        _warn(f"{path.parent} cannot be written ({error.strerror or error}); NUMBA_CACHE_DIR names another folder")


_warned = False


def _warn(why: str) -> None:
    """The one warning. It never becomes an error, which would end a run that can go on."""
    global _warned
    if _warned:
        return
    _warned = True
    message = f"compiled kernels are not kept for the next run, which starts more slowly: {why}"
    try:
        warnings.warn(message, RuntimeWarning, stacklevel=3)
    except RuntimeWarning:  # python -W error
        print(f"warning: {message}", file=sys.stderr)


# -- folders ------------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=8)  # once in a process
def _used(where: Path) -> None:
    """Note that a folder is used, by its time; and remove what is not."""
    with contextlib.suppress(OSError):
        os.utime(where)
        for path in where.glob("*.part"):  # of processes that were killed
            if time.time() - path.stat().st_mtime > RECENT:
                path.unlink()
    prune(where)
    for path in HERE.glob("__pycache__/numba-*"):  # of early versions; pip does not know of them
        shutil.rmtree(path, ignore_errors=True)


def prune(keep: Path) -> None:
    """Remove folders beside ``keep``: those last used two months ago, and all but the last used few.

    A process that still runs on a removed one compiles what it needs, and makes it anew.
    """
    now = time.time()
    others = sorted(((now - status.st_mtime, path) for path, status in _folders() if path != keep), key=lambda pair: pair[0])
    for place, (age, path) in enumerate(others, start=1):
        if age > OLD or (place >= KEPT and age > RECENT):
            shutil.rmtree(path, ignore_errors=True)


def clear() -> tuple[int, int]:
    """Remove all kernels, of every version: how many there were, and their bytes. Raises OSError where that is not allowed."""
    before = content()
    for path, _ in _folders():
        shutil.rmtree(path)
    _used.cache_clear()
    return before


def content(where: Path | None = None) -> tuple[int, int]:
    """Number and bytes of the kernels in one folder, or in all."""
    sizes = []
    for path in [where] if where else [path for path, _ in _folders()]:
        with contextlib.suppress(OSError):
            sizes += [entry.stat().st_size for entry in os.scandir(path)]
    return len(sizes), sum(sizes)


def _folders() -> list[tuple[Path, os.stat_result]]:
    """The folders below ``root`` that are caches, each with its status."""
    above, found = root(), []
    with contextlib.suppress(OSError):
        for entry in os.scandir(above) if above else ():
            if FOLDER.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                found.append((Path(entry.path), entry.stat()))
    return found
