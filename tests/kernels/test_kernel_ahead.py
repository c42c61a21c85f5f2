"""A second process compiles what will be needed next."""

import numba
import numpy as np
import pytest
from numba.core import config

import minimix as mm
from minimix import nn
from minimix.kernels import ahead, block
from minimix.kernels.ahead import Ahead
from minimix.ops.block import MANY, compile_backward

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")


@pytest.fixture(autouse=True)
def two_threads():
    before = mm.get_num_threads()
    mm.set_num_threads(2)
    yield
    mm.set_num_threads(before)


def fresh_kernel():
    return numba.njit(lambda x: x + 1)


def writing(path) -> str:
    return f"open({str(path)!r}, 'a').write('{{}} ')"


def test_runs_once_and_only_if_the_first_kernel_is_compiled(tmp_path):
    first, other, path = fresh_kernel(), fresh_kernel(), tmp_path / "words"
    beside = Ahead(first, writing(path))
    first(1)
    with beside.watching("no"):
        first(2)  # it is there already
        other(1)  # nobody asked about that one
    beside.wait()
    assert not path.exists()
    with beside.watching("yes"):
        first(1.5)
    beside.wait()
    assert path.read_text() == "yes "
    with beside.watching("yes"):
        first(1j)  # once is enough
    beside.wait()
    assert path.read_text() == "yes "


def test_nothing_runs_beside_one_thread_or_without_a_known_python(tmp_path, monkeypatch):
    path = tmp_path / "words"
    mm.set_num_threads(1)
    first = fresh_kernel()
    beside = Ahead(first, writing(path))
    with beside.watching("a"):
        first(1)
    beside.wait()
    mm.set_num_threads(2)
    monkeypatch.setattr(ahead.sys, "executable", None)  # where Python is part of another program
    with beside.watching("b"):
        first(1.5)
    beside.wait()
    monkeypatch.undo()
    monkeypatch.setattr(ahead.cache, "folder", lambda: None)  # what it compiles could not be handed over
    with beside.watching("c"):
        first(1j)
    beside.wait()
    assert not path.exists()


def test_one_at_a_time(tmp_path):
    path = tmp_path / "words"
    first = fresh_kernel()
    beside = Ahead(first, f"import time; time.sleep(0.5); {writing(path)}")
    for what, x in (("slow", 1), ("skipped", 1.5)):
        with beside.watching(what):
            first(x)
    beside.wait()
    assert path.read_text() == "slow "


def test_failures_are_nobodys_business(monkeypatch, capfd, tmp_path):
    first = fresh_kernel()
    beside = Ahead(first, "raise RuntimeError('{}')")
    with beside.watching("a"):
        assert first(1) == 2
    beside.wait()
    monkeypatch.setattr(ahead.sys, "executable", str(tmp_path / "gone"))
    with beside.watching("b"):
        assert first(1.5) == 2.5
    beside.wait()
    assert capfd.readouterr() == ("", "")


def test_the_second_process_uses_this_minimix(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, path = fresh_kernel(), tmp_path / "words"
    beside = Ahead(first, f"import minimix; open({str(path)!r}, 'w').write(minimix.__file__)")
    with beside.watching("a"):
        first(1)
    beside.wait()
    assert path.read_text() == mm.__file__


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("images", [1, MANY])
@pytest.mark.parametrize("options", [{}, {"expansion": 1, "se": 0.5}, {"stride": 2, "out_channels": 6, "se": 0.0}])
def test_what_it_compiles_is_what_blocks_call(dtype, options, images):
    layer = nn.MixBlock(**{"in_channels": 4, "out_channels": 4, "kernel_sizes": (3, 5), "expansion": 2} | options)
    x = mm.Tensor(np.random.default_rng(0).standard_normal((images, 4, 5, 5)).astype(dtype), requires_grad=True)
    (layer.double() if dtype == "float64" else layer)(x).sum().backward()
    compiled = set(block.backward.overloads)
    compile_backward(dtype, images)
    assert set(block.backward.overloads) == compiled
