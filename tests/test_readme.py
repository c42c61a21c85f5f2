"""README's Python runs, and prints what it says."""

import contextlib
import io
import json
import pathlib
import re

README = (pathlib.Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


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


def test_no_gap_was_left():
    assert "@@" not in README and "TODO" not in README


def test_every_picture_is_described():
    for tag in re.findall(r"<img [^>]*>", README):
        alt = re.search(r'alt="([^"]*)"', tag)
        assert alt and len(alt[1]) > 30 and "a figure from" not in alt[1], tag
    assert all(len(alt) > 30 for alt in re.findall(r"!\[([^\]]*)\]\(docs/", README))
