"""Tables of rows from outside: given as Rows, as plain lists and dicts, or in a JSON file, such as a search has found.

What is wrong with one is said with its place in the table, before anything is built.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minimix.models import limits
from minimix.models.rows import Row
from minimix.models.variations import stages_of
from minimix.ops.activation import need_activation
from minimix.padding import count, number
from minimix.words import nearest

NEEDED = ("kernels", "expansion", "channels")
MOST = 1000  # blocks: more would only fill the memory
EXAMPLE = "Row((3, 5), 3, 24, stride=2), or in plain values [[3, 5], 3, 24, 2] or {'kernels': [3, 5], 'expansion': 3, ...}"


def table(rows) -> list[list[Row]]:
    """A list of Rows for each stage, from a table as people write it, or from the JSON file that a path leads to.

    rows: one after the other, each a ``Row``, a list of its values in their order, or a dict of them by name; those that have a
        default may be left out. A list of such is a stage.

    Raises TypeError, ValueError or RuntimeError, which names the row, for what is no table, FileNotFoundError where no file is.

    >>> table([[3, 1, 16], {"kernels": [3, 5], "expansion": 3, "channels": 24, "stride": 2}])[1]
    [Row(kernels=(3, 5), expansion=3, channels=24, stride=2, repeats=1, se=0.0, activation='relu', expand_groups=1, \
project_groups=1, partition='equal', dilation=1)]
    """
    if isinstance(rows, (str, os.PathLike)):
        rows = read(rows)
    if not isinstance(rows, (list, tuple)) or isinstance(rows, Row):
        raise TypeError(f"rows must be a list of rows, got {_short(rows)}; a row is {EXAMPLE}")
    if not rows:
        raise ValueError(f"rows is empty: a network has one row at least, such as {EXAMPLE}")
    stages = [_row(entry, f"rows[{i}]") if _is_row(entry) else _stage(entry, f"rows[{i}]") for i, entry in enumerate(rows)]
    found = stages_of(stages)
    blocks = sum(row.repeats for stage in found for row in stage)
    if blocks > MOST:
        raise ValueError(f"rows: they come to {blocks:,} blocks, more than {MOST:,}: are their repeats right?")
    return found


def read(path) -> list:
    """A table from a JSON file: plain values, as ``table`` takes them.

    Raises ValueError, which names the file, where it holds none.
    """
    path = Path(path)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"rows: there is no file {path}; a table is a list of rows, or a JSON file of one") from None
    except (ValueError, RecursionError):
        raise ValueError(f"rows: {path} is no JSON file") from None
    if not isinstance(found, list):
        raise ValueError(f"rows: {path} holds {_short(found)}, expected a list of rows")
    return found


def written(rows) -> str:
    """The table as JSON, a line a row: what is as by default is left out.

    >>> print(written([Row((3,), 1, 16), Row((3, 5), 3, 24, stride=2)]), end="")
    [
      {"kernels": [3], "expansion": 1, "channels": 16},
      {"kernels": [3, 5], "expansion": 3, "channels": 24, "stride": 2}
    ]
    """

    def line(row: Row) -> str:
        return json.dumps({key: value for key, value in row._asdict().items() if value != row._field_defaults.get(key)})

    stages = table(rows)
    lines = [
        line(stage[0]) if len(stage) == 1 else f"[{', '.join(map(line, stage))}]"
        for stage in stages
    ]  # fmt: skip
    return "[\n  " + ",\n  ".join(lines) + "\n]\n"


def _is_row(entry) -> bool:
    """Whether it is one row, rather than a stage of several: its second value is the expansion."""
    if isinstance(entry, (Row, Mapping)):
        return True
    return isinstance(entry, (list, tuple)) and not all(isinstance(part, (Row, Mapping, list, tuple)) for part in entry)


def _stage(entry, place: str) -> list[Row]:
    if not isinstance(entry, (list, tuple)) or not entry:
        raise TypeError(f"{place} must be a row, or a list of rows, got {_short(entry)}; a row is {EXAMPLE}")
    return [_row(part, f"{place}[{i}]") for i, part in enumerate(entry)]


def _row(entry, place: str) -> Row:
    if isinstance(entry, Mapping):
        given = dict(entry)
    elif isinstance(entry, (list, tuple)) and len(entry) <= len(Row._fields):
        given = dict(zip(Row._fields, entry, strict=False))
    else:
        raise TypeError(f"{place} must be a row, got {_short(entry)}; a row is {EXAMPLE}")
    for name in given:
        if name not in Row._fields:
            near = nearest(str(name), Row._fields)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(Row._fields)}"
            raise ValueError(f"{place}: a row has no {name!r}: {hint}")
    if missing := [name for name in NEEDED if name not in given]:
        raise ValueError(f"{place}: {missing[0]} is missing; a row is {EXAMPLE}")
    limits.check(given, limits.OF_A_ROW, f"{place}: ")
    row = Row(**given)
    kernels = row.kernels if isinstance(row.kernels, (list, tuple)) else (row.kernels,)
    if not kernels:
        raise ValueError(f"{place}: kernels is empty: give one kernel size a group of channels, such as (3, 5)")
    need_activation(row.activation, place)
    if not number(row.se, f"{place}: se") >= 0:
        raise ValueError(f"{place}: se must be 0 or more, a fraction of the block's input channels, got {row.se}")
    whole: dict[str, Any] = {
        name: count(getattr(row, name), f"{place}: {name}")
        for name in ("expansion", "channels", "stride", "repeats", "expand_groups", "project_groups")
    }
    return row._replace(
        kernels=tuple(count(kernel, f"{place}: kernels") for kernel in kernels),
        partition=_tuple(row.partition), dilation=_tuple(row.dilation), **whole,
    )  # fmt: skip


def _tuple(value):
    """Lists, as JSON has them, become tuples, as Rows have them."""
    return tuple(map(_tuple, value)) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _short(value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
