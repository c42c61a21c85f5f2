"""A thousand damaged files, and more: each gives what was in it or a line that names it and says why not; never anything else.

Where a format has checksums (archives; what minimix wrote), "what was in it" is to the last bit.
"""

import pickle
import random
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save
from torch_files import Call, Raw, Stored, dumps, legacy, ordered, storage, tensor, tensors, zipped

import minimix as mm
from minimix import nn
from minimix.weights.reading import ReadError, read

ARRAYS = {
    "conv.weight": np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype("f4"),
    "bn.running_var": np.float32([1e-45, 1, 2, 3]),
    "bn.num_batches_tracked": np.array(7),
}
MADE, CONTENTS = tensors(ARRAYS)
SIZES = {"0": 4, "1": 4, "2": 8}
CHECKPOINT = {"epoch": 3, "model": ordered(MADE), "optimizer": {"state": {0: MADE["conv.weight"]}, "lr": 0.1}}
TRIED = 200  # times that each kind of file is damaged


def numpy_file(path, write):
    write(path, **ARRAYS)
    return path.read_bytes()


def own_file(path):
    mm.manual_seed(0)
    path = path.with_suffix(".safetensors")
    mm.save_weights(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm2d(2)), path)
    return path.read_bytes()


FILES = {  # how it is made; whether damage can be seen wherever it is
    "zip": (lambda path: zipped(ordered(MADE), CONTENTS), True),
    "zip, packed": (lambda path: zipped(CHECKPOINT, CONTENTS, compression=zipfile.ZIP_DEFLATED), True),
    "legacy": (lambda path: legacy(CHECKPOINT, CONTENTS, SIZES), False),
    "npz": (lambda path: numpy_file(path, np.savez), True),
    "npz, packed": (lambda path: numpy_file(path, np.savez_compressed), True),
    "safetensors": (lambda path: save(ARRAYS), False),
    "minimix": (own_file, True),
    "pickle": (lambda path: pickle.dumps({"model": ARRAYS}), False),
}


def damaged(content: bytes, chance: random.Random) -> bytes:
    changed, place = bytearray(content), chance.randrange(len(content))
    kind = chance.choice(["cut", "bits", "bits", "bytes", "ones", "zeros", "swapped", "put in", "taken out", "twice", "head"])
    length = chance.choice([1, 2, 8, 64, 500])
    if kind == "cut":
        del changed[place:]
    elif kind == "bits":
        for _ in range(chance.choice([1, 1, 2, 8])):
            changed[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif kind == "bytes":
        for _ in range(chance.choice([1, 4])):
            changed[chance.randrange(len(content))] = chance.randrange(256)
    elif kind in ("ones", "zeros"):
        changed[place : place + length] = bytes([255 if kind == "ones" else 0]) * len(changed[place : place + length])
    elif kind == "swapped":
        other = chance.randrange(len(content))
        changed[place : place + 16], changed[other : other + 16] = changed[other : other + 16], changed[place : place + 16]
    elif kind == "put in":
        changed[place:place] = chance.randbytes(length)
    elif kind == "taken out":
        del changed[place : place + length]
    elif kind == "twice":
        changed[place:place] = changed[place : place + length]
    else:
        changed[chance.randrange(min(64, len(content)))] = chance.randrange(256)
    return bytes(changed)


def outcome(path):
    """The arrays, or None where it is refused as it should be."""
    try:
        return read(path).entries
    except ReadError as error:
        line = str(error)
        assert line.startswith(str(path)) and len(line) < len(str(path)) + 700 and "\n" not in line
        return None


@pytest.mark.parametrize("name", FILES)
def test_a_thousand_damaged_files(tmp_path, name):
    """8 kinds of file, 200 of each."""
    make, seen = FILES[name]
    path, chance = tmp_path / "w.pth", random.Random(name)
    content = make(tmp_path / "made.npz")
    path.write_bytes(content)
    whole, refused = read(path).entries, 0
    for _ in range(TRIED):
        path.write_bytes(damaged(content, chance))
        found = outcome(path)
        refused += found is None
        if seen and found is not None:
            assert list(found) == list(whole)
            for key, array in whole.items():
                np.testing.assert_array_equal(found[key], array, strict=True)
    assert refused > TRIED / 4


@pytest.mark.parametrize("name", FILES)
def test_cut_anywhere(tmp_path, name):
    path = tmp_path / "w.pth"
    content = FILES[name][0](tmp_path / "made.npz")
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        assert outcome(path) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(list(MADE.values())),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=3) | st.integers(0, 3), inner, max_size=4)
        | st.tuples(inner, inner)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_trees_of_any_form(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "tree.pth"
    path.write_bytes(zipped(value, CONTENTS))
    found = outcome(path)
    assert found is None or all(isinstance(array, np.ndarray) for array in found.values())


LENGTHS = st.one_of(st.integers(-2, 30), st.sampled_from([2**31, 2**60, 2**63, 2**64, 2**200]))


@given(
    st.lists(LENGTHS, max_size=4), st.lists(LENGTHS, max_size=4), LENGTHS, LENGTHS, st.sampled_from(["Float", "Half", "Double"])
)
def test_tensors_of_any_form(tmp_path_factory, shape, stride, offset, numel, kind):
    """A tensor comes only where it lies in its storage, and then it is the one that NumPy finds there."""
    path = tmp_path_factory.getbasetemp() / "tensor.pth"
    made = tensor(storage("0", kind, numel), shape, stride, offset)
    raw = np.arange(24, dtype={"Float": "f4", "Half": "f2", "Double": "f8"}[kind])
    path.write_bytes(zipped({"a": made}, {"0": raw.tobytes()}))
    found = outcome(path)
    if found is not None:
        assert numel == 24 and found["a"].shape == tuple(shape)
        for place in np.ndindex(*shape[:4]):
            assert found["a"][place] == raw[offset + sum(i * step for i, step in zip(place, stride, strict=True))]


def test_memory_that_a_small_file_claims(tmp_path):
    """Whatever is said of lengths, reading takes no more than some megabytes."""
    path, stored = tmp_path / "w.pth", storage("0", "Float", 24)
    zeros = bytes(2**27)
    bomb = zipped({"a": tensor(storage("0", "Float", 2**25), (2**25,))}, {"0": zeros}, compression=zipfile.ZIP_DEFLATED)
    lying = bomb.replace((2**27).to_bytes(4, "little"), (96).to_bytes(4, "little"))
    raw = {"0": bytes(96)}
    contents = [
        bomb,
        lying,
        zipped({"a": tensor(stored, (2**60,), (0,))}, raw),
        zipped({"a": tensor(storage("0", "Float", 2**60), (2**60,))}, raw),
        legacy({"a": tensor(storage("0", "Float", 2**60), (2**60,))}, raw),
        legacy(Raw(b"\x8e" + (2**60).to_bytes(8, "little")), {}),
        legacy(Raw(b"X\xff\xff\xff\x7f"), {}),
        zipped(Call("torch._utils _rebuild_tensor_v2", Stored("storage"), 0, (2**60,), (1,)), raw),
        dumps(2**100_000),
        (2**60).to_bytes(8, "little")
        + b'{"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4611686018427387904]}}',
    ]
    del zeros
    for content in contents:
        path.write_bytes(content)
        tracemalloc.start()
        try:
            assert outcome(path) is None
            assert tracemalloc.get_traced_memory()[1] < 8e6 + 10 * len(content)
        finally:
            tracemalloc.stop()
