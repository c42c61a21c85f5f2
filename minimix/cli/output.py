"""Tables: drawn with rich in a terminal, plain text in a pipe or a file."""

import sys


def print_table(lines: list[tuple[str, ...]], left: int | None = None, total: bool = False) -> None:
    """Print ``lines``, the first being the headings.

    left: so many columns are words, aligned to the left; the others are numbers. None: all are words.
    total: the last line is a sum, and set apart.
    """
    left = len(lines[0]) if left is None else left
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            cells = [
                cell.ljust(width) if i < left else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            print("  ".join(cells).rstrip())
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for i, heading in enumerate(lines[0]):  # in a narrow terminal words are folded, but numbers stay whole
        table.add_column(heading, justify="left" if i < left else "right", no_wrap=i >= left, overflow="fold")
    rows = lines[1:]
    for i, line in enumerate(rows):
        table.add_row(*line, end_section=total and i == len(rows) - 2)
    Console().print(table, highlight=False)
