"""Cores: how many this process may use, and what they share with one another and with others, as the system tells."""

import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

KERNEL = Path("/")  # where Linux shows /proc and /sys
CGROUPS = Path("/sys/fs/cgroup")  # where Linux keeps the limits of a container


def usable() -> int:
    """How many cores this process may use: those it is bound to, and no more than the container's share of time allows."""
    try:
        cores = len(os.sched_getaffinity(0))  # not on every system
    except AttributeError:
        cores = os.cpu_count() or 1
    limit = quota()
    return cores if limit is None else max(1, min(cores, round(limit)))


def quota() -> float | None:
    """Seconds of computing that Linux allows in a second, such as 1.5 (docker run --cpus 1.5). None where there is no limit."""
    limits = []
    try:
        own = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
        place = next((PurePosixPath(path) for number, _, path in own if number == "0"), PurePosixPath("/"))
    except (OSError, ValueError):  # another system
        return None
    for folder in (place, *place.parents):  # a limit above counts, too
        limits += _share(CGROUPS / str(folder).lstrip("/") / "cpu.max")
    limits += _share(CGROUPS / "cpu" / "cpu.cfs_quota_us", CGROUPS / "cpu" / "cpu.cfs_period_us")  # version 1 of all this
    return min(limits, default=None)


def _share(*paths: Path) -> list[float]:
    """[quota / period], both in microseconds; [] where there is none: "max" or -1."""
    try:
        allowed, period = " ".join(path.read_text() for path in paths).split()
        return [int(allowed) / int(period)] if int(allowed) > 0 and int(period) > 0 else []
    except (OSError, ValueError):
        return []


def siblings() -> tuple[int, int] | None:
    """(cores, hyper-threads on them), of those that this process may use. None where the system does not say.

    (2, 4): two hyper-threads to a core. To the system each is a processor of its own, but both use the same arithmetic units.
    """
    if sys.platform == "darwin":
        counts = [_sysctl(name) for name in ("hw.physicalcpu", "hw.logicalcpu")]
        return (counts[0], counts[1]) if counts[0] and counts[1] else None
    folder = KERNEL / "sys/devices/system/cpu"
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
        return " hypervisor" in (KERNEL / "proc/cpuinfo").read_text()
    except OSError:
        return False


def stolen() -> float | None:
    """Which part of the time, since this machine started, its host gave to others when it wanted to compute. None: not told."""
    try:
        first = (KERNEL / "proc/stat").read_text().split("\n", 1)[0].split()
        times = [int(number) for number in first[1:9]]  # user, nice, system, idle, iowait, irq, softirq, steal; in ticks
        wanted = sum(times) - times[3] - times[4]
        return times[7] / wanted
    except (OSError, ValueError, IndexError, ZeroDivisionError):
        return None


def load() -> float | None:
    """How many programs, of all users, wanted a core at a time in the last minute. None where the system does not say."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows
        return None


def busy() -> str:
    """A sentence for the user where more programs want to run than there are cores; else ""."""
    wanted, cores = load(), os.cpu_count() or 1
    if wanted is None or wanted < 1.5 * cores:
        return ""
    return (
        f"Other programs keep the cores busy (load average {wanted:.1f} on {cores}). Threads then wait for one another: small "
        "steps may be faster with --threads 1. `minimix info` measures it."
    )
