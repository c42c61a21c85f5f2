"""Tables for the notebooks: HTML in a notebook, aligned text elsewhere."""

import html
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Table:
    """See ``table``. cells: all rows as text."""

    headings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    words: tuple[bool, ...]
    total: bool
    caption: str

    def _repr_html_(self) -> str:
        lines = [_html_row("th", self.headings, self.words)]
        for i, row in enumerate(self.cells):
            last = self.total and i == len(self.cells) - 1
            lines.append(_html_row("td", [f"<b>{_escaped(cell)}</b>" if last else _escaped(cell) for cell in row], self.words))
        caption = f'<p style="margin: 0 0 4px 0"><b>{_escaped(self.caption)}</b></p>' if self.caption else ""
        return f"{caption}<table>{''.join(lines)}</table>"

    def __repr__(self) -> str:
        rows = [self.headings, *self.cells]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(w) if word else cell.rjust(w) for cell, w, word in zip(row, widths, self.words, strict=True)
            ).rstrip()
            for row in rows
        ]
        return "\n".join([self.caption, *lines] if self.caption else lines)


def table(headings: Sequence[str], rows: Sequence[Sequence], total: bool = False, caption: str = "") -> Table:
    """A table for the last line of a notebook's cell.

    rows: of texts, whole numbers (shown with thousands separators), other numbers (four digits) and None (empty).
    total: the last row is one, and bold. Columns of texts are aligned on the left, all others on the right.

    Raises ValueError for a row that is not as long as ``headings``.

    >>> table(("layer", "weights"), [("3x3", 1152), ("5x5", 3200)])
    layer  weights
    3x3      1,152
    5x5      3,200
    """
    headings, rows = tuple(map(str, headings)), [tuple(row) for row in rows]
    for row in rows:
        if len(row) != len(headings):
            raise ValueError(f"the row {row} has {len(row)} cells for {len(headings)} headings")
    words = tuple(any(isinstance(row[i], str) for row in rows) for i in range(len(headings)))
    return Table(headings, tuple(tuple(map(_text, row)) for row in rows), words, total, caption)


def _text(value) -> str:
    """
    >>> _text(1234567), _text(0.16302), _text(None), _text(2.0)
    ('1,234,567', '0.163', '', '2')
    """
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:,}" if hasattr(value, "__index__") else f"{value:.4g}"


def _html_row(tag: str, cells, words) -> str:
    made = [
        f'<{tag} style="text-align: {"left" if word else "right"}">{cell if tag == "td" else _escaped(cell)}</{tag}>'
        for cell, word in zip(cells, words, strict=True)
    ]
    return f"<tr>{''.join(made)}</tr>"


def _escaped(text: str) -> str:
    return html.escape(text)
