"""The folders of the cache: one for each processor, version and setting; old ones removed; several processes at once."""

import os
import pathlib
import subprocess
import sys
import time

import pytest
from kept import files, hits
from numba.core import config

import minimix
from minimix import places
from minimix.kernels import cache

pytestmark = [
    pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled"),
    pytest.mark.usefixtures("fresh_cache"),
]
ROOT = pathlib.Path(minimix.__file__).parents[1]


@pytest.mark.parametrize("setting", ["BOUNDSCHECK", "OPT", "LOOP_VECTORIZE", "DEBUGINFO_DEFAULT"])
def test_code_of_other_settings_is_never_met(setting, monkeypatch):
    before = cache.folder()
    monkeypatch.setattr(config, setting, "another value")
    cache._folder_name.cache_clear()
    assert cache.folder() != before and cache.folder().parent == before.parent


def test_another_processor_another_version_other_sources(monkeypatch, tmp_path):
    names = {cache.folder().name}
    for module, name, value in [
        (cache.numba, "__version__", "0.99"),
        (cache.llvmlite, "__version__", "0.99"),
        (cache.sys, "version_info", (3, 99, 1)),
        (cache, "HERE", tmp_path),
    ]:
        if name == "HERE":
            (tmp_path / "cache.py").write_text("other sources")
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            cache._folder_name.cache_clear()
            names.add(cache.folder().name)
    codegen = cache.cpu_target.target_context.codegen()
    monkeypatch.setattr(type(codegen), "magic_tuple", lambda self: ("x86_64", "x86-64-v3", ""))
    cache._folder_name.cache_clear()
    names.add(cache.folder().name)
    assert len(names) == 6 and all(cache.FOLDER.fullmatch(name) for name in names)


def old_folder(age: float, number: int) -> pathlib.Path:
    path = cache.root() / f"{number:012x}"
    path.mkdir(parents=True)
    (path / "kernel").write_bytes(bytes(100))
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_what_nobody_uses_is_removed():
    days = [old_folder(day * 86400, day) for day in range(1, 12)]
    ancient, running = old_folder(100 * 86400, 100), [old_folder(60 * n, 200 + n) for n in range(4)]
    other = cache.root() / "not-a-cache"
    other.mkdir()
    hits()
    left = {path for path, _ in cache._folders()}
    assert left == {cache.folder(), *running, *days[: cache.KEPT - 1 - len(running)]}
    assert not ancient.exists() and other.is_dir()


def test_what_early_versions_left_beside_the_sources_is_removed(monkeypatch, tmp_path):
    """pip does not know of it: after an uninstall its folder would still be imported, as an empty package."""
    old = tmp_path / "__pycache__" / "numba-0.68.1-0123abcd"
    old.mkdir(parents=True)
    (old / "jit.forward-1.py311.nbi").write_bytes(b"x")
    (tmp_path / "cache.py").write_text("")
    monkeypatch.setattr(cache, "HERE", tmp_path)
    cache._folder_name.cache_clear()
    hits()
    assert list(old.parent.iterdir()) == []


def test_a_process_that_runs_on_other_settings_keeps_its_folder():
    running = [old_folder(60, number) for number in range(20)]
    hits()
    assert all(path.is_dir() for path in running)


def test_parts_of_files_of_killed_processes_are_removed():
    hits()
    dead, alive = cache.folder() / "0123.part", cache.folder() / "4567.part"
    for path in (dead, alive):
        path.write_bytes(b"x")
    os.utime(dead, (time.time() - 2 * cache.RECENT,) * 2)
    cache._used.cache_clear()
    hits()
    assert not dead.exists() and alive.exists()


def test_clear_removes_the_kernels_of_all_versions_and_nothing_else():
    assert cache.clear() == (0, 0)
    hits()
    old_folder(5, 1)
    stranger = cache.root() / "notes.txt"
    stranger.write_text("not ours")
    count, nbytes = cache.clear()
    assert count == 2 and nbytes > 1000
    assert cache.content() == (0, 0) and stranger.exists()
    assert (hits(), hits()) == (0, 1)


def test_it_lies_in_the_users_cache_folder(monkeypatch):
    monkeypatch.setattr(config, "CACHE_DIR", "")
    assert cache.root() == places.user_cache() / "kernels"
    assert cache.folder().parent == cache.root()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="folders as Linux has them")
def test_the_users_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert places.user_cache() == tmp_path / "minimix"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert places.user_cache() == tmp_path / "home" / ".cache" / "minimix"
    monkeypatch.setenv("HOME", "")
    assert places.user_cache() is None or places.user_cache().is_absolute()
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # what it does where the system does not know the user
    monkeypatch.delenv("HOME")
    assert places.user_cache() is None


def test_names_are_short():
    """Windows allows 260 characters for all of a path."""
    hits()
    assert len(str(files()[0].relative_to(cache.root().parent))) < 70


# -- processes --------------------------------------------------------------------------------------------------------------

KERNELS = """
import minimix
from minimix.kernels.jit import kernel

def times(factor):
    return kernel(lambda x: x * factor)

found = [times(float(factor)) for factor in range(6)]
print(sum(one(1.5) for one in found), sum(sum(one.stats.cache_hits.values()) for one in found))
"""


def start(**variables) -> subprocess.Popen:
    """A process with a few kernels; variables that are None are taken away."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    environment = {name: value for name, value in environment.items() if value is not None}
    return subprocess.Popen(
        [sys.executable, "-c", KERNELS], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/"
    )


def finish(process) -> tuple[str, str]:
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output.strip(), errors


def test_several_processes_at_once(tmp_path):
    for process in [start(NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(3)]:
        assert finish(process)[0].split()[0] == "22.5"
    assert finish(start(NUMBA_CACHE_DIR=str(tmp_path))) == ("22.5 6", "")
    (folder,) = (tmp_path / "minimix").iterdir()
    assert [cache.read(path) is None for path in folder.iterdir()] == [False] * 6


@pytest.mark.skipif(os.name != "posix", reason="a system where HOME says where home is")
def test_no_place_for_anything():
    nowhere = {"NUMBA_CACHE_DIR": None, "XDG_CACHE_HOME": f"{__file__}/below", "HOME": None}
    output, errors = finish(start(**nowhere))
    assert output == "22.5 0"
    assert errors.count("RuntimeWarning") == 1 and "not kept for the next run" in errors


def test_bounds_checks_after_a_run_without_them(tmp_path):
    """A warm cache must not hide them."""
    script = """
import numpy as np
from minimix.kernels.jit import kernel
beyond = kernel(lambda x, i: x[i])
try:
    beyond(np.ones(3), 3)
    print("read")
except IndexError:
    print("caught")
"""
    said = []
    for checked in ("0", "1", "0", "1"):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_BOUNDSCHECK": checked}
        done = subprocess.run([sys.executable, "-c", script], env=environment, text=True, capture_output=True, check=True)
        said.append(done.stdout.strip())
    assert said == ["read", "caught", "read", "caught"]
