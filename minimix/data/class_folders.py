"""A data set out of a folder of pictures, with a sub-folder for each class.

    pets/cat/1.jpg, pets/dog/a.png, ...         a fifth of each class is set aside for testing
    pets/train/cat/..., pets/test/cat/...       as somebody has divided them ("val", "valid", "validation" serve where no
        "test" is)

The names of the folders, sorted, are the classes, as in torchvision's ImageFolder; pictures may lie deeper in them.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minimix.data import kept, listing
from minimix.data.dataset import DataError, Dataset
from minimix.data.listing import Picture

ROLES = {
    "train": "train", "training": "train", "test": "test", "testing": "test",
    "val": "validation", "valid": "validation", "validation": "validation",
}  # fmt: skip
NAMED = 5  # unreadable pictures that are named; the rest is counted


def from_folder(
    folder, size: int = 32, *, test_share: float = 0.2, seed: int = 0, keep: bool = True, tell=None
) -> tuple[Dataset, Dataset]:
    """(training set, test set) from a folder with a sub-folder of pictures for each class, or with ``train`` and ``test`` in
    it.

    Pictures may be of any size and mode that ``data.pictures.open_upright`` reads: each has its shorter side resized to
    ``size`` pixels, and its centre cut out. That is kept in the user's cache folder, and done again only where files change.

    test_share: what is set aside for testing where the folder does not say, of each class, rounded, at least one picture. Which
        ones follows from the pictures' names and ``seed`` alone: the same in every process and on every system; and a picture
        that is added moves at most one other of its class.
    keep: False: do not use the cache folder.
    tell: called as ``tell(pictures read, pictures to read)`` while they are read.

    The training set's ``note`` says what was done, and names what was left out: pictures that cannot be read, above all.

    Raises FileNotFoundError where there is no such folder, and DataError where it holds no two classes of pictures, or none
    that can be read in one of them.

    >>> from PIL import Image
    >>> for name, brightness in (("day", 200), ("night", 20)):
    ...     Path("sky", name).mkdir(parents=True)
    ...     for i in range(5):
    ...         Image.new("RGB", (80, 60), (brightness + i, 0, 0)).save(f"sky/{name}/{i}.png")
    >>> train, test = from_folder("sky", keep=False)
    >>> train, test.classes
    (Dataset(sky: 8 images of 32x32, 2 classes), ('day', 'night'))
    >>> print(train.note)
    10 pictures of 2 classes in sky: 1 of 5 for testing in each class, by a hash of their names
    """
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or not 1 <= size <= 4096:
        raise ValueError(f"size: expected the side of the resized pictures in pixels, 1 to 4096, not {size!r}")
    if isinstance(test_share, bool) or not isinstance(test_share, (int, float)) or not 0 < test_share < 1:
        raise ValueError(f"test_share: expected a share between 0 and 1, not {test_share!r}")
    folder = checked(folder)
    layout = _layout(folder)
    pictures, labels, parts, notes = [], [], [], list(layout.notes)
    for part, places in enumerate((layout.train, layout.test)):
        for label, name in enumerate(layout.classes):
            found = _of_class(places[name], folder, notes) if name in places else []
            if not found and part == 0:
                raise DataError(
                    f"there is no picture in the folder {places[name]}, which would be a class: put some there, or move it away"
                )
            pictures += found
            labels += [label] * len(found)
            parts += [part] * len(found)
    pixels, unreadable, remarks = kept.read(folder, pictures, int(size), tell, keep)
    notes += _unreadable([pictures[i] for i in sorted(unreadable)], unreadable, remarks)
    good = np.array([i for i in range(len(pictures)) if i not in unreadable], np.int64)
    labels, parts = np.array(labels, np.int64)[good], np.array(parts, np.int64)[good]
    if not layout.test:
        parts = _divided([pictures[i].name for i in good], labels, test_share, seed)
    rule = layout.rule or _rule(labels, parts)
    notes[:0] = [f"{len(good)} pictures of {len(layout.classes)} classes in {listing.text(str(folder))}: {rule}"]
    _need_all(layout, labels, parts, [pictures[i] for i in sorted(unreadable)], notes)
    train, test = good[parts == 0], good[parts == 1]
    name = listing.text(folder.resolve().name) or "pictures"
    train_set = Dataset(pixels[train], labels[parts == 0], layout.classes, name, note="\n".join(notes))
    return train_set, Dataset(pixels[test], labels[parts == 1], layout.classes, name, train_set.mean, train_set.std)


def checked(folder) -> Path:
    """The folder as a Path. Raises FileNotFoundError, or DataError for a file."""
    folder = Path(folder).expanduser()
    if folder.is_file():
        raise DataError(
            f"{folder} is a file: expected a folder with a sub-folder of pictures for each class; unpack archives first"
        )
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    return folder


class _Layout(NamedTuple):
    """train, test: {class: folder}; test is empty where pictures are to be set aside. rule: what is said of that, or ""."""

    classes: tuple[str, ...]
    train: dict[str, Path]
    test: dict[str, Path]
    rule: str
    notes: list[str]


def _layout(folder: Path) -> _Layout:
    found = {name: path for name, path in listing.subfolders(folder).items() if not _holds_runs(path)}
    notes, root = [], folder.resolve()
    for name, path in list(found.items()):
        there = path.resolve()
        if there != root / path.name and listing.overlap(str(there), str(root)):
            notes.append(f"not followed: {name}, a link into {folder} itself")
            del found[name]
    roles: dict[str, Path] = {}
    for name, path in found.items():
        role = ROLES.get(name.casefold())
        if role is None or not listing.subfolders(path) or _loose(path):
            continue  # "test" with pictures in it is a class, or pictures of no class: no part of a division
        if role in roles:
            raise DataError(f"{folder} has both {roles[role].name} and {path.name}, which mean the same: keep one")
        roles[role] = path
    if "train" not in roles:
        if roles and len(roles) == len(found):
            raise DataError(
                f"{folder} has {' and '.join(path.name for path in roles.values())}, but no train: nothing to learn from"
            )
        _need_two(folder, found)
        if loose := _loose(folder):
            notes.append(f"{_count(loose, 'picture')} beside the classes' folders: not used")
        return _Layout(tuple(found), found, {}, "", notes)
    aside = [name for name, path in found.items() if path not in roles.values()]
    train = listing.subfolders(roles["train"])
    _need_two(roles["train"], train)
    divided = roles.get("test") or roles.get("validation")
    if divided is None:
        if aside:
            notes.append(f"not used: {', '.join(aside)}, beside {roles['train'].name}")
        return _Layout(tuple(train), train, {}, "", notes)
    if "test" in roles and "validation" in roles:
        aside.append(roles["validation"].name)
    if aside:
        notes.append(f"not used: {', '.join(aside)}, beside {roles['train'].name} and {divided.name}")
    test = listing.subfolders(divided)
    if strange := [name for name in test if name not in train]:
        raise DataError(f"{divided} has classes that {roles['train']} does not have: {', '.join(strange)}")
    return _Layout(tuple(train), train, test, f"{roles['train'].name} for training, {divided.name} for testing", notes)


def _holds_runs(folder: Path) -> bool:
    """Whether it is where `minimix train` keeps its runs, or one of them: they hold pictures, but none to learn from."""
    return next(folder.glob("last.safetensors"), None) is not None or next(folder.glob("*/last.safetensors"), None) is not None


def _loose(folder: Path) -> int:
    """How many pictures lie in a folder itself."""
    return sum(Path(picture.name).suffix != "" for picture in listing.pictures(folder, deep=False)[0])


def _need_two(folder: Path, classes: dict) -> None:
    if len(classes) >= 2:
        return
    loose = _loose(folder)
    has = (
        f"{_count(loose, 'picture')} and {_count(len(classes), 'sub-folder')}" if loose else _count(len(classes), "sub-folder")
    )
    names = f" ({', '.join(classes)})" if classes else ""
    advice = ""
    for path in classes.values():  # an archive that was unpacked into a folder of its own name
        if len(listing.subfolders(path)) >= 2:
            advice = f"; did you mean {path}?"
    raise DataError(f"{folder} has {has}{names}: expected a sub-folder of pictures for each of two or more classes{advice}")


def _of_class(path: Path, folder: Path, notes: list) -> list[Picture]:
    found, others, closed = listing.pictures(path, folder)
    if others:
        notes.append(
            f"{_count(len(others), 'file')} in {listing.text(path.name)} by name no picture, such as {others[0]}: not used"
        )
    notes += [f"not looked into: {line}" for line in closed]
    return found


def _unreadable(pictures: list[Picture], reasons: dict, remarks: list) -> list[str]:
    lines = [f"left out: {reasons[i]}" for i in sorted(reasons)[:NAMED]]
    if len(pictures) > NAMED:
        lines.append(f"left out: {len(pictures) - NAMED} more that cannot be read")
    if any(picture.path.suffix.lower() in (".heic", ".heif") for picture in pictures):
        lines.append("HEIC, which telephones write, must be converted first, to JPEG or PNG")
    return lines + remarks


def _need_all(layout: _Layout, labels, parts, unreadable: list[Picture], notes: list) -> None:
    """Every class must have pictures to learn from; where it has none for testing, that is said."""
    for part, what in enumerate(("training", "testing")):
        counts = np.bincount(labels[parts == part], minlength=len(layout.classes))
        missing = [name for name, count in zip(layout.classes, counts, strict=True) if not count]
        if not missing:
            continue
        named = f"{', '.join(missing[:NAMED])}{f' and {len(missing) - NAMED} more' if len(missing) > NAMED else ''}"
        if part == 0 or len(missing) == len(layout.classes):
            why = f"; unreadable: {', '.join(picture.name for picture in unreadable[:NAMED])}" if unreadable else ""
            raise DataError(f"no picture is left for {what} in {named}{why}")
        notes.append(f"no picture for testing in {named}")


def _divided(names: list[str], labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """0 for training, 1 for testing, of each picture: in each class, those whose names have the smallest hashes are for
    testing."""
    ranks = [hashlib.blake2b(f"{seed}/{name}".encode("utf-8", "surrogatepass"), digest_size=16).digest() for name in names]
    parts = np.zeros(len(names), np.int64)
    for label in np.unique(labels):
        members = sorted(np.flatnonzero(labels == label), key=lambda i: ranks[i])
        count = min(max(1, round(share * len(members))), len(members) - 1)
        parts[members[:count]] = 1
    return parts


def _rule(labels: np.ndarray, parts: np.ndarray) -> str:
    counts = {(int((parts[labels == label] == 1).sum()), int((labels == label).sum())) for label in np.unique(labels)}
    if len(counts) == 1:
        ((test, total),) = counts
        return f"{test} of {total} for testing in each class, by a hash of their names"
    return f"{int((parts == 1).sum())} of them for testing, the same share of each class, by a hash of their names"


def _count(n: int, what: str) -> str:
    return f"{n} {what}" + "s" * (n != 1)
