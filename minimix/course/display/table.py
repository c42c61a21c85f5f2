"""Tables of numbers, as notebooks show them."""

import html
from collections.abc import Iterable, Sequence


class Table:
    """See ``table``. cells: the rows as texts."""

    def __init__(self, headings: Sequence[str], rows: Iterable[Sequence], caption: str):
        self.headings, self.caption = [str(heading) for heading in headings], caption
        self.rows = [list(row) for row in rows]
        for row in self.rows:
            if len(row) != len(self.headings):
                raise ValueError(f"a row has {len(row)} entries for {len(self.headings)} headings: {row!r}")
        self.cells = [[written(value) for value in row] for row in self.rows]

    def _numeric(self, column: int) -> bool:
        """Whether a column has numbers, so that it stands on the right."""
        values = [row[column] for row in self.rows]
        return any(map(_is_number, values)) and all(_is_number(value) or value in ("", None) for value in values)

    def __repr__(self) -> str:
        lines = [self.headings, *self.cells]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        sides = [str.rjust if self._numeric(i) else str.ljust for i in range(len(widths))]
        text = ["  ".join(side(*cell) for side, *cell in zip(sides, line, widths, strict=True)).rstrip() for line in lines]
        return "\n".join([*([self.caption] if self.caption else []), *text])

    def _repr_html_(self) -> str:
        sides = ["right" if self._numeric(i) else "left" for i in range(len(self.headings))]

        def line(tag: str, cells) -> str:
            texts = zip(sides, cells, strict=True)
            return "".join(f'<{tag} align="{s}" style="text-align: {s}">{html.escape(text)}</{tag}>' for s, text in texts)

        caption = f"<caption>{html.escape(self.caption)}</caption>" if self.caption else ""
        body = "".join(f"<tr>{line('td', cells)}</tr>" for cells in self.cells)
        return f"<table>{caption}<thead><tr>{line('th', self.headings)}</tr></thead><tbody>{body}</tbody></table>"


def table(headings: Sequence[str], rows: Iterable[Sequence], caption: str = "") -> Table:
    """Numbers and words under headings, for the last line of a notebook's cell.

    rows: each with an entry a heading. Whole numbers are written with commas, others with four digits; for another form, give
    text. Columns of numbers stand on the right.

    Raises ValueError for a row of another length.

    >>> table(["kernel", "weights", "share"], [("3x3", 1152, 0.25), ("5x5", 3200, 0.694444)])
    kernel  weights   share
    3x3       1,152    0.25
    5x5       3,200  0.6944
    """
    return Table(headings, rows, caption)


def written(value) -> str:
    """
    >>> written(1806336), written(0.123456), written(True), written(None), written((3, 3))
    ('1,806,336', '0.1235', 'yes', '', '(3, 3)')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not _is_number(value):
        return str(value)
    return f"{int(value):,}" if hasattr(value, "__index__") else f"{float(value):.4g}"


def _is_number(value) -> bool:
    return not isinstance(value, (bool, str)) and (hasattr(value, "__index__") or isinstance(value, float))
