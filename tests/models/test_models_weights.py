"""Weights to files and back; what does not fit is named, and changes nothing."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import minimix as mm
from minimix import files, models, nn
from minimix.models.weights import read_weights


def network(seed=0):
    mm.manual_seed(seed)
    return models.create("mixnet_nano", width=0.5)


def copied(state):
    return {name: np.array(array) for name, array in state.items()}


def same(found, expected):
    assert list(found) == list(expected)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def write(path, arrays, dtype=None):
    """Arrays as somebody else's program would write them."""
    save_file({name: a.astype(dtype) if dtype and a.dtype.kind == "f" else a for name, a in arrays.items()}, path)


def write_raw(path, dtype, name, shape, content: bytes):
    """A file with one array, in a dtype that NumPy does not have."""
    header = json.dumps({name: {"dtype": dtype, "shape": shape, "data_offsets": [0, len(content)]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + content)


def test_there_and_back(tmp_path):
    model, other = network(1), network(2)
    model(np.ones((2, 3, 32, 32), np.float32))  # moves the statistics
    mm.save_weights(model, tmp_path / "w.safetensors")
    assert mm.load_weights(other, str(tmp_path / "w.safetensors")) is other
    same(other.state_dict(), model.state_dict())
    assert other.bn1.num_batches_tracked == 1


def test_anybody_can_read_it(tmp_path):
    model = network()
    mm.save_weights(model, tmp_path / "w.safetensors")
    found = load_file(tmp_path / "w.safetensors")
    same(dict(sorted(found.items())), dict(sorted(model.state_dict().items())))
    content = (tmp_path / "w.safetensors").read_bytes()
    assert json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]["format"] == "pt"


@pytest.mark.parametrize("dtype, digits", [(np.float16, 2e-3), (np.float32, 0), (np.float64, 0)])
def test_other_floats_are_converted(tmp_path, dtype, digits):
    model, other = network(1), network(2)
    write(tmp_path / "w.safetensors", model.state_dict(), dtype)
    mm.load_weights(other, tmp_path / "w.safetensors")
    for name, array in other.state_dict().items():
        assert array.dtype == model.state_dict()[name].dtype
        np.testing.assert_allclose(array, model.state_dict()[name], rtol=digits, atol=1e-6 if digits else 0)


def test_bfloat16(tmp_path):
    layer = nn.Linear(3, 1, bias=False)
    upper_halves = (np.float32([1, -2.5, np.pi]).view(np.uint32) >> 16).astype("<u2")
    write_raw(tmp_path / "w.safetensors", "BF16", "weight", [1, 3], upper_halves.tobytes())
    mm.load_weights(layer, tmp_path / "w.safetensors")
    assert layer.weight.dtype == np.float32
    np.testing.assert_array_equal(layer.weight.data, [[1, -2.5, 3.140625]])  # pi with eight bits


def test_into_a_float64_model(tmp_path):
    mm.save_weights(network(1), tmp_path / "w.safetensors")
    model = mm.load_weights(network(2).double(), tmp_path / "w.safetensors")
    assert model.conv_stem.weight.dtype == np.float64
    np.testing.assert_array_equal(model.conv_stem.weight.data, network(1).conv_stem.weight.data)


def test_counters_may_be_missing(tmp_path):
    model, other = network(1), network(2)
    counted = {name: array for name, array in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    write(tmp_path / "w.safetensors", counted)
    mm.load_weights(other, tmp_path / "w.safetensors")
    same(other.state_dict(), model.state_dict())


def without(name):
    return lambda state: state.pop(name)


def beside(name):
    return lambda state: state.update({name: np.zeros(3, np.float32)})


def shaped(name, *shape):
    return lambda state: state.update({name: np.zeros(shape, np.float32)})


@pytest.mark.parametrize(
    "change, message",
    [
        (without("bn1.running_var"), "missing bn1.running_var"),
        (without("blocks.1.0.conv_dw.1.weight"), "missing blocks.1.0.conv_dw.1.weight"),
        (beside("module.extra"), "unexpected module.extra"),
        (shaped("classifier.bias", 1000), r"shape of classifier.bias is \(1000,\), expected \(10,\)"),
        (shaped("conv_stem.weight", 8, 3, 3), r"shape of conv_stem.weight is \(8, 3, 3\), expected \(8, 3, 3, 3\)"),
        (shaped("optimizer/step", 1), "unexpected optimizer/step\nIt looks like a checkpoint.*minimix.train.load_model"),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(tmp_path, change, message):
    model = network(1)
    before, state = copied(model.state_dict()), copied(network(2).state_dict())
    change(state)
    write(tmp_path / "w.safetensors", state)
    with pytest.raises(RuntimeError, match=f"(?s)w.safetensors: the state does not fit mixnet_nano:\n  .*{message}"):
        mm.load_weights(model, tmp_path / "w.safetensors")
    same(model.state_dict(), before)


def test_quantised_weights_are_refused(tmp_path):
    model = network(1)
    before, state = copied(model.state_dict()), copied(network(2).state_dict())
    state["conv_stem.weight"] = np.zeros((8, 3, 3, 3), np.int8)
    write(tmp_path / "w.safetensors", state)
    with pytest.raises(ValueError, match="w.safetensors: conv_stem.weight is int8, expected floating-point"):
        mm.load_weights(model, tmp_path / "w.safetensors")
    same(model.state_dict(), before)


def test_dtypes_that_nobody_here_knows_are_refused(tmp_path):
    write_raw(tmp_path / "w.safetensors", "F8_E4M3", "weight", [1, 2], b"\0\0")
    with pytest.raises(ValueError, match="weight is F8_E4M3, expected one of F64, F32"):
        mm.load_weights(nn.Linear(2, 1, bias=False), tmp_path / "w.safetensors")


@pytest.mark.parametrize("content", [b"weights", b"PK\3\4" + b"\0" * 100, b"\xff" * 200, "half"])
def test_what_is_no_safetensors_file(tmp_path, content):
    path = tmp_path / "w.safetensors"
    mm.save_weights(nn.Linear(2, 1), path)
    path.write_bytes(path.read_bytes()[:-3] if content == "half" else content)
    with pytest.raises(ValueError, match=r"w.safetensors(:| is) .*no whole (safetensors file|zip archive) \(.+\): truncated"):
        mm.load_weights(nn.Linear(2, 1), path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file .*w.safetensors"):
        mm.load_weights(nn.Linear(2, 1), tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match="is a folder"):
        mm.load_weights(nn.Linear(2, 1), tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder .*nowhere to write w.safetensors into"):
        mm.save_weights(nn.Linear(2, 1), tmp_path / "nowhere" / "w.safetensors")


def test_a_path_for_a_model(tmp_path):
    with pytest.raises(TypeError, match=r"load_weights\(model, path\): model is a str"):
        mm.load_weights("w.safetensors", nn.Linear(2, 1))
    with pytest.raises(TypeError, match=r"save_weights\(model, path\): model is a dict"):
        mm.save_weights({}, "w.safetensors")


@pytest.mark.parametrize("name", ["net.pth", "net.PT", "net.bin", "net.onnx", "net.npz", "net.weights.h5"])
def test_another_formats_ending(tmp_path, name):
    """Who reads the file goes by its name."""
    with pytest.raises(
        ValueError, match=r"the ending is that of .*, but safetensors is written: net(\.weights)?\.safetensors$"
    ):
        mm.save_weights(nn.Linear(2, 1), tmp_path / name)
    assert not list(tmp_path.iterdir())
    for other in ("net", "net.SAFETENSORS", "net.v2", "net.st"):
        model = nn.Linear(2, 1)
        mm.save_weights(model, tmp_path / other)
        same(mm.load_weights(nn.Linear(2, 1), tmp_path / other).state_dict(), model.state_dict())


def test_a_crash_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    mm.save_weights(nn.Linear(2, 1), path)
    before = path.read_bytes()

    def crash(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        mm.save_weights(nn.Linear(3, 1), path)
    assert path.read_bytes() == before


def test_arrays_come_sorted_and_zero_dimensional_ones_stay(tmp_path):
    mm.save_weights(nn.BatchNorm2d(2), tmp_path / "w.safetensors")
    found = read_weights(tmp_path / "w.safetensors")
    assert list(found) == ["bias", "num_batches_tracked", "running_mean", "running_var", "weight"]
    assert found["num_batches_tracked"].shape == () and found["num_batches_tracked"].dtype == np.int64


def test_pytorch_reads_and_writes_the_same_files(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file as load_torch
    from safetensors.torch import save_file as save_torch

    model = network(1)
    mm.save_weights(model, tmp_path / "w.safetensors")
    tensors = load_torch(tmp_path / "w.safetensors")
    same({name: tensors[name].numpy() for name in model.state_dict()}, model.state_dict())
    halves = {name: t.to(torch.bfloat16) if t.is_floating_point() else t for name, t in tensors.items()}
    save_torch(halves, tmp_path / "half.safetensors")
    other = mm.load_weights(network(2), tmp_path / "half.safetensors")
    same(other.state_dict(), {name: halves[name].to(tensors[name].dtype).numpy() for name in model.state_dict()})


# -- numbers with which no network works ------------------------------------------------------------------------------


def with_value(name, value, dtype=np.float32):
    def change(state):
        state[name] = np.array(state[name], dtype)
        state[name].flat[0] = value
        return state

    return change


@pytest.mark.parametrize(
    "change, message",
    [
        (with_value("conv_stem.weight", np.nan), "conv_stem.weight holds NaN"),
        (with_value("conv_stem.weight", np.inf), "conv_stem.weight holds infinity"),
        (with_value("classifier.bias", -np.inf, np.float16), "classifier.bias holds infinity"),
        (with_value("classifier.bias", 1e300, np.float64), "classifier.bias holds a number that is too large for float32"),
        (with_value("bn1.running_mean", np.nan), "bn1.running_mean holds NaN"),
        (with_value("bn1.running_var", -1e-6), "bn1.running_var holds a negative variance"),
        (with_value("bn1.running_var", np.inf), "bn1.running_var holds infinity"),
    ],
)
def test_numbers_with_which_no_network_works_are_refused(tmp_path, change, message):
    model, other = network(1), network(2)
    before = copied(other.state_dict())
    write(tmp_path / "w.safetensors", change(copied(model.state_dict())))
    with pytest.raises(ValueError, match=rf"w\.safetensors: {message}.*check=False"):
        mm.load_weights(other, tmp_path / "w.safetensors")
    same(other.state_dict(), before)
    with np.errstate(over="ignore"):
        mm.load_weights(other, tmp_path / "w.safetensors", check=False)
    assert not np.array_equal(other.conv_stem.weight.data, before["conv_stem.weight"])


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-45, 1e-30, 3e38])
def test_strange_variances_that_are_none_the_less_some(tmp_path, value):
    write(tmp_path / "w.safetensors", with_value("bn1.running_var", value)(copied(network(1).state_dict())))
    assert mm.load_weights(network(2), tmp_path / "w.safetensors").bn1.running_var[0] == np.float32(value)


def test_what_will_be_refused_is_said_when_it_is_saved(tmp_path):
    """And is kept all the same: the run that made it may be gone."""
    for value, what in ((np.nan, "NaN"), (np.inf, "infinity")):
        model = network()
        model.conv_stem.weight.data.flat[0] = value
        with pytest.warns(
            UserWarning, match=f"^conv_stem.weight holds {what}: load_weights.* will refuse it, without check=False"
        ):
            mm.save_weights(model, tmp_path / "w.safetensors")
        same(mm.load_weights(network(1), tmp_path / "w.safetensors", check=False).state_dict(), model.state_dict())


def test_five_names_are_enough(tmp_path):
    state = {name: np.full_like(a, np.nan) if a.dtype.kind == "f" else a for name, a in network().state_dict().items()}
    write(tmp_path / "w.safetensors", state)
    with pytest.raises(ValueError, match=r"and \d+ more arrays are so"):
        mm.load_weights(network(), tmp_path / "w.safetensors")


# -- checksums --------------------------------------------------------------------------------------------------------


def test_equal_weights_make_equal_files(tmp_path):
    for i in range(20):
        mm.save_weights(network(1), tmp_path / f"{i}")
    assert len({(tmp_path / f"{i}").read_bytes() for i in range(20)}) == 1


def test_a_byte_altered_anywhere_is_noticed(tmp_path):
    path = tmp_path / "w.safetensors"
    mm.save_weights(nn.BatchNorm2d(3), path)
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    for place in range(start, len(content)):
        altered = bytearray(content)
        altered[place] ^= 1 << place % 8
        path.write_bytes(altered)
        with pytest.raises(ValueError, match=r"w\.safetensors is not as it was saved: \S+ was altered"):
            mm.load_weights(nn.BatchNorm2d(3), path)
    for place in range(start):  # the header: another key, another name, or no header any more
        altered = bytearray(content)
        altered[place] ^= 1 << place % 8
        path.write_bytes(altered)
        try:
            found = mm.load_weights(nn.BatchNorm2d(3), path)
        except (ValueError, RuntimeError):
            continue
        same(found.state_dict(), nn.BatchNorm2d(3).state_dict())


def test_other_metadata_say_nothing_about_the_arrays(tmp_path):
    model = network(1)
    for metadata in (None, {}, {"format": "pt"}, {"minimix": "no checkpoint"}, {"checksum": "0"}):
        save_file(copied(model.state_dict()), tmp_path / "w.safetensors", metadata=metadata)
        same(mm.load_weights(network(2), tmp_path / "w.safetensors").state_dict(), model.state_dict())


def test_metadata_that_outlive_their_arrays(tmp_path):
    """Another program has kept the metadata and changed the weights."""
    path = tmp_path / "w.safetensors"
    mm.save_weights(nn.Linear(3, 2), path)
    content = path.read_bytes()
    metadata = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    for key, text in (("minimix-checksums", metadata["minimix-checksums"]), ("minimix-checksums", "[" * 100_000)):
        save_file({"weight": np.zeros((2, 3), np.float32), "bias": np.zeros(2, np.float32)}, path, metadata={key: text})
        with pytest.raises(ValueError, match="not as it was saved.*save it without the metadata 'minimix-checksums'"):
            mm.load_weights(nn.Linear(3, 2), path)
