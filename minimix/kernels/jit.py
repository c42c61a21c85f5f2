"""How every kernel here is compiled.

fastmath: sums may be re-ordered, so that they vectorise, and a*b+c may be one instruction. Nothing assumes that there are no
    NaNs or infinities, so they propagate (``fastmath=True`` would hide them, and is no faster).
error_model: "numpy" divides by zero as NumPy does, without a branch in the loop.
nogil: other Python threads run meanwhile; ``threads.py`` lives from that.
forceinline: a helper (``inlined``) becomes part of each kernel that calls it. As a function of its own it would be optimised
    once alone and once with every caller, and which of these versions runs would depend on what was compiled or loaded first:
    with sums re-ordered in other ways, a process that compiles would not repeat the bits of one that finds everything in the
    cache. So a helper needs no wrapper that Python could call, and no place in the cache.
noalias: the arrays that a helper gets do not overlap, or it writes each number just where it read it. Otherwise each loop would
    be there twice, one for arrays that overlap, with a test before it. This and the lack of wrappers save a third of the time
    that a first run waits for the compiler, and time in short loops.

Indices in hot loops are unsigned (``U``): the check for negative ones would stop vectorisation. Unsigned and signed integers
must not meet in one expression, or the sum is a float64.

Machine code is kept on disk between runs. Numba looks only at the file of a kernel to see whether it has changed, not at the
helpers that it imports, so each version of this folder gets a cache of its own, named after a checksum of its sources.
"""

import pathlib
import zlib

import numba
import numpy as np
from numba import njit
from numba.core import config
from numba.core.compiler import Compiler

U = np.uint64

_FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": _FASTMATH, "no_cfunc_wrapper": True}


def _cache_folder() -> str:
    """In NUMBA_CACHE_DIR, or beside the sources, where Python keeps its own compiled files.

    "", Numba's own choice, where neither can be written: then a kernel whose helper has changed may be stale.
    """
    here = pathlib.Path(__file__).parent
    root = pathlib.Path(config.CACHE_DIR) if config.CACHE_DIR else here / "__pycache__"
    checksum = 0
    for source in sorted(here.glob("*.py")):
        checksum = zlib.crc32(source.read_bytes(), checksum)
    folder = root / f"numba-{numba.__version__}-{checksum:08x}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
    except OSError:
        return ""
    return str(folder)


_CACHE_FOLDER = _cache_folder()


def kernel(function):
    """Compile ``function`` when Python first calls it, once for each combination of dtypes."""
    before, config.CACHE_DIR = config.CACHE_DIR, _CACHE_FOLDER  # read at decoration, and by nobody else's kernels
    try:
        return njit(cache=True, **_OPTIONS)(function)
    finally:
        config.CACHE_DIR = before


class _Inlined(Compiler):
    """Compiles with the promise that what is written through one argument is not read through another (C's ``restrict``)."""

    def compile_extra(self, function):
        self.state.flags.noalias = True  # Numba has no option for it
        return super().compile_extra(function)


def inlined(function):
    """Make ``function``, or a kernel, part of the kernels that call it. Python cannot call it, unless nothing is compiled."""
    return njit(forceinline=True, no_cpython_wrapper=True, pipeline_class=_Inlined, **_OPTIONS)(
        getattr(function, "py_func", function)
    )
