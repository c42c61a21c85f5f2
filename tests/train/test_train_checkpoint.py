"""A checkpoint is whole, or it is refused by name."""

import json
import os

import numpy as np
import pytest
from safetensors.numpy import load, save, save_file

from minimix import files
from minimix.train import checkpoint
from minimix.train.checkpoint import CheckpointError

ARRAYS = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "bn.num_batches_tracked": np.array(7, np.int64),
    "optimizer/groups/0/nesterov": np.array(True),
    "empty": np.zeros((0, 3), np.float64),
}
STATE = {"epoch": 3, "loss": 0.1 + 0.2, "random": {"state": 2**127 + 1}, "name": "Zürich"}


@pytest.fixture
def path(tmp_path):
    checkpoint.save(tmp_path / "last.safetensors", ARRAYS, STATE)
    return tmp_path / "last.safetensors"


def test_everything_comes_back_to_the_bit(path):
    arrays, state = checkpoint.load(path)
    assert state == STATE
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype and arrays[name].shape == array.shape
        assert arrays[name].tobytes() == array.tobytes()


def test_equal_states_make_equal_files(path, tmp_path):
    shuffled = dict(reversed(ARRAYS.items())), dict(reversed(STATE.items()))
    for i in range(5):
        checkpoint.save(tmp_path / f"{i}.safetensors", *shuffled)
        assert (tmp_path / f"{i}.safetensors").read_bytes() == path.read_bytes()


def test_any_memory_order_is_saved_as_it_is_read(tmp_path):
    array = np.arange(120, dtype=np.float32).reshape(2, 3, 4, 5).transpose(3, 0, 1, 2)[::-1]
    checkpoint.save(tmp_path / "a", {"x": array}, {})
    np.testing.assert_array_equal(checkpoint.load(tmp_path / "a")[0]["x"], array)


def test_other_programs_can_read_the_arrays(path):
    np.testing.assert_array_equal(load(path.read_bytes())["conv.weight"], ARRAYS["conv.weight"])


def test_a_file_cut_anywhere_is_refused(path):
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match=r"last\.safetensors"):
            checkpoint.load(path)


def test_a_byte_altered_anywhere_is_noticed(path):
    content = path.read_bytes()
    for place in range(len(content)):
        altered = bytearray(content)
        altered[place] ^= 1 << place % 8
        path.write_bytes(altered)
        with pytest.raises(CheckpointError, match=r"last\.safetensors"):
            checkpoint.load(path)


@pytest.mark.parametrize(("change", "expected"), [
    ({"conv.weight": ARRAYS["conv.weight"] + 1}, "conv.weight was altered"),
    ({"conv.weight": ARRAYS["conv.weight"].reshape(4, 3, 2)}, "conv.weight was altered"),
    ({"conv.weight": ARRAYS["conv.weight"].view(np.int32)}, "conv.weight was altered"),
    ({"more": np.ones(2)}, "more does not belong"),
    ({"empty": None}, "empty is missing"),
])  # fmt: skip
def test_arrays_that_are_not_those_described_are_named(path, change, expected):
    header = json.loads(path.read_bytes()[8 : 8 + int.from_bytes(path.read_bytes()[:8], "little")])
    save_file({k: v for k, v in {**ARRAYS, **change}.items() if v is not None}, path, metadata=header["__metadata__"])
    with pytest.raises(CheckpointError, match=rf"last\.safetensors.*{expected}"):
        checkpoint.load(path)


def test_a_file_of_another_program_is_told_apart(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(save({"w": np.ones(3)}))
    with pytest.raises(CheckpointError, match="no checkpoint of minimix"):
        checkpoint.load(tmp_path / "w.safetensors")


def test_a_newer_version_is_refused_by_number(path, monkeypatch):
    monkeypatch.setattr(checkpoint, "VERSION", 2)
    checkpoint.save(path, ARRAYS, STATE)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="version 2"):
        checkpoint.load(path)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="none"):
        checkpoint.load(tmp_path / "none")
    with pytest.raises(CheckpointError, match="folder"):
        checkpoint.load(tmp_path)


def test_numbers_that_json_does_not_have_are_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        checkpoint.save(tmp_path / "a", {}, {"loss": float("nan")})


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, broken):
    path = tmp_path / "file"
    files.write(path, "old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(OSError, match="disk full"):
        files.write(path, b"new")
    assert path.read_text() == "old"
    monkeypatch.undo()
    files.write(path, "newer")
    assert path.read_text() == "newer" and [p.name for p in tmp_path.iterdir()] == ["file"]
