"""Folders of pictures, as people have them."""

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from picture_files import pets, picture
from PIL import Image

from minimix.data import DataError, class_folders, from_folder, listing
from minimix.data.pictures import small


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder, and a cache folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("minimix.data.kept.user_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr("minimix.data.user_cache", lambda: tmp_path / "cache")


# -- what becomes of it -----------------------------------------------------------------------------------------------


def test_sub_folders_are_classes_and_a_fifth_of_each_is_for_testing():
    train_set, test_set = from_folder(pets())
    assert train_set.classes == test_set.classes == ("cat", "dog") and train_set.name == "pets"
    assert np.bincount(train_set.labels).tolist() == [4, 8] and np.bincount(test_set.labels).tolist() == [1, 2]
    assert (test_set.mean, test_set.std) == (train_set.mean, train_set.std)
    expected = {small(path, 32, 32)[0].tobytes() for path in Path("pets").rglob("*.png")}
    assert {image.tobytes() for part in (train_set, test_set) for image in part.images} == expected and len(expected) == 15
    for part in (train_set, test_set):
        for image, label in zip(part.images, part.labels, strict=True):
            found = [path for path in Path("pets").rglob("*.png") if small(path, 32, 32)[0].tobytes() == image.tobytes()]
            assert [path.parent.name for path in found] == [part.classes[label]]


def test_sizes_are_resized_and_the_centre_is_taken():
    stripes = np.zeros((30, 90, 3), np.uint8)
    stripes[:, 30:60] = 200
    for name in ("a", "b"):
        for i in range(2):
            picture(f"s/{name}/{i}.png")
            Image.fromarray(stripes).save(f"s/{name}/{i}.png")
    train_set, _ = from_folder("s", size=16)
    assert train_set.images.shape == (2, 3, 16, 16) and (np.abs(train_set.images - 200.0) < 15).all()


def test_the_division_depends_on_nothing_but_names(monkeypatch):
    whole = from_folder(pets(), keep=False)
    real = os.scandir

    class Backwards(list):
        def __init__(self, path="."):
            super().__init__(list(real(path))[::-1])

        def __enter__(self):
            return iter(self)

        def __exit__(self, *exception):
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    other = from_folder("pets", keep=False)
    for one, two in zip(whole, other, strict=True):
        np.testing.assert_array_equal(one.images, two.images)
        np.testing.assert_array_equal(one.labels, two.labels)
    Path("pets").rename("moved")
    np.testing.assert_array_equal(from_folder("moved")[1].images, whole[1].images)
    assert not np.array_equal(from_folder("moved", seed=1)[1].images, whole[1].images)


def test_a_new_picture_moves_at_most_one_other():
    before = {image.tobytes() for image in from_folder(pets({"a": 20, "b": 20}))[1].images}
    picture("pets/a/new.png", 999)
    after = {image.tobytes() for image in from_folder("pets")[1].images}
    assert len(before - after) <= 1 and len(after) == 8


@pytest.mark.parametrize("count, test", [(2, 1), (3, 1), (7, 1), (8, 2), (20, 4)])
def test_every_class_is_tested_and_learnt(count, test):
    train_set, test_set = from_folder(pets({"a": count, "b": count}))
    assert np.bincount(test_set.labels).tolist() == [test, test] and len(train_set) == 2 * (count - test)
    assert len(from_folder("pets", test_share=0.5)[1]) == 2 * min(max(1, round(count / 2)), count - 1)


def test_a_class_of_one_picture_is_learnt_and_that_is_said():
    train_set, test_set = from_folder(pets({"a": 1, "b": 5}))
    assert np.bincount(train_set.labels).tolist() == [1, 4] and test_set.labels.tolist() == [1]
    assert "no picture for testing in a" in train_set.note


@pytest.mark.parametrize("names", [("train", "test"), ("Training", "VALIDATION"), ("train", "val"), ("train", "valid")])
def test_a_division_that_is_there_is_kept(names):
    pets({f"{names[0]}/cat": 3, f"{names[0]}/dog": 2, f"{names[1]}/dog": 4, f"{names[1]}/cat": 1})
    train_set, test_set = from_folder("pets")
    assert np.bincount(train_set.labels).tolist() == [3, 2] and np.bincount(test_set.labels).tolist() == [1, 4]
    assert train_set.classes == ("cat", "dog") and f"{names[1]} for testing" in train_set.note


def test_all_three_parts():
    pets({f"{part}/{name}": n for n, part in ((4, "train"), (2, "test"), (1, "valid")) for name in ("cat", "dog")})
    found = class_folders.parts("pets")
    assert [len(part) for part in found] == [8, 4, 2] and found.validation.mean == found.train.mean
    assert "train for training, test for testing, valid for validation" in found.train.note


def test_training_pictures_alone_are_divided():
    pets({"train/cat": 5, "train/dog": 5, "unsorted": 3})
    train_set, test_set = from_folder("pets")
    assert (len(train_set), len(test_set)) == (8, 2) and train_set.classes == ("cat", "dog")
    assert "not used: unsorted" in train_set.note


def test_classes_may_be_called_train_and_test():
    assert from_folder(pets({"train": 3, "plane": 3, "car": 3}))[0].classes == ("car", "plane", "train")


def test_a_stray_picture_changes_no_division():
    pets({"train/cat": 3, "train/dog": 3, "test/cat": 1, "test/dog": 1})
    picture("pets/train/stray.png")
    assert from_folder("pets")[0].classes == ("cat", "dog")


# -- what lies about in folders ---------------------------------------------------------------------------------------


def test_hidden_files_are_passed_over_in_silence():
    clean = from_folder(pets(), keep=False)
    for name in (
        ".DS_Store",
        "cat/.DS_Store",
        "cat/Thumbs.db",
        "dog/desktop.ini",
        "dog/._0.png",
        ".git/x.png",
        "__MACOSX/a.png",
    ):
        path = Path("pets", name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    found = from_folder("pets", keep=False)
    assert found[0].note == clean[0].note
    np.testing.assert_array_equal(found[1].images, clean[1].images)


def test_the_folder_of_runs_is_no_class():
    pets()
    picture("pets/runs/a/curves.png")
    Path("pets/runs/a/last.safetensors").write_bytes(b"x")
    assert from_folder("pets")[0].classes == ("cat", "dog")


def test_other_files_are_counted():
    pets()
    Path("pets/cat/notes.txt").write_text("x")
    picture("pets/loose.png")
    note = from_folder("pets")[0].note
    assert "1 file in cat by name no picture, such as notes.txt: not used" in note
    assert "1 picture beside the classes' folders: not used" in note


@pytest.mark.parametrize("broken", [2, 8])
def test_unreadable_pictures_are_left_out_and_named(broken):
    pets({"cat": 12, "dog": 5})
    for i in range(broken):
        Path(f"pets/cat/{i}.png").write_bytes(b"x" * i)
    for keep in (True, True, False):  # read, kept, read again
        train_set, test_set = from_folder("pets", keep=keep)
        assert len(train_set) + len(test_set) == 17 - broken
        lines = [line for line in train_set.note.splitlines() if line.startswith("left out: ")]
        assert len(lines) == min(broken, 6) and "0.png is no image that can be read" in lines[0]
        assert broken < 6 or lines[-1] == f"left out: {broken - 5} more that cannot be read"
        assert np.bincount(test_set.labels).tolist() == [max(1, round((12 - broken) / 5)), 1]


def test_what_telephones_write_is_named():
    pets()
    Path("pets/cat/IMG_1.HEIC").write_bytes(b"....ftypheic....")
    assert "IMG_1.HEIC is no image that can be read" in from_folder("pets")[0].note
    assert "convert it to JPEG" in from_folder("pets")[0].note


@pytest.mark.parametrize("kind", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "animation", "turned", "16 bits, colour"])
def test_every_kind_of_picture(kind):
    pets({"cat": 3, "dog": 3})
    pixels = np.random.default_rng(5).integers(0, 256, (20, 30, 3), np.uint8)
    image, options, path = Image.fromarray(pixels), {}, Path("pets/cat/x.png")
    if kind == "I;16":
        image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 256)
    elif kind == "animation":
        path, options = path.with_suffix(".gif"), {"save_all": True, "append_images": [Image.new("RGB", (30, 20))]}
    elif kind == "turned":
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = 6
    elif kind == "CMYK":
        path, image = path.with_suffix(".tiff"), image.convert("CMYK")
    elif len(kind) < 5:
        image = image.convert(kind)
    image.save(path, **options)
    train_set, test_set = from_folder("pets")
    assert "left out" not in train_set.note
    expected = small(path, 32, 32)[0].tobytes()
    assert expected in {image.tobytes() for part in (train_set, test_set) for image in part.images}


def test_unusual_names():
    names = ["日本 の 猫", 'a\'b "c"' if os.name == "posix" else "ab", "ä" * 40, "x.y"]
    train_set, _ = from_folder(pets({name: 2 for name in names}, root="mes photos d'été"))
    assert train_set.classes == tuple(sorted(names)) and train_set.name == "mes photos d'été"


@pytest.mark.skipif(os.name != "posix", reason="names are text elsewhere")
def test_names_are_composed_and_bytes_are_no_obstacle():
    """macOS stores "é" as two characters, others as one: classes are in the same order everywhere."""
    pets({unicodedata.normalize("NFD", "été"): 2, "f": 2})
    assert from_folder("pets")[0].classes == ("f", "été")
    try:
        os.rename(b"pets/f", b"pets/\xff\xfe")
    except OSError:
        pytest.skip("this system stores only text")
    assert from_folder("pets")[0].classes == ("été", "\ufffd\ufffd")
    pets({"été": 2})
    if len(os.listdir("pets")) == 3:
        with pytest.raises(ValueError, match="two spellings"):
            from_folder("pets")


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_links():
    pets({"cat": 5, "dog": 5})
    plain = from_folder("pets", keep=False)
    os.symlink("..", "pets/cat/up")
    os.symlink(".", "pets/cat/ring")
    os.symlink("../dog", "pets/cat/dogs")
    os.symlink(Path("pets").absolute(), "pets/whole")
    os.symlink("cat", "pets/kitty")
    found = from_folder("pets", keep=False)
    for one, two in zip(plain, found, strict=True):
        np.testing.assert_array_equal(one.images, two.images)
    assert "not followed: kitty" in found[0].note and "not followed: whole" in found[0].note
    pets({"more": 3, "eel": 4}, root="elsewhere")
    os.symlink(Path("elsewhere/more").absolute(), "pets/cat/more")
    os.symlink(Path("elsewhere/eel").absolute(), "pets/eel")
    os.symlink(Path("elsewhere").absolute(), "elsewhere/more/ring")
    os.symlink("nowhere.png", "pets/dog/gone.png")
    train_set, test_set = from_folder("pets", keep=False)
    assert np.bincount(np.concatenate([train_set.labels, test_set.labels])).tolist() == [
        12,
        5,
        4,
    ]  # the ring adds elsewhere/eel
    assert "gone.png" in train_set.note


def test_pictures_may_lie_deeper():
    pets({"cat/2023": 2, "cat/2024": 3, "dog": 2})
    train_set, test_set = from_folder("pets")
    assert train_set.classes == ("cat", "dog") and len(train_set) + len(test_set) == 7


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "counts, message",
    [
        ({}, "pets has 0 sub-folders: expected a sub-folder of pictures for each of two or more classes"),
        ({"cat": 3}, r"1 sub-folder \(cat\): expected"), ({".": 3}, "3 pictures and 0 sub-folders: expected"),
        ({"pets/cat": 2, "pets/dog": 2}, "did you mean pets.pets"), ({"cat": 3, "dog": 0}, "no picture in the folder pets.dog"),
        ({"train/cat": 2, "train/dog": 2, "test/cat": 1, "test/eel": 1}, "do not have: eel"),
        ({"test/cat": 2, "test/dog": 2}, "has test, but no train"),
        ({"a": 1, "b": 1}, "no picture is left for testing in a, b"),
        ({"train/cat": 2, "train/dog": 2, "training/cat": 1, "training/dog": 1}, "mean the same: keep one"),
    ],
)  # fmt: skip
def test_no_two_classes(counts, message):
    Path("pets").mkdir()
    pets(counts or {"none": 0})
    for name, count in counts.items():
        if not count:
            Path("pets", name).mkdir()
    with pytest.raises(DataError, match=message):
        from_folder("pets")


def test_no_readable_picture_in_a_class():
    for path in pets().glob("cat/*.png"):
        path.write_bytes(b"x")
    with pytest.raises(DataError, match="no picture is left for training in cat; unreadable: cat/0.png, cat/1.png"):
        from_folder("pets")


def test_no_folder():
    with pytest.raises(FileNotFoundError, match="no folder gone"):
        from_folder("gone")
    Path("pets.zip").write_bytes(b"x")
    with pytest.raises(DataError, match="pets.zip is a file: expected a folder"):
        from_folder("pets.zip")


@pytest.mark.parametrize(
    "options", [{"size": 0}, {"size": 5000}, {"size": 3.5}, {"size": True}, {"test_share": 0}, {"test_share": 1}]
)
def test_arguments(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        from_folder(pets(), **options)


def test_a_folder_that_may_not_be_looked_into(monkeypatch):
    real = os.scandir

    def closed(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    pets({"cat": 3, "cat/closed": 1, "dog": 3})
    monkeypatch.setattr(listing.os, "scandir", closed)
    assert "not looked into: cat/closed: Permission denied" in from_folder("pets")[0].note.replace("\\", "/")
