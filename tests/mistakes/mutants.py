"""Wrong ops made mechanically: the backward passes of the right ops, each changed at one place, and what is said of them.

Whether a cause is false has to be read: what was changed stands above what was said. ``python tests/mistakes mutants``
"""

import ast
import contextlib
import copy
import importlib
import os
import random
import types
from collections.abc import Iterator
from pathlib import Path

from corpus import Right
from measure import HERE, MODES, run

from minimix.gradcheck.cases import functional_cases

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
        yield from (ast.Slice(None, node.upper, node.step), ast.Slice(node.lower, None, node.step), ast.Slice(node.lower, node.upper))
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
            yield from ((number, place, choice) for choice, _ in enumerate(changes(node, _names(function))))


def mutate(tree: ast.Module, number: int, place: int, choice: int) -> tuple[str, str]:
    """(a line before, and after it was changed) in the tree."""
    function = backwards(tree)[number]
    lines = ast.unparse(function).splitlines()
    old = list(ast.walk(function))[place]
    new = copy.deepcopy(list(changes(old, _names(function)))[choice])
    for node in ast.walk(function):
        for field, value in ast.iter_fields(node):
            if value is old:
                setattr(node, field, new)
            elif isinstance(value, list):
                value[:] = [new if item is old else item for item in value]
    ast.fix_missing_locations(tree)
    pairs = zip(lines, ast.unparse(function).splitlines(), strict=False)
    return next(((a.strip(), b.strip()) for a, b in pairs if a != b), ("", ""))


def _names(function) -> list[str]:
    """What a name in a function may be mistaken for: its variables and arguments."""
    stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return sorted(stored) + [a.arg for a in function.args.args]


def _label(function) -> str:
    return f"{getattr(function, 'name', 'lambda')}:{function.lineno}"


def _function_entries() -> list[Right]:
    """minimix's own functions, with the points of ``minimix gradcheck``."""
    import numpy as np

    def entry(case):
        function = case.make(np.random.default_rng(0))[0]
        return Right(case.title, function, (lambda rng: [t.data for t in case.make(rng)[1]],))

    return [entry(case) for case in functional_cases()]


@contextlib.contextmanager
def installed(path: Path, tree: ast.Module, own: list[Right], name: str = "", **globals_) -> Iterator[list[Right]]:
    """The right ops while a file is as the tree says: the corpus' files are executed anew, of minimix's own the code of one
    function (name, with its line) is lent, or of all backward passes."""
    code = compile(tree, str(path), "exec")
    if path.parent == HERE:
        module = types.ModuleType(path.stem)
        module.__dict__.update(globals_)
        exec(code, module.__dict__)
        yield module.RIGHT
        return
    module = importlib.import_module(f"minimix.ops.{path.stem}")
    module.__dict__.update(globals_)
    lent = []
    for part in code.co_consts:
        if isinstance(part, types.CodeType) and (not name or f"{part.co_name}:{part.co_firstlineno}" == name):
            function = module.__dict__.get(part.co_name)
            if isinstance(function, types.FunctionType):
                lent.append((function, function.__code__))
                function.__code__ = part
    try:
        yield own
    finally:
        for function, before in lent:
            function.__code__ = before


def users(path: Path, own: list[Right]) -> dict[str, list[int]]:
    """For each backward pass of a file, the numbers of the right ops that use it."""
    tree, hits, found = ast.parse(path.read_text()), set(), {}
    for function in backwards(tree):
        label = _label(function)
        note = ast.parse(f"_hits.add({label!r})", mode="eval").body
        if isinstance(function, ast.Lambda):
            function.body = ast.Subscript(ast.Tuple([note, function.body], ast.Load()), ast.Constant(1), ast.Load())
        else:
            function.body.insert(0, ast.Expr(note))
    with installed(path, ast.fix_missing_locations(tree), own, _hits=hits) as entries:
        for place, entry in enumerate(entries):
            hits.clear()
            run(entry, 0, "random")
            for label in hits:
                found.setdefault(label, []).append(place)
    return found


def table(count: int, only: str, seed: int) -> None:
    """Print so many mutants, drawn at random, and what is said of them."""
    rng, own = random.Random(seed), _function_entries()
    files = [*sorted(HERE.glob("right_*.py")), *sorted((HERE.parents[1] / "minimix" / "ops").glob("*.py"))]
    trees = {path: ast.parse(path.read_text()) for path in files if only in str(path)}
    used = {path: users(path, own) for path, tree in trees.items() if backwards(tree)}
    drawn = [(path, *change) for path in used for change in places(trees[path])]
    rng.shuffle(drawn)
    for path, *change in drawn:
        tree = copy.deepcopy(trees[path])
        label = _label(backwards(tree)[change[0]])
        before, after = mutate(tree, *change)
        if before == after or label not in used[path] or "strided" in ast.unparse(backwards(tree)[change[0]]):
            continue  # (changed strides may reach anywhere in memory)
        child = os.fork()  # which a mutant may crash: jitted loops check no index
        if child == 0:
            with contextlib.suppress(BaseException):
                _try(path, tree, own, label, used[path][label], before, after, random.Random(count))
            os._exit(0)
        os.waitpid(child, 0)
        count -= 1
        if count <= 0:
            return


def _try(path, tree, own, label, numbers, before, after, rng) -> None:
    """Check one mutant, and print it if rules on numbers were asked."""
    with installed(path, tree, own, label) as entries, contextlib.redirect_stdout(None):
        entry = entries[rng.choice(numbers)]
        number, mode = rng.randrange(len(entry.points)), rng.choice(MODES)
        report, _ = run(entry, number, mode)
    if isinstance(report, Exception) or report.problems or report.ok:
        return  # it cannot run, or breaks the rules of calls, or is right
    print(f"* {path.stem} {label} in {entry.name} [{number} {mode}]\n    - {before}\n    + {after}")
    print(*(f"         SAID {cause} {getattr(cause, 'claims', '')}" for cause in report.causes), sep="\n", flush=True)
