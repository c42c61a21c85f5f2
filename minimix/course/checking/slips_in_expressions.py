"""Slips in a line: a term left out, another name, an index one too large, a sum for a mean."""

import ast
import itertools
from collections.abc import Iterator

from minimix.course.checking.slip import RARE, SIMPLE, USUAL, Slip

OPPOSITE = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
            ast.Mod: ast.FloorDiv, ast.MatMult: ast.Mult}  # fmt: skip
COMPARED = {ast.Gt: (ast.GtE, ast.Lt), ast.Lt: (ast.LtE, ast.Gt), ast.GtE: (ast.Gt, ast.LtE), ast.LtE: (ast.Lt, ast.GtE),
            ast.Eq: (ast.NotEq, ast.GtE, ast.LtE), ast.NotEq: (ast.Eq, ast.Gt, ast.Lt)}  # fmt: skip
OTHER = {
    "sum": ("mean", "max", "prod"), "mean": ("sum", "max", "min"), "max": ("min", "sum", "mean"), "min": ("max",),
    "sqrt": ("square", "abs"), "exp": ("exp2", "expm1"), "log": ("log2", "log10", "log1p"), "var": ("std", "mean", "sum"),
    "std": ("var",), "floor": ("ceil", "round"),
    "zeros": ("ones",), "flip": ("fliplr",), "maximum": ("minimum",), "minimum": ("maximum",),
}  # fmt: skip


def of_expressions(function: ast.FunctionDef, kinds: dict) -> Iterator[Slip]:
    names = {name: [other for other in _names(function) if kinds.get(other) == kinds.get(name)] for name in _names(function)}
    for name in names:
        if kinds.get(name, ("int", 0))[0] in ("int", "range_iterator"):
            names[name] += _lengths(function)
    for line in _lines(function):
        if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant):
            continue
        for parent, field, place, node in _expressions(line):
            for rank, new in _instead(node, parent, field, names):
                yield Slip(parent, field, place, node, new, line, rank)


def _names(function) -> list[str]:
    """What a name may be mistaken for: arguments and variables."""
    stored = [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return list(dict.fromkeys([a.arg for a in function.args.args] + stored))


def _lengths(function) -> list[str]:
    """Lengths and numbers of axes that the function asks for somewhere."""
    found = [ast.unparse(n) for n in ast.walk(function) if isinstance(n, ast.expr)]
    return [text for text in dict.fromkeys(found) if (text.startswith("len(") and text.endswith(")")) or text.endswith(".ndim")]


def _name(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _lines(function) -> Iterator[ast.stmt]:
    for node in ast.walk(function):
        if isinstance(node, ast.stmt) and node is not function:
            yield node


def _expressions(line: ast.stmt) -> Iterator[tuple]:
    """(parent, field, place, node) of all expressions of a line, but not those of the lines inside of it."""
    waiting: list[ast.AST] = [line]
    while waiting:
        parent = waiting.pop()
        for field, value in ast.iter_fields(parent):
            for place, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(node, (ast.expr, ast.comprehension, ast.keyword)):
                    waiting.append(node)
                    if isinstance(node, ast.expr):
                        yield parent, field, place, node


def _instead(node: ast.expr, parent, field: str, names: dict[str, list[str]]) -> Iterator[tuple[int, ast.expr]]:
    """(rank, what may be written instead)."""
    if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
        return
    if isinstance(parent, ast.Call) and field == "func":
        return
    match node:
        case ast.BinOp():
            yield from _of_operation(node)
        case ast.UnaryOp():
            yield SIMPLE, node.operand
        case ast.Constant(value=bool()):
            yield SIMPLE, ast.Constant(not node.value)
        case ast.Constant(value=int() | float()):
            yield from ((USUAL, ast.Constant(value)) for value in _other_numbers(node.value))
        case ast.Compare():
            for other in COMPARED.get(type(node.ops[0]), ()):
                yield USUAL, ast.Compare(node.left, [other()], node.comparators)
        case ast.BoolOp():
            yield USUAL, ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
            yield from ((SIMPLE, value) for value in node.values)
        case ast.IfExp():
            yield from ((SIMPLE, node.body), (SIMPLE, node.orelse), (USUAL, ast.IfExp(node.test, node.orelse, node.body)))
        case ast.Call():
            yield from _of_call(node)
        case ast.Attribute(attr="T"):
            yield SIMPLE, node.value
            yield (
                USUAL,
                ast.parse(f"{ast.unparse(node.value)}.reshape({ast.unparse(node.value)}.shape[::-1])", mode="eval").body,
            )
        case ast.Subscript():
            yield from _of_subscript(node)
        case ast.Slice():
            yield from _of_slice(node)
        case ast.Tuple() | ast.List():
            yield from _of_tuple(node)
        case ast.Name():
            yield from ((USUAL, _name(other)) for other in names.get(node.id, ()) if other != node.id)
            if not isinstance(parent, (ast.Subscript, ast.Attribute)) or field == "slice":
                yield from ((USUAL, ast.Constant(n)) for n in (1, 0))
        case ast.ListComp() | ast.GeneratorExp():
            if node.generators[0].ifs:
                one = node.generators[0]
                bare = ast.comprehension(one.target, one.iter, [], 0)
                yield SIMPLE, type(node)(node.elt, [bare, *node.generators[1:]])
            if len(node.generators) == 2:
                yield USUAL, type(node)(node.elt, node.generators[::-1])
    if isinstance(node, (ast.BinOp, ast.Name, ast.Call, ast.Subscript, ast.Attribute)):
        yield from _around(node, parent, field)
        if isinstance(parent, (ast.Assign, ast.AugAssign, ast.Return)) and field == "value":
            for other, op in itertools.product(names, (ast.Mult, ast.Div)):
                yield RARE, ast.BinOp(node, op(), ast.Name(other, ast.Load()))


def _of_operation(node: ast.BinOp) -> Iterator:
    left, right, op = node.left, node.right, node.op
    yield SIMPLE, left
    if (
        isinstance(op, ast.Mult) and isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult)
    ):  # of three factors one is left
        yield from ((SIMPLE, factor) for factor in (left.left, left.right))
    if isinstance(op, (ast.Add, ast.Mult, ast.Sub, ast.MatMult)):
        yield SIMPLE, right
    if type(op) in OPPOSITE:
        yield USUAL, ast.BinOp(left, OPPOSITE[type(op)](), right)
    if isinstance(op, (ast.Sub, ast.Div, ast.MatMult, ast.FloorDiv)):
        yield USUAL, ast.BinOp(right, op, left)
    if isinstance(op, ast.Mult):
        yield USUAL, ast.BinOp(left, ast.Div(), right)
        yield RARE, ast.BinOp(left, ast.FloorDiv(), right)
    if isinstance(op, ast.Add):
        yield USUAL, ast.BinOp(left, ast.Mult(), right)
    if isinstance(op, ast.FloorDiv):
        yield USUAL, _call("round", ast.BinOp(left, ast.Div(), right))
        yield USUAL, ast.UnaryOp(ast.USub(), ast.BinOp(ast.UnaryOp(ast.USub(), left), op, right))
    if isinstance(op, ast.Pow):
        yield USUAL, ast.BinOp(ast.Constant(2), ast.Mult(), left)
    for own, inner, other in ((left, right, True), (right, left, False)):  # brackets that are missing
        if isinstance(inner, ast.BinOp) and other and isinstance(op, (ast.Mult, ast.Div, ast.FloorDiv)):
            if isinstance(inner.op, (ast.Add, ast.Sub, ast.Mult)):
                yield USUAL, ast.BinOp(ast.BinOp(left, op, inner.left), inner.op, inner.right)
        if isinstance(inner, ast.BinOp) and not other and isinstance(op, (ast.Mult, ast.Div, ast.FloorDiv)):
            if isinstance(inner.op, (ast.Add, ast.Sub)):
                yield USUAL, ast.BinOp(inner.left, inner.op, ast.BinOp(inner.right, op, own))


def _other_numbers(value) -> list:
    found = [value + 1, value - 1, -value, 2 * value] + ([0, 1] if isinstance(value, int) else [value / 2])
    return [n for n in dict.fromkeys(found) if n != value]


def _of_call(node: ast.Call) -> Iterator:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    method = isinstance(node.func, ast.Attribute) and not (
        isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "math")
    )
    if method:
        yield SIMPLE, node.func.value
    elif node.args and name not in ("range", "enumerate", "len", "zeros", "zip"):
        yield SIMPLE, node.args[0]
    for other in OTHER.get(name, ()):
        func = (
            ast.Attribute(node.func.value, other, ast.Load())
            if isinstance(node.func, ast.Attribute)
            else ast.Name(other, ast.Load())
        )
        if isinstance(node.func, ast.Attribute) or other in ("min", "max", "sum"):
            yield USUAL, ast.Call(func, node.args, node.keywords)
    for i in range(len(node.keywords)):
        yield SIMPLE, ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :])
    if len(node.args) > 1:
        yield USUAL, ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords)
        if name in ("max", "min", "maximum", "minimum"):
            yield SIMPLE, node.args[1]
    if len(node.args) == 3:
        yield USUAL, ast.Call(node.func, [node.args[0], node.args[2], node.args[1]], node.keywords)
        yield from ((SIMPLE, argument) for argument in node.args[1:] if name == "where")
    if name in ("range", "enumerate", "zip"):
        yield USUAL, _call("list", node, back=True)
        if name == "range" and len(node.args) == 1:
            for start in (ast.Constant(1), ast.UnaryOp(ast.USub(), ast.Constant(1))):
                yield USUAL, ast.Call(node.func, [start, *node.args], [])
    if name in ("var", "std"):
        yield USUAL, ast.Call(node.func, node.args, [*node.keywords, ast.keyword("ddof", ast.Constant(1))])


def _of_subscript(node: ast.Subscript) -> Iterator:
    yield SIMPLE, node.value
    if isinstance(node.slice, ast.Tuple):
        items = node.slice.elts
        for i in range(len(items) - 1):
            yield USUAL, _at(node, [*items[:i], items[i + 1], items[i], *items[i + 2 :]])
        for i, item in enumerate(items):
            if isinstance(item, ast.Slice) and (item.lower or item.upper or item.step):
                yield USUAL, _at(node, [*items[:i], ast.Slice(), *items[i + 1 :]])
            elif isinstance(item, ast.Slice):
                yield from (
                    (USUAL, _at(node, [*items[:i], n, *items[i + 1 :]]))
                    for n in (ast.Slice(None, ast.Constant(1)), ast.Slice(ast.Constant(-1)), ast.Slice(ast.Constant(1)))
                )
            elif not isinstance(item, ast.Constant):
                yield from ((USUAL, _at(node, [*items[:i], ast.Constant(n), *items[i + 1 :]])) for n in (0, -1))
    elif not isinstance(node.slice, (ast.Slice, ast.Constant)):
        yield from ((USUAL, ast.Subscript(node.value, ast.Constant(n), ast.Load())) for n in (0, -1))


def _at(node: ast.Subscript, items: list) -> ast.Subscript:
    return ast.Subscript(node.value, ast.Tuple(items, ast.Load()), node.ctx)


def _of_slice(node: ast.Slice) -> Iterator:
    lower, upper, step = node.lower, node.upper, node.step
    if lower:
        yield SIMPLE, ast.Slice(None, upper, step)
    if upper:
        yield SIMPLE, ast.Slice(lower, None, step)
    if step:
        yield SIMPLE, ast.Slice(lower, upper)


def _of_tuple(node) -> Iterator:
    items = node.elts
    if len(items) > 1 and all(isinstance(item, ast.Tuple) for item in items):
        yield SIMPLE, items[-1]  # of borders: the same for all axes
    for i in range(len(items) - 1):
        if ast.dump(items[i]) != ast.dump(items[i + 1]):
            yield USUAL, type(node)([*items[:i], items[i + 1], items[i], *items[i + 2 :]], ast.Load())
    if len(items) == 3 and ast.dump(items[0]) != ast.dump(items[2]):
        yield USUAL, type(node)([items[2], items[1], items[0]], ast.Load())


def _around(node: ast.expr, parent, field: str) -> Iterator:
    """What may be made of a whole piece: in an index, and in a range, one more or less; of what a line computes, more."""
    one, back = ast.Constant(1), ast.UnaryOp(ast.USub(), ast.Constant(1))
    whole = isinstance(parent, (ast.Assign, ast.AugAssign, ast.Return, ast.Dict)) or (
        isinstance(parent, ast.Tuple) and field == "elts"
    )
    near = isinstance(parent, (ast.Slice, ast.Subscript)) or (
        isinstance(parent, ast.Call) and _named(parent, ("range", "zeros"))
    )
    if near or whole:
        yield USUAL if near else RARE, ast.BinOp(node, ast.Add(), one)
        yield USUAL if near else RARE, ast.BinOp(node, ast.Sub(), one)
    if not whole:
        if isinstance(parent, ast.Call) and _named(parent, ("zip", "enumerate", "sum")) and field == "args":
            yield USUAL, ast.Subscript(node, ast.Slice(None, None, back), ast.Load())
        if isinstance(parent, ast.BinOp) and isinstance(node, (ast.Subscript, ast.Name, ast.Call)):
            yield from ((RARE, new) for new in _turned(node))
            yield RARE, ast.BinOp(node, ast.Pow(), ast.Constant(2))
            yield RARE, _call("abs", node)
        return
    yield RARE, ast.UnaryOp(ast.USub(), node)
    yield RARE, ast.BinOp(ast.Constant(2), ast.Mult(), node)
    yield RARE, ast.BinOp(node, ast.Div(), ast.Constant(2))
    yield RARE, ast.BinOp(node, ast.FloorDiv(), ast.Constant(2))
    yield RARE, ast.BinOp(node, ast.Pow(), ast.Constant(2))
    yield RARE, _call("abs", node)
    yield RARE, _call("round", node)
    yield RARE, _call("int", node)
    yield RARE, _call("max", node, ast.Constant(0))
    yield RARE, _call("max", node, one)
    yield RARE, ast.Subscript(node, ast.Slice(one), ast.Load())
    yield RARE, ast.Subscript(node, ast.Slice(None, back), ast.Load())
    yield from ((RARE, new) for new in _turned(node))


def _turned(node: ast.expr) -> Iterator[ast.expr]:
    """Of an array: transposed, or in reverse order."""
    back = ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
    yield ast.Attribute(node, "T", ast.Load())
    yield ast.Subscript(node, back, ast.Load())
    yield ast.Subscript(node, ast.Tuple([ast.Constant(...), back, back], ast.Load()), ast.Load())
    yield ast.Subscript(node, ast.Tuple([ast.Constant(...), back], ast.Load()), ast.Load())
    yield ast.Call(ast.Attribute(node, "swapaxes", ast.Load()), [ast.Constant(-2), ast.Constant(-1)], [])


def _named(node: ast.Call, names: tuple[str, ...]) -> bool:
    return (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in names


def _call(name: str, *arguments: ast.expr, back: bool = False) -> ast.expr:
    call = ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
    return ast.Subscript(call, ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1))), ast.Load()) if back else call
