"""Networks of your own by name, "file.py:function": what works, and what is said where something does not."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minimix as mm
from minimix import models
from minimix.models import own

NET = """
from minimix import nn
import minimix.functional as F
from helper_of_mine import WIDTH

class Net(nn.Module):
    def __init__(self, num_classes, width=WIDTH):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, stride=4)
        self.head = nn.Linear(width, num_classes)

    def forward(self, x):
        return self.head(F.global_avg_pool2d(F.relu(self.conv(x))))

def make(num_classes=10, **options):
    return Net(num_classes, **options)

def ten():
    return Net(10)

def sized(num_classes):
    net = Net(num_classes)
    net.input_size = (3, 48, 48)
    return net

def broken(num_classes):
    return undefined(num_classes)

def number(num_classes):
    return num_classes

def deep(num_classes):
    class Bad(nn.Module):
        def forward(self, x):
            return x.nothing_such
    return Bad()

net = Net(3)
"""


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my nets").mkdir()
    Path("my nets/net.py").write_text(NET)
    Path("my nets/helper_of_mine.py").write_text("WIDTH = 4\n")
    yield "my nets/net.py"
    sys.modules.pop("helper_of_mine", None)


@pytest.mark.parametrize("function, options, classes", [
    ("make", {}, 10), ("make", {"num_classes": 3}, 3), ("Net", {"num_classes": 5}, 5), ("Net", {}, 10), ("ten", {}, 10),
    ("ten", {"num_classes": 10}, 10), ("make", {"num_classes": 2, "width": 6}, 2),
])  # fmt: skip
def test_a_function_or_a_class_makes_the_network(file, function, options, classes):
    net = models.create(f"{file}:{function}", **options)
    assert net.head.weight.shape == (classes, options.get("width", 4)) and net.input_size == (3, 32, 32)
    own.check(net, function, (3, 32, 32), classes)
    assert net.training


def test_its_own_size_is_kept(file):
    assert models.create(f"{file}:sized").input_size == (3, 48, 48)


def test_a_file_is_run_once_until_it_changes(file):
    Path(file).write_text(NET + "\nprint('run')\n")
    code = f"from minimix import models; [models.create({file!r} + ':make') for _ in range(3)]"
    environment = {**os.environ, "PYTHONPATH": str(Path(mm.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout == "run\n", done.stderr
    before = models.create(f"{file}:ten"), own.checksum(f"{file}:ten"), list(sys.path)
    Path(file).write_text(NET.replace("Net(10)", "Net(11)"))
    assert len(models.create(f"{file}:ten").head.bias) == 11 and own.checksum(f"{file}:ten") != before[1]
    assert sys.path == before[2]


@pytest.mark.parametrize(
    "function, error, message",
    [
        ("nothing", ValueError, "has no function or class nothing: it has Net, make, ten, sized, broken"),
        ("broken", ValueError, r"(?s)net.py, line 27, in broken: NameError: name 'undefined'.*return undefined\(num_classes\)"),
        ("number", TypeError, "gave a int, expected a minimix.nn.Module"), ("net", ValueError, "makes a new one each time"),
        ("WIDTH", ValueError, "no function or class WIDTH"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_said_with_its_line(file, function, error, message):
    with pytest.raises(error, match=message):
        models.create(f"{file}:{function}")


@pytest.mark.parametrize(
    "content, message",
    [
        ("import nothing_such_here\n", "net.py, line 1, in <module>: ModuleNotFoundError: No module named 'nothing_such_here'"),
        ("x = 1\ndef f(:\n", r"net.py, line 2: SyntaxError"),
        ("import sys\nsys.exit(3)\n", "line 2, in <module>: it ends the program"),
        ("raise KeyError\n", "line 1, in <module>: KeyError"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_run(file, content, message):
    Path(file).write_text(content)
    for _ in range(2):
        with pytest.raises(ValueError, match=message):
            models.create(f"{file}:make")


def test_options_are_checked(file):
    with pytest.raises(TypeError, match="has no option 'widht': it has num_classes, width"):
        models.create(f"{file}:Net", widht=3)
    with pytest.raises(TypeError, match="has no option 'width': it has none"):
        models.create(f"{file}:ten", width=3)
    with pytest.raises(ValueError, match="nobody has published weights"):
        models.create(f"{file}:make", pretrained=True)
    with pytest.raises(FileNotFoundError, match=r"there is no file gone\.py"):
        models.create("gone.py:make")
    with pytest.raises(ValueError, match="say which function or class"):
        models.create(file)


def test_a_network_is_tried_before_it_is_trained(file):
    with pytest.raises(ValueError, match=r"makes \(2, 10\) of 2 pictures of \(3, 32, 32\), expected \(2, 3\) for 3 classes"):
        own.check(models.create(f"{file}:ten"), f"{file}:ten", (3, 32, 32), 3)
    with pytest.raises(ValueError, match=r"(?s)net.py, line 35, in forward: AttributeError.*return x.nothing_such"):
        own.check(models.create(f"{file}:deep"), f"{file}:deep", (3, 32, 32), 3)
    with pytest.raises(ValueError, match=r"Net on pictures of \(3, 2, 2\): "):
        own.check(models.create(f"{file}:make"), "Net", (3, 2, 2), 10)


def test_it_costs_what_it_costs(file):
    net = models.create(f"{file}:make")
    assert mm.profile(net, (1, *net.input_size)).params == sum(parameter.size for parameter in net.parameters())
    assert net(np.zeros((2, 3, 32, 32), np.float32)).shape == (2, 10)
