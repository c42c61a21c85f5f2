"""A network's costs, layer by layer and in all: as numbers, as a table, as JSON and as CSV."""

import csv
import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from minimix.costs.counters import prices_of
from minimix.costs.work import APART, KINDS, OTHER, added
from minimix.padding import Pair
from minimix.tables import fitted


class LayerRow(NamedTuple):
    """One layer, in the order in which they run; a layer that runs twice has two rows, the second with no parameters.

    name, kind:  as in ``model.named_modules()`` ("model" for the model itself), and the name of its class. What a module that
        calls others does itself, such as adding a skip connection, has rows, too: the name is the module's, the kind the op's.
    kernel_sizes, channels_per_group: of its convolutions, one (KH, KW) for each group of channels, and how many input channels
        that group has. Channels with one kernel size make one group where each output sees a single channel.
    params:      numbers that are trained.
    macs:        multiply-adds of convolutions and matrix products, those with the zero border included.
    activation_bytes: memory of its output, 0 where that is its input, seen in another way.
    receptive_field: pixels of the picture that one number of its output can depend on, (vertical, horizontal); None where that
        is not known, or the input is no picture. See ``fields.py``.
    macs_by_kind: ``macs`` by "depthwise", "pointwise" (1x1), "se" (squeeze-and-excite), "dense" (other convolutions), "linear".
    others:      what is no multiply-add, by name: see ``costs.Work``.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    kernel_sizes: tuple[Pair, ...]
    channels_per_group: tuple[int, ...]
    params: int
    macs: int
    activation_bytes: int
    receptive_field: Pair | None
    macs_by_kind: dict[str, int]
    others: dict[str, int]

    def counted_as(self, counter: str | Mapping[str, int]) -> int:
        """What another counter would report; see ``Profile.counted_as``."""
        prices = prices_of(counter)
        return sum(prices.get(name, 0) * n for name, n in {"mac": self.macs, **self.others}.items())

    def cells(self) -> tuple[str, ...]:
        """The row as text, under ``HEADINGS``."""
        kernels = _shortened([str(h) if h == w else f"{h}x{w}" for h, w in self.kernel_sizes])
        channels = _shortened(list(map(str, self.channels_per_group)))
        field = "" if self.receptive_field is None else _square(self.receptive_field)
        numbers = field, f"{self.params:,}", f"{self.macs:,}", f"{self.activation_bytes / 1024:,.1f}"
        return self.name, self.kind, times(self.output_shape), kernels, channels, *numbers

    def record(self) -> dict:
        """The row as one line of a table for other programs: numbers, and words without commas."""
        field = self.receptive_field
        apart = apart_of(self.others)
        return {
            "layer": self.name,
            "kind": self.kind,
            "output": times(self.output_shape),
            "kernels": " ".join(map(times, self.kernel_sizes)),
            "channels": " ".join(map(str, self.channels_per_group)),
            "receptive_field": "" if field is None else times(field),
            "params": self.params,
            "macs": self.macs,
            **{f"macs_{kind}": self.macs_by_kind.get(kind, 0) for kind in (*KINDS, OTHER)},
            **{name.replace(" ", "_"): n for name, n in apart.items()},
            "activation_bytes": self.activation_bytes,
        }


HEADINGS = ("layer", "kind", "output", "kernels", "channels", "field", "parameters", "multiply-adds", "KiB out")
WORDS = 5  # so many columns are words, the others numbers


@dataclasses.dataclass(frozen=True)
class Profile:
    """The cost of a model for inputs of ``input_shape``; printed, it is a table."""

    input_shape: tuple[int, ...]
    rows: tuple[LayerRow, ...]

    @property
    def params(self) -> int:
        """Numbers that are trained."""
        return sum(row.params for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and matrix products, for the whole batch."""
        return sum(row.macs for row in self.rows)

    @property
    def activation_bytes(self) -> int:
        """Memory of all layers' outputs together. Training keeps about so much; in use, a few layers' at a time."""
        return sum(row.activation_bytes for row in self.rows)

    @property
    def macs_by_kind(self) -> dict[str, int]:
        """``macs`` by "depthwise", "pointwise", "se", "dense" and "linear"; "other" is of ops
        that are not minimix's, or are of several kinds."""
        return added(dict.fromkeys(KINDS, 0), *(row.macs_by_kind for row in self.rows))

    @property
    def others(self) -> dict[str, int]:
        """What is no multiply-add, by name: see ``costs.Work``."""
        return added(*(row.others for row in self.rows))

    @property
    def apart(self) -> dict[str, int]:
        """The same in four sums: elements through batch norms and through activations, biases added, elements into pools."""
        return apart_of(self.others)

    def counted_as(self, counter: str | Mapping[str, int]) -> int:
        """The number that another counter reports for this network: "fvcore", "ptflops", "thop", ...: see ``counters.py``.

        counter: a name from ``COUNTERS``, which says the version, too; or prices of one's own, such as {"mac": 2, "bias": 1,
        "batch_norm": 2}. Raises ValueError for an unknown name, TypeError for a price that is no number.

        >>> from minimix import nn
        >>> from minimix.costs import profile
        >>> cost = profile(nn.Conv2d(3, 4, 3, padding=1), (1, 3, 8, 8))
        >>> cost.macs, cost.counted_as("torch"), cost.counted_as("ptflops")
        (6912, 13824, 7168)
        """
        return sum(row.counted_as(counter) for row in self.rows)

    def table(self) -> list[tuple[str, ...]]:
        """Headings, a line for each row, and the totals, as text."""
        totals = f"{self.params:,}", f"{self.macs:,}", f"{self.activation_bytes / 1024:,.1f}"
        return [HEADINGS, *(row.cells() for row in self.rows), ("total", *[""] * WORDS, *totals)]

    def kinds_table(self) -> list[tuple[str, ...]]:
        """The multiply-adds by kind, as text."""
        kinds = [(kind, f"{n:,}", f"{n / max(1, self.macs):.2%}") for kind, n in self.macs_by_kind.items() if n]
        return [("kind", "multiply-adds", "share"), *kinds]

    def apart_table(self) -> list[tuple[str, ...]]:
        """What is listed apart from the multiply-adds, as text."""
        return [("apart from these", "of", "number"), *((name, APART[name][1], f"{n:,}") for name, n in self.apart.items())]

    def to_dict(self) -> dict:
        """All of it in lists and numbers, for JSON."""
        totals = {"params": self.params, "macs": self.macs, "activation_bytes": self.activation_bytes}
        kinds = {"macs_by_kind": self.macs_by_kind, "apart": self.apart, "others": self.others}
        return {"input_shape": self.input_shape, **totals, **kinds, "rows": [row._asdict() for row in self.rows]}

    def to_csv(self, counters: Sequence[str] = ()) -> str:
        """A line for each row, under headings. Columns of numbers add up to the totals of ``to_dict``, among them a column for
        each of ``others``, and one for what each of ``counters`` would report."""
        others = self.others
        return csv_of([
            row.record()
            | {name: row.others.get(name, 0) for name in others}
            | {f"counted_as_{counter}": row.counted_as(counter) for counter in counters}
            for row in self.rows
        ])  # fmt: skip

    def __str__(self) -> str:
        return "\n".join(fitted(self.table(), left=WORDS))


def apart_of(others: Mapping[str, int]) -> dict[str, int]:
    """What ``others`` comes to in the four sums of ``APART``.

    >>> apart_of({"relu": 3, "swish": 4, "bias": 5})
    {'batch norm': 0, 'activation': 7, 'bias': 5, 'pooling': 0}
    """
    return {name: sum(others.get(part, 0) for part in parts) for name, (parts, _) in APART.items()}


def times(lengths: tuple[int, ...]) -> str:
    """
    >>> times((1, 3, 224, 224))
    '1x3x224x224'
    """
    return "x".join(map(str, lengths))


def _square(lengths: Pair) -> str:
    return str(lengths[0]) if lengths[0] == lengths[1] else times(lengths)


def _shortened(words: list[str]) -> str:
    """Of many equal groups, the first and how many there are."""
    return f"{words[0]} ({len(words)} times)" if len(words) > 8 and len(set(words)) == 1 else " ".join(words)


def csv_of(records: list[dict]) -> str:
    """Records with the same keys as CSV text.

    >>> csv_of([{"a": 1, "b": "x"}]).split()
    ['a,b', '1,x']
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, records[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()
