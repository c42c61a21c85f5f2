"""``train``: from arguments to a trained network and a folder of results. The whole of a run is in this file, top to bottom."""

import dataclasses
import json
import time
from pathlib import Path

import numpy as np

import minimix
from minimix import files
from minimix.kernels import cores
from minimix.nn import Module
from minimix.train import figures, metrics, prepare
from minimix.train import resume as resuming
from minimix.train.compiling import watched
from minimix.train.config import Config, completed
from minimix.train.limits import limited
from minimix.train.loop import Loop
from minimix.train.metrics import Epoch
from minimix.train.progress import clock, reporter
from minimix.train.state import State
from minimix.train.stop import Stop, listening


@dataclasses.dataclass(eq=False)
class Result:
    """What a run leaves behind.

    folder: with config.json, metrics.csv, last.safetensors, best.safetensors, curves.png, confusion.png, mistakes.png.
    model: as it was last evaluated (averaged weights where there are any), in evaluation mode.
    history: an ``Epoch`` for each. seconds: of this call. images_per_second: of training alone, in this call.
    stopped_by: "SIGINT" (Ctrl-C) or "SIGTERM" where that ended it early, else "".
    """

    folder: Path
    model: Module
    config: Config
    history: list[Epoch]
    seconds: float
    images_per_second: float | None
    stopped_by: str = ""

    @property
    def accuracy(self) -> float | None:
        """On the test images, after the last epoch."""
        return self.history[-1].test_accuracy if self.history else None

    @property
    def best_accuracy(self) -> float | None:
        """The highest after any epoch: that of best.safetensors."""
        return max((epoch.test_accuracy for epoch in self.history), default=None)

    def __repr__(self) -> str:
        stopped = f", stopped_by={self.stopped_by!r}" if self.stopped_by else ""
        return f"Result({str(self.folder)!r}, epochs={len(self.history)}, accuracy={self.accuracy}{stopped})"


def train(
    model: str | Module | None = None,
    data: str | tuple | None = None,
    *,
    model_options: dict | None = None,
    data_dir=None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    optimizer: str | None = None,
    schedule: str | None = None,
    momentum: float | None = None,
    weight_decay: float | None = None,
    label_smoothing: float | None = None,
    augment=None,
    small_first: float | None = None,
    ema: float | None = None,
    seed: int | None = None,
    name: str | None = None,
    runs=None,
    threads: int | None = None,
    save_every: float | None = None,
    resume=None,
    log=True,
    on_epoch=None,
) -> Result:
    """Train a network, and keep everything that came of it in a folder.

    Whatever is left at None takes its default from ``Config``, where all arguments are explained; when a run is resumed, its
    own value. The same arguments give the same weights to the last bit, for any number of threads.

    model: a name that ``models.create`` knows, or a module of your own, whose weights are trained as they are.
    data:  a name that ``data.load`` knows, or two ``Dataset``s, (for training, for testing).
    resume: a run's folder, its name, or its last.safetensors: go on where it was left, to the bit as if it had never been
        interrupted. True: the run called ``name`` (which starts from the beginning where there is nothing yet), or
        without a name the latest one in ``runs``.
    log: True: progress on standard output; False: silence; or a text file to write to.
    on_epoch: called with the ``Epoch`` after each.

    Ctrl-C and SIGTERM end the run after the step, with a checkpoint; see ``Result.stopped_by``.

    Raises ValueError or TypeError, before any work, for arguments that make no sense, that contradict the run that is to be
    resumed, or for a name that is taken; FileNotFoundError for data or checkpoints that do not exist; CheckpointError and
    DataError for damaged ones; Diverged when the loss becomes NaN or infinite.

    >>> import minimix as mm
    >>> from minimix.data import patterns10
    >>> tiny = patterns10("train", size=64), patterns10("test", size=32)
    >>> result = mm.train(data=tiny, model_options={"width": 0.5}, epochs=1, batch_size=32, log=False)
    >>> sorted(path.name for path in result.folder.iterdir())
    ['best.safetensors', 'config.json', 'confusion.png', 'curves.png', 'last.safetensors', 'metrics.csv', 'mistakes.png']
    """
    own_model, own_data = (model if isinstance(model, Module) else None), (data if isinstance(data, tuple) else None)
    asked = {
        "model": type(own_model).__name__ if own_model is not None else model, "model_options": model_options,
        "data": prepare.name_of(own_data) if own_data is not None else data, "data_dir": data_dir, "epochs": epochs,
        "batch_size": batch_size, "lr": lr, "optimizer": optimizer, "schedule": schedule, "momentum": momentum,
        "weight_decay": weight_decay, "label_smoothing": label_smoothing, "augment": augment, "small_first": small_first,
        "ema": ema, "seed": seed, "name": name, "runs": runs, "threads": threads, "save_every": save_every,
    }  # fmt: skip
    asked = {argument: value for argument, value in asked.items() if value is not None}
    config = Config(**asked)
    prepare.check_model(config, own_model)
    path, saved = resuming.saved_run(resume, config)
    if saved is not None:
        config = resuming.resumed_config(path, saved[1], config, asked)

    with reporter(log) as progress, listening() as request, limited(config.threads), watched(progress.compiling), \
            np.errstate(all="ignore"):  # fmt: skip
        start = time.monotonic()
        progress.note(f"minimix {minimix.__version__}: {config.model} on {config.data}, {_threads()}")
        if busy := cores.busy():
            progress.note(busy)
        train_set, test_set = own_data or prepare.load_data(config, progress)
        config = completed(config, train_set.name)
        batches = prepare.batches(config, train_set)
        state = prepare.new_state(config, own_model, train_set, test_set, batches)
        if saved is None:
            folder, config = prepare.new_folder(config)
            contents = {"config": config.as_json(), "versions": prepare.versions()}
            files.write(folder / "config.json", json.dumps(contents, indent=2) + "\n")
        else:
            folder = path.parent
            files.sweep(folder)
            resuming.same_data(path, saved[1], state.about)
            state.restore(path, *saved)
            state.history = metrics.with_timing(state.history, folder / "metrics.csv")
            metrics.write(folder / "metrics.csv", state.history)  # lines that the checkpoint does not know are gone
        _introduce(progress, state, config, train_set, test_set, folder, resumed=saved is not None)

        loop = Loop(state, batches, test_set, config.epochs, folder, progress, request, config.label_smoothing,
                    config.save_every, on_epoch)  # fmt: skip
        stopped_by = ""
        try:
            loop.run()
        except Stop as stop:
            stopped_by = str(stop)

        progress.busy("drawing curves.png, confusion.png and mistakes.png")
        figures.draw(folder, state.history, loop.evaluation, test_set, f"{folder.name}: {config.model} on {config.data}")
        if state.ema is not None:
            state.model.load_state_dict(state.ema.averages, strict=False)  # counters have no average
        result = Result(folder, state.model.eval(), config, state.history, time.monotonic() - start, loop.speed(), stopped_by)
        _conclude(progress, result)
    return result


# -- what the user reads ----------------------------------------------------------------------------------------------


def _threads() -> str:
    n = minimix.get_num_threads()
    return f"{n} thread" + "s" * (n > 1)


def _introduce(progress, state: State, config: Config, train_set, test_set, folder: Path, resumed: bool) -> None:
    parameters = sum(parameter.size for parameter in state.model.parameters())
    progress.note(
        f"{parameters:,} parameters; {len(train_set):,} training and {len(test_set):,} test images of {len(train_set.classes)} "
        f"classes; {config.epochs} epochs in batches of {config.batch_size}"
    )
    where = f"going on in epoch {state.epoch + 1} after {state.batch} steps of it"
    where = f", {where if state.epoch < config.epochs else 'which is complete'}" if resumed else ""
    progress.note(f"results in {folder}{where}")
    progress.busy("first step")


def _conclude(progress, result: Result) -> None:
    rows = []
    if result.history:
        best = max(result.history, key=lambda epoch: epoch.test_accuracy)
        rows.append(("test accuracy", f"{result.accuracy:.2%}"))
        rows.append(("best epoch", f"{best.epoch}, with {best.test_accuracy:.2%}"))
    rows.append(("wall time", clock(result.seconds)))
    if result.images_per_second:
        rows.append(("training speed", f"{result.images_per_second:.0f} images/s"))
    rows.append(("folder", str(result.folder)))
    stopped = f"Stopped ({result.stopped_by}) after {len(result.history)} of {result.config.epochs} epochs"
    progress.table(stopped if result.stopped_by else "Done", rows)
    if result.stopped_by:
        progress.note(f"To go on:  minimix train --resume {result.folder}    or    mm.train(resume={str(result.folder)!r})")
