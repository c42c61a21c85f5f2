"""``minimix predict``: with a network that was trained here, or with one by name and published or other weights."""

import csv
import glob
import io
import json
from pathlib import Path
from typing import Annotated

import typer

from minimix.cli.options import NAMES, RUNS, STD, TAKE, THREADS, image_size_of, network_of, numbers_of, one_of
from minimix.cli.training import find_run
from minimix.words import count

Option, Argument = typer.Option, typer.Argument

COLUMNS = ("path", "rank", "index", "class", "probability")


def predict(
    images: Annotated[
        list[str],
        Argument(metavar="IMAGE...", help="PNG, JPEG or whatever else Pillow reads, of any size; or folders, for all in them."),
    ],
    run: Annotated[
        str | None,
        Option(help="A run's folder or name (then its best weights), or its .safetensors file.", show_default="the latest"),
    ] = None,
    model: Annotated[
        str | None,
        Option(
            help="Instead of a run: a network, by name, or yours, FILE.py:FUNCTION; options may follow: "
            "mixnet_s:num_classes=10. With --run: where a network of your own is now."
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        Option(
            help="With --model: a file of weights, safetensors, .npz, PyTorch's .pth, Keras' .h5 or MindSpore's .ckpt.",
            show_default="the published ones, from the hub",
        ),
    ] = None,
    names: NAMES = None,
    take: TAKE = None,
    size: Annotated[
        str | None,
        Option(
            "--size",
            "--input",
            metavar="HxW",
            help="What pictures are made into: 160, or 160x192, height and width.",
            show_default="what the run, the file or the network says",
        ),
    ] = None,
    mean: Annotated[
        str | None,
        Option(
            metavar="NUMBERS",
            help="Of pixels from 0 to 1, one number or one a channel: 0.485,0.456,0.406.",
            show_default="what the run, the file or the library says",
        ),
    ] = None,
    std: STD = None,
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
    as_csv: Annotated[
        str | None, Option("--csv", metavar="FILE", help="Write CSV, a line for each image and class; -: print it.")
    ] = None,
):
    """Which classes a network sees in pictures. It is one that was trained here, or --model with published or other weights.

    A picture is taken as it is, also where the run was judged with mirror images (--tta).
    Of a folder, the pictures in it are taken, but not those in its sub-folders. Pictures that cannot be read are named on
    standard error; the others are classified all the same, and the exit code is 1. There is a warning where the answers cannot
    be right: nothing is said where no sign of that is reliable.
    """
    from minimix import files
    from minimix.prediction import look
    from minimix.tables import print_table
    from minimix.train.limits import limited

    one_of({"--json": as_json, "--csv": as_csv is not None})
    if as_csv not in (None, "-") and not Path(as_csv).absolute().parent.is_dir():
        raise FileNotFoundError(f"--csv: there is no folder {Path(as_csv).parent}")
    paths = pictures_of(images)
    with limited(threads):
        found = look(_seer(run, model, weights, names, take, _looks(size, mean, std), classes_file, runs), paths, fold)
    best = found.top(top or (3 if model is None or run is not None else 5))
    for why in found.failed.values():
        typer.echo(f"error: {why}", err=True)
    for line in found.warnings:
        typer.echo(f"warning: {line}", err=True)
    if as_json:
        print(json.dumps([_record(path, row) for path, row in zip(found.images, best, strict=True)], indent=2))
    elif as_csv is not None:
        text = _table(found.images, best)
        if as_csv == "-":
            print(text, end="")
        else:
            files.write(as_csv, text)
            print(f"{count(len(found), 'image')} in {as_csv}")
    else:
        for line in found.remarks:
            print(line)
        lines = [("image", "class", "probability")]
        for path, row in zip(found.images, best, strict=True):
            lines += [(str(path) if i == 0 else "", guess.name, f"{guess.probability:.1%}") for i, guess in enumerate(row)]
        print_table(lines, left=2)
    if found.failed:
        typer.echo(f"{count(len(found.failed), 'image')} of {len(paths)} could not be read", err=True)
        raise typer.Exit(1)


def _looks(size: str | None, mean: str | None, std: str | None) -> dict:
    """What was asked for of the pictures."""
    asked: dict = {"mean": numbers_of(mean, "--mean"), "std": numbers_of(std, "--std")}
    if size is not None:
        channels, *sides = image_size_of(size, "--size")
        if channels not in (None, 1, 3):
            raise ValueError(f"--size: {size} has {channels} channels, but pictures in files have 3: give 160, or 160x192")
        asked["size"] = tuple(sides)
    return asked


def _seer(
    run: str | None,
    model: str | None,
    weights: Path | None,
    names: str | None,
    take: str | None,
    looks: dict,
    classes_file: Path | None,
    runs: Path,
):
    from minimix.models.own import is_own
    from minimix.seer import seen_as_asked, seer_by_name, seer_of_run
    from minimix.train import load_model

    name, options = (None, {}) if model is None else network_of(model)
    if model is None or (run is not None and is_own(name)):
        if any(value is not None for value in (weights, names, take, classes_file)):
            raise ValueError(
                "--weights, --names, --take and --classes-file say nothing without --model: which network are they for?"
            )
        return seen_as_asked(seer_of_run(load_model(find_run(run, runs), name)), **looks)
    if run is not None:
        raise ValueError("--run and --model: choose one")
    return seer_by_name(name, options, weights, classes_file, model, names, take=take or "", **looks)


def pictures_of(images: list[str]) -> list[Path]:
    """The pictures that are named, and those in the folders and patterns that are, in order.

    Patterns are for shells that leave ``*`` to the programs they start, as those of Windows do.
    """
    from minimix.data import listing

    paths = []
    for text in images:
        path = Path(text)
        if path.is_dir():
            found, _, closed = listing.pictures(path, deep=False)
            if not found:
                inner = listing.subfolders(path) if not closed else {}
                more = f", only folders: name them, {path / next(iter(inner))} ..." if inner else ""
                raise ValueError(f"there is no picture in the folder {path}{more}")
            paths += [picture.path for picture in found]
        elif not path.exists() and glob.has_magic(text):
            found = sorted(glob.glob(text))
            if not found:
                raise FileNotFoundError(f"no file fits {text}")
            paths += map(Path, found)
        else:
            paths.append(path)
    return paths


def _record(path: Path, row: list) -> dict:
    """For JSON. "top" has the classes' numbers, too: some of ImageNet's have the same name."""
    top = [{"index": guess.label, "class": guess.name, "probability": guess.probability} for guess in row]
    return {"image": str(path), "classes": {guess.name: guess.probability for guess in row}, "top": top}


def _table(paths: list[Path], best: list) -> str:
    """CSV: a line for each image and rank."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for path, row in zip(paths, best, strict=True):
        writer.writerows((path, rank, guess.label, guess.name, guess.probability) for rank, guess in enumerate(row, 1))
    return text.getvalue()
