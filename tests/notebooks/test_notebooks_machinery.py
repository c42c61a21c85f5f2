"""What the tests of notebooks are made of: that they see what is wrong, and store what they should."""

import base64
import copy
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from book import digest, exercises, read, section, solved
from form import problems

HERE = Path(__file__).parent
NAME = "04_mixconv"
KINDS = {
    "png": "image/png", "html": "text/html", "text": "text/plain", "widget": "application/vnd.jupyter.widget-view+json",
}  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + struct.pack(">II", 900, 300)
CHAIN = "[previous](03_dilation_and_receptive_field.ipynb) | [next](05_flop_maths.ipynb)"
SOLUTION = """<details><summary>Solution</summary>

```python
def double(x):
    return 2 * x
```

</details>"""
CHECK = """try:
    assert double(2) == 4
except NotImplementedError:
    assert os.environ["MINIMIX_COURSE_STRICT"] == "0"
"""
QUESTIONS = "## Questions\n\n" + "\n\n".join(f"<details><summary>Why {n}?</summary>\n\nSo.\n\n</details>" for n in range(5))


def markdown(source: str, *tags: str) -> dict:
    return {"cell_type": "markdown", "metadata": {"tags": [*tags]} if tags else {}, "source": source}


def code(source: str, *outputs: dict, tags: tuple = ()) -> dict:
    metadata = {"tags": [*tags]} if tags else {}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [*outputs], "execution_count": None}


def numbered(cells: list[dict]) -> dict:
    """A notebook that looks as if these cells had been run."""
    count = 0
    for place, cell in enumerate(cells):
        cell["id"] = f"cell-{place:03d}"
        if cell["cell_type"] == "code":
            count += 1
            cell["execution_count"] = count
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    notebook["metadata"]["minimix"] = {"digest": digest(notebook)}
    return notebook


WORDS = "a line that goes from one corner to the other"


def shown(**data: str) -> dict:
    kinds = {
        "png": "image/png",
        "html": "text/html",
        "text": "text/plain",
        "widget": "application/vnd.jupyter.widget-view+json",
    }
    data = {kinds[kind]: content for kind, content in data.items()}
    metadata = {"image/png": {"alt": WORDS}} if "image/png" in data else {}
    return {"output_type": "display_data", "data": data | ({"text/plain": WORDS} if metadata else {}), "metadata": metadata}


def good() -> list[dict]:
    picture = shown(png=base64.b64encode(PNG).decode(), text="<Picture size 900x300>")
    return [
        markdown(f"# 4. MixConv\n\nGoal.\n\n**You need** notebook 3.\n\n**Time**: 40 minutes\n\n{CHAIN}"),
        code("import os\nimport sys"),
        markdown("### Exercise: twice\n\nWrite `double(x)`."),
        code('def double(x):\n    """Twice x."""\n    raise NotImplementedError', tags=("exercise",)),
        code(CHECK),
        markdown(SOLUTION, "solution"),
        code("print('one')\nprint('two')", picture),
        markdown("## Summary\n\n- a\n- b\n- c"),
        markdown(f"{QUESTIONS}\n\n{CHAIN}"),
    ]


def test_nothing_is_wrong_with_a_good_one():
    assert not problems(NAME, numbered(good()), 1000)


def test_solutions_take_the_places_of_stubs():
    notebook = numbered(good())
    assert [(found.stub, found.solution) for found in exercises(notebook)] == [(3, 5)]
    after = solved(notebook)
    assert after["cells"][3]["source"] == "def double(x):\n    return 2 * x\n"
    assert "NotImplementedError" in notebook["cells"][3]["source"], "the notebook itself has been changed"
    assert digest(after) != digest(notebook)
    assert section(notebook, "Summary").split() == ["-", "a", "-", "b", "-", "c"] and section(notebook, "Sum") == ""


@pytest.mark.parametrize(
    "tagged, problem",
    [
        ("exercise", "without a solution"),
        ("exercise exercise", "before the next"),
        ("solution", "no exercise before"),
    ],
)
def test_exercises_and_solutions_alternate(tagged, problem):
    with pytest.raises(ValueError, match=problem):
        exercises({"cells": [markdown(SOLUTION, tag) for tag in tagged.split()]})


def with_cell(place: int, **changes):
    def change(cells):
        cells[place].update(copy.deepcopy(changes))

    return change


def with_output(**data):
    def change(cells):
        cells[6]["outputs"].append(shown(**data))

    return change


def undescribed(cells):
    for output in cells[6]["outputs"]:
        output["metadata"] = {}


def without(place: int, text: str = ""):
    def change(cells):
        if text:
            cells[place]["source"] = cells[place]["source"].replace(text, "")
        else:
            del cells[place]

    return change


def extra(place: int, cell: dict):
    return lambda cells: cells.insert(place, copy.deepcopy(cell))


WIDE = base64.b64encode(PNG[:16] + struct.pack(">II", 1200, 300)).decode()
FAULTS = [
    (without(0, "# 4. "), "does not begin with a title"),
    (without(0, "**You need**"), "You need"),
    (without(0, " minutes"), "in minutes"),
    (without(0, "05_flop_maths.ipynb"), "the first text links to"),
    (without(-1, "03_dilation_and_receptive_field.ipynb"), "the last text links to"),
    (extra(6, markdown("See [this](no_such_file.md).")), "leads nowhere: no_such_file.md"),
    (without(-2, "- a\n- b"), "Summary has 1 points"),
    (without(-2), "Summary has 0 points"),
    (without(-1, "<details><summary>Why 3?</summary>"), "4 folded answers"),
    (without(-1, "Why 3?"), "or its answer, is empty"),
    (without(2), "the cell before it has no heading ### Exercise"),
    (without(3, "raise NotImplementedError"), "raises NotImplementedError"),
    (without(4), "no check follows it"),
    (without(5), "an exercise without a solution"),
    (without(5, "```python\n"), "0 blocks of Python"),
    (without(5, "<summary>Solution</summary>"), "not folded"),
    (extra(5, code("x = 1")), "no folded hint"),
    (with_cell(3, metadata={}), "a solution with no exercise before it"),
    (extra(6, markdown("### Exercise: another")), "2 headings"),
    (without(1), "does not import"),
    (extra(6, code("%matplotlib inline")), "no plain Python"),
    (extra(6, code("plt.show()")), "show themselves"),
    (extra(6, code("x = 1  # " + 130 * "x")), "longer than 128"),
    (extra(6, code("x = (\n    1\n)  # one")), "stranded behind a bracket"),
    (extra(6, code("course.predict('How many?', answer=3)")), "the name of a question"),
    (extra(6, code("course.predict('03 of another notebook')")), "the name of a question"),
    (extra(6, code("found = 3\ncourse.predict('04 how many')")), "the name of a question"),
    (extra(6, code("course.predict('04 how many', found=3)")), "no found"),
    (extra(6, code("course.predict('04 how many', answer=found)")), "no answer"),
    (with_output(png=WIDE), "1200 pixels wide"),
    (with_output(html=f'<img src="data:image/png;base64,{WIDE}"/>'), "1200 pixels wide"),
    (with_cell(6, outputs=[]), "no figure is stored"),
    (undescribed, "a figure is not described in words"),
    (with_output(html=f'<img src="data:image/png;base64,{WIDE}"/>'), "a picture in HTML has no alt"),
    (extra(6, markdown("![](../docs/mixconv.png)")), "a picture in a text is not described"),
    (with_output(widget="{}"), "a slider is stored"),
    (with_output(text="in /home/somebody/minimix/tensor.py"), "a folder of this machine"),
    (with_output(html="in C:\\Users\\somebody"), "a folder of this machine"),
    (with_output(text="<function f at 0x7f00aa11bb22>"), "address in memory"),
    (
        with_cell(1, outputs=[{"output_type": "stream", "name": "stderr", "text": "Warning"}]),
        "on standard error, is stored: Warning",
    ),
    (with_cell(1, outputs=[{"output_type": "error", "ename": "E", "evalue": "bad", "traceback": []}]), "is stored: bad"),
]


@pytest.mark.parametrize("change, expected", FAULTS, ids=[expected for _, expected in FAULTS])
def test_a_fault_of_form_is_seen(change, expected):
    cells = good()
    change(cells)
    assert any(expected in problem for problem in problems(NAME, numbered(cells), 1000)), problems(NAME, numbered(cells), 1000)


def test_a_question_by_its_name_is_no_fault():
    cells = good()
    cells.insert(6, code("course.predict('04 how many', times=measured, gradient=full.grad)"))
    cells.insert(7, code("x = [\n    1,\n]  # fmt: skip"))
    assert not problems(NAME, numbered(cells), 1000)


def test_outputs_of_other_code_are_seen():
    for change in (with_cell(6, source="print('three')"), with_cell(6, execution_count=9)):
        notebook = numbered(good())
        change(notebook["cells"])
        assert any("refresh.py notebooks/04_mixconv.ipynb" in problem for problem in problems(NAME, notebook, 1000))
    notebook = numbered(good())
    notebook["cells"][0]["source"] += "\n\nProse may change."
    assert not problems(NAME, notebook, 1000)


def test_a_large_file_is_seen():
    assert "2.00 MB" in problems(NAME, numbered(good()), 2_000_000)[0]


def test_this_machines_name_is_seen(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "somebodys-laptop")
    cells = good()
    with_output(text="run on somebodys-laptop today")(cells)
    assert any("machine's name" in problem for problem in problems(NAME, numbered(cells), 1000))


# -- with a kernel ----------------------------------------------------------------------------------------------------


@pytest.fixture
def refresh(tmp_path):
    for module in ("nbformat", "nbclient", "ipykernel"):
        pytest.importorskip(module)

    def run(*options: str, **notebooks: list[dict]):
        """refresh.py on these. Returns (the finished process, {name: path})."""
        paths = {name: tmp_path / f"{name}.ipynb" for name in notebooks}
        for name, cells in notebooks.items():
            content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
            paths[name].write_text(json.dumps(content), encoding="utf-8")
        command = [sys.executable, str(HERE / "refresh.py"), *options, *map(str, paths.values())]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONUTF8": "1"}), paths

    return run


def test_a_run_stores_outputs_of_unsolved_exercises_and_nothing_that_changes(refresh):
    done, paths = refresh(book=good())
    assert done.returncode == 0, done.stderr
    first = paths["book"].read_bytes()
    notebook = read(paths["book"])
    assert "NotImplementedError" in notebook["cells"][3]["source"]
    outputs = notebook["cells"][6]["outputs"]
    assert [(output["output_type"], "".join(output["text"])) for output in outputs] == [("stream", "one\ntwo\n")]
    assert [cell["id"] for cell in notebook["cells"]] == [f"cell-{n:03d}" for n in range(9)]
    assert not any("execution" in cell["metadata"] for cell in notebook["cells"])
    assert problems(NAME, notebook, 1000) == ["no figure is stored"]
    done, paths = refresh(book=notebook["cells"])
    assert done.returncode == 0 and paths["book"].read_bytes() == first
    assert list(paths["book"].parent.iterdir()) == [paths["book"]]


def test_what_fails_is_said_and_not_stored(refresh):
    wrong = {
        "raises": "import numpy as np\nnp.zeros(2) @ np.zeros(3)",
        "warns": "import warnings\nwarnings.warn('old')",
        "complains": "import sys\nprint('a complaint', file=sys.stderr)",
        "litters": "open('left.txt', 'w').close()",
        "sliders": "from minimix.course.display.frontend import is_live\nassert is_live()",
    }
    done, paths = refresh(**{name: [code(source)] for name, source in wrong.items()}, fine=[code("print(1)")])
    assert done.returncode == 1
    said = dict(zip(paths, done.stderr.split(".ipynb: ")[1:], strict=False))
    assert "ValueError: matmul" in said["raises"] and "\x1b" not in said["raises"]
    assert "UserWarning: old" in said["warns"] and "a complaint" in said["complains"]
    assert "left.txt" in said["litters"] and "AssertionError" in said["sliders"]
    assert done.stdout.startswith("fine.ipynb: stored")
    assert all(read(paths[name])["cells"] == [code(source)] for name, source in wrong.items())


def test_solutions_are_run_and_must_pass_their_checks(refresh):
    check = "from minimix import course\ncourse.check_output_size(double)"
    cells = good()
    cells[4] = code(check)
    done, paths = refresh("--solved", right=good(), wrong=cells)
    assert done.returncode == 1 and done.stdout.startswith("right.ipynb: right, with all solutions")
    assert "wrong.ipynb" in done.stderr and "CheckFailed" in done.stderr
    assert read(paths["right"])["cells"] == good(), "something was stored"
