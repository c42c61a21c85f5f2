"""A checkpoint is whole, or it is refused by name."""

import json
import os

import numpy as np
import pytest
from safetensors.numpy import load, save, save_file

from minimix import checksums, data, files
from minimix.train import checkpoint, description, load_model
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


# -- descriptions that are whole, but not ours ------------------------------------------------------------------------

DESCRIPTION = {
    "kind": "run",
    "recipe": {"model": "mixnet_nano", "model_options": {"width": 0.5, "kernels": [3]}, "data": "patterns10", "epochs": 2},
    "about": {
        "classes": ["a", "b"], "image_shape": [3, 32, 32], "mean": [0.5] * 3, "std": [0.25] * 3, "images": [4, 2],
        "checksum": 1,
    },
    "history": [{"epoch": 1, "step": 2, "lr": 0.1, "test_accuracy": 0.5}],
    "position": {"epoch": 1, "batch": 0, "step": 2, "loss_sum": 0.0, "correct": 0, "seen": 0},
    "random": {"default": {"bit_generator": "PCG64"}},
}  # fmt: skip
ODD = [
    None, True, 0, -1, 2**80, 1e308, "", "x", "\ud800", [], [[]], {}, {"a": None}, [None] * 3, [1e308] * 3, [0] * 10_000,
    "a" * 100_000, {"model": {}},
]  # fmt: skip


def mutated(value, generator):
    """The same with one part, somewhere in it, gone, renamed or become something odd."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not keys or generator.random() < 0.15:
        return ODD[generator.integers(len(ODD))]
    key = keys[generator.integers(len(keys))]
    value = dict(value) if isinstance(value, dict) else list(value)
    action = generator.random()
    if action < 0.1:
        del value[key]
    elif action < 0.2 and isinstance(value, dict):
        value["odd"] = value.pop(key)
    else:
        value[key] = mutated(value[key], generator)
    return value


def write_odd(path, text: str, arrays=ARRAYS):
    """A description with the right checksum, whatever it says."""
    path.write_bytes(save(arrays, metadata={"minimix": f"{checksums.checksum(text.encode())} {text}"}))


def test_odd_descriptions_are_refused_by_name(tmp_path):
    """Either a checkpoint is read, or it is refused: no other error, whoever has written it, and however."""
    path = tmp_path / "last.safetensors"
    generator = np.random.default_rng(5)
    whole = {"format": checkpoint.FORMAT, "version": checkpoint.VERSION, "arrays": checksums.listed(ARRAYS)}
    for i in range(500):
        odd = {**whole, "state": mutated(DESCRIPTION, generator)}
        write_odd(path, json.dumps(mutated({**whole, "state": DESCRIPTION}, generator) if i % 4 == 0 else odd))
        with pytest.raises(CheckpointError, match=r"last\.safetensors"):
            load_model(path)


class Reached(Exception):
    """The run would go on."""


def test_runs_with_odd_descriptions_are_refused_by_name(tmp_path, monkeypatch):
    from minimix.train import run, train

    tiny = data.patterns10("train", size=20), data.patterns10("test", size=10)
    train(data=tiny, model_options={"width": 0.5}, epochs=1, batch_size=20, runs=tmp_path, name="a", log=False)
    path = tmp_path / "a" / "last.safetensors"
    arrays, description = checkpoint.load(path)
    generator = np.random.default_rng(6)

    def stop(*arguments):
        raise Reached

    monkeypatch.setattr(run, "Loop", stop)
    reached = 0
    for _ in range(100):
        checkpoint.save(path, arrays, description)
        odd = {"format": checkpoint.FORMAT, "version": checkpoint.VERSION, "arrays": checksums.listed(arrays)}
        write_odd(path, json.dumps({**odd, "state": mutated(description, generator)}), arrays)
        try:
            train(resume=path, data=tiny, log=False)
        except Reached:
            reached += 1  # the mutation says nothing of what is needed
        except ValueError as error:
            assert str(path) in str(error) or str(path.parent) in str(error)
    assert 0 < reached < 40


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "3", "[" * 100_000, '{"a":' * 100_000, "1" * 10_000, '{"format": 1e999}', '{"state": NaN}', "{"]
)
def test_descriptions_that_are_no_objects(path, text):
    write_odd(path, text)
    with pytest.raises(CheckpointError, match=r"last\.safetensors"):
        checkpoint.load(path)


@pytest.mark.parametrize("metadata", [b"null", b"{}", b'{"minimix":""}', b'{"minimix":"x"}', b'{"other":"x"}'])
def test_headers_of_other_programs(path, metadata):
    header = b'{"__metadata__":%s,"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' % metadata
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(CheckpointError, match=r"last\.safetensors"):
        checkpoint.load(path)


def test_a_network_too_large_to_build_is_refused(path):
    for options in ({"width": 1e6}, {"kernels": [99_999]}, {"width": 10**30}, {"kernels": [3] * 5000}):
        description = {**DESCRIPTION, "recipe": {**DESCRIPTION["recipe"], "model_options": options}}
        checkpoint.save(path, ARRAYS, description)
        with pytest.raises(CheckpointError, match="model_options"):
            load_model(path)


# -- files that are written in one step -------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_stays_and_its_file_is_replaced(tmp_path):
    (tmp_path / "far").mkdir()
    target, link, dangling = tmp_path / "far" / "file", tmp_path / "link", tmp_path / "dangling"
    target.write_text("old")
    link.symlink_to(target)
    dangling.symlink_to(tmp_path / "far" / "new")
    files.write(link, "new")
    files.write(dangling, "made")
    assert link.is_symlink() and target.read_text() == "new" and (tmp_path / "far" / "new").read_text() == "made"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["dangling", "far", "file", "link", "new"]


@pytest.mark.skipif(os.name == "nt", reason="has no such files")
def test_what_is_no_plain_file_is_refused(tmp_path):
    import socket

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        before = os.getcwd()
        os.chdir(tmp_path)  # a socket's path must be short
        try:
            listening.bind("socket")
        finally:
            os.chdir(before)
    for name in ("pipe", "link", "folder", "socket", "/dev/null", "/dev/stdout", "/dev/fd/1"):
        with pytest.raises(ValueError, match="no plain file"):
            files.write(tmp_path / name, "content")
        assert ((tmp_path / name).exists() and not (tmp_path / name).is_file()) or name.startswith("/dev")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link", "pipe", "socket"]


@pytest.mark.skipif(os.name == "nt", reason="has no such permissions")
def test_permissions_stay(tmp_path):
    files.write(tmp_path / "file", "old")
    (tmp_path / "file").chmod(0o600)
    files.write(tmp_path / "file", "new")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_networks_of_your_own_may_have_any_options(path):
    from minimix.train.description import check

    recipe = {**DESCRIPTION["recipe"], "model": "net.py:make", "model_options": {"width": 512, "hidden": 10**6}}
    check(path, {**DESCRIPTION, "recipe": recipe})
    with pytest.raises(CheckpointError, match="model_options"):
        check(path, {**DESCRIPTION, "recipe": {**recipe, "model_options": [1]}})


@pytest.mark.parametrize("options", [
    {"kernels": [[10**7]]}, {"kernels": [3, [5, [10**7]]]}, {"kernels": [[3] * 600, [5] * 600]},
    {"partition": [["equal"], [10**7]]},
])  # fmt: skip
def test_options_that_no_network_has_are_refused_at_any_depth(options):
    described = {**DESCRIPTION, "recipe": {**DESCRIPTION["recipe"], "model_options": options}}
    with pytest.raises(CheckpointError, match=r"recipe\.model_options, expected an object"):
        description.check("a.safetensors", described)
    described["recipe"]["model_options"] = {"kernels": [[3], [3, 5], None]}
    description.check("a.safetensors", described)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_is_no_checkpoint_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "w.safetensors")
    assert not checkpoint.is_checkpoint(tmp_path / "w.safetensors")
