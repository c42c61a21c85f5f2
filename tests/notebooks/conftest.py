"""Notebooks run from the beginning, beside the tests: see background.py."""

import importlib.util

import pytest
from background import Runs

NEEDED = ("nbformat", "nbclient", "ipykernel")
RUNS = pytest.StashKey[Runs]()


def pytest_collection_finish(session):
    chosen = [item for item in session.items if item.nodeid.startswith("tests/notebooks/test_notebooks.py::test_runs[")]
    if chosen and not missing() and not session.config.option.collectonly:
        at_once = 2 if len(chosen) == len(session.items) else 1
        session.config.stash[RUNS] = Runs((item.callspec.params["path"] for item in chosen), at_once)


def pytest_unconfigure(config):
    if (runs := config.stash.get(RUNS, None)) is not None:
        runs.end()


@pytest.fixture
def runs(request) -> Runs:
    if missing():
        pytest.skip(f"pip install {' '.join(missing())} to run the notebooks")
    return request.config.stash[RUNS]


def missing() -> list[str]:
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]
