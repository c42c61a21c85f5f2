"""The cache of compiled kernels: found again, never trusted blindly, and never the end of a run."""

import errno
import os
import pathlib
import pickle
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from numba.core import config

import minimix
from minimix import places
from minimix.kernels import cache, jit

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
ROOT = pathlib.Path(minimix.__file__).parents[1]


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    """A cache of our own, in a process that has not warned yet."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "caches"))
    monkeypatch.setattr(cache, "_warned", False)
    monkeypatch.setattr(cache, "_out_of_order", False)
    cache._used.cache_clear()
    cache._folder_name.cache_clear()
    yield
    cache._used.cache_clear()
    cache._folder_name.cache_clear()


def double(x):
    return x * 2


def hits(function=double, argument=1.5, expected=3.0) -> int:
    """As a new process would: 1 where the kernel was found, 0 where it was compiled. The result is right either way."""
    compiled = jit.kernel(function)
    assert compiled(argument) == expected
    return sum(compiled.stats.cache_hits.values())


def files() -> list[pathlib.Path]:
    return sorted(cache.folder().iterdir()) if cache.folder().is_dir() else []


def test_a_kernel_is_kept_and_found():
    assert (hits(), hits()) == (0, 1)
    assert (hits(argument=1j, expected=2j), hits(argument=1j, expected=2j), hits()) == (0, 1, 1)
    assert len(files()) == 2 and all(path.name.startswith("double-") for path in files())
    assert cache.content() == (2, sum(path.stat().st_size for path in files()))


def closure(factor):
    def times(x):
        return x * factor

    return times


def test_kernels_that_differ_are_not_mixed_up():
    for factor in (2.0, 3.0):
        assert [hits(closure(factor), expected=1.5 * factor) for _ in range(2)] == [0, 1]
    array = np.ones(3)
    frozen = np.ones(3)
    frozen.flags.writeable = False
    for x in (array, array[::2], frozen, array.astype(np.float32), np.ones((1, 3))):
        compiled = jit.kernel(lambda x: x.size)
        compiled(x)
        assert not compiled.stats.cache_hits


DAMAGE = {
    "empty": lambda content: b"",
    "one byte": lambda content: content[:1],
    "in the head": lambda content: content[: cache.HEAD - 1],
    "only the head": lambda content: content[: cache.HEAD],
    "half": lambda content: content[: len(content) // 2],
    "one byte less": lambda content: content[:-1],
    "one byte more": lambda content: content + b"\0",
    "zeroed": lambda content: bytes(len(content)),
    "zeroed behind the head": lambda content: content[: cache.HEAD] + bytes(len(content) - cache.HEAD),
    "a page of zeros": lambda content: content[:4096] + bytes(4096) + content[8192:],
    "random": lambda content: np.random.default_rng(0).bytes(len(content)),
    "a bit in the head": lambda content: flipped(content, 20),
    "a bit in the middle": lambda content: flipped(content, len(content) // 2),
    "a bit at the end": lambda content: flipped(content, len(content) - 1),
    "another file's": lambda content: pickle.dumps({"no": "kernel"}),
}


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_a_kernel_to_compile(damage):
    hits()
    (path,) = files()
    sound = path.read_bytes()
    path.write_bytes(DAMAGE[damage](sound))
    assert cache.read(path) is None
    assert hits() == 0
    assert cache.read(path) is not None and hits() == 1  # written anew


class Bomb:
    def __reduce__(self):
        return os.mkdir, (str(pathlib.Path(config.CACHE_DIR) / "bomb"),)


def test_no_byte_reaches_pickle_unchecked():
    hits()
    (path,) = files()
    path.write_bytes(pickle.dumps(Bomb()))
    assert hits() == 0
    path.write_bytes(cache.MAGIC + bytes(cache.HEAD - len(cache.MAGIC)) + pickle.dumps(Bomb()))
    assert hits() == 0
    assert not (pathlib.Path(config.CACHE_DIR) / "bomb").exists()


@pytest.mark.parametrize("content", [b"", b"no pickle", *map(pickle.dumps, (3, (("other", "key"), ()), (None, None)))])
def test_sound_bytes_that_are_no_kernel_of_this_name(content):
    hits()
    (path,) = files()
    cache.write(path, content)
    assert cache.read(path) == content
    assert (hits(), hits()) == (0, 1)


def test_something_else_by_that_name():
    hits()
    (path,) = files()
    path.unlink()
    path.mkdir()
    with pytest.warns(RuntimeWarning, match="cannot be written"):
        assert hits() == 0
    path.rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)  # nobody writes to it: whoever waited would wait for ever
        assert hits() == 0


@pytest.mark.skipif(os.name != "posix", reason="owners and modes as POSIX has them")
def test_what_others_could_have_written_is_not_read(monkeypatch):
    hits()
    (path,) = files()
    assert path.stat().st_mode & 0o022 == 0 and path.parent.stat().st_mode & 0o077 == 0
    for mode in (0o646, 0o664):
        path.chmod(mode)
        monkeypatch.setattr(cache, "_warned", False)
        with pytest.warns(RuntimeWarning, match="can be written by others"):
            assert cache.read(path) is None
    path.chmod(0o644)
    assert cache.read(path) is not None
    status = list(path.stat())
    status[4] = os.geteuid() + 1
    assert not cache._trusted(os.stat_result(status))
    status[4] = 0  # root can do anything anyhow: the kernels in a container's image
    assert cache._trusted(os.stat_result(status))


# -- where nothing can be written -----------------------------------------------------------------------------------------


def fails(number):
    def function(*args, **options):
        raise OSError(number, os.strerror(number))

    return function


class FullFile:
    """Takes a part of what is written, then the disk is full."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()

    def write(self, content):
        self.file.write(content[:1000])
        self.file.flush()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_disk(monkeypatch):
    monkeypatch.setattr(
        cache, "open", lambda file, mode: FullFile(open(file, mode)) if mode == "wb" else open(file, mode), raising=False
    )


OBSTACLES = {
    "full": full_disk,
    "quota": lambda patch: patch.setattr(cache.os, "replace", fails(getattr(errno, "EDQUOT", errno.ENOSPC))),
    "read-only": lambda patch: patch.setattr(cache.Path, "mkdir", fails(errno.EROFS)),
    "not allowed": lambda patch: patch.setattr(cache.os, "replace", fails(errno.EACCES)),
    "a file in its place": lambda patch: pathlib.Path(config.CACHE_DIR).write_text("no folder"),
    "a file above": lambda patch: patch.setattr(config, "CACHE_DIR", str(pathlib.Path(__file__) / "below")),
    "no place at all": lambda patch: (
        patch.setattr(config, "CACHE_DIR", ""), patch.setattr(cache.places, "user_cache", lambda: None)
    ),
    "no sources": lambda patch: patch.setattr(cache, "_ingredients", lambda: ()),
}  # fmt: skip


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_result_is_never_lost_and_one_warning_says_so(obstacle, monkeypatch):
    with monkeypatch.context() as patch:
        OBSTACLES[obstacle](patch)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            for argument in (1.5, 1j, 2, np.float32(2)):
                assert hits(argument=argument, expected=argument * 2) == 0
        assert len(seen) == 1 and seen[0].category is RuntimeWarning
        assert "not kept for the next run" in str(seen[0].message) and "NUMBA_CACHE_DIR" in str(seen[0].message)
        caches = pathlib.Path(config.CACHE_DIR)
        assert not config.CACHE_DIR or not caches.is_dir() or not [path for path in caches.rglob("*") if path.is_file()]


def test_a_warning_that_is_an_error_ends_nothing(monkeypatch, capsys):
    monkeypatch.setattr(cache.os, "replace", fails(errno.ENOSPC))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert hits() == 0
    assert "warning: compiled kernels are not kept" in capsys.readouterr().err


def test_an_interrupt_leaves_no_part_of_a_file(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cache.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        hits()
    assert files() == []


def test_a_folder_that_goes_away_is_made_anew():
    hits()
    cache.clear()
    assert (hits(), hits()) == (0, 1)


def test_a_folder_that_can_only_be_read_is_read(monkeypatch):
    hits()
    monkeypatch.setattr(cache.os, "replace", fails(errno.EROFS))
    monkeypatch.setattr(cache.os, "utime", fails(errno.EROFS))
    assert hits() == 1


# -- folders --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting, value", [("BOUNDSCHECK", 1), ("OPT", 0), ("LOOP_VECTORIZE", 0), ("DEBUGINFO_DEFAULT", 1)])
def test_code_of_other_settings_is_never_met(setting, value, monkeypatch):
    before = cache.folder()
    monkeypatch.setattr(config, setting, value)
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
