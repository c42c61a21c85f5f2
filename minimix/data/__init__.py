"""Data: CIFAR-10 and CIFAR-100 from files, patterns10 from a seed, pictures and arrays of your own; augmentation and batches.

data.load("auto", "train")      CIFAR-10 where it is found, else patterns10
data.find("cifar10")            the folder, or None
data.from_folder("pets")        (training, test) images out of a folder of pictures for each class
data.from_arrays(x, labels)     a set out of arrays of many kinds
data.download("cifar10")        fetch it; nothing else here uses the network
data.load_pictures(["a.jpg"], models.preparation("tf_mixnet_s"))     photographs for networks with published weights

dataset         labelled images in memory; arrays: what they are made of, of many kinds
cifar           CIFAR's files, read with safe_pickle; official: what is known of them; archive: fetched and unpacked
patterns        patterns10, drawn by code
class_folders   a set out of a folder for each class; listing: which files are pictures; kept: resized once, and kept
pictures        photographs from files, for a network
contents        what is in a folder that was named for data; classes: names of classes from a file
batches         epoch after epoch, in an order and with augmentation that follow from a seed: draws
augment         flip, crop and cut-out; augmentations: these and functions of your own, by name
"""

import dataclasses
import os
from pathlib import Path

from minimix.data import archive, cifar, contents
from minimix.data.augment import Augment, make_batch
from minimix.data.batches import Batches
from minimix.data.class_folders import from_folder
from minimix.data.classes import read_classes
from minimix.data.dataset import DataError, Dataset, from_arrays
from minimix.data.official import ARCHIVES, LAYOUTS, TITLES
from minimix.data.patterns import patterns10
from minimix.data.pictures import load_pictures
from minimix.places import user_cache

__all__ = [
    "NAMES", "Augment", "Batches", "DataError", "Dataset", "download", "find", "folders", "from_arrays", "from_folder",
    "how_to_get", "load", "load_pictures", "make_batch", "patterns10", "read_classes",
]  # fmt: skip

NAMES = ("cifar10", "cifar100", "patterns10")


def folders(data_dir=None) -> list:
    """Where data is looked for: in ``data_dir`` alone, if it is given; else what MINIMIX_DATA names, then the user's cache
    folder.

    >>> from minimix import data
    >>> [str(folder) for folder in data.folders("somewhere")]
    ['somewhere']
    """
    chosen = [os.environ.get("MINIMIX_DATA", "").strip(), user_cache()] if data_dir in (None, "") else [data_dir]
    return [Path(folder).expanduser() for folder in chosen if folder is not None and str(folder)]


def find(name: str, data_dir=None) -> Path | None:
    """The folder that holds CIFAR-10 or CIFAR-100, or None. Some of its files may be missing: ``load`` then says which.

    Raises NotADirectoryError or FileNotFoundError for a ``data_dir`` that is none.
    """
    if name not in TITLES:
        raise ValueError(f"name: expected one of {', '.join(TITLES)}, not {name!r}")
    if data_dir is not None:
        path = Path(data_dir).expanduser()
        if path.is_file():
            raise NotADirectoryError(f"data_dir: {path} is a file: unpack it, and give the folder")
        if not path.exists():
            raise FileNotFoundError(f"data_dir: there is no folder {path}")
    for folder in folders(data_dir):
        found = cifar.locate(name, folder)
        if found:
            return found[0]
    return None


def load(
    name: str = "auto",
    split: str = "train",
    data_dir=None,
    *,
    verify: bool = True,
    coarse: bool = False,
    size: int | None = None,
    seed: int = 0,
) -> Dataset:
    """One split of a set, in memory.

    name:     "cifar10", "cifar100", "patterns10"; "auto": CIFAR-10 where it is found, else patterns10, and then the set's
        ``note`` is a line for the user that says so, and how to get CIFAR-10. Not where a ``data_dir`` was given: then it must
        be there.
    split:    "train" or "test".
    data_dir: the folder with the files, or its parent. None: MINIMIX_DATA and the user's cache folder.
    verify:   refuse CIFAR files that are not the official ones. False for files of your own in the same format.
    coarse:   CIFAR-100 with its 20 coarse classes.
    size:     only the first so many images.
    seed:     of patterns10.

    Raises FileNotFoundError where a set that was asked for by name is not found, and DataError for a file that is truncated,
    altered or mislabelled ("auto" too: a damaged CIFAR-10 is not passed over in silence).

    >>> from minimix import data
    >>> data.load("patterns10", "test", size=50)
    Dataset(patterns10: 50 images of 32x32, 10 classes)
    """
    if name not in ("auto", *NAMES):
        raise ValueError(f"name: expected one of auto, {', '.join(NAMES)}, not {name!r}")
    if split not in ("train", "test"):
        raise ValueError(f"split: expected 'train' or 'test', not {split!r}")
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        raise ValueError(f"size: expected a number of images, 1 or more, not {size!r}")
    if name == "patterns10":
        return patterns10(split, size, seed)
    wanted = "cifar10" if name == "auto" else name
    folder = find(wanted, data_dir)
    if folder is None and data_dir is not None:
        raise FileNotFoundError(contents.refusal(wanted, Path(data_dir).expanduser()))
    if folder is None and name == "auto":
        note = " ".join(filter(None, ["Using patterns10, drawn here from a seed.", _empty(), how_to_get(wanted)]))
        return dataclasses.replace(patterns10(split, size, seed), note=note)
    if folder is None:
        raise FileNotFoundError(" ".join(filter(None, [_empty(), how_to_get(wanted)])))
    data = cifar.load(wanted, folder, split, verify, coarse)
    return data if size is None else data.subset(slice(0, size))


def how_to_get(name: str, data_dir=None) -> str:
    """One line: where CIFAR-10 or CIFAR-100 was looked for, and the two ways to get it."""
    looked = ", ".join(map(str, folders(data_dir))) or "any folder (this user has no cache folder)"
    names = " or ".join(layout.folder for layout in LAYOUTS if layout.name == name)
    return (
        f"{TITLES[name]} is not in {looked}: fetch it with `minimix data get {name}` ({ARCHIVES[name].megabytes} MB), "
        f"or point --data-dir or MINIMIX_DATA to a folder with {names}."
    )


def _empty() -> str:
    """A sentence about MINIMIX_DATA, where it names no folder, or one with nothing that is known here; or ""."""
    named = os.environ.get("MINIMIX_DATA", "").strip()
    if not named or contents.known(Path(named).expanduser()):
        return ""
    what = (
        "is no folder"
        if not Path(named).expanduser().is_dir()
        else f"holds nothing that is known ({contents.listed(Path(named))})"
    )
    return f"MINIMIX_DATA names {named}, which {what}."


def download(name: str = "cifar10", data_dir=None, progress: bool = True) -> Path:
    """Fetch CIFAR-10 or CIFAR-100 into the first of ``folders(data_dir)``; return the folder with its files.

    Fetches nothing where it is there already. Raises ConnectionError without a network, saying how to do it by hand, and
    DataError for an archive that is not the official one.
    """
    if not folders(data_dir):
        raise FileNotFoundError("this user has no cache folder: say with --data-dir or MINIMIX_DATA where the data shall go")
    return archive.download(name, folders(data_dir)[0], progress)
