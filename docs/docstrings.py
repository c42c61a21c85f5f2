"""The docstrings of minimix as reStructuredText, for the API pages.

They are written to be read as they are, with ``help`` or in the file. What is meant can be told from how it looks:

    name, name: what it is             a parameter, or several; lines that go on are indented
    >>> an example                     up to the next empty line
        an indented block              a drawing, a table, a formula: stays as it is
    word      what it is               rows of a table, in two columns, indented or not
    import this                        code, too
    anything else                      a paragraph
"""

import inspect
import re
import textwrap

NAMES = r"[A-Za-z_]\w*(?:, \w+)*"
EMPHASIS = r"(?<![\w*])(\*\w+\*)(?![\w*])"
ARXIV = re.compile(r"arXiv:? (\d{4}\.\d{4,5})")
MARKS = {"Raises": "Raises", "Returns": "Returns", "Source:": "Source", "Attributes:": "Attributes"}


def restructured(lines: list[str], parameters: set[str], link=lambda name: None) -> list[str]:
    """A docstring's lines as reStructuredText.

    parameters: names that the signature has, so that several descriptions in one line can be told apart.
    link: gives a name's full name where it has an entry in these pages, else None.
    """
    out: list[str] = []
    for block in _blocks(lines):
        if block[0].startswith(">>>"):
            out += block
        elif all(re.match(r"(import|from) [\w.]+", line) for line in block):
            out += [".. code-block:: python", "", *(f"    {line}" for line in block)]
        elif rows := _rows(textwrap.dedent("\n".join(block)).split("\n")):
            for term, text in rows:
                out += _definition(_literals(term), text, link)
        elif block[0].startswith(" "):
            out += ["::", "", *block]
        else:
            for item in _items(block):
                out += _entry(item, parameters, link)
        out.append("")
    return out


def _blocks(lines: list[str]) -> list[list[str]]:
    """Runs of lines without an empty one. An indented run in the middle of a text is one of its own."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            blocks[-1].append(line.rstrip())
        elif blocks[-1]:
            blocks.append([])
    merged: list[list[str]] = []
    for block in filter(None, blocks):
        literal = all(line.startswith("    ") for line in block)
        if literal and merged and all(line.startswith("    ") for line in merged[-1]):
            merged[-1] += ["", *block]
        else:
            merged.append(block)
    return merged


def _rows(block: list[str]) -> list[tuple[str, str]]:
    """(term, text) of each row of a table with two columns, or [] where it is none. Rows that go on are indented."""
    rows: list[list[str]] = []
    for line in block:
        columns = re.split(r" {2,}", line)
        if line.startswith(" ") and rows:
            rows[-1][1] += f"\n{line.strip()}"
        elif len(columns) == 2 and not columns[0].endswith(":"):
            rows.append(columns)
        else:
            return []
    return [(term, text) for term, text in rows] if len(rows) > 1 else []


def _literals(term: str) -> str:
    """``a, b`` as two words of code, what has brackets as one."""
    words = [term] if "(" in term else [word.strip() for word in term.split(",")]
    return ", ".join(f"``{word}``" for word in words)


def _items(block: list[str]) -> list[str]:
    """A paragraph's parts: a new one at each line that begins with names and a colon, or with Raises, Returns, Source."""
    items: list[list[str]] = []
    for line in block:
        starts = re.match(rf"{NAMES}: ", line) or line.startswith(tuple(f"{mark} " for mark in MARKS))
        if not items or (starts and not line.startswith(" ")):
            items.append([])
        items[-1].append(line)
    return ["\n".join(item) for item in items]


def _entry(item: str, parameters: set[str], link) -> list[str]:
    for mark, word in MARKS.items():
        if item.startswith(f"{mark} "):
            return [*_definition(f"*{word}*", item.removeprefix(mark).strip(), link)]
    if not re.match(rf"{NAMES}:\s", item) or not (_known(item, parameters) or item.partition(":")[0][0].islower()):
        return [*inline(item, link).split("\n"), ""]
    out = []
    for part in _apart(item, parameters):
        names, _, text = part.partition(":")
        out += _definition(_literals(names), text.strip(), link)
    return out


def _definition(term: str, text: str, link) -> list[str]:
    """A term and what it means: in a list that is laid out in two columns."""
    return [term, *(f"    {line.strip()}" for line in inline(text, link).split("\n")), ""]


def _known(item: str, parameters: set[str]) -> bool:
    return {name.strip() for name in item.partition(":")[0].split(",")} <= parameters


def _apart(item: str, parameters: set[str]) -> list[str]:
    """``x: this. weight: that.`` in two, where weight is a parameter."""
    parts = [""]
    for sentence in re.split(rf"(?<=[.;)])(\s+)(?={NAMES}: )", item):
        new = re.match(rf"{NAMES}: ", sentence) and _known(sentence, parameters)
        if new and parts[-1].strip():
            parts.append(sentence)
        else:
            parts[-1] += sentence
    return [part.strip() for part in parts]


def inline(text: str, link=lambda name: None) -> str:
    """Text with everything escaped that reStructuredText would take for markup, but for ``literals`` and links to papers."""
    out = ""
    for i, part in enumerate(re.split(r"``(.+?)``", text, flags=re.S)):
        if i % 2:
            name = " ".join(part.split())
            target = link(name.partition("(")[0])
            apart = "\\ " if out[-1:].isalnum() else ""  # markup begins and ends between words
            out += apart + (f":py:obj:`{name} <{target}>`" if target else f"``{name}``")
        else:
            apart = "\\ " if i and part[:1].isalnum() else ""
            escaped = re.sub(rf"{EMPHASIS}|([\\*`|])|_(?!\w)", lambda found: found[1] or f"\\{found[0]}", part)
            out += apart + ARXIV.sub(r"`arXiv \1 <https://arxiv.org/abs/\1>`__", escaped)
    return out


def parameters_of(value) -> set[str]:
    """Names that a signature has; of a class, its fields and attributes, too."""
    try:
        found = set(inspect.signature(value).parameters)
    except (TypeError, ValueError):
        found = set()
    return found | set(getattr(value, "__annotations__", {})) if inspect.isclass(value) else found
