"""What is installed: every part of the package, and nothing undeclared."""

import ast
import itertools
import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import types
import zipfile
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
    build_py = types.ModuleType("setuptools.command.build_py")
    build_py.build_py = object
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "setuptools", stand_in)
        patch.setitem(sys.modules, "setuptools.command.build_py", build_py)
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
    extras_used = itertools.chain.from_iterable(extras[name] for name in ("hub", "keras", "onnx", "notebooks", "distributed"))
    required = [*metadata["install_requires"], *extras_used]
    declared = {IMPORTED_AS.get(name, name) for name in names(required)}
    used = imports(PACKAGE) - sys.stdlib_module_names - {"minimix"}
    brought_along = {"llvmlite", "IPython"}  # Numba's compiler; ipywidgets' notebook: one cannot be installed without the other
    assert used - brought_along == declared


def test_tests_use_nothing_else(metadata):
    extra = names([*metadata["extras_require"]["test"], *metadata["extras_require"]["browser"]])
    own = {path.stem for path in (ROOT / "tests").rglob("*.py")}
    runtime = {IMPORTED_AS.get(name, name) for name in names(metadata["install_requires"])}
    peers = {"torch", "torchvision", "timm", "distributed", "pycocotools"}  # skipped where they are not installed
    peers |= {"onnx", "onnxruntime"}  # these, too
    peers |= {"llvmlite", "typing_extensions"}  # Numba's compiler, which comes with it; mypy's
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


def test_installed_with_e_it_is_a_folder_on_pythons_path(metadata):
    """And no import hook, which editors do not follow: setuptools asks for just this."""
    assert metadata["package_dir"] == {"": "."}
    assert metadata["packages"] == ["minimix", "minimix.cli"]


def test_the_page_of_a_package_index_has_no_links_to_nowhere(metadata):
    readme, page = (ROOT / "README.md").read_text(encoding="utf-8"), metadata["long_description"]
    relative = r"\]\((?!https?://)|(?:src|href)=(?!.https?://)"
    assert re.search(relative, readme) and not re.search(relative, page) and "<!--" not in page
    assert "[MixConv](https://arxiv.org" in page and "| 4. MixConv |" in page
    code = r"^```.*?^```"
    assert re.findall(code, page, re.S | re.M) == re.findall(code, readme, re.S | re.M)


BUILD = """
import os, sys
import setuptools.build_meta as backend
os.chdir(sys.argv[1])
print(backend.build_wheel("dist"), backend.build_sdist("dist"), backend.build_editable("editable"), sep="\\n")
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """{"wheel", "sdist", "editable": the names of the files in it}. An earlier build left a module that has gone since."""
    setuptools = pytest.importorskip("setuptools")
    if int(setuptools.__version__.partition(".")[0]) < 70:
        pytest.skip("an older setuptools than pyproject.toml asks for")
    copy = tmp_path_factory.mktemp("source") / "copy"
    copy.mkdir()
    unwanted = shutil.ignore_patterns("__pycache__", ".venv", "build", "*.npz")
    for name in ("minimix", "tests", ".ci"):
        shutil.copytree(ROOT / name, copy / name, ignore=unwanted)
    for name in ("README.md", "LICENSE", "setup.py", "pyproject.toml", "MANIFEST.in", ".gitignore"):
        shutil.copy(ROOT / name, copy / name)
    (copy / "notebooks").mkdir()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        (copy / "notebooks" / path.name).write_text("{}")
    (copy / "docs" / "studies" / "mine").mkdir(parents=True)
    for name in ("study.json", "results.csv", "figure.png"):
        (copy / "docs" / "studies" / "mine" / name).write_text("")
    gone = copy / "build" / "lib" / "minimix" / "gone.py"
    gone.parent.mkdir(parents=True)
    gone.write_text("")
    for name in ("dist", "editable"):
        (copy / name).mkdir()
    done = subprocess.run([sys.executable, "-c", BUILD, str(copy)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wheel, sdist, editable = done.stdout.split()[-3:]
    with tarfile.open(copy / "dist" / sdist) as archive:
        in_sdist = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    return {
        "wheel": set(zipfile.ZipFile(copy / "dist" / wheel).namelist()),
        "sdist": in_sdist,
        "editable": set(zipfile.ZipFile(copy / "editable" / editable).namelist()),
    }


def test_a_wheel_holds_the_package_and_the_course(built):
    package = {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.py")}
    course = {f"minimix/notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert len(course) > 12
    studies = {f"minimix/studies/mine/{name}" for name in ("study.json", "results.csv")}  # what notebooks read
    code = {name for name in built["wheel"] if ".dist-info/" not in name and not name.endswith((".typed", ".pyi"))}
    assert code == package | course | studies


def test_a_source_distribution_holds_its_tests(built):
    tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")}
    assert {"tests/conftest.py", "tests/kernels/kernel_tour.py"} < tests <= built["sdist"]
    assert {".ci/run", ".gitignore", "README.md", "pyproject.toml", "tests/golden/timm_keys.json.gz"} <= built["sdist"]
    assert {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")} <= built["sdist"]
    assert not [name for name in built["sdist"] if "__pycache__" in name or name.endswith(".pyc")]


def test_an_editable_installation_is_a_path_and_nothing_else(built):
    files = {name for name in built["editable"] if ".dist-info/" not in name}
    assert len(files) == 1 and files.pop().endswith(".pth")


def test_what_type_checkers_read_is_installed(metadata):
    """Without py.typed they would pass over an installed minimix (PEP 561)."""
    beside_code = {path.name for path in PACKAGE.rglob("*") if path.suffix in (".typed", ".pyi")}
    assert beside_code == {"py.typed", "tensor.pyi"}
    assert metadata["package_data"]["minimix"] == ["py.typed", "*.pyi"]


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
echo "training in $(basename "$PWD")" && cat notes.txt && touch trained
```

<!-- ci: test -->
```
echo "testing in $(basename "$PWD")" && ls
{last}
```
"""
VENV = "mkdir -p .venv/bin; ln -sf $(type -P echo) .venv/bin/pip; ln -sf $(type -P {python}) .venv/bin/python"


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


def test_ci_runs_the_commands_of_the_readme_in_both_orders(run_ci):
    done = run_ci(README.format(last="test -f notes.txt -a ! -f ignored.txt"))
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^(?:training|testing) in .*", done.stdout, re.M) == [
        "training in first", "testing in first", "testing in second", "training in second",
    ]  # fmt: skip
    assert "notes.txt is here" in done.stdout
    first, second = re.findall(r"^testing in \w+\n(.*?)^==", done.stdout, re.M | re.S)
    assert "trained" in first.split() and "trained" not in second.split()  # the second copy has seen neither command


@pytest.mark.parametrize("python, expected", [("false", 0), ("true", 1)])
def test_ci_fails_where_something_can_be_imported_when_all_is_uninstalled(run_ci, python, expected):
    done = run_ci(README.format(last=VENV.format(python=python)))
    assert done.returncode == expected
    assert "uninstall --quiet --yes minimix" in done.stdout
    assert ("can be imported" in done.stderr) == bool(expected)


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
    venv = VENV.format(python="cat")  # shows the script, and fails where a module is to be imported
    done = run_ci(README.format(last=venv), programs)
    assert done.returncode == 0, done.stderr
    assert "== browser" not in done.stdout.split("== first copy, test")[0]
    assert "[notebooks,browser]" in done.stdout and "in a browser" in done.stdout
    failing = run_ci(README.format(last=VENV.format(python="false")), programs)
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
