"""MindSpore's .ckpt: read without it, and refused where it is damaged. The files are written here, by the format's source."""

import random
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

import minimix as mm
from minimix import models
from minimix.weights.reading import ReadError, read

sys.path.insert(0, str(Path(__file__).parents[1]))

ARRAYS = {
    "conv.weight": np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype("f4"),
    "bn.moving_variance": np.float32([1e-45, 1, 2, 3]),
    "half": np.float16([[1, 2]]),
    "step": np.array(7, np.int64),
    "none": np.zeros((0, 3), "f4"),
    "yes": np.array([True, False]),
}
KINDS = {"f4": "Float32", "f2": "Float16", "i8": "Int64", "b1": "Bool", "f8": "Float64", "u1": "UInt8"}


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def parameter(name, shape, kind, data):
    axes = b"".join(field(1, length) for length in shape or (0,))
    return field(1, field(1, name.encode()) + field(2, axes + field(2, kind.encode()) + field(3, data)))


def checkpoint(arrays, pieces=1, checksum=False):
    parts = []
    for name, array in arrays.items():
        for piece in np.array_split(array.reshape(-1), pieces) if array.size else [array]:
            parts.append(parameter(name, array.shape, KINDS[array.dtype.str[1:]], piece.tobytes()))
    content = b"".join(parts)
    return content + b"crc_num" + zlib.crc32(content).to_bytes(10, "big") if checksum else content


@pytest.mark.parametrize("options", [{}, {"pieces": 3}, {"checksum": True}])
def test_what_is_in_it(tmp_path, options):
    (tmp_path / "net.ckpt").write_bytes(checkpoint(ARRAYS, **options))
    found = read(tmp_path / "net.ckpt")
    assert found.format == "MindSpore" and list(found.entries) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found.entries[name], array, strict=True)


def test_other_ways_to_write_it(tmp_path):
    """Lengths of axes in one field; bfloat16, which NumPy does not have."""
    tensor = field(1, varint(2) + varint(1)) + field(2, b"BFloat16") + field(3, np.uint16([0x3F80, 0xC020]).tobytes())
    (tmp_path / "net.ckpt").write_bytes(field(1, field(1, b"a.weight") + field(2, tensor)))
    np.testing.assert_array_equal(read(tmp_path / "net.ckpt").entries["a.weight"], np.float32([[1], [-2.5]]), strict=True)


@pytest.mark.parametrize(
    "content, message",
    [
        (checkpoint(ARRAYS)[:-1], r"is no whole checkpoint of MindSpore \(.*\): truncated or damaged"),
        (checkpoint(ARRAYS, checksum=True)[:-1] + b"\0", "does not have its checksum: damaged"),
        (parameter("a", (2,), "Float32", bytes(4)), r"a has 4 bytes, not those of Float32 \(2,\): truncated"),
        (parameter("a", (2**60, 2**60), "Float32", bytes(4)), "a has 4 bytes"),
        (parameter("a", (2**63,), "Float32", b""), "a has a shape that no array has"),
        (parameter("a", (1,) * 100, "Float32", bytes(4)), "a has a shape that no array has"),
        (parameter("a", (2,), "Int4", bytes(1)), "a is Int4, expected one of Float64"),
        (parameter("a", (1,), "Float32", bytes(4)) + parameter("a", (1,), "Int32", bytes(4)), "a is twice in it"),
        (parameter("a", (1,), "Float32", bytes(4)) + field(1, field(1, b"b") + field(3, b"")), "something else than arrays: b"),
        (parameter("a", (1,), "Float32", bytes(4)) + field(7, b""), "is no whole checkpoint of MindSpore"),
        (parameter("a", (1,), "Float32", bytes(4)) + field(1, b""), "is no whole checkpoint of MindSpore"),
        (parameter("a", (1,), "Float32", bytes(4)) + b"\x0a" + b"\xff" * 12, "is no whole checkpoint of MindSpore"),
    ],
)
def test_what_is_damaged(tmp_path, content, message):
    path = tmp_path / "net.ckpt"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=rf"net\.ckpt:? .*{message}") as refusal:
        read(path)
    assert "\n" not in str(refusal.value)


def test_damage_anywhere(tmp_path):
    """Without a checksum a number may be another, but nothing else happens; with one it is seen."""
    path, chance = tmp_path / "net.ckpt", random.Random(0)
    for checksum in (False, True):
        content = checkpoint(ARRAYS, checksum=checksum)
        for _ in range(300):
            changed = bytearray(content)
            if chance.random() < 0.3:
                del changed[chance.randrange(len(content)) :]
            else:
                changed[chance.randrange(len(content))] = chance.randrange(256)
            path.write_bytes(changed)
            try:
                found = read(path).entries
            except ReadError as error:
                assert str(error).startswith(str(path)) and len(str(error)) < len(str(path)) + 700
            else:
                if checksum and len(changed) == len(content) and b"crc_num" in changed:
                    assert bytes(changed) == content
                assert sum(array.nbytes for array in found.values()) <= len(content) * 2


def test_mindcvs_checkpoint_as_it_is(tmp_path):
    from written import small, written

    beside = {"moments.features.0.weight": np.ones((8, 3, 3, 3), "f4"), "learning_rate": np.array(0.1, "f4")}
    entries = written("mindcv", small())
    (tmp_path / "mobilenet.ckpt").write_bytes(checkpoint(entries | beside, checksum=True))
    net = mm.load_weights(small(), tmp_path / "mobilenet.ckpt")
    np.testing.assert_array_equal(net.bn1.running_mean, entries["features.1.moving_mean"])
    with pytest.raises(ValueError, match="which has no parts such as ema"):
        mm.load_weights(small(), tmp_path / "mobilenet.ckpt", take="ema")
    with pytest.raises(RuntimeError, match="missing features.0.weight"):  # cut between two parameters, which MindSpore reads
        (tmp_path / "cut.ckpt").write_bytes(checkpoint(dict(list(entries.items())[1:])))
        mm.load_weights(models.create("mobilenetv2_035", num_classes=3), tmp_path / "cut.ckpt", names="mindcv")
