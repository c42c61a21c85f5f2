"""Where a run's images and its network come from, what its checkpoints remember of that, and how both are found again.

Images: a set by name, a folder of pictures (a path, or a text that is no name), ``Dataset``s, or arrays. Networks: a name,
"file.py:function", or a Module. A recipe holds names alone, which mean the same on every machine. The paths stand beside it, as
``about["places"]``: {"data": the folder, "data_dir": of a set by name, "model": file and function, "checksum": of the file}.
"""

import dataclasses
import os
import warnings
from pathlib import Path

import numpy as np

from minimix import data as datasets
from minimix.data import Dataset
from minimix.data import class_folders as folders
from minimix.models import own
from minimix.train import checkpoint
from minimix.train.checkpoint import CheckpointError
from minimix.train.config import Config
from minimix.words import nearest

KNOWN = ("auto", *datasets.NAMES)
TUNED = 0.1  # of the learning rate, where weights have been learned already
PASSES = 20_000  # times that a network sees an image, in all epochs, where nobody says how many
JUDGES = 200  # training images, of which a tenth, 20, can tell one epoch from another
SIZE = 32  # pixels, height and width, of the pictures of a folder


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """Of images. name: in the recipe; None: nothing was said. sets: (training, test or None). folder: of pictures."""

    name: str | None = None
    sets: tuple | None = None
    folder: Path | None = None


def source(data) -> Source:
    """What ``data`` says. Raises FileNotFoundError for a path that leads nowhere; TypeError and ValueError for what is none."""
    if data is None:
        return Source()
    if isinstance(data, str) and data in KNOWN:
        return Source(data)
    if isinstance(data, (str, os.PathLike)):
        return _of_folder(data)
    sets = _sets(data)
    return Source(sets[0].name, sets)


def _of_folder(data) -> Source:
    path = Path(data).expanduser()
    if not path.exists() and isinstance(data, str) and path.name == data:
        near = nearest(data, KNOWN)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(KNOWN)}, or give a folder of pictures"
        raise ValueError(f"data: no data set is called {data!r}, and no folder: {advice}")
    path = folders.checked(path)
    name = path.resolve().name or "pictures"
    return Source(f"own-{name}" if name in KNOWN else datasets.listing.text(name), folder=path.absolute())


def _sets(data) -> tuple[Dataset, Dataset | None]:
    """(training, test or None) out of Datasets, or of arrays: (images, labels), or two of these."""
    if isinstance(data, Dataset):
        return data, None
    pair = tuple(data) if isinstance(data, (tuple, list)) else ()
    if len(pair) == 2 and isinstance(pair[0], Dataset) and (pair[1] is None or isinstance(pair[1], Dataset)):
        sets = pair
    elif len(pair) == 2 and _images_and_labels(pair):
        sets = datasets.from_arrays(*pair), None
    elif len(pair) == 2 and _images_and_labels(pair[0]) and (pair[1] is None or _images_and_labels(pair[1])):
        made = datasets.from_arrays(*pair[0], test=pair[1])
        sets = made if isinstance(made, tuple) else (made, None)
    else:
        raise TypeError(
            "data: expected a name, a folder of pictures, a minimix.data.Dataset, or two of them, (for training, for testing), "
            "the second of which may be None; or arrays, (images, labels), or two of these"
        )
    train_set, test_set = sets
    if test_set is not None:
        if train_set.classes != test_set.classes or train_set.images.shape[1:] != test_set.images.shape[1:]:
            raise ValueError(
                f"data: training set {train_set} and test set {test_set} do not have the same classes and image size"
            )
        test_set = dataclasses.replace(test_set, mean=train_set.mean, std=train_set.std)  # as the network learns to see them
    return train_set, test_set


def _images_and_labels(part) -> bool:
    """Whether it is a pair of arrays of which the first may hold images, and the second not."""
    if not isinstance(part, (tuple, list)) or len(part) != 2 or any(isinstance(one, (Dataset, str)) for one in part):
        return False
    return (
        hasattr(part[0], "shape")
        and len(part[0].shape) >= 2
        and np.ndim(part[1]) <= 2
        and len(part[0].shape) > np.ndim(part[1])
    )


def load(found: Source, config: Config, progress, check=lambda: None) -> tuple[Dataset, Dataset | None, Dataset | None]:
    """(training, test, validation) images; the last only where a folder of pictures has its own.

    check: called now and then while pictures are read, which may take long.
    """
    if found.folder is None and config.size is not None:
        raise ValueError(f"size: {found.name or config.data} has images of its own size; only pictures in folders are resized")
    if found.folder is not None and config.data_dir is not None:
        raise ValueError(f"data_dir: {found.folder} is all that is needed; leave {config.data_dir} out")
    if found.sets is not None:
        _need_two(found.sets[0])
        sets = (*found.sets, None)
    elif found.folder is not None:

        def tell(done: int, total: int) -> None:
            check()
            if done == 0:
                progress.busy(f"reading {total:,} pictures in {found.folder} (once: they are kept for the next time)")

        train_set, test_set, validation_set = folders.parts(found.folder, config.size or SIZE, tell=tell)
        train_set, *others = (
            None if one is None else dataclasses.replace(one, name=found.name) for one in (train_set, test_set, validation_set)
        )
        sets = (train_set, *others)
    else:
        progress.busy("loading the data")
        sets = (*(datasets.load(config.data, split, config.data_dir) for split in ("train", "test")), None)
    for line in dict.fromkeys(part.note for part in sets if part is not None and part.note):
        progress.note(line)
    return sets


def meant(config: Config) -> str:
    """The name of the images; of "auto", what it stands for on this machine."""
    if config.data != "auto":
        return config.data
    return "patterns10" if datasets.find("cifar10", config.data_dir) is None else "cifar10"


def _need_two(train_set: Dataset) -> None:
    """Refuse images of a single class: there every network is right always, and nothing is learnt."""
    labels = np.unique(train_set.labels)
    if len(labels) == 1:
        only = train_set.classes[int(labels[0])]
        raise datasets.DataError(
            f"data: all {len(train_set)} training images of {train_set.name} are of one class, {only!r}: expected "
            "images of two or more; are these the right labels?"
        )


def suited(config: Config, found: Source, asked: dict, count: int, divided: bool = False) -> tuple[Config, list[str]]:
    """With the defaults that suit ``count`` images of your own; what was asked for stays. And lines for the user.

    Few images make few steps an epoch: it takes smaller batches, with a smaller learning rate, and more epochs to learn from
    them. From 2048 images on, the defaults are those of other sets. What begins with learned weights goes on with a tenth of
    the learning rate: a deep network's are soon undone by longer steps.

    Of fewer than ``JUDGES`` pictures, a tenth would choose an epoch by chance: all are trained on, and the last epoch is kept.

    divided: there are images for validation beside them.

    >>> few, lines = suited(Config(), Source("pets", folder=Path("pets")), {}, 48)
    >>> few.epochs, few.batch_size, round(few.lr, 3), few.size, few.validation
    (100, 16, 0.106, 32, 0.0)
    >>> suited(Config(from_="run"), Source("pets", folder=Path("pets")), {}, 4800)[1]
    ['begun with learned weights, it takes small steps: lr is 0.03, a tenth of the usual']
    """
    if found.name in KNOWN or found.name is None:
        return config, []
    usual, least = Config.batch_size, 16
    defaults = {"epochs": min(100, max(10, round(PASSES / count)))} | ({"size": SIZE} if found.folder else {})
    if "batch_size" not in asked:
        defaults["batch_size"] = next((size for size in (least, 32, 64) if count < 2 * least * size), usual)
    batch = min(defaults.get("batch_size", config.batch_size), usual)
    defaults["lr"] = config.lr * (batch / usual) ** 0.5 * (1.0 if config.from_ is None else TUNED)
    lines = []
    if config.from_ is not None and "lr" not in asked:
        lines.append(f"begun with learned weights, it takes small steps: lr is {defaults['lr']:.2g}, a tenth of the usual")
    if found.folder is not None and count < JUDGES and not divided and not {"validation", "patience"} & set(asked):
        defaults["validation"] = 0.0
        lines.append(
            f"{count} pictures are too few to choose an epoch by some of them: all are trained on, and the last epoch is kept"
        )
    return dataclasses.replace(config, **{name: value for name, value in defaults.items() if name not in asked}), lines


# -- places -----------------------------------------------------------------------------------------------------------


def places(found: Source, config: Config, file: str | None) -> dict:
    """What a checkpoint remembers besides names. file: "path.py:function" of the network, or None."""
    noted = {}
    if found.folder is not None:
        noted["data"] = str(found.folder)
    elif found.sets is None and config.data_dir is not None:
        noted["data_dir"] = str(Path(config.data_dir).expanduser().absolute())
    if file is not None:
        noted |= {"model": own.whole(file), "checksum": own.checksum(file)}
    return {"places": noted} if noted else {}


def found_again(config: Config, about: dict) -> Config:
    """With the folder that a set by name was found in, where no other is given, and it is still there."""
    folder = about.get("places", {}).get("data_dir")
    there = config.data_dir is None and folder is not None and Path(folder).is_dir()
    return dataclasses.replace(config, data_dir=folder) if there else config


def _noted(about: dict, path: Path) -> dict:
    """The places in a checkpoint; where one of them is gone, those in the run's latest, which may know a newer one."""
    noted, latest = about.get("places", {}), path.with_name("last.safetensors")
    gone = "data" in noted and not Path(noted["data"]).is_dir()
    gone = gone or ("model" in noted and own.is_own(noted["model"]) and not own.parts(noted["model"])[0].is_file())
    if not gone or path == latest or not latest.is_file():
        return noted
    try:
        return checkpoint.load(latest)[1]["about"].get("places", noted)
    except CheckpointError:
        return noted


def again(found: Source, about: dict, name: str, path: Path) -> Source:
    """The images of the run in ``path``, which is resumed or used: ``found``, if anything was said, else where they were.

    name: of the images, in the run's recipe.
    """
    folder = _noted(about, path).get("data")
    if folder is None or not (found.name is None or found.folder):
        return found
    if found.folder is None and not Path(folder).is_dir():
        raise FileNotFoundError(f"data: the pictures of {path} were in {folder}, which is not there: say where they are now")
    return dataclasses.replace(_of_folder(found.folder or Path(folder)), name=name)


def moved(found: Source, file: str | None, about: dict) -> set[str]:
    """Which of "data" and "model" were given to a run that remembers places: they lie elsewhere now, perhaps renamed."""
    noted = about.get("places", {}) if isinstance(about, dict) else {}  # not checked yet
    return {name for name, given in (("data", found.folder), ("model", file)) if given and name in noted}


def network(about: dict, path: Path) -> str | None:
    """The network's "file.py:function" in the checkpoint ``path``, if it is of that kind. Warns where the file has changed."""
    noted = _noted(about, path)
    name = noted.get("model")
    if name is None:
        return None
    if not own.is_own(name) or name.startswith(("\\\\", "//")):  # such a path leads to another machine, whose code this is not
        raise CheckpointError(f"model: {path} is of a network in {name!r}, of another machine: give it as FILE.py:FUNCTION")
    file = own.parts(name)[0]
    if not file.is_file():
        raise FileNotFoundError(
            f"model: {path} is of a network in {file}, which is not there: say where it is now, FILE.py:FUNCTION"
        )
    if own.checksum(name) != noted.get("checksum"):
        warnings.warn(f"{file} has changed since {path} was trained", stacklevel=3)
    return name
