"""README's Python runs, and prints what it says; its commands are there, and take what they are given."""

import contextlib
import importlib.util
import io
import json
import os
import pathlib
import re
import shlex
import subprocess
import venv

import pytest
import typer

from minimix import cli
from minimix.cli.training import bare_resume

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WALK = README.partition("## Two commands")[2]
WINDOWS = re.search(r"<!-- windows -->\n```powershell\n(.*?)```", WALK, re.S)[1]


def test_the_examples_run_and_print_what_they_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # they write files
    blocks = re.findall(r"```python\n(.*?)```(?:\n\n```\n(.*?)```)?", README, re.S)
    assert len(blocks) >= 2 and blocks[0][1]
    names = {}
    for code, expected in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        for line, comment in re.findall(r"^print\((.*)\)  # (.*)$", code, re.M):
            assert comment in printed.getvalue(), line
        assert not expected or printed.getvalue() == expected


def test_every_picture_is_there():
    for path in re.findall(r"!\[.*?\]\((.*?)\)|<img src=\"(.*?)\"", README):
        path = "".join(path)
        assert (pathlib.Path(__file__).parents[1] / path).is_file(), path


def test_the_table_of_the_course_says_what_the_notebooks_say():
    """Its titles and minutes, and that none is missing."""
    notebooks = sorted((pathlib.Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
    rows = re.findall(r"^\| \[(.*?)\]\((notebooks/.*?)\) \| .*? \| (\d+) \|", README, re.M)
    assert [path for _, path, _ in rows] == [f"notebooks/{path.name}" for path in notebooks]
    for (title, _, minutes), path in zip(rows, notebooks, strict=True):
        head = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        assert head.startswith(f"# {title}"), path
        assert re.search(rf"\*\*Time:?\*\*:? (about )?{minutes} minutes", head), path


# -- a walk through its commands, by hand, in a new shell -----------------------------------------------------------------


FENCES = re.compile(r"(<!-- ci: \w+ -->\n)?^```(\w*)\n(.*?)^```$", re.S | re.M)


def commands() -> list[str]:
    """Every line of every block for a shell, and what stands as a command within the text, after the two commands."""
    blocks = [code for ci, language, code in FENCES.findall(WALK) if not ci and not language]
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    within = re.findall(r"`((?:minimix|pip|python|pytest) [^`]+)`", FENCES.sub("", WALK))
    return list(dict.fromkeys(lines + [command for command in within if "..." not in command]))


def check_minimix(words: list[str]) -> None:
    """The command, its arguments and its options exist. Nothing is done."""

    def idle(command):
        command.callback = lambda **options: None
        for below in getattr(command, "commands", {}).values():
            idle(below)

    command = typer.main.get_command(cli.app)
    idle(command)
    command.main(bare_resume(words), prog_name="minimix", standalone_mode=False)


def check_pip(words: list[str]) -> None:
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert words[0] in ("install", "uninstall")
    for word in words[1:]:
        own = re.fullmatch(r"(?:\.|minimix)\[([\w,]+)\]", word)
        if own:
            assert all(re.search(rf'^        "{extra}": \[', setup, re.M) for extra in own[1].split(",")), word
        else:
            assert re.fullmatch(r"-e|\.|[a-z_0-9]+", word), word


def check_python(words: list[str]) -> None:
    if words[0] == "-m":
        assert importlib.util.find_spec(words[1]), words[1]
        options = [word for word in words[2:] if word.startswith("--")]
        source = pathlib.Path(importlib.util.find_spec(words[1]).origin).read_text(encoding="utf-8")
    else:
        options = [word for word in words[1:] if word.startswith("--")]
        path = ROOT / words[0]
        source = (path / "__main__.py" if path.is_dir() else path).read_text(encoding="utf-8")
    assert all(f'"{option}"' in source for option in options), options


def check_pytest(words: list[str]) -> None:
    assert all((ROOT / word).exists() for word in words if "/" in word)


CHECKS = {"minimix": check_minimix, "pip": check_pip, "python": check_python, "pytest": check_pytest}


@pytest.mark.parametrize("line", commands())
def test_every_command_works_as_written(line, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))  # as python -m does
    assert "&&" not in line and "python3" not in line, "Windows' PowerShell has neither: write two lines, and python"
    program, *words = shlex.split(line, comments=True)
    if program == "sudo":
        assert words[:2] == ["apt", "install"]
    elif program == "source":
        assert words == [".venv/bin/activate"]
    else:
        CHECKS[program](words)


@pytest.mark.parametrize(
    "line",
    [
        "minimix trian", "minimix train --epoch", "minimix train --no-such-option 3", "minimix train --epochs many",
        "minimix data fetch cifar10", "pip install .[nothing]", "python -m benchmarks.nothing", "python docs/nothing.py",
        "python -m benchmarks.training --no-such-option", "pytest tests/nothing", "conda install minimix",
    ],
)  # fmt: skip
def test_a_command_that_would_not_work_is_noticed(line, monkeypatch):
    usage = typer.BadParameter.__mro__[1]  # typer's name for all that is wrong with arguments
    with pytest.raises((AssertionError, usage, OSError, KeyError)):
        test_every_command_works_as_written(line, monkeypatch)


def test_a_walk_was_found():
    found = commands()
    assert {"source .venv/bin/activate", "minimix notebooks", "minimix data get cifar10", "minimix info"} <= {
        line.partition("#")[0].strip() for line in found
    }


@pytest.mark.skipif(os.name != "posix", reason="a shell as on Linux and macOS")
def test_an_activated_environment_is_the_one_of_the_two_commands(tmp_path):
    """README says `source .venv/bin/activate`: then minimix, pytest and python are those of .venv, in every folder."""
    venv.create(tmp_path / ".venv", symlinks=True)
    for name in ("minimix", "pytest", "pip"):
        (tmp_path / ".venv" / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / ".venv" / "bin" / name).chmod(0o755)
    (activate,) = [line for line in commands() if line.startswith("source")]
    script = f"{activate}\ncd /\ncommand -v minimix pytest pip python"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [f"{tmp_path}/.venv/bin/{name}" for name in ("minimix", "pytest", "pip", "python")]
    assert (tmp_path / ".venv" / "bin" / "Activate.ps1").exists()  # which venv puts into Scripts on Windows


def test_the_two_commands_for_windows_are_the_same_two():
    two = re.findall(r"<!-- ci: (?:train|test) -->\n```\n(.*?)```", WALK, re.S)
    assert len(two) == 2
    for posix, windows in zip(two, WINDOWS.splitlines(), strict=True):
        expected = posix.strip().replace("python3", "py -3").replace(" && ", "; ").replace(".venv/bin/", ".venv\\Scripts\\")
        assert windows == expected and "&&" not in windows


def test_no_gap_was_left():
    assert "@@" not in README and "TODO" not in README


def test_every_picture_is_described():
    for tag in re.findall(r"<img [^>]*>", README):
        alt = re.search(r'alt="([^"]*)"', tag)
        assert alt and len(alt[1]) > 30 and "a figure from" not in alt[1], tag
    assert all(len(alt) > 30 for alt in re.findall(r"!\[([^\]]*)\]\(docs/", README))
