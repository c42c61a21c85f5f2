"""CIFAR-10 and CIFAR-100 from a folder, in the official binary or Python version, checked before it is believed.

With ``verify`` (the default) every file must be an official one: its size, and a digest of what is in it. Without, a file only
has to have the official form: whole records, labels in range.
"""

import hashlib
from pathlib import Path

import numpy as np

from minimix.data import safe_pickle
from minimix.data.dataset import DataError, Dataset
from minimix.data.official import CLASSES, LAYOUTS, PIXELS, STATISTICS, TITLES, Layout

AGAIN = "Get the original file again, or pass verify=False if it is a set of your own in this format"


def locate(name: str, root) -> tuple | None:
    """(folder, layout) of the set ``name`` in the folder ``root``, or in its official sub-folder; None where it is not there.

    A folder with all files goes before one where some are missing, and the binary version before the Python version.
    """
    root, partial = Path(root), None
    for layout in LAYOUTS:
        if layout.name != name:
            continue
        files = [*layout.files["train"], *layout.files["test"]]
        for folder in (root / layout.folder, root):
            present = [(folder / file).is_file() for file in files]
            named = any((folder / file).is_file() for file in layout.names)
            if folder == root and not named and not all(present):
                continue  # files that happen to be called "train" or "test" make no CIFAR-100
            if all(present):
                return folder, layout
            if any(present):
                partial = partial or (folder, layout)
    return partial


def load(name: str, root, split: str = "train", verify: bool = True, coarse: bool = False) -> Dataset:
    """Read one split of the set in ``root`` (the official folder, or its parent).

    name:   "cifar10" or "cifar100".
    split:  "train" (50 000 images) or "test" (10 000).
    verify: refuse everything but the official files.
    coarse: CIFAR-100 with its 20 coarse classes, not the 100 fine ones.

    Raises FileNotFoundError where there is no such set or a file is missing, and DataError, naming the file, for one that is
    truncated, altered or mislabelled.
    """
    if name not in STATISTICS:
        raise ValueError(f"name: expected one of {sorted(STATISTICS)}, not {name!r}")
    if split not in ("train", "test"):
        raise ValueError(f"split: {TITLES[name]} has 'train' and 'test', not {split!r}")
    if coarse and name != "cifar100":
        raise ValueError(f"coarse: {TITLES[name]} has one kind of label only; CIFAR-100 has coarse ones")
    found = locate(name, root)
    if found is None:
        expected = " or ".join(layout.folder for layout in LAYOUTS if layout.name == name)
        raise FileNotFoundError(f"{root}: no {TITLES[name]} here: expected a folder {expected}, or the files of one")
    folder, layout = found
    classes = _class_names(folder, layout, verify)[1 if coarse else 0]
    read = _read_binary if layout.binary else _read_python
    parts = []
    for file in layout.files[split]:
        path = folder / file
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is missing: {TITLES[name]}'s split {split!r} needs {', '.join(layout.files[split])}"
            )
        parts.append(read(path, layout, split, verify))
    images = np.concatenate([pixels for pixels, _ in parts]).reshape(-1, 3, 32, 32)
    labels = np.concatenate([labels[:, 0 if coarse else -1] for _, labels in parts]).astype(np.int64)
    return Dataset(images, labels, classes, name, *STATISTICS[name])


# -- one file: (pixels uint8 (N, 3072), labels uint8 (N, 1 or 2), coarse before fine) ------------------------------------------


def _read_binary(path: Path, layout: Layout, split: str, verify: bool) -> tuple:
    record = layout.label_bytes + PIXELS
    size, expected = path.stat().st_size, layout.records(split) * record
    if verify and size != expected:
        raise DataError(
            f"{path}: {'truncated' if size < expected else 'too long'}: {size} bytes, but the official file has {expected}. "
            f"{AGAIN}"
        )
    if size == 0 or size % record:
        raise DataError(f"{path}: truncated or of another format: {size} bytes is not a number of whole {record}-byte records")
    records = np.fromfile(path, np.uint8).reshape(-1, record)
    _check_labels(path, records[:, : layout.label_bytes], layout)
    if verify:
        _check_digest(path, layout, split, records)
    return records[:, layout.label_bytes :], records[:, : layout.label_bytes]


def _read_python(path: Path, layout: Layout, split: str, verify: bool) -> tuple:
    content = path.read_bytes()
    batch = _load_dict(path, content)
    pixels = batch.get("data")
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != PIXELS:
        what = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise DataError(f"{path}: 'data' should be uint8 (N, {PIXELS}), not {what}. {AGAIN}")
    if len(pixels) == 0 or (verify and len(pixels) != layout.records(split)):
        raise DataError(f"{path}: {len(pixels)} images, but the official file has {layout.records(split)}. {AGAIN}")
    columns = []
    for key in layout.keys:
        values = batch.get(key)
        if not isinstance(values, list) or any(type(value) is not int for value in values):
            raise DataError(f"{path}: '{key}' should be a list of whole numbers. {AGAIN}")
        if len(values) != len(pixels):
            raise DataError(f"{path}: mislabelled: {len(values)} {key} for {len(pixels)} images. {AGAIN}")
        columns.append(np.array([min(max(value, -1), 255) for value in values]))  # as int64, whatever the file says
    labels = np.stack(columns, axis=1)
    _check_labels(path, labels, layout)
    labels = labels.astype(np.uint8)
    if verify:
        _check_digest(path, layout, split, content if layout.digest_of_file else np.hstack([labels, pixels]))
    return pixels, labels


def _load_dict(path: Path, content: bytes) -> dict:
    """The pickled dict of a file of the Python version, its keys as text."""
    pairs = safe_pickle.loads(content, path).items()
    return {key.decode("latin-1") if isinstance(key, bytes) else key: value for key, value in pairs}


def _check_labels(path: Path, labels: np.ndarray, layout: Layout) -> None:
    counts = [len(names) for names in CLASSES[layout.name]][::-1]  # coarse before fine
    bad = (labels < 0) | (labels >= np.array(counts))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise DataError(
            f"{path}: mislabelled: record {row} has label {labels[row, column]} in '{layout.keys[column]}', but "
            f"{TITLES[layout.name]} has 0 to {counts[column] - 1} ({bad.any(axis=1).sum()} such records). {AGAIN}"
        )


def _check_digest(path: Path, layout: Layout, split: str, content) -> None:
    official = layout.files[split][path.name]
    digest = _digest(content, official)
    if digest == official:
        return
    for files in layout.files.values():
        for other, known in files.items():
            if digest == known:
                raise DataError(f"{path}: holds what belongs in {other}: the files were renamed or mixed up. {AGAIN}")
    raise DataError(f"{path}: altered: its content is not that of the official file. {AGAIN}")


def _digest(content, like: str) -> str:
    if len(like) == 64:
        return hashlib.sha256(content).hexdigest()
    return hashlib.md5(content, usedforsecurity=False).hexdigest()  # what was published; against accidents


def _class_names(folder: Path, layout: Layout, verify: bool) -> list:
    """The names of the classes, fine before coarse: the folder's own, or the official ones where it has none."""
    official = list(CLASSES[layout.name])
    paths = [folder / file for file in layout.names]
    if layout.binary:
        lists = [_lines(path) if path.is_file() else None for path in paths]
    elif paths[0].is_file():
        meta = _load_dict(paths[0], paths[0].read_bytes())
        keys = ("label_names",) if layout.name == "cifar10" else ("fine_label_names", "coarse_label_names")
        lists, paths = [_texts(paths[0], meta.get(key), key) for key in keys], paths * len(keys)
    else:
        return official
    for i, (path, names) in enumerate(zip(paths, lists, strict=True)):
        if names is None:
            continue
        if len(names) != len(official[i]) or len(set(names)) != len(names):
            raise DataError(
                f"{path}: {len(set(names))} different class names, but there are {len(official[i])} classes. {AGAIN}"
            )
        if verify and tuple(names) != official[i]:
            wrong = next(k for k, (ours, theirs) in enumerate(zip(official[i], names, strict=True)) if ours != theirs)
            raise DataError(
                f"{path}: mislabelled: class {wrong} is called {names[wrong]!r}, not {official[i][wrong]!r}. {AGAIN}"
            )
        official[i] = tuple(names)
    return official


def _lines(path: Path) -> list:
    text = path.read_bytes().decode("utf-8", "replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _texts(path: Path, values, key: str) -> list:
    if not isinstance(values, list) or any(not isinstance(value, (bytes, str)) for value in values):
        raise DataError(f"{path}: '{key}' should be a list of names. {AGAIN}")
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in values]
