"""What the benchmarks share: timing, the description of the machine, tables and files."""

import contextlib
import gc
import importlib.util
import json
import os
import pathlib
import platform
import signal
import statistics
import subprocess
import sys
import time

DISTURBING = ("MINIMIX_NUM_THREADS", "MINIMIX_TIME_OPS", "MINIMIX_DEBUG", "NUMBA_NUM_THREADS")  # not for what is measured


def measure(function, seconds: float = 1.0, least: int = 7) -> dict:
    """Call ``function`` until ``seconds`` have passed, ``least`` times at least, after two calls to warm up.

    Returns median and quartiles in milliseconds, and the number of calls.
    """
    function()
    function()
    gc.collect()
    times, end = [], time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        function()
        times.append((time.perf_counter() - start) * 1e3)
    low, middle, high = statistics.quantiles(times, n=4)
    return {"median": middle, "low": low, "high": high, "calls": len(times)}


def pictures(batch: int, size: int) -> tuple:
    """Noise (N, 3, H, W) and labels (N,) below 10, as NumPy's arrays."""
    import numpy as np

    images = np.random.default_rng(0).standard_normal((batch, 3, size, size)).astype(np.float32)
    return images, np.arange(batch) % 10


def merged(rounds: list[dict]) -> dict:
    """Several measurements of one thing, at different moments of the run: the median of the medians, and how far they
    spread."""
    medians = sorted(r["median"] for r in rounds)
    return {
        "median": statistics.median(medians),
        "low": medians[0],
        "high": medians[-1],
        "calls": sum(r["calls"] for r in rounds),
    }


def peak_mb() -> float:
    """Largest resident size of this process so far; NaN where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


@contextlib.contextmanager
def process(command: list, **options):
    """A process that does not outlive the block, nor does what it has started: when the user interrupts, nothing goes on
    computing or writing. Options are ``subprocess.Popen``'s."""
    with subprocess.Popen(command, text=True, start_new_session=True, **options) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                if os.name == "posix":
                    os.killpg(running.pid, signal.SIGKILL)
                running.kill()


def surroundings(threads: int, cache: str | os.PathLike | None = None, variables: dict | None = None) -> dict:
    """Environment variables for a process that is measured. cache: the folder for compiled kernels."""
    environment = {name: value for name, value in os.environ.items() if name not in DISTURBING}
    environment |= {"OMP_NUM_THREADS": str(threads), **(variables or {})}
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = str(cache)
    return environment


def run_worker(module: str, arguments: list, threads: int, cache=None, variables: dict | None = None, folder=None) -> dict:
    """Run a benchmark's own worker in a new process, and read the JSON that it prints last.

    cache, variables: as in ``surroundings``. folder: to run in, and to take minimix and benchmarks from.
    """
    command = [sys.executable, "-m", module, "--threads", str(threads), *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with process(command, env=surroundings(threads, cache, variables), cwd=folder, **pipes) as running:
        output, errors = running.communicate()
    if running.returncode:
        raise SystemExit(f"{' '.join(command[2:])} failed:\n{errors[-2000:]}")
    return json.loads(output.splitlines()[-1])


def end_tidily() -> None:
    """Let Ctrl-C, ``kill`` and a closed terminal end this process as an error does, so that workers are stopped and temporary
    folders removed. (A process in the background of a script does not listen to Ctrl-C's signal by itself.)"""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # Windows has no SIGHUP
            signal.signal(getattr(signal, name), _end)


def _end(number, frame) -> None:
    sys.exit(f"stopped by {signal.Signals(number).name}; what was started is ended, and the temporary folders are removed")


def need_torch() -> None:
    """Raises SystemExit where the peer is missing."""
    if importlib.util.find_spec("torch") is None:
        raise SystemExit("PyTorch, which minimix is held beside, is not installed: pip install torch")


def geometric_mean(values) -> float:
    return statistics.geometric_mean(values)


def machine() -> dict:
    """CPU, cores, system and the versions of what is measured."""
    import numba
    import numpy

    import minimix

    found = {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "numba": numba.__version__,
        "minimix": minimix.__version__,
    }
    try:
        import torch

        found["torch"] = torch.__version__
    except ImportError:
        found["torch"] = None
    return found


def _cpu() -> str:
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def table(header: list[str], rows: list[list]) -> str:
    """Plain text, columns as wide as they need."""
    cells = [header, *[[f"{c:.2f}" if isinstance(c, float) else str(c) for c in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def save(name: str, results: dict, folder: str = "benchmarks/results") -> pathlib.Path:
    """Write ``results`` with the machine's description as JSON."""
    path = pathlib.Path(folder) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine(), **results}, indent=1) + "\n")
    return path
