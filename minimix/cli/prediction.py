"""``minimix predict``: with a network that was trained here, or with one by name and published or other weights."""

import json
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
    from minimix.cli.images import read_images
    from minimix.data import make_batch
    from minimix.train import load_model

    trained = load_model(path)
    size = trained.image_shape[1:]
    pixels, sizes = read_images(images, *size)
    remarks = [f"{trained.path}, trained on {trained.data}"]
    if any(found != size for found in sizes):
        remarks.append(f"the centre of each image, made {size[0]}x{size[1]} pixels, is what the network sees")
    model = _folded(trained.model, trained.image_shape) if fold else trained.model
    batch = make_batch(pixels, np.arange(len(pixels)), trained.mean, trained.std)
    return _Found(_probabilities(model, batch), trained.classes, remarks)


def _with_weights(images: list[Path], text: str, weights: Path | None, classes_file: Path | None, fold: bool) -> _Found:
    """A network by name, which sees pictures as its published weights expect them."""
    from minimix import data, models
    from minimix.models.weights import load_weights

    name, options = network_of(text)
    how = models.preparation(name)
    model = models.create(name, pretrained=weights is None, **options).eval()
    channels, size, _ = model.input_size
    if channels != 3:
        raise ValueError(f"--model: {text} is for pictures of {channels} channels, but those in files have 3")
    if weights is not None:
        try:
            load_weights(model, weights)
        except RuntimeError as error:
            raise ValueError(str(error)) from error
    model = _folded(model, model.input_size) if fold else model
    found = []
    for start in range(0, len(images), AT_ONCE):
        batch = data.load_pictures(images[start : start + AT_ONCE], how._replace(size=size))
        found.append(_probabilities(model, batch))
    probabilities = np.concatenate(found)
    remarks = [f"{text} with {weights or 'its published weights'}"]
    classes, remark = _class_names(classes_file, probabilities.shape[1])
    return _Found(probabilities, classes, remarks + ([remark] if remark else []))


def _class_names(path: Path | None, count: int) -> tuple[tuple | None, str]:
    """The names, None where there are none, and then a line about that."""
    from minimix import data
    from minimix.data.classes import IMAGENET_FILE
    from minimix.models.pretrained import CLASSES

    if path is None and count == CLASSES:
        folders = data.folders()
        path = next((folder / IMAGENET_FILE for folder in folders if (folder / IMAGENET_FILE).is_file()), None)
        if path is None:
            places = " or ".join(map(str, folders))
            return None, f"classes are numbers; names, one a line, may be in {IMAGENET_FILE} in {places}, or in --classes-file"
    return (None, "") if path is None else (data.read_classes(path, count), "")


def _folded(model, shape: tuple):
    from minimix.fold import fold_batch_norm

    return fold_batch_norm(model, shape)


def _probabilities(model, batch) -> np.ndarray:
    import minimix.functional as F
    from minimix.tensor import no_grad

    with no_grad():
        return F.softmax(model(batch), -1).data
