"""Runs a notebook in a fresh kernel of this very Python, away from the user's settings, in an empty folder."""

import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

LONGEST = 1800  # seconds that a cell may take: a kernel that hangs must not hold up everything
ROOT = Path(__file__).parents[2]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # of tracebacks in a terminal
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}  # the same wherever a notebook is run


class Failed(Exception):
    """A notebook that raised, warned, or left files behind. The message says in which cell."""


class ThisPython(KernelSpecManager):
    """Whatever kernels are installed for the user, one with this Python and these packages."""

    def get_kernel_spec(self, kernel_name):
        argv = [sys.executable, "-m", "ipykernel_launcher", "--log-level=ERROR", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


class Manager(AsyncKernelManager):
    def __init__(self, **options):
        super().__init__(kernel_spec_manager=ThisPython(), **options)


def execute(notebook: dict, strict: bool) -> dict:
    """The notebook with the outputs of a run from top to bottom, as a new dict, without boxes and sliders.

    strict: a failed check of an exercise raises, as for solved notebooks. Raises Failed.
    """
    ran = nbformat.from_dict({**notebook, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch, "notebooks")
        folder.mkdir()
        client = NotebookClient(
            ran, kernel_manager_class=Manager, timeout=LONGEST, resources={"metadata": {"path": str(folder)}}
        )
        try:
            client.execute(env=_environment(scratch, strict))
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise Failed(COLOURS.sub("", str(error))) from None
        if left := sorted(str(path.relative_to(folder)) for path in folder.rglob("*")):
            raise Failed(f"it leaves files in the reader's folder: {', '.join(left)}")
    for place, cell in enumerate(ran["cells"]):
        for output in cell.get("outputs", []):
            if output["output_type"] == "stream" and output["name"] == "stderr":
                raise Failed(f"cell {place} writes to standard error:\n{cell['source']}\n\n{output['text']}")
            if output["output_type"] == "error":  # where a tag told nbclient to go on
                raise Failed(f"cell {place} raises {output['ename']}")
    return ran


def _environment(scratch: str, strict: bool) -> dict[str, str]:
    """Of the kernel: nobody there to move sliders, no start-up files and history of the user's."""
    wanted = {**os.environ, "MINIMIX_COURSE_STATIC": "1", "MINIMIX_COURSE_STRICT": str(int(strict)), "IPYTHONDIR": scratch}
    wanted["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    wanted.pop("MPLBACKEND", None)  # the tests' own
    return wanted
