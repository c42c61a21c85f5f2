"""``minimix data``: what is there, downloads, contact sheets."""

import io
from pathlib import Path
from typing import Annotated

import typer

from minimix.cli.options import DATA_DIR, known

Option, Argument = typer.Option, typer.Argument

app = typer.Typer(help="Data sets: where they are, downloads, sheets of images. Alone, it lists them.")


@app.callback(invoke_without_command=True)
def list_sets(context: typer.Context, data_dir: DATA_DIR = None):
    if context.invoked_subcommand is not None:
        return
    from minimix.data import NAMES, folders
    from minimix.info import where
    from minimix.tables import print_table

    print_table([("data set", "where"), *((name, where(name, data_dir)) for name in NAMES)])
    print(f"looked in {', '.join(map(str, folders(data_dir)))}")


@app.command()
def get(
    name: Annotated[str, Argument(help="cifar10 or cifar100.")],
    data_dir: DATA_DIR = None,
):
    """Download a data set, check it, and unpack it."""
    from minimix.data import download

    known("data set to download", name, ("cifar10", "cifar100"))
    print(f"{name} is in {download(name, data_dir)}")


@app.command()
def preview(
    name: Annotated[
        str, Argument(help="cifar10, cifar100, patterns10, or auto; or a folder with a sub-folder of pictures for each class.")
    ] = "auto",
    out: Annotated[Path, Option(help="The PNG file to write.")] = Path("sheet.png"),
    split: Annotated[str, Option(help="train or test.")] = "train",
    columns: Annotated[int, Option(help="Images of each class.", min=1, max=50)] = 10,
    seed: Annotated[int, Option(help="Of patterns10.", min=0)] = 0,
    data_dir: DATA_DIR = None,
):
    """Draw a sheet with the first images of each class."""
    from minimix import data, files
    from minimix.cli.images import contact_sheet
    from minimix.words import count

    if not Path(name).is_dir():
        known("data set", name, (*data.NAMES, "auto"))
    if not out.parent.is_dir():
        raise FileNotFoundError(f"--out: there is no folder {out.parent}")
    if out.suffix.lower() != ".png":
        raise ValueError(f"--out: {out} must end in .png")
    size = 40 * columns if name == "patterns10" else None  # drawn for this purpose: no more than it takes
    if name in (*data.NAMES, "auto"):
        images = data.load(name, split, data_dir, seed=seed, size=size)
    elif split in ("train", "test"):
        images = data.from_folder(name)[split == "test"]
    else:
        raise ValueError(f"--split: expected train or test, not {split!r}")
    if images.note:
        print(images.note)
    content = io.BytesIO()
    sheet = contact_sheet(images.images, images.labels, images.classes, columns, f"{images.name}, {split}")
    sheet.savefig(content, format="png")
    files.write(out, content.getvalue())
    print(f"{count(len(images.classes), 'class', 'classes')} of {images.name} in {out}")
