"""Small folders in CIFAR's formats, and layouts for which these, and only these, are the official ones."""

import dataclasses
import hashlib
import pickle

import numpy as np

from minimix.data import cifar, official

ROWS = {"cifar10": 4, "cifar100": 6}  # records a file


def records(name, file_number):
    """(labels (N, 1 or 2), coarse before fine; pixels (N, 3072))."""
    rng = np.random.default_rng([len(name), file_number])
    n = ROWS[name]
    labels = [rng.integers(0, len(names), n) for names in official.CLASSES[name][::-1]]
    return np.stack(labels, 1), rng.integers(0, 256, (n, 3072), dtype=np.uint8)


def write(root, layout, protocol=2):
    """Write the folder of a layout below ``root``; return the folder."""
    folder = root / layout.folder
    folder.mkdir(parents=True)
    for number, file in enumerate([*layout.files["train"], *layout.files["test"]]):
        labels, pixels = records(layout.name, number)
        if layout.binary:
            np.hstack([labels.astype(np.uint8), pixels]).tofile(folder / file)
        else:
            batch = {b"batch_label": b"a batch", b"data": pixels, b"filenames": [b"x.png"] * len(pixels)}
            batch.update({key.encode(): labels[:, i].tolist() for i, key in enumerate(layout.keys)})
            (folder / file).write_bytes(pickle.dumps(batch, protocol))
    names = official.CLASSES[layout.name]
    if layout.binary:
        for file, kind in zip(layout.names, names, strict=True):
            (folder / file).write_text("\n".join(kind) + "\n\n")
    else:
        keys = (b"label_names",) if len(names) == 1 else (b"fine_label_names", b"coarse_label_names")
        meta = {key: [name.encode() for name in kind] for key, kind in zip(keys, names, strict=True)}
        (folder / layout.names[0]).write_bytes(pickle.dumps(meta, protocol))
    return folder


def make_official(monkeypatch, tmp_path):
    """From now on the small files are the official ones."""
    layouts = []
    for layout in official.LAYOUTS:
        folder = write(tmp_path / "official", layout)
        files, number = {}, 0
        for split, digests in layout.files.items():
            files[split] = {}
            for file, digest in digests.items():
                labels, pixels = records(layout.name, number)
                content = np.hstack([labels.astype(np.uint8), pixels]).tobytes()
                if layout.digest_of_file:
                    content = (folder / file).read_bytes()
                files[split][file] = hashlib.new("sha256" if len(digest) == 64 else "md5", content).hexdigest()
                number += 1
        layouts.append(dataclasses.replace(layout, files=files))
    monkeypatch.setattr(cifar, "LAYOUTS", tuple(layouts))
    monkeypatch.setattr(official.Layout, "records", lambda self, split: ROWS[self.name])
    return layouts


def expected(name, split, coarse=False):
    """(images, labels) that loading must give."""
    files = len(official.LAYOUTS[0].files["train"]) if name == "cifar10" else 1
    parts = [records(name, number) for number in (range(files) if split == "train" else [files])]
    labels = np.concatenate([labels[:, 0 if coarse else -1] for labels, _ in parts])
    return np.concatenate([pixels for _, pixels in parts]).reshape(-1, 3, 32, 32), labels
