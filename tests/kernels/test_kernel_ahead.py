"""A second process compiles what will be needed next."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from numba import types
from numba.core import config

import minimix as mm
import minimix.functional as F
from minimix import nn
from minimix.kernels import ahead, block, cache, dense, norm, product

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
VECTOR = types.Array(types.float32, 1, "C")
OTHER = types.Array(types.float64, 1, "C")
MOVE = VECTOR, OTHER, types.float64, types.float64  # of ``norm.move``, which is quickly compiled


@pytest.fixture
def other(tmp_path, monkeypatch):
    """A process of the test's own, with an empty cache."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    process = ahead._Other()
    monkeypatch.setattr(ahead, "_other", process)
    yield process
    process.end()


@pytest.fixture
def two_threads():
    before = mm.get_num_threads()
    mm.set_num_threads(2)
    yield
    mm.set_num_threads(before)


def test_who_wants_the_kernel_waits_for_it_and_finds_it(other):
    other.ask(norm.move, MOVE)
    other.ask(norm.move, MOVE)  # once is enough
    path = norm.move._cache.path(MOVE)
    assert other.asked == [path] and not path.exists()
    other.wait(path)
    assert cache.read(path)
    other.wait(path)  # there is nothing to wait for any more
    assert other.process.wait(60) == 0


def test_nobody_waits_for_a_kernel_that_is_not_begun(other):
    wrong = types.unicode_type, *MOVE[1:]  # fails: it is never there
    for asked in (wrong, MOVE):
        other.ask(norm.move, asked)
    other.wait(norm.move._cache.path(MOVE))
    assert other.done == 0
    other.wait(norm.move._cache.path(wrong))  # until it is known to have failed
    assert other.done == 1 and not norm.move._cache.path(wrong).exists()


@pytest.mark.parametrize("code", ["raise SystemExit", "import os; os.close(0); os.close(1)"])
def test_its_end_is_nobodys_business(other, code, monkeypatch, capfd):
    start = [sys.executable, "-c", code]
    monkeypatch.setattr(ahead, "_start", lambda: subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    for number in (types.float32, types.float64):
        asked = MOVE[0], MOVE[1], number, number
        other.ask(norm.move, asked)
        other.wait(norm.move._cache.path(asked))
    assert capfd.readouterr() == ("", "")


def test_a_python_that_is_gone_is_nobodys_business(other, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    other.ask(norm.move, MOVE)
    assert other.process is None and not other.asked


def asked_by(monkeypatch, action) -> list:
    """The names of the kernels that are asked for while something runs, with no kernel compiled before."""
    asked = []
    monkeypatch.setattr(ahead, "_other", type("", (), {"ask": lambda _, kernel, found: asked.append(kernel.__name__)})())
    event = type("", (), {"data": {"dispatcher": product.forward, "args": (types.int64,) * 8}})()
    event.data["args"] = (types.int64, types.int64, VECTOR.copy(ndim=2), VECTOR, VECTOR, types.int64, types.int64, VECTOR)
    action(lambda: ahead._Compiling().on_start(event))
    return asked


def test_only_where_a_backward_pass_may_follow_and_there_is_a_second_thread(two_threads, monkeypatch):
    def action(compile):
        with mm.no_grad():
            compile()
        mm.set_num_threads(1)
        compile()
        mm.set_num_threads(2)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "executable", None)  # where Python is part of another program
            compile()
            patch.undo()
        with monkeypatch.context() as patch:
            patch.setattr(cache, "folder", lambda: None)  # what it compiles could not be handed over
            compile()

    assert asked_by(monkeypatch, action) == []
    assert asked_by(monkeypatch, lambda compile: compile()) == ["backward"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_leaves_it_alone(other):
    other.ask(norm.move, MOVE)
    child = os.fork()
    if child == 0:
        os._exit(0 if other.process is None and not other.asked else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert other.process.poll() is None
    other.wait(norm.move._cache.path(MOVE))
    assert norm.move._cache.path(MOVE).exists()


def test_it_ends_with_this_process(tmp_path):
    code = """
        from minimix.kernels import ahead, norm
        from numba import types
        real, double = (types.Array(t, 1, "C") for t in (types.float32, types.float64))
        ahead._other.ask(norm.move, (real, double, types.float64, types.float64))
        print(ahead._other.process.pid)
    """
    run = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    found = subprocess.run(run, capture_output=True, text=True, env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)})
    assert found.stderr == ""
    with pytest.raises(OSError):
        os.kill(int(found.stdout), 0)


def types_that_follow(forward) -> set:
    _, types_of = ahead._next[forward]
    return {types_of(*signature) for signature in forward.overloads}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("images", [1, 256])
@pytest.mark.parametrize("options", [{}, {"expansion": 1, "se": 0.5}, {"stride": 2, "out_channels": 6, "se": 0.0}])
def test_what_it_compiles_is_what_blocks_call(dtype, options, images):
    layer = nn.MixBlock(**{"in_channels": 4, "out_channels": 4, "kernel_sizes": (3, 5), "expansion": 2} | options)
    x = mm.Tensor(np.random.default_rng(0).standard_normal((images, 4, 5, 5)).astype(dtype), requires_grad=True)
    (layer.double() if dtype == "float64" else layer)(x).sum().backward()
    assert set(block.backward.overloads) <= types_that_follow(block.forward)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_it_compiles_is_what_layers_call(dtype):
    x, weight, kernels, some = (
        mm.Tensor(np.ones(shape, dtype), requires_grad=True) for shape in ((2, 4, 5, 5), (4, 4, 1, 1), (4, 4, 3, 3), (4,))
    )
    y = F.batch_norm(F.conv2d(F.pointwise_conv2d(x, weight), kernels), None, None, some, some, True)
    y.sum().backward()
    assert set(product.backward.overloads) <= types_that_follow(product.forward)
    assert set(dense.weight_grad.overloads) <= types_that_follow(dense.forward)
    assert set(norm.backward.overloads) <= types_that_follow(norm.forward)
