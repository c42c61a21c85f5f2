"""minimix/tensor.pyi: what type checkers and editors are told of minimix/tensor.py. Run it after a change to either.

    python docs/stubs.py

A Tensor's operators and most of its methods are attached while minimix is imported (``functional/methods.py``), where no type
checker sees them. So all of the module is written out here, from what is there anyhow: the file's own definitions and
annotations, and signature and docstring of each function that was attached. tests/typed/test_types.py asks whether
it is up to date.
"""

import ast
import builtins
import inspect
import sys
import textwrap
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this copy of minimix

from minimix import files, tensor
from minimix.functional import methods, names  # noqa: F401 - methods attaches them

STUB = Path(tensor.__file__).with_suffix(".pyi")
HEAD = """# Written by docs/stubs.py, from tensor.py and the functions of minimix/functional: change those, and run it.
# __array__ is left out: with it, NumPy's types would take array * Tensor for an array. So are
# __getattr__ and __setitem__, which only raise.
"""
LEFT_OUT = {"__array__", "__getattr__", "__setitem__"}


def stub() -> str:
    """The text of the stub."""
    tree = ast.parse(Path(tensor.__file__).read_text(encoding="utf-8"))
    imports = {
        name: line for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)) for name, line in _names(node)
    }
    imports["builtins"] = "import builtins"
    parts = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            parts.append(_class(node, imports))
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            parts.append(_function(node))
    text = "\n\n\n".join(part.rstrip() for part in parts)
    used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    lines = sorted(line for name, line in imports.items() if name in used or line.endswith(f" {name} as {name}"))
    return "\n".join([HEAD, *lines, "", "", text, ""])


def attached() -> dict:
    """{name: function, property or slot} of what Tensor got after its class statement."""
    written = {node.name for node in _tensor_class().body if isinstance(node, ast.FunctionDef)}
    kinds = (types.FunctionType, property, types.WrapperDescriptorType)
    found = {name: value for name, value in vars(tensor.Tensor).items() if isinstance(value, kinds)}
    return {name: value for name, value in found.items() if name not in written | LEFT_OUT}


def _tensor_class() -> ast.ClassDef:
    tree = ast.parse(Path(tensor.__file__).read_text(encoding="utf-8"))
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Tensor")


def _class(node: ast.ClassDef, imports: dict) -> str:
    """Attributes as ``__init__`` annotates them, methods without their bodies, and what was attached."""
    functions = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
    attributes = [
        f"{part.target.attr}: {ast.unparse(_Plain().visit(part.annotation))}"
        for part in ast.walk(functions["__init__"])
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Attribute)
    ]
    if node.name == "Tensor":
        functions |= {name: _attached(name, value, imports) for name, value in attached().items()}
    doc = _quoted(ast.get_docstring(node) or "")
    below = "\n".join([doc, "", *attributes, "", *(_function(part, functions) for part in functions.values())])
    return f"class {node.name}:\n" + textwrap.indent(below, "    ")


def _attached(name: str, value, imports: dict) -> ast.FunctionDef:
    if isinstance(value, types.WrapperDescriptorType):  # object's
        return ast.parse(f"def {name}(self) -> int: ...").body[0]
    function = inspect.unwrap(value.fget if isinstance(value, property) else value)
    node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    node.name, node.decorator_list = name, [ast.Name("property")] if isinstance(value, property) else []
    node.body = [ast.Expr(ast.Constant(inspect.getdoc(value) or ""))]  # of which an operator has one that is not in its source
    node.args.args[0].arg, node.args.args[0].annotation = "self", None
    if name in ("__eq__", "__ne__"):
        node.args.args[1].annotation = ast.Name("object")  # as for any object
    if hasattr(value, "__wrapped__"):
        _add_torch_names(node.args)
    home = function.__globals__
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id not in (*imports, "Tensor") and part.id in home:
            value = home[part.id]
            where = value.__module__ if inspect.isclass(value) else home["__name__"]  # an alias is known where it is used
            imports[part.id] = f"from {where} import {part.id}"
    return node


def _add_torch_names(args: ast.arguments) -> None:
    """PyTorch's names for ``axis``, ``keepdims``, ... become further keywords, so that none of both can be required."""
    defaults = dict(zip([arg.arg for arg in reversed(args.args)], reversed(args.defaults), strict=False))
    for arg in args.args[1:]:
        for theirs in names.SAME.get(arg.arg, ()):
            args.kwonlyargs.append(ast.arg(theirs, arg.annotation))
            args.kw_defaults.append(defaults.setdefault(arg.arg, ast.Constant(...)))
    for arg, default in list(zip(args.kwonlyargs, args.kw_defaults, strict=True)):
        for theirs in names.SAME.get(arg.arg, ()):
            args.kwonlyargs.append(ast.arg(theirs, arg.annotation))
            args.kw_defaults.append(default)
    if args.vararg is not None:
        for theirs in names.SAME.get(args.vararg.arg, ()):
            args.kwonlyargs.append(ast.arg(theirs, args.vararg.annotation))
            args.kw_defaults.append(ast.Constant(...))
    args.defaults = [defaults[arg.arg] for arg in args.args if arg.arg in defaults]


def _function(node: ast.FunctionDef, taken=()) -> str:
    """Decorators, signature, and the docstring without its examples. taken: names with another meaning around it."""
    plain = _Plain(taken)
    returns = f" -> {ast.unparse(plain.visit(node.returns))}" if node.returns else ""
    head = f"def {node.name}({ast.unparse(plain.visit(node.args))}){returns}:"
    if node.name in ("__eq__", "__ne__"):
        head += "  # type: ignore[override]"  # an array, where any other object gives a bool
    doc = (ast.get_docstring(node) or "").partition(">>>")[0].strip()
    body = textwrap.indent(_quoted(doc), "    ") if doc else "    ..."
    return "\n".join([*(f"@{ast.unparse(decorator)}" for decorator in node.decorator_list), head, body, ""])


class _Plain(ast.NodeTransformer):
    """Annotations without quotes (a stub needs none), and builtins.float where ``float`` is a method beside it."""

    def __init__(self, taken=()):
        self.taken = taken

    def visit_arg(self, node: ast.arg) -> ast.arg:
        if isinstance(node.annotation, ast.Constant) and isinstance(node.annotation.value, str):
            node.annotation = ast.parse(node.annotation.value, mode="eval").body
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant):
        return ast.Name("Tensor") if node.value == "Tensor" else node

    def visit_Name(self, node: ast.Name):
        hidden = node.id in self.taken and hasattr(builtins, node.id)
        return ast.Attribute(ast.Name("builtins"), node.id) if hidden else node


def _quoted(text: str) -> str:
    text = text.replace("\\", "\\\\")
    return f'"""{text}"""' if "\n" not in text else f'"""{text}\n"""'


def _names(node: ast.Import | ast.ImportFrom):
    """(name, the line that imports it)."""
    for alias in node.names:
        one = ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], 0)
        yield alias.asname or alias.name, ast.unparse(one)


if __name__ == "__main__":
    files.write(STUB, stub())
