"""How every kernel here is compiled.

fastmath: sums may be re-ordered, so that they vectorise, and a*b+c may be one instruction. Nothing assumes that there are no
    NaNs or infinities, so they propagate (``fastmath=True`` would hide them, and is no faster).
error_model: "numpy" divides by zero as NumPy does, without a branch in the loop.
nogil: other Python threads run meanwhile; ``threads.py`` lives from that.
forceinline: a helper (``inlined``) becomes part of each kernel that calls it, or, where it is long and called from several
    places (``shared``), a function of that kernel alone. As a function for all it would be optimised once alone and once with
    every caller, and which of these versions runs would depend on what was compiled or loaded first: with sums re-ordered in
    other ways, a process that compiles would not repeat the bits of one that finds everything in the cache. So a helper needs
    no wrapper that Python could call, no place in the cache, and no machine code of its own, which halves LLVM's work.
_nrt: nothing counts references. Numba counts them at every call of a helper, for every array that it is given, also for those
    in tuples, with instructions that stop all others; for few images that took longer than the sums. So a kernel allocates
    nothing and returns no array (Numba refuses both): what it needs and what it makes, it is given.
noalias: the arrays that a helper gets do not overlap, or it writes each number just where it read it. Otherwise each loop would
    be there twice, one for arrays that overlap, with a test before it. This and the lack of wrappers save a third of the time
    that a first run waits for the compiler, and time in short loops.

Indices in hot loops are unsigned (``U``): the check for negative ones would stop vectorisation. Unsigned and signed integers
must not meet in one expression, or the sum is a float64.

Machine code is kept on disk between runs: ``cache.py``.
"""

import functools
import os

import numpy as np
from llvmlite import binding as llvm
from numba import njit, types
from numba.core import config
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_lock import global_compiler_lock

from minimix.kernels.cache import KernelCache

U = np.uint64

_FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": _FASTMATH, "no_cfunc_wrapper": True, "_nrt": False}


class _Whole(JITCodeLibrary):
    """The code of a kernel, and of its helpers, which nobody else can call: what is inlined everywhere is gone then."""

    def _optimize_final_module(self):
        for function in self._final_module.functions:
            if function.linkage == llvm.Linkage.linkonce_odr:
                function.linkage = llvm.Linkage.internal
        super()._optimize_final_module()


class _Part(JITCodeLibrary):
    """The code of a helper. It is optimised, and becomes machine code, with the kernels that it is a part of, not before."""

    def _optimize_final_module(self):
        pass

    def _finalize_final_module(self):
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name):
        return 0

    @property
    def codegen(self):
        return self

    def set_env(self, name, env):  # says to machine code where its Python objects are
        pass


class _Kernel(Compiler):
    library = _Whole

    def compile_extra(self, function):
        self.state.library = self.library(self.state.targetctx.codegen(), function.__qualname__)
        self.state.library.enable_object_caching()
        return super().compile_extra(function)


class _Helper(_Kernel):
    """Compiles with the promise that what is written through one argument is not read through another (C's ``restrict``)."""

    library = _Part

    def compile_extra(self, function):
        self.state.flags.noalias = True  # Numba has no option for it
        return super().compile_extra(function)


def kernel(function, **options):
    """Compile ``function`` when Python first calls it, once for each combination of dtypes."""
    dispatcher = njit(pipeline_class=_Kernel, **_OPTIONS | options)(function)
    if not config.DISABLE_JIT:  # then it is the function itself
        dispatcher._cache = KernelCache(function)  # in place of what ``cache=True`` puts there
    return dispatcher


def exact(function):
    """A ``kernel`` without ``fastmath``: each operation is rounded as it is written."""
    return kernel(function, fastmath=False)


def inlined(function, always: bool = True):
    """Make ``function``, or a kernel, part of the kernels that call it. Python cannot call it, unless nothing is compiled."""
    helper = njit(forceinline=always, no_cpython_wrapper=True, pipeline_class=_Helper, **_OPTIONS)(
        getattr(function, "py_func", function)
    )
    if not config.DISABLE_JIT:
        helper.get_call_template = functools.partial(_for_types, helper.get_call_template)
    return helper


def _for_types(resolve, args, kws):
    """What a call of a helper is compiled to. For Numba a number that is spelled out, as 0 in ``helper(x, 0)``, has a type of
    its own, for which the helper would be compiled once more; here it is an int64 as all others. LLVM sees the 0 as before."""
    return resolve([types.unliteral(t) for t in args], {name: types.unliteral(t) for name, t in kws.items()})


def shared(function):
    """The same for a long helper that a kernel calls from several places: its code is there only once. A call takes as long as
    a short loop."""
    return inlined(function, always=False)


# A forked child has none of its parent's other threads. One of them may be compiling: then the lock that it holds would never
# be free in the child, and LLVM would stay in the middle of something. So a fork waits until no other thread compiles.

_LOCKS = (global_compiler_lock, llvm.ffi.lib._lock)  # Numba's, and that of its LLVM, which also guards calls of other programs


def _hold() -> None:
    for lock in _LOCKS:
        lock.__enter__()


def _let_go() -> None:
    for lock in reversed(_LOCKS):
        lock.__exit__(None, None, None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_let_go)
