"""Pictures are read and resized once, and kept; whatever becomes of what is kept."""

import os
from pathlib import Path

import numpy as np
import pytest
from picture_files import pets, picture

from minimix.data import from_folder, kept
from minimix.data.pictures import small


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder, and a cache folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("minimix.data.kept.user_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr("minimix.data.user_cache", lambda: tmp_path / "cache")


@pytest.fixture
def reads(monkeypatch):
    """The names of the pictures that are really read."""
    seen = []
    monkeypatch.setattr(kept, "small", lambda path, *size: seen.append(path.name) or small(path, *size))
    return seen


def test_pictures_are_read_once_and_again_where_they_change(reads):
    first = from_folder(pets())
    assert len(reads) == 15
    again = from_folder("pets")
    assert len(reads) == 15 and again[0].note == first[0].note
    np.testing.assert_array_equal(again[0].images, first[0].images)
    picture("pets/cat/0.png", seed=77)
    picture("pets/cat/new.png", seed=78)
    Path("pets/dog/3.png").unlink()
    changed = from_folder("pets")
    assert sorted(reads[15:]) == ["0.png", "new.png"] and len(changed[0]) + len(changed[1]) == 15
    assert small("pets/cat/0.png", 32, 32)[0].tobytes() in {i.tobytes() for part in changed for i in part.images}
    from_folder("pets", size=16)
    assert len(reads) == 17 + 15 and len(list(Path("cache/pictures").iterdir())) == 2


def test_a_picture_with_the_time_of_another_is_seen():
    """Same name, same number of bytes, same time of change: unpacked archives are so."""
    for name in ("a", "b"):
        for i in range(2):
            picture(f"one/{name}/{i}.bmp", i)
            picture(f"two/{name}/{i}.bmp", 50 + i)
    for path in (*Path("one").rglob("*.bmp"), *Path("two").rglob("*.bmp")):
        os.utime(path, (1e9, 1e9))
    assert not np.array_equal(from_folder("one")[0].images, from_folder("two")[0].images)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 and no more", "cut", "bit", "other"])
def test_damage_to_what_is_kept_costs_time_alone(damage, reads):
    first = from_folder(pets())
    (file,) = Path("cache/pictures").iterdir()
    content = bytearray(file.read_bytes())
    if damage == "other":
        np.savez(file, pixels=np.zeros((3, 3, 32, 32)), entries=np.zeros(3, np.uint8))
    elif damage == "bit":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    else:
        file.write_bytes(content[: len(content) // 2] if damage == "cut" else damage)
    again = from_folder("pets")
    np.testing.assert_array_equal(again[0].images, first[0].images)
    assert len(reads) == 30 and from_folder("pets")[0].note == first[0].note and len(reads) == 30


@pytest.mark.parametrize("cache", ["a file", "none", "full"])
def test_no_place_to_keep_them(cache, monkeypatch, tmp_path, reads):
    place = None if cache == "none" else tmp_path / cache
    if cache == "a file":
        place.write_bytes(b"x")
    if cache == "full":
        monkeypatch.setattr(kept.files, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    monkeypatch.setattr("minimix.data.kept.user_cache", lambda: place)
    monkeypatch.setattr("minimix.data.user_cache", lambda: place)
    train_set, _ = from_folder(pets())
    assert len(train_set) == 12 and ("could not be kept" in train_set.note) == (cache != "none")
    from_folder("pets")
    assert len(reads) == 30


def test_reading_tells_how_far_it_is_and_can_be_ended():
    told = []
    from_folder(pets(), tell=lambda done, total: told.append((done, total)))
    assert told == [(i, 15) for i in range(16)]
    from_folder("pets", tell=lambda *_: pytest.fail("nothing is left to read"))

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        from_folder("pets", size=16, tell=stop)
