"""``minimix gradcheck`` and ``minimix info``: whether all is well."""

import json
from typing import Annotated

import typer

from minimix.cli.options import DATA_DIR, THREADS

Option, Argument = typer.Option, typer.Argument


def gradcheck(
    layer: Annotated[str | None, Argument(help="Only layers with this name; * and ? stand for anything.")] = None,
    mode: Annotated[str | None, Option(help="full, random or complex.", show_default="all that apply")] = None,
    seed: Annotated[int, Option(help="Of the inputs and of the random projections.", min=0)] = 0,
    threads: THREADS = None,
):
    """Check every layer's gradients by finite differences. Exit code 1 where one is wrong."""
    from minimix.gradcheck.cases import functional_cases
    from minimix.gradcheck.cases_images import image_cases
    from minimix.gradcheck.check import MODES
    from minimix.gradcheck.suite import run, select, show
    from minimix.nn.cases import layer_cases
    from minimix.train.limits import limited

    if mode is not None and mode not in MODES:
        raise ValueError(f"--mode: expected one of {', '.join(MODES)}, not {mode!r}")
    chosen = select([*layer_cases(), *functional_cases(), *image_cases()], layer)
    with limited(threads):
        right = show(run(chosen, MODES if mode is None else (mode,), seed), seed)
    raise typer.Exit(0 if right else 1)


def info(
    data_dir: DATA_DIR = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
    clear_cache: Annotated[bool, Option("--clear-cache", help="Remove all compiled kernels that are kept on disk.")] = False,
):
    """Versions, processor, threads, compiled kernels and folders. Send it with a question about speed or a bug."""
    from minimix.cli.output import print_facts
    from minimix.info import clear_cache as clear
    from minimix.info import info as collect

    if clear_cache:
        print(clear())
        return
    sections = collect(data_dir)
    if as_json:
        print(json.dumps(sections, indent=2))
        return
    print_facts(sections)
