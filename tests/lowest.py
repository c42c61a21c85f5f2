"""Run the suite with the lowest versions that setup.py allows: python tests/lowest.py [PYTEST'S ARGUMENTS]

It makes a virtual environment in a temporary folder, with each dependency at its lower bound, and runs pytest from there. The
Python that runs this is the one that is used: take the oldest that setup.py allows.
"""

import ast
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = ("test",)


def lowest(source: str) -> list[str]:
    """The dependencies in a setup.py, those of ``EXTRAS`` among them, each at its lower bound.

    >>> lowest('setup(install_requires=["numpy>=2.0"], extras_require={"test": ["pytest>=8.0"], "hub": ["hub>=1"]})')
    ['numpy==2.0', 'pytest==8.0']
    """
    call = next(
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and ast.unparse(node.func) == "setup"
    )
    arguments = {keyword.arg: keyword.value for keyword in call.keywords}
    wanted = ast.literal_eval(arguments["install_requires"])
    extras = ast.literal_eval(arguments["extras_require"])
    wanted += [requirement for extra in EXTRAS for requirement in extras[extra]]
    for requirement in wanted:
        if ">=" not in requirement:
            raise ValueError(f"setup.py: {requirement} has no lower bound")
    return [requirement.replace(">=", "==") for requirement in wanted]


def main(arguments: list[str]) -> int:
    requirements = lowest((ROOT / "setup.py").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True)
        print("with", *requirements, flush=True)
        return subprocess.run([python, "-m", "pytest", *arguments], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
