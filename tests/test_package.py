"""What is installed: every part of the package, and nothing undeclared."""

import ast
import itertools
import os
import re
import runpy
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

import minimix

PACKAGE = Path(minimix.__file__).parent
ROOT = PACKAGE.parent
IMPORTED_AS = {"pillow": "PIL"}  # where a distribution's name is not what is imported

pytestmark = pytest.mark.skipif(not (ROOT / "setup.py").exists(), reason="installed without its repository")


@pytest.fixture(scope="module")
def metadata() -> dict:
    """What setup.py tells setuptools, which need not be installed for that."""
    told, found = {}, {}
    stand_in = types.ModuleType("setuptools")
    stand_in.setup = told.update
    stand_in.find_packages = lambda **options: found.update(options) or ["minimix", "minimix.cli"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "setuptools", stand_in)
        runpy.run_path(str(ROOT / "setup.py"))
    return {**told, "find_packages": found}


def names(requirements: list) -> set:
    return {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}


def imports(folder: Path) -> set:
    """Top-level names of all modules imported anywhere below a folder."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(node.module)
    return {name.partition(".")[0] for name in found}


def test_what_is_imported_is_declared_and_the_other_way_round(metadata):
    extras = metadata["extras_require"]
    required = [*metadata["install_requires"], *extras["hub"], *extras["notebooks"]]
    declared = {IMPORTED_AS.get(name, name) for name in names(required)}
    used = imports(PACKAGE) - sys.stdlib_module_names - {"minimix"}
    brought_along = {"llvmlite", "IPython"}  # Numba's compiler; ipywidgets' notebook: one cannot be installed without the other
    assert used - brought_along == declared


def test_tests_use_nothing_else(metadata):
    extra = names([*metadata["extras_require"]["test"], *metadata["extras_require"]["browser"]])
    own = {path.stem for path in (ROOT / "tests").rglob("*.py")}
    runtime = {IMPORTED_AS.get(name, name) for name in names(metadata["install_requires"])}
    peers = {"torch", "timm"}  # skipped where they are not installed
    assert imports(ROOT / "tests") - sys.stdlib_module_names - own - runtime - peers - {"minimix", "benchmarks"} <= extra


def test_every_dependency_has_a_lower_bound_and_a_reason(metadata):
    source = (ROOT / "setup.py").read_text(encoding="utf-8")
    everything = [*metadata["install_requires"], *itertools.chain(*metadata["extras_require"].values())]
    assert all(re.fullmatch(r"[\w-]+>=[\d.]+", requirement) for requirement in everything)
    for requirement in metadata["install_requires"]:
        assert re.search(rf'"{re.escape(requirement)}",  # \w', source), f"{requirement} stands there without a reason"


def test_every_folder_with_code_is_a_package(metadata):
    assert metadata["find_packages"] == {"include": ["minimix", "minimix.*"]}
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert {PACKAGE, PACKAGE / "kernels", PACKAGE / "cli"} <= folders
    assert all((folder / "__init__.py").exists() for folder in folders)


def test_the_notebooks_are_installed(metadata):
    assert metadata["packages"] == ["minimix", "minimix.cli", "minimix.notebooks"]
    assert metadata["package_dir"] == {"minimix.notebooks": "notebooks"}
    assert metadata["package_data"] == {"minimix.notebooks": ["*.ipynb"]}


def test_version_and_command(metadata):
    assert metadata["version"] == minimix.__version__
    assert metadata["entry_points"] == {"console_scripts": ["minimix = minimix.cli:main"]}
    assert metadata["python_requires"] == ">=3.10"


def test_nothing_in_the_package_is_newer_than_the_oldest_python():
    for path in PACKAGE.rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 10))


def block(name: str) -> str:
    """The code block in README.md that .ci/run takes."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- ci: {name} -->\s*```\w*\n(.*?)```", readme, re.S)
    assert found, f"README.md has no code block after <!-- ci: {name} -->"
    return found[1].strip()


def test_the_two_commands_of_the_readme():
    assert block("train") == "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/minimix train"
    assert block("test") == 'python3 -m venv .venv && .venv/bin/pip install -e ".[test]" && .venv/bin/pytest'


# -- .ci/run, with commands that take no time -------------------------------------------------------------------------

README = """
<!-- ci: train -->

```bash
echo "training in $(basename "$PWD")" && cat notes.txt
```

<!-- ci: test -->
```
python3 -c "print('3 passed in 0.01s')"
{last}
```
"""


@pytest.fixture
def run_ci(tmp_path):
    if not shutil.which("bash") or not shutil.which("git") or sys.platform == "win32":
        pytest.skip("needs bash and git")
    repository = tmp_path / "repository"
    (repository / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", repository / ".ci" / "run")
    (repository / ".gitignore").write_text("ignored.txt\n")
    for name in ("notes.txt", "ignored.txt"):
        (repository / name).write_text(f"{name} is here\n")
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)

    def run(readme: str, programs: Path | None = None):
        (repository / "README.md").write_text(readme)
        command = ["bash", str(repository / ".ci" / "run")]
        environment = {**os.environ, "PATH": os.pathsep.join(map(str, filter(None, [programs, os.environ["PATH"]])))}
        return subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)

    return run


def test_ci_runs_the_commands_of_the_readme_in_fresh_copies(run_ci):
    done = run_ci(README.format(last="test -f notes.txt -a ! -f ignored.txt"))
    assert done.returncode == 0, done.stderr
    assert "training in train" in done.stdout and "notes.txt is here" in done.stdout
    assert "3 passed" in done.stdout.split("== test")[1]


@pytest.mark.parametrize(
    "last, expected", [("exit 3", 3), ("false", 1), ("test -f ignored.txt", 1), ("no_such_command_here", 127)]
)
def test_ci_fails_where_a_command_fails(run_ci, last, expected):
    assert run_ci(README.format(last=last)).returncode == expected


def test_ci_tries_the_course_in_a_browser_where_there_is_one(run_ci, tmp_path):
    script = tmp_path / "repository" / "tests" / "browser" / "try_course.py"
    script.parent.mkdir(parents=True)
    script.write_text("in a browser")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("chromium", "chromedriver"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    venv = "mkdir -p .venv/bin; ln -s $(type -P echo) .venv/bin/pip; ln -s $(type -P cat) .venv/bin/python"
    done = run_ci(README.format(last=venv), programs)
    assert done.returncode == 0, done.stderr
    assert "== browser" not in done.stdout.split("== test")[0]
    assert "[notebooks,browser]" in done.stdout and "in a browser" in done.stdout
    failing = run_ci(README.format(last=venv.replace("type -P cat", "type -P false")), programs)
    assert failing.returncode == 1


def test_ci_misses_a_command(run_ci):
    done = run_ci(README.format(last="true").replace("<!-- ci: test -->", ""))
    assert done.returncode == 1 and "<!-- ci: test -->" in done.stderr


def test_the_lowest_versions_are_those_of_setup(metadata):
    from lowest import lowest

    found = lowest((ROOT / "setup.py").read_text(encoding="utf-8"))
    assert found == [r.replace(">=", "==") for r in (*metadata["install_requires"], *metadata["extras_require"]["test"])]
    with pytest.raises(ValueError, match="numpy has no lower bound"):
        lowest('setup(install_requires=["numpy"], extras_require={"test": []})')
