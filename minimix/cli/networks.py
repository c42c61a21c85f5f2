"""``minimix models``: the networks that there are, by name."""

import fnmatch
import json
from typing import Annotated

import typer

Option, Argument = typer.Option, typer.Argument

HEADINGS = ("network", "input", "from", "weights", "parameters", "multiply-adds")


def models(
    name: Annotated[
        str | None, Argument(help="Only networks with this in their names; * and ? stand for anything.", show_default="all")
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, Option("--csv", help="Print CSV.")] = False,
):
    """All networks, what a picture costs in each, and their origin.

    "hub" under weights: `minimix predict --model NETWORK` fetches published ones. Those called "_cifar" are for pictures of
    32x32. Options change a network: `minimix summary mixnet_s:kernels=3,5`.
    """
    from minimix.cli.options import one_of
    from minimix.costs.report import csv_of, times
    from minimix.tables import print_table
    from minimix.words import count

    one_of({"--json": as_json, "--csv": as_csv})
    found = [_about(network) for network in _chosen(name)]
    if as_json:
        print(json.dumps(found, indent=2))
    elif as_csv:
        print(csv_of([{**facts, "input": times(facts["input"])} for facts in found]), end="")
    else:
        lines = [
            (f["model"], times(f["input"]), f["source"], f["pretrained"], f"{f['params']:,}", f"{f['macs']:,}") for f in found
        ]
        print_table([HEADINGS, *lines], left=4)
        print(f"\n{count(len(found), 'network')}; minimix summary NETWORK shows one layer by layer, minimix compare several")


def _chosen(text: str | None) -> list[str]:
    from minimix import models as library
    from minimix.cli.options import hint

    names = library.names()
    if text is None:
        return names
    pattern = text.lower().replace("-", "_")
    found = fnmatch.filter(names, pattern if set("*?[") & set(pattern) else f"*{pattern}*")
    if not found:
        raise ValueError(f"no network has {text!r} in its name: {hint(text, names, 'minimix models lists them')}")
    return found


def _about(name: str) -> dict:
    from minimix import models as library
    from minimix.costs import profile
    from minimix.models.pretrained import has_weights
    from minimix.models.published import origin

    model = library.create(name)
    cost = profile(model, (1, *model.input_size))
    weights = "hub" if has_weights(name) else ""
    return {
        "model": name, "input": list(model.input_size), "params": cost.params, "macs": cost.macs, "source": origin(name),
        "pretrained": weights,
    }  # fmt: skip
