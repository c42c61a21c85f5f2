"""Jobs in processes: what comes back, and what becomes of jobs whose process dies."""

import os
import subprocess
import sys
import time

import pytest

from minimix.study.job import Job, canonical, perform
from minimix.study.pool import ended


def jobs(kind, count=1, **config):
    return [Job("f", kind, seed, {"job": f"study_jobs:{kind}", **config, "seed": seed}) for seed in range(count)]


def test_every_job_comes_back_once_whatever_becomes_of_the_others():
    kinds = ["numbers", "fails", "no_memory", "exits"]
    given = [job for kind in kinds for job in jobs(kind, 2, **({"value": 3.0} if kind == "numbers" else {}))]
    found = list(ended(given, 2))
    assert sorted(one.job.key for one in found) == sorted(job.key for job in given)
    by_kind = {kind: {one.job.seed: one for one in found if one.job.name == kind} for kind in kinds}
    assert [by_kind["numbers"][seed].result["accuracy"] for seed in (0, 1)] == [3.0, 3.25]
    assert by_kind["fails"][1].error == "ValueError: seed 1 is of no use" and by_kind["fails"][1].result is None
    assert by_kind["no_memory"][0].error == "out of memory"
    assert by_kind["exits"][0].error == "its process ended with exit code 3"


@pytest.mark.skipif(os.name == "nt", reason="there are no signals")
def test_a_killed_process_costs_its_job_and_no_other():
    found = list(ended([*jobs("dies"), *jobs("numbers", 3, value=1.0)], 1))
    assert found[0].error == "its process was ended by SIGKILL: out of memory, or killed by hand"
    assert [one.result["accuracy"] for one in found[1:]] == [1.0, 1.25, 1.5]


def test_each_process_has_one_thread_and_keeps_it_to_the_end():
    found = list(ended(jobs("who", 4), 1))
    assert {one.result["threads"] for one in found} == {1}
    assert len({one.result["process"] for one in found}) == 1 and found[0].result["process"] != os.getpid()


def test_the_variable_for_threads_is_as_before(monkeypatch):
    monkeypatch.setenv("MINIMIX_NUM_THREADS", "2")
    list(ended(jobs("who"), 1))
    assert os.environ["MINIMIX_NUM_THREADS"] == "2"
    monkeypatch.delenv("MINIMIX_NUM_THREADS")
    list(ended(jobs("who"), 1))
    assert "MINIMIX_NUM_THREADS" not in os.environ


def test_who_stops_listening_ends_the_processes():
    running = ended([*jobs("who"), *jobs("slow", 1, seconds=60.0)], 1)
    process = next(running).result["process"]
    began = time.monotonic()
    running.close()
    assert time.monotonic() - began < 30
    if sys.platform.startswith("linux"):
        assert not os.path.exists(f"/proc/{process}")


def test_keys_are_of_configurations_only():
    one, other = (
        Job("a", "b", 0, {"job": "nothing", "seed": 0, "x": 1}),
        Job("c", "d", 0, {"x": 1, "seed": 0, "job": "nothing"}),
    )
    assert one.key == other.key != Job("a", "b", 1, {"job": "nothing", "seed": 1, "x": 1}).key


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
def test_a_configuration_holds_what_json_has_words_for(value):
    with pytest.raises((ValueError, TypeError)):
        canonical({"job": "nothing", "x": value})


def test_a_script_needs_no_guard(tmp_path):
    """Processes that are started anew would run it again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import minimix as mm\nprint('once')\n"
        "found = mm.study.run('nothing', seeds=2, data='patterns10', workers=2, folder='nothing', log=False)\n"
        "print(len(found.rows()), found.failed)\n"
    )
    where = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, script], cwd=tmp_path, env=os.environ | where, capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("once\n4 []\n", "", 0)


def test_jobs_of_a_script_are_refused():
    with pytest.raises(ValueError, match="put f into a module"):
        perform({"job": "__main__:f", "seed": 0})
