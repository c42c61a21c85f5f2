"""What became faster since a revision, measured side by side: ``python -m benchmarks.versus 830f793 [--only "batch 2"]``.

The revision and the files as they are here are copied into a temporary folder, each with kernels of its own, compiled before.
Every measurement is a fresh process in one of the two copies. They take turns, so that a slow moment of the machine meets both;
what counts is the median over the turns, and how far the turns are apart says what it is worth.
"""

import argparse
import json
import pathlib
import statistics
import tempfile
import time
from typing import NamedTuple

from benchmarks import common

SIDES = ("base", "new")


class Run(NamedTuple):
    """One process. kind: "train", "predict", "predict folded"; "first" step from an empty cache; or two "at once"."""

    kind: str
    model: str
    size: int
    batch: int
    threads: int
    memory: bool = False  # is a row, too

    @property
    def title(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        subject = f"{self.model}, {self.size}x{self.size}, batch {self.batch}, {threads}"
        return {
            "train": f"{subject}: training step, ms",
            "predict": f"{subject}: prediction, ms",
            "predict folded": f"{subject}: prediction, batch norm folded, ms",
            "first": f"{subject}: first step from an empty cache, s",
            "at once": f"{subject}: two processes at once, over one after the other",
        }[self.kind]

    @property
    def peak(self) -> str:
        return self.title.removesuffix("training step, ms") + "peak memory of training, MB"


NANO, LARGE = ("mixnet_nano", 32), ("mixnet_s", 224)
RUNS = (
    Run("train", *NANO, batch=128, threads=1),
    Run("train", *NANO, batch=128, threads=2, memory=True),
    Run("train", *NANO, batch=2, threads=1),
    Run("train", *NANO, batch=2, threads=2),
    Run("train", *LARGE, batch=8, threads=2, memory=True),
    Run("predict", *LARGE, batch=1, threads=2),
    Run("predict folded", *LARGE, batch=1, threads=2),
    Run("first", *NANO, batch=128, threads=2),
    Run("at once", *NANO, batch=128, threads=2),
)
# (title, a, b): a's figure over b's, of one side. These and "at once" are ratios themselves, and get no third one.
WITHIN = (
    ("mixnet_nano, batch 128: images/s of two threads over one", RUNS[0].title, RUNS[1].title),
    ("mixnet_s: prediction, unfolded over folded", RUNS[5].title, RUNS[6].title),
)


def rows_of(run: Run) -> list[str]:
    """The rows of the table that this run is needed for."""
    return [run.title, *([run.peak] if run.memory else []), *(title for title, *needed in WITHIN if run.title in needed)]


def worker(kind: str, model: str, size: int, batch: int, threads: int, seconds: float | None) -> dict:
    """Runs in a process of its own, within one of the copies. seconds: None for one call only."""
    began = time.perf_counter()
    import minimix as mm
    from benchmarks.workloads import prediction, training_step

    if not pathlib.Path(mm.__file__).parents[1].samefile("."):
        raise SystemExit(f"minimix came from {mm.__file__}, not from the copy in {pathlib.Path.cwd()}")
    mm.set_num_threads(threads)
    images, labels = common.pictures(batch, size)
    if kind.startswith("predict"):
        mm.manual_seed(0)
        network = mm.models.create(model).eval()
        call = prediction(mm.fold_batch_norm(network) if "folded" in kind else network, images)
    else:
        call = training_step(model, images, labels)
    call()
    found = {"first": time.perf_counter() - began}
    if seconds is not None:
        found |= common.measure(call, seconds)
    return found | {"peak_mb": common.peak_mb()}


def measured(run: Run, copy, seconds: float) -> dict[str, float]:
    """{title: value} of one process, or a few."""
    if run.kind == "at once":
        from benchmarks import at_once

        return {run.title: at_once.ratio(run.threads, max(1, round(10 * seconds)), copy.cache, copy.folder)}
    if run.kind == "first":
        with tempfile.TemporaryDirectory(dir=copy.cache.parent, ignore_cleanup_errors=True) as empty:
            return {run.title: _process(run, copy, None, empty)["first"]}
    found = _process(run, copy, seconds, copy.cache)
    return {run.title: found["median"]} | ({run.peak: found["peak_mb"]} if run.memory else {})


def _process(run: Run, copy, seconds: float | None, cache) -> dict:
    arguments = ["as it is here", "--worker", run.kind, "--model", run.model, "--size", run.size, "--batch", run.batch]
    arguments += [] if seconds is None else ["--seconds", seconds]
    return common.run_worker("benchmarks.versus", arguments, run.threads, cache, folder=copy.folder)


def compare(copies: dict, runs, turns: int, seconds: float) -> dict[str, dict[str, list[float]]]:
    """{title: {side: its value in each turn}}."""
    for run in runs:  # so that compiled kernels lie ready
        for side in SIDES if run.kind != "first" else ():
            _process(run, copies[side], None, copies[side].cache)
            print(".", end="", flush=True)
    rows: dict = {}
    for turn in range(turns):
        for run in runs:
            for side in SIDES if turn % 2 == 0 else SIDES[::-1]:
                for title, value in measured(run, copies[side], seconds).items():
                    rows.setdefault(title, {name: [] for name in SIDES})[side].append(value)
                print(".", end="", flush=True)
    print()
    for title, a, b in WITHIN:
        if a in rows and b in rows:
            rows[title] = {
                side: [above / below for above, below in zip(rows[a][side], rows[b][side], strict=True)] for side in SIDES
            }
    return rows


def report(rows: dict, titles: dict[str, str]) -> str:
    lines = []
    for title, values in rows.items():
        base, new = (statistics.median(values[side]) for side in SIDES)
        line = [title, base, new, "", ""]
        if title.rpartition(", ")[2] in ("ms", "s", "MB"):
            each = [a / b for a, b in zip(*(values[side] for side in SIDES), strict=True)]
            line[3:] = [base / new, f"{min(each):.2f}..{max(each):.2f}"]
        lines.append(line)
    turns = len(next(iter(rows.values()))["base"])
    heads = [f"{side}: {titles[side]}" for side in SIDES]
    return "\n".join([*heads, common.table(["medians", *SIDES, "base/new", f"in {turns} turns"], lines)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revision", metavar="REV", help="the base: a commit, a branch or a tag")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, help="length of one measurement (3)")
    parser.add_argument("--only", metavar="TEXT", default="", help="only what has this in its name in the table")
    parser.add_argument("--worker", metavar="KIND", help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    for name in ("--size", "--batch", "--threads"):
        parser.add_argument(name, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        of_run = options.worker, options.model, options.size, options.batch, options.threads
        print(json.dumps(worker(*of_run, options.seconds)))
        return
    runs = [run for run in RUNS if any(options.only in row for row in rows_of(run))]
    if not runs:
        rows = dict.fromkeys(row for run in RUNS for row in rows_of(run))
        parser.error(f"--only {options.only!r}: expected a part of one of\n  " + "\n  ".join(rows))
    if options.turns < 1:
        parser.error(f"--turns {options.turns}: expected 1 or more")
    from benchmarks import revisions

    common.end_tidily()
    with revisions.copies(options.revision) as copies:
        rows = compare(copies, runs, options.turns, 3.0 if options.seconds is None else options.seconds)
        titles = {side: copy.title for side, copy in copies.items()}
    print(report(rows, titles))
    print("written:", common.save("versus", {**titles, "rows": rows}))


if __name__ == "__main__":
    main()
