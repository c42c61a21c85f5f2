"""The script that needs a browser, where there is none, and its parts that need none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import try_course

SCRIPT = Path(try_course.__file__)


def test_without_a_browser_it_says_so_in_a_line(tmp_path):
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.startswith("not tried in a browser: there is no chromium or") and done.stdout.count("\n") == 1


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr(try_course, "found", lambda names: f"/usr/bin/{names[0]}")
    monkeypatch.setattr(try_course, "PACKAGES", ("json", "no_such_package"))
    assert try_course.missing() == ["no_such_package"]


def test_the_notebook_that_it_opens_has_a_question_and_a_slider():
    path = SCRIPT.parents[2] / "notebooks" / f"{try_course.NOTEBOOK}.ipynb"
    code = "\n".join("".join(cell["source"]) for cell in try_course.code_cells(path))
    assert "course.predict(" in code and "course.interactive(" in code


def test_waiting_ends():
    results = iter([None, 0, "found"])
    assert try_course.until("a result", lambda: next(results)) == "found"
    with pytest.raises(try_course.Failed, match=r"waited 0 s for a door \(IndexError: no such door\)"):
        try_course.until("a door", fails(IndexError("no such door")), 0.3)
    with pytest.raises(try_course.Failed, match="at once"):
        try_course.until("a door", fails(try_course.Failed("at once")))


def fails(error: Exception):
    def condition():
        raise error

    return condition


def notebook(path: Path, *cells: tuple) -> Path:
    content = [{"cell_type": "code", "source": ["x"], "execution_count": n, "outputs": outputs} for n, outputs in cells]
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": []}, *content]}))
    return path


def test_a_notebook_has_run_when_all_cells_have_and_none_failed(tmp_path):
    result = {"output_type": "stream", "name": "stdout", "text": "1"}
    path = tmp_path / "a.ipynb"
    assert try_course.ran(notebook(path, (1, [result]), (2, [])))
    assert not try_course.ran(notebook(path, (1, [result]), (None, [])))
    assert not try_course.ran(notebook(path, (1, []), (2, [])))
    for bad in ({"output_type": "error", "evalue": "bad"}, {"output_type": "stream", "name": "stderr", "text": "bad"}):
        with pytest.raises(try_course.Failed, match="bad"):
            try_course.ran(notebook(path, (1, [bad])))
