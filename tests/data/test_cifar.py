import pickle
import re

import cifar_files
import numpy as np
import pytest

from minimix import data
from minimix.data import DataError, cifar, official

BY_FOLDER = {layout.folder: layout for layout in official.LAYOUTS}
FOLDERS = list(BY_FOLDER)


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The small files count as official; a function that writes a fresh copy of one folder."""
    layouts = {layout.folder: layout for layout in cifar_files.make_official(monkeypatch, tmp_path)}

    def fresh(folder):
        layout = layouts[folder]
        return layout, cifar_files.write(tmp_path / "mine", layout)

    return fresh


def named(path, *words):
    """A pattern: the message begins with the file's path and says this."""
    return re.escape(str(path)) + "".join(f"(?s:.*){word}" for word in words)


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("split", ["train", "test"])
def test_reads_both_versions_from_the_folder_and_from_its_parent(small, folder, split):
    layout, path = small(folder)
    images, labels = cifar_files.expected(layout.name, split)
    for root in (path, path.parent, str(path)):
        found = cifar.load(layout.name, root, split)
        np.testing.assert_array_equal(found.images, images)
        np.testing.assert_array_equal(found.labels, labels)
        assert found.classes == official.CLASSES[layout.name][0] and found.name == layout.name
        assert (found.mean, found.std) == official.STATISTICS[layout.name]


@pytest.mark.parametrize("folder", ["cifar-100-binary", "cifar-100-python"])
def test_coarse_labels(small, folder):
    _, path = small(folder)
    found = cifar.load("cifar100", path, "train", coarse=True)
    np.testing.assert_array_equal(found.labels, cifar_files.expected("cifar100", "train", coarse=True)[1])
    assert len(found.classes) == 20 and found.classes[-1] == "vehicles_2"


@pytest.mark.parametrize("protocol", range(6))
def test_every_pickle_protocol(tmp_path, protocol):
    layout = BY_FOLDER["cifar-10-batches-py"]
    path = cifar_files.write(tmp_path, layout, protocol)
    found = cifar.load("cifar10", path, "train", verify=False)
    np.testing.assert_array_equal(found.images, cifar_files.expected("cifar10", "train")[0])


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_small_set_of_ones_own_needs_verify_false(tmp_path, folder):
    layout = BY_FOLDER[folder]
    path = cifar_files.write(tmp_path, layout)
    assert len(cifar.load(layout.name, path, "test", verify=False)) == cifar_files.ROWS[layout.name]
    with pytest.raises(DataError, match=named(path / next(iter(layout.files["test"])), "verify=False")):
        cifar.load(layout.name, path, "test")


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("verify", [True, False])
def test_truncated(small, folder, verify):
    layout, path = small(folder)
    file = path / list(layout.files["train"])[-1]
    content = file.read_bytes()
    for length in (0, 1, len(content) // 2 + 1, len(content) - 1):
        file.write_bytes(content[:length])
        with pytest.raises(DataError, match=named(file, "truncated")):
            cifar.load(layout.name, path, "train", verify=verify)
    cifar.load(layout.name, path, "test")  # the other files are good


@pytest.mark.parametrize("folder", FOLDERS)
def test_altered_by_one_bit(small, folder):
    layout, path = small(folder)
    file = path / list(layout.files["train"])[-1]
    content = bytearray(file.read_bytes())
    if layout.binary:
        content[-50] ^= 1
    else:
        batch = pickle.loads(content)
        batch[b"data"][2, 1000] ^= 1
        content = pickle.dumps(batch, 2)
    file.write_bytes(content)
    with pytest.raises(DataError, match=named(file, "altered")):
        cifar.load(layout.name, path, "train")
    cifar.load(layout.name, path, "train", verify=False)


@pytest.mark.parametrize("folder", FOLDERS)
def test_one_label_changed_to_another_good_one(small, folder):
    layout, path = small(folder)
    file = path / next(iter(layout.files["test"]))
    if layout.binary:
        content = bytearray(file.read_bytes())
        content[layout.label_bytes - 1] = (content[layout.label_bytes - 1] + 1) % 10
        file.write_bytes(content)
    else:
        batch = pickle.loads(file.read_bytes())
        batch[layout.keys[-1].encode()][0] = (batch[layout.keys[-1].encode()][0] + 1) % 10
        file.write_bytes(pickle.dumps(batch, 2))
    with pytest.raises(DataError, match=named(file, "altered")):
        cifar.load(layout.name, path, "test")


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("verify", [True, False])
def test_label_out_of_range(small, folder, verify):
    layout, path = small(folder)
    file = path / next(iter(layout.files["train"]))
    labels = len(official.CLASSES[layout.name][0])
    if layout.binary:
        content = bytearray(file.read_bytes())
        content[layout.label_bytes + 3072 + layout.label_bytes - 1] = labels
        file.write_bytes(content)
    else:
        batch = pickle.loads(file.read_bytes())
        batch[layout.keys[-1].encode()][1] = labels
        file.write_bytes(pickle.dumps(batch, 2))
    with pytest.raises(DataError, match=named(file, "mislabelled: record 1 has label", f"0 to {labels - 1}")):
        cifar.load(layout.name, path, "train", verify=verify)


def test_coarse_label_out_of_range(small):
    _, path = small("cifar-100-binary")
    content = bytearray((path / "train.bin").read_bytes())
    content[0] = 20
    (path / "train.bin").write_bytes(content)
    with pytest.raises(DataError, match=named(path / "train.bin", "label 20 in 'coarse_labels'", "0 to 19")):
        cifar.load("cifar100", path, "train", verify=False)


@pytest.mark.parametrize("folder", ["cifar-10-batches-bin", "cifar-10-batches-py"])
def test_files_mixed_up(small, folder):
    layout, path = small(folder)
    one, other = list(layout.files["train"])[1:3]
    (path / one).write_bytes((path / other).read_bytes())
    with pytest.raises(DataError, match=named(path / one, f"belongs in {other}")):
        cifar.load("cifar10", path, "train")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({b"labels": [1, 2, 3]}, "mislabelled: 3 labels for 4 images"),
        ({b"labels": [1, 2, 3, 2**70]}, "mislabelled: record 3 has label 255"),
        ({b"labels": [1, 2, 3, -5]}, "mislabelled: record 3 has label -1"),
        ({b"labels": [1, 2, 3, 4.0]}, "whole numbers"),
        ({b"labels": [1, 2, 3, True]}, "whole numbers"),
        ({b"labels": None}, "whole numbers"),
        ({b"data": np.zeros((4, 3071), np.uint8)}, r"uint8 \(N, 3072\), not uint8 \(4, 3071\)"),
        ({b"data": np.zeros((4, 3072))}, "not float64"),
        ({b"data": [1]}, "not list"),
        ({b"data": np.zeros((0, 3072), np.uint8), b"labels": []}, "."),
    ],
)
def test_a_dict_that_is_wrong(small, change, message):
    _, path = small("cifar-10-batches-py")
    batch = pickle.loads((path / "test_batch").read_bytes())
    (path / "test_batch").write_bytes(pickle.dumps({**batch, **change}, 2))
    with pytest.raises(DataError, match=named(path / "test_batch", message)):
        cifar.load("cifar10", path, "test", verify=False)


@pytest.mark.parametrize("folder", FOLDERS)
def test_class_names(small, folder):
    layout, path = small(folder)
    file = path / layout.names[0]
    swap = lambda text: text.replace(b"ship", b"boat").replace(b"poppy", b"puppy")  # noqa: E731
    content = file.read_bytes()
    file.write_bytes(swap(content) if b"ship" in content or b"poppy" in content else content)
    with pytest.raises(DataError, match=named(file, "mislabelled: class")):
        cifar.load(layout.name, path, "test")
    classes = cifar.load(layout.name, path, "test", verify=False).classes
    assert "boat" in classes or "puppy" in classes
    file.unlink()
    assert cifar.load(layout.name, path, "test").classes == official.CLASSES[layout.name][0]


@pytest.mark.parametrize("text", ["", "a\nb\n", "\n".join("abcdefghii")])
def test_too_few_class_names(small, text):
    _, path = small("cifar-10-batches-bin")
    (path / "batches.meta.txt").write_text(text)
    with pytest.raises(DataError, match=named(path / "batches.meta.txt", "there are 10 classes")):
        cifar.load("cifar10", path, "test", verify=False)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_missing_file_is_named(small, folder):
    layout, path = small(folder)
    file = path / next(iter(layout.files["train"]))
    file.unlink()
    with pytest.raises(FileNotFoundError, match=named(file, "is missing")):
        cifar.load(layout.name, path.parent, "train")
    cifar.load(layout.name, path.parent, "test")


def test_a_complete_version_goes_before_an_incomplete_one(small):
    _, binary = small("cifar-10-batches-bin")
    small("cifar-10-batches-py")
    assert cifar.locate("cifar10", binary.parent)[0] == binary
    (binary / "data_batch_2.bin").unlink()
    assert cifar.locate("cifar10", binary.parent)[0].name == "cifar-10-batches-py"


def test_files_called_train_make_no_cifar100(tmp_path):
    for name in ("train", "other"):
        (tmp_path / name).write_text("something")
    assert cifar.locate("cifar100", tmp_path) is None
    assert cifar.locate("cifar100", tmp_path / "nowhere") is None


def test_arguments_are_checked(tmp_path):
    for arguments, message in [
        (("cifar11", tmp_path), "cifar11"),
        (("cifar10", tmp_path, "dev"), "dev"),
        (("cifar10", tmp_path, "train", True, True), "coarse"),
    ]:
        with pytest.raises(ValueError, match=message):
            cifar.load(*arguments)
    with pytest.raises(FileNotFoundError, match="cifar-10-batches-bin or cifar-10-batches-py"):
        cifar.load("cifar10", tmp_path)


def test_official_tables():
    fine, coarse = official.CLASSES["cifar100"]
    assert len(set(fine)) == 100 and len(set(coarse)) == 20 and list(fine) == sorted(fine)
    for layout in official.LAYOUTS:
        assert sum(layout.records("train") for _ in layout.files["train"]) == 50_000
        assert sum(layout.records("test") for _ in layout.files["test"]) == 10_000


@pytest.mark.skipif(data.find("cifar10") is None, reason="no CIFAR-10 in MINIMIX_DATA or the cache folder")
def test_the_real_one(tmp_path):
    test = data.load("cifar10", "test")
    assert len(test) == 10_000 and np.bincount(test.labels).tolist() == [1000] * 10
    records = np.hstack([test.labels[:, None].astype(np.uint8), test.images.reshape(-1, 3072)])
    records[1234, 567] ^= 1
    records.tofile(tmp_path / "test_batch.bin")
    (tmp_path / "batches.meta.txt").write_text("\n".join(test.classes))
    with pytest.raises(DataError, match=named(tmp_path / "test_batch.bin", "altered")):
        cifar.load("cifar10", tmp_path, "test")
