"""Options that several commands share."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from minimix.words import nearest, some

DATA_DIR = Annotated[
    Path | None, typer.Option(help="Folder with the data's files.", show_default="MINIMIX_DATA, then the cache folder")
]
BATCH_SIZE = Annotated[int, typer.Option(help="Images at a time.", min=1, max=2**20)]
RUNS = Annotated[Path, typer.Option(help="Where the folders of runs are.")]
THREADS = Annotated[int | None, typer.Option(help="Changes speed only, never a result.", show_default="every core", min=1)]
NAMES = Annotated[
    str | None,
    typer.Option(
        metavar="LIBRARY",
        help="With --weights: whose names the file has: torchvision, pytorchcv, mindcv, keras, ...; README has a table.",
        show_default="what the names look like",
    ),
]
TAKE = Annotated[
    str | None,
    typer.Option(
        metavar="PART",
        help="With --weights: which part of a checkpoint that has several, such as model_ema.",
        show_default="averages before the weights themselves",
    ),
]
STD = Annotated[str | None, typer.Option(metavar="NUMBERS", help="As --mean.", show_default="as --mean")]


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
        raise ValueError(
            f"--kernels: expected sizes such as 3,5,7, not {text!r} (for each block its own: -o kernels=[3],[3,5],...)"
        )
    return sizes


SETTINGS = Annotated[
    list[str] | None,
    typer.Option(
        "--option", "-o", metavar="KEY=VALUE", help="Any option of models.create, such as partition=exponential; several."
    ),
]


def _table(path: str) -> list:
    """The rows themselves: a run that is trained with them keeps them, wherever the file goes."""
    from minimix.models.tables import read

    return read(path)


_NOT_HERE = {  # of ``models.create``
    "name": "the network's name stands in front of its options, NAME:KEY=VALUE",
    "pretrained": "`minimix predict --model NAME` takes the published weights unless it is given --weights, and no cost "
    "depends on weights",
}


def settings_of(texts: Iterable[str], typed: str = "") -> dict:
    """Options of a network from texts such as "partition=exponential": words, numbers, and numbers in a row.

    typed: the option of the command line that they follow, if they do.

    >>> settings_of(["kernels=3,5,7", "width=0.5", "dilated=true", "partition=exponential"])
    {'kernels': (3, 5, 7), 'width': 0.5, 'dilated': True, 'partition': 'exponential'}
    >>> settings_of(["kernels=3,[3,5],None"])  # for each block its own
    {'kernels': (3, [3, 5], None)}

    rows= takes a table, or a JSON file with one.
    """
    settings = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not (key.isidentifier() and sign and value):
            raise ValueError(f"{typed and f'{typed}: '}expected KEY=VALUE, such as partition=exponential, not {text!r}")
        if key in _NOT_HERE:
            raise ValueError(f"{key} is no option here: {_NOT_HERE[key]}")
        try:
            settings[key] = ast.literal_eval(value.capitalize() if value in ("true", "false", "none") else value)
        except (ValueError, SyntaxError):
            settings[key] = _table(value) if key == "rows" else value
    return settings


def network_of(text: str) -> tuple[str, dict]:
    """Name and options of a network that is given in one word.

    >>> network_of("mobilenetv1_100:kernels=3,5,7:partition=exponential")
    ('mobilenetv1_100', {'kernels': (3, 5, 7), 'partition': 'exponential'})

    Of your own, it is a file and a function; drives have colons, too.

    >>> network_of(r"C:\\nets\\net.py:make:width=0.5")
    ('C:\\\\nets\\\\net.py:make', {'width': 0.5})
    """
    own = re.match(r".+?\.pyw?:[^\W\d]\w*(?=:|$)", text, re.S)
    name, *settings = [own[0], *text[own.end() + 1 :].split(":")] if own else text.split(":")
    return name, settings_of(filter(None, settings) if own else settings)


def image_size_of(text: str, option: str = "--input") -> tuple[int | None, int, int]:
    """Channels (None where they are not said), height and width of pictures. option: with which they were typed.

    Two numbers are height and width, unless the first can only be meant as channels.

    >>> image_size_of("3x224x192"), image_size_of("224"), image_size_of("192x224")
    ((3, 224, 192), (None, 224, 224), (None, 192, 224))
    >>> image_size_of("3x224")
    Traceback (most recent call last):
        ...
    ValueError: --input: 3x224 would be 3 pixels high and 224 wide: write 3x224x224 (channels, height, width) or 224
    """
    parts = text.lower().replace("×", "x").split("x")  # noqa: RUF001 (what people copy from papers)
    if not (1 <= len(parts) <= 3 and all(part.isascii() and part.isdecimal() and int(part) > 0 for part in parts)):
        raise ValueError(f"{option}: expected channels, height and width, such as 3x224x224, or 224, not {text!r}")
    if len(parts) == 2 and min(map(int, parts)) <= 4 < 8 <= max(map(int, parts)):
        channels, size = sorted(parts, key=int)
        raise ValueError(
            f"{option}: {text} would be {parts[0]} pixels high and {parts[1]} wide: write {channels}x{size}x{size} "
            f"(channels, height, width) or {size}"
        )
    if any(int(part) > 65536 for part in parts):
        raise ValueError(f"{option}: {text} is more than 65536 pixels or channels")
    *channels, height, width = [int(part) for part in parts] * (2 if len(parts) == 1 else 1)
    return channels[0] if channels else None, height, width


def numbers_of(text: str | None, option: str) -> tuple[float, ...] | None:
    """Numbers from text.

    >>> numbers_of("0.485,0.456,0.406", "--mean"), numbers_of(None, "--std")
    ((0.485, 0.456, 0.406), None)
    """
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"{option}: expected a number, or one a channel, such as 0.485,0.456,0.406, not {text!r}") from None


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


def hint(name: str, names, otherwise: str = "") -> str:
    """The nearest of ``names``; where none is near, ``otherwise``, or all of them if they are few."""
    near = nearest(name, names)
    return f"did you mean {near[0]}?" if near else otherwise or f"there are {some(names, 10)}"


def one_of(options: dict) -> None:
    """Refuse more than one of these flags.

    >>> one_of({"--json": True, "--csv": True})
    Traceback (most recent call last):
        ...
    ValueError: --json and --csv: choose one
    """
    if sum(map(bool, options.values())) > 1:
        raise ValueError(f"{' and '.join(options)}: choose one")
