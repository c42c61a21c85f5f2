"""``minimix summary`` and ``minimix compare``: what networks cost, from their structure alone."""

import json
from typing import Annotated, NamedTuple

import typer

from minimix.cli.options import (
    BATCH_SIZE,
    SETTINGS,
    image_size_of,
    kernels_of,
    model_options,
    network_of,
    one_of,
    settings_of,
)
from minimix.words import count

Option, Argument = typer.Option, typer.Argument

WIDTH = Annotated[float | None, Option(help="Multiplies the network's channels.", show_default="1.0")]
KERNELS = Annotated[str | None, Option(help="Kernel sizes for all blocks, such as 3,5,7.", show_default="those of the network")]
CLASSES = Annotated[
    int | None,
    Option("--classes", "--num-classes", help="Outputs of the classifier.", min=1, show_default="those of the network"),
]
INPUT = Annotated[
    str | None,
    Option(
        "--input",
        "--size",
        metavar="CxHxW",
        help="The images: 3x224x224, or 224; two numbers are height and width.",
        show_default="those of the network",
    ),
]
JSON = Annotated[bool, Option("--json", help="Print JSON.")]
COUNT_AS = Annotated[
    str | None,
    Option(
        metavar="COUNTER",
        help="What another counter reports, too: fvcore, ptflops, thop, torchinfo, torch, ..., several as a,b, or all.",
    ),
]


def summary(
    model: Annotated[
        str, Argument(help="The network, by name; options may follow: mobilenetv1_100:kernels=3,5,7.")
    ] = "mixnet_nano",
    image: INPUT = None,
    width: WIDTH = None,
    kernels: KERNELS = None,
    settings: SETTINGS = None,
    classes: CLASSES = None,
    batch_size: BATCH_SIZE = 1,
    count_as: COUNT_AS = None,
    as_json: JSON = False,
    as_csv: Annotated[bool, Option("--csv", help="Print the layers as CSV.")] = False,
):
    """Parameters, multiply-adds and memory, layer by layer. All is counted from a network's structure alone.

    "kernels" and "channels" are those of each group of channels, "field" the pixels that one output can depend on.
    """
    from minimix.costs.counters import COUNTERS
    from minimix.costs.report import WORDS
    from minimix.tables import print_table

    one_of({"--json": as_json, "--csv": as_csv})
    counters = _counters(count_as)
    network = _network(model, image, _shared(width, kernels, settings, classes), batch_size)
    cost = network.cost
    if as_json:
        reported = {
            "counted_as": _as_others_count(cost),
            "counters": {name: {"version": counter.version, "rule": counter.rule} for name, counter in COUNTERS.items()},
        }
        print(json.dumps({**network.names(), **cost.to_dict(), **reported}, indent=2))
        return
    if as_csv:
        print(cost.to_csv(counters), end="")
        return
    print_table(cost.table(), left=WORDS, total=True)
    print()
    print_table(cost.kinds_table(), left=1)
    print()
    print_table(cost.apart_table(), left=2)
    if counters:
        print()
        lines = [(name, COUNTERS[name].version, COUNTERS[name].rule, f"{cost.counted_as(name):,}") for name in counters]
        print_table([("counted as by", "version", "rule", "operations"), *lines], left=3)
        twins = [twin for name in counters if (twin := f"{name}-timm") in COUNTERS and twin not in counters]
        if twins:
            found = ", ".join(f"{cost.counted_as(twin):,} ({twin})" for twin in twins)
            print(f"of timm's networks, whose batch norms are a class of their own: {found}")
    print()
    size = "x".join(map(str, cost.input_shape))
    print(f"{network.label}, input {size}: {count(cost.params, 'parameter')}, {count(cost.macs, 'multiply-add')}")


def compare(
    models: Annotated[
        list[str],
        Argument(metavar="NETWORK...", help="Networks, by name; options may follow: mobilenetv1_100:kernels=3,5,7."),
    ],
    image: INPUT = None,
    width: WIDTH = None,
    kernels: KERNELS = None,
    settings: SETTINGS = None,
    classes: CLASSES = None,
    batch_size: BATCH_SIZE = 1,
    count_as: COUNT_AS = None,
    as_json: JSON = False,
    as_csv: Annotated[bool, Option("--csv", help="Print CSV.")] = False,
):
    """Networks side by side: exact costs, and what papers print.

    Each has its own input size, unless --input gives one for all.
    """
    from minimix.costs.report import csv_of
    from minimix.tables import print_table

    one_of({"--json": as_json, "--csv": as_csv})
    counters = _counters(count_as)
    shared = _shared(width, kernels, settings, classes)
    networks = [_network(model, image, shared, batch_size) for model in models]
    if as_json:
        print(json.dumps([network.record() for network in networks], indent=2))
        return
    if as_csv:
        print(csv_of([_flat(network, counters) for network in networks]), end="")
        return
    print_table(_side_by_side(networks, counters), left=1)
    printed = [line for network in networks for line in _beside_the_printed(network)]
    if printed:
        headings = ("network", "source", "parameters", "printed", "multiply-adds", "printed", "top-1", "top-5")
        print()
        print_table([headings, *printed], left=2, labels=2)
        if any(line.read_off for network in networks for line in network.published):
            print("~: read off a figure")


class _Network(NamedTuple):
    name: str
    options: dict
    cost: object  # a Profile
    published: list

    @property
    def label(self) -> str:
        """As a user would type it; but of a table of rows only how many there are."""
        options = [
            f"rows=({count(len(value), 'row')})" if key == "rows" else f"{key}={_typed(value)}"
            for key, value in self.options.items()
        ]
        return ":".join([self.name, *options])

    def names(self) -> dict:
        return {"model": self.name, "options": self.options}

    def record(self) -> dict:
        """For JSON: the totals, and everything that is printed about it."""
        facts = self.cost.to_dict()
        del facts["rows"]
        facts["counted_as"] = _as_others_count(self.cost)
        return {**self.names(), **facts, "published": [line._asdict() for line in self.published]}


def _counters(typed: str | None) -> list[str]:
    """The names of other counters."""
    from minimix.costs.counters import COUNTERS, prices_of

    if typed is None:
        return []
    names = list(COUNTERS) if typed == "all" else [name.strip() for name in typed.split(",")]
    for name in names:
        prices_of(name)  # refuses
    return names


def _as_others_count(cost) -> dict[str, int]:
    from minimix.costs.counters import COUNTERS

    return {name: cost.counted_as(name) for name in COUNTERS}


def _typed(value) -> str:
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def _shared(width, kernels, settings, classes) -> dict:
    """The options that hold for all networks of a command."""
    options = (model_options(width, kernels_of(kernels)) or {}) | settings_of(settings or (), "--option")
    return options if classes is None else options | {"num_classes": classes}


def _network(text: str, image: str | None, shared: dict, batch_size: int) -> _Network:
    from minimix import models
    from minimix.costs import profile
    from minimix.models.published import published

    name, own = network_of(text)
    options = {key: value for key, value in (shared | own).items() if value is not None}
    channels, *size = (None,) if image is None else image_size_of(image)
    if channels is not None and channels != options.get("in_channels", 3):
        if "in_channels" in options:
            raise ValueError(f"--input {image} and in_channels={options['in_channels']} say different things: leave out one")
        options["in_channels"] = channels
    try:
        model = models.create(name, **options)
        shape = (batch_size, model.input_size[0], *(size or model.input_size[1:]))
        cost = profile(model, shape)
    except RuntimeError as error:  # layers refuse some arguments so, as PyTorch's do
        raise ValueError(str(error)) from error
    lines = published(name, shape[2], **options) if shape[2] == shape[3] else []
    return _Network(name, options, cost, lines)


def _side_by_side(networks: list[_Network], counters: list[str]) -> list[tuple[str, ...]]:
    """A column a network, a line a figure, as text."""
    from minimix.costs.counters import COUNTERS

    costs = [network.cost for network in networks]
    kinds = list(dict.fromkeys(kind for cost in costs for kind, macs in cost.macs_by_kind.items() if macs))
    return [
        ("", *(network.label for network in networks)),
        ("input", *("x".join(map(str, cost.input_shape)) for cost in costs)),
        ("parameters", *(f"{cost.params:,}" for cost in costs)),
        ("multiply-adds", *(f"{cost.macs:,}" for cost in costs)),
        *((f"  {kind}", *(f"{cost.macs_by_kind.get(kind, 0):,}" for cost in costs)) for kind in kinds),
        *((name, *(f"{cost.apart[name]:,}" for cost in costs)) for name in costs[0].apart),
        ("KiB of activations", *(f"{cost.activation_bytes / 1024:,.1f}" for cost in costs)),
        ("receptive field", *map(_field, costs)),
        *((_as(name, COUNTERS[name].version), *(f"{cost.counted_as(name):,}" for cost in costs)) for name in counters),
    ]


def _as(name: str, version: str) -> str:
    """
    >>> _as("thop-timm", "thop 0.1.1"), _as("thop", "thop 0.1.1")
    ('as by thop-timm (thop 0.1.1)', 'as by thop 0.1.1')
    """
    return f"as by {version if version.startswith(f'{name} ') else f'{name} ({version})'}"


def _field(cost) -> str:
    """Of the last layer that convolves."""
    fields = [row.receptive_field for row in cost.rows if row.kernel_sizes and row.receptive_field]
    return "x".join(map(str, fields[-1])) if fields else "-"


def _beside_the_printed(network: _Network) -> list[tuple[str, ...]]:
    """A line a source: the exact figures and the printed ones, in millions, as text."""
    images = network.cost.input_shape[0]
    exact = f"{network.cost.params / 1e6:.3f} M", f"{network.cost.macs / images / 1e6:.1f} M"
    lines = []
    for line in network.published:
        about = "~" if line.read_off else ""
        params, macs = (f"{about}{n} M" if n is not None else "-" for n in (line.params, line.macs))
        accuracies = (f"{about}{n} %" if n is not None else "-" for n in (line.top1, line.top5))
        lines.append((network.label, line.source, exact[0], params, exact[1], macs, *accuracies))
    return lines


def _flat(network: _Network, counters: list[str]) -> dict:
    """For CSV: one line, with what the first source prints."""
    from minimix.costs.work import KINDS, OTHER

    cost, first = network.cost, network.published[0] if network.published else None
    printed = {f"printed_{key}": value for key, value in first._asdict().items()} if first else {}
    keys = ("source", "params", "macs", "top1", "top5", "read_off")
    return {
        "model": network.label,
        "input": "x".join(map(str, cost.input_shape)),
        "params": cost.params,
        "macs": cost.macs,
        **{f"macs_{kind}": cost.macs_by_kind.get(kind, 0) for kind in (*KINDS, OTHER)},
        **{name.replace(" ", "_"): n for name, n in cost.apart.items()},
        "activation_bytes": cost.activation_bytes,
        **{f"counted_as_{name}": cost.counted_as(name) for name in counters},
        **{f"printed_{key}": printed.get(f"printed_{key}", "") for key in keys},
    }
