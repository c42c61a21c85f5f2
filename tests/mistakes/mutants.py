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
from mutations import backwards, label, mutate, places

from minimix.gradcheck.cases import functional_cases


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
        name = label(function)
        note = ast.parse(f"_hits.add({name!r})", mode="eval").body
        if isinstance(function, ast.Lambda):
            function.body = ast.Subscript(ast.Tuple([note, function.body], ast.Load()), ast.Constant(1), ast.Load())
        else:
            function.body.insert(0, ast.Expr(note))
    with installed(path, ast.fix_missing_locations(tree), own, _hits=hits) as entries:
        for place, entry in enumerate(entries):
            hits.clear()
            run(entry, 0, "random")
            for name in hits:
                found.setdefault(name, []).append(place)
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
        name = label(backwards(tree)[change[0]])
        before, after = mutate(tree, *change)
        if before == after or name not in used[path] or "strided" in ast.unparse(backwards(tree)[change[0]]):
            continue  # (changed strides may reach anywhere in memory)
        child = os.fork()  # which a mutant may crash: jitted loops check no index
        if child == 0:
            with contextlib.suppress(BaseException):
                _try(path, tree, own, name, used[path][name], before, after, random.Random(count))
            os._exit(0)
        os.waitpid(child, 0)
        count -= 1
        if count <= 0:
            return


def _try(path, tree, own, name, numbers, before, after, rng) -> None:
    """Check one mutant, and print it if rules on numbers were asked."""
    with installed(path, tree, own, name) as entries, contextlib.redirect_stdout(None):
        entry = entries[rng.choice(numbers)]
        number, mode = rng.randrange(len(entry.points)), rng.choice(MODES)
        report, _ = run(entry, number, mode)
    if isinstance(report, Exception) or report.problems or report.ok:
        return  # it cannot run, or breaks the rules of calls, or is right
    print(f"* {path.stem} {name} in {entry.name} [{number} {mode}]\n    - {before}\n    + {after}")
    print(*(f"         SAID {cause} {getattr(cause, 'claims', '')}" for cause in report.causes), sep="\n", flush=True)
