"""Jobs on a Dask cluster: the same numbers as here, whatever becomes of the workers."""

import multiprocessing
import os
import signal
import threading

import pytest

from minimix.study import cluster
from minimix.study.job import Job

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of a library of its own


def jobs(kind, count, **config):
    return [Job("f", kind, seed, {"job": f"study_jobs:{kind}", **config, "seed": seed}) for seed in range(count)]


@pytest.fixture
def local(monkeypatch):
    """The address of a cluster of two processes, which find this folder's jobs."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.path.dirname(__file__), os.getcwd()]))
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as running:
        yield running


def test_jobs_come_back_with_their_numbers_or_reasons(local):
    found = list(cluster.ended([*jobs("numbers", 3, value=2.0), *jobs("fails", 1)], local.scheduler_address, 1))
    assert sorted(one.result["accuracy"] for one in found if one.result) == [2.0, 2.25, 2.5]
    assert [one.error for one in found if not one.result] == ["ValueError: seed 0 is of no use"]


def test_a_worker_that_dies_costs_time_and_nothing_else(local, tmp_path):
    flag = tmp_path / "died"
    given = [*jobs("dies_once", 1, flag=str(flag)), *jobs("numbers", 4, value=1.0)]
    found = list(cluster.ended(given, local.scheduler_address, 1))
    assert flag.exists() and len(found) == 5 and not any(one.error for one in found)


def test_it_is_said_once_when_the_last_worker_has_gone(monkeypatch):
    """A client that has two workers, none for three looks, one, and none again."""
    looks = iter([{"a": 1, "b": 1}, {}, {}, {}, {"c": 1}, {}])

    class Client:
        def ncores(self):
            return next(looks)  # and then the scheduler is gone

    monkeypatch.setattr(cluster, "WAIT", 0.0)
    lines: list = []
    cluster._watch(Client(), lines.append, threading.Event())
    assert len(lines) == 2 and all("no worker is left; the study goes on when one comes" in line for line in lines)


def test_nobody_listens():
    with pytest.raises(ConnectionError, match="no scheduler answers at tcp://127.0.0.1:9"):
        list(cluster.ended(jobs("numbers", 1, value=1.0), "tcp://127.0.0.1:9", 1))


def test_another_version_is_refused(local, monkeypatch):
    monkeypatch.setattr("minimix.__version__", "99.0")
    with pytest.raises(RuntimeError, match=r"this is minimix 99\.0, but .* has 0\."):
        list(cluster.ended(jobs("numbers", 1, value=1.0), local.scheduler_address, 1))


def test_a_worker_with_another_version_that_joins_later_ends_the_run_and_fails_no_job(local, monkeypatch):
    asked = []

    def at_first(client, check=cluster._same_versions):
        if asked:
            check(client)
        asked.append(True)
        monkeypatch.setattr("minimix.__version__", "99.0")

    monkeypatch.setattr(cluster, "_same_versions", at_first)
    with pytest.raises(RuntimeError, match=r"this is minimix 99\.0, but .* has 0\."):
        list(cluster.ended(jobs("numbers", 2, value=1.0), local.scheduler_address, 1))


def test_a_scheduler_that_is_gone_fails_no_job():
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    process = context.Process(target=a_scheduler, args=(other,), daemon=True)
    process.start()
    given = jobs("slow", 2, seconds=60.0)
    running = cluster.ended(given, pipe.recv(), 1)
    threading.Timer(3.0, process.kill).start()
    with pytest.raises(ConnectionError, match="the scheduler at tcp.* is gone; what is done is kept"):
        list(running)


def a_scheduler(pipe):
    """A process with a scheduler, and a worker as a thread of it."""
    with distributed.LocalCluster(n_workers=1, processes=False, protocol="tcp", dashboard_address=None) as running:
        pipe.send(running.scheduler_address)
        threading.Event().wait()


@pytest.mark.skipif(os.name != "posix", reason="signals reach a group of processes")
def test_on_this_machine_the_processes_leave_ctrl_c_to_the_coordinator(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.path.dirname(__file__), os.getcwd()]))
    before = signal.getsignal(signal.SIGINT)
    [one] = cluster.ended(jobs("hears", 1), cluster.LOCAL, 1)
    assert one.result == {"accuracy": 0.0} and signal.getsignal(signal.SIGINT) is before
