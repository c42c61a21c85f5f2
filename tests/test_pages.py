"""The API pages: all that is public is on them, with a docstring, and Sphinx has nothing to complain of."""

import importlib
import inspect
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

import minimix as mm

ROOT = Path(__file__).parents[1]


TOOLS = ("commands", "docstrings", "pages")


@pytest.fixture(scope="module")
def tools():
    """docs/commands.py and so on."""
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        yield types.SimpleNamespace(**{name: importlib.import_module(name) for name in TOOLS})
    finally:
        sys.path.remove(str(ROOT / "docs"))
        for name in TOOLS:
            sys.modules.pop(name, None)


def own_methods(value):
    """(name, function) of a class's public methods and properties, but for those that a base class explains."""
    for name, method in vars(value).items():
        function = getattr(method, "__func__", method)
        if not name.startswith("_") and (inspect.isfunction(function) or isinstance(function, property)):
            if not any(getattr(getattr(base, name, None), "__doc__", None) for base in value.__mro__[1:]):
                yield name, function


def test_each_public_name_has_a_docstring(tools):
    missing = []
    for room in tools.pages.ROOMS:
        for name, value in {"": importlib.import_module(room), **tools.pages.public(room)}.items():
            if tools.pages.documented(value):
                generated = inspect.isclass(value) and (value.__doc__ or "").startswith(f"{value.__name__}(")  # by dataclass
                if not (value.__doc__ or "").strip() or generated:
                    missing.append(f"{room}.{name}")
                if inspect.isclass(value) and not inspect.isfunction(getattr(value, "_replace", None)):
                    missing += [f"{room}.{name}.{method}" for method, function in own_methods(value) if not function.__doc__]
    fields = {
        f"minimix.course.Exercise.{name}" for name in ("call", "features", "broad", "repair")
    }  # whose defaults are functions
    assert set(missing) <= fields, missing


def test_each_public_name_is_on_a_page(tools):
    """Under its own name or, where two rooms have it, as a link to its entry."""
    text = "\n".join(tools.pages.page(room) for room in tools.pages.ROOMS)
    entries = re.findall(r"^\.\. auto(?:class|function|data):: (\S+)$", text, re.M)
    assert len(entries) == len(set(entries)) > 150
    for room in tools.pages.ROOMS:
        for name, value in tools.pages.public(room).items():
            if not isinstance(value, types.ModuleType):
                assert tools.pages.names()[f"{room}.{name}"] in entries
                assert f":py:obj:`{name} <" in tools.pages.page(room)
    assert {"minimix.Tensor", "minimix.nn.Conv2d", "minimix.functional.mixconv2d", "minimix.train.train"} <= set(entries)
    assert tools.pages.names()["mm.train"] == tools.pages.names()["train.train"] == "minimix.train.train"
    assert tools.pages.names()["F.relu"] == "minimix.functional.relu"


def test_no_room_is_forgotten(tools):
    """What ``mm.`` offers has a page, but for what is inside (ops); a new room needs a line in ``pages.ROOMS``."""
    offered = {name for name in mm._ROOMS} | {name for name in mm.__all__ if inspect.ismodule(getattr(mm, name))}
    assert {f"minimix.{name}" for name in offered - {"ops"}} <= set(tools.pages.ROOMS)


def test_no_default_hides_what_else_is_taken(tools):
    """pyright takes the type of a default for that of a parameter without one: ``stride=1`` would refuse a pair."""
    wrong = []
    for room in tools.pages.ROOMS:
        for name, value in tools.pages.public(room).items():
            functions = {"": value} if inspect.isfunction(value) else vars(value) if inspect.isclass(value) else {}
            for method, function in functions.items():
                function = inspect.unwrap(getattr(function, "__func__", function))
                if inspect.isfunction(function) and (not method.startswith("_") or method == "__init__"):
                    for parameter in inspect.signature(function).parameters.values():
                        if parameter.annotation is parameter.empty and parameter.default not in (parameter.empty, None):
                            wrong.append(f"{room}.{name} {method}: {parameter}")
    assert not wrong, "annotate these parameters"


def test_each_command_and_option_is_on_the_page(tools):
    text = tools.commands.page()
    for command in ("train", "evaluate", "predict", "summary", "compare", "gradcheck", "notebooks", "info", "data get"):
        assert f"\nminimix {command}\n---" in text
    assert "``--epochs N``\n    " in text and "*(default: 128" in text
    assert "``--data-dir PATH``" in text and "``IMAGE...``" in text and "``-o, --option KEY=VALUE``" in text


@pytest.mark.parametrize(
    "text, expected",
    [
        ("A line.\nIts second.", "A line.\nIts second."),
        ("x: (N, C). weight: (C,).", "``x``\n    (N, C).\n\n``weight``\n    (C,)."),
        ("x: one\n    thing.\nx, weight: two.", "``x``\n    one\n    thing.\n\n``x``, ``weight``\n    two."),
        ("x:      aligned.\nweight: with this.", "``x``\n    aligned.\n\n``weight``\n    with this."),
        ("Note: this is a sentence.", "Note: this is a sentence."),
        ("Raises ValueError where x is *not* 2 * 3.", "*Raises*\n    ValueError where x is *not* 2 \\* 3."),
        ("Source: MobileNet, arXiv 1704.04861.", "*Source*\n    MobileNet, `arXiv 1704.04861 <https://arxiv.org/abs/1704.04861>`__."),
        (">>> f(2)\n4", ">>> f(2)\n4"),
        ("As a drawing:\n\n    1 2 3 -> 1\n    0 [---]", "As a drawing:\n\n::\n\n    1 2 3 -> 1\n    0 [---]"),
        ("loop   one step\nrun    all,\n       in full", "``loop``\n    one step\n\n``run``\n    all,\n    in full"),
        ("import a\nfrom a import b", ".. code-block:: python\n\n    import a\n    from a import b"),
        ("Two ``Dataset``s, a_ and `b` | C*m.", "Two ``Dataset``\\ s, a\\_ and \\`b\\` \\| C\\*m."),
        ("See ``relu`` and ``other``.", "See :py:obj:`relu <minimix.functional.relu>` and ``other``."),
    ],
)  # fmt: skip
def test_docstrings_become_restructured_text(tools, text, expected):
    known = {"relu": "minimix.functional.relu"}
    lines = tools.docstrings.restructured(text.split("\n"), {"x", "weight", "stride"}, known.get)
    assert re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() == expected


def test_the_pages_are_built_without_a_warning_and_need_no_network(tools, tmp_path):
    for package in ("sphinx", "myst_nb", "furo", "latex2mathml"):
        pytest.importorskip(package, reason="the pages need minimix's extra [docs]")
    command = "import build, sys, pathlib; sys.exit(build.build(pathlib.Path(sys.argv[1]), strict=True))"
    done = subprocess.run([sys.executable, "-c", command, str(tmp_path)], cwd=ROOT / "docs", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    html = {
        path.relative_to(tmp_path / "html").as_posix(): path.read_text(encoding="utf-8")
        for path in (tmp_path / "html").rglob("*.html")
    }
    fetched = re.compile(r'<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="(?:https?:)?//')
    assert not [name for name, text in html.items() if fetched.search(text)]
    for full, entry in tools.pages.names().items():
        if full == entry:
            assert f'id="{entry}"' in html[f"api/{entry.rpartition('.')[0]}.html"], entry
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        page = html[f"notebooks/{notebook.stem}.html"]
        assert "<img" in page and "<math" in page and 'class="highlight' in page and "\\mathrm" not in page
    assert html["api/minimix.viz.html"].count("<img") > 30  # what the examples draw
    commands = html["commands.html"]
    assert all(f">{command}<" in commands for command in ("minimix train", "minimix data get")) and "--threads" in commands
    assert "notebooks/04_mixconv.html" in html["index.html"] and "api/minimix.nn.html" in html["index.html"]
