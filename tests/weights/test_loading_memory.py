"""``load_weights`` of dicts, which are seen through as files are; parts of checkpoints, and what stands before all names."""

from collections import OrderedDict

import numpy as np
import pytest
from drawn import draw
from written import small, written

import minimix as mm
from minimix import nn
from minimix.weights import loading, reading


def entries(prefix="", change=0.0):
    return {prefix + name: array + np.asarray(change, array.dtype) for name, array in written("torchvision", small()).items()}


def same(net, change=0.0):
    expected = draw("classifier.weight", (3, 1280)) + np.float32(change)
    np.testing.assert_array_equal(net.classifier.weight.data, expected)


OTHERS = {"criterion.weight": np.ones(3), "class_weights": np.ones(3), "train_acc.tp": np.ones(2)}
DICTS = {
    "module.": entries("module."),
    "wrapped": {"state_dict": entries(), "epoch": 3, "optimizer": {"state": {0: np.ones(3)}}},
    "two deep": {"ema": {"module": entries("module.")}},
    "lightning": {"state_dict": {**entries("model."), **OTHERS}, "hyper_parameters": {"lr": 0.1}},
    "a name of one's own": {**entries("cnn."), **OTHERS},
    "two names of one's own": entries("backbone.cnn."),
    "ordered": OrderedDict(entries()),
    "tensors": {name: mm.Tensor(array) if array.ndim else array for name, array in entries().items()},
    "lists": {name: array.tolist() if array.ndim == 1 else array for name, array in entries().items()},
}


@pytest.mark.parametrize("name", DICTS)
def test_dicts_are_seen_through_as_files_are(name):
    same(mm.load_weights(small(), DICTS[name]))


@pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16", "Parameter"])
def test_dicts_of_torchs_tensors(kind):
    torch = pytest.importorskip("torch")
    tensors = {name: torch.tensor(array) for name, array in entries().items()}
    if kind == "Parameter":
        tensors = {name: torch.nn.Parameter(t) if t.is_floating_point() else t for name, t in tensors.items()}
    else:
        tensors = {name: t.to(getattr(torch, kind)) if t.is_floating_point() else t for name, t in tensors.items()}
    found = mm.load_weights(small(), {"state_dict": tensors}).classifier.weight.data
    expected = tensors["classifier.1.weight"].detach().float().numpy()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_tensors_that_are_no_arrays_are_refused_by_name():
    torch = pytest.importorskip("torch")
    for tensor, why in [
        (torch.ones(3).to_sparse(), "is sparse: tensor.to_dense"),
        (torch.ones(3).to(torch.float8_e4m3fn), "is float8_e4m3fn, which NumPy does not have"),
        (torch.empty(3, device="meta"), "is without numbers"),
        (torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "is quantised"),
        (np.array([None] * 3), "is an array of object"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=f"the dict: classifier.1.bias {why}"):
            mm.load_weights(small(), {**entries(), "classifier.1.bias": tensor})


@pytest.mark.parametrize(
    "given, error, message",
    [
        ({}, ValueError, "the dict holds no weights: an empty dict"),
        ({"epoch": 3, "args": {"lr": 0.1}}, ValueError, "the dict holds no weights: a dict with epoch, args"),
        (b"w.pth", TypeError, "path: expected a file's path, or a dict of arrays by name, not a bytes"),
        (None, TypeError, "path: expected .* not a NoneType"),
        (nn.Linear(2, 1), TypeError, r"not the network Linear: give its state_dict\(\)"),
    ],
)
def test_what_holds_no_weights(given, error, message):
    with pytest.raises(error, match=message):
        mm.load_weights(nn.Linear(2, 1), given)


# -- prefixes ---------------------------------------------------------------------------------------------------------


class Own(nn.Module):
    """Whose names have what wrappers are called."""

    def __init__(self):
        super().__init__()
        self.model = nn.Linear(2, 1)


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "cnn."])
def test_a_prefix_that_is_the_networks_own_stays(prefix):
    given = {f"{prefix}model.weight": np.ones((1, 2)), f"{prefix}model.bias": np.ones(1)}
    assert mm.load_weights(Own(), given).model.bias.data.all()


def test_names_beside_a_prefix_that_are_the_networks_own():
    class Two(Own):
        def __init__(self):
            super().__init__()
            self.loss = nn.Linear(1, 1)

    state = {name: np.ones_like(array) for name, array in Two().state_dict().items()}
    net = mm.load_weights(Two(), state)
    assert net.loss.bias.data.all() and net.model.bias.data.all()


def test_what_is_left_is_said():
    read = reading.read_given({"state_dict": {**entries("model."), **OTHERS}})
    assert read.taken == '["state_dict"], names without "model.", without criterion.weight, class_weights, train_acc.tp'
    found = loading.named(small(), reading.read_given({**entries("cnn."), **OTHERS}))
    assert found.taken == 'names without "cnn.", without criterion.weight, class_weights, train_acc.tp'


def test_lightnings_file(tmp_path):
    torch = pytest.importorskip("torch")
    state = {name: torch.tensor(array) for name, array in {**entries("model."), **OTHERS}.items()}
    torch.save({"epoch": 1, "state_dict": state, "loops": {"fit_loop": {}}}, tmp_path / "last.ckpt")
    same(mm.load_weights(small(), tmp_path / "last.ckpt"))


def test_two_networks_side_by_side_are_not_one():
    several = {**entries("student."), **entries("teacher.", change=1)}
    with pytest.raises(
        ValueError, match='several sets of weights, .*"student.", .*"teacher.": say which to take, take=.student'
    ):
        mm.load_weights(small(), several)
    same(mm.load_weights(small(), several, take="teacher"), 1)


# -- parts ------------------------------------------------------------------------------------------------------------


def test_a_part_may_be_asked_for():
    several = {"epoch": 1, "model": entries(), "ema": {"module": entries(change=1)}, "teacher": entries(change=2)}
    same(mm.load_weights(small(), several), 1)
    for take, change in (("model", 0), ("ema", 1), ("ema.module", 1), ('["ema"]["module"]', 1), ("teacher", 2), (None, 1)):
        same(mm.load_weights(small(), several, take=take), change)
    with pytest.raises(ValueError, match="the dict has no part techer: did you mean teacher?"):
        mm.load_weights(small(), several, take="techer")
    with pytest.raises(
        ValueError, match=r'the dict has no part zzz: there is \["model"\], \["ema"\]\["module"\], \["teacher"\]'
    ):
        mm.load_weights(small(), several, take="zzz")
    with pytest.raises(TypeError, match="take: expected the name of a part of a checkpoint, such as 'model_ema', not 3"):
        mm.load_weights(small(), several, take=3)
    with pytest.raises(ValueError, match="holds several sets of weights.*say which to take, take='a' or --take a"):
        mm.load_weights(small(), {"a": entries(), "b": entries()})


def test_where_there_are_no_parts(tmp_path):
    torch = pytest.importorskip("torch")
    h5py = pytest.importorskip("h5py")
    net = nn.Linear(2, 1)
    np.savez(tmp_path / "w.npz", **net.state_dict())
    mm.save_weights(net, tmp_path / "w.safetensors")
    torch.save({name: torch.tensor(array) for name, array in net.state_dict().items()}, tmp_path / "w.pth")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["dense/kernel"] = np.ones((2, 1))
    for name, said in [
        ("w.npz", "is an .npz file, which has no parts such as ema to take: leave out take"),
        ("w.safetensors", "is a safetensors file, which has no parts such as ema"),
        ("w.h5", "is a file of Keras', which has no parts such as ema"),
        ("w.pth", "has no part ema, and no parts at all: it is one set of weights, leave out take"),
    ]:
        with pytest.raises(ValueError, match=f"{name} {said}"):
            mm.load_weights(net, tmp_path / name, take="ema")
    with pytest.raises(ValueError, match="the dict has no part ema, and no parts at all"):
        mm.load_weights(net, net.state_dict(), take="ema")


def test_a_header_that_begins_as_a_pickle_does(tmp_path):
    """The length of safetensors' header stands in front: of 0x80 bytes, it begins as pickles do."""
    from safetensors.numpy import save

    content = save({"bias": np.ones(1, np.float32), "weight": np.ones((1, 2), np.float32)})
    length = int.from_bytes(content[:8], "little")
    padded = content[8 : 8 + length] + b" " * ((0x80 - length) % 0x100)
    (tmp_path / "w.bin").write_bytes(len(padded).to_bytes(8, "little") + padded + content[8 + length :])
    assert (tmp_path / "w.bin").read_bytes().startswith(b"\x80")
    assert mm.load_weights(nn.Linear(2, 1), tmp_path / "w.bin").bias.data.all()
