"""``minimix predict``: with a network that was trained here, or with one by name and published or other weights."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

from minimix.cli.options import RUNS, THREADS, network_of
from minimix.cli.training import find_run

Option, Argument = typer.Option, typer.Argument

AT_ONCE = 16  # photographs


def predict(
    images: Annotated[list[Path], Argument(metavar="IMAGE...", help="PNG, JPEG or whatever else Pillow reads, of any size.")],
    run: Annotated[
        str | None,
        Option(help="A run's folder or name (then its best weights), or its .safetensors file.", show_default="the latest"),
    ] = None,
    model: Annotated[
        str | None, Option(help="Instead of a run: a network, by name; options may follow: mixnet_s:num_classes=10.")
    ] = None,
    weights: Annotated[
        Path | None, Option(help="With --model: the .safetensors file.", show_default="the published ones, from the hub")
    ] = None,
    classes_file: Annotated[
        Path | None,
        Option(
            help="With --model: text with the name of a class on each line.",
            show_default="imagenet_classes.txt in MINIMIX_DATA or the cache folder; else classes are numbers",
        ),
    ] = None,
    fold: Annotated[bool, Option("--fold", help="Fold batch norms into the convolutions: the same answers, sooner.")] = False,
    top: Annotated[int | None, Option(help="How many classes to print.", min=1, show_default="3, with --model 5")] = None,
    runs: RUNS = Path("runs"),
    threads: THREADS = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
):
    """Which classes a network sees in images: one that was trained here, or --model with published or other weights."""
    from minimix.cli.output import print_table
    from minimix.train.limits import limited

    if model is None and (weights is not None or classes_file is not None):
        raise ValueError("--weights and --classes-file say nothing without --model: which network are they for?")
    if model is not None and run is not None:
        raise ValueError("--run and --model: choose one")
    with limited(threads):
        if model is None:
            found = _with_run(images, find_run(run, runs), fold)
        else:
            found = _with_weights(images, model, weights, classes_file, fold)
    lost = [str(path) for path, row in zip(images, found.probabilities, strict=True) if not np.isfinite(row).all()]
    if lost:
        raise ValueError(f"the network's answers are no numbers (NaN) for {', '.join(lost[:5])}: weights that have diverged?")
    order = np.argsort(-found.probabilities, axis=1, kind="stable")[:, : top or (3 if model is None else 5)]
    best = [[(int(c), found.label(c), float(p[c])) for c in row] for row, p in zip(order, found.probabilities, strict=True)]
    if as_json:
        print(json.dumps([_record(path, row) for path, row in zip(images, best, strict=True)], indent=2))
        return
    for line in found.remarks:
        print(line)
    lines = [("image", "class", "probability")]
    for path, row in zip(images, best, strict=True):
        lines += [(str(path) if i == 0 else "", label, f"{p:.1%}") for i, (_, label, p) in enumerate(row)]
    print_table(lines, left=2)


class _Found(NamedTuple):
    probabilities: np.ndarray  # (images, classes)
    classes: tuple | None  # None: nobody has given them names
    remarks: list

    def label(self, index: int) -> str:
        return str(index) if self.classes is None else self.classes[index]


def _record(path: Path, row: list) -> dict:
    """For JSON. "top" has the classes' numbers, too: some of ImageNet's have the same name."""
    top = [{"index": index, "class": label, "probability": p} for index, label, p in row]
    return {"image": str(path), "classes": {label: p for _, label, p in row}, "top": top}


def _with_run(images: list[Path], path: Path, fold: bool) -> _Found:
    """A network in a checkpoint, which knows what its pictures were like."""
    from minimix.train import load_model

    trained = load_model(path)
    remarks = [f"{trained.path}, trained on {trained.data}"]
    batches, more = _small_pictures(images, trained.image_shape[1:], trained.mean, trained.std)
    model = _folded(trained.model, trained.image_shape) if fold else trained.model
    return _Found(_probabilities(model, batches), trained.classes, remarks + more)


def _with_weights(images: list[Path], text: str, weights: Path | None, classes_file: Path | None, fold: bool) -> _Found:
    """A network by name, which sees pictures as its published weights, or those who train on CIFAR, expect them."""
    from minimix import data, models
    from minimix.data.official import STATISTICS, TITLES
    from minimix.models.weights import load_weights
    from minimix.train.checkpoint import is_checkpoint

    name, options = network_of(text)
    if (channels := options.get("in_channels", 3)) != 3:
        raise ValueError(f"--model: {text} is for pictures of {channels} channels, but those in files have 3")
    if weights is not None and is_checkpoint(weights):
        raise ValueError(
            f"{weights} is a checkpoint of `minimix train`, which knows its network, classes and normalisation: use --run "
            f"{weights} in place of --model and --weights"
        )
    try:
        model = models.create(name, pretrained=weights is None, **options).eval()
        if weights is not None:
            load_weights(model, weights)
    except RuntimeError as error:  # layers refuse some arguments so, as PyTorch's do
        raise ValueError(str(error)) from error
    size = model.input_size[1]
    model = _folded(model, model.input_size) if fold else model
    remarks, source = [f"{text} with {weights or 'its published weights'}"], None
    if models.is_small(name):
        source = "cifar100" if options.get("num_classes") == 100 else "cifar10"
        batches, more = _small_pictures(images, (size, size), *STATISTICS[source])
        remarks += [f"pictures are normalised as in {TITLES[source]}", *more]
    else:
        how = models.preparation(name)._replace(size=size)
        batches = (data.load_pictures(some, how) for some in _parts(images))
    probabilities = _probabilities(model, batches)
    classes, remark = _class_names(classes_file, probabilities.shape[1], source)
    return _Found(probabilities, classes, remarks + ([remark] if remark else []))


def _small_pictures(images: list[Path], size: tuple[int, int], mean: tuple, std: tuple) -> tuple[list, list[str]]:
    """The centre of each picture, made ``size`` pixels (height, width) and normalised, in batches; and a remark, if need be."""
    from minimix.cli.images import read_images
    from minimix.data import make_batch

    pixels, sizes = read_images(images, *size)
    batches = [make_batch(some, np.arange(len(some)), mean, std) for some in _parts(pixels)]
    same = all(found == size for found in sizes)
    return batches, [] if same else [f"the centre of each image, made {size[0]}x{size[1]} pixels, is what the network sees"]


def _parts(images) -> Iterator:
    """So many at a time that they, and what a network makes of them, take little memory."""
    return (images[start : start + AT_ONCE] for start in range(0, len(images), AT_ONCE))


def _class_names(path: Path | None, count: int, source: str | None) -> tuple[tuple | None, str]:
    """The names, None where there are none, and a line about that. source: the set whose classes they may be."""
    from minimix import data
    from minimix.data.classes import IMAGENET_FILE
    from minimix.data.official import CLASSES, TITLES
    from minimix.models import pretrained

    if path is None and source is not None and len(CLASSES[source][0]) == count:
        return CLASSES[source][0], f"classes are named as in {TITLES[source]}; other names, one a line, go in --classes-file"
    if path is None and count == pretrained.CLASSES:
        folders = data.folders()
        path = next((folder / IMAGENET_FILE for folder in folders if (folder / IMAGENET_FILE).is_file()), None)
        if path is None:
            places = " or ".join(map(str, folders))
            return None, f"classes are numbers; names, one a line, may be in {IMAGENET_FILE} in {places}, or in --classes-file"
    return (None, "") if path is None else (data.read_classes(path, count), "")


def _folded(model, shape: tuple):
    from minimix.fold import fold_batch_norm

    return fold_batch_norm(model, shape)


def _probabilities(model, batches: Iterable[np.ndarray]) -> np.ndarray:
    import minimix.functional as F
    from minimix.tensor import no_grad

    with no_grad():
        return np.concatenate([F.softmax(model(batch), -1).data for batch in batches])
