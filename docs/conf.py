"""Sphinx's settings for the API pages; ``python docs/build.py`` builds them."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # the files beside this one, and this copy of minimix

import docstrings  # noqa: E402
import pages  # noqa: E402

import minimix  # noqa: E402

project = "minimix"
version = release = minimix.__version__
copyright = "MIT licence"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "maths"]

nb_execution_mode = "off"  # notebooks are shown with the outputs that are stored in them
myst_enable_extensions = ["dollarmath", "amsmath", "html_image"]
myst_heading_anchors = 3

autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False  # a forward() without a docstring says nothing new
smartquotes = False  # "same" in a text is as one writes it in code
highlight_language = "none"  # of blocks that do not say what they are: often output, or a command
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"minimix {version}"
html_math_renderer = "mathml"
html_static_path = [str(HERE / "style")]
html_css_files = ["pages.css"]
html_show_sourcelink = False
html_copy_source = False
pygments_style = "default"

_ENTRIES = pages.names()


def process(app, what, name, value, options, lines) -> None:
    """Each docstring as reStructuredText."""
    if what == "data":  # a tuple has its type's
        lines.clear()
    room = name if what == "module" else ".".join(name.split(".")[:-1])

    def link(word: str) -> str | None:
        target = _ENTRIES.get(word) or _ENTRIES.get(f"{room}.{word}")
        return None if target == name else target

    lines[:] = docstrings.restructured(list(lines), docstrings.parameters_of(value), link)
    picture = f"figures/{name.rpartition('.')[2]}.png"
    if room == "minimix.viz" and (app.srcdir / "api" / picture).exists():
        lines += [f".. image:: {picture}", f"   :alt: the figure of this example of viz.{name.rpartition('.')[2]}", ""]


def skip(app, what, name, value, skipped, options) -> bool | None:
    """Fields of named tuples, which are explained in the class's docstring, have one that says nothing."""
    return True if (getattr(value, "__doc__", None) or "").startswith("Alias for field number") else None


def setup(app) -> None:
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", process)
