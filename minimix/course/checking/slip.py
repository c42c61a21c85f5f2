"""One slip in a line of code: something else in a piece's place, which can be put in and taken out again."""

import ast
from dataclasses import dataclass

SIMPLE, USUAL, RARE = 0, 1, 2  # how soon a slip is thought of


@dataclass(frozen=True)
class Slip:
    """``new`` in place of ``old``, which stands in ``parent.field`` (at ``place`` of it, where that is a list).

    line: the statement in which it happens. text: what is said of it, where the line as it was and as it is does not say it.
    """

    parent: ast.AST
    field: str
    place: int | None
    old: object
    new: object
    line: ast.stmt
    rank: int = USUAL
    text: str = ""

    def __post_init__(self):
        for node in self.new if isinstance(self.new, list) else [self.new]:
            ast.fix_missing_locations(node)

    def put(self, what) -> None:
        if self.place is None:
            setattr(self.parent, self.field, what)
        else:
            getattr(self.parent, self.field)[self.place] = what


def words(*slips: Slip) -> str:
    """What is done, in a sentence's end: the line as it should be, and as it is.

    >>> line = ast.parse("c = a + b").body[0]
    >>> words(Slip(line, "value", None, line.value, line.value.left, line))
    '`c = a + b` is written as `c = a`'
    """
    if len(slips) > 1 and (any(slip.text for slip in slips) or len({id(slip.line) for slip in slips}) > 1):
        return ", and ".join(map(words, slips))
    if slips[0].text:
        return slips[0].text
    before = first_line(slips[0].line)
    for slip in slips:
        slip.put(slip.new)
    after = first_line(slips[0].line)
    for slip in reversed(slips):
        slip.put(slip.old)
    return f"`{before}` is written as `{after}`"


def first_line(statement: ast.stmt) -> str:
    """Of a loop its head."""
    return ast.unparse(statement).split("\n")[0]
