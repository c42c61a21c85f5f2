"""Build the API pages, with the notebooks in them: docs/_build/html/index.html.

    python docs/build.py

Needs minimix's extra [docs]. What Sphinx reads is put together in docs/_build/source: README.md as the home page, the notebooks
with their stored outputs, a page for each room of minimix (``pages.py``), and one for the command line (``commands.py``).
Nothing in the result needs a network.
"""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT)]

TOCTREE = """
```{{toctree}}
:caption: {caption}
:hidden:

{entries}
```
"""


def stage(source: Path) -> None:
    """Write what Sphinx shall read into an empty folder."""
    import commands
    import gallery
    import pages

    (source / "notebooks").mkdir()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(path, source / "notebooks")
    shutil.copytree(HERE / "course", source / "docs" / "course")
    shutil.copy(HERE / "mixconv.png", source / "docs")
    (source / "api").mkdir()
    for room in pages.ROOMS:
        (source / "api" / f"{room}.rst").write_text(pages.page(room), encoding="utf-8")
    gallery.draw(source / "api" / "figures")
    (source / "commands.rst").write_text(commands.page(), encoding="utf-8")
    notebooks = "\n".join(f"notebooks/{path.stem}" for path in sorted((source / "notebooks").glob("*.ipynb")))
    rooms = "\n".join(f"api/{room}" for room in pages.ROOMS)
    home = (ROOT / "README.md").read_text(encoding="utf-8")
    home += TOCTREE.format(caption="The course", entries=notebooks)
    home += TOCTREE.format(caption="The library", entries=f"{rooms}\ncommands")
    (source / "index.md").write_text(home, encoding="utf-8")


def build(folder: Path, strict: bool = False) -> int:
    """Build into ``folder``/html, anew; returns Sphinx's exit code. strict: a warning is an error."""
    from sphinx.cmd.build import main

    source = folder / "source"
    shutil.rmtree(folder, ignore_errors=True)
    source.mkdir(parents=True)
    stage(source)
    options = ["-q", "-j", "auto", "-c", str(HERE), "-d", str(folder / "doctrees")]
    return main([*options, *(["-W", "--keep-going"] if strict else []), str(source), str(folder / "html")])


if __name__ == "__main__":
    code = build(HERE / "_build")
    if code == 0:
        print(f"open {HERE / '_build' / 'html' / 'index.html'}")
    raise SystemExit(code)
