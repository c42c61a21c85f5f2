"""Files are whole or as they were; an error names the file; what belongs to others is left alone."""

import errno
import os
import subprocess
import sys
import threading
import time

import pytest

from minimix import files, graph
from minimix.tensor import Tensor


def raising(number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_an_error_names_the_file_and_keeps_its_number(tmp_path, monkeypatch, broken, number):
    path = tmp_path / "weights.safetensors"
    files.write(path, "old")
    monkeypatch.setattr(os, broken, raising(number))
    with pytest.raises(OSError) as caught:
        files.write(path, "new")
    assert caught.value.errno == number and caught.value.filename == str(path) and str(path) in str(caught.value)
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
def test_a_full_disk_is_told_with_the_name(tmp_path, monkeypatch):
    import builtins

    real = open
    monkeypatch.setattr(builtins, "open", lambda path, mode="r", **o: real("/dev/full" if "w" in mode else path, mode, **o))
    with pytest.raises(OSError, match=r"No space left on device: '.*metrics\.csv'"):
        files.write(tmp_path / "metrics.csv", "x" * 10)


def test_what_other_programs_write_is_named_too(tmp_path):
    for error in (OSError(errno.ENOSPC, "full"), OSError(errno.ENOSPC, "full", "own"), OSError("of no number")):
        with pytest.raises(OSError) as caught, files.named(tmp_path / "a"):
            raise error
        named = error.errno is not None and error.filename is None
        assert caught.value.filename == (str(tmp_path / "a") if named else error.filename)
        assert type(caught.value) is OSError and (caught.value is error) != named


def test_folders_that_are_none_are_named_without_the_name_in_between(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        files.write(tmp_path / "nowhere" / "a.csv", "x")
    assert caught.value.filename == str(tmp_path / "nowhere" / "a.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        files.write(tmp_path / "file" / "a.csv", "x")
    with pytest.raises(ValueError, match="folder"):
        (tmp_path / "folder").mkdir()
        files.write(tmp_path / "folder", "x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_what_is_no_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="is a pipe, no plain file"):
        files.write(tmp_path / "pipe", "x")
    assert not (tmp_path / "pipe").is_file()


def test_a_file_that_is_held_open_for_a_moment_is_waited_for(tmp_path, monkeypatch):
    real, calls = os.replace, []

    def busy(source, path):
        calls.append(1)
        if len(calls) < 3:
            raise PermissionError(errno.EACCES, "held open", str(source))
        real(source, path)

    monkeypatch.setattr(os, "replace", busy)
    files.write(tmp_path / "a.csv", "x")
    assert (tmp_path / "a.csv").read_text() == "x" and len(calls) == 3
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    monkeypatch.setattr(os, "replace", raising(errno.EACCES))
    with pytest.raises(PermissionError, match=r"a\.csv"):
        files.write(tmp_path / "a.csv", "y")
    assert (tmp_path / "a.csv").read_text() == "x"


def test_names_as_long_as_a_name_may_be(tmp_path):
    for name in ("n" * 251 + ".csv", "ü" * 120 + ".csv"):
        files.write(tmp_path / name, "x")
        assert (tmp_path / name).read_text() == "x"


def test_threads_that_write_one_file_do_not_disturb_each_other(tmp_path):
    failed = []

    def writing(text):
        try:
            for _ in range(20):
                files.write(tmp_path / "a", text * 1000)
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=writing, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = (tmp_path / "a").read_text()
    assert not failed and len(content) == 1000 and len(set(content)) == 1


def test_only_what_gone_processes_left_is_swept(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    alive = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        gone = [f".a.{files._HOST}-{ended.pid}-3.part", f".a.{ended.pid}.part", f".a.{files._HOST}-{10**30}-0.part"]
        kept = [f".a.{files._HOST}-{alive.pid}-0.part", f".a.{files._HOST}-{os.getpid()}-0.part", ".a.00000000-1-0.part",
                ".of-somebody-else.part", "a.part"]  # fmt: skip
        if os.name != "posix":
            kept = kept[2:]
        for name in (*gone, *kept):
            (tmp_path / name).write_text("")
        files.sweep(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
        other = tmp_path / ".a.00000000-1-0.part"
        os.utime(other, (time.time() - 2 * files.DAY,) * 2)
        files.sweep(tmp_path)
        assert not other.exists()
    finally:
        alive.communicate(b"\n")


def test_drawings_are_written_so_too(tmp_path, monkeypatch):
    picture = graph.draw(Tensor([1.0], requires_grad=True).exp())
    picture.save(tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_text(encoding="utf-8") == picture.svg
    monkeypatch.setattr(os, "fsync", raising(errno.ENOSPC))
    with pytest.raises(OSError, match=r"graph\.svg"):
        picture.save(tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_text(encoding="utf-8") == picture.svg
