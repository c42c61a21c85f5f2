"""PyTorch's two layouts, from files that are written byte by byte: no PyTorch here."""

import re
import struct
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
from read_back import FLOATS, LAYOUTS, read_back, refused
from torch_files import KINDS, Call, Global, Raw, Stored, dumps_inside, legacy, ordered, storage, tensor, tensors, zipped


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_state_dict_comes_in_its_order(tmp_path, layout):
    arrays = {"z.weight": FLOATS[:6].reshape(2, 3), "a.bias": FLOATS[:2], "bn.running_var": np.float32([1e-45, 1])}
    made, contents = tensors(arrays)
    found = read_back(tmp_path, layout(ordered(made), contents))
    assert found.format == {zipped: "PyTorch (zip)", legacy: "PyTorch (before 1.6)"}[layout]
    assert list(found.entries) == list(arrays) and found.taken == found.prefix == ""
    for name, array in arrays.items():
        np.testing.assert_array_equal(found.entries[name], array, strict=True)
        assert not found.entries[name].flags.writeable


@pytest.mark.parametrize("code", KINDS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_dtypes(tmp_path, layout, code):
    array = np.array([[1, 2, 100], [0, 3, 7]], code)
    made, contents = tensors({"a": array})
    content = layout(made, contents) if layout is zipped else legacy(made, contents, array.itemsize)
    np.testing.assert_array_equal(read_back(tmp_path, content).entries["a"], array, strict=True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_bfloat16_becomes_float32(tmp_path, layout):
    raw = np.array([0x3F80, 0xC020, 0x4049, 0x0001], "<u2").tobytes()
    options = {} if layout is zipped else {"itemsizes": 2}
    content = layout({"a": tensor(storage("0", "BFloat16", 4), (2, 2))}, {"0": raw}, **options)
    expected = np.float32([[1, -2.5], [3.140625, 9.183549615799121e-41]])
    np.testing.assert_array_equal(read_back(tmp_path, content).entries["a"], expected, strict=True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_views_and_shared_storages(tmp_path, layout):
    """One storage, and several tensors that are parts of it: transposed, with steps, repeated, without numbers."""
    stored = storage("0", "Float", 24)
    views = {
        "all": tensor(stored, (4, 6)),
        "transposed": tensor(stored, (6, 4), (1, 6)),
        "steps": tensor(stored, (2, 3), (12, 2), 1),
        "repeated": tensor(stored, (3, 4), (0, 1), 20),
        "scalar": tensor(stored, (), (), 23),
        "none": tensor(stored, (0, 5), (5, 1), 24),
        "last": tensor(stored, (1,), (2**61,), 23),
    }
    found = read_back(tmp_path, layout(views, {"0": FLOATS.tobytes()})).entries
    table = FLOATS.reshape(4, 6)
    expected = {
        "all": table, "transposed": table.T, "steps": table[::2, 1::2], "repeated": np.tile(FLOATS[20:], (3, 1)),
        "scalar": np.float32(23), "none": np.zeros((0, 5), "f4"), "last": FLOATS[23:],
    }  # fmt: skip
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].shape == array.shape
    assert np.shares_memory(found["all"], found["transposed"])


def test_big_endian(tmp_path):
    content = zipped({"a": tensor(storage("0", "Float", 3), (3,))}, {"0": FLOATS[:3].astype(">f4").tobytes()}, order=b"big")
    np.testing.assert_array_equal(read_back(tmp_path, content).entries["a"], FLOATS[:3], strict=True)
    refused(tmp_path, zipped({}, {}, order=b"middle"), "says that its numbers are .*middle.*, expected little- or big-endian")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("root, order", [("archive/", b"little"), ("net/", None), ("a/b/", b"little")])
def test_archives_that_were_packed_again(tmp_path, compression, root, order):
    made, contents = tensors({"a": FLOATS})
    content = zipped(made, contents, order, compression, root, extra=[("__MACOSX/archive/data.pkl/x", b"")])
    np.testing.assert_array_equal(read_back(tmp_path, content).entries["a"], FLOATS)
    bzip2 = zipped(made, contents, order, zipfile.ZIP_BZIP2, root)
    refused(tmp_path, bzip2, "is compressed by bzip2, expected none or deflate")


def test_an_archive_without_checksums(tmp_path):
    """torch.serialization.set_crc32_options(False) leaves zeros in the place of all of them."""
    made, contents = tensors({"a": FLOATS})
    content = bytearray(zipped(made, contents))
    place = content.find(b"PK\1\2")
    while place >= 0:
        content[place + 16 : place + 20] = bytes(4)
        one, place = place, content.find(b"PK\1\2", place + 1)
    np.testing.assert_array_equal(read_back(tmp_path, content).entries["a"], FLOATS)
    content[one + 16] = 1  # one of them is there, so all should be
    refused(tmp_path, content, "in it does not have its checksum: damaged")


# -- what pickles say otherwise ------------------------------------------------------------------------------------------------


def test_python_2(tmp_path):
    """Strings are 8-bit strings, and an OrderedDict is made of a list of pairs."""
    made, contents = tensors({"a": FLOATS, "b": FLOATS[:3]})
    pairs = [Raw(b"](" + _python_2(name) + _python_2(made[name]) + b"e") for name in made]
    found = read_back(tmp_path, legacy(Call("collections OrderedDict", pairs), contents))
    assert list(found.entries) == ["a", "b"]
    np.testing.assert_array_equal(found.entries["b"], FLOATS[:3])


def _python_2(value) -> bytes:
    return re.sub(rb"X(.)\0\0\0", rb"U\1", dumps_inside(value), flags=re.S)


def test_views_of_storages_as_in_pytorch_0_1(tmp_path):
    stored = storage("7", "Float", 24, ("8", 4, 12))
    content = legacy(
        {"a": tensor(stored, (3,), function="torch._utils _rebuild_tensor", more=(), offset=2)}, {"7": FLOATS.tobytes()}
    )
    np.testing.assert_array_equal(read_back(tmp_path, content).entries["a"], FLOATS[6:9])
    beyond = storage("7", "Float", 24, ("8", 14, 12))
    refused(tmp_path, legacy({"a": tensor(beyond, (3,))}, {"7": FLOATS.tobytes()}), "a view beyond the end of the storage 7")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_parameters_and_tensors_with_attributes(tmp_path, layout):
    plain = tensor(storage("0", "Float", 24), (24,))
    hooks = Call("collections OrderedDict")
    value = {
        "parameter": Call("torch._utils _rebuild_parameter", plain, True, hooks),
        "state": Call("torch._utils _rebuild_parameter_with_state", plain, True, hooks, {"tag": 1}),
        "type": Call(
            "torch._tensor _rebuild_from_type_v2",
            Global("torch._utils _rebuild_tensor_v2"),
            Global("torch.nn.parameter Parameter"),
            plain.args,
            {"tag": Call("torch Size", (2, 3))},
        ),
        "cuda": tensor(Stored("storage", Global("torch.cuda FloatStorage"), "0", "cuda:0", 24), (24,)),
    }
    found = read_back(tmp_path, layout(value, {"0": FLOATS.tobytes()})).entries
    assert list(found) == list(value)
    for array in found.values():
        np.testing.assert_array_equal(array, FLOATS)


def test_untyped_storages_conjugates_and_negatives(tmp_path):
    hooks = (False, Call("collections OrderedDict"))
    stored = Stored("storage", Global("torch.storage UntypedStorage"), "0", "cpu", 96)
    numbers = np.arange(12).astype("c8") * (1 + 2j)
    value = {
        "u4": tensor(stored, (24,), function="torch._utils _rebuild_tensor_v3", more=(*hooks, Global("torch uint32"))),
        "conjugate": tensor(storage("1", "ComplexFloat", 12), (12,), more=(*hooks, {"conj": True})),
        "negative": tensor(storage("2", "Float", 24), (3,), offset=4, more=(*hooks, {"neg": True})),
    }
    found = read_back(tmp_path, zipped(value, {"0": FLOATS.tobytes(), "1": numbers.tobytes(), "2": FLOATS.tobytes()})).entries
    np.testing.assert_array_equal(found["u4"], FLOATS.view("u4"), strict=True)
    np.testing.assert_array_equal(found["conjugate"], numbers.conj(), strict=True)
    np.testing.assert_array_equal(found["negative"], -FLOATS[4:7], strict=True)


def test_numbers_options_and_arrays_beside_weights(tmp_path):
    """What checkpoints hold besides, of kinds that are made without code."""
    made, contents = tensors({"a": FLOATS})
    value = {
        "state_dict": ordered(made),
        "args": Call("argparse Namespace", opcode=b"\x81", state={"lr": 0.1, "path": "runs"}),
        "old": Call(
            "copy_reg _reconstructor", Global("argparse Namespace"), Global("__builtin__ object"), None, state={"lr": 1}
        ),
        "seen": Call("__builtin__ set", [1, 2]),
        "by class": Call("collections defaultdict", Global("__builtin__ list")),
        "complex": Call("__builtin__ complex", 1.0, 2.0),
        "device": Call("torch device", "cuda:0"),
        "folder": Call("pathlib PosixPath", "/", "runs"),
        "when": Call("datetime datetime", "x"),
        "dtype": Global("torch float32"),
        "best": Call("numpy.core.multiarray scalar", Raw(_dtype(b"f8")), Raw(b"U\x08" + struct.pack("<d", 71.5))),
        "optimizer": {"state": {0: {"step": 3, "exp_avg": made["a"]}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
    }
    found = read_back(tmp_path, zipped(value, contents))
    assert list(found.entries) == ["a"] and found.taken == '["state_dict"]'
    np.testing.assert_array_equal(found.entries["a"], FLOATS)


def _dtype(code: bytes) -> bytes:
    return b"cnumpy\ndtype\n(U\x02" + code + b"K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"


def test_a_plain_pickle_of_arrays(tmp_path):
    """As Detectron's and Paddle's model zoos are."""
    import pickle

    for protocol in range(6):
        content = pickle.dumps(OrderedDict(model={"a": FLOATS.reshape(4, 6), "n": 3}, author="x"), protocol)
        if protocol < 2:
            refused(tmp_path, content, "is no whole file of a format that is read")
            continue
        found = read_back(tmp_path, content, "w.pkl")
        assert found.format == "pickle" and found.taken == '["model"]'
        np.testing.assert_array_equal(found.entries["a"], FLOATS.reshape(4, 6), strict=True)
        np.testing.assert_array_equal(found.entries["n"], 3)
