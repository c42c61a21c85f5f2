"""Imports go one way, and ``import minimix`` loads no more than it needs."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import minimix

ROOT = Path(minimix.__file__).parent

# A module may import what stands above its own line, and the rest of its own room.
ORDER = (
    # leaves: they know nothing of the others
    tuple(
        "changes checksums convargs files listing means padding partition pickled places rng op_times ops.op recording sharing "
        "sizes starting tables train.metrics words".split()
    ),
    ("kernels",),
    ("reference",),
    ("ops",),
    ("tensor",),
    ("graph_svg",),
    ("graph",),
    ("functional",),
    ("gradcheck",),
    ("nn",),
    ("weights.reading",),
    ("models",),
    ("weights",),
    ("costs",),
    ("fold",),
    ("data",),
    ("viz.drawing",),
    ("viz.numbers",),
    ("viz.layers", "viz.fields", "viz.costs", "viz.gradients", "viz.machine", "viz.training"),
    ("viz",),
    ("optim",),
    ("train",),
    ("looks",),
    ("seer",),
    ("prediction",),
    ("weights.onnx",),
    ("info",),
    ("detection",),
    ("study",),
    ("course.display", "course.measuring"),
    ("course.ways",),
    ("course.checking",),
    ("course.exercises",),
    ("course.questions",),
    ("course",),
    ("cli",),
    ("__main__",),
)  # fmt: skip
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").strip("."): path
    for path in ROOT.rglob("*.py")
}


def place(module: str) -> tuple[int, str]:
    """(line in ``ORDER``, room) of a module of minimix. The longest name counts: ops.op is a leaf, ops a room."""
    rooms = [(line, room) for line, names in enumerate(ORDER) for room in names if f"{module}.".startswith(f"{room}.")]
    assert rooms, f"minimix.{module} has no place in ORDER: add it, where its imports allow"
    return max(rooms, key=lambda found: len(found[1]))


def imported(source: str, package: str) -> set[str]:
    """The modules of minimix that a source imports anywhere, as names below minimix; "" is minimix itself."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:  # a module or a thing in one?
                below = f"{origin}.{alias.name}"
                found.add(below if below.removeprefix("minimix.") in MODULES else origin)
    return {name.removeprefix("minimix").strip(".") for name in found if f"{name}.".startswith("minimix.")}


def violations(module: str, source: str) -> list[str]:
    path = MODULES.get(module)
    is_package = path is not None and path.name == "__init__.py"
    full = f"minimix.{module}"
    line, room = place(module)
    wrong = []
    for other in imported(source, full if is_package else full.rpartition(".")[0]):
        if other == "":
            if line < place("train")[0]:
                wrong.append(f"{full} imports minimix itself, which imports nearly everything")
            continue
        other_line, other_room = place(other)
        same_room = other_room == room or (other_line == line and line == 0)
        if other_line > line or (other_line == line and not same_room):
            wrong.append(f"{full} imports minimix.{other}")
    return wrong


def test_every_module_is_found():
    assert {"tensor", "ops.op", "nn", "nn.blocks", "functional.shape", "cli"} <= MODULES.keys()


@pytest.mark.parametrize("module", sorted(MODULES.keys() - {""}))
def test_imports_go_one_way(module):
    wrong = violations(module, MODULES[module].read_text(encoding="utf-8"))
    assert not wrong, f"{wrong}: the order is {' <- '.join('/'.join(names) for names in ORDER)}"


@pytest.mark.parametrize(
    "module, source",
    [
        ("kernels.norm", "from minimix.ops import norm"),
        ("kernels.norm", "import minimix.tensor"),
        ("kernels.norm", "def f():\n    from minimix import nn"),
        ("ops.loss", "from ..functional import loss"),
        ("ops.op", "from minimix.ops import norm"),
        ("nn.layers", "import minimix as mm"),
        ("nn.layers", "from minimix import Tensor"),
        ("data", "import minimix.optim"),
        ("padding", "from minimix import tensor"),
    ],
)
def test_a_wrong_import_is_seen(module, source):
    assert violations(module, source)


@pytest.mark.parametrize(
    "module, source",
    [
        ("ops.loss", "from minimix import convargs\nfrom minimix.ops.op import Op\nimport minimix.kernels.norm"),
        ("kernels.norm", "from minimix import convargs\nfrom minimix.ops.op import Op"),
        ("nn.layers", "import minimix.functional as F\nfrom . import module\nimport numpy"),
        ("convargs", "from minimix.padding import pair"),
    ],
)
def test_a_right_import_is_allowed(module, source):
    assert not violations(module, source)


SLOW = (
    "IPython", "PIL", "huggingface_hub", "ipywidgets", "matplotlib", "onnx", "pooch", "requests", "rich", "safetensors",
    "threadpoolctl", "torch", "typer",
)  # fmt: skip


@pytest.mark.parametrize("room", minimix._ROOMS)
def test_rooms_are_there_after_a_plain_import(room):
    code = f"import minimix as mm\nassert '{room}' in dir(mm)\nprint(mm.{room}.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == f"minimix.{room}", done.stderr


def test_type_checkers_are_told_of_the_same_rooms():
    """The imports under TYPE_CHECKING are those of ``__getattr__``."""
    tree = ast.parse(Path(minimix.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    assert tuple(alias.asname for node in block.body for alias in node.names) == minimix._ROOMS


def test_a_wrong_name_is_refused_with_its_nearest():
    with pytest.raises(AttributeError, match="minimix has no 'vizz': did you mean viz"):
        _ = minimix.vizz
    with pytest.raises(AttributeError, match="did you mean .*Tensor"):
        _ = minimix.tensr
    with pytest.raises(AttributeError, match=r"^minimix has no 'qqqq'$"):
        _ = minimix.qqqq
    with pytest.raises(ImportError):
        exec("from minimix import vizz")
    assert not hasattr(minimix, "__wrapped__")
    assert set(minimix.__all__) | set(minimix._ROOMS) <= set(dir(minimix))


@pytest.mark.parametrize("statement", ["import minimix", "import minimix.cli"])
def test_import_loads_no_more_than_it_needs(statement):
    code = f"import sys\n{statement}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    allowed = {"minimix.cli": {"typer", "rich"}}.get(statement.removeprefix("import "), set())
    assert {"minimix", "numpy"} <= set(loaded)
    too_much = set(SLOW) & set(loaded) - allowed
    assert not too_much
