"""Every notebook of the course, solved, runs without an error or a warning; each has the form that all have.

A run takes from seconds to two minutes, in a process of its own. For one notebook:
pytest tests/notebooks -k 04_mixconv
"""

import importlib.util
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from book import COURSE, PATHS, read
from form import problems

HERE = Path(__file__).parent
MISSING = [name for name in ("nbformat", "nbclient", "ipykernel") if importlib.util.find_spec(name) is None]

each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def run(path: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, str(HERE / "refresh.py"), "--solved", str(path)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env={**os.environ, "PYTHONUTF8": "1"})


@pytest.fixture(scope="session")
def runs(request):
    """A run of each chosen notebook: two at a time, since most keep one core busy; the last, which train, come first."""
    chosen = [item.callspec.params["path"] for item in request.session.items if item.function is test_runs]
    pool = ThreadPoolExecutor(2)
    yield {path: pool.submit(run, path) for path in reversed(chosen)}
    pool.shutdown(cancel_futures=True)


@each
def test_runs(path, request):
    if MISSING:
        pytest.skip(f"pip install {' '.join(MISSING)} to run the notebooks")
    done = request.getfixturevalue("runs")[path].result()
    assert done.returncode == 0, done.stderr or done.stdout


@each
def test_form(path):
    wrong = problems(path.stem, read(path), path.stat().st_size)
    assert not wrong, "\n".join(wrong)


def test_the_course_is_complete():
    assert [path.stem for path in PATHS] == sorted(COURSE)
