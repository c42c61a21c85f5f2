"""Memory that is used again: who holds a block, when it returns, and that nobody gets it twice."""

import gc
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import models
from minimix.kernels import memory

BIG = memory.SMALL  # the smallest request that is served from the shelf


@pytest.fixture(autouse=True)
def empty_shelf():
    gc.collect()
    memory.release()
    yield
    memory.release()


def address(array):
    return array.__array_interface__["data"][0]


def live_blocks():
    gc.collect()
    return len(memory._watched)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.int64, np.complex128, "f4", float])
@pytest.mark.parametrize(
    "shape", [(BIG,), (3, 5, 7, 1001), (1, BIG), (2, 3), (), (0,), (4, 0, 9), (BIG - 1,), (BIG + 1,)], ids=str
)
def test_looks_like_numpys_empty(shape, dtype):
    ours, theirs = memory.empty(shape, dtype), np.empty(shape, dtype)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype and ours.strides == theirs.strides
    assert ours.flags.c_contiguous and ours.flags.writeable and ours.flags.aligned
    ours[...] = 3
    assert (ours == 3).all()


@pytest.mark.parametrize("nbytes", [BIG, BIG + 1, 100_003, 1 << 20])
def test_blocks_begin_at_a_cache_line(nbytes):
    arrays = [memory.empty((nbytes,), np.uint8) for _ in range(5)]
    assert all(address(a) % memory.ALIGNMENT == 0 for a in arrays)


def test_a_block_returns_when_its_last_view_is_gone():
    array = memory.empty((8, 16, 1024))
    where, nbytes = address(array), array.nbytes
    view = array.reshape(16, 8, 1024).transpose(2, 0, 1)[5:, 3]
    array[...] = 7
    del array
    assert memory.shelved_bytes() == 0
    other = memory.empty((8, 16, 1024))
    other[...] = 1
    assert (view == 7).all() and address(other) != where
    del view
    assert memory.shelved_bytes() == nbytes
    again = memory.empty((16, 8192), np.float32)  # another shape of that size
    assert address(again) == where and memory.shelved_bytes() == 0


def test_what_numpy_makes_of_a_block_keeps_it_alive():
    array = memory.empty((64, 1024))
    array[...] = 5
    forms = [array.view(np.int32), np.asarray(array), memoryview(array), iter(array), np.frombuffer(array, np.float32)]
    del array
    for _ in range(len(forms)):
        memory.empty((64, 1024))[...] = 0
        assert memory.shelved_bytes() == 64 * 1024 * 4  # only the other one
        forms.pop()
    memory.empty((64, 1024))
    assert memory.shelved_bytes() == 2 * 64 * 1024 * 4


def test_no_block_is_handed_out_twice():
    first, second = memory.empty((BIG,)), memory.empty((BIG,))
    assert not np.shares_memory(first, second)
    del first
    third, fourth = memory.empty((BIG,)), memory.empty((BIG,))
    assert not any(np.shares_memory(a, b) for a, b in [(second, third), (second, fourth), (third, fourth)])


def test_no_block_is_handed_out_twice_to_many_threads():
    failures = []

    def work(mark):
        random = np.random.default_rng(mark)
        held = []
        for step in range(300):
            array = memory.empty((BIG + int(random.integers(3)) * memory.GRAIN,), np.uint8)
            array[...] = mark
            held.append(array)
            if len(held) > 4 or step % 3 == 0:
                gone = held.pop(int(random.integers(len(held))))
                if not (gone == mark).all():
                    failures.append(mark)
        failures.extend(mark for array in held if not (array == mark).all())

    threads = [threading.Thread(target=work, args=(mark,)) for mark in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_what_is_needed_for_a_moment_shares_the_largest_piece():
    for size in (2 * BIG, 5 * BIG, 3 * BIG, 5 * BIG, 2 * BIG):  # as blocks of a network that grow and shrink
        memory.empty((size,), np.uint8, scratch=True)
    assert memory.shelved_bytes() == 5 * BIG
    large, other = memory.empty((4 * BIG,), np.uint8, scratch=True), memory.empty((BIG,), np.uint8, scratch=True)
    assert not np.shares_memory(large, other) and memory.shelved_bytes() == 0
    del large, other
    assert memory.shelved_bytes() == 6 * BIG
    memory.empty((BIG,), np.uint8, scratch=True)  # the smaller one is large enough
    memory.empty((6 * BIG,), np.uint8)  # nobody else gets a piece of theirs
    assert memory.shelved_bytes() == 12 * BIG
    memory.release()
    assert memory.shelved_bytes() == 0


def test_small_requests_are_left_to_numpy():
    array = memory.empty((memory.SMALL - 1,), np.uint8)
    assert array.base is None
    del array
    assert memory.shelved_bytes() == 0


@pytest.mark.parametrize("limits", [{"LIMIT": 5 * BIG}, {"FLOOR": 5 * BIG}])
def test_the_shelf_has_a_limit(monkeypatch, limits):
    monkeypatch.setattr(memory, "LIMIT", 1 << 30)
    for name, value in limits.items():
        monkeypatch.setattr(memory, name, value)
    for size in range(BIG, 40 * BIG, memory.GRAIN):  # a new size each time, never more than 40 BIG at once
        memory.empty((size,), np.uint8)
        assert memory.shelved_bytes() <= (5 * BIG if "LIMIT" in limits else max(5 * BIG, 4 * size))
    assert memory.shelved_bytes() >= BIG


def test_what_waited_longest_leaves_the_shelf_first(monkeypatch):
    monkeypatch.setattr(memory, "LIMIT", 6 * BIG)
    where = {size: address(memory.empty((size * BIG,), np.uint8)) for size in (1, 2, 3)}
    assert memory.shelved_bytes() == 6 * BIG
    memory.empty((BIG,), np.uint8)  # used again
    memory.empty((4 * BIG,), np.uint8)
    assert memory.shelved_bytes() == 5 * BIG
    assert address(memory.empty((BIG,), np.uint8)) == where[1]


def test_the_shelf_takes_nothing_larger_than_its_limit(monkeypatch):
    monkeypatch.setattr(memory, "LIMIT", 5 * BIG)
    memory.release()
    large = memory.empty((6 * BIG,), np.uint8)
    del large
    assert memory.shelved_bytes() == 0


def test_release():
    array = memory.empty((BIG,))
    del array
    assert memory.shelved_bytes() > 0
    memory.release()
    assert memory.shelved_bytes() == 0


RELEASED = """
import re, sys
from minimix.kernels import memory

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) << 10

before, small = resident(), []
for _ in range(3):  # large blocks, and between them small ones that stay, as any program has them
    arrays = []
    for size in range(200_000, 3_000_000, 100_000):
        arrays.append(memory.empty((size,), "u1"))
        arrays[-1][...] = 1
        small.append(bytes(5000))
    used = resident() - before
    del arrays
    memory.release()
print(used, resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux how much memory a process has")
def test_release_gives_the_memory_back_to_the_system():
    done = subprocess.run([sys.executable, "-c", RELEASED], capture_output=True, text=True, check=True)
    used, left = map(int, done.stdout.split())
    assert used > 40e6 and left < 2e6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("nbytes", [memory.SMALL, memory.HUGE])
def test_what_a_forked_child_writes_is_its_own(nbytes):
    script = f"""
import os
from minimix.kernels import memory
array = memory.empty(({nbytes},), "u1")
array[...] = 1
child = os.fork()
if not child:
    array[...] = 2
    os._exit(0)
os.waitpid(child, 0)
print(array.min(), array.max())
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]


@pytest.mark.parametrize("nbytes", [1 << 60, 1 << 80])
def test_more_than_there_is(nbytes):
    with pytest.raises((MemoryError, ValueError, OverflowError)):
        memory.empty((nbytes,), np.uint8)
    assert memory.empty((BIG,)).size == BIG  # and the books are in order
    assert memory._in_use == 0


def test_training_neither_leaks_nor_asks_for_more():
    """After a few steps the same blocks go round and round; none stays in anybody's hands between the steps."""
    model = models.create("mixnet_nano", width=0.5)
    x, labels = np.random.default_rng(0).standard_normal((16, 3, 16, 16)).astype(np.float32), np.arange(16) % 10
    counts = []
    for step in range(50):
        F.cross_entropy(model(x), labels).backward()
        model.zero_grad()
        if step % 9 == 4:
            counts.append((live_blocks(), memory.shelved_bytes()))
    assert len(set(counts)) == 1, counts
    assert counts[0][0] == 0 < counts[0][1]


def test_evaluation_keeps_nothing():
    model = models.create("mixnet_nano", width=0.5).eval()
    x = np.zeros((16, 3, 16, 16), np.float32)
    with mm.no_grad():
        out = model(x)
    del out
    assert live_blocks() == 0
