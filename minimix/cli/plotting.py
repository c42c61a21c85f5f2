"""``minimix plot``: the curves of one run, or of several in one picture."""

from pathlib import Path
from typing import Annotated

import typer

from minimix.cli.options import RUNS
from minimix.cli.training import find_run
from minimix.words import count

FORMATS = ("png", "svg", "pdf", "jpg")


def plot(
    chosen: Annotated[
        list[str] | None, typer.Argument(metavar="RUN", help="Folders or names of runs.", show_default="the latest")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="PNG, SVG, PDF or JPEG.",
            show_default="curves.png: in the run's folder, or for several in --runs",
        ),
    ] = None,
    title: Annotated[str, typer.Option(help="Above the picture.", show_default="the run, its network and its data")] = "",
    runs: RUNS = Path("runs"),
):
    """Draw loss, accuracy and learning rate over the epochs. Several runs share a picture. A run may still be under way."""
    from minimix import viz
    from minimix.train.figures import save

    if output is not None and output.suffix.lower().removeprefix(".") not in FORMATS:
        raise ValueError(f"--output: {output} must end in one of {', '.join(f'.{ending}' for ending in FORMATS)}")
    if output is not None and not output.parent.is_dir():
        raise FileNotFoundError(f"--output: there is no folder {output.parent}")
    found = [find_run(name, runs) for name in chosen or [None]]
    folders = list(dict.fromkeys(path if path.is_dir() else path.parent for path in found))
    names = [folder.resolve().name for folder in folders]
    labels = names if len(set(names)) == len(names) else list(map(str, folders))
    histories = dict(zip(labels, map(_history, folders), strict=True))
    if output is None:
        output = (folders[0] if len(folders) == 1 else runs if runs.is_dir() else Path()) / "curves.png"
    save(viz.curves(histories, title or (_title(folders[0]) if len(names) == 1 else "")), output)
    for name, history in histories.items():
        print(f"{name}: {count(len(history), 'epoch')}")
    print(f"drawn in {output}")


def _title(folder: Path) -> str:
    """As ``train`` has it: the run's name, its network and its data, where config.json says them."""
    import json

    from minimix.train.figures import title

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))["config"]
        return title(folder, config["model"], config["data"])
    except (OSError, ValueError, LookupError, TypeError):
        return folder.resolve().name


def _history(folder: Path) -> list:
    """From the run's table; where that is lost, from its checkpoint."""
    from minimix.train import checkpoint, read_metrics
    from minimix.train.metrics import Epoch

    try:
        return read_metrics(folder)
    except (FileNotFoundError, ValueError) as error:
        last = folder / "last.safetensors"
        epochs = checkpoint.load(last)[1]["history"] if last.exists() else []
        if not epochs:
            raise
        typer.echo(f"{error}: taking the epochs from {last}", err=True)
        return [Epoch(**epoch) for epoch in epochs]
