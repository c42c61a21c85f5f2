"""Cores: how many this process may use, and whether others use them, as the system tells."""

import os
from pathlib import Path, PurePosixPath

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
