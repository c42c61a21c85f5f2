"""Keras' files, in its three layouts, and files of HDF5 that no Keras has written."""

import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from minimix.weights.reading import ReadError, hdf5, read

h5py = pytest.importorskip("h5py")

ARRAYS = {
    "stem/stem/kernel:0": np.arange(54, dtype="f4").reshape(3, 3, 3, 2),
    "norm/norm/gamma:0": np.float32([1, 2]),
    "norm/norm/beta:0": np.float32([1e-45, 2]),
    "dense/dense/kernel:0": np.arange(4, dtype="f2").reshape(2, 2),
}


def same(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def keras_2(path, arrays=ARRAYS, group="model_weights", split=False, **options):
    """As ``model.save`` of Keras 2, and without a group as its ``save_weights``. split: a list of names in two attributes."""
    with h5py.File(path, "w") as file:
        root = file.create_group(group) if group else file
        layers = ["input", *dict.fromkeys(name.partition("/")[0] for name in arrays)]
        names = np.array([layer.encode() for layer in layers])
        if split:
            root.attrs["layer_names0"], root.attrs["layer_names1"] = names[:2], names[2:]
        else:
            root.attrs["layer_names"] = names
        root.attrs["keras_version"], root.attrs["backend"] = "2.4.0", b"tensorflow"
        for layer in layers:
            weights = [name.partition("/")[2] for name in arrays if name.startswith(f"{layer}/")]
            root.create_group(layer).attrs["weight_names"] = np.array([name.encode() for name in weights], "S64")
            for name in weights:
                root[layer].create_dataset(name, data=arrays[f"{layer}/{name}"], **options)
        if group:
            file.attrs["model_config"] = json.dumps({"class_name": "Model"})
            file.create_group("optimizer_weights").create_dataset("iterations", data=3)


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("group", ["model_weights", ""])
def test_keras_2(tmp_path, group, split):
    """The order is that of the attributes, not of the alphabet."""
    keras_2(tmp_path / "w.h5", group=group, split=split)
    found = read(tmp_path / "w.h5")
    same(found.entries, ARRAYS)
    assert found.format == "Keras (HDF5)" and found.taken == ('["model_weights"]' if group else "")
    assert found.about["keras_version"] == "2.4.0" and found.about["backend"] == "tensorflow"
    assert not group or json.loads(found.about["model_config"])["class_name"] == "Model"


@pytest.mark.parametrize("options", [{"compression": "gzip"}, {"compression": "lzf"}, {"chunks": True, "fletcher32": True}])
def test_compressed(tmp_path, options):
    keras_2(tmp_path / "w.hdf5", **options)
    same(read(tmp_path / "w.hdf5").entries, ARRAYS)


def keras_3(file):
    """As Keras 3's ``save_weights``: layers by class and number, and among them another model."""
    with h5py.File(file, "w") as made:
        for number, (place, name) in enumerate({"conv2d": "stem", "dense_10": "last", "dense_2": "first"}.items()):
            group = made.create_group(f"layers/{place}/vars")
            group.attrs["name"] = name
            group.create_dataset("0", data=np.full((2, 2), number, "f4"))
        for number in range(12):
            made.create_dataset(f"layers/functional/layers/depthwise_conv2d/vars/{number}", data=np.float32(number))
        made.create_dataset("optimizer/vars/0", data=3)
        made.create_group("layers/functional/vars")


def check_keras_3(found):
    numbers = [f"layers/functional/layers/depthwise_conv2d/vars/{number}" for number in range(12)]
    assert list(found.entries) == ["layers/conv2d/vars/0", "layers/dense_2/vars/0", "layers/dense_10/vars/0", *numbers]
    assert found.entries[numbers[11]] == 11 and found.entries["layers/dense_2/vars/0"].tolist() == [[2, 2], [2, 2]]
    assert found.taken == 'all but ["optimizer"]'
    assert json.loads(found.about["layers"]) == {"layers/conv2d": "stem", "layers/dense_2": "first", "layers/dense_10": "last"}


def test_keras_3(tmp_path):
    keras_3(tmp_path / "w.weights.h5")
    check_keras_3(read(tmp_path / "w.weights.h5"))
    inner = io.BytesIO()
    keras_3(inner)
    with zipfile.ZipFile(tmp_path / "w.keras", "w") as archive:
        archive.writestr("config.json", '{"class_name": "Functional"}')
        archive.writestr("model.weights.h5", inner.getvalue())
    found = read(tmp_path / "w.keras")
    check_keras_3(found)
    assert json.loads(found.about["model_config"])["class_name"] == "Functional"


def external(file):
    file["w"] = h5py.ExternalLink("/etc/passwd", "/")


def outside(file):
    file.create_dataset("w", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def virtual(file):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "w", (4,))
    file.create_virtual_dataset("w", layout)


def soft(file):
    file["w"] = h5py.SoftLink("/w")


def circle(file):
    file.create_group("a/b")
    file["a/b/c"] = file["a"]


def huge(file):
    file.create_dataset("w", (2**60,), "f4", chunks=(2**20,))


def huge_chunk(file):
    file.create_dataset("w", (1,), "f4", maxshape=(None,), chunks=(2**29,))


def unwritten(file):
    file.create_dataset("w", (4,), "f4", chunks=(4,))


def bomb(file):
    file.create_dataset("w", data=np.zeros(2**24, "f4"), compression="gzip")


def text(file):
    file["w"] = "text"


def objects(file):
    file.create_dataset("w", (2,), h5py.vlen_dtype("f4"))


def unlisted(file):
    file.attrs["layer_names"] = np.array([b"a"])
    file.create_group("a").attrs["weight_names"] = np.array([b"kernel:0"])
    file["a/bias:0"] = np.zeros(3)


def filtered(file):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((4,))
    plist.set_filter(h5py.h5z.FILTER_SCALEOFFSET, 0, (2, 0))
    h5py.h5d.create(file.id, b"w", h5py.h5t.STD_I32LE, h5py.h5s.create_simple((4,)), plist)


@pytest.mark.parametrize(
    "make, reason",
    [
        (external, ": w is a link to somewhere else, which is not followed"),
        (outside, ": w has its numbers in another file, which is not opened"),
        (virtual, ": w has its numbers in another file"),
        (soft, ": w is a link to somewhere else"),
        (circle, ": a/b/c is in two places"),
        (huge, ": w would take 4,611,686,018,427,387,904 bytes, too many for the size of the file"),
        (huge_chunk, ": w would take 2,147,483,648 bytes, too many"),
        (unwritten, ": w has no numbers: they were never written"),
        (bomb, ": w would take 67,108,864 bytes, too many"),
        (text, ": w holds object, expected numbers"),
        (objects, ": w holds object, expected numbers"),
        (unlisted, ": its list of weights and its weights do not agree about a/bias:0"),
        (filtered, ": w is compressed by HDF5's filter 6, expected none, gzip or lzf"),
        (lambda file: None, " holds no arrays"),
    ],
)
def test_files_that_no_keras_has_written(tmp_path, make, reason):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        make(file)
    with pytest.raises(ReadError) as caught:
        read(tmp_path / "w.h5")
    assert str(caught.value).startswith(f"{tmp_path / 'w.h5'}{reason}")


def test_damaged(tmp_path):
    """Damage where the library finds its way, in a process each: a seventh of a second."""
    keras_2(tmp_path / "w.h5")
    content = (tmp_path / "w.h5").read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(8):
        damaged = bytearray(content)
        damaged[int(rng.integers(8, len(content)))] ^= 1 << int(rng.integers(8))
        (tmp_path / "w.h5").write_bytes(damaged[: int(rng.choice([len(content), len(content), 0.9 * len(content)]))])
        try:
            read(tmp_path / "w.h5")
        except ReadError as error:
            assert str(error).startswith(str(tmp_path / "w.h5"))


PROCESSES = {  # a process that does something else than reading
    "circle": ("while True: pass", "reading it does not end|does not come to an end"),
    "crash": ("import os; os.abort()", "does not come to an end with it"),
    "silent": ("", "does not come to an end with it"),
}


@pytest.mark.parametrize("what", PROCESSES)
def test_the_library_does_not_come_back(tmp_path, monkeypatch, what):
    code, reason = PROCESSES[what]
    (tmp_path / "process.py").write_text(code)
    monkeypatch.setattr(hdf5, "_PROCESS", tmp_path / "process.py")
    monkeypatch.setattr(hdf5, "SECONDS", 1)
    keras_2(tmp_path / "w.h5")
    with pytest.raises(ReadError, match=f"w.h5 is no whole HDF5 file .*({reason}).*: damaged"):
        read(tmp_path / "w.h5")


def test_without_h5py(tmp_path, monkeypatch):
    keras_2(tmp_path / "w.h5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    monkeypatch.setattr(hdf5.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install h5py"):
        read(tmp_path / "w.h5")
    monkeypatch.undo()
    (tmp_path / "process.py").write_text("import h5pie")
    monkeypatch.setattr(hdf5, "_PROCESS", tmp_path / "process.py")
    with pytest.raises(ImportError, match="h5py, which does not work here.*h5pie"):
        read(tmp_path / "w.h5")


def test_reading_imports_no_h5py_here():
    code = "import sys, minimix.weights.reading; sys.exit('h5py' in sys.modules or 'safetensors' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
