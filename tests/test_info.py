"""``minimix info``: what it says of processors that are not here, of busy cores, and of the cache."""

import json
import os

import numpy as np
import pytest
from llvmlite import binding as llvm
from numba.core import config

import minimix as mm
from minimix import info, nn
from minimix.cli import main
from minimix.kernels import cache, cores, jit, scaling


@pytest.mark.skipif(bool(config.DISABLE_JIT or config.BOUNDSCHECK) or int(config.OPT) < 2, reason="no loop is vectorised so")
def test_vectors_of_this_processor():
    assert info.info()["processor"]["used by compiled loops"] != "no vectors found"


def test_a_processor_that_llvm_does_not_know(monkeypatch):
    def refuse():
        raise RuntimeError("failed to get host cpu features.")

    monkeypatch.setattr(llvm, "get_host_cpu_features", refuse)
    monkeypatch.setattr(info.platform, "machine", lambda: "arm64")
    assert info.info()["processor"]["vector instructions"] == "NEON"
    monkeypatch.setattr(info.platform, "machine", lambda: "riscv64")
    assert info.info()["processor"]["vector instructions"].startswith("none")


# -- cores ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A stand-in for what Linux says of the limits of this process: groups({"a/b/cpu.max": "150000 100000"}, own="/a/b")."""

    def pretend(files: dict, own: str = "/") -> None:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        read = cores.Path.read_text
        told = f"3:cpu:/elsewhere\n0::{own}\n"
        monkeypatch.setattr(cores, "CGROUPS", tmp_path)
        monkeypatch.setattr(cores.Path, "read_text", lambda path: told if str(path) == "/proc/self/cgroup" else read(path))

    return pretend


@pytest.mark.skipif(os.name != "posix", reason="Linux's files")
@pytest.mark.parametrize(
    "files, own, expected",
    [
        ({}, "/", None),
        ({"cpu.max": "max 100000"}, "/", None),
        ({"cpu.max": "150000 100000"}, "/", 1.5),
        ({"a/cpu.max": "50000 100000", "a/b/cpu.max": "max 100000"}, "/a/b", 0.5),
        ({"a/cpu.max": "400000 100000", "a/b/cpu.max": "200000 100000"}, "/a/b", 2.0),
        ({"cpu.max": "nonsense"}, "/", None),
        ({"cpu.max": ""}, "/", None),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "/", None),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, "/", 3.0),
    ],
)
def test_the_share_of_a_container(groups, files, own, expected):
    groups(files, own)
    assert cores.quota() == expected


@pytest.mark.parametrize("limit, expected", [(None, 8), (0.5, 1), (1.5, 2), (3.0, 3), (100.0, 8)])
def test_no_more_threads_than_a_container_may_run(monkeypatch, limit, expected):
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr(cores, "quota", lambda: limit)
    assert cores.usable() == expected


def test_systems_that_say_less(monkeypatch):
    monkeypatch.delattr(cores.os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(cores.os, "getloadavg", raising=False)
    monkeypatch.setattr(cores.os, "cpu_count", lambda: None)
    monkeypatch.setattr(cores, "quota", lambda: None)
    assert cores.usable() == 1 and cores.load() is None and cores.busy() == ""
    assert "load average" not in info.info()["threads"]


def test_a_run_says_when_the_cores_are_busy(monkeypatch, tmp_path, capsys):
    from minimix.data import patterns10

    tiny = patterns10("train", size=32), patterns10("test", size=32)
    monkeypatch.setattr(cores.os, "cpu_count", lambda: 4)
    for load, said in ((1.0, False), (4.0, False), (9.5, True)):
        monkeypatch.setattr(cores.os, "getloadavg", lambda load=load: (load, 0, 0), raising=False)
        mm.train(nn.Sequential(nn.Flatten(), nn.Linear(3072, 10)), data=tiny, epochs=1, batch_size=32, runs=tmp_path)
        assert ("load average 9.5 on 4" in capsys.readouterr().out) == said


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
def test_what_threads_are_worth_is_measured(monkeypatch):
    assert 0 < scaling.speedup(2, seconds=0.02) <= 2
    mm.set_num_threads(1)
    assert info.info()["threads"]["together"] == "one thread alone"
    mm.set_num_threads(4)
    for gain, word in ((3.9, "the cores are free"), (1.2, "fewer threads")):
        monkeypatch.setattr(scaling, "speedup", lambda gain=gain: gain)
        text = info.info()["threads"]["together"]
        assert text.startswith(f"4 threads do {gain} times the work of one") and text.endswith(word)


# -- the cache -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    cache._used.cache_clear()
    yield tmp_path / "minimix"
    cache._used.cache_clear()


def run(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as end:
        main(["info", *arguments])
    assert not end.value.code
    return capsys.readouterr().out


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
def test_the_cache_is_shown_and_emptied(own_cache, capsys):
    mm.set_num_threads(1)
    assert jit.kernel(lambda x: x + 1)(np.float32(1)) == 2
    said = json.loads(run(capsys, "--json"))["kernels"]
    assert said["cache folder"] == str(cache.folder()) and said["in it"].startswith("1 kernel, ")
    assert "--clear-cache" in said["in all of them"] and str(own_cache) in said["in all of them"]
    assert run(capsys, "--clear-cache").startswith("removed 1 kernel, ") and not any(own_cache.iterdir())
    assert run(capsys, "--clear-cache") == f"removed nothing from {own_cache}\n"


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
def test_no_place_for_a_cache(monkeypatch, capsys):
    monkeypatch.setattr(config, "CACHE_DIR", "")
    monkeypatch.setattr(cache.places, "user_cache", lambda: None)
    mm.set_num_threads(1)
    assert "NUMBA_CACHE_DIR" in info.info()["kernels"]["cache folder"]
    assert "no cache folder" in run(capsys, "--clear-cache")
