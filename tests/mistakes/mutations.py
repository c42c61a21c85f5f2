"""Changes of a backward pass, each at one place: what may be written in place of an expression by mistake."""

import ast
import copy
from collections.abc import Iterator

OPPOSITE = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr}
TURNED = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.LtE, ast.LtE: ast.GtE, ast.Eq: ast.NotEq}
OTHER = {"sum": "mean", "mean": "sum", "sin": "cos", "cos": "sin", "argmax": "argmin", "maximum": "minimum", "zeros": "ones"}
OTHER |= {"tanh": "sinh", "exp": "expm1", "log": "log1p", "sqrt": "square", "cumsum": "cumprod", "triu": "tril", "tril": "triu"}


def changes(node: ast.AST, names: list[str]) -> Iterator[ast.AST]:
    """What may be written in place of an expression by mistake."""
    if isinstance(node, ast.BinOp):
        yield node.left
        if not isinstance(node.op, ast.Div | ast.Pow | ast.Mod | ast.FloorDiv):
            yield node.right
        if type(node.op) in OPPOSITE:
            yield ast.BinOp(node.left, OPPOSITE[type(node.op)](), node.right)
        if isinstance(node.op, ast.MatMult | ast.Sub | ast.Div):
            yield ast.BinOp(node.right, node.op, node.left)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield from (ast.Constant(value) for value in (node.value + 1, node.value - 1, 2 * node.value))
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in TURNED:
        yield ast.Compare(node.left, [TURNED[type(node.ops[0])](), *node.ops[1:]], node.comparators)
        yield ast.Constant(True)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        whole = isinstance(node.func.value, ast.Name) and node.func.value.id == "np"
        if node.func.attr in OTHER:
            yield ast.Call(ast.Attribute(node.func.value, OTHER[node.func.attr], ast.Load()), node.args, node.keywords)
        if not whole:
            yield node.func.value  # not summed, not transposed, not reshaped
        elif node.args:
            yield node.args[0]
        if len(node.args) == 3:  # np.where
            yield from (node.args[1], node.args[2])
            yield ast.Call(node.func, [node.args[0], node.args[2], node.args[1]], node.keywords)
        for i in range(len(node.keywords)):
            yield ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :])
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield node.value
    elif isinstance(node, ast.Slice):
        yield from (ast.Slice(None, node.upper, node.step), ast.Slice(node.lower, None, node.step))
        yield ast.Slice(node.lower, node.upper)
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        yield ast.Tuple([node.elts[1], node.elts[0], *node.elts[2:]], node.ctx)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        yield from (ast.Name(name, ast.Load()) for name in names if name != node.id)
    elif isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value)
        yield ast.AugAssign(node.target, OPPOSITE.get(type(node.op), ast.Add)(), node.value)


def backwards(tree: ast.Module) -> list:
    """The backward passes of a file: functions of a gradient."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]
    return [node for node in found if node.args.args and node.args.args[0].arg in ("g", "gradient")]


def places(tree: ast.Module) -> Iterator[tuple[int, int, int]]:
    """(backward pass, node, change) of everything that can be changed in a file."""
    for number, function in enumerate(backwards(tree)):
        for place, node in enumerate(ast.walk(function)):
            yield from ((number, place, choice) for choice, _ in enumerate(changes(node, names_of(function))))


def mutate(tree: ast.Module, number: int, place: int, choice: int) -> tuple[str, str]:
    """(a line before, and after it was changed) in the tree."""
    function = backwards(tree)[number]
    lines = ast.unparse(function).splitlines()
    old = list(ast.walk(function))[place]
    new = copy.deepcopy(list(changes(old, names_of(function)))[choice])
    for node in ast.walk(function):
        for field, value in ast.iter_fields(node):
            if value is old:
                setattr(node, field, new)
            elif isinstance(value, list):
                value[:] = [new if item is old else item for item in value]
    ast.fix_missing_locations(tree)
    pairs = zip(lines, ast.unparse(function).splitlines(), strict=False)
    return next(((a.strip(), b.strip()) for a, b in pairs if a != b), ("", ""))


def names_of(function) -> list[str]:
    """What a name in a function may be mistaken for: its variables and arguments."""
    stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return sorted(stored) + [a.arg for a in function.args.args]


def label(function) -> str:
    return f"{getattr(function, 'name', 'lambda')}:{function.lineno}"
