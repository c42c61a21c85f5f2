"""What the tests of the cache begin from."""

import pytest
from numba.core import config

from minimix.kernels import cache


@pytest.fixture
def fresh_cache(tmp_path, monkeypatch):
    """A cache of our own, in a process that has not warned yet."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "caches"))
    monkeypatch.setattr(cache, "_warned", False)
    monkeypatch.setattr(cache, "_out_of_order", False)
    cache._used.cache_clear()
    cache._folder_name.cache_clear()
    yield
    cache._used.cache_clear()
    cache._folder_name.cache_clear()
