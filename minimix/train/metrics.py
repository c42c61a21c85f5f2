"""One line an epoch: in memory as ``Epoch``, on disk as ``metrics.csv``, and back."""

import csv
import dataclasses
import io
from collections.abc import Mapping
from pathlib import Path

from minimix import files


@dataclasses.dataclass(frozen=True)
class Epoch:
    """What came of one epoch.

    epoch: from 1. step: optimiser steps so far. lr: of the last of them. Losses are means over images, accuracies shares
    from 0 to 1; those of training are taken on the augmented images, while the weights change.
    validation_loss, validation_accuracy: on the images that are kept for judging; None where there are none.
    test_loss, test_accuracy: None but for the epoch whose weights were chosen, once the run has ended. With ``tta``, both
    kinds of images are judged with their mirror images.
    seconds: of the epoch with its evaluation. images_per_second: of training alone. Both are blank (None) in a checkpoint,
    and count from the resumption in an epoch that was resumed.
    """

    epoch: int
    step: int
    lr: float
    train_loss: float
    train_accuracy: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    seconds: float | None = None
    images_per_second: float | None = None

    def without_timing(self) -> "Epoch":
        """The same, but for what differs between two runs of one recipe."""
        return dataclasses.replace(self, **dict.fromkeys(TIMING))


def rank(epoch) -> tuple[float, float] | None:
    """What is larger for a better epoch: accuracy on the validation images, among equals minus the loss. None without them."""
    loss, accuracy = getattr(epoch, "validation_loss", None), getattr(epoch, "validation_accuracy", None)
    return None if loss is None or accuracy is None else (accuracy, -loss)


def best(history: list) -> Epoch | None:
    """The first epoch that no other is better than; without validation images the last. None of no epochs."""
    judged = [epoch for epoch in history if rank(epoch) is not None]
    return max(judged, key=rank) if judged else history[-1] if history else None


COLUMNS = tuple(field.name for field in dataclasses.fields(Epoch))
NEEDED, TIMING = COLUMNS[:5], COLUMNS[-2:]


def write(path, history: list) -> None:
    """Write the whole file anew, in one step: there is never half a line in it.

    >>> from minimix.train import metrics
    >>> metrics.write("metrics.csv", [metrics.Epoch(1, 78, 0.3, 2.0, 0.25, 1.5, 0.5, seconds=9.25, images_per_second=1085.4)])
    >>> print(Path("metrics.csv").read_text().replace(",train_accuracy,", ",train_accuracy,..."))
    epoch,step,lr,train_loss,train_accuracy,...validation_loss,validation_accuracy,test_loss,test_accuracy,seconds,images_per_second
    1,78,0.3,2.0,0.25,1.5,0.5,,,9.25,1085.4
    <BLANKLINE>
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(["" if value is None else repr(value) for value in dataclasses.astuple(epoch)] for epoch in history)
    files.write(path, text.getvalue())


def read_metrics(path) -> list[Epoch]:
    """The epochs in a run's ``metrics.csv``. Columns that it lacks (older runs know no validation images) are None.

    path: the file, or the run's folder, or the name of a run in the folder "runs".

    Raises FileNotFoundError, and ValueError, naming the file and the line, for what cannot be read.

    >>> from minimix.train import metrics
    >>> metrics.write("metrics.csv", [metrics.Epoch(1, 78, 0.3, 2.0, 0.25, 1.5, 0.5)])
    >>> read_metrics("metrics.csv")[0].validation_accuracy
    0.5
    """
    path = Path(path)
    if not path.exists() and path.name == str(path) and (Path("runs") / path).is_dir():
        path = "runs" / path
    path = path / "metrics.csv" if path.is_dir() else path
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}: it is written after a run's first epoch")
    history: list[Epoch] = []
    try:
        rows = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())  # programs for tables put a mark in front
        missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
        if missing:
            raise ValueError(f"it has no column {', '.join(missing)}")
        history.extend(_epoch(row) for row in rows)
    except (csv.Error, ValueError, TypeError, OverflowError) as error:
        where = f", line {len(history) + 2}" if history else ""
        raise ValueError(f"{path} is no table of epochs{where}: {error}") from error
    return history


def _epoch(row: dict) -> Epoch:
    values: dict = {name: float(row[name]) if row.get(name) else None for name in COLUMNS}
    empty = [name for name in NEEDED if values[name] is None]
    if empty:
        raise ValueError(f"{', '.join(empty)} is empty")
    return Epoch(**{**values, "epoch": int(row["epoch"]), "step": int(row["step"])})


def with_timing(history: list, path) -> list:
    """``history`` out of a checkpoint, with the timings of those lines of the file that are about the same epochs.

    The file may be missing, damaged, or reach further than the checkpoint: it adds timings, and nothing else.
    """
    try:
        timings = {epoch.epoch: {name: getattr(epoch, name) for name in TIMING} for epoch in read_metrics(path)}
    except (OSError, ValueError):
        timings = {}
    return [dataclasses.replace(epoch, **timings.get(epoch.epoch, dict.fromkeys(TIMING))) for epoch in history]


def histories(source) -> dict[str, list]:
    """{name: epochs} of one or several runs, for whoever draws them.

    source: a history, a ``Result``, a run's folder, name or metrics.csv; a list of the last kinds; or {name: any of these}.

    Raises ValueError for a run without an epoch, TypeError for what is none of these.

    >>> list(histories({"a": [Epoch(1, 78, 0.3, 2.0, 0.25, 1.5, 0.5)], "b": [Epoch(1, 78, 0.3, 2.0, 0.25, 1.4, 0.6)]}))
    ['a', 'b']
    """
    if isinstance(source, Mapping):
        named = {str(name): _history(one) for name, one in source.items()}
    elif isinstance(source, (list, tuple)) and source and not any(hasattr(one, "train_loss") for one in source):
        named = {}
        for one in source:
            name = _name(one)
            named[name if name not in named else f"{name} ({len(named) + 1})"] = _history(one)
    else:
        named = {_name(source): _history(source)}
    empty = [name for name, history in named.items() if not history]
    if empty or not named:
        raise ValueError(f"history {' '.join(filter(None, empty))} is empty: there is no epoch to draw".replace("  ", " "))
    return named


def _history(one) -> list:
    if isinstance(one, (str, Path)):
        return read_metrics(one)
    history = getattr(one, "history", one)
    if isinstance(history, (str, bytes)) or not hasattr(history, "__len__"):
        raise TypeError(f"expected a run's folder, a Result, or a list of epochs, not {type(one).__name__}")
    return list(history)


def _name(one) -> str:
    folder = one if isinstance(one, (str, Path)) else getattr(one, "folder", None)
    if folder is None:
        return ""
    folder = Path(folder).absolute()
    return (folder.parent if folder.suffix == ".csv" else folder).name
