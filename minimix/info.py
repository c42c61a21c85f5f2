"""What minimix runs on: versions, processor, threads, compiled kernels, folders. For bug reports, and to explain a speed."""

import importlib.metadata
import os
import platform
import re
from pathlib import Path

import numba
from numba.core import config

import minimix
from minimix import data, sharing
from minimix.kernels import cache, cores, scaling
from minimix.kernels.threads import get_num_threads
from minimix.listing import vectors
from minimix.words import count

LIBRARIES = ("numpy", "numba", "llvmlite", "safetensors", "pooch", "typer", "rich", "matplotlib", "pillow", "torch")
VARIABLES = (
    "MINIMIX_NUM_THREADS", "MINIMIX_DATA", "MINIMIX_TIME_OPS", "MINIMIX_DEBUG", "NUMBA_NUM_THREADS", "NUMBA_CACHE_DIR",
    "NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_ENABLE_AVX", "NUMBA_OPT",
    "NUMBA_LOOP_VECTORIZE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
)  # fmt: skip
VECTORS = {  # as LLVM calls them
    "sse4.2": "SSE 4.2", "avx": "AVX", "avx2": "AVX2", "fma": "FMA", "avx512f": "AVX-512", "neon": "NEON", "sve": "SVE",
    "sve2": "SVE2",
}  # fmt: skip
WIDEST = {"AVX-512": 512, "AVX": 256}  # bits
NARROWING = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_ENABLE_AVX", "NUMBA_OPT", "NUMBA_LOOP_VECTORIZE")
HOW_THREADS_WORK = (
    "A pool of minimix's own: each thread runs the same compiled loop on its share of the channels, without Python's lock. "
    "None of Numba's threading layers is used. Results are the same to the bit for any number of threads, on one kind of "
    "processor. Of several Python threads that call layers at once, one has the pool and the others work alone. A forked "
    "child starts a pool of its own."
)


def info(data_dir=None) -> dict[str, dict[str, str]]:
    """{section: {name: value}}, all text.

    data_dir: the only folder that is looked into for data, as in ``data.load``.

    >>> from minimix.info import info
    >>> list(info())
    ['versions', 'processor', 'threads', 'kernels', 'data', 'variables']
    """
    return {
        "versions": _versions(),
        "processor": _processor(),
        "threads": _threads(),
        "kernels": _kernels(),
        "data": _data(data_dir),
        "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ} or {"set": "none of minimix's"},
    }


def _versions() -> dict[str, str]:
    found = {"minimix": f"{minimix.__version__} in {Path(minimix.__file__).parent}"}
    found["Python"] = f"{platform.python_version()} ({platform.python_implementation()}) on {platform.platform()}"
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _processor() -> dict[str, str]:
    from llvmlite import binding as llvm

    try:
        features = dict(llvm.get_host_cpu_features())
    except RuntimeError:  # a processor that this LLVM does not know
        features = {}
    if platform.machine().lower() in ("arm64", "aarch64"):
        features["neon"] = True  # every one has it, and not every system lists it
    has = [name for feature, name in VECTORS.items() if features.get(feature)]
    limit = cores.quota()
    return {
        "name": _processor_name(),
        "as LLVM sees it": f"{config.CPU_NAME or llvm.get_host_cpu_name()} ({platform.machine()})",
        "cores": f"{os.cpu_count()}, of which this process may use {cores.usable()}"
        + (f" (a limit of {limit:g} is set on its container or group)" if limit else ""),
        "shared cores": _shared(),
        "vector instructions": ", ".join(has) or "none that are looked for here",
        "used by compiled loops": _explained(vectors_used(), has),
    }


def _shared() -> str:
    """What the cores have in common with one another, and with others, as far as the system tells."""
    found, said = sharing.siblings(), []
    if found is None:
        said.append("not told by this system")
    elif found[0] == found[1]:
        said.append("none, each has arithmetic units of its own")
    else:
        said.append(f"{count(found[1], 'hyper-thread')} on {count(found[0], 'core')}, whose arithmetic units they share")
        if cores.usable() > found[0]:
            said.append(f"more than {count(found[0], 'thread')} may gain little")
    if sharing.lent():
        said.append("this is a virtual machine, whose host knows better")
        if (part := sharing.stolen()) is not None:
            said.append(f"it gave others {part:.1%} of the time that was wanted here, since the start")
    return "; ".join(said)


def _explained(used: str, has: list[str]) -> str:
    """``used``, the vectors of compiled loops, and why they are narrower than what the processor ``has``."""
    widest = next((bits for name, bits in WIDEST.items() if name in has), 0)
    bits = re.search(r"\((\d+) bits\)", used)
    if not widest or (int(bits[1]) >= widest if bits else not used.startswith("no vectors")):
        return used
    told = [name for name in NARROWING if name in os.environ]
    reason = f"set: {', '.join(told)}" if told else "LLVM takes narrower ones to be quicker here"
    return f"{used}, where the processor has {widest} bits; {reason}"


def _processor_name() -> str:
    try:
        line = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:  # not Linux
        line = None
    return line[1] if line else platform.processor() or platform.machine()


def vectors_used() -> str:
    """The registers in the machine code of a small loop: what is really used, not what is there."""
    if config.DISABLE_JIT:
        return "nothing is compiled"

    def scale_and_add(out, x, factor):
        for i in range(len(out)):
            out[i] += x[i] * factor

    compiled = numba.njit("void(float32[::1], float32[::1], float32)", error_model="numpy")(scale_and_add)
    try:
        return vectors(compiled)
    except ValueError as error:  # machine code that is read wrongly is no reason to say nothing of all the rest
        return str(error)


def _threads() -> dict[str, str]:
    from threadpoolctl import threadpool_info

    found = {"kernels": f"{get_num_threads()} (MINIMIX_NUM_THREADS, --threads or minimix.set_num_threads){_against_cores()}"}
    found["together"] = _scaling()
    if (wanted := cores.load()) is not None:
        found["load average"] = f"{wanted:.1f} programs wanted to run at a time in the last minute, on {os.cpu_count()} cores"
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            parts = [pool["internal_api"], pool.get("version"), pool.get("threading_layer"), pool.get("architecture")]
            used = f"{pool['num_threads']} threads; one while training"
            found.setdefault("BLAS", f"{' '.join(filter(None, parts))}, {used}")
    found.setdefault("BLAS", "none that threadpoolctl knows")
    found["how they work"] = HOW_THREADS_WORK
    return found


def _against_cores() -> str:
    n, usable = get_num_threads(), cores.usable()
    if n > usable:
        return f"; more than the {count(usable, 'core')} for them, so that they wait for one another"
    return f"; fewer than the {count(usable, 'core')} that this process may use" if n < usable else ""


def _scaling() -> str:
    """What more threads than one are worth at this moment."""
    n = get_num_threads()
    if n == 1:
        return "one thread alone"
    if config.DISABLE_JIT:
        return "not measured: nothing is compiled"
    gain = scaling.speedup()
    measured = f"{n} threads do {gain:.1f} times the work of one, measured just now"
    if gain > 0.75 * n:
        return f"{measured}: the cores are free"
    return f"{measured}: cores are busy, or shared with others; small steps may be faster with fewer threads"


def _kernels() -> dict[str, str]:
    if config.DISABLE_JIT:
        return {"compiled": "no: NUMBA_DISABLE_JIT is set, so every loop runs in Python, hundreds of times slower"}
    place = cache.folder()
    if place is None:
        return {"compiled": "when first called, in each process anew", "cache folder": "none: set NUMBA_CACHE_DIR to one"}
    return {
        "compiled": "when first called, then kept",
        "cache folder": f"{place}",
        "in it": _amount(*cache.content(place)),
        "in all of them": f"{_amount(*cache.content())} in {cache.root()}; `minimix info --clear-cache` empties it",
    }


def _amount(kernels: int, nbytes: int) -> str:
    return f"{count(kernels, 'kernel')}, {nbytes / 2**20:.1f} MB" if kernels else "nothing"


def clear_cache() -> str:
    """Remove all compiled kernels, of every version. Returns a line for the user."""
    if cache.root() is None:
        return "there is no cache folder, and nothing to remove"
    return f"removed {_amount(*cache.clear())} from {cache.root()}"


def _data(data_dir) -> dict[str, str]:
    found = {"looked for in": ", ".join(map(str, data.folders(data_dir)))}
    for name in data.NAMES:
        found[name] = where(name, data_dir)
    return found


def where(name: str, data_dir=None) -> str:
    """The folder of a data set, as text.

    >>> from minimix.info import where
    >>> where("patterns10")
    'drawn from a seed, needs no files'
    """
    if name == "patterns10":
        return "drawn from a seed, needs no files"
    folder = data.find(name, data_dir)
    return str(folder) if folder else f"not found; `minimix data get {name}` downloads it"
