"""Formats besides PyTorch's, and files that are none."""

import io
import json
import os
import struct
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save

import minimix as mm
from minimix import nn
from minimix.weights.reading import ReadError, read

ARRAYS = {"b.weight": np.arange(6, dtype="f4").reshape(2, 3), "a.bias": np.arange(2, dtype="f2"), "n": np.array(3)}


def same(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def refused(path, content, match):
    path.write_bytes(content)
    with pytest.raises(ReadError, match=match) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))


# -- .npz ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_npz(tmp_path, write):
    write(tmp_path / "w.npz", **ARRAYS)
    found = read(str(tmp_path / "w.npz"))
    same(found.entries, ARRAYS)
    assert found.format == "NumPy (.npz)" and found.taken == "" and found.path == tmp_path / "w.npz"


def test_npz_of_other_kinds(tmp_path):
    """Fortran's order, the other order of bytes, no numbers, numbers instead of names, wrappers."""
    arrays = {
        "module.f": np.asfortranarray(ARRAYS["b.weight"]), "module.big": np.arange(3, dtype=">f8"),
        "module.none": np.zeros((0, 4)), "module.c": np.array([1 + 2j]), "module.yes": np.array([True]),
    }  # fmt: skip
    np.savez(tmp_path / "w.npz", **arrays)
    found = read(tmp_path / "w.npz")
    assert found.prefix == "module." and found.taken == 'names without "module."'
    same(found.entries, {name.removeprefix("module."): a.astype(a.dtype.newbyteorder("=")) for name, a in arrays.items()})
    np.savez(tmp_path / "w.npz", *ARRAYS.values())
    assert list(read(tmp_path / "w.npz").entries) == ["arr_0", "arr_1", "arr_2"]


def test_npz_with_numbers_and_names(tmp_path):
    """As efficientnet-jax and objax write it."""
    numbered = {str(i): array for i, array in enumerate(ARRAYS.values())}
    path = tmp_path / "w.npz"
    np.savez(path, names=np.array(list(ARRAYS)), types=["Conv2d", "", ""], **numbered)
    same(read(path).entries, ARRAYS)
    np.savez(path, **dict(reversed(numbered.items())), names=np.array([name.encode() for name in ARRAYS]))
    same(read(path).entries, ARRAYS)
    for names, more, reason in [
        (["a", "b", "c", "d"], {}, "it names 4 arrays, but has no numbers under '3'"),
        (["a", "b"], {}, "it names 2 arrays, but there are others, too: 2"),
        (["a", "a", "c"], {}, "a is twice in it"),
        (["a", "b", "c"], {"x": np.zeros(3)}, "but there are others, too: x"),
    ]:
        np.savez(path, names=np.array(names), **numbered, **more)
        refused(path, path.read_bytes(), reason)


def test_npz_with_names_of_classes(tmp_path):
    np.savez(tmp_path / "w.npz", **ARRAYS, names=np.array(["cat", "dog"]))
    found = read(tmp_path / "w.npz")
    same(found.entries, ARRAYS)
    assert found.taken == "without names, which is text"


def test_npz_that_holds_no_numbers(tmp_path):
    path = tmp_path / "w.npz"
    for arrays, reason in [
        ({"a": np.array([{}], object)}, "a.npy in it holds Python objects, which are never read"),
        ({"a": np.zeros(2, "i4,O")}, "a.npy in it holds Python objects"),
        ({"a": np.zeros(2, "i4,f8")}, "a.npy in it holds .*, expected numbers"),
        ({"a": np.array(["x"])}, "holds no arrays"),
        ({"a": np.array(["2020-01-01"], "M8[D]")}, "expected numbers"),
        ({}, "in it: nothing"),
    ]:
        np.savez(path, **arrays)
        refused(path, path.read_bytes(), reason)


def npy(header: str, content=b"", version=b"\1\0") -> bytes:
    text = header.encode()
    return b"\x93NUMPY" + version + struct.pack("<H" if version == b"\1\0" else "<L", len(text)) + text + content


def floats(shape: str, content=b"") -> bytes:
    return npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}\n", content)


def archive(**members) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "."), content)
    return file.getvalue()


@pytest.mark.parametrize(
    "member, reason",
    [
        (
            floats("(2,)", bytes(4)),
            "has 4 bytes of content, not those of float32",
        ),
        (floats(f"({2**60},)", bytes(4)), "has 4 bytes of content"),
        (floats("(-1,)", bytes(4)), "damaged"),
        (floats(f"(0, {2**62}, {2**62})"), "damaged"),
        (
            floats("(" * 500 + ")" * 500),
            "is no .npy file of numbers",
        ),
        (npy("{'descr': '<f4'}\n"), "is no .npy file of numbers"),
        (npy("__import__('os').system('ls')\n"), "is no .npy file of numbers"),
        (npy("{}", version=b"\3\0"), "is no .npy file of numbers"),
        (b"", "is no .npy file of numbers"),
        (b"\x93NUMPY\1\0\xff\xff", "is no .npy file of numbers"),
    ],
)
def test_npy_that_is_none(tmp_path, member, reason):
    refused(tmp_path / "w.npz", archive(a__npy=member), f"a.npy in it .*{reason}|a.npy in it {reason}")


def test_zip_bombs(tmp_path):
    zeros = floats(f"({2**24},)", bytes(2**26))
    refused(tmp_path / "w.npz", archive(a__npy=zeros), r"a.npy, unpacked, would take [\d,]+ bytes, too many for a file of")
    many = archive(**{f"a{i}__npy": zeros[: 2**21] for i in range(40)})  # each alone would do
    refused(tmp_path / "w.npz", many, "too many for a file of|bytes of content")


def test_archives_of_other_things(tmp_path):
    path = tmp_path / "w.zip"
    refused(
        path,
        archive(net__pth=b"x", readme__txt=b"y"),
        "is a zip archive without weights that are read; in it: net.pth, readme.txt",
    )
    content = archive(**{f"a{i}__npy": floats("()", bytes(4)) for i in range(3)})
    place = content.find(b"PK\1\2")
    hidden = bytearray(content)  # a comment that is as long as the rest: Python's zipfile lists one member, without a word
    struct.pack_into("<H", hidden, place + 32, content.rfind(b"PK\5\6") - place - 46 - len("a0.npy"))
    assert len(zipfile.ZipFile(io.BytesIO(hidden)).namelist()) == 1
    refused(path, hidden, "its table of contents has gaps")
    renamed = content.replace(b"a1.npy", b"b1.npy", 1)
    refused(path, renamed, "a1.npy has another name at its place")
    refused(path, content.replace(b"a1.npy", b"a0.npy"), "a0.npy is twice in it")
    encrypted = bytearray(content)
    encrypted[place + 8] |= 1
    refused(path, encrypted, "a0.npy in it is encrypted")


# -- safetensors ---------------------------------------------------------------------------------------------------------------


def test_safetensors(tmp_path):
    path = tmp_path / "w.bin"  # the content decides
    path.write_bytes(save(ARRAYS, metadata={"format": "np", "licence": "MIT"}))
    found = read(path)
    same(found.entries, dict(sorted(ARRAYS.items())))
    assert found.format == "safetensors" and found.about == {"format": "np", "licence": "MIT"}


def test_safetensors_with_wrapped_names(tmp_path):
    """Names of minimix' own files are what they are; nobody else's network is called module."""
    path = tmp_path / "w.safetensors"
    path.write_bytes(save({f"module.{name}": array for name, array in ARRAYS.items()}))
    assert read(path).prefix == "module." and list(read(path).entries) == sorted(ARRAYS)
    wrapper = nn.Sequential()
    wrapper.add_module("module", nn.Linear(3, 2))
    mm.save_weights(wrapper, path)
    assert list(read(path).entries) == ["module.bias", "module.weight"] and read(path).prefix == ""
    path.write_bytes(path.read_bytes()[:-1] + b"\7")
    refused(path, path.read_bytes(), "is not as it was saved: module.weight was altered")


def test_safetensors_of_other_dtypes(tmp_path):
    path = tmp_path / "w.safetensors"
    for dtype, reason in [("F8_E4M3", "w is F8_E4M3, expected one of F64, F32"), ("XX", "is no whole safetensors file")]:
        header = json.dumps({"w": {"dtype": dtype, "shape": [2], "data_offsets": [0, 2]}}).encode()
        refused(path, len(header).to_bytes(8, "little") + header + b"\0\0", reason)
    header = json.dumps({"w": {"dtype": "F32", "shape": [2**60], "data_offsets": [0, 2**62]}}).encode()
    refused(path, len(header).to_bytes(8, "little") + header + b"\0\0", "is no whole safetensors file")
    header = json.dumps({"w": {"dtype": "F32", "shape": [0, 2**62, 4], "data_offsets": [0, 0]}}).encode()
    refused(path, len(header).to_bytes(8, "little") + header, "w.safetensors")
    save_none = save({"none": np.zeros((0, 3), "f4")})
    path.write_bytes(save_none)
    assert read(path).entries["none"].shape == (0, 3)
    refused(path, (2**60).to_bytes(8, "little") + b"{}", "is no whole safetensors file")


# -- files that are not read ---------------------------------------------------------------------------------------------------

OTHERS = {
    "empty.pth": (b"", "is empty"),
    "graph.pb": (b"\n\x5a\n\x25MobilenetV1", "is a TensorFlow graph, .*np.savez"),
    "graph.bin": (b"\n\x1a\n\x05input\x12\x05Const", "is a TensorFlow graph"),
    "net.onnx": (b"\x08\x07\x12\x07pytorch", "is an ONNX graph.*onnx.numpy_helper.to_array"),
    "net": (b"\x08\x07\x12\x0ctf2onnx....", "is an ONNX graph"),
    "net.tflite": (b"\x1c\0\0\0TFL3", "is a TensorFlow Lite program"),
    "net.bin": (b"\x1c\0\0\0TFL3", "is a TensorFlow Lite program"),
    "model.ckpt-1.index": (b"\0\0", "is part of a TensorFlow checkpoint.*tf.train.load_checkpoint"),
    "model.ckpt-1.data-00000-of-00001": (b"\0\0", "is part of a TensorFlow checkpoint"),
    "model.ckpt-1.meta": (b"\n\0", "is part of a TensorFlow checkpoint"),
    "mixnet.ckpt": (b"\n\x4f\n\x0aconv.weigh", "MindSpore.*load_checkpoint"),
    "one.npy": (b"\x93NUMPY\1\0", "is one array, a .npy file, expected several"),
    "w.params": (b"\x12\x01\0\0\0\0\0\0", "MXNet"),
    "w.gguf": (b"GGUF\3", "is a GGUF file"),
    "w.pth.gz": (b"\x1f\x8b\x08", "is compressed by gzip: unpack it"),
    "w.pth.tar": (b"w.pth" + bytes(252) + b"ustar", "is a tar archive: unpack it"),
    "w.pth": (b"<!DOCTYPE html><html>", "is a page of the web"),
    "v.pth": (b"\n <html>", "is a page of the web"),
    "lfs.pth": (b"version https://git-lfs.github.com/spec/v1\noid", "is only a pointer to the file, of Git LFS"),
    "labels.json": (b'{"a": 1}', "is text"),
    "w.h5": (b"\x89HDX", "is no whole file of a format that is read: expected safetensors, .npz, PyTorch's .pth"),
    "x.pt": (b"\xff" * 300, "is no whole file of a format that is read"),
    "x.safetensors": (b"weights", "is no whole safetensors file"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_refused_with_what_to_do(tmp_path, name):
    content, reason = OTHERS[name]
    refused(tmp_path / name, content, reason)


def test_folders_and_devices(tmp_path):
    for name, reason in [
        ("saved_model.pb", "is a TensorFlow SavedModel"),
        ("checkpoint", "is the folder of a TensorFlow checkpoint"),
        ("net.pth", "is a folder, expected a file of weights"),
    ]:
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).touch()
        with pytest.raises(ReadError, match=reason):
            read(folder)
    with pytest.raises(FileNotFoundError, match="there is no file .*gone.pth"):
        read(tmp_path / "gone.pth")
    if os.path.exists("/dev/zero"):
        with pytest.raises(ReadError, match="is a device or a pipe"):
            read("/dev/zero")
