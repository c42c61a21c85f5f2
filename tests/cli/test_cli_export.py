"""``minimix export``: a run, or a network by name, as ONNX or as a state dict."""

import json
import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from cli_runs import small_patterns

import minimix as mm
from minimix.models.weights import read_weights
from minimix.train import load_model
from minimix.weights.libraries import by_name
from minimix.weights.libraries.library import array_names

RUN = "runs/mine"
MODEL = "mobilenetv2_035:width=0.5:resolution=0.3"  # small, but with 1000 classes; 67 pixels


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run, on pictures of another size than the network's own."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        small_patterns(patch)
        mm.train("mixnet_nano", "patterns10", model_options={"width": 0.5}, epochs=1, batch_size=32, name="mine", ema=0.9)
    return folder


@pytest.fixture(autouse=True)
def folder(trained, monkeypatch):
    monkeypatch.chdir(trained)
    monkeypatch.delenv("MINIMIX_DEBUG", raising=False)
    return trained


@pytest.fixture
def pictures():
    return np.random.default_rng(0).standard_normal((3, 3, 32, 32)).astype(np.float32)


def answer(model, x):
    with mm.no_grad():
        return model.eval()(mm.Tensor(x)).data


@pytest.mark.parametrize("run", ["mine", RUN, f"{RUN}/best.safetensors"])
@pytest.mark.parametrize("more", [(), ("--no-fold", "--batch", "3", "--opset", "17")], ids=str)
def test_a_run_as_onnx(minimix, pictures, run, more):
    onnx = pytest.importorskip("onnx")
    code, output, errors = minimix("export", run, "net.onnx", *more)
    assert code == 0, errors
    assert "net.onnx: input (" in output and ("not folded" in output) == bool(more)
    content = onnx.load("net.onnx")
    assert content.opset_import[0].version == (17 if more else 18)
    about = {entry.key: entry.value for entry in content.metadata_props}
    trained = load_model(RUN)
    assert tuple(json.loads(about["classes"])) == trained.classes and about["minimix"] == mm.__version__
    assert tuple(json.loads(about["mean"])) == trained.mean and tuple(json.loads(about["std"])) == trained.std
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession("net.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"input": pictures})
    expected = answer(trained.model, pictures)
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_python_takes_runs_too(pictures):
    onnx = pytest.importorskip("onnx")
    mm.export_onnx("mine", "a.onnx")
    mm.export_onnx(load_model(RUN), "b.onnx")
    first, second = (Path(name).read_bytes() for name in ("a.onnx", "b.onnx"))
    assert first == second and len(onnx.load("a.onnx").metadata_props) == 4


def test_a_run_as_a_state_dict(minimix, pictures):
    code, _, errors = minimix("export", "mine", "net.safetensors")
    assert code == 0, errors
    trained = load_model(RUN).model
    state = read_weights("net.safetensors")
    assert state.keys() == trained.state_dict().keys()  # and nothing of the optimizer's
    other = mm.load_weights(mm.models.create("mixnet_nano", width=0.5), "net.safetensors")
    np.testing.assert_array_equal(answer(other, pictures), answer(trained, pictures))


def test_a_network_by_name(minimix):
    onnx = pytest.importorskip("onnx")
    mm.save_weights(mm.models.create("mobilenetv2_035", width=0.5, resolution=0.3), "w.safetensors")
    names = [f"name of {i}" for i in range(1000)]
    Path("names.txt").write_text("\n".join(names), encoding="utf-8")
    code, output, errors = minimix("export", MODEL, "net.onnx", "--weights", "w.safetensors", "--classes-file", "names.txt")
    assert code == 0 and "input (N, 3, 67, 67)" in output, errors
    about = {entry.key: entry.value for entry in onnx.load("net.onnx").metadata_props}
    assert json.loads(about["classes"]) == names and json.loads(about["crop"]) == 0.875
    code, output, errors = minimix("export", MODEL, "net.onnx", "--weights", "w.safetensors", "--input", "75x90")
    assert code == 0 and "input (N, 3, 75, 90)" in output, errors


def as_torchvision(model) -> dict:
    """Its weights under torchvision's names."""
    state = model.state_dict()
    return {theirs: state[ours] for ours, (theirs, *_) in array_names(by_name("torchvision"), model)}


def test_weights_with_the_names_of_another_library(minimix, tmp_path):
    """As ``predict`` takes them: what they are called is seen, or said, and the file has them."""
    onnx = pytest.importorskip("onnx")
    path, small = tmp_path / "net.onnx", {"width": 0.5, "resolution": 0.3}
    model = mm.models.create("mobilenetv2_035", **small)
    np.savez(tmp_path / "w.npz", **as_torchvision(model))
    given = ("--weights", tmp_path / "w.npz")
    code, output, errors = minimix("export", MODEL, path, *given)
    assert code == 0 and "its names are those of torchvision" in output, errors
    first = path.read_bytes()
    code, _, errors = minimix("export", MODEL, path, *given, "--names", "torchvision")
    assert code == 0 and path.read_bytes() == first, errors
    code, _, errors = minimix("export", MODEL, tmp_path / "other.onnx", *given, "--names", "timm")
    assert code == 2 and "They look like those of torchvision" in errors and not (tmp_path / "other.onnx").exists()
    code, _, errors = minimix("export", MODEL, tmp_path / "net.safetensors", *given, "--names", "torchvision")
    assert code == 0, errors
    other = mm.load_weights(mm.models.create("mobilenetv2_035", **small), tmp_path / "net.safetensors")
    np.testing.assert_array_equal(other.conv_head.weight.data, model.conv_head.weight.data)
    full = mm.models.create("mobilenetv2_035")
    mm.export_onnx("mobilenetv2_035", path, (3, 32, 32), weights=as_torchvision(full), names="torchvision")
    arrays = {array.name: onnx.numpy_helper.to_array(array) for array in onnx.load(path).graph.initializer}
    np.testing.assert_array_equal(arrays["classifier.weight"], full.classifier.weight.data)


def test_pictures_that_are_otherwise_than_is_known(minimix, tmp_path):
    """Size, mean and std as asked for; one number stands for all channels."""
    onnx = pytest.importorskip("onnx")
    path = tmp_path / "net.onnx"

    def about():
        content = onnx.load(path)
        size = [d.dim_value for d in content.graph.input[0].type.tensor_type.shape.dim][1:]
        return size, {entry.key: entry.value for entry in content.metadata_props}

    code, output, errors = minimix("export", "mine", path, "--input", "40", "--mean", "0.5", "--std", "0.25,0.5,0.125")
    assert code == 0 and "as asked" in output, errors
    size, texts = about()
    assert size == [3, 40, 40] and (texts["mean"], texts["std"]) == ("[0.5, 0.5, 0.5]", "[0.25, 0.5, 0.125]")
    model = mm.models.create("mixnet_nano", width=0.5, in_channels=1, num_classes=2)
    mm.save_weights(model, tmp_path / "w.safetensors")
    Path("two.txt").write_text("cat\ndog\n", encoding="utf-8")
    grey = ("mixnet_nano:width=0.5:in_channels=1:num_classes=2", path, "--weights", tmp_path / "w.safetensors")
    assert minimix("export", *grey)[0] == 0
    size, texts = about()
    assert size == [1, 32, 32] and texts.keys() == {"minimix"}  # how grey pictures are normalised, nobody has said
    code, _, errors = minimix("export", *grey, "--mean", "0.5", "--std", "0.2", "--classes-file", "two.txt", "--size", "20x24")
    assert code == 0, errors
    size, texts = about()
    assert size == [1, 20, 24] and (texts["mean"], texts["classes"]) == ("[0.5]", '["cat", "dog"]')


def test_a_part_of_a_checkpoint(minimix, tmp_path):
    torch = pytest.importorskip("torch")
    several = {name: mm.models.create("mobilenetv2_035", width=0.5) for name in ("student", "teacher")}
    trees = {name: {key: torch.tensor(array) for key, array in net.state_dict().items()} for name, net in several.items()}
    torch.save(trees, tmp_path / "w.pth")
    with pytest.raises(ValueError, match="(?s)nobody.*student.*teacher"):
        mm.export_onnx("mobilenetv2_035", tmp_path / "net.onnx", weights=tmp_path / "w.pth", take="nobody")
    given = (MODEL, tmp_path / "net.safetensors", "--weights", tmp_path / "w.pth")
    code, _, errors = minimix("export", *given)
    assert code == 2 and "student" in errors and "teacher" in errors, errors
    for name, net in several.items():
        code, output, errors = minimix("export", *given, "--take", name)
        assert code == 0 and f'["{name}"]' in output, errors
        np.testing.assert_array_equal(read_weights(tmp_path / "net.safetensors")["conv_head.weight"], net.conv_head.weight.data)


def test_without_a_network(minimix, monkeypatch):
    """One line, and at once: which file is wanted, and how it is given."""

    def hf_hub_download(repository, file, local_files_only):  # the client is asked for what it has, and for nothing else
        raise FileNotFoundError("not in the cache")

    client = types.ModuleType("huggingface_hub")
    client.hf_hub_download = hf_hub_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", client)
    monkeypatch.setattr("minimix.models.hub.silence", lambda url: "Network is unreachable")
    Path("photo.png").write_bytes(b"")
    for command in (("export", "mobilenetv2_050", "net.onnx"), ("predict", "photo.png", "--model", "mobilenetv2_050")):
        code, output, errors = minimix(*command)
        assert code == 1 and not output and errors.count("\n") == 1
        assert "huggingface.co does not answer: Network is unreachable" in errors and "--weights FILE" in errors


def test_a_network_of_ones_own(minimix):
    onnx = pytest.importorskip("onnx")
    source = """
from minimix import nn
def make(num_classes=10):
    return nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.ReLU(), nn.GlobalAvgPool2d(), nn.Linear(4, num_classes))
"""
    Path("net.py").write_text(source, encoding="utf-8")
    mm.save_weights(mm.models.create("net.py:make", num_classes=3), "own.safetensors")
    code, _, errors = minimix("export", "net.py:make:num_classes=3", "own.onnx", "--weights", "own.safetensors")
    assert code == 0, errors
    assert onnx.load("own.onnx").graph.output[0].type.tensor_type.shape.dim[1].dim_value == 3


@pytest.mark.parametrize("arguments, expected", [
    (("mine", "net.pth"), "must end in one of .onnx .*minimix writes no pickles: PyTorch loads .safetensors"),
    (("mine", "net"), "must end in one of .onnx"),
    (("mine", "none/net.onnx"), "there is no folder none"),
    (("min", "net.onnx"), "no file, folder or run is called min"),
    (("mixnet_nana", "net.onnx"), "no file, folder or run is called mixnet_nana: .*; or is the network mixnet_nano meant"),
    (("words.txt", "net.onnx"), "words.txt is no run, and no checkpoint of one: .* --weights words.txt"),
    (("mine", "net.onnx", "--input", "1x32x32"), r"input_shape \(1, 1, 32, 32\): .* is made for 3 input channels"),
    (("mixnet_nano", "net.onnx"), "hub has no weights for 'mixnet_nano'"),
    (("mine", "net.PTH"), "minimix writes no pickles"),
    (("mine", "runs"), "must end in one of .onnx"),
    (("mine", "net.onnx", "--weights", "w.safetensors"), "--weights: for a network by name: mine is none"),
    (("mine", "net.onnx", "--names", "timm", "--take", "ema"), "--names, --take: for a network by name: mine is none"),
    (("mine", "net.onnx", "--classes-file", "c.txt"), "--classes-file: for a network by name: mine is none"),
    (("mixnet_nano", "net.onnx", "--names", "timm"), "names says nothing without weights"),
    (("mixnet_nano", "net.onnx", "--weights", f"{RUN}/best.safetensors"), "is a checkpoint .*: export it in place of mixnet_n"),
    (("mine", "net.onnx", "--opset", "3"), r"--opset: expected .*, 13 to \d+, not 3: before 13, .* onnx \d"),
    (("mine", "net.safetensors", "--classes-file", "c.txt"), "--classes-file is for an .onnx file"),
    (("mine", "net.safetensors", "--opset", "18"), "--opset is for an .onnx file"),
    (("mine", "net.safetensors", "--no-fold"), "--no-fold is for an .onnx file"),
    (("mine", "net.onnx", "--input", "3x224"), "--input"),
    (("mine", "net.onnx", "--mean", "half"), "--mean: expected a number, or one a channel"),
    (("mine", "net.onnx", "--std", "0"), "std: expected numbers above 0"),
    (("mine", "net.onnx", "--mean", "1,2"), "mean: expected 3 numbers"),
    (("mine", "net.safetensors", "--mean", "0.5"), "--mean is for an .onnx file"),
    (("mine", "net.onnx", "--batch", "0"), "--batch: expected 1 or more, not '0'"),
    (("mine",), "missing argument"),
], ids=str)  # fmt: skip
def test_mistakes(minimix, arguments, expected):
    if {"--opset", "1x32x32"} & set(arguments):
        pytest.importorskip("onnx")
    Path("words.txt").write_text("no weights", encoding="utf-8")
    code, output, errors = minimix("export", *arguments)
    assert code == 2 and not output and re.search(expected, errors.replace("\n", " "), re.I), errors


def test_without_the_package(minimix, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    code, _, errors = minimix("export", "mine", "x.onnx")
    assert code == 1 and 'pip install "minimix[onnx]"' in errors
