"""The images that a trained network is judged by: its own, found again, or others of the same classes."""

import dataclasses

import numpy as np

from minimix import data as datasets
from minimix.data import Dataset
from minimix.train import sources
from minimix.train.config import Config
from minimix.train.model import Trained
from minimix.train.progress import Silent
from minimix.train.split import split as parted
from minimix.train.state import about_data
from minimix.words import some

SPLITS = ("test", "train", "validation", "all")


def images_for(trained: Trained, data=None, split: str = "test", data_dir=None) -> tuple[Dataset, list[str]]:
    """(images, lines for the user): what ``evaluate`` takes, normalised as the network has learnt to see them.

    data:  as for ``train``; None: what it was trained on. Its classes must be among the network's, in any order.
    split: "test"; "train": of its own images, those that it was trained on; "validation": by which its best epoch was chosen;
        "all": each of them.

    Raises ValueError where the classes differ, or there are no such images; FileNotFoundError where its own are gone.
    """
    if split not in SPLITS:
        raise ValueError(f"split: expected one of {', '.join(SPLITS)}, not {split!r}")
    found, lines = sources.source(data), _Lines()
    found = sources.again(found, trained.about, trained.data, trained.path)
    if found.name is None and trained.data not in datasets.NAMES:
        raise ValueError(f"{trained.path} was trained on {trained.data!r}, which has no place here: choose with --data")
    found = dataclasses.replace(found, name=found.name or trained.data)
    config = sources.found_again(Config(data=found.name, data_dir=data_dir), trained.about if data is None else {})
    if found.folder is not None:
        height, width = trained.image_shape[1:]
        config = dataclasses.replace(config, size=max(height, width))
    parts = dict(zip(("train", "test", "validation"), sources.load(found, config, lines), strict=True))
    own = data is None or found.name == trained.data
    if found.folder is not None:
        own = about_data(parts["train"], parts["test"], parts["validation"])["checksum"] == trained.about["checksum"]
        if data is not None and not own and parts["test"] is not None and split == "test":
            lines.note("--split all takes every picture of the folder, not only those for testing")
        if data is None and not own:
            lines.note(f"the pictures in {found.folder} are no longer those that the network was trained on")
    share = trained.recipe.get("validation", 0.0)
    if parts["validation"] is None and own and split in ("train", "validation"):
        parts["train"], parts["validation"] = parted(parts["train"], share, trained.recipe["seed"])
    chosen = [parts[split]] if split != "all" else [part for part in parts.values() if part is not None]
    if chosen == [None]:
        why = ": it was trained with --validation 0" if split == "validation" and own and not share else ""
        raise ValueError(f"{trained.path if own else found.name} has no {split} images{why}")
    return _as_learnt(chosen, trained), lines.lines


class _Lines(Silent):
    def __init__(self):
        self.lines = []

    def note(self, text: str) -> None:
        self.lines.append(text)


def _as_learnt(parts: list[Dataset], trained: Trained) -> Dataset:
    """The images of all parts, with the network's classes, mean and std."""
    place = {name: i for i, name in enumerate(trained.classes)}
    if strange := [name for name in parts[0].classes if name not in place]:
        raise ValueError(
            f"{parts[0].name} does not have the classes of {trained.path}, which was trained on {trained.data}: it knows "
            f"{some(trained.classes)}, but not {some(strange)}"
        )
    label = np.array([place[name] for name in parts[0].classes], np.int64)
    images, labels = (np.concatenate([getattr(part, what) for part in parts]) for what in ("images", "labels"))
    return Dataset(images, label[labels], trained.classes, parts[0].name, trained.mean, trained.std)
