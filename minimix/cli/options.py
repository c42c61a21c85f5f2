"""Options that several commands share."""

import difflib
from pathlib import Path
from typing import Annotated

import typer

DATA_DIR = Annotated[
    Path | None, typer.Option(help="Folder with the data's files.", show_default="MINIMIX_DATA, then the cache folder")
]
BATCH_SIZE = Annotated[int, typer.Option(help="Images at a time.", min=1)]
RUNS = Annotated[Path, typer.Option(help="Where the folders of runs are.")]
THREADS = Annotated[int | None, typer.Option(help="Changes speed only, never a result.", show_default="every core", min=1)]


def kernels_of(text: str | None) -> tuple[int, ...] | None:
    """Kernel sizes from text.

    >>> kernels_of("3,5,7"), kernels_of(None)
    ((3, 5, 7), None)
    """
    if text is None:
        return None
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1:
        raise ValueError(f"--kernels: expected sizes such as 3,5,7, not {text!r}")
    return sizes


def model_options(width: float | None, kernels: tuple | None, dropout: float | None = None) -> dict | None:
    """Those that were given, for ``models.create``; None where none was."""
    options = {"width": width, "kernels": kernels, "dropout": dropout}
    return {name: value for name, value in options.items() if value is not None} or None


def known(what: str, name: str, names) -> None:
    """Refuse a name that is not among ``names``, with the nearest that is.

    >>> known("data set", "CIFAR-10", ("cifar10", "patterns10"))
    Traceback (most recent call last):
        ...
    ValueError: no data set is called 'CIFAR-10': did you mean cifar10?
    """
    if name not in names:
        raise ValueError(f"no {what} is called {name!r}: {hint(name, names)}")


def hint(name: str, names) -> str:
    """The nearest of ``names``, or all of them."""
    near = difflib.get_close_matches(name.lower().replace("-", ""), names, n=1) or difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
