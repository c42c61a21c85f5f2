"""``minimix plot``: curves of runs, and what it refuses."""

import os
import shutil
from pathlib import Path

import pytest
from cli_runs import RUN

from minimix.cli import plotting

pytestmark = pytest.mark.usefixtures("empty_folder")


@pytest.mark.parametrize(("typed", "where"), [
    ([], RUN / "curves.png"), ([RUN.name], RUN / "curves.png"), ([RUN / "last.safetensors"], RUN / "curves.png"),
    ([RUN, "other"], "runs/curves.png"), ([RUN, RUN], RUN / "curves.png"), ([RUN, "--output", "a.svg"], "a.svg"),
    (["other", RUN, "--output", "b.PDF", "--title", "two"], "b.PDF"),
])  # fmt: skip
def test_plot(minimix, trained, typed, where):
    shutil.copytree(trained, "runs/other")
    (trained / "curves.png").unlink()
    os.utime(trained / "last.safetensors", (2e9, 2e9))
    code, output, errors = minimix("plot", *typed)
    assert code == 0 and f"drawn in {where}" in output and "1 epoch\n" in output, errors
    start = {".png": b"\x89PNG", ".svg": b"<?xml", ".PDF": b"%PDF"}[Path(where).suffix]
    assert Path(where).read_bytes().startswith(start)


@pytest.mark.parametrize(("typed", "expected"), [
    (["--output", "a.gif"], "--output: a.gif must end in one of .png"), (["--output", "no/a.png"], "there is no folder no"),
    (["nothing"], "no file, folder or run is called nothing"),
])  # fmt: skip
def test_plot_refuses(minimix, trained, typed, expected):
    code, output, errors = minimix("plot", *typed)
    assert code == 2 and expected in errors and not output


def test_plot_names_a_damaged_table(minimix, trained):
    (trained / "metrics.csv").write_bytes(b"\0" * 10)
    code, output, errors = minimix("plot")
    assert code == 0 and "metrics.csv is no table of epochs" in errors and "taking the epochs from" in errors
    assert "1 epoch" in output
    (trained / "last.safetensors").unlink()
    code, _, errors = minimix("plot", RUN.name)
    assert code == 2 and "metrics.csv is no table of epochs" in errors


def test_a_run_that_is_drawn_anew_keeps_its_title(trained):
    assert plotting._title(RUN) == f"{RUN.name}: mixnet_nano on patterns10"
    (RUN / "config.json").write_text("[]")
    assert plotting._title(RUN) == RUN.name
