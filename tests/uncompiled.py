"""The suite without the compiler (NUMBA_DISABLE_JIT=1): what takes too long in plain Python is skipped, and says so.

Most tests take a moment even then, and a debugger can step through them. What trains a network takes minutes: which tests
these are depends on the machine, so a clock finds them and not a list.
"""

import contextlib
import signal

import pytest
from numba import config

SECONDS = 30


def too_long(*_):
    pytest.skip(f"more than {SECONDS} s in plain Python")


@contextlib.contextmanager
def time_limit():
    """Skips the test that stays here for longer; only without the compiler, and where there are alarms (not on Windows)."""
    if not config.DISABLE_JIT or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
