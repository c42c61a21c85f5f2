"""Tables as text: in a pipe or a file as wide as they are, in a terminal so that they fit it, and nothing in them is ever cut.

What does not fit stands below: the table goes on with its other columns, and its first column, the rows' labels, once more.
Where there is no room for a label and a number side by side, each line of the table becomes a list. Words may be folded;
numbers never are.
"""

import re
import shutil
import sys
import unicodedata

GAP = 2  # blanks between two columns
FOLDED = 16  # a column of words is not made narrower than this
_JOINERS = "\u200c\u200d"  # parts of words and of emoji in some scripts


def print_table(
    lines: list[tuple[str, ...]], left: int | None = None, total: bool = False, stream=None, labels: int = 1
) -> None:
    """Print ``lines``, the first being the headings.

    left: so many columns are words, aligned to the left; the others are numbers. None: all are words.
    total: the last line is a sum, and set apart.
    stream: standard output, if it is None. labels: so many columns say what a line is about.
    """
    stream = sys.stdout if stream is None else stream
    if stream is None:  # it is closed
        return
    if not stream.isatty():
        print("\n".join(fitted(lines, left)), file=stream)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream)
    rule = "-" if console.options.ascii_only else "─"
    for i, part in enumerate(_parts(lines, left, terminal_width(), labels)):
        if i:
            console.print()
        for number, text in enumerate(part.text(rule, total)):  # as Text nothing in it is taken for markup
            console.print(Text(text, "bold" if number < part.head else ""), soft_wrap=True, highlight=False)


def fitted(lines: list[tuple[str, ...]], left: int | None = None, width: int | None = None, labels: int = 1) -> list[str]:
    """The lines of the table as text, no more than ``width`` columns wide where that can be.

    >>> lines = [("network", "parameters", "multiply-adds"), ("mixnet_s", "4,134,606", "239,173,360")]
    >>> print(*fitted(lines, left=1), sep="\\n")
    network   parameters  multiply-adds
    mixnet_s   4,134,606    239,173,360
    >>> print(*fitted(lines, left=1, width=25), sep="\\n")
    network   parameters
    mixnet_s   4,134,606
    <BLANKLINE>
    network   multiply-adds
    mixnet_s    239,173,360
    """
    parts = [part.text() for part in _parts(lines, left, width, labels)]
    return [text for i, part in enumerate(parts) for text in ([""] * (i > 0) + part)]


def terminal_width() -> int:
    """Of standard output, in columns. The variable COLUMNS, where it is set, has the last word."""
    return max(1, shutil.get_terminal_size().columns)


def shown(text: str) -> str:
    """``text`` with everything escaped that a terminal would obey or could not print: file names may hold anything.

    >>> shown("a\\nb \\x1b[31m naïve")
    'a\\\\nb \\\\x1b[31m naïve'
    """
    text = str(text)
    if text.isprintable():
        return text
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    escaped = (
        c.encode("unicode_escape").decode() if unicodedata.category(c) in hidden and c not in _JOINERS else c for c in text
    )
    return "".join(escaped)


def fold(text: str, width: int) -> list[str]:
    """``text`` in lines of up to ``width`` columns: broken between words, else behind a sign such as / or :, else anywhere, but
    never within a number.

    >>> fold("mobilenetv1_100:kernels=3,5,7", 20), fold("one two three", 8)
    (['mobilenetv1_100:', 'kernels=3,5,7'], ['one two', 'three'])
    >>> fold("239,173,360", 5)
    ['239,173,360']
    """
    if _columns(text) <= width:
        return [text]
    indent = text[: len(text) - len(text.lstrip())]  # stays before the first word
    lines = [""]
    for word in re.findall(r"\S+\s*", text):
        word = word if lines != [""] else indent + word
        if _columns(lines[-1] + word.rstrip()) <= width:
            lines[-1] += word
            continue
        if lines[-1]:
            lines.append("")
        for piece in _pieces(word, width):
            if lines[-1] and _columns(lines[-1] + piece.rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return [line.rstrip() for line in lines]


def _pieces(word: str, width: int) -> list[str]:
    """Where a word that is too long may be broken."""
    if _columns(word.rstrip()) <= width:
        return [word]
    pieces = re.findall(r".+?(?:[:/\\=_]|[,.-](?=\D)|$)\s*", word)
    return [part for piece in pieces for part in ([piece] if _columns(piece) <= width else re.findall(r"\d[\d.,]*|\D", piece))]


class _Part:
    """Some columns of a table, side by side, as lines of text."""

    def __init__(self, columns: list[list[str]], words: list[bool], widths: list[int]):
        folded = [
            [fold(cell, width) if is_word or row == 0 else [cell] for row, cell in enumerate(column)]
            for column, is_word, width in zip(columns, words, widths, strict=True)
        ]
        widths = [
            max([width, *(_columns(line) for cell in column for line in cell)])
            for column, width in zip(folded, widths, strict=True)
        ]
        self.width = sum(widths) + GAP * (len(widths) - 1)
        self.rows = []
        for cells in zip(*folded, strict=True):
            height = max(map(len, cells))
            lines = [[*cell, *[""] * (height - len(cell))] for cell in cells]
            self.rows.append([self._line(line, words, widths) for line in zip(*lines, strict=True)])

    @property
    def head(self) -> int:
        """So many lines are headings."""
        return len(self.rows[0])

    def text(self, rule: str = "", total: bool = False) -> list[str]:
        """rule: drawn below the headings, and above the last line where that is a sum; "" for none."""
        head, *rows = self.rows
        across = [rule * self.width] if rule else []
        apart = across if total and len(rows) > 1 else []
        last = len(rows) - 1
        return [*head, *across, *(line for i, row in enumerate(rows) for line in ([*apart, *row] if i == last else row))]

    @staticmethod
    def _line(cells, words, widths) -> str:
        blanks = [" " * (width - _columns(cell)) for cell, width in zip(cells, widths, strict=True)]
        aligned = [cell + blank if is_word else blank + cell for cell, blank, is_word in zip(cells, blanks, words, strict=True)]
        return (" " * GAP).join(aligned).rstrip()


class _Turned:
    """Each line of a table as a list: its label, and below it its cells, each behind its heading."""

    head = 0

    def __init__(self, columns: list[list[str]], width: int):
        headings, *rows = zip(*columns, strict=True)
        names = max(map(_columns, headings[1:]), default=0)
        beside = width - 2 * GAP - names  # room for a cell
        self.rows = []
        for label, *cells in rows:
            lines = fold(label, width) if label else []
            for heading, cell in zip(headings[1:], cells, strict=True):
                if cell and _columns(cell) > beside:
                    lines += [f"{'':{GAP}}{heading}", *(f"{'':{2 * GAP}}{line}" for line in fold(cell, width - 2 * GAP))]
                elif cell:
                    lines.append(f"{'':{GAP}}{heading}{' ' * (names - _columns(heading))}{'':{GAP}}{cell}")
            self.rows.append(lines)

    def text(self, rule: str = "", total: bool = False) -> list[str]:
        return [line for row in self.rows for line in row]


def _parts(lines, left: int | None, width: int | None, labels: int = 1) -> list:
    columns = [[shown(cell) for cell in column] for column in zip(*lines, strict=True)]
    words = [left is None or i < left for i in range(len(columns))]
    natural = [max(map(_columns, column)) for column in columns]
    if width is None or sum(natural) + GAP * (len(natural) - 1) <= width:
        return [_Part(columns, words, natural)]
    least = [natural[0], *(_least(*column, width) for column in zip(columns[1:], words[1:], strict=True))]
    head, rest = list(range(labels)), list(range(labels, len(columns)))
    taken = sum(least[i] + GAP for i in head)
    if taken + max((least[i] for i in rest), default=-GAP) > width:
        return [_Turned(columns, width)]
    parts = []
    while rest or not parts:
        chosen, room = list(head), width - taken + GAP
        while rest and least[rest[0]] + GAP <= room:
            room -= least[rest[0]] + GAP
            chosen.append(rest.pop(0))
        widths = _spread([least[i] for i in chosen], [natural[i] for i in chosen], room)
        parts.append(_Part([columns[i] for i in chosen], [words[i] for i in chosen], widths))
    return parts


def _least(column: list[str], is_word: bool, width: int) -> int:
    """The narrowest that a column may be: of numbers, as wide as the widest of them."""
    heading = max(map(_columns, re.findall(r"[^\s:]+:?", column[0])), default=0)
    body = max((_columns(cell) for cell in column[1:]), default=0)
    if is_word:
        longest = max((_columns(word) for cell in column[1:] for word in cell.split()), default=0)
        body = min(body, max(FOLDED, min(longest, width // 2)))
    return max(min(heading, max(FOLDED, width // 2)), body)


def _spread(least: list[int], natural: list[int], room: int) -> list[int]:
    """Columns' widths from the least to the natural ones, as far as there is room: first those that need little more."""
    widths = list(least)
    order = sorted(range(len(widths)), key=lambda i: natural[i] - least[i])
    for done, i in enumerate(order):
        more = max(0, min(natural[i] - widths[i], room // (len(order) - done)))
        widths[i] += more
        room -= more
    return widths


def _columns(text: str) -> int:
    """How wide a text is on the screen: Chinese characters and emoji take two columns."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
