"""Errors that are part of the lesson: caught, and shown without what only this machine and this run would say."""

import html
import re
import tempfile
from collections.abc import Callable

ALERT = "#D55E00"  # of the edge, as of a report that is not passed
NOISE = (  # lines of Numba's messages that say how it works inside, and places on this machine
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r'^File "[^"]*", line (\d+):\n<source missing.*$', re.M), r"in line \1 of the cell"),
    (re.compile(r'^File "[^"]*", line (\d+):$', re.M), r"line \1:"),
    (re.compile(r"^(During: |Failed in nopython mode pipeline|This error may have been caused).*\n?", re.M), ""),
    (re.compile(r"(, defined at| Raised from) .* \(\d+\)$", re.M), ""),
    (re.compile(r"^\s*<source elided>\n", re.M), ""),
)


class Caught:
    """An error: ``error`` itself, its ``kind``, and its ``message``, shortened. See ``caught``."""

    def __init__(self, error: Exception, lines: int):
        self.error, self.kind, self.message = error, type(error).__name__, cleaned(str(error), lines)

    def __repr__(self) -> str:
        return f"{self.kind}: {self.message}"

    def _repr_html_(self) -> str:
        style = f"border-left: 5px solid {ALERT}; padding: 4px 0 4px 12px; margin: 4px 0"
        pre = "margin: 4px 0 0 0; max-width: 62em; white-space: pre-wrap; word-break: normal; overflow-wrap: break-word"
        return f'<div style="{style}"><b>{self.kind}</b><pre style="{pre}">{html.escape(self.message)}</pre></div>'


def caught(function: Callable, *arguments, lines: int = 12) -> Caught:
    """Call a function that must raise an exception, and give it as something that a notebook shows.

    lines: so many of its message at most. Raises AssertionError where nothing was raised: then the lesson does not hold.

    >>> caught(int, "seven")
    ValueError: invalid literal for int() with base 10: 'seven'
    >>> caught(int, "7")
    Traceback (most recent call last):
        ...
    AssertionError: expected an error, but the function returned 7
    """
    try:
        result = function(*arguments)
    except Exception as error:
        return Caught(error, lines)
    raise AssertionError(f"expected an error, but the function returned {result!r}")


def cleaned(message: str, lines: int) -> str:
    """Without colours, blank and repeated lines, Numba's account of its own work, and folders for temporary files.

    >>> cleaned('unknown type\\n\\nFile "/tmp/a/b.py", line 5:\\n  x = y\\n\\nDuring: typing of x', 12)
    'unknown type\\nline 5:\\n  x = y'
    """
    for pattern, instead in NOISE:
        message = pattern.sub(instead, message)
    message = re.sub(re.escape(tempfile.gettempdir()) + r"[\\/][^\\/\s]+", "...", message)  # and the random name in it
    kept = list(dict.fromkeys(line.rstrip() for line in message.split("\n") if line.strip()))
    return "\n".join(kept[:lines] + ["..."] * (len(kept) > lines))
