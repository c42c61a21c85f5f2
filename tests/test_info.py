"""``minimix info``: what it says of processors that are not here, of busy cores, and of the cache."""

import json
import os
import re
from types import SimpleNamespace

import numpy as np
import pytest
from llvmlite import binding as llvm
from numba.core import config

import minimix as mm
from minimix import info, nn, sharing
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


@pytest.mark.parametrize(
    "used, has, told, expected",
    [
        ("AVX-512 (512 bits)", ["AVX", "AVX2", "AVX-512"], (), ""),
        ("AVX (256 bits)", ["AVX", "AVX2"], (), ""),
        ("NEON (128 bits)", ["NEON"], (), ""),
        ("SVE (256 bits)", ["NEON", "SVE"], (), ""),
        ("not known here", ["AVX"], (), ""),
        ("nothing is compiled", ["AVX-512"], ("NUMBA_OPT",), ""),
        ("AVX (256 bits)", ["AVX", "AVX-512"], (), ", where the processor has 512 bits; LLVM takes narrower"),
        ("AVX (256 bits)", ["AVX", "AVX-512"], ("NUMBA_CPU_NAME",), ", where the processor has 512 bits; set: NUMBA_CPU_NAME"),
        (
            "SSE (128 bits)",
            ["AVX"],
            ("NUMBA_CPU_NAME", "NUMBA_OPT"),
            ", where the processor has 256 bits; set: NUMBA_CPU_NAME, NUMBA_OPT",
        ),
        ("no vectors found", ["AVX", "AVX2"], ("NUMBA_OPT",), ", where the processor has 256 bits; set: NUMBA_OPT"),
    ],
)
def test_narrow_vectors_are_explained(monkeypatch, used, has, told, expected):
    for name in info.NARROWING:
        monkeypatch.delenv(name, raising=False)
    for name in told:
        monkeypatch.setenv(name, "")  # set to nothing is set, too
    said = info._explained(used, has)
    assert said == used if not expected else said.startswith(used + expected)


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


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A stand-in for Linux's files: machine({"proc/stat": "..."}, bound_to={0, 1})."""

    def pretend(files: dict, bound_to=(0,)) -> None:
        monkeypatch.setattr(sharing, "ROOT", tmp_path)
        monkeypatch.setattr(sharing.sys, "platform", "linux")
        monkeypatch.setattr(sharing.os, "sched_getaffinity", lambda process: set(bound_to), raising=False)
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text + "\n")

    return pretend


def with_siblings(*lists: str) -> dict:
    return {f"sys/devices/system/cpu/cpu{i}/topology/thread_siblings_list": text for i, text in enumerate(lists)}


@pytest.mark.parametrize(
    "lists, bound_to, expected, sentence",
    [
        (("0", "1"), {0, 1}, (2, 2), "none, each has arithmetic units of its own"),
        (
            ("0-1", "0-1", "2-3", "2-3"),
            {0, 1, 2, 3},
            (2, 4),
            "4 hyper-threads on 2 cores, .*; more than 2 threads may gain little",
        ),
        (("0,2", "1,3", "0,2", "1,3"), {0, 1}, (2, 4), "4 hyper-threads on 2 cores, whose arithmetic units they share$"),
        (("0-3", "0-3"), {0, 1}, (1, 4), "4 hyper-threads on 1 core, .*; more than 1 thread may gain little"),
        (("0", ""), {0, 1}, None, "not told by this system"),
        ((), {0}, None, "not told by this system"),
    ],
)
def test_hyper_threads(machine, monkeypatch, lists, bound_to, expected, sentence):
    machine(with_siblings(*lists), bound_to)
    monkeypatch.setattr(cores, "quota", lambda: None)
    assert sharing.siblings() == expected
    assert re.match(sentence, info.info()["processor"]["shared cores"])


def test_hyper_threads_of_a_mac(monkeypatch):
    told = {"hw.physicalcpu": "4\n", "hw.logicalcpu": "8\n"}
    monkeypatch.setattr(sharing.sys, "platform", "darwin")
    monkeypatch.setattr(sharing.subprocess, "run", lambda command, **how: SimpleNamespace(stdout=told.get(command[-1], "")))
    assert sharing.siblings() == (4, 8)
    told.clear()
    assert sharing.siblings() is None


@pytest.mark.parametrize(
    "times, part, sentence",
    [
        ("cpu  60 10 20 800 5 0 0 10 0 0", 0.1, "a virtual machine, .*gave others 10.0% of the time"),
        ("cpu  60 10 20 800 5 0 0 0 0 0", 0.0, "a virtual machine, .*gave others 0.0% of the time"),
        ("cpu  1 2 3 4", None, "a virtual machine, whose host knows better$"),
        ("cpu  0 0 0 9 0 0 0 0", None, "a virtual machine, whose host knows better$"),
    ],
)
def test_a_virtual_machine_says_what_its_host_took(machine, times, part, sentence):
    machine({"proc/stat": times, "proc/cpuinfo": "flags\t\t: fpu hypervisor avx2"})
    assert sharing.stolen() == part
    assert re.search(sentence, info.info()["processor"]["shared cores"])
    machine({"proc/cpuinfo": "flags\t\t: fpu avx2"})
    assert not sharing.lent() and "virtual" not in info.info()["processor"]["shared cores"]


@pytest.mark.parametrize("threads, said", [(1, "fewer than the 4 cores that"), (4, ""), (5, "more than the 4 cores for them")])
def test_threads_are_held_against_cores(monkeypatch, threads, said):
    monkeypatch.setattr(cores, "usable", lambda: 4)
    monkeypatch.setattr(scaling, "speedup", lambda: 1.0)
    mm.set_num_threads(threads)
    text = info.info()["threads"]["kernels"]
    assert text.startswith(f"{threads} (") and said in text and (said or text.endswith(")"))


def test_blas_is_named_with_its_threads():
    assert re.search(r"\d threads?; one while training|none that", info.info()["threads"]["BLAS"])


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
