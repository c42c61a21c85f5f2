"""What the corpus is measured with: every entry at every point and in every mode, and what was said of it."""

import collections
import importlib
import time
import warnings
from pathlib import Path

import numpy as np
from corpus import tensors

from minimix.gradcheck import examine

HERE = Path(__file__).parent
MODES = ("full", "random", "complex")


def entries(kind: str, name: str, later: bool | None = None) -> list:
    """All of a kind, from the files whose names begin with it. later: only those that are held out, or only the others."""
    paths = [path for path in sorted(HERE.glob(f"{kind}_*.py")) if later is None or later == ("_later_" in path.stem)]
    found = [entry for path in paths for entry in getattr(importlib.import_module(path.stem), name)]
    repeated = [name for name, n in collections.Counter(entry.name for entry in found).items() if n > 1]
    if repeated:
        raise SystemExit(f"names that occur twice: {repeated}")
    return found


def run(entry, number: int, mode: str):
    """(report or None where it is refused, seconds)."""
    arrays = entry.points[number](np.random.default_rng([number, 11]))
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = examine(entry.func, tensors(arrays), mode=mode, seed=7)
    except (ValueError, TypeError) as error:
        return error, time.perf_counter() - start
    except Exception as error:
        print(f"CRASH {entry.name} [{number} {mode}]: {type(error).__name__} {error}")
        return error, time.perf_counter() - start
    return report, time.perf_counter() - start


def verdict(entry, report) -> str:
    """named, vague, false or missed."""
    if report.ok:
        return "missed"
    accepted = {entry.cause, *entry.also}
    said = [getattr(cause, "claims", ()) for cause in report.causes]
    if any(claims and not accepted & set(claims) for claims in said):
        return "false"
    return "named" if any(accepted & set(claims) for claims in said) else "vague"


def ops(chosen: list, texts: bool) -> None:
    """The table of wrong ops."""
    table: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    confused: collections.Counter = collections.Counter()
    runs: collections.Counter = collections.Counter()
    slowest: list = []
    for entry in chosen:
        verdicts = []
        for number in range(len(entry.points)):
            for mode in MODES:
                report, seconds = run(entry, number, mode)
                if isinstance(report, Exception):
                    if texts and mode != "complex":
                        print(f"REFUSED {entry.name} [{number} {mode}]: {report}")
                    continue
                slowest.append((seconds, entry.name, number, mode))
                word = verdict(entry, report)
                verdicts.append(word)
                runs[word] += 1
                if word == "false":
                    for cause in report.causes:
                        confused[entry.cause, getattr(cause, "claims", ())[:1]] += 1
                if texts:
                    print(f"{word.upper():6} {entry.name} [{number} {mode}] TRUE {entry.cause}: {entry.truth}")
                    for cause in report.causes:
                        print(f"         SAID {cause} {getattr(cause, 'claims', '')}")
        caught = [word for word in verdicts if word != "missed"]
        whole = (
            "missed"
            if not caught
            else "false"
            if "false" in caught
            else "named"
            if 2 * caught.count("named") >= len(caught)
            else "vague"
        )
        table[entry.cause][whole] += 1
    print(f"\n{'true cause':20}{'ops':>6}{'named':>8}{'vague':>8}{'false':>8}{'missed':>8}")
    total: collections.Counter = collections.Counter()
    for cause, row in sorted(table.items()):
        total += row
        print(
            f"{cause:20}{sum(row.values()):6}"
            + "".join(f"{row[word] or '':>8}" for word in ("named", "vague", "false", "missed"))
        )
    count = sum(total.values()) or 1
    print(f"{'all':20}{count:6}" + "".join(f"{total[word]:8}" for word in ("named", "vague", "false", "missed")))
    print(f"{'%':26}" + "".join(f"{total[word] / count:8.1%}" for word in ("named", "vague", "false", "missed")))
    print("runs (op, point, mode):", dict(runs))
    print("false causes: true, said:", confused.most_common(20))
    print("slowest:", [(round(s, 2), *rest) for s, *rest in sorted(slowest, reverse=True)[:5]])


def right(chosen: list, texts: bool) -> None:
    """Right functions: is any called wrong?"""
    counts: collections.Counter = collections.Counter()
    for entry in chosen:
        for number in range(len(entry.points)):
            for mode in MODES:
                report, _ = run(entry, number, mode)
                if isinstance(report, Exception):
                    word = "refused" if mode in entry.refused or mode == "complex" else "REFUSED"
                    said = [str(report)]
                else:
                    word, said = ("passed", []) if report.ok else ("ALARM", report.causes)
                counts[word] += 1
                if word in ("ALARM", "REFUSED") or (texts and said):
                    print(f"{word} {entry.name} [{number} {mode}]", *said, sep="\n         ")
    print(f"{len(chosen)} right functions: {dict(counts)}")
