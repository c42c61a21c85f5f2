"""One line an epoch: in memory as ``Epoch``, on disk as ``metrics.csv``."""

import csv
import dataclasses
import io
from pathlib import Path

from minimix import files


@dataclasses.dataclass(frozen=True)
class Epoch:
    """What came of one epoch.

    epoch: from 1. step: optimiser steps so far. lr: of the last of them. Losses are means over images, accuracies shares
    from 0 to 1; those of training are taken on the augmented images, while the weights change.
    seconds: of the epoch with its evaluation. images_per_second: of training alone. Both are blank (None) in a checkpoint,
    and count from the resumption in an epoch that was resumed.
    """

    epoch: int
    step: int
    lr: float
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float | None = None
    images_per_second: float | None = None

    def without_timing(self) -> "Epoch":
        """The same, but for what differs between two runs of one recipe."""
        return dataclasses.replace(self, **dict.fromkeys(TIMING))


COLUMNS = tuple(field.name for field in dataclasses.fields(Epoch))
TIMING = COLUMNS[-2:]


def write(path, history: list) -> None:
    """Write the whole file anew, in one step: there is never half a line in it.

    >>> from minimix.train import metrics
    >>> metrics.write("metrics.csv", [metrics.Epoch(1, 78, 0.3, 2.0, 0.25, 1.5, 0.5, 9.25, 1085.4)])
    >>> print(Path("metrics.csv").read_text())
    epoch,step,lr,train_loss,train_accuracy,test_loss,test_accuracy,seconds,images_per_second
    1,78,0.3,2.0,0.25,1.5,0.5,9.25,1085.4
    <BLANKLINE>
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(["" if value is None else repr(value) for value in dataclasses.astuple(epoch)] for epoch in history)
    files.write(path, text.getvalue())


def with_timing(history: list, path) -> list:
    """``history`` out of a checkpoint, with the timings of those lines of the file that are about the same epochs.

    The file may be missing, damaged, or reach further than the checkpoint: it adds timings, and nothing else.
    """
    try:
        rows = list(csv.DictReader(Path(path).read_text(encoding="utf-8").splitlines()))
        timings = {int(row["epoch"]): [float(row[name]) if row[name] else None for name in TIMING] for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        timings = {}
    return [
        dataclasses.replace(epoch, **dict(zip(TIMING, timings.get(epoch.epoch, (None, None)), strict=True)))
        for epoch in history
    ]
