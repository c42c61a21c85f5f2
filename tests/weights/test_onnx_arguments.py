"""What ``mm.export_onnx`` refuses of its arguments, before anything is written."""

import json
import re

import numpy as np
import pytest
from onnx_runs import onnx

import minimix as mm
from minimix import nn
from minimix.ops.op import Op

CLASSES = ["cat", "dog", "bird"]
CUBE = Op("cube", lambda x: (x**3, x), lambda g, x: (3 * x * x * g,))


def small():
    return mm.models.create("mixnet_nano", width=0.5, num_classes=3).eval()


def properties(path) -> dict:
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


class Twice(nn.Module):
    def forward(self, x):
        return x, x + 1


NOT_ONE_A_CHANNEL = "expected 3 numbers, one a channel, not"


@pytest.mark.parametrize("options, expected", [
    ({"opset": 12}, r"opset: expected .*, 13 to \d+, not 12: before 13, Split .* onnx \d+\.\d+"),
    ({"opset": 10_000}, "opset: .* not 10000: .* is the newest that the package onnx"), ({"opset": 18.0}, "opset"),
    ({"opset": True}, "opset"), ({"opset": "18"}, "opset: .*not '18'"),
    ({"batch": 0}, "batch: expected a number of pictures"), ({"batch": 2.0}, "batch"), ({"batch": True}, "batch"),
    ({"fold": "no"}, "fold: expected True or False, not 'no'"), ({"fold": None}, "fold"), ({"fold": 1}, "fold"),
    ({"input_shape": 32}, "input_shape"), ({"input_shape": (3, 0, 32)}, "input_shape"),
    ({"input_shape": (3, "a", 32)}, "input_shape"), ({"input_shape": (1, 32, 32)}, r"input_shape \(1, 1, 32, 32\): .* 3 input"),
    ({"input_names": "x"}, "input_names"),
    ({"input_names": ["x", "y"]}, "input_names"), ({"input_names": [3]}, "input_names: .* texts, not 3"),
    ({"input_names": [""]}, "input_names: .* empty"), ({"input_names": {"x"}}, "input_names: expected a list"),
    ({"output_names": ["a", "b"]}, r"output_names: expected 1 name, all different and not 'input', not \['a', 'b'\]"),
    ({"output_names": ["input"]}, "output_names"), ({"output_names": [None]}, "output_names: .* texts, not None"),
    ({"output_names": 3}, "output_names: expected a list of names, not 3"), ({"output_names": ""}, "output_names"),
    ({"classes": ["cat", "dog"]}, "classes: 2 names, but the network knows 3 classes"),
    ({"classes": [*CLASSES, "cow"]}, "classes: 4 names, but the network knows 3"), ({"classes": []}, "classes: 0 names"),
    ({"classes": "cat"}, "classes: expected a list of names, not 'cat'"), ({"classes": {"cat"}}, "expected a list"),
    ({"classes": {0: "cat", 1: "dog", 2: "bird"}}, "classes: expected a list"), ({"classes": 3}, "classes: expected a list"),
    ({"classes": [0, 1, 2]}, "classes: expected names that are texts, not 0"),
    ({"classes": ["cat", b"dog", "bird"]}, "classes: expected names that are texts, not b'dog'"),
    ({"classes": ["cat", None, "bird"]}, "classes: .* not None"), ({"classes": ["cat", "", "bird"]}, "classes: .* empty"),
    ({"mean": (0.5, 0.5)}, f"mean: {NOT_ONE_A_CHANNEL}"), ({"mean": 0.5}, f"mean: {NOT_ONE_A_CHANNEL}"),
    ({"mean": ()}, "mean: .*one a channel"), ({"mean": [[0.5, 0.5, 0.5]]}, f"mean: {NOT_ONE_A_CHANNEL}"),
    ({"mean": [[0.5], 0.5, 0.5]}, f"mean: {NOT_ONE_A_CHANNEL}"), ({"mean": "abc"}, f"mean: {NOT_ONE_A_CHANNEL} 'abc'"),
    ({"mean": ["0.5"] * 3}, f"mean: {NOT_ONE_A_CHANNEL}"), ({"mean": [True] * 3}, f"mean: {NOT_ONE_A_CHANNEL}"),
    ({"mean": {0.5, 0.4, 0.3}}, f"mean: {NOT_ONE_A_CHANNEL}"), ({"mean": [None] * 3}, f"mean: {NOT_ONE_A_CHANNEL}"),
    ({"mean": (0.5, np.nan, 0.5)}, "mean: expected finite numbers"), ({"std": (0.5, np.inf, 0.5)}, "std: expected finite"),
    ({"std": (0.5, 0.5, 0.5, 0.5)}, f"std: {NOT_ONE_A_CHANNEL}"), ({"std": (0.5, 0.0, 0.5)}, "std: .*above 0, not 0"),
    ({"std": (0.5, -0.25, 0.5)}, r"std: .*above 0, not -0\.25"),
    ({"metadata": ["author"]}, "metadata: expected a dict of texts"), ({"metadata": "author"}, "metadata: expected a dict"),
    ({"metadata": {"minimix": "9"}}, "metadata: 'minimix' has its meaning .*another key"),
    ({"metadata": {"classes": "cat"}}, "metadata: 'classes' .*give classes="), ({"metadata": {"mean": "0"}}, "give mean="),
    ({"metadata": {"std": "0"}}, "metadata: 'std'.*give std="), ({"metadata": {3: "three"}}, "metadata: .*not 3"),
    ({"metadata": {"": "x"}}, "metadata: .*empty"), ({"metadata": {"tags": ["a", "b"]}}, r"metadata\['tags'\].*json\.dumps"),
    ({"metadata": {"author": None}}, "metadata.*not None"), ({"metadata": {"author": b"me"}}, "metadata.*not b'me'"),
    ({"written_out": [CUBE]}, "written_out: expected a dict"), ({"written_out": {"cube": abs}}, "written_out: expected a dict"),
    ({"written_out": {CUBE: 3}}, "written_out: expected a dict"),
], ids=lambda value: re.sub(r" at 0x\w+", "", str(value)))  # fmt: skip
def test_arguments(tmp_path, options, expected):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"old")
    with pytest.raises((ValueError, TypeError), match=expected):
        mm.export_onnx(small(), path, **options)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "name", ["net.pth", "net.PT", "net.safetensors", "net.npz", "net.weights.h5", "net.pb", "net.tar", "n.ort"]
)
def test_another_formats_ending(tmp_path, name):
    with pytest.raises(ValueError, match=r"the ending is that of .*, but ONNX is written: (net|net\.weights|n)\.onnx$"):
        mm.export_onnx(small(), tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["net", "NET.ONNX", "net.v2", "mixnet_1.0"])
def test_other_endings_say_nothing_about_a_format(tmp_path, name):
    mm.export_onnx(nn.Identity(), tmp_path / name, (1, 4))
    assert (tmp_path / name).stat().st_size


@pytest.mark.parametrize("path", [None, 3, b"net.onnx", ["net.onnx"]], ids=str)
def test_what_is_no_path(path):
    with pytest.raises(TypeError, match="path: expected the path of a file"):
        mm.export_onnx(small(), path)
    with pytest.raises(TypeError, match="path: expected the path of a file"):
        mm.save_weights(nn.Linear(2, 1), path)


def test_a_place_that_takes_no_file_is_told_before_the_work_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr("minimix.weights.onnx.export.Recording", None)
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(ValueError, match=r"folder\.onnx is a folder"):
        mm.export_onnx(small(), tmp_path / "folder.onnx")
    with pytest.raises(FileNotFoundError, match="there is no folder .*none to write net.onnx into"):
        mm.export_onnx(small(), tmp_path / "none" / "net.onnx")


def test_classes_of_networks_that_return_something_else(tmp_path):
    """Where it is not known what the names belong to, they are not counted."""
    mm.export_onnx(Twice(), tmp_path / "net.onnx", (1, 4), classes=CLASSES)
    assert json.loads(properties(tmp_path / "net.onnx")["classes"]) == CLASSES
    names = np.array(["a", "b", "c", "d"])
    mm.export_onnx(nn.Identity(), tmp_path / "net.onnx", (1, 4), classes=names, mean=[0.5] * 4)  # no picture: no channels
    assert json.loads(properties(tmp_path / "net.onnx")["classes"]) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("array, value, what", [
    ("weight", np.nan, "weight holds NaN"), ("bias", np.nan, "bias holds NaN"), ("running_var", -1.0, "negative variance"),
])  # fmt: skip
def test_weights_of_which_no_answers_come(tmp_path, array, value, what):
    net = nn.BatchNorm2d(3)
    net.state_dict()[array][0] = value
    with pytest.raises(ValueError, match=f"BatchNorm2d cannot be used: .*{what}; has its training diverged"):
        mm.export_onnx(net, tmp_path / "net.onnx", (3, 4, 4))
    assert not list(tmp_path.iterdir())


def test_a_mask_of_ones_own_may_be_infinite(tmp_path):
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mask", np.array([0, -np.inf, 0], np.float32))

        def forward(self, x):
            return mm.functional.softmax(x + self.mask, -1)

    mm.export_onnx(Masked(), tmp_path / "net.onnx", (3,))


def test_files_that_are_no_checkpoints_say_that_weights_need_a_network(tmp_path):
    np.savez(tmp_path / "w.npz", w=np.ones(3))
    for call in (lambda file: mm.export_onnx(file, tmp_path / "net.onnx"), mm.train.load_model,
                 lambda file: mm.predict(file, np.zeros((1, 3, 8, 8), np.float32))):  # fmt: skip
        with pytest.raises(
            ValueError, match=r"w\.npz is no checkpoint of minimix.* to read weights alone, name the network, too"
        ):
            call(tmp_path / "w.npz")


def test_metadata_in_numbers_and_keys_that_are_free(tmp_path):
    metadata = {"epochs": 3, "accuracy": np.float64(0.5), "crop": "0.9"}  # of a Module, nobody else says its crop
    mm.export_onnx(small(), tmp_path / "net.onnx", metadata=metadata)
    found = properties(tmp_path / "net.onnx")
    assert (found["epochs"], found["accuracy"], found["crop"]) == ("3", "0.5", "0.9")
