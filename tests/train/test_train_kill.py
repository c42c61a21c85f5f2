"""Killed without warning, at any moment, a run goes on to the bit as if nothing had happened.

The run that is not killed compiles all kernels itself; the others find them in the cache. That must make no difference either.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from numba import config

import minimix
from minimix.train import checkpoint, metrics

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="a run in plain Python takes minutes")
PROGRAM = Path(__file__).with_name("small.py")


def start(runs) -> subprocess.Popen:
    cache = str(runs.parent / "kernels")
    environment = {**os.environ, "PYTHONPATH": str(Path(minimix.__file__).parents[1]), "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, str(PROGRAM), str(runs)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(runs) -> str:
    process = start(runs)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def steps(folder) -> int:
    """How far the checkpoint is; it is read while it is being replaced."""
    try:
        return checkpoint.load(folder / "last.safetensors")[1]["position"]["step"]
    except FileNotFoundError:
        return -1


def test_a_killed_run_ends_as_if_it_had_not_been(tmp_path):
    finish(tmp_path / "whole")  # first, so that the cache is empty
    moments, seen = random.Random(), []  # others each time
    folder = tmp_path / "broken" / "killed"
    for early in (True, False, False, False):
        process, before = start(tmp_path / "broken"), steps(folder)
        deadline = time.monotonic() + (moments.uniform(0, 2) if early else 120)
        while steps(folder) <= before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.3))
        process.kill()
        process.communicate()
        seen.append(steps(folder))
    assert any(0 < step < 40 for step in seen), f"no kill came in the middle: {seen}"
    finish(tmp_path / "broken")

    whole = tmp_path / "whole" / "killed"
    for name in ("last.safetensors", "best.safetensors"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), f"{name}, killed at {seen}"
    tables = [(f / "metrics.csv").read_text().splitlines() for f in (folder, whole)]
    ours, theirs = ([line.split(",")[: -len(metrics.TIMING)] for line in table] for table in tables)
    assert ours == theirs and len(ours) == 1 + 4
    assert not [path for path in folder.iterdir() if path.suffix == ".part"]
