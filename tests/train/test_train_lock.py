"""One process trains a run at a time, and the next one finds it free, however the first one ended."""

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import minimix
from minimix.train import RunLocked, lock
from minimix.train.lock import locked

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(minimix.__file__).parents[1])}

# Takes the run's lock, says so, and keeps it until a line comes.
HOLDS = "import sys; from minimix.train.lock import locked\nwith locked(sys.argv[1]): print('held', flush=True); input()"


@pytest.fixture
def holder(tmp_path):
    """A process of its own that holds the lock of ``tmp_path / "a"``."""
    (tmp_path / "a").mkdir()
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path / "a")], env=ENVIRONMENT, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_process_is_refused_by_name_and_the_first_goes_on(holder, tmp_path):
    for _ in range(2):
        with (
            pytest.raises(RunLocked, match=rf"run a is being trained by process {holder.pid} on host .+: wait"),
            locked(tmp_path / "a"),
        ):
            pass
    holder.communicate("\n")
    assert holder.returncode == 0
    with locked(tmp_path / "a"):
        assert (tmp_path / "a" / lock.FILE).exists()
    assert not list((tmp_path / "a").iterdir()), "nothing is left"


def test_a_killed_process_leaves_no_lock(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert (tmp_path / "a" / lock.FILE).exists()
    with locked(tmp_path / "a"):
        pass


def test_a_file_of_an_older_process_means_nothing(tmp_path):
    (tmp_path / lock.FILE).write_text("process 1 on host elsewhere, and a longer text than any other")
    with locked(tmp_path):
        assert (tmp_path / lock.FILE).read_text().startswith(f"process {os.getpid()} on host")


def test_two_threads_are_two(tmp_path):
    found = []

    def second():
        try:
            with locked(tmp_path):
                found.append("in")
        except RunLocked as error:
            found.append(str(error))

    with locked(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert f"process {os.getpid()}" in found[0]


def test_of_many_at_once_exactly_one_gets_in(tmp_path):
    program = HOLDS.replace("input()", "sys.stdin.read(1)")
    command = [sys.executable, "-c", program, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, env=ENVIRONMENT, **pipes) for _ in range(4)]
    refused, held = 0, []
    for process in processes:
        if process.stdout.readline() == "held\n":
            held.append(process)
        else:
            refused += "is being trained by process" in process.stderr.read()
    assert (len(held), refused) == (1, 3)
    for process in processes:
        process.communicate()


def test_the_lock_is_opened_after_an_error(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    with locked(tmp_path):
        pass


def test_a_file_system_without_locks_does_not_stand_in_the_way(tmp_path, monkeypatch):
    def fail(file):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(lock, "_lock", fail)
    with locked(tmp_path):
        pass


def test_a_disk_that_fails_is_no_other_process(tmp_path, monkeypatch):
    def fail(file):
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(lock, "_lock", fail)
    with pytest.raises(OSError, match="input/output error"), locked(tmp_path):
        pass


def test_windows_has_other_locks(tmp_path, monkeypatch):
    """What can be tried of it elsewhere: with a module that locks as that of Windows does."""
    held = {}

    class Windows:
        name = "nt"

        def __getattr__(self, name):
            return getattr(os, name)

        def close(self, file):
            held.pop(os.fstat(file).st_ino, None) if held.get(os.fstat(file).st_ino) == file else None
            os.close(file)

    class Msvcrt:
        LK_NBLCK = 2

        @staticmethod
        def locking(file, mode, length):
            assert (mode, length, os.lseek(file, 0, os.SEEK_CUR)) == (2, 1, 1 << 30)
            if held.setdefault(os.fstat(file).st_ino, file) != file:
                raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(lock, "os", Windows())
    monkeypatch.setitem(sys.modules, "msvcrt", Msvcrt)
    for _ in range(2):
        with locked(tmp_path):
            with pytest.raises(RunLocked, match=f"process {os.getpid()} on host"), locked(tmp_path):
                pass
            assert held
        assert not held and not list(tmp_path.iterdir())


# -- runs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"resume": "a", "name": None}, {"resume": True}, {}])
def test_a_run_that_is_being_trained_is_neither_resumed_nor_begun(run, small, tmp_path, options):
    if options:
        run(epochs=1)
    folder = tmp_path / "runs" / "a"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".last.safetensors.part").write_bytes(b"being written")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with locked(folder), pytest.raises(RunLocked, match="run a is being trained by process"):
        run(small(), epochs=1, **options)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_run_holds_its_lock_until_it_ends(run, tmp_path):
    def other(epoch):
        with pytest.raises(RunLocked), locked(tmp_path / "runs" / "a"):
            pass

    result = run(on_epoch=other)
    assert len(result.history) == 2 and not (result.folder / lock.FILE).exists()


def test_two_processes_choose_two_folders(tmp_path):
    """They start together, without a name: each gets a folder of its own, and both finish."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom small import Small, data\nfrom minimix.train import figures, train\n"
        "figures.draw = lambda *_: None\nimages = data()\nprint('ready', flush=True); input()\n"
        "print(train(Small(), images, epochs=1, batch_size=16, runs=sys.argv[2], log=False).folder.name)"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parent), str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, env=ENVIRONMENT, **pipes) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=300) for process in processes]
    assert sorted(output.strip() for output, _ in ended) == ["Small-patterns10", "Small-patterns10-2"], ended
