"""Fetch an official archive, only when asked to: with its checksum, its progress shown, and unpacked with suspicion."""

import gzip
import os
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from minimix import files
from minimix.data import cifar
from minimix.data.dataset import DataError
from minimix.data.official import ARCHIVES, LAYOUTS, TITLES
from minimix.words import root_of

LARGEST = 2**30  # bytes that an archive may unpack to; the real ones need less than a fifth of that


def download(name: str, folder, progress: bool = True) -> Path:
    """Fetch CIFAR-10 or CIFAR-100 (binary version) into ``folder``; return the folder with its files.

    Nothing is fetched where the set is there already, complete and unaltered. What is there at the end is complete: an
    interrupted download leaves nothing that could be taken for the set.

    Raises ConnectionError where the server cannot be reached, saying how to do it by hand, and DataError where what came, or
    what is in the way, is not the official set.
    """
    if name not in ARCHIVES:
        raise ValueError(f"name: there is an archive for {' and '.join(ARCHIVES)}, not for {name!r}")
    layout = next(layout for layout in LAYOUTS if layout.name == name and layout.binary)
    folder = Path(folder).expanduser()
    target = folder / layout.folder
    if target.exists():
        try:
            for split in layout.files:
                cifar.load(name, target, split)
        except (DataError, OSError) as error:
            raise DataError(
                f"{target} is in the way: move it elsewhere or delete it, then download again. ({error})"
            ) from error
        return target
    folder.mkdir(parents=True, exist_ok=True)
    archive = _fetch(name, folder, target, progress)
    unpack(archive, target)
    archive.unlink()
    return target


def _fetch(name: str, folder: Path, target: Path, progress: bool) -> Path:
    """The archive, its checksum verified. pooch fetches to a temporary name, and renames only what has the right checksum."""
    import pooch
    import requests

    source = ARCHIVES[name]
    fname = source.url.rsplit("/", 1)[1]
    by_hand = (
        f"By hand: get {source.url} ({source.megabytes} MB) on any machine and unpack it in {folder}, so that {target} exists"
    )
    bar = _Bar(f"{TITLES[name]} ({source.megabytes} MB)") if progress else False
    downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=2**16, timeout=60)
    try:
        with files.named(folder / fname):
            path = pooch.retrieve(source.url, known_hash=f"md5:{source.md5}", fname=fname, path=folder, downloader=downloader)
    except requests.exceptions.RequestException as error:
        if error.response is not None:
            error.response.close()  # nobody else does
        reason = root_of(error)
        raise ConnectionError(f"{TITLES[name]} could not be downloaded from {source.url} ({reason}). {by_hand}") from error
    except ValueError as error:  # pooch's word for a wrong checksum
        raise DataError(f"{source.url}: what came is not the official archive: {error}. Try again. {by_hand}") from error
    finally:
        if bar:
            bar.close()
    return Path(path)


class _Bar:
    """rich's progress bar, with the methods that pooch calls."""

    def __init__(self, title: str):
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

        columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task(title, total=None)
        self.total = 0

    def update(self, n: int) -> None:
        self._progress.start()
        self._progress.update(self._task, total=self.total or None, advance=n)

    def reset(self) -> None:
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        self._progress.stop()


def unpack(archive, target) -> None:
    """Unpack a .tar.gz whose files all lie in one folder, called as ``target`` is. ``target`` appears complete or not at all.

    Only plain files and folders are made, with this user's ordinary permissions; DataError for any path that leads elsewhere,
    for links and devices, and for more than 1 GB.
    """
    archive, target = Path(archive), Path(target)
    temporary = Path(tempfile.mkdtemp(prefix=".minimix-", dir=target.parent))
    try:
        try:
            with files.named(target), tarfile.open(archive, "r:*") as tar:
                _extract(tar, archive, target.name, temporary)
                while tar.fileobj.read(2**20):  # to the very end, where gzip keeps its checksum
                    pass
        except (tarfile.TarError, EOFError, FileExistsError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{archive}: not a whole archive ({error}): delete it and download again") from error
        fresh = temporary / target.name
        if not fresh.is_dir():
            raise DataError(f"{archive}: there is no folder {target.name} in it")
        try:
            os.replace(fresh, target)
        except OSError:
            if not target.is_dir():  # somebody else was faster: theirs is as good
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _extract(tar: tarfile.TarFile, archive: Path, top: str, into: Path) -> None:
    room = LARGEST
    for member in tar:
        path = PurePosixPath(member.name)
        parts = path.parts
        if (
            path.is_absolute()
            or ".." in parts
            or "\\" in member.name
            or "\0" in member.name
            or PureWindowsPath(member.name).drive
        ):
            raise DataError(f"{archive}: refused: {member.name!r} would be written outside of its folder")
        if not (member.isfile() or member.isdir()):
            raise DataError(f"{archive}: refused: {member.name!r} is a link or a device, not a plain file")
        if not parts:
            continue  # "./"
        if parts[0] != top:
            raise DataError(f"{archive}: refused: {member.name!r} is not in the folder {top}")
        room -= member.size
        if room < 0:
            raise DataError(f"{archive}: refused: it unpacks to more than {LARGEST >> 20} MB")
        path = into.joinpath(*parts)
        if member.isdir():
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with tar.extractfile(member) as source, open(path, "xb") as copy:
            shutil.copyfileobj(source, copy)
