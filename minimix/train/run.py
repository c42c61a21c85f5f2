"""``train``: from arguments to a trained network and a folder of results. The whole of a run is in this file, top to bottom."""

import dataclasses
import json
import os
import time
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TextIO

import numpy as np

import minimix
from minimix import files, models
from minimix.data import Dataset
from minimix.data.augmentations import augmentations
from minimix.kernels import cores
from minimix.models import own
from minimix.nn import Module
from minimix.train import checkpoint, figures, metrics, naming, prepare, sources, starting, stop
from minimix.train import resume as resuming
from minimix.train.compiling import watched
from minimix.train.config import EXTENSIBLE, Config, completed
from minimix.train.description import reading
from minimix.train.evaluation import stated
from minimix.train.limits import limited
from minimix.train.lock import locked
from minimix.train.loop import Loop
from minimix.train.metrics import Epoch
from minimix.train.progress import clock, reporter
from minimix.train.split import split
from minimix.train.state import State, about_data
from minimix.train.stop import SIGNALS, Stop, listening
from minimix.words import count

FEW = 100  # validation images, below which the user is told how coarse their verdict is


@dataclasses.dataclass(eq=False)
class Result:
    """What a run leaves behind.

    folder: with config.json, metrics.csv, last.safetensors, best.safetensors, curves.png, confusion.png, mistakes.png.
    model: with the weights that were chosen, those of best.safetensors, in evaluation mode; where a signal stopped the run, as
        it was then (averaged weights where there are any).
    history: an ``Epoch`` for each. seconds: of this call. images_per_second: of training alone, in this call.
    stopped_by: what ended the run early: "SIGINT" (Ctrl-C), "SIGTERM", "patience" or "callback"; else "".
    chosen: the number of the epoch whose weights were chosen, so far where a signal stopped the run; None before the first.
    accuracy_alone: as ``accuracy``, of the test images without their mirror images; None without ``tta``.
    """

    folder: Path
    model: Module
    config: Config
    history: list[Epoch]
    seconds: float
    images_per_second: float | None
    stopped_by: str = ""
    chosen: int | None = None
    accuracy_alone: float | None = None

    @property
    def best(self) -> Epoch | None:
        """The epoch that was chosen: the best on the validation images; without them, the last."""
        return self.history[self.chosen - 1] if self.chosen else None

    @property
    def accuracy(self) -> float | None:
        """Of the chosen weights on the test images, which played no part in the choice. None where they were not looked at.

        With ``tta``, each is judged with its mirror image: ``evaluate(result.model, images, tta=True)``.
        """
        return self.best.test_accuracy if self.best else None

    @property
    def best_accuracy(self) -> float | None:
        """Of the chosen weights on the validation images, by which they were chosen: mostly a little too good."""
        return self.best.validation_accuracy if self.best else None

    def __repr__(self) -> str:
        stopped = f", stopped_by={self.stopped_by!r}" if self.stopped_by else ""
        return f"Result({str(self.folder)!r}, epochs={len(self.history)}, accuracy={self.accuracy}{stopped})"


def train(
    model: str | Module | None = None,
    data: str | Dataset | tuple | None = None,
    *,
    model_options: dict | None = None,
    data_dir=None,
    size: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    optimizer: str | None = None,
    schedule: str | None = None,
    momentum: float | None = None,
    bias_rate: float | None = None,
    weight_decay: float | None = None,
    label_smoothing: float | None = None,
    augment=None,
    small_first: float | None = None,
    half_first: float | None = None,
    ema: float | None = None,
    tta: bool | None = None,
    validation: float | None = None,
    test_every_epoch: bool | None = None,
    patience: int | None = None,
    from_: "str | os.PathLike | Result | None" = None,
    freeze: str | None = None,
    layer_decay: float | None = None,
    seed: int | None = None,
    name: str | None = None,
    runs=None,
    threads: int | None = None,
    save_every: float | None = None,
    resume=None,
    log: bool | TextIO = True,
    on_epoch=None,
) -> Result:
    """Train a network, and keep everything that came of it in a folder.

    Whatever is left at None takes its default from ``Config``, where all arguments are explained; when a run is resumed, its
    own value. The same arguments give the same weights to the last bit, for any number of threads on one kind of processor.

    model: a name that ``models.create`` knows, "file.py:function" among them, or a module of your own, whose weights are
        trained as they are.
    data:  a name that ``data.load`` knows; a folder of pictures, as ``data.from_folder`` takes it; a ``Dataset`` to train on,
        or arrays, (images, labels), as ``data.from_arrays`` takes them; or two of these, (for training, for testing).
    augment: names, as in "flip,crop,cutout"; a ``data.Augment``; a function of your own, (images, rng) -> images, on uint8
        (N, 3, H, W); or a list of these (see ``data/augmentations.py``). A resumed run must be given its functions again.
    resume: a run's folder, its name, its last.safetensors, or its ``Result``: go on where it was left, to the bit as if it had
        never been interrupted. True: the run called ``name`` (which starts from the beginning where there is nothing yet), or
        without a name the latest one in ``runs``. ``epochs`` and ``patience`` may be others then, so that a finished run can be
        trained longer: the learning rate's schedule is laid out anew over the new number of epochs, and followed from the step
        that was reached.
    log: True: progress on standard output; False: silence; or a text file to write to.
    on_epoch: called with the ``Epoch`` after each. Where it returns True, or raises ``StopTraining``, the run ends there; any
        other error passes through, and the epoch is saved all the same.

    A part of the training images (``validation``) decides which epoch's weights are kept as best.safetensors; the test images
    are looked at once, with these weights, when the run has ended. Parameters that do not require gradients stay as they are;
    where a module has no others, its batch norms keep their statistics, too.

    Ctrl-C and SIGTERM end the run after the step, with a checkpoint; see ``Result.stopped_by``. While a run is trained, its
    folder is locked: no other process trains it.

    Raises ValueError or TypeError, before any work, for arguments that make no sense, that contradict the run that is to be
    resumed, or for a name that is taken; FileNotFoundError for data or checkpoints that do not exist; CheckpointError and
    DataError for damaged ones; RunLocked for a run that another process trains; Diverged when the loss becomes NaN or infinite.

    >>> import minimix as mm
    >>> from minimix.data import patterns10
    >>> tiny = patterns10("train", size=64), patterns10("test", size=32)
    >>> result = mm.train(data=tiny, model_options={"width": 0.5}, epochs=1, batch_size=32, log=False)
    >>> sorted(path.name for path in result.folder.iterdir())
    ['best.safetensors', 'config.json', 'confusion.png', 'curves.png', 'last.safetensors', 'metrics.csv', 'mistakes.png']
    """
    resume, from_ = getattr(resume, "folder", resume), getattr(from_, "folder", from_)
    own_model, images, chosen = (model if isinstance(model, Module) else None), sources.source(data), augmentations(augment)
    file = model if own.is_own(model) else None
    asked = {
        "model": type(own_model).__name__ if own_model is not None else own.short(file) if file else model,
        "model_options": model_options, "data": images.name, "data_dir": data_dir, "size": size, "epochs": epochs,
        "batch_size": batch_size, "lr": lr, "optimizer": optimizer, "schedule": schedule, "momentum": momentum,
        "bias_rate": bias_rate,
        "weight_decay": weight_decay, "label_smoothing": label_smoothing, "small_first": small_first, "half_first": half_first,
        "augment": None if augment is None else chosen.names,
        "ema": ema, "tta": tta, "validation": validation, "test_every_epoch": test_every_epoch, "patience": patience,
        "from_": from_, "freeze": freeze, "layer_decay": layer_decay, "seed": seed, "name": name, "runs": runs,
        "threads": threads, "save_every": save_every,
    }  # fmt: skip
    asked = {argument: value for argument, value in asked.items() if value is not None}
    config = Config(**asked)
    path, saved, weights = resuming.find(resume, config), None, None
    if path is None and config.patience == 0:
        raise ValueError(
            "patience: 0 would end a run before its first epoch: give 1 to end it at the first that is not better, or leave it "
            "out to train for all epochs"
        )
    if path is None:
        naming.check_free(config.name, config.runs)
    if path is None and config.from_ is not None:
        weights = starting.find(config.from_, config.runs)
        config = starting.with_network(config, weights, asked, own_model)
        if own_model is None and "model" not in asked:
            file = sources.network(weights.about, weights.path)
            if file is None and config.model not in models.names():
                mine = f"{weights.path} is of a network of your own, {config.model}"
                raise ValueError(f"model: {mine}: give it, too, or FILE.py:FUNCTION")
    prepare.check_model(config, own_model, file)
    if path is None and own_model is None and file is None:
        prepare.check_start(config, weights)

    with ExitStack() as held, reporter(log) as progress, listening() as request, limited(config.threads), \
            watched(progress.compiling) as compiler, np.errstate(all="ignore"):  # fmt: skip
        request.answer = lambda: stop.BEFORE
        if path is not None:
            held.enter_context(locked(path.parent))
            saved = checkpoint.load(path)
            was = saved[1].get("about")
            asked = {name: value for name, value in asked.items() if name not in sources.moved(images, file, was)}
            config = sources.found_again(resuming.resumed_config(path, saved[1], config, asked), was)
            images = sources.again(images, was, config.data, path)
            file = file or (sources.network(was, path) if own_model is None else None)
        start = time.monotonic()
        progress.note(f"minimix {minimix.__version__}: {config.model} on {sources.meant(config)}, {_threads()}")
        if busy := cores.busy():
            progress.note(busy)
        train_set, test_set, validation_set = sources.load(images, config, progress, lambda: _wanted(request))
        if saved is None:
            config, lines = sources.suited(config, images, asked, len(train_set), validation_set is not None)
            for line in lines:
                progress.note(line)
        config = completed(config, train_set.name, asked if saved is None and images.sets is None else None)
        about = about_data(train_set, test_set, validation_set) | sources.places(images, config, file)
        if validation_set is None or not config.validation:
            train_set, validation_set = split(train_set, config.validation, config.seed)
        if len(train_set) < config.batch_size:
            progress.note(
                f"batch_size is {config.batch_size}, but there are {len(train_set)} training images: a step takes them all"
            )
        with nullcontext() if saved is None else reading(path):  # its recipe may be anybody's
            batches = prepare.batches(config, train_set, chosen.own)
            mine = file if own_model is None else own_model
            state = prepare.new_state(config, mine, about, batches, progress, weights)
        if saved is None and mine is not None:
            own.check(state.model, file or config.model, about["image_shape"], len(about["classes"]))
        if saved is None and mine is None:
            prepare.check_size(config, state.model, about["image_shape"])
        _wanted(request)
        request.answer = lambda: stop.COMPILER if compiler.running else stop.STEP
        progress.judged = validation_set is not None
        if saved is None:
            folder, config = prepare.new_folder(config, held)
        else:
            folder = path.parent
            resuming.same_data(path, saved[1], state.about)
            state.restore(path, *saved)
            state.history = metrics.with_timing(state.history, folder / "metrics.csv")
            if any(saved[1]["recipe"].get(name) != getattr(config, name) for name in EXTENSIBLE):
                state.patient_since = state.epoch
            state.chosen, lost = resuming.chosen(folder, state)
            more = resuming.remarks(saved[1]["recipe"], config, len(batches), state.step, state.scheduler.schedule)
            for line in filter(None, (lost, *more)):
                progress.note(line)
        files.sweep(folder)
        if saved is None or saved[1]["recipe"] != state.recipe:
            contents = {"config": config.as_json(), "versions": prepare.versions()}
            try:
                files.write(folder / "config.json", json.dumps(contents, indent=2) + "\n")
            except OSError as error:
                if saved is None:
                    raise
                progress.note(f"config.json still says what the run was before: {error}")  # the checkpoint knows better
        _introduce(progress, state, config, (train_set, validation_set, test_set), folder, resumed=saved is not None)

        loop = Loop(state, config, batches, validation_set, test_set, folder, progress, request, on_epoch)
        stopped_by = ""
        try:
            loop.run()
        except Stop as reason:
            stopped_by = str(reason)
            if state.ema is not None:
                state.model.load_state_dict(state.ema.averages, strict=False)  # counters have no average

        request.answer = lambda: stop.DRAWING
        progress.busy("drawing curves.png, confusion.png and mistakes.png")
        shown = (loop.test, test_set) if loop.test is not None else (loop.validation, validation_set)
        title = figures.title(folder, config.model, config.data)
        figures.draw(folder, state.history, *shown, title, progress.note)
        result = Result(folder, state.model.eval(), config, state.history, time.monotonic() - start, loop.speed(),
                        stopped_by or loop.ended, state.chosen,
                        loop.test.alone if loop.test is not None else None)  # fmt: skip
        _conclude(progress, result)
    return result


# -- what the user reads ----------------------------------------------------------------------------------------------


def _wanted(request) -> None:
    """Ends what comes before the first step, which leaves nothing to save."""
    try:
        request.check()
    except Stop:
        raise KeyboardInterrupt from None


def _threads() -> str:
    return count(minimix.get_num_threads(), "thread")


def _introduce(progress, state: State, config: Config, sets: tuple, folder: Path, resumed: bool) -> None:
    parameters = sum(parameter.size for parameter in state.model.parameters())
    trained = sum(parameter.size for parameter in state.model.parameters() if parameter.requires_grad)
    part = "" if trained == parameters else f", {trained:,} of them trained"
    kinds = [f"{len(part):,} {kind}" for part, kind in zip(sets, ("training", "validation", "test"), strict=True) if part]
    progress.note(
        f"{parameters:,} parameters{part}; {', '.join(kinds[:-1])}{' and ' if kinds[1:] else ''}{kinds[-1]} images of "
        f"{count(len(sets[0].classes), 'class', 'classes')}; {count(config.epochs, 'epoch')} in batches of {config.batch_size}"
    )
    if sets[1] is not None and len(sets[1]) < FEW:
        one = f"one of them more or less is {1 / len(sets[1]):.1%}"
        progress.note(f"the best epoch is chosen by {count(len(sets[1]), 'image')}: {one} of accuracy")
    if config.tta:
        progress.note("images are judged together with their mirror images")
    where = f"going on in epoch {state.epoch + 1} after {count(state.batch, 'step')} of it"
    where = f", {where if state.epoch < config.epochs else 'which is complete'}" if resumed else ""
    progress.note(f"results in {folder}{where}")
    progress.busy("first step")


def _conclude(progress, result: Result) -> None:
    rows, best = [], result.best
    if result.accuracy is not None:
        accuracy = stated(result.accuracy, result.accuracy_alone)
        rows.append(("test accuracy", f"{accuracy}, with the weights of epoch {best.epoch}"))
    if best is not None and best.validation_accuracy is not None:
        rows.append(("best epoch", f"{best.epoch}, with {best.validation_accuracy:.2%} of the validation images"))
    rows.append(("wall time", clock(result.seconds)))
    if result.images_per_second:
        rows.append(("training speed", f"{result.images_per_second:.0f} images/s"))
    rows.append(("folder", str(result.folder)))
    stopped = f"Stopped ({result.stopped_by}) after {len(result.history)} of {count(result.config.epochs, 'epoch')}"
    progress.table(stopped if result.stopped_by else "Done", rows)
    if result.stopped_by in SIGNALS:
        progress.note(f"To go on:  minimix train --resume {result.folder}    or    mm.train(resume={str(result.folder)!r})")
