"""Machine code for other processors, made on this one: Numba's code before it is optimised, optimised by LLVM for another."""

import re

import llvmlite
import numba
import pytest
from llvmlite import binding as llvm
from numba.core import codegen

TARGETS = {  # triple, processor, bytes of its scalable registers
    "Apple M1": ("arm64-apple-macosx", "apple-m1", 16),
    "Neoverse N1": ("aarch64-unknown-linux-gnu", "neoverse-n1", 16),
    "Neoverse V1": ("aarch64-unknown-linux-gnu", "neoverse-v1", 32),
    "Neoverse V2": ("aarch64-unknown-linux-gnu", "neoverse-v2", 16),
    "A64FX": ("aarch64-unknown-linux-gnu", "a64fx", 64),
    "Windows on ARM": ("aarch64-pc-windows-msvc", "generic", 16),
    "SSE": ("x86_64-unknown-linux-gnu", "x86-64-v2", 16),
    "AVX2": ("x86_64-unknown-linux-gnu", "x86-64-v3", 16),
    "Intel Mac": ("x86_64-apple-macosx", "haswell", 16),
    "AVX2 on Windows": ("x86_64-pc-windows-msvc", "x86-64-v3", 16),
    "AVX-512": ("x86_64-unknown-linux-gnu", "znver4", 16),
    "RISC-V": ("riscv64-unknown-linux-gnu", "generic-rv64", 16),
    "POWER": ("powerpc64le-unknown-linux-gnu", "pwr9", 16),
    "32-bit ARM": ("armv7-unknown-linux-gnueabihf", "cortex-a15", 16),
}


def unoptimised(function, signature: str, **options) -> str:
    """LLVM's intermediate code of a Python function, as Numba makes it for these types; options: those of ``njit``."""
    library = codegen.CPUCodeLibrary
    kept = library._optimize_functions, library._optimize_final_module
    library._optimize_functions, library._optimize_final_module = lambda self, module: None, lambda self: None
    try:
        compiled = numba.njit(signature, **options)(function)
    finally:
        library._optimize_functions, library._optimize_final_module = kept
    return compiled.inspect_llvm(compiled.signatures[0])


def listing(code: str, target: str) -> str:
    """The machine code that LLVM makes of intermediate code for one of ``TARGETS``, as text. Nobody can run it here.

    Skips the test where LLVM is too old.
    """
    if tuple(map(int, llvmlite.__version__.split(".")[:2])) < (0, 45):
        pytest.skip("the LLVM of llvmlite 0.44 crashes where it makes code for other processors")
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    triple, processor, _ = TARGETS[target]
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=processor, opt=3, jit=True, codemodel="jitdefault")
    # parts that Numba had ready, and optimised for this processor, may hold instructions that only it has
    code = re.sub(r"= (?:tail )?call (i\d+) @llvm\.x86\.[^\n]*", r"= add \1 0, 0", code)
    code = re.sub("^target triple = .*$", f'target triple = "{triple}"', code, flags=re.M)
    code = re.sub("^target datalayout = .*$", f'target datalayout = "{machine.target_data}"', code, flags=re.M)
    module = llvm.parse_assembly(code)
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.slp_vectorization = tuning.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(module, builder)
    return machine.emit_assembly(module)
