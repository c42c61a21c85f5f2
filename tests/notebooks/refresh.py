"""python tests/notebooks/refresh.py [--solved] NOTEBOOK...: run notebooks, as they are, and store their outputs.

Exercises stay unsolved, as a learner finds them. A notebook that raises, warns or leaves files behind is not touched.
--solved runs it with the solutions in place, every check having to pass, and stores nothing: what the tests do.

On another processor sums are added up in another order, and what was trained is another network. What a notebook asserts of it
must hold there, too: run one that trains also with NUMBA_CPU_NAME=x86-64 NUMBA_CPU_FEATURES="" OPENBLAS_CORETYPE=Nehalem, whose
registers hold four numbers.
"""

import argparse
import sys
import time
from pathlib import Path

import nbformat
from book import digest, read, solved, tags
from kernel import METADATA, Failed, execute

ROOT = Path(__file__).parents[2]


def clean(notebook: dict, ran: dict) -> dict:
    """The notebook with the outputs of a run, and nothing that differs between two runs for no reason."""
    cells = []
    for number, (cell, done) in enumerate(zip(notebook["cells"], ran["cells"], strict=True)):
        kept = {
            "cell_type": cell["cell_type"],
            "id": f"cell-{number:03d}",
            "metadata": {"tags": tags(cell)} if tags(cell) else {},
            "source": cell["source"],
        }
        if cell["cell_type"] == "code":
            kept |= {"execution_count": done["execution_count"], "outputs": merged(done["outputs"])}
        cells.append(kept)
    metadata = {**METADATA, "minimix": {"digest": digest(notebook)}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def merged(outputs: list) -> list:
    """Without ``transient`` parts; what was printed in several pieces, as it happened to be sent, as one."""
    kept = []
    for output in outputs:
        output = {name: value for name, value in output.items() if name != "transient"}
        if kept and output["output_type"] == kept[-1]["output_type"] == "stream" and output["name"] == kept[-1]["name"]:
            kept[-1]["text"] += output["text"]
        else:
            kept.append(output)
    return kept


def store(notebook: dict, path: Path) -> None:
    """Write a whole file or none."""
    from minimix.files import write

    content = nbformat.from_dict(notebook)
    nbformat.validate(content)
    write(path, nbformat.writes(content) + "\n")


def refresh(path: Path, with_solutions: bool = False) -> str:
    """Run one notebook. Returns what is to be said of it; raises Failed."""
    notebook = read(path)
    start = time.perf_counter()
    if with_solutions:
        execute(solved(notebook), strict=True)
        return f"{path.name}: right, with all solutions, in {time.perf_counter() - start:.0f} s"
    ran = execute(notebook, strict=False)
    seconds = time.perf_counter() - start
    store(clean(notebook, ran), path)
    return f"{path.name}: stored after {seconds:.0f} s, {path.stat().st_size / 1e6:.2f} MB"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--solved", action="store_true")
    options = parser.parse_args(arguments)
    wrong = 0
    for path in options.notebooks:
        try:
            print(refresh(path, options.solved), flush=True)
        except (Failed, ValueError) as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            wrong += 1
    return int(wrong > 0)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # minimix, where it is not installed
    sys.exit(main(sys.argv[1:]))
