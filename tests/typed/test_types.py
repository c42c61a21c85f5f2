"""What type checkers and editors are told is what there is."""

import ast
import importlib.util
import inspect
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

import minimix as mm

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).with_name("programs.py")


@pytest.fixture(scope="module")
def stubs():
    spec = importlib.util.spec_from_file_location("stubs", ROOT / "docs" / "stubs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def stub(stubs):
    """The class Tensor of minimix/tensor.pyi: {name: definition}."""
    tree = ast.parse(stubs.STUB.read_text(encoding="utf-8"))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Tensor").body
    return {
        node.name if isinstance(node, ast.FunctionDef) else node.target.id: node
        for node in body
        if not isinstance(node, ast.Expr)
    }


def test_the_stub_is_up_to_date(stubs):
    now = ast.dump(ast.parse(stubs.STUB.read_text(encoding="utf-8")))
    assert now == ast.dump(ast.parse(stubs.stub())), "run: python docs/stubs.py"


def test_the_stub_knows_each_attribute_of_a_tensor(stub):
    public = {name for name in dir(mm.Tensor([1.0])) if not name.startswith("_")}
    assert public == {name for name in stub if not name.startswith("_")}


def test_the_stub_has_the_parameters_that_there_are(stub, stubs):
    for name, node in stub.items():
        value = vars(mm.Tensor).get(name)
        if inspect.isfunction(value):
            named = [arg.arg for arg in (*node.args.args, node.args.vararg, *node.args.kwonlyargs) if arg is not None]
            if hasattr(value, "__wrapped__"):
                theirs = {other for others in stubs.names.SAME.values() for other in others}
                named = [arg for arg in named if arg not in theirs]
            assert named == list(inspect.signature(value).parameters), name


def test_attached_methods_look_like_those_of_the_class():
    x = mm.Tensor([[1.0, 2.0]])
    for name, value in vars(mm.Tensor).items():
        if inspect.isfunction(value):
            assert (value.__module__, value.__name__) == ("minimix.tensor", name)
            assert value.__qualname__ == f"Tensor.{name}"
            assert str(next(iter(inspect.signature(value).parameters.values()))) == "self"
            assert name.startswith("__") or value.__doc__ or name == "zero_grad", f"Tensor.{name} has no docstring"
    assert str(inspect.signature(x.squeeze)) == "(axis: int | tuple[int, ...] | None = None) -> minimix.tensor.Tensor"
    assert "Sum over" in mm.Tensor.sum.__doc__ and "a * b" in mm.Tensor.__rmul__.__doc__
    assert inspect.unwrap(mm.Tensor.sum).__code__ is inspect.unwrap(mm.functional.sum).__code__  # the same, without a call more


OWN_MODULE = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
"""


@pytest.mark.parametrize(
    "code, offered",
    [
        ("x.", "backward"),
        ("x.sum().", "backward"),
        ("(x * 2).", "mean"),
        ("(x @ x).", "relu"),
        ("x[0].", "reshape"),
        ("x.T.", "grad"),
        ("x.mean(axis=0).", "item"),
        ("F.relu(x).", "softmax"),
        ("nn.Linear(2, 2)(x).", "sum"),
        ("nn.Linear(2, 2).", "weight"),
        ("nn.Linear(2, 2).eval().", "in_features"),
        ("Net().", "conv"),
        ("Net().conv.", "weight"),
        ("nn.Sequential()[0].", "named_parameters"),
        ("models.create('mixnet_s')(x).", "argmax"),
        ("mm.", "viz"),
        ("mm.viz.", "layer_costs"),
        ("mm.course.", "check_conv2d"),
        ("mm.train().", "best_accuracy"),
        ("mm.profile().", "macs"),
        ("mm.data.load().", "labels"),
        ("mm.optim.SGD([x]).", "zero_grad"),
    ],
)
def test_editors_offer_what_there_is(code, offered):
    """jedi, which completes in IPython, Vim and Spyder, finds it without running the code."""
    jedi = pytest.importorskip("jedi")
    head = "import minimix as mm\nfrom minimix import nn, models\nimport minimix.functional as F\nx = mm.Tensor([1.0])\n"
    script = jedi.Script(f"{head}{OWN_MODULE}{code}", project=jedi.Project(ROOT))
    assert offered in {completion.name for completion in script.complete()}


def test_help_shows_signature_and_docstring():
    text = pydoc.plain(pydoc.render_doc(mm.Tensor.mean))
    text = " ".join(text.split()).replace("( self", "(self")  # newer Pythons break lines
    assert "mean(self, axis: " in text and "keepdims: bool = False" in text and "Arithmetic mean over" in text
    text = pydoc.plain(pydoc.render_doc(mm.Tensor))
    assert " |  matmul(self, b: " in text and "Swap two axes" in text and "What backward passes added up" in text


def wrong_lines() -> set:
    """(line, kind of error) of the lines of ``programs.py`` that say that they are wrong."""
    lines = enumerate(PROGRAMS.read_text(encoding="utf-8").splitlines(), 1)
    return {(number, found[1]) for number, line in lines if (found := re.search(r"  # wrong: (\S+)$", line))}


def test_mypy_knows_what_users_write():
    """It finds what is wrong in ``programs.py`` and nothing else; nor anything in minimix, where pyproject.toml has it look."""
    pytest.importorskip("mypy")
    # mypy 2.4 takes x[(..., *places)], which Python 3.10 allows, for x[..., *places], which it does not
    version = "{}.{}".format(*max(sys.version_info[:2], (3, 11)))
    command = [sys.executable, "-m", "mypy", "--show-error-codes", "--no-color-output", "--python-version", version]
    command += ["minimix", str(PROGRAMS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    printed = done.stdout + done.stderr
    found = {(int(number), kind) for number, kind in re.findall(r"programs\.py:(\d+): error: .*\[(\S+)\]$", printed, re.M)}
    assert found == wrong_lines(), printed
    assert printed.count(" error: ") == len(wrong_lines()), printed
