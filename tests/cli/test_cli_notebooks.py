"""``minimix notebooks``, with a JupyterLab that only says what it was started with."""

import functools
import sys
import types
from pathlib import Path

import pytest

from minimix.cli import notebooks

TEXTS = {"00_start_here.ipynb": "first", "01_next.ipynb": "second"}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package with notebooks in it, as pip installs it; the current folder is empty."""
    folder = tmp_path / "site-packages" / "minimix" / "notebooks"
    folder.mkdir(parents=True)
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    monkeypatch.setattr(notebooks, "PACKAGE", folder.parent)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A copy of the repository: notebooks beside the package."""
    for folder in ("minimix", "notebooks"):
        (tmp_path / "repository" / folder).mkdir(parents=True)
    for name, text in TEXTS.items():
        (tmp_path / "repository" / "notebooks" / name).write_text(text)
    monkeypatch.setattr(notebooks, "PACKAGE", tmp_path / "repository" / "minimix")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "repository" / "notebooks"


@pytest.fixture
def started(monkeypatch):
    """What JupyterLab was started with, each time."""
    calls = []
    lab = types.ModuleType("jupyterlab.labapp")
    lab.main = calls.append
    for name, module in {"jupyterlab": types.ModuleType("jupyterlab"), "jupyterlab.labapp": lab}.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "ipywidgets", types.ModuleType("ipywidgets"))
    return calls


@pytest.fixture
def command(minimix):
    """``command("--port", "9000")`` -> (exit code, standard output, standard error)."""
    return functools.partial(minimix, "notebooks")


def test_the_repositorys_notebooks_are_opened_where_they_are(repository, started, command):
    code, out, _ = command()
    assert code == 0 and str(repository) in out and "Ctrl-C" in out
    assert started == [[str(repository / "00_start_here.ipynb"), "--ServerApp.answer_yes=True"]]
    assert [path.name for path in repository.parents[1].iterdir()] == ["repository"], "copies were made"


def test_an_installed_course_is_copied(installed, started, command):
    code, out, _ = command()
    assert code == 0 and "copied 2 notebooks\n" in out
    copies = Path("minimix-course").resolve()
    assert {path.name: path.read_text() for path in copies.iterdir()} == TEXTS
    assert started[0][0] == str(copies / "00_start_here.ipynb")


def test_what_a_learner_wrote_is_never_overwritten(installed, started, command):
    mine = Path("some where/my course")
    command("--folder", str(mine))
    (mine / "00_start_here.ipynb").write_text("solved")
    (mine / "01_next.ipynb").unlink()
    code, out, _ = command("--folder", str(mine))
    assert code == 0 and "copied 1 notebook; 1 was there, and stays as it is" in out
    assert (mine / "00_start_here.ipynb").read_text() == "solved" and (mine / "01_next.ipynb").read_text() == "second"
    assert started[1][0] == str((mine / "00_start_here.ipynb").resolve())
    assert (installed / "00_start_here.ipynb").read_text() == "first"


def test_copies_of_the_repositorys_notebooks(repository, started, command):
    code, _, _ = command("--folder", "mine")
    assert code == 0 and {path.name: path.read_text() for path in Path("mine").iterdir()} == TEXTS
    code, out, _ = command("--folder", str(repository))
    assert code == 0 and "copied" not in out


def test_options_reach_jupyterlab(repository, started, command):
    command("--no-browser", "--port", "9123", "--", "--allow-root", "--ip=0.0.0.0")
    assert started[0][2:] == ["--no-browser", "--port=9123", "--ServerApp.port_retries=0", "--allow-root", "--ip=0.0.0.0"]


@pytest.mark.parametrize("missing", ["jupyterlab", "ipywidgets"])
def test_what_is_not_installed_is_named_before_anything_is_done(installed, started, command, monkeypatch, missing):
    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.setitem(sys.modules, name, None)
    code, out, err = command()
    assert code == 1 and not out and not started and not Path("minimix-course").exists()
    assert err.startswith("error: ") and missing in err and "pip install jupyterlab ipywidgets" in err


def test_notebooks_that_are_gone(installed, started, command):
    (installed / "00_start_here.ipynb").unlink()
    code, _, err = command()
    assert code == 2 and "install minimix anew" in err and not started


def test_a_file_where_the_folder_should_be(installed, started, command):
    Path("taken").write_text("a file")
    code, _, err = command("--folder", "taken")
    assert code in (1, 2) and "taken" in err and not started
    assert Path("taken").read_text() == "a file"


@pytest.mark.parametrize("port", ["0", "99999", "here"])
def test_ports_that_are_none(repository, started, command, port):
    code, _, err = command("--port", port)
    assert code == 2 and "--port" in err and not started


def test_the_real_ones_are_found():
    folder = notebooks.shipped()
    assert (folder / "00_start_here.ipynb").is_file()


def test_root_may_be_allowed(repository, started, command):
    command("--allow-root")
    command()
    assert "--allow-root" in started[0] and "--allow-root" not in started[1]
