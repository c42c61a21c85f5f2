"""MINIMIX_TIME_OPS=1: where the time went, op by op, printed when the program ends.

    op               pass      calls        ms    share   GFLOP/s   shapes (the most frequent)

Also as a context manager, ``with minimix.time_ops() as report: ...; print(report)``.
"""

import atexit
import collections
import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator


class Report:
    """Calls, seconds and floating-point operations by (op, pass)."""

    def __init__(self):
        self._lock = threading.Lock()
        self.rows: dict = collections.defaultdict(lambda: [0, 0.0, 0, collections.Counter()])

    def add(self, name: str, which: str, seconds: float, shape: tuple, flops: int | None) -> None:
        with self._lock:
            row = self.rows[name, which]
            row[0] += 1
            row[1] += seconds
            row[2] += flops or 0
            row[3][tuple(shape)] += 1

    def __str__(self) -> str:
        total = sum(row[1] for row in self.rows.values()) or 1.0
        lines = [f"{'op':<24}{'pass':<10}{'calls':>7}{'ms':>11}{'share':>8}{'GFLOP/s':>9}  shapes"]
        for (name, which), (calls, seconds, flops, shapes) in sorted(self.rows.items(), key=lambda item: -item[1][1]):
            speed = f"{flops / seconds / 1e9:9.1f}" if flops and seconds else f"{'-':>9}"
            common = ", ".join("x".join(map(str, shape)) or "scalar" for shape, _ in shapes.most_common(2))
            more = f" (+{len(shapes) - 2})" if len(shapes) > 2 else ""
            lines.append(f"{name:<24}{which:<10}{calls:>7}{seconds * 1e3:>11.2f}{seconds / total:>8.1%}{speed}  {common}{more}")
        lines.append(f"{'total':<41}{total * 1e3:>11.2f}")
        return "\n".join(lines)


_report: Report | None = None


class _Silent:
    """Stands in for a timer when nobody is timing: no clock is read."""

    def __enter__(self):
        return self._ignore

    def __exit__(self, *exc):
        return False

    @staticmethod
    def _ignore(shape, flops=None):
        pass


_SILENT = _Silent()


def enabled() -> bool:
    """Whether anybody is timing."""
    return _report is not None


def timed(op, which: str):
    """Context manager around one pass of one op; it yields ``record(shape, flops=None)``, to be called inside."""
    return _SILENT if _report is None else _timed(op, which, _report)


@contextlib.contextmanager
def _timed(op, which, report):
    facts = [(), None]

    def record(shape, flops=None):
        facts[:] = shape, flops

    start = time.perf_counter()
    yield record
    report.add(op.name, which, time.perf_counter() - start, *facts)


@contextlib.contextmanager
def time_ops() -> Iterator[Report]:
    """Collect a Report over a block.

    >>> import minimix as mm
    >>> with mm.time_ops() as report:
    ...     y = mm.Tensor([1.0, 2.0]).exp()
    >>> report.rows["exp", "forward"][0]
    1
    """
    global _report
    before, _report = _report, Report()
    try:
        yield _report
    finally:
        _report = before


if any(os.environ.get(name, "") not in ("", "0") for name in ("MINIMIX_TIME_OPS", "MINIMIX_PROFILE")):  # the older name
    _report = Report()
    atexit.register(lambda report: print(report, file=sys.stderr), _report)
