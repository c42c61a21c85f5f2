"""``minimix study``: the paper's experiments at toy size."""

from pathlib import Path
from typing import Annotated

import typer

from minimix.cli.options import DATA_DIR

Option, Argument = typer.Option, typer.Argument

app = typer.Typer(help="The paper's experiments at toy size, with error bars.", no_args_is_help=True)

NAME = Annotated[str, Argument(help="The study, see `minimix study list`.")]
FOLDER = Annotated[Path | None, Option(help="Where its results are kept.", show_default="studies/NAME")]


@app.command("list")
def list_studies():
    """What can be studied, and where the paper has it."""
    from minimix.study import STUDIES
    from minimix.tables import print_table

    print_table([("study", "paper", "question"), *((name, study.source, study.question) for name, study in STUDIES.items())])


@app.command()
def run(
    name: NAME,
    data: Annotated[
        str | None, Option(help="cifar10, cifar100, patterns10; auto: cifar10 where it is found.", show_default="auto")
    ] = None,
    data_dir: DATA_DIR = None,
    seeds: Annotated[int | None, Option(help="Repetitions.", min=1, show_default="5, or the study's own")] = None,
    images: Annotated[int | None, Option(help="For training; 0: all.", min=0, show_default="10000")] = None,
    epochs: Annotated[int | None, Option(help="Times through them.", min=1, show_default="5, or the study's own")] = None,
    width: Annotated[
        float | None, Option(help="Multiplies the networks' channels.", show_default="0.25, or the study's own")
    ] = None,
    workers: Annotated[int | None, Option(help="Processes, of one thread each.", min=1, show_default="one a core")] = None,
    dask: Annotated[
        str | None, Option(metavar="ADDRESS", help="Of a Dask scheduler, tcp://...; local: a cluster on this machine.")
    ] = None,
    budget: Annotated[
        str | None, Option(metavar="TIME", help="Such as 20m: leaves out seeds, then epochs, until it fits, and says so.")
    ] = None,
    folder: FOLDER = None,
    retry: Annotated[bool, Option("--retry", help="Do jobs again that have failed.")] = False,
):
    """Do a study, or go on with it, and write tables and a figure. Ctrl-C keeps what is done. The exit code is 1 where jobs
    have failed."""
    import os

    from minimix import study

    if data_dir is not None:
        os.environ["MINIMIX_DATA"] = str(data_dir.resolve())  # for the processes that do the jobs
    found = study.run(name, data=data, seeds=seeds, images=images, epochs=epochs, width=width, workers=workers, dask=dask,
                      budget=budget, folder=folder, retry=retry)  # fmt: skip
    show(name, folder)
    if found.failed:
        raise typer.Exit(1)


@app.command()
def show(name: NAME, folder: FOLDER = None):
    """Print what a study has found so far."""
    from minimix.study import show
    from minimix.words import count, some

    results = show(name, folder=folder)
    if results.summary():
        _print_found(results)
    elif not results.failed:
        print(f"nothing has ended yet in {results.folder}")
        return
    for reason, places in results.reasons().items():
        print(f"{count(len(places), 'job')} failed: {some(places, 3)}: {reason}")
    if results.missing:
        print(f"{count(len(results.missing), 'job')} of {len(results.jobs)} are still to be done")


def _print_found(results):
    from minimix.tables import print_table

    print_table(results.summary_table(), left=2, labels=2)
    print()
    print_table(results.claims_table(), left=1)
    print()
    print(results.rule)
    for note in results.notes():
        print(note)
