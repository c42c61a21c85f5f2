import subprocess
import sys

import cifar_files
import numpy as np
import pytest

from minimix import data
from minimix.data import DataError


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Three empty folders: one to give, and the two that are searched where none is given, in this order."""
    folders = [tmp_path / name for name in ("given", "variable", "cache")]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setenv("MINIMIX_DATA", str(folders[1]))
    monkeypatch.setattr("minimix.data.user_cache", lambda: folders[2])
    return folders


@pytest.fixture
def cifar10(monkeypatch, tmp_path):
    layouts = cifar_files.make_official(monkeypatch, tmp_path)
    return lambda root: cifar_files.write(root, layouts[0])


def test_search_order(places, cifar10):
    assert data.find("cifar10") is None
    for place in places[:0:-1]:
        folder = cifar10(place)
        assert data.find("cifar10") == folder
    assert data.find("cifar100") is None
    assert data.folders(places[0]) == places[:1] and data.folders() == data.folders("") == places[1:]


@pytest.mark.parametrize("name", ["auto", "cifar10"])
def test_a_folder_that_was_named_is_the_only_one(places, cifar10, name):
    """Neither the cache folder's set nor patterns10 is taken in its place."""
    cifar10(places[2])
    with pytest.raises(FileNotFoundError, match="CIFAR-10 is not in .*given, where cifar-10-batches-bin or .*; it is empty"):
        data.load(name, "train", places[0])
    folder = cifar10(places[0])
    assert data.find("cifar10", places[0]) == folder and data.load(name, "train", places[0]).name == "cifar10"


@pytest.mark.parametrize(
    "content, message",
    [
        (["a.txt", "b.csv"], "in it: a.txt, b.csv. Fetch it with `minimix data get cifar10 --data-dir "),
        (["cifar-10-binary.tar.gz"], r"Unpack cifar-10-binary.tar.gz there\."),
        (["cifar-100-binary/train.bin"], "There is CIFAR-100: --data cifar100"),
        (["cat/1.jpg", "dog/1.jpg"], "For a folder of your own pictures: --data "),
        ([f"{i}.txt" for i in range(9)], r"in it: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 4 more\."),
        ([".DS_Store"], "it is empty"),
    ],
)
def test_a_refused_folder_is_described(places, content, message):
    for name in content:
        (places[0] / name).parent.mkdir(exist_ok=True)
        (places[0] / name).write_bytes(b"x")
    with pytest.raises(FileNotFoundError, match=message):
        data.load("auto", "train", places[0])


def test_a_variable_that_names_nothing_useful_is_named(places, cifar10, monkeypatch):
    assert f"MINIMIX_DATA names {places[1]}, which holds nothing that is known (it is empty)." in data.load(size=20).note
    (places[1] / "imagenet_classes.txt").write_text("cat")
    assert "MINIMIX_DATA names" not in data.load(size=20).note
    monkeypatch.setenv("MINIMIX_DATA", str(places[1] / "misspelt"))
    assert "misspelt, which is no folder." in data.load(size=20).note
    with pytest.raises(FileNotFoundError, match="misspelt, which is no folder"):
        data.load("cifar10")
    cifar10(places[2])
    assert data.load().name == "cifar10"


def test_auto_is_cifar10_where_it_is_found(places, cifar10):
    cifar10(places[1])
    found = data.load("auto", "train")
    assert found.name == "cifar10" and found.note == ""
    np.testing.assert_array_equal(found.images, cifar_files.expected("cifar10", "train")[0])
    assert len(data.load("auto", "train", size=7)) == 7


def test_auto_is_patterns10_otherwise_and_says_so_in_one_line(places):
    found = data.load(split="test", size=20)
    assert found.name == "patterns10" and len(found) == 20
    assert "\n" not in found.note
    for word in ("patterns10", "CIFAR-10", "minimix data get cifar10", "--data-dir", "MINIMIX_DATA", *map(str, places[1:])):
        assert word in found.note


def test_a_damaged_cifar10_is_not_passed_over(places, cifar10):
    folder = cifar10(places[0])
    (folder / "test_batch.bin").write_bytes(b"x")
    with pytest.raises(DataError, match="test_batch.bin"):
        data.load("auto", "test", places[0])


def test_by_name_it_must_be_there(places):
    for folder in (places[0], None):
        with pytest.raises(FileNotFoundError, match="CIFAR-100 is not in (?s:.*)minimix data get cifar100"):
            data.load("cifar100", "test", folder)
    assert data.load("patterns10", "test", places[0], size=3).note == ""


def test_a_data_dir_that_is_none(places, tmp_path):
    with pytest.raises(FileNotFoundError, match="data_dir: there is no folder"):
        data.load("auto", "test", tmp_path / "misspelt")
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(b"x")
    with pytest.raises(NotADirectoryError, match="unpack it"):
        data.load("auto", "test", tmp_path / "cifar-10-binary.tar.gz")


@pytest.mark.parametrize(("name", "value"), [("name", "cifar"), ("split", "dev"), ("size", 0), ("size", 2.5)])
def test_arguments_are_checked(name, value):
    with pytest.raises(ValueError, match=name):
        data.load(**{"name": "patterns10", name: value})


def test_importing_needs_none_of_the_heavy_libraries():
    code = (
        "import sys, minimix.data; heavy = {'pooch', 'rich', 'requests', 'PIL', 'matplotlib'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
