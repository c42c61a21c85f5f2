"""``--help``, ``--version``, and the command without anything."""

import subprocess
import sys

import pytest
from cli_runs import ENVIRONMENT, options

import minimix as mm

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_the_version(minimix):
    assert minimix("--version") == (0, f"minimix {mm.__version__}\n", "")


@pytest.mark.parametrize(
    "command",
    ["train", "evaluate", "predict", "export", "summary", "compare", "gradcheck", "info", "data", "data get", "data preview"],
)
def test_help(minimix, command):
    code, output, _ = minimix(*command.split(), "--help")
    assert code == 0 and "Usage" in output


@pytest.mark.parametrize("columns", [40, 60, 80, 99, 100, 120, 200])
def test_help_cuts_no_name(minimix, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in ("", "train", "evaluate", "predict", "export", "plot", "summary", "compare", "models", "data preview"):
        code, output, _ = minimix(*command.split(), "--help")
        assert code == 0 and "…" not in output, command
    for name in options():
        assert f"--{name.rstrip('_').replace('_', '-')}" in minimix("train", "--help")[1]


def test_no_command_shows_the_commands(minimix):
    _, output, errors = minimix()
    for command in ("train", "evaluate", "predict", "plot", "summary", "compare", "gradcheck", "data", "info"):
        assert command in output + errors


def test_module_and_command_are_the_same():
    output = subprocess.run(
        [sys.executable, "-m", "minimix", "data"], capture_output=True, text=True, check=True, env=ENVIRONMENT
    ).stdout
    assert "patterns10" in output


def test_help_loads_neither_pictures_nor_plots():
    code = "import sys, minimix.cli\ntry: minimix.cli.main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout
    loaded = output.split()
    assert not {"matplotlib", "PIL", "pooch", "safetensors"} & set(loaded)


def test_short_help_fits_a_terminal(minimix, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = minimix("--help")[1].splitlines()
    assert not [line for line in lines if line.endswith("...") and "Usage" not in line]
