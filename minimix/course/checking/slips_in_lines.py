"""Slips with whole lines: left out, before or behind another one, in or behind a loop; loops that end early."""

import ast
import copy
import itertools
from collections.abc import Iterator

from minimix.course.checking.slip import RARE, SIMPLE, USUAL, Slip, first_line


def of_lines(function: ast.FunctionDef) -> Iterator[Slip]:
    for parent in ast.walk(function):
        for field in ("body", "orelse"):
            lines = getattr(parent, field, None)
            if isinstance(lines, list) and lines and isinstance(lines[0], ast.stmt):
                yield from _of_block(parent, field, lines)


def _of_block(parent, field: str, lines: list) -> Iterator[Slip]:
    def slip(new: list, line: ast.stmt, text: str, rank: int = SIMPLE) -> Slip:
        return Slip(parent, field, None, lines, new or [ast.Pass()], line, rank, text)

    for i, line in enumerate(lines):
        text, before, after = first_line(line), lines[:i], lines[i + 1 :]
        if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant):
            continue
        if not isinstance(line, ast.Return):
            yield slip(before + after, line, f"`{text}` is left out")
        if isinstance(line, ast.AugAssign):
            name = ast.unparse(line.target)
            yield slip(
                [*before, ast.Assign([line.target], line.value), *after],
                line,
                f"`{text}` has = in place of the {_sign(line)}=, so that the last {name} alone counts",
            )
            if isinstance(line.op, (ast.Add, ast.Sub)):
                other = ast.Sub() if isinstance(line.op, ast.Add) else ast.Add()
                yield slip(
                    [*before, ast.AugAssign(line.target, other, line.value), *after],
                    line,
                    f"`{text}` has {'-' if isinstance(line.op, ast.Add) else '+'}= in place of {_sign(line)}=",
                )
        if after and not isinstance(after[0], ast.Return) and not isinstance(line, ast.Return):
            yield slip(
                [*before, after[0], line, *after[1:]],
                line,
                f"`{text}` comes behind `{first_line(after[0])}`, not before it",
                USUAL,
            )
        if isinstance(line, ast.For):
            head, inside = line.body[0], line.body
            if not isinstance(head, (ast.For, ast.If, ast.Return)) and len(inside) > 1:
                moved = _with_body(line, inside[1:])
                yield slip(
                    [*before, head, moved, *after], line, f"`{first_line(head)}` stands before the loop `{text}`, not in it"
                )
            for j in range(1, len(inside)):
                if isinstance(inside[j], (ast.Assign, ast.AugAssign, ast.Expr)):
                    moved = _with_body(line, inside[:j] + inside[j + 1 :])
                    yield slip(
                        [*before, moved, inside[j], *after],
                        line,
                        f"`{first_line(inside[j])}` stands behind the loop `{text}`, not in it",
                        USUAL,
                    )
            if after and isinstance(after[0], ast.Return):
                yield slip(
                    [*before, _with_body(line, [*inside, after[0]]), *after],
                    line,
                    f"`{first_line(after[0])}` stands in the loop `{text}`, which ends behind its first round",
                )
            elif before:
                yield slip(
                    [*before, _with_body(line, [*inside, ast.Break()]), *after],
                    line,
                    f"the loop `{text}` ends behind its first round",
                    USUAL,
                )
            previous = before[-1] if before else None
            if isinstance(previous, ast.Assign):
                moved = _with_body(line, [previous, *inside])
                yield slip(
                    [*before[:-1], moved, *after],
                    line,
                    f"`{first_line(previous)}` stands in the loop `{text}`, so that it begins anew each time",
                    RARE,
                )
        if isinstance(line, ast.If):
            yield slip([*before, *line.body, *after], line, f"what stands behind `{text}` is done always")
            yield slip([*before, *line.orelse, *after], line, f"what stands behind `{text}` is never done")


def _sign(line: ast.AugAssign) -> str:
    return {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}.get(type(line.op), "")


def _with_body(loop: ast.For, body: list) -> ast.For:
    other = copy.copy(loop)
    other.body = body
    return other


def of_arguments(function: ast.FunctionDef, kinds: dict[str, tuple]) -> Iterator[Slip]:
    """One is limited by another."""
    counts = [a.arg for a in function.args.args if kinds.get(a.arg, ("", 0))[0] == "int"]
    for name, other, limit in itertools.product(counts, counts, ("min", "max")):
        if name != other:
            line = ast.parse(f"{name} = {limit}({name}, {other})").body[0]
            words = f"{name} is never {'more' if limit == 'min' else 'less'} than {other}"
            yield Slip(function, "body", None, function.body, [line, *function.body], line, RARE, words)


def left_early(function: ast.FunctionDef) -> Iterator[Slip]:
    """A loop is ended, or goes on, where something that is used in it is 0 or 1."""
    for loop in ast.walk(function):
        if not isinstance(loop, ast.For):
            continue
        used = [n for line in loop.body if not isinstance(line, ast.For) for n in ast.walk(line)]
        kept = [n for n in used if isinstance(n, (ast.Subscript, ast.Attribute, ast.Name)) and isinstance(n.ctx, ast.Load)]
        for text in dict.fromkeys(map(ast.unparse, kept)):
            for number, word in itertools.product((0, 1), ("break", "continue")):
                if text not in ("np", "range", "len", "max") and not text.startswith("np."):
                    line = ast.parse(f"if np.any({text} == {number}):\n    {word}").body[0]
                    ends = "ends" if word == "break" else "leaves out the round"
                    words = f"the loop `{first_line(loop)}` {ends} where {text} is {number}"
                    at = next((i + 1 for i, n in enumerate(loop.body) if _sets(n, text)), 0)
                    yield Slip(loop, "body", None, loop.body, [*loop.body[:at], line, *loop.body[at:]], line, RARE, words)


def _sets(line: ast.stmt, text: str) -> bool:
    """Whether a line gives a value to a name that an expression uses."""
    names = {n.id for n in ast.walk(line) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return isinstance(line, ast.Assign) and any(
        n.id in names for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name)
    )
