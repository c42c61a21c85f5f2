"""An empty folder, and a run in it."""

import shutil

import pytest
from cli_runs import RUN, TRAIN, small_patterns

from minimix import cli


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """Nobody's runs, and nobody's data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINIMIX_DATA", raising=False)
    monkeypatch.delenv("MINIMIX_DEBUG", raising=False)
    monkeypatch.setattr("minimix.data.user_cache", lambda: tmp_path / "cache")
    small_patterns(monkeypatch)


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as stop:
        patch.chdir(folder)
        small_patterns(patch)
        cli.main(list(TRAIN))
    assert stop.value.code == 0
    return folder / RUN


@pytest.fixture
def trained(trained_once):
    """A run in this test's own folder."""
    shutil.copytree(trained_once, RUN)
    return RUN
