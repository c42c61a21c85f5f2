"""A processor with AVX2 only, as most laptops have, on a machine with AVX-512: what each side is told, and has made of it."""

import contextlib
import tempfile

VARIABLES = {
    "NUMBA_CPU_NAME": "x86-64-v3",
    "NUMBA_CPU_FEATURES": "",  # not given, Numba adds all that this processor has
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "TORCHINDUCTOR_CPP_MARCH": "x86-64-v3",  # of what torch.compile gives to the C++ compiler
}


def differs() -> bool:
    """Whether this processor has AVX-512, so that AVX2 alone is another figure."""
    from llvmlite import binding as llvm

    try:
        return bool(dict(llvm.get_host_cpu_features()).get("avx512f"))
    except RuntimeError:  # a processor that this LLVM does not know
        return False


@contextlib.contextmanager
def restricted():
    """Keywords for ``common.run_worker``: the variables, and a folder for kernels that are compiled so."""
    with tempfile.TemporaryDirectory(prefix="minimix-avx2-", ignore_cleanup_errors=True) as cache:
        yield {"variables": VARIABLES, "cache": cache}


def wide(vectors: str) -> bool:
    """Whether a worker's ``vectors`` are AVX-512's, whatever it was told.

    >>> wide("AVX-512 (512 bits)"), wide("AVX512"), wide("AVX2"), wide("AVX (256 bits)")
    (True, True, False, False)
    """
    return vectors.replace("-", "").startswith("AVX512")
