"""A small kernel, and whether it is found in the cache."""

import pathlib

from minimix.kernels import cache, jit


def double(x):
    return x * 2


def hits(function=double, argument=1.5, expected=3.0) -> int:
    """As a new process would: 1 where the kernel was found, 0 where it was compiled. The result is right either way."""
    compiled = jit.kernel(function)
    assert compiled(argument) == expected
    return sum(compiled.stats.cache_hits.values())


def files() -> list[pathlib.Path]:
    return sorted(cache.folder().iterdir()) if cache.folder().is_dir() else []
