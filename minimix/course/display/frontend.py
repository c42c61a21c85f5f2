"""Where output goes: whether a kernel listens to sliders, and how a figure becomes a notebook's output."""

import base64
import importlib.util
import os
import sys

from minimix.course.display import picture

STATIC = "MINIMIX_COURSE_STATIC"  # 1: no boxes and sliders, as in notebooks that are stored with their outputs


def is_live() -> bool:
    """Whether boxes and sliders would work: there is a notebook's kernel, ipywidgets is installed, and MINIMIX_COURSE_STATIC
    is not 1.

    >>> is_live()
    False
    """
    return in_notebook() and importlib.util.find_spec("ipywidgets") is not None and not is_static()


def is_static() -> bool:
    """Whether boxes and sliders are not wanted, because nobody will be there to use them."""
    return os.environ.get(STATIC) == "1"


def in_notebook() -> bool:
    """Whether this code runs in a notebook's kernel."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def bundle_of(drawn) -> dict[str, str]:
    """What a notebook shows of the result of a drawing function: {type: content}. A matplotlib Figure becomes a PNG, and what
    is to be seen in it (its ``alt``), in words.

    >>> bundle_of("three windows")
    {'text/plain': 'three windows'}
    """
    figure = getattr(drawn, "figure", drawn)  # of Axes
    if hasattr(figure, "savefig"):
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            pyplot.close(figure)  # else the notebook would show it a second time
        words = getattr(figure, "alt", "") or repr(figure)
        return {"image/png": base64.b64encode(picture.png(figure)).decode(), "text/plain": words}
    if (as_html := getattr(drawn, "_repr_html_", None)) is not None:
        return {"text/html": as_html(), "text/plain": repr(drawn)}
    return {"text/plain": drawn if isinstance(drawn, str) else repr(drawn)}


def show(bundle: dict[str, str], **options):
    """Make a bundle an output of the cell; with ``display_id=True`` returns its handle. A picture's words are its ``alt``."""
    from IPython.display import display

    return display(bundle, raw=True, metadata=metadata_of(bundle), **options)


def metadata_of(bundle: dict[str, str]) -> dict:
    """
    >>> metadata_of({"image/png": "...", "text/plain": "a circle"}), metadata_of({"text/plain": "a circle"})
    ({'image/png': {'alt': 'a circle'}}, {})
    """
    return {"image/png": {"alt": bundle["text/plain"]}} if "image/png" in bundle else {}
