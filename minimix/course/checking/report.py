"""What a check says: as HTML with a picture in a notebook, as text elsewhere.

The colours are readable on light and dark backgrounds, and never the only sign: each report begins with a mark and words.
"""

import base64
import html
import textwrap
from dataclasses import dataclass

import numpy as np

from minimix.course.checking.panels import Panel, panels_of
from minimix.course.display import picture
from minimix.course.display.frontend import bundle_of, show

RIGHT, WRONG, OPEN = "#0072B2", "#D55E00", "#8c8c8c"  # the edge of a report: passed, failed, not written yet


@dataclass(frozen=True, repr=False)
class Report:
    """The result of a check.

    kind:     "passed"; "stub" (not written yet); "signature", "exception", "type", "shape", "in-place", "state", "values".
    title:    one line. paragraphs: what is wrong, and how to see it.
    mistake:  the name of the mistake that was recognised, else None.
    case:     the smallest configuration that fails: ``your_function(*report.case.values())`` repeats it.
    expected, actual: what the solution and the function make of it; dicts where several things are returned.
    failed, total: configurations. code: the learner's line that raised. there: what the names in it were.
    printed: what the function printed meanwhile.
    """

    exercise: str
    kind: str
    title: str
    paragraphs: tuple[str, ...] = ()
    mistake: str | None = None
    case: dict | None = None
    expected: object = None
    actual: object = None
    failed: int = 0
    total: int = 0
    code: str = ""
    there: str = ""
    printed: str = ""

    @property
    def passed(self) -> bool:
        """Whether the function is right."""
        return self.kind == "passed"

    def figure(self):
        """The picture as a matplotlib Figure; None where the case has nothing with two axes."""
        inputs, results = self._panels()
        return picture.draw(inputs, results) if results else None

    def __repr__(self) -> str:
        lines = [self.title]
        for paragraph in self.paragraphs:
            lines += textwrap.wrap(paragraph, 100, initial_indent="  ", subsequent_indent="  ")
        for label, text in self._facts():
            lines += textwrap.wrap(label + ":", 100, initial_indent="  ", subsequent_indent="  ")
            lines += [f"    {line}" for part in text.split("\n") for line in textwrap.wrap(part, 100)]
        if numbers := self._numbers():
            lines += ["", *(f"  {line}".rstrip() for line in numbers)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return self._html(with_picture=True)

    def _ipython_display_(self) -> None:
        """Words and picture as two outputs: viewers that refuse pictures inside of HTML (GitHub's) show both so."""
        show({"text/html": self._html(with_picture=False), "text/plain": repr(self)})
        if (figure := self.figure()) is not None:
            show(bundle_of(figure))

    def _html(self, with_picture: bool) -> str:
        colour, mark = {"passed": (RIGHT, "&#10003;"), "stub": (OPEN, "&#8230;")}.get(self.kind, (WRONG, "&#10007;"))
        parts = [f'<p style="margin: 0 0 6px 0"><b>{mark} {html.escape(self.title)}</b></p>']
        parts += [f'<p style="margin: 0 0 6px 0; max-width: 50em">{html.escape(text)}</p>' for text in self.paragraphs]
        for label, text in self._facts():
            code = html.escape(text).replace("\n", "<br/>")
            parts.append(f'<p style="margin: 0 0 6px 0">{html.escape(label)}: <code>{code}</code></p>')
        figure = self.figure() if with_picture else None
        if figure is not None:
            data = base64.b64encode(picture.png(figure)).decode()
            alt = html.escape(figure.alt, quote=True)
            parts.append(f'<p style="margin: 0"><img alt="{alt}" src="data:image/png;base64,{data}"/></p>')
        if numbers := self._numbers():
            text = html.escape("\n".join(numbers))
            folded = bool(self._panels()[1])
            pre = f'<pre style="margin: 0; overflow-x: auto">{text}</pre>'
            parts.append(f"<details><summary>The same in numbers</summary>{pre}</details>" if folded else pre)
        style = f"border-left: 5px solid {colour}; padding: 4px 0 4px 12px; margin: 4px 0"
        return f'<div class="minimix-report" style="{style}">{"".join(parts)}</div>'

    def _facts(self) -> list[tuple[str, str]]:
        """(label, code) lines below the words."""
        facts = [(label, text) for label, text in (("Your code", self.code), ("There", self.there)) if text]
        if self.case is not None and self.kind != "stub":
            words = ", ".join(_argument(name, value) for name, value in self.case.items())
            share = "" if self.kind == "state" else f"{self.failed} of {self.total} configurations fail, the smallest with"
            facts.append((share or "Seen with", words))
        if self.printed and self.kind != "stub":
            facts.append(("It printed", self.printed.rstrip()[:2000]))
        return facts

    def _panels(self) -> tuple[list[Panel], list[Panel]]:
        if self.case is None or self.kind in ("stub", "signature", "state") or (self.actual is None and self.kind != "type"):
            return [], []
        actual = self.actual if self.actual is not None else None
        return panels_of(self.case, self.expected, actual)

    def _numbers(self) -> list[str]:
        if self.case is None or self.kind in ("stub", "signature", "state"):
            return []
        inputs, results = self._panels()
        if results:
            return [line for row in (inputs, results) if row for line in [*_beside(row), ""]][:-1]
        return _table(self.expected, self.actual)


def _argument(name: str, value) -> str:
    """An argument in a line: of an array its shape."""
    if isinstance(value, np.ndarray):
        return f"{name} of shape {value.shape}"
    if isinstance(value, list) and value and all(isinstance(item, np.ndarray) for item in value):
        return f"{name} of shapes {', '.join(str(item.shape) for item in value)}"
    return f"{name}={value!r}"


def _beside(row: list[Panel]) -> list[str]:
    """Panels as text, side by side."""
    blocks = []
    for panel in row:
        cells = [[picture.short(v) for v in line] for line in panel.values.astype(float)]
        width = max((len(cell) for line in cells for cell in line), default=0)
        blocks.append([panel.title, *("  ".join(cell.rjust(width) for cell in line) for line in cells)])
    height = max(map(len, blocks))
    columns = []
    for block in blocks:
        width = max(map(len, block))
        columns.append([line.ljust(width) for line in block + [""] * (height - len(block))])
    return ["    ".join(lines).rstrip() for lines in zip(*columns, strict=True)]


def _table(expected, actual) -> list[str]:
    """Numbers by name: expected, actual."""
    if not isinstance(expected, dict):
        expected, actual = {"": expected}, None if actual is None else {"": actual}
    rows = [("", "expected", "yours", "")]
    for name, right in expected.items():
        ours = "" if actual is None else _text(actual[name])
        rows.append((name, _text(right), ours, "<--" if ours and ours != _text(right) else ""))
    columns = [column for column in zip(*rows, strict=True) if any(column)]
    widths = [max(map(len, column)) for column in columns]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in zip(*columns, strict=True)]


def _text(array: np.ndarray) -> str:
    """
    >>> _text(np.array(3)), _text(np.array([1.5, 2.0]))
    ('3', '(1.5, 2.0)')
    """
    return repr(tuple(array.tolist()) if array.ndim == 1 else array.tolist())
