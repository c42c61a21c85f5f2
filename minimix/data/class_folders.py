"""A data set out of a folder of pictures, with a sub-folder for each class.

    pets/cat/1.jpg, pets/dog/a.png, ...         a fifth of each class is set aside for testing
    pets/train/cat/..., pets/test/cat/...       as somebody has divided them ("val", "valid", "validation" serve where no
        "test" is)

The names of the folders, sorted, are the classes, as in torchvision's ImageFolder; pictures may lie deeper in them.
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minimix.data import kept, listing
from minimix.data.dataset import DataError, Dataset
from minimix.data.listing import Picture
from minimix.words import count, some

ROLES = {
    "train": "train", "training": "train", "test": "test", "testing": "test",
    "val": "validation", "valid": "validation", "validation": "validation",
}  # fmt: skip
TRAIN, TEST, VALIDATION = range(3)
LARGEST = 4096  # side of the resized pictures, in pixels
NAMED = 5  # unreadable pictures that are named; the rest is counted


class Parts(NamedTuple):
    """What a folder of pictures comes to. validation: where the folder has pictures for that beside those for testing."""

    train: Dataset
    test: Dataset
    validation: Dataset | None


def from_folder(
    folder, size: int = 32, *, test_share: float = 0.2, seed: int = 0, keep: bool = True, tell=None
) -> tuple[Dataset, Dataset]:
    """(training set, test set) from a folder with a sub-folder of pictures for each class, or with ``train`` and ``test`` in
    it.

    Pictures may be of any size and mode that ``data.pictures.open_upright`` reads: each has its shorter side resized to
    ``size`` pixels, and its centre cut out. That is kept in the user's cache folder, and done again only where files change.

    test_share: what is set aside for testing where the folder does not say, of each class, rounded, at least one picture.
        Which ones follows from the pictures' names and ``seed`` alone: the same in every process and on every system; and a
        picture that is added moves at most one other of its class.
    keep: False: do not use the cache folder.
    tell: called as ``tell(pictures read, pictures to read)`` while they are read; what it raises ends the reading.

    The training set's ``note`` says what was done, and names what was left out: pictures that cannot be read, above all.
    Pictures for validation beside those for testing are left to ``minimix.train``, which chooses the best epoch by them.

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
    return parts(folder, size, test_share=test_share, seed=seed, keep=keep, tell=tell)[:2]


def parts(folder, size: int = 32, *, test_share: float = 0.2, seed: int = 0, keep: bool = True, tell=None) -> Parts:
    """All that ``from_folder`` finds."""
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or not 1 <= size <= LARGEST:
        raise ValueError(f"size: expected the side of the resized pictures in pixels, 1 to {LARGEST}, not {size!r}")
    if isinstance(test_share, bool) or not isinstance(test_share, (int, float)) or not 0 < test_share < 1:
        raise ValueError(f"test_share: expected a share between 0 and 1, not {test_share!r}")
    folder = checked(folder)
    layout = _layout(folder)
    pictures, labels, part_of, notes = [], [], [], list(layout.notes)
    for part, places in enumerate((layout.train, layout.test, layout.validation)):
        for label, name in enumerate(layout.classes):
            found = _of_class(places[name], folder, notes) if name in places else []
            if not found and part == TRAIN:
                raise DataError(
                    f"there is no picture in the folder {places[name]}, which would be a class: put some there, or move it away"
                )
            pictures += found
            labels += [label] * len(found)
            part_of += [part] * len(found)
    pixels, unreadable, remarks = kept.read(folder, pictures, int(size), tell, keep)
    inside = f"{listing.text(str(folder))}{os.sep}"  # which the first line names
    notes += _unreadable({i: why.replace(inside, "", 1) for i, why in unreadable.items()}, remarks)
    good = np.array([i for i in range(len(pictures)) if i not in unreadable], np.int64)
    labels, part_of = np.array(labels, np.int64)[good], np.array(part_of, np.int64)[good]
    if not layout.test:
        part_of = _divided([pictures[i].name for i in good], labels, test_share, seed)
    rule = layout.rule or _rule(labels, part_of)
    notes[:0] = [f"{len(good)} pictures of {len(layout.classes)} classes in {listing.text(str(folder))}: {rule}"]
    _need_all(layout, labels, part_of, [pictures[i].name for i in sorted(unreadable)], notes)
    name = listing.text(folder.resolve().name) or "pictures"
    train_set, made = None, []
    for part in (TRAIN, TEST, VALIDATION):
        which = good[part_of == part]
        more = {"note": "\n".join(notes)} if train_set is None else {"mean": train_set.mean, "std": train_set.std}
        made.append(Dataset(pixels[which], labels[part_of == part], layout.classes, name, **more))
        train_set = made[0]
    return Parts(*made[:2], made[2] if len(made[2]) else None)


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
    """train, test, validation: {class: folder}; test is empty where pictures are to be set aside. rule: what is said of
    that."""

    classes: tuple[str, ...]
    train: dict[str, Path]
    test: dict[str, Path]
    validation: dict[str, Path]
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
    roles = _roles(folder, found)
    if "train" not in roles:
        if roles and len(roles) == len(found):
            raise DataError(
                f"{folder} has {' and '.join(path.name for path in roles.values())}, but no train: nothing to learn from"
            )
        _need_two(folder, found)
        if loose := _loose(folder):
            notes.append(f"{count(loose, 'picture')} beside the classes' folders: not used")
        return _Layout(tuple(found), found, {}, {}, "", notes)
    aside = [name for name, path in found.items() if path not in roles.values()]
    train = listing.subfolders(roles["train"])
    _need_two(roles["train"], train)
    tested = roles.get("test") or roles.get("validation")
    chosen_by = roles.get("validation") if "test" in roles else None
    test, validation = ({} if path is None else _same_classes(path, train) for path in (tested, chosen_by))
    used = [path.name for path in (roles["train"], tested, chosen_by) if path is not None]
    if aside:
        notes.append(f"not used: {', '.join(aside)}, beside {' and '.join(used)}")
    rule = ", ".join(f"{name} for {what}" for name, what in zip(used, ("training", "testing", "validation"), strict=False))
    return _Layout(tuple(train), train, test, validation, rule if test else "", notes)


def _roles(folder: Path, found: dict[str, Path]) -> dict[str, Path]:
    """{"train", "test", "validation": sub-folder}, as far as they are there; a class may have such a name, too."""
    named = [(ROLES[name.casefold()], path) for name, path in found.items() if name.casefold() in ROLES]
    within = {path: set(listing.subfolders(path)) for _, path in named}
    trained = set().union(*(within[path] for role, path in named if role == "train"))
    sure = any(within[path] & trained for role, path in named if role != "train")  # the same classes in both
    roles: dict[str, Path] = {}
    for role, path in named:
        if not within[path] or (not sure and _loose(path)):
            continue  # pictures of a class, or of none: no part of a division
        if role in roles:
            raise DataError(f"{folder} has both {roles[role].name} and {path.name}, which mean the same: keep one")
        roles[role] = path
    return roles


def _same_classes(folder: Path, train: dict) -> dict[str, Path]:
    found = listing.subfolders(folder)
    if strange := [name for name in found if name not in train]:
        raise DataError(f"{folder} has classes that the training pictures do not have: {', '.join(strange)}")
    return found


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
    has = f"{count(loose, 'picture')} and {count(len(classes), 'sub-folder')}" if loose else count(len(classes), "sub-folder")
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
            f"{count(len(others), 'file')} in {listing.text(path.name)} by name no picture, such as {others[0]}: not used"
        )
    notes += [f"not looked into: {line}" for line in closed]
    return found


def _unreadable(reasons: dict, remarks: list) -> list[str]:
    lines = [f"left out: {reasons[i]}" for i in sorted(reasons)[:NAMED]]
    if len(reasons) > NAMED:
        lines.append(f"left out: {len(reasons) - NAMED} more that cannot be read")
    return lines + remarks


def _need_all(layout: _Layout, labels, part_of, unreadable: list[str], notes: list) -> None:
    """Every class must have pictures to learn from; where it has none for testing, that is said."""
    for part, what in enumerate(("training", "testing")):
        counts = np.bincount(labels[part_of == part], minlength=len(layout.classes))
        missing = [name for name, number in zip(layout.classes, counts, strict=True) if not number]
        if not missing:
            continue
        named = some(missing, NAMED)
        if part == 0 or len(missing) == len(layout.classes):
            why = f"; unreadable: {some(unreadable, NAMED)}" if unreadable else ""
            raise DataError(f"no picture is left for {what} in {named}{why}")
        notes.append(f"no picture for testing in {named}")


def _divided(names: list[str], labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """TRAIN or TEST, of each picture: in each class, those whose names have the smallest hashes are for testing."""
    ranks = [hashlib.blake2b(f"{seed}/{name}".encode("utf-8", "surrogatepass"), digest_size=16).digest() for name in names]
    part_of = np.full(len(names), TRAIN)
    for label in np.unique(labels):
        members = sorted(np.flatnonzero(labels == label), key=lambda i: ranks[i])
        number = min(max(1, round(share * len(members))), len(members) - 1)
        part_of[members[:number]] = TEST
    return part_of


def _rule(labels: np.ndarray, part_of: np.ndarray) -> str:
    counts = {(int((part_of[labels == label] == TEST).sum()), int((labels == label).sum())) for label in np.unique(labels)}
    if len(counts) == 1:
        ((test, total),) = counts
        return f"{test} of {total} for testing in each class, by a hash of their names"
    return f"{int((part_of == TEST).sum())} of them for testing, the same share of each class, by a hash of their names"
