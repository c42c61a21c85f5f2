"""What cores share with one another, and with other machines, as the system tells: for ``minimix info``."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path("/")  # where Linux shows /proc and /sys


def siblings() -> tuple[int, int] | None:
    """(cores, hyper-threads on them), of those that this process may use. None where the system does not say.

    (2, 4): two hyper-threads to a core. To the system each is a processor of its own, but both use the same arithmetic units.
    """
    if sys.platform == "darwin":
        counts = [_sysctl(name) for name in ("hw.physicalcpu", "hw.logicalcpu")]
        return (counts[0], counts[1]) if counts[0] and counts[1] else None
    folder = ROOT / "sys/devices/system/cpu"
    try:
        cores = {(folder / f"cpu{i}/topology/thread_siblings_list").read_text().strip() for i in os.sched_getaffinity(0)}
        return len(cores), sum(_length(core) for core in cores)
    except (AttributeError, OSError, ValueError):  # Windows; a system without these files
        return None


def _length(numbers: str) -> int:
    """Of a list as Linux writes it.

    >>> _length("3"), _length("0,64"), _length("0-1,8-9")
    (1, 2, 4)
    """
    ends = [part.partition("-") for part in numbers.split(",")]
    return sum(int(last or first) - int(first) + 1 for first, _, last in ends)


def _sysctl(name: str) -> int | None:
    try:
        return int(subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, timeout=10).stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def lent() -> bool:
    """Whether this is known to be a virtual machine, whose host lends it the cores, and may have promised them to others."""
    try:
        return " hypervisor" in (ROOT / "proc/cpuinfo").read_text()
    except OSError:
        return False


def stolen() -> float | None:
    """Which part of the time, since this machine started, its host gave to others when it wanted to compute. None: not told."""
    try:
        first = (ROOT / "proc/stat").read_text().split("\n", 1)[0].split()
        times = [int(number) for number in first[1:9]]  # user, nice, system, idle, iowait, irq, softirq, steal; in ticks
        wanted = sum(times) - times[3] - times[4]
        return times[7] / wanted
    except (OSError, ValueError, IndexError, ZeroDivisionError):
        return None
