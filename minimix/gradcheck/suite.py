"""Many checks in one table: what ``minimix gradcheck`` prints."""

import contextlib
import fnmatch
import io
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from minimix.gradcheck.check import MODES, examine
from minimix.gradcheck.modules import examine_module
from minimix.gradcheck.report import Report
from minimix.tables import print_table
from minimix.words import nearest, some

HEADINGS = ("layer", "configuration", "mode", "entries", "max error", "result", "seconds")
WIDTHS = (20, 50, 8, 9, 10, 8, 8)


@dataclass(frozen=True)
class Case:
    """Something to check.

    make: takes a NumPy Generator, gives (function or module, inputs). A module is recognised by ``named_parameters``.
    modes: those that apply; ``complex`` only to what is analytic.
    """

    layer: str
    configuration: str
    make: Callable
    modes: tuple = MODES

    @property
    def title(self) -> str:
        return f"{self.layer} {self.configuration}".strip()


@dataclass(frozen=True)
class Row:
    """One line of the table. ``report`` is None where the check could not run, and ``message`` says why."""

    case: Case
    mode: str
    seconds: float
    report: Report | None
    message: str = ""

    @property
    def ok(self) -> bool:
        return self.report is not None and self.report.ok

    def cells(self) -> tuple:
        entries, error = (f"{self.report.checked:,}", f"{self.report.max_error:.1e}") if self.report else ("-", "-")
        result = "ok" if self.ok else "WRONG" if self.report else "error"
        return self.case.layer, self.case.configuration, self.mode, entries, error, result, f"{self.seconds:.2f}"

    def details(self) -> str:
        return str(self.report) if self.report else self.message


def select(cases: Iterable[Case], pattern: str | None) -> list[Case]:
    """The cases whose layer or title matches ``pattern`` (with * and ?, upper or lower case)."""
    if pattern is None:
        return list(cases)
    wanted = pattern.lower()
    found = [c for c in cases if any(fnmatch.fnmatchcase(text.lower(), wanted) for text in (c.layer, c.title))]
    if not found:
        names = sorted({c.layer for c in cases})
        near = nearest(pattern, names, most=3, cutoff=0.5)
        advice = f"did you mean {' or '.join(near)}?" if near else f"there are {some(names)}"
        raise ValueError(f"no layer matches {pattern!r}: {advice}")
    return found


def run(cases: Iterable[Case], modes: Iterable[str] = MODES, seed: int = 0) -> Iterator[Row]:
    """Check every case in every mode that is asked for and applies to it, one Row at a time."""
    modes = tuple(modes)
    for case in cases:
        for mode in case.modes:
            if mode in modes:
                yield _check(case, mode, seed)


def _check(case: Case, mode: str, seed: int) -> Row:
    start, report, message = time.perf_counter(), None, ""
    try:
        function, inputs = case.make(np.random.default_rng(seed))
        if hasattr(function, "named_parameters"):
            report = examine_module(function, *inputs, mode=mode, seed=seed)
        else:
            report = examine(function, inputs, mode=mode, seed=seed)
    except Exception as error:  # one broken layer must not hide the others
        message = f"{type(error).__name__}: {error}"
    return Row(case, mode, time.perf_counter() - start, report, message)


def show(rows: Iterable[Row], seed: int = 0, stream=None) -> bool:
    """Print the table, then what is wrong in full. Whether everything is right.

    In a file or a pipe it grows line by line; in a terminal it comes at the end, as wide as that is.
    """
    stream = stream or sys.stdout or io.StringIO()  # closed: nobody wants to read it
    title = f"gradient checks, float64, seed {seed}"
    done: list[Row] = []
    with (_moving if stream.isatty() else _plain)(title, stream) as add:
        for row in rows:
            done.append(row)
            add(row)
    wrong = [row for row in done if not row.ok]
    for row in wrong:
        print(f"\n{row.case.title}, mode {row.mode}:\n{row.details()}", file=stream)
    seconds = sum(row.seconds for row in done)
    print(f"\n{len(done) - len(wrong)} of {len(done)} checks passed in {seconds:.1f} s", file=stream)
    return bool(done) and not wrong


def _line(cells) -> str:
    left = [cell.ljust(width) for cell, width in zip(cells[:3], WIDTHS[:3], strict=True)]
    right = [cell.rjust(width) for cell, width in zip(cells[3:], WIDTHS[3:], strict=True)]
    return " ".join(left + right)


@contextlib.contextmanager
def _plain(title: str, stream):
    print(f"{title}\n{_line(HEADINGS)}", file=stream)
    yield lambda row: print(_line(row.cells()), file=stream, flush=True)


@contextlib.contextmanager
def _moving(title: str, stream):
    """One moving line that says how far the checks are, and at the end, or when it is interrupted, the table."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    lines = [HEADINGS]
    try:
        with Live(console=Console(file=stream), auto_refresh=False, transient=True) as live:

            def add(row: Row) -> None:
                lines.append(row.cells())
                live.update(Text(f"{len(lines) - 1} checks done, the last of {row.case.layer}", no_wrap=True), refresh=True)

            yield add
    finally:
        print(title, file=stream)
        print_table(lines, left=3, stream=stream)
