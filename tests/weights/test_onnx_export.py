"""``mm.export_onnx``: what it takes, what it writes, what it refuses."""

import json
import os
import sys

import numpy as np
import pytest
from onnx_runs import answer, distance, exported, onnx, run

import minimix as mm
import minimix.functional as F
from minimix import nn
from minimix.ops.op import Op
from minimix.weights.onnx.recording import Recording

CLASSES = ["cat", "dog", "bird"]


def small(**options):
    return mm.models.create("mixnet_nano", width=0.5, num_classes=3, **options).eval()


def properties(path) -> dict:
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def x(n=4, *shape):
    return np.random.default_rng(n).standard_normal((n, *(shape or (3, 32, 32)))).astype(np.float32)


class Of(nn.Module):
    """A network of one function."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        return self.function(self.linear(x))


# -- what it writes ----------------------------------------------------------------------------------------------------


def test_the_graph(tmp_path):
    model = small()
    content = onnx.load_model_from_string(exported(model, tmp_path))
    assert [(entry.domain, entry.version) for entry in content.opset_import] == [("", 18)]
    assert (content.producer_name, content.producer_version) == ("minimix", mm.__version__)
    (given,), (found,) = content.graph.input, content.graph.output
    assert [d.dim_param or d.dim_value for d in given.type.tensor_type.shape.dim] == ["N", 3, 32, 32]
    assert [d.dim_param or d.dim_value for d in found.type.tensor_type.shape.dim] == ["N", 3]
    assert (given.name, found.name) == ("input", "output")
    kinds = {node.op_type for node in content.graph.node}
    assert "Conv" in kinds and "BatchNormalization" not in kinds
    assert "blocks.0.0.conv_dw/Conv" in {node.name for node in content.graph.node}
    unfolded = onnx.load_model_from_string(exported(model, tmp_path, fold=False))
    assert "BatchNormalization" in {node.op_type for node in unfolded.graph.node}
    names = {entry.name for entry in unfolded.graph.initializer}
    state = {name for name in model.state_dict() if not name.endswith("num_batches_tracked")}
    split = {name for name in state if ".conv_pw" in name}
    assert state - split <= names | {"classifier.weight"}


def test_equal_networks_make_equal_files_and_the_network_stays_as_it_is(tmp_path):
    model = small().train()
    before = {name: array.copy() for name, array in model.state_dict().items()}
    first = exported(model, tmp_path)
    assert first == exported(model, tmp_path) and model.training
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


@pytest.mark.parametrize("fold", [True, False])
def test_any_number_of_pictures(tmp_path, fold):
    model = small()
    content = exported(model, tmp_path, fold=fold)
    for n in (1, 2, 7):
        (found,) = run(content, x(n))
        assert distance(found, answer(model, x(n))) < 1e-5


def test_a_fixed_number_of_pictures(tmp_path):
    net = Of(lambda y: y.reshape(2, 2, -1).sum(1))
    with pytest.raises(ValueError, match=r"reshape in model .*several axes|batch=1|reshape"):
        mm.export_onnx(Of(lambda y: y * len(y)), tmp_path / "net.onnx", (1, 4))
    content = exported(net, tmp_path, (1, 4), batch=3)
    shape = onnx.load_model_from_string(content).graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_value for d in shape] == [3, 4]
    (found,) = run(content, x(3, 4))
    assert distance(found, answer(net, x(3, 4))) < 1e-5
    content = exported(Of(lambda y: y * len(y)), tmp_path, (1, 4), batch=1)
    assert run(content, x(1, 4))[0].shape == (1, 4)


def test_names_classes_and_metadata(tmp_path):
    path = tmp_path / "net.onnx"
    more = {"mean": (0.5, 0.4, 0.3), "std": np.float32([0.5, 0.25, 0.125]), "metadata": {"author": "me"}}
    mm.export_onnx(small(), path, input_names=["pictures"], output_names=["logits"], classes=CLASSES, **more)
    graph = onnx.load(path).graph
    assert (graph.input[0].name, graph.output[0].name) == ("pictures", "logits")
    found = properties(path)
    assert found.pop("minimix") == mm.__version__ and found.pop("author") == "me"
    assert {key: json.loads(value) for key, value in found.items()} == {
        "classes": CLASSES, "mean": [0.5, 0.4, 0.3], "std": [0.5, 0.25, 0.125]
    }  # fmt: skip


def test_published_weights_and_their_preparation(tmp_path):
    model = mm.models.create("mobilenetv2_035", num_classes=3)
    mm.save_weights(model, tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match="weights"):
        mm.export_onnx(model, tmp_path / "net.onnx", weights=tmp_path / "w.safetensors")
    full = mm.models.create("mobilenetv2_035")
    mm.save_weights(full, tmp_path / "w.safetensors")
    mm.export_onnx("mobilenetv2_035", tmp_path / "net.onnx", weights=tmp_path / "w.safetensors")
    found = properties(tmp_path / "net.onnx")
    assert json.loads(found["crop"]) == 0.875 and found["interpolation"] == "bicubic"
    assert json.loads(found["mean"]) == [0.485, 0.456, 0.406]


def test_several_outputs_and_the_input_itself(tmp_path):
    content = exported(Of(lambda y: (y, [y, F.relu(y)])), tmp_path, (1, 4))
    found = run(content, x(3, 4))
    assert len(found) == 3
    np.testing.assert_array_equal(found[0], found[1])
    content = exported(Of(lambda y: {"logits": y, "boxes": y[:, :2]}), tmp_path, (1, 4))
    assert [entry.name for entry in onnx.load_model_from_string(content).graph.output] == ["logits", "boxes"]
    (found,) = run(exported(nn.Identity(), tmp_path, (1, 4)), x(3, 4))
    np.testing.assert_array_equal(found, x(3, 4))


def test_a_parameter_may_be_called_as_the_input_is(tmp_path):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.input, self.output = nn.Parameter([2.0]), nn.Parameter([3.0])

        def forward(self, x):
            return x * self.input + self.output

    (found,) = run(exported(Net(), tmp_path, (1, 4)), x(3, 4))
    np.testing.assert_allclose(found, 2 * x(3, 4) + 3, rtol=1e-6)


def test_an_example_in_place_of_a_shape(tmp_path):
    model = small()
    for example in (x(4, 3, 20, 24), mm.Tensor(x(4, 3, 20, 24)), (4, 3, 20, 24), [3, 20, 24]):
        (found,) = run(exported(model, tmp_path, example), x(2, 3, 20, 24))
        assert distance(found, answer(model, x(2, 3, 20, 24))) < 1e-5


def test_links_and_files_that_were_there(tmp_path):
    target = tmp_path / "real.onnx"
    target.write_bytes(b"old")
    if hasattr(os, "symlink") and os.name == "posix":
        (tmp_path / "link.onnx").symlink_to(target)
        mm.export_onnx(small(), tmp_path / "link.onnx")
        assert (tmp_path / "link.onnx").is_symlink()
    else:
        mm.export_onnx(small(), target)
    onnx.checker.check_model(onnx.load(target), full_check=True)
    assert not list(tmp_path.glob(".*.part"))


# -- what it refuses ---------------------------------------------------------------------------------------------------

CUBE = Op("cube", lambda x: (x**3, x), lambda g, x: (3 * x * x * g,))


def test_an_op_without_a_form(tmp_path):
    class Inner(nn.Module):
        def forward(self, y):
            return mm.apply(CUBE, y)

    net = nn.Sequential(nn.Linear(4, 4), nn.Sequential(Inner()))
    path = tmp_path / "net.onnx"
    path.write_bytes(b"old")
    with pytest.raises(NotImplementedError, match=r"cube in 1\.0 has no form in ONNX: .*written_out"):
        mm.export_onnx(net, path, (1, 4))
    assert path.read_bytes() == b"old"
    (found,) = run(exported(net, tmp_path, (1, 4), written_out={CUBE: lambda y: y * y * y}), x(3, 4))
    assert distance(found, answer(net, x(3, 4))) < 1e-5


def test_an_op_of_weights_alone_needs_no_form(tmp_path):
    net = Of(lambda y: y + mm.apply(CUBE, mm.Tensor([1.0, 2.0, 3.0, 4.0])))
    (found,) = run(exported(net, tmp_path, (1, 4)), x(3, 4))
    assert distance(found, answer(net, x(3, 4))) < 1e-5


@pytest.mark.parametrize("function, expected", [
    (lambda y: F.dropout(y), r"dropout in model has no form in ONNX: it is drawn anew"),
    (lambda y: F.cross_entropy(y, np.zeros(len(y), int)), r"cross_entropy in model has no form"),
    (lambda y: y * y.data.mean(), r"mul in model is given something else for another batch.*minimix.functional"),
    (lambda y: F.where(y > 0, y, 0), r"where in model is given something else.*comparison"),
    (lambda y: y + 1 if len(y) % 2 else y * 2, r"(add|mul) in model is given something else"),
    (lambda y: F.relu(y) if len(y) < 4 else F.relu(F.relu(y)), r"relu in model is given something else"),
    (lambda y: mm.Tensor(y.data * 2), r"what the network returns was not computed by ops"),
    (lambda y: y.data, r"the network returns ndarray, expected a Tensor"),
    (lambda y: y.var(0), r"var in model cannot be written in ONNX: a variance over the pictures"),
    (lambda y: y.unsqueeze(0).expand(len(y), len(y), 4).reshape(len(y), 2, -1), r"reshape in model cannot .*\(N, 2, N\)"),
    (lambda y: y[[0, 1], [1, 2]], r"getitem in model cannot .*reaches into the axis of the pictures"),
], ids=range(11))  # fmt: skip
def test_what_is_no_list_of_ops(tmp_path, function, expected):
    with pytest.raises((ValueError, NotImplementedError), match=expected):
        mm.export_onnx(Of(function), tmp_path / "net.onnx", (1, 4))
    assert not (tmp_path / "net.onnx").exists()


# -- many pictures -----------------------------------------------------------------------------------------------------


def test_many_pictures_are_not_followed_where_a_few_do(tmp_path, monkeypatch):
    followed = []

    class Noted(Recording):
        def __init__(self, model, x, written_out):
            followed.append(len(x))
            super().__init__(model, x, written_out)

    monkeypatch.setattr("minimix.weights.onnx.export.Recording", Noted)
    model = small()
    content = exported(model, tmp_path, batch=np.int64(64), opset=np.int32(18))
    assert followed == [2, 5]
    graph = onnx.load_model_from_string(content).graph
    assert [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim] == [64, 3, 32, 32]
    assert [d.dim_value for d in graph.output[0].type.tensor_type.shape.dim] == [64, 3]
    (found,) = run(content, x(64))
    assert distance(found, answer(model, x(64))) < 1e-5
    rows = onnx.load_model_from_string(exported(Of(lambda y: y.reshape(-1)), tmp_path, (1, 4), batch=64)).graph.output[0]
    assert [d.dim_value for d in rows.type.tensor_type.shape.dim] == [256]


@pytest.mark.parametrize(
    "function", [lambda y: y * len(y), lambda y: y[1:], lambda y: (y @ y.T).reshape(-1), lambda y: y.var(0)]
)
def test_many_pictures_are_followed_where_the_network_counts_them(tmp_path, function):
    net = Of(function)
    (found,) = run(exported(net, tmp_path, (1, 4), batch=11), x(11, 4))
    assert distance(found, answer(net, x(11, 4))) < 1e-5


# -- other refusals ----------------------------------------------------------------------------------------------------


def test_other_refusals(tmp_path):
    with pytest.raises(ValueError, match="Linear has no input_size: give input_shape"):
        mm.export_onnx(nn.Linear(3, 2), tmp_path / "net.onnx")
    with pytest.raises(TypeError, match="model: expected a run"):
        mm.export_onnx(3, tmp_path / "net.onnx")


def test_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "minimix\[onnx\]"'):
        mm.export_onnx(small(), tmp_path / "net.onnx")
