"""Notebooks as data: the course in its order, exercises, the cells that a run needs. No kernel here."""

import copy
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "notebooks"
COURSE = (  # the order in which they are read, and linked
    "00_start_here", "01_convolution_from_loops", "02_depthwise_and_separable", "03_dilation_and_receptive_field", "04_mixconv",
    "05_flop_maths", "06_autograd_from_nothing", "07_backward_passes_by_hand", "08_from_loops_to_simd", "09_train_a_toy_mixnet",
    "10_does_mixing_help", "11_when_things_go_wrong", "12_the_paper_figure_by_figure", "13_a_search_for_a_network",
    "14_transfer_and_detection",
)  # fmt: skip
PATHS = sorted(FOLDER.glob("*.ipynb"))
FENCED = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
FOLDED = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.S)


@dataclass(frozen=True)
class Exercise:
    """Places of an exercise's cells in ``notebook["cells"]``, and the code that solves it."""

    stub: int
    solution: int
    code: str


def read(path: Path) -> dict:
    """A notebook, each cell's source as one string."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def prose(notebook: dict) -> str:
    """All markdown."""
    return "\n\n".join(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown")


def section(notebook: dict, heading: str) -> str:
    """What stands below ``## heading``, up to the next heading of that size; "" where there is no such section."""
    found = re.search(rf"^## {re.escape(heading)}[ \t]*$(.*?)(?=^## |\Z)", prose(notebook), re.M | re.S)
    return found[1] if found else ""


def exercises(notebook: dict) -> list[Exercise]:
    """Each cell tagged ``exercise`` with the next one tagged ``solution``.

    Raises ValueError where these do not alternate, or a solution has not exactly one block of Python.
    """
    found, open_stub = [], None
    for place, cell in enumerate(notebook["cells"]):
        if "exercise" in tags(cell):
            if open_stub is not None:
                raise ValueError(f"cell {open_stub}: an exercise without a solution before the next, in cell {place}")
            open_stub = place
        elif "solution" in tags(cell):
            blocks = FENCED.findall(cell["source"])
            if open_stub is None or len(blocks) != 1:
                problem = "no exercise before it" if open_stub is None else f"{len(blocks)} blocks of Python, not one"
                raise ValueError(f"cell {place}: a solution with {problem}")
            found.append(Exercise(open_stub, place, blocks[0]))
            open_stub = None
    if open_stub is not None:
        raise ValueError(f"cell {open_stub}: an exercise without a solution")
    return found


def solved(notebook: dict) -> dict:
    """A copy in which every stub has been replaced by its solution."""
    notebook = copy.deepcopy(notebook)
    for exercise in exercises(notebook):
        notebook["cells"][exercise.stub]["source"] = exercise.code
    return notebook


def digest(notebook: dict) -> str:
    """Of all code: stored beside the outputs, it tells whether they come from this code."""
    code = "\n# next cell\n".join(cell["source"] for cell in code_cells(notebook))
    return hashlib.sha256(code.encode()).hexdigest()[:16]
