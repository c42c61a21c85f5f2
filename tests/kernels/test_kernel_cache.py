"""The cache of compiled kernels: found again, never trusted blindly, and never the end of a run."""

import errno
import os
import pathlib
import pickle
import warnings

import numpy as np
import pytest
from kept import files, hits
from numba.core import config

from minimix.kernels import cache, jit

pytestmark = [
    pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled"),
    pytest.mark.usefixtures("fresh_cache"),
]


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
