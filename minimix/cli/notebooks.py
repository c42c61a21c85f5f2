"""``minimix notebooks``: the course, opened in JupyterLab."""

from pathlib import Path
from typing import Annotated

import typer

from minimix import files
from minimix.words import count

PACKAGE = Path(__file__).parents[1]
FIRST = "00_start_here.ipynb"
COPIES = "minimix-course"  # the folder of a learner who has no copy of the repository


def notebooks(
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Work on copies in this folder; it is made where it is missing, and files in it are never overwritten.",
            show_default=f"the repository's own notebooks, or {COPIES} where minimix was installed without it",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Of the address.", show_default="8888, or the next free one", min=1, max=65535),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser, or only print the address.")] = True,
    allow_root: Annotated[
        bool, typer.Option("--allow-root", help="For the user root, whom JupyterLab refuses otherwise: in a container, say.")
    ] = False,
    jupyter_options: Annotated[
        list[str] | None, typer.Argument(metavar="[-- JUPYTER_OPTIONS]", help="Passed on to JupyterLab.")
    ] = None,
):
    """Open the course in JupyterLab. It has fifteen notebooks, from a loop to a search for a network. Ctrl-C ends it."""
    start = _jupyterlab()
    place = opened(folder)
    print(f"the course is in {place}; Ctrl-C ends JupyterLab", flush=True)
    words = [str(place / FIRST), "--ServerApp.answer_yes=True"]  # no second question after Ctrl-C
    words += [] if browser else ["--no-browser"]
    words += ["--allow-root"] if allow_root else []
    words += [] if port is None else [f"--port={port}", "--ServerApp.port_retries=0"]
    start([*words, *(jupyter_options or [])])


def shipped() -> Path:
    """The folder of the notebooks that came with minimix: inside of an installed package, beside it in the repository."""
    for place in (PACKAGE / "notebooks", PACKAGE.parent / "notebooks"):
        if (place / FIRST).is_file():
            return place
    raise FileNotFoundError(f"the notebooks are not in {PACKAGE.parent / 'notebooks'}: install minimix anew")


def opened(folder: Path | None) -> Path:
    """The folder to open: ``folder`` with copies; without one, the repository's own, else ``COPIES`` in the current folder."""
    source = shipped()
    if folder is None and source.parent != PACKAGE:
        return source.resolve()
    folder = Path(COPIES) if folder is None else folder
    if folder.resolve() != source.resolve():
        added = copy(source, folder)
        kept = len(list(source.glob("*.ipynb"))) - added
        stay = (
            f"; {kept} {'was there, and stays as it is' if kept == 1 else 'were there, and stay as they are'}" if kept else ""
        )
        print(f"copied {count(added, 'notebook')}{stay}")
    return folder.resolve()


def copy(source: Path, folder: Path) -> int:
    """Copy the notebooks that ``folder`` does not have yet. Returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    added = 0
    for path in sorted(source.glob("*.ipynb")):
        if not (folder / path.name).exists():  # never what a learner wrote
            files.write(folder / path.name, path.read_bytes())
            added += 1
    return added


def _jupyterlab():
    """JupyterLab's ``main``, once it is clear that everything is installed."""
    try:
        import ipywidgets  # noqa: F401 (the sliders: without them, figures stand still)
        from jupyterlab.labapp import main
    except ImportError as error:
        raise ImportError(f"{error.name} is not installed; please run: pip install jupyterlab ipywidgets") from None
    return main
