"""What every test begins from."""

import os

os.environ["MPLBACKEND"] = "agg"  # no windows

import hypothesis
import pytest
from uncompiled import time_limit

import minimix as mm

# No deadline: the first example of a test may wait for the compiler. On CI the examples are the same every time.
hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup():
    with time_limit():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    with time_limit():
        return (yield)


@pytest.fixture(autouse=True)
def same_start():
    """Every test draws the same random numbers, alone or after others, and leaves the number of threads as it was."""
    mm.manual_seed(0)
    threads = mm.get_num_threads()
    yield
    mm.set_num_threads(threads)


@pytest.fixture
def minimix(capsys):
    """``minimix("summary", ...)`` -> (exit code, standard output, standard error)."""
    from minimix import cli

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return stop.value.code or 0, output.out, output.err

    return run
