"""Which files below a folder are pictures: by their names, whatever system they come from."""

import os
import unicodedata
from pathlib import Path
from typing import NamedTuple

# What systems and archives leave beside pictures. Whatever begins with a dot (".DS_Store", "._photo.jpg") is passed over, too.
JUNK = frozenset({
    "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin", "system volume information",
    "lost+found",
})  # fmt: skip

# Pictures that Pillow cannot read, or not everywhere: taken for pictures, so that they are named and not passed over.
FOREIGN = frozenset({".heic", ".heif", ".avif", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"})


class Picture(NamedTuple):
    """A file that should hold a picture.

    name: its path below the folder that was searched, the same on every system.
    stamp: (bytes, time of the last change of content, of anything), by which it is known whether it has changed.
    """

    path: Path
    name: str
    stamp: tuple[int, int, int]


def text(name: str) -> str:
    """A file's name for people: composed as NFC, since systems store "ä" in two ways; of bytes that are no UTF-8, a mark.

    >>> text("a\\u0308") == "\\u00e4"
    True
    """
    return unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "replace"))


def is_junk(name: str) -> bool:
    """
    >>> [is_junk(name) for name in (".DS_Store", "Thumbs.db", "cat.jpg")]
    [True, True, False]
    """
    return name.startswith(".") or name.casefold() in JUNK


def may_be_picture(name: str) -> bool:
    """By its ending; names without one may be.

    >>> [may_be_picture(name) for name in ("cat.JPG", "cat", "cat.heic", "cat.txt")]
    [True, True, True, False]
    """
    from PIL import Image

    suffix = os.path.splitext(name)[1].lower()
    if not suffix or suffix in FOREIGN:
        return True
    return Image.registered_extensions().get(suffix) in Image.OPEN  # some formats can only be written


def subfolders(folder: Path) -> dict[str, Path]:
    """{name: path} of the folders in a folder, sorted by name. Raises ValueError where two have the same name for people."""
    found: dict[str, Path] = {}
    for entry in sorted(os.scandir(folder), key=lambda entry: text(entry.name)):
        if is_junk(entry.name) or not entry.is_dir():
            continue
        name = text(entry.name)
        if name in found:
            raise ValueError(f"{folder} has two folders called {name!r}, in two spellings of Unicode: rename one")
        found[name] = Path(entry.path)
    return found


def pictures(folder: Path, top: Path | None = None, deep: bool = True) -> tuple[list[Picture], list[str], list[str]]:
    """The pictures in ``folder``, sorted by name; the names of other files; and lines about what cannot be looked into.

    top:  names are those below this folder; None: ``folder``.
    deep: with those in its sub-folders. Of links to folders only those that lead out of ``top`` are followed, and each folder
        is entered once: so no picture comes twice, and no ring of links is walked for ever.
    """
    top = folder if top is None else top
    root = os.path.realpath(top)
    found, others, closed = [], [], []
    waiting, entered = [(str(folder), os.path.realpath(folder))], set()
    while waiting:
        place, real = waiting.pop()
        if real in entered:
            continue
        entered.add(real)
        try:
            entries = list(os.scandir(place))
        except OSError as error:
            closed.append(f"{text(os.path.relpath(place, top))}: {error.strerror}")
            continue
        for entry in entries:
            if is_junk(entry.name):
                continue
            if entry.is_dir():
                there = os.path.realpath(entry.path)
                link = there != os.path.join(real, entry.name)
                if deep and not (link and overlap(there, root)):
                    waiting.append((entry.path, there))
            elif may_be_picture(entry.name):
                found.append(Picture(Path(entry.path), text(Path(os.path.relpath(entry.path, top)).as_posix()), _stamp(entry)))
            else:
                others.append(text(entry.name))
    return sorted(found, key=lambda picture: (picture.name, str(picture.path))), sorted(others), sorted(closed)


def overlap(one: str, other: str) -> bool:
    """Whether one of two folders lies in the other."""
    try:
        return os.path.commonpath([one, other]) in (one, other)
    except ValueError:  # on two drives
        return False


def _stamp(entry: os.DirEntry) -> tuple[int, int, int]:
    try:
        about = os.stat(entry.path)  # not entry.stat(): on Windows that is what the folder remembers
    except OSError:  # a link that leads nowhere: reading says so
        return (0, 0, 0)
    return about.st_size, about.st_mtime_ns, about.st_ctime_ns
