"""``minimix train`` and ``minimix evaluate``."""

import json
import math
import signal
from pathlib import Path
from typing import Annotated

import typer

from minimix.cli.options import (
    BATCH_SIZE,
    DATA_DIR,
    RUNS,
    SETTINGS,
    THREADS,
    kernels_of,
    known,
    model_options,
    network_of,
    settings_of,
)
from minimix.words import count

Option, Argument = typer.Option, typer.Argument


def bare_resume(arguments: list[str]) -> list[str]:
    """``--resume`` may stand alone, which typer's options cannot: it becomes ``--resume=``, an empty text.

    >>> bare_resume(["train", "--resume", "--epochs", "3"])
    ['train', '--resume=', '--epochs', '3']
    >>> bare_resume(["train", "--resume", "runs/a"])
    ['train', '--resume', 'runs/a']
    """
    alone = [not following or following[0].startswith("-") for following in (arguments[i + 1 :] for i in range(len(arguments)))]
    return ["--resume=" if a == "--resume" and bare else a for a, bare in zip(arguments, alone, strict=True)]


def train(
    model: Annotated[
        str | None,
        Option(
            help="The network, by name, or yours, FILE.py:FUNCTION; options may follow: mobilenetv2_050_cifar:kernels=3,5.",
            show_default="mixnet_nano",
        ),
    ] = None,
    option: SETTINGS = None,
    width: Annotated[float | None, Option(help="Multiplies the network's channels.", show_default="1.0")] = None,
    kernels: Annotated[
        str | None, Option(help="Kernel sizes for all blocks, such as 3,5,7.", show_default="those of the network")
    ] = None,
    dropout: Annotated[float | None, Option(help="Dropout before the classifier.", show_default="0.0")] = None,
    data: Annotated[
        str | None,
        Option(
            help="cifar10, cifar100, patterns10; auto: cifar10 where it is found, else patterns10; or a folder that has a "
            "sub-folder of pictures for each class (or train and test, with these in them).",
            show_default="auto",
        ),
    ] = None,
    data_dir: DATA_DIR = None,
    size: Annotated[
        int | None, Option(help="Of the pictures of a folder: what they are resized to, in pixels.", show_default="32")
    ] = None,
    epochs: Annotated[
        int | None,
        Option(
            help="Times through the training images.",
            show_default="16 for cifar10, 20 for cifar100, 3 for patterns10, more where there are few images",
        ),
    ] = None,
    batch_size: Annotated[int | None, Option(help="Images a step.", show_default="128")] = None,
    lr: Annotated[float | None, Option(help="Learning rate at its peak.", show_default="by optimizer; sgd 0.3")] = None,
    optimizer: Annotated[
        str | None, Option(help="sgd (Nesterov), rmsprop, adam, adamw or muon.", show_default="sgd, muon for cifar10")
    ] = None,
    schedule: Annotated[str | None, Option(help="one_cycle, cosine, staircase or constant.", show_default="one_cycle")] = None,
    momentum: Annotated[float | None, Option(help="Of sgd and rmsprop.", show_default="0.9")] = None,
    bias_rate: Annotated[
        float | None,
        Option(
            help="With muon: biases learn at so many times the rate of what else SGD moves.", show_default="1, 8 for cifar10"
        ),
    ] = None,
    weight_decay: Annotated[float | None, Option(help="For kernels only.", show_default="by optimizer; sgd 5e-4")] = None,
    label_smoothing: Annotated[
        float | None, Option(help="This share of the target is spread over all classes.", show_default="0.1")
    ] = None,
    augment: Annotated[
        str | None,
        Option(
            help="Some of flip (or alternate),crop,cutout (of other sizes: crop=6) and FILE.py:FUNCTION, or none.",
            show_default="flip,crop; for cifar10 alternate,crop=3",
        ),
    ] = None,
    small_first: Annotated[
        float | None,
        Option(
            help="The share of epochs, the first ones, on smaller windows of the images.",
            show_default="0.9 for cifar10, 0.7 for cifar100, else 0",
        ),
    ] = None,
    half_first: Annotated[
        float | None,
        Option(
            help="The share of epochs, before those, on whole images of half the size.", show_default="0.5 for cifar10, else 0"
        ),
    ] = None,
    ema: Annotated[
        float | None, Option(help="Decay of a moving average of the weights, such as 0.999; 0: none.", show_default="0.995")
    ] = None,
    tta: Annotated[
        bool | None,
        Option(
            "--tta/--no-tta",
            help="Judge an image together with its mirror image; takes twice as long.",
            show_default="--tta for cifar10, where augment has flips",
        ),
    ] = None,
    validation: Annotated[
        float | None,
        Option(
            help="The share of the training images that is kept to choose the best epoch by; 0: none.",
            show_default="0.1, 0 for cifar10",
        ),
    ] = None,
    test_every_epoch: Annotated[
        bool | None,
        Option("--test-every-epoch", help="Look at the test images after each epoch, too; nothing is chosen by them."),
    ] = None,
    patience: Annotated[
        int | None,
        Option(
            help="Stop after so many epochs in a row that were not better on the validation images (with --resume, 0: never).",
            show_default="never",
        ),
    ] = None,
    from_: Annotated[
        str | None,
        Option("--from", metavar="RUN", help="Begin with the weights of a run (folder or name) or a file."),
    ] = None,
    freeze: Annotated[
        str | None, Option(metavar="STAGE", help="Leave the stages up to this one as they are, such as stem or blocks.1.")
    ] = None,
    layer_decay: Annotated[
        float | None,
        Option(
            help="Each layer learns at the rate of the one behind it times this, such as 0.75; the classifier at --lr.",
            show_default="one rate for all",
        ),
    ] = None,
    seed: Annotated[int | None, Option(help="The same seed gives the same weights, to the bit.", show_default="0")] = None,
    name: Annotated[str | None, Option(help="Of the run's folder.", show_default="model-data")] = None,
    runs: Annotated[Path | None, Option(help="Where the folders of runs are.", show_default="runs")] = None,
    threads: THREADS = None,
    save_every: Annotated[float | None, Option(help="Seconds between checkpoints inside an epoch.", show_default="60")] = None,
    resume: Annotated[
        str | None,
        Option(
            metavar="[RUN]",
            help="Go on with a run: its folder, name or last.safetensors; alone: with the latest, or with --name.",
        ),
    ] = None,
):
    """Train a network, and keep all that comes of it in runs/NAME.

    That is the configuration, metrics as CSV, curves, confusion matrix and a sheet of mistakes as PNG, and checkpoints.
    A tenth of the training images decides which epoch's weights are kept (but all of CIFAR-10's are trained on, and the last
    epoch is kept: its recipe is known); the test images are looked at once, at the end.
    Ctrl-C stops after the step, with a checkpoint; --resume goes on as if nothing had happened, and with more --epochs it
    trains a finished run longer. --from begins with the weights of another run, for other classes, too.
    """
    from minimix.train import train as run

    name_of_model, options = (None, {}) if model is None else network_of(model)
    options = (model_options(width, kernels_of(kernels), dropout) or {}) | settings_of(option or (), "--option") | options
    if resume is not None:
        resume = find_run(resume, runs or Path("runs")) if resume else True

    result = run(
        name_of_model, data, model_options=options or None, data_dir=data_dir, size=size, epochs=epochs,
        batch_size=batch_size, lr=lr, optimizer=optimizer, schedule=schedule, momentum=momentum, bias_rate=bias_rate,
        weight_decay=weight_decay, label_smoothing=label_smoothing, augment=augment, small_first=small_first,
        half_first=half_first, ema=ema, tta=tta, validation=validation, test_every_epoch=test_every_epoch, patience=patience,
        from_=from_, freeze=freeze, layer_decay=layer_decay, seed=seed, name=name, runs=runs, threads=threads,
        save_every=save_every, resume=resume,
    )  # fmt: skip
    if result.stopped_by in signal.Signals.__members__:
        raise typer.Exit(128 + signal.Signals[result.stopped_by])  # as a shell counts a program that a signal has ended


def evaluate(
    checkpoint: Annotated[
        str | None, Argument(metavar="[RUN]", help="A run's folder or name (then its best weights), or a .safetensors file.")
    ] = None,
    data: Annotated[
        str | None, Option(help="A data set, or a folder of pictures, with the same classes.", show_default="that of the run")
    ] = None,
    split: Annotated[
        str, Option(help="test, train, validation (the images that its best epoch was chosen by), or all of them.")
    ] = "test",
    model: Annotated[
        str | None, Option(metavar="FILE.py:FUNCTION", help="Where a network of your own is now.", show_default="as trained")
    ] = None,
    data_dir: DATA_DIR = None,
    tta: Annotated[
        bool | None,
        Option("--tta/--no-tta", help="Judge an image together with its mirror image.", show_default="as trained"),
    ] = None,
    batch_size: BATCH_SIZE = 128,
    runs: RUNS = Path("runs"),
    threads: THREADS = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
):
    """Loss and accuracy of a trained network, class by class. Without RUN: of the latest one.

    Of its own training images, --split train takes those that it was trained on.
    """
    from minimix.tables import print_table
    from minimix.train import evaluate as measure
    from minimix.train import load_model
    from minimix.train.evaluation import stated
    from minimix.train.judging import SPLITS, images_for
    from minimix.train.limits import limited

    known("split", split, SPLITS)
    trained = load_model(find_run(checkpoint, runs), model)
    images, lines = images_for(trained, data, split, data_dir)
    for line in lines:
        typer.echo(line, err=as_json)
    with limited(threads):
        found = measure(trained.model, images, batch_size, tta=trained.recipe.get("tta", False) if tta is None else tta)
    if not math.isfinite(found.loss):
        raise ValueError(
            f"{trained.path}: the loss is {found.loss}, so its answers are no numbers: weights that have diverged?"
        )
    per_class = found.confusion.diagonal() / found.confusion.sum(axis=1).clip(1)
    if as_json:
        classes = dict(zip(images.classes, map(float, per_class), strict=True))
        facts = {"checkpoint": str(trained.path), "data": images.name, "split": split, "images": len(images)}
        results = {"loss": found.loss, "accuracy": found.accuracy, "accuracy_alone": found.alone, "classes": classes}
        print(json.dumps({**facts, **results}, indent=2))
        return
    what = count(len(images), f"{split} image")
    print(f"{trained.path}, trained for {count(trained.epoch, 'epoch')}: {what} of {images.name}")
    print_table(
        [("class", "accuracy"), *((name, f"{share:.1%}") for name, share in zip(images.classes, per_class, strict=True))], 1
    )
    print(f"loss {found.loss:.4f}, accuracy {stated(found.accuracy, found.alone)}")


def find_run(checkpoint: str | None, runs: Path) -> Path:
    """The path that a user means: a file, a folder, the name of a run, or the run that was trained last.

    The last means the last that has finished an epoch. Those that are passed over are named on standard error.
    """
    if checkpoint is None:
        found = sorted(runs.glob("*/last.safetensors"), key=lambda path: path.stat().st_mtime, reverse=True)
        if not found:
            raise FileNotFoundError(f"there is no run in the folder {runs}: train one with `minimix train`, or say where it is")
        taken = next((path.parent for path in found if _finished_an_epoch(path)), None)
        if taken is None:
            raise ValueError(f"no run in the folder {runs} has finished an epoch yet: go on with `minimix train --resume`")
        passed = [path.parent.name for path in found[: found.index(taken / "last.safetensors")]]
        if passed:
            typer.echo(f"{', '.join(passed)} never finished an epoch: taking {taken}", err=True)
        return taken
    from minimix.train.naming import located, there

    path = located(checkpoint, runs)
    if path.exists():
        return path
    raise FileNotFoundError(f"no file, folder or run is called {checkpoint}: {there(checkpoint, runs)}")


def _finished_an_epoch(path: Path) -> bool:
    """Of a run's last.safetensors: whether there is something to use. One that is damaged is not passed over in silence."""
    from minimix.train import CheckpointError
    from minimix.train.checkpoint import load

    if path.with_name("best.safetensors").exists():
        return True
    try:
        return bool(load(path)[1]["history"])
    except CheckpointError:
        return True
