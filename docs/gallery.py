"""What the figures of minimix.viz look like: each function's own example is run, and its ``figure`` saved for the API pages."""

import contextlib
import doctest
import inspect
import io
import sys
from pathlib import Path

from minimix import viz


def draw(folder: Path) -> None:
    """Write NAME.png for each function of viz whose docstring makes a figure. One that fails is named, and has no picture."""
    folder.mkdir(parents=True)
    for name in viz.__all__:
        try:
            figure = example(inspect.unwrap(getattr(viz, name))).get("figure")
        except Exception as error:  # machine code, for one, is another on each processor
            print(f"the example of viz.{name} fails here: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        if figure is not None:
            figure.savefig(folder / f"{name}.png")


def example(function) -> dict:
    """The names that are there after the example in a function's docstring."""
    names = dict(vars(sys.modules[function.__module__]))
    with contextlib.redirect_stdout(io.StringIO()):
        for part in doctest.DocTestParser().get_examples(inspect.getdoc(function) or ""):
            exec(compile(part.source, f"<the example of {function.__name__}>", "single"), names)
    return names
