"""The pool of threads: every start once, errors, interrupts, calls from several threads at once, and after a fork."""

import _thread
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from numba.core import config

import minimix as mm
import minimix.functional as F
from minimix.kernels import cores, threads
from minimix.kernels.threads import parallel

rng = np.random.default_rng(0)


def starts_of(n, **options):
    """(start, step, Python thread) of every call that one ``parallel`` makes."""
    calls = []
    mm.set_num_threads(n)
    parallel(lambda start, step: (calls.append((start, step, threading.get_ident())), time.sleep(0.01)), **options)
    return sorted(calls)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
def test_each_start_runs_once_on_a_thread_of_its_own(n):
    for _ in range(3):
        calls = starts_of(n)
        assert [(start, step) for start, step, _ in calls] == [(i, n) for i in range(n)]
        assert calls[0][2] == threading.get_ident() and len({ident for _, _, ident in calls}) == n


def test_fewer_threads_on_request_but_never_more():
    assert len(starts_of(4, threads=2)) == 2
    assert len(starts_of(2, threads=8)) == 2
    assert len(starts_of(4, threads=1)) == 1


def test_arguments_arrive():
    out = np.zeros(10)
    mm.set_num_threads(3)

    def kernel(start, step, array, value):
        for i in range(start, len(array), step):
            array[i] += value * i

    parallel(kernel, out, 2.0)
    np.testing.assert_array_equal(out, 2.0 * np.arange(10))


def test_a_kernel_that_calls_parallel_does_not_wait_for_itself():
    done = []
    mm.set_num_threads(2)
    parallel(lambda start, step: parallel(lambda inner, inner_step: done.append((start, inner, inner_step))))
    assert sorted(done) == [(0, 0, 1), (1, 0, 1)]


@pytest.mark.parametrize("bad", [0, 1, 2, 3])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_errors_reach_the_caller_and_the_pool_goes_on(bad, error):
    mm.set_num_threads(4)
    finished = []

    def kernel(start, step):
        if start == bad:
            raise error("broken on purpose")
        time.sleep(0.02)
        finished.append(start)

    for _ in range(2):
        finished.clear()
        with pytest.raises(error, match="on purpose"):
            parallel(kernel)
        if bad or error is ValueError:  # nobody still writes when the caller goes on; an interrupted caller need not wait
            assert sorted(finished) == [i for i in range(4) if i != bad]
        time.sleep(0.03)
    assert len({ident for *_, ident in starts_of(4)}) == 4


@pytest.fixture
def ctrl_c():
    """Interrupts are seen, even where a shell runs the tests in the background and has them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="Windows does not interrupt a wait for a lock")
@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("late", [False, True])
def test_ctrl_c_while_waiting_for_the_others(late):
    """The caller is done with its own share. Afterwards all threads must be there, and in step."""
    mm.set_num_threads(3)

    def kernel(start, step):
        if start == 1:
            time.sleep(0.05)
            if late:
                _thread.interrupt_main()  # seen when the wait is over
            else:
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # ends the wait
            time.sleep(0.1)

    with pytest.raises(KeyboardInterrupt):
        parallel(kernel)
        time.sleep(1)
    for _ in range(3):
        calls = starts_of(3)
        assert [start for start, *_ in calls] == [0, 1, 2] and len({ident for *_, ident in calls}) == 3
        time.sleep(0.05)


def test_number_of_threads():
    mm.set_num_threads(3)
    assert mm.get_num_threads() == 3
    for wrong in (0, -1, 1.5, True, "2", None):
        with pytest.raises(ValueError, match="whole number"):
            mm.set_num_threads(wrong)
    assert mm.get_num_threads() == 3


@pytest.mark.parametrize("variable", ["MINIMIX_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS"])
def test_number_of_threads_from_the_environment(variable, monkeypatch):
    for name in ("MINIMIX_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert threads._default_threads() >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv(variable, "5")
    assert threads._default_threads() == 5
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for wrong in ("0", "two", "-1", "1.5", "dynamic", "0x2", "²", ",", "9" * 5000):
        monkeypatch.setenv(variable, wrong)
        if variable == "MINIMIX_NUM_THREADS":
            with pytest.raises(ValueError, match=f"{variable}='{wrong}': expected a whole number"):
                threads._default_threads()
        else:  # OpenMP's and Numba's own: they do not refuse either
            assert threads._default_threads() == cores.usable()
    monkeypatch.setenv(variable, "")
    assert threads._default_threads() == cores.usable()


def test_openmps_list_of_nested_levels(monkeypatch):
    for name in ("MINIMIX_NUM_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", " 3 , 2")
    assert threads._default_threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "nonsense,2")
    assert threads._default_threads() == cores.usable()


# -- with the real kernels ---------------------------------------------------------------------------------------------


IMAGES = 1 if config.DISABLE_JIT else 40  # enough for all threads; plain Python would take minutes


def layer(seed):
    """Forward and backward of a few layers, and of a block, whose threads meet."""
    random = np.random.default_rng(seed)
    x, w3, w5, w1, w = (
        mm.Tensor(random.standard_normal(s).astype(np.float32), requires_grad=True)
        for s in ((IMAGES, 8, 20, 20), (4, 1, 3, 3), (4, 1, 5, 5), (16, 8, 1, 1), (4, 8, 3, 3))
    )

    def norm(channels):
        one, zero = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        return one, zero, F.Normalisation(running=(zero.copy(), one.copy()), activation="swish")

    y = F.batch_norm(F.pointwise_conv2d(F.mixconv2d(x, [w3, w5]), w1), training=True, activation="swish")
    z = F.conv2d(x, w, padding=1)
    block = F.mix_block(x, [w3, w5], [w1], (None, norm(8), norm(16)), training=True)
    ((y * y).mean() + (z * z).mean() + (block * block).mean()).backward()
    return [y.data, z.data, block.data, *(t.grad for t in (x, w3, w5, w1, w))]


def same(a, b):
    return all(np.array_equal(p, q) for p, q in zip(a, b, strict=True))


def test_several_python_threads_at_once():
    mm.set_num_threads(2)
    expected = [layer(seed) for seed in range(4)]
    wrong, errors = [], []

    def work(seed):
        try:
            wrong.extend(seed for _ in range(15) if not same(layer(seed), expected[seed]))
        except BaseException as error:
            errors.append(error)

    pool = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    assert not wrong and not errors


FORK = """
import os, sys, threading, warnings
import numpy as np
import minimix as mm
sys.path.insert(0, {tests!r})
from test_kernel_threads import layer, same
warnings.simplefilter("ignore")  # newer Pythons warn that forking with threads is risky: that is the subject
mm.set_num_threads(2)
expected = layer(0)
busy = threading.Event()
stop = threading.Event()
def work():
    while not stop.is_set():
        layer(1)
        busy.set()
other = threading.Thread(target=work)
if {busy}:
    other.start()
    busy.wait()
for _ in range(4):
    child = os.fork()
    if not child:
        os._exit(0 if same(layer(0), expected) and mm.get_num_threads() == 2 else 3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert same(layer(0), expected)
stop.set()
print("all the same")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("busy", [False, True])
def test_after_a_fork(busy):
    """The child has none of its parent's threads, and the parent may have been in the middle of something."""
    script = FORK.format(tests=str(pathlib.Path(__file__).parent), busy=busy)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "all the same", done.stderr


ENDS = """
import sys, threading
import minimix as mm
sys.path.insert(0, {tests!r})
from test_kernel_threads import layer
mm.set_num_threads(3)
layer(0)
threading.Thread(target=lambda: [layer(0) for _ in range(10**9)], daemon=True).start()
print("the end")
"""


def test_python_ends_in_the_middle_of_a_kernel():
    """The pool's threads end with the process, whoever waits for them."""
    script = ENDS.format(tests=str(pathlib.Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stdout.strip() == "the end", done.stderr


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="Windows does not interrupt a wait for a lock")
@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupt_leaves_no_idle_threads_behind():
    mm.set_num_threads(3)

    def interrupted(start, step):
        if start == 1:
            time.sleep(0.02)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            time.sleep(0.05)

    starts_of(3)
    before = sum(thread.name == "minimix" for thread in threading.enumerate())
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            parallel(interrupted)
            time.sleep(1)
        starts_of(3)
    deadline = time.monotonic() + 5
    while sum(thread.name == "minimix" for thread in threading.enumerate()) > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sum(thread.name == "minimix" for thread in threading.enumerate()) <= before


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no such timer")
@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupt_at_any_moment_leaves_the_pool_as_it_was():
    """Also between taking one's turn and the work: a turn that is never given back leaves one thread for good."""

    def interrupt(*_):
        raise KeyboardInterrupt

    mm.set_num_threads(3)
    before, interrupted = signal.signal(signal.SIGALRM, interrupt), 0
    try:
        for delay in np.random.default_rng(0).uniform(1e-6, 3e-4, 1500):
            parallel(lambda start, step: None)  # there are workers: to start a thread is up to Python, interrupts and all
            try:
                signal.setitimer(signal.ITIMER_REAL, delay)
                while True:
                    parallel(lambda start, step: None)
            except KeyboardInterrupt:
                interrupted += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            assert not threads._turn.locked()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert interrupted == 1500
    assert len({ident for *_, ident in starts_of(3)}) == 3
    deadline = time.monotonic() + 5
    while sum(thread.name == "minimix" for thread in threading.enumerate()) > 50 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sum(thread.name == "minimix" for thread in threading.enumerate()) <= 50


COMPILES = """
import os, sys, threading, time, warnings
import numpy as np
import minimix as mm
from minimix.kernels.jit import kernel
from numba.core import event
warnings.simplefilter("ignore")  # newer Pythons warn that forking with threads is risky: that is the subject

@kernel
def one(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i] ** 3
    return total

@kernel
def other(x):
    return x[0] * 2

class Started(event.Listener):
    def on_start(self, event):
        compiling.set()
    def on_end(self, event):
        pass

compiling = threading.Event()
event.register("numba:compile", Started())
thread = threading.Thread(target=lambda: one(np.ones(5)))
thread.start()
compiling.wait()
child = os.fork()
if not child:
    os._exit(0 if other(np.ones(3)) == 2 and one(np.ones(5)) == 5 else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
thread.join()
print(other(np.ones(3)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
def test_a_child_forked_while_another_thread_compiles_can_compile(tmp_path):
    """It has the compiler's lock, but not the thread that would give it back."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    script = tmp_path / "fork.py"
    script.write_text(COMPILES)
    environment["PYTHONPATH"] = str(pathlib.Path(mm.__file__).parents[1])
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, env=environment)
    assert done.stdout.split() == ["0", "2.0"], done.stderr
